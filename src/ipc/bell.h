/* SPDX-License-Identifier: Apache-2.0 */
/* bell.h - waking the loop of another thread, but only when it sleeps.
 *
 * The rule. Who is going to sleep lies down, then looks once more whether something is
 * there, then sleeps. Who has something for it shows it, then rings. All four steps are
 * sequentially consistent, so they stand in one order: if the ring found nobody lying,
 * the lying down came after it, and the last look after that sees what was shown.
 *
 * A bell is shared by its owner and those that ring; it outlives the runtime. */
#ifndef MK_IPC_BELL_H
#define MK_IPC_BELL_H

#include "microkernel/runtime.h"

#include <stdatomic.h>

typedef struct bell bell_t;

struct bell {
    _Atomic unsigned is_lying; /* the owner sleeps, or is about to; a word, since not
                                  every machine exchanges bytes */
};

/* The bell of a runtime, with one holder, or NULL when memory is short. */
bell_t *bell_create(runtime_t *rt);

/* One more holder; one less, the last one frees it. Any thread. */
bell_t *bell_hold(bell_t *bell);
void bell_drop(bell_t *bell);

/* The runtime ends: ringing has no effect any more once this has returned. */
void bell_mute(bell_t *bell);

/* The owner is about to sleep, and gets up. */
static inline void bell_lie_down(bell_t *bell) {
    atomic_store_explicit(&bell->is_lying, true, memory_order_seq_cst);
}
static inline void bell_get_up(bell_t *bell) {
    atomic_store_explicit(&bell->is_lying, false, memory_order_relaxed);
}

void bell__wake(bell_t *bell);

/* Something was shown: wake the owner if it lies. Any thread that holds the bell. */
static inline void bell_ring(bell_t *bell) {
    if (atomic_load_explicit(&bell->is_lying, memory_order_seq_cst)) bell__wake(bell);
}

#endif
