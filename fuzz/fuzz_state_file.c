/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_state_file.c - any bytes as a file of saved state, and as the name of one.
 *
 * What decodes lies inside the bytes and encodes to the same bytes again: a value has
 * one file. Any one bit changed makes it no value. The same bytes with a good checksum
 * reach what stands behind it. As a part of a path the bytes give at most one name,
 * which gives that part. */
#include "storage/state_file.h"
#include "storage/state_name.h"

#include "base/crc32.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

static bool lies_in(const void *part, size_t part_size, const uint8_t *bytes,
                    size_t size) {
    const uint8_t *at = part;
    return at >= bytes && at + part_size <= bytes + size;
}

static void check_good(const state_file_t *file, const uint8_t *bytes, size_t size) {
    REQUIRE(state_name_check(file->owner) == 0 && state_name_check(file->key) == 0);
    REQUIRE(lies_in(file->owner.bytes, file->owner.size, bytes, size));
    REQUIRE(lies_in(file->key.bytes, file->key.size, bytes, size));
    REQUIRE(lies_in(file->value, file->value_size, bytes, size));
    REQUIRE(state_file_size(file) == size);
    uint8_t *again = malloc(size);
    REQUIRE(again != NULL);
    state_file_encode(file, again);
    REQUIRE(memcmp(again, bytes, size) == 0);
    state_file_t other;
    for (size_t i = 0; i < size && size <= 256; i++) {
        again[i] ^= (uint8_t)(1u << i % 8);
        REQUIRE(state_file_decode(again, size, &other) != STATE_FILE_GOOD);
        again[i] ^= (uint8_t)(1u << i % 8);
    }
    free(again);
}

static void check_file(const uint8_t *bytes, size_t size) {
    state_file_t file;
    state_fault_t fault = state_file_decode(bytes, size, &file);
    REQUIRE(fault != STATE_FILE_STRAY && state_fault_text(fault) != NULL);
    if (fault == STATE_FILE_GOOD) check_good(&file, bytes, size);
}

/* The bytes behind a good head, and before a good checksum. */
static void check_sealed(const uint8_t *bytes, size_t size) {
    static const uint8_t head[] = {0x89, 'M', 'K', 'S', '\r', '\n', 0x1A, '\n', 0};
    size_t whole = sizeof head + size + STATE_FILE_CRC_SIZE;
    uint8_t *sealed = malloc(whole);
    REQUIRE(sealed != NULL);
    memcpy(sealed, head, sizeof head);
    if (size > 0) memcpy(sealed + sizeof head, bytes, size);
    uint32_t crc = crc32_add(0, sealed, whole - STATE_FILE_CRC_SIZE);
    for (unsigned i = 0; i < STATE_FILE_CRC_SIZE; i++)
        sealed[whole - STATE_FILE_CRC_SIZE + i] = (uint8_t)(crc >> (24 - 8 * i));
    check_file(sealed, whole);
    free(sealed);
}

static void check_name(const uint8_t *bytes, size_t size) {
    char part[STATE_NAME_CAP];
    char name[MK_STATE_NAME_MAX];
    text_t text = text_make((const char *)bytes, size);
    if (state_name_check(text) == 0) {
        size_t part_size = state_name_encode(text, part);
        REQUIRE(part_size < STATE_NAME_CAP && part[part_size] == '\0');
        REQUIRE(strpbrk(part, "/\\:*?\"<>| ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
        REQUIRE(part[0] != '.' && part[part_size - 1] != '.');
        int size_again = state_name_decode(text_make(part, part_size), name);
        REQUIRE(size_again == (int)size && memcmp(name, bytes, size) == 0);
    }
    int name_size = state_name_decode(text, name);
    if (name_size < 0) return;
    size_t part_size = state_name_encode(text_make(name, (size_t)name_size), part);
    REQUIRE(part_size == size && memcmp(part, bytes, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    check_file(bytes, size);
    check_sealed(bytes, size);
    check_name(bytes, size);
    return 0;
}
