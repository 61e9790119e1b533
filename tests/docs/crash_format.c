/* SPDX-License-Identifier: Apache-2.0 */
/* crash_format.c - holds docs/CRASH_FORMAT.md against the code: reads a file of
 * records, writes each again, and opens the whole through the public interface.
 *
 * usage: crash_format FILE; prints "NAME value" per word and record, as the document
 * names them. The script beside this compares that with the document's table. */
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "services/crash_line.h"

#include <stdio.h>
#include <string.h>

static int fail(const char *what) {
    fprintf(stderr, "crash_format: %s\n", what);
    return 1;
}

/* The line of a record is again the line it was read from. */
static int round_trip(const char *line, size_t size) {
    static char again[CRASH_LINE_MAX];
    crash_record_t record;
    if (crash_line_read(line, size - 1, &record) != MK_OK)
        return fail("a line is refused");
    if (crash_line_write(&record, again) != size || memcmp(line, again, size) != 0)
        return fail("a line is written in another way than it was read");
    return 0;
}

static void show(const crash_record_t *r) {
    printf("NUMBER %llu\nSTART %llu\nTIME_MS %llu\nID %llu\nPARENT %llu\nREASON %u\n"
           "LAST_TYPE %llu\nHANDLED %llu\nNAMES %s\nTEXT %s\n",
           (unsigned long long)r->number, (unsigned long long)r->start,
           (unsigned long long)r->time_ms, (unsigned long long)r->id,
           (unsigned long long)r->parent, r->reason, (unsigned long long)r->last_type,
           (unsigned long long)r->handled, r->names, r->text);
}

int main(int argc, char **argv) {
    if (argc != 2) return fail("which file?");
    FILE *file = fopen(argv[1], "r");
    if (file == NULL) return fail("the file cannot be opened");
    static char line[CRASH_LINE_MAX + 1];
    size_t lines = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        lines++;
        if (round_trip(line, strlen(line)) != 0) return 1;
    }
    fclose(file);

    runtime_t *rt = runtime_init(1, 16);
    int loaded = crash_log_open(rt, argv[1]);
    if (loaded < 0) return fail(mk_error_text(loaded));
    if ((size_t)loaded != lines || lines == 0)
        return fail("not every line is a record");
    static crash_record_t records[MK_CRASH_RECORDS];
    size_t count = crash_list(rt, records, MK_CRASH_RECORDS);
    for (size_t i = 0; i < count; i++)
        show(&records[i]);
    runtime_destroy(rt);
    return 0;
}
