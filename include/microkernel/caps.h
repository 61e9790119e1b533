/* SPDX-License-Identifier: Apache-2.0 */
/* caps.h - what this node is and can do, as text for others.
 *
 * The text has lines "key=value\n", in this order: platform, identity, node_id, wasm,
 * tls, http, max_actors, actor_count, transports, then what else was announced, in the
 * order it came. Who brings a feature announces it; a runtime without it says "false".
 * All functions belong to the runtime's thread. */
#ifndef MICROKERNEL_CAPS_H
#define MICROKERNEL_CAPS_H

#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a key and of a value, each with its NUL. */
#define MK_CAPS_KEY_MAX   32
#define MK_CAPS_VALUE_MAX 64

/* Start the actor that answers MSG_CAPS_REQUEST with MSG_CAPS_REPLY (the text, without
 * a NUL), as flat name "caps" and, when there is a namespace, as path
 * "/node/<identity>/caps". Returns its id, also when it runs already; ACTOR_ID_INVALID
 * when the name is taken or memory is short. */
actor_id_t caps_actor_init(runtime_t *rt);

/* Say that this node has `key` with `value` ("true", a number, a word); again to change
 * it. "wasm", "tls", "http" ("false" at first) and "transports" ("0") have their places
 * in the text. MK_OK; MK_EINVAL: the key is not made of a-z, 0-9, '_' and '.', the
 * value is not printable, or the key is one of those that the runtime itself answers
 * for (platform, identity, node_id, max_actors, actor_count); MK_ETOOBIG; MK_ENOMEM. */
int caps_announce(runtime_t *rt, const char *key, const char *value);

/* The announced value of `key`, borrowed until it is announced again; NULL when nobody
 * announced it. */
const char *caps_find(runtime_t *rt, const char *key);

/* Write the text with a NUL; lines that do not fit whole end it. Returns the size of
 * the whole text without the NUL; more than was written when that is not below
 * buf_size. */
size_t caps_text(runtime_t *rt, char *buf, size_t buf_size);

#ifdef __cplusplus
}
#endif

#endif
