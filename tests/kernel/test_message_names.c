/* SPDX-License-Identifier: Apache-2.0 */
/* The register of message numbers, both ways. */
#include "microkernel/message_ids.h"

#include "support/test.h"

#include <string.h>

static const msg_type_t numbers[] = {
#define MK_MESSAGE(name, number, payload, direction, meaning) number,
#include "microkernel/message_ids.def"
#undef MK_MESSAGE
};
enum { COUNT = sizeof numbers / sizeof numbers[0] };

TEST(every_number_has_one_name_and_every_name_leads_back) {
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t other = 0; other < i; other++)
            CHECK(numbers[other] != numbers[i]);
        const char *name = mk_message_name(numbers[i]);
        CHECK(name != NULL);
        CHECK_MEM(name, "MSG_", 4);
        msg_type_t found = 0;
        CHECK(mk_message_number(name, strlen(name), &found));
        CHECK_EQ(found, numbers[i]);
        CHECK(mk_message_number(name + 4, strlen(name) - 4, &found));
        CHECK_EQ(found, numbers[i]);
    }
}

TEST(names_are_found_in_any_case_and_as_a_whole_only) {
    msg_type_t found = 7;
    CHECK(mk_message_number("timer", 5, &found));
    CHECK_EQ(found, MSG_TIMER);
    CHECK(mk_message_number("Msg_Timer and more", 9, &found));
    found = 7;
    CHECK(!mk_message_number("time", 4, &found));
    CHECK(!mk_message_number("timers", 6, &found));
    CHECK(!mk_message_number("", 0, &found));
    CHECK(!mk_message_number("timer\0", 6, &found));
    CHECK(!mk_message_number(NULL, 0, &found));
    CHECK(!mk_message_number(NULL, 5, &found));
    CHECK(!mk_message_number("timer", 5, NULL));
    CHECK_EQ(found, 7);
    CHECK(mk_message_name(0) == NULL);
    CHECK(mk_message_name(UINT32_MAX) == NULL);
}

TEST(what_only_the_runtime_may_make_is_reserved) {
    CHECK(mk_message_is_reserved(MSG_TIMER));
    CHECK(mk_message_is_reserved(MSG_DOWN));
    CHECK(mk_message_is_reserved(MSG_SUPERVISOR_WAKE));
    CHECK(!mk_message_is_reserved(MSG_LOG)); /* programs do send these */
    CHECK(!mk_message_is_reserved(0));
    CHECK(!mk_message_is_reserved(1));
    CHECK(!mk_message_is_reserved(UINT32_MAX));
}

TEST_TABLE(message_names, TEST_ROW(every_number_has_one_name_and_every_name_leads_back),
           TEST_ROW(names_are_found_in_any_case_and_as_a_whole_only),
           TEST_ROW(what_only_the_runtime_may_make_is_reserved))
