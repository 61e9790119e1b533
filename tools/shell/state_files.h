/* SPDX-License-Identifier: Apache-2.0 */
/* state_files.h - where mk-shell keeps what outlives it. */
#ifndef MK_TOOLS_SHELL_STATE_FILES_H
#define MK_TOOLS_SHELL_STATE_FILES_H

/* Paths, owned; NULL: there is no place for it. */
typedef struct {
    char *history;
    char *crash_log;
    char *saved; /* folder of what actors save */
} state_files_t;

/* Find and make the folder; `node` names the crash log. A problem is said on standard
 * error, as a warning: the shell works without. */
void state_files_open(state_files_t *files, const char *node);
void state_files_close(state_files_t *files);

#endif
