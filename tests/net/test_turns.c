/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody is held up: floods take turns with their neighbours, pings are not piled up,
 * and a timer goes on beside everything that never answers. */
#include "http_world.h"
#include "ws_talk.h"

#include "net/net_stage.h"

#include <stdio.h>
#include <stdlib.h>

enum { FLOOD = 4 << 20 };

/* --- floods --- */

static http_world_t world;
static uint64_t taken; /* bytes of the flood that handlers saw, about */

static void hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt, (void)ctx;
    CHECK_EQ(http_answer(request, 200, NULL, 0, "hi", 2), MK_OK);
}

static void take_head(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt, (void)ctx;
    taken += request->headers_size + request->body_size;
    CHECK_EQ(http_answer(request, 204, NULL, 0, NULL, 0), MK_OK);
}

static bool take_piece(runtime_t *rt, http_conn_id_t id, const void *data, size_t size,
                       void *ctx) {
    (void)rt, (void)id, (void)data, (void)ctx;
    taken += size;
    return true;
}

static void end_pieces(runtime_t *rt, http_conn_id_t id, void *ctx) {
    (void)ctx;
    CHECK_EQ(http_respond(rt, id, 204, NULL, 0, NULL, 0), MK_OK);
}

static void take_pieces(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_body_handler_t receiver = {take_piece, end_pieces, NULL};
    (void)rt, (void)ctx;
    CHECK(http_receive(request, &receiver, NULL, 0) != 0);
}

static void take_message(runtime_t *rt, http_conn_id_t id, bool is_binary,
                         const void *data, size_t size, void *ctx) {
    (void)rt, (void)id, (void)is_binary, (void)data, (void)ctx;
    taken += size;
}

static void accept_messages(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t handler = {.on_message = take_message};
    (void)rt, (void)ctx;
    CHECK(http_ws_accept(request, &handler, NULL) != 0);
}

/* What a flood begins with, and of what it consists. */
typedef struct {
    const char *first;
    const char *unit;
    size_t unit_size;
    bool is_silent; /* no handler sees it */
} flood_t;

#define HEAD "Host: h\r\n"
#define UPGRADE                                                                        \
    "GET /ws HTTP/1.1\r\n" HEAD "Upgrade: websocket\r\nConnection: Upgrade\r\n"        \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static const flood_t floods[] = {
    {"", "GET /heads HTTP/1.1\r\n" HEAD "\r\n", 32, false},
    {"", "PUT /heads HTTP/1.1\r\n" HEAD "Content-Length: 5\r\n\r\n01234", 56, false},
    {"PUT /pieces HTTP/1.1\r\n" HEAD "Content-Length: 4194304\r\n\r\n",
     "0123456789abcdef", 16, false},
    {"PUT /pieces HTTP/1.1\r\n" HEAD "Transfer-Encoding: chunked\r\n\r\n",
     "3\r\nabc\r\n", 8, false},
    {UPGRADE, "\x82\x84\0\0\0\0abcd", 10, false},
    {UPGRADE, "\x89\x80\0\0\0\0", 6, true},
};

/* Write as much of `bytes` as the socket takes, without a look of the loop. */
static size_t pour(int handle, const uint8_t *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        port_slice_t slice = {bytes + done, size - done};
        int count = port_socket_write(handle, &slice, 1);
        if (count == MK_EAGAIN) break;
        CHECK(count > 0);
        done += (size_t)count;
    }
    return done;
}

/* Throw away what came. */
static size_t drain(int handle) {
    static uint8_t bytes[65536];
    size_t size = 0;
    for (int count; (count = port_socket_read(handle, bytes, sizeof bytes)) > 0;)
        size += (size_t)count;
    return size;
}

static void flood(const flood_t *row) {
    static uint8_t bytes[FLOOD];
    static const char ask[] = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
    static peer_t flooder, neighbour;
    taken = 0;
    world_open(&world, NULL);
    CHECK_EQ(http_route(world.rt, "GET", "/hello", hello, NULL), MK_OK);
    CHECK_EQ(http_route(world.rt, "*", "/heads", take_head, NULL), MK_OK);
    CHECK_EQ(http_route_pieces(world.rt, "PUT", "/pieces", take_pieces, NULL), MK_OK);
    CHECK_EQ(http_route(world.rt, "GET", "/ws", accept_messages, NULL), MK_OK);
    peer_open(&flooder, &world);
    peer_open(&neighbour, &world);
    peer_say(&flooder, row->first);
    sim_net_set_window(FLOOD);
    size_t size = 0;
    for (; size + row->unit_size <= FLOOD; size += row->unit_size)
        memcpy(bytes + size, row->unit, row->unit_size);
    CHECK_EQ(pour(flooder.handle, bytes, size), size);
    (void)drain(neighbour.handle);
    /* Each look takes a part of the flood, and answers the neighbour, too. */
    uint64_t most = 0;
    for (int look = 0; look < FLOOD / (int)MK_HTTP_TURN_BYTES; look++) {
        uint64_t before = taken;
        CHECK_EQ(pour(neighbour.handle, (const uint8_t *)ask, sizeof ask - 1),
                 sizeof ask - 1);
        runtime_step(world.rt);
        CHECK(drain(neighbour.handle) > 2);
        if (taken - before > most) most = taken - before;
        (void)drain(flooder.handle);
    }
    CHECK(most <= MK_HTTP_TURN_BYTES);
    CHECK(row->is_silent || most > 0);
    peer_close(&flooder);
    peer_close(&neighbour);
    world_close(&world);
}

TEST(turns_a_flood_and_its_neighbour_are_served_in_each_look) {
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++)
        flood(&floods[i]);
}

/* --- pings --- */

/* Pings of a peer that reads nothing: what one look takes may be answered, and then
 * only the last one is, whichever side is ours. */
TEST(turns_a_flood_of_pings_is_answered_with_few_pongs) {
    enum { PINGS = 2000, FLOODS = 20 };
    static uint8_t bytes[PINGS * 16];
    for (int is_client = 0; is_client < 2; is_client++) {
        talk_open(is_client != 0, NULL, NULL, NULL);
        for (int number = 0, round = 0; round < FLOODS; round++) {
            size_t size = 0;
            for (int end = number + PINGS; number < end; number++) {
                char text[16];
                int length = snprintf(text, sizeof text, "%05d", number);
                size += talk_put(bytes + size, 0x89, text, (size_t)length);
            }
            sim_net_set_window(sizeof bytes);
            CHECK_EQ(pour(talk.handle, bytes, size), size);
            sim_net_set_window(100);
            talk_run();
        }
        sim_net_set_window(65536);
        talk_settle();
        frame_t frame;
        unsigned pongs = 0;
        int last = -1;
        for (size_t at = 0; talk_next(&at, &frame); pongs++) {
            CHECK_EQ(frame.first, 0x8A);
            CHECK_EQ(frame.size, 5);
            char digits[6] = "";
            memcpy(digits, frame.payload, 5);
            int number = (int)strtol(digits, NULL, 10);
            if (number > last) last = number; /* it goes ahead of what waits */
        }
        CHECK(pongs <= PINGS + 1);
        CHECK_EQ(last, FLOODS * PINGS - 1);
        talk_close();
    }
}

static void echo(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size, void *ctx) {
    (void)ctx;
    taken += size;
    (void)http_ws_send(rt, id, is_binary, data, size);
}

static void accept_echo(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t handler = {.on_message = echo};
    (void)rt, (void)ctx;
    CHECK(http_ws_accept(request, &handler, NULL) != 0);
}

/* A peer that sends and never reads is not read from either, once so much waits. */
TEST(turns_who_never_reads_is_not_read_from) {
    enum { MOST = 8 << 20 };
    static uint8_t frames[MOST];
    static peer_t peer;
    taken = 0;
    world_open(&world, NULL);
    CHECK_EQ(http_route(world.rt, "GET", "/ws", accept_echo, NULL), MK_OK);
    peer_open(&peer, &world);
    peer_say(&peer, UPGRADE);
    sim_net_set_window(16384);
    size_t size = 0, sent = 0;
    while (size + 1008 <= MOST) {
        memcpy(frames + size, "\x82\xFE\x03\xE8\0\0\0\0", 8); /* 1000 bytes */
        size += 1008;
    }
    for (unsigned idle = 0; idle < 100;) {
        size_t now = pour(peer.handle, frames + sent, size - sent);
        sent += now;
        idle = now == 0 ? idle + 1 : 0;
        runtime_step(world.rt);
    }
    CHECK(sent < size);
    CHECK(taken <= MK_HTTP_OUTPUT_MARK + MK_HTTP_TURN_BYTES);
    CHECK(http_counters(world.rt).memory_bytes <= 2 * MK_HTTP_OUTPUT_MARK);
    /* It goes on where it was when the peer reads. */
    uint64_t before = taken;
    for (unsigned i = 0; i < 100; i++) {
        (void)drain(peer.handle);
        sent += pour(peer.handle, frames + sent, size - sent);
        runtime_step(world.rt);
    }
    CHECK(taken > before + MK_HTTP_TURN_BYTES);
    peer_close(&peer);
    world_close(&world);
}

/* --- a timer --- */

enum { SLOW_PEERS = 1000, RUN_MS = 100 };

typedef struct {
    stage_t stage;
    connector_t *hole, *silence;
    unsigned answers;
} trouble_t;

static void note_answer(void *owner, runtime_t *rt, int handle, const char *text) {
    trouble_t *trouble = owner;
    (void)rt, (void)text;
    CHECK(handle < 0);
    trouble->answers++;
}

/* The world's clock moves only while the loop waits: a source that is ready and that
 * nobody serves would stop it, and a wait for anything else would make it jump. */
TEST(turns_a_timer_is_not_late_beside_what_never_answers) {
    static const char part[] = "GET /hello HTTP/1.1\r\nHost: h\r\nX-Slow: ";
    static const char ask[] = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
    static int handles[SLOW_PEERS + 1];
    trouble_t trouble;
    memset(&trouble, 0, sizeof trouble);
    sim_reset(1);
    CHECK(stage_open(&trouble.stage));
    runtime_t *rt = trouble.stage.rt;
    http_listen_options_t options = {.header_ms = 60000};
    int port = http_listen(rt, &options);
    CHECK(port > 0);
    CHECK_EQ(http_route(rt, "GET", "/hello", hello, NULL), MK_OK);
    port_address_t hole = address_loopback(9);
    CHECK_EQ(sim_net_set_route(&hole, SIM_ROUTE_HOLE, 0), MK_OK);
    CHECK_EQ(sim_dns_set("silent.example", PORT_FAMILY_INET, MK_EAGAIN, NULL, 0, 0, 0),
             MK_OK);
    CHECK_EQ(sim_dns_set("silent.example", PORT_FAMILY_INET6, MK_EAGAIN, NULL, 0, 0, 0),
             MK_OK);
    connector_spec_t spec = {.host = "127.0.0.1",
                             .port = 9,
                             .timeout_ms = RUN_MS / 2,
                             .on_done = note_answer,
                             .owner = &trouble};
    CHECK_EQ(connector_start(rt, &spec, &trouble.hole), MK_OK);
    spec.host = "silent.example";
    CHECK_EQ(connector_start(rt, &spec, &trouble.silence), MK_OK);
    port_address_t at = address_loopback((uint16_t)port);
    for (size_t i = 0; i <= SLOW_PEERS; i++) {
        handles[i] = port_socket_connect(&at);
        CHECK(handles[i] >= 0);
    }
    unsigned ticks = 0;
    for (unsigned ms = 0; ms < RUN_MS; ms++) {
        /* Byte by byte; the last one asks all the time and reads nothing. */
        for (size_t i = 0; i < SLOW_PEERS; i++)
            if (port_socket_connected(handles[i]) == MK_OK && ms < sizeof part - 1)
                (void)pour(handles[i], (const uint8_t *)part + ms, 1);
        if (port_socket_connected(handles[SLOW_PEERS]) == MK_OK)
            (void)pour(handles[SLOW_PEERS], (const uint8_t *)ask, sizeof ask - 1);
        (void)stage_run(&trouble.stage, NULL, NULL, 1);
        CHECK(trouble.stage.ticks - ticks <= 2);
        ticks = trouble.stage.ticks;
    }
    CHECK_EQ(sim_now_ns() / 1000000, RUN_MS);
    CHECK(ticks >= RUN_MS - 2);
    CHECK_EQ(trouble.answers, 2);
    CHECK_EQ(http_counters(rt).connections, SLOW_PEERS + 1);
    for (size_t i = 0; i <= SLOW_PEERS; i++)
        port_socket_close(handles[i]);
    stage_close(&trouble.stage);
    sim_reset(1);
}

TEST_TABLE(turns, TEST_ROW(turns_a_flood_and_its_neighbour_are_served_in_each_look),
           TEST_ROW(turns_a_flood_of_pings_is_answered_with_few_pongs),
           TEST_ROW(turns_who_never_reads_is_not_read_from),
           TEST_ROW(turns_a_timer_is_not_late_beside_what_never_answers))
