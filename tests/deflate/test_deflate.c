/* SPDX-License-Identifier: Apache-2.0 */
/* Raw DEFLATE in pieces: there and back, ceilings, nonsense, no memory. */
#include "microkernel/error.h"
#include "port/deflate.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static uint8_t text[200000];

/* Words that repeat, and some noise. */
static void fill_text(void) {
    uint32_t chance = 1;
    for (size_t i = 0; i < sizeof text; i++) {
        chance = chance * 1103515245u + 12345u;
        text[i] = i % 64 < 48 ? (uint8_t)("microkernel actors "[i % 19])
                              : (uint8_t)(chance >> 16);
    }
}

static port_deflate_t *make(bool expands, unsigned bits) {
    port_deflate_t *engine = NULL;
    CHECK_EQ(port_deflate_open(&engine, expands, bits), MK_OK);
    CHECK(engine != NULL);
    return engine;
}

TEST(deflate_is_undone_by_expanding) {
    static const size_t sizes[] = {1, 2, 100, 4096, 65536, sizeof text};
    fill_text();
    for (unsigned bits = 9; bits <= 15; bits += 3) {
        port_deflate_t *in = make(false, bits), *out = make(true, bits);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            for (size_t piece = 1; piece <= 100000; piece *= 317) {
                buffer_t small, whole;
                buffer_init(&small, sizeof text * 2);
                buffer_init(&whole, sizes[i]);
                CHECK_EQ(port_deflate_compress(in, text, sizes[i], &small), MK_OK);
                size_t size = buffer_size(&small);
                CHECK(size >= 4);
                CHECK_MEM(buffer_bytes(&small) + size - 4, "\x00\x00\xFF\xFF", 4);
                for (size_t at = 0; at < size; at += piece)
                    CHECK_EQ(port_deflate_expand(out, buffer_bytes(&small) + at,
                                                 size - at < piece ? size - at : piece,
                                                 &whole),
                             MK_OK);
                CHECK_EQ(buffer_size(&whole), sizes[i]);
                CHECK_MEM(buffer_bytes(&whole), text, sizes[i]);
                buffer_deinit(&small);
                buffer_deinit(&whole);
            }
        }
        port_deflate_close(in);
        port_deflate_close(out);
    }
}

/* With a window the second time is shorter; after a reset it is as the first. */
TEST(deflate_refers_to_what_came_before) {
    port_deflate_t *engine = make(false, 15);
    size_t sizes[3];
    fill_text();
    for (int i = 0; i < 3; i++) {
        buffer_t small;
        buffer_init(&small, 100000);
        if (i == 2) port_deflate_reset(engine);
        CHECK_EQ(port_deflate_compress(engine, text, 1000, &small), MK_OK);
        sizes[i] = buffer_size(&small);
        buffer_deinit(&small);
    }
    CHECK(sizes[1] < sizes[0] / 4);
    CHECK_EQ(sizes[2], sizes[0]);
    CHECK(port_deflate_memory(engine) > 200000);
    port_deflate_close(engine);
    port_deflate_close(NULL);
}

/* What follows a last block goes on with the same window (RFC 7692, section 7.2.3.5).
 */
TEST(deflate_goes_on_behind_a_last_block) {
    static const uint8_t hello[] = {0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07,
                                    0x00, 0x00, 0x00, 0x00, 0xff, 0xff};
    static const uint8_t again[] = {0xf2, 0x00, 0x11, 0x00, 0x00, /* refers to it */
                                    0x00, 0x00, 0xff, 0xff};
    port_deflate_t *engine = make(true, 15);
    buffer_t whole;
    buffer_init(&whole, 10);
    CHECK_EQ(port_deflate_expand(engine, hello, sizeof hello, &whole), MK_OK);
    CHECK_EQ(buffer_size(&whole), 5);
    CHECK_MEM(buffer_bytes(&whole), "Hello", 5);
    CHECK_EQ(port_deflate_expand(engine, again, sizeof again, &whole), MK_OK);
    CHECK_EQ(buffer_size(&whole), 10);
    CHECK_MEM(buffer_bytes(&whole), "HelloHello", 10);
    buffer_deinit(&whole);
    port_deflate_close(engine);
}

/* A megabyte of zeros in a kilobyte: no byte over the ceiling, and no memory for it. */
TEST(deflate_stops_a_bomb_at_the_ceiling) {
    static uint8_t zeros[1 << 20];
    port_deflate_t *in = make(false, 15), *out = make(true, 15);
    for (size_t ceiling = 0; ceiling <= sizeof zeros; ceiling += 65535) {
        buffer_t small, whole;
        buffer_init(&small, sizeof zeros);
        buffer_init(&whole, ceiling);
        port_deflate_reset(in);
        port_deflate_reset(out);
        CHECK_EQ(port_deflate_compress(in, zeros, sizeof zeros, &small), MK_OK);
        CHECK(buffer_size(&small) < sizeof zeros / 100);
        CHECK_EQ(
            port_deflate_expand(out, buffer_bytes(&small), buffer_size(&small), &whole),
            MK_EFULL);
        CHECK(buffer_size(&whole) <= ceiling);
        CHECK(whole.cap <= ceiling);
        buffer_deinit(&small);
        buffer_deinit(&whole);
    }
    port_deflate_close(in);
    port_deflate_close(out);
}

TEST(deflate_refuses_nonsense) {
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {{"\x06", 1},                     /* a block of type 3 */
                {"\x00\x01\x00\x01\x00", 5},     /* a stored block with two sizes */
                {"\xff\xff\xff\xff\xff\xff", 6}, /* the same and worse */
                {"\x02\x01\x00", 3}};            /* refers to what never was */
    port_deflate_t *engine = make(true, 9);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buffer_t whole;
        buffer_init(&whole, 1000);
        port_deflate_reset(engine);
        int result = port_deflate_expand(engine, rows[i].bytes, rows[i].size, &whole);
        CHECK_EQ(result, MK_EBADMSG);
        buffer_deinit(&whole);
    }
    port_deflate_close(engine);
    CHECK_EQ(port_deflate_open(&engine, true, 8), MK_EINVAL);
    CHECK_EQ(port_deflate_open(&engine, false, 16), MK_EINVAL);
    CHECK(engine == NULL);
}

static void visit(void *arg) {
    (void)arg;
    port_deflate_t *in = NULL, *out = NULL;
    buffer_t small, whole;
    buffer_init(&small, sizeof text);
    buffer_init(&whole, sizeof text);
    int result = port_deflate_open(&in, false, 10);
    if (result == MK_OK) result = port_deflate_open(&out, true, 10);
    if (result == MK_OK) result = port_deflate_compress(in, text, 20000, &small);
    if (result == MK_OK)
        result =
            port_deflate_expand(out, buffer_bytes(&small), buffer_size(&small), &whole);
    if (result == MK_OK) result = port_deflate_expand(out, "\x03\x00", 2, &whole);
    CHECK(result == MK_OK || result == MK_ENOMEM);
    buffer_deinit(&small);
    buffer_deinit(&whole);
    port_deflate_close(in);
    port_deflate_close(out);
}

TEST(deflate_survives_any_allocation_that_fails) {
    fill_text();
    test_each_alloc_failure(visit, NULL);
}

TEST_TABLE(deflate, TEST_ROW(deflate_is_undone_by_expanding),
           TEST_ROW(deflate_refers_to_what_came_before),
           TEST_ROW(deflate_goes_on_behind_a_last_block),
           TEST_ROW(deflate_stops_a_bomb_at_the_ceiling),
           TEST_ROW(deflate_refuses_nonsense),
           TEST_ROW(deflate_survives_any_allocation_that_fails))
