/* SPDX-License-Identifier: Apache-2.0 */
/* ws.c - the life of a WebSocket between its handshake and its end.
 *
 * An idle one is its block and nothing else: the decoder lives on C's stack while a
 * read is taken apart, and is kept only when the read ends inside a message. A message
 * that came whole in one read is handed out where it lies.
 *
 * States, and who changes them:
 *   WS_OPEN     from ws_start
 *   WS_CLOSING  our close is sent, the peer's is awaited: ws_close
 *   WS_ENDING   both are sent, or the peer broke the rules and got its close, or nobody
 *               cares any more: what waits is written, then the channel ends
 *   WS_OVER     to be ended as soon as it is not busy
 * The owner is told the end once, when the state passes to ENDING or OVER: that is when
 * the handle leaves its table. Each state but OVER has a deadline.
 *
 * Pongs go ahead of what waits already, and only the latest ping is answered when
 * several came meanwhile (RFC 6455, section 5.5.3): a flood of them costs nothing. */
#include "net/ws_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/log.h"

#include <string.h>

enum {
    ACTOR_READ_SIZE = 16384,   /* bytes read at once for an actor: what can be delivered
                                  beyond the limit of its mailbox */
    SQUEEZED_READ_SIZE = 4096, /* the same where messages are compressed: a byte may
                                  become 1032 (zlib.net, "maximum compression factor"),
                                  4 MiB or some 4 ms of work */
    PAUSE_MS = 5               /* between looks at a full mailbox */
};

static ws_t *ws_of(channel_t *channel) {
    return (ws_t *)(void *)channel;
}

/* --- the end --- */

static void free_input(ws_t *ws) {
    if (ws->input == NULL) return;
    buffer_deinit(&ws->input->message);
    port_deflate_close(ws->input->expander);
    port_deflate_close(ws->input->compressor);
    mk_free(ws->input);
    ws->input = NULL;
}

static void end(runtime_t *rt, ws_t *ws, bool in_order) {
    free_input(ws);
    channel_end(rt, &ws->channel, in_order);
    ws->options->release(ws);
}

/* Nothing is kept in it any more. */
static void free_idle_input(ws_t *ws) {
    if (ws->input != NULL && !ws->input->has_pong && !ws->deflate.keeps_out &&
        ws->input->expander == NULL && ws_decoder_is_idle(&ws->input->decoder))
        free_input(ws);
}

/* Tell the owner the end, once: the exchange leaves the table first. */
static void tell_end(runtime_t *rt, ws_t *ws, uint16_t code, const char *why) {
    http_handle_t *handle = &ws->channel.handle;
    http_conn_id_t id = handle->id;
    actor_id_t owner = handle->owner;
    if (id == 0) return;
    http_handle_close(rt, handle);
    if (ws->handler != NULL) {
        if (ws->handler->on_closed != NULL)
            ws->handler->on_closed(rt, id, code, ws->ctx);
    } else if (owner != 0 && why != NULL) {
        http_error_payload_t payload;
        memset(&payload, 0, sizeof payload);
        payload.conn_id = id;
        payload.error_code = -1;
        mk_writer_t w;
        writer_init(&w, payload.message, sizeof payload.message);
        writer_str(&w, why);
        (void)actor__notify(rt, 0, owner, MSG_WS_ERROR, &payload, sizeof payload);
    } else if (owner != 0) {
        ws_status_payload_t payload;
        memset(&payload, 0, sizeof payload);
        payload.conn_id = id;
        payload.close_code = code;
        (void)actor__notify(rt, 0, owner, MSG_WS_CLOSED, &payload, sizeof payload);
    }
}

static void log_fault(runtime_t *rt, ws_t *ws, unsigned code, const char *why) {
    if (!log_is_enabled(rt) || log_get_level(rt) > LOG_INFO) return;
    char peer[STREAM_PEER_MAX];
    log_field_t fields[] = {
        log_text("peer", stream_peer(&ws->channel.stream, peer, sizeof peer)),
        log_text("why", why), log_unsigned("code", code)};
    (void)log_event_for(rt, ws->channel.handle.owner, LOG_INFO, "WebSocket failed",
                        fields, 3);
}

/* The peer broke the rules: it gets its close, the owner the reason. */
static void fail(runtime_t *rt, ws_t *ws, unsigned code, const char *why) {
    log_fault(rt, ws, code, why);
    if (ws->state == WS_OPEN) (void)ws_send_close(rt, ws, code, text_of(why));
    ws->state = WS_ENDING;
    deadline_set(rt, &ws->channel.deadline, ws->options->close_ms);
    tell_end(rt, ws, (uint16_t)code, why);
}

/* The exchange goes on with another connection. */
static bool revive(runtime_t *rt, ws_t *ws, bool was_open, uint16_t code) {
    return was_open && ws->channel.handle.id != 0 && ws->options->revive != NULL &&
           ws->options->revive(rt, ws, code);
}

static void lose(runtime_t *rt, ws_t *ws) {
    bool was_open = ws->state == WS_OPEN;
    ws->state = WS_OVER;
    if (!revive(rt, ws, was_open, WS_CLOSE_LOST)) tell_end(rt, ws, WS_CLOSE_LOST, NULL);
}

/* What comes next; may free it. */
static void settle(runtime_t *rt, ws_t *ws) {
    if (ws->is_busy) return;
    if (ws->channel.is_broken && ws->state != WS_OVER) lose(rt, ws);
    if (ws->state == WS_OVER)
        end(rt, ws, false);
    else if (ws->state == WS_ENDING && channel_waiting(&ws->channel) == 0)
        end(rt, ws, true);
    else if (ws->state == WS_OPEN && !ws->is_paused && !ws->is_pinged)
        deadline_set(rt, &ws->channel.deadline, ws->options->ping_ms);
}

/* --- input --- */

static void give_to_actor(runtime_t *rt, ws_t *ws, bool is_binary, uint8_t *bytes,
                          size_t size) {
    ws_message_payload_t payload;
    memset(&payload, 0, sizeof payload);
    payload.conn_id = ws->channel.handle.id;
    payload.is_binary = is_binary;
    payload.data_size = size;
    uint8_t *block = bytes - sizeof payload; /* the room is there, see CHANNEL_HEADROOM
                                                and collect() */
    memcpy(block, &payload, sizeof payload);
    /* Beyond the mailbox's limits: they were looked at before the read. */
    (void)actor__notify(rt, 0, ws->channel.handle.owner, MSG_WS_MESSAGE, block,
                        sizeof payload + size);
}

static void give(runtime_t *rt, ws_t *ws, bool is_binary, uint8_t *bytes, size_t size) {
    if (ws->state != WS_OPEN) return; /* nobody waits for it any more */
    if (ws->handler == NULL)
        give_to_actor(rt, ws, is_binary, bytes, size);
    else if (ws->handler->on_message != NULL)
        ws->handler->on_message(rt, ws->channel.handle.id, is_binary, bytes, size,
                                ws->ctx);
}

static void init_decoder(const ws_t *ws, ws_decoder_t *decoder) {
    ws_decoder_init(decoder, ws->options->is_server, ws->deflate.is_on,
                    ws->options->message_max);
}

/* Where what is unfinished is kept, made with that decoder; NULL: no memory. */
static struct ws_input *get_input(ws_t *ws, const ws_decoder_t *decoder) {
    if (ws->input != NULL) return ws->input;
    struct ws_input *input = mk_calloc(1, sizeof *input);
    if (input == NULL) return NULL;
    input->decoder = *decoder;
    const uint64_t most = ws->options->message_max;
    buffer_init(&input->message,
                most < SIZE_MAX / 2 ? (size_t)most + CHANNEL_HEADROOM : SIZE_MAX / 2);
    ws->input = input;
    return input;
}

static void answer_ping(runtime_t *rt, ws_t *ws, ws_decoder_t **decoder,
                        const ws_event_t *ping) {
    if (ws->state != WS_OPEN) return;
    if (channel_waiting(&ws->channel) == 0) {
        (void)ws_send_frame(rt, ws, WS_OP_PONG, ping->bytes, ping->size, true);
        return;
    }
    struct ws_input *input = get_input(ws, *decoder);
    if (input == NULL) return; /* the next ping will be answered */
    input->has_pong = true;
    input->pong_size = (uint8_t)ping->size;
    if (ping->size > 0) memcpy(input->pong, ping->bytes, ping->size);
    *decoder = &input->decoder;
}

static bool make_room(buffer_t *message) {
    static const uint8_t room[CHANNEL_HEADROOM];
    return buffer_size(message) > 0 ||
           buffer_append(message, room, sizeof room) == MK_OK;
}

/* The message is collected. */
static void give_collected(runtime_t *rt, ws_t *ws, struct ws_input *input,
                           bool is_binary) {
    buffer_t *message = &input->message;
    size_t size = buffer_size(message) - CHANNEL_HEADROOM;
    uint8_t *bytes = message->block + message->begin + CHANNEL_HEADROOM;
    give(rt, ws, is_binary, bytes, size);
    buffer_deinit(message);
}

/* A piece of a message that came in several. False: no memory. */
static bool collect(runtime_t *rt, ws_t *ws, struct ws_input *input,
                    const ws_event_t *event) {
    if (!make_room(&input->message) ||
        buffer_append(&input->message, event->bytes, event->size) < 0)
        return false;
    if (event->is_last) give_collected(rt, ws, input, event->is_binary);
    return true;
}

/* What was expanded since, if it is a text, is one so far. */
static bool is_text_good(struct ws_input *input, const ws_event_t *event,
                         size_t before) {
    const buffer_t *message = &input->message;
    if (event->is_binary) return true;
    return utf8_check_add(&input->text, (const char *)buffer_bytes(message) + before,
                          buffer_size(message) - before) &&
           (!event->is_last || utf8_check_is_whole(&input->text));
}

/* A piece of a compressed message. */
static void expand(runtime_t *rt, ws_t *ws, struct ws_input *input,
                   const ws_event_t *event) {
    buffer_t *message = &input->message;
    if (event->is_first) input->text = (utf8_check_t){0, 0, 0};
    if (!make_room(message)) {
        fail(rt, ws, 1011, "out of memory");
        return;
    }
    size_t before = buffer_size(message);
    int result = ws_expand(rt, &ws->deflate, &input->expander, event->bytes,
                           event->size, event->is_last, message);
    if (result == MK_EFULL)
        fail(rt, ws, WS_CLOSE_TOO_BIG, "message too big");
    else if (result == MK_EBADMSG)
        fail(rt, ws, WS_CLOSE_TEXT, "a message that is not compressed as agreed");
    else if (result != MK_OK)
        fail(rt, ws, 1011, "out of memory");
    else if (!is_text_good(input, event, before))
        fail(rt, ws, WS_CLOSE_TEXT, "text that is no UTF-8");
    else if (event->is_last)
        give_collected(rt, ws, input, event->is_binary);
}

/* A piece of a message that cannot be handed out where it lies. */
static void take_piece(runtime_t *rt, ws_t *ws, ws_decoder_t **decoder,
                       const ws_event_t *event) {
    struct ws_input *input = get_input(ws, *decoder);
    if (input == NULL) {
        fail(rt, ws, 1011, "out of memory");
        return;
    }
    *decoder = &input->decoder;
    if (event->is_compressed)
        expand(rt, ws, input, event);
    else if (!collect(rt, ws, input, event))
        fail(rt, ws, 1011, "out of memory");
}

static void take_close(runtime_t *rt, ws_t *ws, const ws_event_t *event) {
    bool was_open = ws->state == WS_OPEN;
    ws->state = WS_ENDING;
    if (was_open) (void)ws_send_close(rt, ws, event->code, text_make(NULL, 0));
    deadline_set(rt, &ws->channel.deadline, ws->options->close_ms);
    uint16_t code = event->code == WS_CLOSE_NONE ? WS_CLOSE_NORMAL : event->code;
    if (!revive(rt, ws, was_open, code)) tell_end(rt, ws, code, NULL);
}

/* One step. False: the input is used up. */
static bool take_step(runtime_t *rt, ws_t *ws, ws_decoder_t **decoder, uint8_t **bytes,
                      size_t *size) {
    ws_event_t event;
    ws_step_t step = ws_decode(*decoder, bytes, size, &event);
    switch (step) {
    case WS_DATA:
        if (event.is_first && event.is_last && !event.is_compressed)
            give(rt, ws, event.is_binary, event.bytes, event.size);
        else
            take_piece(rt, ws, decoder, &event);
        break;
    case WS_PING: answer_ping(rt, ws, decoder, &event); break;
    case WS_PONG: break;
    case WS_CLOSE: take_close(rt, ws, &event); break;
    case WS_BAD: fail(rt, ws, event.code, event.why); break;
    case WS_MORE: return false;
    }
    return ws->state <= WS_CLOSING;
}

static void take_input(runtime_t *rt, ws_t *ws, uint8_t *bytes, size_t size) {
    ws_decoder_t fresh;
    ws_decoder_t *decoder = &fresh;
    if (ws->input != NULL)
        decoder = &ws->input->decoder;
    else
        init_decoder(ws, &fresh);
    ws->is_pinged = false;
    ws->is_busy = true;
    channel_cork(rt, &ws->channel);
    while (take_step(rt, ws, &decoder, &bytes, &size)) {
    }
    ws->is_busy = false;
    channel_uncork(rt, &ws->channel);
    if (ws->front == 0) ws->front = (uint32_t)channel_waiting(&ws->channel);
    if (ws->state > WS_CLOSING)
        free_input(ws);
    else if (!ws_decoder_is_idle(decoder) && get_input(ws, decoder) == NULL)
        fail(rt, ws, 1011, "out of memory");
    else
        free_idle_input(ws);
}

/* Bytes that stand in memory without room before them. */
static void take_early(runtime_t *rt, ws_t *ws, uint8_t *bytes, size_t size) {
    uint8_t *copy = mk_alloc(CHANNEL_HEADROOM + size);
    if (copy == NULL) {
        fail(rt, ws, 1011, "out of memory");
        return;
    }
    memcpy(copy + CHANNEL_HEADROOM, bytes, size);
    take_input(rt, ws, copy + CHANNEL_HEADROOM, size);
    mk_free(copy);
}

/* --- events of the stream --- */

static bool is_mailbox_full(runtime_t *rt, const ws_t *ws) {
    actor_info_t info;
    return ws->handler == NULL && ws->channel.handle.id != 0 &&
           runtime_actor_find(rt, ws->channel.handle.owner, &info) &&
           info.mailbox_used >= info.mailbox_cap;
}

static void pause_input(runtime_t *rt, ws_t *ws, uint32_t pause_ms) {
    ws->is_paused = true;
    channel_want_input(rt, &ws->channel, false);
    deadline_set(rt, &ws->channel.deadline, pause_ms);
}

static size_t read_size(const ws_t *ws) {
    if (ws->deflate.is_on) return SQUEEZED_READ_SIZE;
    return ws->handler == NULL ? ACTOR_READ_SIZE : 0;
}

/* The peer has sent little that became much: others first. A layer may hold more of it
 * and would go on at once. */
static void rest_if_heavy(runtime_t *rt, ws_t *ws, uint64_t expanded_before) {
    if (ws->deflate.is_on && ws->state == WS_OPEN && !ws->is_paused &&
        ws_expanded(rt) - expanded_before > MK_HTTP_TURN_BYTES)
        pause_input(rt, ws, 0);
}

static void on_readable(stream_t *stream, runtime_t *rt) {
    ws_t *ws = ws_of(channel_of_stream(stream));
    if (ws->state == WS_OPEN && is_mailbox_full(rt, ws)) {
        pause_input(rt, ws, PAUSE_MS);
        return;
    }
    uint8_t *bytes;
    uint64_t before = ws->deflate.is_on ? ws_expanded(rt) : 0;
    int count = channel_read(rt, &ws->channel, read_size(ws), &bytes);
    if (count > 0) {
        if (ws->state <= WS_CLOSING) take_input(rt, ws, bytes, (size_t)count);
        rest_if_heavy(rt, ws, before);
    } else if (count == MK_EEND) {
        if (ws->state <= WS_CLOSING) lose(rt, ws);
    } else if (count != MK_EAGAIN) {
        ws->channel.is_broken = true;
    }
    settle(rt, ws);
}

static void tell_room(runtime_t *rt, ws_t *ws) {
    const http_handle_t *handle = &ws->channel.handle;
    if (handle->id == 0) return;
    if (ws->handler != NULL) {
        ws->is_busy = true;
        if (ws->handler->on_room != NULL) ws->handler->on_room(rt, handle->id, ws->ctx);
        ws->is_busy = false;
    } else if (handle->owner != 0) {
        ws_status_payload_t payload;
        memset(&payload, 0, sizeof payload);
        payload.conn_id = handle->id;
        (void)actor__notify(rt, 0, handle->owner, MSG_HTTP_ROOM, &payload,
                            sizeof payload);
    }
}

static void on_writable(stream_t *stream, runtime_t *rt) {
    ws_t *ws = ws_of(channel_of_stream(stream));
    if (ws->state == WS_OPEN) ws_queue_pong(rt, ws);
    free_idle_input(ws);
    size_t before = channel_waiting(&ws->channel);
    bool has_room = channel_flush(rt, &ws->channel);
    size_t left = channel_waiting(&ws->channel);
    size_t taken = before > left ? before - left : 0;
    ws->front = taken <= ws->front ? ws->front - (uint32_t)taken : (uint32_t)left;
    if (has_room) tell_room(rt, ws);
    settle(rt, ws);
}

static void on_closed(stream_t *stream, runtime_t *rt, int reason, const char *text) {
    (void)reason;
    (void)text;
    ws_t *ws = ws_of(channel_of_stream(stream));
    ws->channel.is_broken = true;
    settle(rt, ws);
}

static const stream_events_t ws_events = {
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_closed = on_closed,
    .on_open = NULL,
};

static void on_due(deadline_t *deadline, runtime_t *rt) {
    ws_t *ws = ws_of(channel_of_deadline(deadline));
    if (ws->state != WS_OPEN) {
        lose(rt, ws); /* the closing took too long */
    } else if (ws->is_paused) {
        ws->is_paused = is_mailbox_full(rt, ws);
        if (ws->is_paused)
            deadline_set(rt, &ws->channel.deadline, PAUSE_MS);
        else
            channel_want_input(rt, &ws->channel, true);
    } else if (ws->is_pinged) {
        log_fault(rt, ws, WS_CLOSE_LOST, "no answer to a ping");
        lose(rt, ws);
    } else {
        ws->is_pinged = true;
        (void)ws_send_frame(rt, ws, WS_OP_PING, NULL, 0, true);
        deadline_set(rt, &ws->channel.deadline, ws->options->pong_ms);
    }
    settle(rt, ws);
}

/* The id is closed by its owner, or with it; or the runtime ends (the id is 0). */
static void close_handle(runtime_t *rt, http_handle_t *handle) {
    ws_t *ws = ws_of(MK_CONTAINER_OF(handle, channel_t, handle));
    bool is_end = handle->id == 0;
    http_handle_close(rt, handle);
    if (is_end) {
        ws_drop(rt, ws);
        return;
    }
    if (ws->state == WS_OPEN)
        (void)ws_close(rt, ws, WS_CLOSE_GOING, text_make(NULL, 0));
}

static const http_handle_ops_t ws_handle_ops = {close_handle};

/* --- calls --- */

/* Without memory for a window what we send refers to nothing, which is always right. */
static void keep_windows(ws_t *ws) {
    ws_decoder_t fresh;
    if (!ws->deflate.keeps_out) return;
    init_decoder(ws, &fresh);
    ws->deflate.keeps_out = get_input(ws, &fresh) != NULL;
}

void ws_start(runtime_t *rt, channel_t *channel, const ws_options_t *options,
              ws_deflate_t deflate, const http_ws_handler_t *handler, void *ctx,
              uint8_t *early, size_t early_size) {
    ws_t *ws = ws_of(channel);
    ws->options = options;
    ws->handler = handler;
    ws->ctx = ctx;
    ws->input = NULL;
    ws->deflate = deflate;
    keep_windows(ws);
    ws->front = (uint32_t)channel_waiting(channel);
    ws->state = WS_OPEN;
    ws->is_pinged = false;
    ws->is_paused = false;
    ws->is_busy = false;
    channel->handle.ops = &ws_handle_ops;
    channel->stream.events = &ws_events;
    channel->deadline.on_due = on_due;
    if (handler == NULL && channel->handle.owner != 0) {
        ws_status_payload_t payload;
        memset(&payload, 0, sizeof payload);
        payload.conn_id = channel->handle.id;
        (void)actor__notify(rt, 0, channel->handle.owner, MSG_WS_OPEN, &payload,
                            sizeof payload);
    }
    channel_want_input(rt, channel, true);
    if (early_size > 0) take_early(rt, ws, early, early_size);
    settle(rt, ws);
}

ws_t *ws_find(runtime_t *rt, http_conn_id_t id, bool must_own) {
    http_handle_t *handle = must_own ? http_handle_find_own(rt, id, &ws_handle_ops)
                                     : http_handle_find(rt, id, &ws_handle_ops);
    return handle != NULL ? ws_of(MK_CONTAINER_OF(handle, channel_t, handle)) : NULL;
}

int ws_send(runtime_t *rt, ws_t *ws, bool is_binary, const void *data, size_t size) {
    if (ws->state != WS_OPEN || ws->channel.is_broken) return MK_ESTATE;
    if (!is_binary && utf8_valid_size(data, size) != size) return MK_EINVAL;
    int result = ws_send_message(rt, ws, is_binary, data, size);
    if (result != MK_ECLOSED) return result;
    deadline_set(rt, &ws->channel.deadline, 0); /* the loop finds it broken */
    return MK_ESTATE;
}

int ws_close(runtime_t *rt, ws_t *ws, unsigned code, text_t reason) {
    if (ws->state != WS_OPEN) return MK_ESTATE;
    if (!ws_code_is_valid(code)) return MK_EINVAL;
    int result = ws_send_close(rt, ws, code, reason);
    if (result == MK_EINVAL || result == MK_ETOOBIG) return MK_EINVAL;
    if (result == MK_ENOMEM) return result;
    ws->state = WS_CLOSING;
    deadline_set(rt, &ws->channel.deadline,
                 result == MK_OK ? ws->options->close_ms : 0);
    if (ws->is_paused) {
        ws->is_paused = false;
        channel_want_input(rt, &ws->channel, true);
    }
    return MK_OK;
}

void ws_drop(runtime_t *rt, ws_t *ws) {
    lose(rt, ws);
    if (!ws->is_busy) end(rt, ws, false);
}

size_t ws_memory(const ws_t *ws) {
    size_t size = channel_memory(&ws->channel);
    const struct ws_input *input = ws->input;
    if (input == NULL) return size;
    size += sizeof *input + input->message.cap;
    if (input->expander != NULL) size += port_deflate_memory(input->expander);
    if (input->compressor != NULL) size += port_deflate_memory(input->compressor);
    return size;
}
