/* SPDX-License-Identifier: Apache-2.0 */
/* sim_thread_posix.c - real threads beside virtual time, for tests of what crosses
 * threads. The only file of this platform that is more than C11; bare/sim_thread_none.c
 * stands in its place where there are no threads.
 *
 * The world has to know whether a thread may still do something, or a wait for ever
 * could not be told from a wait for a result. So a sleeper in port_lock_wait counts as
 * idle from the moment it lies down, and as at work again from the moment somebody
 * signals it, not only when it has got up. Sleepers therefore draw tickets and are
 * called in their order; there is no waking for no reason, and no newcomer takes the
 * call of one who slept before.
 *
 * Lock order: a port_lock_t first, the world's lock second. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier): the way to ask for POSIX */
#define _POSIX_C_SOURCE 200809L

#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "port/thread.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

enum { BRIEFLY_NS = 1000000, NS_PER_S = 1000000000 };

struct port_thread {
    pthread_t pthread;
    void (*fn)(void *arg);
    void *arg;
};

struct port_lock {
    pthread_mutex_t mutex;
    pthread_cond_t called_some; /* `called` has grown */
    size_t next_ticket;         /* every sleeper draws one */
    size_t called;              /* tickets below this may get up; <= next_ticket */
};

static struct {
    pthread_mutex_t mutex; /* the world's lock */
    pthread_cond_t roused; /* for sim__sleep_locked */
    size_t unjoined;       /* threads started and not joined */
    size_t working;        /* threads whose function has not returned */
    size_t asleep;         /* of these, in port_lock_wait and not signalled */
    bool is_real;          /* threads may be started */
} threads = {.mutex = PTHREAD_MUTEX_INITIALIZER, .roused = PTHREAD_COND_INITIALIZER};

/* True in threads of port_thread_start. */
static _Thread_local bool is_ours;

void sim__lock(void) {
    pthread_mutex_lock(&threads.mutex);
}

void sim__unlock(void) {
    pthread_mutex_unlock(&threads.mutex);
}

bool sim__threads_busy_locked(void) {
    return threads.working > threads.asleep;
}

void sim__sleep_locked(bool briefly) {
    if (!briefly) {
        pthread_cond_wait(&threads.roused, &threads.mutex);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += BRIEFLY_NS;
    if (until.tv_nsec >= NS_PER_S) {
        until.tv_nsec -= NS_PER_S;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&threads.roused, &threads.mutex, &until);
}

void sim__rouse_locked(void) {
    pthread_cond_broadcast(&threads.roused);
}

bool sim_set_threads(bool real) {
    sim__lock();
    threads.is_real = real;
    sim__unlock();
    return true;
}

void sim__threads_reset(void) {
    sim__lock();
    MK_ASSERT(threads.unjoined == 0);
    threads.is_real = false;
    sim__unlock();
}

static void *run_thread(void *arg) {
    const port_thread_t *thread = arg;
    is_ours = true;
    thread->fn(thread->arg);
    sim__lock();
    threads.working--;
    sim__rouse_locked();
    sim__unlock();
    return NULL;
}

/* Signals belong to the thread of the test, except those that tell of a fault of this
 * very thread. */
static int start_without_signals(port_thread_t *thread) {
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    sigdelset(&blocked, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int code = pthread_create(&thread->pthread, NULL, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code == 0 ? MK_OK : MK_ENOMEM;
}

static void count_thread(void) {
    sim__lock();
    threads.unjoined++;
    threads.working++;
    sim__unlock();
}

static void uncount_thread(void) {
    sim__lock();
    threads.unjoined--;
    threads.working--;
    sim__unlock();
}

int port_thread_start(port_thread_t **out, void (*fn)(void *arg), void *arg) {
    sim__lock();
    bool is_real = threads.is_real;
    sim__unlock();
    if (!is_real) return MK_ENOTSUP;
    if (sim__port_fails()) return MK_ENOMEM;
    port_thread_t *thread = mk_alloc(sizeof *thread);
    if (thread == NULL) return MK_ENOMEM;
    thread->fn = fn;
    thread->arg = arg;
    count_thread();
    int result = start_without_signals(thread);
    if (result < 0) {
        uncount_thread();
        mk_free(thread);
        return result;
    }
    *out = thread;
    return MK_OK;
}

void port_thread_join(port_thread_t *thread) {
    pthread_join(thread->pthread, NULL);
    sim__lock();
    threads.unjoined--;
    sim__unlock();
    mk_free(thread);
}

port_lock_t *port_lock_create(void) {
    if (sim__port_fails()) return NULL;
    port_lock_t *lock = mk_calloc(1, sizeof *lock);
    if (lock == NULL) return NULL;
    if (pthread_mutex_init(&lock->mutex, NULL) != 0) goto no_mutex;
    if (pthread_cond_init(&lock->called_some, NULL) != 0) goto no_cond;
    return lock;
no_cond:
    pthread_mutex_destroy(&lock->mutex);
no_mutex:
    mk_free(lock);
    return NULL;
}

void port_lock_destroy(port_lock_t *lock) {
    if (lock == NULL) return;
    pthread_cond_destroy(&lock->called_some);
    pthread_mutex_destroy(&lock->mutex);
    mk_free(lock);
}

void port_lock_acquire(port_lock_t *lock) {
    pthread_mutex_lock(&lock->mutex);
}

void port_lock_release(port_lock_t *lock) {
    pthread_mutex_unlock(&lock->mutex);
}

/* Tells the world that the caller can do nothing until it is signalled. The thread of
 * the test is not counted among those at work, so it joins them while it sleeps. False:
 * no thread is there that could signal; sleeping would be for ever. */
static bool lie_down(void) {
    sim__lock();
    bool may_sleep = is_ours || threads.working > 0;
    if (may_sleep) {
        if (!is_ours) threads.working++;
        threads.asleep++;
        sim__rouse_locked();
    }
    sim__unlock();
    return may_sleep;
}

static void get_up(void) {
    if (is_ours) return;
    sim__lock();
    threads.working--;
    sim__unlock();
}

void port_lock_wait(port_lock_t *lock) {
    if (!lie_down()) return;
    size_t ticket = lock->next_ticket++;
    while (ticket >= lock->called)
        pthread_cond_wait(&lock->called_some, &lock->mutex);
    get_up();
}

void port_lock_signal(port_lock_t *lock, bool all) {
    size_t waiting = lock->next_ticket - lock->called;
    size_t woken = all || waiting == 0 ? waiting : 1;
    if (woken == 0) return;
    lock->called += woken;
    sim__lock();
    threads.asleep -= woken;
    sim__unlock();
    pthread_cond_broadcast(&lock->called_some);
}
