/* SPDX-License-Identifier: Apache-2.0 */
/* shell_support.h - a shell on a simulated node, with a console that is the test.
 *
 * What the shell writes is collected; each prompt is counted. run() gives it one line
 * and lets the node run until the shell has answered. */
#ifndef MK_TESTS_SHELL_SUPPORT_H
#define MK_TESTS_SHELL_SUPPORT_H

#include "support/test.h"

#include "json_check.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"
#include "microkernel/runtime.h"
#include "microkernel/shell.h"
#include "sim/sim.h"

#include <string.h>

enum {
    WORLD_OUT = 16384,   /* bytes of output kept; all are counted */
    WORLD_STEPS = 3000,  /* messages that one line may need */
    MSG_TEST_SAY = 1000, /* to the console: send the payload as a line */
    MSG_TEST_GREET,      /* to the console: send MSG_SHELL_INIT */
    MSG_TEST_CRASH,      /* to a worker: crash with the payload as text */
    MSG_TEST_ECHO,       /* to a worker: send the payload back as MSG_TEST_REPLY */
    MSG_TEST_REPLY,
    MSG_TEST_IGNORE /* to a worker: do nothing */
};

/* The one test that runs. */
static struct {
    runtime_t *rt;
    actor_id_t console;
    actor_id_t shell;
    char out[WORLD_OUT];           /* both streams */
    char problem[1024];            /* what was written as a problem */
    size_t out_size;               /* bytes written, also those that are not kept */
    size_t problem_size;           /* likewise */
    size_t writes;                 /* calls */
    size_t half_rows;              /* of these, in text that did not end a row */
    bool is_full;                  /* the output asks to pause */
    size_t prompts;                /* received */
    shell_prompt_payload_t prompt; /* the latest */
} world;

static inline void keep(char *buf, size_t cap, size_t *used, const char *bytes,
                        size_t size) {
    if (*used + size < cap) {
        memcpy(buf + *used, bytes, size);
        buf[*used + size] = '\0';
    }
    *used += size;
}

static inline bool world_write(const char *bytes, size_t size, bool is_problem,
                               void *ctx) {
    (void)ctx;
    world.writes++;
    if (size > 0 && bytes[size - 1] != '\n') world.half_rows++;
    keep(world.out, sizeof world.out, &world.out_size, bytes, size);
    if (is_problem)
        keep(world.problem, sizeof world.problem, &world.problem_size, bytes, size);
    return !world.is_full;
}

static inline void forget_output(void) {
    world.out[0] = '\0';
    world.problem[0] = '\0';
    world.out_size = 0;
    world.problem_size = 0;
}

static inline bool console_behave(runtime_t *rt, actor_t *self, message_t *msg,
                                  void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_SHELL_PROMPT) {
        CHECK_EQ(msg->payload_size, sizeof world.prompt);
        memcpy(&world.prompt, msg->payload, sizeof world.prompt);
        world.prompts++;
    } else if (msg->type == MSG_TEST_SAY) {
        actor_send(rt, world.shell, MSG_SHELL_INPUT, msg->payload, msg->payload_size);
    } else if (msg->type == MSG_TEST_GREET) {
        actor_send(rt, world.shell, MSG_SHELL_INIT, NULL, 0);
    }
    return msg->type != MSG_SHUTDOWN;
}

static inline bool worker_behave(runtime_t *rt, actor_t *self, message_t *msg,
                                 void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_TEST_CRASH) {
        char why[64] = "";
        CHECK(msg->payload_size < sizeof why);
        if (msg->payload_size > 0) memcpy(why, msg->payload, msg->payload_size);
        actor_exit(rt, EXIT_CRASHED, why[0] != '\0' ? why : NULL);
    }
    if (msg->type == MSG_TEST_ECHO)
        actor_send(rt, msg->source, MSG_TEST_REPLY, msg->payload, msg->payload_size);
    return msg->type != MSG_SHUTDOWN;
}

static inline actor_id_t spawn_worker(const char *name) {
    actor_id_t id = actor_spawn(world.rt, worker_behave, NULL, NULL, 16);
    CHECK(id != ACTOR_ID_INVALID);
    if (name != NULL) CHECK_EQ(names_register(world.rt, name, id), MK_OK);
    return id;
}

static inline void steps(int count) {
    for (int i = 0; i < count; i++)
        runtime_step(world.rt);
}

/* A node called "box" with the number 1 and a console (actor 1), and a shell (actor 2)
 * with these options; the output and the console are filled in. */
static inline void open_world(shell_options_t options) {
    memset(&world, 0, sizeof world);
    sim_reset(1);
    world.rt = runtime_init(1, 4096);
    CHECK(world.rt != NULL);
    CHECK_EQ(node_set_identity(world.rt, "box"), MK_OK);
    world.console = actor_spawn(world.rt, console_behave, NULL, NULL, 64);
    CHECK(world.console != ACTOR_ID_INVALID);
    options.write = world_write;
    if (options.console == ACTOR_ID_INVALID) options.console = world.console;
    world.shell = shell_start(world.rt, &options);
    CHECK(world.shell != ACTOR_ID_INVALID);
}

static inline void close_world(void) {
    runtime_destroy(world.rt);
    sim_reset(1);
}

/* The console sends a line. */
static inline void say_bytes(const char *line, size_t size) {
    CHECK(actor_send(world.rt, world.console, MSG_TEST_SAY, line, size));
}

static inline void say(const char *line) {
    say_bytes(line, strlen(line));
}

/* One line, until it is answered; what was written. */
static inline const char *run(const char *line) {
    size_t before = world.prompts;
    forget_output();
    say(line);
    for (int i = 0; i < WORLD_STEPS && world.prompts == before; i++)
        runtime_step(world.rt);
    CHECK_EQ(world.prompts, before + 1);
    return world.out;
}

/* The line says this as a problem, nothing else, and ends with the status. */
static inline void check_problem(const char *line, const char *text, int status) {
    CHECK_STR(run(line), text);
    CHECK_STR(world.problem, text);
    CHECK_EQ(world.prompt.status, status);
}

#endif
