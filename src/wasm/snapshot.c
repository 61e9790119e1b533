/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots (docs/SNAPSHOT.md). A frame is written as values with types: its locals and
 * operands in the order of the language, at a byte of the module. Where the engine
 * keeps each of them is not stored anywhere; it is learnt by translating the function
 * once more and looking at the translator when it passes that place (a safepoint). So
 * snapshots cost nothing until they are taken, and any version of the engine, on any
 * machine, can put the values where it wants them.
 *
 * Restoring trusts nothing: counts and types must be those that the translator finds, a
 * frame must give the results that its caller waits for, references must exist. */
#include "wasm/instance_impl.h"
#include "wasm/translate_impl.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/crc32.h"
#include "base/sha1.h"
#include "base/writer.h"
#include "microkernel/error.h"

#include <string.h>

enum {
    VERSION = 1,
    HEADER_SIZE = 4 + 2 + 2 + SHA1_SIZE,
    BLOCK = 256, /* bytes of memory that are written together or, when zero, not */
};

static const uint8_t magic[4] = {'M', 'K', 'W', 'S'};

typedef enum { CALL_NONE, CALL_RUNNABLE, CALL_SUSPENDED } call_state_t;

/* What a frame waits for. */
typedef enum { FRAME_READY, FRAME_IN_CALL } frame_kind_t;

/* A call of an import that the host made itself and that has no frame. */
typedef enum { IMPORT_NONE, IMPORT_BEGINS, IMPORT_WAITS, IMPORT_ANSWERED } import_t;

/* --- where the values of a frame are ---------------------------------------------- */

typedef struct {
    uint64_t value; /* of a constant; what a sum adds */
    uint16_t slot;  /* where it is read from, relative to the frame */
    uint8_t type;
    uint8_t place; /* operand_place_t */
} item_t;

typedef struct {
    translator_t t;
    uint32_t body; /* that the rest describes; NO_CODE: nothing yet */
    frame_kind_t kind;
    bool is_found;
    bool has_failed;   /* no memory for the items */
    bool by_position;  /* looked for by position in the code, not by offset */
    uint32_t wanted;   /* the position or offset looked for, relative to the body */
    uint32_t position; /* of the safepoint, relative to the function's code */
    uint32_t offset;   /* relative to the body */
    uint32_t locals;   /* items that are locals; the others are operands */
    uint32_t count;    /* items */
    uint32_t cap;
    uint32_t top;                /* first slot behind the operands */
    const wasm_functype_t *call; /* FRAME_IN_CALL: the type of the call */
    item_t *items;
} plan_t;

static void note_safepoint(void *arg, const translator_t *t, uint32_t position,
                           uint32_t offset, const wasm_functype_t *call) {
    plan_t *plan = arg;
    offset -= t->module->bodies[plan->body].body_at;
    frame_kind_t kind = call != NULL ? FRAME_IN_CALL : FRAME_READY;
    if (plan->is_found || kind != plan->kind) return;
    if ((plan->by_position ? position : offset) != plan->wanted) return;
    uint32_t count = t->local_count + t->operand_count;
    if (count > plan->cap) {
        item_t *items = mk_realloc(plan->items, count * sizeof *items);
        plan->has_failed = items == NULL;
        if (items == NULL) return;
        plan->items = items;
        plan->cap = count;
    }
    for (uint32_t i = 0; i < t->local_count; i++)
        plan->items[i] = (item_t){0, t->locals[i].slot, t->locals[i].type, IN_SLOT};
    for (uint32_t i = 0; i < t->operand_count; i++) {
        const operand_t *o = &t->operands[i];
        uint16_t slot = wasm__reads_local(o) ? t->locals[o->local].slot : o->slot;
        plan->items[t->local_count + i] = (item_t){o->value, slot, o->type, o->place};
    }
    plan->is_found = true;
    plan->position = position;
    plan->offset = offset;
    plan->locals = t->local_count;
    plan->count = count;
    plan->top = t->top;
    plan->call = call;
}

static void plan_init(plan_t *plan, wasm_module_t *module, wasm_error_t *error) {
    memset(plan, 0, sizeof *plan);
    wasm__translator_init(&plan->t, module, error);
    plan->t.on_safepoint = note_safepoint;
    plan->t.safepoint_arg = plan;
    plan->body = NO_CODE;
}

static void plan_deinit(plan_t *plan) {
    wasm__translator_deinit(&plan->t);
    mk_free(plan->items);
}

/* Find the safepoint of a body; what was found last is kept, since the frames of a
 * recursion are alike. MK_OK, MK_ENOENT, MK_ENOMEM. */
static int make_plan(plan_t *plan, uint32_t body, frame_kind_t kind, bool by_position,
                     uint32_t wanted) {
    if (plan->is_found && plan->body == body && plan->kind == kind &&
        wanted == (by_position ? plan->position : plan->offset))
        return MK_OK;
    plan->body = body;
    plan->kind = kind;
    plan->by_position = by_position;
    plan->wanted = wanted;
    plan->is_found = plan->has_failed = false;
    if (!wasm__translate_body(&plan->t, body, true) || plan->has_failed)
        return MK_ENOMEM;
    return plan->is_found ? MK_OK : MK_ENOENT;
}

/* --- writing ---------------------------------------------------------------------- */

typedef struct {
    buffer_t *out;
    int code; /* the first error */
} sink_t;

static void put_bytes(sink_t *sink, const void *bytes, size_t size) {
    if (sink->code == MK_OK) sink->code = buffer_append(sink->out, bytes, size);
}
static void put_number(sink_t *sink, uint64_t value, unsigned size) {
    uint8_t bytes[8];
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    put_bytes(sink, bytes, size);
}
static void put_u8(sink_t *sink, unsigned value) {
    put_number(sink, value, 1);
}
static void put_u32(sink_t *sink, uint32_t value) {
    put_number(sink, value, 4);
}
static void put_value(sink_t *sink, uint8_t type, uint64_t bits) {
    put_u8(sink, type);
    put_number(sink, bits, 8);
}

static uint64_t slot_value(const uint32_t *slot, uint8_t type) {
    return wasm__is_wide(type) ? wasm_slot_u64(slot) : slot[0];
}

static void put_types(sink_t *sink, const uint8_t *types, uint32_t count,
                      const uint32_t *slot) {
    put_u32(sink, count);
    for (uint32_t i = 0; i < count; i++) {
        put_value(sink, types[i], slot_value(slot, types[i]));
        slot += wasm__width(types[i]);
    }
}

static void put_globals(sink_t *sink, const wasm_instance_t *instance) {
    const wasm_module_t *module = instance->module;
    put_u32(sink, module->global_count);
    for (uint32_t i = 0; i < module->global_count; i++) {
        const wasm_globaltype_t *global = &module->globals[i];
        put_value(sink, global->type,
                  slot_value(instance->globals + global->slot, global->type));
    }
}

static void put_tables(sink_t *sink, const wasm_instance_t *instance) {
    put_u32(sink, instance->module->table_count);
    for (uint32_t i = 0; i < instance->module->table_count; i++) {
        const wasm_table_t *table = instance->tables[i];
        uint32_t used = 0;
        for (uint32_t k = 0; k < table->size; k++)
            if (table->entries[k] != 0) used++;
        put_u32(sink, table->size);
        put_u32(sink, used);
        for (uint32_t k = 0; k < table->size; k++) {
            if (table->entries[k] == 0) continue;
            put_u32(sink, k);
            put_u32(sink, table->entries[k]);
        }
    }
}

/* Bytes of block number `block` that are committed; the others are zero. */
static size_t block_size(const wasm_memory_t *memory, size_t block) {
    size_t left = memory->committed - block * BLOCK;
    return left < BLOCK ? left : BLOCK;
}

static bool block_is_used(const wasm_memory_t *memory, size_t block) {
    const uint8_t *bytes = memory->bytes + block * BLOCK;
    for (size_t i = 0; i < block_size(memory, block); i++)
        if (bytes[i] != 0) return true;
    return false;
}

static void put_memories(sink_t *sink, const wasm_instance_t *instance) {
    static const uint8_t zeros[BLOCK];
    put_u32(sink, instance->module->memory_count);
    for (uint32_t i = 0; i < instance->module->memory_count; i++) {
        const wasm_memory_t *memory = instance->memories[i];
        size_t blocks = (memory->committed + BLOCK - 1) / BLOCK;
        uint32_t used = 0;
        for (size_t k = 0; k < blocks; k++)
            if (block_is_used(memory, k)) used++;
        put_u32(sink, memory->pages);
        put_u32(sink, used);
        for (size_t k = 0; k < blocks; k++) {
            if (!block_is_used(memory, k)) continue;
            size_t size = block_size(memory, k);
            put_u32(sink, (uint32_t)k);
            put_bytes(sink, memory->bytes + k * BLOCK, size);
            put_bytes(sink, zeros, BLOCK - size);
        }
    }
}

static void put_dropped(sink_t *sink, const wasm_instance_t *instance) {
    uint32_t bits = instance->module->element_count + instance->module->data_count;
    put_u32(sink, bits);
    put_bytes(sink, wasm__dropped(instance), (bits + 7) / 8);
}

static uint64_t item_value(const item_t *item, const uint32_t *frame) {
    if (item->place == IS_CONSTANT) return item->value;
    uint64_t value = slot_value(frame + item->slot, item->type);
    if (item->place == SLOT_SUM || item->place == LOCAL_SUM)
        value = (uint32_t)(value + item->value);
    return value;
}

static void put_frame(sink_t *sink, plan_t *plan, const wasm_instance_t *instance,
                      uint32_t frame) {
    put_u32(sink, instance->module->imported_functions + plan->body);
    put_u32(sink, plan->offset);
    put_u8(sink, plan->kind);
    put_u32(sink, plan->locals);
    put_u32(sink, plan->count - plan->locals);
    for (uint32_t i = 0; i < plan->count; i++)
        put_value(sink, plan->items[i].type,
                  item_value(&plan->items[i], instance->stack + frame));
}

static uint32_t count_frames(const wasm_instance_t *instance) {
    return (uint32_t)wasm_backtrace(instance, NULL, 0);
}

/* All frames, innermost first. */
static void put_frames(sink_t *sink, wasm_instance_t *instance) {
    wasm_module_t *module = instance->module;
    wasm_error_t error = {0};
    plan_t plan;
    plan_init(&plan, module, &error);
    uint32_t frame = instance->frame, position = instance->position, body;
    frame_kind_t kind = instance->state == WASM_SUSPENDED ? FRAME_IN_CALL : FRAME_READY;
    put_u32(sink, count_frames(instance));
    while (sink->code == MK_OK && wasm__body_at(module, position, &body)) {
        uint32_t entry = module->entries[body];
        int code = make_plan(&plan, body, kind, true, position - entry);
        if (code != MK_OK) {
            sink->code = MK_ENOMEM; /* every place where a call stops is a safepoint */
            break;
        }
        put_frame(sink, &plan, instance, frame);
        const uint32_t *link =
            instance->stack + frame + module->code[entry + CODE_LINK];
        position = link[0];
        frame -= link[1] & LINK_DELTA;
        kind = FRAME_IN_CALL;
    }
    plan_deinit(&plan);
}

static import_t import_state(const wasm_instance_t *instance) {
    if (instance->state == WASM_SUSPENDED) return IMPORT_WAITS;
    if (instance->begins_with_import) return IMPORT_BEGINS;
    return instance->position == 0 ? IMPORT_ANSWERED : IMPORT_NONE;
}

static void put_call(sink_t *sink, wasm_instance_t *instance) {
    const wasm_module_t *module = instance->module;
    call_state_t state = instance->state == WASM_RUNNABLE    ? CALL_RUNNABLE
                         : instance->state == WASM_SUSPENDED ? CALL_SUSPENDED
                                                             : CALL_NONE;
    put_u8(sink, state);
    if (state == CALL_NONE) return;
    import_t import = import_state(instance);
    put_u32(sink, instance->function);
    put_u32(sink, instance->debt);
    put_u8(sink, import);
    if (import != IMPORT_NONE) {
        uint32_t index =
            import == IMPORT_WAITS ? instance->u.pending.function : instance->function;
        const wasm_functype_t *type = wasm__type_of(module, index);
        const uint32_t *slots =
            instance->stack + (import == IMPORT_WAITS ? instance->u.pending.slot : 0);
        bool has_results = import == IMPORT_ANSWERED;
        put_u32(sink, index);
        put_types(sink,
                  module->bytes + (has_results ? type->results_at : type->params_at),
                  has_results ? type->result_count : type->param_count, slots);
    }
    put_frames(sink, instance);
}

int wasm_snapshot(wasm_instance_t *instance, buffer_t *out) {
    uint8_t hash[SHA1_SIZE];
    sink_t sink = {out, MK_OK};
    size_t before = buffer_size(out);
    if (instance->store != NULL) return MK_ENOTSUP;
    if (instance->state == IS_RUNNING || instance->state == WASM_TRAPPED)
        return MK_ESTATE;
    sha1_of(instance->module->bytes, instance->module->size, hash);
    put_bytes(&sink, magic, sizeof magic);
    put_number(&sink, VERSION, 2);
    put_number(&sink, 0, 2);
    put_bytes(&sink, hash, sizeof hash);
    put_globals(&sink, instance);
    put_tables(&sink, instance);
    put_memories(&sink, instance);
    put_dropped(&sink, instance);
    put_call(&sink, instance);
    if (sink.code == MK_OK)
        put_u32(&sink,
                crc32_add(0, buffer_bytes(out) + before, buffer_size(out) - before));
    return sink.code;
}

/* --- reading ---------------------------------------------------------------------- */

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
        const uint8_t *bytes = bytes_read(&s->r, BLOCK);
        if (bytes == NULL || block >= UINT32_MAX / BLOCK) {
            refuse_damaged(s);
            return;
        }
        wasm_trap_t trap = wasm__memory_touch(memory, block * BLOCK, BLOCK);
        if (trap == WASM_TRAP_MEMORY_BOUNDS) refuse_damaged(s);
        if (trap == WASM_TRAP_OUT_OF_MEMORY) refuse(s, MK_ENOMEM, "out of memory");
        if (trap == WASM_TRAP_NONE) memcpy(memory->bytes + block * BLOCK, bytes, BLOCK);
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
    if (code == MK_OK) code = make_plan(plan, body, (frame_kind_t)kind, false, offset);
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
    plan_init(&plan, s->instance->module, &error);
    for (uint32_t i = *count; i-- > 0 && s->code == MK_OK;) {
        s->r.at = starts[i];
        get_frame(s, &plan, opening, i == 0);
    }
    s->r.at = end;
    plan_deinit(&plan);
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
    if (size < HEADER_SIZE + 4 || memcmp(bytes, magic, sizeof magic) != 0) {
        refuse(s, MK_EBADMSG, "this is no snapshot");
        return;
    }
    bytes_reader_t end;
    bytes_reader_init(&end, bytes + size - 4, 4);
    if (crc32_add(0, bytes, size - 4) != bytes_read_u32_le(&end)) {
        refuse_damaged(s);
        return;
    }
    (void)bytes_read(&s->r, sizeof magic);
    uint16_t version = bytes_read_u16_le(&s->r);
    uint16_t reserved = bytes_read_u16_le(&s->r);
    if (version != VERSION || reserved != 0) {
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
