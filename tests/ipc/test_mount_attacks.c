/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers can do to a node that listens: nothing that a neighbour notices. */
#include "ipc/mount_stage.h"

#include "base/prng.h"
#include "ipc/frame.h"
#include "ipc/hello.h"

enum { STRANGERS = 1000, BEFORE_HANDSHAKE = 200000 };

static asker_t asker;
static int strangers[STRANGERS];

static void open_strangers(size_t count) {
    port_address_t to = address_loopback(4200);
    for (size_t i = 0; i < count; i++) {
        strangers[i] = port_socket_connect(&to);
        CHECK(strangers[i] >= 0);
    }
}

static void close_strangers(size_t count) {
    for (size_t i = 0; i < count; i++)
        port_socket_close(strangers[i]);
}

/* Write what is taken; whether the other side is still there. */
static bool pour(int handle, const void *bytes, size_t size) {
    port_slice_t slice = {bytes, size};
    int put = port_socket_write(handle, &slice, 1);
    return put > 0 || put == MK_EAGAIN;
}

static bool is_shut(int handle) {
    char bytes[512];
    int got = port_socket_read(handle, bytes, sizeof bytes);
    while (got > 0)
        got = port_socket_read(handle, bytes, sizeof bytes);
    return got != MK_EAGAIN;
}

static size_t lines_of(const char *log) {
    size_t lines = 0;
    for (; *log != '\0'; log++)
        lines += *log == '\n';
    return lines;
}

static void mount_among_strangers(bool is_keyed) {
    open_nodes(2);
    if (is_keyed) use_key(0, 1);
    if (is_keyed) use_key(1, 1);
    listen_at(1, 4200);
    sim_net_set_delay(NS_PER_MS_OF_STAGE);
    size_t before = test_live_blocks();
    open_strangers(STRANGERS);
    pass_nodes_ms(20);
    /* What they hold is bounded by the guests, not by their number. */
    size_t held = test_live_blocks() - before;
    CHECK(held < STRANGERS * 2 + (is_keyed ? 20000 : 1000));
    CHECK(sim_handle_count() < STRANGERS + 3 * MK_MOUNT_PENDING + 20);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
    CHECK(come_up(0, 1, 100));
    check_talk(0, 1);
    pass_nodes_ms(MK_MOUNT_HELLO_MS + 1000);
    for (size_t i = 0; i < STRANGERS; i++)
        CHECK(is_shut(strangers[i])); /* all were shown out */
    close_strangers(STRANGERS);
    log_flush(nodes.rt[1]);
    CHECK(lines_of(nodes.log[1]) < 30);
    check_logged(1, "too many are shaking hands");
    CHECK(is_up(0, 1));
    close_nodes();
}

TEST(mount_a_thousand_that_say_nothing_do_not_shut_the_door) {
    mount_among_strangers(false);
}

TEST(mount_a_thousand_that_say_nothing_do_not_shut_the_door_of_tls) {
    mount_among_strangers(true);
}

/* A stranger comes `ms` after somebody began to mount, who has to go for it. */
static void make_go(unsigned ms) {
    open_nodes(2);
    const nodes_listen_options_t options = {.port = 4200, .pending_max = 1};
    CHECK_EQ(nodes_listen(nodes.rt[1], &options), 4200);
    sim_net_set_delay(5 * NS_PER_MS_OF_STAGE);
    asker = (asker_t){.dones = 0};
    ask(&asker, 0, "127.0.0.1");
    pass_nodes_ms(ms);
    open_strangers(1);
    pass_nodes_ms(60);
    CHECK_EQ(asker.dones, 1);
    CHECK_EQ(asker.done.status, MK_ELIMIT);
    check_text(asker.done.text, "too many nodes are shaking hands; try again later");
    CHECK(!is_up(0, 1) && !is_up(1, 0));
    close_strangers(1);
    asker = (asker_t){.dones = 0};
    ask(&asker, 0, "127.0.0.1"); /* unless it is tried again already */
    CHECK(come_up(0, 1, MOUNT_MS));
    close_nodes();
}

/* Before its first hello has come, and when it was answered. */
TEST(mount_that_has_to_make_room_for_another_is_told_so) {
    for (unsigned ms = 1; ms < 15; ms++)
        make_go(ms);
}

TEST(mount_a_flood_of_garbage_is_shown_out) {
    static uint8_t garbage[4096];
    prng_t prng;
    for (int keyed = 0; keyed < 2; keyed++) {
        prng_init(&prng, 7);
        open_nodes(2);
        if (keyed) use_key(0, 1);
        if (keyed) use_key(1, 1);
        listen_at(1, 4200);
        CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
        CHECK(come_up(0, 1, 100));
        unsigned shut = 0;
        open_strangers(1);
        for (int ms = 0; ms < 300; ms++) { /* 4 MB a second */
            for (size_t i = 0; i < sizeof garbage; i++)
                garbage[i] = (uint8_t)prng_next(&prng);
            if (!pour(strangers[0], garbage, sizeof garbage) || is_shut(strangers[0])) {
                shut++;
                close_strangers(1);
                open_strangers(1);
            }
            pass_nodes_ms(1);
        }
        CHECK(shut > 30);
        close_strangers(1);
        check_talk(0, 1);
        log_flush(nodes.rt[1]);
        CHECK(lines_of(nodes.log[1]) < 30);
        check_logged(1, "mount refused");
        close_nodes();
    }
}

/* A frame with a hello in it, as a stranger would send it. */
static size_t write_hello_frame(uint8_t bytes[256]) {
    uint8_t payload[HELLO_SIZE];
    hello_t hello = {
        .node = 77, .identity = "stranger", .version = HELLO_VERSION, .boot = 5};
    memset(hello.nonce, 7, sizeof hello.nonce);
    hello_write(&hello, payload);
    wire_message_t message = {0, 0, MSG_NODE_HELLO, payload, sizeof payload};
    frame_put(bytes, &message);
    return WIRE_HEADER_SIZE + sizeof payload;
}

TEST(mount_a_hello_bent_or_cut_at_every_byte_makes_no_peer) {
    uint8_t bytes[256], bent[256];
    open_nodes(2);
    listen_at(1, 4200);
    size_t size = write_hello_frame(bytes);
    for (size_t at = 0; at < 2 * size; at++) {
        memcpy(bent, bytes, size);
        if (at < size) bent[at] ^= 0xFF;
        open_strangers(1);
        pass_nodes_ms(1);
        CHECK(pour(strangers[0], bent, at < size ? size : at - size + 1));
        pass_nodes_ms(2);
        close_strangers(1);
        pass_nodes_ms(1);
        node_info_t info = {0};
        CHECK(!nodes_next(nodes.rt[1], &info));
    }
    close_nodes();
}

TEST(mount_a_giant_length_takes_no_memory) {
    uint8_t bytes[256];
    open_nodes(2);
    listen_at(1, 4200);
    wire_message_t message = {0, 0, MSG_NODE_HELLO, bytes, HELLO_SIZE_MAX + 1};
    frame_put_header(bytes, &message);
    open_strangers(1);
    pass_nodes_ms(1);
    CHECK(pour(strangers[0], bytes, WIRE_HEADER_SIZE));
    pass_nodes_ms(2);
    CHECK(is_shut(strangers[0]));
    close_strangers(1);
    close_nodes();
}

/* Everything that went from node 1 to node 2 in a mount with a key is sent again. */
TEST(mount_a_recorded_conversation_with_a_key_is_worth_nothing) {
    static uint8_t record[BEFORE_HANDSHAKE];
    size_t size = 0;
    open_nodes(2);
    use_key(0, 1);
    use_key(1, 1);
    listen_at(1, 4200);
    /* The recorder stands in the middle: node 1 mounts it, it mounts node 2. */
    port_address_t at = address_loopback(4300), to = address_loopback(4200);
    int listener = port_socket_listen(&at, 5);
    asker = (asker_t){.dones = 0};
    ask(&asker, 0, "127.0.0.1:4300");
    int client = -1, server = port_socket_connect(&to);
    for (int ms = 0; ms < 300; ms++) {
        if (client < 0) client = port_socket_accept(listener, NULL);
        int got = client >= 0
                      ? port_socket_read(client, record + size, sizeof record - size)
                      : MK_EAGAIN;
        if (got > 0) {
            CHECK(pour(server, record + size, (size_t)got));
            size += (size_t)got;
        }
        uint8_t back[16384];
        got = port_socket_read(server, back, sizeof back);
        if (got > 0) CHECK(pour(client, back, (size_t)got));
        pass_nodes_ms(1);
    }
    CHECK_EQ(asker.done.status, MK_OK);
    CHECK(is_up(1, 0));
    CHECK(memchr(record, 'n', size) != NULL);
    for (size_t i = 0; i + 4 <= size; i++)
        CHECK(memcmp(record + i, "MK01", 4) != 0); /* no hello in clear */
    port_socket_close(client);
    port_socket_close(server);
    port_socket_close_listener(listener);
    CHECK_EQ(nodes_unmount(nodes.rt[0], "127.0.0.1:4300"), MK_OK);
    pass_nodes_ms(100);
    CHECK(!is_up(1, 0));

    open_strangers(1);
    pass_nodes_ms(1);
    (void)pour(strangers[0], record, size);
    pass_nodes_ms(200);
    CHECK(is_shut(strangers[0]));
    CHECK(!is_up(1, 0));
    close_strangers(1);
    close_nodes();
}

/* --- keys --- */

TEST(keys_are_read_as_people_write_them) {
    static const char hex[] =
        "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
    static const char base64[] = " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    uint8_t key[MK_KEY_SIZE], want[MK_KEY_SIZE];
    for (size_t i = 0; i < sizeof want; i++)
        want[i] = (uint8_t)i;
    CHECK_EQ(nodes_key_parse(hex, sizeof hex - 1, key), MK_OK);
    CHECK_MEM(key, want, sizeof key);
    memset(key, 0, sizeof key);
    CHECK_EQ(nodes_key_parse(base64, sizeof base64 - 1, key), MK_OK);
    CHECK_MEM(key, want, sizeof key);
    CHECK_EQ(nodes_key_parse(hex, sizeof hex - 2, key), MK_EINVAL);
    CHECK_EQ(nodes_key_parse("", 0, key), MK_EINVAL);
    CHECK_EQ(nodes_key_parse(NULL, 5, key), MK_EINVAL);
    CHECK_EQ(nodes_key_parse("AAECAwQ=", 8, key), MK_EINVAL);
}

TEST(keys_in_files_are_their_owners_alone) {
    static const char text[] =
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    uint8_t key[MK_KEY_SIZE];
    char why[200];
    sim_reset(1);
    CHECK_EQ(nodes_key_read("/key", key, why, sizeof why), MK_ENOENT);
    CHECK_STR(why, "cannot read the key file /key: not found");
    CHECK_EQ(sim_file_put("/key", text, sizeof text - 1), MK_OK);
    CHECK_EQ(nodes_key_read("/key", key, why, sizeof why), MK_OK);
    CHECK_STR(why, "");
    CHECK_EQ(key[31], 0x1F);
    sim_file_share("/key", true);
    CHECK_EQ(nodes_key_read("/key", key, why, sizeof why), MK_EPERM);
    CHECK_STR(why, "the key file /key can be read by others: chmod 600 makes it yours");
    CHECK_EQ(sim_file_put("/bad", text, 9), MK_OK);
    CHECK_EQ(nodes_key_read("/bad", key, why, sizeof why), MK_EINVAL);
    check_text(why, "/bad has no key");
    sim_reset(1);
}

/* --- memory --- */

static void mount_and_end(void *arg) {
    (void)arg;
    sim_reset(1);
    nodes.len = 2;
    for (size_t i = 0; i < 2; i++) {
        nodes.rt[i] = runtime_init((node_id_t)(i + 1), 16);
        if (nodes.rt[i] != NULL && node_set_identity(nodes.rt[i], i ? "b" : "a") < 0) {
            runtime_destroy(nodes.rt[i]);
            nodes.rt[i] = NULL;
        }
    }
    asker = (asker_t){.target = "127.0.0.1", .options = {.is_once = true}};
    if (nodes.rt[0] != NULL && nodes.rt[1] != NULL &&
        nodes_listen(nodes.rt[1], NULL) == 4200) {
        actor_id_t id = actor_spawn(nodes.rt[0], ask_and_keep, &asker, NULL, 4);
        bool is_sent = actor_send(nodes.rt[0], id, 1, NULL, 0);
        pass_nodes_ms(50);
        if (!is_up(0, 1)) pass_nodes_ms(MK_MOUNT_HELLO_MS + 100);
        if (is_sent && asker.begun == MK_OK) CHECK_EQ(asker.dones, 1);
    }
    for (size_t i = 0; i < 2; i++)
        runtime_destroy(nodes.rt[i]);
    sim_reset(1);
}

TEST(mount_survives_each_want_of_memory) {
    test_each_alloc_failure(mount_and_end, NULL);
}

TEST_TABLE(mount_attacks,
           TEST_ROW(mount_a_thousand_that_say_nothing_do_not_shut_the_door),
           TEST_ROW(mount_a_thousand_that_say_nothing_do_not_shut_the_door_of_tls),
           TEST_ROW(mount_that_has_to_make_room_for_another_is_told_so),
           TEST_ROW(mount_a_flood_of_garbage_is_shown_out),
           TEST_ROW(mount_a_hello_bent_or_cut_at_every_byte_makes_no_peer),
           TEST_ROW(mount_a_giant_length_takes_no_memory),
           TEST_ROW(mount_a_recorded_conversation_with_a_key_is_worth_nothing),
           TEST_ROW(keys_are_read_as_people_write_them),
           TEST_ROW(keys_in_files_are_their_owners_alone),
           TEST_ROW(mount_survives_each_want_of_memory))
