/* SPDX-License-Identifier: Apache-2.0 */
/* log_out.h - the half of the log that hands lines out; log.c takes them in. */
#ifndef MK_SERVICES_LOG_OUT_H
#define MK_SERVICES_LOG_OUT_H

#include "microkernel/log.h"
#include "services/log_line.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who takes lines. */
typedef struct {
    log_sink_fn fn; /* the program's; NULL for the debug output */
    void *ctx;      /* handed to it */
    int number;     /* from log_add_sink; 0: the debug output */
    log_format_t format;
    uint32_t lost;   /* lines refused since the last report; stays at its maximum */
    bool is_removed; /* goes at the end of the round */
} log_sink_t;

/* The end of a line that the debug output has not taken yet. */
typedef struct {
    size_t start; /* first byte still to be written */
    size_t end;   /* behind the last one; start == end: nothing waits */
    char bytes[LOG_LINE_MAX];
} log_rest_t;

/* Everything between a line's way in and out. */
typedef struct {
    log_sink_t *sinks; /* in the order they were added */
    size_t sinks_len;
    size_t sinks_cap;
    int last_number;         /* of a sink */
    bool is_handing;         /* sinks are being called */
    log_rest_t *rest;        /* of the debug output; NULL while it is not a sink */
    uint64_t written;        /* lines taken by a sink */
    uint64_t refused;        /* lines refused by a sink */
    char line[LOG_LINE_MAX]; /* the one that is being handed out */
} log_out_t;

/* Zeroed memory has no sinks. Give back what sinks were added. */
void log_out_deinit(log_out_t *out);

/* Hand a record to all sinks. Not from within a sink. */
void log_out_write(log_out_t *out, const log_record_t *record);

/* Try again what waits: the rest of a line, reports of lost lines, made with the time
 * of `now`. True when nothing waits any more. */
bool log_out_retry(log_out_t *out, const log_record_t *now);

/* True when log_out_retry has something to do. */
bool log_out_is_waiting(const log_out_t *out);

/* As log_add_sink, log_remove_sink and log_set_debug_output; adding and changing the
 * debug output from within a sink is MK_EBUSY. */
int log_out_add(log_out_t *out, log_sink_fn fn, void *ctx, log_format_t format);
int log_out_remove(log_out_t *out, int number);
int log_out_set_debug(log_out_t *out, bool on, log_format_t format);

/* True when a sink wants JSON, and with it the names of actors. */
bool log_out_wants_names(const log_out_t *out);

#endif
