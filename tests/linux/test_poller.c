/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "port/clock.h"
#include "port/poller.h"
#include "port/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char tags[8];

typedef struct {
    port_poller_t *poller;
    int reader; /* of a pipe */
    int writer;
} world_t;

static world_t begin(void) {
    int ends[2];
    CHECK_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    world_t world = {port_poller_open(), ends[0], ends[1]};
    CHECK(world.poller != NULL);
    return world;
}

static void end(world_t *world) {
    port_poller_close(world->poller);
    if (world->reader >= 0) close(world->reader);
    if (world->writer >= 0) close(world->writer);
}

static uint64_t in_ms(uint64_t ms) {
    return port_clock_monotonic_ns() + ms * 1000000u;
}

TEST(bits_are_those_of_poll) {
    CHECK_EQ(PORT_POLL_IN, POLLIN);
    CHECK_EQ(PORT_POLL_PRI, POLLPRI);
    CHECK_EQ(PORT_POLL_OUT, POLLOUT);
    CHECK_EQ(PORT_POLL_ERR, POLLERR);
    CHECK_EQ(PORT_POLL_HUP, POLLHUP);
}

TEST(a_pipe_with_bytes_is_ready_as_long_as_they_wait) {
    world_t world = begin();
    port_event_t event;
    CHECK_EQ(port_poller_add(world.poller, world.reader, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_wait(world.poller, &event, 1, 0), 0);
    CHECK_EQ(write(world.writer, "x", 1), 1);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(port_poller_wait(world.poller, &event, 1, PORT_WAIT_FOR_EVER), 1);
        CHECK(event.tag == tags);
        CHECK_EQ(event.events, PORT_POLL_IN);
    }
    char byte;
    CHECK_EQ(read(world.reader, &byte, 1), 1);
    CHECK_EQ(port_poller_wait(world.poller, &event, 1, 0), 0);
    end(&world);
}

TEST(interest_and_tag_can_be_changed) {
    world_t world = begin();
    port_event_t event;
    CHECK_EQ(port_poller_change(world.poller, world.writer, 0, tags), MK_EINVAL);
    CHECK_EQ(port_poller_add(world.poller, world.writer, 0, tags), MK_OK);
    CHECK_EQ(port_poller_wait(world.poller, &event, 1, 0), 0);
    CHECK_EQ(port_poller_change(world.poller, world.writer, PORT_POLL_OUT, tags + 1),
             MK_OK);
    CHECK_EQ(port_poller_wait(world.poller, &event, 1, 0), 1);
    CHECK(event.tag == tags + 1);
    CHECK_EQ(event.events, PORT_POLL_OUT);
    end(&world);
}

TEST(a_hangup_is_reported_without_being_asked_for) {
    world_t world = begin();
    port_event_t event;
    CHECK_EQ(port_poller_add(world.poller, world.reader, 0, tags), MK_OK);
    close(world.writer);
    world.writer = -1;
    CHECK_EQ(port_poller_wait(world.poller, &event, 1, PORT_WAIT_FOR_EVER), 1);
    CHECK_EQ(event.events, PORT_POLL_HUP);
    end(&world);
}

TEST(what_cannot_be_waited_for_is_refused_by_name) {
    world_t world = begin();
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0);
    CHECK_EQ(port_poller_add(world.poller, file, PORT_POLL_IN, tags), MK_EPERM);
    close(file);
    CHECK_EQ(port_poller_add(world.poller, file, PORT_POLL_IN, tags), MK_EINVAL);
    CHECK_EQ(port_poller_add(world.poller, -1, PORT_POLL_IN, tags), MK_EINVAL);
    CHECK_EQ(port_poller_add(world.poller, world.reader, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_add(world.poller, world.reader, PORT_POLL_IN, tags),
             MK_EEXIST);
    end(&world);
}

TEST(a_removed_handle_is_not_reported_and_may_be_gone) {
    world_t world = begin();
    port_event_t event;
    CHECK_EQ(port_poller_add(world.poller, world.writer, PORT_POLL_OUT, tags), MK_OK);
    port_poller_remove(world.poller, world.writer);
    CHECK_EQ(port_poller_wait(world.poller, &event, 1, 0), 0);
    CHECK_EQ(port_poller_add(world.poller, world.writer, PORT_POLL_OUT, tags), MK_OK);
    close(world.writer);
    port_poller_remove(world.poller, world.writer);
    port_poller_remove(world.poller, -1);
    world.writer = -1;
    CHECK_EQ(port_poller_wait(world.poller, &event, 1, 0), 0);
    end(&world);
}

TEST(more_ready_handles_than_room_all_get_their_turn) {
    enum { PAIRS = 5 };
    world_t world = begin();
    int pairs[PAIRS][2];
    for (int i = 0; i < PAIRS; i++) {
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
        CHECK_EQ(port_poller_add(world.poller, pairs[i][0], PORT_POLL_OUT, tags + i),
                 MK_OK);
    }
    unsigned seen = 0;
    port_event_t events[2];
    for (int round = 0; round < 2 * PAIRS; round++) {
        CHECK_EQ(port_poller_wait(world.poller, events, 2, 0), 2);
        for (int i = 0; i < 2; i++)
            seen |= 1u << ((char *)events[i].tag - tags);
    }
    CHECK_EQ(seen, (1u << PAIRS) - 1);
    CHECK_EQ(port_poller_wait(world.poller, NULL, 0, 0), 0);
    for (int i = 0; i < PAIRS; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    end(&world);
}

TEST(a_wait_does_not_end_before_its_deadline) {
    world_t world = begin();
    port_event_t event;
    for (int i = 0; i < 20; i++) {
        uint64_t deadline_ns = port_clock_monotonic_ns() + 300000u; /* 0.3 ms */
        CHECK_EQ(port_poller_wait(world.poller, &event, 1, deadline_ns), 0);
        CHECK(port_clock_monotonic_ns() >= deadline_ns);
    }
    uint64_t past_ns = port_clock_monotonic_ns() - 1;
    CHECK_EQ(port_poller_wait(world.poller, &event, 1, past_ns), 0);
    end(&world);
}

#if defined(SYS_epoll_pwait2)

/* Let this process see `error` where epoll_pwait2 is called. */
static bool forbid_exact_waits(unsigned error) {
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof program / sizeof program[0], program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

enum { CHILD_IS_WELL = 0, CHILD_CANNOT_TEST = 2, CHILD_FOUND_FAULT = 3 };

static int wait_without_exact_waits(unsigned error) {
    if (!forbid_exact_waits(error)) return CHILD_CANNOT_TEST;
    port_poller_t *poller = port_poller_open();
    if (poller == NULL) return CHILD_FOUND_FAULT;
    for (int i = 0; i < 10; i++) {
        port_event_t event;
        uint64_t deadline_ns = port_clock_monotonic_ns() + 300000u;
        size_t count = port_poller_wait(poller, &event, 1, deadline_ns);
        if (count != 0 || port_clock_monotonic_ns() < deadline_ns)
            return CHILD_FOUND_FAULT;
    }
    port_poller_close(poller);
    return CHILD_IS_WELL;
}

static void check_without_exact_waits(unsigned error) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) _exit(wait_without_exact_waits(error));
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_CANNOT_TEST)
        test_skip("this system does not let a process filter its own calls");
    CHECK_EQ(WEXITSTATUS(status), CHILD_IS_WELL);
}

TEST(deadlines_hold_where_the_system_knows_milliseconds_only) {
    check_without_exact_waits(ENOSYS);
    check_without_exact_waits(EPERM);
}

#else

TEST(deadlines_hold_where_the_system_knows_milliseconds_only) {
    world_t world = begin();
    port_event_t event;
    uint64_t deadline_ns = port_clock_monotonic_ns() + 300000u;
    CHECK_EQ(port_poller_wait(world.poller, &event, 1, deadline_ns), 0);
    CHECK(port_clock_monotonic_ns() >= deadline_ns);
    end(&world);
}

#endif

TEST(many_wakes_end_one_wait) {
    world_t world = begin();
    port_event_t event;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++)
            port_poller_wake(world.poller);
        CHECK_EQ(port_poller_wait(world.poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
        uint64_t deadline_ns = in_ms(1);
        CHECK_EQ(port_poller_wait(world.poller, &event, 1, deadline_ns), 0);
        CHECK(port_clock_monotonic_ns() >= deadline_ns);
    }
    end(&world);
}

typedef struct {
    port_poller_t *poller;
    atomic_uint asked; /* of the other thread */
    unsigned answered; /* by it; guarded by nothing but the wake */
} mailbox_t;

enum { ROUNDS = 2000 };

static void answer(void *arg) {
    mailbox_t *mailbox = arg;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        while (atomic_load_explicit(&mailbox->asked, memory_order_acquire) < round)
            continue;
        mailbox->answered = round;
        port_poller_wake(mailbox->poller);
    }
}

static void ask_for_answers(bool expects) {
    world_t world = begin();
    mailbox_t mailbox;
    port_event_t event;
    port_thread_t *thread;
    mailbox.poller = world.poller;
    mailbox.answered = 0;
    atomic_init(&mailbox.asked, 0);
    CHECK_EQ(port_thread_start(&thread, answer, &mailbox), MK_OK);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        atomic_store_explicit(&mailbox.asked, round, memory_order_release);
        if (expects) port_poller_expect(world.poller);
        CHECK_EQ(port_poller_wait(world.poller, &event, 1, PORT_WAIT_FOR_EVER), 0);
        CHECK_EQ(mailbox.answered, round);
    }
    port_thread_join(thread);
    end(&world);
}

TEST(a_wake_from_another_thread_is_never_lost_and_carries_what_was_written) {
    ask_for_answers(false);
}

TEST(nor_is_one_that_is_expected) {
    ask_for_answers(true);
}

/* The second time the poller is patient: the first answer was there at once. */
TEST(an_expected_answer_that_does_not_come_ends_no_wait_early) {
    world_t world = begin();
    port_event_t event;
    char byte = 0;
    CHECK_EQ(port_poller_add(world.poller, world.reader, PORT_POLL_IN, &tags[0]),
             MK_OK);
    for (int round = 0; round < 2; round++) {
        CHECK_EQ(write(world.writer, &byte, 1), 1);
        port_poller_expect(world.poller);
        CHECK_EQ(port_poller_wait(world.poller, &event, 1, PORT_WAIT_FOR_EVER), 1);
        CHECK(event.tag == &tags[0]);
        CHECK_EQ(read(world.reader, &byte, 1), 1);
        uint64_t deadline_ns = in_ms(1);
        port_poller_expect(world.poller);
        CHECK_EQ(port_poller_wait(world.poller, &event, 1, deadline_ns), 0);
        CHECK(port_clock_monotonic_ns() >= deadline_ns);
        port_poller_expect(world.poller);
        CHECK_EQ(port_poller_wait(world.poller, &event, 1, 0), 0); /* only looks */
    }
    end(&world);
}

enum { COUNT_MAX = 1000000 };

typedef struct {
    port_poller_t *poller;
    atomic_uint count; /* of the other thread, up to COUNT_MAX */
} counter_t;

static void count_up(void *arg) {
    counter_t *counter = arg;
    for (unsigned i = 1; i <= COUNT_MAX; i++) {
        atomic_store_explicit(&counter->count, i, memory_order_relaxed);
        port_poller_wake(counter->poller);
    }
}

/* The thread does not wait for the loop, so its wakes fall into every moment of a wait.
 * A lost one is seen by a wait that lasts to its deadline, a minute away. */
TEST(wakes_in_the_middle_of_a_wait_are_not_lost) {
    world_t world = begin();
    counter_t counter;
    port_event_t event;
    port_thread_t *thread;
    bool was_lost = false;
    counter.poller = world.poller;
    atomic_init(&counter.count, 0);
    CHECK_EQ(port_thread_start(&thread, count_up, &counter), MK_OK);
    while (!was_lost &&
           atomic_load_explicit(&counter.count, memory_order_relaxed) < COUNT_MAX) {
        uint64_t deadline_ns = in_ms(60000);
        CHECK_EQ(port_poller_wait(world.poller, &event, 1, deadline_ns), 0);
        was_lost = port_clock_monotonic_ns() >= deadline_ns;
    }
    port_thread_join(thread);
    CHECK(!was_lost);
    end(&world);
}

static volatile sig_atomic_t ticks;

static void tick(int signal_number) {
    (void)signal_number;
    ticks++;
}

TEST(an_interrupted_wait_returns_nothing) {
    world_t world = begin();
    port_event_t event;
    struct sigaction action;
    struct sigaction before;
    struct itimerval often = {{0, 1000}, {0, 1000}};
    struct itimerval never = {{0, 0}, {0, 0}};
    action.sa_handler = tick;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    ticks = 0;
    CHECK_EQ(sigaction(SIGALRM, &action, &before), 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
    size_t count = port_poller_wait(world.poller, &event, 1, PORT_WAIT_FOR_EVER);
    CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
    CHECK_EQ(sigaction(SIGALRM, &before, NULL), 0);
    CHECK_EQ(count, 0);
    CHECK(ticks > 0);
    end(&world);
}

static void open_and_close(void *arg) {
    (void)arg;
    port_poller_close(port_poller_open());
}

static void set_descriptor_limit(const struct rlimit *old, rlim_t limit) {
    struct rlimit limited = {limit, old->rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limited), 0);
}

TEST(opening_without_memory_or_descriptors_fails_cleanly) {
    test_each_alloc_failure(open_and_close, NULL);
    struct rlimit old;
    int lowest = dup(STDOUT_FILENO);
    CHECK(lowest >= 0);
    close(lowest);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
    set_descriptor_limit(&old, (rlim_t)lowest); /* not even the first of two */
    port_poller_t *without_any = port_poller_open();
    set_descriptor_limit(&old, (rlim_t)lowest + 1);
    port_poller_t *without_second = port_poller_open();
    int left_over = dup(STDOUT_FILENO); /* lowest, when nothing was left open */
    set_descriptor_limit(&old, old.rlim_cur);
    close(left_over);
    CHECK(without_any == NULL);
    CHECK(without_second == NULL);
    CHECK_EQ(left_over, lowest);
}

TEST_TABLE(
    poller, TEST_ROW(bits_are_those_of_poll),
    TEST_ROW(a_pipe_with_bytes_is_ready_as_long_as_they_wait),
    TEST_ROW(interest_and_tag_can_be_changed),
    TEST_ROW(a_hangup_is_reported_without_being_asked_for),
    TEST_ROW(what_cannot_be_waited_for_is_refused_by_name),
    TEST_ROW(a_removed_handle_is_not_reported_and_may_be_gone),
    TEST_ROW(more_ready_handles_than_room_all_get_their_turn),
    TEST_ROW(a_wait_does_not_end_before_its_deadline),
    TEST_ROW(deadlines_hold_where_the_system_knows_milliseconds_only),
    TEST_ROW(many_wakes_end_one_wait),
    TEST_ROW(a_wake_from_another_thread_is_never_lost_and_carries_what_was_written),
    TEST_ROW(nor_is_one_that_is_expected),
    TEST_ROW(an_expected_answer_that_does_not_come_ends_no_wait_early),
    TEST_ROW(wakes_in_the_middle_of_a_wait_are_not_lost),
    TEST_ROW(an_interrupted_wait_returns_nothing),
    TEST_ROW(opening_without_memory_or_descriptors_fails_cleanly))
