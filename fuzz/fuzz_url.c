/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_url.c - any bytes as a URL: the parts lie in the text, target and host written
 * again give the same parts, faults name a place, and what a reference resolves to is a
 * URL without dot segments. */
#include "base/url.h"

#include "microkernel/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

static void check_again(const url_t *url, size_t size) {
    size_t cap = size + 300;
    char *target = malloc(cap);
    char *host = malloc(cap);
    char *whole = malloc(2 * cap + 8);
    REQUIRE(target != NULL && host != NULL && whole != NULL);
    REQUIRE(url_write_target(url, target, cap) > 0 && target[0] == '/');
    REQUIRE(url_write_host(url, host, cap) > 0);
    sprintf(whole, "%s://%s%s", url_scheme_name(url->scheme), host, target);
    url_t again;
    REQUIRE(url_parse(text_of(whole), &again, NULL) == MK_OK);
    REQUIRE(again.scheme == url->scheme);
    REQUIRE(url_authority_equals(&again.authority, &url->authority));
    REQUIRE(text_equals(again.query, url->query) && again.has_query == url->has_query);
    REQUIRE(url->path.size == 0 || text_equals(again.path, url->path));
    free(target);
    free(host);
    free(whole);
}

static void check_reference(const url_t *base, text_t reference) {
    size_t cap = reference.size + 128;
    char *bytes = malloc(cap);
    REQUIRE(bytes != NULL);
    int size = url_resolve(base, reference, bytes, cap, NULL);
    REQUIRE(size != MK_ETOOBIG && size < (int)cap);
    if (size >= 0) {
        url_t url;
        REQUIRE(url_parse(text_make(bytes, (size_t)size), &url, NULL) == MK_OK);
        REQUIRE(!text_ends_with(url.path, text_of("/..")));
        REQUIRE(!text_ends_with(url.path, text_of("/.")));
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    text_t text = text_make((const char *)bytes, size);
    url_t url;
    url_error_t error = {NULL, 0};
    if (url_parse(text, &url, &error) == MK_OK)
        check_again(&url, size);
    else
        REQUIRE(error.why != NULL && error.at <= size);
    url_authority_t authority;
    error.why = NULL;
    if (url_parse_authority(text, 80, &authority, &error) < 0)
        REQUIRE(error.why != NULL && error.at <= size);
    REQUIRE(url_parse(text_of("http://a/b/c/d;p?q"), &url, NULL) == MK_OK);
    check_reference(&url, text);
    char *decoded = malloc(size + 1);
    REQUIRE(decoded != NULL);
    size_t bad_at = 0;
    int rc = url_decode(text, decoded, size, &bad_at);
    REQUIRE(rc <= (int)size && (rc >= 0 || bad_at < size));
    free(decoded);
    return 0;
}
