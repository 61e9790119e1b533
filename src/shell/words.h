/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - a command line taken apart into words. Pure: no allocation, no I/O.
 *
 *   line     = command { (';' | newline) command }
 *   command  = { blank } { word blanks } [ comment ]
 *   blank    = space, tab, carriage return
 *   comment  = '#' where a word would begin, up to the end of the row
 *   word     = pieces without blanks between them:
 *              plain bytes; \c (the byte c itself); 'text' (nothing is special in it);
 *              "text" with \n \t \" \\ and \xNN (two hex digits) in it
 *
 * Bytes are passed through as they are; UTF-8 is not looked at. */
#ifndef MK_SHELL_WORDS_H
#define MK_SHELL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WORDS_MAX = 16,             /* words kept per command; a command needs at most 5 */
    WORDS_PAYLOAD_HEX_MAX = 256 /* bytes of a payload given as x: digits */
};

/* What is wrong with a line. */
typedef enum {
    WORDS_OK = 0,
    WORDS_OPEN_QUOTE,    /* the quote at `at` is never closed */
    WORDS_OPEN_ESCAPE,   /* the backslash at `at` is the last byte */
    WORDS_BAD_ESCAPE,    /* the backslash at `at` begins no escape we know */
    WORDS_NO_ROOM,       /* the caller's buffer is too small for the word at `at` */
    WORDS_NOT_A_NUMBER,  /* the byte at `at` is no digit, or there is none */
    WORDS_OUT_OF_RANGE,  /* the number at `at` is larger than allowed */
    WORDS_BAD_HEX_DIGIT, /* the byte at `at` is no hex digit */
    WORDS_ODD_HEX,       /* the last byte has only the digit at `at` */
    WORDS_TOO_LONG       /* the payload at `at` has more bytes than allowed */
} words_fault_t;

typedef struct {
    words_fault_t fault; /* what */
    size_t at;           /* where: offset in the line */
} words_error_t;

typedef struct {
    size_t start;     /* offset of its first byte in the line, a quote counts */
    size_t end;       /* offset behind its last one */
    const char *text; /* unquoted, in the caller's buffer, with a NUL behind it */
    size_t len;       /* bytes in `text`; a NUL may be among them (\x00) */
    bool is_quoted;   /* it is one quoted piece and nothing else */
} word_t;

typedef struct {
    const char *line;       /* borrowed: the line that was split */
    word_t word[WORDS_MAX]; /* the first words of the command */
    size_t count;           /* entries in `word` */
    size_t total;           /* words of the command, also those not kept */
    size_t end;             /* offset behind the last word of the command */
    size_t next;            /* where the next command begins; the line's length: none */
    bool is_separated;      /* a ';' or newline ended it, so another one follows */
    bool has_comment;       /* a comment follows its last word */
} words_t;

/* Split the command that begins at line[at] (at <= len). While `is_separated`, the next
 * one begins at `next`; it may be empty. The unquoted text goes to buf[0..cap): len -
 * at + 1 bytes are always enough. Words beyond WORDS_MAX are counted and checked, not
 * kept; words_rest() still covers them. MK_OK, or MK_EBADMSG / MK_ETOOBIG with `error`
 * filled; after a WORDS_OPEN_QUOTE or WORDS_OPEN_ESCAPE the last kept word is the
 * unfinished one. */
int words_split(words_t *words, const char *line, size_t len, size_t at, char *buf,
                size_t cap, words_error_t *error);

/* The command as it was written from word `index` to the end of its last word: quotes,
 * backslashes and blanks as they are. Its length; 0 when there is no such word. */
size_t words_rest(const words_t *words, size_t index, const char **rest);

/* A number without sign in word `index`: decimal digits, or 0x and hex digits; at most
 * `max`. MK_OK, or MK_EINVAL (not a number, no such word) / MK_EOVERFLOW with `error`
 * filled. */
int words_number(const words_t *words, size_t index, uint64_t max, uint64_t *value,
                 words_error_t *error);

/* The payload of `send` and `call`, which is all from word `index` on, into
 * bytes[0..cap):
 *   nothing             no bytes
 *   x:HEX               the bytes of these digits, at most WORDS_PAYLOAD_HEX_MAX;
 * blanks may stand between bytes one quoted word     what the quotes mean anything else
 * the rest of the line as it was written The number of bytes, or MK_EBADMSG /
 * MK_ETOOBIG with `error` filled. */
int words_payload(const words_t *words, size_t index, uint8_t *bytes, size_t cap,
                  words_error_t *error);

/* A few words for a fault: "quote is never closed". Static storage. */
const char *words_fault_text(words_fault_t fault);

/* Write `text` so that words_split() gives it back as one word: as it is, or in double
 * quotes. Bytes written without a NUL; 0 when they exceed `cap` (an empty text needs
 * two). */
size_t words_quote(const char *text, size_t len, char *buf, size_t cap);

#endif
