/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h - worker threads for blocking calls, where the platform has threads.
 *
 * A platform without threads answers MK_ENOTSUP to port_thread_start; locks then do
 * nothing, since there is nobody to keep out. */
#ifndef MK_PORT_THREAD_H
#define MK_PORT_THREAD_H

#include <stdbool.h>

typedef struct port_thread port_thread_t;
typedef struct port_lock port_lock_t; /* a mutex with one condition */

/* Run `fn(arg)` on a new thread. MK_OK and the owned thread in `*out`; MK_ENOTSUP or
 * MK_ENOMEM. */
int port_thread_start(port_thread_t **out, void (*fn)(void *arg), void *arg);

/* Wait until the thread's function has returned; takes `thread`. */
void port_thread_join(port_thread_t *thread);

/* Returns owned; NULL when memory is short. */
port_lock_t *port_lock_create(void);
void port_lock_destroy(port_lock_t *lock); /* takes; NULL is allowed */

void port_lock_acquire(port_lock_t *lock);
void port_lock_release(port_lock_t *lock);

/* Release the lock, sleep until signalled (or for no reason), acquire it again. */
void port_lock_wait(port_lock_t *lock);

/* Wake one sleeper, or all of them. The caller holds the lock. */
void port_lock_signal(port_lock_t *lock, bool all);

#endif
