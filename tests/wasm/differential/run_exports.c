/* SPDX-License-Identifier: Apache-2.0 */
/* run_exports FILE... - calls every exported function of modules made by `wasm-opt
 * -ttf` and prints what came of it, in the words of run_exports.mjs, which does the
 * same with V8. Calls run in random small portions of fuel. */
#include "base/buffer.h"
#include "base/prng.h"
#include "microkernel/error.h"
#include "wasm/wasm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t log_hash; /* of what the module logged during a call */

static wasm_host_status_t log_bits(wasm_host_call_t *call, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        log_hash = (log_hash ^ call->slots[i]) * 16777619u;
    return WASM_HOST_DONE;
}
static wasm_host_status_t log_narrow(wasm_host_call_t *call) {
    return log_bits(call, 1);
}
static wasm_host_status_t log_wide(wasm_host_call_t *call) {
    return log_bits(call, 2);
}

static const wasm_host_row_t rows[] = {
    {"fuzzing-support", "log-i32", "i:", log_narrow, NULL},
    {"fuzzing-support", "log-i64", "I:", log_wide, NULL},
    {"fuzzing-support", "log-f32", "f:", log_narrow, NULL},
    {"fuzzing-support", "log-f64", "F:", log_wide, NULL},
};

/* The same as in run_exports.mjs. */
static uint64_t argument_of(wasm_type_t type, uint32_t seed) {
    static const uint32_t narrow[] = {0,          1,   0xFFFFFFFF, 0x80000000,
                                      0x7FFFFFFF, 255, 4096};
    static const uint64_t wide[] = {
        0, 1, UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 32, 0x123456789ABCDEF, 77};
    static const uint32_t f32[] = {0,          0x80000000, 0x3F800000, 0xC0200000,
                                   0x7F800000, 0x4F000000, 0x00000001};
    static const uint64_t f64[] = {0,
                                   UINT64_C(1) << 63,
                                   0x3FF0000000000000,
                                   0xC004000000000000,
                                   0x7FF0000000000000,
                                   0x41E0000000000000,
                                   1};
    switch (type) {
    case WASM_I32: return narrow[seed % 7];
    case WASM_I64: return wide[seed % 7];
    case WASM_F32: return f32[seed % 7];
    case WASM_F64: return f64[seed % 7];
    default: return 0;
    }
}

static bool is_nan(const wasm_value_t *value) {
    if (value->type == WASM_F32) return (value->bits & 0x7FFFFFFF) > 0x7F800000;
    return value->type == WASM_F64 &&
           (value->bits & INT64_MAX) > UINT64_C(0x7FF0000000000000);
}

static const char *trap_class(wasm_trap_t trap) {
    switch (trap) {
    case WASM_TRAP_UNREACHABLE: return "unreachable";
    case WASM_TRAP_DIVIDE_BY_ZERO: return "zero";
    case WASM_TRAP_INTEGER_OVERFLOW:
    case WASM_TRAP_CONVERSION: return "integer";
    case WASM_TRAP_MEMORY_BOUNDS: return "memory";
    case WASM_TRAP_UNDEFINED_ELEMENT:
    case WASM_TRAP_NULL_ELEMENT:
    case WASM_TRAP_TABLE_BOUNDS:
    case WASM_TRAP_SIGNATURE: return "table";
    case WASM_TRAP_STACK: return "stack";
    default: return wasm_trap_name(trap);
    }
}

static wasm_host_table_t host_table = {rows, sizeof rows / sizeof rows[0]};
static const wasm_instance_options_t options = {.resolve = wasm_resolve_in_table,
                                                .resolve_arg = &host_table};

static void must(bool is_true, const char *what) {
    if (is_true) return;
    fprintf(stderr, "run_exports: %s failed\n", what);
    exit(2);
}

static void move(wasm_instance_t **instance) {
    buffer_t bytes;
    wasm_error_t error;
    wasm_instance_t *moved;
    buffer_init(&bytes, 1 << 26);
    must(wasm_instance_create(wasm_instance_module(*instance), &options, &moved,
                              &error) == MK_OK,
         "another instance");
    must(wasm_snapshot(*instance, &bytes) == MK_OK, "snapshot");
    must(wasm_restore(moved, buffer_bytes(&bytes), buffer_size(&bytes), &error) ==
             MK_OK,
         "restore");
    buffer_deinit(&bytes);
    wasm_instance_destroy(*instance);
    *instance = moved;
}

static wasm_state_t run(wasm_instance_t **instance, prng_t *prng) {
    wasm_state_t state;
    do {
        if (prng_chance(prng, 1, 20)) move(instance);
        int64_t fuel = prng_between(prng, 0, 2000);
        state = wasm_run(*instance, &fuel);
    } while (state == WASM_RUNNABLE);
    return state;
}

static void print_results(const wasm_instance_t *instance) {
    wasm_value_t values[32];
    size_t count = wasm_results(instance, values, 32);
    for (size_t i = 0; i < count; i++) {
        if (is_nan(&values[i]))
            printf(" nan");
        else
            printf(" %" PRIx64, values[i].bits);
    }
}

/* False: the stack was exhausted, which engines do at different depths. */
static bool call(wasm_instance_t **which, const wasm_export_t *export, uint32_t seed,
                 prng_t *prng) {
    wasm_instance_t *instance = *which;
    const wasm_module_t *module = wasm_instance_module(instance);
    wasm_signature_t type = wasm_function_signature(module, export->index);
    wasm_value_t args[32];
    uint32_t initializer;
    if (wasm_export_find(module, text_of("hangLimitInitializer"), WASM_FUNCTION,
                         &initializer) &&
        wasm_begin(instance, initializer, NULL, 0) == MK_OK)
        (void)run(&instance, prng);
    for (uint32_t i = 0; i < type.param_count && i < 32; i++) {
        args[i].type = (wasm_type_t)type.params[i];
        args[i].bits = argument_of(args[i].type, seed + i);
    }
    log_hash = 2166136261u;
    printf("%.*s(%u)", (int)export->name.size, export->name.bytes, (unsigned)seed);
    int code = wasm_begin(instance, export->index, args, type.param_count);
    if (code != MK_OK) {
        printf(" cannot begin: %s\n", mk_error_name(code));
        *which = instance;
        return true;
    }
    wasm_state_t state = run(&instance, prng);
    *which = instance;
    if (state == WASM_IDLE)
        print_results(instance);
    else
        printf(" trap %s", trap_class(wasm_trap(instance)));
    printf(" log %x\n", (unsigned)log_hash);
    return wasm_trap(instance) != WASM_TRAP_STACK;
}

static void run_module(const char *path, prng_t *prng) {
    static uint8_t bytes[1 << 22];
    wasm_module_t *module;
    wasm_instance_t *instance;
    wasm_error_t error;
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file != NULL) fclose(file);
    printf("module %s\n", path);
    if (wasm_module_load(bytes, size, NULL, &module, &error) != MK_OK ||
        wasm_instance_create(module, &options, &instance, &error) != MK_OK) {
        printf("refused: %s\n", error.text);
        return;
    }
    bool goes_on = true;
    for (uint32_t seed = 0; seed < 3 && goes_on; seed++)
        for (uint32_t i = 0; i < wasm_export_count(module) && goes_on; i++) {
            wasm_export_t export = wasm_export_at(module, i);
            if (export.kind == WASM_FUNCTION &&
                !text_is(export.name, "hangLimitInitializer"))
                goes_on = call(&instance, &export, seed, prng);
        }
    wasm_module_release(module);
    wasm_instance_destroy(instance);
}

int main(int argc, char **argv) {
    prng_t prng;
    prng_init(&prng, 1);
    for (int i = 1; i < argc; i++)
        run_module(argv[i], &prng);
    return 0;
}
