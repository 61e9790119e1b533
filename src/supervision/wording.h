/* SPDX-License-Identifier: Apache-2.0 */
/* wording.h - the texts a supervisor leaves behind: why it ended, and names cut to fit.
 */
#ifndef MK_SUPERVISION_WORDING_H
#define MK_SUPERVISION_WORDING_H

#include <stddef.h>
#include <stdint.h>

/* Each writes a NUL-terminated text of at most `cap` - 1 bytes (cap > 0); what is too
 * long is cut at a character boundary. */

/* `text`, or "" for NULL. */
void wording_copy(char *out, size_t cap, const char *text);

/* "restart intensity exceeded: 3 in 5000 ms". Without a window: "...: 3". */
void wording_intensity(char *out, size_t cap, uint32_t limit, uint64_t window_ms);

/* "child 2 (worker) did not start: its factory returned NULL"; `name` may be NULL. */
void wording_failed_start(char *out, size_t cap, size_t index, const char *name,
                          const char *why);

#endif
