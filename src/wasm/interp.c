/* SPDX-License-Identifier: Apache-2.0 */
/* The executor: one function, one handler per instruction, each of which jumps to the
 * next through a table (gcc's labels as values, known to clang too; a switch is a tenth
 * slower, see docs/decisions/0014). Longer than a file should be because the compiler
 * keeps the machine's registers only inside one function. Always compiled with -O2.
 *
 * What a handler may rely on: the code was made by our translator from a validated
 * body, so slots, indices and types are right. What it has to check: memory and table
 * bounds, divisors, ranges of conversions, room on the stack, fuel.
 *
 * Registers: pc at the instruction being executed until it is done, fp the frame, mem
 * and mem_size memory 0 as far as it is committed, fuel, inst whose code runs (`root`
 * is the instance that was called and owns the stack), code and entries of its module.
 * They are written back when the loop is left and before a host function is called. */
#include "wasm/instance_impl.h"
#include "wasm/numeric.h"
#include "wasm/translate_impl.h"

#include "base/check.h"
#include "microkernel/error.h"

#include <string.h>

#pragma GCC diagnostic ignored "-Wpedantic" /* labels as values */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { IS_LITTLE_ENDIAN = 1 };
#else
enum { IS_LITTLE_ENDIAN = 0 };
#endif

enum {
    PIECE = 4096,        /* bytes of a bulk operation between two looks at the fuel */
    PIECE_ENTRIES = 512, /* entries, likewise */
    BYTES_PER_FUEL = 64,
};

/* --- slots and memory ------------------------------------------------------------- */

/* 64-bit machines read what is not aligned in one step, as far as the byte order is
 * that of the guest; others had better not try. */
enum { IS_WIDE = IS_LITTLE_ENDIAN && sizeof(size_t) > 4 };

static inline uint64_t get64(const uint32_t *slot) {
    if (IS_WIDE) {
        uint64_t value;
        memcpy(&value, slot, sizeof value);
        return value;
    }
    return slot[0] | (uint64_t)slot[1] << 32;
}
static inline void put64(uint32_t *slot, uint64_t value) {
    if (IS_WIDE) {
        memcpy(slot, &value, sizeof value);
        return;
    }
    slot[0] = (uint32_t)value;
    slot[1] = (uint32_t)(value >> 32);
}
static inline uint32_t imm32(const uint16_t *unit) {
    if (IS_WIDE) {
        uint32_t value;
        memcpy(&value, unit, sizeof value);
        return value;
    }
    return wasm__get32(unit);
}
static inline uint64_t imm64(const uint16_t *unit) {
    if (IS_WIDE) {
        uint64_t value;
        memcpy(&value, unit, sizeof value);
        return value;
    }
    return imm32(unit) | (uint64_t)imm32(unit + 2) << 32;
}

static inline uint16_t get_le16(const uint8_t *at) {
    if (IS_WIDE) {
        uint16_t value;
        memcpy(&value, at, sizeof value);
        return value;
    }
    return (uint16_t)(at[0] | at[1] << 8);
}
static inline uint32_t get_le32(const uint8_t *at) {
    if (IS_WIDE) {
        uint32_t value;
        memcpy(&value, at, sizeof value);
        return value;
    }
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static inline uint64_t get_le64(const uint8_t *at) {
    if (IS_WIDE) {
        uint64_t value;
        memcpy(&value, at, sizeof value);
        return value;
    }
    return get_le32(at) | (uint64_t)get_le32(at + 4) << 32;
}
static inline void put_le16(uint8_t *at, uint16_t value) {
    if (IS_WIDE) {
        memcpy(at, &value, sizeof value);
        return;
    }
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}
static inline void put_le32(uint8_t *at, uint32_t value) {
    if (IS_WIDE) {
        memcpy(at, &value, sizeof value);
        return;
    }
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}
static inline void put_le64(uint8_t *at, uint64_t value) {
    if (IS_WIDE) {
        memcpy(at, &value, sizeof value);
        return;
    }
    put_le32(at, (uint32_t)value);
    put_le32(at + 4, (uint32_t)(value >> 32));
}

/* Whether `need` bytes behind `address` are not all committed. `need` < 2^17. */
static inline bool is_outside(uint32_t address, uint32_t need, size_t size) {
    if (sizeof(size_t) > 4) return (size_t)address + need > size;
    return size < need || address > size - need;
}

static inline uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* --- rare instructions, out of the loop ------------------------------------------- */

MK_NOINLINE static uint64_t load_any(const uint8_t *at, unsigned access) {
    switch (access) {
    case ACCESS_32: return get_le32(at);
    case ACCESS_8_S: return (uint64_t)(int8_t)*at & UINT32_MAX;
    case ACCESS_8_U: return *at;
    case ACCESS_16_S: return (uint64_t)(int16_t)get_le16(at) & UINT32_MAX;
    case ACCESS_16_U: return get_le16(at);
    case ACCESS_64: return get_le64(at);
    case ACCESS_8_S64: return (uint64_t)(int64_t)(int8_t)*at;
    case ACCESS_8_U64: return *at;
    case ACCESS_16_S64: return (uint64_t)(int64_t)(int16_t)get_le16(at);
    case ACCESS_16_U64: return get_le16(at);
    case ACCESS_32_S64: return (uint64_t)(int64_t)(int32_t)get_le32(at);
    default: return get_le32(at);
    }
}

static uint32_t access_size(unsigned access) {
    static const uint8_t sizes[] = {4, 1, 1, 2, 2, 8, 1, 1, 2, 2, 4, 4};
    return sizes[access];
}

/* Bytes at address + offset of any memory, or NULL and the trap. */
MK_NOINLINE static uint8_t *reach(wasm_memory_t *memory, uint32_t address,
                                  uint32_t offset, uint32_t size, wasm_trap_t *trap) {
    uint64_t at = (uint64_t)address + offset;
    *trap = WASM_TRAP_MEMORY_BOUNDS;
    if (at > UINT32_MAX) return NULL;
    *trap = wasm__memory_touch(memory, (uint32_t)at, size);
    return *trap == WASM_TRAP_NONE ? memory->bytes + at : NULL;
}

/* The bulk operations work on a piece and change their operands in `op` (three slots),
 * so that the same instruction goes on with the rest; the last of them is what is left.
 * They return the trap. `*work` is what the piece costs. */

MK_NOINLINE static wasm_trap_t fill_piece(wasm_memory_t *memory, uint32_t *op,
                                          int64_t *work) {
    if (!wasm__memory_has(memory, op[0], op[2])) return WASM_TRAP_MEMORY_BOUNDS;
    uint32_t size = smaller(op[2], PIECE);
    wasm_trap_t trap = wasm__memory_touch(memory, op[0], size);
    if (trap != WASM_TRAP_NONE || size == 0) return trap;
    memset(memory->bytes + op[0], (int)(op[1] & 0xFF), size);
    op[0] += size;
    op[2] -= size;
    *work = 1 + size / BYTES_PER_FUEL;
    return WASM_TRAP_NONE;
}

MK_NOINLINE static wasm_trap_t copy_piece(wasm_memory_t *to, wasm_memory_t *from,
                                          uint32_t *op, int64_t *work) {
    if (!wasm__memory_has(to, op[0], op[2]) || !wasm__memory_has(from, op[1], op[2]))
        return WASM_TRAP_MEMORY_BOUNDS;
    uint32_t size = smaller(op[2], PIECE);
    bool is_upwards = to != from || op[0] <= op[1];
    uint32_t skip = is_upwards ? 0 : op[2] - size;
    wasm_trap_t trap = wasm__memory_touch(from, op[1] + skip, size);
    if (trap == WASM_TRAP_NONE) trap = wasm__memory_touch(to, op[0] + skip, size);
    if (trap != WASM_TRAP_NONE || size == 0) return trap;
    memmove(to->bytes + op[0] + skip, from->bytes + op[1] + skip, size);
    if (is_upwards) {
        op[0] += size;
        op[1] += size;
    }
    op[2] -= size;
    *work = 1 + size / BYTES_PER_FUEL;
    return WASM_TRAP_NONE;
}

MK_NOINLINE static wasm_trap_t init_piece(wasm_instance_t *inst, wasm_memory_t *memory,
                                          uint32_t number, uint32_t *op,
                                          int64_t *work) {
    const wasm_segment_t *segment = &inst->module->data[number];
    uint32_t there = wasm__is_dropped(inst, inst->module->element_count + number)
                         ? 0
                         : segment->count;
    if ((uint64_t)op[1] + op[2] > there || !wasm__memory_has(memory, op[0], op[2]))
        return WASM_TRAP_MEMORY_BOUNDS;
    uint32_t size = smaller(op[2], PIECE);
    wasm_trap_t trap = wasm__memory_touch(memory, op[0], size);
    if (trap != WASM_TRAP_NONE || size == 0) return trap;
    memcpy(memory->bytes + op[0], inst->module->bytes + segment->items_at + op[1],
           size);
    op[0] += size;
    op[1] += size;
    op[2] -= size;
    *work = 1 + size / BYTES_PER_FUEL;
    return WASM_TRAP_NONE;
}

MK_NOINLINE static wasm_trap_t table_fill_piece(wasm_table_t *table, uint32_t *op,
                                                int64_t *work) {
    if (!wasm__table_has(table, op[0], op[2])) return WASM_TRAP_TABLE_BOUNDS;
    uint32_t count = smaller(op[2], PIECE_ENTRIES);
    for (uint32_t i = 0; i < count; i++)
        table->entries[op[0] + i] = op[1];
    op[0] += count;
    op[2] -= count;
    *work = 1 + count / 16;
    return WASM_TRAP_NONE;
}

MK_NOINLINE static wasm_trap_t table_copy_piece(wasm_table_t *to, wasm_table_t *from,
                                                uint32_t *op, int64_t *work) {
    if (!wasm__table_has(to, op[0], op[2]) || !wasm__table_has(from, op[1], op[2]))
        return WASM_TRAP_TABLE_BOUNDS;
    uint32_t count = smaller(op[2], PIECE_ENTRIES);
    if (count == 0) return WASM_TRAP_NONE;
    bool is_upwards = to != from || op[0] <= op[1];
    uint32_t skip = is_upwards ? 0 : op[2] - count;
    memmove(to->entries + op[0] + skip, from->entries + op[1] + skip,
            count * sizeof *to->entries);
    if (is_upwards) {
        op[0] += count;
        op[1] += count;
    }
    op[2] -= count;
    *work = 1 + count / 16;
    return WASM_TRAP_NONE;
}

MK_NOINLINE static wasm_trap_t table_init_piece(wasm_instance_t *inst,
                                                wasm_table_t *table, uint32_t number,
                                                uint32_t *op, int64_t *work) {
    const wasm_segment_t *segment = &inst->module->elements[number];
    uint32_t there = wasm__is_dropped(inst, number) ? 0 : segment->count;
    if ((uint64_t)op[1] + op[2] > there || !wasm__table_has(table, op[0], op[2]))
        return WASM_TRAP_TABLE_BOUNDS;
    uint32_t count = smaller(op[2], PIECE_ENTRIES);
    if (count == 0) return WASM_TRAP_NONE;
    wasm__copy_elements(inst, segment, op[1], count, table->entries + op[0]);
    *work = 1 + (op[1] + count) / 16; /* items are read from the first one on */
    op[0] += count;
    op[1] += count;
    op[2] -= count;
    return WASM_TRAP_NONE;
}

/* What call_indirect finds: a body of `inst` itself, or an import or a function of
 * another instance. */
typedef struct {
    wasm_instance_t *instance;
    uint32_t function; /* index in it */
} callee_t;

MK_NOINLINE static wasm_trap_t find_callee(wasm_instance_t *inst, uint32_t table,
                                           uint32_t at, uint32_t type,
                                           callee_t *callee) {
    const wasm_table_t *entries = inst->tables[table];
    if (at >= entries->size) return WASM_TRAP_UNDEFINED_ELEMENT;
    uint32_t handle = entries->entries[at];
    if (handle == 0) return WASM_TRAP_NULL_ELEMENT;
    callee->instance = wasm__find_function(inst, handle, &callee->function);
    const wasm_module_t *theirs = callee->instance->module;
    if (callee->instance == inst)
        return theirs->function_types[callee->function] == type ? WASM_TRAP_NONE
                                                                : WASM_TRAP_SIGNATURE;
    return wasm__types_equal(theirs, wasm__type_of(theirs, callee->function),
                             inst->module, &inst->module->types[type])
               ? WASM_TRAP_NONE
               : WASM_TRAP_SIGNATURE;
}

/* From an import to what it stands for; false: a function of the host. */
MK_NOINLINE static bool find_body(callee_t *callee) {
    while (callee->function < callee->instance->module->imported_functions) {
        const wasm_link_t *link = &callee->instance->links->rows[callee->function];
        if (link->host != NULL) return false;
        callee->instance =
            wasm__find_function(callee->instance, link->u.handle, &callee->function);
    }
    return true;
}

/* --- the loop --------------------------------------------------------------------- */

#define DISPATCH()                                                                     \
    do {                                                                               \
        goto *handlers[*pc];                                                           \
    } while (0)
#define NEXT(units)                                                                    \
    do {                                                                               \
        pc += (units);                                                                 \
        DISPATCH();                                                                    \
    } while (0)
#define TRAP(reason)                                                                   \
    do {                                                                               \
        trap = (reason);                                                               \
        goto trapped;                                                                  \
    } while (0)

/* The slot that unit n names, as what it holds. */
#define SLOT(n)      (fp + pc[n])
#define I32(n)       (fp[pc[n]])
#define I64(n)       (get64(SLOT(n)))
#define F32(n)       (num_float(I32(n)))
#define F64(n)       (num_double(I64(n)))
#define SET32(n, v)  (fp[pc[n]] = (uint32_t)(v))
#define SET64(n, v)  (put64(SLOT(n), (uint64_t)(v)))
#define SETF32(n, v) SET32(n, num_bits32(v))
#define SETF64(n, v) SET64(n, num_bits64(v))
#define W32(n)       (imm32(pc + (n)))
#define W64(n)       ((uint64_t)(int64_t)(int32_t)imm32(pc + (n)))

/* Registers that a change of instance, of its memory or of its code makes stale. */
#define LOAD_MEMORY()                                                                  \
    do {                                                                               \
        const wasm_memory_t *memory_ = inst->memory;                                   \
        mem = memory_ != NULL ? memory_->bytes : NULL;                                 \
        mem_size = memory_ != NULL ? memory_->committed : 0;                           \
    } while (0)
#define LOAD_INSTANCE()                                                                \
    do {                                                                               \
        code = inst->module->code;                                                     \
        entries = inst->module->entries;                                               \
        LOAD_MEMORY();                                                                 \
    } while (0)

/* After a function of the host, which may have touched memory, or made another instance
 * of the module translate: go on at `position`. */
#define LOAD_CODE(position)                                                            \
    do {                                                                               \
        code = inst->module->code;                                                     \
        pc = code + (position);                                                        \
        LOAD_MEMORY();                                                                 \
    } while (0)

/* Makes `at` the place of `bytes` bytes at address + offset of memory 0. */
#define CHECK_ADDRESS(address, offset, bytes)                                          \
    const uint32_t address_ = (address), need_ = (uint32_t)(offset) + (bytes);         \
    touch_end = (uint64_t)address_ + need_;                                            \
    if (MK_UNLIKELY(is_outside(address_, need_, mem_size))) goto touch;                \
    uint8_t *at = mem + ((size_t)address_ + need_ - (bytes))

#define BRANCH(field) (pc += (field) + (int32_t)W32(field))
#define BRANCH_BACK(field)                                                             \
    do {                                                                               \
        fuel -= pc[(field) + 2];                                                       \
        BRANCH(field);                                                                 \
        if (MK_UNLIKELY(fuel < 0)) goto yield;                                         \
    } while (0)

wasm_state_t wasm__execute(wasm_instance_t *root, int64_t *fuel_left) {
    static const void *const labels[OP_COUNT] = {
#define OP(name, layout) [OP_##name] = &&L_##name,
#include "wasm/code.def"
#undef OP
    };
    const void *const *handlers = labels;
    __asm__(""
            : "+r"(handlers)); /* keep it in a register: do not compute it every time */
    wasm_instance_t *inst = root->current;
    const uint16_t *code, *pc;
    const uint32_t *entries;
    uint8_t *mem;
    size_t mem_size;
    uint32_t *fp = root->stack + root->frame;
    const uint32_t *stack_end = root->stack + root->stack_cap;
    int64_t fuel = *fuel_left - (int64_t)root->debt;
    wasm_trap_t trap = WASM_TRAP_NONE;
    wasm_state_t state;                 /* for `leave` */
    uint64_t touch_end;                 /* for `touch` */
    uint32_t body, need;                /* for `translate`, `grow` */
    uint32_t base, function, return_to; /* for `call_import`, `call_foreign` */
    uint32_t position, flags;           /* for `returned` */
    const char *host_text;              /* for `host_trapped` */
    callee_t callee;

    root->state = IS_RUNNING;
    root->debt = 0;
    LOAD_INSTANCE();
    pc = code + root->position;
    if (root->begins_with_import) {
        root->begins_with_import = false;
        base = 0;
        return_to = 0;
        function = root->function;
        goto call_import;
    }
    DISPATCH();

    /* --- control --- */
L_exit:
    state = WASM_IDLE;
    goto leave;
L_unreachable:
    TRAP(WASM_TRAP_UNREACHABLE);
L_br:
    BRANCH(1);
    DISPATCH();
L_br_back:
    BRANCH_BACK(1);
    DISPATCH();
L_br_table : {
    uint32_t at = smaller(I32(1), W32(2));
    pc += 4 + 2 * (size_t)at;
    pc += (int32_t)imm32(pc);
    DISPATCH();
}

#define CONDITIONAL(name, field, condition)                                            \
    L_##name : if (condition) {                                                        \
        BRANCH(field);                                                                 \
        DISPATCH();                                                                    \
    }                                                                                  \
    NEXT((field) + 2);                                                                 \
    L_##name##_back : if (condition) {                                                 \
        BRANCH_BACK(field);                                                            \
        DISPATCH();                                                                    \
    }                                                                                  \
    NEXT((field) + 3);

    CONDITIONAL(br_nz, 2, I32(1) != 0)
    CONDITIONAL(br_z, 2, I32(1) == 0)

    CONDITIONAL(br_f64_eq, 3, F64(1) == F64(2))
    CONDITIONAL(br_f64_ne, 3, F64(1) != F64(2))
    CONDITIONAL(br_f64_lt, 3, F64(1) < F64(2))
    CONDITIONAL(br_f64_nlt, 3, !(F64(1) < F64(2)))
    CONDITIONAL(br_f64_le, 3, F64(1) <= F64(2))
    CONDITIONAL(br_f64_nle, 3, !(F64(1) <= F64(2)))

    /* Comparisons of two slots and of a slot with a number, as branch and as value. */
#define COMPARE(type, name, T, op, READ, IMM)                                          \
    CONDITIONAL(br_##type##_##name, 3, (T)READ(1) op(T) READ(2))                       \
    L_##type##_##name : SET32(1, (T)READ(2) op(T) READ(3));                            \
    NEXT(4);                                                                           \
    COMPARE_IMMEDIATE(type, name, T, op, READ, IMM)
#define COMPARE_IMMEDIATE(type, name, T, op, READ, IMM)                                \
    CONDITIONAL(br_##type##_##name##_i, 4, (T)READ(1) op(T) IMM(2))                    \
    L_##type##_##name##_i : SET32(1, (T)READ(2) op(T) IMM(3));                         \
    NEXT(5);
#define COMPARES(type, U, S, READ, IMM)                                                \
    COMPARE(type, eq, U, ==, READ, IMM)                                                \
    COMPARE(type, ne, U, !=, READ, IMM)                                                \
    COMPARE(type, lt_s, S, <, READ, IMM)                                               \
    COMPARE(type, lt_u, U, <, READ, IMM)                                               \
    COMPARE(type, le_s, S, <=, READ, IMM)                                              \
    COMPARE(type, le_u, U, <=, READ, IMM)                                              \
    COMPARE_IMMEDIATE(type, gt_s, S, >, READ, IMM)                                     \
    COMPARE_IMMEDIATE(type, gt_u, U, >, READ, IMM)                                     \
    COMPARE_IMMEDIATE(type, ge_s, S, >=, READ, IMM)                                    \
    COMPARE_IMMEDIATE(type, ge_u, U, >=, READ, IMM)
    COMPARES(i32, uint32_t, int32_t, I32, W32)
    COMPARES(i64, uint64_t, int64_t, I64, W64)

    /* --- calls --- */
L_return : {
    const uint32_t *link = SLOT(1);
    position = link[0];
    flags = link[1];
    goto returned;
}
L_return32 : {
    const uint32_t *link = SLOT(2);
    position = link[0];
    flags = link[1];
    fp[0] = I32(1);
    goto returned;
}
L_return64 : {
    const uint32_t *link = SLOT(2);
    position = link[0];
    flags = link[1];
    put64(fp, I64(1));
    goto returned;
}
returned:
    fp -= flags & LINK_DELTA;
    if (MK_UNLIKELY(flags > LINK_DELTA)) {
        inst = root->callers->waiting[--root->callers->count];
        LOAD_INSTANCE();
    }
    pc = code + position;
    DISPATCH();

    /* Begin the body whose header is `to` in `frame`; the link is `words`. */
#define ENTER(to, frame, words_0, words_1)                                             \
    do {                                                                               \
        uint32_t *link_ = (frame) + (to)[CODE_LINK];                                   \
        link_[0] = (words_0);                                                          \
        link_[1] = (words_1);                                                          \
        for (uint32_t *zero_ = link_ + LINK_SLOTS, *end_ = zero_ + (to)[CODE_LOCALS];  \
             zero_ < end_; zero_++)                                                    \
            *zero_ = 0;                                                                \
        fuel -= (to)[CODE_COST];                                                       \
        fp = (frame);                                                                  \
        pc = (to) + CODE_HEADER;                                                       \
    } while (0)

L_call : {
    body = W32(2);
    uint32_t entry = entries[body];
    if (MK_UNLIKELY(entry == 0)) goto translate;
    const uint16_t *to = code + entry;
    uint32_t *frame = SLOT(1);
    need = to[CODE_FRAME];
    if (MK_UNLIKELY((size_t)(stack_end - frame) < need)) {
        base = pc[1];
        goto grow;
    }
    uint32_t behind = (uint32_t)(pc - code) + 4;
    uint32_t delta = pc[1];
    ENTER(to, frame, behind, delta);
    if (MK_UNLIKELY(fuel < 0)) goto yield;
    DISPATCH();
}
L_call_import : {
    const wasm_link_t *link = &inst->links->rows[W32(2)];
    return_to = (uint32_t)(pc - code) + 4;
    base = pc[1];
    function = W32(2);
    if (MK_UNLIKELY(link->host == NULL)) goto call_import;
    wasm_host_call_t call = {inst, link->u.data, fp + base, NULL, link->fuel};
    wasm_host_status_t status = link->host(&call);
    fuel -= call.fuel;
    if (MK_UNLIKELY(status != WASM_HOST_DONE)) {
        host_text = call.trap_text;
        if (status == WASM_HOST_SUSPEND) goto suspended;
        goto host_trapped;
    }
    LOAD_CODE(return_to);
    DISPATCH();
}
L_call_indirect : {
    const wasm_table_t *callees = inst->tables[pc[3]];
    uint32_t at = I32(2);
    base = pc[1];
    return_to = (uint32_t)(pc - code) + 6;
    if (MK_LIKELY(at < callees->size)) {
        /* A null handle, or one of elsewhere, is no number of an own body. */
        const wasm_module_t *module = inst->module;
        function = callees->entries[at] - 1 - inst->function_base;
        body = function - module->imported_functions;
        if (MK_LIKELY(body < module->body_count &&
                      module->function_types[function] == W32(4)))
            goto call_body;
    }
    trap = find_callee(inst, pc[3], at, W32(4), &callee);
    if (MK_UNLIKELY(trap != WASM_TRAP_NONE)) goto trapped;
    function = callee.function;
    goto call_found;
}
L_tail_call:
    body = W32(2);
    base = pc[1];
    flags = pc[4];
    need = pc[5];
    goto tail_call;
L_tail_call_import:
    callee.instance = inst;
    callee.function = W32(2);
    base = pc[1];
    flags = pc[4];
    need = pc[5];
    return_to = (uint32_t)(pc - code) + 6;
    goto tail_call_found;
L_tail_call_indirect:
    trap = find_callee(inst, pc[3], I32(2), W32(4), &callee);
    if (MK_UNLIKELY(trap != WASM_TRAP_NONE)) goto trapped;
    base = pc[1];
    flags = pc[6];
    need = pc[7];
    return_to = (uint32_t)(pc - code) + 8;
    goto tail_call_found;

    /* As tail_call for what `callee` names. A function of the host is an ordinary call:
     * a return stands behind it. */
tail_call_found:
    if (!find_body(&callee)) goto call_host;
    body = callee.function - callee.instance->module->imported_functions;
    if (callee.instance == inst) goto tail_call;
    goto tail_call_foreign;

    /* Replace this frame, whose link is at slot `flags`, by one of `body` with `need`
     * slots of arguments at `base`. */
tail_call : {
    uint32_t entry = entries[body];
    if (MK_UNLIKELY(entry == 0)) goto translate;
    const uint16_t *to = code + entry;
    const uint32_t *arguments = fp + base;
    uint32_t words[2] = {fp[flags], fp[flags + 1]};
    uint32_t count = need;
    need = to[CODE_FRAME];
    if (MK_UNLIKELY((size_t)(stack_end - fp) < need)) {
        base = 0;
        goto grow;
    }
    for (uint32_t i = 0; i < count; i++)
        fp[i] = arguments[i];
    ENTER(to, fp, words[0], words[1]);
    if (MK_UNLIKELY(fuel < 0)) goto yield;
    DISPATCH();
}

    /* The same with `body` of another instance. Who waits for this frame then waits for
     * another instance, if it did not before; so the callers do not grow either. */
tail_call_foreign : {
    const wasm_module_t *theirs = callee.instance->module;
    if (theirs->entries[body] == 0) {
        uint32_t at = (uint32_t)(pc - code);
        int result = wasm__translate(callee.instance->module, body);
        code = inst->module->code; /* perhaps the same module */
        pc = code + at;
        if (result != MK_OK) TRAP(WASM_TRAP_OUT_OF_MEMORY);
    }
    const uint32_t *arguments = fp + base;
    uint32_t words[2] = {fp[flags], fp[flags + 1]};
    uint32_t count = need;
    need = theirs->code[theirs->entries[body] + CODE_FRAME];
    if ((size_t)(stack_end - fp) < need) {
        base = 0;
        goto grow;
    }
    if ((words[1] & LINK_FOREIGN) == 0 && wasm__push_caller(root, inst) != MK_OK)
        TRAP(WASM_TRAP_OUT_OF_MEMORY);
    for (uint32_t i = 0; i < count; i++)
        fp[i] = arguments[i];
    inst = callee.instance;
    LOAD_INSTANCE();
    const uint16_t *to = code + entries[body];
    ENTER(to, fp, words[0], words[1] | LINK_FOREIGN);
    if (MK_UNLIKELY(fuel < 0)) goto yield;
    DISPATCH();
}

    /* Call `function` of callee.instance with arguments at `base`, then go on at
     * return_to of inst's code. */
call_found : {
    if (callee.instance != inst) goto call_foreign;
    if (function < inst->module->imported_functions) goto call_import;
    body = function - inst->module->imported_functions;
    goto call_body;
}

    /* Call `body` of inst with arguments at `base`, then go on at return_to. */
call_body : {
    uint32_t entry = entries[body];
    if (MK_UNLIKELY(entry == 0)) goto translate;
    const uint16_t *to = code + entry;
    uint32_t *frame = fp + base;
    need = to[CODE_FRAME];
    if (MK_UNLIKELY((size_t)(stack_end - frame) < need)) goto grow;
    ENTER(to, frame, return_to, base);
    if (MK_UNLIKELY(fuel < 0)) goto yield;
    DISPATCH();
}

    /* The same for import `function` of inst. */
call_import:
    callee.instance = inst;
    callee.function = function;
    if (MK_UNLIKELY(inst->links->rows[function].host == NULL)) goto call_foreign;
    goto call_host;

    /* The same for callee.function of another instance, or one that came from there. */
call_foreign : {
    if (!find_body(&callee)) goto call_host;
    const wasm_module_t *theirs = callee.instance->module;
    body = callee.function - theirs->imported_functions;
    if (theirs->entries[body] == 0) {
        uint32_t at = (uint32_t)(pc - code);
        int result = wasm__translate(callee.instance->module, body);
        code = inst->module->code; /* perhaps the same module */
        pc = code + at;
        if (result != MK_OK) TRAP(WASM_TRAP_OUT_OF_MEMORY);
    }
    need = theirs->code[theirs->entries[body] + CODE_FRAME];
    if ((size_t)(stack_end - (fp + base)) < need) goto grow;
    if (wasm__push_caller(root, inst) != MK_OK) TRAP(WASM_TRAP_OUT_OF_MEMORY);
    inst = callee.instance;
    LOAD_INSTANCE();
    const uint16_t *to = code + entries[body];
    uint32_t *frame = fp + base;
    ENTER(to, frame, return_to, base | LINK_FOREIGN);
    if (MK_UNLIKELY(fuel < 0)) goto yield;
    DISPATCH();
}

    /* Host function `callee.function` among the imports of callee.instance. */
call_host : {
    const wasm_link_t *link = &callee.instance->links->rows[callee.function];
    wasm_host_call_t call = {callee.instance, link->u.data, fp + base, NULL,
                             link->fuel};
    wasm_host_status_t status = link->host(&call);
    fuel -= call.fuel;
    if (MK_LIKELY(status == WASM_HOST_DONE)) {
        LOAD_CODE(return_to);
        DISPATCH();
    }
    host_text = call.trap_text;
    function = callee.function;
    if (status != WASM_HOST_SUSPEND) goto host_trapped;
}

    /* In import `function` with parameters at `base`; goes on at return_to. */
suspended:
    state = WASM_SUSPENDED;
    root->u.pending.slot = (uint32_t)(fp - root->stack) + base;
    root->u.pending.function = function;
    root->position = return_to;
    goto left;
host_trapped:
    root->u.host_text = host_text;
    LOAD_CODE(return_to);
    TRAP(WASM_TRAP_HOST);

    /* --- moves, constants, globals --- */
L_mov32:
    SET32(1, I32(2));
    NEXT(3);
L_mov64:
    SET64(1, I64(2));
    NEXT(3);
L_const32:
    SET32(1, W32(2));
    NEXT(4);
L_const64:
    SET64(1, imm64(pc + 2));
    NEXT(6);
L_const64_s:
    SET64(1, W64(2));
    NEXT(4);
L_select32:
    SET32(1, I32(4) != 0 ? I32(2) : I32(3));
    NEXT(5);
L_select64:
    SET64(1, I32(4) != 0 ? I64(2) : I64(3));
    NEXT(5);
L_global_get32:
    SET32(1, inst->globals[W32(2)]);
    NEXT(4);
L_global_get64:
    SET64(1, get64(inst->globals + W32(2)));
    NEXT(4);
L_global_set32:
    inst->globals[W32(2)] = I32(1);
    NEXT(4);
L_global_set64:
    put64(inst->globals + W32(2), I64(1));
    NEXT(4);
L_import_get32:
    SET32(1, *inst->imported_globals[W32(2)]);
    NEXT(4);
L_import_get64:
    SET64(1, get64(inst->imported_globals[W32(2)]));
    NEXT(4);
L_import_set32:
    *inst->imported_globals[W32(2)] = I32(1);
    NEXT(4);
L_import_set64:
    put64(inst->imported_globals[W32(2)], I64(1));
    NEXT(4);

    /* --- memory --- */
    /* Plain, at the sum of a slot and a number, at the sum of two slots. */
#define LOAD(name, bytes, SET, value)                                                  \
    L_##name : {                                                                       \
        CHECK_ADDRESS(I32(2), pc[3], bytes);                                           \
        SET(1, value);                                                                 \
        NEXT(4);                                                                       \
    }                                                                                  \
    L_##name##_i : {                                                                   \
        CHECK_ADDRESS(I32(2) + W32(3), 0, bytes);                                      \
        SET(1, value);                                                                 \
        NEXT(5);                                                                       \
    }                                                                                  \
    L_##name##_s : {                                                                   \
        CHECK_ADDRESS(I32(2) + I32(3), pc[4], bytes);                                  \
        SET(1, value);                                                                 \
        NEXT(5);                                                                       \
    }
    LOAD(load32, 4, SET32, get_le32(at))
    LOAD(load8_s, 1, SET32, (int8_t)*at)
    LOAD(load8_u, 1, SET32, *at)
    LOAD(load16_s, 2, SET32, (int16_t)get_le16(at))
    LOAD(load16_u, 2, SET32, get_le16(at))
    LOAD(load64, 8, SET64, get_le64(at))
    LOAD(load8_s64, 1, SET64, (int8_t)*at)
    LOAD(load8_u64, 1, SET64, *at)
    LOAD(load16_s64, 2, SET64, (int16_t)get_le16(at))
    LOAD(load16_u64, 2, SET64, get_le16(at))
    LOAD(load32_s64, 4, SET64, (int32_t)get_le32(at))
    LOAD(load32_u64, 4, SET64, get_le32(at))
#define STORE(name, bytes, put)                                                        \
    L_##name : {                                                                       \
        CHECK_ADDRESS(I32(1), pc[3], bytes);                                           \
        put;                                                                           \
        NEXT(4);                                                                       \
    }                                                                                  \
    L_##name##_i : {                                                                   \
        CHECK_ADDRESS(I32(1) + W32(3), 0, bytes);                                      \
        put;                                                                           \
        NEXT(5);                                                                       \
    }                                                                                  \
    L_##name##_s : {                                                                   \
        CHECK_ADDRESS(I32(1) + I32(3), pc[4], bytes);                                  \
        put;                                                                           \
        NEXT(5);                                                                       \
    }
    STORE(store32, 4, put_le32(at, I32(2)))
    STORE(store8, 1, *at = (uint8_t)I32(2))
    STORE(store16, 2, put_le16(at, (uint16_t)I32(2)))
    STORE(store64, 8, put_le64(at, I64(2)))
L_store32_c : {
    CHECK_ADDRESS(I32(1), pc[4], 4);
    put_le32(at, W32(2));
    NEXT(5);
}
L_store8_c : {
    CHECK_ADDRESS(I32(1), pc[4], 1);
    *at = (uint8_t)pc[2];
    NEXT(5);
}
L_store32_ic : {
    CHECK_ADDRESS(I32(1) + W32(2), 0, 4);
    put_le32(at, W32(4));
    NEXT(6);
}
L_store32_sum : {
    CHECK_ADDRESS(I32(1), pc[5], 4);
    put_le32(at, I32(2) + W32(3));
    NEXT(6);
}
L_store8_ic : {
    CHECK_ADDRESS(I32(1) + W32(2), 0, 1);
    *at = (uint8_t)pc[4];
    NEXT(6);
}
L_far : {
    uint32_t address = I32(2), offset = W32(3);
    if (address + offset < offset) TRAP(WASM_TRAP_MEMORY_BOUNDS); /* beyond 4 GiB */
    SET32(1, address + offset);
    NEXT(5);
}
L_load_from:
L_load64_from : {
    const uint8_t *at =
        reach(inst->memories[pc[3]], I32(4), W32(5), access_size(pc[2]), &trap);
    if (at == NULL) goto trapped;
    uint64_t value = load_any(at, pc[2]);
    if (pc[0] == OP_load64_from)
        SET64(1, value);
    else
        SET32(1, value);
    LOAD_MEMORY();
    NEXT(7);
}
L_store_to : {
    uint32_t size = access_size(pc[1]);
    uint8_t *at = reach(inst->memories[pc[2]], I32(3), W32(5), size, &trap);
    if (at == NULL) goto trapped;
    if (size == 1)
        *at = (uint8_t)I32(4);
    else if (size == 2)
        put_le16(at, (uint16_t)I32(4));
    else if (size == 4)
        put_le32(at, I32(4));
    else
        put_le64(at, I64(4));
    LOAD_MEMORY();
    NEXT(7);
}
L_memory_size:
    SET32(1, inst->memories[pc[2]]->pages);
    NEXT(3);
L_memory_grow:
    SET32(1, wasm__memory_grow(inst->memories[pc[3]], I32(2)));
    NEXT(4);

    /* Bulk operations: a piece, then the same instruction again until nothing is left.
     */
#define BULK(name, left, units, call)                                                  \
    L_##name : {                                                                       \
        int64_t work = 0;                                                              \
        uint32_t *op = SLOT(1);                                                        \
        trap = (call);                                                                 \
        if (trap != WASM_TRAP_NONE) goto trapped;                                      \
        fuel -= work;                                                                  \
        LOAD_MEMORY();                                                                 \
        if (op[2] == 0) NEXT(units);                                                   \
        if (fuel < 0) goto yield;                                                      \
        DISPATCH();                                                                    \
    }
    BULK(memory_fill, 2, 3, fill_piece(inst->memories[pc[2]], op, &work))
    BULK(memory_copy, 2, 4,
         copy_piece(inst->memories[pc[2]], inst->memories[pc[3]], op, &work))
    BULK(memory_init, 2, 5, init_piece(inst, inst->memories[pc[2]], W32(3), op, &work))
    BULK(table_fill, 2, 3, table_fill_piece(inst->tables[pc[2]], op, &work))
    BULK(table_copy, 2, 4,
         table_copy_piece(inst->tables[pc[2]], inst->tables[pc[3]], op, &work))
    BULK(table_init, 2, 5,
         table_init_piece(inst, inst->tables[pc[2]], W32(3), op, &work))
L_data_drop:
    wasm__drop(inst, inst->module->element_count + W32(1));
    NEXT(3);
L_elem_drop:
    wasm__drop(inst, W32(1));
    NEXT(3);
L_table_get : {
    const wasm_table_t *table = inst->tables[pc[3]];
    uint32_t at = I32(2);
    if (at >= table->size) TRAP(WASM_TRAP_TABLE_BOUNDS);
    SET32(1, table->entries[at]);
    NEXT(4);
}
L_table_set : {
    const wasm_table_t *table = inst->tables[pc[3]];
    uint32_t at = I32(1);
    if (at >= table->size) TRAP(WASM_TRAP_TABLE_BOUNDS);
    table->entries[at] = I32(2);
    NEXT(4);
}
L_table_size:
    SET32(1, inst->tables[pc[2]]->size);
    NEXT(3);
L_table_grow : {
    uint32_t *op = SLOT(1);
    op[0] = wasm__table_grow(inst->tables[pc[2]], op[1], op[0]);
    NEXT(3);
}
L_ref_func:
    SET32(1, 1 + inst->function_base + W32(2));
    NEXT(4);

    /* --- integers --- */
#define BINARY(name, SET, value)                                                       \
    L_##name : SET(1, value);                                                          \
    NEXT(4);
#define IMMEDIATE(name, SET, value)                                                    \
    L_##name##_i : SET(1, value);                                                      \
    NEXT(5);
#define UNARY(name, SET, value)                                                        \
    L_##name : SET(1, value);                                                          \
    NEXT(3);
#define BOTH(type, name, SET, READ, IMM, expression)                                   \
    L_##type##_##name : {                                                              \
        const BOTH_##type a = READ(2), b = READ(3);                                    \
        SET(1, expression);                                                            \
        NEXT(4);                                                                       \
    }                                                                                  \
    L_##type##_##name##_i : {                                                          \
        const BOTH_##type a = READ(2), b = IMM(3);                                     \
        SET(1, expression);                                                            \
        NEXT(5);                                                                       \
    }
#define BOTH_i32 uint32_t
#define BOTH_i64 uint64_t
#define INTEGERS(type, U, S, SET, READ, IMM, BITS)                                     \
    BOTH(type, add, SET, READ, IMM, a + b)                                             \
    BINARY(type##_sub, SET, READ(2) - READ(3))                                         \
    BOTH(type, mul, SET, READ, IMM, a *b)                                              \
    BOTH(type, and, SET, READ, IMM, a &b)                                              \
    BOTH(type, or, SET, READ, IMM, a | b)                                              \
    BOTH(type, xor, SET, READ, IMM, a ^ b)                                             \
    BOTH(type, shl, SET, READ, IMM, a << (b & ((BITS)-1)))                             \
    BOTH(type, shr_u, SET, READ, IMM, a >> (b & ((BITS)-1)))                           \
    BOTH(type, shr_s, SET, READ, IMM, (S)a >> (b & ((BITS)-1)))                        \
    BOTH(type, rotl, SET, READ, IMM, num_rotl##BITS(a, b))                             \
    BINARY(type##_rotr, SET, num_rotl##BITS(READ(2), 0 - READ(3)))                     \
    L_##type##_div_s : {                                                               \
        U a = READ(2), b = READ(3);                                                    \
        if (MK_UNLIKELY(b + 1 <= 1)) { /* 0 or -1 */                                   \
            if (b == 0) TRAP(WASM_TRAP_DIVIDE_BY_ZERO);                                \
            if (a == (U)1 << ((BITS)-1)) TRAP(WASM_TRAP_INTEGER_OVERFLOW);             \
            SET(1, 0 - a);                                                             \
            NEXT(4);                                                                   \
        }                                                                              \
        SET(1, (S)a / (S)b);                                                           \
        NEXT(4);                                                                       \
    }                                                                                  \
    L_##type##_rem_s : {                                                               \
        U a = READ(2), b = READ(3);                                                    \
        if (MK_UNLIKELY(b + 1 <= 1)) {                                                 \
            if (b == 0) TRAP(WASM_TRAP_DIVIDE_BY_ZERO);                                \
            SET(1, 0);                                                                 \
            NEXT(4);                                                                   \
        }                                                                              \
        SET(1, (S)a % (S)b);                                                           \
        NEXT(4);                                                                       \
    }                                                                                  \
    L_##type##_div_u : {                                                               \
        U b = READ(3);                                                                 \
        if (MK_UNLIKELY(b == 0)) TRAP(WASM_TRAP_DIVIDE_BY_ZERO);                       \
        SET(1, READ(2) / b);                                                           \
        NEXT(4);                                                                       \
    }                                                                                  \
    L_##type##_rem_u : {                                                               \
        U b = READ(3);                                                                 \
        if (MK_UNLIKELY(b == 0)) TRAP(WASM_TRAP_DIVIDE_BY_ZERO);                       \
        SET(1, READ(2) % b);                                                           \
        NEXT(4);                                                                       \
    }                                                                                  \
    /* divisors that are neither 0 nor -1 */                                           \
    IMMEDIATE(type##_div_s, SET, (S)READ(2) / (S)IMM(3))                               \
    IMMEDIATE(type##_rem_s, SET, (S)READ(2) % (S)IMM(3))                               \
    IMMEDIATE(type##_div_u, SET, READ(2) / IMM(3))                                     \
    IMMEDIATE(type##_rem_u, SET, READ(2) % IMM(3))                                     \
    UNARY(type##_clz, SET, num_clz##BITS(READ(2)))                                     \
    UNARY(type##_ctz, SET, num_ctz##BITS(READ(2)))                                     \
    UNARY(type##_popcnt, SET, num_popcnt##BITS(READ(2)))                               \
    UNARY(type##_extend8, SET, (int8_t)I32(2))                                         \
    UNARY(type##_extend16, SET, (int16_t)I32(2))
    INTEGERS(i32, uint32_t, int32_t, SET32, I32, W32, 32)
    INTEGERS(i64, uint64_t, int64_t, SET64, I64, W64, 64)
    UNARY(i64_extend32, SET64, (int32_t)I32(2))
    UNARY(i64_extend_i32_s, SET64, (int32_t)I32(2))
    UNARY(i64_extend_i32_u, SET64, I32(2))

    /* --- floating point --- */
#define FLOATS(type, BITS, SET, SETBITS, READ, READBITS)                               \
    BINARY(type##_add, SET, READ(2) + READ(3))                                         \
    BINARY(type##_sub, SET, READ(2) - READ(3))                                         \
    BINARY(type##_mul, SET, READ(2) * READ(3))                                         \
    BINARY(type##_div, SET, READ(2) / READ(3))                                         \
    BINARY(type##_min, SET, num_min##BITS(READ(2), READ(3)))                           \
    BINARY(type##_max, SET, num_max##BITS(READ(2), READ(3)))                           \
    BINARY(type##_copysign, SETBITS,                                                   \
           (READBITS(2) & ~((uint##BITS##_t)1 << ((BITS)-1))) |                        \
               (READBITS(3) & (uint##BITS##_t)1 << ((BITS)-1)))                        \
    BINARY(type##_eq, SET32, READ(2) == READ(3))                                       \
    BINARY(type##_ne, SET32, READ(2) != READ(3))                                       \
    BINARY(type##_lt, SET32, READ(2) < READ(3))                                        \
    BINARY(type##_le, SET32, READ(2) <= READ(3))                                       \
    UNARY(type##_abs, SETBITS, READBITS(2) & ~((uint##BITS##_t)1 << ((BITS)-1)))       \
    UNARY(type##_neg, SETBITS, READBITS(2) ^ (uint##BITS##_t)1 << ((BITS)-1))          \
    UNARY(type##_ceil, SET, num_ceil##BITS(READ(2)))                                   \
    UNARY(type##_floor, SET, num_floor##BITS(READ(2)))                                 \
    UNARY(type##_trunc, SET, num_trunc##BITS(READ(2)))                                 \
    UNARY(type##_nearest, SET, num_nearest##BITS(READ(2)))
    FLOATS(f32, 32, SETF32, SET32, F32, I32)
    FLOATS(f64, 64, SETF64, SET64, F64, I64)
    UNARY(f32_sqrt, SETF32, __builtin_sqrtf(F32(2)))
    UNARY(f64_sqrt, SETF64, __builtin_sqrt(F64(2)))

    /* --- conversions --- */
#define TRUNCATE(name, READ, fits, SET, T)                                             \
    L_##name : {                                                                       \
        if (MK_UNLIKELY(!fits(READ(2)))) {                                             \
            if (READ(2) != READ(2)) TRAP(WASM_TRAP_CONVERSION);                        \
            TRAP(WASM_TRAP_INTEGER_OVERFLOW);                                          \
        }                                                                              \
        SET(1, (T)READ(2));                                                            \
        NEXT(3);                                                                       \
    }
#define SATURATE(name, READ, fits, SET, T, least, most)                                \
    L_##name : {                                                                       \
        if (fits(READ(2)))                                                             \
            SET(1, (T)READ(2));                                                        \
        else                                                                           \
            SET(1, READ(2) != READ(2) ? 0 : READ(2) < 0 ? (T)(least) : (T)(most));     \
        NEXT(3);                                                                       \
    }
#define TRUNCATES(f, READ, FX)                                                         \
    TRUNCATE(i32_trunc_##f##_s, READ, NUM_FITS_I32_##FX, SET32, int32_t)               \
    TRUNCATE(i32_trunc_##f##_u, READ, NUM_FITS_U32_##FX, SET32, uint32_t)              \
    TRUNCATE(i64_trunc_##f##_s, READ, NUM_FITS_I64_##FX, SET64, int64_t)               \
    TRUNCATE(i64_trunc_##f##_u, READ, NUM_FITS_U64_##FX, SET64, uint64_t)              \
    SATURATE(i32_trunc_sat_##f##_s, READ, NUM_FITS_I32_##FX, SET32, int32_t,           \
             INT32_MIN, INT32_MAX)                                                     \
    SATURATE(i32_trunc_sat_##f##_u, READ, NUM_FITS_U32_##FX, SET32, uint32_t, 0,       \
             UINT32_MAX)                                                               \
    SATURATE(i64_trunc_sat_##f##_s, READ, NUM_FITS_I64_##FX, SET64, int64_t,           \
             INT64_MIN, INT64_MAX)                                                     \
    SATURATE(i64_trunc_sat_##f##_u, READ, NUM_FITS_U64_##FX, SET64, uint64_t, 0,       \
             UINT64_MAX)
    TRUNCATES(f32, F32, F32)
    TRUNCATES(f64, F64, F64)
    UNARY(f32_convert_i32_s, SETF32, (float)(int32_t)I32(2))
    UNARY(f32_convert_i32_u, SETF32, (float)I32(2))
    UNARY(f32_convert_i64_s, SETF32, (float)(int64_t)I64(2))
    UNARY(f32_convert_i64_u, SETF32, (float)I64(2))
    UNARY(f64_convert_i32_s, SETF64, (double)(int32_t)I32(2))
    UNARY(f64_convert_i32_u, SETF64, (double)I32(2))
    UNARY(f64_convert_i64_s, SETF64, (double)(int64_t)I64(2))
    UNARY(f64_convert_i64_u, SETF64, (double)I64(2))
    UNARY(f32_demote, SETF32, (float)F64(2))
    UNARY(f64_promote, SETF64, num_promote(I32(2)))

    /* --- two in one --- */
#define STEP(name, field, condition)                                                   \
    L_add_br_##name##_back : {                                                         \
        uint32_t sum = I32(2) + W32(3);                                                \
        SET32(1, sum);                                                                 \
        if (condition) {                                                               \
            BRANCH_BACK(field);                                                        \
            DISPATCH();                                                                \
        }                                                                              \
        NEXT((field) + 3);                                                             \
    }
L_add_br_back:
    SET32(1, I32(2) + W32(3));
    BRANCH_BACK(5);
    DISPATCH();
    STEP(nz, 5, sum != 0)
    STEP(ne_i, 7, sum != W32(5))
    STEP(lt_s_i, 7, (int32_t)sum < (int32_t)W32(5))
    STEP(lt_u_i, 7, sum < W32(5))
    STEP(ne, 6, sum != I32(5))
    STEP(lt_s, 6, (int32_t)sum < (int32_t)I32(5))
    STEP(lt_u, 6, sum < I32(5))
L_add_add:
    SET32(1, I32(2) + W32(3));
    SET32(5, I32(6) + W32(7));
    NEXT(9);
L_mov_mov:
    SET32(1, I32(2));
    SET32(3, I32(4));
    NEXT(5);
#define JOINT(name, SET, value)                                                        \
    L_##name : SET(1, value);                                                          \
    NEXT(5);
    JOINT(i32_shl_add, SET32, (I32(2) << (pc[3] & 31)) + I32(4))
    JOINT(i32_shl_xor, SET32, (I32(2) << (pc[3] & 31)) ^ I32(4))
    JOINT(i32_shr_u_xor, SET32, (I32(2) >> (pc[3] & 31)) ^ I32(4))
    JOINT(i32_rotl_xor, SET32, num_rotl32(I32(2), pc[3]) ^ I32(4))
    JOINT(i32_mul_add, SET32, I32(2) * I32(3) + I32(4))
    JOINT(i64_mul_add, SET64, I64(2) * I64(3) + I64(4))
    JOINT(f64_mul_add, SETF64, F64(2) * F64(3) + F64(4))
    JOINT(f64_mul_sub, SETF64, F64(2) * F64(3) - F64(4))
#define MASKED(name, value)                                                            \
    L_##name : SET32(1, value);                                                        \
    NEXT(6);
    MASKED(i32_shr_u_and, (I32(2) >> (pc[3] & 31)) & W32(4))
    MASKED(i32_shl_and, (I32(2) << (pc[3] & 31)) & W32(4))
    MASKED(i32_and_shl, (I32(2) & W32(3)) << (pc[5] & 31))
#define LONG(name, SET, value)                                                         \
    L_##name##_q : SET(1, value);                                                      \
    NEXT(7);
    LONG(i64_add, SET64, I64(2) + imm64(pc + 3))
    LONG(i64_mul, SET64, I64(2) * imm64(pc + 3))
    LONG(i64_xor, SET64, I64(2) ^ imm64(pc + 3))
    LONG(f64_add, SETF64, F64(2) + num_double(imm64(pc + 3)))
    LONG(f64_mul, SETF64, F64(2) * num_double(imm64(pc + 3)))

    /* --- slow ways -----------------------------------------------------------------
     */

    /* The bytes may be there though they are not committed: commit them and repeat. */
touch:
    trap = WASM_TRAP_MEMORY_BOUNDS;
    if (inst->memory != NULL) trap = wasm__memory_touch(inst->memory, 0, touch_end);
    if (trap != WASM_TRAP_NONE) goto trapped;
    LOAD_MEMORY();
    DISPATCH();

    /* `body` has no code yet: make it and repeat. */
translate : {
    uint32_t at = (uint32_t)(pc - code);
    int result = wasm__translate(inst->module, body);
    code = inst->module->code;
    pc = code + at;
    if (result != MK_OK) TRAP(WASM_TRAP_OUT_OF_MEMORY);
    DISPATCH();
}

    /* No room for `need` slots behind slot `base`: make it and repeat. */
grow : {
    uint32_t frame = (uint32_t)(fp - root->stack);
    trap = wasm__stack_grow(root, frame + base, need);
    fp = root->stack + frame;
    stack_end = root->stack + root->stack_cap;
    if (trap != WASM_TRAP_NONE) goto trapped;
    DISPATCH();
}

trapped:
    state = WASM_TRAPPED;
    root->trap = (uint8_t)trap;
    goto leave;
yield:
    state = WASM_RUNNABLE;
leave:
    root->position = (uint32_t)(pc - code);
left:
    root->frame = (uint32_t)(fp - root->stack);
    root->current = inst;
    root->state = (uint8_t)state;
    *fuel_left = fuel;
    return state;
}
