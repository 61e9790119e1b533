/* SPDX-License-Identifier: Apache-2.0 */
/* crash.h - a bounded record of actors that failed, which survives a restart.
 *
 * Recorded is every abnormal end (exit_is_abnormal) except EXIT_KILLED: actor_stop and
 * a supervisor that stops its children carry out an order, and would bury the faults
 * this record is for. runtime_counters().crashed counts the same ends. The newest
 * MK_CRASH_RECORDS are kept in memory and, after crash_log_open, in a file. All
 * functions belong to the runtime's thread. */
#ifndef MICROKERNEL_CRASH_H
#define MICROKERNEL_CRASH_H

#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of the names in a record with their NUL; what does not fit whole is left out.
 */
#define MK_CRASH_NAMES_MAX 128

/* One end. */
typedef struct {
    uint64_t number;      /* counts from 1, over all starts that the file saw */
    uint32_t start;       /* start of the program it belongs to, from 1 */
    bool is_earlier;      /* of an earlier start: read from the file */
    uint64_t time_ms;     /* when: wall clock, ms since 1970 */
    actor_id_t id;        /* who */
    actor_id_t parent;    /* its supervisor; 0: none */
    uint8_t reason;       /* EXIT_... */
    msg_type_t last_type; /* last message it was given; 0: none */
    uint64_t handled;     /* messages it handled */
    char names[MK_CRASH_NAMES_MAX]; /* its names, separated by comma and space */
    char text[MK_EXIT_TEXT_MAX];    /* what happened, "" when nothing was said */
} crash_record_t;

/* Facts about the record and its file. */
typedef struct {
    size_t count;       /* records in memory */
    uint64_t total;     /* abnormal ends of this start */
    uint64_t no_memory; /* of these, not recorded for want of memory */
    bool is_open;       /* there is a file */
    size_t loaded;      /* records that crash_log_open read */
    size_t damaged;     /* lines it could not read: torn by a power cut, or altered */
    uint64_t unwritten; /* records that are not in the file yet */
    int last_error;     /* of the latest write: MK_OK, or the port's error */
    size_t file_bytes;  /* size of the file as written so far */
} crash_facts_t;

/* Begin to record. MK_OK, also when it was on; MK_ENOMEM. */
int crash_enable(runtime_t *rt);

/* Begin to record, read the records of earlier starts from `path`, and from now on
 * append new ones there, off the loop (runtime_offload) through an actor that takes the
 * flat name "crash_log", if that is free. Blocks on the disk while it
 * reads: to be called at start. A torn or altered line is skipped and counted, and the
 * file is then written anew. The file takes at most the room of 2 * MK_CRASH_RECORDS
 * of the largest records (136 KiB by default); when it is full it is replaced by what
 * is in memory. Returns the number of records read (0 for a new file); MK_EINVAL: empty
 * path; MK_EEXIST: a file is open already; MK_EFULL: no actor can be spawned;
 * MK_ENOMEM; or the port's error (MK_EIO, MK_EPERM, MK_ETOOBIG, MK_ENOTSUP). After an
 * error recording goes on in memory.
 *
 * A record is one line of UTF-8:
 *   crash1 CRC NUMBER START TIME_MS ID PARENT REASON LAST_TYPE HANDLED =NAMES =TEXT
 * CRC is the CRC-32 (that of zip) of all behind the blank after it, up to but without
 * the newline, as 8 hex digits; numbers are decimal; in names and text blanks, control
 * characters and backslashes are written as \xNN. */
int crash_log_open(runtime_t *rt, const char *path);

/* The newest records, at most `max`, oldest first. Returns how many were written; with
 * `buf` NULL, how many there are. */
size_t crash_list(runtime_t *rt, crash_record_t *buf, size_t max);

/* Forget all records, in memory and (soon) in the file. */
void crash_clear(runtime_t *rt);

/* Facts; all zero when recording is off. */
crash_facts_t crash_facts(runtime_t *rt);

#ifdef __cplusplus
}
#endif

#endif
