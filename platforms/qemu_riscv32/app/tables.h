/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h - the suites of a test image; CMakeLists.txt writes the list. */
#ifndef MK_QEMU_RISCV32_TABLES_H
#define MK_QEMU_RISCV32_TABLES_H

#include "support/test.h"

#include <stddef.h>

extern const test_table_t *const image_tables[];
extern const size_t image_tables_len;

#endif
