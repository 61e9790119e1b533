/* SPDX-License-Identifier: Apache-2.0 */
/* ring_hub.c - an inlet of the loop that goes through the runtime's ring links. */
#include "ipc/ring_hub.h"

#include "base/alloc.h"
#include "base/check.h"
#include "kernel/inlet.h"
#include "kernel/part.h"

struct ring_hub {
    part_t part;
    inlet_t inlet;
    bell_t *bell;
    list_node_t users; /* ring_user_t.node */
    list_node_t *next; /* of the walk that goes on: whose turn is next; else NULL */
};

#define USER_OF(link) MK_CONTAINER_OF(link, ring_user_t, node)

static bool before_look(inlet_t *inlet, runtime_t *rt, bool sleeps) {
    (void)rt;
    ring_hub_t *hub = MK_CONTAINER_OF(inlet, ring_hub_t, inlet);
    if (sleeps) bell_lie_down(hub->bell);
    bool is_quiet = true;
    for (list_node_t *node = hub->users.next; node != &hub->users; node = node->next)
        if (!USER_OF(node)->before_look(USER_OF(node), sleeps)) is_quiet = false;
    return is_quiet;
}

static void after_look(inlet_t *inlet, runtime_t *rt) {
    ring_hub_t *hub = MK_CONTAINER_OF(inlet, ring_hub_t, inlet);
    bell_get_up(hub->bell);
    list_node_t *node = hub->users.next;
    while (node != &hub->users) {
        hub->next = node->next; /* moves on when that one leaves */
        USER_OF(node)->after_look(USER_OF(node), rt);
        node = hub->next;
    }
    hub->next = NULL;
}

static void destroy(part_t *part, runtime_t *rt) {
    ring_hub_t *hub = MK_CONTAINER_OF(part, ring_hub_t, part);
    inlet_close(rt, &hub->inlet);
    while (!list_is_empty(&hub->users))
        ring_hub_leave(USER_OF(hub->users.next));
    bell_mute(hub->bell);
    bell_drop(hub->bell);
    mk_free(hub);
}

static const part_ops_t hub_ops = {NULL, NULL, destroy};

ring_hub_t *ring_hub_get(runtime_t *rt) {
    part_t *part = part_find(rt, &hub_ops);
    if (part != NULL) return MK_CONTAINER_OF(part, ring_hub_t, part);
    ring_hub_t *hub = mk_calloc(1, sizeof *hub);
    if (hub == NULL) return NULL;
    hub->bell = bell_create(rt);
    if (hub->bell == NULL) {
        mk_free(hub);
        return NULL;
    }
    list_init(&hub->users);
    hub->inlet.before_look = before_look;
    hub->inlet.after_look = after_look;
    inlet_open(rt, &hub->inlet);
    part_attach(rt, &hub->part, &hub_ops);
    return hub;
}

bell_t *ring_hub_bell(ring_hub_t *hub) {
    return hub->bell;
}

void ring_hub_join(ring_hub_t *hub, ring_user_t *user) {
    user->hub = hub;
    list_insert_before(&hub->users, &user->node);
    hub->inlet.keeps_running = true;
}

void ring_hub_leave(ring_user_t *user) {
    ring_hub_t *hub = user->hub;
    if (hub == NULL) return;
    user->hub = NULL;
    if (hub->next == &user->node) hub->next = user->node.next;
    list_remove(&user->node);
    hub->inlet.keeps_running = !list_is_empty(&hub->users);
}
