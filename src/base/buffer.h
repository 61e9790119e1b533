/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.h - bytes that grow at the end and are consumed at the front, with a ceiling.
 *
 * For what waits between two speeds: input not yet understood, output not yet taken.
 * Pointers into it are valid until the next call that changes it. */
#ifndef MK_BASE_BUFFER_H
#define MK_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *block; /* `cap` bytes; NULL when cap is 0 */
    size_t begin;   /* the first byte held; 0 when the buffer is empty */
    size_t size;    /* bytes held; begin + size <= cap */
    size_t cap;     /* bytes allocated, <= ceiling */
    size_t ceiling; /* most bytes ever held */
} buffer_t;

/* An empty buffer that never holds more than `ceiling` bytes; allocates nothing. */
void buffer_init(buffer_t *buffer, size_t ceiling);

/* Give back the memory; the buffer is then as after init. */
void buffer_deinit(buffer_t *buffer);

/* The bytes held; NULL is possible when there are none. */
static inline const uint8_t *buffer_bytes(const buffer_t *buffer) {
    return buffer->block != NULL ? buffer->block + buffer->begin : NULL;
}
static inline size_t buffer_size(const buffer_t *buffer) {
    return buffer->size;
}

/* Bytes that may still be added before the ceiling. */
static inline size_t buffer_room(const buffer_t *buffer) {
    return buffer->ceiling - buffer->size;
}

/* Make room for `size` more bytes and return where they go; call buffer_commit() with
 * how many of them were written. MK_OK and `*room`; MK_EFULL: over the ceiling;
 * MK_ENOMEM. After an error the buffer is as it was. */
int buffer_reserve(buffer_t *buffer, size_t size, uint8_t **room);

/* The first `size` bytes of the last reservation now belong to the contents. */
void buffer_commit(buffer_t *buffer, size_t size);

/* Add a copy of all the bytes or, with an error as above, none. */
int buffer_append(buffer_t *buffer, const void *bytes, size_t size);

/* Drop bytes at the front, at most buffer_size(). An empty buffer keeps its memory. */
void buffer_consume(buffer_t *buffer, size_t size);

/* Give back memory that the contents do not need; when there is none to move them to,
 * everything stays. */
void buffer_trim(buffer_t *buffer);

#endif
