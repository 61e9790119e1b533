/* SPDX-License-Identifier: Apache-2.0 */
/* link.h - seam: something that carries messages to one other node, and back, in order.
 *
 * A link is embedded in its kind (a stream, a ring, a transport of the program) and
 * made by it; from then on it is known by these ops only. Its owner (a mount that
 * shakes hands, later the peer) sets `events`, and may change them. Callbacks come on
 * the loop, outside any behaviour. A callback may close the link; nothing is called
 * after that.
 *
 * Messages are collected and written together: a send is on its way at the latest when
 * the loop next looks at its descriptors. What a link holds is bounded, by bytes. */
#ifndef MK_IPC_LINK_H
#define MK_IPC_LINK_H

#include "microkernel/runtime.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct link link_t;

/* One message on its way; the payload is borrowed. */
typedef struct {
    actor_id_t source;
    actor_id_t dest; /* 0: the node itself, a control message */
    msg_type_t type;
    const void *payload; /* NULL when there is none */
    size_t payload_size; /* 0..MK_WIRE_PAYLOAD_MAX */
} wire_message_t;

typedef struct {
    /* A message has come; all of it is borrowed until this returns. */
    void (*on_message)(link_t *link, runtime_t *rt, const wire_message_t *message);
    /* A send was refused with MK_EFULL; now there is room again. */
    void (*on_room)(link_t *link, runtime_t *rt);
    /* It broke, or the other side ended it; once, and nothing else is called after it.
     * The owner still has to close it. `reason`: MK_ECLOSED, MK_EBADMSG (what came is
     * no message of ours), MK_ETIMEOUT, ...; `text` says it in words, borrowed. */
    void (*on_down)(link_t *link, runtime_t *rt, int reason, const char *text);
    /* A link that had to shake hands first (TLS) has done so; is_trusted is set by
     * then. Sends are taken before, too, and wait. NULL: not interested. */
    void (*on_open)(link_t *link, runtime_t *rt);
} link_events_t;

typedef struct {
    /* Take a copy of a message. MK_OK; MK_EFULL: the bound is reached, nothing was
     * taken and on_room will come; MK_ETOOBIG: more than this kind of link carries;
     * MK_ECLOSED: it is broken, on_down comes or came; MK_ENOMEM: nothing was taken.
     * `must`: beyond the bound, too, for control messages that bound themselves. */
    int (*send)(link_t *link, runtime_t *rt, const wire_message_t *message, bool must);
    /* Stop or go on to take messages from the other side; it is held back meanwhile.
     * NULL: not possible. */
    void (*pause)(link_t *link, runtime_t *rt, bool is_paused);
    /* End it; in order: what was taken is still delivered, as far as the other side
     * takes it. Takes the link. */
    void (*close)(link_t *link, runtime_t *rt, bool in_order);
    /* Where the other side is: "10.0.0.7:4200", "unix:/run/a.sock", "ring". Returns
     * `text`, always ended by NUL. */
    const char *(*describe)(const link_t *link, char *text, size_t cap);
} link_ops_t;

struct link {
    const link_ops_t *ops;       /* the kind's */
    const link_events_t *events; /* the owner's; never NULL once messages can come */
    void *owner;                 /* for the owner */
    bool is_trusted; /* the other side proved a key, or shares this process or user */
    bool is_lossy;   /* datagrams: may lose and reorder */
};

static inline int link_send(link_t *link, runtime_t *rt, const wire_message_t *message,
                            bool must) {
    return link->ops->send(link, rt, message, must);
}

static inline void link_close(link_t *link, runtime_t *rt, bool in_order) {
    link->ops->close(link, rt, in_order);
}

#endif
