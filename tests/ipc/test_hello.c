/* SPDX-License-Identifier: Apache-2.0 */
/* What a hello says, cut and bent at every byte, and every reason to refuse one. */
#include "ipc/hello.h"
#include "microkernel/error.h"
#include "microkernel/mount.h"
#include "support/test.h"

#include <string.h>

static hello_t hello_of(node_id_t node, const char *name) {
    hello_t hello = {.node = node,
                     .version = HELLO_VERSION,
                     .features = 0x01020304,
                     .heartbeat_ms = 5000,
                     .credit = 65536,
                     .boot = 0x1112131415161718u + node};
    strncpy(hello.identity, name, sizeof hello.identity - 1);
    memset(hello.nonce, (int)node, sizeof hello.nonce);
    return hello;
}

TEST(hello_begins_with_the_forty_bytes_of_old) {
    uint8_t bytes[HELLO_SIZE];
    mount_hello_t old;
    hello_t hello = hello_of(0x0A0B0C0D, "pump");
    hello_write(&hello, bytes);
    CHECK_EQ(sizeof old, 40);
    CHECK_MEM(bytes, "MK01\x0a\x0b\x0c\x0dpump\0\0", 14);
    memcpy(&old, bytes, sizeof old);
    CHECK_STR(old.identity, "pump");
    CHECK_MEM(bytes + 40, "\0\0\0\1\1\2\3\4\0\0\x13\x88\0\1\0\0", 16);
    CHECK_MEM(bytes + 56, hello.nonce, HELLO_NONCE_SIZE);
    CHECK_MEM(bytes + 72, hello.echo, HELLO_NONCE_SIZE);
    CHECK_MEM(bytes + 88, "\x11\x12\x13\x14\x1f\x21\x23\x25", 8);
}

TEST(hello_is_read_as_it_was_written) {
    uint8_t bytes[HELLO_SIZE + 20] = {0};
    hello_t hello = hello_of(7, "pump"), got;
    memset(hello.echo, 0xEE, sizeof hello.echo);
    hello_write(&hello, bytes);
    CHECK_EQ(hello_read(bytes, HELLO_SIZE, &got), HELLO_OK);
    CHECK_MEM(&got, &hello, sizeof got);
    CHECK_EQ(hello_read(bytes, sizeof bytes, &got), HELLO_OK); /* of a later version */
    CHECK_MEM(&got, &hello, sizeof got);
}

TEST(hello_cut_at_every_byte_is_truncated) {
    uint8_t bytes[HELLO_SIZE];
    hello_t hello = hello_of(7, "pump"), got;
    hello_write(&hello, bytes);
    for (size_t size = 0; size < HELLO_SIZE; size++)
        CHECK_EQ(hello_read(bytes, size, &got), HELLO_TRUNCATED);
    CHECK_EQ(hello_read(NULL, 0, &got), HELLO_TRUNCATED);
}

TEST(hello_bent_at_every_bit_is_refused_or_says_something_else) {
    uint8_t bytes[HELLO_SIZE];
    hello_t hello = hello_of(7, "pump"), got;
    for (size_t bit = 0; bit < 8 * HELLO_SIZE; bit++) {
        hello_write(&hello, bytes);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        hello_code_t code = hello_read(bytes, sizeof bytes, &got);
        size_t at = bit / 8;
        if (at < 4) CHECK_EQ(code, HELLO_NO_HELLO);
        if (at >= 40 && at < 44) CHECK_EQ(code, HELLO_OLD_VERSION);
        bool is_name_bent = at >= 8 && at < 40 && code == HELLO_OK;
        /* What stands behind the NUL of the name means nothing. */
        if (is_name_bent && at > 12) continue;
        if (code != HELLO_OK) continue;
        uint8_t straight[HELLO_SIZE];
        uint8_t read_back[HELLO_SIZE];
        hello_write(&hello, straight);
        hello_write(&got, read_back);
        CHECK(memcmp(read_back, straight, HELLO_SIZE) != 0);
    }
}

TEST(hello_names_and_numbers_must_be_some) {
    uint8_t bytes[HELLO_SIZE];
    hello_t got;
    static const char *const names[] = {"", "a b", "a/b", "..", "a=b", "\x80", "a\nb"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        hello_t hello = hello_of(7, names[i]);
        hello_write(&hello, bytes);
        CHECK_EQ(hello_read(bytes, sizeof bytes, &got), HELLO_BAD_NAME);
        CHECK_STR(got.identity, "");
    }
    hello_t hello = hello_of(7, "pump");
    memset(hello.identity, 'x', sizeof hello.identity); /* no NUL */
    hello_write(&hello, bytes);
    CHECK_EQ(hello_read(bytes, sizeof bytes, &got), HELLO_BAD_NAME);
    hello = hello_of(0, "pump");
    hello_write(&hello, bytes);
    CHECK_EQ(hello_read(bytes, sizeof bytes, &got), HELLO_NO_NUMBER);
    hello = hello_of(7, "pump");
    hello.boot = 0;
    hello_write(&hello, bytes);
    CHECK_EQ(hello_read(bytes, sizeof bytes, &got), HELLO_NO_NUMBER);
}

/* --- judgement --- */

static hello_deeds_t deeds;

static hello_code_t judge(const hello_t *own, const hello_t *other, hello_turn_t turn,
                          hello_view_t view) {
    return hello_judge(own, other, other, turn, &view, &deeds);
}

static void echo(hello_t *from, const hello_t *to) {
    memcpy(from->echo, to->nonce, HELLO_NONCE_SIZE);
}

TEST(hello_a_stranger_is_welcome) {
    hello_t own = hello_of(1, "n1"), other = hello_of(2, "n2");
    CHECK_EQ(judge(&own, &other, HELLO_FIRST, (hello_view_t){0}), HELLO_OK);
    echo(&other, &own);
    CHECK_EQ(judge(&own, &other, HELLO_ANSWER, (hello_view_t){0}), HELLO_OK);
    CHECK_EQ(judge(&own, &other, HELLO_LAST, (hello_view_t){0}), HELLO_OK);
    CHECK(!deeds.ends_up && !deeds.ends_rival);
}

TEST(hello_an_old_one_is_noticed) {
    hello_t own = hello_of(1, "n1"), other = hello_of(2, "n2");
    CHECK_EQ(judge(&own, &own, HELLO_FIRST, (hello_view_t){0}), HELLO_REFLECTED);
    CHECK_EQ(judge(&own, &other, HELLO_ANSWER, (hello_view_t){0}), HELLO_REPLAYED);
    CHECK_EQ(judge(&own, &other, HELLO_LAST, (hello_view_t){0}), HELLO_REPLAYED);
    echo(&other, &own);
    hello_t before = other;
    before.nonce[3] ^= 1;
    hello_view_t view = {0};
    CHECK_EQ(hello_judge(&own, &other, &before, HELLO_LAST, &view, &deeds),
             HELLO_REPLAYED);
    before = other;
    before.node = 3; /* it has another number now */
    CHECK_EQ(hello_judge(&own, &other, &before, HELLO_LAST, &view, &deeds),
             HELLO_REPLAYED);
}

TEST(hello_numbers_and_names_belong_to_one) {
    hello_t own = hello_of(1, "n1"), other = hello_of(1, "n1");
    other.nonce[0] = 9;
    CHECK_EQ(judge(&own, &other, HELLO_FIRST, (hello_view_t){0}), HELLO_OWN_NODE);
    other = hello_of(1, "n2");
    other.nonce[0] = 9;
    CHECK_EQ(judge(&own, &other, HELLO_FIRST, (hello_view_t){0}), HELLO_ID_TAKEN);
    other = hello_of(2, "n1");
    CHECK_EQ(judge(&own, &other, HELLO_FIRST, (hello_view_t){0}), HELLO_NAME_TAKEN);
    other = hello_of(2, "n2");
    CHECK_EQ(judge(&own, &other, HELLO_FIRST, (hello_view_t){.name_owner = 3}),
             HELLO_NAME_TAKEN);
    CHECK_EQ(judge(&own, &other, HELLO_FIRST,
                   (hello_view_t){.is_up = true, .up_identity = "n3"}),
             HELLO_ID_TAKEN);
}

TEST(hello_a_node_that_is_up_stays) {
    hello_t own = hello_of(1, "n1"), other = hello_of(2, "n2");
    echo(&other, &own);
    hello_view_t up = {.is_up = true, .up_boot = other.boot, .up_identity = "n2"};
    up.up_is_ours = true;
    for (hello_turn_t turn = HELLO_FIRST; turn <= HELLO_LAST; turn++)
        CHECK_EQ(judge(&own, &other, turn, up), HELLO_MOUNTED);
    /* It begins another one: it decides whether it knows of the first. */
    up.up_is_ours = false;
    CHECK_EQ(judge(&own, &other, HELLO_FIRST, up), HELLO_OK);
    CHECK(!deeds.ends_up);
    CHECK_EQ(judge(&own, &other, HELLO_LAST, up), HELLO_OK);
    CHECK(deeds.ends_up);
    CHECK_EQ(judge(&own, &other, HELLO_ANSWER, up), HELLO_MOUNTED);
}

TEST(hello_a_node_that_was_started_anew_replaces_itself) {
    hello_t own = hello_of(1, "n1"), other = hello_of(2, "n2");
    echo(&other, &own);
    hello_view_t up = {.is_up = true, .up_is_ours = true, .up_boot = other.boot + 1};
    CHECK_EQ(judge(&own, &other, HELLO_FIRST, up), HELLO_OK);
    CHECK(!deeds.ends_up); /* anybody can say a first hello */
    CHECK_EQ(judge(&own, &other, HELLO_LAST, up), HELLO_OK);
    CHECK(deeds.ends_up);
    CHECK_EQ(judge(&own, &other, HELLO_ANSWER, up), HELLO_OK);
    CHECK(deeds.ends_up);
    up.up_is_trusted = true; /* by a link without a key, in place of one with */
    CHECK_EQ(judge(&own, &other, HELLO_LAST, up), HELLO_MOUNTED);
    up.is_trusted = true;
    CHECK_EQ(judge(&own, &other, HELLO_LAST, up), HELLO_OK);
    up.up_boot = 0; /* not known */
    CHECK_EQ(judge(&own, &other, HELLO_LAST, up), HELLO_MOUNTED);
}

TEST(hello_of_two_links_that_of_the_smaller_number_stays) {
    hello_t one = hello_of(1, "n1"), two = hello_of(2, "n2");
    echo(&two, &one);
    echo(&one, &two);
    hello_view_t rival = {.is_rival = true, .rival_boot = two.boot};
    CHECK_EQ(judge(&one, &two, HELLO_ANSWER, rival), HELLO_OK);
    CHECK(deeds.ends_rival);
    rival.rival_boot = one.boot;
    CHECK_EQ(judge(&two, &one, HELLO_ANSWER, rival), HELLO_OTHER_LINK);
    rival.rival_boot++; /* of an earlier life: no rival */
    CHECK_EQ(judge(&two, &one, HELLO_ANSWER, rival), HELLO_OK);
    CHECK(deeds.ends_rival);
}

TEST(hello_each_refusal_has_its_sentence) {
    const char *seen[HELLO_CODES_END] = {0};
    char texts[HELLO_CODES_END][200];
    hello_t own = hello_of(1, "n1"), other = hello_of(2, "n2");
    other.version = 9;
    for (hello_code_t code = 1; code < HELLO_CODES_END; code++) {
        mk_writer_t writer;
        writer_init(&writer, texts[code], sizeof texts[code]);
        hello_explain(code, &own, &other, &writer);
        CHECK(writer.size > 10 && writer.size < MK_NODE_TEXT_MAX);
        CHECK(hello_error(code) < 0);
        for (hello_code_t before = 1; before < code; before++)
            CHECK(strcmp(texts[code], seen[before]) != 0);
        seen[code] = texts[code];
    }
    CHECK_STR(seen[HELLO_OLD_VERSION], "the versions differ: it speaks 9, this node 1");
    CHECK_EQ(hello_error(0), MK_ECLOSED);
    CHECK_EQ(hello_error(12345), MK_ECLOSED);
    mk_writer_t writer;
    writer_init(&writer, texts[0], sizeof texts[0]);
    other = hello_of(1, "n2");
    hello_explain(HELLO_ID_TAKEN, &own, &other, &writer);
    CHECK_STR(texts[0], "the number of the node is taken; MK_NODE_ID gives it another "
                        "one: 'n2' says 1, which is n1");
}

TEST_TABLE(hello, TEST_ROW(hello_begins_with_the_forty_bytes_of_old),
           TEST_ROW(hello_is_read_as_it_was_written),
           TEST_ROW(hello_cut_at_every_byte_is_truncated),
           TEST_ROW(hello_bent_at_every_bit_is_refused_or_says_something_else),
           TEST_ROW(hello_names_and_numbers_must_be_some),
           TEST_ROW(hello_a_stranger_is_welcome), TEST_ROW(hello_an_old_one_is_noticed),
           TEST_ROW(hello_numbers_and_names_belong_to_one),
           TEST_ROW(hello_a_node_that_is_up_stays),
           TEST_ROW(hello_a_node_that_was_started_anew_replaces_itself),
           TEST_ROW(hello_of_two_links_that_of_the_smaller_number_stays),
           TEST_ROW(hello_each_refusal_has_its_sentence))
