/* SPDX-License-Identifier: Apache-2.0 */
/* The specification's validation algorithm (appendix "Validation Algorithm"), which
 * tells emit.c what it has understood. Regular opcodes are rows of opcodes.def, the
 * others are cases below. Nothing recurses: blocks are on a stack of their own, which
 * grows on the heap. */
#include "wasm/translate_impl.h"

#include "base/alloc.h"
#include "base/check.h"
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

/* --- the stacks ------------------------------------------------------------------- */

bool wasm__grow(translator_t *t, void *array, uint32_t *cap, uint32_t wanted,
                size_t item_size) {
    uint32_t more = *cap < 32 ? 32 : *cap + *cap / 2;
    if (more < wanted) more = wanted;
    void *items;
    memcpy(&items, array, sizeof items); /* `array` is the address of some pointer */
    void *grown = mk_realloc(items, more * item_size);
    if (grown == NULL) {
        wasm__fail(&t->r, MK_ENOMEM, t->r.at, "out of memory");
        return false;
    }
    memcpy(array, &grown, sizeof grown);
    *cap = more;
    return true;
}

static const char *type_name(uint8_t type) {
    return type == ANY_TYPE ? "any type" : wasm_type_name((wasm_type_t)type);
}

void wasm__raise_frame(translator_t *t, uint32_t slots) {
    if (slots > MK_WASM_FRAME_SLOTS) {
        wasm__fail(&t->r, MK_ELIMIT, t->r.at,
                   "locals and operands take more than MK_WASM_FRAME_SLOTS (%u)",
                   (unsigned)MK_WASM_FRAME_SLOTS);
        return;
    }
    t->frame = slots;
}

operand_t *wasm__push(translator_t *t, uint8_t type, operand_place_t place) {
    wasm__note_frame(t, t->top + wasm__width(type));
    if (t->r.has_failed || !wasm__reserve(t, &t->operands, &t->operand_cap,
                                          t->operand_count + 1, sizeof *t->operands))
        return NULL;
    operand_t *operand = &t->operands[t->operand_count++];
    *operand =
        (operand_t){.type = type, .place = (uint8_t)place, .slot = (uint16_t)t->top};
    t->top += wasm__width(type);
    return operand;
}

static void push_result(translator_t *t, uint8_t type) {
    (void)wasm__push(t, type, IN_SLOT);
}

static void push_types(translator_t *t, const uint8_t *types, uint32_t count) {
    for (uint32_t i = 0; i < count && !t->r.has_failed; i++)
        push_result(t, types[i]);
}

/* Take the last operand off the stack, of whatever type. */
static operand_t pop_any(translator_t *t) {
    const block_t *block = wasm__innermost(t);
    operand_t operand = {.type = ANY_TYPE, .place = IN_SLOT, .slot = (uint16_t)t->top};
    if (t->operand_count == block->height) {
        if (!block->is_polymorphic)
            wasm__fail(&t->r, MK_EINVAL, t->begin,
                       "type mismatch: a value wanted, none on the stack");
        return operand;
    }
    operand = t->operands[--t->operand_count];
    t->top = operand.slot;
    if (wasm__reads_local(&operand)) t->locals[operand.local].aliases--;
    if (t->clean_below > t->operand_count) t->clean_below = t->operand_count;
    return operand;
}

static operand_t pop(translator_t *t, uint8_t type) {
    const block_t *block = wasm__innermost(t);
    if (t->operand_count == block->height && !block->is_polymorphic) {
        wasm__fail(&t->r, MK_EINVAL, t->begin,
                   "type mismatch: %s wanted, nothing on the stack", type_name(type));
        return (operand_t){.type = type, .place = IN_SLOT, .slot = (uint16_t)t->top};
    }
    operand_t operand = pop_any(t);
    if (operand.type != type && operand.type != ANY_TYPE && type != ANY_TYPE)
        wasm__fail(&t->r, MK_EINVAL, t->begin, "type mismatch: %s wanted, %s found",
                   type_name(type), type_name(operand.type));
    return operand;
}

static void pop_types(translator_t *t, const uint8_t *types, uint32_t count) {
    while (count > 0 && !t->r.has_failed)
        (void)pop(t, types[--count]);
}

/* Forget operands down to `height`. */
static void truncate(translator_t *t, uint32_t height) {
    while (t->operand_count > height) {
        const operand_t *operand = &t->operands[--t->operand_count];
        t->top = operand->slot;
        if (wasm__reads_local(operand)) t->locals[operand->local].aliases--;
    }
    if (t->clean_below > height) t->clean_below = height;
}

/* --- blocks ----------------------------------------------------------------------- */

typedef struct {
    const uint8_t *params, *results;
    uint16_t param_count, result_count;
} block_type_t;

static block_type_t type_of(const translator_t *t, const wasm_functype_t *type) {
    const uint8_t *bytes = t->module->bytes;
    return (block_type_t){bytes + type->params_at, bytes + type->results_at,
                          type->param_count, type->result_count};
}

static block_type_t read_block_type(translator_t *t) {
    block_type_t none = {NULL, NULL, 0, 0};
    uint32_t begin = t->r.at;
    if (begin == t->r.end) {
        (void)wasm__read_u8(&t->r);
        return none;
    }
    const uint8_t *byte = &t->r.bytes[begin];
    switch (*byte) {
    case 0x40: t->r.at++; return none;
    case WASM_I32:
    case WASM_I64:
    case WASM_F32:
    case WASM_F64:
    case WASM_FUNCREF:
    case WASM_EXTERNREF: t->r.at++; return (block_type_t){NULL, byte, 0, 1};
    default: break;
    }
    int64_t index = wasm__read_s33(&t->r);
    if (t->r.has_failed) return none;
    if (index < 0)
        wasm__fail(&t->r, MK_EBADMSG, begin, "malformed block type");
    else if (index >= t->module->type_count)
        wasm__fail(&t->r, MK_EINVAL, begin, "unknown type %u", (unsigned)index);
    if (t->r.has_failed) return none;
    return type_of(t, &t->module->types[index]);
}

static block_t *push_block(translator_t *t, block_kind_t kind, block_type_t type) {
    if (t->block_count == MK_WASM_NESTING) {
        wasm__fail(&t->r, MK_ELIMIT, t->r.at,
                   "blocks nested deeper than MK_WASM_NESTING (%u)",
                   (unsigned)MK_WASM_NESTING);
        return NULL;
    }
    if (!wasm__reserve(t, &t->blocks, &t->block_cap, t->block_count + 1,
                       sizeof *t->blocks))
        return NULL;
    uint32_t number = t->block_count++;
    block_t *block = &t->blocks[number];
    *block = (block_t){
        .kind = (uint8_t)kind,
        .was_live = t->is_live,
        .param_count = type.param_count,
        .result_count = type.result_count,
        .params = type.params,
        .results = type.results,
        .slot = (uint16_t)t->top,
        .height = t->operand_count,
        .loop = kind == BLOCK_FUNCTION || kind == BLOCK_LOOP
                    ? number
                    : t->blocks[number - 1].loop,
        .exits = NO_CODE,
        .else_exit = NO_CODE,
    };
    return block;
}

/* The types that a branch to a block takes. */
static const uint8_t *label_types(const block_t *block, uint32_t *count) {
    *count = block->kind == BLOCK_LOOP ? block->param_count : block->result_count;
    return block->kind == BLOCK_LOOP ? block->params : block->results;
}

/* Whether the operands fit a label, without taking them. Those that are missing in code
 * that cannot be reached count as fitting. */
static void check_label(translator_t *t, const block_t *block) {
    uint32_t count;
    const uint8_t *types = label_types(block, &count);
    const block_t *inner = wasm__innermost(t);
    uint32_t there = t->operand_count - inner->height;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t want = types[count - 1 - i];
        uint8_t found = ANY_TYPE;
        if (i < there)
            found = t->operands[t->operand_count - 1 - i].type;
        else if (!inner->is_polymorphic)
            wasm__fail(&t->r, MK_EINVAL, t->begin,
                       "type mismatch: %s wanted, nothing on the stack",
                       type_name(want));
        if (found != want && found != ANY_TYPE)
            wasm__fail(&t->r, MK_EINVAL, t->begin, "type mismatch: %s wanted, %s found",
                       type_name(want), type_name(found));
    }
}

/* A jump: what follows up to the end of the block is never reached. */
static void leave(translator_t *t) {
    block_t *block = wasm__innermost(t);
    if (t->r.has_failed) return;
    truncate(t, block->height);
    t->top = block->slot;
    block->is_polymorphic = true;
    t->is_live = false;
    t->last = t->before = NO_CODE;
}

static void safepoint(translator_t *t, uint32_t offset, const wasm_functype_t *call) {
    if (t->on_safepoint != NULL && t->is_live && !t->r.has_failed)
        t->on_safepoint(t->safepoint_arg, t, t->code_size, offset, call);
}

static void begin_block(translator_t *t, block_kind_t kind) {
    block_type_t type = read_block_type(t);
    operand_t condition = {0};
    if (kind == BLOCK_IF) condition = pop(t, I32);
    if (t->r.has_failed) return;
    wasm__settle_locals(t);
    uint32_t there = t->operand_count - wasm__innermost(t)->height;
    wasm__settle(t, type.param_count < there ? type.param_count : there);
    pop_types(t, type.params, type.param_count);
    if (t->r.has_failed) return;
    block_t *block = push_block(t, kind, type);
    if (block == NULL) return;
    if (kind == BLOCK_IF) wasm__emit_branch_unless_to_else(t, block, &condition);
    push_types(t, type.params, type.param_count);
    if (t->r.has_failed) return;
    t->clean_below = t->operand_count;
    if (kind == BLOCK_LOOP) {
        wasm__bind_loop(t, wasm__innermost(t));
        safepoint(t, t->r.at, NULL);
    }
}

/* The operands at the end of a block are its results, and these only. */
static void check_block_end(translator_t *t) {
    const block_t *block = wasm__innermost(t);
    pop_types(t, block->results, block->result_count);
    if (!t->r.has_failed && t->operand_count != block->height)
        wasm__fail(&t->r, MK_EINVAL, t->begin,
                   "type mismatch: %u values too many at the end of the block",
                   (unsigned)(t->operand_count - block->height));
}

static void begin_else(translator_t *t) {
    block_t *block = wasm__innermost(t);
    if (block->kind != BLOCK_IF) {
        wasm__fail(&t->r, MK_EBADMSG, t->r.at, "else without if");
        return;
    }
    if (t->is_live) {
        check_label(t, block);
        if (t->r.has_failed) return;
        wasm__emit_branch_to_end(t, block);
    }
    check_block_end(t);
    if (t->r.has_failed) return;
    block->kind = BLOCK_ELSE;
    block->is_polymorphic = false;
    t->top = block->slot;
    t->is_live = block->was_live;
    wasm__bind_else(t, block);
    push_types(t, block->params, block->param_count);
    if (!t->r.has_failed) t->clean_below = t->operand_count;
}

static void end_block(translator_t *t) {
    block_t *block = wasm__innermost(t);
    if (block->kind == BLOCK_FUNCTION) {
        check_label(t, block);
        if (t->r.has_failed) return;
        wasm__emit_return(t);
    } else if (t->is_live)
        wasm__settle(t, block->result_count < t->operand_count - block->height
                            ? block->result_count
                            : t->operand_count - block->height);
    check_block_end(t);
    if (t->r.has_failed) return;
    if (block->kind == BLOCK_IF) { /* no else: the parameters pass through */
        if (block->param_count != block->result_count ||
            memcmp(block->params != NULL ? block->params : (const uint8_t *)"",
                   block->results != NULL ? block->results : (const uint8_t *)"",
                   block->param_count) != 0) {
            wasm__fail(&t->r, MK_EINVAL, t->begin,
                       "type mismatch: if without else must give what it takes");
            return;
        }
        t->is_live = block->was_live;
        wasm__bind_else(t, block);
    }
    t->top = block->slot;
    wasm__bind_exits(t, block);
    block_t ended = *block;
    t->block_count--;
    if (ended.kind == BLOCK_FUNCTION) return;
    push_types(t, ended.results, ended.result_count);
    if (t->r.has_failed) return;
    t->clean_below = t->operand_count;
}

/* The block `depth` steps out; NULL after a fault. */
static block_t *read_label(translator_t *t, uint32_t *depth) {
    uint32_t begin = t->r.at;
    *depth = wasm__read_u32(&t->r);
    if (t->r.has_failed) return NULL;
    if (*depth >= t->block_count) {
        wasm__fail(&t->r, MK_EINVAL, begin, "unknown label %u", (unsigned)*depth);
        return NULL;
    }
    return &t->blocks[t->block_count - 1 - *depth];
}

static void branch(translator_t *t) {
    uint32_t depth;
    const block_t *block = read_label(t, &depth);
    if (block == NULL) return;
    check_label(t, block);
    if (t->r.has_failed) return;
    wasm__emit_branch(t, depth);
    leave(t);
}

static void branch_if(translator_t *t) {
    uint32_t depth, count;
    const block_t *block = read_label(t, &depth);
    operand_t condition = pop(t, I32);
    if (block == NULL || t->r.has_failed) return;
    check_label(t, block);
    if (t->r.has_failed) return;
    wasm__emit_branch_if(t, depth, &condition);
    if (!wasm__innermost(t)->is_polymorphic) return;
    const uint8_t *types = label_types(block, &count);
    pop_types(t, types, count); /* unknown operands become known ones */
    push_types(t, types, count);
}

static void branch_table(translator_t *t) {
    operand_t index = pop(t, I32);
    uint32_t count = wasm__read_count(&t->r, UINT32_MAX - 1, "");
    uint32_t table, arity = 0;
    if (t->r.has_failed) return;
    wasm__emit_table_begin(t, &index, count, &table);
    for (uint32_t i = 0; i <= count; i++) {
        uint32_t depth, wanted;
        const block_t *block = read_label(t, &depth);
        if (block == NULL) return;
        (void)label_types(block, &wanted);
        if (i > 0 && wanted != arity)
            wasm__fail(&t->r, MK_EINVAL, t->begin,
                       "type mismatch: labels of br_table differ");
        arity = wanted;
        check_label(t, block);
        if (t->r.has_failed) return;
        wasm__emit_table_entry(t, table + 2 * i, depth);
    }
    leave(t);
}

/* --- calls ------------------------------------------------------------------------ */

/* Settle the arguments and take them off; the slot where they begin. */
static uint32_t take_arguments(translator_t *t, const wasm_functype_t *type) {
    uint32_t there = t->operand_count - wasm__innermost(t)->height;
    wasm__settle(t, type->param_count < there ? type->param_count : there);
    pop_types(t, t->module->bytes + type->params_at, type->param_count);
    uint32_t slots =
        type->param_slots > type->result_slots ? type->param_slots : type->result_slots;
    wasm__note_frame(t, t->top + slots + LINK_SLOTS);
    return t->top;
}

static void check_tail_call(translator_t *t, const wasm_functype_t *type) {
    const uint8_t *bytes = t->module->bytes;
    if ((t->module->features & WASM_TAIL_CALLS) == 0)
        wasm__fail(&t->r, MK_ENOTSUP, t->r.at, "tail calls are switched off");
    else if (type->result_count != t->type->result_count ||
             memcmp(bytes + type->results_at, bytes + t->type->results_at,
                    type->result_count) != 0)
        wasm__fail(&t->r, MK_EINVAL, t->begin,
                   "type mismatch: a tail call must give the function's results");
}

static void return_early(translator_t *t) {
    check_label(t, &t->blocks[0]);
    if (t->r.has_failed) return;
    wasm__emit_return(t);
    leave(t);
}

static void finish_call(translator_t *t, const wasm_functype_t *type, bool is_tail) {
    safepoint(t, t->r.at, type);
    push_types(t, t->module->bytes + type->results_at, type->result_count);
    safepoint(t, t->r.at, NULL);
    if (is_tail) return_early(t);
}

static void call(translator_t *t, bool is_tail) {
    uint32_t begin = t->r.at;
    uint32_t index = wasm__read_u32(&t->r);
    if (t->r.has_failed) return;
    if (index >= t->module->function_count) {
        wasm__fail(&t->r, MK_EINVAL, begin, "unknown function %u", (unsigned)index);
        return;
    }
    const wasm_functype_t *type = wasm__type_of(t->module, index);
    if (is_tail) check_tail_call(t, type);
    uint32_t base = take_arguments(t, type);
    if (t->r.has_failed) return;
    uint32_t imported = t->module->imported_functions;
    if (index < imported) {
        wasm__emit_dw(t, OP_call_import, base, index);
    } else if (is_tail) {
        uint32_t body = index - imported;
        const uint16_t units[] = {(uint16_t)base, (uint16_t)body,
                                  (uint16_t)(body >> 16), (uint16_t)t->link,
                                  type->param_slots};
        wasm__emit(t, OP_tail_call, units, 5);
    } else {
        wasm__emit_dw(t, OP_call, base, index - imported);
    }
    finish_call(t, type, is_tail);
}

static const wasm_tabletype_t *read_table(translator_t *t, uint32_t *index) {
    uint32_t begin = t->r.at;
    *index = wasm__read_u32(&t->r);
    if (t->r.has_failed) return NULL;
    if (*index < t->module->table_count) return &t->module->tables[*index];
    wasm__fail(&t->r, MK_EINVAL, begin, "unknown table %u", (unsigned)*index);
    return NULL;
}

static void call_indirect(translator_t *t, bool is_tail) {
    uint32_t begin = t->r.at;
    uint32_t number = wasm__read_u32(&t->r);
    if (!t->r.has_failed && number >= t->module->type_count)
        wasm__fail(&t->r, MK_EINVAL, begin, "unknown type %u", (unsigned)number);
    uint32_t index;
    const wasm_tabletype_t *table = read_table(t, &index);
    if (table == NULL) return;
    if (table->type != WASM_FUNCREF)
        wasm__fail(&t->r, MK_EINVAL, begin,
                   "type mismatch: table %u holds no functions", (unsigned)index);
    operand_t callee = pop(t, I32);
    if (t->r.has_failed) return;
    const wasm_functype_t *type = &t->module->types[number];
    if (is_tail) check_tail_call(t, type);
    uint32_t at = wasm__slot_of(t, &callee); /* above all arguments: stays as it is */
    uint32_t base = take_arguments(t, type);
    if (t->r.has_failed) return;
    const uint16_t units[] = {(uint16_t)base,
                              (uint16_t)at,
                              (uint16_t)index,
                              (uint16_t)type->canonical,
                              (uint16_t)(type->canonical >> 16),
                              (uint16_t)t->link,
                              type->param_slots};
    if (is_tail)
        wasm__emit(t, OP_tail_call_indirect, units, 7);
    else
        wasm__emit(t, OP_call_indirect, units, 5);
    finish_call(t, type, is_tail);
}

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
        operand_t value = pop(t, t->locals[index].type);
        if (t->r.has_failed) return;
        wasm__emit_set_local(t, &value, index);
    }
    if (opcode != 0x21) push_local(t, index);
}

static void global_variable(translator_t *t, uint8_t opcode) {
    uint32_t begin = t->r.at;
    uint32_t index = wasm__read_u32(&t->r);
    if (t->r.has_failed) return;
    if (index >= t->module->global_count) {
        wasm__fail(&t->r, MK_EINVAL, begin, "unknown global %u", (unsigned)index);
        return;
    }
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
    operand_t value = pop(t, global->type);
    if (t->r.has_failed) return;
    wasm__emit_dw(t, (is_imported ? OP_import_set32 : OP_global_set32) + wide,
                  wasm__slot_of(t, &value), global->slot);
}

/* --- memory ----------------------------------------------------------------------- */

static bool check_memory(translator_t *t, uint32_t index, uint32_t at) {
    if (index < t->module->memory_count) return true;
    wasm__fail(&t->r, MK_EINVAL, at, "unknown memory %u", (unsigned)index);
    return false;
}

static uint32_t read_memory(translator_t *t) {
    uint32_t begin = t->r.at;
    if ((t->module->features & WASM_MULTI_MEMORY) == 0) {
        if (wasm__read_u8(&t->r) != 0)
            wasm__fail(&t->r, MK_EBADMSG, begin, "zero byte expected");
        if (!t->r.has_failed) (void)check_memory(t, 0, begin);
        return 0;
    }
    uint32_t index = wasm__read_u32(&t->r);
    if (!t->r.has_failed) (void)check_memory(t, index, begin);
    return index;
}

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
    if (t->r.has_failed || !check_memory(t, memory, begin)) return;
    if (align >= 0x80) wasm__fail(&t->r, MK_EBADMSG, begin, "malformed memop flags");
    if (align > row->log2_width)
        wasm__fail(&t->r, MK_EINVAL, begin,
                   "alignment must not be larger than natural: 2^%u", (unsigned)align);
    if (row->is_store) {
        operand_t value = pop(t, row->type);
        operand_t address = pop(t, I32);
        if (!t->r.has_failed)
            wasm__emit_store(t, row->op, memory, offset, &address, &value);
        return;
    }
    operand_t address = pop(t, I32);
    const operand_t *result = wasm__push(t, row->type, IN_SLOT);
    if (result != NULL) wasm__emit_load(t, row->op, memory, offset, &address, result);
}

static void memory_size(translator_t *t) {
    uint32_t memory = read_memory(t);
    if (t->r.has_failed) return;
    const operand_t *result = wasm__push(t, I32, IN_SLOT);
    if (result != NULL) wasm__emit_dd(t, OP_memory_size, result->slot, memory);
}

static void memory_grow(translator_t *t) {
    uint32_t memory = read_memory(t);
    operand_t pages = pop(t, I32);
    if (t->r.has_failed) return;
    uint32_t at = wasm__slot_of(t, &pages);
    const operand_t *result = wasm__push(t, I32, IN_SLOT);
    if (result != NULL) wasm__emit_ddd(t, OP_memory_grow, result->slot, at, memory);
}

/* --- prefix 0xFC: saturating conversions and bulk operations ---------------------- */

static uint32_t read_segment(translator_t *t, uint32_t count, const char *what) {
    uint32_t begin = t->r.at;
    uint32_t index = wasm__read_u32(&t->r);
    if (!t->r.has_failed && index >= count)
        wasm__fail(&t->r, MK_EINVAL, begin, "unknown %s segment %u", what,
                   (unsigned)index);
    return index;
}

static uint32_t read_data_segment(translator_t *t) {
    if (!t->has_data_count && t->data_count > 0 && !t->r.has_failed)
        wasm__fail(&t->r, MK_EBADMSG, t->r.at, "data count section required");
    return read_segment(t, t->data_count, "data");
}

/* The operands of a bulk operation, settled so that it can go on where it stopped; the
 * slot where they begin. `opcode_at` is the place to go on from. */
static uint32_t take_bulk_operands(translator_t *t, uint8_t first, uint32_t opcode_at) {
    uint32_t there = t->operand_count - wasm__innermost(t)->height;
    wasm__settle(t, there < 3 ? there : 3);
    wasm__finish_pair(t);
    safepoint(t, opcode_at, NULL);
    (void)pop(t, I32);
    (void)pop(t, first);
    (void)pop(t, I32);
    return t->top;
}

static void emit_drop(translator_t *t, unsigned op, uint32_t segment) {
    const uint16_t units[] = {(uint16_t)segment, (uint16_t)(segment >> 16)};
    if (!t->r.has_failed) wasm__emit(t, op, units, 2);
}

static void bulk(translator_t *t, uint32_t number, uint32_t begin) {
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
        second = read_segment(t, t->module->element_count, "elem");
        table = read_table(t, &first);
        if (table == NULL || t->r.has_failed) return;
        uint8_t type = t->module->elements[second].type;
        if (type != table->type)
            wasm__fail(&t->r, MK_EINVAL, begin,
                       "type mismatch: table of %s, segment of %s",
                       type_name(table->type), type_name(type));
        wasm__emit_ddw(t, OP_table_init, take_bulk_operands(t, I32, begin), first,
                       second);
        return;
    }
    case 13: /* elem.drop */
        first = read_segment(t, t->module->element_count, "elem");
        emit_drop(t, OP_elem_drop, first);
        return;
    case 14: /* table.copy */
        table = read_table(t, &first);
        other = read_table(t, &second);
        if (table == NULL || other == NULL) return;
        if (table->type != other->type)
            wasm__fail(&t->r, MK_EINVAL, begin,
                       "type mismatch: tables of different types");
        wasm__emit_ddd(t, OP_table_copy, take_bulk_operands(t, I32, begin), first,
                       second);
        return;
    case 15: { /* table.grow */
        table = read_table(t, &first);
        if (table == NULL) return;
        uint32_t there = t->operand_count - wasm__innermost(t)->height;
        wasm__settle(t, there < 2 ? there : 2);
        (void)pop(t, I32);
        (void)pop(t, table->type);
        wasm__emit_dd(t, OP_table_grow, t->top, first);
        push_result(t, I32);
        return;
    }
    case 16: { /* table.size */
        if (read_table(t, &first) == NULL) return;
        const operand_t *result = wasm__push(t, I32, IN_SLOT);
        if (result != NULL) wasm__emit_dd(t, OP_table_size, result->slot, first);
        return;
    }
    case 17: /* table.fill */
        table = read_table(t, &first);
        if (table == NULL) return;
        wasm__emit_dd(t, OP_table_fill, take_bulk_operands(t, table->type, begin),
                      first);
        return;
    default:
        wasm__fail(&t->r, MK_EBADMSG, begin, "illegal opcode 0xfc 0x%02x",
                   (unsigned)number);
    }
}

static void numeric(translator_t *t, const numeric_row_t *row) {
    operand_t second = {0};
    if (row->second != NONE) second = pop(t, row->second);
    operand_t first = pop(t, row->first);
    if (t->r.has_failed) return;
    operand_t *result = wasm__push(t, row->result, IN_SLOT);
    if (result == NULL) return;
    if (row->second != NONE)
        wasm__emit_binary(t, row, &first, &second, result);
    else
        wasm__emit_unary(t, row->op, &first, result);
}

static void prefixed(translator_t *t, uint32_t begin) {
    uint32_t number = wasm__read_u32(&t->r);
    if (t->r.has_failed) return;
    if (number < 8)
        numeric(t, &saturating_rows[number]);
    else
        bulk(t, number, begin);
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
    operand_t condition = pop(t, I32);
    operand_t second = pop(t, type);
    operand_t first = pop(t, type);
    if (t->r.has_failed) return;
    if (!is_typed) {
        type = first.type != ANY_TYPE ? first.type : second.type;
        if (wasm__is_reference(first.type) || wasm__is_reference(second.type) ||
            (second.type != type && second.type != ANY_TYPE)) {
            wasm__fail(&t->r, MK_EINVAL, t->begin,
                       "type mismatch: select between %s and %s", type_name(first.type),
                       type_name(second.type));
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
    operand_t value = pop(t, from);
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
    uint32_t index = wasm__read_u32(&t->r);
    if (t->r.has_failed) return;
    if (index >= t->module->function_count) {
        wasm__fail(&t->r, MK_EINVAL, begin, "unknown function %u", (unsigned)index);
        return;
    }
    if (t->declared != NULL && (t->declared[index / 8] >> index % 8 & 1) == 0) {
        wasm__fail(&t->r, MK_EINVAL, begin, "undeclared function reference %u",
                   (unsigned)index);
        return;
    }
    const operand_t *result = wasm__push(t, WASM_FUNCREF, IN_SLOT);
    if (result != NULL) wasm__emit_dw(t, OP_ref_func, result->slot, index);
}

static void equals_zero(translator_t *t, uint8_t type) {
    operand_t value = type == ANY_TYPE ? pop_any(t) : pop(t, type);
    if (t->r.has_failed) return;
    if (type == ANY_TYPE && !wasm__is_reference(value.type) && value.type != ANY_TYPE) {
        wasm__fail(&t->r, MK_EINVAL, t->begin,
                   "type mismatch: a reference wanted, %s found",
                   type_name(value.type));
        return;
    }
    const operand_t *result = wasm__push(t, I32, IN_SLOT);
    if (result != NULL)
        wasm__emit_ddw(t, type == I64 ? OP_i64_eq_i : OP_i32_eq_i, result->slot,
                       wasm__slot_of(t, &value), 0);
}

static void table_get(translator_t *t) {
    uint32_t index;
    const wasm_tabletype_t *table = read_table(t, &index);
    operand_t at = pop(t, I32);
    if (table == NULL || t->r.has_failed) return;
    uint32_t slot = wasm__slot_of(t, &at);
    const operand_t *result = wasm__push(t, table->type, IN_SLOT);
    if (result != NULL) wasm__emit_ddd(t, OP_table_get, result->slot, slot, index);
}

static void table_set(translator_t *t) {
    uint32_t index;
    const wasm_tabletype_t *table = read_table(t, &index);
    if (table == NULL) return;
    operand_t value = pop(t, table->type);
    operand_t at = pop(t, I32);
    if (t->r.has_failed || !t->is_live) return;
    uint32_t slot = wasm__slot_of(t, &at);
    wasm__emit_ddd(t, OP_table_set, slot, wasm__slot_of(t, &value), index);
}

static void instruction(translator_t *t) {
    uint32_t begin = t->r.at;
    t->begin = begin;
    uint8_t opcode = wasm__read_u8(&t->r);
    t->blocks[wasm__innermost(t)->loop].cost++;
    switch (opcode) {
    case 0x00:
        wasm__emit(t, OP_unreachable, NULL, 0);
        leave(t);
        return;
    case 0x01: return; /* nop */
    case 0x02: begin_block(t, BLOCK_PLAIN); return;
    case 0x03: begin_block(t, BLOCK_LOOP); return;
    case 0x04: begin_block(t, BLOCK_IF); return;
    case 0x05: begin_else(t); return;
    case 0x0B: end_block(t); return;
    case 0x0C: branch(t); return;
    case 0x0D: branch_if(t); return;
    case 0x0E: branch_table(t); return;
    case 0x0F: return_early(t); return;
    case 0x10: call(t, false); return;
    case 0x11: call_indirect(t, false); return;
    case 0x12: call(t, true); return;
    case 0x13: call_indirect(t, true); return;
    case 0x1A:
        (void)pop_any(t);
        wasm__finish_pair(t);
        return;
    case 0x1B: select(t, false); return;
    case 0x1C: select(t, true); return;
    case 0x20:
    case 0x21:
    case 0x22: local_variable(t, opcode); return;
    case 0x23:
    case 0x24: global_variable(t, opcode); return;
    case 0x25: table_get(t); return;
    case 0x26: table_set(t); return;
    case 0x3F: memory_size(t); return;
    case 0x40: memory_grow(t); return;
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
    if (push_block(t, BLOCK_FUNCTION, type_of(t, t->type)) == NULL) return false;
    t->blocks[0].params = NULL; /* parameters are locals, not operands */
    t->blocks[0].param_count = 0;
    safepoint(t, t->r.at, NULL);
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
