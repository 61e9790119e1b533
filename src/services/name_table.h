/* SPDX-License-Identifier: Apache-2.0 */
/* name_table.h - keys that belong to actors: by key, and by owner in the order they
 * were given. Pure but for memory: one block per entry. */
#ifndef MK_SERVICES_NAME_TABLE_H
#define MK_SERVICES_NAME_TABLE_H

#include "microkernel/types.h"
#include "services/key_tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of an owner's id and of the entry's number, both big-endian, so that the
 * entries of an owner stand together and in the order they were given. */
enum { NAME_OWNER_KEY_SIZE = 16 };

typedef struct {
    key_node_t by_key;
    key_node_t by_owner;
    actor_id_t id;                                /* owner */
    unsigned char owner_key[NAME_OWNER_KEY_SIZE]; /* id and number */
    uint32_t size;                                /* of the key */
    bool is_own; /* the registry's: of what every node has, see names_register_own */
    char key[];  /* `size` bytes and a NUL behind them */
} name_entry_t;

typedef struct {
    key_tree_t by_key;
    key_tree_t by_owner;
    uint64_t next_number; /* of the next entry */
} name_table_t;

/* Make an empty table in the caller's memory. */
void name_table_init(name_table_t *table);

/* End all entries. */
void name_table_deinit(name_table_t *table);

/* Add a copy of key[0..size) for `id`. MK_OK, MK_EEXIST, or MK_ENOMEM; `*out` (may be
 * NULL) is the entry. */
int name_table_add(name_table_t *table, const char *key, size_t size, actor_id_t id,
                   name_entry_t **out);

/* Take an entry out of this table; it is the caller's now (mk_free). */
void name_table_detach(name_table_t *table, name_entry_t *entry);

/* The entry with this key, or NULL. */
name_entry_t *name_table_find(const name_table_t *table, const char *key, size_t size);

/* The first entry whose key is not below / is above this one; NULL: none. */
name_entry_t *name_table_from(const name_table_t *table, const char *key, size_t size);
name_entry_t *name_table_after(const name_table_t *table, const char *key, size_t size);

/* The oldest entry of an owner, and the one that came after `entry`; NULL: none. */
name_entry_t *name_table_first_of(const name_table_t *table, actor_id_t id);
name_entry_t *name_table_next_of(const name_table_t *table, const name_entry_t *entry);

/* Entries inside. */
size_t name_table_count(const name_table_t *table);

#endif
