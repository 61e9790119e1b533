/* SPDX-License-Identifier: Apache-2.0 */
/* module_folder.h - where the WASM modules are that came with mk-shell. */
#ifndef MK_TOOLS_SHELL_MODULE_FOLDER_H
#define MK_TOOLS_SHELL_MODULE_FOLDER_H

/* The folder, owned (free); NULL: it cannot be told, or memory is short. */
char *module_folder_find(void);

#endif
