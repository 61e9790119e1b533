/* SPDX-License-Identifier: Apache-2.0 */
/* The specification's validation algorithm (appendix "Validation Algorithm"), which
 * tells emit.c what it has understood. Regular opcodes are rows of opcodes.def, the
 * others are cases below and in control.c and bulk.c. Nothing recurses: blocks are on a
 * stack of their own, which grows on the heap. */
#include "wasm/translate_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <string.h>

enum { I32 = WASM_I32, I64 = WASM_I64, F32 = WASM_F32, F64 = WASM_F64, NONE = 0 };
enum { SWAP = NUMERIC_SWAP, NEGATE = NUMERIC_NEGATE, DIVISOR = NUMERIC_DIVISOR };

static const numeric_row_t numeric_rows[256] = {
#define NUMERIC(byte, name, first, second, result, op, right, left, flags)             \
    [byte] = {first, second, result, flags, OP_##op, OP_##right, OP_##left},
#include "wasm/opcodes.def"
#undef NUMERIC
};

static const numeric_row_t saturating_rows[8] = {
#define SATURATING(number, name, first, result)                                        \
    [number] = {first, NONE, result, 0, OP_##name, OP_none, OP_none},
#include "wasm/opcodes.def"
#undef SATURATING
};

typedef struct {
    uint8_t type;
    uint8_t log2_width;
    bool is_store;
    uint16_t op;
} access_row_t;

enum { FIRST_ACCESS = 0x28, LAST_ACCESS = 0x3E };
static const access_row_t access_rows[LAST_ACCESS - FIRST_ACCESS + 1] = {
#define LOAD(byte, name, type, log2_width, op)                                         \
    [(byte)-FIRST_ACCESS] = {type, log2_width, false, OP_##op},
#define STORE(byte, name, type, log2_width, op)                                        \
    [(byte)-FIRST_ACCESS] = {type, log2_width, true, OP_##op},
#include "wasm/opcodes.def"
#undef LOAD
#undef STORE
};

/* --- variables -------------------------------------------------------------------- */

static bool read_local(translator_t *t, uint32_t *index) {
    uint32_t begin = t->r.at;
    *index = wasm__read_u32(&t->r);
    if (t->r.has_failed) return false;
    if (*index < t->local_count) return true;
    wasm__fail(&t->r, MK_EINVAL, begin, "unknown local %u", (unsigned)*index);
    return false;
}

static void push_local(translator_t *t, uint32_t index) {
    operand_t *operand = wasm__push(t, t->locals[index].type, IN_LOCAL);
    if (operand == NULL) return;
    operand->local = index;
    t->locals[index].aliases++;
}

static void local_variable(translator_t *t, uint8_t opcode) {
    uint32_t index;
    if (!read_local(t, &index)) return;
    if (opcode != 0x20) {
        operand_t value = wasm__pop(t, t->locals[index].type);
        if (t->r.has_failed) return;
        wasm__emit_set_local(t, &value, index);
    }
    if (opcode != 0x21) push_local(t, index);
}

static void global_variable(translator_t *t, uint8_t opcode) {
    uint32_t begin = t->r.at;
    uint32_t index = wasm__read_index(&t->r, t->module->global_count, "global");
    if (t->r.has_failed) return;
    const wasm_globaltype_t *global = &t->module->globals[index];
    unsigned wide = wasm__is_wide(global->type) ? 1 : 0;
    bool is_imported = index < t->module->imported_globals;
    if (opcode == 0x23) {
        const operand_t *result = wasm__push(t, global->type, IN_SLOT);
        if (result == NULL) return;
        wasm__emit_dw(t, (is_imported ? OP_import_get32 : OP_global_get32) + wide,
                      result->slot, global->slot);
        return;
    }
    if (!global->is_mutable)
        wasm__fail(&t->r, MK_EINVAL, begin, "global is immutable: %u", (unsigned)index);
    operand_t value = wasm__pop(t, global->type);
    if (t->r.has_failed) return;
    wasm__emit_dw(t, (is_imported ? OP_import_set32 : OP_global_set32) + wide,
                  wasm__slot_of(t, &value), global->slot);
}

/* --- memory and numbers -------------------------------------------------------- */

static void memory_access(translator_t *t, const access_row_t *row) {
    uint32_t begin = t->r.at;
    uint32_t align = wasm__read_u32(&t->r);
    uint32_t memory = 0;
    if ((align & 0x40) != 0 && align < 0x80 &&
        (t->module->features & WASM_MULTI_MEMORY) != 0) {
        align &= 0x3F;
        memory = wasm__read_u32(&t->r);
    }
    uint32_t offset = wasm__read_u32(&t->r);
    if (t->r.has_failed || !wasm__check_memory(t, memory, begin)) return;
    if (align >= 0x80) wasm__fail(&t->r, MK_EBADMSG, begin, "malformed memop flags");
    if (align > row->log2_width)
        wasm__fail(&t->r, MK_EINVAL, begin,
                   "alignment must not be larger than natural: 2^%u", (unsigned)align);
    if (row->is_store) {
        operand_t value = wasm__pop(t, row->type);
        operand_t address = wasm__pop(t, I32);
        if (!t->r.has_failed)
            wasm__emit_store(t, row->op, memory, offset, &address, &value);
        return;
    }
    operand_t address = wasm__pop(t, I32);
    const operand_t *result = wasm__push(t, row->type, IN_SLOT);
    if (result != NULL) wasm__emit_load(t, row->op, memory, offset, &address, result);
}

static void numeric(translator_t *t, const numeric_row_t *row) {
    operand_t second = {0};
    if (row->second != NONE) second = wasm__pop(t, row->second);
    operand_t first = wasm__pop(t, row->first);
    if (t->r.has_failed) return;
    operand_t *result = wasm__push(t, row->result, IN_SLOT);
    if (result == NULL) return;
    if (row->second != NONE)
        wasm__emit_binary(t, row, &first, &second, result);
    else
        wasm__emit_unary(t, row->op, &first, result);
}

/* --- the rest --------------------------------------------------------------------- */

static void push_constant(translator_t *t, uint8_t type, uint64_t bits) {
    operand_t *operand = wasm__push(t, type, IS_CONSTANT);
    if (operand != NULL) operand->value = bits;
}

static uint8_t read_reference_type(translator_t *t) {
    uint32_t begin = t->r.at;
    uint8_t type = wasm__read_u8(&t->r);
    if (!t->r.has_failed && !wasm__is_reference(type))
        wasm__fail(&t->r, MK_EBADMSG, begin, "malformed reference type 0x%02x",
                   (unsigned)type);
    return type;
}

static void select(translator_t *t, bool is_typed) {
    uint8_t type = ANY_TYPE;
    if (is_typed) {
        uint32_t begin = t->r.at;
        if (wasm__read_u32(&t->r) != 1 && !t->r.has_failed)
            wasm__fail(&t->r, MK_EINVAL, begin,
                       "invalid result arity: select gives one");
        begin = t->r.at;
        type = wasm__read_u8(&t->r);
        if (!t->r.has_failed && (type < WASM_F64 || type > WASM_I32) &&
            !wasm__is_reference(type))
            wasm__fail(&t->r, MK_EBADMSG, begin, "malformed value type 0x%02x",
                       (unsigned)type);
    }
    operand_t condition = wasm__pop(t, I32);
    operand_t second = wasm__pop(t, type);
    operand_t first = wasm__pop(t, type);
    if (t->r.has_failed) return;
    if (!is_typed) {
        type = first.type != ANY_TYPE ? first.type : second.type;
        if (wasm__is_reference(first.type) || wasm__is_reference(second.type) ||
            (second.type != type && second.type != ANY_TYPE)) {
            wasm__fail(&t->r, MK_EINVAL, t->begin,
                       "type mismatch: select between %s and %s",
                       wasm__operand_name(first.type), wasm__operand_name(second.type));
            return;
        }
    }
    const operand_t *result = wasm__push(t, type, IN_SLOT);
    if (result == NULL || !t->is_live) return;
    const uint16_t units[] = {result->slot, (uint16_t)wasm__slot_of(t, &first),
                              (uint16_t)wasm__slot_of(t, &second),
                              (uint16_t)wasm__slot_of(t, &condition)};
    wasm__emit(t, wasm__is_wide(type) ? OP_select64 : OP_select32, units, 4);
}

/* The bits stay; only the type, and with i64 -> i32 the width, is another. */
static void reinterpret(translator_t *t, uint8_t from, uint8_t to) {
    operand_t value = wasm__pop(t, from);
    if (t->r.has_failed) return;
    if (wasm__is_wide(from) != wasm__is_wide(to)) {
        t->last = t->before =
            NO_CODE; /* it must not be made to write a narrower place */
        value.value = (uint32_t)value.value;
    }
    operand_t *result = wasm__push(t, to, (operand_place_t)value.place);
    if (result == NULL) return;
    result->local = value.local;
    result->value = value.value;
    if (wasm__reads_local(&value)) t->locals[value.local].aliases++;
}

static void reference_function(translator_t *t) {
    uint32_t begin = t->r.at;
    uint32_t index = wasm__read_index(&t->r, t->module->function_count, "function");
    if (t->r.has_failed) return;
    if (t->declared != NULL && (t->declared[index / 8] >> index % 8 & 1) == 0) {
        wasm__fail(&t->r, MK_EINVAL, begin, "undeclared function reference %u",
                   (unsigned)index);
        return;
    }
    const operand_t *result = wasm__push(t, WASM_FUNCREF, IN_SLOT);
    if (result != NULL) wasm__emit_dw(t, OP_ref_func, result->slot, index);
}

static void equals_zero(translator_t *t, uint8_t type) {
    operand_t value = wasm__pop(t, type);
    if (t->r.has_failed) return;
    if (type == ANY_TYPE && !wasm__is_reference(value.type) && value.type != ANY_TYPE) {
        wasm__fail(&t->r, MK_EINVAL, t->begin,
                   "type mismatch: a reference wanted, %s found",
                   wasm__operand_name(value.type));
        return;
    }
    const operand_t *result = wasm__push(t, I32, IN_SLOT);
    if (result != NULL)
        wasm__emit_ddw(t, type == I64 ? OP_i64_eq_i : OP_i32_eq_i, result->slot,
                       wasm__slot_of(t, &value), 0);
}
static void prefixed(translator_t *t, uint32_t begin) {
    uint32_t number = wasm__read_u32(&t->r);
    if (t->r.has_failed) return;
    if (number < 8)
        numeric(t, &saturating_rows[number]);
    else
        wasm__translate_bulk(t, number, begin);
}

static void instruction(translator_t *t) {
    uint32_t begin = t->r.at;
    t->begin = begin;
    uint8_t opcode = wasm__read_u8(&t->r);
    t->blocks[wasm__innermost(t)->loop].cost++;
    switch (opcode) {
    case 0x00:
        wasm__emit(t, OP_unreachable, NULL, 0);
        wasm__leave(t);
        return;
    case 0x01: return; /* nop */
    case 0x02: wasm__translate_block(t, BLOCK_PLAIN); return;
    case 0x03: wasm__translate_block(t, BLOCK_LOOP); return;
    case 0x04: wasm__translate_block(t, BLOCK_IF); return;
    case 0x05: wasm__translate_else(t); return;
    case 0x0B: wasm__translate_end(t); return;
    case 0x0C: wasm__translate_branch(t); return;
    case 0x0D: wasm__translate_branch_if(t); return;
    case 0x0E: wasm__translate_branch_table(t); return;
    case 0x0F: wasm__translate_return(t); return;
    case 0x10: wasm__translate_call(t, false); return;
    case 0x11: wasm__translate_call_indirect(t, false); return;
    case 0x12: wasm__translate_call(t, true); return;
    case 0x13: wasm__translate_call_indirect(t, true); return;
    case 0x1A:
        (void)wasm__pop(t, ANY_TYPE);
        wasm__forget_last(t);
        return;
    case 0x1B: select(t, false); return;
    case 0x1C: select(t, true); return;
    case 0x20:
    case 0x21:
    case 0x22: local_variable(t, opcode); return;
    case 0x23:
    case 0x24: global_variable(t, opcode); return;
    case 0x25: wasm__translate_table_get(t); return;
    case 0x26: wasm__translate_table_set(t); return;
    case 0x3F: wasm__translate_memory_size(t); return;
    case 0x40: wasm__translate_memory_grow(t); return;
    case 0x41: push_constant(t, I32, (uint32_t)wasm__read_s32(&t->r)); return;
    case 0x42: push_constant(t, I64, (uint64_t)wasm__read_s64(&t->r)); return;
    case 0x43: push_constant(t, F32, wasm__read_f32(&t->r)); return;
    case 0x44: push_constant(t, F64, wasm__read_f64(&t->r)); return;
    case 0x45: equals_zero(t, I32); return;
    case 0x50: equals_zero(t, I64); return;
    case 0xA7: reinterpret(t, I64, I32); return;
    case 0xBC: reinterpret(t, F32, I32); return;
    case 0xBD: reinterpret(t, F64, I64); return;
    case 0xBE: reinterpret(t, I32, F32); return;
    case 0xBF: reinterpret(t, I64, F64); return;
    case 0xD0: push_constant(t, read_reference_type(t), 0); return;
    case 0xD1: equals_zero(t, ANY_TYPE); return;
    case 0xD2: reference_function(t); return;
    case 0xFC: prefixed(t, begin); return;
    case 0xFD:
        wasm__fail(&t->r, MK_ENOTSUP, begin,
                   "vector instructions (SIMD) are not supported");
        return;
    default: break;
    }
    if (opcode >= FIRST_ACCESS && opcode <= LAST_ACCESS)
        memory_access(t, &access_rows[opcode - FIRST_ACCESS]);
    else if (numeric_rows[opcode].first != NONE)
        numeric(t, &numeric_rows[opcode]);
    else
        wasm__fail(&t->r, MK_EBADMSG, begin, "illegal opcode 0x%02x", (unsigned)opcode);
}

/* --- a body ----------------------------------------------------------------------- */

static void add_locals(translator_t *t, uint32_t count, uint8_t type, uint32_t *slot) {
    uint32_t width = wasm__width(type);
    if (count > MK_WASM_LOCALS || t->local_count + count > MK_WASM_LOCALS) {
        wasm__fail(&t->r, MK_ELIMIT, t->r.at, "more locals than MK_WASM_LOCALS (%u)",
                   (unsigned)MK_WASM_LOCALS);
        return;
    }
    wasm__note_frame(t, *slot + count * width);
    if (t->r.has_failed || !wasm__reserve(t, &t->locals, &t->local_cap,
                                          t->local_count + count, sizeof *t->locals))
        return;
    for (uint32_t i = 0; i < count; i++, *slot += width)
        t->locals[t->local_count++] = (local_t){0, (uint16_t)*slot, type};
}

static void read_locals(translator_t *t) {
    const wasm_functype_t *type = t->type;
    uint32_t slot = 0;
    for (uint32_t i = 0; i < type->param_count && !t->r.has_failed; i++)
        add_locals(t, 1, t->module->bytes[type->params_at + i], &slot);
    t->link = type->result_slots > slot ? type->result_slots : slot;
    slot = t->link + LINK_SLOTS;
    wasm__note_frame(t, slot);
    uint32_t groups = wasm__read_u32(&t->r);
    uint64_t total = type->param_count;
    uint32_t begin = t->r.at;
    wasm_reader_t ahead = t->r; /* "too many locals" before any is looked at */
    for (uint32_t i = 0; i < groups && !t->r.has_failed; i++) {
        total += wasm__read_u32(&t->r);
        uint32_t at = t->r.at;
        uint8_t local = wasm__read_u8(&t->r);
        if (!t->r.has_failed && (local < WASM_F64 || local > WASM_I32) &&
            !wasm__is_reference(local))
            wasm__fail(&t->r, local == 0x7B ? MK_ENOTSUP : MK_EBADMSG, at,
                       "malformed value type 0x%02x", (unsigned)local);
        if (total > UINT32_MAX) wasm__fail(&t->r, MK_EBADMSG, begin, "too many locals");
    }
    if (t->r.has_failed) return;
    t->r = ahead;
    for (uint32_t i = 0; i < groups && !t->r.has_failed; i++) {
        uint32_t count = wasm__read_u32(&t->r);
        add_locals(t, count, wasm__read_u8(&t->r), &slot);
    }
    t->top = slot;
}

void wasm__translator_init(translator_t *t, wasm_module_t *module,
                           wasm_error_t *error) {
    memset(t, 0, sizeof *t);
    t->module = module;
    t->data_count = module->data_count;
    t->has_data_count = true;
    t->r.bytes = module->bytes;
    t->r.error = error;
}

void wasm__translator_deinit(translator_t *t) {
    mk_free(t->locals);
    mk_free(t->operands);
    mk_free(t->blocks);
    mk_free(t->code);
}

bool wasm__translate_body(translator_t *t, uint32_t number, bool makes_code) {
    const wasm_module_t *module = t->module;
    const wasm_body_t *body = &module->bodies[number];
    t->begin = body->body_at;
    t->function = module->imported_functions + number;
    t->type = wasm__type_of(module, t->function);
    t->r.at = body->body_at;
    t->r.end = body->body_at + body->body_size;
    t->r.error->function = t->function;
    t->makes_code = makes_code;
    t->is_live = makes_code;
    t->local_count = t->operand_count = t->block_count = 0;
    t->clean_below = t->top = t->frame = t->code_size = t->table_round = 0;
    t->last = t->before = NO_CODE;
    read_locals(t);
    if (t->r.has_failed) return false;
    wasm__emit_begin(t);
    if (!wasm__begin_function(t)) return false;
    while (t->block_count > 0 && !t->r.has_failed) {
        if (t->r.at == t->r.end)
            wasm__fail(&t->r, MK_EBADMSG, t->r.at,
                       "unexpected end of section or function: END opcode expected");
        else
            instruction(t);
    }
    if (!t->r.has_failed && t->r.at != t->r.end)
        wasm__fail(&t->r, MK_EBADMSG, t->r.at,
                   "section size mismatch: END opcode expected at the end of the body");
    wasm__emit_end(t);
    if (!t->r.has_failed) t->r.error->function = WASM_NOWHERE;
    return !t->r.has_failed;
}
