/* SPDX-License-Identifier: Apache-2.0 */
/* ring.c - the rare cases of the ring: it is full, a message is large, a side leaves.
 *
 * Why it is right, in the orders of C11. (1) Records: written by the putter, then
 * `shown` is stored with release (and more); the taker reads them after an acquire of
 * `shown`. (2) Room: the taker reads records, then `freed` is stored with release; the
 * putter overwrites them after an acquire of `freed`. (3) The cached copies shown_seen
 * and freed_seen are only ever behind, which is on the safe side. (4) `gone` is changed
 * by sequentially consistent read-modify-writes: the second to leave sees all that the
 * first has done, and is alone. (5) No sleeper is missed: see bell.h for the taker, and
 * ring_has_room for the putter. */
#include "ipc/ring.h"

#include "base/alloc.h"
#include "microkernel/error.h"

/* A large message on its way; its payload follows. Made by the putter, ended by the
 * taker. */
typedef struct ring_side {
    uint64_t size; /* of the payload; 64 bits keep the payload aligned */
} ring_side_t;

ring_t *ring_create(uint32_t bytes, uint32_t side_bytes) {
    void *block = mk_alloc(line_block_size(sizeof(ring_t) + bytes));
    if (block == NULL) return NULL;
    ring_t *ring = line_align(block);
    memset(ring, 0, sizeof *ring);
    ring->block = block;
    ring->data = (uint8_t *)(ring + 1);
    ring->bytes = bytes;
    ring->side_bytes = side_bytes;
    atomic_init(&ring->shown, 0);
    atomic_init(&ring->wants_room, false);
    atomic_init(&ring->freed, 0);
    atomic_init(&ring->side_freed, 0);
    atomic_init(&ring->gone, 0);
    return ring;
}

void ring_destroy(ring_t *ring) {
    if (ring == NULL) return;
    wire_message_t message;
    while (ring_look(ring))
        while (ring_take(ring, &message)) {
        }
    mk_free(ring->block);
}

/* --- the putter --- */

static uint32_t side_under_way(ring_t *ring) {
    return ring->side_put -
           atomic_load_explicit(&ring->side_freed, memory_order_acquire);
}

static int put_side(ring_t *ring, const wire_message_t *message) {
    if (message->payload_size >= RING_SIZE_MAX) return MK_ETOOBIG;
    uint32_t size = (uint32_t)message->payload_size;
    uint32_t under_way = side_under_way(ring);
    if (under_way != 0 &&
        (size > ring->side_bytes || under_way > ring->side_bytes - size))
        return MK_EFULL;
    ring_side_t *side = mk_alloc(sizeof *side + size);
    if (side == NULL) return MK_ENOMEM;
    uint8_t *place = ring__reserve(ring, ring__record_size(sizeof(void *)));
    if (place == NULL) {
        mk_free(side);
        return MK_EFULL;
    }
    side->size = size;
    memcpy(side + 1, message->payload, size);
    ring_record_t record = {RING_IS_SIDE, message->type, message->source,
                            message->dest};
    memcpy(place, &record, sizeof record);
    memcpy(place + sizeof record, &side, sizeof side);
    ring->side_put += size;
    return MK_OK;
}

/* Whether the taker has given room back since it was last asked. */
static bool learn_room(ring_t *ring, memory_order order) {
    uint32_t freed = atomic_load_explicit(&ring->freed, order);
    if (freed == ring->freed_seen) return false;
    ring->freed_seen = freed;
    return true;
}

static int put_or_refuse(ring_t *ring, const wire_message_t *message) {
    if (message->payload_size > ring->bytes / RING_SIDE_PART)
        return put_side(ring, message);
    uint32_t in_ring = ring__record_size((uint32_t)message->payload_size);
    uint32_t to_end = ring->bytes - (ring->tail & (ring->bytes - 1));
    uint32_t room = ring->bytes - (ring->tail - ring->freed_seen);
    if (room < (in_ring <= to_end ? in_ring : to_end + in_ring)) return MK_EFULL;
    return ring_put(ring, message);
}

int ring__put_slowly(ring_t *ring, const wire_message_t *message) {
    (void)learn_room(ring, memory_order_acquire);
    return put_or_refuse(ring, message);
}

static bool is_half_free(ring_t *ring) {
    (void)learn_room(ring, memory_order_seq_cst);
    return ring->tail - ring->freed_seen <= ring->bytes / 2 &&
           side_under_way(ring) <= ring->side_bytes / 2;
}

bool ring_has_room(ring_t *ring) {
    if (is_half_free(ring)) return true;
    atomic_store_explicit(&ring->wants_room, true, memory_order_seq_cst);
    if (!is_half_free(ring)) return false;
    atomic_store_explicit(&ring->wants_room, false, memory_order_relaxed);
    return true;
}

/* --- the taker --- */

void ring__take_side(ring_t *ring, wire_message_t *message, const void *behind) {
    memcpy(&ring->side, behind, sizeof ring->side);
    message->payload = ring->side + 1;
    message->payload_size = (size_t)ring->side->size;
}

void ring__end_side(ring_t *ring) {
    ring->side_taken += (uint32_t)ring->side->size;
    mk_free(ring->side);
    ring->side = NULL;
    atomic_store_explicit(&ring->side_freed, ring->side_taken, memory_order_release);
}

/* --- the end --- */

bool ring_leave(ring_t *ring, unsigned side) {
    if (side == RING_PUTTER_GONE) {
        ring_show(ring);
    } else {
        (void)ring_give(ring);
    }
    return atomic_fetch_or_explicit(&ring->gone, side, memory_order_seq_cst) != 0;
}
