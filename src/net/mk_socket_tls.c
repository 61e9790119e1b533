/* SPDX-License-Identifier: Apache-2.0 */
/* mk_socket_tls.c - mk_socket.h with TLS: connecting is that of plain sockets, and the
 * handshake waits with a poller of its own. The engine is used without a runtime, since
 * afterwards there is none. */
#include "microkernel/mk_socket.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "net/blocking.h"
#include "port/clock.h"
#include "port/poller.h"
#include "port/sockets.h"
#include "port/tls.h"

#include <limits.h>
#include <stddef.h>

typedef struct {
    mk_socket_t socket; /* first */
    int handle;
    port_tls_t *tls;
} tls_socket_t;

static tls_socket_t *secure_of(mk_socket_t *self) {
    return (tls_socket_t *)(void *)self;
}

static int carry_in(void *ctx, void *bytes, size_t cap) {
    const tls_socket_t *secure = ctx;
    return port_socket_read(secure->handle, bytes, cap < INT_MAX ? cap : INT_MAX);
}

static int carry_out(void *ctx, const void *bytes, size_t size) {
    const tls_socket_t *secure = ctx;
    port_slice_t slice = {bytes, size};
    return port_socket_write(secure->handle, &slice, 1);
}

static const port_tls_carrier_t carrier = {carry_in, carry_out};

static ssize_t read_secure(mk_socket_t *self, uint8_t *buf, size_t len) {
    if (len == 0) return 0;
    int got = port_tls_read(secure_of(self)->tls, buf, len);
    if (got == MK_EEND) return 0;
    return got >= 0 ? got : -1;
}

static ssize_t write_secure(mk_socket_t *self, const uint8_t *buf, size_t len) {
    if (len == 0) return 0;
    int put = port_tls_write(secure_of(self)->tls, buf, len);
    return put >= 0 ? put : -1;
}

static void close_secure(mk_socket_t *self) {
    tls_socket_t *secure = secure_of(self);
    if (secure->tls != NULL) (void)port_tls_finish(secure->tls);
    port_tls_close(secure->tls);
    port_socket_close(secure->handle);
    mk_free(secure);
}

static int get_fd(mk_socket_t *self) {
    return secure_of(self)->handle;
}

/* Wait and go on until the handshake is over. */
static int shake_hands(tls_socket_t *secure, port_poller_t *poller) {
    uint64_t deadline_ns =
        port_clock_monotonic_ns() + (uint64_t)MK_TLS_HANDSHAKE_MS * UINT64_C(1000000);
    for (;;) {
        port_event_t event;
        int result = port_tls_handshake(secure->tls);
        if (result != MK_EAGAIN) return result;
        uint32_t interest = PORT_POLL_IN;
        if (port_tls_has_output(secure->tls)) interest |= PORT_POLL_OUT;
        if (port_poller_change(poller, secure->handle, interest, secure) != MK_OK)
            return MK_ENOMEM;
        (void)port_poller_wait(poller, &event, 1, deadline_ns);
        if (port_clock_monotonic_ns() >= deadline_ns) return MK_ETIMEOUT;
    }
}

/* From a connected handle to one that has shaken hands. */
static int secure_it(tls_socket_t *secure, const char *host, mk_writer_t *why) {
    port_tls_config_t *config;
    port_tls_options_t options = {.is_server = false};
    int result = port_tls_config_create(&config, &options, why);
    if (result != MK_OK) return result;
    result = port_tls_open(&secure->tls, config, host, &carrier, secure);
    port_tls_config_release(config); /* the connection holds it */
    if (result != MK_OK) return result;
    port_poller_t *poller = port_poller_open();
    result = poller != NULL
                 ? port_poller_add(poller, secure->handle, PORT_POLL_IN, secure)
                 : MK_ENOMEM;
    if (result == MK_OK) {
        result = shake_hands(secure, poller);
        writer_str(why, port_tls_why(secure->tls));
        port_poller_remove(poller, secure->handle);
    }
    port_poller_close(poller);
    return result;
}

static mk_socket_t *connect_secure(const char *host, uint16_t port, mk_writer_t *why) {
    if (!port_tls_is_available()) {
        writer_str(why, "TLS is not part of this build");
        return NULL;
    }
    int handle = blocking_connect(host, port);
    if (handle < 0) {
        writer_str(why, "cannot connect: ");
        writer_str(why, mk_error_text(handle));
        return NULL;
    }
    tls_socket_t *secure = mk_calloc(1, sizeof *secure);
    if (secure == NULL) {
        port_socket_close(handle);
        writer_str(why, mk_error_text(MK_ENOMEM));
        return NULL;
    }
    secure->handle = handle;
    secure->socket = (mk_socket_t){.read = read_secure,
                                   .write = write_secure,
                                   .close = close_secure,
                                   .get_fd = get_fd};
    int result = secure_it(secure, host, why);
    if (result == MK_OK) return &secure->socket;
    if (result == MK_ETIMEOUT)
        writer_str(why, "the TLS handshake took too long");
    else if (writer_text(why).size == 0)
        writer_str(why, mk_error_text(result));
    close_secure(&secure->socket);
    return NULL;
}

mk_socket_t *mk_socket_tls_connect_why(const char *host, uint16_t port, char *why,
                                       size_t cap) {
    mk_writer_t out;
    writer_init(&out, why, cap);
    return connect_secure(host, port, &out);
}

mk_socket_t *mk_socket_tls_connect(const char *host, uint16_t port) {
    return mk_socket_tls_connect_why(host, port, NULL, 0);
}
