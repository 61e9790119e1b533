/* SPDX-License-Identifier: Apache-2.0 */
/* peers.c - the table of peers, how one begins and how it ends.
 *
 * The table is an array sorted by node, searched by halves, with the peer of the last
 * send in front of it: sends go to few nodes in a row, and a walk in order must survive
 * whatever comes and goes in between.
 *
 * An end has three steps: the peer leaves the table, so that nobody finds it any more
 * and its node may come back at once; the watchers are told; the link is closed and the
 * memory freed. While somebody up the stack still holds the peer (busy), the end is
 * only written down, and done by the last to leave. */
#include "ipc/peer_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "ipc/goodbye.h"
#include "microkernel/error.h"
#include "microkernel/log.h"

#include <string.h>

enum { FIRST_CAP = 4 };

/* --- the table --- */

/* Where the first peer of a node >= `node` stands. */
static size_t place_of(const peers_t *peers, node_id_t node) {
    size_t low = 0, high = peers->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (peers->items[middle]->facts.node < node)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

peer_t *peers__find(const peers_t *peers, node_id_t node) {
    size_t at = place_of(peers, node);
    if (at == peers->len || peers->items[at]->facts.node != node) return NULL;
    return peers->items[at];
}

/* Room for one more element of an array; MK_OK or MK_ENOMEM. */
static int make_room(void **items, size_t *cap, size_t len, size_t item_size) {
    if (len < *cap) return MK_OK;
    size_t wanted = *cap == 0 ? FIRST_CAP : *cap * 2;
    void *bigger = mk_realloc(*items, wanted * item_size);
    if (bigger == NULL) return MK_ENOMEM;
    *items = bigger;
    *cap = wanted;
    return MK_OK;
}

static int insert(peers_t *peers, peer_t *peer) {
    void *items = peers->items;
    int result = make_room(&items, &peers->cap, peers->len, sizeof *peers->items);
    peers->items = items;
    if (result != MK_OK) return result;
    size_t at = place_of(peers, peer->facts.node);
    memmove(peers->items + at + 1, peers->items + at,
            (peers->len - at) * sizeof *peers->items);
    peers->items[at] = peer;
    peers->len++;
    return MK_OK;
}

static void take_out(peers_t *peers, const peer_t *peer) {
    size_t at = place_of(peers, peer->facts.node);
    MK_ASSERT(at < peers->len && peers->items[at] == peer);
    peers->len--;
    memmove(peers->items + at, peers->items + at + 1,
            (peers->len - at) * sizeof *peers->items);
    if (peers->last == peer) peers->last = NULL;
}

/* --- the part --- */

static bool is_connected(router_t *router, runtime_t *rt, node_id_t node) {
    const peers_t *peers = MK_CONTAINER_OF(router, peers_t, router);
    (void)rt;
    const peer_t *peer = peers__find(peers, node);
    return peer != NULL && !peer->is_ending;
}

/* Actors and those who watch are gone; the peers are told. */
static void destroy(part_t *part, runtime_t *rt) {
    peers_t *peers = MK_CONTAINER_OF(part, peers_t, part);
    runtime_set_router(rt, NULL);
    for (size_t i = 0; i < peers->len; i++) {
        peer_t *peer = peers->items[i];
        deadline_clear(rt, &peer->ack);
        deadline_clear(rt, &peer->beat);
        goodbye_say(rt, peer->link, (uint32_t)MK_ESTOPPED, "the node ends");
        link_close(peer->link, rt, true);
        mk_free(peer);
    }
    mk_free(peers->items);
    mk_free(peers->watchers);
    mk_free(peers);
}

static const part_ops_t peers_ops = {NULL, NULL, destroy};

peers_t *peers__find_all(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &peers_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, peers_t, part) : NULL;
}

peers_t *peers__get(runtime_t *rt) {
    peers_t *peers = peers__find_all(rt);
    if (peers != NULL || rt == NULL) return peers;
    peers = mk_calloc(1, sizeof *peers);
    if (peers == NULL) return NULL;
    peers->rt = rt;
    peers->own = runtime_get_node_id(rt);
    peers->understood = PEER_CREDIT | PEER_HEARTBEAT;
    peers->router = (router_t){peer__route, is_connected};
    part_attach(rt, &peers->part, &peers_ops);
    runtime_set_router(rt, &peers->router);
    return peers;
}

/* --- watchers --- */

/* Those who left while others were told are taken out when nobody is told any more. */
void peers__end_telling(peers_t *peers) {
    MK_ASSERT(peers->telling > 0);
    if (--peers->telling > 0) return;
    size_t kept = 0;
    for (size_t i = 0; i < peers->watchers_len; i++)
        if (peers->watchers[i].observer != NULL)
            peers->watchers[kept++] = peers->watchers[i];
    peers->watchers_len = kept;
}

typedef enum { PEER_NEWS_UP, PEER_NEWS_DOWN, PEER_NEWS_ROOM } peer_news_t;

static void tell(const peer_watcher_t *watcher, runtime_t *rt, peer_t *peer,
                 peer_news_t news) {
    const peer_observer_t *observer = watcher->observer;
    if (news == PEER_NEWS_UP && observer->on_up != NULL)
        observer->on_up(watcher->ctx, rt, peer);
    if (news == PEER_NEWS_DOWN && observer->on_down != NULL)
        observer->on_down(watcher->ctx, rt, peer, peer->end_reason, peer->end_text);
    if (news == PEER_NEWS_ROOM && observer->on_room != NULL)
        observer->on_room(watcher->ctx, rt, peer);
}

/* Those who come while others are told have been told by themselves (peers_observe),
 * so the count is taken before; the array may move. */
static void tell_all(runtime_t *rt, peer_t *peer, peer_news_t news) {
    peers_t *peers = peer->peers;
    size_t count = peers->watchers_len;
    peers->telling++;
    for (size_t i = 0; i < count; i++) {
        peer_watcher_t watcher = peers->watchers[i];
        if (watcher.observer != NULL) tell(&watcher, rt, peer, news);
    }
    peers__end_telling(peers);
}

int peers_observe(runtime_t *rt, const peer_observer_t *observer, void *ctx) {
    peers_t *peers = peers__get(rt);
    if (peers == NULL) return MK_ENOMEM;
    for (size_t i = 0; i < peers->watchers_len; i++)
        if (peers->watchers[i].observer == observer && peers->watchers[i].ctx == ctx)
            return MK_EEXIST;
    void *watchers = peers->watchers;
    int result = make_room(&watchers, &peers->watchers_cap, peers->watchers_len,
                           sizeof *peers->watchers);
    peers->watchers = watchers;
    if (result != MK_OK) return result;
    peers->watchers[peers->watchers_len++] = (peer_watcher_t){observer, ctx};
    if (observer->on_up == NULL) return MK_OK;
    for (peer_t *peer = peers_next(rt, NULL), *next; peer != NULL; peer = next) {
        peer__enter(peer);
        observer->on_up(ctx, rt, peer);
        next = peers_next(rt, peer);
        peer__leave(rt, peer);
    }
    return MK_OK;
}

void peers_unobserve(runtime_t *rt, const peer_observer_t *observer, void *ctx) {
    peers_t *peers = peers__find_all(rt);
    if (peers == NULL) return;
    for (size_t i = 0; i < peers->watchers_len; i++)
        if (peers->watchers[i].observer == observer && peers->watchers[i].ctx == ctx)
            peers->watchers[i].observer = NULL;
    peers->telling++;
    peers__end_telling(peers);
}

int peers_offer(runtime_t *rt, uint32_t features) {
    peers_t *peers = peers__get(rt);
    if (peers == NULL) return MK_ENOMEM;
    peers->understood |= features;
    return MK_OK;
}

uint32_t peers_offered(runtime_t *rt) {
    const peers_t *peers = peers__find_all(rt);
    return peers != NULL ? peers->understood : PEER_CREDIT | PEER_HEARTBEAT;
}

/* --- the end --- */

static void log_end(runtime_t *rt, const peer_t *peer) {
    char link[PEER_TEXT_MAX];
    const node_counters_t *counts = &peer->counts;
    log_field_t fields[] = {
        log_unsigned("node", peer->facts.node),
        log_text("name", peer->facts.identity),
        log_text("link", peer->link->ops->describe(peer->link, link, sizeof link)),
        log_text("why", peer->end_text),
        log_unsigned("sent", counts->sent),
        log_unsigned("received", counts->received),
        log_unsigned("lost", counts->lost)};
    bool is_wanted = peer->end_reason == MK_OK || peer->end_reason == MK_ECANCELED;
    int level = is_wanted ? LOG_INFO : LOG_WARN;
    (void)log_event_for(rt, ACTOR_ID_INVALID, level, "node down", fields,
                        sizeof fields / sizeof fields[0]);
}

static void finish(runtime_t *rt, peer_t *peer) {
    take_out(peer->peers, peer);
    deadline_clear(rt, &peer->ack);
    deadline_clear(rt, &peer->beat);
    peer__count_lost(rt, peer);
    log_end(rt, peer);
    tell_all(rt, peer, PEER_NEWS_DOWN);
    if (!peer->is_broken)
        goodbye_say(rt, peer->link, (uint32_t)peer->end_reason, peer->end_text);
    link_close(peer->link, rt, !peer->is_broken);
    mk_free(peer);
}

void peer__leave(runtime_t *rt, peer_t *peer) {
    MK_ASSERT(peer->busy > 0);
    if (--peer->busy == 0 && peer->is_ending) finish(rt, peer);
}

void peer__end(runtime_t *rt, peer_t *peer, int reason, const char *text,
               bool is_broken) {
    if (is_broken) peer->is_broken = true;
    if (peer->is_ending) return;
    mk_writer_t writer;
    writer_init(&writer, peer->end_text, sizeof peer->end_text);
    writer_escaped(&writer, text_of(text));
    peer->end_reason = reason;
    peer->is_ending = true;
    peer__enter(peer);
    peer__leave(rt, peer);
}

void peer_end(runtime_t *rt, peer_t *peer, int reason, const char *text) {
    peer__end(rt, peer, reason, text != NULL ? text : mk_error_text(reason), false);
}

/* --- what the link tells --- */

static void on_message(link_t *link, runtime_t *rt, const wire_message_t *message) {
    peer_t *peer = link->owner;
    if (peer->is_ending) return;
    const char *text = NULL;
    int result = MK_OK;
    peer->is_heard = true;
    peer__enter(peer);
    if (message->dest != ACTOR_ID_INVALID)
        peer__take_mail(rt, peer, message);
    else
        result = peer__take_control(rt, peer, message, &text);
    if (result != MK_OK) peer__end(rt, peer, result, text, false);
    peer__leave(rt, peer);
}

static void on_room(link_t *link, runtime_t *rt) {
    peer_t *peer = link->owner;
    if (peer->is_ending) return;
    peer__enter(peer);
    tell_all(rt, peer, PEER_NEWS_ROOM);
    peer__leave(rt, peer);
}

static void on_down(link_t *link, runtime_t *rt, int reason, const char *text) {
    peer__end(rt, link->owner, reason, text != NULL ? text : mk_error_text(reason),
              true);
}

static const link_events_t peer_events = {
    .on_message = on_message, .on_room = on_room, .on_down = on_down};

/* --- the beginning --- */

static void log_begin(runtime_t *rt, const peer_t *peer) {
    char link[PEER_TEXT_MAX];
    log_field_t fields[] = {
        log_unsigned("node", peer->facts.node), log_text("name", peer->facts.identity),
        log_text("link", peer->link->ops->describe(peer->link, link, sizeof link))};
    (void)log_event_for(rt, ACTOR_ID_INVALID, LOG_INFO, "node up", fields, 3);
}

int peers_adopt(runtime_t *rt, link_t *link, const peer_facts_t *facts) {
    peers_t *peers = peers__get(rt);
    if (peers == NULL) return MK_ENOMEM;
    if (peers->own == 0) return MK_ESTATE;
    if (facts->node == 0 || facts->node == peers->own) return MK_EINVAL;
    if (peers__find(peers, facts->node) != NULL) return MK_EEXIST;
    peer_t *peer = mk_calloc(1, sizeof *peer);
    if (peer == NULL) return MK_ENOMEM;
    peer->peers = peers;
    peer->link = link;
    peer->facts = *facts;
    peer->facts.identity[MK_NODE_NAME_MAX - 1] = '\0';
    if (peer->facts.granted == 0) peer->facts.granted = MK_PEER_CREDIT;
    if (link->is_lossy) peer->facts.features &= ~(uint32_t)PEER_CREDIT;
    if ((peer->facts.features & PEER_CREDIT) == 0) peer->facts.credit = 0;
    peer->since_ms = runtime_now_ms(rt);
    deadline_init(&peer->ack, peer__on_ack_due);
    deadline_init(&peer->beat, peer__on_beat_due);
    int result = insert(peers, peer);
    if (result != MK_OK) {
        mk_free(peer);
        return result;
    }
    peer->number = ++peers->adopted;
    link->owner = peer;
    link->events = &peer_events;
    log_begin(rt, peer);
    peer__enter(peer);
    peer__begin_beat(rt, peer);
    tell_all(rt, peer, PEER_NEWS_UP);
    peer__leave(rt, peer);
    return MK_OK;
}

/* --- what is known --- */

peer_t *peers_find(runtime_t *rt, node_id_t node) {
    const peers_t *peers = peers__find_all(rt);
    return peers != NULL ? peers__find(peers, node) : NULL;
}

peer_t *peers_next(runtime_t *rt, const peer_t *peer) {
    const peers_t *peers = peers__find_all(rt);
    if (peers == NULL) return NULL;
    if (peer != NULL && peer->facts.node == UINT32_MAX) return NULL;
    size_t at = place_of(peers, peer != NULL ? peer->facts.node + 1 : 0);
    return at < peers->len ? peers->items[at] : NULL;
}

const peer_facts_t *peer_facts(const peer_t *peer) {
    return &peer->facts;
}

link_t *peer_link(const peer_t *peer) {
    return peer->link;
}

const node_counters_t *peer_counters(const peer_t *peer) {
    return &peer->counts;
}

uint32_t peer_round_trip_us(const peer_t *peer) {
    return peer->round_trip_us;
}

uint64_t peer_since_ms(const peer_t *peer) {
    return peer->since_ms;
}

uint64_t peer_number(const peer_t *peer) {
    return peer->number;
}

uint64_t peers_adopted(runtime_t *rt) {
    const peers_t *peers = peers__find_all(rt);
    return peers != NULL ? peers->adopted : 0;
}
