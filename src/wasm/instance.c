/* SPDX-License-Identifier: Apache-2.0 */
/* Linking and instantiation. The order is the specification's: imports are checked,
 * globals evaluated, element segments written, then data segments; guest code (the
 * start function) runs later, by wasm_begin_start(). */
#include "wasm/instance_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <string.h>

/* --- the store -------------------------------------------------------------------- */

wasm_store_t *wasm_store_create(void) {
    return mk_calloc(1, sizeof(wasm_store_t));
}

static void free_instance(wasm_instance_t *instance);

void wasm_store_destroy(wasm_store_t *store) {
    if (store == NULL) return;
    while (store->instances != NULL) {
        wasm_instance_t *instance = store->instances;
        store->instances = instance->next;
        free_instance(instance);
    }
    mk_free(store);
}

wasm_instance_t *wasm__find_function(wasm_instance_t *asking, uint32_t handle,
                                     uint32_t *index) {
    uint32_t number = handle - 1;
    *index = number - asking->function_base;
    if (*index < asking->module->function_count) return asking;
    wasm_instance_t *owner = asking->store->instances;
    while (owner->function_base > number)
        owner = owner->next;
    *index = number - owner->function_base;
    return owner;
}

bool wasm__is_value(const wasm_instance_t *instance, wasm_value_t value) {
    uint32_t handles = instance->store != NULL ? instance->store->handles
                                               : instance->module->function_count;
    if (!wasm__is_wide((uint8_t)value.type) && value.bits > UINT32_MAX) return false;
    return value.type != WASM_FUNCREF || value.bits <= handles;
}

/* --- constant expressions --------------------------------------------------------- */

static uint64_t global_bits(const wasm_instance_t *instance, uint32_t index) {
    const wasm_module_t *module = instance->module;
    const wasm_globaltype_t *type = &module->globals[index];
    const uint32_t *slot = index < module->imported_globals
                               ? instance->imported_globals[type->slot]
                               : instance->globals + type->slot;
    return wasm__is_wide(type->type) ? wasm_slot_u64(slot) : slot[0];
}

uint64_t wasm__constant(const wasm_instance_t *instance, wasm_reader_t *r) {
    uint64_t stack[MK_WASM_CONSTANT_DEPTH] = {0};
    unsigned depth = 0;
    for (;;) {
        uint8_t opcode = wasm__read_u8(r);
        uint64_t value = 0;
        switch (opcode) {
        case 0x0B: return stack[0];
        case 0x41: value = (uint32_t)wasm__read_s32(r); break;
        case 0x42: value = (uint64_t)wasm__read_s64(r); break;
        case 0x43: value = wasm__read_f32(r); break;
        case 0x44: value = wasm__read_f64(r); break;
        case 0x23: value = global_bits(instance, wasm__read_u32(r)); break;
        case 0xD0: (void)wasm__read_u8(r); break;
        case 0xD2: value = 1 + instance->function_base + wasm__read_u32(r); break;
        default: { /* arithmetic: validated, so both operands are there */
            uint64_t b = stack[--depth];
            uint64_t a = stack[--depth];
            unsigned kind = opcode < 0x7C ? opcode - 0x6Au : opcode - 0x7Cu;
            value = kind == 0 ? a + b : kind == 1 ? a - b : a * b;
            if (opcode < 0x7C) value = (uint32_t)value;
        }
        }
        stack[depth++] = value;
    }
}

static wasm_reader_t reader_at(const wasm_instance_t *instance, uint32_t at,
                               wasm_error_t *error) {
    return (wasm_reader_t){instance->module->bytes, at, instance->module->size, false,
                           error};
}

static uint64_t constant_at(const wasm_instance_t *instance, uint32_t at) {
    wasm_error_t ignored = {0};
    wasm_reader_t r = reader_at(instance, at, &ignored);
    return wasm__constant(instance, &r);
}

void wasm__copy_elements(const wasm_instance_t *instance, const wasm_segment_t *segment,
                         uint32_t from, uint32_t count, uint32_t *entries) {
    wasm_error_t ignored = {0};
    wasm_reader_t r = reader_at(instance, segment->items_at, &ignored);
    for (uint32_t i = 0; i < from + count; i++) {
        uint32_t handle = segment->has_exprs
                              ? (uint32_t)wasm__constant(instance, &r)
                              : 1 + instance->function_base + wasm__read_u32(&r);
        if (i >= from) entries[i - from] = handle;
    }
}

/* --- imports ---------------------------------------------------------------------- */

/* Fill in what a resolver left open. */
static int fail(wasm_error_t *error, int code, const char *format, ...) MK_PRINTF(3, 4);
static int fail(wasm_error_t *error, int code, const char *format, ...) {
    error->code = code;
    if (error->text[0] != '\0') return code;
    mk_writer_t w;
    writer_init(&w, error->text, sizeof error->text);
    va_list args;
    va_start(args, format);
    writer_vformat(&w, format, args);
    va_end(args);
    return code;
}

#define NAMED_FORMAT "import \"%.*s\" \"%.*s\""
#define NAMED(import)                                                                  \
    (int)((import)->module.size < 40 ? (import)->module.size : 40),                    \
        (import)->module.bytes,                                                        \
        (int)((import)->name.size < 60 ? (import)->name.size : 60),                    \
        (import)->name.bytes

static int refuse(wasm_error_t *error, const wasm_import_t *import) {
    return fail(error, MK_EREFUSED, "incompatible import type: " NAMED_FORMAT " (%s)",
                NAMED(import), wasm_kind_name(import->kind));
}

static int link_function(wasm_instance_t *instance, const wasm_import_t *import,
                         const wasm_extern_t *found, wasm_error_t *error) {
    const wasm_module_t *module = instance->module;
    wasm_link_t *link = &instance->links->rows[import->index];
    const wasm_functype_t *type = wasm__type_of(module, import->index);
    if (found->host != NULL) {
        wasm_signature_t signature = wasm_function_signature(module, import->index);
        if (!wasm_signature_is(&signature, found->signature))
            return refuse(error, import);
        *link = (wasm_link_t){found->host, {.data = found->data}, found->fuel};
        return MK_OK;
    }
    const wasm_module_t *theirs = found->instance->module;
    if (found->index >= theirs->function_count ||
        !wasm__types_equal(module, type, theirs, wasm__type_of(theirs, found->index)))
        return refuse(error, import);
    if (found->index < theirs->imported_functions)
        *link = found->instance->links
                    ->rows[found->index]; /* what they imported themselves */
    else
        link->u.handle = 1 + found->instance->function_base + found->index;
    return MK_OK;
}

/* Whether something of size `size` and maximum `max` may stand for `wanted`. */
static bool limits_fit(const wasm_limits_t *wanted, uint32_t size, uint32_t max) {
    return size >= wanted->min && max <= wanted->max;
}

static int link_other(wasm_instance_t *instance, const wasm_import_t *import,
                      const wasm_extern_t *found, wasm_error_t *error) {
    const wasm_module_t *module = instance->module;
    wasm_instance_t *from = found->instance;
    if (from == NULL) return refuse(error, import);
    switch (import->kind) {
    case WASM_TABLE: {
        const wasm_tabletype_t *wanted = &module->tables[import->index];
        if (found->index >= from->module->table_count) break;
        wasm_table_t *table = from->tables[found->index];
        if (table->type != wanted->type ||
            !limits_fit(&wanted->limits, table->size, table->declared_max))
            break;
        instance->tables[import->index] = table;
        return MK_OK;
    }
    case WASM_MEMORY: {
        if (found->index >= from->module->memory_count) break;
        wasm_memory_t *memory = from->memories[found->index];
        if (!limits_fit(&module->memories[import->index], memory->pages,
                        memory->declared_max))
            break;
        instance->memories[import->index] = memory;
        return MK_OK;
    }
    default: {
        const wasm_globaltype_t *wanted = &module->globals[import->index];
        if (found->index >= from->module->global_count) break;
        const wasm_globaltype_t *global = &from->module->globals[found->index];
        if (global->type != wanted->type || global->is_mutable != wanted->is_mutable)
            break;
        instance->imported_globals[wanted->slot] =
            found->index < from->module->imported_globals
                ? from->imported_globals[global->slot]
                : from->globals + global->slot;
        return MK_OK;
    }
    }
    return refuse(error, import);
}

static int link_imports(wasm_instance_t *instance,
                        const wasm_instance_options_t *options, wasm_error_t *error) {
    const wasm_module_t *module = instance->module;
    for (uint32_t i = 0; i < module->import_count; i++) {
        wasm_import_t import = wasm_import_at(module, i);
        wasm_extern_t found = {0};
        int code = MK_ENOENT;
        if (options->resolve != NULL)
            code = options->resolve(options->resolve_arg, &import, &found, error);
        if (code < 0)
            return fail(error, code, "unknown " NAMED_FORMAT " (%s)", NAMED(&import),
                        wasm_kind_name(import.kind));
        if (found.instance != NULL &&
            (found.instance->store == NULL || found.instance->store != instance->store))
            return fail(error, MK_EINVAL,
                        NAMED_FORMAT ": comes from an instance of another store",
                        NAMED(&import));
        if (found.host == NULL && found.instance == NULL) return refuse(error, &import);
        if (found.host != NULL && import.kind != WASM_FUNCTION)
            return refuse(error, &import);
        code = import.kind == WASM_FUNCTION
                   ? link_function(instance, &import, &found, error)
                   : link_other(instance, &import, &found, error);
        if (code != MK_OK) return code;
    }
    return MK_OK;
}

static bool is_same_link(const wasm_link_t *a, const wasm_link_t *b) {
    if (a->host != b->host || a->fuel != b->fuel) return false;
    return a->host != NULL ? a->u.data == b->u.data : a->u.handle == b->u.handle;
}

static void release_links(wasm_module_t *module, wasm_links_t *links) {
    if (links == NULL || --links->users > 0) return;
    if (module->links == links) module->links = NULL;
    mk_free(links);
}

/* Those of the instance before are kept when they say the same. */
static void share_links(wasm_instance_t *instance) {
    wasm_module_t *module = instance->module;
    wasm_links_t *before = module->links;
    bool is_same = before != NULL;
    for (uint32_t i = 0; i < module->imported_functions && is_same; i++)
        is_same = is_same_link(&before->rows[i], &instance->links->rows[i]);
    if (!is_same) {
        module->links = instance->links;
        return;
    }
    before->users++;
    release_links(module, instance->links);
    instance->links = before;
}

int wasm_resolve_in_table(void *host_table, const wasm_import_t *import,
                          wasm_extern_t *found, wasm_error_t *error) {
    const wasm_host_table_t *table = host_table;
    (void)error;
    for (size_t i = 0; i < table->len; i++) {
        const wasm_host_row_t *row = &table->rows[i];
        if (!text_is(import->module, row->module) || !text_is(import->name, row->name))
            continue;
        *found = (wasm_extern_t){
            .host = row->host, .data = row->data, .signature = row->signature};
        return MK_OK;
    }
    return MK_ENOENT;
}

/* --- one block for an instance ---------------------------------------------------- */

/* Lay out an array behind what is there; call it with NULL to learn the size. */
typedef struct {
    uint8_t *block; /* NULL: only count */
    size_t size;
} layout_t;

static void *lay(layout_t *layout, size_t count, size_t item_size) {
    enum { ALIGN = sizeof(void *) };
    void *at = layout->block != NULL ? layout->block + layout->size : NULL;
    layout->size += (count * item_size + ALIGN - 1) / ALIGN * ALIGN;
    return at;
}

static size_t lay_out(wasm_instance_t *instance, const wasm_module_t *module) {
    layout_t layout = {(uint8_t *)instance, 0};
    uint32_t own_memories = module->memory_count - module->imported_memories;
    uint32_t own_tables = module->table_count - module->imported_tables;
    (void)lay(&layout, 1, sizeof *instance);
    bool is_array = module->memory_count > 1; /* else `memory` is all of it */
    wasm_memory_t **memories =
        lay(&layout, is_array ? module->memory_count : 0, sizeof *memories);
    wasm_table_t **tables = lay(&layout, module->table_count, sizeof *tables);
    uint32_t **imported = lay(&layout, module->imported_globals, sizeof *imported);
    wasm_memory_t *own_memory = lay(&layout, own_memories, sizeof *own_memory);
    wasm_table_t *own_table = lay(&layout, own_tables, sizeof *own_table);
    size_t dropped = ((size_t)module->element_count + module->data_count + 7) / 8;
    uint32_t *globals =
        lay(&layout, module->global_slots * sizeof *globals + dropped, 1);
    if (instance == NULL) return layout.size;
    instance->memories = is_array ? memories : &instance->memory;
    instance->tables = tables;
    instance->imported_globals = imported;
    instance->globals = globals;
    for (uint32_t i = 0; i < own_memories; i++)
        instance->memories[module->imported_memories + i] = own_memory + i;
    for (uint32_t i = 0; i < own_tables; i++)
        tables[module->imported_tables + i] = own_table + i;
    return layout.size;
}

/* The most that a memory or table may grow to which begins with `own`: `limit`, or when
 * all of a kind have a budget together, an equal share of what their beginnings leave
 * of it, and at least nothing. */
static uint32_t most_of(uint32_t budget, uint32_t limit, uint64_t beginnings,
                        uint32_t count, uint32_t own) {
    if (budget == 0) return limit;
    uint64_t others = beginnings - own;
    if (beginnings > budget) return others < budget ? (uint32_t)(budget - others) : 0;
    uint64_t most = own + (budget - beginnings) / count;
    return most < limit ? (uint32_t)most : limit;
}

static int create_memories(wasm_instance_t *instance,
                           const wasm_instance_options_t *options,
                           wasm_error_t *error) {
    const wasm_module_t *module = instance->module;
    uint32_t first = module->imported_memories, end = module->memory_count;
    uint64_t beginnings = 0;
    for (uint32_t i = first; i < end; i++)
        beginnings += module->memories[i].min;
    for (uint32_t i = first; i < end; i++) {
        const wasm_limits_t *limits = &module->memories[i];
        uint32_t most = most_of(options->memory_pages, MK_WASM_MEMORY_PAGES, beginnings,
                                end - first, limits->min);
        if (limits->min > most)
            return fail(
                error, MK_ELIMIT,
                "memory %u wants %u pages, %u are allowed (MK_WASM_MEMORY_PAGES "
                "or the instance's own limit)",
                (unsigned)i, (unsigned)limits->min, (unsigned)most);
        wasm_memory_t *memory = instance->memories[i];
        memory->pages = limits->min;
        memory->declared_max = limits->max;
        memory->max_pages = limits->max < most ? limits->max : most;
    }
    return MK_OK;
}

static int create_tables(wasm_instance_t *instance,
                         const wasm_instance_options_t *options, wasm_error_t *error) {
    const wasm_module_t *module = instance->module;
    uint32_t first = module->imported_tables, end = module->table_count;
    uint64_t beginnings = 0;
    for (uint32_t i = first; i < end; i++)
        beginnings += module->tables[i].limits.min;
    for (uint32_t i = first; i < end; i++) {
        const wasm_tabletype_t *type = &module->tables[i];
        uint32_t most = most_of(options->table_entries, MK_WASM_TABLE_ENTRIES,
                                beginnings, end - first, type->limits.min);
        if (type->limits.min > most)
            return fail(error, MK_ELIMIT,
                        "table %u wants %u entries, %u are allowed "
                        "(MK_WASM_TABLE_ENTRIES or the instance's own limit)",
                        (unsigned)i, (unsigned)type->limits.min, (unsigned)most);
        wasm_table_t *table = instance->tables[i];
        table->type = type->type;
        table->declared_max = type->limits.max;
        table->max_entries = type->limits.max < most ? type->limits.max : most;
        if (wasm__table_grow(table, type->limits.min, 0) == UINT32_MAX)
            return fail(error, MK_ENOMEM, "out of memory");
    }
    return MK_OK;
}

static void init_globals(wasm_instance_t *instance) {
    const wasm_module_t *module = instance->module;
    for (uint32_t i = module->imported_globals; i < module->global_count; i++) {
        const wasm_globaltype_t *global = &module->globals[i];
        uint64_t value = constant_at(instance, global->init_at);
        uint32_t *slot = instance->globals + global->slot;
        slot[0] = (uint32_t)value;
        if (wasm__is_wide(global->type)) slot[1] = (uint32_t)(value >> 32);
    }
}

static int init_tables(wasm_instance_t *instance, wasm_error_t *error) {
    const wasm_module_t *module = instance->module;
    for (uint32_t i = 0; i < module->element_count; i++) {
        const wasm_segment_t *segment = &module->elements[i];
        if (segment->mode == SEGMENT_PASSIVE) continue;
        if (segment->mode == SEGMENT_ACTIVE) {
            wasm_table_t *table = instance->tables[segment->target];
            uint32_t at = (uint32_t)constant_at(instance, segment->offset_at);
            if (!wasm__table_has(table, at, segment->count))
                return fail(error, MK_EOVERFLOW,
                            "out of bounds table access: element segment %u",
                            (unsigned)i);
            if (segment->count > 0)
                wasm__copy_elements(instance, segment, 0, segment->count,
                                    table->entries + at);
        }
        wasm__drop(instance, i);
    }
    return MK_OK;
}

static int init_memories(wasm_instance_t *instance, wasm_error_t *error) {
    const wasm_module_t *module = instance->module;
    for (uint32_t i = 0; i < module->data_count; i++) {
        const wasm_segment_t *segment = &module->data[i];
        if (segment->mode == SEGMENT_PASSIVE) continue;
        wasm_memory_t *memory = instance->memories[segment->target];
        uint32_t at = (uint32_t)constant_at(instance, segment->offset_at);
        wasm_trap_t trap = WASM_TRAP_MEMORY_BOUNDS;
        if (wasm__memory_has(memory, at, segment->count))
            trap = segment->count == 0 ? WASM_TRAP_NONE
                                       : wasm__memory_touch(memory, at, segment->count);
        if (trap == WASM_TRAP_MEMORY_BOUNDS)
            return fail(error, MK_EOVERFLOW,
                        "out of bounds memory access: data segment %u", (unsigned)i);
        if (trap != WASM_TRAP_NONE) return fail(error, MK_ENOMEM, "out of memory");
        if (segment->count > 0)
            memcpy(memory->bytes + at, module->bytes + segment->items_at,
                   segment->count);
        wasm__drop(instance, module->element_count + i);
    }
    return MK_OK;
}

static void free_instance(wasm_instance_t *instance) {
    wasm_module_t *module = instance->module;
    for (uint32_t i = module->imported_memories; i < module->memory_count; i++)
        mk_free(instance->memories[i]->bytes);
    for (uint32_t i = module->imported_tables; i < module->table_count; i++)
        mk_free(instance->tables[i]->entries);
    mk_free(instance->stack);
    mk_free(instance->callers);
    release_links(module, instance->links);
    wasm_module_release(module);
    mk_free(instance);
}

static int enter_store(wasm_instance_t *instance, wasm_error_t *error) {
    wasm_store_t *store = instance->store;
    uint32_t count = instance->module->function_count;
    if (store == NULL) return MK_OK;
    if (count > UINT32_MAX - 1 - store->handles)
        return fail(error, MK_ELIMIT, "more functions than a store can number");
    instance->function_base = store->handles;
    store->handles += count;
    instance->next = store->instances;
    store->instances = instance;
    return MK_OK;
}

static wasm_instance_t *allocate(wasm_module_t *module,
                                 const wasm_instance_options_t *options) {
    wasm_instance_t *instance = mk_calloc(1, lay_out(NULL, module));
    if (instance == NULL) return NULL;
    if (module->imported_functions > 0) {
        wasm_links_t *links = mk_calloc(1, sizeof *links + module->imported_functions *
                                                               sizeof links->rows[0]);
        if (links == NULL) {
            mk_free(instance);
            return NULL;
        }
        links->users = 1;
        instance->links = links;
    }
    instance->module = wasm_module_retain(module);
    (void)lay_out(instance, module);
    instance->store = options->store;
    instance->user = options->user;
    instance->current = instance;
    instance->function = WASM_NOWHERE;
    uint32_t bytes =
        options->stack_bytes != 0 ? options->stack_bytes : MK_WASM_STACK_BYTES;
    instance->stack_limit = bytes / (uint32_t)sizeof *instance->stack;
    return instance;
}

int wasm_instance_create(wasm_module_t *module, const wasm_instance_options_t *options,
                         wasm_instance_t **result, wasm_error_t *error) {
    static const wasm_instance_options_t defaults;
    if (options == NULL) options = &defaults;
    *error =
        (wasm_error_t){.offset = WASM_NOWHERE, .function = WASM_NOWHERE, .section = ""};
    *result = NULL;
    wasm_instance_t *instance = allocate(module, options);
    if (instance == NULL) return fail(error, MK_ENOMEM, "out of memory");
    int code = link_imports(instance, options, error);
    if (code == MK_OK) code = create_memories(instance, options, error);
    if (code == MK_OK) code = create_tables(instance, options, error);
    if (code == MK_OK) code = enter_store(instance, error);
    if (module->memory_count > 0) instance->memory = instance->memories[0];
    if (code == MK_OK && instance->links != NULL) share_links(instance);
    if (code != MK_OK) {
        free_instance(instance);
        return code;
    }
    init_globals(instance);
    code = init_tables(instance, error);
    if (code == MK_OK) code = init_memories(instance, error);
    if (code == MK_OK)
        *result = instance;
    else if (instance->store == NULL)
        free_instance(instance); /* in a store, shared tables may name its functions */
    return code;
}

void wasm_instance_destroy(wasm_instance_t *instance) {
    if (instance == NULL) return;
    MK_ASSERT(instance->store == NULL && instance->state != IS_RUNNING);
    free_instance(instance);
}

/* --- what hosts see --------------------------------------------------------------- */

void *wasm_user(const wasm_instance_t *instance) {
    return instance->user;
}

wasm_module_t *wasm_instance_module(const wasm_instance_t *instance) {
    return instance->module;
}

size_t wasm_instance_size(const wasm_instance_t *instance) {
    const wasm_module_t *module = instance->module;
    size_t size = lay_out(NULL, module) + instance->stack_cap * sizeof *instance->stack;
    if (instance->callers != NULL)
        size += sizeof *instance->callers +
                instance->callers->cap * sizeof instance->callers->waiting[0];
    for (uint32_t i = module->imported_memories; i < module->memory_count; i++)
        size += instance->memories[i]->committed;
    for (uint32_t i = module->imported_tables; i < module->table_count; i++)
        size += instance->tables[i]->cap * sizeof *instance->tables[i]->entries;
    return size;
}

uint8_t *wasm_memory_at(wasm_instance_t *instance, uint32_t index, uint32_t address,
                        uint32_t size) {
    if (index >= instance->module->memory_count) return NULL;
    wasm_memory_t *memory = instance->memories[index];
    if (wasm__memory_touch(memory, address, size) != WASM_TRAP_NONE) return NULL;
    if (size == 0) return (uint8_t *)instance; /* of which nothing may be read */
    return memory->bytes + address;
}

uint32_t wasm_memory_pages(const wasm_instance_t *instance, uint32_t index) {
    if (index >= instance->module->memory_count) return 0;
    return instance->memories[index]->pages;
}

uint32_t wasm_memory_grow(wasm_instance_t *instance, uint32_t index, uint32_t pages) {
    if (index >= instance->module->memory_count) return UINT32_MAX;
    return wasm__memory_grow(instance->memories[index], pages);
}

size_t wasm_memory_committed(const wasm_instance_t *instance, uint32_t index) {
    if (index >= instance->module->memory_count) return 0;
    return instance->memories[index]->committed;
}

int wasm_global_get(const wasm_instance_t *instance, uint32_t index,
                    wasm_value_t *value) {
    if (index >= instance->module->global_count) return MK_ENOENT;
    *value = (wasm_value_t){(wasm_type_t)instance->module->globals[index].type,
                            global_bits(instance, index)};
    return MK_OK;
}

int wasm_global_set(wasm_instance_t *instance, uint32_t index, wasm_value_t value) {
    if (index >= instance->module->global_count) return MK_ENOENT;
    const wasm_globaltype_t *global = &instance->module->globals[index];
    if (!global->is_mutable) return MK_EPERM;
    if (value.type != global->type || !wasm__is_value(instance, value))
        return MK_EINVAL;
    uint32_t *slot = index < instance->module->imported_globals
                         ? instance->imported_globals[global->slot]
                         : instance->globals + global->slot;
    slot[0] = (uint32_t)value.bits;
    if (wasm__is_wide(global->type)) slot[1] = (uint32_t)(value.bits >> 32);
    return MK_OK;
}

uint32_t wasm_table_size(const wasm_instance_t *instance, uint32_t index) {
    if (index >= instance->module->table_count) return 0;
    return instance->tables[index]->size;
}

int wasm_table_get(const wasm_instance_t *instance, uint32_t index, uint32_t entry,
                   wasm_value_t *value) {
    if (entry >= wasm_table_size(instance, index)) return MK_ENOENT;
    const wasm_table_t *table = instance->tables[index];
    *value = (wasm_value_t){(wasm_type_t)table->type, table->entries[entry]};
    return MK_OK;
}
