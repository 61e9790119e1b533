/* SPDX-License-Identifier: Apache-2.0 */
/* mover - a counter actor (modules/counter.wat) that goes on in another process or on
 * another machine.
 *
 *   mover whole              gives it all its messages and prints what it sends
 *   mover begin FILE         the first messages; then it waits three calls deep, and
 *                            its state is written
 *   mover go FILE            goes on from there with the others
 *   mover again FILE OTHER   reads FILE and writes what it read to OTHER
 *   mover same MODULE FILE   reads FILE, a state of MODULE, and writes it again: must
 * be the same
 *
 * Here is the engine alone; what wasm_actor does for an actor that receives and sends
 * is a few lines below. */
#include "mover.h"

#include "microkernel/error.h"
#include "wasm/modules.h"
#include "wasm/wasm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 9, BEFORE = 4, SENDER = 0x1234 }; /* of the messages, before the move */

static const uint32_t messages[] = {5, 4000000000u, 7, 11, 13, 1, 999, 17, 0};
enum { MESSAGES = sizeof messages / sizeof messages[0] };

static void must(bool is_true, const char *what) {
    if (is_true) return;
    printf("mover: %s failed\n", what);
    exit(1);
}

static wasm_host_status_t receive(wasm_host_call_t *call) {
    (void)call;
    return WASM_HOST_SUSPEND;
}

static wasm_host_status_t send(wasm_host_call_t *call) {
    must(wasm_slot_u64(call->slots) == SENDER, "the address of an answer");
    printf("%" PRIu32 ": %" PRIu32 "\n", call->slots[2], call->slots[3]);
    call->slots[0] = 0;
    return WASM_HOST_DONE;
}

static const wasm_host_row_t rows[] = {
    {"env", "mk_recv_full", "iiiii:i", receive, NULL},
    {"env", "mk_send_u32", "Iii:i", send, NULL}};

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

static void put_number(wasm_instance_t *instance, uint32_t address, uint64_t value,
                       uint32_t size) {
    uint8_t *at = wasm_memory_at(instance, 0, address, size);
    must(at != NULL, "writing to its memory");
    for (uint32_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void run(wasm_instance_t *instance) {
    int64_t fuel = 1000000;
    (void)wasm_run(instance, &fuel);
}

static void begin(wasm_instance_t *instance) {
    uint32_t index;
    const wasm_value_t args[] = {
        {WASM_I32, FIRST}, {WASM_I64, SENDER}, {WASM_I32, 0}, {WASM_I32, 0}};
    must(wasm_export_find(wasm_instance_module(instance), text_of("handle_message"),
                          WASM_FUNCTION, &index) &&
             wasm_begin(instance, index, args, 4) == MK_OK,
         "begin");
    run(instance);
}

/* The messages from `first` to `end`. */
static void deliver(wasm_instance_t *instance, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        must(wasm_state(instance) == WASM_SUSPENDED, "waiting");
        must(wasm_backtrace(instance, NULL, 0) == 3, "waiting three calls deep");
        uint32_t *slots = wasm_suspended_slots(instance);
        put_number(instance, slots[0], messages[i], 4);
        put_number(instance, slots[3], 0, 4);
        put_number(instance, slots[4], SENDER, 8);
        slots[0] = 0;
        wasm_answer(instance);
        run(instance);
    }
}

static void end(wasm_instance_t *instance) {
    wasm_value_t result;
    must(wasm_results(instance, &result, 1) == 1 && result.bits == 1, "the end");
}

static void restore(wasm_instance_t *instance, const uint8_t *bytes, size_t size) {
    wasm_error_t error;
    must(wasm_restore(instance, bytes, size, &error) == MK_OK, error.text);
}

static void save(wasm_instance_t *instance, const char *path) {
    buffer_t state;
    buffer_init(&state, 1 << 20);
    must(wasm_snapshot(instance, &state) == MK_OK, "snapshot");
    must(mover_write(path, buffer_bytes(&state), buffer_size(&state)), "writing");
    buffer_deinit(&state);
}

static int check_same(const char *module_path, const char *path) {
    static uint8_t bytes[4096], module[4096];
    buffer_t state;
    wasm_instance_t *instance =
        create(module, mover_read(module_path, module, sizeof module));
    size_t size = mover_read(path, bytes, sizeof bytes);
    restore(instance, bytes, size);
    buffer_init(&state, 1 << 20);
    must(wasm_snapshot(instance, &state) == MK_OK, "snapshot");
    must(buffer_size(&state) == size && memcmp(buffer_bytes(&state), bytes, size) == 0,
         "writing the same again");
    buffer_deinit(&state);
    wasm_instance_destroy(instance);
    return 0;
}

int mover_run(int argc, char **argv) {
    static uint8_t bytes[4096];
    must(argc >= 2, "being told what to do");
    const char *what = argv[1];
    if (strcmp(what, "same") == 0 && argc == 4) return check_same(argv[2], argv[3]);
    wasm_instance_t *instance = create(counter_module, sizeof counter_module);
    if (strcmp(what, "whole") == 0) {
        begin(instance);
        deliver(instance, 0, MESSAGES);
        end(instance);
    } else if (strcmp(what, "begin") == 0 && argc == 3) {
        begin(instance);
        deliver(instance, 0, BEFORE);
        save(instance, argv[2]);
    } else {
        must(argc >= 3, "being told which file");
        restore(instance, bytes, mover_read(argv[2], bytes, sizeof bytes));
        if (argc == 4) {
            save(instance, argv[3]);
        } else {
            deliver(instance, BEFORE, MESSAGES);
            end(instance);
        }
    }
    wasm_instance_destroy(instance);
    return 0;
}
