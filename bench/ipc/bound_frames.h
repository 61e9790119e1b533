/* SPDX-License-Identifier: Apache-2.0 */
/* bound_frames.h - the frames of the bounds of bench/ipc: as many as fit into a batch,
 * and those in what was read, handed to nobody. No limits, no state but a number. */
#ifndef MK_BENCH_IPC_BOUND_FRAMES_H
#define MK_BENCH_IPC_BOUND_FRAMES_H

#include "two_processes.h"

#include <endian.h>

enum { BATCH = 65536 };

typedef struct {
    uint64_t source, dest;
    uint32_t type, size, reserved;
} header_t;

typedef struct {
    uint64_t count;
    uint64_t sum; /* so that no compiler leaves the reading out */
} frames_t;

static inline uint64_t get_u64(const uint8_t *from) {
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return be64toh(value);
}

static inline uint32_t get_u32(const uint8_t *from) {
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return be32toh(value);
}

/* The bytes of the batch that are used then. */
static inline size_t frames_fill(uint8_t batch[BATCH], uint64_t *number) {
    size_t size = 0;
    for (; size + FRAME <= BATCH; size += FRAME, ++*number) {
        uint8_t *frame = batch + size;
        uint64_t source = htobe64(1), dest = htobe64(2);
        uint32_t words[3] = {htobe32(7), htobe32(PAYLOAD), 0};
        uint8_t payload[PAYLOAD] = {0};
        memcpy(payload, number, sizeof *number);
        memcpy(frame, &source, 8);
        memcpy(frame + 8, &dest, 8);
        memcpy(frame + 16, words, 12);
        memcpy(frame + HEADER, payload, PAYLOAD);
    }
    return size;
}

/* Read the whole frames; the rest is moved to the front. Its size. */
static inline size_t frames_read(frames_t *frames, uint8_t *input, size_t size) {
    size_t at = 0;
    while (size - at >= HEADER) {
        const uint8_t *from = input + at;
        header_t header = {get_u64(from), get_u64(from + 8), get_u32(from + 16),
                           get_u32(from + 20), get_u32(from + 24)};
        if (header.reserved != 0 || header.size > BATCH - HEADER) die("a frame");
        if (size - at < HEADER + header.size) break;
        uint64_t number;
        memcpy(&number, from + HEADER, sizeof number);
        frames->sum += number ^ header.source ^ header.dest ^ header.type;
        frames->count++;
        at += HEADER + header.size;
    }
    memmove(input, input + at, size - at);
    return size - at;
}

/* Read with `read`, which is like recv(), until the end, and tell the parent. */
typedef ssize_t (*frames_read_fn)(void *ctx, uint8_t *bytes, size_t cap);
static inline void frames_receive(side_t side, frames_read_fn read, void *ctx) {
    static uint8_t input[BATCH];
    frames_t frames = {0};
    size_t size = 0;
    ssize_t got;
    double began = 0;
    while ((got = read(ctx, input + size, BATCH - size)) > 0) {
        if (began == 0) began = used_s();
        size = frames_read(&frames, input, size + (size_t)got);
    }
    if (frames.sum == 0) die("nothing came");
    side.result->count = frames.count;
    side.result->used_s[0] = used_s() - began;
}

#endif
