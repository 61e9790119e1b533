/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to the tables of a module. One pass over the sections; whatever a section
 * refers to stands before it in the file, so everything but the bodies is validated on
 * the way. A fault is told by the reader; functions that return nothing leave it to
 * their caller to look at `has_failed`. */
#include "wasm/decode_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <string.h>

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
    (wasm__extend((r), &(array), (count), 1, sizeof *(array)) ? (count)++ : 0)

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
        uint32_t type = wasm__read_index(r, module->type_count, "type");
        uint32_t index = ADD_ONE(r, module->function_types, module->function_count);
        if (r->has_failed) return;
        module->function_types[index] = module->types[type].canonical;
        import->index = index;
        break;
    }
    case WASM_TABLE: {
        wasm_tabletype_t table = {{0, 0}, 0};
        wasm__read_tabletype(r, &table);
        uint32_t index = ADD_ONE(r, module->tables, module->table_count);
        if (r->has_failed) return;
        module->tables[index] = table;
        import->index = index;
        check_table_count(loader, begin);
        break;
    }
    case WASM_MEMORY: {
        wasm_limits_t memory = {0, 0};
        wasm__read_memtype(r, &memory);
        uint32_t index = ADD_ONE(r, module->memories, module->memory_count);
        if (r->has_failed) return;
        module->memories[index] = memory;
        import->index = index;
        check_memory_count(loader, begin);
        break;
    }
    case WASM_GLOBAL: {
        wasm_globaltype_t global = {0, 0, 0, false};
        wasm__read_globaltype(r, &global);
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
    if (!wasm__extend(r, &module->imports, 0, count, sizeof *module->imports)) return;
    module->import_count = count;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        decode_import(loader, &module->imports[i]);
    module->imported_functions = module->function_count;
    module->imported_tables = module->table_count;
    module->imported_memories = module->memory_count;
    module->imported_globals = module->global_count;
}

/* --- the sections of definitions -------------------------------------------------- */

static void decode_functions(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!wasm__extend(r, &module->function_types, module->function_count, count,
                      sizeof *module->function_types))
        return;
    for (uint32_t i = 0; i < count && !r->has_failed; i++) {
        uint32_t type = wasm__read_index(r, module->type_count, "type");
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
    if (!wasm__extend(r, &module->tables, module->table_count, count,
                      sizeof *module->tables))
        return;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        wasm__read_tabletype(r, &module->tables[module->table_count++]);
    check_table_count(loader, begin);
}

static void decode_memories(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!wasm__extend(r, &module->memories, module->memory_count, count,
                      sizeof *module->memories))
        return;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        wasm__read_memtype(r, &module->memories[module->memory_count++]);
    check_memory_count(loader, begin);
}

static void decode_globals(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!wasm__extend(r, &module->globals, module->global_count, count,
                      sizeof *module->globals))
        return;
    for (uint32_t i = 0; i < count && !r->has_failed; i++) {
        wasm_globaltype_t *global = &module->globals[module->global_count];
        wasm__read_globaltype(r, global);
        global->init_at = r->at;
        global->slot = module->global_slots;
        wasm__check_constant(loader, global->type);
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
        wasm__fail_memory(r);
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
    if (!wasm__extend(r, &module->exports, 0, count, sizeof *module->exports)) return;
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
        export->index = wasm__read_index(r, spaces[export->kind], names[export->kind]);
        if (export->kind == WASM_FUNCTION) wasm__declare(loader, export->index);
    }
    check_export_names(loader);
}

static void decode_start(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t index = wasm__read_index(r, module->function_count, "function");
    if (r->has_failed) return;
    const wasm_functype_t *type = wasm__type_of(module, index);
    if (type->param_count != 0 || type->result_count != 0)
        wasm__fail(r, MK_EINVAL, begin,
                   "start function must have no parameters and no results");
    module->start = index;
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
    if (!wasm__extend(r, &module->bodies, 0, count, sizeof *module->bodies)) return;
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
    {"type", wasm__decode_types, 1},
    {"import", decode_imports, 2},
    {"function", decode_functions, 3},
    {"table", decode_tables, 4},
    {"memory", decode_memories, 5},
    {"global", decode_globals, 6},
    {"export", decode_exports, 7},
    {"start", decode_start, 8},
    {"element", wasm__decode_elements, 9},
    {"code", decode_code, 11},
    {"data", wasm__decode_data, 12},
    {"data count", wasm__decode_data_count, 10},
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
