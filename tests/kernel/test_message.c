/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks and their owners: made, sent, taken, passed on, ended exactly once. */
#include "microkernel/message.h"

#include "kernel/stage.h"
#include "microkernel/mailbox.h"

TEST(a_created_message_holds_a_copy) {
    char text[] = "hello";
    message_t *msg = message_create(3, 4, 5, text, sizeof text);
    text[0] = 'X';
    CHECK_EQ(msg->source, 3);
    CHECK_EQ(msg->dest, 4);
    CHECK_EQ(msg->type, 5);
    CHECK_EQ(msg->payload_size, 6);
    CHECK_STR(msg->payload, "hello");
    message_destroy(msg);
    msg = message_create(0, 0, 1, NULL, 100);
    CHECK(msg->payload == NULL);
    CHECK_EQ(msg->payload_size, 0);
    message_destroy(msg);
    msg = message_create(0, 0, 1, "x", 0);
    CHECK(msg->payload == NULL);
    message_destroy(msg);
}

TEST(absurd_message_arguments_are_refused) {
    char byte = 0;
    CHECK(message_create(0, 0, 1, &byte, SIZE_MAX) == NULL);
    CHECK(message_create(0, 0, 1, &byte, UINT32_MAX - 1) == NULL);
    message_destroy(NULL);
    CHECK(!message_take(NULL, NULL));
    runtime_t *rt = open_stage();
    CHECK(!message_take(rt, NULL));
    message_t *msg = message_create(0, 0, 1, NULL, 0);
    CHECK(!message_take(rt, msg)); /* not the one being delivered */
    message_destroy(msg);
    role_t role = {0};
    actor_id_t id = cast(rt, &role);
    CHECK(!actor_send(rt, id, 1, &byte, SIZE_MAX));
    CHECK(!actor_send(rt, id, 1, &byte, UINT32_MAX));
    CHECK(actor_send(rt, id, 1, NULL, SIZE_MAX)); /* no payload */
    settle(rt);
    CHECK_EQ(role.count, 1);
    close_stage(rt);
}

static bool destroy_undelivered(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    mailbox_t *box = me->value != 0 ? mailbox_create(2) : NULL;
    message_destroy(msg); /* the runtime's, and none of ours */
    if (box != NULL) CHECK(!mailbox_enqueue(box, msg));
    mailbox_destroy(box);
    CHECK_EQ(msg->type, 7);
    CHECK_EQ(((const unsigned char *)msg->payload)[0], 0x5a);
    return true;
}

TEST(a_message_of_the_runtime_cannot_be_ended_by_others) {
    static unsigned char payload[4 * MK_POOL_BLOCK_MAX];
    static const size_t sizes[] = {1, 100,
                                   sizeof payload}; /* the last is on the heap */
    memset(payload, 0x5a, sizeof payload);
    runtime_t *rt = open_stage();
    role_t role = {.act = destroy_undelivered, .value = 1};
    actor_id_t id = cast(rt, &role);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        CHECK(actor_send(rt, id, 7, payload, sizes[i]));
    settle(rt);
    CHECK_EQ(role.count, 3);
    close_stage(rt);
}

typedef struct {
    unsigned char bytes[2 * MK_POOL_BLOCK_MAX];
} pattern_t;

static bool check_pattern(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    const unsigned char *bytes = msg->payload;
    CHECK_EQ(msg->payload_size, me->value);
    CHECK_EQ((uintptr_t)bytes % 8, 0);
    if (msg->payload_size > 8) CHECK_EQ((uintptr_t)bytes % (2 * sizeof(void *)), 0);
    for (size_t i = 0; i < msg->payload_size; i++)
        CHECK_EQ(bytes[i], (unsigned char)(i * 7 + 1));
    return true;
}

/* Every size around the borders of inline, each pool class, and the heap. */
TEST(payloads_of_every_size_arrive_aligned) {
    static pattern_t pattern;
    for (size_t i = 0; i < sizeof pattern.bytes; i++)
        pattern.bytes[i] = (unsigned char)(i * 7 + 1);
    runtime_t *rt = open_stage();
    role_t role = {.act = check_pattern};
    actor_id_t id = cast(rt, &role);
    unsigned sent = 0;
    for (size_t base = 0; base <= MK_POOL_BLOCK_MAX + 64; base += 64)
        for (size_t size = base > 2 ? base - 2 : 0; size <= base + 10; size++) {
            if (size == 0) continue;
            role.value = size;
            CHECK(actor_send(rt, id, 1, pattern.bytes, size));
            sent++;
            settle(rt);
        }
    CHECK_EQ(role.count, sent);
    close_stage(rt);
}

static unsigned freed;

static void count_free(void *payload) {
    CHECK_STR(payload, "own");
    freed++;
}

TEST(free_payload_is_called_once_wherever_the_message_ends) {
    static char own[] = "own";
    freed = 0;
    message_t *msg = message_create(0, 0, 1, NULL, 0);
    msg->payload = own;
    msg->payload_size = sizeof own;
    msg->free_payload = count_free;
    message_destroy(msg);
    CHECK_EQ(freed, 1);

    runtime_t *rt = open_stage();
    role_t role = {0};
    actor_id_t id = cast(rt, &role);
    for (unsigned end = 0; end < 3; end++) { /* handled, receiver dies, runtime ends */
        msg = message_create(0, 0, 1, NULL, 0);
        msg->payload = own;
        msg->payload_size = sizeof own;
        msg->free_payload = count_free;
        CHECK(actor_forward(rt, id, msg, true));
        CHECK_EQ(freed, 1 + end);
        if (end == 0) settle(rt);
        if (end == 1) {
            actor_stop(rt, id);
            settle(rt);
            id = cast(rt, &role);
        }
        if (end == 2) close_stage(rt);
        CHECK_EQ(freed, 2 + end);
    }
    CHECK_EQ(role.count, 1);
}

static bool take_and_keep(runtime_t *rt, role_t *me, message_t *msg) {
    message_t **kept = (message_t **)(uintptr_t)me->value;
    CHECK(message_take(rt, msg));
    CHECK(!message_take(rt, msg)); /* it is taken */
    *kept = msg;
    return true;
}

TEST(a_taken_message_stays_until_it_is_ended) {
    runtime_t *rt = open_stage();
    message_t *kept = NULL;
    role_t role = {.act = take_and_keep, .value = (uintptr_t)&kept};
    actor_id_t id = cast(rt, &role);
    CHECK(actor_send(rt, id, 9, "a payload that is not inline", 29));
    runtime_run(rt);
    actor_stop(rt, id);
    settle(rt);
    CHECK_STR(kept->payload, "a payload that is not inline");
    message_destroy(kept);
    close_stage(rt);
}

TEST(a_taken_message_is_passed_on_without_a_copy) {
    runtime_t *rt = open_stage();
    message_t *kept = NULL;
    message_t *second = NULL;
    role_t role = {.act = take_and_keep, .value = (uintptr_t)&kept};
    role_t next = {.act = take_and_keep, .value = (uintptr_t)&second};
    tell(rt, cast(rt, &role), 9);
    settle(rt);
    CHECK(!actor_forward(rt, role.id + 100, kept, false)); /* nobody: still ours */
    CHECK(actor_forward(rt, cast(rt, &next), kept, false));
    settle(rt);
    CHECK(second == kept);
    CHECK_EQ(second->dest, next.id);
    CHECK_EQ(second->source, ACTOR_ID_INVALID); /* from outside */
    CHECK_EQ(second->type, 9);
    message_destroy(second);
    close_stage(rt);
}

TEST(a_notice_that_is_passed_on_counts_like_mail) {
    runtime_t *rt = open_stage();
    message_t *kept = NULL;
    role_t role = {.act = take_and_keep, .value = (uintptr_t)&kept};
    role_t next = {0};
    CHECK(actor_shutdown(rt, cast(rt, &role)));
    settle(rt);
    CHECK(actor_forward(rt, cast(rt, &next), kept, false));
    actor_info_t info;
    CHECK(runtime_actor_find(rt, next.id, &info));
    CHECK_EQ(info.mailbox_used, 1);
    settle(rt);
    CHECK_EQ(next.types[0], MSG_SHUTDOWN);
    CHECK(runtime_actor_find(rt, next.id, &info));
    CHECK_EQ(info.mailbox_used, 0);
    close_stage(rt);
}

static bool pass_on(runtime_t *rt, role_t *me, message_t *msg) {
    if (actor_forward(rt, me->peer, msg, me->value != 0)) {
        CHECK(!message_take(rt, msg));
        return true;
    }
    CHECK_EQ(msg->dest, me->id); /* untouched, and still good */
    return true;
}

static bool note_source(runtime_t *rt, role_t *me, message_t *msg) {
    (void)rt;
    me->peer = msg->source;
    return true;
}

TEST(the_message_being_delivered_is_passed_on) {
    for (unsigned keeps = 0; keeps < 2; keeps++) {
        runtime_t *rt = open_stage();
        role_t last = {.act = note_source};
        role_t role = {.act = pass_on, .peer = cast(rt, &last), .value = keeps};
        actor_id_t id = cast(rt, &role);
        CHECK(actor__send_from(rt, 77, id, 5, "0123456789abcdef", 16));
        runtime_run(rt);
        CHECK_EQ(last.count, 1);
        CHECK_EQ(last.types[0], 5);
        CHECK_EQ(last.peer, keeps ? 77 : id);
        close_stage(rt);
    }
}

TEST(passing_on_to_the_full_or_dead_leaves_the_message_with_its_owner) {
    runtime_t *rt = open_stage();
    role_t last = {0};
    actor_options_t options = {.mailbox_size = 2};
    role_t role = {.act = pass_on, .peer = cast_with(rt, &last, &options)};
    actor_id_t id = cast(rt, &role);
    actor_id_t parked = last.id;
    tell(rt, parked, 1);
    tell(rt, parked, 1);
    message_t *made = message_create(0, 0, 2, NULL, 0);
    CHECK(!actor_forward(rt, parked, made, true));
    CHECK_EQ(runtime_counters(rt).refused, 1);
    actor_stop(rt, parked);
    CHECK(!actor_forward(rt, parked, made, true));
    settle(rt);
    CHECK(!actor_forward(rt, parked, made, true));
    message_destroy(made);
    tell(rt, id, 3);
    settle(rt);
    CHECK_EQ(role.count, 1);
    CHECK_EQ(last.count, 0);
    CHECK_EQ(runtime_counters(rt).dead_letters, 2 + 2 + 1); /* waiting, two, and his */
    CHECK(!actor_forward(rt, id, NULL, true));
    CHECK(!actor_forward(NULL, id, NULL, true));
    close_stage(rt);
}

static bool forge(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == MSG_TIMER) return actor_forward(rt, me->peer, msg, true);
    return actor_set_timer(rt, 1, false) != TIMER_ID_INVALID;
}

TEST(reserved_types_are_refused_to_programs) {
    runtime_t *rt = open_stage();
    role_t victim = {0};
    role_t helper = {.act = forge, .peer = cast(rt, &victim)};
    static const msg_type_t reserved[] = {
        MSG_TIMER, MSG_FD_EVENT, MSG_CHILD_EXIT,      MSG_SHUTDOWN,
        MSG_EXIT,  MSG_DOWN,     MSG_SUPERVISOR_WAKE, MSG_OFFLOAD_DONE};
#if !defined(NDEBUG)
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        CHECK(!actor_send(rt, victim.id, reserved[i], NULL, 0));
        CHECK(!runtime_post(rt, victim.id, reserved[i], NULL, 0));
        message_t *msg = message_create(0, victim.id, reserved[i], NULL, 0);
        CHECK(!actor_forward(rt, victim.id, msg, true));
        message_destroy(msg);
    }
    settle(rt);
    CHECK_EQ(victim.count, 0);
#else
    (void)reserved;
#endif
    /* What the system made may be passed on. */
    tell(rt, cast(rt, &helper), 1);
    settle(rt);
    pass_ms(rt, 2);
    CHECK_EQ(victim.count, 1);
    CHECK_EQ(victim.types[0], MSG_TIMER);
    close_stage(rt);
}

static void send_and_take(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 4);
    if (rt == NULL) return;
    message_t *kept = NULL;
    role_t role = {.act = take_and_keep, .value = (uintptr_t)&kept};
    actor_id_t id = actor_spawn(rt, play, &role, end_role, 4);
    static const char large[MK_POOL_BLOCK_MAX + 1] = {0};
    unsigned sent = 0;
    sent += actor_send(rt, id, 1, large, 100);
    runtime_run(rt);
    message_destroy(kept);
    kept = NULL;
    sent += actor_send(rt, id, 1, large, sizeof large);
    runtime_run(rt);
    CHECK_EQ(role.count, sent);
    message_destroy(kept);
    message_t *made = message_create(0, id, 1, large, sizeof large);
    if (made != NULL && !actor_forward(rt, id, made, true)) message_destroy(made);
    runtime_destroy(rt);
}

TEST(messages_survive_each_failed_allocation) {
    test_each_alloc_failure(send_and_take, NULL);
}

TEST_TABLE(message, TEST_ROW(a_created_message_holds_a_copy),
           TEST_ROW(absurd_message_arguments_are_refused),
           TEST_ROW(a_message_of_the_runtime_cannot_be_ended_by_others),
           TEST_ROW(payloads_of_every_size_arrive_aligned),
           TEST_ROW(free_payload_is_called_once_wherever_the_message_ends),
           TEST_ROW(a_taken_message_stays_until_it_is_ended),
           TEST_ROW(a_taken_message_is_passed_on_without_a_copy),
           TEST_ROW(a_notice_that_is_passed_on_counts_like_mail),
           TEST_ROW(the_message_being_delivered_is_passed_on),
           TEST_ROW(passing_on_to_the_full_or_dead_leaves_the_message_with_its_owner),
           TEST_ROW(reserved_types_are_refused_to_programs),
           TEST_ROW(messages_survive_each_failed_allocation))
