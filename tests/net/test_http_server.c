/* SPDX-License-Identifier: Apache-2.0 */
/* The server against a peer that talks bytes: answers, refusals, deadlines, bounds. */
#include "http_world.h"

#include "microkernel/error.h"
#include "microkernel/log.h"
#include "sim_net.h"

#include <stdio.h>
#include <stdlib.h>

static char seen[512]; /* what the last handler saw */

static void say_hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    const char *const headers[] = {"Content-Type: text/plain"};
    CHECK_EQ(http_answer(request, 200, headers, 1, "hello", 5), MK_OK);
    CHECK_EQ(http_answer(request, 200, headers, 1, "again", 5), MK_ESTATE);
}

static void echo_body(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    CHECK_EQ(http_answer(request, 200, NULL, 0, request->body, request->body_size),
             MK_OK);
}

static void show_name(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    const char *name = http_param(request, "name");
    CHECK(name != NULL);
    CHECK(http_param(request, "other") == NULL);
    (void)snprintf(seen, sizeof seen, "%s|%s|%s", name, request->path, request->query);
    CHECK_EQ(http_answer(request, 200, NULL, 0, name, strlen(name)), MK_OK);
}

static void forget(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)request;
    (void)ctx;
}

static http_conn_id_t kept;

static void keep(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    kept = http_defer(request);
    CHECK(kept != 0);
}

static void add_routes(http_world_t *world) {
    CHECK_EQ(http_route(world->rt, "GET", "/", say_hello, NULL), MK_OK);
    CHECK_EQ(http_route(world->rt, "POST", "/echo", echo_body, NULL), MK_OK);
    CHECK_EQ(http_route(world->rt, "GET", "/hello/:name", show_name, NULL), MK_OK);
    CHECK_EQ(http_route(world->rt, "GET", "/forget", forget, NULL), MK_OK);
    CHECK_EQ(http_route(world->rt, "GET", "/keep", keep, NULL), MK_OK);
}

static void open_server(http_world_t *world) {
    world_open(world, NULL);
    add_routes(world);
}

/* --- the table --- */

typedef struct {
    const char *name;
    const char *request; /* bytes of the peer */
    const char *begins;  /* how the answer begins; "" : none at all */
    bool closes;         /* the connection is closed behind it */
    const char *has;     /* somewhere in the answer; NULL: no matter */
} row_t;

#define GET                "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST(fields, body) "POST /echo HTTP/1.1\r\nHost: h\r\n" fields "\r\n" body

static const row_t rows[] = {
    {"plain", GET, "HTTP/1.1 200 OK\r\n", false, "\r\n\r\nhello"},
    {"date", GET, "HTTP/1.1 200", false, "\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"},
    {"1.0", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200", true, "Connection: close"},
    {"1.0 keeps alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     "HTTP/1.1 200", false, "Connection: keep-alive"},
    {"close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 200",
     true, "Connection: close"},
    {"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400", true, "no Host field"},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "HTTP/1.1 400", true,
     "more than one Host"},
    {"unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 405", false,
     "Allow: GET, HEAD, OPTIONS"},
    {"unknown method elsewhere", "BREW /nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
     "HTTP/1.1 501", true, NULL},
    {"other method", "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 405", false,
     "Allow: GET, HEAD, OPTIONS"},
    {"options", "OPTIONS /echo HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 204", false,
     "Allow: POST, OPTIONS"},
    {"not found", "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404", false,
     "nothing is found here"},
    {"0.9", "GET /\r\n", "HTTP/1.1 400", true, NULL},
    {"2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "HTTP/1.1 505", true, NULL},
    {"1.10", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", "HTTP/1.1 400", true, NULL},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400", true, NULL},
    {"bare LF", "GET / HTTP/1.1\nHost: h\n\n", "HTTP/1.1 400", true, NULL},
    {"bare CR", "GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", "HTTP/1.1 400", true,
     NULL},
    {"space before colon", "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", "HTTP/1.1 400",
     true, NULL},
    {"empty name", "GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", "HTTP/1.1 400", true,
     NULL},
    {"no colon", "GET / HTTP/1.1\r\nHost: h\r\nab\r\n\r\n", "HTTP/1.1 400", true, NULL},
    {"folded", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 400", true,
     "folded"},
    {"body", POST("Content-Length: 5\r\n", "abcde"), "HTTP/1.1 200", false,
     "\r\n\r\nabcde"},
    {"empty body", POST("Content-Length: 0\r\n", ""), "HTTP/1.1 200", false,
     "Content-Length: 0"},
    {"chunked",
     POST("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"),
     "HTTP/1.1 200", false, "\r\n\r\nabcde"},
    {"trailers",
     POST("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"),
     "HTTP/1.1 200", false, "\r\n\r\nabc"},
    {"chunk size 0x5",
     POST("Transfer-Encoding: chunked\r\n", "0x5\r\nabcde\r\n0\r\n\r\n"),
     "HTTP/1.1 400", true, "chunk size"},
    {"chunk size -5",
     POST("Transfer-Encoding: chunked\r\n", "-5\r\nabcde\r\n0\r\n\r\n"), "HTTP/1.1 400",
     true, "chunk size"},
    {"chunk size empty",
     POST("Transfer-Encoding: chunked\r\n", "\r\nabcde\r\n0\r\n\r\n"), "HTTP/1.1 400",
     true, NULL},
    {"chunk size 17 F",
     POST("Transfer-Encoding: chunked\r\n", "11111111111111111F\r\nabcde\r\n"),
     "HTTP/1.1 400", true, NULL},
    {"chunk without CRLF",
     POST("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"), "HTTP/1.1 400",
     true, NULL},
    {"extension ends in LF",
     POST("Transfer-Encoding: chunked\r\n", "3;x\nabc\r\n0\r\n\r\n"), "HTTP/1.1 400",
     true, NULL},
    {"TE and CL", POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "abcde"),
     "HTTP/1.1 400", true, "beside"},
    {"TE unknown", POST("Transfer-Encoding: xchunked\r\n", ""), "HTTP/1.1 501", true,
     NULL},
    {"TE identity", POST("Transfer-Encoding: chunked, identity\r\n", ""),
     "HTTP/1.1 400", true, NULL},
    {"TE twice",
     POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""),
     "HTTP/1.1 400", true, NULL},
    {"two CL", POST("Content-Length: 5\r\nContent-Length: 6\r\n", "abcde"),
     "HTTP/1.1 400", true, NULL},
    {"CL +5", POST("Content-Length: +5\r\n", "abcde"), "HTTP/1.1 400", true, NULL},
    {"CL 5_0", POST("Content-Length: 5_0\r\n", "abcde"), "HTTP/1.1 400", true, NULL},
    {"CL 5,5", POST("Content-Length: 5,5\r\n", "abcde"), "HTTP/1.1 400", true, NULL},
    {"CL empty", POST("Content-Length:\r\n", "abcde"), "HTTP/1.1 400", true, NULL},
    {"CL 2^64+5", POST("Content-Length: 18446744073709551621\r\n", "abcde"),
     "HTTP/1.1 400", true, NULL},
    {"CL 10 GB", POST("Content-Length: 10000000000\r\n", ""), "HTTP/1.1 413", true,
     "body too large"},
    {"expect", POST("Content-Length: 5\r\nExpect: 100-continue\r\n", ""),
     "HTTP/1.1 100 Continue\r\n\r\n", false, NULL},
    {"expect of nobody",
     "POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: "
     "100-continue\r\n\r\n",
     "HTTP/1.1 404", true, NULL},
    {"expect too much",
     POST("Content-Length: 10000000\r\nExpect: 100-continue\r\n", ""), "HTTP/1.1 413",
     true, NULL},
    {"expect something else", POST("Content-Length: 5\r\nExpect: tea\r\n", ""),
     "HTTP/1.1 417", true, NULL},
    {"head", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200", false,
     "Content-Length: 5"},
    {"no answer", "GET /forget HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 500", false,
     "no answer"},
    {"absolute", "GET http://h/hello/x?q HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200",
     false, "\r\n\r\nx"},
    {"absolute without a path", "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n",
     "HTTP/1.1 200", false, "hello"},
    {"bad percent", "GET /hello/%4 HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400", true,
     "percent-encoding"},
    {"encoded NUL", "GET /hello/a%00 HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400", true,
     "percent-encoding"},
    {"connect", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", "HTTP/1.1 501", true,
     NULL},
    {"options of all", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404", false,
     NULL},
    {"tls hello", "\x16\x03\x01\x02\x00\x01", "HTTP/1.1 400", true, NULL},
};

static void check_row(http_world_t *world, const row_t *row, size_t split) {
    peer_t *peer = peer_new(world);
    size_t size = strlen(row->request);
    if (split < size) peer_send(peer, row->request, split);
    peer_send(peer, row->request + (split < size ? split : 0),
              size - (split < size ? split : 0));
    world_run(world);
    peer_read(peer);
    if (strncmp(peer->text, row->begins, strlen(row->begins)) != 0 ||
        (row->has != NULL && strstr(peer->text, row->has) == NULL) ||
        peer->has_ended != row->closes)
        printf("row \"%s\" split at %zu: %s\n", row->name, split, peer->text);
    CHECK(strncmp(peer->text, row->begins, strlen(row->begins)) == 0);
    CHECK(row->has == NULL || strstr(peer->text, row->has) != NULL);
    CHECK_EQ(peer->has_ended, row->closes);
    CHECK(!peer->was_reset);
    peer_end(peer);
}

TEST(http_server_answers_every_row_of_the_table) {
    http_world_t world;
    open_server(&world);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(&world, &rows[i], SIZE_MAX);
    world_close(&world);
}

TEST(http_server_answers_the_same_wherever_it_is_split) {
    http_world_t world;
    open_server(&world);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t at = 1; at < strlen(rows[i].request); at++)
            check_row(&world, &rows[i], at);
    world_close(&world);
}

TEST(http_server_answers_the_same_byte_by_byte) {
    http_world_t world;
    open_server(&world);
    sim_net_set_read_max(1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        peer_t *peer = peer_new(&world);
        const row_t *row = &rows[i];
        peer_say(peer, row->request);
        for (size_t n = 0; n < strlen(row->request) + 1; n++)
            world_run(&world);
        peer_read(peer);
        CHECK(strncmp(peer->text, row->begins, strlen(row->begins)) == 0);
        CHECK_EQ(peer->has_ended, row->closes);
        peer_end(peer);
    }
    world_close(&world);
}

/* --- one connection, several requests --- */

static void check_gone(http_world_t *world) {
    CHECK_EQ(http_counters(world->rt).connections, 0);
}

TEST(http_server_answers_pipelined_requests_in_order) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    size_t before = sim_net_writes();
    peer_say(peer, "GET /hello/a HTTP/1.1\r\nHost: h\r\n\r\n"
                   "GET /hello/b HTTP/1.1\r\nHost: h\r\n\r\n"
                   "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n" GET);
    peer_read(peer);
    const char *a = strstr(peer->text, "\r\n\r\na");
    const char *b = strstr(peer->text, "\r\n\r\nb");
    const char *c = strstr(peer->text, " 404 ");
    const char *d = strstr(peer->text, "\r\n\r\nhello");
    CHECK(a != NULL && b != NULL && c != NULL && d != NULL);
    CHECK(a < b && b < c && c < d);
    CHECK(!peer->has_ended);
    CHECK_EQ(sim_net_writes() - before, 2); /* the peer's one, the server's one */
    peer_end(peer);
    check_gone(&world);
    world_close(&world);
}

TEST(http_server_waits_for_a_late_answer_before_the_next_request) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    peer_say(peer, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n" GET);
    peer_say(peer, GET);
    peer_read(peer);
    CHECK_EQ(peer->size, 0);
    http_conn_id_t first = kept;
    CHECK_EQ(http_respond(world.rt, first, 200, NULL, 0, "late", 4), MK_OK);
    CHECK_EQ(http_respond(world.rt, first, 200, NULL, 0, "late", 4), MK_ENOENT);
    world_run(&world);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 200"), 3);
    CHECK_EQ(peer_count(peer, "\r\n\r\nlate"), 1);
    CHECK_EQ(peer_count(peer, "\r\n\r\nhello"), 2);
    peer_end(peer);
    world_close(&world);
}

TEST(http_server_dates_a_late_answer_when_it_is_given) {
    http_world_t world;
    open_server(&world);
    http_conn_id_t ids[2];
    peer_t *peers[2];
    for (int i = 0; i < 2; i++) {
        peers[i] = peer_new(&world);
        peer_say(peers[i], "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
        ids[i] = kept;
    }
    for (int i = 0; i < 2; i++) {
        world_pass(&world, 3000);
        CHECK_EQ(http_respond(world.rt, ids[i], 200, NULL, 0, "", 0), MK_OK);
        world_run(&world);
        peer_read(peers[i]);
    }
    CHECK(strstr(peers[0]->text, "00:00:03 GMT\r\n") != NULL);
    CHECK(strstr(peers[1]->text, "00:00:06 GMT\r\n") != NULL);
    peer_end(peers[0]);
    peer_end(peers[1]);
    world_close(&world);
}

TEST(http_server_answers_in_full_after_half_a_close) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    peer_say(peer, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n" GET);
    CHECK_EQ(port_socket_finish(peer->handle), MK_OK);
    world_run(&world);
    CHECK_EQ(http_respond(world.rt, kept, 200, NULL, 0, "late", 4), MK_OK);
    world_run(&world);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "\r\n\r\nlate"), 1);
    CHECK_EQ(peer_count(peer, "\r\n\r\nhello"), 1);
    CHECK(peer->has_ended && !peer->was_reset);
    peer_end(peer);
    check_gone(&world);
    world_close(&world);
}

TEST(http_server_calls_no_handler_when_the_peer_ends_inside_a_request) {
    http_world_t world;
    open_server(&world);
    const char *const parts[] = {"GET / HTTP/1.1\r\nHo",
                                 POST("Content-Length: 5\r\n", "abc"), ""};
    for (int i = 0; i < 3; i++) {
        peer_t *peer = peer_new(&world);
        peer_say(peer, parts[i]);
        CHECK_EQ(port_socket_finish(peer->handle), MK_OK);
        world_run(&world);
        peer_read(peer);
        CHECK_EQ(peer->size, 0);
        CHECK(peer->has_ended);
        peer_end(peer);
        check_gone(&world);
    }
    world_close(&world);
}

/* NUL among them, which no row of the table can hold. */
TEST(http_server_refuses_every_control_character_in_a_value) {
    http_world_t world;
    open_server(&world);
    for (int c = 0; c < 256; c++) {
        char request[] = "GET / HTTP/1.1\r\nHost: h\r\nA: b?c\r\n\r\n";
        size_t size = sizeof request - 1;
        *strchr(request, '?') = (char)c;
        bool is_good = (c >= ' ' && c != 127) || c == '\t';
        peer_t *peer = peer_new(&world);
        peer_send(peer, request, size);
        peer_read(peer);
        CHECK(strncmp(peer->text, is_good ? "HTTP/1.1 200" : "HTTP/1.1 400", 12) == 0);
        CHECK_EQ(peer->has_ended, !is_good);
        peer_end(peer);
    }
    world_close(&world);
}

TEST(http_server_decodes_parameters_and_shows_path_and_query) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    peer_say(peer, "GET /hello/a%20b%2Fc?x=1&y HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_STR(seen, "a b/c|/hello/a%20b%2Fc|x=1&y");
    peer_end(peer);
    world_close(&world);
}

/* --- pieces --- */

TEST(http_server_sends_pieces_as_chunks_or_until_the_end) {
    http_world_t world;
    open_server(&world);
    for (int minor = 0; minor < 2; minor++) {
        peer_t *peer = peer_new(&world);
        peer_say(peer, minor == 1 ? "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n"
                                  : "GET /keep HTTP/1.0\r\n\r\n");
        CHECK_EQ(http_respond_begin(world.rt, kept, 200, NULL, 0), MK_OK);
        CHECK_EQ(http_respond_piece(world.rt, kept, "abc", 3), MK_OK);
        CHECK_EQ(http_respond(world.rt, kept, 200, NULL, 0, NULL, 0), MK_ENOENT);
        CHECK_EQ(http_respond_piece(world.rt, kept, "de", 2), MK_OK);
        CHECK_EQ(http_respond_end(world.rt, kept), MK_OK);
        CHECK_EQ(http_respond_end(world.rt, kept), MK_ENOENT);
        world_run(&world);
        peer_read(peer);
        CHECK(strstr(peer->text, minor == 1 ? "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                                            : "\r\n\r\nabcde") != NULL);
        CHECK_EQ(peer->has_ended, minor == 0);
        peer_end(peer);
    }
    world_close(&world);
}

TEST(http_server_refuses_headers_that_would_become_two) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    peer_say(peer, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
    const char *const bad[] = {
        "A: b\r\nC: d", "A: b\nC: d", "Content-Length: 3", "Connection: close", "A",
        ": b",          "A: b\rc"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(http_respond(world.rt, kept, 200, &bad[i], 1, "x", 1), MK_EINVAL);
    CHECK_EQ(http_respond(world.rt, kept, 101, NULL, 0, NULL, 0), MK_EINVAL);
    CHECK_EQ(http_respond(world.rt, kept, 600, NULL, 0, NULL, 0), MK_EINVAL);
    peer_read(peer);
    CHECK_EQ(peer->size, 0);
    CHECK_EQ(http_respond(world.rt, kept, 200, NULL, 0, "x", 1), MK_OK);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 200"), 1);
    peer_end(peer);
    world_close(&world);
}

/* --- deadlines, in virtual time --- */

TEST(http_server_drops_who_is_silent_after_10_seconds) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    world_pass(&world, 9500);
    peer_read(peer);
    CHECK(!peer->has_ended);
    world_pass(&world, 1000);
    peer_read(peer);
    CHECK(peer->has_ended);
    CHECK_EQ(peer->size, 0);
    peer_end(peer);
    check_gone(&world);
    world_close(&world);
}

TEST(http_server_gives_a_slow_header_408_however_it_trickles) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    peer_say(peer, "GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 9; i++) {
        world_pass(&world, 1000);
        peer_say(peer, "A: b\r\n");
        CHECK(!peer->has_ended);
    }
    world_pass(&world, 1500);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 408 Request Timeout"), 1);
    CHECK(peer->has_ended);
    peer_end(peer);
    check_gone(&world);
    CHECK_EQ(http_counters(world.rt).timeouts, 1);
    world_close(&world);
}

TEST(http_server_gives_a_body_without_progress_408_after_30_seconds) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    peer_say(peer, POST("Content-Length: 50\r\n", "abc"));
    world_pass(&world, 29500);
    CHECK(!peer->has_ended);
    world_pass(&world, 1500);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 408"), 1);
    CHECK(peer->has_ended);
    peer_end(peer);
    check_gone(&world);
    world_close(&world);
}

TEST(http_server_demands_a_least_rate_of_a_body) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    peer_say(peer, POST("Content-Length: 100000\r\n", "abc"));
    int seconds = 0;
    while (!peer->has_ended && seconds < 200) { /* a byte every 5 seconds */
        world_pass(&world, 5000);
        seconds += 5;
        peer_read(peer);
        if (!peer->has_ended) peer_say(peer, "x");
    }
    CHECK(seconds >= 30 && seconds <= 40);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 408"), 1);
    peer_end(peer);
    world_close(&world);
}

TEST(http_server_ends_an_idle_connection_after_60_seconds) {
    http_world_t world;
    open_server(&world);
    peer_t *peer = peer_new(&world);
    peer_say(peer, GET);
    world_pass(&world, 50000);
    peer_say(peer, GET);
    world_pass(&world, 59000);
    peer_read(peer);
    CHECK(!peer->has_ended);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 200"), 2);
    world_pass(&world, 2000);
    peer_read(peer);
    CHECK(peer->has_ended && !peer->was_reset);
    peer_end(peer);
    check_gone(&world);
    world_close(&world);
}

TEST(http_server_gives_a_forgotten_request_503) {
    http_world_t world;
    http_listen_options_t options;
    memset(&options, 0, sizeof options);
    options.handler_ms = 5000;
    world_open(&world, &options);
    add_routes(&world);
    peer_t *peer = peer_new(&world);
    peer_say(peer, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
    world_pass(&world, 6000);
    peer_read(peer);
    CHECK_EQ(peer_count(peer, "HTTP/1.1 503"), 1);
    CHECK_EQ(http_respond(world.rt, kept, 200, NULL, 0, NULL, 0), MK_ENOENT);
    peer_end(peer);
    check_gone(&world);
    world_close(&world);
}

/* --- bounds --- */

static char big[300000];

TEST(http_server_bounds_target_header_and_fields) {
    http_world_t world;
    open_server(&world);
    for (int kind = 0; kind < 4; kind++) {
        peer_t *peer = peer_new(&world);
        memset(big, 'x', sizeof big);
        big[65536] = '\0';
        if (kind == 0) {
            peer_say(peer, "GET /");
            peer_say(peer, big);
        } else {
            peer_say(peer, "GET / HTTP/1.1\r\nHost: h\r\n");
            if (kind == 1) peer_say(peer, "A: ");
            if (kind == 1 || kind == 3) peer_say(peer, big);
            for (int i = 0; kind == 2 && i < 5000; i++)
                peer_say(peer, "A: b\r\n");
        }
        peer_read(peer);
        CHECK_EQ(peer_count(peer, kind == 0 ? "HTTP/1.1 414" : "HTTP/1.1 431"), 1);
        CHECK(peer->has_ended);
        peer_end(peer);
        check_gone(&world);
    }
    world_close(&world);
}

static void answer_big(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    CHECK_EQ(http_answer(request, 200, NULL, 0, big, 20000), MK_OK);
}

TEST(http_server_holds_no_more_than_twice_the_mark_for_who_never_reads) {
    http_world_t world;
    open_server(&world);
    memset(big, 'y', sizeof big);
    CHECK_EQ(http_route(world.rt, "GET", "/big", answer_big, NULL), MK_OK);
    sim_net_set_window(4096);
    peer_t *peer = peer_new(&world);
    static const char request[] = "GET /big HTTP/1.1\r\nHost: h\r\n\r\n";
    size_t most = 0;
    for (int i = 0; i < 400; i++) {
        port_slice_t slice = {request, sizeof request - 1};
        (void)port_socket_write(peer->handle, &slice, 1);
        world_run(&world);
        size_t held = http_counters(world.rt).memory_bytes;
        if (held > most) most = held;
    }
    CHECK(most > MK_HTTP_OUTPUT_MARK);
    CHECK(most <= 2 * MK_HTTP_OUTPUT_MARK + 65536);
    sim_net_set_window(65536);
    /* Once the peer reads, all that was asked for is answered. */
    peer->keeps_nothing = true;
    for (int i = 0; i < 200; i++) {
        peer_read(peer);
        world_run(&world);
    }
    peer_say(peer, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 200 && !peer->has_ended; i++) {
        peer_read(peer);
        world_run(&world);
    }
    CHECK(peer->has_ended && !peer->was_reset);
    peer_end(peer);
    check_gone(&world);
    world_close(&world);
}

TEST(http_server_drops_a_peer_that_takes_no_output) {
    http_world_t world;
    open_server(&world);
    CHECK_EQ(http_route(world.rt, "GET", "/big", answer_big, NULL), MK_OK);
    sim_net_set_window(4096);
    peer_t *peer = peer_new(&world);
    static const char request[] = "GET /big HTTP/1.1\r\nHost: h\r\n\r\n";
    port_slice_t slice = {request, sizeof request - 1};
    CHECK(port_socket_write(peer->handle, &slice, 1) > 0);
    world_run(&world);
    CHECK_EQ(http_counters(world.rt).connections, 1);
    world_pass(&world, 31000);
    check_gone(&world);
    peer_end(peer);
    world_close(&world);
}

TEST(http_server_sheds_the_longest_idle_when_it_is_full) {
    http_world_t world;
    http_listen_options_t options;
    memset(&options, 0, sizeof options);
    options.connections_max = 3;
    world_open(&world, &options);
    add_routes(&world);
    peer_t *peers[4];
    for (int i = 0; i < 3; i++) {
        peers[i] = peer_new(&world);
        peer_say(peers[i], GET);
        world_pass(&world, 100);
    }
    peer_say(peers[0], GET); /* now 1 is the oldest */
    peers[3] = peer_new(&world);
    peer_say(peers[3], GET);
    for (int i = 0; i < 4; i++) {
        peer_read(peers[i]);
        CHECK_EQ(peers[i]->has_ended, i == 1);
    }
    CHECK_EQ(http_counters(world.rt).shed, 1);
    CHECK_EQ(http_counters(world.rt).connections, 3);
    for (int i = 0; i < 4; i++)
        peer_end(peers[i]);
    world_close(&world);
}

/* --- stopping --- */

TEST(http_server_stops_in_good_order) {
    http_world_t world;
    open_server(&world);
    peer_t *idle = peer_new(&world);
    peer_t *busy = peer_new(&world);
    peer_t *stuck = peer_new(&world);
    peer_say(idle, GET);
    peer_say(busy, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
    http_conn_id_t id = kept;
    peer_say(stuck, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
    http_stop(world.rt, 5000);
    world_run(&world);
    peer_read(idle);
    CHECK(idle->has_ended && !idle->was_reset);
    CHECK_EQ(http_respond(world.rt, id, 200, NULL, 0, "late", 4), MK_OK);
    world_run(&world);
    peer_read(busy);
    CHECK_EQ(peer_count(busy, "Connection: close"), 1);
    CHECK(busy->has_ended && !busy->was_reset);
    world_pass(&world, 5500);
    peer_read(stuck);
    CHECK(stuck->has_ended);
    check_gone(&world);
    port_address_t at = address_loopback(world.port);
    int handle = port_socket_connect(&at);
    world_run(&world);
    CHECK(handle < 0 || port_socket_connected(handle) < 0);
    port_socket_close(handle);
    peer_end(idle);
    peer_end(busy);
    peer_end(stuck);
    world_close(&world);
}

/* --- what breaks --- */

static const char long_talk[] = GET POST("Content-Length: 5\r\n", "abcde")
    POST("Transfer-Encoding: chunked\r\n",
         "3\r\nabc\r\n0\r\n\r\n") "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(http_server_survives_a_reset_after_every_byte) {
    http_world_t world;
    open_server(&world);
    for (size_t at = 1; at < sizeof long_talk; at++) {
        peer_t *peer = peer_new(&world);
        peer_send(peer, long_talk, at);
        port_socket_abort(peer->handle);
        world_run(&world);
        check_gone(&world);
        free(peer);
    }
    world_close(&world);
}

TEST(http_server_copes_with_parts_hiccups_and_resets) {
    for (uint64_t seed = 1; seed <= 30; seed++) {
        http_world_t world;
        world_seed = seed;
        open_server(&world);
        world_seed = 1;
        sim_net_set_random_parts(true);
        sim_net_set_hiccups(200);
        if (seed % 2 == 0) sim_net_reset_at(seed * 17);
        peer_t *peer = peer_new(&world);
        peer_send(peer, long_talk, sizeof long_talk - 1);
        for (int i = 0; i < 20; i++) {
            world_run(&world);
            peer_read(peer);
        }
        (void)http_respond(world.rt, kept, 200, NULL, 0, NULL, 0);
        for (int i = 0; i < 20; i++) {
            world_run(&world);
            peer_read(peer);
        }
        if (seed % 2 != 0) CHECK_EQ(peer_count(peer, "HTTP/1.1 200"), 4);
        peer_end(peer);
        check_gone(&world);
        world_close(&world);
    }
}

/* --- the log --- */

static char logged[4096]; /* lines, one after the other, NUL-terminated */

static bool keep_line(const char *line, size_t size, void *ctx) {
    size_t used = strlen(logged);
    CHECK(ctx == logged && used + size < sizeof logged);
    memcpy(logged + used, line, size);
    logged[used + size] = '\0';
    return true;
}

/* The lines of one request to a server that logs. */
static void log_request(const char *request, bool logs_access) {
    http_world_t world;
    http_listen_options_t options;
    memset(&options, 0, sizeof options);
    options.logs_access = logs_access;
    logged[0] = '\0';
    world_open(&world, &options);
    add_routes(&world);
    CHECK_EQ(log_enable(world.rt), MK_OK);
    CHECK_EQ(log_set_debug_output(world.rt, false, LOG_LINE_TEXT), MK_OK);
    CHECK(log_add_sink(world.rt, keep_line, logged, LOG_LINE_TEXT) > 0);
    peer_t *peer = peer_new(&world);
    port_address_t from;
    CHECK_EQ(port_socket_local(peer->handle, &from), MK_OK);
    peer_say(peer, request);
    world_run(&world);
    log_flush(world.rt);
    /* Whatever is logged names the peer. */
    char address[ADDRESS_TEXT_MAX + 8] = "peer=";
    (void)address_format(&from, address + 5, sizeof address - 5);
    CHECK(logged[0] == '\0' || strstr(logged, address) != NULL);
    peer_end(peer);
    world_close(&world);
}

TEST(http_server_logs_an_answer_with_peer_status_and_size_but_no_query) {
    log_request("GET /hello/you?secret=1 HTTP/1.1\r\nHost: h\r\n\r\n", true);
    CHECK(strstr(logged, "GET /hello/you ") != NULL);
    CHECK(strstr(logged, "status=200 bytes=3") != NULL);
    CHECK(strstr(logged, "secret") == NULL);
    log_request(POST("Content-Length: 5\r\n", "abcde"), true);
    CHECK(strstr(logged, "POST /echo ") != NULL);
    CHECK(strstr(logged, "status=200 bytes=5") != NULL);
    log_request("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", true);
    CHECK(strstr(logged, "HEAD / ") != NULL);
    CHECK(strstr(logged, "status=200 bytes=0") != NULL);
    log_request(GET, false); /* as nobody asked for it */
    CHECK_STR(logged, "");
}

TEST(http_server_logs_a_refusal_with_peer_and_reason) {
    log_request("GET / HTTP/1.1\r\n\r\n", false);
    CHECK(strstr(logged, "request refused") != NULL);
    CHECK(strstr(logged, "no Host field") != NULL);
    CHECK(strstr(logged, "status=400") != NULL);
    log_request(POST("Content-Length: 10000000000\r\n", ""), false);
    CHECK(strstr(logged, "body too large") != NULL);
    CHECK(strstr(logged, "status=413") != NULL);
    log_request("GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", false);
    CHECK_STR(logged, ""); /* happens all the time */
}

static void talk_without_memory(void *arg) {
    (void)arg;
    sim_reset(1);
    runtime_t *rt = runtime_init(0, 8);
    if (rt == NULL) return;
    http_world_t world = {rt, 0};
    int port = http_listen(rt, NULL);
    CHECK(port > 0 || port == MK_ENOMEM || port == MK_EFULL);
    world.port = (uint16_t)(port > 0 ? port : 0);
    int result = http_route(rt, "GET", "/hello/:name", show_name, NULL);
    CHECK(result == MK_OK || result == MK_ENOMEM);
    result = http_route(rt, "POST", "/echo", echo_body, NULL);
    CHECK(result == MK_OK || result == MK_ENOMEM);
    if (port > 0) {
        port_address_t at = address_loopback(world.port);
        int handle = port_socket_connect(&at);
        world_run(&world);
        static const char text[] = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n" POST(
            "Content-Length: 5\r\n", "ab");
        if (handle >= 0) {
            port_slice_t slice = {text, sizeof text - 1};
            (void)port_socket_write(handle, &slice, 1);
            world_run(&world);
            slice = (port_slice_t){"cde", 3};
            (void)port_socket_write(handle, &slice, 1);
            world_run(&world);
        }
        port_socket_close(handle);
        world_run(&world);
        CHECK_EQ(http_counters(rt).connections, 0);
    }
    runtime_destroy(rt);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(http_server_survives_any_allocation_that_fails) {
    test_each_alloc_failure(talk_without_memory, NULL);
}

TEST_TABLE(http_server, TEST_ROW(http_server_answers_every_row_of_the_table),
           TEST_ROW(http_server_answers_the_same_wherever_it_is_split),
           TEST_ROW(http_server_answers_the_same_byte_by_byte),
           TEST_ROW(http_server_answers_pipelined_requests_in_order),
           TEST_ROW(http_server_waits_for_a_late_answer_before_the_next_request),
           TEST_ROW(http_server_dates_a_late_answer_when_it_is_given),
           TEST_ROW(http_server_answers_in_full_after_half_a_close),
           TEST_ROW(http_server_calls_no_handler_when_the_peer_ends_inside_a_request),
           TEST_ROW(http_server_refuses_every_control_character_in_a_value),
           TEST_ROW(http_server_decodes_parameters_and_shows_path_and_query),
           TEST_ROW(http_server_sends_pieces_as_chunks_or_until_the_end),
           TEST_ROW(http_server_refuses_headers_that_would_become_two),
           TEST_ROW(http_server_drops_who_is_silent_after_10_seconds),
           TEST_ROW(http_server_gives_a_slow_header_408_however_it_trickles),
           TEST_ROW(http_server_gives_a_body_without_progress_408_after_30_seconds),
           TEST_ROW(http_server_demands_a_least_rate_of_a_body),
           TEST_ROW(http_server_ends_an_idle_connection_after_60_seconds),
           TEST_ROW(http_server_gives_a_forgotten_request_503),
           TEST_ROW(http_server_bounds_target_header_and_fields),
           TEST_ROW(http_server_holds_no_more_than_twice_the_mark_for_who_never_reads),
           TEST_ROW(http_server_drops_a_peer_that_takes_no_output),
           TEST_ROW(http_server_sheds_the_longest_idle_when_it_is_full),
           TEST_ROW(http_server_stops_in_good_order),
           TEST_ROW(http_server_survives_a_reset_after_every_byte),
           TEST_ROW(http_server_copes_with_parts_hiccups_and_resets),
           TEST_ROW(http_server_logs_an_answer_with_peer_status_and_size_but_no_query),
           TEST_ROW(http_server_logs_a_refusal_with_peer_and_reason),
           TEST_ROW(http_server_survives_any_allocation_that_fails))
