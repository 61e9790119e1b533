/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ws_deflate.c - any bytes as what a peer of a compressed WebSocket sends, through
 * its frames: however they are cut the messages are the same, none is longer than
 * allowed or a text that is no UTF-8, its end is told once, and nothing is left. What
 * the server sends back compressed is what came.
 *
 * The first byte says: 1 windows are kept; 2 the frames stand in the input as they are
 * sent, but for the mask; else the input is pieces, each a byte for the head of a frame
 * (1 last, 2 compressed, 4 binary, 8 continuation), one for its size, and the payload;
 * the next byte is the size of the parts in which it is carried the second time. */
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "net/address.h"
#include "net/ws_frame.h"
#include "port/deflate.h"
#include "port/sockets.h"
#include "sim/sim.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

enum { MESSAGE_MAX = 3000, WIRE_MAX = 1 << 17, PORT = 8000 };

typedef struct {
    uint32_t messages;
    uint32_t sum; /* over all of them */
    unsigned closed;
    uint16_t code;
    size_t came; /* bytes that were sent back as messages */
    uint32_t came_sum;
} outcome_t;

static outcome_t now;

static uint32_t add(uint32_t sum, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

static void take(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size, void *ctx) {
    (void)ctx;
    REQUIRE(size <= MESSAGE_MAX);
    REQUIRE(is_binary || utf8_valid_size(data, size) == size);
    now.messages++;
    now.sum = add(now.sum * 7 + is_binary, data, size);
    (void)http_ws_send(rt, id, is_binary, data, size);
}

static void closed(runtime_t *rt, http_conn_id_t id, uint16_t code, void *ctx) {
    (void)rt, (void)id, (void)ctx;
    now.closed++;
    now.code = code;
}

static void accept_ws(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t handler = {.on_message = take, .on_closed = closed};
    (void)rt, (void)ctx;
    REQUIRE(http_ws_accept(request, &handler, NULL) != 0);
}

/* --- the peer --- */

static uint8_t came[4 * WIRE_MAX];
static size_t came_size;

static void run(runtime_t *rt, int handle) {
    for (int i = 0; i < 6; i++) {
        runtime_step(rt);
        int got = port_socket_read(handle, came + came_size, sizeof came - came_size);
        if (got > 0) came_size += (size_t)got;
    }
}

static void send_all(runtime_t *rt, int handle, const void *bytes, size_t size,
                     size_t part) {
    const uint8_t *at = bytes;
    for (int turns = 0; size > 0 && turns < 200000; turns++) {
        port_slice_t slice = {at, size < part ? size : part};
        int put = port_socket_write(handle, &slice, 1);
        if (put > 0) {
            at += put;
            size -= (size_t)put;
        }
        run(rt, handle);
        if (put < 0) return; /* the server has ended it, or is slow: this was enough */
    }
}

/* The frames of the server: whole messages, expanded. */
static void read_answers(bool keeps_windows) {
    port_deflate_t *engine;
    REQUIRE(port_deflate_open(&engine, true, 15) == MK_OK);
    for (size_t at = 0; came_size - at >= 2;) {
        size_t size = came[at + 1] & 0x7Fu, head = 2;
        unsigned first = came[at];
        if (size == 126) {
            size = (size_t)came[at + 2] << 8 | came[at + 3];
            head = 4;
        }
        REQUIRE(size < 127 || head == 4);
        if (came_size - at < head + size) break;
        const uint8_t *payload = came + at + head;
        at += head + size;
        if ((first & 8u) != 0) continue;
        REQUIRE((first & 0x80u) != 0);
        buffer_t whole;
        buffer_init(&whole, MESSAGE_MAX);
        if ((first & 0x40u) != 0) {
            if (!keeps_windows) port_deflate_reset(engine);
            REQUIRE(port_deflate_expand(engine, payload, size, &whole) == MK_OK);
            REQUIRE(port_deflate_expand(engine, "\0\0\xFF\xFF", 4, &whole) == MK_OK);
        } else {
            REQUIRE(buffer_append(&whole, payload, size) == MK_OK);
        }
        now.came++;
        now.came_sum = add(now.came_sum * 7 + ((first & 15u) == 2),
                           buffer_bytes(&whole), buffer_size(&whole));
        buffer_deinit(&whole);
    }
    port_deflate_close(engine);
}

static outcome_t play(const uint8_t *wire, size_t size, bool keeps_windows,
                      size_t part) {
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    http_listen_options_t options = {
        .port = PORT,
        .ws_message_max = MESSAGE_MAX,
        .output_mark = 8 * WIRE_MAX,
        .ws_deflate = keeps_windows ? HTTP_WS_DEFLATE_WINDOW : HTTP_WS_DEFLATE_EACH};
    sim_reset(1);
    memset(&now, 0, sizeof now);
    came_size = 0;
    runtime_t *rt = runtime_init(0, 8);
    REQUIRE(rt != NULL && http_listen(rt, &options) == PORT);
    REQUIRE(http_route(rt, "GET", "/", accept_ws, NULL) == MK_OK);
    port_address_t at = address_loopback(PORT);
    int handle = port_socket_connect(&at);
    REQUIRE(handle >= 0);
    run(rt, handle);
    send_all(rt, handle, request, sizeof request - 1, SIZE_MAX);
    REQUIRE(came_size > 12 && memcmp(came, "HTTP/1.1 101", 12) == 0);
    came_size = 0;
    send_all(rt, handle, wire, size, part);
    run(rt, handle);
    port_socket_close(handle);
    for (int i = 0; i < 20; i++)
        runtime_step(rt);
    REQUIRE(now.closed == 1);
    REQUIRE(http_counters(rt).connections == 0);
    runtime_destroy(rt);
    REQUIRE(sim_handle_count() == 0);
    read_answers(keeps_windows);
    return now;
}

/* --- the input --- */

static uint8_t wire[WIRE_MAX];

static size_t put_frame(size_t at, unsigned first, const uint8_t *payload,
                        size_t size) {
    static const uint8_t mask[4] = {0};
    if (WIRE_MAX - at < size + WS_HEAD_MAX) return 0;
    size_t head = ws_write_head(wire + at, WS_OP_TEXT, true, false, size, mask);
    wire[at] = (uint8_t)first;
    if (size > 0) memcpy(wire + at + head, payload, size);
    return head + size;
}

static size_t build(const uint8_t *data, size_t size, bool is_raw) {
    size_t end = 0;
    while (size >= 2) {
        unsigned flags = data[0];
        size_t payload = data[1] < size - 2 ? data[1] : size - 2;
        unsigned first = is_raw ? flags
                                : ((flags & 1u) != 0 ? 0x80u : 0u) |
                                      ((flags & 2u) != 0 ? 0x40u : 0u) |
                                      ((flags & 8u) != 0   ? 0u
                                       : (flags & 4u) != 0 ? 2u
                                                           : 1u);
        end += put_frame(end, first, data + 2, payload);
        data += 2 + payload;
        size -= 2 + payload;
    }
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > 8192 || !port_deflate_is_available()) return 0;
    bool keeps_windows = (data[0] & 1u) != 0;
    size_t part = data[1] > 0 ? data[1] : 1;
    size_t end = build(data + 2, size - 2, (data[0] & 2u) != 0);
    outcome_t whole = play(wire, end, keeps_windows, SIZE_MAX);
    outcome_t cut = play(wire, end, keeps_windows, part);
    REQUIRE(whole.messages == cut.messages && whole.sum == cut.sum);
    REQUIRE(whole.code == cut.code);
    /* What came back is what was taken; a close may have cut the last of it off. */
    REQUIRE(whole.came <= whole.messages);
    if (whole.came == whole.messages) REQUIRE(whole.came_sum == whole.sum);
    return 0;
}
