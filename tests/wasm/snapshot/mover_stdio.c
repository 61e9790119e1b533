/* SPDX-License-Identifier: Apache-2.0 */
/* mover_stdio.c - mover on a machine with files. */
#include "mover.h"

#include <stdio.h>

size_t mover_read(const char *path, uint8_t *bytes, size_t cap) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    size_t size = fread(bytes, 1, cap, file);
    fclose(file);
    return size;
}

bool mover_write(const char *path, const uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) return false;
    size_t written = fwrite(bytes, 1, size, file);
    return fclose(file) == 0 && written == size;
}

int main(int argc, char **argv) {
    return mover_run(argc, argv);
}
