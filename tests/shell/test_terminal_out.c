/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "shell/terminal_out.h"
#include "sim/sim.h"

#include <string.h>

static port_terminal_t *terminal;

static void open_out(terminal_out_t *out) {
    sim_reset(1);
    CHECK_EQ(port_terminal_open(&terminal, PORT_STDIN, PORT_STDOUT), MK_OK);
    terminal_out_init(out, terminal);
}

static void close_out(terminal_out_t *out) {
    terminal_out_deinit(out);
    port_terminal_close(terminal);
    sim_reset(1);
}

static bool put(terminal_out_t *out, const char *text) {
    return terminal_out_write(out, text, strlen(text));
}

TEST(output_goes_straight_to_a_terminal_with_room) {
    terminal_out_t out;
    open_out(&out);
    CHECK(put(&out, "one "));
    CHECK(put(&out, ""));
    CHECK(put(&out, "two"));
    CHECK(!terminal_out_is_waiting(&out));
    CHECK_STR(sim_terminal_shown(NULL), "one two");
    CHECK(out.waiting.block == NULL);
    close_out(&out);
}

TEST(output_waits_in_order_for_a_slow_terminal) {
    terminal_out_t out;
    open_out(&out);
    sim_terminal_set_room(2);
    CHECK(put(&out, "one "));
    CHECK(put(&out, "two "));
    CHECK(terminal_out_is_waiting(&out));
    CHECK(terminal_out_has_room(&out));
    CHECK_STR(sim_terminal_shown(NULL), "on");
    sim_terminal_set_room(3);
    CHECK(put(&out, "three"));
    CHECK_STR(sim_terminal_shown(NULL), "one t");
    sim_terminal_set_room(SIZE_MAX);
    terminal_out_drain(&out);
    CHECK_STR(sim_terminal_shown(NULL), "one two three");
    CHECK(!terminal_out_is_waiting(&out));
    close_out(&out);
}

TEST(output_asks_to_pause_and_tells_when_to_go_on) {
    terminal_out_t out;
    char row[512];
    memset(row, 'r', sizeof row);
    open_out(&out);
    sim_terminal_set_room(0);
    size_t taken = 0;
    for (; terminal_out_write(&out, row, sizeof row); taken += sizeof row)
        CHECK(taken <= MK_SHELL_OUTPUT_BYTES);
    CHECK(!terminal_out_has_room(&out));
    sim_terminal_set_room(sizeof row);
    terminal_out_drain(&out);
    CHECK(!terminal_out_has_room(&out));
    sim_terminal_set_room(MK_SHELL_OUTPUT_BYTES / 2 + sizeof row);
    terminal_out_drain(&out);
    CHECK(terminal_out_has_room(&out));
    CHECK(terminal_out_is_waiting(&out));
    CHECK_EQ(out.lost, 0);
    close_out(&out);
}

TEST(output_beyond_the_bound_is_counted_and_told) {
    terminal_out_t out;
    static char block[MK_SHELL_OUTPUT_BYTES + TERMINAL_OUT_SLACK];
    memset(block, 'b', sizeof block);
    open_out(&out);
    sim_terminal_set_room(0);
    (void)terminal_out_write(&out, block, sizeof block);
    CHECK_EQ(out.lost, 0);
    CHECK(!put(&out, "lost\n"));
    CHECK_EQ(out.lost, 5);
    sim_terminal_set_room(SIZE_MAX);
    terminal_out_drain(&out);
    CHECK(!terminal_out_is_waiting(&out));
    size_t size;
    const char *shown = sim_terminal_shown(&size);
    CHECK_STR(shown + sizeof block, "\n[5 bytes of output lost]\n");
    close_out(&out);
}

TEST(output_nobody_reads_vanishes) {
    terminal_out_t out;
    open_out(&out);
    sim_terminal_set_room(1);
    CHECK(put(&out, "wait"));
    sim_terminal_close_output();
    terminal_out_drain(&out);
    CHECK(!terminal_out_is_waiting(&out));
    CHECK_EQ(out.problem, MK_ECLOSED);
    CHECK(put(&out, "more"));
    CHECK(!terminal_out_is_waiting(&out));
    close_out(&out);
    terminal_out_init(&out, NULL);
    CHECK(put(&out, "nowhere"));
    terminal_out_drain(&out);
    CHECK(!terminal_out_is_waiting(&out));
    terminal_out_deinit(&out);
}

static void write_and_drain(void *arg) {
    terminal_out_t out;
    (void)arg;
    sim_reset(1);
    if (port_terminal_open(&terminal, PORT_STDIN, PORT_STDOUT) < 0) return;
    terminal_out_init(&out, terminal);
    sim_terminal_set_room(1);
    (void)put(&out, "one row\n");
    sim_terminal_set_room(SIZE_MAX);
    terminal_out_drain(&out);
    CHECK(!terminal_out_is_waiting(&out) || out.problem != MK_OK);
    close_out(&out);
}

TEST(output_survives_every_failing_allocation) {
    test_each_alloc_failure(write_and_drain, NULL);
}

TEST_TABLE(terminal_out, TEST_ROW(output_goes_straight_to_a_terminal_with_room),
           TEST_ROW(output_waits_in_order_for_a_slow_terminal),
           TEST_ROW(output_asks_to_pause_and_tells_when_to_go_on),
           TEST_ROW(output_beyond_the_bound_is_counted_and_told),
           TEST_ROW(output_nobody_reads_vanishes),
           TEST_ROW(output_survives_every_failing_allocation))
