/* SPDX-License-Identifier: Apache-2.0 */
/* Dates by the arithmetic of the proleptic Gregorian calendar: the C library's would
 * depend on its locale and zone. */
#include "net/http_date.h"

#include "microkernel/error.h"

static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void put_two(mk_writer_t *w, unsigned value) {
    writer_char(w, (char)('0' + value / 10 % 10));
    writer_char(w, (char)('0' + value % 10));
}

void http_date_write(uint64_t seconds, mk_writer_t *w) {
    uint64_t day = seconds / 86400u;
    unsigned second = (unsigned)(seconds % 86400u);
    /* Days since 0000-03-01; years begin in March, so a leap day ends one. */
    uint64_t shifted = day + 719468u;
    uint64_t era = shifted / 146097u;
    unsigned day_of_era = (unsigned)(shifted % 146097u);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460u + day_of_era / 36524u - day_of_era / 146096u) /
        365u;
    unsigned day_of_year =
        day_of_era - (365u * year_of_era + year_of_era / 4u - year_of_era / 100u);
    unsigned shifted_month = (5u * day_of_year + 2u) / 153u;
    unsigned day_of_month = day_of_year - (153u * shifted_month + 2u) / 5u + 1u;
    unsigned month = shifted_month < 10u ? shifted_month + 2u : shifted_month - 10u;
    uint64_t year = year_of_era + era * 400u + (month < 2u ? 1u : 0u);
    writer_str(w, days[day % 7u]);
    writer_str(w, ", ");
    put_two(w, day_of_month);
    writer_char(w, ' ');
    writer_str(w, months[month]);
    writer_char(w, ' ');
    writer_unsigned(w, year);
    writer_char(w, ' ');
    put_two(w, second / 3600u);
    writer_char(w, ':');
    put_two(w, second / 60u % 60u);
    writer_char(w, ':');
    put_two(w, second % 60u);
    writer_str(w, " GMT");
}

/* Two digits at `at`. */
static bool read_two(text_t text, size_t at, unsigned max, unsigned *value) {
    uint64_t number;
    if (text_parse_unsigned(text_part(text, at, 2), 10, 0, max, &number) < 0)
        return false;
    *value = (unsigned)number;
    return true;
}

/* Where the parts of a date stand. */
typedef struct {
    size_t day, month, year, time;
    size_t year_size;
} places_t;

/* "Sun, 06 Nov 1994 08:49:37 GMT", and the forms that are read but never written:
 * "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994". */
static bool find_places(text_t text, places_t *places) {
    size_t comma = text_find(text, ',');
    if (text.size == 24 && comma == text.size) {
        *places = (places_t){8, 4, 20, 11, 4};
        return true;
    }
    bool is_new = text.size == comma + 26 && comma == 3;
    bool is_old = text.size == comma + 24 && comma >= 6 && comma <= 9;
    if (is_new)
        *places = (places_t){comma + 2, comma + 5, comma + 9, comma + 14, 4};
    else
        *places = (places_t){comma + 2, comma + 5, comma + 9, comma + 12, 2};
    return (is_new || is_old) && text_is(text_part(text, text.size - 4, 4), " GMT");
}

static bool read_year(text_t text, const places_t *places, uint64_t *year) {
    text_t digits = text_part(text, places->year, places->year_size);
    if (places->year_size == 4)
        return text_parse_unsigned(digits, 10, 1970, 9999, year) == MK_OK;
    if (text_parse_unsigned(digits, 10, 0, 99, year) < 0) return false;
    *year += *year < 70 ? 2000 : 1900;
    return true;
}

int http_date_read(text_t text, uint64_t *seconds) {
    unsigned day, month = 0, hour, minute, second;
    uint64_t year;
    places_t at;
    if (!find_places(text, &at)) return MK_EINVAL;
    while (month < 12 && !text_is(text_part(text, at.month, 3), months[month]))
        month++;
    bool is_padded = text.size == 24 && text.bytes[at.day] == ' ';
    bool has_day = is_padded
                       ? text.bytes[at.day + 1] >= '0' && text.bytes[at.day + 1] <= '9'
                       : read_two(text, at.day, 31, &day);
    if (is_padded) day = (unsigned)(text.bytes[at.day + 1] - '0');
    if (month == 12 || !has_day || day == 0 || !read_year(text, &at, &year) ||
        !read_two(text, at.time, 23, &hour) ||
        !read_two(text, at.time + 3, 59, &minute) ||
        !read_two(text, at.time + 6, 60, &second))
        return MK_EINVAL;
    /* As in writing, years begin in March. */
    uint64_t shifted_year = month < 2 ? year - 1 : year;
    unsigned shifted_month = month < 2 ? month + 10 : month - 2;
    uint64_t days_before = shifted_year * 365u + shifted_year / 4u -
                           shifted_year / 100u + shifted_year / 400u +
                           (153u * shifted_month + 2u) / 5u + day - 1u - 719468u;
    *seconds = days_before * 86400u + hour * 3600u + minute * 60u + second;
    return MK_OK;
}

http_range_t http_range_read(text_t text, uint64_t size, uint64_t *first,
                             uint64_t *last) {
    static const char unit[] = "bytes=";
    if (!text_starts_with(text, text_of(unit))) return HTTP_RANGE_ALL;
    text = text_part(text, sizeof unit - 1, SIZE_MAX);
    size_t dash = text_find(text, '-');
    if (dash == text.size || text_find(text, ',') < text.size) return HTTP_RANGE_ALL;
    text_t from = text_part(text, 0, dash);
    text_t to = text_part(text, dash + 1, SIZE_MAX);
    uint64_t begin, end = UINT64_MAX;
    if (to.size > 0 && text_parse_unsigned(to, 10, 0, UINT64_MAX, &end) < 0)
        return HTTP_RANGE_ALL;
    if (from.size == 0) { /* the last `end` bytes */
        if (to.size == 0) return HTTP_RANGE_ALL;
        if (end == 0 || size == 0) return HTTP_RANGE_NONE;
        *first = end < size ? size - end : 0;
        *last = size - 1;
        return HTTP_RANGE_PART;
    }
    if (text_parse_unsigned(from, 10, 0, UINT64_MAX, &begin) < 0 || end < begin)
        return HTTP_RANGE_ALL;
    if (begin >= size) return HTTP_RANGE_NONE;
    *first = begin;
    *last = end < size ? end : size - 1;
    return HTTP_RANGE_PART;
}
