/* SPDX-License-Identifier: Apache-2.0 */
/* link_memory.h - memory that the links of a runtime share: into which they read, one
 * after another, and pieces for what they have to write.
 *
 * So a link that is idle holds none, and those at work use memory that is warm. */
#ifndef MK_IPC_LINK_MEMORY_H
#define MK_IPC_LINK_MEMORY_H

#include "microkernel/limits.h"
#include "microkernel/runtime.h"

/* MK_LINK_TURN_BYTES bytes that live as long as the runtime. Whoever reads into them
 * has used or copied what came before it returns to the loop. NULL when memory is
 * short: only at the first call, so a link that asked once has them. */
uint8_t *link_input(runtime_t *rt);

/* A piece of output, written from the front and filled at the end. */
typedef struct link_piece link_piece_t;
struct link_piece {
    link_piece_t *next;
    size_t begin; /* the first byte that is not written */
    size_t end;   /* behind the last that is filled */
    size_t cap;
    uint8_t bytes[];
};

/* An empty piece with room for `size` bytes at least, and for MK_LINK_BATCH; NULL when
 * memory is short. */
link_piece_t *link_piece_take(runtime_t *rt, size_t size);

/* Give a piece back. */
void link_piece_give(runtime_t *rt, link_piece_t *piece);

#endif
