/* SPDX-License-Identifier: Apache-2.0 */
/* demo.h - a small supervised system to look at. Portable: no system call, no file.
 *
 *     demo                          one_for_one
 *       counter   /demo/counter     counts seconds, and tells its count
 *       echo      echo, /demo/echo  gives back what it gets: a WASM actor, of
 * sdk/c/echo.c workshop                    one_for_one worker  /demo/worker      does a
 * job each second; every 20th one fails it
 *
 * Each answers a message of type n with one of type n + 1: `call echo 200 hello` is
 * answered with 201 and "hello" (but 0 asks the echo to end, by the habit of modules).
 * `send /demo/worker 666 TEXT` makes the worker fail. */
#ifndef MK_TOOLS_SHELL_DEMO_H
#define MK_TOOLS_SHELL_DEMO_H

#include "microkernel/runtime.h"
#include "microkernel/wasm_actor.h"

/* What it holds on to, as long as the runtime lives. */
typedef struct {
    wasm_factory_arg_t *echo; /* owned */
} demo_t;

/* Rows for a person: what is running, and what to try. */
extern const char *const demo_welcome;

/* Start it; the actors are there before any other actor's next turn. Becomes the
 * registrar of supervisors (supervision.h). Wants ns_actor_init before. MK_OK,
 * MK_ENOMEM, or MK_EEXIST: somebody is called "echo" already. */
int demo_start(runtime_t *rt, demo_t *demo);

/* The share of runtime `index` of a group, beside the one that has the demo: a
 * supervisor with a worker, /demo/worker-<index>. As demo_start. */
int demo_start_share(runtime_t *rt, size_t index);

/* Free what demo_start took, also when it failed; once the runtime is destroyed. */
void demo_end(demo_t *demo);

#endif
