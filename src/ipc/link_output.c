/* SPDX-License-Identifier: Apache-2.0 */
/* link_output.c - a list of pieces instead of one buffer that doubles: what waits for a
 * slow peer is never moved, and what is written fits the cache. A frame is never cut
 * between two pieces, so it is written in one copy. */
#include "ipc/link_output.h"

uint8_t *link_output_grow(runtime_t *rt, link_output_t *output, size_t size) {
    link_piece_t *piece = link_piece_take(rt, size);
    if (piece == NULL) return NULL;
    if (output->last != NULL)
        output->last->next = piece;
    else
        output->first = piece;
    output->last = piece;
    piece->end = size;
    output->size += size;
    return piece->bytes;
}

size_t link_output_slices(const link_output_t *output,
                          port_slice_t slices[PORT_SLICES_MAX]) {
    size_t count = 0;
    const link_piece_t *piece = output->first;
    for (; piece != NULL && count < PORT_SLICES_MAX; piece = piece->next)
        slices[count++] =
            (port_slice_t){piece->bytes + piece->begin, piece->end - piece->begin};
    return count;
}

static void drop_first(runtime_t *rt, link_output_t *output) {
    link_piece_t *piece = output->first;
    output->first = piece->next;
    if (output->first == NULL) output->last = NULL;
    link_piece_give(rt, piece);
}

void link_output_consume(runtime_t *rt, link_output_t *output, size_t size) {
    MK_ASSERT(size <= output->size);
    output->size -= size;
    while (output->first != NULL) {
        link_piece_t *piece = output->first;
        if (size < piece->end - piece->begin) {
            piece->begin += size;
            return;
        }
        size -= piece->end - piece->begin;
        drop_first(rt, output);
    }
}

void link_output_clear(runtime_t *rt, link_output_t *output) {
    while (output->first != NULL)
        drop_first(rt, output);
    output->size = 0;
}
