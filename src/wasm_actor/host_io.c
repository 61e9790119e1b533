/* SPDX-License-Identifier: Apache-2.0 */
/* host_io.c - mk_print, mk_log, mk_time_ms, mk_read_file.
 *
 * A file is read by a worker thread while the guest waits. */
#include "wasm_actor/host.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/limits.h"
#include "microkernel/log.h"
#include "port/clock.h"
#include "port/debug_out.h"
#include "port/files.h"

/* For all runtimes, because the function that sets it knows none. */
static int print_handle = -1;

void wasm_actor_set_print_fd(int fd) {
    print_handle = fd;
}

wasm_host_status_t host__mk_print(wasm_host_call_t *call) {
    uint32_t size = call->slots[1];
    if (!host__check(call, call->slots[0], size)) return WASM_HOST_TRAP;
    const uint8_t *text = host__at(call->instance, call->slots[0], size);
    host__charge(call, size);
    if (size > 0) (void)port_print(print_handle, (const char *)text, size);
    return WASM_HOST_DONE;
}

wasm_host_status_t host__mk_log(wasm_host_call_t *call) {
    const wasm_actor_t *actor = host__actor(call);
    int level = (int)(int32_t)call->slots[0];
    uint32_t size = call->slots[2];
    char text[MK_LOG_TEXT_MAX];
    if (!host__check(call, call->slots[1], size)) return WASM_HOST_TRAP;
    if (size >= sizeof text) size = sizeof text - 1;
    memcpy(text, host__at(call->instance, call->slots[1], size), size);
    text[size] = '\0';
    if (level < LOG_DEBUG) level = LOG_DEBUG;
    if (level > LOG_ERROR) level = LOG_ERROR;
    (void)log_event_for(actor->rt, actor->id, level, text, NULL, 0);
    return WASM_HOST_DONE;
}

wasm_host_status_t host__mk_time_ms(wasm_host_call_t *call) {
    wasm_slot_set_u64(call->slots, port_clock_wall_ms());
    return WASM_HOST_DONE;
}

/* --- files --- */

typedef struct {
    uint32_t max; /* bytes the guest can take */
    int result;   /* of port_file_read */
    void *bytes;  /* owned */
    size_t size;
    char path[]; /* with its NUL */
} reading_t;

static void *read_file(void *arg) {
    reading_t *reading = arg;
    reading->result =
        port_file_read(reading->path, reading->max, &reading->bytes, &reading->size);
    return reading;
}

static void discard_reading(void *arg) {
    reading_t *reading = arg;
    if (reading == NULL) return;
    mk_free(reading->bytes);
    mk_free(reading);
}

static reading_t *start_reading(wasm_host_call_t *call, uint32_t *ticket) {
    uint32_t path_size = call->slots[1];
    reading_t *reading = mk_calloc(1, sizeof *reading + path_size + 1);
    if (reading == NULL) return NULL;
    reading->max = call->slots[3];
    if (host__text(call->instance, call->slots[0], path_size, reading->path,
                   (size_t)path_size + 1))
        *ticket =
            runtime_offload(host__actor(call)->rt, read_file, reading, discard_reading);
    if (*ticket != 0) return reading;
    mk_free(reading);
    return NULL;
}

wasm_host_status_t host__mk_read_file(wasm_host_call_t *call) {
    wasm_actor_t *actor = host__actor(call);
    const uint32_t *slots = call->slots;
    uint32_t ticket = 0;
    if (!host__check(call, slots[0], slots[1]) ||
        !host__check(call, slots[2], slots[3]) || !host__check_out(call, slots[4], 4) ||
        !host__may_suspend(call))
        return WASM_HOST_TRAP;
    host__put_u32(call->instance, slots[4], 0);
    if (start_reading(call, &ticket) == NULL) return host__return(call, -1);
    actor->wait = WAIT_FILE;
    actor->ticket = ticket;
    actor__await(actor->rt, MSG_OFFLOAD_DONE);
    return WASM_HOST_SUSPEND;
}

void wait__on_offload(wasm_actor_t *actor, const message_t *msg) {
    offload_done_payload_t done;
    if (msg->payload_size < sizeof done) return;
    memcpy(&done, msg->payload, sizeof done);
    reading_t *reading = done.result;
    if (actor->wait == WAIT_FILE && done.ticket == actor->ticket) {
        wasm_instance_t *instance = actor->engine.instance;
        uint32_t *slots = wasm_suspended_slots(instance);
        if (reading->result == 0) {
            uint32_t size = (uint32_t)reading->size;
            if (size > 0)
                memcpy(host__at(instance, slots[2], size), reading->bytes, size);
            host__put_u32(instance, slots[4], size);
        }
        slots[0] = reading->result == 0 ? 0 : UINT32_MAX;
        actor->wait = WAIT_NOTHING;
        wasm_answer(instance);
    }
    discard_reading(reading);
}
