/* SPDX-License-Identifier: Apache-2.0 */
/* bond_message.h - pure: what nodes tell each other about monitors and links, as bytes
 * (docs/WIRE.md, "Monitors and links"). */
#ifndef MK_IPC_BOND_MESSAGE_H
#define MK_IPC_BOND_MESSAGE_H

#include "microkernel/actor.h"

/* Whom MSG_NODE_EXITED tells. */
typedef enum { EXITED_MONITOR = 0, EXITED_LINK = 1 } exited_kind_t;

enum {
    BOND_TEXT_MAX = 255, /* bytes of a text; nodes may differ in MK_EXIT_TEXT_MAX */
    BOND_MESSAGE_MAX = 10 + BOND_TEXT_MAX /* of the longest one: MSG_NODE_EXITED */
};

/* One message. Actors are given by the lower half of their id: `near` is one of the
 * node that sends, `far` one of the node that receives. Its type says which fields mean
 * something. */
typedef struct {
    msg_type_t type; /* MSG_NODE_MONITOR, _DEMONITOR, _EXITED, _LINK, _UNLINK */
    uint8_t kind;    /* EXITED: exited_kind_t */
    uint8_t reason;  /* EXITED: EXIT_... */
    uint32_t near;   /* EXITED: who ended; LINK, UNLINK: who is linked */
    uint32_t far;    /* MONITOR: the target; LINK, UNLINK, EXITED of a link */
    uint32_t ref;    /* MONITOR, DEMONITOR, EXITED of a monitor: the watcher's number of
                        it, not 0; LINK, UNLINK: the sender's number of the link, 0 when
                        the receiver made it */
    uint32_t
        seen; /* UNLINK: the receiver's number of the link, as far as known; or 0 */
    char text[MK_EXIT_TEXT_MAX]; /* EXITED: what happened, cut if need be; ends in NUL
                                  */
} bond_message_t;

/* Read a message; nothing of `payload` is kept. MK_OK; MK_ENOENT: not one of these
 * types; MK_EBADMSG: cut short, too long, a number that may not be 0, or a text that is
 * none. */
int bond_message_decode(msg_type_t type, const void *payload, size_t payload_size,
                        bond_message_t *out);

/* Write one. Returns its size. */
size_t bond_message_encode(const bond_message_t *message,
                           uint8_t bytes[BOND_MESSAGE_MAX]);

#endif
