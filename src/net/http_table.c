/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of exchanges, as a part of the runtime.
 *
 * The part keeps the table of ids and, for each actor that owns exchanges, a ring of
 * them: an actor's end costs what it owns. The rings are found through the table of
 * owners, a sorted array: owners are few (servers and clients), exchanges are many. */
#include "net/http_table.h"
#include "base/alloc.h"
#include "base/check.h"
#include "kernel/id_table.h"
#include "kernel/part.h"

#include <string.h>

/* An actor and what it owns. */
typedef struct {
    actor_id_t id;
    list_node_t handles; /* http_handle_t.siblings */
} owner_t;

typedef struct {
    part_t part;
    id_table_t ids;
    owner_t **owners; /* by id */
    size_t owners_len;
    size_t owners_cap;
} http_table_t;

static void end_actor(part_t *part, runtime_t *rt, actor_id_t id);
static void destroy_table(part_t *part, runtime_t *rt);
static const part_ops_t table_ops = {NULL, end_actor, destroy_table};

static http_table_t *find_table(runtime_t *rt) {
    return rt != NULL ? (http_table_t *)part_find(rt, &table_ops) : NULL;
}

static http_table_t *get_table(runtime_t *rt) {
    http_table_t *table = find_table(rt);
    if (table != NULL) return table;
    table = mk_calloc(1, sizeof *table);
    if (table == NULL) return NULL;
    id_table_init(&table->ids);
    part_attach(rt, &table->part, &table_ops);
    return table;
}

/* Where the owner is or would be. */
static size_t find_place(const http_table_t *table, actor_id_t id) {
    size_t low = 0;
    size_t high = table->owners_len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->owners[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static owner_t *find_owner(const http_table_t *table, actor_id_t id, size_t *place) {
    *place = find_place(table, id);
    if (*place == table->owners_len || table->owners[*place]->id != id) return NULL;
    return table->owners[*place];
}

static owner_t *get_owner(http_table_t *table, actor_id_t id) {
    size_t place;
    owner_t *owner = find_owner(table, id, &place);
    if (owner != NULL) return owner;
    if (table->owners_len == table->owners_cap) {
        size_t cap = table->owners_cap == 0 ? 4 : table->owners_cap * 2;
        owner_t **owners = mk_realloc(table->owners, cap * sizeof(owner_t *));
        if (owners == NULL) return NULL;
        table->owners = owners;
        table->owners_cap = cap;
    }
    owner = mk_alloc(sizeof *owner);
    if (owner == NULL) return NULL;
    owner->id = id;
    list_init(&owner->handles);
    memmove(table->owners + place + 1, table->owners + place,
            (table->owners_len - place) * sizeof(owner_t *));
    table->owners[place] = owner;
    table->owners_len++;
    return owner;
}

http_conn_id_t http_handle_open(runtime_t *rt, http_handle_t *handle,
                                const http_handle_ops_t *ops, actor_id_t owner) {
    handle->id = 0;
    handle->owner = owner;
    handle->ops = ops;
    list_init(&handle->siblings);
    http_table_t *table = get_table(rt);
    if (table == NULL || (owner != 0 && !actor_is_alive(rt, owner))) return 0;
    owner_t *entry = NULL;
    if (owner != 0 && (entry = get_owner(table, owner)) == NULL) return 0;
    if (id_table_add(&table->ids, handle) == 0) return 0;
    if (entry != NULL) {
        part_claim(rt, owner);
        list_insert_before(&entry->handles, &handle->siblings);
    }
    return handle->id;
}

void http_handle_move(runtime_t *rt, http_handle_t *from, http_handle_t *to,
                      const http_handle_ops_t *ops) {
    http_table_t *table = find_table(rt);
    MK_ASSERT(table != NULL && id_table_find(&table->ids, from->id) == from);
    table->ids.slots[from->id & table->ids.mask] = to;
    to->id = from->id;
    to->owner = from->owner;
    to->ops = ops;
    list_init(&to->siblings);
    list_insert_before(&from->siblings, &to->siblings);
    list_remove(&from->siblings);
    from->id = 0;
}

void http_handle_close(runtime_t *rt, http_handle_t *handle) {
    if (handle->id == 0) return;
    http_table_t *table = find_table(rt);
    MK_ASSERT(table != NULL);
    id_table_remove(&table->ids, handle->id);
    list_remove(&handle->siblings);
    handle->id = 0;
}

http_handle_t *http_handle_find(runtime_t *rt, http_conn_id_t id,
                                const http_handle_ops_t *ops) {
    http_table_t *table = find_table(rt);
    if (table == NULL || id == 0) return NULL;
    http_handle_t *handle = id_table_find(&table->ids, id);
    return handle != NULL && (ops == NULL || handle->ops == ops) ? handle : NULL;
}

http_handle_t *http_handle_find_own(runtime_t *rt, http_conn_id_t id,
                                    const http_handle_ops_t *ops) {
    http_handle_t *handle = http_handle_find(rt, id, ops);
    actor_id_t self = handle != NULL ? actor_self(rt) : 0;
    return self != 0 && handle->owner == self ? handle : NULL;
}

static void end_actor(part_t *part, runtime_t *rt, actor_id_t id) {
    http_table_t *table = (http_table_t *)part;
    size_t place;
    owner_t *owner = find_owner(table, id, &place);
    if (owner == NULL) return;
    while (!list_is_empty(&owner->handles)) {
        http_handle_t *handle =
            MK_CONTAINER_OF(owner->handles.next, http_handle_t, siblings);
        handle->ops->close(rt, handle);
    }
    table->owners_len--;
    memmove(table->owners + place, table->owners + place + 1,
            (table->owners_len - place) * sizeof(owner_t *));
    mk_free(owner);
}

static void destroy_table(part_t *part, runtime_t *rt) {
    http_table_t *table = (http_table_t *)part;
    for (size_t i = 0; i < id_table_slots(&table->ids); i++) {
        http_handle_t *handle = table->ids.slots[i];
        if (handle == NULL) continue;
        handle->id = 0; /* the table cannot be found any more */
        list_remove(&handle->siblings);
        handle->ops->close(rt, handle);
    }
    for (size_t i = 0; i < table->owners_len; i++)
        mk_free(table->owners[i]);
    mk_free(table->owners);
    id_table_deinit(&table->ids);
    mk_free(table);
}
