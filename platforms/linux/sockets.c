/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.c - port/sockets.h on Linux sockets.
 *
 * Every socket is made non-blocking and close-on-exec by the call that makes it; reads
 * and writes say so once more, for sockets that a program made.
 * TCP_NODELAY from the start: who writes an answer in pieces does so knowingly.
 *
 * The file of a unix listener belongs to the listener. On the way in, a socket file is
 * replaced only when connecting to it is refused, that is, when nobody listens; on the
 * way out it is removed only if no younger listener has put its own in the same place.
 */
#include "linux_impl.h"

#include "microkernel/error.h"
#include "port/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

typedef union {
    struct sockaddr any;
    struct sockaddr_in inet;
    struct sockaddr_in6 inet6;
    struct sockaddr_un local;
} socket_name_t;

/* errno of a call on a socket; those that say "not now" in other words included. */
static int socket_error(int problem) {
    switch (problem) {
    case EINPROGRESS:
    case EINTR: return MK_EAGAIN;
    case ECONNREFUSED: return MK_EREFUSED;
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ESHUTDOWN: return MK_ECLOSED;
    case ETIMEDOUT: return MK_ETIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL: return MK_EUNREACH;
    case EADDRINUSE: return MK_EEXIST;
    case ENOBUFS: return MK_ENOMEM;
    case EMSGSIZE: return MK_ETOOBIG;
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT: return MK_ENOTSUP;
    default: return linux__error_of(problem);
    }
}

/* --- names --- */

static socklen_t name_of(const port_address_t *address, socket_name_t *name) {
    memset(name, 0, sizeof *name);
    if (address->family == PORT_FAMILY_INET) {
        name->inet.sin_family = AF_INET;
        name->inet.sin_port = htons(address->port);
        memcpy(&name->inet.sin_addr, address->bytes, 4);
        return sizeof name->inet;
    }
    if (address->family == PORT_FAMILY_INET6) {
        name->inet6.sin6_family = AF_INET6;
        name->inet6.sin6_port = htons(address->port);
        name->inet6.sin6_scope_id = address->scope;
        memcpy(&name->inet6.sin6_addr, address->bytes, 16);
        return sizeof name->inet6;
    }
    return 0;
}

static socklen_t name_of_path(const char *path, socket_name_t *name) {
    memset(name, 0, sizeof *name);
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof name->local.sun_path) return 0;
    name->local.sun_family = AF_UNIX;
    memcpy(name->local.sun_path, path, size + 1);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
}

/* An IPv4 peer of an IPv6 socket is shown as what it is. */
static void read_name(const socket_name_t *name, port_address_t *address) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memset(address, 0, sizeof *address);
    if (name->any.sa_family == AF_INET) {
        address->family = PORT_FAMILY_INET;
        address->port = ntohs(name->inet.sin_port);
        memcpy(address->bytes, &name->inet.sin_addr, 4);
    } else if (name->any.sa_family == AF_INET6) {
        const uint8_t *bytes = (const uint8_t *)&name->inet6.sin6_addr;
        bool is_mapped = memcmp(bytes, mapped, sizeof mapped) == 0;
        address->family = is_mapped ? PORT_FAMILY_INET : PORT_FAMILY_INET6;
        address->port = ntohs(name->inet6.sin6_port);
        memcpy(address->bytes, is_mapped ? bytes + 12 : bytes, is_mapped ? 4 : 16);
        if (!is_mapped) address->scope = name->inet6.sin6_scope_id;
    }
}

/* --- making --- */

static int make_socket(int domain, int type) {
    int handle = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return handle >= 0 ? handle : socket_error(errno);
}

static void set_option(int handle, int level, int option, int value) {
    (void)setsockopt(handle, level, option, &value, sizeof value);
}

void port_socket_set_no_delay(int handle) {
    set_option(handle, IPPROTO_TCP, TCP_NODELAY, 1);
}

/* Closes `handle` and gives the code of the errno that was. */
static int give_up(int handle) {
    int code = socket_error(errno);
    close(handle);
    return code;
}

static int begin_connect(int handle, const socket_name_t *name, socklen_t size) {
    if (connect(handle, &name->any, size) == 0 || errno == EINPROGRESS) return handle;
    return give_up(handle);
}

int port_socket_connect(const port_address_t *to) {
    socket_name_t name;
    socklen_t size = name_of(to, &name);
    if (size == 0) return MK_EINVAL;
    int handle = make_socket(name.any.sa_family, SOCK_STREAM);
    if (handle < 0) return handle;
    set_option(handle, IPPROTO_TCP, TCP_NODELAY, 1);
    return begin_connect(handle, &name, size);
}

int port_socket_connect_unix(const char *path) {
    socket_name_t name;
    socklen_t size = name_of_path(path, &name);
    if (size == 0) return MK_EINVAL;
    int handle = make_socket(AF_UNIX, SOCK_STREAM);
    if (handle < 0) return handle;
    return begin_connect(handle, &name, size);
}

/* A socket that is still connecting has no error and no peer. */
int port_socket_connected(int handle) {
    int code = port_socket_error(handle);
    if (code != MK_OK) return code;
    socket_name_t name;
    socklen_t size = sizeof name;
    if (getpeername(handle, &name.any, &size) == 0) return MK_OK;
    return errno == ENOTCONN ? MK_EAGAIN : socket_error(errno);
}

static int begin_listen(int handle, unsigned backlog) {
    int count = backlog < INT_MAX ? (int)backlog : INT_MAX;
    return listen(handle, count) == 0 ? handle : give_up(handle);
}

static int bind_inet(const port_address_t *at, int type) {
    socket_name_t name;
    socklen_t size = name_of(at, &name);
    if (size == 0) return MK_EINVAL;
    int handle = make_socket(name.any.sa_family, type);
    if (handle < 0) return handle;
    if (type == SOCK_STREAM) {
        set_option(handle, SOL_SOCKET, SO_REUSEADDR, 1);
        set_option(handle, IPPROTO_TCP, TCP_NODELAY, 1); /* accepted ones inherit it */
    }
    if (name.any.sa_family == AF_INET6)
        set_option(handle, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    return bind(handle, &name.any, size) == 0 ? handle : give_up(handle);
}

int port_socket_listen(const port_address_t *at, unsigned backlog) {
    int handle = bind_inet(at, SOCK_STREAM);
    return handle >= 0 ? begin_listen(handle, backlog) : handle;
}

/* --- unix listeners --- */

/* A socket file at which nobody listens. */
static bool is_dead(const char *path) {
    struct stat facts;
    if (lstat(path, &facts) != 0 || !S_ISSOCK(facts.st_mode)) return false;
    int handle = port_socket_connect_unix(path);
    if (handle >= 0) close(handle);
    return handle == MK_EREFUSED;
}

/* The mode is set before anybody can connect: between bind and listen. */
static int bind_path(const char *path, unsigned mode) {
    socket_name_t name;
    socklen_t size = name_of_path(path, &name);
    if (size == 0) return MK_EINVAL;
    int handle = make_socket(AF_UNIX, SOCK_STREAM);
    if (handle < 0) return handle;
    if (bind(handle, &name.any, size) != 0) return give_up(handle);
    if (chmod(path, (mode_t)mode) == 0) return handle;
    int code = give_up(handle);
    (void)unlink(path);
    return code;
}

int port_socket_listen_unix(const char *path, unsigned mode, unsigned backlog) {
    int handle = bind_path(path, mode);
    if (handle == MK_EEXIST && is_dead(path) && unlink(path) == 0)
        handle = bind_path(path, mode);
    return handle >= 0 ? begin_listen(handle, backlog) : handle;
}

/* The file is ours as long as connecting to it reaches our socket. So that is ended
 * first: when the path is refused then, there is no younger listener behind it. */
void port_socket_close_listener(int handle) {
    if (handle < 0) return;
    socket_name_t name;
    socklen_t size = sizeof name;
    memset(&name, 0, sizeof name);
    bool has_name = getsockname(handle, &name.any, &size) == 0;
    if (has_name && name.any.sa_family == AF_UNIX && name.local.sun_path[0] != '\0') {
        (void)shutdown(handle, SHUT_RDWR);
        if (is_dead(name.local.sun_path)) (void)unlink(name.local.sun_path);
    }
    close(handle);
}

/* --- accepting --- */

/* Errors of one connection (it went away, the network of its peer did) say nothing
 * about the listener: look for the next one. */
static bool is_of_one_peer(int problem) {
    return problem == EINTR || problem == ECONNABORTED || problem == EPROTO ||
           problem == ENOPROTOOPT || problem == ENETDOWN || problem == EHOSTDOWN ||
           problem == ENONET || problem == EHOSTUNREACH || problem == ENETUNREACH ||
           problem == EOPNOTSUPP || problem == EPERM;
}

enum { ACCEPT_TRIES = 16 }; /* then let the loop come round */

int port_socket_accept(int listener, port_address_t *peer) {
    for (int tries = 0; tries < ACCEPT_TRIES; tries++) {
        socket_name_t name;
        socklen_t size = sizeof name;
        memset(&name, 0, sizeof name);
        int handle = accept4(listener, &name.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (handle >= 0) {
            if (peer != NULL) read_name(&name, peer);
            return handle;
        }
        if (!is_of_one_peer(errno)) return socket_error(errno);
    }
    return MK_EAGAIN;
}

int port_socket_spare(void) {
    int handle = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return handle >= 0 ? handle : MK_ENOMEM;
}

bool port_socket_shed(int listener, int *spare) {
    if (*spare < 0) return false;
    close(*spare);
    int handle = port_socket_accept(listener, NULL);
    if (handle >= 0) close(handle);
    *spare = port_socket_spare();
    if (*spare < 0) *spare = -1;
    return handle >= 0;
}

/* --- reading and writing --- */

int port_socket_read(int handle, void *bytes, size_t size) {
    if (size > INT_MAX) size = INT_MAX;
    ssize_t got = recv(handle, bytes, size, MSG_DONTWAIT);
    if (got > 0) return (int)got;
    if (got == 0) return size != 0 ? MK_EEND : MK_EINVAL;
    return socket_error(errno);
}

int port_socket_write(int handle, const port_slice_t *slices, size_t count) {
    ssize_t put;
    if (count == 1) {
        size_t size = slices->size < INT_MAX ? slices->size : INT_MAX;
        put = send(handle, slices->bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
        struct iovec parts[PORT_SLICES_MAX];
        struct msghdr message;
        size_t total = 0;
        memset(&message, 0, sizeof message);
        message.msg_iov = parts;
        for (size_t i = 0; i < count && i < PORT_SLICES_MAX; i++) {
            size_t room = INT_MAX - total;
            size_t size = slices[i].size < room ? slices[i].size : room;
            union {
                const void *borrowed;
                void *base;
            } bytes = {slices[i].bytes}; /* struct iovec knows no const */
            parts[i] = (struct iovec){bytes.base, size};
            message.msg_iovlen = i + 1;
            total += size;
        }
        put = sendmsg(handle, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    return put >= 0 ? (int)put : socket_error(errno);
}

int port_socket_finish(int handle) {
    return shutdown(handle, SHUT_WR) == 0 ? MK_OK : socket_error(errno);
}

int port_socket_error(int handle) {
    int problem = 0;
    socklen_t size = sizeof problem;
    if (getsockopt(handle, SOL_SOCKET, SO_ERROR, &problem, &size) != 0)
        return socket_error(errno);
    return problem != 0 ? socket_error(problem) : MK_OK;
}

void port_socket_close(int handle) {
    if (handle >= 0) close(handle);
}

void port_socket_abort(int handle) {
    if (handle < 0) return;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(handle, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(handle);
}

static int told_name(int result, const socket_name_t *name, port_address_t *address) {
    if (result != 0) return socket_error(errno);
    read_name(name, address);
    return MK_OK;
}

int port_socket_local(int handle, port_address_t *address) {
    socket_name_t name;
    socklen_t size = sizeof name;
    memset(&name, 0, sizeof name);
    return told_name(getsockname(handle, &name.any, &size), &name, address);
}

int port_socket_peer(int handle, port_address_t *address) {
    socket_name_t name;
    socklen_t size = sizeof name;
    memset(&name, 0, sizeof name);
    return told_name(getpeername(handle, &name.any, &size), &name, address);
}

/* To connect a socket for datagrams asks the routing table and nobody else. */
int port_socket_source(const port_address_t *to, port_address_t *from) {
    socket_name_t name;
    socklen_t size = name_of(to, &name);
    if (size == 0) return MK_EINVAL;
    int handle = make_socket(name.any.sa_family, SOCK_DGRAM);
    if (handle < 0) return handle;
    int result = connect(handle, &name.any, size) == 0 ? port_socket_local(handle, from)
                                                       : socket_error(errno);
    port_socket_close(handle);
    return result;
}

/* --- datagrams --- */

int port_udp_open(const port_address_t *at) {
    return bind_inet(at, SOCK_DGRAM);
}

int port_udp_send(int handle, const port_address_t *to, const void *bytes,
                  size_t size) {
    socket_name_t name;
    socklen_t name_size = name_of(to, &name);
    if (name_size == 0) return MK_EINVAL;
    ssize_t put = sendto(handle, bytes, size, MSG_NOSIGNAL, &name.any, name_size);
    return put >= 0 ? MK_OK : socket_error(errno);
}

int port_udp_receive(int handle, port_address_t *from, void *bytes, size_t size) {
    socket_name_t name;
    socklen_t name_size = sizeof name;
    memset(&name, 0, sizeof name);
    ssize_t got = recvfrom(handle, bytes, size, MSG_TRUNC, &name.any, &name_size);
    if (got < 0) return socket_error(errno);
    if (from != NULL) read_name(&name, from);
    return (int)got;
}
