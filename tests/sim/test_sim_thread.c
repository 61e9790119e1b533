/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "port/clock.h"
#include "port/poller.h"
#include "port/random.h"
#include "port/thread.h"
#include "sim/sim.h"

#include <stdatomic.h>

static void do_nothing(void *arg) {
    (void)arg;
}

TEST(threads_are_refused_at_first) {
    port_thread_t *thread;
    sim_reset(1);
    CHECK_EQ(port_thread_start(&thread, do_nothing, NULL), MK_ENOTSUP);
    if (sim_set_threads(true)) {
        CHECK(sim_set_threads(false));
        CHECK_EQ(port_thread_start(&thread, do_nothing, NULL), MK_ENOTSUP);
    }
}

TEST(a_lock_is_of_use_without_threads) {
    sim_reset(1);
    port_lock_t *lock = port_lock_create();
    CHECK(lock != NULL);
    port_lock_acquire(lock);
    port_lock_signal(lock, true);
    port_lock_wait(lock); /* nobody could ever signal: comes back */
    port_lock_release(lock);
    port_lock_destroy(lock);
    port_lock_destroy(NULL);
}

static void need_threads(void) {
    sim_reset(1);
    if (!sim_set_threads(true)) test_skip("this platform has no threads");
}

static void set_and_wake(void *arg) {
    port_poller_wake(arg);
}

TEST(a_wait_for_ever_waits_for_a_thread_at_work) {
    need_threads();
    port_poller_t *poller = port_poller_open();
    port_event_t event;
    port_thread_t *thread;
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(port_thread_start(&thread, set_and_wake, poller), MK_OK);
        CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
        port_thread_join(thread);
        CHECK(!sim_is_stuck());
    }
    CHECK_EQ(sim_now_ns(), 0);
    port_poller_close(poller);
    sim_reset(1);
}

static void set_ready(void *arg) {
    sim_handle_set_ready(*(const int *)arg, PORT_POLL_IN);
}

TEST(a_thread_may_make_a_handle_ready) {
    need_threads();
    port_poller_t *poller = port_poller_open();
    port_event_t event;
    port_thread_t *thread;
    int handle = sim_handle_create();
    CHECK_EQ(port_poller_add(poller, handle, PORT_POLL_IN, &handle), MK_OK);
    CHECK_EQ(port_thread_start(&thread, set_ready, &handle), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 1);
    CHECK(event.tag == &handle);
    port_thread_join(thread);
    port_poller_close(poller);
    sim_reset(1);
}

TEST(a_thread_that_ended_without_a_wake_leaves_the_world_stuck) {
    need_threads();
    port_poller_t *poller = port_poller_open();
    port_event_t event;
    port_thread_t *thread;
    CHECK_EQ(port_thread_start(&thread, do_nothing, NULL), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
    CHECK(sim_is_stuck());
    port_thread_join(thread);
    port_poller_close(poller);
    sim_reset(1);
}

typedef struct {
    port_lock_t *lock;
    port_poller_t *poller;
    unsigned jobs;  /* to do; under the lock */
    unsigned done;  /* under the lock */
    bool is_ending; /* under the lock */
} pool_t;

static void work(void *arg) {
    pool_t *pool = arg;
    port_lock_acquire(pool->lock);
    for (;;) {
        if (pool->jobs > 0) {
            pool->jobs--;
            pool->done++;
            port_poller_wake(pool->poller);
        } else if (pool->is_ending) {
            break;
        } else {
            port_lock_wait(pool->lock);
        }
    }
    port_lock_release(pool->lock);
}

TEST(idle_workers_do_not_count_and_called_ones_do) {
    need_threads();
    enum { WORKERS = 3, JOBS = 200 };
    pool_t pool = {port_lock_create(), port_poller_open(), 0, 0, false};
    port_event_t event;
    port_thread_t *threads[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ(port_thread_start(&threads[i], work, &pool), MK_OK);
    unsigned done = 0;
    for (unsigned job = 1; job <= JOBS; job++) {
        port_lock_acquire(pool.lock);
        pool.jobs++;
        port_lock_signal(pool.lock, false);
        port_lock_release(pool.lock);
        while (done < job) {
            CHECK_EQ(port_poller_wait(pool.poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
            port_lock_acquire(pool.lock);
            done = pool.done;
            port_lock_release(pool.lock);
            CHECK(!sim_is_stuck());
        }
    }
    /* The last worker goes to sleep, then nothing can happen any more. */
    CHECK_EQ(port_poller_wait(pool.poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
    CHECK(sim_is_stuck());
    port_lock_acquire(pool.lock);
    pool.is_ending = true;
    port_lock_signal(pool.lock, true);
    port_lock_release(pool.lock);
    for (int i = 0; i < WORKERS; i++)
        port_thread_join(threads[i]);
    port_poller_close(pool.poller);
    port_lock_destroy(pool.lock);
    sim_reset(1);
}

typedef struct {
    atomic_bool may_end; /* set by virtual time */
    port_poller_t *poller;
} spinner_t;

static void spin(void *arg) {
    spinner_t *spinner = arg;
    while (!atomic_load(&spinner->may_end))
        continue;
    port_poller_wake(spinner->poller);
}

static void let_end(void *arg) {
    spinner_t *spinner = arg;
    atomic_store(&spinner->may_end, true);
}

TEST(time_goes_on_beside_a_thread_that_waits_for_it) {
    need_threads();
    spinner_t spinner;
    port_event_t event;
    port_thread_t *thread;
    atomic_init(&spinner.may_end, false);
    spinner.poller = port_poller_open();
    CHECK_EQ(sim_call_at(UINT64_C(5000000000), let_end, &spinner), MK_OK);
    CHECK_EQ(port_thread_start(&thread, spin, &spinner), MK_OK);
    CHECK_EQ(port_poller_wait(spinner.poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
    CHECK_EQ(sim_now_ns(), UINT64_C(5000000000));
    port_thread_join(thread);
    port_poller_close(spinner.poller);
    sim_reset(1);
}

typedef struct {
    port_lock_t *lock;
    bool is_done; /* under the lock */
} errand_t;

static void run_errand(void *arg) {
    errand_t *errand = arg;
    port_lock_acquire(errand->lock);
    errand->is_done = true;
    port_lock_signal(errand->lock, true);
    port_lock_release(errand->lock);
}

TEST(the_test_itself_may_wait_for_a_thread) {
    need_threads();
    errand_t errand = {port_lock_create(), false};
    port_thread_t *thread;
    CHECK_EQ(port_thread_start(&thread, run_errand, &errand), MK_OK);
    port_lock_acquire(errand.lock);
    while (!errand.is_done)
        port_lock_wait(errand.lock);
    port_lock_release(errand.lock);
    port_thread_join(thread);
    port_lock_destroy(errand.lock);
    sim_reset(1);
}

static void use_what_any_thread_may_use(void *arg) {
    unsigned char bytes[16];
    for (int i = 0; i < 200; i++) {
        (void)port_random_fill(bytes, sizeof bytes);
        (void)port_clock_monotonic_ns();
        (void)port_clock_wall_ms();
        port_poller_wake(arg);
    }
}

TEST(what_any_thread_may_call_can_meet) {
    need_threads();
    port_poller_t *poller = port_poller_open();
    port_event_t event;
    port_thread_t *threads[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQ(port_thread_start(&threads[i], use_what_any_thread_may_use, poller),
                 MK_OK);
    for (uint64_t i = 1; i <= 20; i++)
        CHECK_EQ(port_poller_wait(poller, &event, 1, i), 0);
    for (int i = 0; i < 2; i++)
        port_thread_join(threads[i]);
    port_poller_close(poller);
    sim_reset(1);
}

static void start_and_lock(void *arg) {
    (void)arg;
    CHECK(sim_set_threads(true));
    port_thread_t *thread;
    int result = port_thread_start(&thread, do_nothing, NULL);
    if (result == MK_OK) port_thread_join(thread);
    if (result != MK_OK) CHECK_EQ(result, MK_ENOMEM);
    port_lock_destroy(port_lock_create());
}

TEST(threads_and_locks_fail_cleanly) {
    need_threads();
    test_each_alloc_failure(start_and_lock, NULL);
    port_thread_t *thread;
    sim_fail_port_at(1, true);
    CHECK_EQ(port_thread_start(&thread, do_nothing, NULL), MK_ENOMEM);
    CHECK(port_lock_create() == NULL);
    sim_reset(1);
}

TEST_TABLE(sim_thread, TEST_ROW(threads_are_refused_at_first),
           TEST_ROW(a_lock_is_of_use_without_threads),
           TEST_ROW(a_wait_for_ever_waits_for_a_thread_at_work),
           TEST_ROW(a_thread_may_make_a_handle_ready),
           TEST_ROW(a_thread_that_ended_without_a_wake_leaves_the_world_stuck),
           TEST_ROW(idle_workers_do_not_count_and_called_ones_do),
           TEST_ROW(time_goes_on_beside_a_thread_that_waits_for_it),
           TEST_ROW(the_test_itself_may_wait_for_a_thread),
           TEST_ROW(what_any_thread_may_call_can_meet),
           TEST_ROW(threads_and_locks_fail_cleanly))
