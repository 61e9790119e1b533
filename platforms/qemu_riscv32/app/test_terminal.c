/* SPDX-License-Identifier: Apache-2.0 */
/* run.sh starts this image with input=pipe output=pipe size=80x24. */
#include "app/loopback.h"
#include "support/test.h"

#include "microkernel/error.h"
#include "port/debug_out.h"
#include "port/terminal.h"

static port_terminal_t *begin(void) {
    port_terminal_t *terminal = NULL;
    loopback_drain();
    CHECK_EQ(port_terminal_open(&terminal, PORT_STDIN, PORT_STDOUT), MK_OK);
    CHECK(terminal != NULL);
    return terminal;
}

TEST(there_is_one_terminal_on_two_handles) {
    port_terminal_t *terminal = begin();
    port_terminal_t *second = NULL;
    CHECK_EQ(port_terminal_open(&second, PORT_STDIN, PORT_STDOUT), MK_EBUSY);
    CHECK_EQ(port_terminal_input(terminal), PORT_STDIN);
    CHECK_EQ(port_terminal_output(terminal), PORT_STDOUT);
    port_terminal_close(terminal);
    port_terminal_close(NULL);
    CHECK_EQ(port_terminal_open(&second, 7, PORT_STDOUT), MK_EINVAL);
    CHECK_EQ(port_terminal_open(&second, PORT_STDIN, PORT_STDIN), MK_EINVAL);
}

TEST(who_started_the_machine_says_what_the_line_is) {
    port_terminal_t *terminal = begin();
    port_terminal_size_t size = {0, 0};
    CHECK(!port_terminal_input_is_tty(terminal));
    CHECK(!port_terminal_output_is_tty(terminal));
    CHECK_EQ(port_terminal_set_raw(terminal, true), MK_ENOTSUP);
    CHECK_EQ(port_terminal_size(terminal, &size), MK_OK);
    CHECK_EQ(size.columns, 80);
    CHECK_EQ(size.rows, 24);
    CHECK_EQ(port_terminal_resizes(terminal), MK_ENOTSUP);
    CHECK(!port_terminal_take_resize(terminal));
    port_terminal_close(terminal);
}

TEST(end_of_transmission_ends_a_pipe_for_good) {
    port_terminal_t *terminal = begin();
    char got[8];
    int before = port_terminal_read(terminal, got, sizeof got);
    loopback_type("list\n\x04", 6);
    int first = port_terminal_read(terminal, got, 3);
    int second = port_terminal_read(terminal, got, sizeof got);
    int third = port_terminal_read(terminal, got, sizeof got);
    int fourth = port_terminal_read(terminal, got, sizeof got);
    bool is_ready = virt__uart_has_input(); /* as the end of a file is */
    loopback_drain();
    CHECK_EQ(before, MK_EAGAIN);
    CHECK_EQ(first, 3);
    CHECK_EQ(second, 2);
    CHECK_MEM(got, "t\n", 2);
    CHECK_EQ(third, MK_EEND);
    CHECK_EQ(fourth, MK_EEND);
    CHECK(is_ready);
    CHECK_EQ(port_terminal_read(terminal, got, 0), MK_EINVAL);
    port_terminal_close(terminal);
}

TEST(debug_output_keeps_away_from_a_pipe) {
    port_terminal_t *terminal = begin();
    char got[32];
    loopback_open();
    int written = port_terminal_write(terminal, "answer\n", 7);
    virt__uart_await_room();
    size_t debug_written = port_debug_write("[debug output]\n", 15);
    loopback_close();
    int size = port_terminal_read(terminal, got, sizeof got);
    CHECK_EQ(written, 7);
    CHECK_EQ(debug_written, 15); /* by QEMU, to standard error */
    CHECK_EQ(size, 7);
    CHECK_MEM(got, "answer\n", 7);
    CHECK_EQ(port_terminal_write(terminal, "", 0), 0);
    port_terminal_close(terminal);
}

TEST_TABLE(terminal, TEST_ROW(there_is_one_terminal_on_two_handles),
           TEST_ROW(who_started_the_machine_says_what_the_line_is),
           TEST_ROW(end_of_transmission_ends_a_pipe_for_good),
           TEST_ROW(debug_output_keeps_away_from_a_pipe))
