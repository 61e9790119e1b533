/* SPDX-License-Identifier: Apache-2.0 */
/* ws_talk.h - one WebSocket of ours, which echoes, as server or as client, and a peer
 * that sends frames as a script says and writes down those that come.
 *
 * A script is words with a blank between them, one a frame: an opcode (t text, b
 * binary, c continuation, p ping, o pong, x close, or its hexadecimal digit in upper
 * case), then
 * '-' when it is not the last of its message, '/' and a digit for the reserved bits (4:
 * RSV1), digits for the code of a close, and ':' with the payload: %HH is a byte, '@'
 * and a number as many stars. What came is written the same way, a close without its
 * reason, and '.' for the end of the connection in good order, '!' for another one. */
#ifndef MK_TESTS_WS_TALK_H
#define MK_TESTS_WS_TALK_H

#include "microkernel/error.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "net/address.h"
#include "net/ws_frame.h"
#include "net/ws_handshake.h"
#include "port/sockets.h"
#include "sim.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TALK_PORT = 8000, TALK_ASK = 1, TALK_MESSAGE_MAX = 16 << 20 };

typedef struct {
    bool is_client; /* ours is */
    runtime_t *rt;
    int listener; /* of the peer; -1: none */
    int handle;   /* the peer's */
    uint8_t *got; /* owned: what came behind the handshake */
    size_t got_size, got_cap;
    bool has_ended, was_reset;
    char head[2048];                   /* the other side's part of the handshake */
    unsigned opened, messages, closed; /* what our user was told */
    uint16_t code;                     /* of the end */
    http_conn_id_t id;
    http_ws_options_t options; /* of our client */
} talk_t;

static talk_t talk;

/* --- ours --- */

static void talk_take(runtime_t *rt, http_conn_id_t id, bool is_binary,
                      const void *data, size_t size, void *ctx) {
    (void)ctx;
    talk.messages++;
    CHECK_EQ(http_ws_send(rt, id, is_binary, data, size), MK_OK);
}

static void talk_closed(runtime_t *rt, http_conn_id_t id, uint16_t code, void *ctx) {
    (void)rt, (void)id, (void)ctx;
    talk.closed++;
    talk.code = code;
}

static void talk_accept(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t echo = {.on_message = talk_take,
                                           .on_closed = talk_closed};
    (void)ctx;
    (void)rt;
    talk.id = http_ws_accept(request, &echo, NULL);
    talk.opened += talk.id != 0;
}

static bool talk_actor(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    char why[256] = "";
    (void)self, (void)state;
    switch (msg->type) {
    case TALK_ASK:
        CHECK_EQ(http_ws_connect(rt, &talk.options, &talk.id, why, sizeof why), MK_OK);
        CHECK_STR(why, "");
        break;
    case MSG_WS_OPEN: talk.opened++; break;
    case MSG_WS_MESSAGE: {
        const ws_message_payload_t *message = msg->payload;
        talk.messages++;
        /* What came together with a close cannot be answered any more. */
        (void)(message->is_binary
                   ? actor_ws_send_binary(rt, talk.id, ws_message_data(message),
                                          message->data_size)
                   : actor_ws_send_text(rt, talk.id, ws_message_data(message),
                                        message->data_size));
        break;
    }
    case MSG_WS_CLOSED:
        talk.closed++;
        talk.code = ((const ws_status_payload_t *)msg->payload)->close_code;
        break;
    case MSG_WS_ERROR: talk.closed++; break;
    default: break;
    }
    return true;
}

/* --- the peer's bytes --- */

static void talk_run(void) {
    for (int i = 0; i < 8; i++)
        runtime_step(talk.rt);
}

/* Take what came. */
static void talk_read(void) {
    for (;;) {
        if (talk.got_cap - talk.got_size < 65536) {
            talk.got_cap = talk.got_cap * 2 + 65536;
            talk.got = realloc(talk.got, talk.got_cap);
            CHECK(talk.got != NULL);
        }
        if (talk.has_ended) return;
        int count = port_socket_read(talk.handle, talk.got + talk.got_size,
                                     talk.got_cap - talk.got_size);
        if (count == MK_EAGAIN) return;
        if (count > 0) {
            talk.got_size += (size_t)count;
            continue;
        }
        talk.has_ended = true;
        talk.was_reset = count != MK_EEND;
    }
}

/* Send bytes, at most `piece` at a time. */
static void talk_send(const void *bytes, size_t size, size_t piece) {
    const uint8_t *at = bytes;
    for (unsigned idle = 0; size > 0 && idle < 1000;) {
        port_slice_t slice = {at, size < piece ? size : piece};
        int count = port_socket_write(talk.handle, &slice, 1);
        if (count < 0 && count != MK_EAGAIN) return; /* ours has ended already */
        idle = count > 0 ? 0 : idle + 1;
        if (count > 0) {
            at += count;
            size -= (size_t)count;
        }
        talk_run();
        talk_read();
    }
    CHECK_EQ(size, 0);
}

/* Until nothing comes any more. */
static void talk_settle(void) {
    for (size_t before = SIZE_MAX, quiet = 0; quiet < 4; before = talk.got_size) {
        talk_run();
        talk_read();
        quiet = talk.got_size == before ? quiet + 1 : 0;
        sim_advance(1000000);
    }
}

/* --- the handshake --- */

/* Open one; `extensions` is the peer's field, offer or answer; NULL: none. */
static void talk_open(bool is_client, const http_listen_options_t *listen,
                      const http_ws_options_t *connect, const char *extensions) {
    char line[256] = "", text[1024];
    sim_reset(1);
    memset(&talk, 0, sizeof talk);
    talk.is_client = is_client;
    talk.rt = runtime_init(0, 64);
    talk.listener = -1;
    CHECK(talk.rt != NULL);
    if (extensions != NULL)
        (void)snprintf(line, sizeof line, "Sec-WebSocket-Extensions: %s\r\n",
                       extensions);
    port_address_t at = address_loopback(TALK_PORT);
    if (!is_client) {
        http_listen_options_t options = {.port = TALK_PORT};
        if (listen != NULL) options = *listen;
        options.port = TALK_PORT;
        if (options.ws_message_max == 0) options.ws_message_max = TALK_MESSAGE_MAX;
        options.output_mark = 64 << 20;
        CHECK_EQ(http_listen(talk.rt, &options), TALK_PORT);
        CHECK_EQ(http_route(talk.rt, "GET", "/", talk_accept, NULL), MK_OK);
        talk.handle = port_socket_connect(&at);
        talk_run();
        CHECK_EQ(port_socket_connected(talk.handle), MK_OK);
        (void)snprintf(text, sizeof text,
                       "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                       line);
        talk_send(text, strlen(text), SIZE_MAX);
    } else {
        char accept[WS_ACCEPT_CAP];
        talk.listener = port_socket_listen(&at, 4);
        talk.options = connect != NULL ? *connect : (http_ws_options_t){.url = NULL};
        talk.options.url = "ws://127.0.0.1:8000/";
        actor_id_t actor = actor_spawn(talk.rt, talk_actor, NULL, NULL, 64);
        CHECK(actor_send(talk.rt, actor, TALK_ASK, NULL, 0));
        talk.handle = MK_EAGAIN;
        for (int i = 0; i < 20 && talk.handle < 0; i++) {
            talk_run();
            talk.handle = port_socket_accept(talk.listener, NULL);
        }
        CHECK(talk.handle >= 0);
        talk_settle();
        talk.got[talk.got_size] = '\0';
        const char *key = strstr((char *)talk.got, "Sec-WebSocket-Key: ");
        CHECK(key != NULL);
        (void)snprintf(talk.head, sizeof talk.head, "%s", (char *)talk.got);
        ws_write_accept(text_make(key + 19, 24), accept);
        talk.got_size = 0;
        (void)snprintf(text, sizeof text,
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
                       accept, line);
        talk_send(text, strlen(text), SIZE_MAX);
    }
    talk_settle();
    if (!is_client) {
        talk.got[talk.got_size] = '\0';
        (void)snprintf(talk.head, sizeof talk.head, "%s", (char *)talk.got);
        talk.got_size = 0;
    }
}

static void talk_close(void) {
    port_socket_close(talk.handle);
    talk_run();
    runtime_destroy(talk.rt);
    port_socket_close(talk.listener);
    CHECK_EQ(sim_handle_count(), 0);
    free(talk.got);
    sim_reset(1);
}

/* --- frames --- */

/* Write a frame as our peer sends it. The bytes. */
static size_t talk_put(uint8_t *to, unsigned first, const void *payload, size_t size) {
    static const uint8_t mask[4] = {0x12, 0x80, 0x34, 0xFF};
    const uint8_t *key = talk.is_client ? NULL : mask;
    size_t head = ws_write_head(to, WS_OP_TEXT, true, false, size, key);
    to[0] = (uint8_t)first;
    if (size > 0) memcpy(to + head, payload, size);
    if (key != NULL) ws_mask(to + head, size, mask, 0);
    return head + size;
}

typedef struct {
    unsigned first; /* byte of the head */
    uint8_t *payload;
    size_t size;
} frame_t;

/* Take the next frame that came. False: none is whole. */
static bool talk_next(size_t *at, frame_t *frame) {
    uint8_t *bytes = talk.got + *at;
    size_t left = talk.got_size - *at;
    if (left < 2) return false;
    size_t size = bytes[1] & 0x7Fu, head = 2;
    size_t length_size = size == 127 ? 8 : size == 126 ? 2 : 0;
    bool is_masked = (bytes[1] & 0x80) != 0;
    CHECK_EQ(is_masked, talk.is_client); /* clients mask, servers do not */
    if (left < head + length_size + (is_masked ? 4 : 0)) return false;
    if (length_size > 0) size = 0;
    for (size_t i = 0; i < length_size; i++)
        size = size << 8 | bytes[head++];
    if (is_masked) head += 4;
    if (left - head < size) return false;
    if (is_masked) ws_mask(bytes + head, size, bytes + head - 4, 0);
    *frame = (frame_t){bytes[0], bytes + head, size};
    *at += head + size;
    return true;
}

#endif
