/* SPDX-License-Identifier: Apache-2.0 */
/* mount_listen.c - letting other nodes mount this one.
 *
 * A stranger costs a guest: a link that shakes hands, with a deadline, small messages
 * only, and at most pending_max of them. When all places are taken a guest chosen by
 * chance has to go: whoever refuses the newest is shut by 64 connections that say
 * nothing, whoever drops the oldest by a flood; by chance an honest node, which needs a
 * few round trips, gets through a flood of thousands a second. It is told why; in a
 * flood most are told only what their socket takes at once, since each that is waited
 * for until it has read costs a socket for MK_STREAM_LINGER_MS. */
#include "microkernel/mount.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/list.h"
#include "base/prng.h"
#include "base/writer.h"
#include "ipc/cluster.h"
#include "ipc/node_features.h"
#include "ipc/peer.h"
#include "ipc/shake.h"
#include "ipc/stream_link.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "net/address.h"
#include "net/listener.h"
#include "port/random.h"

#include <string.h>

enum { DEFAULT_MODE = 0600 };

typedef struct {
    part_t part;
    list_node_t items; /* listening_t.node */
    prng_t prng;       /* which guest has to go */
} listenings_t;

typedef struct {
    list_node_t node;
    listenings_t *all;
    listener_t listener;
    bool is_unix;
    bool is_local;      /* only this machine can reach it */
    list_node_t guests; /* guest_t.node */
    uint32_t guests_len;
    uint32_t pending_max;
    uint32_t hello_ms;
    uint32_t refused;     /* guests that became no peer */
    uint32_t farewells;   /* guests who had to go and are waited for, */
    uint64_t farewell_ms; /* since this time */
    char place[];         /* for the log */
} listening_t;

typedef struct {
    list_node_t node;
    listening_t *listening;
    link_t *link; /* the shake's */
    shake_t *shake;
} guest_t;

/* --- guests --- */

static void forget_guest(guest_t *guest) {
    list_remove(&guest->node);
    guest->listening->guests_len--;
    mk_free(guest);
}

/* The 1st, 2nd, 4th, 8th ... one: a flood cannot fill the log. */
static void log_refused(runtime_t *rt, listening_t *listening, const char *place,
                        const char *why) {
    uint32_t times = ++listening->refused;
    if ((times & (times - 1)) != 0) return;
    log_field_t fields[] = {log_text("from", place), log_text("at", listening->place),
                            log_text("why", why), log_unsigned("refused", times)};
    (void)log_event_for(rt, ACTOR_ID_INVALID, LOG_WARN, "mount refused", fields, 4);
}

static void on_shaken(void *owner, runtime_t *rt, const shake_result_t *result) {
    guest_t *guest = owner;
    listening_t *listening = guest->listening;
    forget_guest(guest);
    if (result->status == MK_OK) {
        peer_t *peer = peers_find(rt, result->node);
        if (peer != NULL)
            stream_link_set_payload_max(peer_link(peer), MK_WIRE_PAYLOAD_MAX);
    } else {
        log_refused(rt, listening, result->place, result->text);
    }
}

static void drop_guest(runtime_t *rt, guest_t *guest, hello_code_t code) {
    shake_cancel(rt, guest->shake, code);
    forget_guest(guest);
}

/* Whether a guest who has to go is waited for until it has read why: at most
 * 2 * pending_max at a time. */
static bool may_linger(runtime_t *rt, listening_t *listening) {
    uint64_t now_ms = runtime_now_ms(rt);
    if (now_ms - listening->farewell_ms >= MK_STREAM_LINGER_MS) {
        listening->farewell_ms = now_ms;
        listening->farewells = 0;
    }
    if (listening->farewells >= listening->pending_max) return false;
    listening->farewells++;
    return true;
}

static void drop_one_by_chance(runtime_t *rt, listening_t *listening) {
    uint64_t skip = prng_below(&listening->all->prng, listening->guests_len);
    list_node_t *node = listening->guests.next;
    while (skip-- > 0)
        node = node->next;
    guest_t *guest = MK_CONTAINER_OF(node, guest_t, node);
    if (!may_linger(rt, listening)) stream_link_set_brief(guest->link);
    drop_guest(rt, guest, HELLO_TOO_MANY);
    log_refused(rt, listening, "one of many", "too many are shaking hands");
}

/* The link of a guest, or an error. */
static int open_link(runtime_t *rt, listening_t *listening, int handle, link_t **out) {
    port_tls_config_t *tls = listening->is_unix ? NULL : cluster_tls(rt, true);
    stream_link_spec_t spec = {.tls = tls,
                               .place = listening->is_unix ? listening->place : NULL};
    int result = stream_link_open(rt, handle, &spec, out);
    if (result != MK_OK) return result;
    /* Nothing is read before the handshake, which proves a key; the mode of a socket
     * file does so, too. */
    (*out)->is_trusted = tls != NULL || listening->is_unix;
    stream_link_set_payload_max(*out, HELLO_SIZE_MAX);
    return MK_OK;
}

static void on_peer(listener_t *listener, runtime_t *rt, int handle,
                    const port_address_t *peer) {
    listening_t *listening = MK_CONTAINER_OF(listener, listening_t, listener);
    link_t *link;
    (void)peer;
    if (listening->guests_len >= listening->pending_max)
        drop_one_by_chance(rt, listening);
    guest_t *guest = mk_calloc(1, sizeof *guest);
    int result = guest != NULL ? MK_OK : MK_ENOMEM;
    /* The key may have been taken away since. */
    if (!listening->is_local && !nodes_are_keyed(rt)) result = MK_EPERM;
    if (result != MK_OK)
        port_socket_close(handle);
    else
        result = open_link(rt, listening, handle, &link);
    if (result == MK_OK) {
        shake_spec_t spec = {false, listening->hello_ms, on_shaken, guest};
        result = shake_start(rt, link, &spec, &guest->shake);
    }
    if (result != MK_OK) {
        mk_free(guest);
        log_refused(rt, listening, "?", mk_error_text(result));
        return;
    }
    guest->listening = listening;
    guest->link = link;
    list_insert_before(&listening->guests, &guest->node);
    listening->guests_len++;
}

static void on_trouble(listener_t *listener, runtime_t *rt, int error) {
    const listening_t *listening = MK_CONTAINER_OF(listener, listening_t, listener);
    actor_log(rt, LOG_WARN, "cannot accept nodes at %s now: %s", listening->place,
              mk_error_text(error));
}

static const listener_events_t listening_events = {on_peer, on_trouble};

/* --- the part --- */

static void stop(runtime_t *rt, listening_t *listening) {
    listener_close(rt, &listening->listener);
    while (!list_is_empty(&listening->guests))
        drop_guest(rt, MK_CONTAINER_OF(listening->guests.next, guest_t, node),
                   HELLO_OK);
    list_remove(&listening->node);
    mk_free(listening);
}

static void stop_all(runtime_t *rt, listenings_t *all) {
    while (!list_is_empty(&all->items))
        stop(rt, MK_CONTAINER_OF(all->items.next, listening_t, node));
}

static void destroy(part_t *part, runtime_t *rt) {
    listenings_t *all = MK_CONTAINER_OF(part, listenings_t, part);
    stop_all(rt, all);
    mk_free(all);
}

static const part_ops_t listenings_ops = {NULL, NULL, destroy};

static listenings_t *get_all(runtime_t *rt) {
    part_t *part = part_find(rt, &listenings_ops);
    if (part != NULL) return MK_CONTAINER_OF(part, listenings_t, part);
    listenings_t *all = mk_calloc(1, sizeof *all);
    if (all == NULL) return NULL;
    uint64_t seed = 0;
    (void)port_random_fill(&seed, sizeof seed); /* without chance the order is fixed */
    prng_init(&all->prng, seed);
    list_init(&all->items);
    part_attach(rt, &all->part, &listenings_ops);
    return all;
}

void nodes_stop_listening(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &listenings_ops) : NULL;
    if (part != NULL) stop_all(rt, MK_CONTAINER_OF(part, listenings_t, part));
}

/* --- nodes_listen --- */

/* Where to listen. MK_OK or MK_EINVAL. */
static int address_of(runtime_t *rt, const nodes_listen_options_t *options,
                      port_address_t *out) {
    uint16_t port = options->port != 0 ? options->port : MK_MOUNT_PORT;
    if (options->any_port) port = 0;
    if (options->address != NULL)
        return address_parse(text_of(options->address), port, out);
    *out = nodes_are_keyed(rt) ? address_any(port) : address_loopback(port);
    return MK_OK;
}

static int open_listener(runtime_t *rt, listening_t *listening,
                         const nodes_listen_options_t *options,
                         const port_address_t *at) {
    unsigned mode = options->mode != 0 ? options->mode : DEFAULT_MODE;
    return listening->is_unix
               ? listener_open_unix(rt, &listening->listener, options->unix_path, mode,
                                    &listening_events)
               : listener_open(rt, &listening->listener, at, &listening_events);
}

static void write_place(mk_writer_t *out, const nodes_listen_options_t *options,
                        const port_address_t *at) {
    char text[ADDRESS_TEXT_MAX];
    if (options->unix_path != NULL)
        writer_format(out, "unix:%s", options->unix_path);
    else
        writer_str(out, address_format(at, text, sizeof text));
}

static void log_listening(runtime_t *rt, const listening_t *listening) {
    static const char *const how[] = {
        [CLUSTER_OPEN] = "no cluster key: only this machine can mount it",
        [CLUSTER_KEY] = "TLS with the cluster key",
        [CLUSTER_CERTIFICATES] = "TLS with certificates"};
    actor_log(rt, LOG_INFO, "nodes can mount this one at %s (%s)", listening->place,
              listening->is_unix ? "by its file's mode" : how[cluster_kind(rt)]);
}

static int begin(runtime_t *rt, const nodes_listen_options_t *options,
                 port_address_t at, const char *place) {
    listenings_t *all = get_all(rt);
    listening_t *listening =
        all != NULL ? mk_calloc(1, sizeof *listening + MK_TARGET_MAX) : NULL;
    if (listening == NULL) return MK_ENOMEM;
    listening->all = all;
    listening->is_unix = options->unix_path != NULL;
    listening->is_local = listening->is_unix || address_is_loopback(&at);
    listening->pending_max =
        options->pending_max != 0 ? options->pending_max : MK_MOUNT_PENDING;
    listening->hello_ms =
        options->hello_ms != 0 ? options->hello_ms : MK_MOUNT_HELLO_MS;
    list_init(&listening->guests);
    list_init(&listening->node);
    memcpy(listening->place, place, strlen(place) + 1);
    int result = open_listener(rt, listening, options, &at);
    if (result != MK_OK) {
        mk_free(listening);
        return result;
    }
    list_insert_before(&all->items, &listening->node);
    mk_writer_t writer;
    at.port = listener_port(&listening->listener);
    writer_init(&writer, listening->place, MK_TARGET_MAX);
    write_place(&writer, options, &at);
    log_listening(rt, listening);
    return at.port;
}

int nodes_listen(runtime_t *rt, const nodes_listen_options_t *options) {
    static const nodes_listen_options_t defaults = {.address = NULL};
    port_address_t at = {.family = PORT_FAMILY_NONE};
    char place[MK_TARGET_MAX];
    mk_writer_t writer;
    if (rt == NULL || runtime_get_node_id(rt) == 0) return MK_EINVAL;
    if (options == NULL) options = &defaults;
    int result = options->unix_path == NULL ? address_of(rt, options, &at) : MK_OK;
    writer_init(&writer, place, sizeof place);
    write_place(&writer, options, &at);
    bool is_open = options->unix_path == NULL && result == MK_OK &&
                   !nodes_are_keyed(rt) && !address_is_loopback(&at);
    if (is_open) {
        actor_log(rt, LOG_ERROR,
                  "no cluster key: nodes are not let in at %s, only at loopback "
                  "addresses and unix sockets",
                  place);
        return MK_EPERM;
    }
    if (result == MK_OK) result = node_features_start(rt);
    return result == MK_OK ? begin(rt, options, at, place) : result;
}
