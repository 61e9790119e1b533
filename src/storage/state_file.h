/* SPDX-License-Identifier: Apache-2.0 */
/* state_file.h - one saved value as the bytes of its file.
 *
 * Pure: no files, no allocation. The form is described byte by byte in
 * docs/STATE_FORMAT.md; the name and the key stand inside, so that a file that was
 * moved is not taken for another one. */
#ifndef MK_STORAGE_STATE_FILE_H
#define MK_STORAGE_STATE_FILE_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

enum {
    STATE_FILE_VERSION = 1,
    STATE_FILE_HEADER_SIZE = 20, /* bytes before the name */
    STATE_FILE_CRC_SIZE = 4      /* bytes at the end */
};

/* What a file holds. */
typedef struct {
    text_t owner;         /* the actor's name; 1..127 bytes, none of them 0 */
    text_t key;           /* the same */
    const uint8_t *value; /* may be NULL when value_size is 0 */
    size_t value_size;
} state_file_t;

/* Why bytes are no value. */
typedef enum {
    STATE_FILE_GOOD,
    STATE_FILE_FOREIGN, /* they do not begin as a state file does */
    STATE_FILE_DAMAGED, /* cut, or changed since they were written */
    STATE_FILE_NEWER,   /* whole, but written by a later version */
    STATE_FILE_STRAY    /* good, but of another name or key than its place says */
} state_fault_t;

/* Bytes of the file for sizes that are in their ranges. */
size_t state_file_size(const state_file_t *file);

/* Write the file to `bytes`, which has room for state_file_size(). */
void state_file_encode(const state_file_t *file, uint8_t *bytes);

/* Read a file. Only after STATE_FILE_GOOD `*file` is written; it borrows from `bytes`.
 * Never gives STATE_FILE_STRAY. */
state_fault_t state_file_decode(const void *bytes, size_t size, state_file_t *file);

/* A few plain words for each, to stand behind "cannot be used:". Static storage. */
const char *state_fault_text(state_fault_t fault);

#endif
