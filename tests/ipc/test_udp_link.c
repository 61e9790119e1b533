/* SPDX-License-Identifier: Apache-2.0 */
/* Links over datagrams: each whole or not at all, from nobody but the peer. */
#include "ipc/link_stage.h"

#include "ipc/frame.h"
#include "ipc/udp_link.h"

typedef struct {
    stage_t stage;
    end_t a; /* knows b */
    end_t b; /* learns who a is */
    port_address_t b_at;
} duo_t;

static bool duo_open(duo_t *duo, size_t size_step, size_t size_mod) {
    memset(duo, 0, sizeof *duo);
    if (!stage_open(&duo->stage)) return false;
    end_init(&duo->a, size_step, size_mod);
    end_init(&duo->b, size_step, size_mod);
    duo->a.is_lossy = duo->b.is_lossy = true;
    udp_link_spec_t spec = {
        .events = &end_events, .owner = &duo->b, .at = address_loopback(0)};
    if (udp_link_open(duo->stage.rt, &spec, &duo->b.link) != MK_OK) return false;
    CHECK(duo->b.link->is_lossy);
    CHECK_EQ(udp_link_local(duo->b.link, &duo->b_at), MK_OK);
    spec.owner = &duo->a;
    spec.peer = duo->b_at;
    return udp_link_open(duo->stage.rt, &spec, &duo->a.link) == MK_OK;
}

static void duo_close(duo_t *duo) {
    if (duo->stage.rt == NULL) return;
    end_close(&duo->a, duo->stage.rt, true);
    end_close(&duo->b, duo->stage.rt, true);
    stage_close(&duo->stage);
}

static void wait_ms(duo_t *duo, unsigned ms) {
    stage_run(&duo->stage, NULL, NULL, ms);
}

TEST(messages_go_there_and_back) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 977, 60000));
    CHECK_EQ(end_send(&duo.b, duo.stage.rt, false), MK_EFULL); /* nobody known yet */
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(end_send(&duo.a, duo.stage.rt, false), MK_OK);
        wait_ms(&duo, 1);
    }
    CHECK_EQ(duo.b.came, 100);
    CHECK_EQ(duo.b.rooms, 1); /* told once the peer is known */
    CHECK_EQ(end_send(&duo.b, duo.stage.rt, false), MK_OK);
    wait_ms(&duo, 2);
    CHECK_EQ(duo.a.came, 1);
    char text[64];
    duo.a.link->ops->describe(duo.a.link, text, sizeof text);
    CHECK_MEM(text, "udp:127.0.0.1:", 14);
    duo_close(&duo);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(the_largest_payload_is_that_of_a_datagram) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 0, 0));
    uint8_t *bytes = mk_calloc(1, UDP_LINK_PAYLOAD_MAX + 1);
    wire_message_t message = {
        .dest = UINT64_MAX, .payload = bytes, .payload_size = UDP_LINK_PAYLOAD_MAX + 1};
    CHECK_EQ(UDP_LINK_PAYLOAD_MAX, 65479);
    CHECK_EQ(link_send(duo.a.link, duo.stage.rt, &message, true), MK_ETOOBIG);
    message.payload_size--;
    duo.b.size_step = UDP_LINK_PAYLOAD_MAX;
    duo.b.size_mod = UDP_LINK_PAYLOAD_MAX + 1;
    end_fill(bytes, UDP_LINK_PAYLOAD_MAX, 1);
    message.source = 1;
    message.dest = ~(actor_id_t)1;
    message.type = 3;
    CHECK_EQ(link_send(duo.a.link, duo.stage.rt, &message, true), MK_OK);
    wait_ms(&duo, 2);
    CHECK_EQ(duo.b.came, 1);
    mk_free(bytes);
    duo_close(&duo);
    sim_reset(1);
}

TEST(strangers_are_ignored_and_counted) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 0, 0));
    CHECK_EQ(end_send(&duo.a, duo.stage.rt, false), MK_OK);
    wait_ms(&duo, 2);
    CHECK_EQ(duo.b.came, 1);
    port_address_t any = address_loopback(0);
    int stranger = port_udp_open(&any);
    uint8_t frame[WIRE_HEADER_SIZE];
    wire_message_t message = {.dest = UINT64_MAX};
    frame_put(frame, &message);
    for (unsigned i = 0; i < 50; i++)
        CHECK_EQ(port_udp_send(stranger, &duo.b_at, frame, sizeof frame), MK_OK);
    wait_ms(&duo, 5);
    CHECK_EQ(duo.b.came, 1);
    CHECK_EQ(udp_link_counts(duo.b.link).strangers, 50);
    CHECK_EQ(end_send(&duo.a, duo.stage.rt, false), MK_OK);
    wait_ms(&duo, 2);
    CHECK_EQ(duo.b.came, 2);
    port_socket_close(stranger);
    duo_close(&duo);
    sim_reset(1);
}

TEST(what_is_not_exactly_one_frame_is_dropped_and_counted) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 0, 0));
    port_address_t any = address_loopback(0);
    int peer = port_udp_open(&any);
    uint8_t frame[WIRE_HEADER_SIZE + 8] = {0};
    bytes_put_u64_be(frame + 8, UINT64_MAX);
    unsigned bad = 0;
    for (size_t size = 0; size <= sizeof frame; size++) {
        if (size == WIRE_HEADER_SIZE) continue;
        CHECK_EQ(port_udp_send(peer, &duo.b_at, frame, size), MK_OK);
        bad++;
    }
    frame[27] = 1;
    CHECK_EQ(port_udp_send(peer, &duo.b_at, frame, WIRE_HEADER_SIZE), MK_OK);
    bad++;
    wait_ms(&duo, 5);
    CHECK_EQ(udp_link_counts(duo.b.link).malformed, bad);
    CHECK_EQ(udp_link_counts(duo.b.link).strangers, 0); /* and nobody is the peer */
    CHECK_EQ(duo.b.came, 0);
    CHECK_EQ(end_send(&duo.a, duo.stage.rt, false), MK_OK);
    wait_ms(&duo, 2);
    CHECK_EQ(duo.b.came, 1);
    port_socket_close(peer);
    duo_close(&duo);
    sim_reset(1);
}

TEST(loss_is_loss_and_nothing_else) {
    sim_reset(3);
    sim_net_set_loss(300);
    duo_t duo;
    CHECK(duo_open(&duo, 13, 200));
    for (unsigned i = 0; i < 300; i++) {
        CHECK_EQ(end_send(&duo.a, duo.stage.rt, false), MK_OK);
        if (i % 10 == 0) wait_ms(&duo, 1);
    }
    wait_ms(&duo, 5);
    CHECK(duo.b.came > 100 && duo.b.came < 300);
    CHECK_EQ(duo.b.downs, 0);
    duo_close(&duo);
    sim_reset(1);
}

TEST(a_callback_may_close_the_link) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, 0, 0));
    duo.b.close_at = 3;
    for (unsigned i = 0; i < 10; i++)
        CHECK_EQ(end_send(&duo.a, duo.stage.rt, false), MK_OK);
    wait_ms(&duo, 5);
    CHECK_EQ(duo.b.came, 3);
    CHECK(duo.b.link == NULL);
    CHECK_EQ(end_send(&duo.a, duo.stage.rt, false), MK_OK); /* into the void */
    wait_ms(&duo, 5);
    CHECK_EQ(duo.a.downs, 0);
    duo_close(&duo);
    sim_reset(1);
}

static void one_message(void *unused) {
    (void)unused;
    sim_reset(1);
    duo_t duo;
    if (duo_open(&duo, 100, 1000)) {
        int result = end_send(&duo.a, duo.stage.rt, false);
        CHECK(result == MK_OK || result == MK_ENOMEM);
        wait_ms(&duo, 2);
    }
    duo_close(&duo);
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(one_message, NULL);
}

TEST_TABLE(udp_link, TEST_ROW(messages_go_there_and_back),
           TEST_ROW(the_largest_payload_is_that_of_a_datagram),
           TEST_ROW(strangers_are_ignored_and_counted),
           TEST_ROW(what_is_not_exactly_one_frame_is_dropped_and_counted),
           TEST_ROW(loss_is_loss_and_nothing_else),
           TEST_ROW(a_callback_may_close_the_link), TEST_ROW(every_allocation_may_fail))
