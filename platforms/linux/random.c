/* SPDX-License-Identifier: Apache-2.0 */
/* random.c - getrandom(2): no descriptor to open, none to run out of. */
#include "linux_impl.h"

#include "microkernel/error.h"
#include "port/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int port_random_fill(void *bytes, size_t size) {
    unsigned char *at = bytes;
    size_t left = size;
    while (left > 0) {
        ssize_t got = getrandom(at, left, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            memset(bytes, 0, size);
            return MK_EIO;
        }
        at += got;
        left -= (size_t)got;
    }
    return MK_OK;
}
