/* SPDX-License-Identifier: Apache-2.0 */
#include "client_world.h"

static client_world_t w;

static void connect_once(client_world_t *world) {
    world->id = actor_sse_connect(world->rt, URL "/events");
}

static const char *last_id;

static void connect_for_ever(client_world_t *world) {
    http_sse_options_t options = {
        .url = URL "/events", .reconnects = true, .last_event_id = last_id};
    CHECK_EQ(http_sse_connect(world->rt, &options, &world->id, world->why,
                              sizeof world->why),
             MK_OK);
}

static void connect_with_secret(client_world_t *world) {
    static const char *const headers[] = {"Authorization: secret", "X-Mine: 1"};
    http_sse_options_t options = {
        .url = URL "/events", .headers = headers, .n_headers = 2, .reconnects = true};
    CHECK_EQ(http_sse_connect(world->rt, &options, &world->id, world->why,
                              sizeof world->why),
             MK_OK);
}

#define STREAM                                                                         \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"

static void check_event(const seen_t *seen, const char *name, const char *data) {
    CHECK_EQ(seen->type, MSG_SSE_EVENT);
    CHECK_EQ(seen->is.event.event_size, strlen(name) + 1);
    CHECK_EQ(seen->is.event.data_size, strlen(data));
    CHECK_STR(sse_event_name(&seen->is.event), name);
    CHECK_STR(sse_event_data(&seen->is.event), data);
}

TEST(sse_client_gives_events_however_they_are_cut) {
    static const char text[] = STREAM "\xEF\xBB\xBF: comment\r\ndata: one\r\n\r\n"
                                      "event: tick\ndata: two\ndata: lines\n\n"
                                      "id: 7\rdata\r\r";
    static const answer_t answers[] = {{.text = text, .closes = true}};
    for (size_t split = 0; split < sizeof text; split++) {
        CHECK(world_begin(&w, answers, 1));
        if (split == 0)
            sim_net_set_read_max(1);
        else
            sim_net_set_split(split);
        world_ask(&w, connect_once);
        CHECK(world_wait(&w, 5, 1000));
        CHECK_EQ(w.seen[0].type, MSG_SSE_OPEN);
        CHECK_EQ(w.seen[0].is.status.status_code, 200);
        check_event(&w.seen[1], "message", "one");
        check_event(&w.seen[2], "tick", "two\nlines");
        check_event(&w.seen[3], "message", "");
        CHECK_EQ(w.seen[4].type, MSG_SSE_CLOSED);
        world_pass(&w, 10000);
        CHECK_EQ(w.seen_len, 5);
        CHECK_EQ(w.served_len, 1);
        CHECK_STR(w.last, "GET /events HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept: "
                          "text/event-stream\r\nCache-Control: no-cache\r\n\r\n");
        world_end(&w);
    }
}

TEST(sse_client_takes_no_other_answer) {
    static const struct {
        const char *text;
        const char *detail;
    } rows[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"},
        {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
         "the answer is not text/event-stream"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
         "the answer is not text/event-stream"},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        answer_t answer = {.text = rows[i / 2].text};
        CHECK(world_begin(&w, &answer, 1));
        world_ask(&w, i % 2 == 0 ? connect_once : connect_for_ever);
        CHECK(world_wait(&w, 1, 1000));
        CHECK_EQ(w.seen[0].type, MSG_HTTP_ERROR);
        CHECK_STR(w.seen[0].is.error.message, "SSE connection failed");
        CHECK_STR(w.seen[0].is.failure.detail, rows[i / 2].detail);
        world_pass(&w, 100000);
        CHECK_EQ(w.seen_len, 1);
        world_end(&w);
    }
}

TEST(sse_client_ends_with_204) {
    static const answer_t answers[] = {{.text = "HTTP/1.1 204 No Content\r\n\r\n"}};
    CHECK(world_begin(&w, answers, 1));
    world_ask(&w, connect_for_ever);
    CHECK(world_wait(&w, 1, 1000));
    CHECK_EQ(w.seen[0].type, MSG_SSE_CLOSED);
    CHECK_EQ(w.seen[0].is.status.status_code, 204);
    world_pass(&w, 100000);
    CHECK_EQ(w.seen_len, 1);
    CHECK_EQ(w.served_len, 1);
    world_end(&w);
}

/* The server's `retry` is the first delay; it grows while streams break, and says where
 * to go on. */
TEST(sse_client_comes_back_with_the_last_id) {
    static const answer_t answers[] = {
        {.text = STREAM "retry: 1000\nid: 41\ndata: a\n\nid: 42\ndata: lost",
         .closes = true},
        {.text = STREAM "id: 42\ndata: b\n\n", .closes = true},
        {.text = STREAM "data: c\n\n"},
    };
    last_id = "40";
    CHECK(world_begin(&w, answers, 3));
    world_ask(&w, connect_for_ever);
    CHECK(strstr(w.last, "\r\nLast-Event-ID: 40\r\n") != NULL);
    CHECK(world_wait(&w, 2, 1000));
    check_event(&w.seen[1], "message", "a");
    world_pass(&w, 900);
    CHECK_EQ(w.seen_len, 2);
    CHECK(world_wait(&w, 4, 700)); /* between 1000 and 1500 ms */
    CHECK_EQ(w.seen[2].type, MSG_SSE_OPEN);
    check_event(&w.seen[3], "message", "b");
    CHECK(strstr(w.last, "\r\nLast-Event-ID: 41\r\n") != NULL);
    world_pass(&w, 1900);
    CHECK_EQ(w.seen_len, 4);
    CHECK(world_wait(&w, 6, 1300)); /* between 2000 and 3000 ms */
    CHECK_EQ(w.seen[4].type, MSG_SSE_OPEN);
    check_event(&w.seen[5], "message", "c");
    CHECK(strstr(w.last, "\r\nLast-Event-ID: 42\r\n") != NULL);
    /* It holds now, for good. */
    world_pass(&w, 200000);
    CHECK_EQ(w.served_len, 3);
    last_id = NULL;
    world_end(&w);
}

/* As browsers do; where it goes is forgotten with the connection. */
TEST(sse_client_follows_redirects) {
    static const answer_t answers[] = {
        {.text = "HTTP/1.1 302 Found\r\nLocation: /there?x=1\r\nContent-Length: "
                 "4\r\n\r\nbody"},
        {.text = "HTTP/1.1 308 Permanent Redirect\r\nLocation: "
                 "http://localhost:8000/far\r\nContent-Length: 0\r\n\r\n"},
        {.text = STREAM "retry: 10\nid: 9\ndata: a\n\n", .closes = true},
        {.text = STREAM "data: b\n\n"},
    };
    CHECK(world_begin(&w, answers, 4));
    port_address_t at = address_loopback(0);
    CHECK_EQ(sim_dns_set("localhost", PORT_FAMILY_INET, MK_OK, &at, 1, 60, 0), MK_OK);
    CHECK_EQ(sim_dns_set("localhost", PORT_FAMILY_INET6, MK_ENOENT, NULL, 0, 0, 0),
             MK_OK);
    world_ask(&w, connect_with_secret);
    CHECK(world_wait(&w, 2, 1000));
    CHECK_EQ(w.seen[0].type, MSG_SSE_OPEN);
    check_event(&w.seen[1], "message", "a");
    CHECK(strncmp(w.last, "GET /far HTTP/1.1\r\nHost: localhost:8000\r\n", 41) == 0);
    CHECK(strstr(w.last, "Authorization") == NULL); /* it is another origin */
    CHECK(strstr(w.last, "\r\nX-Mine: 1\r\n") != NULL);
    CHECK(strstr(w.last, "\r\nAccept: text/event-stream\r\n") != NULL);
    CHECK(world_wait(&w, 4, 1000));
    check_event(&w.seen[3], "message", "b");
    CHECK(strncmp(w.last, "GET /events HTTP/1.1\r\n", 22) == 0);
    CHECK(strstr(w.last, "\r\nAuthorization: secret\r\n") != NULL);
    CHECK(strstr(w.last, "\r\nLast-Event-ID: 9\r\n") != NULL);
    world_end(&w);
}

TEST(sse_client_follows_no_redirect_for_ever) {
    answer_t answers[21];
    for (size_t i = 0; i < 21; i++)
        answers[i] =
            (answer_t){.text = "HTTP/1.1 307 Temporary Redirect\r\n"
                               "Location: /again\r\nContent-Length: 0\r\n\r\n"};
    CHECK(world_begin(&w, answers, 21));
    world_ask(&w, connect_for_ever);
    CHECK(world_wait(&w, 1, 5000));
    CHECK_EQ(w.seen[0].type, MSG_HTTP_ERROR);
    CHECK_STR(w.seen[0].is.failure.detail, "more than 20 redirects");
    CHECK_EQ(w.requests, 21);
    world_pass(&w, 100000);
    CHECK_EQ(w.seen_len, 1);
    world_end(&w);

    static const answer_t lost[] = {
        {.text = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"},
        {.text =
             "HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\nContent-Length: 0\r\n\r\n"}};
    static const char *const details[] = {"status 302", "redirect 302 to 'ftp://x/': "};
    for (size_t i = 0; i < 2; i++) {
        CHECK(world_begin(&w, &lost[i], 1));
        world_ask(&w, connect_for_ever);
        CHECK(world_wait(&w, 1, 5000));
        CHECK_EQ(w.seen[0].type, MSG_HTTP_ERROR);
        CHECK(strncmp(w.seen[0].is.failure.detail, details[i], strlen(details[i])) ==
              0);
        world_end(&w);
    }
}

/* `retry: 0` is a time like any other; a server that only ever closes is asked less
 * and less often all the same. */
TEST(sse_client_comes_back_at_once_when_told_so) {
    enum { TIMES = 40 };
    answer_t answers[TIMES];
    for (size_t i = 0; i < TIMES; i++)
        answers[i] = (answer_t){.text = STREAM "retry: 0\n\n", .closes = true};
    CHECK(world_begin(&w, answers, TIMES));
    world_ask(&w, connect_for_ever);
    world_pass(&w, 10); /* it comes from the default of seconds */
    CHECK(w.requests >= 2);
    world_pass(&w, 2000);
    CHECK(w.requests >= 8 && w.requests <= 14);
    world_end(&w);
}

TEST(sse_client_tries_until_there_is_a_server) {
    static const answer_t answers[] = {{.text = STREAM "data: a\n\n"}};
    port_address_t at = address_loopback(SERVER_PORT);
    CHECK(world_begin(&w, answers, 1));
    CHECK_EQ(sim_net_set_route(&at, SIM_ROUTE_REFUSE, 0), MK_OK);
    world_ask(&w, connect_for_ever);
    world_pass(&w, 60000);
    CHECK_EQ(w.seen_len, 0);
    size_t tries = sim_net_connects();
    CHECK(tries >= 4 && tries <= 6); /* 0, 3, 6, 12, 24 s and half as much more */
    CHECK_EQ(sim_net_set_route(&at, SIM_ROUTE_OPEN, 0), MK_OK);
    CHECK(world_wait(&w, 2, 100000));
    check_event(&w.seen[1], "message", "a");
    world_end(&w);
}

TEST(sse_client_without_reconnecting_tells_what_failed) {
    CHECK(world_begin(&w, NULL, 0));
    port_address_t at = address_loopback(SERVER_PORT);
    CHECK_EQ(sim_net_set_route(&at, SIM_ROUTE_REFUSE, 0), MK_OK);
    world_ask(&w, connect_once);
    CHECK(world_wait(&w, 1, 1000));
    CHECK_EQ(w.seen[0].type, MSG_HTTP_ERROR);
    CHECK(w.seen[0].is.failure.has_no_connection);
    world_end(&w);
}

static void close_it(client_world_t *world) {
    actor_http_close(world->rt, world->id);
}

/* In each state: opening, open, waiting for the next try. */
TEST(sse_client_is_closed_at_once_and_says_nothing) {
    static const answer_t answers[] = {{.text = NULL},
                                       {.text = STREAM "data: a\n\n"},
                                       {.text = STREAM, .closes = true}};
    for (size_t i = 0; i < 3; i++) {
        for (int ends = 0; ends < 2; ends++) {
            CHECK(world_begin(&w, &answers[i], 1));
            world_ask(&w, connect_for_ever);
            world_pass(&w, 100);
            size_t seen = w.seen_len;
            if (ends)
                actor_stop(w.rt, w.actor);
            else
                world_ask(&w, close_it);
            world_pass(&w, 100000);
            CHECK_EQ(w.seen_len, seen);
            CHECK_EQ(w.served_len, 1);
            CHECK_EQ(http_client_connections(w.rt, NULL), 0);
            world_end(&w);
        }
    }
}

/* An owner that does not look at its mail slows the server down and loses nothing. */
static size_t counted;

static bool sleeper(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_ASK) {
        CHECK(actor_sse_connect(rt, URL "/events") != 0);
    } else if (msg->type == MSG_SSE_EVENT) {
        const sse_event_payload_t *event = msg->payload;
        CHECK_EQ(event->data_size, 1000);
        CHECK_EQ(sse_event_data(event)[0], 'a' + (int)(counted % 26));
        counted++;
    }
    return true;
}

TEST(sse_client_waits_for_room_in_the_mailbox) {
    enum { EVENTS = 300 };
    static char text[EVENTS * 1100 + 200];
    size_t size = strlen(STREAM);
    memcpy(text, STREAM, size);
    for (size_t i = 0; i < EVENTS; i++) {
        memcpy(text + size, "data: ", 6);
        memset(text + size + 6, (int)('a' + i % 26), 1000);
        memcpy(text + size + 1006, "\n\n", 2);
        size += 1008;
    }
    CHECK(world_begin(&w, NULL, 0));
    counted = 0;
    actor_id_t actor = actor_spawn(w.rt, sleeper, NULL, NULL, 4);
    CHECK(actor_send(w.rt, actor, MSG_ASK, NULL, 0));
    world_run(&w);
    CHECK_EQ(w.served_len, 1);
    size_t sent = 0;
    size_t turns = 0;
    for (; counted < EVENTS && turns < 20000; turns++) {
        if (sent < size) {
            port_slice_t slice = {text + sent, size - sent};
            int result = port_socket_write(w.served[0].handle, &slice, 1);
            if (result > 0) sent += (size_t)result;
        }
        /* One step each millisecond: events come faster than that. */
        runtime_step(w.rt);
        sim_advance(1000000);
        CHECK(sent - counted * 1008 <= 5 * 65536u);
    }
    CHECK_EQ(counted, EVENTS);
    world_end(&w);
}

TEST(sse_client_bounds_an_event) {
    static char text[MK_SSE_EVENT_MAX + 500];
    strcpy(text, STREAM "data: ");
    size_t size = strlen(text);
    memset(text + size, 'x', MK_SSE_EVENT_MAX + 100);
    answer_t answer = {.text = text, .closes = true};
    CHECK(world_begin(&w, &answer, 1));
    sim_net_set_window(1000000);
    world_ask(&w, connect_for_ever);
    CHECK(world_wait(&w, 2, 1000));
    CHECK_EQ(w.seen[1].type, MSG_HTTP_ERROR);
    CHECK_STR(w.seen[1].is.failure.detail, "an event, or its id or type, is too long");
    world_end(&w);
}

static void one_round(void *arg) {
    static const answer_t answers[] = {
        {.text = STREAM "data: a\n\ndata: b\n\n", .closes = true}};
    (void)arg;
    if (world_begin(&w, answers, 1)) {
        sim_net_set_split(100);
        world_ask(&w, connect_once);
        (void)world_wait(&w, 4, 100);
        if (w.id != 0) {
            world_pass(&w, MK_HTTP_CLIENT_HEAD_MS + MK_CONNECT_TIMEOUT_MS);
            size_t ends = 0;
            for (size_t i = 0; i < w.seen_len; i++)
                ends += w.seen[i].type == MSG_SSE_CLOSED ||
                        w.seen[i].type == MSG_HTTP_ERROR;
            bool is_open = http_client_connections(w.rt, NULL) > 0;
            CHECK_EQ(ends, is_open ? 0u : 1u);
        }
    }
    runtime_destroy(w.rt);
    if (w.listener >= 0) port_socket_close(w.listener);
    for (size_t i = 0; i < w.served_len; i++)
        if (w.served[i].handle >= 0) port_socket_close(w.served[i].handle);
    sim_reset(1);
}

TEST(sse_client_tells_its_owner_also_when_memory_is_short) {
    test_each_alloc_failure(one_round, NULL);
}

TEST_TABLE(sse_client, TEST_ROW(sse_client_gives_events_however_they_are_cut),
           TEST_ROW(sse_client_takes_no_other_answer),
           TEST_ROW(sse_client_ends_with_204),
           TEST_ROW(sse_client_comes_back_with_the_last_id),
           TEST_ROW(sse_client_follows_redirects),
           TEST_ROW(sse_client_follows_no_redirect_for_ever),
           TEST_ROW(sse_client_comes_back_at_once_when_told_so),
           TEST_ROW(sse_client_tries_until_there_is_a_server),
           TEST_ROW(sse_client_without_reconnecting_tells_what_failed),
           TEST_ROW(sse_client_is_closed_at_once_and_says_nothing),
           TEST_ROW(sse_client_waits_for_room_in_the_mailbox),
           TEST_ROW(sse_client_bounds_an_event),
           TEST_ROW(sse_client_tells_its_owner_also_when_memory_is_short))
