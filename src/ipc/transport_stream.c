/* SPDX-License-Identifier: Apache-2.0 */
/* transport_stream.c - transports over unix and tcp sockets.
 *
 * No loop stands behind these functions: what the socket does not take of a message
 * waits in `output` and is tried again by the next call of any of them, so a stream
 * never carries half a message followed by another. An end or an error of the
 * connection is noticed by the call that meets it; what had come whole before is still
 * handed out. A listener is kept for the next peer.
 *
 * Invariant: `fd` is the connection while there is one, else the listener, else -1. */
#include "base/alloc.h"
#include "base/check.h"
#include "ipc/frame_reader.h"
#include "ipc/transport_facts.h"
#include "microkernel/transport_tcp.h"
#include "microkernel/transport_unix.h"
#include "net/blocking.h"

enum {
    INPUT_SIZE = 16384,
    BACKLOG = 4, /* one is accepted; others wait for their turn */
    UNIX_MODE = 0600
};

typedef struct {
    int listener;          /* handle; -1: none */
    bool is_open;          /* fd is a connection */
    bool is_mute;          /* it takes nothing any more, but may have more to read */
    frame_reader_t reader; /* of the connection */
    buffer_t output;       /* of the connection */
    const uint8_t *at;     /* in input: what was not read yet */
    size_t left;           /* of it */
    uint8_t input[INPUT_SIZE];
} stream_transport_t;

static stream_transport_t *of(const transport_t *transport) {
    return transport->impl;
}

/* --- the connection --- */

static void begin(transport_t *transport, int handle) {
    stream_transport_t *self = of(transport);
    transport->fd = handle;
    self->is_open = true;
    self->is_mute = false;
    self->left = 0;
    frame_reader_init(&self->reader, MK_WIRE_PAYLOAD_MAX);
    buffer_init(&self->output, SIZE_MAX);
}

static void drop(transport_t *transport) {
    stream_transport_t *self = of(transport);
    if (!self->is_open) return;
    port_socket_close(transport->fd);
    self->is_open = false;
    self->is_mute = false;
    self->left = 0;
    frame_reader_deinit(&self->reader);
    buffer_deinit(&self->output);
    transport->fd = self->listener;
}

/* Whether there is a connection. A peer that waits is accepted. */
static bool connect_peer(transport_t *transport) {
    stream_transport_t *self = of(transport);
    if (self->is_open) return true;
    if (self->listener < 0) return false;
    int handle = port_socket_accept(self->listener, NULL);
    if (handle < 0) return false;
    begin(transport, handle);
    return true;
}

/* Write what the socket takes. Once it fails nothing is written any more; what has come
 * may still be read. */
static void write_output(transport_t *transport) {
    stream_transport_t *self = of(transport);
    while (buffer_size(&self->output) > 0) {
        port_slice_t slice = {buffer_bytes(&self->output), buffer_size(&self->output)};
        int put = port_socket_write(transport->fd, &slice, 1);
        if (put == MK_EAGAIN) return;
        self->is_mute = put < 0;
        buffer_consume(&self->output, put < 0 ? SIZE_MAX : (size_t)put);
    }
    if (self->output.cap > INPUT_SIZE) buffer_deinit(&self->output);
}

/* Read once, when nothing is left; the end drops the connection. True: there are bytes.
 */
static bool fill(transport_t *transport) {
    stream_transport_t *self = of(transport);
    if (self->left > 0) return true;
    int got = port_socket_read(transport->fd, self->input, INPUT_SIZE);
    if (got < 0 && got != MK_EAGAIN) drop(transport);
    if (got < 0) return false;
    self->at = self->input;
    self->left = (size_t)got;
    return true;
}

/* --- the five functions --- */

/* Whether the bound leaves room for as much; an empty output takes any one message. */
static bool has_room(const stream_transport_t *self, size_t size) {
    size_t waiting = buffer_size(&self->output);
    return waiting == 0 || waiting + size <= MK_LINK_OUTPUT_MAX;
}

static bool send_message(transport_t *transport, const message_t *msg) {
    stream_transport_t *self = of(transport);
    size_t payload = msg != NULL && msg->payload != NULL ? msg->payload_size : 0;
    uint8_t *room;
    if (msg == NULL || payload > MK_WIRE_PAYLOAD_MAX || !connect_peer(transport))
        return false;
    if (!has_room(self, WIRE_HEADER_SIZE + payload)) write_output(transport);
    if (self->is_mute || !has_room(self, WIRE_HEADER_SIZE + payload) ||
        buffer_reserve(&self->output, WIRE_HEADER_SIZE + payload, &room) != MK_OK)
        return false;
    wire_message_t message = {.source = msg->source,
                              .dest = msg->dest,
                              .type = msg->type,
                              .payload = msg->payload,
                              .payload_size = payload};
    frame_put(room, &message);
    buffer_commit(&self->output, WIRE_HEADER_SIZE + payload);
    write_output(transport);
    return !self->is_mute;
}

static message_t *receive(transport_t *transport) {
    stream_transport_t *self = of(transport);
    if (!connect_peer(transport)) return NULL;
    write_output(transport);
    do {
        wire_message_t message;
        int result = frame_reader_next(&self->reader, &self->at, &self->left, &message);
        if (result == MK_OK) {
            message_t *msg = message_create(message.source, message.dest, message.type,
                                            message.payload, message.payload_size);
            if (msg == NULL) drop(transport); /* a gap would be worse than an end */
            return msg;
        }
        if (result != MK_EAGAIN) {
            drop(transport);
            return NULL;
        }
    } while (fill(transport));
    return NULL;
}

static bool is_connected(transport_t *transport) {
    const stream_transport_t *self = of(transport);
    if (!connect_peer(transport)) return false;
    (void)fill(transport);
    return self->is_open && !self->is_mute;
}

static void destroy(transport_t *transport) {
    if (transport == NULL) return;
    stream_transport_t *self = of(transport);
    if (self->is_open) write_output(transport);
    drop(transport);
    port_socket_close_listener(self->listener);
    mk_free(self);
    mk_free(transport);
}

bool transport_stream_facts(const transport_t *transport, transport_facts_t *out) {
    if (transport->destroy != destroy) return false;
    const stream_transport_t *self = of(transport);
    *out = (transport_facts_t){.waiting = buffer_size(&self->output),
                               .is_connected = self->is_open,
                               .is_listening = self->listener >= 0,
                               .payload_max = MK_WIRE_PAYLOAD_MAX};
    return true;
}

void transport_disconnect(transport_t *transport) {
    if (transport->destroy == destroy) drop(transport);
}

/* --- making --- */

/* Around a listener or a connection; the other is -1. Both are the caller's when it
 * fails. */
static transport_t *make(int listener, int handle, node_id_t peer_node) {
    transport_t *transport = transport_make(peer_node, sizeof(stream_transport_t));
    if (transport == NULL) return NULL;
    stream_transport_t *self = of(transport);
    transport->send = send_message;
    transport->recv = receive;
    transport->is_connected = is_connected;
    transport->destroy = destroy;
    self->listener = listener;
    transport->fd = listener;
    if (handle >= 0) begin(transport, handle);
    return transport;
}

static transport_t *make_listening(int listener, node_id_t peer_node) {
    if (listener < 0) return NULL;
    transport_t *transport = make(listener, -1, peer_node);
    if (transport == NULL) port_socket_close_listener(listener);
    return transport;
}

static transport_t *make_connected(int handle, node_id_t peer_node) {
    if (handle < 0) return NULL;
    transport_t *transport = make(-1, handle, peer_node);
    if (transport == NULL) port_socket_close(handle);
    return transport;
}

transport_t *transport_unix_listen(const char *path, node_id_t peer_node) {
    if (path == NULL) return NULL;
    return make_listening(port_socket_listen_unix(path, UNIX_MODE, BACKLOG), peer_node);
}

transport_t *transport_unix_connect(const char *path, node_id_t peer_node) {
    if (path == NULL) return NULL;
    int handle = port_socket_connect_unix(path);
    if (handle >= 0 && port_socket_connected(handle) != MK_OK) {
        port_socket_close(handle);
        return NULL;
    }
    return make_connected(handle, peer_node);
}

transport_t *transport_tcp_listen(const char *host, uint16_t port,
                                  node_id_t peer_node) {
    port_address_t at;
    if (transport_address(host, port, &at) != MK_OK) return NULL;
    return make_listening(port_socket_listen(&at, BACKLOG), peer_node);
}

transport_t *transport_tcp_connect(const char *host, uint16_t port,
                                   node_id_t peer_node) {
    if (host == NULL || port == 0) return NULL;
    return make_connected(blocking_connect(host, port), peer_node);
}

transport_t *transport_tcp_from_fd(int fd, node_id_t peer_node) {
    if (fd < 0) return NULL;
    transport_t *transport = make(-1, fd, peer_node);
    if (transport != NULL) port_socket_set_no_delay(fd);
    return transport;
}
