/* SPDX-License-Identifier: Apache-2.0 */
#include "measure.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double cpu_seconds(void) {
    struct timespec spent;
    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) == 0, "reading the clock");
    return (double)spent.tv_sec + (double)spent.tv_nsec * 1e-9;
}

double resident_bytes(void) {
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    must(file != NULL, "opening /proc/self/statm");
    must(fscanf(file, "%ld %ld", &all, &resident) == 2, "reading /proc/self/statm");
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

void give_up(const char *what) {
    fprintf(stderr, "bench: %s failed\n", what);
    exit(1);
}

/* A wish: where the system does not allow it the figures are only noisier. */
static void pin_to_one_core(void) {
    static int core = -1;
    if (core < 0) core = sched_getcpu();
    if (core < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Under a virtual machine the first touch of a page may cost the host's fault as well.
 * Touch as much as a measurement needs once, so that none of them pays for it. */
static void warm_memory(void) {
    static bool is_warm;
    if (is_warm) return;
    is_warm = true;
    size_t size = (size_t)256 << 20;
    char *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    madvise(memory, size, MADV_HUGEPAGE);
    memset(memory, 1, size);
    munmap(memory, size);
}

static void work_and_tell(workload_fn workload, uint64_t count, int out) {
    double cost = workload(count);
    must(write(out, &cost, sizeof cost) == (ssize_t)sizeof cost, "telling the result");
    _exit(0);
}

bool measure_fresh(workload_fn workload, uint64_t count, double *result) {
    int ends[2];
    pin_to_one_core(); /* children inherit it */
    warm_memory();
    fflush(NULL);
    must(pipe(ends) == 0, "pipe");
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) work_and_tell(workload, count, ends[1]);
    close(ends[1]);
    ssize_t got = read(ends[0], result, sizeof *result);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status))
        fprintf(stderr, "bench: a measurement ended with signal %d\n",
                WTERMSIG(status));
    return got == (ssize_t)sizeof *result && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}
