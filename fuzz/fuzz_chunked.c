/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_chunked.c - any bytes as a chunked body: however they are cut the data is the
 * same, and data that is encoded again decodes to itself. */
#include "net/chunked.h"

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

enum { TRAILER_MAX = 100 };

typedef struct {
    chunked_t chunked;
    http_step_t step;
    size_t taken;
    size_t size;
    char *data; /* as much room as the input has bytes */
    char store[HTTP_FIELDS_STORE(TRAILER_MAX)];
} run_t;

static void decode(run_t *run, text_t text, size_t piece_size) {
    chunked_init(&run->chunked, run->store, TRAILER_MAX, 3);
    run->step = HTTP_MORE;
    run->taken = 0;
    run->size = 0;
    run->data = malloc(text.size + 1);
    REQUIRE(run->data != NULL);
    while (run->step == HTTP_MORE && run->taken < text.size) {
        text_t piece = text_part(text, run->taken, piece_size);
        size_t before = piece.size;
        text_t data;
        while ((run->step = chunked_next(&run->chunked, &piece, &data)) == HTTP_PART) {
            REQUIRE(data.size > 0 && data.bytes >= text.bytes);
            REQUIRE(data.bytes + data.size <= text.bytes + text.size);
            REQUIRE(run->size + data.size <= text.size);
            memcpy(run->data + run->size, data.bytes, data.size);
            run->size += data.size;
        }
        run->taken += before - piece.size;
        if (run->step == HTTP_MORE) REQUIRE(piece.size == 0);
    }
}

/* All bytes as data, in chunks of `chunk_size`. */
static void check_round_trip(text_t text, size_t chunk_size) {
    size_t chunks = text.size / chunk_size + 1;
    char *bytes = malloc(text.size + chunks * 20 + 8);
    REQUIRE(bytes != NULL);
    size_t size = 0;
    for (size_t at = 0; at < text.size; at += chunk_size) {
        text_t part = text_part(text, at, chunk_size);
        size += chunked_write_head(part.size, bytes + size);
        memcpy(bytes + size, part.bytes, part.size);
        size += part.size;
        memcpy(bytes + size, "\r\n", 2);
        size += 2;
    }
    memcpy(bytes + size, "0\r\n\r\n", 5);
    size += 5;
    run_t run;
    decode(&run, text_make(bytes, size), chunk_size);
    REQUIRE(run.step == HTTP_END && run.taken == size && run.size == text.size);
    REQUIRE(text.size == 0 || memcmp(run.data, text.bytes, text.size) == 0);
    free(run.data);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 1) return 0;
    text_t text = text_make((const char *)bytes + 1, size - 1);
    run_t whole;
    decode(&whole, text, text.size);
    size_t cuts[] = {1, bytes[0] % 32 + 1u};
    for (size_t i = 0; i < 2; i++) {
        run_t other;
        decode(&other, text, cuts[i]);
        REQUIRE(other.step == whole.step && other.taken == whole.taken);
        REQUIRE(other.chunked.fault == whole.chunked.fault && other.size == whole.size);
        REQUIRE(memcmp(other.data, whole.data, whole.size) == 0);
        free(other.data);
        check_round_trip(text, cuts[i]);
    }
    free(whole.data);
    return 0;
}
