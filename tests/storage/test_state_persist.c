/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/state_persist.h"

#include "microkernel/log.h"
#include "microkernel/paths.h"
#include "storage_support.h"

static char buf[64];

TEST(state_survives_a_restart) {
    runtime_t *rt = open_state(0);
    CHECK_EQ(state_persist_save(rt, "counter", "total", "42", 2), MK_OK);
    CHECK_EQ(state_persist_save(rt, "counter", "empty", NULL, 0), MK_OK);
    rt = restart(rt);
    size_t size = 99;
    CHECK_EQ(state_persist_load(rt, "counter", "total", buf, sizeof buf, &size), 2);
    CHECK_EQ(size, 2);
    CHECK_MEM(buf, "42", 2);
    CHECK_EQ(state_persist_load(rt, "counter", "empty", NULL, 0, &size), 0);
    CHECK_EQ(size, 0);
    CHECK_EQ(state_persist_delete(rt, "counter", "total"), MK_OK);
    rt = restart(rt);
    CHECK_EQ(state_persist_load(rt, "counter", "total", buf, sizeof buf, NULL),
             MK_ENOENT);
    close_state(rt);
}

TEST(state_under_the_earlier_names_answers_as_before) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 16);
    state_persist_init(rt, "deep/state");
    CHECK_EQ(state_load(rt, "counter", "total", buf, sizeof buf), -1);
    CHECK_EQ(state_save(rt, "counter", "total", "42", 2), 0);
    CHECK_EQ(state_load(rt, "counter", "total", buf, sizeof buf), 2);
    CHECK_EQ(state_load(rt, "counter", "total", buf, 1), -1);
    CHECK_EQ(state_delete(rt, "counter", "total"), 0);
    CHECK_EQ(state_load(rt, "counter", "total", buf, sizeof buf), -1);
    CHECK_EQ(state_save(rt, "counter", "", "42", 2), -1);
    CHECK_EQ(state_delete(rt, NULL, "total"), -1);
    close_state(rt);
}

TEST(state_that_does_not_fit_is_not_cut) {
    runtime_t *rt = open_state(0);
    CHECK_EQ(state_persist_save(rt, "counter", "total", "12345", 5), MK_OK);
    size_t size = 0;
    memset(buf, 'b', 6);
    CHECK_EQ(state_persist_load(rt, "counter", "total", buf, 4, &size), MK_ETOOBIG);
    CHECK_EQ(size, 5);
    CHECK_MEM(buf, "bbbbbb", 6);
    CHECK_EQ(state_persist_load(rt, "counter", "total", buf, 5, NULL), 5);
    close_state(rt);
}

TEST(state_keys_are_listed) {
    runtime_t *rt = open_state(0);
    size_t size = 99;
    CHECK_EQ(state_persist_list(rt, "counter", buf, sizeof buf, &size), 0);
    CHECK_EQ(size, 0);
    CHECK_EQ(state_persist_save(rt, "counter", "b", "1", 1), MK_OK);
    CHECK_EQ(state_persist_save(rt, "counter", "a/b", "1", 1), MK_OK);
    CHECK_EQ(state_persist_list(rt, "counter", buf, sizeof buf, &size), 2);
    CHECK_EQ(size, 6);
    CHECK_MEM(buf, "a/b\0b", 6);
    CHECK_EQ(state_persist_list(rt, "counter", buf, 5, &size), MK_ETOOBIG);
    CHECK_EQ(size, 6);
    CHECK_EQ(state_persist_list(rt, "counter", NULL, 0, NULL), MK_ETOOBIG);
    close_state(rt);
}

static void save_own(runtime_t *rt, void *arg) {
    *(int *)arg = state_persist_save(rt, NULL, "key", "own", 3);
}

static void load_own(runtime_t *rt, void *arg) {
    *(int *)arg = state_persist_load(rt, "", "key", buf, sizeof buf, NULL);
}

static int result_of(runtime_t *rt, actor_id_t id, deed_fn fn) {
    int result = 99;
    do_inside(rt, id, fn, &result);
    return result;
}

TEST(state_belongs_to_the_first_name_of_the_running_actor) {
    runtime_t *rt = open_state(0);
    actor_id_t id = spawn_doer(rt, "first");
    CHECK(actor_register_name(rt, "second", id));
    CHECK_EQ(result_of(rt, id, save_own), MK_OK);
    CHECK_EQ(result_of(rt, id, load_own), 3);
    CHECK_EQ(state_persist_load(rt, "first", "key", buf, sizeof buf, NULL), 3);
    CHECK_EQ(state_persist_load(rt, "second", "key", buf, sizeof buf, NULL), MK_ENOENT);
    rt = restart(rt);
    spawn_doer(rt, "other"); /* ids are others now */
    CHECK_EQ(result_of(rt, spawn_doer(rt, "first"), load_own), 3);
    close_state(rt);
}

TEST(state_belongs_to_the_path_of_an_actor_without_a_flat_name) {
    runtime_t *rt = open_state(0);
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    actor_id_t id = spawn_doer(rt, "/node/hardware/led");
    CHECK_EQ(result_of(rt, id, save_own), MK_OK);
    CHECK_EQ(state_persist_load(rt, "/node/hardware/led", "key", buf, sizeof buf, NULL),
             3);
    close_state(rt);
}

TEST(state_of_nobody_is_refused) {
    runtime_t *rt = open_state(0);
    CHECK_EQ(result_of(rt, spawn_doer(rt, NULL), save_own), MK_EREFUSED);
    CHECK_EQ(state_persist_save(rt, NULL, "key", "1", 1), MK_EREFUSED);
    CHECK_EQ(state_persist_save(rt, "", "key", "1", 1), MK_EREFUSED);
    CHECK_EQ(state_persist_list(rt, NULL, buf, sizeof buf, NULL), MK_EREFUSED);
    CHECK_EQ(sim_file_count(), 0);
    close_state(rt);
}

TEST(state_calls_say_what_is_wrong) {
    static char name[MK_STATE_NAME_MAX + 1];
    memset(name, 'n', MK_STATE_NAME_MAX);
    runtime_t *rt = open_state(0);
    CHECK_EQ(state_persist_save(NULL, "a", "k", "1", 1), MK_EINVAL);
    CHECK_EQ(state_persist_save(rt, "a", NULL, "1", 1), MK_EINVAL);
    CHECK_EQ(state_persist_save(rt, "a", "", "1", 1), MK_EINVAL);
    CHECK_EQ(state_persist_save(rt, "a", "k", NULL, 1), MK_EINVAL);
    CHECK_EQ(state_persist_save(rt, "a", "k", name, MK_STATE_VALUE_MAX + 1),
             MK_ETOOBIG);
    CHECK_EQ(state_persist_save(rt, name, "k", "1", 1), MK_ETOOBIG);
    CHECK_EQ(state_persist_save(rt, "a", name, "1", 1), MK_ETOOBIG);
    CHECK_EQ(state_persist_load(rt, "a", name, buf, sizeof buf, NULL), MK_ETOOBIG);
    CHECK_EQ(state_persist_load(rt, "a", "k", NULL, 1, NULL), MK_EINVAL);
    CHECK_EQ(state_persist_delete(rt, "a", ""), MK_EINVAL);
    CHECK_EQ(state_persist_list(rt, name, buf, sizeof buf, NULL), MK_ETOOBIG);
    CHECK_EQ(state_persist_list(rt, "a", NULL, 1, NULL), MK_EINVAL);
    name[127] = '\0'; /* 127 bytes are allowed */
    CHECK_EQ(state_persist_save(rt, name, name, "1", 1), MK_OK);
    CHECK_EQ(state_persist_load(rt, name, name, buf, sizeof buf, NULL), 1);
    close_state(rt);
}

TEST(state_wants_to_be_opened_once) {
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 16);
    CHECK_EQ(state_persist_save(rt, "a", "k", "1", 1), MK_ESTATE);
    CHECK_EQ(state_persist_list(rt, "a", NULL, 0, NULL), MK_ESTATE);
    CHECK_EQ(state_save(rt, "a", "k", "1", 1), -1);
    CHECK_EQ(state_persist_open(NULL, "state", 0), MK_EINVAL);
    CHECK_EQ(state_persist_open(rt, NULL, 0), MK_EINVAL);
    CHECK_EQ(state_persist_open(rt, "", 0), MK_EINVAL);
    CHECK_EQ(state_persist_open(rt, "state", 2), MK_EINVAL);
    sim_fail_port_at(1, false);
    CHECK_EQ(state_persist_open(rt, "state", 0), MK_EIO);
    CHECK_EQ(state_persist_save(rt, "a", "k", "1", 1), MK_ESTATE);
    state_persist_init(rt, NULL);
    CHECK_EQ(state_persist_open(rt, "state", 0), MK_OK);
    CHECK_EQ(state_persist_open(rt, "state", 0), MK_OK);
    CHECK_EQ(state_persist_open(rt, "state", STATE_IMPORT_OLD), MK_EEXIST);
    CHECK_EQ(state_persist_open(rt, "elsewhere", 0), MK_EEXIST);
    close_state(rt);
}

static char lines[1000];

static bool keep_line(const char *line, size_t size, void *ctx) {
    (void)ctx;
    size_t used = strlen(lines);
    if (used + size >= sizeof lines) return false;
    memcpy(lines + used, line, size);
    lines[used + size] = '\0';
    return true;
}

TEST(state_that_is_damaged_or_taken_over_is_logged) {
    runtime_t *rt = open_state(STATE_IMPORT_OLD);
    lines[0] = '\0';
    CHECK(log_add_sink(rt, keep_line, NULL, LOG_LINE_TEXT) > 0);
    CHECK_EQ(log_enable(rt), MK_OK);
    CHECK_EQ(sim_file_put("state/@counter/total.state", "raw", 3), MK_OK);
    CHECK_EQ(sim_file_put("state/counter/old", "raw", 3), MK_OK);
    CHECK_EQ(state_persist_load(rt, "counter", "total", buf, sizeof buf, NULL),
             MK_EBADMSG);
    CHECK_EQ(state_load(rt, "counter", "old", buf, sizeof buf), 3);
    CHECK_EQ(state_save(rt, "counter", NULL, "1", 1), -1);
    log_flush(rt);
    CHECK(strstr(lines, "saved state cannot be used") != NULL);
    CHECK(strstr(lines, "no file of saved state") != NULL);
    CHECK(strstr(lines, "saved state of the earlier layout taken over") != NULL);
    CHECK(strstr(lines, "state not saved") != NULL);
    CHECK(strstr(lines, "invalid argument") != NULL);
    close_state(rt);
}

TEST(state_of_two_runtimes_may_share_a_folder) {
    runtime_t *rt = open_state(0);
    runtime_t *other = runtime_init(2, 16);
    CHECK_EQ(state_persist_open(other, "state", 0), MK_OK);
    CHECK_EQ(state_persist_save(rt, "one", "key", "1", 1), MK_OK);
    CHECK_EQ(state_persist_save(other, "two", "key", "2", 1), MK_OK);
    CHECK_EQ(state_persist_load(other, "one", "key", buf, sizeof buf, NULL), 1);
    CHECK_EQ(buf[0], '1');
    runtime_destroy(other);
    close_state(rt);
}

static void live_without_memory(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 16);
    if (rt == NULL) return;
    int result = state_persist_open(rt, "state", 0);
    CHECK(result == MK_OK || result == MK_ENOMEM);
    if (result == MK_OK) {
        result = state_persist_save(rt, "a", "k", "1", 1);
        CHECK(result == MK_OK || result == MK_ENOMEM);
        result = state_persist_load(rt, "a", "k", buf, sizeof buf, NULL);
        CHECK(result == 1 || result == MK_ENOMEM || result == MK_ENOENT);
        result = state_persist_list(rt, "a", buf, sizeof buf, NULL);
        CHECK(result == 0 || result == 1 || result == MK_ENOMEM);
    }
    runtime_destroy(rt);
    sim_reset(1);
}

TEST(state_without_memory_fails_cleanly) {
    sim_reset(1);
    test_each_alloc_failure(live_without_memory, NULL);
    sim_reset(1);
}

TEST_TABLE(state_persist, TEST_ROW(state_survives_a_restart),
           TEST_ROW(state_under_the_earlier_names_answers_as_before),
           TEST_ROW(state_that_does_not_fit_is_not_cut),
           TEST_ROW(state_keys_are_listed),
           TEST_ROW(state_belongs_to_the_first_name_of_the_running_actor),
           TEST_ROW(state_belongs_to_the_path_of_an_actor_without_a_flat_name),
           TEST_ROW(state_of_nobody_is_refused),
           TEST_ROW(state_calls_say_what_is_wrong),
           TEST_ROW(state_wants_to_be_opened_once),
           TEST_ROW(state_that_is_damaged_or_taken_over_is_logged),
           TEST_ROW(state_of_two_runtimes_may_share_a_folder),
           TEST_ROW(state_without_memory_fails_cleanly))
