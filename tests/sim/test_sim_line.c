/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts and lines: what passes between two machines when, and what is silent. */
#include "support/test.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/poller.h"
#include "sim/sim.h"

#include <string.h>

#define MS UINT64_C(1000000)

enum { PORT = 4000 };

/* A stream from host 1 to host 2, and a listener there. */
static int listener, near, far;

static port_address_t address_of(unsigned host) {
    port_address_t address = {.family = PORT_FAMILY_INET, .port = PORT};
    const uint8_t bytes[] = {127, 0, 0, (uint8_t)host};
    memcpy(address.bytes, bytes, sizeof bytes);
    return address;
}

static void set_hosts(uint64_t seed) {
    sim_reset(seed);
    for (unsigned host = 1; host <= 3; host++) {
        port_address_t address = address_of(host);
        sim_host_set_address(host, &address);
    }
    port_address_t at = address_of(2);
    sim_host_enter(2);
    listener = port_socket_listen(&at, 5);
    CHECK(listener >= 0);
}

static void begin_connect(void) {
    port_address_t at = address_of(2);
    sim_host_enter(1);
    near = port_socket_connect(&at);
    CHECK(near >= 0);
}

static void accept_it(void) {
    port_address_t from;
    sim_host_enter(2);
    far = port_socket_accept(listener, &from);
    CHECK(far >= 0);
    CHECK_EQ(from.bytes[3], 1);
    CHECK_EQ(port_socket_connected(near), MK_OK);
}

static void open_stream(uint64_t seed) {
    set_hosts(seed);
    begin_connect();
    sim_advance(2000 * MS);
    accept_it();
}

static int say(int handle, const char *text) {
    port_slice_t slice = {text, strlen(text)};
    return port_socket_write(handle, &slice, 1);
}

/* What a socket says when it is read. */
static int hear(int handle, const char *text) {
    char bytes[64];
    int got = port_socket_read(handle, bytes, sizeof bytes);
    if (got > 0) CHECK_MEM(bytes, text, strlen(text));
    return got;
}

TEST(line_takes_its_time_each_way) {
    set_hosts(1);
    sim_line_set(1, 2, (sim_line_t){.delay_ns = 10 * MS});
    sim_line_set(2, 1, (sim_line_t){.delay_ns = 30 * MS});
    begin_connect();
    sim_advance(39 * MS);
    CHECK_EQ(port_socket_connected(near), MK_EAGAIN);
    sim_advance(1 * MS);
    accept_it();
    CHECK_EQ(say(near, "out"), 3);
    CHECK_EQ(say(far, "back"), 4);
    sim_advance(9 * MS);
    CHECK_EQ(hear(far, ""), MK_EAGAIN);
    sim_advance(1 * MS);
    CHECK_EQ(hear(far, "out"), 3);
    sim_advance(19 * MS);
    CHECK_EQ(hear(near, ""), MK_EAGAIN);
    sim_advance(1 * MS);
    CHECK_EQ(hear(near, "back"), 4);
    sim_reset(1);
}

TEST(line_that_is_slow_is_busy) {
    open_stream(1);
    sim_line_set(1, 2, (sim_line_t){.bytes_per_s = 1000});
    CHECK_EQ(say(near, "0123456789"), 10); /* 10 ms */
    CHECK_EQ(say(near, "0123456789"), 10);
    sim_advance(10 * MS);
    CHECK_EQ(hear(far, "0123456789"), 10);
    CHECK_EQ(hear(far, ""), MK_EAGAIN);
    sim_advance(10 * MS);
    CHECK_EQ(hear(far, "0123456789"), 10);
    sim_reset(1);
}

TEST(line_with_jitter_keeps_the_order_of_a_stream) {
    unsigned late = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        char all[64] = "";
        size_t size = 0;
        open_stream(seed);
        sim_line_set(1, 2, (sim_line_t){.jitter_ns = 50 * MS});
        for (int i = 0; i < 10; i++) {
            const char text[] = {(char)('0' + i), '\0'};
            CHECK_EQ(say(near, text), 1);
        }
        for (int ms = 0; ms < 51; ms++) {
            sim_advance(MS);
            int got = port_socket_read(far, all + size, sizeof all - size);
            if (got > 0) size += (size_t)got;
            if (size > 0 && size < 10) late++;
        }
        CHECK_EQ(size, 10);
        CHECK_MEM(all, "0123456789", 10);
    }
    CHECK(late > 0);
    sim_reset(1);
}

static void do_nothing(void *arg) {
    (void)arg;
}

/* An end that cannot be scheduled comes early, and yet not before what was sent. */
TEST(line_keeps_the_end_behind_the_bytes_when_memory_is_short) {
    open_stream(1);
    sim_line_set(1, 2, (sim_line_t){.delay_ns = 10 * MS});
    CHECK_EQ(say(near, "last"), 4);
    mk_alloc_fail_at(1, true);
    while (sim_call_at(60 * 60 * 1000 * MS, do_nothing, NULL) == MK_OK) {
    }
    CHECK_EQ(port_socket_finish(near), MK_OK);
    mk_alloc_fail_at(0, false);
    CHECK_EQ(sim_handle_ready(far) & PORT_POLL_IN, 0);
    CHECK_EQ(hear(far, ""), MK_EAGAIN);
    sim_advance(10 * MS);
    CHECK_EQ(hear(far, "last"), 4);
    CHECK_EQ(hear(far, ""), MK_EEND);
    sim_reset(1);
}

TEST(line_that_is_cut_is_silent_and_repeats_when_it_is_mended) {
    open_stream(1);
    sim_line_cut(1, 2, true);
    CHECK_EQ(say(near, "lost?"), 5);
    CHECK_EQ(say(far, "heard"), 5); /* the other direction */
    CHECK_EQ(hear(near, "heard"), 5);
    port_socket_close(near);
    sim_advance(60000 * MS);
    CHECK_EQ(hear(far, ""), MK_EAGAIN);
    CHECK_EQ(sim_handle_ready(far) & PORT_POLL_IN, 0);
    sim_line_cut(1, 2, false);
    CHECK_EQ(hear(far, "lost?"), 5);
    CHECK_EQ(hear(far, ""), MK_EEND);
    sim_reset(1);
}

TEST(line_that_is_cut_holds_a_window_and_no_more) {
    open_stream(1);
    sim_net_set_window(8);
    sim_line_cut(1, 2, true);
    CHECK_EQ(say(near, "0123456789"), 8);
    CHECK_EQ(say(near, "89"), MK_EAGAIN);
    CHECK_EQ(sim_handle_ready(near) & PORT_POLL_OUT, 0);
    sim_reset(1);
}

TEST(line_that_is_cut_lets_nobody_connect) {
    set_hosts(1);
    sim_line_cut(2, 1, true);
    begin_connect();
    sim_advance(5000 * MS);
    CHECK_EQ(port_socket_connected(near), MK_EAGAIN);
    sim_line_cut(2, 1, false);
    accept_it();
    sim_reset(1);
}

TEST(line_reset_ends_both_sides) {
    open_stream(1);
    CHECK_EQ(sim_line_reset(1, 3), 0);
    CHECK_EQ(sim_line_reset(2, 1), 1);
    CHECK_EQ(hear(near, ""), MK_ECLOSED);
    CHECK_EQ(hear(far, ""), MK_ECLOSED);
    sim_reset(1);
}

TEST(host_that_is_killed_resets_its_streams) {
    open_stream(1);
    sim_line_set(1, 2, (sim_line_t){.delay_ns = 5 * MS});
    sim_host_kill(1);
    CHECK_EQ(hear(near, ""), MK_ECLOSED);
    CHECK_EQ(hear(far, ""), MK_EAGAIN);
    sim_advance(5 * MS);
    CHECK_EQ(hear(far, ""), MK_ECLOSED);
    sim_reset(1);
}

TEST(host_without_power_is_silent_until_it_is_back) {
    open_stream(1);
    sim_line_set(1, 2, (sim_line_t){.delay_ns = 5 * MS});
    CHECK_EQ(say(near, "gone"), 4);
    sim_host_set_power(1, false);
    port_socket_close(near);
    sim_advance(1000 * MS);
    CHECK_EQ(hear(far, ""), MK_EAGAIN);
    CHECK_EQ(say(far, "hello?"), 6);
    CHECK_EQ(hear(far, ""), MK_EAGAIN);
    sim_host_set_power(1, true);
    CHECK_EQ(hear(far, ""), MK_ECLOSED); /* "hello?" was answered with a reset */
    sim_reset(1);
}

TEST(line_datagrams_overtake_each_other_and_are_lost_in_a_cut) {
    sim_reset(1);
    port_address_t at = address_of(2), from = address_of(1);
    sim_host_enter(2);
    int to = port_udp_open(&at);
    sim_host_enter(1);
    int out = port_udp_open(&from);
    CHECK(to >= 0 && out >= 0);
    sim_line_set(1, 2, (sim_line_t){.delay_ns = 20 * MS});
    CHECK_EQ(port_udp_send(out, &at, "a", 1), MK_OK);
    sim_line_set(1, 2, (sim_line_t){.delay_ns = 10 * MS});
    CHECK_EQ(port_udp_send(out, &at, "b", 1), MK_OK);
    sim_line_cut(1, 2, true);
    CHECK_EQ(port_udp_send(out, &at, "c", 1), MK_OK);
    sim_line_cut(1, 2, false);
    char byte = 0;
    sim_advance(10 * MS);
    CHECK_EQ(port_udp_receive(to, NULL, &byte, 1), 1);
    CHECK_EQ(byte, 'b');
    CHECK_EQ(port_udp_receive(to, NULL, &byte, 1), MK_EAGAIN);
    sim_advance(10 * MS);
    CHECK_EQ(port_udp_receive(to, NULL, &byte, 1), 1);
    CHECK_EQ(byte, 'a');
    CHECK_EQ(port_udp_receive(to, NULL, &byte, 1), MK_EAGAIN);
    sim_reset(1);
}

static void note_wait(void *arg, uint64_t deadline_ns) {
    *(uint64_t *)arg = deadline_ns;
}

TEST(host_has_a_turn_when_its_loop_has_something_to_do) {
    port_event_t event;
    uint64_t told_ns = 0;
    sim_reset(1);
    sim_on_wait(note_wait, &told_ns);
    sim_host_enter(2);
    port_poller_t *poller = port_poller_open();
    CHECK(poller != NULL);
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, poller), MK_OK);
    CHECK(!sim_host_is_ready(2));
    CHECK_EQ(port_poller_wait(poller, &event, 1, 700), 0);
    CHECK_EQ(told_ns, 700);
    CHECK_EQ(sim_now_ns(), 0); /* no time has passed */
    sim_handle_set_ready(handle, PORT_POLL_IN);
    CHECK(sim_host_is_ready(2));
    CHECK(!sim_host_is_ready(1));
    sim_handle_set_ready(handle, 0);
    port_poller_wake(poller);
    CHECK(sim_host_is_ready(2));
    CHECK_EQ(port_poller_wait(poller, &event, 1, 700), 0);
    CHECK(!sim_host_is_ready(2));
    port_poller_close(poller);
    sim_reset(1);
}

TEST_TABLE(sim_line, TEST_ROW(line_takes_its_time_each_way),
           TEST_ROW(line_that_is_slow_is_busy),
           TEST_ROW(line_with_jitter_keeps_the_order_of_a_stream),
           TEST_ROW(line_keeps_the_end_behind_the_bytes_when_memory_is_short),
           TEST_ROW(line_that_is_cut_is_silent_and_repeats_when_it_is_mended),
           TEST_ROW(line_that_is_cut_holds_a_window_and_no_more),
           TEST_ROW(line_that_is_cut_lets_nobody_connect),
           TEST_ROW(line_reset_ends_both_sides),
           TEST_ROW(host_that_is_killed_resets_its_streams),
           TEST_ROW(host_without_power_is_silent_until_it_is_back),
           TEST_ROW(line_datagrams_overtake_each_other_and_are_lost_in_a_cut),
           TEST_ROW(host_has_a_turn_when_its_loop_has_something_to_do))
