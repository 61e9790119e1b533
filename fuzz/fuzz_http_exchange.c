/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_http_exchange.c - any bytes as the answer to a request: however they are cut,
 * and wherever the unfinished head lies in between, the events are the same; the body
 * stays under its ceiling; after the end and after a refusal nothing more comes. */
#include "net/http_exchange.h"

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

enum { BODY_MAX = 300 };

typedef struct {
    http_exchange_t exchange;
    exchange_step_t step;
    int status; /* 0: no head came */
    size_t fields_size;
    size_t taken;
    size_t size;
    char data[BODY_MAX];
    char *fields;
    char trailers[EXCHANGE_TRAILERS_SIZE];
} run_t;

static void take_head(run_t *run, const http_head_t *head) {
    REQUIRE(run->status == 0 && run->size == 0);
    REQUIRE(head->status >= 200 || head->status == 101);
    run->status = head->status;
    run->fields_size = head->fields.size;
    run->fields = malloc(head->fields.size + 1);
    REQUIRE(run->fields != NULL);
    if (head->fields.size > 0)
        memcpy(run->fields, head->fields.bytes, head->fields.size);
}

static void take_piece(run_t *run, text_t *piece) {
    http_head_t head;
    text_t data;
    for (;;) {
        run->step = http_exchange_next(&run->exchange, piece, &head, &data);
        if (run->step == EXCHANGE_HEAD) {
            take_head(run, &head);
        } else if (run->step == EXCHANGE_DATA) {
            REQUIRE(run->status != 0 && data.size > 0);
            REQUIRE(data.size <= BODY_MAX - run->size);
            memcpy(run->data + run->size, data.bytes, data.size);
            run->size += data.size;
        } else {
            return;
        }
    }
}

/* A new store for each piece, of exactly the size, so that reads of the old one are
 * found. */
static void renew_store(run_t *run, char **store, size_t store_size) {
    char *other = malloc(store_size);
    REQUIRE(other != NULL);
    if (http_exchange_needs_store(&run->exchange)) {
        REQUIRE(http_exchange_used(&run->exchange) <= store_size);
        http_exchange_move(&run->exchange, other);
    }
    free(*store);
    *store = other;
}

static void read_answer(run_t *run, http_kind_t kind, bool may_upgrade, text_t text,
                        size_t piece_size) {
    http_limits_t limits = http_limits_default();
    size_t store_size = http_store_size(&limits);
    char *store = malloc(store_size);
    REQUIRE(store != NULL);
    memset(run, 0, sizeof *run);
    http_exchange_init(&run->exchange, kind, BODY_MAX, may_upgrade, store,
                       run->trailers);
    run->step = EXCHANGE_MORE;
    while (run->step == EXCHANGE_MORE && run->taken < text.size) {
        text_t piece = text_part(text, run->taken, piece_size);
        size_t before = piece.size;
        take_piece(run, &piece);
        run->taken += before - piece.size;
        if (run->step == EXCHANGE_MORE) REQUIRE(piece.size == 0);
        if (piece_size < text.size) renew_store(run, &store, store_size);
    }
    if (run->step == EXCHANGE_MORE) run->step = http_exchange_close(&run->exchange);
    REQUIRE(run->step == EXCHANGE_END || run->step == EXCHANGE_BAD);
    REQUIRE(run->step != EXCHANGE_END || run->status != 0);
    REQUIRE((run->exchange.why != NULL) == (run->step == EXCHANGE_BAD));
    REQUIRE(!run->exchange.keeps_alive || run->step == EXCHANGE_END);
    text_t more = text_of("HTTP/1.1 200 OK\r\n\r\n");
    http_head_t head;
    text_t data;
    REQUIRE(http_exchange_next(&run->exchange, &more, &head, &data) == run->step);
    REQUIRE(http_exchange_close(&run->exchange) == run->step);
    free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 2) return 0;
    static const http_kind_t kinds[] = {HTTP_RESPONSE, HTTP_RESPONSE_TO_HEAD,
                                        HTTP_RESPONSE_TO_CONNECT, HTTP_RESPONSE};
    http_kind_t kind = kinds[bytes[0] % 4];
    bool may_upgrade = bytes[0] % 4 == 3;
    text_t text = text_make((const char *)bytes + 2, size - 2);
    run_t whole;
    read_answer(&whole, kind, may_upgrade, text, text.size);
    size_t cuts[] = {1, bytes[1] % 32 + 1u};
    for (size_t i = 0; i < 2; i++) {
        run_t other;
        read_answer(&other, kind, may_upgrade, text, cuts[i]);
        REQUIRE(other.step == whole.step && other.taken == whole.taken);
        REQUIRE(other.status == whole.status && other.size == whole.size);
        REQUIRE(memcmp(other.data, whole.data, whole.size) == 0);
        REQUIRE(other.fields_size == whole.fields_size);
        if (whole.fields_size > 0)
            REQUIRE(memcmp(other.fields, whole.fields, whole.fields_size) == 0);
        if (whole.step == EXCHANGE_BAD)
            REQUIRE(strcmp(other.exchange.why, whole.exchange.why) == 0);
        REQUIRE(other.exchange.keeps_alive == whole.exchange.keeps_alive);
        REQUIRE(other.exchange.is_upgraded == whole.exchange.is_upgraded);
        free(other.fields);
    }
    free(whole.fields);
    return 0;
}
