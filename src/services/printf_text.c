/* SPDX-License-Identifier: Apache-2.0 */
/* printf_text.c - the library's own formats go through base/writer, which gives the
 * same text everywhere. Programs have always been able to log with all of printf,
 * "%.1f" above all; what the writer does not know goes to the C library, as good as
 * that is here. */
#include "services/printf_text.h"

#include "base/writer.h"

#include <stdio.h>
#include <string.h>

/* Bytes formatted by the C library before the text is cut to the caller's room: a log
 * text, and the character that is cut at its end. */
enum { LIBRARY_MAX = 256 + 4 };

static const char *skip_digits(const char *at) {
    return at + strspn(at, "0123456789");
}

/* `at` is behind a '%'. Returns what follows the conversion, or NULL when the writer
 * does not know it; see writer_format. */
static const char *skip_known(const char *at) {
    if (*at == '%') return at + 1;
    bool is_left = *at == '-';
    if (is_left) at++;
    bool has_zero = *at == '0';
    if (has_zero) at++;
    at = skip_digits(at);
    bool has_star = at[0] == '.' && at[1] == '*';
    if (has_star)
        at += 2;
    else if (*at == '.')
        at = skip_digits(at + 1);
    if (*at == 's' || *at == 'c')
        return has_zero || (has_star && *at == 'c') ? NULL : at + 1;
    if (*at == 'z')
        at++;
    else if (*at == 'l')
        at += at[1] == 'l' ? 2 : 1;
    bool is_number = *at == 'd' || *at == 'u' || *at == 'x';
    return is_number && !has_star ? at + 1 : NULL;
}

bool printf_text_is_simple(const char *format) {
    while (format != NULL) {
        format = strchr(format, '%');
        if (format == NULL) return true;
        format = skip_known(format + 1);
    }
    return false;
}

size_t printf_text(char *buf, size_t cap, const char *format, va_list args) {
    mk_writer_t writer;
    writer_init(&writer, buf, cap);
    if (printf_text_is_simple(format)) {
        writer_vformat(&writer, format, args);
    } else {
        char text[LIBRARY_MAX];
        int size = vsnprintf(text, sizeof text, format, args);
        if (size > 0)
            writer_bytes(&writer, text,
                         (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
    }
    size_t size = writer.size;
    while (size > 0 && buf[size - 1] == '\n')
        size--;
    writer_rewind(&writer, size);
    return size;
}
