/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/caps.h"

#include "microkernel/names.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"
#include "services_support.h"
#include "support/test.h"

typedef struct {
    int count;
    size_t size;
    char text[512];
} reply_t;

static bool take_reply(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    reply_t *reply = state;
    if (msg->type == MSG_CAPS_REPLY && msg->payload_size < sizeof reply->text) {
        reply->count++;
        reply->size = msg->payload_size;
        memcpy(reply->text, msg->payload, msg->payload_size);
        reply->text[msg->payload_size] = '\0';
    } else if (msg->type == 1) {
        actor_send_named(rt, "caps", MSG_CAPS_REQUEST, NULL, 0);
    }
    return true;
}

TEST(caps_text_has_its_lines_in_the_order_others_read_them) {
    sim_reset(1);
    runtime_t *rt = runtime_init(5, 100);
    CHECK_EQ(node_set_identity(rt, "box"), MK_OK);
    spawn_idle(rt);
    char text[256];
    static const char expected[] =
        "platform=sim\nidentity=box\nnode_id=5\nwasm=false\ntls=false\nhttp=false\n"
        "max_actors=100\nactor_count=1\ntransports=0\n";
    CHECK_EQ(caps_text(rt, text, sizeof text), sizeof expected - 1);
    CHECK_STR(text, expected);
    close_runtime(rt);
}

TEST(caps_announced_show_in_their_place_or_behind) {
    sim_reset(1);
    runtime_t *rt = runtime_init(5, 100);
    CHECK_EQ(node_set_identity(rt, "box"), MK_OK);
    CHECK(caps_find(rt, "wasm") == NULL);
    CHECK_EQ(caps_announce(rt, "midi", "sc16is752"), MK_OK);
    CHECK(caps_find(rt, "wasm") == NULL);
    CHECK_EQ(caps_announce(rt, "wasm", "true"), MK_OK);
    CHECK_EQ(caps_announce(rt, "transports", "2"), MK_OK);
    CHECK_EQ(caps_announce(rt, "display.size", "466x466"), MK_OK);
    CHECK_EQ(caps_announce(rt, "midi", "none"), MK_OK);
    char text[256];
    caps_text(rt, text, sizeof text);
    CHECK_STR(text, "platform=sim\nidentity=box\nnode_id=5\nwasm=true\ntls=false\n"
                    "http=false\nmax_actors=100\nactor_count=0\ntransports=2\n"
                    "midi=none\ndisplay.size=466x466\n");
    CHECK_STR(caps_find(rt, "midi"), "none");
    CHECK_STR(caps_find(rt, "wasm"), "true");
    CHECK(caps_find(rt, "tls") == NULL);
    CHECK(caps_find(rt, NULL) == NULL);
    close_runtime(rt);
}

TEST(caps_refuse_what_would_break_the_lines) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(caps_announce(rt, "a=b", "1"), MK_EINVAL);
    CHECK_EQ(caps_announce(rt, "", "1"), MK_EINVAL);
    CHECK_EQ(caps_announce(rt, "Big", "1"), MK_EINVAL);
    CHECK_EQ(caps_announce(rt, NULL, "1"), MK_EINVAL);
    CHECK_EQ(caps_announce(rt, "a", NULL), MK_EINVAL);
    CHECK_EQ(caps_announce(rt, "a", "1\nidentity=root"), MK_EINVAL);
    CHECK_EQ(caps_announce(rt, "identity", "root"), MK_EINVAL);
    CHECK_EQ(caps_announce(rt, "actor_count", "0"), MK_EINVAL);
    CHECK_EQ(caps_announce(NULL, "a", "1"), MK_EINVAL);
    CHECK_EQ(caps_announce(rt, "a123456789012345678901234567890", "1"), MK_OK);
    CHECK_EQ(caps_announce(rt, "a1234567890123456789012345678901", "1"), MK_ETOOBIG);
    char value[65];
    memset(value, 'v', sizeof value);
    value[64] = '\0';
    CHECK_EQ(caps_announce(rt, "a", value), MK_ETOOBIG);
    value[63] = '\0';
    CHECK_EQ(caps_announce(rt, "a", value), MK_OK);
    close_runtime(rt);
}

TEST(caps_text_is_cut_at_a_line_and_its_whole_size_told) {
    runtime_t *rt = open_runtime();
    char whole[256];
    size_t size = caps_text(rt, whole, sizeof whole);
    char text[256];
    for (size_t cap = 0; cap <= size + 1; cap++) {
        memset(text, '#', sizeof text);
        CHECK_EQ(caps_text(rt, text, cap), size);
        CHECK_EQ(text[cap], '#');
        if (cap == 0) continue;
        size_t used = strlen(text);
        CHECK(used < cap);
        CHECK(used == 0 || text[used - 1] == '\n');
        CHECK_MEM(text, whole, used);
        if (cap == size + 1) CHECK_EQ(used, size);
    }
    CHECK_EQ(caps_text(rt, NULL, 0), size);
    close_runtime(rt);
}

TEST(caps_actor_answers_with_the_text) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(node_set_identity(rt, "box"), MK_OK);
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    actor_id_t caps = caps_actor_init(rt);
    CHECK(caps != ACTOR_ID_INVALID);
    CHECK_EQ(caps_actor_init(rt), caps);
    CHECK_EQ(actor_lookup(rt, "caps"), caps);
    CHECK_EQ(actor_lookup(rt, "/node/box/caps"), caps);
    reply_t reply = {0};
    actor_id_t asker = actor_spawn(rt, take_reply, &reply, NULL, 4);
    CHECK(actor_send(rt, asker, 1, NULL, 0));
    run_steps(rt, 3);
    CHECK_EQ(reply.count, 1);
    char text[512];
    CHECK_EQ(caps_text(rt, text, sizeof text), reply.size);
    CHECK_STR(reply.text, text);
    CHECK(actor_send(rt, caps, MSG_CAPS_REQUEST, NULL, 0)); /* from nobody */
    CHECK(actor_send(rt, caps, 12345, NULL, 0));
    run_steps(rt, 3);
    CHECK(actor_is_alive(rt, caps));
    CHECK(actor_shutdown(rt, caps));
    run_steps(rt, 2);
    CHECK(!actor_is_alive(rt, caps));
    CHECK(caps_actor_init(rt) != ACTOR_ID_INVALID);
    close_runtime(rt);
}

TEST(caps_actor_works_without_a_namespace_and_not_without_its_name) {
    runtime_t *rt = open_runtime();
    actor_id_t caps = caps_actor_init(rt);
    CHECK(caps != ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(rt, "caps"), caps);
    end_actor(rt, caps);
    actor_id_t other = spawn_idle(rt);
    CHECK(actor_register_name(rt, "caps", other));
    CHECK_EQ(caps_actor_init(rt), ACTOR_ID_INVALID);
    runtime_step(rt);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 1);
    close_runtime(rt);
}

static void init_with_faults(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 16);
    if (rt == NULL) return;
    int announced = caps_announce(rt, "extra", "1");
    CHECK(announced == MK_OK || announced == MK_ENOMEM);
    CHECK_EQ(caps_find(rt, "extra") != NULL, announced == MK_OK);
    actor_id_t caps = caps_actor_init(rt);
    CHECK_EQ(actor_lookup(rt, "caps"), caps);
    reply_t reply = {0};
    actor_id_t asker = actor_spawn(rt, take_reply, &reply, NULL, 4);
    if (caps != 0 && asker != 0 && actor_send(rt, asker, 1, NULL, 0)) {
        run_steps(rt, 3);
        if (reply.count == 1)
            CHECK_MEM(reply.text, "platform=sim\n", 13); /* whole or its first lines */
    }
    runtime_destroy(rt);
}

TEST(caps_actor_starts_whole_or_not_at_all_when_memory_is_short) {
    sim_reset(1);
    test_each_alloc_failure(init_with_faults, NULL);
    sim_reset(1);
}

TEST_TABLE(caps, TEST_ROW(caps_text_has_its_lines_in_the_order_others_read_them),
           TEST_ROW(caps_announced_show_in_their_place_or_behind),
           TEST_ROW(caps_refuse_what_would_break_the_lines),
           TEST_ROW(caps_text_is_cut_at_a_line_and_its_whole_size_told),
           TEST_ROW(caps_actor_answers_with_the_text),
           TEST_ROW(caps_actor_works_without_a_namespace_and_not_without_its_name),
           TEST_ROW(caps_actor_starts_whole_or_not_at_all_when_memory_is_short))
