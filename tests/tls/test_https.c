/* SPDX-License-Identifier: Apache-2.0 */
/* https and wss between the client and the server of the library, and the server's port
 * with TLS against peers that do what they should not. */
#include "tls/setup.h"

#include "base/check.h"
#include "microkernel/http.h"
#include "microkernel/log.h"
#include "microkernel/runtime.h"
#include "net/address.h"
#include "port/files.h"
#include "port/sockets.h"

enum { DOOR = 4433, ASK = 1, PIECE = 4096, SEEN = 8 };

typedef struct {
    setup_t setup;
    runtime_t *rt;
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
    char log[4096]; /* lines of the log */
} stage_t;

static stage_t stage;

/* --- the server --- */

static void say_hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt, (void)ctx;
    CHECK_EQ(http_answer(request, 200, NULL, 0, request->path, strlen(request->path)),
             MK_OK);
}

static void say_who(runtime_t *rt, const http_request_t *request, void *ctx) {
    char name[64];
    (void)rt, (void)ctx;
    CHECK(http_is_secure(request));
    size_t size = http_client_name(request, name, sizeof name);
    CHECK_EQ(http_answer(request, 200, NULL, 0, name, size), MK_OK);
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

static bool keep_line(const char *line, size_t size, void *ctx) {
    (void)ctx;
    size_t used = strlen(stage.log);
    if (used + size < sizeof stage.log) {
        memcpy(stage.log + used, line, size);
        stage.log[used + size] = '\0';
    }
    return true;
}

static http_listen_tls_t tls_of(const identity_t *own) {
    return (http_listen_tls_t){.certificate = own->certificate,
                               .certificate_size = strlen(own->certificate),
                               .key = own->key,
                               .key_size = strlen(own->key)};
}

static void trust(const identity_t *root, const identity_t *own) {
    char why[256] = "";
    http_trust_t trusted = {.roots = root->certificate,
                            .roots_size = strlen(root->certificate)};
    if (own != NULL) {
        trusted.certificate = own->certificate;
        trusted.certificate_size = strlen(own->certificate);
        trusted.key = own->key;
        trusted.key_size = strlen(own->key);
    }
    int result = http_client_trust(stage.rt, &trusted, why, sizeof why);
    CHECK_STR(why, "");
    CHECK_EQ(result, MK_OK);
}

/* A world with certificates (the server's is for web.localhost) and no server yet. */
static void prepare(void) {
    memset(&stage, 0, sizeof stage);
    setup_named(&stage.setup, "DNS:web.localhost");
    stage.rt = runtime_init(1, 64);
    CHECK(stage.rt != NULL);
    CHECK_EQ(log_enable(stage.rt), MK_OK);
    CHECK(log_add_sink(stage.rt, keep_line, NULL, LOG_LINE_TEXT) > 0);
    CHECK_EQ(http_route(stage.rt, "GET", "/hello/*", say_hello, NULL), MK_OK);
    CHECK_EQ(http_route(stage.rt, "GET", "/who", say_who, NULL), MK_OK);
    CHECK_EQ(http_route(stage.rt, "GET", "/ws", accept_ws, NULL), MK_OK);
    stage.asker = actor_spawn(stage.rt, asker, NULL, NULL, 8);
    CHECK(stage.asker != ACTOR_ID_INVALID);
}

static void serve(const http_listen_tls_t *tls) {
    char why[256] = "";
    http_listen_options_t options = {.port = DOOR, .tls = tls};
    int result = http_listen_why(stage.rt, &options, why, sizeof why);
    CHECK_STR(why, "");
    CHECK_EQ(result, DOOR);
}

/* The client trusts `root`, NULL: whom it should. */
static void set_stage(const identity_t *root) {
    prepare();
    http_listen_tls_t tls = tls_of(&stage.setup.own);
    serve(&tls);
    trust(root != NULL ? root : &stage.setup.root, NULL);
}

static void clear_stage(void) {
    runtime_destroy(stage.rt);
    setup_end(&stage.setup);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

/* Let so many milliseconds pass. */
static void pass(unsigned ms) {
    for (unsigned i = 0; i < ms; i++) {
        runtime_step(stage.rt);
        sim_advance(1000000);
    }
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
    CHECK_EQ(http_counters(stage.rt).accepted, 1);
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

/* --- clients that show who they are --- */

TEST(https_asks_clients_who_they_are) {
    enum { NOBODY, KNOWN, STRANGER };
    static const struct {
        http_tls_ask_t ask;
        int client;
        int reason;      /* MK_OK: it is answered */
        const char *who; /* as the server sees it */
    } rows[] = {
        {HTTP_TLS_ASK_NOT, KNOWN, MK_OK, ""},
        {HTTP_TLS_ASK_OPTIONAL, NOBODY, MK_OK, ""},
        {HTTP_TLS_ASK_OPTIONAL, KNOWN, MK_OK, "client.test"},
        {HTTP_TLS_ASK_OPTIONAL, STRANGER, MK_EREFUSED, NULL},
        {HTTP_TLS_ASK_REQUIRED, NOBODY, MK_EREFUSED, NULL},
        {HTTP_TLS_ASK_REQUIRED, KNOWN, MK_OK, "client.test"},
        {HTTP_TLS_ASK_REQUIRED, STRANGER, MK_EREFUSED, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        identity_t known, stranger;
        prepare();
        cert_make(&known,
                  &(cert_spec_t){.name = "c", .alternatives = "DNS:client.test"},
                  &stage.setup.root);
        cert_make(&stranger, &(cert_spec_t){.name = "stranger"}, NULL);
        http_listen_tls_t tls = tls_of(&stage.setup.own);
        tls.ask = rows[i].ask;
        tls.client_roots = stage.setup.root.certificate;
        tls.client_roots_size = strlen(tls.client_roots);
        serve(&tls);
        trust(&stage.setup.root, rows[i].client == KNOWN      ? &known
                                 : rows[i].client == STRANGER ? &stranger
                                                              : NULL);
        ask_for("https://web.localhost:4433/who", 1);
        if (rows[i].reason == MK_OK) {
            CHECK_EQ(stage.seen[0].type, MSG_HTTP_RESPONSE);
            const http_response_payload_t *answer = &stage.seen[0].is.response;
            CHECK_EQ(answer->body_size, strlen(rows[i].who));
            CHECK_MEM(http_response_body(answer), rows[i].who, answer->body_size);
        } else {
            CHECK_EQ(stage.seen[0].type, MSG_HTTP_ERROR);
            CHECK_EQ(stage.seen[0].is.failure.reason, rows[i].reason);
            CHECK_EQ(http_counters(stage.rt).handshakes_failed, 1);
            check_says(stage.log, "TLS refused");
        }
        clear_stage();
    }
}

/* --- another certificate --- */

static void check_answered(void) {
    ask_for("https://web.localhost:4433/hello/a", 1);
    CHECK_EQ(stage.seen[0].type, MSG_HTTP_RESPONSE);
}

static void check_distrusted(void) {
    ask_for("https://web.localhost:4433/hello/a", 1);
    CHECK_EQ(stage.seen[0].type, MSG_HTTP_ERROR);
    CHECK_EQ(stage.seen[0].is.failure.reason, MK_EPERM);
}

/* A root of its own and a certificate for web.localhost. */
static void make_other(identity_t *root, identity_t *own) {
    cert_make(root, &(cert_spec_t){.name = "other", .is_authority = true}, NULL);
    cert_make(own, &(cert_spec_t){.name = "o", .alternatives = "DNS:web.localhost"},
              root);
}

TEST(https_changes_its_certificate) {
    identity_t root, own;
    char why[256] = "";
    set_stage(NULL);
    make_other(&root, &own);
    check_answered();
    CHECK_EQ(http_listen_certificate(stage.rt, DOOR, own.certificate,
                                     strlen(own.certificate), stage.setup.own.key,
                                     strlen(stage.setup.own.key), why, sizeof why),
             MK_EINVAL);
    check_says(why, "the key does not belong to the certificate");
    CHECK_EQ(http_listen_certificate(stage.rt, DOOR + 1, own.certificate,
                                     strlen(own.certificate), own.key, strlen(own.key),
                                     why, sizeof why),
             MK_ENOENT);
    CHECK_EQ(http_listen_reread(stage.rt, DOOR), MK_ENOENT); /* it has no files */
    CHECK_EQ(http_listen_certificate(stage.rt, DOOR, own.certificate,
                                     strlen(own.certificate), own.key, strlen(own.key),
                                     why, sizeof why),
             MK_OK);
    check_answered(); /* over the connection that was there */
    CHECK_EQ(http_counters(stage.rt).accepted, 1);
    trust(&stage.setup.root, NULL);
    pass(MK_HTTP_CLIENT_REST_MS + 100); /* that one goes */
    check_distrusted();
    trust(&root, NULL);
    check_answered();
    clear_stage();
}

static void put_files(const identity_t *certificate, const identity_t *key) {
    CHECK_EQ(sim_file_put("/tls/own.pem", certificate->certificate,
                          strlen(certificate->certificate)),
             MK_OK);
    CHECK_EQ(sim_file_put("/tls/own.key", key->key, strlen(key->key)), MK_OK);
}

TEST(https_reads_its_files_again) {
    identity_t root, own;
    prepare();
    make_other(&root, &own);
    put_files(&stage.setup.own, &stage.setup.own);
    http_listen_tls_t tls = {.certificate_file = "/tls/own.pem",
                             .key_file = "/tls/own.key",
                             .reread_ms = 60000};
    serve(&tls);
    trust(&stage.setup.root, NULL);
    check_answered();
    pass(61000); /* nothing has changed */
    CHECK_STR(stage.log, "");
    put_files(&own, &stage.setup.own); /* only half of it is there */
    pass(60000);
    check_says(stage.log, "the old certificate stays");
    check_says(stage.log, "the key does not belong to the certificate");
    check_answered();
    put_files(&own, &own);
    pass(60000);
    check_says(stage.log, "another certificate is used");
    trust(&stage.setup.root, NULL); /* sessions are not resumed */
    check_distrusted();
    trust(&root, NULL);
    check_answered();
    stage.log[0] = '\0';
    CHECK_EQ(port_file_remove("/tls/own.key"), MK_OK);
    CHECK_EQ(http_listen_reread(stage.rt, DOOR), MK_OK);
    CHECK_EQ(http_listen_reread(stage.rt, DOOR), MK_OK); /* it is under way */
    pass(100);
    check_says(stage.log, "cannot read /tls/own.key");
    CHECK_EQ(http_listen_reread(stage.rt, DOOR), MK_OK);
    CHECK_EQ(http_unlisten(stage.rt, DOOR), MK_OK); /* while it is being read */
    pass(100);
    clear_stage();
}

/* --- what cannot be --- */

TEST(https_says_why_it_does_not_listen) {
    identity_t other;
    prepare();
    cert_make(&other, &(cert_spec_t){.name = "other"}, NULL);
    const identity_t *own = &stage.setup.own;
    http_listen_tls_t good = tls_of(own);
    struct {
        http_listen_tls_t tls;
        int result;
        const char *why;
    } rows[] = {
        {{.key = own->key, .key_size = strlen(own->key)}, MK_EINVAL, "belong together"},
        {good, MK_EINVAL, "the key does not belong to the certificate"},
        {good, MK_EINVAL, "the certificate"},
        {good, MK_EINVAL, "whom to trust about the certificates of clients"},
        {{.certificate_file = "/none.pem"}, MK_ENOENT, "cannot read /none.pem"},
        {{.certificate_file = "/big.pem"}, MK_ETOOBIG, "cannot read /big.pem"},
        {{0}, MK_EINVAL, "a server needs a certificate"},
    };
    static char big[MK_TLS_PEM_MAX + 1];
    CHECK_EQ(sim_file_put("/big.pem", big, sizeof big), MK_OK);
    rows[1].tls.key = other.key;
    rows[1].tls.key_size = strlen(other.key);
    rows[2].tls.certificate = "no PEM";
    rows[2].tls.certificate_size = 6;
    rows[3].tls.ask = HTTP_TLS_ASK_REQUIRED;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char why[256] = "";
        http_listen_options_t options = {.tls = &rows[i].tls};
        CHECK_EQ(http_listen_why(stage.rt, &options, why, sizeof why), rows[i].result);
        check_says(why, rows[i].why);
        CHECK_EQ(http_listen(stage.rt, &options), rows[i].result);
        stage.log[0] = '\0';
        pass(5);
        check_says(stage.log, "no https");
    }
    CHECK_EQ(runtime_counters(stage.rt).actors, 2); /* the asker and the log */
    clear_stage();
}

/* --- certificates made on the spot --- */

TEST(https_serves_with_a_certificate_made_here) {
    static const struct {
        const char *host;
        const char *url;
    } rows[] = {{"localhost", "https://localhost:4433/hello/a"},
                {"127.0.0.1", "https://127.0.0.1:4433/hello/a"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        identity_t made;
        prepare();
        int size = http_make_certificate(rows[i].host, 2, made.certificate,
                                         sizeof made.certificate);
        CHECK(size > 0);
        CHECK_EQ(strlen(made.certificate), size);
        memcpy(made.key, made.certificate, sizeof made.key); /* it has both */
        http_listen_tls_t tls = tls_of(&made);
        serve(&tls);
        trust(&made, NULL);
        ask_for(rows[i].url, 1);
        CHECK_EQ(stage.seen[0].type, MSG_HTTP_RESPONSE);
        ask_for("https://web.localhost:4433/hello/a", 1);
        CHECK_EQ(stage.seen[0].is.failure.reason, MK_EPERM);
        clear_stage();
    }
    static const char *const bad[] = {"", "a b", "a,DNS:b", "x:y"};
    char pem[2048];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(http_make_certificate(bad[i], 2, pem, sizeof pem), MK_EINVAL);
    CHECK_EQ(http_make_certificate("localhost", 2, pem, 100), MK_ETOOBIG);
}

/* --- whom the client trusts when nobody said --- */

/* The roots of the system are read by a worker thread, if there are any; requests wait
 * for it. Either way nobody vouches for the server. */
TEST(https_reads_the_roots_of_the_system_aside) {
    prepare();
    http_listen_tls_t tls = tls_of(&stage.setup.own);
    serve(&tls);
    stage.url = "https://web.localhost:4433/hello/a";
    for (int i = 0; i < 3; i++)
        CHECK(actor_send(stage.rt, stage.asker, ASK, NULL, 0));
    ask_for(stage.url, 4);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(stage.seen[i].type, MSG_HTTP_ERROR);
        int reason = stage.seen[i].is.failure.reason;
        CHECK(reason == MK_EPERM || reason == MK_EIO);
    }
    CHECK_EQ(http_counters(stage.rt).requests, 0);
    trust(&stage.setup.root, NULL);
    check_answered();
    pass(100);
    CHECK_EQ(runtime_counters(stage.rt).actors, 3); /* asker, log, keeper of the port */
    clear_stage();
}

/* Who asked, or everything, ends while the roots are being read. */
TEST(https_is_given_up_while_roots_are_read) {
    for (unsigned steps = 0; steps < 12; steps++) {
        for (int is_all = 0; is_all < 2; is_all++) {
            prepare();
            http_listen_tls_t tls = tls_of(&stage.setup.own);
            serve(&tls);
            stage.url = "https://web.localhost:4433/hello/a";
            CHECK(actor_send(stage.rt, stage.asker, ASK, NULL, 0));
            for (unsigned i = 0; i < steps; i++)
                runtime_step(stage.rt);
            if (!is_all) {
                actor_stop(stage.rt, stage.asker);
                pass(50);
            }
            clear_stage();
        }
    }
}

/* --- peers that do not shake hands --- */

/* A connection of plain bytes to the port. */
static int connect_raw(void) {
    port_address_t at = address_loopback(DOOR);
    int handle = port_socket_connect(&at);
    CHECK(handle >= 0);
    pass(5);
    return handle;
}

static void say_raw(int handle, const char *bytes, size_t size) {
    port_slice_t slice = {bytes, size};
    CHECK_EQ(port_socket_write(handle, &slice, 1), (int)size);
    pass(5);
}

TEST(https_answers_plain_http_in_plain_http) {
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: web.localhost\r\n\r\n",
        "hello, is anybody there?\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        for (int is_slow = 0; is_slow < 2; is_slow++) {
            char text[512] = "";
            set_stage(NULL);
            int handle = connect_raw();
            size_t size = strlen(requests[i]);
            if (is_slow) /* as much as is looked at, byte by byte */
                for (size_t at = 0; at < 5; at++)
                    say_raw(handle, requests[i] + at, 1);
            else
                say_raw(handle, requests[i], size);
            int got = port_socket_read(handle, text, sizeof text - 1);
            CHECK(got > 0);
            text[got] = '\0';
            CHECK_MEM(text, "HTTP/1.1 400 Bad Request\r\n", 26);
            check_says(text, "Content-Length: 45\r\n");
            check_says(text, "\r\n\r\n400 Bad Request: this port speaks https only\n");
            CHECK_EQ(strlen(strstr(text, "\r\n\r\n") + 4), 45);
            CHECK_EQ(port_socket_read(handle, text, sizeof text), MK_EEND);
            port_socket_close(handle);
            pass(5);
            check_says(stage.log, "TLS refused");
            check_says(stage.log, "status=400");
            CHECK_EQ(http_counters(stage.rt).handshakes_failed, 1);
            CHECK_EQ(http_counters(stage.rt).connections, 0);
            clear_stage();
        }
    }
}

TEST(https_gives_a_handshake_its_time_and_no_more) {
    static const char *const begins[] = {"", "\x16", "\x16\x03\x01\x00\x80\x01"};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        char byte;
        prepare();
        http_listen_tls_t tls = tls_of(&stage.setup.own);
        tls.handshake_ms = 500;
        serve(&tls);
        int handle = connect_raw();
        size_t size = i == 2 ? 6 : strlen(begins[i]);
        if (size > 0) say_raw(handle, begins[i], size);
        pass(400);
        CHECK_EQ(port_socket_read(handle, &byte, 1), MK_EAGAIN);
        pass(200);
        CHECK_EQ(port_socket_read(handle, &byte, 1), MK_EEND);
        port_socket_close(handle);
        check_says(stage.log, "the TLS handshake took too long");
        CHECK_EQ(http_counters(stage.rt).handshakes_failed, 1);
        clear_stage();
    }
}

/* More peers than may shake hands at a time wait, and get their turn. */
TEST(https_lets_so_many_shake_hands_at_a_time) {
    enum { SILENT = 3 };
    int handles[SILENT];
    prepare();
    http_listen_tls_t tls = tls_of(&stage.setup.own);
    tls.handshake_ms = 2000;
    tls.handshakes_max = 2;
    serve(&tls);
    trust(&stage.setup.root, NULL);
    for (int i = 0; i < SILENT; i++)
        handles[i] = connect_raw();
    CHECK_EQ(http_counters(stage.rt).accepted, 2);
    check_answered(); /* behind the third */
    CHECK(http_counters(stage.rt).accepted >= 4);
    CHECK_EQ(http_counters(stage.rt).handshakes_failed, 2);
    for (int i = 0; i < SILENT; i++)
        port_socket_close(handles[i]);
    clear_stage();
}

/* The server stops while somebody shakes hands. */
TEST(https_stops_in_the_middle_of_a_handshake) {
    set_stage(NULL);
    int handle = connect_raw();
    say_raw(handle, "\x16\x03\x01", 3);
    http_stop(stage.rt, 1000);
    pass(10);
    CHECK_EQ(http_counters(stage.rt).connections, 0);
    port_socket_close(handle);
    clear_stage();
}

static void serve_without_memory(void *arg) {
    const setup_t *setup = arg;
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 8);
    if (rt == NULL) return;
    http_listen_tls_t tls = tls_of(&setup->own);
    http_listen_options_t options = {.port = DOOR, .tls = &tls};
    if (http_listen(rt, &options) == DOOR) {
        port_address_t at = address_loopback(DOOR);
        int handle = port_socket_connect(&at);
        for (int i = 0; i < 20; i++)
            runtime_step(rt);
        port_slice_t slice = {"GET / HTTP/1.1\r\n\r\n", 18};
        if (handle >= 0) (void)port_socket_write(handle, &slice, 1);
        for (int i = 0; i < 20; i++)
            runtime_step(rt);
        port_socket_close(handle);
    }
    runtime_destroy(rt);
    sim_reset(1);
}

TEST(https_survives_any_allocation_that_fails) {
    setup_t setup;
    setup_named(&setup, "DNS:web.localhost");
    test_each_alloc_failure(serve_without_memory, &setup);
    setup_end(&setup);
    sim_reset(1);
}

TEST_TABLE(https, TEST_ROW(https_gets_from_our_server),
           TEST_ROW(https_refuses_another_host),
           TEST_ROW(https_refuses_whom_nobody_vouches_for),
           TEST_ROW(wss_echoes_and_closes), TEST_ROW(https_asks_clients_who_they_are),
           TEST_ROW(https_changes_its_certificate),
           TEST_ROW(https_reads_its_files_again),
           TEST_ROW(https_says_why_it_does_not_listen),
           TEST_ROW(https_serves_with_a_certificate_made_here),
           TEST_ROW(https_reads_the_roots_of_the_system_aside),
           TEST_ROW(https_is_given_up_while_roots_are_read),
           TEST_ROW(https_answers_plain_http_in_plain_http),
           TEST_ROW(https_gives_a_handshake_its_time_and_no_more),
           TEST_ROW(https_lets_so_many_shake_hands_at_a_time),
           TEST_ROW(https_stops_in_the_middle_of_a_handshake),
           TEST_ROW(https_survives_any_allocation_that_fails))
