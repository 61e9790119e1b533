/* SPDX-License-Identifier: Apache-2.0 */
/* A message is one block of 64-byte units: the header and up to 8 payload bytes in the
 * first, a longer payload behind it. Blocks of a runtime come from a pool per number of
 * units; large ones and those made outside a runtime come from the heap. */
#include "microkernel/message.h"

#include "base/alloc.h"
#include "kernel/runtime_impl.h"

enum { BLOCKS_AT_ONCE = 16 }; /* of a page at least half */

void message__spare_run_before(runtime_t *rt, const message_t *msg) {
    if (rt->run == msg) return;
    message_t *end = rt->run_mark;
    while (end->mk_next != msg)
        end = end->mk_next;
    message_t **spare = &rt->spare[rt->run->mk_block / BLOCK_UNIT];
    end->mk_next = *spare;
    *spare = rt->run;
}

/* A behaviour with a long queue sends as many messages as it has handled. */
static message_t *take_from_run(runtime_t *rt, size_t block_size) {
    message_t *msg = rt->message;
    if (msg == NULL || rt->run == msg || rt->run->mk_block != block_size) return NULL;
    message__spare_run_before(rt, msg);
    rt->run = rt->run_mark = msg;
    return message__take_spare(rt, block_size);
}

/* A new block of a pool, and a few that follow it in memory become spare. */
static message_t *take_new(runtime_t *rt, size_t block_size) {
    pool_t *pool = &rt->messages[block_size / BLOCK_UNIT - 1];
    message_t *first = pool_take(pool);
#if !defined(MK_POOL_PASSTHROUGH)
    message_t **spare = &rt->spare[block_size / BLOCK_UNIT];
    for (int i = 1; first != NULL && i < BLOCKS_AT_ONCE && pool_is_ready(pool); i++) {
        message_t *next = pool_take(pool);
        next->mk_block = (uint32_t)block_size;
        next->free_payload = NULL;
        next->mk_next = NULL;
        *spare = next;
        spare = &next->mk_next;
    }
#endif
    return first;
}

message_t *message__new(runtime_t *rt, const void *payload, size_t payload_size) {
    size_t size = message__block_size(payload_size);
    message_t *msg;
    if (MK_LIKELY(size - 1 < MK_POOL_BLOCK_MAX)) {
        msg = message__take_spare(rt, size);
        if (msg == NULL) msg = take_from_run(rt, size);
        if (msg == NULL) msg = take_new(rt, size);
        if (MK_UNLIKELY(msg == NULL)) return NULL;
        message__fill(msg, (uint32_t)size, payload, payload_size);
        return msg;
    }
    if (size == 0) return NULL;
    msg = mk_alloc(size);
    if (msg != NULL)
        message__fill(msg, (uint32_t)size | BLOCK_IS_HEAP, payload, payload_size);
    return msg;
}

MK_NOINLINE void message__end_slow(runtime_t *rt, message_t *msg) {
    if (msg->free_payload != NULL && msg->payload != NULL)
        msg->free_payload(msg->payload);
    if (msg->mk_block & BLOCK_IS_HEAP) {
        mk_free(msg);
        return;
    }
    MK_ASSERT(rt != NULL);
    msg->mk_block &= ~(uint32_t)BLOCK_FLAGS;
    msg->free_payload = NULL;
    pool_give(&rt->messages[msg->mk_block / BLOCK_UNIT - 1], msg);
}

/* The spare blocks of pools that may shrink go back where they can be counted. */
void message__give_spare_back(runtime_t *rt) {
    for (size_t i = 0; i < MESSAGE_CLASSES; i++) {
        if (rt->messages[i].bytes <= MK_SLAB_BYTES) continue;
        while (rt->spare[i + 1] != NULL) {
            message_t *msg = rt->spare[i + 1];
            rt->spare[i + 1] = msg->mk_next;
            pool_give(&rt->messages[i], msg);
        }
        if (pool_wants_trim(&rt->messages[i]))
            pool_trim(&rt->messages[i], NULL, 0, false);
    }
}

message_t *message_create(actor_id_t source, actor_id_t dest, msg_type_t type,
                          const void *payload, size_t payload_size) {
    if (payload == NULL) payload_size = 0;
    size_t size = message__block_size(payload_size);
    message_t *msg = size != 0 ? mk_alloc(size) : NULL;
    if (msg == NULL) return NULL;
    message__fill(msg, (uint32_t)size | BLOCK_IS_HEAP | BLOCK_IS_LOOSE, payload,
                  payload_size);
    msg->source = source;
    msg->dest = dest;
    msg->type = type;
    msg->mk_next = NULL;
    return msg;
}

void message_destroy(message_t *msg) {
    if (msg == NULL || !(msg->mk_block & BLOCK_IS_OWNED)) return;
    message__end_slow(
        msg->mk_block & BLOCK_IS_TAKEN ? (runtime_t *)(void *)msg->mk_next : NULL, msg);
}

bool message_take(runtime_t *rt, message_t *msg) {
    if (rt == NULL || msg == NULL || rt->message != msg) return false;
    message__leave(rt);
    msg->mk_block |= BLOCK_IS_TAKEN;
    msg->mk_next = (message_t *)(void *)rt;
    return true;
}
