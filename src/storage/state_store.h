/* SPDX-License-Identifier: Apache-2.0 */
/* state_store.h - saved values in the files of one folder.
 *
 * Every call blocks on the disk. After open a store does not change: any thread may use
 * it, but two calls that change the same value at the same time are the caller's to
 * avoid (port/files.h). Names and keys have passed state_name_check. Errors are those
 * of port/files.h and what each function adds. */
#ifndef MK_STORAGE_STATE_STORE_H
#define MK_STORAGE_STATE_STORE_H

#include "storage/state_file.h"

#include <stdbool.h>

typedef struct {
    char *base;       /* owned path of the folder */
    bool imports_old; /* take over values of the earlier layout */
} state_store_t;

/* What became of a load. */
typedef struct {
    void *block;          /* owned (mk_free); holds the value */
    const uint8_t *bytes; /* the value, in `block` */
    size_t size;          /* of the value */
    state_fault_t fault;  /* why there is none, after MK_EBADMSG and MK_ENOTSUP */
    bool was_imported;    /* it came from the earlier layout */
} state_value_t;

/* Make the folder, with its parents. MK_OK; MK_EINVAL: no path; MK_ENOMEM; errors of
 * port_dir_create. After an error there is nothing to deinit. */
int state_store_open(state_store_t *store, const char *base, bool imports_old);
void state_store_deinit(state_store_t *store);

/* Replace a value in one step; durable when it returns. `size` is at most
 * MK_STATE_VALUE_MAX. Makes the folder of the name when it is missing. MK_ELIMIT: the
 * key is new, and the name has MK_STATE_KEYS_MAX already. */
int state_store_save(const state_store_t *store, text_t owner, text_t key,
                     const void *bytes, size_t size);

/* Read a value into `*value`. MK_OK, then `value->block` is the caller's; MK_ENOENT;
 * MK_ETOOBIG: larger than MK_STATE_VALUE_MAX; MK_EBADMSG: damaged, foreign, or of
 * another name or key; MK_ENOTSUP: written by a later version (or no files here). A
 * value of the earlier layout is taken over: saved, then removed there; what cannot be
 * saved now stays there for the next time. */
int state_store_load(const state_store_t *store, text_t owner, text_t key,
                     state_value_t *value);

/* Remove a value, also one of the earlier layout; MK_OK also when there was none. */
int state_store_delete(const state_store_t *store, text_t owner, text_t key);

/* The keys of a name in the order of their bytes, each with a NUL, in an owned block
 * (mk_free). Returns how many; MK_ETOOBIG: more than MK_STATE_VALUE_MAX bytes. No value
 * is looked at. */
int state_store_list(const state_store_t *store, text_t owner, char **keys_out,
                     size_t *size_out);

#endif
