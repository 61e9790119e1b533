/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/state_file.h"

#include "base/crc32.h"
#include "microkernel/limits.h"
#include "support/test.h"

#include <string.h>

enum { CAP = 512 };

static uint8_t bytes[CAP];
static size_t size;

static void encode(const char *owner, const char *key, const char *value) {
    state_file_t file = {text_of(owner), text_of(key), (const uint8_t *)value,
                         strlen(value)};
    size = state_file_size(&file);
    CHECK(size <= CAP);
    state_file_encode(&file, bytes);
}

/* Write the checksum of what is there now. */
static void seal(void) {
    uint32_t crc = crc32_add(0, bytes, size - 4);
    for (unsigned i = 0; i < 4; i++)
        bytes[size - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

static state_fault_t decode(state_file_t *file) {
    return state_file_decode(bytes, size, file);
}

TEST(state_file_gives_back_what_was_put_in) {
    state_file_t file;
    encode("counter", "total", "42");
    CHECK_EQ(size, 20 + 7 + 5 + 2 + 4);
    CHECK_EQ(decode(&file), STATE_FILE_GOOD);
    CHECK(text_is(file.owner, "counter"));
    CHECK(text_is(file.key, "total"));
    CHECK_EQ(file.value_size, 2);
    CHECK_MEM(file.value, "42", 2);
    encode("a", "b", "");
    CHECK_EQ(decode(&file), STATE_FILE_GOOD);
    CHECK_EQ(file.value_size, 0);
}

TEST(state_file_with_any_bit_changed_is_no_value) {
    state_file_t file;
    encode("counter", "total", "0123456789");
    for (size_t i = 0; i < size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1u << bit);
            CHECK_EQ(decode(&file), i < 8 ? STATE_FILE_FOREIGN : STATE_FILE_DAMAGED);
            bytes[i] ^= (uint8_t)(1u << bit);
        }
    CHECK_EQ(decode(&file), STATE_FILE_GOOD);
}

TEST(state_file_that_was_cut_or_grew_is_no_value) {
    state_file_t file;
    encode("counter", "total", "0123456789");
    size_t whole = size;
    for (size = 0; size < whole; size++)
        CHECK_EQ(decode(&file), size < 8 ? STATE_FILE_FOREIGN : STATE_FILE_DAMAGED);
    bytes[whole] = 0;
    size = whole + 1;
    CHECK_EQ(decode(&file), STATE_FILE_DAMAGED);
    seal();
    CHECK_EQ(decode(&file), STATE_FILE_DAMAGED); /* its sizes say less */
}

TEST(state_file_of_a_later_version_is_told_from_damage) {
    state_file_t file;
    encode("counter", "total", "1");
    bytes[9] = 2;
    CHECK_EQ(decode(&file), STATE_FILE_DAMAGED);
    seal();
    CHECK_EQ(decode(&file), STATE_FILE_NEWER);
    bytes[9] = 1;
    bytes[15] = 1; /* reserved */
    seal();
    CHECK_EQ(decode(&file), STATE_FILE_NEWER);
}

TEST(state_file_with_sizes_that_lie_is_damaged) {
    static const struct {
        size_t at;
        uint8_t byte;
    } lies[] = {{11, 0}, {11, 128}, {10, 255}, {13, 0}, {13, 6}, {16, 255}, {19, 0}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        state_file_t file;
        encode("counter", "total", "1");
        bytes[lies[i].at] = lies[i].byte;
        seal();
        CHECK_EQ(decode(&file), STATE_FILE_DAMAGED);
    }
    state_file_t file;
    encode("counter", "total", "1");
    bytes[22] = 0; /* in the name */
    seal();
    CHECK_EQ(decode(&file), STATE_FILE_DAMAGED);
}

TEST(state_faults_have_words) {
    CHECK_STR(state_fault_text(STATE_FILE_GOOD), "good");
    CHECK_STR(state_fault_text(STATE_FILE_FOREIGN), "no file of saved state");
    CHECK_STR(state_fault_text(STATE_FILE_DAMAGED), "damaged or cut");
    CHECK_STR(state_fault_text(STATE_FILE_NEWER), "written by a later version");
    CHECK_STR(state_fault_text(STATE_FILE_STRAY), "saved under another name or key");
}

TEST_TABLE(state_file, TEST_ROW(state_file_gives_back_what_was_put_in),
           TEST_ROW(state_file_with_any_bit_changed_is_no_value),
           TEST_ROW(state_file_that_was_cut_or_grew_is_no_value),
           TEST_ROW(state_file_of_a_later_version_is_told_from_damage),
           TEST_ROW(state_file_with_sizes_that_lie_is_damaged),
           TEST_ROW(state_faults_have_words))
