/* SPDX-License-Identifier: Apache-2.0 */
/* main_faults.c - ends in the way that its argument names, so that run.sh can see how
 * each end reaches the host. */
#include "arguments.h"

#include "../virt_impl.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    int (*end)(void); /* returns the exit code, if it returns */
} end_t;

extern char __stack[]; /* the linker's: where the stack begins and the RAM ends */

static int return_zero(void) {
    return 0;
}

static int return_three(void) {
    return 3;
}

/* The first word behind the RAM: there really is no more than was asked for. */
static int load_behind_ram(void) {
    return *(volatile int *)__stack;
}

static int run_no_instruction(void) {
    __asm__ volatile(".word 0");
    return 0;
}

/* Deeper by 512 bytes per call; the compiler may not make a loop of it. */
static int descend(int depth) {
    volatile char frame[512];
    memset((char *)frame, depth & 0x7f, sizeof frame);
    if (depth > 0) return descend(depth - 1) + frame[3];
    return frame[0];
}

static int use_up_stack(void) {
    return descend(1000);
}

static int fail_assertion(void) {
    volatile int zero = 0;
    assert(zero == 1);
    return 0;
}

static int sleep_for_ever(void) {
    puts("good night");
    for (;;)
        virt__sleep();
    return 0;
}

static const end_t ends[] = {
    {"zero", return_zero},     {"three", return_three},
    {"load", load_behind_ram}, {"illegal", run_no_instruction},
    {"stack", use_up_stack},   {"assert", fail_assertion},
    {"hang", sleep_for_ever},
};

int main(void) {
    char *argv[ARGUMENTS_MAX + 1];
    int argc = arguments_read("faults", argv);
    for (size_t i = 0; argc == 2 && i < sizeof ends / sizeof ends[0]; i++) {
        if (strcmp(argv[1], ends[i].name) == 0) return ends[i].end();
    }
    puts("faults: one argument that names an end");
    return 2;
}
