/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_group.c - see microkernel/runtime_group.h.
 *
 * All runtimes and links are made by the starting thread, while nobody runs; then each
 * thread adopts its links, sets its member up, reports, and waits at the gate until all
 * have. So no
 * message comes to a member that is half set up, and an error finds everybody at a
 * place from where he can go home.
 *
 *   GATE_SHUT -> GATE_OPEN    all have reported MK_OK: run
 *             -> GATE_HOME    one has not, or a thread could not be had: end
 *
 * Each thread parts from its peers when its loop has ended, so that the others hear of
 * it; runtimes are destroyed when all threads have ended. */
#include "microkernel/runtime_group.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "ipc/node_features.h"
#include "ipc/peer.h"
#include "ipc/registry_sync.h"
#include "ipc/ring_link.h"
#include "kernel/inlet.h"
#include "microkernel/node.h"
#include "port/thread.h"
#include "services/node_name.h"

#include <string.h>

enum {
    ACTORS_MAX = 1 << 20, /* a ceiling; memory is taken for those that live */
    NAME_LOOKS = 64       /* before a member goes on although others lack names of it */
};

typedef enum { GATE_SHUT, GATE_OPEN, GATE_HOME } gate_t;

typedef struct {
    runtime_group_t *group;
    runtime_t *rt;
    port_thread_t *thread; /* NULL: not begun, or joined */
    size_t index;
    peer_facts_t facts; /* what the others know of it */
} member_t;

struct runtime_group {
    size_t count;
    bool has_first; /* members[0].rt is the caller's */
    runtime_group_setup_fn setup;
    void *ctx;
    port_lock_t *lock; /* for the five below */
    gate_t gate;
    size_t reported;  /* members that are set up, or could not be */
    int problem;      /* the first of theirs; MK_OK: none */
    size_t running;   /* threads whose loop has not returned */
    bool is_stopping; /* all are to end */
    link_t **links;   /* see link_between; NULL: adopted, or there is none */
    member_t members[];
};

/* Where the end that member `index` has of the link to `other` is kept until adopted.
 */
static link_t **link_between(runtime_group_t *group, size_t index, size_t other) {
    return &group->links[index * group->count + other];
}

/* --- names and numbers --- */

/* NAME-i, which is a name if NAME is one. */
static void name_member(const char *name, size_t index, char out[MK_NODE_NAME_MAX]) {
    char end[MK_NODE_NAME_MAX];
    mk_writer_t writer;
    writer_init(&writer, end, sizeof end);
    writer_char(&writer, '-');
    writer_unsigned(&writer, index);
    size_t end_size = writer.size;
    writer_init(&writer, out, MK_NODE_NAME_MAX - end_size);
    writer_str(&writer, name); /* cuts at a character */
    memcpy(out + writer.size, end, end_size + 1);
}

static bool is_taken(const runtime_group_t *group, size_t count, node_id_t node) {
    for (size_t i = 0; i < count; i++)
        if (runtime_get_node_id(group->members[i].rt) == node) return true;
    return false;
}

static node_id_t number_member(const runtime_group_t *group, size_t index,
                               const char *name) {
    node_id_t node;
    (void)node_id_make("", name, &node);
    while (node == 0 || is_taken(group, index, node))
        node++;
    return node;
}

/* --- making --- */

static int make_member(runtime_group_t *group, size_t index, const char *name,
                       node_id_t node, size_t max_actors) {
    member_t *member = &group->members[index];
    member->rt = runtime_init(node, max_actors);
    if (member->rt == NULL) return MK_ENOMEM;
    return node_set_identity(member->rt, name);
}

static int make_first(runtime_group_t *group, const runtime_group_options_t *options,
                      size_t max_actors) {
    if (options->first != NULL) {
        if (runtime_get_node_id(options->first) == 0) return MK_EINVAL;
        group->has_first = true;
        group->members[0].rt = options->first;
        return MK_OK;
    }
    node_id_t node = options->node_id;
    if (options->name != NULL) {
        if (node_name_check(options->name) < 0) return MK_EINVAL;
        if (node == 0) (void)node_id_make("", options->name, &node);
        return make_member(group, 0, options->name, node, max_actors);
    }
    return make_member(group, 0, mk_node_identity(), node != 0 ? node : mk_node_id(),
                       max_actors);
}

/* What members can do for each other beside mail, and what they know of each other. A
 * ring is its own bound and knows exactly what was not taken, so there is no credit; it
 * ends with its thread, so there is no heartbeat. */
static int introduce(member_t *member) {
    int result = node_features_start(member->rt);
    member->facts.node = runtime_get_node_id(member->rt);
    member->facts.features =
        peers_offered(member->rt) & ~(uint32_t)(PEER_CREDIT | PEER_HEARTBEAT);
    mk_writer_t writer;
    writer_init(&writer, member->facts.identity, sizeof member->facts.identity);
    writer_str(&writer, node_identity(member->rt));
    return result;
}

static int make_members(runtime_group_t *group,
                        const runtime_group_options_t *options) {
    size_t max_actors = options->max_actors != 0 ? options->max_actors : ACTORS_MAX;
    int result = make_first(group, options, max_actors);
    for (size_t i = 1; result == MK_OK && i < group->count; i++) {
        char name[MK_NODE_NAME_MAX];
        name_member(node_identity(group->members[0].rt), i, name);
        result = make_member(group, i, name, number_member(group, i, name), max_actors);
    }
    for (size_t i = 0; result == MK_OK && i < group->count; i++)
        result = introduce(&group->members[i]);
    return result;
}

/* --- linking --- */

static int link_members(runtime_group_t *group) {
    for (size_t i = 0; i < group->count; i++) {
        for (size_t k = i + 1; k < group->count; k++) {
            link_t *links[2];
            int result =
                ring_link_open(group->members[i].rt, group->members[k].rt, 0, links);
            if (result < 0) return result;
            *link_between(group, i, k) = links[0];
            *link_between(group, k, i) = links[1];
        }
    }
    return MK_OK;
}

/* On the member's own thread, so that what it needs all the time does not lie in memory
 * beside another one's. */
static int adopt_others(const member_t *member) {
    runtime_group_t *group = member->group;
    for (size_t i = 0; i < group->count; i++) {
        link_t **link = link_between(group, member->index, i);
        if (*link == NULL) continue;
        peer_facts_t facts = group->members[i].facts;
        facts.features &= member->facts.features;
        facts.is_ours = member->index < i;
        int result = peers_adopt(member->rt, *link, &facts);
        if (result < 0) return result;
        *link = NULL;
    }
    return MK_OK;
}

/* Those that were not adopted. */
static void close_links(runtime_group_t *group) {
    for (size_t i = 0; i < group->count; i++) {
        for (size_t k = 0; k < group->count; k++) {
            link_t *link = *link_between(group, i, k);
            if (link != NULL) link_close(link, group->members[i].rt, false);
        }
    }
}

/* `member` ends its links to the others. */
static void part_from_others(const member_t *member) {
    const runtime_group_t *group = member->group;
    for (size_t i = 0; i < group->count; i++) {
        if (i == member->index || group->members[i].rt == NULL) continue;
        node_id_t node = runtime_get_node_id(group->members[i].rt);
        peer_t *peer = peers_find(member->rt, node);
        if (peer != NULL) peer_end(member->rt, peer, MK_OK, "its thread ends");
    }
}

/* --- running --- */

/* Whether the others know the names of a member, or at least it has sent them. */
static bool has_told_names(const member_t *member) {
    const runtime_group_t *group = member->group;
    for (size_t i = 0; i < group->count; i++)
        if (i != member->index &&
            !registry_sync_is_in_step(member->rt, group->members[i].facts.node))
            return false;
    return true;
}

/* Each look sends some. When the others do not take them they have to come later. */
static void tell_names(const member_t *member) {
    for (int i = 0; i < NAME_LOOKS && !has_told_names(member); i++)
        runtime__look(member->rt);
    runtime__look(member->rt); /* lets go of what the last one sent */
}

static void set_up(member_t *member) {
    runtime_group_t *group = member->group;
    int result = adopt_others(member);
    if (result == MK_OK && group->setup != NULL)
        result = group->setup(member->rt, member->index, group->ctx);
    if (result == MK_OK) tell_names(member);
    port_lock_acquire(group->lock);
    group->reported++;
    if (result < 0 && group->problem == MK_OK) group->problem = result;
    port_lock_signal(group->lock, true);
    port_lock_release(group->lock);
}

static gate_t wait_at_gate(runtime_group_t *group) {
    port_lock_acquire(group->lock);
    while (group->gate == GATE_SHUT)
        port_lock_wait(group->lock);
    gate_t gate = group->gate;
    port_lock_release(group->lock);
    return gate;
}

/* Its loop has returned. When all end nobody parts before the last loop has: the end of
 * a group is no news to its members. */
static void leave_loop(runtime_group_t *group) {
    port_lock_acquire(group->lock);
    group->running--;
    port_lock_signal(group->lock, true);
    while (group->is_stopping && group->running > 0)
        port_lock_wait(group->lock);
    port_lock_release(group->lock);
}

static void run_member(void *arg) {
    member_t *member = arg;
    set_up(member);
    if (wait_at_gate(member->group) == GATE_OPEN) {
        runtime__look(member->rt); /* the others' names, before anyone wants them */
        runtime_run(member->rt);
        leave_loop(member->group);
    }
    part_from_others(member);
}

/* Decide for all when `begun` members have reported. Returns the problem. */
static int open_gate(runtime_group_t *group, size_t begun, int problem) {
    port_lock_acquire(group->lock);
    while (group->reported < begun)
        port_lock_wait(group->lock);
    if (problem == MK_OK) problem = group->problem;
    group->running = group->count - (group->has_first ? 1 : 0);
    group->gate = problem == MK_OK ? GATE_OPEN : GATE_HOME;
    port_lock_signal(group->lock, true);
    port_lock_release(group->lock);
    return problem;
}

static int start_threads(runtime_group_t *group) {
    int result = MK_OK;
    size_t begun = 0;
    size_t from = group->has_first ? 1 : 0;
    for (size_t i = from; result == MK_OK && i < group->count; i++) {
        member_t *member = &group->members[i];
        result = port_thread_start(&member->thread, run_member, member);
        if (result == MK_OK) begun++;
    }
    if (result == MK_OK && group->has_first) {
        set_up(&group->members[0]);
        begun++;
    }
    result = open_gate(group, begun, result);
    if (result == MK_OK && group->has_first) runtime__look(group->members[0].rt);
    return result;
}

int runtime_group_start(size_t count, runtime_group_setup_fn setup,
                        const runtime_group_options_t *options, runtime_group_t **out) {
    static const runtime_group_options_t defaults = {.ctx = NULL};
    if (options == NULL) options = &defaults;
    if (count == 0 || count > MK_GROUP_MAX) return MK_EINVAL;
    runtime_group_t *group = mk_calloc(1, sizeof *group + count * sizeof(member_t));
    if (group == NULL) return MK_ENOMEM;
    group->count = count;
    group->setup = setup;
    group->ctx = options->ctx;
    for (size_t i = 0; i < count; i++)
        group->members[i] = (member_t){.group = group, .index = i};
    group->lock = port_lock_create();
    group->links = mk_calloc(count * count, sizeof(link_t *));
    bool is_complete = group->lock != NULL && group->links != NULL;
    int result = is_complete ? make_members(group, options) : MK_ENOMEM;
    if (result == MK_OK) result = link_members(group);
    *out = group; /* members may ask for it */
    if (result == MK_OK) result = start_threads(group);
    if (result == MK_OK) return MK_OK;
    *out = NULL;
    runtime_group_destroy(group);
    return result;
}

/* --- ending --- */

size_t runtime_group_count(const runtime_group_t *group) {
    return group->count;
}

runtime_t *runtime_group_member(const runtime_group_t *group, size_t index) {
    return index < group->count ? group->members[index].rt : NULL;
}

/* The members from `from` on. */
static void stop_members(runtime_group_t *group, size_t from) {
    if (group->lock == NULL) return;
    port_lock_acquire(group->lock);
    group->is_stopping = true;
    port_lock_release(group->lock);
    for (size_t i = from; i < group->count; i++)
        runtime_stop(group->members[i].rt);
}

void runtime_group_stop(runtime_group_t *group) {
    stop_members(group, 0);
}

void runtime_group_join(runtime_group_t *group) {
    for (size_t i = 0; i < group->count; i++) {
        if (group->members[i].thread == NULL) continue;
        port_thread_join(group->members[i].thread);
        group->members[i].thread = NULL;
    }
}

void runtime_group_destroy(runtime_group_t *group) {
    if (group == NULL) return;
    stop_members(group, group->has_first ? 1 : 0);
    runtime_group_join(group);
    if (group->links != NULL) close_links(group);
    if (group->members[0].rt != NULL) part_from_others(&group->members[0]);
    for (size_t i = group->has_first ? 1 : 0; i < group->count; i++)
        runtime_destroy(group->members[i].rt);
    port_lock_destroy(group->lock);
    mk_free(group->links);
    mk_free(group);
}
