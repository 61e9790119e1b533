/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/state_persist.h"

#include "base/alloc.h"
#include "storage_support.h"

static char buf[64];

/* Each deed asks and writes what the asking returned. */
typedef struct {
    state_op_t op;
    int result;
    const char *name;
    const char *key;
    const char *value;
} wish_t;

static void ask(runtime_t *rt, void *arg) {
    wish_t *wish = arg;
    switch (wish->op) {
    case STATE_OP_SAVE:
        wish->result = state_save_async(rt, wish->name, wish->key, wish->value,
                                        strlen(wish->value));
        break;
    case STATE_OP_LOAD:
        wish->result = state_load_async(rt, wish->name, wish->key);
        break;
    case STATE_OP_DELETE:
        wish->result = state_delete_async(rt, wish->name, wish->key);
        break;
    case STATE_OP_LIST: wish->result = state_list_async(rt, wish->name); break;
    }
}

TEST(request_is_answered_with_its_ticket) {
    wish_t wishes[] = {{STATE_OP_LOAD, 0, NULL, "key", NULL},
                       {STATE_OP_SAVE, 0, NULL, "key", "value"},
                       {STATE_OP_LOAD, 0, NULL, "key", NULL},
                       {STATE_OP_LIST, 0, NULL, NULL, NULL},
                       {STATE_OP_DELETE, 0, NULL, "key", NULL},
                       {STATE_OP_LOAD, 0, NULL, "key", NULL},
                       {STATE_OP_LIST, 0, NULL, NULL, NULL}};
    static const struct {
        int result;
        unsigned size;
        const char *text;
    } wanted[] = {{MK_ENOENT, 0, ""}, {MK_OK, 0, ""}, {5, 5, "value"},
                  {1, 4, "key"},      {MK_OK, 0, ""}, {MK_ENOENT, 0, ""},
                  {0, 0, ""}};
    enum { COUNT = sizeof wishes / sizeof wishes[0] };
    runtime_t *rt = open_state(0);
    actor_id_t id = spawn_doer(rt, "counter");
    for (size_t i = 0; i < COUNT; i++)
        tell_deed(rt, id, ask, &wishes[i]);
    runtime_run(rt);
    CHECK_EQ(reply_count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        CHECK_EQ(wishes[i].result, i + 1);
        CHECK_EQ(replies[i].head.ticket, i + 1);
        CHECK_EQ(replies[i].head.op, wishes[i].op);
        CHECK_EQ(replies[i].head.result, wanted[i].result);
        CHECK_EQ(replies[i].head.size, wanted[i].size);
        CHECK_STR(replies[i].text, wanted[i].text);
    }
    close_state(rt);
}

static void save_twice_and_load(runtime_t *rt, void *arg) {
    char big[100];
    (void)arg;
    memset(big, 'x', sizeof big);
    CHECK(state_save_async(rt, NULL, "key", big, sizeof big) > 0);
    CHECK(state_save_async(rt, NULL, "key", "last", 4) > 0);
    memset(big, 'y', sizeof big); /* what was given was copied */
    CHECK(state_load_async(rt, NULL, "key") > 0);
    CHECK_EQ(state_persist_save(rt, NULL, "key", "between", 7), MK_EBUSY);
    CHECK_EQ(state_persist_load(rt, NULL, "key", buf, sizeof buf, NULL), MK_EBUSY);
    CHECK_EQ(state_persist_delete(rt, NULL, "key"), MK_EBUSY);
    CHECK_EQ(state_persist_save(rt, NULL, "other", "1", 1), MK_OK);
    CHECK_EQ(state_persist_save(rt, "other", "key", "1", 1), MK_OK);
}

static void check_order(bool with_threads) {
    runtime_t *rt = open_state(0);
    if (with_threads && !sim_set_threads(true)) {
        close_state(rt);
        test_skip("no threads here");
    }
    do_inside(rt, spawn_doer(rt, "counter"), save_twice_and_load, NULL);
    CHECK_EQ(reply_count, 3);
    CHECK_EQ(replies[2].head.result, 4);
    CHECK_STR(replies[2].text, "last");
    CHECK_EQ(state_persist_load(rt, "counter", "key", buf, sizeof buf, NULL), 4);
    close_state(rt);
}

TEST(requests_for_one_key_keep_their_order) {
    check_order(false);
}

TEST(requests_for_one_key_keep_their_order_with_threads) {
    check_order(true);
}

static void ask_wrongly(runtime_t *rt, void *arg) {
    static char name[MK_STATE_NAME_MAX + 1];
    (void)arg;
    memset(name, 'n', MK_STATE_NAME_MAX);
    CHECK_EQ(state_save_async(NULL, "a", "k", "1", 1), MK_EINVAL);
    CHECK_EQ(state_save_async(rt, "a", NULL, "1", 1), MK_EINVAL);
    CHECK_EQ(state_save_async(rt, "a", "", "1", 1), MK_EINVAL);
    CHECK_EQ(state_save_async(rt, "a", "k", NULL, 1), MK_EINVAL);
    CHECK_EQ(state_save_async(rt, "a", name, "1", 1), MK_ETOOBIG);
    CHECK_EQ(state_save_async(rt, "a", "k", name, MK_STATE_VALUE_MAX + 1), MK_ETOOBIG);
    CHECK_EQ(state_load_async(rt, NULL, "k"), MK_EREFUSED);
    CHECK_EQ(state_list_async(rt, NULL), MK_EREFUSED);
    CHECK_EQ(state_delete_async(rt, name, "k"), MK_ETOOBIG);
}

TEST(request_that_is_wrong_gets_no_ticket) {
    runtime_t *rt = open_state(0);
    CHECK_EQ(state_load_async(rt, "a", "k"), MK_ESTATE); /* nobody to answer */
    do_inside(rt, spawn_doer(rt, NULL), ask_wrongly, NULL);
    CHECK_EQ(reply_count, 0);
    runtime_destroy(rt);
    sim_reset(1);
    rt = runtime_init(1, 16);
    wish_t wish = {STATE_OP_LOAD, 0, "a", "k", NULL};
    do_inside(rt, spawn_doer(rt, "a"), ask, &wish);
    CHECK_EQ(wish.result, MK_ESTATE); /* not opened */
    close_state(rt);
}

static void flood(runtime_t *rt, void *arg) {
    unsigned *accepted = arg;
    int result;
    *accepted = 0;
    while ((result = state_load_async(rt, NULL, "k")) > 0)
        ++*accepted;
    CHECK_EQ(result, MK_ELIMIT);
}

static void flood_with_bytes(runtime_t *rt, void *arg) {
    unsigned *accepted = arg;
    char *value = mk_calloc(1, MK_STATE_VALUE_MAX);
    CHECK(value != NULL);
    int result;
    *accepted = 0;
    while ((result = state_save_async(rt, NULL, "k", value, MK_STATE_VALUE_MAX)) > 0)
        ++*accepted;
    mk_free(value);
    CHECK_EQ(result, MK_ELIMIT);
    CHECK(state_load_async(rt, NULL, "k") > 0);
}

TEST(requests_are_bounded_per_actor_and_in_bytes) {
    runtime_t *rt = open_state(0);
    actor_id_t one = spawn_doer(rt, "one");
    unsigned first = 0;
    unsigned second = 0;
    tell_deed(rt, one, flood, &first);
    do_inside(rt, spawn_doer(rt, "two"), flood, &second);
    CHECK_EQ(first, MK_STATE_ACTOR_QUEUE);
    CHECK_EQ(second, MK_STATE_ACTOR_QUEUE);
    CHECK_EQ(reply_count, 2 * MK_STATE_ACTOR_QUEUE);
    do_inside(rt, one, flood_with_bytes, &first);
    CHECK_EQ(first, MK_STATE_QUEUE_BYTES / MK_STATE_VALUE_MAX);
    do_inside(rt, one, flood, &first); /* there is room again */
    CHECK_EQ(first, MK_STATE_ACTOR_QUEUE);
    close_state(rt);
}

TEST(request_reports_what_the_disk_says) {
    runtime_t *rt = open_state(0);
    actor_id_t id = spawn_doer(rt, "counter");
    wish_t wish = {STATE_OP_SAVE, 0, NULL, "key", "value"};
    sim_disk_set_room(10);
    do_inside(rt, id, ask, &wish);
    CHECK_EQ(replies[0].head.result, MK_EFULL);
    sim_disk_set_room(SIZE_MAX);
    CHECK_EQ(sim_file_put("state/@counter/key.state", "raw", 3), MK_OK);
    wish.op = STATE_OP_LOAD;
    do_inside(rt, id, ask, &wish);
    CHECK_EQ(replies[1].head.result, MK_EBADMSG);
    CHECK_EQ(replies[1].head.size, 0);
    close_state(rt);
}

TEST(request_is_carried_out_also_when_its_actor_ends) {
    runtime_t *rt = open_state(0);
    actor_id_t id = spawn_doer(rt, "counter");
    wish_t wish = {STATE_OP_SAVE, 0, NULL, "key", "value"};
    tell_deed(rt, id, ask, &wish);
    CHECK(actor_send(rt, id, MSG_TEST_END, NULL, 0));
    runtime_run(rt);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(reply_count, 0);
    CHECK_EQ(state_persist_load(rt, "counter", "key", buf, sizeof buf, NULL), 5);
    close_state(rt);
}

/* Ask for saves of "0", "1", ... of one key, and stop at the nth step. */
static runtime_t *ask_and_step(wish_t *wishes, size_t count, int steps, bool threads) {
    runtime_t *rt = open_state(0);
    if (threads && !sim_set_threads(true)) {
        close_state(rt);
        test_skip("no threads here");
    }
    actor_id_t id = spawn_doer(rt, "counter");
    for (size_t i = 0; i < count; i++)
        tell_deed(rt, id, ask, &wishes[i]);
    for (int i = 0; i < steps; i++)
        runtime_step(rt);
    return rt;
}

static void end_at_every_step(bool threads) {
    for (int steps = 0; steps < 20; steps++) {
        wish_t wishes[] = {{STATE_OP_SAVE, 0, NULL, "key", "0"},
                           {STATE_OP_LOAD, 0, NULL, "key", NULL},
                           {STATE_OP_SAVE, 0, NULL, "key", "1"},
                           {STATE_OP_SAVE, 0, NULL, "key", "2"}};
        runtime_t *rt = ask_and_step(wishes, 4, steps, threads);
        rt = restart(rt);
        int loaded = state_persist_load(rt, "counter", "key", buf, sizeof buf, NULL);
        char last = '\0'; /* of what was accepted */
        for (size_t i = 0; i < 4; i++)
            if (wishes[i].result > 0 && wishes[i].value != NULL)
                last = *wishes[i].value;
        CHECK_EQ(loaded, last != '\0' ? 1 : MK_ENOENT);
        if (last != '\0') CHECK_EQ(buf[0], last);
        close_state(rt);
    }
}

TEST(requests_that_were_accepted_are_done_when_the_runtime_ends) {
    end_at_every_step(false);
}

TEST(requests_that_were_accepted_are_done_when_the_runtime_ends_with_threads) {
    end_at_every_step(true);
}

/* Whoever stops the actor behind it all: each request is answered, once, with the
 * truth, and the next one finds another actor. */
static void stop_at_every_step(bool threads) {
    for (int steps = 0; steps < 20; steps++) {
        wish_t wishes[] = {{STATE_OP_SAVE, 0, NULL, "a", "0"},
                           {STATE_OP_SAVE, 0, NULL, "b", "1"},
                           {STATE_OP_LOAD, 0, NULL, "a", NULL}};
        runtime_t *rt = ask_and_step(wishes, 3, steps, threads);
        actor_id_t ids[4];
        size_t count = runtime_list_actors(rt, ids, 4);
        if (count > 1) actor_stop(rt, ids[1]);
        runtime_run(rt);
        CHECK_EQ(reply_count, 3);
        for (size_t i = 0; i < 3; i++) {
            const state_reply_payload_t *head = &replies[i].head;
            const wish_t *wish = &wishes[head->ticket - 1];
            if (wish->op != STATE_OP_SAVE) continue;
            CHECK(head->result == MK_OK || head->result == MK_ESTOPPED);
            int loaded = state_persist_load(rt, "counter", wish->key, buf, 64, NULL);
            CHECK_EQ(loaded, head->result == MK_OK ? 1 : MK_ENOENT);
        }
        wish_t again = {STATE_OP_SAVE, 0, NULL, "a", "again"};
        runtime_list_actors(rt, ids, 1);
        do_inside(rt, ids[0], ask, &again);
        CHECK_EQ(reply_count, 4);
        CHECK_EQ(replies[3].head.result, MK_OK);
        close_state(rt);
    }
}

TEST(requests_are_answered_also_when_their_actor_is_stopped) {
    stop_at_every_step(false);
}

TEST(requests_are_answered_also_when_their_actor_is_stopped_with_threads) {
    stop_at_every_step(true);
}

TEST(request_needs_room_for_one_actor_more) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 1);
    CHECK_EQ(state_persist_open(rt, "state", 0), MK_OK);
    wish_t wish = {STATE_OP_SAVE, 0, NULL, "key", "value"};
    do_inside(rt, spawn_doer(rt, "counter"), ask, &wish);
    CHECK_EQ(wish.result, MK_EFULL);
    close_state(rt);
}

/* A save and a load with the power cut at the nth change: a save that was acknowledged
 * is there, one that was not is there whole or not at all. */
static bool live_until_cut(uint64_t seed, size_t cut_at) {
    sim_reset(seed);
    reply_count = 0;
    runtime_t *rt = runtime_init(1, 16);
    CHECK_EQ(state_persist_open(rt, "state", 0), MK_OK);
    actor_id_t id = spawn_doer(rt, "counter");
    wish_t wishes[] = {{STATE_OP_SAVE, 0, NULL, "key", "0"},
                       {STATE_OP_SAVE, 0, NULL, "key", "1"},
                       {STATE_OP_SAVE, 0, NULL, "key", "2"},
                       {STATE_OP_SAVE, 0, NULL, "key", "3"}};
    sim_power_cut_at(cut_at);
    for (size_t i = 0; i < 4; i++)
        tell_deed(rt, id, ask, &wishes[i]);
    runtime_run(rt);
    bool was_cut = sim_power_is_off();
    CHECK_EQ(reply_count, 4);
    int acknowledged = -1;
    for (int i = 0; i < 4; i++)
        if (replies[i].head.result == MK_OK) acknowledged = i;
    sim_power_cut_at(0);
    runtime_destroy(rt);
    sim_power_on();
    rt = runtime_init(1, 16);
    CHECK_EQ(state_persist_open(rt, "state", 0), MK_OK);
    int loaded = state_persist_load(rt, "counter", "key", buf, sizeof buf, NULL);
    CHECK(loaded == 1 || (loaded == MK_ENOENT && acknowledged < 0));
    if (loaded == 1)
        CHECK(buf[0] - '0' == acknowledged ||
              (was_cut && buf[0] - '0' == acknowledged + 1));
    close_state(rt);
    return was_cut;
}

TEST(request_that_was_acknowledged_survives_a_power_cut) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        size_t cut_at = 1;
        while (live_until_cut(seed, cut_at))
            cut_at++;
        CHECK(cut_at > 4);
    }
}

static void live_without_memory(void *arg) {
    (void)arg;
    reply_count = 0;
    runtime_t *rt = runtime_init(1, 16);
    if (rt == NULL) return;
    unsigned accepted = 0;
    if (state_persist_open(rt, "state", 0) == MK_OK) {
        actor_id_t id = actor_spawn(rt, do_deeds, NULL, NULL, 16);
        wish_t wishes[] = {{STATE_OP_SAVE, 0, "counter", "key", "value"},
                           {STATE_OP_LOAD, 0, "counter", "key", NULL},
                           {STATE_OP_LIST, 0, "counter", NULL, NULL}};
        for (size_t i = 0; i < 3; i++) {
            deed_t deed = {ask, &wishes[i]};
            (void)actor_send(rt, id, MSG_TEST_DO, &deed, sizeof deed);
        }
        runtime_run(rt);
        for (size_t i = 0; i < 3; i++) {
            int result = wishes[i].result;
            CHECK(result >= 0 || result == MK_ENOMEM || result == MK_EFULL);
            if (result > 0) accepted++;
        }
    }
    CHECK_EQ(reply_count, accepted);
    runtime_destroy(rt);
    sim_reset(1);
}

TEST(request_that_got_a_ticket_is_answered_also_without_memory) {
    sim_reset(1);
    test_each_alloc_failure(live_without_memory, NULL);
    sim_reset(1);
}

TEST_TABLE(
    state_requests, TEST_ROW(request_is_answered_with_its_ticket),
    TEST_ROW(requests_for_one_key_keep_their_order),
    TEST_ROW(requests_for_one_key_keep_their_order_with_threads),
    TEST_ROW(request_that_is_wrong_gets_no_ticket),
    TEST_ROW(requests_are_bounded_per_actor_and_in_bytes),
    TEST_ROW(request_reports_what_the_disk_says),
    TEST_ROW(request_is_carried_out_also_when_its_actor_ends),
    TEST_ROW(requests_that_were_accepted_are_done_when_the_runtime_ends),
    TEST_ROW(requests_that_were_accepted_are_done_when_the_runtime_ends_with_threads),
    TEST_ROW(requests_are_answered_also_when_their_actor_is_stopped),
    TEST_ROW(requests_are_answered_also_when_their_actor_is_stopped_with_threads),
    TEST_ROW(request_needs_room_for_one_actor_more),
    TEST_ROW(request_that_was_acknowledged_survives_a_power_cut),
    TEST_ROW(request_that_got_a_ticket_is_answered_also_without_memory))
