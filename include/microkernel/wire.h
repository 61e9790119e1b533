/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - a message as bytes, and back.
 *
 * A header of WIRE_HEADER_SIZE bytes, then the payload as it is. Between nodes the
 * header is in network byte order (the functions that end in _net); the others keep
 * this machine's, for bytes that do not leave it. Payloads are never changed: what
 * their numbers look like is for those who write and read them to agree upon.
 *
 * Pure; any thread. */
#ifndef MICROKERNEL_WIRE_H
#define MICROKERNEL_WIRE_H

#include "microkernel/message.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WIRE_HEADER_SIZE 28

/* The header in this machine's byte order. */
#pragma pack(push, 1)
typedef struct {
    actor_id_t source;     /* 0: the loop, or a node itself */
    actor_id_t dest;       /* 0: the node itself */
    msg_type_t type;       /* any */
    uint32_t payload_size; /* bytes behind the header, 0..MK_WIRE_PAYLOAD_MAX */
    uint32_t reserved;     /* 0; anything else is refused */
} wire_header_t;
#pragma pack(pop)

/* The bytes of a message in one block, which the caller ends with free(); `*out_size`
 * of them. NULL: an argument is NULL, the payload is larger than MK_WIRE_PAYLOAD_MAX,
 * or memory is short. */
void *wire_serialize(const message_t *msg, size_t *out_size);
void *wire_serialize_net(const message_t *msg, size_t *out_size);

/* The message that `buf` begins with; bytes behind it are not looked at. Returns owned
 * (message_destroy). NULL: `buf` is NULL, holds less than the message, announces more
 * than MK_WIRE_PAYLOAD_MAX, has a reserved word other than 0; or memory is short. */
message_t *wire_deserialize(const void *buf, size_t buf_size);
message_t *wire_deserialize_net(const void *buf, size_t buf_size);

#ifdef __cplusplus
}
#endif

#endif
