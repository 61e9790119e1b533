/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed WebSockets (RFC 7692; sections 12 and 13 of the Autobahn suite): messages
 * of many sizes, whole and in fragments, with what both sides may agree upon; bombs,
 * nonsense and what is held. The peer compresses with the same engine, by itself. */
#include "ws_script.h"

#include "port/deflate.h"

typedef struct {
    port_deflate_t *in, *out; /* of the peer */
    bool keeps_in, keeps_out;
} squeezer_t;

static squeezer_t peer;

static const uint8_t tail[4] = {0x00, 0x00, 0xFF, 0xFF};

/* First in each test: without zlib there is nothing to agree upon. */
static void need_deflate(void) {
    if (!port_deflate_is_available()) test_skip("this build does not compress");
}

static void open_peer_engines(unsigned in_bits, bool keeps_in, unsigned out_bits,
                              bool keeps_out) {
    CHECK_EQ(port_deflate_open(&peer.in, true, in_bits), MK_OK);
    CHECK_EQ(port_deflate_open(&peer.out, false, out_bits), MK_OK);
    peer.keeps_in = keeps_in;
    peer.keeps_out = keeps_out;
}

static void close_all(void) {
    port_deflate_close(peer.in);
    port_deflate_close(peer.out);
    memset(&peer, 0, sizeof peer);
    talk_close();
}

/* Send a compressed message in frames of `part` bytes, as `first` says (1: text). */
static void send_squeezed(unsigned op, const void *bytes, size_t size, size_t part) {
    buffer_t small;
    buffer_init(&small, SIZE_MAX / 2);
    if (!peer.keeps_out) port_deflate_reset(peer.out);
    CHECK_EQ(port_deflate_compress(peer.out, bytes, size, &small), MK_OK);
    size_t left = size > 0 ? buffer_size(&small) - sizeof tail : 0;
    uint8_t *frame = malloc(left + WS_HEAD_MAX + 1);
    CHECK(frame != NULL);
    if (left == 0) { /* nothing: one empty block (RFC 7692, section 7.2.3.6) */
        CHECK_EQ(buffer_append(&small, "\0", 1), MK_OK);
        left = 1;
    }
    const uint8_t *at = buffer_bytes(&small);
    for (bool is_first = true; left > 0; is_first = false) {
        size_t now = left < part ? left : part;
        unsigned head = (is_first ? op | 0x40u : 0u) | (now == left ? 0x80u : 0u);
        talk_send(frame, talk_put(frame, head, at, now), SIZE_MAX);
        at += now;
        left -= now;
    }
    free(frame);
    buffer_deinit(&small);
    talk_settle();
}

/* One message came, with that opcode and these bytes. Returns whether it is compressed.
 */
static bool check_came(unsigned op, const void *bytes, size_t size) {
    frame_t frame;
    buffer_t whole;
    size_t at = 0;
    CHECK(talk_next(&at, &frame));
    CHECK_EQ(at, talk.got_size);
    bool is_squeezed = (frame.first & 0x40u) != 0;
    CHECK_EQ(frame.first & 0xBFu, 0x80u | op);
    talk.got_size = 0;
    if (!is_squeezed) {
        CHECK_EQ(frame.size, size);
        CHECK_MEM(frame.payload, bytes, size);
        return false;
    }
    buffer_init(&whole, size);
    if (!peer.keeps_in) port_deflate_reset(peer.in);
    CHECK_EQ(port_deflate_expand(peer.in, frame.payload, frame.size, &whole), MK_OK);
    CHECK_EQ(port_deflate_expand(peer.in, tail, sizeof tail, &whole), MK_OK);
    CHECK_EQ(buffer_size(&whole), size);
    CHECK_MEM(buffer_bytes(&whole), bytes, size);
    CHECK(frame.size < size);
    buffer_deinit(&whole);
    return true;
}

static char text[200000];

static void fill_text(void) {
    uint32_t chance = 7;
    for (size_t i = 0; i < sizeof text; i++) {
        chance = chance * 1103515245u + 12345u;
        text[i] = (chance >> 16) % 5 == 0 ? (char)('a' + (chance >> 20) % 26)
                                          : "{\"name\": \"value\"}, "[i % 19];
    }
}

typedef struct {
    bool is_client; /* ours is */
    http_ws_deflate_t mode;
    uint8_t bits;
    const char *peers; /* its offer, or its answer */
    const char *ours;  /* the answer, or what the offer has in it */
    unsigned in_bits;  /* of the peer's engines, and whether they keep their windows */
    bool keeps_in;
    unsigned out_bits;
    bool keeps_out;
} agreement_t;

#define PMD  "permessage-deflate"
#define NO_S "; server_no_context_takeover"
#define NO_C "; client_no_context_takeover"
#define S_B  "; server_max_window_bits"
#define C_B  "; client_max_window_bits"
#define EACH HTTP_WS_DEFLATE_EACH
#define WIN  HTTP_WS_DEFLATE_WINDOW

static const agreement_t agreements[] = {
    {false, EACH, 0, PMD, PMD NO_S NO_C, 15, false, 15, false},
    {false, EACH, 0, PMD C_B, PMD NO_S NO_C, 15, false, 15, false},
    {false, EACH, 0, PMD S_B "=9", PMD NO_S NO_C S_B "=9", 9, false, 15, false},
    {false, WIN, 0, PMD C_B, PMD, 15, true, 15, true},
    {false, WIN, 0, PMD NO_S, PMD NO_S, 15, false, 15, true},
    {false, WIN, 0, PMD NO_C, PMD NO_C, 15, true, 15, false},
    {false, WIN, 9, PMD C_B, PMD S_B "=9" C_B "=9", 9, true, 9, true},
    {false, WIN, 12, PMD S_B "=10" C_B "=11", PMD S_B "=10" C_B "=11", 10, true, 11,
     true},
    {true, EACH, 0, PMD NO_S NO_C, PMD C_B NO_C NO_S, 15, false, 15, false},
    {true, EACH, 0, PMD, PMD C_B NO_C NO_S, 15, false, 15, true},
    {true, WIN, 0, PMD, PMD C_B, 15, true, 15, true},
    {true, WIN, 0, PMD NO_C, PMD C_B, 15, false, 15, true},
    {true, WIN, 0, PMD NO_S C_B "=9", PMD C_B, 9, true, 15, false},
    {true, WIN, 10, PMD S_B "=10", PMD C_B S_B "=10", 10, true, 10, true},
};

static void agree(const agreement_t *row) {
    char line[256];
    http_listen_options_t listen = {.ws_deflate = row->mode,
                                    .ws_window_bits = row->bits};
    http_ws_options_t connect = {.deflate = row->mode, .window_bits = row->bits};
    talk_open(row->is_client, &listen, &connect, row->peers);
    (void)snprintf(line, sizeof line, "\r\nSec-WebSocket-Extensions: %s\r\n",
                   row->ours);
    if (strstr(talk.head, line) == NULL) CHECK_STR(talk.head, line);
    CHECK_EQ(talk.opened, 1);
    open_peer_engines(row->in_bits, row->keeps_in, row->out_bits, row->keeps_out);
}

TEST(ws_compresses_messages_as_agreed) {
    need_deflate();
    static const size_t sizes[] = {0, 1, 16, 127, 128, 1024, 8192, 65536, sizeof text};
    static const size_t parts[] = {SIZE_MAX, 4096, 7};
    fill_text();
    for (size_t i = 0; i < sizeof agreements / sizeof agreements[0]; i++) {
        size_t squeezed = 0;
        agree(&agreements[i]);
        for (size_t k = 0; k < 3 * sizeof sizes / sizeof sizes[0]; k++) {
            size_t size = sizes[k / 3];
            if (size > 8192 && parts[k % 3] == 7) continue;
            unsigned op = k % 2 == 0 ? 1 : 2;
            send_squeezed(op, text, size, parts[k % 3]);
            squeezed += check_came(op, text, size);
            /* What is not compressed may come between. */
            script_send("t:plain p:ping", SCRIPT_AT_ONCE, 0);
            char came[64];
            script_tell(came, sizeof came);
            bool is_pong_first = talk.is_client;
            CHECK_STR(came, is_pong_first ? "o:ping t:plain" : "t:plain o:ping");
            talk.got_size = 0;
        }
        CHECK(squeezed >= 10);
        close_all();
    }
}

/* Where windows are kept the second time is shorter. */
TEST(ws_compression_refers_to_earlier_messages_if_agreed) {
    need_deflate();
    fill_text();
    for (size_t i = 0; i < sizeof agreements / sizeof agreements[0]; i++) {
        size_t sizes[2];
        agree(&agreements[i]);
        for (int k = 0; k < 2; k++) {
            send_squeezed(1, text, 400, SIZE_MAX);
            sizes[k] = talk.got_size;
            CHECK(check_came(1, text, 400));
        }
        /* A window of 2^9 bytes does not reach back that far. */
        bool keeps = agreements[i].mode == WIN && agreements[i].keeps_in &&
                     agreements[i].in_bits > 9;
        CHECK_EQ(sizes[1] < sizes[0] / 2, keeps);
        close_all();
    }
}

TEST(ws_does_not_compress_unless_agreed) {
    need_deflate();
    static const struct {
        bool is_client;
        http_ws_deflate_t mode;
        const char *peers;
    } rows[] = {{false, HTTP_WS_DEFLATE_NOT, PMD},
                {false, EACH, NULL},
                {false, EACH, PMD S_B "=8"},
                {true, HTTP_WS_DEFLATE_NOT, NULL},
                {true, EACH, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char came[64];
        http_listen_options_t listen = {.ws_deflate = rows[i].mode};
        http_ws_options_t connect = {.deflate = rows[i].mode};
        talk_open(rows[i].is_client, &listen, &connect, rows[i].peers);
        CHECK_EQ(talk.opened, 1);
        bool is_said = strstr(talk.head, "Sec-WebSocket-Extensions") != NULL;
        CHECK_EQ(is_said, rows[i].is_client && rows[i].mode == EACH);
        script_send("t:@1000", SCRIPT_AT_ONCE, 1000);
        script_tell(came, sizeof came);
        CHECK_STR(came, "t:@1000");
        talk.got_size = 0;
        script_send("t/4:hello", SCRIPT_AT_ONCE, 0);
        script_tell(came, sizeof came);
        CHECK_STR(came, "x1002 .");
        talk_close();
    }
}

/* --- what must not be --- */

TEST(ws_compression_rows_of_faults) {
    need_deflate();
    static const struct {
        const char *sent;
        const char *came;
    } rows[] = {
        /* "Hello" (RFC 7692, section 7.2.3.1), in fragments, stored, with a last block
         */
        {"t/4:%F2%48%CD%C9%C9%07%00", "t:Hello"},
        {"t-/4:%F2%48%CD c:%C9%C9%07%00", "t:Hello"},
        {"t-/4 c-:%F2%48%CD p c:%C9%C9%07%00", "o t:Hello"},
        {"t/4:%00%05%00%FA%FF%48%65%6C%6C%6F%00", "t:Hello"},
        {"t/4:%F3%48%CD%C9%C9%07%00%00", "t:Hello"},
        {"t/4:%F2%48%05%00%00%00%FF%FF%CA%C9%C9%07%00", "t:Hello"},
        {"t/4:%00", "t"},
        {"t/4 b", "t b"},
        /* RSV1 where it must not be, other reserved bits */
        {"t-/4:%F2%48%CD c/4:%C9%C9%07%00", "x1002 ."},
        {"p/4", "x1002 ."},
        {"x/4", "x1002 ."},
        {"t/6:%F2%48%CD%C9%C9%07%00", "x1002 ."},
        {"t/2", "x1002 ."},
        /* no DEFLATE; one that refers to what never was */
        {"b/4:%06", "x1007 ."},
        {"b/4:hello", "x1007 ."},
        {"b-/4:%FF%FF", "x1007 ."},
        {"b/4:%02%01%00", "x1007 ."},
        /* text that is none: whole, cut at the end, at its first bad byte */
        {"t/4:%00%01%00%FE%FF%FF%00", "x1007 ."},
        {"t/4:%00%01%00%FE%FF%C3%00", "x1007 ."},
        {"t-/4:%00%01%00%FE%FF%FF", "x1007 ."},
        {"t-/4:%00%01%00%FE%FF%C3 c:%00%01%00%FE%FF%A4%00", "t:%C3%A4"},
        {"b/4:%00%01%00%FE%FF%FF%00", "b:%FF"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 0; piece < 2; piece++) {
            for (int is_client = 0; is_client < 2; is_client++) {
                char came[64];
                talk_open(is_client, NULL, NULL, PMD NO_S NO_C);
                script_send(rows[i].sent, piece, 0);
                script_tell(came, sizeof came);
                if (strcmp(came, rows[i].came) != 0)
                    fprintf(stderr, "%s (client: %d)\n", rows[i].sent, is_client);
                CHECK_STR(came, rows[i].came);
                talk_close();
            }
        }
    }
}

/* The limit is that of the message as it is, to the byte; a bomb costs no more. */
TEST(ws_compression_keeps_to_the_limit) {
    need_deflate();
    enum { LIMIT = 10000 };
    static char zeros[1 << 20];
    fill_text();
    for (size_t i = 0; i < 6; i++) {
        static const size_t sizes[] = {LIMIT, LIMIT + 1, sizeof zeros};
        http_listen_options_t listen = {.ws_message_max = LIMIT};
        const void *bytes = i < 3 ? text : zeros;
        size_t size = sizes[i % 3];
        if (bytes == text && size > sizeof text) size = sizeof text;
        talk_open(false, &listen, NULL, PMD);
        open_peer_engines(15, false, 15, false);
        send_squeezed(2, bytes, size, i % 2 == 0 ? SIZE_MAX : 100);
        if (size == LIMIT) {
            (void)check_came(2, bytes, size);
        } else {
            char came[64];
            script_tell(came, sizeof came);
            CHECK_STR(came, "x1009 .");
            CHECK_EQ(talk.messages, 0);
        }
        close_all();
    }
    /* What cannot be compressed gets some bytes longer, and is still taken; what is not
     * compressed at all has no such room. */
    uint32_t chance = 3;
    for (size_t i = 0; i < LIMIT; i++) {
        chance = chance * 1664525u + 1013904223u;
        text[i] = (char)(chance >> 24);
    }
    http_listen_options_t listen = {.ws_message_max = LIMIT};
    for (int is_plain = 0; is_plain < 2; is_plain++) {
        char came[64];
        talk_open(false, &listen, NULL, PMD);
        open_peer_engines(15, false, 15, false);
        if (is_plain) {
            script_send("b:@10001", SCRIPT_AT_ONCE, LIMIT + 1);
            script_tell(came, sizeof came);
            CHECK_STR(came, "x1009 .");
        } else {
            send_squeezed(2, text, LIMIT, SIZE_MAX);
            CHECK(!check_came(2, text, LIMIT));
        }
        close_all();
    }
}

/* --- what is held --- */

/* How much a few bytes become has to be paid for, too: of fifty bombs that lie
 * there at once a look of the loop opens few, and others have their turn. */
TEST(ws_compression_opens_few_bombs_in_a_turn) {
    need_deflate();
    enum { SIZE = 1 << 18, BOMBS = 50, PER_TURN = 4096 * 1032 };
    static char zeros[SIZE];
    static uint8_t frames[131072];
    buffer_t small;
    talk_open(false, NULL, NULL, PMD);
    open_peer_engines(15, false, 15, false);
    sim_net_set_window(sizeof frames);
    buffer_init(&small, SIZE);
    CHECK_EQ(port_deflate_compress(peer.out, zeros, SIZE, &small), MK_OK);
    size_t size = 0, payload = buffer_size(&small) - sizeof tail;
    CHECK((payload + WS_HEAD_MAX) * BOMBS <= sizeof frames);
    for (int i = 0; i < BOMBS; i++)
        size += talk_put(frames + size, 0xC2, buffer_bytes(&small), payload);
    port_slice_t slice = {frames, size};
    CHECK_EQ(port_socket_write(talk.handle, &slice, 1), (int)size);
    unsigned looks = 0;
    for (; talk.messages < BOMBS && looks < 10 * BOMBS; looks++) {
        unsigned before = talk.messages;
        runtime_step(talk.rt);
        talk_read();
        CHECK((talk.messages - before) * (uint64_t)SIZE <= PER_TURN + SIZE);
    }
    CHECK_EQ(talk.messages, BOMBS);
    CHECK(looks > BOMBS / (PER_TURN / SIZE + 1));
    talk_settle();
    buffer_deinit(&small);
    close_all();
}

TEST(ws_compression_holds_nothing_when_idle_unless_windows_are_kept) {
    need_deflate();
    fill_text();
    for (int keeps = 0; keeps < 2; keeps++) {
        http_listen_options_t listen = {.ws_deflate = keeps ? WIN : EACH};
        talk_open(false, &listen, NULL, PMD);
        open_peer_engines(15, keeps, 15, keeps);
        size_t before = http_counters(talk.rt).memory_bytes;
        if (!keeps) CHECK(before <= 256);
        send_squeezed(1, text, 5000, 1000);
        (void)check_came(1, text, 5000);
        size_t after = http_counters(talk.rt).memory_bytes;
        if (keeps)
            CHECK(after > 256 * 1024 && after < 400 * 1024);
        else
            CHECK_EQ(after, before);
        close_all();
    }
}

/* Two at a time, each in the middle of a message: they do not mix. */
TEST(ws_compression_serves_several_at_a_time) {
    need_deflate();
    static const uint8_t hello[] = {0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00};
    int handles[3];
    char bytes[64];
    talk_open(false, NULL, NULL, PMD);
    int first = talk.handle;
    for (int i = 0; i < 3; i++) {
        port_address_t at = address_loopback(TALK_PORT);
        talk.handle = handles[i] = port_socket_connect(&at);
        talk_run();
        const char *request = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Extensions: " PMD "\r\n\r\n";
        talk_send(request, strlen(request), SIZE_MAX);
    }
    for (size_t at = 0; at < sizeof hello; at++) {
        for (int i = 0; i < 3; i++) {
            talk.handle = handles[i];
            unsigned head =
                (at == 0 ? 0x41u : 0u) | (at == sizeof hello - 1 ? 0x80u : 0u);
            talk.got_size = 0;
            talk_send(bytes, talk_put((uint8_t *)bytes, head, hello + at, 1), SIZE_MAX);
            talk_settle();
        }
    }
    CHECK_EQ(talk.messages, 3);
    char came[64];
    script_tell(came, sizeof came);
    CHECK_STR(came, "t:Hello");
    for (int i = 0; i < 3; i++)
        port_socket_close(handles[i]);
    talk.handle = first;
    talk_close();
}

static void talk_without_memory(void *arg) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                  "Sec-WebSocket-Extensions: " PMD "\r\n\r\n"
                                  "\xC1\x87\0\0\0\0\xF2\x48\xCD\xC9\xC9\x07\0"
                                  "\x81\x80\0\0\0\0";
    const http_listen_options_t *listen = arg;
    sim_reset(1);
    memset(&talk, 0, sizeof talk);
    talk.rt = runtime_init(0, 8);
    if (talk.rt == NULL) return;
    int port = http_listen(talk.rt, listen);
    (void)http_route(talk.rt, "GET", "/", talk_accept, NULL);
    port_address_t at = address_loopback(TALK_PORT);
    int handle = port > 0 ? port_socket_connect(&at) : -1;
    talk_run();
    port_slice_t slice = {request, sizeof request - 1};
    if (handle >= 0) (void)port_socket_write(handle, &slice, 1);
    talk_run();
    if (talk.id != 0) (void)http_ws_send(talk.rt, talk.id, false, text, 1000);
    talk_run();
    port_socket_close(handle);
    talk_run();
    runtime_destroy(talk.rt);
    sim_reset(1);
}

TEST(ws_compression_survives_any_allocation_that_fails) {
    need_deflate();
    memset(text, 'x', sizeof text);
    for (int keeps = 0; keeps < 2; keeps++) {
        http_listen_options_t listen = {
            .port = TALK_PORT, .ws_deflate = keeps ? WIN : EACH, .ws_window_bits = 9};
        test_each_alloc_failure(talk_without_memory, &listen);
    }
}

TEST_TABLE(ws_compression, TEST_ROW(ws_compresses_messages_as_agreed),
           TEST_ROW(ws_compression_refers_to_earlier_messages_if_agreed),
           TEST_ROW(ws_does_not_compress_unless_agreed),
           TEST_ROW(ws_compression_rows_of_faults),
           TEST_ROW(ws_compression_keeps_to_the_limit),
           TEST_ROW(ws_compression_opens_few_bombs_in_a_turn),
           TEST_ROW(ws_compression_holds_nothing_when_idle_unless_windows_are_kept),
           TEST_ROW(ws_compression_serves_several_at_a_time),
           TEST_ROW(ws_compression_survives_any_allocation_that_fails))
