/* SPDX-License-Identifier: Apache-2.0 */
/* http_server.c - the server of a runtime: its ports, who owns them, and how they stop.
 *
 * A port that is closed stays until its last connection has ended, because that has its
 * options. A connection is on the list of its port at all times; those that idle are
 * moved to its end, so the front of the list holds whoever has been idle longest: it is
 * shed when the port is full. */
#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "kernel/inside.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/names.h"
#include "net/address.h"
#include "net/http_receive.h"

#include <string.h>

static void end_actor(part_t *part, runtime_t *rt, actor_id_t id);
static void destroy_service(part_t *part, runtime_t *rt);
static const part_ops_t service_ops = {NULL, end_actor, destroy_service};

http_service_t *http_service_find(runtime_t *rt) {
    return rt != NULL ? (http_service_t *)part_find(rt, &service_ops) : NULL;
}

static void end_grace(deadline_t *deadline, runtime_t *rt);

http_service_t *http_service_get(runtime_t *rt) {
    http_service_t *service = http_service_find(rt);
    if (service != NULL || rt == NULL) return service;
    service = mk_calloc(1, sizeof *service);
    if (service == NULL) return NULL;
    service->limits = http_limits_default();
    service->store = mk_alloc(http_store_size(&service->limits));
    if (service->store == NULL) {
        mk_free(service);
        return NULL;
    }
    service->rt = rt;
    list_init(&service->ports);
    pool_init(&service->blocks, sizeof(http_conn_t));
    deadline_init(&service->grace, end_grace);
    (void)part_attach(rt, &service->part, &service_ops);
    return service;
}

/* --- connections --- */

static http_port_t *port_at(list_node_t *node) {
    return MK_CONTAINER_OF(node, http_port_t, in_service);
}

static http_conn_t *conn_at(list_node_t *node) {
    return MK_CONTAINER_OF(node, http_conn_t, in_port);
}

/* Ports that nobody owns need somebody: runtime_run returns when no actor is left, and
 * whoever wants to stop the server has an actor to ask. */
static bool keep(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_SHUTDOWN) http_stop(rt, MK_HTTP_STOP_MS);
    return true;
}

static bool has_unowned(const http_service_t *service) {
    for (const list_node_t *node = service->ports.next; node != &service->ports;
         node = node->next)
        if (MK_CONTAINER_OF(node, const http_port_t, in_service)->options.owner == 0)
            return true;
    return false;
}

static int get_keeper(http_service_t *service) {
    if (service->keeper != 0) return MK_OK;
    service->keeper = actor_spawn(service->rt, keep, NULL, NULL, 2);
    if (service->keeper == 0) return MK_EFULL;
    part_claim(service->rt, service->keeper);
    (void)names_register_own(service->rt, "http", service->keeper); /* if it is free */
    return MK_OK;
}

static void end_keeper(http_service_t *service) {
    actor_id_t keeper = service->keeper;
    if (keeper == 0 || has_unowned(service)) return;
    service->keeper = 0;
    actor_stop(service->rt, keeper);
}

static void free_port_if_over(http_port_t *port) {
    http_service_t *service = port->service;
    if (!port->is_closed || port->conns_len > 0) return;
    list_remove(&port->in_service);
    http_port_tls_close(port->tls);
    mk_free(port);
    end_keeper(service);
}

void http_port_count_handshake(http_port_t *port, bool has_begun) {
    http_port_tls_t *tls = port->tls;
    bool was_full = tls->handshakes >= tls->handshakes_max;
    if (has_begun)
        tls->handshakes++;
    else
        tls->handshakes--;
    bool is_full = tls->handshakes >= tls->handshakes_max;
    if (is_full != was_full && !port->is_closed)
        listener_pause(port->service->rt, &port->listener, is_full);
}

void http_port_forget(http_port_t *port, http_conn_t *conn) {
    http_service_t *service = port->service;
    list_remove(&conn->in_port);
    port->conns_len--;
    pool_give(&service->blocks, conn);
    if (pool_wants_trim(&service->blocks)) pool_trim(&service->blocks, NULL, 0, false);
    free_port_if_over(port);
    if (service->is_stopping && list_is_empty(&service->ports)) {
        service->is_stopping = false;
        deadline_clear(service->rt, &service->grace);
    }
}

void http_port_log(http_port_t *port, http_conn_t *conn, int level, const char *text,
                   int status, const char *why) {
    runtime_t *rt = port->service->rt;
    if (!log_is_enabled(rt) || level < log_get_level(rt)) return;
    char peer[STREAM_PEER_MAX] = "?";
    if (conn != NULL) (void)stream_peer(&conn->channel.stream, peer, sizeof peer);
    log_field_t fields[] = {log_text("peer", peer), log_unsigned("port", port->number),
                            log_text("why", why), log_signed("status", status)};
    (void)log_event_for(rt, port->options.owner, level, text, fields,
                        status != 0 ? 4 : 3);
}

/* --- ports --- */

/* The connection that has been idle longest goes. False: none is idle. */
static bool shed_idle(http_port_t *port) {
    for (list_node_t *node = port->conns.next; node != &port->conns;
         node = node->next) {
        http_conn_t *conn = conn_at(node);
        if (!http_conn_is_idle(conn)) continue;
        port->service->counts.shed++;
        http_conn_drop(port->service->rt, conn);
        return true;
    }
    return false;
}

static void on_peer(listener_t *listener, runtime_t *rt, int handle,
                    const port_address_t *peer) {
    http_port_t *port = MK_CONTAINER_OF(listener, http_port_t, listener);
    (void)rt;
    if (port->conns_len < port->options.connections_max || shed_idle(port)) {
        http_conn_start(port, handle);
        return;
    }
    char text[ADDRESS_TEXT_MAX];
    log_field_t fields[] = {log_text("peer", address_format(peer, text, sizeof text)),
                            log_unsigned("port", port->number)};
    (void)log_event_for(rt, port->options.owner, LOG_WARN,
                        "connection refused: too many", fields, 2);
    port_socket_close(handle);
}

static void on_trouble(listener_t *listener, runtime_t *rt, int error) {
    http_port_t *port = MK_CONTAINER_OF(listener, http_port_t, listener);
    (void)rt;
    (void)shed_idle(port); /* which gives its descriptor */
    http_port_log(port, NULL, LOG_WARN, "cannot accept", 0, mk_error_text(error));
}

static const listener_events_t port_events = {.on_peer = on_peer,
                                              .on_trouble = on_trouble};

static void fill_in(http_listen_options_t *options) {
    if (options->header_ms == 0) options->header_ms = MK_HTTP_HEADER_MS;
    if (options->body_ms == 0) options->body_ms = MK_HTTP_BODY_MS;
    if (options->idle_ms == 0) options->idle_ms = MK_HTTP_IDLE_MS;
    if (options->handler_ms == 0) options->handler_ms = MK_HTTP_HANDLER_MS;
    if (options->write_ms == 0) options->write_ms = MK_HTTP_WRITE_MS;
    if (options->body_bytes_per_s == 0) options->body_bytes_per_s = MK_HTTP_BODY_RATE;
    if (options->output_mark == 0) options->output_mark = MK_HTTP_OUTPUT_MARK;
    if (options->connections_max == 0)
        options->connections_max = MK_HTTP_CONNECTIONS_MAX;
    if (options->body_max == 0) options->body_max = MK_HTTP_BODY_MAX;
    if (options->ws_message_max == 0) options->ws_message_max = MK_WS_MESSAGE_MAX;
    options->address = NULL;
    options->tls = NULL;
}

static int open_listener(runtime_t *rt, http_port_t *port, const char *address,
                         uint16_t number) {
    static const char unix_prefix[] = "unix:";
    text_t text = text_of(address);
    if (address != NULL && text_starts_with(text, text_of(unix_prefix)))
        return listener_open_unix(rt, &port->listener, address + sizeof unix_prefix - 1,
                                  0600, &port_events);
    port_address_t at = address_loopback(number);
    if (address != NULL && address_parse(text, number, &at) < 0) return MK_EINVAL;
    return listener_open(rt, &port->listener, &at, &port_events);
}

/* The listener and what it needs; the port is in the service then. */
static int open_port(http_port_t *port, const http_listen_options_t *options,
                     mk_writer_t *why) {
    http_service_t *service = port->service;
    runtime_t *rt = service->rt;
    int result = MK_OK;
    if (options->tls != NULL)
        result = http_port_tls_open(rt, options->tls, &port->tls, why);
    if (result == MK_OK && options->owner == 0) result = get_keeper(service);
    if (result == MK_OK)
        result = open_listener(rt, port, options->address, options->port);
    if (result < 0) return result;
    port->number = listener_port(&port->listener);
    if (port->tls != NULL) http_port_tls_start(port->tls, port->number);
    list_init(&port->in_service);
    list_insert_before(&service->ports, &port->in_service);
    if (options->owner != 0) part_claim(rt, options->owner);
    return port->number;
}

static int listen_at(runtime_t *rt, const http_listen_options_t *options,
                     mk_writer_t *why) {
    static const http_listen_options_t defaults;
    if (rt == NULL) return MK_EINVAL;
    if (options == NULL) options = &defaults;
    if (options->owner != 0 && !actor_is_alive(rt, options->owner)) return MK_EDEAD;
    http_service_t *service = http_service_get(rt);
    if (service == NULL) return MK_ENOMEM;
    http_port_t *port = mk_calloc(1, sizeof *port);
    if (port == NULL) return MK_ENOMEM;
    port->service = service;
    port->options = *options;
    fill_in(&port->options);
    port->ws_options = http_conn_ws_options();
    port->ws_options.message_max = port->options.ws_message_max;
    port->ws_options.deflate =
        ws_deflate_wish(options->ws_deflate, options->ws_window_bits);
    list_init(&port->conns);
    int result = open_port(port, options, why);
    if (result >= 0) return result;
    http_port_tls_close(port->tls);
    mk_free(port);
    end_keeper(service);
    return result;
}

int http_listen_why(runtime_t *rt, const http_listen_options_t *options, char *why,
                    size_t cap) {
    mk_writer_t w;
    writer_init(&w, why, why != NULL ? cap : 0);
    int result = listen_at(rt, options, &w);
    if (result < 0 && w.size == 0) writer_str(&w, mk_error_text(result));
    return result;
}

int http_listen(runtime_t *rt, const http_listen_options_t *options) {
    char why[256];
    int result = http_listen_why(rt, options, why, sizeof why);
    if (result >= 0 || options == NULL || options->tls == NULL) return result;
    log_field_t fields[] = {log_text("why", why), log_unsigned("port", options->port)};
    (void)log_event(rt, LOG_ERROR, "no https", fields, 2);
    return result;
}

/* No new connections; those that idle end. May free the port. */
static void close_port(http_port_t *port) {
    if (port->is_closed) return;
    listener_close(port->service->rt, &port->listener);
    port->conns_len++; /* keeps it while its connections end */
    for (list_node_t *node = port->conns.next; node != &port->conns;) {
        http_conn_t *conn = conn_at(node);
        node = node->next;
        http_conn_stop(port->service->rt, conn);
    }
    port->conns_len--;
    port->is_closed = true;
    free_port_if_over(port);
}

/* The open port with that number of that owner (0: any). */
static http_port_t *find_port(http_service_t *service, uint16_t number,
                              actor_id_t owner) {
    for (list_node_t *node = service->ports.next; node != &service->ports;
         node = node->next) {
        http_port_t *port = port_at(node);
        if (port->number == number && !port->is_closed &&
            (owner == 0 || port->options.owner == owner))
            return port;
    }
    return NULL;
}

static int unlisten(runtime_t *rt, uint16_t number, actor_id_t owner) {
    http_service_t *service = http_service_find(rt);
    http_port_t *port = service != NULL ? find_port(service, number, owner) : NULL;
    if (port == NULL) return MK_ENOENT;
    close_port(port);
    return MK_OK;
}

int http_unlisten(runtime_t *rt, uint16_t port) {
    return unlisten(rt, port, 0);
}

int http_listen_certificate(runtime_t *rt, uint16_t port, const char *certificate,
                            size_t certificate_size, const char *key, size_t key_size,
                            char *why, size_t cap) {
    mk_writer_t w;
    writer_init(&w, why, why != NULL ? cap : 0);
    http_service_t *service = http_service_find(rt);
    http_port_t *found = service != NULL ? find_port(service, port, 0) : NULL;
    if (found == NULL || found->tls == NULL) {
        writer_str(&w, "no port with TLS has this number");
        return MK_ENOENT;
    }
    return http_port_tls_change(found->tls, text_make(certificate, certificate_size),
                                text_make(key, key_size), &w);
}

int http_listen_reread(runtime_t *rt, uint16_t port) {
    http_service_t *service = http_service_find(rt);
    http_port_t *found = service != NULL ? find_port(service, port, 0) : NULL;
    if (found == NULL || found->tls == NULL) return MK_ENOENT;
    return http_port_tls_reread(found->tls);
}

static void tell_listen_error(runtime_t *rt, actor_id_t owner, uint16_t port,
                              int error) {
    http_error_payload_t payload;
    memset(&payload, 0, sizeof payload);
    payload.conn_id = port;
    payload.error_code = -1;
    mk_writer_t w;
    writer_init(&w, payload.message, sizeof payload.message);
    writer_str(&w, "cannot listen on port ");
    writer_unsigned(&w, port);
    writer_str(&w, ": ");
    writer_str(&w, mk_error_text(error));
    (void)actor__notify(rt, 0, owner, MSG_HTTP_LISTEN_ERROR, &payload, sizeof payload);
}

bool actor_http_listen(runtime_t *rt, uint16_t port) {
    actor_id_t self = rt != NULL ? actor_self(rt) : 0;
    if (self == 0) return false;
    http_listen_options_t options;
    memset(&options, 0, sizeof options);
    options.port = port;
    options.owner = self;
    options.ignores_routes = true;
    int result = http_listen(rt, &options);
    if (result >= 0) return true;
    tell_listen_error(rt, self, port, result);
    return false;
}

bool actor_http_unlisten(runtime_t *rt, uint16_t port) {
    actor_id_t self = rt != NULL ? actor_self(rt) : 0;
    return self != 0 && unlisten(rt, port, self) == MK_OK;
}

/* --- all of it --- */

/* Call `visit` for each port; it may free that port, and any connection. */
static void each_port(http_service_t *service, void (*visit)(http_port_t *port)) {
    for (list_node_t *node = service->ports.next; node != &service->ports;) {
        http_port_t *port = port_at(node);
        node = node->next;
        visit(port);
    }
}

static void drop_conns(http_port_t *port) {
    port->conns_len++;
    while (!list_is_empty(&port->conns))
        http_conn_drop(port->service->rt, conn_at(port->conns.next));
    port->conns_len--;
    free_port_if_over(port);
}

static void end_grace(deadline_t *deadline, runtime_t *rt) {
    http_service_t *service = MK_CONTAINER_OF(deadline, http_service_t, grace);
    (void)rt;
    service->is_stopping = false;
    each_port(service, drop_conns);
}

void http_stop(runtime_t *rt, uint32_t grace_ms) {
    http_service_t *service = http_service_find(rt);
    if (service == NULL || list_is_empty(&service->ports)) return;
    service->is_stopping = true;
    deadline_set(rt, &service->grace, grace_ms);
    each_port(service, close_port);
}

static void end_actor(part_t *part, runtime_t *rt, actor_id_t id) {
    http_service_t *service = (http_service_t *)part;
    (void)rt;
    bool is_keeper = id == service->keeper;
    if (is_keeper) service->keeper = 0;
    for (list_node_t *node = service->ports.next; node != &service->ports;) {
        http_port_t *port = port_at(node);
        node = node->next;
        if (port->options.owner == (is_keeper ? 0 : id)) close_port(port);
    }
}

static void destroy_service(part_t *part, runtime_t *rt) {
    http_service_t *service = (http_service_t *)part;
    deadline_clear(rt, &service->grace);
    service->is_stopping = false;
    service->keeper = 0; /* all actors have ended */
    while (!list_is_empty(&service->ports)) {
        http_port_t *port = port_at(service->ports.next);
        listener_close(rt, &port->listener);
        port->is_closed = true;
        drop_conns(port);
    }
    http_routes_destroy(service->routes);
    pool_deinit(&service->blocks);
    mk_free(service->store);
    mk_free(service);
}

http_counters_t http_counters(runtime_t *rt) {
    http_counters_t counts;
    memset(&counts, 0, sizeof counts);
    http_service_t *service = http_service_find(rt);
    if (service == NULL) return counts;
    counts = service->counts;
    for (list_node_t *node = service->ports.next; node != &service->ports;
         node = node->next) {
        http_port_t *port = port_at(node);
        counts.connections += port->conns_len;
        for (list_node_t *at = port->conns.next; at != &port->conns; at = at->next) {
            const http_conn_t *conn = conn_at(at);
            counts.memory_bytes += sizeof *conn;
            if (http_conn_is_ws(conn)) {
                counts.websockets++;
                counts.memory_bytes += ws_memory(&conn->ws);
                continue;
            }
            if (conn->state == HTTP_CONN_EVENTS) counts.event_streams++;
            counts.memory_bytes += channel_memory(&conn->channel);
            if (conn->is_receiving) counts.memory_bytes += sizeof *conn->receiver;
            if (conn->pending != NULL)
                counts.memory_bytes += sizeof *conn->pending + conn->pending->data.cap;
        }
    }
    return counts;
}
