/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners: storms, want of descriptors, pauses; udp beside them. */
#include "net/listener.h"

#include "net/net_stage.h"
#include "net/udp.h"
#include "sim/sim.h"

enum { STORM = 3 * MK_ACCEPT_BATCH + 8, PEERS_MAX = STORM + 64 };

typedef struct {
    listener_t listener; /* first */
    stage_t stage;
    int handles[PEERS_MAX];
    size_t count;
    unsigned troubles;
    int trouble;
    size_t close_at;   /* closes the listener with the peer of this number; 0: never */
    unsigned looks[8]; /* peers by look of the loop, of the first */
} door_t;

static void on_peer(listener_t *listener, runtime_t *rt, int handle,
                    const port_address_t *peer) {
    door_t *door = MK_CONTAINER_OF(listener, door_t, listener);
    CHECK(peer->family == PORT_FAMILY_INET || peer->family == PORT_FAMILY_NONE);
    uint64_t look = runtime_counters(rt).polls;
    if (look < 8) door->looks[look]++;
    door->handles[door->count++] = handle;
    if (door->count == door->close_at) listener_close(rt, listener);
}

static void on_trouble(listener_t *listener, runtime_t *rt, int error) {
    door_t *door = MK_CONTAINER_OF(listener, door_t, listener);
    (void)rt;
    door->troubles++;
    door->trouble = error;
}

static const listener_events_t events = {.on_peer = on_peer, .on_trouble = on_trouble};

static void open_door(door_t *door) {
    memset(door, 0, sizeof *door);
    sim_reset(1);
    CHECK(stage_open(&door->stage));
    port_address_t at = address_loopback(0);
    CHECK_EQ(listener_open(door->stage.rt, &door->listener, &at, &events), MK_OK);
    CHECK(listener_port(&door->listener) != 0);
}

static void close_door(door_t *door) {
    listener_close(door->stage.rt, &door->listener);
    listener_close(door->stage.rt, &door->listener);
    for (size_t i = 0; i < door->count; i++)
        port_socket_close(door->handles[i]);
    stage_close(&door->stage);
    sim_reset(1);
}

static int knock(const door_t *door) {
    port_address_t to = address_loopback(listener_port(&door->listener));
    int handle = port_socket_connect(&to);
    CHECK(handle >= 0);
    return handle;
}

static void pass(door_t *door, unsigned ticks) {
    (void)stage_run(&door->stage, NULL, NULL, ticks);
}

TEST(a_storm_is_taken_in_batches) {
    door_t door;
    open_door(&door);
    for (int i = 0; i < STORM; i++)
        (void)knock(&door);
    pass(&door, 10);
    CHECK_EQ(door.count, STORM);
    size_t in_all = 0;
    for (size_t i = 0; i < 8; i++) {
        CHECK(door.looks[i] <= MK_ACCEPT_BATCH);
        in_all += door.looks[i];
    }
    CHECK_EQ(in_all, STORM);
    close_door(&door);
}

TEST(out_of_descriptors_it_rests_sheds_and_recovers) {
    door_t door;
    open_door(&door);
    int peers[20];
    for (int i = 0; i < 20; i++)
        peers[i] = knock(&door);
    sim_net_set_descriptors(22 + 10); /* listener, spare, ours, and ten of theirs */
    pass(&door, 5);
    CHECK_EQ(door.count, 10);
    CHECK_EQ(door.troubles, 1);
    CHECK_EQ(door.trouble, MK_ENOMEM);
    CHECK_EQ(door.listener.shed, 1);
    uint64_t polls = runtime_counters(door.stage.rt).polls;
    pass(&door, 1000);
    /* One look a tick, and some more for the tries: no spinning. */
    CHECK(runtime_counters(door.stage.rt).polls - polls < 2200);
    CHECK(door.listener.shed >= 3);
    CHECK(door.listener.shed <= 6);
    CHECK_EQ(door.troubles, 1);
    /* The shed one sees an end. */
    char byte;
    CHECK_EQ(port_socket_read(peers[10], &byte, 1), MK_EEND);
    sim_net_set_descriptors(SIZE_MAX);
    pass(&door, MK_ACCEPT_REST_MAX_MS + 5);
    CHECK_EQ(door.count + door.listener.shed, 20);
    (void)knock(&door);
    pass(&door, 5);
    CHECK_EQ(door.count + door.listener.shed, 21);
    close_door(&door);
}

TEST(without_a_spare_it_rests_all_the_same) {
    door_t door;
    open_door(&door);
    port_socket_close(door.listener.spare);
    door.listener.spare = -1;
    (void)knock(&door);
    sim_net_set_descriptors(0);
    pass(&door, 5);
    CHECK_EQ(door.count, 0);
    CHECK_EQ(door.listener.shed, 0);
    CHECK_EQ(door.troubles, 1);
    sim_net_set_descriptors(SIZE_MAX);
    pass(&door, MK_ACCEPT_REST_MS);
    CHECK_EQ(door.count, 1);
    CHECK(door.listener.spare >= 0);
    close_door(&door);
}

TEST(a_paused_listener_lets_peers_wait) {
    door_t door;
    open_door(&door);
    listener_pause(door.stage.rt, &door.listener, true);
    (void)knock(&door);
    pass(&door, 20);
    CHECK_EQ(door.count, 0);
    listener_pause(door.stage.rt, &door.listener, false);
    pass(&door, 5);
    CHECK_EQ(door.count, 1);
    close_door(&door);
}

TEST(it_may_be_closed_by_a_peer_of_a_storm) {
    door_t door;
    open_door(&door);
    for (int i = 0; i < 20; i++)
        (void)knock(&door);
    door.close_at = 5;
    pass(&door, 20);
    CHECK_EQ(door.count, 5);
    CHECK_EQ(listener_port(&door.listener), 0);
    close_door(&door);
}

TEST(an_address_is_listened_at_once) {
    door_t door;
    open_door(&door);
    listener_t second;
    port_address_t at = address_loopback(listener_port(&door.listener));
    CHECK_EQ(listener_open(door.stage.rt, &second, &at, &events), MK_EEXIST);
    listener_close(door.stage.rt, &second);
    port_address_t nowhere = {.family = PORT_FAMILY_NONE};
    CHECK_EQ(listener_open(door.stage.rt, &second, &nowhere, &events), MK_EINVAL);
    close_door(&door);
}

TEST(everywhere_takes_both_families) {
    door_t door;
    memset(&door, 0, sizeof door);
    sim_reset(1);
    CHECK(stage_open(&door.stage));
    port_address_t at = address_any(80);
    CHECK_EQ(listener_open(door.stage.rt, &door.listener, &at, &events), MK_OK);
    (void)knock(&door);
    pass(&door, 5);
    CHECK_EQ(door.count, 1);
    close_door(&door);
}

TEST(unix_peers_are_nowhere) {
    door_t door;
    memset(&door, 0, sizeof door);
    sim_reset(1);
    CHECK(stage_open(&door.stage));
    CHECK_EQ(listener_open_unix(door.stage.rt, &door.listener, "", 0600, &events),
             MK_EINVAL);
    CHECK_EQ(listener_open_unix(door.stage.rt, &door.listener, "/s", 0600, &events),
             MK_OK);
    CHECK_EQ(listener_port(&door.listener), 0);
    CHECK(port_socket_connect_unix("/s") >= 0);
    pass(&door, 5);
    CHECK_EQ(door.count, 1);
    close_door(&door);
}

static void open_and_close(void *unused) {
    (void)unused;
    door_t door;
    memset(&door, 0, sizeof door);
    sim_reset(1);
    if (stage_open(&door.stage)) {
        port_address_t at = address_loopback(80);
        if (listener_open(door.stage.rt, &door.listener, &at, &events) == MK_OK) {
            int handle = port_socket_connect(&at);
            (void)stage_run(&door.stage, NULL, NULL, 300);
            port_socket_close(handle);
        }
        listener_close(door.stage.rt, &door.listener);
        for (size_t i = 0; i < door.count; i++)
            port_socket_close(door.handles[i]);
        stage_close(&door.stage);
    }
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(open_and_close, NULL);
}

/* --- udp --- */

typedef struct {
    udp_t udp; /* first */
    char heard[64];
    size_t size;
    unsigned count;
    port_address_t from;
} post_t;

static void on_datagram(udp_t *udp, runtime_t *rt) {
    post_t *post = MK_CONTAINER_OF(udp, post_t, udp);
    (void)rt;
    int got = udp_receive(udp, &post->from, post->heard, sizeof post->heard);
    if (got == MK_EAGAIN) return;
    CHECK(got >= 0);
    post->size = (size_t)got;
    post->count++;
}

static const udp_events_t udp_events = {.on_readable = on_datagram};

TEST(datagrams_go_both_ways) {
    sim_reset(1);
    stage_t stage;
    CHECK(stage_open(&stage));
    post_t a = {.count = 0};
    post_t b = {.count = 0};
    port_address_t at = address_loopback(0);
    port_address_t to;
    CHECK_EQ(udp_open(stage.rt, &a.udp, &at, &udp_events), MK_OK);
    CHECK_EQ(udp_open(stage.rt, &b.udp, &at, &udp_events), MK_OK);
    CHECK_EQ(udp_local(&b.udp, &to), MK_OK);
    CHECK_EQ(udp_open(stage.rt, &(udp_t){.events = NULL}, &to, &udp_events), MK_EEXIST);
    CHECK_EQ(udp_send(&a.udp, &to, "one", 3), MK_OK);
    CHECK_EQ(udp_send(&a.udp, &to, "", 0), MK_OK);
    (void)stage_run(&stage, NULL, NULL, 5);
    CHECK_EQ(b.count, 2);
    CHECK_EQ(b.size, 0);
    CHECK_EQ(udp_send(&b.udp, &b.from, "two", 3), MK_OK);
    (void)stage_run(&stage, NULL, NULL, 5);
    CHECK_EQ(a.count, 1);
    CHECK_MEM(a.heard, "two", 3);
    static char large[UDP_PAYLOAD_MAX + 1];
    CHECK_EQ(udp_send(&a.udp, &to, large, sizeof large), MK_ETOOBIG);
    CHECK_EQ(udp_send(&a.udp, &to, large, sizeof large - 1), MK_OK);
    (void)stage_run(&stage, NULL, NULL, 5);
    CHECK_EQ(b.size, UDP_PAYLOAD_MAX); /* it says how large it was */
    udp_close(stage.rt, &a.udp);
    udp_close(stage.rt, &a.udp);
    CHECK_EQ(udp_send(&a.udp, &to, "x", 1), MK_ESTATE);
    udp_close(stage.rt, &b.udp);
    stage_close(&stage);
    sim_reset(1);
}

TEST_TABLE(listener, TEST_ROW(a_storm_is_taken_in_batches),
           TEST_ROW(out_of_descriptors_it_rests_sheds_and_recovers),
           TEST_ROW(without_a_spare_it_rests_all_the_same),
           TEST_ROW(a_paused_listener_lets_peers_wait),
           TEST_ROW(it_may_be_closed_by_a_peer_of_a_storm),
           TEST_ROW(an_address_is_listened_at_once),
           TEST_ROW(everywhere_takes_both_families), TEST_ROW(unix_peers_are_nowhere),
           TEST_ROW(every_allocation_may_fail), TEST_ROW(datagrams_go_both_ways))
