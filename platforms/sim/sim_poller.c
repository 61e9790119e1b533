/* SPDX-License-Identifier: Apache-2.0 */
/* sim_poller.c - port/poller.h in virtual time.
 *
 * A wait never sleeps: when nothing is ready it moves the clock to the next scheduled
 * event or to the deadline, whichever comes first, and looks again. Only while real
 * threads are at work may it sleep, because what they do has no place in virtual time.
 *
 * Several ready handles come in an order the seed chooses: the ready ones are placed
 * into the caller's array by an inside-out shuffle which, once the array is full, goes
 * on as reservoir sampling, so that no memory is needed and none is favoured. */
#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/poller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STUCK_WAITS_MAX = 1000
}; /* in a row; then the program cannot be meant to go on */

typedef struct {
    void *tag;
    uint32_t interest; /* PORT_POLL_... bits */
    bool is_used;      /* false: this handle was not added */
} entry_t;

struct port_poller {
    port_poller_t *next; /* in the list of all pollers */
    entry_t *entries;    /* by handle */
    size_t cap;          /* entries */
    size_t used;         /* entries in use */
    unsigned host;       /* that was entered when it was opened */
    bool is_woken;       /* the next wait returns at once */
};

static struct {
    port_poller_t *all;   /* open pollers, newest first */
    uint64_t random;      /* stream of orders among equals */
    bool is_stuck;        /* a wait had nothing to wait for */
    unsigned stuck_waits; /* such waits in a row */
    void (*on_stuck)(void *arg);
    void *on_stuck_arg;
    void (*on_wait)(void *arg, uint64_t deadline_ns);
    void *on_wait_arg;
} pollers;

port_poller_t *port_poller_open(void) {
    if (sim__port_fails()) return NULL;
    port_poller_t *poller = mk_calloc(1, sizeof *poller);
    if (poller == NULL) return NULL;
    poller->host = sim_host_entered();
    sim__lock();
    poller->next = pollers.all;
    pollers.all = poller;
    sim__unlock();
    return poller;
}

void port_poller_close(port_poller_t *poller) {
    if (poller == NULL) return;
    sim__lock();
    port_poller_t **link = &pollers.all;
    while (*link != poller)
        link = &(*link)->next;
    *link = poller->next;
    sim__unlock();
    mk_free(poller->entries);
    mk_free(poller);
}

static entry_t *find_entry(port_poller_t *poller, int handle) {
    if (handle < 0 || (size_t)handle >= poller->cap) return NULL;
    entry_t *entry = &poller->entries[handle];
    return entry->is_used ? entry : NULL;
}

static int make_room(port_poller_t *poller, int handle) {
    size_t cap = poller->cap;
    if ((size_t)handle < cap) return MK_OK;
    if (cap == 0) cap = 8;
    while (cap <= (size_t)handle)
        cap *= 2;
    entry_t *entries = mk_realloc(poller->entries, cap * sizeof *entries);
    if (entries == NULL) return MK_ENOMEM;
    memset(entries + poller->cap, 0, (cap - poller->cap) * sizeof *entries);
    poller->entries = entries;
    poller->cap = cap;
    return MK_OK;
}

static int add_locked(port_poller_t *poller, int handle, uint32_t interest, void *tag) {
    const sim_handle_t *found = sim__handle_find_locked(handle);
    if (found == NULL) return MK_EINVAL;
    if (found->is_plain) return MK_EPERM;
    if (find_entry(poller, handle) != NULL) return MK_EEXIST;
    int result = make_room(poller, handle);
    if (result < 0) return result;
    poller->entries[handle] = (entry_t){tag, interest, true};
    poller->used++;
    return MK_OK;
}

int port_poller_add(port_poller_t *poller, int handle, uint32_t interest, void *tag) {
    if (sim__port_fails()) return MK_ENOMEM;
    sim__lock();
    int result = add_locked(poller, handle, interest, tag);
    sim__unlock();
    return result;
}

int port_poller_change(port_poller_t *poller, int handle, uint32_t interest,
                       void *tag) {
    sim__lock();
    entry_t *entry = find_entry(poller, handle);
    if (entry != NULL) *entry = (entry_t){tag, interest, true};
    sim__unlock();
    return entry != NULL ? MK_OK : MK_EINVAL;
}

static void forget_locked(port_poller_t *poller, int handle) {
    entry_t *entry = find_entry(poller, handle);
    if (entry == NULL) return;
    *entry = (entry_t){NULL, 0, false};
    poller->used--;
}

void port_poller_remove(port_poller_t *poller, int handle) {
    sim__lock();
    forget_locked(poller, handle);
    sim__unlock();
}

void sim__pollers_forget_locked(int handle) {
    for (port_poller_t *poller = pollers.all; poller != NULL; poller = poller->next) {
        if (handle >= 0) {
            forget_locked(poller, handle);
        } else {
            mk_free(poller->entries);
            poller->entries = NULL;
            poller->cap = 0;
            poller->used = 0;
        }
    }
}

size_t sim_handle_watchers(int handle, uint32_t *interest_out) {
    size_t count = 0;
    uint32_t interest = 0;
    sim__lock();
    for (port_poller_t *poller = pollers.all; poller != NULL; poller = poller->next) {
        const entry_t *entry = find_entry(poller, handle);
        if (entry == NULL) continue;
        count++;
        interest |= entry->interest;
    }
    sim__unlock();
    if (interest_out != NULL) *interest_out = interest;
    return count;
}

/* Any of 0..below-1; the bias of the remainder is below 2^-32 for every real count. */
static size_t choose(size_t below) {
    return below < 2 ? 0 : (size_t)(sim__random_next(&pollers.random) % below);
}

static size_t collect_locked(port_poller_t *poller, port_event_t *events, size_t cap) {
    size_t ready_count = 0;
    size_t left = cap > 0 ? poller->used : 0;
    for (size_t handle = 0; left > 0; handle++) {
        const entry_t *entry = &poller->entries[handle];
        if (!entry->is_used) continue;
        left--;
        const sim_handle_t *found = sim__handle_find_locked((int)handle);
        uint32_t holds =
            found->ready & (entry->interest | PORT_POLL_ERR | PORT_POLL_HUP);
        if (holds == 0) continue;
        size_t place = choose(ready_count + 1);
        if (place < ready_count && ready_count < cap)
            events[ready_count] = events[place];
        if (place < cap) events[place] = (port_event_t){entry->tag, holds};
        ready_count++;
    }
    return ready_count < cap ? ready_count : cap;
}

static void meet_stuck_locked(void) {
    pollers.is_stuck = true;
    if (++pollers.stuck_waits >= STUCK_WAITS_MAX) {
        fputs("sim: waiting for ever in a world where nothing can happen\n", stderr);
        exit(EXIT_FAILURE);
    }
    if (pollers.on_stuck == NULL) return;
    sim__unlock();
    pollers.on_stuck(pollers.on_stuck_arg);
    sim__lock();
}

/* Let something happen, up to `deadline_ns`. False: nothing ever will. `*has_paused`
 * tells whether the threads had their moment since the clock moved. */
static bool pass_time_locked(uint64_t deadline_ns, bool *has_paused) {
    uint64_t next_ns = sim__next_event_locked();
    uint64_t target_ns = next_ns < deadline_ns ? next_ns : deadline_ns;
    bool is_busy = sim__threads_busy_locked();
    if (target_ns == PORT_WAIT_FOR_EVER) {
        if (!is_busy) return false;
        sim__sleep_locked(false);
    } else if (is_busy && !*has_paused) {
        sim__sleep_locked(true);
        *has_paused = true;
    } else {
        sim__advance_to_locked(target_ns);
        pollers.stuck_waits = 0;
        *has_paused = false;
    }
    return true;
}

/* Another loop has its turn instead. */
static void tell_of_wait_locked(port_poller_t *poller, uint64_t deadline_ns) {
    sim__unlock();
    pollers.on_wait(pollers.on_wait_arg, deadline_ns);
    sim__lock();
    poller->is_woken = false; /* what ends the loop wakes it, too */
}

size_t port_poller_wait(port_poller_t *poller, port_event_t *events, size_t cap,
                        uint64_t deadline_ns) {
    bool has_paused = false;
    size_t count = 0;
    sim__lock();
    for (;;) {
        sim__advance_to_locked(sim__now_locked());
        bool was_woken = poller->is_woken;
        poller->is_woken = false;
        count = collect_locked(poller, events, cap);
        if (was_woken || count > 0) {
            pollers.stuck_waits = 0;
            break;
        }
        if (deadline_ns <= sim__now_locked()) break;
        if (pollers.on_wait != NULL) {
            tell_of_wait_locked(poller, deadline_ns);
            break;
        }
        if (!pass_time_locked(deadline_ns, &has_paused)) {
            meet_stuck_locked();
            break;
        }
    }
    sim__unlock();
    return count;
}

/* Here looking takes no time, and sleeping neither. */
void port_poller_expect(port_poller_t *poller) {
    (void)poller;
}

void port_poller_wake(port_poller_t *poller) {
    sim__lock();
    poller->is_woken = true;
    sim__rouse_locked();
    sim__unlock();
}

bool sim_is_stuck(void) {
    sim__lock();
    bool is_stuck = pollers.is_stuck;
    sim__unlock();
    return is_stuck;
}

void sim_on_stuck(void (*fn)(void *arg), void *arg) {
    sim__lock();
    pollers.on_stuck = fn;
    pollers.on_stuck_arg = arg;
    sim__unlock();
}

void sim_on_wait(void (*fn)(void *arg, uint64_t deadline_ns), void *arg) {
    sim__lock();
    pollers.on_wait = fn;
    pollers.on_wait_arg = arg;
    sim__unlock();
}

static bool is_ready_locked(const port_poller_t *poller) {
    size_t left = poller->used;
    for (size_t handle = 0; left > 0; handle++) {
        const entry_t *entry = &poller->entries[handle];
        if (!entry->is_used) continue;
        left--;
        const sim_handle_t *found = sim__handle_find_locked((int)handle);
        if (found->ready & (entry->interest | PORT_POLL_ERR | PORT_POLL_HUP))
            return true;
    }
    return poller->is_woken;
}

bool sim_host_is_ready(unsigned host) {
    bool is_ready = false;
    sim__lock();
    for (const port_poller_t *poller = pollers.all; poller != NULL && !is_ready;
         poller = poller->next)
        is_ready = poller->host == host && is_ready_locked(poller);
    sim__unlock();
    return is_ready;
}

void sim__pollers_reset(uint64_t seed) {
    sim__lock();
    pollers.random = sim__mix(seed, 1, 0);
    pollers.is_stuck = false;
    pollers.stuck_waits = 0;
    pollers.on_stuck = NULL;
    pollers.on_stuck_arg = NULL;
    pollers.on_wait = NULL;
    pollers.on_wait_arg = NULL;
    sim__pollers_forget_locked(-1);
    sim__unlock();
}
