/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h - messages about file descriptors. */
#ifndef MICROKERNEL_WATCH_H
#define MICROKERNEL_WATCH_H

#include "microkernel/message_ids.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of `events`, numbered as in poll(2), so that <poll.h> fits where it exists. */
enum {
    MK_POLL_IN = 0x001,  /* reading will not block */
    MK_POLL_PRI = 0x002, /* urgent data */
    MK_POLL_OUT = 0x004, /* writing will not block */
    MK_POLL_ERR = 0x008, /* always reported */
    MK_POLL_HUP = 0x010  /* always reported */
};

/* Payload of MSG_FD_EVENT. */
typedef struct {
    int fd;
    uint32_t events; /* MK_POLL_... bits that hold */
} fd_event_payload_t;

/* Send MSG_FD_EVENT to the running actor while one of `events` holds for `fd` (level
 * triggered: one message waits at a time, the next is made after it was handled). A
 * second call for the same descriptor changes the events. Several actors may watch one
 * descriptor. The descriptor stays the caller's; unwatch before closing it. False:
 * outside a behaviour, the descriptor cannot be waited for, or memory is short. */
bool actor_watch_fd(runtime_t *rt, int fd, uint32_t events);

/* Stop watching. False when the running actor does not watch `fd`. */
bool actor_unwatch_fd(runtime_t *rt, int fd);

#ifdef __cplusplus
}
#endif

#endif
