/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - assertions about our own code, and compiler facts.
 *
 * MK_ASSERT states what only a mistake in this library could break. Bad bytes, bad
 * arguments and a world that says no are never asserted: they get an error code. In
 * builds with NDEBUG the expression is not evaluated. */
#ifndef MK_BASE_CHECK_H
#define MK_BASE_CHECK_H

#include <assert.h>

#define MK_ASSERT(expression) assert(expression)

/* A line that cannot be reached while the invariants hold. */
#if defined(__GNUC__)
#define MK_UNREACHABLE() (assert(!"unreachable"), __builtin_unreachable())
#define MK_LIKELY(x)     __builtin_expect(!!(x), 1)
#define MK_UNLIKELY(x)   __builtin_expect(!!(x), 0)
#define MK_NOINLINE      __attribute__((noinline))
#define MK_PRINTF(format_at, args_at)                                                  \
    __attribute__((format(printf, format_at, args_at)))
#else
#define MK_UNREACHABLE() assert(!"unreachable")
#define MK_LIKELY(x)     (x)
#define MK_UNLIKELY(x)   (x)
#define MK_NOINLINE
#define MK_PRINTF(format_at, args_at)
#endif

/* The object of type `type` whose member `member` is at `pointer`. */
#define MK_CONTAINER_OF(pointer, type, member)                                         \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
