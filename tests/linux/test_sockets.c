/* SPDX-License-Identifier: Apache-2.0 */
/* The socket port on Linux: flags, signals, unix paths, want of descriptors. */
#include "port/sockets.h"

#include "linux/folder.h"
#include "microkernel/error.h"
#include "net/address.h"
#include "support/test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static void wait_for(int handle, short events) {
    struct pollfd look = {.fd = handle, .events = events};
    CHECK_EQ(poll(&look, 1, PATIENCE_MS), 1);
}

static int listen_at(port_address_t at, port_address_t *to) {
    int listener = port_socket_listen(&at, 8);
    CHECK(listener >= 0);
    CHECK_EQ(port_socket_local(listener, to), MK_OK);
    return listener;
}

/* A connected pair. */
static void connect_pair(int *client, int *server) {
    port_address_t to;
    int listener = listen_at(address_loopback(0), &to);
    *client = port_socket_connect(&to);
    CHECK(*client >= 0);
    wait_for(*client, POLLOUT);
    CHECK_EQ(port_socket_connected(*client), MK_OK);
    wait_for(listener, POLLIN);
    *server = port_socket_accept(listener, &to);
    CHECK(*server >= 0);
    CHECK_EQ(port_socket_accept(listener, NULL), MK_EAGAIN);
    port_socket_close_listener(listener);
}

static void check_flags(int handle) {
    CHECK((fcntl(handle, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(handle, F_GETFD) & FD_CLOEXEC) != 0);
    int is_set = 0;
    socklen_t size = sizeof is_set;
    CHECK_EQ(getsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &is_set, &size), 0);
    CHECK(is_set);
}

TEST(both_ends_are_set_up) {
    int client;
    int server;
    connect_pair(&client, &server);
    check_flags(client);
    check_flags(server);
    port_address_t a;
    port_address_t b;
    CHECK_EQ(port_socket_local(client, &a), MK_OK);
    CHECK_EQ(port_socket_peer(server, &b), MK_OK);
    CHECK(address_equals(&a, &b));
    port_socket_close(client);
    port_socket_close(server);
}

TEST(bytes_and_ends_arrive) {
    int client;
    int server;
    char heard[16];
    connect_pair(&client, &server);
    CHECK_EQ(port_socket_read(server, heard, sizeof heard), MK_EAGAIN);
    port_slice_t parts[] = {{"one", 3}, {NULL, 0}, {" two", 4}};
    CHECK_EQ(port_socket_write(client, parts, 3), 7);
    wait_for(server, POLLIN);
    CHECK_EQ(port_socket_read(server, heard, sizeof heard), 7);
    CHECK_MEM(heard, "one two", 7);
    CHECK_EQ(port_socket_finish(client), MK_OK);
    wait_for(server, POLLIN);
    CHECK_EQ(port_socket_read(server, heard, sizeof heard), MK_EEND);
    CHECK_EQ(port_socket_write(server, parts, 1), 3);
    wait_for(client, POLLIN);
    CHECK_EQ(port_socket_read(client, heard, sizeof heard), 3);
    port_socket_close(client);
    port_socket_close(server);
}

TEST(a_full_socket_says_so) {
    int client;
    int server;
    static char much[1 << 20];
    port_slice_t part = {much, sizeof much};
    connect_pair(&client, &server);
    int put;
    while ((put = port_socket_write(client, &part, 1)) > 0)
        continue;
    CHECK_EQ(put, MK_EAGAIN);
    port_socket_close(client);
    port_socket_close(server);
}

TEST(a_lost_peer_is_an_error_and_no_signal) {
    int client;
    int server;
    char byte;
    port_slice_t part = {"x", 1};
    connect_pair(&client, &server);
    port_socket_abort(server);
    wait_for(client, POLLIN);
    CHECK_EQ(port_socket_error(client), MK_ECLOSED);
    CHECK_EQ(port_socket_error(client), MK_OK);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(port_socket_write(client, &part, 1), MK_ECLOSED); /* SIGPIPE kills */
    CHECK_EQ(port_socket_write(client, (port_slice_t[]){part, part}, 2), MK_ECLOSED);
    CHECK_EQ(port_socket_read(client, &byte, 1), MK_EEND);
    port_socket_close(client);
}

TEST(refusals_and_busy_addresses_have_their_codes) {
    port_address_t to;
    int listener = listen_at(address_loopback(0), &to);
    CHECK_EQ(port_socket_listen(&to, 8), MK_EEXIST);
    port_socket_close_listener(listener);
    int handle = port_socket_connect(&to);
    if (handle >= 0) {
        wait_for(handle, POLLOUT);
        CHECK_EQ(port_socket_connected(handle), MK_EREFUSED);
        port_socket_close(handle);
    } else {
        CHECK_EQ(handle, MK_EREFUSED);
    }
    port_address_t nowhere = {.family = PORT_FAMILY_NONE};
    CHECK_EQ(port_socket_connect(&nowhere), MK_EINVAL);
    CHECK_EQ(port_socket_listen(&nowhere, 8), MK_EINVAL);
}

TEST(everywhere_takes_both_families) {
    port_address_t at;
    int listener =
        port_socket_listen(&(port_address_t){.family = PORT_FAMILY_INET6}, 8);
    if (listener < 0) test_skip("no IPv6 here");
    CHECK_EQ(port_socket_local(listener, &at), MK_OK);
    port_address_t to = address_loopback(at.port);
    int client = port_socket_connect(&to);
    CHECK(client >= 0);
    wait_for(listener, POLLIN);
    port_address_t peer;
    int server = port_socket_accept(listener, &peer);
    CHECK(server >= 0);
    CHECK_EQ(peer.family, PORT_FAMILY_INET); /* not ::ffff:127.0.0.1 */
    CHECK(address_is_loopback(&peer));
    port_socket_close(server);
    port_socket_close(client);
    port_socket_close_listener(listener);
}

/* --- unix --- */

static char path[PATH_SIZE + 16];

static bool exists(const char *file) {
    struct stat facts;
    return lstat(file, &facts) == 0;
}

TEST(a_path_is_listened_at_with_its_mode_and_removed) {
    folder_begin();
    snprintf(path, sizeof path, "%s/socket", folder);
    int listener = port_socket_listen_unix(path, 0600, 8);
    CHECK(listener >= 0);
    struct stat facts;
    CHECK_EQ(stat(path, &facts), 0);
    CHECK_EQ(facts.st_mode & 0777, 0600);
    int client = port_socket_connect_unix(path);
    CHECK(client >= 0);
    int server = port_socket_accept(listener, NULL);
    CHECK(server >= 0);
    port_address_t peer;
    CHECK_EQ(port_socket_peer(client, &peer), MK_OK);
    CHECK_EQ(peer.family, PORT_FAMILY_NONE);
    port_slice_t part = {"hi", 2};
    char heard[4];
    CHECK_EQ(port_socket_write(client, &part, 1), 2);
    CHECK_EQ(port_socket_read(server, heard, sizeof heard), 2);
    CHECK_EQ(port_socket_listen_unix(path, 0600, 8), MK_EEXIST); /* it is alive */
    port_socket_close(client);
    port_socket_close(server);
    port_socket_close_listener(listener);
    CHECK(!exists(path));
    CHECK_EQ(port_socket_connect_unix(path), MK_ENOENT);
    folder_end();
}

TEST(a_dead_socket_is_replaced_and_no_other_file) {
    folder_begin();
    snprintf(path, sizeof path, "%s/socket", folder);
    int dead = port_socket_listen_unix(path, 0600, 8);
    CHECK(dead >= 0);
    port_socket_close(dead); /* as a crash would: the file stays */
    CHECK(exists(path));
    CHECK_EQ(port_socket_connect_unix(path), MK_EREFUSED);
    int listener = port_socket_listen_unix(path, 0666, 8);
    CHECK(listener >= 0);
    port_socket_close_listener(listener);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    CHECK_EQ(fclose(file), 0);
    CHECK_EQ(port_socket_listen_unix(path, 0600, 8), MK_EEXIST);
    CHECK(exists(path));
    CHECK_EQ(port_socket_listen_unix("", 0600, 8), MK_EINVAL);
    char longest[200];
    memset(longest, 'x', sizeof longest);
    longest[108] = '\0';
    CHECK_EQ(port_socket_listen_unix(longest, 0600, 8), MK_EINVAL);
    CHECK_EQ(port_socket_connect_unix(longest), MK_EINVAL);
    folder_end();
}

TEST(the_file_of_a_younger_listener_stays) {
    folder_begin();
    snprintf(path, sizeof path, "%s/socket", folder);
    int old = port_socket_listen_unix(path, 0600, 8);
    CHECK(old >= 0);
    CHECK_EQ(unlink(path), 0);
    int young = port_socket_listen_unix(path, 0600, 8);
    CHECK(young >= 0);
    port_socket_close_listener(old);
    CHECK(exists(path));
    port_socket_close_listener(young);
    CHECK(!exists(path));
    folder_end();
}

/* --- descriptors --- */

TEST(the_last_descriptor_sheds_a_peer) {
    port_address_t to;
    char byte;
    int listener = listen_at(address_loopback(0), &to);
    int spare = port_socket_spare();
    CHECK(spare >= 0);
    int clients[2];
    for (int i = 0; i < 2; i++) {
        clients[i] = port_socket_connect(&to);
        CHECK(clients[i] >= 0);
        wait_for(clients[i], POLLOUT);
    }
    struct rlimit before;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    int highest = spare > clients[1] ? spare : clients[1];
    struct rlimit tight = {.rlim_cur = (rlim_t)highest + 1,
                           .rlim_max = before.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    int fill[64];
    int filled = 0;
    while (filled < 64 && (fill[filled] = dup(0)) >= 0)
        filled++;
    int refused = port_socket_accept(listener, NULL);
    bool has_shed = port_socket_shed(listener, &spare);
    bool has_spare = spare >= 0;
    int again = port_socket_connect(&to);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_EQ(refused, MK_ENOMEM);
    CHECK(has_shed);
    CHECK(has_spare);
    CHECK_EQ(again, MK_ENOMEM);
    wait_for(clients[0], POLLIN);
    CHECK_EQ(port_socket_read(clients[0], &byte, 1), MK_EEND);
    int server = port_socket_accept(listener, NULL);
    CHECK(server >= 0);
    port_socket_close(server);
    while (filled > 0)
        close(fill[--filled]);
    for (int i = 0; i < 2; i++)
        port_socket_close(clients[i]);
    port_socket_close(spare);
    port_socket_close_listener(listener);
}

TEST(datagrams_go_both_ways) {
    port_address_t at = address_loopback(0);
    port_address_t to;
    port_address_t from;
    char heard[8];
    int a = port_udp_open(&at);
    int b = port_udp_open(&at);
    CHECK(a >= 0 && b >= 0);
    CHECK_EQ(port_socket_local(b, &to), MK_OK);
    CHECK_EQ(port_udp_receive(b, &from, heard, sizeof heard), MK_EAGAIN);
    CHECK_EQ(port_udp_send(a, &to, "0123456789", 10), MK_OK);
    wait_for(b, POLLIN);
    CHECK_EQ(port_udp_receive(b, &from, heard, sizeof heard), 10);
    CHECK_MEM(heard, "01234567", 8);
    CHECK_EQ(port_udp_send(b, &from, "", 0), MK_OK);
    wait_for(a, POLLIN);
    CHECK_EQ(port_udp_receive(a, NULL, heard, sizeof heard), 0);
    static char large[65508];
    CHECK_EQ(port_udp_send(a, &to, large, sizeof large), MK_ETOOBIG);
    port_socket_close(a);
    port_socket_close(b);
}

TEST_TABLE(sockets, TEST_ROW(both_ends_are_set_up), TEST_ROW(bytes_and_ends_arrive),
           TEST_ROW(a_full_socket_says_so),
           TEST_ROW(a_lost_peer_is_an_error_and_no_signal),
           TEST_ROW(refusals_and_busy_addresses_have_their_codes),
           TEST_ROW(everywhere_takes_both_families),
           TEST_ROW(a_path_is_listened_at_with_its_mode_and_removed),
           TEST_ROW(a_dead_socket_is_replaced_and_no_other_file),
           TEST_ROW(the_file_of_a_younger_listener_stays),
           TEST_ROW(the_last_descriptor_sheds_a_peer), TEST_ROW(datagrams_go_both_ways))
