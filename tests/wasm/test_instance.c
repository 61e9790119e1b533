/* SPDX-License-Identifier: Apache-2.0 */
#include "wasm/wasm_support.h"

/* An instance must be refused; the sentence. */
static wasm_error_t refused(wasm_module_t *module, wasm_instance_options_t options) {
    wasm_instance_t *instance;
    wasm_error_t error;
    int code = wasm_instance_create(module, &options, &instance, &error);
    CHECK(code < 0);
    CHECK_EQ(error.code, code);
    CHECK(instance == NULL);
    wasm_module_release(module);
    return error;
}

TEST(import_that_nobody_has_is_named) {
    wasm_error_t error = refused(LOAD(work), (wasm_instance_options_t){0});
    CHECK_EQ(error.code, MK_ENOENT);
    CHECK_STR(error.text, "unknown import \"env\" \"ask\" (function)");
}

static int refuse_all(void *arg, const wasm_import_t *import, wasm_extern_t *found,
                      wasm_error_t *error) {
    (void)arg;
    (void)import;
    (void)found;
    strcpy(error->text, "the grant \"files\" is missing");
    return MK_EPERM;
}

TEST(resolver_may_say_why) {
    wasm_error_t error =
        refused(LOAD(work), (wasm_instance_options_t){.resolve = refuse_all});
    CHECK_EQ(error.code, MK_EPERM);
    CHECK_STR(error.text, "the grant \"files\" is missing");
}

TEST(import_of_another_type_is_refused) {
    static const wasm_host_row_t rows[] = {{"env", "ask", "i:I", host_ask, NULL}};
    wasm_host_table_t table = {rows, 1};
    wasm_error_t error =
        refused(LOAD(work), (wasm_instance_options_t){.resolve = wasm_resolve_in_table,
                                                      .resolve_arg = &table});
    CHECK_EQ(error.code, MK_EREFUSED);
    CHECK_STR(error.text,
              "incompatible import type: import \"env\" \"ask\" (function)");
}

TEST(start_function_runs_when_the_host_lets_it) {
    wasm_instance_t *instance =
        link_with(LOAD(start), NULL, (wasm_instance_options_t){0});
    wasm_value_t ran;
    CHECK_EQ(wasm_global_get(instance, 0, &ran), MK_OK);
    CHECK_EQ(ran.bits, 0);
    CHECK_EQ(wasm_begin_start(instance), MK_OK);
    CHECK_EQ(run_all(instance), WASM_TRAPPED);
    CHECK_EQ(wasm_trap(instance), WASM_TRAP_MEMORY_BOUNDS);
    CHECK_EQ(wasm_global_get(instance, 0, &ran), MK_OK);
    CHECK_EQ(ran.bits, 1);
    wasm_instance_destroy(instance);
}

TEST(memory_over_the_limit_is_refused_by_name) {
    /* (memory 100) */
    static const uint8_t bytes[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 5, 3, 1, 0, 100};
    wasm_error_t error = refused(load_bytes(bytes, sizeof bytes),
                                 (wasm_instance_options_t){.memory_pages = 99});
    CHECK_EQ(error.code, MK_ELIMIT);
    CHECK_STR(error.text,
              "memory 0 wants 100 pages, 99 are allowed (MK_WASM_MEMORY_PAGES "
              "or the instance's own limit)");
}

TEST(memories_share_a_budget) {
    for (uint32_t pages = 1; pages <= 4; pages++) {
        const wasm_instance_options_t options = {.memory_pages = pages};
        if (pages == 1) {
            CHECK_EQ(refused(LOAD(two_memories), options).code, MK_ELIMIT);
            continue;
        }
        wasm_instance_t *instance = link_with(LOAD(two_memories), NULL, options);
        /* It wants one more page of the second; each may have half of what is left. */
        uint32_t got = pages == 4 ? 2 : 1;
        CHECK_EQ(call(instance, "run", 0, 0, 0), 0xFF + got + 0x3344);
        CHECK_EQ(wasm_memory_pages(instance, 1), got);
        wasm_instance_destroy(instance);
    }
}

TEST(a_table_over_the_limit_is_refused_by_name) {
    wasm_error_t error =
        refused(LOAD(provider), (wasm_instance_options_t){.table_entries = 3});
    CHECK_EQ(error.code, MK_ELIMIT);
    CHECK_STR(error.text,
              "table 0 wants 4 entries, 3 are allowed (MK_WASM_TABLE_ENTRIES or the "
              "instance's own limit)");
}

TEST(globals_are_read_and_written_by_the_host) {
    host_t host = {0};
    wasm_instance_t *instance =
        link_with(LOAD(work), &host, (wasm_instance_options_t){0});
    wasm_value_t value;
    CHECK_EQ(wasm_global_get(instance, 1, &value), MK_OK);
    CHECK_EQ(value.type, WASM_I64);
    CHECK_EQ(value.bits, (uint64_t)-2);
    CHECK_EQ(wasm_global_set(instance, 1, value), MK_EPERM);
    CHECK_EQ(wasm_global_set(instance, 0, value), MK_EINVAL);
    CHECK_EQ(wasm_global_set(instance, 0, i32(41)), MK_OK);
    CHECK_EQ(wasm_global_set(instance, 2, i32(41)), MK_ENOENT);
    CHECK_EQ(wasm_global_get(instance, 2, &value), MK_ENOENT);
    CHECK_EQ(call(instance, "bump", 0, 0, 0), 42);
    wasm_instance_destroy(instance);
}

TEST(instance_without_memory_is_small) {
    /* (func (export "f")) */
    static const uint8_t bytes[] = {0,    'a', 's', 'm', 1, 0, 0, 0, 1,   4, 1,
                                    0x60, 0,   0,   3,   2, 1, 0, 7, 5,   1, 1,
                                    'f',  0,   0,   10,  4, 1, 2, 0, 0x0B};
    wasm_instance_t *instance =
        link_with(load_bytes(bytes, sizeof bytes), NULL, (wasm_instance_options_t){0});
    begin(instance, "f", 0, 0, 0);
    CHECK_EQ(run_all(instance), WASM_IDLE);
    CHECK(wasm_instance_size(instance) <= 512);
    wasm_instance_destroy(instance);
}

/* --- instances that import from each other ---------------------------------------- */

typedef struct {
    wasm_instance_t *provider;
} world_t;

static int resolve_in_world(void *arg, const wasm_import_t *import,
                            wasm_extern_t *found, wasm_error_t *error) {
    const world_t *world = arg;
    if (text_is(import->module, "env"))
        return wasm_resolve_in_table(&host_table, import, found, error);
    found->instance = world->provider;
    return wasm_export_find(wasm_instance_module(world->provider), import->name,
                            import->kind, &found->index)
               ? MK_OK
               : MK_ENOENT;
}

TEST(instances_share_memory_table_and_globals) {
    wasm_store_t *store = wasm_store_create();
    host_t host = {0};
    world_t world = {
        link_with(LOAD(provider), NULL, (wasm_instance_options_t){.store = store})};
    wasm_instance_t *consumer = link_with(
        LOAD(consumer), &host,
        (wasm_instance_options_t){
            .store = store, .resolve = resolve_in_world, .resolve_arg = &world});
    /* next() gives 1, level becomes 4; 4 + mem 1 + next() 2: the memory is read first
     */
    CHECK_EQ(call(consumer, "run", 0, 0, 0), 4 + 1 + 2);
    CHECK_EQ(call(world.provider, "next", 0, 0, 0), 3);
    CHECK_EQ(call(consumer, "next", 0, 0, 0), 4);
    wasm_value_t level, entry;
    CHECK_EQ(wasm_global_get(world.provider, 0, &level), MK_OK);
    CHECK_EQ(level.bits, 4);
    CHECK_EQ(wasm_table_size(world.provider, 0), 4);
    CHECK_EQ(wasm_table_get(world.provider, 0, 1, &entry), MK_OK);
    CHECK(entry.bits != 0);
    CHECK_EQ(wasm_table_get(world.provider, 0, 4, &entry), MK_ENOENT);
    wasm_store_destroy(store);
}

TEST(call_may_yield_and_suspend_in_another_instance) {
    wasm_store_t *store = wasm_store_create();
    host_t host = {0};
    world_t world = {
        link_with(LOAD(provider), NULL, (wasm_instance_options_t){.store = store})};
    const wasm_instance_options_t options = {
        .store = store, .resolve = resolve_in_world, .resolve_arg = &world};
    wasm_instance_t *consumer = link_with(LOAD(consumer), &host, options);
    begin(consumer, "run", 0, 0, 0);
    unsigned slices = 0;
    wasm_state_t state;
    do {
        int64_t fuel = 0; /* stops at every call */
        state = wasm_run(consumer, &fuel);
        slices++;
    } while (state == WASM_RUNNABLE);
    CHECK_EQ(state, WASM_IDLE);
    CHECK(slices >= 3);
    CHECK_EQ(only_result(consumer), 4 + 1 + 2);
    host.suspends = true;
    begin(consumer, "ask", 1, 9, 0);
    CHECK_EQ(run_all(consumer), WASM_SUSPENDED);
    wasm_suspended_slots(consumer)[0] = 10;
    wasm_answer(consumer);
    CHECK_EQ(run_all(consumer), WASM_IDLE);
    CHECK_EQ(only_result(consumer), 10);
    wasm_store_destroy(store);
}

TEST(instances_of_different_stores_cannot_be_linked) {
    wasm_store_t *one = wasm_store_create();
    wasm_store_t *other = wasm_store_create();
    world_t world = {
        link_with(LOAD(provider), NULL, (wasm_instance_options_t){.store = one})};
    wasm_error_t error =
        refused(LOAD(consumer), (wasm_instance_options_t){.store = other,
                                                          .resolve = resolve_in_world,
                                                          .resolve_arg = &world});
    CHECK_EQ(error.code, MK_EINVAL);
    wasm_store_destroy(one);
    wasm_store_destroy(other);
}

static void link_two(void *arg) {
    (void)arg;
    wasm_store_t *store = wasm_store_create();
    if (store == NULL) return;
    wasm_error_t error;
    wasm_module_t *module;
    wasm_instance_t *consumer;
    world_t world = {NULL};
    host_t host = {0};
    wasm_instance_options_t options = {.store = store, .user = &host};
    if (wasm_module_load(provider_module, sizeof provider_module, NULL, &module,
                         &error) == MK_OK) {
        (void)wasm_instance_create(module, &options, &world.provider, &error);
        wasm_module_release(module);
    }
    if (world.provider != NULL &&
        wasm_module_load(consumer_module, sizeof consumer_module, NULL, &module,
                         &error) == MK_OK) {
        options.resolve = resolve_in_world;
        options.resolve_arg = &world;
        int code = wasm_instance_create(module, &options, &consumer, &error);
        wasm_module_release(module);
        if (code == MK_OK &&
            wasm_begin(consumer, function_of(consumer, "run"), NULL, 0) == MK_OK) {
            if (run_all(consumer) == WASM_TRAPPED)
                CHECK_EQ(wasm_trap(consumer), WASM_TRAP_OUT_OF_MEMORY);
            else
                CHECK_EQ(only_result(consumer), 7);
        }
    }
    wasm_store_destroy(store);
}

TEST(every_allocation_of_linking_may_fail) {
    test_each_alloc_failure(link_two, NULL);
}

typedef struct {
    wasm_store_t *store;
    host_t host;
    world_t world;
    wasm_instance_t *one;
    wasm_instance_t *two;
} pair_t;

/* Two modules that call each other in the tail, on stacks of 256 bytes. */
static void open_pair(pair_t *pair) {
    *pair = (pair_t){.store = wasm_store_create()};
    wasm_instance_options_t options = {.store = pair->store, .stack_bytes = 256};
    pair->one = pair->world.provider = link_with(LOAD(tail_one), &pair->host, options);
    options.resolve = resolve_in_world;
    options.resolve_arg = &pair->world;
    pair->two = link_with(LOAD(tail_two), &pair->host, options);
}

TEST(tail_calls_between_instances_need_no_stack) {
    pair_t pair;
    open_pair(&pair);
    CHECK_EQ(call(pair.one, "even", 2, 100000, 5), 105); /* the global of the one */
    CHECK_EQ(call(pair.one, "even", 2, 100001, 5), 7005);
    CHECK_EQ(call(pair.two, "odd", 2, 100000, 5), 7005);
    CHECK_EQ(call(pair.two, "odd", 2, 100001, 5), 105);
    /* Back in who called not in the tail: its own global is added. */
    CHECK_EQ(call(pair.one, "twice", 2, 1001, 5), 100 + 2 * 7005);
    CHECK_EQ(call(pair.one, "twice", 2, 1000, 5), 100 + 2 * 105);
    CHECK_EQ(call(pair.two, "ask", 1, 41, 0), 42);
    size_t size = wasm_instance_size(pair.one);
    begin(pair.one, "endless", 2, 0, 0);
    for (int i = 0; i < 100; i++) {
        int64_t fuel = 10000;
        CHECK_EQ(wasm_run(pair.one, &fuel), WASM_RUNNABLE);
    }
    CHECK_EQ(wasm_instance_size(pair.one), size);
    CHECK_EQ(wasm_backtrace(pair.one, NULL, 0), 1);
    wasm_store_destroy(pair.store);
}

TEST(fuel_does_not_change_tail_calls_between_instances) {
    pair_t pair;
    open_pair(&pair);
    for (int64_t slice = 1; slice < 40; slice++) {
        begin(pair.one, "twice", 2, 101, 5);
        wasm_state_t state;
        do {
            int64_t fuel = slice;
            state = wasm_run(pair.one, &fuel);
        } while (state == WASM_RUNNABLE);
        CHECK_EQ(state, WASM_IDLE);
        CHECK_EQ(only_result(pair.one), 100 + 2 * 7005);
    }
    pair.host.suspends = true;
    begin(pair.two, "ask", 1, 7, 0);
    CHECK_EQ(run_all(pair.two), WASM_SUSPENDED);
    wasm_suspended_slots(pair.two)[0] = 77;
    wasm_answer(pair.two);
    CHECK_EQ(run_all(pair.two), WASM_IDLE);
    CHECK_EQ(only_result(pair.two), 77);
    pair.host.suspends = false;
    pair.host.traps = true;
    CHECK_EQ(trap_of(pair.two, "ask", 1, 7, 0), WASM_TRAP_HOST);
    CHECK_STR(wasm_trap_text(pair.two), "the host does not like this");
    wasm_store_destroy(pair.store);
}

TEST(instance_in_a_store_has_no_snapshot) {
    pair_t pair;
    open_pair(&pair);
    buffer_t out = {0};
    CHECK_EQ(wasm_snapshot(pair.one, &out), MK_ENOTSUP);
    wasm_store_destroy(pair.store);
}

/* Imports that are linked alike are one block for all instances; another resolver's are
 * not. */
TEST(instances_share_imports_that_are_the_same) {
    static const wasm_host_row_t rows[] = {
        {"env", "ask", "i:i", host_ask, (void *)(uintptr_t)host_rows},
        {"env", "wide", "iIF:I", host_wide, NULL},
    };
    wasm_host_table_t other = {rows, 2};
    host_t host = {0};
    wasm_instance_options_t options = {.resolve = wasm_resolve_in_table,
                                       .resolve_arg = &other};
    wasm_module_t *module = LOAD(work);
    wasm_instance_t *first =
        link_with(wasm_module_retain(module), &host, (wasm_instance_options_t){0});
    size_t blocks = test_live_blocks();
    wasm_instance_t *second =
        link_with(wasm_module_retain(module), &host, (wasm_instance_options_t){0});
    size_t shared = test_live_blocks() - blocks;
    wasm_instance_t *third = link_with(wasm_module_retain(module), &host, options);
    CHECK_EQ(test_live_blocks() - blocks, 2 * shared + 1);
    wasm_instance_destroy(first);
    CHECK_EQ(call(second, "tail_ask", 1, 4, 0), 5);
    wasm_instance_destroy(third);
    CHECK_EQ(call(second, "tail_ask", 1, 6, 0), 7);
    wasm_instance_destroy(second);
    wasm_module_release(module);
}

TEST_TABLE(instance, TEST_ROW(import_that_nobody_has_is_named),
           TEST_ROW(resolver_may_say_why), TEST_ROW(import_of_another_type_is_refused),
           TEST_ROW(start_function_runs_when_the_host_lets_it),
           TEST_ROW(memory_over_the_limit_is_refused_by_name),
           TEST_ROW(memories_share_a_budget),
           TEST_ROW(a_table_over_the_limit_is_refused_by_name),
           TEST_ROW(globals_are_read_and_written_by_the_host),
           TEST_ROW(instance_without_memory_is_small),
           TEST_ROW(instances_share_memory_table_and_globals),
           TEST_ROW(call_may_yield_and_suspend_in_another_instance),
           TEST_ROW(instances_of_different_stores_cannot_be_linked),
           TEST_ROW(every_allocation_of_linking_may_fail),
           TEST_ROW(tail_calls_between_instances_need_no_stack),
           TEST_ROW(fuel_does_not_change_tail_calls_between_instances),
           TEST_ROW(instance_in_a_store_has_no_snapshot),
           TEST_ROW(instances_share_imports_that_are_the_same))
