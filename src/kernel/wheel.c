/* SPDX-License-Identifier: Apache-2.0 */
/* Levels of slots, one millisecond each at the bottom. The bits of a moment fall into
 * groups, the lowest of MK_WHEEL_BITS, the others shorter; what waits lies at the level
 * of the highest group in which its due time differs from now. When now reaches the
 * beginning of its slot it moves down, at the bottom it is brought. Adding and dropping
 * are O(1), everything moves at most once a level, and what comes next is the first
 * slot, the bottom's before those above, that is not empty. A heap was rejected: it
 * costs log n scattered memory accesses at each end; linked timers were measured: at a
 * million each costs a cache miss that nothing hides. So does moving: the bottom is
 * wide enough that most short timers never do.
 *
 * Nothing that waits can be lost for want of memory: entries that find no new place
 * when they move stay in their chunk, which then waits for the first of them.
 *
 * Invariant: what lies in level l, slot s has the groups above l in common with now_ms,
 * and s is beyond now's group l (at level 0: not before it). */
#include "kernel/wheel.h"

#include "base/alloc.h"
#include "kernel/runtime_impl.h"
#include "port/clock.h"

#include <string.h>

enum {
    NS_PER_MS = 1000000,
    MOMENT_BITS = 48, /* 8 900 years */
    BOTTOM_BITS = MK_WHEEL_BITS,
    UPPER_BITS = MK_WHEEL_BITS < 8 ? MK_WHEEL_BITS : 8,
    UPPER_LEVELS = (MOMENT_BITS - BOTTOM_BITS + UPPER_BITS - 1) / UPPER_BITS,
    SPAN_BITS = BOTTOM_BITS + UPPER_BITS * UPPER_LEVELS,
    BOTTOM_SLOTS = 1 << BOTTOM_BITS,
    UPPER_SLOTS = 1 << UPPER_BITS,
    SLOTS = BOTTOM_SLOTS + UPPER_SLOTS * UPPER_LEVELS,
    WORD_BITS = 64,
    WORDS = (SLOTS + WORD_BITS - 1) / WORD_BITS
};
_Static_assert(WORDS <= WORD_BITS, "a bit for each word of bits");
_Static_assert(WHEEL_CHUNK_ENTRIES <= 4, "place has two bits");
_Static_assert(sizeof(wheel_chunk_t) <= 64, "a chunk is a cache line");

typedef struct {
    list_node_t items;  /* wheel_item_t.in_wheel */
    list_node_t chunks; /* wheel_chunk_t.in_slot; none is without entries */
} slot_t;

struct wheel {
    slot_t slots[SLOTS];      /* level by level, the bottom first */
    uint64_t occupied[WORDS]; /* a bit per slot, not set: it is empty */
    uint64_t words;           /* a bit per word of `occupied`, not set: it is 0 */
    uint64_t now_ms;          /* everything due before has been brought */
};

/* ---- slots ---- */

static bool is_empty(const slot_t *slot) {
    return list_is_empty(&slot->items) && list_is_empty(&slot->chunks);
}

static unsigned lowest_bit(uint64_t bits) {
    unsigned at = 0;
    for (unsigned step = 32; step != 0; step /= 2)
        if ((bits & ((UINT64_C(1) << step) - 1)) == 0) {
            bits >>= step;
            at += step;
        }
    return at;
}

/* Where the bits of a level above the bottom begin in a moment. */
static unsigned shift_of(unsigned upper) {
    return BOTTOM_BITS + UPPER_BITS * upper;
}

static unsigned slot_at(const wheel_t *wheel, uint64_t due_ms) {
    uint64_t differs = due_ms ^ wheel->now_ms;
    if (differs < BOTTOM_SLOTS) return (unsigned)due_ms & (BOTTOM_SLOTS - 1);
    unsigned upper = 0;
    while (upper + 1 < UPPER_LEVELS && differs >> shift_of(upper + 1) != 0)
        upper++;
    unsigned group = (unsigned)(due_ms >> shift_of(upper)) & (UPPER_SLOTS - 1);
    return BOTTOM_SLOTS + UPPER_SLOTS * upper + group;
}

/* When now reaches a slot. */
static uint64_t begin_of(const wheel_t *wheel, unsigned slot) {
    if (slot < BOTTOM_SLOTS)
        return (wheel->now_ms & ~(uint64_t)(BOTTOM_SLOTS - 1)) | slot;
    unsigned shift = shift_of((slot - BOTTOM_SLOTS) / UPPER_SLOTS);
    uint64_t group = (slot - BOTTOM_SLOTS) % UPPER_SLOTS;
    uint64_t above = wheel->now_ms >> (shift + UPPER_BITS) << (shift + UPPER_BITS);
    return above | group << shift;
}

static void unmark(wheel_t *wheel, unsigned slot) {
    uint64_t *word = &wheel->occupied[slot / WORD_BITS];
    *word &= ~(UINT64_C(1) << slot % WORD_BITS);
    if (*word == 0) wheel->words &= ~(UINT64_C(1) << slot / WORD_BITS);
}

/* The slot for a moment, which will not be empty. */
static slot_t *slot_for(wheel_t *wheel, uint64_t due_ms) {
    if (due_ms < wheel->now_ms) due_ms = wheel->now_ms;
    /* Beyond the wheel's horizon it waits in the last slot and goes round. */
    uint64_t last = wheel->now_ms | ((UINT64_C(1) << SPAN_BITS) - 1);
    if (due_ms > last) due_ms = last;
    unsigned slot = slot_at(wheel, due_ms);
    wheel->occupied[slot / WORD_BITS] |= UINT64_C(1) << slot % WORD_BITS;
    wheel->words |= UINT64_C(1) << slot / WORD_BITS;
    return &wheel->slots[slot];
}

wheel_t *wheel__get(runtime_t *rt) {
    if (rt->wheel != NULL) return rt->wheel;
    wheel_t *wheel = mk_alloc(sizeof *wheel);
    if (wheel == NULL) return NULL;
    memset(wheel->occupied, 0, sizeof wheel->occupied);
    wheel->words = 0;
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        list_init(&wheel->slots[slot].items);
        list_init(&wheel->slots[slot].chunks);
    }
    wheel->now_ms = port_clock_monotonic_ns() / NS_PER_MS;
    return rt->wheel = wheel;
}

void wheel__put(wheel_t *wheel, wheel_item_t *item) {
    list_insert_before(&slot_for(wheel, item->entry.due_ms)->items, &item->in_wheel);
}

/* ---- entries ---- */

static wheel_chunk_t *chunk_of(wheel_entry_t *entry) {
    wheel_entry_t *first = entry - entry->place;
    return (wheel_chunk_t *)(void *)((unsigned char *)first -
                                     offsetof(wheel_chunk_t, entries));
}

/* The place behind the last entry of a slot; NULL: no memory. */
static wheel_entry_t *new_place(runtime_t *rt, slot_t *slot) {
    wheel_chunk_t *chunk = NULL;
    unsigned place = WHEEL_CHUNK_ENTRIES;
    if (!list_is_empty(&slot->chunks)) {
        chunk = MK_CONTAINER_OF(slot->chunks.prev, wheel_chunk_t, in_slot);
        while (place > 0 && chunk->entries[place - 1].id == 0)
            place--;
    }
    if (place == WHEEL_CHUNK_ENTRIES) {
        chunk = pool_take(&rt->chunk_pool);
        if (chunk == NULL) return NULL;
        for (place = 0; place < WHEEL_CHUNK_ENTRIES; place++)
            chunk->entries[place].id = 0;
        list_insert_before(&slot->chunks, &chunk->in_slot);
        place = 0;
    }
    chunk->entries[place].place = place & 3u;
    chunk->entries[place].is_item = 0;
    return &chunk->entries[place];
}

wheel_entry_t *wheel__add(runtime_t *rt, uint64_t due_ms) {
    wheel_t *wheel = wheel__get(rt);
    if (wheel == NULL) return NULL;
    wheel_entry_t *entry = new_place(rt, slot_for(wheel, due_ms));
    if (entry != NULL) wheel_set_due(entry, due_ms);
    return entry;
}

static bool has_entries(const wheel_chunk_t *chunk) {
    for (unsigned i = 0; i < WHEEL_CHUNK_ENTRIES; i++)
        if (chunk->entries[i].id != 0) return true;
    return false;
}

void wheel__drop(runtime_t *rt, wheel_entry_t *entry) {
    wheel_chunk_t *chunk = chunk_of(entry);
    entry->id = 0;
    if (has_entries(chunk)) return;
    list_remove(&chunk->in_slot);
    pool_give(&rt->chunk_pool, chunk);
}

/* To the slot of its due time. False: no memory. */
static bool move_entry(runtime_t *rt, wheel_entry_t *entry) {
    wheel_entry_t *moved = new_place(rt, slot_for(rt->wheel, entry->due_ms));
    if (moved == NULL) return false;
    moved->owner = entry->owner;
    moved->due_ms = entry->due_ms;
    moved->id = entry->id;
    id_table_move(&rt->timer_ids, moved);
    entry->id = 0;
    return true;
}

/* ---- turning ---- */

/* Fire what is due of the first chunk of a slot, if it `fires`, and move the rest. */
static void empty_chunk(runtime_t *rt, slot_t *slot, uint64_t now_ms, bool fires) {
    wheel_t *wheel = rt->wheel;
    wheel_chunk_t *chunk = MK_CONTAINER_OF(slot->chunks.next, wheel_chunk_t, in_slot);
    list_remove(&chunk->in_slot);
    uint64_t kept_until = UINT64_MAX;
    for (unsigned i = 0; i < WHEEL_CHUNK_ENTRIES; i++) {
        wheel_entry_t *entry = &chunk->entries[i];
        if (entry->id == 0) continue;
        if (fires && entry->due_ms <= wheel->now_ms) {
            if (timer__fire(rt, entry)) {
                entry->id = 0;
                continue;
            }
            wheel_set_due(entry, now_ms + 1);
        }
        if (!move_entry(rt, entry) && entry->due_ms < kept_until)
            kept_until = entry->due_ms;
    }
    if (kept_until == UINT64_MAX)
        pool_give(&rt->chunk_pool, chunk);
    else
        list_insert_before(&slot_for(wheel, kept_until)->chunks, &chunk->in_slot);
}

/* What lies in a slot at the bottom is brought; what comes back is due later. False:
 * `*left` ran out. */
static bool bring_slot(runtime_t *rt, unsigned at, uint64_t now_ms, unsigned *left) {
    slot_t *slot = &rt->wheel->slots[at];
    for (; !is_empty(slot); --*left) {
        if (*left == 0) return false;
        if (list_is_empty(&slot->items)) {
            empty_chunk(rt, slot, now_ms, true);
            continue;
        }
        wheel_item_t *item = MK_CONTAINER_OF(slot->items.next, wheel_item_t, in_wheel);
        list_remove(&item->in_wheel);
        if (item->entry.id == 0)
            deadline__meet(rt, item, now_ms);
        else
            timer__fire_item(rt, item, now_ms);
    }
    unmark(rt->wheel, at);
    return true;
}

/* All that lies in a slot above moves down, so that the order below is complete. */
static void move_down(runtime_t *rt, unsigned at) {
    wheel_t *wheel = rt->wheel;
    slot_t moved; /* what goes round comes back into the same slot */
    list_move(&wheel->slots[at].items, &moved.items);
    list_move(&wheel->slots[at].chunks, &moved.chunks);
    unmark(wheel, at);
    while (!list_is_empty(&moved.items)) {
        wheel_item_t *item = MK_CONTAINER_OF(moved.items.next, wheel_item_t, in_wheel);
        list_remove(&item->in_wheel);
        wheel__put(wheel, item);
    }
    while (!list_is_empty(&moved.chunks))
        empty_chunk(rt, &moved, wheel->now_ms, false);
}

/* The first slot with something in it, and when it is reached. */
static bool next_event(wheel_t *wheel, uint64_t *at_ms, unsigned *slot) {
    while (wheel->words != 0) {
        unsigned word = lowest_bit(wheel->words);
        *slot = word * WORD_BITS + lowest_bit(wheel->occupied[word]);
        if (!is_empty(&wheel->slots[*slot])) {
            *at_ms = begin_of(wheel, *slot);
            return true;
        }
        unmark(wheel, *slot);
    }
    return false;
}

/* A crowd that is due at once comes in portions, between which the actors run: its
 * messages stay in the cache, and nobody waits for all of them. */
void wheel__turn(runtime_t *rt, uint64_t now_ms) {
    wheel_t *wheel = rt->wheel;
    if (wheel == NULL) return;
    uint64_t at_ms;
    unsigned slot;
    unsigned left = (MK_TIMER_BATCH + WHEEL_CHUNK_ENTRIES - 1) / WHEEL_CHUNK_ENTRIES;
    while (next_event(wheel, &at_ms, &slot) && at_ms <= now_ms) {
        if (at_ms > wheel->now_ms) wheel->now_ms = at_ms;
        if (slot >= BOTTOM_SLOTS)
            move_down(rt, slot);
        else if (!bring_slot(rt, slot, now_ms, &left))
            return;
    }
    if (now_ms > wheel->now_ms) wheel->now_ms = now_ms;
}

bool wheel__next_ms(const runtime_t *rt, uint64_t *at_ms) {
    unsigned slot;
    return rt->wheel != NULL && next_event(rt->wheel, at_ms, &slot);
}
