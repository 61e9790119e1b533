/* SPDX-License-Identifier: Apache-2.0 */
/* The console and its shell in the simulated world: the test is the person at the keys,
 * or the pipe. Time passes while everybody waits. */
#include "support/test.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/runtime.h"
#include "microkernel/shell.h"
#include "microkernel/timer.h"
#include "port/files.h"
#include "sim/sim.h"
#include "wasm_modules/modules.h"

#include <string.h>

#define SECOND_NS 1000000000ull

static struct {
    runtime_t *rt;
    actor_id_t console;
    int status; /* of the session; -1 before its end */
    int ends;   /* how often that was told */
} desk;

static void note_end(runtime_t *rt, int status, void *ctx) {
    CHECK(ctx == &desk);
    desk.status = status;
    desk.ends++;
    runtime_stop(rt);
}

static void stop_waiting(void *arg) {
    (void)arg;
    runtime_stop(desk.rt);
}

/* Run until the session ends or nothing can happen without the test. */
static void run(void) {
    sim_on_stuck(stop_waiting, NULL);
    runtime_run(desk.rt);
}

/* Run until so much time has passed, whatever else is to come. */
static void run_for(uint64_t ns) {
    CHECK_EQ(sim_call_at(sim_now_ns() + ns, stop_waiting, NULL), MK_OK);
    runtime_run(desk.rt);
}

static void start(const shell_console_options_t *options) {
    shell_console_options_t all = *options;
    all.on_end = note_end;
    all.end_ctx = &desk;
    desk.status = -1;
    desk.ends = 0;
    CHECK_EQ(shell_console_start(desk.rt, &all, &desk.console), MK_OK);
}

static void open_world(void) {
    sim_reset(1);
    desk.rt = runtime_init(1, 1u << 16);
    CHECK(desk.rt != NULL);
}

static void end(void) {
    runtime_destroy(desk.rt);
    sim_reset(1);
}

/* A pipe at both ends, and this text in it. */
static void start_pipe(const char *text, const shell_console_options_t *options) {
    open_world();
    sim_terminal_set_tty(false, false);
    CHECK_EQ(sim_terminal_type_text(text), MK_OK);
    start(options);
}

/* The whole session of a pipe with this text; then its end is told. */
static void run_pipe(const char *text, const shell_console_options_t *options) {
    start_pipe(text, options);
    sim_terminal_end_input();
    run();
}

/* A person; the prompt stands. */
static void sit_down(const shell_console_options_t *options) {
    open_world();
    start(options);
    run();
    CHECK_EQ(desk.status, -1);
    CHECK(sim_terminal_is_raw());
    sim_terminal_clear();
}

static void type(const char *keys) {
    CHECK_EQ(sim_terminal_type_text(keys), MK_OK);
}

static const char *shown(void) {
    return sim_terminal_shown(NULL);
}

static const char *problems(void) {
    return sim_debug_shown(NULL);
}

static bool ends_in(const char *text, const char *tail) {
    size_t len = strlen(text);
    return len >= strlen(tail) && strcmp(text + len - strlen(tail), tail) == 0;
}

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        found++;
    return found;
}

static const shell_console_options_t plain;

/* --- not a person --- */

TEST(a_pipe_is_run_line_after_line_and_nothing_else_is_shown) {
    run_pipe("lookup shell\n\n# nothing\nlookup console", &plain);
    CHECK_STR(shown(), "4294967298\n4294967297\n");
    CHECK_STR(problems(), "");
    CHECK_EQ(desk.status, SHELL_OK);
    CHECK_EQ(desk.ends, 1);
    end();
}

TEST(an_empty_pipe_ends_well) {
    run_pipe("", &plain);
    CHECK_STR(shown(), "");
    CHECK_EQ(desk.status, SHELL_OK);
    end();
}

TEST(the_first_failure_ends_a_pipe_and_says_why_elsewhere) {
    run_pipe("lookup nix; self\nself\n", &plain);
    CHECK_STR(shown(), "");
    CHECK_STR(problems(), "Not found: nix\n");
    CHECK_EQ(desk.status, SHELL_NO_NAME);
    end();
}

TEST(a_pipe_that_keeps_going_ends_with_its_first_failure) {
    run_pipe("lookup nix; lookup shell\nnosuch\nlookup shell\n",
             &(shell_console_options_t){.keeps_going = true});
    CHECK_STR(shown(), "4294967298\n4294967298\n");
    CHECK_EQ(desk.status, SHELL_NO_NAME);
    CHECK_EQ(count(problems(), "\n"), 2);
    end();
}

TEST(lines_may_come_in_pieces_and_late) {
    start_pipe("look", &plain);
    run();
    CHECK_EQ(desk.status, -1);
    type("up shell");
    run();
    CHECK_STR(shown(), "");
    type("\nlookup console\n");
    run();
    CHECK_STR(shown(), "4294967298\n4294967297\n");
    CHECK_EQ(desk.status, -1);
    sim_terminal_end_input();
    run();
    CHECK_EQ(desk.status, SHELL_OK);
    end();
}

TEST(given_commands_are_run_instead_of_the_input) {
    open_world();
    CHECK_EQ(sim_terminal_type_text("nosuch\n"), MK_OK);
    start(&(shell_console_options_t){.commands =
                                         "lookup shell; lookup console\nlookup shell"});
    run();
    CHECK_STR(shown(), "4294967298\n4294967297\n4294967298\n");
    CHECK_EQ(desk.status, SHELL_OK);
    CHECK(!sim_terminal_is_raw());
    end();
}

TEST(many_given_commands_are_all_run) {
    static char commands[40 * 100 + 1];
    commands[0] = '\0';
    for (int i = 0; i < 100; i++)
        strcat(commands, "lookup shell\n\n# a row that says nothing\n");
    open_world();
    start(&(shell_console_options_t){.commands = commands});
    run();
    CHECK_EQ(count(shown(), "4294967298\n"), 100);
    CHECK_EQ(desk.status, SHELL_OK);
    end();
}

TEST(a_terminal_is_no_person_when_the_output_is_a_file) {
    open_world();
    sim_terminal_set_tty(true, false);
    type("lookup shell\n");
    start(&plain);
    run();
    CHECK_STR(shown(), "4294967298\n");
    CHECK(!sim_terminal_is_raw());
    end();
}

TEST(a_line_that_is_too_long_is_refused_whole) {
    char text[MK_SHELL_LINE_MAX + 40];
    memset(text, ' ', sizeof text);
    memcpy(text, "lookup shell", 12);
    memcpy(text + sizeof text - 20, "nosuch\nlookup shell", 20);
    run_pipe(text, &plain);
    CHECK_STR(shown(), "");
    CHECK(strstr(problems(), "Line 1 is too long") != NULL);
    CHECK_EQ(desk.status, SHELL_USAGE);
    end();
    run_pipe(text, &(shell_console_options_t){.keeps_going = true});
    CHECK_STR(shown(), "4294967298\n");
    CHECK_EQ(desk.status, SHELL_USAGE);
    end();
}

TEST(bytes_that_are_no_text_are_shown_escaped) {
    run_pipe("nosuch\xff\x1b[2J\n", &plain);
    CHECK(strstr(problems(), "nosuch\\xff\\x1b[2J") != NULL);
    CHECK(strchr(problems(), '\x1b') == NULL);
    end();
}

TEST(a_line_that_is_one_control_byte_is_a_line) {
    run_pipe("\x03\n\x11\n\nlookup shell\n",
             &(shell_console_options_t){.keeps_going = true});
    CHECK_STR(shown(), "4294967298\n");
    CHECK_EQ(count(problems(), "Unknown command"), 2);
    CHECK_EQ(desk.status, SHELL_USAGE);
    end();
}

TEST(exit_ends_a_pipe_with_its_code) {
    run_pipe("exit 7\nlookup shell\n", &plain);
    CHECK(strstr(shown(), "4294967298") == NULL);
    CHECK_EQ(desk.status, 7);
    end();
    run_pipe("nosuch\nexit\n", &(shell_console_options_t){.keeps_going = true});
    CHECK_EQ(desk.status, SHELL_USAGE);
    end();
    run_pipe("nosuch\nexit 0\n", &(shell_console_options_t){.keeps_going = true});
    CHECK_EQ(desk.status, 0);
    end();
}

static void send_interrupt(void *arg) {
    (void)arg;
    static const char byte = SHELL_INPUT_INTERRUPT;
    (void)runtime_post(desk.rt, desk.console, MSG_SHELL_INPUT, &byte, 1);
}

TEST(an_interrupt_ends_a_pipe_in_the_middle_of_a_call) {
    start_pipe("call -t 1h console 300\nlookup shell\n",
               &(shell_console_options_t){.keeps_going = true});
    CHECK_EQ(sim_call_at(SECOND_NS, send_interrupt, NULL), MK_OK);
    run();
    CHECK_STR(shown(), "");
    CHECK_EQ(desk.status, SHELL_INTERRUPTED);
    CHECK(sim_now_ns() < 2 * SECOND_NS);
    end();
}

TEST(an_interrupt_ends_a_pipe_that_waits_for_input) {
    start_pipe("", &plain);
    CHECK_EQ(sim_call_at(SECOND_NS, send_interrupt, NULL), MK_OK);
    run();
    CHECK_EQ(desk.status, SHELL_INTERRUPTED);
    end();
}

TEST(an_output_that_nobody_reads_ends_a_pipe) {
    start_pipe("lookup shell\nlookup shell\n", &plain);
    sim_terminal_close_output();
    run();
    CHECK_EQ(desk.status, SHELL_FAILED);
    end();
}

TEST(an_input_that_cannot_be_read_ends_a_pipe) {
    start_pipe("", &plain);
    run();
    type("lookup shell\n");
    sim_fail_port_at(1, true);
    run();
    sim_fail_port_at(0, false);
    CHECK_EQ(desk.status, SHELL_FAILED);
    CHECK(strstr(problems(), "input") != NULL);
    end();
}

TEST(problem_texts_wait_for_a_full_debug_output) {
    start_pipe("nosuch\n", &plain);
    sim_debug_set_room(3);
    run_for(SECOND_NS);
    CHECK_STR(problems(), "Unk");
    CHECK_EQ(desk.status, -1);
    sim_debug_set_room(SIZE_MAX);
    run();
    CHECK(strstr(problems(), "Unknown command: nosuch") != NULL);
    CHECK_EQ(desk.status, SHELL_USAGE);
    end();
}

TEST(everything_in_json_means_also_what_went_wrong) {
    run_pipe("lookup shell\nlookup nix\n", &(shell_console_options_t){.is_json = true});
    CHECK(shown()[0] == '{');
    CHECK(problems()[0] == '{');
    CHECK_EQ(desk.status, SHELL_NO_NAME);
    end();
}

/* --- a person --- */

TEST(a_person_sees_banner_welcome_and_prompt) {
    open_world();
    start(&(shell_console_options_t){.welcome = "Try: tree\n"});
    run();
    CHECK_STR(shown(), MK_RL_PASTE_ON "\nmk-shell v0.3 (native)\n"
                                      "Type 'help' for commands.\n\nTry: tree\n> ");
    CHECK(sim_terminal_is_raw());
    end();
}

TEST(a_typed_line_is_run_and_the_prompt_comes_back) {
    sit_down(&plain);
    type("lookup shell\r");
    run();
    CHECK(ends_in(shown(), "\r\n4294967298\n> "));
    type("nosuch\r");
    run();
    CHECK(strstr(shown(), "Unknown command: nosuch") != NULL);
    CHECK_STR(problems(), "");
    CHECK(ends_in(shown(), "\n> "));
    CHECK_EQ(desk.status, -1);
    end();
}

TEST(what_is_typed_ahead_waits_for_its_turn) {
    sit_down(&plain);
    type("call console 300\rlookup shell\rlookup con");
    run();
    const char *timeout = strstr(shown(), "Timeout (5s)");
    const char *answer = strstr(shown(), "4294967298");
    CHECK(timeout != NULL && answer != NULL && timeout < answer);
    type("sole\r");
    run();
    CHECK(ends_in(shown(), "\n4294967297\n> "));
    end();
}

TEST(more_than_fits_may_be_typed_ahead) {
    sit_down(&plain);
    type("call console 300\r");
    for (int i = 0; i < 400; i++) /* 5200 bytes */
        type("lookup shell\r");
    run();
    CHECK_EQ(count(shown(), "\n4294967298\n"), 400);
    end();
}

static void type_later(void *keys) {
    type(keys);
}

TEST(ctrl_c_stops_a_call_and_drops_what_was_typed_ahead) {
    sit_down(&plain);
    type("call -t 1h console 300\r");
    CHECK_EQ(sim_call_at(sim_now_ns() + SECOND_NS, type_later, "lookup nix\r\x03look"),
             MK_OK);
    run();
    CHECK(sim_now_ns() < 10 * SECOND_NS);
    CHECK(strstr(shown(), "^C\nInterrupted\n> look") != NULL);
    CHECK(strstr(shown(), "nix") == NULL);
    type("up shell\r");
    run();
    CHECK(ends_in(shown(), "\n4294967298\n> "));
    end();
}

TEST(ctrl_z_suspends_and_the_line_comes_back) {
    sit_down(&plain);
    type("look\x1a");
    run();
    CHECK_EQ(sim_terminal_suspensions(), 1);
    CHECK(ends_in(shown(), MK_RL_PASTE_OFF MK_RL_PASTE_ON "> look"));
    type("up shell\r");
    run();
    CHECK(ends_in(shown(), "\n4294967298\n> "));
    end();
}

TEST(ctrl_z_suspends_in_the_middle_of_a_call) {
    sit_down(&plain);
    type("call -t 1h console 300\r");
    CHECK_EQ(sim_call_at(sim_now_ns() + SECOND_NS, type_later, "lookup nix\r\x03\x1a"),
             MK_OK);
    run();
    CHECK_EQ(sim_terminal_suspensions(), 1);
    CHECK(strstr(shown(), "^C\n") != NULL);
    CHECK(ends_in(shown(), "Interrupted\n> "));
    CHECK(strstr(shown(), "nix") == NULL);
    end();
}

TEST(ctrl_c_at_the_prompt_drops_the_line) {
    sit_down(&plain);
    type("nosuch\x03lookup shell\r");
    run();
    CHECK(strstr(shown(), "Unknown") == NULL);
    CHECK(ends_in(shown(), "\n4294967298\n> "));
    type("nosuch");
    run();
    send_interrupt(NULL);
    run();
    CHECK(ends_in(shown(), "^C\r\n> "));
    end();
}

TEST(ctrl_d_and_exit_leave_and_give_the_terminal_back) {
    static const char *const ways[] = {"\x04", "exit\r", "quit\r"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        sit_down(&plain);
        type(ways[i]);
        run();
        CHECK_EQ(desk.status, SHELL_OK);
        CHECK_EQ(desk.ends, 1);
        CHECK(!sim_terminal_is_raw());
        CHECK(ends_in(shown(), "\n" MK_RL_PASTE_OFF));
        run(); /* what was stopped goes */
        CHECK_EQ(runtime_list_actors(desk.rt, NULL, 0), 0);
        end();
    }
}

TEST(a_person_may_fail_and_still_ends_well) {
    sit_down(&plain);
    type("nosuch\rexit\r");
    run();
    CHECK_EQ(desk.status, SHELL_OK);
    end();
    sit_down(&plain);
    type("exit 9\r");
    run();
    CHECK_EQ(desk.status, 9);
    end();
}

TEST(a_typed_line_that_is_too_long_is_refused_whole) {
    sit_down(&plain);
    for (int i = 0; i < MK_RL_MAX_LINE + 5; i++)
        type("x");
    type("\r");
    run();
    CHECK(strstr(shown(), "Line too long: at most 255 bytes.") != NULL);
    CHECK(strstr(shown(), "Unknown") == NULL);
    CHECK(ends_in(shown(), "\n> "));
    type("lookup shell\r");
    run();
    CHECK(ends_in(shown(), "\n4294967298\n> "));
    end();
}

TEST(tab_completes_from_the_live_node) {
    sit_down(&plain);
    type("look\tcons\t");
    run();
    CHECK(strstr(shown(), "onsole ") != NULL);
    type("\r");
    run();
    CHECK(ends_in(shown(), "\n4294967297\n> "));
    end();
}

TEST(a_paste_runs_nothing_until_enter) {
    sit_down(&plain);
    type("\x1b[200~lookup\nshell\r\n\x1b[201~");
    run();
    CHECK_STR(shown(), "lookup shell");
    type("\r");
    run();
    CHECK(ends_in(shown(), "\n4294967298\n> "));
    end();
}

TEST(a_paste_that_never_ends_is_ended) {
    sit_down(&plain);
    type("\x1b[200~lookup shell");
    run(); /* a second passes */
    type("\r");
    run();
    CHECK(ends_in(shown(), "\n4294967298\n> "));
    end();
}

TEST(a_narrower_terminal_shows_a_part_of_the_line) {
    sit_down(&plain);
    type("0123456789012345678901234567890123456789");
    run();
    sim_terminal_clear();
    sim_terminal_resize(20, 24);
    run();
    CHECK(strstr(shown(), "> <") != NULL);
    CHECK(strstr(shown(), "0123456789012345678901234567890123456789") == NULL);
    end();
}

TEST(log_lines_come_above_the_line_being_edited) {
    sit_down(&plain);
    runtime_enable_logging(desk.rt);
    type("look");
    run();
    sim_terminal_clear();
    actor_log(desk.rt, LOG_INFO, "something happened");
    run();
    CHECK(strstr(shown(), "\r\x1b[K[") == shown());
    CHECK(ends_in(shown(), "something happened\n> look"));
    CHECK_STR(problems(), "");
    type("up shell\r");
    run();
    CHECK(ends_in(shown(), "\n4294967298\n> "));
    type("exit\r");
    run();
    actor_log(desk.rt, LOG_INFO, "later");
    log_flush(desk.rt);
    CHECK(strstr(problems(), "later") != NULL);
    end();
}

TEST(log_lines_come_while_a_command_runs) {
    sit_down(&plain);
    runtime_enable_logging(desk.rt);
    type("call console 300\r");
    run_for(SECOND_NS);
    sim_terminal_clear();
    actor_log(desk.rt, LOG_INFO, "meanwhile");
    run_for(SECOND_NS);
    CHECK(ends_in(shown(), "meanwhile\n"));
    CHECK(strstr(shown(), "> ") == NULL);
    run();
    CHECK(ends_in(shown(), "Timeout (5s)\n> "));
    end();
}

TEST(messages_to_the_shell_come_above_the_line_being_edited) {
    sit_down(&plain);
    type("look");
    run();
    sim_terminal_clear();
    CHECK(actor_send_named(desk.rt, "shell", 7, "hello", 5));
    run();
    CHECK(strstr(shown(), "\r\x1b[K[msg] type=7") == shown());
    CHECK(ends_in(shown(), "\"hello\"\n> look"));
    end();
}

TEST(a_hangup_ends_the_session_whatever_runs) {
    sit_down(&plain);
    sim_terminal_end_input();
    run();
    CHECK_EQ(desk.status, SHELL_OK);
    CHECK(!sim_terminal_is_raw());
    end();
    sit_down(&plain);
    type("call -t 1h console 300\r");
    run_for(SECOND_NS);
    sim_terminal_end_input();
    run();
    CHECK_EQ(desk.status, SHELL_OK);
    CHECK(sim_now_ns() < 60 * SECOND_NS);
    end();
}

TEST(a_broken_screen_ends_the_session) {
    sit_down(&plain);
    sim_terminal_close_output();
    type("x");
    run();
    CHECK_EQ(desk.status, SHELL_FAILED);
    end();
}

/* --- slow terminals --- */

typedef struct {
    unsigned ticks;
} clock_state_t;

static bool count_seconds(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    clock_state_t *me = state;
    if (msg->type == MSG_TIMER)
        me->ticks++;
    else
        (void)actor_set_timer(rt, 1000, true);
    return true;
}

static bool do_nothing(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    (void)state;
    return true;
}

/* A listing that is much longer than all buffers together, and what it shows fits. */
enum { CROWD = MK_SHELL_OUTPUT_BYTES >= 8192 ? 2000 : 400 };

TEST(a_stuck_terminal_delays_nobody_and_gets_all_of_a_long_listing) {
    clock_state_t state = {0};
    sit_down(&plain);
    for (int i = 0; i < CROWD; i++)
        CHECK(actor_spawn(desk.rt, do_nothing, NULL, NULL, 2) != ACTOR_ID_INVALID);
    actor_id_t clock = actor_spawn(desk.rt, count_seconds, &state, NULL, 4);
    CHECK(actor_send(desk.rt, clock, 1, NULL, 0));
    sim_terminal_set_room(100);
    type("list\r");
    run_for(10 * SECOND_NS);
    CHECK(state.ticks >= 9);
    size_t size;
    (void)sim_terminal_shown(&size);
    CHECK_EQ(size, 100);
    for (int i = 0; i < 400; i++) { /* a slow reader */
        sim_terminal_set_room(1000);
        run_for(SECOND_NS / 1000);
    }
    CHECK_EQ(count(shown(), " idle "), CROWD + 2);
    CHECK(strstr(shown(), "lost") == NULL);
    CHECK(ends_in(shown(), "\n> "));
    end();
}

TEST(a_flood_of_log_lines_at_a_stuck_terminal_is_bounded) {
    sit_down(&plain);
    runtime_enable_logging(desk.rt);
    CHECK_EQ(log_set_rate(desk.rt, 0, 0), MK_OK);
    sim_terminal_set_room(0);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 50; i++)
            actor_log(desk.rt, LOG_INFO, "a line of some length, number %d", i);
        run_for(SECOND_NS / 1000);
    }
    CHECK(log_counts(desk.rt).sink_busy > 5000);
    sim_terminal_set_room(SIZE_MAX);
    run();
    actor_log(desk.rt, LOG_INFO, "the last one");
    run();
    CHECK(strstr(shown(), "lost") != NULL);
    CHECK(ends_in(shown(), "the last one\n> "));
    size_t size;
    (void)sim_terminal_shown(&size);
    CHECK(size < 64000);
    end();
}

TEST(at_the_end_a_stuck_terminal_is_waited_for_only_a_moment) {
    sit_down(&plain);
    sim_terminal_set_room(0);
    type("exit\r");
    run();
    CHECK_EQ(desk.status, SHELL_OK);
    CHECK(sim_now_ns() < 10 * SECOND_NS);
    end();
}

TEST(at_the_end_a_slow_pipe_gets_everything) {
    start_pipe("help\n", &plain);
    sim_terminal_end_input();
    sim_terminal_set_room(0);
    run_for(60 * SECOND_NS);
    CHECK_EQ(desk.status, -1);
    for (int i = 0; i < 1000 && desk.status < 0; i++) {
        sim_terminal_set_room(10);
        run_for(SECOND_NS);
    }
    CHECK_EQ(desk.status, SHELL_OK);
    CHECK(strstr(shown(), "exit [code]") != NULL);
    CHECK(ends_in(shown(), "\n"));
    end();
}

/* --- ends by others --- */

TEST(nothing_is_shown_behind_the_end) {
    sit_down(&plain);
    runtime_enable_logging(desk.rt);
    sim_terminal_set_room(10);
    type("exit\r");
    run_for(SECOND_NS / 10);
    CHECK_EQ(desk.status, -1);
    actor_log(desk.rt, LOG_INFO, "too late");
    CHECK(actor_send_named(desk.rt, "shell", 7, "hello", 5));
    run_for(SECOND_NS / 10);
    sim_terminal_set_room(SIZE_MAX);
    run();
    CHECK_EQ(desk.status, SHELL_OK);
    CHECK(ends_in(shown(), "Goodbye.\n" MK_RL_PASTE_OFF));
    CHECK(strstr(problems(), "too late") != NULL);
    end();
}

TEST(a_shutdown_is_orderly) {
    sit_down(&plain);
    type("call -t 1h console 300\r");
    run_for(SECOND_NS);
    CHECK(actor_shutdown(desk.rt, desk.console));
    run();
    CHECK_EQ(desk.status, SHELL_OK);
    CHECK(!sim_terminal_is_raw());
    CHECK(ends_in(shown(), MK_RL_PASTE_OFF));
    end();
}

TEST(a_shutdown_does_not_wait_for_a_stuck_pipe) {
    start_pipe("help\n", &plain);
    sim_terminal_set_room(0);
    run_for(SECOND_NS);
    CHECK(actor_shutdown(desk.rt, desk.console));
    run();
    CHECK_EQ(desk.ends, 1);
    CHECK(sim_now_ns() < 10 * SECOND_NS);
    end();
}

TEST(a_console_that_is_stopped_gives_the_terminal_back) {
    sit_down(&plain);
    type("lookup shell\r");
    run();
    actor_stop(desk.rt, desk.console);
    run();
    CHECK_EQ(desk.ends, 0);
    CHECK(!sim_terminal_is_raw());
    CHECK(ends_in(shown(), MK_RL_PASTE_OFF));
    CHECK(actor_send_named(desk.rt, "shell", 7, "hello", 5));
    CHECK(actor_send_named(desk.rt, "shell", MSG_SHELL_INPUT, "history; list", 13));
    run();
    end();
}

TEST(a_person_gets_another_shell_when_theirs_ends) {
    sit_down(&plain);
    for (int i = 0; i < 3; i++) {
        type("stop shell\r");
        run();
        CHECK(strstr(shown(), "The shell ended (killed). Here is a new one.\n") !=
              NULL);
        CHECK(ends_in(shown(), "\n> "));
        sim_terminal_clear();
    }
    type("lookup shell\r");
    run();
    CHECK(ends_in(shown(), "\n4294967301\n> "));
    end();
}

TEST(a_pipe_whose_shell_ends_has_failed) {
    run_pipe("lookup shell\nstop shell\nlookup shell\n", &plain);
    CHECK_EQ(count(shown(), "4294967298\n"), 1);
    CHECK(strstr(problems(), "The shell ended (killed).\n") != NULL);
    CHECK_EQ(desk.status, SHELL_FAILED);
    end();
    run_pipe("lookup shell\nstop shell\nlookup shell\n",
             &(shell_console_options_t){.keeps_going = true});
    CHECK(ends_in(shown(), "\n4294967299\n"));
    CHECK_EQ(desk.status, SHELL_FAILED);
    end();
}

TEST(the_runtime_may_end_in_the_middle_of_everything) {
    sit_down(&(shell_console_options_t){.history_path = "history"});
    runtime_enable_logging(desk.rt);
    sim_terminal_set_room(10);
    type("list\rcall console 300\rself");
    run_for(SECOND_NS);
    actor_log(desk.rt, LOG_INFO, "late");
    end();
}

/* --- history --- */

TEST(lines_are_kept_for_the_next_session) {
    shell_console_options_t options = {.history_path = "history"};
    sit_down(&options);
    type("lookup shell\rlookup console\rexit\r");
    run();
    CHECK_EQ(desk.status, SHELL_OK);
    runtime_destroy(desk.rt);
    desk.rt = runtime_init(1, 1u << 16);
    start(&options);
    run();
    sim_terminal_clear();
    type("\x1b[A\x1b[A\x1b[A");
    run();
    CHECK(ends_in(shown(), "lookup shell") || strstr(shown(), "shell") != NULL);
    type("\r");
    run();
    CHECK(ends_in(shown(), "\n4294967298\n> "));
    end();
}

TEST(the_history_file_is_whole_after_each_line) {
    void *bytes;
    size_t size;
    sit_down(&(shell_console_options_t){.history_path = "history"});
    type("lookup shell\r");
    run();
    CHECK_EQ(port_file_read("history", 1000, &bytes, &size), MK_OK);
    CHECK_EQ(size, 13);
    CHECK_MEM(bytes, "lookup shell\n", 13);
    mk_free(bytes);
    end();
}

TEST(a_history_that_cannot_be_kept_is_said_once) {
    sit_down(&(shell_console_options_t){.history_path = "no/such/folder/history"});
    runtime_enable_logging(desk.rt);
    type("lookup shell\r");
    run();
    type("lookup console\r");
    run();
    CHECK_EQ(count(shown(), "history is not kept"), 1);
    CHECK(ends_in(shown(), "> "));
    end();
}

TEST(a_damaged_history_is_no_obstacle) {
    open_world();
    CHECK_EQ(port_file_append("history", "lookup shell\n\\q\nlookup con", 26), MK_OK);
    start(&(shell_console_options_t){.history_path = "history"});
    run();
    type("\x1b[A\r");
    run();
    CHECK(ends_in(shown(), "\n4294967298\n> "));
    end();
}

/* --- everything at once --- */

static size_t draw(prng_t *random, size_t below) {
    return (size_t)prng_below(random, below);
}

/* One thing that a person, the terminal or the node may do. */
static void do_something(prng_t *random) {
    static const char *const keys[] = {
        "list\r",    "lookup shell\r", "call -t 50ms console 300\r",
        "nosuch\r",  "\x03",           "\x1b[A",
        "\x1b[200~", "\x1b[201~",      "\x12",
        "\t",        "\x15",           "stop shell\r",
        "\r",        "log debug\r",    "register a\r"};
    char byte;
    switch (draw(random, 12)) {
    case 0: sim_terminal_set_room(draw(random, 300)); break;
    case 1: sim_terminal_set_room(SIZE_MAX); break;
    case 2: sim_terminal_resize((unsigned)draw(random, 100), 24); break;
    case 3: actor_log(desk.rt, LOG_INFO, "line %d", (int)draw(random, 100)); break;
    case 4: (void)actor_send_named(desk.rt, "shell", 7, "hello", 5); break;
    case 5: send_interrupt(NULL); break;
    case 6:
        do
            byte = (char)draw(random, 256);
        while (byte == 0x04); /* not to leave at once */
        CHECK_EQ(sim_terminal_type(&byte, 1), MK_OK);
        break;
    case 7: sim_terminal_clear(); break;
    default: type(keys[draw(random, sizeof keys / sizeof keys[0])]); break;
    }
}

TEST(whatever_happens_a_session_ends_and_the_terminal_comes_back) {
    for (uint64_t seed = 1; seed <= 100; seed++) {
        prng_t random;
        prng_init(&random, seed);
        sit_down(&(shell_console_options_t){.history_path = "history"});
        runtime_enable_logging(desk.rt);
        for (int i = 0; i < 200 && desk.ends == 0; i++) {
            do_something(&random);
            if (draw(&random, 3) == 0)
                run_for(prng_below(&random, 100) * SECOND_NS / 1000);
        }
        CHECK_EQ(desk.ends, 0);
        sim_terminal_set_room(SIZE_MAX);
        sim_terminal_resize(80, 24);
        run(); /* whatever is under way ends */
        type("\x1b[201~\x07\x15");
        run();
        sim_terminal_clear();
        type("lookup shell\r");
        run();
        CHECK_EQ(count(shown(), "\n429496"), 1); /* it is of use as before */
        CHECK(ends_in(shown(), "\n> "));
        type("exit\r");
        run();
        CHECK_EQ(desk.ends, 1);
        CHECK_EQ(desk.status, SHELL_OK);
        CHECK(!sim_terminal_is_raw());
        end();
    }
}

/* --- faults --- */

/* Without memory it tries again and again, and nothing can be scheduled to end that. */
static void run_a_while(runtime_t *rt) {
    for (int round = 0; round < 100 && desk.ends == 0; round++) {
        for (int i = 0; i < 20; i++)
            runtime_step(rt);
        sim_advance(SECOND_NS / 20);
    }
}

static void try_session(void *arg) {
    const char *kind = arg;
    bool is_person = strcmp(kind, "person") == 0;
    runtime_t *rt = runtime_init(1, 64);
    if (rt == NULL) return;
    desk.rt = rt;
    desk.status = -1;
    desk.ends = 0;
    actor_id_t console;
    shell_console_options_t options = {.on_end = note_end,
                                       .end_ctx = &desk,
                                       .welcome = "Welcome\n",
                                       .commands = is_person ? NULL : "lookup shell",
                                       .history_path = is_person ? "history" : NULL};
    if (shell_console_start(rt, &options, &console) == MK_OK) {
        desk.console = console;
        run_a_while(rt);
        if (is_person) (void)actor_shutdown(rt, console);
        run_a_while(rt);
        if (!mk_alloc_fail_hit()) CHECK_EQ(desk.status, SHELL_OK);
    }
    runtime_destroy(rt);
    CHECK(!sim_terminal_is_raw());
    sim_reset(1);
}

TEST(each_allocation_may_fail_in_a_session) {
    sim_reset(1);
    test_each_alloc_failure(try_session, "commands");
    sim_reset(1);
    test_each_alloc_failure(try_session, "person");
    sim_reset(1);
}

TEST(a_terminal_that_cannot_be_opened_is_an_error) {
    open_world();
    actor_id_t console = 77;
    sim_fail_port_at(1, false);
    CHECK_EQ(shell_console_start(desk.rt, &plain, &console), MK_EIO);
    CHECK_EQ(console, 77);
    CHECK_EQ(runtime_list_actors(desk.rt, NULL, 0), 0);
    end();
}

TEST(absurd_arguments_are_refused_or_mean_the_defaults) {
    actor_id_t console = 77;
    CHECK_EQ(shell_console_start(NULL, &plain, &console), MK_EINVAL);
    CHECK_EQ(console, 77);
    open_world();
    CHECK_EQ(shell_console_start(desk.rt, NULL, NULL), MK_OK);
    CHECK_EQ(shell_console_start(desk.rt, &plain, &console), MK_EBUSY);
    CHECK_EQ(console, 77);
    type("exit\r");
    run();
    CHECK_EQ(runtime_list_actors(desk.rt, NULL, 0), 0);
    end();
    sim_reset(1);
    desk.rt = runtime_init(1, 1); /* no room for a shell */
    CHECK_EQ(shell_console_start(desk.rt, &plain, &console), MK_EFULL);
    run();
    CHECK_EQ(runtime_list_actors(desk.rt, NULL, 0), 0);
    CHECK(!sim_terminal_is_raw());
    end();
}

TEST(a_terminal_that_cannot_be_raw_is_read_like_a_file) {
    open_world();
    type("lookup shell\n");
    sim_fail_port_at(2, false);
    start(&plain);
    run();
    CHECK_STR(shown(), "4294967298\n");
    end();
}

/* Bring a module to the console at the first message, keep the answer. */
static struct {
    uint8_t bytes[16];
    size_t size;
    bool has_asked;
} bringer;

static bool bring_module(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (!bringer.has_asked) {
        uint8_t request[6 + sizeof echo_module] = "\x05guest";
        memcpy(request + 6, echo_module, sizeof echo_module);
        bringer.has_asked = actor_send(rt, desk.console, MSG_SPAWN_NAMED_REQUEST,
                                       request, sizeof request);
        return bringer.has_asked;
    }
    CHECK_EQ(msg->type, MSG_SPAWN_RESPONSE);
    CHECK(msg->payload_size <= sizeof bringer.bytes);
    bringer.size = msg->payload_size;
    memcpy(bringer.bytes, msg->payload, msg->payload_size);
    return true;
}

TEST(a_module_can_be_brought_to_the_console) {
    sit_down(&plain);
    memset(&bringer, 0, sizeof bringer);
    actor_id_t id = actor_spawn(desk.rt, bring_module, NULL, NULL, 8);
    CHECK(actor_send(desk.rt, id, 1, NULL, 0));
    run();
    CHECK_EQ(bringer.size, 13);
    CHECK_MEM(bringer.bytes + 8, "guest", 5);
    CHECK(actor_lookup(desk.rt, "guest") != ACTOR_ID_INVALID);
    end();
}

TEST_TABLE(console, TEST_ROW(a_module_can_be_brought_to_the_console),
           TEST_ROW(a_pipe_is_run_line_after_line_and_nothing_else_is_shown),
           TEST_ROW(an_empty_pipe_ends_well),
           TEST_ROW(the_first_failure_ends_a_pipe_and_says_why_elsewhere),
           TEST_ROW(a_pipe_that_keeps_going_ends_with_its_first_failure),
           TEST_ROW(lines_may_come_in_pieces_and_late),
           TEST_ROW(given_commands_are_run_instead_of_the_input),
           TEST_ROW(many_given_commands_are_all_run),
           TEST_ROW(a_terminal_is_no_person_when_the_output_is_a_file),
           TEST_ROW(a_line_that_is_too_long_is_refused_whole),
           TEST_ROW(bytes_that_are_no_text_are_shown_escaped),
           TEST_ROW(a_line_that_is_one_control_byte_is_a_line),
           TEST_ROW(exit_ends_a_pipe_with_its_code),
           TEST_ROW(an_interrupt_ends_a_pipe_in_the_middle_of_a_call),
           TEST_ROW(an_interrupt_ends_a_pipe_that_waits_for_input),
           TEST_ROW(an_output_that_nobody_reads_ends_a_pipe),
           TEST_ROW(an_input_that_cannot_be_read_ends_a_pipe),
           TEST_ROW(problem_texts_wait_for_a_full_debug_output),
           TEST_ROW(everything_in_json_means_also_what_went_wrong),
           TEST_ROW(a_person_sees_banner_welcome_and_prompt),
           TEST_ROW(a_typed_line_is_run_and_the_prompt_comes_back),
           TEST_ROW(what_is_typed_ahead_waits_for_its_turn),
           TEST_ROW(more_than_fits_may_be_typed_ahead),
           TEST_ROW(ctrl_c_stops_a_call_and_drops_what_was_typed_ahead),
           TEST_ROW(ctrl_z_suspends_and_the_line_comes_back),
           TEST_ROW(ctrl_z_suspends_in_the_middle_of_a_call),
           TEST_ROW(ctrl_c_at_the_prompt_drops_the_line),
           TEST_ROW(ctrl_d_and_exit_leave_and_give_the_terminal_back),
           TEST_ROW(a_person_may_fail_and_still_ends_well),
           TEST_ROW(a_typed_line_that_is_too_long_is_refused_whole),
           TEST_ROW(tab_completes_from_the_live_node),
           TEST_ROW(a_paste_runs_nothing_until_enter),
           TEST_ROW(a_paste_that_never_ends_is_ended),
           TEST_ROW(a_narrower_terminal_shows_a_part_of_the_line),
           TEST_ROW(log_lines_come_above_the_line_being_edited),
           TEST_ROW(log_lines_come_while_a_command_runs),
           TEST_ROW(messages_to_the_shell_come_above_the_line_being_edited),
           TEST_ROW(a_hangup_ends_the_session_whatever_runs),
           TEST_ROW(a_broken_screen_ends_the_session),
           TEST_ROW(a_stuck_terminal_delays_nobody_and_gets_all_of_a_long_listing),
           TEST_ROW(a_flood_of_log_lines_at_a_stuck_terminal_is_bounded),
           TEST_ROW(at_the_end_a_stuck_terminal_is_waited_for_only_a_moment),
           TEST_ROW(at_the_end_a_slow_pipe_gets_everything),
           TEST_ROW(nothing_is_shown_behind_the_end), TEST_ROW(a_shutdown_is_orderly),
           TEST_ROW(a_shutdown_does_not_wait_for_a_stuck_pipe),
           TEST_ROW(a_console_that_is_stopped_gives_the_terminal_back),
           TEST_ROW(a_person_gets_another_shell_when_theirs_ends),
           TEST_ROW(a_pipe_whose_shell_ends_has_failed),
           TEST_ROW(the_runtime_may_end_in_the_middle_of_everything),
           TEST_ROW(lines_are_kept_for_the_next_session),
           TEST_ROW(the_history_file_is_whole_after_each_line),
           TEST_ROW(a_history_that_cannot_be_kept_is_said_once),
           TEST_ROW(a_damaged_history_is_no_obstacle),
           TEST_ROW(whatever_happens_a_session_ends_and_the_terminal_comes_back),
           TEST_ROW(each_allocation_may_fail_in_a_session),
           TEST_ROW(a_terminal_that_cannot_be_opened_is_an_error),
           TEST_ROW(absurd_arguments_are_refused_or_mean_the_defaults),
           TEST_ROW(a_terminal_that_cannot_be_raw_is_read_like_a_file))
