/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - a folder of its own for the running test, on the real file system. */
#ifndef MK_TESTS_LINUX_FOLDER_H
#define MK_TESTS_LINUX_FOLDER_H

enum { PATH_SIZE = 512 }; /* bytes of the folder's path with its NUL */

/* Of the running test; the tests work in it by full paths. */
extern char folder[PATH_SIZE];

/* Make it, below TMPDIR or /tmp. */
void folder_begin(void);

/* Remove it with all that is in it, at most twelve levels deep; must succeed. */
void folder_end(void);

/* Remove it in the middle of a test. */
void folder_remove(void);

#endif
