/* SPDX-License-Identifier: Apache-2.0 */
/* https and wss from the client to the server of the library. A door takes TLS on its
 * port and carries what is inside to the server's and back, as where TLS ends in front
 * of it. */
#include "tls/setup.h"

#include "base/check.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "net/address.h"
#include "net/listener.h"
#include "net/tls_stream.h"

enum { DOOR = 4433, ASK = 1, PAIRS = 4, PIECE = 4096, SEEN = 8 };

/* A connection through the door. */
typedef struct {
    stream_t outside; /* TLS */
    stream_t inside;
} passage_t;

typedef struct {
    setup_t setup;
    runtime_t *rt;
    listener_t door;
    uint16_t server;
    passage_t passages[PAIRS];
    unsigned passed;
    actor_id_t asker;
    const char *url;
    http_conn_id_t id;
    struct {
        msg_type_t type;
        union {
            http_response_payload_t response;
            http_failure_payload_t failure;
            ws_message_payload_t ws;
            char bytes[PIECE];
        } is;
    } seen[SEEN];
    unsigned seen_len;
} stage_t;

static stage_t stage;

/* --- the door --- */

/* What one side says goes to the other. */
static void carry(runtime_t *rt, stream_t *from, stream_t *to) {
    char bytes[PIECE];
    int got = stream_read(rt, from, bytes, sizeof bytes);
    if (got == MK_EAGAIN) return;
    if (got > 0) {
        CHECK_EQ(stream_write(rt, to, bytes, (size_t)got), got);
        return;
    }
    stream_close(rt, from);
    stream_close(rt, to);
}

static void on_outside(stream_t *stream, runtime_t *rt) {
    passage_t *passage = MK_CONTAINER_OF(stream, passage_t, outside);
    carry(rt, stream, &passage->inside);
}

static void on_inside(stream_t *stream, runtime_t *rt) {
    passage_t *passage = MK_CONTAINER_OF(stream, passage_t, inside);
    carry(rt, stream, &passage->outside);
}

/* The server's side is connected: what was said meanwhile goes on. */
static void on_connected(stream_t *stream, runtime_t *rt) {
    passage_t *passage = MK_CONTAINER_OF(stream, passage_t, inside);
    CHECK_EQ(stream_want(rt, stream, STREAM_READ), MK_OK);
    CHECK_EQ(stream_want(rt, &passage->outside, STREAM_READ), MK_OK);
}

static void on_outside_closed(stream_t *stream, runtime_t *rt, int reason,
                              const char *text) {
    passage_t *passage = MK_CONTAINER_OF(stream, passage_t, outside);
    (void)reason, (void)text;
    stream_abort(rt, stream);
    stream_abort(rt, &passage->inside);
}

static void on_inside_closed(stream_t *stream, runtime_t *rt, int reason,
                             const char *text) {
    (void)rt, (void)reason;
    CHECK_STR(text, "the server's side stays open");
    (void)stream;
}

static const stream_events_t inside_events = {on_inside, on_connected, on_inside_closed,
                                              NULL};

/* The handshake is done. */
static void on_open(stream_t *stream, runtime_t *rt) {
    passage_t *passage = MK_CONTAINER_OF(stream, passage_t, outside);
    port_address_t to = address_loopback(stage.server);
    int handle = port_socket_connect(&to);
    CHECK(handle >= 0);
    CHECK_EQ(stream_open(rt, &passage->inside, handle, &inside_events), MK_OK);
    CHECK_EQ(stream_want(rt, &passage->inside, STREAM_WRITE), MK_OK);
    CHECK_EQ(stream_want(rt, stream, 0), MK_OK);
}

static const stream_events_t outside_events = {on_outside, NULL, on_outside_closed,
                                               on_open};

static void on_peer(listener_t *listener, runtime_t *rt, int handle,
                    const port_address_t *peer) {
    (void)listener, (void)peer;
    CHECK(stage.passed < PAIRS);
    stream_t *stream = &stage.passages[stage.passed++].outside;
    CHECK_EQ(stream_open(rt, stream, handle, &outside_events), MK_OK);
    CHECK_EQ(tls_stream_start(rt, stream, stage.setup.server, NULL), MK_OK);
}

static const listener_events_t door_events = {on_peer, NULL};

/* --- the server --- */

static void say_hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt, (void)ctx;
    CHECK_EQ(http_answer(request, 200, NULL, 0, request->path, strlen(request->path)),
             MK_OK);
}

static void echo(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size, void *ctx) {
    (void)ctx;
    CHECK_EQ(http_ws_send(rt, id, is_binary, data, size), MK_OK);
}

static void accept_ws(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t handler = {.on_message = echo};
    (void)rt, (void)ctx;
    CHECK(http_ws_accept(request, &handler, NULL) != 0);
}

/* --- who asks --- */

static void ask(runtime_t *rt) {
    char why[256] = "";
    if (strncmp(stage.url, "wss:", 4) == 0) {
        http_ws_options_t options = {.url = stage.url};
        int result = http_ws_connect(rt, &options, &stage.id, why, sizeof why);
        CHECK_STR(why, "");
        CHECK_EQ(result, MK_OK);
    } else {
        http_fetch_options_t options = {.url = stage.url};
        int result = http_fetch(rt, &options, &stage.id, why, sizeof why);
        CHECK_STR(why, "");
        CHECK_EQ(result, MK_OK);
    }
}

static bool asker(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self, (void)state;
    if (msg->type == ASK) {
        ask(rt);
        return true;
    }
    CHECK(stage.seen_len < SEEN);
    CHECK(msg->payload_size <= PIECE);
    stage.seen[stage.seen_len].type = msg->type;
    memcpy(stage.seen[stage.seen_len].is.bytes, msg->payload, msg->payload_size);
    stage.seen_len++;
    if (msg->type == MSG_WS_OPEN) {
        CHECK(actor_ws_send_text(rt, stage.id, "hello", 5));
    } else if (msg->type == MSG_WS_MESSAGE) {
        CHECK(actor_ws_close(rt, stage.id, 1000, NULL));
    }
    return true;
}

/* --- the stage --- */

/* The server's certificate is for web.localhost. The client trusts `root`. */
static void set_stage(const identity_t *root) {
    char why[256] = "";
    memset(&stage, 0, sizeof stage);
    setup_named(&stage.setup, "DNS:web.localhost");
    if (root == NULL) root = &stage.setup.root;
    stage.rt = runtime_init(1, 64);
    CHECK(stage.rt != NULL);
    CHECK_EQ(http_route(stage.rt, "GET", "/hello/*", say_hello, NULL), MK_OK);
    CHECK_EQ(http_route(stage.rt, "GET", "/ws", accept_ws, NULL), MK_OK);
    int port = http_listen(stage.rt, NULL);
    CHECK(port > 0);
    stage.server = (uint16_t)port;
    port_address_t at = address_loopback(DOOR);
    CHECK_EQ(listener_open(stage.rt, &stage.door, &at, &door_events), MK_OK);
    http_trust_t trust = {.roots = root->certificate,
                          .roots_size = strlen(root->certificate)};
    int result = http_client_trust(stage.rt, &trust, why, sizeof why);
    CHECK_STR(why, "");
    CHECK_EQ(result, MK_OK);
    stage.asker = actor_spawn(stage.rt, asker, NULL, NULL, 8);
    CHECK(stage.asker != ACTOR_ID_INVALID);
}

static void clear_stage(void) {
    for (unsigned i = 0; i < stage.passed; i++) {
        stream_abort(stage.rt, &stage.passages[i].outside);
        stream_abort(stage.rt, &stage.passages[i].inside);
    }
    listener_close(stage.rt, &stage.door);
    runtime_destroy(stage.rt);
    setup_end(&stage.setup);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

/* Ask, and go on until so many messages have come. */
static void ask_for(const char *url, unsigned count) {
    stage.url = url;
    stage.seen_len = 0;
    CHECK(actor_send(stage.rt, stage.asker, ASK, NULL, 0));
    for (unsigned i = 0; i < 20000 && stage.seen_len < count; i++) {
        runtime_step(stage.rt);
        sim_advance(1000000);
    }
    CHECK_EQ(stage.seen_len, count);
}

TEST(https_gets_from_our_server) {
    set_stage(NULL);
    for (unsigned i = 1; i <= 3; i++) { /* over one connection */
        ask_for("https://web.localhost:4433/hello/world", 1);
        CHECK_EQ(stage.seen[0].type, MSG_HTTP_RESPONSE);
        const http_response_payload_t *answer = &stage.seen[0].is.response;
        CHECK_EQ(answer->status_code, 200);
        CHECK_EQ(answer->body_size, strlen("/hello/world"));
        CHECK_MEM(http_response_body(answer), "/hello/world", answer->body_size);
        CHECK_EQ(http_counters(stage.rt).requests, i);
    }
    CHECK_EQ(stage.passed, 1);
    clear_stage();
}

/* The certificate is for web.localhost: nothing is asked of anybody else. */
TEST(https_refuses_another_host) {
    static const struct {
        const char *url;
        const char *host;
        msg_type_t type;
    } rows[] = {
        {"https://other.localhost:4433/hello/a", "other.localhost", MSG_HTTP_ERROR},
        {"https://127.0.0.1:4433/hello/a", "127.0.0.1", MSG_HTTP_ERROR},
        {"wss://other.localhost:4433/ws", "other.localhost", MSG_WS_ERROR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_stage(NULL);
        ask_for(rows[i].url, 1);
        CHECK_EQ(stage.seen[0].type, rows[i].type);
        const http_failure_payload_t *failure = &stage.seen[0].is.failure;
        CHECK_EQ(failure->reason, MK_EPERM);
        check_says(failure->detail, rows[i].host);
        check_says(failure->detail, "(it is for web.localhost)");
        CHECK_EQ(http_counters(stage.rt).requests, 0);
        clear_stage();
    }
}

TEST(https_refuses_whom_nobody_vouches_for) {
    identity_t other;
    sim_reset(1);
    cert_make(&other, &(cert_spec_t){.name = "other", .is_authority = true}, NULL);
    set_stage(&other);
    ask_for("https://web.localhost:4433/hello/a", 1);
    CHECK_EQ(stage.seen[0].type, MSG_HTTP_ERROR);
    CHECK_EQ(stage.seen[0].is.failure.reason, MK_EPERM);
    check_says(stage.seen[0].is.failure.detail, "web.localhost");
    CHECK_EQ(http_counters(stage.rt).requests, 0);
    clear_stage();
}

TEST(wss_echoes_and_closes) {
    set_stage(NULL);
    ask_for("wss://web.localhost:4433/ws", 3);
    CHECK_EQ(stage.seen[0].type, MSG_WS_OPEN);
    CHECK_EQ(stage.seen[1].type, MSG_WS_MESSAGE);
    CHECK_EQ(stage.seen[1].is.ws.data_size, 5);
    CHECK(!stage.seen[1].is.ws.is_binary);
    CHECK_MEM(ws_message_data(&stage.seen[1].is.ws), "hello", 5);
    CHECK_EQ(stage.seen[2].type, MSG_WS_CLOSED);
    CHECK_EQ(http_counters(stage.rt).requests, 1);
    clear_stage();
}

TEST_TABLE(https, TEST_ROW(https_gets_from_our_server),
           TEST_ROW(https_refuses_another_host),
           TEST_ROW(https_refuses_whom_nobody_vouches_for),
           TEST_ROW(wss_echoes_and_closes))
