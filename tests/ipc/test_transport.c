/* SPDX-License-Identifier: Apache-2.0 */
/* Transports by hand: a frame goes whole or not at all, ends are seen, peers return. */
#include "support/test.h"

#include "base/alloc.h"
#include "ipc/frame.h"
#include "microkernel/transport_tcp.h"
#include "microkernel/transport_udp.h"
#include "microkernel/transport_unix.h"
#include "sim/sim.h"

enum { PORT = 4100 };
static const char path[] = "/run/node.sock";

static bool say(transport_t *to, uint32_t number, size_t size) {
    uint8_t *bytes = size > 0 ? mk_alloc(size) : NULL;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(number + i * 3);
    message_t msg = {
        .source = number, .dest = 9, .type = 5, .payload = bytes, .payload_size = size};
    bool is_taken = to->send(to, &msg);
    mk_free(bytes);
    return is_taken;
}

/* The next message is that one. False: there is none. */
static bool hear(transport_t *from, uint32_t number, size_t size) {
    message_t *msg = from->recv(from);
    if (msg == NULL) return false;
    CHECK_EQ(msg->source, number);
    CHECK_EQ(msg->dest, 9);
    CHECK_EQ(msg->type, 5);
    CHECK_EQ(msg->payload_size, size);
    for (size_t i = 0; i < size; i++)
        CHECK_EQ(((const uint8_t *)msg->payload)[i], (uint8_t)(number + i * 3));
    message_destroy(msg);
    return true;
}

typedef struct {
    transport_t *a; /* connects */
    transport_t *b; /* listens */
} duo_t;

static duo_t open_duo(bool is_unix) {
    duo_t duo;
    duo.b =
        is_unix ? transport_unix_listen(path, 1) : transport_tcp_listen(NULL, PORT, 1);
    CHECK(duo.b != NULL);
    CHECK_EQ(duo.b->peer_node, 1);
    CHECK(duo.b->fd >= 0);
    CHECK(!duo.b->is_connected(duo.b));
    CHECK(!say(duo.b, 1, 0)); /* to nobody */
    duo.a = is_unix ? transport_unix_connect(path, 2)
                    : transport_tcp_connect("127.0.0.1", PORT, 2);
    CHECK(duo.a != NULL);
    CHECK_EQ(duo.a->peer_node, 2);
    CHECK(duo.a->is_connected(duo.a));
    return duo;
}

static void close_duo(duo_t *duo) {
    if (duo->a != NULL) duo->a->destroy(duo->a);
    if (duo->b != NULL) duo->b->destroy(duo->b);
    CHECK_EQ(sim_handle_count(), 0);
}

TEST(messages_go_both_ways) {
    for (int kind = 0; kind < 2; kind++) {
        sim_reset(1);
        duo_t duo = open_duo(kind == 0);
        CHECK(!hear(duo.b, 0, 0)); /* nothing yet; accepts */
        CHECK(duo.b->is_connected(duo.b));
        for (uint32_t i = 0; i < 50; i++) {
            CHECK(say(duo.a, i, i * 40));
            CHECK(say(duo.b, i, i));
        }
        for (uint32_t i = 0; i < 50; i++) {
            CHECK(hear(duo.b, i, i * 40));
            CHECK(hear(duo.a, i, i));
        }
        CHECK(!hear(duo.a, 0, 0));
        close_duo(&duo);
    }
    sim_reset(1);
}

TEST(a_peer_that_does_not_read_gets_whole_frames_or_none) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        sim_reset(seed);
        sim_net_set_window(50 * (size_t)seed);
        duo_t duo = open_duo(seed % 2 == 0);
        uint32_t said = 0, heard = 0;
        while (say(duo.a, said, 20000))
            said++;
        CHECK(duo.a->is_connected(duo.a)); /* full, not broken */
        CHECK((said - 1) * 20028u <= MK_LINK_OUTPUT_MAX);
        for (unsigned i = 0; heard < said && i < 1000000; i++) {
            if (hear(duo.b, heard, 20000)) heard++;
            if (i % 500 == 0 && said < 400 && say(duo.a, said, 20000)) said++;
            (void)duo.a->recv(duo.a); /* writes on */
        }
        CHECK_EQ(heard, said);
        CHECK(said > 209);
        close_duo(&duo);
    }
    sim_reset(1);
}

TEST(an_end_is_seen_after_what_came_before_it) {
    for (int kind = 0; kind < 2; kind++) {
        sim_reset(1);
        duo_t duo = open_duo(kind == 0);
        CHECK(say(duo.a, 1, 10));
        CHECK(say(duo.a, 2, 10));
        CHECK(!hear(duo.a, 0, 0));
        duo.a->destroy(duo.a);
        duo.a = NULL;
        CHECK(hear(duo.b, 1, 10));
        CHECK(duo.b->is_connected(duo.b));
        CHECK(hear(duo.b, 2, 10));
        CHECK(!hear(duo.b, 0, 0));
        CHECK(!duo.b->is_connected(duo.b));
        CHECK(!say(duo.b, 1, 0));
        close_duo(&duo);
    }
    sim_reset(1);
}

TEST(the_end_of_the_listener_is_seen_by_who_connected) {
    sim_reset(1);
    duo_t duo = open_duo(true);
    CHECK(duo.b->is_connected(duo.b));
    duo.b->destroy(duo.b);
    duo.b = NULL;
    CHECK(!duo.a->is_connected(duo.a));
    CHECK_EQ(duo.a->fd, -1);
    CHECK(!say(duo.a, 1, 0));
    CHECK(!hear(duo.a, 0, 0));
    close_duo(&duo);
    sim_reset(1);
}

TEST(the_next_peer_is_accepted_when_the_first_has_gone) {
    for (int kind = 0; kind < 2; kind++) {
        sim_reset(1);
        duo_t duo = open_duo(kind == 0);
        CHECK(duo.b->is_connected(duo.b));
        int listener_was = duo.b->fd;
        for (uint32_t round = 0; round < 5; round++) {
            transport_t *next = kind == 0 ? transport_unix_connect(path, 2)
                                          : transport_tcp_connect("localhost", PORT, 2);
            CHECK(say(duo.a, round, 7));
            /* half a frame must not meet the first of the next peer */
            port_slice_t half = {"\0\0\0", 3};
            CHECK_EQ(port_socket_write(duo.a->fd, &half, 1), 3);
            duo.a->destroy(duo.a);
            duo.a = next;
            CHECK(next != NULL);
            CHECK(hear(duo.b, round, 7));
            CHECK(!hear(duo.b, 0, 0)); /* the end, and nobody accepted in it */
            CHECK(duo.b->is_connected(duo.b));
            CHECK(duo.b->fd != listener_was);
        }
        close_duo(&duo);
    }
    sim_reset(1);
}

TEST(a_giant_announcement_ends_the_connection_without_memory) {
    sim_reset(1);
    duo_t duo = open_duo(false);
    uint8_t header[WIRE_HEADER_SIZE] = {0};
    memset(header + 20, 0xff, 4);
    port_slice_t slice = {header, sizeof header};
    CHECK_EQ(port_socket_write(duo.a->fd, &slice, 1), WIRE_HEADER_SIZE);
    CHECK(!hear(duo.b, 0, 0));
    CHECK(!duo.b->is_connected(duo.b));
    CHECK(!duo.a->is_connected(duo.a));
    close_duo(&duo);
    sim_reset(1);
}

TEST(a_message_that_is_too_large_is_refused) {
    sim_reset(1);
    duo_t duo = open_duo(false);
    message_t msg = {.payload = &msg, .payload_size = (size_t)MK_WIRE_PAYLOAD_MAX + 1};
    CHECK(!duo.a->send(duo.a, &msg));
    CHECK(!duo.a->send(duo.a, NULL));
    CHECK(say(duo.a, 1, 1));
    CHECK(hear(duo.b, 1, 1));
    close_duo(&duo);
    sim_reset(1);
}

TEST(a_reset_at_every_byte_is_an_end) {
    for (uint64_t at = 1; at < 140; at++) {
        sim_reset(at);
        duo_t duo = open_duo(at % 2 == 0);
        CHECK(duo.b->is_connected(duo.b));
        sim_net_set_write_max(9);
        sim_net_reset_at(at);
        uint32_t said = 0, heard = 0;
        for (unsigned i = 0; i < 30; i++) {
            if (said < 4 && say(duo.a, said, 4)) said++;
            if (hear(duo.b, heard, 4)) heard++;
            (void)duo.a->recv(duo.a);
        }
        if (sim_net_reset_hit()) {
            CHECK(heard <= 4);
            CHECK(!duo.a->is_connected(duo.a));
            CHECK(!duo.b->is_connected(duo.b));
        } else {
            CHECK_EQ(heard, 4);
            CHECK(at > 128);
        }
        close_duo(&duo);
    }
    sim_reset(1);
}

TEST(hosts_are_literals_and_localhost) {
    static const char *const good[] = {"127.0.0.1", "localhost", "LOCALHOST", "0.0.0.0",
                                       "::1",       "[::1]",     ""};
    static const char *const bad[] = {"example.test", "127.0.0.1.5", "1.2.3", "[::1",
                                      "localhost "};
    sim_reset(1);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        transport_t *tcp = transport_tcp_listen(good[i], 0, 1);
        transport_t *udp = transport_udp_bind(good[i], 0, 1);
        transport_t *to = transport_udp_connect(good[i], 9, 1);
        CHECK(tcp != NULL && udp != NULL && to != NULL);
        tcp->destroy(tcp);
        udp->destroy(udp);
        to->destroy(to);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(transport_tcp_listen(bad[i], 0, 1) == NULL);
        CHECK(transport_udp_bind(bad[i], 0, 1) == NULL);
        CHECK(transport_udp_connect(bad[i], 9, 1) == NULL);
    }
    CHECK(transport_tcp_connect("127.0.0.1", 9, 1) == NULL); /* nobody listens */
    CHECK(transport_tcp_connect(NULL, 9, 1) == NULL);
    CHECK(transport_tcp_connect("127.0.0.1", 0, 1) == NULL);
    CHECK(transport_tcp_from_fd(-1, 1) == NULL);
    CHECK(transport_unix_connect("/run/nobody", 1) == NULL);
    CHECK(transport_unix_connect(NULL, 1) == NULL);
    CHECK(transport_unix_listen(NULL, 1) == NULL);
    char longest[200];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    CHECK(transport_unix_listen(longest, 1) == NULL);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(datagrams_go_whole_and_only_to_the_peer) {
    sim_reset(1);
    transport_t *b = transport_udp_bind("127.0.0.1", PORT, 1);
    transport_t *a = transport_udp_connect("127.0.0.1", PORT, 2);
    transport_t *stranger = transport_udp_connect("127.0.0.1", PORT, 3);
    CHECK(a != NULL && b != NULL && stranger != NULL);
    CHECK(a->is_connected(a));
    CHECK(!b->is_connected(b));
    CHECK(!say(b, 1, 1)); /* to whom? */
    CHECK(!say(a, 1, 65480));
    CHECK(say(a, 1, 65479));
    CHECK(hear(b, 1, 65479));
    CHECK(b->is_connected(b));
    CHECK(say(stranger, 66, 3));
    CHECK(!hear(b, 0, 0));
    CHECK(say(b, 2, 0));
    CHECK(hear(a, 2, 0));
    CHECK(!hear(stranger, 0, 0));
    a->destroy(a);
    b->destroy(b);
    stranger->destroy(stranger);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

static void there_and_back(void *unused) {
    (void)unused;
    sim_reset(1);
    transport_t *b = transport_unix_listen(path, 1);
    transport_t *a = b != NULL ? transport_unix_connect(path, 2) : NULL;
    message_t msg = {.source = 1, .dest = 9, .type = 5};
    if (a != NULL && a->send(a, &msg)) {
        bool is_heard = hear(b, 1, 0);
        CHECK(is_heard || !b->is_connected(b));
    }
    if (a != NULL) a->destroy(a);
    if (b != NULL) b->destroy(b);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(there_and_back, NULL);
}

TEST_TABLE(transport, TEST_ROW(messages_go_both_ways),
           TEST_ROW(a_peer_that_does_not_read_gets_whole_frames_or_none),
           TEST_ROW(an_end_is_seen_after_what_came_before_it),
           TEST_ROW(the_end_of_the_listener_is_seen_by_who_connected),
           TEST_ROW(the_next_peer_is_accepted_when_the_first_has_gone),
           TEST_ROW(a_giant_announcement_ends_the_connection_without_memory),
           TEST_ROW(a_message_that_is_too_large_is_refused),
           TEST_ROW(a_reset_at_every_byte_is_an_end),
           TEST_ROW(hosts_are_literals_and_localhost),
           TEST_ROW(datagrams_go_whole_and_only_to_the_peer),
           TEST_ROW(every_allocation_may_fail))
