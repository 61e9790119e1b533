/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_shell.c - a shell that is told anything: each line is answered once, nothing but
 * text reaches the output, and where JSON was asked for all of it is JSON.
 *
 * The bytes are pieces that end in 0xFF. The first byte of a piece says what it is, by
 * its two lowest bits: 0 ('0') a line; 1 a message of a stranger; 2 the output gets
 * full, or is free again; 3 time passes, or Ctrl-C when the piece says so. The very
 * first byte of all says whether the shell answers in JSON. */
#include "kernel/inside.h"
#include "microkernel/caps.h"
#include "microkernel/crash.h"
#include "microkernel/log.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"
#include "microkernel/shell.h"
#include "microkernel/supervision.h"
#include "shell/json_check.h"
#include "sim/sim.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

enum {
    OUT_KEPT = 1 << 20,  /* bytes of output that are looked at as a whole */
    STEPS_AT_END = 20000 /* messages in which all lines have to be answered */
};

static struct {
    runtime_t *rt;
    actor_id_t console;
    actor_id_t stranger;
    actor_id_t shell;
    size_t lines;   /* sent */
    size_t prompts; /* received */
    bool is_full;
    bool was_interrupted; /* then JSON may break off */
    size_t out_size;      /* bytes written */
    char out[OUT_KEPT + 1];
} node;

static bool take_output(const char *bytes, size_t size, bool is_problem, void *ctx) {
    (void)is_problem;
    (void)ctx;
    for (size_t i = 0; i < size; i++)
        REQUIRE(((unsigned char)bytes[i] >= 0x20 && bytes[i] != 0x7f) ||
                bytes[i] == '\n');
    if (node.out_size + size <= OUT_KEPT) memcpy(node.out + node.out_size, bytes, size);
    node.out_size += size;
    return !node.is_full;
}

static bool count_prompts(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)state;
    if (msg->type == MSG_SHELL_PROMPT) node.prompts++;
    return true;
}

/* Answers, says something to the log, or fails. */
static bool work(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type % 3 == 0)
        actor_send(rt, msg->source, 7, msg->payload, msg->payload_size);
    if (msg->type % 5 == 0)
        actor_log(rt, LOG_WARN, "%.*s", (int)msg->payload_size,
                  msg->payload != NULL ? (const char *)msg->payload : "");
    if (msg->type == 11) actor_exit(rt, EXIT_CRASHED, "\x1b[2J");
    return true;
}

static void open_node(bool is_json) {
    static const child_spec_t child = {
        "w", work, NULL, NULL, NULL, 8, RESTART_PERMANENT};
    sim_reset(1);
    memset(&node, 0, (size_t)(node.out - (char *)&node));
    node.rt = runtime_init(1, 64);
    node.console = actor_spawn(node.rt, count_prompts, NULL, NULL, 64);
    node.stranger = actor_spawn(node.rt, work, NULL, NULL, 16);
    shell_options_t options = {
        .write = take_output, .console = node.console, .is_json = is_json};
    node.shell = shell_start(node.rt, &options);
    REQUIRE(node.shell != ACTOR_ID_INVALID);
    (void)ns_actor_init(node.rt);
    (void)caps_actor_init(node.rt);
    (void)crash_enable(node.rt);
    (void)log_enable(node.rt);
    (void)log_set_debug_output(node.rt, false, LOG_LINE_TEXT);
    (void)names_register(node.rt, "echo", node.stranger);
    (void)names_register(node.rt, "/demo/echo", node.stranger);
    (void)supervisor_start(node.rt, STRATEGY_ONE_FOR_ONE, 5, 1000, &child, 1);
}

/* One of those that everything here is about was told to stop. */
static bool is_over(void) {
    return !actor_is_alive(node.rt, node.shell) ||
           !actor_is_alive(node.rt, node.console);
}

static void steps(int count) {
    for (int i = 0; i < count && !is_over(); i++)
        runtime_step(node.rt);
}

static void order(const void *bytes, size_t size) {
    (void)actor_send(node.rt, node.shell, MSG_SHELL_INPUT, bytes, size);
}

static void interrupt(void) {
    static const char byte = SHELL_INPUT_INTERRUPT;
    node.was_interrupted = true;
    order(&byte, 1);
}

static void set_full(bool is_full) {
    static const char byte = SHELL_INPUT_CONTINUE;
    node.is_full = is_full;
    if (!is_full) order(&byte, 1);
}

static void say(const uint8_t *line, size_t size) {
    if (size == 1 &&
        (line[0] == SHELL_INPUT_INTERRUPT || line[0] == SHELL_INPUT_CONTINUE))
        return;
    if (actor_send(node.rt, node.shell, MSG_SHELL_INPUT, line, size)) node.lines++;
}

static void take_piece(const uint8_t *piece, size_t size) {
    if (size == 0) return;
    switch (piece[0] & 3) {
    case 0: say(piece + 1, size - 1); break;
    case 1:
        (void)actor__send_from(node.rt, node.stranger, node.shell,
                               (msg_type_t)size * 13, piece + 1, size - 1);
        break;
    case 2: set_full(!node.is_full); break;
    default:
        if (size > 1 && (piece[1] & 1) != 0) interrupt();
        sim_advance((uint64_t)size * 100000000);
        break;
    }
    steps((int)(size % 16));
}

/* All lines are answered in the end, whatever they waited for. */
static void finish(void) {
    set_full(false);
    for (int i = 0; i < STEPS_AT_END && node.prompts < node.lines && !is_over(); i++) {
        steps(1);
        sim_advance(3600000000000);
    }
    steps(10);
    if (!is_over()) REQUIRE(node.prompts == node.lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bool is_json = size > 0 && (data[0] & 1) != 0;
    open_node(is_json);
    for (size_t at = 1; at < size && !is_over();) {
        const uint8_t *end = memchr(data + at, 0xff, size - at);
        size_t piece = end != NULL ? (size_t)(end - data) - at : size - at;
        take_piece(data + at, piece);
        at += piece + 1;
    }
    finish();
    bool is_whole = !is_over() && !node.was_interrupted && node.out_size <= OUT_KEPT;
    if (is_json && is_whole && node.out_size > 0) {
        node.out[node.out_size] = '\0';
        REQUIRE(is_json_rows(node.out));
    }
    runtime_destroy(node.rt);
    sim_reset(1);
    return 0;
}
