/* SPDX-License-Identifier: Apache-2.0 */
/* http_receive.h - bodies of requests that are handed on as they come.
 *
 * A connection has a receiver from the handing over of a head until its body has ended:
 * its state is WAIT, or PIECES when the answer begins before that. An answer that is
 * complete ends the receiver, and the connection with it, because what comes of the
 * body is of no use any more and not told apart from a next request. */
#ifndef MK_NET_HTTP_RECEIVE_H
#define MK_NET_HTTP_RECEIVE_H

#include "net/http_server_impl.h"

struct http_receiver {
    const http_body_handler_t *handler; /* NULL: the owner of the request is told */
    void *ctx;                          /* of the handler */
    http_conn_id_t id;                  /* of the request */
    http_body_t body;
    uint64_t began_ms;     /* when the body did; later by all the time it was held up */
    uint64_t held_ms;      /* since when it is held up */
    uint64_t size;         /* bytes so far */
    bool is_wanted;        /* else it is held up: nothing is read */
    bool expects_continue; /* the peer waits for 100 */
    bool keeps_alive;      /* the connection goes on behind the body */
    char trailers[HTTP_FIELDS_STORE(HTTP_TRAILER_SIZE)];
};

/* Receive the body behind `head`, of at most `size_max` bytes. False: it was refused,
 * and the request is answered. */
bool http_receive_begin(http_conn_t *conn, const http_head_t *head,
                        const http_body_handler_t *handler, void *ctx,
                        uint64_t size_max);

/* Hand on what there is of it. False: nothing more can be done with this input now.
 * There is a receiver. */
bool http_receive_take(http_conn_t *conn, text_t *input);

/* More of the body is wanted; and: it is held up. Both are false without a receiver. */
static inline bool http_receive_wants(const http_conn_t *conn) {
    return conn->is_receiving && conn->receiver->is_wanted;
}
static inline bool http_receive_is_held(const http_conn_t *conn) {
    return conn->is_receiving && !conn->receiver->is_wanted;
}

/* It will not be complete: tell a handler (an owner is told of its request), and
 * nothing more comes of it. Also without one. */
void http_receive_lose(http_conn_t *conn);

/* Free it without a word; also without one. */
void http_receive_drop(http_conn_t *conn);

/* The same as http_receive_lose for the owner, too; and refuse the request, or cut the
 * answer off that has begun. */
void http_receive_refuse(http_conn_t *conn, int status, const char *why);

#endif
