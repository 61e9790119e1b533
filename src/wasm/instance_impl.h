/* SPDX-License-Identifier: Apache-2.0 */
/* instance_impl.h - an instance, its call stack, and what instances may share.
 *
 * An instance is one block: this struct and the arrays behind it. References to
 * functions are handles: 1 + function_base + index of the function; in a store every
 * instance has a range of its own, so that a handle names a function of any of them.
 *
 * States (the only writers are call.c and interp.c):
 *     IDLE -begin-> RUNNABLE -run-> IDLE | RUNNABLE | SUSPENDED | TRAPPED
 *     (IS_RUNNING while it is inside wasm_run())
 *     SUSPENDED -answer-> RUNNABLE;  TRAPPED -begin-> RUNNABLE;  any -cancel-> IDLE
 * In RUNNABLE and SUSPENDED, `position`, `frame` and `current` say where to go on; in
 * TRAPPED they say where it happened. */
#ifndef MK_WASM_INSTANCE_IMPL_H
#define MK_WASM_INSTANCE_IMPL_H

#include "wasm/code.h"
#include "wasm/module_impl.h"

enum { PAGE_BYTES = 65536 };

/* A state that only this folder sees; to others it is WASM_RUNNABLE. */
enum { IS_RUNNING = WASM_TRAPPED + 1 };

typedef struct {
    uint8_t *bytes;        /* the first `committed` bytes; the others are zero */
    size_t committed;      /* <= pages * PAGE_BYTES */
    uint32_t pages;        /* size that the guest sees */
    uint32_t max_pages;    /* most it may grow to */
    uint32_t declared_max; /* of its type, UINT32_MAX when it has none */
} wasm_memory_t;

typedef struct {
    uint32_t *entries; /* reference handles */
    uint32_t size;
    uint32_t cap;
    uint32_t max_entries;  /* most it may grow to */
    uint32_t declared_max; /* UINT32_MAX when there is none */
    uint8_t type;
} wasm_table_t;

/* A function import: of the host, or with `host` NULL of another instance. */
typedef struct {
    wasm_host_fn host;
    union {
        void *data;      /* for `host` */
        uint32_t handle; /* of a function that is not an import itself */
    } u;
    uint32_t fuel; /* that a call of `host` costs */
} wasm_link_t;

/* The function imports of an instance; those of a module that were linked alike share
 * them. */
struct wasm_links {
    uint32_t users; /* instances */
    wasm_link_t rows[];
};

/* Instances that wait for a function of another one, made by the first such call. */
typedef struct {
    uint32_t count;
    uint32_t cap;
    wasm_instance_t *waiting[];
} wasm_callers_t;

struct wasm_instance {
    wasm_module_t *module;
    wasm_store_t *store;
    wasm_instance_t *next; /* in the store */
    void *user;

    wasm_links_t *links;         /* counted; NULL without imported functions */
    wasm_memory_t *memory;       /* memory 0, or NULL */
    wasm_memory_t **memories;    /* own ones lie in this block */
    wasm_table_t **tables;       /* likewise */
    uint32_t **imported_globals; /* where they are */
    uint32_t *globals;           /* slots of the own ones; see wasm__dropped */

    uint32_t *stack;          /* `stack_cap` slots, NULL before the first call */
    wasm_callers_t *callers;  /* NULL: there were none yet */
    wasm_instance_t *current; /* whose code runs */
    union {
        struct {               /* SUSPENDED: the host call */
            uint32_t slot;     /* of its parameters */
            uint32_t function; /* index of the import */
        } pending;
        const char *host_text; /* TRAPPED by the host: why, or NULL */
    } u;
    uint32_t stack_cap;
    uint32_t stack_limit; /* slots */
    uint32_t position;    /* in the code of `current` */
    uint32_t frame;       /* slot where its frame begins */
    uint32_t function;    /* that the host called: its results are read */
    uint32_t debt;        /* fuel of the entry, charged by the next run */
    uint32_t function_base;
    uint8_t state;           /* wasm_state_t, or IS_RUNNING */
    uint8_t trap;            /* wasm_trap_t */
    bool begins_with_import; /* the host called an import */
};

struct wasm_store {
    wasm_instance_t *instances; /* newest first, so by falling function_base */
    uint32_t handles;           /* given out so far */
};

/* --- instance.c --- */

/* The instance and function that a handle other than 0 names. The handle came from the
 * guest's tables and is one that was given out. */
wasm_instance_t *wasm__find_function(wasm_instance_t *asking, uint32_t handle,
                                     uint32_t *index);

/* Whether the guest may be given this value. */
bool wasm__is_value(const wasm_instance_t *instance, wasm_value_t value);

/* The value of the constant expression at r->at. */
uint64_t wasm__constant(const wasm_instance_t *instance, wasm_reader_t *r);

/* Items of an element segment into a table, both checked. */
void wasm__copy_elements(const wasm_instance_t *instance, const wasm_segment_t *segment,
                         uint32_t from, uint32_t count, uint32_t *entries);

/* A bit per element segment, then one per data segment. */
static inline uint8_t *wasm__dropped(const wasm_instance_t *instance) {
    return (uint8_t *)(instance->globals + instance->module->global_slots);
}
static inline bool wasm__is_dropped(const wasm_instance_t *instance, uint32_t bit) {
    return (wasm__dropped(instance)[bit / 8] >> bit % 8 & 1) != 0;
}
static inline void wasm__drop(wasm_instance_t *instance, uint32_t bit) {
    wasm__dropped(instance)[bit / 8] |= (uint8_t)(1u << bit % 8);
}

/* --- memory.c --- */

/* Make bytes usable that the guest may use. WASM_TRAP_NONE, WASM_TRAP_MEMORY_BOUNDS or
 * WASM_TRAP_OUT_OF_MEMORY. */
wasm_trap_t wasm__memory_touch(wasm_memory_t *memory, uint32_t address, uint64_t size);

/* The pages before, or UINT32_MAX when it cannot grow by so many. */
uint32_t wasm__memory_grow(wasm_memory_t *memory, uint32_t pages);

/* Whether the guest sees these bytes (entries). */
static inline bool wasm__memory_has(const wasm_memory_t *memory, uint32_t address,
                                    uint64_t size) {
    return address + size <= (uint64_t)memory->pages * PAGE_BYTES;
}
static inline bool wasm__table_has(const wasm_table_t *table, uint32_t at,
                                   uint64_t count) {
    return at + count <= table->size;
}

/* The entries before, or UINT32_MAX when it cannot grow by so many. */
uint32_t wasm__table_grow(wasm_table_t *table, uint32_t count, uint32_t value);

/* --- call.c --- */

/* Room for `slots` from slot `from` on. WASM_TRAP_NONE, WASM_TRAP_STACK or
 * WASM_TRAP_OUT_OF_MEMORY; the stack may move. */
wasm_trap_t wasm__stack_grow(wasm_instance_t *instance, uint32_t from, uint32_t slots);

/* The body whose code holds `position`; false for OP_exit. */
bool wasm__body_at(const wasm_module_t *module, uint32_t position, uint32_t *body);

/* Remember that `caller` waits. MK_OK, MK_ENOMEM. */
int wasm__push_caller(wasm_instance_t *instance, wasm_instance_t *caller);

/* --- interp.c --- */

/* Run a RUNNABLE instance; changes `*fuel` and its state, which is returned. */
wasm_state_t wasm__execute(wasm_instance_t *instance, int64_t *fuel);

#endif
