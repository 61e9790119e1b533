/* SPDX-License-Identifier: Apache-2.0 */
/* modules.c - share/microkernel/wasm beside the folder that this program is in: so it
 * is in the build and where it is installed, wherever that is moved to. */
#include "modules.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char below[] = "share/microkernel/wasm";

/* Cut the last part off; false: there is none. */
static bool leave_folder(char *path) {
    char *slash = strrchr(path, '/');
    if (slash == NULL) return false;
    *slash = '\0';
    return true;
}

char *modules_find(void) {
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0) return NULL;
    path[size] = '\0';
    if (!leave_folder(path) || !leave_folder(path)) return NULL;
    size_t length = strlen(path);
    char *folder = malloc(length + 1 + sizeof below);
    if (folder == NULL) return NULL;
    memcpy(folder, path, length);
    folder[length] = '/';
    memcpy(folder + length + 1, below, sizeof below);
    return folder;
}
