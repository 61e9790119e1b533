/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/bond_message.h"

#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "support/test.h"

#include <string.h>

static const bond_message_t messages[] = {
    {.type = MSG_NODE_MONITOR, .ref = 5, .far = 6},
    {.type = MSG_NODE_DEMONITOR, .ref = 5},
    {.type = MSG_NODE_LINK, .near = 1, .far = 2, .ref = 3},
    {.type = MSG_NODE_UNLINK, .near = 1, .far = 2, .ref = 0, .seen = 4},
    {.type = MSG_NODE_EXITED,
     .kind = EXITED_MONITOR,
     .reason = 2,
     .near = 9,
     .ref = 7,
     .text = "why"},
    {.type = MSG_NODE_EXITED, .kind = EXITED_LINK, .reason = 0, .near = 9, .far = 8}};
enum { MESSAGES = sizeof messages / sizeof messages[0] };

TEST(bond_messages_come_back_as_they_went) {
    for (size_t i = 0; i < MESSAGES; i++) {
        const bond_message_t *in = &messages[i];
        bond_message_t out;
        uint8_t bytes[BOND_MESSAGE_MAX];
        size_t size = bond_message_encode(in, bytes);
        CHECK_EQ(bond_message_decode(in->type, bytes, size, &out), MK_OK);
        CHECK_EQ(out.type, in->type);
        CHECK_EQ(out.kind, in->kind);
        CHECK_EQ(out.reason, in->reason);
        CHECK_EQ(out.near, in->near);
        CHECK_EQ(out.far, in->far);
        CHECK_EQ(out.ref, in->ref);
        CHECK_EQ(out.seen, in->seen);
        CHECK_STR(out.text, in->text);
    }
}

TEST(bond_messages_are_in_network_order) {
    uint8_t bytes[BOND_MESSAGE_MAX];
    CHECK_EQ(bond_message_encode(&messages[4], bytes), 13);
    CHECK_MEM(bytes, "\0\x02\0\0\0\x09\0\0\0\x07why", 13);
    CHECK_EQ(bond_message_encode(&messages[3], bytes), 16);
    CHECK_MEM(bytes, "\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\x04", 16);
}

TEST(bond_messages_cut_short_or_too_long_are_refused) {
    for (size_t i = 0; i < MESSAGES; i++) {
        bond_message_t out;
        uint8_t bytes[BOND_MESSAGE_MAX + 4] = {0};
        size_t size = bond_message_encode(&messages[i], bytes);
        size_t fixed = size - strlen(messages[i].text);
        for (size_t cut = 0; cut < fixed; cut++)
            CHECK_EQ(bond_message_decode(messages[i].type, bytes, cut, &out),
                     MK_EBADMSG);
        CHECK_EQ(bond_message_decode(messages[i].type, bytes, size + 1, &out),
                 MK_EBADMSG);
    }
    bond_message_t out;
    CHECK_EQ(bond_message_decode(MSG_NAME_REGISTER, "1234", 4, &out), MK_ENOENT);
    CHECK_EQ(bond_message_decode(MSG_NODE_MONITOR, "\0\0\0\0\0\0\0\1", 8, &out),
             MK_EBADMSG);
    CHECK_EQ(bond_message_decode(MSG_NODE_EXITED, "\2\0\0\0\0\1\0\0\0\1", 10, &out),
             MK_EBADMSG);
}

TEST(the_text_of_an_end_is_cut_between_characters) {
    uint8_t bytes[BOND_MESSAGE_MAX + 1] = {0, 2, 0, 0, 0, 9, 0, 0, 0, 7};
    bond_message_t out;
    memset(bytes + 10, 'x', BOND_TEXT_MAX + 1);
    memcpy(bytes + 10 + MK_EXIT_TEXT_MAX - 2, "\xc3\xa9", 2);
    CHECK_EQ(bond_message_decode(MSG_NODE_EXITED, bytes, 10 + BOND_TEXT_MAX, &out),
             MK_OK);
    CHECK_EQ(strlen(out.text), MK_EXIT_TEXT_MAX - 2);
    CHECK_EQ(bond_message_decode(MSG_NODE_EXITED, bytes, 11 + BOND_TEXT_MAX, &out),
             MK_EBADMSG);
    memset(bytes + 10, 0x80, BOND_TEXT_MAX); /* no characters at all */
    CHECK_EQ(bond_message_decode(MSG_NODE_EXITED, bytes, 10 + BOND_TEXT_MAX, &out),
             MK_OK);
    CHECK_EQ(strlen(out.text), MK_EXIT_TEXT_MAX - 4);
}

TEST_TABLE(bond_message, TEST_ROW(bond_messages_come_back_as_they_went),
           TEST_ROW(bond_messages_are_in_network_order),
           TEST_ROW(bond_messages_cut_short_or_too_long_are_refused),
           TEST_ROW(the_text_of_an_end_is_cut_between_characters))
