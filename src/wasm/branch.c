/* SPDX-License-Identifier: Apache-2.0 */
/* Jumps and labels. A forward branch does not know its distance until its label is
 * bound: till then the branches to one label are a chain through their own fields. A
 * branch takes the comparison before it along, and the step of a loop too. */
#include "wasm/emit_impl.h"

#include <string.h>

/* A forward branch is not known yet: its field holds the position of the branch field
 * before it that goes to the same place (NO_CODE: none), until it is bound. */
static void bind(translator_t *t, uint32_t *chain) {
    if (*chain == NO_CODE) return;
    wasm__forget_last(t);
    for (uint32_t field = *chain; field != NO_CODE;) {
        uint32_t before = wasm__get32(t->code + field);
        wasm__put32(t->code + field, t->code_size - field);
        field = before;
    }
    *chain = NO_CODE;
}

static uint16_t cost_of(const translator_t *t, const block_t *block) {
    uint32_t cost = t->blocks[block->loop].cost;
    return (uint16_t)(cost < UINT16_MAX ? cost : UINT16_MAX);
}

/* A backward branch on what the instruction before added: the step of a loop. */
static bool emit_step(translator_t *t, unsigned op, const uint16_t *units,
                      const block_t *block) {
    static const uint16_t rows[][3] = {/* branch, step, units behind the sum */
                                       {OP_br, OP_add_br_back, 0},
                                       {OP_br_nz, OP_add_br_nz_back, 0},
                                       {OP_br_i32_ne_i, OP_add_br_ne_i_back, 2},
                                       {OP_br_i32_lt_s_i, OP_add_br_lt_s_i_back, 2},
                                       {OP_br_i32_lt_u_i, OP_add_br_lt_u_i_back, 2},
                                       {OP_br_i32_ne, OP_add_br_ne_back, 1},
                                       {OP_br_i32_lt_s, OP_add_br_lt_s_back, 1},
                                       {OP_br_i32_lt_u, OP_add_br_lt_u_back, 1}};
    if (t->last == NO_CODE || t->code[t->last] != OP_i32_add_i) return false;
    uint16_t sum = t->code[t->last + 1];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i][0] != op) continue;
        uint16_t other = 0;
        if (op != OP_br) {
            other = units[0] == sum ? units[1] : units[0];
            if (units[0] != sum && (op != OP_br_i32_ne || units[1] != sum))
                return false;
        }
        uint16_t taken[TAKEN_UNITS], all[10];
        unsigned count = 0;
        (void)wasm__take_last(t, taken);
        for (; count < 4; count++)
            all[count] = taken[count + 1];
        if (rows[i][2] == 1) all[count++] = other;
        if (rows[i][2] == 2) {
            all[count++] = units[1];
            all[count++] = units[2];
        }
        wasm__join_pair(t);
        uint32_t field = t->code_size + 1 + count;
        wasm__put32(all + count, block->begin - field);
        all[count + 2] = cost_of(t, block);
        wasm__emit(t, rows[i][1], all, count + 3);
        return true;
    }
    return false;
}

/* A branch instruction whose units before the field are given; to the end of `block`,
 * or back to its beginning when it is a loop. */
static void emit_jump(translator_t *t, unsigned op, const uint16_t *units,
                      unsigned count, block_t *block) {
    uint16_t all[8];
    if (block->kind == BLOCK_LOOP && emit_step(t, op, units, block)) {
        wasm__forget_last(t);
        return;
    }
    wasm__join_pair(t);
    for (unsigned i = 0; i < count; i++)
        all[i] = units[i];
    uint32_t field = t->code_size + 1 + count;
    if (block->kind == BLOCK_LOOP) {
        wasm__put32(all + count, block->begin - field);
        all[count + 2] = cost_of(t, block);
        wasm__emit(t, op + (op == OP_br ? OP_br_back - OP_br : TO_BACKWARD), all,
                   count + 3);
    } else {
        wasm__put32(all + count, block->exits);
        wasm__emit(t, op, all, count + 2);
        if (!t->r.has_failed) block->exits = field;
    }
    wasm__forget_last(t);
}

static uint32_t label_arity(const block_t *block) {
    return block->kind == BLOCK_LOOP ? block->param_count : block->result_count;
}

/* Whether the values of a label are where it wants them. */
static bool is_in_place(const translator_t *t, const block_t *block) {
    uint32_t count = label_arity(block);
    if (count == 0) return true;
    const operand_t *values = t->operands + (t->operand_count - count);
    if (values[0].slot != block->slot) return false;
    for (uint32_t i = 0; i < count; i++)
        if (values[i].place != IN_SLOT) return false;
    return true;
}

/* The last `count` operands to the slots from `slot` on. Upwards is safe: a value's own
 * slot is never below where it goes. The operands themselves are not changed, for on
 * another way they stay. */
static void emit_moves(translator_t *t, uint32_t count, uint32_t slot) {
    const operand_t *values = t->operands + (t->operand_count - count);
    for (uint32_t i = 0; i < count; i++) {
        wasm__emit_value_to(t, slot, &values[i]);
        slot += wasm__width(values[i].type);
    }
}

void wasm__emit_return(translator_t *t) {
    if (!t->is_live) return;
    uint32_t count = t->type->result_count;
    if (count == 1) {
        const operand_t *value = &t->operands[t->operand_count - 1];
        uint32_t slot = wasm__slot_of(t, value);
        wasm__emit_dd(t, wasm__is_wide(value->type) ? OP_return64 : OP_return32, slot,
                      t->link);
        return;
    }
    if (count == 0) {
        wasm__emit_d(t, OP_return, t->link);
        return;
    }
    /* The results overwrite parameters, which later results may still be. */
    operand_t *values = t->operands + (t->operand_count - count);
    for (uint32_t i = 0; i < count; i++)
        if (wasm__reads_local(&values[i]))
            wasm__emit_value_to(t, values[i].slot, &values[i]);
    uint32_t slot = 0;
    for (uint32_t i = 0; i < count; i++) {
        operand_t value = values[i];
        if (wasm__reads_local(&value)) value.place = IN_SLOT;
        wasm__emit_value_to(t, slot, &value);
        slot += wasm__width(value.type);
    }
    wasm__emit_d(t, OP_return, t->link);
}

void wasm__emit_branch(translator_t *t, uint32_t depth) {
    if (!t->is_live) return;
    block_t *block = &t->blocks[t->block_count - 1 - depth];
    if (block->kind == BLOCK_FUNCTION) {
        wasm__emit_return(t);
        return;
    }
    if (!is_in_place(t, block)) emit_moves(t, label_arity(block), block->slot);
    emit_jump(t, OP_br, NULL, 0, block);
}

void wasm__emit_branch_to_end(translator_t *t, block_t *block) {
    if (!is_in_place(t, block)) emit_moves(t, block->result_count, block->slot);
    emit_jump(t, OP_br, NULL, 0, block);
}

/* A conditional branch, taken back together with the comparison before it. */
typedef struct {
    unsigned op;
    unsigned count; /* units before the field */
    uint16_t units[3];
} condition_t;

/* !(a < b) is b <= a; with an immediate every comparison has its opposite. */
static void negate_compare(condition_t *c, unsigned base, unsigned number, bool is_rr) {
    static const uint8_t opposite_ri[COMPARE_RI] = {1, 0, 8, 9, 6, 7, 4, 5, 2, 3};
    static const uint8_t opposite_rr[COMPARE_RR] = {1, 0, 4, 5, 2, 3};
    if (!is_rr) {
        c->op = base + opposite_ri[number];
        return;
    }
    c->op = base + opposite_rr[number];
    if (number < 2) return;
    uint16_t first = c->units[0];
    c->units[0] = c->units[1];
    c->units[1] = first;
}

/* The branch that is taken when `operand` is not zero (or is, with `if_zero`). */
static condition_t make_condition(translator_t *t, const operand_t *operand,
                                  bool if_zero) {
    condition_t c = {if_zero ? OP_br_z : OP_br_nz, 1, {0, 0, 0}};
    operand_t made_now = *operand;
    if (wasm__is_sum(operand)) {
        made_now.slot = (uint16_t)wasm__slot_of(t, operand);
        made_now.place = IN_SLOT;
        operand = &made_now;
    }
    if (!wasm__made_by_last(t, operand)) {
        c.units[0] = (uint16_t)wasm__slot_of(t, operand);
        return c;
    }
    unsigned made = t->code[t->last];
    if (made >= OP_f64_eq && made <= OP_f64_le) {
        /* The opposite of < is not >= when a NaN is compared. */
        static const uint16_t branches[][2] = {{OP_br_f64_eq, OP_br_f64_ne},
                                               {OP_br_f64_ne, OP_br_f64_eq},
                                               {OP_br_f64_lt, OP_br_f64_nlt},
                                               {OP_br_f64_le, OP_br_f64_nle}};
        uint16_t taken[TAKEN_UNITS];
        (void)wasm__take_last(t, taken);
        c.op = branches[made - OP_f64_eq][if_zero ? 1 : 0];
        c.count = 2;
        c.units[0] = taken[2];
        c.units[1] = taken[3];
        return c;
    }
    for (size_t i = 0; i < COMPARE_FAMILIES; i++) {
        const compare_family_t *family = &wasm__compare_families[i];
        unsigned number = made - family->compare;
        if (made < family->compare || number >= family->count) continue;
        uint16_t taken[TAKEN_UNITS];
        (void)wasm__take_last(t, taken);
        if (made == OP_i32_eq_i || made == OP_i32_ne_i) {
            if (taken[3] == 0 && taken[4] == 0) {
                bool is_eqz = made == OP_i32_eq_i;
                c.op = is_eqz != if_zero ? OP_br_z : OP_br_nz;
                c.units[0] = taken[2];
                return c;
            }
        }
        c.count = family->is_rr ? 2 : 3;
        memcpy(c.units, taken + 2, c.count * sizeof *taken);
        c.op = family->branch + number;
        if (if_zero) negate_compare(&c, family->branch, number, family->is_rr);
        return c;
    }
    c.units[0] = operand->slot;
    return c;
}

void wasm__emit_branch_if(translator_t *t, uint32_t depth, const operand_t *condition) {
    if (!t->is_live) return;
    block_t *block = &t->blocks[t->block_count - 1 - depth];
    if (block->kind != BLOCK_FUNCTION && is_in_place(t, block)) {
        condition_t c = make_condition(t, condition, false);
        emit_jump(t, c.op, c.units, c.count, block);
        return;
    }
    /* Around the moves when the condition does not hold. */
    block_t around = {.kind = BLOCK_PLAIN, .exits = NO_CODE};
    condition_t c = make_condition(t, condition, true);
    emit_jump(t, c.op, c.units, c.count, &around);
    wasm__emit_branch(t, depth);
    bind(t, &around.exits);
}

void wasm__emit_branch_unless_to_else(translator_t *t, block_t *block,
                                      const operand_t *condition) {
    if (!t->is_live) return;
    block_t other = {.kind = BLOCK_PLAIN, .exits = NO_CODE};
    condition_t c = make_condition(t, condition, true);
    emit_jump(t, c.op, c.units, c.count, &other);
    block->else_exit = other.exits;
}

void wasm__emit_table_begin(translator_t *t, const operand_t *index, uint32_t count,
                            uint32_t *table) {
    *table = 0;
    if (!t->is_live) return;
    t->table_round++;
    wasm__emit_dw(t, OP_br_table, wasm__slot_of(t, index), count);
    *table = t->code_size;
    if (wasm__room(t, 2 * (count + 1)) == NULL) return;
    t->code_size += 2 * (count + 1);
    wasm__forget_last(t);
}

void wasm__emit_table_entry(translator_t *t, uint32_t field, uint32_t depth) {
    if (!t->is_live || t->r.has_failed) return;
    block_t *block = &t->blocks[t->block_count - 1 - depth];
    bool is_direct = block->kind != BLOCK_FUNCTION && block->kind != BLOCK_LOOP &&
                     is_in_place(t, block);
    if (is_direct) {
        wasm__put32(t->code + field, block->exits);
        block->exits = field;
        return;
    }
    if (block->detour_round != t->table_round) {
        block->detour_round = t->table_round;
        block->detour = t->code_size;
        wasm__emit_branch(t, depth);
        wasm__forget_last(t);
        if (t->r.has_failed) return;
    }
    wasm__put32(t->code + field, block->detour - field);
}

/* --- labels and the function ------------------------------------------------------ */

void wasm__bind_else(translator_t *t, block_t *block) {
    bind(t, &block->else_exit);
    wasm__forget_last(t);
}

void wasm__bind_exits(translator_t *t, block_t *block) {
    if (block->exits == NO_CODE) return;
    t->is_live = true;
    bind(t, &block->exits);
}

void wasm__bind_loop(translator_t *t, block_t *block) {
    wasm__forget_last(t);
    block->begin = t->code_size;
}
