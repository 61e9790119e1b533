/* SPDX-License-Identifier: Apache-2.0 */
/* sse_clock.c - a server that sends an event with each tick of a timer, and a client
 * that reads them. An event stream is a request that is never quite answered: its id
 * stays good until one side closes it. The clock hangs up once; its reader comes back
 * after the time it was told, says which event was its last, and misses none. */
#include "microkernel/actor.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct {
    http_conn_id_t reader; /* 0: nobody listens */
    int tick;              /* the last one that was sent */
} clock_state_t;

/* The number of the last event that a reader has; 0: it has none. */
static int find_last_event(const http_request_payload_t *request) {
    const char *header = http_request_headers(request);
    const char *end = header + request->headers_size;
    for (; header < end; header += strlen(header) + 1)
        if (strncasecmp(header, "Last-Event-ID: ", 15) == 0) return atoi(header + 15);
    return 0;
}

static void send_tick(runtime_t *rt, clock_state_t *c) {
    char text[32], id[16];
    int size = snprintf(text, sizeof text, "%d\nsince you came", ++c->tick);
    snprintf(id, sizeof id, "%d", c->tick);
    http_sse_event_t event = {.event = "tick",
                              .data = text,
                              .data_size = (size_t)size,
                              .id = id,
                              .retry_ms = 20};
    actor_sse_send(rt, c->reader, &event);
    if (c->tick == 2) {
        actor_http_close(rt, c->reader); /* behind what was sent */
        c->reader = 0;
    }
}

static bool run_clock(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    clock_state_t *c = state;
    switch (msg->type) {
    case MSG_HTTP_REQUEST: {
        const http_request_payload_t *request = msg->payload;
        c->tick = find_last_event(request);
        if (c->tick > 0) printf("a reader comes back behind event %d\n", c->tick);
        if (actor_sse_start(rt, request->conn_id)) c->reader = request->conn_id;
        break;
    }
    case MSG_TIMER:
        if (c->reader != 0) send_tick(rt, c);
        break;
    case MSG_HTTP_CONN_CLOSED: /* once, when the reader has gone */
        printf("the reader is gone\n");
        runtime_stop(rt);
        return false;
    default: actor_set_timer(rt, 10, true);
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
    default: {
        snprintf(url, sizeof url, "http://127.0.0.1:%d/clock", *port);
        http_sse_options_t options = {.url = url, .reconnects = true};
        http_conn_id_t id;
        http_sse_connect(rt, &options, &id, NULL, 0);
    }
    }
    return true;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    clock_state_t state = {0, 0};
    actor_id_t clock = actor_spawn(rt, run_clock, &state, NULL, 16);
    http_listen_options_t options = {.owner = clock};
    int port = http_listen(rt, &options);
    actor_send(rt, clock, 1, NULL, 0);
    actor_send(rt, actor_spawn(rt, read_clock, &port, NULL, 16), 1, NULL, 0);
    runtime_run(rt);
    runtime_destroy(rt);
    return 0;
}
