/* SPDX-License-Identifier: Apache-2.0 */
/* A transport of the program as a link: ours of every kind, and one that is not. */
#include "ipc/link_stage.h"

#include "ipc/transport_link.h"
#include "microkernel/transport_tcp.h"
#include "microkernel/transport_udp.h"
#include "microkernel/transport_unix.h"

enum { PATIENCE = 20000, PORT = 4100 };

typedef struct {
    stage_t stage;
    end_t a;
    end_t b;
    uint64_t rounds;       /* messages each way */
    transport_t *returned; /* what on_free brought */
} duo_t;

static bool open_end(end_t *end, runtime_t *rt, transport_t *transport) {
    transport_link_spec_t spec = {
        .transport = transport, .events = &end_events, .owner = end};
    if (transport == NULL) return false;
    if (transport_link_open(rt, &spec, &end->link) == MK_OK) return true;
    transport->destroy(transport);
    return false;
}

typedef enum { UNIX, TCP, UDP, KINDS } kind_t;

static transport_t *make_b(kind_t kind) {
    switch (kind) {
    case UNIX: return transport_unix_listen("/run/b", 1);
    case TCP: return transport_tcp_listen(NULL, PORT, 1);
    default: return transport_udp_bind(NULL, PORT, 1);
    }
}

static transport_t *make_a(kind_t kind) {
    switch (kind) {
    case UNIX: return transport_unix_connect("/run/b", 2);
    case TCP: return transport_tcp_connect("127.0.0.1", PORT, 2);
    default: return transport_udp_connect(NULL, PORT, 2);
    }
}

static bool duo_open(duo_t *duo, kind_t kind, size_t size_step, size_t size_mod) {
    memset(duo, 0, sizeof *duo);
    if (!stage_open(&duo->stage)) return false;
    end_init(&duo->a, size_step, size_mod);
    end_init(&duo->b, size_step, size_mod);
    duo->a.is_lossy = duo->b.is_lossy = kind == UDP;
    return open_end(&duo->b, duo->stage.rt, make_b(kind)) &&
           open_end(&duo->a, duo->stage.rt, make_a(kind));
}

static void duo_close(duo_t *duo) {
    if (duo->stage.rt == NULL) return;
    end_close(&duo->a, duo->stage.rt, true);
    end_close(&duo->b, duo->stage.rt, true);
    stage_close(&duo->stage);
}

static bool talk_step(void *arg) {
    duo_t *duo = arg;
    runtime_t *rt = duo->stage.rt;
    if (duo->a.link == NULL || duo->b.link == NULL) return true;
    for (unsigned i = 0; i < 40 && duo->a.sent < duo->rounds; i++)
        if (end_send(&duo->a, rt, false) != MK_OK) break;
    for (unsigned i = 0; i < 40 && duo->b.sent < duo->rounds; i++)
        if (end_send(&duo->b, rt, false) != MK_OK) break;
    return duo->a.came == duo->rounds && duo->b.came == duo->rounds;
}

TEST(messages_go_both_ways_over_every_kind) {
    for (kind_t kind = UNIX; kind < KINDS; kind++) {
        sim_reset(1);
        duo_t duo;
        CHECK(duo_open(&duo, kind, 37, 500));
        CHECK_EQ(duo.a.link->is_lossy, kind == UDP);
        CHECK_EQ(end_send(&duo.b, duo.stage.rt, false), kind == UDP ? MK_EFULL : MK_OK);
        duo.rounds = 2000;
        CHECK(stage_run(&duo.stage, talk_step, &duo, PATIENCE));
        CHECK_EQ(duo.a.came, 2000);
        CHECK_EQ(duo.b.came, 2000);
        char text[40];
        CHECK_STR(duo.a.link->ops->describe(duo.a.link, text, sizeof text),
                  "transport:2");
        duo_close(&duo);
        CHECK_EQ(sim_handle_count(), 0);
    }
    sim_reset(1);
}

TEST(random_parts_hiccups_and_small_windows) {
    for (uint64_t seed = 1; seed <= 30; seed++) {
        sim_reset(seed);
        duo_t duo;
        CHECK(duo_open(&duo, seed % 2 == 0 ? UNIX : TCP, 29, 90));
        sim_net_set_random_parts(true);
        sim_net_set_hiccups((unsigned)(seed % 4) * 200);
        sim_net_set_delay(seed % 3 * 700000);
        sim_net_set_window((size_t)seed * 37);
        duo.rounds = 60;
        CHECK(stage_run(&duo.stage, talk_step, &duo, PATIENCE));
        CHECK(duo.a.came == 60 && duo.b.came == 60);
        duo_close(&duo);
    }
    sim_reset(1);
}

TEST(a_send_before_the_peer_comes_is_refused_and_told_later) {
    sim_reset(1);
    duo_t duo;
    memset(&duo, 0, sizeof duo);
    CHECK(stage_open(&duo.stage));
    CHECK(open_end(&duo.b, duo.stage.rt, make_b(UNIX)));
    CHECK_EQ(end_send(&duo.b, duo.stage.rt, false), MK_EFULL);
    stage_run(&duo.stage, NULL, NULL, 50);
    CHECK_EQ(duo.b.rooms, 0);
    CHECK(open_end(&duo.a, duo.stage.rt, make_a(UNIX)));
    stage_run(&duo.stage, NULL, NULL, 5);
    CHECK_EQ(duo.b.rooms, 1);
    CHECK_EQ(end_send(&duo.b, duo.stage.rt, false), MK_OK);
    stage_run(&duo.stage, NULL, NULL, 5);
    CHECK_EQ(duo.a.came, 1);
    duo_close(&duo);
    sim_reset(1);
}

TEST(what_a_slow_peer_does_not_take_is_refused_and_comes_later) {
    sim_reset(1);
    duo_t duo;
    CHECK(duo_open(&duo, TCP, 19999, 40000));
    stage_run(&duo.stage, NULL, NULL, 2);
    duo.b.link->ops->pause(duo.b.link, duo.stage.rt, true);
    int result;
    while ((result = end_send(&duo.a, duo.stage.rt, false)) == MK_OK)
        ;
    CHECK_EQ(result, MK_EFULL);
    stage_run(&duo.stage, NULL, NULL, 20);
    CHECK_EQ(duo.b.came, 0);
    duo.b.link->ops->pause(duo.b.link, duo.stage.rt, false);
    duo.rounds = duo.a.sent;
    CHECK(stage_run(&duo.stage, talk_step, &duo, PATIENCE));
    CHECK(duo.a.rooms > 0);
    duo_close(&duo);
    sim_reset(1);
}

static bool a_is_down(void *arg) {
    const duo_t *duo = arg;
    return duo->a.downs > 0;
}

TEST(the_end_of_a_transport_is_told_once) {
    for (kind_t kind = UNIX; kind <= TCP; kind++) {
        sim_reset(1);
        duo_t duo;
        CHECK(duo_open(&duo, kind, 1, 10));
        CHECK_EQ(end_send(&duo.b, duo.stage.rt, false), MK_OK);
        CHECK_EQ(end_send(&duo.b, duo.stage.rt, false), MK_OK);
        end_close(&duo.b, duo.stage.rt, true);
        uint64_t polls = runtime_counters(duo.stage.rt).polls;
        CHECK(stage_run(&duo.stage, a_is_down, &duo, 10));
        CHECK_EQ(duo.a.came, 2);
        CHECK_EQ(duo.a.reason, MK_ECLOSED);
        stage_run(&duo.stage, NULL, NULL, 50);
        CHECK(runtime_counters(duo.stage.rt).polls < polls + 300); /* no spinning */
        duo_close(&duo);
        CHECK_EQ(sim_handle_count(), 0);
    }
    sim_reset(1);
}

static void take_back(void *ctx, runtime_t *rt, transport_t *transport) {
    (void)rt;
    ((duo_t *)ctx)->returned = transport;
}

TEST(a_closed_link_can_give_the_transport_back_for_the_next_peer) {
    sim_reset(1);
    duo_t duo;
    memset(&duo, 0, sizeof duo);
    CHECK(stage_open(&duo.stage));
    transport_t *b = make_b(UNIX);
    for (unsigned round = 0; round < 3; round++) {
        end_init(&duo.a, 3, 20);
        end_init(&duo.b, 3, 20);
        transport_link_spec_t spec = {.transport = b,
                                      .events = &end_events,
                                      .owner = &duo.b,
                                      .on_free = take_back,
                                      .ctx = &duo};
        CHECK_EQ(transport_link_open(duo.stage.rt, &spec, &duo.b.link), MK_OK);
        CHECK(open_end(&duo.a, duo.stage.rt, make_a(UNIX)));
        duo.rounds = 10;
        CHECK(stage_run(&duo.stage, talk_step, &duo, 100));
        CHECK_EQ(duo.b.came, 10);
        end_close(&duo.a, duo.stage.rt, true);
        stage_run(&duo.stage, NULL, NULL, 5);
        CHECK_EQ(duo.b.downs, 1);
        CHECK(duo.returned == b);
        duo.returned = NULL;
    }
    b->destroy(b);
    duo_close(&duo);
    sim_reset(1);
}

TEST(a_callback_may_close_the_link) {
    for (uint64_t at = 1; at < 10; at++) {
        sim_reset(1);
        duo_t duo;
        CHECK(duo_open(&duo, UNIX, 3, 20));
        duo.b.close_at = at;
        duo.rounds = 10;
        stage_run(&duo.stage, talk_step, &duo, 100);
        CHECK_EQ(duo.b.came, at);
        CHECK(duo.b.link == NULL);
        duo_close(&duo);
    }
    sim_reset(1);
}

/* --- a transport that is not ours: a loop back with a handle of its own --- */

typedef struct {
    message_t *held[8];
    size_t count;
    bool is_up;
    unsigned destroyed;
} mirror_t;

static bool mirror_send(transport_t *self, const message_t *msg) {
    mirror_t *mirror = self->impl;
    if (!mirror->is_up || mirror->count == 8) return false;
    mirror->held[mirror->count++] = message_create(msg->source, msg->dest, msg->type,
                                                   msg->payload, msg->payload_size);
    sim_handle_set_ready(self->fd, MK_POLL_IN);
    return true;
}

static message_t *mirror_recv(transport_t *self) {
    mirror_t *mirror = self->impl;
    if (mirror->count == 0) return NULL;
    message_t *first = mirror->held[0];
    memmove(mirror->held, mirror->held + 1, --mirror->count * sizeof first);
    if (mirror->count == 0 && mirror->is_up) sim_handle_set_ready(self->fd, 0);
    return first;
}

static bool mirror_is_connected(transport_t *self) {
    return ((mirror_t *)self->impl)->is_up;
}

static void mirror_destroy(transport_t *self) {
    mirror_t *mirror = self->impl;
    mirror->destroyed++;
    while (mirror->count > 0)
        message_destroy(mirror->held[--mirror->count]);
    sim_handle_destroy(self->fd);
}

TEST(a_transport_of_the_program_works_too) {
    sim_reset(1);
    duo_t duo;
    memset(&duo, 0, sizeof duo);
    CHECK(stage_open(&duo.stage));
    mirror_t mirror = {.is_up = true};
    transport_t transport = {.peer_node = 5,
                             .fd = sim_handle_create(),
                             .send = mirror_send,
                             .recv = mirror_recv,
                             .is_connected = mirror_is_connected,
                             .destroy = mirror_destroy,
                             .impl = &mirror};
    end_init(&duo.a, 7, 30);
    CHECK(open_end(&duo.a, duo.stage.rt, &transport));
    for (unsigned i = 0; i < 100; i++) {
        while (end_send(&duo.a, duo.stage.rt, false) == MK_OK)
            ;
        stage_run(&duo.stage, NULL, NULL, 3);
    }
    CHECK_EQ(duo.a.came, duo.a.sent);
    CHECK_EQ(duo.a.sent, 800);
    CHECK(duo.a.rooms > 50);
    mirror.is_up = false;
    sim_handle_set_ready(transport.fd, MK_POLL_IN);
    CHECK(stage_run(&duo.stage, a_is_down, &duo, 5));
    CHECK_EQ(mirror.destroyed, 1);
    duo_close(&duo);
    sim_reset(1);
}

TEST(half_a_transport_is_refused) {
    sim_reset(1);
    duo_t duo;
    memset(&duo, 0, sizeof duo);
    CHECK(stage_open(&duo.stage));
    transport_t none = {.fd = 3};
    transport_link_spec_t spec = {.events = &end_events, .owner = &duo.a};
    link_t *link;
    CHECK_EQ(transport_link_open(duo.stage.rt, &spec, &link), MK_EINVAL);
    spec.transport = &none;
    CHECK_EQ(transport_link_open(duo.stage.rt, &spec, &link), MK_EINVAL);
    duo_close(&duo);
    sim_reset(1);
}

static void talk_once(void *unused) {
    (void)unused;
    sim_reset(1);
    duo_t duo;
    if (duo_open(&duo, UNIX, 37, 500)) {
        duo.rounds = 5;
        stage_run(&duo.stage, talk_step, &duo, 50);
    }
    duo_close(&duo);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(talk_once, NULL);
}

TEST_TABLE(transport_link, TEST_ROW(messages_go_both_ways_over_every_kind),
           TEST_ROW(random_parts_hiccups_and_small_windows),
           TEST_ROW(a_send_before_the_peer_comes_is_refused_and_told_later),
           TEST_ROW(what_a_slow_peer_does_not_take_is_refused_and_comes_later),
           TEST_ROW(the_end_of_a_transport_is_told_once),
           TEST_ROW(a_closed_link_can_give_the_transport_back_for_the_next_peer),
           TEST_ROW(a_callback_may_close_the_link),
           TEST_ROW(a_transport_of_the_program_works_too),
           TEST_ROW(half_a_transport_is_refused), TEST_ROW(every_allocation_may_fail))
