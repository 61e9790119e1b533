/* SPDX-License-Identifier: Apache-2.0 */
/* ws_handshake.c - each demand of RFC 6455, sections 4.1 and 4.2.1, in the order in
 * which its status is the more helpful answer. */
#include "net/ws_handshake.h"

#include "base/base64.h"
#include "base/sha1.h"
#include "microkernel/error.h"
#include "net/http_headers.h"

#include <string.h>

static int refuse(int result, const char *text, const char **why) {
    if (why != NULL) *why = text;
    return result;
}

/* 24 characters that are 16 bytes. */
static bool is_key(text_t key) {
    uint8_t nonce[WS_NONCE_SIZE];
    return base64_decode(key, nonce, sizeof nonce, NULL) == WS_NONCE_SIZE;
}

int ws_judge_request(const http_head_t *head, text_t *key, const char **why) {
    text_t version;
    if (!text_is(head->method, "GET"))
        return refuse(405, "only GET can be upgraded", why);
    if (head->minor < 1) return refuse(400, "HTTP/1.0 cannot be upgraded", why);
    if (head->framing != HTTP_BODY_NONE)
        return refuse(400, "an upgrade with a body", why);
    if (!head->wants_upgrade ||
        !http_headers_have(head->fields, "Upgrade", "websocket"))
        return refuse(400, "no upgrade to websocket", why);
    if (http_headers_count(head->fields, "Sec-WebSocket-Version") != 1 ||
        !http_headers_find(head->fields, "Sec-WebSocket-Version", &version))
        return refuse(400, "no Sec-WebSocket-Version", why);
    if (!text_is(version, "13"))
        return refuse(426, "only version 13 of WebSocket is spoken", why);
    if (http_headers_count(head->fields, "Sec-WebSocket-Key") != 1 ||
        !http_headers_find(head->fields, "Sec-WebSocket-Key", key) || !is_key(*key))
        return refuse(400, "no good Sec-WebSocket-Key", why);
    return 101;
}

void ws_write_accept(text_t key, char accept[WS_ACCEPT_CAP]) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t digest[SHA1_SIZE];
    sha1_t sha1;
    sha1_init(&sha1);
    sha1_add(&sha1, key.bytes, key.size);
    sha1_add(&sha1, guid, sizeof guid - 1);
    sha1_finish(&sha1, digest);
    (void)base64_encode(digest, sizeof digest, accept, WS_ACCEPT_CAP);
}

void ws_write_key(const uint8_t nonce[WS_NONCE_SIZE], char key[WS_KEY_CAP]) {
    (void)base64_encode(nonce, WS_NONCE_SIZE, key, WS_KEY_CAP);
}

/* Names of subprotocols are compared as they are written. */
static int find_name(text_t name, const char *const *names, size_t len) {
    for (size_t i = 0; i < len && i < WS_PROTOCOLS_MAX; i++)
        if (text_is(name, names[i])) return (int)i;
    return -1;
}

int ws_choose_protocol(text_t fields, const char *const *names, size_t len) {
    http_field_t field;
    size_t at = 0;
    while (http_headers_next(fields, &at, &field)) {
        text_t name;
        if (!text_equals_nocase(field.name, text_of("Sec-WebSocket-Protocol")))
            continue;
        while (http_list_next(&field.value, &name)) {
            int found = find_name(name, names, len);
            if (found >= 0) return found;
        }
    }
    return -1;
}

/* The value of a field that may come once at most; false when it came oftener. */
static bool find_single(text_t fields, const char *name, text_t *value) {
    (void)http_headers_find(fields, name, value);
    return http_headers_count(fields, name) <= 1;
}

static bool is_extension_good(text_t fields, const ws_deflate_wish_t *wish,
                              ws_deflate_t *deflate) {
    static const ws_deflate_wish_t nothing;
    text_t value = text_make("", 0);
    return find_single(fields, "Sec-WebSocket-Extensions", &value) &&
           ws_deflate_judge(value, wish != NULL ? wish : &nothing, deflate);
}

int ws_judge_response(const http_head_t *head, const char *key,
                      const char *const *names, size_t len,
                      const ws_deflate_wish_t *wish, int *protocol,
                      ws_deflate_t *deflate, const char **why) {
    char accept[WS_ACCEPT_CAP];
    text_t value;
    *protocol = -1;
    if (head->status != 101)
        return refuse(MK_EREFUSED, "the server did not upgrade", why);
    if (!head->wants_upgrade ||
        !http_headers_have(head->fields, "Upgrade", "websocket"))
        return refuse(MK_EBADMSG, "no upgrade to websocket", why);
    ws_write_accept(text_of(key), accept);
    if (!find_single(head->fields, "Sec-WebSocket-Accept", &value) ||
        !text_is(value, accept))
        return refuse(MK_EBADMSG, "the answer is to another key", why);
    if (!is_extension_good(head->fields, wish, deflate))
        return refuse(MK_EBADMSG, "an extension that was not offered", why);
    if (!find_single(head->fields, "Sec-WebSocket-Protocol", &value))
        return refuse(MK_EBADMSG, "more than one subprotocol", why);
    if (http_headers_count(head->fields, "Sec-WebSocket-Protocol") == 0) return MK_OK;
    *protocol = find_name(value, names, len);
    if (*protocol < 0)
        return refuse(MK_EBADMSG, "a subprotocol that was not offered", why);
    return MK_OK;
}
