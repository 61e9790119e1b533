/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/files.h"
#include "sim/sim.h"

#include <string.h>

static bool is_there(const char *path) {
    size_t size;
    return sim_file_peek(path, &size) != NULL;
}

static void check_content(const char *path, const char *want) {
    size_t size = 0;
    const void *bytes = sim_file_peek(path, &size);
    CHECK(bytes != NULL);
    CHECK_EQ(size, strlen(want));
    CHECK_MEM(bytes, want, size);
}

static int append(const char *path, const char *text) {
    return port_file_append(path, text, strlen(text));
}

static int replace(const char *path, const char *text) {
    return port_file_replace(path, text, strlen(text));
}

TEST(a_file_is_written_grown_replaced_and_removed) {
    sim_reset(1);
    CHECK_EQ(append("log", "one "), MK_OK);
    CHECK_EQ(append("log", "two"), MK_OK);
    check_content("log", "one two");
    CHECK_EQ(replace("log", "three"), MK_OK);
    check_content("log", "three");
    CHECK_EQ(sim_file_count(), 1);
    CHECK_EQ(port_file_remove("log"), MK_OK);
    CHECK(!is_there("log"));
    CHECK_EQ(port_file_remove("log"), MK_OK);
    CHECK_EQ(append("log", ""), MK_OK);
    check_content("log", "");
    sim_reset(1);
    CHECK_EQ(sim_file_count(), 0);
}

TEST(reading_gives_an_owned_copy_within_the_limit) {
    sim_reset(1);
    void *bytes = NULL;
    size_t size = 0;
    CHECK_EQ(port_file_read("a", 9, &bytes, &size), MK_ENOENT);
    CHECK_EQ(replace("a", "12345"), MK_OK);
    CHECK_EQ(port_file_read("a", 4, &bytes, &size), MK_ETOOBIG);
    CHECK_EQ(port_file_read("a", 5, &bytes, &size), MK_OK);
    CHECK_EQ(size, 5);
    CHECK_EQ(port_file_remove("a"), MK_OK);
    CHECK_MEM(bytes, "12345", 5);
    mk_free(bytes);
    CHECK_EQ(replace("a", ""), MK_OK);
    CHECK_EQ(port_file_read("a", 0, &bytes, &size), MK_OK);
    CHECK_EQ(size, 0);
    CHECK(bytes != NULL);
    mk_free(bytes);
    sim_reset(1);
}

TEST(folders_have_to_be_made_first) {
    sim_reset(1);
    CHECK_EQ(append("a/b/c", "x"), MK_ENOENT);
    CHECK_EQ(port_dir_create("a/b"), MK_OK);
    CHECK_EQ(port_dir_create("a/b"), MK_OK);
    CHECK_EQ(append("a/b/c", "x"), MK_OK);
    CHECK_EQ(append("a/b", "x"), MK_EPERM);
    CHECK_EQ(replace("a", "x"), MK_EPERM);
    CHECK_EQ(port_file_remove("a/b"), MK_EPERM);
    CHECK_EQ(port_dir_create("a/b/c"), MK_EEXIST);
    CHECK_EQ(port_dir_create("a/b/c/d"), MK_EEXIST);
    CHECK_EQ(append("a/b/c/d", "x"), MK_ENOENT);
    CHECK_EQ(append("/top", "x"), MK_OK);
    CHECK_EQ(append("", "x"), MK_EINVAL);
    CHECK_EQ(port_dir_create(""), MK_EINVAL);
    CHECK_EQ(port_dir_create("/"), MK_OK);
    CHECK_EQ(port_dir_create("."), MK_OK);
    sim_reset(1);
}

static char listed[64];

static bool note_name(const char *name, void *ctx) {
    size_t size = strlen(listed);
    (void)ctx;
    memcpy(listed + size, name, strlen(name) + 1);
    return name[0] != '!'; /* which ends the list */
}

static int list(const char *path) {
    listed[0] = '\0';
    return port_dir_list(path, note_name, NULL);
}

TEST(a_folder_lists_its_plain_files_only) {
    sim_reset(1);
    CHECK_EQ(sim_file_put("top", "1", 1), MK_OK);
    CHECK_EQ(sim_file_put("dir/a", "1", 1), MK_OK);
    CHECK_EQ(sim_file_put("dir/inner/b", "1", 1), MK_OK);
    CHECK_EQ(sim_file_put("dirt/c", "1", 1), MK_OK);
    CHECK_EQ(list("dir/"), MK_OK);
    CHECK_STR(listed, "a");
    CHECK_EQ(list("."), MK_OK);
    CHECK_STR(listed, "top");
    CHECK_EQ(list("/"), MK_OK);
    CHECK_STR(listed, "");
    CHECK_EQ(list("none"), MK_ENOENT);
    CHECK_EQ(list("top"), MK_EPERM);
    CHECK_EQ(list(""), MK_EINVAL);
    CHECK_EQ(sim_file_put("dir/!", "1", 1), MK_OK);
    CHECK_EQ(list("dir"), MK_OK);
    CHECK_STR(listed, "!"); /* the newest comes first, and it was the last wanted */
    sim_fail_port_at(1, false);
    CHECK_EQ(list("dir"), MK_EIO);
    sim_reset(1);
}

TEST(different_spellings_of_a_path_are_one_file) {
    sim_reset(1);
    CHECK_EQ(port_dir_create("/a//b/"), MK_OK);
    CHECK_EQ(append("/a/./b//c", "x"), MK_OK);
    CHECK_EQ(append("/a/b/../b/c", "y"), MK_OK);
    check_content("/a/b/c", "xy");
    CHECK(!is_there("a/b/c"));
    CHECK_EQ(append("./c", "z"), MK_OK);
    check_content("c", "z");
    CHECK_EQ(append("/../c", "w"), MK_OK);
    check_content("/c", "w");
    sim_reset(1);
}

TEST(a_full_disk_keeps_the_beginning_of_an_append_and_the_old_of_a_replace) {
    sim_reset(1);
    sim_disk_set_room(6);
    CHECK_EQ(append("a", "1234"), MK_OK);
    CHECK_EQ(append("a", "5678"), MK_EFULL);
    check_content("a", "123456");
    CHECK_EQ(replace("a", "x"), MK_EFULL); /* old and new stand side by side */
    check_content("a", "123456");
    CHECK_EQ(append("b", "x"), MK_EFULL);
    CHECK(!is_there("b"));
    CHECK_EQ(port_file_remove("a"), MK_OK);
    CHECK_EQ(append("b", "123456"), MK_OK);
    sim_reset(1);
}

/* Four changes, the `cut`-th of which loses the power. */
static void write_with_cut(uint64_t seed, size_t cut) {
    sim_reset(seed);
    sim_power_cut_at(cut);
    CHECK_EQ(append("log", "first"), cut == 1 ? MK_EIO : MK_OK);
    CHECK_EQ(append("log", "second"), cut <= 2 ? MK_EIO : MK_OK);
    CHECK_EQ(replace("log", "NEW"), cut <= 3 ? MK_EIO : MK_OK);
    CHECK_EQ(port_file_remove("log"), cut <= 4 ? MK_EIO : MK_OK);
    CHECK_EQ(sim_power_is_off(), cut <= 4);
    CHECK_EQ(sim_file_changes(), cut <= 4 ? cut : 4);
    sim_power_on();
}

TEST(a_cut_append_leaves_a_beginning) {
    bool was_torn = false;
    bool was_missing = false;
    for (uint64_t seed = 0; seed < 64; seed++) {
        write_with_cut(seed, 2);
        size_t size = 0;
        const char *bytes = sim_file_peek("log", &size);
        CHECK(bytes != NULL);
        CHECK(size >= 5 && size <= 11);
        CHECK_MEM(bytes, "firstsecond", size);
        was_torn = was_torn || (size > 5 && size < 11);
        write_with_cut(seed, 1);
        was_missing = was_missing || !is_there("log");
    }
    CHECK(was_torn);
    CHECK(was_missing);
    sim_reset(1);
}

TEST(a_cut_replace_leaves_old_or_new_whole) {
    unsigned olds = 0;
    unsigned news = 0;
    for (uint64_t seed = 0; seed < 64; seed++) {
        write_with_cut(seed, 3);
        size_t size = 0;
        const char *bytes = sim_file_peek("log", &size);
        CHECK(bytes != NULL);
        bool is_new = size == 3;
        CHECK_EQ(size, is_new ? 3 : 11);
        CHECK_MEM(bytes, is_new ? "NEW" : "firstsecond", size);
        olds += is_new ? 0 : 1;
        news += is_new ? 1 : 0;
    }
    CHECK(olds > 0 && news > 0);
    sim_reset(1);
}

TEST(a_cut_remove_is_done_or_not) {
    unsigned left = 0;
    for (uint64_t seed = 0; seed < 64; seed++) {
        write_with_cut(seed, 4);
        if (!is_there("log")) continue;
        check_content("log", "NEW");
        left++;
    }
    CHECK(left > 0 && left < 64);
    write_with_cut(1, 5);
    CHECK(!is_there("log"));
    sim_reset(1);
}

TEST(a_cut_folder_is_made_from_the_top) {
    unsigned depths[4] = {0};
    for (uint64_t seed = 0; seed < 64; seed++) {
        sim_reset(seed);
        sim_power_cut_at(1);
        CHECK_EQ(port_dir_create("a/b/c"), MK_EIO);
        sim_power_on();
        unsigned depth = 0;
        if (append("a/x", "") == MK_OK) depth = 1;
        if (append("a/b/x", "") == MK_OK) depth = 2;
        if (append("a/b/c/x", "") == MK_OK) depth = 3;
        CHECK_EQ(sim_file_count(), depth);
        depths[depth]++;
    }
    CHECK(depths[0] > 0 && depths[1] > 0 && depths[2] > 0 && depths[3] > 0);
    sim_reset(1);
}

TEST(without_power_nothing_is_read_or_written) {
    sim_reset(1);
    void *bytes = NULL;
    size_t size = 0;
    CHECK_EQ(append("a", "x"), MK_OK);
    sim_power_cut_at(1);
    CHECK_EQ(append("b", "x"), MK_EIO);
    CHECK_EQ(port_file_read("a", 9, &bytes, &size), MK_EIO);
    CHECK_EQ(append("a", "y"), MK_EIO);
    CHECK_EQ(port_dir_create("d"), MK_EIO);
    sim_power_on();
    check_content("a", "x");
    CHECK_EQ(append("d/x", "x"), MK_ENOENT);
    sim_reset(1);
}

TEST(the_same_seed_tears_in_the_same_place) {
    size_t first = 0;
    size_t second = 0;
    write_with_cut(7, 2);
    (void)sim_file_peek("log", &first);
    write_with_cut(7, 2);
    (void)sim_file_peek("log", &second);
    CHECK_EQ(first, second);
    sim_reset(1);
}

TEST(an_injected_fault_fails_one_call_within_its_contract) {
    sim_reset(1);
    void *bytes = NULL;
    size_t size = 0;
    CHECK_EQ(replace("a", "old"), MK_OK);
    sim_fail_port_at(1, false);
    CHECK_EQ(replace("a", "new"), MK_EIO);
    check_content("a", "old");
    sim_fail_port_at(1, false);
    CHECK_EQ(port_file_read("a", 9, &bytes, &size), MK_EIO);
    sim_fail_port_at(1, false);
    CHECK_EQ(port_file_remove("a"), MK_EIO);
    check_content("a", "old");
    sim_fail_port_at(1, false);
    CHECK_EQ(append("a", "more"), MK_EIO);
    CHECK(!sim_power_is_off());
    const char *now = sim_file_peek("a", &size);
    CHECK(size >= 3 && size <= 7);
    CHECK_MEM(now, "oldmore", size);
    sim_reset(1);
}

TEST(a_file_can_be_put_there_with_its_folders) {
    sim_reset(1);
    CHECK_EQ(sim_file_put("/x/y/z", "damaged", 7), MK_OK);
    CHECK_EQ(sim_file_put("p/q", "1", 1), MK_OK);
    CHECK_EQ(append("/x/y/z", "!"), MK_OK);
    check_content("/x/y/z", "damaged!");
    CHECK_EQ(sim_file_put("/x/y/z", "", 0), MK_OK);
    check_content("/x/y/z", "");
    CHECK_EQ(append("p/r", "2"), MK_OK);
    CHECK_EQ(sim_file_changes(), 2);
    sim_reset(1);
}

static bool is_ok_or_no_memory(int result) {
    return result == MK_OK || result == MK_ENOMEM;
}

static void write_and_read(void *arg) {
    (void)arg;
    void *bytes = NULL;
    size_t size = 0;
    sim_reset(1);
    CHECK(is_ok_or_no_memory(port_dir_create("a")));
    int made = append("b", "x");
    CHECK(is_ok_or_no_memory(made));
    if (made == MK_OK) {
        int replaced = replace("b", "yy");
        CHECK(is_ok_or_no_memory(replaced));
        int result = port_file_read("b", 9, &bytes, &size);
        CHECK(is_ok_or_no_memory(result));
        if (result == MK_OK) CHECK_EQ(size, replaced == MK_OK ? 2 : 1);
        if (result == MK_OK) mk_free(bytes);
    }
    CHECK(is_ok_or_no_memory(port_file_remove("b")));
    sim_reset(1);
}

TEST(each_failed_allocation_leaves_the_old_content) {
    test_each_alloc_failure(write_and_read, NULL);
}

TEST_TABLE(
    sim_files, TEST_ROW(a_file_is_written_grown_replaced_and_removed),
    TEST_ROW(reading_gives_an_owned_copy_within_the_limit),
    TEST_ROW(folders_have_to_be_made_first),
    TEST_ROW(a_folder_lists_its_plain_files_only),
    TEST_ROW(different_spellings_of_a_path_are_one_file),
    TEST_ROW(a_full_disk_keeps_the_beginning_of_an_append_and_the_old_of_a_replace),
    TEST_ROW(a_cut_append_leaves_a_beginning),
    TEST_ROW(a_cut_replace_leaves_old_or_new_whole),
    TEST_ROW(a_cut_remove_is_done_or_not), TEST_ROW(a_cut_folder_is_made_from_the_top),
    TEST_ROW(without_power_nothing_is_read_or_written),
    TEST_ROW(the_same_seed_tears_in_the_same_place),
    TEST_ROW(an_injected_fault_fails_one_call_within_its_contract),
    TEST_ROW(a_file_can_be_put_there_with_its_folders),
    TEST_ROW(each_failed_allocation_leaves_the_old_content))
