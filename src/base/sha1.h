/* SPDX-License-Identifier: Apache-2.0 */
/* sha1.h - SHA-1 (FIPS 180-4), for node names and handshakes that prescribe it.
 *
 * It is broken as a proof that nobody forged a text; never use it for that. */
#ifndef MK_BASE_SHA1_H
#define MK_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum {
    SHA1_SIZE = 20,       /* bytes of a digest */
    SHA1_BLOCK_SIZE = 64, /* bytes taken in at a time */
};

typedef struct {
    uint32_t words[5];              /* the digest so far */
    uint64_t size;                  /* bytes taken, modulo 2^61 */
    uint8_t block[SHA1_BLOCK_SIZE]; /* the last size % 64 bytes, not yet worked in */
} sha1_t;

void sha1_init(sha1_t *sha1);
void sha1_add(sha1_t *sha1, const void *bytes, size_t size);

/* Write the digest; `sha1` has to be initialised again before its next use. */
void sha1_finish(sha1_t *sha1, uint8_t digest[SHA1_SIZE]);

/* The three in one. */
void sha1_of(const void *bytes, size_t size, uint8_t digest[SHA1_SIZE]);

#endif
