/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the faults are those of the specification's tests, followed by what was
 * found, so that both a person and the test scripts recognise them. */
#include "wasm/reader.h"

#include "base/utf8.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

void wasm__fail(wasm_reader_t *r, int code, uint32_t offset, const char *format, ...) {
    r->at = r->end;
    if (r->has_failed) return;
    r->has_failed = true;
    r->error->code = code;
    r->error->offset = offset;
    mk_writer_t w;
    writer_init(&w, r->error->text, sizeof r->error->text);
    va_list args;
    va_start(args, format);
    writer_vformat(&w, format, args);
    va_end(args);
}

static void fail_at_end(wasm_reader_t *r) {
    wasm__fail(r, MK_EBADMSG, r->at, "unexpected end");
}

uint8_t wasm__read_behind_end(wasm_reader_t *r) {
    fail_at_end(r);
    return 0;
}

/* LEB128 of at most `bits` bits. In the last byte the bits that do not fit must repeat
 * the sign (0 for numbers without). */
static uint64_t read_leb(wasm_reader_t *r, unsigned bits, bool is_signed) {
    uint64_t value = 0;
    uint32_t begin = r->at;
    for (unsigned shift = 0;; shift += 7) {
        if (r->at == r->end) {
            fail_at_end(r);
            return 0;
        }
        uint8_t byte = r->bytes[r->at++];
        value |= (uint64_t)(byte & 0x7F) << shift;
        bool is_last = shift + 7 >= bits;
        if (is_last) {
            unsigned used = bits - shift; /* 1..7 */
            if ((byte & 0x80) != 0) {
                wasm__fail(r, MK_EBADMSG, begin,
                           "integer representation too long (more than %u bits)", bits);
                return 0;
            }
            unsigned keep = is_signed ? used - 1 : used;
            uint8_t above = (uint8_t)(byte >> keep);
            uint8_t ones = (uint8_t)(0x7F >> keep);
            if (above != 0 && !(is_signed && above == ones)) {
                wasm__fail(r, MK_EBADMSG, begin,
                           "integer too large (more than %u bits)", bits);
                return 0;
            }
        }
        if ((byte & 0x80) == 0) {
            if (is_signed && shift + 7 < 64 && (byte & 0x40) != 0)
                value |= ~UINT64_C(0) << (shift + 7);
            return value;
        }
    }
}

uint32_t wasm__read_long_u32(wasm_reader_t *r) {
    return (uint32_t)read_leb(r, 32, false);
}
/* One byte of LEB128 with its sign; false when there are more. */
static bool read_short_signed(wasm_reader_t *r, int32_t *value) {
    if (r->at == r->end || r->bytes[r->at] >= 0x80) return false;
    uint8_t byte = r->bytes[r->at++];
    *value = byte < 0x40 ? byte : byte - 0x80;
    return true;
}

int32_t wasm__read_s32(wasm_reader_t *r) {
    int32_t value;
    if (read_short_signed(r, &value)) return value;
    return (int32_t)(uint32_t)read_leb(r, 32, true);
}
int64_t wasm__read_s64(wasm_reader_t *r) {
    int32_t value;
    if (read_short_signed(r, &value)) return value;
    return (int64_t)read_leb(r, 64, true);
}
int64_t wasm__read_s33(wasm_reader_t *r) {
    return (int64_t)read_leb(r, 33, true);
}

static const uint8_t *take(wasm_reader_t *r, uint32_t size) {
    if (size > r->end - r->at) {
        fail_at_end(r);
        return NULL;
    }
    r->at += size;
    return r->bytes + (r->at - size);
}

uint32_t wasm__read_f32(wasm_reader_t *r) {
    const uint8_t *b = take(r, 4);
    if (b == NULL) return 0;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint64_t wasm__read_f64(wasm_reader_t *r) {
    uint32_t low = wasm__read_f32(r);
    return low | (uint64_t)wasm__read_f32(r) << 32;
}

uint32_t wasm__read_index(wasm_reader_t *r, uint32_t count, const char *what) {
    uint32_t begin = r->at;
    uint32_t index = wasm__read_u32(r);
    if (r->has_failed) return 0;
    if (index < count) return index;
    wasm__fail(r, MK_EINVAL, begin, "unknown %s %u", what, (unsigned)index);
    return 0;
}

uint32_t wasm__read_count(wasm_reader_t *r, uint32_t limit, const char *limit_name) {
    uint32_t begin = r->at;
    uint32_t count = wasm__read_u32(r);
    if (count > r->end - r->at) {
        wasm__fail(r, MK_EBADMSG, begin,
                   "unexpected end: %u items cannot be in %u bytes", (unsigned)count,
                   (unsigned)(r->end - r->at));
        return 0;
    }
    if (count > limit) {
        wasm__fail(r, MK_ELIMIT, begin, "%u are more than %s (%u)", (unsigned)count,
                   limit_name, (unsigned)limit);
        return 0;
    }
    return count;
}

text_t wasm__read_name(wasm_reader_t *r) {
    uint32_t begin = r->at;
    uint32_t size = wasm__read_u32(r);
    const uint8_t *bytes = take(r, size);
    if (bytes == NULL) return text_make(NULL, 0);
    if (size > MK_WASM_NAME_BYTES) {
        wasm__fail(r, MK_ELIMIT, begin,
                   "name of %u bytes: over MK_WASM_NAME_BYTES (%u)", (unsigned)size,
                   (unsigned)MK_WASM_NAME_BYTES);
        return text_make(NULL, 0);
    }
    const char *chars = (const char *)bytes;
    if (utf8_valid_size(chars, size) != size) {
        wasm__fail(r, MK_EBADMSG, begin, "malformed UTF-8 encoding");
        return text_make(NULL, 0);
    }
    return text_make(chars, size);
}

void wasm__skip(wasm_reader_t *r, uint32_t size) {
    (void)take(r, size);
}
