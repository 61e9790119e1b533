/* SPDX-License-Identifier: Apache-2.0 */
/* translate_impl.h - one pass over a body: the specification's validation algorithm
 * (translate.c, control.c, bulk.c) and the making of code (emit.c, branch.c) on one
 * operand stack (operands.c).
 *
 * An operand knows its type and where its value is: in its own slot, still in a local,
 * or nowhere because it is a constant. `local.get` and constants therefore make no
 * code.
 *
 * Invariants:
 *  1. An operand's own slot is fixed by its place on the stack: the slots of the
 * operands below it, added up. So at a label all ways agree, if values are in their own
 * slots.
 *  2. Operands below the innermost block never read a local: they are copied at its
 *     beginning, since only some ways through the block may change the local.
 *  3. `last` is the newest instruction, or NO_CODE when something (a label) may come
 *     between it and the next; `before` is the one in front of it, which always runs
 *     before it, or NO_CODE. */
#ifndef MK_WASM_TRANSLATE_IMPL_H
#define MK_WASM_TRANSLATE_IMPL_H

#include "wasm/code.h"
#include "wasm/module_impl.h"

#define NO_CODE UINT32_MAX

/* The sums are i32 additions of a constant that are not made yet: an access can take
 * them as its address. */
typedef enum { IN_SLOT, SLOT_SUM, IS_CONSTANT, IN_LOCAL, LOCAL_SUM } operand_place_t;

enum { ANY_TYPE = 0 }; /* of an operand in code that cannot be reached */

typedef struct {
    uint8_t type;   /* wasm_type_t or ANY_TYPE */
    uint8_t place;  /* operand_place_t */
    uint16_t slot;  /* its own slot */
    uint32_t local; /* IN_LOCAL, LOCAL_SUM: which */
    uint64_t value; /* IS_CONSTANT: the bits; sums: what is added */
} operand_t;

typedef struct {
    uint32_t aliases; /* operands that read it */
    uint16_t slot;
    uint8_t type;
} local_t;

typedef enum {
    BLOCK_FUNCTION,
    BLOCK_PLAIN,
    BLOCK_LOOP,
    BLOCK_IF,
    BLOCK_ELSE
} block_kind_t;

typedef struct {
    uint8_t kind;          /* block_kind_t */
    bool is_polymorphic;   /* behind a jump: the stack gives whatever is asked */
    bool was_live;         /* its beginning can be reached */
    uint16_t param_count;  /* types at the beginning */
    uint16_t result_count; /* types at the end */
    uint16_t slot;         /* where its parameters and results are */
    uint32_t height;       /* operands below its parameters */
    uint32_t loop;         /* number of the innermost loop around or at this block */
    uint32_t begin;        /* position of a loop's first instruction */
    uint32_t exits;        /* last branch to the end, or NO_CODE; see bind_exits() */
    uint32_t else_exit;    /* BLOCK_IF: the branch to the else part */
    uint32_t cost;         /* instructions so far in this loop, not in inner ones */
    uint32_t detour;       /* br_table: code that leads here, valid in `detour_round` */
    uint32_t detour_round; /* the br_table it was made for */
    const uint8_t *params; /* types */
    const uint8_t *results;
} block_t;

/* A place where a call can stand still. The operands are those on the stack; inside a
 * call these are the ones below its arguments, and its results are still to come. */
/* Told of every safepoint whose code is made: its position in t->code, and the byte of
 * the module that it stands before. `call` is the type of the call, or NULL. */
typedef struct translator translator_t;
typedef void (*safepoint_fn)(void *arg, const translator_t *t, uint32_t position,
                             uint32_t offset, const wasm_functype_t *call);

struct translator {
    wasm_module_t *module;
    wasm_reader_t r;             /* the body */
    const uint8_t *declared;     /* functions that ref.func may name; NULL: all */
    const wasm_functype_t *type; /* of the function */
    uint32_t function;           /* its index */
    uint32_t data_count;         /* data segments that code may name */
    bool has_data_count;         /* the module has a data count section */
    bool makes_code;             /* false: only validate */
    bool is_live;                /* this place can be reached and code is made */
    uint32_t local_count, local_cap;
    uint32_t operand_count, operand_cap;
    uint32_t block_count, block_cap;
    uint32_t clean_below; /* operands below this number read no local */
    uint32_t top;         /* first free slot: the own slot of the next operand */
    uint32_t frame;       /* slots used at most */
    uint32_t link;        /* H */
    uint32_t code_size, code_cap;
    uint32_t begin;       /* byte offset of the instruction being looked at */
    uint32_t last;        /* position of the last instruction, or NO_CODE */
    uint32_t before;      /* of the one before it, likewise */
    uint32_t table_round; /* counts br_tables */
    local_t *locals;
    operand_t *operands;
    block_t *blocks;
    uint16_t *code;
    safepoint_fn on_safepoint; /* NULL unless a snapshot asks */
    void *safepoint_arg;
};

/* --- translate.c --- */

/* Get ready for bodies of a module; allocates nothing yet. */
void wasm__translator_init(translator_t *t, wasm_module_t *module, wasm_error_t *error);
void wasm__translator_deinit(translator_t *t);

/* Code was made for `body` and goes into the module. MK_OK or MK_ENOMEM. */
int wasm__keep_code(translator_t *t, uint32_t body);

/* Go through body number `body`. With `makes_code` its code is in t->code afterwards.
 * False: t->r.error tells. */
bool wasm__translate_body(translator_t *t, uint32_t body, bool makes_code);

/* Translate body number `body` into the module's code unless it was already. MK_OK or
 * MK_ENOMEM. */
int wasm__translate(wasm_module_t *module, uint32_t body);

/* Units of the code of a translated body, its header included. */
uint32_t wasm__code_size(const wasm_module_t *module, uint32_t body);

/* Make room for `wanted` items in the array whose address is given. */
bool wasm__grow(translator_t *t, void *array, uint32_t *cap, uint32_t wanted,
                size_t item_size);
static inline bool wasm__reserve(translator_t *t, void *array, uint32_t *cap,
                                 uint32_t wanted, size_t item_size) {
    return MK_LIKELY(wanted <= *cap) || wasm__grow(t, array, cap, wanted, item_size);
}

static inline block_t *wasm__innermost(translator_t *t) {
    return &t->blocks[t->block_count - 1];
}
/* Whether the operand changes when its local does. */
static inline bool wasm__reads_local(const operand_t *operand) {
    return operand->place >= IN_LOCAL;
}
static inline uint32_t wasm__width(uint8_t type) {
    return wasm__is_wide(type) ? 2 : 1;
}

/* --- operands.c --- */

/* Push an operand; its slot is the next free one. Returns it, or NULL after a fault. */
operand_t *wasm__push(translator_t *t, uint8_t type, operand_place_t place);

/* Push a result in its own slot, or one of each type. */
void wasm__push_result(translator_t *t, uint8_t type);
void wasm__push_types(translator_t *t, const uint8_t *types, uint32_t count);

/* Take the last operand off the stack, which must have this type (ANY_TYPE: it may have
 * any); or one of each type, the last first. */
operand_t wasm__pop(translator_t *t, uint8_t type);
void wasm__pop_types(translator_t *t, const uint8_t *types, uint32_t count);

/* Forget operands down to `height`. */
void wasm__drop_to(translator_t *t, uint32_t height);

/* A type for error texts, ANY_TYPE too. */
const char *wasm__operand_name(uint8_t type);

/* So many slots are used at most. */
void wasm__raise_frame(translator_t *t, uint32_t slots);
static inline void wasm__note_frame(translator_t *t, uint32_t slots) {
    if (MK_UNLIKELY(slots > t->frame)) wasm__raise_frame(t, slots);
}

/* --- control.c: each reads an instruction behind its opcode and translates it --- */

void wasm__translate_block(translator_t *t, block_kind_t kind);
void wasm__translate_else(translator_t *t);
void wasm__translate_end(translator_t *t);
void wasm__translate_branch(translator_t *t);
void wasm__translate_branch_if(translator_t *t);
void wasm__translate_branch_table(translator_t *t);
void wasm__translate_return(translator_t *t);
void wasm__translate_call(translator_t *t, bool is_tail);
void wasm__translate_call_indirect(translator_t *t, bool is_tail);

/* The outermost block, whose end is that of the function. False: out of memory. */
bool wasm__begin_function(translator_t *t);

/* A jump: what follows up to the end of the block is never reached. */
void wasm__leave(translator_t *t);

/* A call can stand still here; see safepoint_fn. */
static inline void wasm__safepoint(translator_t *t, uint32_t offset,
                                   const wasm_functype_t *call) {
    if (t->on_safepoint != NULL && t->is_live && !t->r.has_failed)
        t->on_safepoint(t->safepoint_arg, t, t->code_size, offset, call);
}

/* --- bulk.c: likewise; `begin` is the place of the opcode --- */

void wasm__translate_memory_size(translator_t *t);
void wasm__translate_memory_grow(translator_t *t);
void wasm__translate_table_get(translator_t *t);
void wasm__translate_table_set(translator_t *t);
void wasm__translate_bulk(translator_t *t, uint32_t number, uint32_t begin);

/* Read a table's index: its type, or NULL after a fault. */
const wasm_tabletype_t *wasm__read_table(translator_t *t, uint32_t *index);

/* Whether there is such a memory; `at` is where its index stands. */
bool wasm__check_memory(translator_t *t, uint32_t index, uint32_t at);

/* --- skim.c --- */

/* Whether a body can be read to its end, whatever it means; else `*error` tells. */
bool wasm__skim_body(const wasm_module_t *module, uint32_t body, wasm_error_t *error);

/* --- emit.c: all do nothing where code is not live --- */

void wasm__emit_begin(translator_t *t);
void wasm__emit_end(translator_t *t); /* of the function, behind its last label */

/* One instruction with these units, as many as its layout wants. */
void wasm__emit(translator_t *t, unsigned op, const uint16_t *units, unsigned count);
void wasm__emit_d(translator_t *t, unsigned op, uint32_t a);
void wasm__emit_dd(translator_t *t, unsigned op, uint32_t a, uint32_t b);
void wasm__emit_ddd(translator_t *t, unsigned op, uint32_t a, uint32_t b, uint32_t c);
void wasm__emit_dw(translator_t *t, unsigned op, uint32_t a, uint32_t w);
void wasm__emit_ddw(translator_t *t, unsigned op, uint32_t a, uint32_t b, uint32_t w);

/* What is made is final: what follows may not change it, nor its positions. */
void wasm__forget_last(translator_t *t);

/* The slot where a popped operand can be read; puts a constant into its own slot. */
uint32_t wasm__slot_of(translator_t *t, const operand_t *operand);

/* Put the last `count` operands into their own slots. */
void wasm__settle(translator_t *t, uint32_t count);

/* Settle the operands of the innermost block that read a local (invariant 2), or those
 * that read one local before it changes. */
void wasm__settle_locals(translator_t *t);
void wasm__settle_local(translator_t *t, uint32_t local);

/* A popped operand into a local. */
void wasm__emit_set_local(translator_t *t, const operand_t *operand, uint32_t local);

/* An opcode of opcodes.def; operands are popped, the result is pushed. */
typedef struct {
    uint8_t first, second, result; /* types; second is 0 for one operand */
    uint8_t flags;                 /* NUMERIC_... */
    uint16_t op, op_right, op_left;
} numeric_row_t;
enum { NUMERIC_SWAP = 1, NUMERIC_NEGATE = 2, NUMERIC_DIVISOR = 4 };
void wasm__emit_unary(translator_t *t, unsigned op, const operand_t *a,
                      const operand_t *result);
void wasm__emit_binary(translator_t *t, const numeric_row_t *row, const operand_t *a,
                       const operand_t *b, operand_t *result);

/* Memory access; `memory` 0 has the short forms. */
void wasm__emit_load(translator_t *t, unsigned op, uint32_t memory, uint32_t offset,
                     const operand_t *address, const operand_t *result);
void wasm__emit_store(translator_t *t, unsigned op, uint32_t memory, uint32_t offset,
                      const operand_t *address, const operand_t *value);

/* --- branch.c: likewise --- */

/* Branches. The values that the label takes are still on the stack. */
void wasm__emit_branch(translator_t *t, uint32_t depth);
void wasm__emit_branch_if(translator_t *t, uint32_t depth, const operand_t *condition);
void wasm__emit_branch_unless_to_else(translator_t *t, block_t *block,
                                      const operand_t *condition);
void wasm__emit_branch_to_end(translator_t *t, block_t *block);
void wasm__emit_table_begin(translator_t *t, const operand_t *index, uint32_t count,
                            uint32_t *table);
void wasm__emit_table_entry(translator_t *t, uint32_t field, uint32_t depth);
void wasm__emit_return(translator_t *t);

/* Labels: what was branched to them begins here. */
void wasm__bind_else(translator_t *t, block_t *block);
void wasm__bind_exits(translator_t *t, block_t *block);
void wasm__bind_loop(translator_t *t, block_t *block);

#endif
