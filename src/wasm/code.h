/* SPDX-License-Identifier: Apache-2.0 */
/* code.h - our instructions: what the translator writes and the executor reads.
 *
 * Code is a row of units of 16 bits. An instruction is its opcode and the units that
 * its layout names:
 *
 *     s  slot that is read, 32 bits        d  slot that is written, 32 bits
 *     S  slot of a 64-bit value read       D  slot of a 64-bit value written
 *     h  number of 16 bits                 w  number of 32 bits, low half first
 *     q  number of 64 bits, low first      j  branch: 32 bits, units from this field
 *     c  fuel that the branch costs        T  w + 1 branches (the table of br_table)
 *
 * A slot counts 32-bit words from the frame. A 64-bit value lies low word first on
 * every machine, so an i64 is wrapped by looking at its first slot only.
 *
 *     frame:  parameters, or results | link | other locals | operands
 *             0                        H      H + 2
 *
 * The caller puts arguments where the operands of its own frame end; they are the first
 * slots of the callee, whose results come back to the same place. H is the larger of
 * parameters and results. The link is two words: the position to return to, and how
 * many slots down the caller's frame begins (LINK_SLOTS) with flags above
 * (LINK_FOREIGN). An operand of the stack has one slot that is its own whatever it
 * holds (emit.c).
 *
 * A function's code begins with CODE_HEADER units: slots of its frame, H, slots of the
 * other locals (to be made zero), fuel that a call costs. Positions count units in the
 * module's code. Nothing here is an address: code may move, and every instance of the
 * module shares it. */
#ifndef MK_WASM_CODE_H
#define MK_WASM_CODE_H

#include <stdint.h>

enum {
#define OP(name, layout) OP_##name,
#include "wasm/code.def"
#undef OP
    OP_COUNT,
    OP_none = 0xFFFF,
};

enum {
    CODE_FRAME = 0,  /* units of the header of a function's code */
    CODE_LINK = 1,   /* H */
    CODE_LOCALS = 2, /* slots behind the link that begin as zero */
    CODE_COST = 3,
    CODE_HEADER = 4,
    LINK_SLOTS = 2, /* slots of a link */

    CODE_START = 1, /* position of the first function; at 0 stands OP_exit */
};

#define LINK_DELTA   0xFFFFu    /* of the second link word: the caller's frame */
#define LINK_FOREIGN (1u << 16) /* the caller is another instance */

/* Layout of every opcode. */
extern const char *const wasm__op_layouts[OP_COUNT];

/* Units of the instruction at `code`. */
uint32_t wasm__op_size(const uint16_t *code);

/* The accesses of OP_load_from and OP_store_to. */
enum {
    ACCESS_32,
    ACCESS_8_S,
    ACCESS_8_U,
    ACCESS_16_S,
    ACCESS_16_U,
    ACCESS_64,
    ACCESS_8_S64,
    ACCESS_8_U64,
    ACCESS_16_S64,
    ACCESS_16_U64,
    ACCESS_32_S64,
    ACCESS_32_U64,
};

static inline uint32_t wasm__get32(const uint16_t *unit) {
    return unit[0] | (uint32_t)unit[1] << 16;
}
static inline void wasm__put32(uint16_t *unit, uint32_t value) {
    unit[0] = (uint16_t)value;
    unit[1] = (uint16_t)(value >> 16);
}

#endif
