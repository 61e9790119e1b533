/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.c - one block, contents somewhere inside it.
 *
 * Consuming moves `begin` and copies nothing; only a reservation that finds too little
 * room behind the contents moves them to the front, and doubles the block when they
 * fill more than half of it. So a byte is moved a constant number of times on average.
 * A ring was rejected: parsers and write() want the contents in one piece. */
#include "base/buffer.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"

#include <stdbool.h>
#include <string.h>

enum { MIN_CAP = 64 }; /* bytes of the first block; smaller ones cost as much */

void buffer_init(buffer_t *buffer, size_t ceiling) {
    *buffer = (buffer_t){.ceiling = ceiling};
}

void buffer_deinit(buffer_t *buffer) {
    mk_free(buffer->block);
    buffer_init(buffer, buffer->ceiling);
}

/* A block of `cap` bytes that holds the contents at its front. */
static int move_to_block(buffer_t *buffer, size_t cap) {
    uint8_t *block = mk_alloc(cap);
    if (block == NULL) return MK_ENOMEM;
    if (buffer->size > 0) memcpy(block, buffer->block + buffer->begin, buffer->size);
    mk_free(buffer->block);
    buffer->block = block;
    buffer->begin = 0;
    buffer->cap = cap;
    return MK_OK;
}

/* Twice the block, at least what is needed, at most the ceiling. */
static size_t larger_cap(const buffer_t *buffer, size_t needed) {
    size_t cap = buffer->cap <= SIZE_MAX / 2 ? 2 * buffer->cap : SIZE_MAX;
    if (cap < MIN_CAP) cap = MIN_CAP;
    if (cap < needed) cap = needed;
    return cap < buffer->ceiling ? cap : buffer->ceiling;
}

static int make_room(buffer_t *buffer, size_t needed) {
    bool is_enough = needed <= buffer->cap;
    bool is_sparse = buffer->size <= buffer->cap / 2 || buffer->cap == buffer->ceiling;
    if (!is_enough || !is_sparse) {
        int result = move_to_block(buffer, larger_cap(buffer, needed));
        if (result == MK_OK || !is_enough) return result;
    }
    if (buffer->size > 0)
        memmove(buffer->block, buffer->block + buffer->begin, buffer->size);
    buffer->begin = 0;
    return MK_OK;
}

int buffer_reserve(buffer_t *buffer, size_t size, uint8_t **room) {
    if (size > buffer_room(buffer)) return MK_EFULL;
    size_t needed = buffer->size + size;
    if (needed > buffer->cap - buffer->begin) {
        int result = make_room(buffer, needed);
        if (result < 0) return result;
    }
    *room = buffer->block != NULL ? buffer->block + buffer->begin + buffer->size : NULL;
    return MK_OK;
}

void buffer_commit(buffer_t *buffer, size_t size) {
    MK_ASSERT(size <= buffer->cap - buffer->begin - buffer->size);
    buffer->size += size;
}

int buffer_append(buffer_t *buffer, const void *bytes, size_t size) {
    uint8_t *room;
    int result = buffer_reserve(buffer, size, &room);
    if (result < 0 || size == 0) return result;
    MK_ASSERT(room != NULL); /* with size > 0 there is a block */
    memcpy(room, bytes, size);
    buffer_commit(buffer, size);
    return MK_OK;
}

void buffer_consume(buffer_t *buffer, size_t size) {
    if (size > buffer->size) size = buffer->size;
    buffer->size -= size;
    buffer->begin = buffer->size > 0 ? buffer->begin + size : 0;
}

void buffer_trim(buffer_t *buffer) {
    if (buffer->size == 0) {
        buffer_deinit(buffer);
    } else if (buffer->size < buffer->cap) {
        (void)move_to_block(buffer, buffer->size); /* without memory it stays */
    }
}
