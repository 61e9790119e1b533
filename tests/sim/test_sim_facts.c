/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "microkernel/error.h"
#include "port/identity.h"
#include "port/memory.h"
#include "port/random.h"
#include "sim/sim.h"

#include <stdint.h>
#include <string.h>

TEST(random_bytes_follow_the_seed) {
    unsigned char first[21];
    unsigned char again[21];
    unsigned char other[21];
    sim_reset(1);
    CHECK_EQ(port_random_fill(first, sizeof first), MK_OK);
    CHECK_EQ(port_random_fill(other, sizeof other), MK_OK);
    CHECK(memcmp(first, other, sizeof first) != 0);
    sim_reset(1);
    CHECK_EQ(port_random_fill(again, sizeof again), MK_OK);
    CHECK_MEM(again, first, sizeof first);
    sim_reset(2);
    CHECK_EQ(port_random_fill(other, sizeof other), MK_OK);
    CHECK(memcmp(first, other, sizeof first) != 0);
}

TEST(a_failed_source_of_random_bytes_leaves_zeros) {
    unsigned char bytes[8];
    static const unsigned char zeros[8];
    sim_reset(1);
    memset(bytes, 7, sizeof bytes);
    sim_fail_port_at(1, false);
    CHECK_EQ(port_random_fill(bytes, sizeof bytes), MK_EIO);
    CHECK_MEM(bytes, zeros, sizeof zeros);
    sim_reset(1);
}

TEST(identity_is_as_the_test_says) {
    char seed[40];
    sim_reset(1);
    CHECK_STR(port_identity_platform(), "sim");
    CHECK_STR(port_identity_given_name(), "");
    CHECK_STR(port_identity_given_id(), "");
    CHECK_EQ(port_identity_seed(seed, sizeof seed), 3);
    CHECK_MEM(seed, "sim", 3);
    sim_set_identity("porch", "7");
    sim_set_identity_seed("0123456789", 10);
    CHECK_STR(port_identity_given_name(), "porch");
    CHECK_STR(port_identity_given_id(), "7");
    CHECK_EQ(port_identity_seed(seed, 4), 4);
    CHECK_MEM(seed, "0123", 4);
    CHECK_EQ(port_identity_seed(seed, sizeof seed), 10);
    sim_set_identity_seed(NULL, 0);
    CHECK_EQ(port_identity_seed(seed, sizeof seed), 0);
    sim_reset(1);
    CHECK_STR(port_identity_given_name(), "");
}

TEST(slabs_are_aligned_and_counted) {
    sim_reset(1);
    size_t sizes[] = {0, 1, 64, 4096, 5000};
    void *slabs[5];
    for (int i = 0; i < 5; i++) {
        slabs[i] = port_memory_map(sizes[i]);
        CHECK(slabs[i] != NULL);
        CHECK_EQ((uintptr_t)slabs[i] % 64, 0);
        memset(slabs[i], 0xa5, sizes[i]);
    }
    CHECK_EQ(test_live_blocks(), 5);
    for (int i = 0; i < 5; i++)
        port_memory_unmap(slabs[i], sizes[i]);
    CHECK(port_memory_map(SIZE_MAX) == NULL);
}

TEST(memory_facts_are_as_the_test_says) {
    port_memory_facts_t facts;
    sim_reset(1);
    port_memory_facts(&facts);
    CHECK_EQ(facts.total_bytes, 0);
    port_memory_facts_t wanted = {4000, 3000, 2000, 1000, 500};
    sim_set_memory_facts(&wanted);
    port_memory_facts(&facts);
    CHECK_EQ(facts.total_bytes, 4000);
    CHECK_EQ(facts.resident_bytes, 500);
    sim_reset(1);
}

TEST_TABLE(sim_facts, TEST_ROW(random_bytes_follow_the_seed),
           TEST_ROW(a_failed_source_of_random_bytes_leaves_zeros),
           TEST_ROW(identity_is_as_the_test_says),
           TEST_ROW(slabs_are_aligned_and_counted),
           TEST_ROW(memory_facts_are_as_the_test_says))
