/* SPDX-License-Identifier: Apache-2.0 */
/* http_task.c - how what an actor asks of a server begins and ends, whatever its kind.
 *
 * Nothing is left behind by a task that cannot begin, and no message comes of it: its
 * owner has the error from the call. */
#include "net/http_task.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/actor.h"
#include "microkernel/log.h"
#include "net/http_tell.h"

http_task_t *http_task_of_handle(http_handle_t *handle) {
    return MK_CONTAINER_OF(handle, http_task_t, handle);
}

message_t *http_task_end(runtime_t *rt, http_task_t *task, http_conn_id_t *id) {
    message_t *outcome = task->outcome;
    *id = task->handle.id;
    task->outcome = NULL;
    http_handle_close(rt, &task->handle);
    http_call_cancel(rt, &task->call);
    return outcome;
}

void http_task_free(const http_task_kind_t *kind, http_task_t *task) {
    if (kind->clean != NULL) kind->clean(task);
    http_ask_deinit(&task->ask);
    message_destroy(task->outcome);
    mk_free(task);
}

/* The id, and the call; the block is filled. */
static int begin(runtime_t *rt, const http_task_kind_t *kind, http_task_t *task,
                 actor_id_t self, mk_writer_t *why) {
    task->outcome = http_tell_reserve(self);
    if (task->outcome == NULL ||
        http_handle_open(rt, &task->handle, kind->handle_ops, self) == 0)
        return MK_ENOMEM;
    return kind->begin != NULL ? kind->begin(rt, task, why)
                               : http_call_start(rt, &task->call);
}

static int start(runtime_t *rt, const http_task_kind_t *kind, const void *options,
                 http_conn_id_t *id, mk_writer_t *why) {
    actor_id_t self = actor_self(rt);
    *id = HTTP_CONN_ID_INVALID;
    if (self == ACTOR_ID_INVALID) {
        writer_str(why, "only an actor can ask");
        return MK_EREFUSED;
    }
    http_task_t *task = mk_calloc(1, kind->size);
    if (task == NULL) return MK_ENOMEM;
    http_call_init(&task->call, kind->events);
    int result = kind->fill(rt, task, options, why);
    if (result == MK_OK) result = begin(rt, kind, task, self, why);
    if (result == MK_OK) {
        *id = task->handle.id;
        return MK_OK;
    }
    if (result == MK_ENOTSUP) writer_str(why, "this build has no TLS for https or wss");
    http_handle_close(rt, &task->handle);
    http_task_free(kind, task);
    return result;
}

int http_task_start(runtime_t *rt, const http_task_kind_t *kind, const void *options,
                    http_conn_id_t *id, char *why, size_t cap) {
    mk_writer_t w;
    writer_init(&w, why, why != NULL ? cap : 0);
    int result = rt != NULL ? start(rt, kind, options, id, &w) : MK_EINVAL;
    if (result != MK_OK && w.size == 0) writer_str(&w, mk_error_text(result));
    return result;
}

http_conn_id_t http_task_start_or_log(runtime_t *rt, const http_task_kind_t *kind,
                                      const void *options) {
    char why[256];
    http_conn_id_t id = HTTP_CONN_ID_INVALID;
    if (http_task_start(rt, kind, options, &id, why, sizeof why) == MK_OK) return id;
    log_field_t fields[] = {log_text("why", why)};
    if (rt != NULL) (void)log_event(rt, LOG_WARN, kind->refused, fields, 1);
    return HTTP_CONN_ID_INVALID;
}
