/* SPDX-License-Identifier: Apache-2.0 */
/* certs.h - authorities and certificates, made when a test runs: no key is stored and
 * nothing expires. Times are those of the simulated world. */
#ifndef MK_TESTS_TLS_CERTS_H
#define MK_TESTS_TLS_CERTS_H

#include "base/text.h"

#include <stdint.h>

typedef struct {
    char certificate[2048]; /* PEM */
    char key[2048];         /* PEM */
} identity_t;

enum { CERT_DAY_S = 86400 };

typedef struct {
    const char *name;         /* common name; NULL: none */
    const char *alternatives; /* "DNS:a.test,IP:127.0.0.1"; NULL: none */
    int64_t from_s;           /* valid from so many seconds after now; 0: a day ago */
    int64_t to_s;             /* to so many; 0: thirty days on */
    bool is_authority;
    bool is_rsa; /* a key of 2048 bits instead of P-256 */
} cert_spec_t;

/* Make a certificate signed by `signer` (NULL: by itself). A test that cannot ends. */
void cert_make(identity_t *out, const cert_spec_t *spec, const identity_t *signer);

static inline text_t cert_text(const identity_t *identity) {
    return text_of(identity->certificate);
}
static inline text_t cert_key(const identity_t *identity) {
    return text_of(identity->key);
}

#endif
