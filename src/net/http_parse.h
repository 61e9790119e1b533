/* SPDX-License-Identifier: Apache-2.0 */
/* http_parse.h - the head of a request or response, from its first byte to the empty
 * line (RFC 9112), and what it means for what follows.
 *
 * Pure: bytes in, a head out, memory from the caller, no allocation. Bytes may come in
 * any pieces; the outcome is the same. Strict: whatever two readers could understand
 * differently is refused and never repaired. */
#ifndef MK_NET_HTTP_PARSE_H
#define MK_NET_HTTP_PARSE_H

#include "base/text.h"
#include "base/url.h"
#include "net/http_fields.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_METHOD_MAX = 32 }; /* bytes; the longest registered one has 17 */

typedef struct {
    uint32_t target_max;      /* bytes of a target or a reason phrase */
    uint32_t fields_size_max; /* bytes of all fields on the wire */
    uint16_t fields_max;      /* fields */
} http_limits_t;

/* Those of microkernel/limits.h. */
http_limits_t http_limits_default(void);

/* Bytes of store that a head within the limits can need. */
size_t http_store_size(const http_limits_t *limits);

/* What is read. A response needs to know what it answers. */
typedef enum {
    HTTP_REQUEST,
    HTTP_RESPONSE,
    HTTP_RESPONSE_TO_HEAD,
    HTTP_RESPONSE_TO_CONNECT,
} http_kind_t;

/* Where the body behind the head ends. */
typedef enum {
    HTTP_BODY_NONE,    /* there is none */
    HTTP_BODY_LENGTH,  /* after content_length bytes, > 0 */
    HTTP_BODY_CHUNKED, /* where its coding says */
    HTTP_BODY_CLOSE,   /* where the connection ends; responses only */
} http_framing_t;

typedef enum {
    HTTP_TARGET_ORIGIN,    /* "/path?query" */
    HTTP_TARGET_ABSOLUTE,  /* "http://host/path?query" */
    HTTP_TARGET_AUTHORITY, /* "host:port", with CONNECT only */
    HTTP_TARGET_ASTERISK,  /* "*", with OPTIONS only */
} http_target_t;

/* A complete head. All texts lie in the parser's store; those of method, target and
 * reason have a NUL behind them, as has each line of `fields`. */
typedef struct {
    text_t method; /* of a request */
    text_t target; /* as it came */
    text_t path;   /* its path, "/" when an absolute target has none */
    text_t query;  /* behind '?'; may be empty */
    http_target_t target_form;
    url_authority_t authority; /* whom it is for: from the target, else from Host, then
                                  with port 0 when Host names none; no host when
                                  HTTP/1.0 names none or Host is empty */
    int status;                /* of a response: 100..999 */
    text_t reason;             /* may be empty */
    int minor;                 /* version 1.<minor> */
    text_t fields;             /* list of all fields, see http_headers.h */
    size_t fields_count;       /* of them */
    http_framing_t framing;    /* of the body */
    bool has_length;           /* a Content-Length came (also to a HEAD) */
    uint64_t content_length;   /* what it says; else 0 */
    bool keeps_alive;      /* the connection may serve another message behind this */
    bool expects_continue; /* the sender waits for 100 before it sends the body */
    bool wants_upgrade;    /* Connection has "upgrade" */
} http_head_t;

/* An authority that was judged, and where its host stands in some text. */
typedef struct {
    uint32_t at;   /* offset of the host */
    uint32_t size; /* bytes of it; 0: none */
    uint16_t port; /* as in url_authority_t, which these are */
    bool is_ipv6;
    bool has_port;
} http_host_t;

/* The last Host that was judged good, so that the next head with the same one need not
 * be judged again. All zero: the empty one. */
typedef struct {
    char text[64];
    size_t size;      /* bytes of it */
    http_host_t host; /* what it says; offsets from its first byte */
} http_host_memo_t;

typedef struct {
    http_limits_t limits;
    http_host_memo_t *memo; /* the caller's; NULL, as after init: none */
    http_fields_t fields;   /* the section behind the first line; its store is ours */
    uint64_t content_length;
    uint32_t method_size; /* of a request; stored at 0, NUL behind */
    uint32_t target_size; /* target or reason; stored behind the method */
    http_host_t host;   /* whom the request is for, once judged; offsets in the store */
    uint32_t host_at;   /* offset of the value of Host */
    uint32_t host_size; /* of it */
    uint16_t status;    /* of a response, as far as its digits came */
    uint16_t flags;     /* see http_parse.c */
    uint8_t kind;       /* http_kind_t */
    uint8_t state;      /* see http_parse.c */
    uint8_t at;         /* bytes of the version or status that came */
    uint8_t major;      /* version digits */
    uint8_t minor;      /* */
    uint8_t fault;      /* http_fault_t; why HTTP_BAD */
} http_parser_t;

/* Begin a head. `store` has http_store_size() bytes and is borrowed until the head is
 * no longer needed. */
void http_parser_init(http_parser_t *parser, http_kind_t kind,
                      const http_limits_t *limits, char *store);

/* Take bytes off the front of `*input`. HTTP_MORE, HTTP_END or HTTP_BAD. */
http_step_t http_parse(http_parser_t *parser, text_t *input);

/* Nothing of a message came yet (but for the empty line that may stand before one): the
 * connection may be closed without loss. */
bool http_parser_is_idle(const http_parser_t *parser);

/* Bytes of store in use; and go on with a copy of them elsewhere: `store` has
 * http_store_size() bytes if http_parse() shall be called again. So many connections
 * may share one store as long as only what is unfinished is kept. */
size_t http_parser_used(const http_parser_t *parser);
void http_parser_move(http_parser_t *parser, char *store);

/* The head, behind HTTP_END. */
void http_parser_head(const http_parser_t *parser, http_head_t *head);

static inline http_fault_t http_parser_fault(const http_parser_t *parser) {
    return (http_fault_t)parser->fault;
}

#endif
