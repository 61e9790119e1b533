/* SPDX-License-Identifier: Apache-2.0 */
/* keygen.h - `mk-shell keygen FILE`: a new cluster key. */
#ifndef MK_TOOLS_SHELL_KEYGEN_H
#define MK_TOOLS_SHELL_KEYGEN_H

/* Write a key that nobody can guess to a file of mode 0600, never over one that is
 * there. `argv[0]` is "keygen". Returns the exit code. */
int keygen(int argc, char **argv);

#endif
