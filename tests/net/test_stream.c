/* SPDX-License-Identifier: Apache-2.0 */
/* Streams on a hostile network: cut, delayed, reset in every state. Whatever happens,
 * all bytes arrive in order or the end is told, once. */
#include "net/net_stage.h"
#include "support/hostile_net.h"

#include "sim/sim.h"

enum { NS_PER_MS = 1000000, SAID = 3000, PATIENCE = 20000 };

static uint8_t speech[SAID];

static void write_speech(void) {
    for (size_t i = 0; i < sizeof speech; i++)
        speech[i] = (uint8_t)(i * 7 + i / 251);
}

/* A client says `size` bytes to an echo and finishes; true: all went well. What must
 * hold otherwise is checked here. */
static bool talk(size_t size) {
    pair_t pair;
    memset(&pair, 0, sizeof pair);
    write_speech();
    pair.client.say = speech;
    pair.client.say_size = size;
    pair.server.is_echo = true;
    port_address_t at = address_loopback(4000);
    bool was_begun = pair_start(&pair, "127.0.0.1", 0, &at);
    bool is_good = was_begun;
    if (is_good) is_good = stage_run(&pair.stage, pair_is_over, &pair, PATIENCE);
    CHECK_EQ(pair.answers, was_begun ? 1 : 0);
    CHECK(pair.client.outcomes <= 1);
    CHECK(pair.server.outcomes <= 1);
    is_good = is_good && pair.is_connected && pair.client.fault == MK_OK &&
              pair.server.fault == MK_OK;
    if (is_good) {
        CHECK_EQ(pair.client.outcomes, 1);
        CHECK_EQ(pair.server.outcomes, 1);
        CHECK_EQ(pair.client.heard, size);
        CHECK_EQ(pair.client.sum, talker_sum(0, speech, size));
    }
    pair_stop(&pair);
    return is_good;
}

TEST(an_echo_comes_back_whole) {
    sim_reset(1);
    CHECK(talk(1));
    CHECK(talk(SAID));
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(byte_by_byte) {
    sim_reset(1);
    sim_net_set_read_max(1);
    CHECK(talk(SAID));
    sim_net_set_write_max(1);
    CHECK(talk(500));
    sim_net_set_read_max(SIZE_MAX);
    CHECK(talk(500));
    sim_reset(1);
}

TEST(split_at_every_offset) {
    sim_reset(1);
    for (size_t at = 1; at < 700; at++) {
        sim_net_set_split(at);
        CHECK(talk(700));
    }
    sim_reset(1);
}

TEST(random_parts_hiccups_delays_and_small_windows) {
    for (uint64_t seed = 1; seed <= 60; seed++)
        CHECK(talk(hostile_net_begin(seed) ? SAID : 300));
    sim_reset(1);
}

static bool talk_of_60(void) {
    return talk(60);
}

TEST(reset_at_every_byte_is_told_once_to_both) {
    hostile_net_reset_each(talk_of_60, 2 * 60, 7);
}

static bool talk_of_500(void) {
    return talk(500);
}

TEST(every_call_of_the_port_may_fail_once_or_for_ever) {
    hostile_net_fail_each(talk_of_500, 20, 100);
}

static void talk_once(void *unused) {
    (void)unused;
    sim_reset(1);
    (void)talk(200);
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(talk_once, NULL);
}

/* --- what is told, and when --- */

typedef struct {
    stage_t stage;
    talker_t talker;
    int peer; /* the test's own end, past the runtime */
} solo_t;

/* A talker connected to a socket that the test plays itself. */
static void solo_open(solo_t *solo) {
    memset(solo, 0, sizeof *solo);
    sim_reset(1);
    CHECK(stage_open(&solo->stage));
    port_address_t at = address_loopback(4000);
    int listener = port_socket_listen(&at, 8);
    CHECK(listener >= 0);
    int handle = port_socket_connect(&at);
    CHECK(handle >= 0);
    CHECK_EQ(port_socket_connected(handle), MK_OK);
    solo->peer = port_socket_accept(listener, NULL);
    CHECK(solo->peer >= 0);
    port_socket_close(listener);
    solo->talker.keeps_quiet = true;
    talker_start(&solo->talker, solo->stage.rt, handle);
    CHECK(solo->talker.is_open);
}

static void solo_close(solo_t *solo) {
    stream_abort(solo->stage.rt, &solo->talker.stream);
    stage_close(&solo->stage);
    port_socket_close(solo->peer);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

static void pass(solo_t *solo, unsigned ticks) {
    (void)stage_run(&solo->stage, NULL, NULL, ticks);
}

TEST(a_reset_is_told_although_nothing_is_wanted) {
    solo_t solo;
    solo_open(&solo);
    CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, 0), MK_OK);
    sim_net_reset(solo.peer);
    pass(&solo, 5);
    CHECK_EQ(solo.talker.outcomes, 1);
    CHECK_EQ(solo.talker.fault, MK_ECLOSED);
    CHECK_STR(solo.talker.fault_text, "reset by the other side");
    solo_close(&solo);
}

TEST(a_reset_is_told_by_reading_and_by_writing) {
    for (int writes = 0; writes < 2; writes++) {
        solo_t solo;
        solo_open(&solo);
        unsigned wanted = writes ? STREAM_WRITE : STREAM_READ;
        sim_net_reset(solo.peer);
        if (writes) {
            uint8_t byte = 1;
            solo.talker.say = &byte;
            solo.talker.say_size = 1;
        }
        CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, wanted), MK_OK);
        pass(&solo, 5);
        CHECK_EQ(solo.talker.outcomes, 1);
        CHECK_EQ(solo.talker.fault, MK_ECLOSED);
        solo_close(&solo);
    }
}

TEST(nothing_is_read_while_nothing_is_wanted) {
    solo_t solo;
    solo_open(&solo);
    CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, 0), MK_OK);
    port_slice_t hello = {"hello", 5};
    CHECK_EQ(port_socket_write(solo.peer, &hello, 1), 5);
    CHECK_EQ(port_socket_finish(solo.peer), MK_OK);
    pass(&solo, 5);
    CHECK_EQ(solo.talker.heard, 0);
    CHECK_EQ(solo.talker.outcomes, 0);
    CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, STREAM_READ), MK_OK);
    pass(&solo, 5);
    CHECK_EQ(solo.talker.heard, 5);
    CHECK(solo.talker.has_ended);
    solo_close(&solo);
}

TEST(the_end_does_not_spin_and_writing_goes_on) {
    solo_t solo;
    solo_open(&solo);
    CHECK_EQ(port_socket_finish(solo.peer), MK_OK);
    pass(&solo, 5);
    CHECK(solo.talker.has_ended);
    uint64_t polls = runtime_counters(solo.stage.rt).polls;
    pass(&solo, 100);
    CHECK(runtime_counters(solo.stage.rt).polls - polls < 250);
    CHECK_EQ(stream_write(solo.stage.rt, &solo.talker.stream, "late", 4), 4);
    char heard[8];
    CHECK_EQ(port_socket_read(solo.peer, heard, sizeof heard), 4);
    CHECK_EQ(stream_read(solo.stage.rt, &solo.talker.stream, heard, 1), MK_EEND);
    solo_close(&solo);
}

/* Both directions over: a poller tells that without being asked. */
TEST(a_hang_up_does_not_spin_and_is_no_fault) {
    solo_t solo;
    solo_open(&solo);
    CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, 0), MK_OK);
    CHECK_EQ(stream_finish(solo.stage.rt, &solo.talker.stream), MK_OK);
    port_slice_t bye = {"bye", 3};
    CHECK_EQ(port_socket_write(solo.peer, &bye, 1), 3);
    CHECK_EQ(port_socket_finish(solo.peer), MK_OK);
    uint64_t polls = runtime_counters(solo.stage.rt).polls;
    pass(&solo, 100);
    CHECK(runtime_counters(solo.stage.rt).polls - polls < 250);
    CHECK_EQ(solo.talker.outcomes, 0);
    CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, STREAM_READ), MK_OK);
    pass(&solo, 5);
    CHECK_EQ(solo.talker.heard, 3);
    CHECK(solo.talker.has_ended);
    CHECK_EQ(solo.talker.fault, MK_OK);
    solo_close(&solo);
}

TEST(a_broken_stream_says_the_same_to_every_call) {
    solo_t solo;
    solo_open(&solo);
    sim_net_reset(solo.peer);
    char byte;
    stream_t *stream = &solo.talker.stream;
    CHECK_EQ(stream_read(solo.stage.rt, stream, &byte, 1), MK_ECLOSED);
    CHECK_EQ(stream_read(solo.stage.rt, stream, &byte, 1), MK_ECLOSED);
    CHECK_EQ(stream_write(solo.stage.rt, stream, "x", 1), MK_ECLOSED);
    CHECK_EQ(stream_want(solo.stage.rt, stream, STREAM_READ), MK_ECLOSED);
    CHECK_EQ(stream_finish(solo.stage.rt, stream), MK_ECLOSED);
    pass(&solo, 5);
    CHECK_EQ(solo.talker.outcomes, 0); /* the call has told it */
    char text[STREAM_PEER_MAX];
    CHECK_STR(stream_peer(stream, text, sizeof text), "?");
    stream_close(solo.stage.rt, stream);
    stream_close(solo.stage.rt, stream);
    CHECK_EQ(stream_read(solo.stage.rt, stream, &byte, 1), MK_ESTATE);
    solo_close(&solo);
}

TEST(the_peer_is_shown) {
    solo_t solo;
    solo_open(&solo);
    char text[STREAM_PEER_MAX];
    CHECK_STR(stream_peer(&solo.talker.stream, text, sizeof text), "127.0.0.1:4000");
    solo_close(&solo);
}

/* --- closing --- */

/* The peer still sends while we answer and close: a reset would eat the answer. */
TEST(the_last_answer_is_not_lost_to_a_reset) {
    solo_t solo;
    solo_open(&solo);
    CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, 0), MK_OK);
    port_slice_t more = {"more than you wanted", 20};
    CHECK_EQ(port_socket_write(solo.peer, &more, 1), 20);
    CHECK_EQ(stream_write(solo.stage.rt, &solo.talker.stream, "413", 3), 3);
    stream_close(solo.stage.rt, &solo.talker.stream);
    CHECK_EQ(port_socket_write(solo.peer, &more, 1), 20);
    pass(&solo, 3);
    char heard[8];
    CHECK_EQ(port_socket_read(solo.peer, heard, sizeof heard), 3);
    CHECK_EQ(port_socket_read(solo.peer, heard, sizeof heard), MK_EEND);
    CHECK_EQ(sim_handle_count(), 2);
    port_socket_close(solo.peer);
    solo.peer = -1;
    pass(&solo, 3);
    CHECK_EQ(sim_handle_count(), 0);
    solo_close(&solo);
}

TEST(a_peer_that_never_finishes_holds_a_closed_stream_for_two_seconds) {
    solo_t solo;
    solo_open(&solo);
    stream_close(solo.stage.rt, &solo.talker.stream);
    pass(&solo, MK_STREAM_LINGER_MS - 2);
    CHECK_EQ(sim_handle_count(), 2);
    pass(&solo, 4);
    CHECK_EQ(sim_handle_count(), 1);
    solo_close(&solo);
}

TEST(after_the_end_of_the_peer_closing_is_at_once) {
    solo_t solo;
    solo_open(&solo);
    CHECK_EQ(port_socket_finish(solo.peer), MK_OK);
    pass(&solo, 3);
    CHECK(solo.talker.has_ended);
    stream_close(solo.stage.rt, &solo.talker.stream);
    CHECK_EQ(sim_handle_count(), 1);
    solo_close(&solo);
}

TEST(an_abort_is_seen_as_a_reset) {
    solo_t solo;
    solo_open(&solo);
    stream_abort(solo.stage.rt, &solo.talker.stream);
    char heard[8];
    CHECK_EQ(port_socket_read(solo.peer, heard, sizeof heard), MK_ECLOSED);
    solo_close(&solo);
}

TEST(a_runtime_that_ends_takes_what_lingers_along) {
    solo_t solo;
    solo_open(&solo);
    stream_close(solo.stage.rt, &solo.talker.stream);
    CHECK_EQ(sim_handle_count(), 2);
    stage_close(&solo.stage);
    CHECK_EQ(sim_handle_count(), 1);
    port_socket_close(solo.peer);
    sim_reset(1);
}

TEST(an_idle_stream_is_small) {
    CHECK(sizeof(stream_t) <= 64);
    CHECK(sizeof(deadline_t) <= 40);
}

TEST_TABLE(stream, TEST_ROW(an_echo_comes_back_whole), TEST_ROW(byte_by_byte),
           TEST_ROW(split_at_every_offset),
           TEST_ROW(random_parts_hiccups_delays_and_small_windows),
           TEST_ROW(reset_at_every_byte_is_told_once_to_both),
           TEST_ROW(every_call_of_the_port_may_fail_once_or_for_ever),
           TEST_ROW(every_allocation_may_fail),
           TEST_ROW(a_reset_is_told_although_nothing_is_wanted),
           TEST_ROW(a_reset_is_told_by_reading_and_by_writing),
           TEST_ROW(nothing_is_read_while_nothing_is_wanted),
           TEST_ROW(the_end_does_not_spin_and_writing_goes_on),
           TEST_ROW(a_hang_up_does_not_spin_and_is_no_fault),
           TEST_ROW(a_broken_stream_says_the_same_to_every_call),
           TEST_ROW(the_peer_is_shown),
           TEST_ROW(the_last_answer_is_not_lost_to_a_reset),
           TEST_ROW(a_peer_that_never_finishes_holds_a_closed_stream_for_two_seconds),
           TEST_ROW(after_the_end_of_the_peer_closing_is_at_once),
           TEST_ROW(an_abort_is_seen_as_a_reset),
           TEST_ROW(a_runtime_that_ends_takes_what_lingers_along),
           TEST_ROW(an_idle_stream_is_small))
