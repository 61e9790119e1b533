/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.h - a bounded first-in first-out queue of messages.
 *
 * Actors own one each; programs may use it as a queue of their own. Not thread safe. */
#ifndef MICROKERNEL_MAILBOX_H
#define MICROKERNEL_MAILBOX_H

#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What happens to a message for a full mailbox. */
typedef enum {
    MAILBOX_FAIL = 0,        /* it is refused: actor_send returns false */
    MAILBOX_DROP_OLDEST = 1, /* the oldest waiting message makes room, and is counted */
    MAILBOX_KEEP_LATEST = 2  /* it replaces all that wait, and they are counted */
} mailbox_policy_t;

/* A queue for `capacity` messages, rounded up to a power of two, at least 2. Returns
 * owned; NULL when memory is short or the capacity exceeds 2^31. */
mailbox_t *mailbox_create(size_t capacity);

/* End the queue and the messages in it; takes `mb`, NULL is allowed. */
void mailbox_destroy(mailbox_t *mb);

/* Append a message of message_create. True: the mailbox has taken `msg`. False: full,
 * NULL, or a message taken from a runtime (message_take); the caller keeps it. */
bool mailbox_enqueue(mailbox_t *mb, message_t *msg);

/* Remove the oldest message. Returns owned; NULL when empty. */
message_t *mailbox_dequeue(mailbox_t *mb);

/* True when nothing waits (and for NULL). */
bool mailbox_is_empty(const mailbox_t *mb);

/* Messages waiting; 0 for NULL. */
size_t mailbox_count(const mailbox_t *mb);

#ifdef __cplusplus
}
#endif

#endif
