/* SPDX-License-Identifier: Apache-2.0 */
/* load and reload: files on the simulated disk. */
#include "shell_support.h"

#include "microkernel/wasm_actor.h"
#include "port/files.h"
#include "wasm_modules/modules.h"

static const shell_options_t plain;

#define WRITE(path, name)                                                              \
    CHECK_EQ(port_file_replace(path, name##_module, sizeof name##_module), MK_OK)

static void open_disk(void) {
    open_world(plain);
    CHECK_EQ(port_dir_create("dir"), MK_OK);
    WRITE("echo.wasm", echo);
    WRITE("dir/zero.wasm", zero);
    WRITE("files.wasm", wants_files);
    WRITE("trap.wasm", start_trap);
    CHECK_EQ(port_file_replace("empty.wasm", "", 0), MK_OK);
    CHECK_EQ(port_file_replace("text", "hello", 5), MK_OK);
}

TEST(load_names_an_actor_after_its_file) {
    open_disk();
    CHECK_STR(run("load echo.wasm"), "Spawned actor 3 as 'echo'\n");
    CHECK_EQ(world.prompt.status, SHELL_OK);
    CHECK_STR(run("call echo 200 hello"),
              "[reply] type=201 from=0x000000100000003 size=5 \"hello\"\n");
    CHECK_STR(run("load echo.wasm"), "Spawned actor 4 as 'echo_1'\n");
    CHECK_STR(run("load echo.wasm --json"),
              "{\"name\":\"echo_2\",\"id\":\"4294967301\"}\n");
    CHECK_STR(run("stop echo"), "Stopped actor 0x000000100000003\n");
    CHECK_STR(run("load echo.wasm"), "Spawned actor 6 as 'echo'\n");
    close_world();
}

TEST(load_gives_rights_that_are_granted_and_no_others) {
    open_disk();
    CHECK_STR(run("load files.wasm"),
              "Failed to spawn WASM actor: import 'env.mk_read_file' needs the grant "
              "'files'\n");
    CHECK_EQ(world.prompt.status, SHELL_FAILED);
    CHECK_STR(run("load files.wasm --grant spawn,files --memory 4 --fuel 5000"),
              "Spawned actor 3 as 'files'\n");
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(world.rt, actor_lookup(world.rt, "files"), &facts));
    CHECK_EQ(facts.grants, WASM_GRANT_DEFAULT | WASM_GRANT_SPAWN | WASM_GRANT_FILES);
    (void)run("load files.wasm --grant file");
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    CHECK(strstr(world.out, "'file' is none of") != NULL);
    (void)run("load files.wasm --memory 70000");
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    (void)run("load files.wasm --fuel 1");
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    (void)run("load files.wasm --children 0");
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    (void)run("load files.wasm --sends many");
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    CHECK(strstr(world.out, "'many' is no number of messages a second") != NULL);
    CHECK_STR(run("load files.wasm --grant all --children 3 --sends 20"),
              "Spawned actor 4 as 'files_1'\n");
    CHECK(wasm_actor_facts(world.rt, actor_lookup(world.rt, "files_1"), &facts));
    CHECK_EQ(facts.children, 3);
    CHECK_EQ(facts.sends, 20);
    (void)run("reload files files.wasm --grant files");
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    close_world();
}

TEST(load_says_what_is_wrong_with_a_file) {
    open_disk();
    CHECK_STR(run("load nowhere.wasm"), "Cannot open: nowhere.wasm (not found)\n");
    CHECK_STR(run("load empty.wasm"), "Invalid file size: 0\n");
    (void)run("load text");
    CHECK(strstr(world.out, "Failed to spawn WASM actor: magic header") != NULL);
    CHECK_EQ(world.prompt.status, SHELL_FAILED);
    (void)run("load");
    CHECK_EQ(world.prompt.status, SHELL_USAGE);
    CHECK(strstr(world.out, "Usage: load ") != NULL);
    close_world();
}

TEST(a_name_is_looked_for_among_the_modules_too) {
    open_world((shell_options_t){.modules = "dir"});
    CHECK_EQ(port_dir_create("dir"), MK_OK);
    CHECK_EQ(port_dir_create("dir/dir"), MK_OK);
    WRITE("dir/echo.wasm", echo);
    WRITE("dir/zero.wasm", zero);
    WRITE("zero.wasm", wants_files); /* the one here comes first */
    WRITE("dir/dir/zero.wasm", zero);
    CHECK_STR(run("load echo.wasm"), "Spawned actor 3 as 'echo'\n");
    (void)run("load zero.wasm");
    CHECK(strstr(world.out, "needs the grant 'files'") != NULL);
    CHECK_STR(run("reload echo echo.wasm"), "Reloaded 'echo' \xE2\x86\x92 actor 3\n");
    CHECK_STR(run("load nowhere.wasm"), "Cannot open: nowhere.wasm (not found)\n");
    CHECK_STR(run("load ./echo.wasm"), "Cannot open: ./echo.wasm (not found)\n");
    CHECK_STR(run("load dir/dir/nowhere"),
              "Cannot open: dir/dir/nowhere (not found)\n");
    close_world();
}

TEST(info_tells_of_the_module) {
    open_disk();
    (void)run("load echo.wasm --grant spawn");
    (void)run("info echo");
    CHECK(strstr(world.out, "WASM         1 page, ") != NULL);
    CHECK(strstr(world.out, " 0 reloads\n") != NULL);
    CHECK(strstr(world.out, "Grants       messages, time, log, state, spawn\n") !=
          NULL);
    (void)run("reload echo echo.wasm");
    (void)run("info echo");
    CHECK(strstr(world.out, " 1 reloads\n") != NULL);
    (void)run("info echo --json");
    CHECK(is_json_rows(world.out));
    CHECK(strstr(world.out, "\"wasm\":{\"memory_pages\":1,") != NULL);
    CHECK(strstr(world.out,
                 "\"grants\":[\"messages\",\"time\",\"log\",\"state\",\"spawn\"]") !=
          NULL);
    (void)run("info shell");
    CHECK(strstr(world.out, "WASM") == NULL);
    close_world();
}

TEST(reload_keeps_the_actor) {
    open_disk();
    (void)run("load echo.wasm");
    CHECK_STR(run("reload echo dir/zero.wasm"),
              "Reloaded 'echo' \xE2\x86\x92 actor 3\n");
    CHECK_STR(run("call echo 200"),
              "[reply] type=201 from=0x000000100000003 size=4 [01 00 00 00]\n");
    CHECK_STR(run("reload echo trap.wasm"),
              "Reload failed (code 5): unreachable in begin\n");
    CHECK_EQ(world.prompt.status, SHELL_FAILED);
    (void)run("reload shell echo.wasm");
    CHECK(strstr(world.out, "Reload failed (code 2)") != NULL);
    (void)run("reload nobody echo.wasm");
    CHECK_EQ(world.prompt.status, SHELL_NO_NAME);
    CHECK_STR(run("reload echo nowhere.wasm"),
              "Cannot open: nowhere.wasm (not found)\n");
    CHECK_STR(run("reload echo echo.wasm --json"),
              "{\"reloaded\":\"echo\",\"id\":\"4294967299\"}\n");
    close_world();
}

TEST(names_come_from_the_last_part_of_a_path) {
    open_disk();
    CHECK_STR(run("load dir/zero.wasm"), "Spawned actor 3 as 'zero'\n");
    WRITE(".wasm", echo);
    CHECK_STR(run("load .wasm"), "Spawned actor 4 as 'wasm'\n");
    char path[160];
    memset(path, 'n', sizeof path);
    memcpy(path + 100, ".wasm", 6);
    WRITE(path, echo);
    char line[200] = "load ";
    memcpy(line + 5, path, 106);
    (void)run(line);
    path[60] = '\0';
    CHECK_EQ(actor_lookup(world.rt, path), 4294967301);
    close_world();
}

TEST_TABLE(cmd_wasm, TEST_ROW(load_names_an_actor_after_its_file),
           TEST_ROW(load_gives_rights_that_are_granted_and_no_others),
           TEST_ROW(load_says_what_is_wrong_with_a_file),
           TEST_ROW(a_name_is_looked_for_among_the_modules_too),
           TEST_ROW(info_tells_of_the_module), TEST_ROW(reload_keeps_the_actor),
           TEST_ROW(names_come_from_the_last_part_of_a_path))
