/* SPDX-License-Identifier: Apache-2.0 */
/* modules.h - names for loaded modules, and modules that other actors bring.
 *
 * Any actor of this node may send a shell or a console
 *
 *     MSG_SPAWN_REQUEST        the module
 *     MSG_SPAWN_NAMED_REQUEST  u8 length, a name, the module
 *     MSG_RELOAD_REQUEST       u8 length, a name, the module
 *
 * and is answered with
 *
 *     MSG_SPAWN_RESPONSE       u64 id, or 0: refused; then the name that it was given,
 * if one was asked for: that name, or with _1 to _99 behind it MSG_RELOAD_RESPONSE u8
 * reload_result_t, u64 id, or 0: refused
 *
 * Numbers are little-endian. What is spawned has the default rights. A WASM actor needs
 * the right to spawn; what it brings gets no right that it does not have itself, and it
 * cannot replace an actor that has one: RELOAD_ERR_NOT_FOUND, as without a name. The
 * log says why a request was refused. */
#ifndef MK_SHELL_MODULES_H
#define MK_SHELL_MODULES_H

#include "base/text.h"
#include "microkernel/limits.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/runtime.h"

/* Give `id` the first of NAME, NAME_1, ... NAME_99 that is free. MK_OK and `name`, or
 * the error of names_register. */
int modules_take_name(runtime_t *rt, text_t wanted, actor_id_t id,
                      char name[MK_NAME_MAX]);

/* True when it was such a request; it has been answered. In the turn of the actor that
 * got it. */
bool modules_serve(runtime_t *rt, const message_t *msg);

#endif
