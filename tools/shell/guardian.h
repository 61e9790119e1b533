/* SPDX-License-Identifier: Apache-2.0 */
/* guardian.h - the actor that looks after the console of mk-shell.
 *
 * SIGINT becomes Ctrl-C, SIGTERM and SIGHUP an orderly end; the second of them ends the
 * process at once, in case the first one reaches nobody. Signals that were ignored when
 * the program was started stay ignored. When the console has ended, whoever ended it,
 * the guardian waits a moment for crash records to be written and stops the runtime. */
#ifndef MK_TOOLS_SHELL_GUARDIAN_H
#define MK_TOOLS_SHELL_GUARDIAN_H

#include "microkernel/runtime.h"

#include <stdbool.h>

/* Once per process, after shell_console_start: the handlers that the terminal installed
 * are then those that a second signal meets. False, and errno, when it cannot start. */
bool guardian_start(runtime_t *rt, actor_id_t console);

/* The signal that ended the session; 0: none. */
int guardian_signal(void);

#endif
