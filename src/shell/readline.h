/* SPDX-License-Identifier: Apache-2.0 */
/* readline.h - what the shell's other files share with the editor. Programs use
 * microkernel/mk_readline.h. */
#ifndef MK_SHELL_READLINE_H
#define MK_SHELL_READLINE_H

#include <stddef.h>

/* The character at text[0..len): its bytes, and in *cols (may be NULL) the columns it
 * takes. 0 when it may not stand in a line: it is incomplete or invalid UTF-8, a
 * control character, or one that changes how others are shown (direction marks, line
 * separators). */
size_t mk_rl__char(const char *text, size_t len, size_t *cols);

#endif
