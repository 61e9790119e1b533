/* SPDX-License-Identifier: Apache-2.0 */
/* channel.h - what every connection of HTTP, SSE and WebSocket begins with: a stream, a
 * deadline, an id, and output that waits, with a bound.
 *
 * A channel is the first member of its owner's block, and stays where it is when one
 * protocol hands over to the next (HTTP to WebSocket). It is small: memory for input is
 * borrowed from the runtime for the length of a callback, memory for output is held
 * only while the peer does not take it. */
#ifndef MK_NET_CHANNEL_H
#define MK_NET_CHANNEL_H

#include "base/buffer.h"
#include "kernel/deadline.h"
#include "net/http_table.h"
#include "net/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHANNEL_INPUT_SIZE = 65536, /* bytes that one read can take; at most 256 KiB */
    CHANNEL_CORK_SIZE = 65536   /* bytes of answers that leave in one write */
};

typedef struct channel channel_t;

struct channel {
    stream_t stream;
    deadline_t deadline;
    http_handle_t handle; /* the exchange under way; id 0: none */
    buffer_t *waiting;    /* output not taken yet; NULL: none */
    void (*release)(runtime_t *rt, channel_t *channel); /* free the whole block; the
                                                            stream is closed already */
    uint32_t output_mark; /* bytes waiting above which it is full */
    bool is_full;         /* it was, and room was not told yet */
    bool is_reading;      /* input is wanted while output is below the mark */
};

/* Begin: everything but the stream, which is opened by the owner. */
void channel_init(channel_t *channel, uint32_t output_mark,
                  void (*release)(runtime_t *rt, channel_t *channel));

/* The runtime's memory for input, CHANNEL_INPUT_SIZE bytes, for the length of a
 * callback of a stream; NULL when memory is short. */
uint8_t *channel_input(runtime_t *rt);

/* Collect what this channel sends until channel_uncork, which writes it at once. One
 * channel at a time; while another one is corked nothing happens. */
void channel_cork(runtime_t *rt, channel_t *channel);
int channel_uncork(runtime_t *rt, channel_t *channel);

/* Send all the slices, in order: what the stream does not take waits. MK_OK; MK_EFULL:
 * the mark was reached before, nothing is sent, and is_full says so; MK_ENOMEM: nothing
 * is sent; or the stream's error: it has FAILED. `must` sends also above the mark (the
 * end of something begun, control frames), up to twice the mark. */
int channel_send(runtime_t *rt, channel_t *channel, const port_slice_t *slices,
                 size_t count, bool must);

/* The stream is writable: write on. MK_OK, and `*has_room`: it was full and is no more,
 * tell the producer; or the stream's error. Progress is seen by channel_waiting. */
int channel_flush(runtime_t *rt, channel_t *channel, bool *has_room);

/* Bytes that wait. */
size_t channel_waiting(const channel_t *channel);

/* Whether input is wanted; it is only taken while output is below the mark. MK_OK or
 * MK_ENOMEM (FAILED). */
int channel_want_input(runtime_t *rt, channel_t *channel, bool is_wanted);

/* End the stream (in good order, or at once) and the exchange, and release the block.
 */
void channel_end(runtime_t *rt, channel_t *channel, bool in_order);

#endif
