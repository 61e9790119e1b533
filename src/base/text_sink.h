/* SPDX-License-Identifier: Apache-2.0 */
/* text_sink.h - text that is counted also where it no longer fits, so that one function
 * both measures and writes. Beside writer.h, which cuts; here a piece is whole or
 * absent, and nothing ends in NUL. */
#ifndef MK_BASE_TEXT_SINK_H
#define MK_BASE_TEXT_SINK_H

#include "base/text.h"

#include <string.h>

typedef struct {
    char *bytes; /* the caller's; may be NULL when `cap` is 0 */
    size_t cap;  /* bytes that are there */
    size_t size; /* bytes that were put; more than `cap`: not all is there */
} text_sink_t;

static inline void text_sink_put(text_sink_t *sink, text_t text) {
    if (text.size > 0 && sink->size <= sink->cap && text.size <= sink->cap - sink->size)
        memcpy(sink->bytes + sink->size, text.bytes, text.size);
    sink->size += text.size;
}

#endif
