/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - lines of text with a level, a time, an actor, and key=value fields.
 *
 * Logging never waits and, once enabled, takes no memory except a few bytes per actor
 * that logs: a line goes into a bounded queue, and the log actor hands it to the sinks
 * in its turn. What does not fit is counted, and the count is logged when there is room
 * again:
 *
 *   - lines over an actor's rate        "suppressed 12 lines over the rate limit", as
 * it
 *   - lines beyond the queue            "lost 3 log lines: queue full", as actor 0
 *   - lines that one sink would not take  "lost 5 log lines: sink busy", to that sink
 *
 * Without runtime_enable_logging (or another call below that says so) nothing is
 * logged. All functions belong to the runtime's thread, inside and outside behaviours.
 */
#ifndef MICROKERNEL_LOG_H
#define MICROKERNEL_LOG_H

#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/message_ids.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Levels. */
#define LOG_DEBUG 0
#define LOG_INFO  1
#define LOG_WARN  2
#define LOG_ERROR 3

/* Level of an actor that has none of its own. */
#define LOG_INHERIT (-1)

/* Bytes of the queue between actors and sinks; 1024 to 2^24. A line takes its text and
 * about 40 bytes: 16 KiB hold a burst of 150 lines of ordinary length. */
#ifndef MK_LOG_QUEUE_BYTES
#define MK_LOG_QUEUE_BYTES 16384
#endif

/* Lines that an actor may log at once, and per second in the long run; 1 to 65535 each.
 * A person can read neither, a terminal can show both. log_set_rate changes them. */
#ifndef MK_LOG_BURST
#define MK_LOG_BURST 200
#endif
#ifndef MK_LOG_LINES_PER_S
#define MK_LOG_LINES_PER_S 100
#endif

/* Bytes of the fields of one line, as they are kept in the queue; 64 to 4096. About ten
 * short fields; log_event keeps them on its stack. */
#ifndef MK_LOG_FIELDS_BYTES
#define MK_LOG_FIELDS_BYTES 256
#endif

/* Payload of MSG_LOG: programs may send lines to the log actor. */
typedef struct {
    int level;         /* LOG_... */
    actor_id_t source; /* who says it; lines from other nodes show their sender */
    char text[MK_LOG_TEXT_MAX]; /* NUL-terminated */
} log_payload_t;

#if defined(__GNUC__)
#define MK_LOG_FORMAT __attribute__((format(printf, 3, 4)))
#else
#define MK_LOG_FORMAT
#endif

/* Start logging: the log actor, the level LOG_INFO unless set before, and a sink that
 * writes text lines to the platform's debug output (on Linux standard error). Does
 * nothing when logging is on already, or cannot be started (log_enable says why). */
void runtime_enable_logging(runtime_t *rt);

/* As runtime_enable_logging. MK_OK, also when it was on; MK_ENOMEM; MK_EFULL: no actor
 * can be spawned. */
int log_enable(runtime_t *rt);

/* True when logging is on. */
bool log_is_enabled(runtime_t *rt);

/* The actor that takes MSG_LOG; ACTOR_ID_INVALID while logging is off. Stopping it does
 * not stop the log: the next line starts another one. */
actor_id_t log_get_actor_id(runtime_t *rt);

/* Drop lines below `level`, except those of actors that have a level of their own.
 * Values outside LOG_DEBUG to LOG_ERROR count as the nearest. */
void runtime_set_log_level(runtime_t *rt, int level);

/* The level that runtime_set_log_level set; LOG_INFO before. */
int log_get_level(runtime_t *rt);

/* Give one live actor of this node its own level, or take it away (LOG_INHERIT). MK_OK;
 * MK_EDEAD; MK_EINVAL: no such level; MK_ENOMEM. */
int log_set_actor_level(runtime_t *rt, actor_id_t id, int level);

/* The level an actor logs at: its own, else that of the runtime. */
int log_get_actor_level(runtime_t *rt, actor_id_t id);

/* "debug", "info", "warn", "error"; "log?" for other values. Static storage. */
const char *log_level_name(int level);

/* The level of a name, in any case; also "warning". False when it is none. */
bool log_level_find(const char *name, int *level);

/* Log a line as the running actor (outside behaviours as actor 0), made as printf makes
 * it, cut to 255 bytes at a character, without newlines at its end. Control characters
 * and bytes that are not UTF-8 are shown as \xNN. */
void actor_log(runtime_t *rt, int level, const char *fmt, ...) MK_LOG_FORMAT;

/* What a field holds. */
typedef enum {
    LOG_FIELD_TEXT = 0,
    LOG_FIELD_SIGNED = 1,
    LOG_FIELD_UNSIGNED = 2,
    LOG_FIELD_BOOL = 3,
    LOG_FIELD_ACTOR = 4 /* an id; in JSON a string of digits, for it can be too large */
} log_field_kind_t;

/* One key=value of a line; made by the functions below. Keys and texts are borrowed
 * until log_event returns. */
typedef struct {
    const char *key; /* a-z, A-Z, 0-9, '_', '.', '-'; at most 31 bytes */
    log_field_kind_t kind;
    const char *text; /* of LOG_FIELD_TEXT */
    uint64_t number;  /* of the others; LOG_FIELD_SIGNED: converted from int64_t */
} log_field_t;

/* A field of each kind. */
static inline log_field_t log_text(const char *key, const char *value) {
    log_field_t field = {key, LOG_FIELD_TEXT, value, 0};
    return field;
}
static inline log_field_t log_signed(const char *key, int64_t value) {
    log_field_t field = {key, LOG_FIELD_SIGNED, NULL, (uint64_t)value};
    return field;
}
static inline log_field_t log_unsigned(const char *key, uint64_t value) {
    log_field_t field = {key, LOG_FIELD_UNSIGNED, NULL, value};
    return field;
}
static inline log_field_t log_bool(const char *key, bool value) {
    log_field_t field = {key, LOG_FIELD_BOOL, NULL, value ? 1u : 0u};
    return field;
}
static inline log_field_t log_actor(const char *key, actor_id_t value) {
    log_field_t field = {key, LOG_FIELD_ACTOR, NULL, value};
    return field;
}

/* Log a line with fields, as the running actor. The text is cut as in actor_log; fields
 * that do not fit MK_LOG_FIELDS_BYTES are left out, and the line says how many. MK_OK:
 * queued; MK_EINVAL: level, text or a key; MK_ESTATE: logging is off; MK_EAGAIN:
 * dropped by level; MK_ELIMIT: over the actor's rate; MK_EFULL: the queue is full. */
int log_event(runtime_t *rt, int level, const char *text, const log_field_t *fields,
              size_t fields_len);

/* As log_event on behalf of another actor: for services. */
int log_event_for(runtime_t *rt, actor_id_t source, int level, const char *text,
                  const log_field_t *fields, size_t fields_len);

/* How a sink wants its lines. */
typedef enum {
    LOG_LINE_TEXT = 0, /* [12.345] [INFO] actor=7: text key=value */
    LOG_LINE_JSON = 1  /* {"time_ms":...,"uptime_ms":...,"level":"info","actor":"7",
                          "text":"...","fields":{...}}; names with "name":"..." */
} log_format_t;

/* Takes one line of `size` bytes, which ends in "\n". Must not block, and must not call
 * into the log, except log_remove_sink. False: it cannot be taken now and is lost here.
 */
typedef bool (*log_sink_fn)(const char *line, size_t size, void *ctx);

/* Send lines to `fn` too. Returns the number of the sink (> 0), MK_EINVAL, or
 * MK_ENOMEM. */
int log_add_sink(runtime_t *rt, log_sink_fn fn, void *ctx, log_format_t format);

/* No more lines for this sink. MK_OK or MK_ENOENT. */
int log_remove_sink(runtime_t *rt, int sink);

/* The sink that writes to the platform's debug output: which format, or off. May be
 * called before logging is enabled. MK_OK or MK_ENOMEM. */
int log_set_debug_output(runtime_t *rt, bool on, log_format_t format);

/* Lines an actor may log at once, and per second in the long run; 0, 0: as many as it
 * likes. MK_OK, or MK_EINVAL when one of them only is 0. */
int log_set_rate(runtime_t *rt, uint32_t burst, uint32_t lines_per_s);

/* Hand what is queued to the sinks now (before a program ends, or in a program that
 * does not run the loop). Not in a sink. */
void log_flush(runtime_t *rt);

/* What became of the lines that passed their level. */
typedef struct {
    uint64_t queued;      /* taken into the queue */
    uint64_t written;     /* handed to a sink, once per sink */
    uint64_t suppressed;  /* over an actor's rate */
    uint64_t queue_full;  /* lost before the queue */
    uint64_t sink_busy;   /* refused by a sink, once per sink */
    size_t waiting_bytes; /* in the queue now */
} log_counts_t;

/* Counts since logging began; all 0 before. */
log_counts_t log_counts(runtime_t *rt);

#ifdef __cplusplus
}
#endif

#endif
