/* SPDX-License-Identifier: Apache-2.0 */
/* host_names.c - mk_register, mk_lookup, mk_reverse_lookup, mk_ns_list, mk_node_name.
 * What is longer than any name is no name and is found nowhere. */
#include "wasm_actor/host.h"

#include "microkernel/limits.h"
#include "microkernel/names.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"

wasm_host_status_t host__mk_register(wasm_host_call_t *call) {
    wasm_actor_t *actor = host__actor(call);
    char name[MK_PATH_MAX];
    if (!host__check(call, call->slots[0], call->slots[1])) return WASM_HOST_TRAP;
    bool is_done =
        host__text(call->instance, call->slots[0], call->slots[1], name, sizeof name) &&
        names_register(actor->rt, name, actor->id) == 0;
    return host__return(call, is_done ? 0 : -1);
}

wasm_host_status_t host__mk_lookup(wasm_host_call_t *call) {
    char name[MK_PATH_MAX];
    actor_id_t id = ACTOR_ID_INVALID;
    if (!host__check(call, call->slots[0], call->slots[1])) return WASM_HOST_TRAP;
    if (host__text(call->instance, call->slots[0], call->slots[1], name, sizeof name))
        id = actor_lookup(host__actor(call)->rt, name);
    wasm_slot_set_u64(call->slots, id);
    return WASM_HOST_DONE;
}

wasm_host_status_t host__mk_reverse_lookup(wasm_host_call_t *call) {
    actor_id_t id = wasm_slot_u64(call->slots);
    uint32_t buf = call->slots[2];
    uint32_t cap = call->slots[3];
    char name[MK_PATH_MAX];
    if (!host__check(call, buf, cap)) return WASM_HOST_TRAP;
    size_t size = actor_reverse_lookup(host__actor(call)->rt, id, name, sizeof name);
    if (size > cap) size = cap;
    memcpy(host__at(call->instance, buf, (uint32_t)size), name, size);
    return host__return(call, (int32_t)size);
}

enum { LISTED_BYTE = 64 }; /* in copied bytes: lines are put together byte by byte */

wasm_host_status_t host__mk_ns_list(wasm_host_call_t *call) {
    uint32_t prefix_at = call->slots[0];
    uint32_t prefix_size = call->slots[1];
    uint32_t buf = call->slots[2];
    uint32_t cap = call->slots[3];
    uint32_t size_at = call->slots[4];
    char prefix[MK_PATH_MAX];
    size_t size = 0;
    if (!host__check(call, prefix_at, prefix_size) || !host__check(call, buf, cap) ||
        !host__check_out(call, size_at, 4))
        return WASM_HOST_TRAP;
    if (cap > 0 &&
        host__text(call->instance, prefix_at, prefix_size, prefix, sizeof prefix))
        size = ns_list_paths(host__actor(call)->rt, prefix,
                             (char *)host__at(call->instance, buf, cap), cap);
    host__charge(call, (uint64_t)size * LISTED_BYTE);
    host__put_u32(call->instance, size_at, (uint32_t)size);
    return host__return(call, 0);
}

wasm_host_status_t host__mk_node_name(wasm_host_call_t *call) {
    uint32_t buf = call->slots[0];
    uint32_t cap = call->slots[1];
    if (!host__check(call, buf, cap)) return WASM_HOST_TRAP;
    const char *name = node_identity(host__actor(call)->rt);
    size_t size = strlen(name);
    size_t part = size < cap ? size : cap;
    memcpy(host__at(call->instance, buf, (uint32_t)part), name, part);
    return host__return(call, (int32_t)size);
}
