/* SPDX-License-Identifier: Apache-2.0 */
/* url.c - one walk from left to right over the text; each part ends where a byte stands
 * that ends it, and is then judged by a table of characters or a small grammar.
 *
 * Resolution writes the merged text first and parses it again, so that there is one
 * place that says what a URL is. Sources: RFC 3986 sections 3 and 5.2, appendix A. */
#include "base/url.h"

#include "base/text_sink.h"
#include "microkernel/error.h"

#include <limits.h>
#include <string.h>

/* --- characters --- */

enum {
    IN_HOST = 1u << 0,  /* letters, digits, "-_." */
    IN_PATH = 1u << 1,  /* pchar and '/'; '%' is looked at apart */
    IN_QUERY = 1u << 2, /* those and '?' */
    IS_HEX = 1u << 3,
    IS_DIGIT = 1u << 4,
};

/* Sixteen characters to a line; no byte from 128 on is in a class. */
/* clang-format off */
static const uint8_t classes[128] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 6, 0, 0, 6, 0, 6, 6, 6, 6, 6, 6, 6, 7, 7, 6,
    31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 6, 6, 0, 6, 0, 4,
    6, 15, 15, 15, 15, 15, 15, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 0, 7,
    0, 15, 15, 15, 15, 15, 15, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 6, 0,
};
/* clang-format on */

static inline unsigned class_of(char c) {
    return (uint8_t)c < 128 ? classes[(uint8_t)c] : 0;
}

static unsigned hex_value(char c) {
    if (c <= '9') return (unsigned)(c - '0');
    return (unsigned)((c | 0x20) - 'a') + 10;
}

static int refuse(url_error_t *error, const char *why, size_t at) {
    if (error != NULL) *error = (url_error_t){why, at};
    return MK_EINVAL;
}

/* A byte of `set` at or behind `from`; text.size when there is none. */
static size_t find_any(text_t text, size_t from, const char *set) {
    while (from < text.size &&
           (text.bytes[from] == '\0' || strchr(set, text.bytes[from]) == NULL))
        from++;
    return from;
}

/* --- hosts --- */

/* "a.b.c.d", each 0..255 without leading zeros, and nothing behind it. */
static bool is_ipv4(text_t text) {
    size_t at = 0;
    for (unsigned part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t begin = at;
        if (part > 0 && (at >= text.size || text.bytes[at++] != '.')) return false;
        if (part > 0) begin = at;
        while (at < text.size && (class_of(text.bytes[at]) & IS_DIGIT) != 0) {
            value = value * 10 + hex_value(text.bytes[at++]);
            if (value > 255 || at - begin > 3) return false;
        }
        if (at == begin || (at - begin > 1 && text.bytes[begin] == '0')) return false;
    }
    return at == text.size;
}

/* Eight groups of one to four digits; "::" once, for at least one of them; the last two
 * may be an IPv4 address. */
static bool is_ipv6(text_t text) {
    unsigned groups = 0;
    bool has_gap = false;
    size_t at = 0;
    if (text.size >= 2 && text.bytes[0] == ':' && text.bytes[1] == ':') {
        has_gap = true;
        at = 2;
        if (at == text.size) return true;
    }
    for (;;) {
        size_t end = at;
        while (end < text.size && (class_of(text.bytes[end]) & IS_HEX) != 0)
            end++;
        if (end < text.size && text.bytes[end] == '.') {
            if (!is_ipv4(text_part(text, at, SIZE_MAX))) return false;
            groups += 2;
            break;
        }
        if (end == at || end - at > 4) return false;
        groups++;
        at = end;
        if (at == text.size) break;
        if (text.bytes[at++] != ':') return false;
        if (at < text.size && text.bytes[at] == ':') {
            if (has_gap) return false;
            has_gap = true;
            if (++at == text.size) break;
        }
        if (groups >= 8) return false;
    }
    return has_gap ? groups < 8 : groups == 8;
}

/* The last label looks like a number to somebody (WHATWG URL, "ends in a number"). */
static bool ends_in_number(text_t host) {
    if (host.size > 0 && host.bytes[host.size - 1] == '.') host.size--;
    size_t begin = host.size;
    while (begin > 0 && host.bytes[begin - 1] != '.')
        begin--;
    text_t label = text_part(host, begin, SIZE_MAX);
    unsigned kind = IS_DIGIT;
    if (label.size >= 2 && label.bytes[0] == '0' && (label.bytes[1] | 0x20) == 'x') {
        label = text_part(label, 2, SIZE_MAX);
        kind = IS_HEX;
        if (label.size == 0) return true;
    }
    for (size_t i = 0; i < label.size; i++)
        if ((class_of(label.bytes[i]) & kind) == 0) return false;
    return label.size > 0;
}

static int check_name(text_t name, size_t at, url_error_t *error) {
    size_t label = 0;
    for (size_t i = 0; i < name.size; i++) {
        if ((class_of(name.bytes[i]) & IN_HOST) == 0)
            return refuse(error, "a character that no host name has", at + i);
        if (name.bytes[i] != '.') {
            if (++label > 63)
                return refuse(error, "a part of the name is too long", at + i);
            continue;
        }
        if (label == 0) return refuse(error, "an empty part of the name", at + i);
        label = 0;
    }
    if (name.size > URL_HOST_MAX)
        return refuse(error, "the host name is too long", at + URL_HOST_MAX);
    if (ends_in_number(name) && !is_ipv4(name))
        return refuse(error, "neither a name nor an IPv4 address", at);
    return MK_OK;
}

/* `[from, end)` of the text behind the host: nothing, ":" or ":port". */
static int parse_port(text_t text, size_t from, size_t end, url_authority_t *authority,
                      url_error_t *error) {
    if (from == end) return MK_OK;
    if (text.bytes[from] != ':')
        return refuse(error, "a character behind the host", from);
    uint64_t port;
    text_t digits = text_part(text, from + 1, end - from - 1);
    if (digits.size == 0) return MK_OK;
    for (size_t i = 0; i < digits.size; i++)
        if ((class_of(digits.bytes[i]) & IS_DIGIT) == 0)
            return refuse(error, "the port is no number", from + 1 + i);
    if (digits.size > 5 || text_parse_unsigned(digits, 10, 1, 65535, &port) < 0)
        return refuse(error, "the port is not in 1..65535", from + 1);
    authority->port = (uint16_t)port;
    authority->has_port = true;
    return MK_OK;
}

static int parse_authority(text_t text, size_t from, size_t end,
                           url_authority_t *authority, url_error_t *error) {
    text_t whole = text_part(text, from, end - from);
    size_t userinfo = text_find(whole, '@');
    if (userinfo < whole.size)
        return refuse(error, "user information is not accepted", from);
    if (whole.size > 0 && whole.bytes[0] == '[') {
        size_t close = text_find(whole, ']');
        if (close == whole.size) return refuse(error, "the ']' is missing", end);
        authority->host = text_part(whole, 1, close - 1);
        authority->is_ipv6 = true;
        if (!is_ipv6(authority->host))
            return refuse(error, "no IPv6 address between the brackets", from + 1);
        return parse_port(text, from + close + 1, end, authority, error);
    }
    authority->host = text_part(whole, 0, text_find(whole, ':'));
    if (authority->host.size == 0) return refuse(error, "the host is missing", from);
    int result = check_name(authority->host, from, error);
    if (result < 0) return result;
    return parse_port(text, from + authority->host.size, end, authority, error);
}

int url_parse_authority(text_t text, uint16_t default_port, url_authority_t *authority,
                        url_error_t *error) {
    url_authority_t found = {{"", 0}, false, false, default_port};
    int result = parse_authority(text, 0, text.size, &found, error);
    if (result == MK_OK) *authority = found;
    return result;
}

/* --- the whole --- */

static const struct {
    const char *name;
    uint16_t port;
} schemes[] = {[URL_HTTP] = {"http", 80},
               [URL_HTTPS] = {"https", 443},
               [URL_WS] = {"ws", 80},
               [URL_WSS] = {"wss", 443}};

enum { SCHEMES = sizeof schemes / sizeof schemes[0] };

const char *url_scheme_name(url_scheme_t scheme) {
    return schemes[scheme].name;
}

uint16_t url_scheme_port(url_scheme_t scheme) {
    return schemes[scheme].port;
}

bool url_is_secure(const url_t *url) {
    return url->scheme == URL_HTTPS || url->scheme == URL_WSS;
}

bool url_authority_equals(const url_authority_t *a, const url_authority_t *b) {
    return a->port == b->port && a->is_ipv6 == b->is_ipv6 &&
           text_equals_nocase(a->host, b->host);
}

/* All bytes of [from, end) are of the class or good percent triplets. */
static int check_part(text_t text, size_t from, size_t end, unsigned kind,
                      url_error_t *error) {
    for (size_t i = from; i < end; i++) {
        if (text.bytes[i] == '%') {
            if (end - i < 3 || (class_of(text.bytes[i + 1]) & IS_HEX) == 0 ||
                (class_of(text.bytes[i + 2]) & IS_HEX) == 0)
                return refuse(error, "'%' needs two hexadecimal digits", i);
            i += 2;
        } else if ((class_of(text.bytes[i]) & kind) == 0) {
            return refuse(error, "a character that has to be percent-encoded", i);
        }
    }
    return MK_OK;
}

static int parse_scheme(text_t text, url_t *url, size_t *at, url_error_t *error) {
    size_t colon = text_find(text, ':');
    text_t name = text_part(text, 0, colon);
    for (size_t i = 0; i < SCHEMES; i++) {
        if (colon == text.size || !text_equals_nocase(name, text_of(schemes[i].name)))
            continue;
        url->scheme = (url_scheme_t)i;
        url->authority.port = schemes[i].port;
        *at = colon + 3;
        if (text_is(text_part(text, colon + 1, 2), "//")) return MK_OK;
        return refuse(error, "'//' has to follow the scheme", colon + 1);
    }
    return refuse(error, "no scheme of http, https, ws, wss", 0);
}

int url_parse(text_t text, url_t *url, url_error_t *error) {
    url_t found = {URL_HTTP, {{"", 0}, false, false, 0}, {"", 0}, {"", 0}, false};
    size_t at = 0;
    int result = parse_scheme(text, &found, &at, error);
    if (result < 0) return result;
    size_t end = find_any(text, at, "/?#");
    result = parse_authority(text, at, end, &found.authority, error);
    if (result < 0) return result;
    at = end;
    end = find_any(text, at, "?#");
    result = check_part(text, at, end, IN_PATH, error);
    if (result < 0) return result;
    found.path = text_part(text, at, end - at);
    if (end < text.size && text.bytes[end] == '?') {
        at = end + 1;
        end = find_any(text, at, "#");
        result = check_part(text, at, end, IN_QUERY, error);
        if (result < 0) return result;
        found.query = text_part(text, at, end - at);
        found.has_query = true;
    }
    if (end < text.size) {
        if (found.scheme == URL_WS || found.scheme == URL_WSS)
            return refuse(error, "a WebSocket address has no fragment", end);
        result = check_part(text, end + 1, text.size, IN_QUERY, error);
        if (result < 0) return result;
    }
    *url = found;
    return MK_OK;
}

/* --- writing --- */

static int finish(text_sink_t *sink) {
    if (sink->size >= sink->cap || sink->size > INT_MAX) return MK_ETOOBIG;
    sink->bytes[sink->size] = '\0';
    return (int)sink->size;
}

int url_write_target(const url_t *url, char *bytes, size_t cap) {
    size_t size = (url->path.size > 0 ? url->path.size : 1) +
                  (url->has_query ? 1 + url->query.size : 0);
    if (size >= cap) return MK_ETOOBIG;
    text_sink_t sink = {bytes, cap, 0};
    text_sink_put(&sink, url->path.size > 0 ? url->path : text_of("/"));
    if (url->has_query) {
        text_sink_put(&sink, text_of("?"));
        text_sink_put(&sink, url->query);
    }
    return finish(&sink);
}

static text_t port_text(uint16_t port, char digits[5]) {
    size_t at = 5;
    do {
        digits[--at] = (char)('0' + port % 10);
        port = (uint16_t)(port / 10);
    } while (port > 0);
    return text_make(digits + at, 5 - at);
}

static void put_host(text_sink_t *sink, const url_t *url) {
    const url_authority_t *authority = &url->authority;
    char digits[5];
    if (authority->is_ipv6) text_sink_put(sink, text_of("["));
    text_sink_put(sink, authority->host);
    if (authority->is_ipv6) text_sink_put(sink, text_of("]"));
    if (authority->port == url_scheme_port(url->scheme)) return;
    text_sink_put(sink, text_of(":"));
    text_sink_put(sink, port_text(authority->port, digits));
}

int url_write_host(const url_t *url, char *bytes, size_t cap) {
    char host[URL_HOST_MAX + 10]; /* with brackets, colon, five digits, NUL */
    text_sink_t sink = {host, sizeof host, 0};
    put_host(&sink, url);
    int size = finish(&sink);
    if (size < 0 || (size_t)size >= cap) return MK_ETOOBIG;
    memcpy(bytes, host, (size_t)size + 1);
    return size;
}

/* RFC 3986, section 5.2.4, in place on a path that begins with '/'. The size left. */
static size_t remove_dots(char *path, size_t size) {
    size_t to = 0;
    size_t at = 0;
    while (at < size) { /* path[at] is '/' */
        size_t end = at + 1;
        while (end < size && path[end] != '/')
            end++;
        text_t segment = text_make(path + at, end - at);
        bool is_last = end == size;
        if (text_is(segment, "/.") || text_is(segment, "/..")) {
            if (segment.size == 3)
                while (to > 0 && path[--to] != '/') {
                }
            if (is_last) path[to++] = '/';
        } else {
            memmove(path + to, segment.bytes, segment.size);
            to += segment.size;
        }
        at = end;
    }
    return to;
}

/* The path of the result of a reference without scheme and authority, merged. */
static void put_path(text_sink_t *sink, const url_t *base, text_t path) {
    if (path.size == 0) {
        text_sink_put(sink, base->path.size > 0 ? base->path : text_of("/"));
        return;
    }
    size_t begin = sink->size;
    if (path.bytes[0] != '/') {
        size_t keep = base->path.size;
        while (keep > 0 && base->path.bytes[keep - 1] != '/')
            keep--;
        text_sink_put(sink, keep > 0 ? text_part(base->path, 0, keep) : text_of("/"));
    }
    text_sink_put(sink, path);
    if (sink->size <= sink->cap)
        sink->size = begin + remove_dots(sink->bytes + begin, sink->size - begin);
}

/* "letter *(letter / digit / + - .) :" in front. */
static bool has_scheme(text_t text) {
    size_t end = find_any(text, 0, ":/?#");
    if (end == text.size || text.bytes[end] != ':' || end == 0) return false;
    return (class_of(text.bytes[0]) & (IN_HOST | IS_DIGIT)) == IN_HOST;
}

int url_resolve(const url_t *base, text_t reference, char *bytes, size_t cap,
                url_error_t *error) {
    reference = text_part(reference, 0, text_find(reference, '#'));
    text_sink_t sink = {bytes, cap, 0};
    url_t url;
    bool is_whole = has_scheme(reference);
    bool has_authority = text_starts_with(reference, text_of("//"));
    if (!is_whole) {
        text_sink_put(&sink, text_of(url_scheme_name(base->scheme)));
        text_sink_put(&sink, text_of(":"));
    }
    if (!is_whole && !has_authority) {
        size_t end = find_any(reference, 0, "?");
        text_sink_put(&sink, text_of("//"));
        put_host(&sink, base);
        put_path(&sink, base, text_part(reference, 0, end));
        if (end == 0 && reference.size == 0 && base->has_query) {
            text_sink_put(&sink, text_of("?"));
            text_sink_put(&sink, base->query);
        }
        text_sink_put(&sink, text_part(reference, end, SIZE_MAX));
    } else {
        size_t path = find_any(reference, find_any(reference, 0, "/") + 2, "/?");
        size_t query = find_any(reference, path, "?");
        text_sink_put(&sink, text_part(reference, 0, path));
        size_t begin = sink.size;
        text_sink_put(&sink, text_part(reference, path, query - path));
        if (sink.size <= sink.cap)
            sink.size = begin + remove_dots(bytes + begin, sink.size - begin);
        text_sink_put(&sink, text_part(reference, query, SIZE_MAX));
    }
    int size = finish(&sink);
    if (size < 0) return size;
    int result = url_parse(text_make(bytes, (size_t)size), &url, error);
    if (result == MK_OK) return size;
    if (!is_whole && error != NULL) error->at = 0;
    return result;
}

int url_decode(text_t text, char *bytes, size_t cap, size_t *bad_at) {
    size_t size = 0;
    size_t at = 0;
    int result = MK_OK;
    while (at < text.size) {
        char c = text.bytes[at];
        size_t step = 1;
        if (c == '%') {
            result = MK_EINVAL;
            if (text.size - at < 3 || (class_of(text.bytes[at + 1]) & IS_HEX) == 0 ||
                (class_of(text.bytes[at + 2]) & IS_HEX) == 0)
                break;
            unsigned value =
                hex_value(text.bytes[at + 1]) * 16 + hex_value(text.bytes[at + 2]);
            if (value == 0) break;
            result = MK_OK;
            c = (char)(uint8_t)value;
            step = 3;
        }
        if (size == cap || size == INT_MAX) {
            result = MK_ETOOBIG;
            break;
        }
        bytes[size++] = c;
        at += step;
    }
    if (result < 0 && bad_at != NULL) *bad_at = at;
    return result < 0 ? result : (int)size;
}
