/* SPDX-License-Identifier: Apache-2.0 */
/* sim_debug.c - port/debug_out.h: the last bytes written, for the test to read.
 *
 * They stand in a fixed block, because log lines come from everywhere: tests that do
 * not care about them should not have to give memory back for them. When it is full the
 * older half is forgotten. */
#include "sim.h"
#include "sim_impl.h"

#include "port/debug_out.h"

#include <string.h>

static struct {
    char text[SIM_DEBUG_SIZE + 1]; /* NUL behind the bytes */
    size_t size;                   /* bytes kept */
    size_t room_bytes;             /* bytes still taken, when room_was_set */
    bool room_was_set;             /* else endless */
} debug;

static void keep(const char *bytes, size_t size) {
    if (size > SIM_DEBUG_SIZE / 2) {
        bytes += size - SIM_DEBUG_SIZE / 2;
        size = SIM_DEBUG_SIZE / 2;
    }
    if (debug.size + size > SIM_DEBUG_SIZE) {
        size_t dropped = debug.size - SIM_DEBUG_SIZE / 2;
        memmove(debug.text, debug.text + dropped, debug.size - dropped);
        debug.size -= dropped;
    }
    memcpy(debug.text + debug.size, bytes, size);
    debug.size += size;
    debug.text[debug.size] = '\0';
}

size_t port_debug_write(const char *bytes, size_t size) {
    sim__lock();
    if (debug.room_was_set) {
        if (size > debug.room_bytes) size = debug.room_bytes;
        debug.room_bytes -= size;
    }
    if (size > 0) keep(bytes, size);
    sim__unlock();
    return size;
}

size_t port_print(int handle, const char *bytes, size_t size) {
    (void)handle;
    return port_debug_write(bytes, size);
}

void sim_debug_set_room(size_t room_bytes) {
    sim__lock();
    debug.room_bytes = room_bytes;
    debug.room_was_set = room_bytes != SIZE_MAX;
    sim__unlock();
}

const char *sim_debug_shown(size_t *size_out) {
    if (size_out != NULL) *size_out = debug.size;
    return debug.text;
}

void sim_debug_clear(void) {
    sim__lock();
    debug.size = 0;
    debug.text[0] = '\0';
    sim__unlock();
}

void sim__debug_reset(void) {
    sim_debug_clear();
    sim_debug_set_room(SIZE_MAX);
}
