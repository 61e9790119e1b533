/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over real sockets: resets, a black hole, want of descriptors; and the
 * blocking convenience over the same. Nothing is timed: the loop's ticks are counted.
 */
#include "net/net_stage.h"

#include "linux/folder.h"
#include "microkernel/mk_socket.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, SAID = 3000000 };

static uint8_t *make_speech(size_t size) {
    uint8_t *speech = malloc(size);
    CHECK(speech != NULL);
    for (size_t i = 0; i < size; i++)
        speech[i] = (uint8_t)(i * 7 + i / 251);
    return speech;
}

static void check_echo(pair_t *pair, const uint8_t *speech) {
    CHECK(stage_run(&pair->stage, pair_is_over, pair, PATIENCE_MS));
    CHECK_STR(pair->connect_text, "");
    CHECK_EQ(pair->answers, 1);
    CHECK_EQ(pair->client.outcomes, 1);
    CHECK_EQ(pair->client.fault, MK_OK);
    CHECK_EQ(pair->server.outcomes, 1);
    CHECK_EQ(pair->server.fault, MK_OK);
    CHECK_EQ(pair->client.heard, SAID);
    CHECK_EQ(pair->client.sum, talker_sum(0, speech, SAID));
}

static void prepare(pair_t *pair, const uint8_t *speech) {
    memset(pair, 0, sizeof *pair);
    pair->client.say = speech;
    pair->client.say_size = SAID;
    pair->server.is_echo = true;
}

TEST(three_megabytes_come_back_over_ipv4_and_ipv6) {
    uint8_t *speech = make_speech(SAID);
    for (int i = 0; i < 2; i++) {
        pair_t pair;
        prepare(&pair, speech);
        port_address_t at = i == 0 ? address_loopback(0) : address_loopback6(0);
        if (!pair_start(&pair, i == 0 ? "127.0.0.1" : "::1", 0, &at)) {
            CHECK_EQ(i, 1); /* a machine without IPv6 */
            pair_stop(&pair);
            continue;
        }
        check_echo(&pair, speech);
        CHECK(pair.stage.ticks > 0);
        pair_stop(&pair);
    }
    free(speech);
}

/* "localhost" is ::1 first; nobody listens there. */
TEST(the_other_family_is_tried) {
    uint8_t *speech = make_speech(SAID);
    pair_t pair;
    prepare(&pair, speech);
    port_address_t at = address_loopback(0);
    CHECK(pair_start(&pair, "localhost", 0, &at));
    check_echo(&pair, speech);
    pair_stop(&pair);
    free(speech);
}

TEST(unix_streams_are_the_same) {
    char path[PATH_SIZE + 16];
    uint8_t *speech = make_speech(SAID);
    pair_t pair;
    folder_begin();
    snprintf(path, sizeof path, "%s/socket", folder);
    prepare(&pair, speech);
    CHECK(stage_open(&pair.stage));
    CHECK_EQ(
        listener_open_unix(pair.stage.rt, &pair.listener, path, 0600, &pair_events),
        MK_OK);
    connector_spec_t spec = {
        .unix_path = path, .on_done = pair_connected, .owner = &pair};
    CHECK_EQ(connector_start(pair.stage.rt, &spec, &pair.connector), MK_OK);
    check_echo(&pair, speech);
    pair_stop(&pair);
    CHECK(access(path, F_OK) != 0);
    folder_end();
    free(speech);
}

/* --- against a peer that the test plays --- */

typedef struct {
    stage_t stage;
    talker_t talker;
    int peer;
} solo_t;

static void solo_open(solo_t *solo, bool is_unix) {
    memset(solo, 0, sizeof *solo);
    CHECK(stage_open(&solo->stage));
    int handle;
    if (is_unix) {
        int ends[2];
        CHECK_EQ(
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
            0);
        handle = ends[0];
        solo->peer = ends[1];
    } else {
        port_address_t at = address_loopback(0);
        int listener = port_socket_listen(&at, 1);
        CHECK(listener >= 0);
        CHECK_EQ(port_socket_local(listener, &at), MK_OK);
        handle = port_socket_connect(&at);
        CHECK(handle >= 0);
        struct pollfd look = {.fd = listener, .events = POLLIN};
        CHECK_EQ(poll(&look, 1, PATIENCE_MS), 1);
        solo->peer = port_socket_accept(listener, NULL);
        CHECK(solo->peer >= 0);
        port_socket_close_listener(listener);
    }
    solo->talker.keeps_quiet = true;
    talker_start(&solo->talker, solo->stage.rt, handle);
}

static void solo_close(solo_t *solo) {
    stream_abort(solo->stage.rt, &solo->talker.stream);
    stage_close(&solo->stage);
    port_socket_close(solo->peer);
}

static bool has_outcome(void *arg) {
    return ((solo_t *)arg)->talker.outcomes > 0;
}

static bool has_ended(void *arg) {
    return ((solo_t *)arg)->talker.has_ended;
}

TEST(a_reset_is_told_once_whatever_is_wanted) {
    static const unsigned wanted[] = {0, STREAM_READ, STREAM_READ | STREAM_WRITE};
    for (size_t i = 0; i < 3; i++) {
        solo_t solo;
        solo_open(&solo, false);
        CHECK_EQ(
            stream_want(solo.stage.rt, &solo.talker.stream, wanted[i] & STREAM_READ),
            MK_OK);
        uint8_t byte = 1;
        solo.talker.say = &byte;
        port_socket_abort(solo.peer);
        solo.peer = -1;
        if (wanted[i] & STREAM_WRITE) {
            solo.talker.say_size = 1;
            CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, wanted[i]), MK_OK);
        }
        CHECK(stage_run(&solo.stage, has_outcome, &solo, PATIENCE_MS));
        (void)stage_run(&solo.stage, NULL, NULL, 20);
        CHECK_EQ(solo.talker.outcomes, 1);
        CHECK_EQ(solo.talker.fault, MK_ECLOSED);
        solo_close(&solo);
    }
}

/* A poller tells of a hang-up without being asked; that must not become a busy loop. */
TEST(ends_and_hang_ups_do_not_spin) {
    for (int is_unix = 0; is_unix < 2; is_unix++) {
        for (int wanted = 0; wanted < 2; wanted++) {
            solo_t solo;
            solo_open(&solo, is_unix != 0);
            CHECK_EQ(stream_finish(solo.stage.rt, &solo.talker.stream), MK_OK);
            if (wanted == 0)
                CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, 0), MK_OK);
            port_slice_t bye = {"bye", 3};
            CHECK_EQ(port_socket_write(solo.peer, &bye, 1), 3);
            port_socket_close(solo.peer);
            solo.peer = -1;
            (void)stage_run(&solo.stage, NULL, NULL, 20);
            uint64_t polls = runtime_counters(solo.stage.rt).polls;
            unsigned ticks = solo.stage.ticks;
            (void)stage_run(&solo.stage, NULL, NULL, 50);
            CHECK(runtime_counters(solo.stage.rt).polls - polls <
                  200 + 4 * (uint64_t)(solo.stage.ticks - ticks));
            CHECK_EQ(solo.talker.outcomes, 0);
            CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, STREAM_READ),
                     MK_OK);
            CHECK(stage_run(&solo.stage, has_ended, &solo, PATIENCE_MS));
            CHECK_EQ(solo.talker.heard, 3);
            solo_close(&solo);
        }
    }
}

TEST(the_last_answer_is_not_lost_to_a_reset) {
    solo_t solo;
    solo_open(&solo, false);
    CHECK_EQ(stream_want(solo.stage.rt, &solo.talker.stream, 0), MK_OK);
    static const char much[100000];
    port_slice_t more = {much, sizeof much};
    CHECK(port_socket_write(solo.peer, &more, 1) > 0);
    CHECK_EQ(stream_write(solo.stage.rt, &solo.talker.stream, "413", 3), 3);
    stream_close(solo.stage.rt, &solo.talker.stream);
    for (int i = 0; i < 5; i++) {
        (void)port_socket_write(solo.peer, &more, 1);
        (void)stage_run(&solo.stage, NULL, NULL, 5);
    }
    char heard[8];
    CHECK_EQ(port_socket_read(solo.peer, heard, sizeof heard), 3);
    CHECK_EQ(port_socket_read(solo.peer, heard, sizeof heard), MK_EEND);
    solo_close(&solo);
}

/* --- a black hole on loopback: a queue of one that is full drops what knocks --- */

typedef struct {
    int listener;
    int waiting[4];
    uint16_t port;
} hole_t;

static void open_hole(hole_t *hole) {
    port_address_t at = address_loopback(0);
    hole->listener = port_socket_listen(&at, 0);
    CHECK(hole->listener >= 0);
    CHECK_EQ(port_socket_local(hole->listener, &at), MK_OK);
    hole->port = at.port;
    for (int i = 0; i < 4; i++) {
        hole->waiting[i] = port_socket_connect(&at);
        CHECK(hole->waiting[i] >= 0);
    }
}

static void close_hole(hole_t *hole) {
    for (int i = 0; i < 4; i++)
        port_socket_close(hole->waiting[i]);
    port_socket_close_listener(hole->listener);
}

static bool is_answered(void *arg) {
    return ((pair_t *)arg)->answers > 0;
}

TEST(a_black_hole_ends_in_time_and_the_loop_ticks_meanwhile) {
    hole_t hole;
    pair_t pair;
    open_hole(&hole);
    memset(&pair, 0, sizeof pair);
    CHECK(stage_open(&pair.stage));
    connector_spec_t spec = {.host = "127.0.0.1",
                             .port = hole.port,
                             .timeout_ms = 300,
                             .on_done = pair_connected,
                             .owner = &pair};
    CHECK_EQ(connector_start(pair.stage.rt, &spec, &pair.connector), MK_OK);
    CHECK(stage_run(&pair.stage, is_answered, &pair, PATIENCE_MS));
    CHECK_EQ(pair.connect_result, MK_ETIMEOUT);
    CHECK(pair.stage.ticks >= 50);
    /* And given up in the middle. */
    pair.answers = 0;
    CHECK_EQ(connector_start(pair.stage.rt, &spec, &pair.connector), MK_OK);
    (void)stage_run(&pair.stage, NULL, NULL, 50);
    connector_cancel(pair.stage.rt, pair.connector);
    (void)stage_run(&pair.stage, NULL, NULL, 400);
    CHECK_EQ(pair.answers, 0);
    stage_close(&pair.stage);
    close_hole(&hole);
}

/* --- out of descriptors --- */

enum { KNOCKS = 40 };

typedef struct {
    listener_t listener; /* first */
    stage_t stage;
    int accepted[KNOCKS];
    int count;
    int troubles;
} door_t;

static void door_peer(listener_t *listener, runtime_t *rt, int handle,
                      const port_address_t *peer) {
    door_t *door = MK_CONTAINER_OF(listener, door_t, listener);
    (void)rt;
    (void)peer;
    door->accepted[door->count++] = handle;
}

static void door_trouble(listener_t *listener, runtime_t *rt, int error) {
    (void)rt;
    CHECK_EQ(error, MK_ENOMEM);
    MK_CONTAINER_OF(listener, door_t, listener)->troubles++;
}

static const listener_events_t door_events = {.on_peer = door_peer,
                                              .on_trouble = door_trouble};

static bool all_came(void *arg) {
    const door_t *door = arg;
    return (uint32_t)door->count + door->listener.shed == KNOCKS;
}

TEST(out_of_descriptors_it_rests_and_recovers) {
    door_t door;
    int clients[KNOCKS];
    memset(&door, 0, sizeof door);
    CHECK(stage_open(&door.stage));
    port_address_t at = address_loopback(0);
    CHECK_EQ(listener_open(door.stage.rt, &door.listener, &at, &door_events), MK_OK);
    at.port = listener_port(&door.listener);
    for (int i = 0; i < KNOCKS; i++) {
        clients[i] = port_socket_connect(&at);
        CHECK(clients[i] >= 0);
    }
    struct rlimit before;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit tight = {.rlim_cur = (rlim_t)clients[KNOCKS - 1] + 11,
                           .rlim_max = before.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    (void)stage_run(&door.stage, NULL, NULL, 20);
    int count = door.count;
    uint64_t polls = runtime_counters(door.stage.rt).polls;
    unsigned ticks = door.stage.ticks;
    (void)stage_run(&door.stage, NULL, NULL, 350);
    uint64_t looks = runtime_counters(door.stage.rt).polls - polls;
    unsigned passed = door.stage.ticks - ticks;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK(count > 0 && count < KNOCKS);
    CHECK_EQ(door.count, count);
    CHECK_EQ(door.troubles, 1);
    CHECK(door.listener.shed >= 1 && door.listener.shed <= 8);
    CHECK(looks < 400 + 4 * (uint64_t)passed); /* no spinning on accept */
    CHECK(stage_run(&door.stage, all_came, &door, PATIENCE_MS));
    listener_close(door.stage.rt, &door.listener);
    stage_close(&door.stage);
    for (int i = 0; i < KNOCKS; i++)
        port_socket_close(clients[i]);
    for (int i = 0; i < door.count; i++)
        port_socket_close(door.accepted[i]);
}

/* --- mk_socket --- */

TEST(a_blocking_socket_connects_talks_and_ends) {
    port_address_t at = address_loopback(0);
    int listener = port_socket_listen(&at, 4);
    CHECK(listener >= 0);
    CHECK_EQ(port_socket_local(listener, &at), MK_OK);
    mk_socket_t *socket = mk_socket_tcp_connect("localhost", at.port);
    CHECK(socket != NULL);
    int handle = port_socket_accept(listener, NULL);
    CHECK(handle >= 0);
    mk_socket_t *peer = mk_socket_tcp_wrap(handle);
    CHECK(peer != NULL);
    uint8_t heard[8];
    CHECK_EQ(socket->read(socket, heard, sizeof heard), -1);
    CHECK_EQ(peer->write(peer, (const uint8_t *)"hello", 5), 5);
    struct pollfd look = {.fd = socket->get_fd(socket), .events = POLLIN};
    CHECK_EQ(poll(&look, 1, PATIENCE_MS), 1);
    CHECK_EQ(socket->read(socket, heard, sizeof heard), 5);
    CHECK_MEM(heard, "hello", 5);
    CHECK_EQ(socket->read(socket, heard, 0), 0);
    CHECK_EQ(socket->write(socket, heard, 0), 0);
    peer->close(peer);
    CHECK_EQ(poll(&look, 1, PATIENCE_MS), 1);
    CHECK_EQ(socket->read(socket, heard, sizeof heard), 0);
    (void)socket->write(socket, heard, 1);
    CHECK_EQ(poll(&look, 1, PATIENCE_MS), 1);
    while (socket->write(socket, heard, 1) == 1)
        continue; /* until the reset has come: no signal */
    socket->close(socket);
    port_socket_close_listener(listener);
    CHECK(mk_socket_tcp_connect("localhost", at.port) == NULL);
    CHECK(mk_socket_tcp_connect("localhost", 0) == NULL);
    CHECK(mk_socket_tcp_connect(NULL, 80) == NULL);
    CHECK(mk_socket_tcp_connect("no host", 80) == NULL);
    CHECK(mk_socket_tcp_wrap(-1) == NULL);
}

/* A descriptor of a program's own may be a blocking one. */
TEST(a_wrapped_socket_never_blocks) {
    int ends[2];
    uint8_t byte;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    mk_socket_t *socket = mk_socket_tcp_wrap(ends[0]);
    CHECK(socket != NULL);
    CHECK_EQ(socket->read(socket, &byte, 1), -1);
    static const uint8_t much[65536];
    while (socket->write(socket, much, sizeof much) > 0)
        continue;
    socket->close(socket);
    close(ends[1]);
}

static void connect_once(void *arg) {
    mk_socket_t *socket = mk_socket_tcp_connect("localhost", *(const uint16_t *)arg);
    if (socket != NULL) socket->close(socket);
}

TEST(connecting_survives_each_failed_allocation) {
    port_address_t at = address_loopback(0);
    int listener = port_socket_listen(&at, 4096);
    CHECK(listener >= 0);
    CHECK_EQ(port_socket_local(listener, &at), MK_OK);
    test_each_alloc_failure(connect_once, &at.port);
    port_socket_close_listener(listener);
}

TEST_TABLE(net_streams, TEST_ROW(three_megabytes_come_back_over_ipv4_and_ipv6),
           TEST_ROW(the_other_family_is_tried), TEST_ROW(unix_streams_are_the_same),
           TEST_ROW(a_reset_is_told_once_whatever_is_wanted),
           TEST_ROW(ends_and_hang_ups_do_not_spin),
           TEST_ROW(the_last_answer_is_not_lost_to_a_reset),
           TEST_ROW(a_black_hole_ends_in_time_and_the_loop_ticks_meanwhile),
           TEST_ROW(out_of_descriptors_it_rests_and_recovers),
           TEST_ROW(a_blocking_socket_connects_talks_and_ends),
           TEST_ROW(a_wrapped_socket_never_blocks),
           TEST_ROW(connecting_survives_each_failed_allocation))
