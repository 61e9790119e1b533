/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a runtime on this machine: real time, real interrupts. */
#include "app/loopback.h"
#include "support/test.h"

#include "microkernel/actor.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "microkernel/watch.h"
#include "port/terminal.h"

#include <string.h>

typedef struct {
    unsigned ticks;
    uint64_t expirations;
} ticker_t;

static bool tick_ten_times(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    ticker_t *ticker = state;
    if (msg->type != MSG_TIMER) return actor_set_timer(rt, 2, true) != 0;
    timer_payload_t payload;
    memcpy(&payload, msg->payload, sizeof payload);
    ticker->ticks++;
    ticker->expirations += payload.expirations;
    return ticker->expirations < 10;
}

TEST(a_periodic_timer_is_kept_by_the_interrupt) {
    runtime_t *rt = runtime_init(1, 8);
    CHECK(rt != NULL);
    ticker_t ticker = {0, 0};
    actor_id_t id = actor_spawn(rt, tick_ten_times, &ticker, NULL, 8);
    CHECK(actor_send(rt, id, 1, NULL, 0));
    uint64_t begin_ms = runtime_now_ms(rt);
    runtime_run(rt);
    CHECK(ticker.expirations >= 10);
    CHECK(ticker.ticks >= 1);
    CHECK(runtime_now_ms(rt) - begin_ms >= 19);
    runtime_destroy(rt);
}

typedef struct {
    char got[16];
    size_t size;
} reader_t;

static bool read_a_line(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    reader_t *reader = state;
    if (msg->type != MSG_FD_EVENT) return actor_watch_fd(rt, PORT_STDIN, MK_POLL_IN);
    reader->size += virt__uart_read((uint8_t *)reader->got + reader->size,
                                    sizeof reader->got - reader->size);
    return reader->size > 0 && reader->got[reader->size - 1] != '\n';
}

static bool type_a_line(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type != MSG_TIMER) return actor_set_timer(rt, 2, false) != 0;
    loopback_type("hello\n", 6);
    return false;
}

TEST(the_serial_line_can_be_watched) {
    runtime_t *rt = runtime_init(1, 8);
    CHECK(rt != NULL);
    loopback_drain();
    reader_t reader = {"", 0};
    actor_id_t reading = actor_spawn(rt, read_a_line, &reader, NULL, 8);
    actor_id_t typing = actor_spawn(rt, type_a_line, NULL, NULL, 8);
    CHECK(actor_send(rt, reading, 1, NULL, 0));
    CHECK(actor_send(rt, typing, 1, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(reader.size, 6);
    CHECK_MEM(reader.got, "hello\n", 6);
    runtime_destroy(rt);
}

static bool post_again(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    unsigned *count = state;
    return ++*count < 5 && runtime_post(rt, msg->dest, 1, NULL, 0);
}

TEST(a_post_wakes_a_loop_that_would_sleep_for_ever) {
    runtime_t *rt = runtime_init(1, 8);
    CHECK(rt != NULL);
    unsigned count = 0;
    actor_id_t id = actor_spawn(rt, post_again, &count, NULL, 8);
    CHECK(runtime_post(rt, id, 1, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(count, 5);
    runtime_destroy(rt);
}

static bool keep(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    (void)state;
    return true;
}

/* How many there are is a figure of ./dev bench; here it has to be worth having. */
TEST(five_hundred_actors_fit_and_no_more_is_refused_cleanly) {
    runtime_t *rt = runtime_init(1, 100000);
    CHECK(rt != NULL);
    size_t count = 0;
    while (actor_spawn(rt, keep, NULL, NULL, 2) != ACTOR_ID_INVALID)
        count++;
    CHECK(count >= 500);
    CHECK_EQ(runtime_counters(rt).actors, count);
    CHECK(runtime_counters(rt).no_memory >= 1);
    runtime_destroy(rt);
}

TEST_TABLE(loop, TEST_ROW(a_periodic_timer_is_kept_by_the_interrupt),
           TEST_ROW(the_serial_line_can_be_watched),
           TEST_ROW(a_post_wakes_a_loop_that_would_sleep_for_ever),
           TEST_ROW(five_hundred_actors_fit_and_no_more_is_refused_cleanly))
