/* SPDX-License-Identifier: Apache-2.0 */
/* module_folder.c - share/microkernel/wasm beside the folder that this program is in:
 * so it is in the build and where it is installed, wherever that is moved to. */
#include "module_folder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char below[] = "share/microkernel/wasm";

char *module_folder_find(void) {
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0) return NULL;
    path[size] = '\0';
    for (int up = 0; up < 2; up++) { /* out of bin/ */
        char *slash = strrchr(path, '/');
        if (slash == NULL) return NULL;
        *slash = '\0';
    }
    size_t length = strlen(path);
    char *folder = malloc(length + 1 + sizeof below);
    if (folder == NULL) return NULL;
    memcpy(folder, path, length);
    folder[length] = '/';
    memcpy(folder + length + 1, below, sizeof below);
    return folder;
}
