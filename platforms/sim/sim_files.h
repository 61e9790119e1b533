/* SPDX-License-Identifier: Apache-2.0 */
/* sim_files.h - controls of the simulated disk.
 *
 * Files live in memory and end with sim_reset. The root, "/" and the working folder
 * exist; every other folder is made by port_dir_create. */
#ifndef MK_PLATFORM_SIM_FILES_H
#define MK_PLATFORM_SIM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Cut the power in the middle of the `nth` changing file call from now on (1 = the
 * next; 0 takes the plan back). Of that call the seed decides what survives: a
 * beginning of the bytes appended; the old or the new content of a replace; whether a
 * remove or the folders of a dir_create were done. It and every later file call answer
 * MK_EIO until sim_power_on. What earlier calls wrote is whole. */
void sim_power_cut_at(size_t nth);

/* True from the cut on until sim_power_on. */
bool sim_power_is_off(void);

/* Start again after a cut: the disk is as the cut left it. */
void sim_power_on(void);

/* Changing file calls since sim_reset that were tried with the power on: the points at
 * which a test can cut. */
size_t sim_file_changes(void);

/* Room of the disk in bytes of content; SIZE_MAX at first. A call that needs more than
 * is left answers MK_EFULL: an append keeps the beginning that found room. */
void sim_disk_set_room(size_t room_bytes);

/* Put a file there (with its folders) past all faults, for instance a damaged one.
 * MK_OK or MK_ENOMEM. */
int sim_file_put(const char *path, const void *bytes, size_t size);

/* Whether others than its owner may read a file; not so at first. */
void sim_file_share(const char *path, bool is_shared);

/* The content, borrowed until the next file call; NULL when there is no such file. */
const void *sim_file_peek(const char *path, size_t *size_out);

/* Files that exist (folders do not count). */
size_t sim_file_count(void);

#endif
