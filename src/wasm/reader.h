/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - the fields of the binary format, bounds checked.
 *
 * The first fault is remembered with its place in the caller's wasm_error_t; from then
 * on every read gives 0 and the reader stands at its end, so that loops over a count
 * stop by asking `has_failed` once per round. */
#ifndef MK_WASM_READER_H
#define MK_WASM_READER_H

#include "base/check.h"
#include "wasm/wasm.h"

typedef struct {
    const uint8_t *bytes; /* the whole module; offsets count from here */
    uint32_t at;          /* next byte, <= end */
    uint32_t end;         /* behind the section, body or expression being read */
    bool has_failed;
    wasm_error_t *error; /* where a fault is told */
} wasm_reader_t;

/* Remember a fault at byte `offset` unless there was one; the format is writer.h's. */
void wasm__fail(wasm_reader_t *r, int code, uint32_t offset, const char *format, ...)
    MK_PRINTF(4, 5);

/* A field of which no byte is left, or one of more than a byte. */
uint8_t wasm__read_behind_end(wasm_reader_t *r);
uint32_t wasm__read_long_u32(wasm_reader_t *r);

static inline uint8_t wasm__read_u8(wasm_reader_t *r) {
    return MK_LIKELY(r->at < r->end) ? r->bytes[r->at++] : wasm__read_behind_end(r);
}
static inline uint32_t wasm__read_u32(wasm_reader_t *r) { /* LEB128 */
    if (MK_LIKELY(r->at < r->end && r->bytes[r->at] < 0x80)) return r->bytes[r->at++];
    return wasm__read_long_u32(r);
}
int32_t wasm__read_s32(wasm_reader_t *r);
int64_t wasm__read_s64(wasm_reader_t *r);
int64_t wasm__read_s33(wasm_reader_t *r);  /* of block types */
uint32_t wasm__read_f32(wasm_reader_t *r); /* the bits */
uint64_t wasm__read_f64(wasm_reader_t *r);

/* A count of things that take at least one byte each: more than there are bytes left is
 * malformed, more than `limit` is refused with the name of the limit. */
uint32_t wasm__read_count(wasm_reader_t *r, uint32_t limit, const char *limit_name);

/* An index below `count`, which is how many there are of `what`; 0 after a fault. */
uint32_t wasm__read_index(wasm_reader_t *r, uint32_t count, const char *what);

/* A name, checked to be UTF-8. */
text_t wasm__read_name(wasm_reader_t *r);

/* Step over `size` bytes. */
void wasm__skip(wasm_reader_t *r, uint32_t size);

#endif
