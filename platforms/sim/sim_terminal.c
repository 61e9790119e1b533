/* SPDX-License-Identifier: Apache-2.0 */
/* sim_terminal.c - port/terminal.h with the test at the keys.
 *
 * What is typed waits in one block until it is read; what is shown stays in another
 * until the test forgets it. Both are exact: a test compares bytes. The handles are
 * ready by the same rules as a tty's: input while bytes wait or the end was reached,
 * output while there is room. */
#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/poller.h"
#include "port/terminal.h"

#include <limits.h>
#include <string.h>

enum { FIRST_COLUMNS = 80, FIRST_ROWS = 24 };

struct port_terminal {
    bool is_raw;
};

typedef struct {
    char *bytes; /* NULL while nothing was ever in it */
    size_t size; /* in use */
    size_t cap;  /* allocated */
} text_t;

/* Fields named is_not_... so that the world before the first sim_reset, all zero, is
 * the one after it. */
static struct {
    port_terminal_t *open;     /* the one open terminal, or NULL */
    text_t typed;              /* not read yet */
    text_t shown;              /* NUL behind it when it has bytes */
    size_t room_used;          /* written since the room was set */
    size_t room_bytes;         /* when room_was_set */
    port_terminal_size_t size; /* when size_was_set */
    bool room_was_set;         /* else endless */
    bool size_was_set;         /* else 80 x 24 */
    bool input_is_at_end;      /* after what was typed */
    bool input_is_no_tty;
    bool output_is_no_tty;
    bool output_is_closed;
    unsigned suspensions;
    bool was_resized; /* and nobody has taken notice */
} console;

static int append_text(text_t *text, const void *bytes, size_t size) {
    if (size >= SIZE_MAX / 2 - text->size) return MK_ENOMEM;
    size_t needed = text->size + size + 1;
    if (needed > text->cap) {
        size_t cap = needed < 64 ? 64 : needed * 2;
        char *grown = mk_realloc(text->bytes, cap);
        if (grown == NULL) return MK_ENOMEM;
        text->bytes = grown;
        text->cap = cap;
    }
    if (size > 0) memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
    return MK_OK;
}

static void drop_text(text_t *text) {
    mk_free(text->bytes);
    *text = (text_t){NULL, 0, 0};
}

static size_t room_left(void) {
    if (!console.room_was_set) return SIZE_MAX;
    return console.room_bytes - console.room_used;
}

static void set_readiness_locked(void) {
    bool has_input = console.typed.size > 0 || console.input_is_at_end;
    uint32_t input = has_input ? PORT_POLL_IN : 0;
    if (console.input_is_at_end) input |= PORT_POLL_HUP;
    uint32_t output = room_left() > 0 ? PORT_POLL_OUT : 0;
    if (console.output_is_closed) output = PORT_POLL_OUT | PORT_POLL_ERR;
    sim__handle_set_ready_locked(PORT_STDIN, input);
    sim__handle_set_ready_locked(PORT_STDOUT, output);
    sim__handle_set_ready_locked(SIM_RESIZE_HANDLE,
                                 console.was_resized ? PORT_POLL_IN : 0);
}

int port_terminal_open(port_terminal_t **out, int input, int output) {
    if (sim__port_fails()) return MK_EIO;
    if (input != PORT_STDIN || output != PORT_STDOUT) return MK_EINVAL;
    if (console.open != NULL) return MK_EBUSY;
    port_terminal_t *terminal = mk_calloc(1, sizeof *terminal);
    if (terminal == NULL) return MK_ENOMEM;
    sim__lock();
    console.open = terminal;
    set_readiness_locked();
    sim__unlock();
    *out = terminal;
    return MK_OK;
}

void port_terminal_close(port_terminal_t *terminal) {
    if (terminal == NULL) return;
    sim__lock();
    if (console.open == terminal) console.open = NULL;
    sim__unlock();
    mk_free(terminal);
}

bool port_terminal_input_is_tty(const port_terminal_t *terminal) {
    (void)terminal;
    return !console.input_is_no_tty;
}

bool port_terminal_output_is_tty(const port_terminal_t *terminal) {
    (void)terminal;
    return !console.output_is_no_tty;
}

int port_terminal_input(const port_terminal_t *terminal) {
    (void)terminal;
    return PORT_STDIN;
}

int port_terminal_output(const port_terminal_t *terminal) {
    (void)terminal;
    return PORT_STDOUT;
}

int port_terminal_resizes(const port_terminal_t *terminal) {
    (void)terminal;
    return SIM_RESIZE_HANDLE;
}

bool port_terminal_take_resize(port_terminal_t *terminal) {
    (void)terminal;
    sim__lock();
    bool was_resized = console.was_resized;
    console.was_resized = false;
    set_readiness_locked();
    sim__unlock();
    return was_resized;
}

int port_terminal_set_raw(port_terminal_t *terminal, bool raw) {
    if (sim__port_fails()) return MK_EIO;
    if (console.input_is_no_tty) return MK_ENOTSUP;
    terminal->is_raw = raw;
    return MK_OK;
}

int port_terminal_suspend(port_terminal_t *terminal) {
    if (sim__port_fails() || !terminal->is_raw) return MK_ENOTSUP;
    console.suspensions++;
    return MK_OK;
}

int port_terminal_size(const port_terminal_t *terminal, port_terminal_size_t *out) {
    (void)terminal;
    port_terminal_size_t size = {FIRST_COLUMNS, FIRST_ROWS};
    if (console.size_was_set) size = console.size;
    bool is_known = size.columns > 0 && size.rows > 0 && !console.output_is_no_tty;
    if (!is_known) return MK_ENOTSUP;
    *out = size;
    return MK_OK;
}

int port_terminal_read(port_terminal_t *terminal, void *bytes, size_t cap) {
    (void)terminal;
    if (cap == 0) return MK_EINVAL;
    if (sim__port_fails()) return MK_EIO;
    if (cap > INT_MAX) cap = INT_MAX;
    sim__lock();
    text_t *typed = &console.typed;
    size_t size = typed->size < cap ? typed->size : cap;
    if (size > 0) {
        memcpy(bytes, typed->bytes, size);
        typed->size -= size;
        memmove(typed->bytes, typed->bytes + size, typed->size);
        if (typed->size == 0) drop_text(typed);
    }
    set_readiness_locked();
    int result = (int)size;
    if (size == 0) result = console.input_is_at_end ? MK_EEND : MK_EAGAIN;
    sim__unlock();
    return result;
}

static int write_locked(const void *bytes, size_t size) {
    if (console.output_is_closed) return MK_ECLOSED;
    if (size == 0) return 0;
    if (size > room_left()) size = room_left();
    if (size == 0) return MK_EAGAIN;
    int result = append_text(&console.shown, bytes, size);
    if (result < 0) return MK_EIO;
    console.room_used += size;
    set_readiness_locked();
    return (int)size;
}

int port_terminal_write(port_terminal_t *terminal, const void *bytes, size_t size) {
    (void)terminal;
    if (sim__port_fails()) return MK_EIO;
    if (size > INT_MAX) size = INT_MAX;
    sim__lock();
    int result = write_locked(bytes, size);
    sim__unlock();
    return result;
}

/* --- controls --- */

int sim_terminal_type(const void *bytes, size_t size) {
    sim__lock();
    int result = size > 0 ? append_text(&console.typed, bytes, size) : MK_OK;
    set_readiness_locked();
    sim__unlock();
    return result;
}

int sim_terminal_type_text(const char *text) {
    return sim_terminal_type(text, strlen(text));
}

void sim_terminal_end_input(void) {
    sim__lock();
    console.input_is_at_end = true;
    set_readiness_locked();
    sim__unlock();
}

void sim_terminal_set_tty(bool input, bool output) {
    console.input_is_no_tty = !input;
    console.output_is_no_tty = !output;
}

void sim_terminal_resize(unsigned columns, unsigned rows) {
    sim__lock();
    console.size = (port_terminal_size_t){columns, rows};
    console.size_was_set = true;
    console.was_resized = true;
    set_readiness_locked();
    sim__unlock();
}

void sim_terminal_set_room(size_t room_bytes) {
    sim__lock();
    console.room_bytes = room_bytes;
    console.room_used = 0;
    console.room_was_set = true;
    set_readiness_locked();
    sim__unlock();
}

void sim_terminal_close_output(void) {
    sim__lock();
    console.output_is_closed = true;
    set_readiness_locked();
    sim__unlock();
}

const char *sim_terminal_shown(size_t *size_out) {
    if (size_out != NULL) *size_out = console.shown.size;
    return console.shown.bytes != NULL ? console.shown.bytes : "";
}

void sim_terminal_clear(void) {
    sim__lock();
    drop_text(&console.shown);
    sim__unlock();
}

bool sim_terminal_is_raw(void) {
    return console.open != NULL && console.open->is_raw;
}

/* A terminal that is still open stays its owner's to close. */
void sim__terminal_reset(void) {
    sim__lock();
    drop_text(&console.typed);
    drop_text(&console.shown);
    memset(&console, 0, sizeof console);
    sim__unlock();
}

unsigned sim_terminal_suspensions(void) {
    return console.suspensions;
}
