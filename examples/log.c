/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - log lines with levels and fields, as text for people and as JSON for
 * machines. An actor that logs never waits: lines are queued, and the sinks get them
 * later. */
#include "microkernel/log.h"
#include "microkernel/runtime.h"

#include <stdio.h>
#include <string.h>

enum { OPEN = 1, DRY = 2 };

/* A sink takes whole lines and must not block. This one leaves the time out, so that
 * the output is the same each time. */
static bool print_text(const char *line, size_t size, void *ctx) {
    (void)ctx;
    const char *level = memchr(line, ']', size);
    if (level == NULL) return false;
    level += 2; /* "[12.345] [INFO] ..." */
    fwrite(level, 1, size - (size_t)(level - line), stdout);
    return true;
}

static bool count_bytes(const char *line, size_t size, void *ctx) {
    size_t *bytes = ctx;
    *bytes += size;
    return line[0] == '{'; /* one JSON object per line */
}

static bool valve(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    actor_log(rt, LOG_DEBUG, "message of type %u", (unsigned)msg->type);
    if (msg->type == OPEN) {
        actor_log(rt, LOG_INFO, "opened by actor %u",
                  (unsigned)actor_id_seq(msg->source));
        return true;
    }
    const log_field_t fields[] = {log_text("tank", "north"), log_signed("level", -2),
                                  log_bool("alarm", true)};
    log_event(rt, LOG_WARN, "no water", fields, 3);
    return false;
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    size_t bytes = 0;
    runtime_enable_logging(rt);
    log_set_debug_output(rt, false, LOG_LINE_TEXT); /* standard error, unless told */
    log_add_sink(rt, print_text, NULL, LOG_LINE_TEXT);
    log_add_sink(rt, count_bytes, &bytes, LOG_LINE_JSON);

    actor_id_t first = actor_spawn(rt, valve, NULL, NULL, 16);
    actor_id_t second = actor_spawn(rt, valve, NULL, NULL, 16);
    log_set_actor_level(rt, second, LOG_DEBUG); /* the others stay at LOG_INFO */
    actor_send(rt, first, OPEN, NULL, 0);
    actor_send(rt, first, DRY, NULL, 0);
    actor_send(rt, second, DRY, NULL, 0);
    runtime_run(rt);

    log_flush(rt);
    log_counts_t counts = log_counts(rt);
    printf("%u lines queued, %u lost, JSON: %s\n", (unsigned)counts.queued,
           (unsigned)(counts.queue_full + counts.suppressed), bytes > 0 ? "yes" : "no");
    runtime_destroy(rt);
    return 0;
}
