/* SPDX-License-Identifier: Apache-2.0 */
/* channel.h - what every connection of HTTP, SSE and WebSocket begins with: a stream, a
 * deadline, an id, and output that waits, with a bound.
 *
 * A channel is the first member of its owner's block, and stays where it is when one
 * protocol hands over to the next (HTTP to WebSocket). It is small: memory for input is
 * borrowed from the runtime for the length of a callback, memory for output is held
 * only while the peer does not take it.
 *
 * An error of the stream is returned once and kept in `is_broken`: from then on sending
 * does nothing, and the owner ends the channel when it comes round to it. */
#ifndef MK_NET_CHANNEL_H
#define MK_NET_CHANNEL_H

#include "base/buffer.h"
#include "kernel/deadline.h"
#include "net/http_table.h"
#include "net/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writable bytes before those of channel_input(), for the head of a message. */
enum { CHANNEL_HEADROOM = 64 };

typedef struct channel channel_t;

struct channel {
    stream_t stream;
    deadline_t deadline;
    http_handle_t handle; /* the exchange under way; id 0: none */
    buffer_t *waiting;    /* output not taken yet; NULL: none */
    uint32_t output_mark; /* bytes waiting above which it is full */
    bool is_full;         /* a producer was refused, and not told of room yet */
    bool wants_input;     /* input is taken while output is below the mark */
    bool is_broken;       /* the stream failed, or output was lost for want of memory */
};

/* Begin: everything but the stream, which the owner opens. */
void channel_init(channel_t *channel, uint32_t output_mark,
                  void (*on_due)(deadline_t *deadline, runtime_t *rt));

/* The channel of a stream and of a deadline. */
static inline channel_t *channel_of_stream(stream_t *stream) {
    return (channel_t *)(void *)stream;
}
channel_t *channel_of_deadline(deadline_t *deadline);

/* Read what is there into the runtime's memory, at most `size` bytes (0: as many as
 * MK_HTTP_TURN_BYTES), borrowed until the callback of the stream returns; it may be
 * changed, and so may CHANNEL_HEADROOM bytes before it. Results of stream_read, or
 * MK_ENOMEM. */
int channel_read(runtime_t *rt, channel_t *channel, size_t size, uint8_t **bytes);

/* Collect what this channel sends until channel_uncork, which writes it at once. Only
 * one channel can be corked; while another is, nothing happens. Uncorking a channel
 * that is not, or has ended, does nothing. */
void channel_cork(runtime_t *rt, channel_t *channel);
void channel_uncork(runtime_t *rt, channel_t *channel);

/* Send all the slices, in order; what the stream does not take waits. MK_OK; MK_EFULL:
 * more than the mark waits already, nothing is sent, and is_full says so; MK_ECLOSED:
 * the channel is broken (now). `must` sends above the mark, too: the end of something
 * begun, control frames. */
int channel_send(runtime_t *rt, channel_t *channel, const port_slice_t *slices,
                 size_t count, bool must);

/* The stream is writable: write on. True: it was full and is no more; tell. */
bool channel_flush(runtime_t *rt, channel_t *channel);

/* Bytes that wait. */
static inline size_t channel_waiting(const channel_t *channel) {
    return channel->waiting != NULL ? buffer_size(channel->waiting) : 0;
}

/* Whether input is wanted at all. */
void channel_want_input(runtime_t *rt, channel_t *channel, bool is_wanted);

/* End the stream, in good order or at once, and the exchange: the block is the owner's,
 * to be freed. */
void channel_end(runtime_t *rt, channel_t *channel, bool in_order);

/* Bytes held for it beyond its block. */
size_t channel_memory(const channel_t *channel);

#endif
