/* SPDX-License-Identifier: Apache-2.0 */
/* log_tail.c - see log_tail.h.
 *
 * The lines stay in one piece so that listing them is one write. To make that cheap,
 * room is made for a quarter of the memory at a time: a byte is moved at most a few
 * times before it goes. */
#include "shell/log_tail.h"

#include <string.h>

void log_tail_init(log_tail_t *tail, char *bytes, size_t cap) {
    *tail = (log_tail_t){bytes, cap, 0, 0};
}

/* Drop oldest lines, together at least `size` bytes. */
static void drop_oldest(log_tail_t *tail, size_t size) {
    size_t end = 0;
    while (end < size && end < tail->size) {
        const char *newline = memchr(tail->bytes + end, '\n', tail->size - end);
        end = newline != NULL ? (size_t)(newline - tail->bytes) + 1 : tail->size;
        tail->count--;
    }
    memmove(tail->bytes, tail->bytes + end, tail->size - end);
    tail->size -= end;
}

void log_tail_add(log_tail_t *tail, const char *line, size_t size) {
    if (size == 0 || size > tail->cap || line[size - 1] != '\n') return;
    size_t room = tail->cap - tail->size;
    if (size > room) {
        size_t missing = size - room;
        drop_oldest(tail, missing > tail->cap / 4 ? missing : tail->cap / 4);
    }
    memcpy(tail->bytes + tail->size, line, size);
    tail->size += size;
    tail->count++;
}

size_t log_tail_last(const log_tail_t *tail, size_t count) {
    size_t at = 0;
    for (size_t left = tail->count; left > count; left--) {
        const char *newline = memchr(tail->bytes + at, '\n', tail->size - at);
        at = newline != NULL ? (size_t)(newline - tail->bytes) + 1 : tail->size;
    }
    return at;
}
