/* SPDX-License-Identifier: Apache-2.0 */
/* shake.c - see shake.h. hello.c judges, this file brings what it needs to know and
 * does what it says.
 *
 *   ours:   say FIRST -> [answer comes] -> say LAST, adopt
 *   theirs: [first comes] -> say ANSWER -> [last comes] -> adopt
 *
 * A shake is in the list of its runtime from shake_start until it is over, so that
 * shakes with the same node find each other. */
#include "ipc/shake.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/list.h"
#include "ipc/goodbye.h"
#include "ipc/peer.h"
#include "kernel/deadline.h"
#include "kernel/inside.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "port/random.h"

#include <string.h>

/* Actors that were spawned before others could know this node have lower numbers; those
 * after it begin somewhere at or above this, elsewhere in each life of the node, so
 * that mail for an actor of an earlier life meets nobody. */
#define FIRST_KNOWN (UINT32_C(1) << 20)

typedef struct {
    part_t part;
    list_node_t shakes; /* shake_t.node */
    uint64_t boot;      /* of this runtime; never 0 */
} shakes_t;

struct shake {
    list_node_t node;
    link_t *link;
    shake_spec_t spec;
    deadline_t deadline;
    hello_t own;
    hello_t other;  /* once it has said one */
    bool has_other; /* theirs: its first hello was answered */
};

/* --- the part --- */

static void let_go(runtime_t *rt, shake_t *shake) {
    deadline_clear(rt, &shake->deadline);
    list_remove(&shake->node);
    mk_free(shake);
}

void shake_cancel(runtime_t *rt, shake_t *shake, hello_code_t code) {
    if (shake == NULL) return;
    char text[MK_NODE_TEXT_MAX];
    mk_writer_t writer;
    writer_init(&writer, text, sizeof text);
    hello_explain(code, NULL, NULL, &writer);
    if (code != HELLO_OK) goodbye_say(rt, shake->link, code, text);
    link_close(shake->link, rt, code != HELLO_OK);
    let_go(rt, shake);
}

static void give_up(runtime_t *rt, shake_t *shake, int status, uint32_t code,
                    const char *text, bool in_order);

/* The owners may be parts that end later: they are told. */
static void destroy(part_t *part, runtime_t *rt) {
    shakes_t *shakes = MK_CONTAINER_OF(part, shakes_t, part);
    while (!list_is_empty(&shakes->shakes))
        give_up(rt, MK_CONTAINER_OF(shakes->shakes.next, shake_t, node), MK_ESTOPPED, 0,
                "the node ends", false);
    mk_free(shakes);
}

static const part_ops_t shakes_ops = {NULL, NULL, destroy};

static int get_shakes(runtime_t *rt, shakes_t **out) {
    part_t *part = part_find(rt, &shakes_ops);
    *out = part != NULL ? MK_CONTAINER_OF(part, shakes_t, part) : NULL;
    if (part != NULL) return MK_OK;
    shakes_t *shakes = mk_calloc(1, sizeof *shakes);
    if (shakes == NULL) return MK_ENOMEM;
    int result = port_random_fill(&shakes->boot, sizeof shakes->boot);
    if (result != MK_OK) {
        mk_free(shakes);
        return result;
    }
    if (shakes->boot == 0) shakes->boot = 1;
    actors__count_from(rt, (uint32_t)(shakes->boot >> 32) | FIRST_KNOWN);
    list_init(&shakes->shakes);
    part_attach(rt, &shakes->part, &shakes_ops);
    *out = shakes;
    return MK_OK;
}

/* --- the end --- */

/* It is over: tell the owner, when the shake is gone already. */
static void finish(runtime_t *rt, shake_t *shake, int status, uint32_t code,
                   const char *text, const char *place) {
    shake_spec_t spec = shake->spec;
    hello_t other = shake->other;
    shake_result_t result = {status, code, other.node, other.identity, place, text};
    let_go(rt, shake);
    spec.on_done(spec.owner, rt, &result);
}

static void give_up(runtime_t *rt, shake_t *shake, int status, uint32_t code,
                    const char *text, bool in_order) {
    char place[MK_NODE_TEXT_MAX];
    (void)shake->link->ops->describe(shake->link, place, sizeof place);
    link_close(shake->link, rt, in_order);
    finish(rt, shake, status, code, text, place);
}

/* Refuse, and say so to both. */
static void refuse(runtime_t *rt, shake_t *shake, hello_code_t code) {
    char text[MK_NODE_TEXT_MAX];
    mk_writer_t writer;
    writer_init(&writer, text, sizeof text);
    hello_explain(code, &shake->own, &shake->other, &writer);
    goodbye_say(rt, shake->link, code, text);
    give_up(rt, shake, hello_error(code), code, text, true);
}

/* --- judging --- */

static bool is_rival(const shake_t *other, const shake_t *shake) {
    return other != shake && !other->spec.is_ours && other->has_other &&
           other->other.node == shake->other.node;
}

static shake_t *find_rival(runtime_t *rt, const shake_t *shake) {
    shakes_t *shakes;
    if (get_shakes(rt, &shakes) != MK_OK) return NULL;
    list_node_t *node = shakes->shakes.next;
    for (; node != &shakes->shakes; node = node->next) {
        shake_t *other = MK_CONTAINER_OF(node, shake_t, node);
        if (is_rival(other, shake)) return other;
    }
    return NULL;
}

static hello_view_t view_of(runtime_t *rt, const shake_t *shake, const hello_t *other) {
    hello_view_t view = {.is_trusted = shake->link->is_trusted};
    const peer_t *up = peers_find(rt, other->node);
    const shake_t *rival = find_rival(rt, shake);
    if (up != NULL) {
        const peer_facts_t *facts = peer_facts(up);
        view.is_up = true;
        view.up_is_ours = facts->is_ours;
        view.up_is_trusted = peer_link(up)->is_trusted;
        view.up_boot = facts->boot;
        memcpy(view.up_identity, facts->identity, sizeof view.up_identity);
    }
    for (peer_t *peer = peers_next(rt, NULL); peer; peer = peers_next(rt, peer))
        if (peer != up && strcmp(peer_facts(peer)->identity, other->identity) == 0)
            view.name_owner = peer_facts(peer)->node;
    view.is_rival = rival != NULL;
    if (rival != NULL) view.rival_boot = rival->other.boot;
    return view;
}

static void do_deeds(runtime_t *rt, shake_t *shake, const hello_deeds_t *deeds) {
    peer_t *up = deeds->ends_up ? peers_find(rt, shake->other.node) : NULL;
    if (up != NULL)
        peer_end(rt, up, MK_ECLOSED, "the node has come back by another link");
    shake_t *rival;
    while (deeds->ends_rival && (rival = find_rival(rt, shake)) != NULL)
        refuse(rt, rival, HELLO_OTHER_LINK);
}

static int say_hello(runtime_t *rt, shake_t *shake) {
    uint8_t bytes[HELLO_SIZE];
    if (shake->has_other) memcpy(shake->own.echo, shake->other.nonce, HELLO_NONCE_SIZE);
    hello_write(&shake->own, bytes);
    wire_message_t message = {ACTOR_ID_INVALID, ACTOR_ID_INVALID, MSG_NODE_HELLO, bytes,
                              sizeof bytes};
    return link_send(shake->link, rt, &message, true);
}

static void adopt(runtime_t *rt, shake_t *shake) {
    const hello_t *own = &shake->own, *other = &shake->other;
    char place[MK_NODE_TEXT_MAX];
    peer_facts_t facts = {.node = other->node,
                          .features = own->features & other->features,
                          .credit = other->credit,
                          .granted = own->credit,
                          .boot = other->boot,
                          .is_ours = shake->spec.is_ours};
    memcpy(facts.identity, other->identity, sizeof facts.identity);
    /* The slower one decides. */
    bool beats = own->heartbeat_ms != 0 && other->heartbeat_ms != 0;
    if (beats)
        facts.heartbeat_ms = own->heartbeat_ms > other->heartbeat_ms
                                 ? own->heartbeat_ms
                                 : other->heartbeat_ms;
    (void)shake->link->ops->describe(shake->link, place, sizeof place);
    int result = peers_adopt(rt, shake->link, &facts);
    if (result != MK_OK)
        refuse(rt, shake, result == MK_ENOMEM ? HELLO_NO_MEMORY : HELLO_MOUNTED);
    else
        finish(rt, shake, MK_OK, 0, "", place);
}

/* --- what the link tells --- */

static void take_hello(runtime_t *rt, shake_t *shake, const wire_message_t *message) {
    hello_turn_t turn = shake->spec.is_ours ? HELLO_ANSWER
                        : shake->has_other  ? HELLO_LAST
                                            : HELLO_FIRST;
    hello_t before = shake->other;
    hello_deeds_t deeds = {.ends_up = false};
    size_t size = message->payload_size;
    hello_code_t code = size > HELLO_SIZE_MAX
                            ? HELLO_NO_HELLO
                            : hello_read(message->payload, size, &shake->other);
    if (code == HELLO_OK) {
        hello_view_t view = view_of(rt, shake, &shake->other);
        code = hello_judge(&shake->own, &shake->other, &before, turn, &view, &deeds);
    }
    if (code != HELLO_OK) {
        refuse(rt, shake, code);
        return;
    }
    do_deeds(rt, shake, &deeds);
    shake->has_other = true;
    int result = turn == HELLO_LAST ? MK_OK : say_hello(rt, shake);
    if (result != MK_OK)
        give_up(rt, shake, result, 0, mk_error_text(result), false);
    else if (turn != HELLO_FIRST)
        adopt(rt, shake);
}

static void take_goodbye(runtime_t *rt, shake_t *shake, const wire_message_t *message) {
    goodbye_t goodbye;
    char text[MK_NODE_TEXT_MAX];
    mk_writer_t writer;
    if (!goodbye_read(message, &goodbye)) {
        refuse(rt, shake, HELLO_NO_TURN);
        return;
    }
    writer_init(&writer, text, sizeof text);
    writer_str(&writer, "the other side refused: ");
    writer_str(&writer, goodbye.text);
    if (shake->other.node == 0) shake->other.node = goodbye.node;
    give_up(rt, shake, hello_error(goodbye.code), goodbye.code, text, false);
}

static void on_message(link_t *link, runtime_t *rt, const wire_message_t *message) {
    shake_t *shake = link->owner;
    if (message->dest != ACTOR_ID_INVALID || message->source != ACTOR_ID_INVALID)
        refuse(rt, shake, HELLO_NO_TURN);
    else if (message->type == MSG_NODE_HELLO)
        take_hello(rt, shake, message);
    else if (message->type == MSG_NODE_GOODBYE)
        take_goodbye(rt, shake, message);
    else
        refuse(rt, shake, HELLO_NO_TURN);
}

static void on_room(link_t *link, runtime_t *rt) {
    (void)link, (void)rt; /* hellos go beyond the bound */
}

/* In order: an alert of TLS, which tells the other side why, may be on its way. */
static void on_down(link_t *link, runtime_t *rt, int reason, const char *text) {
    give_up(rt, link->owner, reason, 0, text, true);
}

static const link_events_t shake_events = {
    .on_message = on_message, .on_room = on_room, .on_down = on_down};

static void on_due(deadline_t *deadline, runtime_t *rt) {
    refuse(rt, MK_CONTAINER_OF(deadline, shake_t, deadline), HELLO_TOO_SLOW);
}

/* --- the beginning --- */

static int fill_own(runtime_t *rt, const shakes_t *shakes, hello_t *own) {
    own->node = runtime_get_node_id(rt);
    strncpy(own->identity, node_identity(rt), sizeof own->identity - 1);
    own->version = HELLO_VERSION;
    own->features = peers_offered(rt);
    own->heartbeat_ms = MK_PEER_HEARTBEAT_MS;
    own->credit = MK_PEER_CREDIT;
    own->boot = shakes->boot;
    if (own->node == 0) return MK_ESTATE;
    return port_random_fill(own->nonce, sizeof own->nonce);
}

int shake_start(runtime_t *rt, link_t *link, const shake_spec_t *spec, shake_t **out) {
    shakes_t *shakes;
    int result = get_shakes(rt, &shakes);
    shake_t *shake = result == MK_OK ? mk_calloc(1, sizeof *shake) : NULL;
    if (result == MK_OK && shake == NULL) result = MK_ENOMEM;
    if (result == MK_OK) {
        list_init(&shake->node);
        shake->link = link;
        shake->spec = *spec;
        result = fill_own(rt, shakes, &shake->own);
        if (result == MK_OK && spec->is_ours) result = say_hello(rt, shake);
    }
    if (result != MK_OK) {
        mk_free(shake);
        link_close(link, rt, false);
        return result;
    }
    link->owner = shake;
    link->events = &shake_events;
    deadline_init(&shake->deadline, on_due);
    deadline_set(rt, &shake->deadline, spec->timeout_ms);
    list_insert_before(&shakes->shakes, &shake->node);
    *out = shake;
    return MK_OK;
}
