/* SPDX-License-Identifier: Apache-2.0 */
/* sim_terminal.h - controls of the simulated terminal (handles PORT_STDIN,
 * PORT_STDOUT).
 *
 * The person at the terminal is the test. It is a tty of 80 columns and 24 rows at
 * first, with endless room for output. */
#ifndef MK_PLATFORM_SIM_TERMINAL_H
#define MK_PLATFORM_SIM_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Type bytes. MK_OK or MK_ENOMEM (then none of them). */
int sim_terminal_type(const void *bytes, size_t size);

/* As sim_terminal_type for a text. */
int sim_terminal_type_text(const char *text);

/* End the input: after what was typed, reads answer MK_EEND. */
void sim_terminal_end_input(void);

/* Make the input and the output a tty, or pipes. */
void sim_terminal_set_tty(bool input, bool output);

/* Change the size and tell the program; 0 columns: nobody knows the size. */
void sim_terminal_resize(unsigned columns, unsigned rows);

/* Bytes of output accepted from now on before MK_EAGAIN; SIZE_MAX: no end. */
void sim_terminal_set_room(size_t room_bytes);

/* Nobody reads the output any more: writes answer MK_ECLOSED. */
void sim_terminal_close_output(void);

/* What was shown since the last sim_terminal_clear, with a NUL after it; borrowed until
 * the next write, clear or reset. Never NULL. */
const char *sim_terminal_shown(size_t *size_out);

/* Forget what was shown. */
void sim_terminal_clear(void);

/* True while the program has the terminal in raw mode. */
bool sim_terminal_is_raw(void);

/* How often the program asked to be suspended; it goes on at once. */
unsigned sim_terminal_suspensions(void);

#endif
