/* SPDX-License-Identifier: Apache-2.0 */
/* state_persist.h - values of an actor that survive a restart.
 *
 * A value is any bytes, up to MK_STATE_VALUE_MAX, under the name of an actor and a key
 * of its own; the program finds them again at its next start, where the actor of that
 * name has another id. Saving is one step: after kill -9 at any instruction, or a power
 * cut, the old or the new value is there, whole. A saved value is checksummed: bytes
 * that were damaged, or are no saved value, are reported and never given out as data.
 *
 * `actor_name` and `key` are 1 to 127 bytes of any kind ('/', "..", upper and lower
 * case and bytes beyond ASCII do no harm). With `actor_name` NULL or "" the name is the
 * first flat name, else the first path, of the running actor; an actor without a name
 * is refused, since its id is another one at the next start.
 *
 * All functions belong to the runtime's thread. Those without "async" in their name
 * BLOCK ON THE DISK: they are for start, end and code outside the loop; inside a
 * behaviour all other actors wait for the disk. The async ones answer the running actor
 * with MSG_STATE_REPLY, work one after the other in the order they were asked for (so
 * of two saves of a key the later one wins), and what was accepted is done, at the
 * latest by runtime_destroy. */
#ifndef MICROKERNEL_STATE_PERSIST_H
#define MICROKERNEL_STATE_PERSIST_H

#include "microkernel/limits.h"
#include "microkernel/message.h"
#include "microkernel/message_ids.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of state_persist_open. */
enum {
    /* Take over, at its first load, a value that an earlier version of this library
     * left as the raw file <base>/<name>/<key>: it is saved anew, then the raw file is
     * removed. Only where name and key are 1 to 63 letters, digits, '_', '-', '.', not
     * beginning with '.', and no new value exists. Such files carry no checksum: what a
     * crash cut in the earlier version stays cut. Needs a folder that holds nothing
     * else. */
    STATE_IMPORT_OLD = 1u << 0
};

/* Keep saved values in the folder `base_path` from now on; makes it, with its parents.
 * Two runtimes may share a folder as long as they do not change the same key of the
 * same name at the same time. MK_OK, also when this folder is open already; MK_EEXIST:
 * another one is, or a file stands in its place; MK_EINVAL: NULL, "", or an unknown
 * flag; MK_EPERM, MK_EFULL, MK_EIO, MK_ENOTSUP (this platform has no files), MK_ENOMEM:
 * the folder cannot be made. Blocks. */
int state_persist_open(runtime_t *rt, const char *base_path, unsigned flags);

/* As state_persist_open with STATE_IMPORT_OLD; a failure is logged. */
void state_persist_init(runtime_t *rt, const char *base_path);

/* Save a value; it is durable when MK_OK is returned. An empty value is one (`data` may
 * be NULL then). After an error the old value is there, or, when the disk failed in its
 * very last step (MK_EIO), perhaps the new one.
 *
 * Each function that takes a name may return MK_ESTATE: state_persist_open did not
 * succeed; MK_EINVAL: no key, or no runtime; MK_ETOOBIG: name or key over 127
 * bytes; MK_EREFUSED: no name was given, and this is no behaviour or its actor has
 * none; MK_ENOMEM; MK_EIO, MK_EPERM, MK_EFULL: the disk said so. And those that take a
 * key: MK_EBUSY: an async request for that key is not answered yet. Here also
 * MK_ETOOBIG: the value is over MK_STATE_VALUE_MAX; MK_ELIMIT: the key is new, and the
 * name has MK_STATE_KEYS_MAX keys already. */
int state_persist_save(runtime_t *rt, const char *actor_name, const char *key,
                       const void *data, size_t size);

/* Load a value into `buf`. Returns its size; MK_ENOENT: there is none; MK_ETOOBIG: it
 * does not fit `cap`, and `buf` is untouched; MK_EBADMSG: the file is damaged, is no
 * saved value or that of another key; MK_ENOTSUP: a later version wrote it. `*size_out`
 * (NULL: not wanted) is the size of the value, also when it does not fit, else 0. */
int state_persist_load(runtime_t *rt, const char *actor_name, const char *key,
                       void *buf, size_t cap, size_t *size_out);

/* Remove a value for good. MK_OK also when there was none. */
int state_persist_delete(runtime_t *rt, const char *actor_name, const char *key);

/* Write the keys of a name to `buf`, in the order of their bytes, each with a NUL.
 * Returns how many; MK_ETOOBIG: they do not fit `cap`, and `buf` is untouched.
 * `*size_out` (NULL: not wanted) is the bytes they need. Values are not looked at. */
int state_persist_list(runtime_t *rt, const char *actor_name, char *buf, size_t cap,
                       size_t *size_out);

/* The same under the names of earlier versions: 0, or -1 for any error, which is
 * logged. state_load returns the size. */
int state_save(runtime_t *rt, const char *actor_name, const char *key, const void *data,
               size_t size);
int state_load(runtime_t *rt, const char *actor_name, const char *key, void *buf,
               size_t cap);
int state_delete(runtime_t *rt, const char *actor_name, const char *key);

/* What a request asked for. */
typedef enum {
    STATE_OP_SAVE = 1,
    STATE_OP_LOAD = 2,
    STATE_OP_DELETE = 3,
    STATE_OP_LIST = 4
} state_op_t;

/* Payload of MSG_STATE_REPLY, followed by `size` bytes: to who asked, once per ticket,
 * never dropped. */
typedef struct {
    uint32_t ticket; /* what the async function returned */
    uint32_t op;     /* STATE_OP_... */
    int32_t result;  /* as the function without "async" returns; MK_ESTOPPED: the actor
                        that does the work was stopped before it was begun */
    uint32_t size;   /* bytes that follow: the value; the keys, each with a NUL */
} state_reply_payload_t;

/* The bytes behind the payload of a MSG_STATE_REPLY, borrowed from the message. */
static inline const void *state_reply_bytes(const message_t *msg) {
    return (const unsigned char *)msg->payload + sizeof(state_reply_payload_t);
}

/* Ask on behalf of the running actor; copies what it is given. Returns a ticket > 0, or
 * an error of state_persist_save that is known at once, MK_ESTATE also outside a
 * behaviour; MK_ELIMIT: MK_STATE_QUEUE_MAX requests, MK_STATE_ACTOR_QUEUE of this
 * actor, or MK_STATE_QUEUE_BYTES wait already; MK_EFULL: the actor that does the work
 * cannot be spawned. Then no answer comes. */
int state_save_async(runtime_t *rt, const char *actor_name, const char *key,
                     const void *data, size_t size);
int state_load_async(runtime_t *rt, const char *actor_name, const char *key);
int state_delete_async(runtime_t *rt, const char *actor_name, const char *key);
int state_list_async(runtime_t *rt, const char *actor_name);

#ifdef __cplusplus
}
#endif

#endif
