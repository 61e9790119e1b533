/* SPDX-License-Identifier: Apache-2.0 */
/* Whole memories and tables: sizes, growth, the bulk operations behind prefix 0xFC, and
 * single entries of tables. A bulk operation takes its operands from their own slots,
 * so that it can stop in the middle and go on. */
#include "wasm/translate_impl.h"

#include "microkernel/error.h"

enum { I32 = WASM_I32 };

/* --- memories ------------------------------------------------------------------ */

bool wasm__check_memory(translator_t *t, uint32_t index, uint32_t at) {
    if (index < t->module->memory_count) return true;
    wasm__fail(&t->r, MK_EINVAL, at, "unknown memory %u", (unsigned)index);
    return false;
}

static uint32_t read_memory(translator_t *t) {
    uint32_t begin = t->r.at;
    if ((t->module->features & WASM_MULTI_MEMORY) == 0) {
        if (wasm__read_u8(&t->r) != 0)
            wasm__fail(&t->r, MK_EBADMSG, begin, "zero byte expected");
        if (!t->r.has_failed) (void)wasm__check_memory(t, 0, begin);
        return 0;
    }
    uint32_t index = wasm__read_u32(&t->r);
    if (!t->r.has_failed) (void)wasm__check_memory(t, index, begin);
    return index;
}

void wasm__translate_memory_size(translator_t *t) {
    uint32_t memory = read_memory(t);
    if (t->r.has_failed) return;
    const operand_t *result = wasm__push(t, I32, IN_SLOT);
    if (result != NULL) wasm__emit_dd(t, OP_memory_size, result->slot, memory);
}

void wasm__translate_memory_grow(translator_t *t) {
    uint32_t memory = read_memory(t);
    operand_t pages = wasm__pop(t, I32);
    if (t->r.has_failed) return;
    uint32_t at = wasm__slot_of(t, &pages);
    const operand_t *result = wasm__push(t, I32, IN_SLOT);
    if (result != NULL) wasm__emit_ddd(t, OP_memory_grow, result->slot, at, memory);
}

/* --- tables -------------------------------------------------------------------- */

const wasm_tabletype_t *wasm__read_table(translator_t *t, uint32_t *index) {
    *index = wasm__read_index(&t->r, t->module->table_count, "table");
    return t->r.has_failed ? NULL : &t->module->tables[*index];
}

void wasm__translate_table_get(translator_t *t) {
    uint32_t index;
    const wasm_tabletype_t *table = wasm__read_table(t, &index);
    operand_t at = wasm__pop(t, I32);
    if (table == NULL || t->r.has_failed) return;
    uint32_t slot = wasm__slot_of(t, &at);
    const operand_t *result = wasm__push(t, table->type, IN_SLOT);
    if (result != NULL) wasm__emit_ddd(t, OP_table_get, result->slot, slot, index);
}

void wasm__translate_table_set(translator_t *t) {
    uint32_t index;
    const wasm_tabletype_t *table = wasm__read_table(t, &index);
    if (table == NULL) return;
    operand_t value = wasm__pop(t, table->type);
    operand_t at = wasm__pop(t, I32);
    if (t->r.has_failed || !t->is_live) return;
    uint32_t slot = wasm__slot_of(t, &at);
    wasm__emit_ddd(t, OP_table_set, slot, wasm__slot_of(t, &value), index);
}

/* --- bulk operations ----------------------------------------------------------- */

static uint32_t read_data_segment(translator_t *t) {
    if (!t->has_data_count && t->data_count > 0 && !t->r.has_failed)
        wasm__fail(&t->r, MK_EBADMSG, t->r.at, "data count section required");
    return wasm__read_index(&t->r, t->data_count, "data segment");
}

/* The operands of a bulk operation, settled so that it can go on where it stopped; the
 * slot where they begin. `opcode_at` is the place to go on from. */
static uint32_t take_bulk_operands(translator_t *t, uint8_t first, uint32_t opcode_at) {
    uint32_t there = t->operand_count - wasm__innermost(t)->height;
    wasm__settle(t, there < 3 ? there : 3);
    wasm__forget_last(t);
    wasm__safepoint(t, opcode_at, NULL);
    (void)wasm__pop(t, I32);
    (void)wasm__pop(t, first);
    (void)wasm__pop(t, I32);
    return t->top;
}

static void emit_drop(translator_t *t, unsigned op, uint32_t segment) {
    const uint16_t units[] = {(uint16_t)segment, (uint16_t)(segment >> 16)};
    if (!t->r.has_failed) wasm__emit(t, op, units, 2);
}

void wasm__translate_bulk(translator_t *t, uint32_t number, uint32_t begin) {
    uint32_t first, second = 0;
    const wasm_tabletype_t *table, *other;
    switch (number) {
    case 8: /* memory.init */
        first = read_data_segment(t);
        second = read_memory(t);
        if (t->r.has_failed) return;
        wasm__emit_ddw(t, OP_memory_init, take_bulk_operands(t, I32, begin), second,
                       first);
        return;
    case 9: /* data.drop */
        first = read_data_segment(t);
        emit_drop(t, OP_data_drop, first);
        return;
    case 10: /* memory.copy */
        first = read_memory(t);
        second = read_memory(t);
        if (t->r.has_failed) return;
        wasm__emit_ddd(t, OP_memory_copy, take_bulk_operands(t, I32, begin), first,
                       second);
        return;
    case 11: /* memory.fill */
        first = read_memory(t);
        if (t->r.has_failed) return;
        wasm__emit_dd(t, OP_memory_fill, take_bulk_operands(t, I32, begin), first);
        return;
    case 12: { /* table.init */
        second = wasm__read_index(&t->r, t->module->element_count, "elem segment");
        table = wasm__read_table(t, &first);
        if (table == NULL || t->r.has_failed) return;
        uint8_t type = t->module->elements[second].type;
        if (type != table->type)
            wasm__fail(&t->r, MK_EINVAL, begin,
                       "type mismatch: table of %s, segment of %s",
                       wasm__operand_name(table->type), wasm__operand_name(type));
        wasm__emit_ddw(t, OP_table_init, take_bulk_operands(t, I32, begin), first,
                       second);
        return;
    }
    case 13: /* elem.drop */
        first = wasm__read_index(&t->r, t->module->element_count, "elem segment");
        emit_drop(t, OP_elem_drop, first);
        return;
    case 14: /* table.copy */
        table = wasm__read_table(t, &first);
        other = wasm__read_table(t, &second);
        if (table == NULL || other == NULL) return;
        if (table->type != other->type)
            wasm__fail(&t->r, MK_EINVAL, begin,
                       "type mismatch: tables of different types");
        wasm__emit_ddd(t, OP_table_copy, take_bulk_operands(t, I32, begin), first,
                       second);
        return;
    case 15: { /* table.grow */
        table = wasm__read_table(t, &first);
        if (table == NULL) return;
        uint32_t there = t->operand_count - wasm__innermost(t)->height;
        wasm__settle(t, there < 2 ? there : 2);
        (void)wasm__pop(t, I32);
        (void)wasm__pop(t, table->type);
        wasm__emit_dd(t, OP_table_grow, t->top, first);
        wasm__push_result(t, I32);
        return;
    }
    case 16: { /* table.size */
        if (wasm__read_table(t, &first) == NULL) return;
        const operand_t *result = wasm__push(t, I32, IN_SLOT);
        if (result != NULL) wasm__emit_dd(t, OP_table_size, result->slot, first);
        return;
    }
    case 17: /* table.fill */
        table = wasm__read_table(t, &first);
        if (table == NULL) return;
        wasm__emit_dd(t, OP_table_fill, take_bulk_operands(t, table->type, begin),
                      first);
        return;
    default:
        wasm__fail(&t->r, MK_EBADMSG, begin, "illegal opcode 0xfc 0x%02x",
                   (unsigned)number);
    }
}
