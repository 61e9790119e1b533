/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - what travels between actors.
 *
 * A message is one block: this header and, behind it, a copy of the payload. Payloads
 * are aligned to two pointers, as most heaps align (those of at most 8 bytes: to 8). A
 * message belongs to exactly one place at a time: its creator, a mailbox, or the
 * behaviour it is delivered to. Messages of a runtime are used on that runtime's thread
 * only. */
#ifndef MICROKERNEL_MESSAGE_H
#define MICROKERNEL_MESSAGE_H

#include "microkernel/message_ids.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct message {
    actor_id_t source;            /* sender, 0 from the loop or from outside */
    actor_id_t dest;              /* receiver */
    msg_type_t type;              /* 0xFF000000 and up belong to the system */
    uint32_t mk_block;            /* runtime's own: block size and flags */
    size_t payload_size;          /* bytes; 0 when payload is NULL */
    void *payload;                /* NULL when payload_size is 0 */
    void (*free_payload)(void *); /* called with payload at the end, or NULL */
    struct message *mk_next;      /* runtime's own: queue link */
};

/* A message on the heap with a copy of `payload` (NULL or size 0: none).
 * Returns owned; NULL when memory is short or the size cannot be represented. Any
 * thread. */
message_t *message_create(actor_id_t source, actor_id_t dest, msg_type_t type,
                          const void *payload, size_t payload_size);

/* End a message and its payload; takes `msg`, NULL is allowed. A message of a runtime
 * (taken with message_take) must be ended on that runtime's thread. Does nothing to one
 * that a runtime owns: in a mailbox, or being delivered and not taken. */
void message_destroy(message_t *msg);

/* Keep the message that is being delivered: the caller owns it afterwards, and ends it
 * with message_destroy or passes it on with actor_forward. Returns false when `msg` is
 * not the message being delivered. Inside a behaviour. */
bool message_take(runtime_t *rt, message_t *msg);

#ifdef __cplusplus
}
#endif

#endif
