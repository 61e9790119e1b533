/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "net/http_exchange.h"
#include "net/http_headers.h"
#include "support/test.h"

#include <string.h>

typedef struct {
    http_exchange_t exchange;
    exchange_step_t step; /* the last one */
    int status;           /* of the head; 0: none came */
    size_t heads;
    size_t taken;
    size_t size;
    char data[128];
    char field[32]; /* the value of X */
} run_t;

static void take_head(run_t *run, const http_head_t *head) {
    text_t value;
    run->heads++;
    run->status = head->status;
    if (http_headers_find(head->fields, "X", &value)) {
        CHECK(value.size < sizeof run->field);
        memcpy(run->field, value.bytes, value.size);
    }
}

static exchange_step_t feed(run_t *run, text_t *piece) {
    http_head_t head;
    text_t data;
    for (;;) {
        exchange_step_t step = http_exchange_next(&run->exchange, piece, &head, &data);
        if (step == EXCHANGE_HEAD) {
            take_head(run, &head);
        } else if (step == EXCHANGE_DATA) {
            CHECK(run->size + data.size < sizeof run->data);
            memcpy(run->data + run->size, data.bytes, data.size);
            run->size += data.size;
        } else {
            return step;
        }
    }
}

static char stores[2][32 * 1024];
static char trailers[EXCHANGE_TRAILERS_SIZE];

/* `bytes` in pieces of `step_size`; the store moves between two of them. */
static void read_answer(run_t *run, http_kind_t kind, bool may_upgrade,
                        const char *bytes, size_t step_size) {
    http_limits_t limits = http_limits_default();
    CHECK(http_store_size(&limits) <= sizeof stores[0]);
    text_t text = text_of(bytes);
    memset(run, 0, sizeof *run);
    size_t turn = 0;
    http_exchange_init(&run->exchange, kind, 100, may_upgrade, stores[0], trailers);
    do {
        text_t piece = text_part(text, run->taken, step_size);
        size_t before = piece.size;
        run->step = feed(run, &piece);
        run->taken += before - piece.size;
        if (http_exchange_needs_store(&run->exchange)) {
            http_exchange_move(&run->exchange, stores[++turn % 2]);
            memset(stores[(turn + 1) % 2], 'x', 1000);
        }
    } while (run->step == EXCHANGE_MORE && run->taken < text.size);
}

#define OK "HTTP/1.1 200 OK\r\n"

TEST(http_exchange_reads_every_kind_of_answer) {
    static const struct {
        http_kind_t kind;
        bool may_upgrade;
        const char *text;
        const char *rest; /* left behind the answer */
        int status;
        const char *data;
        bool keeps_alive;
        exchange_step_t step; /* the last one; EXCHANGE_MORE: close() then ends it */
    } rows[] = {
        {HTTP_RESPONSE, false, OK "Content-Length: 5\r\n\r\nhello", "HTTP", 200,
         "hello", true, EXCHANGE_END},
        {HTTP_RESPONSE, false, OK "Content-Length: 0\r\n\r\n", "x", 200, "", true,
         EXCHANGE_END},
        {HTTP_RESPONSE, false, OK "Connection: close\r\nContent-Length: 2\r\n\r\nhi",
         "", 200, "hi", false, EXCHANGE_END},
        {HTTP_RESPONSE, false, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "",
         200, "hi", false, EXCHANGE_END},
        {HTTP_RESPONSE, false,
         OK
         "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nT: 1\r\n\r\n",
         "x", 200, "hello", true, EXCHANGE_END},
        {HTTP_RESPONSE, false, OK "\r\nhello", "", 200, "hello", false, EXCHANGE_MORE},
        {HTTP_RESPONSE, false, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP", 204, "", true,
         EXCHANGE_END},
        {HTTP_RESPONSE, false,
         "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", "x", 304, "", true,
         EXCHANGE_END},
        {HTTP_RESPONSE_TO_HEAD, false, OK "Content-Length: 5000\r\n\r\n", "HTTP", 200,
         "", true, EXCHANGE_END},
        {HTTP_RESPONSE_TO_HEAD, false, OK "Transfer-Encoding: chunked\r\n\r\n", "", 200,
         "", true, EXCHANGE_END},
        {HTTP_RESPONSE, false,
         "HTTP/1.1 100 Continue\r\nX: no\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: "
         "a\r\n\r\n" OK "Content-Length: 1\r\n\r\n!",
         "", 200, "!", true, EXCHANGE_END},
        {HTTP_RESPONSE, true,
         "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
         "websocket\r\n\r\n",
         "\x81\x01!", 101, "", false, EXCHANGE_END},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[300];
        size_t size = strlen(rows[i].text);
        memcpy(bytes, rows[i].text, size);
        strcpy(bytes + size, rows[i].rest);
        for (size_t step_size = 1; step_size < 250; step_size++) {
            run_t run;
            read_answer(&run, rows[i].kind, rows[i].may_upgrade, bytes, step_size);
            CHECK_EQ(run.step, rows[i].step);
            CHECK_EQ(run.heads, 1);
            CHECK_EQ(run.status, rows[i].status);
            CHECK_STR(run.data, rows[i].data);
            CHECK_STR(run.field, "");
            CHECK_EQ(run.taken, size);
            CHECK_EQ(run.exchange.keeps_alive, rows[i].keeps_alive);
            CHECK_EQ(run.exchange.is_upgraded, rows[i].status == 101);
            CHECK_EQ(http_exchange_close(&run.exchange), EXCHANGE_END);
        }
    }
}

TEST(http_exchange_refuses_with_words) {
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        {"", "closed without an answer"},
        {"HTTP/1.1 200", "closed inside the head of the answer"},
        {"HTTP/1.1 100 Continue\r\n\r\n", "closed inside the head of the answer"},
        {OK "Content-Length: 5\r\n\r\n", "closed inside the body of the answer"},
        {OK "Content-Length: 5\r\n\r\nhell", "closed inside the body of the answer"},
        {OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n",
         "closed inside the body of the answer"},
        {OK "Content-Length: 101\r\n\r\n", "body too large"},
        {OK "Transfer-Encoding: chunked\r\n\r\nzz", "malformed chunk size"},
        {OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
         "more than one Content-Length"},
        {OK "A: b\r\n c\r\n\r\n", "a folded field"},
        {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
         "x\r\n\r\n",
         "it upgraded without being asked"},
        {"SSH-2.0-OpenSSH\r\n", "malformed first line"},
        {"HTTP/2.0 200 OK\r\n\r\n", "protocol version not supported"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t step_size = 1; step_size < 100; step_size++) {
            run_t run;
            read_answer(&run, HTTP_RESPONSE, false, rows[i].text, step_size);
            if (run.step == EXCHANGE_MORE)
                run.step = http_exchange_close(&run.exchange);
            CHECK_EQ(run.step, EXCHANGE_BAD);
            if (strcmp(rows[i].why, "malformed first line") != 0)
                CHECK_STR(run.exchange.why, rows[i].why);
            CHECK_EQ(http_exchange_close(&run.exchange), EXCHANGE_BAD);
            CHECK(!run.exchange.keeps_alive);
        }
    }
}

/* Nothing came: such a request may be tried on another connection. */
TEST(http_exchange_knows_whether_it_has_begun) {
    run_t run;
    read_answer(&run, HTTP_RESPONSE, false, "", 1);
    CHECK(!run.exchange.has_begun);
    read_answer(&run, HTTP_RESPONSE, false, "H", 1);
    CHECK(run.exchange.has_begun);
}

TEST(http_exchange_bounds_provisional_heads) {
    char bytes[17 * 40] = "";
    for (size_t i = 0; i < 16; i++)
        strcat(bytes, "HTTP/1.1 102 P\r\n\r\n");
    char more[sizeof bytes];
    memcpy(more, bytes, sizeof bytes);
    strcat(bytes, OK "Content-Length: 0\r\n\r\n");
    strcat(more, "HTTP/1.1 102 P\r\n\r\n");
    run_t run;
    read_answer(&run, HTTP_RESPONSE, false, bytes, 1000);
    CHECK_EQ(run.step, EXCHANGE_END);
    CHECK_EQ(run.status, 200);
    read_answer(&run, HTTP_RESPONSE, false, more, 1000);
    CHECK_EQ(run.step, EXCHANGE_BAD);
    CHECK_STR(run.exchange.why, "too many provisional answers");
}

/* The ceiling holds for every framing. */
TEST(http_exchange_bounds_the_body) {
    char bytes[300] = OK "\r\n";
    size_t size = strlen(bytes);
    memset(bytes + size, 'b', 101);
    for (size_t step_size = 1; step_size < 150; step_size += 7) {
        run_t run;
        read_answer(&run, HTTP_RESPONSE, false, bytes, step_size);
        CHECK_EQ(run.step, EXCHANGE_BAD);
        CHECK_STR(run.exchange.why, "body too large");
        CHECK_EQ(run.size, 100);
    }
}

TEST_TABLE(http_exchange, TEST_ROW(http_exchange_reads_every_kind_of_answer),
           TEST_ROW(http_exchange_refuses_with_words),
           TEST_ROW(http_exchange_knows_whether_it_has_begun),
           TEST_ROW(http_exchange_bounds_provisional_heads),
           TEST_ROW(http_exchange_bounds_the_body))
