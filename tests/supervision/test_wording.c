/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/limits.h"
#include "supervision/wording.h"

#include <string.h>

TEST(a_copy_is_cut_between_characters) {
    char out[6];
    wording_copy(out, sizeof out, "abc");
    CHECK_STR(out, "abc");
    wording_copy(out, sizeof out, "abcdefgh");
    CHECK_STR(out, "abcde");
    wording_copy(out, sizeof out, "abcd\xC3\xA9"); /* the last takes two bytes */
    CHECK_STR(out, "abcd");
    wording_copy(out, sizeof out, NULL);
    CHECK_STR(out, "");
}

TEST(the_intensity_is_named_with_its_window) {
    char out[MK_EXIT_TEXT_MAX];
    wording_intensity(out, sizeof out, 3, 5000);
    CHECK_STR(out, "restart intensity exceeded: 3 in 5000 ms");
    wording_intensity(out, sizeof out, 3, 0);
    CHECK_STR(out, "restart intensity exceeded: 3");
    wording_intensity(out, sizeof out, UINT32_MAX, UINT64_MAX);
    CHECK_STR(out, "restart intensity exceeded: 4294967295 in 18446744073709551615 ms");
}

TEST(a_failed_start_names_the_child_and_the_cause) {
    char out[MK_EXIT_TEXT_MAX];
    wording_failed_start(out, sizeof out, 2, "worker", "its factory returned NULL");
    CHECK_STR(out, "child 2 (worker) did not start: its factory returned NULL");
    wording_failed_start(out, sizeof out, 0, NULL, "no actor can be spawned");
    CHECK_STR(out, "child 0 did not start: no actor can be spawned");
    char name[300];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    wording_failed_start(out, sizeof out, 1, name, "its factory returned NULL");
    CHECK(strstr(out, "did not start: its factory returned NULL") != NULL);
}

TEST_TABLE(wording, TEST_ROW(a_copy_is_cut_between_characters),
           TEST_ROW(the_intensity_is_named_with_its_window),
           TEST_ROW(a_failed_start_names_the_child_and_the_cause))
