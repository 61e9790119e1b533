/* SPDX-License-Identifier: Apache-2.0 */
/* Our AES-GCM beside OpenSSL's own: the same bytes, and the same refusals. */
#include "tls/openssl_impl.h"

#include "base/prng.h"
#include "support/test.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <string.h>

enum {
    NONCE = 12,
    TAG = 16,
    TEXT_MAX = 16384 + 40,
    HEAD_MAX = 1000,
    RECORD_HEAD = 13,
    AROUND = EVP_GCM_TLS_EXPLICIT_IV_LEN + TAG /* of a record of TLS 1.2 */
};

static const char *const names[] = {"AES-128-GCM", "AES-256-GCM"};

static prng_t prng;
static EVP_CIPHER *ours, *theirs;
static uint8_t key[32], nonce[NONCE], head[HEAD_MAX], text[TEXT_MAX];

static void fill(uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)prng_below(&prng, 256);
}

/* Fetch both for the first or second size of the key; a test that cannot is skipped. */
static void begin(size_t which) {
    const tls_methods_t methods = tls__methods();
    if (!methods.context)
        test_skip("TLS has OpenSSL's own AES here: this build is without libipsec-mb, "
                  "or the processor without VAES and AVX-512");
    prng_init(&prng, 1 + which);
    fill(key, sizeof key);
    fill(nonce, sizeof nonce);
    fill(head, sizeof head);
    fill(text, sizeof text);
    ours = EVP_CIPHER_fetch(methods.context, names[which], methods.choice);
    theirs = EVP_CIPHER_fetch(NULL, names[which], NULL);
    CHECK(ours != NULL && theirs != NULL);
    CHECK_STR(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(ours)), "microkernel");
    CHECK_STR(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(theirs)), "default");
}

static void end(void) {
    EVP_CIPHER_free(ours);
    EVP_CIPHER_free(theirs);
    ERR_clear_error();
}

static EVP_CIPHER_CTX *start(const EVP_CIPHER *cipher, int is_sealing) {
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    CHECK(ctx != NULL);
    CHECK_EQ(EVP_CipherInit_ex(ctx, cipher, NULL, key, NULL, is_sealing), 1);
    return ctx;
}

static int use_nonce(EVP_CIPHER_CTX *ctx) {
    return EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, -1);
}

/* Text in pieces of at most so many bytes. */
static void crypt(EVP_CIPHER_CTX *ctx, uint8_t *out, const uint8_t *in, size_t size,
                  size_t piece_max) {
    for (size_t at = 0, piece; at < size; at += piece) {
        int got = -1;
        piece = piece_max < size - at ? piece_max : size - at;
        CHECK_EQ(EVP_CipherUpdate(ctx, out + at, &got, in + at, (int)piece), 1);
        CHECK_EQ(got, piece);
    }
}

static void protect(EVP_CIPHER_CTX *ctx, size_t size, size_t piece_max) {
    for (size_t at = 0, piece; at < size; at += piece) {
        int got = -1;
        piece = piece_max < size - at ? piece_max : size - at;
        CHECK_EQ(EVP_CipherUpdate(ctx, NULL, &got, head + at, (int)piece), 1);
        CHECK_EQ(got, piece);
    }
}

static int finish(EVP_CIPHER_CTX *ctx) {
    uint8_t nothing[TAG];
    int got = -1, result = EVP_CipherFinal_ex(ctx, nothing, &got);
    if (result == 1) CHECK_EQ(got, 0);
    return result;
}

/* One whole text: the bytes to `out`, the tag behind them. */
static void seal(EVP_CIPHER_CTX *ctx, size_t head_size, size_t size, size_t piece,
                 uint8_t *out) {
    CHECK_EQ(use_nonce(ctx), 1);
    protect(ctx, head_size, piece);
    crypt(ctx, out, text, size, piece);
    CHECK_EQ(finish(ctx), 1);
    CHECK_EQ(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + size), 1);
}

/* Open `sealed` to `out`, which may be the same; 1: it is good. */
static int open_text(EVP_CIPHER_CTX *ctx, size_t head_size, const uint8_t *sealed,
                     size_t size, size_t piece, uint8_t *out) {
    uint8_t tag[TAG];
    memcpy(tag, sealed + size, TAG);
    CHECK_EQ(use_nonce(ctx), 1);
    CHECK_EQ(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag), 1);
    protect(ctx, head_size, piece);
    crypt(ctx, out, sealed, size, piece);
    return finish(ctx);
}

static uint8_t mine[TEXT_MAX + TAG], other[TEXT_MAX + TAG], clear[TEXT_MAX];

/* Both seal this the same way, and ours opens it, in place and not. */
static void compare(EVP_CIPHER_CTX *const ctx[3], size_t head_size, size_t size,
                    size_t piece) {
    nonce[0]++;
    seal(ctx[0], head_size, size, piece, mine);
    seal(ctx[1], head_size, size, TEXT_MAX, other);
    CHECK_MEM(mine, other, size + TAG);
    CHECK_EQ(open_text(ctx[2], head_size, other, size, piece, clear), 1);
    CHECK_MEM(clear, text, size);
    CHECK_EQ(open_text(ctx[2], head_size, other, size, piece, other), 1);
    CHECK_MEM(other, text, size);
}

TEST(wide_gcm_does_as_openssl_does) {
    static const size_t heads[] = {0, 5, 13, 32, 33, HEAD_MAX};
    for (size_t which = 0; which < 2; which++) {
        begin(which);
        EVP_CIPHER_CTX *ctx[] = {start(ours, 1), start(theirs, 1), start(ours, 0)};
        for (size_t size = 0; size <= 300; size++)
            for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
                compare(ctx, heads[i], size, TEXT_MAX);
        for (size_t size = 16384 - 40; size <= 16384 + 40; size++)
            compare(ctx, 5, size, TEXT_MAX);
        for (size_t piece = 1; piece < 400; piece += 13) {
            compare(ctx, HEAD_MAX, 1000, piece);
            compare(ctx, 13, 16384, piece + 1);
        }
        for (size_t i = 0; i < 3; i++)
            EVP_CIPHER_CTX_free(ctx[i]);
        end();
    }
}

TEST(wide_gcm_seals_in_place) {
    begin(0);
    EVP_CIPHER_CTX *ctx[] = {start(ours, 1), start(theirs, 1)};
    for (size_t size = 1; size < TEXT_MAX; size = size * 3 + 1) {
        nonce[0]++;
        seal(ctx[1], 0, size, TEXT_MAX, other);
        memcpy(mine, text, size);
        CHECK_EQ(use_nonce(ctx[0]), 1);
        crypt(ctx[0], mine, mine, size, TEXT_MAX);
        CHECK_EQ(finish(ctx[0]), 1);
        CHECK_MEM(mine, other, size);
    }
    EVP_CIPHER_CTX_free(ctx[0]);
    EVP_CIPHER_CTX_free(ctx[1]);
    end();
}

TEST(wide_gcm_refuses_what_was_changed) {
    enum { HEAD = 5 };
    for (size_t which = 0; which < 2; which++) {
        begin(which);
        EVP_CIPHER_CTX *sealing = start(theirs, 1), *opening = start(ours, 0);
        for (size_t size = 0; size <= 520; size += 130) {
            seal(sealing, HEAD, size, TEXT_MAX, mine);
            for (size_t bit = 0; bit < 8 * (size + TAG); bit++) {
                mine[bit / 8] ^= (uint8_t)(1u << bit % 8);
                CHECK(open_text(opening, HEAD, mine, size, TEXT_MAX, clear) != 1);
                mine[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
            for (size_t bit = 0; bit < 8 * HEAD; bit++) {
                head[bit / 8] ^= (uint8_t)(1u << bit % 8);
                CHECK(open_text(opening, HEAD, mine, size, TEXT_MAX, clear) != 1);
                head[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
            CHECK(open_text(opening, HEAD - 1, mine, size, TEXT_MAX, clear) != 1);
            nonce[3] ^= 1;
            CHECK(open_text(opening, HEAD, mine, size, TEXT_MAX, clear) != 1);
            nonce[3] ^= 1;
            CHECK_EQ(open_text(opening, HEAD, mine, size, TEXT_MAX, clear), 1);
        }
        EVP_CIPHER_CTX_free(sealing);
        EVP_CIPHER_CTX_free(opening);
        end();
    }
}

TEST(wide_gcm_copies_go_on_alone) {
    static const size_t heads[] = {13, HEAD_MAX}; /* beside the text, and in a block */
    begin(0);
    for (size_t i = 0; i < 2; i++) {
        EVP_CIPHER_CTX *first = start(ours, 1), *second = EVP_CIPHER_CTX_new();
        EVP_CIPHER_CTX *reference = start(theirs, 1);
        seal(reference, heads[i], 1000, TEXT_MAX, other);
        CHECK_EQ(use_nonce(first), 1);
        protect(first, heads[i], TEXT_MAX);
        if (i == 0) crypt(first, mine, text, 123, TEXT_MAX);
        size_t at = i == 0 ? 123 : 0;
        CHECK_EQ(EVP_CIPHER_CTX_copy(second, first), 1);
        crypt(first, clear, head, HEAD_MAX, TEXT_MAX); /* something else */
        CHECK_EQ(finish(first), 1);
        EVP_CIPHER_CTX_free(first);
        crypt(second, mine + at, text + at, 1000 - at, TEXT_MAX);
        CHECK_EQ(finish(second), 1);
        CHECK_EQ(EVP_CIPHER_CTX_ctrl(second, EVP_CTRL_AEAD_GET_TAG, TAG, mine + 1000),
                 1);
        CHECK_MEM(mine, other, 1000 + TAG);
        EVP_CIPHER_CTX_free(second);
        EVP_CIPHER_CTX_free(reference);
    }
    end();
}

TEST(wide_gcm_wants_a_nonce_for_each_text) {
    int got;
    begin(0);
    EVP_CIPHER_CTX *ctx = start(ours, 1);
    CHECK(EVP_CipherUpdate(ctx, mine, &got, text, 16) != 1);
    CHECK(EVP_CipherUpdate(ctx, NULL, &got, head, 5) != 1);
    CHECK(finish(ctx) != 1);
    seal(ctx, 5, 100, TEXT_MAX, mine);
    CHECK(EVP_CipherUpdate(ctx, mine, &got, text, 16) != 1);
    CHECK(finish(ctx) != 1);
    CHECK_EQ(use_nonce(ctx), 1);
    crypt(ctx, mine, text, 16, TEXT_MAX);
    CHECK(EVP_CipherUpdate(ctx, NULL, &got, head, 5) != 1); /* too late for a head */
    EVP_CIPHER_CTX_free(ctx);
    ctx = EVP_CIPHER_CTX_new();
    CHECK_EQ(EVP_CipherInit_ex(ctx, ours, NULL, NULL, nonce, 1), 1);
    CHECK(EVP_CipherUpdate(ctx, mine, &got, text, 16) != 1); /* without a key */
    EVP_CIPHER_CTX_free(ctx);
    end();
}

TEST(wide_gcm_refuses_other_sizes_and_missing_tags) {
    begin(0);
    EVP_CIPHER_CTX *ctx = start(ours, 1);
    CHECK_EQ(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, NONCE, NULL), 1);
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 16, NULL) != 1);
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, mine) != 1); /* yet */
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, mine) != 1);
    seal(ctx, 5, 100, TEXT_MAX, mine);
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 4, other) != 1);
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_IV_GEN, 8, other) != 1);
    EVP_CIPHER_CTX_free(ctx);
    ctx = start(ours, 0);
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 4, mine + 100) != 1);
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_IV_INV, 8, mine) != 1);
    CHECK_EQ(use_nonce(ctx), 1);
    protect(ctx, 5, TEXT_MAX);
    crypt(ctx, clear, mine, 100, TEXT_MAX);
    CHECK(finish(ctx) != 1); /* nobody told the tag */
    CHECK_EQ(open_text(ctx, 5, mine, 100, TEXT_MAX, clear), 1);
    EVP_CIPHER_CTX_free(ctx);
    end();
}

/* --- records of TLS 1.2, as libssl has them done --- */

/* Seal or open a record in place: the bytes that it is then, or -1. */
static int do_record(EVP_CIPHER_CTX *ctx, uint8_t *record, size_t size, bool is_sealing,
                     uint8_t sequence) {
    uint8_t about[RECORD_HEAD] = {0, 0, 0, 0, 0, 0, 0, sequence, 23, 3, 3};
    size_t told = is_sealing ? size - TAG : size;
    int got = -1;
    about[RECORD_HEAD - 2] = (uint8_t)(told >> 8);
    about[RECORD_HEAD - 1] = (uint8_t)told;
    CHECK_EQ(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_TLS1_AAD, sizeof about, about),
             TAG);
    return EVP_CipherUpdate(ctx, record, &got, record, (int)size) == 1 ? got : -1;
}

static EVP_CIPHER_CTX *start_records(const EVP_CIPHER *cipher, int is_sealing) {
    EVP_CIPHER_CTX *ctx = start(cipher, is_sealing);
    CHECK_EQ(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_IV_FIXED, 4, nonce), 1);
    return ctx;
}

TEST(wide_gcm_does_records_of_version_12) {
    static const size_t sizes[] = {0, 1, 15, 16, 17, 255, 256, 1000, 16383, 16384};
    for (size_t which = 0; which < 4; which++) { /* both keys, both directions */
        begin(which / 2);
        bool are_ours_sealing = which % 2 == 0;
        EVP_CIPHER_CTX *sealing = start_records(are_ours_sealing ? ours : theirs, 1);
        EVP_CIPHER_CTX *opening = start_records(are_ours_sealing ? theirs : ours, 0);
        for (uint8_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            const size_t whole = sizes[i] + AROUND;
            memcpy(mine + EVP_GCM_TLS_EXPLICIT_IV_LEN, text, sizes[i]);
            CHECK_EQ(do_record(sealing, mine, whole, true, i), whole);
            CHECK(i == 0 || memcmp(mine, other, EVP_GCM_TLS_EXPLICIT_IV_LEN) != 0);
            memcpy(other, mine, whole);
            CHECK_EQ(do_record(opening, mine, whole, false, i), sizes[i]);
            CHECK_MEM(mine + EVP_GCM_TLS_EXPLICIT_IV_LEN, text, sizes[i]);
        }
        EVP_CIPHER_CTX_free(sealing);
        EVP_CIPHER_CTX_free(opening);
        end();
    }
}

TEST(wide_gcm_refuses_changed_records_and_wipes_them) {
    enum { SIZE = 40 };
    static const uint8_t nothing[SIZE];
    begin(0);
    EVP_CIPHER_CTX *sealing = start_records(ours, 1), *opening = start_records(ours, 0);
    memcpy(other + EVP_GCM_TLS_EXPLICIT_IV_LEN, text, SIZE);
    CHECK_EQ(do_record(sealing, other, SIZE + AROUND, true, 0), SIZE + AROUND);
    for (size_t bit = 0; bit < 8 * (SIZE + AROUND); bit++) {
        memcpy(mine, other, SIZE + AROUND);
        mine[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_EQ(do_record(opening, mine, SIZE + AROUND, false, 0), -1);
        CHECK_MEM(mine + EVP_GCM_TLS_EXPLICIT_IV_LEN, nothing, SIZE);
    }
    memcpy(mine, other, SIZE + AROUND);
    CHECK_EQ(do_record(opening, mine, SIZE + AROUND, false, 1), -1); /* another head */
    memcpy(mine, other, SIZE + AROUND);
    CHECK_EQ(do_record(opening, mine, SIZE + AROUND, false, 0), SIZE);
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
    CHECK_EQ(EVP_CIPHER_CTX_copy(copy, sealing), 1);
    CHECK_EQ(do_record(copy, mine, SIZE + AROUND, true, 1), -1); /* that nonce again */
    CHECK_EQ(do_record(sealing, mine, SIZE + AROUND, true, 1), SIZE + AROUND);
    EVP_CIPHER_CTX_free(copy);
    /* Sizes that no record has. */
    uint8_t about[RECORD_HEAD] = {0};
    about[RECORD_HEAD - 1] = AROUND - 1;
    CHECK(EVP_CIPHER_CTX_ctrl(opening, EVP_CTRL_AEAD_TLS1_AAD, sizeof about, about) <=
          0);
    CHECK(EVP_CIPHER_CTX_ctrl(opening, EVP_CTRL_AEAD_TLS1_AAD, 12, about) <= 0);
    EVP_CIPHER_CTX_free(sealing);
    EVP_CIPHER_CTX_free(opening);
    end();
}

TEST_TABLE(wide_gcm, TEST_ROW(wide_gcm_does_as_openssl_does),
           TEST_ROW(wide_gcm_seals_in_place),
           TEST_ROW(wide_gcm_refuses_what_was_changed),
           TEST_ROW(wide_gcm_copies_go_on_alone),
           TEST_ROW(wide_gcm_wants_a_nonce_for_each_text),
           TEST_ROW(wide_gcm_refuses_other_sizes_and_missing_tags),
           TEST_ROW(wide_gcm_does_records_of_version_12),
           TEST_ROW(wide_gcm_refuses_changed_records_and_wipes_them))
