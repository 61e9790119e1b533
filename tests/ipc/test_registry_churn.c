/* SPDX-License-Identifier: Apache-2.0 */
/* Registries of nodes after any churn, and after memory was short: they converge. */
#include "ipc/registry_stage.h"

#include "base/alloc.h"
#include "base/prng.h"

#include <stdio.h>

enum { NODES = 4, NAMES = 12, ACTORS = 4 };

typedef struct {
    prng_t prng;
    actor_id_t actors[NODES + 1][ACTORS];
} churn_t;

static void churn_begin(churn_t *churn, uint64_t seed) {
    open_nodes(NODES);
    prng_init(&churn->prng, seed);
    fleet_set_room(1 + (size_t)prng_below(&churn->prng, 20));
    for (int i = 1; i <= NODES; i++)
        for (int k = 0; k < ACTORS; k++)
            churn->actors[i][k] = fleet_spawn(i, NULL);
}

static void connect_or_cut(int a, int b) {
    if (a == b) return;
    if (fleet_is_connected(a, b))
        fleet_cut(a, b);
    else
        fleet_connect(a, b);
}

static void replace_actor(int node, actor_id_t *id) {
    actor_stop(rt_of(node), *id);
    runtime_step(rt_of(node));
    *id = fleet_spawn(node, NULL);
}

static void drop_own(int node, const char *name) {
    actor_id_t id = lookup(node, name);
    if (id != 0 && actor_id_node(id) == (node_id_t)node)
        (void)names_unregister(rt_of(node), name);
}

static void churn_step(churn_t *churn) {
    prng_t *prng = &churn->prng;
    int a = 1 + (int)prng_below(prng, NODES);
    int b = 1 + (int)prng_below(prng, NODES);
    actor_id_t *id = &churn->actors[a][prng_below(prng, ACTORS)];
    char name[16];
    snprintf(name, sizeof name, prng_below(prng, 3) ? "x%u" : "/y%u",
             (unsigned)prng_below(prng, NAMES));
    switch (prng_below(prng, 8)) {
    case 0: connect_or_cut(a, b); break;
    case 1: fleet_pass_ms(prng_below(prng, 3000)); break;
    case 2: fleet_settle(); break;
    case 3: replace_actor(a, id); break;
    case 4: drop_own(a, name); break;
    default: (void)names_register(rt_of(a), name, *id); break;
    }
}

static void check_view(int viewer, const char *name) {
    actor_id_t seen = lookup(viewer, name);
    bool is_somewhere = false;
    bool is_right = false;
    for (int i = 1; i <= NODES; i++) {
        if (i != viewer && !fleet_is_connected(viewer, i)) continue;
        char own[64];
        snprintf(own, sizeof own, "/node/n%d/%s", i, name[0] == '/' ? name + 1 : name);
        actor_id_t id = lookup(i, own);
        CHECK_EQ(lookup(viewer, own), id); /* below its node it is always known */
        if (id == 0) continue;
        is_somewhere = true;
        if (seen == id) is_right = true;
        if (i == viewer) CHECK_EQ(seen, id); /* a node's own is what it sees */
    }
    CHECK(is_somewhere ? is_right : seen == 0);
}

static void check_views(int viewer) {
    for (unsigned i = 0; i < NAMES; i++) {
        char name[16];
        snprintf(name, sizeof name, "x%u", i);
        check_view(viewer, name);
        snprintf(name, sizeof name, "/y%u", i);
        check_view(viewer, name);
    }
}

/* Cuts, connections, names that come, go and move: when it is quiet again everybody
 * sees somebody's for each name that a neighbour has, and nothing else. */
TEST(registries_converge_after_any_churn) {
    for (uint64_t seed = 1; seed <= 150; seed++) {
        churn_t churn;
        churn_begin(&churn, seed);
        for (int step = 0; step < 200; step++)
            churn_step(&churn);
        fleet_settle();
        pass_graces();
        for (int viewer = 1; viewer <= NODES; viewer++)
            check_views(viewer);
        fleet_close();
    }
}

/* One allocation fails, or all from then on until the end: once there is memory again,
 * and the nodes are connected, everything is known. */
static bool live_through_shortage(size_t nth, bool for_ever) {
    open_nodes(2);
    actor_id_t id[3][2];
    for (int i = 1; i <= 2; i++) {
        id[i][0] = fleet_spawn(i, NULL);
        id[i][1] = fleet_spawn(i, NULL);
    }
    give(1, "both", id[1][0]);
    give(2, "both", id[2][0]);
    give(1, "goes", id[1][1]);
    fleet_connect(1, 2);
    mk_alloc_fail_at(nth, for_ever);
    fleet_settle();
    bool has_late = names_register(rt_of(2), "late", id[2][1]) == MK_OK;
    (void)names_register(rt_of(2), "/late", id[2][1]);
    actor_stop(rt_of(1), id[1][1]);
    fleet_settle();
    actor_stop(rt_of(1), id[1][0]);
    fleet_settle();
    bool was_hit = mk_alloc_fail_hit();
    mk_alloc_fail_at(0, false);
    fleet_pass_ms(100);
    if (!fleet_is_connected(1, 2)) fleet_connect(1, 2);
    pass_graces();
    CHECK_EQ(lookup(1, "both"), id[2][0]);
    CHECK_EQ(lookup(2, "both"), id[2][0]);
    CHECK_EQ(lookup(2, "goes"), 0);
    CHECK_EQ(lookup(1, "late"), has_late ? id[2][1] : 0);
    CHECK_EQ(lookup(1, "/late"), lookup(2, "/late"));
    CHECK(registry_sync_is_in_step(rt_of(1), 2) &&
          registry_sync_is_in_step(rt_of(2), 1));
    fleet_close();
    return was_hit;
}

TEST(short_memory_delays_names_and_loses_none) {
    for (int for_ever = 0; for_ever < 2; for_ever++)
        for (size_t nth = 1; live_through_shortage(nth, for_ever); nth++)
            CHECK(nth < 500);
}

/* Its owner ends, and then who claims it first goes as well. Memory is short at the end
 * of the owner, or `later`, when the name is given to who claims it. */
static bool lose_two_owners(size_t nth, bool later) {
    actor_id_t id[5];
    open_nodes(4);
    for (int i = 2; i <= 4; i++) {
        give(i, "lamp", id[i] = fleet_spawn(i, NULL));
        fleet_connect(1, i);
        fleet_settle();
    }
    CHECK_EQ(lookup(1, "lamp"), id[2]);
    if (!later) mk_alloc_fail_at(nth, false);
    actor_stop(rt_of(2), id[2]);
    fleet_settle();
    if (later) mk_alloc_fail_at(nth, false);
    for (int i = 0; later && i < 2; i++)
        fleet_pass_ms(MK_NAME_GRACE_MS + 100);
    bool was_hit = mk_alloc_fail_hit();
    mk_alloc_fail_at(0, false);
    fleet_pass_ms(100);
    if (fleet_is_connected(1, 3)) fleet_cut(1, 3);
    if (!fleet_is_connected(1, 4)) fleet_connect(1, 4);
    pass_graces();
    CHECK_EQ(lookup(1, "lamp"), id[4]);
    fleet_close();
    return was_hit;
}

TEST(short_memory_loses_no_claim_to_a_name) {
    for (int later = 0; later < 2; later++)
        for (size_t nth = 1; lose_two_owners(nth, later); nth++)
            CHECK(nth < 500);
}

TEST_TABLE(registry_churn, TEST_ROW(registries_converge_after_any_churn),
           TEST_ROW(short_memory_delays_names_and_loses_none),
           TEST_ROW(short_memory_loses_no_claim_to_a_name))
