/* SPDX-License-Identifier: Apache-2.0 */
/* poller.h - waiting for handles until a deadline, and being woken from elsewhere.
 *
 * A handle is the platform's number of something that can become ready (on Linux a file
 * descriptor). Interest and results use the bits of microkernel/watch.h, whose values
 * are those of poll(2). Readiness is level triggered. Only port_poller_wake may be
 * called from other threads or interrupt handlers. */
#ifndef MK_PORT_POLLER_H
#define MK_PORT_POLLER_H

#include <stddef.h>
#include <stdint.h>

/* As MK_POLL_... of microkernel/watch.h. */
enum {
    PORT_POLL_IN = 0x001,
    PORT_POLL_PRI = 0x002,
    PORT_POLL_OUT = 0x004,
    PORT_POLL_ERR = 0x008,
    PORT_POLL_HUP = 0x010
};

/* A deadline that never comes. */
#define PORT_WAIT_FOR_EVER UINT64_MAX

typedef struct port_poller port_poller_t;

typedef struct {
    void *tag;       /* as given to port_poller_add */
    uint32_t events; /* PORT_POLL_... bits that hold */
} port_event_t;

/* Returns owned, or NULL when the system or the heap refuses. */
port_poller_t *port_poller_open(void);

/* Takes `poller`; NULL is allowed. Handles stay open. */
void port_poller_close(port_poller_t *poller);

/* Wait for `handle` (each handle at most once per poller). MK_OK; MK_EPERM when the
 * handle cannot be waited for (a plain file), MK_EEXIST when it is there already,
 * MK_EINVAL when it is not open, MK_ENOMEM. */
int port_poller_add(port_poller_t *poller, int handle, uint32_t interest, void *tag);

/* Change interest and tag of a handle that was added. MK_OK or MK_EINVAL. */
int port_poller_change(port_poller_t *poller, int handle, uint32_t interest, void *tag);

/* Forget a handle; allowed when it is already closed. Events of it that a
 * port_poller_wait has returned already are the caller's to ignore. */
void port_poller_remove(port_poller_t *poller, int handle);

/* Wait until something is ready, the monotonic clock reaches `deadline_ns` (0: only
 * look; PORT_WAIT_FOR_EVER), or somebody wakes the poller. Returns how many events were
 * written, 0..cap; never fails (an interrupted wait returns 0). */
size_t port_poller_wait(port_poller_t *poller, port_event_t *events, size_t cap,
                        uint64_t deadline_ns);

/* Something was sent that will be answered soon: the next port_poller_wait that may
 * sleep may look for a short while first, where that makes the answer faster. */
void port_poller_expect(port_poller_t *poller);

/* Make the running or the next port_poller_wait return at once. Wakes that meet are
 * one; what a waker wrote before is seen by the loop after that wait. Any thread. */
void port_poller_wake(port_poller_t *poller);

#endif
