/* SPDX-License-Identifier: Apache-2.0 */
/* sockets_none.c - this machine has no network. */
#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/resolver.h"
#include "port/sockets.h"

int port_socket_connect(const port_address_t *to) {
    (void)to;
    return MK_ENOTSUP;
}

int port_socket_connect_unix(const char *path) {
    (void)path;
    return MK_ENOTSUP;
}

void port_socket_set_no_delay(int handle) {
    (void)handle;
}

int port_socket_connected(int handle) {
    (void)handle;
    return MK_ENOTSUP;
}

int port_socket_listen(const port_address_t *at, unsigned backlog) {
    (void)at;
    (void)backlog;
    return MK_ENOTSUP;
}

int port_socket_listen_unix(const char *path, unsigned mode, unsigned backlog) {
    (void)path;
    (void)mode;
    (void)backlog;
    return MK_ENOTSUP;
}

void port_socket_close_listener(int handle) {
    (void)handle;
}

int port_socket_accept(int listener, port_address_t *peer) {
    (void)listener;
    (void)peer;
    return MK_ENOTSUP;
}

int port_socket_spare(void) {
    return MK_ENOTSUP;
}

bool port_socket_shed(int listener, int *spare) {
    (void)listener;
    (void)spare;
    return false;
}

int port_socket_read(int handle, void *bytes, size_t size) {
    (void)handle;
    (void)bytes;
    (void)size;
    return MK_ENOTSUP;
}

int port_socket_write(int handle, const port_slice_t *slices, size_t count) {
    (void)handle;
    (void)slices;
    (void)count;
    return MK_ENOTSUP;
}

int port_socket_finish(int handle) {
    (void)handle;
    return MK_ENOTSUP;
}

int port_socket_error(int handle) {
    (void)handle;
    return MK_ENOTSUP;
}

void port_socket_close(int handle) {
    (void)handle;
}

void port_socket_abort(int handle) {
    (void)handle;
}

int port_socket_source(const port_address_t *to, port_address_t *from) {
    (void)to;
    (void)from;
    return MK_ENOTSUP;
}

int port_socket_local(int handle, port_address_t *address) {
    (void)handle;
    (void)address;
    return MK_ENOTSUP;
}

int port_socket_peer(int handle, port_address_t *address) {
    (void)handle;
    (void)address;
    return MK_ENOTSUP;
}

int port_udp_open(const port_address_t *at) {
    (void)at;
    return MK_ENOTSUP;
}

int port_udp_send(int handle, const port_address_t *to, const void *bytes,
                  size_t size) {
    (void)handle;
    (void)to;
    (void)bytes;
    (void)size;
    return MK_ENOTSUP;
}

int port_udp_receive(int handle, port_address_t *from, void *bytes, size_t size) {
    (void)handle;
    (void)from;
    (void)bytes;
    (void)size;
    return MK_ENOTSUP;
}

struct port_resolver {
    port_resolver_hooks_t hooks;
};

port_resolver_t *port_resolver_open(const port_resolver_hooks_t *hooks,
                                    const port_resolver_options_t *options) {
    (void)options;
    port_resolver_t *resolver = mk_alloc(sizeof *resolver);
    if (resolver != NULL) resolver->hooks = *hooks;
    return resolver;
}

void port_resolver_close(port_resolver_t *resolver) {
    mk_free(resolver);
}

void port_resolver_ask(port_resolver_t *resolver, const char *name, uint8_t family,
                       void *question) {
    (void)name;
    (void)family;
    port_answer_t answer = {.code = MK_ENOTSUP, .text = "this machine has no network"};
    resolver->hooks.answer(resolver->hooks.ctx, question, &answer);
}

void port_resolver_ready(port_resolver_t *resolver, int handle, uint32_t events) {
    (void)resolver;
    (void)handle;
    (void)events;
}

uint32_t port_resolver_wait_ms(port_resolver_t *resolver) {
    (void)resolver;
    return UINT32_MAX;
}

void port_resolver_tick(port_resolver_t *resolver) {
    (void)resolver;
}
