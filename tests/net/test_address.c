/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: what is one, what is none, and one text for each. */
#include "net/address.h"

#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

TEST(addresses_are_read_and_written) {
    static const struct {
        const char *text;
        const char *host; /* as it is written; NULL: the same */
        const char *with_port;
    } rows[] = {
        {"127.0.0.1", NULL, "127.0.0.1:80"},
        {"0.0.0.0", NULL, "0.0.0.0:80"},
        {"255.255.255.255", NULL, "255.255.255.255:80"},
        {"::", NULL, "[::]:80"},
        {"::1", NULL, "[::1]:80"},
        {"[::1]", "::1", "[::1]:80"},
        {"1::", NULL, "[1::]:80"},
        {"2001:DB8::8:800:200c:417A", "2001:db8::8:800:200c:417a",
         "[2001:db8::8:800:200c:417a]:80"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "[2001:db8::1:0:0:1]:80"},
        {"2001:db8:0:1:1:1:1:1", NULL, "[2001:db8:0:1:1:1:1:1]:80"},
        {"0:0:0:0:0:0:0:0", "::", "[::]:80"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", "[1:2:3:4:5:6:7:0]:80"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", "[0:2:3:4:5:6:7:8]:80"},
        {"::ffff:10.1.2.3", "::ffff:a01:203", "[::ffff:a01:203]:80"},
        {"1:2:3:4:5:6:10.1.2.3", "1:2:3:4:5:6:a01:203", "[1:2:3:4:5:6:a01:203]:80"},
        {"fe80::1%7", NULL, "[fe80::1%7]:80"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295", NULL,
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:80"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        port_address_t address;
        char text[ADDRESS_TEXT_MAX];
        CHECK_EQ(address_parse(text_of(rows[i].text), 80, &address), MK_OK);
        CHECK_STR(address_format_host(&address, text, sizeof text),
                  rows[i].host != NULL ? rows[i].host : rows[i].text);
        port_address_t again;
        CHECK_EQ(address_parse(text_of(text), 80, &again), MK_OK);
        CHECK(address_equals(&address, &again));
        CHECK_STR(address_format(&address, text, sizeof text), rows[i].with_port);
    }
}

TEST(everything_else_is_refused) {
    static const char *const texts[] = {"",
                                        "localhost",
                                        "127.1",
                                        "127.0.0.01",
                                        "127.0.0.256",
                                        "127.0.0.1.",
                                        ".127.0.0.1",
                                        "127.0.0.1.1",
                                        "127.0.0.",
                                        "0x7f.0.0.1",
                                        "+1.0.0.1",
                                        " 1.0.0.1",
                                        "[127.0.0.1]",
                                        "[",
                                        "[]",
                                        "]",
                                        ":",
                                        ":::",
                                        "1",
                                        "1:2:3:4:5:6:7",
                                        "1:2:3:4:5:6:7:8:9",
                                        "1::2::3",
                                        "1:2:3:4::5:6:7:8",
                                        "12345::",
                                        "::g",
                                        "1:",
                                        ":1",
                                        "1.2.3.4::",
                                        "::1.2.3.4:5",
                                        "::1.2.3",
                                        "::1.2.3.256",
                                        "1:2:3:4:5:6:7:1.2.3.4",
                                        "fe80::1%",
                                        "fe80::1%eth0",
                                        "fe80::1%0",
                                        "fe80::1%4294967296",
                                        "[fe80::1",
                                        "::1]"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        port_address_t address = address_loopback(7);
        port_address_t before = address;
        CHECK_EQ(address_parse(text_of(texts[i]), 80, &address), MK_EINVAL);
        CHECK(address_equals(&address, &before));
    }
}

TEST(no_address_is_a_question_mark_and_a_short_buffer_is_filled) {
    port_address_t nowhere;
    port_address_t loopback = address_loopback6(65535);
    char text[ADDRESS_TEXT_MAX];
    memset(&nowhere, 0, sizeof nowhere);
    CHECK_STR(address_format(&nowhere, text, sizeof text), "?");
    CHECK_STR(address_format(&loopback, text, 6), "[::1]");
    CHECK_STR(address_format(&loopback, text, 1), "");
}

TEST(loopback_is_known) {
    port_address_t address = address_loopback(1);
    CHECK(address_is_loopback(&address));
    address.bytes[3] = 9;
    CHECK(address_is_loopback(&address));
    address.bytes[0] = 10;
    CHECK(!address_is_loopback(&address));
    address = address_loopback6(1);
    CHECK(address_is_loopback(&address));
    address = address_any(1);
    CHECK(!address_is_loopback(&address));
    address.family = PORT_FAMILY_NONE;
    CHECK(!address_is_loopback(&address));
}

TEST_TABLE(address, TEST_ROW(addresses_are_read_and_written),
           TEST_ROW(everything_else_is_refused),
           TEST_ROW(no_address_is_a_question_mark_and_a_short_buffer_is_filled),
           TEST_ROW(loopback_is_known))
