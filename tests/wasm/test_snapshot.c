/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/crc32.h"
#include "base/prng.h"
#include "wasm/wasm_support.h"

#include <stdlib.h>

static const wasm_instance_options_t plain = {.stack_bytes = 65536};

static wasm_instance_t *work(host_t *host) {
    return link_with(LOAD(work), host, plain);
}

static void take(wasm_instance_t *instance, buffer_t *bytes) {
    buffer_init(bytes, 1 << 20);
    CHECK_EQ(wasm_snapshot(instance, bytes), MK_OK);
}

/* The same state in an instance of a module that was loaded anew, and so has its code
 * in other places. The old instance is gone. */
static wasm_instance_t *move(wasm_instance_t *instance, host_t *host) {
    buffer_t bytes;
    wasm_error_t error;
    take(instance, &bytes);
    wasm_instance_destroy(instance);
    instance = work(host);
    int code =
        wasm_restore(instance, buffer_bytes(&bytes), buffer_size(&bytes), &error);
    CHECK_STR(error.text, "");
    CHECK_EQ(code, MK_OK);
    buffer_deinit(&bytes);
    return instance;
}

/* A second snapshot says the same. */
static void check_stable(wasm_instance_t *instance, host_t *host) {
    buffer_t first, second;
    wasm_error_t error;
    take(instance, &first);
    wasm_instance_t *copy = work(host);
    CHECK_EQ(wasm_restore(copy, buffer_bytes(&first), buffer_size(&first), &error),
             MK_OK);
    take(copy, &second);
    CHECK_EQ(buffer_size(&first), buffer_size(&second));
    CHECK_MEM(buffer_bytes(&second), buffer_bytes(&first), buffer_size(&first));
    wasm_instance_destroy(copy);
    buffer_deinit(&first);
    buffer_deinit(&second);
}

TEST(state_moves_at_every_stop) {
    static const struct {
        const char *name;
        uint32_t argument;
        int64_t slice;
    } rows[] = {{"fib", 10, 20},  {"sum", 100, 30},  {"bulk", 20000, 200},
                {"even", 101, 9}, {"depth", 40, 15}, {"fib", 5, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        host_t host = {0};
        wasm_instance_t *instance = work(&host);
        uint64_t want = call(instance, rows[i].name, 1, rows[i].argument, 0);
        begin(instance, rows[i].name, 1, rows[i].argument, 0);
        unsigned moves = 0;
        for (;; moves++) {
            instance = move(instance, &host);
            int64_t fuel = rows[i].slice;
            wasm_state_t state = wasm_run(instance, &fuel);
            if (state != WASM_RUNNABLE) break;
        }
        CHECK_EQ(wasm_state(instance), WASM_IDLE);
        CHECK_EQ(only_result(instance), want);
        CHECK(moves > 5);
        wasm_instance_destroy(instance);
    }
}

TEST(suspended_call_moves_before_and_after_its_answer) {
    host_t host = {0};
    wasm_instance_t *instance = work(&host);
    uint64_t want = call(instance, "nested", 1, 7, 0);
    host.suspends = true;
    begin(instance, "nested", 1, 7, 0);
    for (uint32_t ask = 0; ask < 2; ask++) {
        int64_t fuel = 1000000;
        CHECK_EQ(wasm_run(instance, &fuel), WASM_SUSPENDED);
        check_stable(instance, &host);
        instance = move(instance, &host);
        CHECK_EQ(wasm_state(instance), WASM_SUSPENDED);
        CHECK_EQ(wasm_backtrace(instance, NULL, 0), 3);
        CHECK_EQ(wasm_suspended_slots(instance)[0], (7 + ask) * 10);
        wasm_suspended_slots(instance)[0] = (7 + ask) * 10 + 1;
        wasm_answer(instance);
        instance = move(instance, &host);
        CHECK_EQ(wasm_state(instance), WASM_RUNNABLE);
    }
    CHECK_EQ(run_all(instance), WASM_IDLE);
    CHECK_EQ(only_result(instance), want);
    wasm_instance_destroy(instance);
}

TEST(import_called_by_the_host_moves_too) {
    host_t host = {.suspends = true};
    wasm_instance_t *instance = work(&host);
    const wasm_value_t arg = i32(5);
    CHECK_EQ(wasm_begin(instance, 0, &arg, 1), MK_OK);
    instance = move(instance, &host);
    CHECK_EQ(run_all(instance), WASM_SUSPENDED);
    CHECK_EQ(host.last, 5);
    instance = move(instance, &host);
    CHECK_EQ(wasm_suspended_slots(instance)[0], 5);
    wasm_suspended_slots(instance)[0] = 9;
    wasm_answer(instance);
    instance = move(instance, &host);
    CHECK_EQ(run_all(instance), WASM_IDLE);
    CHECK_EQ(only_result(instance), 9);
    wasm_instance_destroy(instance);
}

TEST(memory_globals_and_tables_move) {
    host_t host = {0};
    wasm_instance_t *instance = work(&host);
    CHECK_EQ(call(instance, "grow", 1, 2, 0), 1);
    begin(instance, "store", 2, 2 * 65536 + 5, 0xCAFE);
    CHECK_EQ(run_all(instance), WASM_IDLE);
    begin(instance, "store", 2, 16, 0); /* over the data segment */
    CHECK_EQ(run_all(instance), WASM_IDLE);
    CHECK_EQ(call(instance, "bump", 0, 0, 0), 8);
    instance = move(instance, &host);
    CHECK_EQ(wasm_memory_pages(instance, 0), 3);
    CHECK_EQ(call(instance, "load", 1, 2 * 65536 + 5, 0), 0xCAFE);
    CHECK_EQ(call(instance, "load", 1, 16, 0), 0);
    CHECK_EQ(call(instance, "bump", 0, 0, 0), 9);
    CHECK_EQ(call(instance, "indirect", 2, 1, 5), 25);
    CHECK_EQ(trap_of(instance, "indirect", 2, 3, 5), WASM_TRAP_NULL_ELEMENT);
    buffer_t bytes;
    buffer_init(&bytes, 100);
    CHECK_EQ(wasm_snapshot(instance, &bytes), MK_ESTATE); /* it trapped */
    wasm_cancel(instance);
    CHECK_EQ(wasm_snapshot(instance, &bytes), MK_EFULL);
    buffer_deinit(&bytes);
    wasm_instance_destroy(instance);
}

static int restore(const uint8_t *bytes, size_t size, wasm_error_t *error) {
    host_t host = {0};
    wasm_instance_t *instance = work(&host);
    int code = wasm_restore(instance, bytes, size, error);
    CHECK_EQ(error->code, code);
    if (code == MK_OK) {
        if (wasm_state(instance) == WASM_SUSPENDED) wasm_answer(instance);
        int64_t fuel = 10000;
        (void)wasm_run(instance, &fuel);
        wasm_cancel(instance);
    }
    wasm_instance_destroy(instance);
    return code;
}

static void suspended_snapshot(buffer_t *bytes) {
    host_t host = {.suspends = true};
    wasm_instance_t *instance = work(&host);
    begin(instance, "nested", 1, 7, 0);
    CHECK_EQ(run_all(instance), WASM_SUSPENDED);
    take(instance, bytes);
    wasm_instance_destroy(instance);
}

TEST(damaged_snapshots_are_refused) {
    buffer_t bytes;
    wasm_error_t error;
    suspended_snapshot(&bytes);
    size_t size = buffer_size(&bytes);
    uint8_t *bent = malloc(size);
    CHECK(bent != NULL);
    memcpy(bent, buffer_bytes(&bytes), size);
    CHECK_EQ(restore(bent, size, &error), MK_OK);
    CHECK_EQ(restore(bent, 3, &error), MK_EBADMSG);
    CHECK_STR(error.text, "this is no snapshot");
    CHECK_EQ(restore(bent, size - 1, &error), MK_EBADMSG);
    CHECK_STR(error.text, "the snapshot is damaged");
    for (size_t at = 0; at < size; at += 7) {
        bent[at] ^= 0x10;
        CHECK_EQ(restore(bent, size, &error), MK_EBADMSG);
        bent[at] ^= 0x10;
    }
    free(bent);
    buffer_deinit(&bytes);
}

/* The checksum is no protection against who can compute it. */
TEST(forged_snapshots_do_no_harm) {
    buffer_t bytes;
    wasm_error_t error;
    prng_t prng;
    prng_init(&prng, 5);
    suspended_snapshot(&bytes);
    size_t size = buffer_size(&bytes);
    uint8_t *bent = malloc(size);
    CHECK(bent != NULL);
    unsigned accepted = 0;
    for (unsigned round = 0; round < 6000; round++) {
        size_t cut = round % 3 == 0 ? (size_t)prng_below(&prng, size - 40) + 36 : size;
        memcpy(bent, buffer_bytes(&bytes), size);
        for (unsigned i = 0; i <= round % 4; i++)
            bent[28 + prng_below(&prng, cut - 32)] =
                (uint8_t)(prng_next(&prng) >> (round % 2 == 0 ? 0 : 6) & 0xFF);
        uint32_t crc = crc32_add(0, bent, cut - 4);
        for (unsigned i = 0; i < 4; i++)
            bent[cut - 4 + i] = (uint8_t)(crc >> 8 * i);
        if (restore(bent, cut, &error) == MK_OK) accepted++;
    }
    CHECK(accepted > 100);
    free(bent);
    buffer_deinit(&bytes);
}

TEST(snapshot_of_another_module_or_version_is_refused) {
    buffer_t bytes;
    wasm_error_t error;
    suspended_snapshot(&bytes);
    wasm_instance_t *other = link_with(LOAD(provider), NULL, plain);
    CHECK_EQ(wasm_restore(other, buffer_bytes(&bytes), buffer_size(&bytes), &error),
             MK_EINVAL);
    CHECK_STR(error.text, "the snapshot is of another module");
    wasm_instance_destroy(other);
    size_t size = buffer_size(&bytes);
    uint8_t *later = malloc(size);
    CHECK(later != NULL);
    memcpy(later, buffer_bytes(&bytes), size);
    later[4] = 2;
    uint32_t crc = crc32_add(0, later, size - 4);
    for (unsigned i = 0; i < 4; i++)
        later[size - 4 + i] = (uint8_t)(crc >> 8 * i);
    CHECK_EQ(restore(later, size, &error), MK_ENOTSUP);
    free(later);
    host_t host = {0};
    wasm_instance_t *small =
        link_with(LOAD(work), &host, (wasm_instance_options_t){.stack_bytes = 40});
    CHECK_EQ(wasm_restore(small, buffer_bytes(&bytes), size, &error), MK_ELIMIT);
    wasm_instance_destroy(small);
    buffer_deinit(&bytes);
}

static void move_failing(void *arg) {
    const buffer_t *bytes = arg;
    host_t host = {.suspends = true};
    wasm_module_t *module;
    wasm_instance_t *instance;
    wasm_error_t error;
    if (wasm_module_load(work_module, sizeof work_module, NULL, &module, &error) !=
        MK_OK)
        return;
    const wasm_instance_options_t options = {
        .resolve = wasm_resolve_in_table, .resolve_arg = &host_table, .user = &host};
    int code = wasm_instance_create(module, &options, &instance, &error);
    wasm_module_release(module);
    if (code != MK_OK) return;
    code = wasm_restore(instance, buffer_bytes(bytes), buffer_size(bytes), &error);
    if (code == MK_OK) {
        buffer_t again;
        buffer_init(&again, 1 << 20);
        code = wasm_snapshot(instance, &again);
        if (code == MK_OK)
            CHECK_EQ(buffer_size(&again), buffer_size(bytes));
        else
            CHECK_EQ(code, MK_ENOMEM);
        buffer_deinit(&again);
    } else {
        CHECK_EQ(code, MK_ENOMEM);
    }
    wasm_instance_destroy(instance);
}

TEST(every_allocation_of_moving_may_fail) {
    buffer_t bytes;
    suspended_snapshot(&bytes);
    test_each_alloc_failure(move_failing, &bytes);
    buffer_deinit(&bytes);
}

TEST_TABLE(snapshot, TEST_ROW(state_moves_at_every_stop),
           TEST_ROW(suspended_call_moves_before_and_after_its_answer),
           TEST_ROW(import_called_by_the_host_moves_too),
           TEST_ROW(memory_globals_and_tables_move),
           TEST_ROW(damaged_snapshots_are_refused),
           TEST_ROW(forged_snapshots_do_no_harm),
           TEST_ROW(snapshot_of_another_module_or_version_is_refused),
           TEST_ROW(every_allocation_of_moving_may_fail))
