/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "port/thread.h"

#include <pthread.h>
#include <signal.h>

static void set_to_7(void *arg) {
    *(int *)arg = 7;
}

TEST(a_thread_runs_its_function_and_is_joined) {
    int value = 0; /* guarded by the join */
    port_thread_t *thread;
    CHECK_EQ(port_thread_start(&thread, set_to_7, &value), MK_OK);
    port_thread_join(thread);
    CHECK_EQ(value, 7);
}

typedef struct {
    bool blocks_term;
    bool blocks_int;
    bool blocks_winch;
    bool blocks_fault;
} mask_t;

static mask_t current_mask(void) {
    sigset_t blocked;
    sigemptyset(&blocked);
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    return (mask_t){
        sigismember(&blocked, SIGTERM) == 1, sigismember(&blocked, SIGINT) == 1,
        sigismember(&blocked, SIGWINCH) == 1, sigismember(&blocked, SIGSEGV) == 1};
}

static void look_at_mask(void *arg) {
    *(mask_t *)arg = current_mask();
}

TEST(signals_stay_with_the_loop_and_faults_with_the_thread) {
    mask_t mask = {false, false, false, true};
    port_thread_t *thread;
    CHECK_EQ(port_thread_start(&thread, look_at_mask, &mask), MK_OK);
    port_thread_join(thread);
    CHECK(mask.blocks_term);
    CHECK(mask.blocks_int);
    CHECK(mask.blocks_winch);
    CHECK(!mask.blocks_fault);
    CHECK(!current_mask().blocks_term);
}

enum { WORKERS = 4, ROUNDS = 500 };

typedef struct {
    port_lock_t *lock;
    unsigned counter; /* under the lock */
    unsigned round;   /* under the lock; workers wait for it to grow */
    unsigned arrived; /* under the lock; workers done with this round */
} shared_t;

static void keep_pace(void *arg) {
    shared_t *shared = arg;
    port_lock_acquire(shared->lock);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        while (shared->round < round)
            port_lock_wait(shared->lock);
        shared->counter++;
        shared->arrived++;
        port_lock_signal(shared->lock, true);
    }
    port_lock_release(shared->lock);
}

TEST(a_lock_excludes_and_its_condition_wakes) {
    shared_t shared = {port_lock_create(), 0, 0, 0};
    port_thread_t *threads[WORKERS];
    CHECK(shared.lock != NULL);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ(port_thread_start(&threads[i], keep_pace, &shared), MK_OK);
    port_lock_acquire(shared.lock);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        shared.round = round;
        port_lock_signal(shared.lock, true);
        while (shared.arrived < WORKERS)
            port_lock_wait(shared.lock);
        shared.arrived = 0;
    }
    port_lock_release(shared.lock);
    for (int i = 0; i < WORKERS; i++)
        port_thread_join(threads[i]);
    CHECK_EQ(shared.counter / ROUNDS, WORKERS);
    CHECK_EQ(shared.counter % ROUNDS, 0);
    port_lock_destroy(shared.lock);
    port_lock_destroy(NULL);
}

typedef struct {
    port_lock_t *lock;
    unsigned tickets; /* under the lock */
} queue_t;

static void take_one(void *arg) {
    queue_t *queue = arg;
    port_lock_acquire(queue->lock);
    while (queue->tickets == 0)
        port_lock_wait(queue->lock);
    queue->tickets--;
    port_lock_release(queue->lock);
}

TEST(one_signal_is_enough_for_one_sleeper) {
    queue_t queue = {port_lock_create(), 0};
    port_thread_t *threads[WORKERS];
    CHECK(queue.lock != NULL);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ(port_thread_start(&threads[i], take_one, &queue), MK_OK);
    for (int i = 0; i < WORKERS; i++) {
        port_lock_acquire(queue.lock);
        queue.tickets++;
        port_lock_signal(queue.lock, false);
        port_lock_release(queue.lock);
    }
    for (int i = 0; i < WORKERS; i++)
        port_thread_join(threads[i]);
    CHECK_EQ(queue.tickets, 0);
    port_lock_destroy(queue.lock);
}

static void start_and_lock(void *arg) {
    int value = 0;
    (void)arg;
    port_thread_t *thread;
    int result = port_thread_start(&thread, set_to_7, &value);
    if (result == MK_OK) port_thread_join(thread);
    if (result != MK_OK) CHECK_EQ(result, MK_ENOMEM);
    CHECK_EQ(value, result == MK_OK ? 7 : 0);
    port_lock_destroy(port_lock_create());
}

TEST(threads_and_locks_fail_cleanly_without_memory) {
    test_each_alloc_failure(start_and_lock, NULL);
}

TEST_TABLE(thread, TEST_ROW(a_thread_runs_its_function_and_is_joined),
           TEST_ROW(signals_stay_with_the_loop_and_faults_with_the_thread),
           TEST_ROW(a_lock_excludes_and_its_condition_wakes),
           TEST_ROW(one_signal_is_enough_for_one_sleeper),
           TEST_ROW(threads_and_locks_fail_cleanly_without_memory))
