/* SPDX-License-Identifier: Apache-2.0 */
/* arguments.h - the command line, as run.sh hands it over. */
#ifndef MK_QEMU_RISCV32_ARGUMENTS_H
#define MK_QEMU_RISCV32_ARGUMENTS_H

enum {
    ARGUMENTS_MAX = 16,       /* texts, the program's name among them */
    ARGUMENTS_BYTES_MAX = 512 /* with their NULs */
};

/* Write the program's name and the arguments to `argv`, and NULL behind them. Returns
 * how many there are. More than fits ends the program with a message: half a command
 * line is none. To be called once: the texts are static. */
int arguments_read(const char *name, char *argv[ARGUMENTS_MAX + 1]);

#endif
