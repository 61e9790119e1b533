/* SPDX-License-Identifier: Apache-2.0 */
/* state_files.c - the XDG base directory specification, version 0.8: state lives in
 * $XDG_STATE_HOME, which counts only when it is absolute, else in ~/.local/state. */
#include "state_files.h"

#include "microkernel/error.h"
#include "port/files.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* An owned text; NULL when memory is short. */
__attribute__((format(printf, 1, 2))) static char *make_text(const char *format, ...) {
    va_list args;
    char *text = NULL;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) text = NULL;
    va_end(args);
    return text;
}

/* NULL: nobody has a home here. */
static char *find_folder(void) {
    const char *state = getenv("XDG_STATE_HOME");
    if (state != NULL && state[0] == '/') return make_text("%s/microkernel", state);
    const char *home = getenv("HOME");
    if (home == NULL || home[0] != '/') return NULL;
    return make_text("%s/.local/state/microkernel", home);
}

void state_files_open(state_files_t *files, const char *node) {
    *files = (state_files_t){NULL, NULL, NULL};
    char *folder = find_folder();
    if (folder == NULL) return;
    int result = port_dir_create(folder);
    if (result < 0) {
        fprintf(stderr, "mk-shell: warning: no history, no crash log: %s: %s\n", folder,
                mk_error_text(result));
    } else {
        files->history = make_text("%s/history", folder);
        files->crash_log = make_text("%s/crash-%s.log", folder, node);
        files->saved = make_text("%s/saved-%s", folder, node);
    }
    free(folder);
}

void state_files_close(state_files_t *files) {
    free(files->history);
    free(files->crash_log);
    free(files->saved);
}
