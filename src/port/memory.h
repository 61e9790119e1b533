/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - slabs for block pools, and what is known about the heap. */
#ifndef MK_PORT_MEMORY_H
#define MK_PORT_MEMORY_H

#include <stddef.h>

typedef struct {
    size_t total_bytes;        /* heap in all; 0 when unknown */
    size_t free_bytes;         /* not in use */
    size_t min_free_bytes;     /* least that was ever free; 0 when unknown */
    size_t largest_free_bytes; /* largest block to be had; 0 when unknown */
    size_t resident_bytes;     /* of this process in memory; 0 when unknown */
} port_memory_facts_t;

/* What the platform knows about memory now. May read a small system file; does not
 * belong on a hot path. */
void port_memory_facts(port_memory_facts_t *out);

/* Memory for one slab, aligned to 64 bytes, its content undefined; NULL when there is
 * none. On Linux whole pages from the system (large pages are asked for when `size` is
 * a multiple of 2 MiB), so that giving a slab back really gives it back; on a chip the
 * heap. Any thread. */
void *port_memory_map(size_t size);

/* Give back what port_memory_map returned for the same size. */
void port_memory_unmap(void *memory, size_t size);

#endif
