/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from other threads: a stack that many push onto and the loop takes whole,
 * then reverses. The release of a push pairs with the acquire of the exchange. */
#include "base/alloc.h"
#include "kernel/runtime_impl.h"

bool runtime_post(runtime_t *rt, actor_id_t dest, msg_type_t type, const void *payload,
                  size_t payload_size) {
    if (rt == NULL) return false;
#if !defined(NDEBUG)
    if (mk_message_is_reserved(type)) return false;
#endif
    if (atomic_fetch_add_explicit(&rt->posted_count, 1, memory_order_relaxed) >=
        MK_POST_MAX) {
        atomic_fetch_sub_explicit(&rt->posted_count, 1, memory_order_relaxed);
        return false;
    }
    message_t *msg =
        message_create(ACTOR_ID_INVALID, dest, type, payload, payload_size);
    if (msg == NULL) {
        atomic_fetch_sub_explicit(&rt->posted_count, 1, memory_order_relaxed);
        return false;
    }
    message_t *top = atomic_load_explicit(&rt->posted, memory_order_relaxed);
    do
        msg->mk_next = top;
    while (!atomic_compare_exchange_weak_explicit(
        &rt->posted, &top, msg, memory_order_release, memory_order_relaxed));
    port_poller_wake(rt->poller);
    return true;
}

bool post__is_waiting(runtime_t *rt) {
    return atomic_load_explicit(&rt->posted, memory_order_relaxed) != NULL;
}

/* All that was posted, oldest first. */
static message_t *take_all(runtime_t *rt) {
    message_t *newest =
        atomic_exchange_explicit(&rt->posted, NULL, memory_order_acquire);
    message_t *oldest = NULL;
    while (newest != NULL) {
        message_t *next = newest->mk_next;
        newest->mk_next = oldest;
        oldest = newest;
        newest = next;
        atomic_fetch_sub_explicit(&rt->posted_count, 1, memory_order_relaxed);
    }
    return oldest;
}

void post__deliver(runtime_t *rt) {
    if (!post__is_waiting(rt)) return;
    message_t *msg = take_all(rt);
    while (msg != NULL) {
        message_t *next = msg->mk_next;
        if (!actor_forward(rt, msg->dest, msg, true)) message_destroy(msg);
        msg = next;
    }
}

void post__discard(runtime_t *rt) {
    message_t *msg = take_all(rt);
    while (msg != NULL) {
        message_t *next = msg->mk_next;
        message_destroy(msg);
        msg = next;
    }
}
