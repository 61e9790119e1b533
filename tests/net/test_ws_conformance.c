/* SPDX-License-Identifier: Apache-2.0 */
/* The behaviours that the public Autobahn suite lists, sections 1 to 7, 9 and 10, for
 * our server and our client; numbered as there. Each row is played in one go, frame by
 * frame and byte by byte (long ones in odd pieces), and must come out the same.
 * Sections 12 and 13 are in test_ws_compression.c. */
#include "ws_script.h"

typedef struct {
    const char *name;
    const char *sent;
    const char *came; /* without a close a normal one is exchanged behind it */
} row_t;

/* 1: messages of all lengths */
static const row_t framing[] = {
    {"1.1.1", "t", "t"},
    {"1.1.2", "t:@125", "t:@125"},
    {"1.1.3", "t:@126", "t:@126"},
    {"1.1.4", "t:@127", "t:@127"},
    {"1.1.5", "t:@128", "t:@128"},
    {"1.1.6", "t:@65535", "t:@65535"},
    {"1.1.7", "t:@65536", "t:@65536"},
    {"1.2.1", "b", "b"},
    {"1.2.2", "b:@125", "b:@125"},
    {"1.2.3", "b:@126", "b:@126"},
    {"1.2.4", "b:@127", "b:@127"},
    {"1.2.5", "b:@128", "b:@128"},
    {"1.2.6", "b:@65535", "b:@65535"},
    {"1.2.7", "b:@65536", "b:@65536"},
};

/* 2: pings and pongs */
static const row_t pings[] = {
    {"2.1", "p", "o"},
    {"2.2", "p:Hello", "o:Hello"},
    {"2.3", "p:%00%FF%FE%FD%FC%FB%00%FF", "o:%00%FF%FE%FD%FC%FB%00%FF"},
    {"2.4", "p:@125", "o:@125"},
    {"2.5", "p:@126", "x1002 ."},
    {"2.6", "p:%FE@124",
     "o:%FE****************************************************************************************************************************"},
    {"2.7", "o", ""},
    {"2.8", "o:unsolicited", ""},
    {"2.9", "o:unsolicited p:ping", "o:ping"},
    {"2.10",
     "p:payload-0 p:payload-1 p:payload-2 p:payload-3 p:payload-4 p:payload-5 p:payload-6 p:payload-7 p:payload-8 p:payload-9",
     "o:payload-0 o:payload-1 o:payload-2 o:payload-3 o:payload-4 o:payload-5 o:payload-6 o:payload-7 o:payload-8 o:payload-9"},
};

/* 3: reserved bits */
static const row_t bits[] = {
    {"3.1", "t/4:hi", "x1002 ."},
    {"3.2", "t:hi t/2:there p", "t:hi x1002 ."},
    {"3.3", "t:hi t/3:there p", "t:hi x1002 ."},
    {"3.4", "t:hi t/4:there p", "t:hi x1002 ."},
    {"3.5", "b/5:%00%FF", "x1002 ."},
    {"3.6", "p/6:hi", "x1002 ."},
    {"3.7", "x/7", "x1002 ."},
    {"3.8", "t-:a c/4:b", "x1002 ."},
};

/* 4: reserved opcodes */
static const row_t opcodes[] = {
    {"4.1.1", "3", "x1002 ."},
    {"4.1.2", "4:payload", "x1002 ."},
    {"4.1.3", "t:hi 5 p", "t:hi x1002 ."},
    {"4.1.4", "t:hi 6 p", "t:hi x1002 ."},
    {"4.1.5", "t:hi 7 p", "t:hi x1002 ."},
    {"4.2.1", "B", "x1002 ."},
    {"4.2.2", "C:payload", "x1002 ."},
    {"4.2.3", "t:hi D p", "t:hi x1002 ."},
    {"4.2.4", "t:hi E p", "t:hi x1002 ."},
    {"4.2.5", "t:hi F p", "t:hi x1002 ."},
};

/* 5: fragments */
static const row_t fragments[] = {
    {"5.1", "p-:frag c:ment", "x1002 ."},
    {"5.2", "o-:frag c:ment", "x1002 ."},
    {"5.3", "t-:frag c:ment", "t:fragment"},
    {"5.6", "t-:frag p:ping c:ment", "o:ping t:fragment"},
    {"5.9", "c:nothing t:hi", "x1002 ."},
    {"5.12", "c-:nothing t:hi", "x1002 ."},
    {"5.15", "t-:frag c:ment c-:nothing t:hi", "t:fragment x1002 ."},
    {"5.16", "c-:nothing t:hi c-:nothing t:hi", "x1002 ."},
    {"5.17", "c:nothing t:hi c:nothing t:hi", "x1002 ."},
    {"5.18", "t-:frag t:ment", "x1002 ."},
    {"5.18b", "t-:frag b-:ment", "x1002 ."},
    {"5.19", "t-:f1 c-:f2 p:p1 c-:f3 c-:f4 p:p2 c:f5", "o:p1 o:p2 t:f1f2f3f4f5"},
    {"5.21", "b-:%00 c- c-:%FF p c", "o b:%00%FF"},
};

/* 6.1 to 6.6: text and where it is cut */
static const row_t texts[] = {
    {"6.1.1", "t", "t"},
    {"6.1.2", "t- c- c", "t"},
    {"6.1.3", "t- c-:middle c", "t:middle"},
    {"6.2.1", "t:Hello-%C2%B5%40%C3%9F%C3%B6%C3%A4%C3%BC%C3%A0%C3%A1-UTF-8!!",
     "t:Hello-%C2%B5%40%C3%9F%C3%B6%C3%A4%C3%BC%C3%A0%C3%A1-UTF-8!!"},
    {"6.2.2", "t-:Hello-%C2%B5%40 c:%C3%9F%C3%B6%C3%A4%C3%BC%C3%A0%C3%A1-UTF-8!!",
     "t:Hello-%C2%B5%40%C3%9F%C3%B6%C3%A4%C3%BC%C3%A0%C3%A1-UTF-8!!"},
    {"6.2.3",
     "t-:H c-:e c-:l c-:l c-:o c-:- c-:%C2 c-:%B5 c-:%40 c-:%C3 c-:%9F c-:%C3 c-:%B6 c-:%C3 c-:%A4 c-:%C3 c-:%BC c-:%C3 c-:%A0 c-:%C3 c-:%A1 c-:- c-:U c-:T c-:F c-:- c-:8 c-:! c:!",
     "t:Hello-%C2%B5%40%C3%9F%C3%B6%C3%A4%C3%BC%C3%A0%C3%A1-UTF-8!!"},
    {"6.2.4", "t:%CE%BA%E1%BD%B9%CF%83%CE%BC%CE%B5",
     "t:%CE%BA%E1%BD%B9%CF%83%CE%BC%CE%B5"},
    {"6.3.1", "t:%CE%BA%E1%BD%B9%CF%83%CE%BC%CE%B5%ED%A0%80edited", "x1007 ."},
    {"6.3.2",
     "t-:%CE c-:%BA c-:%E1 c-:%BD c-:%B9 c-:%CF c-:%83 c-:%CE c-:%BC c-:%CE c-:%B5 c-:%ED c-:%A0 c-:%80 c-:e c-:d c-:i c-:t c-:e c:d",
     "x1007 ."},
    {"6.4.1", "t-:%CE%BA%E1%BD%B9%CF%83%CE%BC%CE%B5 c-:%F4%90%80%80", "x1007 ."},
    {"6.4.2", "t-:%CE%BA%E1%BD%B9%CF%83%CE%BC%CE%B5%F4 c-:%90", "x1007 ."},
    {"6.6.1", "t:%CE", "x1007 ."},
    {"6.6.2", "t:%CE%BA", "t:%CE%BA"},
    {"6.6.3", "t:%CE%BA%E1", "x1007 ."},
    {"6.6.4", "t:%CE%BA%E1%BD", "x1007 ."},
    {"6.6.5", "t:%CE%BA%E1%BD%B9", "t:%CE%BA%E1%BD%B9"},
    {"6.6.6", "t:%CE%BA%E1%BD%B9%CF", "x1007 ."},
    {"6.6.7", "t:%CE%BA%E1%BD%B9%CF%83", "t:%CE%BA%E1%BD%B9%CF%83"},
    {"6.6.8", "t:%CE%BA%E1%BD%B9%CF%83%CE", "x1007 ."},
    {"6.6.9", "t:%CE%BA%E1%BD%B9%CF%83%CE%BC", "t:%CE%BA%E1%BD%B9%CF%83%CE%BC"},
    {"6.6.10", "t:%CE%BA%E1%BD%B9%CF%83%CE%BC%CE", "x1007 ."},
};

/* 7: closing */
static const row_t closings[] = {
    {"7.1.1", "t:hi x1000", "t:hi x1000 ."},
    {"7.1.2", "x1000 x1000", "x1000 ."},
    {"7.1.3", "x1000 p", "x1000 ."},
    {"7.1.4", "x1000 t:late", "x1000 ."},
    {"7.1.5", "t-:frag x1000 c:ment", "x1000 ."},
    {"7.1.6", "t:@262144 x1000 p", "t:@262144 x1000 ."},
    {"7.3.1", "x", "x ."},
    {"7.3.2", "x:a", "x1002 ."},
    {"7.3.3", "x1000", "x1000 ."},
    {"7.3.4", "x1000:Hello%20World!", "x1000 ."},
    {"7.3.5", "x1000:@123", "x1000 ."},
    {"7.3.6", "x1000:@124", "x1002 ."},
    {"7.5.1", "x1000:%CE%BA%E1%BD%B9%CF%83%CE%BC%CE%B5%ED%A0%80edited", "x1007 ."},
    {"7.7.1", "x1000", "x1000 ."},
    {"7.7.2", "x1001", "x1001 ."},
    {"7.7.3", "x1002", "x1002 ."},
    {"7.7.4", "x1003", "x1003 ."},
    {"7.7.5", "x1007", "x1007 ."},
    {"7.7.6", "x1008", "x1008 ."},
    {"7.7.7", "x1009", "x1009 ."},
    {"7.7.8", "x1010", "x1010 ."},
    {"7.7.9", "x1011", "x1011 ."},
    {"7.7.10", "x3000", "x3000 ."},
    {"7.7.11", "x3999", "x3999 ."},
    {"7.7.12", "x4000", "x4000 ."},
    {"7.7.13", "x4999", "x4999 ."},
    {"7.9.1", "x0", "x1002 ."},
    {"7.9.2", "x999", "x1002 ."},
    {"7.9.3", "x1004", "x1002 ."},
    {"7.9.4", "x1005", "x1002 ."},
    {"7.9.5", "x1006", "x1002 ."},
    {"7.9.6", "x1016", "x1002 ."},
    {"7.9.7", "x1100", "x1002 ."},
    {"7.9.8", "x2000", "x1002 ."},
    {"7.9.9", "x2999", "x1002 ."},
    {"7.13.1", "x5000", "x1002 ."},
    {"7.13.2", "x65535", "x1002 ."},
};

/* 9.1, 9.2: long messages */
static const row_t long_ones[] = {
    {"9.1.1", "t:@65536", "t:@65536"},     {"9.2.1", "b:@65536", "b:@65536"},
    {"9.1.2", "t:@262144", "t:@262144"},   {"9.2.2", "b:@262144", "b:@262144"},
    {"9.1.3", "t:@1048576", "t:@1048576"}, {"9.2.3", "b:@1048576", "b:@1048576"},
    {"9.1.4", "t:@4194304", "t:@4194304"}, {"9.2.4", "b:@4194304", "b:@4194304"},
};

typedef struct {
    const char *name;
    const char *bytes;
} text_row_t;

/* 6.7 to 6.23: texts that are UTF-8 */
static const text_row_t good_texts[] = {
    {"6.7.1", "%00"},
    {"6.7.2", "%C2%80"},
    {"6.7.3", "%E0%A0%80"},
    {"6.7.4", "%F0%90%80%80"},
    {"6.9.1", "%7F"},
    {"6.9.2", "%DF%BF"},
    {"6.9.3", "%EF%BF%BF"},
    {"6.9.4", "%F4%8F%BF%BF"},
    {"6.11.1", "%ED%9F%BF"},
    {"6.11.2", "%EE%80%80"},
    {"6.11.3", "%EF%BF%BD"},
    {"6.11.4", "%F4%8F%BF%BF"},
    {"6.22.1", "%EF%BF%BE"},
    {"6.22.2", "%EF%BF%BF"},
    {"6.22.3", "%F0%9F%BF%BE"},
    {"6.22.4", "%F0%9F%BF%BF"},
    {"6.22.5", "%F0%AF%BF%BE"},
    {"6.22.6", "%F0%AF%BF%BF"},
    {"6.22.7", "%F0%BF%BF%BE"},
    {"6.22.8", "%F0%BF%BF%BF"},
    {"6.22.9", "%F1%8F%BF%BE"},
    {"6.22.10", "%F1%8F%BF%BF"},
    {"6.22.11", "%F1%9F%BF%BE"},
    {"6.22.12", "%F1%9F%BF%BF"},
    {"6.22.13", "%F1%AF%BF%BE"},
    {"6.22.14", "%F1%AF%BF%BF"},
    {"6.22.15", "%F1%BF%BF%BE"},
    {"6.22.16", "%F1%BF%BF%BF"},
    {"6.22.17", "%F2%8F%BF%BE"},
    {"6.22.18", "%F2%8F%BF%BF"},
    {"6.22.19", "%F2%9F%BF%BE"},
    {"6.22.20", "%F2%9F%BF%BF"},
    {"6.22.21", "%F2%AF%BF%BE"},
    {"6.22.22", "%F2%AF%BF%BF"},
    {"6.22.23", "%F2%BF%BF%BE"},
    {"6.22.24", "%F2%BF%BF%BF"},
    {"6.22.25", "%F3%8F%BF%BE"},
    {"6.22.26", "%F3%8F%BF%BF"},
    {"6.22.27", "%F3%9F%BF%BE"},
    {"6.22.28", "%F3%9F%BF%BF"},
    {"6.22.29", "%F3%AF%BF%BE"},
    {"6.22.30", "%F3%AF%BF%BF"},
    {"6.22.31", "%F3%BF%BF%BE"},
    {"6.22.32", "%F3%BF%BF%BF"},
    {"6.22.33", "%F4%8F%BF%BE"},
    {"6.22.34", "%F4%8F%BF%BF"},
    {"6.23.1", "%EF%BF%B9"},
    {"6.23.2", "%EF%BF%BA"},
    {"6.23.3", "%EF%BF%BB"},
    {"6.23.4", "%EF%BF%BC"},
    {"6.23.5", "%EF%BF%BD"},
    {"6.23.6", "%EF%BB%BF"},
};

/* and that are none */
static const text_row_t bad_texts[] = {
    {"6.8.1", "%F8%88%80%80%80"},
    {"6.8.2", "%FC%84%80%80%80%80"},
    {"6.10.1", "%F7%BF%BF%BF"},
    {"6.10.2", "%FB%BF%BF%BF%BF"},
    {"6.10.3", "%FD%BF%BF%BF%BF%BF"},
    {"6.11.5.1", "%F4%90%80%80"},
    {"6.12.1", "%80"},
    {"6.12.2", "%BF"},
    {"6.12.3", "%80%BF"},
    {"6.12.4", "%80%BF%80"},
    {"6.12.5", "%80%BF%80%BF"},
    {"6.12.6", "%80%BF%80%BF%80"},
    {"6.12.7", "%80%BF%80%BF%80%BF"},
    {"6.12.8", "%80%BF%80%BF%80%BF%80"},
    {"6.12.9",
     "%80%81%82%83%84%85%86%87%88%89%8A%8B%8C%8D%8E%8F%90%91%92%93%94%95%96%97%98%99%9A%9B%9C%9D%9E%9F%A0%A1%A2%A3%A4%A5%A6%A7%A8%A9%AA%AB%AC%AD%AE%AF%B0%B1%B2%B3%B4%B5%B6%B7%B8%B9%BA%BB%BC%BD%BE%BF"},
    {"6.13.1",
     "%C0%20%C1%20%C2%20%C3%20%C4%20%C5%20%C6%20%C7%20%C8%20%C9%20%CA%20%CB%20%CC%20%CD%20%CE%20%CF%20%D0%20%D1%20%D2%20%D3%20%D4%20%D5%20%D6%20%D7%20%D8%20%D9%20%DA%20%DB%20%DC%20%DD%20%DE%20%DF%20"},
    {"6.13.2",
     "%E0%20%E1%20%E2%20%E3%20%E4%20%E5%20%E6%20%E7%20%E8%20%E9%20%EA%20%EB%20%EC%20%ED%20%EE%20%EF%20"},
    {"6.13.3", "%F0%20%F1%20%F2%20%F3%20%F4%20%F5%20%F6%20%F7%20"},
    {"6.13.4", "%F8%20%F9%20%FA%20%FB%20"},
    {"6.13.5", "%FC%20%FD%20"},
    {"6.14.1", "%C0"},
    {"6.14.2", "%E0%80"},
    {"6.14.3", "%F0%80%80"},
    {"6.14.4", "%F8%80%80%80"},
    {"6.14.5", "%FC%80%80%80%80"},
    {"6.14.6", "%DF"},
    {"6.14.7", "%EF%BF"},
    {"6.14.8", "%F7%BF%BF"},
    {"6.14.9", "%FB%BF%BF%BF"},
    {"6.14.10", "%FD%BF%BF%BF%BF"},
    {"6.15.1",
     "%C0%E0%80%F0%80%80%F8%80%80%80%FC%80%80%80%80%DF%EF%BF%F7%BF%BF%FB%BF%BF%BF%FD%BF%BF%BF%BF"},
    {"6.16.1", "%FE"},
    {"6.16.2", "%FF"},
    {"6.16.3", "%FE%FE%FF%FF"},
    {"6.17.1", "%C0%AF"},
    {"6.17.2", "%E0%80%AF"},
    {"6.17.3", "%F0%80%80%AF"},
    {"6.17.4", "%F8%80%80%80%AF"},
    {"6.17.5", "%FC%80%80%80%80%AF"},
    {"6.18.1", "%C1%BF"},
    {"6.18.2", "%E0%9F%BF"},
    {"6.18.3", "%F0%8F%BF%BF"},
    {"6.18.4", "%F8%87%BF%BF%BF"},
    {"6.18.5", "%FC%83%BF%BF%BF%BF"},
    {"6.19.1", "%C0%80"},
    {"6.19.2", "%E0%80%80"},
    {"6.19.3", "%F0%80%80%80"},
    {"6.19.4", "%F8%80%80%80%80"},
    {"6.19.5", "%FC%80%80%80%80%80"},
    {"6.20.1", "%ED%A0%80"},
    {"6.20.2", "%ED%AD%BF"},
    {"6.20.3", "%ED%AE%80"},
    {"6.20.4", "%ED%AF%BF"},
    {"6.20.5", "%ED%B0%80"},
    {"6.20.6", "%ED%BE%80"},
    {"6.20.7", "%ED%BF%BF"},
    {"6.21.1", "%ED%A0%80%ED%B0%80"},
    {"6.21.2", "%ED%A0%80%ED%BF%BF"},
    {"6.21.3", "%ED%AD%BF%ED%B0%80"},
    {"6.21.4", "%ED%AD%BF%ED%BF%BF"},
    {"6.21.5", "%ED%AE%80%ED%B0%80"},
    {"6.21.6", "%ED%AE%80%ED%BF%BF"},
    {"6.21.7", "%ED%AF%BF%ED%B0%80"},
    {"6.21.8", "%ED%AF%BF%ED%BF%BF"},
};

/* --- playing --- */

static void play(const row_t *row, bool is_client, size_t piece, size_t cap) {
    static char came[16384], want[16384];
    bool closes = strstr(row->came, "x") != NULL;
    (void)snprintf(want, sizeof want, "%s%s%s", row->came,
                   !closes && row->came[0] != '\0' ? " " : "", closes ? "" : "x1000 .");
    talk_open(is_client, NULL, NULL, NULL);
    CHECK_EQ(talk.opened, 1);
    script_send(row->sent, piece, cap);
    if (!closes) script_send("x1000", SCRIPT_AT_ONCE, 0);
    script_tell(came, sizeof came);
    /* An actor answers after the read: too late when a close came with the message. */
    size_t late = strlen(want) - strlen(came);
    const char *wanted = want;
    if (is_client && piece != SCRIPT_BY_FRAME && piece != 1 && closes &&
        late < sizeof want && (late == 0 || want[late - 1] == ' '))
        wanted += late;
    if (strcmp(came, wanted) != 0)
        fprintf(stderr, "%s, %s, pieces of %u\n", row->name,
                is_client ? "client" : "server", (unsigned)piece);
    CHECK_STR(came, wanted);
    CHECK_EQ(talk.closed, 1);
    talk_close();
}

static void play_all(const row_t *rows, size_t len) {
    static const size_t pieces[] = {SCRIPT_AT_ONCE, SCRIPT_BY_FRAME, 1};
    for (size_t i = 0; i < len; i++) {
        const char *stars = strchr(rows[i].sent, '@');
        size_t cap = stars != NULL ? strtoul(stars + 1, NULL, 10) : 0;
        for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
            size_t piece = pieces[k];
            if (piece == 1 && cap > 10000) piece = cap > 1000000 ? 99991 : 997;
            play(&rows[i], false, piece, cap);
            if (cap <= MK_WS_MESSAGE_MAX) play(&rows[i], true, piece, cap);
        }
    }
}

#define PLAY(rows) play_all(rows, sizeof(rows) / sizeof(rows)[0])

TEST(ws_conforms_in_framing) {
    PLAY(framing);
}
TEST(ws_conforms_in_pings) {
    PLAY(pings);
}
TEST(ws_conforms_in_reserved_bits) {
    PLAY(bits);
}
TEST(ws_conforms_in_opcodes) {
    PLAY(opcodes);
}
TEST(ws_conforms_in_fragments) {
    PLAY(fragments);
}
TEST(ws_conforms_in_texts) {
    PLAY(texts);
}
TEST(ws_conforms_in_closing) {
    PLAY(closings);
}
TEST(ws_conforms_in_long_messages) {
    PLAY(long_ones);
}

/* Whole, and with each byte in a fragment of its own. */
static void play_text(const text_row_t *text, bool is_good) {
    char whole[1024], cut[4096];
    mk_writer_t w;
    (void)snprintf(whole, sizeof whole, "t:%s", text->bytes);
    writer_init(&w, cut, sizeof cut);
    size_t len = strlen(text->bytes) / 3; /* each is %HH */
    for (size_t i = 0; i < len; i++)
        writer_format(&w, "%s%s%s:%.3s", i > 0 ? " " : "", i > 0 ? "c" : "t",
                      i + 1 < len ? "-" : "", text->bytes + 3 * i);
    row_t rows[] = {{text->name, whole, is_good ? whole : "x1007 ."},
                    {text->name, cut, is_good ? whole : "x1007 ."}};
    PLAY(rows);
}

TEST(ws_conforms_in_good_texts) {
    for (size_t i = 0; i < sizeof good_texts / sizeof good_texts[0]; i++)
        play_text(&good_texts[i], true);
}

TEST(ws_conforms_in_bad_texts) {
    for (size_t i = 0; i < sizeof bad_texts / sizeof bad_texts[0]; i++)
        play_text(&bad_texts[i], false);
}

/* 9.3 to 9.6: a message of 1 MiB in fragments and in pieces of many sizes. */
TEST(ws_conforms_in_long_messages_cut_up) {
    enum { WHOLE = 1 << 20 };
    static const size_t sizes[] = {64, 256, 1024, 4096, 16384, 65536, 262144, WHOLE};
    uint8_t *bytes = malloc(2 * WHOLE), *payload = malloc(WHOLE);
    CHECK(bytes != NULL && payload != NULL);
    memset(payload, '*', WHOLE);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int is_client = 0; is_client < 2; is_client++) {
            char came[64];
            size_t size = 0;
            talk_open(is_client, NULL, NULL, NULL);
            for (size_t at = 0; at < WHOLE; at += sizes[i])
                size += talk_put(bytes + size,
                                 (at == 0 ? 1u : 0u) |
                                     (at + sizes[i] == WHOLE ? 0x80u : 0u),
                                 payload + at, sizes[i]);
            talk_send(bytes, size, sizes[i] < 1024 ? SIZE_MAX : sizes[i]);
            talk_settle();
            script_tell(came, sizeof came);
            CHECK_STR(came, "t:@1048576");
            talk_close();
        }
    }
    free(bytes);
    free(payload);
}

/* 9.7, 9.8: many messages, each answered before the next. 10.1: cut by the sender. */
TEST(ws_conforms_in_many_messages) {
    static const unsigned sizes[] = {0, 16, 64, 256, 1024, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int is_client = 0; is_client < 2; is_client++) {
            char word[32], came[32];
            (void)snprintf(word, sizeof word, sizes[i] > 32 ? "%s:@%u" : "%s",
                           i % 2 != 0 ? "b" : "t", sizes[i]);
            talk_open(is_client, NULL, NULL, NULL);
            for (unsigned n = 1; n <= 200; n++) {
                talk.got_size = 0;
                script_send(word, SCRIPT_AT_ONCE, sizes[i]);
                script_tell(came, sizeof came);
                CHECK_STR(came, word);
                CHECK_EQ(talk.messages, n);
            }
            talk_close();
        }
    }
}

TEST_TABLE(ws_conformance, TEST_ROW(ws_conforms_in_framing),
           TEST_ROW(ws_conforms_in_pings), TEST_ROW(ws_conforms_in_reserved_bits),
           TEST_ROW(ws_conforms_in_opcodes), TEST_ROW(ws_conforms_in_fragments),
           TEST_ROW(ws_conforms_in_texts), TEST_ROW(ws_conforms_in_good_texts),
           TEST_ROW(ws_conforms_in_bad_texts), TEST_ROW(ws_conforms_in_closing),
           TEST_ROW(ws_conforms_in_long_messages),
           TEST_ROW(ws_conforms_in_long_messages_cut_up),
           TEST_ROW(ws_conforms_in_many_messages))
