/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/crash.h"

#include "base/alloc.h"
#include "microkernel/log.h"
#include "microkernel/names.h"
#include "services/crash_line.h"
#include "services_support.h"
#include "support/test.h"

static const char path[] = "crash.log";

static runtime_t *open_crash(void) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(crash_enable(rt), MK_OK);
    return rt;
}

/* Spawn an actor, crash it with `text`, and let it be cleaned up. */
static actor_id_t crash_one(runtime_t *rt, const char *text) {
    actor_id_t id = spawn_idle(rt);
    CHECK(id != ACTOR_ID_INVALID);
    CHECK(actor_send(rt, id, MSG_TEST_CRASH, text, strlen(text) + 1));
    for (int i = 0; i < 20 && actor_is_alive(rt, id); i++)
        runtime_step(rt);
    CHECK(!actor_is_alive(rt, id));
    return id;
}

/* Run until nothing is left to do: writes are done. */
static void settle(runtime_t *rt) {
    runtime_run(rt);
}

static crash_record_t list[MK_CRASH_RECORDS];

TEST(crash_is_recorded_with_what_is_known_about_it) {
    runtime_t *rt = open_crash();
    sim_set_wall_ms(1800000000000u);
    actor_id_t parent = spawn_idle(rt);
    actor_options_t options = {.parent = parent};
    actor_id_t id = actor_spawn_with(rt, idle_behave, NULL, NULL, &options);
    CHECK(actor_register_name(rt, "worker", id));
    CHECK(actor_register_name(rt, "other name", id));
    CHECK(actor_send(rt, id, 77, NULL, 0));
    CHECK(actor_send(rt, id, MSG_TEST_CRASH, "division by zero", 17));
    run_steps(rt, 4);
    CHECK_EQ(crash_list(rt, NULL, 0), 1);
    CHECK_EQ(crash_list(rt, list, MK_CRASH_RECORDS), 1);
    CHECK_EQ(list[0].number, 1);
    CHECK_EQ(list[0].start, 1);
    CHECK(!list[0].is_earlier);
    CHECK_EQ(list[0].time_ms, 1800000000000u);
    CHECK_EQ(list[0].id, id);
    CHECK_EQ(list[0].parent, parent);
    CHECK_EQ(list[0].reason, EXIT_CRASHED);
    CHECK_EQ(list[0].last_type, MSG_TEST_CRASH);
    CHECK_EQ(list[0].handled, 2);
    CHECK_STR(list[0].names, "worker, other name");
    CHECK_STR(list[0].text, "division by zero");
    close_runtime(rt);
}

static bool exit_with_type(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    actor_exit(rt, (uint8_t)msg->type, NULL);
    return true;
}

TEST(crash_record_has_faults_and_no_orders) {
    runtime_t *rt = open_crash();
    static const uint8_t reasons[] = {EXIT_NORMAL,    EXIT_KILLED,    EXIT_CRASHED,
                                      EXIT_TRAPPED,   EXIT_NO_MEMORY, EXIT_QUOTA,
                                      EXIT_NODE_LOST, EXIT_SHUTDOWN};
    for (size_t i = 0; i < sizeof reasons; i++) {
        actor_id_t id = actor_spawn(rt, exit_with_type, NULL, NULL, 2);
        CHECK(actor_send(rt, id, reasons[i], NULL, 0));
        run_steps(rt, 2);
    }
    end_actor(rt, spawn_idle(rt)); /* actor_stop */
    CHECK_EQ(crash_list(rt, list, MK_CRASH_RECORDS), 5);
    static const uint8_t recorded[] = {EXIT_CRASHED, EXIT_TRAPPED, EXIT_NO_MEMORY,
                                       EXIT_QUOTA, EXIT_NODE_LOST};
    for (size_t i = 0; i < sizeof recorded; i++)
        CHECK_EQ(list[i].reason, recorded[i]);
    CHECK_EQ(crash_facts(rt).total, runtime_counters(rt).crashed);
    close_runtime(rt);
}

TEST(crash_record_is_off_until_enabled) {
    runtime_t *rt = open_runtime();
    crash_one(rt, "unseen");
    CHECK_EQ(crash_list(rt, NULL, 0), 0);
    CHECK_EQ(crash_facts(rt).total, 0);
    crash_clear(rt);
    CHECK_EQ(crash_enable(rt), MK_OK);
    CHECK_EQ(crash_enable(rt), MK_OK);
    CHECK_EQ(crash_enable(NULL), MK_EINVAL);
    CHECK_EQ(crash_list(NULL, NULL, 0), 0);
    crash_one(rt, "seen");
    CHECK_EQ(crash_list(rt, NULL, 0), 1);
    close_runtime(rt);
}

TEST(crash_record_keeps_the_newest) {
    runtime_t *rt = open_crash();
    char text[] = "crash 00";
    for (int i = 0; i < MK_CRASH_RECORDS + 10; i++) {
        text[6] = (char)('0' + i / 10);
        text[7] = (char)('0' + i % 10);
        crash_one(rt, text);
    }
    CHECK_EQ(crash_list(rt, list, MK_CRASH_RECORDS), MK_CRASH_RECORDS);
    CHECK_EQ(list[0].number, 11);
    CHECK_STR(list[0].text, "crash 10");
    CHECK_EQ(list[MK_CRASH_RECORDS - 1].number, MK_CRASH_RECORDS + 10);
    CHECK_EQ(crash_list(rt, list, 2), 2); /* the newest two, older first */
    CHECK_EQ(list[1].number, MK_CRASH_RECORDS + 10);
    CHECK_EQ(list[0].number, MK_CRASH_RECORDS + 9);
    CHECK_EQ(crash_facts(rt).total, MK_CRASH_RECORDS + 10);
    crash_clear(rt);
    CHECK_EQ(crash_list(rt, NULL, 0), 0);
    close_runtime(rt);
}

TEST(crash_records_survive_a_restart) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(crash_log_open(rt, path), 0);
    CHECK(actor_lookup(rt, "crash_log") != ACTOR_ID_INVALID);
    crash_one(rt, "first life");
    settle(rt);
    CHECK_EQ(crash_facts(rt).unwritten, 0);
    CHECK_EQ(crash_facts(rt).last_error, MK_OK);
    size_t size = 0;
    CHECK(sim_file_peek(path, &size) != NULL);
    CHECK_EQ(crash_facts(rt).file_bytes, size);
    runtime_destroy(rt);

    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 1);
    CHECK_EQ(crash_log_open(rt, path), MK_EEXIST);
    crash_one(rt, "second life");
    CHECK_EQ(crash_list(rt, list, MK_CRASH_RECORDS), 2);
    CHECK_STR(list[0].text, "first life");
    CHECK(list[0].is_earlier);
    CHECK_EQ(list[0].start, 1);
    CHECK_STR(list[1].text, "second life");
    CHECK(!list[1].is_earlier);
    CHECK_EQ(list[1].start, 2);
    CHECK_EQ(list[1].number, 2);
    CHECK_EQ(crash_facts(rt).loaded, 1);
    CHECK_EQ(crash_facts(rt).damaged, 0);
    runtime_destroy(rt); /* writes what is waiting */

    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 2);
    close_runtime(rt);
}

TEST(crash_records_from_before_the_file_was_open_go_into_it) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(crash_log_open(rt, path), 0);
    crash_one(rt, "old");
    settle(rt);
    runtime_destroy(rt);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_enable(rt), MK_OK);
    crash_one(rt, "early");
    CHECK_EQ(crash_facts(rt).unwritten, 0); /* no file yet */
    CHECK_EQ(crash_log_open(rt, path), 1);
    CHECK_EQ(crash_facts(rt).unwritten, 1);
    settle(rt);
    CHECK_EQ(crash_facts(rt).unwritten, 0);
    CHECK_EQ(crash_list(rt, list, MK_CRASH_RECORDS), 2);
    CHECK_STR(list[0].text, "old");
    CHECK_STR(list[1].text, "early");
    CHECK_EQ(list[1].number, 2);
    CHECK_EQ(list[1].start, 2);
    runtime_destroy(rt);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 2);
    close_runtime(rt);
}

static bool keep_warning(const char *line, size_t size, void *ctx) {
    char *text = ctx;
    size_t used = strlen(text);
    if (used + size < 512) {
        memcpy(text + used, line, size);
        text[used + size] = '\0';
    }
    return true;
}

TEST(crash_file_damage_is_skipped_counted_reported_and_mended) {
    sim_reset(1);
    char content[3 * CRASH_LINE_MAX];
    size_t size = 0;
    for (uint64_t number = 1; number <= 3; number++) {
        crash_record_t record = {.number = number, .start = 1, .reason = EXIT_CRASHED};
        size += crash_line_write(&record, content + size);
    }
    content[size / 2] = '#'; /* in the second of three lines of one length */
    CHECK_EQ(sim_file_put(path, content, size - 5), MK_OK); /* and the third is torn */

    runtime_t *rt = runtime_init(1, 16);
    char warnings[512] = "";
    CHECK_EQ(log_set_debug_output(rt, false, LOG_LINE_TEXT), MK_OK);
    CHECK(log_add_sink(rt, keep_warning, warnings, LOG_LINE_TEXT) > 0);
    CHECK_EQ(log_enable(rt), MK_OK);
    CHECK_EQ(crash_log_open(rt, path), 1);
    CHECK_EQ(crash_facts(rt).damaged, 2);
    settle(rt);
    CHECK(strstr(warnings, "crash record has damaged lines, skipped file=crash.log "
                           "lines=2\n") != NULL);
    runtime_destroy(rt);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 1);
    CHECK_EQ(crash_facts(rt).damaged, 0);
    close_runtime(rt);
}

TEST(crash_file_of_another_program_is_no_danger) {
    sim_reset(1);
    CHECK_EQ(sim_file_put(path, "\0\xff\n\n\nnot ours", 14), MK_OK);
    runtime_t *rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 0);
    CHECK_EQ(crash_facts(rt).damaged, 4);
    runtime_destroy(rt);
    const size_t too_large = 2 * MK_CRASH_RECORDS * CRASH_LINE_MAX + 1;
    char *large = mk_alloc(too_large);
    CHECK(large != NULL);
    memset(large, 'x', too_large);
    CHECK_EQ(sim_file_put(path, large, too_large), MK_OK);
    mk_free(large);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), MK_ETOOBIG);
    CHECK(!crash_facts(rt).is_open);
    crash_one(rt, "still in memory");
    CHECK_EQ(crash_list(rt, NULL, 0), 1);
    runtime_destroy(rt);
    size_t size = 0;
    CHECK(sim_file_peek(path, &size) != NULL);
    CHECK_EQ(size, too_large); /* untouched */
    sim_reset(1);
}

TEST(crash_file_stays_bounded) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(crash_log_open(rt, path), 0);
    char text[MK_EXIT_TEXT_MAX];
    memset(text, ' ', sizeof text - 1); /* the widest in the file */
    text[sizeof text - 1] = '\0';
    size_t largest = 0;
    bool has_shrunk = false;
    for (int i = 0; i < 1000; i++) {
        size_t before = crash_facts(rt).file_bytes;
        crash_one(rt, text);
        settle(rt);
        size_t size = crash_facts(rt).file_bytes;
        if (size > largest) largest = size;
        if (size < before) has_shrunk = true;
        CHECK_EQ(crash_facts(rt).unwritten, 0);
    }
    CHECK(has_shrunk);
    CHECK(largest <= 2 * MK_CRASH_RECORDS * CRASH_LINE_MAX);
    runtime_destroy(rt);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), MK_CRASH_RECORDS);
    CHECK_EQ(crash_list(rt, list, MK_CRASH_RECORDS), MK_CRASH_RECORDS);
    CHECK_EQ(list[MK_CRASH_RECORDS - 1].number, 1000);
    close_runtime(rt);
}

TEST(crash_clear_empties_the_file_too) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(crash_log_open(rt, path), 0);
    crash_one(rt, "gone soon");
    settle(rt);
    crash_clear(rt);
    settle(rt);
    CHECK_EQ(crash_facts(rt).file_bytes, 0);
    crash_one(rt, "after");
    settle(rt);
    runtime_destroy(rt);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 1);
    CHECK_EQ(crash_list(rt, list, 1), 1);
    CHECK_STR(list[0].text, "after");
    close_runtime(rt);
}

TEST(crash_file_that_cannot_be_written_is_told_and_tried_again) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(crash_log_open(rt, path), 0);
    sim_disk_set_room(10);
    crash_one(rt, "no room");
    settle(rt);
    CHECK_EQ(crash_facts(rt).last_error, MK_EFULL);
    CHECK_EQ(crash_facts(rt).unwritten, 1);
    sim_disk_set_room(SIZE_MAX);
    crash_one(rt, "room again");
    settle(rt);
    CHECK_EQ(crash_facts(rt).last_error, MK_OK);
    CHECK_EQ(crash_facts(rt).unwritten, 0);
    runtime_destroy(rt);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 2);
    CHECK_EQ(crash_facts(rt).damaged, 0);
    close_runtime(rt);
}

TEST(crash_log_open_says_what_is_wrong) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(crash_log_open(rt, ""), MK_EINVAL);
    CHECK_EQ(crash_log_open(rt, NULL), MK_EINVAL);
    CHECK_EQ(crash_log_open(NULL, path), MK_EINVAL);
    sim_fail_port_at(1, false);
    CHECK_EQ(crash_log_open(rt, path), MK_EIO);
    CHECK(!crash_facts(rt).is_open);
    CHECK_EQ(crash_log_open(rt, path), 0);
    close_runtime(rt);
    sim_reset(1);
    rt = runtime_init(1, 1);
    spawn_idle(rt);
    CHECK_EQ(crash_log_open(rt, path), MK_EFULL);
    close_runtime(rt);
}

TEST(crash_records_are_written_at_the_end_when_their_actor_was_stopped) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(crash_log_open(rt, path), 0);
    actor_id_t writer = 0;
    CHECK_EQ(runtime_list_actors(rt, &writer, 1), 1);
    end_actor(rt, writer);
    crash_one(rt, "unwritten");
    settle(rt);
    CHECK_EQ(crash_facts(rt).unwritten, 1);
    runtime_destroy(rt);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 1);
    close_runtime(rt);
}

TEST(crash_write_that_never_began_is_made_up_for_at_the_end) {
    runtime_t *rt = open_runtime();
    CHECK_EQ(crash_log_open(rt, path), 0);
    actor_id_t id = spawn_idle(rt);
    CHECK(actor_send(rt, id, MSG_TEST_CRASH, "x", 2));
    /* The crash, and the crash actor's turn; the work itself waits for an idle loop. */
    for (int i = 0; i < 10 && sim_file_changes() == 0; i++)
        runtime_step(rt);
    runtime_destroy(rt);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 1);
    CHECK_EQ(crash_facts(rt).damaged, 0);
    close_runtime(rt);
}

/* Live a life of crashes and one clearing, with the power cut at the nth write; returns
 * whether the life was long enough for that. */
static bool live_until_cut(uint64_t seed, size_t cut_at) {
    static const char life[] = "ccccxcc"; /* c: crash, x: clear */
    sim_reset(seed);
    runtime_t *rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), 0);
    sim_power_cut_at(cut_at);
    int before = 0; /* records in the file before the last step, and after it */
    int after = 0;
    for (const char *step = life; *step != '\0' && !sim_power_is_off(); step++) {
        before = after;
        after = *step == 'x' ? 0 : after + 1;
        if (*step == 'x')
            crash_clear(rt);
        else
            crash_one(rt, after % 2 == 0 ? "even" : "a longer text of an odd crash");
        settle(rt);
    }
    bool was_cut = sim_power_is_off();
    runtime_destroy(rt); /* in the dark: nothing gets written any more */
    sim_power_cut_at(0);
    sim_power_on();

    rt = runtime_init(1, 16);
    int loaded = crash_log_open(rt, path);
    CHECK(loaded == after || (was_cut && loaded == before));
    CHECK(crash_facts(rt).damaged <= (was_cut ? 1u : 0u));
    size_t count = crash_list(rt, list, MK_CRASH_RECORDS);
    for (size_t i = 1; i < count; i++)
        CHECK_EQ(list[i].number, list[i - 1].number + 1);
    crash_one(rt, "after the cut");
    settle(rt);
    runtime_destroy(rt);
    rt = runtime_init(1, 16);
    CHECK_EQ(crash_log_open(rt, path), loaded + 1);
    CHECK_EQ(crash_facts(rt).damaged, 0);
    close_runtime(rt);
    return was_cut;
}

TEST(crash_file_survives_a_power_cut_at_every_write) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        size_t cut_at = 1;
        while (live_until_cut(seed, cut_at))
            cut_at++;
        CHECK(cut_at > 6);
    }
}

TEST(crash_file_is_written_by_threads_where_there_are_some) {
    sim_reset(1);
    if (!sim_set_threads(true)) test_skip("no threads here");
    runtime_t *rt = runtime_init(1, 64);
    CHECK_EQ(crash_log_open(rt, path), 0);
    for (int i = 0; i < 20; i++)
        crash_one(rt, "on a thread");
    settle(rt);
    CHECK_EQ(crash_facts(rt).unwritten, 0);
    crash_one(rt, "while the runtime ends");
    runtime_destroy(rt);
    rt = runtime_init(1, 64);
    CHECK_EQ(crash_log_open(rt, path), 21);
    CHECK_EQ(crash_facts(rt).damaged, 0);
    close_runtime(rt);
}

static void crash_with_faults(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 16);
    if (rt == NULL) return;
    int opened = crash_log_open(rt, path);
    CHECK(opened >= 0 || opened == MK_ENOMEM || opened == MK_EFULL);
    actor_id_t id = spawn_idle(rt);
    if (id != ACTOR_ID_INVALID && actor_send(rt, id, MSG_TEST_CRASH, "x", 2)) {
        run_steps(rt, 4);
        crash_facts_t facts = crash_facts(rt);
        size_t before = facts.loaded;
        /* Even the first crash without memory is recorded: a spare is kept for it. */
        if (opened >= 0) CHECK_EQ(facts.count - before, facts.total - facts.no_memory);
        if (opened >= 0) CHECK_EQ(facts.no_memory, 0);
    }
    runtime_run(rt);
    runtime_destroy(rt);
    sim_reset(1);
}

TEST(crash_is_recorded_also_when_memory_is_short) {
    sim_reset(1);
    test_each_alloc_failure(crash_with_faults, NULL);
    sim_reset(1);
}

TEST_TABLE(crash, TEST_ROW(crash_is_recorded_with_what_is_known_about_it),
           TEST_ROW(crash_record_has_faults_and_no_orders),
           TEST_ROW(crash_record_is_off_until_enabled),
           TEST_ROW(crash_record_keeps_the_newest),
           TEST_ROW(crash_records_survive_a_restart),
           TEST_ROW(crash_records_from_before_the_file_was_open_go_into_it),
           TEST_ROW(crash_file_damage_is_skipped_counted_reported_and_mended),
           TEST_ROW(crash_file_of_another_program_is_no_danger),
           TEST_ROW(crash_file_stays_bounded),
           TEST_ROW(crash_clear_empties_the_file_too),
           TEST_ROW(crash_file_that_cannot_be_written_is_told_and_tried_again),
           TEST_ROW(crash_log_open_says_what_is_wrong),
           TEST_ROW(crash_records_are_written_at_the_end_when_their_actor_was_stopped),
           TEST_ROW(crash_write_that_never_began_is_made_up_for_at_the_end),
           TEST_ROW(crash_file_survives_a_power_cut_at_every_write),
           TEST_ROW(crash_file_is_written_by_threads_where_there_are_some),
           TEST_ROW(crash_is_recorded_also_when_memory_is_short))
