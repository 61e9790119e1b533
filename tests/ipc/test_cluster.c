/* SPDX-License-Identifier: Apache-2.0 */
/* Small clusters in a bad world: links that break at any byte, nodes that are killed
 * and come back, delays and hiccups, by seed. Whatever happens: between two lives the
 * order is kept and nothing comes twice, what is missing was counted, and when the
 * world is good again all are connected within a bound. */
#include "ipc/mount_stage.h"

#include "base/prng.h"
#include "sim/sim_net.h"

enum {
    SEEDS = 12,
    LEN = 3,
    BAD_MS = 3000,     /* of trouble */
    HEAL_MS = 31000,   /* the longest retry with its chance, and a hello */
    QUIET_MS = 200,    /* for what is under way */
    RESET_BYTES = 4000 /* at most until the next break */
};

typedef struct {
    uint32_t from;   /* node */
    uint32_t life;   /* of the sender, 1 and up */
    uint32_t number; /* 1 and up, of those that actor_send took */
} mail_t;

typedef struct {
    prng_t prng;
    uint32_t lives[LEN];          /* begun */
    actor_id_t inbox[LEN];        /* of the life of now */
    uint32_t sent[LEN][LEN];      /* taken by actor_send in this life, to that node */
    uint32_t seen[LEN][LEN];      /* last number that node i saw of node j */
    uint32_t seen_life[LEN][LEN]; /* and of which life */
    uint64_t taken, received;     /* over all */
    uint64_t refused;             /* sends that were false */
    uint64_t kills;
} world_t;

static world_t world;

static bool take_mail(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self, (void)state;
    size_t at = runtime_get_node_id(rt) - 1;
    mail_t mail;
    if (msg->type != 5) return true;
    CHECK_EQ(msg->payload_size, sizeof mail);
    memcpy(&mail, msg->payload, sizeof mail);
    size_t from = mail.from - 1;
    CHECK_EQ(actor_id_node(msg->source), mail.from);
    CHECK(mail.life >= world.seen_life[at][from]);
    if (mail.life > world.seen_life[at][from]) world.seen[at][from] = 0;
    world.seen_life[at][from] = mail.life;
    CHECK(mail.number > world.seen[at][from]);
    world.seen[at][from] = mail.number;
    world.received++;
    return true;
}

/* Message 1: write to node `payload`. */
static bool write_mail(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self, (void)state;
    size_t at = runtime_get_node_id(rt) - 1, to;
    if (msg->type != 1) return true;
    memcpy(&to, msg->payload, sizeof to);
    mail_t mail = {(uint32_t)at + 1, world.lives[at], world.sent[at][to] + 1};
    if (!actor_send(rt, world.inbox[to], 5, &mail, sizeof mail)) {
        world.refused++;
        return true;
    }
    world.sent[at][to]++;
    world.taken++;
    return true;
}

static actor_id_t writers[LEN];

static void mount_all(size_t at) {
    char target[40];
    static const nodes_mount_options_t stubborn = {.is_stubborn = true};
    for (size_t to = 0; to < LEN; to++) {
        if (to == at) continue;
        (void)snprintf(target, sizeof target, "127.0.0.1:%zu", 4200 + to);
        CHECK_EQ(nodes_mount(nodes.rt[at], target, &stubborn), MK_OK);
    }
}

static void begin_life(size_t at, bool is_keyed) {
    open_node(at);
    world.lives[at]++;
    memset(world.sent[at], 0, sizeof world.sent[at]);
    memset(world.seen[at], 0, sizeof world.seen[at]);
    memset(world.seen_life[at], 0, sizeof world.seen_life[at]);
    if (is_keyed) use_key(at, 1);
    listen_at(at, (uint16_t)(4200 + at));
    world.inbox[at] = actor_spawn(nodes.rt[at], take_mail, NULL, NULL, 1 << 16);
    writers[at] = actor_spawn(nodes.rt[at], write_mail, NULL, NULL, 64);
    mount_all(at);
}

static bool are_all_up(void) {
    for (size_t a = 0; a < LEN; a++)
        for (size_t b = 0; b < LEN; b++)
            if (a != b && !is_up(a, b)) return false;
    return true;
}

static void write_some(void) {
    for (size_t at = 0; at < LEN; at++) {
        size_t to = prng_below(&world.prng, LEN);
        if (to != at) CHECK(actor_send(nodes.rt[at], writers[at], 1, &to, sizeof to));
    }
}

static void make_trouble(bool kills, bool is_keyed) {
    if (prng_chance(&world.prng, 1, 100))
        sim_net_reset_at(1 + prng_below(&world.prng, RESET_BYTES));
    if (kills && prng_chance(&world.prng, 1, 700)) {
        size_t at = prng_below(&world.prng, LEN);
        world.kills++;
        close_node(at);
        begin_life(at, is_keyed);
    }
}

static uint64_t dead_letters(void) {
    uint64_t sum = 0;
    for (size_t i = 0; i < LEN; i++)
        sum += runtime_counters(nodes.rt[i]).dead_letters;
    return sum;
}

static void live_through(uint64_t seed, bool kills, bool is_keyed) {
    memset(&world, 0, sizeof world);
    memset(&nodes, 0, sizeof nodes);
    sim_reset(seed);
    nodes.len = LEN;
    prng_init(&world.prng, seed);
    sim_net_set_random_parts(prng_chance(&world.prng, 1, 2));
    sim_net_set_hiccups((unsigned)prng_below(&world.prng, 300));
    sim_net_set_delay(prng_below(&world.prng, 3) * NS_PER_MS_OF_STAGE);
    for (size_t i = 0; i < LEN; i++)
        begin_life(i, is_keyed);
    for (unsigned ms = 0; ms < BAD_MS; ms++) {
        make_trouble(kills, is_keyed);
        write_some();
        pass_nodes_ms(1);
    }
    sim_net_reset_at(0);
    for (unsigned ms = 0; ms < HEAL_MS && !are_all_up(); ms++)
        pass_nodes_ms(1);
    CHECK(are_all_up());
    pass_nodes_ms(QUIET_MS);
    CHECK(world.received > 0);
    /* What was taken and did not come is a dead letter of the sender; some came and
     * were not said to have come. The dead letters of killed nodes are gone with them.
     */
    if (world.kills == 0)
        CHECK(world.taken - world.received <= dead_letters() - world.refused);
    for (unsigned ms = 0; ms < QUIET_MS; ms++) {
        write_some();
        pass_nodes_ms(1);
    }
    pass_nodes_ms(QUIET_MS);
    CHECK(are_all_up());
    close_nodes();
}

TEST(cluster_links_break_and_heal) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        live_through(seed, false, false);
}

TEST(cluster_nodes_are_killed_and_come_back) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        live_through(seed, true, false);
}

TEST(cluster_with_a_key) {
    for (uint64_t seed = 1; seed <= SEEDS / 4; seed++)
        live_through(seed, true, true);
}

TEST_TABLE(cluster, TEST_ROW(cluster_links_break_and_heal),
           TEST_ROW(cluster_nodes_are_killed_and_come_back),
           TEST_ROW(cluster_with_a_key))
