/* SPDX-License-Identifier: Apache-2.0 */
/* name_table.c - two trees over one set of entries.
 *
 * Invariant: an entry is in both trees or does not exist. The second tree makes the end
 * of an actor cost what it owned, not what there is. */
#include "services/name_table.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"

#include <string.h>

static void put_u64(unsigned char *at, uint64_t value) {
    for (int i = 7; i >= 0; i--) {
        at[i] = (unsigned char)(value & 0xFFu);
        value >>= 8;
    }
}

static name_entry_t *entry_by_key(key_node_t *node) {
    return node != NULL ? MK_CONTAINER_OF(node, name_entry_t, by_key) : NULL;
}

/* The entry of a node in the owners' tree when it belongs to `id`. */
static name_entry_t *entry_by_owner(key_node_t *node, actor_id_t id) {
    if (node == NULL) return NULL;
    name_entry_t *entry = MK_CONTAINER_OF(node, name_entry_t, by_owner);
    return entry->id == id ? entry : NULL;
}

void name_table_init(name_table_t *table) {
    key_tree_init(&table->by_key);
    key_tree_init(&table->by_owner);
    table->next_number = 0;
}

void name_table_deinit(name_table_t *table) {
    while (table->by_key.root != NULL) {
        name_entry_t *entry = entry_by_key(table->by_key.root);
        name_table_detach(table, entry);
        mk_free(entry);
    }
}

int name_table_add(name_table_t *table, const char *key, size_t size, actor_id_t id,
                   name_entry_t **out) {
    if (key_tree_find(&table->by_key, key, size) != NULL) return MK_EEXIST;
    name_entry_t *entry = mk_alloc(sizeof *entry + size + 1);
    if (entry == NULL) return MK_ENOMEM;
    memcpy(entry->key, key, size);
    entry->key[size] = '\0';
    entry->size = (uint32_t)size;
    entry->id = id;
    entry->is_own = false;
    put_u64(entry->owner_key, id);
    put_u64(entry->owner_key + 8, table->next_number++);
    key_tree_insert(&table->by_key, &entry->by_key, entry->key, size);
    key_tree_insert(&table->by_owner, &entry->by_owner, entry->owner_key,
                    NAME_OWNER_KEY_SIZE);
    if (out != NULL) *out = entry;
    return MK_OK;
}

void name_table_detach(name_table_t *table, name_entry_t *entry) {
    key_tree_remove(&table->by_key, &entry->by_key);
    key_tree_remove(&table->by_owner, &entry->by_owner);
}

name_entry_t *name_table_find(const name_table_t *table, const char *key, size_t size) {
    return entry_by_key(key_tree_find(&table->by_key, key, size));
}

name_entry_t *name_table_from(const name_table_t *table, const char *key, size_t size) {
    return entry_by_key(key_tree_from(&table->by_key, key, size));
}

name_entry_t *name_table_after(const name_table_t *table, const char *key,
                               size_t size) {
    return entry_by_key(key_tree_after(&table->by_key, key, size));
}

name_entry_t *name_table_first_of(const name_table_t *table, actor_id_t id) {
    unsigned char key[8];
    put_u64(key, id);
    return entry_by_owner(key_tree_from(&table->by_owner, key, sizeof key), id);
}

name_entry_t *name_table_next_of(const name_table_t *table, const name_entry_t *entry) {
    key_node_t *next =
        key_tree_after(&table->by_owner, entry->owner_key, NAME_OWNER_KEY_SIZE);
    return entry_by_owner(next, entry->id);
}

size_t name_table_count(const name_table_t *table) {
    return table->by_key.count;
}
