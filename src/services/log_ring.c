/* SPDX-License-Identifier: Apache-2.0 */
/* log_ring.c - each record is its size (4 bytes, this machine's order) and its bytes;
 * both may run over the end of the memory and go on at its beginning. */
#include "services/log_ring.h"

#include "base/check.h"

#include <string.h>

void log_ring_init(log_ring_t *ring, void *bytes, size_t cap) {
    *ring = (log_ring_t){bytes, cap, 0, 0};
}

static void append(log_ring_t *ring, const void *bytes, size_t size) {
    size_t at = (ring->start + ring->used) % ring->cap;
    size_t first = ring->cap - at < size ? ring->cap - at : size;
    if (first > 0) memcpy(ring->bytes + at, bytes, first);
    if (size > first)
        memcpy(ring->bytes, (const unsigned char *)bytes + first, size - first);
    ring->used += size;
}

static void remove_first(log_ring_t *ring, void *bytes, size_t size) {
    size_t first = ring->cap - ring->start < size ? ring->cap - ring->start : size;
    if (first > 0) memcpy(bytes, ring->bytes + ring->start, first);
    if (size > first) memcpy((unsigned char *)bytes + first, ring->bytes, size - first);
    ring->start = (ring->start + size) % ring->cap;
    ring->used -= size;
}

bool log_ring_put(log_ring_t *ring, const log_piece_t *pieces, size_t count) {
    uint32_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += (uint32_t)pieces[i].size;
    if (sizeof size + size > ring->cap - ring->used) return false;
    append(ring, &size, sizeof size);
    for (size_t i = 0; i < count; i++)
        append(ring, pieces[i].bytes, pieces[i].size);
    return true;
}

size_t log_ring_take(log_ring_t *ring, void *bytes, size_t cap) {
    uint32_t size = 0;
    if (ring->used == 0) return 0;
    remove_first(ring, &size, sizeof size);
    MK_ASSERT(size <= cap);
    (void)cap;
    remove_first(ring, bytes, size);
    return size;
}
