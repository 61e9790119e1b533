/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - a descriptor that an actor waits for: here the reading end of a pipe, but a
 * socket, a serial line or an input device is watched in the same way. One message says
 * that there is something to read; nobody blocks, and timers and other actors go on. */
#include "microkernel/watch.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { START = 1, PERIOD_MS = 10 };

/* Says something every 10 ms and then closes its end. */
typedef struct {
    int fd;
    size_t said;
} talker_t;

static bool talker(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    static const char *const words[] = {"one", "two", "three"};
    talker_t *me = state;
    (void)self;
    if (msg->type == START)
        return actor_set_timer(rt, PERIOD_MS, true) != TIMER_ID_INVALID;
    if (msg->type != MSG_TIMER) return true;
    if (me->said < sizeof words / sizeof words[0]) {
        const char *word = words[me->said++];
        return write(me->fd, word, strlen(word)) == (ssize_t)strlen(word);
    }
    close(me->fd);
    return false;
}

/* Reads what is there, each time that something is. */
static bool listener(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    const int *fd = state;
    (void)self;
    if (msg->type == START) return actor_watch_fd(rt, *fd, MK_POLL_IN);
    if (msg->type != MSG_FD_EVENT) return true;
    const fd_event_payload_t *event = msg->payload;
    char bytes[64];
    ssize_t size = read(event->fd, bytes, sizeof bytes); /* does not block */
    if (size > 0) {
        printf("%d bytes: %.*s\n", (int)size, (int)size, bytes);
        return true; /* what is left, or comes later, is another message */
    }
    printf("the other end was closed\n");
    (void)actor_unwatch_fd(rt, event->fd); /* before closing it */
    close(event->fd);
    return false;
}

int main(void) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    runtime_t *rt = runtime_init(1, 16);
    static talker_t talk;
    talk.fd = ends[1];
    actor_id_t ids[] = {actor_spawn(rt, talker, &talk, NULL, 16),
                        actor_spawn(rt, listener, &ends[0], NULL, 16)};
    for (int i = 0; i < 2; i++)
        actor_send(rt, ids[i], START, NULL, 0);
    runtime_run(rt); /* both have ended */
    runtime_destroy(rt);
    return 0;
}
