/* SPDX-License-Identifier: Apache-2.0 */
/* main_tests.c - runs the suites of this image; the exit code goes to the host. */
#include "app/arguments.h"
#include "app/tables.h"

int main(void) {
    char *argv[ARGUMENTS_MAX + 1];
    int argc = arguments_read("tests", argv);
    return test_main(image_tables, image_tables_len, argc, argv);
}
