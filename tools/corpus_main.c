/* SPDX-License-Identifier: Apache-2.0 */
/* corpus_main.c - runs a fuzz target over its stored corpus, so that every input that
 * ever mattered is a test in every build, with any compiler and no fuzzing engine.
 *
 * usage: <target> <file or folder>...
 * A folder is read in one level, and has to hold an input. The empty input is always
 * tried first. A target that objects to an input aborts; the name of the input stands
 * on standard error then. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *target_name; /* last part of argv[0], for messages */
static unsigned passed;         /* inputs that came back */

/* The target gets a heap block of exactly `size` bytes: a read past the end is seen by
 * AddressSanitizer. */
static void try_input(const char *label, const uint8_t *bytes, size_t size) {
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        fprintf(stderr, "%s: no memory for %s\n", target_name, label);
        exit(1);
    }
    memcpy(copy, bytes, size);
    fprintf(stderr, "%s: %s (%lu bytes)\n", target_name, label, (unsigned long)size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    passed++;
}

static void try_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot open %s: %s\n", target_name, path, strerror(errno));
        exit(1);
    }
    uint8_t *bytes = NULL;
    size_t size = 0;
    size_t room = 0;
    for (;;) {
        if (size == room) {
            room = room == 0 ? 4096 : room * 2;
            uint8_t *larger = realloc(bytes, room);
            if (larger == NULL) {
                fprintf(stderr, "%s: no memory for %s\n", target_name, path);
                exit(1);
            }
            bytes = larger;
        }
        size_t got = fread(bytes + size, 1, room - size, file);
        if (got == 0) break;
        size += got;
    }
    fclose(file);
    try_input(path, bytes, size);
    free(bytes);
}

static void try_path(const char *path, bool is_top);

static void try_folder(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) {
        fprintf(stderr, "%s: cannot open %s: %s\n", target_name, path, strerror(errno));
        exit(1);
    }
    unsigned passed_before = passed;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[4096];
        int length = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (length < 0 || (size_t)length >= sizeof(name)) {
            fprintf(stderr, "%s: name too long in %s\n", target_name, path);
            exit(1);
        }
        try_path(name, false);
    }
    closedir(folder);
    if (passed == passed_before) {
        fprintf(stderr, "%s: no input in %s\n", target_name, path);
        exit(1);
    }
}

static void try_path(const char *path, bool is_top) {
    struct stat facts;
    if (stat(path, &facts) != 0) {
        fprintf(stderr, "%s: cannot look at %s: %s\n", target_name, path,
                strerror(errno));
        exit(1);
    }
    if (S_ISREG(facts.st_mode))
        try_file(path);
    else if (is_top)
        try_folder(path);
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    target_name = slash != NULL ? slash + 1 : argv[0];
    const uint8_t nothing = 0;
    try_input("empty input", &nothing, 0);
    for (int i = 1; i < argc; i++)
        try_path(argv[i], true);
    printf("corpus/%s: %u passed, 0 failed\n", target_name, passed);
    return 0;
}
