/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/folder.h"
#include "support/test.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTENT_SIZE = 20000 };

/* One path at a time: the text is replaced by the next call. */
static const char *in_folder(const char *name) {
    static char path[2 * PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static unsigned count_names(void) {
    unsigned count = 0;
    DIR *names = opendir(folder);
    CHECK(names != NULL);
    while (readdir(names) != NULL)
        count++;
    closedir(names);
    return count - 2; /* "." and ".." */
}

static int append(const char *name, const char *text) {
    return port_file_append(in_folder(name), text, strlen(text));
}

static int replace(const char *name, const char *text) {
    return port_file_replace(in_folder(name), text, strlen(text));
}

static void check_content(const char *name, const char *want) {
    void *bytes = NULL;
    size_t size = 0;
    CHECK_EQ(port_file_read(in_folder(name), 1000, &bytes, &size), MK_OK);
    bool is_same = size == strlen(want) && memcmp(bytes, want, size) == 0;
    mk_free(bytes);
    CHECK(is_same);
}

static unsigned mode_of(const char *name) {
    struct stat facts;
    CHECK_EQ(stat(in_folder(name), &facts), 0);
    return facts.st_mode & 07777u;
}

TEST(a_file_is_written_grown_replaced_and_removed) {
    folder_begin();
    CHECK_EQ(append("log", "one "), MK_OK);
    CHECK_EQ(append("log", "two"), MK_OK);
    check_content("log", "one two");
    CHECK_EQ(mode_of("log"), 0600);
    CHECK_EQ(replace("log", "three"), MK_OK);
    check_content("log", "three");
    CHECK_EQ(mode_of("log"), 0600);
    CHECK_EQ(count_names(), 1);
    CHECK_EQ(port_file_remove(in_folder("log")), MK_OK);
    CHECK_EQ(port_file_remove(in_folder("log")), MK_OK);
    CHECK_EQ(port_file_remove(in_folder("log/inner")), MK_OK);
    CHECK_EQ(count_names(), 0);
    CHECK_EQ(replace("new", ""), MK_OK);
    check_content("new", "");
    folder_end();
}

TEST(paths_without_a_folder_are_in_the_working_folder) {
    folder_begin();
    char before[PATH_SIZE];
    CHECK(getcwd(before, sizeof before) != NULL);
    CHECK_EQ(chdir(folder), 0);
    int appended = port_file_append("a", "1", 1);
    int replaced = port_file_replace("b", "2", 1);
    int made = port_dir_create("c");
    int removed = port_file_remove("a");
    CHECK_EQ(chdir(before), 0);
    CHECK_EQ(appended, MK_OK);
    CHECK_EQ(replaced, MK_OK);
    CHECK_EQ(made, MK_OK);
    CHECK_EQ(removed, MK_OK);
    check_content("b", "2");
    CHECK_EQ(count_names(), 2);
    folder_end();
}

TEST(reading_respects_the_limit) {
    folder_begin();
    void *bytes = NULL;
    size_t size = 0;
    CHECK_EQ(port_file_read(in_folder("a"), 9, &bytes, &size), MK_ENOENT);
    CHECK_EQ(replace("a", "12345"), MK_OK);
    CHECK_EQ(port_file_read(in_folder("a"), 4, &bytes, &size), MK_ETOOBIG);
    CHECK_EQ(port_file_read(in_folder("a"), 0, &bytes, &size), MK_ETOOBIG);
    CHECK_EQ(port_file_read(in_folder("a"), 5, &bytes, &size), MK_OK);
    CHECK_EQ(size, 5);
    CHECK_MEM(bytes, "12345", 5);
    mk_free(bytes);
    CHECK_EQ(port_file_read(in_folder("a"), SIZE_MAX, &bytes, &size), MK_OK);
    CHECK_EQ(size, 5);
    mk_free(bytes);
    folder_end();
}

TEST(a_file_that_does_not_tell_its_size_is_read_whole) {
    void *bytes = NULL;
    size_t size = 0;
    int result = port_file_read("/proc/kallsyms", SIZE_MAX, &bytes, &size);
    if (result != MK_OK)
        result = port_file_read("/proc/self/maps", SIZE_MAX, &bytes, &size);
    CHECK_EQ(result, MK_OK);
    CHECK(size > 0);
    CHECK_EQ(((const char *)bytes)[size - 1], '\n');
    mk_free(bytes);
    CHECK_EQ(port_file_read("/dev/zero", 100000, &bytes, &size), MK_ETOOBIG);
}

TEST(big_contents_survive_unchanged) {
    folder_begin();
    unsigned char *content = mk_alloc(1000000);
    CHECK(content != NULL);
    for (size_t i = 0; i < 1000000; i++)
        content[i] = (unsigned char)(i * 2654435761u >> 13);
    CHECK_EQ(port_file_replace(in_folder("big"), content, 600000), MK_OK);
    CHECK_EQ(port_file_append(in_folder("big"), content + 600000, 400000), MK_OK);
    void *bytes = NULL;
    size_t size = 0;
    CHECK_EQ(port_file_read(in_folder("big"), 1000000, &bytes, &size), MK_OK);
    CHECK_EQ(size, 1000000);
    CHECK_MEM(bytes, content, size);
    mk_free(bytes);
    mk_free(content);
    folder_end();
}

TEST(folders_are_made_with_their_parents) {
    folder_begin();
    CHECK_EQ(append("a/b/c", "x"), MK_ENOENT);
    CHECK_EQ(replace("a/b/c", "x"), MK_ENOENT);
    CHECK_EQ(port_dir_create(in_folder("a//b/")), MK_OK);
    CHECK_EQ(port_dir_create(in_folder("a/b")), MK_OK);
    CHECK_EQ(mode_of("a"), 0700);
    CHECK_EQ(mode_of("a/b"), 0700);
    CHECK_EQ(append("a/b/c", "x"), MK_OK);
    CHECK_EQ(port_dir_create(in_folder("a/b/c")), MK_EEXIST);
    CHECK_EQ(port_dir_create(in_folder("a/b/c/d")), MK_EEXIST);
    CHECK_EQ(port_dir_create("/"), MK_OK);
    CHECK_EQ(port_dir_create("."), MK_OK);
    folder_end();
}

static bool count_name(const char *name, void *ctx) {
    unsigned *count = ctx;
    ++*count;
    return strcmp(name, "a") == 0 || strcmp(name, "b") == 0;
}

TEST(a_folder_lists_its_plain_files_only) {
    folder_begin();
    unsigned count = 0;
    CHECK_EQ(append("a", "1"), MK_OK);
    CHECK_EQ(append("b", "1"), MK_OK);
    CHECK_EQ(port_dir_create(in_folder("inner")), MK_OK);
    CHECK_EQ(symlink("a", in_folder("link")), 0);
    CHECK_EQ(mkfifo(in_folder("pipe"), 0600), 0);
    CHECK_EQ(port_dir_list(folder, count_name, &count), MK_OK);
    CHECK_EQ(count, 2);
    CHECK_EQ(append("c", "1"), MK_OK);
    CHECK_EQ(append("d", "1"), MK_OK);
    count = 0;
    CHECK_EQ(port_dir_list(folder, count_name, &count), MK_OK);
    CHECK(count < 4); /* c or d ended it */
    CHECK_EQ(port_dir_list(in_folder("none"), count_name, &count), MK_ENOENT);
    CHECK_EQ(port_dir_list(in_folder("a/none"), count_name, &count), MK_ENOENT);
    CHECK_EQ(port_dir_list(in_folder("a"), count_name, &count), MK_EPERM);
    CHECK_EQ(port_dir_list("", count_name, &count), MK_EINVAL);
    folder_end();
}

TEST(what_is_no_plain_file_is_refused) {
    folder_begin();
    void *bytes = NULL;
    size_t size = 0;
    CHECK_EQ(port_dir_create(in_folder("d")), MK_OK);
    CHECK_EQ(append("d", "x"), MK_EPERM);
    CHECK_EQ(replace("d", "x"), MK_EPERM);
    CHECK_EQ(port_file_remove(in_folder("d")), MK_EPERM);
    CHECK_EQ(port_file_read(in_folder("d"), 9, &bytes, &size), MK_EPERM);
    CHECK_EQ(mkfifo(in_folder("pipe"), 0600), 0);
    int reader = open(in_folder("pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(reader >= 0);
    CHECK_EQ(append("pipe", "x"), MK_EPERM);
    close(reader);
    CHECK(append("pipe", "x") < 0); /* and does not hang without a reader */
    CHECK_EQ(count_names(), 2);
    folder_end();
}

TEST(empty_and_endless_paths_are_invalid) {
    char path[6000];
    void *bytes = NULL;
    size_t size = 0;
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    const char *wrong[] = {"", path};
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(port_file_read(wrong[i], 9, &bytes, &size), MK_EINVAL);
        CHECK_EQ(port_file_append(wrong[i], "x", 1), MK_EINVAL);
        CHECK_EQ(port_file_replace(wrong[i], "x", 1), MK_EINVAL);
        CHECK_EQ(port_file_remove(wrong[i]), MK_EINVAL);
        CHECK_EQ(port_dir_create(wrong[i]), MK_EINVAL);
    }
}

TEST(replacing_a_link_leaves_what_it_points_to) {
    folder_begin();
    CHECK_EQ(replace("target", "precious"), MK_OK);
    CHECK_EQ(symlink("target", in_folder("link")), 0);
    CHECK_EQ(replace("link", "new"), MK_OK);
    check_content("link", "new");
    check_content("target", "precious");
    folder_end();
}

TEST(without_room_an_append_keeps_a_beginning_and_a_replace_the_old) {
    folder_begin();
    struct rlimit old_limit;
    CHECK_EQ(replace("a", "12345"), MK_OK);
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {8, old_limit.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int appended = append("a", "67890");
    int replaced = replace("a", "0123456789");
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
    signal(SIGXFSZ, old_handler);
    CHECK_EQ(appended, MK_EFULL);
    CHECK_EQ(replaced, MK_EFULL);
    check_content("a", "12345678");
    CHECK_EQ(count_names(), 1); /* nothing half-written was left beside it */
    folder_end();
}

/* Replaces for ever, telling of each time. */
static void replace_for_ever(const char *path, int teller) {
    char *content = malloc(CONTENT_SIZE);
    if (content == NULL) _exit(1);
    for (unsigned round = 0;; round++) {
        memset(content, 'a' + (int)(round % 26), CONTENT_SIZE);
        if (port_file_replace(path, content, CONTENT_SIZE) != MK_OK) _exit(1);
        if (write(teller, "x", 1) != 1) _exit(1);
    }
}

TEST(a_process_killed_while_replacing_leaves_whole_content) {
    folder_begin();
    for (int round = 0; round < 20; round++) {
        int ends[2];
        char told[16];
        CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) replace_for_ever(in_folder("state"), ends[1]);
        close(ends[1]);
        for (int i = 0; i <= round % 5; i++)
            CHECK_EQ(read(ends[0], told, 1), 1);
        CHECK_EQ(kill(child, SIGKILL), 0);
        CHECK_EQ(waitpid(child, NULL, 0), child);
        close(ends[0]);
        void *bytes = NULL;
        size_t size = 0;
        CHECK_EQ(port_file_read(in_folder("state"), CONTENT_SIZE, &bytes, &size),
                 MK_OK);
        const char *content = bytes;
        bool is_whole =
            size == CONTENT_SIZE && memcmp(content, content + 1, CONTENT_SIZE - 1) == 0;
        mk_free(bytes);
        CHECK(is_whole);
    }
    folder_end();
}

static bool is_ok_or_no_memory(int result) {
    return result == MK_OK || result == MK_ENOMEM;
}

static void use_files(void *arg) {
    (void)arg;
    void *bytes = NULL;
    size_t size = 0;
    CHECK(is_ok_or_no_memory(port_dir_create(in_folder("d"))));
    CHECK(is_ok_or_no_memory(append("log", "x")));
    CHECK(is_ok_or_no_memory(replace("state", "y")));
    int result = port_file_read("/proc/self/maps", SIZE_MAX, &bytes, &size);
    CHECK(is_ok_or_no_memory(result));
    if (result == MK_OK) mk_free(bytes);
    CHECK(is_ok_or_no_memory(port_file_remove(in_folder("log"))));
}

TEST(each_failed_allocation_is_reported) {
    folder_begin();
    test_each_alloc_failure(use_files, NULL);
    check_content("state", "y");
    CHECK_EQ(count_names(), 2);
    folder_end();
}

TEST_TABLE(files, TEST_ROW(a_file_is_written_grown_replaced_and_removed),
           TEST_ROW(paths_without_a_folder_are_in_the_working_folder),
           TEST_ROW(reading_respects_the_limit),
           TEST_ROW(a_file_that_does_not_tell_its_size_is_read_whole),
           TEST_ROW(big_contents_survive_unchanged),
           TEST_ROW(folders_are_made_with_their_parents),
           TEST_ROW(a_folder_lists_its_plain_files_only),
           TEST_ROW(what_is_no_plain_file_is_refused),
           TEST_ROW(empty_and_endless_paths_are_invalid),
           TEST_ROW(replacing_a_link_leaves_what_it_points_to),
           TEST_ROW(without_room_an_append_keeps_a_beginning_and_a_replace_the_old),
           TEST_ROW(a_process_killed_while_replacing_leaves_whole_content),
           TEST_ROW(each_failed_allocation_is_reported))
