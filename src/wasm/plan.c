/* SPDX-License-Identifier: Apache-2.0 */
/* Where the values of a frame are. That is not stored anywhere; it is learnt by
 * translating the function once more and looking at the translator when it passes the
 * place where the frame stands (a safepoint). So snapshots cost nothing until they are
 * taken, and any version of the engine, on any machine, can put the values where it
 * wants them. */
#include "wasm/snapshot_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"

#include <string.h>

static void note_safepoint(void *arg, const translator_t *t, uint32_t position,
                           uint32_t offset, const wasm_functype_t *call) {
    plan_t *plan = arg;
    offset -= t->module->bodies[plan->body].body_at;
    frame_kind_t kind = call != NULL ? FRAME_IN_CALL : FRAME_READY;
    if (plan->is_found || kind != plan->kind) return;
    if ((plan->by_position ? position : offset) != plan->wanted) return;
    uint32_t count = t->local_count + t->operand_count;
    if (count > plan->cap) {
        item_t *items = mk_realloc(plan->items, count * sizeof *items);
        plan->has_failed = items == NULL;
        if (items == NULL) return;
        plan->items = items;
        plan->cap = count;
    }
    for (uint32_t i = 0; i < t->local_count; i++)
        plan->items[i] = (item_t){0, t->locals[i].slot, t->locals[i].type, IN_SLOT};
    for (uint32_t i = 0; i < t->operand_count; i++) {
        const operand_t *o = &t->operands[i];
        uint16_t slot = wasm__reads_local(o) ? t->locals[o->local].slot : o->slot;
        plan->items[t->local_count + i] = (item_t){o->value, slot, o->type, o->place};
    }
    plan->is_found = true;
    plan->position = position;
    plan->offset = offset;
    plan->locals = t->local_count;
    plan->count = count;
    plan->top = t->top;
    plan->call = call;
}

void wasm__plan_init(plan_t *plan, wasm_module_t *module, wasm_error_t *error) {
    memset(plan, 0, sizeof *plan);
    wasm__translator_init(&plan->t, module, error);
    plan->t.on_safepoint = note_safepoint;
    plan->t.safepoint_arg = plan;
    plan->body = NO_CODE;
}

void wasm__plan_deinit(plan_t *plan) {
    wasm__translator_deinit(&plan->t);
    mk_free(plan->items);
}

int wasm__plan_find(plan_t *plan, uint32_t body, frame_kind_t kind, bool by_position,
                    uint32_t wanted) {
    if (plan->is_found && plan->body == body && plan->kind == kind &&
        wanted == (by_position ? plan->position : plan->offset))
        return MK_OK;
    plan->body = body;
    plan->kind = kind;
    plan->by_position = by_position;
    plan->wanted = wanted;
    plan->is_found = plan->has_failed = false;
    if (!wasm__translate_body(&plan->t, body, true) || plan->has_failed)
        return MK_ENOMEM;
    return plan->is_found ? MK_OK : MK_ENOENT;
}
