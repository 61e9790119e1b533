/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks, branches and calls: everything that makes the way through a body another than
 * straight on. */
#include "wasm/translate_impl.h"

#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <string.h>

enum { I32 = WASM_I32 };

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
                       wasm__operand_name(want));
        if (found != want && found != ANY_TYPE)
            wasm__fail(&t->r, MK_EINVAL, t->begin, "type mismatch: %s wanted, %s found",
                       wasm__operand_name(want), wasm__operand_name(found));
    }
}

/* A jump: what follows up to the end of the block is never reached. */
void wasm__leave(translator_t *t) {
    block_t *block = wasm__innermost(t);
    if (t->r.has_failed) return;
    wasm__drop_to(t, block->height);
    t->top = block->slot;
    block->is_polymorphic = true;
    t->is_live = false;
    t->last = t->before = NO_CODE;
}

void wasm__translate_block(translator_t *t, block_kind_t kind) {
    block_type_t type = read_block_type(t);
    operand_t condition = {0};
    if (kind == BLOCK_IF) condition = wasm__pop(t, I32);
    if (t->r.has_failed) return;
    wasm__settle_locals(t);
    uint32_t there = t->operand_count - wasm__innermost(t)->height;
    wasm__settle(t, type.param_count < there ? type.param_count : there);
    wasm__pop_types(t, type.params, type.param_count);
    if (t->r.has_failed) return;
    block_t *block = push_block(t, kind, type);
    if (block == NULL) return;
    if (kind == BLOCK_IF) wasm__emit_branch_unless_to_else(t, block, &condition);
    wasm__push_types(t, type.params, type.param_count);
    if (t->r.has_failed) return;
    t->clean_below = t->operand_count;
    if (kind == BLOCK_LOOP) {
        wasm__bind_loop(t, wasm__innermost(t));
        wasm__safepoint(t, t->r.at, NULL);
    }
}

/* The operands at the end of a block are its results, and these only. */
static void check_block_end(translator_t *t) {
    const block_t *block = wasm__innermost(t);
    wasm__pop_types(t, block->results, block->result_count);
    if (!t->r.has_failed && t->operand_count != block->height)
        wasm__fail(&t->r, MK_EINVAL, t->begin,
                   "type mismatch: %u values too many at the end of the block",
                   (unsigned)(t->operand_count - block->height));
}

void wasm__translate_else(translator_t *t) {
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
    wasm__push_types(t, block->params, block->param_count);
    if (!t->r.has_failed) t->clean_below = t->operand_count;
}

void wasm__translate_end(translator_t *t) {
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
    wasm__push_types(t, ended.results, ended.result_count);
    if (t->r.has_failed) return;
    t->clean_below = t->operand_count;
}

/* The block `depth` steps out; NULL after a fault. */
static block_t *read_label(translator_t *t, uint32_t *depth) {
    *depth = wasm__read_index(&t->r, t->block_count, "label");
    return t->r.has_failed ? NULL : &t->blocks[t->block_count - 1 - *depth];
}

void wasm__translate_branch(translator_t *t) {
    uint32_t depth;
    const block_t *block = read_label(t, &depth);
    if (block == NULL) return;
    check_label(t, block);
    if (t->r.has_failed) return;
    wasm__emit_branch(t, depth);
    wasm__leave(t);
}

void wasm__translate_branch_if(translator_t *t) {
    uint32_t depth, count;
    const block_t *block = read_label(t, &depth);
    operand_t condition = wasm__pop(t, I32);
    if (block == NULL || t->r.has_failed) return;
    check_label(t, block);
    if (t->r.has_failed) return;
    wasm__emit_branch_if(t, depth, &condition);
    if (!wasm__innermost(t)->is_polymorphic) return;
    const uint8_t *types = label_types(block, &count);
    wasm__pop_types(t, types, count); /* unknown operands become known ones */
    wasm__push_types(t, types, count);
}

void wasm__translate_branch_table(translator_t *t) {
    operand_t index = wasm__pop(t, I32);
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
    wasm__leave(t);
}

/* --- calls ------------------------------------------------------------------------ */

/* Settle the arguments and take them off; the slot where they begin. */
static uint32_t take_arguments(translator_t *t, const wasm_functype_t *type) {
    uint32_t there = t->operand_count - wasm__innermost(t)->height;
    wasm__settle(t, type->param_count < there ? type->param_count : there);
    wasm__pop_types(t, t->module->bytes + type->params_at, type->param_count);
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

void wasm__translate_return(translator_t *t) {
    check_label(t, &t->blocks[0]);
    if (t->r.has_failed) return;
    wasm__emit_return(t);
    wasm__leave(t);
}

static void finish_call(translator_t *t, const wasm_functype_t *type, bool is_tail) {
    wasm__safepoint(t, t->r.at, type);
    wasm__push_types(t, t->module->bytes + type->results_at, type->result_count);
    wasm__safepoint(t, t->r.at, NULL);
    if (is_tail) wasm__translate_return(t);
}

void wasm__translate_call(translator_t *t, bool is_tail) {
    uint32_t index = wasm__read_index(&t->r, t->module->function_count, "function");
    if (t->r.has_failed) return;
    const wasm_functype_t *type = wasm__type_of(t->module, index);
    if (is_tail) check_tail_call(t, type);
    uint32_t base = take_arguments(t, type);
    if (t->r.has_failed) return;
    uint32_t imported = t->module->imported_functions;
    bool is_import = index < imported;
    uint32_t number = is_import ? index : index - imported;
    if (is_tail) {
        const uint16_t units[] = {(uint16_t)base, (uint16_t)number,
                                  (uint16_t)(number >> 16), (uint16_t)t->link,
                                  type->param_slots};
        wasm__emit(t, is_import ? OP_tail_call_import : OP_tail_call, units, 5);
    } else {
        wasm__emit_dw(t, is_import ? OP_call_import : OP_call, base, number);
    }
    finish_call(t, type, is_tail);
}

void wasm__translate_call_indirect(translator_t *t, bool is_tail) {
    uint32_t begin = t->r.at;
    uint32_t number = wasm__read_index(&t->r, t->module->type_count, "type");
    uint32_t index;
    const wasm_tabletype_t *table = wasm__read_table(t, &index);
    if (table == NULL) return;
    if (table->type != WASM_FUNCREF)
        wasm__fail(&t->r, MK_EINVAL, begin,
                   "type mismatch: table %u holds no functions", (unsigned)index);
    operand_t callee = wasm__pop(t, I32);
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
/* --- the function ----------------------------------------------------------------- */

bool wasm__begin_function(translator_t *t) {
    if (push_block(t, BLOCK_FUNCTION, type_of(t, t->type)) == NULL) return false;
    t->blocks[0].params = NULL; /* parameters are locals, not operands */
    t->blocks[0].param_count = 0;
    wasm__safepoint(t, t->r.at, NULL);
    return true;
}
