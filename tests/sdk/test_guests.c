/* SPDX-License-Identifier: Apache-2.0 */
/* What sdk/build.sh made of the actors of sdk/: the same actor in each language does
 * the same. Where a compiler is missing its tests are skipped. */
#include "wasm_actor/actors.h"

#include "base/alloc.h"
#include "microkernel/limits.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uint8_t *bytes; /* owned */
    size_t size;
} module_t;

static struct {
    runtime_t *rt;
    module_t module;
    actor_id_t guest;
    char problem[WASM_PROBLEM_MAX];
} stage;

static bool read_module(const char *path, module_t *module) {
    enum { MODULE_MAX = 1 << 20 };
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    module->bytes = mk_alloc(MODULE_MAX);
    CHECK(module->bytes != NULL);
    module->size = fread(module->bytes, 1, MODULE_MAX, file);
    (void)fclose(file);
    return module->size > 0;
}

/* A node with the guest in it; `path` is below the tree. */
static void open_stage(const char *path, const wasm_actor_options_t *options) {
    char whole[512];
    const char *tree = getenv("MK_SOURCE_DIR");
    if (tree == NULL) test_skip("MK_SOURCE_DIR does not name the tree");
    (void)snprintf(whole, sizeof whole, "%s/%s", tree, path);
    if (!read_module(whole, &stage.module)) test_skip("not compiled; try: ./dev sdk");
    stage.rt = open_node();
    stage.guest = actor_spawn_wasm_with(stage.rt, stage.module.bytes, stage.module.size,
                                        options, NULL, stage.problem);
}

static void close_stage(void) {
    close_node(stage.rt);
    mk_free(stage.module.bytes);
    stage.module.bytes = NULL;
}

static void open_guest(const char *path) {
    open_stage(path, NULL);
    CHECK_STR(stage.problem, "");
    CHECK(stage.guest != ACTOR_ID_INVALID);
}

static void check_mail(size_t at, msg_type_t type, const void *bytes, size_t size) {
    CHECK(probe.count > at);
    CHECK_EQ(probe.mail[at].type, type);
    CHECK_EQ(probe.mail[at].source, stage.guest);
    CHECK_EQ(probe.mail[at].size, size);
    CHECK_MEM(probe.mail[at].bytes, bytes, size);
}

static void check_pages(uint32_t pages) {
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(stage.rt, stage.guest, &facts));
    CHECK_EQ(facts.memory_pages, pages);
}

static void check_end(void) {
    ask(stage.rt, stage.guest, 0, NULL);
    runtime_run(stage.rt);
    CHECK(!actor_is_alive(stage.rt, stage.guest));
    CHECK_EQ(crash_list(stage.rt, NULL, 0), 0);
}

/* --- echo --- */

static void check_echo(const char *path) {
    static const uint8_t binary[] = {0, 1, 0xff, 0x80, 0};
    static uint8_t large[8000];
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 7);
    open_guest(path);
    ask(stage.rt, stage.guest, 200, "hello");
    ask(stage.rt, stage.guest, 1, NULL);
    ask_bytes(stage.rt, stage.guest, 41, binary, sizeof binary);
    ask_bytes(stage.rt, stage.guest, 7, large, sizeof large);
    ask(stage.rt, stage.guest, MSG_CAPS_REQUEST, NULL);
    for (int i = 0; i < 8; i++) { /* no more than one is kept */
        runtime_run(stage.rt);
        ask(stage.rt, stage.guest, 200, "again");
    }
    runtime_run(stage.rt);
    CHECK_EQ(probe.count, 12);
    check_mail(0, 201, "hello", 5);
    check_mail(1, 2, "", 0);
    check_mail(2, 42, binary, sizeof binary);
    CHECK_EQ(probe.mail[3].size, sizeof large);
    CHECK_MEM(probe.mail[3].bytes, large, MAIL_TEXT);
    check_mail(11, 201, "again", 5);
    check_pages(1);
    check_end();
    close_stage();
}

/* --- dialog --- */

static bool say_nothing(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    (void)state;
    return true;
}

static void check_dialog(const char *path) {
    static const uint8_t numbers[] = {0xff, 0xff, 0xff, 0x7f, 2, 0, 0, 0};
    static const uint8_t sum[] = {1, 0, 0, 0x80, 0, 0, 0, 0};
    static const uint8_t minus[] = {0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff};
    static const uint8_t minus_three[] = {0xfd, 0xff, 0xff, 0xff,
                                          0xff, 0xff, 0xff, 0xff};
    open_guest(path);
    runtime_t *rt = stage.rt;
    actor_id_t stranger = actor_spawn(rt, say_nothing, NULL, NULL, 8);

    ask(rt, stage.guest, 300, NULL); /* a stranger speaks before the answer comes */
    CHECK(actor__send_from(rt, stranger, stage.guest, 5, "me!", 3));
    ask(rt, stage.guest, 5, "Bob");
    runtime_run(rt);
    CHECK_EQ(probe.count, 2);
    check_mail(0, 301, "your name?", 10);
    check_mail(1, 302, "hello, Bob", 10);
    CHECK_EQ(sim_now_ns(), 0);

    ask(rt, stage.guest, 300, NULL);
    runtime_run(rt);
    CHECK_EQ(probe.count, 4);
    check_mail(3, 303, "", 0);
    CHECK_EQ(sim_now_ns(), 1000000000);

    ask(rt, stage.guest, 310, "after a nap");
    ask(rt, stage.guest, 330, NULL); /* waits meanwhile; too short to be answered */
    ask_bytes(rt, stage.guest, 330, numbers, sizeof numbers);
    ask_bytes(rt, stage.guest, 330, minus, sizeof minus);
    runtime_run(rt);
    CHECK_EQ(sim_now_ns(), 1050000000);
    CHECK_EQ(probe.count, 7);
    check_mail(4, 311, "after a nap", 11);
    check_mail(5, 331, sum, sizeof sum);
    check_mail(6, 331, minus_three, sizeof minus_three);

    ask(rt, stage.guest, 320, NULL);
    CHECK(actor__send_from(rt, stranger, stage.guest, 6, "from anybody", 12));
    runtime_run(rt);
    CHECK_EQ(probe.count, 8);
    check_mail(7, 321, "from anybody", 12);
    CHECK_EQ(runtime_counters(rt).timers, 0);
    check_pages(1);
    check_end();
    close_stage();
}

/* --- the listings of the documents --- */

static void check_listing(const char *path, uint32_t pages) {
    open_guest(path);
    ask(stage.rt, stage.guest, 200, "hello");
    ask(stage.rt, stage.guest, 7, "ignored");
    runtime_run(stage.rt);
    CHECK_EQ(sim_now_ns(), 100000000);
    CHECK_EQ(probe.count, 1);
    check_mail(0, 201, "hello", 5);
    check_pages(pages);
    check_end();
    close_stage();
}

/* --- all functions of the host --- */

static void check_every(const char *path) {
    wasm_actor_options_t all = wasm_actor_options_default();
    all.grants = WASM_GRANT_ALL;
    open_stage(path, &all);
    CHECK_STR(stage.problem, "");
    CHECK(stage.guest != ACTOR_ID_INVALID);
    close_stage();
    open_stage(path, NULL); /* it really imports what must be granted */
    CHECK(strstr(stage.problem, "needs the grant") != NULL);
    CHECK_EQ(stage.guest, ACTOR_ID_INVALID);
    close_stage();
}

#define LANGUAGE(name)                                                                 \
    TEST(name##_echo_answers) {                                                        \
        check_echo("build/sdk/" #name "/echo.wasm");                                   \
    }                                                                                  \
    TEST(name##_dialog_waits) {                                                        \
        check_dialog("build/sdk/" #name "/dialog.wasm");                               \
    }                                                                                  \
    TEST(name##_listing_works) {                                                       \
        check_listing("build/sdk/" #name "/listing.wasm", 1);                          \
    }                                                                                  \
    TEST(name##_declares_every_function) {                                             \
        check_every("build/sdk/" #name "/every.wasm");                                 \
    }

#define LANGUAGE_ROWS(name)                                                            \
    TEST_ROW(name##_echo_answers), TEST_ROW(name##_dialog_waits),                      \
        TEST_ROW(name##_listing_works), TEST_ROW(name##_declares_every_function)

LANGUAGE(c)
LANGUAGE(rust)
LANGUAGE(assemblyscript)
LANGUAGE(zig)

/* A memory of sixteen pages that ends where payloads would begin. */
TEST(rust_listing_works_with_the_settings_of_rustc) {
    check_listing("build/sdk/rust/plain.wasm", 17);
    check_listing("build/sdk/rust/readme.wasm", 17);
}

TEST(the_prebuilt_echo_answers) {
    check_echo("sdk/prebuilt/echo.wasm");
}

TEST_TABLE(guests, LANGUAGE_ROWS(c), LANGUAGE_ROWS(rust), LANGUAGE_ROWS(assemblyscript),
           LANGUAGE_ROWS(zig), TEST_ROW(rust_listing_works_with_the_settings_of_rustc),
           TEST_ROW(the_prebuilt_echo_answers))
