/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_registry.c - any bytes as what a node says about names, monitors and links: what
 * is taken is a good name or text, and is written again as it came; and any names in
 * the tree of a node: a walk is in order, complete, and agrees with lookups. The first
 * byte chooses the type. */
#include "base/text.h"
#include "ipc/bond_message.h"
#include "ipc/peer_tree.h"
#include "ipc/registry_message.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"

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

static const msg_type_t types[] = {
    MSG_NAME_REGISTER, MSG_NAME_UNREGISTER, MSG_PATH_REGISTER,  MSG_PATH_UNREGISTER,
    MSG_NAME_CONFLICT, MSG_NODE_MONITOR,    MSG_NODE_DEMONITOR, MSG_NODE_EXITED,
    MSG_NODE_LINK,     MSG_NODE_UNLINK};
enum { TYPES = sizeof types / sizeof types[0], IS_TREE = 10 };

static void check_registry(msg_type_t type, const uint8_t *bytes, size_t size) {
    registry_message_t message;
    if (registry_message_decode(type, bytes, size, &message) < 0) return;
    REQUIRE(message.name[message.size] == '\0');
    REQUIRE(text_check_name(text_make(message.name, message.size), MK_PATH_MAX - 1,
                            NULL) == MK_OK);
    uint8_t again[REGISTRY_MESSAGE_MAX];
    size_t again_size = registry_message_encode(&message, again);
    REQUIRE(again_size == size);
    /* Flags that mean nothing are not kept. */
    bool has_flags = type == MSG_NAME_REGISTER || type == MSG_PATH_REGISTER;
    REQUIRE(memcmp(again + has_flags, bytes + has_flags, size - has_flags) == 0);
}

static void check_bond(msg_type_t type, const uint8_t *bytes, size_t size) {
    bond_message_t message;
    if (bond_message_decode(type, bytes, size, &message) < 0) return;
    uint8_t again[BOND_MESSAGE_MAX];
    size_t again_size = bond_message_encode(&message, again);
    REQUIRE(again_size <= size && memcmp(again, bytes, again_size) == 0);
    REQUIRE(again_size == size || strlen(message.text) >= MK_EXIT_TEXT_MAX - 4);
}

/* Lines are names of the node "b". */
static void check_tree(const uint8_t *bytes, size_t size) {
    peer_tree_t tree;
    peer_tree_init(&tree, "b");
    text_t rest = text_make((const char *)bytes, size);
    text_t name;
    uint32_t number = 0;
    while (text_next_word(&rest, "\n", &name)) {
        size_t most = name.bytes[0] == '/' ? MK_PATH_MAX - 1 : MK_NAME_MAX - 1;
        if (text_check_name(name, most, NULL) < 0) continue;
        if (peer_tree_find(&tree, name.bytes, name.size) != NULL) continue;
        REQUIRE(peer_tree_add(&tree, name.bytes, name.size,
                              actor_id_make(2, ++number)) != NULL);
    }
    char path[MK_PATH_MAX] = "";
    char last[MK_PATH_MAX] = "";
    const peer_name_t *found;
    for (uint32_t walked = 0;; walked++) {
        found = peer_tree_next(&tree, last, walked > 0, path);
        if (found == NULL) break;
        REQUIRE(walked < number && strcmp(path, last) > 0);
        const char *inside = peer_tree_inside("b", path);
        REQUIRE(inside != NULL && peer_tree_resolve(&tree, inside) == found);
        memcpy(last, path, sizeof last);
    }
    peer_name_t *at;
    while ((at = peer_tree_from(&tree, "", 0)) != NULL)
        peer_tree_remove(&tree, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size == 0) return 0;
    unsigned choice = bytes[0] % (TYPES + 1);
    /* A block of its own, so that a read behind the end is seen. */
    uint8_t *copy = malloc(size);
    REQUIRE(copy != NULL);
    memcpy(copy, bytes + 1, size - 1);
    if (choice == IS_TREE) {
        check_tree(copy, size - 1);
    } else {
        uint8_t *exact = malloc(size - 1);
        if (size > 1) memcpy(exact, copy, size - 1);
        check_registry(types[choice], exact, size - 1);
        check_bond(types[choice], exact, size - 1);
        free(exact);
    }
    free(copy);
    return 0;
}
