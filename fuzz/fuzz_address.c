/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_address.c - any bytes as an address: what is taken is written back and read
 * again as the same, in one form; and any sixteen bytes written are read as what they
 * are. */
#include "microkernel/error.h"
#include "net/address.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

/* Written, read, and written again. */
static void go_round(const port_address_t *address) {
    char text[ADDRESS_TEXT_MAX], again[ADDRESS_TEXT_MAX];
    port_address_t read;
    (void)address_format_host(address, text, sizeof text);
    REQUIRE(strlen(text) < sizeof text - 1);
    REQUIRE(address_parse(text_of(text), address->port, &read) == MK_OK);
    REQUIRE(address_equals(&read, address));
    REQUIRE(strcmp(address_format_host(&read, again, sizeof again), text) == 0);
    for (size_t cap = 1; cap <= sizeof text; cap += 7) { /* cut, and ended by a NUL */
        memset(again, 'x', sizeof again);
        (void)address_format(address, again, cap);
        REQUIRE(strlen(again) < cap);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    port_address_t address;
    char *text = malloc(size + 1); /* of its own, so that a byte too far is seen */
    REQUIRE(text != NULL);
    if (size > 0) memcpy(text, data, size);
    memset(&address, 0, sizeof address);
    if (address_parse(text_make(text, size), 443, &address) == MK_OK) {
        REQUIRE(address.family == PORT_FAMILY_INET ||
                address.family == PORT_FAMILY_INET6);
        REQUIRE(address.port == 443);
        go_round(&address);
    }
    free(text);
    if (size < sizeof address.bytes) return 0;
    memset(&address, 0, sizeof address);
    address.family = size % 2 == 0 ? PORT_FAMILY_INET6 : PORT_FAMILY_INET;
    address.port = 80;
    memcpy(address.bytes, data,
           address.family == PORT_FAMILY_INET6 ? sizeof address.bytes : 4);
    go_round(&address);
    return 0;
}
