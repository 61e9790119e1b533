/* SPDX-License-Identifier: Apache-2.0 */
/* peer_beat.c - noticing that a peer has fallen silent.
 *
 * Silence is counted in beats and not read from the clock: a beat without a word sends
 * a ping, MK_PEER_SILENCE of them in a row are the end. So a node that was itself
 * asleep or whose clock jumped counts one beat, and the peer has time to answer. A
 * message costs one store. */
#include "ipc/peer_impl.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "port/clock.h"

enum { NS_PER_US = 1000 };

static void ping(runtime_t *rt, peer_t *peer) {
    uint8_t bytes[sizeof(uint64_t)];
    bytes_writer_t writer;
    uint64_t now_ns = port_clock_monotonic_ns();
    if (now_ns == 0) now_ns = 1;
    bytes_writer_init(&writer, bytes, sizeof bytes);
    bytes_write_u64_be(&writer, now_ns);
    bool is_sent = peer_send(rt, peer, MSG_NODE_PING, bytes, writer.size) == MK_OK;
    peer->ping_ns = is_sent ? now_ns : 0;
}

void peer__begin_beat(runtime_t *rt, peer_t *peer) {
    if ((peer->facts.features & PEER_HEARTBEAT) == 0 || peer->facts.heartbeat_ms == 0)
        return;
    peer->is_heard = true;
    deadline_set(rt, &peer->beat, peer->facts.heartbeat_ms);
    ping(rt, peer); /* the first round trip */
}

static void give_up(runtime_t *rt, peer_t *peer) {
    char text[PEER_TEXT_MAX];
    mk_writer_t writer;
    writer_init(&writer, text, sizeof text);
    writer_format(&writer, "no word from it for %llu ms",
                  (unsigned long long)peer->facts.heartbeat_ms * peer->missed);
    peer__end(rt, peer, MK_ETIMEOUT, text, false);
}

void peer__on_beat_due(deadline_t *deadline, runtime_t *rt) {
    peer_t *peer = MK_CONTAINER_OF(deadline, peer_t, beat);
    peer->missed = peer->is_heard ? 0 : peer->missed + 1;
    peer->is_heard = false;
    if (peer->missed >= MK_PEER_SILENCE) {
        give_up(rt, peer);
        return;
    }
    deadline_set(rt, &peer->beat, peer->facts.heartbeat_ms);
    if (peer->missed == 0) return;
    peer__enter(peer);
    ping(rt, peer);
    peer__leave(rt, peer);
}

/* An answer to another ping than the last one tells nothing. */
int peer__take_pong(peer_t *peer, const wire_message_t *message) {
    bytes_reader_t reader;
    bytes_reader_init(&reader, message->payload, message->payload_size);
    uint64_t sent_ns = bytes_read_u64_be(&reader);
    if (!bytes_is_complete(&reader)) return MK_EBADMSG;
    if (peer->ping_ns == 0 || sent_ns != peer->ping_ns) return MK_OK;
    uint64_t us = (port_clock_monotonic_ns() - sent_ns) / NS_PER_US;
    if (us == 0) us = 1;
    peer->round_trip_us = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
    peer->ping_ns = 0;
    return MK_OK;
}
