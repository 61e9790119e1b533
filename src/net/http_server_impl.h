/* SPDX-License-Identifier: Apache-2.0 */
/* http_server_impl.h - the server of a runtime, its ports and their connections, as the
 * files of the server share them:
 *
 *   http_server.c  the service, its ports, stopping
 *   http_conn.c    the life of a connection: events, clocks, its end
 *   http_input.c   what is read and kept, and to whom requests are handed over
 *   http_receive.c bodies that are handed on in pieces
 *   http_answer.c  what is written: answers, streams of events, upgrades
 *   http_calls.c   the published functions
 *   http_files.c   folders served as files
 *   http_port_tls.c  the certificate of a port
 */
#ifndef MK_NET_HTTP_SERVER_IMPL_H
#define MK_NET_HTTP_SERVER_IMPL_H

#include "base/list.h"
#include "kernel/part.h"
#include "kernel/pool.h"
#include "microkernel/http.h"
#include "net/channel.h"
#include "net/http_body.h"
#include "net/http_build.h"
#include "net/http_parse.h"
#include "net/http_port_tls.h"
#include "net/http_route.h"
#include "net/listener.h"
#include "net/sse_parse.h"
#include "net/ws.h"

enum {
    HTTP_HEAD_CAP = MK_HTTP_FIELDS_SIZE_MAX + 1024, /* bytes of the head of an answer */
    HTTP_DATE_CAP = 48,                             /* "Date: Tue, 24 Nov 2026 ..." */
    HTTP_TRAILER_SIZE = 1024 /* bytes of trailers of a request: read, then dropped */
};

typedef struct http_service http_service_t;
typedef struct http_port http_port_t;
typedef struct http_conn http_conn_t;
typedef struct http_receiver http_receiver_t; /* see http_receive.h */

/* The server of a runtime. */
struct http_service {
    part_t part;
    runtime_t *rt;
    http_routes_t *routes; /* NULL: none */
    list_node_t ports; /* http_port_t.in_service; also closed ones with connections */
    pool_t blocks;     /* of connections */
    deadline_t grace;  /* armed while it stops */
    actor_id_t keeper; /* lives while a port without an owner does; 0: none */
    bool is_stopping;
    http_counters_t counts;      /* but for what is worked out when asked */
    uint64_t date_s;             /* second that `date` says */
    uint64_t date_round;         /* source_round when the clock was asked */
    uint8_t date_size;           /* bytes of `date`; 0: it was never asked */
    char date[HTTP_DATE_CAP];    /* a field */
    const http_head_t *handled;  /* head of the request being handed over, or NULL */
    http_parser_t parser;        /* of the head being read */
    http_limits_t limits;        /* of heads */
    http_host_memo_t host;       /* for whom the last request was */
    http_headers_memo_t headers; /* of the last answer */
    char *store;                 /* its store, shared by all connections */
    char head[HTTP_HEAD_CAP];    /* room to build one */
};

/* A place where it listens, and how. */
struct http_port {
    listener_t listener;
    http_service_t *service;
    list_node_t in_service;
    list_node_t conns; /* http_conn_t.in_port; those that idle, longest first */
    size_t conns_len;
    http_port_tls_t *tls;          /* owned; NULL: plain */
    http_listen_options_t options; /* with the defaults filled in; no address or tls */
    ws_options_t ws_options;
    uint16_t number; /* of the port; 0: unix */
    bool is_closed;  /* no more connections; goes with the last one */
};

/* What a connection is at. Changed by http_conn.c, http_input.c and http_answer.c. */
typedef enum {
    HTTP_CONN_FRESH,   /* nothing came yet: header deadline */
    HTTP_CONN_IDLE,    /* between requests: idle deadline */
    HTTP_CONN_HEAD,    /* a part of a head came; `pending` has it: header deadline */
    HTTP_CONN_BODY,    /* a body is being read, into `pending`: body deadline */
    HTTP_CONN_WAIT,    /* a request was handed over: handler deadline */
    HTTP_CONN_PIECES,  /* its answer comes in pieces: handler deadline */
    HTTP_CONN_EVENTS,  /* an event stream: heartbeat */
    HTTP_CONN_CLOSING, /* the last output is being written: write deadline */
    HTTP_CONN_UPGRADE, /* 101 is sent, ws_start comes */
    HTTP_CONN_SHAKES   /* a handshake of TLS, which has its own deadline */
} http_conn_state_t;

/* What the deadline is for. */
enum {
    HTTP_CLOCK_NONE,
    HTTP_CLOCK_HEADER,    /* a head; progress does not move it */
    HTTP_CLOCK_BODY,      /* the next piece of a body */
    HTTP_CLOCK_IDLE,      /* the next request */
    HTTP_CLOCK_HANDLER,   /* the answer, or its next piece */
    HTTP_CLOCK_WRITE,     /* the peer takes some output */
    HTTP_CLOCK_HEARTBEAT, /* a comment of an event stream */
    HTTP_CLOCK_WAKE       /* at once: go on with input that was kept */
};

/* What has to be kept of a request from one read to another. */
typedef struct {
    http_parser_t parser; /* its store is `store` */
    char *store;          /* as much as is used */
    http_body_t body;
    buffer_t data;     /* of the body; or input behind a request that waits */
    bool has_head;     /* parser and store hold a head, whole or not */
    uint64_t began_ms; /* when the body did */
    uint64_t size;     /* bytes of it so far */
    char trailers[HTTP_FIELDS_STORE(HTTP_TRAILER_SIZE)];
} http_pending_t;

/* A WebSocket keeps of HTTP no more than its place in the port. */
struct http_conn {
    union {
        struct {
            channel_t channel;
            http_port_t *port;
            http_pending_t *pending; /* NULL: nothing is kept */
            union {
                http_receiver_t *receiver;        /* while is_receiving */
                const http_ws_handler_t *handler; /* in UPGRADE; NULL: the owner's */
            };
            void *ctx;            /* of the handler */
            ws_deflate_t deflate; /* in UPGRADE: what is agreed upon */
            uint8_t state;        /* http_conn_state_t */
            uint8_t clock;        /* HTTP_CLOCK_... */
            /* Set by each request, so a byte each: bits are read with the word around
             * them, which would wait for the byte that was written last. */
            bool is_head;             /* the request is a HEAD */
            bool keeps_alive;         /* the connection goes on behind this request */
            bool is_deferred;         /* the request waits for an answer from outside */
            uint8_t minor : 1;        /* of the request's version */
            uint8_t is_chunked : 1;   /* of an answer in pieces */
            uint8_t is_busy : 1;      /* the loop is inside it: it may not be freed */
            uint8_t has_ended : 1;    /* the peer sends no more */
            uint8_t is_over : 1;      /* to be ended when it is not busy */
            uint8_t is_receiving : 1; /* its body comes in pieces */
        };
        ws_t ws; /* once http_conn_is_ws(); its options are the port's */
    };
    list_node_t in_port;
};

_Static_assert(sizeof(http_conn_t) <= sizeof(ws_t) + sizeof(list_node_t),
               "HTTP needs no more than the WebSocket that may come of it");
_Static_assert(sizeof(http_conn_t) <= 200, "memory of an idle connection: 256 bytes, "
                                           "with its places in tables");

/* What a handler of C is given, behind http_request_t. */
struct http_server_call {
    http_conn_t *conn;
    runtime_t *rt;
    const http_head_t *head;
    const http_match_t *match;
    char *decoded;       /* room for parameters asked for; NULL: none yet */
    size_t decoded_size; /* bytes of it used */
};

extern const http_handle_ops_t http_conn_handle_ops;
extern const stream_events_t http_conn_events;

static inline channel_t *http_conn_channel(http_conn_t *conn) {
    return &conn->channel;
}
static inline http_conn_t *http_conn_of(channel_t *channel) {
    return (http_conn_t *)(void *)channel;
}
/* The block is a WebSocket's now. */
static inline bool http_conn_is_ws(const http_conn_t *conn) {
    return conn->channel.stream.events != &http_conn_events;
}
/* It waits for the next request. */
static inline bool http_conn_is_idle(const http_conn_t *conn) {
    return !http_conn_is_ws(conn) && conn->state == HTTP_CONN_IDLE;
}
/* Not of a WebSocket. */
static inline runtime_t *http_conn_rt(const http_conn_t *conn) {
    return conn->port->service->rt;
}

/* --- http_server.c --- */

/* The service of a runtime; `get` makes it, NULL when memory is short. */
http_service_t *http_service_find(runtime_t *rt);
http_service_t *http_service_get(runtime_t *rt);

/* One more or one less of its connections shakes hands: peers wait while there are too
 * many. */
void http_port_count_handshake(http_port_t *port, bool has_begun);

/* A connection is over: forget it. */
void http_port_forget(http_port_t *port, http_conn_t *conn);

/* Log what a peer was refused for. */
void http_port_log(http_port_t *port, http_conn_t *conn, int level, const char *text,
                   int status, const char *why);

/* --- http_calls.c --- */

/* As http_route(), for any taker. */
int http_service_route(runtime_t *rt, const char *method, const char *pattern,
                       const http_taker_t *taker);

/* As http_defer(), for an actor that is told of room and loss. */
http_conn_id_t http_defer_to(const http_request_t *request, actor_id_t owner);

/* As http_respond_begin(), with the bytes that come: the pieces are that many. */
int http_respond_begin_sized(runtime_t *rt, http_conn_id_t id, int status,
                             const char *const *headers, size_t n_headers,
                             uint64_t length);

/* --- http_conn.c --- */

/* Begin with a connected socket, which is taken. */
void http_conn_start(http_port_t *port, int handle);

/* Something was done to it: see what comes next, unless the loop is inside it and will
 * do so. May end it. */
void http_conn_settle(http_conn_t *conn);

/* Whoever waits for its request, or for the rest of it, hears that it is lost. */
void http_conn_tell_loss(http_conn_t *conn);

/* End it at once; nobody is told. */
void http_conn_drop(runtime_t *rt, http_conn_t *conn);

/* The service stops: end it if it idles, let it finish otherwise. */
void http_conn_stop(runtime_t *rt, http_conn_t *conn);

/* What the port's WebSockets are like, but for what its options say. */
ws_options_t http_conn_ws_options(void);

/* It ends as soon as the loop is not inside it. */
static inline bool http_conn_is_dead(const http_conn_t *conn) {
    return conn->is_over || conn->channel.is_broken;
}

/* --- http_input.c --- */

/* Take what can be taken off the front of the input now, and keep what must wait. In
 * UPGRADE the rest is left. */
void http_conn_take(http_conn_t *conn, text_t *input);

/* Input behind a request is kept. */
bool http_conn_has_kept(const http_conn_t *conn);

/* Free what is kept; `pending` may be NULL. */
void http_pending_free(http_pending_t *pending);
void http_conn_drop_pending(http_conn_t *conn);

/* The head of the request under way, if it is still there. */
bool http_conn_head(const http_conn_t *conn, http_head_t *head);

/* --- http_answer.c --- */

/* Answer the request of a connection. MK_OK; MK_EINVAL; MK_ENOMEM (also: the
 * connection is broken). Then the state is IDLE or CLOSING. */
int http_answer_send(http_conn_t *conn, int status, const char *const *headers,
                     size_t headers_len, const void *body, size_t body_size);

/* Answer with a status, its reason and `why` as text, and close. `header` may be NULL.
 */
void http_answer_refuse(http_conn_t *conn, int status, const char *why,
                        const char *header, bool must_close);

/* `length` is how many bytes come, UINT64_MAX: not known. */
int http_answer_begin(http_conn_t *conn, int status, const char *const *headers,
                      size_t headers_len, uint64_t length);
int http_answer_piece(http_conn_t *conn, const void *data, size_t size);
int http_answer_end(http_conn_t *conn);
int http_answer_events(http_conn_t *conn);
int http_answer_event(http_conn_t *conn, const sse_event_t *event);

/* Answer 101, or refuse; the state becomes UPGRADE. `accept` may be NULL; `*protocol`
 * is the index of the subprotocol that was chosen, or -1. True: it is 101. */
bool http_answer_upgrade(http_conn_t *conn, const http_head_t *head,
                         const http_ws_accept_t *accept, int *protocol);

/* Send "100 Continue". */
void http_answer_continue(http_conn_t *conn);

#endif
