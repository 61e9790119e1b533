/* SPDX-License-Identifier: Apache-2.0 */
/* Reading snapshots (docs/SNAPSHOT.md). Nothing is trusted: counts and types must be
 * those that the translator finds, a frame must give the results that its caller waits
 * for, references must exist. */
#include "wasm/instance_impl.h"
#include "wasm/snapshot_impl.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/crc32.h"
#include "base/writer.h"
#include "microkernel/error.h"

#include <string.h>

typedef struct {
    bytes_reader_t r;
    wasm_instance_t *instance;
    wasm_error_t *error;
    int code; /* the first error */
} source_t;

static void refuse(source_t *s, int code, const char *text) {
    if (s->code != MK_OK) return;
    s->code = s->error->code = code;
    mk_writer_t w;
    writer_init(&w, s->error->text, sizeof s->error->text);
    writer_str(&w, text);
}

static void refuse_damaged(source_t *s) {
    refuse(s, MK_EBADMSG, "the snapshot is damaged");
}

/* A value that must be of this type and one the guest may have. */
static uint64_t get_value(source_t *s, uint8_t type) {
    wasm_value_t value = {(wasm_type_t)bytes_read_u8(&s->r), 0};
    value.bits = bytes_read_u64_le(&s->r);
    if (s->r.has_failed || value.type != type || !wasm__is_value(s->instance, value))
        refuse_damaged(s);
    return value.bits;
}

static void set_slot(uint32_t *slot, uint8_t type, uint64_t value) {
    if (wasm__is_wide(type))
        wasm_slot_set_u64(slot, value);
    else
        slot[0] = (uint32_t)value;
}

/* A count that must be this one. */
static bool get_count(source_t *s, uint32_t wanted) {
    if (s->code == MK_OK && bytes_read_u32_le(&s->r) != wanted) refuse_damaged(s);
    return s->code == MK_OK;
}

static void get_globals(source_t *s) {
    const wasm_module_t *module = s->instance->module;
    if (!get_count(s, module->global_count)) return;
    for (uint32_t i = 0; i < module->global_count && s->code == MK_OK; i++) {
        const wasm_globaltype_t *global = &module->globals[i];
        set_slot(s->instance->globals + global->slot, global->type,
                 get_value(s, global->type));
    }
}

static void get_table(source_t *s, wasm_table_t *table) {
    uint32_t size = bytes_read_u32_le(&s->r);
    uint32_t used = bytes_read_u32_le(&s->r);
    if (table->size > 0)
        memset(table->entries, 0, table->size * sizeof *table->entries);
    if (size > table->size &&
        wasm__table_grow(table, size - table->size, 0) == UINT32_MAX) {
        refuse(s, MK_ELIMIT, "the snapshot has a larger table than is allowed");
        return;
    }
    if (size < table->size || used > size) refuse_damaged(s);
    for (uint32_t i = 0; i < used && s->code == MK_OK; i++) {
        uint32_t at = bytes_read_u32_le(&s->r);
        wasm_value_t value = {(wasm_type_t)table->type, bytes_read_u32_le(&s->r)};
        if (s->r.has_failed || at >= size || !wasm__is_value(s->instance, value))
            refuse_damaged(s);
        else
            table->entries[at] = (uint32_t)value.bits;
    }
}

static void get_memory(source_t *s, wasm_memory_t *memory) {
    uint32_t pages = bytes_read_u32_le(&s->r);
    uint32_t used = bytes_read_u32_le(&s->r);
    if (pages < memory->pages) refuse_damaged(s);
    if (pages > memory->max_pages)
        refuse(s, MK_ELIMIT, "the snapshot has more memory than is allowed");
    if (s->code != MK_OK) return;
    mk_free(memory->bytes);
    memory->bytes = NULL;
    memory->committed = 0;
    memory->pages = pages;
    for (uint32_t i = 0; i < used && s->code == MK_OK; i++) {
        uint32_t block = bytes_read_u32_le(&s->r);
        const uint8_t *bytes = bytes_read(&s->r, SNAPSHOT_BLOCK);
        if (bytes == NULL || block >= UINT32_MAX / SNAPSHOT_BLOCK) {
            refuse_damaged(s);
            return;
        }
        wasm_trap_t trap =
            wasm__memory_touch(memory, block * SNAPSHOT_BLOCK, SNAPSHOT_BLOCK);
        if (trap == WASM_TRAP_MEMORY_BOUNDS) refuse_damaged(s);
        if (trap == WASM_TRAP_OUT_OF_MEMORY) refuse(s, MK_ENOMEM, "out of memory");
        if (trap == WASM_TRAP_NONE)
            memcpy(memory->bytes + block * SNAPSHOT_BLOCK, bytes, SNAPSHOT_BLOCK);
    }
}

static void get_dropped(source_t *s) {
    uint32_t bits =
        s->instance->module->element_count + s->instance->module->data_count;
    if (!get_count(s, bits)) return;
    const uint8_t *bytes = bytes_read(&s->r, (bits + 7) / 8);
    if (s->r.has_failed)
        refuse_damaged(s);
    else if (bits > 0)
        memcpy(wasm__dropped(s->instance), bytes, (bits + 7) / 8);
}

static bool make_room(source_t *s, uint32_t from, uint32_t slots) {
    wasm_trap_t trap = wasm__stack_grow(s->instance, from, slots);
    if (trap == WASM_TRAP_STACK)
        refuse(s, MK_ELIMIT, "the snapshot has deeper calls than are allowed");
    if (trap == WASM_TRAP_OUT_OF_MEMORY) refuse(s, MK_ENOMEM, "out of memory");
    return trap == WASM_TRAP_NONE;
}

static bool same_results(const wasm_module_t *module, const wasm_functype_t *a,
                         const wasm_functype_t *b) {
    return a->result_count == b->result_count &&
           memcmp(module->bytes + a->results_at, module->bytes + b->results_at,
                  a->result_count) == 0;
}

/* Where the frame that comes next, further in, has to fit. */
typedef struct {
    uint32_t slot;               /* where it begins */
    uint32_t delta;              /* slots down to its caller */
    uint32_t position;           /* where it returns to */
    const wasm_functype_t *type; /* results that are waited for */
} opening_t;

/* One frame, whose bytes begin at r.at, into the stack. */
static void get_frame(source_t *s, plan_t *plan, opening_t *opening,
                      bool is_innermost) {
    wasm_instance_t *instance = s->instance;
    wasm_module_t *module = instance->module;
    uint32_t function = bytes_read_u32_le(&s->r);
    uint32_t offset = bytes_read_u32_le(&s->r);
    uint8_t kind = bytes_read_u8(&s->r);
    uint32_t locals = bytes_read_u32_le(&s->r);
    uint32_t operands = bytes_read_u32_le(&s->r);
    uint32_t body = function - module->imported_functions;
    if (s->r.has_failed || body >= module->body_count || kind > FRAME_IN_CALL ||
        (!is_innermost && kind != FRAME_IN_CALL) ||
        !same_results(module, wasm__type_of(module, function), opening->type)) {
        refuse_damaged(s);
        return;
    }
    int code = wasm__translate(module, body);
    if (code == MK_OK)
        code = wasm__plan_find(plan, body, (frame_kind_t)kind, false, offset);
    if (code == MK_ENOMEM) refuse(s, MK_ENOMEM, "out of memory");
    if (code == MK_ENOENT ||
        (code == MK_OK && (plan->locals != locals || plan->count - locals != operands)))
        refuse_damaged(s);
    uint32_t entry = module->entries[body];
    if (s->code != MK_OK ||
        !make_room(s, opening->slot, module->code[entry + CODE_FRAME]))
        return;
    uint32_t *frame = instance->stack + opening->slot;
    uint32_t *link = frame + module->code[entry + CODE_LINK];
    link[0] = opening->position;
    link[1] = opening->delta;
    for (uint32_t i = 0; i < plan->count && s->code == MK_OK; i++) {
        const item_t *item = &plan->items[i];
        uint64_t value = get_value(s, item->type);
        if (item->place == SLOT_SUM) value = (uint32_t)(value - item->value);
        if (item->place == IN_SLOT || item->place == SLOT_SUM)
            set_slot(frame + item->slot, item->type, value);
    }
    instance->frame = opening->slot;
    instance->position = entry + plan->position;
    *opening = (opening_t){opening->slot + plan->top, plan->top, instance->position,
                           plan->call};
}

/* Bytes of the frame at r.at; 0 when it is not all there. */
static size_t frame_size(source_t *s) {
    enum { FIXED = 4 + 4 + 1 + 4 + 4, VALUE = 9 };
    bytes_reader_t ahead = s->r;
    (void)bytes_read(&ahead, FIXED - 8);
    uint64_t values = bytes_read_u32_le(&ahead);
    values += bytes_read_u32_le(&ahead);
    if (ahead.has_failed || values * VALUE > bytes_left(&ahead)) return 0;
    return FIXED + (size_t)values * VALUE;
}

/* They stand innermost first and are rebuilt the other way. */
static void get_frames(source_t *s, opening_t *opening, uint32_t *count) {
    *count = bytes_read_u32_le(&s->r);
    if (s->r.has_failed || *count > bytes_left(&s->r)) {
        refuse_damaged(s);
        return;
    }
    size_t *starts = mk_alloc(*count * sizeof *starts);
    if (starts == NULL) {
        refuse(s, MK_ENOMEM, "out of memory");
        return;
    }
    for (uint32_t i = 0; i < *count && s->code == MK_OK; i++) {
        size_t size = frame_size(s);
        starts[i] = s->r.at;
        if (size == 0) refuse_damaged(s);
        (void)bytes_read(&s->r, size);
    }
    size_t end = s->r.at;
    wasm_error_t error = {0};
    plan_t plan;
    wasm__plan_init(&plan, s->instance->module, &error);
    for (uint32_t i = *count; i-- > 0 && s->code == MK_OK;) {
        s->r.at = starts[i];
        get_frame(s, &plan, opening, i == 0);
    }
    s->r.at = end;
    wasm__plan_deinit(&plan);
    mk_free(starts);
}

/* Values of an import's call, to slots that are found when the frames are there. */
typedef struct {
    import_t state;
    uint32_t index;
    const uint8_t *types;
    uint32_t count;
    size_t at; /* where the values stand */
} pending_t;

static void get_pending(source_t *s, pending_t *pending) {
    const wasm_module_t *module = s->instance->module;
    pending->state = (import_t)bytes_read_u8(&s->r);
    if (pending->state == IMPORT_NONE) return;
    pending->index = bytes_read_u32_le(&s->r);
    if (s->r.has_failed || pending->state > IMPORT_ANSWERED ||
        pending->index >= module->imported_functions) {
        refuse_damaged(s);
        return;
    }
    const wasm_functype_t *type = wasm__type_of(module, pending->index);
    bool has_results = pending->state == IMPORT_ANSWERED;
    pending->types = module->bytes + (has_results ? type->results_at : type->params_at);
    pending->count = has_results ? type->result_count : type->param_count;
    if (!get_count(s, pending->count)) return;
    pending->at = s->r.at;
    for (uint32_t i = 0; i < pending->count && s->code == MK_OK; i++)
        (void)get_value(s, pending->types[i]);
}

static void place_pending(source_t *s, const pending_t *pending, uint32_t slot) {
    const wasm_functype_t *type = wasm__type_of(s->instance->module, pending->index);
    uint32_t slots =
        type->param_slots > type->result_slots ? type->param_slots : type->result_slots;
    if (!make_room(s, slot, slots + LINK_SLOTS)) return;
    s->instance->u.pending.slot = slot;
    s->instance->u.pending.function = pending->index;
    s->r.at = pending->at;
    uint32_t *to = s->instance->stack + slot;
    for (uint32_t i = 0; i < pending->count; i++) {
        set_slot(to, pending->types[i], get_value(s, pending->types[i]));
        to += wasm__width(pending->types[i]);
    }
}

/* How state, import and frames go together. */
static bool is_consistent(const wasm_instance_t *instance, call_state_t state,
                          const pending_t *pending, uint32_t frames,
                          const opening_t *inner) {
    const wasm_module_t *module = instance->module;
    if (state == CALL_SUSPENDED)
        return pending->state == IMPORT_WAITS && inner->type != NULL &&
               same_results(module, wasm__type_of(module, pending->index), inner->type);
    if (frames > 0) return pending->state == IMPORT_NONE && inner->type == NULL;
    return (pending->state == IMPORT_BEGINS || pending->state == IMPORT_ANSWERED) &&
           pending->index == instance->function;
}

static void get_call(source_t *s) {
    wasm_instance_t *instance = s->instance;
    const wasm_module_t *module = instance->module;
    uint8_t state = bytes_read_u8(&s->r);
    if (s->r.has_failed || state > CALL_SUSPENDED) refuse_damaged(s);
    if (s->code != MK_OK || state == CALL_NONE) return;
    instance->function = bytes_read_u32_le(&s->r);
    instance->debt = bytes_read_u32_le(&s->r);
    if (s->r.has_failed || instance->function >= module->function_count) {
        refuse_damaged(s);
        return;
    }
    pending_t pending = {IMPORT_NONE, 0, NULL, 0, 0};
    get_pending(s, &pending);
    if (s->code != MK_OK) return;
    opening_t opening = {0, 0, 0, wasm__type_of(module, instance->function)};
    uint32_t frames;
    instance->frame = instance->position = 0;
    get_frames(s, &opening, &frames);
    if (s->code != MK_OK) return;
    if (!is_consistent(instance, (call_state_t)state, &pending, frames, &opening)) {
        refuse_damaged(s);
        return;
    }
    size_t end = s->r.at;
    if (pending.state != IMPORT_NONE) place_pending(s, &pending, opening.slot);
    s->r.at = end;
    if (s->code != MK_OK) return;
    instance->begins_with_import = pending.state == IMPORT_BEGINS;
    instance->state = state == CALL_SUSPENDED ? WASM_SUSPENDED : WASM_RUNNABLE;
}

static void get_header(source_t *s, const uint8_t *bytes, size_t size) {
    uint8_t hash[SHA1_SIZE];
    if (size < SNAPSHOT_HEADER + 4 ||
        memcmp(bytes, wasm__snapshot_magic, sizeof wasm__snapshot_magic) != 0) {
        refuse(s, MK_EBADMSG, "this is no snapshot");
        return;
    }
    bytes_reader_t end;
    bytes_reader_init(&end, bytes + size - 4, 4);
    if (crc32_add(0, bytes, size - 4) != bytes_read_u32_le(&end)) {
        refuse_damaged(s);
        return;
    }
    (void)bytes_read(&s->r, sizeof wasm__snapshot_magic);
    uint16_t version = bytes_read_u16_le(&s->r);
    uint16_t reserved = bytes_read_u16_le(&s->r);
    if (version != SNAPSHOT_VERSION || reserved != 0) {
        refuse(s, MK_ENOTSUP, "the snapshot is of a later version");
        return;
    }
    sha1_of(s->instance->module->bytes, s->instance->module->size, hash);
    if (memcmp(bytes_read(&s->r, SHA1_SIZE), hash, SHA1_SIZE) != 0)
        refuse(s, MK_EINVAL, "the snapshot is of another module");
}

int wasm_restore(wasm_instance_t *instance, const void *bytes, size_t size,
                 wasm_error_t *error) {
    *error =
        (wasm_error_t){.offset = WASM_NOWHERE, .function = WASM_NOWHERE, .section = ""};
    source_t s = {.instance = instance, .error = error, .code = MK_OK};
    bytes_reader_init(&s.r, bytes, size >= 4 ? size - 4 : 0);
    if (instance->store != NULL) refuse(&s, MK_ENOTSUP, "the instance is in a store");
    if (instance->state != WASM_IDLE) refuse(&s, MK_ESTATE, "the instance is not idle");
    if (s.code == MK_OK) get_header(&s, bytes, size);
    get_globals(&s);
    if (get_count(&s, instance->module->table_count))
        for (uint32_t i = 0; i < instance->module->table_count && s.code == MK_OK; i++)
            get_table(&s, instance->tables[i]);
    if (get_count(&s, instance->module->memory_count))
        for (uint32_t i = 0; i < instance->module->memory_count && s.code == MK_OK; i++)
            get_memory(&s, instance->memories[i]);
    if (s.code == MK_OK) get_dropped(&s);
    if (s.code == MK_OK) get_call(&s);
    if (s.code == MK_OK && !bytes_is_complete(&s.r)) refuse_damaged(&s);
    instance->current = instance;
    if (s.code != MK_OK) {
        instance->state = WASM_IDLE;
        instance->function = WASM_NOWHERE;
    }
    return s.code;
}
