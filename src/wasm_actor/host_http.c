/* SPDX-License-Identifier: Apache-2.0 */
/* host_http.c - mk_http_get: a page of a server, while the guest waits.
 *
 * What a guest can take is what is asked for: a longer body is an error, as it is with
 * a file. The request is closed when the guest gives up the wait or ends. */
#include "wasm_actor/host.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/http.h"

enum { REDIRECTS_MAX = 10 };

static http_conn_id_t start(wasm_host_call_t *call) {
    const uint32_t *slots = call->slots;
    http_conn_id_t id = HTTP_CONN_ID_INVALID;
    char *url = mk_alloc((size_t)slots[1] + 1);
    if (url == NULL) return id;
    http_fetch_options_t options = {.url = url,
                                    .redirects_max = REDIRECTS_MAX,
                                    .body_max = slots[3] > 0 ? slots[3] : 1,
                                    .is_always_response = true};
    if (host__text(call->instance, slots[0], slots[1], url, (size_t)slots[1] + 1))
        (void)http_fetch(host__actor(call)->rt, &options, &id, NULL, 0);
    mk_free(url);
    return id;
}

wasm_host_status_t host__mk_http_get(wasm_host_call_t *call) {
    wasm_actor_t *actor = host__actor(call);
    const uint32_t *slots = call->slots;
    if (!host__check(call, slots[0], slots[1]) ||
        !host__check(call, slots[2], slots[3]) || !host__check_out(call, slots[4], 4) ||
        !host__check_out(call, slots[5], 4) || !host__may_suspend(call))
        return WASM_HOST_TRAP;
    host__put_u32(call->instance, slots[4], 0);
    host__put_u32(call->instance, slots[5], 0);
    actor->ticket = start(call);
    if (actor->ticket == HTTP_CONN_ID_INVALID) return host__return(call, -1);
    actor->wait = WAIT_HTTP;
    actor__await(actor->rt, MSG_HTTP_RESPONSE);
    return WASM_HOST_SUSPEND;
}

/* The status and the body into the guest. False: there was no answer, or it is longer
 * than the guest can take. */
static bool take_answer(wasm_instance_t *instance, const uint32_t *slots,
                        const http_response_payload_t *answer) {
    if (answer->status_code == 0 || answer->body_size > slots[3]) return false;
    uint32_t size = (uint32_t)answer->body_size;
    if (size > 0)
        memcpy(host__at(instance, slots[2], size), http_response_body(answer), size);
    host__put_u32(instance, slots[4], (uint32_t)answer->status_code);
    host__put_u32(instance, slots[5], size);
    return true;
}

void wait__on_http(wasm_actor_t *actor, const message_t *msg) {
    const http_response_payload_t *answer = msg->payload;
    if (msg->payload_size < sizeof *answer || actor->wait != WAIT_HTTP ||
        answer->conn_id != actor->ticket)
        return; /* to a request that was given up */
    wasm_instance_t *instance = actor->engine.instance;
    uint32_t *slots = wasm_suspended_slots(instance);
    slots[0] = take_answer(instance, slots, answer) ? 0 : UINT32_MAX;
    actor->wait = WAIT_NOTHING;
    wasm_answer(instance);
}
