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
bool actor__send_from(runtime_t *rt, actor_id_t source, actor_id_t dest,
                      msg_type_t type, const void *payload, size_t payload_size);

/* State of a live actor whose behaviour is `behavior`; NULL for all others. The way to
 * trust an id that came from outside. */
void *actor__state_of(runtime_t *rt, actor_id_t id, actor_behavior_fn behavior);

/* End an actor with a reason and a text (as actor_exit does for the running one). */
void actor__kill(runtime_t *rt, actor_id_t id, uint8_t reason, const char *text);

/* Hold the mail of the running actor, which is in the middle of something: the next
 * message it is given is the next notice or timer of its own of this `type`, which
 * comes before everything that waits in the mailbox; all else goes on to wait there in
 * order and counts against the limits. After that one message mail comes as ever,
 * unless it awaits again. No effect outside a behaviour. Ask for what is awaited in the
 * same message, not before, and for one thing at a time: a notice of that type that
 * waits in the mailbox already is mail like any other. To go on later without any event
 * an actor notifies itself. */
void actor__await(runtime_t *rt, msg_type_t type);

/* Take back the await of an actor: its mail comes as ever. Not while it runs. */
void actor__release(runtime_t *rt, actor_id_t id);

/* The running actor has used up its share of the processor: after this message,
 * although more mail waits or it notifies itself, it lets all others run that have not
 * (MK_NORMAL_TURNS of them). Inside a behaviour. */
void actor__end_turn(runtime_t *rt);

/* Change who gets MSG_CHILD_EXIT for `id` (0: nobody). False when `id` or a given
 * parent is not alive, or memory is short. */
bool actor__set_parent(runtime_t *rt, actor_id_t id, actor_id_t parent);

/* Arm and cancel timers on behalf of a live actor; as actor_set_timer. */
timer_id_t actor__set_timer_for(runtime_t *rt, actor_id_t owner, uint64_t interval_ms,
                                bool periodic);
bool actor__cancel_timer_for(runtime_t *rt, actor_id_t owner, timer_id_t id);

/* Actors that are spawned from now on are numbered from `number` (not 0) on. For a node
 * that others will know: the ids of an earlier life must not be given again. */
void actors__count_from(runtime_t *rt, uint32_t number);

/* Count sends that could not be delivered (for routers and services). */
void runtime__count_dead_letters(runtime_t *rt, uint64_t count);

#endif
