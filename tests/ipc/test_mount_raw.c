/* SPDX-License-Identifier: Apache-2.0 */
/* A program that speaks the protocol by hand and then breaks it, byte by byte and bit
 * by bit: it is refused and logged, and the node beside it notices nothing. */
#include "ipc/mount_stage.h"

#include "ipc/frame.h"
#include "ipc/hello.h"

enum { RAW_NODE = 77, RAW_PORT = 4200, SAID_MAX = 1024, HELLO_FRAME = 256 };

static asker_t asker;

/* The program, and all that it has said. */
static struct {
    int handle;
    uint8_t said[SAID_MAX];
    size_t size;
} raw;

static void say_bytes(const uint8_t *bytes, size_t size) {
    port_slice_t slice = {bytes, size};
    CHECK_EQ(port_socket_write(raw.handle, &slice, 1), (int)size);
    if (raw.size + size <= SAID_MAX) memcpy(raw.said + raw.size, bytes, size);
    raw.size += size;
}

static size_t write_frame(uint8_t *bytes, const wire_message_t *message) {
    frame_put(bytes, message);
    return WIRE_HEADER_SIZE + message->payload_size;
}

static void say_hello(const hello_t *hello) {
    uint8_t payload[HELLO_SIZE], bytes[HELLO_FRAME];
    hello_write(hello, payload);
    wire_message_t message = {0, 0, MSG_NODE_HELLO, payload, sizeof payload};
    say_bytes(bytes, write_frame(bytes, &message));
}

static void call_node(void) {
    port_address_t to = address_loopback(RAW_PORT);
    raw.handle = port_socket_connect(&to);
    raw.size = 0;
    CHECK(raw.handle >= 0);
    pass_nodes_ms(1);
}

static bool is_there(void) {
    return peers_find(nodes.rt[1], RAW_NODE) != NULL;
}

/* Three hellos, as docs/MOUNT.md has them. */
static void become_a_peer(void) {
    uint8_t answer[HELLO_FRAME];
    hello_t hello = {.node = RAW_NODE,
                     .identity = "raw",
                     .version = HELLO_VERSION,
                     .features = PEER_CREDIT,
                     .credit = 65536,
                     .boot = 5};
    hello_t other;
    memset(hello.nonce, 7, sizeof hello.nonce);
    call_node();
    say_hello(&hello);
    pass_nodes_ms(2);
    int got = port_socket_read(raw.handle, answer, sizeof answer);
    CHECK_EQ(got, WIRE_HEADER_SIZE + HELLO_SIZE);
    CHECK_EQ(hello_read(answer + WIRE_HEADER_SIZE, HELLO_SIZE, &other), HELLO_OK);
    memcpy(hello.echo, other.nonce, sizeof hello.echo);
    say_hello(&hello);
    pass_nodes_ms(2);
    CHECK(is_there());
}

static void hang_up(void) {
    port_socket_close(raw.handle);
    pass_nodes_ms(2);
    CHECK(!is_there());
}

static bool is_shut_out(void) {
    char bytes[512];
    int got = port_socket_read(raw.handle, bytes, sizeof bytes);
    while (got > 0)
        got = port_socket_read(raw.handle, bytes, sizeof bytes);
    return got != MK_EAGAIN;
}

/* Nodes 1 and 2 are mounted, `role` lives on 2. */
static void open_neighbours(role_t *role) {
    open_nodes(2);
    listen_at(1, RAW_PORT);
    CHECK_EQ(ask_for(&asker, 0, "127.0.0.1"), MK_OK);
    CHECK(come_up(0, 1, 100));
    *role = (role_t){.act = NULL};
    (void)cast(nodes.rt[1], role);
}

static void close_neighbours(void) {
    CHECK(is_up(0, 1) && is_up(1, 0));
    check_talk(0, 1);
    CHECK(!has_logged(0, "node down"));
    close_nodes();
}

TEST(raw_peer_is_one_like_others) {
    role_t role;
    uint8_t bytes[HELLO_FRAME];
    open_neighbours(&role);
    become_a_peer();
    wire_message_t mail = {actor_id_make(RAW_NODE, 9), role.id, 5, "by hand", 7};
    say_bytes(bytes, write_frame(bytes, &mail));
    pass_nodes_ms(2);
    CHECK_EQ(role.count, 1);
    hang_up();
    close_neighbours();
}

TEST(raw_hellos_that_are_repeated_are_old_ones) {
    role_t role;
    uint8_t record[SAID_MAX];
    open_neighbours(&role);
    become_a_peer();
    size_t size = raw.size;
    memcpy(record, raw.said, size);
    hang_up();
    call_node();
    say_bytes(record, size);
    pass_nodes_ms(5);
    CHECK(is_shut_out());
    check_logged(1, "it is an old one");
    hang_up();
    close_neighbours();
}

/* Mail whose every bit is wrong once: it is not taken for what it was, unless the bit
 * is of what the program may choose. */
TEST(raw_mail_bent_at_every_bit_harms_nobody) {
    role_t role;
    uint8_t bytes[HELLO_FRAME];
    unsigned refused = 0;
    open_neighbours(&role);
    wire_message_t mail = {actor_id_make(RAW_NODE, 9), role.id, 5, "bent", 4};
    size_t size = write_frame(bytes, &mail);
    for (size_t bit = 0; bit < size * 8; bit++) {
        unsigned before = role.count;
        become_a_peer();
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        say_bytes(bytes, size);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        pass_nodes_ms(2);
        refused += role.count == before;
        CHECK(role.count - before <= 1);
        port_socket_close(raw.handle);
        pass_nodes_ms(2);
        CHECK(!is_there());
        if (bit % 64 == 0) check_talk(0, 1);
    }
    CHECK(refused > 100); /* ids and sizes */
    check_logged(1, "mail with a forged source refused");
    close_neighbours();
}

TEST(raw_mail_cut_at_every_byte_is_none) {
    role_t role;
    uint8_t bytes[HELLO_FRAME];
    open_neighbours(&role);
    wire_message_t mail = {actor_id_make(RAW_NODE, 9), role.id, 5, "cut", 3};
    size_t size = write_frame(bytes, &mail);
    for (size_t cut = 1; cut < size; cut++) {
        become_a_peer();
        say_bytes(bytes, cut);
        pass_nodes_ms(2);
        hang_up();
    }
    CHECK_EQ(role.count, 0);
    check_logged(1, "ended by the other side in the middle of a message");
    close_neighbours();
}

TEST(raw_giant_length_ends_the_link_and_takes_no_memory) {
    role_t role;
    uint8_t bytes[WIRE_HEADER_SIZE];
    open_neighbours(&role);
    become_a_peer();
    size_t before = test_live_blocks();
    wire_message_t mail = {actor_id_make(RAW_NODE, 9), role.id, 5, bytes,
                           MK_WIRE_PAYLOAD_MAX + 1u};
    frame_put_header(bytes, &mail);
    say_bytes(bytes, sizeof bytes);
    pass_nodes_ms(2);
    CHECK(is_shut_out());
    CHECK(!is_there());
    CHECK(test_live_blocks() <= before);
    check_logged(1, "node down");
    port_socket_close(raw.handle);
    close_neighbours();
}

TEST_TABLE(mount_raw, TEST_ROW(raw_peer_is_one_like_others),
           TEST_ROW(raw_hellos_that_are_repeated_are_old_ones),
           TEST_ROW(raw_mail_bent_at_every_bit_harms_nobody),
           TEST_ROW(raw_mail_cut_at_every_byte_is_none),
           TEST_ROW(raw_giant_length_ends_the_link_and_takes_no_memory))
