/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - slabs are pages of their own, so giving one back shrinks the process at
 * once; from malloc a single live block above it could keep it.
 *
 * A slab of whole 2 MiB is placed on a 2 MiB boundary and large pages are asked for:
 * with a million actors the misses in the table of pages would cost more than the
 * actors. The kernel may refuse; then they are ordinary pages. */
#include "linux_impl.h"

#include "base/alloc.h"
#include "port/memory.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { LARGE_PAGE = 2 * 1024 * 1024 };

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* `size` in whole pages, at least one; 0 when that cannot be said. */
static size_t whole_pages(size_t size) {
    size_t page = page_size();
    if (size == 0) return page;
    if (size > SIZE_MAX - page) return 0;
    return (size + page - 1) / page * page;
}

static void *map_pages(size_t size) {
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

/* Maps one large page too much and returns what lies outside the boundaries. */
static void *map_large_pages(size_t size) {
    if (size > SIZE_MAX - LARGE_PAGE) return NULL;
    unsigned char *start = map_pages(size + LARGE_PAGE);
    if (start == NULL) return NULL;
    size_t before = (size_t)(-(uintptr_t)start % LARGE_PAGE);
    if (before > 0) munmap(start, before);
    munmap(start + before + size, LARGE_PAGE - before);
    madvise(start + before, size, MADV_HUGEPAGE); /* a wish */
    return start + before;
}

void *port_memory_map(size_t size) {
    size_t mapped = whole_pages(size);
    if (mapped == 0 || !mk_alloc_enter()) return NULL;
    void *memory = NULL;
    if (mapped % LARGE_PAGE == 0) memory = map_large_pages(mapped);
    if (memory == NULL) memory = map_pages(mapped);
    if (memory == NULL) mk_alloc_leave();
    return memory;
}

void port_memory_unmap(void *memory, size_t size) {
    if (memory == NULL) return;
    munmap(memory, whole_pages(size));
    mk_alloc_leave();
}

static size_t bytes_of(uint64_t units, uint64_t unit) {
    uint64_t most = SIZE_MAX;
    return units > most / unit ? SIZE_MAX : (size_t)(units * unit);
}

/* Second number of /proc/self/statm: pages in memory. 0 when unknown. */
static uint64_t resident_pages(void) {
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    const char *at = size > 0 ? strchr(text, ' ') : NULL;
    if (at == NULL) return 0;
    uint64_t pages = 0;
    for (at++; *at >= '0' && *at <= '9'; at++)
        pages = pages * 10 + (uint64_t)(*at - '0');
    return pages;
}

void port_memory_facts(port_memory_facts_t *out) {
    memset(out, 0, sizeof *out);
    struct sysinfo info;
    if (sysinfo(&info) == 0) {
        uint64_t unit = info.mem_unit != 0 ? info.mem_unit : 1;
        out->total_bytes = bytes_of(info.totalram, unit);
        out->free_bytes = bytes_of(info.freeram, unit);
        /* An emulated 32-bit machine may be told both cut to 32 bits. */
        if (out->free_bytes > out->total_bytes) out->free_bytes = out->total_bytes;
    }
    out->resident_bytes = bytes_of(resident_pages(), page_size());
}
