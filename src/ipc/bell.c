/* SPDX-License-Identifier: Apache-2.0 */
/* bell.c - the lock keeps the runtime from ending while somebody wakes it; it is taken
 * only on the way to a system call. */
#include "ipc/bell.h"

#include "base/alloc.h"
#include "base/check.h"
#include "ipc/line.h"
#include "kernel/inlet.h"
#include "port/thread.h"

typedef struct {
    bell_t bell; /* read by the others all the time */
    void *block; /* what was allocated */
    _Atomic unsigned holders;
    port_lock_t *lock; /* for rt */
    runtime_t *rt;     /* NULL once muted */
} shared_bell_t;

static shared_bell_t *shared(bell_t *bell) {
    return MK_CONTAINER_OF(bell, shared_bell_t, bell);
}

bell_t *bell_create(runtime_t *rt) {
    void *block = mk_alloc(line_block_size(sizeof(shared_bell_t)));
    if (block == NULL) return NULL;
    shared_bell_t *made = line_align(block);
    made->block = block;
    made->lock = port_lock_create();
    if (made->lock == NULL) {
        mk_free(block);
        return NULL;
    }
    atomic_init(&made->bell.is_lying, false);
    atomic_init(&made->holders, 1);
    made->rt = rt;
    return &made->bell;
}

bell_t *bell_hold(bell_t *bell) {
    atomic_fetch_add_explicit(&shared(bell)->holders, 1, memory_order_relaxed);
    return bell;
}

/* Each drop releases to the last one, which acquires them all. */
void bell_drop(bell_t *bell) {
    shared_bell_t *dropped = shared(bell);
    if (atomic_fetch_sub_explicit(&dropped->holders, 1, memory_order_acq_rel) != 1)
        return;
    port_lock_destroy(dropped->lock);
    mk_free(dropped->block);
}

void bell_mute(bell_t *bell) {
    shared_bell_t *muted = shared(bell);
    port_lock_acquire(muted->lock);
    muted->rt = NULL;
    port_lock_release(muted->lock);
}

/* Of several that ring at once one wakes. */
void bell__wake(bell_t *bell) {
    if (!atomic_exchange_explicit(&bell->is_lying, false, memory_order_seq_cst)) return;
    shared_bell_t *rung = shared(bell);
    port_lock_acquire(rung->lock);
    if (rung->rt != NULL) runtime__wake(rung->rt);
    port_lock_release(rung->lock);
}
