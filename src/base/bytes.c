/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.c - fields are put together from single bytes, so neither the machine's byte
 * order nor the alignment of the buffer matters; compilers make one load of it. One
 * loop serves all widths. */
#include "base/bytes.h"

#include <string.h>

void bytes_reader_init(bytes_reader_t *r, const void *bytes, size_t size) {
    *r = (bytes_reader_t){bytes, size, 0, false};
}

size_t bytes_left(const bytes_reader_t *r) {
    return r->has_failed ? 0 : r->size - r->at;
}

bool bytes_is_complete(const bytes_reader_t *r) {
    return !r->has_failed && r->at == r->size;
}

const uint8_t *bytes_read(bytes_reader_t *r, size_t size) {
    if (r->has_failed || size > r->size - r->at) {
        r->has_failed = true;
        return NULL;
    }
    if (r->bytes == NULL) return NULL; /* 0 of 0 bytes */
    const uint8_t *field = r->bytes + r->at;
    r->at += size;
    return field;
}

static uint64_t read_be(bytes_reader_t *r, size_t size) {
    const uint8_t *field = bytes_read(r, size);
    uint64_t value = 0;
    for (size_t i = 0; field != NULL && i < size; i++)
        value = value << 8 | field[i];
    return value;
}

static uint64_t read_le(bytes_reader_t *r, size_t size) {
    const uint8_t *field = bytes_read(r, size);
    uint64_t value = 0;
    for (size_t i = size; field != NULL && i > 0; i--)
        value = value << 8 | field[i - 1];
    return value;
}

uint8_t bytes_read_u8(bytes_reader_t *r) {
    return (uint8_t)read_be(r, 1);
}
uint16_t bytes_read_u16_be(bytes_reader_t *r) {
    return (uint16_t)read_be(r, 2);
}
uint16_t bytes_read_u16_le(bytes_reader_t *r) {
    return (uint16_t)read_le(r, 2);
}
uint32_t bytes_read_u32_be(bytes_reader_t *r) {
    return (uint32_t)read_be(r, 4);
}
uint32_t bytes_read_u32_le(bytes_reader_t *r) {
    return (uint32_t)read_le(r, 4);
}
uint64_t bytes_read_u64_be(bytes_reader_t *r) {
    return read_be(r, 8);
}
uint64_t bytes_read_u64_le(bytes_reader_t *r) {
    return read_le(r, 8);
}

void bytes_writer_init(bytes_writer_t *w, void *bytes, size_t cap) {
    *w = (bytes_writer_t){bytes, cap, 0, false};
}

/* Where the next `size` bytes go, NULL when they do not fit. */
static uint8_t *make_room(bytes_writer_t *w, size_t size) {
    if (w->has_failed || size > w->cap - w->size) {
        w->has_failed = true;
        return NULL;
    }
    uint8_t *field = w->bytes + w->size;
    w->size += size;
    return field;
}

static void write_be(bytes_writer_t *w, uint64_t value, size_t size) {
    uint8_t *field = make_room(w, size);
    for (size_t i = size; field != NULL && i > 0; i--, value >>= 8)
        field[i - 1] = (uint8_t)(value & 0xFFu);
}

static void write_le(bytes_writer_t *w, uint64_t value, size_t size) {
    uint8_t *field = make_room(w, size);
    for (size_t i = 0; field != NULL && i < size; i++, value >>= 8)
        field[i] = (uint8_t)(value & 0xFFu);
}

void bytes_write_u8(bytes_writer_t *w, uint8_t value) {
    write_be(w, value, 1);
}
void bytes_write_u16_be(bytes_writer_t *w, uint16_t value) {
    write_be(w, value, 2);
}
void bytes_write_u16_le(bytes_writer_t *w, uint16_t value) {
    write_le(w, value, 2);
}
void bytes_write_u32_be(bytes_writer_t *w, uint32_t value) {
    write_be(w, value, 4);
}
void bytes_write_u32_le(bytes_writer_t *w, uint32_t value) {
    write_le(w, value, 4);
}
void bytes_write_u64_be(bytes_writer_t *w, uint64_t value) {
    write_be(w, value, 8);
}
void bytes_write_u64_le(bytes_writer_t *w, uint64_t value) {
    write_le(w, value, 8);
}

void bytes_write(bytes_writer_t *w, const void *bytes, size_t size) {
    if (size == 0) return;
    uint8_t *field = make_room(w, size);
    if (field != NULL) memcpy(field, bytes, size);
}
