/* SPDX-License-Identifier: Apache-2.0 */
/* The operand stack: what the validation algorithm pushes and pops, with places for the
 * values (invariants 1 and 2 of translate_impl.h). */
#include "wasm/translate_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <string.h>

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

const char *wasm__operand_name(uint8_t type) {
    return type == ANY_TYPE ? "a value" : wasm_type_name((wasm_type_t)type);
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

void wasm__push_result(translator_t *t, uint8_t type) {
    (void)wasm__push(t, type, IN_SLOT);
}

void wasm__push_types(translator_t *t, const uint8_t *types, uint32_t count) {
    for (uint32_t i = 0; i < count && !t->r.has_failed; i++)
        wasm__push_result(t, types[i]);
}

/* Below the block: an operand that stands for any, or a fault. */
static operand_t pop_missing(translator_t *t, uint8_t type) {
    if (!wasm__innermost(t)->is_polymorphic)
        wasm__fail(&t->r, MK_EINVAL, t->begin,
                   "type mismatch: %s wanted, nothing on the stack",
                   wasm__operand_name(type));
    return (operand_t){.type = ANY_TYPE, .place = IN_SLOT, .slot = (uint16_t)t->top};
}

operand_t wasm__pop(translator_t *t, uint8_t type) {
    if (MK_UNLIKELY(t->operand_count == wasm__innermost(t)->height))
        return pop_missing(t, type);
    operand_t operand = t->operands[--t->operand_count];
    t->top = operand.slot;
    if (wasm__reads_local(&operand)) t->locals[operand.local].aliases--;
    if (t->clean_below > t->operand_count) t->clean_below = t->operand_count;
    if (MK_UNLIKELY(operand.type != type) && operand.type != ANY_TYPE &&
        type != ANY_TYPE)
        wasm__fail(&t->r, MK_EINVAL, t->begin, "type mismatch: %s wanted, %s found",
                   wasm__operand_name(type), wasm__operand_name(operand.type));
    return operand;
}

void wasm__pop_types(translator_t *t, const uint8_t *types, uint32_t count) {
    while (count > 0 && !t->r.has_failed)
        (void)wasm__pop(t, types[--count]);
}

/* Forget operands down to `height`. */
void wasm__drop_to(translator_t *t, uint32_t height) {
    while (t->operand_count > height) {
        const operand_t *operand = &t->operands[--t->operand_count];
        t->top = operand->slot;
        if (wasm__reads_local(operand)) t->locals[operand->local].aliases--;
    }
    if (t->clean_below > height) t->clean_below = height;
}
