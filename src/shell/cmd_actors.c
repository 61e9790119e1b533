/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_actors.c - list, info (top), stop, self: the actors of this node.
 *
 * A listing takes the ids once and asks for each actor when its row is due, a few rows
 * per turn: it never holds the facts of all actors, and one that ended in between has
 * no row. The column widths come from the first actors only, for the same reason. */
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "ipc/peer.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "microkernel/names.h"
#include "microkernel/supervision.h"
#include "port/memory.h"

#include <string.h>

enum {
    ROWS_PER_STEP = 32,   /* rows between two looks at other actors */
    MEASURED_ROWS = 4096, /* actors whose facts decide about column widths */
    STATUS_COLUMNS = 8,   /* of the longest status, and one to spare */
    SEQ_COLUMNS = 4       /* at least */
};

typedef struct {
    actor_id_t *ids; /* owned; alive when the listing began */
    size_t count;
    size_t at;          /* next one to show */
    bool is_info;       /* with parents, and with facts about the node */
    size_t seq_columns; /* widths */
    size_t id_columns;
    size_t mbox_columns;
} listing_t;

static void end_listing(void *state) {
    listing_t *listing = state;
    mk_free(listing->ids);
    mk_free(listing);
}

static size_t digits_of(uint64_t number) {
    size_t digits = 1;
    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

static void widen(size_t *columns, size_t needed) {
    if (*columns < needed) *columns = needed;
}

static void measure(listing_t *listing, runtime_t *rt) {
    listing->seq_columns = SEQ_COLUMNS;
    listing->id_columns = PRINTER_ID_COLUMNS;
    listing->mbox_columns = 5;
    for (size_t i = 0; i < listing->count && i < MEASURED_ROWS; i++) {
        actor_info_t info;
        if (!runtime_actor_find(rt, listing->ids[i], &info)) continue;
        widen(&listing->seq_columns, digits_of(actor_id_seq(info.id)));
        widen(&listing->id_columns, printer_id_columns(info.id));
        widen(&listing->mbox_columns,
              digits_of(info.mailbox_used) + 1 + digits_of(info.mailbox_cap));
    }
}

/* NULL when memory is short. */
static listing_t *begin_listing(runtime_t *rt, bool is_info) {
    listing_t *listing = mk_calloc(1, sizeof *listing);
    if (listing == NULL) return NULL;
    size_t count = runtime_list_actors(rt, NULL, 0);
    listing->ids = mk_alloc((count > 0 ? count : 1) * sizeof *listing->ids);
    if (listing->ids == NULL) {
        mk_free(listing);
        return NULL;
    }
    listing->count = runtime_list_actors(rt, listing->ids, count);
    listing->is_info = is_info;
    measure(listing, rt);
    return listing;
}

static void print_header(printer_t *p, const listing_t *listing) {
    printer_text(p, "  ");
    printer_cell(p, "SEQ", listing->seq_columns);
    printer_cell(p, "ID", listing->id_columns);
    printer_cell(p, "STATUS", STATUS_COLUMNS);
    printer_cell(p, "MBOX", listing->mbox_columns);
    if (listing->is_info) printer_cell(p, "PARENT", listing->id_columns);
    printer_text(p, "NAME\n");
}

/* One name per row, all in the same column. */
static void print_names(printer_t *p, const char *names) {
    size_t column = p->column;
    if (*names == '\0') printer_char(p, '-');
    while (*names != '\0') {
        const char *end = strstr(names, ", ");
        size_t size = end != NULL ? (size_t)(end - names) : strlen(names);
        printer_shown(p, names, size);
        names += size;
        if (end == NULL) break;
        names += 2;
        printer_char(p, '\n');
        printer_to(p, column);
    }
    printer_char(p, '\n');
}

static void print_row(printer_t *p, const listing_t *listing, const actor_info_t *info,
                      const char *names) {
    printer_text(p, "  ");
    size_t column = 2;
    printer_unsigned(p, actor_id_seq(info->id));
    printer_to(p, column += listing->seq_columns + 1);
    printer_id(p, info->id);
    printer_to(p, column += listing->id_columns + 1);
    printer_text(p, shell__status_name(info->status));
    printer_to(p, column += STATUS_COLUMNS + 1);
    printer_unsigned(p, info->mailbox_used);
    printer_char(p, '/');
    printer_unsigned(p, info->mailbox_cap);
    printer_to(p, column += listing->mbox_columns + 1);
    if (listing->is_info) {
        if (info->parent != ACTOR_ID_INVALID)
            printer_id(p, info->parent);
        else
            printer_text(p, "---");
        printer_to(p, column + listing->id_columns + 1);
    }
    print_names(p, names);
}

static void json_actor_facts(printer_t *p, const actor_info_t *info,
                             const char *names) {
    printer_json_unsigned(p, "seq", actor_id_seq(info->id));
    printer_json_id(p, "id", info->id);
    printer_json_str(p, "status", shell__status_name(info->status));
    printer_json_unsigned(p, "mailbox_used", info->mailbox_used);
    printer_json_unsigned(p, "mailbox_cap", info->mailbox_cap);
    if (info->parent != ACTOR_ID_INVALID)
        printer_json_id(p, "parent", info->parent);
    else
        printer_json_null(p, "parent");
    shell__json_names(p, "names", names);
}

static void show_actor(shell_t *shell, const listing_t *listing, actor_id_t id) {
    actor_info_t info;
    char buf[256];
    if (!runtime_actor_find(shell->rt, id, &info)) return;
    char *names = shell__names_of(shell->rt, id, buf, sizeof buf);
    const char *shown = names != NULL ? names : "(out of memory)";
    if (shell->is_json) {
        printer_open(&shell->printer, NULL, '{');
        json_actor_facts(&shell->printer, &info, shown);
        printer_close(&shell->printer, '}');
    } else {
        print_row(&shell->printer, listing, &info, shown);
    }
    shell__names_free(names, buf);
}

/* --- the node --- */

/* 213 KB, 7936 MB. */
static void print_amount(printer_t *p, size_t bytes) {
    size_t kilobytes = bytes / 1024;
    bool is_large = kilobytes >= 10 * 1024;
    printer_unsigned(p, is_large ? kilobytes / 1024 : kilobytes);
    printer_text(p, is_large ? " MB" : " KB");
}

/* On a chip the heap is what matters, on a large machine what this process takes. */
static void print_memory(printer_t *p, const port_memory_facts_t *facts) {
    if (facts->total_bytes == 0) return;
    bool is_heap = facts->resident_bytes == 0;
    printer_text(p, is_heap ? "Heap: " : "Memory: ");
    if (!is_heap) {
        print_amount(p, facts->resident_bytes);
        printer_text(p, " in use, ");
    }
    print_amount(p, facts->free_bytes);
    printer_text(p, " free / ");
    print_amount(p, facts->total_bytes);
    if (facts->min_free_bytes > 0) {
        printer_text(p, " (min ");
        print_amount(p, facts->min_free_bytes);
        printer_text(p, ", largest ");
        print_amount(p, facts->largest_free_bytes);
        printer_char(p, ')');
    }
    printer_char(p, '\n');
}

/* The counters that `info` shows, and the words for them. */
typedef struct {
    const char *key;   /* in JSON */
    const char *words; /* behind the number */
    uint64_t value;
} counter_t;
enum { COUNTER_MAX = 10 };

static size_t read_counters(runtime_t *rt, counter_t *out) {
    runtime_counters_t c = runtime_counters(rt);
    const counter_t all[] = {
        {"delivered", " delivered", c.delivered},
        {"refused", " refused", c.refused},
        {"dropped", " dropped", c.dropped},
        {"dead_letters", " to nobody", c.dead_letters},
        {"spawned", " actors started", c.spawned},
        {"exited", " ended", c.exited},
        {"crashed", " crashed", c.crashed},
        {"timers", " timers", c.timers},
        {"watches", " watches", c.watches},
    };
    memcpy(out, all, sizeof all);
    return sizeof all / sizeof all[0];
}

static void print_counters(printer_t *p, const char *title, const counter_t *counters,
                           size_t count) {
    printer_text(p, title);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) printer_text(p, ", ");
        printer_unsigned(p, counters[i].value);
        printer_text(p, counters[i].words);
    }
    printer_char(p, '\n');
}

/* Nodes that are connected. */
static size_t count_transports(runtime_t *rt) {
    size_t count = 0;
    for (const peer_t *peer = peers_next(rt, NULL); peer != NULL;
         peer = peers_next(rt, peer))
        count++;
    return count;
}

static void print_node(shell_t *shell) {
    port_memory_facts_t facts;
    counter_t counters[COUNTER_MAX];
    port_memory_facts(&facts);
    (void)read_counters(shell->rt, counters);
    printer_char(&shell->printer, '\n');
    print_memory(&shell->printer, &facts);
    print_counters(&shell->printer, "Messages: ", counters, 4);
    print_counters(&shell->printer, "Runtime: ", counters + 4, 5);
    size_t transports = count_transports(shell->rt);
    if (transports == 0) return;
    printer_text(&shell->printer, "Transports: ");
    printer_unsigned(&shell->printer, transports);
    printer_char(&shell->printer, '\n');
}

static void json_node(shell_t *shell, size_t actors) {
    printer_t *p = &shell->printer;
    port_memory_facts_t facts;
    counter_t counters[COUNTER_MAX];
    port_memory_facts(&facts);
    size_t count = read_counters(shell->rt, counters);
    printer_json_unsigned(p, "active", actors);
    printer_json_unsigned(p, "transports", count_transports(shell->rt));
    printer_open(p, "counters", '{');
    for (size_t i = 0; i < count; i++)
        printer_json_unsigned(p, counters[i].key, counters[i].value);
    printer_close(p, '}');
    printer_open(p, "memory", '{');
    printer_json_unsigned(p, "total_bytes", facts.total_bytes);
    printer_json_unsigned(p, "free_bytes", facts.free_bytes);
    printer_json_unsigned(p, "min_free_bytes", facts.min_free_bytes);
    printer_json_unsigned(p, "largest_free_bytes", facts.largest_free_bytes);
    printer_json_unsigned(p, "resident_bytes", facts.resident_bytes);
    printer_close(p, '}');
}

/* --- list, info --- */

static void open_listing(shell_t *shell, const listing_t *listing) {
    printer_t *p = &shell->printer;
    if (!shell->is_json) {
        if (listing->is_info) {
            printer_text(p, "Actors: ");
            printer_unsigned(p, listing->count);
            printer_text(p, " active\n");
        }
        print_header(p, listing);
        return;
    }
    if (listing->is_info) {
        printer_open(p, NULL, '{');
        json_node(shell, listing->count);
    }
    printer_open(p, listing->is_info ? "actors" : NULL, '[');
}

static void close_listing(shell_t *shell, const listing_t *listing) {
    printer_t *p = &shell->printer;
    if (!shell->is_json) {
        if (listing->is_info) print_node(shell);
        return;
    }
    printer_close(p, ']');
    if (listing->is_info) printer_close(p, '}');
    printer_json_end(p);
}

static int step_listing(shell_t *shell, void *state) {
    listing_t *listing = state;
    if (listing->at == 0) open_listing(shell, listing);
    size_t end = listing->at + ROWS_PER_STEP;
    while (listing->at < listing->count && listing->at < end)
        show_actor(shell, listing, listing->ids[listing->at++]);
    if (listing->at < listing->count) return SHELL__PENDING;
    close_listing(shell, listing);
    return SHELL_OK;
}

static int start_listing(shell_t *shell, bool is_info) {
    listing_t *listing = begin_listing(shell->rt, is_info);
    if (listing == NULL)
        return shell__fail_error(shell, is_info ? "info" : "list", MK_ENOMEM);
    return shell__start_job(shell, step_listing, end_listing, listing);
}

int command_list(shell_t *shell, const command_args_t *args) {
    (void)args;
    return start_listing(shell, false);
}

/* --- one actor --- */

static void print_fact(printer_t *p, const char *name) {
    printer_cell(p, name, 12);
}

static void print_fact_number(printer_t *p, const char *name, uint64_t value) {
    print_fact(p, name);
    printer_unsigned(p, value);
    printer_char(p, '\n');
}

static void print_type(printer_t *p, msg_type_t type) {
    const char *name = mk_message_name(type);
    printer_unsigned(p, type);
    if (name == NULL) return;
    printer_text(p, " (");
    printer_text(p, name);
    printer_char(p, ')');
}

static void print_one(shell_t *shell, const actor_info_t *info,
                      const actor_stats_t *stats, const char *names) {
    printer_t *p = &shell->printer;
    print_fact(p, "Actor");
    printer_id(p, info->id);
    printer_text(p, "\n");
    print_fact(p, "Names");
    print_names(p, names);
    print_fact(p, "Status");
    printer_text(p, shell__status_name(info->status));
    printer_char(p, '\n');
    print_fact(p, "Parent");
    if (info->parent != ACTOR_ID_INVALID)
        printer_id(p, info->parent);
    else
        printer_text(p, "---");
    printer_char(p, '\n');
    print_fact(p, "Mailbox");
    printer_unsigned(p, info->mailbox_used);
    printer_char(p, '/');
    printer_unsigned(p, info->mailbox_cap);
    printer_text(p, " messages, ");
    printer_unsigned(p, stats->mailbox_bytes_used);
    printer_char(p, '/');
    printer_unsigned(p, stats->mailbox_bytes_cap);
    printer_text(p, " bytes\n");
    print_fact_number(p, "Handled", stats->handled);
    print_fact_number(p, "Dropped", stats->dropped);
    if (stats->handled > 0) {
        print_fact(p, "Last type");
        print_type(p, stats->last_type);
        printer_char(p, '\n');
    }
    print_fact_number(p, "Timers", stats->timers);
    print_fact_number(p, "Watches", stats->watches);
    print_fact_number(p, "Links", stats->links);
    print_fact_number(p, "Monitors", stats->monitors);
    shell__print_module(shell, info->id);
}

static void json_one(shell_t *shell, const actor_info_t *info,
                     const actor_stats_t *stats, const char *names) {
    printer_t *p = &shell->printer;
    printer_open(p, NULL, '{');
    json_actor_facts(p, info, names);
    printer_json_unsigned(p, "mailbox_bytes_used", stats->mailbox_bytes_used);
    printer_json_unsigned(p, "mailbox_bytes_cap", stats->mailbox_bytes_cap);
    printer_json_unsigned(p, "handled", stats->handled);
    printer_json_unsigned(p, "dropped", stats->dropped);
    printer_json_unsigned(p, "last_type", stats->last_type);
    printer_json_unsigned(p, "time_ns", stats->time_ns);
    printer_json_unsigned(p, "timers", stats->timers);
    printer_json_unsigned(p, "watches", stats->watches);
    printer_json_unsigned(p, "links", stats->links);
    printer_json_unsigned(p, "monitors", stats->monitors);
    shell__json_module(shell, info->id);
    printer_close(p, '}');
    printer_json_end(p);
}

static int show_one(shell_t *shell, text_t word) {
    actor_id_t id;
    actor_info_t info;
    actor_stats_t stats;
    char buf[256];
    int status = shell__find_target(shell, word, &id);
    if (status != SHELL_OK) return status;
    if (!runtime_actor_find(shell->rt, id, &info) ||
        !runtime_actor_stats(shell->rt, id, &stats))
        return shell__fail(shell, SHELL_UNREACHABLE, "info: ", word,
                           " is an actor of another node");
    char *names = shell__names_of(shell->rt, id, buf, sizeof buf);
    if (names == NULL) return shell__fail_error(shell, "info", MK_ENOMEM);
    if (shell->is_json)
        json_one(shell, &info, &stats, names);
    else
        print_one(shell, &info, &stats, names);
    shell__names_free(names, buf);
    return SHELL_OK;
}

int command_info(shell_t *shell, const command_args_t *args) {
    if (args->count == 0) return start_listing(shell, true);
    return show_one(shell, args_text(args, 0));
}

/* --- stop, self --- */

int command_stop(shell_t *shell, const command_args_t *args) {
    actor_id_t id;
    text_t word = args_text(args, 0);
    int status = shell__find_target(shell, word, &id);
    if (status != SHELL_OK) return status;
    if (!actor_is_alive(shell->rt, id))
        return shell__fail(shell, SHELL_UNREACHABLE, "stop: ", word,
                           " is an actor of another node");
    bool is_supervisor = supervisor_is(shell->rt, id);
    if (is_supervisor)
        supervisor_stop(shell->rt, id);
    else
        actor_stop(shell->rt, id);
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_id(p, is_supervisor ? "stopping" : "stopped", id);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, is_supervisor ? "Stopping supervisor " : "Stopped actor ");
    printer_id(p, id);
    printer_text(p, is_supervisor ? " and its children\n" : "\n");
    return SHELL_OK;
}

int command_self(shell_t *shell, const command_args_t *args) {
    (void)args;
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_id(p, "id", shell->self);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_unsigned(p, shell->self);
    printer_char(p, '\n');
    return SHELL_OK;
}
