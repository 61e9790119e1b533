/* SPDX-License-Identifier: Apache-2.0 */
/* transport.h - messages to and from one other node, as an object of five functions.
 *
 * transport_unix.h, transport_tcp.h and transport_udp.h make some; a program may make
 * its own. One is used by hand, or given to a runtime (runtime_add_transport), which
 * then uses it alone, on its thread. No function blocks. */
#ifndef MICROKERNEL_TRANSPORT_H
#define MICROKERNEL_TRANSPORT_H

#include "microkernel/message.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct transport {
    node_id_t peer_node; /* who is at the other side */
    int fd; /* readable when recv should be called; -1: none. May change in a call: a
               listener until a peer has come, then its connection */
    /* Take a copy of a message. True: it was taken, whole. False: it was not, no byte
       of it: nobody is there, or as much waits as may. */
    bool (*send)(transport_t *self, const message_t *msg);
    /* The next message that has come whole, owned by the caller (message_destroy); NULL
       when there is none now. Call it until then. */
    message_t *(*recv)(transport_t *self);
    /* Whether somebody is at the other side, as far as is known now. */
    bool (*is_connected)(transport_t *self);
    /* End it and give back all it holds; takes `self`. */
    void (*destroy)(transport_t *self);
    void *impl; /* the kind's own */
};

/* Of the transports made here `self` and `impl` are blocks of malloc(): the child of a
 * fork() gives its copy up with close(fd), free(impl), free(self), which leaves the
 * parent's alone. */

#ifdef __cplusplus
}
#endif

#endif
