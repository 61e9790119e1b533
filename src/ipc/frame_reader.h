/* SPDX-License-Identifier: Apache-2.0 */
/* frame_reader.h - bytes of a stream, in any pieces, become messages. Pure.
 *
 * A frame that lies whole in the caller's bytes is handed out where it stands. One that
 * is cut is gathered in memory that grows with what has come, never with what is
 * announced. The messages are the same for every way the bytes are cut. */
#ifndef MK_IPC_FRAME_READER_H
#define MK_IPC_FRAME_READER_H

#include "base/buffer.h"
#include "ipc/frame.h"

enum { FRAME_WHY_MAX = 96 }; /* bytes of the words of a refusal, with the NUL */

typedef struct {
    buffer_t held;           /* the front of a frame that is not whole */
    size_t payload_max;      /* bytes; may be changed between two calls */
    bool is_given;           /* what is held is whole and was handed out */
    int16_t fault;           /* MK_OK, or why nothing is read any more */
    char why[FRAME_WHY_MAX]; /* the same in words */
} frame_reader_t;

/* Begin; allocates nothing. Payloads above `payload_max` bytes are refused. */
void frame_reader_init(frame_reader_t *reader, size_t payload_max);

/* Give back the memory. */
void frame_reader_deinit(frame_reader_t *reader);

/* Take the next message off the front of `*bytes`. MK_OK and the message, whose payload
 * is borrowed: from the bytes, or from the reader until the next call. MK_EAGAIN: all
 * bytes were taken, more are needed. Errors are for ever: MK_EBADMSG (no frame of
 * ours), MK_ETOOBIG, MK_ENOMEM. */
int frame_reader_next(frame_reader_t *reader, const uint8_t **bytes, size_t *size,
                      wire_message_t *message);

/* Bytes held of a frame that is not whole; not 0 at the end of a stream: it was cut. */
size_t frame_reader_held(const frame_reader_t *reader);

/* Why it failed, for the log; "" as long as it did not. */
const char *frame_reader_why(const frame_reader_t *reader);

#endif
