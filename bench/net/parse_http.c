/* SPDX-License-Identifier: Apache-2.0 */
/* parse_http.c - how fast a head of a browser is understood.
 *
 *     parse_http ours|bound SECONDS
 *
 * Prints megabytes per second of this processor's time, of the best thousand heads:
 * others on the machine make it slower and never faster. "bound" only finds the ends of
 * the lines with memchr and copies each line, which is what a parser that keeps the
 * fields cannot do without. */
#include "microkernel/limits.h"
#include "net/http_parse.h"

#include "sockets.h"

#include <string.h>

static const char head[] =
    "GET /articles/2026/how-to-measure?page=2&sort=date HTTP/1.1\r\n"
    "Host: www.example.org\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
    "image/webp,*/*;q=0.8\r\n"
    "Referer: https://www.example.org/articles/2026/\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=6f1d2c3b4a5968778695a4b3c2d1e0f0; theme=dark; consent=yes; "
    "last=1767225600; seen=0123456789abcdef0123456\r\n"
    "If-None-Match: \"5e8f-19b7a1c2d40\"\r\n"
    "\r\n";
enum { HEAD_SIZE = sizeof head - 1 };
_Static_assert(HEAD_SIZE == 666, "the size that the goal is for");

static char store[MK_HTTP_FIELDS_SIZE_MAX + MK_HTTP_TARGET_MAX + 256];

static size_t parse_once(const http_limits_t *limits) {
    static http_host_memo_t memo; /* as a server has */
    http_parser_t parser;
    http_head_t is;
    text_t input = text_make(head, HEAD_SIZE);
    http_parser_init(&parser, HTTP_REQUEST, limits, store);
    parser.memo = &memo;
    if (http_parse(&parser, &input) != HTTP_END) exit(1);
    http_parser_head(&parser, &is);
    return is.fields.size;
}

static size_t copy_once(void) {
    size_t size = 0;
    for (const char *at = head, *end = head + HEAD_SIZE; at < end;) {
        const char *next = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
        memcpy(store + size, at, (size_t)(next - at));
        size += (size_t)(next - at);
        at = next;
    }
    return size;
}

int main(int argc, char **argv) {
    enum { BATCH = 1000 };
    if (argc != 3) return 2;
    bool is_bound = strcmp(argv[1], "bound") == 0;
    double seconds = real_of(argv[2]), begun = processor_s(), now = begun, best = 0;
    http_limits_t limits = http_limits_default();
    size_t sum = 0; /* so that the work is done */
    while (now < begun + seconds) {
        double before = now;
        for (int i = 0; i < BATCH; i++)
            sum += is_bound ? copy_once() : parse_once(&limits);
        now = processor_s();
        double speed = (double)BATCH * HEAD_SIZE / (now - before);
        if (speed > best) best = speed;
    }
    if (sum == 0) return 1;
    printf("%.1f\n", best / 1e6);
    return 0;
}
