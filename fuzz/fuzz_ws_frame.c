/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ws_frame.c - any bytes as frames: however they are cut the messages are the
 * same; and any bytes as a payload, sent in fragments, come out as they went in. */
#include "net/ws_frame.h"

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

enum { MESSAGE_MAX = 4096, COMPRESSED_MAX = MESSAGE_MAX + MESSAGE_MAX / 64 + 64 };

typedef struct {
    uint16_t code;     /* of the refusal or the close */
    bool is_bad;       /* refused */
    uint32_t messages; /* complete ones */
    uint32_t controls; /* control frames */
    uint32_t sum;      /* over all that belongs to complete messages and controls */
} outcome_t;

/* What was seen so far. */
typedef struct {
    outcome_t outcome;
    size_t message; /* bytes of the message that is under way */
    uint32_t sum;   /* over them */
    bool is_inside; /* a message is under way */
} reader_t;

static uint32_t sum_of(uint32_t sum, uint32_t factor, const ws_event_t *event) {
    for (size_t i = 0; i < event->size; i++)
        sum = sum * factor + event->bytes[i];
    return sum;
}

static void take_data(reader_t *reader, const ws_event_t *event) {
    REQUIRE(event->is_first == !reader->is_inside);
    if (event->is_first) reader->message = reader->sum = 0;
    reader->is_inside = !event->is_last;
    reader->message += event->size;
    REQUIRE(reader->message <= (event->is_compressed ? COMPRESSED_MAX : MESSAGE_MAX));
    reader->sum = sum_of(reader->sum, 31, event);
    if (!event->is_last) return;
    reader->outcome.messages++;
    reader->outcome.sum = reader->outcome.sum * 33 + reader->sum + event->is_binary;
}

static void take_control(outcome_t *outcome, ws_step_t step, const ws_event_t *event) {
    REQUIRE(event->size <= WS_CONTROL_MAX);
    outcome->controls++;
    outcome->sum = sum_of(outcome->sum, 37, event);
    if (step == WS_CLOSE) outcome->code = event->code;
}

static void take_refusal(outcome_t *outcome, const ws_event_t *event) {
    REQUIRE(event->why != NULL && event->code >= WS_CLOSE_PROTOCOL);
    outcome->code = event->code;
    outcome->is_bad = true;
}

/* Feeds one piece; all of it is read unless something is refused. */
static void take_piece(reader_t *reader, ws_decoder_t *decoder, uint8_t *piece,
                       size_t left) {
    ws_step_t step;
    ws_event_t event;
    while ((step = ws_decode(decoder, &piece, &left, &event)) != WS_MORE) {
        if (step == WS_BAD) {
            take_refusal(&reader->outcome, &event);
            return;
        }
        if (step == WS_DATA)
            take_data(reader, &event);
        else
            take_control(&reader->outcome, step, &event);
    }
    REQUIRE(left == 0);
}

static outcome_t decode(const uint8_t *input, size_t size, unsigned options,
                        size_t piece) {
    reader_t reader = {.is_inside = false};
    uint8_t *bytes = malloc(size + 1);
    REQUIRE(bytes != NULL);
    if (size > 0) memcpy(bytes, input, size);
    ws_decoder_t decoder;
    ws_decoder_init(&decoder, (options & 1u) != 0, (options & 2u) != 0, MESSAGE_MAX);
    for (size_t at = 0; at < size && !reader.outcome.is_bad; at += piece)
        take_piece(&reader, &decoder, bytes + at,
                   size - at < piece ? size - at : piece);
    free(bytes);
    return reader.outcome;
}

static void check_round_trip(const uint8_t *payload, size_t size, size_t fragment) {
    size_t fragments = size / fragment + 1;
    uint8_t *wire = malloc(size + fragments * WS_HEAD_MAX);
    REQUIRE(wire != NULL);
    size_t wire_size = 0;
    uint32_t sum = 0;
    for (size_t at = 0, n = 0; n < fragments; n++, at += fragment) {
        uint8_t mask[4] = {(uint8_t)n, (uint8_t)(n * 7), 0xA5, (uint8_t)size};
        size_t part = size - at < fragment ? size - at : fragment;
        wire_size +=
            ws_write_head(wire + wire_size, n == 0 ? WS_OP_BINARY : WS_OP_CONTINUE,
                          n + 1 == fragments, false, part, mask);
        if (part > 0) memcpy(wire + wire_size, payload + at, part);
        ws_mask(wire + wire_size, part, mask, 0);
        wire_size += part;
    }
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + payload[i];
    outcome_t outcome = decode(wire, wire_size, 1, fragment + 3);
    if (size <= MESSAGE_MAX)
        REQUIRE(!outcome.is_bad && outcome.messages == 1 && outcome.sum == sum + 1);
    else
        REQUIRE(outcome.is_bad && outcome.code == WS_CLOSE_TOO_BIG);
    free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 2) return 0;
    outcome_t whole = decode(bytes + 2, size - 2, bytes[0], size);
    size_t cuts[] = {1, bytes[1] % 64 + 1u};
    for (size_t i = 0; i < 2; i++) {
        outcome_t other = decode(bytes + 2, size - 2, bytes[0], cuts[i]);
        REQUIRE(other.is_bad == whole.is_bad && other.code == whole.code);
        REQUIRE(other.messages == whole.messages && other.controls == whole.controls);
        REQUIRE(other.sum == whole.sum);
    }
    check_round_trip(bytes + 2, size - 2, cuts[1]);
    return 0;
}
