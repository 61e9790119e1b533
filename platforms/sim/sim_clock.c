/* SPDX-License-Identifier: Apache-2.0 */
/* sim_clock.c - virtual time and what is scheduled in it.
 *
 * Scheduled events stand in one array, latest first, so that the next one is popped off
 * its end; a heap would insert faster, but tests schedule few events and drop those of
 * a closed handle, which a sorted array does in one pass.
 *
 * Equal moments: what concerns one handle stays in the order it was asked for; between
 * different handles and calls the seed decides, by a rank made from seed, subject and
 * moment. Ranks come from no stream, so scheduling does not disturb other choices.
 *
 * Invariants: 1. `now_ns` never goes back. 2. Events are sorted by (at_ns, rank, order)
 * descending. 3. The array exists only while an event does (tests count blocks). */
#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "port/clock.h"

#include <string.h>

#define FIRST_WALL_MS UINT64_C(1767225600000) /* 2026-01-01 00:00 UTC */
#define NS_PER_MS     UINT64_C(1000000)

/* A subject above all handles: calls are their own subjects. */
#define CALL_SUBJECT (UINT64_C(1) << 32)

typedef struct {
    uint64_t at_ns;
    uint64_t rank;           /* the seed's word among equal moments */
    uint64_t order;          /* of scheduling: the last word */
    void (*call)(void *arg); /* NULL: a readiness */
    void *arg;               /* of the call */
    int handle;              /* of the readiness; -1 for a call */
    uint32_t events;         /* of the readiness */
} sim_event_t;

static struct {
    uint64_t seed;
    uint64_t now_ns;
    uint64_t wall_minus_now_ms; /* FIRST_WALL_MS when 0 was never replaced */
    bool wall_was_set;          /* else the wall clock began at FIRST_WALL_MS */
    uint64_t scheduled;         /* events ever scheduled: the next one's order */
    sim_event_t *events;        /* latest first */
    size_t len;                 /* events that wait */
    size_t cap;                 /* events there is room for */
} timeline;

uint64_t sim__now_locked(void) {
    return timeline.now_ns;
}

uint64_t sim_now_ns(void) {
    sim__lock();
    uint64_t now_ns = timeline.now_ns;
    sim__unlock();
    return now_ns;
}

uint64_t port_clock_monotonic_ns(void) {
    return sim_now_ns();
}

uint64_t port_clock_wall_ms(void) {
    sim__lock();
    uint64_t offset_ms =
        timeline.wall_was_set ? timeline.wall_minus_now_ms : FIRST_WALL_MS;
    uint64_t wall_ms = offset_ms + timeline.now_ns / NS_PER_MS;
    sim__unlock();
    return wall_ms;
}

void sim_set_wall_ms(uint64_t wall_ms) {
    sim__lock();
    timeline.wall_minus_now_ms = wall_ms - timeline.now_ns / NS_PER_MS;
    timeline.wall_was_set = true;
    sim__unlock();
}

static bool comes_before(const sim_event_t *a, const sim_event_t *b) {
    if (a->at_ns != b->at_ns) return a->at_ns < b->at_ns;
    if (a->rank != b->rank) return a->rank < b->rank;
    return a->order < b->order;
}

static int make_room(void) {
    if (timeline.len < timeline.cap) return MK_OK;
    size_t cap = timeline.cap == 0 ? 8 : timeline.cap * 2;
    sim_event_t *events = mk_realloc(timeline.events, cap * sizeof *events);
    if (events == NULL) return MK_ENOMEM;
    timeline.events = events;
    timeline.cap = cap;
    return MK_OK;
}

static void drop_array_when_empty(void) {
    if (timeline.len > 0) return;
    mk_free(timeline.events);
    timeline.events = NULL;
    timeline.cap = 0;
}

static int schedule(sim_event_t event, uint64_t subject) {
    int result = make_room();
    if (result < 0) return result;
    event.order = timeline.scheduled++;
    if (subject >= CALL_SUBJECT) subject += event.order;
    event.rank = sim__mix(timeline.seed, subject, event.at_ns);
    size_t at = timeline.len;
    while (at > 0 && comes_before(&timeline.events[at - 1], &event))
        at--;
    memmove(timeline.events + at + 1, timeline.events + at,
            (timeline.len - at) * sizeof event);
    timeline.events[at] = event;
    timeline.len++;
    return MK_OK;
}

int sim_call_at(uint64_t at_ns, void (*fn)(void *arg), void *arg) {
    sim__lock();
    int result =
        schedule((sim_event_t){.at_ns = at_ns, .call = fn, .arg = arg, .handle = -1},
                 CALL_SUBJECT);
    sim__unlock();
    return result;
}

int sim__schedule_ready_locked(int handle, uint32_t events, uint64_t at_ns) {
    return schedule((sim_event_t){.at_ns = at_ns, .handle = handle, .events = events},
                    (uint64_t)handle);
}

void sim__unschedule_locked(int handle) {
    size_t kept = 0;
    for (size_t i = 0; i < timeline.len; i++) {
        if (timeline.events[i].call == NULL && timeline.events[i].handle == handle)
            continue;
        timeline.events[kept++] = timeline.events[i];
    }
    timeline.len = kept;
    drop_array_when_empty();
}

uint64_t sim__next_event_locked(void) {
    return timeline.len > 0 ? timeline.events[timeline.len - 1].at_ns : UINT64_MAX;
}

uint64_t sim_next_event_ns(void) {
    sim__lock();
    uint64_t next_ns = sim__next_event_locked();
    sim__unlock();
    return next_ns;
}

/* An event scheduled for the end of all time is never reached by waiting for ever, so
 * UINT64_MAX can mean "never" everywhere. */
void sim__advance_to_locked(uint64_t target_ns) {
    while (timeline.len > 0 && sim__next_event_locked() <= target_ns) {
        sim_event_t event = timeline.events[--timeline.len];
        drop_array_when_empty();
        if (event.at_ns > timeline.now_ns) timeline.now_ns = event.at_ns;
        if (event.call == NULL) {
            sim__handle_set_ready_locked(event.handle, event.events);
        } else {
            sim__unlock();
            event.call(event.arg);
            sim__lock();
        }
    }
    if (target_ns > timeline.now_ns) timeline.now_ns = target_ns;
}

void sim_advance(uint64_t ns) {
    sim__lock();
    MK_ASSERT(ns <= UINT64_MAX - timeline.now_ns);
    sim__advance_to_locked(timeline.now_ns + ns);
    sim__unlock();
}

void sim__clock_reset(uint64_t seed) {
    sim__lock();
    timeline.seed = seed;
    timeline.now_ns = 0;
    timeline.wall_was_set = false;
    timeline.scheduled = 0;
    timeline.len = 0;
    drop_array_when_empty();
    sim__unlock();
}
