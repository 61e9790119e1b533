/* SPDX-License-Identifier: Apache-2.0 */
/* bound_http.c - what a loop of epoll, read and write can do at best: answers every
 * empty line with one fixed response; looks at no method, path or field.
 *
 *     bound_http PORT */
#include "bound.h"

#include <string.h>

enum { INPUT = 256 * 1024 };

static char input[INPUT], output[INPUT];
/* As long as what ours_http answers. */
static const char response[] = "HTTP/1.1 200 OK\r\n"
                               "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                               "Content-Type: text/plain\r\n"
                               "Content-Length: 13\r\n\r\nHello, World!";

static void send_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count <= 0) return; /* the loads here always read */
        bytes += count;
        size -= (size_t)count;
    }
}

static void answer(int fd, size_t size) {
    size_t filled = 0;
    const char *end = input + size;
    for (const char *at = input;
         (at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4)) != NULL; at += 4) {
        if (filled + sizeof response > sizeof output) {
            send_all(fd, output, filled);
            filled = 0;
        }
        memcpy(output + filled, response, sizeof response - 1);
        filled += sizeof response - 1;
    }
    send_all(fd, output, filled);
}

static void on_ready(int fd, uint32_t events) {
    (void)events;
    ssize_t size = read(fd, input, sizeof input);
    if (size > 0)
        answer(fd, (size_t)size);
    else
        close(fd);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    serve_bound((int)number_of(argv[1]), NULL, on_ready);
}
