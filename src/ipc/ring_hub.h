/* SPDX-License-Identifier: Apache-2.0 */
/* ring_hub.h - what all the ring links of one runtime share: its place in the loop, and
 * the bell by which others wake it. */
#ifndef MK_IPC_RING_HUB_H
#define MK_IPC_RING_HUB_H

#include "base/list.h"
#include "ipc/bell.h"

typedef struct ring_hub ring_hub_t;

/* A link, as the hub sees it; embedded in it. */
typedef struct ring_user ring_user_t;
struct ring_user {
    list_node_t node; /* the hub's */
    ring_hub_t *hub;  /* NULL once the runtime has ended, or the user has left */
    /* Before a look of the loop: show what was put. With `sleeps`: false when there is
     * something to do. */
    bool (*before_look)(ring_user_t *user, bool sleeps);
    /* Take what has come. It may leave, or make others leave. */
    void (*after_look)(ring_user_t *user, runtime_t *rt);
};

/* The hub of a runtime, made when it is first asked for; NULL when memory is short. */
ring_hub_t *ring_hub_get(runtime_t *rt);

/* Borrowed. */
bell_t *ring_hub_bell(ring_hub_t *hub);

void ring_hub_join(ring_hub_t *hub, ring_user_t *user);
/* Also when the hub is gone already. */
void ring_hub_leave(ring_user_t *user);

#endif
