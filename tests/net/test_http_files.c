/* SPDX-License-Identifier: Apache-2.0 */
/* Folders served as files; dates and ranges. */
#include "http_world.h"

#include "microkernel/error.h"
#include "net/http_conditions.h"
#include "net/http_date.h"
#include "port/files.h"

#include <stdio.h>
#include <stdlib.h>

static char big[200000];

static void open_files(http_world_t *world) {
    world_open(world, NULL);
    CHECK_EQ(http_route_files(world->rt, "/f", "/www"), MK_EINVAL);
    CHECK_EQ(http_route_files(world->rt, "/f/*", ""), MK_EINVAL);
    CHECK_EQ(http_route_files(world->rt, "/f/*", "/www/"), MK_OK);
    CHECK_EQ(http_route_files(world->rt, "/f/*", "/www"), MK_EEXIST);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)('a' + i % 26);
    CHECK_EQ(port_dir_create("/www/sub"), MK_OK);
    CHECK_EQ(sim_file_put("/www/a.txt", "0123456789", 10), MK_OK);
    CHECK_EQ(sim_file_put("/www/index.html", "<p>", 3), MK_OK);
    CHECK_EQ(sim_file_put("/www/empty", "", 0), MK_OK);
    CHECK_EQ(sim_file_put("/www/big.bin", big, sizeof big), MK_OK);
    CHECK_EQ(sim_file_put("/www/.hidden", "no", 2), MK_OK);
    CHECK_EQ(sim_file_put("/secret", "no", 2), MK_OK);
}

/* What one request is answered with; the connection stays. */
static void ask(peer_t *peer, const char *method, const char *path,
                const char *fields) {
    char request[1024];
    (void)snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n",
                   method, path, fields);
    peer->size = 0;
    peer->text[0] = '\0';
    peer_say(peer, request);
    for (int i = 0; i < 30; i++) {
        world_run(peer->world);
        peer_read(peer);
    }
}

static const char *body_of(const peer_t *peer) {
    const char *end = strstr(peer->text, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

TEST(http_files_rows) {
    static const struct {
        const char *method;
        const char *path;
        const char *fields;
        const char *begins;
        const char *has;
        const char *body;
    } rows[] = {
        {"GET", "/f/a.txt", "", "HTTP/1.1 200 ", "Content-Type: text/plain",
         "0123456789"},
        {"GET", "/f/a.txt", "", "HTTP/1.1 200 ", "Accept-Ranges: bytes", "0123456789"},
        {"HEAD", "/f/a.txt", "", "HTTP/1.1 200 ", "Content-Length: 10\r\n", ""},
        {"GET", "/f/", "", "HTTP/1.1 200 ", "text/html", "<p>"},
        {"GET", "/f/empty", "", "HTTP/1.1 200 ", "Content-Length: 0\r\n", ""},
        {"GET", "/f/none", "", "HTTP/1.1 404 ", "", NULL},
        {"GET", "/f/sub", "", "HTTP/1.1 404 ", "", NULL},
        {"GET", "/f/.hidden", "", "HTTP/1.1 404 ", "", NULL},
        {"GET", "/f/../secret", "", "HTTP/1.1 404 ", "", NULL},
        {"GET", "/f/%2e%2e/secret", "", "HTTP/1.1 404 ", "", NULL},
        {"GET", "/f/sub/..%2f..%2fsecret", "", "HTTP/1.1 404 ", "", NULL},
        {"GET", "/f//secret", "", "HTTP/1.1 404 ", "", NULL},
        {"POST", "/f/a.txt", "", "HTTP/1.1 405 ", "Allow: GET, HEAD, OPTIONS", NULL},
        {"GET", "/f/a.txt", "Range: bytes=2-4\r\n", "HTTP/1.1 206 ",
         "Content-Range: bytes 2-4/10\r\n", "234"},
        {"GET", "/f/a.txt", "Range: bytes=7-\r\n", "HTTP/1.1 206 ",
         "Content-Range: bytes 7-9/10\r\n", "789"},
        {"GET", "/f/a.txt", "Range: bytes=-4\r\n", "HTTP/1.1 206 ",
         "Content-Range: bytes 6-9/10\r\n", "6789"},
        {"GET", "/f/a.txt", "Range: bytes=5-500\r\n", "HTTP/1.1 206 ",
         "Content-Range: bytes 5-9/10\r\n", "56789"},
        {"GET", "/f/a.txt", "Range: bytes=10-\r\n", "HTTP/1.1 416 ",
         "Content-Range: bytes */10\r\n", ""},
        {"GET", "/f/a.txt", "Range: bytes=1-2,4-5\r\n", "HTTP/1.1 200 ", "",
         "0123456789"},
        {"GET", "/f/a.txt", "Range: lines=1-2\r\n", "HTTP/1.1 200 ", "", "0123456789"},
        {"GET", "/f/a.txt", "Range: bytes=4-2\r\n", "HTTP/1.1 200 ", "", "0123456789"},
        {"GET", "/f/a.txt", "Range: bytes=0-0\r\nIf-Range: \"other\"\r\n",
         "HTTP/1.1 200 ", "", "0123456789"},
        {"HEAD", "/f/a.txt", "Range: bytes=2-4\r\n", "HTTP/1.1 200 ",
         "Content-Length: 10\r\n", ""},
        {"GET", "/f/a.txt", "If-Match: \"other\"\r\n", "HTTP/1.1 412 ",
         "Content-Length: 0\r\n", ""},
        {"GET", "/f/a.txt", "If-Match: *\r\nRange: bytes=1-1\r\n", "HTTP/1.1 206 ",
         "Content-Range: bytes 1-1/10\r\n", "1"},
        {"GET", "/f/a.txt", "If-None-Match: *\r\n", "HTTP/1.1 304 ", "ETag: \"", ""},
        {"GET", "/f/a.txt", "If-None-Match: \"other\"\r\n", "HTTP/1.1 200 ", "",
         "0123456789"},
    };
    http_world_t world;
    open_files(&world);
    peer_t *peer = peer_new(&world);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(peer, rows[i].method, rows[i].path, rows[i].fields);
        if (strncmp(peer->text, rows[i].begins, strlen(rows[i].begins)) != 0)
            printf("row %d (%s): %s\n", (int)i, rows[i].path, peer->text);
        CHECK(strncmp(peer->text, rows[i].begins, strlen(rows[i].begins)) == 0);
        CHECK(strstr(peer->text, rows[i].has) != NULL);
        if (rows[i].body != NULL) CHECK_STR(body_of(peer), rows[i].body);
        CHECK(!peer->has_ended);
        CHECK_EQ(runtime_counters(world.rt).actors, 1); /* only the server's own */
    }
    peer_end(peer);
    world_close(&world);
}

TEST(http_files_know_what_the_peer_has) {
    http_world_t world;
    open_files(&world);
    peer_t *peer = peer_new(&world);
    ask(peer, "GET", "/f/a.txt", "");
    const char *etag = strstr(peer->text, "ETag: ");
    CHECK(etag != NULL);
    char fields[128];
    (void)snprintf(fields, sizeof fields, "If-None-Match: \"x\", W/%.*s\r\n",
                   (int)strcspn(etag + 6, "\r"), etag + 6);
    ask(peer, "GET", "/f/a.txt", fields);
    CHECK(strncmp(peer->text, "HTTP/1.1 304 ", 13) == 0);
    CHECK_EQ(sim_file_put("/www/a.txt", "another one", 11), MK_OK);
    ask(peer, "GET", "/f/a.txt", fields);
    CHECK(strncmp(peer->text, "HTTP/1.1 200 ", 13) == 0);
    CHECK_STR(body_of(peer), "another one");
    peer_end(peer);
    world_close(&world);
}

/* RFC 9110, section 13.2.2: conditions of a version with tag "5-1" that was changed on
 * the day of 1994 and is looked at later. */
TEST(http_conditions_are_judged_in_their_order) {
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME   "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"
    static const struct {
        const char *fields; /* each line ends in '\n' */
        int status;
        const char *range;
    } rows[] = {
        {"", 200, ""},
        {"If-Match: *\n", 200, ""},
        {"If-Match: \"5-1\"\n", 200, ""},
        {"If-Match: \"x\", \"5-1\"\n", 200, ""},
        {"If-Match: \"x\"\nIf-Match: \"5-1\"\n", 200, ""},
        {"If-Match: \"x\"\n", 412, ""},
        {"If-Match: W/\"5-1\"\n", 412, ""},
        {"If-Match:\n", 412, ""},
        /* If-Unmodified-Since counts without If-Match only. */
        {"If-Unmodified-Since: " BEFORE "\n", 412, ""},
        {"If-Unmodified-Since: " SAME "\n", 200, ""},
        {"If-Unmodified-Since: " AFTER "\n", 200, ""},
        {"If-Unmodified-Since: yesterday\n", 200, ""},
        {"If-Match: *\nIf-Unmodified-Since: " BEFORE "\n", 200, ""},
        {"If-Match: \"x\"\nIf-Unmodified-Since: " AFTER "\n", 412, ""},
        /* 412 goes before 304. */
        {"If-Match: \"x\"\nIf-None-Match: \"5-1\"\n", 412, ""},
        {"If-Match: \"5-1\"\nIf-None-Match: \"5-1\"\n", 304, ""},
        {"If-None-Match: *\n", 304, ""},
        {"If-None-Match: W/\"5-1\"\n", 304, ""},
        {"If-None-Match: \"x\"\nIf-None-Match: \"5-1\"\n", 304, ""},
        {"If-None-Match: \"x\"\n", 200, ""},
        /* If-Modified-Since counts without If-None-Match only. */
        {"If-Modified-Since: " BEFORE "\n", 200, ""},
        {"If-Modified-Since: " SAME "\n", 304, ""},
        {"If-Modified-Since: " AFTER "\n", 304, ""},
        {"If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\n", 304, ""},
        {"If-Modified-Since: never\n", 200, ""},
        {"If-None-Match: \"x\"\nIf-Modified-Since: " AFTER "\n", 200, ""},
        {"Range: bytes=1-\n", 200, "bytes=1-"},
        {"Range: bytes=1-\nIf-Range: \"5-1\"\n", 200, "bytes=1-"},
        {"Range: bytes=1-\nIf-Range: W/\"5-1\"\n", 200, ""},
        {"Range: bytes=1-\nIf-Range: \"x\"\n", 200, ""},
        {"Range: bytes=1-\nIf-Range: " SAME "\n", 200, "bytes=1-"},
        {"Range: bytes=1-\nIf-Range: " AFTER "\n", 200, ""},
        {"If-Range: \"5-1\"\n", 200, ""},
    };
    http_version_t version = {"\"5-1\"", 784111777, 784200000};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char list[256];
        size_t size = strlen(rows[i].fields);
        memcpy(list, rows[i].fields, size + 1);
        for (size_t k = 0; k < size; k++)
            if (list[k] == '\n') list[k] = '\0';
        text_t fields = text_make(list, size);
        int status = http_conditions_judge(fields, &version);
        text_t range = http_conditions_range(fields, &version);
        if (status != rows[i].status || !text_is(range, rows[i].range))
            printf("row %d: %d %.*s\n", (int)i, status, (int)range.size, range.bytes);
        CHECK_EQ(status, rows[i].status);
        CHECK(text_is(range, rows[i].range));
    }
    /* A date is no proof within its own second, and nothing without one. */
    static const char dated[] = "Range: bytes=1-\0If-Range: " SAME;
    version.now_s = version.changed_s;
    CHECK_EQ(http_conditions_range(text_make(dated, sizeof dated), &version).size, 0);
    static const char since[] = "If-Modified-Since: " SAME;
    version.changed_s = 0;
    CHECK_EQ(http_conditions_judge(text_make(since, sizeof since), &version), 200);
}

TEST(http_files_go_out_in_pieces_as_the_peer_takes_them) {
    http_world_t world;
    open_files(&world);
    sim_net_set_window(3000);
    peer_t *peer = peer_new(&world);
    peer_say(peer, "GET /f/big.bin HTTP/1.1\r\nHost: h\r\n\r\n");
    size_t most = 0;
    for (int i = 0; i < 2000 && peer->size < sizeof big; i++) {
        world_run(&world);
        size_t held = http_counters(world.rt).memory_bytes;
        if (held > most) most = held;
        peer_read(peer);
    }
    CHECK_EQ(peer->size - (size_t)(body_of(peer) - peer->text), sizeof big);
    CHECK_MEM(body_of(peer), big, sizeof big);
    CHECK(most <= 2 * MK_HTTP_OUTPUT_MARK + 65536);
    peer_end(peer);
    world_close(&world);
}

TEST(http_files_are_cut_when_they_change_or_the_peer_goes) {
    for (int goes = 0; goes < 2; goes++) {
        http_world_t world;
        open_files(&world);
        sim_net_set_window(3000);
        peer_t *peer = peer_new(&world);
        static const char request[] = "GET /f/big.bin HTTP/1.1\r\nHost: h\r\n\r\n";
        port_slice_t slice = {request, sizeof request - 1};
        CHECK(port_socket_write(peer->handle, &slice, 1) > 0);
        for (int i = 0; i < 10; i++)
            world_run(&world);
        CHECK_EQ(runtime_counters(world.rt).actors, 2);
        if (goes) {
            port_socket_abort(peer->handle);
        } else {
            CHECK_EQ(sim_file_put("/www/big.bin", "short", 5), MK_OK);
            for (int i = 0; i < 300 && !peer->has_ended; i++) {
                world_run(&world);
                peer_read(peer);
            }
            CHECK(peer->has_ended);
            CHECK(peer->size < sizeof big);
            port_socket_close(peer->handle);
        }
        world_run(&world);
        CHECK_EQ(runtime_counters(world.rt).actors, 1);
        CHECK_EQ(http_counters(world.rt).connections, 0);
        free(peer);
        world_close(&world);
    }
}

static void ask_without_memory(void *arg) {
    (void)arg;
    sim_reset(1);
    runtime_t *rt = runtime_init(0, 8);
    if (rt == NULL) return;
    http_world_t world = {rt, 0};
    int port = http_listen(rt, NULL);
    (void)http_route_files(rt, "/f/*", "/www");
    (void)sim_file_put("/www/a.txt", "0123456789", 10);
    port_address_t at = address_loopback((uint16_t)(port > 0 ? port : 1));
    int handle = port > 0 ? port_socket_connect(&at) : -1;
    if (handle >= 0) {
        static const char request[] =
            "GET /f/a.txt HTTP/1.1\r\nHost: h\r\nRange: bytes=4-\r\n\r\n";
        world_run(&world);
        port_slice_t slice = {request, sizeof request - 1};
        (void)port_socket_write(handle, &slice, 1);
        world_run(&world);
        world_run(&world);
    }
    port_socket_close(handle);
    world_run(&world);
    CHECK_EQ(http_counters(rt).connections, 0);
    runtime_destroy(rt);
    sim_reset(1);
}

TEST(http_files_survive_any_allocation_that_fails) {
    test_each_alloc_failure(ask_without_memory, NULL);
}

TEST(http_date_is_written_and_read) {
    static const struct {
        uint64_t seconds;
        const char *text;
    } rows[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {1767225600, "Thu, 01 Jan 2026 00:00:00 GMT"},
        {4107542399, "Sun, 28 Feb 2100 23:59:59 GMT"},
        {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
    };
    static const char *const same[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Sun Nov 06 08:49:37 1994"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        uint64_t seconds;
        CHECK_EQ(http_date_read(text_of(same[i]), &seconds), MK_OK);
        CHECK_EQ(seconds, 784111777);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[40];
        mk_writer_t w;
        uint64_t seconds;
        writer_init(&w, text, sizeof text);
        http_date_write(rows[i].seconds, &w);
        CHECK_STR(text, rows[i].text);
        CHECK_EQ(http_date_read(text_of(rows[i].text), &seconds), MK_OK);
        CHECK_EQ(seconds, rows[i].seconds);
    }
    static const char *const bad[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sunday, 06-Nov-94 08:49:37 UTC",
                                      "Sunday 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  x 08:49:37 1994",
                                      "Sun Nov  0 08:49:37 1994",
                                      "Sun Nov  6 08:49:37 199x",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nox 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t seconds;
        CHECK_EQ(http_date_read(text_of(bad[i]), &seconds), MK_EINVAL);
    }
}

TEST_TABLE(http_files, TEST_ROW(http_files_rows),
           TEST_ROW(http_files_know_what_the_peer_has),
           TEST_ROW(http_conditions_are_judged_in_their_order),
           TEST_ROW(http_files_go_out_in_pieces_as_the_peer_takes_them),
           TEST_ROW(http_files_are_cut_when_they_change_or_the_peer_goes),
           TEST_ROW(http_files_survive_any_allocation_that_fails),
           TEST_ROW(http_date_is_written_and_read))
