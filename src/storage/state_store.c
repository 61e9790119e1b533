/* SPDX-License-Identifier: Apache-2.0 */
/* state_store.c - where values stand, and in which order files change.
 *
 *     <base>/@<name>/<key>.state     a value; name and key as state_name spells them
 *     <base>/<name>/<key>            the earlier layout: raw bytes, plain names only
 *
 * A name that the earlier layout is trusted with has no '@', so the two never share a
 * folder. Saving is one port_file_replace, which leaves the old or the new file. Two
 * files are touched in two cases only, and the order is what keeps them right:
 *
 *   import  save the new file, then remove the old: with both there, the new one
 * counts. delete  remove the old file, then the new: the old one must not come back. */
#include "storage/state_store.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/check.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "port/files.h"
#include "storage/state_name.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(MK_STATE_VALUE_MAX >= 64 && MK_STATE_VALUE_MAX <= 1u << 30,
               "the size of a value is an int too");

static const char suffix[] = ".state";

enum {
    /* Bytes of a file around its value, at most. */
    AROUND_MAX =
        STATE_FILE_HEADER_SIZE + 2 * (MK_STATE_NAME_MAX - 1) + STATE_FILE_CRC_SIZE,
    /* Bytes behind the base: two '/', '@', two parts, the suffix, the NUL. */
    BEHIND_BASE = 3 + 2 * STATE_NAME_CAP + sizeof suffix
};

/* --- paths --- */

typedef enum { PLACE_NEW, PLACE_OLD } place_t;

/* The path of a value, or with an empty key that of the folder of a name. Returns
 * owned, NULL when memory is short. */
static char *make_path(const state_store_t *store, place_t place, text_t owner,
                       text_t key) {
    char part[STATE_NAME_CAP];
    size_t cap = strlen(store->base) + BEHIND_BASE;
    char *path = mk_alloc(cap);
    if (path == NULL) return NULL;
    mk_writer_t w;
    writer_init(&w, path, cap);
    writer_str(&w, store->base);
    writer_char(&w, '/');
    if (place == PLACE_OLD) {
        writer_slice(&w, owner);
        if (key.size > 0) writer_char(&w, '/');
        writer_slice(&w, key);
    } else {
        writer_char(&w, '@');
        writer_bytes(&w, part, state_name_encode(owner, part));
        if (key.size > 0) {
            writer_char(&w, '/');
            writer_bytes(&w, part, state_name_encode(key, part));
            writer_str(&w, suffix);
        }
    }
    MK_ASSERT(!writer_has_overflowed(&w));
    return path;
}

static char *folder_path(const state_store_t *store, place_t place, text_t owner) {
    return make_path(store, place, owner, text_make(NULL, 0));
}

static bool may_be_old(const state_store_t *store, text_t owner, text_t key) {
    return store->imports_old && state_name_is_plain(owner) && state_name_is_plain(key);
}

int state_store_open(state_store_t *store, const char *base, bool imports_old) {
    if (base == NULL || base[0] == '\0') return MK_EINVAL;
    size_t size = strlen(base) + 1;
    char *copy = mk_alloc(size);
    if (copy == NULL) return MK_ENOMEM;
    int result = port_dir_create(base);
    if (result < 0) {
        mk_free(copy);
        return result;
    }
    memcpy(copy, base, size);
    *store = (state_store_t){copy, imports_old};
    return MK_OK;
}

void state_store_deinit(state_store_t *store) {
    mk_free(store->base);
    store->base = NULL;
}

/* --- saving --- */

static bool count_value(const char *name, void *ctx) {
    size_t *count = ctx;
    if (text_ends_with(text_of(name), text_of(suffix))) ++*count;
    return *count < MK_STATE_KEYS_MAX;
}

/* Whether there may be a value at `path`, which will be one of the name's keys. Only a
 * new one costs a look at the folder. */
static int check_room(const state_store_t *store, text_t owner, const char *path) {
    void *bytes = NULL;
    size_t size = 0;
    int result = port_file_read(path, 0, &bytes, &size);
    if (result == MK_OK) mk_free(bytes);
    if (result != MK_ENOENT) return result == MK_ENOMEM ? result : MK_OK;
    char *folder = folder_path(store, PLACE_NEW, owner);
    if (folder == NULL) return MK_ENOMEM;
    size_t count = 0;
    result = port_dir_list(folder, count_value, &count);
    mk_free(folder);
    if (result == MK_ENOENT) return MK_OK;
    return result == MK_OK && count >= MK_STATE_KEYS_MAX ? MK_ELIMIT : result;
}

/* Replace a file, making its folder when that is missing. */
static int replace_in_folder(const state_store_t *store, text_t owner, const char *path,
                             const void *bytes, size_t size) {
    int result = port_file_replace(path, bytes, size);
    if (result != MK_ENOENT) return result;
    char *folder = folder_path(store, PLACE_NEW, owner);
    if (folder == NULL) return MK_ENOMEM;
    result = port_dir_create(folder);
    mk_free(folder);
    return result == MK_OK ? port_file_replace(path, bytes, size) : result;
}

int state_store_save(const state_store_t *store, text_t owner, text_t key,
                     const void *bytes, size_t size) {
    MK_ASSERT(size <= MK_STATE_VALUE_MAX);
    state_file_t file = {owner, key, bytes, size};
    size_t file_size = state_file_size(&file);
    int result = MK_ENOMEM;
    char *path = make_path(store, PLACE_NEW, owner, key);
    uint8_t *encoded = path != NULL ? mk_alloc(file_size) : NULL;
    if (encoded != NULL) result = check_room(store, owner, path);
    if (result == MK_OK) {
        state_file_encode(&file, encoded);
        result = replace_in_folder(store, owner, path, encoded, file_size);
    }
    mk_free(encoded);
    mk_free(path);
    return result;
}

/* --- loading --- */

/* Read one whole file at the place of a value. */
static int read_at(const state_store_t *store, place_t place, text_t owner, text_t key,
                   size_t max_size, void **bytes_out, size_t *size_out) {
    char *path = make_path(store, place, owner, key);
    if (path == NULL) return MK_ENOMEM;
    int result = port_file_read(path, max_size, bytes_out, size_out);
    mk_free(path);
    return result;
}

static int remove_at(const state_store_t *store, place_t place, text_t owner,
                     text_t key) {
    char *path = make_path(store, place, owner, key);
    if (path == NULL) return MK_ENOMEM;
    int result = port_file_remove(path);
    mk_free(path);
    return result;
}

static int import_old(const state_store_t *store, text_t owner, text_t key,
                      state_value_t *value) {
    int result = read_at(store, PLACE_OLD, owner, key, MK_STATE_VALUE_MAX,
                         &value->block, &value->size);
    if (result < 0) {
        value->block = NULL;
        /* A folder where the file would be is no value. */
        return result == MK_EPERM ? MK_ENOENT : result;
    }
    value->bytes = value->block;
    value->was_imported =
        state_store_save(store, owner, key, value->bytes, value->size) == MK_OK;
    if (value->was_imported) (void)remove_at(store, PLACE_OLD, owner, key);
    return MK_OK;
}

static state_fault_t find_value(text_t owner, text_t key, size_t file_size,
                                state_value_t *value) {
    state_file_t file;
    state_fault_t fault = state_file_decode(value->block, file_size, &file);
    if (fault != STATE_FILE_GOOD) return fault;
    if (!text_equals(file.owner, owner) || !text_equals(file.key, key))
        return STATE_FILE_STRAY;
    value->bytes = file.value;
    value->size = file.value_size;
    return STATE_FILE_GOOD;
}

int state_store_load(const state_store_t *store, text_t owner, text_t key,
                     state_value_t *value) {
    *value = (state_value_t){0};
    size_t file_size = 0;
    int result = read_at(store, PLACE_NEW, owner, key, MK_STATE_VALUE_MAX + AROUND_MAX,
                         &value->block, &file_size);
    if (result == MK_ENOENT && may_be_old(store, owner, key))
        return import_old(store, owner, key, value);
    if (result < 0) return result;
    value->fault = find_value(owner, key, file_size, value);
    if (value->fault == STATE_FILE_GOOD) {
        if (value->size <= MK_STATE_VALUE_MAX) return MK_OK;
        result = MK_ETOOBIG;
    } else {
        result = value->fault == STATE_FILE_NEWER ? MK_ENOTSUP : MK_EBADMSG;
    }
    mk_free(value->block);
    value->block = NULL;
    return result;
}

int state_store_delete(const state_store_t *store, text_t owner, text_t key) {
    if (may_be_old(store, owner, key)) {
        int result = remove_at(store, PLACE_OLD, owner, key);
        /* A folder in its place is no value and stays. */
        if (result < 0 && result != MK_EPERM) return result;
    }
    return remove_at(store, PLACE_NEW, owner, key);
}

/* --- listing --- */

typedef struct {
    buffer_t keys; /* found so far, each with a NUL */
    size_t count;
    int result; /* of the last append */
} listing_t;

static bool add_key(listing_t *listing, text_t key) {
    static const char end = '\0';
    listing->result = buffer_append(&listing->keys, key.bytes, key.size);
    if (listing->result == MK_OK)
        listing->result = buffer_append(&listing->keys, &end, 1);
    if (listing->result == MK_OK) listing->count++;
    return listing->result == MK_OK;
}

static bool visit_new(const char *name, void *ctx) {
    char key[MK_STATE_NAME_MAX];
    text_t part = text_of(name);
    text_t ending = text_of(suffix);
    if (!text_ends_with(part, ending)) return true;
    part.size -= ending.size;
    int size = state_name_decode(part, key);
    return size < 0 || add_key(ctx, text_make(key, (size_t)size));
}

static bool visit_old(const char *name, void *ctx) {
    text_t key = text_of(name);
    return !state_name_is_plain(key) || add_key(ctx, key);
}

static int list_place(const state_store_t *store, place_t place, text_t owner,
                      listing_t *listing) {
    char *path = folder_path(store, place, owner);
    if (path == NULL) return MK_ENOMEM;
    int result =
        port_dir_list(path, place == PLACE_NEW ? visit_new : visit_old, listing);
    mk_free(path);
    if (result == MK_OK) result = listing->result;
    /* No folder has no keys; in the earlier layout a file may stand in its place. */
    if (result == MK_ENOENT || (result == MK_EPERM && place == PLACE_OLD)) return MK_OK;
    return result;
}

static int compare_keys(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Put the keys in order, each once (the two places may both have it), into a block. */
static int sort_keys(const listing_t *listing, char **keys_out, size_t *size_out) {
    size_t count = listing->count;
    char *sorted = mk_alloc(buffer_size(&listing->keys));
    const char **order = mk_alloc(count * sizeof *order);
    if (sorted == NULL || order == NULL) {
        mk_free(sorted);
        mk_free(order);
        return MK_ENOMEM;
    }
    const char *key = (const char *)buffer_bytes(&listing->keys);
    for (size_t i = 0; i < count; i++, key += strlen(key) + 1)
        order[i] = key;
    if (count > 0) qsort(order, count, sizeof *order, compare_keys);
    size_t size = 0;
    int kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(order[i - 1], order[i]) == 0) continue;
        size_t key_size = strlen(order[i]) + 1;
        memcpy(sorted + size, order[i], key_size);
        size += key_size;
        kept++;
    }
    mk_free(order);
    *keys_out = sorted;
    *size_out = size;
    return kept;
}

int state_store_list(const state_store_t *store, text_t owner, char **keys_out,
                     size_t *size_out) {
    listing_t listing = {.result = MK_OK};
    buffer_init(&listing.keys, MK_STATE_VALUE_MAX);
    int result = list_place(store, PLACE_NEW, owner, &listing);
    if (result == MK_OK && store->imports_old && state_name_is_plain(owner))
        result = list_place(store, PLACE_OLD, owner, &listing);
    if (result == MK_OK) result = sort_keys(&listing, keys_out, size_out);
    buffer_deinit(&listing.keys);
    return result == MK_EFULL ? MK_ETOOBIG : result;
}
