/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.h - the bytes a person types and sees.
 *
 * A terminal is an input and an output handle of the platform, mostly the program's
 * standard ones; either may as well be a pipe or a plain file. Nothing here blocks.
 * Everything is used by the one thread that opened it. */
#ifndef MK_PORT_TERMINAL_H
#define MK_PORT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Handles that every platform with a terminal knows. */
enum { PORT_STDIN = 0, PORT_STDOUT = 1 };

typedef struct port_terminal port_terminal_t;

typedef struct {
    unsigned columns; /* > 0 */
    unsigned rows;    /* > 0 */
} port_terminal_size_t;

/* Use `input` and `output` (borrowed: they stay open). One terminal may be open at a
 * time. MK_OK and the owned terminal in `*out`; MK_EBUSY when one is open already,
 * MK_EINVAL when a handle is not open, MK_ENOTSUP where there is no terminal,
 * MK_ENOMEM, MK_EIO. */
int port_terminal_open(port_terminal_t **out, int input, int output);

/* Put everything back as it was found; takes `terminal`, NULL is allowed. */
void port_terminal_close(port_terminal_t *terminal);

/* True when a person may be there, not a pipe or a file. */
bool port_terminal_input_is_tty(const port_terminal_t *terminal);
bool port_terminal_output_is_tty(const port_terminal_t *terminal);

/* For the poller: wait for PORT_POLL_IN, for PORT_POLL_OUT. They may differ from the
 * handles given to port_terminal_open and are valid until the terminal is closed. Where
 * port_poller_add answers MK_EPERM (a plain file) the handle is always ready. */
int port_terminal_input(const port_terminal_t *terminal);
int port_terminal_output(const port_terminal_t *terminal);

/* A handle that is ready (PORT_POLL_IN) when the size may have changed, until
 * port_terminal_take_resize is called; MK_ENOTSUP where nobody tells. */
int port_terminal_resizes(const port_terminal_t *terminal);

/* True when the size may have changed since the last call. */
bool port_terminal_take_resize(port_terminal_t *terminal);

/* Raw: every byte arrives at once, unchanged and without echo, Ctrl-C as byte 3. Output
 * is not touched ('\n' still begins a line). Not raw: as it was found. The platform
 * puts the terminal back also when the program exits or is ended by a signal. MK_OK,
 * MK_ENOTSUP when the input is no terminal, MK_EIO. */
int port_terminal_set_raw(port_terminal_t *terminal, bool raw);

/* Stop the program as Ctrl-Z does when the terminal is not raw: its job is suspended,
 * the terminal as it was found; returns when it goes on, raw again and with its size
 * reported as changed. Where nobody could make it go on it is not stopped. MK_OK, or
 * MK_ENOTSUP: not raw, there are no jobs, or the program handles the signal itself. */
int port_terminal_suspend(port_terminal_t *terminal);

/* MK_OK, or MK_ENOTSUP when nobody knows. */
int port_terminal_size(const port_terminal_t *terminal, port_terminal_size_t *out);

/* Take what has been typed: the number of bytes written to `bytes`, 1..cap; MK_EAGAIN
 * when there is nothing now, MK_EEND when nothing will ever come, MK_EINVAL for cap 0,
 * MK_EIO. */
int port_terminal_read(port_terminal_t *terminal, void *bytes, size_t cap);

/* Show bytes: how many of them were taken, 1..size (0 only for size 0); MK_EAGAIN when
 * there is no room now, MK_ECLOSED when nobody reads any more, MK_EFULL (file), MK_EIO.
 */
int port_terminal_write(port_terminal_t *terminal, const void *bytes, size_t size);

#endif
