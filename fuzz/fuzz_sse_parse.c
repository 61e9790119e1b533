/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sse_parse.c - any bytes as an event stream: however they are cut the events are
 * the same and within their bounds; and any bytes as an event's data are read back with
 * their line ends made LF. */
#include "net/sse_parse.h"

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

enum { CAP = 100 };

typedef struct {
    sse_step_t step;
    uint32_t events;
    uint32_t sum;
    uint32_t retry_ms;
    size_t taken;
} outcome_t;

static void add(uint32_t *sum, text_t text) {
    for (size_t i = 0; i < text.size; i++)
        *sum = *sum * 31 + (uint8_t)text.bytes[i];
    *sum = *sum * 37 + (uint32_t)text.size;
}

static outcome_t parse(text_t text, size_t piece_size) {
    outcome_t outcome = {SSE_MORE, 0, 0, 0, 0};
    char *store = malloc(CAP);
    REQUIRE(store != NULL);
    sse_parser_t parser;
    sse_parser_init(&parser, store, CAP);
    while (outcome.step != SSE_BAD && outcome.taken < text.size) {
        text_t piece = text_part(text, outcome.taken, piece_size);
        size_t before = piece.size;
        sse_event_t event;
        while ((outcome.step = sse_parse(&parser, &piece, &event)) == SSE_EVENT) {
            REQUIRE(event.data.size < CAP && event.id.size <= SSE_ID_MAX);
            REQUIRE(event.type.size > 0 && event.type.size <= SSE_TYPE_MAX);
            REQUIRE(text_find(event.id, '\0') == event.id.size);
            REQUIRE(text_find(event.data, '\r') == event.data.size);
            outcome.events++;
            add(&outcome.sum, event.type);
            add(&outcome.sum, event.data);
            add(&outcome.sum, event.id);
        }
        outcome.taken += before - piece.size;
        if (outcome.step == SSE_MORE) REQUIRE(piece.size == 0);
    }
    outcome.retry_ms = parser.retry_ms;
    /* The next connection of the stream works whatever came before, unless it is bad.
     */
    sse_parser_reconnect(&parser);
    text_t input = text_of("data: again\n\n");
    sse_event_t event;
    REQUIRE(sse_parse(&parser, &input, &event) == SSE_EVENT);
    REQUIRE(text_is(event.data, "again") && text_is(event.type, "message"));
    free(store);
    return outcome;
}

static void check_round_trip(text_t data) {
    sse_event_t event = {text_of("t"), data, text_of("7"), 9};
    size_t size = sse_event_size(&event);
    char *bytes = malloc(size);
    char *store = malloc(data.size + 2);
    REQUIRE(bytes != NULL && store != NULL);
    REQUIRE(sse_write_event(&event, bytes, size) == (int)size);
    sse_parser_t parser;
    sse_parser_init(&parser, store, data.size + 2);
    text_t input = text_make(bytes, size);
    sse_event_t again;
    REQUIRE(sse_parse(&parser, &input, &again) == SSE_EVENT && input.size == 0);
    REQUIRE(text_is(again.type, "t") && text_is(again.id, "7"));
    REQUIRE(parser.has_retry && parser.retry_ms == 9);
    size_t to = 0;
    for (size_t i = 0; i < data.size; i++, to++) {
        char c = data.bytes[i] == '\r' ? '\n' : data.bytes[i];
        REQUIRE(to < again.data.size && again.data.bytes[to] == c);
        if (data.bytes[i] == '\r' && i + 1 < data.size && data.bytes[i + 1] == '\n')
            i++;
    }
    REQUIRE(to == again.data.size);
    free(store);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 1) return 0;
    text_t text = text_make((const char *)bytes + 1, size - 1);
    outcome_t whole = parse(text, text.size);
    size_t cuts[] = {1, bytes[0] % 32 + 1u};
    for (size_t i = 0; i < 2; i++) {
        outcome_t other = parse(text, cuts[i]);
        REQUIRE(other.step == whole.step && other.events == whole.events);
        REQUIRE(other.sum == whole.sum && other.retry_ms == whole.retry_ms);
    }
    check_round_trip(text);
    return 0;
}
