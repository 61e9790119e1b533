/* SPDX-License-Identifier: Apache-2.0 */
/* The server against a peer that talks bytes: answers, refusals, deadlines, bounds. */
#include "http_world.h"

#include "microkernel/error.h"
#include "microkernel/log.h"

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
    {"connect", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", "HTTP/1.1 501", true,
     NULL},
    {"options of all", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404", false,
     NULL},
    {"tls hello", "\x16\x03\x01\x02\x00\x01", "HTTP/1.1 400", true, NULL},
};

static void check_row(http_world_t *world, const row_t *row, size_t split) {
    peer_t *peer = malloc(sizeof *peer);
    CHECK(peer != NULL);
    peer_open(peer, world);
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
    peer_close(peer);
    free(peer);
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
        peer_t *peer = malloc(sizeof *peer);
        CHECK(peer != NULL);
        peer_open(peer, &world);
        const row_t *row = &rows[i];
        peer_say(peer, row->request);
        for (size_t n = 0; n < strlen(row->request) + 1; n++)
            world_run(&world);
        peer_read(peer);
        CHECK(strncmp(peer->text, row->begins, strlen(row->begins)) == 0);
        CHECK_EQ(peer->has_ended, row->closes);
        peer_close(peer);
        free(peer);
    }
    world_close(&world);
}

TEST_TABLE(http_server, TEST_ROW(http_server_answers_every_row_of_the_table),
           TEST_ROW(http_server_answers_the_same_wherever_it_is_split),
           TEST_ROW(http_server_answers_the_same_byte_by_byte))
