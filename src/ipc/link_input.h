/* SPDX-License-Identifier: Apache-2.0 */
/* link_input.h - memory into which the links of a runtime read, one after another. */
#ifndef MK_IPC_LINK_INPUT_H
#define MK_IPC_LINK_INPUT_H

#include "microkernel/limits.h"
#include "microkernel/runtime.h"

/* MK_LINK_TURN_BYTES bytes that live as long as the runtime. Whoever reads into them
 * has used or copied what came before it returns to the loop. NULL when memory is
 * short: only at the first call, so a link that asked once has them. */
uint8_t *link_input(runtime_t *rt);

#endif
