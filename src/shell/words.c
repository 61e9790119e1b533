/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - see words.h for the grammar.
 *
 * One pass from left to right; the scanner never goes back, so every fault has exactly
 * one place and the time is linear. Chosen: quotes may open in the middle of a word, as
 * in every shell, and an unknown escape is a fault rather than two bytes, because the
 * payload of a message must not silently differ from what was meant. The payload keeps
 * the spelling of the line unless it is one quoted word, so that JSON needs no escapes.
 * Rejected: expanding in place, which would lose the offsets that errors report.
 *
 * Invariants: every kept word has start < end <= words->end <= words->next <= len, its
 * text lies in the caller's buffer with a NUL behind it. */
#include "shell/words.h"

#include "base/hex.h"
#include "base/text.h"
#include "microkernel/error.h"

#include <string.h>

typedef struct {
    const char *line; /* the whole line */
    size_t len;       /* bytes in it */
    size_t at;        /* next byte to look at */
    char *buf;        /* the caller's buffer for unquoted bytes */
    size_t cap;       /* room in it */
    size_t used;      /* bytes written to it */
    bool keeps;       /* the present word is stored, not only checked */
    size_t word_at;   /* where the present word began */
    words_error_t *error;
} scan_t;

static int fail(words_error_t *error, words_fault_t fault, size_t at) {
    error->fault = fault;
    error->at = at;
    switch (fault) {
    case WORDS_NO_ROOM:
    case WORDS_TOO_LONG: return MK_ETOOBIG;
    case WORDS_NOT_A_NUMBER: return MK_EINVAL;
    case WORDS_OUT_OF_RANGE: return MK_EOVERFLOW;
    default: return MK_EBADMSG;
    }
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_command(char c) {
    return c == ';' || c == '\n';
}

/* Store one unquoted byte; one byte stays free for the NUL. */
static int put(scan_t *scan, char c) {
    if (!scan->keeps) return MK_OK;
    if (scan->used + 1 >= scan->cap) {
        return fail(scan->error, WORDS_NO_ROOM, scan->word_at);
    }
    scan->buf[scan->used++] = c;
    return MK_OK;
}

/* At a backslash inside double quotes: one escape, its byte in *c. */
static int read_escape(scan_t *scan, char *c) {
    static const char names[] = "nt\"\\";
    static const char bytes[] = "\n\t\"\\";
    size_t at = scan->at++; /* the backslash */
    if (scan->at == scan->len) {
        scan->at = at; /* the open quote is the better complaint */
        return MK_EEND;
    }
    char name = scan->line[scan->at++];
    const char *found = name == '\0' ? NULL : strchr(names, name);
    if (found != NULL) {
        *c = bytes[found - names];
        return MK_OK;
    }
    if (name != 'x') return fail(scan->error, WORDS_BAD_ESCAPE, at);
    if (scan->len - scan->at < 2) {
        scan->at = at;
        return MK_EEND;
    }
    uint8_t byte;
    size_t bad_at;
    text_t digits = text_make(scan->line + scan->at, 2);
    if (hex_decode(digits, &byte, 1, &bad_at) < 0) {
        return fail(scan->error, WORDS_BAD_HEX_DIGIT, scan->at + bad_at);
    }
    scan->at += 2;
    *c = (char)byte;
    return MK_OK;
}

/* At an opening quote of either kind: the piece up to its end. */
static int read_quoted(scan_t *scan) {
    size_t open_at = scan->at;
    char quote = scan->line[scan->at++];
    while (scan->at < scan->len) {
        char c = scan->line[scan->at];
        if (c == quote) {
            scan->at++;
            return MK_OK;
        }
        int rc = MK_OK;
        if (c == '\\' && quote == '"') {
            rc = read_escape(scan, &c);
            if (rc == MK_EEND) break;
        } else {
            scan->at++;
        }
        if (rc == MK_OK) rc = put(scan, c);
        if (rc < 0) return rc;
    }
    scan->at = scan->len;
    return fail(scan->error, WORDS_OPEN_QUOTE, open_at);
}

/* At the first byte of a word: all its pieces. */
static int read_word(scan_t *scan, bool *is_quoted) {
    size_t pieces = 0;
    bool has_quotes = false;
    while (scan->at < scan->len) {
        char c = scan->line[scan->at];
        if (is_blank(c) || ends_command(c)) break;
        int rc;
        pieces++;
        if (c == '"' || c == '\'') {
            has_quotes = true;
            rc = read_quoted(scan);
        } else if (c != '\\') {
            scan->at++;
            rc = put(scan, c);
        } else if (scan->at + 1 < scan->len) {
            rc = put(scan, scan->line[scan->at + 1]);
            scan->at += 2;
        } else {
            rc = fail(scan->error, WORDS_OPEN_ESCAPE, scan->at++);
        }
        if (rc < 0) return rc;
    }
    *is_quoted = has_quotes && pieces == 1;
    return MK_OK;
}

static int add_word(words_t *words, scan_t *scan) {
    word_t *word = words->count < WORDS_MAX ? &words->word[words->count] : NULL;
    scan->keeps = word != NULL;
    scan->word_at = scan->at;
    size_t text_at = scan->used;
    if (scan->keeps && scan->used >= scan->cap) {
        return fail(scan->error, WORDS_NO_ROOM, scan->at);
    }
    bool is_quoted = false;
    int rc = read_word(scan, &is_quoted);
    words->total++;
    words->end = scan->at;
    if (word != NULL) {
        *word = (word_t){.start = scan->word_at,
                         .end = scan->at,
                         .text = scan->buf + text_at,
                         .len = scan->used - text_at,
                         .is_quoted = is_quoted};
        scan->buf[scan->used++] = '\0';
        words->count++;
    }
    return rc;
}

int words_split(words_t *words, const char *line, size_t len, size_t at, char *buf,
                size_t cap, words_error_t *error) {
    scan_t scan = {
        .line = line, .len = len, .at = at, .buf = buf, .cap = cap, .error = error};
    *error = (words_error_t){WORDS_OK, at};
    words->line = line;
    words->count = 0;
    words->total = 0;
    words->end = at;
    words->next = len;
    words->is_separated = false;
    words->has_comment = false;
    while (scan.at < len) {
        char c = line[scan.at];
        if (ends_command(c)) {
            words->next = scan.at + 1;
            words->is_separated = true;
            return MK_OK;
        }
        if (is_blank(c)) {
            scan.at++;
        } else if (c == '#') {
            words->has_comment = true;
            while (scan.at < len && line[scan.at] != '\n')
                scan.at++;
        } else {
            int rc = add_word(words, &scan);
            if (rc < 0) return rc;
        }
    }
    return MK_OK;
}

size_t words_rest(const words_t *words, size_t index, const char **rest) {
    if (index >= words->count) {
        *rest = words->line + words->end;
        return 0;
    }
    *rest = words->line + words->word[index].start;
    return words->end - words->word[index].start;
}

int words_number(const words_t *words, size_t index, uint64_t max, uint64_t *value,
                 words_error_t *error) {
    if (index >= words->count) return fail(error, WORDS_NOT_A_NUMBER, words->end);
    const word_t *word = &words->word[index];
    int rc = text_parse_unsigned(text_make(word->text, word->len), 0, 0, max, value);
    if (rc == MK_OK) return MK_OK;
    return fail(error, rc == MK_EOVERFLOW ? WORDS_OUT_OF_RANGE : WORDS_NOT_A_NUMBER,
                word->start);
}

/* The bytes of the digits from line[at] to the end of the command; blanks may stand
 * between bytes. */
static int read_hex(const words_t *words, size_t at, uint8_t *bytes, size_t cap,
                    words_error_t *error) {
    size_t first_at = at;
    size_t size = 0;
    if (cap > WORDS_PAYLOAD_HEX_MAX) cap = WORDS_PAYLOAD_HEX_MAX;
    while (at < words->end) {
        size_t end = at;
        while (end < words->end && !is_blank(words->line[end]))
            end++;
        text_t digits = text_make(words->line + at, end - at);
        size_t bad_at;
        int count = hex_decode(digits, bytes + size, cap - size, &bad_at);
        if (count == MK_EINVAL) return fail(error, WORDS_BAD_HEX_DIGIT, at + bad_at);
        if (count == MK_EBADMSG) return fail(error, WORDS_ODD_HEX, end - 1);
        if (count < 0) return fail(error, WORDS_TOO_LONG, first_at);
        size += (size_t)count;
        at = end;
        while (at < words->end && is_blank(words->line[at]))
            at++;
    }
    return (int)size;
}

int words_payload(const words_t *words, size_t index, uint8_t *bytes, size_t cap,
                  words_error_t *error) {
    const char *text;
    size_t size = words_rest(words, index, &text);
    if (size == 0) return 0;
    const word_t *word = &words->word[index];
    if (size >= 2 && text[0] == 'x' && text[1] == ':') {
        return read_hex(words, word->start + 2, bytes, cap, error);
    }
    if (word->is_quoted && index + 1 == words->total) {
        text = word->text;
        size = word->len;
    }
    if (size > cap) return fail(error, WORDS_TOO_LONG, word->start);
    memcpy(bytes, text, size);
    return (int)size;
}

const char *words_fault_text(words_fault_t fault) {
    switch (fault) {
    case WORDS_OK: return "ok";
    case WORDS_OPEN_QUOTE: return "quote is never closed";
    case WORDS_OPEN_ESCAPE: return "nothing follows the backslash";
    case WORDS_BAD_ESCAPE: return "unknown escape (known: \\n \\t \\\" \\\\ \\xNN)";
    case WORDS_NO_ROOM: return "word is too long";
    case WORDS_NOT_A_NUMBER: return "not a number (decimal, or 0x and hex digits)";
    case WORDS_OUT_OF_RANGE: return "number is too large";
    case WORDS_BAD_HEX_DIGIT: return "not a hex digit";
    case WORDS_ODD_HEX: return "second hex digit of the byte is missing";
    case WORDS_TOO_LONG: return "payload is too long";
    }
    return "unknown fault";
}

/* Bytes that mean something to words_split() anywhere outside quotes. '#' does so only
 * where a word begins, but is quoted everywhere. */
static bool needs_quotes(char c) {
    return (unsigned char)c <= ' ' || c == 0x7f || strchr(";#\"'\\", c) != NULL;
}

/* One byte as it stands in double quotes, in piece[0..5); its bytes. */
static size_t write_escaped(char c, char *piece) {
    piece[0] = '\\';
    piece[1] = c;
    if (c == '"' || c == '\\') return 2;
    piece[1] = c == '\n' ? 'n' : 't';
    if (c == '\n' || c == '\t') return 2;
    if ((unsigned char)c < ' ' || c == 0x7f) {
        piece[1] = 'x';
        (void)hex_encode(&c, 1, piece + 2, 3);
        return 4;
    }
    piece[0] = c;
    return 1;
}

size_t words_quote(const char *text, size_t len, char *buf, size_t cap) {
    bool is_plain = len > 0;
    for (size_t i = 0; i < len && is_plain; i++)
        is_plain = !needs_quotes(text[i]);
    if (is_plain) {
        if (len > cap) return 0;
        memcpy(buf, text, len);
        return len;
    }
    if (cap < 2) return 0;
    size_t size = 0;
    buf[size++] = '"';
    for (size_t i = 0; i < len; i++) {
        char piece[5];
        size_t piece_size = write_escaped(text[i], piece);
        if (size + piece_size + 1 > cap) return 0;
        memcpy(buf + size, piece, piece_size);
        size += piece_size;
    }
    buf[size++] = '"';
    return size;
}
