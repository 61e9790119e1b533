/* SPDX-License-Identifier: Apache-2.0 */
/* mount, unmount, nodes, and what other commands say about actors of other nodes; the
 * other node lives in the same simulated world. */
#include "shell_support.h"

#include "base/alloc.h"
#include "ipc/peer.h"
#include "microkernel/caps.h"
#include "microkernel/mount.h"
#include "microkernel/nodes.h"

#include <inttypes.h>
#include <stdio.h>

static runtime_t *far;      /* node 2, "far" */
static actor_id_t far_echo; /* its worker */

static actor_id_t spawn_far(const char *name) {
    actor_id_t id = actor_spawn(far, worker_behave, NULL, NULL, 16);
    CHECK(id != ACTOR_ID_INVALID);
    CHECK_EQ(names_register(far, name, id), MK_OK);
    return id;
}

/* This node, and another one that listens at its own port. */
static void open_two(void) {
    open_world((shell_options_t){.console = ACTOR_ID_INVALID});
    CHECK(ns_actor_init(world.rt) != ACTOR_ID_INVALID);
    far = runtime_init(2, 4096);
    CHECK(far != NULL);
    CHECK_EQ(node_set_identity(far, "far"), MK_OK);
    CHECK(ns_actor_init(far) != ACTOR_ID_INVALID);
    CHECK(caps_actor_init(far) != ACTOR_ID_INVALID);
    far_echo = spawn_far("echo");
    CHECK_EQ(names_register(far, "/demo/echo", far_echo), MK_OK);
    CHECK_EQ(nodes_listen(far, NULL), MK_MOUNT_PORT);
}

static void close_two(void) {
    if (far != NULL) runtime_destroy(far);
    far = NULL;
    close_world();
}

static void step_both(void) {
    runtime_step(world.rt);
    if (far != NULL) runtime_step(far);
}

/* One line, until it is answered, time passing a millisecond at a time when nothing
 * else happens; what was written. */
static const char *run_both(const char *line) {
    size_t before = world.prompts;
    forget_output();
    say(line);
    for (int ms = 0; ms < 20000 && world.prompts == before; ms++) {
        for (int i = 0; i < 20; i++)
            step_both();
        sim_advance(1000000);
    }
    CHECK_EQ(world.prompts, before + 1);
    return world.out;
}

static void check_fails(const char *line, const char *problem, int status) {
    CHECK_STR(run_both(line), problem);
    CHECK_EQ(world.prompt.status, status);
}

TEST(mount_says_whom_it_mounted_and_names_are_there) {
    open_two();
    CHECK_STR(run_both("nodes"), "(no other node; 'mount HOST' connects one)\n");
    CHECK_STR(run_both("nodes --json"), "[]\n");
    CHECK_STR(run_both("mount 127.0.0.1"), "Mounted: far\n");
    CHECK_EQ(world.prompt.status, SHELL_OK);
    CHECK_STR(run_both("ls /demo"), "/demo/echo=8589934595 @far\n");
    CHECK_STR(run_both("ls echo"), "echo=8589934595 @far\n");
    CHECK_STR(run_both("ls /node/far/demo"), "/node/far/demo/echo=8589934595 @far\n");
    CHECK_STR(run_both("lookup echo"), "8589934595\n");
    CHECK_STR(run_both("lookup --json echo"),
              "{\"name\":\"echo\",\"id\":\"8589934595\","
              "\"node_id\":2,\"node\":\"far\"}\n");
    CHECK_STR(run_both("call echo 1003 hi"),
              "[reply] type=1004 from=0x000000200000003 size=2 \"hi\"\n");
    CHECK_STR(run_both("call /node/far/echo 1003 hi"),
              "[reply] type=1004 from=0x000000200000003 size=2 \"hi\"\n");
    check_fails("register echo",
                "Failed to register 'echo': taken by an actor of node far\n",
                SHELL_FAILED);
    CHECK(strstr(run_both("info"), "\nTransports: 1\n") != NULL);
    CHECK(strncmp(run_both("nodes"), "  ID         NODE", 17) == 0);
    CHECK(strstr(world.out, "\n  2          far              up ") != NULL);
    CHECK(strstr(world.out, "127.0.0.1:4200 (not keyed)\n") != NULL);
    CHECK(strstr(run_both("nodes --json"),
                 "[{\"node_id\":2,\"node\":\"far\",\"state\":\"up\","
                 "\"address\":\"127.0.0.1:4200\",\"is_ours\":true,") != NULL);
    close_two();
}

TEST(caps_takes_the_name_of_a_node) {
    open_two();
    CHECK_STR(run_both("mount 127.0.0.1:4200"), "Mounted: far\n");
    CHECK(strstr(run_both("caps far"), "identity=far\nnode_id=2\n") != NULL);
    CHECK(strstr(world.out, "transports=1\n") != NULL);
    CHECK(strstr(run_both("caps --json far"), "\"identity\":\"far\"") != NULL);
    CHECK(strstr(run_both("caps"), "identity=box\n") != NULL);
    check_fails("caps nowhere", "Unknown target: nowhere\n", SHELL_NO_NAME);
    close_two();
}

TEST(unmount_by_name_number_and_target) {
    static const char *const names[] = {"far", "2", "127.0.0.1:4200", "127.0.0.1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[64];
        char want[64];
        open_two();
        CHECK_STR(run_both("mount 127.0.0.1:4200"), "Mounted: far\n");
        (void)snprintf(line, sizeof line, "unmount %s", names[i]);
        (void)snprintf(want, sizeof want, "Unmounted %s\n", names[i]);
        CHECK_STR(run_both(line), want);
        check_fails("lookup echo", "Not found: echo\n", SHELL_NO_NAME);
        (void)snprintf(want, sizeof want, "Not mounted: %s\n", names[i]);
        check_fails(line, want, SHELL_NO_NAME);
        close_two();
    }
}

TEST(each_refusal_has_its_sentence_and_code) {
    open_two();
    check_fails("mount", "Usage: mount [-t TIME] [--json] <host[:port]>\n",
                SHELL_USAGE);
    check_fails("mount 'a b'",
                "mount: 'a b' is no host, host:port, [v6]:port or unix:/path\n",
                SHELL_USAGE);
    check_fails("mount 127.0.0.1:4201",
                "Mount failed: cannot connect to 127.0.0.1:4201: refused\n",
                SHELL_UNREACHABLE);
    (void)run_both("mount nosuch.example");
    CHECK_EQ(world.prompt.status, SHELL_NO_NAME);
    CHECK(strstr(world.out, "nosuch.example") != NULL);
    CHECK_STR(run_both("mount 127.0.0.1"), "Mounted: far\n");
    check_fails("mount 127.0.0.1",
                "Mount failed: that is mounted already, or being mounted\n",
                SHELL_REFUSED);
    (void)run_both("mount --json 127.0.0.1:4201");
    CHECK_STR(world.out, "{\"error\":\"Mount failed: cannot connect to 127.0.0.1:4201: "
                         "refused\",\"status\":6}\n");
    close_two();
}

TEST(its_own_node_and_a_taken_name_are_refused) {
    open_two();
    CHECK_EQ(node_set_identity(far, "box"), MK_OK);
    (void)run_both("mount 127.0.0.1");
    CHECK_EQ(world.prompt.status, SHELL_REFUSED);
    CHECK(strstr(world.out, "Mount failed: ") != NULL);
    CHECK(strstr(world.out, "name") != NULL);
    nodes_listen_options_t options = {.port = 4300};
    CHECK_EQ(nodes_listen(world.rt, &options), 4300);
    (void)run_both("mount 127.0.0.1:4300");
    CHECK_EQ(world.prompt.status, SHELL_REFUSED);
    CHECK(strstr(world.out, "this node itself") != NULL);
    close_two();
}

TEST(a_mount_that_is_interrupted_is_taken_back) {
    open_two();
    say("mount 127.0.0.1; whoami"); /* nobody there says a word yet */
    for (int i = 0; i < 20; i++)
        runtime_step(world.rt);
    CHECK_EQ(world.prompts, 0);
    say_bytes("\x03", 1);
    for (int i = 0; i < 200; i++)
        step_both();
    CHECK_EQ(world.prompts, 1);
    CHECK_EQ(world.prompt.status, SHELL_INTERRUPTED);
    CHECK_STR(run_both("nodes"), "(no other node; 'mount HOST' connects one)\n");
    close_two();
}

TEST(what_a_call_says_when_the_other_node_has_nobody_or_goes) {
    open_two();
    CHECK_STR(run_both("mount 127.0.0.1"), "Mounted: far\n");
    check_fails("call 8589935592 1 x", "No such actor: 0x0000002000003e8\n",
                SHELL_NO_NAME);
    check_fails("call -t 50ms echo 1005 x", "Timeout (50ms)\n", SHELL_TIMEOUT);
    char text[80];
    snprintf(text, sizeof text, "No reply: 0x%015" PRIx64 " ended (crashed: paper)\n",
             (uint64_t)far_echo);
    check_fails("call echo 1002 paper", text, SHELL_FAILED);
    snprintf(text, sizeof text, "No reply: 0x%015" PRIx64 " cannot be reached (",
             (uint64_t)spawn_far("other"));
    (void)run_both("whoami");
    forget_output();
    say("call other 1005 x");
    for (int i = 0; i < 200; i++)
        step_both();
    runtime_destroy(far);
    far = NULL;
    for (int i = 0; i < 200; i++)
        step_both();
    CHECK(strstr(world.out, text) != NULL);
    CHECK_EQ(world.prompt.status, SHELL_UNREACHABLE);
    check_fails("send 8589935592 1 x",
                "Cannot reach 8589935592: node 2 is not connected\n",
                SHELL_UNREACHABLE);
    close_two();
}

/* --- MSG_MOUNT_REQUEST --- */

typedef struct {
    size_t size; /* of the request */
    uint8_t request[64];
    char answer[200]; /* of the last MSG_MOUNT_RESPONSE: its bytes, and a NUL */
    size_t answers;
} asker_t;

static bool ask_mount(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    asker_t *asker = state;
    (void)self;
    if (msg->type == 1)
        return actor_send(rt, world.shell, MSG_MOUNT_REQUEST, asker->request,
                          asker->size);
    if (msg->type != MSG_MOUNT_RESPONSE) return true;
    CHECK(msg->payload_size > 0 && msg->payload_size < sizeof asker->answer);
    memcpy(asker->answer, msg->payload, msg->payload_size);
    asker->answer[msg->payload_size] = '\0';
    asker->answers++;
    return true;
}

static void set_request(asker_t *asker, const char *host, uint16_t port) {
    size_t size = strlen(host);
    asker->request[0] = (uint8_t)size;
    memcpy(asker->request + 1, host, size);
    asker->request[1 + size] = (uint8_t)(port & 0xff);
    asker->request[2 + size] = (uint8_t)(port >> 8);
    asker->size = size + 3;
}

static void ask_and_wait(actor_id_t id, const asker_t *asker) {
    size_t before = asker->answers;
    CHECK(actor_send(world.rt, id, 1, NULL, 0));
    for (int ms = 0; ms < 20000 && asker->answers == before; ms++) {
        for (int i = 0; i < 20; i++)
            step_both();
        sim_advance(1000000);
    }
    CHECK_EQ(asker->answers, before + 1);
}

TEST(actors_of_this_node_may_ask_for_a_mount) {
    open_two();
    asker_t asker = {.size = 0};
    actor_id_t id = actor_spawn(world.rt, ask_mount, &asker, NULL, 8);
    CHECK(id != ACTOR_ID_INVALID);
    ask_and_wait(id, &asker);
    CHECK_STR(asker.answer, "\1a mount request is: length, host, port");
    set_request(&asker, "127.0.0.1", 4201);
    ask_and_wait(id, &asker);
    CHECK_STR(asker.answer, "\1cannot connect to 127.0.0.1:4201: refused");
    set_request(&asker, "127.0.0.1", 0);
    ask_and_wait(id, &asker);
    CHECK_EQ(asker.answer[0], 0);
    CHECK_STR(asker.answer + 1, "far");
    ask_and_wait(id, &asker);
    CHECK_STR(asker.answer, "\1that is mounted, or being mounted");
    close_two();
}

/* --- an asker whose mailbox is always full --- */

static void crowd(actor_id_t id) {
    while (actor_send(world.rt, id, 2, NULL, 0)) {
    }
}

/* It asks; whatever it takes out of its mailbox, something else is there at once. */
static void ask_in_a_crowd(actor_id_t id, asker_t *asker, int ms_max) {
    size_t before = asker->answers;
    CHECK(actor_send(world.rt, id, 1, NULL, 0));
    for (int ms = 0; ms < ms_max && asker->answers == before; ms++) {
        for (int i = 0; i < 20; i++) {
            crowd(id);
            step_both();
        }
        sim_advance(1000000);
    }
}

TEST(what_became_of_a_mount_passes_a_full_mailbox) {
    open_two();
    asker_t asker = {.size = 0};
    actor_id_t id = actor_spawn(world.rt, ask_mount, &asker, NULL, 8);
    set_request(&asker, "127.0.0.1", 4201);
    ask_in_a_crowd(id, &asker, 20000);
    CHECK_STR(asker.answer, "\1cannot connect to 127.0.0.1:4201: refused");
    set_request(&asker, "127.0.0.1", 0);
    ask_in_a_crowd(id, &asker, 20000);
    CHECK_EQ(asker.answers, 2);
    CHECK_STR(asker.answer + 1, "far");
    CHECK_EQ(runtime_counters(world.rt).dead_letters, 0);
    close_two();
}

static bool keep_lost_answers(const char *line, size_t size, void *ctx) {
    (void)size;
    if (strstr(line, "the answer to a mount request is lost") != NULL) ++*(int *)ctx;
    return true;
}

TEST(a_refusal_that_finds_no_room_is_a_dead_letter_and_logged) {
    open_two();
    int lines = 0;
    CHECK_EQ(log_enable(world.rt), MK_OK);
    CHECK(log_add_sink(world.rt, keep_lost_answers, &lines, LOG_LINE_TEXT) > 0);
    asker_t asker = {.size = 0}; /* which is no request */
    actor_id_t id = actor_spawn(world.rt, ask_mount, &asker, NULL, 8);
    uint64_t refused = runtime_counters(world.rt).refused;
    ask_in_a_crowd(id, &asker, 100);
    CHECK_EQ(asker.answers, 0);
    CHECK_EQ(runtime_counters(world.rt).dead_letters, 1);
    CHECK(runtime_counters(world.rt).refused > refused);
    log_flush(world.rt);
    CHECK_EQ(lines, 1);
    close_two();
}

/* Node 2 listens; the `nth` allocation fails while the request is served, and all that
 * follow in that turn. */
TEST(a_mount_request_that_finds_no_memory_is_answered_or_counted) {
    bool is_hit = true;
    for (size_t nth = 1; is_hit; nth++) {
        open_two();
        asker_t asker = {.size = 0};
        actor_id_t id = actor_spawn(world.rt, ask_mount, &asker, NULL, 8);
        set_request(&asker, "127.0.0.1", 0);
        CHECK(actor_send(world.rt, id, 1, NULL, 0));
        runtime_step(world.rt);
        mk_alloc_fail_at(nth, true);
        runtime_step(world.rt);
        is_hit = mk_alloc_fail_hit();
        mk_alloc_fail_at(0, false);
        uint64_t dead = runtime_counters(world.rt).dead_letters;
        for (int ms = 0; ms < 20000 && asker.answers + dead == 0; ms++) {
            for (int i = 0; i < 20; i++)
                step_both();
            sim_advance(1000000);
        }
        CHECK_EQ(asker.answers + dead, 1);
        if (asker.answers == 1 && asker.answer[0] == 0)
            CHECK_STR(asker.answer + 1, "far");
        close_two();
    }
}

TEST_TABLE(cmd_nodes, TEST_ROW(mount_says_whom_it_mounted_and_names_are_there),
           TEST_ROW(caps_takes_the_name_of_a_node),
           TEST_ROW(unmount_by_name_number_and_target),
           TEST_ROW(each_refusal_has_its_sentence_and_code),
           TEST_ROW(its_own_node_and_a_taken_name_are_refused),
           TEST_ROW(a_mount_that_is_interrupted_is_taken_back),
           TEST_ROW(what_a_call_says_when_the_other_node_has_nobody_or_goes),
           TEST_ROW(actors_of_this_node_may_ask_for_a_mount),
           TEST_ROW(what_became_of_a_mount_passes_a_full_mailbox),
           TEST_ROW(a_refusal_that_finds_no_room_is_a_dead_letter_and_logged),
           TEST_ROW(a_mount_request_that_finds_no_memory_is_answered_or_counted))
