/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - what a supervisor keeps about a child: how it is made, and where it stands.
 */
#ifndef MK_SUPERVISION_CHILD_H
#define MK_SUPERVISION_CHILD_H

#include "base/check.h"
#include "base/list.h"
#include "microkernel/supervision.h"
#include "supervision/backoff.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How children of one kind are made: a checked copy of spec and options. One per child,
 * or one for all instances of a template. */
typedef struct {
    actor_behavior_fn behavior;
    state_factory_fn factory; /* NULL: the state is NULL */
    void *factory_arg;        /* of the spec; an instance of a template has its own */
    void (*free_state)(void *);
    size_t mailbox_size;
    restart_type_t restart_type;
    child_options_t options; /* register_as points into `text` */
    const char *name;        /* into `text`; NULL: none */
    char text[];             /* the strings */
} blueprint_t;

typedef enum {
    CHILD_DOWN =
        0,    /* no actor, and none is wanted: not started yet, finished, terminated */
    CHILD_UP, /* its actor lives, or its MSG_CHILD_EXIT is on the way */
    CHILD_WAITING, /* no actor, but one is wanted: its back-off or its group comes first
                    */
    CHILD_STOPPING /* its actor was asked to end; MSG_CHILD_EXIT is awaited */
} child_state_t;

/* What a child becomes when the actor that shall end has ended. */
typedef enum {
    FATE_DOWN = 0, /* CHILD_DOWN */
    FATE_WAITING,  /* CHILD_WAITING: its group restarts */
    FATE_GONE      /* removed: temporary, or an instance of a template */
} child_fate_t;

typedef struct {
    list_node_t by_order;   /* in the supervisor's list, in start order */
    blueprint_t *blueprint; /* owned, or the template's */
    void *factory_arg;      /* the program's */
    actor_id_t id;          /* not 0 exactly when CHILD_UP or CHILD_STOPPING */
    timer_id_t timer;       /* its shutdown time or back-off; 0: none */
    uint32_t restarts;      /* starts after the first */
    child_state_t state;
    child_fate_t fate;        /* valid when CHILD_STOPPING or in_group */
    uint8_t last_exit_reason; /* EXIT_... of its latest end */
    bool in_group;            /* its group is being restarted */
    bool was_started;         /* at least once */
    backoff_t backoff;        /* where its waits stand */
} child_t;

/* A blueprint from a spec and its options (NULL: defaults). MK_OK and owned in `*out`;
 * MK_EINVAL: no behaviour, an unknown enum value, or significant and permanent;
 * MK_ENOMEM. A child whose behaviour is `supervisor_behavior` counts as a supervisor
 * whatever its options say. */
int blueprint_create(blueprint_t **out, const child_spec_t *spec,
                     const child_options_t *options,
                     actor_behavior_fn supervisor_behavior);

/* Takes `blueprint`; NULL is allowed. */
void blueprint_destroy(blueprint_t *blueprint);

/* A child that is down and in no list. Owned; NULL when memory is short. The blueprint
 * is borrowed. */
child_t *child_create(blueprint_t *blueprint, void *factory_arg);

/* True when an actor lives in its place. */
static inline bool child_is_running(const child_t *child) {
    return child->state == CHILD_UP || child->state == CHILD_STOPPING;
}

/* True when it runs or is to run again. */
static inline bool child_is_wanted(const child_t *child) {
    switch (child->state) {
    case CHILD_DOWN: return false;
    case CHILD_UP:
    case CHILD_WAITING: return true;
    case CHILD_STOPPING: return child->fate == FATE_WAITING;
    }
    return false;
}

/* The child whose `by_order` is `node`. */
static inline child_t *child_of(list_node_t *node) {
    return MK_CONTAINER_OF(node, child_t, by_order);
}

/* Facts for listings. */
void child_describe(const child_t *child, child_info_t *out);

#endif
