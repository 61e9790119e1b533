/* SPDX-License-Identifier: Apache-2.0 */
/* mk_socket.c - blocking is done by a runtime of its own, which runs until the
 * connector has its answer: so there is one way to connect. */
#include "microkernel/mk_socket.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "net/blocking.h"
#include "port/sockets.h"

#include <stddef.h>

typedef struct {
    mk_socket_t socket; /* first */
    int handle;
} plain_socket_t;

static int handle_of(const mk_socket_t *self) {
    return ((const plain_socket_t *)(const void *)self)->handle;
}

static ssize_t read_plain(mk_socket_t *self, uint8_t *buf, size_t len) {
    if (len == 0) return 0;
    int got = port_socket_read(handle_of(self), buf, len);
    if (got == MK_EEND) return 0;
    return got >= 0 ? got : -1;
}

static ssize_t write_plain(mk_socket_t *self, const uint8_t *buf, size_t len) {
    if (len == 0) return 0;
    port_slice_t slice = {buf, len};
    int put = port_socket_write(handle_of(self), &slice, 1);
    return put >= 0 ? put : -1;
}

static void close_plain(mk_socket_t *self) {
    port_socket_close(handle_of(self));
    mk_free(self);
}

static int get_fd(mk_socket_t *self) {
    return handle_of(self);
}

mk_socket_t *mk_socket_tcp_wrap(int fd) {
    plain_socket_t *plain = fd >= 0 ? mk_calloc(1, sizeof *plain) : NULL;
    if (plain == NULL) return NULL;
    plain->handle = fd;
    plain->socket = (mk_socket_t){.read = read_plain,
                                  .write = write_plain,
                                  .close = close_plain,
                                  .get_fd = get_fd};
    return &plain->socket;
}

mk_socket_t *mk_socket_tcp_connect(const char *host, uint16_t port) {
    int handle = blocking_connect(host, port);
    mk_socket_t *socket = handle >= 0 ? mk_socket_tcp_wrap(handle) : NULL;
    if (socket == NULL && handle >= 0) port_socket_close(handle);
    return socket;
}
