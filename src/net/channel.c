/* SPDX-License-Identifier: Apache-2.0 */
/* channel.c - output of connections: collected, written, and kept where it must be.
 *
 * Three places, in this order: the cork (the runtime's, one channel at a time: answers
 * of one read leave in one write), the stream, and `waiting` (the channel's own, only
 * when the stream took less). Bytes are in `waiting` only if the stream is waited for,
 * and nothing is written past them.
 *
 * The mark is looked at before a send and not after it: one message may go over it, so
 * that what is larger than the mark can be sent at all; what a producer adds is bounded
 * by the mark and one message. Input is not taken while more than the mark waits. */
#include "net/channel.h"

#include "base/alloc.h"
#include "base/check.h"
#include "kernel/part.h"
#include "microkernel/limits.h"

#include <string.h>

enum {
    CORK_SIZE = 65536, /* bytes; a 16-fold pipelined read is answered in a few KB */
    COLLECTED_MAX = CORK_SIZE / 4 /* of one send; more is not worth a copy */
};

/* Memory that all channels of a runtime share. */
typedef struct {
    part_t part;
    channel_t *corked; /* NULL: none */
    size_t cork_size;  /* bytes collected for it */
    uint8_t *cork;     /* CORK_SIZE bytes */
    uint8_t input[];   /* CHANNEL_HEADROOM + MK_HTTP_TURN_BYTES bytes */
} channel_memory_t;

static void destroy_memory(part_t *part, runtime_t *rt) {
    (void)rt;
    channel_memory_t *memory = (channel_memory_t *)part;
    mk_free(memory->cork);
    mk_free(memory);
}

static const part_ops_t memory_ops = {NULL, NULL, destroy_memory};

static channel_memory_t *find_memory(runtime_t *rt) {
    return (channel_memory_t *)part_find(rt, &memory_ops);
}

static channel_memory_t *get_memory(runtime_t *rt) {
    channel_memory_t *memory = find_memory(rt);
    if (memory != NULL) return memory;
    memory = mk_alloc(sizeof *memory + CHANNEL_HEADROOM + MK_HTTP_TURN_BYTES);
    if (memory == NULL) return NULL;
    memory->cork = mk_alloc(CORK_SIZE);
    memory->corked = NULL;
    memory->cork_size = 0;
    if (memory->cork == NULL) {
        mk_free(memory);
        return NULL;
    }
    (void)part_attach(rt, &memory->part, &memory_ops);
    return memory;
}

void channel_init(channel_t *channel, uint32_t output_mark,
                  void (*on_due)(deadline_t *deadline, runtime_t *rt)) {
    deadline_init(&channel->deadline, on_due);
    memset(&channel->handle, 0, sizeof channel->handle);
    channel->waiting = NULL;
    channel->output_mark = output_mark;
    channel->is_full = false;
    channel->wants_input = false;
    channel->is_broken = false;
}

channel_t *channel_of_deadline(deadline_t *deadline) {
    return MK_CONTAINER_OF(deadline, channel_t, deadline);
}

int channel_read(runtime_t *rt, channel_t *channel, size_t size, uint8_t **bytes) {
    channel_memory_t *memory = get_memory(rt);
    if (memory == NULL) return MK_ENOMEM;
    *bytes = memory->input + CHANNEL_HEADROOM;
    if (size == 0 || size > MK_HTTP_TURN_BYTES) size = MK_HTTP_TURN_BYTES;
    return stream_read(rt, &channel->stream, *bytes, size);
}

/* --- what is waited for --- */

static void update_interest(runtime_t *rt, channel_t *channel) {
    size_t waiting = channel_waiting(channel);
    unsigned wanted = waiting > 0 ? STREAM_WRITE : 0u;
    if (channel->wants_input && waiting <= channel->output_mark) wanted |= STREAM_READ;
    if (stream_want(rt, &channel->stream, wanted) < 0) channel->is_broken = true;
}

void channel_want_input(runtime_t *rt, channel_t *channel, bool is_wanted) {
    channel->wants_input = is_wanted;
    if (!channel->is_broken) update_interest(rt, channel);
}

/* --- writing --- */

static void drop_waiting(channel_t *channel) {
    if (channel->waiting == NULL) return;
    buffer_deinit(channel->waiting);
    mk_free(channel->waiting);
    channel->waiting = NULL;
}

/* Keep slices from byte `from` on. False: no memory. */
static bool keep_rest(channel_t *channel, const port_slice_t *slices, size_t count,
                      size_t from) {
    if (channel->waiting == NULL) {
        channel->waiting = mk_alloc(sizeof *channel->waiting);
        if (channel->waiting == NULL) return false;
        buffer_init(channel->waiting, SIZE_MAX / 2);
    }
    for (size_t i = 0; i < count; i++) {
        size_t size = slices[i].size;
        size_t skip = from < size ? from : size;
        from -= skip;
        if (size == skip) continue;
        const uint8_t *bytes = slices[i].bytes;
        if (buffer_append(channel->waiting, bytes + skip, size - skip) < 0)
            return false;
    }
    return true;
}

static int write_slices(runtime_t *rt, channel_t *channel, const port_slice_t *slices,
                        size_t count, size_t total) {
    size_t taken = 0;
    if (channel_waiting(channel) == 0) {
        int result = stream_writev(rt, &channel->stream, slices, count);
        if (result < 0 && result != MK_EAGAIN) {
            channel->is_broken = true;
            return MK_ECLOSED;
        }
        if (result > 0) taken = (size_t)result;
        if (taken == total) return MK_OK;
    }
    if (!keep_rest(channel, slices, count, taken)) {
        channel->is_broken = true; /* the peer would see a gap */
        return MK_ECLOSED;
    }
    update_interest(rt, channel);
    return channel->is_broken ? MK_ECLOSED : MK_OK;
}

static int empty_cork(runtime_t *rt, channel_memory_t *memory) {
    port_slice_t slice = {memory->cork, memory->cork_size};
    memory->cork_size = 0;
    if (slice.size == 0 || memory->corked->is_broken) return MK_OK;
    return write_slices(rt, memory->corked, &slice, 1, slice.size);
}

void channel_cork(runtime_t *rt, channel_t *channel) {
    channel_memory_t *memory = get_memory(rt);
    if (memory == NULL || memory->corked != NULL) return;
    memory->corked = channel;
    memory->cork_size = 0;
}

void channel_uncork(runtime_t *rt, channel_t *channel) {
    channel_memory_t *memory = find_memory(rt);
    if (memory == NULL || memory->corked != channel) return;
    (void)empty_cork(rt, memory);
    memory->corked = NULL;
}

/* False: they do not fit, and nothing is collected. */
static inline bool collect(channel_memory_t *memory, const port_slice_t *slices,
                           size_t count) {
    size_t size = memory->cork_size;
    size_t end = size < CORK_SIZE - COLLECTED_MAX ? size + COLLECTED_MAX : CORK_SIZE;
    for (size_t i = 0; i < count; i++) {
        if (slices[i].size > end - size) return false;
        if (slices[i].size == 0) continue;
        memcpy(memory->cork + size, slices[i].bytes, slices[i].size);
        size += slices[i].size;
    }
    memory->cork_size = size;
    return true;
}

/* What does not fit behind what is collected leaves behind it. */
static MK_NOINLINE int send_behind(runtime_t *rt, channel_t *channel,
                                   channel_memory_t *memory, const port_slice_t *slices,
                                   size_t count) {
    bool is_corked = memory != NULL && memory->corked == channel;
    int result = is_corked ? empty_cork(rt, memory) : MK_OK;
    if (result < 0) return result;
    if (is_corked && collect(memory, slices, count)) return MK_OK;
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += slices[i].size;
    return total > 0 ? write_slices(rt, channel, slices, count, total) : MK_OK;
}

int channel_send(runtime_t *rt, channel_t *channel, const port_slice_t *slices,
                 size_t count, bool must) {
    if (channel->is_broken) return MK_ECLOSED;
    if (!must && channel_waiting(channel) > channel->output_mark) {
        channel->is_full = true;
        return MK_EFULL;
    }
    channel_memory_t *memory = find_memory(rt);
    bool is_collected =
        memory != NULL && memory->corked == channel && collect(memory, slices, count);
    return is_collected ? MK_OK : send_behind(rt, channel, memory, slices, count);
}

bool channel_flush(runtime_t *rt, channel_t *channel) {
    size_t waiting = channel_waiting(channel);
    if (channel->is_broken) return false;
    if (waiting > 0) {
        int taken =
            stream_write(rt, &channel->stream, buffer_bytes(channel->waiting), waiting);
        if (taken == MK_EAGAIN) return false;
        if (taken < 0) {
            channel->is_broken = true;
            return false;
        }
        buffer_consume(channel->waiting, (size_t)taken);
        if (buffer_size(channel->waiting) == 0)
            drop_waiting(channel);
        else
            buffer_trim(channel->waiting);
    }
    update_interest(rt, channel);
    if (!channel->is_full || channel_waiting(channel) > channel->output_mark / 2)
        return false;
    channel->is_full = false;
    return true;
}

void channel_end(runtime_t *rt, channel_t *channel, bool in_order) {
    channel_memory_t *memory = find_memory(rt);
    if (memory != NULL && memory->corked == channel) {
        if (in_order) (void)empty_cork(rt, memory);
        memory->corked = NULL;
    }
    deadline_clear(rt, &channel->deadline);
    if (in_order && !channel->is_broken && channel_waiting(channel) == 0)
        stream_close(rt, &channel->stream);
    else
        stream_abort(rt, &channel->stream);
    drop_waiting(channel);
    http_handle_close(rt, &channel->handle);
}

size_t channel_memory(const channel_t *channel) {
    if (channel->waiting == NULL) return 0;
    return sizeof *channel->waiting + channel->waiting->cap;
}
