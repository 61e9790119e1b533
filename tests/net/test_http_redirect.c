/* SPDX-License-Identifier: Apache-2.0 */
#include "microkernel/error.h"
#include "net/http_redirect.h"
#include "support/test.h"

#include <string.h>

static int follow(const char *from, const char *method, int status,
                  const char *location, char *url, http_redirect_t *redirect,
                  const char **why) {
    url_t base;
    CHECK_EQ(url_parse(text_of(from), &base, NULL), MK_OK);
    return http_redirect(&base, text_of(method), status, text_of(location), url, 100,
                         redirect, why);
}

TEST(http_redirect_knows_its_statuses) {
    for (int status = 100; status < 1000; status++)
        CHECK_EQ(http_status_redirects(status),
                 (status >= 301 && status <= 303) || status == 307 || status == 308);
}

TEST(http_redirect_follows_the_rules_for_methods) {
    static const struct {
        const char *method;
        int status;
        bool becomes_get;
    } rows[] = {
        {"GET", 301, false},   {"GET", 302, false},    {"GET", 303, false},
        {"GET", 307, false},   {"GET", 308, false},    {"HEAD", 303, false},
        {"HEAD", 301, false},  {"POST", 301, true},    {"POST", 302, true},
        {"POST", 303, true},   {"POST", 307, false},   {"POST", 308, false},
        {"PUT", 301, false},   {"PUT", 302, false},    {"PUT", 303, true},
        {"DELETE", 303, true}, {"DELETE", 302, false}, {"post", 302, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[100];
        http_redirect_t redirect;
        const char *why = "";
        CHECK(follow("http://a/b", rows[i].method, rows[i].status, "/c", url, &redirect,
                     &why) > 0);
        CHECK_STR(url, "http://a/c");
        CHECK_EQ(redirect.becomes_get, rows[i].becomes_get);
        CHECK(!redirect.leaves_origin);
    }
}

TEST(http_redirect_knows_another_origin) {
    static const struct {
        const char *from;
        const char *location;
        const char *url;
        bool leaves;
    } rows[] = {
        {"http://a/b/c?d", "e", "http://a/b/e", false},
        {"http://a/b/c?d", "?e", "http://a/b/c?e", false},
        {"http://a/b", "http://A:80/c", "http://A:80/c", false},
        {"http://a/b", "//a/c", "http://a/c", false},
        {"http://a/b", "http://a:81/c", "http://a:81/c", true},
        {"http://a/b", "//b/c", "http://b/c", true},
        {"http://a/b", "https://a/b", "https://a/b", true},
        {"https://a/b", "https://a:443/#x", "https://a:443/", false},
        {"http://a/b", "http://a.b/", "http://a.b/", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[100];
        http_redirect_t redirect;
        const char *why = "";
        CHECK(follow(rows[i].from, "GET", 302, rows[i].location, url, &redirect, &why) >
              0);
        CHECK_STR(url, rows[i].url);
        CHECK_EQ(redirect.leaves_origin, rows[i].leaves);
    }
}

TEST(http_redirect_refuses) {
    static const struct {
        const char *from;
        const char *location;
        int result;
        const char *why; /* NULL: whatever url.h says */
    } rows[] = {
        {"https://a/", "http://a/", MK_EPERM, "the location leads from https to http"},
        {"http://a/", "ws://a/", MK_EPERM, "the location is of another protocol"},
        {"http://a/", "file:///etc/passwd", MK_EINVAL, NULL},
        {"http://a/", "http://u:p@a/", MK_EINVAL, NULL},
        {"http://a/", "/a b", MK_EINVAL, NULL},
        {"http://a/", "http://", MK_EINVAL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[100];
        http_redirect_t redirect;
        const char *why = "";
        CHECK_EQ(
            follow(rows[i].from, "GET", 302, rows[i].location, url, &redirect, &why),
            rows[i].result);
        if (rows[i].why != NULL)
            CHECK_STR(why, rows[i].why);
        else
            CHECK(why[0] != '\0');
    }
    char long_location[200] = "/";
    memset(long_location + 1, 'x', 150);
    char url[100];
    http_redirect_t redirect;
    const char *why = "";
    CHECK_EQ(follow("http://a/", "GET", 302, long_location, url, &redirect, &why),
             MK_ETOOBIG);
    CHECK_STR(why, "the location is too long");
}

TEST(http_redirect_leaves_headers_behind) {
    static const struct {
        const char *header;
        bool keeps_at_home; /* same origin, same method */
        bool keeps_abroad;  /* other origin */
        bool keeps_as_get;  /* the body is dropped */
    } rows[] = {
        {"Accept: */*", true, true, true},
        {"authorization: Basic x", true, false, true},
        {"Cookie: a=b", true, false, true},
        {"PROXY-AUTHORIZATION: x", true, false, true},
        {"Content-Type: text/plain", true, true, false},
        {"content-encoding: gzip", true, true, false},
        {"X-Authorization: x", true, true, true},
        {"no header", false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_redirect_t home = {false, false};
        http_redirect_t abroad = {false, true};
        http_redirect_t as_get = {true, false};
        CHECK_EQ(http_redirect_keeps(&home, rows[i].header), rows[i].keeps_at_home);
        CHECK_EQ(http_redirect_keeps(&abroad, rows[i].header), rows[i].keeps_abroad);
        CHECK_EQ(http_redirect_keeps(&as_get, rows[i].header), rows[i].keeps_as_get);
    }
}

TEST_TABLE(http_redirect, TEST_ROW(http_redirect_knows_its_statuses),
           TEST_ROW(http_redirect_follows_the_rules_for_methods),
           TEST_ROW(http_redirect_knows_another_origin),
           TEST_ROW(http_redirect_refuses),
           TEST_ROW(http_redirect_leaves_headers_behind))
