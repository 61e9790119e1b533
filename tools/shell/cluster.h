/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.h - what the command line and the environment say about other nodes: the key,
 * which to mount, and where they may mount this one. */
#ifndef MK_TOOLS_SHELL_CLUSTER_H
#define MK_TOOLS_SHELL_CLUSTER_H

#include "microkernel/runtime.h"
#include "options.h"

/* Use the key, begin to mount, and listen. False: it cannot be done as it was asked
 * for, and standard error says why. The demo listens at the loopback address, if the
 * port is free. */
bool cluster_join(runtime_t *rt, const options_t *options);

#endif
