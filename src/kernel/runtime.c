/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: turns of actors, looks at clock and descriptors in between, sleep when
 * there is nothing to do.
 *
 * How many turns pass between two looks adapts itself so that they take about
 * MK_POLL_INTERVAL_US: with short turns the clock costs nothing, with long ones it is
 * read every turn. A look makes one system call whatever the number of actors. */
#include "microkernel/runtime.h"

#include "base/alloc.h"
#include "kernel/inlet.h"
#include "kernel/runtime_impl.h"
#include "port/clock.h"

#include <string.h>

enum { TURNS_MAX = 4096 };

runtime_t *runtime_init(node_id_t node_id, size_t max_actors) {
    if (max_actors == 0 || max_actors > (size_t)1 << 31) return NULL;
    runtime_t *rt = mk_calloc(1, sizeof *rt);
    if (rt == NULL) return NULL;
    rt->node = node_id;
    rt->max_actors = max_actors;
    list_init(&rt->put_off);
    list_init(&rt->inlets);
    for (unsigned i = 0; i < QUEUE_COUNT; i++)
        scheduler_init(&rt->queues[i]);
    id_table_init(&rt->actors);
    id_table_init(&rt->timer_ids);
    id_table_init(&rt->monitor_ids);
    pool_init(&rt->actor_pool, sizeof(actor_t));
    pool_init(&rt->chunk_pool, sizeof(wheel_chunk_t));
    for (size_t i = 0; i < MESSAGE_CLASSES; i++)
        pool_init(&rt->messages[i], (i + 1) * BLOCK_UNIT);
    list_init(&rt->soon);
    list_init(&rt->flushes);
    rt->turns_batch = 1;
    if (!reactor__init(rt)) {
        reactor__deinit(rt);
        mk_free(rt);
        return NULL;
    }
    return rt;
}

/* Inside a behaviour, or a function that the end of an actor or the runtime calls. */
static bool is_inside(const runtime_t *rt) {
    return rt->current != NULL || rt->is_reaping || rt->is_ending;
}

void runtime_destroy(runtime_t *rt) {
    if (rt == NULL || is_inside(rt)) return;
    rt->is_ending = true;
    offload__deinit(rt);
    post__discard(rt);
    /* All end before the first is undone: what its free_state does meets nobody. */
    for (size_t i = 0; i < id_table_slots(&rt->actors); i++)
        if (rt->actors.slots[i] != NULL) exit__mark_ended(rt->actors.slots[i]);
    for (size_t i = 0; i < id_table_slots(&rt->actors); i++) {
        actor_t *actor = rt->actors.slots[i];
        if (actor == NULL) continue;
        exit__discard(rt, actor);
#if defined(MK_POOL_PASSTHROUGH)
        /* Pools hold no memory of their own then: each block goes by itself. */
        if (!(actor->flags & ACTOR_IN_QUEUE)) {
            rt->actors.slots[i] = NULL;
            pool_give(&rt->actor_pool, actor);
        }
#endif
    }
    for (unsigned i = 0; i < QUEUE_COUNT; i++)
        while (!scheduler_is_empty(&rt->queues[i]))
            pool_give(&rt->actor_pool, scheduler_dequeue(&rt->queues[i]));
    parts__destroy(rt);
    timers__deinit(rt);
    id_table_deinit(&rt->actors);
    id_table_deinit(&rt->monitor_ids);
    pool_deinit(&rt->actor_pool);
    for (size_t i = 0; i < MESSAGE_CLASSES; i++)
        pool_deinit(&rt->messages[i]);
    reactor__deinit(rt);
    mk_free(rt);
}

/* ---- turns ---- */

static inline bool is_ready(const runtime_t *rt, queue_t queue) {
    return rt->queues[queue].ready_queue_head != NULL;
}

/* Whose turn it is while some have used up their share: theirs comes when nobody else
 * is ready, and now and then. */
static MK_NOINLINE queue_t normal_or_busy(runtime_t *rt) {
    if (is_ready(rt, QUEUE_NORMAL) && rt->normal_turns++ < MK_NORMAL_TURNS)
        return QUEUE_NORMAL;
    rt->normal_turns = 0;
    return QUEUE_BUSY;
}

/* System first, but not for ever; then the normal ones, but not for ever. */
static inline queue_t choose(runtime_t *rt) {
    if (MK_UNLIKELY(is_ready(rt, QUEUE_SYSTEM)) &&
        (rt->system_turns++ < MK_SYSTEM_TURNS ||
         (!is_ready(rt, QUEUE_NORMAL) && !is_ready(rt, QUEUE_BUSY))))
        return QUEUE_SYSTEM;
    rt->system_turns = 0;
    if (MK_LIKELY(!is_ready(rt, QUEUE_BUSY))) return QUEUE_NORMAL;
    return normal_or_busy(rt);
}

/* The next actor to run. Skips the retired. */
static inline actor_t *pick(runtime_t *rt) {
    for (;;) {
        queue_t queue = choose(rt);
        actor_t *actor = queue__pop(&rt->queues[queue]);
        if (actor == NULL) return NULL;
        if (MK_UNLIKELY(queue == QUEUE_BUSY)) actor->queue = queue__home(actor);
        if (MK_LIKELY(actor->status == ACTOR_READY)) return actor;
        /* Retired while it waited; only its block is left. Or it awaits something since
         * a turn out of order. */
        if (actor->status == ACTOR_STOPPED) pool_give(&rt->actor_pool, actor);
    }
}

bool runtime__has_ready(const runtime_t *rt) {
    return is_ready(rt, QUEUE_NORMAL) || is_ready(rt, QUEUE_SYSTEM) ||
           is_ready(rt, QUEUE_BUSY);
}

/* The behaviour returned false and the turn is over. */
static void end_of_its_own(runtime_t *rt, actor_t *actor) {
    uint8_t reason = actor->last_type == MSG_SHUTDOWN ? EXIT_SHUTDOWN : EXIT_NORMAL;
    if (MK_LIKELY(actor->status != ACTOR_STOPPED)) {
        exit__end(rt, actor, reason);
    } else if (!(actor->flags & ACTOR_EXIT_SAID)) {
        actor->exit_reason = reason;
    }
}

static bool is_stop_wanted(runtime_t *rt) {
    return atomic_load_explicit(&rt->stop_wanted, memory_order_relaxed);
}

static void measure(runtime_t *rt, actor_t *actor, uint64_t began_ns) {
    uint64_t spent = port_clock_monotonic_ns() - began_ns;
    actor_extra_t *extra = actor__extra(rt, actor);
    if (extra != NULL) extra->time_ns += spent;
}

/* Somebody ended, a stop is wanted, or the running actor awaits, wants no more, or has
 * lost mail of this turn. False: the turn ends. A stop from another thread that is
 * missed here, because it came while attention was being cleared, is seen when the turn
 * is over. */
static bool attend(runtime_t *rt, actor_t *actor) {
    atomic_store_explicit(&rt->attention, false, memory_order_relaxed);
    rt->message = NULL;
    if (rt->dying != 0) exit__reap(rt);
    return actor->status == ACTOR_RUNNING && !is_stop_wanted(rt);
}

/* What is kept from run to run of a turn. */
typedef struct {
    const message_t *last; /* a turn takes what waits when it begins */
    unsigned budget;       /* messages until the clock is asked */
    unsigned left;         /* of them */
    uint32_t span_us;      /* how long it may go on then */
    bool ends;             /* the behaviour returned false */
} turn_t;

/* The messages of a turn are used up: a long queue may go on for a while, so that a
 * receiver of many senders keeps up with them. */
static bool may_go_on(runtime_t *rt, turn_t *turn) {
    if (turn->budget == 1) return false;
    if (rt->turn_ends_ns == TURN_ENDS_NOW) return false;
    uint64_t now_ns = port_clock_monotonic_ns();
    if (rt->turn_ends_ns == 0)
        rt->turn_ends_ns = now_ns + (uint64_t)turn->span_us * 1000;
    turn->left = turn->budget;
    return now_ns < rt->turn_ends_ns;
}

/* The messages of a run were handled, the last of them `msg`. */
static inline void end_run(runtime_t *rt, message_t *msg, uint32_t block) {
    if (MK_UNLIKELY(rt->message != msg)) { /* taken: not ours any more */
        message__spare_run_before(rt, msg);
        return;
    }
    rt->current->last_type = msg->type;
    if (MK_UNLIKELY(!message__is_plain(msg))) {
        message__end_slow(rt, msg);
        return;
    }
    message_t **spare = &rt->spare[block / BLOCK_UNIT];
    msg->mk_next = *spare;
    *spare = rt->run;
}

/* Deliver `first` and, while the messages behind it are plain ones of its size, those:
 * a run, whose messages are linked already and become spare in one piece. That comes in
 * their order, so that the blocks of a long queue are used again as they lie in memory.
 * Returns the message that follows; NULL: the turn is over. */
static inline message_t *handle_run(runtime_t *rt, actor_t *actor, message_t *first,
                                    turn_t *turn) {
    const uint32_t block = first->mk_block;
    const uint32_t same = message__is_plain(first) ? block : 0; /* no block has 0 */
    const room_t room = block & BLOCK_IS_UNCOUNTED ? 0 : room__for(block);
    unsigned left = turn->left - 1; /* behind `msg` */
    bool keeps;
    bool goes_on = true;
    message_t *msg = first;
    message_t *next;
    rt->run = rt->run_mark = first;
    for (;;) {
        /* Read before it is handled and kept in a register: reading it back from the
         * actor would make each message wait for the stores of the one before. */
        next = msg->mk_next;
        actor->head = next;
        actor->room += room;
        rt->message = msg;
        keeps = actor->behavior(rt, actor, msg, actor->state);
        if (MK_UNLIKELY(!keeps) ||
            MK_UNLIKELY(atomic_load_explicit(&rt->attention, memory_order_relaxed)) ||
            msg == turn->last || next->mk_block != same)
            break;
        if (MK_UNLIKELY(left-- == 0)) {
            actor->handled += turn->left;
            turn->left = 0;
            goes_on = may_go_on(rt, turn);
            rt->run_mark = msg;
            left = turn->left;
            if (!goes_on) break;
            left--;
        }
        msg = next;
    }
    goes_on = goes_on && msg != turn->last;
    actor->handled += turn->left - left;
    turn->left = left;
    end_run(rt, msg, block);
    if (MK_UNLIKELY(!keeps)) {
        turn->ends = true;
        return NULL;
    }
    if (MK_UNLIKELY(atomic_load_explicit(&rt->attention, memory_order_relaxed))) {
        if (!attend(rt, actor)) return NULL;
        next = actor->head;
        if (rt->turn_ends_ns == TURN_ENDS_NOW) turn->last = actor->tail;
    }
    if (goes_on && left == 0) goes_on = may_go_on(rt, turn);
    return goes_on ? next : NULL;
}

static inline void run_turn(runtime_t *rt, actor_t *actor, unsigned budget,
                            uint32_t span_us) {
    uint64_t began_ns = rt->is_timed ? port_clock_monotonic_ns() : 0;
    uint64_t before = actor->handled;
    actor->status = ACTOR_RUNNING;
    rt->current = actor;
    rt->self = actor__id(rt, actor);
    rt->turn_ends_ns = 0;
    turn_t turn = {
        .last = actor->tail, .budget = budget, .left = budget, .span_us = span_us};
    message_t *msg = actor->head;
    while (msg != NULL)
        msg = handle_run(rt, actor, msg, &turn);
    rt->message = NULL;
    rt->current = NULL;
    rt->self = ACTOR_ID_INVALID;
    rt->counts.turns++;
    rt->counts.delivered += actor->handled - before;
    if (MK_UNLIKELY(rt->is_timed)) measure(rt, actor, began_ns);
    if (MK_UNLIKELY(turn.ends)) {
        end_of_its_own(rt, actor);
    } else if (MK_LIKELY(actor->status == ACTOR_RUNNING ||
                         actor->status == ACTOR_IDLE)) {
        actor->status = ACTOR_IDLE;
        if (actor->head != NULL) queue__push_again(rt, actor);
    } else if (actor->status == ACTOR_WAITING && actor__has_awaited(actor)) {
        queue__push_again(rt, actor);
    }
    if (rt->dying != 0) exit__reap(rt);
}

/* Every so many sends the last receiver that had mail already is looked at: who is sent
 * as much as fills the caches does not wait behind all of its senders, but takes a turn
 * out of order. It keeps its place in the queue, and comes there to what has arrived by
 * then. */
static MK_NOINLINE void look_for_crowd(runtime_t *rt) {
    rt->sends_looked = rt->sends;
    actor_t *actor = actor__find(rt, rt->receiver);
    if (actor == NULL || actor->status != ACTOR_READY ||
        actor->capacity - room__messages(actor->room) < MK_CROWD_MESSAGES ||
        actor->queue != QUEUE_NORMAL || (actor->flags & ACTOR_IS_SLOW))
        return;
    uint32_t room_before = room__messages(actor->room);
    run_turn(rt, actor, MK_TURN_MESSAGES, MK_CROWD_US);
    uint32_t room = room__messages(actor->room);
    if (room - room_before < actor->capacity - room) actor->flags |= ACTOR_IS_SLOW;
    if (actor->status == ACTOR_IDLE) actor->status = ACTOR_READY;
}

/* ---- looks ---- */

static void give_memory_back(runtime_t *rt) {
    rt->trimmed_ns = rt->looked_ns;
    rt->trimmed_turns = rt->counts.turns;
    if (pool_wants_trim(&rt->actor_pool))
        pool_trim(&rt->actor_pool, rt->actors.slots, id_table_slots(&rt->actors),
                  false);
    if (pool_wants_trim(&rt->chunk_pool)) /* no chunk is without a timer */
        pool_trim(&rt->chunk_pool, rt->timer_ids.slots, id_table_slots(&rt->timer_ids),
                  true);
    id_table_trim(&rt->actors);
    id_table_trim(&rt->timer_ids);
    id_table_trim(&rt->monitor_ids);
    message__give_spare_back(rt);
}

/* Nothing is ready until `deadline_ns`. In a nap memory is kept, because what used it
 * will soon want it again; but not for long without a look at it. */
static bool is_nap(const runtime_t *rt, uint64_t deadline_ns) {
    const uint64_t nap_ns = (uint64_t)MK_NAP_MS * 1000000u;
    return deadline_ns < rt->looked_ns + nap_ns &&
           rt->looked_ns < rt->trimmed_ns + nap_ns;
}

/* An inlet does not say when it will have something next, and those that talk across
 * threads sleep after every few messages. So the first sleep after some turns is a nap;
 * only when nothing has come by its end memory is given back. */
static uint64_t nap_first(const runtime_t *rt, uint64_t deadline_ns) {
    if (rt->counts.turns == rt->trimmed_turns || !inlets__keep_running(rt))
        return deadline_ns;
    uint64_t nap_ends_ns = rt->looked_ns + (uint64_t)MK_NAP_MS * 1000000u - 1;
    return deadline_ns < nap_ends_ns ? deadline_ns : nap_ends_ns;
}

static void look(runtime_t *rt, uint64_t deadline_ns) {
    bool sleeps = inlets__before_look(rt, deadline_ns != 0);
    reactor__poll(rt, sleeps ? deadline_ns : 0);
    inlets__after_look(rt);
    post__deliver(rt);
    offload__deliver(rt, !runtime__has_ready(rt));
    if (rt->dying != 0) exit__reap(rt);
}

void runtime__look(runtime_t *rt) {
    flush__pending(rt);
    look(rt, 0);
}

/* The turns since the last look took `spent_ns`: adapt their number. */
static void adapt(runtime_t *rt, uint64_t spent_ns) {
    const uint64_t target_ns = (uint64_t)MK_POLL_INTERVAL_US * 1000;
    if (spent_ns < target_ns / 2 && rt->turns_batch < TURNS_MAX)
        rt->turns_batch *= 2;
    else if (spent_ns > target_ns && rt->turns_batch > 1)
        rt->turns_batch /= 2;
}

/* Run turns until it is time to look at the outside, or nothing is ready. */
static void run_ready(runtime_t *rt) {
    for (uint32_t left = rt->turns_batch; left > 0; left--) {
        actor_t *actor = pick(rt);
        if (actor == NULL) return;
        run_turn(rt, actor, MK_TURN_MESSAGES, MK_TURN_US);
        if (is_stop_wanted(rt)) return;
        if (MK_UNLIKELY(rt->sends - rt->sends_looked >= MK_CROWD_MESSAGES))
            look_for_crowd(rt);
    }
    uint64_t now_ns = port_clock_monotonic_ns();
    uint64_t spent_ns = now_ns - rt->looked_ns;
    adapt(rt, spent_ns);
}

/* When something will happen by itself. */
static uint64_t next_ns(const runtime_t *rt) {
    uint64_t timer_ns = timers__next_ns(rt);
    uint64_t watch_ns = watch__next_ns(rt);
    return timer_ns < watch_ns ? timer_ns : watch_ns;
}

/* True when something may still happen without any actor being ready. */
static bool can_wait(runtime_t *rt) {
    return rt->source_count != 0 || timers__count(rt) != 0 || rt->deadline_count != 0 ||
           offload__pending(rt) != 0 || post__is_waiting(rt) ||
           !list_is_empty(&rt->flushes) || inlets__keep_running(rt);
}

void runtime_run(runtime_t *rt) {
    if (rt == NULL || is_inside(rt)) return;
    rt->looked_ns = port_clock_monotonic_ns();
    if (rt->dying != 0) exit__reap(rt);
    while (!is_stop_wanted(rt)) {
        run_ready(rt);
        flush__pending(rt);
        if (is_stop_wanted(rt)) break;
        if (rt->actors.count == 0) break;
        if (runtime__has_ready(rt)) {
            look(rt, 0);
            continue;
        }
        if (!can_wait(rt)) break;
        bool must_look_only = post__is_waiting(rt) || offload__can_go_on(rt) ||
                              !list_is_empty(&rt->flushes);
        uint64_t deadline_ns = must_look_only ? 0 : nap_first(rt, next_ns(rt));
        if (!is_nap(rt, deadline_ns)) give_memory_back(rt);
        look(rt, deadline_ns);
    }
    flush__pending(rt); /* a stop in a look */
    atomic_store_explicit(&rt->stop_wanted, false, memory_order_relaxed);
    (void)inlets__before_look(rt, false); /* what was sent last shall not wait */
    give_memory_back(rt);
}

void runtime_step(runtime_t *rt) {
    if (rt == NULL || is_inside(rt)) return;
    if (rt->dying != 0) exit__reap(rt);
    flush__pending(rt);
    look(rt, 0);
    actor_t *actor = pick(rt);
    if (actor != NULL) run_turn(rt, actor, 1, 0);
    flush__pending(rt);
}

void runtime_stop(runtime_t *rt) {
    if (rt == NULL) return;
    atomic_store_explicit(&rt->stop_wanted, true, memory_order_release);
    atomic_store_explicit(&rt->attention, true, memory_order_release);
    port_poller_wake(rt->poller);
}

uint64_t runtime_now_ms(runtime_t *rt) {
    (void)rt;
    return port_clock_monotonic_ns() / 1000000u;
}

void runtime_set_router(runtime_t *rt, router_t *router) {
    rt->router = router;
}
