/* SPDX-License-Identifier: Apache-2.0 */
/* The only way out of life.
 *
 * exit__stop marks an actor and puts it on the list of the dying; nothing of it is
 * touched while a behaviour may still look at it. Between two messages exit__reap takes
 * each from the list and retire undoes everything it owns: timers, watches, what
 * parts hold, links and monitors (their notices were reserved when they were made, so
 * telling cannot fail), mail, state. An actor that still waits in a ready queue keeps
 * its bare block until the queue reaches it: unlinking from the middle of a singly
 * linked queue would cost a walk. */
#include "base/alloc.h"
#include "kernel/runtime_impl.h"

#include <string.h>

const char *exit_reason_name(uint8_t reason) {
    static const char *const names[] = {
        [EXIT_NORMAL] = "normal",       [EXIT_KILLED] = "killed",
        [EXIT_CRASHED] = "crashed",     [EXIT_TRAPPED] = "trapped",
        [EXIT_NO_MEMORY] = "no memory", [EXIT_QUOTA] = "quota",
        [EXIT_NODE_LOST] = "node lost", [EXIT_SHUTDOWN] = "shutdown",
        [EXIT_NO_ACTOR] = "no actor",
    };
    return reason < sizeof names / sizeof names[0] ? names[reason] : "unknown";
}

/* Copy a text, cut at a character boundary. */
static void set_text(char *out, const char *text) {
    size_t size = strlen(text);
    if (size >= MK_EXIT_TEXT_MAX) {
        size = MK_EXIT_TEXT_MAX - 1;
        while (size > 0 && ((unsigned char)text[size] & 0xC0u) == 0x80u)
            size--;
    }
    memmove(out, text, size);
    out[size] = '\0';
}

void exit__mark_ended(actor_t *actor) {
    actor->status = ACTOR_STOPPED;
    actor->room = 0;
}

void exit__stop(runtime_t *rt, actor_t *actor, uint8_t reason, const char *text) {
    if (actor->status == ACTOR_STOPPED) return;
    exit__mark_ended(actor);
    actor->exit_reason = reason;
    if (text != NULL && text[0] != '\0') {
        actor_extra_t *extra = actor__extra(rt, actor);
        if (extra != NULL) set_text(extra->exit_text, text);
    }
    actor->next_dying = rt->dying;
    rt->dying = actor->id;
    atomic_store_explicit(&rt->attention, true, memory_order_relaxed);
}

static void drain(runtime_t *rt, actor_t *actor) {
    while (actor->head != NULL) {
        message_t *msg = actor->head;
        actor->head = msg->mk_next;
        rt->counts.dead_letters++;
        if (msg->type == MSG_OFFLOAD_DONE && (msg->mk_block & BLOCK_IS_UNCOUNTED))
            offload__discard_unread(msg);
        message__end(rt, msg);
    }
}

static void free_owned(runtime_t *rt, actor_t *actor) {
    drain(rt, actor);
    if (actor->extra != NULL) {
        if (actor->extra->parent_notice != NULL)
            message__end(rt, actor->extra->parent_notice);
        mk_free(actor->extra);
        actor->extra = NULL;
    }
    void *state = actor->state;
    actor->state = NULL;
    if (actor->free_state != NULL && state != NULL) actor->free_state(state);
}

static void tell_parent(runtime_t *rt, actor_t *actor) {
    actor_t *parent = actor->parent != 0
                          ? actor__find(rt, actor_id_make(rt->node, actor->parent))
                          : NULL;
    if (parent == NULL) return;
    message_t *notice = actor->extra->parent_notice;
    actor->extra->parent_notice = NULL;
    child_exit_payload_t payload = {.child_id = actor__id(rt, actor),
                                    .exit_reason = actor->exit_reason};
    memcpy(notice->payload, &payload, sizeof payload);
    actor__deliver_notice(rt, parent, notice, ACTOR_ID_INVALID, MSG_CHILD_EXIT);
}

static void retire(runtime_t *rt, actor_t *actor) {
    actor_id_t id = actor__id(rt, actor);
    uint8_t reason = actor->exit_reason;
    const char *text = actor->extra != NULL ? actor->extra->exit_text : "";
    rt->counts.exited++;
    if (exit_is_abnormal(reason) && reason != EXIT_KILLED) rt->counts.crashed++;
    if (rt->parts != NULL) {
        exit_info_t info = {.id = id,
                            .reason = reason,
                            .text = text,
                            .last_type = actor->last_type,
                            .handled = actor->handled,
                            .parent = actor->parent != 0
                                          ? actor_id_make(rt->node, actor->parent)
                                          : ACTOR_ID_INVALID};
        parts__observe_exit(rt, &info);
    }
    if (actor->extra != NULL) {
        tell_parent(rt, actor);
        watch__drop_all(rt, actor);
    }
    id_table_remove(&rt->actors, actor->id);
    if (actor->extra != NULL) timers__leave_all(rt, actor);
    if (actor->flags & ACTOR_CLAIMED) parts__on_exit(rt, id);
    if (actor->extra != NULL) links__on_exit(rt, actor, reason, text);
    free_owned(rt, actor);
    if (!(actor->flags & ACTOR_IN_QUEUE)) pool_give(&rt->actor_pool, actor);
}

void exit__end(runtime_t *rt, actor_t *actor, uint8_t reason) {
    exit__mark_ended(actor);
    actor->exit_reason = reason;
    rt->is_reaping = true;
    retire(rt, actor);
    rt->is_reaping = false;
}

/* Between two messages nobody runs: what a free_state does is done outside, not in the
 * name of the actor whose turn it is. */
void exit__reap(runtime_t *rt) {
    actor_t *running = rt->current;
    actor_id_t self = rt->self;
    uint32_t kept = 0; /* the running actor: its turn is not over; it comes later */
    rt->is_reaping = true;
    rt->current = NULL;
    rt->self = ACTOR_ID_INVALID;
    while (rt->dying != 0) {
        actor_t *actor = id_table_find(&rt->actors, rt->dying);
        MK_ASSERT(actor != NULL);
        rt->dying = actor->next_dying;
        if (actor == running)
            kept = actor->id;
        else
            retire(rt, actor);
    }
    if (kept != 0) running->next_dying = 0;
    rt->dying = kept;
    rt->current = running;
    rt->self = self;
    rt->is_reaping = false;
}

void exit__discard(runtime_t *rt, actor_t *actor) {
    watch__drop_all(rt, actor);
    links__discard(rt, actor);
    free_owned(rt, actor);
}
