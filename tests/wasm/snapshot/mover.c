/* SPDX-License-Identifier: Apache-2.0 */
/* mover - one half of a call that goes on in another process or on another machine.
 *
 *   mover begin FILE           calls nested(7) of work.wat, which suspends two calls
 * deep in the host, and writes its state mover go FILE              goes on: answers
 * twice and prints the result mover whole                does all of it at once mover
 * same MODULE FILE     restores FILE and writes it again: must be the same */
#include "microkernel/error.h"
#include "wasm/modules.h"
#include "wasm/wasm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static wasm_host_status_t later(wasm_host_call_t *call) {
    (void)call;
    return WASM_HOST_SUSPEND;
}

static const wasm_host_row_t rows[] = {{"env", "ask", "i:i", later, NULL},
                                       {"env", "wide", "iIF:I", later, NULL}};

static void must(bool is_true, const char *what) {
    if (is_true) return;
    fprintf(stderr, "mover: %s failed\n", what);
    exit(1);
}

static wasm_instance_t *create(const void *bytes, size_t size) {
    wasm_module_t *module;
    wasm_instance_t *instance;
    wasm_error_t error;
    wasm_host_table_t table = {rows, 2};
    const wasm_instance_options_t options = {.resolve = wasm_resolve_in_table,
                                             .resolve_arg = &table};
    must(wasm_module_load(bytes, size, NULL, &module, &error) == MK_OK, error.text);
    must(wasm_instance_create(module, &options, &instance, &error) == MK_OK,
         error.text);
    wasm_module_release(module);
    return instance;
}

static void begin(wasm_instance_t *instance) {
    uint32_t index;
    const wasm_value_t arg = {WASM_I32, 7};
    must(wasm_export_find(wasm_instance_module(instance), text_of("nested"),
                          WASM_FUNCTION, &index) &&
             wasm_begin(instance, index, &arg, 1) == MK_OK,
         "begin");
    int64_t fuel = 1000000;
    must(wasm_run(instance, &fuel) == WASM_SUSPENDED, "suspend");
}

static void go_on(wasm_instance_t *instance) {
    wasm_value_t result;
    while (wasm_state(instance) == WASM_SUSPENDED) {
        int64_t fuel = 1000000;
        ++*wasm_suspended_slots(instance);
        wasm_answer(instance);
        (void)wasm_run(instance, &fuel);
    }
    must(wasm_results(instance, &result, 1) == 1, "the result");
    printf("%" PRIu64 "\n", result.bits);
}

static void save(wasm_instance_t *instance, buffer_t *bytes) {
    buffer_init(bytes, 1 << 20);
    must(wasm_snapshot(instance, bytes) == MK_OK, "snapshot");
}

static size_t read_file(const char *path, uint8_t *bytes, size_t cap) {
    FILE *file = fopen(path, "rb");
    must(file != NULL, "opening the file");
    size_t size = fread(bytes, 1, cap, file);
    fclose(file);
    return size;
}

static void restore(wasm_instance_t *instance, const uint8_t *bytes, size_t size) {
    wasm_error_t error;
    must(wasm_restore(instance, bytes, size, &error) == MK_OK, error.text);
}

int main(int argc, char **argv) {
    static uint8_t bytes[65536], module[65536];
    buffer_t state;
    must(argc >= 2, "being told what to do");
    if (strcmp(argv[1], "same") == 0 && argc == 4) {
        wasm_instance_t *instance =
            create(module, read_file(argv[2], module, sizeof module));
        size_t size = read_file(argv[3], bytes, sizeof bytes);
        restore(instance, bytes, size);
        save(instance, &state);
        must(buffer_size(&state) == size &&
                 memcmp(buffer_bytes(&state), bytes, size) == 0,
             "writing the same again");
        return 0;
    }
    wasm_instance_t *instance = create(work_module, sizeof work_module);
    if (strcmp(argv[1], "go") == 0 && argc == 3) {
        restore(instance, bytes, read_file(argv[2], bytes, sizeof bytes));
        go_on(instance);
        return 0;
    }
    begin(instance);
    if (strcmp(argv[1], "begin") == 0 && argc == 3) {
        save(instance, &state);
        FILE *file = fopen(argv[2], "wb");
        must(file != NULL, "opening the file");
        must(fwrite(buffer_bytes(&state), 1, buffer_size(&state), file) ==
                 buffer_size(&state),
             "writing");
        must(fclose(file) == 0, "writing");
    } else {
        go_on(instance);
    }
    return 0;
}
