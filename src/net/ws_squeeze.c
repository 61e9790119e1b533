/* SPDX-License-Identifier: Apache-2.0 */
/* ws_squeeze.c - see the header; RFC 7692, section 7.2.
 *
 * A compressor of zlib holds 256 KiB: that is why there is one for all. It is emptied
 * before each message, and may be emptied at any time where windows are kept, too,
 * since to refer to nothing is always right. */
#include "net/ws_squeeze.h"

#include "base/alloc.h"
#include "kernel/part.h"
#include "microkernel/error.h"

enum {
    FULL_BITS = 15, /* the window of shared expanders: fits whatever the peer has */
    TAIL_SIZE = 4   /* bytes of the empty stored block that is not sent */
};

static const uint8_t tail[TAIL_SIZE] = {0x00, 0x00, 0xFF, 0xFF};

/* --- engines of the runtime --- */

typedef struct {
    part_t part;
    port_deflate_t *expander;   /* owned; NULL: none, or in use */
    port_deflate_t *compressor; /* the same */
    unsigned compressor_bits;   /* its window */
    uint64_t expanded;          /* bytes, since the runtime began */
} engines_t;

static void destroy_engines(part_t *part, runtime_t *rt) {
    engines_t *engines = (engines_t *)part;
    (void)rt;
    port_deflate_close(engines->expander);
    port_deflate_close(engines->compressor);
    mk_free(engines);
}

static const part_ops_t engines_ops = {NULL, NULL, destroy_engines};

static engines_t *get_engines(runtime_t *rt) {
    engines_t *engines = (engines_t *)part_find(rt, &engines_ops);
    if (engines != NULL) return engines;
    engines = mk_calloc(1, sizeof *engines);
    if (engines != NULL) (void)part_attach(rt, &engines->part, &engines_ops);
    return engines;
}

static int take_expander(runtime_t *rt, port_deflate_t **out) {
    engines_t *engines = get_engines(rt);
    if (engines == NULL) return MK_ENOMEM;
    *out = engines->expander;
    engines->expander = NULL;
    return *out != NULL ? MK_OK : port_deflate_open(out, true, FULL_BITS);
}

static void give_expander(runtime_t *rt, port_deflate_t *engine) {
    engines_t *engines = get_engines(rt);
    if (engines == NULL || engines->expander != NULL) {
        port_deflate_close(engine);
        return;
    }
    port_deflate_reset(engine);
    engines->expander = engine;
}

/* It stays the runtime's. */
static int get_compressor(runtime_t *rt, unsigned bits, port_deflate_t **out) {
    engines_t *engines = get_engines(rt);
    if (engines == NULL) return MK_ENOMEM;
    if (engines->compressor != NULL && engines->compressor_bits != bits) {
        port_deflate_close(engines->compressor);
        engines->compressor = NULL;
    }
    engines->compressor_bits = bits;
    *out = engines->compressor;
    if (*out != NULL) {
        port_deflate_reset(*out);
        return MK_OK;
    }
    int result = port_deflate_open(out, false, bits);
    engines->compressor = *out;
    return result;
}

/* --- messages --- */

int ws_squeeze(runtime_t *rt, const ws_deflate_t *agreed, port_deflate_t **kept,
               const void *bytes, size_t size, buffer_t *out, size_t *payload_size) {
    port_deflate_t *engine = *kept;
    int result = MK_OK;
    buffer_init(out, size + TAIL_SIZE - 1);
    if (!agreed->keeps_out)
        result = get_compressor(rt, agreed->out_bits, &engine);
    else if (engine == NULL)
        result = port_deflate_open(&engine, false, agreed->out_bits);
    if (result != MK_OK) return result;
    if (agreed->keeps_out) *kept = engine;
    result = port_deflate_compress(engine, bytes, size, out);
    if (result != MK_OK) {
        port_deflate_reset(engine);
        return result;
    }
    *payload_size = buffer_size(out) - TAIL_SIZE;
    return MK_OK;
}

static void count_expanded(runtime_t *rt, size_t bytes) {
    engines_t *engines = get_engines(rt);
    if (engines != NULL) engines->expanded += bytes;
}

uint64_t ws_expanded(runtime_t *rt) {
    const engines_t *engines = (const engines_t *)part_find(rt, &engines_ops);
    return engines != NULL ? engines->expanded : 0;
}

int ws_expand(runtime_t *rt, const ws_deflate_t *agreed, port_deflate_t **kept,
              const void *bytes, size_t size, bool is_last, buffer_t *out) {
    int result = MK_OK;
    size_t before = buffer_size(out);
    if (*kept == NULL)
        result = agreed->keeps_in ? port_deflate_open(kept, true, agreed->in_bits)
                                  : take_expander(rt, kept);
    if (result == MK_OK && size > 0)
        result = port_deflate_expand(*kept, bytes, size, out);
    if (result == MK_OK && is_last)
        result = port_deflate_expand(*kept, tail, TAIL_SIZE, out);
    count_expanded(rt, buffer_size(out) - before);
    if (*kept == NULL || (result == MK_OK && (!is_last || agreed->keeps_in)))
        return result;
    if (agreed->keeps_in)
        port_deflate_close(*kept);
    else
        give_expander(rt, *kept);
    *kept = NULL;
    return result;
}
