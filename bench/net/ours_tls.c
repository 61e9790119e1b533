/* SPDX-License-Identifier: Apache-2.0 */
/* ours_tls.c - what bound_tls.c does, on the library's streams: with their limits,
 * deadlines and back-pressure.
 *
 *     ours_tls PORT CERTIFICATE KEY [FILE]
 *
 * With FILE a timer of a millisecond runs beside the connections; how late it was at
 * worst, in milliseconds, is written there whenever that grows. Counted is the time
 * that this process was computing, so that others on the machine make no difference. */
#include "base/check.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "net/address.h"
#include "net/listener.h"
#include "net/tls_stream.h"
#include "port/files.h"
#include "sockets.h"

#include <stdio.h>
#include <stdlib.h>

enum { BIG = 64 << 20, RECORD = 16384, FILE_MAX = 65536 };

typedef struct {
    stream_t stream;
    size_t left; /* of a big answer */
} connection_t;

static port_tls_config_t *config;
static const char small[] = "Hello, World!";
static char big[RECORD];

static void end(connection_t *c, runtime_t *rt) {
    stream_close(rt, &c->stream);
    free(c);
}

/* False: the connection is gone. */
static bool pump(connection_t *c, runtime_t *rt) {
    while (c->left > 0) {
        size_t size = c->left < RECORD ? c->left : RECORD;
        int taken = stream_write(rt, &c->stream, big, size);
        if (taken == MK_EAGAIN)
            return stream_want(rt, &c->stream, STREAM_READ | STREAM_WRITE) == MK_OK;
        if (taken < 0) {
            end(c, rt);
            return false;
        }
        c->left -= (size_t)taken;
    }
    return stream_want(rt, &c->stream, STREAM_READ) == MK_OK;
}

static void on_readable(stream_t *stream, runtime_t *rt) {
    connection_t *c = MK_CONTAINER_OF(stream, connection_t, stream);
    char bytes[4096];
    int got = stream_read(rt, stream, bytes, sizeof bytes);
    if (got == MK_EAGAIN) return;
    if (got < 0) {
        end(c, rt);
    } else if (bytes[0] == 'b') {
        c->left = BIG;
        pump(c, rt);
    } else if (stream_write(rt, stream, small, sizeof small - 1) < 0) {
        end(c, rt);
    }
}

static void on_writable(stream_t *stream, runtime_t *rt) {
    pump(MK_CONTAINER_OF(stream, connection_t, stream), rt);
}

static void on_closed(stream_t *stream, runtime_t *rt, int reason, const char *text) {
    (void)reason, (void)text;
    end(MK_CONTAINER_OF(stream, connection_t, stream), rt);
}

static const stream_events_t events = {on_readable, on_writable, on_closed, NULL};

static void on_peer(listener_t *listener, runtime_t *rt, int handle,
                    const port_address_t *peer) {
    (void)listener, (void)peer;
    connection_t *c = calloc(1, sizeof *c);
    if (!c || stream_open(rt, &c->stream, handle, &events) != MK_OK) abort();
    if (tls_stream_start(rt, &c->stream, config, NULL) != MK_OK) end(c, rt);
}

static text_t read_file(const char *path) {
    void *bytes;
    size_t size;
    if (port_file_read(path, FILE_MAX, &bytes, &size) != MK_OK) {
        fprintf(stderr, "ours_tls: cannot read %s\n", path);
        exit(1);
    }
    return text_make(bytes, size);
}

enum { MSG_BEGIN = 1, TICK_MS = 1 };

typedef struct {
    const char *path; /* NULL: nobody wants to know */
    double set_s;     /* processor time when the timer was set */
    double worst_ms;
} ticker_t;

static void note_late(ticker_t *ticker) {
    double late_ms = (processor_s() - ticker->set_s) * 1000 - TICK_MS;
    if (late_ms <= ticker->worst_ms) return;
    ticker->worst_ms = late_ms;
    FILE *file = fopen(ticker->path, "we");
    if (!file || fprintf(file, "%.2f\n", late_ms) < 0 || fclose(file) != 0)
        die(ticker->path);
}

/* A runtime ends with its last actor: this one waits for ever, and may look at the
 * clock meanwhile. */
static bool tick(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    ticker_t *ticker = state;
    (void)self;
    if (!ticker->path) return true;
    if (msg->type == MSG_TIMER) note_late(ticker);
    ticker->set_s = processor_s();
    return actor_set_timer(rt, TICK_MS, false) != 0;
}

int main(int argc, char **argv) {
    static const listener_events_t listener_events = {on_peer, NULL};
    static listener_t listener;
    char text[256];
    mk_writer_t why;
    if (argc < 4) return 2;
    raise_descriptors();
    port_tls_options_t options = {.is_server = true,
                                  .certificate = read_file(argv[2]),
                                  .key = read_file(argv[3])};
    writer_init(&why, text, sizeof text);
    runtime_t *rt = runtime_init(1, 16);
    port_address_t at = address_loopback((uint16_t)number_of(argv[1]));
    if (port_tls_config_create(&config, &options, &why) != MK_OK || !rt ||
        listener_open(rt, &listener, &at, &listener_events) != MK_OK) {
        fprintf(stderr, "ours_tls: %s\n", text);
        return 1;
    }
    static ticker_t ticker;
    if (argc > 4) ticker.path = argv[4];
    actor_id_t id = actor_spawn(rt, tick, &ticker, NULL, 4);
    if (id == ACTOR_ID_INVALID || !actor_send(rt, id, MSG_BEGIN, NULL, 0)) return 1;
    tell_port(listener_port(&listener));
    runtime_run(rt);
    return 1;
}
