/* SPDX-License-Identifier: Apache-2.0 */
/* http_table.h - the ids of microkernel/http.h: what each stands for and who owns it.
 *
 * One table for client and server, so that a call with an id finds its exchange
 * whatever that is. A handle is embedded in the exchange; when its owner ends, its
 * `close` is called. */
#ifndef MK_NET_HTTP_TABLE_H
#define MK_NET_HTTP_TABLE_H

#include "base/list.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"

typedef struct http_handle http_handle_t;

/* What can be done with an exchange. Each also says what kind it is: kinds are compared
 * by the address of their ops. */
typedef struct {
    /* End it without a message: actor_http_close, the end of its owner, or of the
     * runtime. Must close the handle. Not NULL. */
    void (*close)(runtime_t *rt, http_handle_t *handle);
} http_handle_ops_t;

struct http_handle {
    http_conn_id_t id;            /* 0: not in the table */
    actor_id_t owner;             /* 0: nobody */
    list_node_t siblings;         /* other exchanges of that owner */
    const http_handle_ops_t *ops; /* not NULL */
};

/* Put a handle into the table. Its id, or 0 when memory is short; or the owner, unless
 * it is 0, does not live here. */
http_conn_id_t http_handle_open(runtime_t *rt, http_handle_t *handle,
                                const http_handle_ops_t *ops, actor_id_t owner);

/* Let `to` stand for the id and owner of `from`, which leaves the table. */
void http_handle_move(runtime_t *rt, http_handle_t *from, http_handle_t *to,
                      const http_handle_ops_t *ops);

/* Take a handle out of the table; one that is not in it is left alone. */
void http_handle_close(runtime_t *rt, http_handle_t *handle);

/* The handle of an id when its ops are `ops` (NULL: any), or NULL. */
http_handle_t *http_handle_find(runtime_t *rt, http_conn_id_t id,
                                const http_handle_ops_t *ops);

/* The same, only when the running actor owns it. */
http_handle_t *http_handle_find_own(runtime_t *rt, http_conn_id_t id,
                                    const http_handle_ops_t *ops);

#endif
