/* SPDX-License-Identifier: Apache-2.0 */
/* nodes_news.c - MSG_NODE_UP and MSG_NODE_DOWN to the actors that asked for them: a
 * watcher of peers, made by the first who asks. */
#include "microkernel/nodes.h"

#include "base/alloc.h"
#include "base/check.h"
#include "ipc/peer.h"
#include "kernel/inside.h"
#include "kernel/part.h"

#include <string.h>

typedef struct {
    part_t part;
    actor_id_t *readers; /* in the order they asked */
    size_t len;
    size_t cap;
} news_t;

static bool forget(news_t *news, actor_id_t id) {
    for (size_t i = 0; i < news->len; i++) {
        if (news->readers[i] != id) continue;
        news->len--;
        memmove(news->readers + i, news->readers + i + 1,
                (news->len - i) * sizeof *news->readers);
        return true;
    }
    return false;
}

static void on_actor_exit(part_t *part, runtime_t *rt, actor_id_t id) {
    (void)rt;
    (void)forget(MK_CONTAINER_OF(part, news_t, part), id);
}

static node_event_payload_t event_of(const peer_t *peer, int reason, const char *text) {
    node_event_payload_t event;
    memset(&event, 0, sizeof event);
    event.node = peer_facts(peer)->node;
    event.reason = reason;
    memcpy(event.identity, peer_facts(peer)->identity, sizeof event.identity);
    strncpy(event.text, text, sizeof event.text - 1);
    return event;
}

static void tell(runtime_t *rt, const news_t *news, msg_type_t type,
                 const node_event_payload_t *event) {
    for (size_t i = 0; i < news->len; i++)
        (void)actor__notify(rt, ACTOR_ID_INVALID, news->readers[i], type, event,
                            sizeof *event);
}

static void on_up(void *ctx, runtime_t *rt, peer_t *peer) {
    node_event_payload_t event = event_of(peer, MK_OK, "");
    tell(rt, ctx, MSG_NODE_UP, &event);
}

static void on_down(void *ctx, runtime_t *rt, peer_t *peer, int reason,
                    const char *text) {
    node_event_payload_t event = event_of(peer, reason, text);
    tell(rt, ctx, MSG_NODE_DOWN, &event);
}

static const peer_observer_t observer = {.on_up = on_up, .on_down = on_down};

static void destroy(part_t *part, runtime_t *rt) {
    news_t *news = MK_CONTAINER_OF(part, news_t, part);
    peers_unobserve(rt, &observer, news);
    mk_free(news->readers);
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
    if (peers_observe(rt, &observer, news) != MK_OK) {
        mk_free(news);
        return NULL;
    }
    part_attach(rt, &news->part, &news_ops);
    return news;
}

static bool is_reader(const news_t *news, actor_id_t id) {
    for (size_t i = 0; i < news->len; i++)
        if (news->readers[i] == id) return true;
    return false;
}

static int add_reader(news_t *news, actor_id_t id) {
    if (news->len == news->cap) {
        size_t cap = news->cap == 0 ? 4 : news->cap * 2;
        actor_id_t *bigger = mk_realloc(news->readers, cap * sizeof *bigger);
        if (bigger == NULL) return MK_ENOMEM;
        news->readers = bigger;
        news->cap = cap;
    }
    news->readers[news->len++] = id;
    return MK_OK;
}

int nodes_subscribe(runtime_t *rt) {
    actor_id_t self = rt != NULL ? actor_self(rt) : ACTOR_ID_INVALID;
    if (self == ACTOR_ID_INVALID) return MK_ESTATE;
    news_t *news = get_news(rt);
    if (news == NULL) return MK_ENOMEM;
    if (is_reader(news, self)) return MK_OK;
    if (add_reader(news, self) != MK_OK) return MK_ENOMEM;
    part_claim(rt, self);
    for (peer_t *peer = peers_next(rt, NULL); peer; peer = peers_next(rt, peer)) {
        node_event_payload_t event = event_of(peer, MK_OK, "");
        if (!actor__notify(rt, ACTOR_ID_INVALID, self, MSG_NODE_UP, &event,
                           sizeof event)) {
            (void)forget(news, self);
            return MK_ENOMEM;
        }
    }
    return MK_OK;
}

int nodes_unsubscribe(runtime_t *rt) {
    actor_id_t self = rt != NULL ? actor_self(rt) : ACTOR_ID_INVALID;
    if (self == ACTOR_ID_INVALID) return MK_ESTATE;
    news_t *news = find_news(rt);
    return news != NULL && forget(news, self) ? MK_OK : MK_ENOENT;
}
