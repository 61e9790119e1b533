/* SPDX-License-Identifier: Apache-2.0 */
/* transport_link.h - a link over a transport of the program (microkernel/transport.h).
 *
 * The loop waits for the transport's fd and calls recv until it has no more. A send
 * that the transport refuses while it is connected counts as a full link, and is said
 * to have room again when the transport has called for us, or after a millisecond. */
#ifndef MK_IPC_TRANSPORT_LINK_H
#define MK_IPC_TRANSPORT_LINK_H

#include "ipc/link.h"
#include "microkernel/transport.h"

typedef struct {
    transport_t *transport;
    const link_events_t *events; /* borrowed until the link is closed or has others */
    void *owner;                 /* link.owner */
    /* Who gets the transport back when the link is closed; NULL: it is destroyed. */
    void (*on_free)(void *ctx, runtime_t *rt, transport_t *transport);
    void *ctx; /* for on_free */
} transport_link_spec_t;

/* Make a link. Takes the transport on success. While nobody is at the other side yet
 * sends are refused with MK_EFULL; once somebody was and has gone, on_down comes with
 * MK_ECLOSED. MK_OK; MK_EINVAL: the transport has no fd or lacks a function; an error
 * of source_open; MK_ENOMEM. */
int transport_link_open(runtime_t *rt, const transport_link_spec_t *spec, link_t **out);

/* From now on `on_free(ctx, ...)` gets the transport back; NULL: it is destroyed. */
void transport_link_set_free(link_t *link,
                             void (*on_free)(void *ctx, runtime_t *rt,
                                             transport_t *transport),
                             void *ctx);

#endif
