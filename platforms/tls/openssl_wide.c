/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_wide.c - AES-GCM with wide instructions for OpenSSL 3.0, which has none.
 *
 * A provider inside the program offers AES-GCM of libipsec-mb; it stands beside
 * OpenSSL's own in a library context that only our configs use, and they prefer it
 * (decision 0026). Other parts of the program see nothing of it. Whatever is missing,
 * the processor's instructions, memory, or the consent of the system's rules, leaves
 * the configs with OpenSSL's own.
 *
 * The context is the process's, as OpenSSL's own is: made when the first config is, and
 * never changed or freed. */
#include "openssl_wide_impl.h"

#include "openssl_impl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#define PROVIDER   "microkernel"
#define PREFERENCE "?provider=" PROVIDER /* '?': where it has none, any */

static const OSSL_ALGORITHM ciphers[] = {
    {"AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", "provider=" PROVIDER,
     tls__aes_128_gcm, "AES-128-GCM of libipsec-mb"},
    {"AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", "provider=" PROVIDER,
     tls__aes_256_gcm, "AES-256-GCM of libipsec-mb"},
    {NULL, NULL, NULL, NULL},
};

/* --- the provider --- */

/* The library's functions for this processor, if they are those with wide
 * instructions. The manager is for other uses; it only tells their addresses. */
static bool find_functions(wide_functions_t *out) {
    const uint64_t wanted = IMB_CPUFLAGS_AVX512_T2; /* VAES, VPCLMULQDQ, AVX-512 */
    IMB_MGR *manager = alloc_mb_mgr(0);
    if (!manager) return false;
    init_mb_mgr_auto(manager, NULL);
    bool is_good = imb_get_errno(manager) == 0 &&
                   (manager->features & wanted) == wanted &&
                   (!(manager->features & IMB_FEATURE_SELF_TEST) ||
                    (manager->features & IMB_FEATURE_SELF_TEST_PASS));
    *out = (wide_functions_t){
        .aes_128 = {manager->gcm128_pre, manager->gcm128_init,
                    manager->gcm128_enc_update, manager->gcm128_dec_update,
                    manager->gcm128_enc_finalize, manager->gcm128_dec_finalize},
        .aes_256 = {manager->gcm256_pre, manager->gcm256_init,
                    manager->gcm256_enc_update, manager->gcm256_dec_update,
                    manager->gcm256_enc_finalize, manager->gcm256_dec_finalize},
    };
    free_mb_mgr(manager);
    return is_good;
}

static const OSSL_ALGORITHM *query(void *provider, int operation, int *is_volatile) {
    (void)provider;
    *is_volatile = 0;
    return operation == OSSL_OP_CIPHER ? ciphers : NULL;
}

static void end_provider(void *provider) {
    OPENSSL_free(provider);
}

static OSSL_provider_init_fn begin_provider;

static int begin_provider(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *offered,
                          const OSSL_DISPATCH **out, void **provider) {
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))end_provider},
        {0, NULL},
    };
    (void)core, (void)offered;
    wide_functions_t *found = OPENSSL_malloc(sizeof *found);
    if (!found || !find_functions(found)) {
        OPENSSL_free(found);
        return 0;
    }
    *provider = found;
    *out = functions;
    return 1;
}

/* --- the context --- */

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static tls_methods_t methods; /* written once, by make_methods */

/* Make a context with both providers, which end with it; NULL: it cannot be. */
static OSSL_LIB_CTX *make_context(void) {
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
    if (context && OSSL_PROVIDER_load(context, "default") &&
        OSSL_PROVIDER_add_builtin(context, PROVIDER, begin_provider) == 1 &&
        OSSL_PROVIDER_load(context, PROVIDER))
        return context;
    OSSL_LIB_CTX_free(context);
    return NULL;
}

static void make_methods(void) {
    /* The system must save these registers; find_functions knows the rest. Who has told
     * OpenSSL to use approved ciphers only means ours, too. */
    if (!__builtin_cpu_supports("avx512f") ||
        EVP_default_properties_is_fips_enabled(NULL))
        return;
    ERR_set_mark(); /* it is no error of the caller's */
    OSSL_LIB_CTX *context = make_context();
    ERR_pop_to_mark();
    if (context)
        methods = (tls_methods_t){context, PREFERENCE, "AES-GCM of libipsec-mb"};
}

tls_methods_t tls__methods(void) {
    return CRYPTO_THREAD_run_once(&once, make_methods) == 1
               ? methods
               : (tls_methods_t){NULL, NULL, NULL};
}
