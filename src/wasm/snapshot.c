/* SPDX-License-Identifier: Apache-2.0 */
/* Writing snapshots (docs/SNAPSHOT.md). A frame is written as values with types: its
 * locals and operands in the order of the language, at a byte of the module. */
#include "wasm/instance_impl.h"
#include "wasm/snapshot_impl.h"

#include "base/crc32.h"
#include "microkernel/error.h"

const uint8_t wasm__snapshot_magic[4] = {'M', 'K', 'W', 'S'};

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
    size_t left = memory->committed - block * SNAPSHOT_BLOCK;
    return left < SNAPSHOT_BLOCK ? left : SNAPSHOT_BLOCK;
}

static bool block_is_used(const wasm_memory_t *memory, size_t block) {
    const uint8_t *bytes = memory->bytes + block * SNAPSHOT_BLOCK;
    for (size_t i = 0; i < block_size(memory, block); i++)
        if (bytes[i] != 0) return true;
    return false;
}

static void put_memories(sink_t *sink, const wasm_instance_t *instance) {
    static const uint8_t zeros[SNAPSHOT_BLOCK];
    put_u32(sink, instance->module->memory_count);
    for (uint32_t i = 0; i < instance->module->memory_count; i++) {
        const wasm_memory_t *memory = instance->memories[i];
        size_t blocks = (memory->committed + SNAPSHOT_BLOCK - 1) / SNAPSHOT_BLOCK;
        uint32_t used = 0;
        for (size_t k = 0; k < blocks; k++)
            if (block_is_used(memory, k)) used++;
        put_u32(sink, memory->pages);
        put_u32(sink, used);
        for (size_t k = 0; k < blocks; k++) {
            if (!block_is_used(memory, k)) continue;
            size_t size = block_size(memory, k);
            put_u32(sink, (uint32_t)k);
            put_bytes(sink, memory->bytes + k * SNAPSHOT_BLOCK, size);
            put_bytes(sink, zeros, SNAPSHOT_BLOCK - size);
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
    wasm__plan_init(&plan, module, &error);
    uint32_t frame = instance->frame, position = instance->position, body;
    frame_kind_t kind = instance->state == WASM_SUSPENDED ? FRAME_IN_CALL : FRAME_READY;
    put_u32(sink, count_frames(instance));
    while (sink->code == MK_OK && wasm__body_at(module, position, &body)) {
        uint32_t entry = module->entries[body];
        int code = wasm__plan_find(&plan, body, kind, true, position - entry);
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
    wasm__plan_deinit(&plan);
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
    put_bytes(&sink, wasm__snapshot_magic, sizeof wasm__snapshot_magic);
    put_number(&sink, SNAPSHOT_VERSION, 2);
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
