/* SPDX-License-Identifier: Apache-2.0 */
/* web.c - this node over HTTP: facts, metrics, log lines as they come, an echo.
 *
 * Handlers on the loop; nothing is kept but the streams that want log lines, and the
 * sink that feeds them exists while there is one. A reader that cannot keep up misses
 * lines, as it would on a terminal; the log never waits for it. */
#include "microkernel/shell.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/http.h"
#include "microkernel/log.h"
#include "microkernel/node.h"
#include "microkernel/runtime.h"

enum {
    PAGE_SIZE = 8192, /* bytes of the longest page, the metrics */
    READERS_MAX = 64  /* streams of log lines */
};

typedef struct {
    part_t part;
    runtime_t *rt;
    int sink; /* of the log; 0: none */
    size_t readers_len;
    http_conn_id_t readers[READERS_MAX];
} web_t;

static void destroy_web(part_t *part, runtime_t *rt) {
    web_t *web = (web_t *)part;
    if (web->sink > 0) (void)log_remove_sink(rt, web->sink);
    mk_free(web);
}

static const part_ops_t web_ops = {NULL, NULL, destroy_web};

/* --- pages --- */

static void answer_page(const http_request_t *request, const char *type,
                        const mk_writer_t *w) {
    const char *const headers[] = {type, "Cache-Control: no-store"};
    text_t text = writer_text(w);
    (void)http_answer(request, 200, headers, 2, text.bytes, text.size);
}

static void put_fact(mk_writer_t *w, const char *name, uint64_t value) {
    writer_str(w, name);
    writer_str(w, ": ");
    writer_unsigned(w, value);
    writer_char(w, '\n');
}

static void show_facts(runtime_t *rt, const http_request_t *request, void *ctx) {
    char page[1024];
    mk_writer_t w;
    (void)ctx;
    runtime_counters_t counts = runtime_counters(rt);
    writer_init(&w, page, sizeof page);
    writer_str(&w, "node: ");
    writer_escaped(&w, text_of(node_identity(rt)));
    writer_char(&w, '\n');
    put_fact(&w, "id", runtime_get_node_id(rt));
    put_fact(&w, "actors", counts.actors);
    put_fact(&w, "timers", counts.timers);
    put_fact(&w, "messages", counts.delivered);
    put_fact(&w, "crashes", counts.crashed);
    put_fact(&w, "memory", counts.memory_bytes);
    writer_str(&w, "\nsee /metrics (Prometheus), /events (log lines as they come), "
                   "/ws/echo (a WebSocket)\n");
    answer_page(request, "Content-Type: text/plain; charset=utf-8", &w);
}

static void put_metric(mk_writer_t *w, const char *name, const char *kind,
                       const char *help, uint64_t value) {
    writer_str(w, "# HELP microkernel_");
    writer_str(w, name);
    writer_char(w, ' ');
    writer_str(w, help);
    writer_str(w, "\n# TYPE microkernel_");
    writer_str(w, name);
    writer_char(w, ' ');
    writer_str(w, kind);
    writer_str(w, "\nmicrokernel_");
    writer_str(w, name);
    writer_char(w, ' ');
    writer_unsigned(w, value);
    writer_char(w, '\n');
}

static void show_metrics(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    const runtime_counters_t rc = runtime_counters(rt);
    const http_counters_t hc = http_counters(rt);
    const log_counts_t lc = log_counts(rt);
    const struct {
        const char *name;
        const char *kind;
        const char *help;
        uint64_t value;
    } rows[] = {
        {"actors", "gauge", "Actors alive.", rc.actors},
        {"actors_spawned_total", "counter", "Actors started.", rc.spawned},
        {"actors_exited_total", "counter", "Actors ended.", rc.exited},
        {"actors_crashed_total", "counter", "Actors that failed.", rc.crashed},
        {"messages_sent_total", "counter", "Messages accepted into mailboxes.",
         rc.sends},
        {"messages_delivered_total", "counter", "Messages handled.", rc.delivered},
        {"messages_refused_total", "counter", "Sends refused by a full mailbox.",
         rc.refused},
        {"messages_dropped_total", "counter", "Messages dropped by a policy.",
         rc.dropped},
        {"dead_letters_total", "counter", "Sends to nobody.", rc.dead_letters},
        {"timers", "gauge", "Timers armed.", rc.timers},
        {"timers_fired_total", "counter", "Timers fired.", rc.timers_fired},
        {"memory_bytes", "gauge", "Bytes of block pools and tables.", rc.memory_bytes},
        {"http_connections", "gauge", "Connections of the HTTP server.",
         hc.connections},
        {"http_websockets", "gauge", "WebSockets among them.", hc.websockets},
        {"http_event_streams", "gauge", "Event streams among them.", hc.event_streams},
        {"http_connections_total", "counter", "Connections accepted.", hc.accepted},
        {"http_requests_total", "counter", "Requests read.", hc.requests},
        {"http_refused_total", "counter", "Requests refused as malformed or too big.",
         hc.refused},
        {"http_timeouts_total", "counter", "Connections that missed a deadline.",
         hc.timeouts},
        {"http_shed_total", "counter", "Idle connections closed to make room.",
         hc.shed},
        {"http_memory_bytes", "gauge", "Bytes of all HTTP connections.",
         hc.memory_bytes},
        {"log_lines_total", "counter", "Log lines queued.", lc.queued},
        {"log_lines_lost_total", "counter", "Log lines lost.",
         lc.queue_full + lc.sink_busy + lc.suppressed},
    };
    char *page = mk_alloc(PAGE_SIZE);
    if (page == NULL) return; /* answered with 500 */
    mk_writer_t w;
    writer_init(&w, page, PAGE_SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        put_metric(&w, rows[i].name, rows[i].kind, rows[i].help, rows[i].value);
    answer_page(request, "Content-Type: text/plain; version=0.0.4", &w);
    mk_free(page);
}

/* --- log lines --- */

static bool send_line(const char *line, size_t size, void *ctx) {
    web_t *web = ctx;
    if (size > 0 && line[size - 1] == '\n') size--;
    for (size_t i = 0; i < web->readers_len;) {
        int result = http_sse_push(web->rt, web->readers[i], "log", line, size);
        if (result != MK_ENOENT)
            i++; /* a full one misses this line */
        else
            web->readers[i] = web->readers[--web->readers_len];
    }
    if (web->readers_len == 0) {
        (void)log_remove_sink(web->rt, web->sink);
        web->sink = 0;
    }
    return true;
}

static void start_events(runtime_t *rt, const http_request_t *request, void *ctx) {
    web_t *web = ctx;
    if (web->readers_len == READERS_MAX || !log_is_enabled(rt)) {
        const char *text = log_is_enabled(rt)
                               ? "503 Service Unavailable: too many readers\n"
                               : "503 Service Unavailable: logging is off\n";
        (void)http_answer(request, 503, NULL, 0, text, text_of(text).size);
        return;
    }
    if (web->sink == 0) web->sink = log_add_sink(rt, send_line, web, LOG_LINE_TEXT);
    if (web->sink < 0) web->sink = 0;
    http_conn_id_t id = web->sink > 0 ? http_defer(request) : 0;
    if (id == 0 || http_sse_start(rt, id) < 0) return; /* answered with 500 */
    web->readers[web->readers_len++] = id;
}

/* --- the echo --- */

static void echo(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size, void *ctx) {
    (void)ctx;
    /* A peer that sends faster than it reads is told so by the end. */
    if (http_ws_send(rt, id, is_binary, data, size) == MK_EFULL)
        (void)http_ws_close(rt, id, 1008, "read what you are sent");
}

static void accept_echo(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t handler = {.on_message = echo};
    (void)rt;
    (void)ctx;
    (void)http_ws_accept(request, &handler, NULL);
}

/* --- all of it --- */

static int add_pages(runtime_t *rt) {
    if (part_find(rt, &web_ops) != NULL) return MK_OK;
    web_t *web = mk_calloc(1, sizeof *web);
    if (web == NULL) return MK_ENOMEM;
    web->rt = rt;
    int result = http_route(rt, "GET", "/", show_facts, NULL);
    if (result == MK_OK) result = http_route(rt, "GET", "/metrics", show_metrics, NULL);
    if (result == MK_OK) result = http_route(rt, "GET", "/events", start_events, web);
    if (result == MK_OK) result = http_route(rt, "*", "/ws/echo", accept_echo, NULL);
    (void)part_attach(rt, &web->part, &web_ops); /* a route may know it already */
    return result;
}

int shell_web_listen_tls(runtime_t *rt, uint16_t port, const http_listen_tls_t *tls,
                         char *why, size_t cap) {
    mk_writer_t w;
    writer_init(&w, why, why != NULL ? cap : 0);
    int result = rt != NULL ? add_pages(rt) : MK_EINVAL;
    if (result < 0) {
        writer_str(&w, mk_error_text(result));
        return result;
    }
    http_listen_options_t options = {.port = port, .tls = tls};
    return http_listen_why(rt, &options, why, cap);
}

int shell_web_listen(runtime_t *rt, uint16_t port) {
    return shell_web_listen_tls(rt, port, NULL, NULL, 0);
}
