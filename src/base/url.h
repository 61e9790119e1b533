/* SPDX-License-Identifier: Apache-2.0 */
/* url.h - the addresses of the web as slices of their text (RFC 3986).
 *
 * Strict: what is no URL of RFC 3986 is refused with the place, never repaired, because
 * two programs that repair differently see two different servers. Beyond that:
 *   - schemes are http, https, ws and wss, with "//" and a host;
 *   - user information is refused: it sends passwords where they are logged;
 *   - a host is an IPv6 literal without a zone, an IPv4 address of four plain decimal
 *     numbers, or a name of letters, digits, '-', '_' and '.' that does not end in a
 *     numeric label ("127.1" and "0x7f.1" are addresses to some and names to others);
 *   - a fragment is dropped, and refused with ws and wss (RFC 6455, section 3).
 * Nothing allocates, nothing is copied. */
#ifndef MK_BASE_URL_H
#define MK_BASE_URL_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { URL_HOST_MAX = 253 }; /* bytes of a name, RFC 1035 without the root's dot */

typedef enum { URL_HTTP, URL_HTTPS, URL_WS, URL_WSS } url_scheme_t;

/* Where a request goes. */
typedef struct {
    text_t host;   /* a name or an address; an IPv6 literal without its brackets */
    bool is_ipv6;  /* it stood in brackets */
    bool has_port; /* a port stood there */
    uint16_t port; /* 1..65535; the scheme's when none stood there */
} url_authority_t;

typedef struct {
    url_scheme_t scheme;
    url_authority_t authority;
    text_t path;  /* begins with '/', or is empty */
    text_t query; /* behind the '?'; may be empty though has_query */
    bool has_query;
} url_t;

/* Why a text was refused. */
typedef struct {
    const char *why; /* a few words without a full stop; static storage */
    size_t at;       /* offset of the first byte refused; the size at the end */
} url_error_t;

/* Take a URL apart. MK_OK and `*url`, which borrows from `text`; or MK_EINVAL and
 * `*error`, which may be NULL. */
int url_parse(text_t text, url_t *url, url_error_t *error);

/* Take "host", "host:port" or "[v6]:port" apart, the form of a Host field. The port is
 * `default_port` when none stands there. Result as above. */
int url_parse_authority(text_t text, uint16_t default_port, url_authority_t *authority,
                        url_error_t *error);

/* "http", ... ; and its port without another word: 80 or 443. */
const char *url_scheme_name(url_scheme_t scheme);
uint16_t url_scheme_port(url_scheme_t scheme);

/* TLS is spoken there. */
bool url_is_secure(const url_t *url);

/* Same host, whatever the case of its letters, and same port. */
bool url_authority_equals(const url_authority_t *a, const url_authority_t *b);

/* Write what a request line asks for, "/path?query", "/" when the path is empty, and a
 * NUL. The bytes without the NUL, or MK_ETOOBIG; then `bytes` is untouched. */
int url_write_target(const url_t *url, char *bytes, size_t cap);

/* Write what a Host field says: brackets around IPv6, the port unless it is the
 * scheme's. Result as above. */
int url_write_host(const url_t *url, char *bytes, size_t cap);

/* Resolve what a Location field says against the URL it came from (RFC 3986, section
 * 5.2, with dot segments removed), as a whole URL without a fragment and a NUL. The
 * bytes without the NUL; MK_EINVAL and `*error` (about `reference`, or the offset 0
 * when it is only the result that is no URL); MK_ETOOBIG. */
int url_resolve(const url_t *base, text_t reference, char *bytes, size_t cap,
                url_error_t *error);

/* Undo percent-encoding: `%41` becomes `A`, all else stays. The bytes written to
 * `bytes` (never more than text.size; it may be text.bytes itself), or MK_EINVAL and
 * `*bad_at`, unless NULL: a '%' without two digits, or one that makes a NUL.
 * MK_ETOOBIG: more than `cap` bytes. After an error the bytes before the place are
 * written. */
int url_decode(text_t text, char *bytes, size_t cap, size_t *bad_at);

#endif
