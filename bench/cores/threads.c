/* SPDX-License-Identifier: Apache-2.0 */
#include "threads.h"

#include "measure.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

void pin_to_core(size_t index) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(index % (size_t)(count > 0 ? count : 1), &set);
    (void)sched_setaffinity(0, sizeof set, &set); /* a wish */
}

static double seconds_of(clockid_t clock) {
    struct timespec now;
    must(clock_gettime(clock, &now) == 0, "reading the clock");
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double wall_seconds(void) {
    return seconds_of(CLOCK_MONOTONIC);
}

double thread_seconds(void) {
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

typedef struct {
    void (*fn)(void *arg);
    void *arg;
    size_t core;
} job_t;

static void *run_job(void *arg) {
    const job_t *job = arg;
    pin_to_core(job->core);
    job->fn(job->arg);
    return NULL;
}

void run_two(void (*first)(void *arg), void (*second)(void *arg), void *arg) {
    job_t jobs[2] = {{first, arg, 0}, {second, arg, 1}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        must(pthread_create(&threads[i], NULL, run_job, &jobs[i]) == 0, "a thread");
    for (int i = 0; i < 2; i++)
        must(pthread_join(threads[i], NULL) == 0, "joining a thread");
}
