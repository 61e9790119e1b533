/* SPDX-License-Identifier: Apache-2.0 */
/* siphash.c - SipHash-1-3 after the paper "SipHash: a fast short-input PRF".
 *
 * FNV-1a with a seed as its start value was rejected for tables: it mixes a byte in by
 * XOR with the lowest byte of the state only, so whether two texts collide depends on
 * no more than eight bits of the seed, and one guess in 256 floods a table. */
#include "base/siphash.h"

#include "base/prng.h"

typedef struct {
    uint64_t v0, v1, v2, v3; /* the four words of the paper */
} state_t;

static uint64_t rotate_left(uint64_t x, unsigned bits) {
    return x << bits | x >> (64 - bits);
}

static void mix(state_t *s) {
    s->v0 += s->v1;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v2 = rotate_left(s->v2, 32);
}

static void absorb(state_t *s, uint64_t word) {
    s->v3 ^= word;
    mix(s);
    s->v0 ^= word;
}

/* Up to eight bytes as a little-endian number. */
static uint64_t read_word(const uint8_t *bytes, size_t size) {
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

siphash_key_t siphash_key(uint64_t seed) {
    prng_t source;
    prng_init(&source, seed);
    siphash_key_t key;
    key.low = prng_next(&source);
    key.high = prng_next(&source);
    return key;
}

uint64_t siphash(siphash_key_t key, const void *bytes, size_t size) {
    /* The constants are the paper's: "somepseudorandomlygeneratedbytes". */
    state_t s = {key.low ^ 0x736f6d6570736575u, key.high ^ 0x646f72616e646f6du,
                 key.low ^ 0x6c7967656e657261u, key.high ^ 0x7465646279746573u};
    const uint8_t *at = bytes;
    size_t left = size;
    for (; left >= 8; left -= 8, at += 8)
        absorb(&s, read_word(at, 8));
    absorb(&s, (uint64_t)size << 56 | (left > 0 ? read_word(at, left) : 0));
    s.v2 ^= 0xFF;
    mix(&s);
    mix(&s);
    mix(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
