/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - HTTP/1.1, Server-Sent Events and WebSocket, as client and as server.
 *
 * Nothing here waits. A call acts for the running actor, which owns what comes of it
 * and is told by messages; when it ends, all it owns is closed. An id names one
 * exchange: a request until it is answered, or an event stream or WebSocket until it
 * ends. A connection that is kept alive carries one exchange after the other, each with
 * an id of its own; ids are not used again while anyone could still hold them, so a
 * late call meets nobody and does nothing. All functions belong to the runtime's
 * thread. */
#ifndef MICROKERNEL_HTTP_H
#define MICROKERNEL_HTTP_H

#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/message_ids.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t http_conn_id_t;

#define HTTP_CONN_ID_INVALID ((http_conn_id_t)0)

/* --- payloads: each is followed, in the same block, by its variable parts in the order
 * of their size fields. Headers are consecutive NUL-terminated texts "Name: value".
 * What is said to have no NUL may have one behind it by chance: use the sizes. --- */

/* MSG_HTTP_RESPONSE: the whole answer to a fetch. */
typedef struct {
    http_conn_id_t conn_id;
    int status_code;
    size_t headers_size; /* bytes, the NUL of each included */
    size_t body_size;
} http_response_payload_t;

/* MSG_HTTP_ERROR, MSG_WS_ERROR, MSG_HTTP_LISTEN_ERROR: it failed; nothing else comes
 * for this id. */
typedef struct {
    http_conn_id_t conn_id; /* of MSG_HTTP_LISTEN_ERROR: the port */
    int error_code;         /* -1 */
    char message[128];      /* what happened, NUL-terminated */
} http_error_payload_t;

/* What MSG_HTTP_ERROR and MSG_WS_ERROR to a client are in full. `error.message` is
 * "read error", "write error", "unexpected EOF" or "SSE connection failed" where
 * programs may know these words; `detail` says it exactly. */
typedef struct {
    http_error_payload_t error;
    int reason;             /* MK_E...: MK_ETIMEOUT, MK_EREFUSED, MK_ENOENT (no such
                               host), MK_EBADMSG, MK_ETOOBIG, ... */
    bool has_no_connection; /* the server could not be reached */
    char detail[247];       /* NUL-terminated */
} http_failure_payload_t;

/* MSG_SSE_OPEN, MSG_SSE_CLOSED. */
typedef struct {
    http_conn_id_t conn_id;
    int status_code;
} sse_status_payload_t;

/* MSG_SSE_EVENT. */
typedef struct {
    http_conn_id_t conn_id;
    size_t event_size; /* of the name, with its NUL */
    size_t data_size;  /* without a NUL */
} sse_event_payload_t;

/* MSG_WS_OPEN (code 0), MSG_WS_CLOSED, MSG_HTTP_CONN_CLOSED (code 0), MSG_HTTP_ROOM
 * (code 0). */
typedef struct {
    http_conn_id_t conn_id;
    uint16_t close_code; /* RFC 6455, section 7.4: the peer's, 1000 if it gave none and
                            1006 if the connection was lost */
} ws_status_payload_t;

/* MSG_WS_MESSAGE: one whole message. */
typedef struct {
    http_conn_id_t conn_id;
    bool is_binary; /* else it is valid UTF-8 */
    size_t data_size;
} ws_message_payload_t;

/* MSG_HTTP_REQUEST: one whole request, also one that asks for an upgrade. */
typedef struct {
    http_conn_id_t conn_id;
    size_t method_size; /* with its NUL */
    size_t path_size;   /* path and query as they came, with a NUL */
    size_t headers_size;
    size_t body_size;
} http_request_payload_t;

/* MSG_HTTP_HEAD is an http_response_payload_t without a body; MSG_HTTP_END is an
 * sse_status_payload_t. MSG_HTTP_DATA: some bytes of a body. */
typedef struct {
    http_conn_id_t conn_id;
    size_t data_size;
} http_data_payload_t;

/* The variable parts, borrowed from the message. A part of size 0 is not NULL. */
static inline const char *http_response_headers(const http_response_payload_t *p) {
    return (const char *)(p + 1);
}
static inline const void *http_response_body(const http_response_payload_t *p) {
    return (const char *)(p + 1) + p->headers_size;
}
static inline const char *sse_event_name(const sse_event_payload_t *p) {
    return (const char *)(p + 1);
}
static inline const char *sse_event_data(const sse_event_payload_t *p) {
    return (const char *)(p + 1) + p->event_size;
}
static inline const void *ws_message_data(const ws_message_payload_t *p) {
    return p + 1;
}
static inline const void *http_data_bytes(const http_data_payload_t *p) {
    return p + 1;
}
static inline const char *http_request_method(const http_request_payload_t *p) {
    return (const char *)(p + 1);
}
static inline const char *http_request_path(const http_request_payload_t *p) {
    return (const char *)(p + 1) + p->method_size;
}
static inline const char *http_request_headers(const http_request_payload_t *p) {
    return (const char *)(p + 1) + p->method_size + p->path_size;
}
static inline const void *http_request_body(const http_request_payload_t *p) {
    return (const char *)(p + 1) + p->method_size + p->path_size + p->headers_size;
}

/* --- client: inside a behaviour; the running actor is told --- */

/* Ask for `url` (http or https). `headers` are `n_headers` texts "Name: value"; Host,
 * Content-Length, Transfer-Encoding and Connection are written here and refused there,
 * as are line ends. Everything is copied. Then comes one MSG_HTTP_RESPONSE or
 * MSG_HTTP_ERROR. Returns the id, or 0: outside a behaviour, a bad URL, method or
 * header, or memory short; the log says which. */
http_conn_id_t actor_http_fetch(runtime_t *rt, const char *method, const char *url,
                                const char *const *headers, size_t n_headers,
                                const void *body, size_t body_size);

/* The same with GET, no headers of one's own and no body. */
http_conn_id_t actor_http_get(runtime_t *rt, const char *url);

/* Open an event stream: MSG_SSE_OPEN, any number of MSG_SSE_EVENT, and one
 * MSG_SSE_CLOSED or MSG_HTTP_ERROR. Returns as actor_http_fetch. */
http_conn_id_t actor_sse_connect(runtime_t *rt, const char *url);

/* Open a WebSocket (ws, wss; http and https mean the same here): MSG_WS_OPEN, any
 * number of MSG_WS_MESSAGE, and one MSG_WS_CLOSED; or one MSG_WS_ERROR. Returns as
 * actor_http_fetch. */
http_conn_id_t actor_ws_connect(runtime_t *rt, const char *url);

/* --- client: with more to say; inside a behaviour --- */

/* What to ask and how. A zeroed struct with a url is a GET with the bounds of limits.h;
 * so is each field that is 0. All is copied. */
typedef struct {
    const char *url;            /* http or https; not NULL */
    const char *method;         /* NULL: GET */
    const char *const *headers; /* as in actor_http_fetch */
    size_t n_headers;
    const void *body;
    size_t body_size;
    const char *unix_path;  /* the socket to connect to, whatever the URL's host */
    unsigned redirects_max; /* redirects that are followed; 0: the 3xx is the answer.
                               POST becomes GET as in browsers; credentials do not go
                               to another origin, nothing goes from https to http */
    bool
        takes_pieces; /* the answer comes as MSG_HTTP_HEAD, any number of MSG_HTTP_DATA,
                         and MSG_HTTP_END or MSG_HTTP_ERROR; see http_fetch_more */
    bool gives_pieces; /* the body, which is chunked, is given by http_fetch_write from
                          the first MSG_HTTP_ROOM on */
    bool is_always_response; /* a failure comes as MSG_HTTP_RESPONSE, too: status 0, no
                                headers, and the words as body. For who awaits one type
                                of message; not with takes_pieces */
    uint64_t body_max;   /* of an answer that comes whole: MK_HTTP_CLIENT_BODY_MAX; in
                            pieces: no bound */
    uint32_t connect_ms; /* MK_CONNECT_TIMEOUT_MS */
    uint32_t header_ms;  /* MK_HTTP_CLIENT_HEAD_MS */
    uint32_t idle_ms;    /* MK_HTTP_CLIENT_IDLE_MS */
    uint32_t total_ms;   /* MK_HTTP_CLIENT_TOTAL_MS; in pieces: no bound */
} http_fetch_options_t;

/* As actor_http_fetch, with options. MK_OK and `*id`; or MK_EREFUSED: outside a
 * behaviour; MK_EINVAL: a bad URL, method or header; MK_ENOTSUP: https without TLS in
 * this build; MK_ENOMEM. Then nothing comes, and `why`, `cap` bytes, unless NULL, has
 * the words. */
int http_fetch(runtime_t *rt, const http_fetch_options_t *options, http_conn_id_t *id,
               char *why, size_t cap);

/* The next MSG_HTTP_DATA may come: each is asked for, but the first, so that a slow
 * owner slows the server down. No effect on an id that is no such fetch of the running
 * actor. */
void http_fetch_more(runtime_t *rt, http_conn_id_t id);

/* Give a piece of the body; and say that it was the last. A piece is copied whole or
 * not at all. MK_OK; MK_EFULL: MSG_HTTP_ROOM comes when there is room; MK_ENOENT: no
 * such fetch of the running actor; MK_ESTATE: the body is complete; MK_ECLOSED: it
 * broke, MSG_HTTP_ERROR comes. */
int http_fetch_write(runtime_t *rt, http_conn_id_t id, const void *data, size_t size);
int http_fetch_end(runtime_t *rt, http_conn_id_t id);

/* How to hold an event stream. A zeroed struct with a url is what actor_sse_connect
 * opens; so is each field that is 0. */
typedef struct {
    const char *url;
    const char *const *headers;
    size_t n_headers;
    const char *unix_path;
    bool reconnects; /* as EventSource does: a stream that broke or ended, or never
                        began for want of a connection, is opened again with
                        Last-Event-ID, after what `retry` says and a growing time;
                        MSG_SSE_OPEN comes each time. It ends with 204 (MSG_SSE_CLOSED)
                        and with any other answer that is no event stream. Redirects
                        are followed, as in http_fetch_options_t, up to 20; the next
                        try begins at `url` again */
    const char *last_event_id; /* to go on behind; NULL: none */
    uint32_t silence_ms; /* without a byte, after which it counts as broken; 0: never */
} http_sse_options_t;

/* As actor_sse_connect; results as http_fetch. While the owner's mailbox is full
 * reading pauses. */
int http_sse_connect(runtime_t *rt, const http_sse_options_t *options,
                     http_conn_id_t *id, char *why, size_t cap);

/* permessage-deflate (RFC 7692) of a WebSocket: agreed upon where both sides want it
 * and this build has zlib; messages of MK_WS_DEFLATE_MIN bytes or more are sent
 * compressed if that makes them smaller. Text that an attacker can choose and secrets
 * do not belong into one compressed message: their sizes tell. */
typedef enum {
    HTTP_WS_DEFLATE_EACH, /* each message by itself: an idle WebSocket holds nothing */
    HTTP_WS_DEFLATE_NOT,
    HTTP_WS_DEFLATE_WINDOW /* messages refer to earlier ones and get smaller; holds some
                              300 KiB for each WebSocket, see MK_WS_WINDOW_BITS */
} http_ws_deflate_t;

/* How to open a WebSocket. As above. */
typedef struct {
    const char *url;
    const char *const *headers;
    size_t n_headers;
    const char *unix_path;
    const char *const *protocols; /* names of subprotocols, best first; when there are
                                     any, MSG_HTTP_HEAD comes before MSG_WS_OPEN and has
                                     the one chosen in Sec-WebSocket-Protocol */
    size_t n_protocols;           /* at most 16 */
    uint32_t connect_ms;
    uint32_t header_ms;
    http_ws_deflate_t deflate;
    uint8_t window_bits; /* 9..15: MK_WS_WINDOW_BITS */
    bool reconnects; /* one that was lost, could not connect, or was closed because the
                        server goes away for a time (1001, 1011 to 1013) is opened
                        again after a growing time, with the same id; MSG_WS_OPEN
                        comes each time, and until then nothing can be sent. It ends
                        with any other close or answer, or with actor_http_close */
} http_ws_options_t;

/* As actor_ws_connect; results as http_fetch. */
int http_ws_connect(runtime_t *rt, const http_ws_options_t *options, http_conn_id_t *id,
                    char *why, size_t cap);

/* Whom the client trusts with https and wss, and who it is. PEM texts; each may be NULL
 * with size 0: the roots of the system, no certificate of our own. Copied. */
typedef struct {
    const char *roots;
    size_t roots_size;
    const char *certificate; /* ours, then its chain */
    size_t certificate_size;
    const char *key; /* of it */
    size_t key_size;
} http_trust_t;

/* Use this for connections that are made from now on. Reads files when it is the
 * system's roots: call it before runtime_run then; the first https without it has a
 * worker thread read them, and waits. MK_OK, MK_EINVAL (no such PEM), MK_ENOTSUP (no
 * TLS here), MK_EIO, MK_ENOMEM, and `why`, `cap` bytes, has the words. */
int http_client_trust(runtime_t *rt, const http_trust_t *trust, char *why, size_t cap);

/* --- both sides of a WebSocket: its owner, inside a behaviour --- */

/* Send one message; the bytes are copied. A text has to be valid UTF-8. False, and
 * nothing is sent: the id is no open WebSocket of the running actor, the text is none,
 * memory is short, or more than MK_HTTP_OUTPUT_MARK bytes wait to be sent already. In
 * that last case MSG_HTTP_ROOM comes once they went out. */
bool actor_ws_send_text(runtime_t *rt, http_conn_id_t id, const char *text, size_t len);
bool actor_ws_send_binary(runtime_t *rt, http_conn_id_t id, const void *data,
                          size_t len);

/* Begin to close: what waits is sent, then a close with `code` (1000 to 1014 or 3000 to
 * 4999, as RFC 6455 allows) and `reason` (at most 123 bytes of UTF-8; NULL: none). The
 * one MSG_WS_CLOSED comes when the peer answered, or MK_WS_CLOSE_MS later. False: no
 * open WebSocket of the running actor, or such a code or reason may not be sent. */
bool actor_ws_close(runtime_t *rt, http_conn_id_t id, uint16_t code,
                    const char *reason);

/* End an exchange of the running actor at once; no message comes for it any more. What
 * is there to send is sent. An id that is unknown, or answered already, does nothing:
 * the connection of an answered request goes on by itself. */
void actor_http_close(runtime_t *rt, http_conn_id_t id);

/* --- server: an actor owns a port; inside a behaviour --- */

/* Listen on `port` of 127.0.0.1 (0: http_listen picks one). Each request arrives as
 * MSG_HTTP_REQUEST, beyond no limit of the mailbox: when it is full the peer gets 503.
 * When the peer goes away before its request is answered, or its event stream was ended
 * by the owner, MSG_HTTP_CONN_CLOSED comes, once. Listening ends with the actor. False:
 * outside a behaviour, the port is taken or not permitted, or memory is short; an actor
 * is then told by MSG_HTTP_LISTEN_ERROR, too. */
bool actor_http_listen(runtime_t *rt, uint16_t port);

/* No new connections on a port of the running actor; those that are there finish what
 * they are at. False: it does not listen there. */
bool actor_http_unlisten(runtime_t *rt, uint16_t port);

/* Answer a request, any time later, once. `headers` as in actor_http_fetch; status 200
 * to 599. Adds Date, Content-Length, and Connection where it is needed; to a HEAD the
 * body is counted and not sent, to a 204 or 304 there is none. All is copied. False,
 * and nothing is sent: no such request of the running actor waits, a header or status
 * is not allowed (the log says which), or memory is short. */
bool actor_http_respond(runtime_t *rt, http_conn_id_t conn_id, int status_code,
                        const char *const *headers, size_t n_headers, const void *body,
                        size_t body_size);

/* Turn a request into an event stream: answers 200 with text/event-stream. From now on
 * the id is that of the stream. False: no such request waits. */
bool actor_sse_start(runtime_t *rt, http_conn_id_t conn_id);

/* Send one event; `event` NULL or "" sends no name. Data of several lines (CR, LF or
 * CRLF) is sent as such; all is copied. False: no such stream, a line end in the name,
 * memory short, or more than MK_HTTP_OUTPUT_MARK bytes wait already: MSG_HTTP_ROOM
 * comes when they went out. */
bool actor_sse_push(runtime_t *rt, http_conn_id_t conn_id, const char *event,
                    const char *data, size_t data_size);

/* An event, and what its reader shall remember. A zeroed struct with data is what
 * actor_sse_push sends without a name. */
typedef struct {
    const char *event; /* its name; NULL or "": none */
    const char *data;  /* NULL: no event comes of it, only the rest is taken */
    size_t data_size;
    const char *id;    /* what a reader that comes back sends as Last-Event-ID; NULL or
                          "": it keeps the last one. Readers may refuse more than 128
                          bytes, as ours does */
    uint32_t retry_ms; /* after which a reader that lost the stream comes back, from now
                          on; 0: as it was */
} http_sse_event_t;

/* As actor_sse_push with more to say. False also: a line end or a NUL in the id. */
bool actor_sse_send(runtime_t *rt, http_conn_id_t conn_id,
                    const http_sse_event_t *event);

/* Turn a request that asks for it into a WebSocket: answers 101; MSG_WS_OPEN comes.
 * False: no such request waits. When it is no good upgrade it is answered (400, 405 or
 * 426), and false returned. */
bool actor_ws_accept(runtime_t *rt, http_conn_id_t conn_id);

/* What a server says to who asks for a WebSocket. */
typedef struct {
    const char *const *protocols; /* subprotocols that are spoken here: the first of the
                                     client's list that is one of them is chosen */
    size_t n_protocols;           /* at most 16, each of at most 200 bytes */
    bool needs_protocol;          /* who asks for none of them is refused with 400 */
} http_ws_accept_t;

/* The same with options (NULL: none), which are borrowed. `*protocol`, unless NULL, is
 * the index of the subprotocol that was chosen, or -1. */
bool actor_ws_accept_with(runtime_t *rt, http_conn_id_t conn_id,
                          const http_ws_accept_t *accept, int *protocol);

/* --- server: more than one port, address or process needs --- */

/* Whether a server asks its clients for a certificate. One that is shown must be good
 * in any case. */
typedef enum {
    HTTP_TLS_ASK_NOT,
    HTTP_TLS_ASK_OPTIONAL, /* a client may have none */
    HTTP_TLS_ASK_REQUIRED
} http_tls_ask_t;

/* How a port speaks https and wss. Certificates and keys are PEM, as texts or as names
 * of files; a text goes before a file, which is then only read later. */
typedef struct {
    const char *certificate; /* ours, then its chain */
    size_t certificate_size;
    const char *key; /* of it, without a passphrase */
    size_t key_size;
    const char *client_roots; /* who may vouch for clients; needed to ask them */
    size_t client_roots_size;
    const char *certificate_file;
    const char *key_file;
    const char *client_roots_file;
    http_tls_ask_t ask;
    uint32_t reread_ms;    /* certificate and key are read again this often, on a worker
                              thread, and used when they have changed; 0: never */
    uint32_t handshake_ms; /* MK_TLS_HANDSHAKE_MS */
    uint32_t handshakes_max; /* MK_TLS_HANDSHAKES_MAX */
} http_listen_tls_t;

/* How to listen. A zeroed struct means 127.0.0.1, a free port, the routes of the
 * runtime, and the bounds of limits.h; so does each field that is 0. */
typedef struct {
    const char
        *address; /* "127.0.0.1", "::1", "0.0.0.0", "unix:/path"; NULL: loopback */
    uint16_t port;
    actor_id_t
        owner; /* gets the requests that no route takes; 0: they get 404 or 405 */
    bool ignores_routes; /* all requests are the owner's */
    bool takes_pieces; /* the owner gets bodies in pieces: MSG_HTTP_REQUEST without one,
                          any number of MSG_HTTP_DATA, each asked for with
                          http_receive_more, and MSG_HTTP_END */
    bool logs_access;  /* a line of the log for each answer */
    uint32_t header_ms;        /* MK_HTTP_HEADER_MS */
    uint32_t body_ms;          /* MK_HTTP_BODY_MS */
    uint32_t idle_ms;          /* MK_HTTP_IDLE_MS */
    uint32_t handler_ms;       /* MK_HTTP_HANDLER_MS */
    uint32_t write_ms;         /* MK_HTTP_WRITE_MS */
    uint32_t body_bytes_per_s; /* MK_HTTP_BODY_RATE */
    uint32_t output_mark;      /* MK_HTTP_OUTPUT_MARK */
    uint32_t connections_max;  /* MK_HTTP_CONNECTIONS_MAX */
    uint64_t body_max;         /* MK_HTTP_BODY_MAX */
    uint64_t ws_message_max;   /* MK_WS_MESSAGE_MAX */
    http_ws_deflate_t ws_deflate;
    uint8_t ws_window_bits;       /* 9..15: MK_WS_WINDOW_BITS */
    const http_listen_tls_t *tls; /* https and wss, with ALPN "http/1.1"; NULL: plain */
} http_listen_options_t;

/* Listen. Returns the port (0 with "unix:"); MK_EEXIST: it is taken; MK_EPERM: not
 * permitted; MK_EINVAL: an address that is none; MK_EDEAD: the owner does not live;
 * MK_ENOTSUP: this platform has no such sockets; MK_ENOMEM. Everything in `options` is
 * copied. Inside and outside behaviours. Listening ends with the owner. Where there is
 * none an actor is spawned (MK_EFULL: there is no room for one) that lives as long as
 * the port and its connections, so that runtime_run goes on; to stop it is to stop
 * listening, to ask it to end (MSG_SHUTDOWN) is http_stop. */
int http_listen(runtime_t *rt, const http_listen_options_t *options);

/* As http_listen, and `why`, `cap` bytes, has the words when it fails. With TLS it may
 * also be MK_ENOTSUP: this build has none; MK_EINVAL: no such PEM, or a key of another
 * certificate; MK_ENOENT, MK_EPERM, MK_EIO or MK_ETOOBIG (MK_TLS_PEM_MAX): a file. The
 * files are read before it returns: call it before runtime_run, or give the texts. A
 * peer that speaks plain HTTP to such a port is answered 400 in plain HTTP; other
 * handshakes that fail get an alert; the log has a line for each. */
int http_listen_why(runtime_t *rt, const http_listen_options_t *options, char *why,
                    size_t cap);

/* Make a certificate that vouches for itself, for `host` (a name or an address) and
 * `days` days from now, and its key: one PEM text, NUL-terminated, that serves as
 * certificate, as key, and as the roots of whoever shall trust it. The bytes;
 * MK_EINVAL: no proper host; MK_ETOOBIG: `cap` is too small (2048 are enough);
 * MK_ENOTSUP: no TLS in this build; MK_ENOMEM. */
int http_make_certificate(const char *host, unsigned days, char *pem, size_t cap);

/* Use another certificate and key in handshakes of a port that begin from now on;
 * connections go on. MK_OK; MK_ENOENT: no such port, or it is plain; MK_EINVAL or
 * MK_ENOMEM: the old ones stay, and `why`, `cap` bytes, has the words. */
int http_listen_certificate(runtime_t *rt, uint16_t port, const char *certificate,
                            size_t certificate_size, const char *key, size_t key_size,
                            char *why, size_t cap);

/* Read the files of the certificate and the key again, on a worker thread; then as
 * above, with the outcome in the log. MK_OK: it has begun, or is under way; MK_ENOENT:
 * no such port, or it has no files; MK_ENOMEM or MK_EFULL. */
int http_listen_reread(runtime_t *rt, uint16_t port);

/* As actor_http_unlisten, whoever owns the port. MK_OK or MK_ENOENT. */
int http_unlisten(runtime_t *rt, uint16_t port);

/* Stop all listeners and connections in good order: nothing new is accepted, idle
 * connections close, requests under way are answered with "Connection: close",
 * WebSockets are closed with 1001; after `grace_ms` what is left is dropped. */
void http_stop(runtime_t *rt, uint32_t grace_ms);

/* What the server did since it began, and what it holds. */
typedef struct {
    uint64_t accepted;          /* connections */
    uint64_t requests;          /* complete heads */
    uint64_t refused;           /* requests that were refused as malformed or too big */
    uint64_t timeouts;          /* connections that missed a deadline */
    uint64_t shed;              /* idle connections closed to make room */
    uint64_t handshakes_failed; /* of TLS */
    size_t connections;         /* now */
    size_t websockets;          /* of these */
    size_t event_streams;       /* of these */
    size_t memory_bytes;        /* of all connections: state, input and output held */
} http_counters_t;

/* The counters of a runtime; all 0 before its first listener. */
http_counters_t http_counters(runtime_t *rt);

/* --- handlers: functions of C called on the loop, without an actor --- */

typedef struct http_server_call http_server_call_t;

/* A request being handled; borrowed, with all it points to, until the handler returns.
 */
typedef struct {
    const char *method;  /* NUL-terminated, as are path and query */
    const char *path;    /* as it came, still encoded */
    const char *query;   /* behind '?'; "" when there is none */
    const char *headers; /* consecutive NUL-terminated "Name: value" */
    size_t headers_size; /* each NUL included */
    const void *body;    /* the whole body */
    size_t body_size;
    http_server_call_t *call; /* the server's own */
} http_request_t;

/* Handles one request. It answers with one of the functions below before it returns, or
 * keeps the request with http_defer; otherwise the peer gets 500. Must not block. */
typedef void (*http_handler_fn)(runtime_t *rt, const http_request_t *request,
                                void *ctx);

/* Have `fn` handle the requests of a method ("*": any that has no handler of its own)
 * whose path fits a pattern: "/hello/:name" takes one segment, which is not empty, as
 * parameter `name`; a last segment "*" takes all that is left. Where several patterns
 * fit, literal segments go before parameters and these before "*". HEAD is answered
 * through the handler of GET; OPTIONS and a method nobody handles, with 204 and 405
 * that name the methods there are. MK_OK; MK_EINVAL: method or pattern; MK_EEXIST: that
 * method and pattern are handled already; MK_ENOMEM. Texts are copied. */
int http_route(runtime_t *rt, const char *method, const char *pattern,
               http_handler_fn fn, void *ctx);

/* As http_route, but `fn` is called as soon as the head is there: the request has no
 * body yet. `fn` may have it come with one of the functions below; when it answers or
 * defers instead, the body is not read, and the connection is closed behind the answer
 * unless all of it had come already. A peer that waits for "100 Continue" gets it when
 * the body is wanted, and the final answer alone otherwise. */
int http_route_pieces(runtime_t *rt, const char *method, const char *pattern,
                      http_handler_fn fn, void *ctx);

/* What receives a body in pieces; each is called on the loop, none from within
 * http_receive. The request can be answered at any time, with http_respond and its kin:
 * an answer that comes before the end of the body is the end of this, and of the
 * connection, and nothing is called any more. */
typedef struct {
    /* The next piece, borrowed, 1 byte or more. False: no more until
     * http_receive_more, so that a slow handler slows the peer down. Not NULL. */
    bool (*on_data)(runtime_t *rt, http_conn_id_t id, const void *data, size_t size,
                    void *ctx);
    /* That was all; comes also when no more is wanted. The request waits for its
     * answer. Not NULL. */
    void (*on_end)(runtime_t *rt, http_conn_id_t id, void *ctx);
    /* It broke off, was malformed, too long or too slow, or http_close was called; the
     * peer is answered already where that is possible. The id means nothing any more.
     * Comes instead of on_end. NULL: not interested. */
    void (*on_lost)(runtime_t *rt, http_conn_id_t id, void *ctx);
} http_body_handler_t;

/* Have the body of a request come to `handler`, which stays where it is, or to an
 * actor: then each MSG_HTTP_DATA, also the first, is asked for with http_receive_more;
 * MSG_HTTP_END comes right behind the last one or instead of one more, and
 * MSG_HTTP_CONN_CLOSED when the body or the connection is lost. Only within the handler
 * of a route in pieces. `size_max` bytes are taken (0: no bound), a longer body gets
 * 413. The id, as of http_defer; 0: the request is answered (413, 503, or earlier), is
 * of no such route, or the actor does not live. */
http_conn_id_t http_receive(const http_request_t *request,
                            const http_body_handler_t *handler, void *ctx,
                            uint64_t size_max);
http_conn_id_t http_receive_to(const http_request_t *request, actor_id_t owner,
                               uint64_t size_max);

/* The next piece of the body may come. No effect when it is wanted already, or is no
 * such request. */
void http_receive_more(runtime_t *rt, http_conn_id_t id);

/* Serve the plain files below `folder` (copied) for GET and HEAD at `pattern`, whose
 * last segment is "*": with type, ETag, Last-Modified, conditions and one range. Never
 * follows "..", never lists; names that begin with '.' are not found. "index.html" is
 * what a path that ends in '/' gives. Files are read on worker threads. Errors as
 * above. */
int http_route_files(runtime_t *rt, const char *pattern, const char *folder);

/* Value of a parameter of the pattern ("*" for the rest), decoded; or NULL. */
const char *http_param(const http_request_t *request, const char *name);

/* Value of the first header of that name, in either case; `*size` is its bytes, with no
 * NUL behind them. NULL: there is none. */
const char *http_header(const http_request_t *request, const char *name, size_t *size);

/* The request came over TLS. */
bool http_is_secure(const http_request_t *request);

/* Write whom the certificate of the client is for, NUL-terminated: its first DNS name,
 * else its common name. The bytes written; 0: it showed none, or `cap` is 0. */
size_t http_client_name(const http_request_t *request, char *name, size_t cap);

/* Answer now; the rest as in actor_http_respond. MK_OK; MK_ESTATE: answered already;
 * MK_EINVAL: a status or header that is not allowed; MK_ENOMEM. */
int http_answer(const http_request_t *request, int status, const char *const *headers,
                size_t n_headers, const void *body, size_t body_size);

/* Answer later: returns the id for http_respond and its kin, 0 when memory is short or
 * it is answered already. Nobody is told when the peer goes away: those return
 * MK_ENOENT then. */
http_conn_id_t http_defer(const http_request_t *request);

/* As actor_http_respond, whoever owns the request. MK_OK; MK_ENOENT: it does not wait
 * (any more); MK_EINVAL; MK_ENOMEM. */
int http_respond(runtime_t *rt, http_conn_id_t id, int status,
                 const char *const *headers, size_t n_headers, const void *body,
                 size_t body_size);

/* Answer in pieces: begin, any number of pieces, end. The body is chunked, or lasts
 * until the connection closes when the peer speaks HTTP/1.0. A piece is copied whole or
 * not at all: MK_EFULL: more than the output mark waits already; the owner, if there is
 * one, gets MSG_HTTP_ROOM later. Other results as above. */
int http_respond_begin(runtime_t *rt, http_conn_id_t id, int status,
                       const char *const *headers, size_t n_headers);
int http_respond_piece(runtime_t *rt, http_conn_id_t id, const void *data, size_t size);
int http_respond_end(runtime_t *rt, http_conn_id_t id);

/* As actor_sse_start, actor_sse_push and actor_sse_send, whoever owns the request.
 * MK_OK; MK_ENOENT; MK_EINVAL; MK_EFULL, then as in http_respond_piece; MK_ENOMEM. */
int http_sse_start(runtime_t *rt, http_conn_id_t id);
int http_sse_push(runtime_t *rt, http_conn_id_t id, const char *event, const char *data,
                  size_t data_size);
int http_sse_send(runtime_t *rt, http_conn_id_t id, const http_sse_event_t *event);

/* What a handler of WebSockets does; each is called on the loop, NULL: not interested.
 */
typedef struct {
    /* One whole message, borrowed; a text is valid UTF-8. */
    void (*on_message)(runtime_t *rt, http_conn_id_t id, bool is_binary,
                       const void *data, size_t size, void *ctx);
    /* There is room again after MK_EFULL. */
    void (*on_room)(runtime_t *rt, http_conn_id_t id, void *ctx);
    /* It has ended; the id is no longer valid. Once. */
    void (*on_closed)(runtime_t *rt, http_conn_id_t id, uint16_t code, void *ctx);
} http_ws_handler_t;

/* Turn a request into a WebSocket handled by `handler`, which stays where it is. The
 * id; 0: it was no good upgrade and is answered, or memory is short. */
http_conn_id_t http_ws_accept(const http_request_t *request,
                              const http_ws_handler_t *handler, void *ctx);

/* The same with options, as actor_ws_accept_with. */
http_conn_id_t http_ws_accept_with(const http_request_t *request,
                                   const http_ws_accept_t *accept,
                                   const http_ws_handler_t *handler, void *ctx,
                                   int *protocol);

/* As actor_ws_send_... and actor_ws_close, whoever owns the WebSocket. MK_OK;
 * MK_ENOENT; MK_EINVAL; MK_EFULL: the mark is reached, on_room comes; MK_ENOMEM. */
int http_ws_send(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size);
int http_ws_close(runtime_t *rt, http_conn_id_t id, uint16_t code, const char *reason);

/* As actor_http_close, whoever owns the exchange. */
void http_close(runtime_t *rt, http_conn_id_t id);

#ifdef __cplusplus
}
#endif

#endif
