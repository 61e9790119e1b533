/* SPDX-License-Identifier: Apache-2.0 */
/* Every function of the host, through puppet.c: the type of a message says which one.
 */
#include "actors.h"
#include "microkernel/http.h"
#include "port/sockets.h"

#include "base/text.h"
#include "microkernel/log.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"
#include "microkernel/state_persist.h"
#include "port/files.h"
#include "port/sockets.h"

/* The answer to the newest question. */
typedef struct {
    int64_t result;
    const uint8_t *bytes; /* behind the result */
    size_t size;
    actor_id_t from;
} told_t;

static told_t newest(msg_type_t type) {
    CHECK(probe.count > 0 && probe.count <= MAIL_KEPT);
    const kept_mail_t *mail = &probe.mail[probe.count - 1];
    CHECK_EQ(mail->type, 1000 + type);
    CHECK(mail->size >= 8);
    return (told_t){(int64_t)number_at(mail->bytes, 8), mail->bytes + 8, mail->size - 8,
                    mail->source};
}

static told_t question(runtime_t *rt, actor_id_t puppet, msg_type_t type,
                       const void *payload, size_t size) {
    size_t before = probe.count;
    ask_bytes(rt, puppet, type, payload, size);
    runtime_run(rt);
    CHECK_EQ(probe.count, before + 1);
    return newest(type);
}

static told_t question_text(runtime_t *rt, actor_id_t puppet, msg_type_t type,
                            const char *text) {
    return question(rt, puppet, type, text, strlen(text));
}

static told_t question_id(runtime_t *rt, actor_id_t puppet, msg_type_t type,
                          actor_id_t id) {
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(id >> 8 * i);
    return question(rt, puppet, type, bytes, sizeof bytes);
}

TEST(mk_self_is_the_id_and_the_source_of_what_it_sends) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, puppet);
    told_t told = question(rt, id, 1, NULL, 0);
    CHECK_EQ(told.result, id);
    CHECK_EQ(told.from, id);
    close_node(rt);
}

TEST(mk_log_and_mk_print_reach_their_readers) {
    runtime_t *rt = open_node();
    CHECK_EQ(log_enable(rt), MK_OK);
    actor_id_t id = SPAWN(rt, puppet);
    ask(rt, id, 2, "look here");
    ask(rt, id, 3, "printed");
    runtime_run(rt);
    log_flush(rt);
    CHECK(strstr(sim_debug_shown(NULL), "[WARN]") != NULL);
    CHECK(strstr(sim_debug_shown(NULL), "look here") != NULL);
    CHECK(strstr(sim_debug_shown(NULL), "printed") != NULL);
    close_node(rt);
}

TEST(mk_time_ms_is_the_wall_clock) {
    runtime_t *rt = open_node();
    sim_set_wall_ms(1234567890123);
    CHECK_EQ(question(rt, SPAWN(rt, puppet), 4, NULL, 0).result, 1234567890123);
    close_node(rt);
}

TEST(names_are_given_found_and_refused) {
    runtime_t *rt = open_node();
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    actor_id_t id = SPAWN(rt, puppet);
    char longest[200];
    memset(longest, 'x', sizeof longest);
    CHECK_EQ(question_text(rt, id, 5, "pup").result, 0);
    CHECK_EQ(question_text(rt, id, 5, "pup").result, -1);
    CHECK_EQ(question_text(rt, id, 5, "/room/pup").result, 0);
    CHECK_EQ(question(rt, id, 5, longest, sizeof longest).result, -1);
    CHECK_EQ(question(rt, id, 5, "a\0b", 3).result, -1);
    CHECK_EQ(actor_lookup(rt, "pup"), id);
    CHECK_EQ(question_text(rt, id, 6, "pup").result, id);
    CHECK_EQ(question_text(rt, id, 6, "/room/pup").result, id);
    CHECK_EQ(question_text(rt, id, 6, "nobody").result, 0);
    CHECK_EQ(question(rt, id, 6, longest, sizeof longest).result, 0);
    told_t told = question_id(rt, id, 7, id);
    CHECK_EQ(told.result, 3);
    CHECK_MEM(told.bytes, "pup", 3);
    CHECK_EQ(question_id(rt, id, 7, 12345).result, 0);
    told = question_text(rt, id, 8, "/room");
    CHECK_EQ(told.result, 0);
    CHECK(text_starts_with(text_make((const char *)told.bytes, told.size),
                           text_of("/room/pup=")));
    close_node(rt);
}

TEST(actors_and_the_node_are_listed) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, puppet);
    told_t told = question(rt, id, 9, NULL, 0);
    CHECK_EQ(told.result, 0);
    CHECK_EQ(told.size, 8 * runtime_counters(rt).actors);
    CHECK_EQ(number_at(told.bytes, 8), probe.id);
    CHECK_EQ(node_set_identity(rt, "longname"), MK_OK);
    told = question(rt, id, 10, NULL, 0);
    CHECK_EQ(told.result, 8); /* of which four were asked for */
    CHECK_MEM(told.bytes, "long", 4);
    close_node(rt);
}

/* Fuel of one more message of this type. */
static uint64_t fuel_of(runtime_t *rt, actor_id_t puppet, msg_type_t type,
                        const void *payload, size_t size) {
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, puppet, &facts));
    uint64_t before = facts.fuel_used;
    ask_bytes(rt, puppet, type, payload, size);
    runtime_run(rt);
    CHECK(wasm_actor_facts(rt, puppet, &facts));
    return facts.fuel_used - before;
}

TEST(what_the_host_does_for_a_guest_costs_fuel) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, puppet);
    (void)fuel_of(rt, id, 99, NULL, 0);
    uint64_t nothing = fuel_of(rt, id, 99, NULL, 0);
    /* The answer is a mk_send. */
    CHECK(fuel_of(rt, id, 1, NULL, 0) >= nothing + 40);
    /* Copies cost by their size, modules by more, listed actors each. */
    static uint8_t text[8192];
    uint64_t small = fuel_of(rt, id, 3, text, 64);
    CHECK_EQ(fuel_of(rt, id, 3, text, sizeof text), small + (sizeof text - 64) / 64);
    CHECK(fuel_of(rt, id, 12, echo_module, sizeof echo_module) >=
          2000 + 4 * sizeof echo_module);
    uint64_t few = fuel_of(rt, id, 9, NULL, 0);
    for (int i = 0; i < 5; i++)
        CHECK(SPAWN(rt, zero) != ACTOR_ID_INVALID);
    runtime_run(rt);
    CHECK(fuel_of(rt, id, 9, NULL, 0) >= few + 5);
    close_node(rt);
}

TEST(actors_are_stopped_and_spawned) {
    runtime_t *rt = open_node();
    actor_id_t id = SPAWN(rt, puppet);
    actor_id_t other = SPAWN(rt, echo);
    CHECK_EQ(question_id(rt, id, 11, other).result, 0);
    CHECK(!actor_is_alive(rt, other));
    actor_id_t child =
        (actor_id_t)question(rt, id, 12, echo_module, sizeof echo_module).result;
    CHECK(actor_is_alive(rt, child));
    wasm_actor_facts_t facts;
    CHECK(wasm_actor_facts(rt, child, &facts));
    CHECK_EQ(facts.grants, WASM_GRANT_DEFAULT);
    CHECK_EQ(question(rt, id, 12, "nonsense", 8).result, 0);
    CHECK_EQ(question(rt, id, 12, wants_files_module, sizeof wants_files_module).result,
             0);
    ask(rt, id, 24, NULL); /* stops itself, and does not go on */
    size_t before = probe.count;
    runtime_run(rt);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(probe.count, before);
    close_node(rt);
}

TEST(a_guest_sends_numbers_but_nothing_of_the_runtime_or_a_device) {
    runtime_t *rt = open_node();
    actor_id_t trusted = SPAWN(rt, puppet);
    uint8_t me[8] = {0};
    for (unsigned i = 0; i < 8; i++)
        me[i] = (uint8_t)(probe.id >> 8 * i);
    ask_bytes(rt, trusted, 17, me, 8);
    runtime_run(rt);
    CHECK_EQ(probe.count, 2);
    CHECK_EQ(probe.mail[0].type, 77);
    CHECK_EQ(number_at(probe.mail[0].bytes, 4), 0x04030201);
    CHECK_EQ(newest(17).result, 1);
    CHECK_EQ(question(rt, trusted, 18, me, 8).result, 0);
    ask_bytes(rt, trusted, 19, me, 8);
    runtime_run(rt);
    CHECK_EQ(newest(19).result, 1);
    close_node(rt);
}

TEST(devices_need_a_grant) {
    runtime_t *rt = open_node();
    wasm_actor_options_t options = wasm_actor_options_default();
    options.grants = WASM_GRANT_ALL & ~(unsigned)WASM_GRANT_HARDWARE;
    actor_id_t id = actor_spawn_wasm_with(rt, puppet_module, sizeof puppet_module,
                                          &options, NULL, NULL);
    CHECK_EQ(question_id(rt, id, 19, probe.id).result, 0);
    close_node(rt);
}

TEST(state_is_saved_and_loaded_under_the_name) {
    runtime_t *rt = open_node();
    CHECK_EQ(state_persist_open(rt, "state", 0), MK_OK);
    actor_id_t id = SPAWN(rt, puppet);
    CHECK_EQ(question_text(rt, id, 13, "k=v").result, -1); /* it has no name */
    CHECK(actor_register_name(rt, "pup", id));
    CHECK_EQ(question_text(rt, id, 14, "key").result, -1);
    CHECK_EQ(question_text(rt, id, 13, "key=some value").result, 0);
    told_t told = question_text(rt, id, 14, "key");
    CHECK_EQ(told.result, 10);
    CHECK_MEM(told.bytes, "some value", 10);
    CHECK_EQ(question_text(rt, id, 13, "key=").result, 0);
    CHECK_EQ(question_text(rt, id, 14, "key").result, 0);
    CHECK_EQ(question_text(rt, id, 13, "big=more than sixteen bytes").result, 0);
    CHECK_EQ(question_text(rt, id, 14, "big").result, -1);
    CHECK_EQ(question_text(rt, id, 13, "=no key").result, -1);
    char value[16];
    CHECK_EQ(state_persist_load(rt, "pup", "key", value, sizeof value, NULL), 0);
    close_node(rt);
}

TEST(a_file_is_read_whole_or_not_at_all) {
    runtime_t *rt = open_node();
    CHECK_EQ(port_file_replace("note", "hello", 5), MK_OK);
    CHECK_EQ(port_file_replace("long", "seventeen bytes !", 17), MK_OK);
    actor_id_t id = SPAWN(rt, puppet);
    told_t told = question_text(rt, id, 15, "note");
    CHECK_EQ(told.result, 0);
    CHECK_EQ(told.size, 5);
    CHECK_MEM(told.bytes, "hello", 5);
    CHECK_EQ(question_text(rt, id, 15, "long").result, -1);
    CHECK_EQ(question_text(rt, id, 15, "absent").result, -1);
    close_node(rt);
}

TEST(an_actor_that_ends_while_a_file_is_read_leaves_nothing) {
    runtime_t *rt = open_node();
    CHECK_EQ(port_file_replace("note", "hello", 5), MK_OK);
    actor_id_t id = SPAWN(rt, puppet);
    ask(rt, id, 15, "note");
    for (int i = 0; i < 2; i++)
        runtime_step(rt);
    actor_stop(rt, id);
    runtime_run(rt);
    CHECK_EQ(probe.count, 0);
    close_node(rt);
}

/* --- pages --- */

/* A machine this small has no sockets, and no room for both ends of a conversation. */
static void need_two_ends(void) {
    if (MK_SLAB_BYTES < 65536) test_skip("no network on this machine");
}

static void give_page(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)http_answer(request, 200, NULL, 0, ctx, strlen(ctx));
}

static void step_until(runtime_t *rt, size_t count) {
    for (int i = 0; i < 2000 && probe.count < count; i++) {
        runtime_step(rt);
        sim_advance(100000);
    }
}

TEST(a_page_is_fetched_whole_or_not_at_all) {
    static const struct {
        const char *url;
        int64_t result;
        const char *body;
    } rows[] = {
        {"http://127.0.0.1:8000/page", 0, "sixteen bytes..."},
        {"http://127.0.0.1:8000/long", -1, ""},
        {"http://127.0.0.1:8000/empty", 0, ""},
        {"http://127.0.0.1:8000/page", 0, "sixteen bytes..."},
        {"http://127.0.0.1:1/", -1, ""},
        {"ftp://127.0.0.1/", -1, ""},
        {"", -1, ""},
    };
    need_two_ends();
    runtime_t *rt = open_node();
    http_listen_options_t options = {.port = 8000};
    CHECK_EQ(http_listen(rt, &options), 8000);
    CHECK_EQ(http_route(rt, "GET", "/page", give_page, "sixteen bytes..."), MK_OK);
    CHECK_EQ(http_route(rt, "GET", "/long", give_page, "seventeen bytes.."), MK_OK);
    CHECK_EQ(http_route(rt, "GET", "/empty", give_page, ""), MK_OK);
    actor_id_t id = SPAWN(rt, puppet);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(rt, id, 16, rows[i].url);
        ask(rt, id, 1, ""); /* waits meanwhile: the mail comes in its order */
        step_until(rt, 2 * i + 1);
        CHECK_EQ(probe.count, 2 * i + 1);
        told_t told = newest(16);
        CHECK_EQ(told.result, rows[i].result);
        CHECK_EQ(told.size, strlen(rows[i].body));
        CHECK_MEM(told.bytes, rows[i].body, told.size);
        step_until(rt, 2 * i + 2);
        (void)newest(1);
    }
    close_node(rt);
}

TEST(an_actor_that_ends_while_a_page_is_fetched_leaves_nothing) {
    need_two_ends();
    runtime_t *rt = open_node();
    port_address_t at = {
        .family = PORT_FAMILY_INET, .bytes = {127, 0, 0, 1}, .port = 81};
    int silent = port_socket_listen(&at, 5);
    CHECK(silent >= 0);
    actor_id_t id = SPAWN(rt, puppet);
    ask(rt, id, 16, "http://127.0.0.1:81/");
    for (int i = 0; i < 20; i++)
        runtime_step(rt);
    actor_stop(rt, id);
    runtime_run(rt);
    CHECK_EQ(probe.count, 0);
    port_socket_close(silent);
    close_node(rt);
}

TEST_TABLE(host, TEST_ROW(mk_self_is_the_id_and_the_source_of_what_it_sends),
           TEST_ROW(mk_log_and_mk_print_reach_their_readers),
           TEST_ROW(mk_time_ms_is_the_wall_clock),
           TEST_ROW(names_are_given_found_and_refused),
           TEST_ROW(actors_and_the_node_are_listed),
           TEST_ROW(what_the_host_does_for_a_guest_costs_fuel),
           TEST_ROW(actors_are_stopped_and_spawned),
           TEST_ROW(a_guest_sends_numbers_but_nothing_of_the_runtime_or_a_device),
           TEST_ROW(devices_need_a_grant),
           TEST_ROW(state_is_saved_and_loaded_under_the_name),
           TEST_ROW(a_file_is_read_whole_or_not_at_all),
           TEST_ROW(an_actor_that_ends_while_a_file_is_read_leaves_nothing),
           TEST_ROW(a_page_is_fetched_whole_or_not_at_all),
           TEST_ROW(an_actor_that_ends_while_a_page_is_fetched_leaves_nothing))
