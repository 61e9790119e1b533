/* SPDX-License-Identifier: Apache-2.0 */
/* registry_message.h - pure: what nodes tell each other about names, as bytes
 * (docs/WIRE.md, "Registry"). */
#ifndef MK_IPC_REGISTRY_MESSAGE_H
#define MK_IPC_REGISTRY_MESSAGE_H

#include "microkernel/limits.h"
#include "microkernel/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a name was not taken. */
typedef enum {
    CONFLICT_TAKEN = 0, /* it belongs to somebody else */
    CONFLICT_LIMIT = 1  /* the node has MK_PEER_NAMES names of this peer already */
} conflict_t;

/* Bytes of the longest one: flags, id, path. */
enum { REGISTRY_MESSAGE_MAX = 1 + 8 + MK_PATH_MAX - 1 };

/* One message. Its type says which fields mean something; a name that begins with '/'
 * is a path. */
typedef struct {
    msg_type_t type;        /* MSG_NAME_..., MSG_PATH_... */
    bool is_own;            /* ..._REGISTER: of what every node has */
    uint8_t conflict;       /* MSG_NAME_CONFLICT: conflict_t */
    actor_id_t id;          /* ..._REGISTER: whose it is; CONFLICT: who has it, or 0 */
    size_t size;            /* bytes of the name */
    char name[MK_PATH_MAX]; /* NUL-terminated */
} registry_message_t;

/* Read a message; nothing of `payload` is kept. MK_OK; MK_ENOENT: not one of these
 * types; MK_EBADMSG: cut short, too long, no name, or a path where a name has to be and
 * the other way round. */
int registry_message_decode(msg_type_t type, const void *payload, size_t payload_size,
                            registry_message_t *out);

/* Write one that has a good name. Returns its size. */
size_t registry_message_encode(const registry_message_t *message,
                               uint8_t bytes[REGISTRY_MESSAGE_MAX]);

#endif
