/* SPDX-License-Identifier: Apache-2.0 */
/* bound.h - the loop that the bounds share: listens, tells its port, accepts, and calls
 * for every descriptor that is ready; level triggered, nothing else. */
#ifndef MK_BENCH_NET_BOUND_H
#define MK_BENCH_NET_BOUND_H

#include "sockets.h"

#include <signal.h>
#include <sys/epoll.h>

enum { BOUND_EVENTS = 512, BOUND_CONNECTIONS = 65536 };

static int bound_poller;

/* Serve for ever. `on_peer` (NULL: nothing to do) has a new connection, of a number
 * below BOUND_CONNECTIONS, before it is waited for; `on_ready` has one on which
 * something happened. */
_Noreturn static inline void serve_bound(int port, void (*on_peer)(int fd),
                                         void (*on_ready)(int fd, uint32_t events)) {
    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    int listener = listen_at(port);
    bound_poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    struct epoll_event events[BOUND_EVENTS];
    if (epoll_ctl(bound_poller, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll_ctl");
    tell_port(port_of(listener));
    for (;;) {
        int count = epoll_wait(bound_poller, events, BOUND_EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                on_ready(fd, events[i].events);
                continue;
            }
            fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) continue;
            if (fd >= BOUND_CONNECTIONS) die("too many connections");
            set_no_delay(fd);
            if (on_peer != NULL) on_peer(fd);
            event.data.fd = fd;
            if (epoll_ctl(bound_poller, EPOLL_CTL_ADD, fd, &event) != 0)
                die("epoll_ctl");
        }
    }
}

#endif
