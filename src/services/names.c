/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - the flat registry, and the functions that take names and paths alike.
 *
 * Names that were refused by an older runtime in silence (too long, of nobody) are
 * refused here with a reason; nothing is ever stored shortened. */
#include "microkernel/names.h"

#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/paths.h"
#include "services/paths.h"
#include "services/registry.h"

#include <string.h>

static bool is_path(const char *name) {
    return name != NULL && name[0] == '/';
}

static int register_name(runtime_t *rt, const char *name, actor_id_t id, bool is_own) {
    if (is_path(name)) return paths__register(rt, name, id, PATH_LOCAL, is_own);
    size_t size = 0;
    if (rt == NULL) return MK_EINVAL;
    int result = registry__check_text(name, MK_NAME_MAX - 1, &size);
    if (result == MK_OK) result = registry__check_owner(rt, id);
    if (result < 0) return result;
    registry_t *registry = registry__get(rt);
    if (registry == NULL) return MK_ENOMEM;
    return registry__add(rt, registry, &registry->names, name, size, id, is_own);
}

int names_register(runtime_t *rt, const char *name, actor_id_t id) {
    return register_name(rt, name, id, false);
}

int names_register_own(runtime_t *rt, const char *name, actor_id_t id) {
    return register_name(rt, name, id, true);
}

bool actor_register_name(runtime_t *rt, const char *name, actor_id_t id) {
    return names_register(rt, name, id) == MK_OK;
}

static name_entry_t *find_name(const registry_t *registry, const char *name) {
    if (registry == NULL || name == NULL) return NULL;
    return name_table_find(&registry->names, name, strlen(name));
}

int names_unregister(runtime_t *rt, const char *name) {
    if (is_path(name)) return paths_unregister(rt, name, PATH_LOCAL);
    registry_t *registry = registry__find(rt);
    name_entry_t *entry = find_name(registry, name);
    if (entry == NULL) return MK_ENOENT;
    return registry__remove(rt, registry, &registry->names, entry);
}

bool actor_unregister_name(runtime_t *rt, const char *name) {
    return names_unregister(rt, name) == MK_OK;
}

actor_id_t actor_lookup(runtime_t *rt, const char *name) {
    if (is_path(name)) return ns_lookup_path(rt, name);
    const registry_t *registry = registry__find(rt);
    return registry__owner(rt, registry, find_name(registry, name));
}

int names_send(runtime_t *rt, const char *name, msg_type_t type, const void *payload,
               size_t payload_size) {
    actor_id_t id = actor_lookup(rt, name);
    if (id == ACTOR_ID_INVALID) return MK_ENOENT;
    return actor_send(rt, id, type, payload, payload_size) ? MK_OK : MK_EREFUSED;
}

bool actor_send_named(runtime_t *rt, const char *name, msg_type_t type,
                      const void *payload, size_t payload_size) {
    return names_send(rt, name, type, payload, payload_size) == MK_OK;
}

size_t actor_reverse_lookup(runtime_t *rt, actor_id_t id, char *buf, size_t buf_size) {
    if (buf == NULL || buf_size == 0) return 0;
    registry_t *registry = registry__find(rt);
    name_entry_t *entry =
        registry != NULL ? name_table_first_of(&registry->names, id) : NULL;
    if (entry == NULL) return ns_reverse_lookup_path(rt, id, buf, buf_size);
    return registry__copy(buf, buf_size, entry->key);
}

size_t actor_reverse_lookup_all(runtime_t *rt, actor_id_t id, char *buf,
                                size_t buf_size) {
    if (buf == NULL || buf_size == 0) return 0;
    buf[0] = '\0';
    size_t used = 0;
    registry_t *registry = registry__find(rt);
    if (registry == NULL) return 0;
    name_table_t *names = &registry->names;
    for (name_entry_t *entry = name_table_first_of(names, id); entry != NULL;
         entry = name_table_next_of(names, entry))
        registry__append(buf, buf_size, &used, entry->key);
    ns_reverse_lookup_all_paths(rt, id, buf, buf_size, &used);
    return used;
}

/* Room for all entries of `id`, each with a separator before it. */
static size_t joined_size(const name_table_t *table, actor_id_t id) {
    size_t size = 0;
    for (name_entry_t *entry = name_table_first_of(table, id); entry != NULL;
         entry = name_table_next_of(table, entry))
        size += 2 + strlen(entry->key);
    return size;
}

size_t names_reverse_size(runtime_t *rt, actor_id_t id) {
    registry_t *registry = registry__find(rt);
    if (registry == NULL) return 0;
    size_t size = joined_size(&registry->names, id) + joined_size(&registry->paths, id);
    return size > 0 ? size - 2 : 0;
}

bool names_next(runtime_t *rt, const char *prefix, char name[MK_NAME_MAX],
                actor_id_t *id) {
    registry_t *registry = registry__find(rt);
    if (registry == NULL || name == NULL) return false;
    if (prefix == NULL) prefix = "";
    size_t prefix_size = strlen(prefix);
    name_entry_t *entry = name[0] == '\0'
                              ? name_table_from(&registry->names, prefix, prefix_size)
                              : name_table_after(&registry->names, name, strlen(name));
    if (entry == NULL || strncmp(entry->key, prefix, prefix_size) != 0) return false;
    memcpy(name, entry->key, entry->size + 1);
    if (id != NULL) *id = entry->id;
    return true;
}

size_t names_count(runtime_t *rt) {
    registry_t *registry = registry__find(rt);
    return registry != NULL ? name_table_count(&registry->names) : 0;
}
