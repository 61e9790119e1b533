/* SPDX-License-Identifier: Apache-2.0 */
/* host_state.c - mk_save_state, mk_load_state: under the actor's first name; the guest
 * waits while the disk works. An actor without a name has no state. */
#include "wasm_actor/host.h"

#include "kernel/inside.h"
#include "microkernel/limits.h"
#include "microkernel/state_persist.h"

static bool take_key(wasm_host_call_t *call, char key[MK_STATE_NAME_MAX]) {
    return host__text(call->instance, call->slots[0], call->slots[1], key,
                      MK_STATE_NAME_MAX);
}

static bool check(wasm_host_call_t *call) {
    return host__check(call, call->slots[0], call->slots[1]) &&
           host__check(call, call->slots[2], call->slots[3]) && host__may_suspend(call);
}

static wasm_host_status_t suspend(wasm_host_call_t *call, wait_t wait, int ticket) {
    wasm_actor_t *actor = host__actor(call);
    if (ticket <= 0) return host__return(call, -1);
    actor->wait = (uint8_t)wait;
    actor->ticket = (uint32_t)ticket;
    actor__await(actor->rt, MSG_STATE_REPLY);
    return WASM_HOST_SUSPEND;
}

wasm_host_status_t host__mk_save_state(wasm_host_call_t *call) {
    char key[MK_STATE_NAME_MAX];
    if (!check(call)) return WASM_HOST_TRAP;
    if (!take_key(call, key)) return host__return(call, -1);
    uint32_t size = call->slots[3];
    const uint8_t *data = host__at(call->instance, call->slots[2], size);
    host__charge(call, size);
    return suspend(call, WAIT_SAVE,
                   state_save_async(host__actor(call)->rt, NULL, key,
                                    size > 0 ? data : NULL, size));
}

wasm_host_status_t host__mk_load_state(wasm_host_call_t *call) {
    char key[MK_STATE_NAME_MAX];
    if (!check(call)) return WASM_HOST_TRAP;
    if (!take_key(call, key)) return host__return(call, -1);
    return suspend(call, WAIT_LOAD, state_load_async(host__actor(call)->rt, NULL, key));
}

/* The value goes where the call said; its size, or -1. */
static int32_t take_value(wasm_instance_t *instance, const uint32_t *slots,
                          const state_reply_payload_t *reply, const message_t *msg) {
    uint32_t size = reply->size;
    if (reply->result < 0 || size > slots[3] ||
        msg->payload_size < sizeof *reply + (size_t)size)
        return -1;
    if (size > 0)
        memcpy(host__at(instance, slots[2], size), state_reply_bytes(msg), size);
    return (int32_t)size;
}

void wait__on_state(wasm_actor_t *actor, const message_t *msg) {
    state_reply_payload_t reply;
    if (msg->payload_size < sizeof reply) return;
    memcpy(&reply, msg->payload, sizeof reply);
    bool is_waiting = actor->wait == WAIT_SAVE || actor->wait == WAIT_LOAD;
    if (!is_waiting || reply.ticket != actor->ticket) return;
    wasm_instance_t *instance = actor->engine.instance;
    uint32_t *slots = wasm_suspended_slots(instance);
    int32_t result = actor->wait == WAIT_LOAD ? take_value(instance, slots, &reply, msg)
                     : reply.result < 0       ? -1
                                              : 0;
    slots[0] = (uint32_t)result;
    actor->wait = WAIT_NOTHING;
    wasm_answer(instance);
}
