/* SPDX-License-Identifier: Apache-2.0 */
/* test_shell_actor.c - lines in, prompts out: whose, in which order, and what when a
 * target is silent. */
#include "shell_support.h"

#include "kernel/inside.h"
#include "microkernel/message_ids.h"
#include "microkernel/timer.h"
#include "shell/shell_impl.h"

static const shell_options_t plain;

static shell_t *state(void) {
    return actor__state_of(world.rt, world.shell, shell__behave);
}

static void interrupt(void) {
    say("\x03");
}

/* --- begin and end --- */

TEST(shell_greets_and_takes_its_name) {
    open_world(plain);
    CHECK_EQ(actor_lookup(world.rt, "shell"), ACTOR_ID_INVALID);
    actor_send(world.rt, world.console, MSG_TEST_GREET, NULL, 0);
    steps(10);
    CHECK_STR(world.out, "\nmk-shell v0.3 (native)\nType 'help' for commands.\n\n");
    CHECK_EQ(world.prompts, 0);
    CHECK_EQ(actor_lookup(world.rt, "shell"), world.shell);
    close_world();
}

TEST(shell_without_a_greeting_takes_its_name_with_the_first_line) {
    open_world((shell_options_t){.name = "other"});
    CHECK_STR(run(""), "");
    CHECK_EQ(world.prompt.status, 0);
    CHECK_EQ(actor_lookup(world.rt, "other"), world.shell);
    close_world();
}

TEST(shell_lives_without_a_name) {
    open_world(plain);
    spawn_worker("shell");
    CHECK_STR(run("self"), "4294967298\n");
    close_world();
    char name[MK_NAME_MAX + 1];
    memset(name, 'n', sizeof name);
    name[MK_NAME_MAX] = '\0';
    open_world((shell_options_t){.name = name});
    CHECK_STR(run("self"), "4294967298\n");
    CHECK_EQ(names_count(world.rt), 0);
    close_world();
}

TEST(shell_writes_a_prompt_where_there_is_no_console) {
    open_world(plain);
    shell_options_t options = {.name = "second", .write = world_write};
    actor_id_t second = shell_start(world.rt, &options);
    CHECK(actor_send(world.rt, second, MSG_SHELL_INPUT, "self", 4));
    steps(10);
    CHECK_STR(world.out, "4294967299\n> ");
    CHECK_EQ(world.prompts, 0);
    /* ... but an actor of that name is one. */
    CHECK_EQ(names_register(world.rt, "console", world.console), MK_OK);
    forget_output();
    CHECK(actor_send(world.rt, second, MSG_SHELL_INPUT, "self", 4));
    steps(10);
    CHECK_STR(world.out, "4294967299\n");
    CHECK_EQ(world.prompts, 1);
    close_world();
}

TEST(shell_ends_when_it_is_asked_to) {
    open_world(plain);
    spawn_worker("mute");
    say("call mute 1005; list");
    say("list");
    steps(10);
    CHECK_EQ(state()->waiting_count, 1);
    CHECK(actor_shutdown(world.rt, world.shell));
    steps(5);
    CHECK(!actor_is_alive(world.rt, world.shell));
    close_world();
}

TEST(log_goes_on_when_its_reader_has_ended) {
    open_world(plain);
    CHECK_EQ(log_enable(world.rt), MK_OK);
    run("self");
    actor_stop(world.rt, world.shell);
    steps(3);
    actor_log(world.rt, LOG_WARN, "one reader less");
    log_flush(world.rt);
    CHECK_EQ(log_counts(world.rt).written, 1); /* the debug output */
    close_world();
}

TEST(shell_named_like_a_console_is_none) {
    open_world(plain);
    shell_options_t options = {.name = "console", .write = world_write};
    actor_id_t other = shell_start(world.rt, &options);
    CHECK(actor_send(world.rt, other, MSG_SHELL_INPUT, "self", 4));
    steps(10);
    CHECK_STR(world.out, "4294967299\n> ");
    close_world();
}

TEST(exit_stops_the_runtime) {
    open_world(plain);
    forget_output();
    say("exit; list");
    runtime_run(world.rt);
    CHECK_STR(world.out, "Goodbye.\n");
    steps(3);
    CHECK_EQ(world.prompt.is_leaving, 1);
    CHECK_EQ(world.prompt.has_code, 0);
    CHECK_EQ(world.prompt.status, 0);
    close_world();
}

TEST(exit_may_be_left_to_the_console) {
    open_world((shell_options_t){.leaves_to_console = true});
    CHECK_STR(run("exit 42; list"), "Goodbye.\n");
    CHECK_EQ(world.prompt.is_leaving, 1);
    CHECK_EQ(world.prompt.has_code, 1);
    CHECK_EQ(world.prompt.status, 42);
    CHECK_STR(run("self"), "4294967298\n");
    CHECK_EQ(world.prompt.is_leaving, 0);
    CHECK_EQ(world.prompt.has_code, 0);
    check_problem("exit 256", "Invalid code: '256' (0 to 255)\n", SHELL_USAGE);
    check_problem("exit now", "Invalid code: 'now' (0 to 255)\n", SHELL_USAGE);
    CHECK_EQ(world.prompt.is_leaving, 0);
    run("bad; exit 0");
    CHECK_EQ(world.prompt.status, 0);
    run("bad; exit");
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    close_world();
}

/* --- lines --- */

TEST(line_holds_several_commands) {
    open_world(plain);
    CHECK_STR(run("self; whoami ;; self # list"),
              "4294967298\nbox (actor 4294967298)\n4294967298\n");
    CHECK_EQ(world.prompt.status, 0);
    CHECK_STR(run("self\nself\n"), "4294967298\n4294967298\n");
    CHECK_STR(run("   # nothing"), "");
    close_world();
}

TEST(line_reports_its_first_failure_and_goes_on) {
    open_world(plain);
    CHECK_STR(run("lookup nobody; frob; self"),
              "Not found: nobody\nUnknown command: frob (type 'help')\n4294967298\n");
    CHECK_EQ(world.prompt.status, SHELL_NO_NAME);
    run("self");
    CHECK_EQ(world.prompt.status, SHELL_OK);
    close_world();
}

TEST(line_stops_at_a_failure_on_request) {
    open_world((shell_options_t){.stops_on_failure = true});
    CHECK_STR(run("self; lookup nobody; self"), "4294967298\nNot found: nobody\n");
    CHECK_EQ(world.prompt.status, SHELL_NO_NAME);
    close_world();
}

TEST(line_that_is_too_long_is_refused_whole) {
    open_world(plain);
    char line[MK_SHELL_LINE_MAX + 1];
    memset(line, ' ', sizeof line);
    memcpy(line, "self", 4);
    line[MK_SHELL_LINE_MAX - 1] = '\0';
    CHECK_STR(run(line), "4294967298\n");
    line[MK_SHELL_LINE_MAX - 1] = ' ';
    line[MK_SHELL_LINE_MAX] = '\0';
    check_problem(line, "Line too long: 1024 bytes, at most 1023 can be taken\n",
                  SHELL_USAGE);
    close_world();
}

TEST(line_may_end_in_a_nul) {
    open_world(plain);
    forget_output();
    say_bytes("self", 5);
    steps(10);
    CHECK_STR(world.out, "4294967298\n");
    close_world();
}

TEST(line_with_a_syntax_error_says_where) {
    open_world(plain);
    CHECK_STR(run("self; send 'a"),
              "4294967298\nSyntax error at column 12: quote is never closed\n");
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    close_world();
}

TEST(commands_say_how_they_are_used) {
    open_world(plain);
    check_problem("frob", "Unknown command: frob (type 'help')\n", SHELL_USAGE);
    check_problem("lsit", "Unknown command: lsit (did you mean 'list'?)\n",
                  SHELL_USAGE);
    check_problem("\"\\x1b[2J\"", "Unknown command: \\x1b[2J (type 'help')\n",
                  SHELL_USAGE);
    check_problem("send a", "Usage: send [--json] <target> <type> [data|x:hex]\n",
                  SHELL_USAGE);
    check_problem("lookup a b", "Too many words: b. Usage: lookup [--json] <name>\n",
                  SHELL_USAGE);
    check_problem("list -l", "Unknown option: -l. Usage: list [--json]\n", SHELL_USAGE);
    check_problem("log -n",
                  "Nothing behind -n. Usage: log [-n N] [--json] "
                  "[level | target level]\n",
                  SHELL_USAGE);
    check_problem("log -n x",
                  "Invalid number: x (1 to 4294967295). Usage: log [-n N] "
                  "[--json] [level | target level]\n",
                  SHELL_USAGE);
    check_problem("caps -t 5 ns",
                  "Invalid time: 5 (1ms to 1h, such as 250ms or 2s). Usage: caps "
                  "[-t TIME] [--json] [target]\n",
                  SHELL_USAGE);
    close_world();
}

TEST(problems_are_json_where_json_was_asked_for) {
    open_world(plain);
    check_problem("lookup --json nobody",
                  "{\"error\":\"Not found: nobody\",\"status\":3}\n", SHELL_NO_NAME);
    check_problem("lookup --json a b",
                  "{\"error\":\"Too many words: b. Usage: lookup [--json] <name>\","
                  "\"status\":2}\n",
                  SHELL_USAGE);
    check_problem("frob", "Unknown command: frob (type 'help')\n", SHELL_USAGE);
    close_world();
    open_world((shell_options_t){.is_json = true});
    check_problem("frob \"",
                  "{\"error\":\"Syntax error at column 6: quote is never "
                  "closed\",\"status\":2}\n",
                  SHELL_USAGE);
    check_problem(
        "\"a\\\"b\"",
        "{\"error\":\"Unknown command: a\\\"b (type 'help')\",\"status\":2}\n",
        SHELL_USAGE);
    CHECK_STR(run("self"), "{\"id\":\"4294967298\"}\n");
    CHECK_STR(run("exit"), "");
    close_world();
}

/* --- whose lines --- */

TEST(lines_of_strangers_are_shown_and_not_run) {
    open_world(plain);
    actor_id_t stranger = actor_spawn(world.rt, console_behave, NULL, NULL, 16);
    CHECK(actor_send(world.rt, stranger, MSG_TEST_SAY, "exit", 4));
    CHECK(actor_send(world.rt, stranger, MSG_TEST_GREET, NULL, 0));
    CHECK(actor_send(world.rt, stranger, MSG_TEST_SAY, "\x03", 1));
    steps(10);
    CHECK_STR(world.out, "[msg] type=100 from=0x000000100000003 size=4 \"exit\"\n"
                         "[msg] type=101 from=0x000000100000003 size=0 \"\"\n"
                         "[msg] type=100 from=0x000000100000003 size=1 [03]\n");
    CHECK_EQ(world.prompts, 0);
    CHECK(actor_is_alive(world.rt, world.shell));
    close_world();
}

TEST(lines_of_strangers_are_not_run_after_the_console_has_ended) {
    open_world(plain);
    actor_id_t stranger = actor_spawn(world.rt, console_behave, NULL, NULL, 16);
    actor_stop(world.rt, world.console);
    CHECK(actor_send(world.rt, stranger, MSG_TEST_SAY, "self", 4));
    steps(10);
    CHECK_STR(world.out, "[msg] type=100 from=0x000000100000003 size=4 \"self\"\n");
    close_world();
}

TEST(first_sender_of_a_line_is_the_console_until_it_ends) {
    open_world(plain);
    shell_options_t options = {.name = "second", .write = world_write};
    actor_id_t worker = spawn_worker(NULL);
    world.shell = shell_start(world.rt, &options);
    CHECK(world.shell != ACTOR_ID_INVALID);
    /* What is no line makes nobody the console. */
    CHECK(actor__send_from(world.rt, worker, world.shell, 5, NULL, 0));
    steps(5);
    actor_id_t other = actor_spawn(world.rt, console_behave, NULL, NULL, 16);
    CHECK_STR(run("self"), "4294967300\n");
    forget_output();
    CHECK(actor_send(world.rt, other, MSG_TEST_SAY, "self", 4));
    steps(5);
    CHECK_STR(world.out, "[msg] type=100 from=0x000000100000005 size=4 \"self\"\n");
    actor_stop(world.rt, world.console);
    forget_output();
    CHECK(actor_send(world.rt, other, MSG_TEST_SAY, "self", 4));
    steps(5);
    CHECK_STR(world.out, "4294967300\n");
    close_world();
}

TEST(lines_of_other_nodes_are_never_run) {
    open_world(plain);
    shell_options_t options = {.name = "second", .write = world_write};
    actor_id_t second = shell_start(world.rt, &options);
    CHECK(actor__send_from(world.rt, actor_id_make(9, 1), second, MSG_SHELL_INPUT,
                           "exit", 4));
    steps(5);
    CHECK_STR(world.out, "[msg] type=100 from=0x000000900000001 size=4 \"exit\"\n");
    close_world();
}

TEST(system_messages_of_strangers_do_nothing) {
    open_world(plain);
    actor_id_t mute = spawn_worker("mute");
    actor_id_t stranger = spawn_worker(NULL);
    say("call mute 1005");
    steps(5);
    CHECK_EQ(world.prompts, 0);
    timer_payload_t timer = {state()->call.timer, 1};
    CHECK(actor__send_from(world.rt, stranger, world.shell, MSG_TIMER, &timer,
                           sizeof timer));
    CHECK(actor__send_from(world.rt, ACTOR_ID_INVALID, world.shell, MSG_TIMER, &timer,
                           sizeof timer.id));
    down_payload_t down;
    memset(&down, 0, sizeof down);
    down.actor_id = mute;
    down.monitor = state()->call.monitor;
    CHECK(actor__send_from(world.rt, stranger, world.shell, MSG_DOWN, &down,
                           sizeof down));
    down.actor_id = stranger;
    CHECK(actor__send_from(world.rt, stranger, world.shell, MSG_DOWN, &down,
                           sizeof down));
    CHECK(actor__send_from(world.rt, mute, world.shell, MSG_DOWN, &down, 3));
    steps(10);
    CHECK_EQ(world.prompts, 0);
    CHECK_STR(world.out, "");
    close_world();
}

/* --- waiting lines --- */

TEST(lines_wait_for_the_one_that_runs) {
    open_world(plain);
    spawn_worker("mute");
    say("call -t 1s mute 1005");
    for (int i = 0; i < 8; i++)
        say("whoami");
    steps(30);
    CHECK_EQ(world.prompts, 0);
    CHECK_STR(world.out, "");
    say("self");
    steps(5);
    CHECK_STR(world.out, "Refused: 8 lines are waiting already\n");
    CHECK_EQ(world.prompts, 1);
    CHECK_EQ(world.prompt.status, SHELL_REFUSED);
    forget_output();
    sim_advance(1000000000);
    steps(40);
    CHECK_EQ(world.prompts, 10);
    CHECK_EQ(world.out_size,
             strlen("Timeout (1s)\n") + 8 * strlen("box (actor 4294967298)\n"));
    CHECK(strncmp(world.out, "Timeout (1s)\nbox", 16) == 0);
    close_world();
}

/* --- calls --- */

TEST(call_shows_the_reply) {
    open_world(plain);
    spawn_worker("echo");
    CHECK_STR(run("call echo 1003 hello there"),
              "[reply] type=1004 from=0x000000100000003 size=11 \"hello there\"\n");
    CHECK_STR(run("call echo 1003"),
              "[reply] type=1004 from=0x000000100000003 size=0 \"\"\n");
    CHECK_STR(run("call echo 0x3eb \"a\\n\\\"\\x41\""),
              "[reply] type=1004 from=0x000000100000003 size=4 \"a\\n\\\"A\"\n");
    CHECK_STR(run("call echo 1003 x:00 ff 10"),
              "[reply] type=1004 from=0x000000100000003 size=3 [00 ff 10]\n");
    CHECK_STR(run("call --json echo 1003 hi"),
              "{\"reply\":{\"type\":1004,\"from\":\"4294967299\",\"size\":2,"
              "\"text\":\"hi\"}}\n");
    CHECK_STR(run("call --json echo 1003 x:00ff"),
              "{\"reply\":{\"type\":1004,\"from\":\"4294967299\",\"size\":2,"
              "\"hex\":\"00ff\"}}\n");
    CHECK_STR(run("call 3 1003 x; call 0x100000003 1003 y; call 4294967299 1003 z"),
              "[reply] type=1004 from=0x000000100000003 size=1 \"x\"\n"
              "[reply] type=1004 from=0x000000100000003 size=1 \"y\"\n"
              "[reply] type=1004 from=0x000000100000003 size=1 \"z\"\n");
    actor_stats_t stats;
    CHECK(runtime_actor_stats(world.rt, world.shell, &stats));
    CHECK_EQ(stats.monitors, 0);
    CHECK_EQ(stats.timers, 0);
    close_world();
}

TEST(call_gives_up_after_its_time) {
    open_world(plain);
    spawn_worker("mute");
    say("call mute 1005; self");
    steps(10);
    sim_advance(4999000000);
    steps(10);
    CHECK_STR(world.out, "");
    sim_advance(1000000);
    steps(10);
    CHECK_STR(world.out, "Timeout (5s)\n4294967298\n");
    CHECK_STR(world.problem, "Timeout (5s)\n");
    CHECK_EQ(world.prompts, 1);
    CHECK_EQ(world.prompt.status, SHELL_TIMEOUT);
    forget_output();
    say("call --json -t 10ms mute 1005");
    steps(10);
    sim_advance(10000000);
    steps(10);
    CHECK_STR(world.out, "{\"error\":\"Timeout (10ms)\",\"status\":4}\n");
    CHECK_EQ(runtime_counters(world.rt).timers, 0);
    close_world();
}

TEST(call_ends_with_its_target) {
    open_world(plain);
    spawn_worker("fragile");
    CHECK_STR(run("call fragile 1002 \"out of cheese\\x00\""),
              "No reply: 0x000000100000003 ended (crashed: out of cheese)\n");
    CHECK_EQ(world.prompt.status, SHELL_FAILED);
    spawn_worker("fragile");
    CHECK_STR(run("call fragile 1002"),
              "No reply: 0x000000100000004 ended (crashed)\n");
    CHECK_EQ(runtime_counters(world.rt).timers, 0);
    close_world();
}

TEST(call_takes_only_the_target_for_the_reply) {
    open_world(plain);
    actor_id_t mute = spawn_worker("mute");
    actor_id_t stranger = spawn_worker(NULL);
    say("call mute 1005");
    steps(10);
    CHECK(actor__send_from(world.rt, stranger, world.shell, 7, "no", 2));
    CHECK(actor__send_from(world.rt, ACTOR_ID_INVALID, world.shell, 8, "no", 2));
    steps(5);
    CHECK_EQ(world.prompts, 0);
    CHECK(actor__send_from(world.rt, mute, world.shell, 9, "yes", 3));
    steps(5);
    CHECK_EQ(world.prompts, 1);
    CHECK_STR(world.out, "[msg] type=7 from=0x000000100000004 size=2 \"no\"\n"
                         "[msg] type=8 from=0x000000000000000 size=2 \"no\"\n"
                         "[reply] type=9 from=0x000000100000003 size=3 \"yes\"\n");
    close_world();
}

TEST(call_can_be_interrupted) {
    open_world(plain);
    spawn_worker("mute");
    say("call mute 1005; self");
    say("whoami");
    steps(10);
    interrupt();
    steps(10);
    CHECK_STR(world.out, "Interrupted\nbox (actor 4294967298)\n");
    CHECK_STR(world.problem, "Interrupted\n");
    CHECK_EQ(world.prompts, 2);
    CHECK_EQ(runtime_counters(world.rt).timers, 0);
    forget_output();
    interrupt();
    steps(5);
    CHECK_STR(world.out, "");
    CHECK_EQ(world.prompts, 2);
    close_world();
}

TEST(interrupted_line_says_so_to_the_console) {
    open_world(plain);
    spawn_worker("mute");
    say("lookup nobody; call mute 1005");
    steps(10);
    interrupt();
    steps(10);
    CHECK_EQ(world.prompts, 1);
    CHECK_EQ(world.prompt.status, SHELL_INTERRUPTED);
    close_world();
}

TEST_TABLE(shell_actor, TEST_ROW(shell_greets_and_takes_its_name),
           TEST_ROW(shell_without_a_greeting_takes_its_name_with_the_first_line),
           TEST_ROW(shell_lives_without_a_name),
           TEST_ROW(shell_writes_a_prompt_where_there_is_no_console),
           TEST_ROW(shell_ends_when_it_is_asked_to),
           TEST_ROW(log_goes_on_when_its_reader_has_ended),
           TEST_ROW(shell_named_like_a_console_is_none),
           TEST_ROW(exit_stops_the_runtime), TEST_ROW(exit_may_be_left_to_the_console),
           TEST_ROW(line_holds_several_commands),
           TEST_ROW(line_reports_its_first_failure_and_goes_on),
           TEST_ROW(line_stops_at_a_failure_on_request),
           TEST_ROW(line_that_is_too_long_is_refused_whole),
           TEST_ROW(line_may_end_in_a_nul),
           TEST_ROW(line_with_a_syntax_error_says_where),
           TEST_ROW(commands_say_how_they_are_used),
           TEST_ROW(problems_are_json_where_json_was_asked_for),
           TEST_ROW(lines_of_strangers_are_shown_and_not_run),
           TEST_ROW(lines_of_strangers_are_not_run_after_the_console_has_ended),
           TEST_ROW(first_sender_of_a_line_is_the_console_until_it_ends),
           TEST_ROW(lines_of_other_nodes_are_never_run),
           TEST_ROW(system_messages_of_strangers_do_nothing),
           TEST_ROW(lines_wait_for_the_one_that_runs), TEST_ROW(call_shows_the_reply),
           TEST_ROW(call_gives_up_after_its_time), TEST_ROW(call_ends_with_its_target),
           TEST_ROW(call_takes_only_the_target_for_the_reply),
           TEST_ROW(call_can_be_interrupted),
           TEST_ROW(interrupted_line_says_so_to_the_console))
