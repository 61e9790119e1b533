/* SPDX-License-Identifier: Apache-2.0 */
/* crc32.c - polynomial 04C11DB7, bits in reverse, all ones before and after (IEEE
 * 802.3, 3.2.9). Half a byte at a time with a table of 16 words: a table of 256 is
 * about twice as fast and takes 1 KiB, of which a chip has more need than our logs have
 * of speed. */
#include "base/crc32.h"

/* Row n: n divided by the polynomial EDB88320 (reversed), four steps. */
static const uint32_t rows[16] = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
    0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
    0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
};

uint32_t crc32_add(uint32_t crc, const void *bytes, size_t size) {
    const uint8_t *from = bytes;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= from[i];
        crc = crc >> 4 ^ rows[crc & 15u];
        crc = crc >> 4 ^ rows[crc & 15u];
    }
    return ~crc;
}
