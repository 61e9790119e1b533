/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - what all streams have in common, and the ops of plain sockets.
 *
 * Level triggered readiness spins when something holds that nobody wants: the end of
 * the input after it was read, and a hang-up (both directions over, or a reset), which
 * a poller tells without being asked. So READ is dropped when it comes again after the
 * end, and a socket on which only a hang-up holds is parked: the poller forgets it
 * until something is wanted. A reset in that moment is told by on_closed.
 *
 * Invariants: (1) the source is open exactly while the state is OPENING or OPEN and
 * is_parked is false. (2) After a callback nothing of the stream is touched unless
 * source_is_served says that it is still there. */
#include "net/stream.h"

#include "base/check.h"
#include "microkernel/error.h"
#include "net/address.h"
#include "net/linger.h"
#include "net/stream_layer.h"

#include <stddef.h>
#include <string.h>

enum { DISMISSED_BYTES = 512 }; /* of input dropped by stream_dismiss */

static bool is_live(const stream_t *stream) {
    return stream->state == STREAM_IS_OPENING || stream->state == STREAM_IS_OPEN;
}

static void on_ready(source_t *source, runtime_t *rt, uint32_t events) {
    stream_t *stream = MK_CONTAINER_OF(source, stream_t, source);
    stream->ops->on_ready(stream, rt, events);
}

int stream_open(runtime_t *rt, stream_t *stream, int handle,
                const stream_events_t *events) {
    memset(stream, 0, sizeof *stream);
    stream->source.handle = handle;
    stream->source.interest = MK_POLL_IN;
    stream->source.on_ready = on_ready;
    stream->ops = &stream_socket_ops;
    stream->events = events;
    stream->wanted = STREAM_READ;
    int result = source_open(rt, &stream->source);
    if (result == MK_OK) {
        stream->state = STREAM_IS_OPEN;
        return MK_OK;
    }
    port_socket_close(handle);
    return MK_ENOMEM;
}

static void park(runtime_t *rt, stream_t *stream) {
    if (stream->is_parked) return;
    source_close(rt, &stream->source);
    stream->is_parked = true;
}

static void set_failed(runtime_t *rt, stream_t *stream, int reason) {
    park(rt, stream);
    stream->state = STREAM_IS_FAILED;
    stream->fault = (int16_t)reason;
}

/* What a call of the user gave; an error breaks the stream. */
static int judge(runtime_t *rt, stream_t *stream, int result) {
    if (MK_UNLIKELY(result < 0 && result != MK_EAGAIN && result != MK_EEND))
        set_failed(rt, stream, result);
    return result;
}

static int state_error(const stream_t *stream) {
    return stream->state == STREAM_IS_FAILED ? stream->fault : MK_ESTATE;
}

int stream_want(runtime_t *rt, stream_t *stream, unsigned wanted) {
    if (!is_live(stream)) return state_error(stream);
    if (stream->has_ended) wanted &= ~(unsigned)STREAM_READ;
    if (stream->wanted == wanted && !stream->is_parked) return MK_OK;
    stream->wanted = (uint8_t)wanted;
    if (stream->state == STREAM_IS_OPENING) return MK_OK;
    return judge(rt, stream, stream->ops->want(stream, rt));
}

void stream_set_quiet(runtime_t *rt, stream_t *stream, bool is_quiet) {
    if (is_live(stream) && !stream->is_parked)
        source_set_quiet(rt, &stream->source, is_quiet);
    else
        stream->source.is_quiet = is_quiet;
}

int stream_read(runtime_t *rt, stream_t *stream, void *bytes, size_t size) {
    if (stream->state == STREAM_IS_OPENING) return MK_EAGAIN;
    if (stream->state != STREAM_IS_OPEN) return state_error(stream);
    if (stream->has_ended) return MK_EEND;
    int result = stream->ops->read(stream, rt, bytes, size);
    if (MK_UNLIKELY(result == MK_EEND)) stream->has_ended = true;
    return judge(rt, stream, result);
}

int stream_writev(runtime_t *rt, stream_t *stream, const port_slice_t *slices,
                  size_t count) {
    if (stream->state == STREAM_IS_OPENING) return MK_EAGAIN;
    if (stream->state != STREAM_IS_OPEN) return state_error(stream);
    return judge(rt, stream, stream->ops->write(stream, rt, slices, count));
}

int stream_write(runtime_t *rt, stream_t *stream, const void *bytes, size_t size) {
    port_slice_t slice = {bytes, size};
    return stream_writev(rt, stream, &slice, 1);
}

int stream_finish(runtime_t *rt, stream_t *stream) {
    if (stream->state != STREAM_IS_OPEN) return state_error(stream);
    return judge(rt, stream, stream->ops->finish(stream, rt));
}

void stream_close(runtime_t *rt, stream_t *stream) {
    if (stream->state == STREAM_IS_CLOSED) return;
    bool is_good = stream->state == STREAM_IS_OPEN;
    buffer_t last;
    buffer_init(&last, LINGER_BYTES_MAX);
    if (stream->ops->drop != NULL)
        stream->ops->drop(stream, rt, is_good ? &last : NULL);
    park(rt, stream);
    stream->state = STREAM_IS_CLOSED;
    if (is_good)
        linger_start(rt, stream->source.handle, &last, stream->has_ended);
    else
        port_socket_close(stream->source.handle);
    buffer_deinit(&last);
}

void stream_dismiss(runtime_t *rt, stream_t *stream) {
    uint8_t dropped[DISMISSED_BYTES];
    /* A close with input unread is a reset at once. */
    if (stream->state == STREAM_IS_OPEN)
        (void)port_socket_read(stream->source.handle, dropped, sizeof dropped);
    stream->has_ended = true; /* there is nothing to wait for */
    stream_close(rt, stream);
}

void stream_abort(runtime_t *rt, stream_t *stream) {
    if (stream->state == STREAM_IS_CLOSED) return;
    if (stream->ops->drop != NULL) stream->ops->drop(stream, rt, NULL);
    park(rt, stream);
    stream->state = STREAM_IS_CLOSED;
    port_socket_abort(stream->source.handle);
}

const char *stream_fault(const stream_t *stream) {
    const char *text = NULL;
    if (stream->state == STREAM_IS_FAILED && stream->ops->fault != NULL)
        text = stream->ops->fault(stream);
    if (text != NULL) return text;
    if (stream->fault == MK_ECLOSED) return "reset by the other side";
    return mk_error_text(stream->fault);
}

const char *stream_peer(const stream_t *stream, char *text, size_t cap) {
    port_address_t peer;
    if (stream->state == STREAM_IS_CLOSED ||
        port_socket_peer(stream->source.handle, &peer) != MK_OK) {
        memset(&peer, 0, sizeof peer);
    } else if (peer.family == PORT_FAMILY_NONE) {
        if (cap > 0) {
            strncpy(text, "unix", cap - 1);
            text[cap - 1] = '\0';
        }
        return text;
    }
    return address_format(&peer, text, cap);
}

/* --- for layers --- */

void stream_set_layer(stream_t *stream, const stream_ops_t *ops, void *layer) {
    MK_ASSERT(stream->state == STREAM_IS_OPEN && stream->layer == NULL);
    stream->ops = ops;
    stream->layer = layer;
    stream->state = STREAM_IS_OPENING;
}

void stream_set_open(runtime_t *rt, stream_t *stream) {
    MK_ASSERT(stream->state == STREAM_IS_OPENING);
    stream->state = STREAM_IS_OPEN;
    if (stream->ops->want(stream, rt) != MK_OK)
        stream_set_failed(rt, stream, MK_ENOMEM);
    else if (stream->events->on_open != NULL)
        stream->events->on_open(stream, rt);
}

void stream_set_failed(runtime_t *rt, stream_t *stream, int reason) {
    set_failed(rt, stream, reason);
    if (stream->events->on_closed != NULL)
        stream->events->on_closed(stream, rt, reason, stream_fault(stream));
}

int stream_socket_read(stream_t *stream, void *bytes, size_t size) {
    return port_socket_read(stream->source.handle, bytes, size);
}

int stream_socket_write(stream_t *stream, const port_slice_t *slices, size_t count) {
    return port_socket_write(stream->source.handle, slices, count);
}

int stream_socket_interest(runtime_t *rt, stream_t *stream, uint32_t interest) {
    if (stream->is_parked) {
        if (interest == 0) return MK_OK;
        stream->source.interest = (uint16_t)interest;
        if (source_open(rt, &stream->source) != MK_OK) return MK_ENOMEM;
        stream->is_parked = false;
        return MK_OK;
    }
    if (stream->source.interest == interest) return MK_OK;
    return source_change(rt, &stream->source, interest) == MK_OK ? MK_OK : MK_ENOMEM;
}

void stream_socket_broke(runtime_t *rt, stream_t *stream) {
    int problem = port_socket_error(stream->source.handle);
    if (problem != MK_OK)
        stream_set_failed(rt, stream, problem);
    else
        park(rt, stream);
}

/* --- plain sockets --- */

static int socket_want(stream_t *stream, runtime_t *rt) {
    uint32_t interest = ((stream->wanted & STREAM_READ) != 0 ? MK_POLL_IN : 0u) |
                        ((stream->wanted & STREAM_WRITE) != 0 ? MK_POLL_OUT : 0u);
    return stream_socket_interest(rt, stream, interest);
}

static void socket_ready(stream_t *stream, runtime_t *rt, uint32_t events) {
    const uint32_t broken = events & (MK_POLL_ERR | MK_POLL_HUP);
    if (MK_UNLIKELY(stream->has_ended && (stream->wanted & STREAM_READ) != 0)) {
        stream->wanted &= (uint8_t)~STREAM_READ;
        if (socket_want(stream, rt) != MK_OK) {
            stream_set_failed(rt, stream, MK_ENOMEM);
            return;
        }
    }
    if (MK_UNLIKELY(broken != 0 && stream->wanted == 0)) {
        stream_socket_broke(rt, stream);
        return;
    }
    if ((events & MK_POLL_IN || broken != 0) && (stream->wanted & STREAM_READ) != 0) {
        stream->events->on_readable(stream, rt);
        if (!source_is_served(rt, &stream->source)) return;
    }
    if ((events & MK_POLL_OUT || broken != 0) && (stream->wanted & STREAM_WRITE) != 0)
        stream->events->on_writable(stream, rt);
}

static int socket_read(stream_t *stream, runtime_t *rt, void *bytes, size_t size) {
    (void)rt;
    return port_socket_read(stream->source.handle, bytes, size);
}

static int socket_write(stream_t *stream, runtime_t *rt, const port_slice_t *slices,
                        size_t count) {
    (void)rt;
    return port_socket_write(stream->source.handle, slices, count);
}

static int socket_finish(stream_t *stream, runtime_t *rt) {
    (void)rt;
    return port_socket_finish(stream->source.handle);
}

const stream_ops_t stream_socket_ops = {
    .on_ready = socket_ready,
    .want = socket_want,
    .read = socket_read,
    .write = socket_write,
    .finish = socket_finish,
};
