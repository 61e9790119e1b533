/* SPDX-License-Identifier: Apache-2.0 */
/* console_lines.c - see console_lines.h.
 *
 * A line that does not fit is swallowed up to its end and then refused as a whole: the
 * beginning of a command may be another command. */
#include "shell/console_lines.h"

void console_lines_init(console_lines_t *lines) {
    lines->len = 0;
    lines->number = 1;
    lines->is_complete = false;
    lines->is_too_long = false;
}

static void begin_line(console_lines_t *lines) {
    lines->len = 0;
    lines->number++;
    lines->is_complete = false;
    lines->is_too_long = false;
}

static console_lines_result_t complete(console_lines_t *lines) {
    lines->is_complete = true;
    if (lines->is_too_long) lines->len = 0;
    lines->text[lines->len] = '\0';
    return lines->is_too_long ? CONSOLE_LINES_TOO_LONG : CONSOLE_LINES_DONE;
}

console_lines_result_t console_lines_feed(console_lines_t *lines, char byte) {
    if (lines->is_complete) begin_line(lines);
    if (byte == '\n') return complete(lines);
    if (lines->len < sizeof lines->text - 1)
        lines->text[lines->len++] = byte;
    else
        lines->is_too_long = true;
    return CONSOLE_LINES_MORE;
}

console_lines_result_t console_lines_end(console_lines_t *lines) {
    if (lines->is_complete || lines->len == 0) return CONSOLE_LINES_MORE;
    return complete(lines);
}
