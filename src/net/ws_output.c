/* SPDX-License-Identifier: Apache-2.0 */
/* ws_output.c - what a WebSocket sends: one message in one frame, masked when we are
 * the client, compressed where that is agreed upon and helps, and pongs ahead of what
 * waits.
 *
 * A message that compression does not make smaller goes as it is; so does each when
 * memory for it is short. */
#include "net/ws_impl.h"

#include "base/alloc.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "port/random.h"

#include <string.h>

/* --- masks of a client --- */

/* Unpredictable bytes, drawn many at once. */
typedef struct {
    part_t part;
    size_t left;
    uint8_t bytes[256];
} masks_t;

static void destroy_masks(part_t *part, runtime_t *rt) {
    (void)rt;
    mk_free(part);
}

static const part_ops_t masks_ops = {NULL, NULL, destroy_masks};

static int draw_mask(runtime_t *rt, uint8_t mask[4]) {
    masks_t *masks = (masks_t *)part_find(rt, &masks_ops);
    if (masks == NULL) {
        masks = mk_calloc(1, sizeof *masks);
        if (masks == NULL) return MK_ENOMEM;
        (void)part_attach(rt, &masks->part, &masks_ops);
    }
    if (masks->left < 4) {
        if (port_random_fill(masks->bytes, sizeof masks->bytes) < 0) return MK_EIO;
        masks->left = sizeof masks->bytes;
    }
    masks->left -= 4;
    memcpy(mask, masks->bytes + masks->left, 4);
    return MK_OK;
}

/* --- frames --- */

/* The producer is to wait, and is told of room later. */
static bool is_full(ws_t *ws) {
    if (channel_waiting(&ws->channel) <= ws->channel.output_mark) return false;
    ws->channel.is_full = true;
    return true;
}

static int send_frame(runtime_t *rt, ws_t *ws, ws_op_t op, bool is_compressed,
                      const void *data, size_t size, bool must) {
    uint8_t head[WS_HEAD_MAX];
    uint8_t mask[4];
    uint8_t *copy = NULL;
    bool masks = !ws->options->is_server;
    if (masks) {
        if (!must && is_full(ws)) return MK_EFULL; /* before the work is done */
        copy = mk_alloc(size);
        if (copy == NULL || draw_mask(rt, mask) < 0) {
            mk_free(copy);
            return MK_ENOMEM;
        }
        if (size > 0) memcpy(copy, data, size);
        ws_mask(copy, size, mask, 0);
        data = copy;
    }
    size_t head_size =
        ws_write_head(head, op, true, is_compressed, size, masks ? mask : NULL);
    port_slice_t slices[] = {{head, head_size}, {data, size}};
    bool was_empty = channel_waiting(&ws->channel) == 0;
    int result = channel_send(rt, &ws->channel, slices, 2, must);
    mk_free(copy);
    if (was_empty) ws->front = (uint32_t)channel_waiting(&ws->channel);
    return result;
}

int ws_send_frame(runtime_t *rt, ws_t *ws, ws_op_t op, const void *data, size_t size,
                  bool must) {
    return send_frame(rt, ws, op, false, data, size, must);
}

/* --- messages --- */

static int send_squeezed(runtime_t *rt, ws_t *ws, ws_op_t op, const void *data,
                         size_t size) {
    port_deflate_t *none = NULL;
    port_deflate_t **kept = &none;
    buffer_t payload;
    size_t payload_size;
    if (is_full(ws)) return MK_EFULL;
    if (ws->deflate.keeps_out) kept = &ws->input->compressor;
    int result =
        ws_squeeze(rt, &ws->deflate, kept, data, size, &payload, &payload_size);
    if (result == MK_OK)
        result =
            send_frame(rt, ws, op, true, buffer_bytes(&payload), payload_size, false);
    else /* it would not be smaller, or there is no memory for it: as it is */
        result = send_frame(rt, ws, op, false, data, size, false);
    buffer_deinit(&payload);
    return result;
}

int ws_send_message(runtime_t *rt, ws_t *ws, bool is_binary, const void *data,
                    size_t size) {
    ws_op_t op = is_binary ? WS_OP_BINARY : WS_OP_TEXT;
    if (ws->deflate.out_bits != 0 && size >= MK_WS_DEFLATE_MIN)
        return send_squeezed(rt, ws, op, data, size);
    return send_frame(rt, ws, op, false, data, size, false);
}

int ws_send_close(runtime_t *rt, ws_t *ws, unsigned code, text_t reason) {
    uint8_t payload[WS_CONTROL_MAX];
    int size = ws_write_close(payload, code, reason);
    if (size < 0) return size;
    return send_frame(rt, ws, WS_OP_CLOSE, false, payload, (size_t)size, true);
}

static void reverse(uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = byte;
    }
}

void ws_queue_pong(runtime_t *rt, ws_t *ws) {
    struct ws_input *input = ws->input;
    if (input == NULL || !input->has_pong) return;
    input->has_pong = false;
    size_t before = channel_waiting(&ws->channel);
    int result =
        send_frame(rt, ws, WS_OP_PONG, false, input->pong, input->pong_size, true);
    if (result < 0 || before == 0 || ws->front >= before) return;
    /* Turn [later frames][pong] into [pong][later frames]. */
    buffer_t *waiting = ws->channel.waiting;
    uint8_t *bytes = waiting->block + waiting->begin + ws->front;
    size_t later = before - ws->front;
    size_t size = buffer_size(waiting) - ws->front;
    reverse(bytes, size);
    reverse(bytes, size - later);
    reverse(bytes + size - later, later);
}
