/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - a page of docs/ that a test reads line by line. */
#ifndef MK_TESTS_IPC_PAGE_H
#define MK_TESTS_IPC_PAGE_H

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *page;
static char line[512];

/* Open docs/NAME; skips the test where the sources are not at hand. */
static inline void page_open(const char *name) {
    const char *root = getenv("MK_SOURCE_DIR");
    char path[4096];
    if (root == NULL) test_skip("MK_SOURCE_DIR says where docs/ is; run it by ctest");
    (void)snprintf(path, sizeof path, "%s/docs/%s", root, name);
    page = fopen(path, "r");
    CHECK(page != NULL);
}

/* The next line without its end into `line`. False, and closed: there is none. */
static inline bool next_line(void) {
    if (fgets(line, sizeof line, page) == NULL) {
        fclose(page);
        return false;
    }
    line[strcspn(line, "\n")] = '\0';
    return true;
}

#endif
