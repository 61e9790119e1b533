/* SPDX-License-Identifier: Apache-2.0 */
/* console_lines.h - bytes of a script or a pipe become whole lines. Pure. */
#ifndef MK_SHELL_CONSOLE_LINES_H
#define MK_SHELL_CONSOLE_LINES_H

#include "microkernel/shell.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    CONSOLE_LINES_MORE = 0, /* the line is not complete */
    CONSOLE_LINES_DONE,     /* it is in `text`, `len` */
    CONSOLE_LINES_TOO_LONG  /* it was longer than that; nothing of it is kept */
} console_lines_result_t;

typedef struct {
    char text[MK_SHELL_LINE_MAX]; /* the line without its '\n'; a NUL behind it */
    size_t len;                   /* bytes of it */
    uint64_t number;              /* of the line in `text`, from 1 */
    bool is_complete;             /* it was given out; the next byte begins another */
    bool is_too_long;             /* bytes of it were dropped */
} console_lines_t;

/* Nothing read yet. */
void console_lines_init(console_lines_t *lines);

/* Take one byte. What it completed stays readable until the next call. */
console_lines_result_t console_lines_feed(console_lines_t *lines, char byte);

/* The input has ended: a last line without '\n' counts; CONSOLE_LINES_MORE when there
 * is none. */
console_lines_result_t console_lines_end(console_lines_t *lines);

#endif
