/* SPDX-License-Identifier: Apache-2.0 */
/* terminal_out.c - see terminal_out.h.
 *
 * The terminal is tried first, so on a healthy one nothing is ever copied. Rejected: an
 * unbounded queue (a terminal held with Ctrl-S under a chatty log would eat the node's
 * memory) and waiting (it would hold up every actor).
 *
 * Invariant: while bytes wait, new ones go behind them. */
#include "shell/terminal_out.h"

#include "base/writer.h"
#include "microkernel/error.h"

void terminal_out_init(terminal_out_t *out, port_terminal_t *terminal) {
    *out = (terminal_out_t){.terminal = terminal};
    buffer_init(&out->waiting, MK_SHELL_OUTPUT_BYTES + TERMINAL_OUT_SLACK);
}

void terminal_out_deinit(terminal_out_t *out) {
    buffer_deinit(&out->waiting);
}

/* The number of bytes taken; fewer than `size` when there is no room now. */
static size_t write_now(terminal_out_t *out, const void *bytes, size_t size) {
    size_t done = 0;
    while (done < size && out->problem == MK_OK) {
        int taken =
            port_terminal_write(out->terminal, (const char *)bytes + done, size - done);
        if (taken == MK_EAGAIN) break;
        if (taken < 0)
            out->problem = taken;
        else
            done += (size_t)taken;
    }
    return out->problem == MK_OK ? done : size; /* nobody will ever read it */
}

bool terminal_out_write(terminal_out_t *out, const char *bytes, size_t size) {
    if (out->terminal == NULL || out->problem != MK_OK) return true;
    if (terminal_out_is_waiting(out)) terminal_out_drain(out);
    size_t taken = 0;
    if (!terminal_out_is_waiting(out)) taken = write_now(out, bytes, size);
    if (taken < size && buffer_append(&out->waiting, bytes + taken, size - taken) < 0)
        out->lost += size - taken;
    return buffer_size(&out->waiting) <= MK_SHELL_OUTPUT_BYTES;
}

/* Everything waited for was written: say what was lost before it goes on. */
static void tell_lost(terminal_out_t *out) {
    char text[64];
    mk_writer_t w;
    writer_init(&w, text, sizeof text);
    writer_format(&w, "\n[%llu bytes of output lost]\n", (unsigned long long)out->lost);
    out->lost = 0;
    size_t taken = write_now(out, text, w.size);
    if (taken < w.size)
        (void)buffer_append(&out->waiting, text + taken, w.size - taken);
}

void terminal_out_drain(terminal_out_t *out) {
    size_t size = buffer_size(&out->waiting);
    if (size > 0) {
        buffer_consume(&out->waiting,
                       write_now(out, buffer_bytes(&out->waiting), size));
    }
    if (buffer_size(&out->waiting) > 0) return;
    buffer_trim(&out->waiting);
    if (out->lost > 0) tell_lost(out);
}

bool terminal_out_is_waiting(const terminal_out_t *out) {
    return buffer_size(&out->waiting) > 0 || out->lost > 0;
}

bool terminal_out_has_room(const terminal_out_t *out) {
    return buffer_size(&out->waiting) <= MK_SHELL_OUTPUT_BYTES / 2;
}
