/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions: the types of values, functions, tables, memories and globals, and the
 * indices that name them. Imports and definitions are both made of these. */
#include "wasm/decode_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"

#include <string.h>

static bool is_value_type(uint8_t type) {
    return type == WASM_I32 || type == WASM_I64 || type == WASM_F32 ||
           type == WASM_F64 || wasm__is_reference(type);
}

void wasm__fail_memory(wasm_reader_t *r) {
    wasm__fail(r, MK_ENOMEM, r->at, "out of memory");
}

bool wasm__extend(wasm_reader_t *r, void *array, uint32_t have, uint32_t add,
                  size_t item_size) {
    void *items;
    if (r->has_failed) return false;
    if (add == 0) return true;
    if (add > MK_WASM_ITEMS - (have < MK_WASM_ITEMS ? have : MK_WASM_ITEMS)) {
        wasm__fail(r, MK_ELIMIT, r->at, "more items than MK_WASM_ITEMS (%u)",
                   (unsigned)MK_WASM_ITEMS);
        return false;
    }
    memcpy(&items, array, sizeof items); /* `array` is the address of some pointer */
    uint8_t *grown = mk_realloc(items, (size_t)(have + add) * item_size);
    if (grown == NULL) {
        wasm__fail_memory(r);
        return false;
    }
    memset(grown + have * item_size, 0, add * item_size);
    memcpy(array, &grown, sizeof grown);
    return true;
}

static uint8_t read_value_type(wasm_reader_t *r) {
    uint32_t begin = r->at;
    uint8_t type = wasm__read_u8(r);
    if (r->has_failed || is_value_type(type)) return type;
    if (type == 0x7B)
        wasm__fail(r, MK_ENOTSUP, begin,
                   "the vector type v128 (SIMD) is not supported");
    else
        wasm__fail(r, MK_EBADMSG, begin, "malformed value type 0x%02x", (unsigned)type);
    return 0;
}

uint8_t wasm__read_reference_type(wasm_reader_t *r) {
    uint32_t begin = r->at;
    uint8_t type = wasm__read_u8(r);
    if (r->has_failed || wasm__is_reference(type)) return type;
    wasm__fail(r, MK_EBADMSG, begin, "malformed reference type 0x%02x", (unsigned)type);
    return 0;
}

/* --- types ------------------------------------------------------------------------ */

static uint16_t read_types(wasm_reader_t *r, uint32_t *types_at, uint16_t *slots) {
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_PARAMETERS));
    *types_at = r->at;
    uint32_t total = 0;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        total += wasm__is_wide(read_value_type(r)) ? 2 : 1;
    *slots = (uint16_t)total;
    return (uint16_t)count;
}

bool wasm__types_equal(const wasm_module_t *a, const wasm_functype_t *at,
                       const wasm_module_t *b, const wasm_functype_t *bt) {
    return at->param_count == bt->param_count && at->result_count == bt->result_count &&
           memcmp(a->bytes + at->params_at, b->bytes + bt->params_at,
                  at->param_count) == 0 &&
           memcmp(a->bytes + at->results_at, b->bytes + bt->results_at,
                  at->result_count) == 0;
}

static uint32_t hash_type(const wasm_module_t *module, const wasm_functype_t *type) {
    uint32_t hash = 2166136261u; /* FNV-1a; bad luck only costs comparisons */
    for (uint32_t i = 0; i < type->param_count; i++)
        hash = (hash ^ module->bytes[type->params_at + i]) * 16777619u;
    hash = (hash ^ 0x60) * 16777619u;
    for (uint32_t i = 0; i < type->result_count; i++)
        hash = (hash ^ module->bytes[type->results_at + i]) * 16777619u;
    return hash ^ hash >> 15;
}

/* Equal types get one canonical index, so that call_indirect compares numbers. */
static void unify_types(wasm_reader_t *r, wasm_module_t *module) {
    uint32_t cap = 4;
    while (cap < 2 * module->type_count)
        cap *= 2;
    uint32_t *table = mk_calloc(cap, sizeof *table); /* type index + 1 */
    if (table == NULL) {
        wasm__fail_memory(r);
        return;
    }
    for (uint32_t i = 0; i < module->type_count; i++) {
        wasm_functype_t *type = &module->types[i];
        uint32_t at = hash_type(module, type) & (cap - 1);
        while (table[at] != 0 &&
               !wasm__types_equal(module, &module->types[table[at] - 1], module, type))
            at = (at + 1) & (cap - 1);
        if (table[at] == 0) table[at] = i + 1;
        type->canonical = table[at] - 1;
    }
    mk_free(table);
}

void wasm__decode_types(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!wasm__extend(r, &module->types, 0, count, sizeof *module->types)) return;
    module->type_count = count;
    for (uint32_t i = 0; i < count && !r->has_failed; i++) {
        uint32_t begin = r->at;
        uint8_t form = wasm__read_u8(r);
        if (form != 0x60 && !r->has_failed)
            wasm__fail(r, MK_EBADMSG, begin, "malformed type form 0x%02x",
                       (unsigned)form);
        wasm_functype_t *type = &module->types[i];
        type->param_count = read_types(r, &type->params_at, &type->param_slots);
        type->result_count = read_types(r, &type->results_at, &type->result_slots);
    }
    if (count > 0 && !r->has_failed) unify_types(r, module);
}

/* --- tables, memories, globals ---------------------------------------------------- */

static wasm_limits_t read_limits(wasm_reader_t *r, uint32_t range, const char *what) {
    wasm_limits_t limits = {0, UINT32_MAX};
    uint32_t begin = r->at;
    uint8_t flags = wasm__read_u8(r);
    if (flags > 1) {
        wasm__fail(r, MK_EBADMSG, begin, "malformed limits flags 0x%02x",
                   (unsigned)flags);
        return limits;
    }
    limits.min = wasm__read_u32(r);
    if (flags == 1) limits.max = wasm__read_u32(r);
    if (r->has_failed) return limits;
    if (range != UINT32_MAX &&
        (limits.min > range || (flags == 1 && limits.max > range)))
        wasm__fail(r, MK_EINVAL, begin, "%s size must be at most %u", what,
                   (unsigned)range);
    else if (limits.max < limits.min)
        wasm__fail(r, MK_EINVAL, begin,
                   "size minimum must not be greater than maximum");
    return limits;
}

void wasm__read_tabletype(wasm_reader_t *r, wasm_tabletype_t *table) {
    table->type = wasm__read_reference_type(r);
    table->limits = read_limits(r, UINT32_MAX, "table");
}

void wasm__read_memtype(wasm_reader_t *r, wasm_limits_t *limits) {
    *limits = read_limits(r, 65536, "memory");
}

void wasm__read_globaltype(wasm_reader_t *r, wasm_globaltype_t *global) {
    global->type = read_value_type(r);
    uint32_t begin = r->at;
    uint8_t mutable = wasm__read_u8(r);
    if (mutable > 1)
        wasm__fail(r, MK_EBADMSG, begin, "malformed mutability 0x%02x",
                   (unsigned)mutable);
    global->is_mutable = mutable == 1;
}
