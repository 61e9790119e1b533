/* SPDX-License-Identifier: Apache-2.0 */
/* host_actor.c - mk_send, mk_send_u32, mk_self, mk_spawn_wasm, mk_stop,
 * mk_list_actors. They act for the guest's actor, also when another actor runs them in
 * a trial (reload.c). */
#include "wasm_actor/host.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/actor.h"
#include "microkernel/limits.h"
#include "microkernel/message.h"

/* Requests to device actors (message_ids.def). */
enum { DEVICES_FIRST = 0x20, DEVICES_LAST = 0x7F };
#define SYSTEM_TYPES UINT32_C(0xFF000000)

static bool may_send(const wasm_actor_t *actor, msg_type_t type) {
    if (mk_message_is_reserved(type)) return false;
    if (type < SYSTEM_TYPES + DEVICES_FIRST || type > SYSTEM_TYPES + DEVICES_LAST)
        return true;
    return (actor->bounds->grants & WASM_GRANT_HARDWARE) != 0;
}

/* The clock is asked only when the number is used up, so a burst after a quiet second
 * may be twice as large; over time it is the bound. */
static bool may_send_more(wasm_actor_t *actor) {
    uint32_t most = actor->bounds->sends;
    if (most == 0 || actor->sends++ < most) return true;
    uint32_t now_ms = (uint32_t)runtime_now_ms(actor->rt);
    actor->sends = most;
    if (now_ms - actor->sends_began < 1000) return false;
    actor->sends_began = now_ms;
    actor->sends = 1;
    return true;
}

static bool send(wasm_actor_t *actor, actor_id_t dest, msg_type_t type,
                 const void *payload, size_t size) {
    return may_send(actor, type) && may_send_more(actor) &&
           actor__send_from(actor->rt, actor->id, dest, type, size > 0 ? payload : NULL,
                            size);
}

wasm_host_status_t host__mk_send(wasm_host_call_t *call) {
    const uint32_t *slots = call->slots;
    uint32_t size = slots[4];
    if (!host__check(call, slots[3], size)) return WASM_HOST_TRAP;
    const uint8_t *payload = host__at(call->instance, slots[3], size);
    host__charge(call, size);
    return host__return(
        call, send(host__actor(call), wasm_slot_u64(slots), slots[2], payload, size));
}

wasm_host_status_t host__mk_send_u32(wasm_host_call_t *call) {
    const uint32_t *slots = call->slots;
    uint8_t payload[4];
    for (unsigned i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(slots[3] >> 8 * i);
    return host__return(call, send(host__actor(call), wasm_slot_u64(slots), slots[2],
                                   payload, sizeof payload));
}

wasm_host_status_t host__mk_self(wasm_host_call_t *call) {
    wasm_slot_set_u64(call->slots, host__actor(call)->id);
    return WASM_HOST_DONE;
}

/* --- children --- */

static void forget_dead_children(runtime_t *rt, children_t *children) {
    uint32_t alive = 0;
    for (uint32_t i = 0; i < children->count; i++)
        if (actor_is_alive(rt, children->ids[i]))
            children->ids[alive++] = children->ids[i];
    children->count = alive;
}

/* Room to remember one more; false: it has as many as it may, or no memory. */
static bool make_room_for_child(wasm_actor_t *actor) {
    children_t *children = actor->children;
    uint32_t most = actor->bounds->children;
    uint32_t cap = 4;
    if (children != NULL) {
        if (children->count < children->cap) return true;
        forget_dead_children(actor->rt, children);
        if (children->count >= most) return false;
        if (children->count < children->cap) return true;
        cap = children->cap * 2;
    }
    if (cap > most) cap = most;
    children = mk_realloc(children, sizeof *children + cap * sizeof children->ids[0]);
    if (children == NULL) return false;
    if (actor->children == NULL) children->count = 0;
    children->cap = cap;
    actor->children = children;
    return true;
}

/* In copied bytes: what it takes to read and check a byte of a module, to find an
 * actor. */
enum { MODULE_BYTE = 256, LISTED_ACTOR = 64 };

/* A child has no more rights than its parent, and none that must be granted. */
static wasm_actor_options_t options_of_child(const wasm_actor_t *parent,
                                             uint32_t mailbox_size) {
    wasm_actor_options_t options = wasm_actor_options_default();
    const bounds_t *bounds = parent->bounds;
    options.grants &= bounds->grants;
    options.may_wait = bounds->may_wait;
    if (bounds->memory_pages < MK_WASM_ACTOR_PAGES)
        options.memory_pages = bounds->memory_pages;
    if (bounds->stack_bytes < MK_WASM_ACTOR_STACK)
        options.stack_bytes = bounds->stack_bytes;
    if (bounds->fuel != 0 && bounds->fuel < options.fuel) options.fuel = bounds->fuel;
    if (bounds->sends != 0 && bounds->sends < options.sends)
        options.sends = bounds->sends;
    options.actor.mailbox_size = mailbox_size;
    return options;
}

wasm_host_status_t host__mk_spawn_wasm(wasm_host_call_t *call) {
    wasm_actor_t *actor = host__actor(call);
    uint32_t size = call->slots[1];
    if (!host__check(call, call->slots[0], size)) return WASM_HOST_TRAP;
    actor_id_t id = ACTOR_ID_INVALID;
    if (size > 0 && make_room_for_child(actor)) {
        host__charge(call, (uint64_t)size * MODULE_BYTE);
        wasm_actor_options_t options = options_of_child(actor, call->slots[2]);
        const uint8_t *bytes = host__at(call->instance, call->slots[0], size);
        id = actor_spawn_wasm_with(actor->rt, bytes, size, &options, NULL, NULL);
    }
    if (id != ACTOR_ID_INVALID) actor->children->ids[actor->children->count++] = id;
    wasm_slot_set_u64(call->slots, id);
    return WASM_HOST_DONE;
}

wasm_host_status_t host__mk_stop(wasm_host_call_t *call) {
    wasm_actor_t *actor = host__actor(call);
    actor_id_t id = wasm_slot_u64(call->slots);
    if (id == actor->id && !host__may_suspend(call)) return WASM_HOST_TRAP;
    actor_stop(actor->rt, id);
    if (id != actor->id) return host__return(call, 0);
    actor->wait = WAIT_END; /* it does not come back */
    return WASM_HOST_SUSPEND;
}

wasm_host_status_t host__mk_list_actors(wasm_host_call_t *call) {
    wasm_actor_t *actor = host__actor(call);
    uint32_t ids_at = call->slots[0];
    uint32_t max = call->slots[1];
    uint32_t count_at = call->slots[2];
    if (max == 0 || max > INT32_MAX) {
        if (!host__check_out(call, count_at, 4)) return WASM_HOST_TRAP;
        host__put_u32(call->instance, count_at, 0);
        return host__return(call, -1);
    }
    if (!host__check(call, ids_at, (uint64_t)max * sizeof(actor_id_t)) ||
        !host__check_out(call, count_at, 4))
        return WASM_HOST_TRAP;
    size_t count = runtime_list_actors(actor->rt, NULL, 0);
    if (count > max) count = max;
    actor_id_t *ids = mk_alloc((count + 1) * sizeof *ids);
    if (ids == NULL) return host__return(call, -1);
    count = runtime_list_actors(actor->rt, ids, count);
    for (size_t i = 0; i < count; i++)
        host__put_u64(call->instance, ids_at + (uint32_t)i * 8, ids[i]);
    mk_free(ids);
    host__charge(call, (uint64_t)count * LISTED_ACTOR);
    host__put_u32(call->instance, count_at, (uint32_t)count);
    return host__return(call, 0);
}
