/* SPDX-License-Identifier: Apache-2.0 */
/* flush.h - seam: work that is put off until the loop next looks at its descriptors, so
 * that what many sends have collected goes out in one system call.
 *
 * Embedded in its owner. Between two looks any number of requests is one. The work is
 * done when the actors that were ready have had their turns, before the loop looks or
 * sleeps, and before runtime_run or runtime_step returns. A loop in which nobody asks
 * pays one comparison a look. */
#ifndef MK_KERNEL_FLUSH_H
#define MK_KERNEL_FLUSH_H

#include "base/list.h"
#include "microkernel/runtime.h"

typedef struct flush flush_t;

struct flush {
    list_node_t node; /* the kernel's; alone while nothing is asked for */
    /* Called on the loop, outside any behaviour, once per request. It may ask again
     * (then the loop looks in between without sleeping), cancel others, or free its
     * owner. */
    void (*on_flush)(flush_t *flush, runtime_t *rt);
};

/* Once, before any other call. */
void flush_init(flush_t *flush, void (*on_flush)(flush_t *flush, runtime_t *rt));

/* Ask. Costs no memory and cannot fail; also when it is asked for already. */
void flush_request(runtime_t *rt, flush_t *flush);

/* Not any more; also when nothing is asked for. */
void flush_cancel(flush_t *flush);

#endif
