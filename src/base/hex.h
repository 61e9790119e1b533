/* SPDX-License-Identifier: Apache-2.0 */
/* hex.h - bytes as pairs of hexadecimal digits, both ways. */
#ifndef MK_BASE_HEX_H
#define MK_BASE_HEX_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

/* Write 2 * `size` lower-case digits and a NUL to `text`. The number of digits, or
 * MK_ETOOBIG when `cap` (bytes at `text`) is too small; then `text` is untouched. */
int hex_encode(const void *bytes, size_t size, char *text, size_t cap);

/* Read pairs of digits, upper or lower case, to `bytes` (at most `cap`). The number of
 * bytes, or
 *   MK_EINVAL   a character is no digit; `*bad_at` is its offset
 *   MK_EBADMSG  the digits are good but their number is odd; `*bad_at` is text.size
 *   MK_ETOOBIG  they need more than `cap` bytes; `*bad_at` is the first pair too many
 * looked for in that order. After an error `bytes` is untouched. `bad_at` may be NULL.
 */
int hex_decode(text_t text, uint8_t *bytes, size_t cap, size_t *bad_at);

#endif
