/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_frame_reader.c - any bytes as a stream of frames: however they are cut the
 * messages are the same, and so is the refusal; and never is more memory held than has
 * come. */
#include "ipc/frame_reader.h"

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

enum { PAYLOAD_MAX = 2000, ROOM_MIN = 128 };

typedef struct {
    uint32_t messages;
    uint32_t sum; /* of all their fields and bytes */
    size_t held;  /* at the end */
    int result;   /* the last */
    char why[FRAME_WHY_MAX];
} outcome_t;

static uint32_t mix(uint32_t sum, uint64_t value) {
    return sum * 31u + (uint32_t)value + (uint32_t)(value >> 32) * 7u;
}

/* The pieces' sizes are `first`, then `piece` again and again. Each piece is a block of
 * its own, so that a sanitizer sees what is read beside it. */
static outcome_t decode(const uint8_t *bytes, size_t size, size_t first, size_t piece) {
    outcome_t outcome;
    memset(&outcome, 0, sizeof outcome);
    outcome.result = MK_EAGAIN;
    frame_reader_t reader;
    frame_reader_init(&reader, PAYLOAD_MAX);
    for (size_t at = 0; at < size && outcome.result == MK_EAGAIN;) {
        size_t part = at == 0 ? first : piece;
        if (part > size - at) part = size - at;
        uint8_t *copy = malloc(part);
        REQUIRE(copy != NULL);
        memcpy(copy, bytes + at, part);
        at += part;
        const uint8_t *from = copy;
        size_t left = part;
        wire_message_t message;
        while ((outcome.result = frame_reader_next(&reader, &from, &left, &message)) ==
               MK_OK) {
            REQUIRE(message.payload_size <= PAYLOAD_MAX);
            REQUIRE((message.payload == NULL) == (message.payload_size == 0));
            outcome.messages++;
            outcome.sum = mix(outcome.sum, message.source);
            outcome.sum = mix(outcome.sum, message.dest);
            outcome.sum = mix(outcome.sum, message.type);
            const uint8_t *payload = message.payload;
            for (size_t i = 0; i < message.payload_size; i++)
                outcome.sum = mix(outcome.sum, payload[i]);
        }
        REQUIRE(outcome.result == MK_EAGAIN ? left == 0 : reader.why[0] != '\0');
        REQUIRE(reader.held.cap <= 2 * at + ROOM_MIN);
        free(copy);
    }
    outcome.held = outcome.result == MK_EAGAIN ? frame_reader_held(&reader) : 0;
    memcpy(outcome.why, reader.why, strlen(reader.why) + 1);
    frame_reader_deinit(&reader);
    return outcome;
}

static void check_same(const outcome_t *a, const outcome_t *b) {
    REQUIRE(a->messages == b->messages && a->sum == b->sum);
    REQUIRE(a->result == b->result && a->held == b->held);
    REQUIRE(strcmp(a->why, b->why) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Two bytes choose the cuts, the rest is the stream. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 3) return 0;
    size_t first = bytes[0] + 1u, piece = bytes[1] + 1u;
    bytes += 2;
    size -= 2;
    outcome_t whole = decode(bytes, size, size, size);
    outcome_t single = decode(bytes, size, 1, 1);
    outcome_t pieces = decode(bytes, size, first, piece);
    check_same(&whole, &single);
    check_same(&whole, &pieces);
    return 0;
}
