/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_crash.c - crash: the record of actors that failed.
 *
 * The records are bounded (MK_CRASH_RECORDS) and copied once; they are shown in one
 * turn. A record takes two rows, because names and texts are long and a terminal is not
 * wide. */
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "microkernel/crash.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"

#include <string.h>

enum { ID_COLUMN = 32 }; /* where the ids begin */

typedef struct {
    unsigned year, month, day, hour, minute, second;
} utc_time_t;

/* The date of a day counted from 1970-01-01, by eras of 400 years that begin on the 1st
 * of March (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static utc_time_t utc_of(uint64_t time_ms) {
    uint64_t seconds = time_ms / 1000;
    uint64_t days = seconds / 86400 + 719468;
    uint64_t era = days / 146097;
    uint64_t day_of_era = days % 146097;
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) /
        365;
    uint64_t day =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month = (5 * day + 2) / 153; /* 0: March */
    utc_time_t utc;
    utc.day = (unsigned)(day - (153 * month + 2) / 5 + 1);
    utc.month = (unsigned)(month < 10 ? month + 3 : month - 9);
    utc.year = (unsigned)(year_of_era + era * 400 + (month < 10 ? 0 : 1));
    utc.hour = (unsigned)(seconds / 3600 % 24);
    utc.minute = (unsigned)(seconds / 60 % 60);
    utc.second = (unsigned)(seconds % 60);
    return utc;
}

/* 2026-11-24 14:05:09 */
static void print_time(printer_t *p, uint64_t time_ms) {
    char text[40];
    mk_writer_t w;
    utc_time_t utc = utc_of(time_ms);
    writer_init(&w, text, sizeof text);
    writer_format(&w, "%04u-%02u-%02u %02u:%02u:%02u", utc.year, utc.month, utc.day,
                  utc.hour, utc.minute, utc.second);
    printer_bytes(p, text, w.size);
}

static void print_column(printer_t *p, uint64_t value, size_t column) {
    printer_unsigned(p, value);
    printer_to(p, column);
}

static void print_record(printer_t *p, const crash_record_t *record,
                         size_t id_columns) {
    printer_text(p, "  ");
    print_column(p, record->number, 7);
    print_column(p, record->start, 12);
    print_time(p, record->time_ms);
    printer_to(p, ID_COLUMN);
    printer_id(p, record->id);
    printer_to(p, ID_COLUMN + id_columns + 1);
    printer_cell(p, exit_reason_name(record->reason), 9);
    if (record->names[0] != '\0')
        printer_shown(p, record->names, strlen(record->names));
    else
        printer_char(p, '-');
    printer_text(p, "\n         ");
    if (record->text[0] != '\0') {
        printer_shown(p, record->text, strlen(record->text));
        printer_text(p, "; ");
    }
    if (record->last_type != 0) {
        const char *name = mk_message_name(record->last_type);
        printer_text(p, "last message ");
        printer_unsigned(p, record->last_type);
        if (name != NULL) printer_text(p, " (");
        if (name != NULL) printer_text(p, name);
        printer_text(p, name != NULL ? "), " : ", ");
    }
    printer_unsigned(p, record->handled);
    printer_text(p, " handled\n");
}

static void json_record(printer_t *p, const crash_record_t *record) {
    printer_open(p, NULL, '{');
    printer_json_unsigned(p, "number", record->number);
    printer_json_unsigned(p, "run", record->start);
    printer_json_bool(p, "is_earlier", record->is_earlier);
    printer_json_unsigned(p, "time_ms", record->time_ms);
    printer_json_id(p, "id", record->id);
    if (record->parent != ACTOR_ID_INVALID)
        printer_json_id(p, "parent", record->parent);
    else
        printer_json_null(p, "parent");
    printer_json_str(p, "reason", exit_reason_name(record->reason));
    printer_json_unsigned(p, "last_type", record->last_type);
    printer_json_unsigned(p, "handled", record->handled);
    shell__json_names(p, "names", record->names);
    printer_json_str(p, "text", record->text);
    printer_close(p, '}');
}

static int clear(shell_t *shell) {
    printer_t *p = &shell->printer;
    size_t count = crash_list(shell->rt, NULL, 0);
    crash_clear(shell->rt);
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_unsigned(p, "cleared", count);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, "Forgot ");
    printer_unsigned(p, count);
    printer_text(p, count == 1 ? " record\n" : " records\n");
    return SHELL_OK;
}

static void show(shell_t *shell, const crash_record_t *records, size_t count) {
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '[');
        for (size_t i = 0; i < count; i++)
            json_record(p, &records[i]);
        printer_close(p, ']');
        printer_json_end(p);
        return;
    }
    if (count == 0) {
        printer_text(p, "(no actor has failed)\n");
        return;
    }
    size_t id_columns = PRINTER_ID_COLUMNS;
    for (size_t i = 0; i < count; i++)
        if (printer_id_columns(records[i].id) > id_columns)
            id_columns = printer_id_columns(records[i].id);
    printer_text(p, "  NO   RUN  WHEN (UTC)          ");
    printer_cell(p, "ID", id_columns);
    printer_text(p, "REASON    NAMES\n");
    for (size_t i = 0; i < count; i++)
        print_record(p, &records[i], id_columns);
}

int command_crash(shell_t *shell, const command_args_t *args) {
    if (args->count > 0) {
        if (text_is(args_text(args, 0), "clear")) return clear(shell);
        return shell__fail(shell, SHELL_USAGE, "crash: ", args_text(args, 0),
                           " is not 'clear'");
    }
    size_t count = crash_list(shell->rt, NULL, 0);
    if (args->has_limit && args->limit < count) count = (size_t)args->limit;
    crash_record_t *records = mk_alloc((count > 0 ? count : 1) * sizeof *records);
    if (records == NULL) return shell__fail_error(shell, "crash", MK_ENOMEM);
    show(shell, records, crash_list(shell->rt, records, count));
    mk_free(records);
    return SHELL_OK;
}
