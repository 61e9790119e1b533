/* SPDX-License-Identifier: Apache-2.0 */
/* log_out.c - records become lines and go to the sinks.
 *
 * No sink can hold up another or the loop: what one does not take is lost to it alone,
 * counted, and reported to it in front of the next line it takes. The debug output may
 * take a part of a line; the rest waits here, so that lines never run into each other.
 */
#include "services/log_out.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "port/debug_out.h"

#include <string.h>

void log_out_deinit(log_out_t *out) {
    mk_free(out->sinks);
    mk_free(out->rest);
}

/* --- handing out --- */

/* Write what waits of the last line; true when nothing waits any more. */
static bool flush_rest(log_rest_t *rest) {
    while (rest->start < rest->end) {
        size_t taken =
            port_debug_write(rest->bytes + rest->start, rest->end - rest->start);
        if (taken == 0) return false;
        rest->start += taken;
    }
    return true;
}

static bool take_for_debug(log_rest_t *rest, const char *line, size_t size) {
    if (!flush_rest(rest)) return false;
    size_t taken = port_debug_write(line, size);
    rest->start = 0;
    rest->end = size - taken;
    memcpy(rest->bytes, line + taken, rest->end);
    return true;
}

static bool offer(log_out_t *out, log_sink_t *sink, const log_record_t *record) {
    size_t size = log_line_write(record, sink->format, out->line);
    bool is_taken = sink->fn != NULL ? sink->fn(out->line, size, sink->ctx)
                                     : take_for_debug(out->rest, out->line, size);
    if (is_taken) out->written++;
    return is_taken;
}

/* Tell a sink how many lines it lost; true when it knows. */
static bool report_lost(log_out_t *out, log_sink_t *sink, const log_record_t *now) {
    if (sink->lost == 0) return true;
    char text[64];
    mk_writer_t writer;
    writer_init(&writer, text, sizeof text);
    writer_str(&writer, "lost ");
    writer_unsigned(&writer, sink->lost);
    writer_str(&writer, sink->lost == 1 ? " log line" : " log lines");
    writer_str(&writer, ": sink busy");
    log_record_t record = *now;
    record.source = ACTOR_ID_INVALID;
    record.level = LOG_WARN;
    record.text = text;
    record.text_size = writer.size;
    record.name_size = 0;
    record.fields_size = 0;
    record.fields_left_out = 0;
    if (!offer(out, sink, &record)) return false;
    sink->lost = 0;
    return true;
}

static void sweep_removed(log_out_t *out) {
    size_t kept = 0;
    for (size_t i = 0; i < out->sinks_len; i++)
        if (!out->sinks[i].is_removed) out->sinks[kept++] = out->sinks[i];
    out->sinks_len = kept;
}

void log_out_write(log_out_t *out, const log_record_t *record) {
    out->is_handing = true;
    for (size_t i = 0; i < out->sinks_len; i++) {
        log_sink_t *sink = &out->sinks[i];
        if (sink->is_removed) continue;
        if (report_lost(out, sink, record) && offer(out, sink, record)) continue;
        out->refused++;
        if (sink->lost < UINT32_MAX) sink->lost++;
    }
    out->is_handing = false;
    sweep_removed(out);
}

bool log_out_retry(log_out_t *out, const log_record_t *now) {
    bool is_done = true;
    out->is_handing = true;
    for (size_t i = 0; i < out->sinks_len; i++) {
        log_sink_t *sink = &out->sinks[i];
        if (sink->is_removed) continue;
        if (!report_lost(out, sink, now)) is_done = false;
        if (sink->fn == NULL && !flush_rest(out->rest)) is_done = false;
    }
    out->is_handing = false;
    sweep_removed(out);
    return is_done;
}

bool log_out_is_waiting(const log_out_t *out) {
    if (out->rest != NULL && out->rest->start < out->rest->end) return true;
    for (size_t i = 0; i < out->sinks_len; i++)
        if (out->sinks[i].lost > 0) return true;
    return false;
}

/* --- the list --- */

static log_sink_t *find_sink(const log_out_t *out, int number) {
    for (size_t i = 0; i < out->sinks_len; i++)
        if (out->sinks[i].number == number && !out->sinks[i].is_removed)
            return &out->sinks[i];
    return NULL;
}

static int append_sink(log_out_t *out, log_sink_t sink) {
    if (out->sinks_len == out->sinks_cap) {
        size_t cap = out->sinks_cap + 4;
        log_sink_t *grown = mk_realloc(out->sinks, cap * sizeof *grown);
        if (grown == NULL) return MK_ENOMEM;
        out->sinks = grown;
        out->sinks_cap = cap;
    }
    out->sinks[out->sinks_len++] = sink;
    return MK_OK;
}

int log_out_add(log_out_t *out, log_sink_fn fn, void *ctx, log_format_t format) {
    if (fn == NULL || (unsigned)format > LOG_LINE_JSON) return MK_EINVAL;
    if (out->is_handing) return MK_EBUSY;
    log_sink_t sink = {.fn = fn, .ctx = ctx, .format = format};
    sink.number = out->last_number + 1;
    int result = append_sink(out, sink);
    if (result < 0) return result;
    return ++out->last_number;
}

int log_out_remove(log_out_t *out, int number) {
    log_sink_t *sink = number > 0 ? find_sink(out, number) : NULL;
    if (sink == NULL) return MK_ENOENT;
    sink->is_removed = true;
    if (!out->is_handing) sweep_removed(out);
    return MK_OK;
}

int log_out_set_debug(log_out_t *out, bool on, log_format_t format) {
    if ((unsigned)format > LOG_LINE_JSON) return MK_EINVAL;
    if (out->is_handing) return MK_EBUSY;
    log_sink_t *sink = find_sink(out, 0);
    if (on && sink != NULL) {
        sink->format = format;
    } else if (on) {
        log_rest_t *rest = mk_calloc(1, sizeof *rest);
        if (rest == NULL) return MK_ENOMEM;
        int result = append_sink(out, (log_sink_t){.format = format});
        if (result < 0) {
            mk_free(rest);
            return result;
        }
        out->rest = rest;
    } else if (sink != NULL) {
        flush_rest(out->rest);
        sink->is_removed = true;
        sweep_removed(out);
        mk_free(out->rest);
        out->rest = NULL;
    }
    return MK_OK;
}

bool log_out_wants_names(const log_out_t *out) {
    for (size_t i = 0; i < out->sinks_len; i++)
        if (out->sinks[i].format == LOG_LINE_JSON) return true;
    return false;
}
