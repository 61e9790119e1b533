/* SPDX-License-Identifier: Apache-2.0 */
/* http_parse.c - the first line by states, the fields by http_fields, the meaning of
 * those fields as each is complete, and of all together at the end.
 *
 * Invariants:
 *   1. A byte is judged knowing only the bytes before it, so pieces do not matter.
 *   2. The store holds method NUL target NUL (or reason NUL), then the list of fields.
 *   3. Nothing ambiguous gets through: one Host, at most one of Content-Length and
 *      Transfer-Encoding and that once, "chunked" alone.
 *
 * Sources: RFC 9112 sections 2 to 6, RFC 9110 sections 7, 8.6, 10.1.1. */
#include "net/http_parse.h"

#include "base/check.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "net/http_chars.h"
#include "net/http_headers.h"

#include <string.h>

enum {
    AT_START,      /* nothing came */
    AT_START_LF,   /* CR of an empty line before the request */
    IN_METHOD,     /* up to the blank */
    IN_TARGET,     /* up to the blank; of a response: in the reason, up to CR */
    IN_VERSION,    /* "HTTP/1.1" */
    AT_VERSION_CR, /* behind it, in a request */
    IN_STATUS,     /* " 200 ", or " 200" before CR */
    AT_LINE_LF,    /* CR of the first line came */
    IN_FIELDS,     /* http_fields has it */
    IS_DONE,
    IS_BAD,
};

enum {
    HAS_EMPTY_LINE = 1u << 0, /* one stood before the request */
    HAS_HOST = 1u << 1,
    HAS_LENGTH = 1u << 2,
    HAS_CODING = 1u << 3, /* "chunked" */
    HAS_EXPECT = 1u << 4, /* "100-continue" */
    HAS_CLOSE = 1u << 5,  /* elements of Connection */
    HAS_KEEP_ALIVE = 1u << 6,
    HAS_UPGRADE = 1u << 7,
    IS_ABSOLUTE = 1u << 8, /* forms of the target */
    IS_AUTHORITY = 1u << 9,
    IS_ASTERISK = 1u << 10,
};

http_limits_t http_limits_default(void) {
    return (http_limits_t){MK_HTTP_TARGET_MAX, MK_HTTP_FIELDS_SIZE_MAX,
                           MK_HTTP_FIELDS_MAX};
}

size_t http_store_size(const http_limits_t *limits) {
    return HTTP_METHOD_MAX + 1 + (size_t)limits->target_max + 1 +
           HTTP_FIELDS_STORE((size_t)limits->fields_size_max);
}

void http_parser_init(http_parser_t *parser, http_kind_t kind,
                      const http_limits_t *limits, char *store) {
    parser->limits = *limits;
    parser->memo = NULL;
    parser->fields.store = store;
    parser->fields.size = 0; /* the rest of it is begun behind the first line */
    parser->content_length = 0;
    parser->host = (http_host_t){0};
    parser->method_size = parser->target_size = 0;
    parser->host_at = parser->host_size = 0;
    parser->status = parser->flags = 0;
    parser->kind = (uint8_t)kind;
    parser->state = kind == HTTP_REQUEST ? AT_START : IN_VERSION;
    parser->at = parser->major = parser->minor = 0;
    parser->fault = HTTP_FAULT_NONE;
}

bool http_parser_is_idle(const http_parser_t *parser) {
    if (parser->kind == HTTP_REQUEST) return parser->state <= AT_START_LF;
    return parser->state == IN_VERSION && parser->at == 0;
}

size_t http_parser_used(const http_parser_t *parser) {
    if (parser->state >= IN_FIELDS) return parser->fields.size;
    return (size_t)parser->method_size + 1 + parser->target_size + 1;
}

void http_parser_move(http_parser_t *parser, char *store) {
    size_t used = http_parser_used(parser);
    if (!http_parser_is_idle(parser)) memmove(store, parser->fields.store, used);
    parser->fields.store = store;
}

static http_step_t refuse(http_parser_t *parser, http_fault_t fault) {
    parser->fault = (uint8_t)fault;
    parser->state = IS_BAD;
    return HTTP_BAD;
}

/* --- what fields mean --- */

/* `a` is the literal `b` of lower-case letters, digits and '-', 4 bytes or more, in
 * either case. Only a control character, which no name or value has, could be taken for
 * another byte. */
static inline bool is(text_t a, const char *b, size_t size) {
    enum { WORD = 4 };
    uint32_t mine, other;
    if (a.size != size) return false;
    for (size_t at = 0; at < size; at += WORD) {
        if (at > size - WORD) at = size - WORD;
        memcpy(&mine, a.bytes + at, WORD);
        memcpy(&other, b + at, WORD);
        if ((mine | 0x20202020u) != other) return false;
    }
    return true;
}
#define IS(text, literal) is((text), (literal), sizeof(literal) - 1)

static http_fault_t take_length(http_parser_t *parser, text_t value) {
    if ((parser->flags & HAS_LENGTH) != 0) return HTTP_FAULT_LENGTH_TWICE;
    parser->flags |= HAS_LENGTH;
    if (value.size == 0) return HTTP_FAULT_LENGTH;
    uint64_t length = 0;
    for (size_t i = 0; i < value.size; i++) {
        unsigned digit = (unsigned char)value.bytes[i] - (unsigned)'0';
        if (digit > 9 || length > (UINT64_MAX - digit) / 10) return HTTP_FAULT_LENGTH;
        length = length * 10 + digit;
    }
    parser->content_length = length;
    return HTTP_FAULT_NONE;
}

/* Only "chunked" is understood. It has to be the last coding, or nobody knows where the
 * body ends; another coding beside it is a good message that we cannot read. */
static http_fault_t take_coding(http_parser_t *parser, text_t value) {
    if ((parser->flags & HAS_CODING) != 0) return HTTP_FAULT_CODING;
    parser->flags |= HAS_CODING;
    text_t coding;
    bool has_chunked = false;
    bool has_other = false;
    while (http_list_next(&value, &coding)) {
        if (has_chunked) return HTTP_FAULT_CODING;
        if (IS(coding, "chunked"))
            has_chunked = true;
        else if (http_is_token(text_part(coding, 0, text_find(coding, ';'))) &&
                 !IS(text_part(coding, 0, 7), "chunked"))
            has_other = true;
        else
            return HTTP_FAULT_CODING;
    }
    if (has_other) return HTTP_FAULT_CODING_OTHER;
    return has_chunked ? HTTP_FAULT_NONE : HTTP_FAULT_CODING;
}

static http_fault_t take_host(http_parser_t *parser, text_t value) {
    if (parser->kind != HTTP_REQUEST) return HTTP_FAULT_NONE;
    if ((parser->flags & HAS_HOST) != 0) return HTTP_FAULT_HOST_TWICE;
    parser->flags |= HAS_HOST;
    parser->host_at = (uint32_t)(value.bytes - parser->fields.store);
    parser->host_size = (uint32_t)value.size;
    return HTTP_FAULT_NONE;
}

static http_fault_t take_expect(http_parser_t *parser, text_t value) {
    if (parser->kind != HTTP_REQUEST || parser->minor == 0) return HTTP_FAULT_NONE;
    if (!IS(value, "100-continue")) return HTTP_FAULT_EXPECT;
    parser->flags |= HAS_EXPECT;
    return HTTP_FAULT_NONE;
}

static http_fault_t take_connection(http_parser_t *parser, text_t value) {
    text_t element;
    while (http_list_next(&value, &element)) {
        if (IS(element, "close")) parser->flags |= HAS_CLOSE;
        if (IS(element, "keep-alive")) parser->flags |= HAS_KEEP_ALIVE;
        if (IS(element, "upgrade")) parser->flags |= HAS_UPGRADE;
    }
    return HTTP_FAULT_NONE;
}

/* The size decides first: most fields have none of these. */
static http_fault_t take_field(http_parser_t *parser) {
    text_t name = http_fields_name(&parser->fields);
    text_t value = http_fields_value(&parser->fields);
    switch (name.size) {
    case 4: return IS(name, "host") ? take_host(parser, value) : HTTP_FAULT_NONE;
    case 6: return IS(name, "expect") ? take_expect(parser, value) : HTTP_FAULT_NONE;
    case 10:
        return IS(name, "connection") ? take_connection(parser, value)
                                      : HTTP_FAULT_NONE;
    case 14:
        return IS(name, "content-length") ? take_length(parser, value)
                                          : HTTP_FAULT_NONE;
    case 17:
        return IS(name, "transfer-encoding") ? take_coding(parser, value)
                                             : HTTP_FAULT_NONE;
    default: return HTTP_FAULT_NONE;
    }
}

/* --- what all of them mean --- */

static text_t method_of(const http_parser_t *parser) {
    return text_make(parser->fields.store, parser->method_size);
}

static text_t target_of(const http_parser_t *parser) {
    size_t begin = parser->kind == HTTP_REQUEST ? parser->method_size + 1u : 0;
    return text_make(parser->fields.store + begin, parser->target_size);
}

static bool is_origin(const http_parser_t *parser) {
    return target_of(parser).bytes[0] == '/' && !text_is(method_of(parser), "CONNECT");
}

/* Whom a request is for, and its path, when the target is no path alone. Every text of
 * the result lies in the store. */
static http_fault_t read_target(const http_parser_t *parser, unsigned *form,
                                url_t *url) {
    text_t target = target_of(parser);
    *form = 0;
    memset(url, 0, sizeof *url);
    if (text_is(method_of(parser), "CONNECT")) {
        *form = IS_AUTHORITY;
        bool is_good = url_parse_authority(target, 0, &url->authority, NULL) == MK_OK &&
                       url->authority.has_port;
        return is_good ? HTTP_FAULT_NONE : HTTP_FAULT_TARGET;
    }
    if (text_is(target, "*")) {
        *form = IS_ASTERISK;
        return text_is(method_of(parser), "OPTIONS") ? HTTP_FAULT_NONE
                                                     : HTTP_FAULT_TARGET;
    }
    *form = IS_ABSOLUTE;
    if (url_parse(target, url, NULL) < 0) return HTTP_FAULT_TARGET;
    bool is_web = url->scheme == URL_HTTP || url->scheme == URL_HTTPS;
    return is_web ? HTTP_FAULT_NONE : HTTP_FAULT_TARGET;
}

static text_t host_field(const http_parser_t *parser) {
    return text_make(parser->fields.store + parser->host_at, parser->host_size);
}

/* What Host says; it came. */
static http_fault_t read_host(const http_parser_t *parser, uint16_t default_port,
                              url_authority_t *host) {
    text_t value = host_field(parser);
    memset(host, 0, sizeof *host);
    if (value.size == 0) return HTTP_FAULT_NONE;
    return url_parse_authority(value, default_port, host, NULL) < 0 ? HTTP_FAULT_HOST
                                                                    : HTTP_FAULT_NONE;
}

/* Kept, because judging a host is half of the work of a small request. */
static void keep_authority(http_parser_t *parser, const url_authority_t *authority) {
    size_t size = authority->host.size;
    size_t at = size > 0 ? (size_t)(authority->host.bytes - parser->fields.store) : 0;
    parser->host = (http_host_t){(uint32_t)at, (uint32_t)size, authority->port,
                                 authority->is_ipv6, authority->has_port};
}

/* The target is a path, so Host alone says whom it is for. */
static http_fault_t judge_host(http_parser_t *parser) {
    http_host_memo_t *memo = parser->memo;
    text_t value = host_field(parser);
    if (memo != NULL && text_equals(value, text_make(memo->text, memo->size))) {
        parser->host = memo->host;
        parser->host.at += parser->host_at;
        return HTTP_FAULT_NONE;
    }
    url_authority_t host;
    http_fault_t fault = read_host(parser, 0, &host);
    if (fault != HTTP_FAULT_NONE) return fault;
    keep_authority(parser, &host);
    if (memo == NULL || value.size == 0 || value.size > sizeof memo->text)
        return HTTP_FAULT_NONE;
    memcpy(memo->text, value.bytes, value.size);
    memo->size = value.size;
    memo->host = parser->host;
    memo->host.at -= parser->host_at;
    return HTTP_FAULT_NONE;
}

/* The target says more than a path: Host must say the same. */
static http_fault_t judge_other_form(http_parser_t *parser) {
    unsigned form;
    url_t url;
    url_authority_t host;
    http_fault_t fault = read_target(parser, &form, &url);
    if (fault != HTTP_FAULT_NONE) return fault;
    parser->flags = (uint16_t)(parser->flags | form);
    keep_authority(parser, &url.authority);
    if ((parser->flags & HAS_HOST) == 0)
        return parser->minor > 0 ? HTTP_FAULT_HOST_MISSING : HTTP_FAULT_NONE;
    uint16_t port = url.authority.host.size > 0 && form == IS_ABSOLUTE
                        ? url_scheme_port(url.scheme)
                        : url.authority.port;
    fault = read_host(parser, port, &host);
    if (fault != HTTP_FAULT_NONE) return fault;
    if (url.authority.host.size > 0 && !url_authority_equals(&host, &url.authority))
        return HTTP_FAULT_HOST_OTHER;
    if (url.authority.host.size == 0) keep_authority(parser, &host);
    return HTTP_FAULT_NONE;
}

static http_fault_t judge_request(http_parser_t *parser) {
    if (!is_origin(parser)) return judge_other_form(parser);
    if ((parser->flags & HAS_HOST) != 0) return judge_host(parser);
    return parser->minor > 0 ? HTTP_FAULT_HOST_MISSING : HTTP_FAULT_NONE;
}

static http_fault_t judge(http_parser_t *parser) {
    bool has_length = (parser->flags & HAS_LENGTH) != 0;
    bool has_coding = (parser->flags & HAS_CODING) != 0;
    if (has_length && has_coding) return HTTP_FAULT_LENGTH_CODING;
    if (has_coding && parser->minor == 0) return HTTP_FAULT_CODING;
    if (parser->kind == HTTP_REQUEST) return judge_request(parser);
    return HTTP_FAULT_NONE;
}

/* RFC 9112, section 6.3. */
static http_framing_t framing_of(const http_parser_t *parser) {
    bool is_request = parser->kind == HTTP_REQUEST;
    if (!is_request) {
        int status = parser->status;
        if (parser->kind == HTTP_RESPONSE_TO_HEAD || status < 200 || status == 204 ||
            status == 304)
            return HTTP_BODY_NONE;
        if (parser->kind == HTTP_RESPONSE_TO_CONNECT && status < 300)
            return HTTP_BODY_NONE;
    }
    if ((parser->flags & HAS_CODING) != 0) return HTTP_BODY_CHUNKED;
    if ((parser->flags & HAS_LENGTH) != 0)
        return parser->content_length > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
    return is_request ? HTTP_BODY_NONE : HTTP_BODY_CLOSE;
}

/* What the target says, which was judged. */
static void put_target(const http_parser_t *parser, http_head_t *head) {
    unsigned form = parser->flags & (IS_ABSOLUTE | IS_AUTHORITY | IS_ASTERISK);
    text_t target = target_of(parser);
    head->method = method_of(parser);
    head->target = target;
    if (form == 0) {
        size_t path_size = text_find(target, '?');
        head->target_form = HTTP_TARGET_ORIGIN;
        head->path = text_make(target.bytes, path_size);
        head->query = text_part(target, path_size + 1, SIZE_MAX);
        return;
    }
    url_t url;
    (void)read_target(parser, &form, &url);
    head->target_form = form == IS_ABSOLUTE    ? HTTP_TARGET_ABSOLUTE
                        : form == IS_AUTHORITY ? HTTP_TARGET_AUTHORITY
                                               : HTTP_TARGET_ASTERISK;
    head->path = form == IS_ABSOLUTE && url.path.size == 0 ? text_of("/") : url.path;
    head->query = url.query;
}

void http_parser_head(const http_parser_t *parser, http_head_t *head) {
    MK_ASSERT(parser->state == IS_DONE);
    const http_host_t *host = &parser->host;
    unsigned flags = parser->flags;
    if (parser->kind == HTTP_REQUEST) {
        put_target(parser, head);
        head->reason = text_make("", 0);
    } else {
        head->method = head->target = head->path = head->query = text_make("", 0);
        head->target_form = HTTP_TARGET_ORIGIN;
        head->reason = target_of(parser);
    }
    head->authority.host = text_make(parser->fields.store + host->at, host->size);
    head->authority.is_ipv6 = host->is_ipv6;
    head->authority.has_port = host->has_port;
    head->authority.port = host->port;
    head->status = parser->status;
    head->minor = parser->minor;
    head->fields = http_fields_list(&parser->fields);
    head->fields_count = parser->fields.count;
    head->framing = framing_of(parser);
    head->has_length = (flags & HAS_LENGTH) != 0;
    head->content_length = parser->content_length;
    head->keeps_alive = (flags & HAS_CLOSE) == 0 &&
                        (parser->minor > 0 || (flags & HAS_KEEP_ALIVE) != 0) &&
                        head->framing != HTTP_BODY_CLOSE;
    head->expects_continue =
        (flags & HAS_EXPECT) != 0 && head->framing != HTTP_BODY_NONE;
    head->wants_upgrade = (flags & HAS_UPGRADE) != 0;
}

/* --- the first line --- */

/* Copy characters of a class while the text stays within `max`; `*size` is what there
 * is of it. True: a byte that is not of the class stands at `*at`. */
static bool copy_run(char *store, uint32_t *size, uint32_t max, unsigned classes,
                     const char **at, const char *end) {
    const char *from = *at;
    size_t room = max - *size;
    size_t left = (size_t)(end - from) < room ? (size_t)(end - from) : room;
    size_t copied = http_chars_copy(store + *size, from, left, classes);
    *size += (uint32_t)copied;
    *at = from += copied;
    return from < end && !http_char_is(*from, classes);
}

/* The usual version at once. */
static bool take_common_version(http_parser_t *parser, const char **at,
                                const char *end) {
    if (parser->at > 0 || end - *at < 8 || memcmp(*at, "HTTP/1.", 7) != 0) return false;
    unsigned minor = (unsigned char)(*at)[7] - (unsigned)'0';
    if (minor > 9) return false;
    parser->major = 1;
    parser->minor = (uint8_t)minor;
    parser->at = 8;
    *at += 8;
    return true;
}

static http_fault_t take_version(http_parser_t *parser, char c) {
    static const char form[] = "HTTP/d.d";
    if (form[parser->at] == 'd') {
        if (c < '0' || c > '9') return HTTP_FAULT_VERSION;
        if (parser->at == 5) parser->major = (uint8_t)(c - '0');
        if (parser->at == 7) parser->minor = (uint8_t)(c - '0');
    } else if (c != form[parser->at]) {
        return HTTP_FAULT_VERSION;
    }
    parser->at++;
    return HTTP_FAULT_NONE;
}

/* " ddd" and then a blank or CR. */
static http_fault_t take_status(http_parser_t *parser, char c) {
    unsigned place = parser->at++ - 8u;
    if (place == 0) return c == ' ' ? HTTP_FAULT_NONE : HTTP_FAULT_LINE;
    if (c < (place == 1 ? '1' : '0') || c > '9') return HTTP_FAULT_STATUS;
    parser->status = (uint16_t)(parser->status * 10 + (c - '0'));
    return HTTP_FAULT_NONE;
}

/* Behind the first line, of which `used` bytes are stored. */
static inline void begin_fields(http_parser_t *parser, size_t used) {
    parser->fields.store[used] = '\0';
    http_fields_init(&parser->fields, parser->fields.store, used + 1,
                     parser->limits.fields_size_max, parser->limits.fields_max);
    parser->state = IN_FIELDS;
}

static http_fault_t line_fault(char c, http_fault_t otherwise) {
    return c == '\n' ? HTTP_FAULT_LINE_END : otherwise;
}

/* One state's bytes of the first line. `*at` < `end`. */
static http_fault_t walk_line(http_parser_t *parser, const char **at, const char *end) {
    char *store = parser->fields.store;
    http_fault_t fault = HTTP_FAULT_NONE;
    switch (parser->state) {
    case AT_START:
        if (**at == '\r' && (parser->flags & HAS_EMPTY_LINE) == 0) {
            parser->state = AT_START_LF;
            ++*at;
        } else if (http_char_is(**at, HTTP_TOKEN)) {
            parser->state = IN_METHOD;
        } else {
            fault = line_fault(**at, HTTP_FAULT_LINE);
        }
        break;
    case AT_START_LF:
        if (**at != '\n') return HTTP_FAULT_LINE_END;
        parser->flags |= HAS_EMPTY_LINE;
        parser->state = AT_START;
        ++*at;
        break;
    case IN_METHOD:
        if (copy_run(store, &parser->method_size, HTTP_METHOD_MAX, HTTP_TOKEN, at,
                     end)) {
            if (**at != ' ') return line_fault(**at, HTTP_FAULT_LINE);
            store[parser->method_size] = '\0';
            parser->state = IN_TARGET;
            ++*at;
        } else if (*at < end) {
            fault = HTTP_FAULT_METHOD_LONG;
        }
        break;
    case IN_TARGET: {
        bool is_request = parser->kind == HTTP_REQUEST;
        if (is_request) store += parser->method_size + 1u;
        if (copy_run(store, &parser->target_size, parser->limits.target_max,
                     is_request ? HTTP_TARGET : HTTP_VALUE, at, end)) {
            if (is_request && (**at == '\r' || **at == '\n'))
                return line_fault(**at, HTTP_FAULT_LINE); /* HTTP/0.9 */
            if (is_request && (**at != ' ' || parser->target_size == 0))
                return HTTP_FAULT_TARGET;
            if (!is_request && **at != '\r') return line_fault(**at, HTTP_FAULT_LINE);
            parser->state = is_request ? IN_VERSION : AT_LINE_LF;
            ++*at;
        } else if (*at < end) {
            fault = HTTP_FAULT_TARGET_LONG;
        }
        break;
    }
    case IN_VERSION:
        if (!take_common_version(parser, at, end)) {
            fault = take_version(parser, **at);
            if (fault != HTTP_FAULT_NONE) return line_fault(**at, fault);
            ++*at;
        }
        if (parser->at == 8)
            parser->state = parser->kind == HTTP_REQUEST ? AT_VERSION_CR : IN_STATUS;
        break;
    case AT_VERSION_CR:
        if (**at != '\r') return line_fault(**at, HTTP_FAULT_VERSION);
        if (parser->major != 1) return HTTP_FAULT_VERSION_OTHER;
        parser->state = AT_LINE_LF;
        ++*at;
        break;
    case IN_STATUS:
        if (parser->at == 8 && **at == ' ' && parser->major != 1)
            return HTTP_FAULT_VERSION_OTHER;
        if (parser->at < 12) {
            fault = take_status(parser, **at);
            if (fault != HTTP_FAULT_NONE) return line_fault(**at, fault);
        } else if (**at == ' ' || **at == '\r') {
            parser->state = **at == ' ' ? IN_TARGET : AT_LINE_LF;
        } else {
            return line_fault(**at, HTTP_FAULT_STATUS);
        }
        ++*at;
        break;
    default: /* AT_LINE_LF */
        if (**at != '\n') return HTTP_FAULT_LINE_END;
        ++*at;
        begin_fields(parser,
                     (size_t)(target_of(parser).bytes - store) + parser->target_size);
        break;
    }
    return fault;
}

/* A whole request line at once, when it is there and as they mostly are. False: nothing
 * is taken. */
static bool take_whole_line(http_parser_t *parser, const char **at, const char *end) {
    enum { VERSION_SIZE = 11 }; /* " HTTP/1.1" and the line's end */
    char *store = parser->fields.store;
    const char *from = *at;
    size_t left = (size_t)(end - from);
    size_t room = left < HTTP_METHOD_MAX ? left : HTTP_METHOD_MAX;
    size_t method = 0;
    for (; method < room && http_char_is(from[method], HTTP_TOKEN); method++)
        store[method] = from[method];
    if (method == 0 || method == left || from[method] != ' ') return false;
    from += method + 1;
    left -= method + 1;
    room = left < parser->limits.target_max ? left : parser->limits.target_max;
    size_t target = http_chars_copy(store + method + 1, from, room, HTTP_TARGET);
    from += target;
    if (target == 0 || left - target < VERSION_SIZE || memcmp(from, " HTTP/1.", 8) != 0)
        return false;
    unsigned minor = (unsigned char)from[8] - (unsigned)'0';
    if (minor > 9 || memcmp(from + 9, "\r\n", 2) != 0) return false;
    store[method] = '\0';
    parser->method_size = (uint32_t)method;
    parser->target_size = (uint32_t)target;
    parser->minor = (uint8_t)minor;
    begin_fields(parser, method + 1 + target);
    *at = from + VERSION_SIZE;
    return true;
}

static http_step_t parse_fields(http_parser_t *parser, text_t *input) {
    for (;;) {
        http_step_t step = http_fields_next(&parser->fields, input);
        if (step == HTTP_MORE) return step;
        if (step == HTTP_BAD) return refuse(parser, (http_fault_t)parser->fields.fault);
        http_fault_t fault = step == HTTP_PART ? take_field(parser) : judge(parser);
        if (fault != HTTP_FAULT_NONE) return refuse(parser, fault);
        if (step == HTTP_END) {
            parser->state = IS_DONE;
            return step;
        }
    }
}

http_step_t http_parse(http_parser_t *parser, text_t *input) {
    if (parser->state < IN_FIELDS && input->size > 0) {
        const char *at = input->bytes;
        const char *end = at + input->size;
        http_fault_t fault = HTTP_FAULT_NONE;
        if (parser->state == AT_START) (void)take_whole_line(parser, &at, end);
        while (fault == HTTP_FAULT_NONE && at < end && parser->state < IN_FIELDS)
            fault = walk_line(parser, &at, end);
        *input = text_make(at, (size_t)(end - at));
        if (fault != HTTP_FAULT_NONE) return refuse(parser, fault);
    }
    if (parser->state == IN_FIELDS) return parse_fields(parser, input);
    if (parser->state == IS_DONE) return HTTP_END;
    return parser->state == IS_BAD ? HTTP_BAD : HTTP_MORE;
}
