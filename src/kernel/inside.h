/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - what the layers above may ask of the kernel beyond the public headers. */
#ifndef MK_KERNEL_INSIDE_H
#define MK_KERNEL_INSIDE_H

#include "microkernel/actor.h"
#include "microkernel/message.h"
#include "microkernel/runtime.h"

/* Deliver a message of the system: any type, any source, beyond the mailbox's limits.
 * False when nobody is there or memory is short. */
bool actor__notify(runtime_t *rt, actor_id_t source, actor_id_t dest, msg_type_t type,
                   const void *payload, size_t payload_size);

/* As actor__notify with a message made beforehand by message_create, so that telling
 * cannot fail for want of memory; source, destination and type are the message's. Takes
 * `msg` in any case. False when nobody is there. */
bool actor__notify_with(runtime_t *rt, message_t *msg);

/* As actor_send with a given source and no check of the type: for services that answer
 * on behalf of an actor. Respects the mailbox's limits. */
bool actor__send_from(runtime_t *rt, actor_id_t source, actor_id_t dest, msg_type_t type,
                      const void *payload, size_t payload_size);

/* State of a live actor whose behaviour is `behavior`; NULL for all others. The way to
 * trust an id that came from outside. */
void *actor__state_of(runtime_t *rt, actor_id_t id, actor_behavior_fn behavior);

/* End an actor with a reason and a text (as actor_exit does for the running one). */
void actor__kill(runtime_t *rt, actor_id_t id, uint8_t reason, const char *text);

/* Change who gets MSG_CHILD_EXIT for `id` (0: nobody). False when `id` or a given parent
 * is not alive, or memory is short. */
bool actor__set_parent(runtime_t *rt, actor_id_t id, actor_id_t parent);

/* Arm and cancel timers on behalf of a live actor; as actor_set_timer. */
timer_id_t actor__set_timer_for(runtime_t *rt, actor_id_t owner, uint64_t interval_ms,
                                bool periodic);
bool actor__cancel_timer_for(runtime_t *rt, actor_id_t owner, timer_id_t id);

/* Count a send that could not be delivered (for routers and services). */
void runtime__count_dead_letter(runtime_t *rt);

#endif
