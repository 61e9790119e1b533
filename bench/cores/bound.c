/* SPDX-License-Identifier: Apache-2.0 */
/* bound.c - a ring of fixed records with the wake-up rule of ours: who has nothing to
 * do says that it sleeps, looks once more, and sleeps; who has something for a sleeper
 * writes its eventfd. Records of 32 bytes as ours: two ids, a type, a size, a word.
 * Many are shown and given back together, as ours do. */
#include "bound.h"

#include "measure.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { LINE = 64, RECORDS = 2048, SHOW = RECORDS / 4 };

typedef struct {
    uint64_t source;
    uint64_t dest;
    uint32_t type;
    uint32_t size;
    uint64_t word;
} record_t;

typedef struct {
    _Alignas(LINE) uint64_t tail; /* the putter's */
    uint64_t freed_seen;
    _Alignas(LINE) _Atomic uint64_t shown;
    _Alignas(LINE) uint64_t head; /* the taker's */
    uint64_t shown_seen;
    _Alignas(LINE) _Atomic uint64_t freed;
    _Alignas(LINE) record_t records[RECORDS];
} bare_ring_t;

typedef struct {
    _Alignas(LINE) _Atomic bool is_lying;
    int fd;
} bare_bell_t;

static bare_ring_t rings[2]; /* from thread i to the other */
static bare_bell_t bells[2]; /* of thread i */
static uint64_t wanted;      /* messages */
static double spent[2];      /* processor seconds of each thread */
static double passed;        /* seconds on the wall */
static uint64_t checksum;

static void ring_bell(bare_bell_t *bell) {
    static const uint64_t one = 1;
    if (!atomic_load(&bell->is_lying) || !atomic_exchange(&bell->is_lying, false))
        return;
    must(write(bell->fd, &one, sizeof one) == (ssize_t)sizeof one, "waking");
}

static void sleep_for(bare_bell_t *bell) {
    uint64_t wakes;
    must(read(bell->fd, &wakes, sizeof wakes) == (ssize_t)sizeof wakes, "sleeping");
}

static bool has_room(bare_ring_t *ring) {
    if (ring->tail - ring->freed_seen < RECORDS) return true;
    ring->freed_seen = atomic_load(&ring->freed);
    return ring->tail - ring->freed_seen < RECORDS;
}

static bool has_some(bare_ring_t *ring) {
    if (ring->head != ring->shown_seen) return true;
    ring->shown_seen = atomic_load(&ring->shown);
    return ring->head != ring->shown_seen;
}

static void put(bare_ring_t *ring, uint64_t word) {
    ring->records[ring->tail++ % RECORDS] = (record_t){1, 2, 3, sizeof word, word};
}

static void show(int me) {
    atomic_store(&rings[me].shown, rings[me].tail);
    ring_bell(&bells[1 - me]);
}

static void give(int me) {
    atomic_store(&rings[1 - me].freed, rings[1 - me].head);
    ring_bell(&bells[1 - me]);
}

/* Until something has come for `me`. */
static void await_some(int me) {
    while (!has_some(&rings[1 - me])) {
        atomic_store(&bells[me].is_lying, true);
        if (!has_some(&rings[1 - me])) sleep_for(&bells[me]);
        atomic_store(&bells[me].is_lying, false);
    }
}

static void await_room(int me) {
    while (!has_room(&rings[me])) {
        atomic_store(&bells[me].is_lying, true);
        if (!has_room(&rings[me])) sleep_for(&bells[me]);
        atomic_store(&bells[me].is_lying, false);
    }
}

static uint64_t take(int me) {
    bare_ring_t *ring = &rings[1 - me];
    const record_t *record = &ring->records[ring->head++ % RECORDS];
    return record->word + record->type;
}

static void prepare(uint64_t count) {
    wanted = count;
    for (int i = 0; i < 2; i++) {
        bells[i].fd = eventfd(0, EFD_CLOEXEC);
        must(bells[i].fd >= 0, "eventfd");
    }
}

static void ask(void *arg) {
    (void)arg;
    double began = wall_seconds();
    for (uint64_t i = 0; i < wanted; i++) {
        put(&rings[0], i);
        show(0);
        await_some(0);
        checksum += take(0);
        atomic_store(&rings[1].freed, rings[1].head);
    }
    passed = wall_seconds() - began;
}

static void answer(void *arg) {
    (void)arg;
    for (uint64_t i = 0; i < wanted; i++) {
        await_some(1);
        put(&rings[1], take(1));
        atomic_store(&rings[0].freed, rings[0].head);
        show(1);
    }
}

double bound_ring_rtt(uint64_t count) {
    prepare(count);
    run_two(ask, answer, NULL);
    return passed;
}

static void pour(void *arg) {
    (void)arg;
    bare_ring_t *ring = &rings[0];
    for (uint64_t i = 0; i < wanted; i++) {
        if (!has_room(ring)) {
            show(0);
            await_room(0);
        }
        put(ring, i);
        if (ring->tail % SHOW == 0) show(0);
    }
    show(0);
    spent[0] = thread_seconds();
}

static void drink(void *arg) {
    (void)arg;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < wanted;) {
        await_some(1);
        for (; rings[0].head != rings[0].shown_seen; i++) {
            sum += take(1);
            if (rings[0].head % SHOW == 0) give(1);
        }
        give(1);
    }
    checksum = sum;
    spent[1] = thread_seconds();
}

double bound_ring_stream(uint64_t count) {
    prepare(count);
    run_two(pour, drink, NULL);
    must(checksum == count * (count - 1) / 2 + 3 * count, "adding up");
    return larger(spent);
}
