/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h - read and write binary fields without leaving the buffer.
 *
 * Both remember a failure: after the first field that does not fit, a reader gives
 * zeros and a writer writes nothing, so a caller may do all fields and ask once at the
 * end. The byte order is in the function's name: be is network order, le is
 * little-endian. */
#ifndef MK_BASE_BYTES_H
#define MK_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *bytes; /* borrowed */
    size_t size;          /* bytes there are */
    size_t at;            /* bytes read, <= size */
    bool has_failed;      /* a read went behind the end */
} bytes_reader_t;

typedef struct {
    uint8_t *bytes;  /* borrowed */
    size_t cap;      /* bytes there is room for */
    size_t size;     /* bytes written, <= cap */
    bool has_failed; /* a write did not fit */
} bytes_writer_t;

void bytes_reader_init(bytes_reader_t *r, const void *bytes, size_t size);

uint8_t bytes_read_u8(bytes_reader_t *r);
uint16_t bytes_read_u16_be(bytes_reader_t *r);
uint16_t bytes_read_u16_le(bytes_reader_t *r);
uint32_t bytes_read_u32_be(bytes_reader_t *r);
uint32_t bytes_read_u32_le(bytes_reader_t *r);
uint64_t bytes_read_u64_be(bytes_reader_t *r);
uint64_t bytes_read_u64_le(bytes_reader_t *r);

/* The next `size` bytes where they stand, borrowed from the reader's buffer. NULL when
 * there are fewer; also NULL for 0 bytes of a buffer that is NULL. */
const uint8_t *bytes_read(bytes_reader_t *r, size_t size);

/* Bytes not yet read; 0 after a failure. */
size_t bytes_left(const bytes_reader_t *r);

/* No read failed and nothing is left over: the form of a message that is all there. */
bool bytes_is_complete(const bytes_reader_t *r);

void bytes_writer_init(bytes_writer_t *w, void *bytes, size_t cap);

void bytes_write_u8(bytes_writer_t *w, uint8_t value);
void bytes_write_u16_be(bytes_writer_t *w, uint16_t value);
void bytes_write_u16_le(bytes_writer_t *w, uint16_t value);
void bytes_write_u32_be(bytes_writer_t *w, uint32_t value);
void bytes_write_u32_le(bytes_writer_t *w, uint32_t value);
void bytes_write_u64_be(bytes_writer_t *w, uint64_t value);
void bytes_write_u64_le(bytes_writer_t *w, uint64_t value);
void bytes_write(bytes_writer_t *w, const void *bytes, size_t size);

/* One field at a place that is known to be there, whatever its alignment; inline, for
 * the way of a message. */
static inline void bytes_put_u32_be(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}
static inline void bytes_put_u64_be(uint8_t *at, uint64_t value) {
    at[0] = (uint8_t)(value >> 56);
    at[1] = (uint8_t)(value >> 48);
    at[2] = (uint8_t)(value >> 40);
    at[3] = (uint8_t)(value >> 32);
    at[4] = (uint8_t)(value >> 24);
    at[5] = (uint8_t)(value >> 16);
    at[6] = (uint8_t)(value >> 8);
    at[7] = (uint8_t)value;
}
static inline uint32_t bytes_get_u32_be(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
static inline uint64_t bytes_get_u64_be(const uint8_t *at) {
    return (uint64_t)at[0] << 56 | (uint64_t)at[1] << 48 | (uint64_t)at[2] << 40 |
           (uint64_t)at[3] << 32 | (uint64_t)at[4] << 24 | (uint64_t)at[5] << 16 |
           (uint64_t)at[6] << 8 | at[7];
}

#endif
