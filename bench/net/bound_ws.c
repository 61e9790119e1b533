/* SPDX-License-Identifier: Apache-2.0 */
/* bound_ws.c - what an echo of WebSocket frames can do at best: unmasks them as they
 * stream by, puts a new head before them and writes; checks no UTF-8, no fragments, no
 * control frames, no lengths.
 *
 *     bound_ws PORT */
#include "bound.h"

#include "base/text.h"
#include "net/ws_handshake.h"

#include <string.h>

enum { INPUT = 256 * 1024, LARGE = 4096 };

typedef struct {
    uint64_t left;
    uint32_t mask;
    uint8_t is_open, head_size, have, head[14];
} connection_t;

static connection_t connections[BOUND_CONNECTIONS];
static uint8_t input[INPUT + 64], output[INPUT + 4096];

static void send_all(int fd, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count <= 0) {
            /* Wait in place: the bound has no memory of what is owed. */
            struct timespec nap = {0, 1000};
            if (count < 0) nanosleep(&nap, NULL);
            continue;
        }
        bytes += count;
        size -= (size_t)count;
    }
}

static void upgrade(int fd, size_t size) {
    char accept[WS_ACCEPT_CAP], text[256];
    input[size] = 0;
    char *key = strcasestr((char *)input, "sec-websocket-key: ");
    if (!key) return;
    key += 19;
    ws_write_accept(text_make(key, strcspn(key, "\r")), accept);
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                          accept);
    send_all(fd, (const uint8_t *)text, (size_t)length);
    connections[fd].is_open = 1;
}

static void unmask(uint8_t *to, const uint8_t *from, size_t size, uint32_t mask) {
    uint64_t wide = mask | (uint64_t)mask << 32, word;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, from + i, 8);
        word ^= wide;
        memcpy(to + i, &word, 8);
    }
    for (; i < size; i++)
        to[i] = (uint8_t)(from[i] ^ (mask >> (i & 3) * 8));
}

static void turn_mask(connection_t *c, size_t size) {
    unsigned bits = (unsigned)(size & 3) * 8;
    if (bits != 0) c->mask = c->mask >> bits | c->mask << (32 - bits);
}

/* One byte of a head; the answer's head goes to `output` when it is whole. */
static size_t take_head(connection_t *c, uint8_t byte, uint8_t *to) {
    c->head[c->have++] = byte;
    if (c->have == 2) {
        unsigned length = c->head[1] & 127u;
        c->head_size = (uint8_t)(6 + (length == 126 ? 2 : length == 127 ? 8 : 0));
    }
    if (c->have < 2 || c->have < c->head_size) return 0;
    size_t extra = c->head_size - 6u;
    c->left = c->head[1] & 127u;
    if (extra > 0) c->left = 0;
    for (size_t i = 0; i < extra; i++)
        c->left = c->left << 8 | c->head[2 + i];
    memcpy(&c->mask, c->head + 2 + extra, 4);
    to[0] = c->head[0];
    to[1] = c->head[1] & 127u;
    memcpy(to + 2, c->head + 2, extra);
    c->have = 0;
    return 2 + extra;
}

static void echo(int fd, size_t size) {
    connection_t *c = &connections[fd];
    size_t filled = 0;
    for (uint8_t *at = input, *end = input + size; at < end;) {
        if (c->left == 0) {
            filled += take_head(c, *at++, output + filled);
            continue;
        }
        size_t part = (size_t)(end - at) < c->left ? (size_t)(end - at) : c->left;
        if (part >= LARGE) { /* where it lies, with its head before it */
            unmask(at, at, part, c->mask);
            if (filled > 0 && filled <= 10 && at - input >= 14) {
                memcpy(at - filled, output, filled);
                send_all(fd, at - filled, part + filled);
            } else {
                send_all(fd, output, filled);
                send_all(fd, at, part);
            }
            filled = 0;
        } else {
            unmask(output + filled, at, part, c->mask);
            filled += part;
        }
        turn_mask(c, part);
        at += part;
        c->left -= part;
    }
    send_all(fd, output, filled);
}

static void on_peer(int fd) {
    connections[fd] = (connection_t){0};
}

static void on_ready(int fd, uint32_t events) {
    (void)events;
    ssize_t size = read(fd, input, INPUT);
    if (size <= 0)
        close(fd);
    else if (!connections[fd].is_open)
        upgrade(fd, (size_t)size);
    else
        echo(fd, (size_t)size);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    serve_bound((int)number_of(argv[1]), on_peer, on_ready);
}
