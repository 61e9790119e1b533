/* SPDX-License-Identifier: Apache-2.0 */
/* driver.c - the wasm engine against native code on the same workloads.
 *
 *   driver FOLDER [--tsv] [--quick]     every line; FOLDER has <name>.wasm, <name>.so
 *   driver FOLDER --once SIDE NAME N    one run of one workload, for cachegrind
 *
 * N of 0 does everything but the work. SIDE is ours, native, or answered: ours with
 * every call of the host answered from outside.
 *
 * Both sides return a checksum, which must agree. Rounds alternate, in fresh processes
 * on one core; the best of each counts. Time is processor time. */
#include "../measure.h"
#include "lines.h"
#include "microkernel/error.h"
#include "wasm/wasm.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5 };

typedef struct {
    const char *name;
    int32_t count; /* what run() is called with */
} row_t;

static const row_t rows[] = {
    {"fib", 27},        {"sha256", 1},    {"coremix", 400}, {"matmul", 2},
    {"mandel", 120},    {"json", 30},     {"hash64", 600},  {"memcopy", 400},
    {"sieve", 16},      {"brtable", 100}, {"icall", 500},   {"qsort", 6},
    {"hostcall", 1500}, {"bulk", 100},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static const char *folder;
static const row_t *current;      /* the workload being measured */
static int64_t checksum;          /* of the run in this process */
static int64_t wanted[ROW_COUNT]; /* what the native code gave */

/* --- the two sides ---------------------------------------------------------------- */

/* Imported by the native workload too. */
int32_t host_add(int32_t a);
__attribute__((noinline, visibility("default"))) int32_t host_add(int32_t a) {
    return a + 1;
}

static wasm_host_status_t host_add_wasm(wasm_host_call_t *call) {
    call->slots[0] = (uint32_t)host_add((int32_t)call->slots[0]);
    return WASM_HOST_DONE;
}
static wasm_host_status_t host_later(wasm_host_call_t *call) {
    (void)call;
    return WASM_HOST_SUSPEND;
}
static const wasm_host_row_t host_rows[] = {
    {"env", "host_add", "i:i", host_add_wasm, NULL}};
static const wasm_host_row_t later_rows[] = {
    {"env", "host_add", "i:i", host_later, NULL}};

static uint8_t *read_module(const char *name, size_t *size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.wasm", folder, name);
    FILE *file = fopen(path, "rb");
    must(file != NULL, "opening a module");
    uint8_t *bytes = malloc(1 << 20);
    must(bytes != NULL, "memory");
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static wasm_instance_t *instantiate(const char *name, const wasm_host_row_t *host) {
    size_t size;
    uint8_t *bytes = read_module(name, &size);
    wasm_module_t *module;
    wasm_instance_t *instance;
    wasm_error_t error;
    must(wasm_module_load(bytes, size, NULL, &module, &error) == MK_OK, "loading");
    wasm_host_table_t table = {host, 1};
    const wasm_instance_options_t options = {.resolve = wasm_resolve_in_table,
                                             .resolve_arg = &table};
    must(wasm_instance_create(module, &options, &instance, &error) == MK_OK, "linking");
    wasm_module_release(module);
    free(bytes);
    return instance;
}

static void begin_run(wasm_instance_t *instance, int32_t count) {
    uint32_t index;
    const wasm_value_t arg = {WASM_I32, (uint32_t)count};
    must(wasm_export_find(wasm_instance_module(instance), text_of("run"), WASM_FUNCTION,
                          &index) &&
             wasm_begin(instance, index, &arg, 1) == MK_OK,
         "calling run");
}

/* As an actor would run: in slices. */
static int64_t run_wasm(wasm_instance_t *instance, int32_t count) {
    wasm_value_t result;
    wasm_state_t state;
    begin_run(instance, count);
    do {
        int64_t fuel = 1000000;
        state = wasm_run(instance, &fuel);
    } while (state == WASM_RUNNABLE);
    must(state == WASM_IDLE && wasm_results(instance, &result, 1) == 1, "running");
    return (int64_t)result.bits;
}

typedef int64_t (*run_fn)(int32_t);

static run_fn load_native(const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.so", folder, name);
    void *library = dlopen(path, RTLD_NOW);
    must(library != NULL, "dlopen");
    run_fn run;
    void *symbol = dlsym(library, "run");
    must(symbol != NULL, "dlsym");
    memcpy(&run, &symbol, sizeof run);
    return run;
}

static int32_t scaled(uint64_t count) {
    return count != 0 ? (int32_t)count : 1;
}

static double measure_ours(uint64_t count) {
    wasm_instance_t *instance = instantiate(current->name, host_rows);
    double began = cpu_seconds();
    checksum = run_wasm(instance, scaled(count));
    double spent = cpu_seconds() - began;
    must(checksum == wanted[current - rows], "agreeing with native code");
    return spent;
}

static double measure_native(uint64_t count) {
    run_fn run = load_native(current->name);
    double began = cpu_seconds();
    checksum = run(scaled(count));
    return cpu_seconds() - began;
}

/* --- single costs ----------------------------------------------------------------- */

static double measure_load(uint64_t count) {
    size_t size;
    uint8_t *bytes = read_module(current->name, &size);
    const wasm_load_options_t options = {WASM_ALL_FEATURES, true, true};
    double began = cpu_seconds();
    for (uint64_t i = 0; i < count; i++) {
        wasm_module_t *module;
        wasm_error_t error;
        must(wasm_module_load(bytes, size, &options, &module, &error) == MK_OK, "load");
        wasm_module_release(module);
    }
    return (cpu_seconds() - began) / (double)count / ((double)size / 1024) * 1e6;
}

static double measure_code(uint64_t count) {
    size_t size;
    uint8_t *bytes = read_module(current->name, &size);
    const wasm_load_options_t options = {WASM_ALL_FEATURES, true, true};
    wasm_module_t *module;
    wasm_error_t error;
    (void)count;
    must(wasm_module_load(bytes, size, &options, &module, &error) == MK_OK, "load");
    return (double)wasm_module_sizes(module).code_bytes;
}

/* Of the bodies, data and names not counted. */
static double code_section_bytes(const char *name) {
    size_t size;
    uint8_t *bytes = read_module(name, &size);
    for (size_t at = 8; at < size;) {
        uint8_t id = bytes[at++];
        uint32_t length = 0;
        for (unsigned shift = 0;; shift += 7) {
            length |= (uint32_t)(bytes[at] & 0x7F) << shift;
            if ((bytes[at++] & 0x80) == 0) break;
        }
        if (id == 10) {
            free(bytes);
            return (double)length;
        }
        at += length;
    }
    give_up("finding the code section");
}

static double measure_instantiate(uint64_t count) {
    wasm_instance_t *first = instantiate("hostcall", host_rows);
    wasm_module_t *module = wasm_instance_module(first);
    wasm_host_table_t table = {host_rows, 1};
    const wasm_instance_options_t options = {.resolve = wasm_resolve_in_table,
                                             .resolve_arg = &table};
    double began = cpu_seconds();
    for (uint64_t i = 0; i < count; i++) {
        wasm_instance_t *instance;
        wasm_error_t error;
        must(wasm_instance_create(module, &options, &instance, &error) == MK_OK,
             "link");
        wasm_instance_destroy(instance);
    }
    return (cpu_seconds() - began) / (double)count * 1e9;
}

/* A call of an import in a loop, and the loop. */
static double measure_host_call(uint64_t count) {
    wasm_instance_t *instance = instantiate("hostcall", host_rows);
    double began = cpu_seconds();
    (void)run_wasm(instance, (int32_t)(count / 1000));
    return (cpu_seconds() - began) / (double)count * 1e9;
}

static void run_answered(wasm_instance_t *instance, int32_t count) {
    begin_run(instance, count);
    int64_t fuel = INT64_MAX;
    while (wasm_run(instance, &fuel) == WASM_SUSPENDED) {
        wasm_suspended_slots(instance)[0]++;
        wasm_answer(instance);
    }
    must(wasm_state(instance) == WASM_IDLE, "answering");
}

/* The same call, answered from outside each time. */
static double measure_suspend(uint64_t count) {
    wasm_instance_t *instance = instantiate("hostcall", later_rows);
    double began = cpu_seconds();
    run_answered(instance, (int32_t)(count / 1000));
    return (cpu_seconds() - began) / (double)count * 1e9;
}

static double measure_bytes(uint64_t count) {
    (void)count;
    return (double)wasm_instance_size(instantiate("fib", host_rows));
}

/* --- lines ------------------------------------------------------------------------ */

static double best_of(workload_fn workload, uint64_t count) {
    double best = INFINITY;
    for (unsigned i = 0; i < (lines_are_quick ? 1 : ROUNDS); i++) {
        double value;
        must(measure_fresh(workload, count, &value), "measuring");
        if (value < best) best = value;
    }
    return best;
}

static void report_workloads(void) {
    double sum = 0;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        double ours = INFINITY, native = INFINITY, value;
        uint64_t count = lines_are_quick ? (uint64_t)(rows[i].count + 99) / 100
                                         : (uint64_t)rows[i].count;
        current = &rows[i];
        wanted[i] = load_native(current->name)(scaled(count));
        for (unsigned round = 0; round < (lines_are_quick ? 1 : ROUNDS); round++) {
            must(measure_fresh(measure_native, count, &value), "measuring");
            if (value < native) native = value;
            must(measure_fresh(measure_ours, count, &value), "measuring");
            if (value < ours) ours = value;
        }
        line_print(current->name, ours * 1e3, "ms", native * 1e3, -1);
        sum += log(ours / native);
    }
    line_print("geomean", exp(sum / ROW_COUNT), "x", 9.5, 9.5);
}

static void report_costs(void) {
    uint64_t scale = lines_are_quick ? 1 : 100;
    double code = 0, bodies = 0, value;
    current = &rows[5]; /* json: the largest */
    line_print("load", best_of(measure_load, 50 * scale), "us/KB", 15, 15);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        current = &rows[i];
        must(measure_fresh(measure_code, 1, &value), "measuring");
        code += value;
        bodies += code_section_bytes(current->name);
    }
    line_print("code", code / bodies, "B/B", 2, 2);
    line_print("instantiate", best_of(measure_instantiate, 1000 * scale), "ns", 0,
               1000);
    line_print("host_call", best_of(measure_host_call, 50000 * scale), "ns", 12, 12);
    line_print("suspend", best_of(measure_suspend, 50000 * scale), "ns", 15, 15);
    line_print("instance", best_of(measure_bytes, 1), "B", 512, 512);
}

static int run_once(const char *side, const char *name, int32_t count) {
    bool is_ours = strcmp(side, "ours") == 0;
    if (is_ours) {
        wasm_instance_t *instance = instantiate(name, host_rows);
        if (count > 0) checksum = run_wasm(instance, count);
    } else if (strcmp(side, "answered") == 0) {
        wasm_instance_t *instance = instantiate(name, later_rows);
        if (count > 0) run_answered(instance, count);
    } else {
        run_fn run = load_native(name);
        if (count > 0) checksum = run(count);
    }
    printf("%lld\n", (long long)checksum);
    return 0;
}

int main(int argc, char **argv) {
    must(argc >= 2, "being told the folder");
    folder = argv[1];
    if (argc == 6 && strcmp(argv[2], "--once") == 0)
        return run_once(argv[3], argv[4], (int32_t)strtol(argv[5], NULL, 10));
    for (int i = 2; i < argc; i++)
        lines_take_option(argv[i]);
    report_workloads();
    report_costs();
    return 0;
}
