/* SPDX-License-Identifier: Apache-2.0 */
/* sim_random.c - port/random.h from the seed: unpredictable to the code, not to us. */
#include "sim_impl.h"

#include "microkernel/error.h"
#include "port/random.h"

#include <string.h>

static uint64_t byte_stream;

int port_random_fill(void *bytes, size_t size) {
    unsigned char *at = bytes;
    if (sim__port_fails()) {
        if (size > 0) memset(bytes, 0, size);
        return MK_EIO;
    }
    sim__lock();
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        if (i % sizeof number == 0) number = sim__random_next(&byte_stream);
        at[i] = (unsigned char)(number & 0xffu);
        number >>= 8;
    }
    sim__unlock();
    return MK_OK;
}

void sim__random_reset(uint64_t seed) {
    sim__lock();
    byte_stream = sim__mix(seed, 2, 0);
    sim__unlock();
}
