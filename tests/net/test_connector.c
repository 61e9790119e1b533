/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting: both families raced as RFC 8305 says, one outcome, in time. */
#include "net/connector.h"

#include "net/net_stage.h"
#include "sim/sim.h"

#define MS(n) (UINT64_C(1000000) * (n))

typedef struct {
    stage_t stage;
    connector_t *connector;
    unsigned answers;
    int result; /* MK_OK: connected */
    port_address_t peer;
    uint64_t at_ms; /* of the answer */
    char text[400];
} attempt_of_t;

static void on_done(void *owner, runtime_t *rt, int handle, const char *text) {
    attempt_of_t *it = owner;
    it->answers++;
    it->connector = NULL;
    it->at_ms = runtime_now_ms(rt);
    it->result = handle < 0 ? handle : MK_OK;
    strncpy(it->text, text, sizeof it->text - 1);
    if (handle < 0) return;
    CHECK_EQ(port_socket_peer(handle, &it->peer), MK_OK);
    port_socket_close(handle);
}

static void begin(attempt_of_t *it) {
    memset(it, 0, sizeof *it);
    sim_reset(1);
    CHECK(stage_open(&it->stage));
}

static void finish(attempt_of_t *it) {
    connector_cancel(it->stage.rt, it->connector);
    stage_close(&it->stage);
    sim_reset(1);
}

static bool is_answered(void *arg) {
    return ((attempt_of_t *)arg)->answers > 0;
}

/* Connect to `host` and wait for the outcome. */
static void go(attempt_of_t *it, const char *host, uint32_t timeout_ms) {
    connector_spec_t spec = {.host = host,
                             .port = 80,
                             .timeout_ms = timeout_ms,
                             .on_done = on_done,
                             .owner = it};
    CHECK_EQ(connector_start(it->stage.rt, &spec, &it->connector), MK_OK);
    CHECK_EQ(it->answers, 0);
    CHECK(stage_run(&it->stage, is_answered, it, 60000));
    (void)stage_run(&it->stage, NULL, NULL, 1000); /* no second outcome */
    CHECK_EQ(it->answers, 1);
    CHECK(it->stage.ticks + 5 >= sim_now_ns() / MS(1)); /* the loop has gone on */
}

static port_address_t inet(uint8_t last) {
    return (port_address_t){.family = PORT_FAMILY_INET, .bytes = {10, 0, 0, last}};
}

static port_address_t inet6(uint8_t last) {
    return (port_address_t){.family = PORT_FAMILY_INET6,
                            .bytes = {[0] = 0xfd, [15] = last}};
}

static void say(uint8_t family, size_t count, uint64_t delay_ms) {
    port_address_t addresses[MK_DNS_ADDRESSES_MAX];
    for (size_t i = 0; i < count; i++)
        addresses[i] = family == PORT_FAMILY_INET ? inet((uint8_t)(i + 1))
                                                  : inet6((uint8_t)(i + 1));
    CHECK_EQ(sim_dns_set("host.test", family, count > 0 ? MK_OK : MK_ENOENT, addresses,
                         count, 60, MS(delay_ms)),
             MK_OK);
}

static void route(port_address_t to, sim_route_t how, uint64_t delay_ms) {
    CHECK_EQ(sim_net_set_route(&to, how, MS(delay_ms)), MK_OK);
}

static int listen_everywhere(void) {
    port_address_t at = address_any(80);
    int handle = port_socket_listen(&at, 8);
    CHECK(handle >= 0);
    return handle;
}

/* What came of it: family and last byte of the address, and when. */
static void check_won(const attempt_of_t *it, uint8_t family, uint8_t last,
                      uint64_t at_ms) {
    CHECK_EQ(it->result, MK_OK);
    CHECK_EQ(it->peer.family, family);
    CHECK_EQ(it->peer.bytes[family == PORT_FAMILY_INET ? 3 : 15], last);
    CHECK_EQ(it->peer.port, 80);
    CHECK(it->at_ms >= at_ms && it->at_ms <= at_ms + 4);
}

TEST(a_numeric_address_asks_nobody) {
    static const char *const hosts[] = {"10.0.0.9", "fd00::9", "[fd00::9]"};
    for (size_t i = 0; i < 3; i++) {
        attempt_of_t it;
        begin(&it);
        (void)listen_everywhere();
        go(&it, hosts[i], 0);
        check_won(&it, i == 0 ? PORT_FAMILY_INET : PORT_FAMILY_INET6, 9, 0);
        CHECK_EQ(sim_dns_questions(), 0);
        CHECK_STR(it.text, "");
        finish(&it);
    }
}

TEST(ipv6_goes_first_when_both_answer) {
    attempt_of_t it;
    begin(&it);
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 1, 10);
    say(PORT_FAMILY_INET, 1, 10);
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET6, 1, 10);
    CHECK_EQ(sim_net_connects(), 1);
    finish(&it);
}

TEST(ipv4_waits_50_ms_for_ipv6) {
    attempt_of_t it;
    begin(&it);
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 1, 40);
    say(PORT_FAMILY_INET, 1, 0);
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET6, 1, 40);
    finish(&it);
    begin(&it);
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 1, 1000);
    say(PORT_FAMILY_INET, 1, 0);
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET, 1, 50);
    finish(&it);
}

TEST(ipv4_does_not_wait_for_a_no) {
    attempt_of_t it;
    begin(&it);
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 0, 5);
    say(PORT_FAMILY_INET, 1, 0);
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET, 1, 5);
    finish(&it);
}

TEST(a_black_hole_costs_250_ms) {
    attempt_of_t it;
    begin(&it);
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 1, 0);
    say(PORT_FAMILY_INET, 1, 0);
    route(inet6(1), SIM_ROUTE_HOLE, 0);
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET, 1, 250);
    CHECK_EQ(sim_net_connects(), 2);
    CHECK_EQ(sim_handle_count(), 1); /* the listener: no loser */
    finish(&it);
}

TEST(a_refusal_costs_nothing) {
    attempt_of_t it;
    begin(&it);
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 2, 0);
    say(PORT_FAMILY_INET, 2, 0);
    route(inet6(1), SIM_ROUTE_REFUSE, 0);
    route(inet(1), SIM_ROUTE_UNREACHED, 7);
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET6, 2, 7);
    CHECK_EQ(sim_net_connects(), 3);
    finish(&it);
}

TEST(the_families_take_turns) {
    attempt_of_t it;
    begin(&it);
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 3, 0);
    say(PORT_FAMILY_INET, 3, 0);
    for (uint8_t i = 1; i <= 2; i++) {
        route(inet6(i), SIM_ROUTE_HOLE, 0);
        route(inet(i), SIM_ROUTE_HOLE, 0);
    }
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET6, 3, 1000);
    finish(&it);
}

TEST(a_slow_first_may_still_win) {
    attempt_of_t it;
    begin(&it);
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 1, 0);
    say(PORT_FAMILY_INET, 1, 0);
    route(inet6(1), SIM_ROUTE_OPEN, 400);
    route(inet(1), SIM_ROUTE_OPEN, 5000);
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET6, 1, 400);
    finish(&it);
}

TEST(a_late_answer_joins_the_race) {
    attempt_of_t it;
    begin(&it);
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 1, 600);
    say(PORT_FAMILY_INET, 1, 0);
    route(inet(1), SIM_ROUTE_HOLE, 0);
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET6, 1, 600);
    finish(&it);
    begin(&it); /* all that was known is refused before the rest is known */
    (void)listen_everywhere();
    say(PORT_FAMILY_INET6, 1, 600);
    say(PORT_FAMILY_INET, 1, 0);
    route(inet(1), SIM_ROUTE_REFUSE, 0);
    go(&it, "host.test", 0);
    check_won(&it, PORT_FAMILY_INET6, 1, 600);
    finish(&it);
}

TEST(each_failure_says_what_failed) {
    static const struct {
        const char *host;
        int dns;
        sim_route_t how;
        int result;
        const char *text;
    } rows[] = {
        {"host.test", MK_ENOENT, 0, MK_ENOENT,
         "cannot look up host.test: no such host"},
        {"host.test", MK_EREFUSED, 0, MK_EREFUSED, "cannot look up host.test: refused"},
        {"host.test", MK_EAGAIN, 0, MK_ETIMEOUT,
         "cannot look up host.test: no answer from the name servers"},
        {"a b", MK_OK, 0, MK_EINVAL, "cannot look up a b: not a host name"},
        {"10.0.0.1", MK_OK, SIM_ROUTE_REFUSE, MK_EREFUSED,
         "cannot connect to 10.0.0.1:80: refused"},
        {"fd00::1", MK_OK, SIM_ROUTE_UNREACHED, MK_EUNREACH,
         "cannot connect to [fd00::1]:80: cannot be reached"},
        {"10.0.0.1", MK_OK, SIM_ROUTE_HOLE, MK_ETIMEOUT,
         "cannot connect to 10.0.0.1:80: timed out"},
        {"localhost", MK_OK, 0, MK_EREFUSED, "cannot connect to localhost:80: refused"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        attempt_of_t it;
        begin(&it);
        if (rows[i].dns != MK_OK) {
            for (uint8_t family = 4; family <= 6; family += 2)
                CHECK_EQ(sim_dns_set("host.test", family, rows[i].dns, NULL, 0, 0, 0),
                         MK_OK);
        }
        route(inet(1), rows[i].how, 0);
        route(inet6(1), rows[i].how, 0);
        go(&it, rows[i].host, 10000);
        CHECK_EQ(it.result, rows[i].result);
        CHECK_STR(it.text, rows[i].text);
        CHECK_EQ(sim_handle_count(), 0);
        finish(&it);
    }
}

TEST(the_whole_is_bounded) {
    attempt_of_t it;
    begin(&it);
    say(PORT_FAMILY_INET6, MK_DNS_ADDRESSES_MAX, 0);
    say(PORT_FAMILY_INET, MK_DNS_ADDRESSES_MAX, 100);
    for (uint8_t i = 1; i <= MK_DNS_ADDRESSES_MAX; i++) {
        route(inet6(i), SIM_ROUTE_HOLE, 0);
        route(inet(i), SIM_ROUTE_HOLE, 0);
    }
    go(&it, "host.test", 0);
    CHECK_EQ(it.result, MK_ETIMEOUT);
    CHECK(it.at_ms >= MK_CONNECT_TIMEOUT_MS && it.at_ms <= MK_CONNECT_TIMEOUT_MS + 2);
    CHECK_EQ(sim_net_connects(), 2 * MK_DNS_ADDRESSES_MAX);
    CHECK_EQ(sim_handle_count(), 0);
    finish(&it);
}

TEST(out_of_descriptors_is_said) {
    attempt_of_t it;
    begin(&it);
    sim_net_set_descriptors(0);
    go(&it, "10.0.0.1", 0);
    CHECK_EQ(it.result, MK_ENOMEM);
    CHECK_STR(it.text, "cannot connect to 10.0.0.1:80: out of memory or descriptors");
    finish(&it);
}

TEST(it_is_given_up_in_every_state) {
    for (unsigned ms = 0; ms < 700; ms += 10) {
        attempt_of_t it;
        begin(&it);
        say(PORT_FAMILY_INET6, 2, 300);
        say(PORT_FAMILY_INET, 2, 20);
        for (uint8_t i = 1; i <= 2; i++) {
            route(inet6(i), SIM_ROUTE_HOLE, 0);
            route(inet(i), SIM_ROUTE_HOLE, 0);
        }
        connector_spec_t spec = {
            .host = "host.test", .port = 80, .on_done = on_done, .owner = &it};
        CHECK_EQ(connector_start(it.stage.rt, &spec, &it.connector), MK_OK);
        (void)stage_run(&it.stage, NULL, NULL, ms);
        connector_cancel(it.stage.rt, it.connector);
        it.connector = NULL;
        CHECK_EQ(sim_handle_count(), 0);
        (void)stage_run(&it.stage, NULL, NULL, 1000);
        CHECK_EQ(it.answers, 0);
        finish(&it);
    }
}

TEST(unix_sockets_are_connected_too) {
    attempt_of_t it;
    begin(&it);
    CHECK(port_socket_listen_unix("/s", 0600, 4) >= 0);
    connector_spec_t spec = {.unix_path = "/s", .on_done = on_done, .owner = &it};
    CHECK_EQ(connector_start(it.stage.rt, &spec, &it.connector), MK_OK);
    CHECK(stage_run(&it.stage, is_answered, &it, 100));
    CHECK_EQ(it.result, MK_OK);
    it.answers = 0;
    spec.unix_path = "/none";
    CHECK_EQ(connector_start(it.stage.rt, &spec, &it.connector), MK_OK);
    CHECK(stage_run(&it.stage, is_answered, &it, 100));
    CHECK_EQ(it.result, MK_ENOENT);
    CHECK_STR(it.text, "cannot connect to /none: not found");
    finish(&it);
}

TEST(what_cannot_be_a_peer_is_refused_at_once) {
    attempt_of_t it;
    begin(&it);
    char host[300];
    memset(host, 'a', sizeof host);
    host[254] = '\0';
    const connector_spec_t specs[] = {
        {.host = "", .port = 80},     {.host = "x", .port = 0},
        {.host = NULL, .port = 80},   {.host = host, .port = 80},
        {.unix_path = "", .port = 0}, {.unix_path = host, .port = 0}};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        CHECK_EQ(connector_start(it.stage.rt, &specs[i], &it.connector), MK_EINVAL);
    CHECK(it.connector == NULL);
    finish(&it);
}

static void connect_once(void *unused) {
    (void)unused;
    attempt_of_t it;
    memset(&it, 0, sizeof it);
    sim_reset(1);
    port_address_t v4 = inet(1);
    port_address_t at = address_any(80);
    bool is_set =
        sim_dns_set("host.test", PORT_FAMILY_INET, MK_OK, &v4, 1, 9, 0) == MK_OK;
    bool listens = port_socket_listen(&at, 4) >= 0;
    if (is_set && listens && stage_open(&it.stage)) {
        connector_spec_t spec = {
            .host = "host.test", .port = 80, .on_done = on_done, .owner = &it};
        if (connector_start(it.stage.rt, &spec, &it.connector) == MK_OK) {
            CHECK(stage_run(&it.stage, is_answered, &it, 40000));
            CHECK_EQ(it.answers, 1);
        }
        stage_close(&it.stage);
    }
    sim_reset(1);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(connect_once, NULL);
}

/* Addresses of a family are tried in the order of RFC 6724. */
TEST(connector_tries_what_is_nearer_first) {
    static attempt_of_t it;
    const port_address_t far = {.family = PORT_FAMILY_INET6,
                                .bytes = {0x20, 1, 9, [15] = 1}};
    const port_address_t near = {.family = PORT_FAMILY_INET6,
                                 .bytes = {0x20, 1, 7, [15] = 2}};
    const port_address_t from = {.family = PORT_FAMILY_INET6,
                                 .bytes = {0x20, 1, 7, [15] = 9}};
    begin(&it);
    port_address_t both[2] = {far, near};
    CHECK_EQ(sim_dns_set("host.test", PORT_FAMILY_INET6, MK_OK, both, 2, 60, 0), MK_OK);
    sim_net_set_source(&from, true);
    for (int i = 0; i < 2; i++) {
        both[i].port = 80;
        CHECK_EQ(sim_net_set_route(&both[i], SIM_ROUTE_REFUSE, 0), MK_OK);
    }
    int listener = port_socket_listen(&both[1], 1);
    CHECK(listener >= 0);
    CHECK_EQ(sim_net_set_route(&both[1], SIM_ROUTE_OPEN, 0), MK_OK);
    go(&it, "host.test", 0);
    CHECK_EQ(it.result, MK_OK);
    CHECK(address_equals(&it.peer, &both[1]));
    CHECK_EQ(sim_net_connects(), 1); /* the far one was not asked */
    port_socket_close_listener(listener);
    finish(&it);
}

/* Without a way for IPv6 nobody waits for it. */
TEST(connector_begins_with_the_family_there_is_a_way_for) {
    static attempt_of_t it;
    const port_address_t nowhere = {.family = PORT_FAMILY_INET6};
    begin(&it);
    sim_net_set_source(&nowhere, false);
    say(PORT_FAMILY_INET6, 2, 0);
    say(PORT_FAMILY_INET, 1, 0);
    port_address_t at = inet(1);
    at.port = 80;
    int listener = port_socket_listen(&at, 1);
    CHECK(listener >= 0);
    go(&it, "host.test", 0);
    CHECK_EQ(it.result, MK_OK);
    CHECK(address_equals(&it.peer, &at));
    port_socket_close_listener(listener);
    finish(&it);
}

TEST_TABLE(connector, TEST_ROW(a_numeric_address_asks_nobody),
           TEST_ROW(ipv6_goes_first_when_both_answer),
           TEST_ROW(ipv4_waits_50_ms_for_ipv6), TEST_ROW(ipv4_does_not_wait_for_a_no),
           TEST_ROW(a_black_hole_costs_250_ms), TEST_ROW(a_refusal_costs_nothing),
           TEST_ROW(the_families_take_turns), TEST_ROW(a_slow_first_may_still_win),
           TEST_ROW(a_late_answer_joins_the_race),
           TEST_ROW(each_failure_says_what_failed), TEST_ROW(the_whole_is_bounded),
           TEST_ROW(out_of_descriptors_is_said),
           TEST_ROW(it_is_given_up_in_every_state),
           TEST_ROW(unix_sockets_are_connected_too),
           TEST_ROW(what_cannot_be_a_peer_is_refused_at_once),
           TEST_ROW(every_allocation_may_fail),
           TEST_ROW(connector_tries_what_is_nearer_first),
           TEST_ROW(connector_begins_with_the_family_there_is_a_way_for))
