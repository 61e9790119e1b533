/* SPDX-License-Identifier: Apache-2.0 */
/* crash_file.h - the file of the crash record: one write at a time, off the loop.
 *
 * The file holds text that its owner makes; this module knows when to append, when to
 * replace, and what came of it. */
#ifndef MK_SERVICES_CRASH_FILE_H
#define MK_SERVICES_CRASH_FILE_H

#include "microkernel/runtime.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One write; owned by the file, touched by the worker thread while it is under way. */
typedef struct {
    const char *path; /* the file's */
    char *bytes;      /* owned */
    size_t size;
    bool is_replace; /* the whole content, not what is appended */
    int result;      /* of the port; set by the worker */
} crash_write_t;

typedef struct {
    char *path;         /* NULL: there is no file */
    size_t size;        /* bytes that were written */
    bool needs_replace; /* what is there is damaged, too much, or not known */
    bool is_writing;    /* `write` is under way */
    crash_write_t write;
    int last_error; /* of the latest write */
} crash_file_t;

/* Zeroed memory is no file. Read the content of at most `size_max` bytes into an owned
 * block and keep the path. MK_OK, also when there was no such file (size 0, block
 * NULL); MK_ENOMEM, or the port's error: then it stays no file. Blocks. */
int crash_file_open(crash_file_t *file, const char *path, size_t size_max,
                    void **bytes_out, size_t *size_out);

/* Free what is held; nothing may be under way. */
void crash_file_deinit(crash_file_t *file);

/* Begin to write `size` bytes, on behalf of the running actor, which will get
 * MSG_OFFLOAD_DONE. Takes `bytes` in any case. MK_OK, or MK_ENOMEM. */
int crash_file_start(crash_file_t *file, runtime_t *rt, char *bytes, size_t size,
                     bool is_replace);

/* The write under way is done: note what came of it, and return that. */
int crash_file_finish(crash_file_t *file);

/* Write the whole content now. Blocks. */
int crash_file_replace(crash_file_t *file, const char *bytes, size_t size);

#endif
