/* SPDX-License-Identifier: Apache-2.0 */
/* arguments.c - the arguments, gathered in one block of texts. */
#include "arguments.h"

#include "../virt_impl.h"
#include "microkernel/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void refuse(void) {
    fputs("the command line is too long for this program\n", stderr);
    exit(2);
}

int arguments_read(const char *name, char *argv[ARGUMENTS_MAX + 1]) {
    static char bytes[ARGUMENTS_BYTES_MAX];
    size_t used = strlen(name) + 1;
    int count = 0;
    if (used > sizeof bytes) refuse();
    memcpy(bytes, name, used);
    argv[count++] = bytes;
    for (size_t index = 0; used < sizeof bytes; index++) {
        int size = virt__option_argument(index, bytes + used, sizeof bytes - used);
        if (size == MK_ENOENT) {
            argv[count] = NULL;
            return count;
        }
        if (size < 0 || count == ARGUMENTS_MAX) refuse();
        argv[count++] = bytes + used;
        used += (size_t)size + 1;
    }
    refuse();
}
