/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_books.c - what is remembered of a cluster, and what has to hold. */
#include "cluster/cluster_impl.h"

#include "base/alloc.h"
#include "ipc/peer.h"
#include "microkernel/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

cluster_t c;

/* --- telling, failing, chance --- */

static void print_moment(void) {
    uint64_t us = sim_now_ns() / 1000;
    printf("%6lu.%06lu  ", (unsigned long)(us / 1000000),
           (unsigned long)(us % 1000000));
}

void tell(const char *format, ...) {
    va_list args;
    if (!c.tells) return;
    print_moment();
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

/* The first failure is kept: the others follow from it. */
void fail(const char *format, ...) {
    va_list args;
    if (c.report.failure != NULL) return;
    va_start(args, format);
    (void)vsnprintf(c.failure, sizeof c.failure, format, args);
    va_end(args);
    c.report.failure = c.failure;
    c.is_over = true;
    tell("FAILED: %s", c.failure);
}

void hash(uint64_t value) {
    c.report.order_hash = (c.report.order_hash ^ value) * UINT64_C(0x100000001b3);
}

uint32_t roll(size_t below) {
    return (uint32_t)prng_below(&c.fate, below);
}

bool chance(uint64_t part, uint64_t whole) {
    return prng_chance(&c.fate, part, whole);
}

bool is_tricked(cluster_observer_t observer) {
    if (c.observer != observer || c.deaf == 0) return false;
    c.deaf--;
    return true;
}

/* --- want of memory --- */

void strain(bool for_ever) {
    if (!c.is_short || c.is_over || !chance(1, 2)) return;
    c.was_hit = is_struck();
    c.is_strained = true;
    mk_alloc_fail_at(1 + roll(1 + roll(16)), for_ever); /* rather the first ones */
}

bool is_struck(void) {
    return c.was_hit || (c.is_strained && mk_alloc_fail_hit());
}

void relax(uint8_t life) {
    if (is_struck()) {
        tell("  (memory was short)");
        c.report.shortages++;
        c.lives[life].was_struck = true;
    }
    if (c.is_strained) mk_alloc_fail_at(0, false);
    c.is_strained = false;
    c.was_hit = false;
}

/* --- letters (C1, C2) --- */

static pair_t *find_pair(uint16_t from, actor_id_t dest) {
    size_t at = (size_t)((dest * 31 + from) * UINT64_C(0x9e3779b97f4a7c15) >> 40);
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        pair_t *pair = &c.pairs[(at + i) % PAIRS_MAX];
        if (pair->from == 0)
            *pair = (pair_t){.from = (uint16_t)(from + 1), .dest = dest};
        if (pair->from == from + 1 && pair->dest == dest) return pair;
    }
    fail("C1: the book of pairs is full");
    return &c.pairs[0];
}

static void check_letter(const being_t *me, const letter_t *letter, actor_id_t source) {
    if (letter->number >= c.letters_len) {
        fail("C1: being %u gets a letter that nobody wrote", index_of(me));
        return;
    }
    letter_fact_t *fact = &c.letters[letter->number];
    pair_t *pair = find_pair(letter->from, me->id);
    /* A number may have come back with a new life of a node. */
    bool is_mine = fact->dest == me->id &&
                   (letter->to == index_of(me) || !c.beings[letter->to].is_alive);
    if (!is_mine || source != c.beings[letter->from].id)
        fail("C1: being %u gets letter %u of another", index_of(me), letter->number);
    else if (fact->state == LETTER_REFUSED)
        fail("C1: letter %u arrives, though its send returned false", letter->number);
    else if (fact->state == LETTER_HANDLED)
        fail("C1: letter %u comes twice to being %u", letter->number, index_of(me));
    else if (letter->number + 1 <= pair->last)
        fail("C1: letter %u comes to being %u after %u", letter->number, index_of(me),
             pair->last - 1);
    pair->last = letter->number + 1;
    fact->state = LETTER_HANDLED;
    if (actor_id_node(source) != actor_id_node(me->id)) c.report.letters++;
}

void note_letter(const being_t *me, const message_t *msg) {
    letter_t letter;
    memcpy(&letter, msg->payload, sizeof letter);
    if (letter.number > 5 && is_tricked(OBSERVER_MISSES_LETTERS)) return;
    check_letter(me, &letter, msg->source);
    if (is_tricked(OBSERVER_SEES_LETTERS_TWICE)) check_letter(me, &letter, msg->source);
    /* As if a later one had come before those that follow. */
    if (is_tricked(OBSERVER_SWAPS_LETTERS))
        find_pair(letter.from, me->id)->last = LETTERS_MAX + 1;
}

/* Mail of a life to a number that did not arrive has to be counted somewhere. */
static void check_missing(uint8_t life) {
    static uint32_t missing[NUMBERS_MAX], one[NUMBERS_MAX];
    life_t *at = &c.lives[life];
    memset(missing, 0, sizeof missing);
    for (uint32_t i = 0; i < c.letters_len; i++)
        if (c.letters[i].life == life && c.letters[i].state == LETTER_SENT) {
            missing[actor_id_node(c.letters[i].dest)]++;
            one[actor_id_node(c.letters[i].dest)] = i;
        }
    uint64_t lost = 0;
    for (node_id_t number = 1; number < NUMBERS_MAX; number++) {
        uint32_t counted = at->lost[number] + c.undelivered[number][at->number] +
                           c.in_mailboxes[number];
        if (missing[number] > counted)
            fail(
                "C2: of the letters of %s to node %u %u are missing (%u is one), %u are "
                "counted (%u lost, %u undelivered)",
                at->identity, number, missing[number], one[number], counted,
                at->lost[number], c.undelivered[number][at->number]);
        c.report.lost += missing[number];
        lost += at->lost[number];
    }
    if (runtime_counters(at->rt).dead_letters < lost)
        fail("C2: %s has lost mail that is no dead letter", at->identity);
}

/* --- links between nodes, as the nodes see them --- */

static void harvest(life_t *life, const peer_t *peer, bool is_over) {
    node_id_t number = peer_facts(peer)->node;
    const node_counters_t *counts = peer_counters(peer);
    if (number >= NUMBERS_MAX) return;
    if (is_over) life->lost[number] += (uint32_t)counts->lost;
    c.undelivered[life->number][number] += (uint32_t)counts->undelivered;
    if (counts->refused != 0)
        fail("C1: %s refuses mail of %s that is against the rules", life->identity,
             peer_facts(peer)->identity);
}

static void on_peer_down(void *ctx, runtime_t *rt, peer_t *peer, int reason,
                         const char *text) {
    (void)rt, (void)reason, (void)text;
    life_t *life = ctx;
    harvest(life, peer, true);
    if (peer_facts(peer)->node < NUMBERS_MAX) life->epoch[peer_facts(peer)->node]++;
}

static const peer_observer_t observer = {.on_down = on_peer_down};

bool is_connected(uint8_t life, node_id_t number) {
    return c.lives[life].number == number ||
           peers_find(c.lives[life].rt, number) != NULL;
}

void begin_books(uint8_t life) {
    if (peers_observe(c.lives[life].rt, &observer, &c.lives[life]) != MK_OK)
        fail("C7: no memory");
}

void end_books(uint8_t life) {
    static actor_info_t infos[BEINGS_MAX + 16];
    life_t *at = &c.lives[life];
    for (peer_t *peer = peers_next(at->rt, NULL); peer; peer = peers_next(at->rt, peer))
        harvest(at, peer, false);
    size_t len = runtime_actor_info(at->rt, infos, sizeof infos / sizeof infos[0]);
    for (size_t i = 0; i < len; i++)
        c.in_mailboxes[at->number] += (uint32_t)infos[i].mailbox_used;
    peers_unobserve(at->rt, &observer, at);
}

/* --- monitors and links (C3) --- */

/* The link between the nodes of these two has gone since `epoch`, or was not there. */
static bool was_lost(const being_t *me, actor_id_t other, uint32_t epoch,
                     bool at_first) {
    node_id_t number = actor_id_node(other);
    return at_first || c.lives[me->life].epoch[number] != epoch;
}

/* Its node lives and could not watch it: then that is all that is told of it. */
static bool is_refused(const down_payload_t *down, const being_t *target) {
    return down->exit_reason == EXIT_NO_MEMORY && target->is_alive &&
           c.lives[target->life].was_struck;
}

static void check_reason(const being_t *me, const down_payload_t *down,
                         const being_t *target, bool may_be_lost) {
    bool is_lost = down->exit_reason == EXIT_NODE_LOST;
    /* A node that ends says so of its actors; a mortal ends for the reason of what it
     * was linked with. */
    if (is_lost && !may_be_lost && target->is_alive)
        fail("C3: being %u hears that the node of %u is lost, and it is not",
             index_of(me), index_of(target));
    if (!is_lost && target->is_alive && !target->is_abnormal &&
        down->exit_reason != EXIT_NORMAL && !is_refused(down, target))
        fail("C3: being %u hears of the end (%s) of %u, which lives", index_of(me),
             exit_reason_name(down->exit_reason), index_of(target));
}

static void check_down(being_t *me, const down_payload_t *down) {
    for (unsigned i = 0; i < WATCHES_MAX; i++) {
        watch_t *watch = &c.watches[i];
        if (!watch->is_used || watch->being != index_of(me) ||
            watch->monitor != down->monitor || watch->target != down->actor_id)
            continue;
        if (++watch->downs > 1)
            fail("C3: being %u hears twice of the end of %u", index_of(me),
                 watch->target_being);
        if (is_refused(down, &c.beings[watch->target_being])) watch->was_lost = true;
        check_reason(me, down, &c.beings[watch->target_being],
                     was_lost(me, watch->target, watch->epoch, watch->was_lost));
        return;
    }
    fail("C3: being %u hears of an end that it did not ask for", index_of(me));
}

void note_down(being_t *me, const message_t *msg) {
    down_payload_t down;
    memcpy(&down, msg->payload, sizeof down);
    tell("  %s: %s", exit_reason_name(down.exit_reason), down.text);
    if (is_tricked(OBSERVER_MISSES_DOWNS)) return;
    check_down(me, &down);
    if (is_tricked(OBSERVER_SEES_DOWNS_TWICE)) check_down(me, &down);
    c.report.downs++;
}

void note_exit(being_t *me, const message_t *msg) {
    down_payload_t down;
    memcpy(&down, msg->payload, sizeof down);
    uint16_t self = index_of(me);
    tell("  %s: %s", exit_reason_name(down.exit_reason), down.text);
    /* The newest first: an id may have been another's in an earlier life of a node. */
    for (unsigned i = LINKS_MAX; i-- > 0;) {
        bond_fact_t *link = &c.links[i];
        bool is_a = link->a == self && c.beings[link->b].id == down.actor_id;
        bool is_b = link->b == self && c.beings[link->a].id == down.actor_id;
        if (!link->is_used || !(is_a || is_b)) continue;
        bool *told = is_a ? &link->a_told : &link->b_told;
        if (*told) continue;
        *told = true;
        if (is_refused(&down, &c.beings[is_a ? link->b : link->a]))
            link->was_lost = true;
        check_reason(me, &down, &c.beings[is_a ? link->b : link->a],
                     was_lost(me, down.actor_id, is_a ? link->epoch_a : link->epoch_b,
                              link->was_lost));
        c.report.downs++;
        return;
    }
    fail("C3: being %u hears of the end of a link that is not there", self);
}

static void check_watches(void) {
    for (unsigned i = 0; i < WATCHES_MAX; i++) {
        const watch_t *watch = &c.watches[i];
        if (!watch->is_used || !c.beings[watch->being].is_alive) continue;
        const being_t *me = &c.beings[watch->being];
        bool is_due = !c.beings[watch->target_being].is_alive ||
                      was_lost(me, watch->target, watch->epoch, watch->was_lost);
        if (watch->downs != is_due)
            fail("C3: being %u heard %u times of the end of %u, which is %s",
                 watch->being, watch->downs, watch->target_being,
                 is_due ? "due" : "not so");
    }
}

static void check_links(void) {
    for (unsigned i = 0; i < LINKS_MAX; i++) {
        const bond_fact_t *link = &c.links[i];
        if (!link->is_used) continue;
        const being_t *a = &c.beings[link->a], *b = &c.beings[link->b];
        bool is_lost = was_lost(a, b->id, link->epoch_a, link->was_lost);
        bool is_due = !b->is_alive || is_lost;
        if (a->is_alive && !a->is_mortal && link->a_told != is_due)
            fail("C3: being %u %s the end of its link with %u", link->a,
                 is_due ? "did not hear of" : "heard of", link->b);
        /* Whether the request came to b before the nodes lost each other, and whether
         * b's node had memory for it, is not known. */
        if (!c.lives[b->life].was_struck && !a->is_alive && a->is_abnormal &&
            b->is_alive && !is_lost && c.lives[a->life].rt != NULL &&
            !was_lost(b, a->id, link->epoch_b, link->was_lost) &&
            (b->is_mortal || !link->b_told))
            fail("C3: being %u did not hear of the end of %u", link->b, link->a);
    }
}

/* --- names (C5) --- */

static char why[TEXT_MAX];

const char *why_not_whole(void) {
    return why;
}

static bool note_why(const char *format, ...) MK_PRINTF(1, 2);
static bool note_why(const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return false;
}

static bool is_contested(const claim_t *claim) {
    return claim->name[claim->name[0] == '/' ? 3 : 0] == 'c';
}

/* The living actor with this id has this name. */
static const claim_t *find_claim(const char *name, actor_id_t id) {
    for (unsigned i = 0; i < CLAIMS_MAX; i++) {
        const claim_t *claim = &c.claims[i];
        if (claim->is_used && strcmp(claim->name, name) == 0 &&
            c.beings[claim->being].id == id)
            return claim;
    }
    return NULL;
}

/* A node finds an actor by its name, and below the name of its node. */
static bool knows(const life_t *life, const claim_t *claim) {
    char far[2 * MK_NODE_NAME_MAX + 40];
    const being_t *being = &c.beings[claim->being];
    const life_t *home = &c.lives[being->life];
    actor_id_t found = actor_lookup(life->rt, claim->name);
    bool is_home = home == life;
    bool is_one = is_contested(claim) && !is_home ? found != ACTOR_ID_INVALID
                                                  : found == being->id;
    if (!is_one)
        return note_why("%s finds %llx as %s, which is being %u of %s", life->identity,
                        (unsigned long long)found, claim->name, claim->being,
                        home->identity);
    if (is_home) return true;
    (void)snprintf(far, sizeof far, "/node/%s%s%s", home->identity,
                   claim->name[0] == '/' ? "" : "/", claim->name);
    found = actor_lookup(life->rt, far);
    return found == being->id ||
           note_why("%s finds %llx as %s, which is being %u", life->identity,
                    (unsigned long long)found, far, claim->being);
}

/* Every name that a node knows belongs to a living actor. */
static bool has_no_ghosts(const life_t *life) {
    char name[MK_NAME_MAX] = "", path[MK_PATH_MAX] = "";
    actor_id_t id;
    while (names_next(life->rt, NULL, name, &id))
        if ((name[0] == 'b' || name[0] == 'c') && strcmp(name, "caps") != 0 &&
            find_claim(name, id) == NULL)
            return note_why("%s knows the name %s of %llx, which has not got it",
                            life->identity, name, (unsigned long long)id);
    while (paths_next(life->rt, "/w/", path, &id, NULL))
        if (find_claim(path, id) == NULL)
            return note_why("%s knows the path %s of %llx, which has not got it",
                            life->identity, path, (unsigned long long)id);
    return true;
}

static bool knows_all_nodes(const life_t *life) {
    for (unsigned slot = 1; slot <= c.slots_len; slot++) {
        const life_t *other = &c.lives[c.slots[slot].life];
        if (other == life) continue;
        peer_t *peer = peers_find(life->rt, other->number);
        if (peer == NULL || strcmp(peer_facts(peer)->identity, other->identity) != 0)
            return note_why("%s is not connected with %s", life->identity,
                            other->identity);
        if (!life->is_up[other->number])
            return note_why("%s was not told of %s", life->identity, other->identity);
    }
    return true;
}

bool is_whole(void) {
    for (unsigned slot = 1; slot <= c.slots_len; slot++)
        if (!knows_all_nodes(&c.lives[c.slots[slot].life])) return false;
    if (c.observer == OBSERVER_INVENTS_A_NAME)
        return note_why("a name that was invented");
    for (unsigned slot = 1; slot <= c.slots_len; slot++) {
        const life_t *life = &c.lives[c.slots[slot].life];
        for (unsigned i = 0; i < CLAIMS_MAX; i++)
            if (c.claims[i].is_used && !knows(life, &c.claims[i])) return false;
        if (!has_no_ghosts(life)) return false;
    }
    return true;
}

/* --- looking at all of it --- */

void check_at_rest(void) {
    check_watches();
    check_links();
}

void check_round(void) {
    for (uint32_t i = 0; i < c.letters_len; i++)
        if (c.letters[i].is_late && c.letters[i].state != LETTER_HANDLED)
            fail("C6: letter %u to %llx did not arrive, though all is mended", i,
                 (unsigned long long)c.letters[i].dest);
    for (unsigned slot = 1; slot <= c.slots_len; slot++) {
        uint8_t life = c.slots[slot].life;
        life_t *at = &c.lives[life];
        for (peer_t *peer = peers_next(at->rt, NULL); peer;
             peer = peers_next(at->rt, peer))
            c.undelivered[at->number][peer_facts(peer)->node] +=
                (uint32_t)peer_counters(peer)->undelivered;
    }
    for (unsigned slot = 1; slot <= c.slots_len; slot++)
        check_missing(c.slots[slot].life);
}
