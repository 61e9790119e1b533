/* SPDX-License-Identifier: Apache-2.0 */
/* sse_clock.c - a server that pushes an event with each tick of a timer, and a client
 * that reads three of them. An event stream is a request that is never quite answered:
 * its id stays good until one side closes it. */
#include "microkernel/actor.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"

#include <stdio.h>

typedef struct {
    http_conn_id_t reader; /* 0: nobody listens */
    int ticks;
} clock_state_t;

static bool run_clock(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    clock_state_t *c = state;
    char text[64];
    switch (msg->type) {
    case MSG_HTTP_REQUEST: {
        const http_request_payload_t *request = msg->payload;
        if (actor_sse_start(rt, request->conn_id)) c->reader = request->conn_id;
        actor_set_timer(rt, 10, true);
        break;
    }
    case MSG_TIMER: {
        int size = snprintf(text, sizeof text, "%d\nsince you came", ++c->ticks);
        actor_sse_push(rt, c->reader, "tick", text, (size_t)size);
        break;
    }
    case MSG_HTTP_CONN_CLOSED: /* once, when the reader has gone */
        printf("the reader is gone\n");
        runtime_stop(rt);
        return false;
    default: break;
    }
    return true;
}

static bool read_clock(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    int *port = state;
    char url[64];
    switch (msg->type) {
    case MSG_SSE_EVENT: {
        const sse_event_payload_t *event = msg->payload;
        const char *data = sse_event_data(event);
        printf("%s: %.*s\n", sse_event_name(event), (int)event->data_size, data);
        if (data[0] == '3') return false; /* closes the stream */
        break;
    }
    case MSG_SSE_OPEN: printf("open\n"); break;
    case MSG_HTTP_ERROR: printf("failed\n"); break;
    default:
        snprintf(url, sizeof url, "http://127.0.0.1:%d/clock", *port);
        actor_sse_connect(rt, url);
    }
    return true;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    clock_state_t state = {0, 0};
    http_listen_options_t options = {.owner =
                                         actor_spawn(rt, run_clock, &state, NULL, 16)};
    int port = http_listen(rt, &options);
    actor_send(rt, actor_spawn(rt, read_clock, &port, NULL, 16), 1, NULL, 0);
    runtime_run(rt);
    runtime_destroy(rt);
    return 0;
}
