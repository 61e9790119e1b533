/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

typedef struct {
    const char *name; /* as in the list */
    int number;       /* as in the list */
    const char *text; /* as in the list */
} row_t;

#define AS_ROW(name, number, text) {#name, number, text},
static const row_t rows[] = {MK_ERROR_LIST(AS_ROW)};
enum { ROWS_LEN = sizeof rows / sizeof rows[0] };

TEST(error_numbers_are_fixed) {
    CHECK_EQ(MK_OK, 0);
    CHECK_EQ(MK_ENOMEM, -1);
    CHECK_EQ(MK_ETIMEOUT, -6);
    CHECK_EQ(MK_ESTOPPED, -15);
}

TEST(error_numbers_run_down_without_a_gap) {
    for (int i = 0; i < ROWS_LEN; i++)
        CHECK_EQ(rows[i].number, -1 - i);
}

TEST(error_names_and_texts_come_from_the_list) {
    for (int i = 0; i < ROWS_LEN; i++) {
        CHECK_STR(mk_error_name(rows[i].number), rows[i].name);
        CHECK_STR(mk_error_text(rows[i].number), rows[i].text);
    }
    CHECK_STR(mk_error_name(MK_ENOMEM), "MK_ENOMEM");
    CHECK_STR(mk_error_text(MK_EREFUSED), "refused");
}

TEST(error_texts_tell_the_codes_apart) {
    for (int i = 0; i < ROWS_LEN; i++)
        for (int j = 0; j < i; j++)
            CHECK(strcmp(rows[i].text, rows[j].text) != 0);
}

TEST(error_counts_are_success) {
    CHECK_STR(mk_error_name(0), "MK_OK");
    CHECK_STR(mk_error_name(17), "MK_OK");
    CHECK_STR(mk_error_text(17), "ok");
}

TEST(error_unknown_codes_have_a_name) {
    CHECK_STR(mk_error_name(-1 - ROWS_LEN), "MK_E?");
    CHECK_STR(mk_error_text(-12345), "unknown error");
}

TEST_TABLE(error, TEST_ROW(error_numbers_are_fixed),
           TEST_ROW(error_numbers_run_down_without_a_gap),
           TEST_ROW(error_names_and_texts_come_from_the_list),
           TEST_ROW(error_texts_tell_the_codes_apart),
           TEST_ROW(error_counts_are_success),
           TEST_ROW(error_unknown_codes_have_a_name))
