/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/paths.h"

#include "microkernel/names.h"
#include "services_support.h"
#include "support/test.h"

static runtime_t *open_namespace(void) {
    runtime_t *rt = open_runtime();
    CHECK(ns_actor_init(rt) != ACTOR_ID_INVALID);
    return rt;
}

TEST(paths_need_a_namespace_once_and_stay_after_it_ended) {
    runtime_t *rt = open_runtime();
    actor_id_t a = spawn_idle(rt);
    CHECK_EQ(ns_register_path(rt, "/a", a), NS_EINVAL);
    CHECK_EQ(names_register(rt, "/a", a), MK_ESTATE);
    CHECK(!actor_register_name(rt, "/a", a));
    CHECK_EQ(paths_mount(rt, "/m", a), MK_ESTATE);
    actor_id_t ns = ns_actor_init(rt);
    CHECK_EQ(ns_register_path(rt, "/a", a), NS_OK);
    end_actor(rt, ns);
    CHECK_EQ(ns_lookup_path(rt, "/a"), a);
    CHECK_EQ(ns_lookup_path(rt, "/sys/ns"), ACTOR_ID_INVALID);
    CHECK_EQ(ns_register_path(rt, "/b", a), NS_OK);
    CHECK(ns_actor_init(rt) != ns);
    CHECK(ns_lookup_path(rt, "/sys/ns") != ACTOR_ID_INVALID);
    close_runtime(rt);
}

TEST(paths_find_their_actor_until_it_ends) {
    runtime_t *rt = open_namespace();
    actor_id_t a = spawn_idle(rt);
    actor_id_t b = spawn_idle(rt);
    CHECK_EQ(ns_register_path(rt, "/x/one", a), NS_OK);
    CHECK_EQ(ns_register_path(rt, "/x/two", b), NS_OK);
    CHECK_EQ(ns_register_path(rt, "/x/one", b), NS_EEXIST);
    CHECK_EQ(ns_lookup_path(rt, "/x/one"), a);
    CHECK_EQ(ns_lookup_path(rt, "/x"), ACTOR_ID_INVALID);
    CHECK_EQ(ns_lookup_path(rt, "/x/one/deeper"), ACTOR_ID_INVALID);
    CHECK_EQ(ns_lookup_path(rt, "/x/on"), ACTOR_ID_INVALID);
    CHECK_EQ(actor_lookup(rt, "/x/two"), b);
    end_actor(rt, a);
    CHECK_EQ(ns_lookup_path(rt, "/x/one"), ACTOR_ID_INVALID);
    CHECK_EQ(ns_lookup_path(rt, "/x/two"), b);
    close_runtime(rt);
}

TEST(paths_refuse_what_is_no_path) {
    runtime_t *rt = open_namespace();
    actor_id_t a = spawn_idle(rt);
    char path[130];
    memset(path, 'p', sizeof path);
    path[0] = '/';
    path[127] = '\0';
    CHECK_EQ(ns_register_path(rt, path, a), NS_OK);
    CHECK_EQ(ns_lookup_path(rt, path), a);
    path[127] = 'p';
    path[128] = '\0';
    CHECK_EQ(ns_register_path(rt, path, a), NS_EINVAL);
    CHECK_EQ(paths_register(rt, path, a, PATH_LOCAL), MK_ETOOBIG);
    CHECK_EQ(ns_lookup_path(rt, path), ACTOR_ID_INVALID);
    CHECK_EQ(ns_register_path(rt, "flat", a), NS_EINVAL);
    CHECK_EQ(ns_register_path(rt, "", a), NS_EINVAL);
    CHECK_EQ(ns_register_path(rt, NULL, a), NS_EINVAL);
    CHECK_EQ(ns_register_path(rt, "/a\n", a), NS_EINVAL);
    CHECK_EQ(ns_register_path(rt, "/\xc0\x80", a), NS_EINVAL);
    CHECK_EQ(ns_register_path(rt, "/ok", 0), NS_EINVAL);
    CHECK_EQ(ns_register_path(NULL, "/ok", a), NS_EINVAL);
    CHECK_EQ(paths_register(rt, "/ok", a, (path_origin_t)3), MK_EINVAL);
    actor_id_t gone = spawn_idle(rt);
    end_actor(rt, gone);
    CHECK_EQ(ns_register_path(rt, "/ok", gone), NS_ENOENT);
    CHECK_EQ(ns_lookup_path(rt, NULL), ACTOR_ID_INVALID);
    CHECK_EQ(ns_lookup_path(rt, "flat"), ACTOR_ID_INVALID);
    close_runtime(rt);
}

TEST(paths_of_this_node_win_over_mounted_and_those_over_cloud) {
    runtime_t *rt = open_namespace();
    actor_id_t local = spawn_idle(rt);
    actor_id_t peer = actor_id_make(2, 5);
    actor_id_t cloud = spawn_idle(rt);
    path_origin_t origin = PATH_LOCAL;
    char path[NS_PATH_MAX] = "";
    CHECK_EQ(paths_register(rt, "/kv", cloud, PATH_CLOUD), MK_OK);
    CHECK_EQ(ns_lookup_path(rt, "/kv"), cloud);
    CHECK_EQ(paths_register(rt, "/kv", peer, PATH_MOUNTED), MK_OK);
    CHECK_EQ(ns_lookup_path(rt, "/kv"), peer);
    CHECK(paths_next(rt, "/kv", path, NULL, &origin));
    CHECK_EQ(origin, PATH_MOUNTED);
    CHECK(!paths_next(rt, "/kv", path, NULL, &origin)); /* shown once */
    CHECK_EQ(paths_register(rt, "/kv", local, PATH_LOCAL), MK_OK);
    CHECK_EQ(ns_lookup_path(rt, "/kv"), local);
    CHECK_EQ(paths_register(rt, "/kv", peer, PATH_LOCAL), MK_EEXIST);
    end_actor(rt, local);
    CHECK_EQ(ns_lookup_path(rt, "/kv"), peer);
    CHECK_EQ(paths_unregister(rt, "/kv", PATH_MOUNTED), MK_OK);
    CHECK_EQ(paths_unregister(rt, "/kv", PATH_MOUNTED), MK_ENOENT);
    CHECK_EQ(ns_lookup_path(rt, "/kv"), cloud);
    ns_remove_path(rt, "/kv");
    CHECK_EQ(ns_lookup_path(rt, "/kv"), ACTOR_ID_INVALID);
    close_runtime(rt);
}

TEST(paths_below_mount_points_go_to_the_target_of_the_longest) {
    runtime_t *rt = open_namespace();
    actor_id_t home = spawn_idle(rt);
    actor_id_t outer = spawn_idle(rt);
    actor_id_t inner = spawn_idle(rt);
    CHECK_EQ(ns_register_path(rt, "/m/in/x", home), NS_OK);
    CHECK_EQ(ns_register_path(rt, "/mx", home), NS_OK);
    CHECK_EQ(paths_mount(rt, "/m", outer), MK_OK);
    CHECK_EQ(paths_mount(rt, "/m/in/", inner), MK_OK);
    CHECK_EQ(paths_mount(rt, "/m/in", outer), MK_EEXIST);
    CHECK_EQ(ns_lookup_path(rt, "/m"), outer);
    CHECK_EQ(ns_lookup_path(rt, "/m/other"), outer);
    CHECK_EQ(ns_lookup_path(rt, "/m/in"), inner);
    CHECK_EQ(ns_lookup_path(rt, "/m/in/x"), inner);
    CHECK_EQ(ns_lookup_path(rt, "/m/in/"), inner);
    CHECK_EQ(ns_lookup_path(rt, "/m/inx"), outer);
    CHECK_EQ(ns_lookup_path(rt, "/mx"), home); /* no '/' behind "/m" */
    end_actor(rt, inner);
    CHECK_EQ(ns_lookup_path(rt, "/m/in/x"), outer);
    CHECK_EQ(paths_unmount(rt, "/m/"), MK_OK);
    CHECK_EQ(paths_unmount(rt, "/m"), MK_ENOENT);
    CHECK_EQ(ns_lookup_path(rt, "/m/in/x"), home);
    CHECK_EQ(ns_lookup_path(rt, "/m"), ACTOR_ID_INVALID);
    close_runtime(rt);
}

TEST(paths_can_all_be_mounted_at_the_root) {
    runtime_t *rt = open_namespace();
    actor_id_t root = spawn_idle(rt);
    actor_id_t other = spawn_idle(rt);
    CHECK_EQ(paths_mount(rt, "//", root), MK_OK);
    CHECK_EQ(paths_mount(rt, "/sub", other), MK_OK);
    CHECK_EQ(ns_lookup_path(rt, "/"), root);
    CHECK_EQ(ns_lookup_path(rt, "/sys/ns"), root);
    CHECK_EQ(ns_lookup_path(rt, "/sub/x"), other);
    CHECK_EQ(paths_unmount(rt, "/"), MK_OK);
    CHECK(ns_lookup_path(rt, "/sys/ns") != root);
    close_runtime(rt);
}

TEST(paths_mount_points_can_be_walked) {
    runtime_t *rt = open_namespace();
    actor_id_t a = spawn_idle(rt);
    actor_id_t target = 0;
    char point[NS_PATH_MAX] = "";
    CHECK(!paths_next_mount(rt, point, &target));
    CHECK_EQ(paths_mount(rt, "/b", a), MK_OK);
    CHECK_EQ(paths_mount(rt, "/a", a), MK_OK);
    CHECK(paths_next_mount(rt, point, &target));
    CHECK_STR(point, "/a");
    CHECK_EQ(target, a);
    CHECK(paths_next_mount(rt, point, NULL));
    CHECK_STR(point, "/b");
    CHECK(!paths_next_mount(rt, point, NULL));
    ns_deregister_actor_paths(rt, a);
    point[0] = '\0';
    CHECK(!paths_next_mount(rt, point, NULL));
    close_runtime(rt);
}

TEST(paths_list_whole_lines_in_order_and_tell_the_size_of_all) {
    runtime_t *rt = open_namespace();
    actor_id_t far = actor_id_make(3, 7);
    CHECK_EQ(ns_register_path(rt, "/l/b", far), NS_OK);
    CHECK_EQ(ns_register_path(rt, "/l/a", far), NS_OK);
    CHECK_EQ(ns_register_path(rt, "/lx", far), NS_OK);
    static const char all[] = "/l/a=12884901895\n/l/b=12884901895\n/lx=12884901895\n";
    char buf[128];
    CHECK_EQ(ns_list_paths(rt, "/l", buf, sizeof buf), strlen(all));
    CHECK_STR(buf, all);
    CHECK_EQ(ns_list_paths_size(rt, "/l"), strlen(all));
    CHECK_EQ(ns_list_paths(rt, "/l/b", buf, sizeof buf), 17);
    CHECK_STR(buf, "/l/b=12884901895\n");
    CHECK_EQ(ns_list_paths(rt, "/nothing", buf, sizeof buf), 0);
    CHECK_STR(buf, "");
    for (size_t cap = 0; cap <= sizeof all; cap++) {
        memset(buf, '#', sizeof buf);
        size_t size = ns_list_paths(rt, "/l", buf, cap);
        size_t lines = cap > 50 ? 50 : cap > 34 ? 34 : cap > 17 ? 17 : 0;
        CHECK_EQ(size, lines);
        if (cap > 0) CHECK_EQ(strlen(buf), size);
        CHECK_MEM(buf, all, size);
        CHECK_EQ(buf[cap], '#');
    }
    CHECK(ns_list_paths(rt, NULL, buf, sizeof buf) > 0);
    CHECK_EQ(ns_list_paths(rt, "/l", NULL, 0), 0);
    close_runtime(rt);
}

TEST(paths_reverse_lookup_gives_the_first_and_all) {
    runtime_t *rt = open_namespace();
    actor_id_t a = spawn_idle(rt);
    char buf[32] = "flat";
    size_t offset = 4;
    CHECK_EQ(ns_reverse_lookup_path(rt, a, buf + 8, 8), 0);
    CHECK_EQ(ns_reverse_lookup_all_paths(rt, a, buf, sizeof buf, &offset), 0);
    CHECK_EQ(offset, 4);
    CHECK_EQ(ns_register_path(rt, "/z", a), NS_OK);
    CHECK_EQ(ns_register_path(rt, "/a/long/one/for/small/room", a), NS_OK);
    CHECK_EQ(ns_register_path(rt, "/y", a), NS_OK);
    CHECK_EQ(ns_reverse_lookup_path(rt, a, buf + 8, 8), 2);
    CHECK_STR(buf + 8, "/z");
    CHECK_EQ(ns_reverse_lookup_path(rt, a, buf + 8, 2), 1);
    CHECK_STR(buf + 8, "/");
    CHECK_EQ(ns_reverse_lookup_all_paths(rt, a, buf, 16, &offset), 8);
    CHECK_EQ(offset, 12);
    CHECK_STR(buf, "flat, /z, /y");
    CHECK_EQ(ns_reverse_lookup_all_paths(rt, a, buf, 8, NULL), 6);
    CHECK_STR(buf, "/z, /y");
    close_runtime(rt);
}

static void paths_with_faults(void *arg) {
    runtime_t *rt = arg;
    actor_id_t a = actor_lookup(rt, "owner");
    int path = ns_register_path(rt, "/p", a);
    int mount = paths_mount(rt, "/m", a);
    CHECK(path == NS_OK || path == NS_EFULL);
    CHECK(mount == MK_OK || mount == MK_ENOMEM);
    CHECK_EQ(ns_lookup_path(rt, "/p"), path == NS_OK ? a : ACTOR_ID_INVALID);
    CHECK_EQ(ns_lookup_path(rt, "/m/x"), mount == MK_OK ? a : ACTOR_ID_INVALID);
    ns_deregister_actor_paths(rt, a);
}

TEST(paths_report_short_memory_and_keep_what_is_there) {
    runtime_t *rt = open_namespace();
    CHECK(actor_register_name(rt, "owner", spawn_idle(rt)));
    test_each_alloc_failure(paths_with_faults, rt);
    CHECK(ns_lookup_path(rt, "/sys/ns") != ACTOR_ID_INVALID);
    close_runtime(rt);
}

TEST_TABLE(paths, TEST_ROW(paths_need_a_namespace_once_and_stay_after_it_ended),
           TEST_ROW(paths_find_their_actor_until_it_ends),
           TEST_ROW(paths_refuse_what_is_no_path),
           TEST_ROW(paths_of_this_node_win_over_mounted_and_those_over_cloud),
           TEST_ROW(paths_below_mount_points_go_to_the_target_of_the_longest),
           TEST_ROW(paths_can_all_be_mounted_at_the_root),
           TEST_ROW(paths_mount_points_can_be_walked),
           TEST_ROW(paths_list_whole_lines_in_order_and_tell_the_size_of_all),
           TEST_ROW(paths_reverse_lookup_gives_the_first_and_all),
           TEST_ROW(paths_report_short_memory_and_keep_what_is_there))
