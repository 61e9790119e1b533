/* SPDX-License-Identifier: Apache-2.0 */
/* Saved state on a real file system, of a process that is killed while it saves. */
#include "base/alloc.h"
#include "base/prng.h"
#include "linux/folder.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "microkernel/state_persist.h"
#include "support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    VALUE_SIZE_MAX = 20000,
    KILLS = 150,       /* rounds of the random test */
    SYSCALLS_MAX = 400 /* far more than a save takes */
};

static char value[VALUE_SIZE_MAX];

static runtime_t *open_state(void) {
    runtime_t *rt = runtime_init(1, 8);
    if (rt == NULL || state_persist_open(rt, folder, 0) != MK_OK) {
        runtime_destroy(rt);
        return NULL;
    }
    return rt;
}

/* Value number `n`: its size and each of its bytes depend on n. */
static size_t make_value(uint32_t n) {
    size_t size = 4 + (size_t)n * 7919 % (VALUE_SIZE_MAX - 4);
    memset(value, (int)(n % 251), size);
    memcpy(value, &n, sizeof n);
    return size;
}

/* The number of the value that is there, which has to be whole; -1 when there is none,
 * -2 when it is anything else. */
static int find_value(void) {
    static char found[VALUE_SIZE_MAX];
    runtime_t *rt = open_state();
    if (rt == NULL) return -2;
    int size = state_persist_load(rt, "counter", "total", found, sizeof found, NULL);
    runtime_destroy(rt);
    if (size == MK_ENOENT) return -1;
    uint32_t n;
    if (size < (int)sizeof n) return -2;
    memcpy(&n, found, sizeof n);
    if (make_value(n) != (size_t)size || memcmp(found, value, (size_t)size) != 0)
        return -2;
    return (int)n;
}

static int save_value(runtime_t *rt, uint32_t n) {
    size_t size = make_value(n);
    return state_persist_save(rt, "counter", "total", value, size);
}

/* The child: saves values from `n` on, and tells of each that is saved. */
static void save_for_ever(uint32_t n, int teller) {
    runtime_t *rt = open_state();
    if (rt == NULL) _exit(1);
    for (;; n++)
        if (save_value(rt, n) != MK_OK || write(teller, &n, sizeof n) != sizeof n)
            _exit(1);
}

TEST(state_of_a_process_killed_anywhere_is_the_old_or_the_new_one) {
    folder_begin();
    prng_t prng;
    prng_init(&prng, 1);
    int saved = -1;
    for (int round = 0; round < KILLS; round++) {
        int ends[2];
        uint32_t told;
        CHECK_EQ(pipe(ends), 0);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            close(ends[0]);
            save_for_ever((uint32_t)(saved + 1), ends[1]);
        }
        close(ends[1]);
        for (uint64_t i = prng_below(&prng, 3); i > 0; i--)
            if (read(ends[0], &told, sizeof told) == sizeof told) saved = (int)told;
        /* Somewhere in the middle of the next one. */
        for (volatile uint64_t spin = prng_below(&prng, 400000); spin > 0;)
            spin = spin - 1;
        CHECK_EQ(kill(child, SIGKILL), 0);
        CHECK_EQ(waitpid(child, NULL, 0), child);
        while (read(ends[0], &told, sizeof told) == sizeof told)
            saved = (int)told;
        close(ends[0]);
        int found = find_value();
        CHECK(found == saved || found == saved + 1);
        saved = found;
    }
    CHECK(saved > 0);
    folder_end();
}

/* One save in a child that is killed at the nth system call, at its entry or its exit.
 * Returns whether it got that far; *was_traced is false where nobody may trace. */
static bool save_until_killed(uint32_t n, int stops, bool *was_traced) {
    *was_traced = true;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        runtime_t *rt = open_state();
        if (rt == NULL) _exit(1);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(3);
        if (raise(SIGSTOP) != 0) _exit(1);
        _exit(save_value(rt, n) == MK_OK ? 0 : 1);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    if (!WIFSTOPPED(status)) {
        *was_traced = false;
        return false;
    }
    for (int i = 0; i < stops; i++) {
        if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0) {
            *was_traced = false;
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
            return false;
        }
        CHECK_EQ(waitpid(child, &status, 0), child);
        if (WIFSTOPPED(status)) continue;
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        return false;
    }
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    return true;
}

static void kill_at_every_system_call(uint32_t old) {
    folder_begin();
    bool was_killed = true;
    bool was_traced = true;
    int stops = 1;
    bool has_seen_old = false;
    for (; was_killed && stops < SYSCALLS_MAX; stops++) {
        if (old > 0) {
            runtime_t *rt = open_state();
            CHECK(rt != NULL);
            CHECK_EQ(save_value(rt, old), MK_OK);
            runtime_destroy(rt);
        } else {
            folder_end(); /* from an empty folder each time */
            folder_begin();
        }
        was_killed = save_until_killed(old + 1, stops, &was_traced);
        if (!was_traced) {
            folder_end();
            test_skip("processes cannot be traced here");
        }
        int found = find_value();
        int wanted_old = old > 0 ? (int)old : -1;
        CHECK(found == wanted_old || found == (int)old + 1);
        if (!was_killed) CHECK_EQ(found, old + 1);
        if (found == wanted_old) has_seen_old = true;
    }
    CHECK(!was_killed && has_seen_old && stops > 10);
    folder_end();
}

TEST(state_of_a_process_killed_at_any_system_call_of_a_save_is_whole) {
    kill_at_every_system_call(7);
}

TEST(state_of_a_process_killed_at_any_system_call_of_the_first_save_is_whole_or_none) {
    kill_at_every_system_call(0);
}

TEST(state_folder_that_cannot_be_made_is_reported) {
    runtime_t *rt = runtime_init(1, 8);
    CHECK(rt != NULL);
    CHECK(state_persist_open(rt, "/proc/mk-state", 0) < 0);
    CHECK_EQ(state_persist_open(rt, "/dev/null", 0), MK_EEXIST);
    CHECK_EQ(state_persist_open(rt, "/dev/null/state", 0), MK_EEXIST);
    CHECK_EQ(state_persist_save(rt, "counter", "total", "1", 1), MK_ESTATE);
    runtime_destroy(rt);
}

/* The line of the first call that does not answer as it should; 0: none. */
#define EXPECT(got, want)                                                              \
    do {                                                                               \
        if ((got) != (want)) return __LINE__;                                          \
    } while (0)

static int meet_closed_folders(void) {
    char path[PATH_SIZE + 10];
    snprintf(path, sizeof path, "%s/@counter", folder);
    runtime_t *rt = open_state();
    EXPECT(rt != NULL, true);
    EXPECT(state_persist_save(rt, "counter", "total", "1", 1), MK_OK);
    EXPECT(chmod(path, 0500), 0);
    EXPECT(state_persist_save(rt, "counter", "total", "2", 1), MK_EPERM);
    EXPECT(state_persist_delete(rt, "counter", "total"), MK_EPERM);
    EXPECT(state_persist_load(rt, "counter", "total", value, 10, NULL), 1);
    EXPECT(value[0], '1');
    EXPECT(chmod(path, 0), 0);
    EXPECT(state_persist_load(rt, "counter", "total", value, 10, NULL), MK_EPERM);
    EXPECT(state_persist_list(rt, "counter", value, 10, NULL), MK_EPERM);
    EXPECT(chmod(path, 0700), 0);
    EXPECT(chmod(folder, 0500), 0);
    EXPECT(state_persist_save(rt, "other", "total", "1", 1), MK_EPERM);
    EXPECT(state_persist_load(rt, "counter", "total", value, 10, NULL), 1);
    EXPECT(chmod(folder, 0700), 0);
    runtime_destroy(rt);
    return 0;
}

/* In a child that is not root, who may do everything. */
TEST(state_folder_that_may_not_be_written_or_read_is_reported) {
    enum { NOBODY = 65534 };
    folder_begin();
    CHECK(geteuid() != 0 || chown(folder, NOBODY, NOBODY) == 0);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        int line = geteuid() == 0 && setuid(NOBODY) != 0 ? -1 : meet_closed_folders();
        _exit(write(ends[1], &line, sizeof line) == sizeof line ? 0 : 1);
    }
    close(ends[1]);
    int line = -2;
    CHECK_EQ(read(ends[0], &line, sizeof line), sizeof line);
    close(ends[0]);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    folder_end();
    if (line == -1) test_skip("root cannot become somebody else here");
    CHECK_EQ(line, 0);
}

TEST(state_folder_that_went_is_made_again) {
    folder_begin();
    runtime_t *rt = open_state();
    CHECK(rt != NULL);
    folder_remove();
    CHECK_EQ(state_persist_load(rt, "counter", "total", value, 10, NULL), MK_ENOENT);
    CHECK_EQ(state_persist_list(rt, "counter", value, 10, NULL), 0);
    CHECK_EQ(state_persist_save(rt, "counter", "total", "1", 1), MK_OK);
    CHECK_EQ(state_persist_load(rt, "counter", "total", value, 10, NULL), 1);
    runtime_destroy(rt);
    folder_end();
}

TEST(state_with_the_longest_names_fits_a_real_file_system) {
    char name[MK_STATE_NAME_MAX];
    folder_begin();
    runtime_t *rt = open_state();
    CHECK(rt != NULL);
    for (int c = 0x20; c < 0x100; c += 0x21) {
        memset(name, c, sizeof name - 1);
        name[sizeof name - 1] = '\0';
        CHECK_EQ(state_persist_save(rt, name, name, "1", 1), MK_OK);
        CHECK_EQ(state_persist_load(rt, name, name, value, 10, NULL), 1);
        CHECK_EQ(state_persist_list(rt, name, value, sizeof value, NULL), 1);
        CHECK_STR(value, name);
    }
    runtime_destroy(rt);
    folder_end();
}

/* Saves of one key from two runtimes on two threads: one of the values, whole. */
static void *save_often(void *arg) {
    static const char letters[] = "ab";
    bool is_second = *(const bool *)arg;
    runtime_t *rt = open_state();
    char own[1000];
    memset(own, letters[is_second], sizeof own);
    int result = rt != NULL ? MK_OK : MK_ENOMEM;
    for (int i = 0; i < 50 && result == MK_OK; i++)
        result =
            state_persist_save(rt, "counter", "total", own, is_second ? 1000 : 500);
    runtime_destroy(rt);
    return result == MK_OK ? arg : NULL;
}

TEST(state_saved_by_two_runtimes_at_once_is_that_of_one) {
    static const bool who[2] = {false, true};
    folder_begin();
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQ(
            pthread_create(&threads[i], NULL, save_often, (void *)(uintptr_t)&who[i]),
            0);
    for (int i = 0; i < 2; i++) {
        void *result = NULL;
        CHECK_EQ(pthread_join(threads[i], &result), 0);
        CHECK(result != NULL);
    }
    runtime_t *rt = open_state();
    CHECK(rt != NULL);
    int size = state_persist_load(rt, "counter", "total", value, sizeof value, NULL);
    CHECK(size == 500 || size == 1000);
    for (int i = 0; i < size; i++)
        CHECK_EQ(value[i], size == 500 ? 'a' : 'b');
    runtime_destroy(rt);
    folder_end();
}

TEST_TABLE(
    state, TEST_ROW(state_of_a_process_killed_anywhere_is_the_old_or_the_new_one),
    TEST_ROW(state_of_a_process_killed_at_any_system_call_of_a_save_is_whole),
    TEST_ROW(
        state_of_a_process_killed_at_any_system_call_of_the_first_save_is_whole_or_none),
    TEST_ROW(state_folder_that_cannot_be_made_is_reported),
    TEST_ROW(state_folder_that_may_not_be_written_or_read_is_reported),
    TEST_ROW(state_folder_that_went_is_made_again),
    TEST_ROW(state_with_the_longest_names_fits_a_real_file_system),
    TEST_ROW(state_saved_by_two_runtimes_at_once_is_that_of_one))
