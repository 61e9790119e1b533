/* SPDX-License-Identifier: Apache-2.0 */
/* ws_script.h - scripts of ws_talk.h: words to frames, and frames to words. */
#ifndef MK_TESTS_WS_SCRIPT_H
#define MK_TESTS_WS_SCRIPT_H

#include "ws_talk.h"

static const char script_ops[] = "ctb34567xpoBCDEF";

static unsigned script_hex(char c) {
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The payload behind ':'; its size. */
static size_t script_payload(const char **at, uint8_t *to) {
    size_t size = 0;
    while (**at != '\0' && **at != ' ') {
        if (**at == '%') {
            to[size++] = (uint8_t)(script_hex((*at)[1]) << 4 | script_hex((*at)[2]));
            *at += 3;
        } else if (**at == '@') {
            size_t count = strtoul(*at + 1, (char **)(uintptr_t)at, 10);
            memset(to + size, '*', count);
            size += count;
        } else {
            to[size++] = (uint8_t) * (*at)++;
        }
    }
    return size;
}

/* One word as bytes of the wire; returns them. */
static size_t script_word(const char **at, uint8_t *payload, uint8_t *to) {
    const char *op = strchr(script_ops, *(*at)++);
    CHECK(op != NULL);
    unsigned first = 0x80u | (unsigned)(op - script_ops);
    size_t size = 0;
    if (*op == 'x' && **at >= '0' && **at <= '9') {
        unsigned long code = strtoul(*at, (char **)(uintptr_t)at, 10);
        payload[size++] = (uint8_t)(code >> 8);
        payload[size++] = (uint8_t)code;
    }
    if (**at == '-') {
        first &= 0x7Fu;
        ++*at;
    }
    if (**at == '/') {
        first |= script_hex((*at)[1]) << 4;
        *at += 2;
    }
    if (**at == ':') {
        ++*at;
        size += script_payload(at, payload + size);
    }
    CHECK(**at == ' ' || **at == '\0');
    return talk_put(to, first, payload, size);
}

/* Send all the frames: in one go (0), frame by frame, or `piece` bytes at a time. */
enum { SCRIPT_AT_ONCE = 0, SCRIPT_BY_FRAME = 1 << 30 };

static void script_send(const char *script, size_t piece, size_t cap) {
    uint8_t *bytes = malloc(cap + 4096), *payload = malloc(cap + 4096);
    size_t size = 0;
    CHECK(bytes != NULL && payload != NULL);
    while (*script != '\0') {
        if (*script == ' ') {
            script++;
            continue;
        }
        size += script_word(&script, payload, bytes + size);
        CHECK(size <= cap + 4096);
        if (piece != SCRIPT_BY_FRAME) continue;
        talk_send(bytes, size, SIZE_MAX);
        size = 0;
    }
    talk_send(bytes, size, piece == SCRIPT_AT_ONCE ? SIZE_MAX : piece);
    free(bytes);
    free(payload);
    talk_settle();
}

static bool script_is_stars(const frame_t *frame) {
    size_t i = 0;
    while (i < frame->size && frame->payload[i] == '*')
        i++;
    return i == frame->size && i > 32;
}

/* All that came, as words. */
static void script_tell(char *text, size_t cap) {
    mk_writer_t w;
    frame_t frame;
    size_t at = 0;
    writer_init(&w, text, cap);
    while (talk_next(&at, &frame)) {
        if (w.size > 0) writer_char(&w, ' ');
        writer_char(&w, script_ops[frame.first & 15u]);
        bool is_close = (frame.first & 15u) == 8;
        if (is_close && frame.size >= 2)
            writer_unsigned(&w, (unsigned)(frame.payload[0] << 8 | frame.payload[1]));
        if ((frame.first & 0x80u) == 0) writer_char(&w, '-');
        if ((frame.first & 0x70u) != 0) writer_format(&w, "/%u", frame.first >> 4 & 7u);
        if (is_close || frame.size == 0) continue;
        writer_char(&w, ':');
        if (script_is_stars(&frame)) {
            writer_format(&w, "@%u", (unsigned)frame.size);
            continue;
        }
        for (size_t i = 0; i < frame.size; i++) {
            uint8_t c = frame.payload[i];
            if (c > ' ' && c < 0x7F && c != '%' && c != '@')
                writer_char(&w, (char)c);
            else
                writer_format(&w, "%%%c%c", "0123456789ABCDEF"[c >> 4],
                              "0123456789ABCDEF"[c & 15]);
        }
    }
    if (talk.has_ended) writer_str(&w, talk.was_reset ? " !" : " .");
    CHECK_EQ(at, talk.got_size); /* nothing but whole frames */
}

#endif
