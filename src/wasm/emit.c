/* SPDX-License-Identifier: Apache-2.0 */
/* From understood opcodes to code. The method: operands that are constants or locals
 * make no code until somebody reads them; an instruction writes to the own slot of its
 * result; and the last instruction made may still be changed as long as nobody has seen
 * its result: `local.set` lets it write to the local instead, a branch or an access
 * takes its place and does its work too. Emission never fails for another reason than
 * memory: only validated bodies come here with `is_live`. */
#include "wasm/translate_impl.h"

#include "base/alloc.h"
#include "base/check.h"

#include <string.h>

const char *const wasm__op_layouts[OP_COUNT] = {
#define OP(name, layout) layout,
#include "wasm/code.def"
#undef OP
};

/* The rows of code.def stand at the distances that are used below. */
enum {
    COMPARE_RR = 6, /* eq ne lt_s lt_u le_s le_u */
    COMPARE_RI = 10 /* eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u */
};
_Static_assert(OP_br_i32_le_u - OP_br_i32_eq == COMPARE_RR - 1, "order of code.def");
_Static_assert(OP_br_i64_le_u - OP_br_i64_eq == COMPARE_RR - 1, "order of code.def");
_Static_assert(OP_i32_le_u - OP_i32_eq == COMPARE_RR - 1, "order of code.def");
_Static_assert(OP_i64_le_u - OP_i64_eq == COMPARE_RR - 1, "order of code.def");
_Static_assert(OP_br_i32_ge_u_i - OP_br_i32_eq_i == COMPARE_RI - 1, "order");
_Static_assert(OP_br_i64_ge_u_i - OP_br_i64_eq_i == COMPARE_RI - 1, "order");
_Static_assert(OP_i32_ge_u_i - OP_i32_eq_i == COMPARE_RI - 1, "order of code.def");
_Static_assert(OP_i64_ge_u_i - OP_i64_eq_i == COMPARE_RI - 1, "order of code.def");
enum { TO_BACKWARD = OP_br_nz_back - OP_br_nz };
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

/* --- writing units ---------------------------------------------------------------- */

/* Room for `count` units at the end; NULL when code is not made here or the heap says
 * no. */
static uint16_t *room(translator_t *t, uint32_t count) {
    if (!t->is_live || t->r.has_failed) return NULL;
    if (!wasm__reserve(t, &t->code, &t->code_cap, t->code_size + count,
                       sizeof *t->code))
        return NULL;
    return t->code + t->code_size;
}

/* Two of a kind that need nothing of each other become one, once it is certain that no
 * one wants the second for something better. */
static void join_pair(translator_t *t) {
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

/* Something comes between what is made and what follows. */
static void forget_last(translator_t *t) {
    join_pair(t);
    t->last = t->before = NO_CODE;
}

void wasm__finish_pair(translator_t *t) {
    forget_last(t);
}

static bool is_compare(unsigned op);

void wasm__emit(translator_t *t, unsigned op, const uint16_t *units, unsigned count) {
    if (!is_compare(op)) join_pair(t); /* a comparison may become the step of a loop */
    uint16_t *code = room(t, count + 1);
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

/* The slot that an operand's value comes from, a sum's before the addition. */
static uint32_t source_of(const translator_t *t, const operand_t *operand) {
    return wasm__reads_local(operand) ? t->locals[operand->local].slot : operand->slot;
}

static bool is_sum(const operand_t *operand) {
    return operand->place == LOCAL_SUM || operand->place == SLOT_SUM;
}

/* The value of an operand to a slot, which may be its own. */
static void emit_value_to(translator_t *t, uint32_t to, const operand_t *operand) {
    if (operand->place == IS_CONSTANT)
        emit_constant(t, to, operand->type, operand->value);
    else if (is_sum(operand))
        wasm__emit_ddw(t, OP_i32_add_i, to, source_of(t, operand),
                       (uint32_t)operand->value);
    else
        emit_move(t, to, source_of(t, operand), wasm__is_wide(operand->type));
}

uint32_t wasm__slot_of(translator_t *t, const operand_t *operand) {
    if (operand->place == IN_LOCAL) return t->locals[operand->local].slot;
    if (operand->place != IN_SLOT) emit_value_to(t, operand->slot, operand);
    return operand->slot;
}

static void settle(translator_t *t, operand_t *operand) {
    if (operand->place == IN_SLOT) return;
    emit_value_to(t, operand->slot, operand);
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

/* Whether the last instruction wrote this operand and nothing else can see it. */
static bool made_by_last(const translator_t *t, const operand_t *operand) {
    if (t->last == NO_CODE || operand->place != IN_SLOT) return false;
    char written = wasm__op_layouts[t->code[t->last]][0];
    return (written == (wasm__is_wide(operand->type) ? 'D' : 'd')) &&
           t->code[t->last + 1] == operand->slot;
}

enum { TAKEN_UNITS = 8 };

/* Take the last instruction back; its units are in `taken`. */
static unsigned take_last(translator_t *t, uint16_t taken[TAKEN_UNITS]) {
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
    if (made_by_last(t, operand))
        t->code[t->last + 1] = slot;
    else
        emit_value_to(t, slot, operand);
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
    result->value = (uint32_t)(constant->value + (is_sum(base) ? base->value : 0));
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
        const operand_t *other = made_by_last(t, a) ? b : a;
        if (other == a && !(joint->is_commutative && made_by_last(t, b))) continue;
        if (other->place != IN_LOCAL && other->place != IN_SLOT) continue;
        uint16_t taken[TAKEN_UNITS];
        (void)take_last(t, taken);
        const uint16_t units[] = {(uint16_t)to, taken[2], taken[3],
                                  (uint16_t)source_of(t, other)};
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
        if (both[i][1] != op || !made_by_last(t, a) || t->code[t->last] != both[i][0])
            continue;
        uint16_t taken[TAKEN_UNITS];
        (void)take_last(t, taken);
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
    if (!made_by_last(t, address) || t->code[t->last] != OP_i32_add) return false;
    uint16_t taken[TAKEN_UNITS];
    (void)take_last(t, taken);
    terms[0] = taken[2];
    terms[1] = taken[3];
    return true;
}

void wasm__emit_load(translator_t *t, unsigned op, uint32_t memory, uint32_t offset,
                     const operand_t *address, const operand_t *result) {
    uint16_t terms[2];
    if (!t->is_live) return;
    if (memory == 0) {
        if (is_sum(address) && offset == 0) {
            wasm__emit_ddw(t, op + TO_SUM_I, result->slot, source_of(t, address),
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
    if (is_sum(address) && offset == 0) {
        uint32_t added = (uint32_t)address->value;
        const uint16_t units[] = {(uint16_t)source_of(t, address), (uint16_t)added,
                                  (uint16_t)(added >> 16), (uint16_t)number,
                                  (uint16_t)(number >> 16)};
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
        if (op == OP_store32 && is_sum(value)) {
            uint32_t at = near_address(t, address, &offset);
            uint32_t added = (uint32_t)value->value;
            const uint16_t units[] = {(uint16_t)at, (uint16_t)source_of(t, value),
                                      (uint16_t)added, (uint16_t)(added >> 16),
                                      (uint16_t)offset};
            wasm__emit(t, OP_store32_sum, units, 5);
        } else if (is_sum(address) && offset == 0) {
            uint32_t from = wasm__slot_of(t, value);
            wasm__emit_ddw(t, op + TO_SUM_I, source_of(t, address), from,
                           (uint32_t)address->value);
        } else if (offset <= UINT16_MAX && value->place == IN_LOCAL &&
                   take_address_sum(t, address, terms)) {
            const uint16_t units[] = {terms[0], (uint16_t)source_of(t, value), terms[1],
                                      (uint16_t)offset};
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

/* --- branches --------------------------------------------------------------------- */

/* A forward branch is not known yet: its field holds the position of the branch field
 * before it that goes to the same place (NO_CODE: none), until it is bound. */
static void bind(translator_t *t, uint32_t *chain) {
    if (*chain == NO_CODE) return;
    forget_last(t);
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
        (void)take_last(t, taken);
        for (; count < 4; count++)
            all[count] = taken[count + 1];
        if (rows[i][2] == 1) all[count++] = other;
        if (rows[i][2] == 2) {
            all[count++] = units[1];
            all[count++] = units[2];
        }
        join_pair(t);
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
        forget_last(t);
        return;
    }
    join_pair(t);
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
    forget_last(t);
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
        emit_value_to(t, slot, &values[i]);
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
        if (wasm__reads_local(&values[i])) emit_value_to(t, values[i].slot, &values[i]);
    uint32_t slot = 0;
    for (uint32_t i = 0; i < count; i++) {
        operand_t value = values[i];
        if (wasm__reads_local(&value)) value.place = IN_SLOT;
        emit_value_to(t, slot, &value);
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

typedef struct {
    uint16_t compare, branch; /* first of the family */
    uint8_t count;
    bool is_rr;
} compare_family_t;

static const compare_family_t compare_families[] = {
    {OP_i32_eq, OP_br_i32_eq, COMPARE_RR, true},
    {OP_i32_eq_i, OP_br_i32_eq_i, COMPARE_RI, false},
    {OP_i64_eq, OP_br_i64_eq, COMPARE_RR, true},
    {OP_i64_eq_i, OP_br_i64_eq_i, COMPARE_RI, false},
};

static bool is_compare(unsigned op) {
    for (size_t i = 0; i < sizeof compare_families / sizeof compare_families[0]; i++)
        if (op - compare_families[i].compare < compare_families[i].count) return true;
    return false;
}

/* The branch that is taken when `operand` is not zero (or is, with `if_zero`). */
static condition_t make_condition(translator_t *t, const operand_t *operand,
                                  bool if_zero) {
    condition_t c = {if_zero ? OP_br_z : OP_br_nz, 1, {0, 0, 0}};
    operand_t made_now = *operand;
    if (is_sum(operand)) {
        made_now.slot = (uint16_t)wasm__slot_of(t, operand);
        made_now.place = IN_SLOT;
        operand = &made_now;
    }
    if (!made_by_last(t, operand)) {
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
        (void)take_last(t, taken);
        c.op = branches[made - OP_f64_eq][if_zero ? 1 : 0];
        c.count = 2;
        c.units[0] = taken[2];
        c.units[1] = taken[3];
        return c;
    }
    for (size_t i = 0; i < sizeof compare_families / sizeof compare_families[0]; i++) {
        const compare_family_t *family = &compare_families[i];
        unsigned number = made - family->compare;
        if (made < family->compare || number >= family->count) continue;
        uint16_t taken[TAKEN_UNITS];
        (void)take_last(t, taken);
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
    if (room(t, 2 * (count + 1)) == NULL) return;
    t->code_size += 2 * (count + 1);
    forget_last(t);
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
        forget_last(t);
        if (t->r.has_failed) return;
    }
    wasm__put32(t->code + field, block->detour - field);
}

/* --- labels and the function ------------------------------------------------------ */

void wasm__bind_else(translator_t *t, block_t *block) {
    bind(t, &block->else_exit);
    forget_last(t);
}

void wasm__bind_exits(translator_t *t, block_t *block) {
    if (block->exits == NO_CODE) return;
    t->is_live = true;
    bind(t, &block->exits);
}

void wasm__bind_loop(translator_t *t, block_t *block) {
    forget_last(t);
    block->begin = t->code_size;
}

void wasm__emit_begin(translator_t *t) {
    uint16_t *code = room(t, CODE_HEADER);
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
