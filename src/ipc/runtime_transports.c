/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_transports.c - transports that a program gave to its runtime.
 *
 * Each is LINKED (a peer has its link) or, when it listens and its peer has gone,
 * WAITING for the next one, which begins a link and a peer anew; so node up and node
 * down are told as of any other node. The first peer is believed to be there from the
 * beginning: programs send as soon as they have added a transport, and a listening one
 * accepts within that send. */
#include "base/alloc.h"
#include "base/check.h"
#include "base/list.h"
#include "ipc/node_features.h"
#include "ipc/peer.h"
#include "ipc/transport_facts.h"
#include "ipc/transport_link.h"
#include "kernel/deadline.h"
#include "kernel/part.h"
#include "kernel/source.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/log.h"
#include "microkernel/runtime.h"

typedef struct {
    part_t part;
    list_node_t entries; /* entry_t.node */
    size_t count;
} transports_t;

typedef struct {
    list_node_t node;
    transports_t *all;
    transport_t *transport;
    link_t *link;    /* LINKED; else NULL */
    source_t source; /* WAITING: open, unless it rests */
    deadline_t rest; /* WAITING: armed while it rests */
    bool is_kept;    /* closing the link leaves the transport to the caller */
} entry_t;

static void forget(entry_t *entry) {
    list_remove(&entry->node);
    entry->all->count--;
    mk_free(entry);
}

static void stop_waiting(entry_t *entry, runtime_t *rt) {
    if (deadline_is_set(&entry->rest))
        deadline_clear(rt, &entry->rest);
    else
        source_close(rt, &entry->source);
}

static void destroy(part_t *part, runtime_t *rt) {
    transports_t *all = MK_CONTAINER_OF(part, transports_t, part);
    while (!list_is_empty(&all->entries)) {
        entry_t *entry = MK_CONTAINER_OF(all->entries.next, entry_t, node);
        if (entry->link != NULL) { /* its peer ends later, and the transport with it */
            transport_link_set_free(entry->link, NULL, NULL);
        } else {
            stop_waiting(entry, rt);
            entry->transport->destroy(entry->transport);
        }
        forget(entry);
    }
    mk_free(all);
}

static const part_ops_t ops = {.destroy = destroy};

static transports_t *find(runtime_t *rt) {
    part_t *part = part_find(rt, &ops);
    return part != NULL ? MK_CONTAINER_OF(part, transports_t, part) : NULL;
}

static transports_t *get(runtime_t *rt) {
    transports_t *all = find(rt);
    if (all != NULL) return all;
    all = mk_calloc(1, sizeof *all);
    if (all == NULL) return NULL;
    list_init(&all->entries);
    if (part_attach(rt, &all->part, &ops)) return all;
    mk_free(all);
    return NULL;
}

/* --- linked and waiting --- */

static bool is_listening(const transport_t *transport) {
    transport_facts_t facts;
    return transport_facts(transport, &facts) && facts.is_listening;
}

/* A descriptor that cannot be waited for is tried again later. */
static void wait_for_peer(entry_t *entry, runtime_t *rt) {
    entry->source.handle = entry->transport->fd;
    entry->source.interest = MK_POLL_IN;
    if (source_open(rt, &entry->source) != MK_OK)
        deadline_set(rt, &entry->rest, MK_ACCEPT_REST_MS);
}

static void on_rested(deadline_t *rest, runtime_t *rt) {
    wait_for_peer(MK_CONTAINER_OF(rest, entry_t, rest), rt);
}

/* The link is closed. */
static void on_free(void *ctx, runtime_t *rt, transport_t *transport) {
    entry_t *entry = ctx;
    entry->link = NULL;
    if (entry->is_kept) return;
    if (is_listening(transport)) {
        transport_disconnect(transport);
        wait_for_peer(entry, rt);
        return;
    }
    transport->destroy(transport);
    forget(entry);
}

/* WAITING or new -> LINKED. MK_OK, and the entry may be gone already; else it is as it
 * was, but without a source. */
static int begin_link(entry_t *entry, runtime_t *rt) {
    static const link_events_t none = {NULL, NULL, NULL, NULL}; /* peers sets its own */
    const transport_link_spec_t spec = {.transport = entry->transport,
                                        .events = &none,
                                        .on_free = on_free,
                                        .ctx = entry};
    /* Nobody has said hello: what is said without being asked is said. */
    const peer_facts_t facts = {.node = entry->transport->peer_node,
                                .features = peers_offered(rt) &
                                            ~(uint32_t)(PEER_CREDIT | PEER_HEARTBEAT)};
    int result = transport_link_open(rt, &spec, &entry->link);
    if (result != MK_OK) return result;
    link_t *link = entry->link;
    result = peers_adopt(rt, link, &facts);
    if (result == MK_OK) return MK_OK;
    entry->is_kept = true;
    link_close(link, rt, true);
    entry->is_kept = false;
    return result;
}

/* Somebody has come to a transport that waits. When the node is connected in another
 * way meanwhile, or memory is short, that peer sees an end, and the wait goes on. */
static void on_ready(source_t *source, runtime_t *rt, uint32_t events) {
    entry_t *entry = MK_CONTAINER_OF(source, entry_t, source);
    transport_t *transport = entry->transport;
    (void)events;
    source_close(rt, source);
    if (!transport->is_connected(transport)) { /* nothing is left to accept it with */
        deadline_set(rt, &entry->rest, MK_ACCEPT_REST_MS);
        return;
    }
    if (begin_link(entry, rt) != MK_OK) on_free(entry, rt, transport);
}

/* --- public --- */

static bool has_node(const transports_t *all, node_id_t node) {
    for (const list_node_t *at = all->entries.next; at != &all->entries; at = at->next)
        if (MK_CONTAINER_OF(at, entry_t, node)->transport->peer_node == node)
            return true;
    return false;
}

static const char *explain(runtime_t *rt, const transport_t *transport, int result) {
    switch (result) {
    case MK_EEXIST: return "that node is connected already";
    case MK_ESTATE: return "this node has no number: its id is 0";
    case MK_EINVAL: break;
    default: return mk_error_text(result);
    }
    if (transport->peer_node == 0) return "its peer_node is 0, which is no node";
    if (transport->peer_node == runtime_get_node_id(rt))
        return "its peer_node is this node";
    return "it has no descriptor, or lacks a function";
}

/* NULL, or why not. */
static const char *add(runtime_t *rt, transport_t *transport) {
    if (transport == NULL) return "it is NULL";
    transports_t *all = get(rt);
    if (all == NULL) return mk_error_text(MK_ENOMEM);
    if (has_node(all, transport->peer_node)) return "that node has a transport already";
    int result = node_features_start(rt);
    if (result != MK_OK) return mk_error_text(result);
    entry_t *entry = mk_calloc(1, sizeof *entry);
    if (entry == NULL) return mk_error_text(MK_ENOMEM);
    entry->all = all;
    entry->transport = transport;
    entry->source.on_ready = on_ready;
    deadline_init(&entry->rest, on_rested);
    list_insert_before(&all->entries, &entry->node);
    all->count++;
    result = begin_link(entry, rt);
    if (result == MK_OK) return NULL;
    forget(entry);
    return explain(rt, transport, result);
}

bool runtime_add_transport(runtime_t *rt, transport_t *transport) {
    if (rt == NULL) return false;
    const char *why = add(rt, transport);
    if (why == NULL) return true;
    const log_field_t fields[] = {
        log_unsigned("node", transport != NULL ? transport->peer_node : 0),
        log_text("why", why)};
    (void)log_event(rt, LOG_WARN, "a transport is not added", fields, 2);
    return false;
}

size_t runtime_get_transport_count(runtime_t *rt) {
    const transports_t *all = rt != NULL ? find(rt) : NULL;
    return all != NULL ? all->count : 0;
}
