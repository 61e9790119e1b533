/* SPDX-License-Identifier: Apache-2.0 */
/* paths.h - what the namespace actor and others need of the paths beyond the public
 * header. */
#ifndef MK_SERVICES_PATHS_H
#define MK_SERVICES_PATHS_H

#include "microkernel/paths.h"

/* Bytes of a line "path=id\n" with its NUL: an id has at most 20 digits. */
enum { PATHS_LINE_MAX = NS_PATH_MAX + 22 };

/* Take paths into use. MK_OK, and whether they were before; or MK_ENOMEM. */
int paths__open(runtime_t *rt, bool *was_open);

/* Undo paths__open. */
void paths__close(runtime_t *rt);

/* The NS_... code of an MK_E... one. */
int paths__status(int error);

/* Write "name=id\n"; returns its size. */
size_t paths__line(char line[PATHS_LINE_MAX], const char *name, actor_id_t id);

#endif
