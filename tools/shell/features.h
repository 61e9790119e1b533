/* SPDX-License-Identifier: Apache-2.0 */
/* features.h - what this program is built with, for other nodes and for people. */
#ifndef MK_TOOLS_SHELL_FEATURES_H
#define MK_TOOLS_SHELL_FEATURES_H

#include "microkernel/types.h"

/* Say in the runtime's caps what actors find here: WASM, TLS, HTTP. MK_OK or
 * MK_ENOMEM. */
int features_announce(runtime_t *rt);

/* Print the version and the library that speaks TLS. */
void features_print_version(void);

#endif
