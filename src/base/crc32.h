/* SPDX-License-Identifier: Apache-2.0 */
/* crc32.h - the checksum of files and logs: CRC-32 as in Ethernet, zip and PNG.
 *
 * Finds all damage of up to 32 bits in a row; no defence against intent. */
#ifndef MK_BASE_CRC32_H
#define MK_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what `crc` stands for followed by `bytes`. Begin with 0:
 * crc32_add(crc32_add(0, a), b) is the checksum of a and b together. */
uint32_t crc32_add(uint32_t crc, const void *bytes, size_t size);

#endif
