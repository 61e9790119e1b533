/* SPDX-License-Identifier: Apache-2.0 */
/* Spawning and the way of a message into a mailbox.
 *
 * The mailbox is a list through the messages with two budgets in the actor, messages
 * and bytes. A stopped actor has a budget of zero, so the fast path needs one check for
 * full and dead together. Notices of the system carry BLOCK_IS_UNCOUNTED and use no
 * budget: they are bounded by the links, monitors and children that reserved them. */
#include "microkernel/actor.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "kernel/runtime_impl.h"

#include <string.h>

/* ---- delivery ---- */

static inline void append(runtime_t *rt, actor_t *actor, message_t *msg) {
    msg->mk_next = NULL;
    if (actor->head != NULL)
        actor->tail->mk_next = msg;
    else
        actor->head = msg;
    actor->tail = msg;
    rt->counts.sends++;
    if (actor->status == ACTOR_IDLE)
        queue__push(queue__of(rt, actor), actor);
}

/* What an actor awaits does not queue behind the mail that waits with it. */
static void put_in_front(runtime_t *rt, actor_t *actor, message_t *msg) {
    msg->mk_next = actor->head;
    if (actor->head == NULL) actor->tail = msg;
    actor->head = msg;
    rt->counts.sends++;
    if (actor->status == ACTOR_IDLE || actor->status == ACTOR_WAITING)
        queue__push(queue__of(rt, actor), actor);
}

static bool drops_mail(const actor_t *actor) {
    return (actor->flags & (ACTOR_DROPS_OLD | ACTOR_KEEPS_LAST)) != 0;
}

static void count_drop(actor_t *actor) {
    if (actor->extra != NULL) actor->extra->dropped++;
}

/* Throw away the oldest counted message that waits. False when there is none. */
static bool drop_oldest(runtime_t *rt, actor_t *actor) {
    message_t **link = &actor->head;
    message_t *before = NULL;
    while (*link != NULL && ((*link)->mk_block & BLOCK_IS_UNCOUNTED)) {
        before = *link;
        link = &before->mk_next;
    }
    message_t *oldest = *link;
    if (oldest == NULL) return false;
    *link = oldest->mk_next;
    if (actor->tail == oldest) actor->tail = before;
    actor->room++;
    actor->room_bytes += oldest->mk_block & ~(uint32_t)BLOCK_FLAGS;
    message__end(rt, oldest);
    rt->counts.dropped++;
    count_drop(actor);
    if (actor->extra != NULL) actor->extra->pushed_out++;
    /* It may have been the last message of this turn; see run_turn. */
    if (actor == rt->current) rt->turn_ends_ns = TURN_ENDS_NOW;
    return true;
}

static uint32_t bytes_cap(const actor_t *actor) {
    return actor->extra != NULL && actor->extra->mailbox_bytes != 0
               ? actor->extra->mailbox_bytes
               : MK_MAILBOX_BYTES;
}

/* The mailbox is full: make room as its policy says. The message must exist already,
 * and nothing is dropped for one that never fits: an actor in a ready queue has mail.
 */
static bool make_room(runtime_t *rt, actor_t *actor, uint32_t size) {
    if (actor->status == ACTOR_STOPPED) {
        rt->counts.dead_letters++;
        return false;
    }
    bool keeps_last = (actor->flags & ACTOR_KEEPS_LAST) != 0;
    bool drops = drops_mail(actor) && size <= bytes_cap(actor);
    while (drops && (keeps_last || actor->room == 0 || actor->room_bytes < size))
        if (!drop_oldest(rt, actor)) break;
    if (actor->room > 0 && actor->room_bytes >= size) return true;
    rt->counts.refused++;
    count_drop(actor);
    return false;
}

/* Put a counted message into the mailbox; takes it when it fits. */
static inline bool admit(runtime_t *rt, actor_t *actor, message_t *msg) {
    uint32_t size = msg->mk_block & ~(uint32_t)BLOCK_FLAGS;
    if (MK_UNLIKELY(actor->room == 0 || actor->room_bytes < size))
        if (!make_room(rt, actor, size)) return false;
    actor->room--;
    actor->room_bytes -= size;
    append(rt, actor, msg);
    return true;
}

int actor__deliver(runtime_t *rt, actor_t *actor, actor_id_t source, msg_type_t type,
                   const void *payload, size_t payload_size) {
    /* Refused without a block where that can be known; a drop waits for the block. */
    if (MK_UNLIKELY(actor->room == 0) && !drops_mail(actor) &&
        !make_room(rt, actor, BLOCK_UNIT))
        return 0;
    if (payload == NULL) payload_size = 0;
    message_t *msg = message__new(rt, payload, payload_size);
    if (MK_UNLIKELY(msg == NULL)) {
        rt->counts.no_memory++;
        return -1;
    }
    msg->source = source;
    msg->dest = actor__id(rt, actor);
    msg->type = type;
    if (MK_LIKELY(admit(rt, actor, msg))) return 1;
    message__end(rt, msg);
    return 0;
}

void actor__deliver_notice(runtime_t *rt, actor_t *actor, message_t *msg,
                           actor_id_t source, msg_type_t type) {
    msg->source = source;
    msg->dest = actor__id(rt, actor);
    msg->type = type;
    msg->mk_block |= BLOCK_IS_UNCOUNTED;
    if (MK_LIKELY(type != actor->awaited))
        append(rt, actor, msg);
    else
        put_in_front(rt, actor, msg);
}

bool actor__notify(runtime_t *rt, actor_id_t source, actor_id_t dest, msg_type_t type,
                   const void *payload, size_t payload_size) {
    actor_t *actor = actor__find(rt, dest);
    if (actor == NULL || rt->is_ending) return false;
    message_t *msg = message__new(rt, payload, payload != NULL ? payload_size : 0);
    if (msg == NULL) {
        rt->counts.no_memory++;
        return false;
    }
    actor__deliver_notice(rt, actor, msg, source, type);
    return true;
}

bool actor__notify_with(runtime_t *rt, message_t *msg) {
    actor_t *actor = actor__find(rt, msg->dest);
    if (actor == NULL || rt->is_ending) {
        message__end(rt, msg);
        return false;
    }
    actor__deliver_notice(rt, actor, msg, msg->source, msg->type);
    return true;
}

static bool send_away(runtime_t *rt, actor_id_t source, actor_id_t dest,
                      msg_type_t type, const void *payload, size_t payload_size) {
    if (rt->router != NULL && dest != ACTOR_ID_INVALID &&
        rt->router->send(rt->router, rt, source, dest, type, payload,
                         payload != NULL ? payload_size : 0))
        return true;
    rt->counts.dead_letters++;
    return false;
}

/* Everything but the common cases: other nodes, nobody there, full, no memory. */
static MK_NOINLINE bool send_slowly(runtime_t *rt, actor_id_t source, actor_id_t dest,
                                    msg_type_t type, const void *payload,
                                    size_t payload_size) {
    if (actor_id_node(dest) != rt->node)
        return send_away(rt, source, dest, type, payload, payload_size);
    actor_t *actor = id_table_find(&rt->actors, actor_id_seq(dest));
    if (actor == NULL) {
        rt->counts.dead_letters++;
        return false;
    }
    return actor__deliver(rt, actor, source, type, payload, payload_size) > 0;
}

/* A payload that does not fit beside the header but in a block of a pool. */
static MK_NOINLINE bool send_pooled(runtime_t *rt, actor_id_t source, actor_id_t dest,
                                    msg_type_t type, const void *payload,
                                    size_t payload_size) {
    actor_t *actor = id_table_find(&rt->actors, actor_id_seq(dest));
    size_t block = message__block_size(payload_size);
    if (MK_UNLIKELY(block - 1 >= MK_POOL_BLOCK_MAX || actor->room_bytes < block))
        return send_slowly(rt, source, dest, type, payload, payload_size);
    message_t *msg = pool_take(&rt->messages[block / BLOCK_UNIT - 1]);
    if (MK_UNLIKELY(msg == NULL)) {
        rt->counts.no_memory++;
        return false;
    }
    actor->room--;
    actor->room_bytes -= (uint32_t)block;
    msg->source = source;
    msg->dest = dest;
    msg->type = type;
    msg->mk_block = (uint32_t)block;
    msg->payload_size = payload_size;
    msg->free_payload = NULL;
    msg->payload = (unsigned char *)msg + BLOCK_UNIT;
    memcpy(msg->payload, payload, payload_size);
    append(rt, actor, msg);
    return true;
}

/* The common case - an actor of this node with room, no payload or one word - makes no
 * call and spills no register; that is worth a fifth of the time of a message. */
static inline bool send_from(runtime_t *rt, actor_id_t source, actor_id_t dest,
                             msg_type_t type, const void *payload,
                             size_t payload_size) {
    actor_t *actor = id_table_find(&rt->actors, actor_id_seq(dest));
    if (MK_UNLIKELY(actor == NULL || actor_id_node(dest) != rt->node ||
                    actor->room == 0 || actor->room_bytes < BLOCK_UNIT))
        return send_slowly(rt, source, dest, type, payload, payload_size);
    pool_t *pool = &rt->messages[0];
    if (payload == NULL) payload_size = 0;
    if (payload_size > MESSAGE_INLINE_MAX)
        return send_pooled(rt, source, dest, type, payload, payload_size);
    bool is_word = payload_size == sizeof(uint64_t);
    message_t *msg = pool_take_ready(pool);
    if (MK_UNLIKELY(msg == NULL || (!is_word && payload_size != 0))) {
        if (msg != NULL) pool_give(pool, msg);
        return send_slowly(rt, source, dest, type, payload, payload_size);
    }
    uint64_t *small = &((message_block_t *)(void *)msg)->small;
    if (is_word) memcpy(small, payload, sizeof *small);
    actor->room--;
    actor->room_bytes -= BLOCK_UNIT;
    msg->source = source;
    msg->dest = dest;
    msg->type = type;
    msg->mk_block = BLOCK_UNIT;
    msg->payload_size = payload_size;
    msg->payload = is_word ? small : NULL;
    msg->free_payload = NULL;
    append(rt, actor, msg);
    return true;
}

bool actor__send_from(runtime_t *rt, actor_id_t source, actor_id_t dest,
                      msg_type_t type, const void *payload, size_t payload_size) {
    return send_from(rt, source, dest, type, payload, payload_size);
}

bool actor_send(runtime_t *rt, actor_id_t dest, msg_type_t type, const void *payload,
                size_t payload_size) {
    if (MK_UNLIKELY(rt == NULL)) return false;
#if !defined(NDEBUG)
    if (mk_message_is_reserved(type)) return false;
#endif
    return send_from(rt, rt->self, dest, type, payload, payload_size);
}

bool actor_forward(runtime_t *rt, actor_id_t dest, message_t *msg, bool keep_source) {
    if (rt == NULL || msg == NULL) return false;
    bool is_delivered_now = rt->message == msg;
    if (!is_delivered_now && !(msg->mk_block & (BLOCK_IS_TAKEN | BLOCK_IS_HEAP)))
        return false;
#if !defined(NDEBUG)
    /* One that the system made may be passed on, one that a program made is forged. */
    if (!is_delivered_now && !(msg->mk_block & BLOCK_IS_TAKEN) &&
        mk_message_is_reserved(msg->type))
        return false;
#endif
    actor_id_t source = keep_source ? msg->source : rt->self;
    if (actor_id_node(dest) != rt->node) {
        if (!send_away(rt, source, dest, msg->type, msg->payload, msg->payload_size))
            return false;
        if (!is_delivered_now) message__end(rt, msg);
        return true;
    }
    actor_t *actor = id_table_find(&rt->actors, actor_id_seq(dest));
    if (actor == NULL) {
        rt->counts.dead_letters++;
        return false;
    }
    uint32_t block = msg->mk_block;
    message_t *next = msg->mk_next;
    msg->mk_block &= ~(uint32_t)(BLOCK_IS_TAKEN | BLOCK_IS_UNCOUNTED);
    if (!admit(rt, actor, msg)) {
        msg->mk_block = block;
        msg->mk_next = next;
        return false;
    }
    msg->source = source;
    msg->dest = dest;
    if (is_delivered_now) rt->message = NULL;
    return true;
}

/* ---- life ---- */

actor_extra_t *actor__extra(runtime_t *rt, actor_t *actor) {
    if (actor->extra != NULL) return actor->extra;
    actor_extra_t *extra = mk_calloc(1, sizeof *extra);
    if (extra == NULL) {
        rt->counts.no_memory++;
        return NULL;
    }
    list_init(&extra->timers);
    list_init(&extra->watches);
    list_init(&extra->links);
    list_init(&extra->monitors);
    list_init(&extra->watchers);
    return actor->extra = extra;
}

static bool reserve_parent_notice(runtime_t *rt, actor_t *actor) {
    actor_extra_t *extra = actor__extra(rt, actor);
    if (extra == NULL) return false;
    if (extra->parent_notice == NULL)
        extra->parent_notice = message__new(rt, NULL, sizeof(child_exit_payload_t));
    return extra->parent_notice != NULL;
}

bool actor__set_parent(runtime_t *rt, actor_id_t id, actor_id_t parent) {
    actor_t *actor = actor__find(rt, id);
    if (actor == NULL) return false;
    if (parent == ACTOR_ID_INVALID) {
        actor->parent = 0;
        return true;
    }
    if (actor__find(rt, parent) == NULL || !reserve_parent_notice(rt, actor))
        return false;
    actor->parent = actor_id_seq(parent);
    return true;
}

static uint32_t round_up_capacity(size_t wanted) {
    uint32_t capacity = 2;
    while (capacity < wanted)
        capacity *= 2;
    return capacity;
}

static uint8_t flags_of(const actor_options_t *options) {
    unsigned flags = 0;
    if (options->priority == ACTOR_PRIORITY_SYSTEM) flags |= ACTOR_IS_SYSTEM;
    if (options->mailbox_policy == MAILBOX_DROP_OLDEST) flags |= ACTOR_DROPS_OLD;
    if (options->mailbox_policy == MAILBOX_KEEP_LATEST) flags |= ACTOR_KEEPS_LAST;
    return (uint8_t)flags;
}

/* What the common options do not need: a byte limit, a parent. */
static bool apply_options(runtime_t *rt, actor_t *actor,
                          const actor_options_t *options) {
    if (options->mailbox_bytes != 0) {
        actor_extra_t *extra = actor__extra(rt, actor);
        if (extra == NULL) return false;
        size_t bytes = options->mailbox_bytes;
        if (bytes < BLOCK_UNIT) bytes = BLOCK_UNIT;
        if (bytes > (size_t)1 << 31) bytes = (size_t)1 << 31;
        extra->mailbox_bytes = actor->room_bytes = (uint32_t)bytes;
    }
    if (options->parent == ACTOR_ID_INVALID) return true;
    if (actor__find(rt, options->parent) == NULL || !reserve_parent_notice(rt, actor))
        return false;
    actor->parent = actor_id_seq(options->parent);
    return true;
}

static void free_unborn(runtime_t *rt, actor_t *actor) {
    if (actor->extra != NULL && actor->extra->parent_notice != NULL)
        message__end(rt, actor->extra->parent_notice);
    mk_free(actor->extra);
    pool_give(&rt->actor_pool, actor);
}

actor_id_t actor_spawn_with(runtime_t *rt, actor_behavior_fn behavior,
                            void *initial_state, void (*free_state)(void *),
                            const actor_options_t *options) {
    static const actor_options_t defaults = {0};
    if (options == NULL) options = &defaults;
    size_t mailbox_size = options->mailbox_size != 0 ? options->mailbox_size : 16;
    if (rt == NULL || behavior == NULL || rt->is_ending ||
        mailbox_size > (size_t)1 << 31 || rt->actors.count >= rt->max_actors ||
        (unsigned)options->mailbox_policy > MAILBOX_KEEP_LATEST ||
        (unsigned)options->priority > ACTOR_PRIORITY_SYSTEM)
        return ACTOR_ID_INVALID;
    actor_t *actor = pool_take(&rt->actor_pool);
    if (actor == NULL) {
        rt->counts.no_memory++;
        return ACTOR_ID_INVALID;
    }
    *actor = (actor_t){
        .behavior = behavior,
        .state = initial_state,
        .free_state = free_state,
        .room = round_up_capacity(mailbox_size),
        .capacity = round_up_capacity(mailbox_size),
        .room_bytes = MK_MAILBOX_BYTES,
        .flags = flags_of(options),
    };
    if (!apply_options(rt, actor, options) || id_table_add(&rt->actors, actor) == 0) {
        rt->counts.no_memory++;
        free_unborn(rt, actor);
        return ACTOR_ID_INVALID;
    }
    rt->counts.spawned++;
    return actor__id(rt, actor);
}

actor_id_t actor_spawn(runtime_t *rt, actor_behavior_fn behavior, void *initial_state,
                       void (*free_state)(void *), size_t mailbox_size) {
    actor_options_t options = {.mailbox_size = mailbox_size != 0 ? mailbox_size : 2};
    return actor_spawn_with(rt, behavior, initial_state, free_state, &options);
}

void actor_stop(runtime_t *rt, actor_id_t id) {
    if (rt == NULL) return;
    actor_t *actor = actor__find(rt, id);
    if (actor != NULL) exit__stop(rt, actor, EXIT_KILLED, NULL);
}

void actor__kill(runtime_t *rt, actor_id_t id, uint8_t reason, const char *text) {
    actor_t *actor = actor__find(rt, id);
    if (actor == NULL) return;
    exit__stop(rt, actor, reason, text);
    if (actor == rt->current) actor->flags |= ACTOR_EXIT_SAID;
}

void actor_exit(runtime_t *rt, uint8_t reason, const char *text) {
    if (rt == NULL || rt->current == NULL || (rt->current->flags & ACTOR_EXIT_SAID))
        return;
    exit__stop(rt, rt->current, reason, text);
    rt->current->flags |= ACTOR_EXIT_SAID;
}

bool actor_shutdown(runtime_t *rt, actor_id_t id) {
    return rt != NULL && actor__notify(rt, actor_self(rt), id, MSG_SHUTDOWN, NULL, 0);
}

/* ---- who and where ---- */

actor_id_t actor_self(runtime_t *rt) {
    return rt != NULL ? rt->self : ACTOR_ID_INVALID;
}

void *actor_state(runtime_t *rt) {
    return rt != NULL && rt->current != NULL ? rt->current->state : NULL;
}

bool actor_is_alive(runtime_t *rt, actor_id_t id) {
    return rt != NULL && actor__find(rt, id) != NULL;
}

void *actor__state_of(runtime_t *rt, actor_id_t id, actor_behavior_fn behavior) {
    actor_t *actor = rt != NULL ? actor__find(rt, id) : NULL;
    return actor != NULL && actor->behavior == behavior ? actor->state : NULL;
}

/* Any status but RUNNING ends the turn, see run_turn; it is set early so that what
 * arrives before the behaviour returns is queued as it has to be. */
void actor__await(runtime_t *rt, msg_type_t type) {
    if (rt->current == NULL || rt->current->status == ACTOR_STOPPED) return;
    if (rt->current->status == ACTOR_RUNNING) rt->current->status = ACTOR_WAITING;
    rt->current->awaited = type;
}

void actor__end_turn(runtime_t *rt) {
    if (rt->current == NULL || rt->current->status != ACTOR_RUNNING) return;
    rt->current->status = ACTOR_IDLE;
    if (rt->current->head != NULL) queue__push(queue__of(rt, rt->current), rt->current);
}

void runtime__count_dead_letter(runtime_t *rt) {
    rt->counts.dead_letters++;
}
