/* SPDX-License-Identifier: Apache-2.0 */
/* http_headers.c - linear searches: a message has some ten fields, and a table would
 * cost more to fill than it saves. */
#include "net/http_headers.h"

#include "microkernel/error.h"
#include "net/http_chars.h"
#include "net/http_fault.h"

#include <string.h>

#define HTTP_FAULT_ROW(name, status, text) {status, text},
static const struct {
    int status;
    const char *text;
} faults[] = {HTTP_FAULT_LIST(HTTP_FAULT_ROW)};

int http_fault_status(http_fault_t fault) {
    return faults[fault].status;
}

const char *http_fault_text(http_fault_t fault) {
    return faults[fault].text;
}

static bool is_all(text_t text, unsigned classes) {
    return http_chars_run(text.bytes, text.size, classes) == text.size;
}

bool http_is_token(text_t text) {
    return text.size > 0 && is_all(text, HTTP_TOKEN);
}

bool http_is_value(text_t text) {
    return is_all(text, HTTP_VALUE);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static inline text_t trim(text_t text) {
    for (; text.size > 0 && is_blank(text.bytes[0]); text.size--)
        text.bytes++;
    while (text.size > 0 && is_blank(text.bytes[text.size - 1]))
        text.size--;
    return text;
}

int http_field_split(text_t line, http_field_t *field) {
    size_t colon = http_chars_run(line.bytes, line.size, HTTP_TOKEN);
    if (colon == 0 || colon == line.size || line.bytes[colon] != ':') return MK_EINVAL;
    text_t value = trim(text_part(line, colon + 1, SIZE_MAX));
    if (!http_is_value(value)) return MK_EINVAL;
    *field = (http_field_t){text_make(line.bytes, colon), value};
    return MK_OK;
}

bool http_headers_next(text_t list, size_t *at, http_field_t *field) {
    while (*at < list.size) {
        text_t line = text_part(list, *at, SIZE_MAX);
        line.size = text_find(line, '\0');
        *at += line.size + 1;
        if (http_field_split(line, field) == MK_OK) return true;
    }
    return false;
}

bool http_headers_find(text_t list, const char *name, text_t *value) {
    http_field_t field;
    size_t at = 0;
    while (http_headers_next(list, &at, &field)) {
        if (!text_equals_nocase(field.name, text_of(name))) continue;
        *value = field.value;
        return true;
    }
    *value = text_of("");
    return false;
}

size_t http_headers_count(text_t list, const char *name) {
    http_field_t field;
    size_t at = 0;
    size_t count = 0;
    while (http_headers_next(list, &at, &field))
        count += text_equals_nocase(field.name, text_of(name)) ? 1 : 0;
    return count;
}

bool http_list_next(text_t *rest, text_t *element) {
    while (rest->size > 0) {
        size_t comma = text_find(*rest, ',');
        *element = trim(text_part(*rest, 0, comma));
        *rest = text_part(*rest, comma + 1, SIZE_MAX);
        if (element->size > 0) return true;
    }
    return false;
}

bool http_headers_have(text_t list, const char *name, const char *element) {
    http_field_t field;
    size_t at = 0;
    while (http_headers_next(list, &at, &field)) {
        text_t found;
        if (!text_equals_nocase(field.name, text_of(name))) continue;
        while (http_list_next(&field.value, &found))
            if (text_equals_nocase(found, text_of(element))) return true;
    }
    return false;
}
