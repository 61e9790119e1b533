/* SPDX-License-Identifier: Apache-2.0 */
/* tls_stream.h - TLS on a stream: a layer that shakes hands, then carries bytes.
 *
 * The stream keeps its interface. It is OPENING until the handshake is done (on_open)
 * or has failed (on_closed, with the reason in words), for MK_TLS_HANDSHAKE_MS at most.
 * stream_finish and stream_close say goodbye; a peer that ends without one is
 * MK_ECLOSED, since what was read may be cut short, and not MK_EEND. What a
 * stream_write took is sent even when STREAM_WRITE is not wanted. */
#ifndef MK_NET_TLS_STREAM_H
#define MK_NET_TLS_STREAM_H

#include "net/stream.h"
#include "port/tls.h"

/* Begin TLS on an open stream on which nothing was read or written that belongs to it;
 * once. `config`, which the stream holds until it is closed, says which side we are;
 * `host` as in port_tls_open. MK_OK; or MK_EINVAL (no proper host) or MK_ENOMEM, and
 * the stream is as it was. How the handshake went is never told from within. */
int tls_stream_start(runtime_t *rt, stream_t *stream, port_tls_config_t *config,
                     const char *host);

/* Allow so long for the whole handshake that was just started, instead of
 * MK_TLS_HANDSHAKE_MS. */
void tls_stream_allow(runtime_t *rt, stream_t *stream, uint32_t handshake_ms);

/* The handshake failed (on_closed) because the peer, a client, speaks plain text. The
 * socket can be written to in plain text (stream_layer.h). */
bool tls_stream_met_text(const stream_t *stream);

/* What was agreed upon, from on_open until the stream is closed. False: the stream has
 * no TLS, or not yet. */
bool tls_stream_facts(const stream_t *stream, port_tls_facts_t *out);

/* Write whom the peer's certificate is for; nothing when it showed none. */
void tls_stream_peer_name(const stream_t *stream, mk_writer_t *out);

#endif
