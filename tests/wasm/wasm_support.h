/* SPDX-License-Identifier: Apache-2.0 */
/* wasm_support.h - what the suites of this folder share: the host functions that
 * modules/ import, and short ways to load, link and call. */
#ifndef MK_TESTS_WASM_SUPPORT_H
#define MK_TESTS_WASM_SUPPORT_H

#include "microkernel/error.h"
#include "support/test.h"
#include "wasm/modules.h"
#include "wasm/wasm.h"

#include <string.h>

/* What the host functions do; the instance's user data. */
typedef struct {
    bool suspends; /* answer later */
    bool traps;
    uint32_t calls;
    uint32_t last;    /* the last i32 asked about */
    uint64_t wide[2]; /* the last i64 and f64 */
} host_t;

static inline wasm_host_status_t host_ask(wasm_host_call_t *call) {
    host_t *host = wasm_user(call->instance);
    host->calls++;
    host->last = call->slots[0];
    if (host->traps) return wasm_host_trap(call, "the host does not like this");
    if (host->suspends) return WASM_HOST_SUSPEND;
    call->slots[0] = host->last + 1;
    return WASM_HOST_DONE;
}

static inline wasm_host_status_t host_wide(wasm_host_call_t *call) {
    host_t *host = wasm_user(call->instance);
    host->calls++;
    host->last = call->slots[0];
    host->wide[0] = wasm_slot_u64(call->slots + 1);
    host->wide[1] = wasm_slot_u64(call->slots + 3);
    wasm_slot_set_u64(call->slots, host->wide[0] - host->last);
    return WASM_HOST_DONE;
}

static const wasm_host_row_t host_rows[] = {
    {"env", "ask", "i:i", host_ask, NULL},
    {"env", "wide", "iIF:I", host_wide, NULL},
};
static wasm_host_table_t host_table = {host_rows, 2};

static inline wasm_module_t *load_bytes(const uint8_t *bytes, size_t size) {
    wasm_module_t *module;
    wasm_error_t error;
    CHECK_EQ(wasm_module_load(bytes, size, NULL, &module, &error), MK_OK);
    return module;
}

/* A module of modules.h. */
#define LOAD(name) load_bytes(name##_module, sizeof name##_module)

/* An instance that owns its module. */
static inline wasm_instance_t *link_with(wasm_module_t *module, host_t *host,
                                         wasm_instance_options_t options) {
    wasm_instance_t *instance;
    wasm_error_t error;
    options.user = host;
    if (options.resolve == NULL) {
        options.resolve = wasm_resolve_in_table;
        options.resolve_arg = &host_table;
    }
    CHECK_EQ(wasm_instance_create(module, &options, &instance, &error), MK_OK);
    wasm_module_release(module);
    return instance;
}

static inline uint32_t function_of(const wasm_instance_t *instance, const char *name) {
    uint32_t index = 0;
    CHECK(wasm_export_find(wasm_instance_module(instance), text_of(name), WASM_FUNCTION,
                           &index));
    return index;
}

static inline wasm_value_t i32(uint32_t value) {
    return (wasm_value_t){WASM_I32, value};
}

/* Begin an exported function with up to two i32 arguments. */
static inline void begin(wasm_instance_t *instance, const char *name, size_t count,
                         uint32_t a, uint32_t b) {
    const wasm_value_t args[] = {i32(a), i32(b)};
    CHECK_EQ(wasm_begin(instance, function_of(instance, name), args, count), MK_OK);
}

/* Run with plenty of fuel. */
static inline wasm_state_t run_all(wasm_instance_t *instance) {
    wasm_state_t state;
    do {
        int64_t fuel = 1000000;
        state = wasm_run(instance, &fuel);
    } while (state == WASM_RUNNABLE);
    return state;
}

static inline uint64_t only_result(const wasm_instance_t *instance) {
    wasm_value_t result;
    CHECK_EQ(wasm_results(instance, &result, 1), 1);
    return result.bits;
}

static inline uint64_t call(wasm_instance_t *instance, const char *name, size_t count,
                            uint32_t a, uint32_t b) {
    begin(instance, name, count, a, b);
    CHECK_EQ(run_all(instance), WASM_IDLE);
    return only_result(instance);
}

/* Call it and see it trap. */
static inline wasm_trap_t trap_of(wasm_instance_t *instance, const char *name,
                                  size_t count, uint32_t a, uint32_t b) {
    begin(instance, name, count, a, b);
    CHECK_EQ(run_all(instance), WASM_TRAPPED);
    return wasm_trap(instance);
}

#endif
