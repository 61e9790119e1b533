/* SPDX-License-Identifier: Apache-2.0 */
/* link_memory.c - pieces of the usual size are kept, a few; larger ones, for messages
 * that are larger than a batch, come from the heap and go back there. */
#include "ipc/link_memory.h"

#include "base/alloc.h"
#include "base/check.h"
#include "kernel/part.h"

#include <stddef.h>

enum { SPARES_MAX = 4 };

typedef struct {
    part_t part;
    link_piece_t *spares; /* linked by next, of MK_LINK_BATCH bytes each */
    unsigned spare_count;
    uint8_t input[MK_LINK_TURN_BYTES];
} memory_t;

static void destroy(part_t *part, runtime_t *rt) {
    memory_t *memory = MK_CONTAINER_OF(part, memory_t, part);
    (void)rt;
    while (memory->spares != NULL) {
        link_piece_t *piece = memory->spares;
        memory->spares = piece->next;
        mk_free(piece);
    }
    mk_free(memory);
}

static const part_ops_t ops = {.destroy = destroy};

/* NULL: there is none (yet, or any more). */
static memory_t *find(runtime_t *rt) {
    part_t *part = part_find(rt, &ops);
    return part != NULL ? MK_CONTAINER_OF(part, memory_t, part) : NULL;
}

uint8_t *link_input(runtime_t *rt) {
    memory_t *memory = find(rt);
    if (memory != NULL) return memory->input;
    memory = mk_alloc(sizeof *memory);
    if (memory == NULL) return NULL;
    memory->spares = NULL;
    memory->spare_count = 0;
    if (part_attach(rt, &memory->part, &ops)) return memory->input;
    mk_free(memory);
    return NULL;
}

link_piece_t *link_piece_take(runtime_t *rt, size_t size) {
    memory_t *memory = find(rt);
    link_piece_t *piece = NULL;
    if (memory != NULL && size <= MK_LINK_BATCH) piece = memory->spares;
    if (piece != NULL) {
        memory->spares = piece->next;
        memory->spare_count--;
    } else {
        size_t cap = size > MK_LINK_BATCH ? size : MK_LINK_BATCH;
        piece = mk_alloc(sizeof *piece + cap);
        if (piece == NULL) return NULL;
        piece->cap = cap;
    }
    piece->next = NULL;
    piece->begin = 0;
    piece->end = 0;
    return piece;
}

void link_piece_give(runtime_t *rt, link_piece_t *piece) {
    memory_t *memory = find(rt);
    if (memory == NULL || piece->cap != MK_LINK_BATCH ||
        memory->spare_count == SPARES_MAX) {
        mk_free(piece);
        return;
    }
    piece->next = memory->spares;
    memory->spares = piece;
    memory->spare_count++;
}
