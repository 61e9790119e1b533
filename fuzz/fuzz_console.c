/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_console.c - a session in which anything is typed and anything happens: it ends
 * once, gives the terminal back, and a pipe gets nothing but text.
 *
 * The first byte says whether a person is there (1) and whether failures are passed
 * over (2). The others are pieces that end in 0xFF. The first byte of a piece says what
 * it is, by its three lowest bits: 0 to 3 the rest is typed; 4 room of the output; 5
 * its width; 6 a log line and a message to the shell; 7 time passes, and Ctrl-C as a
 * message when the piece is longer. */
#include "microkernel/log.h"
#include "microkernel/mk_readline.h"
#include "microkernel/names.h"
#include "microkernel/runtime.h"
#include "microkernel/shell.h"
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
    STEPS_AT_END = 20000, /* messages in which the session has to end */
    STEP_NS = 10000000    /* time that passes with each of them */
};

static struct {
    runtime_t *rt;
    actor_id_t console;
    bool is_person;
    bool was_full; /* the output; then the end may have been given up */
    int ends;      /* times the end was told */
} desk;

static void note_end(runtime_t *rt, int status, void *ctx) {
    (void)rt;
    (void)ctx;
    REQUIRE(status >= 0 && status <= 255);
    desk.ends++;
}

static void open_desk(uint8_t kind) {
    sim_reset(1);
    memset(&desk, 0, sizeof desk);
    desk.is_person = (kind & 1) != 0;
    sim_terminal_set_tty(desk.is_person, desk.is_person);
    desk.rt = runtime_init(1, 64);
    (void)log_enable(desk.rt);
    shell_console_options_t options = {
        .keeps_going = (kind & 2) != 0, .welcome = "Welcome\n", .on_end = note_end};
    REQUIRE(shell_console_start(desk.rt, &options, &desk.console) == 0);
}

static void steps(int count) {
    for (int i = 0; i < count; i++)
        runtime_step(desk.rt);
}

static void interrupt(void) {
    static const char byte = SHELL_INPUT_INTERRUPT;
    (void)actor_send(desk.rt, desk.console, MSG_SHELL_INPUT, &byte, 1);
}

static void take_piece(const uint8_t *piece, size_t size) {
    if (size == 0) return;
    size_t number = size > 1 ? piece[1] : 0;
    switch (piece[0] & 7) {
    case 4:
        sim_terminal_set_room(number < 128 ? number * 4 : SIZE_MAX);
        desk.was_full = desk.was_full || number < 128;
        break;
    case 5: sim_terminal_resize((unsigned)number, 24); break;
    case 6:
        actor_log(desk.rt, LOG_WARN, "%.*s", (int)size, (const char *)piece);
        (void)actor_send_named(desk.rt, "shell", 7, piece, size);
        break;
    case 7:
        if (size > 1) interrupt();
        sim_advance((uint64_t)number * 100000000);
        break;
    default: (void)sim_terminal_type(piece + 1, size - 1); break;
    }
    steps((int)(size % 16));
}

static void check_shown(void) {
    size_t size;
    const char *shown = sim_terminal_shown(&size);
    static const char tail[] = MK_RL_PASTE_OFF;
    size_t tail_size = sizeof tail - 1;
    REQUIRE(!sim_terminal_is_raw());
    if (desk.is_person) {
        if (desk.was_full) return;
        REQUIRE(size >= tail_size);
        REQUIRE(memcmp(shown + size - tail_size, tail, tail_size) == 0);
        return;
    }
    for (size_t i = 0; i < size; i++)
        REQUIRE(((unsigned char)shown[i] >= 0x20 && shown[i] != 0x7f) ||
                shown[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    open_desk(size > 0 ? data[0] : 0);
    steps(4);
    for (size_t at = 1; at < size && actor_is_alive(desk.rt, desk.console);) {
        const uint8_t *end = memchr(data + at, 0xff, size - at);
        size_t piece = end != NULL ? (size_t)(end - data) - at : size - at;
        take_piece(data + at, piece);
        at += piece + 1;
    }
    sim_terminal_set_room(SIZE_MAX);
    sim_terminal_end_input();
    for (int i = 0; i < STEPS_AT_END && actor_is_alive(desk.rt, desk.console); i++) {
        steps(1);
        sim_advance(i % 100 == 99 ? 3600000000000 : STEP_NS);
    }
    REQUIRE(!actor_is_alive(desk.rt, desk.console));
    REQUIRE(desk.ends <= 1); /* 0: it was told to stop the console */
    steps(2);
    check_shown();
    runtime_destroy(desk.rt);
    sim_reset(1);
    return 0;
}
