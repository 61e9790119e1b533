/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.c - the nodes of a cluster: whose turn it is, how they begin and end, and
 * what happens to the lines between them.
 *
 * All runtimes share one thread. Each runs until it would wait; then time goes on to
 * the next moment at which anything happens anywhere. Who is first at one moment is
 * drawn. */
#include "cluster/cluster_impl.h"

#include "base/alloc.h"
#include "ipc/peer.h"
#include "microkernel/error.h"
#include "microkernel/mount.h"
#include "net/address.h"
#include "port/tls.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum {
    SLICES = 60,
    FIRST_BEINGS = 3,   /* of each life */
    TURNS_MAX = 100000, /* at one moment: more is a loop without end */
    LOOK_MS = 250,      /* between two looks whether the cluster is whole */
    DRAIN_MS = 20000,   /* for what is on slow lines yet: a window at 5 kB/s */
    ROUND_MS = 5000,    /* for the last letters */
    KEYED_ONE_OF = 8,   /* worlds */
    ACTORS_MAX = 512
};

static runtime_t *runtime_at(unsigned slot) {
    return c.lives[c.slots[slot].life].rt;
}

static bool is_running(unsigned slot) {
    return runtime_at(slot) != NULL && !c.slots[slot].is_paused;
}

/* --- turns --- */

static void end_turn(void *arg, uint64_t deadline_ns) {
    (void)arg;
    c.slots[c.running].deadline_ns = deadline_ns;
    runtime_stop(runtime_at(c.running));
}

static bool has_turn(unsigned slot) {
    const slot_t *at = &c.slots[slot];
    return is_running(slot) &&
           (at->is_fresh || at->deadline_ns <= sim_now_ns() || sim_host_is_ready(slot));
}

static void take_turn(unsigned slot) {
    slot_t *at = &c.slots[slot];
    at->is_fresh = false;
    at->deadline_ns = UINT64_MAX;
    c.running = slot;
    sim_host_enter(slot);
    strain(false);
    runtime_run(runtime_at(slot));
    relax(at->life);
}

/* Everything that happens without time passing. */
static void settle(void) {
    unsigned ready[SLOTS_MAX], len, turns = 0;
    do {
        len = 0;
        for (unsigned slot = 1; slot <= c.slots_len; slot++)
            if (has_turn(slot)) ready[len++] = slot;
        if (len > 0) take_turn(ready[roll(len)]);
        if (++turns == TURNS_MAX) fail("C7: nobody comes to rest");
    } while (len > 0 && !c.is_over);
}

static uint64_t next_moment(void) {
    uint64_t next_ns = sim_next_event_ns();
    for (unsigned slot = 1; slot <= c.slots_len; slot++)
        if (is_running(slot) && c.slots[slot].deadline_ns < next_ns)
            next_ns = c.slots[slot].deadline_ns;
    return next_ns;
}

static void pass_ms(uint64_t ms) {
    uint64_t end_ns = sim_now_ns() + ms * NS_PER_MS;
    for (;;) {
        settle();
        uint64_t now_ns = sim_now_ns(), next_ns = next_moment();
        if (next_ns > end_ns || c.is_over) {
            sim_advance(end_ns > now_ns ? end_ns - now_ns : 0);
            return;
        }
        sim_advance(next_ns > now_ns ? next_ns - now_ns : 0);
    }
}

/* --- nodes --- */

static port_address_t address_of(unsigned slot, uint16_t port) {
    port_address_t address = address_loopback(port);
    address.bytes[3] = (uint8_t)slot;
    return address;
}

static void mount_all(unsigned slot) {
    static const nodes_mount_options_t stubborn = {.is_stubborn = true};
    for (unsigned other = 1; other <= c.slots_len; other++) {
        char target[32];
        if (!c.mounts[slot][other]) continue;
        (void)snprintf(target, sizeof target, "127.0.0.%u", other);
        strain(false);
        int result = nodes_mount(runtime_at(slot), target, &stubborn);
        bool is_excused = result == MK_ENOMEM && is_struck();
        relax(c.slots[slot].life);
        if (result != MK_OK && result != MK_EEXIST && !is_excused)
            fail("C5: node %u cannot begin to mount %s: %s", slot, target,
                 mk_error_text(result));
    }
    c.slots[slot].is_fresh = true;
}

static void begin_life(unsigned slot) {
    static const uint8_t key[MK_KEY_SIZE] = {1, 2, 3};
    slot_t *at = &c.slots[slot];
    char address[32];
    if (at->lives == LIVES_PER_SLOT) return;
    at->lives++;
    at->life = (uint8_t)++c.lives_len;
    at->is_paused = false;
    life_t *life = &c.lives[at->life];
    *life = (life_t){.slot = (uint8_t)slot, .number = at->number};
    memcpy(life->identity, at->identity, sizeof life->identity);
    tell("node %u begins as %s (%u)", slot, life->identity, life->number);
    c.report.lives++;
    sim_host_enter(slot);
    life->rt = runtime_init(life->number, ACTORS_MAX);
    (void)snprintf(address, sizeof address, "127.0.0.%u", slot);
    const nodes_listen_options_t listen = {.address = address};
    bool is_good = life->rt != NULL &&
                   node_set_identity(life->rt, life->identity) == MK_OK &&
                   ns_actor_init(life->rt) != ACTOR_ID_INVALID &&
                   (!c.report.is_keyed || nodes_use_key(life->rt, key) == MK_OK) &&
                   nodes_listen(life->rt, &listen) == MK_MOUNT_PORT;
    actor_id_t reader =
        is_good ? actor_spawn(life->rt, read_news, life, NULL, 64) : ACTOR_ID_INVALID;
    if (!is_good || !actor_send(life->rt, reader, DEED, NULL, 0)) {
        fail("C7: node %u cannot begin", slot);
        return;
    }
    begin_books(at->life);
    mount_all(slot);
    for (int i = 0; i < FIRST_BEINGS; i++)
        (void)spawn_being(at->life, i > 1);
}

static void end_life(unsigned slot) {
    slot_t *at = &c.slots[slot];
    life_t *life = &c.lives[at->life];
    end_books(at->life);
    sim_host_enter(slot);
    runtime_destroy(life->rt);
    life->rt = NULL;
    at->life = 0;
    at->is_paused = false;
}

/* Who comes back: mostly the same, sometimes by another name or number. */
static void choose_identity(unsigned slot) {
    slot_t *at = &c.slots[slot];
    if (chance(3, 10))
        (void)snprintf(at->identity, sizeof at->identity, "n%u.%u", slot, at->lives);
    if (chance(2, 10)) {
        at->number = (node_id_t)(slot + 8u * at->lives);
        (void)snprintf(at->identity, sizeof at->identity, "m%u.%u", slot, at->lives);
    }
}

static void begin_again(unsigned slot) {
    if (c.slots[slot].is_off) sim_host_set_power(slot, true);
    c.slots[slot].is_off = false;
    if (runtime_at(slot) != NULL || c.slots[slot].lives == LIVES_PER_SLOT) return;
    choose_identity(slot);
    begin_life(slot);
}

/* --- what happens to them --- */

static void cut(unsigned a, unsigned b, bool is_cut) {
    sim_line_cut(a, b, is_cut);
}

static void cut_both(unsigned a, unsigned b, bool is_cut) {
    tell("the line between %u and %u is %s", a, b, is_cut ? "cut" : "mended");
    cut(a, b, is_cut);
    cut(b, a, is_cut);
}

static void part_groups(void) {
    unsigned group = roll((size_t)1 << c.slots_len) << 1;
    tell("a partition, group %x", group);
    for (unsigned a = 1; a <= c.slots_len; a++)
        for (unsigned b = 1; b <= c.slots_len; b++)
            if (((group >> a) & 1) != ((group >> b) & 1)) cut(a, b, true);
}

static void mend_all(void) {
    for (unsigned a = 1; a <= c.slots_len; a++)
        for (unsigned b = 1; b <= c.slots_len; b++)
            cut(a, b, false);
}

/* How a line is; some are slow, some uneven, some far. */
static sim_line_t draw_line(void) {
    sim_line_t line = {.delay_ns = (1 + roll(3000)) * UINT64_C(1000)};
    if (chance(1, 4)) line.jitter_ns = (1 + roll(300)) * NS_PER_MS;
    if (chance(1, 6)) line.bytes_per_s = 5000 + roll(200000);
    if (chance(1, 8)) line.delay_ns = (50 + roll(400)) * NS_PER_MS;
    return line;
}

static void set_line(unsigned a, unsigned b, sim_line_t line) {
    sim_line_set(a, b, line);
    sim_line_set(b, a, line);
}

static void kill_node(unsigned slot) {
    tell("node %u is killed", slot);
    sim_host_kill(slot);
    end_life(slot);
}

static void lose_power(unsigned slot) {
    tell("node %u loses its power", slot);
    c.slots[slot].is_off = true;
    sim_host_set_power(slot, false);
    end_life(slot);
}

static void mount_again(unsigned slot) {
    tell("node %u mounts all again", slot);
    sim_host_enter(slot);
    mount_all(slot);
}

/* By its target, its name or its number; it may be mounted or not. */
static void unmount(unsigned slot, unsigned other) {
    const life_t *life = &c.lives[c.slots[other].life];
    char name[MK_NODE_NAME_MAX];
    unsigned form = life->rt != NULL ? roll(3) : 0;
    if (form == 0)
        (void)snprintf(name, sizeof name, "127.0.0.%u", other);
    else if (form == 1)
        memcpy(name, life->identity, sizeof name);
    else
        (void)snprintf(name, sizeof name, "%u", (unsigned)life->number);
    sim_host_enter(slot);
    bool was_up = life->rt != NULL && is_connected(c.slots[slot].life, life->number);
    strain(true);
    int result = nodes_unmount(runtime_at(slot), name);
    relax(c.slots[slot].life);
    tell("node %u unmounts %s: %s", slot, name, mk_error_text(result));
    if (result != MK_OK && result != MK_ENOENT)
        fail("C4: node %u cannot unmount %s: %s", slot, name, mk_error_text(result));
    if (result == MK_OK) c.report.unmounts++;
    if (was_up && form == 2 && is_connected(c.slots[slot].life, life->number))
        fail("C4: node %u is connected with %s, which it has unmounted", slot, name);
    c.slots[slot].is_fresh = true;
}

/* Something goes wrong, or back to normal, with one or two of them. */
static void meddle(void) {
    unsigned a = 1 + roll(c.slots_len), b = 1 + roll(c.slots_len);
    if (a == b) b = a % c.slots_len + 1;
    bool is_up = runtime_at(a) != NULL;
    c.report.faults++;
    switch (roll(19)) {
    case 0:
    case 1: cut_both(a, b, true); break;
    case 2:
        tell("the line from %u to %u is cut", a, b);
        cut(a, b, true);
        break;
    case 3: cut_both(a, b, false); break;
    case 4:
    case 5:
        tell("the line between %u and %u is reset", a, b);
        (void)sim_line_reset(a, b);
        break;
    case 6:
        if (is_up) kill_node(a);
        break;
    case 7:
        if (is_up) lose_power(a);
        break;
    case 8:
        if (!is_up) break;
        tell("node %u ends", a);
        end_life(a);
        break;
    case 9:
    case 10:
        for (unsigned slot = 1; slot <= c.slots_len; slot++)
            if (runtime_at(slot) == NULL && chance(2, 3)) begin_again(slot);
        break;
    case 11: set_line(a, b, draw_line()); break;
    case 12:
        tell("the wall clock jumps");
        sim_set_wall_ms(roll(2) ? roll(UINT32_MAX) : UINT64_C(4000000000000));
        break;
    case 13:
        c.slots[a].is_paused = is_up && !c.slots[a].is_paused;
        tell("node %u %s", a, c.slots[a].is_paused ? "stands still" : "goes on");
        break;
    case 14: part_groups(); break;
    case 15:
    case 16:
        if (is_running(a)) unmount(a, b);
        break;
    case 17:
        if (is_running(a)) mount_again(a);
        break;
    default: mend_all(); break;
    }
}

/* Somebody on a node that runs does something. */
static void ask_for_deed(void) {
    being_t *being = any_being(0);
    if (being == NULL || !being->is_alive) return;
    unsigned slot = c.lives[being->life].slot;
    if (!is_running(slot)) return;
    sim_host_enter(slot);
    (void)actor_send(runtime_at(slot), being->id, DEED, NULL, 0);
    c.slots[slot].is_fresh = true;
}

static void run_slice(void) {
    for (unsigned deeds = roll(12); deeds > 0; deeds--)
        ask_for_deed();
    if (chance(1, 2)) meddle();
    if (chance(1, 5)) {
        c.is_short = !c.is_short;
        tell("memory is %s", c.is_short ? "short" : "there again");
    }
    uint64_t ms = 1 + roll(50);
    if (chance(1, 4)) ms = roll(3000);
    if (chance(1, 10)) ms = roll(25000);
    pass_ms(ms);
}

/* --- the end of trouble --- */

static void mend(void) {
    tell("everything is mended");
    c.is_mended = true;
    c.is_short = false;
    c.mended_ns = sim_now_ns();
    mend_all();
    for (unsigned a = 1; a <= c.slots_len; a++) {
        c.slots[a].is_paused = false;
        for (unsigned b = a + 1; b <= c.slots_len; b++)
            set_line(a, b, (sim_line_t){.delay_ns = NS_PER_MS});
    }
    for (unsigned slot = 1; slot <= c.slots_len; slot++)
        if (runtime_at(slot) == NULL) begin_again(slot);
    /* An unmount that is still on its way ends a mount that is begun before it comes.
     */
    pass_ms(DRAIN_MS);
    for (unsigned slot = 1; slot <= c.slots_len && !c.is_over; slot++)
        mount_again(slot);
}

static void converge(void) {
    uint64_t end_ns = c.mended_ns + CLUSTER_CONVERGE_MS * NS_PER_MS;
    pass_ms(1);
    while (!c.is_over && !is_whole() && sim_now_ns() < end_ns)
        pass_ms(LOOK_MS);
    if (!is_whole()) fail("C5: %s", why_not_whole());
    c.report.converged_ms = (sim_now_ns() - c.mended_ns) / NS_PER_MS;
    tell("the cluster is whole");
}

/* Everybody writes to everybody. */
static void last_round(void) {
    pass_ms(DRAIN_MS);
    c.is_last_round = true;
    for (unsigned i = 0; i < c.beings_len; i++) {
        const being_t *being = &c.beings[i];
        if (!being->is_alive || being->is_mortal) continue;
        unsigned slot = c.lives[being->life].slot;
        sim_host_enter(slot);
        (void)actor_send(runtime_at(slot), being->id, ROUND, NULL, 0);
        c.slots[slot].is_fresh = true;
        pass_ms(1);
    }
    pass_ms(ROUND_MS);
    if (!c.is_over) check_round();
}

/* --- a world --- */

static void begin(uint64_t seed, cluster_observer_t observer, bool tells) {
    memset(&c, 0, sizeof c);
    c.observer = observer;
    c.tells = tells;
    c.deaf = 1;
    c.report.order_hash = UINT64_C(0xcbf29ce484222325);
    prng_init(&c.fate, seed);
    sim_reset(seed);
    sim_on_wait(end_turn, NULL);
    c.slots_len = c.report.nodes = 3 + roll(SLOTS_MAX - 2);
    c.report.is_keyed = port_tls_is_available() && chance(1, KEYED_ONE_OF);
    if (chance(1, 4)) sim_net_set_random_parts(true);
    if (chance(1, 4)) sim_net_set_hiccups(roll(200));
    if (chance(1, 4)) sim_net_set_window(3000 + roll(60000));
    for (unsigned a = 1; a <= c.slots_len; a++) {
        port_address_t address = address_of(a, 0);
        sim_host_set_address(a, &address);
        c.slots[a].number = a;
        (void)snprintf(c.slots[a].identity, sizeof c.slots[a].identity, "n%u", a);
        for (unsigned b = a + 1; b <= c.slots_len; b++) {
            set_line(a, b, draw_line());
            unsigned who = roll(3);
            c.mounts[a][b] = who != 1;
            c.mounts[b][a] = who != 0;
        }
    }
    for (unsigned a = 1; a <= c.slots_len; a++)
        begin_life(a);
}

static void finish(void) {
    c.is_over = true;
    for (unsigned slot = 1; slot <= c.slots_len; slot++)
        if (runtime_at(slot) != NULL) end_life(slot);
    sim_on_wait(NULL, NULL);
    sim_host_enter(0);
    size_t handles = sim_handle_count();
    if (handles != 0) fail("C7: %lu handles are left", (unsigned long)handles);
    sim_reset(1);
}

cluster_report_t cluster_run(uint64_t seed, cluster_observer_t observer, bool tells) {
    size_t live_before = mk_alloc_live();
    begin(seed, observer, tells);
    for (int slice = 0; slice < SLICES && !c.is_over; slice++)
        run_slice();
    if (!c.is_over) mend();
    if (!c.is_over) converge();
    if (!c.is_over) last_round();
    if (!c.is_over) check_at_rest();
    finish();
    void *kept = observer == OBSERVER_KEEPS_A_BLOCK ? mk_alloc(1) : NULL;
    size_t left = mk_alloc_live() - live_before;
    mk_free(kept);
    if (left != 0) fail("C7: %lu blocks are left", (unsigned long)left);
    return c.report;
}
