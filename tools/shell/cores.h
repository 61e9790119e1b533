/* SPDX-License-Identifier: Apache-2.0 */
/* cores.h - the other runtimes of `mk-shell --cores N`: nodes of their own beside the
 * one that has the shell. */
#ifndef MK_TOOLS_SHELL_CORES_H
#define MK_TOOLS_SHELL_CORES_H

#include "options.h"

#include "microkernel/runtime_group.h"

/* Start them, each with its services and, with --demo, a share of the demo. They run
 * on; `rt` is the first of the group and stays the caller's to run. MK_OK and the owned
 * group, NULL when there is one core; or an error of runtime_group_start. `options` are
 * borrowed until that group is destroyed. */
int cores_start(runtime_t *rt, const options_t *options, runtime_group_t **out);

#endif
