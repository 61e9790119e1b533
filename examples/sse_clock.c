/* SPDX-License-Identifier: Apache-2.0 */
/* sse_clock.c - a server that sends an event with each tick of a timer, and a reader.
 * The id of an event stream stays good until one side closes it. The clock hangs up
 * once; the reader comes back after the time it was told, and names its last event. */
#include "microkernel/actor.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static http_conn_id_t reader; /* 0: nobody listens */
/* The number of the last event that a reader has; 0: it has none. */
static int find_last_event(const http_request_payload_t *request) {
    const char *h = http_request_headers(request), *end = h + request->headers_size;
    for (; h < end; h += strlen(h) + 1)
        if (strncasecmp(h, "Last-Event-ID: ", 15) == 0)
            return (int)strtol(h + 15, NULL, 10);
    return 0;
}

static void send_tick(runtime_t *rt, int tick) {
    char data[32], id[16];
    http_sse_event_t event = {.event = "tick", .data = data, .id = id, .retry_ms = 20};
    event.data_size = (size_t)snprintf(data, sizeof data, "%d\nsince you came", tick);
    snprintf(id, sizeof id, "%d", tick);
    actor_sse_send(rt, reader, &event);
    if (tick != 2) return;
    actor_http_close(rt, reader); /* behind what was sent */
    reader = 0;
}

static bool run_clock(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    int *tick = state;
    if (msg->type == MSG_HTTP_REQUEST) {
        const http_request_payload_t *request = msg->payload;
        *tick = find_last_event(request);
        printf("a reader comes and has %d\n", *tick);
        if (actor_sse_start(rt, request->conn_id)) reader = request->conn_id;
    } else if (msg->type == MSG_TIMER) {
        if (reader != 0) send_tick(rt, ++*tick);
    } else if (msg->type == MSG_HTTP_CONN_CLOSED) { /* once, when it has gone */
        printf("the reader is gone\n");
        runtime_stop(rt);
    } else {
        actor_set_timer(rt, 10, true);
    }
    return true;
}

static bool read_clock(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    if (msg->type == MSG_SSE_EVENT) {
        const sse_event_payload_t *event = msg->payload;
        const char *data = sse_event_data(event);
        printf("%s: %.*s\n", sse_event_name(event), (int)event->data_size, data);
        return data[0] != '3'; /* false closes the stream */
    }
    if (msg->type != 1) return msg->type == MSG_SSE_OPEN;
    http_sse_options_t options = {.url = state, .reconnects = true};
    http_conn_id_t id;
    return http_sse_connect(rt, &options, &id, NULL, 0) == MK_OK;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    int tick = 0;
    char url[64];
    actor_id_t clock = actor_spawn(rt, run_clock, &tick, NULL, 16);
    http_listen_options_t options = {.owner = clock};
    snprintf(url, sizeof url, "http://127.0.0.1:%d/clock", http_listen(rt, &options));
    actor_send(rt, clock, 1, NULL, 0);
    actor_send(rt, actor_spawn(rt, read_clock, url, NULL, 16), 1, NULL, 0);
    runtime_run(rt);
    runtime_destroy(rt);
    return 0;
}
