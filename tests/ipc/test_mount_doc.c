/* SPDX-License-Identifier: Apache-2.0 */
/* docs/MOUNT.md says what the code does: the fields of a hello, the example, the codes.
 */
#include "support/test.h"

#include "ipc/hello.h"
#include "ipc/page.h"
#include "microkernel/error.h"
#include "microkernel/mount.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void find_line(const char *text) {
    while (next_line())
        if (strcmp(line, text) == 0) return;
    CHECK_STR("not on the page", text);
}

static size_t read_hex(uint8_t *bytes, size_t cap) {
    size_t size = 0;
    while (next_line() && strcmp(line, "```") != 0) {
        char *at = line, *end;
        for (unsigned long value; value = strtoul(at, &end, 16), end != at; at = end) {
            CHECK(value <= 0xff && size < cap);
            bytes[size++] = (uint8_t)value;
        }
    }
    return size;
}

/* The number in the next cell of the line, and `*at` behind it; false: there is none.
 */
static bool read_cell(char **at, unsigned *value) {
    char *end;
    if (strncmp(*at, "| ", 2) != 0) return false;
    unsigned long number = strtoul(*at + 2, &end, 10);
    if (end == *at + 2 || *end != ' ') return false;
    *value = (unsigned)number;
    *at = end + 1;
    return true;
}

TEST(mount_doc_the_example_is_a_hello) {
    uint8_t bytes[HELLO_SIZE], again[HELLO_SIZE];
    hello_t hello;
    char said[sizeof line], found[sizeof line];
    page_open("MOUNT.md");
    find_line("```hello");
    CHECK(next_line());
    strncpy(said, line, sizeof said - 1);
    said[sizeof said - 1] = '\0';
    CHECK_EQ(read_hex(bytes, sizeof bytes), HELLO_SIZE);
    fclose(page);
    CHECK_EQ(hello_read(bytes, sizeof bytes, &hello), HELLO_OK);
    (void)snprintf(found, sizeof found,
                   "node=%u identity=%s features=%u heartbeat=%u credit=%u boot=%u",
                   (unsigned)hello.node, hello.identity, (unsigned)hello.features,
                   (unsigned)hello.heartbeat_ms, (unsigned)hello.credit,
                   (unsigned)hello.boot);
    CHECK_STR(said, found);
    CHECK_EQ(hello.credit, MK_PEER_CREDIT);
    CHECK_EQ(hello.heartbeat_ms, MK_PEER_HEARTBEAT_MS);
    hello_write(&hello, again);
    CHECK_MEM(again, bytes, sizeof again);
}

TEST(mount_doc_the_fields_follow_each_other) {
    unsigned offset, size, next = 0;
    page_open("MOUNT.md");
    find_line("| offset | bytes | field | meaning |");
    CHECK(next_line());
    while (next_line()) {
        char *at = line;
        if (!read_cell(&at, &offset) || !read_cell(&at, &size)) break;
        CHECK_EQ(offset, next);
        next = offset + size;
    }
    fclose(page);
    CHECK_EQ(next, HELLO_SIZE);
}

TEST(mount_doc_has_all_codes) {
    unsigned code;
    hello_code_t next = 1;
    page_open("MOUNT.md");
    find_line("| code | when | error |");
    CHECK(next_line());
    while (next_line()) {
        char want[40], *at = line;
        if (!read_cell(&at, &code)) break;
        CHECK_EQ(code, next);
        (void)snprintf(want, sizeof want, "| %s |", mk_error_name(hello_error(code)));
        CHECK(strstr(line, want) != NULL);
        next++;
    }
    fclose(page);
    CHECK_EQ(next, HELLO_CODES_END);
}

TEST_TABLE(mount_doc, TEST_ROW(mount_doc_the_example_is_a_hello),
           TEST_ROW(mount_doc_the_fields_follow_each_other),
           TEST_ROW(mount_doc_has_all_codes))
