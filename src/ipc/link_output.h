/* SPDX-License-Identifier: Apache-2.0 */
/* link_output.h - the frames that a stream has not taken yet, in pieces. */
#ifndef MK_IPC_LINK_OUTPUT_H
#define MK_IPC_LINK_OUTPUT_H

#include "base/check.h"
#include "ipc/link_memory.h"
#include "port/sockets.h"

/* All zero: empty. */
typedef struct {
    link_piece_t *first; /* the one that is written; NULL: empty */
    link_piece_t *last;  /* the one that is filled */
    size_t size;         /* bytes in all of them */
} link_output_t;

/* Room for a frame, in one piece, when the last one has too little; the slow half of
 * link_output_add. NULL when memory is short. */
uint8_t *link_output_grow(runtime_t *rt, link_output_t *output, size_t size);

/* `size` more bytes, for the caller to fill; NULL when memory is short. */
static inline uint8_t *link_output_add(runtime_t *rt, link_output_t *output,
                                       size_t size) {
    link_piece_t *piece = output->last;
    if (MK_UNLIKELY(piece == NULL) || MK_UNLIKELY(piece->cap - piece->end < size))
        return link_output_grow(rt, output, size);
    uint8_t *room = piece->bytes + piece->end;
    piece->end += size;
    output->size += size;
    return room;
}

/* The front of what is to be written, in order. How many slices were filled; 0: empty.
 */
size_t link_output_slices(const link_output_t *output,
                          port_slice_t slices[PORT_SLICES_MAX]);

/* That many bytes of the front were written. */
void link_output_consume(runtime_t *rt, link_output_t *output, size_t size);

/* Forget all of it. */
void link_output_clear(runtime_t *rt, link_output_t *output);

#endif
