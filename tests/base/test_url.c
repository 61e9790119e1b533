/* SPDX-License-Identifier: Apache-2.0 */
#include "base/url.h"
#include "microkernel/error.h"
#include "support/test.h"

#include <string.h>

#define CHECK_TEXT(got, want) CHECK(text_is((got), (want)))

TEST(url_parts_are_slices_of_the_text) {
    const char *text = "HTTPS://Example.com:8443/a/b;c?x=%20&y#frag";
    url_t url;
    CHECK_EQ(url_parse(text_of(text), &url, NULL), MK_OK);
    CHECK_EQ(url.scheme, URL_HTTPS);
    CHECK(url_is_secure(&url));
    CHECK_TEXT(url.authority.host, "Example.com");
    CHECK(url.authority.host.bytes == text + 8);
    CHECK_EQ(url.authority.port, 8443);
    CHECK(url.authority.has_port && !url.authority.is_ipv6 && url.has_query);
    CHECK_TEXT(url.path, "/a/b;c");
    CHECK_TEXT(url.query, "x=%20&y");
}

TEST(url_default_ports) {
    static const struct {
        const char *text;
        uint16_t port;
        bool is_secure;
    } rows[] = {{"http://h", 80, false},
                {"https://h", 443, true},
                {"ws://h:", 80, false},
                {"wss://h:/", 443, true},
                {"http://h:443", 443, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        url_t url;
        CHECK_EQ(url_parse(text_of(rows[i].text), &url, NULL), MK_OK);
        CHECK_EQ(url.authority.port, rows[i].port);
        CHECK_EQ(url_is_secure(&url), rows[i].is_secure);
    }
}

TEST(url_hosts_that_are_good) {
    static const char *const hosts[] = {"a",
                                        "a.b.c.",
                                        "127.0.0.1",
                                        "255.255.255.255",
                                        "x-y_z.1a",
                                        "1.2.3.4.com",
                                        "[::]",
                                        "[::1]",
                                        "[1::]",
                                        "[1:2:3:4:5:6:7:8]",
                                        "[1::8]",
                                        "[::ffff:1.2.3.4]",
                                        "[1:2:3:4:5:6:1.2.3.4]",
                                        "[::2:3:4:5:6:7:8]",
                                        "[FE80::a]",
                                        "xn--bcher-kva.ch"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        url_authority_t authority;
        CHECK_EQ(url_parse_authority(text_of(hosts[i]), 80, &authority, NULL), MK_OK);
        CHECK_EQ(authority.is_ipv6, hosts[i][0] == '[');
        CHECK_EQ(authority.host.size, strlen(hosts[i]) - (authority.is_ipv6 ? 2 : 0));
    }
}

TEST(url_refusals_name_the_place) {
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {
        {"", 0},
        {"h", 0},
        {"ftp://h", 0},
        {"http:/h", 5},
        {"http:h", 5},
        {"http://", 7},
        {"http:///x", 7},
        {"http://:80", 7},
        {"http://user@h/", 7},
        {"http://user:pw@h/", 7},
        {"http://h h/", 8},
        {"http://h%41/", 8},
        {"http://\xC3\xA9/", 7},
        {"http://a..b/", 9},
        {"http://.a/", 7},
        {"http://127.1/", 7},
        {"http://1.2.3.256/", 7},
        {"http://1.2.3.04/", 7},
        {"http://0x7f.1/", 7},
        {"http://0x7f/", 7},
        {"http://1.2.3.4./", 7},
        {"http://[::1/", 11},
        {"http://[]/", 8},
        {"http://[1:2]/", 8},
        {"http://[1::2::3]/", 8},
        {"http://[1:2:3:4:5:6:7:8:9]/", 8},
        {"http://[1:2:3:4:5:6:7::8]/", 8},
        {"http://[::12345]/", 8},
        {"http://[fe80::1%25eth0]/", 8},
        {"http://[::1.2.3]/", 8},
        {"http://[:1]/", 8},
        {"http://[1:]/", 8},
        {"http://[::1]x/", 12},
        {"http://h:x/", 9},
        {"http://h:0/", 9},
        {"http://h:65536/", 9},
        {"http://h:000080/", 9},
        {"http://h:80:80/", 11},
        {"http://h:-1/", 9},
        {"http://h/a b", 10},
        {"http://h/\r\nX: y", 9},
        {"http://h/%", 9},
        {"http://h/%4", 9},
        {"http://h/%4g", 9},
        {"http://h/\"", 9},
        {"http://h/\xFF", 9},
        {"http://h/?|", 10},
        {"http://h/#a#", 11},
        {"http://h\\@x/", 7},
        {"ws://h/#a", 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        url_t url;
        url_error_t error = {NULL, 99};
        CHECK_EQ(url_parse(text_of(rows[i].text), &url, &error), MK_EINVAL);
        CHECK(error.why != NULL);
        CHECK_EQ(error.at, rows[i].at);
        CHECK_EQ(url_parse(text_of(rows[i].text), &url, NULL), MK_EINVAL);
    }
}

TEST(url_refuses_a_nul_anywhere) {
    static const char text[] = "http://host/path?q";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char bytes[sizeof text];
        url_t url;
        memcpy(bytes, text, sizeof text);
        bytes[i] = '\0';
        CHECK_EQ(url_parse(text_make(bytes, sizeof text - 1), &url, NULL), MK_EINVAL);
    }
}

TEST(url_names_have_a_longest_size) {
    char text[300] = "";
    url_authority_t authority;
    url_error_t error;
    for (size_t i = 0; i < 254; i++)
        text[i] = i % 64 == 63 ? '.' : 'a';
    CHECK_EQ(url_parse_authority(text_make(text, 253), 1, &authority, NULL), MK_OK);
    CHECK_EQ(url_parse_authority(text_make(text, 254), 1, &authority, &error),
             MK_EINVAL);
    CHECK_EQ(error.at, 253);
    memset(text, 'a', 64);
    CHECK_EQ(url_parse_authority(text_make(text, 64), 1, &authority, &error),
             MK_EINVAL);
    CHECK_EQ(error.at, 63);
}

TEST(url_target_and_host_are_written) {
    static const struct {
        const char *text;
        const char *target;
        const char *host;
    } rows[] = {{"http://h", "/", "h"},
                {"http://h?q", "/?q", "h"},
                {"http://h/a?", "/a?", "h"},
                {"https://h:443/a#f", "/a", "h"},
                {"https://h:80/", "/", "h:80"},
                {"http://[::1]:8080/x?y=z", "/x?y=z", "[::1]:8080"},
                {"ws://[::1]", "/", "[::1]"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        url_t url;
        char bytes[64];
        int size = (int)strlen(rows[i].target);
        CHECK_EQ(url_parse(text_of(rows[i].text), &url, NULL), MK_OK);
        CHECK_EQ(url_write_target(&url, bytes, (size_t)size), MK_ETOOBIG);
        CHECK_EQ(url_write_target(&url, bytes, (size_t)size + 1), size);
        CHECK_STR(bytes, rows[i].target);
        size = (int)strlen(rows[i].host);
        CHECK_EQ(url_write_host(&url, bytes, (size_t)size), MK_ETOOBIG);
        CHECK_EQ(url_write_host(&url, bytes, (size_t)size + 1), size);
        CHECK_STR(bytes, rows[i].host);
    }
}

/* RFC 3986, section 5.4, as far as it speaks of our schemes. */
TEST(url_references_resolve_as_in_the_rfc) {
    static const struct {
        const char *reference;
        const char *result;
    } rows[] = {{"g", "http://a/b/c/g"},
                {"./g", "http://a/b/c/g"},
                {"g/", "http://a/b/c/g/"},
                {"/g", "http://a/g"},
                {"//g", "http://g"},
                {"?y", "http://a/b/c/d;p?y"},
                {"g?y", "http://a/b/c/g?y"},
                {"#s", "http://a/b/c/d;p?q"},
                {"g#s", "http://a/b/c/g"},
                {";x", "http://a/b/c/;x"},
                {"", "http://a/b/c/d;p?q"},
                {".", "http://a/b/c/"},
                {"./", "http://a/b/c/"},
                {"..", "http://a/b/"},
                {"../g", "http://a/b/g"},
                {"../..", "http://a/"},
                {"../../g", "http://a/g"},
                {"../../../g", "http://a/g"},
                {"/./g", "http://a/g"},
                {"/../g", "http://a/g"},
                {"g.", "http://a/b/c/g."},
                {"..g", "http://a/b/c/..g"},
                {"./g/.", "http://a/b/c/g/"},
                {"g/../h", "http://a/b/c/h"},
                {"g;x=1/../y", "http://a/b/c/y"},
                {"g?y/../x", "http://a/b/c/g?y/../x"},
                {"https://x/../y?z#f", "https://x/y?z"}};
    url_t base;
    CHECK_EQ(url_parse(text_of("http://a/b/c/d;p?q"), &base, NULL), MK_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[64];
        int size =
            url_resolve(&base, text_of(rows[i].reference), bytes, sizeof bytes, NULL);
        CHECK_EQ(size, strlen(rows[i].result));
        CHECK_STR(bytes, rows[i].result);
        CHECK_EQ(
            url_resolve(&base, text_of(rows[i].reference), bytes, (size_t)size, NULL),
            MK_ETOOBIG);
    }
    char bytes[64];
    url_error_t error;
    CHECK_EQ(url_resolve(&base, text_of("javascript:x"), bytes, 64, &error), MK_EINVAL);
    CHECK_EQ(url_resolve(&base, text_of("a b"), bytes, 64, &error), MK_EINVAL);
    CHECK_EQ(url_resolve(&base, text_of("//u@h/"), bytes, 64, &error), MK_EINVAL);
}

TEST(url_decode_undoes_percent_encoding) {
    char bytes[16] = "";
    size_t bad_at = 99;
    CHECK_EQ(url_decode(text_of("a%20b%2Fc%c3%A9"), bytes, 16, NULL), 7);
    CHECK_MEM(bytes, "a b/c\xC3\xA9", 7);
    CHECK_EQ(url_decode(text_of("a+b"), bytes, 3, NULL), 3);
    CHECK_MEM(bytes, "a+b", 3);
    CHECK_EQ(url_decode(text_of("ab%00"), bytes, 16, &bad_at), MK_EINVAL);
    CHECK_EQ(bad_at, 2);
    CHECK_EQ(url_decode(text_of("abc%2"), bytes, 16, &bad_at), MK_EINVAL);
    CHECK_EQ(bad_at, 3);
    CHECK_EQ(url_decode(text_of("%zz"), bytes, 16, &bad_at), MK_EINVAL);
    CHECK_EQ(url_decode(text_of("abcd"), bytes, 3, &bad_at), MK_ETOOBIG);
    CHECK_EQ(bad_at, 3);
}

TEST_TABLE(url, TEST_ROW(url_parts_are_slices_of_the_text), TEST_ROW(url_default_ports),
           TEST_ROW(url_hosts_that_are_good), TEST_ROW(url_refusals_name_the_place),
           TEST_ROW(url_refuses_a_nul_anywhere),
           TEST_ROW(url_names_have_a_longest_size),
           TEST_ROW(url_target_and_host_are_written),
           TEST_ROW(url_references_resolve_as_in_the_rfc),
           TEST_ROW(url_decode_undoes_percent_encoding))
