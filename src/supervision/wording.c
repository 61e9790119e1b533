/* SPDX-License-Identifier: Apache-2.0 */
/* wording.c - sentences made with the bounded writer. */
#include "supervision/wording.h"

#include "base/writer.h"
#include "microkernel/limits.h"

void wording_copy(char *out, size_t cap, const char *text) {
    mk_writer_t w;
    writer_init(&w, out, cap);
    writer_str(&w, text);
}

void wording_intensity(char *out, size_t cap, uint32_t limit, uint64_t window_ms) {
    mk_writer_t w;
    writer_init(&w, out, cap);
    writer_str(&w, "restart intensity exceeded: ");
    writer_unsigned(&w, limit);
    if (window_ms == 0) return;
    writer_str(&w, " in ");
    writer_unsigned(&w, window_ms);
    writer_str(&w, " ms");
}

void wording_failed_start(char *out, size_t cap, size_t index, const char *name,
                          const char *why) {
    mk_writer_t w;
    writer_init(&w, out, cap);
    writer_str(&w, "child ");
    writer_unsigned(&w, index);
    if (name != NULL) {
        /* A long name must not push the reason out of the text. */
        char shown[MK_EXIT_TEXT_MAX / 3];
        wording_copy(shown, sizeof shown, name);
        writer_str(&w, " (");
        writer_str(&w, shown);
        writer_str(&w, ")");
    }
    writer_str(&w, " did not start: ");
    writer_str(&w, why);
}
