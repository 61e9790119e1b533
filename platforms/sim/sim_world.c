/* SPDX-License-Identifier: Apache-2.0 */
/* sim_world.c - the seed, the faults, and a new world.
 *
 * Each purpose draws from a stream of its own made from the seed, so that one more
 * random byte for an actor does not change the order of events in the rest of a run.
 *
 * The generator is splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", OOPSLA 2014): eight bytes of state, and every seed, also 0, is good. */
#include "sim.h"
#include "sim_impl.h"

static struct {
    uint64_t seed;
    size_t fault_countdown; /* fallible calls until the fault; 0: no fault */
    bool fault_is_lasting;  /* go on failing after the first */
    bool fault_was_hit;
} world;

static uint64_t scramble(uint64_t value) {
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

uint64_t sim__random_next(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return scramble(*state);
}

uint64_t sim__mix(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t mixed = scramble(a + UINT64_C(0x9e3779b97f4a7c15));
    mixed = scramble(mixed ^ (b + UINT64_C(0x9e3779b97f4a7c15)));
    return scramble(mixed ^ (c + UINT64_C(0x9e3779b97f4a7c15)));
}

void sim_reset(uint64_t seed) {
    sim__threads_reset();
    world.seed = seed;
    sim_fail_port_at(0, false);
    sim__pollers_reset(seed);
    sim__net_reset(seed);
    sim__dns_reset();
    sim__clock_reset(seed);
    sim__handles_reset();
    sim__random_reset(seed);
    sim__facts_reset();
    sim__debug_reset();
    sim__files_reset(seed);
    sim__terminal_reset();
}

uint64_t sim_seed(void) {
    return world.seed;
}

void sim_fail_port_at(size_t nth, bool for_ever) {
    sim__lock();
    world.fault_countdown = nth;
    world.fault_is_lasting = for_ever;
    world.fault_was_hit = false;
    sim__unlock();
}

bool sim_fail_port_hit(void) {
    sim__lock();
    bool was_hit = world.fault_was_hit;
    sim__unlock();
    return was_hit;
}

bool sim__port_fails(void) {
    sim__lock();
    bool fails = world.fault_countdown == 1;
    if (world.fault_countdown > 1) {
        world.fault_countdown--;
    } else if (fails) {
        world.fault_was_hit = true;
        if (!world.fault_is_lasting) world.fault_countdown = 0;
    }
    sim__unlock();
    return fails;
}
