/* SPDX-License-Identifier: Apache-2.0 */
/* Watches on real descriptors: many at once, and numbers that come back. */
#include "support/test.h"

#include "microkernel/runtime.h"
#include "microkernel/watch.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { START = 1, MANY = 4000 };

typedef struct {
    int fds[MANY];
    unsigned count; /* of fds */
    unsigned seen;  /* descriptors that were ready */
} reader_t;

static int ready_fd(void) {
    int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(fd >= 0);
    return fd;
}

static void take_value(int fd) {
    uint64_t value = 0;
    CHECK_EQ(read(fd, &value, sizeof value), (int)sizeof value);
    CHECK_EQ(value, 1);
}

/* Watches all, reads each once, drops its watch, and ends with the last one. */
static bool read_all(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    reader_t *reader = state;
    if (msg->type == START) {
        for (unsigned i = 0; i < reader->count; i++)
            CHECK(actor_watch_fd(rt, reader->fds[i], MK_POLL_IN));
        CHECK_EQ(runtime_counters(rt).watches, reader->count);
        return true;
    }
    fd_event_payload_t event;
    CHECK_EQ(msg->type, MSG_FD_EVENT);
    memcpy(&event, msg->payload, sizeof event);
    take_value(event.fd);
    CHECK(actor_unwatch_fd(rt, event.fd));
    return ++reader->seen < reader->count;
}

static void run_reader(reader_t *reader, size_t mailbox_size) {
    runtime_t *rt = runtime_init(1, 4);
    CHECK(rt != NULL);
    actor_id_t id = actor_spawn(rt, read_all, reader, NULL, mailbox_size);
    CHECK(actor_send(rt, id, START, NULL, 0));
    runtime_run(rt);
    CHECK_EQ(reader->seen, reader->count);
    CHECK_EQ(runtime_counters(rt).watches, 0);
    runtime_destroy(rt);
}

TEST(thousands_of_descriptors_are_watched_at_once) {
    static reader_t reader;
    reader = (reader_t){.count = MANY};
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < MANY + 64) test_skip("this system allows too few descriptors");
    limit.rlim_cur = limit.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (unsigned i = 0; i < MANY; i++)
        reader.fds[i] = ready_fd();
    run_reader(&reader, 16); /* a mailbox far smaller than what is ready */
    for (unsigned i = 0; i < MANY; i++)
        close(reader.fds[i]);
}

/* Watches a descriptor, closes it without dropping the watch, gets the same number
 * again, and watches that. */
static bool watch_twice(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    int *fd = state;
    if (msg->type == START) {
        CHECK(actor_watch_fd(rt, *fd, MK_POLL_IN));
        close(*fd);
        int other = ready_fd();
        if (other != *fd) {
            CHECK_EQ(dup2(other, *fd), *fd);
            close(other);
        }
        CHECK(actor_watch_fd(rt, *fd, MK_POLL_IN));
        CHECK_EQ(runtime_counters(rt).watches, 1);
        return true;
    }
    CHECK_EQ(msg->type, MSG_FD_EVENT);
    take_value(*fd);
    return false;
}

TEST(a_number_that_comes_back_can_be_watched_again) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(fd >= 0);
    runtime_t *rt = runtime_init(1, 4);
    CHECK(rt != NULL);
    actor_id_t id = actor_spawn(rt, watch_twice, &fd, NULL, 4);
    CHECK(actor_send(rt, id, START, NULL, 0));
    runtime_run(rt);
    CHECK(!actor_is_alive(rt, id));
    CHECK_EQ(runtime_counters(rt).watches, 0);
    runtime_destroy(rt);
    close(fd);
}

TEST_TABLE(runtime_watches, TEST_ROW(thousands_of_descriptors_are_watched_at_once),
           TEST_ROW(a_number_that_comes_back_can_be_watched_again))
