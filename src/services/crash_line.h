/* SPDX-License-Identifier: Apache-2.0 */
/* crash_line.h - a crash record as a line of the file; the format stands in crash.h.
 * Pure. */
#ifndef MK_SERVICES_CRASH_LINE_H
#define MK_SERVICES_CRASH_LINE_H

#include "microkernel/crash.h"

#include <stddef.h>

/* Bytes of the longest line: nine words and numbers of at most 20 digits, and four for
 * each byte of names and text. */
enum { CRASH_LINE_MAX = 192 + 4 * MK_CRASH_NAMES_MAX + 4 * MK_EXIT_TEXT_MAX };

/* Write the line with its newline; returns its size. */
size_t crash_line_write(const crash_record_t *record, char line[CRASH_LINE_MAX]);

/* Read a line without its newline. MK_OK; or MK_EBADMSG, and `record` is undefined.
 * `is_earlier` is set. */
int crash_line_read(const char *line, size_t size, crash_record_t *record);

#endif
