/* SPDX-License-Identifier: Apache-2.0 */
/* crash.c - the ring of crash records, fed by the ends of actors, and its actor.
 *
 * Records wait in memory until they are in the file; the crash actor writes all that
 * are waiting in one go, so a storm of crashes costs a few writes. When memory is short
 * a record takes the place of the oldest, or a spare that is kept for the first one:
 * running out of memory is among the ends worth knowing.
 *
 * Invariants: (1) records are in the order of their numbers, which have no gaps except
 * where a record could not be kept. (2) All records numbered up to `written` are in the
 * file, while there is one and needs_replace is false. (3) Without the crash actor (it
 * was stopped) nothing is written until the runtime ends; then everything is. */
#include "microkernel/crash.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/list.h"
#include "kernel/inside.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "port/clock.h"
#include "services/crash_file.h"
#include "services/crash_line.h"

#include <string.h>

enum {
    MSG_CRASH_WRITE =
        1, /* to the crash actor: see whether there is something to write */
    CRASH_MAILBOX = 8,
    FILE_MAX = 2 * MK_CRASH_RECORDS * CRASH_LINE_MAX /* bytes; see crash_log_open */
};

typedef struct {
    list_node_t node;
    crash_record_t record;
} entry_t;

typedef struct {
    part_t part;
    list_node_t entries; /* oldest first */
    size_t count;        /* entries */
    entry_t *spare;      /* NULL while memory is short */
    uint64_t total;      /* counts for crash_facts */
    uint64_t no_memory;
    uint64_t last_number; /* of a record */
    uint32_t start;       /* of the program, as records say */
    actor_id_t actor;     /* the crash actor; 0: none */
    bool is_woken;        /* MSG_CRASH_WRITE is on its way to it */
    crash_file_t file;
    uint64_t written;    /* invariant 2 */
    uint64_t in_writing; /* `written` after the write under way */
    size_t loaded;       /* from the file */
    size_t damaged;      /* lines of the file */
} crash_t;

/* --- records --- */

static entry_t *entry_of(list_node_t *node) {
    return MK_CONTAINER_OF(node, entry_t, node);
}

static void drop_oldest(crash_t *crash) {
    entry_t *oldest = entry_of(crash->entries.next);
    list_remove(&oldest->node);
    crash->count--;
    mk_free(oldest);
}

/* An entry outside the list; NULL when there is no memory and none to take back. */
static entry_t *take_entry(crash_t *crash) {
    entry_t *entry = NULL;
    if (crash->count < MK_CRASH_RECORDS) {
        entry = mk_alloc(sizeof *entry);
        if (entry == NULL) {
            entry = crash->spare;
            crash->spare = NULL;
        } else if (crash->spare == NULL) {
            crash->spare = mk_alloc(sizeof *entry);
        }
    }
    if (entry == NULL && crash->count > 0) {
        entry = entry_of(crash->entries.next);
        list_remove(&entry->node);
        crash->count--;
    }
    return entry;
}

static void append_entry(crash_t *crash, entry_t *entry) {
    list_insert_before(&crash->entries, &entry->node);
    crash->count++;
}

static void copy_text(char *to, size_t cap, const char *text) {
    size_t size = strlen(text);
    if (size >= cap) size = cap - 1;
    memcpy(to, text, size);
    to[size] = '\0';
}

/* --- writing --- */

static bool has_work(const crash_t *crash) {
    const crash_file_t *file = &crash->file;
    return file->path != NULL && !file->is_writing &&
           (file->needs_replace || crash->written < crash->last_number);
}

/* The records above `after` as lines, in an owned block; NULL when memory is short (an
 * empty list makes a block too). */
static char *make_lines(crash_t *crash, uint64_t after, size_t *size_out) {
    size_t cap = crash->count * CRASH_LINE_MAX;
    char *bytes = mk_alloc(cap > 0 ? cap : 1);
    if (bytes == NULL) return NULL;
    size_t size = 0;
    for (list_node_t *at = crash->entries.next; at != &crash->entries; at = at->next) {
        const crash_record_t *record = &entry_of(at)->record;
        if (record->number > after) size += crash_line_write(record, bytes + size);
    }
    *size_out = size;
    return bytes;
}

/* Inside the crash actor: begin to write what is waiting. */
static void start_write(crash_t *crash, runtime_t *rt) {
    crash_file_t *file = &crash->file;
    if (!has_work(crash)) return;
    bool is_replace = file->needs_replace;
    size_t size = 0;
    char *bytes = make_lines(crash, is_replace ? 0 : crash->written, &size);
    if (bytes != NULL && !is_replace && file->size + size > FILE_MAX) {
        mk_free(bytes);
        is_replace = true;
        bytes = make_lines(crash, 0, &size);
    }
    if (bytes == NULL) {
        file->last_error = MK_ENOMEM;
        return;
    }
    crash->in_writing = crash->last_number;
    int result = crash_file_start(file, rt, bytes, size, is_replace);
    if (result < 0) file->last_error = result;
}

static void finish_write(crash_t *crash, runtime_t *rt) {
    int before = crash->file.last_error;
    int result = crash_file_finish(&crash->file);
    if (result == MK_OK) {
        crash->written = crash->in_writing;
        start_write(crash, rt);
        return;
    }
    /* Tried again with the next record: a disk that fails is not asked in a circle. */
    if (before == MK_OK) {
        log_field_t fields[] = {log_text("file", crash->file.path),
                                log_text("error", mk_error_text(result))};
        log_event(rt, LOG_WARN, "crash record cannot be written", fields, 2);
    }
}

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    crash_t *crash = state;
    switch (msg->type) {
    case MSG_CRASH_WRITE:
        crash->is_woken = false;
        start_write(crash, rt);
        return true;
    case MSG_OFFLOAD_DONE: finish_write(crash, rt); return true;
    case MSG_SHUTDOWN: return false;
    default: return true;
    }
}

static void wake(crash_t *crash, runtime_t *rt) {
    if (crash->actor == ACTOR_ID_INVALID || crash->is_woken || !has_work(crash)) return;
    crash->is_woken =
        actor__notify(rt, ACTOR_ID_INVALID, crash->actor, MSG_CRASH_WRITE, NULL, 0);
}

/* --- the part --- */

static void observe_exit(part_t *part, runtime_t *rt, const exit_info_t *info) {
    crash_t *crash = MK_CONTAINER_OF(part, crash_t, part);
    if (!exit_is_abnormal(info->reason) || info->reason == EXIT_KILLED) return;
    crash->total++;
    entry_t *entry = take_entry(crash);
    if (entry == NULL) {
        crash->no_memory++;
        return;
    }
    crash_record_t *record = &entry->record;
    *record = (crash_record_t){.number = ++crash->last_number,
                               .start = crash->start,
                               .time_ms = port_clock_wall_ms(),
                               .id = info->id,
                               .parent = info->parent,
                               .reason = info->reason,
                               .last_type = info->last_type,
                               .handled = info->handled};
    actor_reverse_lookup_all(rt, info->id, record->names, sizeof record->names);
    copy_text(record->text, sizeof record->text, info->text != NULL ? info->text : "");
    append_entry(crash, entry);
    wake(crash, rt);
}

static void forget_actor(part_t *part, runtime_t *rt, actor_id_t id) {
    (void)rt;
    crash_t *crash = MK_CONTAINER_OF(part, crash_t, part);
    if (id != crash->actor) return;
    crash->actor = ACTOR_ID_INVALID;
    crash->is_woken = false;
}

/* No offloaded write is under way any more: the runtime has waited for its threads. */
static void destroy(part_t *part, runtime_t *rt) {
    (void)rt;
    crash_t *crash = MK_CONTAINER_OF(part, crash_t, part);
    if (crash->file.is_writing && crash_file_finish(&crash->file) == MK_OK)
        crash->written = crash->in_writing;
    if (has_work(crash)) {
        size_t size = 0;
        char *bytes = make_lines(crash, 0, &size);
        if (bytes != NULL) crash_file_replace(&crash->file, bytes, size);
        mk_free(bytes);
    }
    while (crash->count > 0)
        drop_oldest(crash);
    mk_free(crash->spare);
    crash_file_deinit(&crash->file);
    mk_free(crash);
}

static const part_ops_t crash_ops = {observe_exit, forget_actor, destroy};

static crash_t *find_crash(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &crash_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, crash_t, part) : NULL;
}

int crash_enable(runtime_t *rt) {
    if (rt == NULL) return MK_EINVAL;
    if (find_crash(rt) != NULL) return MK_OK;
    crash_t *crash = mk_calloc(1, sizeof *crash);
    if (crash == NULL) return MK_ENOMEM;
    crash->spare = mk_alloc(sizeof *crash->spare);
    if (crash->spare == NULL) {
        mk_free(crash);
        return MK_ENOMEM;
    }
    list_init(&crash->entries);
    crash->start = 1;
    part_attach(rt, &crash->part, &crash_ops);
    return MK_OK;
}

/* --- opening the file --- */

/* Put the records of the file's lines into `crash`, which holds none; damaged lines are
 * counted. MK_OK or MK_ENOMEM. */
static int load_lines(crash_t *crash, const char *bytes, size_t size) {
    const char *at = bytes;
    const char *end = bytes + size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        crash_record_t record;
        if (newline == NULL ||
            crash_line_read(at, (size_t)(newline - at), &record) < 0 ||
            record.number <= crash->last_number) {
            crash->damaged++;
            at = newline != NULL ? newline + 1 : end;
            continue;
        }
        at = newline + 1;
        if (crash->count == MK_CRASH_RECORDS) drop_oldest(crash);
        entry_t *entry = mk_alloc(sizeof *entry);
        if (entry == NULL) return MK_ENOMEM;
        entry->record = record;
        append_entry(crash, entry);
        crash->last_number = record.number;
        if (record.start > crash->start) crash->start = record.start;
    }
    crash->loaded = crash->count;
    return MK_OK;
}

/* Put what was recorded before the file was opened behind what the file had. */
static void adopt_entries(crash_t *crash, crash_t *loaded) {
    crash->start = loaded->loaded > 0 ? loaded->start + 1 : 1;
    crash->written = loaded->last_number;
    crash->loaded = loaded->loaded;
    crash->damaged = loaded->damaged;
    uint64_t number = loaded->last_number;
    list_node_t *first = crash->entries.next;
    for (list_node_t *at = first; at != &crash->entries; at = at->next) {
        entry_of(at)->record.number = ++number;
        entry_of(at)->record.start = crash->start;
    }
    crash->last_number = number;
    crash->count += loaded->count;
    while (loaded->count > 0) {
        list_node_t *node = loaded->entries.next;
        list_remove(node);
        list_insert_before(first, node);
        loaded->count--;
    }
    while (crash->count > MK_CRASH_RECORDS)
        drop_oldest(crash);
}

static void warn_damaged(crash_t *crash, runtime_t *rt) {
    if (crash->damaged == 0) return;
    log_field_t fields[] = {log_text("file", crash->file.path),
                            log_unsigned("lines", crash->damaged)};
    log_event(rt, LOG_WARN, "crash record has damaged lines, skipped", fields, 2);
}

int crash_log_open(runtime_t *rt, const char *path) {
    if (path == NULL || path[0] == '\0') return MK_EINVAL;
    int result = crash_enable(rt);
    if (result < 0) return result;
    crash_t *crash = find_crash(rt);
    if (crash->file.path != NULL) return MK_EEXIST;
    crash_t loaded = {0};
    list_init(&loaded.entries);
    crash_file_t file = {0};
    void *bytes = NULL;
    size_t size = 0;
    result = crash_file_open(&file, path, FILE_MAX, &bytes, &size);
    if (result < 0) return result;
    result = load_lines(&loaded, bytes, size);
    mk_free(bytes);
    actor_id_t actor = ACTOR_ID_INVALID;
    if (result == MK_OK) {
        actor = actor_spawn(rt, behave, crash, NULL, CRASH_MAILBOX);
        if (actor == ACTOR_ID_INVALID) result = MK_EFULL;
    }
    if (result < 0) {
        while (loaded.count > 0)
            drop_oldest(&loaded);
        crash_file_deinit(&file);
        return result;
    }
    crash->file = file;
    crash->file.needs_replace = loaded.damaged > 0;
    crash->actor = actor;
    part_claim(rt, actor);
    (void)names_register_own(rt, "crash_log", actor); /* it lives without one too */
    adopt_entries(crash, &loaded);
    warn_damaged(crash, rt);
    wake(crash, rt);
    return (int)crash->loaded;
}

/* --- questions --- */

size_t crash_list(runtime_t *rt, crash_record_t *buf, size_t max) {
    crash_t *crash = find_crash(rt);
    if (crash == NULL) return 0;
    if (buf == NULL) return crash->count;
    size_t skip = crash->count > max ? crash->count - max : 0;
    size_t written = 0;
    for (list_node_t *at = crash->entries.next; at != &crash->entries; at = at->next) {
        if (skip > 0)
            skip--;
        else
            buf[written++] = entry_of(at)->record;
    }
    return written;
}

void crash_clear(runtime_t *rt) {
    crash_t *crash = find_crash(rt);
    if (crash == NULL) return;
    while (crash->count > 0)
        drop_oldest(crash);
    crash->file.needs_replace = true;
    wake(crash, rt);
}

crash_facts_t crash_facts(runtime_t *rt) {
    crash_facts_t facts = {0};
    crash_t *crash = find_crash(rt);
    if (crash == NULL) return facts;
    facts.count = crash->count;
    facts.total = crash->total;
    facts.no_memory = crash->no_memory;
    facts.is_open = crash->file.path != NULL;
    facts.loaded = crash->loaded;
    facts.damaged = crash->damaged;
    for (list_node_t *at = crash->entries.next; at != &crash->entries; at = at->next)
        if (facts.is_open && entry_of(at)->record.number > crash->written)
            facts.unwritten++;
    facts.last_error = crash->file.last_error;
    facts.file_bytes = crash->file.size;
    return facts;
}
