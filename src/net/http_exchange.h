/* SPDX-License-Identifier: Apache-2.0 */
/* http_exchange.h - what a client reads behind one request: heads that are only
 * provisional, the final one, its body, and whether the connection may serve again.
 *
 * Pure and incremental: bytes in any pieces in, events out, memory from the caller. */
#ifndef MK_NET_HTTP_EXCHANGE_H
#define MK_NET_HTTP_EXCHANGE_H

#include "net/http_body.h"
#include "net/http_parse.h"

#include <stdbool.h>
#include <stdint.h>

/* What a step came to. */
typedef enum {
    EXCHANGE_MORE, /* all input is taken; more is needed */
    EXCHANGE_HEAD, /* the final head */
    EXCHANGE_DATA, /* bytes of the body, 1 or more */
    EXCHANGE_END,  /* the answer is complete; the input behind it is left */
    EXCHANGE_BAD,  /* `why` says what was wrong; for ever */
} exchange_step_t;

typedef struct {
    const char *why;   /* of EXCHANGE_BAD: a few words; static storage */
    uint64_t body_max; /* bytes of body that are taken */
    uint8_t state;     /* see http_exchange.c */
    uint8_t kind;      /* http_kind_t */
    uint8_t interim;   /* provisional heads so far */
    bool may_upgrade;  /* the request asked for it */
    bool is_upgraded;  /* 101 came: what follows is another protocol */
    bool has_begun;    /* a byte of an answer came */
    bool keeps_alive;  /* behind EXCHANGE_END: another request may follow */
    char *trailers;    /* the caller's, EXCHANGE_TRAILERS_SIZE bytes */
    union {            /* never both at once */
        http_parser_t head;
        http_body_t body;
    } at;
} http_exchange_t;

enum {
    EXCHANGE_TRAILERS_MAX = 2048, /* bytes of trailer fields on the wire */
    EXCHANGE_TRAILERS_SIZE = HTTP_FIELDS_STORE(EXCHANGE_TRAILERS_MAX),
    EXCHANGE_INTERIM_MAX = 16 /* provisional heads before the final one */
};

/* Begin. `kind` is one of the responses. `store` has http_store_size() bytes for the
 * limits of microkernel/limits.h and is borrowed while http_exchange_needs_store();
 * `trailers` for the whole exchange. A body of more than `body_max` bytes is refused,
 * at its head if that says so. `may_upgrade`: 101 is an answer. */
void http_exchange_init(http_exchange_t *exchange, http_kind_t kind, uint64_t body_max,
                        bool may_upgrade, char *store, char *trailers);

/* Take bytes off the front of `*input`. EXCHANGE_HEAD: `*head`, whose texts lie in the
 * store until the next call; it comes once, before all data. EXCHANGE_DATA: `*data`, a
 * part of the input. Repeat until EXCHANGE_MORE; END and BAD stay. */
exchange_step_t http_exchange_next(http_exchange_t *exchange, text_t *input,
                                   http_head_t *head, text_t *data);

/* The server closed its side, and all input was taken: EXCHANGE_END, that was the end
 * of the body; EXCHANGE_BAD, something is missing. */
exchange_step_t http_exchange_close(http_exchange_t *exchange);

/* A part of a head lies in the store: how much, and go on with a copy of it elsewhere,
 * so that many exchanges share one store (as http_parser_move). */
static inline bool http_exchange_needs_store(const http_exchange_t *exchange) {
    return exchange->state == 0;
}
size_t http_exchange_used(const http_exchange_t *exchange);
void http_exchange_move(http_exchange_t *exchange, char *store);

#endif
