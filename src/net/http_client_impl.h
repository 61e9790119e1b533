/* SPDX-License-Identifier: Apache-2.0 */
/* http_client_impl.h - the client of a runtime, as the files of it share it:
 *
 *   http_client.c  calls: deadlines, failures, which connection each gets
 *   http_link.c    one connection: connecting, the request out, the answer in
 *
 * Invariants: (1) link->call == call exactly when call->link == link. (2) A link rests
 * exactly when it has no call and is connected. (3) While a link is fed,
 * client->fed is that link; whoever ends it clears that, and the feeder stops. */
#ifndef MK_NET_HTTP_CLIENT_IMPL_H
#define MK_NET_HTTP_CLIENT_IMPL_H

#include "kernel/part.h"
#include "net/connector.h"
#include "net/http_client.h"
#include "net/http_secure.h"

/* States of a call, see http_client.h. */
enum { HTTP_CALL_IDLE, HTTP_CALL_WAITING, HTTP_CALL_CONNECTING, HTTP_CALL_ACTIVE };

/* What the deadline of a call waits for. */
enum {
    HTTP_FOR_NOTHING,
    HTTP_FOR_CONNECTION,
    HTTP_FOR_SENDING,
    HTTP_FOR_HEAD,
    HTTP_FOR_BODY
};

typedef struct {
    part_t part;
    http_pool_t pool;
    list_node_t links; /* all of them */
    size_t link_count;
    http_link_t *fed; /* see (3) */
    char *store;      /* of the head that is being read */
} http_client_t;

struct http_link {
    channel_t channel; /* first: it may become a WebSocket */
    http_client_t *client;
    http_rest_t rest;
    list_node_t in_client;
    connector_t *connector;    /* until it is connected */
    http_secure_wait_t secure; /* then, until it is known whom to trust */
    http_call_t *call;
    size_t body_sent; /* bytes of the call's body given to the channel */
    char *kept;       /* the unfinished head between two reads; NULL: none */
    bool was_used;    /* it has answered before */
    bool is_sent;     /* the whole request was given to the channel */
    bool has_ended;   /* the server will send no more */
    http_exchange_t exchange;
    char trailers[EXCHANGE_TRAILERS_SIZE];
};

/* --- http_client.c --- */

/* Wait for something else, for so long. */
void http_call_begin_phase(runtime_t *rt, http_call_t *call, uint8_t phase,
                           uint32_t ms);

/* A call and its link part: it is IDLE, and what was its link is returned. */
http_link_t *http_call_detach(runtime_t *rt, http_call_t *call);

/* The call has failed: its link ends, somebody else may have its place, and then the
 * user is told. */
void http_call_fail(runtime_t *rt, http_call_t *call, http_failure_kind_t kind,
                    int reason, const char *text);

/* The connection broke. If it had rested, and nothing came, the server has only grown
 * tired of it: once more, on a new one. */
void http_call_fail_or_retry(runtime_t *rt, http_call_t *call, http_failure_kind_t kind,
                             int reason, const char *text);

/* The same, for what the stream or the channel of the link says. */
void http_call_fail_broken(runtime_t *rt, http_call_t *call, http_failure_kind_t kind);

/* Connections for those who wait, as many as there may be; then the origin may go. */
void http_client_serve(runtime_t *rt, http_client_t *client, http_origin_t *origin);

/* --- http_link.c --- */

/* A link of its own for the call. MK_OK, or an error: the call is as before. */
int http_link_connect(runtime_t *rt, http_client_t *client, http_call_t *call);

/* Send the request of `call` on a connected link. False: the link broke; both are still
 * together. */
bool http_link_begin(runtime_t *rt, http_link_t *link, http_call_t *call);

/* End a link without a call. */
void http_link_end(runtime_t *rt, http_link_t *link, bool in_order);

#endif
