/* SPDX-License-Identifier: Apache-2.0 */
/* nodes_news.c - MSG_NODE_UP and MSG_NODE_DOWN to the actors that asked for them: a
 * watcher of peers, made by the first who asks.
 *
 * A reader hears of an end exactly when it has heard of the beginning: with that comes
 * the message that will tell the end, so the end needs no memory when it is told. A
 * beginning for which memory is short is told a little later, or never if the node has
 * gone again by then; its end is not told either. Both pass the limits of a mailbox:
 * what is not told otherwise is not known. */
#include "microkernel/nodes.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/list.h"
#include "ipc/peer.h"
#include "kernel/deadline.h"
#include "kernel/inside.h"
#include "kernel/part.h"

#include <string.h>

typedef struct {
    part_t part;
    list_node_t readers; /* reader_t.node, in the order they asked */
    deadline_t retry;    /* armed while a reader may have to hear of a node yet */
} news_t;

typedef struct {
    list_node_t node;
    actor_id_t id;
    list_node_t told; /* told_t.node: the nodes that are up, as far as it has heard */
} reader_t;

typedef struct {
    list_node_t node;
    node_id_t number; /* the node's */
    uint64_t peer;    /* peer_number: the same node may come back */
    message_t *down;  /* MSG_NODE_DOWN, made beforehand; owned */
} told_t;

static reader_t *reader_at(list_node_t *node) {
    return MK_CONTAINER_OF(node, reader_t, node);
}

static told_t *find_told(const reader_t *reader, node_id_t number) {
    for (list_node_t *at = reader->told.next; at != &reader->told; at = at->next)
        if (MK_CONTAINER_OF(at, told_t, node)->number == number)
            return MK_CONTAINER_OF(at, told_t, node);
    return NULL;
}

static reader_t *find_reader(const news_t *news, actor_id_t id) {
    for (list_node_t *at = news->readers.next; at != &news->readers; at = at->next)
        if (reader_at(at)->id == id) return reader_at(at);
    return NULL;
}

static void free_told(told_t *told) {
    list_remove(&told->node);
    message_destroy(told->down);
    mk_free(told);
}

static void forget(reader_t *reader) {
    while (!list_is_empty(&reader->told))
        free_told(MK_CONTAINER_OF(reader->told.next, told_t, node));
    list_remove(&reader->node);
    mk_free(reader);
}

static void on_actor_exit(part_t *part, runtime_t *rt, actor_id_t id) {
    reader_t *reader = find_reader(MK_CONTAINER_OF(part, news_t, part), id);
    (void)rt;
    if (reader != NULL) forget(reader);
}

/* --- telling --- */

static void tell_down(runtime_t *rt, told_t *told, int reason, const char *text) {
    node_event_payload_t *event = told->down->payload;
    event->reason = reason;
    strncpy(event->text, text, sizeof event->text - 1);
    (void)actor__notify_with(rt, told->down);
    told->down = NULL;
    free_told(told);
}

/* What will be told of the node; NULL: memory is short. */
static told_t *make_told(const reader_t *reader, const peer_t *peer,
                         const node_event_payload_t *event) {
    told_t *told = mk_alloc(sizeof *told);
    if (told == NULL) return NULL;
    list_init(&told->node);
    told->number = event->node;
    told->peer = peer_number(peer);
    told->down = message_create(ACTOR_ID_INVALID, reader->id, MSG_NODE_DOWN, event,
                                sizeof *event);
    if (told->down != NULL) return told;
    mk_free(told);
    return NULL;
}

/* Tell a reader of a node that is up, unless it knows. */
static void tell_up(news_t *news, runtime_t *rt, reader_t *reader, const peer_t *peer) {
    told_t *told = find_told(reader, peer_facts(peer)->node);
    if (told != NULL && told->peer == peer_number(peer)) return;
    if (told != NULL) tell_down(rt, told, MK_ECLOSED, "it came back");
    node_event_payload_t event;
    memset(&event, 0, sizeof event);
    event.node = peer_facts(peer)->node;
    event.reason = MK_OK;
    memcpy(event.identity, peer_facts(peer)->identity, sizeof event.identity);
    told = make_told(reader, peer, &event);
    if (told != NULL && actor__notify(rt, ACTOR_ID_INVALID, reader->id, MSG_NODE_UP,
                                      &event, sizeof event)) {
        list_insert_before(&reader->told, &told->node);
        return;
    }
    if (told != NULL) free_told(told);
    deadline_set(rt, &news->retry, PEER_RETRY_MS);
}

static void tell_all_up(news_t *news, runtime_t *rt, reader_t *reader) {
    for (peer_t *peer = peers_next(rt, NULL); peer; peer = peers_next(rt, peer))
        tell_up(news, rt, reader, peer);
}

static void on_retry(deadline_t *retry, runtime_t *rt) {
    news_t *news = MK_CONTAINER_OF(retry, news_t, retry);
    for (list_node_t *at = news->readers.next; at != &news->readers; at = at->next)
        tell_all_up(news, rt, reader_at(at));
}

static void on_up(void *ctx, runtime_t *rt, peer_t *peer) {
    news_t *news = ctx;
    for (list_node_t *at = news->readers.next; at != &news->readers; at = at->next)
        tell_up(news, rt, reader_at(at), peer);
}

static void on_down(void *ctx, runtime_t *rt, peer_t *peer, int reason,
                    const char *text) {
    news_t *news = ctx;
    for (list_node_t *at = news->readers.next; at != &news->readers; at = at->next) {
        told_t *told = find_told(reader_at(at), peer_facts(peer)->node);
        if (told != NULL && told->peer == peer_number(peer))
            tell_down(rt, told, reason, text);
    }
}

static const peer_observer_t observer = {.on_up = on_up, .on_down = on_down};

/* --- the part --- */

static void destroy(part_t *part, runtime_t *rt) {
    news_t *news = MK_CONTAINER_OF(part, news_t, part);
    peers_unobserve(rt, &observer, news);
    deadline_clear(rt, &news->retry);
    while (!list_is_empty(&news->readers))
        forget(reader_at(news->readers.next));
    mk_free(news);
}

static const part_ops_t news_ops = {NULL, on_actor_exit, destroy};

static news_t *find_news(runtime_t *rt) {
    part_t *part = part_find(rt, &news_ops);
    return part != NULL ? MK_CONTAINER_OF(part, news_t, part) : NULL;
}

static news_t *get_news(runtime_t *rt) {
    news_t *news = find_news(rt);
    if (news != NULL) return news;
    news = mk_calloc(1, sizeof *news);
    if (news == NULL) return NULL;
    list_init(&news->readers);
    deadline_init(&news->retry, on_retry);
    if (peers_observe(rt, &observer, news) != MK_OK) {
        mk_free(news);
        return NULL;
    }
    part_attach(rt, &news->part, &news_ops);
    return news;
}

int nodes_subscribe(runtime_t *rt) {
    actor_id_t self = rt != NULL ? actor_self(rt) : ACTOR_ID_INVALID;
    if (self == ACTOR_ID_INVALID) return MK_ESTATE;
    news_t *news = get_news(rt);
    if (news == NULL) return MK_ENOMEM;
    if (find_reader(news, self) != NULL) return MK_OK;
    reader_t *reader = mk_alloc(sizeof *reader);
    if (reader == NULL) return MK_ENOMEM;
    reader->id = self;
    list_init(&reader->told);
    list_insert_before(&news->readers, &reader->node);
    part_claim(rt, self);
    tell_all_up(news, rt, reader);
    return MK_OK;
}

int nodes_unsubscribe(runtime_t *rt) {
    actor_id_t self = rt != NULL ? actor_self(rt) : ACTOR_ID_INVALID;
    if (self == ACTOR_ID_INVALID) return MK_ESTATE;
    news_t *news = find_news(rt);
    reader_t *reader = news != NULL ? find_reader(news, self) : NULL;
    if (reader == NULL) return MK_ENOENT;
    forget(reader);
    return MK_OK;
}
