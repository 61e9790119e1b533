/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "port/debug_out.h"
#include "port/poller.h"
#include "port/terminal.h"
#include "sim/sim.h"

#include <string.h>

static port_terminal_t *begin(void) {
    sim_reset(1);
    port_terminal_t *terminal = NULL;
    CHECK_EQ(port_terminal_open(&terminal, PORT_STDIN, PORT_STDOUT), MK_OK);
    return terminal;
}

static void end(port_terminal_t *terminal) {
    port_terminal_close(terminal);
    sim_reset(1);
}

TEST(what_is_typed_is_read_in_pieces_then_nothing) {
    port_terminal_t *terminal = begin();
    char bytes[4];
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), MK_EAGAIN);
    CHECK_EQ(sim_terminal_type_text("list\n"), MK_OK);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), 4);
    CHECK_MEM(bytes, "list", 4);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), 1);
    CHECK_MEM(bytes, "\n", 1);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), MK_EAGAIN);
    CHECK_EQ(port_terminal_read(terminal, bytes, 0), MK_EINVAL);
    end(terminal);
}

TEST(the_end_comes_after_what_was_typed) {
    port_terminal_t *terminal = begin();
    char bytes[8];
    CHECK_EQ(sim_terminal_type_text("x"), MK_OK);
    sim_terminal_end_input();
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), 1);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), MK_EEND);
    CHECK_EQ(port_terminal_read(terminal, bytes, sizeof bytes), MK_EEND);
    end(terminal);
}

TEST(the_poller_tells_of_input_room_and_resizes) {
    port_terminal_t *terminal = begin();
    port_poller_t *poller = port_poller_open();
    port_event_t event;
    char tags[3];
    int input = port_terminal_input(terminal);
    int output = port_terminal_output(terminal);
    int resizes = port_terminal_resizes(terminal);
    CHECK_EQ(port_poller_add(poller, input, PORT_POLL_IN, tags), MK_OK);
    CHECK_EQ(port_poller_add(poller, resizes, PORT_POLL_IN, tags + 1), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    CHECK_EQ(sim_terminal_type_text("x"), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 1);
    CHECK(event.tag == tags);
    char byte;
    CHECK_EQ(port_terminal_read(terminal, &byte, 1), 1);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    sim_terminal_resize(40, 10);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 1);
    CHECK(event.tag == tags + 1);
    CHECK(port_terminal_take_resize(terminal));
    CHECK(!port_terminal_take_resize(terminal));
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    sim_terminal_set_room(0);
    CHECK_EQ(port_poller_add(poller, output, PORT_POLL_OUT, tags + 2), MK_OK);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 0);
    sim_terminal_set_room(1);
    CHECK_EQ(port_poller_wait(poller, &event, 1, 0), 1);
    CHECK(event.tag == tags + 2);
    port_poller_close(poller);
    end(terminal);
}

TEST(what_is_written_is_shown_up_to_the_room) {
    port_terminal_t *terminal = begin();
    size_t size = 9;
    CHECK_STR(sim_terminal_shown(&size), "");
    CHECK_EQ(size, 0);
    CHECK_EQ(port_terminal_write(terminal, "mk> ", 4), 4);
    sim_terminal_set_room(3);
    CHECK_EQ(port_terminal_write(terminal, "help", 4), 3);
    CHECK_EQ(port_terminal_write(terminal, "p", 1), MK_EAGAIN);
    CHECK_EQ(port_terminal_write(terminal, "p", 0), 0);
    CHECK_STR(sim_terminal_shown(&size), "mk> hel");
    CHECK_EQ(size, 7);
    sim_terminal_clear();
    CHECK_STR(sim_terminal_shown(NULL), "");
    sim_terminal_close_output();
    CHECK_EQ(port_terminal_write(terminal, "p", 1), MK_ECLOSED);
    end(terminal);
}

TEST(size_raw_mode_and_kind_are_as_the_test_says) {
    port_terminal_t *terminal = begin();
    port_terminal_size_t size;
    CHECK_EQ(port_terminal_size(terminal, &size), MK_OK);
    CHECK_EQ(size.columns, 80);
    CHECK_EQ(size.rows, 24);
    sim_terminal_resize(132, 50);
    CHECK_EQ(port_terminal_size(terminal, &size), MK_OK);
    CHECK_EQ(size.columns, 132);
    sim_terminal_resize(0, 0);
    CHECK_EQ(port_terminal_size(terminal, &size), MK_ENOTSUP);
    CHECK(!sim_terminal_is_raw());
    CHECK_EQ(port_terminal_set_raw(terminal, true), MK_OK);
    CHECK(sim_terminal_is_raw());
    CHECK(port_terminal_input_is_tty(terminal));
    sim_terminal_set_tty(false, true);
    CHECK(!port_terminal_input_is_tty(terminal));
    CHECK(port_terminal_output_is_tty(terminal));
    CHECK_EQ(port_terminal_set_raw(terminal, true), MK_ENOTSUP);
    end(terminal);
    CHECK(!sim_terminal_is_raw());
}

TEST(one_terminal_at_a_time) {
    port_terminal_t *terminal = begin();
    port_terminal_t *other = NULL;
    CHECK_EQ(port_terminal_open(&other, PORT_STDIN, PORT_STDOUT), MK_EBUSY);
    port_terminal_close(terminal);
    CHECK_EQ(port_terminal_open(&other, 7, PORT_STDOUT), MK_EINVAL);
    CHECK_EQ(port_terminal_open(&other, PORT_STDIN, PORT_STDOUT), MK_OK);
    end(other);
    port_terminal_close(NULL);
}

static void type_and_show(void *arg) {
    (void)arg;
    sim_reset(1);
    port_terminal_t *terminal;
    int opened = port_terminal_open(&terminal, PORT_STDIN, PORT_STDOUT);
    if (opened == MK_OK) {
        char byte = 0;
        int typed = sim_terminal_type_text("x");
        CHECK_EQ(port_terminal_read(terminal, &byte, 1),
                 typed == MK_OK ? 1 : MK_EAGAIN);
        int shown = port_terminal_write(terminal, "y", 1);
        CHECK(shown == 1 || shown == MK_EIO);
        CHECK_STR(sim_terminal_shown(NULL), shown == 1 ? "y" : "");
        port_terminal_close(terminal);
    } else {
        CHECK_EQ(opened, MK_ENOMEM);
    }
    sim_reset(1);
}

TEST(a_terminal_survives_each_failed_allocation) {
    test_each_alloc_failure(type_and_show, NULL);
}

TEST(debug_output_keeps_the_last_bytes) {
    sim_reset(1);
    size_t size = 9;
    CHECK_STR(sim_debug_shown(&size), "");
    CHECK_EQ(port_debug_write("hello ", 6), 6);
    CHECK_EQ(port_debug_write("world", 5), 5);
    CHECK_STR(sim_debug_shown(&size), "hello world");
    CHECK_EQ(size, 11);
    for (int i = 0; i < SIM_DEBUG_SIZE; i++)
        CHECK_EQ(port_debug_write("0123456789", 10), 10);
    const char *shown = sim_debug_shown(&size);
    CHECK(size >= SIM_DEBUG_SIZE / 2 && size <= SIM_DEBUG_SIZE);
    CHECK_EQ(strlen(shown), size);
    CHECK_STR(shown + size - 10, "0123456789");
    sim_debug_clear();
    sim_debug_set_room(3);
    CHECK_EQ(port_debug_write("hello", 5), 3);
    CHECK_EQ(port_debug_write("hello", 5), 0);
    CHECK_STR(sim_debug_shown(NULL), "hel");
    sim_reset(1);
    CHECK_EQ(port_debug_write("x", 1), 1);
    sim_reset(1);
}

TEST_TABLE(sim_terminal, TEST_ROW(what_is_typed_is_read_in_pieces_then_nothing),
           TEST_ROW(the_end_comes_after_what_was_typed),
           TEST_ROW(the_poller_tells_of_input_room_and_resizes),
           TEST_ROW(what_is_written_is_shown_up_to_the_room),
           TEST_ROW(size_raw_mode_and_kind_are_as_the_test_says),
           TEST_ROW(one_terminal_at_a_time),
           TEST_ROW(a_terminal_survives_each_failed_allocation),
           TEST_ROW(debug_output_keeps_the_last_bytes))
