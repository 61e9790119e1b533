/* SPDX-License-Identifier: Apache-2.0 */
/* wheel.h - a hierarchical timing wheel: what waits for its millisecond.
 *
 * Two kinds of things wait: items, which are linked and belong to somebody else
 * (deadlines, periodic timers), and entries, which are values of the wheel itself
 * (one-shot timers, of which there may be millions). Entries lie in chunks of a cache
 * line, so that those of one moment lie together and are met without a cache miss
 * each; they may therefore change their address. */
#ifndef MK_KERNEL_WHEEL_H
#define MK_KERNEL_WHEEL_H

#include "base/list.h"
#include "microkernel/limits.h"
#include "microkernel/runtime.h"

#include <stdbool.h>
#include <stdint.h>

enum { WHEEL_DUE_BITS = 60, WHEEL_CHUNK_ENTRIES = 3 };

/* The latest moment that can be written down, far beyond the wheel. */
#define WHEEL_DUE_MAX ((UINT64_C(1) << WHEEL_DUE_BITS) - 1)

typedef struct {
    uint32_t id; /* of a timer; first, see id_table.h. 0: a deadline, or a free place */
    union {
        uint32_t owner;    /* of a timer: local number of the actor */
        uint32_t later_ms; /* of a deadline: how long it goes on waiting after due_ms */
    };
    uint64_t due_ms : WHEEL_DUE_BITS; /* monotonic: when the wheel brings it */
    uint64_t place : 2;               /* of an entry in its chunk */
    uint64_t is_item : 1;             /* it is the beginning of a wheel_item_t */
    uint64_t is_quiet : 1;            /* of a deadline: see deadline_set_quiet */
} wheel_entry_t;

typedef struct {
    wheel_entry_t entry;  /* first */
    list_node_t in_wheel; /* in a slot; alone when it does not wait */
} wheel_item_t;

typedef struct {
    list_node_t in_slot;
    wheel_entry_t entries[WHEEL_CHUNK_ENTRIES]; /* in the order in which they came */
} wheel_chunk_t;

typedef struct wheel wheel_t;

static inline void wheel_set_due(wheel_entry_t *entry, uint64_t due_ms) {
    entry->due_ms = (due_ms < WHEEL_DUE_MAX ? due_ms : WHEEL_DUE_MAX) & WHEEL_DUE_MAX;
}

/* The wheel of a runtime, made when first needed. NULL: no memory. */
wheel_t *wheel__get(runtime_t *rt);

/* Let an item wait until its due_ms. Cannot fail. */
void wheel__put(wheel_t *wheel, wheel_item_t *item);

/* A new entry, which is free until it has an id. NULL: no memory. */
wheel_entry_t *wheel__add(runtime_t *rt, uint64_t due_ms);

/* End an entry, which may be free still. */
void wheel__drop(runtime_t *rt, wheel_entry_t *entry);

/* Bring what is due at `now_ms`: deadline__meet, timer__fire. */
void wheel__turn(runtime_t *rt, uint64_t now_ms);

/* When there is something to do next; false when nothing waits. */
bool wheel__next_ms(const runtime_t *rt, uint64_t *at_ms);

#endif
