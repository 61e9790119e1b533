/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which addresses are tried: the examples of RFC 6724, section 10.2, and
 * one row for each rule. */
#include "net/address.h"
#include "net/address_order.h"
#include "support/test.h"

#include "microkernel/error.h"

#include <string.h>

typedef struct {
    const char *first; /* "destination<source"; no source: there is no way */
    const char *second;
    bool is_kept; /* the first stays in front; else the second comes before it */
} row_t;

static void read_pair(const char *text, port_address_t *to, port_address_t *from) {
    size_t size = strcspn(text, "<");
    memset(from, 0, sizeof *from);
    CHECK_EQ(address_parse(text_make(text, size), 0, to), MK_OK);
    if (text[size] == '\0') return;
    CHECK_EQ(address_parse(text_of(text + size + 1), 0, from), MK_OK);
}

static const row_t rows[] = {
    /* 1: there is a way */
    {"2001:db8:1::1", "198.51.100.121<198.51.100.117", false},
    {"198.51.100.121<198.51.100.117", "2001:db8:1::1", true},
    {"2001:db8:1::1", "2001:db8:2::1", true},
    /* 2: the scope of both is the same (10.2, the first two) */
    {"2001:db8:1::1<2001:db8:1::2", "198.51.100.121<169.254.13.78", true},
    {"2001:db8:1::1<fe80::1", "198.51.100.121<198.51.100.117", false},
    /* 5: so is the label */
    {"2002:c633:6401::1<2001:db8::2", "2001:db8:1::1<2001:db8::2", false},
    /* 6: precedence */
    {"10.1.2.3<10.1.2.4", "2001:db8:1::1<2001:db8:1::2", false},
    {"2002:c633:6401::1<2002:c633:6401::2", "2001:db8:1::1<2001:db8:1::2", false},
    {"fd00::1<fd00::2", "2001:db8:1::1<2001:db8:1::2", false},
    {"::1<::1", "127.0.0.1<127.0.0.1", true},
    /* 8: the smaller scope */
    {"2001:db8:1::1<2001:db8:1::2", "fe80::1<fe80::2", false},
    /* 9: the longer common prefix, within IPv6 and 64 bits */
    {"2001:db8:3ffe::1<2001:db8:1::2", "2001:db8:1::1<2001:db8:1::2", false},
    {"2001:db8:1::9:1<2001:db8:1::2", "2001:db8:1::1<2001:db8:1::2", true},
    {"198.51.100.121<10.0.0.1", "10.0.0.2<10.0.0.1", true},
    /* 10: as they came */
    {"2001:db8:1::1<2001:db8:1::2", "2001:db8:1::2<2001:db8:1::2", true},
};

TEST(address_order_rows) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        port_address_t to[2], from[2], first;
        read_pair(rows[i].first, &to[0], &from[0]);
        read_pair(rows[i].second, &to[1], &from[1]);
        first = to[0];
        address_sort(to, from, 2);
        if (address_equals(&to[0], &first) != rows[i].is_kept)
            CHECK_STR(rows[i].first, rows[i].second);
    }
}

/* However they come, the best is first and equals keep their order. */
TEST(address_order_of_many) {
    static const char *const sorted[] = {"::1<::1",
                                         "2001:db8:1::1<2001:db8:1::9",
                                         "2001:db8:1::2<2001:db8:1::9",
                                         "2001:db8:7::1<2001:db8:1::9",
                                         "192.0.2.1<192.0.2.9",
                                         "2001:db8:9::1"};
    enum { LEN = sizeof sorted / sizeof sorted[0] };
    for (size_t turn = 0; turn < LEN; turn++) {
        port_address_t to[LEN], from[LEN], want[LEN], none;
        for (size_t i = 0; i < LEN; i++) {
            read_pair(sorted[LEN - 1 - i], &to[i], &from[i]);
            read_pair(sorted[i], &want[i], &none);
        }
        for (size_t i = 0; i < turn; i++) { /* turn the whole list */
            port_address_t last_to = to[LEN - 1], last_from = from[LEN - 1];
            memmove(to + 1, to, (LEN - 1) * sizeof to[0]);
            memmove(from + 1, from, (LEN - 1) * sizeof from[0]);
            to[0] = last_to;
            from[0] = last_from;
        }
        address_sort(to, from, LEN);
        for (size_t i = 0; i < LEN; i++) {
            bool is_one_of_two = i == 1 || i == 2;
            CHECK(address_equals(&to[i], &want[i]) ||
                  (is_one_of_two && address_equals(&to[i], &want[3 - i])));
        }
    }
}

TEST_TABLE(address_order, TEST_ROW(address_order_rows), TEST_ROW(address_order_of_many))
