/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of requests in pieces: to handlers, to actors, and to the owner of a port. */
#include "http_world.h"

#include "base/alloc.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"

#include <stdio.h>
#include <stdlib.h>

enum { MORE = 1, ANSWER, END_ACTOR, TAKEN_MAX = 4096 };

/* What the receiver saw, and how it behaves. */
static struct {
    http_conn_id_t id;
    char text[TAKEN_MAX]; /* the body, as much as fits */
    uint64_t size;
    int pieces;
    int ends;
    int losses;
    int requests;
    size_t largest;
    uint64_t size_max;  /* for http_receive */
    uint64_t answer_at; /* bytes at which it answers early; 0: at the end */
    bool holds;         /* asks for each piece */
    bool refuses;       /* answers with 403 instead */
    bool is_mute;       /* does not answer at the end */
    bool begins_early;  /* begins its answer with the first piece */
    actor_id_t actor;
} got;

static http_world_t world;
static peer_t peer;

static void take(const void *data, size_t size) {
    size_t room = got.size < TAKEN_MAX ? TAKEN_MAX - (size_t)got.size : 0;
    if (size < room) room = size;
    if (room > 0) memcpy(got.text + got.size, data, room);
    got.size += size;
    got.pieces++;
    if (size > got.largest) got.largest = size;
}

static void answer(runtime_t *rt, http_conn_id_t id) {
    char text[32];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)got.size);
    CHECK_EQ(http_respond(rt, id, 201, NULL, 0, text, (size_t)size), MK_OK);
}

static bool on_data(runtime_t *rt, http_conn_id_t id, const void *data, size_t size,
                    void *ctx) {
    CHECK(ctx == &got);
    CHECK_EQ(id, got.id);
    CHECK(size > 0);
    take(data, size);
    if (got.answer_at > 0 && got.size >= got.answer_at) answer(rt, id);
    if (got.begins_early) {
        if (got.pieces == 1) CHECK_EQ(http_respond_begin(rt, id, 200, NULL, 0), MK_OK);
        CHECK_EQ(http_respond_piece(rt, id, data, size), MK_OK);
    }
    return !got.holds;
}

static void on_end(runtime_t *rt, http_conn_id_t id, void *ctx) {
    CHECK(ctx == &got);
    CHECK_EQ(id, got.id);
    got.ends++;
    if (got.begins_early)
        CHECK_EQ(http_respond_end(rt, id), MK_OK);
    else if (!got.is_mute)
        answer(rt, id);
}

static void on_lost(runtime_t *rt, http_conn_id_t id, void *ctx) {
    (void)rt;
    CHECK(ctx == &got);
    CHECK_EQ(id, got.id);
    got.losses++;
}

static const http_body_handler_t receiver = {on_data, on_end, on_lost};

static void receive(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    CHECK_EQ(request->body_size, 0);
    got.requests++;
    if (got.refuses) {
        CHECK_EQ(http_answer(request, 403, NULL, 0, "no", 2), MK_OK);
        CHECK_EQ(http_receive(request, &receiver, &got, 0), 0);
        return;
    }
    got.id = http_receive(request, &receiver, &got, got.size_max);
    if (got.id != 0 || got.size_max > 0)
        CHECK_EQ(http_receive(request, &receiver, &got, 0), 0);
}

static void receive_whole(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    CHECK_EQ(http_receive(request, &receiver, &got, 0), 0);
    CHECK_EQ(http_answer(request, 200, NULL, 0, request->body, request->body_size),
             MK_OK);
}

static void begin(const http_listen_options_t *options) {
    memset(&got, 0, sizeof got);
    world_open(&world, options);
    CHECK_EQ(http_route_pieces(world.rt, "PUT", "/up/*", receive, NULL), MK_OK);
    CHECK_EQ(http_route(world.rt, "POST", "/whole", receive_whole, NULL), MK_OK);
    peer_open(&peer, &world);
}

static void end(void) {
    peer_close(&peer);
    world_close(&world);
}

#define PUT(fields) "PUT /up/x HTTP/1.1\r\nHost: h\r\n" fields "\r\n"
#define NEXT        "POST /whole HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nnext"

static const char by_length[] = PUT("Content-Length: 11\r\n") "hello world" NEXT;
static const char by_chunks[] =
    PUT("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n1;a=b\r\n \r\n5\r\nworld\r\n"
                                          "0\r\nX-Sum: 1\r\n\r\n" NEXT;

/* --- to a handler --- */

static void check_both(void) {
    CHECK_EQ(got.size, 11);
    CHECK(memcmp(got.text, "hello world", 11) == 0);
    CHECK_EQ(got.ends, 1);
    CHECK_EQ(got.losses, 0);
    CHECK(!peer.has_ended);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 201 Created\r\n"), 1);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 200 OK\r\n"), 1);
    CHECK_EQ(peer_count(&peer, "\r\n\r\n11HTTP/1.1"), 1);
    CHECK_EQ(peer_count(&peer, "\r\n\r\nnext"), 1);
    CHECK_EQ(peer_count(&peer, "Connection"), 0);
}

TEST(http_receive_gives_the_same_body_however_it_is_cut) {
    const char *const texts[] = {by_length, by_chunks};
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(texts[i]);
        for (size_t cut = 0; cut < size; cut++) {
            begin(NULL);
            peer_send(&peer, texts[i], cut);
            peer_send(&peer, texts[i] + cut, size - cut);
            peer_read(&peer);
            check_both();
            end();
        }
        begin(NULL);
        for (size_t at = 0; at < size; at++)
            peer_send(&peer, texts[i] + at, 1);
        check_both();
        CHECK_EQ(got.pieces, 11);
        end();
    }
}

TEST(http_receive_hands_on_what_one_read_brings_as_one_piece) {
    begin(NULL);
    peer_say(&peer, by_chunks);
    check_both();
    CHECK_EQ(got.pieces, 1);
    end();
}

TEST(http_receive_ends_at_once_without_a_body) {
    static const char *const fields[] = {PUT(""), PUT("Content-Length: 0\r\n")};
    for (size_t i = 0; i < 2; i++) {
        begin(NULL);
        peer_say(&peer, fields[i]);
        peer_say(&peer, NEXT);
        CHECK_EQ(got.size, 0);
        CHECK_EQ(got.ends, 1);
        CHECK_EQ(peer_count(&peer, "HTTP/1.1 20"), 2);
        CHECK(!peer.has_ended);
        end();
    }
}

/* Send what the server takes without being read from in between: bytes that went. */
static size_t push(const char *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        port_slice_t slice = {bytes + done, size - done};
        int count = port_socket_write(peer.handle, &slice, 1);
        if (count <= 0) break;
        done += (size_t)count;
        world_run(&world);
    }
    return done;
}

enum { BLOCK = 65536 };

/* Upload `size` bytes to a receiver that asks for each piece: the most that the server
 * held at any time. */
static size_t upload_held(size_t size) {
    static char block[BLOCK];
    char head[128];
    size_t held = 0;
    begin(NULL);
    got.holds = true;
    (void)snprintf(head, sizeof head, PUT("Content-Length: %zu\r\n"), size);
    peer_say(&peer, head);
    for (size_t sent = 0; sent < size || got.ends == 0;) {
        size_t part = size - sent < BLOCK ? size - sent : BLOCK;
        sent += push(block, part);
        size_t now = http_counters(world.rt).memory_bytes;
        if (now > held) held = now;
        http_receive_more(world.rt, got.id);
        world_run(&world);
    }
    CHECK_EQ(got.size, size);
    CHECK_EQ(got.ends, 1);
    CHECK(got.largest <= BLOCK);
    peer_read(&peer);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 201"), 1);
    end();
    return held;
}

TEST(http_receive_holds_the_same_for_a_body_of_any_size) {
    size_t small = upload_held(1024u * 1024u);
    size_t large = upload_held(64u * 1024u * 1024u);
    CHECK(small <= 2 * BLOCK);
    CHECK_EQ(large, small);
}

TEST(http_receive_stops_the_peer_while_nothing_is_wanted) {
    static char block[BLOCK];
    begin(NULL);
    got.holds = true;
    peer_say(&peer, PUT("Content-Length: 100000000\r\n"));
    size_t sent = 0, part;
    while ((part = push(block, BLOCK)) > 0)
        sent += part;
    CHECK_EQ(got.pieces, 1);
    CHECK(sent < 100 * (size_t)BLOCK); /* what the socket holds, not the body */
    uint64_t before = got.size;
    http_receive_more(world.rt, got.id);
    http_receive_more(world.rt, got.id);
    world_run(&world);
    CHECK_EQ(got.pieces, 2);
    CHECK(got.size > before);
    end();
    CHECK_EQ(got.losses, 1);
}

/* --- 100 Continue --- */

#define EXPECTING PUT("Content-Length: 5\r\nExpect: 100-continue\r\n")

TEST(http_receive_says_continue_only_when_the_body_is_wanted) {
    begin(NULL);
    peer_say(&peer, EXPECTING);
    CHECK_STR(peer.text, "HTTP/1.1 100 Continue\r\n\r\n");
    peer_say(&peer, "hello");
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 201"), 1);
    CHECK(!peer.has_ended);
    end();

    begin(NULL); /* the handler does not want it */
    got.refuses = true;
    peer_say(&peer, EXPECTING);
    CHECK_EQ(peer_count(&peer, "100 Continue"), 0);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 403"), 1);
    CHECK_EQ(peer_count(&peer, "Connection: close"), 1);
    CHECK(peer.has_ended && !peer.was_reset);
    end();

    begin(NULL); /* it is too long */
    got.size_max = 4;
    peer_say(&peer, EXPECTING);
    CHECK_EQ(peer_count(&peer, "100 Continue"), 0);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 413"), 1);
    CHECK_EQ(got.id, 0);
    CHECK(peer.has_ended && !peer.was_reset);
    end();

    begin(NULL); /* the peer does not wait */
    peer_say(&peer, EXPECTING "hello");
    CHECK_EQ(peer_count(&peer, "100 Continue"), 0);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 201"), 1);
    end();
}

/* --- early answers --- */

TEST(http_receive_skips_a_body_that_is_here_and_not_wanted) {
    begin(NULL);
    got.refuses = true;
    peer_say(&peer, by_length);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 403"), 1);
    CHECK_EQ(peer_count(&peer, "\r\n\r\nnext"), 1);
    CHECK(!peer.has_ended);
    end();
}

TEST(http_receive_ends_with_an_answer_that_comes_first) {
    static char block[BLOCK];
    begin(NULL);
    got.answer_at = 10;
    peer_say(&peer, PUT("Content-Length: 1000000\r\n"));
    peer_send(&peer, block, 100);
    CHECK_EQ(got.pieces, 1);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 201"), 1);
    CHECK_EQ(peer_count(&peer, "Connection: close"), 1);
    /* What the peer still sends is read and dropped: no reset overtakes the answer. */
    for (int i = 0; i < 10; i++)
        peer_send(&peer, block, 1000);
    CHECK(peer.has_ended && !peer.was_reset);
    CHECK_EQ(got.pieces, 1);
    CHECK_EQ(got.ends, 0);
    CHECK_EQ(got.losses, 0);
    CHECK_EQ(http_counters(world.rt).connections, 0);
    end();
}

TEST(http_receive_answers_while_the_body_comes) {
    begin(NULL);
    got.begins_early = true;
    peer_say(&peer, PUT("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n");
    CHECK_EQ(peer_count(&peer, "\r\n\r\n5\r\nhello\r\n"), 1);
    peer_say(&peer, "6\r\n world\r\n");
    CHECK_EQ(peer_count(&peer, "6\r\n world\r\n"), 1);
    CHECK(!peer.has_ended);
    peer_say(&peer, "0\r\n\r\n");
    CHECK_EQ(peer_count(&peer, "\r\n0\r\n\r\n"), 1);
    CHECK_EQ(got.ends, 1);
    CHECK(peer.has_ended && !peer.was_reset); /* as its head had said */
    end();
}

/* --- what goes wrong --- */

typedef struct {
    const char *name;
    const char *text;
    uint64_t size_max;
    const char *begins;
    int losses;
} fault_t;

static const fault_t faults[] = {
    {"too long by its length", PUT("Content-Length: 11\r\n"), 10, "HTTP/1.1 413", 0},
    {"too long in chunks", PUT("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n7\r\n",
     10, "", 0},
    {"one byte too long in chunks",
     PUT("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n6\r\n world\r\n", 10,
     "HTTP/1.1 413", 1},
    {"bad chunk size", PUT("Transfer-Encoding: chunked\r\n") "0x5\r\nhello\r\n", 0,
     "HTTP/1.1 400", 1},
    {"no end of a chunk", PUT("Transfer-Encoding: chunked\r\n") "5\r\nhelloX", 0,
     "HTTP/1.1 400", 1},
    {"bad trailer",
     PUT("Transfer-Encoding: chunked\r\n") "1\r\nh\r\n0\r\nno colon\r\n\r\n", 0,
     "HTTP/1.1 400", 1},
};

TEST(http_receive_refuses_what_is_malformed_or_too_long) {
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const fault_t *fault = &faults[i];
        for (int is_slow = 0; is_slow < 2; is_slow++) {
            begin(NULL);
            got.size_max = fault->size_max;
            for (const char *at = fault->text; is_slow && *at != '\0'; at++)
                peer_send(&peer, at, 1);
            if (!is_slow) peer_say(&peer, fault->text);
            peer_read(&peer);
            bool is_fine =
                strncmp(peer.text, fault->begins, strlen(fault->begins)) == 0 &&
                got.losses == fault->losses && got.ends == 0 &&
                peer.has_ended == (fault->begins[0] != '\0') && !peer.was_reset;
            if (!is_fine)
                printf("%s: %d losses, %s\n", fault->name, got.losses, peer.text);
            CHECK(is_fine);
            end();
        }
    }
}

TEST(http_receive_tells_of_a_peer_that_goes_away) {
    begin(NULL);
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    CHECK_EQ(got.size, 5);
    peer_close(&peer);
    CHECK_EQ(got.losses, 1);
    CHECK_EQ(got.ends, 0);
    CHECK_EQ(http_respond(world.rt, got.id, 200, NULL, 0, NULL, 0), MK_ENOENT);
    http_receive_more(world.rt, got.id);
    world_close(&world);

    begin(NULL); /* or says that it sends no more */
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    CHECK_EQ(port_socket_finish(peer.handle), MK_OK);
    world_run(&world);
    CHECK_EQ(got.losses, 1);
    end();
    CHECK_EQ(got.losses, 1);
}

TEST(http_receive_times_the_peer_and_not_the_handler) {
    http_listen_options_t options = {.body_ms = 1000, .handler_ms = 5000};
    begin(&options);
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    world_pass(&world, 1500);
    peer_read(&peer);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 408"), 1);
    CHECK_EQ(got.losses, 1);
    CHECK(peer.has_ended);
    end();

    begin(&options); /* held up, the time is the handler's */
    got.holds = true;
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    for (int i = 0; i < 3; i++) {
        world_pass(&world, 4000);
        CHECK_EQ(got.losses, 0);
        http_receive_more(world.rt, got.id);
        world_run(&world);
        world_pass(&world, 200);
        peer_say(&peer, "ab");
    }
    CHECK_EQ(got.size, 11);
    CHECK_EQ(got.ends, 1);
    CHECK_EQ(got.losses, 0);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 201"), 1);
    end();

    begin(&options); /* which is bounded, too */
    got.holds = true;
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    world_pass(&world, 6000);
    peer_read(&peer);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 503"), 1);
    CHECK_EQ(got.losses, 1);
    end();
}

TEST(http_receive_ends_with_its_request) {
    begin(NULL);
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    http_close(world.rt, got.id);
    world_run(&world);
    peer_read(&peer);
    CHECK_EQ(got.losses, 1);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 503"), 1);
    end();

    begin(NULL); /* a server that stops lets it come to its end */
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    http_stop(world.rt, 1000);
    peer_say(&peer, " world");
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 201"), 1);
    CHECK(peer.has_ended);
    CHECK_EQ(got.losses, 0);
    end();

    begin(NULL); /* or ends it with the runtime */
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    runtime_destroy(world.rt);
    CHECK_EQ(got.losses, 1);
    port_socket_close(peer.handle);
    CHECK_EQ(sim_handle_count(), 0);
}

TEST(http_receive_is_refused_when_memory_is_short) {
    size_t at = 1;
    for (bool is_over = false; !is_over; at++) {
        begin(NULL);
        mk_alloc_fail_at(at, false);
        peer_say(&peer, PUT("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n");
        peer_say(&peer, "0\r\n\r\n");
        is_over = !mk_alloc_fail_hit();
        mk_alloc_fail_at(0, false);
        world_run(&world);
        peer_read(&peer);
        CHECK_EQ(got.ends + got.losses, got.id != 0 ? 1 : 0);
        if (is_over) CHECK_EQ(got.ends, 1);
        end();
        CHECK(at < 1000);
    }
}

/* --- to an actor --- */

static bool act(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    const http_data_payload_t *data = msg->payload;
    (void)self;
    (void)state;
    switch (msg->type) {
    case MSG_HTTP_REQUEST:
        got.requests++;
        got.id = ((const http_request_payload_t *)msg->payload)->conn_id;
        CHECK_EQ(((const http_request_payload_t *)msg->payload)->body_size, 0);
        break;
    case MSG_HTTP_DATA:
        CHECK_EQ(data->conn_id, got.id);
        CHECK_EQ(msg->payload_size, sizeof *data + data->data_size);
        take(http_data_bytes(data), data->data_size);
        break;
    case MSG_HTTP_END: got.ends++; break;
    case MSG_HTTP_CONN_CLOSED: got.losses++; break;
    case MORE: http_receive_more(rt, got.id); break;
    case ANSWER: CHECK(actor_http_respond(rt, got.id, 201, NULL, 0, "done", 4)); break;
    case END_ACTOR: return false;
    default: break;
    }
    return true;
}

static void receive_to_actor(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    got.requests++;
    CHECK_EQ(http_receive_to(request, ACTOR_ID_INVALID, 0), 0);
    got.id = http_receive_to(request, got.actor, got.size_max);
}

static void tell(msg_type_t type) {
    CHECK(actor_send(world.rt, got.actor, type, NULL, 0));
    world_run(&world);
}

static void begin_actor(bool owns_port) {
    memset(&got, 0, sizeof got);
    sim_reset(world_seed);
    world.rt = runtime_init(0, 64);
    got.actor = actor_spawn(world.rt, act, NULL, NULL, 8);
    http_listen_options_t options = {.owner = owns_port ? got.actor : 0,
                                     .takes_pieces = true};
    int port = http_listen(world.rt, &options);
    CHECK(port > 0);
    world.port = (uint16_t)port;
    if (!owns_port)
        CHECK_EQ(http_route_pieces(world.rt, "PUT", "/up/*", receive_to_actor, NULL),
                 MK_OK);
    peer_open(&peer, &world);
}

TEST(http_receive_gives_an_actor_each_piece_that_it_asks_for) {
    for (int owns_port = 0; owns_port < 2; owns_port++) {
        begin_actor(owns_port != 0);
        peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
        CHECK_EQ(got.requests, 1);
        CHECK_EQ(got.pieces, 0);
        tell(MORE);
        CHECK_EQ(got.pieces, 1);
        peer_say(&peer, " world");
        CHECK_EQ(got.pieces, 1);
        tell(MORE);
        CHECK_EQ(got.pieces, 2);
        CHECK_EQ(got.ends, 1);
        CHECK(memcmp(got.text, "hello world", 11) == 0);
        tell(MORE);
        tell(ANSWER);
        peer_read(&peer);
        CHECK_EQ(peer_count(&peer, "HTTP/1.1 201"), 1);
        CHECK(!peer.has_ended);
        end();
        CHECK_EQ(got.losses, 0);
    }
}

TEST(http_receive_says_continue_when_the_actor_asks) {
    for (int owns_port = 0; owns_port < 2; owns_port++) {
        begin_actor(owns_port != 0);
        peer_say(&peer, EXPECTING);
        CHECK_EQ(peer.size, 0);
        tell(MORE);
        peer_read(&peer);
        CHECK_STR(peer.text, "HTTP/1.1 100 Continue\r\n\r\n");
        peer_say(&peer, "hello");
        CHECK_EQ(got.ends, 1);
        tell(ANSWER);
        end();

        begin_actor(owns_port != 0); /* or not, when it answers */
        peer_say(&peer, EXPECTING);
        tell(ANSWER);
        peer_read(&peer);
        CHECK_EQ(peer_count(&peer, "100 Continue"), 0);
        CHECK_EQ(peer_count(&peer, "HTTP/1.1 201"), 1);
        CHECK(peer.has_ended && !peer.was_reset);
        end();
        CHECK_EQ(got.losses, 0);
    }
}

TEST(http_receive_gives_the_owner_of_a_port_requests_without_a_body) {
    begin_actor(true);
    for (int i = 0; i < 2; i++) {
        peer_say(&peer, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK_EQ(got.requests, i + 1);
        CHECK_EQ(got.ends, i + 1);
        tell(ANSWER);
        peer_read(&peer);
        CHECK_EQ(peer_count(&peer, "\r\n\r\ndone"), i + 1);
        CHECK(!peer.has_ended);
    }
    /* Its bound is the port's. */
    peer_say(&peer, PUT("Content-Length: 100000000\r\n"));
    CHECK_EQ(got.requests, 2);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 413"), 1);
    end();
}

TEST(http_receive_tells_an_actor_of_a_loss_once) {
    begin_actor(false);
    peer_say(&peer, PUT("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\nx");
    tell(MORE); /* what came before the fault is not given */
    CHECK_EQ(got.losses, 1);
    peer_read(&peer);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 400"), 1);
    end();

    begin_actor(false);
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    tell(MORE);
    tell(MORE);
    peer_close(&peer);
    CHECK_EQ(got.losses, 1);
    world_close(&world);
    CHECK_EQ(got.losses, 1);

    begin_actor(false); /* and answers for it when it ends */
    CHECK(actor_spawn(world.rt, act, NULL, NULL, 2) != 0); /* somebody else goes on */
    peer_say(&peer, PUT("Content-Length: 11\r\n") "hello");
    tell(END_ACTOR);
    peer_read(&peer);
    CHECK_EQ(peer_count(&peer, "HTTP/1.1 503"), 1);
    CHECK(peer.has_ended);
    end();
}

TEST_TABLE(http_receive, TEST_ROW(http_receive_gives_the_same_body_however_it_is_cut),
           TEST_ROW(http_receive_hands_on_what_one_read_brings_as_one_piece),
           TEST_ROW(http_receive_ends_at_once_without_a_body),
           TEST_ROW(http_receive_holds_the_same_for_a_body_of_any_size),
           TEST_ROW(http_receive_stops_the_peer_while_nothing_is_wanted),
           TEST_ROW(http_receive_says_continue_only_when_the_body_is_wanted),
           TEST_ROW(http_receive_skips_a_body_that_is_here_and_not_wanted),
           TEST_ROW(http_receive_ends_with_an_answer_that_comes_first),
           TEST_ROW(http_receive_answers_while_the_body_comes),
           TEST_ROW(http_receive_refuses_what_is_malformed_or_too_long),
           TEST_ROW(http_receive_tells_of_a_peer_that_goes_away),
           TEST_ROW(http_receive_times_the_peer_and_not_the_handler),
           TEST_ROW(http_receive_ends_with_its_request),
           TEST_ROW(http_receive_is_refused_when_memory_is_short),
           TEST_ROW(http_receive_gives_an_actor_each_piece_that_it_asks_for),
           TEST_ROW(http_receive_says_continue_when_the_actor_asks),
           TEST_ROW(http_receive_gives_the_owner_of_a_port_requests_without_a_body),
           TEST_ROW(http_receive_tells_an_actor_of_a_loss_once))
