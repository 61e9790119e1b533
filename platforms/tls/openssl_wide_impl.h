/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_wide_impl.h - what our provider and its cipher share: the functions of
 * libipsec-mb that do the work. */
#ifndef MK_PLATFORM_OPENSSL_WIDE_IMPL_H
#define MK_PLATFORM_OPENSSL_WIDE_IMPL_H

#define NO_COMPAT_IMB_API_053 /* old names, such as SHA1, are OpenSSL's here */
#include <intel-ipsec-mb.h>
#include <openssl/core_dispatch.h>

/* Of one size of the key. They use the blocks they are given and nothing else (but a
 * word that says which error was last, which nobody reads), so any thread may call. */
typedef struct {
    aes_gcm_pre_t set_key;
    aes_gcm_init_t begin; /* with a nonce of 12 bytes */
    aes_gcm_enc_dec_update_t seal;
    aes_gcm_enc_dec_update_t open;
    aes_gcm_enc_dec_finalize_t end_sealing;
    aes_gcm_enc_dec_finalize_t end_opening;
} gcm_functions_t;

/* What OpenSSL keeps for us with the provider. */
typedef struct {
    gcm_functions_t aes_128;
    gcm_functions_t aes_256;
} wide_functions_t;

/* openssl_wide_gcm.c: the ciphers, as OpenSSL calls them (provider-cipher(7)). */
extern const OSSL_DISPATCH tls__aes_128_gcm[];
extern const OSSL_DISPATCH tls__aes_256_gcm[];

#endif
