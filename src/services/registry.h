/* SPDX-License-Identifier: Apache-2.0 */
/* registry.h - what flat names and paths share: the part that holds both tables, the
 * end of their owners, and the news for observers. */
#ifndef MK_SERVICES_REGISTRY_H
#define MK_SERVICES_REGISTRY_H

#include "kernel/part.h"
#include "microkernel/names.h"
#include "services/name_table.h"
#include "services/paths.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    names_observer_fn fn;
    void *ctx; /* handed to it */
} registry_observer_t;

typedef struct {
    part_t part;
    name_table_t names;             /* key: the name */
    name_table_t paths;             /* key: the path, a NUL, the origin */
    name_table_t mounts;            /* key: the mount point */
    registry_observer_t *observers; /* in the order they came */
    size_t observers_len;           /* in use */
    size_t observers_cap;           /* room */
    const paths_beyond_t *beyond;   /* paths of other nodes; NULL: none */
    void *beyond_ctx;               /* handed to it */
    actor_id_t ns_actor;            /* the latest namespace actor; 0: none yet */
    bool is_open;                   /* paths are in use: ns_actor_init was called */
    bool is_telling;                /* observers are being called; nothing may change */
} registry_t;

/* The registry of a runtime; made if there is none. NULL when memory is short. */
registry_t *registry__get(runtime_t *rt);

/* The registry of a runtime, or NULL when it has none yet (also for a NULL runtime). */
registry_t *registry__find(runtime_t *rt);

/* MK_OK for a text of 1 to `size_max` bytes that text_check_name likes; MK_EINVAL (also
 * for NULL), or MK_ETOOBIG. Its size goes to `*size`. */
int registry__check_text(const char *text, size_t size_max, size_t *size);

/* MK_OK when `id` may own names: alive, or of another node. MK_EINVAL, or MK_EDEAD. */
int registry__check_owner(runtime_t *rt, actor_id_t id);

/* Add an entry, claim its owner, and tell the observers unless the table is that of the
 * mount points. MK_OK, MK_EEXIST, MK_ENOMEM, or MK_EBUSY from an observer. */
int registry__add(runtime_t *rt, registry_t *registry, name_table_t *table,
                  const char *key, size_t size, actor_id_t id, bool is_own);

/* Whose the entry is; ACTOR_ID_INVALID for NULL and for one whose node has gone. */
actor_id_t registry__owner(runtime_t *rt, const registry_t *registry,
                           const name_entry_t *entry);

/* Remove an entry, and tell. MK_OK, or MK_EBUSY from an observer. */
int registry__remove(runtime_t *rt, registry_t *registry, name_table_t *table,
                     name_entry_t *entry);

/* Copy a text with its NUL into `cap` > 0 bytes, cut at a character when it does not
 * fit. Returns the length written. */
size_t registry__copy(char *buf, size_t cap, const char *text);

/* Append `text` to the list of `*used` bytes in buf, with ", " before it when it is not
 * the first, and a NUL; nothing when it does not fit. */
void registry__append(char *buf, size_t cap, size_t *used, const char *text);

#endif
