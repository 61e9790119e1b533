/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_group.h - several cores: runtimes on threads of one process, all linked.
 *
 * Each member is a node of its own, with its own actors, and shares nothing with the
 * others. A send to an actor of another member is the same call as any send, and keeps
 * its contract: at most once, in order, false when it cannot be sent now (the ring to
 * that member, of MK_RING_BYTES, is full; or it has ended). Names are known across
 * members, and links and monitors work, as between nodes.
 *
 * Member 0 is the node that the process would be without a group: its name, its number.
 * Member i is called NAME-i (NAME cut at a character to make room), and its number is
 * that of a node of such a name (node.h), the next one that is free if two met.
 *
 * What a member sent and another one did not take, because it ended, is counted in
 * `dead_letters` of one of the two. */
#ifndef MICROKERNEL_RUNTIME_GROUP_H
#define MICROKERNEL_RUNTIME_GROUP_H

#include "microkernel/error.h"
#include "microkernel/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct runtime_group runtime_group_t;

/* Called once for each member on its own thread, before any of them runs: spawn actors,
 * give names (the others know them, some hundred of each, when they begin), start
 * services. MK_OK, or an error that ends the whole start. */
typedef int (*runtime_group_setup_fn)(runtime_t *rt, size_t index, void *ctx);

/* Options of runtime_group_start; a zeroed struct means the defaults. */
typedef struct {
    void *ctx;         /* for setup; NULL */
    size_t max_actors; /* of each runtime that the group makes; 0: 2^20 */
    runtime_t *first;  /* member 0, made and run by the caller; NULL: made here. It is
                          borrowed until runtime_group_destroy, and must not run before
                          runtime_group_start has returned */
    const char *name;  /* of member 0, when it is made here; NULL: mk_node_identity */
    node_id_t node_id; /* likewise; 0: that of the name, or mk_node_id without one */
} runtime_group_options_t;

/* Make `count` runtimes (1..MK_GROUP_MAX), link each with each, call `setup` (may be
 * NULL) for each, wait until all are set up, and let them run. With `options->first`
 * setup is called for it on the calling thread, which runs it afterwards (runtime_run).
 * `options` NULL: the defaults. MK_OK and the owned group in `*out`, which is set
 * before the first setup is called; else `*out` is NULL and nothing is left but what
 * setup did to `first`: MK_EINVAL (count; a name that is none; `first` without a node
 * number), MK_ENOTSUP (no threads here), MK_ENOMEM, or what setup returned. Not inside
 * a behaviour. */
int runtime_group_start(size_t count, runtime_group_setup_fn setup,
                        const runtime_group_options_t *options, runtime_group_t **out);

/* Members, as started. Any thread. */
size_t runtime_group_count(const runtime_group_t *group);

/* Member `index`, or NULL beyond the last. The runtime belongs to its thread; others
 * may use runtime_post and runtime_stop, and after runtime_group_join everything. Lives
 * until runtime_group_destroy. Any thread. */
runtime_t *runtime_group_member(const runtime_group_t *group, size_t index);

/* Let all members return from their loops, `first` too. Any thread. */
void runtime_group_stop(runtime_group_t *group);

/* Wait until the threads of all members have ended: stopped, or without an actor left.
 * Not on one of them; on the thread of `first` outside its loop. */
void runtime_group_join(runtime_group_t *group);

/* Stop, join, end the runtimes that the group made. Takes the group; NULL is allowed.
 * `first` lives on, alone. As runtime_group_join. */
void runtime_group_destroy(runtime_group_t *group);

#ifdef __cplusplus
}
#endif

#endif
