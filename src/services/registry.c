/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - one part for names, paths and mount points.
 *
 * One part and not three, because their owners end once and their observers are the
 * same. It is made by the first registration, so a runtime without names holds none of
 * this.
 *
 * Invariants: (1) an entry whose owner is an actor of this node names a live one:
 * owners are claimed, and their entries go in on_actor_exit. (2) Observers are told
 * after the tables were changed, and nothing changes while they are told, so each of
 * them sees the same order of events. An end of an actor while observers are told
 * cannot happen: actors are cleaned up between messages, never inside a call. */
#include "services/registry.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/text.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"

#include <string.h>

static void tell(runtime_t *rt, registry_t *registry, const char *text, actor_id_t id,
                 bool is_registered) {
    registry->is_telling = true;
    for (size_t i = 0; i < registry->observers_len; i++)
        registry->observers[i].fn(rt, text, id, is_registered,
                                  registry->observers[i].ctx);
    registry->is_telling = false;
}

/* Remove and tell; the entry lives until all were told its text. */
static void drop(runtime_t *rt, registry_t *registry, name_table_t *table,
                 name_entry_t *entry) {
    name_table_detach(table, entry);
    if (table != &registry->mounts) tell(rt, registry, entry->key, entry->id, false);
    mk_free(entry);
}

static void drop_all_of(runtime_t *rt, registry_t *registry, name_table_t *table,
                        actor_id_t id) {
    name_entry_t *entry;
    while ((entry = name_table_first_of(table, id)) != NULL)
        drop(rt, registry, table, entry);
}

static void forget_owner(part_t *part, runtime_t *rt, actor_id_t id) {
    registry_t *registry = MK_CONTAINER_OF(part, registry_t, part);
    MK_ASSERT(!registry->is_telling);
    drop_all_of(rt, registry, &registry->names, id);
    drop_all_of(rt, registry, &registry->paths, id);
    drop_all_of(rt, registry, &registry->mounts, id);
}

static void destroy(part_t *part, runtime_t *rt) {
    (void)rt;
    registry_t *registry = MK_CONTAINER_OF(part, registry_t, part);
    name_table_deinit(&registry->names);
    name_table_deinit(&registry->paths);
    name_table_deinit(&registry->mounts);
    mk_free(registry->observers);
    mk_free(registry);
}

static const part_ops_t registry_ops = {NULL, forget_owner, destroy};

registry_t *registry__find(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &registry_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, registry_t, part) : NULL;
}

registry_t *registry__get(runtime_t *rt) {
    registry_t *registry = registry__find(rt);
    if (registry != NULL) return registry;
    registry = mk_calloc(1, sizeof *registry);
    if (registry == NULL) return NULL;
    name_table_init(&registry->names);
    name_table_init(&registry->paths);
    name_table_init(&registry->mounts);
    part_attach(rt, &registry->part, &registry_ops);
    return registry;
}

int registry__check_text(const char *text, size_t size_max, size_t *size) {
    if (text == NULL) return MK_EINVAL;
    const char *end = memchr(text, '\0', size_max + 1);
    if (end == NULL) return MK_ETOOBIG;
    *size = (size_t)(end - text);
    return text_check_name(text_make(text, *size), size_max, NULL);
}

int registry__check_owner(runtime_t *rt, actor_id_t id) {
    if (id == ACTOR_ID_INVALID) return MK_EINVAL;
    if (actor_id_node(id) != runtime_get_node_id(rt)) return MK_OK;
    return actor_is_alive(rt, id) ? MK_OK : MK_EDEAD;
}

int registry__add(runtime_t *rt, registry_t *registry, name_table_t *table,
                  const char *key, size_t size, actor_id_t id, bool is_own) {
    if (registry->is_telling) return MK_EBUSY;
    name_entry_t *entry = NULL;
    const paths_beyond_t *beyond = registry->beyond;
    int result = name_table_add(table, key, size, id, &entry);
    if (result == MK_EEXIST && table != &registry->mounts && beyond != NULL &&
        beyond->let_go != NULL && beyond->let_go(registry->beyond_ctx, rt, key))
        result = name_table_add(table, key, size, id, &entry);
    if (result < 0) return result;
    entry->is_own = is_own;
    part_claim(rt, id);
    if (table != &registry->mounts) tell(rt, registry, key, id, true);
    return MK_OK;
}

actor_id_t registry__owner(runtime_t *rt, const registry_t *registry,
                           const name_entry_t *entry) {
    if (entry == NULL) return ACTOR_ID_INVALID;
    const paths_beyond_t *beyond = registry->beyond;
    bool is_far = actor_id_node(entry->id) != runtime_get_node_id(rt);
    if (is_far && beyond != NULL && beyond->is_gone != NULL &&
        beyond->is_gone(registry->beyond_ctx, entry->key))
        return ACTOR_ID_INVALID;
    return entry->id;
}

int registry__remove(runtime_t *rt, registry_t *registry, name_table_t *table,
                     name_entry_t *entry) {
    if (registry->is_telling) return MK_EBUSY;
    drop(rt, registry, table, entry);
    return MK_OK;
}

size_t registry__copy(char *buf, size_t cap, const char *text) {
    mk_writer_t writer;
    writer_init(&writer, buf, cap);
    writer_str(&writer, text);
    return writer.size;
}

void registry__append(char *buf, size_t cap, size_t *used, const char *text) {
    size_t gap = *used > 0 ? 2 : 0;
    size_t size = strlen(text);
    if (*used >= cap || cap - *used <= gap + size) return;
    memcpy(buf + *used, ", ", gap);
    memcpy(buf + *used + gap, text, size + 1);
    *used += gap + size;
}

int names_observe(runtime_t *rt, names_observer_fn fn, void *ctx) {
    if (rt == NULL || fn == NULL) return MK_EINVAL;
    registry_t *registry = registry__get(rt);
    if (registry == NULL) return MK_ENOMEM;
    if (registry->is_telling) return MK_EBUSY;
    for (size_t i = 0; i < registry->observers_len; i++)
        if (registry->observers[i].fn == fn && registry->observers[i].ctx == ctx)
            return MK_EEXIST;
    if (registry->observers_len == registry->observers_cap) {
        size_t cap = registry->observers_cap + 4;
        registry_observer_t *grown =
            mk_realloc(registry->observers, cap * sizeof *grown);
        if (grown == NULL) return MK_ENOMEM;
        registry->observers = grown;
        registry->observers_cap = cap;
    }
    registry->observers[registry->observers_len++] = (registry_observer_t){fn, ctx};
    return MK_OK;
}

int names_unobserve(runtime_t *rt, names_observer_fn fn, void *ctx) {
    registry_t *registry = registry__find(rt);
    if (registry == NULL) return MK_ENOENT;
    if (registry->is_telling) return MK_EBUSY;
    for (size_t i = 0; i < registry->observers_len; i++) {
        registry_observer_t *at = &registry->observers[i];
        if (at->fn != fn || at->ctx != ctx) continue;
        size_t behind = registry->observers_len - i - 1;
        memmove(at, at + 1, behind * sizeof *at);
        registry->observers_len--;
        return MK_OK;
    }
    return MK_ENOENT;
}
