/* SPDX-License-Identifier: Apache-2.0 */
/* What two sides agree upon about compression: offers, answers, and what they mean. */
#include "net/ws_deflate.h"
#include "support/test.h"

#include <string.h>

#define PMD    "permessage-deflate"
#define NO_S   "; server_no_context_takeover"
#define NO_C   "; client_no_context_takeover"
#define S_BITS "; server_max_window_bits"
#define C_BITS "; client_max_window_bits"

static const ws_deflate_wish_t each = {true, false, 15};
static const ws_deflate_wish_t window = {true, true, 15};
static const ws_deflate_wish_t small_window = {true, true, 10};
static const ws_deflate_wish_t nothing = {false, false, 15};

/* "out/in": windows, with a '+' where they are kept; "": nothing. */
static const char *tell(const ws_deflate_t *agreed, char text[32]) {
    mk_writer_t w;
    writer_init(&w, text, 32);
    if (agreed->is_on)
        writer_format(&w, "%u%s/%u%s", (unsigned)agreed->out_bits,
                      agreed->keeps_out ? "+" : "", (unsigned)agreed->in_bits,
                      agreed->keeps_in ? "+" : "");
    return text;
}

TEST(ws_deflate_server_answers_offers) {
    static const struct {
        const char *offers; /* values of the fields, '|' between fields */
        const ws_deflate_wish_t *wish;
        const char *answer; /* "": none */
        const char *agreed;
    } rows[] = {
        {PMD, &each, PMD NO_S NO_C, "15/15"},
        {PMD, &window, PMD, "15+/15+"},
        {PMD, &small_window, PMD S_BITS "=10", "10+/15+"},
        {PMD, &nothing, "", ""},
        {"", &each, "", ""},
        {"x-other", &each, "", ""},
        {PMD NO_S, &window, PMD NO_S, "15/15+"},
        {PMD NO_C, &window, PMD NO_C, "15+/15"},
        {PMD NO_S NO_C, &window, PMD NO_S NO_C, "15/15"},
        {PMD S_BITS "=12", &window, PMD S_BITS "=12", "12+/15+"},
        {PMD S_BITS "=12", &small_window, PMD S_BITS "=10", "10+/15+"},
        {PMD S_BITS "=15", &each, PMD NO_S NO_C S_BITS "=15", "15/15"},
        {PMD S_BITS "=9", &each, PMD NO_S NO_C S_BITS "=9", "9/15"},
        {PMD C_BITS, &window, PMD, "15+/15+"},
        {PMD C_BITS, &small_window, PMD S_BITS "=10" C_BITS "=10", "10+/10+"},
        {PMD C_BITS "=9", &small_window, PMD S_BITS "=10" C_BITS "=9", "10+/9+"},
        {PMD C_BITS "=8", &window, PMD C_BITS "=8", "15+/9+"},
        {PMD C_BITS "=\"11\"", &window, PMD C_BITS "=11", "15+/11+"},
        {PMD " ;  client_max_window_bits = 12 ", &window, PMD C_BITS "=12", "15+/12+"},
        /* zlib has no window of 2^8 to compress with */
        {PMD S_BITS "=8", &each, "", ""},
        {PMD S_BITS "=8, " PMD, &each, PMD NO_S NO_C, "15/15"},
        /* the first that is understood */
        {"x-other; a=\"b, c\", " PMD "; y=1, " PMD NO_S, &window, PMD NO_S, "15/15+"},
        {"x-other|" PMD, &window, PMD, "15+/15+"},
        {PMD "-frame", &each, "", ""},
        /* what no offer may have */
        {PMD S_BITS, &each, "", ""},
        {PMD S_BITS "=16", &each, "", ""},
        {PMD S_BITS "=7", &each, "", ""},
        {PMD S_BITS "=010", &each, "", ""},
        {PMD S_BITS "=x", &each, "", ""},
        {PMD S_BITS "=", &each, "", ""},
        {PMD C_BITS "=", &each, "", ""},
        {PMD C_BITS "=0", &each, "", ""},
        {PMD NO_S "=1", &each, "", ""},
        {PMD NO_C "=true", &each, "", ""},
        {PMD NO_S NO_S, &each, "", ""},
        {PMD C_BITS C_BITS, &each, "", ""},
        {PMD C_BITS "=10" C_BITS "=10", &each, "", ""},
        {PMD "; unknown", &each, "", ""},
        {PMD ";; unknown", &each, "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char fields[512], answer[WS_DEFLATE_LINE_MAX], text[32];
        mk_writer_t w;
        ws_deflate_t agreed;
        size_t size = 0;
        text_t rest = text_of(rows[i].offers);
        while (rest.size > 0) { /* "Name: value", NUL, ... */
            size_t end = text_find(rest, '|');
            writer_init(&w, fields + size, sizeof fields - size);
            writer_str(&w, "sec-websocket-extensions: ");
            writer_bytes(&w, rest.bytes, end);
            size += w.size + 1;
            rest = text_part(rest, end + 1, SIZE_MAX);
        }
        writer_init(&w, answer, sizeof answer);
        bool is_taken =
            ws_deflate_accept(text_make(fields, size), rows[i].wish, &agreed, &w);
        CHECK(!writer_has_overflowed(&w));
        CHECK_STR(answer, rows[i].answer);
        CHECK_EQ(is_taken, rows[i].answer[0] != '\0');
        CHECK_STR(tell(&agreed, text), rows[i].agreed);
    }
}

TEST(ws_deflate_client_offers) {
    static const struct {
        const ws_deflate_wish_t *wish;
        const char *offer;
    } rows[] = {{&each, PMD C_BITS NO_C NO_S},
                {&window, PMD C_BITS},
                {&small_window, PMD C_BITS S_BITS "=10"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char offer[WS_DEFLATE_LINE_MAX];
        mk_writer_t w;
        writer_init(&w, offer, sizeof offer);
        ws_deflate_offer(rows[i].wish, &w);
        CHECK_STR(offer, rows[i].offer);
    }
}

TEST(ws_deflate_client_judges_answers) {
    static const struct {
        const char *answer;
        const ws_deflate_wish_t *wish;
        const char *agreed; /* NULL: not what was offered */
    } rows[] = {
        {"", &each, ""},
        {"", &nothing, ""},
        {PMD, &nothing, NULL},
        {PMD NO_S NO_C, &each, "15/15"},
        {PMD NO_S, &each, "15/15"},
        {PMD, &each, "15/15+"}, /* what it sends may refer to earlier messages */
        {PMD, &window, "15+/15+"},
        {PMD NO_C, &window, "15/15+"},
        {PMD S_BITS "=12", &window, "15+/12+"},
        {PMD S_BITS "=10", &small_window, "10+/10+"},
        {PMD S_BITS "=8", &small_window, "10+/9+"},
        {PMD S_BITS "=11", &small_window, NULL}, /* more than we take */
        {PMD C_BITS "=11", &window, "11+/15+"},
        {PMD C_BITS "=12", &small_window, "10+/15+"},
        {PMD C_BITS "=8", &window, "0+/15+"}, /* we send nothing compressed */
        {PMD C_BITS, &window, NULL},
        {PMD S_BITS, &window, NULL},
        {PMD S_BITS "=16", &window, NULL},
        {PMD NO_S "=1", &window, NULL},
        {PMD NO_S NO_S, &window, NULL},
        {PMD "; x=1", &window, NULL},
        {PMD ", " PMD, &window, NULL},
        {"x-other", &window, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ws_deflate_t agreed;
        char text[32];
        bool is_good = ws_deflate_judge(text_of(rows[i].answer), rows[i].wish, &agreed);
        CHECK_EQ(is_good, rows[i].agreed != NULL);
        CHECK_STR(tell(&agreed, text), is_good ? rows[i].agreed : "");
    }
}

TEST(ws_deflate_wishes_of_users) {
    ws_deflate_wish_t wish = ws_deflate_wish(HTTP_WS_DEFLATE_NOT, 0);
    CHECK(!wish.is_wanted);
    CHECK_EQ(ws_deflate_wish(HTTP_WS_DEFLATE_EACH, 0).window_bits, MK_WS_WINDOW_BITS);
    CHECK_EQ(ws_deflate_wish(HTTP_WS_DEFLATE_EACH, 1).window_bits, 9);
    CHECK_EQ(ws_deflate_wish(HTTP_WS_DEFLATE_EACH, 99).window_bits, 15);
    CHECK(!ws_deflate_wish(HTTP_WS_DEFLATE_EACH, 0).keeps_windows);
    CHECK(ws_deflate_wish(HTTP_WS_DEFLATE_WINDOW, 0).keeps_windows);
}

TEST_TABLE(ws_deflate, TEST_ROW(ws_deflate_server_answers_offers),
           TEST_ROW(ws_deflate_client_offers),
           TEST_ROW(ws_deflate_client_judges_answers),
           TEST_ROW(ws_deflate_wishes_of_users))
