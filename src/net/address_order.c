/* SPDX-License-Identifier: Apache-2.0 */
/* address_order.c - the rules as a key that is compared from the front: numbers that
 * are smaller for what is better. The longest common prefix (rule 9) counts for IPv6
 * only, as far as a network goes: 64 bits. */
#include "net/address_order.h"

#include "base/check.h"

#include <string.h>

enum { LINK_LOCAL = 2, SITE_LOCAL = 5, GLOBAL = 14, NETWORK_BITS = 64 };

typedef struct {
    uint8_t prefix[16];
    uint8_t bits;
    uint8_t precedence;
    uint8_t label;
} policy_t;

/* The table of RFC 6724, section 2.1, the longest prefix first. */
static const policy_t policies[] = {
    {{[15] = 1}, 128, 50, 0},         /* ::1 */
    {{[10] = 0xFF, 0xFF}, 96, 35, 4}, /* ::ffff:0:0, IPv4 */
    {{0}, 96, 1, 3},                  /* :: */
    {{0x20, 0x01}, 32, 5, 5},         /* Teredo */
    {{0x20, 0x02}, 16, 30, 2},        /* 6to4 */
    {{0x3F, 0xFE}, 16, 1, 12},        /* 6bone */
    {{0xFE, 0xC0}, 10, 1, 11},        /* site local */
    {{0xFC, 0x00}, 7, 3, 13},         /* unique local */
    {{0}, 0, 40, 1},                  /* the rest */
};

/* Sixteen bytes, those of IPv4 mapped. */
static void spread(const port_address_t *address, uint8_t bytes[16]) {
    static const uint8_t mapped[12] = {[10] = 0xFF, 0xFF};
    if (address->family == PORT_FAMILY_INET6) {
        memcpy(bytes, address->bytes, 16);
        return;
    }
    memcpy(bytes, mapped, sizeof mapped);
    memcpy(bytes + sizeof mapped, address->bytes, 4);
}

static unsigned common_bits(const uint8_t *a, const uint8_t *b, unsigned most) {
    unsigned bits = 0;
    while (bits < most && ((a[bits / 8] ^ b[bits / 8]) >> (7 - bits % 8) & 1) == 0)
        bits++;
    return bits;
}

static const policy_t *policy_of(const uint8_t bytes[16]) {
    const policy_t *policy = policies;
    while (common_bits(bytes, policy->prefix, policy->bits) < policy->bits)
        policy++;
    return policy;
}

static unsigned scope_of(const port_address_t *address) {
    const uint8_t *bytes = address->bytes;
    if (address->family == PORT_FAMILY_INET)
        return bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254) ? LINK_LOCAL
                                                                       : GLOBAL;
    static const uint8_t loopback[16] = {[15] = 1};
    if (bytes[0] == 0xFF) return bytes[1] & 15u;
    if (memcmp(bytes, loopback, 16) == 0) return LINK_LOCAL;
    if (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80) return LINK_LOCAL;
    if (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0xC0) return SITE_LOCAL;
    return GLOBAL;
}

enum { RULES = 6 };

static void rank(const port_address_t *to, const port_address_t *from,
                 unsigned key[RULES]) {
    uint8_t to_bytes[16], from_bytes[16];
    memset(key, 0, RULES * sizeof *key);
    if (from->family == PORT_FAMILY_NONE) {
        key[0] = 1; /* 1: no way there */
        return;
    }
    spread(to, to_bytes);
    spread(from, from_bytes);
    const policy_t *policy = policy_of(to_bytes);
    key[1] = scope_of(to) != scope_of(from);                /* 2 */
    key[2] = policy->label != policy_of(from_bytes)->label; /* 5 */
    key[3] = 255u - policy->precedence;                     /* 6 */
    key[4] = scope_of(to);                                  /* 8 */
    if (to->family == PORT_FAMILY_INET6)
        key[5] = NETWORK_BITS - common_bits(to_bytes, from_bytes, NETWORK_BITS); /* 9 */
}

/* The first goes behind the second. */
static bool is_behind(const port_address_t *to, const port_address_t *from) {
    unsigned first[RULES], second[RULES];
    rank(&to[0], &from[0], first);
    rank(&to[1], &from[1], second);
    for (unsigned i = 0; i < RULES; i++) {
        /* Prefixes are compared within a family only. */
        if (i == RULES - 1 && to[0].family != to[1].family) return false;
        if (first[i] != second[i]) return first[i] > second[i];
    }
    return false;
}

static void swap(port_address_t *pair) {
    port_address_t first = pair[0];
    pair[0] = pair[1];
    pair[1] = first;
}

void address_sort(port_address_t *to, port_address_t *from, size_t len) {
    for (size_t end = len; end > 1; end--)
        for (size_t i = 0; i + 1 < end; i++)
            if (is_behind(to + i, from + i)) {
                swap(to + i);
                swap(from + i);
            }
}
