/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_impl.h - the kernel's data, for its own folder only.
 *
 * Who may write what: the message path (actor.c, runtime.c) the mailboxes and queues,
 * exit.c the end of an actor, timers.c the wheel, reactor.c the sources, links.c links
 * and monitors, post.c and offload.c what other threads touch. */
#ifndef MK_KERNEL_RUNTIME_IMPL_H
#define MK_KERNEL_RUNTIME_IMPL_H

#include "base/check.h"
#include "base/list.h"
#include "kernel/bond.h"
#include "kernel/id_table.h"
#include "kernel/part.h"
#include "kernel/pool.h"
#include "kernel/router.h"
#include "kernel/wheel.h"
#include "microkernel/runtime.h"
#include "microkernel/scheduler.h"
#include "microkernel/timer.h"
#include "port/poller.h"

#include <stdatomic.h>
#include <string.h>

/* ---- messages ---- */

/* mk_block: bytes of the block (a multiple of BLOCK_UNIT) and these flags. */
enum {
    BLOCK_UNIT = 64,              /* bytes; a cache line of the machines we run on */
    BLOCK_IS_HEAP = 1u << 0,      /* from mk_alloc, not from a pool */
    BLOCK_IS_UNCOUNTED = 1u << 1, /* took no room in its mailbox (system notices) */
    BLOCK_IS_TAKEN = 1u << 2,     /* owned by a program; mk_next is its runtime */
    BLOCK_IS_LOOSE = 1u << 3,     /* owned by a program, which made it */
    BLOCK_IS_OWNED = BLOCK_IS_TAKEN | BLOCK_IS_LOOSE, /* by a program */
    BLOCK_FREES = 1u << 4, /* has a free_payload; set when it is sent */
    BLOCK_FLAGS = BLOCK_UNIT - 1
};

enum {
    MESSAGE_CLASSES = MK_POOL_BLOCK_MAX / BLOCK_UNIT,
    MESSAGE_INLINE_MAX = 8 /* payload bytes that fit beside the header */
};

/* Header and payload in one block. */
typedef struct {
    message_t m;
    uint64_t small; /* payload of at most MESSAGE_INLINE_MAX bytes */
} message_block_t;
_Static_assert(sizeof(message_block_t) <= BLOCK_UNIT, "header and 8 bytes in one unit");

/* ---- actors ---- */

enum {
    ACTOR_IN_QUEUE = 1u << 0,  /* linked into a ready queue */
    ACTOR_IS_SLOW = 1u << 1,   /* had mail left after a turn out of order */
    ACTOR_TRAPS = 1u << 2,     /* gets MSG_EXIT instead of ending */
    ACTOR_CLAIMED = 1u << 3,   /* a part holds something for it */
    ACTOR_EXIT_SAID = 1u << 4, /* exit_reason came from actor_exit: nothing overrides */
    ACTOR_IS_SYSTEM = 1u << 5, /* ACTOR_PRIORITY_SYSTEM */
    ACTOR_DROPS_OLD = 1u << 6, /* MAILBOX_DROP_OLDEST */
    ACTOR_KEEPS_LAST = 1u << 7 /* MAILBOX_KEEP_LATEST */
};

/* What only some actors have; made when first needed. */
typedef struct {
    list_node_t watches;              /* watch_t.of_owner */
    list_node_t links;                /* link_half_t.node */
    list_node_t monitors;             /* monitor_t.of_watcher: those it holds */
    list_node_t watchers;             /* monitor_t.of_target: those on it */
    list_node_t bonds;                /* bond_t.of_near: those with other nodes */
    message_t *parent_notice;         /* reserved MSG_CHILD_EXIT; NULL without parent */
    uint64_t dropped;                 /* messages refused or dropped */
    uint64_t pushed_out;              /* of these, messages that waited already */
    uint64_t time_ns;                 /* in its behaviour */
    uint32_t mailbox_bytes;           /* limit if not MK_MAILBOX_BYTES, else 0 */
    uint32_t timer_count;             /* timers it has armed */
    uint32_t watch_count;             /* length of watches */
    uint32_t link_count;              /* length of links, and links among bonds */
    uint32_t monitor_count;           /* length of monitors */
    char exit_text[MK_EXIT_TEXT_MAX]; /* why it ends; "" until said */
} actor_extra_t;

/* What a mailbox still takes: block units in the low bits, messages above them, in one
 * word so that a send checks and charges both at once. A field that would fall below
 * zero borrows, which sets the bit above it. */
typedef uint64_t room_t;
enum { ROOM_MESSAGES_AT = 28 };
#define ROOM_BORROWED (UINT64_C(1) << 63 | UINT64_C(1) << (ROOM_MESSAGES_AT - 1))

static inline room_t room__of(uint32_t messages, uint32_t bytes) {
    return (room_t)messages << ROOM_MESSAGES_AT | bytes / BLOCK_UNIT;
}

static inline uint32_t room__messages(room_t room) {
    return (uint32_t)(room >> ROOM_MESSAGES_AT);
}

static inline uint32_t room__bytes(room_t room) {
    return (uint32_t)(room & ((1u << ROOM_MESSAGES_AT) - 1)) * BLOCK_UNIT;
}

/* What a message takes. */
static inline room_t room__for(uint32_t mk_block) {
    return ((room_t)1 << ROOM_MESSAGES_AT) + mk_block / BLOCK_UNIT;
}

static inline bool room__has(room_t room, room_t wanted) {
    return ((room - wanted) & ROOM_BORROWED) == 0;
}

/* Where an actor waits for its turn. QUEUE_BUSY holds those that used up their share in
 * their last turn, whatever their priority. */
typedef enum { QUEUE_NORMAL, QUEUE_SYSTEM, QUEUE_BUSY, QUEUE_COUNT } queue_t;

/* Invariants: (1) room + counted messages waiting = capacity while it is not STOPPED;
 * then room is 0 so that sends take the slow path. (2) status READY only while
 * ACTOR_IN_QUEUE is set, and always then, except when it has STOPPED, or runs or began
 * to wait in a turn out of order; a WAITING actor has no notice of the
 * awaited type in front, so ordinary mail, for which only IDLE enters the queue, leaves
 * it alone. (3) it is in runtime.actors until
 * exit.c retires it; after that, if still queued, it waits to be freed by the queue. */
struct actor {
    uint32_t id;          /* local number; first, see id_table.h */
    msg_type_t last_type; /* of the last message delivered */
    room_t room;          /* what its mailbox still takes */
    uint64_t handled;     /* messages delivered, without the run that goes on */
    message_t *head;
    message_t *tail; /* valid while head is not NULL */
    actor_t *next_ready;
    actor_behavior_fn behavior;
    void *state;
    actor_id_t self;     /* its whole id, so that a send compares once */
    uint8_t status;      /* actor_status_t */
    uint8_t flags;       /* ACTOR_... */
    uint8_t exit_reason; /* EXIT_..., valid when STOPPED */
    uint8_t queue;       /* queue_t: where it is, or will be, ready */
    uint32_t capacity;   /* messages */
    void (*free_state)(void *);
    actor_extra_t *extra; /* NULL until needed */
    uint32_t parent;      /* local number; 0: none */
    union {
        msg_type_t awaited;  /* while ACTOR_WAITING: see actor__await */
        uint32_t next_dying; /* once STOPPED: local number; 0: last */
    };
};

typedef struct offload offload_t;

/* ---- watches ---- */

typedef struct watch_file watch_file_t;

/* Watched descriptors by number, see watch.c. */
typedef struct {
    watch_file_t **chains; /* `size` of them; NULL when size is 0 */
    uint32_t size;         /* 0 or a power of two */
    uint32_t count;        /* files in all chains */
} watch_table_t;

/* ---- the runtime ---- */

/* In turn_ends_ns: the turn ends with its messages, whatever the clock says. */
#define TURN_ENDS_NOW UINT64_MAX

struct runtime {
    id_table_t actors;  /* actor_t, by local number */
    node_id_t node;     /* upper half of our ids */
    uint32_t dying;     /* first of the actors that stopped; see actor.next_dying */
    actor_t *current;   /* whose behaviour runs */
    actor_id_t self;    /* its id; 0 while none runs */
    message_t *message; /* being delivered; NULL when it was taken */
    message_t *run;     /* first of a run of handled messages, see handle_run */
    message_t
        *run_mark;  /* one of the run, less than MK_TURN_MESSAGES before `message` */
    uint64_t sends; /* of counts */
    uint64_t sends_looked; /* of these, before the last look for a crowd */
    actor_id_t receiver;   /* of the last one to whom had mail already */
    message_t *spare[MESSAGE_CLASSES + 1]; /* by units; see message__take_spare */
    scheduler_t queues[QUEUE_COUNT];
    uint64_t turn_ends_ns; /* when a long turn must end; 0: not long yet; or
                              TURN_ENDS_NOW */
    uint32_t system_turns; /* in a row, see MK_SYSTEM_TURNS */
    uint32_t normal_turns; /* since the last busy one, see MK_NORMAL_TURNS */
    bool is_timed;         /* runtime_measure_time */
    bool is_ending;        /* runtime_destroy has begun */
    bool is_reaping;       /* exit__reap runs */
    pool_t messages[MESSAGE_CLASSES];
    pool_t actor_pool;
    runtime_counters_t counts; /* the totals; the "now" fields are filled on demand */
    size_t max_actors;

    wheel_t *wheel;        /* NULL until the first timer */
    id_table_t timer_ids;  /* wheel_entry_t */
    size_t orphan_timers;  /* of these, whose owner has ended */
    pool_t chunk_pool;     /* wheel_chunk_t */
    list_node_t soon;      /* deadlines of the next look */
    size_t deadline_count; /* armed ones */
    list_node_t flushes;   /* flush_t.node: asked for since the last look */

    id_table_t monitor_ids; /* monitor_t */

    port_poller_t *poller;
    port_event_t *events;      /* MK_POLL_BATCH of them */
    size_t event_count;        /* of the batch being handled */
    size_t event_at;           /* the one being handled */
    size_t source_count;       /* open sources that keep the loop going */
    watch_table_t watch_table; /* watched descriptors */
    size_t watch_count;
    list_node_t put_off; /* watch_file_t.put_off: ready, and nobody could be told */
    list_node_t inlets;  /* inlet_t.node */
    uint64_t put_off_till_ns; /* when they are looked at again */
    uint64_t looked_ns;  /* clock at the last poll, and when its events were handled */
    uint64_t trimmed_ns; /* clock when memory was last given back */
    uint64_t trimmed_turns; /* counts.turns then */
    uint32_t turns_batch;   /* adapts so that this takes MK_POLL_INTERVAL_US */

    part_t *parts;
    router_t *router;
    const bond_ops_t *bond_ops; /* NULL: nobody carries bonds */
    void *bond_ctx;             /* handed to them */

    _Atomic bool stop_wanted;
    _Atomic bool attention; /* set after stop_wanted, dying, a status, when the message
                               being delivered was taken, and when the front of the
                               running actor's mail changed: a turn shall look */
    _Atomic(message_t *) posted; /* by other threads, newest first */
    _Atomic uint32_t posted_count;
    offload_t *offload; /* NULL until first used */
};

/* The running or any other live actor; NULL when stopped or unknown. */
static inline actor_t *actor__find(runtime_t *rt, actor_id_t id) {
    if (actor_id_node(id) != rt->node) return NULL;
    actor_t *actor = id_table_find(&rt->actors, actor_id_seq(id));
    return actor != NULL && actor->status != ACTOR_STOPPED ? actor : NULL;
}

static inline actor_id_t actor__id(const runtime_t *rt, const actor_t *actor) {
    (void)rt;
    return actor->self;
}

/* scheduler.c: the queue operations, inline for the message path. */
static inline void queue__push(scheduler_t *queue, actor_t *actor) {
    MK_ASSERT(!(actor->flags & ACTOR_IN_QUEUE));
    actor->flags |= ACTOR_IN_QUEUE;
    actor->status = ACTOR_READY;
    actor->next_ready = NULL;
    if (queue->ready_queue_head != NULL)
        queue->ready_queue_tail->next_ready = actor;
    else
        queue->ready_queue_head = actor;
    queue->ready_queue_tail = actor;
    queue->ready_count++;
}

static inline scheduler_t *queue__of(runtime_t *rt, const actor_t *actor) {
    return &rt->queues[actor->queue];
}

/* The queue of its priority. */
static inline uint8_t queue__home(const actor_t *actor) {
    return actor->flags & ACTOR_IS_SYSTEM ? QUEUE_SYSTEM : QUEUE_NORMAL;
}

static inline actor_t *queue__pop(scheduler_t *queue) {
    actor_t *actor = queue->ready_queue_head;
    if (actor == NULL) return NULL;
    queue->ready_queue_head = actor->next_ready;
    queue->ready_count--;
    actor->flags &= (uint8_t) ~(ACTOR_IN_QUEUE | ACTOR_IS_SLOW);
    return actor;
}

/* As queue__push, also for an actor that had a turn out of order: it keeps its place.
 */
static inline void queue__push_again(runtime_t *rt, actor_t *actor) {
    if (MK_UNLIKELY(actor->flags & ACTOR_IN_QUEUE))
        actor->status = ACTOR_READY;
    else
        queue__push(queue__of(rt, actor), actor);
}

/* True when what `actor` waits for is there. */
static inline bool actor__has_awaited(const actor_t *actor) {
    return actor->head != NULL && (actor->head->mk_block & BLOCK_IS_UNCOUNTED) &&
           actor->head->type == actor->awaited;
}

/* message.c: blocks of this runtime; the fast halves are inline. */
message_t *message__new(runtime_t *rt, const void *payload, size_t payload_size);
void message__end_slow(runtime_t *rt, message_t *msg);
void message__give_spare_back(runtime_t *rt);
/* What the run has handled before `msg` becomes spare. */
void message__spare_run_before(runtime_t *rt, const message_t *msg);

/* Blocks between two messages lie in `spare`, linked through mk_next as in a mailbox,
 * so that what a turn has handled goes back in one piece; their mk_block and
 * free_payload are right already. They go back to their pools when the loop is idle.
 * NULL: there is none, take a new one (message__new). */
static inline message_t *message__take_spare(runtime_t *rt, size_t block_size) {
    message_t **spare = &rt->spare[block_size / BLOCK_UNIT];
    message_t *msg = *spare;
    if (MK_LIKELY(msg != NULL)) *spare = msg->mk_next;
    return msg;
}

/* True for a message whose block may become spare as it is. */
static inline bool message__is_plain(const message_t *msg) {
#if defined(MK_POOL_PASSTHROUGH)
    (void)msg;
    return false;
#else
    MK_ASSERT((msg->mk_block & BLOCK_FLAGS) != 0 || msg->free_payload == NULL);
    return (msg->mk_block & BLOCK_FLAGS) == 0;
#endif
}

/* From now on `rt->message` belongs to somebody else. */
static inline void message__leave(runtime_t *rt) {
    rt->current->last_type = rt->message->type;
    rt->message = NULL;
    atomic_store_explicit(&rt->attention, true, memory_order_relaxed);
}

static inline void message__end(runtime_t *rt, message_t *msg) {
    if (MK_UNLIKELY(!message__is_plain(msg))) {
        message__end_slow(rt, msg);
        return;
    }
    message_t **spare = &rt->spare[msg->mk_block / BLOCK_UNIT];
    msg->mk_next = *spare;
    *spare = msg;
}

/* Bytes of a block for this payload; 0 when it cannot be represented. */
static inline size_t message__block_size(size_t payload_size) {
    if (MK_LIKELY(payload_size <= MESSAGE_INLINE_MAX)) return BLOCK_UNIT;
    if (MK_UNLIKELY(payload_size > UINT32_MAX - 2 * BLOCK_UNIT)) return 0;
    return BLOCK_UNIT + ((payload_size + BLOCK_UNIT - 1) & ~(size_t)(BLOCK_UNIT - 1));
}

/* Give a block its payload and the fields that go with it. */
static inline void message__fill(message_t *msg, uint32_t block, const void *payload,
                                 size_t payload_size) {
    msg->mk_block = block;
    msg->payload_size = payload_size;
    msg->free_payload = NULL;
    if (MK_LIKELY(payload_size <= MESSAGE_INLINE_MAX)) {
        uint64_t *small = &((message_block_t *)(void *)msg)->small;
        if (MK_LIKELY(payload_size == sizeof *small && payload != NULL))
            memcpy(small, payload, sizeof *small);
        else if (payload_size != 0 && payload != NULL)
            memcpy(small, payload, payload_size);
        msg->payload = payload_size != 0 ? small : NULL;
        return;
    }
    uint64_t *words = (uint64_t *)((unsigned char *)msg + BLOCK_UNIT);
    msg->payload = words;
    if (payload == NULL) return;
    if (payload_size == 2 * sizeof *words) {
        /* Two words are read as they were written a moment ago: a wider load would wait
         * for both, which the fence keeps the compiler from. */
        memcpy(&words[0], payload, sizeof *words);
        atomic_signal_fence(memory_order_seq_cst);
        memcpy(&words[1], (const unsigned char *)payload + sizeof *words,
               sizeof *words);
        return;
    }
    memcpy(words, payload, payload_size);
}

/* actor.c */
actor_extra_t *actor__extra(runtime_t *rt, actor_t *actor);
/* Deliver a reserved message; takes it. It bypasses the limits of the mailbox. */
void actor__deliver_notice(runtime_t *rt, actor_t *actor, message_t *msg,
                           actor_id_t source, msg_type_t type);
/* Deliver within the limits. 1 delivered, 0 mailbox full, -1 no memory. */
int actor__deliver(runtime_t *rt, actor_t *actor, actor_id_t source, msg_type_t type,
                   const void *payload, size_t payload_size);

/* exit.c */
void exit__stop(runtime_t *rt, actor_t *actor, uint8_t reason, const char *text);
/* No message gets into it from now on, nothing else is done. */
void exit__mark_ended(actor_t *actor);
void exit__reap(runtime_t *rt);
/* Stop and reap an actor whose turn is over; the short way where no list is needed. */
void exit__end(runtime_t *rt, actor_t *actor, uint8_t reason);
void exit__discard(runtime_t *rt, actor_t *actor);

/* links.c */
void links__on_exit(runtime_t *rt, actor_t *actor, uint8_t reason, const char *text);
void links__discard(runtime_t *rt, actor_t *actor);
/* `owner` is told, or ends, because `who` ended; `*notice` is NULL if it was used. */
void link__signal(runtime_t *rt, actor_t *owner, message_t **notice, actor_id_t who,
                  uint8_t reason, const char *text);
/* The bond of a monitor (NULL: none); with `take` the monitor loses it. */
bond_t *monitor__bond(runtime_t *rt, monitor_id_t id, bool take);
void monitor__fire(runtime_t *rt, monitor_id_t id, uint8_t reason, const char *text);

/* bond.c */
/* Link the running actor; as bond_ops_t.make. */
int bond__link(runtime_t *rt, actor_t *self, actor_id_t far);
bool bond__unlink(runtime_t *rt, actor_t *self, actor_id_t far);
int bond__monitor(runtime_t *rt, actor_t *self, actor_id_t far, monitor_id_t monitor,
                  bond_t **out);
void bond__drop_monitor(runtime_t *rt, bond_t *bond);
void bonds__on_exit(runtime_t *rt, actor_t *actor, uint8_t reason, const char *text);
void bonds__discard(runtime_t *rt, actor_t *actor);

/* timers.c */
/* The actor, which has an extra part, is no longer in the table. */
void timers__leave_all(runtime_t *rt, actor_t *actor);
size_t timers__count(const runtime_t *rt);
void timers__advance(runtime_t *rt, uint64_t now_ns);
uint64_t timers__next_ns(const runtime_t *rt);
void timers__deinit(runtime_t *rt);
/* Fire an entry that is due. True: it has ended. */
bool timer__fire(runtime_t *rt, const wheel_entry_t *timer);
/* The same for a periodic timer, which the wheel has let go. */
void timer__fire_item(runtime_t *rt, wheel_item_t *item, uint64_t now_ms);

/* deadline.c */
void deadline__meet(runtime_t *rt, wheel_item_t *item, uint64_t now_ms);
void deadlines__meet_soon(runtime_t *rt, uint64_t now_ms);
/* When the first of those wants to be asked; UINT64_MAX: there is none. */
uint64_t deadlines__next_soon_ms(const runtime_t *rt);

/* flush.c: do what was asked for; not inside a behaviour */
void flush__all(runtime_t *rt);
static inline void flush__pending(runtime_t *rt) {
    if (MK_UNLIKELY(!list_is_empty(&rt->flushes))) flush__all(rt);
}

/* runtime.c: an actor will run without anything happening before */
bool runtime__has_ready(const runtime_t *rt);

/* reactor.c */
bool reactor__init(runtime_t *rt);
void reactor__deinit(runtime_t *rt);
void reactor__poll(runtime_t *rt, uint64_t deadline_ns);

/* inlet.c */
bool inlets__keep_running(const runtime_t *rt);
/* Returns whether the look may still sleep. */
bool inlets__before_look(runtime_t *rt, bool sleeps);
void inlets__after_look(runtime_t *rt);

/* watch.c */
void watch__advance(runtime_t *rt, uint64_t now_ns);
uint64_t watch__next_ns(const runtime_t *rt); /* UINT64_MAX: nothing was put off */
void watch__drop_all(runtime_t *rt, actor_t *actor);

/* part.c */
void parts__observe_exit(runtime_t *rt, const exit_info_t *info);
void parts__on_exit(runtime_t *rt, actor_id_t id);
void parts__destroy(runtime_t *rt);

/* post.c */
bool post__is_waiting(runtime_t *rt);
void post__deliver(runtime_t *rt);
void post__discard(runtime_t *rt);

/* offload.c */
size_t offload__pending(const runtime_t *rt);
/* Deliver what is finished; without threads also run one piece of work. */
void offload__deliver(runtime_t *rt, bool is_idle);
/* MSG_OFFLOAD_DONE whose receiver ended before it was delivered: discard the result. */
void offload__discard_unread(const message_t *msg);
bool offload__can_go_on(const runtime_t *rt);
void offload__deinit(runtime_t *rt);

#endif
