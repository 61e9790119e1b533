/* SPDX-License-Identifier: Apache-2.0 */
/* ws_frame.c - head, payload, head, payload; a head is judged byte by byte as it comes,
 * so that a length too large is refused before a byte of the payload is awaited.
 *
 * Payload of messages is passed on as it comes and never collected here: a message of
 * any number of fragments costs this machine nothing. Control frames are collected,
 * because they are answered whole. */
#include "net/ws_frame.h"

#include "microkernel/error.h"

#include <string.h>

enum { IN_HEAD, IN_PAYLOAD, IS_CLOSED, IS_BAD };

enum { FIN = 0x80, RSV1 = 0x40, RSV23 = 0x30, OP_BITS = 0x0F, MASKED = 0x80 };

void ws_decoder_init(ws_decoder_t *decoder, bool is_server, bool allows_compressed,
                     uint64_t message_max) {
    memset(decoder, 0, sizeof *decoder);
    decoder->is_server = is_server;
    decoder->allows_compressed = allows_compressed;
    decoder->message_max = message_max;
    decoder->head_need = 2;
}

static bool refuse(ws_decoder_t *decoder, uint16_t code, const char *why) {
    decoder->state = IS_BAD;
    decoder->code = code;
    decoder->why = why;
    return false;
}

static bool is_control(const ws_decoder_t *decoder) {
    return (decoder->head[0] & 8u) != 0;
}

/* --- the head --- */

static bool judge_first_byte(ws_decoder_t *decoder) {
    uint8_t byte = decoder->head[0];
    unsigned op = byte & OP_BITS;
    bool is_compressed = (byte & RSV1) != 0;
    if ((byte & RSV23) != 0)
        return refuse(decoder, WS_CLOSE_PROTOCOL, "a reserved bit");
    if (is_compressed &&
        (!decoder->allows_compressed || op == WS_OP_CONTINUE || op > 2))
        return refuse(decoder, WS_CLOSE_PROTOCOL, "a reserved bit");
    if (op > WS_OP_PONG || (op > WS_OP_BINARY && op < WS_OP_CLOSE))
        return refuse(decoder, WS_CLOSE_PROTOCOL, "a reserved opcode");
    if (is_control(decoder)) {
        if ((byte & FIN) == 0)
            return refuse(decoder, WS_CLOSE_PROTOCOL, "a control frame in fragments");
        return true;
    }
    bool is_inside = decoder->op != WS_OP_CONTINUE;
    if (op == WS_OP_CONTINUE && !is_inside)
        return refuse(decoder, WS_CLOSE_PROTOCOL, "a continuation of nothing");
    if (op != WS_OP_CONTINUE && is_inside)
        return refuse(decoder, WS_CLOSE_PROTOCOL, "a new message inside another");
    if (op != WS_OP_CONTINUE) {
        decoder->op = (uint8_t)op;
        decoder->is_compressed = is_compressed;
        decoder->is_begun = false;
        decoder->message_size = 0;
        decoder->text = (utf8_check_t){0, 0, 0};
    }
    return true;
}

static bool judge_second_byte(ws_decoder_t *decoder) {
    uint8_t byte = decoder->head[1];
    unsigned length = byte & 0x7Fu;
    bool is_masked = (byte & MASKED) != 0;
    if (is_masked != decoder->is_server)
        return refuse(decoder, WS_CLOSE_PROTOCOL,
                      is_masked ? "a masked frame of a server"
                                : "a frame without a mask");
    if (is_control(decoder) && length > WS_CONTROL_MAX)
        return refuse(decoder, WS_CLOSE_PROTOCOL, "a control frame too long");
    unsigned need = length == 127 ? 10 : length == 126 ? 4 : 2;
    decoder->head_need = (uint8_t)(need + (is_masked ? 4 : 0));
    return true;
}

/* All bytes of the length came. */
static bool judge_length(ws_decoder_t *decoder, unsigned length_size) {
    uint64_t length = decoder->head[1] & 0x7Fu;
    if (length_size > 0) length = 0;
    for (unsigned i = 0; i < length_size; i++)
        length = length << 8 | decoder->head[2 + i];
    if (length >> 63 != 0)
        return refuse(decoder, WS_CLOSE_PROTOCOL, "a length of 64 bits");
    decoder->left = length;
    if (is_control(decoder)) return true;
    /* What is compressed may be some bytes longer than what it says. */
    uint64_t most = decoder->message_max;
    if (decoder->is_compressed && most < UINT64_MAX / 2) most += most / 64 + 64;
    if (length > most - decoder->message_size)
        return refuse(decoder, WS_CLOSE_TOO_BIG, "message too big");
    decoder->message_size += length;
    return true;
}

static bool take_head_byte(ws_decoder_t *decoder, uint8_t byte) {
    decoder->head[decoder->head_size++] = byte;
    if (decoder->head_size == 1) return judge_first_byte(decoder);
    if (decoder->head_size == 2 && !judge_second_byte(decoder)) return false;
    unsigned length = decoder->head[1] & 0x7Fu;
    unsigned length_size = length == 127 ? 8 : length == 126 ? 2 : 0;
    if (decoder->head_size == 2 + length_size)
        return judge_length(decoder, length_size);
    return true;
}

/* --- the payload --- */

static uint64_t load(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

static void store_xor(uint8_t *bytes, uint64_t pattern) {
    uint64_t word = load(bytes) ^ pattern;
    memcpy(bytes, &word, 8);
}

void ws_mask(uint8_t *bytes, size_t size, const uint8_t mask[4], uint64_t at) {
    uint8_t turned[8];
    for (unsigned i = 0; i < 8; i++)
        turned[i] = mask[(at + i) & 3u];
    uint64_t pattern = load(turned);
    size_t i = 0;
    for (; size - i >= 32; i += 32) {
        store_xor(bytes + i, pattern);
        store_xor(bytes + i + 8, pattern);
        store_xor(bytes + i + 16, pattern);
        store_xor(bytes + i + 24, pattern);
    }
    for (; size - i >= 8; i += 8)
        store_xor(bytes + i, pattern);
    for (; i < size; i++)
        bytes[i] ^= turned[i & 7u];
}

/* The next part of the payload, unmasked. */
static size_t take_payload(ws_decoder_t *decoder, uint8_t **bytes, size_t *size) {
    size_t part = *size < decoder->left ? *size : (size_t)decoder->left;
    if (decoder->is_server)
        ws_mask(*bytes, part, decoder->head + decoder->head_need - 4, decoder->mask_at);
    decoder->mask_at = (uint8_t)((decoder->mask_at + part) & 3u);
    decoder->left -= part;
    *bytes += part;
    *size -= part;
    return part;
}

static ws_step_t give_fault(const ws_decoder_t *decoder, ws_event_t *event) {
    memset(event, 0, sizeof *event);
    event->code = decoder->code;
    event->why = decoder->why;
    return WS_BAD;
}

static void next_frame(ws_decoder_t *decoder) {
    decoder->state = IN_HEAD;
    decoder->head_size = 0;
    decoder->head_need = 2;
}

bool ws_code_is_valid(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static ws_step_t give_close(ws_decoder_t *decoder, ws_event_t *event) {
    event->code = WS_CLOSE_NONE;
    if (event->size == 1) {
        (void)refuse(decoder, WS_CLOSE_PROTOCOL, "half a close code");
        return give_fault(decoder, event);
    }
    if (event->size >= 2) {
        event->code = (uint16_t)(event->bytes[0] << 8 | event->bytes[1]);
        event->bytes += 2;
        event->size -= 2;
        if (!ws_code_is_valid(event->code)) {
            (void)refuse(decoder, WS_CLOSE_PROTOCOL, "a close code that is not sent");
            return give_fault(decoder, event);
        }
    }
    const char *reason = (const char *)event->bytes;
    if (utf8_valid_size(reason, event->size) != event->size) {
        (void)refuse(decoder, WS_CLOSE_TEXT, "a close reason that is no UTF-8");
        return give_fault(decoder, event);
    }
    decoder->state = IS_CLOSED;
    return WS_CLOSE;
}

static ws_step_t take_control(ws_decoder_t *decoder, uint8_t **bytes, size_t *size,
                              ws_event_t *event) {
    const uint8_t *from = *bytes;
    size_t part = take_payload(decoder, bytes, size);
    if (part > 0) memcpy(decoder->control + decoder->control_size, from, part);
    decoder->control_size = (uint8_t)(decoder->control_size + part);
    if (decoder->left > 0) return WS_MORE;
    memset(event, 0, sizeof *event);
    event->bytes = decoder->control;
    event->size = decoder->control_size;
    unsigned op = decoder->head[0] & OP_BITS;
    next_frame(decoder);
    if (op == WS_OP_CLOSE) return give_close(decoder, event);
    return op == WS_OP_PING ? WS_PING : WS_PONG;
}

static bool judge_text(ws_decoder_t *decoder, const ws_event_t *event) {
    if (decoder->op != WS_OP_TEXT || decoder->is_compressed) return true;
    return utf8_check_add(&decoder->text, (const char *)event->bytes, event->size) &&
           (!event->is_last || utf8_check_is_whole(&decoder->text));
}

static ws_step_t take_data(ws_decoder_t *decoder, uint8_t **bytes, size_t *size,
                           ws_event_t *event) {
    memset(event, 0, sizeof *event);
    event->bytes = *bytes;
    event->size = take_payload(decoder, bytes, size);
    bool is_frame_end = decoder->left == 0;
    event->is_binary = decoder->op == WS_OP_BINARY;
    event->is_compressed = decoder->is_compressed;
    event->is_first = !decoder->is_begun;
    event->is_last = is_frame_end && (decoder->head[0] & FIN) != 0;
    if (!judge_text(decoder, event)) {
        (void)refuse(decoder, WS_CLOSE_TEXT, "text that is no UTF-8");
        return give_fault(decoder, event);
    }
    if (is_frame_end) next_frame(decoder);
    if (event->is_last) decoder->op = WS_OP_CONTINUE;
    if (event->size == 0 && !event->is_last) return WS_MORE; /* an empty fragment */
    decoder->is_begun = true;
    return WS_DATA;
}

ws_step_t ws_decode(ws_decoder_t *decoder, uint8_t **bytes, size_t *size,
                    ws_event_t *event) {
    for (;;) {
        while (decoder->state == IN_HEAD && *size > 0) {
            if (!take_head_byte(decoder, **bytes)) break;
            ++*bytes;
            --*size;
            if (decoder->head_size < decoder->head_need) continue;
            decoder->state = IN_PAYLOAD;
            decoder->mask_at = 0;
            decoder->control_size = 0;
        }
        if (decoder->state == IS_BAD) return give_fault(decoder, event);
        if (*size == 0 && (decoder->state != IN_PAYLOAD || decoder->left > 0))
            return WS_MORE;
        if (decoder->state == IS_CLOSED) {
            *bytes += *size;
            *size = 0;
        }
        if (decoder->state != IN_PAYLOAD) return WS_MORE;
        ws_step_t step = is_control(decoder) ? take_control(decoder, bytes, size, event)
                                             : take_data(decoder, bytes, size, event);
        if (step != WS_MORE) return step;
        if (*size == 0) return WS_MORE;
    }
}

/* --- writing --- */

size_t ws_write_head(uint8_t head[WS_HEAD_MAX], ws_op_t op, bool is_last,
                     bool is_compressed, uint64_t size, const uint8_t *mask) {
    unsigned length_size = size > 0xFFFF ? 8 : size > 125 ? 2 : 0;
    head[0] =
        (uint8_t)((is_last ? FIN : 0u) | (is_compressed ? RSV1 : 0u) | (unsigned)op);
    head[1] = length_size == 8 ? 127 : length_size == 2 ? 126 : (uint8_t)size;
    for (unsigned i = 0; i < length_size; i++)
        head[2 + i] = (uint8_t)(size >> (8 * (length_size - 1 - i)));
    if (mask == NULL) return 2 + length_size;
    head[1] |= MASKED;
    memcpy(head + 2 + length_size, mask, 4);
    return 6 + length_size;
}

int ws_write_close(uint8_t payload[WS_CONTROL_MAX], unsigned code, text_t reason) {
    if (code == WS_CLOSE_NONE && reason.size == 0) return 0;
    if (!ws_code_is_valid(code) ||
        utf8_valid_size(reason.bytes, reason.size) != reason.size)
        return MK_EINVAL;
    if (reason.size > WS_REASON_MAX) return MK_ETOOBIG;
    payload[0] = (uint8_t)(code >> 8);
    payload[1] = (uint8_t)code;
    if (reason.size > 0) memcpy(payload + 2, reason.bytes, reason.size);
    return (int)reason.size + 2;
}

bool ws_decoder_is_idle(const ws_decoder_t *decoder) {
    return decoder->state == IN_HEAD && decoder->head_size == 0 &&
           decoder->op == WS_OP_CONTINUE;
}
