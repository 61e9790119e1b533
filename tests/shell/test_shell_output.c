/* SPDX-License-Identifier: Apache-2.0 */
/* test_shell_output.c - what each command says: as text, as JSON, and when it cannot.
 */
#include "shell_support.h"

#include "microkernel/caps.h"
#include "microkernel/crash.h"
#include "microkernel/limits.h"
#include "microkernel/supervision.h"
#include "microkernel/types.h"

#include <stdio.h>

static const shell_options_t plain;

/* The line's output is JSON and begins and ends like this. */
static void check_json(const char *line, const char *begin, const char *end) {
    const char *text = run(line);
    CHECK(is_json_rows(text));
    CHECK_EQ(world.prompt.status, 0);
    CHECK(strlen(text) >= strlen(begin) + strlen(end));
    CHECK(strncmp(text, begin, strlen(begin)) == 0);
    CHECK_STR(text + strlen(text) - strlen(end), end);
}

/* --- actors --- */

TEST(list_shows_actors_with_all_their_names) {
    open_world(plain);
    actor_id_t worker = spawn_worker("echo");
    CHECK(ns_actor_init(world.rt) != ACTOR_ID_INVALID);
    CHECK_EQ(names_register(world.rt, "/demo/echo", worker), MK_OK);
    CHECK_STR(run("list"), "  SEQ  ID                STATUS   MBOX  NAME\n"
                           "  1    0x000000100000001 idle     0/64  -\n"
                           "  2    0x000000100000002 running  0/32  shell\n"
                           "  3    0x000000100000003 idle     0/16  echo\n"
                           "                                        /demo/echo\n"
                           "  4    0x000000100000004 idle     0/64  ns\n"
                           "                                        /sys/ns\n"
                           "                                        /node/box\n");
    CHECK_STR(
        run("list --json"),
        "[{\"seq\":1,\"id\":\"4294967297\",\"status\":\"idle\",\"mailbox_used\":0,"
        "\"mailbox_cap\":64,\"parent\":null,\"names\":[]},"
        "{\"seq\":2,\"id\":\"4294967298\",\"status\":\"running\","
        "\"mailbox_used\":0,\"mailbox_cap\":32,\"parent\":null,"
        "\"names\":[\"shell\"]},"
        "{\"seq\":3,\"id\":\"4294967299\",\"status\":\"idle\",\"mailbox_used\":0,"
        "\"mailbox_cap\":16,\"parent\":null,\"names\":[\"echo\",\"/demo/echo\"]},"
        "{\"seq\":4,\"id\":\"4294967300\",\"status\":\"idle\",\"mailbox_used\":0,"
        "\"mailbox_cap\":64,\"parent\":null,"
        "\"names\":[\"ns\",\"/sys/ns\",\"/node/box\"]}]\n");
    close_world();
}

TEST(list_shows_names_that_need_a_block_of_their_own) {
    open_world(plain);
    actor_id_t worker = spawn_worker(NULL);
    char name[64];
    memset(name, 'n', sizeof name);
    name[63] = '\0';
    for (const char *last = "abcdefghij"; *last != '\0'; last++) {
        name[62] = *last;
        CHECK_EQ(names_register(world.rt, name, worker), MK_OK);
    }
    const char *text = run("list");
    size_t rows = 0;
    for (; *text != '\0'; text++)
        rows += *text == '\n';
    CHECK_EQ(rows, 3 + 10);
    CHECK(is_json_rows(run("list --json")));
    CHECK(is_json_rows(run("info --json 3")));
    close_world();
}

TEST(info_shows_parents_counters_and_memory) {
    open_world(plain);
    port_memory_facts_t facts = {.total_bytes = 327 * 1024,
                                 .free_bytes = 213 * 1024,
                                 .min_free_bytes = 212 * 1024,
                                 .largest_free_bytes = 128 * 1024};
    sim_set_memory_facts(&facts);
    CHECK_STR(run("info"),
              "Actors: 2 active\n"
              "  SEQ  ID                STATUS   MBOX  PARENT            NAME\n"
              "  1    0x000000100000001 idle     0/64  ---               -\n"
              "  2    0x000000100000002 running  0/32  ---               shell\n"
              "\n"
              "Heap: 213 KB free / 327 KB (min 212 KB, largest 128 KB)\n"
              "Messages: 1 delivered, 0 refused, 0 dropped, 0 to nobody\n"
              "Runtime: 2 actors started, 0 ended, 0 crashed, 0 timers, 0 watches\n");
    check_json("top --json",
               "{\"active\":2,\"transports\":0,\"counters\":{\"delivered\":",
               "\"names\":[\"shell\"]}]}\n");
    facts = (port_memory_facts_t){.total_bytes = (size_t)20 * 1024 * 1024,
                                  .free_bytes = (size_t)11 * 1024 * 1024,
                                  .resident_bytes = (size_t)1604 * 1024};
    sim_set_memory_facts(&facts);
    CHECK(strstr(run("info"), "\nMemory: 1604 KB in use, 11 MB free / 20 MB\n") !=
          NULL);
    close_world();
}

TEST(info_about_one_actor) {
    open_world(plain);
    spawn_worker("echo");
    run("call echo 1003 x");
    char expected[512];
    snprintf(expected, sizeof expected,
             "Actor        0x000000100000003\n"
             "Names        echo\n"
             "Status       idle\n"
             "Parent       ---\n"
             "Mailbox      0/16 messages, 0/%lu bytes\n"
             "Handled      1\n"
             "Dropped      0\n"
             "Last type    1003\n"
             "Timers       0\n"
             "Watches      0\n"
             "Links        0\n"
             "Monitors     0\n",
             (unsigned long)MK_MAILBOX_BYTES);
    CHECK_STR(run("info echo"), expected);
    check_json("info --json 3", "{\"seq\":3,\"id\":\"4294967299\",\"status\":\"idle\",",
               "\"monitors\":0}\n");
    check_problem("info nobody", "Unknown target: nobody\n", SHELL_NO_NAME);
    check_problem("info 0x900000001",
                  "info: '0x900000001' is an actor of another node\n",
                  SHELL_UNREACHABLE);
    close_world();
}

TEST(target_that_is_wrong_is_named) {
    open_world(plain);
    spawn_worker("sensor");
    check_problem("stop sensr", "Unknown target: sensr (did you mean 'sensor'?)\n",
                  SHELL_NO_NAME);
    check_problem("stop 77", "No such actor: 77\n", SHELL_NO_NAME);
    check_problem("stop 0", "No such actor: 0\n", SHELL_NO_NAME);
    check_problem("stop ''", "Unknown target: \n", SHELL_NO_NAME);
    check_problem("stop 0xg",
                  "Unknown target: 0xg (no such name; an id is decimal, or 0x and hex "
                  "digits)\n",
                  SHELL_NO_NAME);
    check_problem("stop 18446744073709551616",
                  "Unknown target: 18446744073709551616 (ids have 64 bits)\n",
                  SHELL_NO_NAME);
    check_problem("stop \"sen\\x00sor\"",
                  "Unknown target: sen\\x00sor (did you mean 'sensor'?)\n",
                  SHELL_NO_NAME);
    /* Names come before numbers. */
    actor_id_t one = spawn_worker("1");
    run("stop 1");
    CHECK(!actor_is_alive(world.rt, one));
    CHECK(actor_is_alive(world.rt, world.console));
    close_world();
}

TEST(stop_ends_an_actor) {
    open_world(plain);
    actor_id_t worker = spawn_worker("echo");
    CHECK_STR(run("stop echo"), "Stopped actor 0x000000100000003\n");
    CHECK(!actor_is_alive(world.rt, worker));
    check_problem("stop 3", "No such actor: 3\n", SHELL_NO_NAME);
    spawn_worker("echo");
    CHECK_STR(run("stop --json echo"), "{\"stopped\":\"4294967300\"}\n");
    check_problem("stop 0x900000001",
                  "stop: '0x900000001' is an actor of another node\n",
                  SHELL_UNREACHABLE);
    close_world();
}

TEST(self_and_whoami) {
    open_world(plain);
    CHECK_STR(run("self"), "4294967298\n");
    CHECK_STR(run("self --json"), "{\"id\":\"4294967298\"}\n");
    CHECK_STR(run("whoami"), "box (actor 4294967298)\n");
    CHECK_STR(run("whoami --json"),
              "{\"node\":\"box\",\"node_id\":1,\"id\":\"4294967298\"}\n");
    close_world();
}

/* --- messages --- */

TEST(send_says_what_was_sent) {
    open_world(plain);
    spawn_worker("echo");
    CHECK_STR(run("send echo 1005 abc"),
              "Sent type=1005 to 0x000000100000003 (3 bytes)\n");
    CHECK_STR(run("send echo 0x3ED x:ff"),
              "Sent type=1005 to 0x000000100000003 (1 byte)\n");
    CHECK_STR(run("send --json echo 1005"),
              "{\"sent\":{\"type\":1005,\"to\":\"4294967299\",\"size\":0}}\n");
    CHECK_STR(run("send echo CAPS_REQUEST; send echo MSG_CAPS_REQUEST"),
              "Sent type=4278190109 to 0x000000100000003 (0 bytes)\n"
              "Sent type=4278190109 to 0x000000100000003 (0 bytes)\n");
    close_world();
}

TEST(send_says_what_is_wrong) {
    open_world(plain);
    spawn_worker("echo");
    check_problem("send nobody 1", "Unknown target: nobody\n", SHELL_NO_NAME);
    check_problem(
        "send echo what",
        "Invalid type: what (a type is a number, decimal or 0x and hex digits, "
        "or a name such as CAPS_REQUEST)\n",
        SHELL_USAGE);
    check_problem("send echo 4294967296",
                  "Invalid type: 4294967296 (the largest is 4294967295)\n",
                  SHELL_USAGE);
    check_problem("send echo 1 x:0g",
                  "Bad hex payload: \"g\" at column 16: not a hex digit\n",
                  SHELL_USAGE);
    check_problem(
        "send echo 1 x:012",
        "Bad hex payload: \"2\" at column 17: second hex digit of the byte is missing\n",
        SHELL_USAGE);
    char line[600] = "send echo 1 x:";
    memset(line + strlen(line), '0', (size_t)2 * 257);
    check_problem(line, "Bad payload: more than 256 bytes behind x:\n", SHELL_USAGE);
    line[strlen(line) - 2] = '\0';
    CHECK_STR(run(line), "Sent type=1 to 0x000000100000003 (256 bytes)\n");
    check_problem("send 0x900000001 1",
                  "Cannot reach 0x900000001: node 9 is not connected\n",
                  SHELL_UNREACHABLE);
    close_world();
}

TEST(send_refuses_what_only_the_runtime_sends) {
    open_world(plain);
    spawn_worker("echo");
    check_problem("send echo SHUTDOWN",
                  "Refused: only the runtime sends MSG_SHUTDOWN (4278190208)\n",
                  SHELL_REFUSED);
    check_problem("call echo 4278190208",
                  "Refused: only the runtime sends MSG_SHUTDOWN (4278190208)\n",
                  SHELL_REFUSED);
    close_world();
}

/* Never looks at its mail: the test does not let it run. */
TEST(send_to_a_full_mailbox_is_refused) {
    open_world(plain);
    actor_options_t options = {.mailbox_size = 2};
    actor_id_t small = actor_spawn_with(world.rt, worker_behave, NULL, NULL, &options);
    CHECK_EQ(names_register(world.rt, "small", small), MK_OK);
    CHECK_STR(run("send small 5; send small 5; send small 5"),
              "Sent type=5 to 0x000000100000003 (0 bytes)\n"
              "Sent type=5 to 0x000000100000003 (0 bytes)\n"
              "Refused: the mailbox of small is full (2/2 messages)\n");
    CHECK_EQ(world.prompt.status, SHELL_REFUSED);
    run("self");
    run("send small 5; send small 5; call small 5");
    CHECK_STR(world.problem, "Refused: the mailbox of small is full (2/2 messages)\n");
    CHECK_EQ(runtime_counters(world.rt).timers, 0);
    close_world();
}

TEST(caps_of_this_node_and_of_an_actor) {
    open_world(plain);
    static const char text[] = "platform=sim\nidentity=box\nnode_id=1\nwasm=false\n"
                               "tls=false\nhttp=false\nmax_actors=4096\nactor_count=2\n"
                               "transports=0\n";
    static const char json[] =
        "{\"platform\":\"sim\",\"identity\":\"box\",\"node_id\":1,\"wasm\":false,"
        "\"tls\":false,\"http\":false,\"max_actors\":4096,\"actor_count\":2,"
        "\"transports\":0}\n";
    CHECK_STR(run("caps"), text);
    CHECK_STR(run("caps --json"), json);
    CHECK(caps_actor_init(world.rt) != ACTOR_ID_INVALID);
    CHECK(strstr(run("caps caps"), "identity=box\n") != NULL);
    CHECK(strstr(run("caps --json caps"), "\"identity\":\"box\",") != NULL);
    CHECK(is_json_rows(world.out));
    spawn_worker("mute");
    say("caps -t 2s mute");
    steps(5);
    forget_output();
    sim_advance(2000000000);
    steps(5);
    CHECK_STR(world.out, "Timeout (2s)\n");
    check_problem("caps nobody", "Unknown target: nobody\n", SHELL_NO_NAME);
    close_world();
}

/* --- names --- */

TEST(register_gives_the_shell_a_name) {
    open_world(plain);
    CHECK_STR(run("register boss"), "Registered as 'boss'\n");
    CHECK_EQ(actor_lookup(world.rt, "boss"), world.shell);
    CHECK_STR(run("register --json 'big boss'"),
              "{\"registered\":\"big boss\",\"id\":\"4294967298\"}\n");
    spawn_worker("taken");
    run("register taken");
    CHECK_EQ(world.prompt.status, SHELL_FAILED);
    CHECK(strncmp(world.problem, "Failed to register 'taken': ", 28) == 0);
    run("register ' x'");
    CHECK_EQ(world.prompt.status, SHELL_FAILED);
    check_problem("register \"a\\x00b\"",
                  "'a\\x00b' has a zero byte, which no name has\n", SHELL_USAGE);
    close_world();
}

TEST(lookup_tells_the_id) {
    open_world(plain);
    spawn_worker("echo");
    CHECK_STR(run("lookup echo"), "4294967299\n");
    CHECK_STR(run("lookup --json echo"), "{\"name\":\"echo\",\"id\":\"4294967299\"}\n");
    check_problem("lookup nobody", "Not found: nobody\n", SHELL_NO_NAME);
    check_problem("lookup", "Usage: lookup [--json] <name>\n", SHELL_USAGE);
    close_world();
}

TEST(ls_lists_paths_and_names) {
    open_world(plain);
    actor_id_t worker = spawn_worker("echo");
    CHECK_STR(run("ls"), "(no entries under '/')\n");
    CHECK_STR(run("ls --json"), "[]\n");
    CHECK(ns_actor_init(world.rt) != ACTOR_ID_INVALID);
    CHECK_EQ(names_register(world.rt, "/demo/echo", worker), MK_OK);
    CHECK_EQ(paths_register(world.rt, "/demo/far", actor_id_make(9, 1), PATH_MOUNTED),
             MK_OK);
    CHECK_STR(run("ls"), "/demo/echo=4294967299\n/demo/far=38654705665 @9\n"
                         "/node/box=4294967300\n/sys/ns=4294967300\n");
    CHECK_STR(run("ls /demo/"), "/demo/echo=4294967299\n/demo/far=38654705665 @9\n");
    CHECK_STR(run("ls --json /demo"),
              "[{\"name\":\"/demo/echo\",\"id\":\"4294967299\",\"origin\":\"local\"},"
              "{\"name\":\"/demo/far\",\"id\":\"38654705665\",\"node_id\":9,"
              "\"origin\":\"mounted\"}]\n");
    CHECK_STR(run("ls e"), "echo=4294967299\n");
    CHECK_STR(run("ls ''"), "echo=4294967299\nns=4294967300\nshell=4294967298\n");
    CHECK_STR(run("ls /nowhere"), "(no entries under '/nowhere')\n");
    char line[160] = "ls ";
    memset(line + 3, 'x', MK_NAME_MAX);
    line[3 + MK_NAME_MAX] = '\0';
    run(line);
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    close_world();
}

TEST(ls_goes_on_over_turns) {
    open_world(plain);
    actor_id_t worker = spawn_worker(NULL);
    char name[] = "n000";
    for (int i = 0; i < 400; i++) {
        name[1] = (char)('0' + i / 100);
        name[2] = (char)('0' + i / 10 % 10);
        name[3] = (char)('0' + i % 10);
        CHECK_EQ(names_register(world.rt, name, worker), MK_OK);
    }
    run("ls n");
    CHECK_EQ(world.out_size, 400 * strlen("n000=4294967299\n"));
    close_world();
}

/* --- the tree --- */

static const child_spec_t pair[] = {
    {"w1", worker_behave, NULL, NULL, NULL, 16, RESTART_PERMANENT},
    {"w2", worker_behave, NULL, NULL, NULL, 16, RESTART_TEMPORARY},
};

TEST(tree_without_supervisors) {
    open_world(plain);
    CHECK_STR(run("tree"),
              "  NAME                            ID                TYPE       RESTARTS "
              "LAST EXIT\n"
              "  (no supervisors)\n"
              "\n"
              "Without a supervisor:\n"
              "  -                               0x000000100000001\n"
              "  shell                           0x000000100000002\n");
    CHECK_STR(run("tree --json"),
              "{\"supervisors\":[],\"unsupervised\":["
              "{\"name\":\"\",\"id\":\"4294967297\",\"names\":[]},"
              "{\"name\":\"\",\"id\":\"4294967298\",\"names\":[\"shell\"]}]}\n");
    close_world();
}

TEST(tree_shows_supervisors_inside_each_other) {
    open_world(plain);
    supervisor_config_t inner = {.options = {.strategy = STRATEGY_ONE_FOR_ALL,
                                             .max_restarts = 9,
                                             .window_ms = 1000},
                                 .specs = pair,
                                 .n_specs = 2};
    child_spec_t specs[] = {
        {"cache", worker_behave, NULL, NULL, NULL, 16, RESTART_TRANSIENT},
        {NULL, NULL, NULL, NULL, NULL, 0, RESTART_PERMANENT},
        {"last", worker_behave, NULL, NULL, NULL, 16, RESTART_PERMANENT}};
    supervisor_child_spec(&specs[1], "crew", &inner, RESTART_PERMANENT);
    child_options_t options[] = {
        {.backoff_ms = 0}, {.backoff_ms = 0}, {.backoff_ms = 50}};
    supervisor_options_t outer = {.name = "app", .max_restarts = 9, .window_ms = 1000};
    actor_id_t app = supervisor_start_with(world.rt, &outer, specs, options, 3);
    CHECK(app != ACTOR_ID_INVALID);
    steps(20);
    CHECK(actor_send(world.rt, supervisor_get_child(world.rt, app, 0), MSG_TEST_CRASH,
                     "x", 2));
    CHECK(actor_send(world.rt, supervisor_get_child(world.rt, app, 2), MSG_TEST_CRASH,
                     "x", 2));
    steps(20);
    const char *text = run("tree");
    static const char *const rows[] = {
        "  app (one_for_one)               0x000000100000003 -          -        -\n",
        "  |- cache                        0x00000010000000",
        "  |- crew (one_for_all)           0x00000010000000",
        "  |  |- w1                        0x00000010000000",
        "  |  `- w2                        0x00000010000000",
        "  `- last                         (restarting)      permanent  0        crashed\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        text = strstr(text, rows[i]);
        CHECK(text != NULL);
    }
    CHECK(strstr(world.out, "transient  1        crashed\n") != NULL);
    CHECK(strstr(world.out, "temporary  0        -\n") != NULL);
    check_json("tree --json",
               "{\"supervisors\":[{\"name\":\"app\",\"id\":\"4294967299\",\"names\":[],"
               "\"strategy\":\"one_for_one\",\"children\":[{\"name\":\"cache\",",
               "\"names\":[\"shell\"]}]}\n");
    CHECK_STR(run("stop 3"),
              "Stopping supervisor 0x000000100000003 and its children\n");
    steps(30);
    CHECK(!actor_is_alive(world.rt, app));
    close_world();
}

/* The numbers of nodes are mostly large, and ids then wider. */
TEST(columns_stand_under_each_other_for_wide_ids) {
    open_world(plain);
    shell_options_t options = {.write = world_write};
    runtime_destroy(world.rt);
    world.rt = runtime_init(0xeeb7b2d7, 64);
    CHECK_EQ(crash_enable(world.rt), MK_OK);
    world.console = actor_spawn(world.rt, console_behave, NULL, NULL, 16);
    options.console = world.console;
    world.shell = shell_start(world.rt, &options);
    supervisor_options_t sup = {.name = "app", .max_restarts = 9, .window_ms = 1000};
    CHECK(supervisor_start_with(world.rt, &sup, pair, NULL, 2) != ACTOR_ID_INVALID);
    CHECK(actor_send(world.rt, spawn_worker("bad"), MSG_TEST_CRASH, NULL, 0));
    steps(9);
    CHECK_STR(
        run("tree"),
        "  NAME                            ID                 TYPE       RESTARTS "
        "LAST EXIT\n"
        "  app (one_for_one)               0xeeb7b2d700000003 -          -        -\n"
        "  |- w1                           0xeeb7b2d700000005 permanent  0        -\n"
        "  `- w2                           0xeeb7b2d700000006 temporary  0        -\n"
        "\n"
        "Without a supervisor:\n"
        "  -                               0xeeb7b2d700000001\n"
        "  shell                           0xeeb7b2d700000002\n");
    CHECK_STR(run("crash"),
              "  NO   RUN  WHEN (UTC)          ID                 REASON    NAMES\n"
              "  1    1    2026-01-01 00:00:00 0xeeb7b2d700000004 crashed   bad\n"
              "         last message 1002, 1 handled\n");
    CHECK_STR(run("list"), "  SEQ  ID                 STATUS   MBOX  NAME\n"
                           "  1    0xeeb7b2d700000001 idle     0/16  -\n"
                           "  2    0xeeb7b2d700000002 running  0/32  shell\n"
                           "  3    0xeeb7b2d700000003 idle     0/16  -\n"
                           "  5    0xeeb7b2d700000005 idle     0/16  -\n"
                           "  6    0xeeb7b2d700000006 idle     0/16  -\n");
    close_world();
}

TEST(tree_stops_at_its_depth) {
    enum { LEVELS = 30 };
    static supervisor_config_t configs[LEVELS];
    static child_spec_t specs[LEVELS];
    open_world(plain);
    memset(configs, 0, sizeof configs);
    specs[LEVELS - 1] = pair[0];
    for (size_t i = LEVELS - 1; i > 0; i--) {
        configs[i].options =
            (supervisor_options_t){.max_restarts = 1, .window_ms = 1000};
        configs[i].specs = &specs[i];
        configs[i].n_specs = 1;
        supervisor_child_spec(&specs[i - 1], "nested", &configs[i], RESTART_PERMANENT);
    }
    supervisor_options_t top = {.name = "top", .max_restarts = 1, .window_ms = 1000};
    CHECK(supervisor_start_with(world.rt, &top, specs, NULL, 1) != ACTOR_ID_INVALID);
    steps(100);
    CHECK(strstr(run("tree"), "... (") != NULL);
    CHECK(is_json_rows(run("tree --json")));
    CHECK(strstr(world.out, "\"children\":null}") != NULL);
    close_world();
}

TEST(tree_that_was_interrupted_leaves_nothing_behind) {
    open_world(plain);
    supervisor_options_t options = {.name = "pool",
                                    .strategy = STRATEGY_REST_FOR_ONE,
                                    .max_restarts = 1,
                                    .window_ms = 1000};
    child_spec_t specs[100];
    for (size_t i = 0; i < 100; i++)
        specs[i] = (child_spec_t){.behavior = worker_behave, .mailbox_size = 2};
    CHECK(supervisor_start_with(world.rt, &options, specs, NULL, 100) !=
          ACTOR_ID_INVALID);
    steps(5);
    run("tree");
    size_t before = test_live_blocks();
    say("tree");
    steps(2);
    CHECK_EQ(world.prompts, 1);
    CHECK(strstr(world.out, "pool (rest_for_one)") != NULL);
    say("\x03");
    steps(20);
    CHECK_EQ(world.prompt.status, SHELL_INTERRUPTED);
    CHECK_EQ(test_live_blocks(), before);
    close_world();
}

TEST(tree_goes_on_while_it_changes) {
    open_world(plain);
    supervisor_options_t options = {
        .name = "pool", .is_template = true, .max_restarts = 1, .window_ms = 1000};
    child_spec_t spec = {NULL, worker_behave, NULL, NULL, NULL, 2, RESTART_TEMPORARY};
    actor_id_t pool = supervisor_start_with(world.rt, &options, &spec, NULL, 1);
    for (int i = 0; i < 200; i++)
        CHECK(supervisor_start_child(world.rt, pool, NULL, NULL, NULL) !=
              ACTOR_ID_INVALID);
    steps(10);
    say("tree --json");
    steps(3);
    CHECK_EQ(world.prompts, 0);
    actor_stop(world.rt, pool);
    steps(500);
    CHECK_EQ(world.prompts, 1);
    CHECK(world.out_size > 200 * 50);
    CHECK_EQ(world.prompt.status, 0);
    close_world();
}

/* --- crashes --- */

TEST(crash_shows_who_failed) {
    open_world(plain);
    CHECK_EQ(crash_enable(world.rt), MK_OK);
    CHECK_STR(run("crash"), "(no actor has failed)\n");
    CHECK_STR(run("crash --json"), "[]\n");
    actor_id_t first = spawn_worker("first");
    actor_id_t second = spawn_worker(NULL);
    CHECK(actor_send(world.rt, first, MSG_TEST_CRASH, "no\x1b more", 9));
    steps(3);
    sim_advance(3723000000000); /* 1 h 2 min 3 s */
    CHECK(actor_send(world.rt, second, MSG_TEST_CRASH, NULL, 0));
    steps(3);
    CHECK_STR(run("crash"),
              "  NO   RUN  WHEN (UTC)          ID                REASON    NAMES\n"
              "  1    1    2026-01-01 00:00:00 0x000000100000003 crashed   first\n"
              "         no\\x1b more; last message 1002, 1 handled\n"
              "  2    1    2026-01-01 01:02:03 0x000000100000004 crashed   -\n"
              "         last message 1002, 1 handled\n");
    CHECK_STR(run("crash -n 1 --json"),
              "[{\"number\":2,\"run\":1,\"is_earlier\":false,\"time_ms\":1767229323000,"
              "\"id\":\"4294967300\",\"parent\":null,\"reason\":\"crashed\","
              "\"last_type\":1002,\"handled\":1,\"names\":[],\"text\":\"\"}]\n");
    check_problem("crash all", "crash: 'all' is not 'clear'\n", SHELL_USAGE);
    CHECK_STR(run("crash clear"), "Forgot 2 records\n");
    CHECK_STR(run("crash clear --json"), "{\"cleared\":0}\n");
    CHECK_STR(run("crash"), "(no actor has failed)\n");
    close_world();
}

/* What the calendar says, from the wall clock's milliseconds. */
TEST(crash_times_are_right_over_centuries) {
    static const struct {
        uint64_t time_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01 00:00:00"},
        {951782399000, "2000-02-28 23:59:59"},
        {951782400000, "2000-02-29 00:00:00"},
        {951868800000, "2000-03-01 00:00:00"},
        {1709164800000, "2024-02-29 00:00:00"},
        {1735689599999, "2024-12-31 23:59:59"},
        {4107542400000, "2100-03-01 00:00:00"},
    };
    open_world(plain);
    CHECK_EQ(crash_enable(world.rt), MK_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_set_wall_ms(cases[i].time_ms);
        CHECK(actor_send(world.rt, spawn_worker(NULL), MSG_TEST_CRASH, NULL, 0));
        steps(3);
        CHECK(strstr(run("crash -n 1"), cases[i].text) != NULL);
    }
    close_world();
}

/* --- the log --- */

TEST(log_shows_the_newest_lines) {
    open_world(plain);
    check_problem("log", "Logging is off\n", SHELL_FAILED);
    CHECK_EQ(log_enable(world.rt), MK_OK);
    CHECK_STR(run("log"), "(no log lines yet)\n");
    CHECK_STR(run("log --json"), "[]\n");
    actor_log(world.rt, LOG_WARN, "one");
    actor_log(world.rt, LOG_DEBUG, "not logged");
    actor_log(world.rt, LOG_ERROR, "two");
    CHECK_STR(run("log"),
              "[0.000] [WARN] actor=0: one\n[0.000] [ERROR] actor=0: two\n");
    CHECK_STR(run("log -n 1"), "[0.000] [ERROR] actor=0: two\n");
    check_json("log -n 1 --json", "[{\"time_ms\":1767225600000,", "}]\n");
    CHECK(strstr(world.out, "\"two\"") != NULL && strstr(world.out, "\"one\"") == NULL);
    close_world();
}

TEST(log_changes_what_is_logged) {
    open_world(plain);
    actor_id_t worker = spawn_worker("echo");
    CHECK_STR(run("log debug"), "Log level: debug\n");
    CHECK_EQ(log_get_level(world.rt), LOG_DEBUG);
    CHECK_STR(run("log --json WARNING"), "{\"level\":\"warn\"}\n");
    CHECK_STR(run("log echo error"),
              "Log level of 0x000000100000003: error (its own)\n");
    CHECK_EQ(log_get_actor_level(world.rt, worker), LOG_ERROR);
    CHECK_STR(run("log --json echo inherit"),
              "{\"id\":\"4294967299\",\"level\":\"warn\",\"is_own\":false}\n");
    CHECK_STR(run("log echo inherit"),
              "Log level of 0x000000100000003: warn (inherited)\n");
    check_problem("log loud", "Unknown level: 'loud' (debug, info, warn or error)\n",
                  SHELL_USAGE);
    check_problem("log inherit",
                  "Unknown level: 'inherit' (debug, info, warn or error)\n",
                  SHELL_USAGE);
    check_problem("log echo loud",
                  "Unknown level: 'loud' (debug, info, warn, error or inherit)\n",
                  SHELL_USAGE);
    check_problem("log nobody info", "Unknown target: nobody\n", SHELL_NO_NAME);
    check_problem("log 0x900000001 info",
                  "log: '0x900000001' is an actor of another node\n",
                  SHELL_UNREACHABLE);
    close_world();
}

/* --- help, history --- */

TEST(help_lists_the_commands) {
    open_world(plain);
    const char *text = run("?");
    CHECK(strncmp(text, "Commands:\n  help [command]  ", 28) == 0);
    CHECK(strstr(text, "  exit [code]                        leave; also: quit\n") !=
          NULL);
    check_json("help --json", "[{\"name\":\"help\",\"arguments\":\"[command]\",",
               "}]\n");
    CHECK_STR(run("help quit"), "exit - leave; also: quit\n"
                                "Usage: exit [code]\n"
                                "The code (0 to 255) is what the program ends with.\n");
    check_json("help --json list", "{\"name\":\"list\",", "}\n");
    check_problem("help lits", "Unknown command: lits (did you mean 'list'?)\n",
                  SHELL_USAGE);
    close_world();
}

TEST(history_lists_what_was_typed) {
    static mk_readline_t editor;
    mk_rl_init(&editor, NULL, NULL, NULL);
    open_world((shell_options_t){.editor = &editor});
    CHECK_STR(run("history"), "");
    CHECK_STR(run("history --json"), "[]\n");
    mk_rl_history_add(&editor, "list");
    mk_rl_history_add(&editor, "send \"x\" 5");
    CHECK_STR(run("history"), "  1   list\n  2   send \"x\" 5\n");
    CHECK_STR(run("history -n 1"), "  2   send \"x\" 5\n");
    CHECK_STR(run("history --json -n 99"), "[\"list\",\"send \\\"x\\\" 5\"]\n");
    close_world();
    open_world(plain);
    CHECK_STR(run("history"), "");
    close_world();
}

TEST_TABLE(shell_output, TEST_ROW(list_shows_actors_with_all_their_names),
           TEST_ROW(list_shows_names_that_need_a_block_of_their_own),
           TEST_ROW(info_shows_parents_counters_and_memory),
           TEST_ROW(info_about_one_actor), TEST_ROW(target_that_is_wrong_is_named),
           TEST_ROW(stop_ends_an_actor), TEST_ROW(self_and_whoami),
           TEST_ROW(send_says_what_was_sent), TEST_ROW(send_says_what_is_wrong),
           TEST_ROW(send_refuses_what_only_the_runtime_sends),
           TEST_ROW(send_to_a_full_mailbox_is_refused),
           TEST_ROW(caps_of_this_node_and_of_an_actor),
           TEST_ROW(register_gives_the_shell_a_name), TEST_ROW(lookup_tells_the_id),
           TEST_ROW(ls_lists_paths_and_names), TEST_ROW(ls_goes_on_over_turns),
           TEST_ROW(tree_without_supervisors),
           TEST_ROW(tree_shows_supervisors_inside_each_other),
           TEST_ROW(columns_stand_under_each_other_for_wide_ids),
           TEST_ROW(tree_stops_at_its_depth),
           TEST_ROW(tree_that_was_interrupted_leaves_nothing_behind),
           TEST_ROW(tree_goes_on_while_it_changes), TEST_ROW(crash_shows_who_failed),
           TEST_ROW(crash_times_are_right_over_centuries),
           TEST_ROW(log_shows_the_newest_lines), TEST_ROW(log_changes_what_is_logged),
           TEST_ROW(help_lists_the_commands), TEST_ROW(history_lists_what_was_typed))
