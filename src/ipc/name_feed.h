/* SPDX-License-Identifier: Apache-2.0 */
/* name_feed.h - tells one other node the names of this one: first all, in a walk that
 * goes on where it stopped, then what changes.
 *
 * What is sent is always the state a name has at that moment, so of a name that changes
 * while the link is full only the last state is sent, and what waits is bounded by the
 * names there are. */
#ifndef MK_IPC_NAME_FEED_H
#define MK_IPC_NAME_FEED_H

#include "ipc/peer.h"
#include "services/name_table.h"

#include <stdbool.h>

typedef enum { FEED_NAMES, FEED_PATHS, FEED_SAY_SO, FEED_IN_STEP } feed_stage_t;

typedef struct {
    feed_stage_t stage;   /* of the walk */
    bool is_again;        /* all were told before: what goes ahead of it is told, too */
    char at[MK_PATH_MAX]; /* last key that the walk has passed; "": none */
    name_table_t changed; /* names behind the walk that changed and wait; id 1 */
} name_feed_t;

/* Make one whose walk has not begun, in the caller's memory. */
void name_feed_init(name_feed_t *feed);
void name_feed_deinit(name_feed_t *feed);

/* Walk again from the start. */
void name_feed_restart(name_feed_t *feed);

/* A name of this node came or went: send its state. MK_OK: that was done, or the walk
 * will do it; MK_EAGAIN: it waits for name_feed_pump; MK_ENOMEM, MK_ELIMIT
 * (MK_PEER_NAMES changes wait): the peer cannot be kept in step. May be called by an
 * observer of names.
 */
int name_feed_touch(name_feed_t *feed, runtime_t *rt, peer_t *peer, const char *name);

/* Send what waits, and at most MK_NAME_BATCH names of the walk. MK_OK: nothing is left;
 * MK_EAGAIN: call again at the next look of the loop; MK_EFULL: when the link has room;
 * another error of peer_send: nothing was lost, the caller decides. */
int name_feed_pump(name_feed_t *feed, runtime_t *rt, peer_t *peer);

#endif
