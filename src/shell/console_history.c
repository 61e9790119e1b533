/* SPDX-License-Identifier: Apache-2.0 */
/* console_history.c - see console_history.h.
 *
 * Chosen: the whole file is replaced at each line, which is at most some kilobytes and
 * needs no clean-up of a file that grows. Rejected: writing at the end of the session,
 * because sessions end by power cuts too. Of two sessions at the same time the one that
 * writes last decides what the file holds. */
#include "shell/console_history.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "port/files.h"
#include "shell/history.h"

#include <string.h>

enum { HISTORY_FILE_MAX = MK_RL_MAX_HISTORY * HISTORY_ROW_MAX };

/* A write: one block, so that it is made or not made. */
typedef struct {
    int result;       /* of port_file_replace */
    const char *path; /* behind `bytes` */
    size_t size;
    char bytes[];
} save_t;

int console_history_init(console_history_t *history, const char *path) {
    *history = (console_history_t){.path = NULL};
    if (path == NULL) return MK_OK;
    size_t size = strlen(path) + 1;
    history->path = mk_alloc(size);
    if (history->path == NULL) return MK_ENOMEM;
    memcpy(history->path, path, size);
    return MK_OK;
}

void console_history_deinit(console_history_t *history) {
    mk_free(history->path);
    history->path = NULL;
}

int console_history_load(const console_history_t *history, mk_readline_t *editor) {
    void *bytes = NULL;
    size_t size = 0;
    if (history->path == NULL) return MK_OK;
    int result = port_file_read(history->path, HISTORY_FILE_MAX, &bytes, &size);
    if (result == MK_ENOENT) return MK_OK;
    if (result < 0) return result;
    (void)history_read(editor, bytes, size);
    mk_free(bytes);
    return MK_OK;
}

static void *write_file(void *arg) {
    save_t *save = arg;
    save->result = port_file_replace(save->path, save->bytes, save->size);
    return save;
}

/* Bytes that the rows can take. */
static size_t room_for(const mk_readline_t *editor) {
    size_t room = 0;
    for (size_t i = 0; i < mk_rl_history_count(editor); i++)
        room += 4 * strlen(mk_rl_history_get(editor, i)) + 1;
    return room;
}

void console_history_save(console_history_t *history, runtime_t *rt,
                          const mk_readline_t *editor) {
    if (history->path == NULL) return;
    history->is_dirty = true;
    if (history->ticket != 0) return;
    size_t room = room_for(editor);
    size_t path_size = strlen(history->path) + 1;
    save_t *save = mk_alloc(sizeof *save + room + path_size);
    if (save == NULL) return; /* the next line tries again */
    int size = history_write(editor, save->bytes, room);
    save->size = size > 0 ? (size_t)size : 0;
    save->path = memcpy(save->bytes + room, history->path, path_size);
    history->ticket = runtime_offload(rt, write_file, save, mk_free);
    if (history->ticket == 0)
        mk_free(save);
    else
        history->is_dirty = false;
}

void console_history_saved(console_history_t *history, runtime_t *rt,
                           const mk_readline_t *editor,
                           const offload_done_payload_t *done) {
    if (done->ticket != history->ticket) return;
    save_t *save = done->result;
    int result = save->result;
    mk_free(save);
    history->ticket = 0;
    if (result < 0 && !history->has_failed) {
        history->has_failed = true;
        actor_log(rt, LOG_WARN, "history is not kept: %s: %s", history->path,
                  mk_error_text(result));
    }
    if (history->is_dirty) console_history_save(history, rt, editor);
}
