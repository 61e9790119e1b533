/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/error.h"
#include "net/ws_handshake.h"
#include "support/test.h"

#include <string.h>

#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static char store[1024];

static http_head_t parse(http_kind_t kind, const char *text) {
    static const http_limits_t limits = {100, 800, 16};
    http_parser_t parser;
    http_head_t head;
    CHECK(http_store_size(&limits) <= sizeof store);
    http_parser_init(&parser, kind, &limits, store);
    text_t input = text_of(text);
    CHECK_EQ(http_parse(&parser, &input), HTTP_END);
    http_parser_head(&parser, &head);
    return head;
}

#define UPGRADE "Host: h\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
#define V13     "Sec-WebSocket-Version: 13\r\n"
#define KEYED   "Sec-WebSocket-Key: " KEY "\r\n"

TEST(ws_handshake_requests_and_their_status) {
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"GET /c HTTP/1.1\r\n" UPGRADE V13 KEYED "\r\n", 101},
        {"POST /c HTTP/1.1\r\n" UPGRADE V13 KEYED "\r\n", 405},
        {"GET /c HTTP/1.0\r\n" UPGRADE V13 KEYED "\r\n", 400},
        {"GET /c HTTP/1.1\r\n" UPGRADE V13 KEYED "Content-Length: 1\r\n\r\n", 400},
        {"GET /c HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n" V13 KEYED "\r\n", 400},
        {"GET /c HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n" V13 KEYED "\r\n", 400},
        {"GET /c HTTP/1.1\r\n" UPGRADE KEYED "\r\n", 400},
        {"GET /c HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Version: 8\r\n" KEYED "\r\n",
         426},
        {"GET /c HTTP/1.1\r\n" UPGRADE V13 V13 KEYED "\r\n", 400},
        {"GET /c HTTP/1.1\r\n" UPGRADE V13 "\r\n", 400},
        {"GET /c HTTP/1.1\r\n" UPGRADE V13 KEYED KEYED "\r\n", 400},
        {"GET /c HTTP/1.1\r\n" UPGRADE V13 "Sec-WebSocket-Key: c2hvcnQ=\r\n\r\n", 400},
        {"GET /c HTTP/1.1\r\n" UPGRADE V13
         "Sec-WebSocket-Key: ????????????????????????\r\n\r\n",
         400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_head_t head = parse(HTTP_REQUEST, rows[i].text);
        text_t key = text_of("");
        const char *why = NULL;
        CHECK_EQ(ws_judge_request(&head, &key, &why), rows[i].status);
        if (rows[i].status == 101)
            CHECK(text_is(key, KEY));
        else
            CHECK(why != NULL);
    }
}

TEST(ws_handshake_keys) {
    char accept[WS_ACCEPT_CAP];
    char key[WS_KEY_CAP];
    ws_write_accept(text_of(KEY), accept); /* the example of RFC 6455, section 1.3 */
    CHECK_STR(accept, ACCEPT);
    ws_write_key((const uint8_t *)"the sample nonce", key);
    CHECK_STR(key, KEY);
}

TEST(ws_handshake_protocol_is_the_clients_first_that_we_speak) {
    static const char *const names[] = {"chat", "superchat"};
    static const char fields[] = "Host: h\0Sec-WebSocket-Protocol: x, Chat\0"
                                 "sec-websocket-protocol: superchat, chat";
    text_t list = {fields, sizeof fields};
    CHECK_EQ(ws_choose_protocol(list, names, 2), 1);
    CHECK_EQ(ws_choose_protocol(list, names, 1), 0);
    CHECK_EQ(ws_choose_protocol(list, names, 0), -1);
    CHECK_EQ(ws_choose_protocol(text_of(""), names, 2), -1);
}

#define SWITCH   "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADED "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPTED "Sec-WebSocket-Accept: " ACCEPT "\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: "
#define DEFLATE  "Sec-WebSocket-Extensions: permessage-deflate"

TEST(ws_handshake_responses) {
    static const struct {
        const char *text;
        bool offered_deflate;
        int result;
        int protocol;
    } rows[] = {
        {SWITCH UPGRADED ACCEPTED "\r\n", false, MK_OK, -1},
        {SWITCH UPGRADED ACCEPTED PROTOCOL "b\r\n\r\n", false, MK_OK, 1},
        {SWITCH UPGRADED ACCEPTED PROTOCOL "c\r\n\r\n", false, MK_EBADMSG, -1},
        {SWITCH UPGRADED ACCEPTED PROTOCOL "\r\n\r\n", false, MK_EBADMSG, -1},
        {SWITCH UPGRADED ACCEPTED PROTOCOL "a, b\r\n\r\n", false, MK_EBADMSG, -1},
        {SWITCH UPGRADED ACCEPTED PROTOCOL "a\r\n" PROTOCOL "a\r\n\r\n", false,
         MK_EBADMSG, -1},
        {SWITCH UPGRADED ACCEPTED DEFLATE "\r\n\r\n", false, MK_EBADMSG, -1},
        {SWITCH UPGRADED ACCEPTED DEFLATE "\r\n\r\n", true, MK_OK, -1},
        {SWITCH UPGRADED ACCEPTED DEFLATE "; x=1\r\n\r\n", true, MK_EBADMSG, -1},
        {SWITCH UPGRADED ACCEPTED DEFLATE ", other\r\n\r\n", true, MK_EBADMSG, -1},
        {SWITCH UPGRADED "\r\n", false, MK_EBADMSG, -1},
        {SWITCH UPGRADED "Sec-WebSocket-Accept: x" ACCEPT "\r\n\r\n", false, MK_EBADMSG,
         -1},
        {SWITCH UPGRADED ACCEPTED ACCEPTED "\r\n", false, MK_EBADMSG, -1},
        {SWITCH "Upgrade: websocket\r\n" ACCEPTED "\r\n", false, MK_EBADMSG, -1},
        {SWITCH "Connection: upgrade\r\n" ACCEPTED "\r\n", false, MK_EBADMSG, -1},
        {"HTTP/1.1 200 OK\r\n" UPGRADED ACCEPTED "\r\n", false, MK_EREFUSED, -1},
    };
    static const char *const names[] = {"a", "b"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_head_t head = parse(HTTP_RESPONSE, rows[i].text);
        const char *why = NULL;
        int protocol = 99;
        ws_deflate_t deflate;
        const ws_deflate_wish_t wish = {.is_wanted = true, .window_bits = 15};
        CHECK_EQ(ws_judge_response(&head, KEY, names, 2,
                                   rows[i].offered_deflate ? &wish : NULL, &protocol,
                                   &deflate, &why),
                 rows[i].result);
        CHECK_EQ(protocol, rows[i].protocol);
        CHECK_EQ(why == NULL, rows[i].result == MK_OK);
    }
}

TEST_TABLE(ws_handshake, TEST_ROW(ws_handshake_requests_and_their_status),
           TEST_ROW(ws_handshake_keys),
           TEST_ROW(ws_handshake_protocol_is_the_clients_first_that_we_speak),
           TEST_ROW(ws_handshake_responses))
