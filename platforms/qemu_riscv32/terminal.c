/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.c - the UART as the terminal of a person, or as a pipe.
 *
 * A serial line does not say who is at its end; QEMU's command line does
 * (options `input` and `output`: "pipe"; `size`: "80x24"; without them a person at a
 * terminal of unknown size). A line does not end either: from a pipe, the byte 0x04,
 * "end of transmission", says that nothing more will come. It is left in the ring, so
 * that the handle stays ready, as the end of a file does.
 *
 * The line is always raw: nothing on the way changes or echoes a byte. */
#include "virt_impl.h"

#include "base/text.h"
#include "microkernel/error.h"
#include "port/terminal.h"

enum { END_OF_TRANSMISSION = 0x04 };

struct port_terminal {
    bool is_open;
    bool has_tty_input;        /* a person may type */
    bool has_tty_output;       /* a person may read */
    port_terminal_size_t size; /* 0 x 0 when nobody knows */
};

static port_terminal_t terminal;

static port_terminal_size_t read_size(void) {
    char text[16];
    virt__option_text("size", text, sizeof text);
    text_t all = text_of(text);
    size_t cross = text_find(all, 'x');
    uint64_t columns;
    uint64_t rows;
    if (text_parse_unsigned(text_part(all, 0, cross), 10, 1, 10000, &columns) < 0 ||
        text_parse_unsigned(text_part(all, cross + 1, all.size), 10, 1, 10000, &rows) <
            0)
        return (port_terminal_size_t){0, 0};
    return (port_terminal_size_t){(unsigned)columns, (unsigned)rows};
}

int port_terminal_open(port_terminal_t **out, int input, int output) {
    if (input != PORT_STDIN || output != PORT_STDOUT) return MK_EINVAL;
    if (terminal.is_open) return MK_EBUSY;
    terminal.is_open = true;
    terminal.has_tty_input = virt__input_is_tty();
    terminal.has_tty_output = virt__output_is_tty();
    terminal.size = read_size();
    *out = &terminal;
    return MK_OK;
}

void port_terminal_close(port_terminal_t *closed) {
    if (closed != NULL) closed->is_open = false;
}

bool port_terminal_input_is_tty(const port_terminal_t *self) {
    return self->has_tty_input;
}

bool port_terminal_output_is_tty(const port_terminal_t *self) {
    return self->has_tty_output;
}

int port_terminal_input(const port_terminal_t *self) {
    (void)self;
    return PORT_STDIN;
}

int port_terminal_output(const port_terminal_t *self) {
    (void)self;
    return PORT_STDOUT;
}

int port_terminal_resizes(const port_terminal_t *self) {
    (void)self;
    return MK_ENOTSUP;
}

bool port_terminal_take_resize(port_terminal_t *self) {
    (void)self;
    return false;
}

int port_terminal_set_raw(port_terminal_t *self, bool raw) {
    (void)raw;
    return self->has_tty_input ? MK_OK : MK_ENOTSUP;
}

int port_terminal_suspend(port_terminal_t *self) {
    (void)self;
    return MK_ENOTSUP;
}

int port_terminal_size(const port_terminal_t *self, port_terminal_size_t *out) {
    if (self->size.columns == 0) return MK_ENOTSUP;
    *out = self->size;
    return MK_OK;
}

int port_terminal_read(port_terminal_t *self, void *bytes, size_t cap) {
    if (cap == 0) return MK_EINVAL;
    uint8_t *at = bytes;
    if (self->has_tty_input) {
        size_t size = virt__uart_read(at, cap < 4096 ? cap : 4096);
        return size > 0 ? (int)size : MK_EAGAIN;
    }
    size_t size = 0;
    int next = -1;
    while (size < cap && (next = virt__uart_peek()) >= 0 && next != END_OF_TRANSMISSION)
        size += virt__uart_read(at + size, 1);
    if (size > 0) return (int)size;
    return next == END_OF_TRANSMISSION ? MK_EEND : MK_EAGAIN;
}

int port_terminal_write(port_terminal_t *self, const void *bytes, size_t size) {
    if (size == 0) return 0;
    if (size > 4096) size = 4096; /* counts fit an int, and the loop gets its turn */
    size_t done = virt__uart_write(bytes, size, self->has_tty_output);
    return done > 0 ? (int)done : MK_EAGAIN;
}
