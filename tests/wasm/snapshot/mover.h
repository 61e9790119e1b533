/* SPDX-License-Identifier: Apache-2.0 */
/* mover.h - between the program and the machine it runs on. */
#ifndef MK_TESTS_WASM_SNAPSHOT_MOVER_H
#define MK_TESTS_WASM_SNAPSHOT_MOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The program; its arguments stand in mover.c. Returns the exit code. */
int mover_run(int argc, char **argv);

/* The machine's. A file of the host: its bytes, at most `cap` of them, and how many; 0
 * when it cannot be read. */
size_t mover_read(const char *path, uint8_t *bytes, size_t cap);

/* A new file of the host with these bytes. */
bool mover_write(const char *path, const uint8_t *bytes, size_t size);

#endif
