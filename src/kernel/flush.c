/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/flush.h"

#include "kernel/runtime_impl.h"

void flush_init(flush_t *flush, void (*on_flush)(flush_t *flush, runtime_t *rt)) {
    list_init(&flush->node);
    flush->on_flush = on_flush;
}

void flush_request(runtime_t *rt, flush_t *flush) {
    if (list_is_empty(&flush->node)) list_insert_before(&rt->flushes, &flush->node);
}

void flush_cancel(flush_t *flush) {
    list_remove(&flush->node);
}

/* What is asked for during the walk waits for the next one. */
void flush__all(runtime_t *rt) {
    list_node_t moved;
    list_move(&rt->flushes, &moved);
    while (!list_is_empty(&moved)) {
        flush_t *flush = MK_CONTAINER_OF(moved.next, flush_t, node);
        list_remove(&flush->node);
        flush->on_flush(flush, rt);
    }
    if (rt->dying != 0) exit__reap(rt);
}
