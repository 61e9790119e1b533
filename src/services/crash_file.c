/* SPDX-License-Identifier: Apache-2.0 */
/* crash_file.c - after a write that failed nobody knows what is at the end of the file,
 * so the next one replaces it; a beginning of a line is never followed by another one.
 */
#include "services/crash_file.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "port/files.h"

#include <string.h>

int crash_file_open(crash_file_t *file, const char *path, size_t size_max,
                    void **bytes_out, size_t *size_out) {
    *bytes_out = NULL;
    *size_out = 0;
    size_t path_size = strlen(path) + 1;
    char *copy = mk_alloc(path_size);
    if (copy == NULL) return MK_ENOMEM;
    int result = port_file_read(path, size_max, bytes_out, size_out);
    if (result < 0 && result != MK_ENOENT) {
        mk_free(copy);
        return result;
    }
    memcpy(copy, path, path_size);
    file->path = copy;
    file->size = *size_out;
    return MK_OK;
}

void crash_file_deinit(crash_file_t *file) {
    mk_free(file->write.bytes);
    mk_free(file->path);
}

/* On a worker thread. */
static void *run_write(void *arg) {
    crash_write_t *write = arg;
    write->result = write->is_replace
                        ? port_file_replace(write->path, write->bytes, write->size)
                        : port_file_append(write->path, write->bytes, write->size);
    return write;
}

static int note_result(crash_file_t *file, size_t size, bool is_replace, int result) {
    if (result < 0) {
        file->needs_replace = true;
    } else {
        file->size = is_replace ? size : file->size + size;
        if (is_replace) file->needs_replace = false;
    }
    file->last_error = result;
    return result;
}

int crash_file_start(crash_file_t *file, runtime_t *rt, char *bytes, size_t size,
                     bool is_replace) {
    MK_ASSERT(!file->is_writing);
    mk_free(file->write.bytes);
    file->write.path = file->path;
    file->write.bytes = bytes;
    file->write.size = size;
    file->write.is_replace = is_replace;
    /* Should the runtime end before a thread takes it up, it was not done. */
    file->write.result = MK_ECANCELED;
    file->is_writing = runtime_offload(rt, run_write, &file->write, NULL) != 0;
    return file->is_writing ? MK_OK : MK_ENOMEM;
}

int crash_file_finish(crash_file_t *file) {
    crash_write_t *write = &file->write;
    file->is_writing = false;
    mk_free(write->bytes);
    write->bytes = NULL;
    return note_result(file, write->size, write->is_replace, write->result);
}

int crash_file_replace(crash_file_t *file, const char *bytes, size_t size) {
    return note_result(file, size, true, port_file_replace(file->path, bytes, size));
}
