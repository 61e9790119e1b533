/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "port/clock.h"
#include "sim/sim.h"

#include <string.h>

enum { LOG_MAX = 32 };

/* What happened, in order. */
static struct {
    int names[LOG_MAX];
    uint64_t at_ns[LOG_MAX];
    size_t len;
} happened;

static void begin(uint64_t seed) {
    sim_reset(seed);
    memset(&happened, 0, sizeof happened);
}

static void note(void *arg) {
    CHECK(happened.len < LOG_MAX);
    happened.names[happened.len] = *(const int *)arg;
    happened.at_ns[happened.len++] = port_clock_monotonic_ns();
}

static const int names[LOG_MAX] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                   11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                   22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static void call_at(uint64_t at_ns, int name) {
    CHECK_EQ(sim_call_at(at_ns, note, (void *)(uintptr_t)&names[name]), MK_OK);
}

TEST(time_stands_still_until_advanced) {
    begin(1);
    CHECK_EQ(port_clock_monotonic_ns(), 0);
    CHECK_EQ(port_clock_monotonic_ns(), 0);
    sim_advance(1500);
    CHECK_EQ(port_clock_monotonic_ns(), 1500);
    CHECK_EQ(sim_now_ns(), 1500);
}

TEST(wall_clock_goes_on_with_virtual_time) {
    begin(1);
    CHECK_EQ(port_clock_wall_ms(), UINT64_C(1767225600000));
    sim_advance(UINT64_C(2500000));
    CHECK_EQ(port_clock_wall_ms(), UINT64_C(1767225600002));
    sim_set_wall_ms(7000);
    CHECK_EQ(port_clock_wall_ms(), 7000);
    sim_advance(UINT64_C(1500000)); /* 2.5 ms and 1.5 ms are 4 ms */
    CHECK_EQ(port_clock_wall_ms(), 7002);
}

TEST(calls_happen_in_order_each_at_its_moment) {
    begin(1);
    call_at(300, 3);
    call_at(100, 1);
    call_at(200, 2);
    CHECK_EQ(sim_next_event_ns(), 100);
    sim_advance(250);
    CHECK_EQ(happened.len, 2);
    CHECK_EQ(happened.names[0], 1);
    CHECK_EQ(happened.at_ns[0], 100);
    CHECK_EQ(happened.names[1], 2);
    CHECK_EQ(happened.at_ns[1], 200);
    CHECK_EQ(sim_now_ns(), 250);
    sim_advance(50);
    CHECK_EQ(happened.len, 3);
    CHECK_EQ(sim_next_event_ns(), UINT64_MAX);
}

static void schedule_another(void *arg) {
    note(arg);
    call_at(sim_now_ns() + 10, 9);
}

TEST(a_call_may_schedule_another_within_the_same_advance) {
    begin(1);
    CHECK_EQ(sim_call_at(5, schedule_another, (void *)(uintptr_t)&names[8]), MK_OK);
    sim_advance(100);
    CHECK_EQ(happened.len, 2);
    CHECK_EQ(happened.names[1], 9);
    CHECK_EQ(happened.at_ns[1], 15);
}

TEST(a_call_for_the_past_happens_at_once_and_time_does_not_go_back) {
    begin(1);
    sim_advance(1000);
    call_at(10, 1);
    sim_advance(0);
    CHECK_EQ(happened.len, 1);
    CHECK_EQ(happened.at_ns[0], 1000);
}

/* A number made from the order in which calls of one moment happened. */
static uint64_t order_of_equals(uint64_t seed) {
    begin(seed);
    for (int i = 0; i < 8; i++)
        call_at(50, i);
    sim_advance(50);
    CHECK_EQ(happened.len, 8);
    uint64_t order = 0;
    for (size_t i = 0; i < 8; i++)
        order = order * 8 + (uint64_t)happened.names[i];
    return order;
}

TEST(equal_moments_are_ordered_by_the_seed) {
    CHECK_EQ(order_of_equals(5), order_of_equals(5));
    CHECK(order_of_equals(5) != order_of_equals(6));
}

TEST(reset_begins_a_new_world) {
    begin(1);
    call_at(50, 1);
    sim_advance(10);
    sim_set_wall_ms(1);
    sim_reset(2);
    CHECK_EQ(sim_seed(), 2);
    CHECK_EQ(sim_now_ns(), 0);
    CHECK_EQ(sim_next_event_ns(), UINT64_MAX);
    CHECK_EQ(port_clock_wall_ms(), UINT64_C(1767225600000));
    sim_advance(100);
    CHECK_EQ(happened.len, 0);
}

static void schedule_and_reset(void *arg) {
    (void)arg;
    begin(1);
    int result = sim_call_at(5, note, (void *)(uintptr_t)&names[0]);
    sim_advance(5);
    CHECK_EQ(happened.len, result == MK_OK ? 1 : 0);
    if (result != MK_OK) CHECK_EQ(result, MK_ENOMEM);
}

TEST(a_call_that_finds_no_memory_is_not_scheduled) {
    test_each_alloc_failure(schedule_and_reset, NULL);
}

TEST_TABLE(sim_clock, TEST_ROW(time_stands_still_until_advanced),
           TEST_ROW(wall_clock_goes_on_with_virtual_time),
           TEST_ROW(calls_happen_in_order_each_at_its_moment),
           TEST_ROW(a_call_may_schedule_another_within_the_same_advance),
           TEST_ROW(a_call_for_the_past_happens_at_once_and_time_does_not_go_back),
           TEST_ROW(equal_moments_are_ordered_by_the_seed),
           TEST_ROW(reset_begins_a_new_world),
           TEST_ROW(a_call_that_finds_no_memory_is_not_scheduled))
