/* SPDX-License-Identifier: Apache-2.0 */
/* The books about a world, and what has to hold of them (W1 to W8 of world.h).
 *
 * They are kept beside the kernel, from what programs can see: results of calls,
 * messages received, states freed, and the one part that observes ends. They use no
 * heap, so that the failing allocations are the kernel's own.
 *
 * A promise is a notice that must come: made when the kernel accepts a monitor or when
 * an end is observed, due when its cause has happened, kept when the message is
 * handled. At rest (nothing is ready, and a few milliseconds have passed) no promise
 * may be due. */
#include "scenario/world_impl.h"

#include "base/alloc.h"
#include "sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

world_t w;

/* --- telling and failing --- */

unsigned long short_id(actor_id_t id) {
    return (unsigned long)actor_id_seq(id);
}

void tell(const char *format, ...) {
    if (!w.tells) return;
    uint64_t us = sim_now_ns() / 1000;
    printf("%8lu.%03lu ms  ", (unsigned long)(us / 1000), (unsigned long)(us % 1000));
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

void fail(const char *format, ...) {
    w.is_over = true;
    if (w.report.failure != NULL) return;
    va_list args;
    va_start(args, format);
    vsnprintf(w.failure, sizeof w.failure, format, args);
    va_end(args);
    w.report.failure = w.failure;
    tell("!! %s", w.failure);
}

static void overflow(void) {
    w.is_over = true;
    w.is_blind = true;
}

/* True once in a while for a broken observer of this kind. */
bool is_tricked(world_observer_t observer) {
    if (w.observer != observer || w.deaf == 0) return false;
    w.deaf--;
    return true;
}

uint32_t roll(size_t below) {
    return (uint32_t)prng_below(&w.fate, below);
}

bool chance(uint64_t part, uint64_t whole) {
    return prng_chance(&w.fate, part, whole);
}

void hash(uint64_t value) {
    for (int i = 0; i < 8; i++) {
        w.report.order_hash ^= value & 0xFF;
        w.report.order_hash *= UINT64_C(0x100000001b3);
        value >>= 8;
    }
}

/* --- ids (W4) --- */

id_fact_t *fact_of(actor_id_t id) {
    uint32_t number = actor_id_seq(id);
    if (number < IDS_MAX) return &w.ids[number];
    overflow();
    return &w.ids[0];
}

static void know(actor_id_t id, uint16_t being, uint8_t flags) {
    id_fact_t *fact = fact_of(id);
    if (w.is_blind) return;
    if (is_tricked(OBSERVER_SEES_IDS_TWICE)) fact->flags |= HAS_EXITED;
    if (fact->flags & (IS_BORN | HAS_EXITED)) {
        fail("W4: id %lu was given twice", short_id(id));
        return;
    }
    fact->flags = (uint8_t)(IS_BORN | flags);
    fact->being = being;
    if (w.known_len < IDS_MAX) w.known[w.known_len++] = id;
}

uint16_t index_of(const being_t *being) {
    return (uint16_t)(being - w.beings);
}

void learn_id(being_t *me, actor_id_t id) {
    if (me->id == id) return;
    if (me->id != ACTOR_ID_INVALID) {
        fail("W4: one state, two actors: %lu and %lu", short_id(me->id), short_id(id));
        return;
    }
    me->id = id;
    know(id, index_of(me), 0);
}

being_t *being_of(actor_id_t id) {
    const id_fact_t *fact = fact_of(id);
    return fact->being != NOBODY ? &w.beings[fact->being] : NULL;
}

being_t *make_being(uint16_t place) {
    if (w.beings_len == BEINGS_MAX) {
        w.is_over = true;
        return NULL;
    }
    being_t *being = &w.beings[w.beings_len++];
    *being = (being_t){.is_used = true, .place = place, .is_stubborn = chance(1, 6)};
    return being;
}

/* --- promises (W1) --- */

void promise(promise_kind_t kind, uint16_t being, monitor_id_t monitor, actor_id_t who,
             bool is_due) {
    for (size_t i = 0; i < PROMISES_MAX; i++) {
        if (w.promises[i].kind != PROMISE_NONE) continue;
        w.promises[i] = (promise_t){kind, is_due, being, monitor, who};
        return;
    }
    overflow();
}

static promise_t *find_promise(promise_kind_t kind, uint16_t being,
                               monitor_id_t monitor, actor_id_t who) {
    for (size_t i = 0; i < PROMISES_MAX; i++) {
        promise_t *p = &w.promises[i];
        if (p->kind == kind && p->being == being && p->monitor == monitor &&
            p->who == who)
            return p;
    }
    return NULL;
}

void keep_promise(promise_kind_t kind, uint16_t being, monitor_id_t monitor,
                  actor_id_t who, uint8_t reason) {
    if (w.is_blind || is_tricked(OBSERVER_MISSES_NOTICES)) return;
    promise_t *p = find_promise(kind, being, monitor, who);
    if (p == NULL || !p->is_due) {
        fail("W1: actor %lu is told of the end of %lu, which is not due",
             short_id(w.beings[being].id), short_id(who));
        return;
    }
    p->kind = PROMISE_NONE;
    const id_fact_t *fact = fact_of(who);
    if (reason != EXIT_NO_ACTOR && fact->reason != reason)
        fail("W1: actor %lu is told reason %u of %lu, not %u",
             short_id(w.beings[being].id), reason, short_id(who), fact->reason);
    if (is_tricked(OBSERVER_SEES_NOTICES_TWICE))
        keep_promise(kind, being, monitor, who, reason);
}

static void forget_being(uint16_t being) {
    for (size_t i = 0; i < PROMISES_MAX; i++)
        if (w.promises[i].being == being) w.promises[i].kind = PROMISE_NONE;
    for (size_t i = 0; i < ALARMS_MAX; i++)
        if (w.alarms[i].being == being) w.alarms[i].is_used = false;
}

/* --- links (W2) --- */

size_t find_link(actor_id_t a, actor_id_t b) {
    for (size_t i = 0; i < LINKS_MAX; i++)
        if ((w.links[i].a == a && w.links[i].b == b) ||
            (w.links[i].a == b && w.links[i].b == a))
            return i;
    return LINKS_MAX;
}

/* `who` ended and `peer` was linked to it. */
static void feel_link(actor_id_t peer, actor_id_t who, uint8_t reason) {
    if (!actor_is_alive(w.rt, peer)) return;
    being_t *being = being_of(peer);
    if (being != NULL && being->traps)
        promise(PROMISE_EXIT, index_of(being), 0, who, true);
    else if (exit_is_abnormal(reason))
        fact_of(peer)->flags |= IS_DOOMED;
}

static void break_links(actor_id_t who, uint8_t reason) {
    for (size_t i = 0; i < LINKS_MAX; i++) {
        if (w.links[i].a != who && w.links[i].b != who) continue;
        actor_id_t peer = w.links[i].a == who ? w.links[i].b : w.links[i].a;
        w.links[i].a = w.links[i].b = ACTOR_ID_INVALID;
        feel_link(peer, who, reason);
    }
}

/* --- ends (W1, W2, W4) --- */

static void observe_exit(part_t *part, runtime_t *rt, const exit_info_t *info) {
    (void)part;
    w.exits++;
    tell("actor %lu ends: %s%s%s", short_id(info->id), exit_reason_name(info->reason),
         info->text[0] != '\0' ? ", " : "", info->text);
    hash(info->id ^ ((uint64_t)info->reason << 56));
    w.dying_id = info->id;
    id_fact_t *fact = fact_of(info->id);
    w.dying_id = info->id;
    if (w.is_blind) return;
    if (fact->flags & HAS_EXITED) fail("W4: actor %lu ends twice", short_id(info->id));
    fact->flags |= HAS_EXITED;
    fact->reason = info->reason;
    if (strncmp(info->text, "restart intensity", 17) == 0) w.report.give_ups++;
    if (fact->being != NOBODY) forget_being(fact->being);
    if (info->parent != ACTOR_ID_INVALID && actor_is_alive(rt, info->parent)) {
        const being_t *parent = being_of(info->parent);
        if (parent != NULL) promise(PROMISE_CHILD, index_of(parent), 0, info->id, true);
    }
    for (size_t i = 0; i < PROMISES_MAX; i++)
        if (w.promises[i].kind == PROMISE_DOWN && w.promises[i].who == info->id)
            w.promises[i].is_due = true;
    break_links(info->id, info->reason);
}

static void end_part(part_t *part, runtime_t *rt) {
    (void)part;
    (void)rt;
}

const part_ops_t world_ops = {observe_exit, NULL, end_part};

/* --- restarts (W3) --- */

/* Of the remembered ones, those from `from_ms` to `to_ms`. */
static unsigned count_between(const moments_t *moments, uint64_t from_ms,
                              uint64_t to_ms) {
    unsigned kept = moments->count < STARTS_MAX ? moments->count : STARTS_MAX;
    unsigned count = 0;
    for (unsigned i = 0; i < kept; i++)
        if (moments->at_ms[i] >= from_ms && moments->at_ms[i] <= to_ms) count++;
    return count;
}

/* A restart was spent at `at_ms`. `slack`: how many more may seem to be within the
 * window because it is not known when they were spent. */
static void note_restart(moments_t *moments, const supervisor_options_t *options,
                         uint64_t at_ms, unsigned slack, actor_id_t sup) {
    moments->at_ms[moments->count++ % STARTS_MAX] = at_ms;
    unsigned limit = options->max_restarts > 0 ? (unsigned)options->max_restarts : 0;
    if (w.observer == OBSERVER_HALVES_THE_LIMIT) limit /= 2;
    uint64_t window = options->window_ms;
    unsigned count = moments->count;
    if (window != 0)
        count = count_between(moments, window > at_ms ? 0 : at_ms - window, at_ms);
    if (count > limit + slack)
        fail("W3: supervisor %lu restarts %u times within %lu ms; %u are allowed",
             short_id(sup), count, (unsigned long)window, limit);
}

sup_t *find_sup(actor_id_t id) {
    for (size_t i = w.sups_len; i > 0; i--)
        if (w.sups[i - 1].id == id) return &w.sups[i - 1];
    return NULL;
}

sup_t *note_sup(actor_id_t id, uint8_t plan) {
    sup_t *sup = find_sup(id);
    if (sup != NULL) return sup;
    if (w.sups_len == SUPS_MAX) {
        w.is_over = true;
        return NULL;
    }
    know(id, NOBODY, IS_SUPERVISOR);
    sup = &w.sups[w.sups_len++];
    *sup = (sup_t){.id = id, .plan = plan};
    return sup;
}

/* A factory runs: whose, and is it a restart? A child without back-off is restarted
 * when that is spent, or was spent when the attempt before failed. An attempt may also
 * fail behind the factory, when memory or places are short; then moments are guesses.
 */
void note_start(const place_t *place, bool fails) {
    actor_id_t id = w.api_sup != ACTOR_ID_INVALID ? w.api_sup : actor_self(w.rt);
    uint16_t number = (uint16_t)(place - w.places);
    sup_t *sup = note_sup(id, place->plan);
    if (sup == NULL) return;
    const plan_t *plan = &w.plans[place->plan];
    track_t *track = NULL;
    for (size_t i = w.tracks_len; i > 0 && track == NULL; i--)
        if (w.tracks[i - 1].sup == id && w.tracks[i - 1].place == number)
            track = &w.tracks[i - 1];
    if (track == NULL) {
        if (w.tracks_len == TRACKS_MAX) {
            w.is_over = true;
            return;
        }
        w.tracks[w.tracks_len++] = (track_t){.sup = id, .place = number};
        return; /* the first start is none */
    }
    uint64_t now_ms = runtime_now_ms(w.rt);
    uint64_t at_ms = track->has_failed ? track->failed_ms : now_ms;
    track->has_failed = fails;
    track->failed_ms = now_ms;
    if (w.api_sup != ACTOR_ID_INVALID) return; /* neither is one by a call */
    w.report.restarts++;
    const supervisor_options_t *options = &plan->config.options;
    bool is_sure = w.short_ms + options->window_ms < at_ms && options->window_ms != 0 &&
                   !mk_alloc_fail_hit();
    note_restart(&track->restarts, options, at_ms, place->is_exact && is_sure ? 0 : 1,
                 id);
    if (options->strategy == STRATEGY_ONE_FOR_ONE && plan->is_exact && is_sure)
        note_restart(&sup->restarts, options, at_ms, 0, id);
}

/* --- letters (W5, W6) --- */

void check_order(uint16_t from, uint16_t to, uint32_t number) {
    uint32_t key = (uint32_t)from * SENDERS_MAX + to + 1;
    size_t at = key * UINT32_C(2654435761) % PAIRS_MAX;
    size_t steps = 0;
    while (w.pairs[at].key != 0 && w.pairs[at].key != key) {
        at = (at + 1) % PAIRS_MAX;
        if (++steps == PAIRS_MAX) return; /* the book is full: unchecked */
    }
    w.pairs[at].key = key;
    if (is_tricked(OBSERVER_SWAPS_LETTERS)) number = w.pairs[at].last;
    if (number <= w.pairs[at].last)
        fail("W5: letter %lu arrives after %lu of the same sender",
             (unsigned long)number, (unsigned long)w.pairs[at].last);
    w.pairs[at].last = number;
}

static uint64_t failures_of(const runtime_counters_t *c) {
    return c->refused + c->dead_letters + c->no_memory;
}

/* What one send did to the counters: exactly one thing. */
void check_send(const runtime_counters_t *before, bool was_sent) {
    runtime_counters_t after = runtime_counters(w.rt);
    uint64_t failed = failures_of(&after) - failures_of(before);
    if (after.sends - before->sends != (was_sent ? 1 : 0))
        fail("W6: a send %s and is counted the other way",
             was_sent ? "worked" : "failed");
    if (failed != (was_sent ? 0 : 1))
        fail("W6: a send that %s counts %lu failures", was_sent ? "worked" : "failed",
             (unsigned long)failed);
    if (!was_sent) w.nobody += after.dead_letters - before->dead_letters;
    if (is_tricked(OBSERVER_INVENTS_A_SEND)) w.nobody++;
}

/* --- at rest (W1, W2, W4, W6 to W8) --- */

/* Deliver what can be delivered without time passing. */
void settle(void) {
    unsigned idle = 0;
    for (unsigned steps = 0; idle < 2; steps++) {
        runtime_counters_t before = runtime_counters(w.rt);
        runtime_step(w.rt);
        runtime_counters_t after = runtime_counters(w.rt);
        bool moved = before.delivered + before.exited + before.sends !=
                     after.delivered + after.exited + after.sends;
        idle = moved ? 0 : idle + 1;
        if (steps > 200000) {
            fail("W6: the world does not come to rest");
            return;
        }
    }
}

/* A permanent child that nobody terminated is down, and not about to come back. */
static const char *missing_child(const sup_t *sup) {
    static child_info_t infos[CHILDREN_MAX + PLACES_MAX]; /* large for a small stack */
    size_t count =
        supervisor_which_children(w.rt, sup->id, infos, sizeof infos / sizeof infos[0]);
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < w.places_len; p++) {
            const place_t *place = &w.places[p];
            if (strcmp(place->name, infos[i].name) != 0) continue;
            if (infos[i].id == ACTOR_ID_INVALID && !infos[i].is_restarting &&
                infos[i].restart_type == RESTART_PERMANENT && !place->was_touched)
                return place->name;
        }
    return NULL;
}

/* W8: a supervisor that is ending has time for it, but not for ever. */
static void check_permanent(const sup_t *sup) {
    for (int i = 0; i < 200 && missing_child(sup) != NULL; i++) {
        sim_advance(35000000);
        settle();
    }
    const char *name = missing_child(sup);
    if (name != NULL)
        fail("W8: child %s of supervisor %lu is permanent and down", name,
             short_id(sup->id));
}

/* W8. */
static void check_supervisor(const sup_t *sup, const actor_info_t *all, size_t len) {
    static child_info_t infos[CHILDREN_MAX + PLACES_MAX]; /* large for a small stack */
    size_t count =
        supervisor_which_children(w.rt, sup->id, infos, sizeof infos / sizeof infos[0]);
    size_t running = 0;
    for (size_t i = 0; i < count; i++) {
        if (infos[i].id != ACTOR_ID_INVALID) {
            actor_info_t info;
            running++;
            if (!runtime_actor_find(w.rt, infos[i].id, &info) || info.parent != sup->id)
                fail("W8: supervisor %lu lists %lu, which is not its child",
                     short_id(sup->id), short_id(infos[i].id));
        }
    }
    size_t children = is_tricked(OBSERVER_MISSES_CHILDREN) ? 1 : 0;
    for (size_t i = 0; i < len; i++)
        if (all[i].parent == sup->id) children++;
    if (children != running)
        fail("W8: supervisor %lu lists %u living children, it has %u",
             short_id(sup->id), (unsigned)running, (unsigned)children);
}

static void check_alarms(void) {
    uint64_t now_ms = runtime_now_ms(w.rt);
    for (size_t i = 0; i < ALARMS_MAX; i++) {
        const alarm_t *alarm = &w.alarms[i];
        if (!alarm->is_used || alarm->is_cancelled) continue;
        if (w.beings[alarm->being].drops_mail) continue;
        uint64_t passed_ms = now_ms - alarm->start_ms;
        uint64_t told_ms = alarm->told * alarm->interval_ms;
        if (passed_ms > told_ms + alarm->interval_ms + 3)
            fail("W7: timer %lu of actor %lu is lost", (unsigned long)alarm->timer,
                 short_id(w.beings[alarm->being].id));
    }
}

void check_at_rest(void) {
    static actor_info_t all[LIVING_MAX * 4];
    runtime_counters_t c = runtime_counters(w.rt);
    size_t len = runtime_actor_info(w.rt, all, sizeof all / sizeof all[0]);
    if (w.is_blind || len != c.actors) return;
    for (size_t i = 0; i < len; i++) {
        if (all[i].mailbox_used != 0)
            fail("W6: mail of actor %lu waits at rest", short_id(all[i].id));
        const being_t *being = being_of(all[i].id);
        if (being != NULL && being->place != NOBODY &&
            !actor_is_alive(w.rt, all[i].parent))
            fail("W8: actor %lu outlives its supervisor", short_id(all[i].id));
    }
    if (c.sends + w.nobody != c.delivered + c.dropped + c.dead_letters)
        fail("W6: %lu sent, %lu to nobody; %lu delivered, %lu dropped, %lu dead",
             (unsigned long)c.sends, (unsigned long)w.nobody,
             (unsigned long)c.delivered, (unsigned long)c.dropped,
             (unsigned long)c.dead_letters);
    for (size_t i = 0; i < PROMISES_MAX; i++) {
        const promise_t *p = &w.promises[i];
        if (p->kind != PROMISE_NONE && p->is_due)
            fail("W1: actor %lu was never told of the end of %lu",
                 short_id(w.beings[p->being].id), short_id(p->who));
    }
    for (size_t i = 0; i < w.known_len; i++)
        if (fact_of(w.known[i])->flags & IS_DOOMED && actor_is_alive(w.rt, w.known[i]))
            fail("W2: actor %lu outlives its link", short_id(w.known[i]));
    for (size_t i = 0; i < w.sups_len; i++)
        if (supervisor_is(w.rt, w.sups[i].id)) check_supervisor(&w.sups[i], all, len);
    check_alarms();
    for (size_t i = 0; i < w.sups_len; i++)
        if (supervisor_is(w.rt, w.sups[i].id)) check_permanent(&w.sups[i]);
}

/* After each step: what is cheap to see. */
void check_always(void) {
    runtime_counters_t c = runtime_counters(w.rt);
    if (c.exited != w.exits)
        fail("W4: %lu ends are counted, %lu were seen", (unsigned long)c.exited,
             (unsigned long)w.exits);
    if (c.spawned != c.exited + c.actors)
        fail("W4: %lu spawned, %lu ended, %lu alive", (unsigned long)c.spawned,
             (unsigned long)c.exited, (unsigned long)c.actors);
    if (c.spawned > IDS_MAX - 64) w.is_over = true;
    if (c.actors + 40 > runtime_get_max_actors(w.rt) || mk_alloc_fail_hit())
        w.short_ms = runtime_now_ms(w.rt);
}
