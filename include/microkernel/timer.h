/* SPDX-License-Identifier: Apache-2.0 */
/* timer.h - messages at a time. */
#ifndef MICROKERNEL_TIMER_H
#define MICROKERNEL_TIMER_H

#include "microkernel/message_ids.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Payload of MSG_TIMER. */
typedef struct {
    timer_id_t id;
    uint64_t expirations; /* periods since the last message; > 1 reports overruns */
} timer_payload_t;

/* Send MSG_TIMER to the running actor after `interval_ms` of monotonic time (0: with
 * the next look at the clock; a periodic 0 counts as 1), and every interval again when
 * `periodic`; periods are counted from the start and do not drift. A firing that meets
 * a full mailbox is not lost: it is tried again every millisecond until it fits, and a
 * periodic timer adds up its expirations. No timer fires early; an interval of more
 * than 2^63 counts as 2^63. Number of timers: limited by memory. 0 when called outside
 * a behaviour or memory is short. */
timer_id_t actor_set_timer(runtime_t *rt, uint64_t interval_ms, bool periodic);

/* Stop a timer of the running actor: no MSG_TIMER of it is created from now on. False
 * when it is not (or no longer) armed or belongs to another actor. Inside a behaviour.
 */
bool actor_cancel_timer(runtime_t *rt, timer_id_t id);

#ifdef __cplusplus
}
#endif

#endif
