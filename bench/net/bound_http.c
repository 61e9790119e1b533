/* SPDX-License-Identifier: Apache-2.0 */
/* bound_http.c - what a loop of epoll, read and write can do at best: answers every
 * empty line with one fixed response; looks at no method, path or field.
 *
 *     bound_http PORT */
#include "sockets.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>

enum { INPUT = 256 * 1024, EVENTS = 512 };

static char input[INPUT], output[INPUT];
/* As long as what ours_http answers. */
static const char response[] = "HTTP/1.1 200 OK\r\n"
                               "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                               "Content-Type: text/plain\r\n"
                               "Content-Length: 13\r\n\r\nHello, World!";

static void send_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count <= 0) return; /* the loads here always read */
        bytes += count;
        size -= (size_t)count;
    }
}

static void answer(int fd, size_t size) {
    size_t filled = 0;
    const char *end = input + size;
    for (const char *at = input;
         (at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4)) != NULL; at += 4) {
        if (filled + sizeof response > sizeof output) {
            send_all(fd, output, filled);
            filled = 0;
        }
        memcpy(output + filled, response, sizeof response - 1);
        filled += sizeof response - 1;
    }
    send_all(fd, output, filled);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    int listener = listen_at((int)number_of(argv[1]));
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    struct epoll_event events[EVENTS];
    if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll_ctl");
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd < 0) continue;
                set_no_delay(fd);
                event.data.fd = fd;
                if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) close(fd);
                continue;
            }
            ssize_t size = read(fd, input, sizeof input);
            if (size > 0)
                answer(fd, (size_t)size);
            else
                close(fd);
        }
    }
}
