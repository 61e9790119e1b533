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

static outcome_t decode(const uint8_t *input, size_t size, unsigned options,
                        size_t piece) {
    outcome_t outcome = {0, false, 0, 0, 0};
    uint8_t *bytes = malloc(size + 1);
    REQUIRE(bytes != NULL);
    if (size > 0) memcpy(bytes, input, size);
    ws_decoder_t decoder;
    ws_decoder_init(&decoder, (options & 1u) != 0, (options & 2u) != 0, MESSAGE_MAX);
    size_t message = 0;
    uint32_t sum = 0;
    bool is_inside = false;
    for (size_t at = 0; at < size && !outcome.is_bad; at += piece) {
        uint8_t *part = bytes + at;
        size_t left = size - at < piece ? size - at : piece;
        ws_step_t step;
        ws_event_t event;
        while ((step = ws_decode(&decoder, &part, &left, &event)) != WS_MORE) {
            if (step == WS_BAD) {
                REQUIRE(event.why != NULL && event.code >= WS_CLOSE_PROTOCOL);
                outcome.code = event.code;
                outcome.is_bad = true;
                break;
            }
            if (step == WS_DATA) {
                REQUIRE(event.is_first == !is_inside);
                if (event.is_first) message = sum = 0;
                is_inside = !event.is_last;
                message += event.size;
                REQUIRE(message <=
                        (event.is_compressed ? COMPRESSED_MAX : MESSAGE_MAX));
                for (size_t i = 0; i < event.size; i++)
                    sum = sum * 31 + event.bytes[i];
                if (event.is_last) {
                    outcome.messages++;
                    outcome.sum = outcome.sum * 33 + sum + event.is_binary;
                }
                continue;
            }
            REQUIRE(event.size <= WS_CONTROL_MAX);
            outcome.controls++;
            for (size_t i = 0; i < event.size; i++)
                outcome.sum = outcome.sum * 37 + event.bytes[i];
            if (step == WS_CLOSE) outcome.code = event.code;
        }
        REQUIRE(outcome.is_bad || left == 0);
    }
    free(bytes);
    return outcome;
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
