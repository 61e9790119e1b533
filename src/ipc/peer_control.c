/* SPDX-License-Identifier: Apache-2.0 */
/* peer_control.c - messages between the nodes themselves, destination 0: those that
 * each peer answers by itself, and the way to the features that take the rest.
 *
 * What no feature knows is counted and ignored, so that a node may understand more than
 * this one. A message that is known and malformed ends the link: whoever wrote it does
 * not speak our language, and nothing it says later means what we think. */
#include "ipc/peer_impl.h"

#include "base/writer.h"
#include "ipc/goodbye.h"
#include "ipc/hello.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"

enum { PING_SIZE = 8 };

int peer_send(runtime_t *rt, peer_t *peer, msg_type_t type, const void *payload,
              size_t payload_size) {
    if (peer->is_ending) return MK_ECLOSED;
    wire_message_t message = {ACTOR_ID_INVALID, ACTOR_ID_INVALID, type, payload,
                              payload != NULL ? payload_size : 0};
    return link_send(peer->link, rt, &message, false);
}

/* The peer ends the link and says why. Unless it was unmounted there, it may be had
 * again. */
static int take_goodbye(runtime_t *rt, peer_t *peer, const wire_message_t *message,
                        const char **text) {
    char words[PEER_TEXT_MAX];
    mk_writer_t writer;
    goodbye_t goodbye;
    if (!goodbye_read(message, &goodbye)) {
        *text = "a goodbye that is too short";
        return MK_EBADMSG;
    }
    bool is_unmounted = goodbye.code == (uint32_t)MK_ECANCELED;
    writer_init(&writer, words, sizeof words);
    writer_str(&writer, "the other side ended it: ");
    writer_str(&writer, goodbye.text);
    /* It listens no more: an answer would be lost. */
    peer__end(rt, peer, is_unmounted ? MK_ECANCELED : hello_error(goodbye.code), words,
              true);
    return MK_OK;
}

/* An answer that finds no room is not given: the next ping comes. */
static int take_ping(runtime_t *rt, peer_t *peer, const wire_message_t *message,
                     const char **text) {
    if (message->payload_size != PING_SIZE) {
        *text = "a ping of the wrong size";
        return MK_EBADMSG;
    }
    (void)peer_send(rt, peer, MSG_NODE_PONG, message->payload, message->payload_size);
    return MK_OK;
}

static int take_pong(runtime_t *rt, peer_t *peer, const wire_message_t *message,
                     const char **text) {
    (void)rt;
    *text = "a pong of the wrong size";
    return peer__take_pong(peer, message);
}

static int take_credit(runtime_t *rt, peer_t *peer, const wire_message_t *message,
                       const char **text) {
    (void)rt;
    *text = "credit for what was never sent";
    return peer__take_credit(peer, message);
}

static int take_late_hello(runtime_t *rt, peer_t *peer, const wire_message_t *message,
                           const char **text) {
    (void)rt, (void)peer, (void)message;
    *text = "a second hello";
    return MK_EBADMSG;
}

static const struct {
    msg_type_t type;
    int (*take)(runtime_t *rt, peer_t *peer, const wire_message_t *message,
                const char **text);
} own_messages[] = {{MSG_NODE_PING, take_ping},
                    {MSG_NODE_PONG, take_pong},
                    {MSG_NODE_CREDIT, take_credit},
                    {MSG_NODE_GOODBYE, take_goodbye},
                    {MSG_NODE_HELLO, take_late_hello}};

/* The first feature that does not say MK_ENOENT decides. */
static int ask_watchers(runtime_t *rt, peer_t *peer, const wire_message_t *message) {
    const peers_t *peers = peer->peers;
    size_t count = peers->watchers_len;
    int result = MK_ENOENT;
    peer->peers->telling++;
    for (size_t i = 0; i < count && result == MK_ENOENT; i++) {
        peer_watcher_t watcher = peers->watchers[i];
        if (watcher.observer != NULL && watcher.observer->on_control != NULL)
            result = watcher.observer->on_control(watcher.ctx, rt, peer, message);
    }
    peers__end_telling(peer->peers);
    return result;
}

int peer__take_control(runtime_t *rt, peer_t *peer, const wire_message_t *message,
                       const char **text) {
    for (size_t i = 0; i < sizeof own_messages / sizeof own_messages[0]; i++)
        if (own_messages[i].type == message->type)
            return own_messages[i].take(rt, peer, message, text);
    bool is_forged = message->source != ACTOR_ID_INVALID &&
                     actor_id_node(message->source) != peer->facts.node;
    int result = is_forged ? MK_ENOENT : ask_watchers(rt, peer, message);
    if (result == MK_ENOENT) {
        peer__note_fault(rt, peer, is_forged ? PEER_FAULT_FORGED : PEER_FAULT_UNKNOWN,
                         message->type);
        return MK_OK;
    }
    *text = result == MK_ENOMEM ? "no memory for what it says"
                                : "a message to the node broke a rule";
    return result < 0 ? result : MK_OK;
}
