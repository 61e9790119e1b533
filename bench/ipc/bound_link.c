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
#include "bound_frames.h"

static void put_be(uint8_t *to, uint64_t value, int size) {
    for (int i = size - 1; i >= 0; i--, value >>= 8)
        to[i] = (uint8_t)value;
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
    uint64_t number = 0;
    double ends = now_s() + seconds, began = used_s();
    while (now_s() < ends)
        if (!write_all(side.fd, batch, frames_fill(batch, &number))) die("send");
    side.result->used_s[1] = used_s() - began;
    close(side.fd);
}

static ssize_t read_some(void *ctx, uint8_t *bytes, size_t cap) {
    return recv(*(const int *)ctx, bytes, cap, 0);
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    double seconds = real_of(argv[3]);
    bool is_stream = strcmp(argv[2], "stream") == 0;
    side_t side = split(strcmp(argv[1], "unix") == 0);
    if (!is_stream)
        rtt(side, seconds);
    else if (side.child == 0)
        frames_receive(side, read_some, &side.fd);
    else
        send_stream(side, seconds);
    fflush(stdout);
    join(side, is_stream);
}
