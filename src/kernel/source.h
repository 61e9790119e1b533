/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - seam: something the loop can wait for.
 *
 * Embedded in its owner (a watch, a stream, a listener). A runtime with an open source
 * that is not quiet has a reason to go on running. */
#ifndef MK_KERNEL_SOURCE_H
#define MK_KERNEL_SOURCE_H

#include "microkernel/runtime.h"
#include "microkernel/watch.h"

typedef struct source source_t;

struct source {
    int handle;        /* of the platform's poller */
    uint16_t interest; /* MK_POLL_... bits */
    bool is_quiet;     /* true: does not keep runtime_run going by itself */
    /* The handle is ready; called on the loop, outside any behaviour. It may close this
     * or any other source. */
    void (*on_ready)(source_t *source, runtime_t *rt, uint32_t events);
};

/* Begin to wait. MK_OK or an error of port_poller_add; then nothing is kept. */
int source_open(runtime_t *rt, source_t *source);

/* Change the interest. MK_OK or MK_EINVAL. */
int source_change(runtime_t *rt, source_t *source, uint32_t interest);

/* As source_change, also when the handle was closed meanwhile and its number given to
 * another one. MK_OK or an error of port_poller_add. */
int source_renew(runtime_t *rt, source_t *source, uint32_t interest);

/* Let an open source keep runtime_run going, or not, from now on. */
void source_set_quiet(runtime_t *rt, source_t *source, bool is_quiet);

/* Do not wait for a while, until source_renew; it stays a reason to go on running. */
void source_pause(runtime_t *rt, source_t *source);

/* Stop waiting; on_ready will not be called again, also not for readiness that was
 * already found. The handle stays open. */
void source_close(runtime_t *rt, source_t *source);

/* Something small was sent that will be answered soon: before the loop next sleeps it
 * may look for MK_BUSY_WAIT_US first (see port_poller_expect). */
void source_expect_answer(runtime_t *rt);

/* How often the loop has looked for events. What a clock said is good enough for as
 * long as this is the same. */
uint64_t source_round(const runtime_t *rt);

/* Inside on_ready of this source: whether it is still open, although what was called
 * from there may have closed and even freed it. */
bool source_is_served(const runtime_t *rt, const source_t *source);

#endif
