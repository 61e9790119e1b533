/* SPDX-License-Identifier: Apache-2.0 */
/* test_shell_strain.c - a shell whose output is slow or broken, whose memory is short,
 * and that is told all kinds of things. */
#include "shell_support.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "kernel/inside.h"
#include "shell/shell_impl.h"

static const shell_options_t plain;

static shell_t *state(void) {
    return actor__state_of(world.rt, world.shell, shell__behave);
}

static void interrupt(void) {
    say("\x03");
}

/* --- slow outputs --- */

static void spawn_many(int count) {
    for (int i = 0; i < count; i++)
        spawn_worker(NULL);
}

static void go_on(void) {
    world.is_full = false;
    say("\x11");
}

TEST(listing_gives_way_to_others) {
    open_world(plain);
    spawn_many(500);
    say("list");
    steps(2);
    size_t first = world.out_size;
    CHECK(first > 0);
    steps(1);
    CHECK(world.out_size > first);
    CHECK_EQ(world.prompts, 0);
    steps(100);
    CHECK_EQ(world.prompts, 1);
    close_world();
}

TEST(listing_pauses_for_a_full_output) {
    open_world(plain);
    spawn_many(1000);
    size_t whole = strlen("  SEQ  ID                STATUS   MBOX  NAME\n");
    world.is_full = true;
    say("list; self");
    steps(200);
    size_t paused = world.out_size;
    CHECK(paused > whole && paused < 100 * 60);
    CHECK_EQ(world.prompts, 0);
    go_on();
    steps(200);
    CHECK(world.out_size > 1000 * 40);
    CHECK_EQ(world.prompts, 1);
    CHECK_EQ(world.half_rows, 0);
    close_world();
}

TEST(listing_that_was_interrupted_ends_in_a_row_of_its_own) {
    open_world(plain);
    spawn_many(200);
    world.is_full = true;
    say("list --json; list");
    steps(20);
    CHECK_EQ(world.prompts, 0);
    interrupt();
    go_on();
    steps(20);
    CHECK_EQ(world.prompts, 1);
    CHECK_EQ(world.prompt.status, SHELL_INTERRUPTED);
    CHECK_STR(world.problem, "{\"error\":\"Interrupted\",\"status\":130}\n");
    CHECK_STR(strrchr(world.out, '[') != NULL ? "yes" : "no", "yes");
    size_t tail = strlen("\n{\"error\":\"Interrupted\",\"status\":130}\n");
    CHECK(world.out_size < sizeof world.out);
    CHECK_STR(world.out + world.out_size - tail,
              "\n{\"error\":\"Interrupted\",\"status\":130}\n");
    CHECK_STR(run("self"), "4294967298\n");
    close_world();
}

TEST(messages_do_not_break_into_json) {
    open_world(plain);
    spawn_many(100);
    say("list --json");
    steps(2);
    CHECK_EQ(world.prompts, 0);
    CHECK(actor_send(world.rt, world.shell, 7, "a", 1));
    CHECK(actor_send(world.rt, world.shell, 7, "b", 1));
    steps(200);
    CHECK_EQ(world.prompts, 1);
    static const char told[] = "(2 messages were not shown: the output was busy)\n";
    CHECK(world.out_size < sizeof world.out);
    char *tail = world.out + world.out_size - strlen(told);
    CHECK_STR(tail, told);
    *tail = '\0';
    CHECK(is_json_rows(world.out));
    close_world();
}

TEST(refused_lines_do_not_break_into_json) {
    open_world(plain);
    spawn_many(60);
    world.is_full = true;
    say("list --json");
    steps(5);
    for (int i = 0; i < 9; i++)
        CHECK(actor_send(world.rt, world.shell, MSG_SHELL_INPUT, "self --json", 11));
    steps(20);
    CHECK_EQ(world.prompts, 1);
    CHECK_EQ(world.prompt.status, SHELL_REFUSED);
    go_on();
    steps(100);
    CHECK_EQ(world.prompts, 10);
    CHECK(world.out_size < sizeof world.out);
    CHECK(is_json_rows(world.out));
    close_world();
}

TEST(flood_of_messages_is_counted_when_the_output_is_full) {
    open_world(plain);
    world.is_full = true;
    for (int i = 0; i < 1000; i++) {
        CHECK(actor_send(world.rt, world.shell, 7, "flood", 5));
        steps(1);
    }
    CHECK_EQ(world.out_size,
             strlen("[msg] type=7 from=0x000000000000000 size=5 \"flood\"\n"));
    forget_output();
    go_on();
    steps(3);
    CHECK_STR(world.out, "(999 messages were not shown: the output was busy)\n");
    close_world();
}

TEST(messages_not_shown_are_json_where_all_is) {
    open_world((shell_options_t){.is_json = true});
    world.is_full = true;
    for (int i = 0; i < 3; i++) {
        CHECK(actor_send(world.rt, world.shell, 7, "x", 1));
        steps(1);
    }
    CHECK_STR(world.out,
              "{\"msg\":{\"type\":7,\"from\":\"0\",\"size\":1,\"text\":\"x\"}}\n");
    forget_output();
    go_on();
    steps(3);
    CHECK_STR(world.out, "{\"not_shown\":2}\n");
    close_world();
}

TEST(shell_does_not_cut_characters) {
    open_world(plain);
    static char text[SHELL_SHOWN_MAX + 10];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "\xE6\xBC\xA2"[i % 3];
    size_t size = sizeof text / 3 * 3;
    CHECK(actor_send(world.rt, world.shell, 7, text, size));
    steps(3);
    CHECK_STR(world.out + world.out_size - 9, "\xE6\xBC\xA2\" ...\n");
    forget_output();
    CHECK(actor_send(world.rt, world.shell, 7, text, 4)); /* half a character */
    steps(3);
    CHECK_STR(world.out, "[msg] type=7 from=0x000000000000000 size=4 [e6 bc a2 e6]\n");
    close_world();
}

TEST(shell_shows_large_payloads_in_part) {
    open_world(plain);
    static char text[5000];
    memset(text, 'a', sizeof text);
    CHECK(actor_send(world.rt, world.shell, 7, text, sizeof text));
    steps(3);
    CHECK(world.out_size < SHELL_SHOWN_MAX + 100);
    CHECK_STR(world.out + world.out_size - 8, "aa\" ...\n");
    forget_output();
    text[2] = 1;
    CHECK(actor_send(world.rt, world.shell, 7, text, 40));
    steps(3);
    CHECK_STR(world.out,
              "[msg] type=7 from=0x000000000000000 size=40 [61 61 01 61 61 61 "
              "61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 "
              "61 61 61 61 61 ...]\n");
    close_world();
}

TEST(shell_forgets_its_output_on_request) {
    open_world(plain);
    run("self");
    shell__drop_output(world.rt, world.shell);
    shell__drop_output(world.rt, world.console);
    shell__drop_output(world.rt, actor_id_make(1, 77));
    CHECK_STR(run("list"), "");
    close_world();
}

/* --- the platform's output --- */

static void open_own_world(void) {
    open_world(plain);
    actor_stop(world.rt, world.shell);
    steps(2);
    shell_options_t options = {.console = world.console};
    world.shell = shell_start(world.rt, &options);
    CHECK(world.shell != ACTOR_ID_INVALID);
}

TEST(shell_writes_to_the_terminal) {
    open_own_world();
    run("self");
    CHECK_STR(sim_terminal_shown(NULL), "4294967299\n");
    CHECK_EQ(shell_actor_init(world.rt),
             ACTOR_ID_INVALID); /* one terminal, one shell */
    close_world();
}

TEST(shell_waits_for_a_slow_terminal) {
    open_own_world();
    spawn_many(1000);
    sim_terminal_set_room(100);
    say("list");
    steps(300);
    size_t shown;
    (void)sim_terminal_shown(&shown);
    CHECK_EQ(shown, 100);
    CHECK_EQ(world.prompts, 0);
    sim_terminal_set_room(SIZE_MAX);
    steps(300);
    (void)sim_terminal_shown(&shown);
    CHECK(shown > 1000 * 40);
    CHECK_EQ(world.prompts, 1);
    CHECK_EQ(runtime_counters(world.rt).watches, 0);
    close_world();
}

TEST(shell_lives_on_when_nobody_reads_its_output) {
    open_own_world();
    spawn_many(1000);
    sim_terminal_set_room(100);
    say("list");
    steps(50);
    sim_terminal_close_output();
    steps(300);
    CHECK_EQ(world.prompts, 1);
    run("list");
    close_world();
}

/* Whatever fails, writing or waiting: the line is answered. */
TEST(shell_survives_every_failing_port_call) {
    for (size_t nth = 1;; nth++) {
        open_own_world();
        spawn_many(300);
        sim_terminal_set_room(100);
        sim_fail_port_at(nth, false);
        say("list");
        steps(50);
        bool is_hit = sim_fail_port_hit();
        sim_fail_port_at(0, false);
        sim_terminal_set_room(SIZE_MAX);
        sim_advance(1000000000);
        steps(300);
        CHECK_EQ(world.prompts, 1);
        CHECK_EQ(runtime_counters(world.rt).watches, 0);
        close_world();
        if (!is_hit) break;
        CHECK(nth < 1000);
    }
}

/* --- no memory --- */

static void start_and_run(void *arg) {
    memset(&world, 0, sizeof world);
    sim_reset(1);
    world.rt = runtime_init(1, 64);
    if (world.rt == NULL) return;
    world.console = actor_spawn(world.rt, console_behave, NULL, NULL, 64);
    shell_options_t options = {.write = world_write, .console = world.console};
    if (world.console != ACTOR_ID_INVALID)
        world.shell = shell_start(world.rt, &options);
    if (world.shell != ACTOR_ID_INVALID &&
        actor_send(world.rt, world.shell, MSG_SHELL_INPUT, arg, strlen(arg))) {
        steps(60);
        CHECK(actor_is_alive(world.rt, world.shell));
    }
    close_world();
}

TEST(shell_survives_every_failing_allocation) {
    static const char *const lines[] = {
        "list",        "info --json", "tree --json",  "ls; ls a",
        "crash; caps", "call 1 5",    "send 1 5 abc", "register me",
        "log warn",    "log 1 warn",  "help send",    "info 1",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char line[64];
        memcpy(line, lines[i], strlen(lines[i]) + 1);
        test_each_alloc_failure(start_and_run, line);
    }
}

/* The last block that an answer could take is gone. */
TEST(prompt_comes_later_when_there_was_no_memory) {
    static const char interrupted = SHELL_INPUT_INTERRUPT;
    open_world(plain);
    spawn_worker("mute");
    say("call mute 1005");
    say("self");
    steps(10);
    actor_options_t options = {.mailbox_size = 1u << 16};
    actor_id_t sink = actor_spawn_with(world.rt, worker_behave, NULL, NULL, &options);
    CHECK(actor_send(world.rt, world.shell, MSG_SHELL_INPUT, &interrupted, 1));
    mk_alloc_fail_at(1, true);
    while (actor_send(world.rt, sink, MSG_TEST_IGNORE, "abc", 3))
        continue;
    steps(1);
    CHECK(state()->owes_prompt);
    CHECK_STR(world.out, "Interrupted\n");
    CHECK_EQ(state()->waiting_count, 1); /* no line is run before the answer */
    mk_alloc_fail_at(0, false);
    CHECK(actor_send(world.rt, world.shell, MSG_TEST_IGNORE, NULL, 0));
    for (int i = 0; i < 9 && world.prompts < 2; i++)
        steps(1000);
    CHECK_EQ(world.prompts, 2);
    CHECK_EQ(world.prompt.status, SHELL_OK); /* of the second line */
    CHECK(!state()->owes_prompt);
    close_world();
}

/* Words that make sense now and then, and bytes that do not. */
static size_t make_line(prng_t *prng, char *line, size_t cap) {
    static const char *const words[] = {
        "list",  "info", "send",     "call",  "stop",   "ls",      "tree",   "crash",
        "log",   "caps", "help",     "self",  "whoami", "history", "echo",   "/sys",
        "200",   "0x",   "x:00ff",   "-t",    "1ms",    "-n",      "--json", "--",
        "'",     "\"",   "\\",       ";",     "#",      "\n",      "ns",     "clear",
        "debug", "1",    "999",      "\x1b[", "\xff",   "inherit", "lookup", "register",
        "\x03",  "\x11", "\xC3\xA4", "3"};
    size_t size = 0;
    for (uint64_t count = prng_below(prng, 12); count > 0; count--) {
        const char *word = words[prng_below(prng, sizeof words / sizeof words[0])];
        if (size + strlen(word) + 1 > cap) break;
        while (*word != '\0')
            line[size++] = *word++;
        if (prng_below(prng, 5) > 0) line[size++] = ' ';
    }
    return size;
}

static void open_busy_world(void) {
    open_world(plain);
    spawn_worker("echo");
    CHECK(ns_actor_init(world.rt) != ACTOR_ID_INVALID);
    CHECK_EQ(log_enable(world.rt), MK_OK);
    CHECK_EQ(log_set_debug_output(world.rt, false, LOG_LINE_TEXT), MK_OK);
}

static bool has_ended(void) {
    return !actor_is_alive(world.rt, world.shell) ||
           !actor_is_alive(world.rt, world.console);
}

/* Lines can stop the shell or its console: then there is a new node. */
TEST(lines_of_any_kind_are_answered) {
    prng_t prng;
    prng_init(&prng, 7);
    open_busy_world();
    for (int i = 0; i < 5000; i++) {
        char line[200];
        size_t size = make_line(&prng, line, sizeof line);
        if (size == 1 &&
            (line[0] == SHELL_INPUT_INTERRUPT || line[0] == SHELL_INPUT_CONTINUE))
            continue;
        size_t before = world.prompts;
        CHECK(actor_send(world.rt, world.shell, MSG_SHELL_INPUT, line, size));
        for (int step = 0; step < 500 && world.prompts == before && !has_ended();
             step++) {
            steps(1);
            sim_advance(200000000);
        }
        CHECK(has_ended() || world.prompts == before + 1);
        if (!has_ended()) continue;
        close_world();
        open_busy_world();
    }
    close_world();
}

TEST_TABLE(shell_strain, TEST_ROW(listing_gives_way_to_others),
           TEST_ROW(listing_pauses_for_a_full_output),
           TEST_ROW(listing_that_was_interrupted_ends_in_a_row_of_its_own),
           TEST_ROW(messages_do_not_break_into_json),
           TEST_ROW(refused_lines_do_not_break_into_json),
           TEST_ROW(flood_of_messages_is_counted_when_the_output_is_full),
           TEST_ROW(messages_not_shown_are_json_where_all_is),
           TEST_ROW(shell_does_not_cut_characters),
           TEST_ROW(shell_shows_large_payloads_in_part),
           TEST_ROW(shell_forgets_its_output_on_request),
           TEST_ROW(shell_writes_to_the_terminal),
           TEST_ROW(shell_waits_for_a_slow_terminal),
           TEST_ROW(shell_lives_on_when_nobody_reads_its_output),
           TEST_ROW(shell_survives_every_failing_port_call),
           TEST_ROW(shell_survives_every_failing_allocation),
           TEST_ROW(prompt_comes_later_when_there_was_no_memory),
           TEST_ROW(lines_of_any_kind_are_answered))
