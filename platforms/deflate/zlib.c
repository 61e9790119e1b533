/* SPDX-License-Identifier: Apache-2.0 */
/* zlib.c - port/deflate.h with zlib, whose memory comes from base/alloc.h.
 *
 * What is expanded goes through a small piece on the stack into the caller's buffer, so
 * that its ceiling is met before the memory is there: a bomb costs what the caller
 * allows and one piece. */
#include "port/deflate.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <limits.h>
#include <stdint.h>
#include <zlib.h>

enum {
    PIECE_SIZE = 4096,
    MEMORY_LEVEL = 8,    /* zlib's default */
    EXPANDER_SIZE = 7168 /* bytes of an expander beside its window (zlib.h) */
};

struct port_deflate {
    z_stream stream;
    bool expands;
    uint8_t window_bits;
};

bool port_deflate_is_available(void) {
    return true;
}

static void *give(void *ctx, unsigned count, unsigned size) {
    (void)ctx;
    return mk_calloc(count, size);
}

static void take(void *ctx, void *block) {
    (void)ctx;
    mk_free(block);
}

int port_deflate_open(port_deflate_t **out, bool expands, unsigned window_bits) {
    *out = NULL;
    if (window_bits < 9 || window_bits > 15) return MK_EINVAL;
    port_deflate_t *engine = mk_calloc(1, sizeof *engine);
    if (engine == NULL) return MK_ENOMEM;
    engine->expands = expands;
    engine->window_bits = (uint8_t)window_bits;
    engine->stream.zalloc = give;
    engine->stream.zfree = take;
    int raw_bits = -(int)window_bits;
    int result = expands
                     ? inflateInit2(&engine->stream, raw_bits)
                     : deflateInit2(&engine->stream, MK_WS_DEFLATE_LEVEL, Z_DEFLATED,
                                    raw_bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    if (result != Z_OK) {
        mk_free(engine);
        return result == Z_MEM_ERROR ? MK_ENOMEM : MK_ENOTSUP;
    }
    *out = engine;
    return MK_OK;
}

void port_deflate_close(port_deflate_t *engine) {
    if (engine == NULL) return;
    if (engine->expands)
        (void)inflateEnd(&engine->stream);
    else
        (void)deflateEnd(&engine->stream);
    mk_free(engine);
}

void port_deflate_reset(port_deflate_t *engine) {
    if (engine->expands)
        (void)inflateReset(&engine->stream);
    else
        (void)deflateReset(&engine->stream);
}

/* Begin another stream behind a last block, with the window as it is. */
static int go_on(port_deflate_t *engine) {
    unsigned size = 0;
    uint8_t *window = mk_alloc((size_t)1 << engine->window_bits);
    if (window == NULL) return MK_ENOMEM;
    int result = inflateGetDictionary(&engine->stream, window, &size);
    if (result == Z_OK) result = inflateReset(&engine->stream);
    if (result == Z_OK && size > 0)
        result = inflateSetDictionary(&engine->stream, window, size);
    mk_free(window);
    return result == Z_OK ? MK_OK : MK_ENOMEM;
}

/* One call of zlib, whose output goes to `out`. Z_... or MK_EFULL, MK_ENOMEM. */
static int step(port_deflate_t *engine, buffer_t *out, int *zlib_result) {
    uint8_t piece[PIECE_SIZE];
    z_stream *stream = &engine->stream;
    stream->next_out = piece;
    stream->avail_out = sizeof piece;
    *zlib_result =
        engine->expands ? inflate(stream, Z_SYNC_FLUSH) : deflate(stream, Z_SYNC_FLUSH);
    size_t got = sizeof piece - stream->avail_out;
    return got > 0 ? buffer_append(out, piece, got) : MK_OK;
}

/* Until the input is taken and nothing more comes of it. */
static int run(port_deflate_t *engine, buffer_t *out) {
    z_stream *stream = &engine->stream;
    for (;;) {
        int zlib_result;
        int result = step(engine, out, &zlib_result);
        if (result != MK_OK) return result;
        if (zlib_result == Z_STREAM_END) {
            result = go_on(engine);
            if (result != MK_OK) return result;
            if (stream->avail_in == 0) return MK_OK;
        } else if (zlib_result == Z_BUF_ERROR) {
            return MK_OK; /* nothing to do */
        } else if (zlib_result == Z_MEM_ERROR) {
            return MK_ENOMEM;
        } else if (zlib_result != Z_OK) {
            return MK_EBADMSG;
        } else if (stream->avail_in == 0 && stream->avail_out > 0) {
            return MK_OK;
        }
    }
}

/* zlib counts in unsigned ints. */
static int run_all(port_deflate_t *engine, const void *bytes, size_t size,
                   buffer_t *out) {
    const uint8_t *at = bytes;
    int result = MK_OK;
    while (size > 0 && result == MK_OK) {
        unsigned part = size < UINT_MAX / 2 ? (unsigned)size : UINT_MAX / 2;
        engine->stream.next_in = (z_const Bytef *)(uintptr_t)at;
        engine->stream.avail_in = part;
        result = run(engine, out);
        at += part;
        size -= part;
    }
    return result;
}

int port_deflate_compress(port_deflate_t *engine, const void *bytes, size_t size,
                          buffer_t *out) {
    return run_all(engine, bytes, size, out);
}

int port_deflate_expand(port_deflate_t *engine, const void *bytes, size_t size,
                        buffer_t *out) {
    return run_all(engine, bytes, size, out);
}

size_t port_deflate_memory(const port_deflate_t *engine) {
    size_t window = (size_t)1 << engine->window_bits;
    /* zlib.h: (1 << (windowBits+2)) + (1 << (memLevel+9)), and 1 << windowBits */
    return sizeof *engine + (engine->expands
                                 ? window + EXPANDER_SIZE
                                 : window * 4 + ((size_t)1 << (MEMORY_LEVEL + 9)));
}
