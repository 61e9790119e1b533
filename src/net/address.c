/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include "base/bytes.h"
#include "base/writer.h"
#include "microkernel/error.h"

#include <string.h>

enum { GROUPS = 8 }; /* of 16 bits in an IPv6 address */

/* Four decimal numbers without leading zeros. */
static bool read_inet(text_t text, uint8_t *bytes) {
    for (size_t i = 0; i < 4; i++) {
        size_t size = text_find(text, '.');
        text_t part = text_part(text, 0, size);
        uint64_t value;
        if ((size < text.size) != (i < 3) || part.size > 3) return false;
        if (part.size > 1 && part.bytes[0] == '0') return false;
        if (text_parse_unsigned(part, 10, 0, 255, &value) != MK_OK) return false;
        bytes[i] = (uint8_t)value;
        text = text_part(text, size + 1, SIZE_MAX);
    }
    return true;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool read_group(text_t part, uint8_t *bytes) {
    unsigned value = 0;
    if (part.size == 0 || part.size > 4) return false;
    for (size_t i = 0; i < part.size; i++) {
        int digit = hex_digit(part.bytes[i]);
        if (digit < 0) return false;
        value = value * 16 + (unsigned)digit;
    }
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    return true;
}

/* Groups between colons into `bytes`, the last of which may be an IPv4 address. The
 * bytes read, or -1. */
static int read_groups(text_t text, uint8_t *bytes, int room) {
    int at = 0;
    if (text.size == 0) return 0;
    for (;;) {
        size_t size = text_find(text, ':');
        text_t part = text_part(text, 0, size);
        bool is_last = size == text.size;
        if (is_last && at + 4 <= room && text_find(part, '.') < part.size)
            return read_inet(part, bytes + at) ? at + 4 : -1;
        if (at + 2 > room || !read_group(part, bytes + at)) return -1;
        at += 2;
        if (is_last) return at;
        text = text_part(text, size + 1, SIZE_MAX);
    }
}

static bool read_inet6(text_t text, uint8_t *bytes) {
    size_t gap = 0; /* of "::" */
    while (gap + 1 < text.size &&
           !(text.bytes[gap] == ':' && text.bytes[gap + 1] == ':'))
        gap++;
    if (gap + 1 >= text.size) return read_groups(text, bytes, 16) == 16;
    uint8_t tail[16];
    int before = read_groups(text_part(text, 0, gap), bytes, 14);
    int after = read_groups(text_part(text, gap + 2, SIZE_MAX), tail, 14);
    if (before < 0 || after < 0 || before + after > 14) return false;
    /* An IPv4 address stands at the end only. */
    if (text_find(text_part(text, 0, gap), '.') < gap) return false;
    memset(bytes + before, 0, (size_t)(16 - before - after));
    memcpy(bytes + 16 - after, tail, (size_t)after);
    return true;
}

int address_parse(text_t text, uint16_t port, port_address_t *address) {
    port_address_t read;
    memset(&read, 0, sizeof read);
    read.port = port;
    if (text.size >= 2 && text.bytes[0] == '[' && text.bytes[text.size - 1] == ']') {
        text = text_part(text, 1, text.size - 2);
        if (text_find(text, ':') == text.size) return MK_EINVAL;
    }
    if (read_inet(text, read.bytes)) {
        read.family = PORT_FAMILY_INET;
        *address = read;
        return MK_OK;
    }
    size_t percent = text_find(text, '%');
    if (percent < text.size) {
        uint64_t scope;
        if (text_parse_unsigned(text_part(text, percent + 1, SIZE_MAX), 10, 1,
                                UINT32_MAX, &scope) != MK_OK)
            return MK_EINVAL;
        read.scope = (uint32_t)scope;
        text = text_part(text, 0, percent);
    }
    if (!read_inet6(text, read.bytes)) return MK_EINVAL;
    read.family = PORT_FAMILY_INET6;
    *address = read;
    return MK_OK;
}

/* --- writing --- */

static void write_inet(mk_writer_t *w, const uint8_t *bytes) {
    for (size_t i = 0; i < 4; i++) {
        if (i > 0) writer_char(w, '.');
        writer_unsigned(w, bytes[i]);
    }
}

static unsigned group_at(const uint8_t *bytes, size_t i) {
    return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

/* The first longest run of at least two zero groups (RFC 5952, 4.2). */
static void find_gap(const uint8_t *bytes, size_t *gap, size_t *gap_len) {
    *gap = GROUPS;
    *gap_len = 1;
    for (size_t i = 0; i < GROUPS; i++) {
        size_t len = 0;
        while (i + len < GROUPS && group_at(bytes, i + len) == 0)
            len++;
        if (len > *gap_len) {
            *gap = i;
            *gap_len = len;
        }
    }
}

static void write_group(mk_writer_t *w, unsigned group) {
    static const char digits[] = "0123456789abcdef";
    bool is_shown = false;
    for (unsigned shift = 12; shift > 0; shift -= 4) {
        is_shown = is_shown || group >> shift != 0;
        if (is_shown) writer_char(w, digits[group >> shift & 15]);
    }
    writer_char(w, digits[group & 15]);
}

static void write_inet6(mk_writer_t *w, const port_address_t *address) {
    size_t gap;
    size_t gap_len;
    find_gap(address->bytes, &gap, &gap_len);
    for (size_t i = 0; i < GROUPS; i++) {
        if (i == gap) {
            writer_str(w, "::");
            i += gap_len - 1;
            continue;
        }
        if (i > 0 && i != gap + gap_len) writer_char(w, ':');
        write_group(w, group_at(address->bytes, i));
    }
    if (address->scope == 0) return;
    writer_char(w, '%');
    writer_unsigned(w, address->scope);
}

static const char *format(const port_address_t *address, bool with_port, char *text,
                          size_t cap) {
    mk_writer_t w;
    writer_init(&w, text, cap);
    if (address->family == PORT_FAMILY_INET) {
        write_inet(&w, address->bytes);
    } else if (address->family == PORT_FAMILY_INET6) {
        if (with_port) writer_char(&w, '[');
        write_inet6(&w, address);
        if (with_port) writer_char(&w, ']');
    } else {
        writer_char(&w, '?');
        with_port = false;
    }
    if (with_port) {
        writer_char(&w, ':');
        writer_unsigned(&w, address->port);
    }
    return text;
}

const char *address_format(const port_address_t *address, char *text, size_t cap) {
    return format(address, true, text, cap);
}

const char *address_format_host(const port_address_t *address, char *text, size_t cap) {
    return format(address, false, text, cap);
}

/* --- well-known ones --- */

port_address_t address_loopback(uint16_t port) {
    return (port_address_t){
        .family = PORT_FAMILY_INET, .bytes = {127, 0, 0, 1}, .port = port};
}

port_address_t address_loopback6(uint16_t port) {
    return (port_address_t){
        .family = PORT_FAMILY_INET6, .bytes = {[15] = 1}, .port = port};
}

port_address_t address_any(uint16_t port) {
    return (port_address_t){.family = PORT_FAMILY_INET6, .port = port};
}

bool address_is_loopback(const port_address_t *address) {
    if (address->family == PORT_FAMILY_INET) return address->bytes[0] == 127;
    port_address_t loopback = address_loopback6(0);
    return address->family == PORT_FAMILY_INET6 &&
           memcmp(address->bytes, loopback.bytes, 16) == 0;
}

bool address_equals(const port_address_t *a, const port_address_t *b) {
    return a->family == b->family && a->port == b->port && a->scope == b->scope &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
