/* SPDX-License-Identifier: Apache-2.0 */
/* tls_stream.c - port/tls.h between a stream's user and its socket.
 *
 * Readiness is more than the socket's here. Input may be in the engine while the socket
 * has none: then on_readable is called again in the same look, TURN_READS times, and
 * after that by a deadline that is due at once, so that the promise of stream.h (a
 * callback comes again as long as it is wanted and holds) is kept and others get their
 * turn. Output that the socket did not take is the engine's; the socket is watched for
 * room as long as there is some, whatever the user wants.
 *
 * A step of a handshake computes for up to half a millisecond. In one look of the loop
 * MK_TLS_TURN_STEPS of them are made; the sockets of the others stay ready, and those
 * that had their turn are not ready at once again, so nobody starves.
 *
 * The one deadline is that of the handshake while the stream is OPENING, and later the
 * one for waiting input. */
#include "net/tls_stream.h"

#include "base/alloc.h"
#include "base/check.h"
#include "kernel/deadline.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "net/stream_layer.h"

#include <stddef.h>
#include <string.h>

enum {
    TURN_READS = 16,   /* calls of on_readable in one look: 256 KiB */
    TURN_WRITES = 4,   /* of the engine in one write: 256 KiB at most */
    GATHER_SIZE = 2048 /* bytes of small slices that become one record */
};

typedef struct {
    port_tls_t *tls;
    stream_t *stream;
    deadline_t deadline;
    buffer_t *last;  /* while it is dropped: takes what the socket does not; or NULL */
    bool is_in_turn; /* on_ready calls again itself */
    bool has_begun;  /* the first step of the handshake was made */
    bool is_settled; /* the handshake was over within tls_stream_start */
    bool has_timed_out; /* in the handshake */
} layer_t;

/* --- the engine's carrier --- */

static int carry_in(void *ctx, void *bytes, size_t cap) {
    const layer_t *layer = ctx;
    return stream_socket_read(layer->stream, bytes, cap);
}

static int carry_out(void *ctx, const void *bytes, size_t size) {
    const layer_t *layer = ctx;
    port_slice_t slice = {bytes, size};
    if (layer->last == NULL) return stream_socket_write(layer->stream, &slice, 1);
    int taken = MK_EAGAIN;
    if (buffer_size(layer->last) == 0)
        taken = stream_socket_write(layer->stream, &slice, 1);
    if (taken != MK_EAGAIN) return taken;
    int result = buffer_append(layer->last, bytes, size);
    return result == MK_OK ? (int)size : result;
}

static const port_tls_carrier_t carrier = {carry_in, carry_out};

/* --- turns --- */

typedef struct {
    part_t part;
    uint64_t look;  /* runtime_counters_t.polls: which look of the loop it is */
    unsigned steps; /* of handshakes in that look */
} turns_t;

static void destroy_turns(part_t *part, runtime_t *rt) {
    (void)rt;
    mk_free(MK_CONTAINER_OF(part, turns_t, part));
}

static const part_ops_t turns_ops = {.destroy = destroy_turns};

/* NULL when memory is short. */
static turns_t *turns_of(runtime_t *rt) {
    part_t *part = part_find(rt, &turns_ops);
    if (part != NULL) return MK_CONTAINER_OF(part, turns_t, part);
    turns_t *turns = mk_calloc(1, sizeof *turns);
    if (turns != NULL && part_attach(rt, &turns->part, &turns_ops)) return turns;
    mk_free(turns);
    return NULL;
}

/* Take one of the steps of this look. Without memory to count them there is no end. */
static bool take_step(runtime_t *rt) {
    turns_t *turns = turns_of(rt);
    if (turns == NULL) return true;
    uint64_t look = runtime_counters(rt).polls;
    if (turns->look != look) {
        turns->look = look;
        turns->steps = 0;
    }
    if (turns->steps == MK_TLS_TURN_STEPS) return false;
    turns->steps++;
    return true;
}

/* --- readiness --- */

static bool wants_read(const stream_t *stream) {
    return (stream->wanted & STREAM_READ) != 0 && !stream->has_ended;
}

static int set_interest(stream_t *stream, runtime_t *rt) {
    const layer_t *layer = stream->layer;
    bool is_opening = stream->state == STREAM_IS_OPENING;
    uint32_t interest = 0;
    if (is_opening || wants_read(stream)) interest |= MK_POLL_IN;
    if (port_tls_has_output(layer->tls) || (is_opening && !layer->has_begun) ||
        (!is_opening && (stream->wanted & STREAM_WRITE) != 0))
        interest |= MK_POLL_OUT;
    return stream_socket_interest(rt, stream, interest);
}

/* Input that the socket does not tell about is told by the deadline. */
static void remind(stream_t *stream, runtime_t *rt) {
    layer_t *layer = stream->layer;
    if (stream->state == STREAM_IS_OPEN && wants_read(stream) &&
        port_tls_has_input(layer->tls))
        deadline_set(rt, &layer->deadline, 0);
}

static int tls_want(stream_t *stream, runtime_t *rt) {
    remind(stream, rt);
    return set_interest(stream, rt);
}

static void shake_hands(stream_t *stream, runtime_t *rt) {
    layer_t *layer = stream->layer;
    if (!layer->is_settled && !take_step(rt)) return;
    layer->has_begun = true;
    int result = port_tls_handshake(layer->tls);
    if (result == MK_OK) {
        deadline_clear(rt, &layer->deadline);
        stream_set_open(rt, stream);
        return;
    }
    if (result == MK_EAGAIN) {
        if (port_tls_has_output(layer->tls)) result = port_tls_flush(layer->tls);
        if (result == MK_OK || result == MK_EAGAIN) result = set_interest(stream, rt);
        if (result == MK_OK) return;
    }
    deadline_clear(rt, &layer->deadline);
    stream_set_failed(rt, stream, result);
}

static void on_due(deadline_t *deadline, runtime_t *rt) {
    layer_t *layer = MK_CONTAINER_OF(deadline, layer_t, deadline);
    stream_t *stream = layer->stream;
    if (stream->state == STREAM_IS_OPENING && layer->is_settled) {
        shake_hands(stream, rt);
    } else if (stream->state == STREAM_IS_OPENING) {
        layer->has_timed_out = true;
        stream_set_failed(rt, stream, MK_ETIMEOUT);
    } else if (stream->state == STREAM_IS_OPEN && wants_read(stream) &&
               port_tls_has_input(layer->tls)) {
        stream->events->on_readable(stream, rt);
    }
}

/* False: the stream has failed or is gone. */
static bool flush(stream_t *stream, runtime_t *rt) {
    layer_t *layer = stream->layer;
    int result = port_tls_flush(layer->tls);
    if (result == MK_OK) result = set_interest(stream, rt);
    if (result == MK_OK || result == MK_EAGAIN) return true;
    stream_set_failed(rt, stream, result);
    return false;
}

/* False: the stream has failed or is gone. */
static bool tell_readable(stream_t *stream, runtime_t *rt) {
    layer_t *layer = stream->layer;
    layer->is_in_turn = true;
    for (unsigned i = 0; i < TURN_READS; i++) {
        stream->events->on_readable(stream, rt);
        if (!source_is_served(rt, &stream->source)) return false;
        if (!wants_read(stream) || !port_tls_has_input(layer->tls)) break;
    }
    layer->is_in_turn = false;
    remind(stream, rt);
    return true;
}

static void tls_ready(stream_t *stream, runtime_t *rt, uint32_t events) {
    layer_t *layer = stream->layer;
    const uint32_t broken = events & (MK_POLL_ERR | MK_POLL_HUP);
    if (stream->state == STREAM_IS_OPENING) {
        shake_hands(stream, rt);
        return;
    }
    if (MK_UNLIKELY(stream->has_ended && (stream->wanted & STREAM_READ) != 0)) {
        stream->wanted &= (uint8_t)~STREAM_READ;
        if (set_interest(stream, rt) != MK_OK) {
            stream_set_failed(rt, stream, MK_ENOMEM);
            return;
        }
    }
    if (MK_UNLIKELY(port_tls_has_output(layer->tls))) {
        if (!flush(stream, rt)) return;
    } else if (MK_UNLIKELY((events & MK_POLL_OUT) &&
                           (stream->wanted & STREAM_WRITE) == 0)) {
        /* What waited for room has gone out with a later write. */
        if (set_interest(stream, rt) != MK_OK) {
            stream_set_failed(rt, stream, MK_ENOMEM);
            return;
        }
    }
    if (MK_UNLIKELY(broken != 0 && stream->wanted == 0)) {
        stream_socket_broke(rt, stream);
        return;
    }
    if ((events & MK_POLL_IN || broken != 0) && wants_read(stream) &&
        !tell_readable(stream, rt))
        return;
    if ((events & MK_POLL_OUT || broken != 0) && (stream->wanted & STREAM_WRITE) != 0 &&
        !port_tls_has_output(layer->tls))
        stream->events->on_writable(stream, rt);
}

/* --- calls of the user --- */

static int tls_read(stream_t *stream, runtime_t *rt, void *bytes, size_t size) {
    layer_t *layer = stream->layer;
    int result = port_tls_read(layer->tls, bytes, size);
    if (!layer->is_in_turn) remind(stream, rt);
    return result;
}

/* The front of what is to be written, as one piece: a slice, or small ones gathered. */
static port_slice_t front(const port_slice_t *slices, size_t count, size_t offset,
                          uint8_t gathered[GATHER_SIZE]) {
    size_t size = 0;
    port_slice_t first = {(const uint8_t *)slices[0].bytes + offset,
                          slices[0].size - offset};
    if (count == 1 || first.size >= GATHER_SIZE) return first;
    for (size_t i = 0; i < count && size < GATHER_SIZE; i++) {
        port_slice_t piece = i == 0 ? first : slices[i];
        size_t taken =
            piece.size < GATHER_SIZE - size ? piece.size : GATHER_SIZE - size;
        if (taken > 0) memcpy(gathered + size, piece.bytes, taken);
        size += taken;
    }
    return (port_slice_t){gathered, size};
}

/* Go on behind `taken` bytes; slices that are done are left behind. */
static void advance(const port_slice_t **slices, size_t *count, size_t *offset,
                    size_t taken) {
    *offset += taken;
    while (*count > 0 && *offset >= (*slices)[0].size) {
        *offset -= (*slices)[0].size;
        ++*slices;
        --*count;
    }
}

static int tls_write(stream_t *stream, runtime_t *rt, const port_slice_t *slices,
                     size_t count) {
    layer_t *layer = stream->layer;
    uint8_t gathered[GATHER_SIZE];
    size_t offset = 0, total = 0;
    int result = MK_EAGAIN;
    advance(&slices, &count, &offset, 0); /* empty ones */
    for (unsigned i = 0; i < TURN_WRITES && count > 0; i++) {
        port_slice_t piece = front(slices, count, offset, gathered);
        result = port_tls_write(layer->tls, piece.bytes, piece.size);
        if (result < 0) break;
        total += (size_t)result;
        advance(&slices, &count, &offset, (size_t)result);
        if (port_tls_has_output(layer->tls)) break;
    }
    if (total == 0 && result != MK_EAGAIN) return result;
    if (MK_UNLIKELY(port_tls_has_output(layer->tls)) &&
        set_interest(stream, rt) != MK_OK)
        return MK_ENOMEM;
    return total > 0 ? (int)total : MK_EAGAIN;
}

static int tls_finish(stream_t *stream, runtime_t *rt) {
    const layer_t *layer = stream->layer;
    int result = port_tls_finish(layer->tls);
    return result == MK_EAGAIN ? set_interest(stream, rt) : result;
}

static void tls_drop(stream_t *stream, runtime_t *rt, buffer_t *last) {
    layer_t *layer = stream->layer;
    deadline_clear(rt, &layer->deadline);
    if (last != NULL) {
        layer->last = last;
        (void)port_tls_finish(layer->tls); /* the peer will see a cut stream instead */
    }
    port_tls_close(layer->tls);
    mk_free(layer);
    stream->layer = NULL;
}

static const char *tls_fault(const stream_t *stream) {
    const layer_t *layer = stream->layer;
    if (layer->has_timed_out) return "the TLS handshake took too long";
    const char *why = port_tls_why(layer->tls);
    return why[0] != '\0' ? why : NULL;
}

static const stream_ops_t tls_ops = {
    .on_ready = tls_ready,
    .want = tls_want,
    .read = tls_read,
    .write = tls_write,
    .finish = tls_finish,
    .drop = tls_drop,
    .fault = tls_fault,
};

int tls_stream_start(runtime_t *rt, stream_t *stream, port_tls_config_t *config,
                     const char *host) {
    layer_t *layer = mk_calloc(1, sizeof *layer);
    if (layer == NULL) return MK_ENOMEM;
    int result = port_tls_open(&layer->tls, config, host, &carrier, layer);
    if (result != MK_OK) {
        mk_free(layer);
        return result;
    }
    layer->stream = stream;
    deadline_init(&layer->deadline, on_due);
    stream_set_layer(stream, &tls_ops, layer);
    /* A client says hello; a server may find all it needs. However it went, nobody is
     * called from here. */
    layer->has_begun = take_step(rt);
    if (layer->has_begun)
        layer->is_settled = port_tls_handshake(layer->tls) != MK_EAGAIN;
    result = set_interest(stream, rt);
    if (result != MK_OK) {
        tls_drop(stream, rt, NULL);
        stream->ops = &stream_socket_ops;
        stream->state = STREAM_IS_OPEN;
        return result;
    }
    deadline_set(rt, &layer->deadline, layer->is_settled ? 0 : MK_TLS_HANDSHAKE_MS);
    return MK_OK;
}

void tls_stream_allow(runtime_t *rt, stream_t *stream, uint32_t handshake_ms) {
    layer_t *layer = stream->layer;
    if (stream->ops == &tls_ops && !layer->is_settled)
        deadline_set(rt, &layer->deadline, handshake_ms);
}

bool tls_stream_met_text(const stream_t *stream) {
    const layer_t *layer = stream->layer;
    return stream->ops == &tls_ops && port_tls_met_text(layer->tls);
}

bool tls_stream_facts(const stream_t *stream, port_tls_facts_t *out) {
    const layer_t *layer = stream->layer;
    if (stream->ops != &tls_ops || stream->state != STREAM_IS_OPEN) return false;
    port_tls_facts(layer->tls, out);
    return true;
}

void tls_stream_peer_name(const stream_t *stream, mk_writer_t *out) {
    const layer_t *layer = stream->layer;
    if (stream->ops == &tls_ops && stream->state == STREAM_IS_OPEN)
        port_tls_peer_name(layer->tls, out);
}
