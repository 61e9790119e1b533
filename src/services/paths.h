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

/* As paths_register, of a path that may be one of what every node has. */
int paths__register(runtime_t *rt, const char *path, actor_id_t id,
                    path_origin_t origin, bool is_own);

/* True for the paths that are a node's own whoever registers them: those below "/sys".
 */
bool paths__is_own(const char *path);

/* Paths that are not in this node's tables: those of the trees of other nodes; and the
 * names and paths in the tables whose nodes have gone. The last two may be NULL. */
typedef struct {
    /* Who has this path there; ACTOR_ID_INVALID: nobody. */
    actor_id_t (*find)(void *ctx, runtime_t *rt, const char *path, size_t size);
    /* The first path in byte order that is not below `prefix` and, unless `path` is
     * empty, above `path`; goes to `path`. False: there is none. */
    bool (*next)(void *ctx, runtime_t *rt, const char *prefix, char path[NS_PATH_MAX],
                 actor_id_t *id);
    /* True while a name or path is in the tables only because the names of its node,
     * which has gone, are not all dropped yet. Not asked about names of this node. */
    bool (*is_gone)(void *ctx, const char *name);
    /* Drop it now, if so: somebody else wants it. */
    bool (*let_go)(void *ctx, runtime_t *rt, const char *name);
} paths_beyond_t;

/* From now on such paths are found, behind those registered for this node itself and
 * before those learned from others, and walked; `beyond` NULL: no more. `ctx` is handed
 * to both functions. MK_OK or MK_ENOMEM. */
int paths__set_beyond(runtime_t *rt, const paths_beyond_t *beyond, void *ctx);

/* The actor of this node that has a path (of origin PATH_LOCAL) or flat name; 0: none
 * has.
 * `*is_own` says whether it got it from names_register_own. */
actor_id_t paths__find_local(runtime_t *rt, const char *name, bool *is_own);

/* The NS_... code of an MK_E... one. */
int paths__status(int error);

/* Write "name=id\n"; returns its size. */
size_t paths__line(char line[PATHS_LINE_MAX], const char *name, actor_id_t id);

#endif
