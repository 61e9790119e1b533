/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_actors.c - what the actors of a cluster do: a deed when they are asked for
 * one, now and then an answer to a letter. */
#include "cluster/cluster_impl.h"

#include "microkernel/error.h"

#include <stdio.h>
#include <string.h>

enum { BIG_LETTER = 60000, MAILBOX = 256 };

static runtime_t *runtime_of(const being_t *being) {
    return c.lives[being->life].rt;
}

static unsigned slot_of(const being_t *being) {
    return c.lives[being->life].slot;
}

/* --- letters --- */

static void send_letter(const being_t *me, actor_id_t dest, uint16_t to, bool is_big) {
    static uint8_t bytes[BIG_LETTER];
    if (c.letters_len == LETTERS_MAX) return;
    letter_t letter = {c.letters_len, index_of(me), to};
    size_t size =
        sizeof letter + (is_big ? roll(BIG_LETTER - sizeof letter) : roll(40));
    memcpy(bytes, &letter, sizeof letter);
    letter_fact_t *fact = &c.letters[c.letters_len++];
    *fact = (letter_fact_t){.dest = dest, .life = me->life, .is_late = c.is_last_round};
    if (actor_send(runtime_of(me), dest, LETTER, bytes, size))
        fact->state = LETTER_SENT;
    tell("  letter %u to being %u%s%s", letter.number, to, is_big ? ", a big one" : "",
         fact->state == LETTER_SENT ? "" : ": refused");
}

static void write_letter(const being_t *me, unsigned count) {
    const being_t *to = any_being(0);
    bool is_big = chance(1, 20);
    for (; to != NULL && !to->is_mortal && count > 0; count--)
        send_letter(me, to->id, index_of(to), is_big);
}

/* To everybody who could be reached. */
static void write_round(const being_t *me) {
    for (unsigned i = 0; i < c.beings_len; i++) {
        const being_t *to = &c.beings[i];
        if (to->is_alive && !to->is_mortal && to != me)
            send_letter(me, to->id, (uint16_t)i, false);
    }
}

/* --- watching others --- */

static void watch(const being_t *me) {
    const being_t *target = any_being(0);
    watch_t *free = NULL;
    for (unsigned i = 0; i < WATCHES_MAX && free == NULL; i++)
        if (!c.watches[i].is_used) free = &c.watches[i];
    if (target == NULL || target == me || free == NULL) return;
    node_id_t number = actor_id_node(target->id);
    *free = (watch_t){.target = target->id,
                      .epoch = c.lives[me->life].epoch[number],
                      .being = index_of(me),
                      .target_being = index_of(target),
                      .was_lost = !is_connected(me->life, number),
                      .is_used = true};
    free->monitor = actor_monitor(runtime_of(me), target->id);
    if (free->monitor == 0 && !is_struck())
        fail("C3: no monitor for being %u", index_of(target));
    free->is_used = free->monitor != 0;
    tell("  monitors being %u%s", index_of(target), free->was_lost ? " (far)" : "");
}

static void watch_no_more(const being_t *me) {
    for (unsigned i = 0; i < WATCHES_MAX; i++) {
        watch_t *watch = &c.watches[i];
        if (!watch->is_used || watch->being != index_of(me) || watch->downs != 0)
            continue;
        /* Its message may wait in the mailbox; then it still comes. */
        if (actor_demonitor(runtime_of(me), watch->monitor)) watch->is_used = false;
        tell("  demonitors being %u", watch->target_being);
        return;
    }
}

/* Links of ids, as the runtimes see them: an id may have been another's before. */
static bool are_linked(const being_t *a, const being_t *b) {
    for (unsigned i = 0; i < LINKS_MAX; i++) {
        const bond_fact_t *link = &c.links[i];
        actor_id_t one = c.beings[link->a].id, two = c.beings[link->b].id;
        if (link->is_used &&
            ((one == a->id && two == b->id) || (one == b->id && two == a->id)))
            return true;
    }
    return false;
}

static void link_to(const being_t *me) {
    const being_t *other = any_being(0);
    bond_fact_t *free = NULL;
    for (unsigned i = 0; i < LINKS_MAX && free == NULL; i++)
        if (!c.links[i].is_used) free = &c.links[i];
    if (other == NULL || other == me || free == NULL || are_linked(me, other)) return;
    node_id_t number = actor_id_node(other->id), own = actor_id_node(me->id);
    *free = (bond_fact_t){.a = index_of(me),
                          .b = index_of(other),
                          .epoch_a = c.lives[me->life].epoch[number],
                          .epoch_b = c.lives[other->life].epoch[own],
                          .was_lost = !is_connected(me->life, number),
                          .is_used = true};
    free->is_used = actor_link(runtime_of(me), other->id);
    if (!free->is_used && !is_struck())
        fail("C3: no link with being %u", index_of(other));
    tell("  links being %u", index_of(other));
}

/* --- names --- */

static void take_name(const being_t *me) {
    claim_t *free = NULL;
    for (unsigned i = 0; i < CLAIMS_MAX && free == NULL; i++)
        if (!c.claims[i].is_used) free = &c.claims[i];
    if (free == NULL) return;
    bool is_path = chance(1, 2), is_contested = chance(1, 3);
    unsigned number = is_contested ? roll(CONTESTED) : index_of(me);
    (void)snprintf(free->name, sizeof free->name, "%s%s%u", is_path ? "/w/" : "",
                   is_contested ? "c" : "b", number);
    int result = names_register(runtime_of(me), free->name, me->id);
    free->being = index_of(me);
    free->is_used = result == MK_OK;
    if (result != MK_OK && result != MK_EEXIST && !(result == MK_ENOMEM && is_struck()))
        fail("C5: %s cannot be given: %s", free->name, mk_error_text(result));
    tell("  takes the name %s%s", free->name, free->is_used ? "" : ": taken");
}

static void drop_name(const being_t *me) {
    for (unsigned i = 0; i < CLAIMS_MAX; i++) {
        claim_t *claim = &c.claims[i];
        if (!claim->is_used || claim->being != index_of(me)) continue;
        if (names_unregister(runtime_of(me), claim->name) != MK_OK)
            fail("C5: being %u has lost the name %s", index_of(me), claim->name);
        claim->is_used = false;
        tell("  drops the name %s", claim->name);
        return;
    }
}

/* Send to whoever has a name here. */
static void write_to_name(const being_t *me) {
    char name[40];
    (void)snprintf(name, sizeof name, "%sc%u", chance(1, 2) ? "/w/" : "",
                   roll(CONTESTED));
    actor_id_t dest = actor_lookup(runtime_of(me), name);
    for (unsigned i = 0; i < c.beings_len && dest != ACTOR_ID_INVALID; i++)
        if (c.beings[i].is_alive && !c.beings[i].is_mortal && c.beings[i].id == dest) {
            send_letter(me, dest, (uint16_t)i, false);
            return;
        }
}

/* --- deeds --- */

/* False: it ends. */
static bool end(being_t *me) {
    if (c.is_mended) return true;
    actor_info_t info;
    if (runtime_actor_find(runtime_of(me), me->id, &info))
        c.in_mailboxes[actor_id_node(me->id)] += (uint32_t)info.mailbox_used;
    me->is_abnormal = chance(1, 2);
    tell("  ends%s", me->is_abnormal ? ", crashing" : "");
    if (me->is_abnormal) actor_exit(runtime_of(me), EXIT_CRASHED, "a bad day");
    return false;
}

static bool act(being_t *me) {
    switch (roll(16)) {
    case 0:
    case 1:
    case 2:
    case 3: write_letter(me, 1); break;
    case 4: write_letter(me, 20); break;
    case 5:
    case 6: watch(me); break;
    case 7: watch_no_more(me); break;
    case 8:
    case 9: link_to(me); break;
    case 10:
    case 11: take_name(me); break;
    case 12: drop_name(me); break;
    case 13: (void)spawn_being(me->life, chance(1, 3)); break;
    case 14: return !chance(1, 2) || end(me);
    default: write_to_name(me); break;
    }
    return true;
}

static void on_letter(being_t *me, const message_t *msg) {
    note_letter(me, msg);
    if (c.is_mended || !chance(1, 4)) return;
    letter_t letter;
    memcpy(&letter, msg->payload, sizeof letter);
    if (!c.beings[letter.from].is_mortal)
        send_letter(me, msg->source, letter.from, false);
}

static bool handle(runtime_t *rt, being_t *me, message_t *msg) {
    me->has_begun = true;
    tell("node %u, being %u gets %lu", slot_of(me), index_of(me),
         (unsigned long)msg->type & 0xFFFFFFul);
    hash(((uint64_t)msg->type << 32 | index_of(me)) ^ sim_now_ns() << 12);
    switch (msg->type) {
    case LETTER: on_letter(me, msg); break;
    case ROUND: write_round(me); break;
    case MSG_DOWN: note_down(me, msg); break;
    case MSG_EXIT: note_exit(me, msg); break;
    default:
        if (!me->is_mortal) actor_trap_exits(rt, true);
        return c.is_over || act(me);
    }
    return true;
}

static bool live(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    being_t *me = state;
    strain(chance(1, 3));
    bool goes_on = handle(rt, me, msg);
    relax(me->life);
    strain(false); /* what follows in this turn */
    return goes_on;
}

/* Names go with their actor. */
static void free_being(void *state) {
    being_t *me = state;
    if (!me->is_alive) fail("C7: being %u is freed twice", index_of(me));
    me->is_alive = false;
    for (unsigned i = 0; i < CLAIMS_MAX; i++)
        if (c.claims[i].is_used && c.claims[i].being == index_of(me))
            c.claims[i].is_used = false;
}

being_t *spawn_being(uint8_t life, bool is_mortal) {
    runtime_t *rt = c.lives[life].rt;
    if (c.beings_len == BEINGS_MAX) return NULL;
    being_t *being = &c.beings[c.beings_len++];
    *being = (being_t){.life = life, .is_mortal = is_mortal};
    being->id = actor_spawn(rt, live, being, free_being, MAILBOX);
    being->is_alive = being->id != ACTOR_ID_INVALID;
    if (being->is_alive && !actor_send(rt, being->id, DEED, NULL, 0) && !is_struck())
        fail("C1: a new being gets nothing");
    tell("  being %u is spawned on node %u%s", index_of(being), c.lives[life].slot,
         is_mortal ? ", a mortal" : "");
    return being;
}

/* Its node is back, and may have given the id to another actor. */
static bool is_number_of_another(const being_t *being) {
    const life_t *life = &c.lives[being->life];
    const life_t *now = &c.lives[c.slots[life->slot].life];
    return now != life && now->number == life->number;
}

being_t *any_being(uint8_t life) {
    if (c.beings_len == 0) return NULL;
    for (int tries = 0; tries < 20; tries++) {
        being_t *being = &c.beings[roll(c.beings_len)];
        bool fits = (life == 0 || being->life == life) && being->has_begun &&
                    !is_number_of_another(being);
        /* Now and then one that has ended. */
        if (fits && (being->is_alive || (life == 0 && chance(1, 10)))) return being;
    }
    return NULL;
}

/* --- the reader of news --- */

bool read_news(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    life_t *life = state;
    if (msg->type == DEED) {
        int result = nodes_subscribe(rt);
        if (result == MK_ENOMEM && is_struck()) { /* so it asks again */
            relax(c.slots[life->slot].life);
            result = nodes_subscribe(rt);
        }
        if (result != MK_OK) fail("C4: node %u gets no news", life->slot);
        return true;
    }
    if (msg->type != MSG_NODE_UP && msg->type != MSG_NODE_DOWN) return true;
    node_event_payload_t event;
    memcpy(&event, msg->payload, sizeof event);
    bool is_up = msg->type == MSG_NODE_UP;
    tell("node %u hears: %s (%u) is %s%s%s", life->slot, event.identity, event.node,
         is_up ? "up" : "down", is_up ? "" : ", ", event.text);
    hash(sim_now_ns() << 12 ^ event.node << 1 ^ is_up);
    if (is_tricked(OBSERVER_MISSES_NEWS)) return true;
    if (event.node >= NUMBERS_MAX || life->is_up[event.node] == is_up) {
        fail("C4: node %u hears twice that %u is %s", life->slot, event.node,
             is_up ? "up" : "down");
        return true;
    }
    life->is_up[event.node] = is_up;
    if (is_up) c.report.ups++;
    return true;
}
