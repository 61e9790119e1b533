/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine is and has: memory, random bytes, options, and what it has not.
 * run.sh starts this image with node_name=kitchen%20table node_id=7 seed=abc. */
#include "support/test.h"
#include "virt_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/files.h"
#include "port/identity.h"
#include "port/memory.h"
#include "port/random.h"
#include "port/thread.h"

#include <string.h>

enum { RAM = 320 * 1024 };

extern char __heap_start[]; /* the linker's */
extern char __heap_end[];
extern char __stack[];

TEST(memory_is_320_kib_for_everything) {
    CHECK_EQ((uintptr_t)__stack - 0x80000000u, RAM);
    CHECK_EQ(__stack - __heap_end, 24 * 1024);
}

TEST(memory_facts_follow_what_is_taken) {
    enum { SIZE = 20000 };
    port_memory_facts_t before;
    port_memory_facts_t during;
    port_memory_facts_t after;
    port_memory_facts(&before);
    void *block = mk_alloc(SIZE);
    port_memory_facts(&during);
    mk_free(block);
    port_memory_facts(&after);
    CHECK(block != NULL);
    CHECK_EQ(before.total_bytes, __heap_end - __heap_start);
    CHECK(before.free_bytes <= before.total_bytes);
    CHECK(before.free_bytes - during.free_bytes >= SIZE);
    CHECK(before.free_bytes - during.free_bytes < SIZE + 64);
    CHECK_EQ(after.free_bytes, before.free_bytes);
    CHECK(after.min_free_bytes <= during.free_bytes);
    CHECK_EQ(after.resident_bytes, 0);
}

/* Takes all there is; gives all of it back. */
TEST(the_heap_ends_with_null_and_is_whole_again_after) {
    enum { SLAB = 8192 };
    void *slabs[RAM / SLAB];
    for (int round = 0; round < 2; round++) {
        size_t count = 0;
        unsigned misplaced = 0;
        while ((slabs[count] = port_memory_map(SLAB)) != NULL) {
            misplaced += ((uintptr_t)slabs[count] % 64) != 0;
            memset(slabs[count], 0xa5, SLAB);
            count++;
        }
        for (size_t i = count; i-- > 0;)
            port_memory_unmap(slabs[i], SLAB);
        CHECK(count >= 24);
        CHECK_EQ(misplaced, 0);
    }
    CHECK(port_memory_map(RAM) == NULL);
    CHECK(port_memory_map(SIZE_MAX) == NULL);
    port_memory_unmap(NULL, 0);
}

TEST(random_bytes_differ) {
    unsigned char first[200] = {0};
    unsigned char second[200] = {0};
    unsigned char both = 0;
    CHECK_EQ(port_random_fill(first, sizeof first), MK_OK);
    CHECK_EQ(port_random_fill(second, sizeof second), MK_OK);
    CHECK_EQ(port_random_fill(NULL, 0), MK_OK);
    CHECK(memcmp(first, second, sizeof first) != 0);
    for (size_t i = 192; i < sizeof first; i++)
        both |= first[i] | second[i];
    CHECK(both != 0); /* also what goes beyond the device's buffer */
}

TEST(the_node_is_who_qemu_was_told) {
    char seed[16];
    CHECK_STR(port_identity_given_name(), "kitchen table");
    CHECK_STR(port_identity_given_id(), "7");
    CHECK_EQ(port_identity_seed(seed, sizeof seed), 3);
    CHECK_MEM(seed, "abc", 3);
    CHECK_EQ(port_identity_seed(seed, 1), 1);
    CHECK_STR(port_identity_platform(), "qemu-riscv32");
}

TEST(an_option_that_does_not_fit_or_is_not_there_is_told) {
    char text[8];
    CHECK_EQ(virt__option_text("node_name", text, sizeof text), MK_ETOOBIG);
    CHECK_STR(text, "kitchen");
    CHECK_EQ(virt__option_text("node", text, sizeof text), MK_ENOENT);
    CHECK_STR(text, "");
    CHECK_EQ(virt__option_argument(99, text, sizeof text), MK_ENOENT);
}

TEST(there_are_no_threads_and_locks_keep_nobody_out) {
    port_thread_t *thread = NULL;
    CHECK_EQ(port_thread_start(&thread, NULL, NULL), MK_ENOTSUP);
    port_lock_t *lock = port_lock_create();
    CHECK(lock != NULL);
    port_lock_acquire(lock);
    port_lock_signal(lock, true);
    port_lock_wait(lock);
    port_lock_release(lock);
    port_lock_destroy(lock);
    port_lock_destroy(NULL);
}

TEST(there_are_no_files) {
    void *bytes = NULL;
    size_t size = 0;
    CHECK_EQ(port_file_read("a", 1, &bytes, &size), MK_ENOTSUP);
    CHECK_EQ(port_file_append("a", "b", 1), MK_ENOTSUP);
    CHECK_EQ(port_file_replace("a", "b", 1), MK_ENOTSUP);
    CHECK_EQ(port_file_remove("a"), MK_ENOTSUP);
    CHECK_EQ(port_dir_create("a"), MK_ENOTSUP);
}

TEST_TABLE(machine, TEST_ROW(memory_is_320_kib_for_everything),
           TEST_ROW(memory_facts_follow_what_is_taken),
           TEST_ROW(the_heap_ends_with_null_and_is_whole_again_after),
           TEST_ROW(random_bytes_differ), TEST_ROW(the_node_is_who_qemu_was_told),
           TEST_ROW(an_option_that_does_not_fit_or_is_not_there_is_told),
           TEST_ROW(there_are_no_threads_and_locks_keep_nobody_out),
           TEST_ROW(there_are_no_files))
