/* SPDX-License-Identifier: Apache-2.0 */
/* supervision.h - actors that start, watch and restart other actors.
 *
 * Semantics of Erlang/OTP supervisors: children start in order and stop in reverse
 * order; a strategy says who restarts when one dies; too many restarts within a window
 * end the supervisor, and its own parent supervisor takes it from there.
 *
 * How a supervisor ends: when its budget of restarts is used up or a child cannot be
 * started at first, with EXIT_CRASHED and a text; when a timer that it cannot do
 * without is not to be had, with EXIT_NO_MEMORY; when it is asked to (MSG_SHUTDOWN,
 * supervisor_stop) or by auto shutdown, with EXIT_SHUTDOWN. Each time its children end
 * first, in reverse order and within their shutdown times. When it is killed
 * (actor_stop, a link), its children are killed with it before the next message is
 * delivered, through any number of levels.
 *
 * A child that was to be restarted and could not be (its factory failed, memory is
 * short, its name is taken) counts as one more restart and is tried again, after its
 * back-off or a millisecond.
 *
 * The functions belong to the runtime's thread and may be called inside and outside
 * behaviours. From within a factory, a registrar or a free_state that runs on behalf of
 * the same supervisor its children cannot be changed: such calls answer MK_EBUSY, or
 * their value for failure; supervisor_stop is carried out afterwards. */
#ifndef MICROKERNEL_SUPERVISION_H
#define MICROKERNEL_SUPERVISION_H

#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    RESTART_PERMANENT = 0, /* always restarted */
    RESTART_TRANSIENT = 1, /* restarted after an abnormal exit only */
    RESTART_TEMPORARY = 2  /* never restarted; its place goes with it */
} restart_type_t;

typedef enum {
    STRATEGY_ONE_FOR_ONE = 0, /* the child that died */
    STRATEGY_ONE_FOR_ALL = 1, /* all children */
    STRATEGY_REST_FOR_ONE = 2 /* the child that died and those started after it */
} restart_strategy_t;

/* When a significant child ends normally and is not restarted (OTP auto_shutdown). */
typedef enum {
    AUTO_SHUTDOWN_NEVER = 0, /* nothing */
    AUTO_SHUTDOWN_ANY = 1,   /* the supervisor stops when one such child ended */
    AUTO_SHUTDOWN_ALL = 2    /* ... when all such children ended */
} auto_shutdown_t;

/* Makes the state of a child at every start; NULL means failure unless the child has no
 * factory at all. */
typedef void *(*state_factory_fn)(void *factory_arg);

/* A child as programs have always declared it. The name is copied; NULL is allowed. */
typedef struct {
    const char *name; /* for listings; registered nowhere */
    actor_behavior_fn behavior;
    state_factory_fn factory; /* NULL: the state is NULL */
    void *factory_arg;        /* the program's; must outlive the supervisor */
    void (*free_state)(void *);
    size_t mailbox_size;
    restart_type_t restart_type;
} child_spec_t;

/* A shutdown_ms without end. */
#define MK_SHUTDOWN_UNLIMITED UINT64_MAX

/* What a child may have beyond child_spec_t; a zeroed struct means the defaults. */
typedef struct {
    uint64_t shutdown_ms;    /* time to end after MSG_SHUTDOWN, then it is killed;
                                0: killed at once; or MK_SHUTDOWN_UNLIMITED */
    uint64_t backoff_ms;     /* wait before a restart, doubled by each that comes before
                                the child was up for the ceiling's time; 0: none */
    uint64_t backoff_max_ms; /* ceiling of the wait; 0: 64 times backoff_ms */
    bool is_significant;     /* see auto_shutdown_t; transient or temporary only */
    bool is_supervisor;      /* shown as such, and its shutdown time is unlimited if 0;
                                known by itself for supervisor_child_spec */
    mailbox_policy_t mailbox_policy;
    actor_priority_t priority;
    const char *register_as; /* flat name or path registered at each start (see
                                supervisor_set_registrar), copied; or NULL */
} child_options_t;

typedef struct {
    restart_strategy_t strategy;
    int max_restarts;   /* allowed within the window; <= 0: the first is too many */
    uint64_t window_ms; /* a restart counts until it is older; 0: it counts for ever */
    auto_shutdown_t auto_shutdown;
    bool is_template;  /* simple-one-for-one: the only spec is the pattern, no child is
                          started; supervisor_start_child adds instances, which have
                          no order and end all at once */
    const char *name;  /* for listings, copied; or NULL */
    actor_id_t parent; /* who gets MSG_CHILD_EXIT of this supervisor; 0: nobody. A
                          nested supervisor gets its parent from above instead */
} supervisor_options_t;

/* Facts about one child. */
typedef struct {
    char name[MK_NAME_MAX];
    actor_id_t id; /* 0 while it is not running */
    restart_type_t restart_type;
    bool is_supervisor;
    bool is_significant;
    bool is_restarting;       /* waits for its back-off */
    uint32_t restarts;        /* since the supervisor started */
    uint8_t last_exit_reason; /* of its latest end; EXIT_NORMAL before the first */
} child_info_t;

/* Start a supervisor with `n_specs` children (copied; 1 or more). The children start,
 * in order, when it handles its first message (it has one already), or with the first
 * call that changes its children if that is earlier. When one cannot be started, those
 * before it are stopped and the supervisor ends with EXIT_CRASHED and a text. Returns
 * its id, or 0: bad arguments or memory short, nothing was started. */
actor_id_t supervisor_start(runtime_t *rt, restart_strategy_t strategy,
                            int max_restarts, uint64_t window_ms,
                            const child_spec_t *specs, size_t n_specs);

/* As supervisor_start with everything OTP offers. `child_options` is NULL or has
 * `n_specs` entries; no specs at all is allowed. A template has exactly one spec and is
 * STRATEGY_ONE_FOR_ONE. */
actor_id_t supervisor_start_with(runtime_t *rt, const supervisor_options_t *options,
                                 const child_spec_t *specs,
                                 const child_options_t *child_options, size_t n_specs);

/* A spec for a nested supervisor: fills `out` so that the child is a supervisor started
 * from `options` and `specs` (all borrowed: they must outlive the parent supervisor).
 * `config` is caller's memory that must live as long. */
typedef struct {
    supervisor_options_t options;
    const child_spec_t *specs;
    const child_options_t *child_options;
    size_t n_specs;
} supervisor_config_t;
void supervisor_child_spec(child_spec_t *out, const char *name,
                           const supervisor_config_t *config,
                           restart_type_t restart_type);

/* Current id of child `index`, in start order; ACTOR_ID_INVALID when it does not run,
 * there is no such child, or `sup_id` is not a supervisor. Costs a walk over `index`
 * children. */
actor_id_t supervisor_get_child(runtime_t *rt, actor_id_t sup_id, size_t index);

/* The factory argument of child `index`; NULL when there is none. */
void *supervisor_get_factory_arg(runtime_t *rt, actor_id_t sup_id, size_t index);

/* Put the live actor `new_child` into the place of the running `old_child` (hot
 * reload): the supervisor becomes the parent of the new one, the old one lives on
 * without parent, the factory argument is replaced and the old one returned if wanted.
 * Returns the index, or -1 and nothing is changed: `old_child` is no child that runs,
 * or is being stopped; `new_child` is not alive, or some supervisor's child already;
 * memory is short. */
int supervisor_replace_child(runtime_t *rt, actor_id_t sup_id, actor_id_t old_child,
                             actor_id_t new_child, void *new_factory_arg,
                             void **old_factory_arg_out);

/* Stop a supervisor: its children in reverse order, each with its shutdown time, then
 * itself with EXIT_SHUTDOWN. Its parent supervisor takes it as terminated by
 * supervisor_terminate_child and does not restart it. Ids that are not supervisors are
 * ignored, as is a second call. */
void supervisor_stop(runtime_t *rt, actor_id_t sup_id);

/* Add a child and start it (at the end of the order). For a template supervisor `spec`
 * and `options` are NULL and `factory_arg` replaces that of the pattern; for others it
 * is ignored, and the spec has its own. Returns the child's id, or 0: `sup_id` is no
 * supervisor, it is ending or just restarts a group, the spec is wrong, a child of that
 * name exists, the factory failed, its name cannot be registered, or memory is short;
 * then nothing was added. Instances of a template cost O(1). */
actor_id_t supervisor_start_child(runtime_t *rt, actor_id_t sup_id,
                                  const child_spec_t *spec,
                                  const child_options_t *options, void *factory_arg);

/* Stop a child, found by `child_id` or, when that is 0, by `name`; keep its spec (a
 * template's or temporary child is removed). It ends within its shutdown time; one that
 * waits for a restart is no longer restarted. Of several children with one name the
 * first is meant, here and below; instances of a template have an id only. MK_OK, also
 * when it does not run; MK_ENOENT; MK_EBUSY. */
int supervisor_terminate_child(runtime_t *rt, actor_id_t sup_id, const char *name,
                               actor_id_t child_id);

/* Start a child that was terminated or has finished. Returns MK_OK; MK_ENOENT;
 * MK_EEXIST: it runs; MK_EBUSY: it is ending, is to be restarted anyway, or its group
 * is; MK_ESTOPPED: the supervisor is ending; MK_ENOMEM: it could not be started. */
int supervisor_restart_child(runtime_t *rt, actor_id_t sup_id, const char *name);

/* Forget the spec of a child that does not run. MK_OK; MK_ENOENT; MK_EEXIST: it runs,
 * is ending, or is to be restarted; MK_EBUSY. */
int supervisor_delete_child(runtime_t *rt, actor_id_t sup_id, const char *name);

/* Facts about all children in start order, at most `max` of them (none when `out` is
 * NULL). Returns how many there are; 0 when `sup_id` is not a supervisor. */
size_t supervisor_which_children(runtime_t *rt, actor_id_t sup_id, child_info_t *out,
                                 size_t max);

/* Numbers of children. False when `sup_id` is not a supervisor. */
typedef struct {
    size_t specs;       /* children known */
    size_t active;      /* running */
    size_t supervisors; /* of the known ones */
    size_t workers;     /* the others */
} child_counts_t;
bool supervisor_count_children(runtime_t *rt, actor_id_t sup_id, child_counts_t *out);

/* Gives `id` a flat name or path: MK_OK, or why not. */
typedef int (*supervisor_registrar_fn)(runtime_t *rt, const char *name, actor_id_t id);

/* Say who registers children under child_options_t.register_as; NULL: nobody. A program
 * gives names_register (names.h) once, after runtime_init: supervisors cannot know the
 * name service, which lies beside them. Without a registrar such children cannot be
 * started. False when memory is short. */
bool supervisor_set_registrar(runtime_t *rt, supervisor_registrar_fn fn);

/* True when `id` is a live supervisor; its strategy and name if wanted. */
bool supervisor_is(runtime_t *rt, actor_id_t id);
bool supervisor_describe(runtime_t *rt, actor_id_t id, restart_strategy_t *strategy,
                         char *name, size_t name_cap);

#ifdef __cplusplus
}
#endif

#endif
