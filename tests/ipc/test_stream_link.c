/* SPDX-License-Identifier: Apache-2.0 */
/* Links over streams: in order, whole, bounded; ended in every state. */
#include "ipc/link_stage.h"
#include "support/hostile_net.h"

#include "ipc/frame.h"
#include "ipc/stream_link.h"
#include "sim/sim.h"

enum { PATIENCE = 20000 };

typedef struct {
    stage_t stage;
    end_t a;
    end_t b;
    uint64_t rounds; /* messages that a sends to b in all */
    bool is_echoed;  /* b sends as many to a */
} duo_t;

static bool open_end(end_t *end, runtime_t *rt, int handle) {
    stream_link_spec_t spec = {.events = &end_events, .owner = end};
    return stream_link_open(rt, handle, &spec, &end->link) == MK_OK;
}

static bool duo_open(duo_t *duo, size_t size_step, size_t size_mod) {
    int handles[2];
    memset(duo, 0, sizeof *duo);
    if (!stage_open(&duo->stage)) return false;
    end_init(&duo->a, size_step, size_mod);
    end_init(&duo->b, size_step, size_mod);
    if (!socket_pair(handles, NULL)) return false;
    bool is_open = open_end(&duo->a, duo->stage.rt, handles[0]);
    if (!is_open) {
        port_socket_close(handles[1]);
        return false;
    }
    return open_end(&duo->b, duo->stage.rt, handles[1]);
}

static void duo_close(duo_t *duo) {
    if (duo->stage.rt == NULL) return;
    end_close(&duo->a, duo->stage.rt, false);
    end_close(&duo->b, duo->stage.rt, false);
    stage_close(&duo->stage);
}

static bool is_over(const end_t *end) {
    return end->link == NULL;
}

/* Sends as long as the link takes it; asked every millisecond. */
static bool talk_step(void *arg) {
    duo_t *duo = arg;
    runtime_t *rt = duo->stage.rt;
    while (!is_over(&duo->a) && duo->a.sent < duo->rounds &&
           end_send(&duo->a, rt, false) == MK_OK)
        ;
    while (duo->is_echoed && !is_over(&duo->b) && duo->b.sent < duo->rounds &&
           end_send(&duo->b, rt, false) == MK_OK)
        ;
    if (is_over(&duo->a) || is_over(&duo->b)) return true;
    return duo->b.came == duo->rounds &&
           (!duo->is_echoed || duo->a.came == duo->rounds);
}

/* `rounds` messages each way; true: all came. */
static bool talk(uint64_t rounds, size_t size_step, size_t size_mod) {
    duo_t duo;
    bool is_good = duo_open(&duo, size_step, size_mod);
    duo.rounds = rounds;
    duo.is_echoed = true;
    if (is_good) is_good = stage_run(&duo.stage, talk_step, &duo, PATIENCE);
    is_good = is_good && duo.a.downs == 0 && duo.b.downs == 0;
    if (is_good) CHECK(duo.a.came == rounds && duo.b.came == rounds);
    duo_close(&duo);
    return is_good;
}

TEST(messages_come_in_order_and_whole) {
    sim_reset(1);
    CHECK(talk(1, 0, 0));
    CHECK(talk(1000, 37, 500));
    CHECK(talk(40, 31337, 200000));
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(byte_by_byte) {
    sim_reset(1);
    sim_net_set_read_max(1);
    CHECK(talk(30, 7, 60));
    sim_net_set_write_max(1);
    CHECK(talk(20, 7, 60));
    sim_reset(1);
}

TEST(random_parts_hiccups_delays_and_small_windows) {
    for (uint64_t seed = 1; seed <= 60; seed++)
        CHECK(talk(hostile_net_begin(seed) ? 60 : 10, 29, 90));
    sim_reset(1);
}

static bool talk_of_3(void) {
    return talk(3, 1, 5);
}

TEST(a_reset_at_every_byte_is_told_once_to_both) {
    hostile_net_reset_each(talk_of_3, 2 * (3 * WIRE_HEADER_SIZE + 1 + 2), 11);
}

static bool talk_of_10(void) {
    return talk(10, 3, 40);
}

TEST(every_call_of_the_port_may_fail_once_or_for_ever) {
    hostile_net_fail_each(talk_of_10, 10, 50);
}

static void talk_once(void *unused) {
    (void)unused;
    sim_reset(1);
    (void)talk(5, 100, 333);
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(talk_once, NULL);
}

/* --- batches --- */

/* A message makes the actor send many; the look after it is the one that writes. */
typedef struct {
    duo_t *duo;
    unsigned count;
} burst_t;

static bool burst(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self, (void)msg;
    burst_t *burst = state;
    for (unsigned i = 0; i < burst->count; i++)
        CHECK_EQ(end_send(&burst->duo->a, rt, false), MK_OK);
    return true;
}

static bool all_came(void *arg) {
    const duo_t *duo = arg;
    return duo->b.came == duo->rounds;
}

TEST(many_sends_of_a_turn_are_one_write) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 0, 0));
    burst_t state = {&duo, 500};
    duo.rounds = state.count;
    actor_id_t id = actor_spawn(duo.stage.rt, burst, &state, NULL, 8);
    CHECK(actor_send(duo.stage.rt, id, 1, NULL, 0));
    sim_fail_port_at(2, false); /* 1: the write; 2: the read of the other side */
    stage_run(&duo.stage, all_came, &duo, 10);
    CHECK(sim_fail_port_hit());
    CHECK_EQ(duo.b.downs, 1); /* so the read came second, after all was written */
    CHECK_EQ(duo.b.came, 0);
    duo_close(&duo);
    sim_reset(1);
}

/* --- bounds --- */

TEST(a_peer_that_does_not_read_fills_the_link_and_no_more) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 1, 10000));
    runtime_t *rt = duo.stage.rt;
    duo.b.link->ops->pause(duo.b.link, rt, true);
    duo.rounds = UINT64_MAX;
    size_t bytes = 0;
    int result;
    while ((result = end_send(&duo.a, rt, false)) == MK_OK)
        bytes += WIRE_HEADER_SIZE + end_size(&duo.a, duo.a.sent - 1);
    CHECK_EQ(result, MK_EFULL);
    CHECK(bytes <= MK_LINK_OUTPUT_MAX + 70000); /* what the window took, too */
    CHECK(bytes > MK_LINK_OUTPUT_MAX - 10100);
    CHECK_EQ(end_send(&duo.a, rt, true), MK_OK); /* a control message goes beyond */
    CHECK_EQ(end_send(&duo.a, rt, false), MK_EFULL);
    stage_run(&duo.stage, NULL, NULL, 20);
    CHECK_EQ(duo.a.rooms, 0);
    CHECK_EQ(duo.b.came, 0);
    duo.b.link->ops->pause(duo.b.link, rt, false);
    duo.rounds = duo.a.sent;
    CHECK(stage_run(&duo.stage, all_came, &duo, PATIENCE));
    CHECK_EQ(duo.a.rooms, 1);
    duo_close(&duo);
    sim_reset(1);
}

TEST(a_message_larger_than_the_bound_goes_alone) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, MK_LINK_OUTPUT_MAX + 1000, (size_t)MK_LINK_OUTPUT_MAX + 2000));
    CHECK_EQ(end_send(&duo.a, duo.stage.rt, false), MK_OK); /* empty */
    duo.rounds = 2;
    CHECK(stage_run(&duo.stage, talk_step, &duo, PATIENCE));
    CHECK_EQ(duo.b.came, 2);
    wire_message_t giant = {.payload = "", .payload_size = MK_WIRE_PAYLOAD_MAX + 1u};
    CHECK_EQ(link_send(duo.a.link, duo.stage.rt, &giant, true), MK_ETOOBIG);
    duo_close(&duo);
    sim_reset(1);
}

TEST(a_pause_holds_at_the_very_message) {
    for (uint64_t at = 1; at <= 20; at++) {
        sim_reset(at);
        sim_net_set_random_parts(at % 2 == 0);
        duo_t duo;
        CHECK(duo_open(&duo, 11, 100));
        duo.rounds = 40;
        duo.b.pause_at = at;
        stage_run(&duo.stage, talk_step, &duo, 30);
        CHECK_EQ(duo.b.came, at);
        duo.b.pause_at = at + 3; /* and again, among what was kept */
        duo.b.link->ops->pause(duo.b.link, duo.stage.rt, false);
        stage_run(&duo.stage, talk_step, &duo, 30);
        CHECK_EQ(duo.b.came, at + 3);
        duo.b.link->ops->pause(duo.b.link, duo.stage.rt, false);
        CHECK(stage_run(&duo.stage, talk_step, &duo, PATIENCE));
        CHECK_EQ(duo.b.came, 40);
        duo_close(&duo);
    }
    sim_reset(1);
}

/* --- ends --- */

TEST(a_callback_may_close_the_link) {
    for (uint64_t at = 1; at <= 12; at++) {
        sim_reset(at);
        sim_net_set_random_parts(at % 2 == 0);
        duo_t duo;
        CHECK(duo_open(&duo, 11, 100));
        duo.rounds = 12;
        duo.b.close_at = at;
        duo.b.closes_hard = at % 3 == 0;
        stage_run(&duo.stage, talk_step, &duo, PATIENCE);
        CHECK_EQ(duo.b.came, at);
        CHECK(duo.b.link == NULL);
        CHECK_EQ(duo.b.downs, 0);
        duo_close(&duo);
        CHECK_EQ(sim_handle_count(), 0);
    }
    sim_reset(1);
}

static bool b_is_down(void *arg) {
    const duo_t *duo = arg;
    return duo->b.downs > 0;
}

TEST(an_orderly_close_delivers_what_was_taken) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        sim_reset(seed);
        sim_net_set_window(500 * (size_t)seed);
        sim_net_set_delay(seed % 2 * 3000000);
        duo_t duo;
        CHECK(duo_open(&duo, 997, 3000));
        duo.rounds = 50;
        for (unsigned i = 0; i < 50; i++)
            CHECK_EQ(end_send(&duo.a, duo.stage.rt, false), MK_OK);
        end_close(&duo.a, duo.stage.rt, true);
        CHECK(stage_run(&duo.stage, b_is_down, &duo, PATIENCE));
        CHECK_EQ(duo.b.came, 50);
        CHECK_EQ(duo.b.reason, MK_ECLOSED);
        CHECK_STR(duo.b.text, "ended by the other side");
        stage_run(&duo.stage, NULL, NULL, 10);
        duo_close(&duo);
        CHECK_EQ(sim_handle_count(), 0);
    }
    sim_reset(1);
}

TEST(an_orderly_close_does_not_wait_for_ever) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 0, 0));
    duo.b.link->ops->pause(duo.b.link, duo.stage.rt, true);
    while (end_send(&duo.a, duo.stage.rt, false) == MK_OK)
        ;
    end_close(&duo.a, duo.stage.rt, true);
    stage_run(&duo.stage, NULL, NULL, 10);
    CHECK_EQ(sim_handle_count(), 2);
    CHECK_EQ(duo.b.downs, 0);
    stage_run(&duo.stage, NULL, NULL, MK_STREAM_LINGER_MS + 10);
    CHECK_EQ(sim_handle_count(), 0);
    CHECK_EQ(duo.b.downs, 1);
    duo_close(&duo);
    sim_reset(1);
}

TEST(a_runtime_may_end_while_a_link_is_closing) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 0, 0));
    duo.b.link->ops->pause(duo.b.link, duo.stage.rt, true);
    while (end_send(&duo.a, duo.stage.rt, false) == MK_OK)
        ;
    end_close(&duo.a, duo.stage.rt, true);
    duo_close(&duo);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(a_send_on_a_broken_link_is_refused_and_told_by_the_loop) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 1000, 100000));
    sim_net_reset(stream_link_stream(duo.a.link)->source.handle);
    int result = MK_OK;
    for (unsigned i = 0; i < 1000 && result == MK_OK; i++)
        result = end_send(&duo.a, duo.stage.rt, false);
    CHECK_EQ(result, MK_ECLOSED);
    CHECK_EQ(duo.a.downs, 0); /* not from within */
    CHECK_EQ(end_send(&duo.a, duo.stage.rt, true), MK_ECLOSED);
    stage_run(&duo.stage, NULL, NULL, 3);
    CHECK_EQ(duo.a.downs, 1);
    CHECK_EQ(duo.b.downs, 1);
    duo_close(&duo);
    sim_reset(1);
}

/* --- what the other side may send --- */

/* `size` raw bytes to a link; how it ended. */
static void feed(duo_t *duo, const uint8_t *bytes, size_t size, bool then_ends) {
    int handles[2];
    memset(duo, 0, sizeof *duo);
    CHECK(stage_open(&duo->stage));
    CHECK(socket_pair(handles, NULL));
    CHECK(open_end(&duo->b, duo->stage.rt, handles[0]));
    port_slice_t slice = {bytes, size};
    CHECK_EQ(port_socket_write(handles[1], &slice, 1), (int)size);
    if (then_ends) CHECK_EQ(port_socket_finish(handles[1]), MK_OK);
    stage_run(&duo->stage, b_is_down, duo, 20);
    port_socket_close(handles[1]);
}

TEST(an_end_at_every_byte_is_told_as_what_it_is) {
    uint8_t frame[WIRE_HEADER_SIZE + 4];
    wire_message_t message = {.dest = UINT64_MAX};
    frame_put(frame, &message);
    for (size_t size = 1; size <= WIRE_HEADER_SIZE; size++) {
        sim_reset(size);
        duo_t duo;
        feed(&duo, frame, size, true);
        CHECK_EQ(duo.b.downs, 1);
        CHECK_EQ(duo.b.reason, MK_ECLOSED);
        CHECK_STR(duo.b.text, size < WIRE_HEADER_SIZE
                                  ? "ended by the other side in the middle of a message"
                                  : "ended by the other side");
        CHECK_EQ(duo.b.came, size == WIRE_HEADER_SIZE ? 1 : 0);
        duo_close(&duo);
    }
    sim_reset(1);
}

TEST(what_is_no_frame_ends_the_link_in_words) {
    uint8_t bytes[WIRE_HEADER_SIZE] = {0};
    duo_t duo;
    sim_reset(1);
    bytes[27] = 1;
    feed(&duo, bytes, sizeof bytes, false);
    CHECK_EQ(duo.b.reason, MK_EBADMSG);
    CHECK_STR(duo.b.text, "the reserved word of a header is not 0");
    duo_close(&duo);
    sim_reset(1);
    memset(bytes + 20, 0xff, 4);
    bytes[27] = 0;
    feed(&duo, bytes, sizeof bytes, false);
    CHECK_EQ(duo.b.reason, MK_ETOOBIG);
    duo_close(&duo);
    sim_reset(1);
}

TEST(the_ceiling_may_be_lower_at_first) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 100, 1000));
    stream_link_set_payload_max(duo.b.link, 450);
    duo.rounds = 10;
    stage_run(&duo.stage, talk_step, &duo, 100);
    CHECK_EQ(duo.b.came, 5);
    CHECK_EQ(duo.b.reason, MK_ETOOBIG);
    duo_close(&duo);
    sim_reset(1);
}

TEST(it_says_where_the_other_side_is) {
    sim_reset(1);
    int handles[2];
    char text[64];
    duo_t duo;
    CHECK(duo_open(&duo, 0, 0));
    duo.a.link->ops->describe(duo.a.link, text, sizeof text);
    CHECK_MEM(text, "127.0.0.1:", 10);
    CHECK_STR(duo.a.link->ops->describe(duo.a.link, text, 4), "127");
    end_close(&duo.a, duo.stage.rt, true);
    CHECK(socket_pair(handles, "/run/a.sock"));
    stream_link_spec_t spec = {
        .events = &end_events, .owner = &duo.a, .place = "unix:/run/a.sock"};
    CHECK_EQ(stream_link_open(duo.stage.rt, handles[0], &spec, &duo.a.link), MK_OK);
    CHECK_STR(duo.a.link->ops->describe(duo.a.link, text, sizeof text),
              "unix:/run/a.sock");
    port_socket_close(handles[1]);
    duo_close(&duo);
    sim_reset(1);
}

TEST_TABLE(stream_link, TEST_ROW(messages_come_in_order_and_whole),
           TEST_ROW(byte_by_byte),
           TEST_ROW(random_parts_hiccups_delays_and_small_windows),
           TEST_ROW(a_reset_at_every_byte_is_told_once_to_both),
           TEST_ROW(every_call_of_the_port_may_fail_once_or_for_ever),
           TEST_ROW(every_allocation_may_fail),
           TEST_ROW(many_sends_of_a_turn_are_one_write),
           TEST_ROW(a_peer_that_does_not_read_fills_the_link_and_no_more),
           TEST_ROW(a_message_larger_than_the_bound_goes_alone),
           TEST_ROW(a_pause_holds_at_the_very_message),
           TEST_ROW(a_callback_may_close_the_link),
           TEST_ROW(an_orderly_close_delivers_what_was_taken),
           TEST_ROW(an_orderly_close_does_not_wait_for_ever),
           TEST_ROW(a_runtime_may_end_while_a_link_is_closing),
           TEST_ROW(a_send_on_a_broken_link_is_refused_and_told_by_the_loop),
           TEST_ROW(an_end_at_every_byte_is_told_as_what_it_is),
           TEST_ROW(what_is_no_frame_ends_the_link_in_words),
           TEST_ROW(the_ceiling_may_be_lower_at_first),
           TEST_ROW(it_says_where_the_other_side_is))
