/* SPDX-License-Identifier: Apache-2.0 */
/* poller_wfi.c - waiting is the instruction that stops the hart until an interrupt.
 *
 * There are two handles, the two directions of the UART, so an entry per handle in the
 * poller is all the table there is. A wait looks, sets the timer, sleeps, and looks
 * again, with interrupts off from the look to the sleep: an interrupt that comes in
 * between is pending, and wfi returns for it. Whatever woke the hart, the next look
 * finds out; interrupt handlers therefore need not know who waits for what. */
#include "virt_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/clock.h"
#include "port/poller.h"
#include "port/terminal.h"

enum { HANDLES = 2 }; /* PORT_STDIN and PORT_STDOUT */

typedef struct {
    void *tag;
    uint32_t interest; /* PORT_POLL_... bits */
    bool is_used;      /* false: this handle was not added */
} entry_t;

struct port_poller {
    entry_t entries[HANDLES]; /* by handle */
    volatile bool is_woken;   /* the next wait returns at once */
};

port_poller_t *port_poller_open(void) {
    return mk_calloc(1, sizeof(port_poller_t));
}

void port_poller_close(port_poller_t *poller) {
    mk_free(poller);
}

static entry_t *find_entry(port_poller_t *poller, int handle) {
    if (handle < 0 || handle >= HANDLES) return NULL;
    entry_t *entry = &poller->entries[handle];
    return entry->is_used ? entry : NULL;
}

int port_poller_add(port_poller_t *poller, int handle, uint32_t interest, void *tag) {
    if (handle < 0 || handle >= HANDLES) return MK_EINVAL;
    if (find_entry(poller, handle) != NULL) return MK_EEXIST;
    poller->entries[handle] = (entry_t){tag, interest, true};
    return MK_OK;
}

int port_poller_change(port_poller_t *poller, int handle, uint32_t interest,
                       void *tag) {
    entry_t *entry = find_entry(poller, handle);
    if (entry == NULL) return MK_EINVAL;
    *entry = (entry_t){tag, interest, true};
    return MK_OK;
}

void port_poller_remove(port_poller_t *poller, int handle) {
    entry_t *entry = find_entry(poller, handle);
    if (entry != NULL) *entry = (entry_t){NULL, 0, false};
}

static bool wants(const port_poller_t *poller, int handle, uint32_t event) {
    const entry_t *entry = &poller->entries[handle];
    return entry->is_used && (entry->interest & event) != 0;
}

static size_t collect(const port_poller_t *poller, port_event_t *events, size_t cap) {
    size_t count = 0;
    if (count < cap && wants(poller, PORT_STDIN, PORT_POLL_IN) &&
        virt__uart_has_input())
        events[count++] = (port_event_t){poller->entries[PORT_STDIN].tag, PORT_POLL_IN};
    if (count < cap && wants(poller, PORT_STDOUT, PORT_POLL_OUT) &&
        virt__uart_has_room())
        events[count++] =
            (port_event_t){poller->entries[PORT_STDOUT].tag, PORT_POLL_OUT};
    return count;
}

size_t port_poller_wait(port_poller_t *poller, port_event_t *events, size_t cap,
                        uint64_t deadline_ns) {
    for (;;) {
        uint32_t before = virt__interrupts_off();
        bool was_woken = poller->is_woken;
        poller->is_woken = false;
        size_t count = collect(poller, events, cap);
        if (was_woken || count > 0 || deadline_ns == 0 ||
            port_clock_monotonic_ns() >= deadline_ns) {
            virt__interrupts_restore(before);
            return count;
        }
        virt__timer_set(deadline_ns);
        virt__uart_tell_room(wants(poller, PORT_STDOUT, PORT_POLL_OUT));
        virt__sleep();
        virt__interrupts_restore(before); /* here the handlers run */
    }
}

/* One processor: nobody could answer meanwhile. */
void port_poller_expect(port_poller_t *poller) {
    (void)poller;
}

void port_poller_wake(port_poller_t *poller) {
    poller->is_woken = true;
}
