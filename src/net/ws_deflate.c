/* SPDX-License-Identifier: Apache-2.0 */
/* ws_deflate.c - offers and answers of permessage-deflate (RFC 7692, section 7.1).
 *
 * A server may always answer that it, or the client, refers to no earlier messages; a
 * client may never assume it. Windows of 2^8 bytes are allowed by the RFC and cannot be
 * made by zlib: an offer that demands one of us is passed over, and a client that is
 * answered one sends nothing compressed. */
#include "net/ws_deflate.h"

#include "net/http_headers.h"
#include "port/deflate.h"

enum { LEAST_BITS = 8, MOST_BITS = 15, ABSENT = 0, NO_VALUE = 1 };

/* The parameters of one element, ABSENT or what they say. */
typedef struct {
    uint8_t server_no_takeover;
    uint8_t client_no_takeover;
    uint8_t server_bits;
    uint8_t client_bits;
} parameters_t;

ws_deflate_wish_t ws_deflate_wish(http_ws_deflate_t deflate, uint8_t window_bits) {
    unsigned bits = window_bits != 0 ? window_bits : MK_WS_WINDOW_BITS;
    bits = bits > LEAST_BITS ? bits : LEAST_BITS + 1;
    return (ws_deflate_wish_t){
        .is_wanted = deflate != HTTP_WS_DEFLATE_NOT && port_deflate_is_available(),
        .keeps_windows = deflate == HTTP_WS_DEFLATE_WINDOW,
        .window_bits = (uint8_t)(bits < MOST_BITS ? bits : MOST_BITS)};
}

/* Take the part before `separator` off the front; quoted strings are passed over. */
static text_t take_part(text_t *rest, char separator) {
    size_t at = 0;
    bool is_quoted = false;
    while (at < rest->size && (is_quoted || rest->bytes[at] != separator)) {
        if (rest->bytes[at] == '"') is_quoted = !is_quoted;
        if (rest->bytes[at] == '\\' && is_quoted && at + 1 < rest->size) at++;
        at++;
    }
    text_t part = text_trim(text_part(*rest, 0, at));
    *rest = text_part(*rest, at < rest->size ? at + 1 : at, SIZE_MAX);
    return part;
}

/* 8..15, or 0: it is no such number. */
static uint8_t read_bits(text_t value) {
    uint64_t bits;
    if (value.size >= 2 && value.bytes[0] == '"' && value.bytes[value.size - 1] == '"')
        value = text_part(value, 1, value.size - 2);
    bool is_number = value.size > 0 && value.bytes[0] != '0' &&
                     text_parse_unsigned(value, 10, LEAST_BITS, MOST_BITS, &bits) >= 0;
    return is_number ? (uint8_t)bits : 0;
}

/* False: unknown, said twice, or with a wrong value. */
static bool read_parameter(text_t text, parameters_t *parameters) {
    const struct {
        const char *name;
        uint8_t *to;
        bool may_have_value;
        bool may_lack_value;
    } rows[] = {
        {"server_no_context_takeover", &parameters->server_no_takeover, false, true},
        {"client_no_context_takeover", &parameters->client_no_takeover, false, true},
        {"server_max_window_bits", &parameters->server_bits, true, false},
        {"client_max_window_bits", &parameters->client_bits, true, true},
    };
    size_t end = text_find(text, '=');
    bool has_value = end < text.size;
    text_t name = text_trim(text_part(text, 0, end));
    text_t value = text_trim(text_part(text, end + 1, SIZE_MAX));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!text_is(name, rows[i].name)) continue;
        if (*rows[i].to != ABSENT) return false;
        *rows[i].to = has_value ? read_bits(value) : NO_VALUE;
        return (has_value ? rows[i].may_have_value : rows[i].may_lack_value) &&
               *rows[i].to != 0;
    }
    return false;
}

/* One element, "name; parameter; ...". False: another extension, or wrong parameters.
 */
static bool read_element(text_t element, parameters_t *parameters) {
    *parameters = (parameters_t){0};
    if (!text_is(take_part(&element, ';'), "permessage-deflate")) return false;
    while (element.size > 0)
        if (!read_parameter(take_part(&element, ';'), parameters)) return false;
    return true;
}

static uint8_t least(uint8_t a, uint8_t b) {
    return a < b ? a : b;
}

static void write_bits(mk_writer_t *out, const char *name, uint8_t bits) {
    writer_str(out, name);
    writer_unsigned(out, bits);
}

static bool fulfil(const parameters_t *offer, const ws_deflate_wish_t *wish,
                   ws_deflate_t *agreed) {
    uint8_t out_bits = wish->window_bits;
    uint8_t in_bits = MOST_BITS;
    if (offer->server_bits != ABSENT) out_bits = least(out_bits, offer->server_bits);
    if (out_bits == LEAST_BITS) return false;
    if (offer->client_bits == NO_VALUE) in_bits = wish->window_bits;
    if (offer->client_bits > NO_VALUE)
        in_bits = least(wish->window_bits, offer->client_bits);
    *agreed = (ws_deflate_t){
        .is_on = true,
        .keeps_out = wish->keeps_windows && offer->server_no_takeover == ABSENT,
        .keeps_in = wish->keeps_windows && offer->client_no_takeover == ABSENT,
        .out_bits = out_bits & 15u,
        .in_bits = in_bits};
    return true;
}

static void write_answer(const parameters_t *offer, const ws_deflate_t *agreed,
                         mk_writer_t *answer) {
    writer_str(answer, "permessage-deflate");
    if (!agreed->keeps_out) writer_str(answer, "; server_no_context_takeover");
    if (!agreed->keeps_in) writer_str(answer, "; client_no_context_takeover");
    if (agreed->out_bits < MOST_BITS || offer->server_bits != ABSENT)
        write_bits(answer, "; server_max_window_bits=", agreed->out_bits);
    if (agreed->in_bits < MOST_BITS)
        write_bits(answer, "; client_max_window_bits=", agreed->in_bits);
}

/* The first of the offers in one field that can be fulfilled. */
static bool take_offer(text_t offers, const ws_deflate_wish_t *wish,
                       ws_deflate_t *agreed, mk_writer_t *answer) {
    while (offers.size > 0) {
        parameters_t offer;
        if (!read_element(take_part(&offers, ','), &offer) ||
            !fulfil(&offer, wish, agreed))
            continue;
        write_answer(&offer, agreed, answer);
        if (agreed->in_bits < LEAST_BITS + 1) agreed->in_bits = LEAST_BITS + 1;
        return true;
    }
    return false;
}

bool ws_deflate_accept(text_t fields, const ws_deflate_wish_t *wish,
                       ws_deflate_t *agreed, mk_writer_t *answer) {
    http_field_t field;
    size_t at = 0;
    *agreed = (ws_deflate_t){0};
    while (wish->is_wanted && http_headers_next(fields, &at, &field))
        if (text_equals_nocase(field.name, text_of("Sec-WebSocket-Extensions")) &&
            take_offer(field.value, wish, agreed, answer))
            return true;
    return false;
}

void ws_deflate_offer(const ws_deflate_wish_t *wish, mk_writer_t *offer) {
    writer_str(offer, "permessage-deflate; client_max_window_bits");
    if (!wish->keeps_windows)
        writer_str(offer, "; client_no_context_takeover; server_no_context_takeover");
    if (wish->window_bits < MOST_BITS)
        write_bits(offer, "; server_max_window_bits=", wish->window_bits);
}

bool ws_deflate_judge(text_t value, const ws_deflate_wish_t *wish,
                      ws_deflate_t *agreed) {
    parameters_t answer;
    *agreed = (ws_deflate_t){0};
    if (value.size == 0) return true;
    text_t element = take_part(&value, ',');
    if (!wish->is_wanted || value.size > 0 || !read_element(element, &answer))
        return false;
    if (answer.client_bits == NO_VALUE) return false;
    uint8_t in_bits = answer.server_bits != ABSENT ? answer.server_bits : MOST_BITS;
    if (answer.server_bits != ABSENT && in_bits > wish->window_bits) return false;
    uint8_t out_bits = wish->window_bits;
    if (answer.client_bits != ABSENT) out_bits = least(out_bits, answer.client_bits);
    *agreed = (ws_deflate_t){
        .is_on = true,
        .keeps_out = wish->keeps_windows && answer.client_no_takeover == ABSENT,
        .keeps_in = answer.server_no_takeover == ABSENT,
        .out_bits = out_bits > LEAST_BITS ? out_bits & 15u : 0,
        .in_bits = in_bits > LEAST_BITS ? in_bits : LEAST_BITS + 1};
    return true;
}
