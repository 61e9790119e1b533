/* SPDX-License-Identifier: Apache-2.0 */
/* files.h - small files that must survive power cuts.
 *
 * Every call may block on the disk: call it from runtime_offload, or at start and end.
 * Any thread; two calls that change the same file at the same time are the caller's to
 * avoid. Paths are UTF-8 with '/' between parts. Errors: MK_EINVAL (empty or too long a
 * path), MK_ENOENT (also: the folder is missing), MK_EPERM (also: it is no plain file),
 * MK_EIO, MK_EFULL (no room), MK_ENOMEM, MK_ENOTSUP (the platform has no files). */
#ifndef MK_PORT_FILES_H
#define MK_PORT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read a whole file of at most `max_size` bytes into an owned block (mk_free);
 * MK_ETOOBIG when it is larger. Returns MK_OK or an error. */
int port_file_read(const char *path, size_t max_size, void **bytes_out,
                   size_t *size_out);

/* What is known about a file. */
typedef struct {
    uint64_t size;      /* bytes */
    uint64_t changed_s; /* when its content changed, since 1970; 0: not known */
    uint64_t version;   /* another number whenever the content is another one */
    bool is_private;    /* nobody but its owner may read or write it; true where files
                           have no owners */
} port_file_facts_t;

/* Read up to `size` bytes that begin `offset` bytes into a plain file. The bytes read,
 * fewer only at the end of the file, and `*facts`; or an error. */
int port_file_read_part(const char *path, uint64_t offset, void *bytes, size_t size,
                        port_file_facts_t *facts);

/* Append and make durable. Creates the file (mode 0600). All or, after an error or a
 * power cut, a beginning of the bytes are at its end; after a power cut a file that was
 * to be created may be missing. */
int port_file_append(const char *path, const void *bytes, size_t size);

/* Replace the content as one step and make it durable: after an error or a crash at any
 * moment the old or the new content is there, whole. Creates the file; the new content
 * has mode 0600. */
int port_file_replace(const char *path, const void *bytes, size_t size);

/* Remove a file for good; MK_OK also when it was not there. */
int port_file_remove(const char *path);

/* Make a directory and its parents (mode 0700); MK_OK when it exists, MK_EEXIST when a
 * file stands in its place. */
int port_dir_create(const char *path);

/* Call `visit(name, ctx)` for each plain file of a folder, in no order, until it
 * returns false; what a crash in the middle of a replace left behind may be among them.
 * The name has no folder and is borrowed. `visit` must not call files. MK_OK or an
 * error. */
int port_dir_list(const char *path, bool (*visit)(const char *name, void *ctx),
                  void *ctx);

#endif
