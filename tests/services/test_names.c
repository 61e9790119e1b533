/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/names.h"

#include "base/alloc.h"
#include "microkernel/paths.h"
#include "services_support.h"
#include "support/test.h"

TEST(names_find_their_actor_until_it_ends) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    actor_id_t b = spawn_idle(rt);
    CHECK(actor_register_name(rt, "alpha", a));
    CHECK(actor_register_name(rt, "beta", b));
    CHECK(actor_register_name(rt, "alias", a));
    CHECK_EQ(actor_lookup(rt, "alpha"), a);
    CHECK_EQ(actor_lookup(rt, "alias"), a);
    CHECK_EQ(names_count(rt), 3);
    end_actor(rt, a);
    CHECK_EQ(actor_lookup(rt, "alpha"), ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(rt, "alias"), ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(rt, "beta"), b);
    CHECK_EQ(names_count(rt), 1);
    CHECK(actor_register_name(rt, "alpha", b));
    CHECK_EQ(actor_lookup(rt, "alpha"), b);
    close_runtime(rt);
}

TEST(names_are_unique_and_the_first_keeps_it) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    actor_id_t b = spawn_idle(rt);
    CHECK(actor_register_name(rt, "one", a));
    CHECK(!actor_register_name(rt, "one", b));
    CHECK(!actor_register_name(rt, "one", a));
    CHECK_EQ(names_register(rt, "one", b), MK_EEXIST);
    CHECK_EQ(actor_lookup(rt, "one"), a);
    close_runtime(rt);
}

TEST(names_of_63_bytes_are_kept_whole_and_longer_ones_refused) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    char name[66];
    memset(name, 'x', sizeof name);
    name[63] = '\0';
    CHECK_EQ(names_register(rt, name, a), MK_OK);
    CHECK_EQ(actor_lookup(rt, name), a);
    name[63] = 'x';
    name[64] = '\0';
    CHECK_EQ(names_register(rt, name, a), MK_ETOOBIG);
    CHECK(!actor_register_name(rt, name, a));
    CHECK_EQ(actor_lookup(rt, name), ACTOR_ID_INVALID);
    CHECK_EQ(names_count(rt), 1);
    close_runtime(rt);
}

TEST(names_refuse_malformed_texts_and_say_so) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    static const char *const bad[] = {"",       "a\nb",    "a\tb",        "\x7f",
                                      "\x1b[m", "bad\xff", "cut\xe2\x82", "\xc2\x85",
                                      " x",     "x "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(names_register(rt, bad[i], a), MK_EINVAL);
    CHECK_EQ(names_register(rt, NULL, a), MK_EINVAL);
    CHECK_EQ(names_register(rt, "ok", ACTOR_ID_INVALID), MK_EINVAL);
    CHECK_EQ(names_register(NULL, "ok", a), MK_EINVAL);
    CHECK_EQ(names_count(rt), 0);
    CHECK_EQ(names_register(rt,
                            "gr\xc3\xbc\xc3\x9f"
                            "e, a=b c",
                            a),
             MK_OK);
    close_runtime(rt);
}

TEST(names_refuse_dead_local_ids_and_take_ids_of_other_nodes) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    end_actor(rt, a);
    CHECK_EQ(names_register(rt, "dead", a), MK_EDEAD);
    CHECK_EQ(names_register(rt, "never", actor_id_make(1, 99)), MK_EDEAD);
    actor_id_t far = actor_id_make(2, 99);
    CHECK_EQ(names_register(rt, "far", far), MK_OK);
    CHECK_EQ(actor_lookup(rt, "far"), far);
    close_runtime(rt);
}

TEST(names_can_be_taken_away_again) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    CHECK_EQ(names_unregister(rt, "x"), MK_ENOENT);
    CHECK_EQ(names_unregister(rt, NULL), MK_ENOENT);
    CHECK(actor_register_name(rt, "x", a));
    CHECK(actor_unregister_name(rt, "x"));
    CHECK(!actor_unregister_name(rt, "x"));
    CHECK_EQ(actor_lookup(rt, "x"), ACTOR_ID_INVALID);
    CHECK(actor_register_name(rt, "x", a));
    close_runtime(rt);
}

TEST(names_lookups_of_nothing_find_nobody) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(actor_lookup(rt, "x"), ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(rt, NULL), ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(rt, ""), ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(NULL, "x"), ACTOR_ID_INVALID);
    char buf[8] = "junk";
    CHECK_EQ(actor_reverse_lookup(rt, actor_id_make(1, 1), buf, sizeof buf), 0);
    CHECK_STR(buf, "");
    CHECK_EQ(names_reverse_size(rt, actor_id_make(1, 1)), 0);
    close_runtime(rt);
}

/* An older table lost names behind a removed one of the same hash; n0 and n28 were such
 * a pair. Here: any two of many, removed in any order. */
TEST(names_stay_findable_when_others_go) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    enum { N = 64 };
    for (int removed = 0; removed < N; removed++) {
        char name[8] = "n";
        for (int i = 0; i < N; i++) {
            name[1] = (char)('0' + i / 10);
            name[2] = (char)('0' + i % 10);
            CHECK(actor_register_name(rt, name, a));
        }
        name[1] = (char)('0' + removed / 10);
        name[2] = (char)('0' + removed % 10);
        CHECK(actor_unregister_name(rt, name));
        for (int i = 0; i < N; i++) {
            name[1] = (char)('0' + i / 10);
            name[2] = (char)('0' + i % 10);
            CHECK_EQ(actor_lookup(rt, name), i == removed ? ACTOR_ID_INVALID : a);
            CHECK_EQ(actor_register_name(rt, name, a), i == removed);
            CHECK(actor_unregister_name(rt, name));
        }
    }
    close_runtime(rt);
}

static void number_name(char name[16], int number) {
    memcpy(name, "name", 4);
    for (int digit = 0; digit < 5; digit++, number /= 10)
        name[8 - digit] = (char)('0' + number % 10);
    name[9] = '\0';
}

TEST(names_ten_thousand_of_a_hundred_actors_come_and_go) {
    enum { N = 10000, OWNERS = 100 };
    void *probe = mk_alloc(4u << 20);
    mk_free(probe);
    if (probe == NULL) test_skip("needs 4 MiB");
    runtime_t *rt = open_runtime();
    actor_id_t owners[OWNERS];
    char name[16];
    for (int i = 0; i < OWNERS; i++)
        owners[i] = spawn_idle(rt);
    for (int i = 0; i < N; i++) {
        number_name(name, i * 7919 % N); /* 7919 is prime: all of them, in no order */
        CHECK(actor_register_name(rt, name, owners[i * 7919 % N % OWNERS]));
    }
    CHECK_EQ(names_count(rt), N);
    for (int i = 0; i < N; i++) {
        number_name(name, i);
        CHECK_EQ(actor_lookup(rt, name), owners[i % OWNERS]);
    }
    for (int i = 0; i < OWNERS / 2; i++)
        end_actor(rt, owners[i]);
    CHECK_EQ(names_count(rt), N / 2);
    for (int i = 0; i < N; i++) {
        number_name(name, i);
        actor_id_t expected = i % OWNERS < OWNERS / 2 ? 0 : owners[i % OWNERS];
        CHECK_EQ(actor_lookup(rt, name), expected);
    }
    close_runtime(rt);
}

TEST(names_reverse_lookup_gives_the_first_and_all_in_order) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    CHECK(actor_register_name(rt, "/tree/leaf", a));
    char buf[64];
    CHECK_EQ(actor_reverse_lookup(rt, a, buf, sizeof buf), 10);
    CHECK_STR(buf, "/tree/leaf");
    CHECK(actor_register_name(rt, "zeta", a));
    CHECK(actor_register_name(rt, "alpha", a));
    CHECK_EQ(actor_reverse_lookup(rt, a, buf, sizeof buf), 4);
    CHECK_STR(buf, "zeta");
    CHECK_EQ(actor_reverse_lookup_all(rt, a, buf, sizeof buf), 23);
    CHECK_STR(buf, "zeta, alpha, /tree/leaf");
    CHECK_EQ(names_reverse_size(rt, a), 23);
    CHECK(actor_unregister_name(rt, "zeta"));
    CHECK_EQ(actor_reverse_lookup(rt, a, buf, sizeof buf), 5);
    CHECK_STR(buf, "alpha");
    close_runtime(rt);
}

TEST(names_reverse_lookup_never_writes_beyond_its_buffer) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    CHECK(actor_register_name(rt, "abc\xc3\xa4", a));
    CHECK(actor_register_name(rt, "long name", a));
    CHECK(actor_register_name(rt, "d", a));
    char buf[16];
    for (size_t cap = 0; cap <= sizeof buf; cap++) {
        memset(buf, '#', sizeof buf);
        size_t one = actor_reverse_lookup(rt, a, buf, cap);
        CHECK(cap == 0 ? one == 0 : one < cap);
        if (cap > 0) CHECK_EQ(buf[one], '\0');
        for (size_t i = cap; i < sizeof buf; i++)
            CHECK_EQ(buf[i], '#');
        memset(buf, '#', sizeof buf);
        size_t all = actor_reverse_lookup_all(rt, a, buf, cap);
        CHECK(cap == 0 ? all == 0 : all < cap);
        for (size_t i = cap; i < sizeof buf; i++)
            CHECK_EQ(buf[i], '#');
    }
    CHECK_EQ(actor_reverse_lookup(rt, a, buf, 5), 3); /* not half a character */
    CHECK_STR(buf, "abc");
    CHECK_EQ(actor_reverse_lookup_all(rt, a, buf, 9), 8); /* the long one left out */
    CHECK_STR(buf, "abc\xc3\xa4, d");
    close_runtime(rt);
}

typedef struct {
    int count;
    msg_type_t type;
    char text[16];
} inbox_t;

static bool collect(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    inbox_t *inbox = state;
    inbox->count++;
    inbox->type = msg->type;
    memcpy(inbox->text, msg->payload, msg->payload_size);
    return true;
}

TEST(names_send_reaches_the_owner_of_a_name_or_path) {
    runtime_t *rt = open_runtime();
    inbox_t inbox = {0};
    actor_id_t a = actor_spawn(rt, collect, &inbox, NULL, 2);
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    CHECK(actor_register_name(rt, "box", a));
    CHECK(actor_register_name(rt, "/box", a));
    CHECK(actor_send_named(rt, "box", 5, "hello", 6));
    runtime_step(rt);
    CHECK_EQ(inbox.type, 5);
    CHECK_STR(inbox.text, "hello");
    CHECK_EQ(names_send(rt, "/box", 6, "path", 5), MK_OK);
    runtime_step(rt);
    CHECK_STR(inbox.text, "path");
    CHECK_EQ(names_send(rt, "nobody", 5, NULL, 0), MK_ENOENT);
    CHECK(!actor_send_named(rt, "/nobody", 5, NULL, 0));
    CHECK_EQ(names_send(rt, "box", 7, "a", 2), MK_OK);
    CHECK_EQ(names_send(rt, "box", 7, "b", 2), MK_OK);
    CHECK_EQ(names_send(rt, "box", 7, "c", 2), MK_EREFUSED); /* full */
    close_runtime(rt);
}

TEST(names_walk_in_byte_order_below_a_prefix_also_while_they_change) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    static const char *const some[] = {"b2", "a", "b1", "c", "b", "b3"};
    for (size_t i = 0; i < 6; i++)
        CHECK(actor_register_name(rt, some[i], a));
    char name[MK_NAME_MAX] = "";
    actor_id_t id = 0;
    CHECK(names_next(rt, "b", name, &id));
    CHECK_STR(name, "b");
    CHECK_EQ(id, a);
    CHECK(names_next(rt, "b", name, NULL));
    CHECK_STR(name, "b1");
    CHECK(actor_unregister_name(rt, "b1")); /* the place itself */
    CHECK(actor_unregister_name(rt, "b2"));
    CHECK(actor_register_name(rt, "b10", a));
    CHECK(names_next(rt, "b", name, NULL));
    CHECK_STR(name, "b10");
    CHECK(names_next(rt, "b", name, NULL));
    CHECK_STR(name, "b3");
    CHECK(!names_next(rt, "b", name, NULL));
    CHECK_STR(name, "b3");

    memset(name, 0, sizeof name);
    int count = 0;
    while (names_next(rt, NULL, name, NULL))
        count++;
    CHECK_EQ(count, 5);
    memset(name, 0, sizeof name);
    CHECK(!names_next(rt, "x", name, NULL));
    close_runtime(rt);
}

/* --- observers --- */

typedef struct {
    char news[256];
    runtime_t *rt;
    int result; /* of what the observer tried */
} witness_t;

static void note(runtime_t *rt, const char *name, actor_id_t id, bool is_registered,
                 void *ctx) {
    witness_t *witness = ctx;
    size_t used = strlen(witness->news);
    if (used + strlen(name) + 3 > sizeof witness->news) return;
    witness->news[used] = is_registered ? '+' : '-';
    memcpy(witness->news + used + 1, name, strlen(name) + 1);
    used += 1 + strlen(name);
    witness->news[used] = ' ';
    witness->news[used + 1] = '\0';
    CHECK_EQ(actor_lookup(rt, name), is_registered ? id : ACTOR_ID_INVALID);
}

TEST(names_observers_hear_of_names_and_paths_that_come_and_go) {
    runtime_t *rt = open_runtime();
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    witness_t first = {0};
    witness_t second = {0};
    CHECK_EQ(names_observe(rt, note, &first), MK_OK);
    CHECK_EQ(names_observe(rt, note, &first), MK_EEXIST);
    CHECK_EQ(names_observe(rt, NULL, &first), MK_EINVAL);
    actor_id_t a = spawn_idle(rt);
    CHECK(actor_register_name(rt, "n1", a));
    CHECK(actor_register_name(rt, "/p1", a));
    CHECK_EQ(names_observe(rt, note, &second), MK_OK);
    CHECK(!actor_register_name(rt, "n1", a));
    CHECK(actor_register_name(rt, "n2", a));
    CHECK(actor_unregister_name(rt, "n1"));
    end_actor(rt, a);
    CHECK_STR(first.news, "+n1 +/p1 +n2 -n1 -n2 -/p1 ");
    CHECK_STR(second.news, "+n2 -n1 -n2 -/p1 ");
    CHECK_EQ(names_unobserve(rt, note, &first), MK_OK);
    CHECK_EQ(names_unobserve(rt, note, &first), MK_ENOENT);
    a = spawn_idle(rt);
    CHECK(actor_register_name(rt, "n3", a));
    CHECK_STR(first.news, "+n1 +/p1 +n2 -n1 -n2 -/p1 ");
    CHECK_STR(second.news, "+n2 -n1 -n2 -/p1 +n3 ");
    close_runtime(rt);
}

static void meddle(runtime_t *rt, const char *name, actor_id_t id, bool is_registered,
                   void *ctx) {
    (void)is_registered;
    int *results = ctx;
    results[0] = names_register(rt, "from inside", id);
    results[1] = names_unregister(rt, name);
    results[2] = names_observe(rt, note, NULL);
    results[3] = names_unobserve(rt, meddle, ctx);
}

TEST(names_do_not_change_under_an_observer) {
    runtime_t *rt = open_runtime();
    int results[4] = {0};
    CHECK_EQ(names_observe(rt, meddle, results), MK_OK);
    actor_id_t a = spawn_idle(rt);
    CHECK(actor_register_name(rt, "x", a));
    for (size_t i = 0; i < 4; i++)
        CHECK_EQ(results[i], MK_EBUSY);
    CHECK_EQ(actor_lookup(rt, "x"), a);
    CHECK_EQ(names_count(rt), 1);
    close_runtime(rt);
}

static void register_with_faults(void *arg) {
    runtime_t *rt = arg;
    actor_id_t a = actor_lookup(rt, "owner");
    int first = names_register(rt, "first", a);
    int second = names_register(rt, "second", a);
    int observed = names_observe(rt, note, NULL);
    CHECK(first == MK_OK || first == MK_ENOMEM);
    CHECK(second == MK_OK || second == MK_ENOMEM);
    CHECK(observed == MK_OK || observed == MK_ENOMEM);
    CHECK_EQ(actor_lookup(rt, "first"), first == MK_OK ? a : ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(rt, "second"), second == MK_OK ? a : ACTOR_ID_INVALID);
    if (observed == MK_OK) CHECK_EQ(names_unobserve(rt, note, NULL), MK_OK);
    names_unregister(rt, "first");
    names_unregister(rt, "second");
}

TEST(names_report_short_memory_and_keep_what_is_there) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    CHECK(actor_register_name(rt, "owner", a));
    CHECK_EQ(names_observe(rt, note, NULL), MK_OK); /* the list of observers stays */
    CHECK_EQ(names_unobserve(rt, note, NULL), MK_OK);
    test_each_alloc_failure(register_with_faults, rt);
    CHECK_EQ(actor_lookup(rt, "owner"), a);
    close_runtime(rt);
}

static void first_name_with_faults(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 16);
    actor_id_t a = rt != NULL ? spawn_idle(rt) : ACTOR_ID_INVALID;
    if (a != ACTOR_ID_INVALID) {
        int result = names_register(rt, "first", a);
        CHECK(result == MK_OK || result == MK_ENOMEM);
        CHECK_EQ(actor_lookup(rt, "first"), result == MK_OK ? a : ACTOR_ID_INVALID);
    }
    runtime_destroy(rt);
}

TEST(names_first_registration_fails_cleanly_when_memory_is_short) {
    sim_reset(1);
    test_each_alloc_failure(first_name_with_faults, NULL);
    sim_reset(1);
}

static bool name_itself(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    *(bool *)state = actor_register_name(rt, "me", actor_self(rt));
    return true;
}

TEST(names_can_be_given_inside_a_behaviour) {
    runtime_t *rt = open_runtime();
    bool result = false;
    actor_id_t a = actor_spawn(rt, name_itself, &result, NULL, 4);
    CHECK(actor_send(rt, a, 1, NULL, 0));
    runtime_step(rt);
    CHECK(result);
    CHECK_EQ(actor_lookup(rt, "me"), a);
    close_runtime(rt);
}

TEST_TABLE(names, TEST_ROW(names_find_their_actor_until_it_ends),
           TEST_ROW(names_are_unique_and_the_first_keeps_it),
           TEST_ROW(names_of_63_bytes_are_kept_whole_and_longer_ones_refused),
           TEST_ROW(names_refuse_malformed_texts_and_say_so),
           TEST_ROW(names_refuse_dead_local_ids_and_take_ids_of_other_nodes),
           TEST_ROW(names_can_be_taken_away_again),
           TEST_ROW(names_lookups_of_nothing_find_nobody),
           TEST_ROW(names_stay_findable_when_others_go),
           TEST_ROW(names_ten_thousand_of_a_hundred_actors_come_and_go),
           TEST_ROW(names_reverse_lookup_gives_the_first_and_all_in_order),
           TEST_ROW(names_reverse_lookup_never_writes_beyond_its_buffer),
           TEST_ROW(names_send_reaches_the_owner_of_a_name_or_path),
           TEST_ROW(names_walk_in_byte_order_below_a_prefix_also_while_they_change),
           TEST_ROW(names_observers_hear_of_names_and_paths_that_come_and_go),
           TEST_ROW(names_do_not_change_under_an_observer),
           TEST_ROW(names_report_short_memory_and_keep_what_is_there),
           TEST_ROW(names_first_registration_fails_cleanly_when_memory_is_short),
           TEST_ROW(names_can_be_given_inside_a_behaviour))
