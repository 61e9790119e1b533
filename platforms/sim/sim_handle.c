/* SPDX-License-Identifier: Apache-2.0 */
/* sim_handle.c - handles that are ready when the test says so.
 *
 * Numbers are given out lowest first, as a Unix kernel does: code that keeps a number
 * after closing it then meets a stranger under that number in the test as well.
 *
 * Invariants: 1. The table exists only while a handle does (tests count blocks).
 * 2. Numbers below `lowest_free` are open. */
#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"

#include <limits.h>
#include <string.h>

static struct {
    sim_handle_t of_terminal[SIM_FIRST_HANDLE]; /* always open; is_open is not used */
    sim_handle_t *table;                        /* number minus SIM_FIRST_HANDLE */
    size_t cap;                                 /* rows of the table */
    size_t count;                               /* open handles in the table */
    size_t lowest_free;                         /* row where the search begins */
} handles;

sim_handle_t *sim__handle_find_locked(int handle) {
    if (handle < 0) return NULL;
    if (handle < SIM_FIRST_HANDLE) return &handles.of_terminal[handle];
    size_t row = (size_t)(handle - SIM_FIRST_HANDLE);
    if (row >= handles.cap || !handles.table[row].is_open) return NULL;
    return &handles.table[row];
}

static int make_room(void) {
    if (handles.count < handles.cap) return MK_OK;
    size_t cap = handles.cap == 0 ? 8 : handles.cap * 2;
    if (cap > (size_t)(INT_MAX - SIM_FIRST_HANDLE)) return MK_ENOMEM;
    sim_handle_t *table = mk_realloc(handles.table, cap * sizeof *table);
    if (table == NULL) return MK_ENOMEM;
    memset(table + handles.cap, 0, (cap - handles.cap) * sizeof *table);
    handles.table = table;
    handles.cap = cap;
    return MK_OK;
}

static int create_locked(bool is_plain) {
    int result = make_room();
    if (result < 0) return result;
    size_t row = handles.lowest_free;
    while (handles.table[row].is_open)
        row++;
    handles.table[row] = (sim_handle_t){.is_open = true, .is_plain = is_plain};
    handles.lowest_free = row + 1;
    handles.count++;
    return SIM_FIRST_HANDLE + (int)row;
}

int sim_handle_create(void) {
    sim__lock();
    int handle = create_locked(false);
    sim__unlock();
    return handle;
}

int sim_handle_create_plain(void) {
    sim__lock();
    int handle = create_locked(true);
    sim__unlock();
    return handle;
}

static void drop_table(void) {
    mk_free(handles.table);
    handles.table = NULL;
    handles.cap = 0;
    handles.count = 0;
    handles.lowest_free = 0;
}

void sim_handle_destroy(int handle) {
    sim__lock();
    sim_handle_t *found = sim__handle_find_locked(handle);
    if (found != NULL && handle >= SIM_FIRST_HANDLE) {
        found->is_open = false;
        sim__unschedule_locked(handle);
        sim__pollers_forget_locked(handle);
        size_t row = (size_t)(handle - SIM_FIRST_HANDLE);
        if (row < handles.lowest_free) handles.lowest_free = row;
        if (--handles.count == 0) drop_table();
    }
    sim__unlock();
}

void sim__handle_set_ready_locked(int handle, uint32_t events) {
    sim_handle_t *found = sim__handle_find_locked(handle);
    if (found == NULL) return;
    found->ready = events;
    sim__rouse_locked();
}

void sim_handle_set_ready(int handle, uint32_t events) {
    sim__lock();
    sim__handle_set_ready_locked(handle, events);
    sim__unlock();
}

int sim_handle_set_ready_at(int handle, uint32_t events, uint64_t at_ns) {
    sim__lock();
    int result = MK_EINVAL;
    if (sim__handle_find_locked(handle) != NULL)
        result = sim__schedule_ready_locked(handle, events, at_ns);
    sim__unlock();
    return result;
}

uint32_t sim_handle_ready(int handle) {
    sim__lock();
    const sim_handle_t *found = sim__handle_find_locked(handle);
    uint32_t ready = found != NULL ? found->ready : 0;
    sim__unlock();
    return ready;
}

size_t sim_handle_count(void) {
    sim__lock();
    size_t count = handles.count;
    sim__unlock();
    return count;
}

void sim__handles_reset(void) {
    sim__lock();
    memset(handles.of_terminal, 0, sizeof handles.of_terminal);
    drop_table();
    sim__unlock();
}
