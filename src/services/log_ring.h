/* SPDX-License-Identifier: Apache-2.0 */
/* log_ring.h - records of any size in a ring of bytes, first in first out. Pure. */
#ifndef MK_SERVICES_LOG_RING_H
#define MK_SERVICES_LOG_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    unsigned char *bytes; /* the caller's */
    size_t cap;           /* bytes there are; below 2^32 */
    size_t start;         /* offset of the oldest record */
    size_t used;          /* bytes of all records with their sizes */
} log_ring_t;

/* One stretch of a record. */
typedef struct {
    const void *bytes;
    size_t size;
} log_piece_t;

/* Make an empty ring of the caller's memory. */
void log_ring_init(log_ring_t *ring, void *bytes, size_t cap);

/* Append a record made of `count` pieces. False: there is no room; nothing is changed.
 */
bool log_ring_put(log_ring_t *ring, const log_piece_t *pieces, size_t count);

/* Take the oldest record out into bytes[0..cap), which must be large enough for any
 * record that was put. Returns its size, or 0 when the ring is empty. */
size_t log_ring_take(log_ring_t *ring, void *bytes, size_t cap);

#endif
