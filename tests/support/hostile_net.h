/* SPDX-License-Identifier: Apache-2.0 */
/* hostile_net.h - what the simulated network does to every kind of talk over it.
 *
 * A talk begins in the world as it is, leaves no handle behind, and says whether all
 * went well; it checks by itself what must hold when it did not. */
#ifndef MK_TESTS_SUPPORT_HOSTILE_NET_H
#define MK_TESTS_SUPPORT_HOSTILE_NET_H

#include "sim/sim.h"
#include "support/test.h"

typedef bool talk_fn_t(void);

/* The world of a seed, with random parts, hiccups, delays and windows down to a byte.
 * False: to a byte; there long talks take long. */
static inline bool hostile_net_begin(uint64_t seed) {
    bool is_wide = seed % 5 != 0;
    sim_reset(seed);
    sim_net_set_random_parts(true);
    sim_net_set_hiccups((unsigned)(seed % 4) * 200);
    sim_net_set_delay(seed % 3 * 700000);
    sim_net_set_window(is_wide ? (size_t)seed * 37 : 1);
    return is_wide;
}

/* Reset each byte of a talk, of `size` bytes in all: it goes well unless it was hit. */
static inline void hostile_net_reset_each(talk_fn_t *talk, size_t size,
                                          size_t read_max) {
    for (size_t at = 1; at <= size + 1; at++) {
        sim_reset(at);
        sim_net_set_read_max(read_max);
        sim_net_set_write_max(7);
        sim_net_reset_at(at);
        bool is_good = talk();
        CHECK_EQ(is_good, !sim_net_reset_hit());
        CHECK_EQ(is_good, at > size);
        CHECK_EQ(sim_handle_count(), 0);
    }
    sim_reset(1);
}

/* Let each call of the port fail, once and from there on; a talk has more than `least`
 * of them. */
static inline void hostile_net_fail_each(talk_fn_t *talk, size_t least,
                                         size_t read_max) {
    for (int lasting = 0; lasting < 2; lasting++) {
        bool was_hit = true;
        for (size_t nth = 1; was_hit; nth++) {
            sim_reset(1);
            sim_net_set_read_max(read_max);
            sim_fail_port_at(nth, lasting != 0);
            (void)talk();
            was_hit = sim_fail_port_hit();
            sim_fail_port_at(0, false);
            CHECK_EQ(sim_handle_count(), 0);
            CHECK(was_hit ? nth < 2000 : nth > least);
        }
    }
    sim_reset(1);
}

#endif
