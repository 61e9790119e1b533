/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - lines on their way into the queue, and the log actor that empties it.
 *
 * The queue is a ring of bytes that belongs to the log and not the log actor's mailbox:
 * its size is known, a line takes what it needs of it, logging goes on when memory is
 * short, and what waits can still be handed out when the runtime ends. The log actor
 * gets one message when the queue has something, not one per line.
 *
 * A line passes, in this order: the level, the actor's rate, the queue. Who logs gets a
 * bucket and perhaps a level of its own, in a speaker; where there is no memory for
 * one, and for lines of no actor or of other nodes, the bucket that all of these share
 * counts.
 *
 * Invariants: (1) is_woken: a wake is on its way to the log actor. (2) What was
 * suppressed or lost is reported by the next line that gets through, or by the timer,
 * one second later; the timer gives up after TRIES_MAX rounds without success so that a
 * broken sink does not keep a program running. */
#include "microkernel/log.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "kernel/inside.h"
#include "kernel/part.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/runtime.h"
#include "microkernel/timer.h"
#include "port/clock.h"
#include "services/key_tree.h"
#include "services/log_bucket.h"
#include "services/log_line.h"
#include "services/log_out.h"
#include "services/log_ring.h"
#include "services/printf_text.h"

#include <stdarg.h>
#include <string.h>

enum {
    LOG_MAILBOX = 64,       /* lines from programs and nodes that may wait */
    LINES_PER_MESSAGE = 64, /* handed out before other actors get a turn */
    REPORT_AFTER_MS = 1000, /* from a loss to its report, when nothing else is logged */
    TRIES_MAX = 10          /* rounds of the timer without success */
};

/* A record in the ring: this, the name, the text, the fields. */
typedef struct {
    uint64_t uptime_ms;
    uint64_t wall_ms;
    actor_id_t source;
    uint16_t text_size;
    uint16_t fields_size;
    uint16_t fields_left_out;
    uint8_t name_size;
    uint8_t level;
} record_head_t;

enum {
    RECORD_MAX = sizeof(record_head_t) + MK_NAME_MAX + MK_PATH_MAX + MK_LOG_TEXT_MAX +
                 MK_LOG_FIELDS_BYTES
};

/* What is known about an actor that logs. */
typedef struct {
    key_node_t node;
    actor_id_t id; /* also the key */
    log_bucket_t bucket;
    int level; /* LOG_..., or LOG_INHERIT */
} speaker_t;

typedef struct {
    part_t part;
    actor_id_t actor;  /* the log actor; 0: none */
    timer_id_t timer;  /* of the log actor; 0: none */
    unsigned tries;    /* rounds of the timer since something succeeded */
    bool is_on;        /* there is a queue */
    bool is_woken;     /* invariant 1 */
    bool is_debug_set; /* the program chose what the debug output gets */
    int level;
    log_rate_t rate;
    key_tree_t speakers;
    log_bucket_t shared; /* of all that have no speaker */
    uint32_t lost;       /* lines that found no room since the last report */
    uint64_t queued;     /* counts for log_counts */
    uint64_t suppressed;
    uint64_t queue_full;
    log_ring_t ring;
    log_out_t out;
    unsigned char record[RECORD_MAX]; /* the one that was taken out last */
} log_t;

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state);

/* --- speakers --- */

static speaker_t *find_speaker(const log_t *log, actor_id_t id) {
    key_node_t *node = key_tree_find(&log->speakers, &id, sizeof id);
    return node != NULL ? MK_CONTAINER_OF(node, speaker_t, node) : NULL;
}

/* The speaker of a live actor of this node, made if need be; NULL for all others, or
 * when memory is short. */
static speaker_t *get_speaker(log_t *log, runtime_t *rt, actor_id_t id) {
    speaker_t *speaker = find_speaker(log, id);
    if (speaker != NULL || !actor_is_alive(rt, id)) return speaker;
    speaker = mk_calloc(1, sizeof *speaker);
    if (speaker == NULL) return NULL;
    speaker->id = id;
    speaker->level = LOG_INHERIT;
    key_tree_insert(&log->speakers, &speaker->node, &speaker->id, sizeof speaker->id);
    part_claim(rt, id);
    return speaker;
}

static void forget_speaker(log_t *log, speaker_t *speaker) {
    key_tree_remove(&log->speakers, &speaker->node);
    mk_free(speaker);
}

/* --- the queue --- */

typedef struct {
    actor_id_t source;
    int level;
    const char *text;
    size_t text_size;
    const unsigned char *fields;
    size_t fields_size;
    unsigned fields_left_out;
} line_t;

/* False when it does not fit. `rt` is NULL when the runtime ends. */
static bool put_line(log_t *log, runtime_t *rt, const line_t *line) {
    char name[MK_PATH_MAX];
    record_head_t head = {.source = line->source, .level = (uint8_t)line->level};
    head.uptime_ms = port_clock_monotonic_ns() / 1000000u;
    head.wall_ms = port_clock_wall_ms();
    head.text_size = (uint16_t)line->text_size;
    head.fields_size = (uint16_t)line->fields_size;
    head.fields_left_out =
        (uint16_t)(line->fields_left_out < UINT16_MAX ? line->fields_left_out
                                                      : UINT16_MAX);
    if (rt != NULL && line->source != ACTOR_ID_INVALID &&
        log_out_wants_names(&log->out))
        head.name_size =
            (uint8_t)actor_reverse_lookup(rt, line->source, name, sizeof name);
    log_piece_t pieces[] = {{&head, sizeof head},
                            {name, head.name_size},
                            {line->text, line->text_size},
                            {line->fields, line->fields_size}};
    return log_ring_put(&log->ring, pieces, sizeof pieces / sizeof pieces[0]);
}

/* Put "<what> <count> <rest>" as `source`; false when it does not fit. */
static bool put_count(log_t *log, runtime_t *rt, actor_id_t source, const char *what,
                      uint32_t count, const char *rest) {
    char text[80];
    mk_writer_t writer;
    writer_init(&writer, text, sizeof text);
    writer_str(&writer, what);
    writer_unsigned(&writer, count);
    writer_str(&writer, rest);
    line_t line = {source, LOG_WARN, text, writer.size, NULL, 0, 0};
    return put_line(log, rt, &line);
}

/* Report the lines that found no room; true when there is nothing to report any more.
 */
static bool put_lost(log_t *log, runtime_t *rt) {
    if (log->lost == 0) return true;
    const char *rest =
        log->lost == 1 ? " log line: queue full" : " log lines: queue full";
    if (!put_count(log, rt, ACTOR_ID_INVALID, "lost ", log->lost, rest)) return false;
    log->lost = 0;
    return true;
}

static bool put_suppressed(log_t *log, runtime_t *rt, actor_id_t source,
                           log_bucket_t *bucket) {
    if (bucket->suppressed == 0) return true;
    const char *rest = bucket->suppressed == 1 ? " line over the rate limit"
                                               : " lines over the rate limit";
    if (!put_count(log, rt, source, "suppressed ", bucket->suppressed, rest))
        return false;
    bucket->suppressed = 0;
    return true;
}

/* Make sure there is a log actor; false when none can be spawned. It lives without its
 * name too. */
static bool ensure_actor(log_t *log, runtime_t *rt) {
    if (log->actor != ACTOR_ID_INVALID) return true;
    log->actor = actor_spawn(rt, behave, log, NULL, LOG_MAILBOX);
    part_claim(rt, log->actor);
    if (log->actor == ACTOR_ID_INVALID) return false;
    (void)names_register_own(rt, "log", log->actor);
    return true;
}

static void wake(log_t *log, runtime_t *rt) {
    if (!log->is_woken && ensure_actor(log, rt))
        log->is_woken =
            actor__notify(rt, ACTOR_ID_INVALID, log->actor, MSG_LOG, NULL, 0);
}

static void arm_timer(log_t *log, runtime_t *rt) {
    if (log->timer == TIMER_ID_INVALID && ensure_actor(log, rt))
        log->timer = actor__set_timer_for(rt, log->actor, REPORT_AFTER_MS, false);
}

/* Queue a line that passed level and rate. */
static int queue_line(log_t *log, runtime_t *rt, const line_t *line) {
    if (!put_lost(log, rt) || !put_line(log, rt, line)) {
        if (log->lost < UINT32_MAX) log->lost++;
        log->queue_full++;
        return MK_EFULL;
    }
    log->queued++;
    log->tries = 0;
    wake(log, rt);
    return MK_OK;
}

/* --- admission --- */

static int level_of(const log_t *log, actor_id_t id) {
    speaker_t *speaker = find_speaker(log, id);
    return speaker != NULL && speaker->level != LOG_INHERIT ? speaker->level
                                                            : log->level;
}

/* Does a line of `source`, charged to `payer`, get in? MK_OK, MK_EBUSY from within a
 * sink, MK_EAGAIN (level), MK_ELIMIT. */
static int admit(log_t *log, runtime_t *rt, actor_id_t source, actor_id_t payer,
                 int level) {
    if (log->out.is_handing) return MK_EBUSY;
    if (level < level_of(log, source)) return MK_EAGAIN;
    if (log->rate.burst == 0) return MK_OK;
    speaker_t *speaker = get_speaker(log, rt, payer);
    log_bucket_t *bucket = speaker != NULL ? &speaker->bucket : &log->shared;
    uint64_t now_ms = port_clock_monotonic_ns() / 1000000u;
    if (log_bucket_take(bucket, log->rate, now_ms)) {
        actor_id_t who = speaker != NULL ? payer : ACTOR_ID_INVALID;
        put_suppressed(log, rt, who, bucket); /* no room: the line will see that too */
        return MK_OK;
    }
    log->suppressed++;
    log->tries = 0;
    arm_timer(log, rt);
    return MK_ELIMIT;
}

/* --- handing out --- */

static void read_record(const log_t *log, log_record_t *record) {
    record_head_t head;
    memcpy(&head, log->record, sizeof head);
    const unsigned char *at = log->record + sizeof head;
    record->uptime_ms = head.uptime_ms;
    record->wall_ms = head.wall_ms;
    record->source = head.source;
    record->level = head.level;
    record->name = (const char *)at;
    record->name_size = head.name_size;
    at += head.name_size;
    record->text = (const char *)at;
    record->text_size = head.text_size;
    at += head.text_size;
    record->fields = at;
    record->fields_size = head.fields_size;
    record->fields_left_out = head.fields_left_out;
}

/* Hand out at most `max` lines; false when more are waiting. */
static bool drain(log_t *log, runtime_t *rt, size_t max) {
    for (size_t i = 0; i < max; i++) {
        if (log_ring_take(&log->ring, log->record, sizeof log->record) == 0) {
            if (log->lost == 0) return true;
            put_lost(log, rt);
            continue;
        }
        log_record_t record;
        read_record(log, &record);
        log_out_write(&log->out, &record);
    }
    return log->ring.used == 0 && log->lost == 0;
}

static bool retry_sinks(log_t *log) {
    log_record_t now = {.uptime_ms = port_clock_monotonic_ns() / 1000000u,
                        .wall_ms = port_clock_wall_ms(),
                        .level = LOG_WARN,
                        .name = "",
                        .text = "",
                        .fields = log->record};
    return log_out_retry(&log->out, &now);
}

/* Queue the reports of all buckets; false when one found no room. */
static bool report_buckets(log_t *log, runtime_t *rt) {
    bool is_done = put_suppressed(log, rt, ACTOR_ID_INVALID, &log->shared);
    key_node_t *node = key_tree_from(&log->speakers, "", 0);
    while (node != NULL) {
        speaker_t *speaker = MK_CONTAINER_OF(node, speaker_t, node);
        if (!put_suppressed(log, rt, speaker->id, &speaker->bucket)) is_done = false;
        node = key_tree_after(&log->speakers, node->key, node->size);
    }
    return is_done;
}

/* --- the log actor --- */

/* Lines that pass `clamp` on are always inside the levels. */
static int clamp_level(int level) {
    return level < LOG_DEBUG ? LOG_DEBUG : level > LOG_ERROR ? LOG_ERROR : level;
}

static void accept_line(log_t *log, runtime_t *rt, const message_t *msg) {
    const log_payload_t *payload = msg->payload;
    if (msg->payload_size < sizeof *payload) return;
    const char *end = memchr(payload->text, '\0', sizeof payload->text);
    if (end == NULL) return;
    bool is_ours = msg->source == ACTOR_ID_INVALID ||
                   actor_id_node(msg->source) == runtime_get_node_id(rt);
    line_t line = {.source = is_ours ? payload->source : msg->source,
                   .level = clamp_level(payload->level),
                   .text = payload->text,
                   .text_size = (size_t)(end - payload->text)};
    if (admit(log, rt, line.source, msg->source, line.level) == MK_OK)
        queue_line(log, rt, &line);
}

static void handle_wake(log_t *log, runtime_t *rt) {
    log->is_woken = false;
    if (!drain(log, rt, LINES_PER_MESSAGE)) wake(log, rt);
    if (log_out_is_waiting(&log->out)) arm_timer(log, rt);
}

static void handle_timer(log_t *log, runtime_t *rt) {
    log->timer = TIMER_ID_INVALID;
    bool is_done = report_buckets(log, rt);
    if (log->ring.used > 0) wake(log, rt);
    if (!retry_sinks(log)) is_done = false;
    if (is_done) {
        log->tries = 0;
    } else if (++log->tries < TRIES_MAX) {
        arm_timer(log, rt);
    }
}

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    log_t *log = state;
    switch (msg->type) {
    case MSG_LOG:
        if (msg->payload_size > 0)
            accept_line(log, rt, msg);
        else
            handle_wake(log, rt);
        return true;
    case MSG_TIMER: handle_timer(log, rt); return true;
    case MSG_SHUTDOWN: log_flush(rt); return false;
    default: return true;
    }
}

/* --- the part --- */

static void forget_actor(part_t *part, runtime_t *rt, actor_id_t id) {
    log_t *log = MK_CONTAINER_OF(part, log_t, part);
    if (id == log->actor) {
        log->actor = ACTOR_ID_INVALID;
        log->timer = TIMER_ID_INVALID;
        log->is_woken = false;
    }
    speaker_t *speaker = find_speaker(log, id);
    if (speaker == NULL) return;
    if (log->is_on && !put_suppressed(log, rt, id, &speaker->bucket))
        log->shared.suppressed += speaker->bucket.suppressed;
    if (log->actor != ACTOR_ID_INVALID && log->is_on && log->ring.used > 0)
        wake(log, rt);
    forget_speaker(log, speaker);
}

static void destroy(part_t *part, runtime_t *rt) {
    (void)rt; /* other parts, names among them, may be gone already */
    log_t *log = MK_CONTAINER_OF(part, log_t, part);
    if (log->is_on) {
        report_buckets(log, NULL);
        drain(log, NULL, SIZE_MAX);
        retry_sinks(log);
    }
    while (log->speakers.root != NULL)
        forget_speaker(log, MK_CONTAINER_OF(log->speakers.root, speaker_t, node));
    log_out_deinit(&log->out);
    mk_free(log->ring.bytes);
    mk_free(log);
}

static const part_ops_t log_ops = {NULL, forget_actor, destroy};

static log_t *find_log(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &log_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, log_t, part) : NULL;
}

/* The log of a runtime, made if need be; NULL when memory is short or `rt` is NULL. */
static log_t *get_log(runtime_t *rt) {
    log_t *log = find_log(rt);
    if (log != NULL || rt == NULL) return log;
    log = mk_calloc(1, sizeof *log);
    if (log == NULL) return NULL;
    log->level = LOG_INFO;
    log->rate = (log_rate_t){MK_LOG_BURST, MK_LOG_LINES_PER_S};
    key_tree_init(&log->speakers);
    part_attach(rt, &log->part, &log_ops);
    return log;
}

/* The log when it is on, else NULL. */
static log_t *find_running_log(runtime_t *rt) {
    log_t *log = find_log(rt);
    return log != NULL && log->is_on ? log : NULL;
}

int log_enable(runtime_t *rt) {
    if (rt == NULL) return MK_EINVAL;
    log_t *log = get_log(rt);
    if (log == NULL) return MK_ENOMEM;
    if (log->is_on) return ensure_actor(log, rt) ? MK_OK : MK_EFULL;
    void *bytes = mk_alloc(MK_LOG_QUEUE_BYTES);
    if (bytes == NULL) return MK_ENOMEM;
    int result = MK_OK;
    if (!log->is_debug_set) result = log_out_set_debug(&log->out, true, LOG_LINE_TEXT);
    if (result == MK_OK && !ensure_actor(log, rt)) {
        result = MK_EFULL;
        if (!log->is_debug_set) log_out_set_debug(&log->out, false, LOG_LINE_TEXT);
    }
    if (result < 0) {
        mk_free(bytes);
        return result;
    }
    log_ring_init(&log->ring, bytes, MK_LOG_QUEUE_BYTES);
    log->is_on = true;
    return MK_OK;
}

void runtime_enable_logging(runtime_t *rt) {
    (void)log_enable(rt);
}

bool log_is_enabled(runtime_t *rt) {
    return find_running_log(rt) != NULL;
}

actor_id_t log_get_actor_id(runtime_t *rt) {
    log_t *log = find_running_log(rt);
    return log != NULL ? log->actor : ACTOR_ID_INVALID;
}

/* --- settings --- */

void runtime_set_log_level(runtime_t *rt, int level) {
    log_t *log = get_log(rt);
    if (log != NULL) log->level = clamp_level(level);
}

int log_get_level(runtime_t *rt) {
    log_t *log = find_log(rt);
    return log != NULL ? log->level : LOG_INFO;
}

int log_set_actor_level(runtime_t *rt, actor_id_t id, int level) {
    if (level != LOG_INHERIT && level != clamp_level(level)) return MK_EINVAL;
    if (rt == NULL || !actor_is_alive(rt, id)) return MK_EDEAD;
    log_t *log = get_log(rt);
    speaker_t *speaker = log != NULL ? get_speaker(log, rt, id) : NULL;
    if (speaker == NULL) return MK_ENOMEM;
    speaker->level = level;
    return MK_OK;
}

int log_get_actor_level(runtime_t *rt, actor_id_t id) {
    log_t *log = find_log(rt);
    return log != NULL ? level_of(log, id) : LOG_INFO;
}

int log_set_rate(runtime_t *rt, uint32_t burst, uint32_t lines_per_s) {
    if (rt == NULL || (burst == 0) != (lines_per_s == 0)) return MK_EINVAL;
    log_t *log = get_log(rt);
    if (log == NULL) return MK_ENOMEM;
    log->rate = (log_rate_t){burst, lines_per_s};
    return MK_OK;
}

int log_add_sink(runtime_t *rt, log_sink_fn fn, void *ctx, log_format_t format) {
    if (rt == NULL) return MK_EINVAL;
    log_t *log = get_log(rt);
    return log != NULL ? log_out_add(&log->out, fn, ctx, format) : MK_ENOMEM;
}

int log_remove_sink(runtime_t *rt, int sink) {
    log_t *log = find_log(rt);
    return log != NULL ? log_out_remove(&log->out, sink) : MK_ENOENT;
}

int log_set_debug_output(runtime_t *rt, bool on, log_format_t format) {
    if (rt == NULL) return MK_EINVAL;
    log_t *log = get_log(rt);
    if (log == NULL) return MK_ENOMEM;
    int result = log_out_set_debug(&log->out, on, format);
    if (result == MK_OK) log->is_debug_set = true;
    return result;
}

/* --- logging --- */

void actor_log(runtime_t *rt, int level, const char *fmt, ...) {
    log_t *log = find_running_log(rt);
    if (log == NULL || fmt == NULL) return;
    actor_id_t self = actor_self(rt);
    level = clamp_level(level);
    if (admit(log, rt, self, self, level) < 0) return;
    char text[MK_LOG_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    size_t size = printf_text(text, sizeof text, fmt, args);
    va_end(args);
    line_t line = {.source = self, .level = level, .text = text, .text_size = size};
    queue_line(log, rt, &line);
}

int log_event_for(runtime_t *rt, actor_id_t source, int level, const char *text,
                  const log_field_t *fields, size_t fields_len) {
    if (rt == NULL || text == NULL || level != clamp_level(level)) return MK_EINVAL;
    int result = log_fields_check(fields, fields_len);
    if (result < 0) return result;
    log_t *log = find_running_log(rt);
    if (log == NULL) return MK_ESTATE;
    result = admit(log, rt, source, source, level);
    if (result < 0) return result;
    char cut[MK_LOG_TEXT_MAX];
    mk_writer_t writer;
    writer_init(&writer, cut, sizeof cut);
    writer_str(&writer, text);
    unsigned char bytes[MK_LOG_FIELDS_BYTES];
    line_t line = {.source = source, .level = level, .text = cut, .fields = bytes};
    line.text_size = writer.size;
    line.fields_size = log_fields_encode(fields, fields_len, bytes, sizeof bytes,
                                         &line.fields_left_out);
    return queue_line(log, rt, &line);
}

int log_event(runtime_t *rt, int level, const char *text, const log_field_t *fields,
              size_t fields_len) {
    if (rt == NULL) return MK_EINVAL;
    return log_event_for(rt, actor_self(rt), level, text, fields, fields_len);
}

void log_flush(runtime_t *rt) {
    log_t *log = find_running_log(rt);
    if (log == NULL || log->out.is_handing) return;
    drain(log, rt, SIZE_MAX);
    retry_sinks(log);
}

log_counts_t log_counts(runtime_t *rt) {
    log_counts_t counts = {0};
    log_t *log = find_log(rt);
    if (log == NULL) return counts;
    counts.queued = log->queued;
    counts.written = log->out.written;
    counts.suppressed = log->suppressed;
    counts.queue_full = log->queue_full;
    counts.sink_busy = log->out.refused;
    counts.waiting_bytes = log->ring.used;
    return counts;
}
