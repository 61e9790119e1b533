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
    MK_ASSERT(actor->head == NULL || actor->tail != NULL);
    rt->sends++;
    if (MK_LIKELY(actor->head != NULL)) {
        actor->tail->mk_next = msg;
        actor->tail = msg;
        rt->receiver = msg->dest;
        return;
    }
    actor->head = actor->tail = msg;
    if (actor->status == ACTOR_IDLE) /* which has no mail */
        queue__push(queue__of(rt, actor), actor);
}

/* What a waiting actor awaits does not queue behind the mail that waits with it. */
static void put_in_front(runtime_t *rt, actor_t *actor, message_t *msg) {
    msg->mk_next = actor->head;
    if (actor->head == NULL) actor->tail = msg;
    actor->head = msg;
    rt->sends++;
    queue__push_again(rt, actor);
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
    actor->room += room__for(oldest->mk_block);
    message__end(rt, oldest);
    rt->counts.dropped++;
    count_drop(actor);
    if (actor->extra != NULL) actor->extra->pushed_out++;
    /* It may have been the last message of this turn; see run_turn. */
    if (actor == rt->current) {
        rt->turn_ends_ns = TURN_ENDS_NOW;
        atomic_store_explicit(&rt->attention, true, memory_order_relaxed);
    }
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
static bool make_room(runtime_t *rt, actor_t *actor, room_t wanted) {
    if (actor->status == ACTOR_STOPPED) {
        rt->counts.dead_letters++;
        return false;
    }
    bool keeps_last = (actor->flags & ACTOR_KEEPS_LAST) != 0;
    bool drops = drops_mail(actor) && room__bytes(wanted) <= bytes_cap(actor);
    while (drops && (keeps_last || !room__has(actor->room, wanted)))
        if (!drop_oldest(rt, actor)) break;
    if (room__has(actor->room, wanted)) return true;
    rt->counts.refused++;
    count_drop(actor);
    return false;
}

/* Put a counted message into the mailbox; takes it when it fits. */
static inline bool admit(runtime_t *rt, actor_t *actor, message_t *msg) {
    room_t wanted = room__for(msg->mk_block);
    if (MK_UNLIKELY(!room__has(actor->room, wanted)))
        if (!make_room(rt, actor, wanted)) return false;
    actor->room -= wanted;
    append(rt, actor, msg);
    return true;
}

int actor__deliver(runtime_t *rt, actor_t *actor, actor_id_t source, msg_type_t type,
                   const void *payload, size_t payload_size) {
    /* Refused without a block where that can be known; a drop waits for the block. */
    if (MK_UNLIKELY(room__messages(actor->room) == 0) && !drops_mail(actor) &&
        !make_room(rt, actor, room__for(BLOCK_UNIT)))
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
    msg->mk_block &= ~(uint32_t)BLOCK_IS_OWNED;
    msg->mk_block |= BLOCK_IS_UNCOUNTED;
    if (MK_LIKELY(actor->status != ACTOR_WAITING || type != actor->awaited))
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

bool actor__send_from(runtime_t *rt, actor_id_t source, actor_id_t dest,
                      msg_type_t type, const void *payload, size_t payload_size) {
    if (actor_id_node(dest) != rt->node)
        return send_away(rt, source, dest, type, payload, payload_size);
    actor_t *actor = id_table_find(&rt->actors, actor_id_seq(dest));
    if (actor == NULL) {
        rt->counts.dead_letters++;
        return false;
    }
    return actor__deliver(rt, actor, source, type, payload, payload_size) > 0;
}

/* Everything but the common cases: other nodes, nobody there, full, no memory. The
 * arguments are those of actor_send, so that it need not move them about. */
static MK_NOINLINE bool send_slowly(runtime_t *rt, actor_id_t dest, msg_type_t type,
                                    const void *payload, size_t payload_size) {
    return actor__send_from(rt, rt->self, dest, type, payload, payload_size);
}

/* The fields of a block that was in a pool; what it keeps there is right already. */
static inline void address(message_t *msg, actor_id_t source, actor_id_t dest,
                           msg_type_t type) {
    msg->source = source;
    /* Two stores: gathering both ids in a vector register first costs a twentieth of a
     * message. */
    atomic_signal_fence(memory_order_seq_cst);
    msg->dest = dest;
    msg->type = type;
}

/* Payloads of other sizes than a word, which is most of what programs send. */
static MK_NOINLINE bool send_block(runtime_t *rt, actor_id_t dest, msg_type_t type,
                                   const void *payload, size_t payload_size) {
    size_t size = message__block_size(payload != NULL ? payload_size : 0);
    if (MK_UNLIKELY(size - 1 >= MK_POOL_BLOCK_MAX || size == BLOCK_UNIT))
        return send_slowly(rt, dest, type, payload, payload_size);
    actor_t *actor = id_table_at(&rt->actors, actor_id_seq(dest));
    room_t wanted = room__for((uint32_t)size);
    if (MK_UNLIKELY(actor == NULL || actor->self != dest ||
                    !room__has(actor->room, wanted)))
        return send_slowly(rt, dest, type, payload, payload_size);
    message_t *msg = message__take_spare(rt, size);
    if (MK_UNLIKELY(msg == NULL))
        return send_slowly(rt, dest, type, payload, payload_size);
    actor->room -= wanted;
    address(msg, rt->self, dest, type);
    msg->payload_size = payload_size;
    msg->payload = (unsigned char *)msg + BLOCK_UNIT;
    append(rt, actor, msg);
    memcpy((unsigned char *)msg + BLOCK_UNIT, payload, payload_size);
    return true;
}

/* The common case - an actor of this node with room, one word - makes no call and
 * spills no register. */
bool actor_send(runtime_t *rt, actor_id_t dest, msg_type_t type, const void *payload,
                size_t payload_size) {
    if (MK_UNLIKELY(rt == NULL)) return false;
#if !defined(NDEBUG)
    if (mk_message_is_reserved(type)) return false;
#endif
    if (payload_size != sizeof(uint64_t))
        return send_block(rt, dest, type, payload, payload_size);
    actor_t *actor = id_table_at(&rt->actors, actor_id_seq(dest));
    if (MK_UNLIKELY(actor == NULL || actor->self != dest || payload == NULL ||
                    !room__has(actor->room, room__for(BLOCK_UNIT))))
        return send_slowly(rt, dest, type, payload, payload_size);
    message_t *msg = message__take_spare(rt, BLOCK_UNIT);
    if (MK_UNLIKELY(msg == NULL))
        return send_slowly(rt, dest, type, payload, payload_size);
    uint64_t *small = &((message_block_t *)(void *)msg)->small;
    actor->room -= room__for(BLOCK_UNIT);
    address(msg, rt->self, dest, type);
    msg->payload_size = sizeof(uint64_t);
    msg->payload = small;
    memcpy(small, payload, sizeof(uint64_t));
    append(rt, actor, msg);
    return true;
}

bool actor_forward(runtime_t *rt, actor_id_t dest, message_t *msg, bool keep_source) {
    if (rt == NULL || msg == NULL) return false;
    bool is_delivered_now = rt->message == msg;
    if (!is_delivered_now && !(msg->mk_block & BLOCK_IS_OWNED)) return false;
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
    msg->mk_block &= ~(uint32_t)(BLOCK_IS_OWNED | BLOCK_IS_UNCOUNTED | BLOCK_FREES);
    if (msg->free_payload != NULL) msg->mk_block |= BLOCK_FREES;
    if (!admit(rt, actor, msg)) {
        msg->mk_block = block;
        msg->mk_next = next;
        return false;
    }
    msg->source = source;
    msg->dest = dest;
    if (is_delivered_now) message__leave(rt);
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
    list_init(&extra->watches);
    list_init(&extra->links);
    list_init(&extra->monitors);
    list_init(&extra->watchers);
    list_init(&extra->bonds);
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
    uint32_t capacity = 16; /* what most ask for */
    if (wanted <= capacity / 2) capacity = 2;
    while (capacity < wanted)
        capacity *= 2;
    return capacity;
}

/* An actor as the common options want it, which is not in the table yet; NULL: it is
 * refused, or memory is short. */
static inline actor_t *unborn(runtime_t *rt, actor_behavior_fn behavior, void *state,
                              void (*free_state)(void *), size_t mailbox_size) {
    if (rt == NULL || behavior == NULL || rt->is_ending ||
        mailbox_size > (size_t)1 << 31 || rt->actors.count >= rt->max_actors)
        return NULL;
    actor_t *actor = pool_take(&rt->actor_pool);
    if (MK_UNLIKELY(actor == NULL)) {
        rt->counts.no_memory++;
        return NULL;
    }
    uint32_t capacity = round_up_capacity(mailbox_size);
    /* Field by field: as one literal it is a string instruction, a fifth of a spawn. */
    actor->last_type = 0;
    actor->room = room__of(capacity, MK_MAILBOX_BYTES);
    actor->handled = 0;
    actor->head = NULL;
    actor->behavior = behavior;
    actor->state = state;
    actor->status = ACTOR_IDLE;
    actor->flags = 0;
    actor->queue = QUEUE_NORMAL;
    actor->exit_reason = EXIT_NORMAL;
    actor->capacity = capacity;
    actor->free_state = free_state;
    actor->extra = NULL;
    actor->parent = 0;
    actor->next_dying = 0;
    return actor;
}

static void free_unborn(runtime_t *rt, actor_t *actor) {
    if (actor->extra != NULL && actor->extra->parent_notice != NULL)
        message__end(rt, actor->extra->parent_notice);
    mk_free(actor->extra);
    pool_give(&rt->actor_pool, actor);
    rt->counts.no_memory++;
}

/* Give it its number, or free it. */
static inline actor_id_t bear(runtime_t *rt, actor_t *actor) {
    if (MK_UNLIKELY(id_table_add(&rt->actors, actor) == 0)) {
        free_unborn(rt, actor);
        return ACTOR_ID_INVALID;
    }
    rt->counts.spawned++;
    return actor->self = actor_id_make(rt->node, actor->id);
}

/* What the common options do not need. */
static bool apply_options(runtime_t *rt, actor_t *actor,
                          const actor_options_t *options) {
    if (options->mailbox_policy == MAILBOX_DROP_OLDEST) actor->flags |= ACTOR_DROPS_OLD;
    if (options->mailbox_policy == MAILBOX_KEEP_LATEST)
        actor->flags |= ACTOR_KEEPS_LAST;
    if (options->priority == ACTOR_PRIORITY_SYSTEM) actor->flags |= ACTOR_IS_SYSTEM;
    actor->queue = queue__home(actor);
    if (options->mailbox_bytes != 0) {
        actor_extra_t *extra = actor__extra(rt, actor);
        if (extra == NULL) return false;
        size_t bytes = options->mailbox_bytes;
        if (bytes < BLOCK_UNIT) bytes = BLOCK_UNIT;
        if (bytes > (size_t)1 << 31) bytes = (size_t)1 << 31;
        extra->mailbox_bytes = (uint32_t)bytes;
        actor->room = room__of(actor->capacity, (uint32_t)bytes);
    }
    if (options->parent == ACTOR_ID_INVALID) return true;
    if (actor__find(rt, options->parent) == NULL || !reserve_parent_notice(rt, actor))
        return false;
    actor->parent = actor_id_seq(options->parent);
    return true;
}

actor_id_t actor_spawn_with(runtime_t *rt, actor_behavior_fn behavior,
                            void *initial_state, void (*free_state)(void *),
                            const actor_options_t *options) {
    static const actor_options_t defaults = {0};
    if (options == NULL) options = &defaults;
    size_t mailbox_size = options->mailbox_size != 0 ? options->mailbox_size : 16;
    if ((unsigned)options->mailbox_policy > MAILBOX_KEEP_LATEST ||
        (unsigned)options->priority > ACTOR_PRIORITY_SYSTEM)
        return ACTOR_ID_INVALID;
    actor_t *actor = unborn(rt, behavior, initial_state, free_state, mailbox_size);
    if (actor == NULL) return ACTOR_ID_INVALID;
    if (!apply_options(rt, actor, options)) {
        free_unborn(rt, actor);
        return ACTOR_ID_INVALID;
    }
    return bear(rt, actor);
}

actor_id_t actor_spawn(runtime_t *rt, actor_behavior_fn behavior, void *initial_state,
                       void (*free_state)(void *), size_t mailbox_size) {
    actor_t *actor = unborn(rt, behavior, initial_state, free_state, mailbox_size);
    return actor != NULL ? bear(rt, actor) : ACTOR_ID_INVALID;
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
    atomic_store_explicit(&rt->attention, true, memory_order_relaxed);
}

void actor__release(runtime_t *rt, actor_id_t id) {
    actor_t *actor = actor__find(rt, id);
    if (actor == NULL || actor == rt->current || actor->status != ACTOR_WAITING) return;
    actor->status = ACTOR_IDLE;
    if (actor->head != NULL) queue__push(queue__of(rt, actor), actor);
}

void actor__end_turn(runtime_t *rt) {
    actor_t *actor = rt->current;
    if (actor == NULL) return;
    if (actor->status == ACTOR_WAITING) actor->queue = QUEUE_BUSY;
    if (actor->status != ACTOR_RUNNING) return;
    actor->status = ACTOR_IDLE;
    atomic_store_explicit(&rt->attention, true, memory_order_relaxed);
    if (actor->head == NULL) return;
    actor->queue = QUEUE_BUSY;
    queue__push(queue__of(rt, actor), actor);
}

void actors__count_from(runtime_t *rt, uint32_t number) {
    id_table_count_from(&rt->actors, number);
}

void runtime__count_dead_letters(runtime_t *rt, uint64_t count) {
    rt->counts.dead_letters += count;
}
