/* SPDX-License-Identifier: Apache-2.0 */
/* stream_link.c - frames into and out of a stream.
 *
 * States, and who changes them:
 *   OPEN     from stream_link_open; sends are taken. While TLS shakes hands they wait
 *   BROKEN   from `fail` (on the loop: on_down is told at once) or `fail_later` (within
 *            a send: it is told by the flush). Sends answer MK_ECLOSED
 *   CLOSING  from an orderly close with output left. The owner is gone; what is left is
 *            written, input is read and dropped, for MK_STREAM_LINGER_MS at most
 * The memory goes with the close, or at the end of CLOSING.
 *
 * Invariants: (1) no callback is made from within a call of the owner. (2) After a
 * callback nothing of the link is touched unless `gone` says that it is still there.
 * (3) WRITE is wanted of the stream exactly while is_blocked, so the steady state costs
 * no system call but the write.
 *
 * Input is read into the block that all links share; what a paused link has read
 * already is kept by it. */
#include "ipc/stream_link.h"

#include "base/alloc.h"
#include "base/check.h"
#include "ipc/frame_reader.h"
#include "ipc/link_output.h"
#include "kernel/deadline.h"
#include "kernel/flush.h"
#include "kernel/part.h"
#include "kernel/source.h"
#include "net/tls_stream.h"

#include <string.h>

enum { DOWN_TEXT_MAX = 160 };

enum { LINK_IS_OPEN, LINK_IS_BROKEN, LINK_IS_CLOSING };

typedef struct {
    link_t link;
    stream_t stream;
    frame_reader_t reader;
    link_output_t output; /* frames that the stream has not taken */
    buffer_t unread;      /* came before a pause took effect */
    flush_t flush;        /* write, go on after a pause, or tell that it broke */
    deadline_t limit;     /* of CLOSING */
    list_node_t node;     /* among those that are CLOSING */
    int last_read;        /* bytes */
    bool *gone;      /* while callbacks are made: set when the link goes; or NULL */
    int16_t fault;   /* of BROKEN, until it is told */
    uint8_t state;   /* LINK_IS_... */
    bool is_blocked; /* the stream takes nothing now; on_writable will come */
    bool is_paused;
    bool is_brief;   /* its close waits for nothing */
    bool wants_room; /* a send was refused */
    char place[];    /* for describe */
} stream_link_t;

/* The links of a runtime that are CLOSING; there from the first of them on. */
typedef struct {
    part_t part;
    list_node_t links; /* stream_link_t.node */
} closing_t;

static stream_link_t *of_link(const link_t *link) {
    return MK_CONTAINER_OF(link, stream_link_t, link);
}

static void let_go(stream_link_t *self, runtime_t *rt) {
    flush_cancel(&self->flush);
    deadline_clear(rt, &self->limit);
    list_remove(&self->node);
    frame_reader_deinit(&self->reader);
    link_output_clear(rt, &self->output);
    buffer_deinit(&self->unread);
    mk_free(self);
}

static void destroy_closing(part_t *part, runtime_t *rt) {
    closing_t *closing = MK_CONTAINER_OF(part, closing_t, part);
    while (!list_is_empty(&closing->links)) {
        stream_link_t *self = MK_CONTAINER_OF(closing->links.next, stream_link_t, node);
        stream_close(rt, &self->stream);
        let_go(self, rt);
    }
    mk_free(closing);
}

static const part_ops_t closing_ops = {.destroy = destroy_closing};

static closing_t *get_closing(runtime_t *rt) {
    part_t *part = part_find(rt, &closing_ops);
    if (part != NULL) return MK_CONTAINER_OF(part, closing_t, part);
    closing_t *closing = mk_alloc(sizeof *closing);
    if (closing == NULL) return NULL;
    list_init(&closing->links);
    if (part_attach(rt, &closing->part, &closing_ops)) return closing;
    mk_free(closing);
    return NULL;
}

/* --- ends --- */

/* On the loop: it broke; the last thing that is done with the link in this call. */
static void fail(stream_link_t *self, runtime_t *rt, int reason, const char *text) {
    if (self->state == LINK_IS_CLOSING) {
        stream_close(rt, &self->stream);
        let_go(self, rt);
        return;
    }
    if (self->state == LINK_IS_BROKEN && self->fault == MK_OK) return; /* it is told */
    char words[DOWN_TEXT_MAX]; /* the owner may close the link, and use them then */
    mk_writer_t w;
    writer_init(&w, words, sizeof words);
    writer_str(&w, text);
    self->state = LINK_IS_BROKEN;
    self->fault = MK_OK;
    flush_cancel(&self->flush);
    (void)stream_want(rt, &self->stream, 0);
    self->link.events->on_down(&self->link, rt, reason, words);
}

/* Within a call of the owner. */
static void fail_later(stream_link_t *self, runtime_t *rt, int reason) {
    self->state = LINK_IS_BROKEN;
    self->fault = (int16_t)reason;
    flush_request(rt, &self->flush);
}

/* --- output --- */

static unsigned wanted_of(const stream_link_t *self) {
    return (self->is_paused || buffer_size(&self->unread) > 0 ? 0u : STREAM_READ) |
           (self->is_blocked ? STREAM_WRITE : 0u);
}

/* Write what the stream takes, but for the last `kept` pieces. MK_OK, or the error that
 * broke the stream. */
static int write_output(stream_link_t *self, runtime_t *rt, size_t kept) {
    bool was_blocked = self->is_blocked;
    self->is_blocked = false;
    for (;;) {
        port_slice_t slices[PORT_SLICES_MAX];
        size_t count = link_output_slices(&self->output, slices);
        if (count <= kept) break;
        int put = stream_writev(rt, &self->stream, slices, count - kept);
        if (put == MK_EAGAIN) {
            self->is_blocked = true;
            break;
        }
        if (put < 0) return put;
        link_output_consume(rt, &self->output, (size_t)put);
    }
    if (self->is_blocked == was_blocked) return MK_OK;
    return stream_want(rt, &self->stream, wanted_of(self));
}

static int send_message(link_t *link, runtime_t *rt, const wire_message_t *message,
                        bool must) {
    stream_link_t *self = of_link(link);
    if (MK_UNLIKELY(self->state != LINK_IS_OPEN)) return MK_ECLOSED;
    if (MK_UNLIKELY(message->payload_size > MK_WIRE_PAYLOAD_MAX)) return MK_ETOOBIG;
    size_t waiting = self->output.size;
    size_t after = waiting + WIRE_HEADER_SIZE + message->payload_size;
    if (MK_UNLIKELY(after > MK_LINK_OUTPUT_MAX) && waiting > 0 && !must) {
        self->wants_room = true;
        return MK_EFULL;
    }
    uint8_t *room = link_output_add(rt, &self->output, after - waiting);
    if (MK_UNLIKELY(room == NULL)) return MK_ENOMEM;
    frame_put(room, message);
    if (waiting == 0) flush_request(rt, &self->flush);
    if (MK_UNLIKELY(after >= MK_LINK_BATCH) && !self->is_blocked) {
        /* The piece that has only begun goes with the next: of the small rest TLS would
         * make a record. */
        int result = write_output(self, rt, 1);
        if (result != MK_OK) {
            fail_later(self, rt, result);
            return MK_ECLOSED;
        }
    }
    return MK_OK;
}

/* Write, and tell of room: the last thing that is done with the link in this call. */
static void go_on_writing(stream_link_t *self, runtime_t *rt) {
    if (self->output.size <= MK_LINK_DIALOGUE && self->last_read <= MK_LINK_DIALOGUE)
        source_expect_answer(rt);
    int result = write_output(self, rt, 0);
    if (MK_UNLIKELY(result != MK_OK)) {
        fail(self, rt, result, stream_fault(&self->stream));
        return;
    }
    if (MK_UNLIKELY(self->state == LINK_IS_CLOSING)) {
        if (self->output.size > 0) return;
        stream_close(rt, &self->stream);
        let_go(self, rt);
        return;
    }
    if (MK_LIKELY(!self->wants_room) || self->output.size > MK_LINK_OUTPUT_MAX / 2)
        return;
    self->wants_room = false;
    if (self->link.events->on_room != NULL) self->link.events->on_room(&self->link, rt);
}

/* --- input --- */

/* Hand out the messages in these bytes. How many bytes are left, because of a pause; or
 * -1: the link is gone, or has failed. */
static ptrdiff_t hand_out(stream_link_t *self, runtime_t *rt, const uint8_t *bytes,
                          size_t size) {
    bool gone = false;
    int result = MK_OK;
    wire_message_t message;
    self->gone = &gone;
    while (!self->is_paused) {
        result = frame_reader_next(&self->reader, &bytes, &size, &message);
        if (result != MK_OK) break;
        self->link.events->on_message(&self->link, rt, &message);
        if (MK_UNLIKELY(gone)) return -1;
    }
    self->gone = NULL;
    if (MK_LIKELY(result == MK_OK || result == MK_EAGAIN)) return (ptrdiff_t)size;
    fail(self, rt, result, frame_reader_why(&self->reader));
    return -1;
}

/* After a pause. False: the link is gone, or has failed. */
static bool hand_out_unread(stream_link_t *self, runtime_t *rt) {
    size_t size = buffer_size(&self->unread);
    ptrdiff_t left = hand_out(self, rt, buffer_bytes(&self->unread), size);
    if (left < 0) return false;
    buffer_consume(&self->unread, size - (size_t)left);
    if (left > 0) return true;
    buffer_deinit(&self->unread);
    int result = stream_want(rt, &self->stream, wanted_of(self));
    if (result == MK_OK || self->state != LINK_IS_OPEN) return true;
    fail(self, rt, result, stream_fault(&self->stream));
    return false;
}

static void keep_unread(stream_link_t *self, runtime_t *rt, const uint8_t *bytes,
                        size_t size) {
    int result = buffer_append(&self->unread, bytes, size);
    if (result == MK_OK) result = stream_want(rt, &self->stream, wanted_of(self));
    if (result != MK_OK && self->state == LINK_IS_OPEN)
        fail(self, rt, result, mk_error_text(result));
}

static void end_of_input(stream_link_t *self, runtime_t *rt) {
    bool is_cut = frame_reader_held(&self->reader) > 0;
    fail(self, rt, MK_ECLOSED,
         is_cut ? "ended by the other side in the middle of a message"
                : "ended by the other side");
}

static void on_readable(stream_t *stream, runtime_t *rt) {
    stream_link_t *self = MK_CONTAINER_OF(stream, stream_link_t, stream);
    uint8_t *input = link_input(rt);
    int got = stream_read(rt, stream, input, MK_LINK_TURN_BYTES);
    if (MK_UNLIKELY(got < 0)) {
        if (got == MK_EAGAIN) return;
        if (got != MK_EEND)
            fail(self, rt, got, stream_fault(stream));
        else if (self->state != LINK_IS_CLOSING)
            end_of_input(self, rt);
        return;
    }
    if (self->state == LINK_IS_CLOSING) return; /* dropped */
    self->last_read = got;
    ptrdiff_t left = hand_out(self, rt, input, (size_t)got);
    if (MK_UNLIKELY(left >= 0 && self->is_paused))
        keep_unread(self, rt, input + got - left, (size_t)left);
}

/* --- other events --- */

static void on_writable(stream_t *stream, runtime_t *rt) {
    go_on_writing(MK_CONTAINER_OF(stream, stream_link_t, stream), rt);
}

static void on_closed(stream_t *stream, runtime_t *rt, int reason, const char *text) {
    fail(MK_CONTAINER_OF(stream, stream_link_t, stream), rt, reason, text);
}

static void on_open(stream_t *stream, runtime_t *rt) {
    stream_link_t *self = MK_CONTAINER_OF(stream, stream_link_t, stream);
    port_tls_facts_t facts;
    if (self->output.size > 0) flush_request(rt, &self->flush);
    if (self->state != LINK_IS_OPEN) return;
    if (tls_stream_facts(stream, &facts) && facts.is_keyed)
        self->link.is_trusted = true;
    if (self->link.events->on_open != NULL) self->link.events->on_open(&self->link, rt);
}

static const stream_events_t stream_events = {.on_readable = on_readable,
                                              .on_writable = on_writable,
                                              .on_closed = on_closed,
                                              .on_open = on_open};

static void on_flush(flush_t *flush, runtime_t *rt) {
    stream_link_t *self = MK_CONTAINER_OF(flush, stream_link_t, flush);
    if (MK_UNLIKELY(self->state == LINK_IS_BROKEN)) {
        if (self->fault != MK_OK)
            fail(self, rt, self->fault, stream_fault(&self->stream));
        return;
    }
    if (MK_UNLIKELY(buffer_size(&self->unread) > 0) && !self->is_paused &&
        !hand_out_unread(self, rt))
        return;
    if (MK_LIKELY(!self->is_blocked && self->state != LINK_IS_BROKEN))
        go_on_writing(self, rt);
}

static void on_limit(deadline_t *limit, runtime_t *rt) {
    stream_link_t *self = MK_CONTAINER_OF(limit, stream_link_t, limit);
    stream_abort(rt, &self->stream);
    let_go(self, rt);
}

/* --- calls of the owner --- */

static void pause_input(link_t *link, runtime_t *rt, bool is_paused) {
    stream_link_t *self = of_link(link);
    if (self->is_paused == is_paused || self->state != LINK_IS_OPEN) return;
    self->is_paused = is_paused;
    if (!is_paused && buffer_size(&self->unread) > 0) {
        flush_request(rt, &self->flush);
        return;
    }
    if (self->gone != NULL) return; /* hand_out's caller sees to it */
    int result = stream_want(rt, &self->stream, wanted_of(self));
    if (result != MK_OK) fail_later(self, rt, result);
}

/* Written later, while nobody owns it. */
static void close_later(stream_link_t *self, runtime_t *rt) {
    self->state = LINK_IS_CLOSING;
    self->is_paused = false;
    buffer_deinit(&self->unread);
    closing_t *closing = get_closing(rt);
    if (closing == NULL || stream_want(rt, &self->stream, wanted_of(self)) != MK_OK) {
        stream_close(rt, &self->stream);
        let_go(self, rt);
        return;
    }
    list_insert_before(&closing->links, &self->node);
    deadline_set(rt, &self->limit, MK_STREAM_LINGER_MS);
}

static void close_link(link_t *link, runtime_t *rt, bool in_order) {
    stream_link_t *self = of_link(link);
    if (self->gone != NULL) *self->gone = true;
    self->gone = NULL;
    flush_cancel(&self->flush);
    bool is_good = in_order && self->state == LINK_IS_OPEN;
    if (is_good && !self->is_blocked && write_output(self, rt, 0) != MK_OK)
        is_good = false;
    if (is_good && self->output.size > 0 && !self->is_brief) {
        close_later(self, rt);
        return;
    }
    if (in_order && self->is_brief && self->output.size == 0)
        stream_dismiss(rt, &self->stream);
    else if (in_order && !self->is_brief)
        stream_close(rt, &self->stream);
    else
        stream_abort(rt, &self->stream);
    let_go(self, rt);
}

static const char *describe(const link_t *link, char *text, size_t cap) {
    mk_writer_t w;
    writer_init(&w, text, cap);
    writer_str(&w, of_link(link)->place);
    return text;
}

static const link_ops_t link_ops = {.send = send_message,
                                    .pause = pause_input,
                                    .close = close_link,
                                    .describe = describe};

/* --- making --- */

int stream_link_open(runtime_t *rt, int handle, const stream_link_spec_t *spec,
                     link_t **out) {
    size_t size = spec->place != NULL ? strlen(spec->place) + 1 : STREAM_PEER_MAX;
    stream_link_t *self = NULL;
    if (link_input(rt) != NULL) self = mk_calloc(1, sizeof *self + size);
    if (self == NULL) {
        port_socket_close(handle);
        return MK_ENOMEM;
    }
    self->link =
        (link_t){.ops = &link_ops, .events = spec->events, .owner = spec->owner};
    frame_reader_init(&self->reader, MK_WIRE_PAYLOAD_MAX);
    buffer_init(&self->unread, MK_LINK_TURN_BYTES);
    flush_init(&self->flush, on_flush);
    deadline_init(&self->limit, on_limit);
    list_init(&self->node);
    int result = stream_open(rt, &self->stream, handle, &stream_events);
    if (result == MK_OK && spec->tls != NULL)
        result = tls_stream_start(rt, &self->stream, spec->tls, spec->tls_host);
    if (result != MK_OK) {
        stream_close(rt, &self->stream);
        let_go(self, rt);
        return result;
    }
    if (spec->place != NULL)
        memcpy(self->place, spec->place, size);
    else
        (void)stream_peer(&self->stream, self->place, size);
    *out = &self->link;
    return MK_OK;
}

void stream_link_set_payload_max(link_t *link, size_t bytes) {
    of_link(link)->reader.payload_max =
        bytes < MK_WIRE_PAYLOAD_MAX ? bytes : MK_WIRE_PAYLOAD_MAX;
}

void stream_link_set_brief(link_t *link) {
    of_link(link)->is_brief = true;
}

const stream_t *stream_link_stream(const link_t *link) {
    return &of_link(link)->stream;
}
