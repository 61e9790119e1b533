/* SPDX-License-Identifier: Apache-2.0 */
/* sha1.c - SHA-1 after FIPS 180-4, section 6.1.3: the variant that keeps the last
 * sixteen words of the schedule in a ring, 64 bytes of stack instead of 320. */
#include "base/sha1.h"

#include <string.h>

static uint32_t rotate_left(uint32_t x, unsigned bits) {
    return x << bits | x >> (32 - bits);
}

static uint32_t read_u32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

static void write_u32(uint32_t value, uint8_t *bytes) {
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* f and K of a round, sections 4.1.1 and 4.2.1. */
static uint32_t round_term(unsigned round, uint32_t b, uint32_t c, uint32_t d) {
    if (round < 20) return ((b & c) ^ (~b & d)) + 0x5A827999u;
    if (round < 40) return (b ^ c ^ d) + 0x6ED9EBA1u;
    if (round < 60) return ((b & c) ^ (b & d) ^ (c & d)) + 0x8F1BBCDCu;
    return (b ^ c ^ d) + 0xCA62C1D6u;
}

static void work_in(uint32_t words[5], const uint8_t block[SHA1_BLOCK_SIZE]) {
    uint32_t ring[16];
    uint32_t a = words[0];
    uint32_t b = words[1];
    uint32_t c = words[2];
    uint32_t d = words[3];
    uint32_t e = words[4];
    for (unsigned i = 0; i < 16; i++)
        ring[i] = read_u32(block + 4 * (size_t)i);
    for (unsigned round = 0; round < 80; round++) {
        unsigned s = round & 15u;
        if (round >= 16)
            ring[s] = rotate_left(ring[(s + 13) & 15u] ^ ring[(s + 8) & 15u] ^
                                      ring[(s + 2) & 15u] ^ ring[s],
                                  1);
        uint32_t next = rotate_left(a, 5) + round_term(round, b, c, d) + e + ring[s];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    words[0] += a;
    words[1] += b;
    words[2] += c;
    words[3] += d;
    words[4] += e;
}

void sha1_init(sha1_t *sha1) {
    *sha1 = (sha1_t){
        .words = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u}};
}

void sha1_add(sha1_t *sha1, const void *bytes, size_t size) {
    const uint8_t *from = bytes;
    while (size > 0) {
        size_t used = (size_t)(sha1->size % SHA1_BLOCK_SIZE);
        size_t part = SHA1_BLOCK_SIZE - used;
        if (part > size) part = size;
        memcpy(sha1->block + used, from, part);
        sha1->size += part;
        if (used + part == SHA1_BLOCK_SIZE) work_in(sha1->words, sha1->block);
        from += part;
        size -= part;
    }
}

void sha1_finish(sha1_t *sha1, uint8_t digest[SHA1_SIZE]) {
    static const uint8_t padding[SHA1_BLOCK_SIZE] = {0x80};
    uint8_t bits[8];
    write_u32((uint32_t)(sha1->size >> 29), bits);
    write_u32((uint32_t)(sha1->size << 3 & 0xFFFFFFFFu), bits + 4);
    /* One byte 80, then zeros until eight bytes are left for the number of bits. */
    size_t used = (size_t)(sha1->size % SHA1_BLOCK_SIZE);
    sha1_add(sha1, padding, used < 56 ? 56 - used : 120 - used);
    sha1_add(sha1, bits, sizeof bits);
    for (size_t i = 0; i < 5; i++)
        write_u32(sha1->words[i], digest + 4 * i);
}

void sha1_of(const void *bytes, size_t size, uint8_t digest[SHA1_SIZE]) {
    sha1_t sha1;
    sha1_init(&sha1);
    sha1_add(&sha1, bytes, size);
    sha1_finish(&sha1, digest);
}
