/* SPDX-License-Identifier: Apache-2.0 */
#include "app/loopback.h"
#include "support/test.h"

#include "microkernel/error.h"
#include "port/clock.h"
#include "port/poller.h"
#include "port/terminal.h"

static char tags[4];

static port_poller_t *begin(void) {
    loopback_drain();
    port_poller_t *poller = port_poller_open();
    CHECK(poller != NULL);
    return poller;
}

static uint64_t in_ms(uint64_t ms) {
    return port_clock_monotonic_ns() + ms * 1000000u;
}

TEST(a_look_returns_at_once) {
    port_poller_t *poller = begin();
    port_event_t event;
    CHECK_EQ(port_poller_add(poller, PORT_STDIN, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    port_poller_close(poller);
}

TEST(a_wait_does_not_end_before_its_deadline) {
    port_poller_t *poller = begin();
    port_event_t event;
    CHECK_EQ(port_poller_add(poller, PORT_STDIN, PORT_POLL_IN, tags), MK_OK);
    for (uint64_t ms = 0; ms < 4; ms++) {
        uint64_t deadline_ns = in_ms(ms);
        CHECK_EQ(port_poller_wait(poller, &event, 1, deadline_ns), 0);
        CHECK(port_clock_monotonic_ns() >= deadline_ns);
    }
    port_poller_close(poller);
}

TEST(input_is_reported_as_long_as_it_waits) {
    port_poller_t *poller = begin();
    port_event_t event;
    CHECK_EQ(port_poller_add(poller, PORT_STDIN, PORT_POLL_IN, tags), MK_OK);
    loopback_type("x", 1);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 1);
        CHECK(event.tag == tags);
        CHECK_EQ(event.events, PORT_POLL_IN);
    }
    loopback_drain();
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    port_poller_close(poller);
}

TEST(the_output_has_room_and_interest_and_tag_can_be_changed) {
    port_poller_t *poller = begin();
    port_event_t event;
    CHECK_EQ(port_poller_change(poller, PORT_STDOUT, 0, tags), MK_EINVAL);
    CHECK_EQ(port_poller_add(poller, PORT_STDOUT, 0, tags), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    CHECK_EQ(port_poller_change(poller, PORT_STDOUT, PORT_POLL_OUT, tags + 1), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 1);
    CHECK(event.tag == tags + 1);
    CHECK_EQ(event.events, PORT_POLL_OUT);
    port_poller_close(poller);
}

TEST(room_for_output_wakes_who_waits_for_it) {
    port_poller_t *poller = begin();
    port_event_t event;
    CHECK_EQ(port_poller_add(poller, PORT_STDOUT, PORT_POLL_OUT, tags), MK_OK);
    size_t reports = 0;
    loopback_open();
    for (int i = 0; i < 100; i++) {
        virt__uart_write((const uint8_t *)"x", 1, false);
        reports += port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER);
    }
    loopback_close();
    loopback_drain();
    CHECK_EQ(reports, 100);
    port_poller_close(poller);
}

TEST(no_more_events_are_written_than_fit) {
    port_poller_t *poller = begin();
    port_event_t events[2] = {{NULL, 0}, {NULL, 0}};
    CHECK_EQ(port_poller_add(poller, PORT_STDIN, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_add(poller, PORT_STDOUT, PORT_POLL_OUT, tags + 1), MK_OK);
    loopback_type("x", 1);
    CHECK_EQ(port_poller_wait(poller, events, 1, PORT_WAIT_FOR_EVER), 1);
    CHECK(events[1].tag == NULL);
    CHECK_EQ(port_poller_wait(poller, events, 2, PORT_WAIT_FOR_EVER), 2);
    loopback_drain();
    port_poller_close(poller);
}

TEST(what_cannot_be_waited_for_is_refused_by_name) {
    port_poller_t *poller = begin();
    CHECK_EQ(port_poller_add(poller, -1, PORT_POLL_IN, tags), MK_EINVAL);
    CHECK_EQ(port_poller_add(poller, 2, PORT_POLL_IN, tags), MK_EINVAL);
    CHECK_EQ(port_poller_add(poller, PORT_STDIN, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_add(poller, PORT_STDIN, PORT_POLL_IN, tags), MK_EEXIST);
    port_poller_close(poller);
}

TEST(a_removed_handle_is_not_reported) {
    port_poller_t *poller = begin();
    port_event_t event;
    CHECK_EQ(port_poller_add(poller, PORT_STDOUT, PORT_POLL_OUT, tags), MK_OK);
    port_poller_remove(poller, PORT_STDOUT);
    port_poller_remove(poller, PORT_STDOUT);
    port_poller_remove(poller, 99);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    CHECK_EQ(port_poller_add(poller, PORT_STDOUT, 0, tags), MK_OK);
    port_poller_close(poller);
}

TEST(wakes_that_meet_are_one) {
    port_poller_t *poller = begin();
    port_event_t event;
    port_poller_wake(poller);
    port_poller_wake(poller);
    CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
    uint64_t deadline_ns = in_ms(1);
    CHECK_EQ(port_poller_wait(poller, &event, 1, deadline_ns), 0);
    CHECK(port_clock_monotonic_ns() >= deadline_ns);
    port_poller_close(poller);
}

static void open_and_close(void *arg) {
    (void)arg;
    port_poller_close(port_poller_open());
}

TEST(no_memory_is_a_clean_failure) {
    test_each_alloc_failure(open_and_close, NULL);
}

TEST_TABLE(poller, TEST_ROW(a_look_returns_at_once),
           TEST_ROW(a_wait_does_not_end_before_its_deadline),
           TEST_ROW(input_is_reported_as_long_as_it_waits),
           TEST_ROW(the_output_has_room_and_interest_and_tag_can_be_changed),
           TEST_ROW(room_for_output_wakes_who_waits_for_it),
           TEST_ROW(no_more_events_are_written_than_fit),
           TEST_ROW(what_cannot_be_waited_for_is_refused_by_name),
           TEST_ROW(a_removed_handle_is_not_reported),
           TEST_ROW(wakes_that_meet_are_one), TEST_ROW(no_memory_is_a_clean_failure))
