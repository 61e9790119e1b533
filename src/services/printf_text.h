/* SPDX-License-Identifier: Apache-2.0 */
/* printf_text.h - a text as printf makes it, for programs that know printf. Pure. */
#ifndef MK_SERVICES_PRINTF_TEXT_H
#define MK_SERVICES_PRINTF_TEXT_H

#include "base/check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Write the formatted text with its NUL into buf[0..cap), cap > 0, cut between
 * characters, without the newlines at its end. Returns its size. */
size_t printf_text(char *buf, size_t cap, const char *format, va_list args)
    MK_PRINTF(3, 0);

/* True when the format has nothing that writer_vformat does not know. */
bool printf_text_is_simple(const char *format);

#endif
