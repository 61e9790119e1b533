/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_wide_none.c - for builds without libipsec-mb: all is OpenSSL's own. */
#include "openssl_impl.h"

tls_methods_t tls__methods(void) {
    return (tls_methods_t){NULL, NULL, NULL};
}
