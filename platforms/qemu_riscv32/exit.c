/* SPDX-License-Identifier: Apache-2.0 */
/* exit.c - how a program ends, and the C library's output.
 *
 * The test device was preferred to semihosting: it needs no flag of QEMU, and carries
 * the exit code just as well. picolibc's own abort() would bring in signals. */
#include "virt_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_PASS 0x5555u
#define TEST_FAIL 0x3333u /* with the exit code in the upper half */

void virt__exit(int code) {
    uint32_t word = TEST_PASS;
    if (code != 0) word = (uint32_t)(code & 0xff) << 16 | TEST_FAIL;
    virt__write32(VIRT_TEST_DEVICE, word);
    for (;;)
        virt__sleep();
}

/* The end of exit(), by picolibc's rules. */
_Noreturn void _exit(int code);
_Noreturn void _exit(int code) {
    virt__exit(code);
}

void abort(void) {
    static const char text[] = "aborted\n";
    virt__uart_print(text, strlen(text));
    virt__exit(VIRT_EXIT_ABORT);
}

static int put_char(char c, FILE *file) {
    (void)file;
    uint8_t byte = (uint8_t)c;
    while (virt__uart_write(&byte, 1, false) == 0)
        virt__uart_await_room();
    return byte;
}

static FILE console = FDEV_SETUP_STREAM(put_char, NULL, NULL, _FDEV_SETUP_WRITE);

FILE *const stdout = &console;
FILE *const stderr = &console;
