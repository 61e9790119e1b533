/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - the header of a frame: 28 bytes, big-endian, see docs/WIRE.md. Pure.
 *
 * Inline, because every message between nodes passes here twice. */
#ifndef MK_IPC_FRAME_H
#define MK_IPC_FRAME_H

#include "base/bytes.h"
#include "ipc/link.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/wire.h"

#include <string.h>

/* Write the header of a message, whose size is in range, to WIRE_HEADER_SIZE bytes. */
static inline void frame_put_header(uint8_t *to, const wire_message_t *message) {
    bytes_put_u64_be(to, message->source);
    bytes_put_u64_be(to + 8, message->dest);
    bytes_put_u32_be(to + 16, message->type);
    bytes_put_u32_be(to + 20, (uint32_t)message->payload_size);
    bytes_put_u32_be(to + 24, 0);
}

/* Write header and payload, which there is room for. */
static inline void frame_put(uint8_t *to, const wire_message_t *message) {
    frame_put_header(to, message);
    if (message->payload_size > 0)
        memcpy(to + WIRE_HEADER_SIZE, message->payload, message->payload_size);
}

/* Read a header of WIRE_HEADER_SIZE bytes; the payload is set to where it begins behind
 * them, or NULL. MK_OK; MK_EBADMSG: the reserved word is not 0; MK_ETOOBIG: more than
 * `payload_max` bytes are announced. */
static inline int frame_get_header(const uint8_t *from, size_t payload_max,
                                   wire_message_t *message) {
    message->source = bytes_get_u64_be(from);
    message->dest = bytes_get_u64_be(from + 8);
    message->type = bytes_get_u32_be(from + 16);
    message->payload_size = bytes_get_u32_be(from + 20);
    message->payload = message->payload_size != 0 ? from + WIRE_HEADER_SIZE : NULL;
    if (bytes_get_u32_be(from + 24) != 0) return MK_EBADMSG;
    return message->payload_size <= payload_max ? MK_OK : MK_ETOOBIG;
}

#endif
