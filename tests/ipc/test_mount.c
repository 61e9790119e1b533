/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts over the simulated net: they work, they fail with a sentence, they come back,
 * they end. */
#include "ipc/mount_stage.h"

#include "microkernel/names.h"
#include "microkernel/paths.h"

static asker_t asker, other;

/* --- they work --- */

TEST(mount_makes_peers_over_tcp) {
    open_nodes(2);
    listen_at(1, 4200);
    check_logged(1, "no cluster key: only this machine can mount it");
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
    CHECK_EQ(asker.done.node, 2);
    CHECK_STR(asker.done.identity, "n2");
    CHECK_STR(asker.done.target, "127.0.0.1:4200");
    CHECK_STR(asker.done.text, "");
    CHECK(come_up(0, 1, 100));
    CHECK(!peer_link(peers_find(nodes.rt[0], 2))->is_trusted);
    check_talk(0, 1);
    close_nodes();
}

TEST(mount_makes_peers_over_unix_sockets) {
    open_nodes(2);
    CHECK_EQ(nodes_listen(nodes.rt[1],
                          &(nodes_listen_options_t){.unix_path = "/run/n2.sock"}),
             0);
    CHECK_EQ(ask_for(&asker, 0, "unix:/run/n2.sock"), MK_OK);
    CHECK(come_up(0, 1, 100));
    CHECK(peer_link(peers_find(nodes.rt[0], 2))->is_trusted);
    check_talk(0, 1);
    close_nodes();
}

TEST(mount_large_mail_passes_once_they_are_up) {
    static uint8_t payload[100000];
    open_nodes(2);
    listen_at(1, 4200);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
    role_t role = {.act = NULL};
    actor_id_t id = cast(nodes.rt[1], &role);
    CHECK(actor_send(nodes.rt[0], id, 5, payload, sizeof payload));
    pass_nodes_ms(100);
    CHECK_EQ(role.count, 1);
    close_nodes();
}

TEST(mount_with_the_same_key_is_tls) {
    open_nodes(2);
    use_key(0, 1);
    use_key(1, 1);
    CHECK(nodes_are_keyed(nodes.rt[0]));
    /* With a key it listens everywhere. */
    CHECK_EQ(nodes_listen(nodes.rt[1], NULL), 4200);
    check_logged(1, "TLS with the cluster key");
    port_address_t far;
    CHECK_EQ(address_parse(text_of("10.1.2.3"), 0, &far), MK_OK);
    CHECK_EQ(sim_dns_set("far.test", PORT_FAMILY_INET, MK_OK, &far, 1, 60, 0), MK_OK);
    CHECK_EQ(ask_for(&asker, 0, "far.test"), MK_OK);
    CHECK(come_up(0, 1, 100));
    CHECK(peer_link(peers_find(nodes.rt[0], 2))->is_trusted);
    CHECK(peer_link(peers_find(nodes.rt[1], 1))->is_trusted);
    check_talk(0, 1);
    close_nodes();
}

TEST(mount_byte_by_byte_and_with_hiccups) {
    for (int keyed = 0; keyed < 2; keyed++) {
        open_nodes(2);
        sim_net_set_random_parts(true);
        sim_net_set_read_max(7);
        sim_net_set_hiccups(300);
        sim_net_set_delay(2 * NS_PER_MS_OF_STAGE);
        if (keyed) use_key(0, 1);
        if (keyed) use_key(1, 1);
        listen_at(1, 4200);
        CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
        CHECK(come_up(0, 1, 1000));
        check_talk(0, 1);
        close_nodes();
    }
}

TEST(mount_three_nodes) {
    open_nodes(3);
    for (size_t i = 0; i < 3; i++)
        listen_at(i, (uint16_t)(4200 + i));
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1:4201"), MK_OK);
    CHECK_EQ(ask_for(&other, 1, "127.0.0.1:4202"), MK_OK);
    CHECK_EQ(ask_for(&other, 2, "127.0.0.1:4200"), MK_OK);
    CHECK(come_up(0, 1, 10) && come_up(1, 2, 10) && come_up(2, 0, 10));
    check_talk(0, 1);
    check_talk(1, 2);
    check_talk(2, 0);
    close_nodes();
}

TEST(mount_both_at_once_is_one_link) {
    for (uint64_t seed = 1; seed <= 50; seed++) {
        open_nodes_of_seed(2, seed);
        sim_net_set_random_parts(seed % 2);
        sim_net_set_delay(seed % 5 * NS_PER_MS_OF_STAGE / 2);
        listen_at(0, 4200);
        listen_at(1, 4201);
        asker = other = (asker_t){.dones = 0};
        ask(&asker, 0, "127.0.0.1:4201");
        if (seed % 3 == 0) pass_nodes_ms(seed % 7);
        ask(&other, 1, "127.0.0.1:4200");
        pass_nodes_ms(MOUNT_MS);
        CHECK_EQ(asker.dones, 1);
        CHECK_EQ(other.dones, 1);
        /* Who came late is told that it was mounted before. */
        CHECK(asker.done.status == MK_OK);
        CHECK(other.done.status == MK_OK || other.done.status == MK_EEXIST);
        CHECK(is_up(0, 1) && is_up(1, 0));
        CHECK(!has_logged(0, "node down"));
        node_info_t info = {0};
        CHECK(nodes_next(nodes.rt[0], &info));
        CHECK(!nodes_next(nodes.rt[0], &info));
        close_nodes();
    }
}

/* --- they fail, and say why --- */

static void check_fails(const char *target, int status, const char *words) {
    CHECK_EQ(ask_for(&asker, 0, target), status);
    check_text(asker.done.text, words);
    check_logged(0, "mount failed");
    node_info_t info = {0};
    while (nodes_next(nodes.rt[0], &info))
        CHECK_EQ(info.state, NODE_UP); /* it is not tried again */
}

TEST(mount_of_a_bad_target_is_refused_at_once) {
    static const char *const targets[] = {"",       "host:0",  "host:99999", "a b",
                                          "host:x", "unix:a",  "[::1",       "a/b",
                                          ":4200",  "http://a"};
    open_nodes(1);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        CHECK_EQ(nodes_mount(nodes.rt[0], targets[i], NULL), MK_EINVAL);
    CHECK_EQ(nodes_mount(nodes.rt[0], NULL, NULL), MK_EINVAL);
    runtime_t *bare = runtime_init(0, 4);
    CHECK_EQ(nodes_mount(bare, "127.0.0.1", NULL), MK_EINVAL);
    CHECK_EQ(nodes_listen(bare, NULL), MK_EINVAL);
    runtime_destroy(bare);
    close_nodes();
}

TEST(mount_each_failure_has_its_sentence) {
    open_nodes(3);
    check_fails("nowhere.test", MK_ENOENT, "nowhere.test");
    check_fails("127.0.0.1:4999", MK_EREFUSED, "127.0.0.1:4999: refused");
    check_fails("unix:/run/nobody", MK_ENOENT, "/run/nobody");
    listen_at(0, 4200);
    check_fails("127.0.0.1:4200", MK_EINVAL, "that is this node itself");
    listen_at(1, 4201);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1:4201"), MK_OK);
    check_fails("[::ffff:127.0.0.1]:4999", MK_EREFUSED, "refused");
    /* By another name. */
    CHECK_EQ(
        nodes_listen(nodes.rt[1], &(nodes_listen_options_t){.unix_path = "/run/n2"}),
        0);
    check_fails("unix:/run/n2", MK_EEXIST, "the nodes are mounted already");
    CHECK_EQ(nodes_mount(nodes.rt[0], "127.0.0.1:4201", NULL), MK_EEXIST);
    CHECK(is_up(0, 1) && is_up(1, 0));
    CHECK_EQ(node_set_identity(nodes.rt[2], "n2"), MK_OK);
    listen_at(2, 4202);
    check_fails("127.0.0.1:4202", MK_EEXIST, "the name of the node is taken");
    close_nodes();
}

TEST(mount_of_a_silent_host_takes_its_time_and_no_more) {
    open_nodes(1);
    port_address_t hole = address_loopback(4200);
    CHECK_EQ(sim_net_set_route(&hole, SIM_ROUTE_HOLE, 0), MK_OK);
    check_fails("127.0.0.1", MK_ETIMEOUT, "127.0.0.1:4200");
    /* Accepts, and says nothing. */
    port_address_t at = address_loopback(4201);
    int listener = port_socket_listen(&at, 5);
    CHECK(listener >= 0);
    check_fails("127.0.0.1:4201", MK_ETIMEOUT, "the hellos took too long");
    port_socket_close_listener(listener);
    close_nodes();
}

TEST(mount_without_a_key_stays_on_this_machine) {
    open_nodes(1);
    nodes_listen_options_t options = {.address = "0.0.0.0"};
    CHECK_EQ(nodes_listen(nodes.rt[0], &options), MK_EPERM);
    check_logged(0, "no cluster key: nodes are not let in at 0.0.0.0:4200");
    options.address = "10.0.0.1";
    CHECK_EQ(nodes_listen(nodes.rt[0], &options), MK_EPERM);
    options.address = "no address";
    CHECK_EQ(nodes_listen(nodes.rt[0], &options), MK_EINVAL);
    port_address_t at;
    CHECK_EQ(address_parse(text_of("10.1.2.3"), 4200, &at), MK_OK);
    int listener = port_socket_listen(&at, 5);
    CHECK(listener >= 0);
    check_fails("10.1.2.3", MK_EPERM,
                "without a cluster key only this machine can be mounted");
    int peer = port_socket_accept(listener, NULL);
    char byte;
    CHECK(peer >= 0);
    CHECK(port_socket_read(peer, &byte, 1) <= 0); /* not a byte of a hello */
    port_socket_close(peer);
    port_socket_close_listener(listener);
    close_nodes();
}

TEST(mount_with_another_key_or_none_is_refused) {
    static const struct {
        uint8_t ours, theirs; /* 0: none */
        const char *words;
    } rows[] = {{1, 2, "the pre-shared key"},
                {1, 0, "has it the same cluster key?"},
                {0, 1, "has it a cluster key? this node has none"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_nodes(2);
        if (rows[i].ours) use_key(0, rows[i].ours);
        if (rows[i].theirs) use_key(1, rows[i].theirs);
        nodes_listen_options_t options = {.address = "127.0.0.1"};
        CHECK_EQ(nodes_listen(nodes.rt[1], &options), 4200);
        CHECK(ask_for(&asker, 0, "127.0.0.1") < 0);
        check_text(asker.done.text, rows[i].words);
        CHECK(!is_up(0, 1) && !is_up(1, 0));
        pass_nodes_ms(100);
        check_logged(1, "mount refused");
        close_nodes();
    }
}

TEST(mount_a_key_that_was_taken_away_closes_the_door) {
    open_nodes(2);
    use_key(0, 1);
    use_key(1, 1);
    CHECK_EQ(nodes_listen(nodes.rt[1], NULL), 4200); /* everywhere */
    CHECK_EQ(nodes_use_key(nodes.rt[0], NULL), MK_OK);
    CHECK_EQ(nodes_use_key(nodes.rt[1], NULL), MK_OK);
    CHECK(ask_for(&asker, 0, "127.0.0.1") < 0);
    CHECK(!is_up(1, 0));
    close_nodes();
}

TEST(mount_listening_twice_at_one_place_is_refused) {
    open_nodes(2);
    listen_at(0, 4200);
    nodes_listen_options_t options = {.port = 4200};
    CHECK_EQ(nodes_listen(nodes.rt[1], &options), MK_EEXIST);
    options.any_port = true;
    CHECK(nodes_listen(nodes.rt[1], &options) > 0);
    close_nodes();
}

/* --- they come back --- */

TEST(mount_a_node_that_is_killed_comes_back_by_itself) {
    for (int keyed = 0; keyed < 2; keyed++) {
        open_nodes(2);
        if (keyed) use_key(0, 1);
        if (keyed) use_key(1, 1);
        listen_at(1, 4200);
        CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
        CHECK(come_up(0, 1, 100));
        for (int life = 0; life < 3; life++) {
            close_node(1);
            pass_nodes_ms(300);
            CHECK(!is_up(0, 1));
            node_info_t info = {0};
            CHECK(nodes_next(nodes.rt[0], &info));
            CHECK(info.state != NODE_UP);
            CHECK_EQ(info.node, 2);
            CHECK_STR(info.identity, "n2");
            CHECK(!nodes_next(nodes.rt[0], &info));
            open_node(1);
            if (keyed) use_key(1, 1);
            listen_at(1, 4200);
            CHECK(come_up(0, 1, 2 * MOUNT_MS));
            check_talk(0, 1);
        }
        CHECK_EQ(asker.dones, 1);
        close_nodes();
    }
}

TEST(mount_mail_for_an_actor_of_an_earlier_life_meets_nobody) {
    open_nodes(2);
    listen_at(1, 4200);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
    CHECK(come_up(0, 1, 100));
    role_t old = {.act = NULL};
    actor_id_t old_id = cast(nodes.rt[1], &old);
    close_node(1);
    pass_nodes_ms(300);
    open_node(1);
    listen_at(1, 4200);
    CHECK(come_up(0, 1, 2 * MOUNT_MS));
    role_t new = {.act = NULL};
    actor_id_t new_id = cast(nodes.rt[1], &new);
    CHECK(new_id != old_id);
    CHECK(actor_send(nodes.rt[0], old_id, 77, "to you", 6));
    CHECK(actor_send(nodes.rt[0], new_id, 78, "to you", 6));
    pass_nodes_ms(50);
    CHECK_EQ(new.count, 1);
    CHECK_EQ(runtime_counters(nodes.rt[1]).dead_letters, 1);
    close_nodes();
}

TEST(mount_a_node_that_mounts_us_and_is_killed_comes_back) {
    open_nodes(2);
    listen_at(0, 4200);
    CHECK_EQ(ask_for(&asker, 1, "127.0.0.1"), MK_OK);
    CHECK(come_up(0, 1, 100));
    close_node(1);
    open_node(1);
    CHECK_EQ(ask_for(&asker, 1, "127.0.0.1"), MK_OK);
    CHECK(come_up(0, 1, 100));
    check_talk(0, 1);
    close_nodes();
}

TEST(mount_is_tried_later_and_later_as_long_as_it_takes) {
    open_nodes(2);
    listen_at(1, 4200);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
    close_node(1);
    size_t before = sim_net_connects();
    pass_nodes_ms(60000);
    size_t tries = sim_net_connects() - before;
    CHECK(tries >= 5 && tries <= 12);
    open_node(1);
    listen_at(1, 4200);
    CHECK(come_up(0, 1, 3 * MK_MOUNT_RETRY_MAX_MS / 2 + 100));
    close_nodes();
}

TEST(mount_that_never_worked_is_tried_again_only_when_asked) {
    open_nodes(2);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_EREFUSED);
    size_t before = sim_net_connects();
    pass_nodes_ms(10000);
    CHECK_EQ(sim_net_connects(), before);
    other = (asker_t){.options = {.is_stubborn = true}};
    ask(&other, 0, "127.0.0.1");
    pass_nodes_ms(1000);
    CHECK_EQ(other.dones, 1);
    CHECK_EQ(other.done.status, MK_EREFUSED);
    listen_at(1, 4200);
    CHECK(come_up(0, 1, MOUNT_MS));
    CHECK_EQ(other.dones, 1);
    close_nodes();
}

TEST(mount_once_is_not_tried_again) {
    open_nodes(2);
    listen_at(1, 4200);
    other = (asker_t){.options = {.is_once = true}};
    ask(&other, 0, "127.0.0.1");
    CHECK(come_up(0, 1, 100));
    close_node(1);
    pass_nodes_ms(100);
    size_t before = sim_net_connects();
    pass_nodes_ms(10000);
    CHECK_EQ(sim_net_connects(), before);
    node_info_t info = {0};
    CHECK(!nodes_next(nodes.rt[0], &info));
    close_nodes();
}

/* --- they end --- */

static void check_stays_unmounted(void) {
    pass_nodes_ms(100);
    size_t before = sim_net_connects();
    pass_nodes_ms(MOUNT_MS);
    CHECK_EQ(sim_net_connects(), before);
    CHECK(!is_up(0, 1) && !is_up(1, 0));
}

TEST(mount_unmount_by_target_name_or_number_from_either_side) {
    static const struct {
        size_t at;
        const char *name;
    } rows[] = {{0, "127.0.0.1"}, {0, "127.0.0.1:4200"}, {0, "n2"}, {0, "2"}, {1, "n1"},
                {1, "1"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_nodes(2);
        listen_at(1, 4200);
        CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
        CHECK(come_up(0, 1, 100));
        CHECK_EQ(nodes_unmount(nodes.rt[rows[i].at], "nobody"), MK_ENOENT);
        CHECK_EQ(nodes_unmount(nodes.rt[rows[i].at], rows[i].name), MK_OK);
        check_stays_unmounted();
        check_logged(1 - rows[i].at, "the other side ended it: unmounted");
        CHECK_EQ(nodes_unmount(nodes.rt[rows[i].at], rows[i].name), MK_ENOENT);
        CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK); /* and again */
        close_nodes();
    }
}

TEST(mount_unmount_in_the_middle_tells_the_asker) {
    open_nodes(2);
    port_address_t hole = address_loopback(4200);
    CHECK_EQ(sim_net_set_route(&hole, SIM_ROUTE_HOLE, 0), MK_OK);
    asker = (asker_t){.dones = 0};
    ask(&asker, 0, "127.0.0.1");
    CHECK_EQ(nodes_unmount(nodes.rt[0], "127.0.0.1"), MK_OK);
    settle_nodes();
    CHECK_EQ(asker.dones, 1);
    CHECK_EQ(asker.done.status, MK_ECANCELED);
    close_nodes();
}

TEST(mount_that_waits_is_unmounted_by_the_number_of_its_node) {
    open_nodes(2);
    listen_at(1, 4200);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
    CHECK(come_up(0, 1, 100));
    close_node(1);
    pass_nodes_ms(100);
    node_info_t info = {0};
    CHECK(nodes_next(nodes.rt[0], &info));
    CHECK_EQ(info.node, 2);
    CHECK_EQ(nodes_unmount(nodes.rt[0], ""), MK_ENOENT);
    CHECK_EQ(nodes_unmount(nodes.rt[0], "3"), MK_ENOENT);
    CHECK_EQ(nodes_unmount(nodes.rt[0], "2"), MK_OK);
    info = (node_info_t){0};
    CHECK(!nodes_next(nodes.rt[0], &info));
    close_nodes();
}

/* The number is taken: that says nothing about the node that has it. */
TEST(mount_that_is_refused_is_not_taken_for_another_node) {
    open_nodes(3);
    runtime_destroy(nodes.rt[2]);
    nodes.rt[2] = runtime_init(2, 64);
    CHECK_EQ(node_set_identity(nodes.rt[2], "twin"), MK_OK);
    listen_at(1, 4201);
    listen_at(2, 4202);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1:4201"), MK_OK);
    other = (asker_t){.options = {.is_stubborn = true}};
    ask(&other, 0, "127.0.0.1:4202");
    pass_nodes_ms(MOUNT_MS);
    CHECK_EQ(other.dones, 1);
    CHECK_EQ(other.done.status, MK_EEXIST);
    CHECK_EQ(other.done.node, 2);
    check_text(other.done.text, "the number of the node is taken");
    node_info_t info = {0};
    CHECK(nodes_next(nodes.rt[0], &info));
    CHECK_STR(info.identity, "n2");
    CHECK(nodes_next(nodes.rt[0], &info)); /* and goes on trying */
    CHECK_STR(info.address, "127.0.0.1:4202");
    CHECK(info.state != NODE_UP);
    CHECK_EQ(nodes_unmount(nodes.rt[0], "127.0.0.1:4202"), MK_OK);
    pass_nodes_ms(100);
    CHECK(is_up(0, 1) && is_up(1, 0));
    close_nodes();
}

TEST(mount_stop_listening_keeps_who_is_connected) {
    open_nodes(2);
    listen_at(1, 4200);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
    CHECK(come_up(0, 1, 100));
    nodes_stop_listening(nodes.rt[1]);
    pass_nodes_ms(100);
    check_talk(0, 1);
    close_nodes();
}

/* --- what is known --- */

TEST(nodes_are_walked_and_found) {
    open_nodes(3);
    listen_at(1, 4201);
    listen_at(2, 4202);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1:4202"), MK_OK);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1:4201"), MK_OK);
    other = (asker_t){.options = {.is_stubborn = true}};
    ask(&other, 0, "127.0.0.1:4999");
    pass_nodes_ms(100);
    node_info_t info = {0};
    CHECK(nodes_next(nodes.rt[0], &info));
    CHECK_EQ(info.node, 2);
    CHECK_STR(info.identity, "n2");
    CHECK_EQ(info.state, NODE_UP);
    CHECK_STR(info.address, "127.0.0.1:4201");
    CHECK(info.is_ours && !info.is_trusted);
    CHECK(info.round_trip_us > 0);
    CHECK(nodes_next(nodes.rt[0], &info));
    CHECK_EQ(info.node, 3);
    CHECK(nodes_next(nodes.rt[0], &info));
    CHECK_EQ(info.node, 0);
    CHECK_STR(info.address, "127.0.0.1:4999");
    CHECK_EQ(info.state, NODE_WAITING);
    CHECK(info.tries > 0);
    CHECK_STR(node_state_name(info.state), "waiting");
    CHECK(!nodes_next(nodes.rt[0], &info));
    CHECK(nodes_find(nodes.rt[0], "n3", &info) && info.node == 3);
    CHECK(nodes_find(nodes.rt[0], "2", &info) && info.node == 2);
    CHECK(!nodes_find(nodes.rt[0], "n1", &info));
    CHECK(!nodes_find(nodes.rt[0], NULL, &info));
    close_nodes();
}

/* --- the names of old --- */

static void step_other(void *arg) {
    runtime_step(nodes.rt[1]);
    if (arg != NULL)
        CHECK_EQ(sim_call_at(sim_now_ns() + NS_PER_MS_OF_STAGE, step_other, arg),
                 MK_OK);
}

TEST(mount_the_names_of_old_still_work) {
    static bool goes_on = true;
    mount_result_t result;
    open_nodes(2);
    CHECK(ns_actor_init(nodes.rt[1]) != ACTOR_ID_INVALID);
    actor_id_t id = ns_mount_listen(nodes.rt[1], 4200);
    CHECK(id != ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(nodes.rt[1], "/sys/mount-listen"), id);
    CHECK_EQ(ns_mount_listen(nodes.rt[0], 4200), ACTOR_ID_INVALID);
    check_logged(0, "cannot listen for nodes on port 4200: already exists");
    step_other(&goes_on); /* the other node lives beside the wait */
    CHECK_EQ(ns_mount_connect(nodes.rt[0], "127.0.0.1", 4200, &result), 0);
    CHECK_STR(result.identity, "n2");
    CHECK_EQ(result.node_id, 2);
    CHECK_EQ(ns_mount_connect(nodes.rt[0], "127.0.0.1", 4999, NULL), -1);
    check_logged(0, "cannot mount 127.0.0.1:4999");
    CHECK_EQ(ns_mount_connect(nodes.rt[0], "no host", 4999, NULL), -1);
    CHECK_EQ(ns_mount_connect(nodes.rt[0], NULL, 4999, NULL), -1);
    pass_nodes_ms(10); /* the last hello arrives */
    actor_stop(nodes.rt[1], id);
    settle_nodes();
    port_address_t at = address_loopback(4200);
    int listener = port_socket_listen(&at, 1); /* the port is free again */
    CHECK(listener >= 0);
    port_socket_close_listener(listener);
    CHECK(is_up(0, 1) && is_up(1, 0));
    close_nodes();
}

/* At each moment of a mount, both ends. */
TEST(mount_survives_the_end_of_a_runtime_while_hands_are_shaken) {
    for (unsigned ms = 0; ms < 12; ms++)
        for (size_t first = 0; first < 2; first++) {
            open_nodes(2);
            sim_net_set_delay(NS_PER_MS_OF_STAGE);
            listen_at(1, 4200);
            asker = (asker_t){.dones = 0};
            ask(&asker, 0, "127.0.0.1");
            pass_nodes_ms(ms);
            close_node(first);
            pass_nodes_ms(5);
            close_nodes();
            CHECK_EQ(test_live_blocks(), 0);
        }
}

TEST_TABLE(mount, TEST_ROW(mount_makes_peers_over_tcp),
           TEST_ROW(mount_makes_peers_over_unix_sockets),
           TEST_ROW(mount_large_mail_passes_once_they_are_up),
           TEST_ROW(mount_with_the_same_key_is_tls),
           TEST_ROW(mount_byte_by_byte_and_with_hiccups), TEST_ROW(mount_three_nodes),
           TEST_ROW(mount_both_at_once_is_one_link),
           TEST_ROW(mount_of_a_bad_target_is_refused_at_once),
           TEST_ROW(mount_each_failure_has_its_sentence),
           TEST_ROW(mount_of_a_silent_host_takes_its_time_and_no_more),
           TEST_ROW(mount_without_a_key_stays_on_this_machine),
           TEST_ROW(mount_with_another_key_or_none_is_refused),
           TEST_ROW(mount_a_key_that_was_taken_away_closes_the_door),
           TEST_ROW(mount_listening_twice_at_one_place_is_refused),
           TEST_ROW(mount_a_node_that_is_killed_comes_back_by_itself),
           TEST_ROW(mount_mail_for_an_actor_of_an_earlier_life_meets_nobody),
           TEST_ROW(mount_a_node_that_mounts_us_and_is_killed_comes_back),
           TEST_ROW(mount_is_tried_later_and_later_as_long_as_it_takes),
           TEST_ROW(mount_that_never_worked_is_tried_again_only_when_asked),
           TEST_ROW(mount_once_is_not_tried_again),
           TEST_ROW(mount_unmount_by_target_name_or_number_from_either_side),
           TEST_ROW(mount_unmount_in_the_middle_tells_the_asker),
           TEST_ROW(mount_that_waits_is_unmounted_by_the_number_of_its_node),
           TEST_ROW(mount_that_is_refused_is_not_taken_for_another_node),
           TEST_ROW(mount_stop_listening_keeps_who_is_connected),
           TEST_ROW(nodes_are_walked_and_found),
           TEST_ROW(mount_the_names_of_old_still_work),
           TEST_ROW(mount_survives_the_end_of_a_runtime_while_hands_are_shaken))
