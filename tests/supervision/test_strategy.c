/* SPDX-License-Identifier: Apache-2.0 */
/* The decision against an oracle that was written the other way round: the oracle plays
 * a restart through, child by child, on lists; strategy.c answers with a range and a
 * rule. All combinations of up to three children, all events, all settings. */
#include "support/test.h"

#include "supervision/strategy.h"

#include <string.h>

enum { MAX_CHILDREN = 3 };

/* What a child can be: type, significant or not, and where it stands. */
static const child_facts_t kinds[] = {
    {RESTART_PERMANENT, false, true, true},   {RESTART_PERMANENT, false, true, false},
    {RESTART_PERMANENT, false, false, false}, {RESTART_PERMANENT, false, false, true},
    {RESTART_TRANSIENT, false, true, true},   {RESTART_TRANSIENT, false, true, false},
    {RESTART_TRANSIENT, false, false, false}, {RESTART_TRANSIENT, true, true, true},
    {RESTART_TRANSIENT, true, false, false},  {RESTART_TEMPORARY, false, true, true},
    {RESTART_TEMPORARY, true, true, true},    {RESTART_TEMPORARY, false, false, true},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const restart_strategy_t strategies[] = {
    STRATEGY_ONE_FOR_ONE, STRATEGY_ONE_FOR_ALL, STRATEGY_REST_FOR_ONE};
static const auto_shutdown_t autos[] = {AUTO_SHUTDOWN_NEVER, AUTO_SHUTDOWN_ANY,
                                        AUTO_SHUTDOWN_ALL};

typedef struct {
    int who[MAX_CHILDREN]; /* indexes, in the order things happen */
    int len;
} list_t;

typedef struct {
    plan_action_t action;
    list_t stops;  /* who is stopped */
    list_t starts; /* who is started afterwards */
    list_t goes;   /* who loses its place */
} outcome_t;

static void add(list_t *list, int who) {
    list->who[list->len++] = who;
}

/* --- the oracle --- */

static bool oracle_restarts(const strategy_event_t *event) {
    if (event->kind == EVENT_START_FAILED) return true;
    if (event->child.restart_type == RESTART_PERMANENT) return true;
    if (event->child.restart_type == RESTART_TEMPORARY) return false;
    return event->reason != EXIT_NORMAL && event->reason != EXIT_SHUTDOWN;
}

static bool oracle_shuts_down(const strategy_event_t *event, const child_facts_t *all,
                              int len) {
    if (!all[event->index].is_significant) return false;
    if (event->auto_shutdown == AUTO_SHUTDOWN_ANY) return true;
    if (event->auto_shutdown == AUTO_SHUTDOWN_NEVER) return false;
    for (int i = 0; i < len; i++)
        if (i != (int)event->index && all[i].is_significant && all[i].is_wanted)
            return false;
    return true;
}

static outcome_t oracle(const strategy_event_t *event, const child_facts_t *all,
                        int len) {
    outcome_t out;
    memset(&out, 0, sizeof out);
    int dead = (int)event->index;
    if (!oracle_restarts(event)) {
        out.action = PLAN_KEEP;
        if (all[dead].restart_type == RESTART_TEMPORARY) out.action = PLAN_FORGET;
        if (oracle_shuts_down(event, all, len)) out.action = PLAN_SHUT_DOWN;
        return out;
    }
    if (!event->is_restart_allowed) {
        out.action = PLAN_GIVE_UP;
        return out;
    }
    out.action = PLAN_RESTART;
    for (int i = len - 1; i >= 0; i--) {
        if (event->strategy == STRATEGY_ONE_FOR_ONE && i != dead) continue;
        if (event->strategy == STRATEGY_REST_FOR_ONE && i < dead) continue;
        if (i == dead) continue;
        if (all[i].is_running) add(&out.stops, i);
        if (all[i].restart_type == RESTART_TEMPORARY) add(&out.goes, i);
    }
    for (int i = 0; i < len; i++) {
        bool is_touched = event->strategy == STRATEGY_ONE_FOR_ALL || i == dead ||
                          (event->strategy == STRATEGY_REST_FOR_ONE && i > dead);
        bool was_wanted = i == dead || all[i].is_wanted;
        if (is_touched && was_wanted && all[i].restart_type != RESTART_TEMPORARY)
            add(&out.starts, i);
    }
    return out;
}

/* --- ours, in the same words --- */

static outcome_t ours(const strategy_event_t *event, const child_facts_t *all) {
    outcome_t out;
    memset(&out, 0, sizeof out);
    strategy_plan_t plan = strategy_decide(event);
    out.action = plan.action;
    CHECK(plan.first <= plan.end);
    CHECK(plan.end <= event->count);
    CHECK((plan.action == PLAN_RESTART) == (plan.first < plan.end));
    child_facts_t after[MAX_CHILDREN];
    memcpy(after, all, sizeof after);
    after[event->index].is_running = false;
    after[event->index].is_wanted = true;
    for (size_t i = plan.end; i-- > plan.first;) {
        unsigned does = strategy_member(&after[i]);
        if (does & MEMBER_STOPS) add(&out.stops, (int)i);
        if (does & MEMBER_GOES) add(&out.goes, (int)i);
    }
    for (size_t i = plan.first; i < plan.end; i++)
        if (strategy_member(&after[i]) & MEMBER_STARTS) add(&out.starts, (int)i);
    return out;
}

/* --- all of them --- */

static void compare(const strategy_event_t *event, const child_facts_t *all, int len) {
    outcome_t want = oracle(event, all, len);
    outcome_t got = ours(event, all);
    CHECK_EQ(got.action, want.action);
    CHECK_MEM(&got.stops, &want.stops, sizeof got.stops);
    CHECK_MEM(&got.starts, &want.starts, sizeof got.starts);
    CHECK_MEM(&got.goes, &want.goes, sizeof got.goes);
}

static size_t compare_settings(strategy_event_t *event, const child_facts_t *all,
                               int len) {
    size_t count = 0;
    for (size_t s = 0; s < 3; s++)
        for (size_t a = 0; a < 3; a++)
            for (int allowed = 0; allowed < 2; allowed++) {
                event->strategy = strategies[s];
                event->auto_shutdown = autos[a];
                event->is_restart_allowed = allowed != 0;
                compare(event, all, len);
                count++;
            }
    return count;
}

/* Every event that can happen to these children. */
static size_t compare_events(const child_facts_t *all, int len) {
    size_t count = 0;
    for (int dead = 0; dead < len; dead++) {
        strategy_event_t event = {.index = (size_t)dead, .count = (size_t)len};
        event.child = all[dead];
        for (int i = 0; i < len; i++)
            if (i != dead && all[i].is_significant && all[i].is_wanted)
                event.significant_left++;
        if (all[dead].is_running && all[dead].is_wanted) {
            event.kind = EVENT_CHILD_ENDED;
            for (unsigned reason = EXIT_NORMAL; reason <= EXIT_NO_ACTOR; reason++) {
                event.reason = (uint8_t)reason;
                count += compare_settings(&event, all, len);
            }
        }
        bool can_fail = !all[dead].is_running && all[dead].is_wanted;
        if (can_fail && all[dead].restart_type != RESTART_TEMPORARY) {
            event.kind = EVENT_START_FAILED;
            count += compare_settings(&event, all, len);
        }
    }
    return count;
}

TEST(every_decision_agrees_with_the_oracle) {
    size_t count = 0;
    child_facts_t all[MAX_CHILDREN];
    memset(all, 0, sizeof all);
    for (int a = 0; a < KINDS; a++) {
        all[0] = kinds[a];
        count += compare_events(all, 1);
        for (int b = 0; b < KINDS; b++) {
            all[1] = kinds[b];
            count += compare_events(all, 2);
            for (int c = 0; c < KINDS; c++) {
                all[2] = kinds[c];
                count += compare_events(all, 3);
            }
        }
    }
    CHECK(count > 100000); /* the loops really ran */
}

static strategy_plan_t plan_for(restart_strategy_t strategy, restart_type_t type,
                                uint8_t reason) {
    const strategy_event_t event = {.reason = reason,
                                    .index = 1,
                                    .count = 4,
                                    .child = {type, false, true, true},
                                    .is_restart_allowed = true,
                                    .strategy = strategy};
    return strategy_decide(&event);
}

TEST(the_strategy_decides_the_group) {
    strategy_plan_t plan =
        plan_for(STRATEGY_ONE_FOR_ONE, RESTART_PERMANENT, EXIT_CRASHED);
    CHECK_EQ(plan.action, PLAN_RESTART);
    CHECK_EQ(plan.first, 1);
    CHECK_EQ(plan.end, 2);
    plan = plan_for(STRATEGY_REST_FOR_ONE, RESTART_PERMANENT, EXIT_CRASHED);
    CHECK_EQ(plan.first, 1);
    CHECK_EQ(plan.end, 4);
    plan = plan_for(STRATEGY_ONE_FOR_ALL, RESTART_PERMANENT, EXIT_CRASHED);
    CHECK_EQ(plan.first, 0);
    CHECK_EQ(plan.end, 4);
}

TEST(the_restart_type_decides_whether) {
    CHECK_EQ(plan_for(STRATEGY_ONE_FOR_ALL, RESTART_PERMANENT, EXIT_NORMAL).action,
             PLAN_RESTART);
    CHECK_EQ(plan_for(STRATEGY_ONE_FOR_ALL, RESTART_TRANSIENT, EXIT_NORMAL).action,
             PLAN_KEEP);
    CHECK_EQ(plan_for(STRATEGY_ONE_FOR_ALL, RESTART_TRANSIENT, EXIT_SHUTDOWN).action,
             PLAN_KEEP);
    CHECK_EQ(plan_for(STRATEGY_ONE_FOR_ALL, RESTART_TRANSIENT, EXIT_TRAPPED).action,
             PLAN_RESTART);
    CHECK_EQ(plan_for(STRATEGY_ONE_FOR_ALL, RESTART_TRANSIENT, EXIT_KILLED).action,
             PLAN_RESTART);
    CHECK_EQ(plan_for(STRATEGY_ONE_FOR_ALL, RESTART_TEMPORARY, EXIT_CRASHED).action,
             PLAN_FORGET);
}

TEST_TABLE(strategy, TEST_ROW(every_decision_agrees_with_the_oracle),
           TEST_ROW(the_strategy_decides_the_group),
           TEST_ROW(the_restart_type_decides_whether))
