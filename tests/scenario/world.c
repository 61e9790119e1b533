/* SPDX-License-Identifier: Apache-2.0 */
/* The world behind world.h: actors and an outside that do random things. What becomes
 * of it is noted and judged in world_books.c. */
#include "scenario/world_impl.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/watch.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- choosing --- */

static actor_id_t any_id(void) {
    if (w.known_len == 0) return ACTOR_ID_INVALID;
    size_t newest = w.known_len < 24 ? w.known_len : 24;
    size_t back = (size_t)(chance(4, 5) ? roll(newest) : roll(w.known_len));
    actor_id_t id = w.known[w.known_len - 1 - back];
    return chance(1, 200) ? id + 1000 : id;
}

/* Somebody to whom something may be done. */
static actor_id_t any_mortal(void) {
    actor_id_t id = any_id();
    const being_t *being = id != ACTOR_ID_INVALID ? being_of(id) : NULL;
    return being != NULL && being->is_immortal ? ACTOR_ID_INVALID : id;
}

static actor_id_t any_supervisor(void) {
    if (w.sups_len == 0) return ACTOR_ID_INVALID;
    size_t newest = w.sups_len < 6 ? w.sups_len : 6;
    return w.sups[w.sups_len - 1 - roll(newest)].id;
}

/* --- ends --- */

static void free_being(void *state) {
    being_t *being = state;
    if (being->freed++ != 0) fail("W4: a state is freed twice");
    if (being->id != ACTOR_ID_INVALID && w.dying_id != ACTOR_ID_INVALID &&
        being->id != w.dying_id)
        fail("W4: actor %lu ends with the state of %lu", short_id(w.dying_id),
             short_id(being->id));
    message_destroy(being->held);
    being->held = NULL;
    /* Out of its own end it may still do harm. */
    if (w.dying_id != ACTOR_ID_INVALID && chance(1, 24)) {
        actor_id_t id = any_mortal();
        tell("  and its last deed is to stop %lu", short_id(id));
        actor_stop(w.rt, id);
    }
}

static void *make_child(void *arg) {
    place_t *place = arg;
    bool fails = chance(1, 16);
    note_start(place, fails);
    tell("  %s is started%s", place->name, fails ? ", and fails" : "");
    w.factories++;
    if (chance(1, 40) && w.api_sup != ACTOR_ID_INVALID &&
        supervisor_terminate_child(w.rt, w.api_sup, place->name, 0) != MK_EBUSY)
        fail("W8: a factory may change the children of its own supervisor");
    if (chance(1, 60)) actor_stop(w.rt, any_mortal());
    w.factories--;
    if (fails) return NULL;
    if (place->inner != NULL) return place->make_inner(place->inner);
    being_t *being = make_being((uint16_t)(place - w.places));
    if (being != NULL) being->drops_mail = place->drops_mail;
    return being;
}

/* Where a start may fail after the factory. */
static int give_name(runtime_t *rt, const char *name, actor_id_t id) {
    (void)name;
    (void)id;
    if (!chance(1, 6)) return MK_OK;
    tell("  and gets no name");
    w.short_ms = runtime_now_ms(rt);
    return MK_EEXIST;
}

/* --- letters --- */

static letter_t write_letter(uint16_t from) {
    return (letter_t){.number = ++w.letters, .from = from};
}

static bool send_letter(uint16_t from, actor_id_t dest) {
    static unsigned char bytes[3000];
    static const uint16_t sizes[] = {8, 8, 8, 8, 16, 60, 64, 65, 200, 2040, 3000};
    if (w.energy == 0) return true;
    w.energy--;
    letter_t letter = write_letter(from);
    memcpy(bytes, &letter, sizeof letter);
    size_t size = sizes[roll(sizeof sizes / sizeof sizes[0])];
    msg_type_t type = (msg_type_t)(LETTER + roll(LAST_LETTER));
    runtime_counters_t before = runtime_counters(w.rt);
    bool was_sent = actor_send(w.rt, dest, type, bytes, size);
    tell("  letter %lu to %lu%s", (unsigned long)letter.number, short_id(dest),
         was_sent ? "" : ": refused");
    check_send(&before, was_sent);
    return was_sent;
}

static void pass_on(message_t *msg, actor_id_t dest, being_t *keeper) {
    letter_t letter;
    memcpy(&letter, msg->payload, sizeof letter);
    letter.is_kept = true;
    memcpy(msg->payload, &letter, sizeof letter);
    runtime_counters_t before = runtime_counters(w.rt);
    bool was_sent = actor_forward(w.rt, dest, msg, chance(1, 2));
    tell("  letter %lu passed on to %lu%s", (unsigned long)letter.number,
         short_id(dest), was_sent ? "" : ": refused");
    if (was_sent && keeper != NULL) keeper->held = NULL;
    check_send(&before, was_sent);
}

/* --- timers and jobs (W7) --- */

static void arm(being_t *me) {
    uint64_t interval_ms = roll(8) == 0 ? 0 : roll(40);
    bool is_periodic = chance(1, 4);
    alarm_t *alarm = NULL;
    for (size_t i = 0; i < ALARMS_MAX && alarm == NULL; i++)
        if (!w.alarms[i].is_used) alarm = &w.alarms[i];
    if (alarm == NULL) return;
    timer_id_t timer = actor_set_timer(w.rt, interval_ms, is_periodic);
    if (timer == TIMER_ID_INVALID) return;
    if (is_periodic && interval_ms == 0) interval_ms = 1;
    tell("  timer %lu: %s %lu ms", (unsigned long)timer, is_periodic ? "every" : "in",
         (unsigned long)interval_ms);
    *alarm = (alarm_t){.start_ms = runtime_now_ms(w.rt),
                       .interval_ms = interval_ms,
                       .timer = timer,
                       .being = index_of(me),
                       .is_used = true,
                       .is_periodic = is_periodic};
}

static alarm_t *alarm_of(const being_t *me, timer_id_t timer) {
    for (size_t i = 0; i < ALARMS_MAX; i++) {
        alarm_t *alarm = &w.alarms[i];
        if (alarm->is_used && alarm->being == index_of(me) && alarm->timer == timer)
            return alarm;
    }
    return NULL;
}

static void disarm(const being_t *me) {
    for (size_t i = 0; i < ALARMS_MAX; i++) {
        alarm_t *alarm = &w.alarms[i];
        if (!alarm->is_used || alarm->being != index_of(me) || alarm->is_cancelled)
            continue;
        bool was_armed = actor_cancel_timer(w.rt, alarm->timer);
        tell("  timer %lu cancelled%s", (unsigned long)alarm->timer,
             was_armed ? "" : ": it has fired");
        if (!was_armed && alarm->is_periodic) fail("W7: a periodic timer is gone");
        alarm->is_cancelled = was_armed;
        return;
    }
}

static void on_timer(being_t *me, const message_t *msg) {
    timer_payload_t payload;
    memcpy(&payload, msg->payload, sizeof payload);
    if (w.is_blind || is_tricked(OBSERVER_MISSES_TIMERS)) return;
    alarm_t *alarm = alarm_of(me, payload.id);
    if (alarm == NULL) {
        fail("W7: actor %lu gets timer %lu, which it did not set", short_id(me->id),
             (unsigned long)payload.id);
        return;
    }
    uint64_t passed_ms = runtime_now_ms(w.rt) - alarm->start_ms;
    alarm->told += payload.expirations;
    if (payload.expirations == 0 || passed_ms < alarm->interval_ms ||
        (alarm->is_periodic && passed_ms / alarm->interval_ms < alarm->told))
        fail("W7: timer %lu is early", (unsigned long)payload.id);
    if (!alarm->is_periodic) alarm->is_used = false;
}

static void *do_job(void *arg) {
    job_t *job = arg;
    job->ran++;
    return job;
}

static void discard_job(void *result) {
    ((job_t *)result)->discarded++;
}

static void offload(void) {
    if (w.jobs_len == JOBS_MAX) return;
    job_t *job = &w.jobs[w.jobs_len];
    *job = (job_t){0};
    if (runtime_offload(w.rt, do_job, job, discard_job) != 0) w.jobs_len++;
}

/* --- what actors do --- */

static bool live(runtime_t *rt, actor_t *self, message_t *msg, void *state);

static void spawn(actor_id_t parent) {
    runtime_counters_t counters = runtime_counters(w.rt);
    if (counters.actors >= LIVING_MAX) return;
    being_t *being = make_being(NOBODY);
    if (being == NULL) return;
    actor_options_t options = {
        .mailbox_size = 1 + (size_t)roll(12),
        .mailbox_bytes = chance(1, 4) ? 256 + (size_t)roll(4000) : 0,
        .mailbox_policy = (mailbox_policy_t)roll(3),
        .priority = chance(1, 5) ? ACTOR_PRIORITY_SYSTEM : ACTOR_PRIORITY_NORMAL,
        .parent = parent,
    };
    actor_id_t id = actor_spawn_with(w.rt, live, being, free_being, &options);
    if (id == ACTOR_ID_INVALID) {
        w.beings_len--;
        return;
    }
    tell("  actor %lu is spawned%s", short_id(id),
         parent != ACTOR_ID_INVALID ? " as a child" : "");
    being->drops_mail = options.mailbox_policy != MAILBOX_FAIL;
    learn_id(being, id);
    if (chance(3, 4)) send_letter(FROM_OUTSIDE, id);
}

static void link_to(being_t *me, actor_id_t peer) {
    bool is_there = actor_is_alive(w.rt, peer);
    size_t at = find_link(me->id, peer);
    size_t room = find_link(ACTOR_ID_INVALID, ACTOR_ID_INVALID);
    if (peer == ACTOR_ID_INVALID || room == LINKS_MAX || me->is_immortal) return;
    bool was_linked = actor_link(w.rt, peer);
    tell("  link with %lu%s", short_id(peer), was_linked ? "" : ": refused");
    if (!was_linked || at != LINKS_MAX) return;
    if (is_there) {
        w.links[room].a = me->id;
        w.links[room].b = peer;
    } else if (me->traps) {
        promise(PROMISE_EXIT, index_of(me), 0, peer, true);
    } else {
        fact_of(me->id)->flags |= IS_DOOMED;
    }
}

static void unlink_from(being_t *me, actor_id_t peer) {
    size_t at = find_link(me->id, peer);
    bool was_linked = actor_unlink(w.rt, peer);
    if (was_linked != (at != LINKS_MAX))
        fail("W2: actor %lu and %lu are %slinked", short_id(me->id), short_id(peer),
             was_linked ? "" : "not ");
    if (!was_linked || is_tricked(OBSERVER_FORGETS_UNLINK)) return;
    tell("  no link with %lu any more", short_id(peer));
    w.links[at].a = w.links[at].b = ACTOR_ID_INVALID;
}

/* Somebody it is linked with; else anybody. */
static actor_id_t linked_peer(const being_t *me) {
    for (size_t i = 0; i < LINKS_MAX; i++) {
        if (w.links[i].a == me->id) return w.links[i].b;
        if (w.links[i].b == me->id) return w.links[i].a;
    }
    return any_mortal();
}

static void monitor(being_t *me, actor_id_t target) {
    bool is_there = actor_is_alive(w.rt, target);
    monitor_id_t id = actor_monitor(w.rt, target);
    if (id == 0) return;
    tell("  monitor %lu of %lu", (unsigned long)id, short_id(target));
    promise(PROMISE_DOWN, index_of(me), id, target, !is_there);
}

static void demonitor(being_t *me) {
    for (size_t i = 0; i < PROMISES_MAX; i++) {
        promise_t *p = &w.promises[i];
        if (p->kind != PROMISE_DOWN || p->being != index_of(me)) continue;
        bool was_there = actor_demonitor(w.rt, p->monitor);
        if (was_there && p->is_due) fail("W1: a monitor outlives its target");
        if (!was_there && !p->is_due) fail("W1: a monitor is lost");
        if (was_there) p->kind = PROMISE_NONE;
        return;
    }
    if (actor_demonitor(w.rt, (monitor_id_t)roll(50)))
        fail("W1: actor %lu drops a monitor it does not hold", short_id(me->id));
}

static void add_child(actor_id_t sup);
static void start_tree(actor_id_t parent);

/* Nothing more is expected of the restarts of who is called so. */
static void touch(const char *name) {
    for (size_t i = 0; i < w.places_len; i++)
        if (strcmp(w.places[i].name, name) == 0) w.places[i].was_touched = true;
}

static void terminate(actor_id_t sup, const char *name, const child_info_t *infos,
                      size_t len) {
    actor_id_t child = len > 0 && chance(1, 2) ? infos[roll(len)].id : 0;
    for (size_t i = 0; i < len; i++)
        if (infos[i].id == child) touch(infos[i].name);
    tell("  %lu: terminate %s/%lu", short_id(sup), name, short_id(child));
    (void)supervisor_terminate_child(w.rt, sup, name, child);
}

/* Its supervisor takes that for a termination. */
static void stop_supervisor(actor_id_t id, const sup_t *sup) {
    if (!chance(1, 4)) return;
    tell("  %lu: stop", short_id(id));
    for (size_t i = 0; i < w.places_len; i++)
        if (w.places[i].inner == &w.plans[sup->plan].config)
            w.places[i].was_touched = true;
    supervisor_stop(w.rt, id);
}

/* A call about a supervisor's children, from wherever. */
static void manage(void) {
    actor_id_t id = any_supervisor();
    const sup_t *sup = id != ACTOR_ID_INVALID ? find_sup(id) : NULL;
    if (sup == NULL || w.api_sup != ACTOR_ID_INVALID) return;
    child_info_t infos[16];
    size_t len = supervisor_which_children(w.rt, id, infos, 16);
    if (len > 16) len = 16;
    const char *name = len > 0 ? infos[roll(len)].name : "none";
    touch(name);
    w.api_sup = id;
    switch (roll(8)) {
    case 0:
    case 1: add_child(id); break;
    case 2: terminate(id, name, infos, len); break;
    case 3:
        tell("  %lu: restart %s", short_id(id), name);
        (void)supervisor_restart_child(w.rt, id, name);
        break;
    case 4:
        tell("  %lu: delete %s", short_id(id), name);
        (void)supervisor_delete_child(w.rt, id, name);
        break;
    case 5: stop_supervisor(id, sup); break;
    default: break;
    }
    w.api_sup = ACTOR_ID_INVALID;
}

static bool is_letter(const message_t *msg) {
    return msg->type >= LETTER && msg->type < LETTER + LAST_LETTER;
}

static void keep_letter(being_t *me, message_t *msg) {
    if (is_letter(msg) && me->held == NULL && message_take(w.rt, msg)) me->held = msg;
}

static void let_go(being_t *me) {
    if (me->held != NULL && chance(1, 2)) {
        pass_on(me->held, any_id(), me);
        return;
    }
    message_destroy(me->held);
    me->held = NULL;
}

static void change_trap(being_t *me) {
    me->traps = chance(1, 2);
    actor_trap_exits(w.rt, me->traps);
}

static void stop_another(const being_t *me) {
    actor_id_t victim = chance(1, 2) ? linked_peer(me) : any_mortal();
    tell("  stops %lu", short_id(victim));
    actor_stop(w.rt, victim);
}

/* With its last words. */
static void exit_by_itself(const being_t *me) {
    static const char *const words[] = {"it fell over", "no more", "", NULL};
    if (!me->is_immortal)
        actor_exit(w.rt, (uint8_t)(EXIT_CRASHED + roll(4)), words[roll(4)]);
}

/* One deed. False: the actor ends by returning false. */
static bool act(being_t *me, message_t *msg) {
    if (me->place != NOBODY && chance(1, 12)) {
        actor_exit(w.rt, EXIT_CRASHED, "a bad day");
        return true;
    }
    switch (roll(34)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5: send_letter(index_of(me), any_id()); break;
    case 6: send_letter(index_of(me), me->id); break;
    case 7: {
        actor_id_t dest = any_id();
        for (int i = 0; i < 4; i++)
            send_letter(index_of(me), dest);
        break;
    }
    case 8:
    case 9:
        if (is_letter(msg) && w.energy > 0) pass_on(msg, any_id(), NULL);
        break;
    case 10: keep_letter(me, msg); break;
    case 11: let_go(me); break;
    case 12: spawn(ACTOR_ID_INVALID); break;
    case 13: spawn(me->id); break;
    case 14: link_to(me, any_mortal()); break;
    case 15: unlink_from(me, linked_peer(me)); break;
    case 16: change_trap(me); break;
    case 17:
    case 18: monitor(me, any_id()); break;
    case 19: demonitor(me); break;
    case 20:
    case 21: arm(me); break;
    case 22: disarm(me); break;
    case 23: (void)actor_watch_fd(w.rt, w.fds[roll(FDS)], MK_POLL_IN); break;
    case 24: (void)actor_unwatch_fd(w.rt, w.fds[roll(FDS)]); break;
    case 25: offload(); break;
    case 26: manage(); break;
    case 27: stop_another(me); break;
    case 28: (void)actor_shutdown(w.rt, any_mortal()); break;
    case 29: exit_by_itself(me); break;
    case 30:
        if (!me->is_immortal && chance(1, 2)) actor_stop(w.rt, me->id);
        break;
    case 31: return me->is_immortal || chance(1, 2);
    case 32:
        if (chance(1, 4)) start_tree(chance(1, 2) ? me->id : ACTOR_ID_INVALID);
        break;
    default: break;
    }
    return true;
}

static void on_letter(being_t *me, const message_t *msg) {
    letter_t letter;
    memcpy(&letter, msg->payload, sizeof letter);
    if (!letter.is_kept) check_order(letter.from, index_of(me), letter.number);
}

/* The behaviour of everybody who is no supervisor. */
static bool live(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    being_t *me = state;
    learn_id(me, actor_self(rt));
    tell("actor %lu gets %s%lu from %lu", short_id(me->id),
         msg->type > LAST_LETTER ? "message " : "letter type ",
         (unsigned long)msg->type & 0xFFFFFFul, short_id(msg->source));
    hash(((uint64_t)msg->type << 32 | me->id) ^ sim_now_ns() << 12);
    if (fact_of(me->id)->flags & IS_DOOMED && !w.is_blind)
        fail("W2: actor %lu lives on after the end of a link", short_id(me->id));
    if (me->freed != 0) fail("W4: actor %lu runs without its state", short_id(me->id));
    down_payload_t down;
    child_exit_payload_t child;
    offload_done_payload_t done;
    switch (msg->type) {
    case MSG_TIMER: on_timer(me, msg); break;
    case MSG_DOWN:
        memcpy(&down, msg->payload, sizeof down);
        keep_promise(PROMISE_DOWN, index_of(me), down.monitor, down.actor_id,
                     down.exit_reason);
        break;
    case MSG_EXIT:
        memcpy(&down, msg->payload, sizeof down);
        keep_promise(PROMISE_EXIT, index_of(me), 0, down.actor_id, down.exit_reason);
        break;
    case MSG_CHILD_EXIT:
        memcpy(&child, msg->payload, sizeof child);
        keep_promise(PROMISE_CHILD, index_of(me), 0, child.child_id, child.exit_reason);
        break;
    case MSG_OFFLOAD_DONE:
        memcpy(&done, msg->payload, sizeof done);
        ((job_t *)done.result)->told++;
        break;
    case MSG_FD_EVENT: {
        fd_event_payload_t event;
        memcpy(&event, msg->payload, sizeof event);
        sim_handle_set_ready(event.fd, 0);
        break;
    }
    case MSG_SHUTDOWN:
        if (!me->is_immortal && !(me->is_stubborn && chance(1, 2))) return false;
        break;
    default: on_letter(me, msg); break;
    }
    return w.is_over || act(me, msg);
}

/* --- supervisors --- */

static place_t *new_place(uint8_t plan) {
    if (w.places_len == PLACES_MAX) return NULL;
    place_t *place = &w.places[w.places_len];
    *place = (place_t){.plan = plan};
    snprintf(place->name, sizeof place->name, "c%u", (unsigned)w.places_len);
    w.places_len++;
    return place;
}

static child_spec_t spec_of(place_t *place) {
    return (child_spec_t){.name = place->name,
                          .behavior = live,
                          .factory = make_child,
                          .factory_arg = place,
                          .free_state = free_being,
                          .mailbox_size = 1 + (size_t)roll(8),
                          .restart_type = (restart_type_t)roll(3)};
}

static child_options_t options_of(place_t *place, const child_spec_t *spec,
                                  restart_strategy_t strategy) {
    child_options_t options = {
        .shutdown_ms = chance(1, 2) ? roll(30) : 0,
        .backoff_ms = chance(1, 4) ? 1 + roll(10) : 0,
        .is_significant = spec->restart_type != RESTART_PERMANENT && chance(1, 3),
        .mailbox_policy = (mailbox_policy_t)roll(3),
    };
    if (chance(1, 6)) options.register_as = "somebody";
    place->drops_mail = options.mailbox_policy != MAILBOX_FAIL;
    place->is_exact = options.backoff_ms == 0 && strategy == STRATEGY_ONE_FOR_ONE;
    return options;
}

/* Describe a supervisor, and those below it. NULL: the book is full. */
static plan_t *new_plan(unsigned depth) {
    if (w.plans_len == PLANS_MAX) return NULL;
    uint8_t number = (uint8_t)w.plans_len++;
    plan_t *plan = &w.plans[number];
    *plan = (plan_t){.is_exact = true};
    supervisor_options_t *how = &plan->config.options;
    *how = (supervisor_options_t){
        .strategy = (restart_strategy_t)roll(3),
        .max_restarts = (int)roll(6),
        .window_ms = chance(1, 6) ? 0 : 2 + roll(100),
        .auto_shutdown = (auto_shutdown_t)roll(3),
        .is_template = chance(1, 5),
        .name = "sup",
    };
    if (how->is_template) how->strategy = STRATEGY_ONE_FOR_ONE;
    size_t wanted = how->is_template ? 1 : 1 + (size_t)roll(CHILDREN_MAX);
    size_t len = 0;
    for (size_t i = 0; i < wanted; i++) {
        place_t *place = new_place(number);
        if (place == NULL) break;
        child_spec_t *spec = &plan->specs[len];
        *spec = spec_of(place);
        plan_t *inner =
            depth > 0 && !how->is_template && chance(1, 3) ? new_plan(depth - 1) : NULL;
        if (inner != NULL) {
            supervisor_child_spec(spec, place->name, &inner->config,
                                  (restart_type_t)roll(3));
            place->inner = &inner->config;
            place->make_inner = spec->factory;
            spec->factory = make_child;
            spec->factory_arg = place;
        }
        plan->options[len] = options_of(place, spec, how->strategy);
        if (inner != NULL) plan->options[len].shutdown_ms = 500;
        plan->is_exact &= place->is_exact;
        len++;
    }
    plan->config.specs = plan->specs;
    plan->config.child_options = plan->options;
    plan->config.n_specs = len;
    return plan;
}

static void start_tree(actor_id_t parent) {
    if (w.factories > 0 || w.api_sup != ACTOR_ID_INVALID) return;
    plan_t *plan = w.plans_len < PLANS_MAX ? new_plan(2) : &w.plans[roll(PLANS_MAX)];
    if (plan == NULL || plan->config.n_specs == 0) return;
    if (runtime_counters(w.rt).actors >= LIVING_MAX) return;
    supervisor_options_t options = plan->config.options;
    options.parent = parent;
    actor_id_t id = supervisor_start_with(w.rt, &options, plan->specs, plan->options,
                                          plan->config.n_specs);
    if (id == ACTOR_ID_INVALID) return;
    tell("  supervisor %lu is started, %u children", short_id(id),
         (unsigned)plan->config.n_specs);
    (void)note_sup(id, (uint8_t)(plan - w.plans));
}

static void add_child(actor_id_t sup) {
    const sup_t *found = find_sup(sup);
    uint8_t number = found->plan;
    plan_t *plan = &w.plans[number];
    place_t *place = new_place(number);
    if (place == NULL || runtime_counters(w.rt).actors >= LIVING_MAX) return;
    actor_id_t id;
    if (plan->config.options.is_template) {
        place->is_exact = plan->is_exact;
        place->drops_mail = plan->options[0].mailbox_policy != MAILBOX_FAIL;
        place->was_touched = true;
        id = supervisor_start_child(w.rt, sup, NULL, NULL, place);
    } else {
        child_spec_t spec = spec_of(place);
        child_options_t options =
            options_of(place, &spec, plan->config.options.strategy);
        plan->is_exact &= place->is_exact;
        id = supervisor_start_child(w.rt, sup, &spec, &options, NULL);
    }
    tell("  %lu: start %s: %lu", short_id(sup), place->name, short_id(id));
}

/* --- at rest --- */

/* Let everything come to an end that can, then look. */
static void rest(void) {
    mk_alloc_fail_at(0, false);
    w.is_short = false;
    w.energy = 0;
    for (int i = 0; i < 4; i++) {
        settle();
        check_always();
        sim_advance(1000000);
    }
    settle();
    check_at_rest();
}

/* --- the outside --- */

static void end_slice(void *arg) {
    runtime_stop(arg);
}

static void post(void) {
    letter_t letter = write_letter(FROM_POST);
    if (w.energy == 0) return;
    (void)runtime_post(w.rt, w.beings[w.clerk].id, LETTER, &letter, sizeof letter);
}

static void intervene(void) {
    switch (roll(12)) {
    case 0:
    case 1:
    case 2:
    case 3: send_letter(FROM_OUTSIDE, any_id()); break;
    case 4: post(); break;
    case 5: spawn(ACTOR_ID_INVALID); break;
    case 6: manage(); break;
    case 7: sim_handle_set_ready(w.fds[roll(FDS)], MK_POLL_IN); break;
    case 8:
        (void)sim_handle_set_ready_at(w.fds[roll(FDS)], MK_POLL_IN,
                                      sim_now_ns() + roll(20000000));
        break;
    case 9:
        if (chance(1, 3)) actor_stop(w.rt, any_mortal());
        break;
    case 10:
        if (chance(1, 4)) start_tree(ACTOR_ID_INVALID);
        break;
    default: break;
    }
}

/* Children that a supervisor made and that got no message yet. */
static void meet_the_new(void) {
    static actor_id_t ids[LIVING_MAX * 4];
    size_t len = runtime_list_actors(w.rt, ids, sizeof ids / sizeof ids[0]);
    for (size_t i = 0; i < len && !w.is_over; i++) {
        being_t *being = actor__state_of(w.rt, ids[i], live);
        if (being != NULL) learn_id(being, ids[i]);
    }
}

static void run_slice(void) {
    w.energy += 40;
    meet_the_new();
    if (chance(1, 5)) {
        bool for_ever = chance(1, 3);
        w.is_short = for_ever;
        w.report.faults++;
        tell("memory will be short%s", for_ever ? " until further notice" : "");
        mk_alloc_fail_at(1 + (size_t)roll(12), for_ever);
    }
    for (uint64_t n = roll(12); n > 0; n--)
        intervene();
    /* A ready descriptor whose event gets no memory is looked at again at once: the
     * loop itself would let no time pass while memory is short. */
    if (w.is_short || chance(1, 2)) {
        for (uint64_t n = roll(30); n > 0; n--) {
            runtime_step(w.rt);
            check_always();
        }
        sim_advance(roll(8000000));
    } else if (sim_call_at(sim_now_ns() + roll(15000000), end_slice, w.rt) == MK_OK) {
        runtime_run(w.rt);
        check_always();
    }
    if (mk_alloc_fail_hit()) w.short_ms = runtime_now_ms(w.rt);
    if (chance(2, 3)) {
        mk_alloc_fail_at(0, false);
        w.is_short = false;
    }
    if (chance(1, 6)) rest();
}

static bool begin(uint64_t seed, world_observer_t observer, bool tells) {
    memset(&w, 0, sizeof w);
    for (size_t i = 0; i < IDS_MAX; i++)
        w.ids[i].being = NOBODY;
    w.observer = observer;
    w.tells = tells;
    w.deaf = 1;
    w.report.order_hash = UINT64_C(0xcbf29ce484222325);
    prng_init(&w.fate, seed);
    sim_reset(seed);
    w.rt = runtime_init((node_id_t)roll(3), LIVING_MAX + 40);
    if (w.rt == NULL || !part_attach(w.rt, &w.part, &world_ops) ||
        !supervisor_set_registrar(w.rt, give_name))
        return false;
    for (int i = 0; i < FDS; i++)
        w.fds[i] = sim_handle_create();
    being_t *clerk = make_being(NOBODY);
    clerk->is_immortal = true;
    clerk->is_stubborn = true;
    w.clerk = index_of(clerk);
    learn_id(clerk, actor_spawn(w.rt, live, clerk, free_being, 64));
    w.energy = 20;
    for (uint64_t n = 1 + roll(2); n > 0; n--)
        start_tree(ACTOR_ID_INVALID);
    for (uint64_t n = 2 + roll(6); n > 0; n--)
        spawn(ACTOR_ID_INVALID);
    return true;
}

static void finish(void) {
    runtime_counters_t c = runtime_counters(w.rt);
    w.report.delivered = c.delivered;
    w.report.spawned = c.spawned;
    w.report.crashed = c.crashed;
    w.dying_id = ACTOR_ID_INVALID;
    mk_alloc_fail_at(0, false);
    runtime_destroy(w.rt);
    sim_reset(1);
    for (size_t i = 0; i < w.beings_len; i++)
        if (w.beings[i].freed != 1)
            fail("W4: the state of actor %lu is freed %u times",
                 short_id(w.beings[i].id), w.beings[i].freed);
    for (size_t i = 0; i < w.jobs_len; i++)
        if (w.jobs[i].told + w.jobs[i].discarded != 1 || w.jobs[i].ran > 1)
            fail("W7: job %u ran %u times, was told %u and discarded %u times",
                 (unsigned)i, w.jobs[i].ran, w.jobs[i].told, w.jobs[i].discarded);
}

world_report_t world_run(uint64_t seed, world_observer_t observer, bool tells) {
    size_t live_before = mk_alloc_live();
    if (begin(seed, observer, tells)) {
        for (int slice = 0; slice < SLICES && !w.is_over; slice++)
            run_slice();
        if (w.report.failure == NULL) rest();
    } else {
        fail("W9: no runtime");
    }
    finish();
    void *kept = observer == OBSERVER_KEEPS_A_BLOCK ? mk_alloc(1) : NULL;
    size_t left = mk_alloc_live() - live_before;
    mk_free(kept);
    if (left != 0) fail("W9: %lu blocks are left", (unsigned long)left);
    return w.report;
}
