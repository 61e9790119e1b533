/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of docs/WIRE.md about names, monitors and links are what the code reads
 * and writes; there is one of each type. */
#include "ipc/bond_message.h"
#include "ipc/registry_message.h"

#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_SIZE = 28, FRAME_MAX = 512 };

static const msg_type_t types[] = {
    MSG_NAME_REGISTER, MSG_NAME_UNREGISTER, MSG_PATH_REGISTER,  MSG_PATH_UNREGISTER,
    MSG_NAME_CONFLICT, MSG_NODE_MONITOR,    MSG_NODE_DEMONITOR, MSG_NODE_EXITED,
    MSG_NODE_LINK,     MSG_NODE_UNLINK};
enum { TYPES = sizeof types / sizeof types[0] };

static size_t read_block(FILE *page, uint8_t *bytes) {
    char line[256];
    size_t size = 0;
    while (fgets(line, sizeof line, page) != NULL && strncmp(line, "```", 3) != 0) {
        char *at = line;
        char *end;
        for (;; at = end) {
            unsigned long value = strtoul(at, &end, 16);
            if (end == at || size == FRAME_MAX) break;
            bytes[size++] = (uint8_t)value;
        }
    }
    return size;
}

static void check_example(msg_type_t type, const uint8_t *payload, size_t size) {
    uint8_t again[FRAME_MAX];
    registry_message_t name;
    int result = registry_message_decode(type, payload, size, &name);
    if (result == MK_OK) {
        CHECK_EQ(registry_message_encode(&name, again), size);
    } else {
        CHECK_EQ(result, MK_ENOENT);
        bond_message_t bond;
        CHECK_EQ(bond_message_decode(type, payload, size, &bond), MK_OK);
        CHECK_EQ(bond_message_encode(&bond, again), size);
    }
    CHECK_MEM(again, payload, size);
}

TEST(each_example_about_names_and_monitors_is_read_and_written_again) {
    const char *root = getenv("MK_SOURCE_DIR");
    if (root == NULL) test_skip("MK_SOURCE_DIR says where docs/ is; run it by ctest");
    char line[4096];
    (void)snprintf(line, sizeof line, "%s/docs/WIRE.md", root);
    FILE *page = fopen(line, "r");
    CHECK(page != NULL);
    bool is_seen[TYPES] = {false};
    while (fgets(line, sizeof line, page) != NULL) {
        if (strcmp(line, "```wire\n") != 0 || fgets(line, sizeof line, page) == NULL)
            continue;
        const char *at = strstr(line, "type=");
        CHECK(at != NULL);
        msg_type_t type = (msg_type_t)strtoul(at + 5, NULL, 0);
        uint8_t bytes[FRAME_MAX];
        size_t size = read_block(page, bytes);
        for (size_t i = 0; i < TYPES; i++) {
            if (types[i] != type) continue;
            CHECK(size >= HEADER_SIZE);
            check_example(type, bytes + HEADER_SIZE, size - HEADER_SIZE);
            is_seen[i] = true;
        }
    }
    (void)fclose(page);
    for (size_t i = 0; i < TYPES; i++)
        CHECK(is_seen[i]);
}

TEST_TABLE(wire_names,
           TEST_ROW(each_example_about_names_and_monitors_is_read_and_written_again))
