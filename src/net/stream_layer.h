/* SPDX-License-Identifier: Apache-2.0 */
/* stream_layer.h - seam: what stands between a stream's user and its socket.
 *
 * stream.c has the ops of plain sockets. A layer (tls) is put onto an open stream by
 * stream_set_layer; its ops get every call of the user, and do their own input and
 * output with the stream_socket_... functions. Ops must not call back into the user,
 * except on_ready. */
#ifndef MK_NET_STREAM_LAYER_H
#define MK_NET_STREAM_LAYER_H

#include "base/buffer.h"
#include "net/stream.h"

struct stream_ops {
    /* The socket is ready: MK_POLL_... bits. Calls the user's callbacks; after each
     * one the stream may be gone: source_is_served(rt, &stream->source) tells. */
    void (*on_ready)(stream_t *stream, runtime_t *rt, uint32_t events);
    /* stream->wanted has changed: set the interest of the socket. MK_OK or MK_ENOMEM.
     */
    int (*want)(stream_t *stream, runtime_t *rt);
    /* As the calls of the user; the caller keeps the state (FAILED) by the result. */
    int (*read)(stream_t *stream, runtime_t *rt, void *bytes, size_t size);
    int (*write)(stream_t *stream, runtime_t *rt, const port_slice_t *slices,
                 size_t count);
    int (*finish)(stream_t *stream, runtime_t *rt);
    /* Free stream->layer. `last`, unless NULL (abort, or the stream failed), takes what
     * must still be written before the socket is closed, at most its ceiling. */
    void (*drop)(stream_t *stream, runtime_t *rt, buffer_t *last);
    /* More exact than the code's text; NULL: use that. */
    const char *(*fault)(const stream_t *stream);
};

/* The ops of a plain socket. */
extern const stream_ops_t stream_socket_ops;

/* Put a layer onto an open stream without one; the state becomes OPENING. The layer
 * sets the interest that its handshake needs. */
void stream_set_layer(stream_t *stream, const stream_ops_t *ops, void *layer);

/* The handshake is done: OPEN; what is wanted is set, and on_open is called. */
void stream_set_open(runtime_t *rt, stream_t *stream);

/* It broke outside a call of the user: FAILED, and on_closed is called. */
void stream_set_failed(runtime_t *rt, stream_t *stream, int reason);

/* The socket itself, past any layer. Results as port/sockets.h; MK_OK or MK_ENOMEM for
 * the interest (MK_POLL_... bits), which costs a system call only when it changes. */
int stream_socket_read(stream_t *stream, void *bytes, size_t size);
int stream_socket_write(stream_t *stream, const port_slice_t *slices, size_t count);
int stream_socket_interest(runtime_t *rt, stream_t *stream, uint32_t interest);

/* Only MK_POLL_ERR or _HUP holds and nothing is wanted: the stream has failed
 * (on_closed), or the poller forgets the socket until its interest is set anew. */
void stream_socket_broke(runtime_t *rt, stream_t *stream);

#endif
