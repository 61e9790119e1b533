/* SPDX-License-Identifier: Apache-2.0 */
/* state_name.h - names and keys as parts of a path, and back.
 *
 * Any name becomes one part of bounded length that is the same on every file system:
 * different names differ also where upper and lower case are one, or where letters
 * beyond ASCII are respelled. Names of ordinary letters stay readable. The rules are in
 * docs/STATE_FORMAT.md. Pure. */
#ifndef MK_STORAGE_STATE_NAME_H
#define MK_STORAGE_STATE_NAME_H

#include "base/text.h"
#include "microkernel/limits.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a part with its NUL: '~' and five bits in each character. */
enum { STATE_NAME_CAP = 1 + ((MK_STATE_NAME_MAX - 1) * 8 + 4) / 5 + 1 };

/* MK_OK; MK_EINVAL: empty, or a byte 0 inside; MK_ETOOBIG: over 127 bytes. */
int state_name_check(text_t name);

/* Write the part for a name that passes state_name_check, with its NUL. Returns its
 * length. */
size_t state_name_encode(text_t name, char part[STATE_NAME_CAP]);

/* The name of a part, with its NUL: its length, or MK_EINVAL when state_name_encode
 * gives this part for no name. */
int state_name_decode(text_t part, char name[MK_STATE_NAME_MAX]);

/* Whether the earlier layout, which took names as they are, can be trusted with this
 * one: 1 to 63 bytes of A-Z a-z 0-9 '_' '-' '.', and no '.' in front. */
bool state_name_is_plain(text_t name);

#endif
