/* SPDX-License-Identifier: Apache-2.0 */
/* mount.h - what nodes.c asks mounts for. */
#ifndef MK_IPC_MOUNT_H
#define MK_IPC_MOUNT_H

#include "microkernel/nodes.h"
#include "microkernel/runtime.h"

/* The first mount after number `place` (0: the first of all) that is not up, in the
 * order they were begun; false: there is none. Counters and round trip stay as they
 * are. */
bool mounts_next(runtime_t *rt, uint32_t place, node_info_t *out);

#endif
