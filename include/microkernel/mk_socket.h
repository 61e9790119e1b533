/* SPDX-License-Identifier: Apache-2.0 */
/* mk_socket.h - a connected socket as an object, for code outside the loop.
 *
 * Connecting BLOCKS the calling thread: it is for start, tools and threads of a
 * program's own. Inside a behaviour all other actors would wait; there the functions of
 * http.h are used. After connecting nothing blocks. */
#ifndef MICROKERNEL_MK_SOCKET_H
#define MICROKERNEL_MK_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mk_socket mk_socket_t;

struct mk_socket {
    /* Take up to `len` bytes that have come: how many; 0 when the peer has finished; -1
     * when there are none now, or the connection broke. Never blocks. */
    ssize_t (*read)(mk_socket_t *self, uint8_t *buf, size_t len);
    /* Hand over the front of `buf`: how many bytes were taken; -1 when there is no room
     * now, or the connection broke. Never blocks, never raises SIGPIPE. */
    ssize_t (*write)(mk_socket_t *self, const uint8_t *buf, size_t len);
    /* Close and free; takes `self`. */
    void (*close)(mk_socket_t *self);
    /* The descriptor, to wait for (actor_watch_fd, poll); it stays the socket's. */
    int (*get_fd)(mk_socket_t *self);
    void *ctx; /* the implementation's own */
};

/* Connect to `port` (1..65535) of a host, by name or numeric address; both address
 * families are tried (RFC 8305), for MK_CONNECT_TIMEOUT_MS at most. Blocks meanwhile.
 * `host` is borrowed. Returns owned (end with its close), or NULL when it cannot be
 * reached or memory is short. */
mk_socket_t *mk_socket_tcp_connect(const char *host, uint16_t port);

/* The same object around a connected stream socket, blocking or not. Takes `fd`;
 * returns owned, or NULL when memory is short or `fd` negative: then `fd` stays the
 * caller's. */
mk_socket_t *mk_socket_tcp_wrap(int fd);

/* The functions below are there. In a build without TLS they answer NULL and say so. */
#ifndef HAVE_TLS
#define HAVE_TLS 1
#endif

/* As mk_socket_tcp_connect, with TLS 1.2 or 1.3: the certificate must be for `host` and
 * vouched for by the roots of the system (or those of the file SSL_CERT_FILE). Blocks
 * for MK_CONNECT_TIMEOUT_MS and MK_TLS_HANDSHAKE_MS at most. Of the object: read until
 * -1 before waiting for the descriptor, since bytes may have come already; the end of
 * what write took may go out only with the next read, write or close; an end without
 * the goodbye of TLS is -1, and not 0, since what was read may be cut short. NULL: it
 * cannot be reached or trusted, there is no TLS, or memory is short. */
mk_socket_t *mk_socket_tls_connect(const char *host, uint16_t port);

/* The same; after NULL `why` (of `cap` bytes, ends in NUL) says what failed: "the
 * certificate of a.test is not accepted: certificate has expired". */
mk_socket_t *mk_socket_tls_connect_why(const char *host, uint16_t port, char *why,
                                       size_t cap);

#ifdef __cplusplus
}
#endif

#endif
