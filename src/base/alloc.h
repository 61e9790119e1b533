/* SPDX-License-Identifier: Apache-2.0 */
/* alloc.h - the one gate to the heap.
 *
 * Everything the library allocates passes through here, so that a test can make any
 * single allocation fail and can prove that nothing was leaked. The gate is process
 * wide, as the heap behind it is; it may be used from any thread. */
#ifndef MK_BASE_ALLOC_H
#define MK_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* As malloc, calloc, realloc and free; size 0 gives a unique block. NULL when the heap
 * (or the injected fault) says no. realloc leaves the old block alone on failure. */
void *mk_alloc(size_t size);
void *mk_calloc(size_t count, size_t size);
void *mk_realloc(void *block, size_t size);
void mk_free(void *block);

/* For memory that comes from elsewhere (the platform's pages) and shall be counted and
 * fail like the heap: ask before taking it, tell after giving it back. False: fail. */
bool mk_alloc_enter(void);
void mk_alloc_leave(void);

/* Blocks handed out and not yet freed. */
size_t mk_alloc_live(void);

/* Make the `nth` allocation from now on fail (1 = the next), and with `for_ever` all
 * that follow it. 0 switches faults off. For tests; single-threaded use. */
void mk_alloc_fail_at(size_t nth, bool for_ever);

/* True when the fault of the last mk_alloc_fail_at was reached. */
bool mk_alloc_fail_hit(void);

#endif
