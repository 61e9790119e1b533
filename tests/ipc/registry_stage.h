/* SPDX-License-Identifier: Apache-2.0 */
/* registry_stage.h - a fleet (fleet.h) whose nodes tell each other their names. */
#ifndef MK_TESTS_IPC_REGISTRY_STAGE_H
#define MK_TESTS_IPC_REGISTRY_STAGE_H

#include "ipc/fleet.h"

#include "ipc/registry_sync.h"
#include "microkernel/error.h"

static inline runtime_t *rt_of(int node) {
    return fleet_nodes[node];
}

static inline void open_nodes(int count) {
    fleet_open(count);
    for (int i = 1; i <= count; i++)
        CHECK_EQ(registry_sync_start(rt_of(i)), MK_OK);
}

static inline void give(int node, const char *name, actor_id_t id) {
    CHECK_EQ(names_register(rt_of(node), name, id), MK_OK);
}

static inline actor_id_t lookup(int node, const char *name) {
    return actor_lookup(rt_of(node), name);
}

/* More than owners that end are waited for, and those behind them. */
static inline void pass_graces(void) {
    for (int i = 0; i < 4; i++)
        fleet_pass_ms(MK_NAME_GRACE_MS + 100);
}

#endif
