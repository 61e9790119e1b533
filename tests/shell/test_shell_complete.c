/* SPDX-License-Identifier: Apache-2.0 */
/* test_shell_complete.c - completion and hints against a live runtime, through the
 * editor, as a person sees them. */
#include "shell_support.h"

#include "base/alloc.h"

static mk_readline_t editor;
static char screen[8192]; /* what the editor drew since the last key that counts */
static size_t screen_size;

static void draw(const char *bytes, size_t size, void *ctx) {
    (void)ctx;
    keep(screen, sizeof screen, &screen_size, bytes, size);
}

static void open_editor(void) {
    open_world((shell_options_t){.name = "shell"});
    CHECK(ns_actor_init(world.rt) != ACTOR_ID_INVALID);
    mk_rl_init(&editor, "> ", draw, NULL);
    mk_rl_set_completion(&editor, shell_complete, world.rt);
    mk_rl_set_width(&editor, 200);
    screen_size = 0;
    screen[0] = '\0';
}

static void type(const char *keys) {
    for (; *keys != '\0'; keys++)
        (void)mk_rl_feed(&editor, (uint8_t)*keys);
}

/* The line after these keys and one Tab. */
static const char *complete(const char *keys) {
    mk_rl_prompt(&editor);
    type(keys);
    type("\t");
    return editor.line;
}

/* What a second Tab lists. */
static const char *list(const char *keys) {
    (void)complete(keys);
    screen_size = 0;
    screen[0] = '\0';
    type("\t");
    return screen;
}

TEST(completion_of_commands) {
    open_editor();
    CHECK_STR(complete("regi"), "register ");
    CHECK_STR(complete("li"), "list ");
    CHECK_STR(complete("self; wh"), "self; whoami ");
    CHECK_STR(complete("help reg"), "help register ");
    CHECK_STR(complete("frob"), "frob");
    CHECK(strstr(list("l"), "lookup") != NULL);
    close_world();
}

TEST(completion_of_targets) {
    open_editor();
    spawn_worker("sensor");
    spawn_worker("big sensor");
    CHECK_STR(complete("send sen"), "send sensor ");
    CHECK_STR(complete("stop bi"), "stop \"big sensor\" ");
    CHECK_STR(complete("info n"), "info ns ");
    CHECK_STR(complete("list sen"), "list sen");
    close_world();
}

TEST(completion_of_paths_goes_from_folder_to_folder) {
    open_editor();
    actor_id_t worker = spawn_worker("worker");
    static const char *const paths[] = {"/demo/a/one", "/demo/a/two", "/demo/b",
                                        "/demonstrate"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        CHECK_EQ(names_register(world.rt, paths[i], worker), MK_OK);
    CHECK_STR(complete("ls /sy"), "ls /sys/");
    CHECK_STR(complete("ls /sys/"), "ls /sys/ns ");
    CHECK_STR(complete("send /node/b"), "send /node/box ");
    CHECK_STR(complete("ls /demo/"), "ls /demo/");
    CHECK_STR(complete("ls /demo/a"), "ls /demo/a/");
    const char *listed = list("ls /demo");
    CHECK(strstr(listed, "/demo/") != NULL && strstr(listed, "/demonstrate") != NULL);
    CHECK(strstr(listed, "/demo/a") == NULL);
    listed = list("ls /demo/");
    CHECK(strstr(listed, "/demo/a/") != NULL && strstr(listed, "/demo/b") != NULL);
    CHECK(strstr(listed, "one") == NULL);
    close_world();
}

TEST(completion_of_a_large_folder_is_one_choice) {
    void *probe = mk_alloc(4u << 20);
    mk_free(probe);
    if (probe == NULL) test_skip("needs 4 MiB");
    open_editor();
    actor_id_t worker = spawn_worker(NULL);
    char path[] = "/many/0000";
    for (int i = 0; i < 6000; i++) {
        for (int digit = 0, rest = i; digit < 4; digit++, rest /= 10)
            path[9 - digit] = (char)('0' + rest % 10);
        CHECK_EQ(names_register(world.rt, path, worker), MK_OK);
    }
    CHECK_EQ(names_register(world.rt, "/zz", worker), MK_OK);
    const char *listed = list("ls /");
    CHECK(strstr(listed, "/many/") != NULL && strstr(listed, "/zz") != NULL);
    close_world();
}

TEST(completion_of_types_and_levels) {
    open_editor();
    spawn_worker("worker");
    CHECK_STR(complete("send worker CAPS_REQ"), "send worker CAPS_REQUEST ");
    CHECK_STR(complete("send worker MSG_CAPS_REQ"), "send worker MSG_CAPS_REQUEST ");
    CHECK_STR(complete("send worker SHUTD"), "send worker SHUTD");
    CHECK_STR(complete("log deb"), "log debug ");
    CHECK_STR(complete("log worker err"), "log worker error ");
    close_world();
}

TEST(completion_sees_what_comes_and_goes) {
    open_editor();
    CHECK_STR(complete("stop wor"), "stop wor");
    actor_id_t worker = spawn_worker("worker");
    CHECK_STR(complete("stop wor"), "stop worker ");
    actor_stop(world.rt, worker);
    steps(3);
    CHECK_STR(complete("stop wor"), "stop wor");
    close_world();
}

static const char *hint_of(const char *line) {
    static char hint[128];
    size_t size = shell_hint(line, strlen(line), hint, sizeof hint - 1, NULL);
    hint[size] = '\0';
    return hint;
}

TEST(hints_tell_what_is_still_wanted) {
    CHECK_STR(hint_of(""), "");
    CHECK_STR(hint_of("sen"), "");
    CHECK_STR(hint_of("send"), " <target> <type> [data|x:hex]");
    CHECK_STR(hint_of("send "), "<target> <type> [data|x:hex]");
    CHECK_STR(hint_of("send ec"), "");
    CHECK_STR(hint_of("send echo "), "<type> [data|x:hex]");
    CHECK_STR(hint_of("send echo 5 "), "[data|x:hex]");
    CHECK_STR(hint_of("send echo 5 data "), "");
    CHECK_STR(hint_of("self; lookup"), " <name>");
    CHECK_STR(hint_of("list"), "");
    CHECK_STR(hint_of("log"), " [level | target level]");
    CHECK_STR(hint_of("log info "), "");
    CHECK_STR(hint_of("lookup # "), "");
    CHECK_STR(hint_of("lookup 'a"), "");
    char hint[4];
    CHECK_EQ(shell_hint("lookup", 6, hint, sizeof hint, NULL), 0);
}

TEST_TABLE(shell_complete, TEST_ROW(completion_of_commands),
           TEST_ROW(completion_of_targets),
           TEST_ROW(completion_of_paths_goes_from_folder_to_folder),
           TEST_ROW(completion_of_a_large_folder_is_one_choice),
           TEST_ROW(completion_of_types_and_levels),
           TEST_ROW(completion_sees_what_comes_and_goes),
           TEST_ROW(hints_tell_what_is_still_wanted))
