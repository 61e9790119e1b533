/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to the tables of a module. One pass over the sections; whatever a section
 * refers to stands before it in the file, so everything but the bodies is validated on
 * the way. A fault is told by the reader; functions that return nothing leave it to
 * their caller to look at `has_failed`. */
#include "wasm/module_impl.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <string.h>

#define LIMIT(name) (name), #name

static bool is_value_type(uint8_t type) {
    return type == WASM_I32 || type == WASM_I64 || type == WASM_F32 ||
           type == WASM_F64 || wasm__is_reference(type);
}

static void fail_memory(wasm_reader_t *r) {
    wasm__fail(r, MK_ENOMEM, r->at, "out of memory");
}

/* Make `*array` of `have` items one of have + add, the new ones zero. False: failed. */
static bool extend(wasm_reader_t *r, void *array, uint32_t have, uint32_t add,
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
        fail_memory(r);
        return false;
    }
    memset(grown + have * item_size, 0, add * item_size);
    memcpy(array, &grown, sizeof grown);
    return true;
}

/* An index below `count`, which is what `what` has. */
static uint32_t read_index(wasm_reader_t *r, uint32_t count, const char *what) {
    uint32_t begin = r->at;
    uint32_t index = wasm__read_u32(r);
    if (r->has_failed) return 0;
    if (index < count) return index;
    wasm__fail(r, MK_EINVAL, begin, "unknown %s %u", what, (unsigned)index);
    return 0;
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

static uint8_t read_reference_type(wasm_reader_t *r) {
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
        fail_memory(r);
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

static void decode_types(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!extend(r, &module->types, 0, count, sizeof *module->types)) return;
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

static void read_table(wasm_reader_t *r, wasm_tabletype_t *table) {
    table->type = read_reference_type(r);
    table->limits = read_limits(r, UINT32_MAX, "table");
}

static void read_memory(wasm_reader_t *r, wasm_limits_t *limits) {
    *limits = read_limits(r, 65536, "memory");
}

static void read_global(wasm_reader_t *r, wasm_globaltype_t *global) {
    global->type = read_value_type(r);
    uint32_t begin = r->at;
    uint8_t mutable = wasm__read_u8(r);
    if (mutable > 1)
        wasm__fail(r, MK_EBADMSG, begin, "malformed mutability 0x%02x",
                   (unsigned)mutable);
    global->is_mutable = mutable == 1;
}

static void check_memory_count(wasm_loader_t *loader, uint32_t offset) {
    const wasm_module_t *module = loader->module;
    if (module->memory_count > 1 && (module->features & WASM_MULTI_MEMORY) == 0)
        wasm__fail(&loader->reader, MK_EINVAL, offset, "multiple memories");
    if (module->memory_count > MK_WASM_TABLES)
        wasm__fail(&loader->reader, MK_ELIMIT, offset,
                   "more memories than MK_WASM_TABLES (%u)", (unsigned)MK_WASM_TABLES);
}

static void check_table_count(wasm_loader_t *loader, uint32_t offset) {
    if (loader->module->table_count > MK_WASM_TABLES)
        wasm__fail(&loader->reader, MK_ELIMIT, offset,
                   "more tables than MK_WASM_TABLES (%u)", (unsigned)MK_WASM_TABLES);
}

/* --- imports ---------------------------------------------------------------------- */

/* Make room for one more thing of a kind and return its index. */
#define ADD_ONE(r, array, count)                                                       \
    (extend((r), &(array), (count), 1, sizeof *(array)) ? (count)++ : 0)

static void decode_import(wasm_loader_t *loader, wasm_import_row_t *import) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    import->module = wasm__read_name(r);
    import->name = wasm__read_name(r);
    uint32_t begin = r->at;
    import->kind = wasm__read_u8(r);
    if (r->has_failed) return;
    switch (import->kind) {
    case WASM_FUNCTION: {
        uint32_t type = read_index(r, module->type_count, "type");
        uint32_t index = ADD_ONE(r, module->function_types, module->function_count);
        if (r->has_failed) return;
        module->function_types[index] = module->types[type].canonical;
        import->index = index;
        break;
    }
    case WASM_TABLE: {
        wasm_tabletype_t table = {{0, 0}, 0};
        read_table(r, &table);
        uint32_t index = ADD_ONE(r, module->tables, module->table_count);
        if (r->has_failed) return;
        module->tables[index] = table;
        import->index = index;
        check_table_count(loader, begin);
        break;
    }
    case WASM_MEMORY: {
        wasm_limits_t memory = {0, 0};
        read_memory(r, &memory);
        uint32_t index = ADD_ONE(r, module->memories, module->memory_count);
        if (r->has_failed) return;
        module->memories[index] = memory;
        import->index = index;
        check_memory_count(loader, begin);
        break;
    }
    case WASM_GLOBAL: {
        wasm_globaltype_t global = {0, 0, 0, false};
        read_global(r, &global);
        uint32_t index = ADD_ONE(r, module->globals, module->global_count);
        if (r->has_failed) return;
        global.slot = index;
        module->globals[index] = global;
        import->index = index;
        break;
    }
    default:
        wasm__fail(r, MK_EBADMSG, begin, "malformed import kind 0x%02x",
                   (unsigned)import->kind);
    }
}

static void decode_imports(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!extend(r, &module->imports, 0, count, sizeof *module->imports)) return;
    module->import_count = count;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        decode_import(loader, &module->imports[i]);
    module->imported_functions = module->function_count;
    module->imported_tables = module->table_count;
    module->imported_memories = module->memory_count;
    module->imported_globals = module->global_count;
}

/* --- constant expressions --------------------------------------------------------- */

static void declare(wasm_loader_t *loader, uint32_t function) {
    if (loader->reader.has_failed) return;
    if (loader->declared == NULL) {
        loader->declared = mk_calloc(loader->module->function_count / 8 + 1, 1);
        if (loader->declared == NULL) {
            fail_memory(&loader->reader);
            return;
        }
    }
    loader->declared[function / 8] |= (uint8_t)(1u << function % 8);
}

/* The type that one instruction of a constant expression pushes; 0 for arithmetic on
 * `*operand`, which pops two of that type and pushes one. */
static uint8_t read_constant(wasm_loader_t *loader, uint8_t opcode, uint32_t begin,
                             uint8_t *operand) {
    wasm_reader_t *r = &loader->reader;
    const wasm_module_t *module = loader->module;
    switch (opcode) {
    case 0x41: wasm__read_s32(r); return WASM_I32;
    case 0x42: wasm__read_s64(r); return WASM_I64;
    case 0x43: wasm__read_f32(r); return WASM_F32;
    case 0x44: wasm__read_f64(r); return WASM_F64;
    case 0x23: {
        uint32_t index = read_index(r, module->imported_globals, "global");
        if (r->has_failed) return WASM_I32;
        if (module->globals[index].is_mutable)
            wasm__fail(r, MK_EINVAL, begin,
                       "constant expression required: global %u is mutable",
                       (unsigned)index);
        return module->globals[index].type;
    }
    case 0xD0: return read_reference_type(r);
    case 0xD2:
        declare(loader, read_index(r, module->function_count, "function"));
        return WASM_FUNCREF;
    case 0x6A:
    case 0x6B:
    case 0x6C: *operand = WASM_I32; break;
    case 0x7C:
    case 0x7D:
    case 0x7E: *operand = WASM_I64; break;
    default: *operand = 0;
    }
    if (*operand == 0 || (module->features & WASM_EXTENDED_CONST) == 0) {
        *operand = 0;
        if (wasm__is_opcode(opcode))
            wasm__fail(r, MK_EINVAL, begin,
                       "constant expression required, opcode 0x%02x found",
                       (unsigned)opcode);
        else
            wasm__fail(r, MK_EBADMSG, begin, "illegal opcode 0x%02x", (unsigned)opcode);
    }
    return 0;
}

/* Validate a constant expression that gives one value of `type`. */
static void check_constant(wasm_loader_t *loader, uint8_t type) {
    wasm_reader_t *r = &loader->reader;
    uint8_t stack[MK_WASM_CONSTANT_DEPTH];
    unsigned depth = 0;
    while (!r->has_failed) {
        uint32_t begin = r->at;
        uint8_t opcode = wasm__read_u8(r);
        if (opcode == 0x0B) {
            if (depth != 1 || stack[0] != type)
                wasm__fail(r, MK_EINVAL, begin,
                           "type mismatch: constant expression must give one %s",
                           wasm_type_name((wasm_type_t)type));
            return;
        }
        uint8_t operand = 0;
        uint8_t pushed = read_constant(loader, opcode, begin, &operand);
        if (r->has_failed) return;
        if (operand != 0) {
            if (depth < 2 || stack[depth - 1] != operand || stack[depth - 2] != operand)
                wasm__fail(r, MK_EINVAL, begin, "type mismatch: two %s wanted",
                           wasm_type_name((wasm_type_t)operand));
            else
                depth--;
        } else if (depth == MK_WASM_CONSTANT_DEPTH) {
            wasm__fail(r, MK_ELIMIT, begin,
                       "constant expression deeper than MK_WASM_CONSTANT_DEPTH (%u)",
                       (unsigned)MK_WASM_CONSTANT_DEPTH);
        } else {
            stack[depth++] = pushed;
        }
    }
}

/* --- the sections of definitions -------------------------------------------------- */

static void decode_functions(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!extend(r, &module->function_types, module->function_count, count,
                sizeof *module->function_types))
        return;
    for (uint32_t i = 0; i < count && !r->has_failed; i++) {
        uint32_t type = read_index(r, module->type_count, "type");
        if (r->has_failed) return;
        module->function_types[module->function_count++] =
            module->types[type].canonical;
    }
}

static void decode_tables(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!extend(r, &module->tables, module->table_count, count, sizeof *module->tables))
        return;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        read_table(r, &module->tables[module->table_count++]);
    check_table_count(loader, begin);
}

static void decode_memories(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!extend(r, &module->memories, module->memory_count, count,
                sizeof *module->memories))
        return;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        read_memory(r, &module->memories[module->memory_count++]);
    check_memory_count(loader, begin);
}

static void decode_globals(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!extend(r, &module->globals, module->global_count, count,
                sizeof *module->globals))
        return;
    for (uint32_t i = 0; i < count && !r->has_failed; i++) {
        wasm_globaltype_t *global = &module->globals[module->global_count];
        read_global(r, global);
        global->init_at = r->at;
        global->slot = module->global_slots;
        check_constant(loader, global->type);
        module->global_slots += wasm__is_wide(global->type) ? 2 : 1;
        module->global_count++;
    }
}

static bool export_is_before(const wasm_module_t *module, uint32_t a, uint32_t b) {
    return text_compare(module->exports[a].name, module->exports[b].name) < 0;
}

static void sift_down(const wasm_module_t *module, uint32_t *order, uint32_t from,
                      uint32_t count) {
    uint32_t moved = order[from];
    for (uint32_t child; (child = 2 * from + 1) < count; from = child) {
        if (child + 1 < count &&
            export_is_before(module, order[child], order[child + 1]))
            child++;
        if (!export_is_before(module, moved, order[child])) break;
        order[from] = order[child];
    }
    order[from] = moved;
}

/* Names of exports must differ: sort them (heap sort, so that no choice of names is
 * slow) and compare neighbours. */
static void check_export_names(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    const wasm_module_t *module = loader->module;
    uint32_t count = module->export_count;
    if (count < 2 || r->has_failed) return;
    uint32_t *order = mk_alloc(count * sizeof *order);
    if (order == NULL) {
        fail_memory(r);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count / 2; i-- > 0;)
        sift_down(module, order, i, count);
    for (uint32_t left = count; left-- > 1;) {
        uint32_t last = order[0];
        order[0] = order[left];
        order[left] = last;
        sift_down(module, order, 0, left);
    }
    for (uint32_t i = 1; i < count && !r->has_failed; i++) {
        text_t name = module->exports[order[i]].name;
        if (!text_equals(module->exports[order[i - 1]].name, name)) continue;
        uint32_t at = (uint32_t)((const uint8_t *)name.bytes - module->bytes);
        wasm__fail(r, MK_EINVAL, name.size != 0 ? at : r->at,
                   "duplicate export name \"%.*s\"",
                   (int)(name.size < 64 ? name.size : 64), name.bytes);
    }
    mk_free(order);
}

static void decode_exports(wasm_loader_t *loader) {
    static const char *const names[] = {"function", "table", "memory", "global"};
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!extend(r, &module->exports, 0, count, sizeof *module->exports)) return;
    module->export_count = count;
    const uint32_t spaces[] = {module->function_count, module->table_count,
                               module->memory_count, module->global_count};
    for (uint32_t i = 0; i < count && !r->has_failed; i++) {
        wasm_export_row_t *export = &module->exports[i];
        export->name = wasm__read_name(r);
        uint32_t begin = r->at;
        export->kind = wasm__read_u8(r);
        if (export->kind > WASM_GLOBAL) {
            wasm__fail(r, MK_EBADMSG, begin, "malformed export kind 0x%02x",
                       (unsigned)export->kind);
            return;
        }
        export->index = read_index(r, spaces[export->kind], names[export->kind]);
        if (export->kind == WASM_FUNCTION) declare(loader, export->index);
    }
    check_export_names(loader);
}

static void decode_start(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t index = read_index(r, module->function_count, "function");
    if (r->has_failed) return;
    const wasm_functype_t *type = wasm__type_of(module, index);
    if (type->param_count != 0 || type->result_count != 0)
        wasm__fail(r, MK_EINVAL, begin,
                   "start function must have no parameters and no results");
    module->start = index;
}

/* --- segments --------------------------------------------------------------------- */

static void decode_element(wasm_loader_t *loader, wasm_segment_t *segment) {
    wasm_reader_t *r = &loader->reader;
    const wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t flags = wasm__read_u32(r);
    if (flags > 7) {
        wasm__fail(r, MK_EBADMSG, begin, "malformed elements segment kind %u",
                   (unsigned)flags);
        return;
    }
    bool is_active = (flags & 1) == 0;
    segment->mode = is_active          ? SEGMENT_ACTIVE
                    : (flags & 2) != 0 ? SEGMENT_DECLARED
                                       : SEGMENT_PASSIVE;
    segment->has_exprs = (flags & 4) != 0;
    segment->type = WASM_FUNCREF;
    if (is_active) {
        uint32_t at = r->at;
        segment->target = (flags & 2) != 0 ? wasm__read_u32(r) : 0;
        if (segment->target >= module->table_count)
            wasm__fail(r, MK_EINVAL, at, "unknown table %u", (unsigned)segment->target);
        segment->offset_at = r->at;
        check_constant(loader, WASM_I32);
    }
    if ((flags & 3) != 0) {
        uint32_t at = r->at;
        if (segment->has_exprs)
            segment->type = read_reference_type(r);
        else if (wasm__read_u8(r) != 0)
            wasm__fail(r, MK_EBADMSG, at, "malformed element kind");
    }
    if (r->has_failed) return;
    if (is_active && module->tables[segment->target].type != segment->type)
        wasm__fail(
            r, MK_EINVAL, begin, "type mismatch: segment of %s for table %u of %s",
            wasm_type_name((wasm_type_t)segment->type), (unsigned)segment->target,
            wasm_type_name((wasm_type_t)module->tables[segment->target].type));
    segment->count = wasm__read_count(r, UINT32_MAX, "");
    segment->items_at = r->at;
    for (uint32_t i = 0; i < segment->count && !r->has_failed; i++) {
        if (segment->has_exprs)
            check_constant(loader, segment->type);
        else
            declare(loader, read_index(r, module->function_count, "function"));
    }
}

static void decode_elements(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!extend(r, &module->elements, 0, count, sizeof *module->elements)) return;
    module->element_count = count;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        decode_element(loader, &module->elements[i]);
}

static void decode_data_count(wasm_loader_t *loader) {
    loader->declared_data = wasm__read_u32(&loader->reader);
}

static void decode_data_segment(wasm_loader_t *loader, wasm_segment_t *segment) {
    wasm_reader_t *r = &loader->reader;
    const wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t flags = wasm__read_u32(r);
    if (flags > 2) {
        wasm__fail(r, MK_EBADMSG, begin, "malformed data segment kind %u",
                   (unsigned)flags);
        return;
    }
    segment->mode = flags == 1 ? SEGMENT_PASSIVE : SEGMENT_ACTIVE;
    if (flags != 1) {
        uint32_t at = r->at;
        segment->target = flags == 2 ? wasm__read_u32(r) : 0;
        if (segment->target >= module->memory_count)
            wasm__fail(r, MK_EINVAL, at, "unknown memory %u",
                       (unsigned)segment->target);
        segment->offset_at = r->at;
        check_constant(loader, WASM_I32);
    }
    segment->count = wasm__read_u32(r);
    segment->items_at = r->at;
    wasm__skip(r, segment->count);
}

static void decode_data(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (loader->declared_data != WASM_NOWHERE && loader->declared_data != count)
        wasm__fail(r, MK_EBADMSG, begin,
                   "data count and data section have inconsistent lengths (%u and %u)",
                   (unsigned)loader->declared_data, (unsigned)count);
    if (!extend(r, &module->data, 0, count, sizeof *module->data)) return;
    module->data_count = count;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        decode_data_segment(loader, &module->data[i]);
}

static void decode_code(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t wanted = module->function_count - module->imported_functions;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (count != wanted && !r->has_failed)
        wasm__fail(r, MK_EBADMSG, begin,
                   "function and code section have inconsistent lengths (%u and %u)",
                   (unsigned)wanted, (unsigned)count);
    if (!extend(r, &module->bodies, 0, count, sizeof *module->bodies)) return;
    module->body_count = count;
    for (uint32_t i = 0; i < count && !r->has_failed; i++) {
        module->bodies[i].body_size = wasm__read_u32(r);
        module->bodies[i].body_at = r->at;
        wasm__skip(r, module->bodies[i].body_size);
    }
}

/* --- custom sections and the whole ------------------------------------------------ */

/* Where the function names stand. A broken name section is no fault of the module: it
 * is ignored, and wasm_function_name() checks again what it reads. */
static void note_names(wasm_loader_t *loader) {
    wasm_error_t ignored = {0};
    wasm_reader_t r = loader->reader;
    r.error = &ignored;
    while (r.at < r.end && !r.has_failed) {
        uint8_t kind = wasm__read_u8(&r);
        uint32_t size = wasm__read_u32(&r);
        uint32_t at = r.at;
        wasm__skip(&r, size);
        if (kind != 1 || r.has_failed) continue;
        loader->module->names_at = at;
        loader->module->names_size = size;
    }
}

static void decode_custom(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    text_t name = wasm__read_name(r);
    if (!r->has_failed && text_is(name, "name")) note_names(loader);
    r->at = r->end;
}

typedef struct {
    const char *name;
    void (*decode)(wasm_loader_t *loader);
    uint8_t rank; /* sections come in rising rank, each at most once */
} section_row_t;

/* By section number. */
static const section_row_t section_rows[] = {
    {"custom", decode_custom, 0},
    {"type", decode_types, 1},
    {"import", decode_imports, 2},
    {"function", decode_functions, 3},
    {"table", decode_tables, 4},
    {"memory", decode_memories, 5},
    {"global", decode_globals, 6},
    {"export", decode_exports, 7},
    {"start", decode_start, 8},
    {"element", decode_elements, 9},
    {"code", decode_code, 11},
    {"data", decode_data, 12},
    {"data count", decode_data_count, 10},
};

static void decode_header(wasm_reader_t *r) {
    static const uint8_t magic[4] = {0, 'a', 's', 'm'};
    uint32_t size = r->end;
    uint32_t given = size < 4 ? size : 4;
    if (memcmp(r->bytes, magic, given) != 0) {
        wasm__fail(r, MK_EBADMSG, 0,
                   "magic header not detected: no WebAssembly module");
        return;
    }
    if (size < 8) {
        wasm__fail(r, MK_EBADMSG, size,
                   "unexpected end: a module has 8 bytes of header");
        return;
    }
    r->at = 4;
    uint32_t version = wasm__read_f32(r); /* four bytes, low first */
    if (version == 1) return;
    if (version == 0x1000D)
        wasm__fail(r, MK_ENOTSUP, 4,
                   "unknown binary version: this is a component, not a core module");
    else
        wasm__fail(r, MK_EBADMSG, 4, "unknown binary version %u", (unsigned)version);
}

static void decode_section(wasm_loader_t *loader, uint8_t *rank) {
    wasm_reader_t *r = &loader->reader;
    uint32_t module_end = r->end;
    uint32_t begin = r->at;
    uint8_t id = wasm__read_u8(r);
    r->error->section = "";
    if (id >= sizeof section_rows / sizeof section_rows[0]) {
        wasm__fail(r, MK_EBADMSG, begin, "malformed section id %u", (unsigned)id);
        return;
    }
    const section_row_t *row = &section_rows[id];
    r->error->section = row->name;
    if (row->rank != 0) {
        if (row->rank <= *rank) {
            wasm__fail(r, MK_EBADMSG, begin,
                       "unexpected content after last section: %s section out of order",
                       row->name);
            return;
        }
        *rank = row->rank;
    }
    uint32_t size_at = r->at;
    uint32_t size = wasm__read_u32(r);
    if (r->has_failed) return;
    if (size > module_end - r->at) {
        wasm__fail(r, MK_EBADMSG, size_at,
                   "length out of bounds: unexpected end of the %s section", row->name);
        return;
    }
    r->end = r->at + size;
    row->decode(loader);
    if (!r->has_failed && r->at != r->end)
        wasm__fail(r, MK_EBADMSG, r->at, "section size mismatch");
    r->end = module_end;
}

void wasm__decode(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint8_t rank = 0;
    decode_header(r);
    while (!r->has_failed && r->at < r->end)
        decode_section(loader, &rank);
    if (r->has_failed) return;
    uint32_t bodies_wanted = module->function_count - module->imported_functions;
    if (bodies_wanted != module->body_count)
        wasm__fail(r, MK_EBADMSG, r->at,
                   "function and code section have inconsistent lengths (%u and 0)",
                   (unsigned)bodies_wanted);
    if (loader->declared_data != WASM_NOWHERE &&
        loader->declared_data != module->data_count)
        wasm__fail(r, MK_EBADMSG, r->at,
                   "data count and data section have inconsistent lengths (%u and 0)",
                   (unsigned)loader->declared_data);
    if (!r->has_failed) r->error->section = "";
}
