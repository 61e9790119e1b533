/* SPDX-License-Identifier: Apache-2.0 */
/* thread_none.c - one hart, one thread: none can be started, and locks keep nobody out.
 * Interrupt handlers take no locks. */
#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "port/thread.h"

struct port_lock {
    bool is_held; /* to find a lock taken twice, which would hang elsewhere */
};

int port_thread_start(port_thread_t **out, void (*fn)(void *arg), void *arg) {
    (void)out;
    (void)fn;
    (void)arg;
    return MK_ENOTSUP;
}

/* No thread was ever started, so there is none to join. */
void port_thread_join(port_thread_t *thread) {
    (void)thread;
    MK_UNREACHABLE();
}

port_lock_t *port_lock_create(void) {
    return mk_calloc(1, sizeof(port_lock_t));
}

void port_lock_destroy(port_lock_t *lock) {
    mk_free(lock);
}

void port_lock_acquire(port_lock_t *lock) {
    MK_ASSERT(!lock->is_held);
    lock->is_held = true;
}

void port_lock_release(port_lock_t *lock) {
    MK_ASSERT(lock->is_held);
    lock->is_held = false;
}

/* Returning at once is allowed ("or for no reason"), and nobody could ever signal. */
void port_lock_wait(port_lock_t *lock) {
    MK_ASSERT(lock->is_held);
    (void)lock;
}

void port_lock_signal(port_lock_t *lock, bool all) {
    MK_ASSERT(lock->is_held);
    (void)lock;
    (void)all;
}
