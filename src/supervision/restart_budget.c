/* SPDX-License-Identifier: Apache-2.0 */
/* restart_budget.c - a ring of (moment, how many restarts then), oldest first.
 *
 * A ring of `limit` moments would be simpler and absurd for a limit of 2^31; a ring of
 * fixed length silently stops counting beyond it. Grouping by millisecond loses
 * nothing, since that is the resolution of the clock, and the ring grows only as
 * restarts really happen. Invariants: moments ascend strictly; their counts are > 0 and
 * add up to `spent`; with window 0 no moments are kept, `spent` alone counts. */
#include "supervision/restart_budget.h"

#include "base/alloc.h"
#include "base/check.h"

void restart_budget_init(restart_budget_t *budget, uint32_t limit, uint64_t window_ms) {
    *budget = (restart_budget_t){
        .limit = limit, .window_ms = window_ms, .cap = RESTART_MARKS_INSIDE};
}

void restart_budget_deinit(restart_budget_t *budget) {
    mk_free(budget->marks);
    restart_budget_init(budget, budget->limit, budget->window_ms);
}

static restart_mark_t *mark_at(restart_budget_t *budget, size_t i) {
    size_t at = (budget->head + i) & (budget->cap - 1);
    /* Chosen anew each time: a pointer into the struct would break when it is moved. */
    return budget->marks != NULL ? &budget->marks[at] : &budget->inside[at];
}

static void forget_old(restart_budget_t *budget, uint64_t now_ms) {
    while (budget->len > 0) {
        const restart_mark_t *oldest = mark_at(budget, 0);
        MK_ASSERT(oldest->at_ms <= now_ms);
        if (now_ms - oldest->at_ms <= budget->window_ms) return;
        budget->spent -= oldest->count;
        budget->head = (budget->head + 1) & (budget->cap - 1);
        budget->len--;
    }
    if (budget->marks == NULL) return;
    mk_free(budget->marks);
    budget->marks = NULL;
    budget->head = 0;
    budget->cap = RESTART_MARKS_INSIDE;
}

static bool grow(restart_budget_t *budget) {
    if (budget->cap > SIZE_MAX / sizeof(restart_mark_t) / 2) return false;
    size_t cap = budget->cap * 2;
    restart_mark_t *marks = mk_alloc(cap * sizeof *marks);
    if (marks == NULL) return false;
    for (size_t i = 0; i < budget->len; i++)
        marks[i] = *mark_at(budget, i);
    mk_free(budget->marks);
    budget->marks = marks;
    budget->head = 0;
    budget->cap = cap;
    return true;
}

bool restart_budget_has_room(restart_budget_t *budget, uint64_t now_ms) {
    forget_old(budget, now_ms);
    return budget->spent < budget->limit;
}

static void remember(restart_budget_t *budget, uint64_t now_ms) {
    restart_mark_t *newest = budget->len > 0 ? mark_at(budget, budget->len - 1) : NULL;
    if (newest != NULL && newest->at_ms == now_ms) {
        newest->count++;
        return;
    }
    if (budget->len < budget->cap || grow(budget)) {
        *mark_at(budget, budget->len) = (restart_mark_t){now_ms, 1};
        budget->len++;
        return;
    }
    MK_ASSERT(newest != NULL); /* an empty ring has room */
    newest->at_ms = now_ms;
    newest->count++;
}

bool restart_budget_spend(restart_budget_t *budget, uint64_t now_ms) {
    if (!restart_budget_has_room(budget, now_ms)) return false;
    budget->spent++;
    if (budget->window_ms > 0) remember(budget, now_ms);
    return true;
}
