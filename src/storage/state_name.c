/* SPDX-License-Identifier: Apache-2.0 */
/* state_name.c - two spellings, of which the length decides.
 *
 * Readable: a-z 0-9 '_' '-' as they are, also '.' when not at an end (a leading one
 * hides a file, FAT drops a closing one); A-Z as '=' and the small letter, since case
 * may not count; all other bytes as '%' and two digits. When that gets longer than
 * STATE_NAME_CAP allows: '~' and base 32. Cutting and hashing was no choice, because
 * then two names could share a file.
 *
 * Nothing but '~' marks the second form, and the first escapes it; decoding spells its
 * result again and compares, so each part has one name and each name one part. */
#include "storage/state_name.h"

#include "base/check.h"
#include "microkernel/error.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";
static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

static bool is_between(char c, char first, char last) {
    return c >= first && c <= last;
}

static bool is_upper(char c) {
    return is_between(c, 'A', 'Z');
}

static bool is_lower_or_digit(char c) {
    return is_between(c, 'a', 'z') || is_between(c, '0', '9');
}

int state_name_check(text_t name) {
    if (name.size >= MK_STATE_NAME_MAX) return MK_ETOOBIG;
    if (name.size == 0 || memchr(name.bytes, '\0', name.size) != NULL) return MK_EINVAL;
    return MK_OK;
}

bool state_name_is_plain(text_t name) {
    if (name.size == 0 || name.size >= MK_NAME_MAX || name.bytes[0] == '.')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.bytes[i];
        if (!is_lower_or_digit(c) && !is_upper(c) && c != '_' && c != '-' && c != '.')
            return false;
    }
    return true;
}

/* Write what stands for the byte at `i`; returns the characters, at most three. */
static size_t spell_byte(text_t name, size_t i, char out[3]) {
    char c = name.bytes[i];
    bool is_at_end = i == 0 || i + 1 == name.size;
    if (is_lower_or_digit(c) || c == '_' || c == '-' || (c == '.' && !is_at_end)) {
        out[0] = c;
        return 1;
    }
    if (is_upper(c)) {
        out[0] = '=';
        out[1] = (char)(c - 'A' + 'a');
        return 2;
    }
    out[0] = '%';
    out[1] = digits[(uint8_t)c >> 4];
    out[2] = digits[(uint8_t)c & 15u];
    return 3;
}

static size_t encode_base32(text_t name, char *part) {
    size_t size = 0;
    uint32_t bits = 0; /* the lower `count` are not written yet */
    unsigned count = 0;
    part[size++] = '~';
    for (size_t i = 0; i < name.size; i++) {
        bits = (bits << 8 | (uint8_t)name.bytes[i]) & 0xFFFu;
        for (count += 8; count >= 5; count -= 5)
            part[size++] = base32[bits >> (count - 5) & 31u];
    }
    if (count > 0) part[size++] = base32[bits << (5 - count) & 31u];
    part[size] = '\0';
    return size;
}

size_t state_name_encode(text_t name, char part[STATE_NAME_CAP]) {
    MK_ASSERT(state_name_check(name) == MK_OK);
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        char spelled[3];
        size_t spelled_size = spell_byte(name, i, spelled);
        if (size + spelled_size >= STATE_NAME_CAP) return encode_base32(name, part);
        memcpy(part + size, spelled, spelled_size);
        size += spelled_size;
    }
    part[size] = '\0';
    return size;
}

static int value_in(const char *alphabet, char c) {
    const char *found = c != '\0' ? strchr(alphabet, c) : NULL;
    return found != NULL ? (int)(found - alphabet) : -1;
}

/* Both decoders stop at what they cannot read; the spelling afterwards finds that. */
static size_t decode_base32(text_t part, char *name) {
    size_t size = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 1; i < part.size; i++) {
        int value = value_in(base32, part.bytes[i]);
        if (value < 0) break;
        bits = (bits << 5 | (uint32_t)value) & 0xFFFu;
        count += 5;
        if (count < 8) continue;
        if (size + 1 == MK_STATE_NAME_MAX) break;
        count -= 8;
        name[size++] = (char)(uint8_t)(bits >> count);
    }
    return size;
}

static size_t decode_readable(text_t part, char *name) {
    size_t size = 0;
    for (size_t i = 0; i < part.size && size + 1 < MK_STATE_NAME_MAX; i++) {
        char c = part.bytes[i];
        if (c == '=' && part.size - i > 1 && is_between(part.bytes[i + 1], 'a', 'z')) {
            c = (char)(part.bytes[++i] - 'a' + 'A');
        } else if (c == '%' && part.size - i > 2) {
            int high = value_in(digits, part.bytes[i + 1]);
            int low = value_in(digits, part.bytes[i + 2]);
            if (high < 0 || low < 0) break;
            c = (char)(uint8_t)(high * 16 + low);
            i += 2;
        }
        name[size++] = c;
    }
    return size;
}

int state_name_decode(text_t part, char name[MK_STATE_NAME_MAX]) {
    if (part.size == 0 || part.size >= STATE_NAME_CAP) return MK_EINVAL;
    size_t size =
        part.bytes[0] == '~' ? decode_base32(part, name) : decode_readable(part, name);
    name[size] = '\0';
    text_t found = text_make(name, size);
    char again[STATE_NAME_CAP];
    if (state_name_check(found) < 0) return MK_EINVAL;
    if (!text_equals(text_make(again, state_name_encode(found, again)), part))
        return MK_EINVAL;
    return (int)size;
}
