/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_wasm.c - any bytes as a module: refused with a reason, or validated, translated
 * and run, twice: with all fuel at once and in small portions, between which the state
 * moves to a new instance. Both must use the same fuel, give the same results, traps
 * and memory. */
#include "base/buffer.h"
#include "microkernel/error.h"
#include "wasm/wasm.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

enum { FUEL = 20000, PORTION = 61, MAX_CALLS = 16, MAX_VALUES = 16, MAX_MOVES = 12 };

/* What became of a call. */
typedef struct {
    wasm_state_t state;
    wasm_trap_t trap;
    int64_t used;
    size_t count;
    wasm_value_t results[MAX_VALUES];
} outcome_t;

/* Slots of a host function. */
typedef struct {
    uint32_t params;
    uint32_t results;
} slots_t;

/* The function that suspended last. */
static const slots_t *waiting;

/* The results are what the parameters were, and zeros behind them. */
static void give_results(uint32_t *slots, const slots_t *of) {
    for (uint32_t i = of->params; i < of->results; i++)
        slots[i] = 0;
}

static wasm_host_status_t host_any(wasm_host_call_t *call) {
    give_results(call->slots, call->data);
    return WASM_HOST_DONE;
}

static wasm_host_status_t host_later(wasm_host_call_t *call) {
    waiting = call->data;
    return WASM_HOST_SUSPEND;
}

/* Every function import gets a host function of its type, by turns one that suspends.
 */
enum { MAX_IMPORTS = 64 };
typedef struct {
    const wasm_module_t *module;
    char signature[2 * 1000 + 2];
    slots_t slots[MAX_IMPORTS];
} host_t;

static char letter_of(uint8_t type) {
    switch (type) {
    case WASM_I32: return 'i';
    case WASM_I64: return 'I';
    case WASM_F32: return 'f';
    case WASM_F64: return 'F';
    case WASM_FUNCREF: return 'c';
    default: return 'r';
    }
}

static uint32_t width_of(uint8_t type) {
    return type == WASM_I64 || type == WASM_F64 ? 2 : 1;
}

static int resolve(void *arg, const wasm_import_t *import, wasm_extern_t *found,
                   wasm_error_t *error) {
    host_t *host = arg;
    (void)error;
    if (import->kind != WASM_FUNCTION || import->index >= MAX_IMPORTS) return MK_ENOENT;
    slots_t *slots = &host->slots[import->index];
    *slots = (slots_t){0, 0};
    wasm_signature_t type = wasm_function_signature(host->module, import->index);
    char *at = host->signature;
    for (uint32_t i = 0; i < type.param_count; i++) {
        *at++ = letter_of(type.params[i]);
        slots->params += width_of(type.params[i]);
    }
    *at++ = ':';
    for (uint32_t i = 0; i < type.result_count; i++) {
        if (type.results[i] == WASM_FUNCREF)
            return MK_ENOENT; /* it could not be true */
        *at++ = letter_of(type.results[i]);
        slots->results += width_of(type.results[i]);
    }
    found->data = slots;
    *at = '\0';
    found->host = import->index % 2 == 0 ? host_any : host_later;
    found->signature = host->signature;
    return MK_OK;
}

/* Of the bytes that are not zero; which others are committed is not the guest's
 * concern. */
static uint32_t memory_of(wasm_instance_t *instance) {
    uint32_t hash = wasm_memory_pages(instance, 0);
    uint32_t size = (uint32_t)wasm_memory_committed(instance, 0);
    if (size == 0) return hash;
    const uint8_t *bytes = wasm_memory_at(instance, 0, 0, size);
    for (uint32_t i = 0; i < size; i++)
        if (bytes[i] != 0) hash = ((hash ^ i) * 16777619u ^ bytes[i]) * 16777619u;
    return hash;
}

static wasm_instance_t *create(wasm_module_t *module, host_t *host) {
    const wasm_instance_options_t options = {.resolve = resolve,
                                             .resolve_arg = host,
                                             .memory_pages = 32,
                                             .stack_bytes = 8192};
    wasm_instance_t *instance;
    wasm_error_t error;
    int code = wasm_instance_create(module, &options, &instance, &error);
    if (code == MK_OK) return instance;
    REQUIRE(error.code == code && error.text[0] != '\0');
    return NULL;
}

/* The state of an instance in a new one. */
static wasm_instance_t *move(wasm_instance_t *instance, host_t *host) {
    buffer_t bytes;
    wasm_error_t error;
    buffer_init(&bytes, 1 << 26);
    wasm_instance_t *moved = create(wasm_instance_module(instance), host);
    REQUIRE(moved != NULL);
    REQUIRE(wasm_snapshot(instance, &bytes) == MK_OK);
    REQUIRE(wasm_restore(moved, buffer_bytes(&bytes), buffer_size(&bytes), &error) ==
            MK_OK);
    REQUIRE(wasm_state(moved) == wasm_state(instance));
    buffer_deinit(&bytes);
    wasm_instance_destroy(instance);
    return moved;
}

static outcome_t run(wasm_instance_t **instance, int64_t portion, host_t *host) {
    outcome_t outcome = {.used = 0};
    for (unsigned stops = 0; outcome.used < FUEL; stops++) {
        int64_t fuel = portion;
        if (host != NULL && stops < MAX_MOVES) *instance = move(*instance, host);
        outcome.state = wasm_run(*instance, &fuel);
        outcome.used += portion - fuel;
        if (outcome.state == WASM_SUSPENDED) {
            if (host != NULL && stops < MAX_MOVES) *instance = move(*instance, host);
            give_results(wasm_suspended_slots(*instance), waiting);
            wasm_answer(*instance);
        } else if (outcome.state != WASM_RUNNABLE) {
            break;
        }
    }
    outcome.trap = wasm_trap(*instance);
    outcome.count = wasm_results(*instance, outcome.results, MAX_VALUES);
    if (outcome.count > MAX_VALUES) outcome.count = MAX_VALUES;
    return outcome;
}

/* False when there is nothing to compare: a call that did not end in time. */
static bool same_call(wasm_instance_t *a, wasm_instance_t **b, host_t *host) {
    outcome_t at_once = run(&a, FUEL, NULL);
    outcome_t in_portions = run(b, PORTION, host);
    bool a_ended = at_once.state == WASM_IDLE || at_once.state == WASM_TRAPPED;
    bool b_ended = in_portions.state == WASM_IDLE || in_portions.state == WASM_TRAPPED;
    if (!a_ended || !b_ended) return false;
    REQUIRE(at_once.state == in_portions.state);
    REQUIRE(at_once.trap == in_portions.trap);
    REQUIRE(at_once.used == in_portions.used);
    REQUIRE(at_once.count == in_portions.count);
    for (size_t i = 0; i < at_once.count; i++)
        REQUIRE(at_once.results[i].bits == in_portions.results[i].bits);
    REQUIRE(memory_of(a) == memory_of(*b));
    return true;
}

static void run_exports(wasm_instance_t *a, wasm_instance_t **b, host_t *host) {
    const wasm_module_t *module = wasm_instance_module(a);
    if (wasm_begin_start(a) == MK_OK) {
        REQUIRE(wasm_begin_start(*b) == MK_OK);
        if (!same_call(a, b, host)) return;
    }
    for (uint32_t i = 0, calls = 0; i < wasm_export_count(module); i++) {
        wasm_export_t export = wasm_export_at(module, i);
        if (export.kind != WASM_FUNCTION || calls++ >= MAX_CALLS) continue;
        wasm_signature_t type = wasm_function_signature(module, export.index);
        wasm_value_t args[MAX_VALUES];
        if (type.param_count > MAX_VALUES) continue;
        for (uint32_t p = 0; p < type.param_count; p++)
            args[p] = (wasm_value_t){(wasm_type_t)type.params[p],
                                     type.params[p] == WASM_FUNCREF ? 0 : 3 * p + 1};
        REQUIRE(wasm_begin(a, export.index, args, type.param_count) == MK_OK);
        REQUIRE(wasm_begin(*b, export.index, args, type.param_count) == MK_OK);
        if (!same_call(a, b, host)) return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const wasm_load_options_t options = {WASM_ALL_FEATURES, true, true};
    wasm_module_t *module;
    wasm_error_t error;
    int code = wasm_module_load(data, size, &options, &module, &error);
    if (code != MK_OK) {
        char text[256];
        REQUIRE(error.code == code && error.text[0] != '\0');
        REQUIRE(error.offset == WASM_NOWHERE || error.offset <= size);
        wasm_error_sentence(&error, text, sizeof text);
        return 0;
    }
    static host_t host;
    host.module = module;
    wasm_instance_t *a = create(module, &host);
    wasm_instance_t *b = create(module, &host);
    wasm_module_release(module);
    REQUIRE((a == NULL) == (b == NULL));
    if (a != NULL) run_exports(a, &b, &host);
    wasm_instance_destroy(a);
    wasm_instance_destroy(b);
    return 0;
}
