/* SPDX-License-Identifier: Apache-2.0 */
/* errors.c - errno to codes of the library. */
#include "linux_impl.h"

#include "microkernel/error.h"

#include <errno.h>
#include <stddef.h>

static const struct {
    int errno_value;
    int code;
} table[] = {
    {ENOMEM, MK_ENOMEM},  {EMFILE, MK_ENOMEM},  {ENFILE, MK_ENOMEM},
    {EINVAL, MK_EINVAL},  {EBADF, MK_EINVAL},   {ENAMETOOLONG, MK_EINVAL},
    {ELOOP, MK_EINVAL},   {ENOENT, MK_ENOENT},  {ENOTDIR, MK_ENOENT},
    {EEXIST, MK_EEXIST},  {ENOSPC, MK_EFULL},   {EDQUOT, MK_EFULL},
    {EFBIG, MK_EFULL},    {EACCES, MK_EPERM},   {EPERM, MK_EPERM},
    {EROFS, MK_EPERM},    {EISDIR, MK_EPERM},   {EAGAIN, MK_EAGAIN},
    {EPIPE, MK_ECLOSED},  {EBUSY, MK_EBUSY},    {ENOTSUP, MK_ENOTSUP},
    {ENOSYS, MK_ENOTSUP}, {ENOTTY, MK_ENOTSUP},
};

int linux__error_of(int errno_value) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].errno_value == errno_value) return table[i].code;
    return MK_EIO;
}
