/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors watched by actors.
 *
 * The platform knows each descriptor once; several actors may watch it. A watched file
 * holds the source and the list of its watches, and waits for what all of them want. A
 * watch whose event message has not been handled yet is muted, so that a ready
 * descriptor puts one message into a mailbox and not thousands; it wants events again
 * when the actor has handled messages up to that one (level triggered: nothing is
 * lost). Files are found by number in a chained table that doubles with their count;
 * when memory for that is short the chains get longer.
 *
 * A program may close a descriptor without dropping its watch and get the same number
 * again. The platform has forgotten it then, so a watch on a file that is there already
 * is always told to it anew.
 *
 * A ready descriptor of which nobody could be told - memory is short, or the mailbox is
 * full while its actor awaits something else - would wake the loop again and again. It
 * is taken from the platform and given back a millisecond later. */
#include "microkernel/watch.h"

#include "base/alloc.h"
#include "kernel/runtime_impl.h"
#include "kernel/source.h"
#include "microkernel/error.h"
#include "port/clock.h"

struct watch_file {
    source_t source;     /* source.handle is the descriptor */
    watch_file_t *next;  /* in its chain of runtime.watch_table */
    list_node_t watches; /* watch_t.of_file */
    list_node_t put_off; /* in runtime.put_off, or alone */
};

enum { FIRST_CHAINS = 8, PUT_OFF_NS = 1000000 };

typedef struct {
    list_node_t of_owner; /* in extra.watches */
    list_node_t of_file;  /* in file.watches */
    watch_file_t *file;
    uint32_t owner;  /* local number */
    uint32_t events; /* wanted */
    uint64_t
        mute_till; /* what has_left shows when the last event has left the mailbox */
} watch_t;

/* Handles are small numbers in most ports: their low bits spread well. */
static watch_file_t **chain_of(watch_table_t *table, int fd) {
    return &table->chains[(uint32_t)fd & (table->size - 1)];
}

static watch_file_t *find_file(runtime_t *rt, int fd) {
    if (rt->watch_table.size == 0) return NULL;
    watch_file_t *file = *chain_of(&rt->watch_table, fd);
    while (file != NULL && file->source.handle != fd)
        file = file->next;
    return file;
}

static void move_files(watch_table_t *from, watch_table_t *to) {
    for (uint32_t i = 0; i < from->size; i++) {
        while (from->chains[i] != NULL) {
            watch_file_t *file = from->chains[i];
            from->chains[i] = file->next;
            watch_file_t **chain = chain_of(to, file->source.handle);
            file->next = *chain;
            *chain = file;
        }
    }
}

/* Room for one more file. False: no memory, and no table at all. */
static bool make_table(watch_table_t *table) {
    if (table->count < table->size || table->size > UINT32_MAX / 2) return true;
    watch_table_t grown = {.size = table->size == 0 ? FIRST_CHAINS : table->size * 2,
                           .count = table->count};
    grown.chains = mk_calloc(grown.size, sizeof(watch_file_t *));
    if (grown.chains == NULL) return table->size != 0;
    move_files(table, &grown);
    mk_free(table->chains);
    *table = grown;
    return true;
}

static void insert_file(watch_table_t *table, watch_file_t *file) {
    watch_file_t **chain = chain_of(table, file->source.handle);
    file->next = *chain;
    *chain = file;
    table->count++;
}

static void remove_file(watch_table_t *table, watch_file_t *file) {
    watch_file_t **link = chain_of(table, file->source.handle);
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    if (--table->count > 0) return;
    mk_free(table->chains);
    *table = (watch_table_t){.size = 0};
}

static uint32_t wanted_by_all(const watch_file_t *file) {
    uint32_t wanted = 0;
    for (const list_node_t *at = file->watches.next; at != &file->watches;
         at = at->next)
        wanted |= MK_CONTAINER_OF(at, watch_t, of_file)->events;
    return wanted;
}

/* Messages that ever left the mailbox: handled, or dropped to make room. */
static uint64_t has_left(const actor_t *owner) {
    return owner->handled + owner->extra->pushed_out;
}

/* True: a message is on its way. */
static bool tell(runtime_t *rt, watch_t *watch, uint32_t events) {
    actor_t *owner = id_table_find(&rt->actors, watch->owner);
    MK_ASSERT(owner != NULL);
    uint32_t found = events & (watch->events | MK_POLL_ERR | MK_POLL_HUP);
    if (found == 0 || owner->status == ACTOR_STOPPED) return false;
    if (has_left(owner) < watch->mute_till) return false;
    fd_event_payload_t payload = {.fd = watch->file->source.handle, .events = found};
    if (actor__deliver(rt, owner, ACTOR_ID_INVALID, MSG_FD_EVENT, &payload,
                       sizeof payload) <= 0)
        return false;
    watch->mute_till =
        has_left(owner) + (owner->capacity - room__messages(owner->room));
    return true;
}

static void put_off(runtime_t *rt, watch_file_t *file) {
    if (list_is_empty(&rt->put_off))
        rt->put_off_till_ns = port_clock_monotonic_ns() + PUT_OFF_NS;
    list_insert_before(&rt->put_off, &file->put_off);
    source_pause(rt, &file->source);
    rt->counts.put_off++;
}

uint64_t watch__next_ns(const runtime_t *rt) {
    return list_is_empty(&rt->put_off) ? UINT64_MAX : rt->put_off_till_ns;
}

void watch__advance(runtime_t *rt, uint64_t now_ns) {
    if (now_ns < watch__next_ns(rt)) return;
    for (list_node_t *at = rt->put_off.next; at != &rt->put_off;) {
        watch_file_t *file = MK_CONTAINER_OF(at, watch_file_t, put_off);
        at = at->next;
        /* The platform may be short of memory, too. */
        if (source_renew(rt, &file->source, wanted_by_all(file)) != MK_ENOMEM)
            list_remove(&file->put_off);
    }
    rt->put_off_till_ns = now_ns + PUT_OFF_NS;
}

static void on_ready(source_t *source, runtime_t *rt, uint32_t events) {
    watch_file_t *file = MK_CONTAINER_OF(source, watch_file_t, source);
    bool is_told = false;
    for (list_node_t *at = file->watches.next; at != &file->watches; at = at->next)
        if (tell(rt, MK_CONTAINER_OF(at, watch_t, of_file), events)) is_told = true;
    if (!is_told && !runtime__has_ready(rt)) put_off(rt, file);
}

static watch_file_t *open_file(runtime_t *rt, int fd, uint32_t events) {
    watch_file_t *file = mk_calloc(1, sizeof *file);
    if (file == NULL) return NULL;
    file->source.handle = fd;
    file->source.interest = (uint16_t)events;
    file->source.on_ready = on_ready;
    list_init(&file->watches);
    list_init(&file->put_off);
    if (source_open(rt, &file->source) != MK_OK) {
        mk_free(file);
        return NULL;
    }
    if (!make_table(&rt->watch_table)) {
        source_close(rt, &file->source);
        mk_free(file);
        rt->counts.no_memory++;
        return NULL;
    }
    insert_file(&rt->watch_table, file);
    return file;
}

static void release_file(runtime_t *rt, watch_file_t *file) {
    if (!list_is_empty(&file->watches)) {
        uint32_t wanted = wanted_by_all(file);
        if (wanted != file->source.interest)
            (void)source_change(rt, &file->source, wanted);
        return;
    }
    list_remove(&file->put_off);
    source_close(rt, &file->source);
    remove_file(&rt->watch_table, file);
    mk_free(file);
}

static void end_watch(runtime_t *rt, watch_t *watch, actor_extra_t *extra) {
    watch_file_t *file = watch->file;
    list_remove(&watch->of_owner);
    list_remove(&watch->of_file);
    mk_free(watch);
    extra->watch_count--;
    rt->watch_count--;
    release_file(rt, file);
}

static watch_t *find_watch(runtime_t *rt, const actor_t *actor, int fd) {
    watch_file_t *file = find_file(rt, fd);
    if (file == NULL) return NULL;
    for (list_node_t *at = file->watches.next; at != &file->watches; at = at->next) {
        watch_t *watch = MK_CONTAINER_OF(at, watch_t, of_file);
        if (watch->owner == actor->id) return watch;
    }
    return NULL;
}

static watch_t *begin_watch(runtime_t *rt, actor_t *owner, int fd, uint32_t events) {
    actor_extra_t *extra = actor__extra(rt, owner);
    watch_t *watch = extra != NULL ? mk_calloc(1, sizeof *watch) : NULL;
    if (watch == NULL) {
        rt->counts.no_memory++;
        return NULL;
    }
    watch->file = find_file(rt, fd);
    if (watch->file == NULL) watch->file = open_file(rt, fd, events);
    if (watch->file == NULL) {
        mk_free(watch);
        return NULL;
    }
    watch->owner = owner->id;
    list_insert_before(&extra->watches, &watch->of_owner);
    list_insert_before(&watch->file->watches, &watch->of_file);
    extra->watch_count++;
    rt->watch_count++;
    return watch;
}

bool actor_watch_fd(runtime_t *rt, int fd, uint32_t events) {
    if (rt == NULL || rt->current == NULL || rt->current->status == ACTOR_STOPPED)
        return false;
    watch_t *watch = find_watch(rt, rt->current, fd);
    bool is_new = watch == NULL;
    if (is_new) watch = begin_watch(rt, rt->current, fd, events);
    if (watch == NULL) return false;
    uint32_t before = watch->events;
    watch->events = events;
    watch_file_t *file = watch->file;
    bool is_just_opened = is_new && file->watches.next == &watch->of_file;
    if (is_just_opened ||
        source_renew(rt, &file->source, wanted_by_all(file)) == MK_OK) {
        list_remove(&file->put_off);
        return true;
    }
    watch->events = before;
    if (is_new) end_watch(rt, watch, rt->current->extra);
    return false;
}

bool actor_unwatch_fd(runtime_t *rt, int fd) {
    if (rt == NULL || rt->current == NULL) return false;
    watch_t *watch = find_watch(rt, rt->current, fd);
    if (watch == NULL) return false;
    end_watch(rt, watch, rt->current->extra);
    return true;
}

void watch__drop_all(runtime_t *rt, actor_t *actor) {
    if (actor->extra == NULL) return;
    list_node_t *head = &actor->extra->watches;
    while (!list_is_empty(head))
        end_watch(rt, MK_CONTAINER_OF(head->next, watch_t, of_owner), actor->extra);
}
