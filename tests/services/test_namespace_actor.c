/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/names.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"
#include "services_support.h"
#include "support/test.h"

/* A payload of exactly one request, its text filled in. */
static ns_register_t register_of(const char *path, actor_id_t id) {
    ns_register_t request;
    memset(&request, 0, sizeof request);
    memcpy(request.path, path, strlen(path));
    request.actor_id = id;
    return request;
}

static ns_reply_t call(runtime_t *rt, msg_type_t type, const void *payload,
                       size_t size) {
    ns_reply_t reply;
    memset(&reply, 0xee, sizeof reply);
    CHECK_EQ(ns_call(rt, type, payload, size, &reply), 0);
    return reply;
}

static ns_reply_t call_text(runtime_t *rt, msg_type_t type, const char *text) {
    char path[NS_PATH_MAX] = "";
    memcpy(path, text, strlen(text));
    return call(rt, type, path, sizeof path);
}

static runtime_t *open_namespace(void) {
    runtime_t *rt = open_runtime();
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    return rt;
}

TEST(namespace_actor_has_three_names_and_starts_once) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(node_set_identity(rt, "tester"), MK_OK);
    actor_id_t ns = ns_actor_init(rt);
    CHECK(ns != ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(rt, "ns"), ns);
    CHECK_EQ(actor_lookup(rt, "/sys/ns"), ns);
    CHECK_EQ(actor_lookup(rt, "/node/tester"), ns);
    CHECK_EQ(ns_actor_init(rt), ns);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 1);
    CHECK_EQ(ns_actor_init(NULL), ACTOR_ID_INVALID);
    close_runtime(rt);
}

TEST(namespace_actor_does_not_start_when_its_name_is_taken) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    CHECK(actor_register_name(rt, "ns", a));
    CHECK_EQ(ns_actor_init(rt), ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(rt, "ns"), a);
    CHECK_EQ(ns_register_path(rt, "/a", a), NS_EINVAL);
    runtime_step(rt);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 1);
    close_runtime(rt);
}

TEST(namespace_actor_registers_and_finds_paths_and_names) {
    runtime_t *rt = open_namespace();
    actor_id_t a = spawn_idle(rt);
    ns_register_t request = register_of("/svc/a", a);
    ns_reply_t reply = call(rt, MSG_NS_REGISTER, &request, sizeof request);
    CHECK_EQ(reply.status, NS_OK);
    CHECK_EQ(reply.actor_id, a);
    reply = call(rt, MSG_NS_REGISTER, &request, sizeof request);
    CHECK_EQ(reply.status, NS_EEXIST);
    CHECK_EQ(reply.actor_id, ACTOR_ID_INVALID);
    request = register_of("flat", a);
    CHECK_EQ(call(rt, MSG_NS_REGISTER, &request, sizeof request).status, NS_OK);
    request = register_of("bad\nname", a);
    CHECK_EQ(call(rt, MSG_NS_REGISTER, &request, sizeof request).status, NS_EINVAL);
    request = register_of("late", actor_id_make(1, 12345));
    CHECK_EQ(call(rt, MSG_NS_REGISTER, &request, sizeof request).status, NS_ENOENT);

    CHECK_EQ(call_text(rt, MSG_NS_LOOKUP, "/svc/a").actor_id, a);
    CHECK_EQ(call_text(rt, MSG_NS_LOOKUP, "flat").actor_id, a);
    reply = call_text(rt, MSG_NS_LOOKUP, "/svc/b");
    CHECK_EQ(reply.status, NS_ENOENT);
    CHECK_EQ(reply.actor_id, ACTOR_ID_INVALID);
    CHECK_EQ(call_text(rt, MSG_NS_LOOKUP, "").status, NS_ENOENT);
    close_runtime(rt);
}

TEST(namespace_actor_mounts_and_unmounts) {
    runtime_t *rt = open_namespace();
    ns_register_t request = register_of("/mnt", actor_id_make(2, 1)); /* same layout */
    CHECK_EQ(sizeof(ns_mount_t), sizeof(ns_register_t));
    CHECK_EQ(call(rt, MSG_NS_MOUNT, &request, sizeof request).status, NS_OK);
    CHECK_EQ(call(rt, MSG_NS_MOUNT, &request, sizeof request).status, NS_EEXIST);
    CHECK_EQ(call_text(rt, MSG_NS_LOOKUP, "/mnt/x/y").actor_id, actor_id_make(2, 1));
    CHECK_EQ(call_text(rt, MSG_NS_UMOUNT, "/mnt").status, NS_OK);
    CHECK_EQ(call_text(rt, MSG_NS_UMOUNT, "/mnt").status, NS_ENOENT);
    CHECK_EQ(call_text(rt, MSG_NS_LOOKUP, "/mnt/x/y").status, NS_ENOENT);
    close_runtime(rt);
}

TEST(namespace_actor_refuses_short_payloads_and_texts_without_end) {
    static const struct {
        msg_type_t type;
        size_t size;
    } rows[] = {{MSG_NS_REGISTER, sizeof(ns_register_t)},
                {MSG_NS_LOOKUP, sizeof(ns_lookup_t)},
                {MSG_NS_LIST, sizeof(ns_list_req_t)},
                {MSG_NS_MOUNT, sizeof(ns_mount_t)},
                {MSG_NS_UMOUNT, sizeof(ns_umount_t)}};
    runtime_t *rt = open_namespace();
    unsigned char bytes[sizeof(ns_register_t)];
    memset(bytes, '/', sizeof bytes); /* 128 bytes without a NUL */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_EQ(call(rt, rows[i].type, bytes, rows[i].size).status, NS_EINVAL);
        CHECK_EQ(call(rt, rows[i].type, bytes, rows[i].size - 1).status, NS_EINVAL);
        CHECK_EQ(call(rt, rows[i].type, NULL, 0).status, NS_EINVAL);
    }
    ns_list_from_t from;
    memset(&from, 0, sizeof from);
    memset(from.after, '/', sizeof from.after);
    CHECK_EQ(call(rt, MSG_NS_LIST, &from, sizeof from).status, NS_EINVAL);
    memset(from.after, 'n', 100); /* longer than any name */
    from.after[100] = '\0';
    CHECK_EQ(call(rt, MSG_NS_LIST, &from, sizeof from).status, NS_EINVAL);
    close_runtime(rt);
}

TEST(namespace_actor_lists_paths_and_then_names) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(node_set_identity(rt, "t"), MK_OK);
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    CHECK(actor_register_name(rt, "b", actor_id_make(0, 9)));
    CHECK(actor_register_name(rt, "/z", actor_id_make(0, 8)));
    ns_reply_t reply = call_text(rt, MSG_NS_LIST, "");
    CHECK_EQ(reply.status, NS_OK);
    static const char expected[] = "/node/t=4294967297\n/sys/ns=4294967297\n/z=8\n"
                                   "b=9\nns=4294967297\n";
    CHECK_STR(reply.data, expected);
    CHECK_EQ(reply.data_len, sizeof expected - 1);
    CHECK_STR(call_text(rt, MSG_NS_LIST, "/z").data, "/z=8\n");
    CHECK_EQ(call_text(rt, MSG_NS_LIST, "/none").data_len, 0);
    close_runtime(rt);
}

TEST(namespace_actor_lists_of_any_length_come_in_whole_lines) {
    runtime_t *rt = open_namespace();
    enum { N = 150 };
    char path[] = "/list/of/many/000";
    for (int i = 0; i < N; i++) {
        for (int digit = 0, n = i; digit < 3; digit++, n /= 10)
            path[16 - digit] = (char)('0' + n % 10);
        CHECK_EQ(ns_register_path(rt, path, actor_id_make(2, 1)), NS_OK);
    }
    CHECK(actor_register_name(rt, "list name", actor_id_make(2, 1)));
    ns_list_from_t from;
    memset(&from, 0, sizeof from);
    int lines = 0;
    for (int round = 0; round < 20; round++) {
        ns_reply_t reply = call(rt, MSG_NS_LIST, &from, sizeof from);
        CHECK_EQ(reply.status, NS_OK);
        if (reply.data_len == 0) break;
        CHECK_EQ(reply.data[reply.data_len - 1], '\n');
        const char *last = reply.data;
        for (const char *at = reply.data; at < reply.data + reply.data_len; at++) {
            if (*at != '\n') continue;
            lines++;
            if (at + 1 < reply.data + reply.data_len) last = at + 1;
        }
        size_t size = (size_t)((const char *)memchr(last, '=', 128) - last);
        memset(from.after, 0, sizeof from.after);
        memcpy(from.after, last, size);
    }
    CHECK_EQ(lines, N + 2 + 2); /* "/node/...", "/sys/ns", "ns", "list name" */
    CHECK_STR(from.after, "ns");
    close_runtime(rt);
}

static bool call_inside(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    ns_reply_t reply;
    *(int *)state = ns_call(rt, MSG_NS_LIST, NULL, 0, &reply);
    return true;
}

TEST(namespace_call_is_refused_where_it_cannot_work) {
    runtime_t *rt = open_runtime();
    ns_reply_t reply;
    CHECK_EQ(ns_call(rt, MSG_NS_LIST, NULL, 0, &reply), -1); /* no namespace */
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    CHECK_EQ(ns_call(rt, MSG_NS_LIST, NULL, 0, NULL), -1);
    CHECK_EQ(ns_call(NULL, MSG_NS_LIST, NULL, 0, &reply), -1);
    CHECK_EQ(ns_call(rt, MSG_NS_REPLY, NULL, 0, &reply), -1); /* no request */
    int result = 0;
    actor_id_t a = actor_spawn(rt, call_inside, &result, NULL, 4);
    CHECK(actor_send(rt, a, 1, NULL, 0));
    runtime_step(rt);
    CHECK_EQ(result, -1);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 2);
    close_runtime(rt);
}

TEST(namespace_call_leaves_nothing_behind_and_keeps_the_order) {
    runtime_t *rt = open_namespace();
    ns_register_t request = register_of("/early", actor_id_make(2, 1));
    CHECK(actor_send(rt, actor_lookup(rt, "ns"), MSG_NS_REGISTER, &request,
                     sizeof request));
    CHECK_EQ(call_text(rt, MSG_NS_LOOKUP, "/early").actor_id, actor_id_make(2, 1));
    runtime_step(rt);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 1);
    close_runtime(rt);
}

TEST(namespace_actor_ends_when_asked_and_can_be_started_again) {
    runtime_t *rt = open_namespace();
    actor_id_t ns = actor_lookup(rt, "ns");
    CHECK(actor_shutdown(rt, ns));
    run_steps(rt, 3);
    CHECK(!actor_is_alive(rt, ns));
    CHECK_EQ(actor_lookup(rt, "ns"), ACTOR_ID_INVALID);
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    CHECK_EQ(call_text(rt, MSG_NS_LOOKUP, "ns").status, NS_OK);
    close_runtime(rt);
}

static void init_with_faults(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 16);
    if (rt == NULL) return;
    actor_id_t ns = ns_actor_init(rt);
    CHECK_EQ(actor_lookup(rt, "ns"), ns);
    CHECK_EQ(actor_lookup(rt, "/sys/ns"), ns);
    if (ns == ACTOR_ID_INVALID) {
        runtime_step(rt);
        CHECK_EQ(runtime_list_actors(rt, NULL, 0), 0);
        CHECK_EQ(names_count(rt), 0);
        CHECK_EQ(paths_count(rt), 0);
    } else {
        ns_reply_t reply;
        char path[NS_PATH_MAX] = "/sys/ns";
        if (ns_call(rt, MSG_NS_LOOKUP, path, sizeof path, &reply) == 0)
            CHECK_EQ(reply.actor_id, ns);
    }
    runtime_destroy(rt);
}

TEST(namespace_actor_starts_whole_or_not_at_all_when_memory_is_short) {
    sim_reset(1);
    mk_node_identity();
    test_each_alloc_failure(init_with_faults, NULL);
    sim_reset(1);
}

TEST_TABLE(namespace_actor, TEST_ROW(namespace_actor_has_three_names_and_starts_once),
           TEST_ROW(namespace_actor_does_not_start_when_its_name_is_taken),
           TEST_ROW(namespace_actor_registers_and_finds_paths_and_names),
           TEST_ROW(namespace_actor_mounts_and_unmounts),
           TEST_ROW(namespace_actor_refuses_short_payloads_and_texts_without_end),
           TEST_ROW(namespace_actor_lists_paths_and_then_names),
           TEST_ROW(namespace_actor_lists_of_any_length_come_in_whole_lines),
           TEST_ROW(namespace_call_is_refused_where_it_cannot_work),
           TEST_ROW(namespace_call_leaves_nothing_behind_and_keeps_the_order),
           TEST_ROW(namespace_actor_ends_when_asked_and_can_be_started_again),
           TEST_ROW(namespace_actor_starts_whole_or_not_at_all_when_memory_is_short))
