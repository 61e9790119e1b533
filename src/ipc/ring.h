/* SPDX-License-Identifier: Apache-2.0 */
/* ring.h - messages from one thread to one other, in memory that both see.
 *
 * One thread puts, one takes. What is put is seen by the taker when it is shown, which
 * covers all that was put before, so that many messages cost one synchronisation; what
 * is taken makes room when it is given back, likewise. Messages lie in the ring as they
 * are; one that is larger than MK_RING_BYTES / RING_SIDE_PART travels as a block of its
 * own beside it. Neither side ever waits; who wants to be woken uses bell.h. */
#ifndef MK_IPC_RING_H
#define MK_IPC_RING_H

#include "base/check.h"
#include "ipc/line.h"
#include "ipc/link.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <stdatomic.h>
#include <string.h>

enum {
    RING_SIDE_PART = 8, /* a message takes at most this part of the ring */
    RING_UNIT = 8       /* bytes; a record is a multiple of it */
};

/* How a message lies in the ring; its payload follows. `size` comes first because of a
 * mark that the rest of the ring up to its end is empty there may be room for no more
 * than that. */
typedef struct {
    uint32_t size; /* of the payload; RING_IS_SIDE: with a ring_side_t * behind */
    msg_type_t type;
    actor_id_t source;
    actor_id_t dest;
} ring_record_t;

#define RING_IS_SIDE  (UINT32_C(1) << 31)
#define RING_SKIP     UINT32_MAX
#define RING_SIZE_MAX (RING_IS_SIDE - 1) /* bytes of a payload, less than this */

/* Positions count bytes since the beginning, modulo 2^32. Invariants: freed <= head <=
 * shown <= tail <= freed + bytes. Each line below has one writer, except `gone` and
 * `wants_room`. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): a line for each writer */
typedef struct {
    uint8_t *data; /* `bytes` of them, aligned to RING_UNIT */
    void *block;   /* what was allocated */
    uint32_t bytes;
    uint32_t side_bytes; /* most bytes of side blocks under way, but for a single one */
    _Atomic unsigned gone; /* RING_..._GONE; written at the end only */

    /* The putter's own. */
    _Alignas(LINE_SIZE) uint32_t tail;
    uint32_t tail_shown; /* what `shown` says */
    uint32_t freed_seen; /* `freed` when it was last read; never beyond it */
    uint32_t side_put;   /* bytes of side blocks put so far, modulo 2^32 */

    /* Written by the putter. */
    _Alignas(LINE_SIZE) _Atomic uint32_t shown;
    _Atomic bool wants_room; /* the putter was refused; cleared by the taker */

    /* The taker's own. */
    _Alignas(LINE_SIZE) uint32_t head;
    uint32_t head_freed;    /* what `freed` says */
    uint32_t shown_seen;    /* `shown` when it was last read; never beyond it */
    uint32_t side_taken;    /* bytes of side blocks ended so far, modulo 2^32 */
    struct ring_side *side; /* the one last taken; ended by the next take */

    /* Written by the taker. */
    _Alignas(LINE_SIZE) _Atomic uint32_t freed;
    _Atomic uint32_t side_freed;
} ring_t;

enum { RING_PUTTER_GONE = 1u << 0, RING_TAKER_GONE = 1u << 1 };

/* A ring of `bytes` (a power of two, 1024 to 2^30), in which at most `side_bytes` (less
 * than 2^31) of side blocks are under way, or one. Returns owned, or NULL. */
ring_t *ring_create(uint32_t bytes, uint32_t side_bytes);

/* --- the putter --- */

/* MK_EFULL, MK_ETOOBIG and MK_ENOMEM of ring_put, and large messages. */
int ring__put_slowly(ring_t *ring, const wire_message_t *message);

/* Bytes of a record in the ring. */
static inline uint32_t ring__record_size(uint32_t payload_size) {
    return (uint32_t)sizeof(ring_record_t) +
           ((payload_size + RING_UNIT - 1) & ~(uint32_t)(RING_UNIT - 1));
}

/* The place of a record of `size` bytes, marked as put; NULL: the room that is known is
 * too small. A record does not go round the end of the ring. */
static inline uint8_t *ring__reserve(ring_t *ring, uint32_t size) {
    uint32_t at = ring->tail & (ring->bytes - 1);
    uint32_t to_end = ring->bytes - at;
    uint32_t skipped = size <= to_end ? 0 : to_end;
    uint32_t room = ring->bytes - (ring->tail - ring->freed_seen);
    if (MK_UNLIKELY(room < skipped + size)) return NULL;
    if (MK_UNLIKELY(skipped != 0)) {
        *(uint32_t *)(void *)(ring->data + at) = RING_SKIP;
        at = 0;
    }
    ring->tail += skipped + size;
    return ring->data + at;
}

/* Take a copy of a message; it is seen after ring_show. MK_OK; MK_EFULL: no room now;
 * MK_ETOOBIG: RING_SIZE_MAX or more; MK_ENOMEM. */
static inline int ring_put(ring_t *ring, const wire_message_t *message) {
    if (MK_UNLIKELY(message->payload_size > ring->bytes / RING_SIDE_PART))
        return ring__put_slowly(ring, message);
    uint32_t size = (uint32_t)message->payload_size;
    uint8_t *place = ring__reserve(ring, ring__record_size(size));
    if (MK_UNLIKELY(place == NULL)) return ring__put_slowly(ring, message);
    /* Field by field: put together elsewhere and copied, it would be read in wider
     * pieces than it was written in, and wait for each. */
    ring_record_t *record = (ring_record_t *)(void *)place;
    record->size = size;
    record->type = message->type;
    record->source = message->source;
    record->dest = message->dest;
    if (MK_LIKELY(size == sizeof(uint64_t)))
        memcpy(record + 1, message->payload, sizeof(uint64_t));
    else if (size != 0)
        memcpy(record + 1, message->payload, size);
    return MK_OK;
}

/* Bytes put and not shown. */
static inline uint32_t ring_hidden(const ring_t *ring) {
    return ring->tail - ring->tail_shown;
}

/* Let the taker see what was put. The store releases the records to the taker's load in
 * ring_look; it is sequentially consistent for the sake of bell.h: a putter that looks
 * at the bell after this store and finds nobody asleep knows that the taker, who lies
 * down before it looks for the last time, will see what is shown. */
static inline void ring_show(ring_t *ring) {
    if (ring->tail == ring->tail_shown) return;
    ring->tail_shown = ring->tail;
    atomic_store_explicit(&ring->shown, ring->tail, memory_order_seq_cst);
}

/* After MK_EFULL: true when half of the ring (and of the side blocks) is free again.
 * False: the taker has been asked to ring the putter's bell when it gives something
 * back; asked for first and looked for second, as in bell.h. */
bool ring_has_room(ring_t *ring);

/* --- the taker --- */

/* Whether something is there to take, looking at the putter's side only when all that
 * was seen there before is taken. The load acquires the records from ring_show. */
static inline bool ring_look(ring_t *ring) {
    if (ring->head != ring->shown_seen) return true;
    ring->shown_seen = atomic_load_explicit(&ring->shown, memory_order_seq_cst);
    return ring->head != ring->shown_seen;
}

void ring__take_side(ring_t *ring, wire_message_t *message, const void *behind);
void ring__end_side(ring_t *ring);

/* Take the next of the messages that ring_look saw; false: there are no more of them.
 * It is borrowed until the next ring_take or ring_give. */
static inline bool ring_take(ring_t *ring, wire_message_t *message) {
    if (MK_UNLIKELY(ring->side != NULL)) ring__end_side(ring);
    if (ring->head == ring->shown_seen) return false;
    uint32_t at = ring->head & (ring->bytes - 1);
    const ring_record_t *record =
        (const ring_record_t *)(const void *)(ring->data + at);
    uint32_t size = record->size;
    if (MK_UNLIKELY(size == RING_SKIP)) {
        ring->head += ring->bytes - at;
        record = (const ring_record_t *)(const void *)ring->data;
        size = record->size; /* a mark is never the last thing that is shown */
    }
    message->source = record->source;
    message->dest = record->dest;
    message->type = record->type;
    message->payload = size != 0 ? record + 1 : NULL;
    message->payload_size = size;
    if (MK_UNLIKELY(size & RING_IS_SIDE)) {
        ring__take_side(ring, message, record + 1);
        size = (uint32_t)sizeof(void *);
    }
    ring->head += ring__record_size(size);
    return true;
}

/* Bytes taken and not given back. */
static inline uint32_t ring_held(const ring_t *ring) {
    return ring->head - ring->head_freed;
}

/* Give the room of all that was taken back. True: the putter waits for room and has to
 * be woken if it sleeps. */
static inline bool ring_give(ring_t *ring) {
    if (MK_UNLIKELY(ring->side != NULL)) ring__end_side(ring);
    if (ring->head == ring->head_freed) return false;
    ring->head_freed = ring->head;
    /* Releases what the taker has read to the acquire in ring__put_slowly, so that
     * nothing is overwritten before. Both are sequentially consistent: either this
     * load sees the wish, or the putter's load after its wish sees this room. */
    atomic_store_explicit(&ring->freed, ring->head, memory_order_seq_cst);
    return atomic_load_explicit(&ring->wants_room, memory_order_seq_cst) &&
           atomic_exchange_explicit(&ring->wants_room, false, memory_order_seq_cst);
}

/* --- the end --- */

/* One side (RING_PUTTER_GONE or RING_TAKER_GONE) leaves; the putter's hidden messages
 * are shown. The first one returns false and must not touch the ring again. For the
 * second it returns true: the ring is its alone, with ring_look and ring_take to see
 * what was not taken, and ring_destroy. */
bool ring_leave(ring_t *ring, unsigned side);

/* Whether the other side has left; what it did before is seen after this. */
static inline bool ring_is_left(const ring_t *ring, unsigned side) {
    return (atomic_load_explicit(&ring->gone, memory_order_seq_cst) & side) != 0;
}

/* Give back the memory, also of side blocks that were never taken. Takes the ring, from
 * whom nobody shares it with. */
void ring_destroy(ring_t *ring);

#endif
