/* SPDX-License-Identifier: Apache-2.0 */
/* error.h - the result codes of the library.
 *
 * A function that returns `int` gives a value >= 0 on success (MK_OK, or a count where
 * it says so) and one of these negative codes on failure. The numbers are part of the
 * interface: they travel in messages and files, so a row keeps its number for ever and
 * new rows go to the end. */
#ifndef MICROKERNEL_ERROR_H
#define MICROKERNEL_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* The one list: ROW(name, number, text). The enum below, mk_error_name() and
 * mk_error_text() are all made from it. */
/* clang-format off */
#define MK_ERROR_LIST(ROW)                                                               \
    ROW(MK_ENOMEM,      -1, "out of memory")                                             \
    ROW(MK_EINVAL,      -2, "invalid argument")                                          \
    ROW(MK_ENOENT,      -3, "not found")                                                 \
    ROW(MK_EEXIST,      -4, "already exists")                                            \
    ROW(MK_EFULL,       -5, "full")                                                      \
    ROW(MK_ETIMEOUT,    -6, "timed out")                                                 \
    ROW(MK_EREFUSED,    -7, "refused")                                                   \
    ROW(MK_EIO,         -8, "input/output failed")                                       \
    ROW(MK_EAGAIN,      -9, "try again later")                                           \
    ROW(MK_ETOOBIG,    -10, "too big")                                                   \
    ROW(MK_ENOTSUP,    -11, "not supported here")                                        \
    ROW(MK_EPERM,      -12, "not permitted")                                             \
    ROW(MK_EOVERFLOW,  -13, "out of range")                                              \
    ROW(MK_EBADMSG,    -14, "malformed data")                                            \
    ROW(MK_ESTOPPED,   -15, "stopped")                                                   \
    ROW(MK_EBUSY,      -16, "busy")                                                      \
    ROW(MK_ECANCELED,  -17, "cancelled")                                                 \
    ROW(MK_ECLOSED,    -18, "closed by the other side")                                  \
    ROW(MK_EEND,       -19, "end of data")                                               \
    ROW(MK_EUNREACH,   -20, "cannot be reached")                                         \
    ROW(MK_EDEAD,      -21, "no such actor any more")                                    \
    ROW(MK_ELIMIT,     -22, "limit reached")                                             \
    ROW(MK_ESTATE,     -23, "not possible in this state")                                \
    ROW(MK_EINTERNAL,  -24, "internal error")
/* clang-format on */

#define MK_ERROR_ENUM_ROW(name, number, text) name = (number),
enum mk_error {
    MK_ERROR_LIST(MK_ERROR_ENUM_ROW) /* each < 0 */
    MK_OK = 0                        /* success */
};
#undef MK_ERROR_ENUM_ROW

/* The name of a code as it is written in C, "MK_ENOMEM"; "MK_OK" for every value >= 0;
 * "MK_E?" for a negative value that is no code. Never NULL; static storage. */
const char *mk_error_name(int code);

/* A few plain words for a code, lower case and without a full stop, to stand behind the
 * thing that failed: "load: out of memory". "ok" for every value >= 0, "unknown error"
 * for a negative value that is no code. Never NULL; static storage. */
const char *mk_error_text(int code);

#ifdef __cplusplus
}
#endif

#endif
