/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/link_input.h"

#include "base/alloc.h"
#include "base/check.h"
#include "kernel/part.h"

#include <stddef.h>

typedef struct {
    part_t part;
    uint8_t bytes[MK_LINK_TURN_BYTES];
} input_t;

static void destroy(part_t *part, runtime_t *rt) {
    (void)rt;
    mk_free(MK_CONTAINER_OF(part, input_t, part));
}

static const part_ops_t ops = {.destroy = destroy};

uint8_t *link_input(runtime_t *rt) {
    part_t *part = part_find(rt, &ops);
    if (part != NULL) return MK_CONTAINER_OF(part, input_t, part)->bytes;
    input_t *input = mk_alloc(sizeof *input);
    if (input == NULL) return NULL;
    if (part_attach(rt, &input->part, &ops)) return input->bytes;
    mk_free(input);
    return NULL;
}
