/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/clock.h"
#include "port/identity.h"
#include "port/memory.h"
#include "port/random.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t)1024 * 1024)

TEST(name_and_id_come_from_the_environment) {
    CHECK_EQ(setenv("MK_NODE_NAME", "porch", 1), 0);
    CHECK_EQ(setenv("MK_NODE_ID", "7", 1), 0);
    CHECK_STR(port_identity_given_name(), "porch");
    CHECK_STR(port_identity_given_id(), "7");
    CHECK_EQ(unsetenv("MK_NODE_NAME"), 0);
    CHECK_EQ(unsetenv("MK_NODE_ID"), 0);
    CHECK_STR(port_identity_given_name(), "");
    CHECK_STR(port_identity_given_id(), "");
    CHECK_STR(port_identity_platform(), "linux");
}

TEST(the_seed_is_the_host_name) {
    char host[256] = "";
    char seed[256];
    CHECK_EQ(gethostname(host, sizeof host - 1), 0);
    size_t size = port_identity_seed(seed, sizeof seed);
    CHECK_EQ(size, strlen(host));
    CHECK_MEM(seed, host, size);
    CHECK_EQ(port_identity_seed(seed, 1), size > 0 ? 1 : 0);
    CHECK_EQ(port_identity_seed(NULL, 0), 0);
}

TEST(the_clocks_are_those_of_the_system) {
    struct timespec before;
    struct timespec after;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &before), 0);
    uint64_t now_ns = port_clock_monotonic_ns();
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &after), 0);
    CHECK(now_ns >= (uint64_t)before.tv_sec * 1000000000u + (uint64_t)before.tv_nsec);
    CHECK(now_ns <= (uint64_t)after.tv_sec * 1000000000u + (uint64_t)after.tv_nsec);
    CHECK(port_clock_wall_ms() > UINT64_C(1577836800000)); /* 2020 */
    CHECK(port_clock_wall_ms() < UINT64_C(4102444800000)); /* 2100 */
}

TEST(random_bytes_differ) {
    unsigned char first[512] = {0};
    unsigned char second[512] = {0};
    unsigned counts[256] = {0};
    CHECK_EQ(port_random_fill(first, sizeof first), MK_OK);
    CHECK_EQ(port_random_fill(second, sizeof second), MK_OK);
    CHECK(memcmp(first, second, sizeof first) != 0);
    for (size_t i = 0; i < sizeof first; i++)
        counts[first[i]]++;
    for (size_t i = 0; i < 256; i++)
        CHECK(counts[i] < 64); /* 2 on average */
    CHECK_EQ(port_random_fill(NULL, 0), MK_OK);
}

TEST(slabs_are_aligned_usable_and_counted) {
    static const size_t sizes[] = {0, 1, 4096, 5000, 2 * MIB, 6 * MIB};
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    unsigned char *slabs[COUNT];
    for (int i = 0; i < COUNT; i++) {
        slabs[i] = port_memory_map(sizes[i]);
        CHECK(slabs[i] != NULL);
        size_t align = sizes[i] >= 2 * MIB ? 2 * MIB : 64;
        CHECK_EQ((uintptr_t)slabs[i] % align, 0);
        memset(slabs[i], 0x5a, sizes[i]);
    }
    CHECK_EQ(test_live_blocks(), COUNT);
    for (int i = 0; i < COUNT; i++)
        port_memory_unmap(slabs[i], sizes[i]);
    CHECK_EQ(test_live_blocks(), 0);
}

TEST(slabs_fail_with_the_heap_and_for_absurd_sizes) {
    mk_alloc_fail_at(1, false);
    CHECK(port_memory_map(4096) == NULL);
    CHECK(mk_alloc_fail_hit());
    mk_alloc_fail_at(0, false);
    CHECK(port_memory_map(SIZE_MAX) == NULL);
    CHECK(port_memory_map(SIZE_MAX - 4 * MIB) == NULL);
    port_memory_unmap(NULL, 4096);
    CHECK_EQ(test_live_blocks(), 0);
}

TEST(a_slab_given_back_leaves_the_process) {
    const size_t size = 64 * MIB;
    port_memory_facts_t before;
    port_memory_facts_t with;
    port_memory_facts_t after;
    port_memory_facts(&before);
    unsigned char *slab = port_memory_map(size);
    CHECK(slab != NULL);
    memset(slab, 1, size);
    port_memory_facts(&with);
    port_memory_unmap(slab, size);
    port_memory_facts(&after);
    CHECK(before.total_bytes > 0);
    CHECK(before.free_bytes > 0 && before.free_bytes <= before.total_bytes);
    CHECK(with.resident_bytes >= before.resident_bytes + size / 2);
    CHECK(after.resident_bytes + size / 2 <= with.resident_bytes);
}

TEST_TABLE(identity, TEST_ROW(name_and_id_come_from_the_environment),
           TEST_ROW(the_seed_is_the_host_name),
           TEST_ROW(the_clocks_are_those_of_the_system), TEST_ROW(random_bytes_differ),
           TEST_ROW(slabs_are_aligned_usable_and_counted),
           TEST_ROW(slabs_fail_with_the_heap_and_for_absurd_sizes),
           TEST_ROW(a_slab_given_back_leaves_the_process))
