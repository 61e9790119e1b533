/* SPDX-License-Identifier: Apache-2.0 */
/* paths.c - registered paths and mount points.
 *
 * Paths are kept as whole texts in byte order, not as nodes of a directory tree: all
 * questions asked of them are "this one" and "all that begin with", and prefixes need
 * not end at a '/'. The key of an entry is the path, a NUL, and one byte of origin, so
 * the claims of several origins stand behind one another, the winning one first.
 *
 * Paths are refused before the first ns_actor_init, because programs rely on being told
 * that their node has no namespace (NS_EINVAL; they then stay with flat names). When
 * the namespace actor ends, the tree stays: a supervisor may start it again without
 * every other actor having to register anew. */
#include "microkernel/paths.h"

#include "base/check.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "services/paths.h"
#include "services/registry.h"

#include <string.h>

enum {
    ORIGINS = 3,                   /* of path_origin_t */
    KEY_SIZE_MAX = NS_PATH_MAX + 1 /* path, NUL, origin */
};

/* The bytes of a key; a path of at most NS_PATH_MAX - 1 bytes. */
static size_t make_key(char key[KEY_SIZE_MAX], const char *path, size_t size,
                       unsigned origin) {
    memcpy(key, path, size);
    key[size] = '\0';
    key[size + 1] = (char)(unsigned char)origin;
    return size + 2;
}

static path_origin_t origin_of(const name_entry_t *entry) {
    return (path_origin_t)(unsigned char)entry->key[entry->size - 1];
}

/* The size of a path that can be in the tree; 0 for all other texts. */
static size_t size_of(const char *path) {
    if (path == NULL || path[0] != '/') return 0;
    const char *end = memchr(path, '\0', NS_PATH_MAX);
    return end != NULL ? (size_t)(end - path) : 0;
}

/* The winning claim for a path of `size` bytes, or NULL. */
static name_entry_t *find_path(const registry_t *registry, const char *path,
                               size_t size) {
    name_entry_t *entry = name_table_from(&registry->paths, path, size + 1);
    return entry != NULL && strcmp(entry->key, path) == 0 ? entry : NULL;
}

/* The first path in order that begins with `prefix` and stands behind the path `after`
 * ("": from the start), or NULL. */
static name_entry_t *find_next(const registry_t *registry, const char *prefix,
                               const char *after) {
    if (registry == NULL) return NULL;
    size_t prefix_size = strlen(prefix);
    name_entry_t *entry = NULL;
    if (after[0] == '\0') {
        entry = name_table_from(&registry->paths, prefix, prefix_size);
    } else if (size_of(after) > 0) {
        char key[KEY_SIZE_MAX];
        size_t size = make_key(key, after, size_of(after), ORIGINS);
        entry = name_table_after(&registry->paths, key, size);
    }
    if (entry == NULL || strncmp(entry->key, prefix, prefix_size) != 0) return NULL;
    return entry;
}

/* The longest mount point that covers the path, or NULL. */
static name_entry_t *find_mount(const registry_t *registry, const char *path,
                                size_t size) {
    const name_table_t *mounts = &registry->mounts;
    if (name_table_count(mounts) == 0) return NULL;
    name_entry_t *mount = name_table_find(mounts, path, size);
    for (size_t i = size - 1; mount == NULL && i > 0; i--)
        if (path[i] == '/') mount = name_table_find(mounts, path, i);
    return mount != NULL ? mount : name_table_find(mounts, "/", 1);
}

/* --- registering --- */

bool paths__is_own(const char *path) {
    return strncmp(path, "/sys/", 5) == 0;
}

int paths__open(runtime_t *rt, bool *was_open) {
    registry_t *registry = registry__get(rt);
    if (registry == NULL) return MK_ENOMEM;
    *was_open = registry->is_open;
    registry->is_open = true;
    return MK_OK;
}

void paths__close(runtime_t *rt) {
    registry_t *registry = registry__find(rt);
    if (registry != NULL) registry->is_open = false;
}

int paths__status(int error) {
    switch (error) {
    case MK_OK: return NS_OK;
    case MK_EEXIST: return NS_EEXIST;
    case MK_ENOENT:
    case MK_EDEAD: return NS_ENOENT;
    case MK_ENOMEM:
    case MK_EFULL: return NS_EFULL;
    default: return NS_EINVAL;
    }
}

/* What registering and mounting ask of a path and its owner. */
static int check_claim(runtime_t *rt, const char *path, actor_id_t id, size_t *size) {
    if (rt == NULL || path == NULL || path[0] != '/') return MK_EINVAL;
    int result = registry__check_text(path, NS_PATH_MAX - 1, size);
    if (result == MK_OK) result = registry__check_owner(rt, id);
    if (result < 0) return result;
    registry_t *registry = registry__find(rt);
    return registry != NULL && registry->is_open ? MK_OK : MK_ESTATE;
}

int paths__register(runtime_t *rt, const char *path, actor_id_t id,
                    path_origin_t origin, bool is_own) {
    size_t size = 0;
    if ((unsigned)origin >= ORIGINS) return MK_EINVAL;
    int result = check_claim(rt, path, id, &size);
    if (result < 0) return result;
    char key[KEY_SIZE_MAX];
    registry_t *registry = registry__find(rt);
    return registry__add(rt, registry, &registry->paths, key,
                         make_key(key, path, size, origin), id,
                         is_own || paths__is_own(path));
}

int paths_register(runtime_t *rt, const char *path, actor_id_t id,
                   path_origin_t origin) {
    return paths__register(rt, path, id, origin, false);
}

int ns_register_path(runtime_t *rt, const char *path, actor_id_t id) {
    return paths__status(paths_register(rt, path, id, PATH_LOCAL));
}

int paths_unregister(runtime_t *rt, const char *path, path_origin_t origin) {
    size_t size = size_of(path);
    registry_t *registry = registry__find(rt);
    if (registry == NULL || size == 0 || (unsigned)origin >= ORIGINS) return MK_ENOENT;
    char key[KEY_SIZE_MAX];
    name_entry_t *entry =
        name_table_find(&registry->paths, key, make_key(key, path, size, origin));
    if (entry == NULL) return MK_ENOENT;
    return registry__remove(rt, registry, &registry->paths, entry);
}

void ns_remove_path(runtime_t *rt, const char *path) {
    for (unsigned origin = 0; origin < ORIGINS; origin++)
        paths_unregister(rt, path, (path_origin_t)origin);
}

void ns_deregister_actor_paths(runtime_t *rt, actor_id_t id) {
    registry_t *registry = registry__find(rt);
    if (registry == NULL) return;
    name_table_t *tables[] = {&registry->paths, &registry->mounts};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        name_entry_t *entry;
        while ((entry = name_table_first_of(tables[i], id)) != NULL)
            if (registry__remove(rt, registry, tables[i], entry) < 0) return;
    }
}

/* --- finding --- */

int paths__set_beyond(runtime_t *rt, const paths_beyond_t *beyond, void *ctx) {
    registry_t *registry = registry__get(rt);
    if (registry == NULL) return MK_ENOMEM;
    registry->beyond = beyond;
    registry->beyond_ctx = ctx;
    return MK_OK;
}

actor_id_t ns_lookup_path(runtime_t *rt, const char *path) {
    registry_t *registry = registry__find(rt);
    size_t size = size_of(path);
    if (registry == NULL || size == 0) return ACTOR_ID_INVALID;
    name_entry_t *entry = find_mount(registry, path, size);
    if (entry != NULL) return entry->id;
    entry = find_path(registry, path, size);
    if (registry->beyond != NULL && (entry == NULL || origin_of(entry) != PATH_LOCAL)) {
        actor_id_t id = registry->beyond->find(registry->beyond_ctx, rt, path, size);
        if (id != ACTOR_ID_INVALID) return id;
    }
    return registry__owner(rt, registry, entry);
}

actor_id_t paths__find_local(runtime_t *rt, const char *name, bool *is_own) {
    registry_t *registry = registry__find(rt);
    if (registry == NULL) return ACTOR_ID_INVALID;
    size_t size = strlen(name);
    const name_table_t *table = &registry->names;
    char key[KEY_SIZE_MAX];
    if (name[0] == '/') {
        if (size >= NS_PATH_MAX) return ACTOR_ID_INVALID;
        size = make_key(key, name, size, PATH_LOCAL);
        name = key;
        table = &registry->paths;
    }
    name_entry_t *entry = name_table_find(table, name, size);
    if (entry == NULL || actor_id_node(entry->id) != runtime_get_node_id(rt))
        return ACTOR_ID_INVALID;
    *is_own = entry->is_own;
    return entry->id;
}

size_t ns_reverse_lookup_path(runtime_t *rt, actor_id_t id, char *buf,
                              size_t buf_size) {
    if (buf == NULL || buf_size == 0) return 0;
    buf[0] = '\0';
    registry_t *registry = registry__find(rt);
    name_entry_t *entry =
        registry != NULL ? name_table_first_of(&registry->paths, id) : NULL;
    return entry != NULL ? registry__copy(buf, buf_size, entry->key) : 0;
}

size_t ns_reverse_lookup_all_paths(runtime_t *rt, actor_id_t id, char *buf,
                                   size_t buf_size, size_t *offset) {
    size_t start = offset != NULL ? *offset : 0;
    registry_t *registry = registry__find(rt);
    if (buf == NULL || start >= buf_size) return 0;
    buf[start] = '\0';
    if (registry == NULL) return 0;
    size_t used = start;
    const name_table_t *paths = &registry->paths;
    for (name_entry_t *entry = name_table_first_of(paths, id); entry != NULL;
         entry = name_table_next_of(paths, entry))
        registry__append(buf, buf_size, &used, entry->key);
    if (offset != NULL) *offset = used;
    return used - start;
}

/* As find_next, of the trees of other nodes. */
static bool find_next_beyond(const registry_t *registry, runtime_t *rt,
                             const char *prefix, const char *after,
                             char path[NS_PATH_MAX], actor_id_t *id) {
    if (registry == NULL || registry->beyond == NULL) return false;
    if (after[0] != '\0' && size_of(after) == 0) return false;
    memcpy(path, after, strlen(after) + 1);
    return registry->beyond->next(registry->beyond_ctx, rt, prefix, path, id) &&
           strncmp(path, prefix, strlen(prefix)) == 0;
}

bool paths_next(runtime_t *rt, const char *prefix, char path[NS_PATH_MAX],
                actor_id_t *id, path_origin_t *origin) {
    if (path == NULL) return false;
    if (prefix == NULL) prefix = "";
    registry_t *registry = registry__find(rt);
    name_entry_t *entry = find_next(registry, prefix, path);
    char other[NS_PATH_MAX];
    actor_id_t other_id = ACTOR_ID_INVALID;
    if (find_next_beyond(registry, rt, prefix, path, other, &other_id) &&
        (entry == NULL || strcmp(other, entry->key) < 0)) {
        memcpy(path, other, strlen(other) + 1);
        if (id != NULL) *id = other_id;
        if (origin != NULL) *origin = PATH_MOUNTED;
        return true;
    }
    if (entry == NULL) return false;
    memcpy(path, entry->key, entry->size - 1);
    if (id != NULL) *id = entry->id;
    if (origin != NULL) *origin = origin_of(entry);
    return true;
}

size_t paths__line(char line[PATHS_LINE_MAX], const char *name, actor_id_t id) {
    mk_writer_t writer;
    writer_init(&writer, line, PATHS_LINE_MAX);
    writer_str(&writer, name);
    writer_char(&writer, '=');
    writer_unsigned(&writer, id);
    writer_char(&writer, '\n');
    return writer.size;
}

size_t ns_list_paths(runtime_t *rt, const char *prefix, char *buf, size_t buf_size) {
    if (buf == NULL || buf_size == 0) return 0;
    char path[NS_PATH_MAX] = "";
    char line[PATHS_LINE_MAX];
    size_t used = 0;
    actor_id_t id;
    while (paths_next(rt, prefix, path, &id, NULL)) {
        size_t size = paths__line(line, path, id);
        if (buf_size - used <= size) break;
        memcpy(buf + used, line, size);
        used += size;
    }
    buf[used] = '\0';
    return used;
}

size_t ns_list_paths_size(runtime_t *rt, const char *prefix) {
    char path[NS_PATH_MAX] = "";
    char line[PATHS_LINE_MAX];
    size_t needed = 0;
    actor_id_t id;
    while (paths_next(rt, prefix, path, &id, NULL))
        needed += paths__line(line, path, id);
    return needed;
}

size_t paths_count(runtime_t *rt) {
    registry_t *registry = registry__find(rt);
    return registry != NULL ? name_table_count(&registry->paths) : 0;
}

/* --- mount points --- */

/* Size of a mount point without slashes at its end; "/" keeps its one. */
static size_t trim_slashes(const char *path, size_t size) {
    while (size > 1 && path[size - 1] == '/')
        size--;
    return size;
}

int paths_mount(runtime_t *rt, const char *mount_point, actor_id_t target) {
    size_t size = 0;
    int result = check_claim(rt, mount_point, target, &size);
    if (result < 0) return result;
    registry_t *registry = registry__find(rt);
    return registry__add(rt, registry, &registry->mounts, mount_point,
                         trim_slashes(mount_point, size), target, false);
}

int paths_unmount(runtime_t *rt, const char *mount_point) {
    registry_t *registry = registry__find(rt);
    size_t size = size_of(mount_point);
    if (registry == NULL || size == 0) return MK_ENOENT;
    name_entry_t *entry = name_table_find(&registry->mounts, mount_point,
                                          trim_slashes(mount_point, size));
    if (entry == NULL) return MK_ENOENT;
    return registry__remove(rt, registry, &registry->mounts, entry);
}

bool paths_next_mount(runtime_t *rt, char mount_point[NS_PATH_MAX],
                      actor_id_t *target) {
    registry_t *registry = registry__find(rt);
    if (registry == NULL || mount_point == NULL) return false;
    name_entry_t *entry =
        name_table_after(&registry->mounts, mount_point, strlen(mount_point));
    if (entry == NULL) return false;
    memcpy(mount_point, entry->key, entry->size + 1);
    if (target != NULL) *target = entry->id;
    return true;
}
