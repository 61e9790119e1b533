/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups against a name server of our own, on the same loop: whatever it says or does
 * not say, each question has one outcome and the loop goes on. */
#include "net/dns.h"

#include "base/bytes.h"
#include "linux/folder.h"
#include "net/net_stage.h"
#include "net/udp.h"

#include <stdio.h>

enum { PACKET_MAX = 65535, LOCAL = 1, TYPE_A = 1, TYPE_AAAA = 28 };

/* --- the server --- */

typedef struct {
    udp_t udp;
    listener_t tcp;
    talker_t talker; /* the one tcp connection at a time */
    uint8_t reply[PACKET_MAX];
    unsigned asked; /* over udp */
    unsigned asked_tcp;
} server_t;

typedef struct {
    stage_t stage;
    server_t server;
} world_t;

static world_t world; /* large */

/* What a question asks. */
typedef struct {
    uint16_t id;
    char label[64]; /* the first of its name */
    size_t end;     /* offset behind the question */
    uint16_t type;
} question_t;

static bool read_question(const uint8_t *bytes, size_t size, question_t *question) {
    bytes_reader_t r;
    bytes_reader_init(&r, bytes, size);
    question->id = bytes_read_u16_be(&r);
    for (int i = 0; i < 5; i++)
        (void)bytes_read_u16_be(&r);
    for (unsigned i = 0;; i++) {
        uint8_t len = bytes_read_u8(&r);
        const uint8_t *label = bytes_read(&r, len);
        if (r.has_failed) return false;
        if (len == 0) break;
        if (i > 0 || len >= sizeof question->label) continue;
        memcpy(question->label, label, len);
        question->label[len] = '\0';
    }
    question->type = bytes_read_u16_be(&r);
    (void)bytes_read_u16_be(&r);
    question->end = r.at;
    return !r.has_failed;
}

/* An answer whose name is at `name_at` of the packet. */
static void write_answer(bytes_writer_t *w, unsigned name_at, uint16_t type,
                         uint32_t ttl_s, uint8_t last) {
    bytes_write_u16_be(w, (uint16_t)(0xc000u | name_at));
    bytes_write_u16_be(w, type);
    bytes_write_u16_be(w, 1);
    bytes_write_u32_be(w, ttl_s);
    bytes_write_u16_be(w, type == TYPE_A ? 4 : 16);
    if (type == TYPE_A) bytes_write_u8(w, 127);
    for (int i = 0; i < (type == TYPE_A ? 2 : 15); i++)
        bytes_write_u8(w, 0);
    bytes_write_u8(w, last);
}

static bool is(const question_t *question, const char *label) {
    return strcmp(question->label, label) == 0;
}

/* The reply to a question; 0: silence. */
static size_t make_reply(uint8_t *reply, const uint8_t *asked,
                         const question_t *question, bool is_tcp) {
    bytes_writer_t w;
    bytes_writer_init(&w, reply, PACKET_MAX - 2);
    bool is_cut = !is_tcp && (is(question, "trunc") || is(question, "many"));
    unsigned code = is(question, "nx") ? 3 : is(question, "servfail") ? 2 : 0;
    unsigned answers = is(question, "many") ? 1000 : 1;
    if (code != 0 || is_cut || is(question, "none")) answers = 0;
    if (is(question, "v4") && question->type != TYPE_A) answers = 0;
    if (is(question, "mute")) return 0;
    bytes_write_u16_be(&w, question->id);
    bytes_write_u16_be(&w, (uint16_t)(0x8180u | (is_cut ? 0x200u : 0u) | code));
    bytes_write_u16_be(&w, 1);
    bytes_write_u16_be(&w, (uint16_t)answers);
    bytes_write_u16_be(&w, 0);
    bytes_write_u16_be(&w, 0);
    bytes_write(&w, asked + 12, question->end - 12);
    if (is(question, "loop")) {
        bytes_write_u16_be(&w, (uint16_t)(0xc000u | w.size)); /* points at itself */
        bytes_write_u32_be(&w, 0);
        return w.size;
    }
    /* "other": the name is that of its parent. */
    unsigned name_at = is(question, "other") ? 12 + 6 : 12;
    for (unsigned i = 0; i < answers; i++)
        write_answer(&w, name_at, question->type, 60, LOCAL);
    return is(question, "half") ? w.size - 7 : w.size;
}

static void on_datagram(udp_t *udp, runtime_t *rt) {
    uint8_t asked[512];
    port_address_t from;
    question_t question;
    (void)rt;
    int got = udp_receive(udp, &from, asked, sizeof asked);
    if (got < 0 || (size_t)got > sizeof asked) return;
    memset(&question, 0, sizeof question);
    CHECK(read_question(asked, (size_t)got, &question));
    world.server.asked++;
    uint8_t *reply = world.server.reply;
    size_t size = make_reply(reply, asked, &question, false);
    if (is(&question, "wrongid")) { /* a forger answers first */
        reply[0] ^= 0x55;
        reply[size - 1] = 66;
        CHECK_EQ(udp_send(udp, &from, reply, size), MK_OK);
        (void)make_reply(reply, asked, &question, false);
    }
    if (size > 0) CHECK_EQ(udp_send(udp, &from, reply, size), MK_OK);
}

static void on_tcp_readable(stream_t *stream, runtime_t *rt) {
    uint8_t asked[512];
    question_t question;
    int got = stream_read(rt, stream, asked, sizeof asked);
    if (got <= 2) {
        if (got != MK_EAGAIN) stream_close(rt, stream);
        return;
    }
    memset(&question, 0, sizeof question);
    CHECK(read_question(asked + 2, (size_t)got - 2, &question));
    world.server.asked_tcp++;
    uint8_t *reply = world.server.reply;
    size_t size = make_reply(reply + 2, asked + 2, &question, true);
    reply[0] = (uint8_t)(size >> 8);
    reply[1] = (uint8_t)size;
    CHECK_EQ(stream_write(rt, stream, reply, size + 2), size + 2);
}

static void on_tcp_closed(stream_t *stream, runtime_t *rt, int reason,
                          const char *text) {
    (void)reason;
    (void)text;
    stream_close(rt, stream);
}

static const stream_events_t tcp_events = {.on_readable = on_tcp_readable,
                                           .on_closed = on_tcp_closed};

static void on_tcp_peer(listener_t *listener, runtime_t *rt, int handle,
                        const port_address_t *peer) {
    (void)listener;
    (void)peer;
    stream_close(rt, &world.server.talker.stream);
    CHECK_EQ(stream_open(rt, &world.server.talker.stream, handle, &tcp_events), MK_OK);
}

static const udp_events_t udp_events = {.on_readable = on_datagram};
static const listener_events_t listener_events = {.on_peer = on_tcp_peer};

/* udp and tcp at the same free port of 127.0.0.1. */
static uint16_t open_server(runtime_t *rt, server_t *server) {
    for (int tries = 0; tries < 50; tries++) {
        port_address_t at = address_loopback(0);
        CHECK_EQ(udp_open(rt, &server->udp, &at, &udp_events), MK_OK);
        CHECK_EQ(udp_local(&server->udp, &at), MK_OK);
        if (listener_open(rt, &server->tcp, &at, &listener_events) == MK_OK)
            return at.port;
        udp_close(rt, &server->udp);
    }
    CHECK(!"a free port for both");
    return 0;
}

/* --- the askers --- */

typedef struct {
    dns_query_t query; /* first */
    unsigned answers;
    int code;
    size_t count;
    uint32_t ttl_s;
    port_address_t first;
    char why[64];
} asker_t;

static void on_answer(dns_query_t *query, runtime_t *rt, const port_answer_t *answer) {
    asker_t *asker = MK_CONTAINER_OF(query, asker_t, query);
    (void)rt;
    asker->answers++;
    asker->code = answer->code;
    asker->count = answer->count;
    asker->ttl_s = answer->ttl_s;
    if (answer->count > 0) asker->first = answer->addresses[0];
    strncpy(asker->why, answer->text, sizeof asker->why - 1);
}

static bool is_answered(void *arg) {
    return ((const asker_t *)arg)->answers > 0;
}

static void open_world(uint32_t timeout_ms, const char *hosts) {
    char servers[32];
    memset(&world, 0, sizeof world);
    CHECK(stage_open(&world.stage));
    uint16_t port = open_server(world.stage.rt, &world.server);
    snprintf(servers, sizeof servers, "127.0.0.1:%u", port);
    port_resolver_options_t options = {
        .servers = servers, .timeout_ms = timeout_ms, .tries = 2, .hosts = hosts};
    CHECK_EQ(dns_configure(world.stage.rt, &options), MK_OK);
}

static void close_world(void) {
    udp_close(world.stage.rt, &world.server.udp);
    listener_close(world.stage.rt, &world.server.tcp);
    stream_abort(world.stage.rt, &world.server.talker.stream);
    stage_close(&world.stage);
}

static void ask(asker_t *asker, const char *name, uint8_t family) {
    memset(asker, 0, sizeof *asker);
    asker->query.on_answer = on_answer;
    CHECK_EQ(dns_ask(world.stage.rt, &asker->query, text_of(name), family), MK_OK);
}

static void wait_for(asker_t *asker) {
    CHECK(stage_run(&world.stage, is_answered, asker, 20000));
    CHECK_EQ(asker->answers, 1);
}

/* This build may have no c-ares. */
static void need_servers(void) {
    asker_t asker;
    ask(&asker, "good.test", PORT_FAMILY_INET);
    wait_for(&asker);
    if (asker.code != MK_ENOTSUP) return;
    close_world();
    test_skip("built without c-ares");
}

TEST(each_answer_has_its_outcome) {
    static const struct {
        const char *name;
        uint8_t family;
        int code;
        size_t count;
        const char *why; /* NULL: any */
    } rows[] = {
        {"good.test", PORT_FAMILY_INET, MK_OK, 1, NULL},
        {"good.test", PORT_FAMILY_INET6, MK_OK, 1, NULL},
        {"v4.test", PORT_FAMILY_INET, MK_OK, 1, NULL},
        {"v4.test", PORT_FAMILY_INET6, MK_ENOENT, 0, NULL},
        {"nx.test", PORT_FAMILY_INET, MK_ENOENT, 0, "no such host"},
        {"none.test", PORT_FAMILY_INET, MK_ENOENT, 0, NULL},
        {"servfail.test", PORT_FAMILY_INET, MK_EREFUSED, 0,
         "the name servers fail or cannot be reached"},
        {"trunc.test", PORT_FAMILY_INET, MK_OK, 1, NULL},
        {"many.test", PORT_FAMILY_INET, MK_OK, MK_DNS_ADDRESSES_MAX, NULL},
        {"wrongid.test", PORT_FAMILY_INET, MK_OK, 1, NULL},
        {"other.test", PORT_FAMILY_INET, MK_ENOENT, 0, NULL},
        {"loop.test", PORT_FAMILY_INET, MK_EBADMSG, 0, NULL},
        {"half.test", PORT_FAMILY_INET, MK_EBADMSG, 0, NULL},
    };
    open_world(1000, "");
    need_servers();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asker_t asker;
        ask(&asker, rows[i].name, rows[i].family);
        wait_for(&asker);
        CHECK_EQ(asker.code, rows[i].code);
        CHECK_EQ(asker.count, rows[i].count);
        if (rows[i].why != NULL) CHECK_STR(asker.why, rows[i].why);
        if (asker.count == 0) continue;
        CHECK_EQ(asker.first.family, rows[i].family);
        CHECK_EQ(asker.first.bytes[rows[i].family == PORT_FAMILY_INET ? 3 : 15], LOCAL);
        CHECK(asker.ttl_s <= 60 && asker.ttl_s >= 1);
    }
    CHECK_EQ(world.server.asked_tcp, 2);
    close_world();
}

TEST(silence_ends_and_the_loop_ticks_meanwhile) {
    open_world(60, "");
    need_servers();
    asker_t asker;
    unsigned ticks = world.stage.ticks;
    ask(&asker, "mute.test", PORT_FAMILY_INET);
    wait_for(&asker);
    CHECK_EQ(asker.code, MK_ETIMEOUT);
    CHECK_STR(asker.why, "no answer from the name servers");
    CHECK(world.stage.ticks - ticks >= 20); /* of more than 120 ms */
    close_world();
}

TEST(what_was_answered_is_not_asked_again) {
    open_world(1000, "");
    need_servers();
    unsigned before = world.server.asked;
    asker_t askers[3];
    for (int i = 0; i < 3; i++)
        ask(&askers[i], "v4.test", PORT_FAMILY_INET);
    for (int i = 0; i < 3; i++)
        wait_for(&askers[i]);
    ask(&askers[0], "v4.test", PORT_FAMILY_INET);
    wait_for(&askers[0]);
    CHECK_EQ(world.server.asked - before, 1);
    close_world();
}

TEST(a_runtime_ends_in_the_middle_of_a_lookup) {
    open_world(10000, "");
    asker_t asker;
    ask(&asker, "mute.test", PORT_FAMILY_INET);
    (void)stage_run(&world.stage, NULL, NULL, 20);
    close_world();
}

TEST(a_question_is_given_up) {
    open_world(100, "");
    need_servers();
    asker_t asker;
    ask(&asker, "mute.test", PORT_FAMILY_INET);
    (void)stage_run(&world.stage, NULL, NULL, 20);
    dns_cancel(world.stage.rt, &asker.query);
    (void)stage_run(&world.stage, NULL, NULL, 400);
    CHECK_EQ(asker.answers, 0);
    close_world();
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK_EQ(fclose(file), 0);
}

TEST(the_hosts_file_comes_first_and_is_read_anew) {
    char path[PATH_SIZE + 16];
    folder_begin();
    snprintf(path, sizeof path, "%s/hosts", folder);
    write_file(path, "# comment\n"
                     "127.0.0.5 here.test  Alias.test # more\n"
                     "::5\there.test\n"
                     "999.0.0.1 broken.test\n"
                     "127.0.0.6 only4.test");
    open_world(500, path);
    asker_t asker;
    ask(&asker, "alias.TEST", PORT_FAMILY_INET);
    wait_for(&asker);
    CHECK_EQ(asker.code, MK_OK);
    CHECK_EQ(asker.first.bytes[3], 5);
    ask(&asker, "here.test", PORT_FAMILY_INET6);
    wait_for(&asker);
    CHECK_EQ(asker.first.bytes[15], 5);
    ask(&asker, "only4.test", PORT_FAMILY_INET6);
    wait_for(&asker);
    CHECK_EQ(asker.code, MK_ENOENT);
    CHECK_EQ(world.server.asked, 0); /* what is local stays local */
    write_file(path, "127.0.0.77 new.test and some more to change its size\n");
    ask(&asker, "new.test", PORT_FAMILY_INET);
    wait_for(&asker);
    CHECK_EQ(asker.code, MK_OK);
    CHECK_EQ(asker.first.bytes[3], 77);
    close_world();
    folder_end();
}

TEST_TABLE(name_servers, TEST_ROW(each_answer_has_its_outcome),
           TEST_ROW(silence_ends_and_the_loop_ticks_meanwhile),
           TEST_ROW(what_was_answered_is_not_asked_again),
           TEST_ROW(a_runtime_ends_in_the_middle_of_a_lookup),
           TEST_ROW(a_question_is_given_up),
           TEST_ROW(the_hosts_file_comes_first_and_is_read_anew))
