/* SPDX-License-Identifier: Apache-2.0 */
/* Modules that other actors bring to a shell. */
#include "shell_support.h"

#include "base/bytes.h"
#include "kernel/inside.h"
#include "microkernel/wasm_actor.h"
#include "wasm_modules/modules.h"

enum { REQUEST_MAX = 2048, ANSWER_MAX = 128 };

/* An actor that asks, and what it was answered last. */
static struct {
    actor_id_t id;
    size_t answers;
    msg_type_t type;
    size_t size;
    uint8_t bytes[ANSWER_MAX];
} asker;

static bool keep_answer(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)state;
    asker.answers++;
    asker.type = msg->type;
    asker.size = msg->payload_size;
    CHECK(msg->payload_size <= sizeof asker.bytes);
    if (msg->payload_size > 0) memcpy(asker.bytes, msg->payload, msg->payload_size);
    return true;
}

static void open_asker(void) {
    open_world((shell_options_t){.name = NULL});
    memset(&asker, 0, sizeof asker);
    asker.id = actor_spawn(world.rt, keep_answer, NULL, NULL, 8);
    CHECK_EQ(asker.id, actor_id_make(1, 3));
}

/* The payload of a request; `name` NULL: only the module. */
static size_t write_request(uint8_t *out, const char *name, const uint8_t *module,
                            size_t size) {
    bytes_writer_t w;
    bytes_writer_init(&w, out, REQUEST_MAX);
    if (name != NULL) {
        bytes_write_u8(&w, (uint8_t)strlen(name));
        bytes_write(&w, name, strlen(name));
    }
    bytes_write(&w, module, size);
    CHECK(!w.has_failed);
    return w.size;
}

/* Ask `whom` and wait for the answer. */
static void ask_bytes(actor_id_t whom, msg_type_t type, const void *bytes,
                      size_t size) {
    size_t before = asker.answers;
    CHECK(actor__send_from(world.rt, asker.id, whom, type, bytes, size));
    steps(40);
    CHECK_EQ(asker.answers, before + 1);
}

static void ask(msg_type_t type, const char *name, const uint8_t *module, size_t size) {
    uint8_t request[REQUEST_MAX];
    ask_bytes(world.shell, type, request, write_request(request, name, module, size));
}

#define ASK(type, name, module) ask(type, name, module##_module, sizeof module##_module)

static void check_spawned(actor_id_t id, const char *name) {
    bytes_reader_t r;
    bytes_reader_init(&r, asker.bytes, asker.size);
    CHECK_EQ(asker.type, MSG_SPAWN_RESPONSE);
    CHECK_EQ(bytes_read_u64_le(&r), id);
    CHECK_EQ(bytes_left(&r), strlen(name));
    CHECK_MEM(asker.bytes + 8, name, strlen(name));
}

static void check_reloaded(reload_result_t result, actor_id_t id) {
    bytes_reader_t r;
    bytes_reader_init(&r, asker.bytes, asker.size);
    CHECK_EQ(asker.type, MSG_RELOAD_RESPONSE);
    CHECK_EQ(bytes_read_u8(&r), result);
    CHECK_EQ(bytes_read_u64_le(&r), id);
    CHECK(bytes_is_complete(&r));
}

TEST(a_module_in_a_message_becomes_an_actor) {
    open_asker();
    ASK(MSG_SPAWN_REQUEST, NULL, echo);
    check_spawned(actor_id_make(1, 4), "");
    ASK(MSG_SPAWN_NAMED_REQUEST, "guest", echo);
    check_spawned(actor_id_make(1, 5), "guest");
    ASK(MSG_SPAWN_NAMED_REQUEST, "guest", zero);
    check_spawned(actor_id_make(1, 6), "guest_1");
    CHECK_STR(run("call guest 200 hello"),
              "[reply] type=201 from=0x000000100000005 size=5 \"hello\"\n");
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(world.rt, actor_id_make(1, 5), &facts));
    CHECK_EQ(facts.grants, WASM_GRANT_DEFAULT);
    close_world();
}

TEST(a_request_that_cannot_be_met_is_answered_with_nobody) {
    open_asker();
    ask_bytes(world.shell, MSG_SPAWN_REQUEST, NULL, 0);
    check_spawned(0, "");
    ask_bytes(world.shell, MSG_SPAWN_REQUEST, "text", 4);
    check_spawned(0, "");
    ASK(MSG_SPAWN_REQUEST, NULL, wants_files);
    check_spawned(0, "");
    ask_bytes(world.shell, MSG_SPAWN_NAMED_REQUEST, "\x09short", 6);
    check_spawned(0, "");
    ASK(MSG_SPAWN_NAMED_REQUEST, "", echo);
    check_spawned(0, "");
    ASK(MSG_SPAWN_NAMED_REQUEST, "a\nb", echo);
    check_spawned(0, "");
    char name[MK_NAME_MAX + 1];
    memset(name, 'n', sizeof name);
    name[MK_NAME_MAX] = '\0'; /* one too long */
    ASK(MSG_SPAWN_NAMED_REQUEST, name, echo);
    check_spawned(0, "");
    name[MK_NAME_MAX - 1] = '\0';
    ASK(MSG_SPAWN_NAMED_REQUEST, name, echo);
    check_spawned(actor_lookup(world.rt, name), name);
    ASK(MSG_SPAWN_NAMED_REQUEST, name, echo); /* no room for _1 */
    check_spawned(0, "");
    size_t actors = runtime_list_actors(world.rt, NULL, 0);
    CHECK_EQ(actors, 4); /* those that got no name are gone */
    close_world();
}

TEST(a_module_in_a_message_replaces_another) {
    open_asker();
    ASK(MSG_SPAWN_NAMED_REQUEST, "guest", echo);
    actor_id_t guest = actor_id_make(1, 4);
    ASK(MSG_RELOAD_REQUEST, "guest", zero);
    check_reloaded(RELOAD_OK, guest);
    CHECK_STR(run("call guest 200"),
              "[reply] type=201 from=0x000000100000004 size=4 [01 00 00 00]\n");
    ASK(MSG_RELOAD_REQUEST, "guest", start_trap);
    check_reloaded(RELOAD_ERR_INSTANCE, 0);
    ASK(MSG_RELOAD_REQUEST, "nobody", zero);
    check_reloaded(RELOAD_ERR_NOT_FOUND, 0);
    CHECK_EQ(names_register(world.rt, "native", asker.id), MK_OK);
    ASK(MSG_RELOAD_REQUEST, "native", zero);
    check_reloaded(RELOAD_ERR_NOT_WASM, 0);
    ask_bytes(world.shell, MSG_RELOAD_REQUEST, "\x05guest", 6);
    check_reloaded(RELOAD_ERR_MODULE_LOAD, 0);
    ask_bytes(world.shell, MSG_RELOAD_REQUEST, "\x09guest", 6); /* no such length */
    check_reloaded(RELOAD_ERR_NOT_FOUND, 0);
    ask_bytes(world.shell, MSG_RELOAD_REQUEST, "\x05guestxyz", 9);
    check_reloaded(RELOAD_ERR_MODULE_LOAD, 0);
    close_world();
}

/* Let a WASM actor ask: it answers n with n + 1, and the shell seems to be who sent n.
 */
static actor_id_t spawn_guest(unsigned grants) {
    wasm_actor_options_t options = wasm_actor_options_default();
    options.grants = grants;
    actor_id_t id = actor_spawn_wasm_with(world.rt, filled_module, sizeof filled_module,
                                          &options, NULL, NULL);
    CHECK(id != ACTOR_ID_INVALID);
    return id;
}

static void ask_through(actor_id_t guest, msg_type_t type, const char *name,
                        const uint8_t *module, size_t size) {
    uint8_t request[REQUEST_MAX];
    size_t length = write_request(request, name, module, size);
    CHECK(actor__send_from(world.rt, world.shell, guest, type - 1, request, length));
    steps(60);
}

TEST(a_guest_gives_no_right_that_it_does_not_have) {
    open_asker();
    actor_id_t poor = spawn_guest(WASM_GRANT_DEFAULT);
    actor_id_t rich = spawn_guest(WASM_GRANT_MESSAGES | WASM_GRANT_SPAWN);
    ask_through(poor, MSG_SPAWN_NAMED_REQUEST, "child", echo_module,
                sizeof echo_module);
    CHECK_EQ(actor_lookup(world.rt, "child"), ACTOR_ID_INVALID);
    ask_through(rich, MSG_SPAWN_NAMED_REQUEST, "child", echo_module,
                sizeof echo_module);
    actor_id_t child = actor_lookup(world.rt, "child");
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(world.rt, child, &facts));
    CHECK_EQ(facts.grants, WASM_GRANT_MESSAGES);
    ask_through(rich, MSG_RELOAD_REQUEST, "child", zero_module, sizeof zero_module);
    CHECK(wasm_actor_facts(world.rt, child, &facts));
    CHECK_EQ(facts.reloads, 1);
    ask_through(poor, MSG_RELOAD_REQUEST, "child", echo_module, sizeof echo_module);
    CHECK_EQ(names_register(world.rt, "poor", poor), MK_OK);
    ask_through(rich, MSG_RELOAD_REQUEST, "poor", zero_module, sizeof zero_module);
    CHECK(
        wasm_actor_facts(world.rt, poor, &facts)); /* it may save state, rich may not */
    CHECK_EQ(facts.reloads, 0);
    CHECK(wasm_actor_facts(world.rt, child, &facts));
    CHECK_EQ(facts.reloads, 1);
    close_world();
}

TEST(other_nodes_bring_no_modules) {
    open_asker();
    uint8_t request[REQUEST_MAX];
    size_t size = write_request(request, "guest", echo_module, sizeof echo_module);
    CHECK(actor__send_from(world.rt, actor_id_make(9, 3), world.shell,
                           MSG_SPAWN_NAMED_REQUEST, request, size));
    steps(40);
    CHECK_EQ(actor_lookup(world.rt, "guest"), ACTOR_ID_INVALID);
    close_world();
}

TEST_TABLE(modules, TEST_ROW(a_module_in_a_message_becomes_an_actor),
           TEST_ROW(a_request_that_cannot_be_met_is_answered_with_nobody),
           TEST_ROW(a_module_in_a_message_replaces_another),
           TEST_ROW(a_guest_gives_no_right_that_it_does_not_have),
           TEST_ROW(other_nodes_bring_no_modules))
