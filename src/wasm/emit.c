/* SPDX-License-Identifier: Apache-2.0 */
/* From understood opcodes to code. The method: operands that are constants or locals
 * make no code until somebody reads them; an instruction writes to the own slot of its
 * result; and the last instruction made may still be changed as long as nobody has seen
 * its result: `local.set` lets it write to the local instead, a branch or an access
 * takes its place and does its work too. Emission never fails for another reason than
 * memory: only validated bodies come here with `is_live`. */
#include "wasm/emit_impl.h"

#include "base/check.h"

#include <string.h>

const char *const wasm__op_layouts[OP_COUNT] = {
#define OP(name, layout) layout,
#include "wasm/code.def"
#undef OP
};

/* The rows of code.def stand at the distances that are used here and in branch.c. */
_Static_assert(OP_br_i32_le_u - OP_br_i32_eq == COMPARE_RR - 1, "order of code.def");
_Static_assert(OP_br_i64_le_u - OP_br_i64_eq == COMPARE_RR - 1, "order of code.def");
_Static_assert(OP_i32_le_u - OP_i32_eq == COMPARE_RR - 1, "order of code.def");
_Static_assert(OP_i64_le_u - OP_i64_eq == COMPARE_RR - 1, "order of code.def");
_Static_assert(OP_br_i32_ge_u_i - OP_br_i32_eq_i == COMPARE_RI - 1, "order");
_Static_assert(OP_br_i64_ge_u_i - OP_br_i64_eq_i == COMPARE_RI - 1, "order");
_Static_assert(OP_i32_ge_u_i - OP_i32_eq_i == COMPARE_RI - 1, "order of code.def");
_Static_assert(OP_i64_ge_u_i - OP_i64_eq_i == COMPARE_RI - 1, "order of code.def");
_Static_assert(OP_br_f64_nle_back - OP_br_f64_nle == TO_BACKWARD, "order");
enum {
    TO_SUM_I = OP_load32_i - OP_load32, /* from a plain access to that at a sum */
    TO_SUM_S = OP_load32_s - OP_load32
};
_Static_assert(OP_f64_le - OP_f64_eq == 3, "order of code.def");
_Static_assert(OP_store64_i - OP_store64 == TO_SUM_I, "order of code.def");
_Static_assert(OP_store64_s - OP_store64 == TO_SUM_S, "order of code.def");
_Static_assert(OP_global_get64 == OP_global_get32 + 1, "order of code.def");
_Static_assert(OP_import_set64 == OP_import_set32 + 1, "order of code.def");

uint32_t wasm__op_size(const uint16_t *code) {
    uint32_t size = 1;
    for (const char *c = wasm__op_layouts[code[0]]; *c != '\0'; c++) {
        switch (*c) {
        case 'w':
        case 'j': size += 2; break;
        case 'q': size += 4; break;
        case 'T': size += 2 * (wasm__get32(code + 2) + 1); break;
        default: size++;
        }
    }
    return size;
}

const compare_family_t wasm__compare_families[COMPARE_FAMILIES] = {
    {OP_i32_eq, OP_br_i32_eq, COMPARE_RR, true},
    {OP_i32_eq_i, OP_br_i32_eq_i, COMPARE_RI, false},
    {OP_i64_eq, OP_br_i64_eq, COMPARE_RR, true},
    {OP_i64_eq_i, OP_br_i64_eq_i, COMPARE_RI, false},
};

static bool is_compare(unsigned op) {
    for (size_t i = 0; i < COMPARE_FAMILIES; i++)
        if (op - wasm__compare_families[i].compare < wasm__compare_families[i].count)
            return true;
    return false;
}

/* --- writing units ---------------------------------------------------------------- */

uint16_t *wasm__room(translator_t *t, uint32_t count) {
    if (!t->is_live || t->r.has_failed) return NULL;
    if (!wasm__reserve(t, &t->code, &t->code_cap, t->code_size + count,
                       sizeof *t->code))
        return NULL;
    return t->code + t->code_size;
}

void wasm__join_pair(translator_t *t) {
    if (t->last == NO_CODE || t->before == NO_CODE) return;
    unsigned op = t->code[t->last];
    if (op != t->code[t->before] || (op != OP_i32_add_i && op != OP_mov32)) return;
    t->code[t->before] = op == OP_mov32 ? OP_mov_mov : OP_add_add;
    memmove(t->code + t->last, t->code + t->last + 1,
            (t->code_size - t->last - 1) * sizeof *t->code);
    t->code_size--;
    t->last = t->before;
    t->before = NO_CODE;
}

void wasm__forget_last(translator_t *t) {
    wasm__join_pair(t);
    t->last = t->before = NO_CODE;
}

void wasm__emit(translator_t *t, unsigned op, const uint16_t *units, unsigned count) {
    if (!is_compare(op))
        wasm__join_pair(t); /* a comparison may become the step of a loop */
    uint16_t *code = wasm__room(t, count + 1);
    if (code == NULL) return;
    code[0] = (uint16_t)op;
    for (unsigned i = 0; i < count; i++)
        code[i + 1] = units[i];
    t->before = t->last;
    t->last = t->code_size;
    t->code_size += count + 1;
}

void wasm__emit_d(translator_t *t, unsigned op, uint32_t a) {
    const uint16_t units[] = {(uint16_t)a};
    wasm__emit(t, op, units, 1);
}
void wasm__emit_dd(translator_t *t, unsigned op, uint32_t a, uint32_t b) {
    const uint16_t units[] = {(uint16_t)a, (uint16_t)b};
    wasm__emit(t, op, units, 2);
}
void wasm__emit_ddd(translator_t *t, unsigned op, uint32_t a, uint32_t b, uint32_t c) {
    const uint16_t units[] = {(uint16_t)a, (uint16_t)b, (uint16_t)c};
    wasm__emit(t, op, units, 3);
}
void wasm__emit_dw(translator_t *t, unsigned op, uint32_t a, uint32_t w) {
    const uint16_t units[] = {(uint16_t)a, (uint16_t)w, (uint16_t)(w >> 16)};
    wasm__emit(t, op, units, 3);
}
void wasm__emit_ddw(translator_t *t, unsigned op, uint32_t a, uint32_t b, uint32_t w) {
    const uint16_t units[] = {(uint16_t)a, (uint16_t)b, (uint16_t)w,
                              (uint16_t)(w >> 16)};
    wasm__emit(t, op, units, 4);
}

/* --- operands --------------------------------------------------------------------- */

static bool is_narrow_signed(uint64_t value) {
    return value + UINT64_C(0x80000000) <= UINT32_MAX;
}

static void emit_constant(translator_t *t, uint32_t slot, uint8_t type,
                          uint64_t value) {
    if (!wasm__is_wide(type)) {
        wasm__emit_dw(t, OP_const32, slot, (uint32_t)value);
    } else if (is_narrow_signed(value)) {
        wasm__emit_dw(t, OP_const64_s, slot, (uint32_t)value);
    } else {
        const uint16_t units[] = {(uint16_t)slot, (uint16_t)value,
                                  (uint16_t)(value >> 16), (uint16_t)(value >> 32),
                                  (uint16_t)(value >> 48)};
        wasm__emit(t, OP_const64, units, 5);
    }
}

static void emit_move(translator_t *t, uint32_t to, uint32_t from, bool is_wide) {
    if (to != from) wasm__emit_dd(t, is_wide ? OP_mov64 : OP_mov32, to, from);
}

void wasm__emit_value_to(translator_t *t, uint32_t to, const operand_t *operand) {
    if (operand->place == IS_CONSTANT)
        emit_constant(t, to, operand->type, operand->value);
    else if (wasm__is_sum(operand))
        wasm__emit_ddw(t, OP_i32_add_i, to, wasm__source_of(t, operand),
                       (uint32_t)operand->value);
    else
        emit_move(t, to, wasm__source_of(t, operand), wasm__is_wide(operand->type));
}

uint32_t wasm__slot_of(translator_t *t, const operand_t *operand) {
    if (operand->place == IN_LOCAL) return t->locals[operand->local].slot;
    if (operand->place != IN_SLOT) wasm__emit_value_to(t, operand->slot, operand);
    return operand->slot;
}

static void settle(translator_t *t, operand_t *operand) {
    if (operand->place == IN_SLOT) return;
    wasm__emit_value_to(t, operand->slot, operand);
    if (wasm__reads_local(operand)) t->locals[operand->local].aliases--;
    operand->place = IN_SLOT;
}

void wasm__settle(translator_t *t, uint32_t count) {
    for (uint32_t i = t->operand_count - count; i < t->operand_count; i++)
        settle(t, &t->operands[i]);
}

void wasm__settle_locals(translator_t *t) {
    for (uint32_t i = t->clean_below; i < t->operand_count; i++)
        if (wasm__reads_local(&t->operands[i])) settle(t, &t->operands[i]);
    t->clean_below = t->operand_count;
}

void wasm__settle_local(translator_t *t, uint32_t local) {
    for (uint32_t i = t->operand_count; t->locals[local].aliases > 0 && i-- > 0;)
        if (wasm__reads_local(&t->operands[i]) && t->operands[i].local == local)
            settle(t, &t->operands[i]);
}

bool wasm__made_by_last(const translator_t *t, const operand_t *operand) {
    if (t->last == NO_CODE || operand->place != IN_SLOT) return false;
    char written = wasm__op_layouts[t->code[t->last]][0];
    return (written == (wasm__is_wide(operand->type) ? 'D' : 'd')) &&
           t->code[t->last + 1] == operand->slot;
}

unsigned wasm__take_last(translator_t *t, uint16_t taken[TAKEN_UNITS]) {
    uint32_t count = t->code_size - t->last;
    MK_ASSERT(count <= TAKEN_UNITS);
    memcpy(taken, t->code + t->last, count * sizeof *taken);
    t->code_size = t->last;
    t->last = t->before;
    t->before = NO_CODE;
    return taken[0];
}

void wasm__emit_set_local(translator_t *t, const operand_t *operand, uint32_t local) {
    wasm__settle_local(t, local);
    if (!t->is_live) return;
    uint16_t slot = t->locals[local].slot;
    if (wasm__made_by_last(t, operand))
        t->code[t->last + 1] = slot;
    else
        wasm__emit_value_to(t, slot, operand);
}

/* --- numbers ---------------------------------------------------------------------- */

void wasm__emit_unary(translator_t *t, unsigned op, const operand_t *a,
                      const operand_t *result) {
    if (t->is_live) wasm__emit_dd(t, op, result->slot, wasm__slot_of(t, a));
}

/* The constant as the 32 bits of an instruction with an immediate; false when it has to
 * be loaded first. */
static bool immediate_of(const operand_t *operand, unsigned flags,
                         uint32_t *immediate) {
    uint64_t value = operand->value;
    if (operand->place != IS_CONSTANT) return false;
    bool is_wide = wasm__is_wide(operand->type);
    if ((flags & NUMERIC_NEGATE) != 0) value = 0 - value;
    if (is_wide && !is_narrow_signed(value)) return false;
    *immediate = (uint32_t)value;
    if ((flags & NUMERIC_DIVISOR) != 0 && (*immediate == 0 || *immediate == UINT32_MAX))
        return false;
    return true;
}

/* An addition of a constant is put off: perhaps it is the address of an access. */
static bool put_off_sum(const operand_t *a, const operand_t *b, operand_t *result,
                        translator_t *t) {
    const operand_t *base = b->place == IS_CONSTANT ? a : b;
    const operand_t *constant = base == a ? b : a;
    if (constant->place != IS_CONSTANT || base->place == IS_CONSTANT) return false;
    if (!wasm__reads_local(base) && base->slot != result->slot) return false;
    result->place = wasm__reads_local(base) ? LOCAL_SUM : SLOT_SUM;
    result->local = base->local;
    result->value =
        (uint32_t)(constant->value + (wasm__is_sum(base) ? base->value : 0));
    if (wasm__reads_local(base)) t->locals[base->local].aliases++;
    return true;
}

typedef struct {
    uint16_t first, second, both;
    bool is_commutative; /* the first may give either operand of the second */
} joint_t;

/* Of a first and a second instruction with three units each. */
static const joint_t joints[] = {
    {OP_i32_shl_i, OP_i32_add, OP_i32_shl_add, true},
    {OP_i32_shl_i, OP_i32_xor, OP_i32_shl_xor, true},
    {OP_i32_shr_u_i, OP_i32_xor, OP_i32_shr_u_xor, true},
    {OP_i32_rotl_i, OP_i32_xor, OP_i32_rotl_xor, true},
    {OP_i32_mul, OP_i32_add, OP_i32_mul_add, true},
    {OP_i64_mul, OP_i64_add, OP_i64_mul_add, true},
    {OP_f64_mul, OP_f64_add, OP_f64_mul_add, true},
    {OP_f64_mul, OP_f64_sub, OP_f64_mul_sub, false},
};

/* Let the instruction before, which made one of the operands, do this too. */
static bool join_binary(translator_t *t, unsigned op, const operand_t *a,
                        const operand_t *b, uint32_t to) {
    if (t->last == NO_CODE) return false;
    unsigned made = t->code[t->last];
    for (size_t i = 0; i < sizeof joints / sizeof joints[0]; i++) {
        const joint_t *joint = &joints[i];
        if (joint->second != op || joint->first != made) continue;
        const operand_t *other = wasm__made_by_last(t, a) ? b : a;
        if (other == a && !(joint->is_commutative && wasm__made_by_last(t, b)))
            continue;
        if (other->place != IN_LOCAL && other->place != IN_SLOT) continue;
        uint16_t taken[TAKEN_UNITS];
        (void)wasm__take_last(t, taken);
        const uint16_t units[] = {(uint16_t)to, taken[2], taken[3],
                                  (uint16_t)wasm__source_of(t, other)};
        wasm__emit(t, joint->both, units, 4);
        return true;
    }
    return false;
}

/* Shift and mask with constants, both ways round. */
static bool join_mask(translator_t *t, unsigned op, const operand_t *a,
                      uint32_t immediate, uint32_t to) {
    static const uint16_t both[][3] = {
        {OP_i32_shr_u_i, OP_i32_and_i, OP_i32_shr_u_and},
        {OP_i32_shl_i, OP_i32_and_i, OP_i32_shl_and},
        {OP_i32_and_i, OP_i32_shl_i, OP_i32_and_shl},
    };
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
        if (both[i][1] != op || !wasm__made_by_last(t, a) ||
            t->code[t->last] != both[i][0])
            continue;
        uint16_t taken[TAKEN_UNITS];
        (void)wasm__take_last(t, taken);
        bool is_mask_first = op == OP_i32_shl_i;
        uint32_t mask = is_mask_first ? wasm__get32(taken + 3) : immediate;
        uint32_t shift = is_mask_first ? immediate : taken[3];
        const uint16_t units[] = {(uint16_t)to, taken[2],
                                  (uint16_t)(is_mask_first ? mask : shift),
                                  (uint16_t)(is_mask_first ? mask >> 16 : mask),
                                  (uint16_t)(is_mask_first ? shift : mask >> 16)};
        wasm__emit(t, both[i][2], units, 5);
        return true;
    }
    return false;
}

/* A long constant inside the instruction. */
static bool emit_long(translator_t *t, unsigned op, const operand_t *a,
                      const operand_t *b, uint32_t to) {
    static const uint16_t rows[][2] = {/* plain, long; each commutes */
                                       {OP_i64_add, OP_i64_add_q},
                                       {OP_i64_mul, OP_i64_mul_q},
                                       {OP_i64_xor, OP_i64_xor_q},
                                       {OP_f64_add, OP_f64_add_q},
                                       {OP_f64_mul, OP_f64_mul_q}};
    if (a->place == IS_CONSTANT && b->place == IS_CONSTANT) return false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i][0] != op) continue;
        const operand_t *constant = b->place == IS_CONSTANT ? b : a;
        if (constant->place != IS_CONSTANT) return false;
        uint32_t slot = wasm__slot_of(t, constant == b ? a : b);
        uint64_t value = constant->value;
        const uint16_t units[] = {(uint16_t)to,
                                  (uint16_t)slot,
                                  (uint16_t)value,
                                  (uint16_t)(value >> 16),
                                  (uint16_t)(value >> 32),
                                  (uint16_t)(value >> 48)};
        wasm__emit(t, rows[i][1], units, 6);
        return true;
    }
    return false;
}

void wasm__emit_binary(translator_t *t, const numeric_row_t *row, const operand_t *a,
                       const operand_t *b, operand_t *result) {
    uint32_t immediate;
    if (!t->is_live) return;
    if (row->op == OP_i32_add && put_off_sum(a, b, result, t)) return;
    if (row->op_right != OP_none && immediate_of(b, row->flags, &immediate)) {
        if (join_mask(t, row->op_right, a, immediate, result->slot)) return;
        wasm__emit_ddw(t, row->op_right, result->slot, wasm__slot_of(t, a), immediate);
        return;
    }
    if (row->op_left != OP_none && immediate_of(a, 0, &immediate)) {
        wasm__emit_ddw(t, row->op_left, result->slot, wasm__slot_of(t, b), immediate);
        return;
    }
    if ((row->flags & NUMERIC_SWAP) == 0 &&
        (emit_long(t, row->op, a, b, result->slot) ||
         join_binary(t, row->op, a, b, result->slot)))
        return;
    uint32_t first = wasm__slot_of(t, a);
    uint32_t second = wasm__slot_of(t, b);
    if ((row->flags & NUMERIC_SWAP) != 0)
        wasm__emit_ddd(t, row->op, result->slot, second, first);
    else
        wasm__emit_ddd(t, row->op, result->slot, first, second);
}

/* --- memory ----------------------------------------------------------------------- */

/* The access codes of load_from and store_to stand in the order of the short forms. */
static unsigned access_of(unsigned op) {
    switch (op) {
    case OP_load32:
    case OP_store32: return ACCESS_32;
    case OP_load8_s: return ACCESS_8_S;
    case OP_load8_u:
    case OP_store8: return ACCESS_8_U;
    case OP_load16_s: return ACCESS_16_S;
    case OP_load16_u:
    case OP_store16: return ACCESS_16_U;
    case OP_load64:
    case OP_store64: return ACCESS_64;
    case OP_load8_s64: return ACCESS_8_S64;
    case OP_load8_u64: return ACCESS_8_U64;
    case OP_load16_s64: return ACCESS_16_S64;
    case OP_load16_u64: return ACCESS_16_U64;
    case OP_load32_s64: return ACCESS_32_S64;
    default: MK_ASSERT(op == OP_load32_u64); return ACCESS_32_U64;
    }
}

/* Where the address is, with an offset that fits: a long one is added before, into the
 * address operand's own slot. */
static uint32_t near_address(translator_t *t, const operand_t *address,
                             uint32_t *offset) {
    uint32_t at = wasm__slot_of(t, address);
    if (*offset <= UINT16_MAX) return at;
    wasm__emit_ddw(t, OP_far, address->slot, at, *offset);
    *offset = 0;
    return address->slot;
}

/* Take the addition back that made the address; its operands are then `terms`. */
static bool take_address_sum(translator_t *t, const operand_t *address,
                             uint16_t terms[2]) {
    if (!wasm__made_by_last(t, address) || t->code[t->last] != OP_i32_add) return false;
    uint16_t taken[TAKEN_UNITS];
    (void)wasm__take_last(t, taken);
    terms[0] = taken[2];
    terms[1] = taken[3];
    return true;
}

void wasm__emit_load(translator_t *t, unsigned op, uint32_t memory, uint32_t offset,
                     const operand_t *address, const operand_t *result) {
    uint16_t terms[2];
    if (!t->is_live) return;
    if (memory == 0) {
        if (wasm__is_sum(address) && offset == 0) {
            wasm__emit_ddw(t, op + TO_SUM_I, result->slot, wasm__source_of(t, address),
                           (uint32_t)address->value);
        } else if (offset <= UINT16_MAX && take_address_sum(t, address, terms)) {
            const uint16_t units[] = {result->slot, terms[0], terms[1],
                                      (uint16_t)offset};
            wasm__emit(t, op + TO_SUM_S, units, 4);
        } else {
            uint32_t at = near_address(t, address, &offset);
            wasm__emit_ddd(t, op, result->slot, at, offset);
        }
        return;
    }
    const uint16_t units[] = {result->slot,     (uint16_t)access_of(op),
                              (uint16_t)memory, (uint16_t)wasm__slot_of(t, address),
                              (uint16_t)offset, (uint16_t)(offset >> 16)};
    wasm__emit(t, wasm__is_wide(result->type) ? OP_load64_from : OP_load_from, units,
               6);
}

/* A constant of 32 bits or fewer into memory. */
static bool emit_store_constant(translator_t *t, unsigned op, uint32_t offset,
                                const operand_t *address, const operand_t *value) {
    if (value->place != IS_CONSTANT || (op != OP_store32 && op != OP_store8))
        return false;
    uint32_t number = (uint32_t)value->value;
    bool is_byte = op == OP_store8;
    if (wasm__is_sum(address) && offset == 0) {
        uint32_t added = (uint32_t)address->value;
        const uint16_t units[] = {(uint16_t)wasm__source_of(t, address),
                                  (uint16_t)added, (uint16_t)(added >> 16),
                                  (uint16_t)number, (uint16_t)(number >> 16)};
        wasm__emit(t, is_byte ? OP_store8_ic : OP_store32_ic, units, 5);
        return true;
    }
    uint32_t at = near_address(t, address, &offset);
    const uint16_t units[] = {(uint16_t)at, (uint16_t)number, (uint16_t)(number >> 16),
                              (uint16_t)offset};
    wasm__emit(t, is_byte ? OP_store8_c : OP_store32_c, units, 4);
    return true;
}

void wasm__emit_store(translator_t *t, unsigned op, uint32_t memory, uint32_t offset,
                      const operand_t *address, const operand_t *value) {
    uint16_t terms[2];
    if (!t->is_live) return;
    if (memory == 0) {
        if (emit_store_constant(t, op, offset, address, value)) return;
        if (op == OP_store32 && wasm__is_sum(value)) {
            uint32_t at = near_address(t, address, &offset);
            uint32_t added = (uint32_t)value->value;
            const uint16_t units[] = {(uint16_t)at, (uint16_t)wasm__source_of(t, value),
                                      (uint16_t)added, (uint16_t)(added >> 16),
                                      (uint16_t)offset};
            wasm__emit(t, OP_store32_sum, units, 5);
        } else if (wasm__is_sum(address) && offset == 0) {
            uint32_t from = wasm__slot_of(t, value);
            wasm__emit_ddw(t, op + TO_SUM_I, wasm__source_of(t, address), from,
                           (uint32_t)address->value);
        } else if (offset <= UINT16_MAX && value->place == IN_LOCAL &&
                   take_address_sum(t, address, terms)) {
            const uint16_t units[] = {terms[0], (uint16_t)wasm__source_of(t, value),
                                      terms[1], (uint16_t)offset};
            wasm__emit(t, op + TO_SUM_S, units, 4);
        } else {
            uint32_t at = near_address(t, address, &offset);
            wasm__emit_ddd(t, op, at, wasm__slot_of(t, value), offset);
        }
        return;
    }
    const uint16_t units[] = {(uint16_t)access_of(op),
                              (uint16_t)memory,
                              (uint16_t)wasm__slot_of(t, address),
                              (uint16_t)wasm__slot_of(t, value),
                              (uint16_t)offset,
                              (uint16_t)(offset >> 16)};
    wasm__emit(t, OP_store_to, units, 6);
}

/* --- the function ----------------------------------------------------------------- */

void wasm__emit_begin(translator_t *t) {
    uint16_t *code = wasm__room(t, CODE_HEADER);
    if (code == NULL) return;
    code[CODE_LINK] = (uint16_t)t->link;
    code[CODE_LOCALS] = (uint16_t)(t->top - t->link - LINK_SLOTS);
    t->code_size = CODE_HEADER;
}

void wasm__emit_end(translator_t *t) {
    if (!t->makes_code || t->r.has_failed) return;
    uint32_t cost = t->blocks[0].cost;
    t->code[CODE_FRAME] = (uint16_t)t->frame;
    t->code[CODE_COST] = (uint16_t)(cost < UINT16_MAX ? cost : UINT16_MAX);
}
