/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - one byte stream, whatever is below it: tcp, unix or tls.
 *
 * A stream is embedded in its owner (a connection) and keeps no bytes: the owner reads
 * into memory that it brings, and keeps what the stream does not take yet. Callbacks
 * come on the loop, outside any behaviour, and may do anything to this or another
 * stream, also end it and free its owner.
 *
 * The states and who changes them:
 *   OPENING  a layer shakes hands; reads and writes say MK_EAGAIN
 *   OPEN     from stream_open, or after on_open
 *   FAILED   from an error that a call returned or on_closed told; only stream_fault,
 *            stream_close and stream_abort mean anything now
 *   CLOSED   from stream_close or stream_abort (or never opened): the memory is the
 *            owner's
 * Reading and writing end independently: MK_EEND from stream_read and stream_finish
 * leave the other direction alone.
 *
 * Readiness is level triggered: a callback comes again on the next look as long as it
 * is wanted and holds, so one read an event is enough, and there is no need to read on
 * until MK_EAGAIN. Nothing is called unless stream_want asked for it, except on_open
 * and on_closed. In the steady state (READ wanted all the time, answers taken whole) a
 * request costs one wait, one read and one write. */
#ifndef MK_NET_STREAM_H
#define MK_NET_STREAM_H

#include "kernel/source.h"
#include "port/sockets.h"

typedef struct stream stream_t;
typedef struct stream_ops stream_ops_t; /* see stream_layer.h */

typedef struct {
    /* There is something to read: bytes, the end, or an error. */
    void (*on_readable)(stream_t *stream, runtime_t *rt);
    /* There is room again. */
    void (*on_writable)(stream_t *stream, runtime_t *rt);
    /* The stream broke while nobody was reading or writing, or the handshake failed; it
     * is FAILED. At most once, and not after a call has returned the error. The end of
     * the input is no break: stream_read tells it. `text` is stream_fault's. */
    void (*on_closed)(stream_t *stream, runtime_t *rt, int reason, const char *text);
    /* The handshake of a layer is done. NULL: not interested. */
    void (*on_open)(stream_t *stream, runtime_t *rt);
} stream_events_t;

enum { /* for stream_want */
       STREAM_READ = 1u << 0,
       STREAM_WRITE = 1u << 1
};

struct stream {
    source_t source; /* the socket */
    const stream_ops_t *ops;
    const stream_events_t *events; /* the owner's; lives as long as the stream */
    void *layer;                   /* of the ops: NULL for plain sockets */
    int16_t fault;                 /* MK_E..., once FAILED */
    uint8_t state;                 /* STREAM_IS_... */
    uint8_t wanted;                /* STREAM_READ | STREAM_WRITE */
    bool is_parked;                /* the poller does not know the socket now */
    bool has_ended;                /* stream_read has said MK_EEND */
};

enum { STREAM_IS_CLOSED, STREAM_IS_OPENING, STREAM_IS_OPEN, STREAM_IS_FAILED };

/* Begin to use a connected socket; STREAM_READ is wanted from the beginning. Takes
 * `handle`, also when it fails: MK_OK or MK_ENOMEM. `events` is borrowed until the
 * stream is closed. */
int stream_open(runtime_t *rt, stream_t *stream, int handle,
                const stream_events_t *events);

/* Which readiness shall be told from now on. Costs a system call only when it changes
 * something. MK_OK, or MK_ENOMEM: the stream has FAILED. */
int stream_want(runtime_t *rt, stream_t *stream, unsigned wanted);

/* Let an open stream keep runtime_run going, or not, from now on. */
void stream_set_quiet(runtime_t *rt, stream_t *stream, bool is_quiet);

/* Read into the caller's memory: 1..size bytes; MK_EAGAIN: nothing now; MK_EEND: the
 * peer has finished (STREAM_READ is not told any more); any other error: FAILED
 * (MK_ECLOSED reset, MK_ETIMEOUT, MK_EBADMSG from a layer, ...). `size` is not 0. */
int stream_read(runtime_t *rt, stream_t *stream, void *bytes, size_t size);

/* Hand over the front of what is to be written: 1..total bytes taken; MK_EAGAIN: no
 * room now, want STREAM_WRITE; any other error: FAILED. At least one byte is given. */
int stream_write(runtime_t *rt, stream_t *stream, const void *bytes, size_t size);
int stream_writev(runtime_t *rt, stream_t *stream, const port_slice_t *slices,
                  size_t count);

/* Nothing more will be written; what was taken arrives, then the peer reads the end.
 * MK_OK or an error (FAILED). */
int stream_finish(runtime_t *rt, stream_t *stream);

/* End in good order: what was taken is still delivered. The memory is the owner's at
 * once; the socket itself goes on for at most MK_STREAM_LINGER_MS, reading and dropping
 * what the peer still sends, so that a reset does not overtake the last answer. No
 * callback comes any more. A FAILED or CLOSED stream only lets go of its socket. */
void stream_close(runtime_t *rt, stream_t *stream);

/* As stream_close, but without waiting for what the peer still sends: for strangers,
 * whose number nobody bounds. When something of theirs is on its way, a reset may
 * overtake the last bytes. */
void stream_dismiss(runtime_t *rt, stream_t *stream);

/* End at once; the peer sees a reset. No callback comes any more. */
void stream_abort(runtime_t *rt, stream_t *stream);

/* What broke a FAILED stream, in a few words ("reset by the other side"); never NULL,
 * borrowed until the stream is closed. */
const char *stream_fault(const stream_t *stream);

/* Where the peer is: "127.0.0.1:80", "[::1]:80", "unix" or "?". Always ends in NUL;
 * STREAM_PEER_MAX bytes are enough. Returns `text`. */
enum { STREAM_PEER_MAX = 64 };
const char *stream_peer(const stream_t *stream, char *text, size_t cap);

#endif
