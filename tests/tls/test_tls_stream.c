/* SPDX-License-Identifier: Apache-2.0 */
/* Streams with TLS over the simulated network: a server that sends back what comes, and
 * a client; or a client whose other side is played by hand. */
#include "tls/setup.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/limits.h"
#include "microkernel/runtime.h"
#include "net/address.h"
#include "net/listener.h"
#include "net/tls_stream.h"

enum { PORT = 4433, TALK = 100000, STEP_NS = 1000000, STEPS = 200000 };

/* One side of a talk, which is also the owner of its stream. */
typedef struct {
    stream_t stream;
    bool is_echo;       /* sends back what it reads, and finishes when the peer does */
    bool is_lazy;       /* reads nothing before it is told */
    uint32_t want;      /* bytes that it writes, or has still to send back */
    uint32_t written;   /* of these, taken by the stream */
    uint32_t read;      /* bytes that came */
    uint32_t read_most; /* bytes a read asks for */
    unsigned opened, closed, ended;
    int reason; /* of on_closed, or of a call */
    char text[256];
    uint8_t held[4096]; /* of an echo */
} talker_t;

typedef struct {
    setup_t setup;
    runtime_t *rt;
    listener_t listener;
    talker_t client;
    talker_t server; /* of the last peer that came */
    unsigned peers;
} stage_t;

static stage_t stage;

static uint8_t byte_at(uint32_t offset) {
    return (uint8_t)((offset * 31 + offset / 251) & 0xff);
}

static void note(talker_t *talker, int reason, const char *text) {
    talker->closed++;
    talker->reason = reason;
    strncpy(talker->text, text, sizeof talker->text - 1);
}

static void speak(talker_t *talker, runtime_t *rt) {
    uint8_t bytes[4096];
    while (talker->written < talker->want) {
        uint32_t left = talker->want - talker->written;
        uint32_t size = left < sizeof bytes ? left : (uint32_t)sizeof bytes;
        for (uint32_t i = 0; i < size; i++)
            bytes[i] = byte_at(talker->written + i);
        /* As a head and a body. */
        port_slice_t slices[] = {
            {bytes, size / 3}, {NULL, 0}, {bytes + size / 3, size - size / 3}};
        int taken = stream_writev(rt, &talker->stream, slices, 3);
        if (taken == MK_EAGAIN) {
            CHECK_EQ(stream_want(rt, &talker->stream, STREAM_READ | STREAM_WRITE),
                     MK_OK);
            return;
        }
        if (taken < 0) {
            note(talker, taken, stream_fault(&talker->stream));
            return;
        }
        talker->written += (uint32_t)taken;
    }
    CHECK_EQ(stream_want(rt, &talker->stream, STREAM_READ), MK_OK);
    if (talker->is_echo && talker->ended && stream_finish(rt, &talker->stream) != MK_OK)
        note(talker, talker->stream.fault, stream_fault(&talker->stream));
}

static void on_readable(stream_t *stream, runtime_t *rt) {
    talker_t *talker = MK_CONTAINER_OF(stream, talker_t, stream);
    size_t most = talker->read_most ? talker->read_most : sizeof talker->held;
    int got = stream_read(rt, stream, talker->held, most);
    if (got == MK_EAGAIN) return;
    if (got == MK_EEND) {
        talker->ended++;
        if (talker->is_echo) speak(talker, rt);
        return;
    }
    if (got < 0) {
        note(talker, got, stream_fault(stream));
        return;
    }
    for (int i = 0; i < got; i++)
        CHECK_EQ(talker->held[i], byte_at(talker->read + (uint32_t)i));
    talker->read += (uint32_t)got;
    if (!talker->is_echo) return;
    talker->want += (uint32_t)got;
    speak(talker, rt);
}

static void on_writable(stream_t *stream, runtime_t *rt) {
    speak(MK_CONTAINER_OF(stream, talker_t, stream), rt);
}

static void on_closed(stream_t *stream, runtime_t *rt, int reason, const char *text) {
    (void)rt;
    note(MK_CONTAINER_OF(stream, talker_t, stream), reason, text);
}

static void on_open(stream_t *stream, runtime_t *rt) {
    talker_t *talker = MK_CONTAINER_OF(stream, talker_t, stream);
    talker->opened++;
    if (talker->is_lazy) CHECK_EQ(stream_want(rt, stream, 0), MK_OK);
    if (talker->want > 0) speak(talker, rt);
}

static const stream_events_t events = {on_readable, on_writable, on_closed, on_open};

static void on_peer(listener_t *listener, runtime_t *rt, int handle,
                    const port_address_t *peer) {
    (void)listener, (void)peer;
    talker_t *talker = &stage.server;
    CHECK_EQ(stage.peers++, 0);
    if (stream_open(rt, &talker->stream, handle, &events) != MK_OK) {
        note(talker, MK_ENOMEM, "open");
        return;
    }
    int result = tls_stream_start(rt, &talker->stream, stage.setup.server, NULL);
    if (result == MK_OK) return;
    note(talker, result, "start");
    stream_abort(rt, &talker->stream);
}

static const listener_events_t listener_events = {on_peer, NULL};

static void set_stage(void) {
    memset(&stage, 0, sizeof stage);
    setup_make(&stage.setup);
    stage.rt = runtime_init(1, 16);
    CHECK(stage.rt != NULL);
    stage.server.is_echo = true;
    port_address_t at = address_loopback(PORT);
    CHECK_EQ(listener_open(stage.rt, &stage.listener, &at, &listener_events), MK_OK);
}

static void clear_stage(void) {
    stream_abort(stage.rt, &stage.client.stream);
    stream_abort(stage.rt, &stage.server.stream);
    listener_close(stage.rt, &stage.listener);
    runtime_destroy(stage.rt);
    setup_end(&stage.setup);
    sim_reset(1);
}

/* Connect and begin; MK_OK or an error, and then the stream is closed. */
static int begin_client(const char *host) {
    port_address_t to = address_loopback(PORT);
    int handle = port_socket_connect(&to);
    if (handle < 0) return handle;
    int result = stream_open(stage.rt, &stage.client.stream, handle, &events);
    if (result != MK_OK) return result;
    result = tls_stream_start(stage.rt, &stage.client.stream, stage.setup.client, host);
    if (result != MK_OK) stream_abort(stage.rt, &stage.client.stream);
    return result;
}

static bool is_said(void) {
    return stage.client.read == stage.client.want;
}
static bool is_over(void) {
    return stage.client.closed > 0 || stage.client.ended > 0;
}
static bool are_both_closed(void) {
    return stage.client.closed > 0 && stage.server.closed > 0;
}
static bool are_both_open(void) {
    return stage.client.opened > 0 && stage.server.opened > 0;
}

static bool run_until(bool (*is_done)(void)) {
    for (unsigned i = 0; i < STEPS && !is_done(); i++) {
        runtime_step(stage.rt);
        sim_advance(STEP_NS);
    }
    return is_done();
}

static void run_for(unsigned steps) {
    for (unsigned i = 0; i < steps; i++) {
        runtime_step(stage.rt);
        sim_advance(STEP_NS);
    }
}

/* The client says `want` bytes, reads them back, finishes, and reads the end. */
static void talk(uint32_t want) {
    stage.client.want = want;
    CHECK_EQ(begin_client(HOST), MK_OK);
    CHECK(run_until(are_both_open));
    CHECK(run_until(is_said));
    CHECK_EQ(stream_finish(stage.rt, &stage.client.stream), MK_OK);
    CHECK(run_until(is_over));
    CHECK_EQ(stage.client.ended, 1);
    CHECK_EQ(stage.client.closed, 0);
    CHECK_EQ(stage.server.closed, 0);
    CHECK_EQ(stage.client.opened, 1);
    CHECK_EQ(stage.server.opened, 1);
}

TEST(tls_stream_carries_bytes_both_ways) {
    set_stage();
    talk(TALK);
    clear_stage();
}

TEST(tls_stream_tells_what_was_agreed_upon) {
    port_tls_facts_t facts;
    char name[32] = "";
    mk_writer_t out;
    set_stage();
    CHECK_EQ(begin_client(HOST), MK_OK);
    CHECK(!tls_stream_facts(&stage.client.stream, &facts));
    CHECK(run_until(are_both_open));
    CHECK(tls_stream_facts(&stage.client.stream, &facts));
    CHECK_STR(facts.version, "TLSv1.3");
    writer_init(&out, name, sizeof name);
    tls_stream_peer_name(&stage.client.stream, &out);
    CHECK_STR(name, HOST);
    clear_stage();
}

TEST(tls_stream_byte_by_byte_and_in_random_parts) {
    set_stage();
    sim_net_set_read_max(1);
    sim_net_set_write_max(1);
    talk(300);
    clear_stage();
    for (uint64_t seed = 1; seed <= 20; seed++) {
        set_stage();
        sim_net_set_read_max(3000);
        sim_net_set_write_max(3000);
        sim_net_set_random_parts(true);
        sim_net_set_hiccups(200);
        sim_net_set_window(2000 + (size_t)seed * 100);
        talk(20000);
        clear_stage();
    }
}

TEST(tls_stream_reads_on_what_the_socket_no_longer_has) {
    set_stage();
    stage.client.read_most = 7; /* a record has much more */
    talk(20000);
    clear_stage();
}

TEST(tls_stream_split_at_many_offsets) {
    for (size_t at = 1; at < 3000; at += 13) {
        set_stage();
        sim_net_set_split(at);
        talk(500);
        clear_stage();
    }
}

/* Every outcome is told once to each side, and nothing stays. */
TEST(tls_stream_reset_at_every_state) {
    bool was_hit = true;
    for (uint64_t at = 1; was_hit && at < 10000; at += at < 40 ? 1 : 23) {
        set_stage();
        sim_net_reset_at(at);
        stage.client.want = 500;
        int result = begin_client(HOST);
        if (result == MK_OK) {
            run_for(200);
            was_hit = sim_net_reset_hit();
            CHECK_EQ(stage.client.closed, was_hit);
            CHECK(stage.peers == 0 || stage.server.closed == was_hit);
            CHECK(!was_hit || stage.client.text[0] != '\0');
        }
        clear_stage();
    }
    CHECK(!was_hit);
}

enum { STORM = 40 };

static stream_t storm[2 * STORM];
static unsigned storm_open;

static void count_open(stream_t *stream, runtime_t *rt) {
    (void)stream, (void)rt;
    storm_open++;
}

/* A storm of handshakes leaves the loop to others after some steps. */
TEST(tls_stream_storms_take_turns) {
    static const stream_events_t quiet = {on_readable, on_writable, on_closed,
                                          count_open};
    port_address_t at = address_loopback(PORT + 1);
    unsigned looks = 0;
    set_stage();
    storm_open = 0;
    int listener = port_socket_listen(&at, STORM);
    CHECK(listener >= 0);
    for (unsigned i = 0; i < STORM; i++) {
        int client = port_socket_connect(&at);
        sim_advance(STEP_NS);
        int server = port_socket_accept(listener, NULL);
        CHECK(client >= 0 && server >= 0);
        CHECK_EQ(stream_open(stage.rt, &storm[2 * i], client, &quiet), MK_OK);
        CHECK_EQ(stream_open(stage.rt, &storm[2 * i + 1], server, &quiet), MK_OK);
        CHECK_EQ(tls_stream_start(stage.rt, &storm[2 * i], stage.setup.client, HOST),
                 MK_OK);
        CHECK_EQ(
            tls_stream_start(stage.rt, &storm[2 * i + 1], stage.setup.server, NULL),
            MK_OK);
    }
    for (; storm_open < 2 * STORM && looks < STEPS; looks++) {
        unsigned before = storm_open;
        runtime_step(stage.rt);
        CHECK(storm_open - before <= MK_TLS_TURN_STEPS);
    }
    CHECK_EQ(storm_open, 2 * STORM);
    CHECK(looks >= 2 * STORM * 2 / MK_TLS_TURN_STEPS); /* two steps of each */
    for (unsigned i = 0; i < 2 * STORM; i++)
        stream_abort(stage.rt, &storm[i]);
    port_socket_close_listener(listener);
    clear_stage();
}

TEST(tls_stream_handshake_has_a_deadline) {
    port_address_t at = address_loopback(PORT + 1);
    set_stage();
    int listener = port_socket_listen(&at, 1);
    CHECK(listener >= 0);
    int handle = port_socket_connect(&at);
    CHECK(handle >= 0);
    CHECK_EQ(stream_open(stage.rt, &stage.client.stream, handle, &events), MK_OK);
    CHECK_EQ(tls_stream_start(stage.rt, &stage.client.stream, stage.setup.client, HOST),
             MK_OK);
    run_for(MK_TLS_HANDSHAKE_MS - 100);
    CHECK_EQ(stage.client.closed, 0);
    run_for(200);
    CHECK_EQ(stage.client.closed, 1);
    CHECK_EQ(stage.client.reason, MK_ETIMEOUT);
    CHECK_STR(stage.client.text, "the TLS handshake took too long");
    port_socket_close(listener);
    clear_stage();
}

TEST(tls_stream_names_host_and_reason) {
    set_stage();
    CHECK_EQ(begin_client("other.test"), MK_OK);
    CHECK(run_until(are_both_closed));
    CHECK_EQ(stage.client.reason, MK_EPERM);
    check_says(stage.client.text, "other.test");
    check_says(stage.client.text, "mismatch");
    CHECK_EQ(stage.client.opened + stage.server.opened, 0);
    clear_stage();
}

static bool has_server_closed(void) {
    return stage.server.closed > 0;
}

/* All that decides is there before the server begins: told by a callback all the same,
 * and not by tls_stream_start. */
TEST(tls_stream_never_tells_from_within_the_start) {
    port_address_t to = address_loopback(PORT);
    port_slice_t request = {"GET / HTTP/1.1\r\n\r\n", 18};
    set_stage();
    int handle = port_socket_connect(&to);
    CHECK(handle >= 0);
    sim_advance(STEP_NS);
    CHECK_EQ(port_socket_write(handle, &request, 1), 18);
    CHECK(run_until(has_server_closed));
    CHECK_EQ(stage.server.closed, 1);
    CHECK_EQ(stage.server.reason, MK_EBADMSG);
    CHECK_STR(stage.server.text, "the peer speaks HTTP, not TLS");
    port_socket_close(handle);
    clear_stage();
}

TEST(tls_stream_refuses_what_is_no_host) {
    set_stage();
    CHECK_EQ(begin_client("no host"), MK_EINVAL);
    CHECK_EQ(begin_client(""), MK_EINVAL);
    clear_stage();
}

TEST(tls_stream_end_without_goodbye_is_an_error) {
    set_stage();
    stage.client.want = 10;
    CHECK_EQ(begin_client(HOST), MK_OK);
    CHECK(run_until(are_both_open));
    CHECK(run_until(is_said));
    CHECK_EQ(port_socket_finish(stage.server.stream.source.handle), MK_OK);
    CHECK(run_until(is_over));
    CHECK_EQ(stage.client.ended, 0);
    CHECK_EQ(stage.client.reason, MK_ECLOSED);
    check_says(stage.client.text, "without the goodbye");
    clear_stage();
}

TEST(tls_stream_close_says_goodbye_and_sends_the_rest) {
    set_stage();
    stage.client.want = TALK;
    stage.client.is_lazy = true; /* reads nothing: the way back fills up */
    stage.server.is_echo = false;
    sim_net_set_window(3000);
    CHECK_EQ(begin_client(HOST), MK_OK);
    CHECK(run_until(are_both_open));
    run_for(500);
    CHECK_EQ(stage.client.written, TALK);
    stream_close(stage.rt, &stage.client.stream);
    run_for(1000);
    CHECK_EQ(stage.server.read, TALK);
    CHECK_EQ(stage.server.ended, 1);
    CHECK_EQ(stage.server.closed, 0);
    clear_stage();
}

TEST(tls_stream_slow_reader_stops_the_writer) {
    set_stage();
    stage.client.want = 4 * 1024 * 1024;
    stage.server.is_lazy = true;
    CHECK_EQ(begin_client(HOST), MK_OK);
    CHECK(run_until(are_both_open));
    size_t before = test_live_blocks();
    run_for(2000);
    CHECK_EQ(stage.server.read, 0);
    CHECK(stage.client.written < 128u * 1024u); /* the window, and a record or two */
    CHECK(test_live_blocks() <= before + 2);
    CHECK_EQ(stream_want(stage.rt, &stage.server.stream, STREAM_READ), MK_OK);
    CHECK(run_until(is_said));
    clear_stage();
}

/* What waited for room may go out with a later write; then nobody waits for room. */
TEST(tls_stream_does_not_wait_for_room_that_nobody_wants) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        set_stage();
        sim_net_set_random_parts(true);
        sim_net_set_hiccups(500);
        stage.client.want = 300 + (uint32_t)seed;
        CHECK_EQ(begin_client(HOST), MK_OK);
        CHECK(run_until(is_said));
        sim_net_set_hiccups(0);
        run_for(10);
        CHECK_EQ(stage.client.stream.source.interest & MK_POLL_OUT, 0);
        CHECK_EQ(stage.server.stream.source.interest & MK_POLL_OUT, 0);
        clear_stage();
    }
}

TEST(tls_stream_abort_is_no_clean_end) {
    set_stage();
    CHECK_EQ(begin_client(HOST), MK_OK);
    CHECK(run_until(are_both_open));
    run_for(5);
    stream_abort(stage.rt, &stage.client.stream);
    run_for(50);
    CHECK_EQ(stage.server.ended, 0);
    CHECK_EQ(stage.server.closed, 1);
    clear_stage();
}

/* With a config of its own: what the other one keeps to resume would be counted. */
static void talk_or_not(void *arg) {
    port_tls_config_t *kept = stage.setup.client;
    (void)arg;
    int made = port_tls_config_create(
        &stage.setup.client,
        &(port_tls_options_t){.roots = cert_text(&stage.setup.root)}, NULL);
    if (made != MK_OK) {
        CHECK_EQ(made, MK_ENOMEM);
        stage.setup.client = kept;
        return;
    }
    stage.client = (talker_t){.want = 3000};
    stage.server = (talker_t){.is_echo = true};
    stage.peers = 0;
    sim_net_set_window(1000);
    int result = begin_client(HOST);
    CHECK(result == MK_OK || result == MK_ENOMEM);
    run_for(60);
    stream_abort(stage.rt, &stage.client.stream);
    run_for(10);
    stream_abort(stage.rt, &stage.server.stream);
    if (!mk_alloc_fail_hit()) CHECK_EQ(stage.client.read, 3000);
    port_tls_config_release(stage.setup.client);
    stage.setup.client = kept;
}

TEST(tls_stream_every_allocation_may_fail) {
    set_stage();
    talk_or_not(NULL);
    test_each_alloc_failure(talk_or_not, NULL);
    clear_stage();
}

TEST_TABLE(tls_stream, TEST_ROW(tls_stream_carries_bytes_both_ways),
           TEST_ROW(tls_stream_tells_what_was_agreed_upon),
           TEST_ROW(tls_stream_byte_by_byte_and_in_random_parts),
           TEST_ROW(tls_stream_reads_on_what_the_socket_no_longer_has),
           TEST_ROW(tls_stream_split_at_many_offsets),
           TEST_ROW(tls_stream_reset_at_every_state),
           TEST_ROW(tls_stream_storms_take_turns),
           TEST_ROW(tls_stream_handshake_has_a_deadline),
           TEST_ROW(tls_stream_names_host_and_reason),
           TEST_ROW(tls_stream_never_tells_from_within_the_start),
           TEST_ROW(tls_stream_refuses_what_is_no_host),
           TEST_ROW(tls_stream_end_without_goodbye_is_an_error),
           TEST_ROW(tls_stream_close_says_goodbye_and_sends_the_rest),
           TEST_ROW(tls_stream_slow_reader_stops_the_writer),
           TEST_ROW(tls_stream_does_not_wait_for_room_that_nobody_wants),
           TEST_ROW(tls_stream_abort_is_no_clean_end),
           TEST_ROW(tls_stream_every_allocation_may_fail))
