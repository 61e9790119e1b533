/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/state_store.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "port/files.h"
#include "sim.h"
#include "support/test.h"

#include <string.h>

static state_store_t store;

static void begin(bool imports_old) {
    sim_reset(1);
    CHECK_EQ(state_store_open(&store, "base", imports_old), MK_OK);
}

static void end(void) {
    state_store_deinit(&store);
    sim_reset(1);
}

static int save(const char *owner, const char *key, const char *value) {
    return state_store_save(&store, text_of(owner), text_of(key), value, strlen(value));
}

static int remove_value(const char *owner, const char *key) {
    return state_store_delete(&store, text_of(owner), text_of(key));
}

/* What is loaded, as a text: "" after an error, which is then in `last_result`. */
static int last_result;
static state_value_t last;

static const char *load(const char *owner, const char *key) {
    static char text[64];
    last_result = state_store_load(&store, text_of(owner), text_of(key), &last);
    text[0] = '\0';
    if (last_result == MK_OK && last.size < sizeof text) {
        if (last.size > 0) memcpy(text, last.bytes, last.size);
        text[last.size] = '\0';
    }
    CHECK((last.block != NULL) == (last_result == MK_OK));
    mk_free(last.block);
    last.block = NULL;
    return text;
}

static int load_result(const char *owner, const char *key) {
    load(owner, key);
    return last_result;
}

static bool exists(const char *path) {
    size_t size;
    return sim_file_peek(path, &size) != NULL;
}

/* The keys of a name with blanks for the NULs; "!" after an error. */
static const char *list(const char *owner) {
    static char text[256];
    char *keys = NULL;
    size_t size = 0;
    last_result = state_store_list(&store, text_of(owner), &keys, &size);
    if (last_result < 0) return "!";
    CHECK(size < sizeof text);
    memcpy(text, keys, size);
    text[size] = '\0';
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\0') text[i] = ' ';
    mk_free(keys);
    return text;
}

/* A file of the earlier layout. */
static void put_old(const char *path, const char *value) {
    CHECK_EQ(sim_file_put(path, value, strlen(value)), MK_OK);
}

TEST(store_gives_back_what_was_saved) {
    begin(false);
    CHECK_EQ(load_result("counter", "total"), MK_ENOENT);
    CHECK_EQ(save("counter", "total", "1"), MK_OK);
    CHECK_STR(load("counter", "total"), "1");
    CHECK_EQ(save("counter", "total", "a longer value"), MK_OK);
    CHECK_STR(load("counter", "total"), "a longer value");
    CHECK_EQ(save("counter", "total", ""), MK_OK);
    CHECK_EQ(load_result("counter", "total"), MK_OK);
    CHECK_EQ(last.size, 0);
    CHECK(exists("base/@counter/total.state"));
    CHECK_EQ(sim_file_count(), 1);
    CHECK_EQ(remove_value("counter", "total"), MK_OK);
    CHECK_EQ(load_result("counter", "total"), MK_ENOENT);
    CHECK_EQ(remove_value("counter", "total"), MK_OK);
    CHECK_EQ(sim_file_count(), 0);
    end();
}

TEST(store_keeps_names_and_keys_apart) {
    static const char *const names[] = {"a",    "A",  "..",  ".",   "a/b", "/a",
                                        "a%2f", "@a", "a.b", "a b", "~a",  "../a"};
    enum { COUNT = sizeof names / sizeof names[0] };
    begin(true);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < COUNT; k++) {
            char value[3] = {(char)('a' + i), (char)('a' + k), '\0'};
            CHECK_EQ(save(names[i], names[k], value), MK_OK);
        }
    CHECK_EQ(sim_file_count(), COUNT * COUNT);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < COUNT; k++) {
            char value[3] = {(char)('a' + i), (char)('a' + k), '\0'};
            CHECK_STR(load(names[i], names[k]), value);
        }
    end();
}

TEST(store_lists_the_keys_of_a_name_in_order) {
    begin(false);
    CHECK_STR(list("counter"), "");
    CHECK_EQ(last_result, 0);
    CHECK_EQ(save("counter", "b", "1"), MK_OK);
    CHECK_EQ(save("counter", "/x", "1"), MK_OK);
    CHECK_EQ(save("counter", "B", "1"), MK_OK);
    CHECK_EQ(save("counter", "a", "1"), MK_OK);
    CHECK_EQ(save("other", "z", "1"), MK_OK);
    CHECK_EQ(sim_file_put("base/@counter/.mk-0123456789abcdef.tmp", "x", 1), MK_OK);
    CHECK_EQ(sim_file_put("base/@counter/Foreign.state", "x", 1), MK_OK);
    CHECK_EQ(sim_file_put("base/@counter/notes.txt", "x", 1), MK_OK);
    CHECK_STR(list("counter"), "/x B a b ");
    CHECK_EQ(last_result, 4);
    CHECK_EQ(remove_value("counter", "B"), MK_OK);
    CHECK_STR(list("counter"), "/x a b ");
    CHECK_STR(list("other"), "z ");
    sim_fail_port_at(1, false);
    CHECK_STR(list("counter"), "!");
    CHECK_EQ(last_result, MK_EIO);
    end();
}

TEST(store_never_gives_out_what_is_no_value) {
    begin(false);
    static const char path[] = "base/@counter/total.state";
    CHECK_EQ(save("counter", "total", "1234"), MK_OK);
    size_t size = 0;
    const void *good = sim_file_peek(path, &size);
    uint8_t bytes[128];
    CHECK(size < sizeof bytes);
    memcpy(bytes, good, size);
    /* Raw bytes, as an earlier version would have written them. */
    CHECK_EQ(sim_file_put(path, "1234", 4), MK_OK);
    CHECK_EQ(load_result("counter", "total"), MK_EBADMSG);
    CHECK_EQ(last.fault, STATE_FILE_FOREIGN);
    CHECK_EQ(sim_file_put(path, NULL, 0), MK_OK);
    CHECK_EQ(load_result("counter", "total"), MK_EBADMSG);
    bytes[size - 1] ^= 1;
    CHECK_EQ(sim_file_put(path, bytes, size), MK_OK);
    CHECK_EQ(load_result("counter", "total"), MK_EBADMSG);
    CHECK_EQ(last.fault, STATE_FILE_DAMAGED);
    bytes[size - 1] ^= 1;
    /* Good, but moved to another key, and to another name. */
    CHECK_EQ(sim_file_put("base/@counter/other.state", bytes, size), MK_OK);
    CHECK_EQ(load_result("counter", "other"), MK_EBADMSG);
    CHECK_EQ(last.fault, STATE_FILE_STRAY);
    CHECK_EQ(sim_file_put("base/@other/total.state", bytes, size), MK_OK);
    CHECK_EQ(load_result("other", "total"), MK_EBADMSG);
    CHECK_EQ(last.fault, STATE_FILE_STRAY);
    /* Saving and deleting need no good file. */
    CHECK_EQ(save("counter", "other", "new"), MK_OK);
    CHECK_STR(load("counter", "other"), "new");
    CHECK_EQ(remove_value("other", "total"), MK_OK);
    CHECK_EQ(load_result("other", "total"), MK_ENOENT);
    end();
}

TEST(store_takes_values_up_to_the_limit) {
    begin(false);
    char *large = mk_calloc(1, MK_STATE_VALUE_MAX + 1);
    CHECK(large != NULL);
    large[MK_STATE_VALUE_MAX - 1] = 'z';
    text_t owner = text_of("counter");
    text_t key = text_of("total");
    CHECK_EQ(state_store_save(&store, owner, key, large, MK_STATE_VALUE_MAX), MK_OK);
    CHECK_EQ(load_result("counter", "total"), MK_OK);
    CHECK_EQ(last.size, MK_STATE_VALUE_MAX);
    /* Larger ones could come from a build with another limit. */
    state_file_t file = {owner, key, (const uint8_t *)large, MK_STATE_VALUE_MAX + 1};
    size_t size = state_file_size(&file);
    uint8_t *bytes = mk_alloc(size);
    CHECK(bytes != NULL);
    state_file_encode(&file, bytes);
    CHECK_EQ(sim_file_put("base/@counter/total.state", bytes, size), MK_OK);
    CHECK_EQ(load_result("counter", "total"), MK_ETOOBIG);
    mk_free(bytes);
    mk_free(large);
    end();
}

TEST(store_bounds_the_keys_of_a_name) {
    begin(true);
    char key[8] = "k00000";
    for (unsigned i = 0; i < MK_STATE_KEYS_MAX; i++) {
        for (unsigned at = 5, n = i; at > 0; at--, n /= 10)
            key[at] = (char)('0' + n % 10);
        CHECK_EQ(save("counter", key, "1"), MK_OK);
    }
    CHECK_EQ(save("counter", "more", "1"), MK_ELIMIT);
    CHECK_EQ(save("counter", key, "2"), MK_OK);
    CHECK_EQ(save("other", "more", "1"), MK_OK);
    /* What is old can still be read. */
    put_old("base/counter/old", "old");
    CHECK_STR(load("counter", "old"), "old");
    CHECK(exists("base/counter/old"));
    CHECK_EQ(remove_value("counter", "old"), MK_OK);
    CHECK_EQ(remove_value("counter", key), MK_OK);
    CHECK_EQ(save("counter", "more", "1"), MK_OK);
    char *keys = NULL;
    size_t size = 0;
    CHECK_EQ(state_store_list(&store, text_of("counter"), &keys, &size),
             MK_STATE_KEYS_MAX);
    mk_free(keys);
    end();
}

TEST(store_says_what_the_disk_says) {
    begin(false);
    sim_disk_set_room(20);
    CHECK_EQ(save("counter", "total", "1"), MK_EFULL);
    sim_disk_set_room(SIZE_MAX);
    CHECK_EQ(save("counter", "total", "1"), MK_OK);
    sim_disk_set_room(20);
    CHECK_EQ(save("counter", "total", "2"), MK_EFULL);
    CHECK_STR(load("counter", "total"), "1");
    sim_disk_set_room(SIZE_MAX);
    sim_fail_port_at(1, true);
    CHECK_EQ(save("counter", "total", "2"), MK_EIO);
    CHECK_EQ(load_result("counter", "total"), MK_EIO);
    CHECK_EQ(remove_value("counter", "total"), MK_EIO);
    sim_fail_port_at(0, false);
    CHECK_STR(load("counter", "total"), "1");
    end();
}

TEST(store_open_says_what_is_wrong) {
    sim_reset(1);
    CHECK_EQ(state_store_open(&store, "", false), MK_EINVAL);
    CHECK_EQ(state_store_open(&store, NULL, false), MK_EINVAL);
    CHECK_EQ(sim_file_put("file", "x", 1), MK_OK);
    CHECK_EQ(state_store_open(&store, "file", false), MK_EEXIST);
    sim_fail_port_at(1, false);
    CHECK_EQ(state_store_open(&store, "base", false), MK_EIO);
    CHECK_EQ(state_store_open(&store, "a/b/c", false), MK_OK);
    CHECK_EQ(save("counter", "total", "1"), MK_OK);
    end();
}

TEST(store_folder_that_went_is_made_again) {
    begin(false);
    CHECK_EQ(save("counter", "total", "1"), MK_OK);
    state_store_deinit(&store);
    sim_reset(1); /* the disk is another one; the store still has its path */
    store.base = mk_alloc(5);
    CHECK(store.base != NULL);
    memcpy(store.base, "base", 5);
    CHECK_EQ(save("counter", "total", "2"), MK_OK);
    CHECK_STR(load("counter", "total"), "2");
    end();
}

/* --- the earlier layout --- */

TEST(store_takes_over_a_value_of_the_earlier_layout_once) {
    begin(true);
    put_old("base/counter/total", "old");
    CHECK_STR(list("counter"), "total ");
    CHECK_STR(load("counter", "total"), "old");
    CHECK(last.was_imported);
    CHECK(!exists("base/counter/total"));
    CHECK(exists("base/@counter/total.state"));
    CHECK_STR(load("counter", "total"), "old");
    CHECK(!last.was_imported);
    /* What is there in the new layout counts, whatever appears in the old one. */
    put_old("base/counter/total", "older");
    CHECK_STR(load("counter", "total"), "old");
    CHECK_STR(list("counter"), "total ");
    /* And it does not come back after a delete. */
    CHECK_EQ(remove_value("counter", "total"), MK_OK);
    CHECK_EQ(load_result("counter", "total"), MK_ENOENT);
    CHECK_EQ(sim_file_count(), 0);
    end();
}

TEST(store_leaves_the_earlier_layout_alone_unless_told) {
    begin(false);
    put_old("base/counter/total", "old");
    CHECK_EQ(load_result("counter", "total"), MK_ENOENT);
    CHECK_STR(list("counter"), "");
    CHECK_EQ(remove_value("counter", "total"), MK_OK);
    CHECK(exists("base/counter/total"));
    end();
}

TEST(store_takes_over_plain_names_only) {
    begin(true);
    put_old("secret", "outside");
    put_old("base/counter/.hidden", "hidden");
    put_old("base/node/led/state", "deep");
    CHECK_EQ(load_result("..", "secret"), MK_ENOENT);
    CHECK_EQ(load_result("counter", "../../secret"), MK_ENOENT);
    CHECK_EQ(load_result("counter", ".hidden"), MK_ENOENT);
    CHECK_EQ(load_result("/node/led", "state"), MK_ENOENT);
    CHECK_EQ(load_result("node/led", "state"), MK_ENOENT);
    CHECK_EQ(load_result("node", "led"), MK_ENOENT); /* a folder */
    CHECK_EQ(remove_value("node", "led"), MK_OK);
    CHECK_STR(list("node"), "");
    CHECK_EQ(remove_value("..", "secret"), MK_OK);
    CHECK_EQ(sim_file_count(), 3);
    end();
}

TEST(store_gives_an_old_value_also_when_it_cannot_be_saved_now) {
    begin(true);
    put_old("base/counter/total", "old");
    sim_disk_set_room(10);
    CHECK_STR(load("counter", "total"), "old");
    CHECK(!last.was_imported);
    CHECK(exists("base/counter/total"));
    sim_disk_set_room(SIZE_MAX);
    CHECK_STR(load("counter", "total"), "old");
    CHECK(last.was_imported);
    end();
}

/* --- power cuts and lost memory --- */

/* Two keys live through saves and a delete; the power goes at the nth change. What is
 * there afterwards is what was there before or after the step that was cut. Returns
 * whether there were that many changes. */
static bool live_until_cut(uint64_t seed, size_t cut_at) {
    static const struct {
        const char *key;
        const char *value; /* NULL: delete; "<": load, which takes over */
        const char *after; /* what is there when it is done */
    } life[] = {{"a", "1", "1"},       {"b", "first", "first"}, {"a", "22222", "22222"},
                {"b", NULL, NULL},     {"a", "", ""},           {"old", "<", "raw"},
                {"old", "new", "new"}, {"old", NULL, NULL},     {"b", "again", "again"},
                {"raw", NULL, NULL}};
    enum { STEPS = sizeof life / sizeof life[0] };
    sim_reset(seed);
    CHECK_EQ(state_store_open(&store, "base", true), MK_OK);
    put_old("base/x/old", "raw");
    put_old("base/x/raw", "raw too");
    sim_power_cut_at(cut_at);
    size_t step = 0;
    for (; step < STEPS && !sim_power_is_off(); step++) {
        if (life[step].value == NULL)
            remove_value("x", life[step].key);
        else if (life[step].value[0] == '<')
            load("x", life[step].key);
        else
            save("x", life[step].key, life[step].value);
    }
    bool was_cut = sim_power_is_off();
    sim_power_cut_at(0);
    sim_power_on();
    static const char *const keys[] = {"a", "b", "old", "raw"};
    for (size_t i = 0; i < 4; i++) {
        const char *before = i == 2 ? "raw" : i == 3 ? "raw too" : NULL;
        const char *after = before;
        for (size_t k = 0; k < step; k++) {
            if (strcmp(life[k].key, keys[i]) != 0) continue;
            before = k + 1 == step && was_cut ? after : life[k].after;
            after = life[k].after;
        }
        const char *found = load("x", keys[i]);
        CHECK(last_result == MK_OK || last_result == MK_ENOENT);
        if (last_result == MK_ENOENT) found = NULL;
        bool is_before = (found == NULL) == (before == NULL) &&
                         (found == NULL || strcmp(found, before) == 0);
        bool is_after = (found == NULL) == (after == NULL) &&
                        (found == NULL || strcmp(found, after) == 0);
        CHECK(is_before || is_after);
        /* It stays so. */
        if (found == NULL) CHECK_EQ(load_result("x", keys[i]), MK_ENOENT);
        CHECK_EQ(save("x", keys[i], "after the cut"), MK_OK);
        CHECK_STR(load("x", keys[i]), "after the cut");
        CHECK_EQ(remove_value("x", keys[i]), MK_OK);
        CHECK_EQ(load_result("x", keys[i]), MK_ENOENT);
    }
    end();
    return was_cut;
}

TEST(store_survives_a_power_cut_at_every_change) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        size_t cut_at = 1;
        while (live_until_cut(seed, cut_at))
            cut_at++;
        CHECK(cut_at > 12);
    }
}

/* Both layouts have the value when an import was cut. A delete that is cut, too, must
 * not bring the old one back. */
TEST(store_delete_that_was_cut_brings_nothing_back) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        bool was_cut = true;
        for (size_t cut_at = 1; was_cut; cut_at++) {
            sim_reset(seed);
            CHECK_EQ(state_store_open(&store, "base", true), MK_OK);
            CHECK_EQ(save("x", "a", "new"), MK_OK);
            put_old("base/x/a", "old");
            sim_power_cut_at(cut_at);
            int deleted = remove_value("x", "a");
            was_cut = sim_power_is_off();
            CHECK_EQ(deleted, was_cut ? MK_EIO : MK_OK);
            sim_power_cut_at(0);
            sim_power_on();
            const char *found = load("x", "a");
            CHECK(last_result == MK_ENOENT || (was_cut && strcmp(found, "new") == 0));
            end();
        }
    }
}

/* A save, an import, a list and a delete with the nth port call failing. Returns
 * whether there were that many. */
static bool live_with_failure(size_t nth, bool for_ever) {
    begin(true);
    CHECK_EQ(save("x", "a", "1"), MK_OK);
    CHECK_EQ(save("x", "gone", "1"), MK_OK);
    put_old("base/x/old", "raw");
    sim_fail_port_at(nth, for_ever);
    int saved = save("x", "a", "2");
    int made = save("new name", "a", "3");
    int loaded = load_result("x", "old");
    bool is_listed = list("x")[0] != '!';
    int deleted = remove_value("x", "gone");
    bool was_hit = sim_fail_port_hit();
    sim_fail_port_at(0, false);
    CHECK(saved == MK_OK || saved == MK_EIO);
    CHECK_STR(load("x", "a"), saved == MK_OK ? "2" : "1");
    CHECK(made == MK_OK || made == MK_EIO);
    CHECK_STR(load("new name", "a"), made == MK_OK ? "3" : "");
    CHECK(loaded == MK_OK || loaded == MK_EIO);
    CHECK_STR(load("x", "old"), "raw");
    CHECK(was_hit || is_listed);
    CHECK(deleted == MK_OK || deleted == MK_EIO);
    CHECK_EQ(load_result("x", "gone"), deleted == MK_OK ? MK_ENOENT : MK_OK);
    end();
    return was_hit;
}

TEST(store_is_right_after_a_failure_of_any_port_call) {
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        size_t nth = 1;
        while (live_with_failure(nth, for_ever != 0))
            nth++;
        CHECK(nth > 10);
    }
}

static void live_without_memory(void *arg) {
    (void)arg;
    if (state_store_open(&store, "base", true) < 0) return;
    (void)sim_file_put("base/x/old", "raw", 3);
    char *keys = NULL;
    size_t size = 0;
    int saved = save("x", "a", "1");
    int again = saved == MK_OK ? save("x", "a", "2") : MK_ENOMEM;
    CHECK(saved == MK_OK || saved == MK_ENOMEM);
    state_value_t value;
    int loaded = state_store_load(&store, text_of("x"), text_of("a"), &value);
    CHECK(loaded == MK_OK || loaded == MK_ENOMEM || loaded == MK_ENOENT);
    if (loaded == MK_OK) {
        CHECK_EQ(value.size, 1);
        CHECK_EQ(value.bytes[0], again == MK_OK ? '2' : '1');
        mk_free(value.block);
    }
    loaded = state_store_load(&store, text_of("x"), text_of("old"), &value);
    CHECK(loaded == MK_OK || loaded == MK_ENOMEM || loaded == MK_ENOENT);
    if (loaded == MK_OK) CHECK_MEM(value.bytes, "raw", 3);
    mk_free(value.block);
    int listed = state_store_list(&store, text_of("x"), &keys, &size);
    CHECK(listed >= 0 || listed == MK_ENOMEM);
    if (listed >= 0) mk_free(keys);
    int deleted = remove_value("x", "a");
    CHECK(deleted == MK_OK || deleted == MK_ENOMEM);
    state_store_deinit(&store);
    sim_reset(1);
}

TEST(store_without_memory_fails_cleanly) {
    sim_reset(1);
    test_each_alloc_failure(live_without_memory, NULL);
    sim_reset(1);
}

TEST_TABLE(state_store, TEST_ROW(store_gives_back_what_was_saved),
           TEST_ROW(store_keeps_names_and_keys_apart),
           TEST_ROW(store_lists_the_keys_of_a_name_in_order),
           TEST_ROW(store_never_gives_out_what_is_no_value),
           TEST_ROW(store_takes_values_up_to_the_limit),
           TEST_ROW(store_bounds_the_keys_of_a_name),
           TEST_ROW(store_says_what_the_disk_says),
           TEST_ROW(store_open_says_what_is_wrong),
           TEST_ROW(store_folder_that_went_is_made_again),
           TEST_ROW(store_takes_over_a_value_of_the_earlier_layout_once),
           TEST_ROW(store_leaves_the_earlier_layout_alone_unless_told),
           TEST_ROW(store_takes_over_plain_names_only),
           TEST_ROW(store_gives_an_old_value_also_when_it_cannot_be_saved_now),
           TEST_ROW(store_survives_a_power_cut_at_every_change),
           TEST_ROW(store_delete_that_was_cut_brings_nothing_back),
           TEST_ROW(store_is_right_after_a_failure_of_any_port_call),
           TEST_ROW(store_without_memory_fails_cleanly))
