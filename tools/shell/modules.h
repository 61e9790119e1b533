/* SPDX-License-Identifier: Apache-2.0 */
/* modules.h - where the WASM modules are that came with mk-shell. */
#ifndef MK_TOOLS_SHELL_MODULES_H
#define MK_TOOLS_SHELL_MODULES_H

/* The folder, owned (free); NULL: it cannot be told, or memory is short. */
char *modules_find(void);

#endif
