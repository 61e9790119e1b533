/* SPDX-License-Identifier: Apache-2.0 */
/* inlet.h - seam: mail that comes into a loop without a descriptor, from other threads.
 *
 * The loop asks its inlets around each look. One who puts something in from another
 * thread needs to wake the loop (runtime__wake) only while the inlet has said that it
 * sleeps: so a busy loop is never woken, and a message costs no system call. */
#ifndef MK_KERNEL_INLET_H
#define MK_KERNEL_INLET_H

#include "base/list.h"
#include "microkernel/runtime.h"

typedef struct inlet inlet_t;

struct inlet {
    list_node_t node;   /* the kernel's */
    bool keeps_running; /* a reason for runtime_run to go on; the owner's to change */
    /* Before a look at the descriptors: what was collected has to be on its way now.
     * `sleeps`: the look will wait, unless this returns false because something is
     * there already; whoever puts something in from then on has to wake the loop. */
    bool (*before_look)(inlet_t *inlet, runtime_t *rt, bool sleeps);
    /* After it: nobody sleeps any more; take what has come, a bounded batch. */
    void (*after_look)(inlet_t *inlet, runtime_t *rt);
};

/* Take part in every look until closed; `inlet` is borrowed. Not inside an inlet's
 * callbacks. */
void inlet_open(runtime_t *rt, inlet_t *inlet);
void inlet_close(runtime_t *rt, inlet_t *inlet);

/* Make the loop come round: its sleep, or the next one, ends at once. Any thread, until
 * runtime_destroy has closed the inlets. */
void runtime__wake(runtime_t *rt);

/* Look at inlets, descriptors and deadlines once, without waiting, and give nobody a
 * turn. On the runtime's thread, outside its loop and any behaviour. */
void runtime__look(runtime_t *rt);

#endif
