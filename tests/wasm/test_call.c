/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "wasm/wasm_support.h"

static wasm_instance_t *work(host_t *host) {
    return link_with(LOAD(work), host, (wasm_instance_options_t){0});
}

TEST(call_gives_results_of_every_type) {
    host_t host = {0};
    wasm_instance_t *instance = work(&host);
    CHECK_EQ(call(instance, "fib", 1, 20, 0), 6765);
    const wasm_value_t args[] = {
        i32(0xFFFFFFFE), {WASM_I64, 0x8000000000000001u}, {WASM_F32, 0x40490FDB}};
    CHECK_EQ(wasm_begin(instance, function_of(instance, "swap"), args, 3), MK_OK);
    CHECK_EQ(run_all(instance), WASM_IDLE);
    wasm_value_t results[3];
    CHECK_EQ(wasm_results(instance, results, 3), 3);
    CHECK_EQ(results[0].type, WASM_F32);
    CHECK_EQ(results[0].bits, 0x40490FDB);
    CHECK_EQ(results[1].bits, 0x8000000000000001u);
    CHECK_EQ(results[2].bits, 0xFFFFFFFE);
    CHECK_EQ(wasm_results(instance, results, 1), 3); /* fewer may be asked for */
    wasm_instance_destroy(instance);
}

TEST(call_refuses_what_does_not_fit) {
    host_t host = {0};
    wasm_instance_t *instance = work(&host);
    uint32_t fib = function_of(instance, "fib");
    wasm_value_t value = i32(1);
    CHECK_EQ(wasm_begin(instance, 10000, &value, 1), MK_ENOENT);
    CHECK_EQ(wasm_begin(instance, fib, &value, 0), MK_EINVAL);
    value.type = WASM_I64;
    CHECK_EQ(wasm_begin(instance, fib, &value, 1), MK_EINVAL);
    value = (wasm_value_t){WASM_I32, UINT64_C(1) << 32};
    CHECK_EQ(wasm_begin(instance, fib, &value, 1), MK_EINVAL);
    CHECK_EQ(wasm_state(instance), WASM_IDLE);
    value = i32(3);
    CHECK_EQ(wasm_begin(instance, fib, &value, 1), MK_OK);
    CHECK_EQ(wasm_begin(instance, fib, &value, 1), MK_ESTATE);
    wasm_cancel(instance);
    CHECK_EQ(wasm_state(instance), WASM_IDLE);
    CHECK_EQ(wasm_results(instance, &value, 1), 0);
    CHECK_EQ(call(instance, "fib", 1, 3, 0), 2);
    CHECK_EQ(wasm_begin_start(instance), MK_EEND);
    wasm_instance_destroy(instance);
}

/* --- fuel ------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    uint32_t argument;
} work_row_t;
static const work_row_t work_rows[] = {
    {"fib", 15}, {"sum", 3000}, {"bulk", 40000}, {"even", 2001}, {"depth", 300}};

/* Run in slices of random size; all fuel used. */
static int64_t run_in_slices(wasm_instance_t *instance, prng_t *prng, int64_t most) {
    int64_t used = 0;
    for (unsigned slices = 0;; slices++) {
        int64_t slice = prng_between(prng, 0, most);
        int64_t fuel = slice;
        wasm_state_t state = wasm_run(instance, &fuel);
        used += slice - fuel;
        if (state != WASM_RUNNABLE) {
            CHECK_EQ(state, WASM_IDLE);
            CHECK(slices > 3);
            return used;
        }
        CHECK(fuel < 0); /* it stops for nothing else */
    }
}

TEST(fuel_portions_change_neither_results_nor_cost) {
    prng_t prng;
    prng_init(&prng, 20261124);
    for (size_t i = 0; i < sizeof work_rows / sizeof work_rows[0]; i++) {
        const work_row_t *row = &work_rows[i];
        host_t host = {0};
        wasm_instance_t *instance = work(&host);
        begin(instance, row->name, 1, row->argument, 0);
        int64_t fuel = 100000000;
        CHECK_EQ(wasm_run(instance, &fuel), WASM_IDLE);
        uint64_t want = only_result(instance);
        int64_t cost = 100000000 - fuel;
        CHECK(cost > 100);
        for (int64_t most = 1; most < cost / 8; most *= 3) {
            begin(instance, row->name, 1, row->argument, 0);
            CHECK_EQ(run_in_slices(instance, &prng, most), cost);
            CHECK_EQ(only_result(instance), want);
        }
        wasm_instance_destroy(instance);
    }
}

TEST(fuel_stops_an_endless_loop) {
    host_t host = {0};
    wasm_instance_t *instance = work(&host);
    begin(instance, "forever", 0, 0, 0);
    for (int i = 0; i < 100; i++) {
        int64_t fuel = 1000;
        CHECK_EQ(wasm_run(instance, &fuel), WASM_RUNNABLE);
        CHECK(fuel < 0 && fuel > -1000);
    }
    wasm_cancel(instance);
    CHECK_EQ(call(instance, "bump", 0, 0, 0), 8);
    wasm_instance_destroy(instance);
}

/* --- suspension ------------------------------------------------------------------- */

static uint64_t nested_by_hand(uint32_t x) {
    uint64_t keep = 0x123456789ABCDEF;
    uint64_t first = (1000 + (uint64_t)(x * 10 + 1)) ^ keep;
    uint64_t second = (1000 + (uint64_t)((x + 1) * 10 + 1)) ^ keep;
    return first + 3 * second;
}

TEST(host_call_suspends_in_nested_calls_and_goes_on) {
    host_t host = {0};
    wasm_instance_t *instance = work(&host);
    CHECK_EQ(call(instance, "nested", 1, 7, 0), nested_by_hand(7));
    host.suspends = true;
    begin(instance, "nested", 1, 7, 0);
    CHECK(wasm_suspended_slots(instance) == NULL);
    for (uint32_t ask = 0; ask < 2; ask++) {
        CHECK_EQ(run_all(instance), WASM_SUSPENDED);
        CHECK_EQ(host.last, (7 + ask) * 10);
        CHECK_EQ(run_all(instance), WASM_SUSPENDED); /* nothing happens unanswered */
        wasm_frame_t frames[8];
        CHECK_EQ(wasm_backtrace(instance, frames, 8), 3);
        CHECK_EQ(frames[2].function, function_of(instance, "nested"));
        text_t inner = wasm_function_name(frames[0].module, frames[0].function);
        CHECK(text_is(inner, "inner"));
        uint32_t *slots = wasm_suspended_slots(instance);
        CHECK(slots != NULL);
        CHECK_EQ(slots[0], (7 + ask) * 10); /* the parameter is still there */
        slots[0] = host.last + 1;
        wasm_answer(instance);
    }
    CHECK_EQ(run_all(instance), WASM_IDLE);
    CHECK_EQ(only_result(instance), nested_by_hand(7));
    CHECK_EQ(host.calls, 4);
    wasm_instance_destroy(instance);
}

TEST(host_call_suspends_when_the_host_called_it_itself) {
    host_t host = {.suspends = true};
    wasm_instance_t *instance = work(&host);
    const wasm_value_t arg = i32(5);
    CHECK_EQ(wasm_begin(instance, 0, &arg, 1), MK_OK); /* the import */
    CHECK_EQ(run_all(instance), WASM_SUSPENDED);
    wasm_suspended_slots(instance)[0] = 77;
    wasm_answer(instance);
    CHECK_EQ(run_all(instance), WASM_IDLE);
    CHECK_EQ(only_result(instance), 77);
    begin(instance, "tail_ask", 1, 6, 0);
    CHECK_EQ(run_all(instance), WASM_SUSPENDED);
    wasm_suspended_slots(instance)[0] = 78;
    wasm_answer(instance);
    CHECK_EQ(run_all(instance), WASM_IDLE);
    CHECK_EQ(only_result(instance), 78);
    wasm_instance_destroy(instance);
}

TEST(host_call_may_fail_at_once_or_later) {
    host_t host = {.traps = true};
    wasm_instance_t *instance = work(&host);
    CHECK_EQ(trap_of(instance, "nested", 1, 1, 0), WASM_TRAP_HOST);
    CHECK_STR(wasm_trap_text(instance), "the host does not like this");
    CHECK_EQ(wasm_backtrace(instance, NULL, 0), 3);
    host = (host_t){.suspends = true};
    begin(instance, "nested", 1, 1, 0);
    CHECK_EQ(run_all(instance), WASM_SUSPENDED);
    wasm_answer_trap(instance, "gone");
    CHECK_EQ(wasm_state(instance), WASM_TRAPPED);
    CHECK_STR(wasm_trap_text(instance), "gone");
    CHECK_EQ(run_all(instance), WASM_TRAPPED);
    wasm_instance_destroy(instance);
}

TEST(host_call_passes_wide_values_low_half_first) {
    host_t host = {0};
    wasm_instance_t *instance = work(&host);
    CHECK_EQ(call(instance, "mixed", 0, 0, 0), (uint64_t)-14);
    CHECK_EQ(host.last, 5);
    CHECK_EQ(host.wide[0], (uint64_t)-9);
    CHECK_EQ(host.wide[1], 0x4004000000000000u); /* 2.5 */
    wasm_instance_destroy(instance);
}

static wasm_host_status_t host_disturbs(wasm_host_call_t *call) {
    int64_t fuel = 1000;
    wasm_value_t arg = i32(1);
    CHECK_EQ(wasm_begin(call->instance, 2, &arg, 1), MK_ESTATE);
    (void)wasm_run(call->instance, &fuel);
    CHECK_EQ(fuel, 1000);                                       /* nothing ran */
    CHECK(wasm_memory_at(call->instance, 0, 60000, 4) != NULL); /* moves the memory */
    call->slots[0] = 1;
    return WASM_HOST_DONE;
}

TEST(host_call_cannot_run_its_own_instance) {
    static const wasm_host_row_t rows[] = {{"env", "ask", "i:i", host_disturbs, NULL},
                                           {"env", "wide", "iIF:I", host_wide, NULL}};
    wasm_host_table_t table = {rows, 2};
    host_t host = {0};
    wasm_instance_t *instance =
        link_with(LOAD(work), &host,
                  (wasm_instance_options_t){.resolve = wasm_resolve_in_table,
                                            .resolve_arg = &table});
    CHECK_EQ(call(instance, "tail_ask", 1, 6, 0), 1);
    wasm_instance_destroy(instance);
}

/* --- traps ------------------------------------------------------------------------ */

TEST(traps_say_what_happened) {
    host_t host = {0};
    wasm_instance_t *i = work(&host);
    CHECK_EQ(trap_of(i, "unreachable", 0, 0, 0), WASM_TRAP_UNREACHABLE);
    CHECK_STR(wasm_trap_text(i), "unreachable");
    CHECK_EQ(trap_of(i, "divide", 2, 1, 0), WASM_TRAP_DIVIDE_BY_ZERO);
    CHECK_STR(wasm_trap_text(i), "integer divide by zero");
    CHECK_EQ(trap_of(i, "divide", 2, 0x80000000, 0xFFFFFFFF),
             WASM_TRAP_INTEGER_OVERFLOW);
    CHECK_EQ(call(i, "divide", 2, (uint32_t)-7, 2), (uint32_t)-3);
    CHECK_EQ(trap_of(i, "load", 1, 65533, 0), WASM_TRAP_MEMORY_BOUNDS);
    CHECK_EQ(trap_of(i, "load", 1, 0xFFFFFFFF, 0), WASM_TRAP_MEMORY_BOUNDS);
    CHECK_EQ(trap_of(i, "load_far", 1, 0, 0), WASM_TRAP_MEMORY_BOUNDS);
    CHECK_EQ(trap_of(i, "load_far", 1, 0xFFFF0000, 0), WASM_TRAP_MEMORY_BOUNDS);
    CHECK_EQ(trap_of(i, "bulk", 1, 65536, 0), WASM_TRAP_MEMORY_BOUNDS);
    CHECK_EQ(call(i, "indirect", 2, 0, 21), 42);
    CHECK_EQ(call(i, "indirect", 2, 1, 5), 25);
    CHECK_EQ(trap_of(i, "indirect", 2, 2, 5), WASM_TRAP_SIGNATURE);
    CHECK_EQ(trap_of(i, "indirect", 2, 3, 5), WASM_TRAP_NULL_ELEMENT);
    CHECK_EQ(trap_of(i, "indirect", 2, 8, 5), WASM_TRAP_UNDEFINED_ELEMENT);
    CHECK_EQ(trap_of(i, "table_get", 1, 8, 0), WASM_TRAP_TABLE_BOUNDS);
    wasm_value_t nan = {WASM_F64, 0x7FF8000000000000u};
    wasm_value_t huge = {WASM_F64, 0x41F0000000000000u}; /* 2^32 */
    uint32_t convert = function_of(i, "convert");
    CHECK_EQ(wasm_begin(i, convert, &nan, 1), MK_OK);
    CHECK_EQ(run_all(i), WASM_TRAPPED);
    CHECK_EQ(wasm_trap(i), WASM_TRAP_CONVERSION);
    CHECK_EQ(wasm_begin(i, convert, &huge, 1), MK_OK);
    CHECK_EQ(run_all(i), WASM_TRAPPED);
    CHECK_EQ(wasm_trap(i), WASM_TRAP_INTEGER_OVERFLOW);
    wasm_value_t none;
    CHECK_EQ(wasm_results(i, &none, 1), 0);
    CHECK_EQ(call(i, "bump", 0, 0, 0), 8); /* the instance is as good as before */
    CHECK_EQ(wasm_trap(i), WASM_TRAP_NONE);
    wasm_instance_destroy(i);
}

/* --- the stack -------------------------------------------------------------------- */

TEST(stack_grows_with_the_calls_and_has_an_end) {
    host_t host = {0};
    wasm_instance_t *instance = link_with(
        LOAD(work), &host, (wasm_instance_options_t){.stack_bytes = 64 * 1024});
    size_t idle = wasm_instance_size(instance);
    CHECK_EQ(call(instance, "depth", 1, 2, 0), 2);
    size_t small = wasm_instance_size(instance);
    CHECK(small - idle <= 256);
    CHECK_EQ(call(instance, "depth", 1, 1000, 0), 1000);
    CHECK(wasm_instance_size(instance) > small + 8000);
    CHECK_EQ(trap_of(instance, "recurse", 1, 0, 0), WASM_TRAP_STACK);
    CHECK_STR(wasm_trap_text(instance), "call stack exhausted");
    CHECK(wasm_backtrace(instance, NULL, 0) > 1000);
    CHECK(wasm_instance_size(instance) <= idle + 64 * 1024);
    CHECK_EQ(call(instance, "depth", 1, 1000, 0), 1000);
    wasm_instance_destroy(instance);
}

TEST(tail_calls_need_no_stack) {
    host_t host = {0};
    wasm_instance_t *instance =
        link_with(LOAD(work), &host, (wasm_instance_options_t){.stack_bytes = 256});
    CHECK_EQ(call(instance, "even", 1, 1000001, 0), 0);
    wasm_instance_destroy(instance);
}

/* --- memory ----------------------------------------------------------------------- */

TEST(memory_is_committed_as_it_is_touched) {
    host_t host = {0};
    wasm_instance_t *instance = work(&host);
    CHECK_EQ(wasm_memory_pages(instance, 0), 1);
    CHECK(wasm_memory_committed(instance, 0) <= 256); /* the data segment */
    CHECK_MEM(wasm_memory_at(instance, 0, 16, 5), "hello", 5);
    begin(instance, "store", 2, 1000, 0x12345678);
    CHECK_EQ(run_all(instance), WASM_IDLE);
    CHECK(wasm_memory_committed(instance, 0) <= 2048);
    CHECK_EQ(call(instance, "load", 1, 1000, 0), 0x12345678);
    CHECK_EQ(call(instance, "load", 1, 65532, 0), 0); /* untouched bytes are zero */
    CHECK_EQ(wasm_memory_committed(instance, 0), 65536);
    CHECK_EQ(call(instance, "grow", 1, 2, 0), 1);
    CHECK_EQ(wasm_memory_committed(instance, 0), 65536);
    CHECK_EQ(call(instance, "load_far", 1, 0, 0), 0);
    CHECK_EQ(call(instance, "grow", 1, 2, 0), UINT32_MAX); /* its maximum is 4 */
    CHECK_EQ(call(instance, "grow", 1, 1, 0), 3);
    CHECK_EQ(wasm_memory_pages(instance, 0), 4);
    CHECK(wasm_memory_at(instance, 0, 4 * 65536, 0) != NULL);
    CHECK(wasm_memory_at(instance, 0, 4 * 65536 - 1, 2) == NULL);
    CHECK(wasm_memory_at(instance, 0, 0xFFFFFFFF, 0xFFFFFFFF) == NULL);
    CHECK(wasm_memory_at(instance, 1, 0, 1) == NULL);
    wasm_instance_destroy(instance);
}

TEST(memory_stays_below_the_hosts_limit) {
    host_t host = {0};
    wasm_instance_t *instance =
        link_with(LOAD(work), &host, (wasm_instance_options_t){.memory_pages = 2});
    CHECK_EQ(call(instance, "grow", 1, 1, 0), 1);
    CHECK_EQ(call(instance, "grow", 1, 1, 0), UINT32_MAX);
    wasm_instance_destroy(instance);
}

TEST(memories_beside_the_first_work_alike) {
    wasm_instance_t *instance =
        link_with(LOAD(two_memories), NULL, (wasm_instance_options_t){0});
    /* 0xFF at 102, 2 pages, 0x3344 at 100 */
    CHECK_EQ(call(instance, "run", 0, 0, 0), 0xFF + 2 + 0x3344);
    CHECK_MEM(wasm_memory_at(instance, 1, 65528, 8), "\x88\x77\x66\x55\x44\x33\x22\x11",
              8);
    CHECK_EQ(trap_of(instance, "outside", 0, 0, 0), WASM_TRAP_MEMORY_BOUNDS);
    wasm_instance_destroy(instance);
}

/* --- failing allocations ---------------------------------------------------------- */

static void call_deeply(void *arg) {
    (void)arg;
    wasm_module_t *module;
    wasm_instance_t *instance;
    wasm_error_t error;
    host_t host = {0};
    if (wasm_module_load(work_module, sizeof work_module, NULL, &module, &error) !=
        MK_OK) {
        CHECK_EQ(error.code, MK_ENOMEM);
        return;
    }
    const wasm_instance_options_t options = {.resolve = wasm_resolve_in_table,
                                             .resolve_arg = &host_table,
                                             .user = &host,
                                             .stack_bytes = 4096};
    int code = wasm_instance_create(module, &options, &instance, &error);
    wasm_module_release(module);
    if (code != MK_OK) {
        CHECK_EQ(code, MK_ENOMEM);
        CHECK_EQ(error.code, MK_ENOMEM);
        return;
    }
    static const struct {
        const char *name;
        uint32_t argument;
        uint64_t want;
    } rows[] = {{"depth", 50, 50}, {"fib", 8, 21}, {"even", 4, 1}, {"load", 20000, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const wasm_value_t arg_value = i32(rows[i].argument);
        code = wasm_begin(instance, function_of(instance, rows[i].name), &arg_value, 1);
        if (code != MK_OK) {
            CHECK_EQ(code, MK_ENOMEM);
            continue;
        }
        if (run_all(instance) == WASM_TRAPPED)
            CHECK_EQ(wasm_trap(instance), WASM_TRAP_OUT_OF_MEMORY);
        else
            CHECK_EQ(only_result(instance), rows[i].want);
    }
    wasm_instance_destroy(instance);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(call_deeply, NULL);
}

TEST_TABLE(call, TEST_ROW(call_gives_results_of_every_type),
           TEST_ROW(call_refuses_what_does_not_fit),
           TEST_ROW(fuel_portions_change_neither_results_nor_cost),
           TEST_ROW(fuel_stops_an_endless_loop),
           TEST_ROW(host_call_suspends_in_nested_calls_and_goes_on),
           TEST_ROW(host_call_suspends_when_the_host_called_it_itself),
           TEST_ROW(host_call_may_fail_at_once_or_later),
           TEST_ROW(host_call_passes_wide_values_low_half_first),
           TEST_ROW(host_call_cannot_run_its_own_instance),
           TEST_ROW(traps_say_what_happened),
           TEST_ROW(stack_grows_with_the_calls_and_has_an_end),
           TEST_ROW(tail_calls_need_no_stack),
           TEST_ROW(memory_is_committed_as_it_is_touched),
           TEST_ROW(memory_stays_below_the_hosts_limit),
           TEST_ROW(memories_beside_the_first_work_alike),
           TEST_ROW(every_allocation_may_fail))
