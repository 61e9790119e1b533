/* SPDX-License-Identifier: Apache-2.0 */
/* sse_parse.h - an event stream, both ways (HTML standard, section 9.2).
 *
 * Pure and incremental: bytes in any pieces, events out, memory from the caller. Texts
 * are passed on as they came; that they are UTF-8 is for the user of an event to ask.
 */
#ifndef MK_NET_SSE_PARSE_H
#define MK_NET_SSE_PARSE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SSE_ID_MAX = 128,  /* bytes of an id: it is sent back in a field of a request */
    SSE_TYPE_MAX = 64, /* bytes of a type; they are names of handlers */
};

typedef enum {
    SSE_MORE,  /* all input is taken */
    SSE_EVENT, /* an event is complete */
    SSE_BAD,   /* an event, id or type is too big; for ever */
} sse_step_t;

typedef struct {
    text_t type;       /* "message" when the stream names none */
    text_t data;       /* lines joined by LF */
    text_t id;         /* the last id so far; empty when there is none */
    uint32_t retry_ms; /* only for writing: when to come back; 0: not said */
} sse_event_t;

typedef struct {
    char *store;              /* the caller's: data, behind it the value being read */
    size_t cap;               /* its bytes */
    size_t size;              /* of data, each line with its LF */
    size_t value_size;        /* of the value being read */
    uint32_t retry_ms;        /* what the stream asked for */
    bool has_retry;           /* it did */
    uint8_t state;            /* see sse_parse.c */
    uint8_t name_size;        /* bytes of the name being read, as far as it matters */
    uint8_t next_id_size;     /* of next_id */
    uint8_t id_size;          /* of id */
    uint8_t type_size;        /* of type */
    bool is_behind_cr;        /* a LF would belong to the line end before it */
    bool is_given_out;        /* the store's event was given out and is over */
    char name[5];             /* of the field being read */
    char next_id[SSE_ID_MAX]; /* of the event being read */
    char id[SSE_ID_MAX];      /* of the last complete one */
    char type[SSE_TYPE_MAX];  /* of the event being read */
} sse_parser_t;

/* Begin a stream. An event may have less than `cap` bytes of data, and so may each
 * line. `store` is borrowed until the stream ends. */
void sse_parser_init(sse_parser_t *parser, char *store, size_t cap);

/* Begin the next connection of the same stream: what was unfinished is dropped, the
 * last id and the retry time stay (section 9.2.3). */
void sse_parser_reconnect(sse_parser_t *parser);

/* Go on behind an event of an earlier stream: `id`, at most SSE_ID_MAX bytes, is the
 * last one. Right behind sse_parser_init. */
void sse_parser_set_last_id(sse_parser_t *parser, text_t id);

/* Take bytes off the front of `*input`. `*event` is written on SSE_EVENT; its texts are
 * valid until the next call. */
sse_step_t sse_parse(sse_parser_t *parser, text_t *input, sse_event_t *event);

/* What Last-Event-ID says on the next connection; empty: no such field. */
static inline text_t sse_parser_last_id(const sse_parser_t *parser) {
    return text_make(parser->id, parser->id_size);
}

/* Bytes that sse_write_event() needs. */
size_t sse_event_size(const sse_event_t *event);

/* Write an event: an empty type or id is left out, and so is data at NULL, of which no
 * event comes; data may have any lines, whose ends all become LF at the reader. The
 * bytes written, or MK_EINVAL: a line end in the type or the id, or a NUL in the id;
 * MK_ETOOBIG: more than `cap` bytes. */
int sse_write_event(const sse_event_t *event, char *bytes, size_t cap);

/* A comment, which readers pass over: sent when nothing else is, so that a dead
 * connection is noticed. */
#define SSE_HEARTBEAT ":\n\n"

#endif
