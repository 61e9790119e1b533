/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.h - non-blocking sockets: tcp, unix streams, udp.
 *
 * A socket is a handle of the poller (poller.h). No call blocks, raises a signal or
 * leaves a descriptor to child processes; each makes one system call where the system
 * allows. Called on the thread of the loop. Errors, beside those named with a call:
 * MK_EAGAIN (wait for readiness), MK_ECLOSED (reset, or written after the peer was
 * gone), MK_EREFUSED, MK_EUNREACH, MK_ETIMEOUT, MK_EEXIST (the address is in use),
 * MK_EPERM, MK_ENOENT (no such unix path), MK_ENOMEM (no memory or no descriptor left),
 * MK_EINVAL, MK_EIO, MK_ENOTSUP (the platform has no sockets, or not of this family).
 */
#ifndef MK_PORT_SOCKETS_H
#define MK_PORT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PORT_FAMILY_NONE = 0, /* not known, or a unix socket */
    PORT_FAMILY_INET = 4,
    PORT_FAMILY_INET6 = 6
};

/* Where an internet socket is. All zero: nowhere. */
typedef struct {
    uint8_t family;    /* PORT_FAMILY_... */
    uint8_t bytes[16]; /* network order; the first 4 for INET */
    uint16_t port;     /* host order */
    uint32_t scope;    /* of a link-local INET6 address: its interface, else 0 */
} port_address_t;

/* Bytes to be written; borrowed. */
typedef struct {
    const void *bytes; /* may be NULL when size is 0 */
    size_t size;
} port_slice_t;

enum { PORT_SLICES_MAX = 16 }; /* taken by one port_socket_write; more are left over */

/* --- streams --- */

/* Begin to connect. Returns a handle, which is writable once it is known how that went
 * (port_socket_connected), or an error known at once. */
int port_socket_connect(const port_address_t *to);

/* The same to a unix socket. MK_EINVAL: path empty or too long. MK_EAGAIN: its queue is
 * full, try again later. */
int port_socket_connect_unix(const char *path);

/* Send small writes at once (TCP_NODELAY): for a socket that the program brought; those
 * made here do. Ignored where it means nothing. */
void port_socket_set_no_delay(int handle);

/* How connecting went: MK_OK, MK_EAGAIN (still under way) or why not. */
int port_socket_connected(int handle);

/* Listen. Port 0: any free one. INET6 "any" takes INET peers too. Returns a handle. */
int port_socket_listen(const port_address_t *at, unsigned backlog);

/* Listen at a path; `mode` are the file's permission bits (0600). A socket file that
 * nobody listens at is replaced; any other file there is MK_EEXIST. Returns a handle.
 */
int port_socket_listen_unix(const char *path, unsigned mode, unsigned backlog);

/* Close a listener; peers that wait are refused. Its file is removed, unless a younger
 * listener has put its own there. Negative handles are ignored. */
void port_socket_close_listener(int handle);

/* Take one waiting connection: a handle; MK_EAGAIN when there is none (any more),
 * MK_ENOMEM when memory or descriptors are short: then the connection goes on waiting.
 * `*peer`, unless NULL, is where it comes from; family NONE for unix. */
int port_socket_accept(int listener, port_address_t *peer);

/* A descriptor kept for port_socket_shed; a handle or MK_ENOMEM. */
int port_socket_spare(void);

/* Out of descriptors: give up `*spare`, take one waiting connection, close it at once,
 * and make a spare again (-1 in `*spare` when that fails). True: one was shed. */
bool port_socket_shed(int listener, int *spare);

/* 1..size bytes (size is at most INT_MAX, and not 0); MK_EEND when the peer has
 * finished; or an error. */
int port_socket_read(int handle, void *bytes, size_t size);

/* 1..total bytes taken, or an error. At least one slice is not empty. */
int port_socket_write(int handle, const port_slice_t *slices, size_t count);

/* No more will be written: the peer reads to the end. MK_OK or an error. */
int port_socket_finish(int handle);

/* What has gone wrong since the last call, as poller.h tells by PORT_POLL_ERR: MK_OK
 * when nothing. */
int port_socket_error(int handle);

/* Close. What was written before is still sent, unless unread input is left: then the
 * peer is reset. Negative handles are ignored. */
void port_socket_close(int handle);

/* Close and reset: nothing more is sent. */
void port_socket_abort(int handle);

/* The own or the other end of a socket; MK_OK or an error. Unix sockets: family NONE.
 */
int port_socket_local(int handle, port_address_t *address);
int port_socket_peer(int handle, port_address_t *address);

/* The address that a connection to `to` would come from, without sending anything.
 * MK_OK; MK_ENOENT and others: there is no way there; MK_ENOTSUP: nobody knows. */
int port_socket_source(const port_address_t *to, port_address_t *from);

/* --- datagrams --- */

/* A udp socket at an address; port 0: any free one. Returns a handle. */
int port_udp_open(const port_address_t *at);

/* Send one datagram. MK_OK; MK_ETOOBIG; MK_EAGAIN; or an error. */
int port_udp_send(int handle, const port_address_t *to, const void *bytes, size_t size);

/* Take one datagram: its size (0 is possible), which may be more than `size`: the rest
 * is lost then. MK_EAGAIN, or an error that an earlier datagram met (MK_EREFUSED). */
int port_udp_receive(int handle, port_address_t *from, void *bytes, size_t size);

#endif
