/* SPDX-License-Identifier: Apache-2.0 */
/* deadline.h - seam: something that happens on the loop when time comes, for code that
 * is no actor (a connection, a lookup, a listener that rests).
 *
 * Embedded in its owner; arming costs no memory and cannot fail. To move a deadline
 * further away only writes it down: the wheel asks again when the earlier time comes,
 * so a connection may do it for every request. An armed deadline is a reason for
 * runtime_run to go on, unless it is quiet. */
#ifndef MK_KERNEL_DEADLINE_H
#define MK_KERNEL_DEADLINE_H

#include "kernel/wheel.h"
#include "microkernel/runtime.h"

typedef struct deadline deadline_t;

struct deadline {
    wheel_item_t item; /* the kernel's */
    /* Called on the loop, outside any behaviour; the deadline is no longer armed. It
     * may arm it again, or free its owner. */
    void (*on_due)(deadline_t *deadline, runtime_t *rt);
};

/* Once, before any other call. */
void deadline_init(deadline_t *deadline,
                   void (*on_due)(deadline_t *deadline, runtime_t *rt));

/* Arm, or arm anew, in `ms` milliseconds from now: never earlier, and 0 means at the
 * next look of the loop at the outside, which does not sleep before it. Spans of more
 * than 49 days are cut to that. */
void deadline_set(runtime_t *rt, deadline_t *deadline, uint32_t ms);

/* As deadline_set, but counted from when the loop last looked at the outside, which may
 * be some turns ago; reads no clock. For spans of seconds that begin anew with every
 * request; `ms` is not 0. */
void deadline_set_roughly(runtime_t *rt, deadline_t *deadline, uint32_t ms);

/* Not armed any more; on_due will not be called. Also when it is not armed. */
void deadline_clear(runtime_t *rt, deadline_t *deadline);

/* Let it keep runtime_run going while it is armed, or not, from now on: also when it
 * is armed anew. */
void deadline_set_quiet(runtime_t *rt, deadline_t *deadline, bool is_quiet);

static inline bool deadline_is_set(const deadline_t *deadline) {
    return !list_is_empty(&deadline->item.in_wheel);
}

#endif
