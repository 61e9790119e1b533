/* SPDX-License-Identifier: Apache-2.0 */
/* Work beside the loop: told once, or discarded; on threads and where there are none.
 */
#include "kernel/stage.h"

enum { GO = 1, JOBS = 20 };

typedef struct {
    role_t role; /* first */
    unsigned begun;
    unsigned told;
    uint64_t tickets; /* bit per ticket that was told */
    int numbers[JOBS];
} boss_t;

static unsigned discarded;
static unsigned discarded_args; /* of those that never began */

static void *twice(void *arg) {
    int *number = arg;
    *number *= 2;
    return number;
}

static void discard(void *result) {
    discarded++;
    if (*(int *)result % 2 != 0) discarded_args++;
}

static bool run_boss(runtime_t *rt, role_t *me, message_t *msg) {
    boss_t *boss = (boss_t *)(void *)me;
    if (msg->type == GO) {
        for (int i = 0; i < JOBS; i++) {
            boss->numbers[i] = 2 * i + 1;
            uint32_t ticket = runtime_offload(rt, twice, &boss->numbers[i], discard);
            if (ticket != 0) CHECK_EQ(ticket, ++boss->begun);
        }
        return true;
    }
    CHECK_EQ(msg->type, MSG_OFFLOAD_DONE);
    CHECK_EQ(msg->source, ACTOR_ID_INVALID);
    offload_done_payload_t done;
    CHECK_EQ(msg->payload_size, sizeof done);
    memcpy(&done, msg->payload, sizeof done);
    CHECK(done.result == done.arg);
    CHECK_EQ(*(int *)done.result % 4, 2);
    uint64_t bit = UINT64_C(1) << done.ticket;
    CHECK((boss->tickets & bit) == 0);
    boss->tickets |= bit;
    boss->told++;
    return true;
}

static const bool kinds[] = {false, true}; /* without threads, with threads */

TEST(every_job_is_told_once_with_its_result) {
    for (size_t i = 0; i < 2; i++) {
        runtime_t *rt = open_stage();
        if (!sim_set_threads(kinds[i])) {
            close_stage(rt);
            break;
        }
        boss_t boss = {.role.act = run_boss};
        discarded = 0;
        actor_options_t options = {.mailbox_size = 2}; /* notices pass it */
        tell(rt, cast_with(rt, &boss.role, &options), GO);
        runtime_run(rt);
        CHECK_EQ(boss.begun, JOBS);
        CHECK_EQ(boss.told, JOBS);
        CHECK_EQ(discarded, 0);
        close_stage(rt);
    }
}

TEST(results_of_an_owner_that_ended_are_discarded) {
    for (size_t i = 0; i < 2; i++) {
        runtime_t *rt = open_stage();
        if (!sim_set_threads(kinds[i])) {
            close_stage(rt);
            break;
        }
        boss_t boss = {.role.act = run_boss};
        role_t other = {0};
        cast(rt, &other);
        discarded = discarded_args = 0;
        tell(rt, cast(rt, &boss.role), GO);
        runtime_step(rt);
        actor_stop(rt, boss.role.id);
        runtime_run(rt);
        CHECK_EQ(boss.told, 0);
        CHECK_EQ(discarded, JOBS);
        CHECK_EQ(discarded_args, 0); /* all of them ran */
        close_stage(rt);
    }
}

/* Work that has somebody run before its owner is told. */
static role_t *first;
static runtime_t *rt_of_first;

static void *call_first(void *arg) {
    tell(rt_of_first, first->id, GO);
    return arg;
}

static bool offload_once(runtime_t *rt, role_t *me, message_t *msg) {
    static int number = 2;
    if (msg->type == GO)
        CHECK(runtime_offload(rt, call_first, &number, discard) != 0);
    else
        me->value++;
    return true;
}

static bool stop_peer(runtime_t *rt, role_t *me, message_t *msg) {
    (void)msg;
    actor_stop(rt, me->peer);
    return true;
}

TEST(a_result_that_waits_in_the_mailbox_of_the_dead_is_discarded) {
    runtime_t *rt = open_stage();
    role_t owner = {.act = offload_once};
    role_t killer = {.act = stop_peer};
    discarded = 0;
    rt_of_first = rt;
    first = &killer;
    killer.peer = cast(rt, &owner);
    cast(rt, &killer);
    tell(rt, owner.id, GO);
    runtime_run(rt);
    CHECK_EQ(owner.ends, 1);
    CHECK_EQ(owner.value, 0);
    CHECK_EQ(discarded, 1);
    close_stage(rt);
}

TEST(destroy_discards_what_was_not_told) {
    for (size_t i = 0; i < 2; i++) {
        runtime_t *rt = open_stage();
        if (!sim_set_threads(kinds[i])) {
            close_stage(rt);
            break;
        }
        boss_t boss = {.role.act = run_boss};
        discarded = discarded_args = 0;
        tell(rt, cast(rt, &boss.role), GO);
        runtime_step(rt);
        CHECK_EQ(boss.begun, JOBS);
        close_stage(rt);
        CHECK_EQ(discarded + boss.told, JOBS);
        if (!kinds[i]) CHECK_EQ(discarded_args, JOBS); /* none began */
    }
}

static void *do_nothing(void *arg) {
    return arg;
}

static void offload_absurdly(runtime_t *rt, void *arg) {
    (void)arg;
    CHECK_EQ(runtime_offload(rt, NULL, NULL, NULL), 0);
    CHECK_EQ(runtime_offload(NULL, do_nothing, NULL, NULL), 0);
    CHECK(runtime_offload(rt, do_nothing, NULL, NULL) != 0);
    actor_stop(rt, actor_self(rt));
    CHECK(runtime_offload(rt, do_nothing, NULL, NULL) != 0); /* told to nobody */
}

TEST(absurd_jobs_are_refused) {
    runtime_t *rt = open_stage();
    CHECK_EQ(runtime_offload(rt, do_nothing, NULL, NULL), 0); /* outside */
    act_inside(rt, offload_absurdly, NULL);
    runtime_run(rt);
    close_stage(rt);
}

TEST(threads_that_cannot_be_started_leave_the_work_to_the_loop) {
    if (!sim_set_threads(true)) test_skip("no threads here");
    runtime_t *rt = open_stage();
    CHECK(sim_set_threads(true));
    boss_t boss = {.role.act = run_boss};
    tell(rt, cast(rt, &boss.role), GO);
    sim_fail_port_at(2, true); /* the lock first */
    runtime_run(rt);
    CHECK(sim_fail_port_hit());
    CHECK_EQ(boss.told, JOBS);
    close_stage(rt);
    rt = open_stage();
    CHECK(sim_set_threads(true));
    boss = (boss_t){.role.act = run_boss};
    tell(rt, cast(rt, &boss.role), GO);
    sim_fail_port_at(1, true);
    runtime_run(rt);
    CHECK_EQ(boss.begun, 0);
    CHECK_EQ(runtime_counters(rt).no_memory, JOBS);
    close_stage(rt);
}

static void offload_some(void *arg) {
    (void)arg;
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 4);
    if (rt == NULL) return;
    boss_t boss = {.role.act = run_boss};
    discarded = 0;
    actor_id_t id = actor_spawn(rt, play, &boss.role, end_role, 8);
    (void)actor_send(rt, id, GO, NULL, 0);
    runtime_run(rt);
    CHECK_EQ(boss.told, boss.begun);
    CHECK_EQ(discarded, 0);
    CHECK(boss.begun == JOBS || mk_alloc_fail_hit());
    runtime_destroy(rt);
}

TEST(offload_survives_each_failed_allocation) {
    test_each_alloc_failure(offload_some, NULL);
}

TEST_TABLE(offload, TEST_ROW(every_job_is_told_once_with_its_result),
           TEST_ROW(results_of_an_owner_that_ended_are_discarded),
           TEST_ROW(a_result_that_waits_in_the_mailbox_of_the_dead_is_discarded),
           TEST_ROW(destroy_discards_what_was_not_told),
           TEST_ROW(absurd_jobs_are_refused),
           TEST_ROW(threads_that_cannot_be_started_leave_the_work_to_the_loop),
           TEST_ROW(offload_survives_each_failed_allocation))
