/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/folder.h"

#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEVELS = 12 }; /* what browsers make */

char folder[PATH_SIZE];

void folder_begin(void) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.400s/mk-test-XXXXXX",
             base != NULL && base[0] != '\0' ? base : "/tmp");
    CHECK(mkdtemp(folder) != NULL);
}

static void remove_below(const char *path, int depth) {
    DIR *names = opendir(path);
    const struct dirent *entry;
    while (names != NULL && (entry = readdir(names)) != NULL) {
        char inner[2 * PATH_SIZE];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%.500s/%.300s", path, entry->d_name);
        if (unlink(inner) != 0 && depth > 0) remove_below(inner, depth - 1);
    }
    if (names != NULL) closedir(names);
    rmdir(path);
}

void folder_remove(void) {
    remove_below(folder, LEVELS);
}

void folder_end(void) {
    folder_remove();
    CHECK_EQ(access(folder, F_OK), -1);
}
