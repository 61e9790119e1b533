/* SPDX-License-Identifier: Apache-2.0 */
/* docs/STATE_FORMAT.md is true: its examples are read out of it. */
#include "base/alloc.h"
#include "base/hex.h"
#include "microkernel/error.h"
#include "port/files.h"
#include "storage/state_file.h"
#include "storage/state_name.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char document[20000];

static void read_document(void) {
    const char *root = getenv("MK_SOURCE_DIR");
    if (root == NULL) test_skip("MK_SOURCE_DIR does not say where the documents are");
    char path[1000];
    void *bytes = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%.900s/docs/STATE_FORMAT.md", root);
    CHECK_EQ(port_file_read(path, sizeof document - 1, &bytes, &size), MK_OK);
    memcpy(document, bytes, size);
    document[size] = '\0';
    mk_free(bytes);
}

/* The digits of the hex block, without what separates them. */
static text_t digits_of_example(void) {
    static char digits[200];
    size_t size = 0;
    const char *at = strstr(document, "```hex\n");
    CHECK(at != NULL);
    for (at += strlen("```hex\n"); *at != '`'; at++) {
        CHECK(*at != '\0' && size < sizeof digits);
        if (*at != ' ' && *at != '\n') digits[size++] = *at;
    }
    return text_make(digits, size);
}

TEST(documented_file_is_read_and_written) {
    uint8_t bytes[100];
    uint8_t written[100];
    read_document();
    int size = hex_decode(digits_of_example(), bytes, sizeof bytes, NULL);
    CHECK(size > 0);
    state_file_t file;
    CHECK_EQ(state_file_decode(bytes, (size_t)size, &file), STATE_FILE_GOOD);
    CHECK(text_is(file.owner, "counter"));
    CHECK(text_is(file.key, "total"));
    CHECK_EQ(file.value_size, 2);
    CHECK_MEM(file.value, "42", 2);
    CHECK_EQ(state_file_size(&file), size);
    state_file_encode(&file, written);
    CHECK_MEM(written, bytes, (size_t)size);
}

/* The text in the next pair of backquotes. */
static text_t next_quoted(const char **at) {
    const char *begin = strchr(*at, '`') + 1;
    const char *end = strchr(begin, '`');
    *at = end + 1;
    return text_make(begin, (size_t)(end - begin));
}

TEST(documented_names_are_spelled_so) {
    read_document();
    const char *at = strstr(document, "| name | part |\n|---|---|\n");
    CHECK(at != NULL);
    at += strlen("| name | part |\n|---|---|\n");
    int rows = 0;
    for (; strncmp(at, "| `", 3) == 0; rows++) {
        text_t name = next_quoted(&at);
        text_t part = next_quoted(&at);
        char spelled[STATE_NAME_CAP];
        CHECK_EQ(state_name_check(name), MK_OK);
        CHECK(text_equals(part, text_make(spelled, state_name_encode(name, spelled))));
        at = strchr(at, '\n') + 1;
    }
    CHECK_EQ(rows, 5);
}

TEST_TABLE(state_format, TEST_ROW(documented_file_is_read_and_written),
           TEST_ROW(documented_names_are_spelled_so))
