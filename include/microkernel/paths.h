/* SPDX-License-Identifier: Apache-2.0 */
/* paths.h - the tree of names that begin with '/', and the actor that serves it.
 *
 * A path is '/' and up to 126 more bytes of well-formed UTF-8 without control
 * characters and without a blank at its end, belongs to one actor, and goes when that
 * actor ends. A mount point hands everything below it to another actor. Looking a path
 * up:
 *
 *   1. the longest mount point that is the path or a beginning of it in front of a '/';
 *   2. else the registered path, the one of this node before that of a mounted node,
 *      that before the cloud's.
 *
 * The whole tree of a mounted node, and its flat names, also stand below
 * "/node/<its identity>/"; there "/node/x", "/x" and the flat name "x" of that node are
 * all called x, and the first of these three that it has is meant. Only a path that
 * this node itself registered there comes before.
 *
 * The tree is in use from the first ns_actor_init on and stays so when that actor ends.
 * All functions belong to the runtime's thread, inside and outside behaviours. */
#ifndef MICROKERNEL_PATHS_H
#define MICROKERNEL_PATHS_H

#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/message_ids.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a path with its NUL. */
#define NS_PATH_MAX MK_PATH_MAX

/* Bytes of text in one ns_reply_t. */
#define NS_REPLY_PAYLOAD_MAX 1024

/* Results of the ns_... functions and of ns_reply_t. */
#define NS_OK     0
#define NS_ENOENT (-1) /* no such path, name, mount point or actor */
#define NS_EEXIST (-2) /* taken */
#define NS_EFULL  (-3) /* no memory for one more */
#define NS_EINVAL (-4) /* malformed path or payload, or no namespace yet */

/* Where a path leads; the smaller one wins when several actors claim the same path. */
typedef enum {
    PATH_LOCAL = 0,   /* an actor of this node, or registered by it */
    PATH_MOUNTED = 1, /* learned from a mounted node */
    PATH_CLOUD = 2    /* the floor under both */
} path_origin_t;

/* Payload of MSG_NS_REGISTER: register a path or a flat name. */
typedef struct {
    char path[NS_PATH_MAX]; /* NUL-terminated, here and in all payloads below */
    actor_id_t actor_id;
} ns_register_t;

/* Payload of MSG_NS_LOOKUP: find a path or a flat name. */
typedef struct {
    char path[NS_PATH_MAX];
} ns_lookup_t;

/* Payload of MSG_NS_LIST: paths that begin with `prefix`; with an empty prefix all
 * paths and then all flat names. */
typedef struct {
    char prefix[NS_PATH_MAX];
} ns_list_req_t;

/* A longer payload of MSG_NS_LIST: as ns_list_req_t, from the entry behind `after` on.
 * With the last entry of each answer as `after` of the next request a list of any
 * length can be read; the end is an empty answer. */
typedef struct {
    char prefix[NS_PATH_MAX];
    char after[NS_PATH_MAX]; /* "": from the start */
} ns_list_from_t;

/* Payload of MSG_NS_MOUNT. */
typedef struct {
    char mount_point[NS_PATH_MAX];
    actor_id_t target;
} ns_mount_t;

/* Payload of MSG_NS_UMOUNT. */
typedef struct {
    char mount_point[NS_PATH_MAX];
} ns_umount_t;

/* Payload of MSG_NS_REPLY, the answer to each of the above. */
typedef struct {
    int32_t status;                  /* NS_... */
    actor_id_t actor_id;             /* found or registered; else 0 */
    uint32_t data_len;               /* bytes of `data` in use */
    char data[NS_REPLY_PAYLOAD_MAX]; /* whole lines "path=id\n" of a list, as many as
                                        fit; a NUL follows while there is room */
} ns_reply_t;

/* Payload of MSG_NS_NOTIFY. */
typedef struct {
    char path[NS_PATH_MAX];
    actor_id_t actor_id;
    int32_t event; /* 1: registered, 2: unregistered */
} ns_notify_t;

/* What MSG_PATH_REGISTER tells, as a C struct; on its way it is shorter (docs/WIRE.md).
 */
typedef struct {
    char path[NS_PATH_MAX]; /* NUL-terminated */
    actor_id_t actor_id;
} path_register_payload_t;

/* What MSG_PATH_UNREGISTER tells; see above. */
typedef struct {
    char path[NS_PATH_MAX]; /* NUL-terminated */
} path_unregister_payload_t;

/* Start the namespace actor, which serves the MSG_NS_... requests, as flat name "ns"
 * and paths "/sys/ns" and "/node/<identity>". Returns its id, also when it runs
 * already; or ACTOR_ID_INVALID when one of the three names is taken or memory is short,
 * and then nothing was started. */
actor_id_t ns_actor_init(runtime_t *rt);

/* Ask the namespace actor from outside the loop: send, run the runtime step by step
 * until the answer is there (at most 1000 steps), copy it to `reply`. Returns 0, or -1:
 * called in a behaviour, no namespace actor, no answer, memory short. Actors ask by
 * message. */
int ns_call(runtime_t *rt, msg_type_t type, const void *payload, size_t payload_size,
            ns_reply_t *reply);

/* Give `id` a path. NS_OK; NS_EEXIST: taken; NS_ENOENT: no such actor on this node;
 * NS_EFULL: memory short; NS_EINVAL: malformed or too long, or no ns_actor_init yet. */
int ns_register_path(runtime_t *rt, const char *path, actor_id_t id);

/* As ns_register_path for a given origin; each origin may hold the path once. MK_OK;
 * MK_EINVAL: NULL, not a path as described above, id or origin invalid; MK_ETOOBIG:
 * over 127 bytes; MK_EEXIST: taken in this origin; MK_EDEAD: no such actor on this
 * node; MK_ESTATE: no ns_actor_init yet; MK_ENOMEM. */
int paths_register(runtime_t *rt, const char *path, actor_id_t id,
                   path_origin_t origin);

/* Remove a registered path of one origin. MK_OK, or MK_ENOENT. */
int paths_unregister(runtime_t *rt, const char *path, path_origin_t origin);

/* Remove a path, whatever its origin; unknown ones are ignored. */
void ns_remove_path(runtime_t *rt, const char *path);

/* Remove all paths and mount points of `id`. Happens by itself when a local actor ends.
 */
void ns_deregister_actor_paths(runtime_t *rt, actor_id_t id);

/* Who answers for a path; ACTOR_ID_INVALID when nobody does. */
actor_id_t ns_lookup_path(runtime_t *rt, const char *path);

/* Write the first path that `id` got and still has, with a NUL; cut at a character when
 * it does not fit. Returns the length written, 0 when there is none. */
size_t ns_reverse_lookup_path(runtime_t *rt, actor_id_t id, char *buf, size_t buf_size);

/* Append all paths of `id` to the text of `*offset` bytes that is in `buf` already
 * (NULL counts as 0), separated from it and each other by comma and space, with a NUL;
 * paths that do not fit whole are left out. Returns the bytes appended and adds them to
 * `*offset`. */
size_t ns_reverse_lookup_all_paths(runtime_t *rt, actor_id_t id, char *buf,
                                   size_t buf_size, size_t *offset);

/* Write a line "path=id\n" for each path that begins with `prefix` (NULL: all), in byte
 * order, with a NUL. Lines are whole; the first that does not fit ends the text.
 * Returns the bytes written without the NUL; ns_list_paths_size says how many there
 * are. */
size_t ns_list_paths(runtime_t *rt, const char *prefix, char *buf, size_t buf_size);

/* Bytes that ns_list_paths would write without the NUL, had it the room. */
size_t ns_list_paths_size(runtime_t *rt, const char *prefix);

/* Walk the paths that begin with `prefix` (NULL: all) in byte order, as names_next
 * does; of several origins the winning one is shown. `id` and `origin` may be NULL. */
bool paths_next(runtime_t *rt, const char *prefix, char path[NS_PATH_MAX],
                actor_id_t *id, path_origin_t *origin);

/* Hand everything at and below `mount_point` to `target`. Slashes at its end are not
 * looked at, except that "/" is the whole tree. Same codes as paths_register. */
int paths_mount(runtime_t *rt, const char *mount_point, actor_id_t target);

/* Remove a mount point. MK_OK, or MK_ENOENT. */
int paths_unmount(runtime_t *rt, const char *mount_point);

/* Walk the mount points in byte order, as names_next does. */
bool paths_next_mount(runtime_t *rt, char mount_point[NS_PATH_MAX], actor_id_t *target);

/* Paths registered now; several origins of one path count each. */
size_t paths_count(runtime_t *rt);

#ifdef __cplusplus
}
#endif

#endif
