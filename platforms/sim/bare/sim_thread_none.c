/* SPDX-License-Identifier: Apache-2.0 */
/* sim_thread_none.c - the simulated platform where there are no threads: links in place
 * of sim_thread_posix.c. Locks keep nobody out, since nobody else is there. */
#include "../sim.h"
#include "../sim_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "port/thread.h"

struct port_lock {
    bool is_held; /* to find a lock taken twice, which would hang elsewhere */
};

void sim__lock(void) {}

void sim__unlock(void) {}

bool sim__threads_busy_locked(void) {
    return false;
}

/* Called only while a thread is busy: never. */
void sim__sleep_locked(bool briefly) {
    (void)briefly;
}

void sim__rouse_locked(void) {}

void sim__threads_reset(void) {}

bool sim_set_threads(bool real) {
    return !real;
}

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
    if (sim__port_fails()) return NULL;
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

void port_lock_wait(port_lock_t *lock) {
    MK_ASSERT(lock->is_held);
    (void)lock;
}

void port_lock_signal(port_lock_t *lock, bool all) {
    MK_ASSERT(lock->is_held);
    (void)lock;
    (void)all;
}
