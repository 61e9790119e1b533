/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets of the server against a peer that talks bytes: rules, bounds, deadlines.
 */
#include "http_world.h"

#include "microkernel/error.h"
#include "net/ws_frame.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
    int messages;
    int rooms;
    int closed;
    uint16_t code;
    http_conn_id_t id;
    size_t size;
    bool is_silent; /* do not echo */
} seen;

static void take(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size, void *ctx) {
    CHECK(ctx == &seen);
    seen.messages++;
    seen.size = size;
    if (!seen.is_silent) (void)http_ws_send(rt, id, is_binary, data, size);
}

static void room(runtime_t *rt, http_conn_id_t id, void *ctx) {
    (void)rt;
    (void)id;
    (void)ctx;
    seen.rooms++;
}

static void closed(runtime_t *rt, http_conn_id_t id, uint16_t code, void *ctx) {
    (void)ctx;
    CHECK_EQ(http_ws_send(rt, id, true, "x", 1), MK_ENOENT);
    seen.closed++;
    seen.code = code;
}

static const http_ws_handler_t echo = {take, room, closed};

static void accept_echo(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    seen.id = http_ws_accept(request, &echo, &seen);
}

static void open_echo(http_world_t *world) {
    memset(&seen, 0, sizeof seen);
    world_open(world, NULL);
    CHECK_EQ(http_route(world->rt, "*", "/ws", accept_echo, NULL), MK_OK);
}

#define UPGRADE                                                                        \
    "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"     \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static peer_t *open_peer(http_world_t *world) {
    peer_t *peer = peer_new(world);
    peer_say(peer, UPGRADE);
    peer_read(peer);
    CHECK(strncmp(peer->text, "HTTP/1.1 101 Switching Protocols\r\n", 34) == 0);
    peer->size = 0;
    return peer;
}

/* A frame of a client, with a mask. */
static size_t put_frame(uint8_t *bytes, ws_op_t op, bool is_last, const void *data,
                        size_t size) {
    static const uint8_t mask[4] = {1, 2, 3, 4};
    size_t head = ws_write_head(bytes, op, is_last, false, size, mask);
    if (size > 0) memcpy(bytes + head, data, size);
    ws_mask(bytes + head, size, mask, 0);
    return head + size;
}

static void send_frame(peer_t *peer, ws_op_t op, bool is_last, const void *data,
                       size_t size) {
    static uint8_t bytes[400000];
    CHECK(size + WS_HEAD_MAX <= sizeof bytes);
    peer_send(peer, bytes, put_frame(bytes, op, is_last, data, size));
}

/* --- the upgrade --- */

TEST(ws_upgrade_rows_of_the_table) {
    static const struct {
        const char *request;
        const char *begins;
        const char *has;
    } rows[] = {
        {"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: "
         "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         "HTTP/1.1 426", "Sec-WebSocket-Version: 13\r\n"},
        {"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         "HTTP/1.1 400", ""},
        {"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\n\r\n",
         "HTTP/1.1 400", ""},
        {"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n\r\n",
         "HTTP/1.1 400", "Sec-WebSocket-Key"},
        {"POST /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
         "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         "HTTP/1.1 405", "Allow: GET\r\n"},
    };
    http_world_t world;
    open_echo(&world);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        peer_t *peer = peer_new(&world);
        peer_say(peer, rows[i].request);
        peer_read(peer);
        CHECK(strncmp(peer->text, rows[i].begins, strlen(rows[i].begins)) == 0);
        CHECK(strstr(peer->text, rows[i].has) != NULL);
        CHECK(peer->has_ended);
        peer_end(peer);
    }
    CHECK_EQ(http_counters(world.rt).connections, 0);
    world_close(&world);
}

/* --- the rules --- */

typedef struct {
    const char *name;
    const char *bytes; /* of the peer, masks are zero */
    size_t size;
    const char *answer; /* all of it */
    size_t answer_size;
    bool closes;
    uint8_t messages; /* handed out */
    uint16_t code;    /* on_closed got; 0: not yet */
} rule_t;

#define BYTES(text)     text, sizeof(text) - 1
#define M               "\x00\x00\x00\x00"
#define CLOSE_1002(why) "\x88" why

static const rule_t rules[] = {
    {"text", BYTES("\x81\x82" M "hi"), BYTES("\x81\x02hi"), false, 1, 0},
    {"binary", BYTES("\x82\x81" M "\xff"), BYTES("\x82\x01\xff"), false, 1, 0},
    {"empty", BYTES("\x81\x80" M), BYTES("\x81\x00"), false, 1, 0},
    {"length 5 in 16 bits", BYTES("\x81\xfe\x00\x05" M "hello"), BYTES("\x81\x05hello"),
     false, 1, 0},
    {"fragments", BYTES("\x01\x81" M "a\x00\x81" M "b\x80\x81" M "c"),
     BYTES("\x81\x03"
           "abc"),
     false, 1, 0},
    {"ping", BYTES("\x89\x82" M "hi"), BYTES("\x8a\x02hi"), false, 0, 0},
    {"ping between fragments", BYTES("\x01\x81" M "a\x89\x80" M "\x80\x81" M "b"),
     BYTES("\x8a\x00\x81\x02"
           "ab"),
     false, 1, 0},
    {"pong of nothing", BYTES("\x8a\x80" M), BYTES(""), false, 0, 0},
    {"close", BYTES("\x88\x82" M "\x03\xe8"), BYTES("\x88\x02\x03\xe8"), true, 0, 1000},
    {"close without a code", BYTES("\x88\x80" M), BYTES("\x88\x00"), true, 0, 1000},
    {"data after close", BYTES("\x88\x80" M "\x81\x82" M "hi"), BYTES("\x88\x00"), true,
     0, 1000},
    {"two messages", BYTES("\x81\x81" M "a\x81\x81" M "b"),
     BYTES("\x81\x01"
           "a\x81\x01"
           "b"),
     false, 2, 0},
};

/* What is refused, and with which code. */
typedef struct {
    const char *name;
    const char *bytes;
    size_t size;
    uint16_t code;
} fault_t;

static const fault_t faults[] = {
    {"without a mask", BYTES("\x81\x02hi"), 1002},
    {"reserved opcode", BYTES("\x83\x80" M), 1002},
    {"reserved control", BYTES("\x8b\x80" M), 1002},
    {"RSV1", BYTES("\xc1\x80" M), 1002},
    {"RSV2", BYTES("\xa1\x80" M), 1002},
    {"fragmented ping", BYTES("\x09\x80" M), 1002},
    {"ping of 126", BYTES("\x89\xfe\x00\x7e"), 1002},
    {"stray continuation", BYTES("\x80\x80" M), 1002},
    {"new text inside", BYTES("\x01\x81" M "a\x81\x81" M "b"), 1002},
    {"bad UTF-8", BYTES("\x81\x82" M "a\xff"), 1007},
    {"UTF-8 cut at the end", BYTES("\x81\x82" M "a\xc3"), 1007},
    {"bad UTF-8 at once", BYTES("\x01\x84" M "\xc0"), 1007},
    {"close of 1 byte", BYTES("\x88\x81" M "\x03"), 1002},
    {"close 1005", BYTES("\x88\x82" M "\x03\xed"), 1002},
    {"close 999", BYTES("\x88\x82" M "\x03\xe7"), 1002},
    {"close reason", BYTES("\x88\x83" M "\x03\xe8\xff"), 1007},
    {"top bit", BYTES("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00"), 1002},
    {"2^62", BYTES("\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00"), 1009},
};

static void send_split(peer_t *peer, const char *bytes, size_t size, size_t at) {
    if (at > size) at = size;
    peer_send(peer, bytes, at);
    peer_send(peer, bytes + at, size - at);
    world_run(peer->world);
    peer_read(peer);
}

TEST(ws_keeps_the_rules_wherever_it_is_split) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const rule_t *rule = &rules[i];
        for (size_t at = 0; at <= rule->size; at++) {
            http_world_t world;
            open_echo(&world);
            peer_t *peer = open_peer(&world);
            send_split(peer, rule->bytes, rule->size, at);
            if (peer->size != rule->answer_size) printf("rule \"%s\"\n", rule->name);
            CHECK_EQ(peer->size, rule->answer_size);
            CHECK_MEM(peer->text, rule->answer, rule->answer_size);
            CHECK_EQ(peer->has_ended, rule->closes);
            CHECK(!peer->was_reset);
            CHECK_EQ(seen.messages, rule->messages);
            CHECK_EQ(seen.closed, rule->code != 0);
            CHECK_EQ(seen.code, rule->code);
            peer_end(peer);
            CHECK_EQ(seen.closed, 1);
            CHECK_EQ(http_counters(world.rt).connections, 0);
            world_close(&world);
        }
    }
}

TEST(ws_refuses_with_a_code_and_words) {
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const fault_t *fault = &faults[i];
        for (size_t at = 0; at < fault->size; at++) {
            http_world_t world;
            open_echo(&world);
            peer_t *peer = open_peer(&world);
            send_split(peer, fault->bytes, fault->size, at);
            const uint8_t *answer = (const uint8_t *)peer->text;
            if (peer->size < 5) printf("fault \"%s\"\n", fault->name);
            CHECK(peer->size > 4);
            CHECK_EQ(answer[0], 0x88);
            CHECK_EQ(answer[1], peer->size - 2);
            CHECK_EQ(answer[2] << 8 | answer[3], fault->code);
            CHECK(peer->has_ended && !peer->was_reset);
            CHECK_EQ(seen.messages, 0);
            CHECK_EQ(seen.closed, 1);
            CHECK_EQ(seen.code, fault->code);
            peer_end(peer);
            CHECK_EQ(http_counters(world.rt).connections, 0);
            world_close(&world);
        }
    }
}

/* --- what RFC 6455 says of every value of a field --- */

/* What the server says to a frame with that first byte and no payload: its answer, or
 * NULL when it has to refuse it. */
static const char *answer_to_head(uint8_t first, bool is_inside, size_t *size) {
    bool is_last = (first & 0x80) != 0;
    unsigned op = first & 0x0f;
    *size = 0;
    if ((first & 0x70) != 0) return NULL;
    if (op > WS_OP_BINARY && op < WS_OP_CLOSE) return NULL;
    if (op > WS_OP_PONG) return NULL;
    if (op >= WS_OP_CLOSE && !is_last) return NULL;
    if (op < WS_OP_CLOSE && (op == WS_OP_CONTINUE) != is_inside) return NULL;
    if (op == WS_OP_PONG || !is_last) return "";
    *size = op == WS_OP_CONTINUE ? 3 : 2;
    if (op == WS_OP_CONTINUE)
        return "\x81\x01"
               "a";
    if (op == WS_OP_TEXT) return "\x81\x00";
    if (op == WS_OP_BINARY) return "\x82\x00";
    return op == WS_OP_CLOSE ? "\x88\x00" : "\x8a\x00";
}

/* It was closed with that code, in order, and the handler knows. */
static void check_refused(const peer_t *peer, uint16_t code) {
    const uint8_t *answer = (const uint8_t *)peer->text;
    CHECK(peer->size > 4);
    CHECK_EQ(answer[0], 0x88);
    CHECK_EQ(answer[1], peer->size - 2);
    CHECK_EQ(answer[2] << 8 | answer[3], code);
    CHECK(peer->has_ended && !peer->was_reset);
    CHECK_EQ(seen.closed, 1);
    CHECK_EQ(seen.code, code);
}

TEST(ws_takes_or_refuses_every_first_byte_outside_and_inside_a_message) {
    for (unsigned i = 0; i < 512; i++) {
        uint8_t first = (uint8_t)i;
        bool is_inside = i >= 256;
        http_world_t world;
        open_echo(&world);
        peer_t *peer = open_peer(&world);
        if (is_inside) peer_send(peer, "\x01\x81" M "a", 7);
        const uint8_t frame[] = {first, 0x80, 0, 0, 0, 0};
        peer_send(peer, frame, sizeof frame);
        peer_read(peer);
        size_t size;
        const char *answer = answer_to_head(first, is_inside, &size);
        if (answer == NULL) {
            check_refused(peer, 1002);
        } else {
            CHECK_EQ(peer->size, size);
            CHECK_MEM(peer->text, answer, size);
            CHECK_EQ(peer->has_ended, first == 0x88);
        }
        peer_end(peer);
        world_close(&world);
    }
}

TEST(ws_takes_the_close_codes_that_may_be_sent_and_no_others) {
    static const struct {
        unsigned first;
        unsigned last;
        bool is_good;
    } ranges[] = {{0, 1, false},       {999, 999, false},    {1000, 1003, true},
                  {1004, 1006, false}, {1007, 1014, true},   {1015, 1017, false},
                  {1100, 1100, false}, {2000, 2000, false},  {2999, 2999, false},
                  {3000, 3001, true},  {3999, 4000, true},   {4999, 4999, true},
                  {5000, 5000, false}, {65535, 65535, false}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        for (unsigned n = 2 * ranges[i].first; n <= 2 * ranges[i].last + 1; n++) {
            unsigned code = n / 2;
            const uint8_t payload[] = {(uint8_t)(code >> 8), (uint8_t)code, 'w', 'h',
                                       'y'};
            http_world_t world;
            open_echo(&world);
            peer_t *peer = open_peer(&world);
            send_frame(peer, WS_OP_CLOSE, true, payload, n % 2 == 0 ? 2 : 5);
            peer_read(peer);
            if (ranges[i].is_good) {
                CHECK(peer->size >= 4);
                CHECK_MEM(peer->text + 2, payload, 2);
                CHECK(peer->has_ended && !peer->was_reset);
                CHECK_EQ(seen.closed, 1);
                CHECK_EQ(seen.code, code);
            } else {
                check_refused(peer, 1002);
            }
            peer_end(peer);
            world_close(&world);
        }
    }
}

TEST(ws_answers_a_ping_of_any_size_and_no_pong) {
    http_world_t world;
    open_echo(&world);
    peer_t *peer = open_peer(&world);
    uint8_t payload[125];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(0xff - i);
    for (size_t size = 0; size <= sizeof payload; size++) {
        send_frame(peer, WS_OP_PONG, true, payload, size);
        send_frame(peer, WS_OP_PING, true, payload, size);
        peer_read(peer);
        CHECK_EQ(peer->size, size + 2);
        CHECK_EQ((uint8_t)peer->text[0], 0x8a);
        CHECK_EQ(peer->text[1], size);
        CHECK_MEM(peer->text + 2, payload, size);
        peer->size = 0;
    }
    CHECK_EQ(seen.closed, 0);
    /* The longest reason. */
    payload[0] = 0x03;
    payload[1] = 0xe8;
    memset(payload + 2, 'r', sizeof payload - 2);
    send_frame(peer, WS_OP_CLOSE, true, payload, sizeof payload);
    peer_read(peer);
    CHECK(peer->size >= 4 && peer->has_ended);
    CHECK_MEM(peer->text + 2, payload, 2);
    CHECK_EQ(seen.code, 1000);
    peer_end(peer);
    world_close(&world);
}

TEST(ws_joins_a_text_cut_anywhere_with_long_pings_in_between) {
    /* Characters of one to four bytes. */
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    static const size_t size = sizeof text - 1;
    char payload[125];
    memset(payload, '?', sizeof payload);
    http_world_t world;
    open_echo(&world);
    peer_t *peer = open_peer(&world);
    for (size_t one = 0; one <= size; one++) {
        for (size_t two = one; two <= size; two++) {
            send_frame(peer, WS_OP_TEXT, false, text, one);
            send_frame(peer, WS_OP_PING, true, payload, sizeof payload);
            send_frame(peer, WS_OP_CONTINUE, false, text + one, two - one);
            send_frame(peer, WS_OP_PONG, true, payload, sizeof payload);
            send_frame(peer, WS_OP_PING, true, payload, 1);
            send_frame(peer, WS_OP_CONTINUE, true, text + two, size - two);
            peer_read(peer);
            CHECK_EQ(peer->size, 127 + 3 + 2 + size);
            CHECK_MEM(peer->text, "\x8a\x7d", 2);
            CHECK_MEM(peer->text + 2, payload, sizeof payload);
            CHECK_MEM(peer->text + 127, "\x8a\x01?", 3);
            CHECK_EQ((uint8_t)peer->text[130], 0x81);
            CHECK_EQ(peer->text[131], size);
            CHECK_MEM(peer->text + 132, text, size);
            peer->size = 0;
        }
    }
    CHECK_EQ(seen.closed, 0);
    peer_end(peer);
    world_close(&world);
}

/* --- UTF-8 --- */

enum { IS_GOOD = -1, IS_CUT = -2 };

static const struct {
    const char *bytes;
    int bad_at; /* the byte that cannot be; or the text is good; or ends too early */
} texts[] = {
    {"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6", IS_GOOD},
    {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", IS_GOOD},
    {"\x7f", IS_GOOD},
    {"\xc2\x80", IS_GOOD},
    {"\xdf\xbf", IS_GOOD},
    {"\xe0\xa0\x80", IS_GOOD},
    {"\xed\x9f\xbf", IS_GOOD}, /* the last before the surrogates */
    {"\xee\x80\x80", IS_GOOD}, /* the first behind them */
    {"\xef\xbf\xbd", IS_GOOD},
    {"\xef\xbf\xbe", IS_GOOD}, /* U+FFFE, U+FFFF: no characters, but good code points */
    {"\xef\xbf\xbf", IS_GOOD},
    {"\xf0\x90\x80\x80", IS_GOOD},
    {"\xf4\x8f\xbf\xbf", IS_GOOD}, /* the last */
    {"\x80", 0},
    {"\xbf", 0},
    {"a\x80z", 1},
    {"\xc0\xaf", 0}, /* longer than need be */
    {"\xc1\xbf", 0},
    {"\xe0\x80\xaf", 1},
    {"\xe0\x9f\xbf", 1},
    {"\xf0\x80\x80\xaf", 1},
    {"\xf0\x8f\xbf\xbf", 1},
    {"\xed\xa0\x80", 1}, /* surrogates */
    {"\xed\xbf\xbf", 1},
    {"\xed\xa0\x80\xed\xb0\x80", 1},
    {"\xf4\x90\x80\x80", 1}, /* above the last */
    {"\xf5\x80\x80\x80", 0},
    {"\xf8\x88\x80\x80\x80", 0},
    {"\xfc\x84\x80\x80\x80\x80", 0},
    {"\xfe", 0},
    {"\xff", 0},
    {"\xc3(", 1}, /* no continuation */
    {"\xe2\x82(", 2},
    {"\xf0\x9f\x98(", 3},
    {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80z", 12},
    {"a\xc3", IS_CUT},
    {"a\xe2", IS_CUT},
    {"a\xe2\x82", IS_CUT},
    {"a\xf0", IS_CUT},
    {"a\xf0\x9f", IS_CUT},
    {"a\xf0\x9f\x98", IS_CUT},
};

static void check_text(size_t row, bool is_in_pieces) {
    const char *text = texts[row].bytes;
    int bad_at = texts[row].bad_at;
    size_t size = strlen(text);
    http_world_t world;
    open_echo(&world);
    peer_t *peer = open_peer(&world);
    if (is_in_pieces) {
        for (size_t i = 0; i < size && !peer->has_ended; i++) {
            send_frame(peer, i == 0 ? WS_OP_TEXT : WS_OP_CONTINUE, false, text + i, 1);
            world_run(&world);
            peer_read(peer);
            CHECK_EQ(peer->has_ended, (int)i == bad_at); /* at once, and not before */
        }
        if (!peer->has_ended) send_frame(peer, WS_OP_CONTINUE, true, "", 0);
    } else {
        send_frame(peer, WS_OP_TEXT, true, text, size);
    }
    peer_read(peer);
    if (bad_at == IS_GOOD) {
        CHECK_EQ(peer->size, size + 2);
        CHECK_MEM(peer->text + 2, text, size);
        CHECK_EQ(seen.messages, 1);
    } else {
        check_refused(peer, 1007);
        CHECK_EQ(seen.messages, 0);
    }
    peer_end(peer);
    world_close(&world);
}

TEST(ws_takes_good_utf8_and_refuses_bad_at_its_first_byte) {
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_text(i, false);
        check_text(i, true);
    }
}

/* --- sizes --- */

static uint8_t big[400000];

TEST(ws_echoes_messages_of_any_size) {
    static const size_t sizes[] = {0, 124, 125, 126, 127, 128, 65535, 65536, 200000};
    http_world_t world;
    open_echo(&world);
    peer_t *peer = open_peer(&world);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        send_frame(peer, WS_OP_BINARY, true, big, sizes[i]);
        for (int n = 0; n < 20; n++) {
            world_run(&world);
            peer_read(peer);
        }
        uint8_t head[WS_HEAD_MAX];
        size_t head_size =
            ws_write_head(head, WS_OP_BINARY, true, false, sizes[i], NULL);
        CHECK_EQ(peer->size, head_size + sizes[i]);
        CHECK_MEM(peer->text, head, head_size);
        CHECK_MEM(peer->text + head_size, big, sizes[i]);
        peer->size = 0;
    }
    peer_end(peer);
    world_close(&world);
}

TEST(ws_refuses_a_message_above_the_limit_at_its_head) {
    http_world_t world;
    memset(&seen, 0, sizeof seen);
    http_listen_options_t options;
    memset(&options, 0, sizeof options);
    options.ws_message_max = 1000;
    world_open(&world, &options);
    CHECK_EQ(http_route(world.rt, "GET", "/ws", accept_echo, NULL), MK_OK);
    peer_t *peer = open_peer(&world);
    send_frame(peer, WS_OP_BINARY, true, big, 1000);
    peer_read(peer);
    CHECK_EQ(seen.messages, 1);
    peer->size = 0;
    send_frame(peer, WS_OP_BINARY, false, big, 600);
    peer_send(peer, "\x80\xfe\x01\x91", 4); /* 401 more */
    peer_read(peer);
    CHECK_MEM(peer->text + 2, "\x03\xf1", 2);
    CHECK(peer->has_ended);
    peer_end(peer);
    world_close(&world);
}

TEST(ws_joins_a_message_up_to_the_limit_however_it_is_cut) {
    enum { WHOLE = 70000 };
    static const size_t parts[] = {64, 1000, 4096, 65535, 65536, WHOLE};
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < 2 * sizeof parts / sizeof parts[0]; i++) {
        size_t part = parts[i / 2];
        size_t size = i % 2 == 0 ? WHOLE : WHOLE + 1;
        http_listen_options_t options;
        memset(&options, 0, sizeof options);
        options.ws_message_max = WHOLE;
        memset(&seen, 0, sizeof seen);
        http_world_t world;
        world_open(&world, &options);
        CHECK_EQ(http_route(world.rt, "GET", "/ws", accept_echo, NULL), MK_OK);
        peer_t *peer = open_peer(&world);
        for (size_t at = 0; at < size; at += part)
            send_frame(peer, at == 0 ? WS_OP_BINARY : WS_OP_CONTINUE, at + part >= size,
                       big + at, size - at < part ? size - at : part);
        for (int n = 0; n < 20; n++) {
            world_run(&world);
            peer_read(peer);
        }
        if (size > WHOLE) {
            check_refused(peer, 1009);
            CHECK_EQ(seen.messages, 0);
        } else {
            CHECK_EQ(seen.messages, 1);
            CHECK_EQ(peer->size, WHOLE + 10);
            CHECK_MEM(peer->text + 10, big, WHOLE);
        }
        peer_end(peer);
        world_close(&world);
    }
}

/* --- bounds --- */

TEST(ws_tells_a_producer_to_wait_and_holds_no_more_than_twice_the_mark) {
    http_world_t world;
    open_echo(&world);
    sim_net_set_window(2048);
    peer_t *peer = open_peer(&world);
    memset(big, 'x', sizeof big);
    int sent = 0;
    while (http_ws_send(world.rt, seen.id, true, big, 5000) == MK_OK)
        sent++;
    CHECK(sent > 5 && sent < 50);
    CHECK_EQ(http_ws_send(world.rt, seen.id, true, big, 5000), MK_EFULL);
    size_t held = http_counters(world.rt).memory_bytes;
    CHECK(held > MK_HTTP_OUTPUT_MARK && held <= 2 * MK_HTTP_OUTPUT_MARK + 1024);
    /* Pings of a peer that does not read are not piled up. */
    for (int i = 0; i < 1000; i++) {
        uint8_t frame[16];
        port_slice_t slice = {frame, put_frame(frame, WS_OP_PING, true, "?", 1)};
        (void)port_socket_write(peer->handle, &slice, 1);
        world_run(&world);
    }
    CHECK(http_counters(world.rt).memory_bytes <= 2 * MK_HTTP_OUTPUT_MARK + 2048);
    CHECK_EQ(seen.rooms, 0);
    peer_end(peer);
    CHECK_EQ(seen.closed, 1);
    CHECK_EQ(seen.code, 1006);
    world_close(&world);
}

TEST(ws_answers_a_ping_ahead_of_what_waits) {
    http_world_t world;
    open_echo(&world);
    seen.is_silent = true;
    sim_net_set_window(1000);
    peer_t *peer = open_peer(&world);
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(http_ws_send(world.rt, seen.id, true, big, 3000), MK_OK);
    /* Not through send_frame, which reads. */
    uint8_t frames[64];
    size_t size = put_frame(frames, WS_OP_PING, true, "one", 3);
    size += put_frame(frames + size, WS_OP_PING, true, "two", 3);
    port_slice_t slice = {frames, size};
    CHECK_EQ(port_socket_write(peer->handle, &slice, 1), (int)size);
    world_run(&world);
    for (int i = 0; i < 100; i++) {
        peer_read(peer);
        world_run(&world);
    }
    CHECK_EQ(peer->size, 10 * 3004 + 5);
    const uint8_t *at = (const uint8_t *)peer->text;
    int frames_before = 0;
    while (at[0] == 0x82) {
        at += 3004;
        frames_before++;
    }
    CHECK_EQ(at[0], 0x8a);
    CHECK_MEM(at + 2, "two", 3);
    CHECK(frames_before <= 2);
    peer_end(peer);
    world_close(&world);
}

TEST(ws_tells_room_once_the_peer_has_read) {
    http_world_t world;
    open_echo(&world);
    sim_net_set_window(2048);
    peer_t *peer = open_peer(&world);
    while (http_ws_send(world.rt, seen.id, true, big, 5000) == MK_OK) {
    }
    peer->keeps_nothing = true;
    for (int i = 0; i < 200; i++) {
        peer_read(peer);
        world_run(&world);
    }
    CHECK_EQ(seen.rooms, 1);
    CHECK_EQ(http_ws_send(world.rt, seen.id, true, big, 5000), MK_OK);
    peer_end(peer);
    world_close(&world);
}

/* --- deadlines --- */

TEST(ws_pings_who_is_silent_and_drops_who_does_not_answer) {
    http_world_t world;
    open_echo(&world);
    peer_t *peer = open_peer(&world);
    for (int i = 0; i < 3; i++) {
        world_pass(&world, 30500);
        peer_read(peer);
        CHECK_EQ(peer->size, 2);
        CHECK_MEM(peer->text, "\x89\x00", 2);
        peer->size = 0;
        send_frame(peer, WS_OP_PONG, true, NULL, 0);
    }
    world_pass(&world, 30500);
    world_pass(&world, 9000);
    peer_read(peer);
    CHECK(!peer->has_ended);
    world_pass(&world, 1500);
    peer_read(peer);
    CHECK(peer->has_ended);
    CHECK_EQ(seen.closed, 1);
    CHECK_EQ(seen.code, 1006);
    peer_end(peer);
    world_close(&world);
}

TEST(ws_drops_who_does_not_answer_a_close) {
    http_world_t world;
    open_echo(&world);
    peer_t *peer = open_peer(&world);
    CHECK_EQ(http_ws_close(world.rt, seen.id, 1005, NULL), MK_EINVAL);
    CHECK_EQ(http_ws_close(world.rt, seen.id, 1000, "\xff"), MK_EINVAL);
    CHECK_EQ(http_ws_close(world.rt, seen.id, 1000, "done"), MK_OK);
    CHECK_EQ(http_ws_close(world.rt, seen.id, 1000, "done"), MK_ESTATE);
    world_pass(&world, 2500);
    peer_read(peer);
    CHECK(!peer->has_ended);
    CHECK_EQ(seen.closed, 0);
    world_pass(&world, 1000);
    peer_read(peer);
    CHECK(peer->has_ended);
    CHECK_EQ(seen.closed, 1);
    CHECK_EQ(seen.code, 1006);
    peer_end(peer);
    world_close(&world);
}

TEST(ws_is_closed_with_1001_when_the_server_stops) {
    http_world_t world;
    open_echo(&world);
    peer_t *peer = open_peer(&world);
    http_stop(world.rt, 10000);
    world_run(&world);
    peer_read(peer);
    CHECK_MEM(peer->text, "\x88\x12\x03\xe9", 4);
    send_frame(peer, WS_OP_CLOSE, true, "\x03\xe9", 2);
    peer_read(peer);
    CHECK(peer->has_ended && !peer->was_reset);
    CHECK_EQ(seen.code, 1001);
    peer_end(peer);
    world_close(&world);
}

TEST(ws_is_lost_once_when_the_grace_of_a_stop_is_over) {
    http_world_t world;
    open_echo(&world);
    peer_t *peer = open_peer(&world);
    http_stop(world.rt, 1000);
    world_pass(&world, 900);
    CHECK_EQ(seen.closed, 0);
    world_pass(&world, 200); /* the peer has not answered */
    CHECK_EQ(seen.closed, 1);
    CHECK_EQ(seen.code, 1006);
    CHECK_EQ(http_counters(world.rt).connections, 0);
    peer_end(peer);
    world_close(&world);
}

TEST(ws_of_a_runtime_that_ends_is_told_to_nobody) {
    http_world_t world;
    open_echo(&world);
    peer_t *peer = open_peer(&world);
    runtime_destroy(world.rt);
    CHECK_EQ(seen.closed, 0);
    port_socket_close(peer->handle);
    free(peer);
    sim_reset(1);
}

/* --- what breaks --- */

TEST(ws_survives_a_reset_after_every_byte) {
    static const char talk[] =
        "\x01\x81" M "a\x89\x80" M "\x80\x81" M "b\x81\x82" M "hi"
        "\x88\x82" M "\x03\xe8";
    for (size_t at = 1; at < sizeof talk; at++) {
        http_world_t world;
        open_echo(&world);
        peer_t *peer = open_peer(&world);
        peer_send(peer, talk, at);
        port_socket_abort(peer->handle);
        world_run(&world);
        CHECK_EQ(seen.closed, 1);
        CHECK_EQ(http_counters(world.rt).connections, 0);
        free(peer);
        world_close(&world);
    }
}

static void talk_without_memory(void *arg) {
    (void)arg;
    memset(&seen, 0, sizeof seen);
    sim_reset(1);
    runtime_t *rt = runtime_init(0, 8);
    if (rt == NULL) return;
    http_world_t world = {rt, 0};
    int port = http_listen(rt, NULL);
    int routed = http_route(rt, "GET", "/ws", accept_echo, NULL);
    world.port = (uint16_t)(port > 0 ? port : 0);
    port_address_t at = address_loopback(world.port);
    int handle = port > 0 ? port_socket_connect(&at) : -1;
    if (handle >= 0) {
        static const char talk[] = UPGRADE "\x01\x81" M "a";
        static const char rest[] = "\x80\x81" M "b";
        world_run(&world);
        port_slice_t slice = {talk, sizeof talk - 1};
        (void)port_socket_write(handle, &slice, 1);
        world_run(&world);
        slice = (port_slice_t){rest, sizeof rest - 1};
        (void)port_socket_write(handle, &slice, 1);
        world_run(&world);
    }
    if (seen.id != 0 && routed == MK_OK) CHECK(seen.messages + seen.closed <= 2);
    port_socket_close(handle);
    world_run(&world);
    CHECK_EQ(http_counters(rt).connections, 0);
    CHECK_EQ(seen.closed, seen.id != 0);
    runtime_destroy(rt);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(ws_survives_any_allocation_that_fails) {
    test_each_alloc_failure(talk_without_memory, NULL);
}

TEST_TABLE(ws, TEST_ROW(ws_upgrade_rows_of_the_table),
           TEST_ROW(ws_keeps_the_rules_wherever_it_is_split),
           TEST_ROW(ws_refuses_with_a_code_and_words),
           TEST_ROW(ws_takes_or_refuses_every_first_byte_outside_and_inside_a_message),
           TEST_ROW(ws_takes_the_close_codes_that_may_be_sent_and_no_others),
           TEST_ROW(ws_answers_a_ping_of_any_size_and_no_pong),
           TEST_ROW(ws_joins_a_text_cut_anywhere_with_long_pings_in_between),
           TEST_ROW(ws_takes_good_utf8_and_refuses_bad_at_its_first_byte),
           TEST_ROW(ws_joins_a_message_up_to_the_limit_however_it_is_cut),
           TEST_ROW(ws_echoes_messages_of_any_size),
           TEST_ROW(ws_refuses_a_message_above_the_limit_at_its_head),
           TEST_ROW(ws_tells_a_producer_to_wait_and_holds_no_more_than_twice_the_mark),
           TEST_ROW(ws_answers_a_ping_ahead_of_what_waits),
           TEST_ROW(ws_tells_room_once_the_peer_has_read),
           TEST_ROW(ws_pings_who_is_silent_and_drops_who_does_not_answer),
           TEST_ROW(ws_drops_who_does_not_answer_a_close),
           TEST_ROW(ws_is_closed_with_1001_when_the_server_stops),
           TEST_ROW(ws_is_lost_once_when_the_grace_of_a_stop_is_over),
           TEST_ROW(ws_of_a_runtime_that_ends_is_told_to_nobody),
           TEST_ROW(ws_survives_a_reset_after_every_byte),
           TEST_ROW(ws_survives_any_allocation_that_fails))
