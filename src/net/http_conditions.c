/* SPDX-License-Identifier: Apache-2.0 */
/* http_conditions.c - the steps of RFC 9110, section 13.2.2, in their order. A field
 * that stands there several times is one list (section 5.3). */
#include "net/http_conditions.h"

#include "microkernel/error.h"
#include "net/http_date.h"
#include "net/http_headers.h"

/* A list of tags names this one: is it there at all, and does it match? Weak tags match
 * where comparing weakly is allowed (section 8.8.3.2). */
static bool find_tag(text_t fields, const char *name, const char *etag, bool is_weak,
                     bool *matches) {
    http_field_t field;
    size_t at = 0;
    bool is_there = false;
    *matches = false;
    while (http_headers_next(fields, &at, &field)) {
        text_t element;
        if (!text_equals_nocase(field.name, text_of(name))) continue;
        is_there = true;
        while (http_list_next(&field.value, &element)) {
            if (is_weak && text_starts_with(element, text_of("W/")))
                element = text_part(element, 2, SIZE_MAX);
            *matches |= text_is(element, "*") || text_is(element, etag);
        }
    }
    return is_there;
}

/* A date to compare the last change with. */
static bool find_date(text_t fields, const char *name, const http_version_t *version,
                      uint64_t *date) {
    text_t value;
    return version->changed_s != 0 && http_headers_find(fields, name, &value) &&
           http_date_read(value, date) == MK_OK;
}

int http_conditions_judge(text_t fields, const http_version_t *version) {
    bool matches;
    uint64_t date;
    if (find_tag(fields, "If-Match", version->etag, false, &matches)) {
        if (!matches) return 412;
    } else if (find_date(fields, "If-Unmodified-Since", version, &date)) {
        if (version->changed_s > date) return 412;
    }
    if (find_tag(fields, "If-None-Match", version->etag, true, &matches))
        return matches ? 304 : 200;
    bool is_old = find_date(fields, "If-Modified-Since", version, &date) &&
                  version->changed_s <= date;
    return is_old ? 304 : 200;
}

/* A date says which version it is only when a second has passed since: two changes may
 * have been made in one (section 8.8.2.2). */
static bool is_same_version(text_t value, const http_version_t *version) {
    uint64_t date;
    if (text_is(value, version->etag)) return true;
    return version->changed_s != 0 && http_date_read(value, &date) == MK_OK &&
           date == version->changed_s && version->changed_s < version->now_s;
}

text_t http_conditions_range(text_t fields, const http_version_t *version) {
    text_t range, value;
    if (!http_headers_find(fields, "Range", &range)) return text_of("");
    bool is_wanted = !http_headers_find(fields, "If-Range", &value) ||
                     is_same_version(value, version);
    return is_wanted ? range : text_of("");
}
