/* SPDX-License-Identifier: Apache-2.0 */
/* deflate.h - raw DEFLATE (RFC 1951), one direction each, piece by piece.
 *
 * Nothing waits, nothing is read or written but memory. An engine belongs to one thread
 * at a time. */
#ifndef MK_PORT_DEFLATE_H
#define MK_PORT_DEFLATE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct port_deflate port_deflate_t;

/* False: this build has none, and port_deflate_open answers MK_ENOTSUP. */
bool port_deflate_is_available(void);

/* An engine that compresses, or one that expands, with a window of 2^window_bits bytes
 * (9 to 15). MK_OK and the owned engine; MK_EINVAL, MK_ENOTSUP, MK_ENOMEM. */
int port_deflate_open(port_deflate_t **out, bool expands, unsigned window_bits);

/* Takes it; NULL is allowed. */
void port_deflate_close(port_deflate_t *engine);

/* Forget the window and whatever is unfinished: as just opened. */
void port_deflate_reset(port_deflate_t *engine);

/* Compress all the bytes and add what comes of them to `out`, up to a byte's end:
 * behind it stands an empty stored block (00 00 FF FF). Nothing comes of nothing.
 * MK_OK; MK_EFULL (the ceiling of `out`) or MK_ENOMEM: reset the engine, `out` has a
 * part. */
int port_deflate_compress(port_deflate_t *engine, const void *bytes, size_t size,
                          buffer_t *out);

/* Expand all the bytes and add what they are to `out`. What follows a last block is
 * taken as more of them, with the same window. MK_OK; MK_EBADMSG: it is no DEFLATE;
 * MK_EFULL: more than the ceiling of `out`; MK_ENOMEM. After an error: reset. */
int port_deflate_expand(port_deflate_t *engine, const void *bytes, size_t size,
                        buffer_t *out);

/* Bytes that such an engine holds, about. */
size_t port_deflate_memory(const port_deflate_t *engine);

#endif
