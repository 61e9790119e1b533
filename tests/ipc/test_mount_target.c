/* SPDX-License-Identifier: Apache-2.0 */
/* Targets of mounts as people write them. */
#include "ipc/mount_target.h"
#include "microkernel/error.h"
#include "support/test.h"

TEST(target_each_has_one_spelling) {
    static const struct {
        const char *text, *spelled, *host;
        uint16_t port;
    } rows[] = {{"pump", "pump:4200", "pump", 4200},
                {"pump.local:1", "pump.local:1", "pump.local", 1},
                {"10.0.0.7", "10.0.0.7:4200", "10.0.0.7", 4200},
                {"10.0.0.7:65535", "10.0.0.7:65535", "10.0.0.7", 65535},
                {"::1", "[::1]:4200", "::1", 4200},
                {"[::1]", "[::1]:4200", "::1", 4200},
                {"[0:0::1]:7", "[::1]:7", "::1", 7},
                {"4::3:04:d3%4", "[4::3:4:d3%4]:4200", "4::3:4:d3%4", 4200},
                {"[fe80::1%2]:9", "[fe80::1%2]:9", "fe80::1%2", 9},
                {"unix:/run/a.sock", "unix:/run/a.sock", "/run/a.sock", 0},
                {"unix:/a:7", "unix:/a:7", "/a:7", 0},
                {"unix", "unix:4200", "unix", 4200}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mount_target_t target, again;
        CHECK_EQ(mount_target_parse(text_of(rows[i].text), 4200, &target), MK_OK);
        CHECK_STR(target.text, rows[i].spelled);
        CHECK_STR(target.host, rows[i].host);
        CHECK_EQ(target.port, rows[i].port);
        CHECK_EQ(mount_target_parse(text_of(target.text), 1, &again), MK_OK);
        CHECK_STR(again.text, target.text);
    }
}

TEST(target_others_are_refused) {
    static const char *const texts[] = {
        "",      ":1",     "a:0",      "a:65536", "a:x",  "a b",          "a/b",
        "[::1",  "[::1]x", "[::1]:",   "[::1]:0", "[]",   "[10.0.0.7]:1", "unix:a.sock",
        "a:1:2", "1:2:3",  "http://a", "[a]:1",   "a:1 ", "[::1]:99999"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        mount_target_t target;
        if (mount_target_parse(text_of(texts[i]), 4200, &target) != MK_EINVAL)
            CHECK_STR(texts[i], "refused");
    }
    char longest[400];
    mount_target_t target;
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = 'a';
    CHECK_EQ(mount_target_parse(text_make(longest, sizeof longest), 1, &target),
             MK_EINVAL);
    CHECK_EQ(mount_target_parse(text_make("unix:/a\0b", 9), 1, &target), MK_EINVAL);
}

TEST_TABLE(mount_target, TEST_ROW(target_each_has_one_spelling),
           TEST_ROW(target_others_are_refused))
