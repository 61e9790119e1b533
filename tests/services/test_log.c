/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/log.h"

#include "microkernel/message_ids.h"
#include "microkernel/names.h"
#include "services_support.h"
#include "support/test.h"

/* A sink that keeps what it takes and can be closed. */
typedef struct {
    bool is_closed;  /* takes nothing */
    int lines;       /* taken */
    int refused;     /* while closed */
    size_t size;     /* of text */
    char text[4096]; /* what was taken; older lines go when it is full */
} sink_t;

static bool take_line(const char *line, size_t size, void *ctx) {
    sink_t *sink = ctx;
    CHECK_EQ(line[size - 1], '\n');
    if (sink->is_closed) {
        sink->refused++;
        return false;
    }
    if (sink->size + size >= sizeof sink->text) sink->size = 0;
    memcpy(sink->text + sink->size, line, size);
    sink->size += size;
    sink->text[sink->size] = '\0';
    sink->lines++;
    return true;
}

static sink_t sink;

/* A world with logging to `sink` only. */
static runtime_t *open_log(log_format_t format) {
    runtime_t *rt = open_runtime();
    memset(&sink, 0, sizeof sink);
    CHECK_EQ(log_set_debug_output(rt, false, LOG_LINE_TEXT), MK_OK);
    CHECK(log_add_sink(rt, take_line, &sink, format) > 0);
    CHECK_EQ(log_enable(rt), MK_OK);
    return rt;
}

static const char *take_text(void) {
    sink.size = 0;
    return sink.text;
}

static void clear_sink(void) {
    sink.size = 0;
    sink.text[0] = '\0';
}

static void sleep_ms(runtime_t *rt, uint64_t ms) {
    sim_advance(ms * 1000000u);
    run_steps(rt, 10);
}

TEST(log_is_silent_until_it_is_enabled) {
    runtime_t *rt = open_runtime();
    actor_log(rt, LOG_ERROR, "lost");
    CHECK(!log_is_enabled(rt));
    CHECK_EQ(log_event(rt, LOG_ERROR, "lost", NULL, 0), MK_ESTATE);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 0);
    CHECK_EQ(log_get_actor_id(rt), ACTOR_ID_INVALID);
    actor_log(NULL, LOG_ERROR, "no runtime");
    runtime_enable_logging(NULL);
    CHECK_EQ(log_enable(NULL), MK_EINVAL);
    CHECK_EQ(log_get_level(rt), LOG_INFO);
    CHECK_EQ(log_counts(rt).queued, 0);
    log_flush(rt);
    close_runtime(rt);
}

TEST(log_lines_reach_the_sink_by_the_log_actor) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 1);
    runtime_enable_logging(rt);
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 1);
    CHECK_EQ(actor_lookup(rt, "log"), log_get_actor_id(rt));
    sim_advance(1234567890);
    actor_log(rt, LOG_WARN, "n=%d %s", 5, "five");
    CHECK_EQ(sink.lines, 0); /* not in the call */
    CHECK(log_counts(rt).waiting_bytes > 0);
    runtime_step(rt);
    CHECK_STR(take_text(), "[1.234] [WARN] actor=0: n=5 five\n");
    CHECK_EQ(log_counts(rt).queued, 1);
    CHECK_EQ(log_counts(rt).written, 1);
    CHECK_EQ(log_counts(rt).waiting_bytes, 0);
    close_runtime(rt);
}

static bool say_payload(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    actor_log(rt, (int)msg->type, "%s", (const char *)msg->payload);
    return true;
}

static void say(runtime_t *rt, actor_id_t id, int level, const char *text) {
    CHECK(actor_send(rt, id, (msg_type_t)level, text, strlen(text) + 1));
}

TEST(log_lines_carry_the_actor_that_said_them) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    actor_id_t a = actor_spawn(rt, say_payload, NULL, NULL, 8);
    say(rt, a, LOG_INFO, "I am here");
    run_steps(rt, 2);
    CHECK_EQ(a, 4294967298u);
    CHECK_STR(take_text(), "[0.000] [INFO] actor=4294967298: I am here\n");
    close_runtime(rt);
}

TEST(log_drops_lines_below_the_level) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    CHECK_EQ(log_event(rt, LOG_DEBUG, "hidden", NULL, 0), MK_EAGAIN);
    CHECK_EQ(log_event(rt, LOG_INFO, "shown", NULL, 0), MK_OK);
    runtime_set_log_level(rt, LOG_ERROR);
    CHECK_EQ(log_get_level(rt), LOG_ERROR);
    CHECK_EQ(log_event(rt, LOG_WARN, "hidden", NULL, 0), MK_EAGAIN);
    CHECK_EQ(log_event(rt, LOG_ERROR, "shown too", NULL, 0), MK_OK);
    runtime_set_log_level(rt, -5);
    CHECK_EQ(log_get_level(rt), LOG_DEBUG);
    runtime_set_log_level(rt, 99);
    CHECK_EQ(log_get_level(rt), LOG_ERROR);
    actor_log(rt, 99, "counts as error");
    runtime_step(rt);
    CHECK_EQ(sink.lines, 3);
    CHECK(strstr(sink.text, "hidden") == NULL);
    CHECK(strstr(sink.text, "[ERROR] actor=0: counts as error\n") != NULL);
    close_runtime(rt);
}

TEST(log_levels_of_single_actors_stand_above_the_common_one) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    actor_id_t loud = actor_spawn(rt, say_payload, NULL, NULL, 8);
    actor_id_t quiet = actor_spawn(rt, say_payload, NULL, NULL, 8);
    CHECK_EQ(log_set_actor_level(rt, loud, LOG_DEBUG), MK_OK);
    CHECK_EQ(log_set_actor_level(rt, quiet, LOG_ERROR), MK_OK);
    CHECK_EQ(log_get_actor_level(rt, loud), LOG_DEBUG);
    CHECK_EQ(log_get_actor_level(rt, 77), LOG_INFO);
    say(rt, loud, LOG_DEBUG, "loud debug");
    say(rt, quiet, LOG_WARN, "quiet warn");
    run_steps(rt, 3);
    CHECK_EQ(sink.lines, 1);
    CHECK(strstr(sink.text, "[DEBUG]") != NULL);
    CHECK_EQ(log_set_actor_level(rt, quiet, LOG_INHERIT), MK_OK);
    say(rt, quiet, LOG_WARN, "quiet warn");
    run_steps(rt, 2);
    CHECK_EQ(sink.lines, 2);
    CHECK_EQ(log_set_actor_level(rt, quiet, 4), MK_EINVAL);
    CHECK_EQ(log_set_actor_level(rt, quiet, -2), MK_EINVAL);
    end_actor(rt, quiet);
    CHECK_EQ(log_set_actor_level(rt, quiet, LOG_INFO), MK_EDEAD);
    CHECK_EQ(log_set_actor_level(NULL, loud, LOG_INFO), MK_EDEAD);
    close_runtime(rt);
}

TEST(log_texts_are_cut_at_255_bytes_between_characters) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    char text[300];
    memset(text, 'x', sizeof text);
    memcpy(text + 254, "\xc3\xa4", 2);
    text[299] = '\0';
    actor_log(rt, LOG_INFO, "%s", text);
    CHECK_EQ(log_event(rt, LOG_INFO, text, NULL, 0), MK_OK);
    runtime_step(rt);
    CHECK_EQ(sink.size, 2 * (strlen("[0.000] [INFO] actor=0: ") + 254 + 1));
    close_runtime(rt);
}

TEST(log_events_show_their_fields_in_text_and_json) {
    runtime_t *rt = open_log(LOG_LINE_JSON);
    actor_id_t a = spawn_idle(rt);
    CHECK(actor_register_name(rt, "web", a));
    const log_field_t fields[] = {log_text("path", "/x y"), log_unsigned("ms", 12)};
    CHECK_EQ(log_event_for(rt, a, LOG_INFO, "served", fields, 2), MK_OK);
    runtime_step(rt);
    CHECK_STR(take_text(),
              "{\"time_ms\":1767225600000,\"uptime_ms\":0,\"level\":\"info\","
              "\"actor\":\"4294967298\",\"name\":\"web\",\"text\":\"served\","
              "\"fields\":{\"path\":\"/x y\",\"ms\":12}}\n");
    const log_field_t bad = log_bool("a b", true);
    CHECK_EQ(log_event(rt, LOG_INFO, "x", &bad, 1), MK_EINVAL);
    CHECK_EQ(log_event(rt, LOG_INFO, NULL, NULL, 0), MK_EINVAL);
    CHECK_EQ(log_event(rt, 4, "x", NULL, 0), MK_EINVAL);
    CHECK_EQ(log_event(rt, -1, "x", NULL, 0), MK_EINVAL);
    CHECK_EQ(log_event(NULL, LOG_INFO, "x", NULL, 0), MK_EINVAL);
    close_runtime(rt);
}

TEST(log_over_an_actors_rate_is_suppressed_and_the_count_reported) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    CHECK_EQ(log_set_rate(rt, 3, 1), MK_OK);
    actor_id_t noisy = actor_spawn(rt, say_payload, NULL, NULL, 64);
    actor_id_t other = actor_spawn(rt, say_payload, NULL, NULL, 64);
    for (int i = 0; i < 10; i++)
        say(rt, noisy, LOG_INFO, "noise");
    say(rt, other, LOG_INFO, "other");
    run_steps(rt, 30);
    CHECK_EQ(sink.lines, 3 + 1); /* the other is not held up */
    CHECK_EQ(log_counts(rt).suppressed, 7);
    clear_sink();
    sim_advance(500 * 1000000u);
    say(rt, noisy, LOG_INFO, "too early");
    run_steps(rt, 5);
    CHECK_STR(sink.text, "");
    sim_advance(499 * 1000000u);
    run_steps(rt, 5);
    CHECK_STR(sink.text, "");
    sleep_ms(rt, 1); /* the timer reports even when nobody says anything */
    CHECK_STR(take_text(),
              "[1.000] [WARN] actor=4294967298: suppressed 8 lines over the "
              "rate limit\n");
    clear_sink();
    sleep_ms(rt, 5000);
    CHECK_STR(sink.text, ""); /* once */
    close_runtime(rt);
}

TEST(log_reports_suppressed_lines_before_the_next_one_of_the_actor) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    CHECK_EQ(log_set_rate(rt, 1, 10), MK_OK);
    CHECK_EQ(log_event(rt, LOG_INFO, "one", NULL, 0), MK_OK);
    CHECK_EQ(log_event(rt, LOG_INFO, "two", NULL, 0), MK_ELIMIT);
    sim_advance(100 * 1000000u);
    CHECK_EQ(log_event(rt, LOG_INFO, "three", NULL, 0), MK_OK);
    run_steps(rt, 5);
    CHECK_STR(take_text(), "[0.000] [INFO] actor=0: one\n"
                           "[0.100] [WARN] actor=0: suppressed 1 line over the rate "
                           "limit\n[0.100] [INFO] actor=0: three\n");
    CHECK_EQ(log_set_rate(rt, 0, 1), MK_EINVAL);
    CHECK_EQ(log_set_rate(rt, 1, 0), MK_EINVAL);
    CHECK_EQ(log_set_rate(NULL, 1, 1), MK_EINVAL);
    CHECK_EQ(log_set_rate(rt, 0, 0), MK_OK);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(log_event(rt, LOG_INFO, "free", NULL, 0), MK_OK);
    close_runtime(rt);
}

TEST(log_reports_suppressed_lines_of_an_actor_that_ended) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    CHECK_EQ(log_set_rate(rt, 1, 1), MK_OK);
    actor_id_t a = actor_spawn(rt, say_payload, NULL, NULL, 8);
    say(rt, a, LOG_INFO, "last");
    say(rt, a, LOG_INFO, "words");
    run_steps(rt, 4);
    end_actor(rt, a);
    run_steps(rt, 2);
    CHECK(strstr(sink.text, "actor=4294967298: suppressed 1 line over") != NULL);
    close_runtime(rt);
}

TEST(log_queue_is_bounded_and_says_what_it_lost) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    CHECK_EQ(log_set_rate(rt, 0, 0), MK_OK);
    int queued = 0;
    int lost = 0;
    for (int i = 0; i < MK_LOG_QUEUE_BYTES / 40; i++) {
        int result =
            log_event(rt, LOG_INFO, "a line of some length, to fill it", NULL, 0);
        CHECK(result == MK_OK || result == MK_EFULL);
        if (result == MK_OK) {
            CHECK_EQ(lost, 0);
            queued++;
        } else {
            lost++;
        }
    }
    CHECK(lost > 0);
    CHECK_EQ(log_counts(rt).queue_full, lost);
    CHECK(log_counts(rt).waiting_bytes <= MK_LOG_QUEUE_BYTES);
    run_steps(rt, queued / 64 + 2);
    CHECK_EQ(sink.lines, queued + 1);
    const char *report = strstr(sink.text, "[WARN] actor=0: lost ");
    CHECK(report != NULL);
    CHECK(strstr(report, " log lines: queue full\n") != NULL);
    CHECK_EQ(log_event(rt, LOG_INFO, "again", NULL, 0), MK_OK);
    close_runtime(rt);
}

TEST(log_gives_other_actors_their_turn_while_it_empties_the_queue) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    CHECK_EQ(log_set_rate(rt, 0, 0), MK_OK);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(log_event(rt, LOG_INFO, "x", NULL, 0), MK_OK);
    runtime_step(rt);
    CHECK_EQ(sink.lines, 64);
    runtime_step(rt);
    CHECK_EQ(sink.lines, 100);
    close_runtime(rt);
}

TEST(log_sink_that_is_busy_loses_lines_alone_and_hears_of_it) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    sink_t other = {.is_closed = true};
    int number = log_add_sink(rt, take_line, &other, LOG_LINE_TEXT);
    CHECK(number > 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(log_event(rt, LOG_INFO, "line", NULL, 0), MK_OK);
    runtime_step(rt);
    CHECK_EQ(sink.lines, 3);
    CHECK_EQ(other.lines, 0);
    CHECK_EQ(log_counts(rt).sink_busy, 3);
    other.is_closed = false;
    CHECK_EQ(log_event(rt, LOG_INFO, "next", NULL, 0), MK_OK);
    runtime_step(rt);
    CHECK_STR(other.text, "[0.000] [WARN] actor=0: lost 3 log lines: sink busy\n"
                          "[0.000] [INFO] actor=0: next\n");
    CHECK(strstr(sink.text, "lost") == NULL);
    CHECK_EQ(log_remove_sink(rt, number), MK_OK);
    CHECK_EQ(log_remove_sink(rt, number), MK_ENOENT);
    CHECK_EQ(log_remove_sink(rt, 0), MK_ENOENT);
    CHECK_EQ(log_event(rt, LOG_INFO, "alone", NULL, 0), MK_OK);
    runtime_step(rt);
    CHECK(strstr(other.text, "alone") == NULL);
    CHECK(strstr(sink.text, "alone") != NULL);
    close_runtime(rt);
}

TEST(log_sink_that_stays_silent_is_told_a_second_later) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    sink.is_closed = true;
    CHECK_EQ(log_event(rt, LOG_INFO, "lost", NULL, 0), MK_OK);
    runtime_step(rt);
    CHECK_EQ(sink.refused, 1);
    sink.is_closed = false;
    sleep_ms(rt, 1000);
    CHECK_STR(take_text(), "[1.000] [WARN] actor=0: lost 1 log line: sink busy\n");
    close_runtime(rt);
}

TEST(log_sink_that_never_takes_a_line_does_not_keep_the_program_running) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    sink.is_closed = true;
    CHECK_EQ(log_event(rt, LOG_INFO, "lost", NULL, 0), MK_OK);
    runtime_run(rt); /* returns */
    CHECK(sink.refused > 1);
    CHECK(sink.refused < 50);
    CHECK(sim_now_ns() < UINT64_C(60) * 1000000000u);
    close_runtime(rt);
}

TEST(log_goes_to_the_debug_output_unless_told_otherwise) {
    runtime_t *rt = open_runtime();
    runtime_enable_logging(rt);
    actor_log(rt, LOG_INFO, "to stderr");
    runtime_step(rt);
    CHECK_STR(sim_debug_shown(NULL), "[0.000] [INFO] actor=0: to stderr\n");
    sim_debug_clear();
    CHECK_EQ(log_set_debug_output(rt, true, LOG_LINE_JSON), MK_OK);
    actor_log(rt, LOG_INFO, "json");
    runtime_step(rt);
    CHECK_MEM(sim_debug_shown(NULL), "{\"time_ms\":", 11);
    sim_debug_clear();
    CHECK_EQ(log_set_debug_output(rt, false, LOG_LINE_TEXT), MK_OK);
    actor_log(rt, LOG_INFO, "nowhere");
    runtime_step(rt);
    CHECK_STR(sim_debug_shown(NULL), "");
    CHECK_EQ(log_set_debug_output(rt, true, (log_format_t)7), MK_EINVAL);
    CHECK_EQ(log_set_debug_output(NULL, true, LOG_LINE_TEXT), MK_EINVAL);
    close_runtime(rt);
}

TEST(log_lines_never_run_into_each_other_on_a_slow_debug_output) {
    runtime_t *rt = open_runtime();
    runtime_enable_logging(rt);
    sim_debug_set_room(10);
    actor_log(rt, LOG_INFO, "one");
    actor_log(rt, LOG_INFO, "two");
    actor_log(rt, LOG_INFO, "three");
    runtime_step(rt);
    CHECK_STR(sim_debug_shown(NULL), "[0.000] [I");
    sim_debug_set_room(12);
    sleep_ms(rt, 1000);
    CHECK_STR(sim_debug_shown(NULL), "[0.000] [INFO] actor=0");
    sim_debug_set_room(SIZE_MAX);
    actor_log(rt, LOG_INFO, "four");
    run_steps(rt, 3);
    CHECK_STR(sim_debug_shown(NULL),
              "[0.000] [INFO] actor=0: one\n"
              "[1.000] [WARN] actor=0: lost 2 log lines: sink busy\n"
              "[1.000] [INFO] actor=0: four\n");
    close_runtime(rt);
}

TEST(log_writes_the_rest_of_a_line_when_the_runtime_ends) {
    runtime_t *rt = open_runtime();
    runtime_enable_logging(rt);
    sim_debug_set_room(10);
    actor_log(rt, LOG_INFO, "one");
    runtime_step(rt);
    actor_log(rt, LOG_INFO, "two");
    sim_debug_set_room(SIZE_MAX);
    runtime_destroy(rt);
    CHECK_STR(sim_debug_shown(NULL),
              "[0.000] [INFO] actor=0: one\n[0.000] [INFO] actor=0: two\n");
    sim_reset(1);
}

typedef struct {
    runtime_t *rt;
    int self;
    int results[3];
    int lines;
} selfish_t;

static bool meddle(const char *line, size_t size, void *ctx) {
    (void)line;
    (void)size;
    selfish_t *selfish = ctx;
    selfish->lines++;
    actor_log(selfish->rt, LOG_ERROR, "from inside");
    selfish->results[0] = log_event(selfish->rt, LOG_ERROR, "inside", NULL, 0);
    selfish->results[1] = log_add_sink(selfish->rt, meddle, NULL, LOG_LINE_TEXT);
    selfish->results[2] = log_remove_sink(selfish->rt, selfish->self);
    log_flush(selfish->rt);
    return true;
}

TEST(log_sink_may_remove_itself_and_nothing_else) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    selfish_t selfish = {.rt = rt};
    selfish.self = log_add_sink(rt, meddle, &selfish, LOG_LINE_JSON);
    CHECK(selfish.self > 0);
    sink_t last = {0};
    CHECK(log_add_sink(rt, take_line, &last, LOG_LINE_TEXT) > selfish.self);
    CHECK_EQ(log_event(rt, LOG_INFO, "one", NULL, 0), MK_OK);
    CHECK_EQ(log_event(rt, LOG_INFO, "two", NULL, 0), MK_OK);
    run_steps(rt, 3);
    CHECK_EQ(selfish.lines, 1);
    CHECK_EQ(selfish.results[0], MK_EBUSY);
    CHECK_EQ(selfish.results[1], MK_EBUSY);
    CHECK_EQ(selfish.results[2], MK_OK);
    CHECK_EQ(last.lines, 2);
    CHECK_EQ(sink.lines, 2);
    CHECK_EQ(log_add_sink(rt, NULL, NULL, LOG_LINE_TEXT), MK_EINVAL);
    CHECK_EQ(log_add_sink(rt, meddle, NULL, (log_format_t)2), MK_EINVAL);
    CHECK_EQ(log_add_sink(NULL, meddle, NULL, LOG_LINE_TEXT), MK_EINVAL);
    close_runtime(rt);
}

TEST(log_hands_out_what_waits_when_flushed_and_when_the_runtime_ends) {
    runtime_t *rt = open_log(LOG_LINE_JSON);
    CHECK_EQ(log_event(rt, LOG_INFO, "one", NULL, 0), MK_OK);
    log_flush(rt);
    CHECK_EQ(sink.lines, 1);
    CHECK_EQ(log_set_rate(rt, 1, 1), MK_OK);
    CHECK_EQ(log_event(rt, LOG_INFO, "over", NULL, 0), MK_ELIMIT);
    CHECK_EQ(log_set_rate(rt, 0, 0), MK_OK);
    CHECK_EQ(log_event(rt, LOG_INFO, "two", NULL, 0), MK_OK);
    clear_sink();
    close_runtime(rt);
    CHECK(strstr(sink.text, "\"text\":\"two\"") != NULL);
    CHECK(strstr(sink.text, "suppressed 1 line") != NULL);
}

TEST(log_actor_that_was_stopped_is_replaced_by_the_next_line) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    actor_id_t first = log_get_actor_id(rt);
    CHECK_EQ(log_event(rt, LOG_INFO, "before", NULL, 0), MK_OK);
    end_actor(rt, first);
    CHECK_EQ(log_event(rt, LOG_INFO, "after", NULL, 0), MK_OK);
    CHECK(log_get_actor_id(rt) != first);
    CHECK(actor_is_alive(rt, log_get_actor_id(rt)));
    run_steps(rt, 3);
    CHECK(strstr(sink.text, "before") != NULL);
    CHECK(strstr(sink.text, "after") != NULL);
    CHECK(actor_shutdown(rt, log_get_actor_id(rt)));
    CHECK_EQ(log_event(rt, LOG_INFO, "last", NULL, 0), MK_OK);
    run_steps(rt, 3);
    CHECK(strstr(sink.text, "last") != NULL);
    close_runtime(rt);
}

TEST(log_takes_lines_as_messages_and_checks_them) {
    runtime_t *rt = open_log(LOG_LINE_TEXT);
    actor_id_t log = log_get_actor_id(rt);
    log_payload_t payload;
    memset(&payload, 'x', sizeof payload); /* a text without end */
    payload.level = LOG_WARN;
    payload.source = 5;
    CHECK(actor_send(rt, log, MSG_LOG, &payload, sizeof payload));
    payload.text[3] = '\0';
    CHECK(actor_send(rt, log, MSG_LOG, &payload, sizeof payload - 1));
    run_steps(rt, 4);
    CHECK_EQ(sink.lines, 0);
    CHECK(actor_send(rt, log, MSG_LOG, &payload, sizeof payload));
    payload.level = 1000;
    CHECK(actor_send(rt, log, MSG_LOG, &payload, sizeof payload));
    payload.level = LOG_DEBUG;
    CHECK(actor_send(rt, log, MSG_LOG, &payload, sizeof payload));
    run_steps(rt, 5);
    CHECK_STR(take_text(),
              "[0.000] [WARN] actor=5: xxx\n[0.000] [ERROR] actor=5: xxx\n");
    CHECK_EQ(sizeof payload.text, 256);
    close_runtime(rt);
}

static void enable_with_faults(void *arg) {
    (void)arg;
    runtime_t *rt = runtime_init(1, 16);
    if (rt == NULL) return;
    memset(&sink, 0, sizeof sink);
    int number = log_add_sink(rt, take_line, &sink, LOG_LINE_JSON);
    CHECK(number > 0 || number == MK_ENOMEM);
    int enabled = log_enable(rt);
    CHECK(enabled == MK_OK || enabled == MK_ENOMEM || enabled == MK_EFULL);
    CHECK_EQ(log_is_enabled(rt), enabled == MK_OK);
    int logged = log_event(rt, LOG_INFO, "line", NULL, 0);
    CHECK_EQ(logged, enabled == MK_OK ? MK_OK : MK_ESTATE);
    actor_id_t a = spawn_idle(rt);
    if (a != ACTOR_ID_INVALID && enabled == MK_OK)
        CHECK_EQ(log_event_for(rt, a, LOG_INFO, "line", NULL, 0), MK_OK);
    run_steps(rt, 4);
    log_flush(rt);
    if (number > 0 && enabled == MK_OK) CHECK(sink.lines >= 1);
    runtime_destroy(rt);
}

TEST(log_goes_on_when_memory_is_short) {
    sim_reset(1);
    test_each_alloc_failure(enable_with_faults, NULL);
    sim_reset(1);
}

TEST_TABLE(log, TEST_ROW(log_is_silent_until_it_is_enabled),
           TEST_ROW(log_lines_reach_the_sink_by_the_log_actor),
           TEST_ROW(log_lines_carry_the_actor_that_said_them),
           TEST_ROW(log_drops_lines_below_the_level),
           TEST_ROW(log_levels_of_single_actors_stand_above_the_common_one),
           TEST_ROW(log_texts_are_cut_at_255_bytes_between_characters),
           TEST_ROW(log_events_show_their_fields_in_text_and_json),
           TEST_ROW(log_over_an_actors_rate_is_suppressed_and_the_count_reported),
           TEST_ROW(log_reports_suppressed_lines_before_the_next_one_of_the_actor),
           TEST_ROW(log_reports_suppressed_lines_of_an_actor_that_ended),
           TEST_ROW(log_queue_is_bounded_and_says_what_it_lost),
           TEST_ROW(log_gives_other_actors_their_turn_while_it_empties_the_queue),
           TEST_ROW(log_sink_that_is_busy_loses_lines_alone_and_hears_of_it),
           TEST_ROW(log_sink_that_stays_silent_is_told_a_second_later),
           TEST_ROW(log_sink_that_never_takes_a_line_does_not_keep_the_program_running),
           TEST_ROW(log_goes_to_the_debug_output_unless_told_otherwise),
           TEST_ROW(log_lines_never_run_into_each_other_on_a_slow_debug_output),
           TEST_ROW(log_writes_the_rest_of_a_line_when_the_runtime_ends),
           TEST_ROW(log_sink_may_remove_itself_and_nothing_else),
           TEST_ROW(log_hands_out_what_waits_when_flushed_and_when_the_runtime_ends),
           TEST_ROW(log_actor_that_was_stopped_is_replaced_by_the_next_line),
           TEST_ROW(log_takes_lines_as_messages_and_checks_them),
           TEST_ROW(log_goes_on_when_memory_is_short))
