/* SPDX-License-Identifier: Apache-2.0 */
/* module_cache.h - what many actors share: one parsed module for all that are made from
 * the same bytes, and one record of bounds for all that were given the same.
 *
 * A code_t is a module with what an actor has to know of it. It is counted: actors and
 * factories are its users, and it goes with the last one. Those made for a runtime are
 * found again by their bytes. */
#ifndef MK_WASM_ACTOR_MODULE_CACHE_H
#define MK_WASM_ACTOR_MODULE_CACHE_H

#include "base/list.h"
#include "microkernel/types.h"
#include "wasm/wasm.h"

typedef struct {
    list_node_t node; /* of its runtime's list; alone when made for none */
    wasm_module_t *module;
    uint8_t *bytes; /* the module borrows them */
    size_t size;
    uint32_t crc; /* of the bytes, to find it */
    uint32_t users;
    /* Functions, or WASM_NOWHERE. */
    uint32_t handle_message;
    uint32_t initialize;
    uint32_t upgrade;
    uint32_t malloc;
    uint32_t free;
    /* Globals, or WASM_NOWHERE. */
    uint32_t heap_base;
    uint32_t version;
    uint32_t first_pages; /* of the memory of a new instance */
} code_t;

/* What an actor may do and use. */
typedef struct {
    list_node_t node; /* of its runtime's list; alone when made for none */
    uint32_t users;
    uint32_t grants; /* WASM_GRANT_...; what modules are linked against */
    uint32_t memory_pages;
    uint32_t stack_bytes;
    uint32_t children;
    uint32_t sends; /* a second; 0: not bounded */
    uint64_t fuel;  /* between two waits; 0: not bounded */
    bool may_wait;
} bounds_t;

/* The module with these bytes: found, or loaded and checked for handle_message. `rt`
 * NULL: loaded for nobody else. Returns one use of it; NULL and `*error`. */
code_t *code_load(runtime_t *rt, const void *bytes, size_t size, wasm_error_t *error);

/* One more use, one less. NULL is allowed for release. */
code_t *code_retain(code_t *code);
void code_release(code_t *code);

/* Bounds equal to `wanted`, whose node and users do not matter: found among those of
 * the runtime, or made; `rt` NULL: made for nobody else. Returns one use of them; NULL:
 * no memory. */
bounds_t *bounds_share(runtime_t *rt, const bounds_t *wanted);
bounds_t *bounds_retain(bounds_t *bounds);
void bounds_release(bounds_t *bounds); /* NULL is allowed */

/* Modules of this runtime now. */
size_t code_count(runtime_t *rt);

#endif
