/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - one heap: picolibc's, between the end of .bss and the stack.
 *
 * That heap grows upwards and never shrinks, so what lies above its highest block was
 * never in use. This rest is one piece: it is told as the least that was ever free and
 * as the largest block to be had. Both are lower bounds; the true figures, of a heap
 * with freed pieces, would need a walk over lists that picolibc keeps to itself. */
#include "virt_impl.h"

#include "base/alloc.h"
#include "port/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { SLAB_ALIGN = 64 };

extern char __heap_start[]; /* the linker's */
extern char __heap_end[];

void port_memory_facts(port_memory_facts_t *out) {
    struct mallinfo info = mallinfo();
    size_t total = (size_t)(__heap_end - __heap_start);
    memset(out, 0, sizeof *out);
    out->total_bytes = total;
    out->free_bytes = total - (size_t)info.uordblks;
    out->min_free_bytes = total - (size_t)info.arena;
    out->largest_free_bytes = out->min_free_bytes;
}

void *port_memory_map(size_t size) {
    if (size > SIZE_MAX - SLAB_ALIGN || !mk_alloc_enter()) return NULL;
    size_t rounded = (size + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN;
    void *memory = aligned_alloc(SLAB_ALIGN, rounded > 0 ? rounded : SLAB_ALIGN);
    if (memory == NULL) mk_alloc_leave();
    return memory;
}

void port_memory_unmap(void *memory, size_t size) {
    (void)size;
    if (memory == NULL) return;
    free(memory);
    mk_alloc_leave();
}
