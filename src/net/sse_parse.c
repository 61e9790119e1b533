/* SPDX-License-Identifier: Apache-2.0 */
/* sse_parse.c - names are kept as far as the longest we know, values go behind the data
 * in the store and become part of it, or of the id, when their line is complete: so one
 * bound holds for all that a stream can make us keep. */
#include "net/sse_parse.h"

#include "base/check.h"
#include "base/text_sink.h"
#include "base/writer.h"
#include "microkernel/error.h"

#include <limits.h>
#include <string.h>

enum {
    AT_STREAM, /* a byte order mark may stand here; name_size bytes of it came */
    IN_NAME,
    AT_VALUE, /* one blank is not part of it */
    IN_VALUE,
    IN_IGNORED, /* a comment, or the value of a field we do not know */
    IS_BAD,
};

static const char byte_order_mark[] = "\xEF\xBB\xBF";

void sse_parser_init(sse_parser_t *parser, char *store, size_t cap) {
    memset(parser, 0, sizeof *parser);
    parser->store = store;
    parser->cap = cap;
}

static void begin_event(sse_parser_t *parser) {
    parser->size = 0;
    parser->type_size = 0;
    parser->is_given_out = false;
}

static void begin_line(sse_parser_t *parser) {
    parser->state = IN_NAME;
    parser->name_size = 0;
    parser->value_size = 0;
}

void sse_parser_set_last_id(sse_parser_t *parser, text_t id) {
    if (id.size > 0) {
        memcpy(parser->id, id.bytes, id.size);
        memcpy(parser->next_id, id.bytes, id.size);
    }
    parser->id_size = parser->next_id_size = (uint8_t)id.size;
}

void sse_parser_reconnect(sse_parser_t *parser) {
    begin_event(parser);
    begin_line(parser);
    parser->state = AT_STREAM;
    parser->is_behind_cr = false;
    memcpy(parser->next_id, parser->id, parser->id_size);
    parser->next_id_size = parser->id_size;
}

/* --- lines --- */

/* A name that is too long is no name we know: its size says so. */
static void take_name_byte(sse_parser_t *parser, char c) {
    if (parser->name_size < sizeof parser->name) parser->name[parser->name_size] = c;
    if (parser->name_size <= sizeof parser->name) parser->name_size++;
}

static text_t name_of(const sse_parser_t *parser) {
    bool is_short = parser->name_size <= sizeof parser->name;
    return text_make(parser->name, is_short ? parser->name_size : 0);
}

static bool is_known(text_t name) {
    return text_is(name, "data") || text_is(name, "event") || text_is(name, "id") ||
           text_is(name, "retry");
}

static bool keep(text_t value, char *bytes, size_t max, uint8_t *size) {
    if (value.size > max) return false;
    if (value.size > 0) memcpy(bytes, value.bytes, value.size);
    *size = (uint8_t)value.size;
    return true;
}

static void take_retry(sse_parser_t *parser, text_t value) {
    uint64_t retry = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.bytes[i] < '0' || value.bytes[i] > '9') return;
        retry = retry * 10 + (uint64_t)(value.bytes[i] - '0');
        if (retry > UINT32_MAX) retry = UINT32_MAX;
    }
    if (value.size == 0) return;
    parser->retry_ms = (uint32_t)retry;
    parser->has_retry = true;
}

/* A line with a name is complete. False: too big. */
static bool take_field(sse_parser_t *parser) {
    text_t name = name_of(parser);
    text_t value = text_make(parser->store + parser->size, parser->value_size);
    if (text_is(name, "data")) {
        parser->size += value.size;
        if (parser->size == parser->cap) return false;
        parser->store[parser->size++] = '\n';
    } else if (text_is(name, "event")) {
        return keep(value, parser->type, SSE_TYPE_MAX, &parser->type_size);
    } else if (text_is(name, "id") && text_find(value, '\0') == value.size) {
        return keep(value, parser->next_id, SSE_ID_MAX, &parser->next_id_size);
    } else if (text_is(name, "retry")) {
        take_retry(parser, value);
    }
    return true;
}

/* An empty line. True: there is an event. */
static bool end_event(sse_parser_t *parser, sse_event_t *event) {
    memcpy(parser->id, parser->next_id, parser->next_id_size);
    parser->id_size = parser->next_id_size;
    if (parser->size == 0) {
        parser->type_size = 0;
        return false;
    }
    event->type = parser->type_size > 0 ? text_make(parser->type, parser->type_size)
                                        : text_of("message");
    event->data = text_make(parser->store, parser->size - 1);
    event->id = text_make(parser->id, parser->id_size);
    parser->is_given_out = true;
    return true;
}

static sse_step_t end_line(sse_parser_t *parser, sse_event_t *event) {
    bool is_empty = parser->state == IN_NAME && parser->name_size == 0;
    if (is_empty) return end_event(parser, event) ? SSE_EVENT : SSE_MORE;
    if (parser->state != IN_IGNORED && !take_field(parser)) {
        parser->state = IS_BAD;
        return SSE_BAD;
    }
    begin_line(parser);
    return SSE_MORE;
}

/* --- bytes --- */

static bool is_line_end(char c) {
    return c == '\n' || c == '\r';
}

/* Bytes before the end of the line. */
static size_t run_of(text_t input) {
    size_t n = 0;
    while (n < input.size && !is_line_end(input.bytes[n]))
        n++;
    return n;
}

static void take_head_byte(sse_parser_t *parser, char c) {
    if (parser->state == AT_VALUE) {
        parser->state = IN_VALUE; /* the blank is gone */
    } else if (c != ':') {
        take_name_byte(parser, c);
    } else {
        parser->state = is_known(name_of(parser)) ? AT_VALUE : IN_IGNORED;
    }
}

/* Bytes of a line, up to its end or to where the state changes. False: too big. */
static bool take_run(sse_parser_t *parser, text_t *input) {
    size_t n = 1;
    if (parser->state == AT_VALUE && input->bytes[0] != ' ') parser->state = IN_VALUE;
    if (parser->state == IN_NAME || parser->state == AT_VALUE) {
        take_head_byte(parser, input->bytes[0]);
    } else {
        n = run_of(*input);
        if (parser->state == IN_VALUE) {
            size_t used = parser->size + parser->value_size;
            if (n > parser->cap - used) return false;
            memcpy(parser->store + used, input->bytes, n);
            parser->value_size += n;
        }
    }
    *input = text_part(*input, n, SIZE_MAX);
    return true;
}

/* The mark is dropped; a beginning of it that is none is the beginning of a name. */
static void take_mark(sse_parser_t *parser, text_t *input) {
    MK_ASSERT(parser->name_size < 3);
    if (input->bytes[0] == byte_order_mark[parser->name_size]) {
        take_name_byte(parser, input->bytes[0]);
        *input = text_part(*input, 1, SIZE_MAX);
        if (parser->name_size == 3) begin_line(parser);
    } else {
        parser->state = IN_NAME;
    }
}

sse_step_t sse_parse(sse_parser_t *parser, text_t *input, sse_event_t *event) {
    if (parser->is_given_out) begin_event(parser);
    while (input->size > 0 && parser->state != IS_BAD) {
        char c = input->bytes[0];
        bool is_tail = c == '\n' && parser->is_behind_cr;
        parser->is_behind_cr = false;
        if (parser->state == AT_STREAM) {
            take_mark(parser, input);
        } else if (is_tail) {
            *input = text_part(*input, 1, SIZE_MAX);
        } else if (is_line_end(c)) {
            *input = text_part(*input, 1, SIZE_MAX);
            parser->is_behind_cr = c == '\r';
            sse_step_t step = end_line(parser, event);
            if (step != SSE_MORE) return step;
        } else if (!take_run(parser, input)) {
            parser->state = IS_BAD;
        }
    }
    return parser->state == IS_BAD ? SSE_BAD : SSE_MORE;
}

/* --- writing --- */

static void put_line(text_sink_t *sink, const char *name, text_t value) {
    text_sink_put(sink, text_of(name));
    text_sink_put(sink, value);
    text_sink_put(sink, text_of("\n"));
}

static void put_retry(text_sink_t *sink, uint32_t retry_ms) {
    char digits[12];
    mk_writer_t w;
    writer_init(&w, digits, sizeof digits);
    writer_unsigned(&w, retry_ms);
    put_line(sink, "retry: ", writer_text(&w));
}

static void put_data(text_sink_t *sink, text_t rest) {
    for (;;) {
        size_t n = run_of(rest);
        put_line(sink, "data: ", text_part(rest, 0, n));
        if (n == rest.size) break;
        bool is_pair =
            rest.bytes[n] == '\r' && n + 1 < rest.size && rest.bytes[n + 1] == '\n';
        rest = text_part(rest, n + (is_pair ? 2 : 1), SIZE_MAX);
    }
}

static void put_event(text_sink_t *sink, const sse_event_t *event) {
    if (event->type.size > 0) put_line(sink, "event: ", event->type);
    if (event->id.size > 0) put_line(sink, "id: ", event->id);
    if (event->retry_ms > 0) put_retry(sink, event->retry_ms);
    if (event->data.bytes != NULL) put_data(sink, event->data);
    text_sink_put(sink, text_of("\n"));
}

size_t sse_event_size(const sse_event_t *event) {
    text_sink_t sink = {NULL, 0, 0};
    put_event(&sink, event);
    return sink.size;
}

int sse_write_event(const sse_event_t *event, char *bytes, size_t cap) {
    if (run_of(event->type) < event->type.size || run_of(event->id) < event->id.size ||
        text_find(event->id, '\0') < event->id.size)
        return MK_EINVAL;
    text_sink_t sink = {bytes, cap, 0};
    put_event(&sink, event);
    return sink.size > cap || sink.size > INT_MAX ? MK_ETOOBIG : (int)sink.size;
}
