/* SPDX-License-Identifier: Apache-2.0 */
/* Two real processes: one mounts the other, talks with its echo, sees it killed, and
 * has it back by itself when it is started again; over tcp, TLS with a key, and a unix
 * socket. */
#include "support/test.h"

#include "microkernel/message.h"
#include "microkernel/mount.h"
#include "microkernel/node.h"
#include "microkernel/runtime.h"
#include "microkernel/types.h"
#include "port/tls.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIVES = 3, MAILS = 1000, SAY = 1, MAIL = 7, ANSWER = 8 };

/* How the two meet. */
typedef struct {
    bool is_keyed;
    char path[200]; /* of a unix socket, or "" */
    uint16_t port;  /* of tcp; 0: not known yet */
} way_t;

/* What the other process says when it listens. */
typedef struct {
    int port;
    actor_id_t echo;
} greeting_t;

static const uint8_t key[MK_KEY_SIZE] = {1, 2, 3};

static bool echo(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self, (void)state;
    (void)actor_send(rt, msg->source, ANSWER, msg->payload, msg->payload_size);
    return true;
}

/* The life of the other process. */
static void live(const way_t *way, int greeting_fd) {
    runtime_t *rt = runtime_init(2, 64);
    nodes_listen_options_t options = {.address = "127.0.0.1",
                                      .unix_path = way->path[0] ? way->path : NULL,
                                      .port = way->port,
                                      .any_port = way->port == 0};
    if (rt == NULL || node_set_identity(rt, "other") < 0) _exit(1);
    if (way->is_keyed && nodes_use_key(rt, key) < 0) _exit(2);
    greeting_t greeting = {.port = nodes_listen(rt, &options),
                           .echo = actor_spawn(rt, echo, NULL, NULL, 2 * MAILS)};
    if (greeting.port < 0) _exit(3);
    if (write(greeting_fd, &greeting, sizeof greeting) != sizeof greeting) _exit(4);
    runtime_run(rt);
    _exit(5);
}

/* Begin a life; its process. */
static pid_t bear(way_t *way, greeting_t *greeting) {
    int fds[2];
    CHECK_EQ(pipe(fds), 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        live(way, fds[1]);
    }
    close(fds[1]);
    ssize_t got = read(fds[0], greeting, sizeof *greeting);
    close(fds[0]);
    CHECK_EQ(got, (ssize_t)sizeof *greeting);
    way->port = (uint16_t)greeting->port;
    return pid;
}

static void kill_now(pid_t pid) {
    int status;
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
}

/* Whoever talks with it. */
typedef struct {
    way_t *way;
    pid_t pid;
    greeting_t greeting;
    unsigned lives; /* begun */
    unsigned answers, refused, downs;
    int mounted; /* status of MSG_MOUNT_DONE */
    bool is_over;
} talk_t;

static void begin_talk(runtime_t *rt, talk_t *talk) {
    char target[MK_TARGET_MAX];
    if (talk->way->path[0])
        (void)snprintf(target, sizeof target, "unix:%s", talk->way->path);
    else
        (void)snprintf(target, sizeof target, "127.0.0.1:%u",
                       (unsigned)talk->way->port);
    CHECK_EQ(nodes_subscribe(rt), MK_OK);
    CHECK_EQ(nodes_mount(rt, target, NULL), MK_OK);
}

static void say_all(runtime_t *rt, talk_t *talk) {
    for (uint32_t i = 0; i < MAILS; i++)
        talk->refused += !actor_send(rt, talk->greeting.echo, MAIL, &i, sizeof i);
}

static void take_answer(talk_t *talk, const message_t *msg) {
    uint32_t number;
    CHECK_EQ(msg->payload_size, sizeof number);
    memcpy(&number, msg->payload, sizeof number);
    CHECK_EQ(number, talk->answers % MAILS); /* all, in order */
    if (++talk->answers % MAILS == 0) kill_now(talk->pid);
}

static void take_down(runtime_t *rt, talk_t *talk) {
    talk->downs++;
    talk->is_over = talk->downs == LIVES;
    if (talk->is_over)
        runtime_stop(rt);
    else
        talk->pid = bear(talk->way, &talk->greeting);
}

static bool talk_with(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    talk_t *talk = state;
    (void)self;
    switch (msg->type) {
    case SAY: begin_talk(rt, talk); break;
    case MSG_NODE_UP: say_all(rt, talk); break;
    case MSG_NODE_DOWN: take_down(rt, talk); break;
    case ANSWER: take_answer(talk, msg); break;
    case MSG_MOUNT_DONE:
        talk->mounted = ((const mount_done_payload_t *)msg->payload)->status;
        if (talk->mounted != MK_OK) runtime_stop(rt);
        break;
    default: break;
    }
    return true;
}

static void live_and_die(way_t way) {
    talk_t talk = {.way = &way, .mounted = 1};
    talk.pid = bear(&way, &talk.greeting);
    runtime_t *rt = runtime_init(1, 64);
    CHECK(rt != NULL);
    CHECK_EQ(node_set_identity(rt, "one"), MK_OK);
    if (way.is_keyed) CHECK_EQ(nodes_use_key(rt, key), MK_OK);
    actor_id_t id = actor_spawn(rt, talk_with, &talk, NULL, 2 * MAILS);
    CHECK(actor_send(rt, id, SAY, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(talk.mounted, MK_OK);
    CHECK(talk.is_over);
    CHECK_EQ(talk.answers, LIVES * MAILS);
    CHECK_EQ(talk.refused, 0);
    runtime_destroy(rt);
}

TEST(nodes_of_two_processes_over_tcp) {
    live_and_die((way_t){.is_keyed = false});
}

TEST(nodes_of_two_processes_over_tls) {
    if (!port_tls_is_available()) test_skip("this build has no TLS");
    live_and_die((way_t){.is_keyed = true});
}

TEST(nodes_of_two_processes_over_a_unix_socket) {
    way_t way = {.is_keyed = false};
    char folder[100] = "/tmp/nodes-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(way.path, sizeof way.path, "%s/other.sock", folder);
    live_and_die(way);
    (void)unlink(way.path); /* who is killed leaves its file */
    CHECK_EQ(rmdir(folder), 0);
}

/* The names of old, from a program that waits. */
TEST(nodes_of_two_processes_by_the_names_of_old) {
    way_t way = {.is_keyed = false};
    greeting_t greeting;
    mount_result_t result;
    pid_t pid = bear(&way, &greeting);
    runtime_t *rt = runtime_init(1, 64);
    CHECK(rt != NULL);
    CHECK_EQ(node_set_identity(rt, "one"), MK_OK);
    CHECK_EQ(ns_mount_connect(rt, "127.0.0.1", way.port, &result), 0);
    CHECK_EQ(result.node_id, 2);
    CHECK_STR(result.identity, "other");
    CHECK(actor_send(rt, greeting.echo, MAIL, NULL, 0));
    kill_now(pid);
    CHECK_EQ(ns_mount_connect(rt, "127.0.0.1", 1, &result), -1); /* nobody there */
    runtime_destroy(rt);
}

TEST_TABLE(nodes, TEST_ROW(nodes_of_two_processes_over_tcp),
           TEST_ROW(nodes_of_two_processes_over_tls),
           TEST_ROW(nodes_of_two_processes_over_a_unix_socket),
           TEST_ROW(nodes_of_two_processes_by_the_names_of_old))
