/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "port/poller.h"
#include "sim/sim.h"

enum { HANDLES = 8 };

static char tags[HANDLES];

/* A world with a poller; what each test begins and ends with. */
static port_poller_t *begin(uint64_t seed) {
    sim_reset(seed);
    port_poller_t *poller = port_poller_open();
    CHECK(poller != NULL);
    return poller;
}

static void end(port_poller_t *poller) {
    port_poller_close(poller);
    sim_reset(0);
}

TEST(a_wait_moves_time_to_its_deadline) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    CHECK_EQ(port_poller_wait(poller, &event, 1, 5000), 0);
    CHECK_EQ(sim_now_ns(), 5000);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 4000), 0);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    CHECK_EQ(sim_now_ns(), 5000);
    CHECK(!sim_is_stuck());
    end(poller);
}

TEST(a_wait_moves_time_to_the_readiness_that_comes_first) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(sim_handle_set_ready_at(handle, PORT_POLL_IN, 700), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 5000), 1);
    CHECK_EQ(sim_now_ns(), 700);
    CHECK(event.tag == tags);
    CHECK_EQ(event.events, PORT_POLL_IN);
    end(poller);
}

TEST(a_wait_goes_past_events_that_concern_nobody) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int watched = sim_handle_create();
    int other = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, watched, PORT_POLL_OUT, tags), MK_OK);
    CHECK_EQ(sim_handle_set_ready_at(other, PORT_POLL_IN, 100), MK_OK);
    CHECK_EQ(sim_handle_set_ready_at(watched, PORT_POLL_IN, 200), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 1000), 0);
    CHECK_EQ(sim_now_ns(), 1000);
    end(poller);
}

TEST(readiness_is_level_triggered) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    sim_handle_set_ready(handle, PORT_POLL_IN | PORT_POLL_OUT);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 1);
    CHECK_EQ(event.events, PORT_POLL_IN);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 1);
    sim_handle_set_ready(handle, 0);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    end(poller);
}

TEST(errors_and_hangups_are_reported_without_being_asked_for) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, 0, tags), MK_OK);
    sim_handle_set_ready(handle, PORT_POLL_IN | PORT_POLL_ERR | PORT_POLL_HUP);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 1);
    CHECK_EQ(event.events, PORT_POLL_ERR | PORT_POLL_HUP);
    end(poller);
}

TEST(change_replaces_interest_and_tag) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_change(poller, handle, PORT_POLL_IN, tags), MK_EINVAL);
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_change(poller, handle, PORT_POLL_OUT, tags + 1), MK_OK);
    sim_handle_set_ready(handle, PORT_POLL_IN | PORT_POLL_OUT);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 1);
    CHECK(event.tag == tags + 1);
    CHECK_EQ(event.events, PORT_POLL_OUT);
    end(poller);
}

TEST(a_handle_is_added_once_and_must_be_open_and_pollable) {
    port_poller_t *poller = begin(1);
    int handle = sim_handle_create();
    int plain = sim_handle_create_plain();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_EEXIST);
    CHECK_EQ(port_poller_add(poller, plain, PORT_POLL_IN, tags), MK_EPERM);
    CHECK_EQ(port_poller_add(poller, plain + 1, PORT_POLL_IN, tags), MK_EINVAL);
    CHECK_EQ(port_poller_add(poller, -1, PORT_POLL_IN, tags), MK_EINVAL);
    port_poller_remove(poller, handle);
    port_poller_remove(poller, handle);
    port_poller_remove(poller, -1);
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    end(poller);
}

TEST(a_removed_handle_is_not_reported) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int handle = sim_handle_create();
    uint32_t interest;
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(sim_handle_watchers(handle, &interest), 1);
    CHECK_EQ(interest, PORT_POLL_IN);
    sim_handle_set_ready(handle, PORT_POLL_IN);
    port_poller_remove(poller, handle);
    CHECK_EQ(sim_handle_watchers(handle, NULL), 0);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    end(poller);
}

TEST(a_destroyed_handle_leaves_pollers_and_schedule_and_its_number_returns) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int first = sim_handle_create();
    int second = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, first, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(sim_handle_set_ready_at(first, PORT_POLL_IN, 10), MK_OK);
    sim_handle_destroy(first);
    CHECK_EQ(sim_next_event_ns(), UINT64_MAX);
    CHECK_EQ(sim_handle_create(), first);
    CHECK_EQ(sim_handle_count(), 2);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 100), 0);
    CHECK_EQ(port_poller_change(poller, first, PORT_POLL_IN, tags), MK_EINVAL);
    sim_handle_destroy(first);
    sim_handle_destroy(second);
    CHECK_EQ(sim_handle_count(), 0);
    CHECK_EQ(sim_handle_set_ready_at(first, PORT_POLL_IN, 10), MK_EINVAL);
    end(poller);
}

/* The order in which eight handles, ready at once, are reported by `cap` at a time. */
static uint64_t order_of_ready(uint64_t seed, size_t cap) {
    port_poller_t *poller = begin(seed);
    int handles[HANDLES];
    for (int i = 0; i < HANDLES; i++) {
        handles[i] = sim_handle_create();
        CHECK_EQ(port_poller_add(poller, handles[i], PORT_POLL_IN, tags + i), MK_OK);
        sim_handle_set_ready(handles[i], PORT_POLL_IN);
    }
    uint64_t order = 0;
    unsigned seen = 0;
    while (seen != 0xffu) {
        port_event_t events[HANDLES];
        size_t count = port_poller_wait(poller, events, cap, 0);
        CHECK(count > 0 && count <= cap);
        for (size_t i = 0; i < count; i++) {
            size_t which = (size_t)((char *)events[i].tag - tags);
            CHECK((seen & 1u << which) == 0);
            seen |= 1u << which;
            order = order * HANDLES + which;
            sim_handle_set_ready(handles[which], 0);
        }
    }
    end(poller);
    return order;
}

TEST(ready_handles_come_in_an_order_the_seed_chooses) {
    CHECK_EQ(order_of_ready(3, HANDLES), order_of_ready(3, HANDLES));
    CHECK(order_of_ready(3, HANDLES) != order_of_ready(4, HANDLES));
    CHECK_EQ(order_of_ready(3, 1), order_of_ready(3, 1));
    CHECK(order_of_ready(3, 1) != order_of_ready(4, 1));
    CHECK_EQ(order_of_ready(3, 3), order_of_ready(3, 3));
}

TEST(with_little_room_no_ready_handle_is_starved) {
    port_poller_t *poller = begin(1);
    port_event_t events[2];
    unsigned times[HANDLES] = {0};
    for (int i = 0; i < HANDLES; i++) {
        int handle = sim_handle_create();
        CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags + i), MK_OK);
        sim_handle_set_ready(handle, PORT_POLL_IN);
    }
    for (int round = 0; round < 400; round++) {
        CHECK_EQ(port_poller_wait(poller, events, 2, 0), 2);
        CHECK(events[0].tag != events[1].tag);
        times[(char *)events[0].tag - tags]++;
        times[(char *)events[1].tag - tags]++;
    }
    for (int i = 0; i < HANDLES; i++)
        CHECK(times[i] >= 50 && times[i] <= 150); /* 100 on average */
    end(poller);
}

TEST(a_wake_ends_one_wait_at_once) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    port_poller_wake(poller);
    port_poller_wake(poller);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 5000), 0);
    CHECK_EQ(sim_now_ns(), 0);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 5000), 0);
    CHECK_EQ(sim_now_ns(), 5000);
    end(poller);
}

TEST(a_wake_does_not_hide_what_is_ready) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    sim_handle_set_ready(handle, PORT_POLL_IN);
    port_poller_wake(poller);
    CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 1);
    end(poller);
}

static void wake(void *poller) {
    port_poller_wake(poller);
}

TEST(a_scheduled_call_may_wake_the_wait_that_runs_it) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    CHECK_EQ(sim_call_at(300, wake, poller), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
    CHECK_EQ(sim_now_ns(), 300);
    CHECK(!sim_is_stuck());
    end(poller);
}

TEST(waiting_for_ever_for_nothing_is_noticed) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
    CHECK(sim_is_stuck());
    CHECK_EQ(sim_now_ns(), 0);
    sim_reset(1);
    CHECK(!sim_is_stuck());
    end(poller);
}

static void make_ready(void *handle) {
    sim_handle_set_ready(*(int *)handle, PORT_POLL_IN);
}

TEST(a_stuck_world_may_be_helped_on) {
    port_poller_t *poller = begin(1);
    port_event_t event;
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    sim_on_stuck(make_ready, &handle);
    CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
    CHECK(sim_is_stuck());
    CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 1);
    end(poller);
}

TEST(one_handle_may_be_in_several_pollers) {
    port_poller_t *poller = begin(1);
    port_poller_t *other = port_poller_open();
    port_event_t event;
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_add(other, handle, PORT_POLL_OUT, tags + 1), MK_OK);
    sim_handle_set_ready(handle, PORT_POLL_OUT);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    CHECK_EQ(port_poller_wait(other, &event, 1, 0), 1);
    CHECK(event.tag == tags + 1);
    uint32_t interest;
    CHECK_EQ(sim_handle_watchers(handle, &interest), 2);
    CHECK_EQ(interest, PORT_POLL_IN | PORT_POLL_OUT);
    port_poller_close(other);
    CHECK_EQ(sim_handle_watchers(handle, NULL), 1);
    end(poller);
}

TEST(a_wait_without_room_reports_nothing) {
    port_poller_t *poller = begin(1);
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    sim_handle_set_ready(handle, PORT_POLL_IN);
    CHECK_EQ(port_poller_wait(poller, NULL, 0, 0), 0);
    end(poller);
}

static void open_and_add(void *arg) {
    (void)arg;
    sim_reset(1);
    port_poller_t *poller = port_poller_open();
    int handles[3];
    for (int i = 0; poller != NULL && i < 3; i++) {
        port_event_t event;
        handles[i] = sim_handle_create();
        if (handles[i] < 0) {
            CHECK_EQ(handles[i], MK_ENOMEM);
            continue;
        }
        int result = port_poller_add(poller, handles[i], PORT_POLL_IN, tags);
        if (result != MK_OK) CHECK_EQ(result, MK_ENOMEM);
        sim_handle_set_ready(handles[i], PORT_POLL_IN);
        CHECK_EQ(port_poller_wait(poller, &event, 1, 0), result == MK_OK ? 1 : 0);
        sim_handle_set_ready(handles[i], 0);
    }
    port_poller_close(poller);
    sim_reset(1);
}

TEST(a_poller_survives_each_failed_allocation) {
    test_each_alloc_failure(open_and_add, NULL);
}

TEST(port_calls_fail_when_told) {
    sim_reset(1);
    sim_fail_port_at(1, false);
    CHECK(port_poller_open() == NULL);
    CHECK(sim_fail_port_hit());
    port_poller_t *poller = port_poller_open();
    CHECK(poller != NULL);
    int handle = sim_handle_create();
    sim_fail_port_at(2, false);
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    CHECK(!sim_fail_port_hit());
    port_poller_remove(poller, handle);
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_ENOMEM);
    CHECK(sim_fail_port_hit());
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    port_poller_remove(poller, handle);
    sim_fail_port_at(1, true);
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_ENOMEM);
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_ENOMEM);
    sim_fail_port_at(0, false);
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, tags), MK_OK);
    end(poller);
}

TEST_TABLE(
    sim_poller, TEST_ROW(a_wait_moves_time_to_its_deadline),
    TEST_ROW(a_wait_moves_time_to_the_readiness_that_comes_first),
    TEST_ROW(a_wait_goes_past_events_that_concern_nobody),
    TEST_ROW(readiness_is_level_triggered),
    TEST_ROW(errors_and_hangups_are_reported_without_being_asked_for),
    TEST_ROW(change_replaces_interest_and_tag),
    TEST_ROW(a_handle_is_added_once_and_must_be_open_and_pollable),
    TEST_ROW(a_removed_handle_is_not_reported),
    TEST_ROW(a_destroyed_handle_leaves_pollers_and_schedule_and_its_number_returns),
    TEST_ROW(ready_handles_come_in_an_order_the_seed_chooses),
    TEST_ROW(with_little_room_no_ready_handle_is_starved),
    TEST_ROW(a_wake_ends_one_wait_at_once),
    TEST_ROW(a_wake_does_not_hide_what_is_ready),
    TEST_ROW(a_scheduled_call_may_wake_the_wait_that_runs_it),
    TEST_ROW(waiting_for_ever_for_nothing_is_noticed),
    TEST_ROW(a_stuck_world_may_be_helped_on),
    TEST_ROW(one_handle_may_be_in_several_pollers),
    TEST_ROW(a_wait_without_room_reports_nothing),
    TEST_ROW(a_poller_survives_each_failed_allocation),
    TEST_ROW(port_calls_fail_when_told))
