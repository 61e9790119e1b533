/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_wide_gcm.c - AES-GCM of libipsec-mb as a cipher of an OpenSSL provider.
 *
 * What libssl asks of it, and EVP with it: nonces of 12 bytes, tags of 16, any number
 * of pieces, in place or not. A record of TLS 1.2 (RFC 5288) is one call, announced by
 * its head: the explicit half of the nonce, a counter, stands before the text and the
 * tag behind it. In TLS 1.3 libssl brings nonce, head, text and tag by itself.
 *
 * A key spread out for wide instructions is 1 kB, and spreading it takes as long as
 * sealing 2 kB. It is kept from one large text to the next only: an idle connection,
 * whose last record is mostly a small one, holds the key and nothing more.
 *
 * What must hold:
 * 1. Nothing is sealed twice under a nonce: the end of a text needs a new one; the
 *    counter of records belongs to the key, never wraps, and is not copied. (Of a text
 *    that was copied half way the caller may end one only.)
 * 2. A text is open only when its tag was compared; whoever calls in pieces has got the
 *    text before, and must not use it when the last call fails.
 * 3. Keys are wiped with the block they lie in. */
#include "openssl_wide_impl.h"

#include "base/bytes.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    NONCE_SIZE = 12,
    SALT_SIZE = EVP_GCM_TLS_FIXED_IV_LEN,        /* of the nonce: agreed upon */
    EXPLICIT_SIZE = EVP_GCM_TLS_EXPLICIT_IV_LEN, /* and in the record */
    TAG_SIZE = 16,
    HEAD_SIZE = EVP_AEAD_TLS1_AAD_LEN, /* what TLS 1.2 protects besides the text */
    KEY_MAX = 32,
    WORK_ALIGN = 64, /* the library's header asks for it, where its author builds */
    KEEP_MIN = 1024, /* bytes of a text after which the spread key is kept */
    NEAR_HEAD = 32,  /* bytes beside a text that need no block */
    FAR_HEAD_MAX = 1 << 20 /* and the most; TLS has 13 */
};

/* Bytes under one nonce (NIST SP 800-38D, section 5.2.1.1). */
#define TEXT_MAX ((UINT64_C(1) << 36) - 32)

typedef enum {
    GCM_NO_NONCE, /* at first, and after a text */
    GCM_HEAD,     /* set_nonce: what is only protected comes */
    GCM_TEXT      /* begin_text: the head is closed */
} gcm_state_t;

/* What the library computes with, at an address that is a multiple of WORK_ALIGN. */
typedef struct {
    struct gcm_key_data key;      /* spread out */
    struct gcm_context_data text; /* valid in GCM_TEXT */
    void *block;                  /* the allocation that this lies in */
} work_t;

typedef struct {
    const gcm_functions_t *functions;
    work_t *work;     /* owned; NULL: to be made from `key`. Never NULL in GCM_TEXT */
    uint8_t *far;     /* owned: a long head, or NULL: it is in `near` */
    size_t far_cap;   /* bytes */
    size_t head_size; /* bytes in use of either */
    size_t key_size;
    uint64_t records; /* sealed with this key: the explicit half of the next nonce */
    uint8_t key[KEY_MAX];
    uint8_t near[NEAR_HEAD];
    uint8_t nonce[NONCE_SIZE];
    uint8_t tag[TAG_SIZE];
    uint8_t state; /* gcm_state_t */
    bool is_sealing;
    bool has_key;
    bool has_salt;  /* the first bytes of the nonce are agreed upon (TLS 1.2) */
    bool has_tag;   /* opening: it was told; sealing: it is made */
    bool is_record; /* the next text is a record of TLS 1.2, whose head is in `near` */
} gcm_t;

/* The compiler compares what we write with what OpenSSL calls. */
static OSSL_FUNC_cipher_newctx_fn new_128, new_256;
static OSSL_FUNC_cipher_freectx_fn free_gcm;
static OSSL_FUNC_cipher_dupctx_fn copy_gcm;
static OSSL_FUNC_cipher_encrypt_init_fn begin_sealing;
static OSSL_FUNC_cipher_decrypt_init_fn begin_opening;
static OSSL_FUNC_cipher_update_fn do_piece;
static OSSL_FUNC_cipher_final_fn do_end;
static OSSL_FUNC_cipher_get_params_fn describe_128, describe_256;
static OSSL_FUNC_cipher_get_ctx_params_fn get_params;
static OSSL_FUNC_cipher_set_ctx_params_fn set_params;

static int refuse(int reason) {
    ERR_raise(ERR_LIB_PROV, reason);
    return 0;
}

/* --- blocks --- */

static gcm_t *new_gcm(const gcm_functions_t *functions, size_t key_size) {
    gcm_t *gcm = OPENSSL_zalloc(sizeof *gcm);
    if (!gcm) {
        refuse(ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    gcm->functions = functions;
    gcm->key_size = key_size;
    return gcm;
}

static void *new_128(void *provider) {
    return new_gcm(&((const wide_functions_t *)provider)->aes_128, 16);
}

static void *new_256(void *provider) {
    return new_gcm(&((const wide_functions_t *)provider)->aes_256, 32);
}

static work_t *new_work(void) {
    uint8_t *block = OPENSSL_malloc(sizeof(work_t) + WORK_ALIGN - 1);
    if (!block) {
        refuse(ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    size_t over = (uintptr_t)block % WORK_ALIGN;
    work_t *work = (work_t *)(void *)(block + (over > 0 ? WORK_ALIGN - over : 0));
    work->block = block;
    return work;
}

static void drop_work(gcm_t *gcm) {
    if (gcm->work)
        OPENSSL_clear_free(gcm->work->block, sizeof(work_t) + WORK_ALIGN - 1);
    gcm->work = NULL;
}

static void free_gcm(void *ctx) {
    gcm_t *gcm = ctx;
    if (!gcm) return;
    drop_work(gcm);
    OPENSSL_free(gcm->far);
    OPENSSL_clear_free(gcm, sizeof *gcm);
}

static void *copy_gcm(void *ctx) {
    const gcm_t *from = ctx;
    gcm_t *to = new_gcm(from->functions, from->key_size);
    if (!to) return NULL;
    *to = *from;
    to->records = UINT64_MAX; /* invariant 1 */
    to->work = from->work ? new_work() : NULL;
    to->far = from->far ? OPENSSL_memdup(from->far, from->far_cap) : NULL;
    if (!to->work != !from->work || !to->far != !from->far) {
        free_gcm(to);
        return NULL;
    }
    if (from->work) {
        to->work->key = from->work->key;
        to->work->text = from->work->text;
    }
    return to;
}

/* --- key, nonce, head --- */

static void set_nonce(gcm_t *gcm, const uint8_t nonce[NONCE_SIZE]) {
    memcpy(gcm->nonce, nonce, NONCE_SIZE);
    gcm->has_salt = false;
    gcm->head_size = 0;
    gcm->state = GCM_HEAD;
}

static int begin(gcm_t *gcm, bool is_sealing, const uint8_t *key, size_t key_size,
                 const uint8_t *nonce, size_t nonce_size, const OSSL_PARAM params[]) {
    if (key && key_size != gcm->key_size) return refuse(PROV_R_INVALID_KEY_LENGTH);
    if (nonce && nonce_size != NONCE_SIZE) return refuse(PROV_R_INVALID_IV_LENGTH);
    gcm->is_sealing = is_sealing;
    gcm->is_record = false;
    gcm->state = GCM_NO_NONCE;
    if (key) {
        memcpy(gcm->key, key, key_size);
        drop_work(gcm);
        gcm->has_key = true;
        gcm->has_salt = false;
        gcm->records = 0;
    }
    if (nonce) set_nonce(gcm, nonce);
    if (is_sealing) gcm->has_tag = false;
    return set_params(gcm, params);
}

static int begin_sealing(void *ctx, const unsigned char *key, size_t key_size,
                         const unsigned char *nonce, size_t nonce_size,
                         const OSSL_PARAM params[]) {
    return begin(ctx, true, key, key_size, nonce, nonce_size, params);
}

static int begin_opening(void *ctx, const unsigned char *key, size_t key_size,
                         const unsigned char *nonce, size_t nonce_size,
                         const OSSL_PARAM params[]) {
    return begin(ctx, false, key, key_size, nonce, nonce_size, params);
}

/* The library takes the head in one piece. */
static bool add_to_head(gcm_t *gcm, const uint8_t *bytes, size_t size) {
    if (gcm->state != GCM_HEAD || size > FAR_HEAD_MAX - gcm->head_size) return false;
    size_t whole = gcm->head_size + size;
    if (whole > NEAR_HEAD && whole > gcm->far_cap) {
        uint8_t *grown = OPENSSL_malloc(whole);
        if (!grown) return false;
        memcpy(grown, gcm->head_size > NEAR_HEAD ? gcm->far : gcm->near,
               gcm->head_size);
        OPENSSL_free(gcm->far);
        gcm->far = grown;
        gcm->far_cap = whole;
    } else if (whole > NEAR_HEAD && gcm->head_size <= NEAR_HEAD) {
        memcpy(gcm->far, gcm->near, gcm->head_size);
    }
    memcpy((whole > NEAR_HEAD ? gcm->far : gcm->near) + gcm->head_size, bytes, size);
    gcm->head_size = whole;
    return true;
}

/* --- text --- */

static bool begin_text(gcm_t *gcm) {
    if (gcm->state == GCM_TEXT) return true;
    if (gcm->state != GCM_HEAD || !gcm->has_key) return false;
    if (!gcm->work) {
        gcm->work = new_work();
        if (!gcm->work) return false;
        gcm->functions->set_key(gcm->key, &gcm->work->key);
    }
    gcm->functions->begin(&gcm->work->key, &gcm->work->text, gcm->nonce,
                          gcm->head_size > NEAR_HEAD ? gcm->far : gcm->near,
                          gcm->head_size);
    gcm->state = GCM_TEXT;
    return true;
}

static bool go_on(gcm_t *gcm, uint8_t *out, const uint8_t *in, size_t size) {
    work_t *work = gcm->work;
    if (size > TEXT_MAX - work->text.in_length) return false;
    if (size == 0) return true;
    (gcm->is_sealing ? gcm->functions->seal
                     : gcm->functions->open)(&work->key, &work->text, out, in, size);
    return true;
}

/* Make the tag, or compare `tag` with what it should be. */
static bool end_text(gcm_t *gcm, uint8_t tag[TAG_SIZE]) {
    work_t *work = gcm->work;
    uint8_t made[TAG_SIZE];
    (gcm->is_sealing ? gcm->functions->end_sealing : gcm->functions->end_opening)(
        &work->key, &work->text, made, TAG_SIZE);
    bool is_good = gcm->is_sealing || CRYPTO_memcmp(made, tag, TAG_SIZE) == 0;
    if (gcm->is_sealing) memcpy(tag, made, TAG_SIZE);
    OPENSSL_cleanse(made, sizeof made);
    gcm->state = GCM_NO_NONCE; /* invariant 1 */
    if (work->text.in_length < KEEP_MIN) drop_work(gcm);
    return is_good;
}

/* --- records of TLS 1.2 --- */

/* In place: EXPLICIT_SIZE bytes, the text, TAG_SIZE bytes. */
static int do_record(gcm_t *gcm, uint8_t *out, size_t *out_size, const uint8_t *in,
                     size_t size) {
    gcm->is_record = false;
    gcm->state = GCM_NO_NONCE;
    if (!out || out != in || size < EXPLICIT_SIZE + TAG_SIZE || !gcm->has_salt)
        return 0;
    size_t text_size = size - EXPLICIT_SIZE - TAG_SIZE;
    uint8_t *text = out + EXPLICIT_SIZE;
    if (gcm->is_sealing) {
        if (gcm->records == UINT64_MAX) return 0; /* invariant 1 */
        bytes_put_u64_be(out, gcm->records++);
    }
    memcpy(gcm->nonce + SALT_SIZE, out, EXPLICIT_SIZE);
    gcm->state = GCM_HEAD;
    gcm->head_size = HEAD_SIZE;
    if (!begin_text(gcm) || !go_on(gcm, text, text, text_size)) return 0;
    if (!end_text(gcm, text + text_size)) {
        OPENSSL_cleanse(text, text_size);
        return 0;
    }
    *out_size = gcm->is_sealing ? size : text_size;
    return 1;
}

static int do_piece(void *ctx, unsigned char *out, size_t *out_size, size_t out_cap,
                    const unsigned char *in, size_t size) {
    gcm_t *gcm = ctx;
    *out_size = 0;
    if (out && out_cap < size) return refuse(PROV_R_OUTPUT_BUFFER_TOO_SMALL);
    if (gcm->is_record) return do_record(gcm, out, out_size, in, size);
    if (size > 0 && !(out ? begin_text(gcm) && go_on(gcm, out, in, size)
                          : add_to_head(gcm, in, size)))
        return refuse(PROV_R_CIPHER_OPERATION_FAILED);
    *out_size = size;
    return 1;
}

static int do_end(void *ctx, unsigned char *out, size_t *out_size, size_t out_cap) {
    gcm_t *gcm = ctx;
    (void)out, (void)out_cap;
    *out_size = 0;
    if ((!gcm->is_sealing && !gcm->has_tag) || !begin_text(gcm)) return 0;
    bool is_good = end_text(gcm, gcm->tag);
    gcm->has_tag = gcm->is_sealing;
    return is_good ? 1 : 0;
}

/* --- parameters --- */

static bool is_bytes(const OSSL_PARAM *param, size_t size) {
    return param->data_type == OSSL_PARAM_OCTET_STRING && param->data != NULL &&
           param->data_size == size;
}

static bool is_number(const OSSL_PARAM *param, size_t wanted) {
    size_t number;
    return OSSL_PARAM_get_size_t(param, &number) == 1 && number == wanted;
}

static bool take_tag(gcm_t *gcm, const OSSL_PARAM *param) {
    if (gcm->is_sealing || !is_bytes(param, TAG_SIZE)) return false;
    memcpy(gcm->tag, param->data, TAG_SIZE);
    gcm->has_tag = true;
    return true;
}

static bool take_nonce_size(gcm_t *gcm, const OSSL_PARAM *param) {
    (void)gcm;
    return is_number(param, NONCE_SIZE);
}

static bool take_key_size(gcm_t *gcm, const OSSL_PARAM *param) {
    return is_number(param, gcm->key_size);
}

static bool take_salt(gcm_t *gcm, const OSSL_PARAM *param) {
    if (!gcm->has_key || !is_bytes(param, SALT_SIZE)) return false;
    memcpy(gcm->nonce, param->data, SALT_SIZE);
    gcm->has_salt = true;
    gcm->state = GCM_NO_NONCE;
    return true;
}

/* The head of the next record. It comes with the size of what is in the record, and
 * protects that of the text. */
static bool take_record(gcm_t *gcm, const OSSL_PARAM *param) {
    if (!gcm->has_salt || !is_bytes(param, HEAD_SIZE)) return false;
    uint8_t *head = memcpy(gcm->near, param->data, HEAD_SIZE);
    size_t around = EXPLICIT_SIZE + (gcm->is_sealing ? 0 : TAG_SIZE);
    size_t size = (size_t)head[HEAD_SIZE - 2] << 8 | head[HEAD_SIZE - 1];
    if (size < around) return false;
    size -= around;
    head[HEAD_SIZE - 2] = (uint8_t)(size >> 8);
    head[HEAD_SIZE - 1] = (uint8_t)size;
    gcm->is_record = true;
    return true;
}

/* Half a nonce from outside: libssl leaves that to the record. */
static bool take_nothing(gcm_t *gcm, const OSSL_PARAM *param) {
    (void)gcm, (void)param;
    return false;
}

static int set_params(void *ctx, const OSSL_PARAM params[]) {
    static const struct {
        const char *name;
        bool (*take)(gcm_t *gcm, const OSSL_PARAM *param);
    } rows[] = {
        {OSSL_CIPHER_PARAM_AEAD_TAG, take_tag},
        {OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, take_record},
        {OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, take_salt},
        {OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV, take_nothing},
        {OSSL_CIPHER_PARAM_AEAD_IVLEN, take_nonce_size},
        {OSSL_CIPHER_PARAM_KEYLEN, take_key_size},
    };
    for (; params && params->key; params++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            if (strcmp(params->key, rows[i].name) == 0 && !rows[i].take(ctx, params))
                return refuse(PROV_R_FAILED_TO_SET_PARAMETER);
    return 1;
}

typedef struct {
    const char *name;
    size_t number;
} fact_t;

/* Answer those questions that are about these facts. */
static int tell(OSSL_PARAM params[], const fact_t facts[], size_t count) {
    for (; params && params->key; params++)
        for (size_t i = 0; i < count; i++)
            if (strcmp(params->key, facts[i].name) == 0 &&
                OSSL_PARAM_set_size_t(params, facts[i].number) != 1)
                return refuse(PROV_R_FAILED_TO_GET_PARAMETER);
    return 1;
}

static int get_params(void *ctx, OSSL_PARAM params[]) {
    const gcm_t *gcm = ctx;
    const fact_t facts[] = {
        {OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD, TAG_SIZE},
        {OSSL_CIPHER_PARAM_AEAD_TAGLEN, TAG_SIZE},
        {OSSL_CIPHER_PARAM_IVLEN, NONCE_SIZE},
        {OSSL_CIPHER_PARAM_KEYLEN, gcm->key_size},
    };
    OSSL_PARAM *tag = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG);
    if (tag && (!gcm->is_sealing || !gcm->has_tag || !is_bytes(tag, TAG_SIZE) ||
                OSSL_PARAM_set_octet_string(tag, gcm->tag, TAG_SIZE) != 1))
        return refuse(PROV_R_FAILED_TO_GET_PARAMETER);
    if (OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN))
        return refuse(PROV_R_FAILED_TO_GET_PARAMETER); /* as take_nothing */
    return tell(params, facts, sizeof facts / sizeof facts[0]);
}

/* Of the cipher, whatever the key. */
static int describe(OSSL_PARAM params[], size_t key_size) {
    const fact_t facts[] = {
        {OSSL_CIPHER_PARAM_MODE, EVP_CIPH_GCM_MODE},
        {OSSL_CIPHER_PARAM_KEYLEN, key_size},
        {OSSL_CIPHER_PARAM_IVLEN, NONCE_SIZE},
        {OSSL_CIPHER_PARAM_BLOCK_SIZE, 1},
        {OSSL_CIPHER_PARAM_AEAD, 1},
        {OSSL_CIPHER_PARAM_CUSTOM_IV, 1},
    };
    return tell(params, facts, sizeof facts / sizeof facts[0]);
}

static int describe_128(OSSL_PARAM params[]) {
    return describe(params, 16);
}

static int describe_256(OSSL_PARAM params[]) {
    return describe(params, 32);
}

#define FUNCTION(id, name)                                                             \
    { OSSL_FUNC_CIPHER_##id, (void (*)(void))(name) }
#define CIPHER(bits)                                                                   \
    {                                                                                  \
        FUNCTION(NEWCTX, new_##bits), FUNCTION(FREECTX, free_gcm),                     \
            FUNCTION(DUPCTX, copy_gcm), FUNCTION(ENCRYPT_INIT, begin_sealing),         \
            FUNCTION(DECRYPT_INIT, begin_opening), FUNCTION(UPDATE, do_piece),         \
            FUNCTION(FINAL, do_end), FUNCTION(GET_PARAMS, describe_##bits),            \
            FUNCTION(GET_CTX_PARAMS, get_params),                                      \
            FUNCTION(SET_CTX_PARAMS, set_params), {                                    \
            0, NULL                                                                    \
        }                                                                              \
    }

const OSSL_DISPATCH tls__aes_128_gcm[] = CIPHER(128);
const OSSL_DISPATCH tls__aes_256_gcm[] = CIPHER(256);
