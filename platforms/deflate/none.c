/* SPDX-License-Identifier: Apache-2.0 */
/* none.c - port/deflate.h where no library for it is linked. */
#include "microkernel/error.h"
#include "port/deflate.h"

bool port_deflate_is_available(void) {
    return false;
}

int port_deflate_open(port_deflate_t **out, bool expands, unsigned window_bits) {
    (void)expands, (void)window_bits;
    *out = NULL;
    return MK_ENOTSUP;
}

void port_deflate_close(port_deflate_t *engine) {
    (void)engine;
}

void port_deflate_reset(port_deflate_t *engine) {
    (void)engine;
}

int port_deflate_compress(port_deflate_t *engine, const void *bytes, size_t size,
                          buffer_t *out) {
    (void)engine, (void)bytes, (void)size, (void)out;
    return MK_ENOTSUP;
}

int port_deflate_expand(port_deflate_t *engine, const void *bytes, size_t size,
                        buffer_t *out) {
    (void)engine, (void)bytes, (void)size, (void)out;
    return MK_ENOTSUP;
}

size_t port_deflate_memory(const port_deflate_t *engine) {
    (void)engine;
    return 0;
}
