/* SPDX-License-Identifier: Apache-2.0 */
/* stream_link.h - a link over a byte stream: tcp, unix, and TLS on either.
 *
 * Sends are appended to one buffer, which is written when it holds MK_LINK_BATCH bytes
 * or when the loop next looks, whichever is first. Above MK_LINK_OUTPUT_MAX bytes that
 * the other side does not take, sends are refused. In one look at most
 * MK_LINK_TURN_BYTES are read (of TLS, some records more). */
#ifndef MK_IPC_STREAM_LINK_H
#define MK_IPC_STREAM_LINK_H

#include "ipc/link.h"
#include "net/stream.h"
#include "port/tls.h"

typedef struct {
    const link_events_t *events; /* borrowed until the link is closed or has others */
    void *owner;                 /* link.owner */
    const char *place;           /* what it says of the other side ("unix:/run/a.sock");
                                    copied; NULL: the address of the peer */
    port_tls_config_t *tls;      /* not NULL: shake hands first, as server or client as
                                    it says; held by the link */
    const char *tls_host;        /* as in port_tls_open; borrowed */
} stream_link_spec_t;

/* Make a link of a connected socket. Takes `handle`, also when it fails: MK_OK and the
 * link, MK_EINVAL (tls_host), MK_ENOMEM. The link is not trusted, unless later TLS with
 * a shared key says so; who knows better sets link.is_trusted. */
int stream_link_open(runtime_t *rt, int handle, const stream_link_spec_t *spec,
                     link_t **out);

/* The most bytes of payload that are taken from the other side; MK_WIRE_PAYLOAD_MAX at
 * first. Less is for those who have not said who they are. From the next frame on. */
void stream_link_set_payload_max(link_t *link, size_t bytes);

/* Its close will be brief: what the socket takes at once is written, and neither the
 * rest nor the other side is waited for. So showing out strangers costs nothing that
 * lasts. */
void stream_link_set_brief(link_t *link);

/* Its stream, for facts (tls_stream_facts); borrowed until the link is closed. */
const stream_t *stream_link_stream(const link_t *link);

#endif
