/* SPDX-License-Identifier: Apache-2.0 */
/* console_history.h - the file in which the lines of a person are kept.
 *
 * Read once, at start; written off the loop, as a whole and in one step, soon after a
 * line came. Lines that come while a write is under way wait for the next one. */
#ifndef MK_SHELL_CONSOLE_HISTORY_H
#define MK_SHELL_CONSOLE_HISTORY_H

#include "microkernel/mk_readline.h"
#include "microkernel/runtime.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char *path;      /* owned; NULL: nothing is kept */
    uint32_t ticket; /* of the write under way; 0: none */
    bool is_dirty;   /* lines came that are in no write */
    bool has_failed; /* that was logged; it is said once */
} console_history_t;

/* Keep lines in `path` (copied; NULL: nowhere). MK_OK or MK_ENOMEM. */
int console_history_init(console_history_t *history, const char *path);
void console_history_deinit(console_history_t *history);

/* Read the file into the editor; blocks on the disk. Lines that are damaged are passed
 * over. MK_OK, also when there is no file; else why it could not be read. */
int console_history_load(const console_history_t *history, mk_readline_t *editor);

/* The editor's history has changed. In the console's turns, as the next two. */
void console_history_save(console_history_t *history, runtime_t *rt,
                          const mk_readline_t *editor);

/* MSG_OFFLOAD_DONE came. */
void console_history_saved(console_history_t *history, runtime_t *rt,
                           const mk_readline_t *editor,
                           const offload_done_payload_t *done);

/* True while a write is under way. */
static inline bool console_history_is_saving(const console_history_t *history) {
    return history->ticket != 0;
}

#endif
