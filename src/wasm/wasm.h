/* SPDX-License-Identifier: Apache-2.0 */
/* wasm.h - the WebAssembly engine as other folders see it.
 *
 * bytes -> module -> instance -> call. A module is decoded and fully validated before
 * anything of it runs, is shared by its instances and counted. An instance owns its
 * memories, tables, globals and one call stack, on which one call at a time begins,
 * runs, yields when its fuel is used up, suspends in a host function, goes on, and ends
 * or traps. Nothing of a call lives on C's stack, so an instance that waits costs its
 * frames and nothing else. Everything is allocated through base/alloc.h.
 *
 * The language is WebAssembly 2.0 without SIMD, with tail calls, extended constants and
 * several memories. Not thread safe: a module and its instances belong to one thread.
 *
 * Slots. Where values pass between guest and host in bulk they lie in slots of 32 bits:
 * i32, f32 and references take one, i64 and f64 take two, the low half first on every
 * machine. */
#ifndef MK_WASM_WASM_H
#define MK_WASM_WASM_H

#include "base/buffer.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wasm_module wasm_module_t;
typedef struct wasm_instance wasm_instance_t;
typedef struct wasm_store wasm_store_t;

/* --- values ----------------------------------------------------------------------- */

/* The numbers are those of the binary format. */
typedef enum {
    WASM_I32 = 0x7F,
    WASM_I64 = 0x7E,
    WASM_F32 = 0x7D,
    WASM_F64 = 0x7C,
    WASM_FUNCREF = 0x70,
    WASM_EXTERNREF = 0x6F,
} wasm_type_t;

/* A value. References are handles: 0 is null, a funcref is a number that the engine
 * gave out (one that it did not is refused or, from a host function, a fault of the
 * host), an externref a number that the host chose and the engine only carries. */
typedef struct {
    wasm_type_t type; /* how to read `bits` */
    uint64_t bits;    /* 32-bit values use the low half; the upper half is then 0 */
} wasm_value_t;

/* "i32", "externref"; "?" for a number that is no type. Static storage. */
const char *wasm_type_name(wasm_type_t type);

/* The types of a function; `params` and `results` are bytes that hold wasm_type_t,
 * borrowed from the module. */
typedef struct {
    const uint8_t *params;
    const uint8_t *results;
    uint32_t param_count;
    uint32_t result_count;
} wasm_signature_t;

/* Read and write slots. */
static inline uint64_t wasm_slot_u64(const uint32_t *slots) {
    return slots[0] | (uint64_t)slots[1] << 32;
}
static inline void wasm_slot_set_u64(uint32_t *slots, uint64_t value) {
    slots[0] = (uint32_t)value;
    slots[1] = (uint32_t)(value >> 32);
}

/* --- errors ----------------------------------------------------------------------- */

enum { WASM_ERROR_TEXT_SIZE = 160 }; /* bytes of a reason with its NUL */

/* The `function` of an error that is not inside one, and a position that is unknown. */
#define WASM_NOWHERE UINT32_MAX

typedef struct {
    int code;                        /* MK_E..., MK_OK when nothing is wrong */
    uint32_t offset;                 /* byte of the module, or WASM_NOWHERE */
    uint32_t function;               /* index of the function, or WASM_NOWHERE */
    const char *section;             /* static name such as "code"; "" when none */
    char text[WASM_ERROR_TEXT_SIZE]; /* the reason, without place or full stop */
} wasm_error_t;

/* One sentence with reason and place into `text`, cut to `cap` bytes with the NUL:
 * "type mismatch: i32 wanted, i64 found (byte 57, code section, function 3)". */
void wasm_error_sentence(const wasm_error_t *error, char *text, size_t cap);

/* --- modules ---------------------------------------------------------------------- */

/* What goes beyond WebAssembly 2.0 and may be switched off. */
enum {
    WASM_TAIL_CALLS = 1u << 0,     /* return_call, return_call_indirect */
    WASM_EXTENDED_CONST = 1u << 1, /* add, sub, mul in constant expressions */
    WASM_MULTI_MEMORY = 1u << 2,   /* more than one memory */
    WASM_ALL_FEATURES = WASM_TAIL_CALLS | WASM_EXTENDED_CONST | WASM_MULTI_MEMORY,
};

typedef struct {
    uint32_t features;   /* WASM_TAIL_CALLS ... */
    bool borrows_bytes;  /* the bytes outlive the module and are not copied */
    bool translates_now; /* translate every function at load, not at its first call */
} wasm_load_options_t;

/* Decode and validate a module. `options` NULL: all features, copy the bytes, translate
 * at the first call. MK_OK: `*module` is owned by the caller, who gives it back with
 * wasm_module_release(). Otherwise nothing was kept and `*error` (never NULL) tells:
 * MK_EBADMSG malformed, MK_EINVAL not valid, MK_ENOTSUP a feature that is absent or
 * off, MK_ELIMIT a bound of limits.h, MK_ENOMEM. */
int wasm_module_load(const void *bytes, size_t size, const wasm_load_options_t *options,
                     wasm_module_t **module, wasm_error_t *error);

/* One more owner. Instances are owners too. */
wasm_module_t *wasm_module_retain(wasm_module_t *module);

/* One owner less; the last one frees it. NULL is allowed. */
void wasm_module_release(wasm_module_t *module);

/* Translate what is not yet translated. MK_OK or MK_ENOMEM, after which the module
 * works as before. */
int wasm_module_translate(wasm_module_t *module);

typedef enum { WASM_FUNCTION, WASM_TABLE, WASM_MEMORY, WASM_GLOBAL } wasm_kind_t;

/* "function", "table", "memory", "global". Static storage. */
const char *wasm_kind_name(wasm_kind_t kind);

typedef struct {
    text_t module;    /* borrowed from the module, as all that follows */
    text_t name;      /* any UTF-8 */
    wasm_kind_t kind; /* what is wanted */
    uint32_t index;   /* its number among the things of that kind */
} wasm_import_t;

typedef struct {
    text_t name;
    wasm_kind_t kind;
    uint32_t index;
} wasm_export_t;

uint32_t wasm_import_count(const wasm_module_t *module);
wasm_import_t wasm_import_at(const wasm_module_t *module, uint32_t number);
uint32_t wasm_export_count(const wasm_module_t *module);
wasm_export_t wasm_export_at(const wasm_module_t *module, uint32_t number);

/* Find an export by name and kind. */
bool wasm_export_find(const wasm_module_t *module, text_t name, wasm_kind_t kind,
                      uint32_t *index);

/* The types of function `index`, imported ones included; `index` must exist. */
wasm_signature_t wasm_function_signature(const wasm_module_t *module, uint32_t index);
uint32_t wasm_function_count(const wasm_module_t *module);

/* The name that the module's name section, or else an export, gives a function; empty
 * when there is none. Borrowed from the module, not checked for control characters. */
text_t wasm_function_name(const wasm_module_t *module, uint32_t index);

/* Whether a signature is the one written down: a letter for each parameter, a colon, a
 * letter for each result; i I f F for i32 i64 f32 f64, c funcref, r externref. */
bool wasm_signature_is(const wasm_signature_t *signature, const char *text);

typedef struct {
    size_t bytes;       /* of the module itself, borrowed or owned */
    size_t code_bytes;  /* of translated code */
    size_t table_bytes; /* of everything else on the heap */
} wasm_module_sizes_t;
wasm_module_sizes_t wasm_module_sizes(const wasm_module_t *module);

/* Our code of one function, translated if it was not yet, a line per instruction.
 * MK_OK, MK_ENOENT: no such function or an import; MK_ENOMEM. For tools. */
typedef void (*wasm_line_fn)(void *arg, const char *line);
int wasm_disassemble(wasm_module_t *module, uint32_t function, wasm_line_fn print,
                     void *arg);

/* --- host functions and linking --------------------------------------------------- */

typedef enum {
    WASM_HOST_DONE,    /* the results are in the slots */
    WASM_HOST_SUSPEND, /* they come later; see wasm_suspended_slots() */
    WASM_HOST_TRAP,    /* wasm_host_trap() said why */
} wasm_host_status_t;

typedef struct {
    wasm_instance_t *instance; /* whose code called */
    void *data;                /* what the function was bound with */
    uint32_t *slots;           /* parameters, first to last; results go to the same
                                  place from slots[0]. Borrowed until the return */
    const char *trap_text;     /* written by wasm_host_trap() */
    uint32_t fuel;             /* that this call costs; the function may add to it */
} wasm_host_call_t;

/* A function of the host. It must not begin or run a call of the same instance. */
typedef wasm_host_status_t (*wasm_host_fn)(wasm_host_call_t *call);

/* End the guest's call with WASM_TRAP_HOST and a reason, which is static text:
 * `return wasm_host_trap(call, "no such file");` */
wasm_host_status_t wasm_host_trap(wasm_host_call_t *call, const char *text);

typedef struct {
    wasm_host_fn host;     /* a function of the host, or NULL: */
    void *data;            /* for `host` */
    const char *signature; /* of `host`, as for wasm_signature_is() */
    uint32_t fuel;         /* that each call of `host` costs beyond the call itself */
    wasm_instance_t *instance; /* the thing comes from this one, of the same store */
    uint32_t index;            /* and is its number `index` of the import's kind */
} wasm_extern_t;

/* Find what an import names. MK_OK and `*found`; else a code, and `error->text` may
 * tell why (it is filled in when left empty). */
typedef int (*wasm_resolve_fn)(void *arg, const wasm_import_t *import,
                               wasm_extern_t *found, wasm_error_t *error);

/* A table of host functions and the resolver over it. */
typedef struct {
    const char *module;
    const char *name;
    const char *signature;
    wasm_host_fn host;
    void *data;
} wasm_host_row_t;
typedef struct {
    const wasm_host_row_t *rows;
    size_t len;
} wasm_host_table_t;
int wasm_resolve_in_table(void *host_table, const wasm_import_t *import,
                          wasm_extern_t *found, wasm_error_t *error);

/* Instances that may import from each other. They live as long as their store: a table
 * that two of them share may hold functions of either. */
wasm_store_t *wasm_store_create(void);
void wasm_store_destroy(wasm_store_t *store);

/* --- instances -------------------------------------------------------------------- */

typedef struct {
    wasm_store_t *store;     /* owner, or NULL: the caller destroys it */
    wasm_resolve_fn resolve; /* NULL: a module with imports is refused */
    void *resolve_arg;
    void *user;             /* for wasm_user() */
    uint32_t memory_pages;  /* most pages of its own memories together, which share
                               equally what they do not begin with; 0: each
                               MK_WASM_MEMORY_PAGES */
    uint32_t table_entries; /* likewise of its tables; 0: each MK_WASM_TABLE_ENTRIES */
    uint32_t stack_bytes;   /* most bytes of the call stack; 0: MK_WASM_STACK_BYTES */
} wasm_instance_options_t;

/* Link, create and initialise an instance; runs no guest code (see wasm_begin_start).
 * `options` may be NULL. The instance owns a reference to the module. Errors: what
 * `resolve` says; MK_EREFUSED: found, but of another type; MK_ELIMIT; MK_ENOMEM;
 * MK_EOVERFLOW: a segment does not fit its memory or table. As the specification wants,
 * segments before that one stay written in what was imported. */
int wasm_instance_create(wasm_module_t *module, const wasm_instance_options_t *options,
                         wasm_instance_t **instance, wasm_error_t *error);

/* End an instance that has no store, at any time except inside its own host call. */
void wasm_instance_destroy(wasm_instance_t *instance);

void *wasm_user(const wasm_instance_t *instance);
wasm_module_t *wasm_instance_module(const wasm_instance_t *instance);

/* Bytes of heap that the instance holds at this moment, touched memory included. */
size_t wasm_instance_size(const wasm_instance_t *instance);

/* --- calls ------------------------------------------------------------------------ */

typedef enum {
    WASM_IDLE,      /* no call; results of the last one can be read */
    WASM_RUNNABLE,  /* begun, out of fuel, or answered: wasm_run() goes on */
    WASM_SUSPENDED, /* a host function has not answered */
    WASM_TRAPPED,   /* the last call ended badly; another may begin */
} wasm_state_t;

typedef enum {
    WASM_TRAP_NONE,
    WASM_TRAP_UNREACHABLE,
    WASM_TRAP_DIVIDE_BY_ZERO,
    WASM_TRAP_INTEGER_OVERFLOW,
    WASM_TRAP_CONVERSION,
    WASM_TRAP_MEMORY_BOUNDS,
    WASM_TRAP_TABLE_BOUNDS,
    WASM_TRAP_UNDEFINED_ELEMENT,
    WASM_TRAP_NULL_ELEMENT,
    WASM_TRAP_SIGNATURE,
    WASM_TRAP_STACK,
    WASM_TRAP_OUT_OF_MEMORY,
    WASM_TRAP_HOST,
    WASM_TRAP_COUNT
} wasm_trap_t;

/* Begin a call of function `index`. MK_OK: runnable. MK_ESTATE: another call is not
 * over; MK_ENOENT: no such function; MK_EINVAL: number or types of the arguments;
 * MK_ENOMEM, MK_ELIMIT: no stack for them. */
int wasm_begin(wasm_instance_t *instance, uint32_t index, const wasm_value_t *args,
               size_t count);

/* Begin the module's start function. As wasm_begin; MK_EEND: it has none. */
int wasm_begin_start(wasm_instance_t *instance);

/* Go on with a runnable call until it ends, suspends or has used up `*fuel` (about one
 * per instruction, charged at loops and calls; what is left is written back and may be
 * a little below 0). WASM_RUNNABLE means out of fuel. In any other state nothing
 * happens. The result of a program does not depend on how its fuel is portioned. */
wasm_state_t wasm_run(wasm_instance_t *instance, int64_t *fuel);

wasm_state_t wasm_state(const wasm_instance_t *instance);

/* Results of the call that ended: at most `cap` of them; returns how many there are.
 * 0 unless WASM_IDLE. Valid until the next call begins. */
size_t wasm_results(const wasm_instance_t *instance, wasm_value_t *results, size_t cap);

/* Where the host function that suspended finds its parameters and its results go; NULL
 * unless WASM_SUSPENDED. Borrowed until the instance runs. */
uint32_t *wasm_suspended_slots(wasm_instance_t *instance);

/* The results of the suspended host function are in place: runnable again. */
void wasm_answer(wasm_instance_t *instance);

/* The suspended host function failed: the call traps with this static text. */
void wasm_answer_trap(wasm_instance_t *instance, const char *text);

/* Give up the call, whatever its state; the instance is idle, without results. */
void wasm_cancel(wasm_instance_t *instance);

wasm_trap_t wasm_trap(const wasm_instance_t *instance);

/* A few words for people: "integer divide by zero", or the host's text. Static. */
const char *wasm_trap_text(const wasm_instance_t *instance);
const char *wasm_trap_name(wasm_trap_t trap);

typedef struct {
    const wasm_module_t *module; /* whose function it is */
    uint32_t function;           /* its index */
} wasm_frame_t;

/* The calls that are open (or were when it trapped), innermost first: at most `cap`;
 * returns how many there are. None while it runs. */
size_t wasm_backtrace(const wasm_instance_t *instance, wasm_frame_t *frames,
                      size_t cap);

/* --- what hosts see of an instance ------------------------------------------------ */

/* `size` bytes of memory `index` at `address`, or NULL when they are not all inside it
 * (or the heap cannot give them). Borrowed until the instance runs or grows. */
uint8_t *wasm_memory_at(wasm_instance_t *instance, uint32_t index, uint32_t address,
                        uint32_t size);

/* Declared pages of a memory; 0 when there is no such memory. */
uint32_t wasm_memory_pages(const wasm_instance_t *instance, uint32_t index);

/* Add pages to it. Returns how many there were before, or UINT32_MAX when it may not
 * grow by so many, or there is no such memory. */
uint32_t wasm_memory_grow(wasm_instance_t *instance, uint32_t index, uint32_t pages);

/* Bytes of it that the heap really holds. */
size_t wasm_memory_committed(const wasm_instance_t *instance, uint32_t index);

/* MK_OK or MK_ENOENT. */
int wasm_global_get(const wasm_instance_t *instance, uint32_t index,
                    wasm_value_t *value);

/* MK_OK, MK_ENOENT, MK_EPERM: not mutable, MK_EINVAL: another type. */
int wasm_global_set(wasm_instance_t *instance, uint32_t index, wasm_value_t value);

/* Entries of a table; 0 when there is no such table. */
uint32_t wasm_table_size(const wasm_instance_t *instance, uint32_t index);

/* MK_OK, MK_ENOENT: no such table or entry. */
int wasm_table_get(const wasm_instance_t *instance, uint32_t index, uint32_t entry,
                   wasm_value_t *value);

/* --- state that outlives the instance --------------------------------------------- */

/* Append the state of an instance, the call that is open included, to `out` (format:
 * docs/SNAPSHOT.md). The bytes mean the same on every machine and in every version of
 * this engine. Not of an instance in a store, which may share what it has, nor while it
 * runs. Results of a call that ended are not part of it; externrefs are kept as the
 * numbers they are. MK_OK; MK_ENOTSUP: in a store; MK_ESTATE: running or trapped;
 * MK_ENOMEM, MK_EFULL: `out` then holds a beginning. */
int wasm_snapshot(wasm_instance_t *instance, buffer_t *out);

/* Give an instance that was just created from the same module the state of a snapshot.
 * It goes on where that one stood: runnable, suspended (the host then answers) or idle.
 * MK_OK; MK_EBADMSG: no snapshot, or a damaged one; MK_ENOTSUP: of a later version;
 * MK_EINVAL: of another module; MK_ELIMIT: more memory or stack than it may have;
 * MK_ESTATE, MK_ENOMEM. `*error` (never NULL) tells. After an error the instance can
 * only be destroyed. */
int wasm_restore(wasm_instance_t *instance, const void *bytes, size_t size,
                 wasm_error_t *error);

#endif
