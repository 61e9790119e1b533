/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - result codes to names and words.
 *
 * Both functions are a switch over the one list in error.h. An array indexed by the
 * negated code would be shorter, but a row with a wrong or missing number would then
 * silently shift the texts; here the compiler refuses a number that occurs twice. */
#include "microkernel/error.h"

const char *mk_error_name(int code) {
    if (code >= 0) return "MK_OK";
    switch (code) {
#define NAME_ROW(name, number, text)                                                   \
    case name: return #name;
        MK_ERROR_LIST(NAME_ROW)
#undef NAME_ROW
    default: return "MK_E?";
    }
}

const char *mk_error_text(int code) {
    if (code >= 0) return "ok";
    switch (code) {
#define TEXT_ROW(name, number, text)                                                   \
    case name: return text;
        MK_ERROR_LIST(TEXT_ROW)
#undef TEXT_ROW
    default: return "unknown error";
    }
}
