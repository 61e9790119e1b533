/* SPDX-License-Identifier: Apache-2.0 */
/* demo.c - see demo.h.
 *
 * Actors that act by themselves need a first message at each start. It comes from the
 * function that gives them their names, which the supervisors call then. */
#include "demo.h"

#include "echo_module.h" /* made of sdk/prebuilt/echo.wasm */

#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/shell.h"
#include "microkernel/supervision.h"
#include "microkernel/timer.h"
#include "microkernel/wasm_actor.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MSG_DEMO_BEGIN = 1000, /* to those that act by themselves: you were started */
    MSG_DEMO_FAIL = 666,   /* to the worker: fail now; the payload is the reason */
    TICK_MS = 1000,        /* a count, a job */
    JOBS_UNTIL_FAILURE = 20,
    TEXT_MAX = 64 /* bytes of what they say, with the NUL */
};

const char *const demo_welcome =
    "A demo is running: a counter, an echo (a WASM actor), and a worker that fails now\n"
    "and then. Try: tree   info echo   call echo 1 hello   load echo.wasm   crash   log\n\n";

/* True for messages that a program sent; those of the system are not answered. */
static bool is_question(const message_t *msg) {
    return msg->type < MSG_SYSTEM_FIRST - 1 && msg->source != ACTOR_ID_INVALID;
}

static void answer(runtime_t *rt, const message_t *msg, const void *bytes,
                   size_t size) {
    (void)actor_send(rt, msg->source, msg->type + 1, bytes, size);
}

/* --- counter --- */

typedef struct {
    unsigned long count;
    timer_id_t timer; /* 0: it has not begun */
} counter_t;

static void begin_ticking(runtime_t *rt, timer_id_t *timer) {
    if (*timer == TIMER_ID_INVALID) *timer = actor_set_timer(rt, TICK_MS, true);
}

static bool counter_behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    counter_t *counter = state;
    char text[TEXT_MAX];
    if (msg->type == MSG_TIMER) {
        counter->count++;
        actor_log(rt, LOG_DEBUG, "tick %lu", counter->count);
    } else if (msg->type == MSG_DEMO_BEGIN) {
        begin_ticking(rt, &counter->timer);
    } else if (is_question(msg)) {
        int size = snprintf(text, sizeof text, "%lu", counter->count);
        answer(rt, msg, text, (size_t)size);
    }
    return msg->type != MSG_SHUTDOWN;
}

/* --- worker --- */

typedef struct {
    unsigned jobs; /* done since its start */
    timer_id_t timer;
} worker_t;

static const char *const mishaps[] = {
    "the paper jammed",
    "the coffee was empty",
    "division by cucumber",
    "the queue bit its own tail",
};

static void fail(runtime_t *rt, const char *why) {
    actor_log(rt, LOG_WARN, "worker: %s; somebody will restart me", why);
    actor_exit(rt, EXIT_CRASHED, why);
}

static void fail_as_told(runtime_t *rt, const message_t *msg) {
    char why[MK_EXIT_TEXT_MAX] = "told to fail";
    size_t size = msg->payload_size < sizeof why ? msg->payload_size : sizeof why - 1;
    if (size > 0) {
        memcpy(why, msg->payload, size);
        why[size] = '\0';
    }
    fail(rt, why);
}

static void do_job(runtime_t *rt, worker_t *worker) {
    if (++worker->jobs < JOBS_UNTIL_FAILURE) return;
    size_t which =
        (size_t)(runtime_counters(rt).crashed % (sizeof mishaps / sizeof mishaps[0]));
    fail(rt, mishaps[which]);
}

static bool worker_behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    worker_t *worker = state;
    char text[TEXT_MAX];
    if (msg->type == MSG_TIMER) {
        do_job(rt, worker);
    } else if (msg->type == MSG_DEMO_FAIL) {
        fail_as_told(rt, msg);
    } else if (msg->type == MSG_DEMO_BEGIN) {
        begin_ticking(rt, &worker->timer);
        actor_log(rt, LOG_INFO, "worker: at work");
    } else if (is_question(msg)) {
        int size = snprintf(text, sizeof text, "%u jobs done", worker->jobs);
        answer(rt, msg, text, (size_t)size);
    }
    return msg->type != MSG_SHUTDOWN;
}

/* --- the tree --- */

static void *make_state(void *size) {
    return calloc(1, *(const size_t *)size);
}

static size_t counter_size = sizeof(counter_t);
static size_t worker_size = sizeof(worker_t);

/* Called at each start of a child: its names, and its first message. */
static int introduce(runtime_t *rt, const char *name, actor_id_t id) {
    int result = names_register(rt, name, id);
    if (result < 0) return result;
    if (strcmp(name, "echo") == 0)
        (void)names_register(rt, "/demo/echo", id);
    else if (strncmp(name, "/demo/", 6) == 0)
        (void)actor_send(rt, id, MSG_DEMO_BEGIN, NULL, 0);
    return MK_OK;
}

/* It may answer, and nothing else. NULL: memory is short. */
static wasm_factory_arg_t *load_echo(void) {
    wasm_actor_options_t options = wasm_actor_options_default();
    options.grants = WASM_GRANT_MESSAGES;
    return wasm_factory_arg_create_with(echo_module, sizeof echo_module, &options, NULL,
                                        NULL);
}

/* The port may be somebody else's; the demo goes on without. */
static void show_on_the_web(runtime_t *rt) {
    int port = shell_web_listen(rt, MK_WEB_PORT);
    if (port >= 0)
        actor_log(rt, LOG_INFO, "see http://127.0.0.1:%d/", port);
    else
        actor_log(rt, LOG_INFO, "no pages on port %d: %s", MK_WEB_PORT,
                  mk_error_text(port));
}

int demo_start(runtime_t *rt, demo_t *demo) {
    static const child_spec_t workers[] = {{"worker", worker_behave, make_state,
                                            &worker_size, free, 16, RESTART_PERMANENT}};
    static const child_options_t worker_options[] = {
        {.register_as = "/demo/worker", .backoff_ms = 500}};
    static const supervisor_config_t workshop = {
        .options = {.strategy = STRATEGY_ONE_FOR_ONE,
                    .max_restarts = 5,
                    .window_ms = 10000,
                    .name = "workshop"},
        .specs = workers,
        .child_options = worker_options,
        .n_specs = 1};
    child_spec_t children[] = {{"counter", counter_behave, make_state, &counter_size,
                                free, 16, RESTART_PERMANENT},
                               {"echo", wasm_actor_behavior, wasm_actor_factory, NULL,
                                wasm_actor_free, 16, RESTART_PERMANENT},
                               {.name = NULL}};
    static const child_options_t child_options[] = {{.register_as = "/demo/counter"},
                                                    {.register_as = "echo"},
                                                    {.register_as = "workshop"}};
    supervisor_options_t options = {.strategy = STRATEGY_ONE_FOR_ONE,
                                    .max_restarts = 10,
                                    .window_ms = 60000,
                                    .name = "demo"};
    *demo = (demo_t){.echo = NULL};
    supervisor_child_spec(&children[2], "workshop", &workshop, RESTART_PERMANENT);
    if (actor_lookup(rt, "echo") != ACTOR_ID_INVALID) return MK_EEXIST;
    if (!supervisor_set_registrar(rt, introduce)) return MK_ENOMEM;
    demo->echo = load_echo();
    if (demo->echo == NULL) return MK_ENOMEM;
    children[1].factory_arg = demo->echo;
    actor_id_t id = supervisor_start_with(rt, &options, children, child_options, 3);
    if (id == ACTOR_ID_INVALID) return MK_ENOMEM;
    (void)names_register(rt, "demo", id);
    show_on_the_web(rt);
    return MK_OK;
}

int demo_start_share(runtime_t *rt, size_t index) {
    char name[TEXT_MAX], path[TEXT_MAX];
    (void)snprintf(name, sizeof name, "demo-%zu", index);
    (void)snprintf(path, sizeof path, "/demo/worker-%zu", index);
    child_spec_t worker = {"worker", worker_behave,    make_state, &worker_size, free,
                           16,       RESTART_PERMANENT};
    child_options_t worker_options = {.register_as = path, .backoff_ms = 500};
    supervisor_options_t options = {.strategy = STRATEGY_ONE_FOR_ONE,
                                    .max_restarts = 5,
                                    .window_ms = 10000,
                                    .name = name};
    if (!supervisor_set_registrar(rt, introduce)) return MK_ENOMEM;
    actor_id_t id = supervisor_start_with(rt, &options, &worker, &worker_options, 1);
    if (id == ACTOR_ID_INVALID) return MK_ENOMEM;
    return names_register(rt, name, id);
}

void demo_end(demo_t *demo) {
    wasm_factory_arg_destroy(demo->echo);
    demo->echo = NULL;
}
