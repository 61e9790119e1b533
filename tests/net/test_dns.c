/* SPDX-License-Identifier: Apache-2.0 */
/* Names: cached as long as they hold, asked for once at a time, never from within. */
#include "net/dns.h"

#include "net/net_stage.h"
#include "sim/sim.h"

typedef struct {
    dns_query_t query; /* first */
    unsigned answers;
    int code;
    size_t count;
    uint32_t ttl_s;
    port_address_t first;
    char why[64];
    dns_query_t *drops; /* cancelled when this one is told */
    bool asks_again;    /* once, from within the answer */
} asker_t;

static void on_answer(dns_query_t *query, runtime_t *rt, const port_answer_t *answer) {
    asker_t *asker = MK_CONTAINER_OF(query, asker_t, query);
    asker->answers++;
    asker->code = answer->code;
    asker->count = answer->count;
    asker->ttl_s = answer->ttl_s;
    if (answer->count > 0) asker->first = answer->addresses[0];
    strncpy(asker->why, answer->text, sizeof asker->why - 1);
    if (asker->drops != NULL) dns_cancel(rt, asker->drops);
    if (!asker->asks_again) return;
    asker->asks_again = false;
    CHECK_EQ(dns_ask(rt, query, text_of("again.test"), PORT_FAMILY_INET), MK_OK);
}

static int ask(stage_t *stage, asker_t *asker, const char *name, uint8_t family) {
    asker->query.on_answer = on_answer;
    int result = dns_ask(stage->rt, &asker->query, text_of(name), family);
    return result;
}

static void open_world(stage_t *stage) {
    sim_reset(1);
    CHECK(stage_open(stage));
}

static void close_world(stage_t *stage) {
    stage_close(stage);
    sim_reset(1);
}

static void pass(stage_t *stage, unsigned ms) {
    (void)stage_run(stage, NULL, NULL, ms);
}

static void set_host(const char *name, uint32_t ttl_s, uint64_t delay_ms) {
    port_address_t address = address_loopback(0);
    address.bytes[3] = 7;
    CHECK_EQ(sim_dns_set(name, PORT_FAMILY_INET, MK_OK, &address, 1, ttl_s,
                         delay_ms * 1000000),
             MK_OK);
}

TEST(a_name_is_answered_later_and_remembered) {
    stage_t stage;
    open_world(&stage);
    set_host("host.test", 10, 20);
    asker_t asker = {.answers = 0};
    CHECK_EQ(ask(&stage, &asker, "host.test", PORT_FAMILY_INET), MK_OK);
    CHECK_EQ(asker.answers, 0);
    pass(&stage, 10);
    CHECK_EQ(asker.answers, 0);
    pass(&stage, 20);
    CHECK_EQ(asker.answers, 1);
    CHECK_EQ(asker.code, MK_OK);
    CHECK_EQ(asker.count, 1);
    CHECK_EQ(asker.first.bytes[3], 7);
    CHECK_EQ(ask(&stage, &asker, "HOST.Test.", PORT_FAMILY_INET), MK_OK);
    CHECK_EQ(asker.answers, 1); /* also what is known comes later */
    pass(&stage, 2);
    CHECK_EQ(asker.answers, 2);
    CHECK_EQ(sim_dns_questions(), 1);
    close_world(&stage);
}

TEST(an_answer_holds_for_its_time_and_no_longer) {
    stage_t stage;
    open_world(&stage);
    set_host("host.test", 2, 0);
    asker_t asker = {.answers = 0};
    for (unsigned i = 1; i <= 3; i++) {
        CHECK_EQ(ask(&stage, &asker, "host.test", PORT_FAMILY_INET), MK_OK);
        pass(&stage, 900);
        CHECK_EQ(asker.answers, i);
    }
    CHECK_EQ(sim_dns_questions(), 1);
    CHECK_EQ(ask(&stage, &asker, "host.test", PORT_FAMILY_INET), MK_OK);
    pass(&stage, 5);
    CHECK_EQ(sim_dns_questions(), 2);
    set_host("fleeting.test", 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(ask(&stage, &asker, "fleeting.test", PORT_FAMILY_INET), MK_OK);
        pass(&stage, 5);
    }
    CHECK_EQ(sim_dns_questions(), 4);
    close_world(&stage);
}

TEST(a_missing_name_is_believed_briefly) {
    stage_t stage;
    open_world(&stage);
    asker_t asker = {.answers = 0};
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(ask(&stage, &asker, "none.test", PORT_FAMILY_INET), MK_OK);
        pass(&stage, 5);
        CHECK_EQ(asker.code, MK_ENOENT);
        CHECK_STR(asker.why, "no such host");
    }
    CHECK_EQ(sim_dns_questions(), 1);
    pass(&stage, MK_DNS_NEGATIVE_S * 1000);
    CHECK_EQ(ask(&stage, &asker, "none.test", PORT_FAMILY_INET), MK_OK);
    pass(&stage, 5);
    CHECK_EQ(sim_dns_questions(), 2);
    close_world(&stage);
}

TEST(other_failures_are_not_remembered) {
    stage_t stage;
    open_world(&stage);
    CHECK_EQ(sim_dns_set("bad.test", PORT_FAMILY_INET, MK_EREFUSED, NULL, 0, 0, 0),
             MK_OK);
    asker_t asker = {.answers = 0};
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(ask(&stage, &asker, "bad.test", PORT_FAMILY_INET), MK_OK);
        pass(&stage, 5);
        CHECK_EQ(asker.code, MK_EREFUSED);
    }
    CHECK_EQ(sim_dns_questions(), 2);
    close_world(&stage);
}

TEST(silence_ends_in_time_and_keeps_nobody_waiting) {
    stage_t stage;
    open_world(&stage);
    CHECK_EQ(sim_dns_set("mute.test", PORT_FAMILY_INET, MK_EAGAIN, NULL, 0, 0, 0),
             MK_OK);
    asker_t asker = {.answers = 0};
    CHECK_EQ(ask(&stage, &asker, "mute.test", PORT_FAMILY_INET), MK_OK);
    pass(&stage, 5000);
    CHECK_EQ(asker.answers, 0);
    CHECK(stage.ticks >= 4990);
    pass(&stage, 2000);
    CHECK_EQ(asker.answers, 1);
    CHECK_EQ(asker.code, MK_ETIMEOUT);
    close_world(&stage);
}

TEST(a_name_is_asked_for_once_at_a_time) {
    stage_t stage;
    open_world(&stage);
    set_host("host.test", 10, 50);
    asker_t askers[5];
    memset(askers, 0, sizeof askers);
    for (size_t i = 0; i < 5; i++)
        CHECK_EQ(ask(&stage, &askers[i], "host.test", PORT_FAMILY_INET), MK_OK);
    askers[1].drops = &askers[3].query; /* told, it drops another that waits */
    dns_cancel(stage.rt, &askers[0].query);
    pass(&stage, 100);
    CHECK_EQ(askers[0].answers, 0);
    CHECK_EQ(askers[1].answers, 1);
    CHECK_EQ(askers[2].answers, 1);
    CHECK_EQ(askers[3].answers, 0);
    CHECK_EQ(askers[4].answers, 1);
    CHECK_EQ(sim_dns_questions(), 1);
    dns_cancel(stage.rt, &askers[4].query);
    dns_cancel(stage.rt, &(dns_query_t){.on_answer = NULL});
    close_world(&stage);
}

TEST(an_asker_asks_again_from_within_its_answer) {
    stage_t stage;
    open_world(&stage);
    set_host("host.test", 10, 0);
    asker_t asker = {.asks_again = true};
    CHECK_EQ(ask(&stage, &asker, "host.test", PORT_FAMILY_INET), MK_OK);
    pass(&stage, 10);
    CHECK_EQ(asker.answers, 2);
    CHECK_EQ(asker.code, MK_ENOENT);
    close_world(&stage);
}

TEST(localhost_needs_no_server) {
    stage_t stage;
    open_world(&stage);
    asker_t asker = {.answers = 0};
    CHECK_EQ(ask(&stage, &asker, "LocalHost", PORT_FAMILY_INET), MK_OK);
    pass(&stage, 3);
    CHECK(address_is_loopback(&asker.first));
    CHECK_EQ(ask(&stage, &asker, "a.localhost.", PORT_FAMILY_INET6), MK_OK);
    pass(&stage, 3);
    CHECK_EQ(asker.answers, 2);
    CHECK(address_is_loopback(&asker.first));
    CHECK_EQ(asker.first.family, PORT_FAMILY_INET6);
    CHECK_EQ(sim_dns_questions(), 0);
    close_world(&stage);
}

TEST(what_is_no_host_name_is_refused) {
    static const char *const names[] = {"",    ".",   "a..b", ".a",       "a b",
                                        "a/b", "a:b", "a\nb", "\xc3\xa4", "a@b"};
    stage_t stage;
    open_world(&stage);
    asker_t asker = {.answers = 0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_EQ(ask(&stage, &asker, names[i], PORT_FAMILY_INET), MK_EINVAL);
    char label[66];
    memset(label, 'a', sizeof label);
    label[64] = '\0';
    CHECK_EQ(ask(&stage, &asker, label, PORT_FAMILY_INET), MK_EINVAL);
    label[63] = '\0';
    asker_t longest = {.answers = 0};
    CHECK_EQ(ask(&stage, &longest, label, PORT_FAMILY_INET), MK_OK);
    char name[256];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 == 0 ? 'a' : '.';
    name[255] = '\0';
    CHECK_EQ(ask(&stage, &asker, name, PORT_FAMILY_INET), MK_EINVAL);
    pass(&stage, 5);
    close_world(&stage);
}

TEST(more_answers_than_fit_are_cut) {
    stage_t stage;
    open_world(&stage);
    static port_address_t many[100];
    for (size_t i = 0; i < 100; i++)
        many[i] = address_loopback(0);
    CHECK_EQ(sim_dns_set("many.test", PORT_FAMILY_INET, MK_OK, many, 100, 5, 0), MK_OK);
    asker_t asker = {.answers = 0};
    CHECK_EQ(ask(&stage, &asker, "many.test", PORT_FAMILY_INET), MK_OK);
    pass(&stage, 5);
    CHECK_EQ(asker.count, MK_DNS_ADDRESSES_MAX);
    close_world(&stage);
}

static void number_name(char *name, unsigned number) {
    memcpy(name, "n0000.test", 11);
    for (unsigned i = 4; i > 0; i--, number /= 10)
        name[i] = (char)('0' + number % 10);
}

TEST(the_cache_and_the_questions_are_bounded) {
    stage_t stage;
    open_world(&stage);
    static asker_t askers[MK_DNS_PENDING_MAX + 1];
    memset(askers, 0, sizeof askers);
    char name[16];
    for (unsigned i = 0; i < MK_DNS_PENDING_MAX; i++) {
        number_name(name, i);
        CHECK_EQ(ask(&stage, &askers[i], name, PORT_FAMILY_INET), MK_OK);
    }
    number_name(name, MK_DNS_PENDING_MAX);
    asker_t *last = &askers[MK_DNS_PENDING_MAX];
    CHECK_EQ(ask(&stage, last, name, PORT_FAMILY_INET), MK_EFULL);
    CHECK_EQ(ask(&stage, last, "n0000.test", PORT_FAMILY_INET), MK_OK);
    pass(&stage, 1000);
    for (unsigned i = 0; i <= MK_DNS_PENDING_MAX; i++)
        CHECK_EQ(askers[i].answers, 1);
    size_t before = test_live_blocks();
    for (unsigned i = 1000; i < 1000 + 2 * MK_DNS_CACHE_MAX; i++) {
        number_name(name, i);
        CHECK_EQ(ask(&stage, last, name, PORT_FAMILY_INET), MK_OK);
        pass(&stage, 3);
    }
    CHECK(test_live_blocks() <= before + 8);
    close_world(&stage);
}

TEST(other_servers_cancel_what_is_under_way) {
    stage_t stage;
    open_world(&stage);
    set_host("host.test", 10, 500);
    asker_t asker = {.answers = 0};
    CHECK_EQ(ask(&stage, &asker, "host.test", PORT_FAMILY_INET), MK_OK);
    pass(&stage, 10);
    port_resolver_options_t options = {.timeout_ms = 100, .tries = 1, .servers = "x"};
    CHECK_EQ(dns_configure(stage.rt, &options), MK_OK);
    CHECK_EQ(dns_configure(stage.rt, &options), MK_OK);
    pass(&stage, 10);
    CHECK_EQ(asker.answers, 1);
    CHECK_EQ(asker.code, MK_ECANCELED);
    CHECK_EQ(sim_dns_set("mute.test", PORT_FAMILY_INET, MK_EAGAIN, NULL, 0, 0, 0),
             MK_OK);
    CHECK_EQ(ask(&stage, &asker, "mute.test", PORT_FAMILY_INET), MK_OK);
    pass(&stage, 110);
    CHECK_EQ(asker.code, MK_ETIMEOUT);
    close_world(&stage);
}

TEST(a_runtime_ends_with_questions_under_way) {
    stage_t stage;
    open_world(&stage);
    set_host("host.test", 10, 500);
    asker_t asker = {.answers = 0};
    CHECK_EQ(ask(&stage, &asker, "host.test", PORT_FAMILY_INET), MK_OK);
    stage_close(&stage);
    dns_cancel(NULL, &asker.query);
    CHECK_EQ(asker.answers, 0);
    sim_reset(1);
}

static void ask_twice(void *unused) {
    (void)unused;
    stage_t stage;
    sim_reset(1);
    if (stage_open(&stage)) {
        asker_t askers[2];
        memset(askers, 0, sizeof askers);
        int first = ask(&stage, &askers[0], "none.test", PORT_FAMILY_INET);
        int second = ask(&stage, &askers[1], "none.test", PORT_FAMILY_INET);
        (void)stage_run(&stage, NULL, NULL, 10);
        CHECK_EQ(askers[0].answers, first == MK_OK ? 1 : 0);
        CHECK_EQ(askers[1].answers, second == MK_OK ? 1 : 0);
        stage_close(&stage);
    }
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(ask_twice, NULL);
}

TEST_TABLE(dns, TEST_ROW(a_name_is_answered_later_and_remembered),
           TEST_ROW(an_answer_holds_for_its_time_and_no_longer),
           TEST_ROW(a_missing_name_is_believed_briefly),
           TEST_ROW(other_failures_are_not_remembered),
           TEST_ROW(silence_ends_in_time_and_keeps_nobody_waiting),
           TEST_ROW(a_name_is_asked_for_once_at_a_time),
           TEST_ROW(an_asker_asks_again_from_within_its_answer),
           TEST_ROW(localhost_needs_no_server),
           TEST_ROW(what_is_no_host_name_is_refused),
           TEST_ROW(more_answers_than_fit_are_cut),
           TEST_ROW(the_cache_and_the_questions_are_bounded),
           TEST_ROW(other_servers_cancel_what_is_under_way),
           TEST_ROW(a_runtime_ends_with_questions_under_way),
           TEST_ROW(every_allocation_may_fail))
