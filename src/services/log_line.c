/* SPDX-License-Identifier: Apache-2.0 */
/* log_line.c - fields as bytes, and records as lines.
 *
 * Fields wait in the queue as bytes and become text when a sink takes the line: then it
 * is known whether they will be text or JSON, and the actor that logs pays for neither.
 */
#include "services/log_line.h"

#include "base/check.h"
#include "base/writer.h"
#include "microkernel/error.h"

#include <string.h>

static const char *const level_words[] = {"debug", "info", "warn", "error"};
static const char *const level_marks[] = {"DEBUG", "INFO", "WARN", "ERROR"};

/* --- fields --- */

int log_fields_check(const log_field_t *fields, size_t len) {
    if (fields == NULL && len > 0) return MK_EINVAL;
    for (size_t i = 0; i < len; i++) {
        const char *key = fields[i].key;
        if (key == NULL || (unsigned)fields[i].kind > LOG_FIELD_ACTOR) return MK_EINVAL;
        size_t size = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.-");
        if (size == 0 || size > LOG_KEY_MAX || key[size] != '\0') return MK_EINVAL;
        if (fields[i].kind == LOG_FIELD_TEXT && fields[i].text == NULL)
            return MK_EINVAL;
    }
    return MK_OK;
}

size_t log_fields_encode(const log_field_t *fields, size_t len, unsigned char *bytes,
                         size_t cap, unsigned *left_out) {
    size_t used = 0;
    *left_out = 0;
    for (size_t i = 0; i < len; i++) {
        const log_field_t *field = &fields[i];
        bool is_text = field->kind == LOG_FIELD_TEXT;
        size_t key_size = strlen(field->key);
        size_t value_size = is_text ? strlen(field->text) : sizeof field->number;
        size_t size = 2 + key_size + (is_text ? 2 : 0) + value_size;
        if (size > cap - used) {
            *left_out += 1;
            continue;
        }
        unsigned char *at = bytes + used;
        *at++ = (unsigned char)field->kind;
        *at++ = (unsigned char)key_size;
        memcpy(at, field->key, key_size);
        at += key_size;
        if (is_text) {
            *at++ = (unsigned char)(value_size >> 8);
            *at++ = (unsigned char)(value_size & 0xFFu);
            memcpy(at, field->text, value_size);
        } else {
            memcpy(at, &field->number, value_size);
        }
        used += size;
    }
    return used;
}

/* A field taken from the bytes; its texts point into them. */
typedef struct {
    unsigned kind;
    const char *key;
    size_t key_size;
    const char *text;
    size_t text_size;
    uint64_t number;
} decoded_t;

/* Take the field at `at`; returns where the next one begins. */
static const unsigned char *decode_field(const unsigned char *at, decoded_t *field) {
    field->kind = *at++;
    field->key_size = *at++;
    field->key = (const char *)at;
    at += field->key_size;
    if (field->kind == LOG_FIELD_TEXT) {
        field->text_size = (size_t)at[0] << 8 | at[1];
        field->text = (const char *)at + 2;
        return at + 2 + field->text_size;
    }
    memcpy(&field->number, at, sizeof field->number);
    return at + sizeof field->number;
}

/* --- lines --- */

/* A value that a reader could take apart wrongly stands in quotes. */
static bool wants_quotes(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == ' ' || bytes[i] == '"' || bytes[i] == '=' || bytes[i] == '\\')
            return true;
    return size == 0;
}

static void write_value(mk_writer_t *out, const decoded_t *field, bool is_json) {
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        if (is_json || wants_quotes(field->text, field->text_size))
            writer_json(out, text_make(field->text, field->text_size));
        else
            writer_escaped(out, text_make(field->text, field->text_size));
        break;
    case LOG_FIELD_SIGNED: writer_signed(out, (int64_t)field->number); break;
    case LOG_FIELD_BOOL: writer_str(out, field->number != 0 ? "true" : "false"); break;
    case LOG_FIELD_ACTOR:
        if (is_json) writer_char(out, '"');
        writer_unsigned(out, field->number);
        if (is_json) writer_char(out, '"');
        break;
    default: writer_unsigned(out, field->number); break;
    }
}

static void write_text_line(mk_writer_t *out, const log_record_t *record) {
    writer_format(out, "[%llu.%03u] [%s] actor=%llu: ",
                  (unsigned long long)(record->uptime_ms / 1000u),
                  (unsigned)(record->uptime_ms % 1000u), level_marks[record->level],
                  (unsigned long long)record->source);
    writer_escaped(out, text_make(record->text, record->text_size));
    const unsigned char *at = record->fields;
    while (at < record->fields + record->fields_size) {
        decoded_t field;
        at = decode_field(at, &field);
        writer_char(out, ' ');
        writer_bytes(out, field.key, field.key_size);
        writer_char(out, '=');
        write_value(out, &field, false);
    }
    if (record->fields_left_out > 0) {
        writer_str(out, " fields_left_out=");
        writer_unsigned(out, record->fields_left_out);
    }
}

static void write_json_line(mk_writer_t *out, const log_record_t *record) {
    writer_format(out, "{\"time_ms\":%llu,\"uptime_ms\":%llu,",
                  (unsigned long long)record->wall_ms,
                  (unsigned long long)record->uptime_ms);
    writer_format(out, "\"level\":\"%s\",\"actor\":\"%llu\"",
                  level_words[record->level], (unsigned long long)record->source);
    if (record->name_size > 0) {
        writer_str(out, ",\"name\":");
        writer_json(out, text_make(record->name, record->name_size));
    }
    writer_str(out, ",\"text\":");
    writer_json(out, text_make(record->text, record->text_size));
    const unsigned char *at = record->fields;
    const unsigned char *end = at + record->fields_size;
    if (at < end) writer_str(out, ",\"fields\":{");
    for (bool is_first = true; at < end; is_first = false) {
        decoded_t field;
        at = decode_field(at, &field);
        writer_str(out, is_first ? "\"" : ",\"");
        writer_bytes(out, field.key, field.key_size);
        writer_str(out, "\":");
        write_value(out, &field, true);
    }
    if (record->fields_size > 0) writer_char(out, '}');
    if (record->fields_left_out > 0) {
        writer_str(out, ",\"fields_left_out\":");
        writer_unsigned(out, record->fields_left_out);
    }
    writer_char(out, '}');
}

size_t log_line_write(const log_record_t *record, log_format_t format,
                      char line[LOG_LINE_MAX]) {
    mk_writer_t out;
    writer_init(&out, line, LOG_LINE_MAX);
    if (format == LOG_LINE_JSON)
        write_json_line(&out, record);
    else
        write_text_line(&out, record);
    writer_char(&out, '\n');
    MK_ASSERT(!writer_has_overflowed(&out));
    return out.size;
}

/* --- levels --- */

const char *log_level_name(int level) {
    return level >= LOG_DEBUG && level <= LOG_ERROR ? level_words[level] : "log?";
}

/* True when the text is `word`, which is in lower case, in any case. */
static bool is_word(const char *text, const char *word) {
    for (; *text != '\0'; text++, word++) {
        int lower = *text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text;
        if (lower != *word) return false;
    }
    return *word == '\0';
}

bool log_level_find(const char *name, int *level) {
    if (name == NULL || level == NULL) return false;
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (!is_word(name, level_words[i])) continue;
        *level = i;
        return true;
    }
    if (!is_word(name, "warning")) return false;
    *level = LOG_WARN;
    return true;
}
