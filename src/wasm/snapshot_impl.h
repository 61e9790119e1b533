/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot_impl.h - what writing and reading of snapshots share: words of the format
 * (docs/SNAPSHOT.md), and where the values of a frame are. */
#ifndef MK_WASM_SNAPSHOT_IMPL_H
#define MK_WASM_SNAPSHOT_IMPL_H

#include "wasm/translate_impl.h"

#include "base/sha1.h"

enum {
    SNAPSHOT_VERSION = 1,
    SNAPSHOT_HEADER = 4 + 2 + 2 + SHA1_SIZE,
    SNAPSHOT_BLOCK =
        256, /* bytes of memory that are written together or, when zero, not */
};

typedef enum { CALL_NONE, CALL_RUNNABLE, CALL_SUSPENDED } call_state_t;

/* What a frame waits for. */
typedef enum { FRAME_READY, FRAME_IN_CALL } frame_kind_t;

/* A call of an import that the host made itself and that has no frame. */
typedef enum { IMPORT_NONE, IMPORT_BEGINS, IMPORT_WAITS, IMPORT_ANSWERED } import_t;

extern const uint8_t wasm__snapshot_magic[4];

/* --- plan.c --- */

typedef struct {
    uint64_t value; /* of a constant; what a sum adds */
    uint16_t slot;  /* where it is read from, relative to the frame */
    uint8_t type;
    uint8_t place; /* operand_place_t */
} item_t;

typedef struct {
    translator_t t;
    uint32_t body; /* that the rest describes; NO_CODE: nothing yet */
    frame_kind_t kind;
    bool is_found;
    bool has_failed;   /* no memory for the items */
    bool by_position;  /* looked for by position in the code, not by offset */
    uint32_t wanted;   /* the position or offset looked for, relative to the body */
    uint32_t position; /* of the safepoint, relative to the function's code */
    uint32_t offset;   /* relative to the body */
    uint32_t locals;   /* items that are locals; the others are operands */
    uint32_t count;    /* items */
    uint32_t cap;
    uint32_t top;                /* first slot behind the operands */
    const wasm_functype_t *call; /* FRAME_IN_CALL: the type of the call */
    item_t *items;
} plan_t;

void wasm__plan_init(plan_t *plan, wasm_module_t *module, wasm_error_t *error);
void wasm__plan_deinit(plan_t *plan);

/* Find the safepoint of a body; what was found last is kept, since the frames of a
 * recursion are alike. MK_OK, MK_ENOENT, MK_ENOMEM. */
int wasm__plan_find(plan_t *plan, uint32_t body, frame_kind_t kind, bool by_position,
                    uint32_t wanted);

#endif
