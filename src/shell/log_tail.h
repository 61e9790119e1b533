/* SPDX-License-Identifier: Apache-2.0 */
/* log_tail.h - the newest lines of a log, in a fixed number of bytes. Pure. */
#ifndef MK_SHELL_LOG_TAIL_H
#define MK_SHELL_LOG_TAIL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *bytes;  /* the caller's; whole lines, oldest first, each ended by '\n' */
    size_t cap;   /* bytes there */
    size_t size;  /* in use */
    size_t count; /* lines */
} log_tail_t;

/* An empty tail in the caller's memory, borrowed. */
void log_tail_init(log_tail_t *tail, char *bytes, size_t cap);

/* Append a line that ends in '\n'; the oldest ones make room. One that is larger than
 * everything is passed over. */
void log_tail_add(log_tail_t *tail, const char *line, size_t size);

/* Where the newest `count` lines begin; they go on to `size`. */
size_t log_tail_last(const log_tail_t *tail, size_t count);

#endif
