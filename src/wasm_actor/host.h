/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - what the functions of the host share.
 *
 * A range of guest memory is checked as a whole and touched before anything happens;
 * touching one range may move the others, so bytes are looked up after the last check.
 * A range of size 0 is fine wherever it lies; an address of 0 for a single result means
 * that it is not wanted. */
#ifndef MK_WASM_ACTOR_HOST_H
#define MK_WASM_ACTOR_HOST_H

#include "wasm_actor/wasm_actor_impl.h"

#include <string.h>

#define HOST_FUNCTION(name, signature, grant, fuel, meaning)                           \
    wasm_host_status_t host__##name(wasm_host_call_t *call);
#include "wasm_actor/host_table.def"
#undef HOST_FUNCTION

/* For wasm_instance_options_t; `arg` is the actor's const bounds_t. */
int host__resolve(void *arg, const wasm_import_t *import, wasm_extern_t *found,
                  wasm_error_t *error);

/* Every function of this folder's table may run only with an actor behind it. */
static inline wasm_actor_t *host__actor(const wasm_host_call_t *call) {
    return wasm_user(call->instance);
}

/* False: the call has to return WASM_HOST_TRAP. */
bool host__check(wasm_host_call_t *call, uint32_t address, uint64_t size);

/* As host__check for a result that may be unwanted. */
static inline bool host__check_out(wasm_host_call_t *call, uint32_t address,
                                   uint32_t size) {
    return address == 0 || host__check(call, address, size);
}

/* Let the call cost more than its row says: so many bytes were copied. */
static inline void host__charge(wasm_host_call_t *call, uint64_t bytes) {
    enum { BYTES_PER_FUEL = 64 }; /* as the engine's own copies */
    uint64_t fuel = call->fuel + bytes / BYTES_PER_FUEL;
    call->fuel = fuel < UINT32_MAX ? (uint32_t)fuel : UINT32_MAX;
}

/* Bytes of a range that was checked; not NULL when size is not 0. */
static inline uint8_t *host__at(wasm_instance_t *instance, uint32_t address,
                                uint32_t size) {
    static uint8_t nothing;
    return size == 0 ? &nothing : wasm_memory_at(instance, 0, address, size);
}

/* Little-endian results. */
void host__put_u32(wasm_instance_t *instance, uint32_t address, uint32_t value);
void host__put_u64(wasm_instance_t *instance, uint32_t address, uint64_t value);

static inline wasm_host_status_t host__return(wasm_host_call_t *call, int32_t value) {
    call->slots[0] = (uint32_t)value;
    return WASM_HOST_DONE;
}

/* A text of the guest as one of C, in `text` of `cap` bytes. False: it is longer, or
 * has a NUL inside. The range must have been checked. */
bool host__text(wasm_instance_t *instance, uint32_t address, uint32_t size, char *text,
                size_t cap);

/* True when it may suspend; else the call has trapped (a trial). */
bool host__may_suspend(wasm_host_call_t *call);

#endif
