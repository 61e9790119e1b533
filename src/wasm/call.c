/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a call: begin, run, suspend, answer, end; and its stack. The states and
 * who changes them are in instance_impl.h. */
#include "wasm/instance_impl.h"
#include "wasm/translate_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <string.h>

/* Slots that a stack is rounded up to: many an actor never needs more than its first
 * frame, and has it exactly. Eight bytes are what heaps of 64-bit machines keep of a
 * block for themselves, of sixteen. */
enum { STACK_STEP = 4, STACK_SPARE = 2 };

wasm_trap_t wasm__stack_grow(wasm_instance_t *instance, uint32_t from, uint32_t slots) {
    uint64_t wanted = (uint64_t)from + slots;
    if (wanted > instance->stack_limit) return WASM_TRAP_STACK;
    if (wanted <= instance->stack_cap) return WASM_TRAP_NONE;
    uint64_t cap = 2 * (uint64_t)instance->stack_cap;
    if (cap < wanted) cap = wanted;
    cap = (cap + STACK_STEP - 1 - STACK_SPARE) / STACK_STEP * STACK_STEP + STACK_SPARE;
    if (cap > instance->stack_limit) cap = instance->stack_limit;
    uint32_t *stack = mk_realloc(instance->stack, (size_t)cap * sizeof *stack);
    if (stack == NULL) return WASM_TRAP_OUT_OF_MEMORY;
    instance->stack = stack;
    instance->stack_cap = (uint32_t)cap;
    return WASM_TRAP_NONE;
}

int wasm__push_caller(wasm_instance_t *instance, wasm_instance_t *caller) {
    wasm_callers_t *callers = instance->callers;
    if (callers == NULL || callers->count == callers->cap) {
        uint32_t cap = callers == NULL ? 4 : 2 * callers->cap;
        callers =
            mk_realloc(callers, sizeof *callers + cap * sizeof callers->waiting[0]);
        if (callers == NULL) return MK_ENOMEM;
        if (instance->callers == NULL) callers->count = 0;
        callers->cap = cap;
        instance->callers = callers;
    }
    callers->waiting[callers->count++] = caller;
    return MK_OK;
}

static void forget_callers(wasm_instance_t *instance) {
    if (instance->callers != NULL) instance->callers->count = 0;
}

static int code_of_trap(wasm_trap_t trap) {
    return trap == WASM_TRAP_STACK ? MK_ELIMIT : MK_ENOMEM;
}

/* A frame at slot 0 that returns to OP_exit. */
static int begin_body(wasm_instance_t *instance, uint32_t body) {
    wasm_module_t *module = instance->module;
    if (module->entries[body] == 0 && wasm__translate(module, body) != MK_OK)
        return MK_ENOMEM;
    const uint16_t *code = module->code + module->entries[body];
    wasm_trap_t trap = wasm__stack_grow(instance, 0, code[CODE_FRAME]);
    if (trap != WASM_TRAP_NONE) return code_of_trap(trap);
    memset(instance->stack + code[CODE_LINK], 0,
           (LINK_SLOTS + (size_t)code[CODE_LOCALS]) * sizeof *instance->stack);
    instance->position = module->entries[body] + CODE_HEADER;
    instance->debt = code[CODE_COST];
    return MK_OK;
}

static int begin_import(wasm_instance_t *instance, const wasm_functype_t *type) {
    uint32_t slots =
        type->param_slots > type->result_slots ? type->param_slots : type->result_slots;
    wasm_trap_t trap = wasm__stack_grow(instance, 0, slots + LINK_SLOTS);
    if (trap != WASM_TRAP_NONE) return code_of_trap(trap);
    instance->begins_with_import = true;
    instance->position = 0;
    instance->debt = 0;
    return MK_OK;
}

static bool arguments_fit(const wasm_instance_t *instance, const wasm_functype_t *type,
                          const wasm_value_t *args, size_t count) {
    if (count != type->param_count) return false;
    for (size_t i = 0; i < count; i++)
        if (args[i].type != instance->module->bytes[type->params_at + i] ||
            !wasm__is_value(instance, args[i]))
            return false;
    return true;
}

int wasm_begin(wasm_instance_t *instance, uint32_t index, const wasm_value_t *args,
               size_t count) {
    const wasm_module_t *module = instance->module;
    if (instance->state != WASM_IDLE && instance->state != WASM_TRAPPED)
        return MK_ESTATE;
    if (index >= module->function_count) return MK_ENOENT;
    const wasm_functype_t *type = wasm__type_of(module, index);
    if (!arguments_fit(instance, type, args, count)) return MK_EINVAL;
    int result = index < module->imported_functions
                     ? begin_import(instance, type)
                     : begin_body(instance, index - module->imported_functions);
    if (result != MK_OK) return result;
    uint32_t *slot = instance->stack;
    for (size_t i = 0; i < count; i++) {
        slot[0] = (uint32_t)args[i].bits;
        if (wasm__is_wide((uint8_t)args[i].type))
            *++slot = (uint32_t)(args[i].bits >> 32);
        slot++;
    }
    instance->frame = 0;
    forget_callers(instance);
    instance->current = instance;
    instance->function = index;
    instance->state = WASM_RUNNABLE;
    instance->trap = WASM_TRAP_NONE;
    return MK_OK;
}

int wasm_begin_start(wasm_instance_t *instance) {
    uint32_t start = instance->module->start;
    return start == WASM_NOWHERE ? MK_EEND : wasm_begin(instance, start, NULL, 0);
}

wasm_state_t wasm_run(wasm_instance_t *instance, int64_t *fuel) {
    if (instance->state == WASM_RUNNABLE) return wasm__execute(instance, fuel);
    return wasm_state(instance);
}

wasm_state_t wasm_state(const wasm_instance_t *instance) {
    return instance->state == IS_RUNNING ? WASM_RUNNABLE
                                         : (wasm_state_t)instance->state;
}

size_t wasm_results(const wasm_instance_t *instance, wasm_value_t *results,
                    size_t cap) {
    if (instance->state != WASM_IDLE || instance->function == WASM_NOWHERE) return 0;
    const wasm_functype_t *type = wasm__type_of(instance->module, instance->function);
    const uint8_t *types = instance->module->bytes + type->results_at;
    const uint32_t *slot = instance->stack;
    for (size_t i = 0; i < type->result_count; i++) {
        bool is_wide = wasm__is_wide(types[i]);
        if (i < cap)
            results[i] = (wasm_value_t){(wasm_type_t)types[i],
                                        is_wide ? wasm_slot_u64(slot) : slot[0]};
        slot += is_wide ? 2 : 1;
    }
    return type->result_count;
}

uint32_t *wasm_suspended_slots(wasm_instance_t *instance) {
    return instance->state == WASM_SUSPENDED
               ? instance->stack + instance->u.pending.slot
               : NULL;
}

void wasm_answer(wasm_instance_t *instance) {
    MK_ASSERT(instance->state == WASM_SUSPENDED);
    if (instance->state == WASM_SUSPENDED) instance->state = WASM_RUNNABLE;
}

void wasm_answer_trap(wasm_instance_t *instance, const char *text) {
    MK_ASSERT(instance->state == WASM_SUSPENDED);
    if (instance->state != WASM_SUSPENDED) return;
    instance->state = WASM_TRAPPED;
    instance->trap = WASM_TRAP_HOST;
    instance->u.host_text = text;
}

void wasm_cancel(wasm_instance_t *instance) {
    MK_ASSERT(instance->state != IS_RUNNING);
    instance->state = WASM_IDLE;
    instance->function = WASM_NOWHERE;
    instance->trap = WASM_TRAP_NONE;
    instance->begins_with_import = false;
    forget_callers(instance);
}

wasm_host_status_t wasm_host_trap(wasm_host_call_t *call, const char *text) {
    call->trap_text = text;
    return WASM_HOST_TRAP;
}

/* --- how it ended ----------------------------------------------------------------- */

wasm_trap_t wasm_trap(const wasm_instance_t *instance) {
    return (wasm_trap_t)instance->trap;
}

const char *wasm_trap_name(wasm_trap_t trap) {
    static const char *const names[WASM_TRAP_COUNT] = {
        [WASM_TRAP_NONE] = "no trap",
        [WASM_TRAP_UNREACHABLE] = "unreachable",
        [WASM_TRAP_DIVIDE_BY_ZERO] = "integer divide by zero",
        [WASM_TRAP_INTEGER_OVERFLOW] = "integer overflow",
        [WASM_TRAP_CONVERSION] = "invalid conversion to integer",
        [WASM_TRAP_MEMORY_BOUNDS] = "out of bounds memory access",
        [WASM_TRAP_TABLE_BOUNDS] = "out of bounds table access",
        [WASM_TRAP_UNDEFINED_ELEMENT] = "undefined element",
        [WASM_TRAP_NULL_ELEMENT] = "uninitialized element",
        [WASM_TRAP_SIGNATURE] = "indirect call type mismatch",
        [WASM_TRAP_STACK] = "call stack exhausted",
        [WASM_TRAP_OUT_OF_MEMORY] = "out of memory",
        [WASM_TRAP_HOST] = "host function failed",
    };
    return (unsigned)trap < WASM_TRAP_COUNT ? names[trap] : "?";
}

const char *wasm_trap_text(const wasm_instance_t *instance) {
    if (instance->trap == WASM_TRAP_HOST && instance->u.host_text != NULL)
        return instance->u.host_text;
    return wasm_trap_name((wasm_trap_t)instance->trap);
}

/* The one that begins last before it. */
bool wasm__body_at(const wasm_module_t *module, uint32_t position, uint32_t *body) {
    uint32_t best = 0;
    for (uint32_t i = 0; i < module->body_count; i++) {
        uint32_t entry = module->entries[i];
        if (entry == 0 || entry > position || entry < best) continue;
        best = entry;
        *body = i;
    }
    return best != 0;
}

size_t wasm_backtrace(const wasm_instance_t *instance, wasm_frame_t *frames,
                      size_t cap) {
    size_t count = 0;
    uint32_t body, callers = instance->callers != NULL ? instance->callers->count : 0;
    uint32_t frame = instance->frame, position = instance->position;
    const wasm_instance_t *inst = instance->current;
    if (instance->state == WASM_IDLE || instance->state == IS_RUNNING) return 0;
    while (wasm__body_at(inst->module, position, &body)) {
        const wasm_module_t *module = inst->module;
        if (count < cap)
            frames[count] = (wasm_frame_t){module, module->imported_functions + body};
        count++;
        const uint32_t *link =
            instance->stack + frame + module->code[module->entries[body] + CODE_LINK];
        position = link[0];
        frame -= link[1] & LINK_DELTA;
        if ((link[1] & LINK_FOREIGN) != 0 && callers > 0)
            inst = instance->callers->waiting[--callers];
    }
    return count;
}
