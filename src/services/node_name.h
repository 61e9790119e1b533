/* SPDX-License-Identifier: Apache-2.0 */
/* node_name.h - the name and the number of a node from what is known about it. Pure. */
#ifndef MK_SERVICES_NODE_NAME_H
#define MK_SERVICES_NODE_NAME_H

#include "microkernel/node.h"

#include <stddef.h>

/* Where a name comes from. */
typedef struct {
    const char *given;    /* what a person chose; "" when nobody did */
    const char *platform; /* short word */
    const void *seed;     /* bytes of this machine alone */
    size_t seed_size;
} node_facts_t;

/* Write the name that follows from the facts, with its NUL. MK_OK when the given name
 * was used as it is or there was none; else what is wrong with it: MK_ETOOBIG, it was
 * cut at a character, or MK_EINVAL, it was not used. */
int node_name_make(const node_facts_t *facts, char name[MK_NODE_NAME_MAX]);

/* The number that follows from a given one ("" when there is none) and the name. MK_OK;
 * or what is wrong with the given one, which was not used: MK_EINVAL, MK_EOVERFLOW. */
int node_id_make(const char *given, const char *name, node_id_t *id);

#endif
