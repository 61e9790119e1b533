/* SPDX-License-Identifier: Apache-2.0 */
#include "net/linger.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/list.h"
#include "kernel/deadline.h"
#include "kernel/part.h"
#include "kernel/source.h"
#include "microkernel/error.h"
#include "port/sockets.h"

#include <stddef.h>

/* The lingering sockets of a runtime; there while there are any, or were. */
typedef struct {
    part_t part;
    list_node_t sockets; /* linger_t.node */
} lingers_t;

typedef struct {
    list_node_t node;
    source_t source;
    deadline_t deadline;
    buffer_t last;  /* what is still to be written */
    bool has_ended; /* the peer has finished */
} linger_t;

enum { DROP_BYTES = 1024, DROPS = 16 }; /* input dropped in one look */

static void forget(linger_t *linger, runtime_t *rt) {
    source_close(rt, &linger->source);
    deadline_clear(rt, &linger->deadline);
    list_remove(&linger->node);
    port_socket_close(linger->source.handle);
    buffer_deinit(&linger->last);
    mk_free(linger);
}

/* Write what is left, then say that this was all. MK_OK: it was; MK_EAGAIN; or an
 * error. */
static int write_last(int handle, buffer_t *last) {
    while (buffer_size(last) > 0) {
        port_slice_t slice = {buffer_bytes(last), buffer_size(last)};
        int put = port_socket_write(handle, &slice, 1);
        if (put < 0) return put;
        buffer_consume(last, (size_t)put);
    }
    return port_socket_finish(handle);
}

/* MK_EEND: the peer has finished; MK_EAGAIN; or an error. */
static int drop_input(int handle) {
    uint8_t dropped[DROP_BYTES];
    int got = 1;
    for (int i = 0; i < DROPS && got > 0; i++)
        got = port_socket_read(handle, dropped, sizeof dropped);
    return got > 0 ? MK_EAGAIN : got;
}

static void on_ready(source_t *source, runtime_t *rt, uint32_t events) {
    linger_t *linger = MK_CONTAINER_OF(source, linger_t, source);
    (void)events;
    bool is_writing = (source->interest & MK_POLL_OUT) != 0;
    int written = is_writing ? write_last(source->handle, &linger->last) : MK_OK;
    int read = linger->has_ended ? MK_EEND : drop_input(source->handle);
    linger->has_ended = read == MK_EEND;
    bool is_broken = (written != MK_OK && written != MK_EAGAIN) ||
                     (read != MK_EEND && read != MK_EAGAIN);
    if (is_broken || (written == MK_OK && linger->has_ended)) {
        forget(linger, rt);
        return;
    }
    uint32_t interest = (written == MK_EAGAIN ? MK_POLL_OUT : 0u) |
                        (linger->has_ended ? 0u : MK_POLL_IN);
    if (interest != source->interest && source_change(rt, source, interest) != MK_OK)
        forget(linger, rt);
}

static void on_due(deadline_t *deadline, runtime_t *rt) {
    forget(MK_CONTAINER_OF(deadline, linger_t, deadline), rt);
}

static void destroy(part_t *part, runtime_t *rt) {
    lingers_t *lingers = MK_CONTAINER_OF(part, lingers_t, part);
    while (!list_is_empty(&lingers->sockets))
        forget(MK_CONTAINER_OF(lingers->sockets.next, linger_t, node), rt);
    mk_free(lingers);
}

static const part_ops_t ops = {.destroy = destroy};

static lingers_t *get_lingers(runtime_t *rt) {
    part_t *part = part_find(rt, &ops);
    if (part != NULL) return MK_CONTAINER_OF(part, lingers_t, part);
    lingers_t *lingers = mk_alloc(sizeof *lingers);
    if (lingers == NULL) return NULL;
    list_init(&lingers->sockets);
    if (part_attach(rt, &lingers->part, &ops)) return lingers;
    mk_free(lingers);
    return NULL;
}

void linger_start(runtime_t *rt, int handle, buffer_t *last, bool has_ended) {
    int written = write_last(handle, last);
    bool is_done = written != MK_EAGAIN && (written != MK_OK || has_ended);
    lingers_t *lingers = is_done ? NULL : get_lingers(rt);
    linger_t *linger = lingers != NULL ? mk_calloc(1, sizeof *linger) : NULL;
    if (linger == NULL) {
        port_socket_close(handle);
        return;
    }
    linger->source.handle = handle;
    linger->source.interest = (uint16_t)((written == MK_EAGAIN ? MK_POLL_OUT : 0u) |
                                         (has_ended ? 0u : MK_POLL_IN));
    linger->source.on_ready = on_ready;
    linger->has_ended = has_ended;
    if (source_open(rt, &linger->source) != MK_OK) {
        port_socket_close(handle);
        mk_free(linger);
        return;
    }
    linger->last = *last;
    buffer_init(last, LINGER_BYTES_MAX);
    deadline_init(&linger->deadline, on_due);
    deadline_set(rt, &linger->deadline, MK_STREAM_LINGER_MS);
    list_insert_before(&lingers->sockets, &linger->node);
}
