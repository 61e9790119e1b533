/* SPDX-License-Identifier: Apache-2.0 */
/* ws_handshake.h - how an HTTP connection becomes a WebSocket, both sides (RFC 6455,
 * section 4). Pure: judges heads, makes keys and lines; the caller sends. */
#ifndef MK_NET_WS_HANDSHAKE_H
#define MK_NET_WS_HANDSHAKE_H

#include "base/text.h"
#include "net/http_parse.h"
#include "net/ws_deflate.h"

#include <stddef.h>
#include <stdint.h>

enum {
    WS_NONCE_SIZE = 16,   /* random bytes of a client's key */
    WS_KEY_CAP = 25,      /* characters of a key, with its NUL */
    WS_ACCEPT_CAP = 29,   /* of the answer to it, with its NUL */
    WS_PROTOCOLS_MAX = 16 /* names a side may offer */
};

/* Server: judge a request that asks for an upgrade. 101, and `*key` is the client's
 * key; otherwise the status to refuse with: 400, 405 (with "Allow: GET") or 426 (with
 * "Sec-WebSocket-Version: 13" and an upgrade field), and `*why`, unless NULL, is a few
 * words; static storage. */
int ws_judge_request(const http_head_t *head, text_t *key, const char **why);

/* The value of Sec-WebSocket-Accept for a key. */
void ws_write_accept(text_t key, char accept[WS_ACCEPT_CAP]);

/* Server: the subprotocol to answer with, among the `len` names that this server
 * speaks: the first of the client's list that is one of them, as it has the say on the
 * order. Its index, or -1: send no such field. */
int ws_choose_protocol(text_t fields, const char *const *names, size_t len);

/* Client: the value of Sec-WebSocket-Key for unpredictable bytes. */
void ws_write_key(const uint8_t nonce[WS_NONCE_SIZE], char key[WS_KEY_CAP]);

/* Client: judge the answer to a request with that key, which offered `len` subprotocols
 * and compression unless `wish` is NULL. MK_OK, `*protocol` is the index of the chosen
 * one or -1, and `*deflate` what is agreed upon; or MK_EREFUSED: the server answered
 * with something else than 101; MK_EBADMSG: the answer is no good upgrade. `*why` as
 * above. */
int ws_judge_response(const http_head_t *head, const char *key,
                      const char *const *names, size_t len,
                      const ws_deflate_wish_t *wish, int *protocol,
                      ws_deflate_t *deflate, const char **why);

#endif
