/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - who is called what: the flat registry of a runtime.
 *
 * A name is 1 to 63 bytes of well-formed UTF-8 without control characters and without a
 * blank at either end, belongs to one actor, and goes when that actor ends. An actor
 * may have any number of names. What begins with '/' is a path (paths.h); the functions
 * named actor_... take both. Number of names: limited by memory. All functions belong
 * to the runtime's thread, inside and outside behaviours.
 *
 * Names of actors of connected nodes are in the registry, too, and are taken for as
 * long as they are there. Of two nodes that give the same name at the same time each
 * keeps its own, and others the one they heard of first; the other node logs that. When
 * the owner ends and nobody takes the name for MK_NAME_GRACE_MS, the next one gets it.
 */
#ifndef MICROKERNEL_NAMES_H
#define MICROKERNEL_NAMES_H

#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/message_ids.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What MSG_NAME_REGISTER tells, as a C struct; on its way it is shorter (docs/WIRE.md).
 */
typedef struct {
    char name[MK_NAME_MAX]; /* NUL-terminated */
    actor_id_t actor_id;
} name_register_payload_t;

/* What MSG_NAME_UNREGISTER tells; see above. */
typedef struct {
    char name[MK_NAME_MAX]; /* NUL-terminated */
} name_unregister_payload_t;

/* Give `id` a name or path. An id of this node must be alive; ids of other nodes are
 * taken as they are. False, and nothing is changed, for the reasons that names_register
 * gives. */
bool actor_register_name(runtime_t *rt, const char *name, actor_id_t id);

/* As actor_register_name, and says why not. MK_OK; MK_EINVAL: NULL, not a name
 * as described above, or the id is ACTOR_ID_INVALID; MK_ETOOBIG: longer than 63
 * bytes (a path: 127); MK_EEXIST: taken; MK_EDEAD: no such actor on this node;
 * MK_ENOMEM; MK_EBUSY: called by an observer; MK_ESTATE: a path, and ns_actor_init was
 * never called. */
int names_register(runtime_t *rt, const char *name, actor_id_t id);

/* As names_register, for what every node has of its own, such as its log or its shell:
 * other nodes know it as "/node/<identity>/<name>" and not by the bare name, which they
 * use for their own. Paths below "/sys" are a node's own in any case. */
int names_register_own(runtime_t *rt, const char *name, actor_id_t id);

/* Take a name or path away again. False when nobody has it. */
bool actor_unregister_name(runtime_t *rt, const char *name);

/* As actor_unregister_name. MK_OK, MK_ENOENT, or MK_EBUSY: called by an observer. */
int names_unregister(runtime_t *rt, const char *name);

/* Who has this name or path; ACTOR_ID_INVALID when nobody has, or for NULL. */
actor_id_t actor_lookup(runtime_t *rt, const char *name);

/* actor_send to whoever has this name or path. False when nobody has, and when
 * actor_send says so. */
bool actor_send_named(runtime_t *rt, const char *name, msg_type_t type,
                      const void *payload, size_t payload_size);

/* As actor_send_named. MK_OK; MK_ENOENT: nobody has the name; MK_EREFUSED: actor_send
 * returned false. */
int names_send(runtime_t *rt, const char *name, msg_type_t type, const void *payload,
               size_t payload_size);

/* Write the first flat name that `id` got and still has, else its first path, with a
 * NUL; cut at a character when it does not fit. Returns the length written; 0, and an
 * empty text, when it has none. */
size_t actor_reverse_lookup(runtime_t *rt, actor_id_t id, char *buf, size_t buf_size);

/* Write all flat names of `id`, then all its paths, each in the order they were given,
 * separated by comma and space, with a NUL; names that do not fit whole are left out.
 * Returns the length written, 0 when there is none. */
size_t actor_reverse_lookup_all(runtime_t *rt, actor_id_t id, char *buf,
                                size_t buf_size);

/* The room that all names and paths of `id` need in actor_reverse_lookup_all, without
 * the NUL. */
size_t names_reverse_size(runtime_t *rt, actor_id_t id);

/* Walk the flat names that begin with `prefix` (NULL: all) in byte order. `name` is the
 * place: empty text at the start, the name found after each call that returns true;
 * `id` (may be NULL) is its owner. Names may come and go between calls.
 *
 *     char name[MK_NAME_MAX] = "";
 *     while (names_next(rt, "sensor.", name, &id)) { ... }
 */
bool names_next(runtime_t *rt, const char *prefix, char name[MK_NAME_MAX],
                actor_id_t *id);

/* Flat names registered now. */
size_t names_count(runtime_t *rt);

/* News of the registry, flat names and paths alike: `name` belongs to `id` from now on
 * (`is_registered`) or no longer. Called in the middle of the change, after the table
 * was changed; may look up, must not register, unregister or observe. */
typedef void (*names_observer_fn)(runtime_t *rt, const char *name, actor_id_t id,
                                  bool is_registered, void *ctx);

/* Call `fn(..., ctx)` at each change from now on. MK_OK; MK_EINVAL: no function;
 * MK_EEXIST: this pair observes already; MK_EBUSY: called by an observer; MK_ENOMEM. */
int names_observe(runtime_t *rt, names_observer_fn fn, void *ctx);

/* No more news for this pair. MK_OK, MK_ENOENT, or MK_EBUSY as above. */
int names_unobserve(runtime_t *rt, names_observer_fn fn, void *ctx);

#ifdef __cplusplus
}
#endif

#endif
