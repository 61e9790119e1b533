/* SPDX-License-Identifier: Apache-2.0 */
/* state_file.c - header, name, key, value, checksum.
 *
 * The checksum covers all bytes before it and stands at the end in every version, and
 * magic and version stand where they stand: so damage can be told from a later version
 * without knowing that version. The magic is made as PNG's is: a byte that is no ASCII
 * and both kinds of line end, which a transfer as text does not survive. */
#include "storage/state_file.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32.h"
#include "microkernel/limits.h"

#include <string.h>

static const uint8_t magic[8] = {0x89, 'M', 'K', 'S', '\r', '\n', 0x1A, '\n'};

size_t state_file_size(const state_file_t *file) {
    return STATE_FILE_HEADER_SIZE + file->owner.size + file->key.size +
           file->value_size + STATE_FILE_CRC_SIZE;
}

void state_file_encode(const state_file_t *file, uint8_t *bytes) {
    bytes_writer_t w;
    bytes_writer_init(&w, bytes, state_file_size(file));
    bytes_write(&w, magic, sizeof magic);
    bytes_write_u16_be(&w, STATE_FILE_VERSION);
    bytes_write_u16_be(&w, (uint16_t)file->owner.size);
    bytes_write_u16_be(&w, (uint16_t)file->key.size);
    bytes_write_u16_be(&w, 0);
    bytes_write_u32_be(&w, (uint32_t)file->value_size);
    bytes_write(&w, file->owner.bytes, file->owner.size);
    bytes_write(&w, file->key.bytes, file->key.size);
    bytes_write(&w, file->value, file->value_size);
    bytes_write_u32_be(&w, crc32_add(0, bytes, w.size));
    MK_ASSERT(!w.has_failed && w.size == w.cap);
}

static bool is_name(text_t name) {
    return name.size > 0 && name.size < MK_STATE_NAME_MAX &&
           memchr(name.bytes, '\0', name.size) == NULL;
}

static text_t read_text(bytes_reader_t *r, size_t size) {
    const uint8_t *bytes = bytes_read(r, size);
    return text_make((const char *)bytes, bytes != NULL ? size : 0);
}

/* What stands behind the version of a file whose checksum is good. */
static state_fault_t decode_body(bytes_reader_t *r, state_file_t *file) {
    size_t owner_size = bytes_read_u16_be(r);
    size_t key_size = bytes_read_u16_be(r);
    uint16_t reserved = bytes_read_u16_be(r);
    size_t value_size = bytes_read_u32_be(r);
    text_t owner = read_text(r, owner_size);
    text_t key = read_text(r, key_size);
    const uint8_t *value = bytes_read(r, value_size);
    if (!bytes_is_complete(r) || !is_name(owner) || !is_name(key))
        return STATE_FILE_DAMAGED;
    if (reserved != 0) return STATE_FILE_NEWER;
    *file = (state_file_t){owner, key, value, value_size};
    return STATE_FILE_GOOD;
}

state_fault_t state_file_decode(const void *bytes, size_t size, state_file_t *file) {
    if (size < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0)
        return STATE_FILE_FOREIGN;
    if (size < STATE_FILE_HEADER_SIZE + STATE_FILE_CRC_SIZE) return STATE_FILE_DAMAGED;
    size_t checked_size = size - STATE_FILE_CRC_SIZE;
    bytes_reader_t r;
    bytes_reader_init(&r, (const uint8_t *)bytes + checked_size, STATE_FILE_CRC_SIZE);
    if (bytes_read_u32_be(&r) != crc32_add(0, bytes, checked_size))
        return STATE_FILE_DAMAGED;
    bytes_reader_init(&r, bytes, checked_size);
    (void)bytes_read(&r, sizeof magic);
    if (bytes_read_u16_be(&r) != STATE_FILE_VERSION) return STATE_FILE_NEWER;
    return decode_body(&r, file);
}

const char *state_fault_text(state_fault_t fault) {
    static const char *const texts[] = {
        [STATE_FILE_GOOD] = "good",
        [STATE_FILE_FOREIGN] = "no file of saved state",
        [STATE_FILE_DAMAGED] = "damaged or cut",
        [STATE_FILE_NEWER] = "written by a later version",
        [STATE_FILE_STRAY] = "saved under another name or key",
    };
    return texts[fault];
}
