/* SPDX-License-Identifier: Apache-2.0 */
/* registrar.h - the runtime's function that gives children their names, if it has one.
 */
#ifndef MK_SUPERVISION_REGISTRAR_H
#define MK_SUPERVISION_REGISTRAR_H

#include "microkernel/types.h"

/* Call the registrar. Its result; MK_ENOTSUP when none was set. */
int registrar_register(runtime_t *rt, const char *name, actor_id_t id);

#endif
