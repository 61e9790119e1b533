/* SPDX-License-Identifier: Apache-2.0 */
/* linux_impl.h - what the files of the Linux platform share. Included first by each of
 * them: it asks the C library for GNU's and Linux's own interfaces, and for 64-bit file
 * sizes on 32-bit machines. */
#ifndef MK_PLATFORM_LINUX_IMPL_H
#define MK_PLATFORM_LINUX_IMPL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* NOLINT(bugprone-reserved-identifier) */
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64 /* NOLINT(bugprone-reserved-identifier) */
#endif

#include <stddef.h>

/* The MK_E... code of an errno value; MK_EIO for those without one of their own. This
 * is where errno ends: nothing above the platform sees it. */
int linux__error_of(int errno_value);

/* A second way to what `fd` is open on (a tty or a pipe) whose reads or writes
 * (`flags`: O_RDONLY or O_WRONLY) do not block, without changing the mode of `fd`,
 * which other programs share. Returns an owned descriptor, or -1 when the system offers
 * none. */
int linux__reopen_nonblocking(int fd, int flags);

/* write(2) or, for a socket, send(2), of which nobody is told by SIGPIPE: the number of
 * bytes, or a code (MK_EAGAIN, MK_ECLOSED, ...). A socket never blocks, everything else
 * as its descriptor is set. */
int linux__write(int fd, const void *bytes, size_t size);

#endif
