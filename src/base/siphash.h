/* SPDX-License-Identifier: Apache-2.0 */
/* siphash.h - a hash with a key, for tables whose keys come from outside.
 *
 * SipHash-1-3 (Aumasson and Bernstein, 2012, with one and three rounds). Who does not
 * know the key cannot choose texts that collide; it is no signature. */
#ifndef MK_BASE_SIPHASH_H
#define MK_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t low;  /* the key's bytes 0..7, little-endian */
    uint64_t high; /* bytes 8..15 */
} siphash_key_t;

/* A key from a seed of 64 bits; different seeds give unrelated keys. */
siphash_key_t siphash_key(uint64_t seed);

/* The same on machines of either byte order. */
uint64_t siphash(siphash_key_t key, const void *bytes, size_t size);

#endif
