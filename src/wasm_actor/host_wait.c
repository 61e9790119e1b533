/* SPDX-License-Identifier: Apache-2.0 */
/* host_wait.c - mk_sleep_ms, mk_recv, mk_recv_full, mk_recv_timeout, and what it is to
 * wait.
 *
 * The parameters of the call stay in the guest's frame until it is answered, so a wait
 * needs no more than its kind and a ticket. Ranges were checked, and touched, when the
 * call was made; memory never shrinks, so they are good when the answer comes. */
#include "wasm_actor/host.h"

#include "kernel/inside.h"
#include "microkernel/http.h"
#include "microkernel/message.h"
#include "microkernel/timer.h"

enum { TIMED_OUT = -2 };

void wait__hold_mail(wasm_actor_t *actor) {
    switch ((wait_t)actor->wait) {
    case WAIT_SLEEP: actor__await(actor->rt, MSG_TIMER); break;
    case WAIT_SAVE:
    case WAIT_LOAD: actor__await(actor->rt, MSG_STATE_REPLY); break;
    case WAIT_FILE: actor__await(actor->rt, MSG_OFFLOAD_DONE); break;
    case WAIT_HTTP: actor__await(actor->rt, MSG_HTTP_RESPONSE); break;
    default: break;
    }
}

void wait__cancel(wasm_actor_t *actor) {
    if (actor->wait == WAIT_SLEEP || actor->wait == WAIT_RECV_TIMEOUT)
        (void)actor__cancel_timer_for(actor->rt, actor->id, actor->ticket);
    if (actor->wait == WAIT_HTTP) http_close(actor->rt, actor->ticket);
    /* Answers to other requests find nobody who waits for them. */
    actor->wait = WAIT_NOTHING;
    actor->ticket = 0;
}

static void answer(wasm_actor_t *actor, int32_t value) {
    wasm_suspended_slots(actor->engine.instance)[0] = (uint32_t)value;
    actor->wait = WAIT_NOTHING;
    wasm_answer(actor->engine.instance);
}

wasm_host_status_t host__mk_sleep_ms(wasm_host_call_t *call) {
    wasm_actor_t *actor = host__actor(call);
    int32_t ms = (int32_t)call->slots[0];
    if (!actor->bounds->may_wait) return host__return(call, -1);
    if (!host__may_suspend(call)) return WASM_HOST_TRAP;
    actor->ticket = actor_set_timer(actor->rt, ms > 0 ? (uint32_t)ms : 0, false);
    if (actor->ticket == TIMER_ID_INVALID) return host__return(call, -1);
    actor->wait = WAIT_SLEEP;
    actor__await(actor->rt, MSG_TIMER);
    return WASM_HOST_SUSPEND;
}

/* Results of a recv: where they go, from its parameters. */
static void put_results(wasm_actor_t *actor, msg_type_t type, uint32_t size,
                        actor_id_t source) {
    wasm_instance_t *instance = actor->engine.instance;
    const uint32_t *slots = wasm_suspended_slots(instance);
    host__put_u32(instance, slots[0], type);
    host__put_u32(instance, slots[3], size);
    if (actor->wait != WAIT_RECV) host__put_u64(instance, slots[4], source);
}

static wasm_host_status_t receive(wasm_host_call_t *call, wait_t wait) {
    wasm_actor_t *actor = host__actor(call);
    const uint32_t *slots = call->slots;
    if (!host__check_out(call, slots[0], 4) || !host__check(call, slots[1], slots[2]) ||
        !host__check_out(call, slots[3], 4) ||
        (wait != WAIT_RECV && !host__check_out(call, slots[4], 8)))
        return WASM_HOST_TRAP;
    if (!actor->bounds->may_wait) return host__return(call, -1);
    if (!host__may_suspend(call)) return WASM_HOST_TRAP;
    actor->ticket = TIMER_ID_INVALID;
    if (wait == WAIT_RECV_TIMEOUT) {
        int32_t ms = (int32_t)slots[5];
        actor->ticket = actor_set_timer(actor->rt, ms > 0 ? (uint32_t)ms : 0, false);
        if (actor->ticket == TIMER_ID_INVALID) return host__return(call, -1);
    }
    actor->wait = (uint8_t)wait;
    return WASM_HOST_SUSPEND;
}

wasm_host_status_t host__mk_recv(wasm_host_call_t *call) {
    return receive(call, WAIT_RECV);
}

wasm_host_status_t host__mk_recv_full(wasm_host_call_t *call) {
    return receive(call, WAIT_RECV_FULL);
}

wasm_host_status_t host__mk_recv_timeout(wasm_host_call_t *call) {
    return receive(call, WAIT_RECV_TIMEOUT);
}

void wait__on_mail(wasm_actor_t *actor, const message_t *msg) {
    wasm_instance_t *instance = actor->engine.instance;
    const uint32_t *slots = wasm_suspended_slots(instance);
    uint32_t size = slots[2];
    if (msg->payload_size < size) size = (uint32_t)msg->payload_size;
    if (size > 0) memcpy(host__at(instance, slots[1], size), msg->payload, size);
    put_results(actor, msg->type, (uint32_t)msg->payload_size, msg->source);
    if (actor->wait == WAIT_RECV_TIMEOUT)
        (void)actor_cancel_timer(actor->rt, actor->ticket);
    answer(actor, 0);
}

void wait__on_timer(wasm_actor_t *actor, timer_id_t id) {
    bool is_it = id != TIMER_ID_INVALID && id == actor->ticket;
    if (is_it && actor->wait == WAIT_SLEEP) {
        answer(actor, 0);
    } else if (is_it && actor->wait == WAIT_RECV_TIMEOUT) {
        put_results(actor, 0, 0, ACTOR_ID_INVALID);
        answer(actor, TIMED_OUT);
    } /* else of a wait that a message has ended */
}
