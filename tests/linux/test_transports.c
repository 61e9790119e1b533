/* SPDX-License-Identifier: Apache-2.0 */
/* Transports on real sockets, with a forked child as the other side. Nothing is timed:
 * who waits, waits for a descriptor. */
#include "linux/folder.h"
#include "support/test.h"

#include "ipc/transport_facts.h"
#include "microkernel/limits.h"
#include "microkernel/transport_tcp.h"
#include "microkernel/transport_udp.h"
#include "microkernel/transport_unix.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, ROUNDS = 500, BIG = 256 * 1024 };

/* Sizes around those of buffers, now and then one that no socket takes at once. */
static size_t size_of(uint32_t number) {
    return number % 50 == 49 ? BIG : number * 37 % 3000;
}

static bool say(transport_t *to, uint32_t number) {
    size_t size = size_of(number);
    uint8_t *bytes = malloc(size + 1);
    memset(bytes, (int)(number % 251), size);
    message_t msg = {
        .source = number, .dest = 9, .type = 5, .payload = bytes, .payload_size = size};
    bool is_taken = to->send(to, &msg);
    free(bytes);
    return is_taken;
}

/* A message that is not number `number` ends the child, or fails the test. */
static bool is_right(const message_t *msg, uint32_t number) {
    const uint8_t *bytes = msg->payload;
    if (msg->source != number || msg->payload_size != size_of(number)) return false;
    for (size_t i = 0; i < msg->payload_size; i++)
        if (bytes[i] != number % 251) return false;
    return true;
}

/* Until something has come, or what waits to be written finds room. */
static bool wait_for(const transport_t *transport) {
    transport_facts_t facts;
    bool is_writing = transport_facts(transport, &facts) && facts.waiting > 0;
    struct pollfd p = {.fd = transport->fd,
                       .events = (short)(POLLIN | (is_writing ? POLLOUT : 0))};
    return poll(&p, 1, PATIENCE_MS) == 1;
}

static size_t waiting_of(const transport_t *transport) {
    transport_facts_t facts;
    return transport_facts(transport, &facts) ? facts.waiting : 0;
}

/* Say and hear ROUNDS messages at the same time, then, unless `ends_first`, hear the
 * end. */
static bool converse(transport_t *transport, bool ends_first) {
    uint32_t said = 0, heard = 0;
    while (said < ROUNDS || heard < ROUNDS || waiting_of(transport) > 0) {
        while (said < ROUNDS && say(transport, said))
            said++;
        for (message_t *msg; (msg = transport->recv(transport)) != NULL; heard++) {
            bool is_good = is_right(msg, heard);
            message_destroy(msg);
            if (!is_good) return false;
        }
        bool is_over = said == ROUNDS && heard == ROUNDS && waiting_of(transport) == 0;
        if (is_over && ends_first) return true;
        if (!is_over && !wait_for(transport)) return false;
    }
    while (!ends_first && transport->is_connected(transport)) {
        if (!wait_for(transport) || transport->recv(transport) != NULL) return false;
    }
    return true;
}

static int status_of(pid_t child) {
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

/* The child's copy of a transport that belongs to its parent. */
static void give_up(transport_t *transport) {
    close(transport->fd);
    free(transport->impl);
    free(transport);
}

static transport_t *connect_back(const transport_t *listener, const char *path) {
    if (path != NULL) return transport_unix_connect(path, 1);
    struct sockaddr_in at = {0};
    socklen_t size = sizeof at;
    if (getsockname(listener->fd, (struct sockaddr *)&at, &size) != 0) return NULL;
    return transport_tcp_connect("127.0.0.1", ntohs(at.sin_port), 1);
}

/* A child connects to a listener, and both say and hear all. */
static void check_conversation(transport_t *transport, const char *path) {
    CHECK(transport != NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        transport_t *to = connect_back(transport, path);
        give_up(transport);
        bool is_good = to != NULL && converse(to, false);
        if (to != NULL) to->destroy(to);
        _exit(is_good ? 0 : 1);
    }
    CHECK(wait_for(transport));
    CHECK(converse(transport, true));
    transport->destroy(transport);
    CHECK_EQ(status_of(child), 0);
}

TEST(a_child_and_its_parent_converse_over_unix) {
    char path[PATH_SIZE + 16];
    folder_begin();
    snprintf(path, sizeof path, "%s/node", folder);
    check_conversation(transport_unix_listen(path, 2), path);
    CHECK(access(path, F_OK) != 0); /* the file went with the listener */
    folder_end();
}

TEST(a_child_and_its_parent_converse_over_tcp) {
    check_conversation(transport_tcp_listen("127.0.0.1", 0, 2), NULL);
}

TEST(a_descriptor_of_the_program_becomes_a_transport) {
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0); /* and they block */
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(ends[0]);
        transport_t *to = transport_tcp_from_fd(ends[1], 1);
        bool is_good = to != NULL && converse(to, false);
        if (to != NULL) to->destroy(to);
        _exit(is_good ? 0 : 1);
    }
    close(ends[1]);
    transport_t *transport = transport_tcp_from_fd(ends[0], 2);
    CHECK(transport != NULL);
    CHECK_EQ(transport->fd, ends[0]);
    CHECK(converse(transport, true));
    transport->destroy(transport);
    CHECK_EQ(status_of(child), 0);
}

TEST(tcp_does_not_hold_small_messages_back) {
    transport_t *listener = transport_tcp_listen(NULL, 0, 2);
    transport_t *to = connect_back(listener, NULL);
    CHECK(to != NULL && wait_for(listener) && listener->is_connected(listener));
    int ends[] = {to->fd, listener->fd};
    for (int i = 0; i < 2; i++) {
        int on = 0;
        socklen_t size = sizeof on;
        CHECK_EQ(getsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
        CHECK(on != 0);
    }
    to->destroy(to);
    listener->destroy(listener);
}

/* Waits until the transport is not connected any more. */
static bool ends(transport_t *transport) {
    while (transport->is_connected(transport)) {
        message_t *msg = transport->recv(transport);
        if (msg == NULL && !wait_for(transport)) return false;
        message_destroy(msg);
    }
    return true;
}

TEST(a_killed_peer_is_an_end_and_the_next_one_is_accepted) {
    char path[PATH_SIZE + 16];
    folder_begin();
    snprintf(path, sizeof path, "%s/node", folder);
    transport_t *transport = transport_unix_listen(path, 2);
    CHECK(transport != NULL);
    for (uint32_t round = 0; round < 3; round++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            give_up(transport);
            transport_t *to = transport_unix_connect(path, 1);
            if (to != NULL && say(to, round)) pause();
            _exit(1);
        }
        message_t *msg = NULL;
        while (msg == NULL && wait_for(transport))
            msg = transport->recv(transport);
        CHECK(msg != NULL && is_right(msg, round));
        message_destroy(msg);
        CHECK_EQ(kill(child, SIGKILL), 0);
        CHECK(WIFSIGNALED(status_of(child)));
        CHECK(ends(transport));
        CHECK(!say(transport, 0));
    }
    transport->destroy(transport);
    folder_end();
}

TEST(a_flood_nobody_reads_is_bounded_and_stays_whole) {
    int ends_of[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_of), 0);
    transport_t *a = transport_tcp_from_fd(ends_of[0], 2);
    transport_t *b = transport_tcp_from_fd(ends_of[1], 1);
    uint32_t said = 0, heard = 0;
    while (say(a, said))
        said++;
    CHECK(a->is_connected(a)); /* it is full, not broken */
    CHECK(!say(a, said) && !say(a, said));
    while (heard < said + 100) {
        message_t *msg = b->recv(b);
        if (msg != NULL) {
            CHECK(is_right(msg, heard++));
            message_destroy(msg);
        }
        if (heard > said / 2 && say(a, said)) said++;
        if (msg == NULL) CHECK(a->recv(a) == NULL); /* writes on */
        if (said > 2000) break;
    }
    CHECK(heard > ROUNDS);
    a->destroy(a);
    b->destroy(b);
}

TEST(datagrams_go_both_ways) {
    transport_t *b = transport_udp_bind("127.0.0.1", 0, 1);
    CHECK(b != NULL);
    struct sockaddr_in at = {0};
    socklen_t size = sizeof at;
    CHECK_EQ(getsockname(b->fd, (struct sockaddr *)&at, &size), 0);
    transport_t *a = transport_udp_connect("127.0.0.1", ntohs(at.sin_port), 2);
    CHECK(a != NULL);
    CHECK(!say(a, 49)); /* more than a datagram carries */
    for (uint32_t i = 0; i < 40; i++) {
        CHECK(say(a, i));
        CHECK(wait_for(b));
        message_t *msg = b->recv(b);
        CHECK(msg != NULL && is_right(msg, i));
        message_destroy(msg);
        CHECK(say(b, i));
        CHECK(wait_for(a));
        msg = a->recv(a);
        CHECK(msg != NULL && is_right(msg, i));
        message_destroy(msg);
    }
    a->destroy(a);
    b->destroy(b);
}

TEST_TABLE(transports, TEST_ROW(a_child_and_its_parent_converse_over_unix),
           TEST_ROW(a_child_and_its_parent_converse_over_tcp),
           TEST_ROW(a_descriptor_of_the_program_becomes_a_transport),
           TEST_ROW(tcp_does_not_hold_small_messages_back),
           TEST_ROW(a_killed_peer_is_an_end_and_the_next_one_is_accepted),
           TEST_ROW(a_flood_nobody_reads_is_bounded_and_stays_whole),
           TEST_ROW(datagrams_go_both_ways))
