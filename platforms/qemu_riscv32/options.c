/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - what the person who starts QEMU tells the program.
 *
 * It stands for the environment, the command line and the jumpers of other machines.
 * QEMU hands over one text by semihosting (SYS_GET_CMDLINE): words between spaces, each
 * `name=value` or, for an argument of the program, `+value`. In values, bytes other
 * than letters, digits and ._/:=- are written %XX, so that none needs quoting.
 *
 * The fw_cfg device would have been the more natural place; QEMU 7.2 makes it on this
 * machine too late to accept -fw_cfg options.
 *
 * Source: Semihosting for AArch32 and AArch64 (ARM), 6.5; RISC-V Semihosting 0.4. */
#include "virt_impl.h"

#include "microkernel/error.h"

#include <string.h>

enum { SYS_GET_CMDLINE = 0x15 };

/* In start.S. -1 when there is nobody to ask; interrupts are off. */
int virt__semihost(int operation, void *block);

/* What is at an end of the serial line. */
typedef enum { END_UNKNOWN = 0, END_TTY, END_PIPE } end_t;

static struct {
    char line[VIRT_OPTIONS_MAX]; /* as QEMU gave it, with a NUL */
    bool is_read;
} options;

int virt__ask_host(int operation, void *block) {
    uint32_t before = virt__interrupts_off();
    int answer = virt__semihost(operation, block);
    virt__interrupts_restore(before);
    return answer;
}

static const char *read_line(void) {
    if (!options.is_read) {
        struct {
            char *text;
            uint32_t size;
        } block = {options.line, sizeof options.line};
        if (virt__ask_host(SYS_GET_CMDLINE, &block) != 0) options.line[0] = '\0';
        options.line[sizeof options.line - 1] = '\0';
        options.is_read = true;
    }
    return options.line;
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* Decode the value that begins at `at` and ends with its word; its size without the
 * NUL, cut to `cap - 1`, or MK_ETOOBIG. `cap` > 0. */
static int decode(const char *at, char *text, size_t cap) {
    size_t size = 0;
    for (; *at != '\0' && *at != ' '; at++) {
        char c = *at;
        if (c == '%' && digit_of(at[1]) >= 0 && digit_of(at[2]) >= 0) {
            c = (char)(digit_of(at[1]) << 4 | digit_of(at[2]));
            at += 2;
        }
        if (size == cap - 1) {
            text[size] = '\0';
            return MK_ETOOBIG;
        }
        text[size++] = c;
    }
    text[size] = '\0';
    return (int)size;
}

/* The word after this one; NULL when it was the last. */
static const char *next_word(const char *at) {
    at = strchr(at, ' ');
    return at != NULL ? at + 1 : NULL;
}

int virt__option_text(const char *name, char *text, size_t cap) {
    size_t len = strlen(name);
    for (const char *at = read_line(); at != NULL; at = next_word(at)) {
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return decode(at + len + 1, text, cap);
    }
    text[0] = '\0';
    return MK_ENOENT;
}

int virt__option_argument(size_t index, char *text, size_t cap) {
    for (const char *at = read_line(); at != NULL; at = next_word(at)) {
        if (*at == '+' && index-- == 0) return decode(at + 1, text, cap);
    }
    text[0] = '\0';
    return MK_ENOENT;
}

/* Asked once: the answer cannot change, and log lines ask for every line. */
static bool is_tty(const char *name, end_t *known) {
    if (*known == END_UNKNOWN) {
        char text[8];
        virt__option_text(name, text, sizeof text);
        *known = strcmp(text, "pipe") == 0 ? END_PIPE : END_TTY;
    }
    return *known == END_TTY;
}

bool virt__input_is_tty(void) {
    static end_t known;
    return is_tty("input", &known);
}

bool virt__output_is_tty(void) {
    static end_t known;
    return is_tty("output", &known);
}
