/* SPDX-License-Identifier: Apache-2.0 */
#include "app/loopback.h"
#include "support/test.h"
#include "virt_impl.h"

#include <string.h>

TEST(bytes_come_in_by_interrupt_and_in_order) {
    loopback_drain();
    CHECK(!virt__uart_has_input());
    CHECK_EQ(virt__uart_peek(), -1);
    loopback_type("hello, \xff\x00 end", 13);
    char got[32];
    CHECK(virt__uart_has_input());
    CHECK_EQ(virt__uart_peek(), 'h');
    CHECK_EQ(virt__uart_read((uint8_t *)got, 5), 5);
    CHECK_MEM(got, "hello", 5);
    CHECK_EQ(virt__uart_read((uint8_t *)got, sizeof got), 8);
    CHECK_MEM(got, ", \xff\x00 end", 8);
    CHECK_EQ(virt__uart_read((uint8_t *)got, sizeof got), 0);
}

/* What write() made of `text`, `cap` > its size. */
static size_t sent_as(const char *text, bool is_tty, char *got, size_t cap) {
    loopback_drain();
    loopback_open();
    size_t size = strlen(text);
    for (size_t done = 0; done < size;) {
        done += virt__uart_write((const uint8_t *)text + done, size - done, is_tty);
        virt__uart_await_room();
    }
    loopback_close();
    return virt__uart_read((uint8_t *)got, cap);
}

TEST(a_terminal_gets_a_return_before_each_new_line_and_a_pipe_does_not) {
    char got[32];
    CHECK_EQ(sent_as("a\nb\r\nc\n", false, got, sizeof got), 7);
    CHECK_MEM(got, "a\nb\r\nc\n", 7);
    CHECK_EQ(sent_as("a\nb\r\nc\n", true, got, sizeof got), 9);
    CHECK_MEM(got, "a\r\nb\r\nc\r\n", 9);
}

TEST(nothing_is_dropped_here_when_the_ring_is_full) {
    enum { RING = 1024, HARDWARE = 1 };
    loopback_drain();
    uint32_t lost_before = virt__uart_overruns();
    loopback_open();
    for (unsigned i = 0; i < RING + HARDWARE; i++) {
        uint8_t byte = (uint8_t)(i % 251);
        virt__uart_await_room();
        virt__uart_write(&byte, 1, false);
    }
    loopback_close();
    uint32_t lost = virt__uart_overruns() - lost_before;
    unsigned wrong = 0;
    unsigned count = 0;
    uint8_t byte;
    for (; virt__uart_read(&byte, 1) == 1; count++)
        wrong += byte != count % 251;
    CHECK_EQ(lost, 0);
    CHECK_EQ(count, RING + HARDWARE);
    CHECK_EQ(wrong, 0);
}

TEST(what_the_hardware_lost_is_counted) {
    enum { MORE = 1024 + 1 + 1 };
    loopback_drain();
    uint32_t lost_before = virt__uart_overruns();
    loopback_open();
    for (unsigned i = 0; i < MORE; i++) {
        virt__uart_await_room();
        virt__uart_write((const uint8_t *)"x", 1, false);
    }
    loopback_close();
    loopback_drain();
    CHECK_EQ(virt__uart_overruns() - lost_before, 1);
}

TEST_TABLE(uart, TEST_ROW(bytes_come_in_by_interrupt_and_in_order),
           TEST_ROW(a_terminal_gets_a_return_before_each_new_line_and_a_pipe_does_not),
           TEST_ROW(nothing_is_dropped_here_when_the_ring_is_full),
           TEST_ROW(what_the_hardware_lost_is_counted))
