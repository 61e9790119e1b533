/* SPDX-License-Identifier: Apache-2.0 */
/* router.h - seam: delivery to ids of other nodes. */
#ifndef MK_KERNEL_ROUTER_H
#define MK_KERNEL_ROUTER_H

#include "microkernel/runtime.h"

typedef struct router router_t;

struct router {
    /* Send a copy to another node; false when it cannot be sent now. */
    bool (*send)(router_t *router, runtime_t *rt, actor_id_t source, actor_id_t dest,
                 msg_type_t type, const void *payload, size_t payload_size);
    /* True while the node can be reached. */
    bool (*is_connected)(router_t *router, runtime_t *rt, node_id_t node);
};

/* Set (or, with NULL, remove) the one router of a runtime; borrowed until replaced or
 * the runtime ends. Without one every other node is unreachable. */
void runtime_set_router(runtime_t *rt, router_t *router);

#endif
