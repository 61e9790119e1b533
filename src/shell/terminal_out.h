/* SPDX-License-Identifier: Apache-2.0 */
/* terminal_out.h - output that never waits for a slow terminal.
 *
 * What the terminal does not take at once is kept, in order, up to a bound; beyond that
 * it is dropped, counted, and said when there is room again. The owner, an actor, waits
 * for the terminal to become ready and calls terminal_out_drain(). */
#ifndef MK_SHELL_TERMINAL_OUT_H
#define MK_SHELL_TERMINAL_OUT_H

#include "base/buffer.h"
#include "microkernel/shell.h"
#include "port/terminal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Bytes taken beyond MK_SHELL_OUTPUT_BYTES: whatever one command says that cannot
     * pause, and what the editor draws. */
    TERMINAL_OUT_SLACK = 16384
};

typedef struct {
    port_terminal_t *terminal; /* borrowed; NULL: everything vanishes */
    buffer_t waiting;          /* not taken yet */
    uint64_t lost;             /* bytes dropped since that was said last */
    int problem;               /* why nothing can be written any more, or MK_OK */
} terminal_out_t;

void terminal_out_init(terminal_out_t *out, port_terminal_t *terminal);
void terminal_out_deinit(terminal_out_t *out);

/* Write or keep. True: at most MK_SHELL_OUTPUT_BYTES wait. */
bool terminal_out_write(terminal_out_t *out, const char *bytes, size_t size);

/* Write what waits, as far as the terminal takes it now. */
void terminal_out_drain(terminal_out_t *out);

/* True when something waits, and terminal_out_drain() has to be called once the
 * terminal is ready for output. */
bool terminal_out_is_waiting(const terminal_out_t *out);

/* True when so little waits that a paused listing should go on. */
bool terminal_out_has_room(const terminal_out_t *out);

#endif
