/* SPDX-License-Identifier: Apache-2.0 */
/* http_task.h - what an actor has under way with a server: the beginning that fetches,
 * event streams and the opening of WebSockets share, and how each starts and ends.
 *
 * A task is the first member of its kind's block, made with mk_calloc. It is in the
 * table of ids from its start to its end, and has the memory of its last message. */
#ifndef MK_NET_HTTP_TASK_H
#define MK_NET_HTTP_TASK_H

#include "microkernel/message.h"
#include "net/http_ask.h"
#include "net/http_table.h"

typedef struct {
    http_call_t call; /* first */
    http_handle_t handle;
    http_ask_t ask;
    message_t *outcome; /* set aside; see http_tell.h */
} http_task_t;

/* A kind of task. */
typedef struct {
    const http_call_events_t *events;
    const http_handle_ops_t *handle_ops;
    size_t size;         /* bytes of its block */
    const char *refused; /* what the log says when one cannot begin */
    /* Judge and copy what the user said. MK_OK, or an error and words in `why`. */
    int (*fill)(runtime_t *rt, http_task_t *task, const void *options,
                mk_writer_t *why);
    /* The first call; NULL: http_call_start is all. Results as of `fill`. */
    int (*begin)(runtime_t *rt, http_task_t *task, mk_writer_t *why);
    /* Free what the kind has added; NULL: nothing. */
    void (*clean)(http_task_t *task);
} http_task_kind_t;

/* The task of a call and of a handle. */
static inline http_task_t *http_task_of(http_call_t *call) {
    return (http_task_t *)(void *)call;
}
http_task_t *http_task_of_handle(http_handle_t *handle);

/* Begin one for the running actor. Results as http_fetch(). */
int http_task_start(runtime_t *rt, const http_task_kind_t *kind, const void *options,
                    http_conn_id_t *id, char *why, size_t cap);

/* The same for those whose result is an id only: the log says why there is none. */
http_conn_id_t http_task_start_or_log(runtime_t *rt, const http_task_kind_t *kind,
                                      const void *options);

/* Take it out of everything; the id and the last message are the caller's now, the
 * block is still to be freed. */
message_t *http_task_end(runtime_t *rt, http_task_t *task, http_conn_id_t *id);

/* Free the block, and the last message if it is still there. */
void http_task_free(const http_task_kind_t *kind, http_task_t *task);

#endif
