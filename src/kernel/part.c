/* SPDX-License-Identifier: Apache-2.0 */
/* A handful of parts in a list; finding one is a short walk. */
#include "kernel/part.h"

#include "kernel/runtime_impl.h"

bool part_attach(runtime_t *rt, part_t *part, const part_ops_t *ops) {
    if (part_find(rt, ops) != NULL) return false;
    part->ops = ops;
    part->next = rt->parts;
    rt->parts = part;
    return true;
}

part_t *part_find(runtime_t *rt, const part_ops_t *ops) {
    part_t *part = rt->parts;
    while (part != NULL && part->ops != ops)
        part = part->next;
    return part;
}

void part_claim(runtime_t *rt, actor_id_t id) {
    actor_t *actor = actor__find(rt, id);
    if (actor != NULL) actor->flags |= ACTOR_CLAIMED;
}

void parts__observe_exit(runtime_t *rt, const exit_info_t *info) {
    for (part_t *part = rt->parts; part != NULL; part = part->next)
        if (part->ops->observe_exit != NULL) part->ops->observe_exit(part, rt, info);
}

void parts__on_exit(runtime_t *rt, actor_id_t id) {
    for (part_t *part = rt->parts; part != NULL; part = part->next)
        if (part->ops->on_actor_exit != NULL) part->ops->on_actor_exit(part, rt, id);
}

void parts__destroy(runtime_t *rt) {
    while (rt->parts != NULL) {
        part_t *part = rt->parts;
        rt->parts = part->next;
        part->ops->destroy(part, rt);
    }
}
