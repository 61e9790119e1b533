/* SPDX-License-Identifier: Apache-2.0 */
/* The server's interface of messages: an actor owns a port. */
#include "http_world.h"

#include "microkernel/actor.h"
#include "microkernel/error.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    DO_LISTEN = 1,
    DO_ANSWER,
    DO_BAD_ANSWER,
    DO_SSE,
    DO_PUSH,
    DO_SEND_EVENTS,
    DO_ACCEPT,
    DO_SEND,
    DO_CLOSE_WS,
    DO_CLOSE,
    DO_UNLISTEN,
    DO_END
};

/* What the actor was told, and what it was told to do came to. */
static struct {
    int requests;
    int closed;
    int ws_open;
    int ws_messages;
    int ws_closed;
    int ws_errors;
    int rooms;
    int listen_errors;
    uint16_t close_code;
    http_conn_id_t id; /* of the last request */
    http_conn_id_t closed_id;
    char method[16];
    char path[64];
    char headers[256];
    size_t headers_size;
    char body[64];
    size_t body_size;
    char message[128];
    bool result;
} seen;

static uint16_t wanted_port;

static void take_request(const message_t *msg) {
    const http_request_payload_t *p = msg->payload;
    seen.requests++;
    seen.id = p->conn_id;
    CHECK_EQ(msg->payload_size, sizeof *p + p->method_size + p->path_size +
                                    p->headers_size + p->body_size);
    CHECK_EQ(strlen(http_request_method(p)) + 1, p->method_size);
    CHECK_EQ(strlen(http_request_path(p)) + 1, p->path_size);
    (void)snprintf(seen.method, sizeof seen.method, "%s", http_request_method(p));
    (void)snprintf(seen.path, sizeof seen.path, "%s", http_request_path(p));
    CHECK(p->headers_size < sizeof seen.headers && p->body_size < sizeof seen.body);
    memcpy(seen.headers, http_request_headers(p), p->headers_size);
    seen.headers_size = p->headers_size;
    memcpy(seen.body, http_request_body(p), p->body_size);
    seen.body_size = p->body_size;
}

static void take_ws_message(const message_t *msg) {
    const ws_message_payload_t *p = msg->payload;
    CHECK_EQ(msg->payload_size, sizeof *p + p->data_size);
    seen.ws_messages++;
    (void)snprintf(seen.message, sizeof seen.message, "%.*s", (int)p->data_size,
                   (const char *)ws_message_data(p));
}

/* Events with what a reader remembers; those that cannot be sent are refused. */
static bool send_events(runtime_t *rt) {
    http_sse_event_t all = {"tick", "one\ntwo", 7, "41", 2500};
    http_sse_event_t quiet = {.id = "42"};
    http_sse_event_t bad = {.data = "x", .data_size = 1, .id = "4\n3"};
    CHECK_EQ(http_sse_send(rt, seen.id, &bad), MK_EINVAL);
    CHECK_EQ(http_sse_send(rt, seen.id, NULL), MK_EINVAL);
    CHECK_EQ(http_sse_send(rt, seen.id + 1, &all), MK_ENOENT);
    return actor_sse_send(rt, seen.id, &all) && actor_sse_send(rt, seen.id, &quiet) &&
           !actor_sse_send(rt, seen.id, &bad) && !actor_sse_send(rt, seen.id, NULL);
}

static bool own_port(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    static const char *const headers[] = {"X-Own: 1"};
    static const char *const bad[] = {"X: 1\r\nY: 2"};
    const ws_status_payload_t *status = msg->payload;
    switch (msg->type) {
    case DO_LISTEN: seen.result = actor_http_listen(rt, wanted_port); break;
    case DO_UNLISTEN: seen.result = actor_http_unlisten(rt, wanted_port); break;
    case DO_ANSWER:
        seen.result = actor_http_respond(rt, seen.id, 201, headers, 1, "made", 4);
        break;
    case DO_BAD_ANSWER:
        seen.result = actor_http_respond(rt, seen.id, 200, bad, 1, "x", 1);
        break;
    case DO_SSE: seen.result = actor_sse_start(rt, seen.id); break;
    case DO_PUSH:
        seen.result = actor_sse_push(rt, seen.id, "tick", "one\ntwo", 7) &&
                      actor_sse_push(rt, seen.id, NULL, "three", 5) &&
                      !actor_sse_push(rt, seen.id, "a\nb", "x", 1);
        break;
    case DO_SEND_EVENTS: seen.result = send_events(rt); break;
    case DO_ACCEPT: seen.result = actor_ws_accept(rt, seen.id); break;
    case DO_SEND:
        seen.result = actor_ws_send_text(rt, seen.id, "hi", 2) &&
                      actor_ws_send_binary(rt, seen.id, "\xff", 1) &&
                      !actor_ws_send_text(rt, seen.id, "\xff", 1);
        break;
    case DO_CLOSE_WS: seen.result = actor_ws_close(rt, seen.id, 4000, "bye"); break;
    case DO_CLOSE: actor_http_close(rt, seen.id); break;
    case DO_END: return false;
    case MSG_HTTP_REQUEST: take_request(msg); break;
    case MSG_HTTP_CONN_CLOSED:
        CHECK_EQ(msg->payload_size, sizeof *status);
        seen.closed++;
        seen.closed_id = status->conn_id;
        break;
    case MSG_HTTP_LISTEN_ERROR: seen.listen_errors++; break;
    case MSG_HTTP_ROOM: seen.rooms++; break;
    case MSG_WS_OPEN: seen.ws_open++; break;
    case MSG_WS_MESSAGE: take_ws_message(msg); break;
    case MSG_WS_CLOSED:
        seen.ws_closed++;
        seen.close_code = status->close_code;
        break;
    case MSG_WS_ERROR: seen.ws_errors++; break;
    default: break;
    }
    return true;
}

typedef struct {
    http_world_t world;
    actor_id_t owner;
} actor_world_t;

static bool tell(actor_world_t *w, msg_type_t what) {
    seen.result = false;
    CHECK(actor_send(w->world.rt, w->owner, what, NULL, 0));
    world_run(&w->world);
    return seen.result;
}

static void open_owned(actor_world_t *w) {
    memset(&seen, 0, sizeof seen);
    sim_reset(1);
    w->world.rt = runtime_init(0, 8);
    CHECK(w->world.rt != NULL);
    w->owner = actor_spawn(w->world.rt, own_port, NULL, NULL, 16);
    wanted_port = 8080;
    w->world.port = 8080;
    CHECK(tell(w, DO_LISTEN));
}

#define GET "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-One: 1\r\n\r\n"
#define UPGRADE                                                                        \
    "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"     \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

TEST(http_actor_gets_requests_as_published_and_answers_once) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, GET);
    CHECK_EQ(seen.requests, 1);
    CHECK_STR(seen.method, "GET");
    CHECK_STR(seen.path, "/a?b=c");
    CHECK_EQ(seen.headers_size, sizeof "Host: h" + sizeof "X-One: 1");
    CHECK_MEM(seen.headers, "Host: h\0X-One: 1", seen.headers_size);
    CHECK_EQ(seen.body_size, 0);
    world_pass(&w.world, 100000); /* any time later */
    CHECK(!tell(&w, DO_BAD_ANSWER));
    CHECK(tell(&w, DO_ANSWER));
    CHECK(!tell(&w, DO_ANSWER));
    (void)tell(&w, DO_CLOSE); /* does nothing: it is answered */
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 201 Created\r\n"), 1);
    CHECK_EQ(peer_count(peer, "X-Own: 1\r\n"), 1);
    CHECK_EQ(peer_count(peer, "Content-Length: 4\r\n"), 1);
    http_conn_id_t first = seen.id;
    peer_say(peer, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    CHECK_EQ(seen.requests, 2);
    CHECK(seen.id != first);
    CHECK_EQ(seen.body_size, 3);
    CHECK(tell(&w, DO_ANSWER));
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 201"), 2);
    peer_end(peer);
    CHECK_EQ(seen.closed, 0);
    world_close(&w.world);
}

TEST(http_actor_hears_once_that_a_peer_is_lost) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, GET);
    port_socket_abort(peer->handle);
    world_run(&w.world);
    free(peer);
    CHECK_EQ(seen.closed, 1);
    CHECK_EQ(seen.closed_id, seen.id);
    CHECK(!tell(&w, DO_ANSWER));
    world_pass(&w.world, 700000);
    CHECK_EQ(seen.closed, 1);
    world_close(&w.world);
}

TEST(http_actor_hears_of_what_is_dropped_when_the_grace_of_a_stop_is_over) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, GET);
    http_stop(w.world.rt, 1000);
    world_pass(&w.world, 900);
    CHECK_EQ(seen.closed, 0);
    world_pass(&w.world, 200);
    CHECK_EQ(seen.closed, 1);
    CHECK_EQ(seen.closed_id, seen.id);
    CHECK(!tell(&w, DO_ANSWER));
    peer_end(peer);
    world_close(&w.world);
}

TEST(http_actor_that_ends_leaves_503_and_no_port) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, GET);
    (void)tell(&w, DO_END);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 503"), 1);
    CHECK(peer->has_ended);
    peer_end(peer);
    CHECK_EQ(http_counters(w.world.rt).connections, 0);
    w.owner = actor_spawn(w.world.rt, own_port, NULL, NULL, 16);
    CHECK(tell(&w, DO_LISTEN));
    CHECK(tell(&w, DO_UNLISTEN));
    CHECK(!tell(&w, DO_UNLISTEN));
    world_close(&w.world);
}

TEST(http_actor_is_told_that_a_port_is_taken) {
    actor_world_t w;
    open_owned(&w);
    CHECK(!tell(&w, DO_LISTEN));
    CHECK_EQ(seen.listen_errors, 1);
    world_close(&w.world);
}

static bool never_ready(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    (void)state;
    return true;
}

TEST(http_actor_with_a_full_mailbox_makes_503) {
    sim_reset(1);
    http_world_t world;
    world.rt = runtime_init(0, 8);
    http_listen_options_t options;
    memset(&options, 0, sizeof options);
    options.owner = actor_spawn(world.rt, never_ready, NULL, NULL, 2);
    options.ignores_routes = true;
    world.port = (uint16_t)http_listen(world.rt, &options);
    peer_t *peer = peer_new(&world);
    /* Messages of others fill it in the moment before. */
    while (actor_send(world.rt, options.owner, 7, NULL, 0)) {
    }
    port_slice_t slice = {GET, sizeof GET - 1};
    CHECK(port_socket_write(peer->handle, &slice, 1) > 0);
    world_run(&world);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 503"), 1);
    CHECK_EQ(peer_count(peer, "Retry-After: 1"), 1);
    peer_end(peer);
    world_close(&world);
}

TEST(http_actor_pushes_events_until_the_peer_goes) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, GET);
    CHECK(tell(&w, DO_SSE));
    CHECK(!tell(&w, DO_ANSWER));
    CHECK(tell(&w, DO_PUSH));
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "Content-Type: text/event-stream\r\n"), 1);
    CHECK_EQ(peer_count(peer, "event: tick\ndata: one\ndata: two\n\n"), 1);
    CHECK_EQ(peer_count(peer, "data: three\n\n"), 1);
    world_pass(&w.world, 31000);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, ":\n\n"), 2);
    CHECK_EQ(http_counters(w.world.rt).event_streams, 1);
    peer_end(peer);
    CHECK_EQ(seen.closed, 1);
    CHECK(!tell(&w, DO_PUSH));
    world_close(&w.world);
}

TEST(http_actor_sends_events_with_what_readers_remember) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, GET);
    CHECK(tell(&w, DO_SSE));
    CHECK(tell(&w, DO_SEND_EVENTS));
    peer_read(peer);
    const char *body = strstr(peer->text, "\r\n\r\n");
    CHECK(body != NULL);
    CHECK_STR(body + 4, "event: tick\nid: 41\nretry: 2500\ndata: one\ndata: two\n\n"
                        "id: 42\n\n");
    peer_end(peer);
    world_close(&w.world);
}

TEST(http_actor_is_told_when_an_event_stream_has_room_again) {
    actor_world_t w;
    open_owned(&w);
    sim_net_set_window(1024);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, GET);
    CHECK(tell(&w, DO_SSE));
    int pushes = 0;
    while (pushes < 100000 && tell(&w, DO_PUSH))
        pushes++;
    CHECK(pushes > 100 && pushes < 100000);
    size_t held = http_counters(w.world.rt).memory_bytes;
    CHECK(held > MK_HTTP_OUTPUT_MARK && held <= 2 * MK_HTTP_OUTPUT_MARK + 1024);
    CHECK_EQ(seen.rooms, 0);
    peer->keeps_nothing = true;
    for (int i = 0; i < 100; i++) {
        peer_read(peer);
        world_run(&w.world);
    }
    CHECK_EQ(seen.rooms, 1);
    CHECK(tell(&w, DO_PUSH));
    peer_end(peer);
    world_close(&w.world);
}

TEST(http_actor_closes_an_event_stream) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, GET);
    CHECK(tell(&w, DO_SSE));
    CHECK(tell(&w, DO_PUSH));
    (void)tell(&w, DO_CLOSE);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "data: three\n\n"), 1);
    CHECK(peer->has_ended && !peer->was_reset);
    CHECK_EQ(seen.closed, 0);
    peer_end(peer);
    world_close(&w.world);
}

/* --- WebSockets --- */

TEST(http_actor_talks_over_a_websocket) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, UPGRADE);
    CHECK_EQ(seen.requests, 1);
    CHECK(tell(&w, DO_ACCEPT));
    CHECK_EQ(seen.ws_open, 1);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), 1);
    peer->size = 0;
    peer_send(peer, "\x81\x82\x00\x00\x00\x00ok", 8);
    CHECK_EQ(seen.ws_messages, 1);
    CHECK_STR(seen.message, "ok");
    peer_send(peer, "\x01\x81\x00\x00\x00\x00p", 7);
    peer_send(peer, "\x80\x83\x01\x01\x01\x01`su", 9);
    CHECK_EQ(seen.ws_messages, 2);
    CHECK_STR(seen.message, "part");
    CHECK(tell(&w, DO_SEND));
    peer_read(peer);
    CHECK_MEM(peer->text, "\x81\x02hi\x82\x01\xff", 7);
    peer->size = 0;
    CHECK(tell(&w, DO_CLOSE_WS));
    CHECK(!tell(&w, DO_SEND));
    peer_read(peer);
    CHECK_MEM(peer->text,
              "\x88\x05\x0f\xa0"
              "bye",
              7);
    peer_send(peer, "\x88\x82\x00\x00\x00\x00\x0f\xa0", 8);
    CHECK_EQ(seen.ws_closed, 1);
    CHECK_EQ(seen.close_code, 4000);
    peer_read(peer);
    CHECK(peer->has_ended && !peer->was_reset);
    peer_end(peer);
    CHECK_EQ(http_counters(w.world.rt).connections, 0);
    world_close(&w.world);
}

TEST(http_actor_accepts_no_websocket_from_a_plain_request) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, GET);
    CHECK(!tell(&w, DO_ACCEPT));
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 400"), 1);
    CHECK(!tell(&w, DO_ANSWER));
    peer_end(peer);
    CHECK_EQ(seen.closed, 0);
    world_close(&w.world);
}

TEST(http_actor_gets_what_came_before_it_accepted) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    static const char early[] = UPGRADE "\x81\x82\x00\x00\x00\x00ok\x81\x82";
    peer_send(peer, early, sizeof early - 1);
    CHECK(tell(&w, DO_ACCEPT));
    peer_send(peer, "\x00\x00\x00\x00hm", 6);
    CHECK_EQ(seen.ws_messages, 2);
    CHECK_STR(seen.message, "hm");
    port_socket_abort(peer->handle);
    world_run(&w.world);
    free(peer);
    CHECK_EQ(seen.ws_closed, 1);
    CHECK_EQ(seen.close_code, 1006);
    world_close(&w.world);
}

TEST(http_actor_hears_why_a_websocket_failed) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, UPGRADE);
    CHECK(tell(&w, DO_ACCEPT));
    peer_send(peer, "\x81\x02hi", 4);
    CHECK_EQ(seen.ws_errors, 1);
    CHECK_EQ(seen.ws_closed, 0);
    peer_read(peer);
    CHECK(peer->has_ended);
    peer_end(peer);
    CHECK_EQ(http_counters(w.world.rt).connections, 0);
    world_close(&w.world);
}

TEST(http_actor_that_ends_closes_its_websockets_with_1001) {
    actor_world_t w;
    open_owned(&w);
    peer_t *peer = peer_new(&w.world);
    peer_say(peer, UPGRADE);
    CHECK(tell(&w, DO_ACCEPT));
    peer_read(peer);
    peer->size = 0;
    (void)tell(&w, DO_END);
    peer_read(peer);
    CHECK_MEM(peer->text, "\x88\x02\x03\xe9", 4);
    world_pass(&w.world, 4000); /* the peer never answers */
    peer_read(peer);
    CHECK(peer->has_ended);
    peer_end(peer);
    CHECK_EQ(http_counters(w.world.rt).connections, 0);
    world_close(&w.world);
}

TEST_TABLE(
    http_actor, TEST_ROW(http_actor_gets_requests_as_published_and_answers_once),
    TEST_ROW(http_actor_hears_once_that_a_peer_is_lost),
    TEST_ROW(http_actor_hears_of_what_is_dropped_when_the_grace_of_a_stop_is_over),
    TEST_ROW(http_actor_that_ends_leaves_503_and_no_port),
    TEST_ROW(http_actor_is_told_that_a_port_is_taken),
    TEST_ROW(http_actor_with_a_full_mailbox_makes_503),
    TEST_ROW(http_actor_pushes_events_until_the_peer_goes),
    TEST_ROW(http_actor_sends_events_with_what_readers_remember),
    TEST_ROW(http_actor_is_told_when_an_event_stream_has_room_again),
    TEST_ROW(http_actor_closes_an_event_stream),
    TEST_ROW(http_actor_talks_over_a_websocket),
    TEST_ROW(http_actor_accepts_no_websocket_from_a_plain_request),
    TEST_ROW(http_actor_gets_what_came_before_it_accepted),
    TEST_ROW(http_actor_hears_why_a_websocket_failed),
    TEST_ROW(http_actor_that_ends_closes_its_websockets_with_1001))
