/* SPDX-License-Identifier: Apache-2.0 */
/* http_date.h - times as header fields say them (RFC 9110, section 5.6.7), and ranges
 * of bytes (section 14). Pure. */
#ifndef MK_NET_HTTP_DATE_H
#define MK_NET_HTTP_DATE_H

#include "base/text.h"
#include "base/writer.h"

#include <stdbool.h>
#include <stdint.h>

/* Write "Tue, 24 Nov 2026 19:28:28 GMT" for seconds since 1970. */
void http_date_write(uint64_t seconds, mk_writer_t *w);

/* Read that form, or one of the two that old senders use; their years of two digits are
 * 1970 to 2069. MK_OK or MK_EINVAL. */
int http_date_read(text_t text, uint64_t *seconds);

typedef enum {
    HTTP_RANGE_ALL,  /* no range, several, or a form that is ignored: the whole */
    HTTP_RANGE_PART, /* `*first` to `*last`, both included */
    HTTP_RANGE_NONE, /* a good range that meets no byte: 416 */
} http_range_t;

/* What a Range field asks of `size` bytes. */
http_range_t http_range_read(text_t text, uint64_t size, uint64_t *first,
                             uint64_t *last);

#endif
