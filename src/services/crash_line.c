/* SPDX-License-Identifier: Apache-2.0 */
/* crash_line.c - lines of text and not packed bytes: after a crash people look into the
 * file with what they have at hand, and behind a damaged record the next newline is
 * where reading can go on. The checksum tells a torn or altered line from a whole one.
 */
#include "services/crash_line.h"

#include "base/check.h"
#include "base/crc32.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "microkernel/error.h"

#include <string.h>

static const char mark[] = "crash1 "; /* the 1 is the version of the format */

enum { MARK_SIZE = sizeof mark - 1, CRC_SIZE = 8 };

/* --- writing --- */

/* Write "=text"; what could be taken for the end of a word or is no character as \xNN.
 */
static void write_word(mk_writer_t *out, const char *text) {
    writer_char(out, '=');
    size_t size = strlen(text);
    for (size_t i = 0; i < size;) {
        utf8_char_t c = utf8_decode(text + i, size - i);
        bool is_plain = c.status == UTF8_OK && c.scalar != ' ' && c.scalar != '\\' &&
                        !utf8_is_control(c.scalar);
        if (is_plain) writer_bytes(out, text + i, c.size);
        for (size_t end = i + c.size; i < end; i++)
            if (!is_plain) writer_format(out, "\\x%02x", (unsigned char)text[i]);
    }
}

size_t crash_line_write(const crash_record_t *record, char line[CRASH_LINE_MAX]) {
    const uint64_t numbers[] = {record->number,    record->start,  record->time_ms,
                                record->id,        record->parent, record->reason,
                                record->last_type, record->handled};
    const size_t body = MARK_SIZE + CRC_SIZE + 1;
    mk_writer_t out;
    writer_init(&out, line + body, CRASH_LINE_MAX - body);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        writer_unsigned(&out, numbers[i]);
        writer_char(&out, ' ');
    }
    write_word(&out, record->names);
    writer_char(&out, ' ');
    write_word(&out, record->text);
    size_t size = out.size;
    uint32_t crc = crc32_add(0, line + body, size);
    line[body + size] = '\n';

    char head[MARK_SIZE + CRC_SIZE + 2];
    writer_init(&out, head, sizeof head);
    writer_str(&out, mark);
    writer_hex(&out, crc, CRC_SIZE);
    writer_char(&out, ' ');
    memcpy(line, head, body);
    return body + size + 1;
}

/* --- reading --- */

typedef struct {
    const char *at;
    const char *end;
    bool is_bad; /* something was not as it must be */
} reader_t;

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

static uint32_t read_hex(reader_t *in, int digits) {
    uint32_t value = 0;
    for (int i = 0; i < digits; i++) {
        int digit = in->at < in->end ? hex_digit(*in->at) : -1;
        if (digit < 0) {
            in->is_bad = true;
            return 0;
        }
        value = value << 4 | (uint32_t)digit;
        in->at++;
    }
    return value;
}

static void read_char(reader_t *in, char expected) {
    if (in->at < in->end && *in->at == expected)
        in->at++;
    else
        in->is_bad = true;
}

/* A decimal number of at most `max` and the blank behind it. */
static uint64_t read_number(reader_t *in, uint64_t max) {
    uint64_t value = 0;
    const char *start = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        unsigned digit = (unsigned)(*in->at - '0');
        if (value > (max - digit) / 10u) in->is_bad = true;
        value = value * 10u + digit;
        in->at++;
    }
    if (in->at == start) in->is_bad = true;
    read_char(in, ' ');
    return value;
}

/* "=text" up to a blank or the end, as a text of less than `cap` bytes. */
static void read_word(reader_t *in, char *text, size_t cap) {
    size_t size = 0;
    read_char(in, '=');
    while (!in->is_bad && in->at < in->end && *in->at != ' ') {
        char c = *in->at++;
        if (c == '\\') {
            read_char(in, 'x');
            c = (char)(unsigned char)read_hex(in, 2);
        }
        if (c == '\0' || size + 1 >= cap) in->is_bad = true;
        if (!in->is_bad) text[size++] = c;
    }
    text[size] = '\0';
}

int crash_line_read(const char *line, size_t size, crash_record_t *record) {
    reader_t in = {line, line + size, false};
    if (size < MARK_SIZE || memcmp(line, mark, MARK_SIZE) != 0) return MK_EBADMSG;
    in.at += MARK_SIZE;
    uint32_t crc = read_hex(&in, CRC_SIZE);
    read_char(&in, ' ');
    if (in.is_bad || crc32_add(0, in.at, (size_t)(in.end - in.at)) != crc)
        return MK_EBADMSG;
    record->number = read_number(&in, UINT64_MAX);
    record->start = (uint32_t)read_number(&in, UINT32_MAX);
    record->time_ms = read_number(&in, UINT64_MAX);
    record->id = read_number(&in, UINT64_MAX);
    record->parent = read_number(&in, UINT64_MAX);
    record->reason = (uint8_t)read_number(&in, UINT8_MAX);
    record->last_type = (msg_type_t)read_number(&in, UINT32_MAX);
    record->handled = read_number(&in, UINT64_MAX);
    read_word(&in, record->names, sizeof record->names);
    read_char(&in, ' ');
    read_word(&in, record->text, sizeof record->text);
    record->is_earlier = true;
    return !in.is_bad && in.at == in.end ? MK_OK : MK_EBADMSG;
}
