/* SPDX-License-Identifier: Apache-2.0 */
#include "client_world.h"

static client_world_t w;

static void get(client_world_t *world) {
    world->id = actor_http_get(world->rt, world->url != NULL ? world->url : URL "/a?b");
}

static void check_response(const seen_t *seen, int status, const char *body) {
    if (seen->type == MSG_HTTP_ERROR) CHECK_STR(seen->is.failure.detail, "");
    CHECK_EQ(seen->type, MSG_HTTP_RESPONSE);
    CHECK_EQ(seen->is.response.status_code, status);
    CHECK_EQ(seen->is.response.body_size, strlen(body));
    CHECK_MEM(http_response_body(&seen->is.response), body, strlen(body));
    CHECK_EQ(seen->size, sizeof(http_response_payload_t) +
                             seen->is.response.headers_size + strlen(body));
}

static void check_error(const seen_t *seen, const char *message, int reason,
                        const char *detail) {
    CHECK_EQ(seen->type, MSG_HTTP_ERROR);
    CHECK_EQ(seen->size, sizeof(http_failure_payload_t));
    CHECK_STR(seen->is.failure.error.message, message);
    CHECK_EQ(seen->is.failure.error.error_code, -1);
    if (detail != NULL) CHECK_STR(seen->is.failure.detail, detail);
    CHECK_EQ(seen->is.failure.reason, reason);
}

#define OK    "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\nX: y\r\n\r\nhello"

TEST(http_client_gets_an_answer_and_uses_its_connection_again) {
    static const answer_t answers[] = {
        {.text = HELLO},
        {.text =
             OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"},
        {.text = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"},
        {.text = OK "\r\nuntil the end", .closes = true},
        {.text = HELLO},
    };
    static const struct {
        int status;
        const char *body;
    } want[] = {{200, "hello"},
                {200, "hello"},
                {204, ""},
                {200, "until the end"},
                {200, "hello"}};
    CHECK(world_begin(&w, answers, 5));
    for (size_t i = 0; i < 5; i++) {
        world_ask(&w, get);
        CHECK(w.id != 0);
        CHECK(world_wait(&w, i + 1, 1000));
        check_response(&w.seen[i], want[i].status, want[i].body);
        CHECK_EQ(w.seen[i].is.id, w.id);
    }
    CHECK_STR(w.last, "GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n");
    CHECK_STR(http_response_headers(&w.seen[0].is.response), "Content-Length: 5");
    CHECK_EQ(w.served_len, 2);
    CHECK_EQ(w.served[0].answered, 4);
    world_pass(&w, 1000);
    CHECK_EQ(w.seen_len, 5);
    world_end(&w);
}

/* --- the wire and the fault matrix --- */

static const char *const wholes[] = {
    HELLO,
    OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: u\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n" HELLO,
};

TEST(http_client_reads_answers_cut_anywhere) {
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
        answer_t answer = {.text = wholes[i]};
        for (size_t split = 0; split <= strlen(wholes[i]); split++) {
            CHECK(world_begin(&w, &answer, 1));
            if (split == 0)
                sim_net_set_read_max(1);
            else
                sim_net_set_split(split);
            world_ask(&w, get);
            CHECK(world_wait(&w, 1, 2000));
            check_response(&w.seen[0], 200, "hello");
            world_pass(&w, 500);
            CHECK_EQ(w.seen_len, 1);
            world_end(&w);
        }
    }
}

/* The connection breaks behind each byte of both directions; and the server closes it
 * behind each byte of the answer. */
TEST(http_client_tells_a_reset_at_every_byte_once) {
    answer_t answer = {.text = HELLO};
    for (uint64_t nth = 1;; nth++) {
        CHECK(world_begin(&w, &answer, 1));
        sim_net_reset_at(nth);
        world_ask(&w, get);
        CHECK(world_wait(&w, 1, 2000));
        bool was_hit = sim_net_reset_hit();
        if (!was_hit) check_response(&w.seen[0], 200, "hello");
        if (was_hit && w.seen[0].type != MSG_HTTP_RESPONSE)
            check_error(&w.seen[0],
                        strcmp(w.seen[0].is.error.message, "write error") == 0
                            ? "write error"
                            : "read error",
                        MK_ECLOSED, "reset by the other side");
        world_pass(&w, 500);
        CHECK_EQ(w.seen_len, 1);
        CHECK_EQ(http_client_connections(w.rt, NULL), was_hit ? 0 : 1);
        world_end(&w);
        if (!was_hit) break;
        CHECK(nth < 500);
    }
}

TEST(http_client_tells_an_end_at_every_byte_once) {
    char text[200];
    answer_t answer = {.text = text, .closes = true};
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
        for (size_t size = 0; size < strlen(wholes[i]); size++) {
            memcpy(text, wholes[i], size);
            text[size] = '\0';
            CHECK(world_begin(&w, &answer, 1));
            world_ask(&w, get);
            CHECK(world_wait(&w, 1, 2000));
            check_error(&w.seen[0], "unexpected EOF", MK_ECLOSED, NULL);
            world_pass(&w, 500);
            CHECK_EQ(w.seen_len, 1);
            CHECK_EQ(http_client_connections(w.rt, NULL), 0);
            world_end(&w);
        }
    }
}

/* Silence behind each byte: a deadline, and never before it. */
TEST(http_client_tells_silence_at_every_byte_once) {
    char text[200];
    answer_t answer = {.text = text};
    size_t head_size = (size_t)(strstr(HELLO, "\r\n\r\n") + 4 - HELLO);
    for (size_t size = 0; size < strlen(HELLO); size += size < head_size - 1 ? 7 : 1) {
        memcpy(text, HELLO, size);
        text[size] = '\0';
        bool has_head = size >= head_size;
        CHECK(world_begin(&w, &answer, 1));
        world_ask(&w, get);
        world_pass(&w,
                   (has_head ? MK_HTTP_CLIENT_IDLE_MS : MK_HTTP_CLIENT_HEAD_MS) - 10);
        CHECK_EQ(w.seen_len, 0);
        world_pass(&w, 1000);
        CHECK_EQ(w.seen_len, 1);
        const char *words =
            has_head ? "the answer does not go on" : "no answer in time";
        check_error(&w.seen[0], words, MK_ETIMEOUT, words);
        world_end(&w);
    }
}

TEST(http_client_tells_bad_answers) {
    static const struct {
        const char *text;
        const char *why;
        int reason;
    } rows[] = {
        {"SSH-2.0-x\r\n", "malformed protocol version", MK_EBADMSG},
        {OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
         "more than one Content-Length", MK_EBADMSG},
        {OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
         "Content-Length beside Transfer-Encoding", MK_EBADMSG},
        {OK "Content-Length: 99999999999\r\n\r\n", "body too large", MK_ETOOBIG},
        {OK "A: b\n\r\n", "a line that does not end in CR LF", MK_EBADMSG},
        {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
         "it upgraded without being asked", MK_EBADMSG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        answer_t answer = {.text = rows[i].text};
        CHECK(world_begin(&w, &answer, 1));
        world_ask(&w, get);
        CHECK(world_wait(&w, 1, 1000));
        check_error(&w.seen[0], rows[i].why, rows[i].reason, rows[i].why);
        CHECK_EQ(http_client_connections(w.rt, NULL), 0);
        world_end(&w);
    }
}

/* --- connecting --- */

TEST(http_client_tells_why_there_is_no_connection) {
    static const struct {
        const char *url;
        int reason;
        bool has_no_connection;
        uint64_t ms;
    } rows[] = {
        {"http://127.0.0.1:9/", MK_EREFUSED, true, 1000},
        {"http://no.such.test/", MK_ENOENT, true, 60000},
        {"http://silent.test/", MK_ETIMEOUT, false, 60000},
        {"http://10.0.0.1/", MK_ETIMEOUT, false, 60000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(world_begin(&w, NULL, 0));
        port_address_t hole = {
            .family = PORT_FAMILY_INET, .bytes = {10, 0, 0, 1}, .port = 0};
        CHECK_EQ(sim_net_set_route(&hole, SIM_ROUTE_HOLE, 0), MK_OK);
        CHECK_EQ(sim_dns_set("silent.test", PORT_FAMILY_INET, MK_EAGAIN, NULL, 0, 0, 0),
                 MK_OK);
        CHECK_EQ(
            sim_dns_set("silent.test", PORT_FAMILY_INET6, MK_EAGAIN, NULL, 0, 0, 0),
            MK_OK);
        w.url = rows[i].url;
        world_ask(&w, get);
        CHECK(w.id != 0);
        CHECK(world_wait(&w, 1, rows[i].ms));
        CHECK_EQ(w.seen[0].type, MSG_HTTP_ERROR);
        CHECK_EQ(w.seen[0].is.failure.has_no_connection, rows[i].has_no_connection);
        if (rows[i].reason != MK_ETIMEOUT || i == 3)
            CHECK_EQ(w.seen[0].is.failure.reason, rows[i].reason);
        CHECK(w.seen[0].is.failure.detail[0] != '\0');
        world_pass(&w, 1000);
        CHECK_EQ(w.seen_len, 1);
        world_end(&w);
    }
}

TEST(http_client_finds_a_server_by_name) {
    static const answer_t answers[] = {{.text = HELLO}};
    CHECK(world_begin(&w, answers, 1));
    port_address_t at = address_loopback(0);
    CHECK_EQ(sim_dns_set("example.test", PORT_FAMILY_INET, MK_OK, &at, 1, 60, 5000000),
             MK_OK);
    w.url = "http://example.test:8000/";
    world_ask(&w, get);
    CHECK(world_wait(&w, 1, 5000));
    check_response(&w.seen[0], 200, "hello");
    CHECK_STR(w.last, "GET / HTTP/1.1\r\nHost: example.test:8000\r\n\r\n");
    world_end(&w);
}

/* --- connections that rested --- */

static void post(client_world_t *world) {
    world->id = actor_http_fetch(world->rt, "POST", URL "/p", NULL, 0, "body!", 5);
}

/* The server has grown tired of a connection in the moment of the next request. */
TEST(http_client_asks_again_only_what_may_be_asked_twice) {
    static const answer_t answers[] = {
        {.text = HELLO}, {.closes_first = true}, {.text = HELLO}};
    for (int is_post = 0; is_post < 2; is_post++) {
        CHECK(world_begin(&w, answers, 3));
        world_ask(&w, get);
        CHECK(world_wait(&w, 1, 1000));
        world_ask(&w, is_post ? post : get);
        CHECK(world_wait(&w, 2, 1000));
        if (is_post)
            check_error(&w.seen[1], "unexpected EOF", MK_ECLOSED,
                        "closed without an answer");
        else
            check_response(&w.seen[1], 200, "hello");
        CHECK_EQ(w.served_len, is_post ? 1 : 2);
        world_end(&w);
    }
    /* Not a second time, and not on a connection that is new. */
    static const answer_t tired[] = {
        {.text = HELLO}, {.closes_first = true}, {.closes_first = true}};
    CHECK(world_begin(&w, tired, 3));
    world_ask(&w, get);
    world_ask(&w, get);
    CHECK(world_wait(&w, 2, 1000));
    check_error(&w.seen[1], "unexpected EOF", MK_ECLOSED, "closed without an answer");
    world_end(&w);
}

TEST(http_client_lets_go_of_a_connection_that_rested_long) {
    static const answer_t answers[] = {{.text = HELLO}, {.text = HELLO}};
    size_t resting;
    CHECK(world_begin(&w, answers, 2));
    world_ask(&w, get);
    world_pass(&w, MK_HTTP_CLIENT_REST_MS - 500);
    CHECK_EQ(http_client_connections(w.rt, &resting), 1);
    CHECK_EQ(resting, 1);
    world_pass(&w, 1000);
    CHECK_EQ(http_client_connections(w.rt, &resting), 0);
    CHECK(w.served[0].has_ended);
    world_end(&w);
}

/* Nothing an actor could notice comes of a connection that rests. */
TEST(http_client_does_not_keep_the_loop_going_for_a_rested_connection) {
    static const answer_t answers[] = {{.text = HELLO}, {.text = HELLO}};
    CHECK(world_begin(&w, answers, 2));
    world_ask(&w, get);
    CHECK(world_wait(&w, 1, 1000));
    for (int i = 0; i < 2; i++) {
        size_t resting;
        uint64_t before_ms = runtime_now_ms(w.rt);
        runtime_run(w.rt);
        CHECK(!sim_is_stuck());
        CHECK(runtime_now_ms(w.rt) - before_ms < 10);
        CHECK_EQ(http_client_connections(w.rt, &resting), 1);
        CHECK_EQ(resting, 1);
        if (i > 0) break;
        /* It serves again all the same, and is loud while it does. */
        world_ask(&w, get);
        CHECK(world_wait(&w, 2, 1000));
        CHECK_EQ(w.served_len, 1);
    }
    world_end(&w);
}

/* --- many --- */

enum { MANY = 300 };

static void get_many(client_world_t *world) {
    for (int i = 0; i < MANY; i++)
        CHECK(actor_http_get(world->rt, URL "/") != 0);
}

static size_t told;

static bool counter(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    if (msg->type == MSG_ASK) {
        get_many(state);
        return true;
    }
    CHECK_EQ(msg->type, MSG_HTTP_RESPONSE);
    told++;
    return true;
}

TEST(http_client_bounds_connections_and_serves_all) {
    static answer_t answers[MANY];
    for (size_t i = 0; i < MANY; i++)
        answers[i] = (answer_t){.text = HELLO};
    CHECK(world_begin(&w, answers, MANY));
    told = 0;
    actor_id_t many = actor_spawn(w.rt, counter, &w, NULL, 8);
    CHECK(actor_send(w.rt, many, MSG_ASK, NULL, 0));
    for (int i = 0; i < 1000 && told < MANY; i++)
        world_pass(&w, 10);
    CHECK_EQ(told, MANY);
    CHECK_EQ(w.served_len, MK_HTTP_CLIENT_CONNECTIONS);
    world_end(&w);
}

/* --- ends --- */

static void get_and_close(client_world_t *world) {
    get(world);
    actor_http_close(world->rt, world->id);
}

TEST(http_client_says_nothing_of_what_was_closed) {
    static const answer_t answers[] = {{.text = HELLO}, {.text = HELLO}};
    CHECK(world_begin(&w, answers, 2));
    world_ask(&w, get_and_close);
    world_pass(&w, 1000);
    CHECK_EQ(w.seen_len, 0);
    CHECK_EQ(http_client_connections(w.rt, NULL), 0);
    world_end(&w);
}

/* The actor ends while its request is in each state. */
TEST(http_client_closes_all_when_the_owner_ends) {
    static const char *const partly[] = {NULL, "", "HTTP/1.1 2",
                                         OK "Content-Length: 5\r\n\r\nhe"};
    for (size_t i = 0; i < 4; i++) {
        answer_t answer = {.text = partly[i]};
        CHECK(world_begin(&w, &answer, i == 0 ? 0 : 1));
        w.is_deaf = i == 0;
        world_ask(&w, get);
        actor_stop(w.rt, w.actor);
        world_pass(&w, 100);
        CHECK_EQ(http_client_connections(w.rt, NULL), 0);
        world_end(&w);
    }
}

/* The runtime ends while requests are under way, waiting, and connections rest. */
TEST(http_client_ends_with_the_runtime) {
    static const answer_t answers[] = {{.text = HELLO}};
    CHECK(world_begin(&w, answers, 1));
    world_ask(&w, get);
    CHECK(world_wait(&w, 1, 1000));
    world_ask(&w, get);
    world_ask(&w, get_many);
    world_end(&w);
}

/* --- what is refused --- */

static const char *bad_header;

static void fetch_bad_header(client_world_t *world) {
    const char *headers[] = {"Good: x", bad_header};
    http_fetch_options_t options = {.url = URL "/", .headers = headers, .n_headers = 2};
    world->result =
        http_fetch(world->rt, &options, &world->id, world->why, sizeof world->why);
}

static void fetch_bad_url(client_world_t *world) {
    http_fetch_options_t options = {.url = world->url};
    world->result =
        http_fetch(world->rt, &options, &world->id, world->why, sizeof world->why);
}

TEST(http_client_refuses_headers_that_would_be_two) {
    static const struct {
        const char *header;
        const char *why;
    } rows[] = {
        {"X: a\r\nY: b", "header 'X: a\\x0d\\x0aY: b' is not 'Name: value' in one line "
                         "without control characters"},
        {"X: a\nY: b",
         "header 'X: a\\x0aY: b' is not 'Name: value' in one line without "
         "control characters"},
        {"X : a", "header 'X : a' is not 'Name: value' in one line without control "
                  "characters"},
        {"X", "header 'X' is not 'Name: value' in one line without control characters"},
        {"host: other", "header 'host: other' is written by the client itself"},
        {"Content-Length: 3",
         "header 'Content-Length: 3' is written by the client itself"},
    };
    CHECK(world_begin(&w, NULL, 0));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bad_header = rows[i].header;
        world_ask(&w, fetch_bad_header);
        CHECK_EQ(w.result, MK_EINVAL);
        CHECK_EQ(w.id, 0);
        CHECK_STR(w.why, rows[i].why);
    }
    CHECK_EQ(w.served_len, 0);
    world_end(&w);
}

TEST(http_client_refuses_urls_with_words) {
    static const struct {
        const char *url;
        const char *why;
    } rows[] = {
        {"ftp://a/", "url 'ftp://a/': "},
        {"http://u:p@a/", "url: user"},
        {"http://a b/", "url 'http://a b/': "},
        {"ws://a/", "url 'ws://a/': the scheme has to be http or https (at byte 0)"},
        {"", "url '': "},
        {NULL, "url '': it is missing (at byte 0)"},
    };
    CHECK(world_begin(&w, NULL, 0));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w.url = rows[i].url;
        world_ask(&w, fetch_bad_url);
        CHECK_EQ(w.result, MK_EINVAL);
        CHECK_MEM(w.why, rows[i].why, strlen(rows[i].why));
    }
    world_end(&w);
    http_conn_id_t id;
    http_fetch_options_t options = {.url = URL "/"};
    CHECK(world_begin(&w, NULL, 0));
    CHECK_EQ(http_fetch(w.rt, &options, &id, w.why, sizeof w.why), MK_EREFUSED);
    CHECK_EQ(actor_http_get(w.rt, URL "/"), 0);
    world_end(&w);
}

/* --- redirects --- */

static const char *method;
static unsigned redirects;

static void fetch_along(client_world_t *world) {
    const char *headers[] = {"Authorization: secret", "Content-Type: text/plain",
                             "X-Mine: 1"};
    http_fetch_options_t options = {.url = URL "/start",
                                    .method = method,
                                    .headers = headers,
                                    .n_headers = 3,
                                    .redirects_max = redirects};
    if (strcmp(method, "GET") != 0) {
        options.body = "body!";
        options.body_size = 5;
    }
    world->result =
        http_fetch(world->rt, &options, &world->id, world->why, sizeof world->why);
    CHECK_EQ(world->result, MK_OK);
}

TEST(http_client_follows_redirects_on_request) {
    static const answer_t answers[] = {
        {.text =
             "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 3\r\n\r\nxyz"},
        {.text = HELLO}};
    static const struct {
        const char *method;
        unsigned max;
        int status;
        const char *body;
        const char *last;
    } rows[] = {
        {"GET", 0, 302, "xyz", NULL},
        {"GET", 1, 200, "hello",
         "GET /next HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAuthorization: secret\r\n"
         "Content-Type: text/plain\r\nX-Mine: 1\r\n\r\n"},
        {"POST", 5, 200, "hello",
         "GET /next HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAuthorization: secret\r\n"
         "X-Mine: 1\r\n\r\n"},
        {"PUT", 5, 200, "hello",
         "PUT /next HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAuthorization: secret\r\n"
         "Content-Type: text/plain\r\nX-Mine: 1\r\nContent-Length: 5\r\n\r\nbody!"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(world_begin(&w, answers, 2));
        method = rows[i].method;
        redirects = rows[i].max;
        world_ask(&w, fetch_along);
        CHECK(world_wait(&w, 1, 1000));
        check_response(&w.seen[0], rows[i].status, rows[i].body);
        if (rows[i].last != NULL) CHECK_STR(w.last, rows[i].last);
        CHECK_EQ(w.served_len, 1);
        world_end(&w);
    }
}

TEST(http_client_gives_no_credentials_to_another_host) {
    static const answer_t answers[] = {
        {.text = "HTTP/1.1 307 T\r\nLocation: http://localhost:8000/x\r\n\r\n",
         .closes = true},
        {.text = HELLO}};
    CHECK(world_begin(&w, answers, 2));
    port_address_t at = address_loopback(0);
    CHECK_EQ(sim_dns_set("localhost", PORT_FAMILY_INET, MK_OK, &at, 1, 60, 0), MK_OK);
    method = "PUT";
    redirects = 1;
    world_ask(&w, fetch_along);
    CHECK(world_wait(&w, 1, 1000));
    check_response(&w.seen[0], 200, "hello");
    CHECK_STR(w.last, "PUT /x HTTP/1.1\r\nHost: localhost:8000\r\nContent-Type: "
                      "text/plain\r\nX-Mine: 1\r\nContent-Length: 5\r\n\r\nbody!");
    world_end(&w);
}

TEST(http_client_tells_redirects_that_lead_nowhere) {
    static const struct {
        const char *text;
        unsigned max;
        const char *detail;
        int reason;
    } rows[] = {
        {"HTTP/1.1 302 Found\r\nLocation: /start\r\nContent-Length: 0\r\n\r\n", 3,
         "more than 3 redirects", MK_ELIMIT},
        {"HTTP/1.1 302 Found\r\nLocation: ftp://a/\r\nContent-Length: 0\r\n\r\n", 3,
         NULL, MK_EINVAL},
        {"HTTP/1.1 302 Found\r\nLocation: ws://a/\r\nContent-Length: 0\r\n\r\n", 3,
         "redirect 302 to 'ws://a/': the location is of another protocol", MK_EPERM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        answer_t answers[5];
        for (size_t k = 0; k < 5; k++)
            answers[k] = (answer_t){.text = rows[i].text};
        CHECK(world_begin(&w, answers, 5));
        method = "GET";
        redirects = rows[i].max;
        world_ask(&w, fetch_along);
        CHECK(world_wait(&w, 1, 1000));
        CHECK_EQ(w.seen[0].type, MSG_HTTP_ERROR);
        CHECK_EQ(w.seen[0].is.failure.reason, rows[i].reason);
        if (rows[i].detail != NULL)
            CHECK_STR(w.seen[0].is.failure.detail, rows[i].detail);
        world_pass(&w, 100);
        CHECK_EQ(w.seen_len, 1);
        world_end(&w);
    }
}

/* --- pieces --- */

static void get_pieces(client_world_t *world) {
    http_fetch_options_t options = {.url = URL "/", .takes_pieces = true};
    CHECK_EQ(http_fetch(world->rt, &options, &world->id, NULL, 0), MK_OK);
}

static void more(client_world_t *world) {
    http_fetch_more(world->rt, world->id);
}

TEST(http_client_gives_pieces_only_as_they_are_asked_for) {
    enum { SIZE = 400000 };
    static char text[SIZE + 100];
    strcpy(text, OK "Content-Length: 400000\r\n\r\n");
    size_t head = strlen(text);
    for (size_t i = 0; i < SIZE; i++)
        text[head + i] = (char)('a' + i % 26);
    text[head + SIZE] = '\0';
    CHECK(world_begin(&w, NULL, 0));
    world_ask(&w, get_pieces);
    served_t *served = &w.served[0];
    CHECK_EQ(w.served_len, 1);
    size_t sent = 0;
    size_t got = 0;
    size_t at = 0;
    size_t pieces = 0;
    for (int turns = 0; turns < 2000 && got < SIZE; turns++) {
        if (sent < head + SIZE) {
            port_slice_t slice = {text + sent, head + SIZE - sent};
            int result = port_socket_write(served->handle, &slice, 1);
            if (result > 0) sent += (size_t)result;
        }
        world_pass(&w, 1);
        size_t waiting = w.seen_len - at;
        CHECK(waiting <= 2); /* the head and one piece */
        for (; at < w.seen_len; at++) {
            const seen_t *seen = &w.seen[at];
            if (seen->type == MSG_HTTP_HEAD) CHECK_EQ(seen->is.response.body_size, 0);
            if (seen->type != MSG_HTTP_DATA) continue;
            const char *bytes = http_data_bytes(&seen->is.data);
            CHECK_EQ(bytes[0], 'a' + (int)(got % 26));
            got += seen->is.data.data_size;
            pieces++;
        }
        /* Sent beyond what was taken: the windows, and one read. */
        CHECK(sent - got <= 4 * 65536u + head);
        if (turns % 3 == 2) {
            w.seen_len = at = 0;
            world_ask(&w, more);
        }
    }
    CHECK_EQ(got, SIZE);
    CHECK(pieces >= SIZE / 65536);
    CHECK_EQ(w.seen[w.seen_len - 1].type, MSG_HTTP_END);
    world_end(&w);
}

static void put_pieces(client_world_t *world) {
    http_fetch_options_t options = {
        .url = URL "/", .method = "PUT", .gives_pieces = true};
    CHECK_EQ(http_fetch(world->rt, &options, &world->id, NULL, 0), MK_OK);
    CHECK_EQ(http_fetch_write(world->rt, world->id, "x", 1), MK_EFULL);
}

static void write_some(client_world_t *world) {
    CHECK_EQ(http_fetch_write(world->rt, world->id, "hello", 5), MK_OK);
    CHECK_EQ(http_fetch_write(world->rt, world->id, "", 0), MK_OK);
    CHECK_EQ(http_fetch_write(world->rt, world->id, "world", 5), MK_OK);
    CHECK_EQ(http_fetch_end(world->rt, world->id), MK_OK);
    CHECK_EQ(http_fetch_write(world->rt, world->id, "x", 1), MK_ESTATE);
}

TEST(http_client_sends_a_body_in_pieces) {
    static const answer_t answers[] = {{.text = HELLO}};
    CHECK(world_begin(&w, answers, 1));
    world_ask(&w, put_pieces);
    CHECK(world_wait(&w, 1, 1000));
    CHECK_EQ(w.seen[0].type, MSG_HTTP_ROOM);
    world_ask(&w, write_some);
    CHECK(world_wait(&w, 2, 1000));
    check_response(&w.seen[1], 200, "hello");
    CHECK_STR(w.last, "PUT / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n");
    world_end(&w);
}

/* A body larger than all windows goes out as the server takes it. */
static char big[300000];

static void post_big(client_world_t *world) {
    world->id = actor_http_fetch(world->rt, "POST", URL "/", NULL, 0, big, sizeof big);
}

TEST(http_client_sends_a_large_body_as_it_is_taken) {
    memset(big, 'b', sizeof big);
    CHECK(world_begin(&w, NULL, 0));
    w.is_deaf = true;
    world_ask(&w, post_big);
    world_pass(&w, 50);
    int handle = port_socket_accept(w.listener, NULL);
    CHECK(handle >= 0);
    size_t got = 0;
    static char text[10000];
    for (int turns = 0; turns < 1000; turns++) {
        int result = port_socket_read(handle, text, sizeof text);
        if (result > 0) got += (size_t)result;
        world_pass(&w, 1);
        if (got > sizeof big + 60) break;
    }
    CHECK(got > sizeof big + 60);
    port_slice_t slice = {HELLO, sizeof HELLO - 1};
    CHECK(port_socket_write(handle, &slice, 1) > 0);
    CHECK(world_wait(&w, 1, 1000));
    check_response(&w.seen[0], 200, "hello");
    port_socket_close(handle);
    world_end(&w);
}

/* --- memory --- */

static void get_redirected(client_world_t *world) {
    http_fetch_options_t options = {.url = URL "/start", .redirects_max = 1};
    (void)http_fetch(world->rt, &options, &world->id, NULL, 0);
}

/* Told once, if it began; at the latest when a deadline comes: the server lacks memory,
 * too. */
static void one_round(void *arg) {
    static const answer_t answers[] = {
        {.text =
             "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 3\r\n\r\nxyz"},
        {.text = HELLO}};
    (void)arg;
    if (world_begin(&w, answers, 2)) {
        sim_net_set_split(10);
        world_ask(&w, get_redirected);
        (void)world_wait(&w, 1, 200);
        if (w.id != 0 && w.seen_len == 0) world_pass(&w, MK_HTTP_CLIENT_TOTAL_MS);
        CHECK_EQ(w.seen_len, w.id != 0 ? 1u : 0u);
    }
    runtime_destroy(w.rt);
    if (w.listener >= 0) port_socket_close(w.listener);
    for (size_t i = 0; i < w.served_len; i++)
        if (w.served[i].handle >= 0) port_socket_close(w.served[i].handle);
    sim_reset(1);
}

TEST(http_client_tells_its_owner_also_when_memory_is_short) {
    test_each_alloc_failure(one_round, NULL);
}

TEST_TABLE(http_client,
           TEST_ROW(http_client_gets_an_answer_and_uses_its_connection_again),
           TEST_ROW(http_client_reads_answers_cut_anywhere),
           TEST_ROW(http_client_tells_a_reset_at_every_byte_once),
           TEST_ROW(http_client_tells_an_end_at_every_byte_once),
           TEST_ROW(http_client_tells_silence_at_every_byte_once),
           TEST_ROW(http_client_tells_bad_answers),
           TEST_ROW(http_client_tells_why_there_is_no_connection),
           TEST_ROW(http_client_finds_a_server_by_name),
           TEST_ROW(http_client_asks_again_only_what_may_be_asked_twice),
           TEST_ROW(http_client_lets_go_of_a_connection_that_rested_long),
           TEST_ROW(http_client_does_not_keep_the_loop_going_for_a_rested_connection),
           TEST_ROW(http_client_bounds_connections_and_serves_all),
           TEST_ROW(http_client_says_nothing_of_what_was_closed),
           TEST_ROW(http_client_closes_all_when_the_owner_ends),
           TEST_ROW(http_client_ends_with_the_runtime),
           TEST_ROW(http_client_refuses_headers_that_would_be_two),
           TEST_ROW(http_client_refuses_urls_with_words),
           TEST_ROW(http_client_follows_redirects_on_request),
           TEST_ROW(http_client_gives_no_credentials_to_another_host),
           TEST_ROW(http_client_tells_redirects_that_lead_nowhere),
           TEST_ROW(http_client_gives_pieces_only_as_they_are_asked_for),
           TEST_ROW(http_client_sends_a_body_in_pieces),
           TEST_ROW(http_client_sends_a_large_body_as_it_is_taken),
           TEST_ROW(http_client_tells_its_owner_also_when_memory_is_short))
