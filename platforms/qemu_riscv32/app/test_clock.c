/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "virt_impl.h"

#include "port/clock.h"

#define NS_PER_MS UINT64_C(1000000)

TEST(the_monotonic_clock_never_goes_back) {
    uint64_t last_ns = port_clock_monotonic_ns();
    for (int i = 0; i < 10000; i++) {
        uint64_t now_ns = port_clock_monotonic_ns();
        CHECK(now_ns >= last_ns);
        last_ns = now_ns;
    }
}

TEST(the_wall_clock_is_the_hosts) {
    CHECK(port_clock_wall_ms() > UINT64_C(1577836800000)); /* 2020 */
    CHECK(port_clock_wall_ms() < UINT64_C(4102444800000)); /* 2100 */
}

TEST(the_timer_interrupt_ends_a_sleep_and_comes_once) {
    uint32_t before = virt__interrupts_off();
    uint64_t deadline_ns = virt__now_ns() + 2 * NS_PER_MS;
    virt__timer_set(deadline_ns);
    while (virt__now_ns() < deadline_ns)
        virt__sleep();
    uint32_t pending_then;
    __asm__ volatile("csrr %0, mip" : "=r"(pending_then));
    virt__interrupts_restore(before); /* taken here */
    uint32_t pending_now;
    __asm__ volatile("csrr %0, mip" : "=r"(pending_now));
    CHECK_EQ(pending_then & 0x80u, 0x80);
    CHECK_EQ(pending_now & 0x80u, 0);
}

TEST(a_deadline_in_the_past_is_due_at_once) {
    uint32_t before = virt__interrupts_off();
    virt__timer_set(0);
    virt__sleep();
    virt__interrupts_restore(before);
    CHECK(virt__now_ns() > 0);
}

TEST_TABLE(clock, TEST_ROW(the_monotonic_clock_never_goes_back),
           TEST_ROW(the_wall_clock_is_the_hosts),
           TEST_ROW(the_timer_interrupt_ends_a_sleep_and_comes_once),
           TEST_ROW(a_deadline_in_the_past_is_due_at_once))
