/* SPDX-License-Identifier: Apache-2.0 */
/* Watched descriptors: one message at a time, none lost, none after the watch. */
#include "microkernel/watch.h"

#include "kernel/source.h"
#include "kernel/stage.h"
#include "microkernel/error.h"

enum { WATCH = 1, UNWATCH = 2, QUIET = 3, MORE = 4 };

typedef struct {
    role_t role; /* first */
    int fd;
    uint32_t wants;  /* MK_POLL_... */
    uint32_t events; /* of the last message */
    unsigned seen;   /* messages about the descriptor */
    bool is_empty;   /* the descriptor is not ready any more once handled */
    bool ends;       /* its first event ends it */
} reader_t;

static bool read_it(runtime_t *rt, role_t *me, message_t *msg) {
    reader_t *reader = (reader_t *)(void *)me;
    if (msg->type == WATCH) CHECK(actor_watch_fd(rt, reader->fd, reader->wants));
    if (msg->type == UNWATCH) CHECK(actor_unwatch_fd(rt, reader->fd));
    if (msg->type != MSG_FD_EVENT) return true;
    fd_event_payload_t payload;
    CHECK_EQ(msg->payload_size, sizeof payload);
    memcpy(&payload, msg->payload, sizeof payload);
    CHECK_EQ(payload.fd, reader->fd);
    reader->events = payload.events;
    reader->seen++;
    if (reader->is_empty) sim_handle_set_ready(reader->fd, 0);
    return !reader->ends;
}

static reader_t reader_of(int fd) {
    return (reader_t){.role.act = read_it, .fd = fd, .wants = MK_POLL_IN};
}

TEST(readiness_makes_a_message_while_it_holds) {
    runtime_t *rt = open_stage();
    reader_t reader = reader_of(sim_handle_create());
    tell(rt, cast(rt, &reader.role), WATCH);
    settle(rt);
    CHECK_EQ(reader.seen, 0);
    sim_handle_set_ready(reader.fd, MK_POLL_IN | MK_POLL_OUT);
    for (int i = 0; i < 10; i++)
        runtime_step(rt);
    CHECK_EQ(reader.seen, 10); /* level triggered */
    CHECK_EQ(reader.events, MK_POLL_IN);
    sim_handle_set_ready(reader.fd, 0);
    settle(rt);
    unsigned seen = reader.seen;
    sim_handle_set_ready(reader.fd, MK_POLL_HUP | MK_POLL_ERR);
    runtime_step(rt);
    CHECK_EQ(reader.seen, seen + 1); /* always reported */
    CHECK_EQ(reader.events, MK_POLL_HUP | MK_POLL_ERR);
    sim_handle_destroy(reader.fd);
    close_stage(rt);
}

static bool sleep_for_looks(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    if (me->count < 20) CHECK(actor_send(rt, me->id, MORE, NULL, 0));
    return true;
}

TEST(one_message_waits_at_a_time) {
    runtime_t *rt = open_stage();
    reader_t reader = reader_of(sim_handle_create());
    reader.is_empty = true;
    tell(rt, cast(rt, &reader.role), WATCH);
    settle(rt);
    role_t busy = {.act = sleep_for_looks};
    tell(rt, cast(rt, &busy), MORE);
    for (int i = 0; i < 3; i++)
        tell(rt, reader.role.id, QUIET);
    sim_handle_set_ready(reader.fd, MK_POLL_IN);
    settle(rt); /* a look before each step */
    CHECK_EQ(reader.seen, 1);
    sim_handle_destroy(reader.fd);
    close_stage(rt);
}

TEST(a_message_pushed_out_of_the_mailbox_comes_again) {
    static const mailbox_policy_t policies[] = {MAILBOX_DROP_OLDEST,
                                                MAILBOX_KEEP_LATEST};
    for (size_t i = 0; i < 2; i++) {
        runtime_t *rt = open_stage();
        reader_t reader = reader_of(sim_handle_create());
        reader.is_empty = true;
        actor_options_t options = {.mailbox_size = 2, .mailbox_policy = policies[i]};
        tell(rt, cast_with(rt, &reader.role, &options), WATCH);
        settle(rt);
        role_t busy = {0};
        cast(rt, &busy);
        tell(rt, busy.id, MORE);
        tell(rt, reader.role.id, QUIET);
        sim_handle_set_ready(reader.fd, MK_POLL_IN);
        runtime_step(rt); /* the event waits behind QUIET; busy has the turn */
        CHECK_EQ(busy.count, 1);
        CHECK_EQ(reader.seen, 0);
        for (int n = 0; n < 5; n++)
            tell(rt, reader.role.id, QUIET); /* and is pushed out */
        settle(rt);
        CHECK_EQ(reader.seen, 1);
        /* The event itself pushes others out. */
        tell(rt, reader.role.id, QUIET);
        tell(rt, reader.role.id, QUIET);
        sim_handle_set_ready(reader.fd, MK_POLL_IN);
        settle(rt);
        sim_handle_set_ready(reader.fd, MK_POLL_IN);
        settle(rt);
        CHECK_EQ(reader.seen, 3);
        sim_handle_destroy(reader.fd);
        close_stage(rt);
    }
}

TEST(a_full_mailbox_gets_the_event_later) {
    runtime_t *rt = open_stage();
    reader_t reader = reader_of(sim_handle_create());
    reader.is_empty = true;
    actor_options_t options = {.mailbox_size = 2};
    tell(rt, cast_with(rt, &reader.role, &options), WATCH);
    settle(rt);
    tell(rt, reader.role.id, QUIET);
    tell(rt, reader.role.id, QUIET);
    sim_handle_set_ready(reader.fd, MK_POLL_IN);
    settle(rt);
    CHECK_EQ(reader.seen, 1);
    sim_handle_destroy(reader.fd);
    close_stage(rt);
}

TEST(several_actors_watch_one_descriptor) {
    runtime_t *rt = open_stage();
    int fd = sim_handle_create();
    reader_t in = reader_of(fd);
    reader_t out = reader_of(fd);
    out.wants = MK_POLL_OUT;
    tell(rt, cast(rt, &in.role), WATCH);
    tell(rt, cast(rt, &out.role), WATCH);
    settle(rt);
    uint32_t interest = 0;
    CHECK_EQ(sim_handle_watchers(fd, &interest), 1);
    CHECK_EQ(interest, MK_POLL_IN | MK_POLL_OUT);
    CHECK_EQ(runtime_counters(rt).watches, 2);
    sim_handle_set_ready(fd, MK_POLL_OUT);
    for (int i = 0; i < 4; i++)
        runtime_step(rt);
    CHECK_EQ(in.seen, 0);
    CHECK_EQ(out.seen, 4);
    actor_stop(rt, out.role.id);
    settle(rt);
    CHECK_EQ(sim_handle_watchers(fd, &interest), 1);
    CHECK_EQ(interest, MK_POLL_IN);
    tell(rt, in.role.id, UNWATCH);
    settle(rt);
    CHECK_EQ(sim_handle_watchers(fd, NULL), 0);
    CHECK_EQ(runtime_counters(rt).watches, 0);
    sim_handle_destroy(fd);
    close_stage(rt);
}

TEST(a_second_call_changes_the_events) {
    runtime_t *rt = open_stage();
    reader_t reader = reader_of(sim_handle_create());
    tell(rt, cast(rt, &reader.role), WATCH);
    settle(rt);
    reader.wants = MK_POLL_OUT;
    tell(rt, reader.role.id, WATCH);
    settle(rt);
    uint32_t interest = 0;
    CHECK_EQ(sim_handle_watchers(reader.fd, &interest), 1);
    CHECK_EQ(interest, MK_POLL_OUT);
    CHECK_EQ(runtime_counters(rt).watches, 1);
    sim_handle_destroy(reader.fd);
    close_stage(rt);
}

/* --- ready, and nobody can be told --- */

static bool await_for_ever(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    (void)msg;
    actor__await(rt, MSG_TIMER);
    return true;
}

/* Mail of an actor that never looks at it takes all memory for messages. */
static void hoard_messages(runtime_t *rt, role_t *hoarder) {
    const fd_event_payload_t payload = {0, 0};
    hoarder->act = await_for_ever;
    actor_options_t options = {.mailbox_size = 1 << 16, .mailbox_bytes = 1 << 24};
    tell(rt, cast_with(rt, hoarder, &options), MORE);
    settle(rt);
    mk_alloc_fail_at(1, true);
    while (actor_send(rt, hoarder->id, MORE, &payload, sizeof payload)) {
    }
}

TEST(without_memory_a_ready_descriptor_is_put_off) {
    runtime_t *rt = open_stage();
    reader_t reader = reader_of(sim_handle_create());
    role_t hoarder = {0};
    reader.is_empty = true;
    tell(rt, cast(rt, &reader.role), WATCH);
    hoard_messages(rt, &hoarder);
    sim_handle_set_ready(reader.fd, MK_POLL_IN);
    for (int i = 0; i < 5; i++)
        runtime_step(rt);
    CHECK_EQ(reader.seen, 0);
    CHECK_EQ(runtime_counters(rt).put_off, 1);
    CHECK_EQ(sim_handle_watchers(reader.fd, NULL), 0); /* nothing wakes the loop */
    pass_ms(rt, 1);
    pass_ms(rt, 1);
    CHECK_EQ(reader.seen, 0);
    CHECK(runtime_counters(rt).put_off >= 2); /* it was looked at again */
    mk_alloc_fail_at(0, false);
    pass_ms(rt, 1);
    CHECK_EQ(reader.seen, 1);
    sim_handle_set_ready(reader.fd, MK_POLL_IN);
    settle(rt);
    CHECK_EQ(reader.seen, 2); /* as before */
    CHECK_EQ(runtime_counters(rt).watches, 1);
    sim_handle_destroy(reader.fd);
    close_stage(rt);
}

TEST(who_is_put_off_may_end_or_watch_anew) {
    for (int round = 0; round < 2; round++) {
        runtime_t *rt = open_stage();
        reader_t reader = reader_of(sim_handle_create());
        role_t hoarder = {0};
        reader.is_empty = true;
        tell(rt, cast(rt, &reader.role), WATCH);
        hoard_messages(rt, &hoarder);
        sim_handle_set_ready(reader.fd, MK_POLL_IN);
        runtime_step(rt);
        CHECK_EQ(runtime_counters(rt).put_off, 1);
        mk_alloc_fail_at(0, false);
        if (round == 0)
            actor_stop(rt, reader.role.id);
        else
            tell(rt, reader.role.id, WATCH); /* at once, not in a millisecond */
        settle(rt);
        CHECK_EQ(reader.seen, round);
        CHECK_EQ(sim_handle_watchers(reader.fd, NULL), round);
        pass_ms(rt, 2);
        CHECK_EQ(reader.seen, round);
        CHECK_EQ(sim_handle_watchers(reader.fd, NULL), round);
        sim_handle_destroy(reader.fd);
        close_stage(rt);
    }
}

/* Awaits a timer with the event in its mailbox, and then ends. */
static bool read_late(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type != MORE) return read_it(rt, me, msg);
    CHECK(actor_set_timer(rt, 50, false) != TIMER_ID_INVALID);
    actor__await(rt, MSG_TIMER);
    return true;
}

TEST(an_event_that_waits_with_its_actor_does_not_spin) {
    runtime_t *rt = open_stage();
    reader_t reader = reader_of(sim_handle_create());
    reader.role.act = read_late;
    reader.is_empty = reader.ends = true;
    actor_id_t id = cast(rt, &reader.role);
    tell(rt, id, WATCH);
    tell(rt, id, MORE);
    settle(rt);
    sim_handle_set_ready(reader.fd, MK_POLL_IN);
    runtime_run(rt); /* until the reader ends */
    CHECK_EQ(reader.seen, 1);
    CHECK_EQ(sim_now_ns(), 50 * NS_PER_MS_OF_STAGE);
    runtime_counters_t counters = runtime_counters(rt);
    CHECK(counters.put_off >= 40 && counters.put_off <= 50);
    CHECK(counters.polls < 150);
    sim_handle_destroy(reader.fd);
    close_stage(rt);
}

/* --- removed while it is ready --- */

TEST(who_ends_while_his_event_waits_gets_no_more) {
    runtime_t *rt = open_stage();
    reader_t reader = reader_of(sim_handle_create());
    reader.ends = true;
    tell(rt, cast(rt, &reader.role), WATCH);
    settle(rt);
    sim_handle_set_ready(reader.fd, MK_POLL_IN);
    settle(rt);
    CHECK_EQ(reader.seen, 1);
    CHECK_EQ(reader.role.ends, 1);
    CHECK_EQ(sim_handle_watchers(reader.fd, NULL), 0);
    sim_handle_destroy(reader.fd);
    close_stage(rt);
}

typedef struct {
    source_t source; /* first */
    source_t *other; /* closed by its first event */
    unsigned calls;
} pair_t;

static void close_other(source_t *source, runtime_t *rt, uint32_t events) {
    pair_t *pair = (pair_t *)(void *)source;
    CHECK_EQ(events, MK_POLL_IN);
    pair->calls++;
    source_close(rt, pair->other);
    source_close(rt, source);
}

TEST(a_source_closed_by_another_in_the_same_batch_is_not_called) {
    runtime_t *rt = open_stage();
    pair_t pairs[2];
    for (int i = 0; i < 2; i++) {
        pairs[i] = (pair_t){.source = {.handle = sim_handle_create(),
                                       .interest = MK_POLL_IN,
                                       .on_ready = close_other},
                            .other = &pairs[1 - i].source};
        CHECK_EQ(source_open(rt, &pairs[i].source), MK_OK);
        CHECK_EQ(source_open(rt, &pairs[i].source), MK_EEXIST);
        sim_handle_set_ready(pairs[i].source.handle, MK_POLL_IN);
    }
    role_t role = {0};
    cast(rt, &role);
    runtime_run(rt); /* sources keep it going until both are closed */
    CHECK_EQ(pairs[0].calls + pairs[1].calls, 1);
    for (int i = 0; i < 2; i++)
        sim_handle_destroy(pairs[i].source.handle);
    close_stage(rt);
}

static void drain_source(source_t *source, runtime_t *rt, uint32_t events) {
    (void)rt;
    (void)events;
    sim_handle_set_ready(source->handle, 0);
}

TEST(a_quiet_source_does_not_keep_the_loop_going) {
    runtime_t *rt = open_stage();
    source_t source = {.handle = sim_handle_create(),
                       .interest = MK_POLL_IN,
                       .on_ready = drain_source,
                       .is_quiet = true};
    role_t role = {0};
    cast(rt, &role);
    CHECK_EQ(source_open(rt, &source), MK_OK);
    runtime_run(rt);
    CHECK(!sim_is_stuck());
    CHECK_EQ(source_change(rt, &source, MK_POLL_OUT), MK_OK);
    CHECK_EQ(source.interest, MK_POLL_OUT);
    source_close(rt, &source);
    CHECK_EQ(source_change(rt, &source, MK_POLL_IN), MK_EINVAL);
    sim_handle_destroy(source.handle);
    close_stage(rt);
}

/* --- refusals --- */

static void watch_absurdly(runtime_t *rt, void *arg) {
    int plain = *(int *)arg;
    CHECK(!actor_watch_fd(rt, -1, MK_POLL_IN));
    CHECK(!actor_watch_fd(rt, 12345, MK_POLL_IN));
    CHECK(!actor_watch_fd(rt, plain, MK_POLL_IN));
    CHECK(!actor_unwatch_fd(rt, -1));
    CHECK(!actor_unwatch_fd(rt, plain));
    int fd = sim_handle_create();
    CHECK(actor_watch_fd(rt, fd, 0)); /* errors and hang-ups only */
    CHECK(actor_watch_fd(rt, fd, UINT32_MAX));
    CHECK(actor_unwatch_fd(rt, fd));
    CHECK(!actor_unwatch_fd(rt, fd));
    CHECK_EQ(runtime_counters(rt).watches, 0);
    actor_stop(rt, actor_self(rt));
    CHECK(!actor_watch_fd(rt, fd, MK_POLL_IN));
    sim_handle_destroy(fd);
}

TEST(absurd_watches_are_refused) {
    runtime_t *rt = open_stage();
    int plain = sim_handle_create_plain();
    act_inside(rt, watch_absurdly, &plain);
    sim_handle_destroy(plain);
    close_stage(rt);
}

static void watch_closed(runtime_t *rt, void *arg) {
    int fd = *(int *)arg;
    CHECK(actor_watch_fd(rt, fd, MK_POLL_IN));
    sim_handle_destroy(fd); /* closed without unwatch */
    CHECK(!actor_watch_fd(rt, fd, MK_POLL_OUT));
    CHECK(!actor_watch_fd(rt, fd, MK_POLL_IN)); /* nothing is there */
    CHECK_EQ(runtime_counters(rt).watches, 1);
}

TEST(a_change_that_fails_changes_nothing) {
    runtime_t *rt = open_stage();
    int fd = sim_handle_create();
    act_inside(rt, watch_closed, &fd);
    CHECK_EQ(runtime_counters(rt).watches, 0);
    close_stage(rt);
}

static bool watch_if_possible(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == MSG_FD_EVENT) return false;
    if (actor_watch_fd(rt, (int)me->value, MK_POLL_IN)) return true;
    CHECK(mk_alloc_fail_hit());
    CHECK_EQ(runtime_counters(rt).watches, 0);
    return false;
}

static void watch_and_end(void *arg) {
    int fd = *(int *)arg;
    runtime_t *rt = runtime_init(1, 4);
    if (rt == NULL) return;
    role_t role = {.act = watch_if_possible, .value = (uint64_t)fd};
    actor_id_t id = actor_spawn(rt, play, &role, end_role, 4);
    (void)actor_send(rt, id, WATCH, NULL, 0);
    pass_ms(rt, 1); /* what was put off is tried again */
    runtime_counters_t counters = runtime_counters(rt);
    CHECK(sim_handle_watchers(fd, NULL) <= counters.watches);
    if (counters.put_off == 0)
        CHECK_EQ(sim_handle_watchers(fd, NULL), counters.watches);
    runtime_destroy(rt);
}

TEST(watches_survive_each_failed_allocation) {
    sim_reset(1);
    int fd = sim_handle_create();
    sim_handle_set_ready(fd, MK_POLL_IN);
    test_each_alloc_failure(watch_and_end, &fd);
    sim_reset(1);
}

TEST_TABLE(watch, TEST_ROW(readiness_makes_a_message_while_it_holds),
           TEST_ROW(one_message_waits_at_a_time),
           TEST_ROW(a_message_pushed_out_of_the_mailbox_comes_again),
           TEST_ROW(a_full_mailbox_gets_the_event_later),
           TEST_ROW(several_actors_watch_one_descriptor),
           TEST_ROW(a_second_call_changes_the_events),
           TEST_ROW(without_memory_a_ready_descriptor_is_put_off),
           TEST_ROW(who_is_put_off_may_end_or_watch_anew),
           TEST_ROW(an_event_that_waits_with_its_actor_does_not_spin),
           TEST_ROW(who_ends_while_his_event_waits_gets_no_more),
           TEST_ROW(a_source_closed_by_another_in_the_same_batch_is_not_called),
           TEST_ROW(a_quiet_source_does_not_keep_the_loop_going),
           TEST_ROW(absurd_watches_are_refused),
           TEST_ROW(a_change_that_fails_changes_nothing),
           TEST_ROW(watches_survive_each_failed_allocation))
