/* SPDX-License-Identifier: Apache-2.0 */
/* state_requests.c - requests in one queue, done one at a time by a worker thread.
 *
 * An actor of our own stands between: offloaded work answers the actor that ran, and
 * the answer that was promised is another message. One at a time keeps the order
 * without looking at keys, and leaves the other worker to others; the price is that two
 * disks' worth of parallel saves is not used.
 *
 * Invariants: (1) a request is in `waiting`, or it is `running`, or it is answered and
 * gone. (2) At most one request is `running`, also when the actor was stopped meanwhile
 * and another one spawned. (3) The block of each answer is taken with the request, so
 * that answering cannot fail. */
#include "base/alloc.h"
#include "base/check.h"
#include "kernel/inside.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "storage/state_persist_impl.h"

#include <limits.h>
#include <string.h>

_Static_assert(sizeof(state_reply_payload_t) == 16, "values behind it stay aligned");
_Static_assert(MK_STATE_QUEUE_BYTES >= MK_STATE_VALUE_MAX, "any value can be saved");

enum {
    MSG_STATE_WAKE = 1, /* to our actor: see whether there is something to do */
    STATE_MAILBOX = 2   /* all it gets are notices of the system */
};

struct state_request {
    list_node_t node; /* in waiting, or alone */
    state_persist_t *persist;
    state_op_t op;
    uint32_t ticket;
    message_t *reply;    /* made beforehand; NULL once it is sent */
    text_t owner;        /* these three lie behind this struct */
    text_t key;          /* empty for a list */
    const uint8_t *data; /* to save */
    size_t data_size;
    /* Set by the worker. */
    bool is_done;
    int result;
    state_value_t value; /* facts of a load; its block is gone */
    void *payload;       /* owned: of the reply, when it has more than the head */
    size_t payload_size;
    unsigned char bytes[]; /* owner, key, data */
};

static state_request_t *request_of(list_node_t *node) {
    return MK_CONTAINER_OF(node, state_request_t, node);
}

/* --- on the worker, or wherever the work is done --- */

/* Make the payload of a reply that carries bytes; the head is filled in later. */
static void carry(state_request_t *request, const void *bytes, size_t size) {
    unsigned char *payload = mk_alloc(sizeof(state_reply_payload_t) + size);
    if (payload == NULL) {
        request->result = MK_ENOMEM;
        return;
    }
    if (size > 0) memcpy(payload + sizeof(state_reply_payload_t), bytes, size);
    request->payload = payload;
    request->payload_size = sizeof(state_reply_payload_t) + size;
}

static void do_load(state_request_t *request) {
    state_value_t *value = &request->value;
    request->result =
        state_store_load(&request->persist->store, request->owner, request->key, value);
    if (request->result < 0) return;
    request->result = (int)value->size;
    carry(request, value->bytes, value->size);
    mk_free(value->block);
    value->block = NULL;
}

static void do_list(state_request_t *request) {
    char *keys = NULL;
    size_t size = 0;
    request->result =
        state_store_list(&request->persist->store, request->owner, &keys, &size);
    if (request->result < 0) return;
    carry(request, keys, size);
    mk_free(keys);
}

static void do_request(state_request_t *request) {
    const state_store_t *store = &request->persist->store;
    switch (request->op) {
    case STATE_OP_SAVE:
        request->result = state_store_save(store, request->owner, request->key,
                                           request->data, request->data_size);
        break;
    case STATE_OP_LOAD: do_load(request); break;
    case STATE_OP_DELETE:
        request->result = state_store_delete(store, request->owner, request->key);
        break;
    case STATE_OP_LIST: do_list(request); break;
    }
    request->is_done = true;
}

static void *work(void *arg) {
    do_request(arg);
    return arg;
}

/* --- answers --- */

static void end_request(state_request_t *request) {
    state_persist_t *persist = request->persist;
    list_remove(&request->node);
    persist->request_count--;
    persist->request_bytes -= request->data_size;
    message_destroy(request->reply);
    mk_free(request->payload);
    mk_free(request);
}

/* Send the reply and end the request, which is done or given up with a result. */
static void answer(state_request_t *request) {
    state_persist_t *persist = request->persist;
    message_t *reply = request->reply;
    size_t size = request->payload_size;
    state_reply_payload_t head = {.ticket = request->ticket,
                                  .op = (uint32_t)request->op,
                                  .result = request->result};
    if (request->payload != NULL) {
        head.size = (uint32_t)(size - sizeof head);
        reply->payload = request->payload;
        reply->payload_size = size;
        reply->free_payload = mk_free;
        request->payload = NULL;
    }
    memcpy(reply->payload, &head, sizeof head);
    request->reply = NULL;
    state_persist__report(persist->rt, request->owner, request->key, &request->value);
    actor__notify_with(persist->rt, reply);
    end_request(request);
}

/* --- our actor --- */

static bool wake(state_persist_t *persist) {
    if (persist->is_woken || persist->running != NULL ||
        persist->actor == ACTOR_ID_INVALID)
        return true;
    persist->is_woken = actor__notify(persist->rt, ACTOR_ID_INVALID, persist->actor,
                                      MSG_STATE_WAKE, NULL, 0);
    return persist->is_woken;
}

/* The worker has done it, or it was never begun, and the actor that would have heard of
 * it is gone. What was never begun goes back to the front: the runtime ends. */
static void discard(void *result) {
    state_request_t *request = result;
    state_persist_t *persist = request->persist;
    persist->running = NULL;
    if (request->is_done)
        answer(request);
    else
        list_insert_before(persist->waiting.next, &request->node);
    (void)wake(persist);
}

/* Inside our actor: give the next request to a worker. */
static void start_next(state_persist_t *persist) {
    while (persist->running == NULL && !list_is_empty(&persist->waiting)) {
        state_request_t *request = request_of(persist->waiting.next);
        list_remove(&request->node);
        persist->running = request;
        if (runtime_offload(persist->rt, work, request, discard) != 0) return;
        persist->running = NULL;
        request->result = MK_ENOMEM;
        answer(request);
    }
}

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    state_persist_t *persist = state;
    switch (msg->type) {
    case MSG_STATE_WAKE: persist->is_woken = false; break;
    case MSG_OFFLOAD_DONE: {
        state_request_t *request = persist->running;
        persist->running = NULL;
        answer(request);
        break;
    }
    case MSG_SHUTDOWN: return false;
    default: return true;
    }
    start_next(persist);
    return true;
}

static int spawn_actor(state_persist_t *persist) {
    if (persist->actor != ACTOR_ID_INVALID) return MK_OK;
    actor_id_t id = actor_spawn(persist->rt, behave, persist, NULL, STATE_MAILBOX);
    if (id == ACTOR_ID_INVALID) return MK_EFULL;
    part_claim(persist->rt, id);
    persist->actor = id;
    persist->is_woken = false;
    return MK_OK;
}

void state_requests__init(state_persist_t *persist) {
    list_init(&persist->waiting);
}

void state_requests__on_exit(state_persist_t *persist, actor_id_t id) {
    if (id != persist->actor) return;
    persist->actor = ACTOR_ID_INVALID;
    while (!list_is_empty(&persist->waiting)) {
        state_request_t *request = request_of(persist->waiting.next);
        request->result = MK_ESTOPPED;
        answer(request);
    }
}

void state_requests__finish(state_persist_t *persist) {
    MK_ASSERT(persist->running == NULL);
    while (!list_is_empty(&persist->waiting)) {
        state_request_t *request = request_of(persist->waiting.next);
        if (request->op == STATE_OP_SAVE || request->op == STATE_OP_DELETE)
            do_request(request);
        end_request(request);
    }
}

/* --- asking --- */

static bool concerns(const state_request_t *request, text_t owner, text_t key) {
    return text_equals(request->key, key) && text_equals(request->owner, owner);
}

bool state_requests__is_busy(const state_persist_t *persist, text_t owner, text_t key) {
    if (persist->running != NULL && concerns(persist->running, owner, key)) return true;
    for (list_node_t *at = persist->waiting.next; at != &persist->waiting;
         at = at->next)
        if (concerns(request_of(at), owner, key)) return true;
    return false;
}

static size_t count_of_actor(const state_persist_t *persist, actor_id_t id) {
    size_t count = persist->running != NULL && persist->running->reply->dest == id;
    for (list_node_t *at = persist->waiting.next; at != &persist->waiting;
         at = at->next)
        if (request_of(at)->reply->dest == id) count++;
    return count;
}

static bool has_room(const state_persist_t *persist, actor_id_t asker, size_t size) {
    return persist->request_count < MK_STATE_QUEUE_MAX &&
           size <= MK_STATE_QUEUE_BYTES - persist->request_bytes &&
           count_of_actor(persist, asker) < MK_STATE_ACTOR_QUEUE;
}

static text_t keep_text(unsigned char *to, text_t text) {
    if (text.size > 0) memcpy(to, text.bytes, text.size);
    return text_make((const char *)to, text.size);
}

/* A request that is in no list and not counted; NULL when memory is short. */
static state_request_t *make_request(state_persist_t *persist, state_op_t op,
                                     const state_target_t *target, const void *data,
                                     size_t size) {
    static const state_reply_payload_t empty;
    size_t names_size = target->owner.size + target->key.size;
    state_request_t *request = mk_calloc(1, sizeof *request + names_size + size);
    message_t *reply = request != NULL
                           ? message_create(ACTOR_ID_INVALID, actor_self(persist->rt),
                                            MSG_STATE_REPLY, &empty, sizeof empty)
                           : NULL;
    if (reply == NULL) {
        mk_free(request);
        return NULL;
    }
    list_init(&request->node);
    request->persist = persist;
    request->op = op;
    request->reply = reply;
    request->owner = keep_text(request->bytes, target->owner);
    request->key = keep_text(request->bytes + target->owner.size, target->key);
    request->data = request->bytes + names_size;
    request->data_size = size;
    if (size > 0) memcpy(request->bytes + names_size, data, size);
    return request;
}

static int ask(runtime_t *rt, state_op_t op, const char *actor_name, const char *key,
               const void *data, size_t size) {
    state_target_t target;
    state_persist_t *persist = state_persist__find(rt);
    if (rt == NULL || (data == NULL && size > 0)) return MK_EINVAL;
    if (persist == NULL || actor_self(rt) == ACTOR_ID_INVALID) return MK_ESTATE;
    int result = state_persist__target(rt, op, actor_name, key, &target);
    if (result < 0) return result;
    if (size > MK_STATE_VALUE_MAX) return MK_ETOOBIG;
    if (!has_room(persist, actor_self(rt), size)) return MK_ELIMIT;
    state_request_t *request = make_request(persist, op, &target, data, size);
    if (request == NULL) return MK_ENOMEM;
    list_insert_before(&persist->waiting, &request->node);
    persist->request_count++;
    persist->request_bytes += size;
    result = spawn_actor(persist);
    if (result == MK_OK && !wake(persist)) result = MK_ENOMEM;
    if (result < 0) {
        end_request(request);
        return result;
    }
    if (++persist->last_ticket > (uint32_t)INT_MAX) persist->last_ticket = 1;
    request->ticket = persist->last_ticket;
    return (int)request->ticket;
}

int state_save_async(runtime_t *rt, const char *actor_name, const char *key,
                     const void *data, size_t size) {
    return ask(rt, STATE_OP_SAVE, actor_name, key, data, size);
}

int state_load_async(runtime_t *rt, const char *actor_name, const char *key) {
    return ask(rt, STATE_OP_LOAD, actor_name, key, NULL, 0);
}

int state_delete_async(runtime_t *rt, const char *actor_name, const char *key) {
    return ask(rt, STATE_OP_DELETE, actor_name, key, NULL, 0);
}

int state_list_async(runtime_t *rt, const char *actor_name) {
    return ask(rt, STATE_OP_LIST, actor_name, NULL, NULL, 0);
}
