/* SPDX-License-Identifier: Apache-2.0 */
/* emit_impl.h - what emit.c and branch.c share: how the newest instructions are changed
 * while nobody has seen what they do. */
#ifndef MK_WASM_EMIT_IMPL_H
#define MK_WASM_EMIT_IMPL_H

#include "wasm/translate_impl.h"

/* Comparisons of a family, in the order of code.def. */
enum {
    COMPARE_RR = 6, /* eq ne lt_s lt_u le_s le_u */
    COMPARE_RI = 10 /* eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u */
};
enum { COMPARE_FAMILIES = 4 };
enum { TO_BACKWARD = OP_br_nz_back - OP_br_nz }; /* from a branch to that of a loop */

typedef struct {
    uint16_t compare, branch; /* first of the family */
    uint8_t count;
    bool is_rr;
} compare_family_t;

extern const compare_family_t wasm__compare_families[COMPARE_FAMILIES];

/* Room for `count` units at the end; NULL when code is not made here or the heap says
 * no. */
uint16_t *wasm__room(translator_t *t, uint32_t count);

/* Two of a kind that need nothing of each other become one, once it is certain that no
 * one wants the second for something better. */
void wasm__join_pair(translator_t *t);

/* Whether the last instruction wrote this operand and nothing else can see it. */
bool wasm__made_by_last(const translator_t *t, const operand_t *operand);

/* Take the last instruction back; its units are in `taken`. */
enum { TAKEN_UNITS = 8 };
unsigned wasm__take_last(translator_t *t, uint16_t taken[TAKEN_UNITS]);

/* The value of an operand to a slot, which may be its own. */
void wasm__emit_value_to(translator_t *t, uint32_t to, const operand_t *operand);

/* The slot that an operand's value comes from, a sum's before the addition. */
static inline uint32_t wasm__source_of(const translator_t *t,
                                       const operand_t *operand) {
    return wasm__reads_local(operand) ? t->locals[operand->local].slot : operand->slot;
}

static inline bool wasm__is_sum(const operand_t *operand) {
    return operand->place == LOCAL_SUM || operand->place == SLOT_SUM;
}

#endif
