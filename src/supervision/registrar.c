/* SPDX-License-Identifier: Apache-2.0 */
/* registrar.c - a part that holds one function.
 *
 * Names live in services, which supervision must not know; a child shall nevertheless
 * have its name before anybody can send to it. So the program hands the function down,
 * and a runtime without names links none of them. */
#include "supervision/registrar.h"

#include "base/alloc.h"
#include "base/check.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/supervision.h"

#include <stddef.h>

typedef struct {
    part_t part;
    supervisor_registrar_fn fn; /* NULL: switched off again */
} registrar_t;

static void destroy_registrar(part_t *part, runtime_t *rt) {
    (void)rt;
    mk_free(MK_CONTAINER_OF(part, registrar_t, part));
}

static const part_ops_t registrar_ops = {.destroy = destroy_registrar};

static registrar_t *find_registrar(runtime_t *rt) {
    part_t *part = part_find(rt, &registrar_ops);
    return part != NULL ? MK_CONTAINER_OF(part, registrar_t, part) : NULL;
}

bool supervisor_set_registrar(runtime_t *rt, supervisor_registrar_fn fn) {
    if (rt == NULL) return false;
    registrar_t *registrar = find_registrar(rt);
    if (registrar == NULL) {
        registrar = mk_calloc(1, sizeof *registrar);
        if (registrar == NULL) return false;
        if (!part_attach(rt, &registrar->part, &registrar_ops)) {
            mk_free(registrar);
            return false;
        }
    }
    registrar->fn = fn;
    return true;
}

int registrar_register(runtime_t *rt, const char *name, actor_id_t id) {
    const registrar_t *registrar = find_registrar(rt);
    if (registrar == NULL || registrar->fn == NULL) return MK_ENOTSUP;
    return registrar->fn(rt, name, id);
}
