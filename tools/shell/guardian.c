/* SPDX-License-Identifier: Apache-2.0 */
/* guardian.c - see guardian.h.
 *
 * Its state is static because signal handlers have no argument, and a process has one
 * set of them. A handler notes the signal, puts back what stood there before, and wakes
 * the actor through an eventfd; everything else happens in the actor's turn. */
#include "guardian.h"

#include "microkernel/crash.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/shell.h"
#include "microkernel/timer.h"
#include "microkernel/watch.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    MSG_GUARDIAN_BEGIN = 1,
    MAILBOX = 16,
    LOOK_MS = 5,    /* between two looks whether all is written */
    LOOKS_MAX = 200 /* then the disk is not waited for */
};

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNAL_COUNT = sizeof signals / sizeof signals[0] };

static struct {
    actor_id_t console;
    int wake_fd;    /* eventfd */
    int end_signal; /* SIGTERM or SIGHUP; 0: none came */
    unsigned looks; /* since the console has ended */
    volatile sig_atomic_t is_caught[SIGNAL_COUNT];
    struct sigaction before[SIGNAL_COUNT];
} guardian;

static void on_signal(int number) {
    static const uint64_t one = 1;
    int errno_before = errno;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (signals[i] != number) continue;
        guardian.is_caught[i] = 1;
        sigaction(number, &guardian.before[i], NULL);
    }
    ssize_t put = write(guardian.wake_fd, &one, sizeof one);
    (void)put; /* full only when it was told often enough */
    errno = errno_before;
}

static void install(size_t index, struct sigaction *before) {
    struct sigaction action;
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(signals[index], &action, before);
}

static void install_all(void) {
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        sigaction(signals[i], NULL, &guardian.before[i]);
        bool is_ignored = (guardian.before[i].sa_flags & SA_SIGINFO) == 0 &&
                          guardian.before[i].sa_handler == SIG_IGN;
        if (!is_ignored) install(i, NULL);
    }
}

/* --- the actor --- */

static void pass_on(runtime_t *rt, size_t index) {
    static const char interrupt = SHELL_INPUT_INTERRUPT;
    if (signals[index] == SIGINT) {
        (void)actor_send(rt, guardian.console, MSG_SHELL_INPUT, &interrupt, 1);
        install(index, NULL); /* somebody listens: the next one is another Ctrl-C */
    } else {
        guardian.end_signal = signals[index];
        (void)actor_shutdown(rt, guardian.console);
    }
}

static void take_signals(runtime_t *rt) {
    uint64_t times;
    if (read(guardian.wake_fd, &times, sizeof times) < 0) return;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (!guardian.is_caught[i]) continue;
        guardian.is_caught[i] = 0;
        pass_on(rt, i);
    }
}

/* The console has ended. */
static void finish(runtime_t *rt) {
    crash_facts_t crashes = crash_facts(rt);
    bool is_waiting = crashes.is_open && crashes.unwritten > 0 &&
                      crashes.last_error == MK_OK && guardian.looks++ < LOOKS_MAX;
    if (!is_waiting || actor_set_timer(rt, LOOK_MS, false) == TIMER_ID_INVALID)
        runtime_stop(rt);
}

static void begin(runtime_t *rt) {
    (void)names_register_own(rt, "guardian", actor_self(rt));
    (void)actor_watch_fd(rt, guardian.wake_fd, MK_POLL_IN);
    /* Nobody would stop the runtime. */
    if (actor_monitor(rt, guardian.console) == 0) runtime_stop(rt);
}

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    switch (msg->type) {
    case MSG_GUARDIAN_BEGIN: begin(rt); return true;
    case MSG_FD_EVENT: take_signals(rt); return true;
    case MSG_TIMER:
    case MSG_DOWN: finish(rt); return true;
    default: return msg->type != MSG_SHUTDOWN;
    }
}

bool guardian_start(runtime_t *rt, actor_id_t console) {
    guardian.console = console;
    guardian.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (guardian.wake_fd < 0) return false;
    actor_id_t id = actor_spawn(rt, behave, NULL, NULL, MAILBOX);
    if (id == ACTOR_ID_INVALID || !actor_send(rt, id, MSG_GUARDIAN_BEGIN, NULL, 0)) {
        errno = ENOMEM;
        return false;
    }
    install_all();
    return true;
}

int guardian_signal(void) {
    return guardian.end_signal;
}
