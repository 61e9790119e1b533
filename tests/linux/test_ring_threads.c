/* SPDX-License-Identifier: Apache-2.0 */
/* Rings and ring links between real threads: nothing is lost, doubled, reordered or
 * slept through. A sleep that nobody ends shows as the time limit of the suite. */
#include "support/test.h"

#include "base/check.h"
#include "base/prng.h"
#include "ipc/bell.h"
#include "ipc/ring.h"
#include "ipc/ring_link.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "port/thread.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

static port_thread_t *start(void (*fn)(void *arg), void *arg) {
    port_thread_t *thread = NULL;
    CHECK_EQ(port_thread_start(&thread, fn, arg), MK_OK);
    return thread;
}

/* --- the bare ring --- */

enum { RING_BYTES = 1024, SIDE_BYTES = 4096, MESSAGES = 200000, LARGE = 1000 };

static size_t size_of(uint32_t n) {
    return n % 97 == 0 ? LARGE : 4 + n % 60;
}

static void put_all(void *arg) {
    ring_t *ring = arg;
    static uint8_t payload[LARGE];
    for (uint32_t n = 0; n < MESSAGES; n++) {
        memcpy(payload, &n, sizeof n);
        payload[size_of(n) - 1] =
            n % 97 == 0 ? (uint8_t)(n >> 8) : payload[size_of(n) - 1];
        wire_message_t message = {n, n, n, payload, size_of(n)};
        while (ring_put(ring, &message) == MK_EFULL) {
            ring_show(ring);
            sched_yield();
        }
        if (n % 5 == 0) ring_show(ring);
    }
    if (!ring_leave(ring, RING_PUTTER_GONE)) return;
    ring_destroy(ring);
}

TEST(a_ring_between_two_threads_keeps_every_message) {
    ring_t *ring = ring_create(RING_BYTES, SIDE_BYTES);
    port_thread_t *thread = start(put_all, ring);
    uint32_t next = 0;
    while (next < MESSAGES) {
        wire_message_t message;
        if (!ring_look(ring)) sched_yield();
        while (ring_take(ring, &message)) {
            uint32_t n;
            CHECK(message.payload != NULL);
            memcpy(&n, message.payload, sizeof n);
            CHECK_EQ(n, next);
            CHECK_EQ(message.source, next);
            CHECK_EQ(message.payload_size, size_of(next));
            if (next % 97 == 0)
                CHECK_EQ(((const uint8_t *)message.payload)[LARGE - 1],
                         (uint8_t)(next >> 8));
            next++;
            if (next % 3 == 0) (void)ring_give(ring);
        }
        (void)ring_give(ring);
    }
    if (ring_leave(ring, RING_TAKER_GONE)) ring_destroy(ring);
    port_thread_join(thread);
}

/* --- links --- */

enum { GO = 1, ROUNDS = 20000, FLOOD = 200000 };

/* One runtime, its end of the link, and what its owner does. */
typedef struct side side_t;
struct side {
    runtime_t *rt;
    link_t *link; /* NULL: closed */
    uint64_t sent;
    uint64_t got;         /* the number expected next */
    uint64_t limit;       /* messages to send */
    uint64_t close_after; /* messages got; 0: never */
    bool answers;         /* each message with one */
    bool ends_when_down;
};

static bool tell(side_t *side) {
    wire_message_t message = {1, 5, GO, &side->sent, sizeof side->sent};
    int result = link_send(side->link, side->rt, &message, false);
    CHECK(result == MK_OK || result == MK_EFULL || result == MK_ECLOSED);
    if (result != MK_OK) return false;
    side->sent++;
    return true;
}

static void flood(side_t *side) {
    while (side->link != NULL && side->sent < side->limit && tell(side)) {
    }
}

static void on_message(link_t *link, runtime_t *rt, const wire_message_t *message) {
    side_t *side = link->owner;
    uint64_t number;
    memcpy(&number, message->payload, sizeof number);
    CHECK_EQ(number, side->got);
    side->got++;
    if (side->answers && side->sent < side->limit) CHECK(tell(side));
    if (side->got != side->close_after) return;
    side->link = NULL;
    link_close(link, rt, true);
    runtime_stop(rt);
}

static void on_room(link_t *link, runtime_t *rt) {
    (void)rt;
    flood(link->owner);
}

static void on_down(link_t *link, runtime_t *rt, int reason, const char *text) {
    (void)reason;
    (void)text;
    side_t *side = link->owner;
    side->link = NULL;
    link_close(link, rt, true);
    if (side->ends_when_down) runtime_stop(rt);
}

static const link_events_t events = {
    .on_message = on_message, .on_room = on_room, .on_down = on_down};

/* Keeps its runtime alive; asked to go, it begins to send. */
static bool begin(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    side_t *side = state;
    if (!side->answers)
        flood(side);
    else if (side->sent < side->limit)
        CHECK(tell(side));
    return true;
}

static void open_sides(side_t sides[2]) {
    memset(sides, 0, 2 * sizeof *sides);
    for (int i = 0; i < 2; i++) {
        sides[i].rt = runtime_init((node_id_t)i + 1, 4);
        CHECK(actor_spawn(sides[i].rt, begin, &sides[i], NULL, 4) != 0);
    }
    link_t *links[2];
    CHECK_EQ(ring_link_open(sides[0].rt, sides[1].rt, 1024, links), MK_OK);
    for (int i = 0; i < 2; i++) {
        sides[i].link = links[i];
        links[i]->owner = &sides[i];
        links[i]->events = &events;
    }
}

static void go(side_t *side) {
    actor_id_t id;
    CHECK_EQ(runtime_list_actors(side->rt, &id, 1), 1);
    CHECK(actor_send(side->rt, id, GO, NULL, 0));
}

/* Run it, and end it at once while the other may still run. */
static void run_side(void *arg) {
    side_t *side = arg;
    runtime_run(side->rt);
    if (side->link != NULL) link_close(side->link, side->rt, true);
    side->link = NULL;
}

static void run_both(side_t sides[2]) {
    port_thread_t *thread = start(run_side, &sides[1]);
    run_side(&sides[0]);
    port_thread_join(thread);
}

static uint64_t dead_letters(side_t sides[2]) {
    return runtime_counters(sides[0].rt).dead_letters +
           runtime_counters(sides[1].rt).dead_letters;
}

static void destroy_both(side_t sides[2]) {
    for (int i = 0; i < 2; i++)
        runtime_destroy(sides[i].rt);
}

TEST(two_loops_that_sleep_between_messages_miss_none) {
    side_t sides[2];
    open_sides(sides);
    for (int i = 0; i < 2; i++) {
        sides[i].answers = true;
        sides[i].limit = ROUNDS;
    }
    sides[0].close_after = ROUNDS;
    sides[1].ends_when_down = true;
    go(&sides[0]);
    run_both(sides);
    CHECK_EQ(sides[0].got, ROUNDS);
    CHECK_EQ(sides[1].got, ROUNDS);
    CHECK_EQ(dead_letters(sides), 0);
    destroy_both(sides);
}

TEST(two_floods_against_full_rings_lose_nothing) {
    side_t sides[2];
    open_sides(sides);
    for (int i = 0; i < 2; i++) {
        sides[i].limit = FLOOD;
        go(&sides[i]);
    }
    sides[0].close_after = FLOOD; /* when it has got all; the other hears the rest */
    sides[1].ends_when_down = true;
    run_both(sides);
    CHECK_EQ(sides[0].got, FLOOD);
    CHECK_EQ(sides[1].got + dead_letters(sides), sides[0].sent);
    CHECK_EQ(dead_letters(sides), 0);
    destroy_both(sides);
}

TEST(whoever_ends_in_the_middle_what_was_sent_is_taken_or_counted) {
    prng_t prng;
    prng_init(&prng, 5);
    for (int round = 0; round < 60; round++) {
        side_t sides[2];
        open_sides(sides);
        for (int i = 0; i < 2; i++) {
            sides[i].limit = FLOOD;
            sides[i].close_after = 1 + prng_below(&prng, 20000);
            sides[i].ends_when_down = true;
            go(&sides[i]);
        }
        run_both(sides);
        CHECK_EQ(sides[0].got + sides[1].got + dead_letters(sides),
                 sides[0].sent + sides[1].sent);
        destroy_both(sides);
    }
}

static void run_and_destroy(void *arg) {
    side_t *side = arg;
    run_side(side);
    runtime_destroy(side->rt);
}

TEST(a_runtime_ends_while_the_other_sends_and_wakes_it) {
    prng_t prng;
    prng_init(&prng, 6);
    for (int round = 0; round < 60; round++) {
        side_t sides[2];
        open_sides(sides);
        sides[0].limit = FLOOD;
        sides[0].ends_when_down = true;
        sides[1].close_after = 1 + prng_below(&prng, 3000);
        go(&sides[0]);
        port_thread_t *thread = start(run_and_destroy, &sides[1]);
        run_side(&sides[0]);
        uint64_t dead = runtime_counters(sides[0].rt).dead_letters;
        runtime_destroy(sides[0].rt);
        port_thread_join(thread);
        /* It closed while the sender lived, so the sender counted. */
        CHECK_EQ(sides[1].got + dead, sides[0].sent);
    }
}

TEST_TABLE(ring_threads, TEST_ROW(a_ring_between_two_threads_keeps_every_message),
           TEST_ROW(two_loops_that_sleep_between_messages_miss_none),
           TEST_ROW(two_floods_against_full_rings_lose_nothing),
           TEST_ROW(whoever_ends_in_the_middle_what_was_sent_is_taken_or_counted),
           TEST_ROW(a_runtime_ends_while_the_other_sends_and_wakes_it))
