/* SPDX-License-Identifier: Apache-2.0 */
/* poller_epoll.c - port/poller.h on epoll(7), level triggered.
 *
 * Edge triggering would save calls only to readers that empty a descriptor every time;
 * a watch promises a message as long as readiness holds.
 *
 * Being woken: one eventfd stands in the epoll set, and `wake_is_pending` says that it
 * has been written. Many wakes before the loop comes round cost one write. The order in
 * finish_wake matters: the eventfd is emptied first, the flag cleared second. The other
 * way round a wake between the two would leave the flag set over an empty eventfd, and
 * no wake would ever be seen again. A waker that finds the flag still set in between is
 * not lost either: this wait is about to return because of the wake before it, and what
 * that waker had written before its exchange is seen after ours.
 *
 * Deadlines: epoll_pwait2 (Linux 5.11) takes nanoseconds. Where it is missing, or a
 * sandbox forbids it, the milliseconds of epoll_wait are rounded up, so that a wait
 * never ends before its deadline only to be asked for again. The system call is made by
 * number: C libraries learned its name late, and its time format is the same
 * everywhere. Both are given memory that has been initialised, since memory checkers do
 * not know that call.
 *
 * An answer that is expected is asked for over and over before the thread sleeps: to
 * sleep and be woken takes longer than many answers. It does so only after an expected
 * answer has come within MK_BUSY_WAIT_US, so that a slow peer costs one such span, and
 * never where one processor is all there is. */
#include "linux_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "port/clock.h"
#include "port/poller.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BATCH_MAX = 128 }; /* events fetched by one system call */

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

_Static_assert((int)PORT_POLL_IN == (int)EPOLLIN &&
                   (int)PORT_POLL_PRI == (int)EPOLLPRI &&
                   (int)PORT_POLL_OUT == (int)EPOLLOUT &&
                   (int)PORT_POLL_ERR == (int)EPOLLERR &&
                   (int)PORT_POLL_HUP == (int)EPOLLHUP,
               "bits pass through unchanged");

enum {
    ALL_BITS =
        PORT_POLL_IN | PORT_POLL_PRI | PORT_POLL_OUT | PORT_POLL_ERR | PORT_POLL_HUP
};

struct port_poller {
    int epoll_fd;
    int wake_fd;                 /* eventfd; its tag is the poller itself */
    atomic_bool wake_is_pending; /* wake_fd was written and not emptied since */
    bool has_pwait2;             /* until the kernel says otherwise */
    bool has_processors;         /* more than one */
    bool is_expecting;           /* the next wait is for an answer */
    bool is_patient;             /* the last of these was short */
    struct epoll_event fetched[BATCH_MAX];
};

static int control(port_poller_t *poller, int operation, int handle, uint32_t interest,
                   void *tag) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = interest & ALL_BITS;
    event.data.ptr = tag;
    return epoll_ctl(poller->epoll_fd, operation, handle, &event) == 0 ? 0 : errno;
}

port_poller_t *port_poller_open(void) {
    port_poller_t *poller = mk_calloc(1, sizeof *poller);
    if (poller == NULL) return NULL;
    atomic_init(&poller->wake_is_pending, false);
    poller->has_pwait2 = true;
    poller->has_processors = sysconf(_SC_NPROCESSORS_ONLN) > 1;
    poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll_fd < 0) goto no_epoll;
    poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poller->wake_fd < 0) goto no_eventfd;
    if (control(poller, EPOLL_CTL_ADD, poller->wake_fd, PORT_POLL_IN, poller) != 0)
        goto no_wake;
    return poller;
no_wake:
    close(poller->wake_fd);
no_eventfd:
    close(poller->epoll_fd);
no_epoll:
    mk_free(poller);
    return NULL;
}

void port_poller_close(port_poller_t *poller) {
    if (poller == NULL) return;
    close(poller->wake_fd);
    close(poller->epoll_fd);
    mk_free(poller);
}

int port_poller_add(port_poller_t *poller, int handle, uint32_t interest, void *tag) {
    int problem = control(poller, EPOLL_CTL_ADD, handle, interest, tag);
    switch (problem) {
    case 0: return MK_OK;
    case EPERM: return MK_EPERM;
    case EEXIST: return MK_EEXIST;
    case ENOSPC: /* /proc/sys/fs/epoll/max_user_watches */
    case ENOMEM: return MK_ENOMEM;
    default: return MK_EINVAL;
    }
}

int port_poller_change(port_poller_t *poller, int handle, uint32_t interest,
                       void *tag) {
    int problem = control(poller, EPOLL_CTL_MOD, handle, interest, tag);
    return problem == 0 ? MK_OK : MK_EINVAL;
}

/* A descriptor that was closed has left the set by itself. */
void port_poller_remove(port_poller_t *poller, int handle) {
    (void)control(poller, EPOLL_CTL_DEL, handle, 0, NULL);
}

/* --- waiting --- */

#ifdef SYS_epoll_pwait2

/* As the kernel wants it: 64 bits each, on every machine. */
typedef struct {
    long long seconds;
    long long nanoseconds;
} kernel_time_t;

static int wait_exactly(port_poller_t *poller, int cap, uint64_t left_ns) {
    kernel_time_t time = {(long long)(left_ns / NS_PER_S),
                          (long long)(left_ns % NS_PER_S)};
    return (int)syscall(SYS_epoll_pwait2, poller->epoll_fd, poller->fetched, cap, &time,
                        NULL, (size_t)0);
}

#else

static int wait_exactly(port_poller_t *poller, int cap, uint64_t left_ns) {
    (void)poller;
    (void)cap;
    (void)left_ns;
    errno = ENOSYS;
    return -1;
}

#endif

static int wait_milliseconds(port_poller_t *poller, int cap, uint64_t left_ns) {
    uint64_t left_ms = left_ns / NS_PER_MS + (left_ns % NS_PER_MS != 0 ? 1 : 0);
    int timeout_ms = left_ms < INT_MAX ? (int)left_ms : INT_MAX;
    return epoll_wait(poller->epoll_fd, poller->fetched, cap, timeout_ms);
}

/* Returns what epoll does: how many of `fetched` are filled, or -1 and errno. */
static int wait_until(port_poller_t *poller, int cap, uint64_t deadline_ns) {
    if (deadline_ns == 0) return epoll_wait(poller->epoll_fd, poller->fetched, cap, 0);
    if (deadline_ns == PORT_WAIT_FOR_EVER)
        return epoll_wait(poller->epoll_fd, poller->fetched, cap, -1);
    uint64_t now_ns = port_clock_monotonic_ns();
    uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    if (left_ns == 0) return epoll_wait(poller->epoll_fd, poller->fetched, cap, 0);
    if (poller->has_pwait2) {
        int count = wait_exactly(poller, cap, left_ns);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        poller->has_pwait2 = false;
    }
    return wait_milliseconds(poller, cap, left_ns);
}

/* As wait_until, for an answer. */
static int wait_for_answer(port_poller_t *poller, int cap, uint64_t deadline_ns) {
    const uint64_t began_ns = port_clock_monotonic_ns();
    uint64_t patient_until_ns = began_ns + MK_BUSY_WAIT_US * UINT64_C(1000);
    if (patient_until_ns > deadline_ns) patient_until_ns = deadline_ns;
    int fetched = 0;
    if (poller->is_patient) {
        do {
            fetched = epoll_wait(poller->epoll_fd, poller->fetched, cap, 0);
        } while (fetched == 0 && port_clock_monotonic_ns() < patient_until_ns);
    }
    if (fetched == 0) fetched = wait_until(poller, cap, deadline_ns);
    poller->is_patient = port_clock_monotonic_ns() < patient_until_ns;
    return fetched;
}

void port_poller_expect(port_poller_t *poller) {
    poller->is_expecting = poller->has_processors;
}

/* The exchange acquires what every waker wrote before its own exchange in
 * port_poller_wake. */
static void finish_wake(port_poller_t *poller) {
    uint64_t wakes;
    ssize_t got;
    do {
        got = read(poller->wake_fd, &wakes, sizeof wakes);
    } while (got < 0 && errno == EINTR);
    (void)atomic_exchange_explicit(&poller->wake_is_pending, false,
                                   memory_order_acq_rel);
}

size_t port_poller_wait(port_poller_t *poller, port_event_t *events, size_t cap,
                        uint64_t deadline_ns) {
    /* A wake takes the place of one event; that one is still ready the next time. */
    int batch = cap < BATCH_MAX ? (int)cap : BATCH_MAX;
    if (batch == 0) batch = 1;
    int fetched = poller->is_expecting && deadline_ns != 0
                      ? wait_for_answer(poller, batch, deadline_ns)
                      : wait_until(poller, batch, deadline_ns);
    if (deadline_ns != 0) poller->is_expecting = false;
    size_t count = 0;
    for (int i = 0; i < fetched; i++) {
        const struct epoll_event *event = &poller->fetched[i];
        if (event->data.ptr == poller) {
            finish_wake(poller);
        } else if (count < cap) {
            events[count++] = (port_event_t){event->data.ptr, event->events & ALL_BITS};
        }
    }
    return count;
}

/* Releases what the caller wrote to the acquire in finish_wake. */
void port_poller_wake(port_poller_t *poller) {
    if (atomic_exchange_explicit(&poller->wake_is_pending, true, memory_order_acq_rel))
        return;
    static const uint64_t one = 1;
    ssize_t put;
    do {
        put = write(poller->wake_fd, &one, sizeof one);
    } while (put < 0 && errno == EINTR);
    MK_ASSERT(put == (ssize_t)sizeof one); /* a counter of at most 1 has room */
}
