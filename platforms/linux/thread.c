/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c - POSIX threads. Signals are left to the thread that runs the loop: workers
 * block them all, save those by which the kernel tells a thread of a fault of its own;
 * blocking these would end the process without its handlers. */
#include "linux_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/thread.h"

#include <pthread.h>
#include <signal.h>

struct port_thread {
    pthread_t pthread;
    void (*fn)(void *arg);
    void *arg;
};

struct port_lock {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
};

static void *run_thread(void *arg) {
    const port_thread_t *thread = arg;
    thread->fn(thread->arg);
    return NULL;
}

static void block_signals(sigset_t *before) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL,
                                 SIGTRAP, SIGSYS, SIGABRT};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, before);
}

int port_thread_start(port_thread_t **out, void (*fn)(void *arg), void *arg) {
    port_thread_t *thread = mk_alloc(sizeof *thread);
    if (thread == NULL) return MK_ENOMEM;
    thread->fn = fn;
    thread->arg = arg;
    sigset_t before;
    block_signals(&before);
    int code = pthread_create(&thread->pthread, NULL, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        mk_free(thread);
        return MK_ENOMEM;
    }
    *out = thread;
    return MK_OK;
}

void port_thread_join(port_thread_t *thread) {
    pthread_join(thread->pthread, NULL);
    mk_free(thread);
}

port_lock_t *port_lock_create(void) {
    port_lock_t *lock = mk_alloc(sizeof *lock);
    if (lock == NULL) return NULL;
    if (pthread_mutex_init(&lock->mutex, NULL) != 0) goto no_mutex;
    if (pthread_cond_init(&lock->condition, NULL) != 0) goto no_condition;
    return lock;
no_condition:
    pthread_mutex_destroy(&lock->mutex);
no_mutex:
    mk_free(lock);
    return NULL;
}

void port_lock_destroy(port_lock_t *lock) {
    if (lock == NULL) return;
    pthread_cond_destroy(&lock->condition);
    pthread_mutex_destroy(&lock->mutex);
    mk_free(lock);
}

void port_lock_acquire(port_lock_t *lock) {
    pthread_mutex_lock(&lock->mutex);
}

void port_lock_release(port_lock_t *lock) {
    pthread_mutex_unlock(&lock->mutex);
}

void port_lock_wait(port_lock_t *lock) {
    pthread_cond_wait(&lock->condition, &lock->mutex);
}

void port_lock_signal(port_lock_t *lock, bool all) {
    if (all) {
        pthread_cond_broadcast(&lock->condition);
    } else {
        pthread_cond_signal(&lock->condition);
    }
}
