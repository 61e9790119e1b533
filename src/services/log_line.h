/* SPDX-License-Identifier: Apache-2.0 */
/* log_line.h - a log record as a line of text or JSON. Pure.
 *
 * Text:  [12.345] [INFO] actor=7: opened port=80 path="a b"
 * JSON:  {"time_ms":1767225612345,"uptime_ms":12345,"level":"info","actor":"7",
 *         "name":"web","text":"opened","fields":{"port":80,"path":"a b"}}
 *
 * Whatever the bytes of text and fields are, the line is one line of well-formed UTF-8
 * without characters that steer a terminal: text is written as writer_escaped writes it
 * (\xNN), values in quotes and all of JSON as writer_json does. */
#ifndef MK_SERVICES_LOG_LINE_H
#define MK_SERVICES_LOG_LINE_H

#include "microkernel/log.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest line: per byte of text or of an encoded field at most 6. */
enum { LOG_LINE_MAX = 512 + 6 * MK_LOG_TEXT_MAX + 6 * MK_LOG_FIELDS_BYTES };

/* Bytes of a field's key, without a NUL. */
enum { LOG_KEY_MAX = 31 };

typedef struct {
    uint64_t uptime_ms;
    uint64_t wall_ms;
    actor_id_t source;
    int level;
    const char *name; /* of the actor, for JSON; name_size 0: not known */
    size_t name_size;
    const char *text;
    size_t text_size;
    const unsigned char *fields; /* made by log_fields_encode */
    size_t fields_size;
    unsigned fields_left_out; /* that did not fit */
} log_record_t;

/* MK_OK when all keys are what log.h asks for, kinds are known and texts are not NULL;
 * else MK_EINVAL. */
int log_fields_check(const log_field_t *fields, size_t len);

/* Write checked fields as bytes: kind, size of the key, key, then a text with its size
 * in two bytes or a number in eight. Whole fields only; the size written is returned
 * and how many did not fit goes to `*left_out`. */
size_t log_fields_encode(const log_field_t *fields, size_t len, unsigned char *bytes,
                         size_t cap, unsigned *left_out);

/* Write the line with its newline, without a NUL; returns its size. */
size_t log_line_write(const log_record_t *record, log_format_t format,
                      char line[LOG_LINE_MAX]);

#endif
