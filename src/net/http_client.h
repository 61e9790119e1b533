/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.h - one request and its answer, over a connection that is new or rested.
 *
 * A call is embedded in whoever wants something of a server: a fetch, an event stream,
 * a WebSocket. Its callbacks come on the loop, in this order and none after the last:
 *
 *     (on_room)* on_head? (on_data* on_flush)* then on_end | on_fail | on_upgrade
 *
 * The states of a call, changed by http_client.c and http_link.c only:
 *
 *   IDLE        before http_call_start, and from the last callback or http_call_cancel
 *   WAITING     all connections that its origin may have are in use
 *   CONNECTING  look-up, connecting, handshake; one deadline for all of it
 *   ACTIVE      request and answer are under way
 *
 * A request that a server may be asked twice (may_retry) and that met a connection
 * which had rested too long is asked again, once, on a new one. */
#ifndef MK_NET_HTTP_CLIENT_H
#define MK_NET_HTTP_CLIENT_H

#include "kernel/deadline.h"
#include "net/channel.h"
#include "net/http_exchange.h"
#include "net/http_pool.h"

typedef struct http_call http_call_t;

/* What a failure was about; some has words that programs know (http_failure_text). */
typedef enum {
    HTTP_FAILED_CONNECT, /* no connection */
    HTTP_FAILED_WRITE,   /* the connection broke while the request was sent */
    HTTP_FAILED_READ,    /* it broke before the answer was complete */
    HTTP_FAILED_EOF,     /* the server closed it before that */
    HTTP_FAILED_TIME,    /* a deadline passed */
    HTTP_FAILED_ANSWER, /* the answer is not HTTP, too big, or not what was asked for */
    HTTP_FAILED_LOCAL   /* memory, or this build has no TLS */
} http_failure_kind_t;

typedef struct {
    http_failure_kind_t kind;
    int reason;       /* MK_E... */
    const char *text; /* what happened; borrowed */
} http_failure_t;

typedef struct {
    /* The head was sent and the body may be given (sends_pieces); and: there is room
     * again after MK_EFULL. NULL unless sends_pieces. */
    void (*on_room)(http_call_t *call, runtime_t *rt);
    /* The final head; its texts are valid until return. */
    void (*on_head)(http_call_t *call, runtime_t *rt, const http_head_t *head);
    /* Bytes of the body; borrowed. */
    void (*on_data)(http_call_t *call, runtime_t *rt, text_t data);
    /* What one read brought was given out. NULL: not interested. */
    void (*on_flush)(http_call_t *call, runtime_t *rt);
    /* The answer is complete. */
    void (*on_end)(http_call_t *call, runtime_t *rt);
    void (*on_fail)(http_call_t *call, runtime_t *rt, const http_failure_t *failure);
    /* 101 came: takes the channel, which has an open stream and no handle, and is as
     * large as a ws_t, to be freed with mk_free; `early` came behind the head. NULL
     * unless may_upgrade. */
    void (*on_upgrade)(http_call_t *call, runtime_t *rt, channel_t *channel,
                       uint8_t *early, size_t early_size);
} http_call_events_t;

typedef struct http_link http_link_t; /* a connection of the client */

struct http_call {
    /* The caller's: set before http_call_start, and what they point at is borrowed
     * while the call is not IDLE. */
    const http_call_events_t *events;
    const char *host;      /* without brackets; NUL-terminated */
    const char *unix_path; /* the socket to use instead; NULL: none */
    text_t head;           /* of the request, complete */
    text_t body;           /* as it is sent; empty with sends_pieces */
    uint64_t body_max;     /* bytes of the answer's body that are taken */
    uint64_t total_due_ms; /* of runtime_now_ms: no later than this; 0: no such bound */
    uint32_t connect_ms;   /* each of these > 0 */
    uint32_t header_ms;    /* from the request sent to the answer's head complete */
    uint32_t idle_ms;      /* without a byte sent or received */
    uint16_t port;
    bool is_secure;    /* over TLS */
    bool is_head;      /* the method is HEAD */
    bool may_retry;    /* the method is idempotent */
    bool may_upgrade;  /* the request asks for it */
    bool sends_pieces; /* the body is given by http_call_send */
    bool is_lasting;   /* the body has no end: no idle_ms between its bytes */
    /* The client's. */
    uint8_t state;         /* see above */
    uint8_t phase;         /* what phase_due_ms is about */
    bool needs_new;        /* no rested connection */
    uint64_t phase_due_ms; /* UINT64_MAX: none */
    deadline_t deadline;
    http_origin_t *origin;
    http_link_t *link;   /* CONNECTING and ACTIVE */
    list_node_t waiting; /* WAITING: in the origin's list */
};

/* Make an IDLE call of zeroed or earlier memory; once, before its fields are set. */
void http_call_init(http_call_t *call, const http_call_events_t *events);

/* Begin. MK_OK; or MK_ENOMEM, MK_EINVAL (a host nobody can have), MK_ENOTSUP (no TLS in
 * this build): the call is IDLE then. No callback comes from within. */
int http_call_start(runtime_t *rt, http_call_t *call);

/* End a call in any state without a callback. */
void http_call_cancel(runtime_t *rt, http_call_t *call);

/* A piece of the body, as it is to be sent; all of it is copied. MK_OK; MK_EFULL:
 * nothing is sent, on_room comes; MK_ECLOSED: broken, on_fail comes; MK_ESTATE: the
 * body is complete already. `is_last`: nothing more comes behind it. */
int http_call_send(runtime_t *rt, http_call_t *call, const port_slice_t *slices,
                   size_t count, bool is_last);

/* Do not read on, so that the server has to wait; and go on. */
void http_call_pause(runtime_t *rt, http_call_t *call, bool is_paused);

/* The words that programs know for a kind, or NULL: then the failure's own. */
const char *http_failure_text(http_failure_kind_t kind);

/* Connections that a runtime's client has, and how many of them rest. */
size_t http_client_connections(runtime_t *rt, size_t *resting);

#endif
