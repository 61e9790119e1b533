/* SPDX-License-Identifier: Apache-2.0 */
/* inlet.c - the list of a runtime's inlets; there are none or one, so walking it at
 * every look costs next to nothing. */
#include "kernel/inlet.h"

#include "base/check.h"
#include "kernel/runtime_impl.h"

#define INLET_OF(link) MK_CONTAINER_OF(link, inlet_t, node)

void inlet_open(runtime_t *rt, inlet_t *inlet) {
    list_insert_before(&rt->inlets, &inlet->node);
}

void inlet_close(runtime_t *rt, inlet_t *inlet) {
    (void)rt;
    list_remove(&inlet->node);
}

void runtime__wake(runtime_t *rt) {
    port_poller_wake(rt->poller);
}

bool inlets__keep_running(const runtime_t *rt) {
    const list_node_t *node = rt->inlets.next;
    for (; node != &rt->inlets; node = node->next)
        if (INLET_OF(node)->keeps_running) return true;
    return false;
}

bool inlets__before_look(runtime_t *rt, bool sleeps) {
    const list_node_t *node = rt->inlets.next;
    for (; node != &rt->inlets; node = node->next) {
        inlet_t *inlet = INLET_OF(node);
        if (!inlet->before_look(inlet, rt, sleeps)) sleeps = false;
    }
    return sleeps;
}

void inlets__after_look(runtime_t *rt) {
    const list_node_t *node = rt->inlets.next;
    for (; node != &rt->inlets; node = node->next) {
        inlet_t *inlet = INLET_OF(node);
        inlet->after_look(inlet, rt);
    }
}
