/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - memory on cache lines of its own.
 *
 * What two threads write in one line they take from each other with every write, even
 * when each writes its own half. */
#ifndef MK_IPC_LINE_H
#define MK_IPC_LINE_H

#include <stddef.h>
#include <stdint.h>

enum { LINE_SIZE = 64 }; /* bytes, of the machines we run on */

/* To allocate for `size` bytes, so that line_align finds whole lines for them. */
static inline size_t line_block_size(size_t size) {
    return (size + LINE_SIZE - 1) / LINE_SIZE * LINE_SIZE + LINE_SIZE - 1;
}

/* The first place in `block` at the beginning of a line. */
static inline void *line_align(void *block) {
    size_t past = (uintptr_t)block % LINE_SIZE;
    return past == 0 ? block : (uint8_t *)block + (LINE_SIZE - past);
}

#endif
