/* SPDX-License-Identifier: Apache-2.0 */
/* wasm_actor.h - actors whose behaviour is a WebAssembly module.
 *
 * A module exports
 *
 *     handle_message(i32 type, i64 source, i32 payload, i32 size) -> i32
 *
 * which is called once per message; 0 ends the actor. It imports functions of the host
 * from "env". Before its first message its start function runs, then the exported
 * `_initialize()`, if there is one.
 *
 * The payload is copied into the module's memory, valid until handle_message returns:
 * into a block of the exported `malloc` when `malloc` and `free` are exported; else
 * behind the exported global `__heap_base`; else at the end of the memory as it was at
 * first; what finds no room there, in pages that are added for it. A module without
 * memory, and a message without payload, get 0, 0. A message whose payload finds no
 * room at all is dropped, and the log says so.
 *
 * A guest that runs long is put at the end of the queue again and again and goes on
 * there; its mail waits meanwhile. A guest that waits (mk_recv, mk_sleep_ms, saved
 * state, a file) keeps nothing but its frames: mk_recv takes the next message of the
 * mailbox, in all other waits the mail waits with it, in order. On MSG_SHUTDOWN, which
 * the module sees like any message, the actor ends when its call returns.
 *
 * It has no timers but the one of its wait.
 *
 * A trap ends the actor with EXIT_TRAPPED, lack of memory with EXIT_NO_MEMORY, a bound
 * of its options with EXIT_QUOTA; the exit text says what and in which functions.
 *
 * All functions belong to the runtime's thread. What has no runtime among its arguments
 * belongs to the thread of the runtime it is used with. */
#ifndef MICROKERNEL_WASM_ACTOR_H
#define MICROKERNEL_WASM_ACTOR_H

#include "microkernel/actor.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WASM_DEFAULT_STACK_SIZE 8192
#define WASM_DEFAULT_HEAP_SIZE  65536
#define FIBER_GUARD_SIZE        8192

/* Bytes that the frames of a guest may take. FIBER_STACK_NONE: mk_recv and mk_sleep_ms
 * answer -1 instead of waiting. */
typedef enum {
    FIBER_STACK_NONE = 0,
    FIBER_STACK_TINY = 16384,
    FIBER_STACK_SMALL = 32768,
    FIBER_STACK_MEDIUM = 65536,
    FIBER_STACK_LARGE = 131072
} fiber_stack_class_t;

typedef enum {
    RELOAD_OK = 0,
    RELOAD_ERR_NOT_FOUND = 1,    /* no such actor */
    RELOAD_ERR_NOT_WASM = 2,     /* it is no WASM actor */
    RELOAD_ERR_FIBER_ACTIVE = 3, /* asked from within the module's own call */
    RELOAD_ERR_MODULE_LOAD = 4,  /* not a valid module */
    RELOAD_ERR_INSTANCE = 5      /* not linked, or its first call failed */
} reload_result_t;

/* Rights of a module; each import needs one, and a module that imports what it has no
 * right to is refused. */
enum {
    WASM_GRANT_MESSAGES = 1u << 0, /* send, receive, names */
    WASM_GRANT_TIME = 1u << 1,     /* clock, sleep */
    WASM_GRANT_LOG = 1u << 2,      /* log, print */
    WASM_GRANT_STATE = 1u << 3,    /* own saved state */
    WASM_GRANT_SPAWN = 1u << 4,    /* start and stop actors */
    WASM_GRANT_FILES = 1u << 5,    /* read files */
    WASM_GRANT_NETWORK = 1u << 6,  /* fetch from the network */
    WASM_GRANT_HARDWARE = 1u << 7, /* send to device actors */
    WASM_GRANT_ALL = (1u << 8) - 1,
    WASM_GRANT_DEFAULT =
        WASM_GRANT_MESSAGES | WASM_GRANT_TIME | WASM_GRANT_LOG | WASM_GRANT_STATE
};

/* The bit of "messages", "time", "log", "state", "spawn", "files", "network",
 * "hardware", "all" or "default"; 0 when it is none of these. */
unsigned wasm_grant_find(const char *name, size_t size);

/* What a module may do and use. */
typedef struct {
    unsigned grants;       /* WASM_GRANT_... */
    bool may_wait;         /* false: as FIBER_STACK_NONE */
    uint32_t memory_pages; /* most pages of 64 KiB, of all its memories, and as many
                              bytes of tables; 0: MK_WASM_ACTOR_PAGES */
    uint32_t stack_bytes;  /* most bytes of frames; 0: MK_WASM_ACTOR_STACK */
    uint64_t fuel;         /* about instructions between two waits or messages, what the
                              host does for it included; 0: no bound, it only takes turns
                              with the others */
    uint32_t children;     /* live actors it may have spawned; 0: MK_WASM_CHILDREN */
    uint32_t sends;        /* messages a second over time, a burst may be twice as many;
                              more are not sent (mk_send answers 0); 0: no bound */
    actor_options_t actor; /* mailbox, priority, parent */
} wasm_actor_options_t;

/* The options of modules that nobody vouches for: WASM_GRANT_DEFAULT, may wait,
 * MK_WASM_ACTOR_FUEL, MK_WASM_ACTOR_SENDS, and the bounds above. */
wasm_actor_options_t wasm_actor_options_default(void);

/* Bytes of an explanation with its NUL. */
#define WASM_PROBLEM_MAX 256

/* Start an actor from the bytes of a module, which are copied (once per runtime,
 * however many actors are made from them). `options` NULL: the default ones. Returns
 * its id, or ACTOR_ID_INVALID; then `*error` (NULL: not wanted) is MK_EBADMSG (not a
 * module), MK_EINVAL (not valid, or without handle_message), MK_ENOTSUP, MK_ENOENT (an
 * import that does not exist), MK_EPERM (one that is not granted), MK_EREFUSED (of
 * another signature), MK_ELIMIT, MK_EOVERFLOW (data outside memory), MK_ENOMEM,
 * MK_EFULL (no more actors), and `problem` (NULL: not wanted; WASM_PROBLEM_MAX bytes) a
 * sentence. The start function runs later, in the actor's first turn. */
actor_id_t actor_spawn_wasm_with(runtime_t *rt, const uint8_t *wasm_buf,
                                 size_t wasm_size, const wasm_actor_options_t *options,
                                 int *error, char *problem);

/* As actor_spawn_wasm_with with all grants and without a bound of fuel; a failure is
 * logged. `stack_size` and `heap_size` are accepted: frames may take the larger of
 * MK_WASM_ACTOR_STACK and `stack_size`, or what `fiber_stack` says; payloads need no
 * heap of their own. */
actor_id_t actor_spawn_wasm(runtime_t *rt, const uint8_t *wasm_buf, size_t wasm_size,
                            size_t mailbox_size, uint32_t stack_size,
                            uint32_t heap_size, fiber_stack_class_t fiber_stack);

/* The same from a file of at most MK_WASM_FILE_BYTES. Blocks on the disk. */
actor_id_t actor_spawn_wasm_file(runtime_t *rt, const char *path, size_t mailbox_size,
                                 uint32_t stack_size, uint32_t heap_size,
                                 fiber_stack_class_t fiber_stack);

/* Put another module into a running WASM actor, in one step: id, names, mailbox,
 * timers, links and its place in a supervisor stay, and supervisors restart it with the
 * new module from now on (as all children with the same factory argument). Its options
 * stay, too. A call that waits or was interrupted is given up: the message it worked on
 * counts as handled. Memory is not taken over; mk_save_state and mk_load_state do that.
 *
 * The new module's start function, `_initialize` and, if it is exported, mk_upgrade(i32
 * old_version) run at once, with at most MK_WASM_RELOAD_FUEL, and must not wait;
 * old_version is the value of the old module's exported i32 global `mk_version`, else
 * 0. When one of them fails the old module goes on as if nothing had been asked. When
 * its first handle_message fails, the old module comes back and is given that message;
 * the log says so.
 *
 * `*new_id_out` (NULL: not wanted) is `old_id`, or 0 after an error. */
reload_result_t actor_reload_wasm(runtime_t *rt, actor_id_t old_id,
                                  const uint8_t *new_buf, size_t new_size,
                                  actor_id_t *new_id_out);

/* The same, with an explanation (NULL: not wanted; WASM_PROBLEM_MAX bytes). */
reload_result_t wasm_actor_reload(runtime_t *rt, actor_id_t id, const uint8_t *new_buf,
                                  size_t new_size, char *problem);

/* For child_spec_t: behaviour, factory and free_state. The factory's argument is a
 * wasm_factory_arg_t. */
typedef struct wasm_factory_arg wasm_factory_arg_t;
bool wasm_actor_behavior(runtime_t *rt, actor_t *self, message_t *msg, void *state);
void *wasm_actor_factory(void *arg);
void wasm_actor_free(void *state);

/* A module, loaded once, and what its actors may use. Returns owned, with all grants;
 * NULL when the module is refused or memory is short. It may be destroyed while actors
 * made from it live, but not while a supervisor may want to restart them. */
wasm_factory_arg_t *wasm_factory_arg_create(const uint8_t *wasm_buf, size_t wasm_size,
                                            uint32_t stack_size, uint32_t heap_size,
                                            fiber_stack_class_t fiber_stack);
/* As actor_spawn_wasm_with; `options->actor` is not used. */
wasm_factory_arg_t *wasm_factory_arg_create_with(const uint8_t *wasm_buf,
                                                 size_t wasm_size,
                                                 const wasm_actor_options_t *options,
                                                 int *error, char *problem);
void wasm_factory_arg_destroy(wasm_factory_arg_t *arg);

/* Facts about one WASM actor. */
typedef struct {
    size_t memory_bytes;   /* heap of its instance, touched memory included */
    size_t touched_bytes;  /* of its memory's pages: what the heap really holds */
    size_t module_bytes;   /* of its module, code included; shared by all its users */
    uint32_t module_users; /* actors and factories that share it */
    uint32_t memory_pages; /* declared now */
    unsigned grants;       /* WASM_GRANT_... */
    uint32_t children;     /* the bounds of its options */
    uint32_t sends;
    uint64_t fuel_used; /* since it started, about instructions */
    uint32_t reloads;   /* modules it was given after the first, at most 65535 */
    bool is_waiting;    /* in a host function */
} wasm_actor_facts_t;

/* False when `id` is no live WASM actor of this runtime. */
bool wasm_actor_facts(runtime_t *rt, actor_id_t id, wasm_actor_facts_t *out);

/* Say that this runtime runs WASM actors (caps.h: "wasm=true"); done by the first
 * spawn, too. MK_OK or MK_ENOMEM. */
int wasm_actors_announce(runtime_t *rt);

/* Kept for programs that prepared another engine: ours needs no preparation. True. */
bool wasm_actors_init(void);
bool wasm_actors_init_pool(void *pool_buf, size_t pool_size);
void wasm_actors_cleanup(void);

/* Where mk_print writes, for all runtimes of the process: a handle of the platform, or
 * -1 for standard output. What a handle does not take at once is lost. */
void wasm_actor_set_print_fd(int fd);

#ifdef __cplusplus
}
#endif

#endif
