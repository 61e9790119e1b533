/* SPDX-License-Identifier: Apache-2.0 */
/* mount.c - mounts: targets that this node wants to be connected with.
 *
 * A target goes round, and this file alone moves it:
 *
 *   CONNECTING  a connector is at work (begin_try)
 *   SHAKING     the connection is there, hellos pass (on_connected)
 *   UP          its node is a peer, by this link or by one that the node began
 *   WAITING     for its next try, or for its node to come by itself (wait)
 *
 * What it is bound to is the node and not the link: when two nodes mount each other one
 * link is refused, and both targets are up by the other one. A target that was never up
 * and fails is told and forgotten, unless it is stubborn. */
#include "ipc/mount.h"

#include "base/alloc.h"
#include "base/backoff.h"
#include "base/check.h"
#include "base/list.h"
#include "base/writer.h"
#include "ipc/cluster.h"
#include "ipc/mount_target.h"
#include "ipc/node_features.h"
#include "ipc/peer.h"
#include "ipc/registry_sync.h"
#include "ipc/shake.h"
#include "ipc/stream_link.h"
#include "kernel/deadline.h"
#include "kernel/inside.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "net/address.h"
#include "net/connector.h"
#include "port/random.h"

#include <string.h>

typedef enum {
    TARGET_CONNECTING,
    TARGET_SHAKING,
    TARGET_UP,
    TARGET_WAITING
} target_state_t;

typedef struct {
    part_t part;
    list_node_t targets; /* target_t.node, in the order they were begun */
    uint32_t last_place;
    prng_t prng;    /* how much later than the rule says */
    bool is_ending; /* the runtime ends: nobody is told */
} mounts_t;

typedef struct {
    list_node_t node;
    mounts_t *mounts;
    uint32_t place; /* its number, from 1 */
    mount_target_t to;
    nodes_mount_options_t options;
    message_t *news; /* MSG_MOUNT_DONE, made beforehand; NULL: told, or nobody asked */
    target_state_t state;
    bool has_worked;
    connector_t *connector; /* CONNECTING */
    shake_t *shake;         /* SHAKING */
    deadline_t retry;       /* WAITING; in UP, while it waits for names */
    names_wait_t names;     /* who asked is told when they are known */
    backoff_t backoff;
    uint64_t begun_ms; /* nodes_mount */
    uint64_t before;   /* peers that were adopted before it */
    uint64_t since_ms; /* of the state */
    node_id_t at;      /* the node, once it is known; 0: not */
    char identity[MK_NODE_NAME_MAX];
} target_t;

static void set_state(runtime_t *rt, target_t *target, target_state_t state) {
    target->state = state;
    target->since_ms = runtime_now_ms(rt);
}

/* --- telling --- */

static void tell(runtime_t *rt, target_t *target, int status, const char *text) {
    message_t *news = target->news;
    if (news == NULL) return;
    target->news = NULL;
    mount_done_payload_t *done = news->payload;
    done->status = status;
    if (target->at != 0) {
        done->node = target->at;
        memcpy(done->identity, target->identity, sizeof done->identity);
    }
    memcpy(done->target, target->to.text, sizeof done->target);
    strncpy(done->text, text, sizeof done->text - 1);
    (void)actor__notify_with(rt, news);
}

/* The 1st, 2nd, 4th ... try in a row. */
static void log_failure(runtime_t *rt, const target_t *target, const char *why) {
    uint32_t tries = target->backoff.tries + 1;
    if ((tries & (tries - 1)) != 0) return;
    log_field_t fields[] = {log_text("target", target->to.text), log_text("why", why),
                            log_unsigned("try", tries)};
    (void)log_event_for(rt, ACTOR_ID_INVALID, LOG_WARN, "mount failed", fields, 3);
}

/* --- ends --- */

static void forget(runtime_t *rt, target_t *target) {
    deadline_clear(rt, &target->retry);
    list_remove(&target->names.node);
    connector_cancel(rt, target->connector);
    shake_cancel(rt, target->shake, HELLO_OK);
    message_destroy(target->news);
    list_remove(&target->node);
    mk_free(target);
}

static void begin_try(runtime_t *rt, target_t *target);

static void wait(runtime_t *rt, target_t *target) {
    uint64_t now_ms = runtime_now_ms(rt);
    uint64_t ms = backoff_down(&target->backoff, now_ms, &target->mounts->prng);
    set_state(rt, target, TARGET_WAITING);
    deadline_set(rt, &target->retry, (uint32_t)ms);
}

static void be_up(runtime_t *rt, target_t *target) {
    deadline_clear(rt, &target->retry);
    set_state(rt, target, TARGET_UP);
    backoff_up(&target->backoff, target->since_ms);
    target->has_worked = true;
    if (target->news != NULL && registry_sync_wait(rt, target->at, &target->names))
        deadline_set(rt, &target->retry, target->options.hello_ms);
    else
        tell(rt, target, MK_OK, "");
}

/* Whoever mounts a node wants to call its actors by name. */
static void on_names(names_wait_t *wait, runtime_t *rt, bool is_known) {
    target_t *target = MK_CONTAINER_OF(wait, target_t, names);
    if (!is_known) return; /* on_down says why */
    if (target->state == TARGET_UP) deadline_clear(rt, &target->retry);
    tell(rt, target, MK_OK, "");
}

/* A try has failed. */
static void fail(runtime_t *rt, target_t *target, int status, const char *text) {
    log_failure(rt, target, text);
    tell(rt, target, status, text);
    if (target->has_worked || target->options.is_stubborn)
        wait(rt, target);
    else
        forget(rt, target);
}

/* --- a try --- */

/* Another link to the node is there, or is to be: refused, and yet no failure. */
static void take_other_link(runtime_t *rt, target_t *target, const char *text) {
    const peer_t *peer = peers_find(rt, target->at);
    bool is_patient = target->has_worked || target->options.is_stubborn;
    uint32_t hello_ms = target->options.hello_ms;
    if (peer != NULL && (is_patient || peer_number(peer) > target->before))
        be_up(rt, target);
    else if (peer != NULL)
        fail(rt, target, MK_EEXIST, text); /* it was mounted before */
    else if (is_patient || runtime_now_ms(rt) - target->begun_ms <= hello_ms)
        wait(rt, target);
    else
        fail(rt, target, MK_EEXIST, text);
}

/* What a node without a key sees of one that has one, and the other way round, are
 * bytes that mean nothing. */
static void explain_failure(runtime_t *rt, const target_t *target,
                            const shake_result_t *result, mk_writer_t *out) {
    bool may_be_tls = !target->to.is_unix && result->code == 0 &&
                      (result->status == MK_EBADMSG || result->status == MK_ECLOSED);
    writer_str(out, result->text);
    if (!may_be_tls) return;
    writer_str(out, nodes_are_keyed(rt)
                        ? " (has it the same cluster key?)"
                        : " (has it a cluster key? this node has none)");
}

/* Who is there. A node that refused for another reason than a link that is there
 * already is told to the asker, and the target is not bound to it: its number or name
 * may be those of another node, which is mounted. */
static void note_node(target_t *target, const shake_result_t *result) {
    bool is_it = result->status == MK_OK || result->code == HELLO_MOUNTED ||
                 result->code == HELLO_OTHER_LINK;
    mount_done_payload_t *done = target->news != NULL ? target->news->payload : NULL;
    if (result->node != 0 && is_it) target->at = result->node;
    if (result->identity[0] != '\0' && is_it)
        memcpy(target->identity, result->identity, strlen(result->identity) + 1);
    if (is_it || done == NULL) return;
    done->node = result->node;
    memcpy(done->identity, result->identity, strlen(result->identity) + 1);
}

static void on_shaken(void *owner, runtime_t *rt, const shake_result_t *result) {
    target_t *target = owner;
    char text[MK_NODE_TEXT_MAX];
    mk_writer_t writer;
    target->shake = NULL;
    note_node(target, result);
    writer_init(&writer, text, sizeof text);
    explain_failure(rt, target, result, &writer);
    peer_t *peer = peers_find(rt, target->at);
    if (result->status == MK_OK && peer != NULL) {
        stream_link_set_payload_max(peer_link(peer), MK_WIRE_PAYLOAD_MAX);
        be_up(rt, target);
    } else if (result->status == MK_OK) {
        /* Somebody who was told of the node has ended it. */
        fail(rt, target, MK_ECLOSED, "the link was ended at once");
    } else if (result->code == HELLO_MOUNTED || result->code == HELLO_OTHER_LINK) {
        take_other_link(rt, target, text);
    } else {
        fail(rt, target, result->status, text);
    }
}

/* Without a key nothing leaves this machine. */
static bool may_leave(runtime_t *rt, const target_t *target, int handle) {
    port_address_t address;
    if (target->to.is_unix || nodes_are_keyed(rt)) return true;
    return port_socket_peer(handle, &address) == MK_OK && address_is_loopback(&address);
}

static void shake_hands(runtime_t *rt, target_t *target, int handle) {
    bool has_names = cluster_kind(rt) == CLUSTER_CERTIFICATES;
    port_tls_config_t *tls = target->to.is_unix ? NULL : cluster_tls(rt, false);
    stream_link_spec_t link_spec = {.place = target->to.text,
                                    .tls = tls,
                                    .tls_host = has_names ? target->to.host : NULL};
    shake_spec_t spec = {true, target->options.hello_ms, on_shaken, target};
    link_t *link;
    int result = stream_link_open(rt, handle, &link_spec, &link);
    if (result == MK_OK) {
        link->is_trusted = tls != NULL || target->to.is_unix;
        stream_link_set_payload_max(link, HELLO_SIZE_MAX);
        result = shake_start(rt, link, &spec, &target->shake);
    }
    if (result != MK_OK) {
        fail(rt, target, result, mk_error_text(result));
        return;
    }
    set_state(rt, target, TARGET_SHAKING);
}

static void on_connected(void *owner, runtime_t *rt, int handle, const char *text) {
    target_t *target = owner;
    target->connector = NULL;
    if (handle < 0) {
        fail(rt, target, handle, text);
    } else if (!may_leave(rt, target, handle)) {
        char why[MK_NODE_TEXT_MAX];
        mk_writer_t writer;
        writer_init(&writer, why, sizeof why);
        hello_explain(HELLO_NO_KEY, NULL, NULL, &writer);
        port_socket_close(handle);
        fail(rt, target, MK_EPERM, why);
    } else {
        shake_hands(rt, target, handle);
    }
}

/* MK_OK, or why a connector could not be begun. */
static int start_connector(runtime_t *rt, target_t *target) {
    connector_spec_t spec = {.host = target->to.is_unix ? NULL : target->to.host,
                             .unix_path = target->to.is_unix ? target->to.host : NULL,
                             .port = target->to.port,
                             .timeout_ms = target->options.hello_ms,
                             .on_done = on_connected,
                             .owner = target};
    set_state(rt, target, TARGET_CONNECTING);
    return connector_start(rt, &spec, &target->connector);
}

static void begin_try(runtime_t *rt, target_t *target) {
    int result = start_connector(rt, target);
    if (result != MK_OK) fail(rt, target, result, mk_error_text(result));
}

static void on_retry_due(deadline_t *deadline, runtime_t *rt) {
    target_t *target = MK_CONTAINER_OF(deadline, target_t, retry);
    if (target->state == TARGET_UP)
        tell(rt, target, MK_OK, ""); /* it is slow to say them all */
    else if (target->at != 0 && peers_find(rt, target->at) != NULL)
        be_up(rt, target);
    else
        begin_try(rt, target);
}

/* --- nodes that come and go --- */

static void on_up(void *ctx, runtime_t *rt, peer_t *peer) {
    mounts_t *mounts = ctx;
    list_node_t *node = mounts->targets.next;
    for (; node != &mounts->targets; node = node->next) {
        target_t *target = MK_CONTAINER_OF(node, target_t, node);
        if (target->at == peer_facts(peer)->node && target->state == TARGET_WAITING)
            be_up(rt, target);
    }
}

static void on_down(void *ctx, runtime_t *rt, peer_t *peer, int reason,
                    const char *text) {
    mounts_t *mounts = ctx;
    for (list_node_t *node = mounts->targets.next, *next; node != &mounts->targets;
         node = next) {
        target_t *target = MK_CONTAINER_OF(node, target_t, node);
        next = node->next;
        if (target->at != peer_facts(peer)->node || target->state != TARGET_UP)
            continue;
        deadline_clear(rt, &target->retry);
        tell(rt, target, reason != MK_OK ? reason : MK_ECLOSED, text); /* at once */
        if (target->options.is_once || reason == MK_ECANCELED)
            forget(rt, target);
        else
            wait(rt, target);
    }
}

static const peer_observer_t observer = {.on_up = on_up, .on_down = on_down};

/* --- the part --- */

static void destroy(part_t *part, runtime_t *rt) {
    mounts_t *mounts = MK_CONTAINER_OF(part, mounts_t, part);
    peers_unobserve(rt, &observer, mounts);
    while (!list_is_empty(&mounts->targets))
        forget(rt, MK_CONTAINER_OF(mounts->targets.next, target_t, node));
    mk_free(mounts);
}

static const part_ops_t mounts_ops = {NULL, NULL, destroy};

static mounts_t *find_mounts(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &mounts_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, mounts_t, part) : NULL;
}

static mounts_t *get_mounts(runtime_t *rt) {
    mounts_t *mounts = find_mounts(rt);
    if (mounts != NULL) return mounts;
    mounts = mk_calloc(1, sizeof *mounts);
    if (mounts == NULL) return NULL;
    list_init(&mounts->targets);
    if (peers_observe(rt, &observer, mounts) != MK_OK) {
        mk_free(mounts);
        return NULL;
    }
    uint64_t seed = 0;
    (void)port_random_fill(&seed, sizeof seed); /* without chance all wait alike */
    prng_init(&mounts->prng, seed);
    part_attach(rt, &mounts->part, &mounts_ops);
    return mounts;
}

static target_t *find_target(const mounts_t *mounts, const char *text) {
    list_node_t *node = mounts->targets.next;
    for (; node != &mounts->targets; node = node->next) {
        target_t *target = MK_CONTAINER_OF(node, target_t, node);
        if (strcmp(target->to.text, text) == 0) return target;
    }
    return NULL;
}

/* --- nodes_mount, nodes_unmount --- */

static target_t *make_target(runtime_t *rt, mounts_t *mounts, const mount_target_t *to,
                             const nodes_mount_options_t *options) {
    static const mount_done_payload_t nothing;
    target_t *target = mk_calloc(1, sizeof *target);
    if (target == NULL) return NULL;
    actor_id_t asker = actor_self(rt);
    if (asker != ACTOR_ID_INVALID) {
        target->news = message_create(ACTOR_ID_INVALID, asker, MSG_MOUNT_DONE, &nothing,
                                      sizeof nothing);
        if (target->news == NULL) {
            mk_free(target);
            return NULL;
        }
    }
    target->mounts = mounts;
    target->place = ++mounts->last_place;
    target->to = *to;
    if (options != NULL) target->options = *options;
    if (target->options.hello_ms == 0) target->options.hello_ms = MK_MOUNT_HELLO_MS;
    deadline_init(&target->retry, on_retry_due);
    list_init(&target->names.node);
    target->names.on_end = on_names;
    backoff_init(&target->backoff, MK_MOUNT_RETRY_MS, MK_MOUNT_RETRY_MAX_MS,
                 MK_MOUNT_STABLE_MS);
    target->begun_ms = runtime_now_ms(rt);
    target->before = peers_adopted(rt);
    list_insert_before(&mounts->targets, &target->node);
    return target;
}

int nodes_mount(runtime_t *rt, const char *text, const nodes_mount_options_t *options) {
    mount_target_t to;
    if (rt == NULL || runtime_get_node_id(rt) == 0) return MK_EINVAL;
    int result = mount_target_parse(text_of(text), MK_MOUNT_PORT, &to);
    if (result != MK_OK) return result;
    if (node_features_start(rt) < 0) return MK_ENOMEM; /* first: told before us */
    mounts_t *mounts = get_mounts(rt);
    if (mounts == NULL) return MK_ENOMEM;
    if (find_target(mounts, to.text) != NULL) return MK_EEXIST;
    target_t *target = make_target(rt, mounts, &to, options);
    if (target == NULL) return MK_ENOMEM;
    result = start_connector(rt, target);
    if (result != MK_OK) forget(rt, target);
    return result;
}

/* Forget all targets that lead to a node. */
static void forget_all_at(runtime_t *rt, mounts_t *mounts, node_id_t at) {
    for (list_node_t *node = mounts->targets.next, *next; node != &mounts->targets;
         node = next) {
        target_t *target = MK_CONTAINER_OF(node, target_t, node);
        next = node->next;
        if (target->at != at) continue;
        tell(rt, target, MK_ECANCELED, "unmounted");
        forget(rt, target);
    }
}

/* A mount that is named by its target, or by the name or number of its node. */
static target_t *find_named(mounts_t *mounts, const char *name) {
    mount_target_t to;
    target_t *target = NULL;
    uint64_t number = 0; /* which no known node has */
    (void)text_parse_unsigned(text_of(name), 10, 1, UINT32_MAX, &number);
    if (mount_target_parse(text_of(name), MK_MOUNT_PORT, &to) == MK_OK)
        target = find_target(mounts, to.text);
    list_node_t *node = mounts->targets.next;
    for (; target == NULL && node != &mounts->targets; node = node->next) {
        target_t *other = MK_CONTAINER_OF(node, target_t, node);
        if (other->at == 0) continue;
        if (strcmp(other->identity, name) == 0 || other->at == number) target = other;
    }
    return target;
}

int nodes_unmount(runtime_t *rt, const char *name) {
    node_info_t info = {.node = 0};
    if (rt == NULL || name == NULL || name[0] == '\0') return MK_ENOENT;
    mounts_t *mounts = find_mounts(rt);
    target_t *target = mounts != NULL ? find_named(mounts, name) : NULL;
    bool is_up = nodes_find(rt, name, &info);
    node_id_t at = target != NULL ? target->at : info.node;
    if (target == NULL && !is_up) return MK_ENOENT;
    if (target != NULL) {
        tell(rt, target, MK_ECANCELED, "unmounted");
        forget(rt, target);
    }
    if (mounts != NULL && at != 0) forget_all_at(rt, mounts, at);
    peer_t *peer = at != 0 ? peers_find(rt, at) : NULL;
    if (peer != NULL) peer_end(rt, peer, MK_ECANCELED, "unmounted");
    return MK_OK;
}

/* --- what is known --- */

bool mounts_next(runtime_t *rt, uint32_t place, node_info_t *out) {
    const mounts_t *mounts = find_mounts(rt);
    if (mounts == NULL) return false;
    const list_node_t *node = mounts->targets.next;
    for (; node != &mounts->targets; node = node->next) {
        const target_t *target = MK_CONTAINER_OF(node, target_t, node);
        if (target->place <= place || target->state == TARGET_UP) continue;
        out->node = target->at;
        memcpy(out->identity, target->identity, sizeof out->identity);
        out->state = target->state == TARGET_WAITING ? NODE_WAITING : NODE_CONNECTING;
        memcpy(out->address, target->to.text, sizeof out->address);
        out->is_ours = true;
        out->since_ms = target->since_ms;
        out->tries = target->backoff.tries;
        out->place = target->place;
        return true;
    }
    return false;
}
