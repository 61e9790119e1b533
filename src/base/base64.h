/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h - bytes as base64 (RFC 4648, section 4), both ways. */
#ifndef MK_BASE_BASE64_H
#define MK_BASE_BASE64_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

/* Characters, without a NUL, that `size` bytes become. */
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4)

/* Write BASE64_SIZE(size) characters, padded with '=', and a NUL to `text`. The number
 * of characters, or MK_ETOOBIG when `cap` (bytes at `text`) is too small; then `text`
 * is untouched. */
int base64_encode(const void *bytes, size_t size, char *text, size_t cap);

/* Read a padded text to `bytes` (at most `cap`). Strict: one text for each value, so no
 * blanks, no missing padding, no bits behind the last byte. The number of bytes, or
 *   MK_EINVAL   a character that may not stand there; `*bad_at` is its offset
 *   MK_EBADMSG  the text ends inside a group of four; `*bad_at` is text.size
 *   MK_ETOOBIG  more than `cap` bytes; `*bad_at` is the first group too many
 * looked for in that order. After an error `bytes` is untouched. `bad_at` may be NULL.
 */
int base64_decode(text_t text, uint8_t *bytes, size_t cap, size_t *bad_at);

#endif
