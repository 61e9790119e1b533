/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/registry_message.h"

#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "support/test.h"

#include <string.h>

static const msg_type_t types[] = {MSG_NAME_REGISTER, MSG_NAME_UNREGISTER,
                                   MSG_PATH_REGISTER, MSG_PATH_UNREGISTER,
                                   MSG_NAME_CONFLICT};

static registry_message_t make(msg_type_t type) {
    bool is_path = type == MSG_PATH_REGISTER || type == MSG_PATH_UNREGISTER;
    registry_message_t message = {.type = type};
    strcpy(message.name, is_path ? "/a/b" : "lamp");
    message.size = strlen(message.name);
    if (type == MSG_NAME_REGISTER || type == MSG_PATH_REGISTER) {
        message.is_own = true;
        message.id = actor_id_make(7, 9);
    }
    if (type == MSG_NAME_CONFLICT) {
        message.conflict = CONFLICT_LIMIT;
        message.id = actor_id_make(3, 1);
    }
    return message;
}

TEST(registry_messages_come_back_as_they_went) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        registry_message_t in = make(types[i]);
        registry_message_t out;
        uint8_t bytes[REGISTRY_MESSAGE_MAX];
        size_t size = registry_message_encode(&in, bytes);
        CHECK_EQ(registry_message_decode(types[i], bytes, size, &out), MK_OK);
        CHECK_EQ(out.type, in.type);
        CHECK_EQ(out.is_own, in.is_own);
        CHECK_EQ(out.conflict, in.conflict);
        CHECK_EQ(out.id, in.id);
        CHECK_EQ(out.size, in.size);
        CHECK_STR(out.name, in.name);
    }
}

TEST(registry_messages_are_in_network_order) {
    registry_message_t in = make(MSG_NAME_REGISTER);
    uint8_t bytes[REGISTRY_MESSAGE_MAX];
    CHECK_EQ(registry_message_encode(&in, bytes), 13);
    CHECK_MEM(bytes, "\x01\0\0\0\x07\0\0\0\x09lamp", 13);
}

TEST(registry_messages_cut_short_or_too_long_are_refused) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        registry_message_t in = make(types[i]);
        registry_message_t out;
        uint8_t bytes[REGISTRY_MESSAGE_MAX + 64];
        size_t size = registry_message_encode(&in, bytes);
        size_t fixed = size - in.size;
        for (size_t cut = 0; cut <= fixed; cut++)
            CHECK_EQ(registry_message_decode(types[i], bytes, cut, &out), MK_EBADMSG);
        memset(bytes + size, 'x', sizeof bytes - size);
        size_t most = in.name[0] == '/' ? 127 : 63;
        CHECK_EQ(registry_message_decode(types[i], bytes, fixed + most, &out), MK_OK);
        CHECK_EQ(registry_message_decode(types[i], bytes, fixed + most + 1, &out),
                 MK_EBADMSG);
    }
    registry_message_t out;
    CHECK_EQ(registry_message_decode(MSG_NAME_UNREGISTER, NULL, 0, &out), MK_EBADMSG);
    CHECK_EQ(registry_message_decode(MSG_NODE_PING, "12345678", 8, &out), MK_ENOENT);
}

TEST(registry_messages_with_no_name_are_refused) {
    static const char *const bad[] = {"/lamp", " lamp", "la\nmp", "\xff", "la\xc3"};
    registry_message_t out;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(
            registry_message_decode(MSG_NAME_UNREGISTER, bad[i], strlen(bad[i]), &out),
            MK_EBADMSG);
    CHECK_EQ(registry_message_decode(MSG_NAME_UNREGISTER, "a\0b", 3, &out), MK_EBADMSG);
    CHECK_EQ(registry_message_decode(MSG_PATH_UNREGISTER, "lamp", 4, &out), MK_EBADMSG);
    CHECK_EQ(registry_message_decode(MSG_PATH_UNREGISTER, "/", 1, &out), MK_OK);
}

TEST_TABLE(registry_message, TEST_ROW(registry_messages_come_back_as_they_went),
           TEST_ROW(registry_messages_are_in_network_order),
           TEST_ROW(registry_messages_cut_short_or_too_long_are_refused),
           TEST_ROW(registry_messages_with_no_name_are_refused))
