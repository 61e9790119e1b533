/* SPDX-License-Identifier: Apache-2.0 */
/* node.c - who this process is, and who a runtime is when it is somebody else.
 *
 * mk_node_identity() has no runtime to keep its text in and is asked for by programs
 * before they have one, so the name is kept in a process-wide variable that is written
 * once: what it is made of (environment, host) does not change while a program runs,
 * and all threads would write the same. The state says how far that is:
 *
 *   NOTHING -> MAKING   one thread, by compare-exchange
 *   MAKING  -> READY    the same thread, with release; pairs with the acquire of
 * readers
 */
#include "microkernel/node.h"

#include "base/alloc.h"
#include "base/check.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "port/identity.h"
#include "services/node_name.h"

#include <stdatomic.h>
#include <string.h>

enum { NOTHING = 0, MAKING = 1, READY = 2 };

typedef struct {
    char name[MK_NODE_NAME_MAX];
    node_id_t id;
    int name_problem; /* MK_OK, or what was wrong with the given one */
    int id_problem;
} node_t;

/* A host name has at most 64 bytes on Linux, 255 by RFC 1123. */
enum { SEED_SIZE_MAX = 256 };

static const node_t *this_node(void) {
    static node_t node;
    static atomic_int state = NOTHING;
    if (atomic_load_explicit(&state, memory_order_acquire) == READY) return &node;
    int expected = NOTHING;
    if (atomic_compare_exchange_strong(&state, &expected, MAKING)) {
        unsigned char seed[SEED_SIZE_MAX];
        node_facts_t facts = {port_identity_given_name(), port_identity_platform(),
                              seed, port_identity_seed(seed, sizeof seed)};
        node.name_problem = node_name_make(&facts, node.name);
        node.id_problem = node_id_make(port_identity_given_id(), node.name, &node.id);
        atomic_store_explicit(&state, READY, memory_order_release);
    }
    while (atomic_load_explicit(&state, memory_order_acquire) != READY) {
        /* Another thread is half way through a few microseconds of arithmetic. */
    }
    return &node;
}

const char *mk_node_identity(void) {
    return this_node()->name;
}

node_id_t mk_node_id(void) {
    return this_node()->id;
}

int mk_node_name_problem(void) {
    return this_node()->name_problem;
}

int mk_node_id_problem(void) {
    return this_node()->id_problem;
}

/* --- a runtime that is another node --- */

typedef struct {
    part_t part;
    char name[MK_NODE_NAME_MAX];
} node_part_t;

static void destroy(part_t *part, runtime_t *rt) {
    (void)rt;
    mk_free(MK_CONTAINER_OF(part, node_part_t, part));
}

static const part_ops_t node_ops = {NULL, NULL, destroy};

static node_part_t *find_part(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &node_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, node_part_t, part) : NULL;
}

const char *node_identity(runtime_t *rt) {
    node_part_t *node = find_part(rt);
    return node != NULL ? node->name : mk_node_identity();
}

int node_set_identity(runtime_t *rt, const char *name) {
    int result = node_name_check(name);
    if (result < 0) return result;
    if (rt == NULL) return MK_EINVAL;
    node_part_t *node = find_part(rt);
    if (node == NULL) {
        node = mk_calloc(1, sizeof *node);
        if (node == NULL) return MK_ENOMEM;
        part_attach(rt, &node->part, &node_ops);
    }
    memcpy(node->name, name, strlen(name) + 1);
    return MK_OK;
}
