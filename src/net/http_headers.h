/* SPDX-License-Identifier: Apache-2.0 */
/* http_headers.h - a list of header fields: look through it, look into values, judge
 * what a user gives.
 *
 * A list is a block of consecutive NUL-terminated texts "Name: value", the form of the
 * published interface; its size includes every NUL. Names match in either case. */
#ifndef MK_NET_HTTP_HEADERS_H
#define MK_NET_HTTP_HEADERS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    text_t name;
    text_t value; /* without blanks at its ends */
} http_field_t;

/* One character or more, all of them of tokens: a method, a name. */
bool http_is_token(text_t text);

/* Nothing that would end a field or the header: no CR, LF, NUL or other control. */
bool http_is_value(text_t text);

/* Take "Name: value" apart, as a user writes it: a token, ':', any blanks, a value.
 * MK_OK, or MK_EINVAL for what is no field, line ends inside included. */
int http_field_split(text_t line, http_field_t *field);

/* Step through a list: begin with `*at` 0. False at the end. Lines that are no field
 * are passed over. */
bool http_headers_next(text_t list, size_t *at, http_field_t *field);

/* The first field of that name; false when there is none, and `*value` is then empty.
 */
bool http_headers_find(text_t list, const char *name, text_t *value);

/* How many fields have that name. */
size_t http_headers_count(text_t list, const char *name);

/* Take the next element off the front of a comma-separated value; empty elements are
 * passed over, blanks around one removed. Commas in quoted strings separate too: not
 * for fields that have those. False at the end. */
bool http_list_next(text_t *rest, text_t *element);

/* Some field of that name has the element, in either case. */
bool http_headers_have(text_t list, const char *name, const char *element);

#endif
