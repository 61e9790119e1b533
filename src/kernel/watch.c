/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors watched by actors.
 *
 * The platform knows each descriptor once; several actors may watch it. A watched file
 * holds the source and the list of its watches, and waits for what all of them want. A
 * watch whose event message has not been handled yet is muted, so that a ready
 * descriptor puts one message into a mailbox and not thousands; it wants events again
 * when the actor has handled messages up to that one (level triggered: nothing is
 * lost). Files are few and found by walking a list; a table by number would serve
 * thousands. */
#include "microkernel/watch.h"

#include "base/alloc.h"
#include "kernel/runtime_impl.h"
#include "kernel/source.h"
#include "microkernel/error.h"

typedef struct {
    source_t source;     /* source.handle is the descriptor */
    list_node_t node;    /* in runtime.watch_files */
    list_node_t watches; /* watch_t.of_file */
} watch_file_t;

typedef struct {
    list_node_t of_owner; /* in extra.watches */
    list_node_t of_file;  /* in file.watches */
    watch_file_t *file;
    uint32_t owner;  /* local number */
    uint32_t events; /* wanted */
    uint64_t
        mute_till; /* what has_left shows when the last event has left the mailbox */
} watch_t;

static watch_file_t *find_file(runtime_t *rt, int fd) {
    list_node_t *head = &rt->watch_files;
    for (list_node_t *at = head->next; at != head; at = at->next) {
        watch_file_t *file = MK_CONTAINER_OF(at, watch_file_t, node);
        if (file->source.handle == fd) return file;
    }
    return NULL;
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

static void tell(runtime_t *rt, watch_t *watch, uint32_t events) {
    actor_t *owner = id_table_find(&rt->actors, watch->owner);
    MK_ASSERT(owner != NULL);
    uint32_t found = events & (watch->events | MK_POLL_ERR | MK_POLL_HUP);
    if (found == 0 || owner->status == ACTOR_STOPPED) return;
    if (has_left(owner) < watch->mute_till) return;
    fd_event_payload_t payload = {.fd = watch->file->source.handle, .events = found};
    if (actor__deliver(rt, owner, ACTOR_ID_INVALID, MSG_FD_EVENT, &payload,
                       sizeof payload) > 0)
        watch->mute_till =
            has_left(owner) + (owner->capacity - room__messages(owner->room));
}

static void on_ready(source_t *source, runtime_t *rt, uint32_t events) {
    watch_file_t *file = MK_CONTAINER_OF(source, watch_file_t, source);
    for (list_node_t *at = file->watches.next; at != &file->watches; at = at->next)
        tell(rt, MK_CONTAINER_OF(at, watch_t, of_file), events);
}

static watch_file_t *open_file(runtime_t *rt, int fd, uint32_t events) {
    watch_file_t *file = mk_calloc(1, sizeof *file);
    if (file == NULL) return NULL;
    file->source.handle = fd;
    file->source.interest = events;
    file->source.on_ready = on_ready;
    list_init(&file->watches);
    if (source_open(rt, &file->source) != MK_OK) {
        mk_free(file);
        return NULL;
    }
    list_insert_before(&rt->watch_files, &file->node);
    return file;
}

static void release_file(runtime_t *rt, watch_file_t *file) {
    if (!list_is_empty(&file->watches)) {
        uint32_t wanted = wanted_by_all(file);
        if (wanted != file->source.interest)
            (void)source_change(rt, &file->source, wanted);
        return;
    }
    source_close(rt, &file->source);
    list_remove(&file->node);
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

static watch_t *find_watch(const actor_t *actor, int fd) {
    if (actor->extra == NULL) return NULL;
    const list_node_t *head = &actor->extra->watches;
    for (list_node_t *at = head->next; at != head; at = at->next) {
        watch_t *watch = MK_CONTAINER_OF(at, watch_t, of_owner);
        if (watch->file->source.handle == fd) return watch;
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
    watch_t *watch = find_watch(rt->current, fd);
    bool is_new = watch == NULL;
    if (is_new) watch = begin_watch(rt, rt->current, fd, events);
    if (watch == NULL) return false;
    uint32_t before = watch->events;
    watch->events = events;
    uint32_t wanted = wanted_by_all(watch->file);
    if (wanted == watch->file->source.interest ||
        source_change(rt, &watch->file->source, wanted) == MK_OK)
        return true;
    watch->events = before;
    if (is_new) end_watch(rt, watch, rt->current->extra);
    return false;
}

bool actor_unwatch_fd(runtime_t *rt, int fd) {
    if (rt == NULL || rt->current == NULL) return false;
    watch_t *watch = find_watch(rt->current, fd);
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
