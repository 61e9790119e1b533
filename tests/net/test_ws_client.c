/* SPDX-License-Identifier: Apache-2.0 */
/* The opening of a WebSocket, against a server from a script; what follows is ws.c's,
 * and goes against our own server. */
#include "client_world.h"
#include "net/ws_handshake.h"

static client_world_t w;

static const char *const offered[] = {"chat", "superchat"};
static size_t offered_len;
static bool reconnects;

static void connect_ws(client_world_t *world) {
    http_ws_options_t options = {.url = world->url != NULL ? world->url
                                                           : "ws://127.0.0.1:8000/s?x",
                                 .protocols = offered_len > 0 ? offered : NULL,
                                 .n_protocols = offered_len,
                                 .reconnects = reconnects};
    world->result =
        http_ws_connect(world->rt, &options, &world->id, world->why, sizeof world->why);
}

/* The request is there and the server answers: "%" stands for the right key. */
static void answer_with(client_world_t *world, const char *format, const char *behind) {
    char accept[WS_ACCEPT_CAP];
    char text[1000];
    size_t size = 0;
    const char *key = strstr(world->last, "Sec-WebSocket-Key: ");
    CHECK(key != NULL);
    ws_write_accept(text_make(key + 19, 24), accept);
    for (const char *at = format; *at != '\0'; at++) {
        if (*at == '%') {
            memcpy(text + size, accept, strlen(accept));
            size += strlen(accept);
        } else {
            text[size++] = *at;
        }
    }
    strcpy(text + size, behind);
    write_all(&world->served[world->served_len - 1], text);
}

#define UPGRADED                                                                       \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"

TEST(ws_client_opens_and_talks) {
    CHECK(world_begin(&w, NULL, 0));
    offered_len = 0;
    world_ask(&w, connect_ws);
    CHECK_EQ(w.result, MK_OK);
    CHECK_MEM(w.last,
              "GET /s?x HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUpgrade: websocket\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ",
              107);
    CHECK(strstr(w.last, "\r\nConnection: Upgrade\r\n\r\n") != NULL);
    /* A message right behind the head is not lost. */
    answer_with(&w, UPGRADED "Sec-WebSocket-Accept: %\r\n\r\n",
                "\x81\x05"
                "early");
    CHECK(world_wait(&w, 2, 1000));
    CHECK_EQ(w.seen[0].type, MSG_WS_OPEN);
    CHECK_EQ(w.seen[0].is.id, w.id);
    CHECK_EQ(w.seen[1].type, MSG_WS_MESSAGE);
    CHECK_EQ(w.seen[1].is.ws.data_size, 5);
    CHECK_MEM(ws_message_data(&w.seen[1].is.ws), "early", 5);
    /* The server breaks it; the owner is told once. */
    port_socket_close(w.served[0].handle);
    w.served[0].handle = -1;
    CHECK(world_wait(&w, 3, 1000));
    CHECK_EQ(w.seen[2].type, MSG_WS_CLOSED);
    CHECK_EQ(w.seen[2].is.ws_status.close_code, 1006);
    world_pass(&w, 60000);
    CHECK_EQ(w.seen_len, 3);
    world_end(&w);
}

TEST(ws_client_takes_the_answer_however_it_is_cut) {
    for (size_t split = 1; split < 140; split++) {
        CHECK(world_begin(&w, NULL, 0));
        offered_len = 0;
        sim_net_set_read_max(SIZE_MAX);
        world_ask(&w, connect_ws);
        sim_net_set_read_max(split);
        answer_with(&w, UPGRADED "Sec-WebSocket-Accept: %\r\n\r\n", "\x81\x02hi");
        CHECK(world_wait(&w, 2, 3000));
        CHECK_EQ(w.seen[0].type, MSG_WS_OPEN);
        CHECK_EQ(w.seen[1].type, MSG_WS_MESSAGE);
        world_end(&w);
    }
}

TEST(ws_client_refuses_answers_that_are_no_good_upgrade) {
    static const struct {
        size_t offered;
        const char *text;
        const char *detail;
        int reason;
    } rows[] = {
        {0, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
         "the server did not upgrade (status 403)", MK_EREFUSED},
        {0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
         "the server did not upgrade (status 200)", MK_EREFUSED},
        {0, UPGRADED "\r\n", "the answer is to another key (status 101)", MK_EBADMSG},
        {0, UPGRADED "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         "the answer is to another key (status 101)", MK_EBADMSG},
        {0, UPGRADED "Sec-WebSocket-Accept: %\r\nSec-WebSocket-Accept: %\r\n\r\n",
         "the answer is to another key (status 101)", MK_EBADMSG},
        {0,
         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Accept: %\r\n\r\n",
         "no upgrade to websocket (status 101)", MK_EBADMSG},
        {0, UPGRADED "Sec-WebSocket-Accept: %\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
         "a subprotocol that was not offered (status 101)", MK_EBADMSG},
        {2, UPGRADED "Sec-WebSocket-Accept: %\r\nSec-WebSocket-Protocol: other\r\n\r\n",
         "a subprotocol that was not offered (status 101)", MK_EBADMSG},
        {0,
         UPGRADED "Sec-WebSocket-Accept: %\r\nSec-WebSocket-Extensions: "
                  "x-other\r\n\r\n",
         "an extension that was not offered (status 101)", MK_EBADMSG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(world_begin(&w, NULL, 0));
        offered_len = rows[i].offered;
        world_ask(&w, connect_ws);
        answer_with(&w, rows[i].text, "");
        CHECK(world_wait(&w, 1, 1000));
        CHECK_EQ(w.seen[0].type, MSG_WS_ERROR);
        CHECK_STR(w.seen[0].is.failure.detail, rows[i].detail);
        CHECK_EQ(w.seen[0].is.failure.reason, rows[i].reason);
        world_pass(&w, 100000);
        CHECK_EQ(w.seen_len, 1);
        CHECK_EQ(http_client_connections(w.rt, NULL), 0);
        world_end(&w);
    }
}

TEST(ws_client_tells_the_subprotocol) {
    CHECK(world_begin(&w, NULL, 0));
    offered_len = 2;
    world_ask(&w, connect_ws);
    CHECK(strstr(w.last, "\r\nSec-WebSocket-Protocol: chat, superchat\r\n") != NULL);
    answer_with(&w,
                UPGRADED "Sec-WebSocket-Accept: %\r\nSec-WebSocket-Protocol: "
                         "superchat\r\n\r\n",
                "");
    CHECK(world_wait(&w, 2, 1000));
    CHECK_EQ(w.seen[0].type, MSG_HTTP_HEAD);
    CHECK_EQ(w.seen[1].type, MSG_WS_OPEN);
    world_end(&w);
}

TEST(ws_client_refuses_subprotocols_and_urls) {
    CHECK(world_begin(&w, NULL, 0));
    offered_len = 0;
    static const char *const urls[] = {"ftp://a/", "ws://a/#x", "ws://u@a/"};
    for (size_t i = 0; i < 3; i++) {
        w.url = urls[i];
        world_ask(&w, connect_ws);
        CHECK_EQ(w.result, MK_EINVAL);
        CHECK_MEM(w.why, "url", 3);
    }
    world_end(&w);
}

/* The server resets the connection at each byte of the handshake, or is silent. */
TEST(ws_client_tells_a_broken_handshake_once) {
    for (uint64_t nth = 1; nth < 320; nth += 3) {
        CHECK(world_begin(&w, NULL, 0));
        offered_len = 0;
        sim_net_reset_at(nth);
        world_ask(&w, connect_ws);
        if (strstr(w.last, "Sec-WebSocket-Key: ") != NULL)
            answer_with(&w, UPGRADED "Sec-WebSocket-Accept: %\r\n\r\n", "");
        CHECK(world_wait(&w, 1, 1000));
        bool is_open = w.seen[0].type == MSG_WS_OPEN;
        CHECK(is_open || w.seen[0].type == MSG_WS_ERROR);
        world_pass(&w, 1000);
        if (!is_open) CHECK_EQ(w.seen_len, 1);
        world_end(&w);
    }
    CHECK(world_begin(&w, NULL, 0));
    world_ask(&w, connect_ws);
    world_pass(&w, MK_HTTP_CLIENT_HEAD_MS + 1000);
    CHECK_EQ(w.seen_len, 1);
    CHECK_EQ(w.seen[0].type, MSG_WS_ERROR);
    CHECK_EQ(w.seen[0].is.failure.reason, MK_ETIMEOUT);
    world_end(&w);
}

/* --- against our own server --- */

static void echo(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size, void *ctx) {
    (void)ctx;
    CHECK_EQ(http_ws_send(rt, id, is_binary, data, size), MK_OK);
}

static const http_ws_handler_t echo_handler = {.on_message = echo};

static void accept_ws(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    CHECK(http_ws_accept(request, &echo_handler, NULL) != 0);
}

static void say_hello(client_world_t *world) {
    CHECK(actor_ws_send_text(world->rt, world->id, "hello", 5));
    CHECK(!actor_ws_send_text(world->rt, world->id, "\xff", 1));
    CHECK(actor_ws_send_binary(world->rt, world->id, "\xff\0", 2));
}

static void say_goodbye(client_world_t *world) {
    CHECK(actor_ws_close(world->rt, world->id, 1000, "bye"));
}

TEST(ws_client_talks_with_our_server) {
    CHECK(world_begin(&w, NULL, 0));
    http_listen_options_t options = {.port = 8001};
    CHECK_EQ(http_listen(w.rt, &options), 8001);
    CHECK_EQ(http_route(w.rt, "GET", "/echo", accept_ws, NULL), MK_OK);
    offered_len = 0;
    w.url = "http://127.0.0.1:8001/echo";
    world_ask(&w, connect_ws);
    CHECK(world_wait(&w, 1, 1000));
    CHECK_EQ(w.seen[0].type, MSG_WS_OPEN);
    world_ask(&w, say_hello);
    CHECK(world_wait(&w, 3, 1000));
    CHECK(!w.seen[1].is.ws.is_binary && w.seen[2].is.ws.is_binary);
    CHECK_MEM(ws_message_data(&w.seen[1].is.ws), "hello", 5);
    CHECK_MEM(ws_message_data(&w.seen[2].is.ws), "\xff\0", 2);
    world_ask(&w, say_goodbye);
    CHECK(world_wait(&w, 4, 1000));
    CHECK_EQ(w.seen[3].type, MSG_WS_CLOSED);
    CHECK_EQ(w.seen[3].is.ws_status.close_code, 1000);
    world_pass(&w, 5000);
    CHECK_EQ(w.seen_len, 4);
    world_end(&w);
}

static void close_it(client_world_t *world) {
    actor_http_close(world->rt, world->id);
}

TEST(ws_client_is_closed_while_it_opens) {
    for (int ends = 0; ends < 2; ends++) {
        CHECK(world_begin(&w, NULL, 0));
        world_ask(&w, connect_ws);
        if (ends)
            actor_stop(w.rt, w.actor);
        else
            world_ask(&w, close_it);
        world_pass(&w, 1000);
        CHECK_EQ(w.seen_len, 0);
        CHECK_EQ(http_client_connections(w.rt, NULL), 0);
        world_end(&w);
    }
}

/* --- again and again --- */

#define GOOD UPGRADED "Sec-WebSocket-Accept: %\r\n\r\n"

static void begin_lasting(void) {
    CHECK(world_begin(&w, NULL, 0));
    offered_len = 0;
    reconnects = true;
    world_ask(&w, connect_ws);
    reconnects = false;
    CHECK_EQ(w.result, MK_OK);
}

static void lose_server(void) {
    close_served(&w.served[w.served_len - 1]);
}

/* The next connection comes within so many milliseconds, and not at once. */
static void wait_for_connection(size_t count, uint64_t ms) {
    world_run(&w);
    CHECK_EQ(w.served_len, count - 1);
    for (uint64_t at = 0; at < ms && w.served_len < count; at += 100)
        world_pass(&w, 100);
    CHECK_EQ(w.served_len, count);
    world_pass(&w, 10);
}

static void say_something(client_world_t *world) {
    CHECK(!actor_ws_send_text(world->rt, world->id, "hello", 5));
}

TEST(ws_client_reconnects) {
    static const char *const goodbyes[] = {NULL, "\x88\x02\x03\xe9",
                                           "\x88\x02\x03\xf4"};
    char keys[4][25];
    begin_lasting();
    for (size_t i = 0; i < 4; i++) {
        memcpy(keys[i], strstr(w.last, "Sec-WebSocket-Key: ") + 19, 24);
        keys[i][24] = '\0';
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(keys[i], keys[k]) != 0); /* a new one each time */
        answer_with(&w, GOOD, "\x81\x02hi");
        CHECK(world_wait(&w, 2 * i + 2, 1000));
        CHECK_EQ(w.seen[2 * i].type, MSG_WS_OPEN);
        CHECK_EQ(w.seen[2 * i].is.id, w.id);
        CHECK_EQ(w.seen[2 * i + 1].type, MSG_WS_MESSAGE);
        CHECK_EQ(w.seen[2 * i + 1].is.id, w.id);
        if (i == 3) break;
        /* Lost; going away (1001); restarting (1012). */
        if (goodbyes[i] != NULL) write_all(&w.served[i], goodbyes[i]);
        if (goodbyes[i] == NULL) lose_server();
        world_pass(&w, 20);
        world_ask(&w, say_something); /* there is nobody */
        wait_for_connection(i + 2, 2 * MK_RECONNECT_MAX_MS);
    }
    /* A normal close is the end. */
    write_all(&w.served[3], "\x88\x02\x03\xe8");
    CHECK(world_wait(&w, 9, 1000));
    CHECK_EQ(w.seen[8].type, MSG_WS_CLOSED);
    CHECK_EQ(w.seen[8].is.ws_status.close_code, 1000);
    world_pass(&w, 3 * MK_RECONNECT_MAX_MS);
    CHECK_EQ(w.served_len, 4);
    CHECK_EQ(w.seen_len, 9);
    world_end(&w);
}

/* Nobody is there at first, then one that ends without a word, then one that refuses.
 */
TEST(ws_client_tries_until_it_is_refused) {
    begin_lasting();
    lose_server();
    wait_for_connection(2, MK_RECONNECT_MS * 2);
    port_socket_close(w.listener);
    w.listener = -1;
    lose_server();
    world_pass(&w, 5 * MK_RECONNECT_MAX_MS);
    CHECK_EQ(w.seen_len, 0);
    port_address_t at = address_loopback(SERVER_PORT);
    w.listener = port_socket_listen(&at, 4);
    wait_for_connection(3, 2 * MK_RECONNECT_MAX_MS);
    answer_with(&w, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "");
    CHECK(world_wait(&w, 1, 1000));
    CHECK_EQ(w.seen[0].type, MSG_WS_ERROR);
    CHECK_EQ(w.seen[0].is.failure.reason, MK_EREFUSED);
    world_pass(&w, 3 * MK_RECONNECT_MAX_MS);
    CHECK_EQ(w.served_len, 3);
    world_end(&w);
}

/* It breaks the rules, or its owner ends it: no more tries. */
TEST(ws_client_that_reconnects_ends) {
    enum { BREAKS, CLOSES, DROPS, DROPS_WAITING, STOPS, STOPS_WAITING, DESTROYS, WAYS };
    for (int way = 0; way < WAYS; way++) {
        begin_lasting();
        answer_with(&w, GOOD, "");
        CHECK(world_wait(&w, 1, 1000));
        if (way == DROPS_WAITING || way == STOPS_WAITING || way == DESTROYS) {
            lose_server();
            world_pass(&w, 100);
        }
        if (way == BREAKS) write_all(&w.served[0], "\x83\x01x");
        if (way == CLOSES) world_ask(&w, say_goodbye);
        if (way == DROPS || way == DROPS_WAITING) world_ask(&w, close_it);
        if (way == STOPS || way == STOPS_WAITING) actor_stop(w.rt, w.actor);
        if (way != DESTROYS) {
            world_pass(&w, 3 * MK_RECONNECT_MAX_MS);
            CHECK_EQ(w.served_len, 1);
            CHECK_EQ(w.seen_len, way == BREAKS || way == CLOSES ? 2 : 1);
        }
        if (way == BREAKS) CHECK_EQ(w.seen[1].type, MSG_WS_ERROR);
        if (way == CLOSES) CHECK_EQ(w.seen[1].type, MSG_WS_CLOSED);
        world_end(&w);
    }
}

TEST_TABLE(ws_client, TEST_ROW(ws_client_opens_and_talks),
           TEST_ROW(ws_client_takes_the_answer_however_it_is_cut),
           TEST_ROW(ws_client_refuses_answers_that_are_no_good_upgrade),
           TEST_ROW(ws_client_tells_the_subprotocol),
           TEST_ROW(ws_client_refuses_subprotocols_and_urls),
           TEST_ROW(ws_client_tells_a_broken_handshake_once),
           TEST_ROW(ws_client_talks_with_our_server),
           TEST_ROW(ws_client_is_closed_while_it_opens), TEST_ROW(ws_client_reconnects),
           TEST_ROW(ws_client_tries_until_it_is_refused),
           TEST_ROW(ws_client_that_reconnects_ends))
