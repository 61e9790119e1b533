/* SPDX-License-Identifier: Apache-2.0 */
/* bound_link.c - frames between two processes with bare system calls: the yardstick of
 * ./dev bench ipc. No limits, no loop, no partial frames but those a stream makes.
 *
 *     bound_link unix|tcp rtt|stream SECONDS
 *
 * rtt: one frame goes there and back, blocking reads and writes; prints round trips a
 * second. stream: frames of 64 bytes, collected into writes of 64 KiB; the receiver
 * reads 64 KiB at a time and parses; prints messages per second of processor, see
 * two_processes.h. */
#include "two_processes.h"

enum { BATCH = 65536 };

typedef struct {
    uint64_t source, dest;
    uint32_t type, size, reserved;
} header_t;

static void put_be(uint8_t *to, uint64_t value, int size) {
    for (int i = size - 1; i >= 0; i--, value >>= 8)
        to[i] = (uint8_t)value;
}

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

static void fill(uint8_t *frame, uint64_t number) {
    put_be(frame, 1, 8);
    put_be(frame + 8, 2, 8);
    put_be(frame + 16, 7, 4);
    put_be(frame + 20, PAYLOAD, 4);
    put_be(frame + 24, 0, 4);
    memset(frame + HEADER, 'x', PAYLOAD);
    memcpy(frame + HEADER, &number, sizeof number);
}

static bool read_all(int fd, uint8_t *bytes, size_t size) {
    for (size_t at = 0; at < size;) {
        ssize_t got = recv(fd, bytes + at, size - at, 0);
        if (got <= 0) return false;
        at += (size_t)got;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size) {
    for (size_t at = 0; at < size;) {
        ssize_t put = send(fd, bytes + at, size - at, MSG_NOSIGNAL);
        if (put <= 0) return false;
        at += (size_t)put;
    }
    return true;
}

static void rtt(side_t side, double seconds) {
    uint8_t frame[FRAME];
    if (side.child == 0) {
        while (read_all(side.fd, frame, FRAME) && write_all(side.fd, frame, FRAME))
            ;
        return;
    }
    uint64_t count = 0;
    double began = now_s(), now = began;
    while (now < began + seconds) {
        for (unsigned i = 0; i < 64; i++, count++) {
            fill(frame, count);
            if (!write_all(side.fd, frame, FRAME) || !read_all(side.fd, frame, FRAME))
                die("rtt");
        }
        now = now_s();
    }
    printf("%.1f\n", (double)count / (now - began));
    close(side.fd);
}

static void send_stream(side_t side, double seconds) {
    static uint8_t batch[BATCH];
    size_t size = 0;
    uint64_t number = 0;
    double ends = now_s() + seconds, began = used_s();
    for (;;) {
        if (size + FRAME > BATCH) {
            if (!write_all(side.fd, batch, size)) die("send");
            size = 0;
            if (now_s() > ends) break;
        }
        uint8_t *frame = batch + size;
        uint64_t source = htobe64(1), dest = htobe64(2);
        uint32_t words[3] = {htobe32(7), htobe32(PAYLOAD), 0};
        uint8_t payload[PAYLOAD] = {0};
        memcpy(payload, &number, sizeof number);
        memcpy(frame, &source, 8);
        memcpy(frame + 8, &dest, 8);
        memcpy(frame + 16, words, 12);
        memcpy(frame + HEADER, payload, PAYLOAD);
        size += FRAME;
        number++;
    }
    side.result->used_s[1] = used_s() - began;
    close(side.fd);
}

static void receive_stream(side_t side) {
    static uint8_t input[BATCH];
    size_t size = 0;
    uint64_t count = 0, sum = 0;
    double began = 0;
    for (;;) {
        ssize_t got = recv(side.fd, input + size, BATCH - size, 0);
        if (got <= 0) break;
        if (began == 0) began = used_s();
        size += (size_t)got;
        size_t at = 0;
        while (size - at >= HEADER) {
            const uint8_t *from = input + at;
            header_t header = {get_u64(from), get_u64(from + 8), get_u32(from + 16),
                               get_u32(from + 20), get_u32(from + 24)};
            if (header.reserved != 0 || header.size > BATCH - HEADER) die("a frame");
            if (size - at < HEADER + header.size) break;
            uint64_t number;
            memcpy(&number, from + HEADER, sizeof number);
            sum += number ^ header.source ^ header.dest ^ header.type;
            count++;
            at += HEADER + header.size;
        }
        memmove(input, input + at, size - at);
        size -= at;
    }
    if (sum == 0) die("nothing came");
    side.result->count = count;
    side.result->used_s[0] = used_s() - began;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    double seconds = real_of(argv[3]);
    bool is_stream = strcmp(argv[2], "stream") == 0;
    side_t side = split(strcmp(argv[1], "unix") == 0);
    if (!is_stream)
        rtt(side, seconds);
    else if (side.child == 0)
        receive_stream(side);
    else
        send_stream(side, seconds);
    fflush(stdout);
    join(side, is_stream);
}
