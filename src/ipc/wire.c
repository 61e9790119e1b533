/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/wire.h"

#include "base/alloc.h"
#include "ipc/frame.h"

#include <string.h>

_Static_assert(sizeof(wire_header_t) == WIRE_HEADER_SIZE, "the header is packed");

/* Room for header and payload, which is written already. Freed with free() by users:
 * the heap's gate hands out blocks of the C library. */
static uint8_t *begin(const message_t *msg, size_t *out_size) {
    if (msg == NULL || out_size == NULL) return NULL;
    size_t size = msg->payload != NULL ? msg->payload_size : 0;
    if (size > MK_WIRE_PAYLOAD_MAX) return NULL;
    uint8_t *bytes = mk_alloc(WIRE_HEADER_SIZE + size);
    if (bytes == NULL) return NULL;
    if (size > 0) memcpy(bytes + WIRE_HEADER_SIZE, msg->payload, size);
    *out_size = WIRE_HEADER_SIZE + size;
    return bytes;
}

void *wire_serialize(const message_t *msg, size_t *out_size) {
    uint8_t *bytes = begin(msg, out_size);
    if (bytes == NULL) return NULL;
    const wire_header_t header = {.source = msg->source,
                                  .dest = msg->dest,
                                  .type = msg->type,
                                  .payload_size =
                                      (uint32_t)(*out_size - WIRE_HEADER_SIZE)};
    memcpy(bytes, &header, sizeof header);
    return bytes;
}

void *wire_serialize_net(const message_t *msg, size_t *out_size) {
    uint8_t *bytes = begin(msg, out_size);
    if (bytes == NULL) return NULL;
    const wire_message_t message = {.source = msg->source,
                                    .dest = msg->dest,
                                    .type = msg->type,
                                    .payload_size = *out_size - WIRE_HEADER_SIZE};
    frame_put_header(bytes, &message);
    return bytes;
}

message_t *wire_deserialize(const void *buf, size_t buf_size) {
    wire_header_t header;
    if (buf == NULL || buf_size < sizeof header) return NULL;
    memcpy(&header, buf, sizeof header);
    if (header.reserved != 0 || header.payload_size > MK_WIRE_PAYLOAD_MAX ||
        header.payload_size > buf_size - sizeof header)
        return NULL;
    return message_create(header.source, header.dest, header.type,
                          (const uint8_t *)buf + sizeof header, header.payload_size);
}

message_t *wire_deserialize_net(const void *buf, size_t buf_size) {
    wire_message_t message;
    if (buf == NULL || buf_size < WIRE_HEADER_SIZE) return NULL;
    if (frame_get_header(buf, MK_WIRE_PAYLOAD_MAX, &message) != MK_OK ||
        message.payload_size > buf_size - WIRE_HEADER_SIZE)
        return NULL;
    return message_create(message.source, message.dest, message.type, message.payload,
                          message.payload_size);
}
