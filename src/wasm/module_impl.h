/* SPDX-License-Identifier: Apache-2.0 */
/* module_impl.h - the decoded module.
 *
 * Whatever can be read again from the module's bytes stays there: types are slices of
 * them, initialisers and segments are offsets. The tables here are exact in size.
 *
 * Invariants after wasm_module_load():
 *  1. Everything was validated; nobody checks an index of the module again.
 *  2. `imported` things come first in each index space.
 *  3. `code` holds translated functions one after the other; a function's entry is its
 *     position in units, 0 as long as it is not translated. Code never changes and its
 *     positions stay true when the block moves; position 0 is the code that ends a
 *     call of the host (code.h). */
#ifndef MK_WASM_MODULE_IMPL_H
#define MK_WASM_MODULE_IMPL_H

#include "wasm/reader.h"
#include "wasm/wasm.h"

typedef struct {
    uint32_t params_at;    /* byte offset of `param_count` value types */
    uint32_t results_at;   /* and of `result_count` */
    uint16_t param_count;  /* <= MK_WASM_PARAMETERS */
    uint16_t result_count; /* likewise */
    uint16_t param_slots;  /* 32-bit slots they take */
    uint16_t result_slots;
    uint32_t canonical; /* the first type of the module that is equal */
} wasm_functype_t;

typedef struct {
    uint32_t min; /* pages or entries */
    uint32_t max; /* UINT32_MAX when there is none */
} wasm_limits_t;

typedef struct {
    wasm_limits_t limits;
    uint8_t type; /* WASM_FUNCREF or WASM_EXTERNREF */
} wasm_tabletype_t;

typedef struct {
    uint32_t init_at; /* byte offset of the constant expression; 0 when imported */
    uint32_t slot;    /* imported: number among them; own: first slot in the instance */
    uint8_t type;
    bool is_mutable;
} wasm_globaltype_t;

typedef struct {
    text_t module;
    text_t name;
    uint32_t index; /* in the space of its kind */
    uint8_t kind;
} wasm_import_row_t;

typedef struct {
    text_t name;
    uint32_t index;
    uint8_t kind;
} wasm_export_row_t;

typedef enum { SEGMENT_ACTIVE, SEGMENT_PASSIVE, SEGMENT_DECLARED } wasm_segment_mode_t;

typedef struct {
    uint32_t offset_at; /* active: constant expression of the place */
    uint32_t items_at;  /* element: the first item; data: the first byte */
    uint32_t count;     /* items or bytes */
    uint32_t target;    /* active: table or memory */
    uint8_t mode;       /* wasm_segment_mode_t */
    bool has_exprs;     /* element: items are expressions, not function indices */
    uint8_t type;       /* element: its reference type */
} wasm_segment_t;

typedef struct {
    uint32_t body_at;   /* byte offset of the locals */
    uint32_t body_size; /* bytes up to and with the final `end` */
} wasm_body_t;

typedef struct wasm_links wasm_links_t; /* instance_impl.h */

struct wasm_module {
    const uint8_t *bytes;
    uint32_t size;
    uint32_t references; /* owners */
    uint32_t features;   /* WASM_TAIL_CALLS ... */
    bool owns_bytes;

    uint32_t type_count;
    uint32_t import_count;
    uint32_t function_count; /* imported ones included, as in all that follow */
    uint32_t table_count;
    uint32_t memory_count;
    uint32_t global_count;
    uint32_t export_count;
    uint32_t element_count;
    uint32_t data_count;
    uint32_t imported_functions;
    uint32_t imported_tables;
    uint32_t imported_memories;
    uint32_t imported_globals;
    uint32_t body_count;   /* functions that are not imported */
    uint32_t global_slots; /* slots that the own globals take in an instance */
    uint32_t start;        /* function index, or WASM_NOWHERE */
    uint32_t names_at;     /* byte offset of the function names' subsection, or 0 */
    uint32_t names_size;

    wasm_functype_t *types;
    wasm_import_row_t *imports;
    uint32_t *function_types; /* canonical type of every function */
    wasm_tabletype_t *tables;
    wasm_limits_t *memories;
    wasm_globaltype_t *globals;
    wasm_export_row_t *exports;
    wasm_segment_t *elements;
    wasm_segment_t *data;
    wasm_body_t *bodies;

    wasm_links_t *links; /* of the newest instance that still has them, or NULL */

    uint32_t *entries;  /* of every body: position of its code, 0 = not translated */
    uint16_t *code;     /* `code_size` units; see code.h */
    uint32_t code_size; /* units in use */
    uint32_t code_cap;  /* units there is room for */
};

/* The module being loaded, with what only loading needs. */
typedef struct {
    wasm_module_t *module;
    wasm_reader_t reader;
    uint8_t *declared;      /* bit per function: may be named by ref.func in a body */
    uint32_t declared_data; /* of the data count section, or WASM_NOWHERE */
} wasm_loader_t;

/* Decode all sections and validate everything except the bodies. */
void wasm__decode(wasm_loader_t *loader);

/* Whether a byte begins an instruction (skim.c). */
bool wasm__is_opcode(uint8_t opcode);

/* The type of a function. */
static inline const wasm_functype_t *wasm__type_of(const wasm_module_t *module,
                                                   uint32_t function) {
    return &module->types[module->function_types[function]];
}

/* Two types, perhaps of two modules, are the same. */
bool wasm__types_equal(const wasm_module_t *a, const wasm_functype_t *at,
                       const wasm_module_t *b, const wasm_functype_t *bt);

static inline bool wasm__is_reference(uint8_t type) {
    return type == WASM_FUNCREF || type == WASM_EXTERNREF;
}
static inline bool wasm__is_wide(uint8_t type) {
    return type == WASM_I64 || type == WASM_F64;
}

#endif
