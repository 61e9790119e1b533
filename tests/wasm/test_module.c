/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "microkernel/limits.h"
#include "wasm/wasm_support.h"

#include <stdlib.h>

#define HEADER 0, 'a', 's', 'm', 1, 0, 0, 0

/* Load bytes that must be refused. */
static wasm_error_t refused(const void *bytes, size_t size) {
    wasm_module_t *module;
    wasm_error_t error;
    int code = wasm_module_load(bytes, size, NULL, &module, &error);
    CHECK(code < 0);
    CHECK_EQ(error.code, code);
    CHECK(module == NULL);
    CHECK(error.text[0] != '\0');
    return error;
}

static void check_sentence(const wasm_error_t *error, const char *want) {
    char text[256];
    wasm_error_sentence(error, text, sizeof text);
    CHECK_STR(text, want);
}

TEST(module_that_is_none_is_refused_in_one_sentence) {
    wasm_error_t error = refused("#!/bin/sh\n", 10);
    CHECK_EQ(error.code, MK_EBADMSG);
    check_sentence(&error, "magic header not detected: no WebAssembly module (byte 0)");
    error = refused("", 0);
    CHECK_EQ(error.code, MK_EBADMSG);
    static const uint8_t component[] = {0, 'a', 's', 'm', 13, 0, 1, 0};
    error = refused(component, sizeof component);
    CHECK_EQ(error.code, MK_ENOTSUP);
    check_sentence(&error, "unknown binary version: this is a component, not a core "
                           "module (byte 4)");
}

TEST(error_names_byte_section_and_function) {
    /* (func) (func (result i32) (i64.const 1)) */
    static const uint8_t bytes[] = {HEADER, 1,    8, 2,    0x60, 0, 0,    0x60, 0,
                                    1,      0x7F, 3, 3,    2,    0, 1,    10,   9,
                                    2,      2,    0, 0x0B, 4,    0, 0x42, 1,    0x0B};
    wasm_error_t error = refused(bytes, sizeof bytes);
    CHECK_EQ(error.code, MK_EINVAL);
    CHECK_EQ(error.offset, sizeof bytes - 1);
    CHECK_EQ(error.function, 1);
    CHECK_STR(error.section, "code");
    check_sentence(&error,
                   "type mismatch: i32 wanted, i64 found (byte 33, code section, "
                   "function 1)");
    char cut[24];
    wasm_error_sentence(&error, cut, sizeof cut);
    CHECK_STR(cut, "type mismatch: i32 want");
}

TEST(duplicate_exports_are_found_in_any_number) {
    uint8_t bytes[8 + 3 + 2 * 3 + 3 + 4 + 4 + 4 + 120 * 6] = {HEADER};
    enum { COUNT = 90 };
    size_t at = 8;
    static const uint8_t global[] = {6, 6, 1, 0x7F, 0, 0x41, 0, 0x0B};
    memcpy(bytes + at, global, sizeof global);
    at += sizeof global;
    bytes[at++] = 7;
    bytes[at++] = 0x80 | ((1 + COUNT * 5) & 0x7F);
    bytes[at++] = (1 + COUNT * 5) >> 7;
    bytes[at++] = COUNT;
    size_t names = at;
    for (unsigned i = 0; i < COUNT; i++) {
        uint8_t row[] = {2, (uint8_t)('A' + i % 7), (uint8_t)('A' + i / 7), 3, 0};
        memcpy(bytes + at, row, sizeof row);
        at += sizeof row;
    }
    wasm_module_release(load_bytes(bytes, at));
    memcpy(bytes + names + 5 * 80 + 1, bytes + names + 5 * 3 + 1, 2);
    wasm_error_t error = refused(bytes, at);
    CHECK_EQ(error.code, MK_EINVAL);
    CHECK_STR(error.text, "duplicate export name \"DA\"");
    CHECK_STR(error.section, "export");
}

TEST(limits_are_refused_by_name) {
    /* (func (local 60000 times i32)) */
    static const uint8_t locals[] = {HEADER, 1, 4, 1, 0x60, 0,    0,    3, 2,    1,   0,
                                     10,     8, 1, 6, 1,    0xE0, 0xD4, 3, 0x7F, 0x0B};
    wasm_error_t error = refused(locals, sizeof locals);
    CHECK_EQ(error.code, MK_ELIMIT);
    CHECK_STR(error.text, "more locals than MK_WASM_LOCALS (50000)");
    /* (func (local 40000 times i64)): few enough, but they need two slots each */
    static const uint8_t wide[] = {HEADER, 1, 4, 1, 0x60, 0,    0,    3, 2,    1,   0,
                                   10,     8, 1, 6, 1,    0xC0, 0xB8, 2, 0x7E, 0x0B};
    error = refused(wide, sizeof wide);
    CHECK_EQ(error.code, MK_ELIMIT);
    CHECK_STR(error.text,
              "locals and operands take more than MK_WASM_FRAME_SLOTS (65535)");
    /* a count that cannot be true allocates nothing */
    static const uint8_t many[] = {HEADER, 1, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
    error = refused(many, sizeof many);
    CHECK_EQ(error.code, MK_EBADMSG);
    CHECK_STR(error.text, "unexpected end: 4294967295 items cannot be in 0 bytes");
    /* (global i32 (17 times i32.const)): deeper than a constant may be */
    uint8_t deep[8 + 2 + 3 + 36] = {HEADER, 6, 39, 1, 0x7F, 0};
    for (unsigned i = 0; i < 17; i++)
        deep[13 + 2 * i] = 0x41;
    error = refused(deep, sizeof deep);
    CHECK_EQ(error.code, MK_ELIMIT);
    CHECK_STR(error.text,
              "constant expression deeper than MK_WASM_CONSTANT_DEPTH (16)");
}

TEST(nesting_is_bounded_by_the_heap_and_not_by_the_stack) {
    /* A recursion of a thousand would use up the stack of a small machine too. */
    enum { DEPTH = MK_SLAB_BYTES >= 65536 ? 60000 : 1500 };
    enum { SIZE = 8 + 6 + 4 + 16 + 3 * DEPTH };
    static uint8_t bytes[SIZE];
    static const uint8_t begin[] = {HEADER, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10};
    size_t body = 1 + 3 * DEPTH + 1, section = 1 + 3 + body;
    memcpy(bytes, begin, sizeof begin);
    uint8_t *at = bytes + sizeof begin;
    const size_t sizes[] = {section, 1, body};
    for (size_t i = 0; i < 3; i++) {
        if (sizes[i] == 1) {
            *at++ = 1;
            continue;
        }
        *at++ = (uint8_t)(0x80 | (sizes[i] & 0x7F));
        *at++ = (uint8_t)(0x80 | (sizes[i] >> 7 & 0x7F));
        *at++ = (uint8_t)(sizes[i] >> 14);
    }
    *at++ = 0;
    for (size_t i = 0; i < DEPTH; i++) {
        *at++ = i % 2 == 0 ? 0x02 : 0x03;
        *at++ = 0x40;
    }
    memset(at, 0x0B, DEPTH + 1);
    at += DEPTH + 1;
    wasm_module_t *module = load_bytes(bytes, (size_t)(at - bytes));
    CHECK_EQ(wasm_module_translate(module), MK_OK);
    wasm_module_release(module);
}

/* --- bent modules ----------------------------------------------------------------- */

/* Whatever the bytes: they are refused, or what they mean runs into an end. */
static bool survive(const uint8_t *bytes, size_t size) {
    static const wasm_load_options_t options = {WASM_ALL_FEATURES, true, true};
    wasm_module_t *module;
    wasm_instance_t *instance;
    wasm_error_t error;
    host_t host = {0};
    if (wasm_module_load(bytes, size, &options, &module, &error) != MK_OK) {
        CHECK(error.code < 0 && error.text[0] != '\0');
        CHECK(error.offset <= size || error.offset == WASM_NOWHERE);
        return false;
    }
    const wasm_instance_options_t wanted = {.resolve = wasm_resolve_in_table,
                                            .resolve_arg = &host_table,
                                            .user = &host,
                                            .memory_pages = 16,
                                            .stack_bytes = 16384};
    int code = wasm_instance_create(module, &wanted, &instance, &error);
    wasm_module_release(module);
    if (code != MK_OK) {
        CHECK(error.code == code && error.text[0] != '\0');
        return true;
    }
    int64_t fuel = 10000;
    if (wasm_begin_start(instance) == MK_OK) (void)wasm_run(instance, &fuel);
    wasm_cancel(instance);
    for (uint32_t i = 0; i < wasm_function_count(wasm_instance_module(instance)); i++) {
        wasm_value_t args[4] = {{WASM_I32, 0}};
        wasm_signature_t type =
            wasm_function_signature(wasm_instance_module(instance), i);
        if (type.param_count > 4) continue;
        for (uint32_t p = 0; p < type.param_count; p++)
            args[p] = (wasm_value_t){(wasm_type_t)type.params[p], p};
        CHECK_EQ(wasm_begin(instance, i, args, type.param_count), MK_OK);
        fuel = 10000;
        (void)wasm_run(instance, &fuel);
        wasm_cancel(instance);
    }
    wasm_instance_destroy(instance);
    return true;
}

TEST(truncations_are_refused) {
    CHECK(survive(small_module, sizeof small_module));
    unsigned accepted = 0;
    for (size_t size = 0; size < sizeof small_module; size++) {
        /* from the heap, so that a sanitizer sees a step behind the end */
        uint8_t *cut = malloc(size > 0 ? size : 1);
        CHECK(cut != NULL);
        memcpy(cut, small_module, size);
        accepted += survive(cut, size) ? 1 : 0;
        free(cut);
    }
    /* whole without the data; only header; with types; with imports */
    CHECK_EQ(accepted, 4);
}

TEST(every_changed_byte_is_survived) {
    uint8_t bent[sizeof small_module];
    unsigned accepted = 0;
    for (size_t at = 0; at < sizeof bent; at++)
        for (unsigned value = 0; value < 256; value++) {
            memcpy(bent, small_module, sizeof bent);
            bent[at] = (uint8_t)value;
            accepted += survive(bent, sizeof bent) ? 1 : 0;
        }
    CHECK(accepted > sizeof bent); /* so that running was tried too */
}

TEST(many_changed_bytes_are_survived) {
    prng_t prng;
    prng_init(&prng, 7);
    uint8_t bent[sizeof work_module];
    for (unsigned round = 0; round < 3000; round++) {
        memcpy(bent, work_module, sizeof bent);
        for (uint64_t i = 0; i < 1 + round % 5; i++)
            bent[prng_below(&prng, sizeof bent)] = (uint8_t)prng_next(&prng);
        (void)survive(bent, sizeof bent);
    }
}

/* --- what is told about a module -------------------------------------------------- */

TEST(module_tells_imports_exports_and_names) {
    wasm_module_t *module = LOAD(work);
    CHECK_EQ(wasm_import_count(module), 2);
    wasm_import_t import = wasm_import_at(module, 1);
    CHECK(text_is(import.module, "env"));
    CHECK(text_is(import.name, "wide"));
    CHECK_EQ(import.kind, WASM_FUNCTION);
    wasm_signature_t type = wasm_function_signature(module, 1);
    CHECK(wasm_signature_is(&type, "iIF:I"));
    CHECK(!wasm_signature_is(&type, "iIF:"));
    CHECK(!wasm_signature_is(&type, "iI:I"));
    CHECK(!wasm_signature_is(&type, "iIF:II"));
    uint32_t index;
    CHECK(wasm_export_find(module, text_of("memory"), WASM_MEMORY, &index));
    CHECK(!wasm_export_find(module, text_of("memory"), WASM_TABLE, &index));
    CHECK(!wasm_export_find(module, text_of("mem"), WASM_MEMORY, &index));
    CHECK(wasm_export_find(module, text_of("fib"), WASM_FUNCTION, &index));
    CHECK(text_is(wasm_function_name(module, index), "fib"));
    CHECK(text_is(wasm_function_name(module, 0), "ask"));
    CHECK_EQ(wasm_function_name(module, 999999).size, 0);
    wasm_module_release(module);
    module = LOAD(small); /* no name section: exports give names */
    CHECK(wasm_export_find(module, text_of("run"), WASM_FUNCTION, &index));
    CHECK(text_is(wasm_function_name(module, index), "run"));
    CHECK_EQ(wasm_function_name(module, 0).size, 0);
    wasm_module_release(module);
}

TEST(features_can_be_switched_off) {
    static const wasm_load_options_t plain = {0, false, false};
    wasm_module_t *module;
    wasm_error_t error;
    CHECK_EQ(wasm_module_load(work_module, sizeof work_module, &plain, &module, &error),
             MK_ENOTSUP);
    CHECK_STR(error.text, "tail calls are switched off");
    CHECK_EQ(wasm_module_load(two_memories_module, sizeof two_memories_module, &plain,
                              &module, &error),
             MK_EINVAL);
    CHECK_STR(error.text, "multiple memories");
    /* (global i64 (i64.mul (i64.const 3) (i64.const 5))) */
    static const uint8_t extended[] = {HEADER, 6, 9,    1, 0x7E, 0,
                                       0x42,   3, 0x42, 5, 0x7E, 0x0B};
    CHECK_EQ(wasm_module_load(extended, sizeof extended, &plain, &module, &error),
             MK_EINVAL);
    wasm_instance_t *instance = link_with(load_bytes(extended, sizeof extended), NULL,
                                          (wasm_instance_options_t){0});
    wasm_value_t value;
    CHECK_EQ(wasm_global_get(instance, 0, &value), MK_OK);
    CHECK_EQ(value.bits, 15);
    wasm_instance_destroy(instance);
}

TEST(vector_code_is_refused_as_such) {
    /* (func (drop (v128.const ...))) */
    static const uint8_t bytes[] = {HEADER, 1,  4, 1, 0x60, 0, 0,    3,    2,    1,
                                    0,      10, 7, 1, 5,    0, 0xFD, 0x0C, 0x1A, 0x0B};
    wasm_error_t error = refused(bytes, sizeof bytes);
    CHECK_EQ(error.code, MK_ENOTSUP);
    CHECK_STR(error.text, "vector instructions (SIMD) are not supported");
}

static void load_all(void *arg) {
    const wasm_load_options_t *options = arg;
    wasm_module_t *module;
    wasm_error_t error;
    int code =
        wasm_module_load(small_module, sizeof small_module, options, &module, &error);
    if (code == MK_OK) {
        CHECK_EQ(wasm_module_translate(module), MK_OK);
        wasm_module_release(module);
    } else {
        CHECK_EQ(code, MK_ENOMEM);
        CHECK_EQ(error.code, MK_ENOMEM);
    }
}

TEST(every_allocation_of_loading_may_fail) {
    wasm_load_options_t options = {WASM_ALL_FEATURES, true, true};
    test_each_alloc_failure(load_all, &options);
}

static void print_line(void *arg, const char *line) {
    unsigned *lines = arg;
    CHECK(strstr(line, ": ") != NULL);
    ++*lines;
}

TEST(code_can_be_read_and_is_small) {
    wasm_module_t *module = LOAD(work);
    CHECK_EQ(wasm_module_translate(module), MK_OK);
    unsigned lines = 0;
    CHECK_EQ(wasm_disassemble(module, 0, print_line, &lines), MK_ENOENT);
    for (uint32_t i = 2; i < wasm_function_count(module); i++)
        CHECK_EQ(wasm_disassemble(module, i, print_line, &lines), MK_OK);
    wasm_module_sizes_t sizes = wasm_module_sizes(module);
    CHECK(lines > 100);
    CHECK_EQ(sizes.bytes, sizeof work_module);
    CHECK(sizes.code_bytes < 2 * sizeof work_module);
    wasm_module_release(module);
}

TEST_TABLE(module, TEST_ROW(module_that_is_none_is_refused_in_one_sentence),
           TEST_ROW(error_names_byte_section_and_function),
           TEST_ROW(duplicate_exports_are_found_in_any_number),
           TEST_ROW(limits_are_refused_by_name),
           TEST_ROW(nesting_is_bounded_by_the_heap_and_not_by_the_stack),
           TEST_ROW(truncations_are_refused), TEST_ROW(every_changed_byte_is_survived),
           TEST_ROW(many_changed_bytes_are_survived),
           TEST_ROW(module_tells_imports_exports_and_names),
           TEST_ROW(features_can_be_switched_off),
           TEST_ROW(vector_code_is_refused_as_such),
           TEST_ROW(every_allocation_of_loading_may_fail),
           TEST_ROW(code_can_be_read_and_is_small))
