/* SPDX-License-Identifier: Apache-2.0 */
/* virt_impl.h - QEMU's "virt" machine: where its devices are, and what the files of
 * this platform share.
 *
 * One hart in machine mode, no operating system. The platform's state is static, unlike
 * anywhere in src/: there is one machine, and an interrupt handler has no argument.
 * Addresses and interrupt numbers: QEMU 7.2, hw/riscv/virt.c (stable since 5.0). */
#ifndef MK_PLATFORM_VIRT_IMPL_H
#define MK_PLATFORM_VIRT_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- devices --- */

#define VIRT_TEST_DEVICE 0x00100000u /* ends the emulation with an exit code */
#define VIRT_RTC         0x00101000u /* Goldfish: nanoseconds since 1970 */
#define VIRT_CLINT       0x02000000u /* mtime, mtimecmp */
#define VIRT_PLIC        0x0c000000u /* interrupts of devices */
#define VIRT_UART        0x10000000u /* 16550A */
#define VIRT_VIRTIO      0x10001000u /* eight slots, 0x1000 each */

enum { VIRT_UART_IRQ = 10, VIRT_VIRTIO_SLOTS = 8, VIRT_VIRTIO_STEP = 0x1000 };

static inline uint8_t virt__read8(uintptr_t address) {
    return *(volatile uint8_t *)address;
}
static inline void virt__write8(uintptr_t address, uint8_t value) {
    *(volatile uint8_t *)address = value;
}
static inline uint32_t virt__read32(uintptr_t address) {
    return *(volatile uint32_t *)address;
}
static inline void virt__write32(uintptr_t address, uint32_t value) {
    *(volatile uint32_t *)address = value;
}

/* --- interrupts (trap.c) --- */

#define VIRT_MSTATUS_MIE 0x8u /* interrupts on */

/* Keep interrupt handlers out; returns what virt__interrupts_restore wants. Pairs nest.
 * Both are compiler barriers: what a handler wrote before is read after. */
static inline uint32_t virt__interrupts_off(void) {
    uint32_t before;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(before)::"memory");
    return before & VIRT_MSTATUS_MIE;
}
static inline void virt__interrupts_restore(uint32_t before) {
    __asm__ volatile("csrs mstatus, %0" ::"r"(before) : "memory");
}

/* Sleep until an interrupt is pending, also while they are off: it is then taken as
 * soon as they are restored, so none can slip in between a look and the sleep. */
static inline void virt__sleep(void) {
    __asm__ volatile("wfi" ::: "memory");
}

/* Called by start.S once memory is ready: devices, interrupts, main(), exit(). */
_Noreturn void virt__start(void);

/* Called by start.S. Interrupts are handled; a fault is told on the UART and ends
 * the program with VIRT_EXIT_TRAP. */
void virt__trap(uint32_t cause, uint32_t pc, uint32_t value, uint32_t sp, uint32_t ra);

/* --- ends (exit.c) --- */

enum {
    VIRT_EXIT_TRAP = 125, /* a fault of the program */
    VIRT_EXIT_ABORT = 134 /* abort(), a failed assertion; a shell's code for SIGABRT */
};

/* End the emulation; QEMU exits with `code` (0..255). */
_Noreturn void virt__exit(int code);

/* --- timer (timer.c) --- */

/* Nanoseconds since the machine started. */
uint64_t virt__now_ns(void);

/* Let the timer interrupt come when virt__now_ns reaches `deadline_ns` (at once when
 * that is past); UINT64_MAX: never. It comes once. */
void virt__timer_set(uint64_t deadline_ns);

/* The timer interrupt. */
void virt__timer_handle(void);

/* --- serial line (uart.c) --- */

void virt__uart_init(void);

/* The UART's interrupt. */
void virt__uart_handle(void);

/* A byte has been received and not read. Interrupts may be on or off. */
bool virt__uart_has_input(void);

/* The oldest byte that was received, left where it is; -1 when there is none. */
int virt__uart_peek(void);

/* Take what was received: how many bytes, 0..cap. */
size_t virt__uart_read(uint8_t *bytes, size_t cap);

/* The transmitter takes bytes now. */
bool virt__uart_has_room(void);

/* Send what can be sent without waiting: how many bytes, 0..size. With `is_tty` a '\n'
 * goes out as "\r\n", as a terminal at the other end of the line needs it. */
size_t virt__uart_write(const uint8_t *bytes, size_t size, bool is_tty);

/* Interrupt when the transmitter has room: wakes virt__sleep. */
void virt__uart_tell_room(bool is_wanted);

/* Sleep until the transmitter has room. Interrupts are on. */
void virt__uart_await_room(void);

/* Send all of a text, polling as long as it takes and needing no interrupt: for the
 * last words of a program. */
void virt__uart_print(const char *bytes, size_t size);

/* Bytes that came while the receiver was full: lost by the hardware, not by us. */
uint32_t virt__uart_overruns(void);

/* Connect the transmitter with the receiver inside the device, for tests. */
void virt__uart_set_loopback(bool is_on);

/* --- what QEMU was told (options.c) --- */

enum { VIRT_OPTIONS_MAX = 1024 }; /* bytes of all options and arguments, with a NUL */

/* Copy an option's value and a NUL to `text`: its size, MK_ETOOBIG (then the beginning
 * is there), or MK_ENOENT (then ""). `cap` > 0. */
int virt__option_text(const char *name, char *text, size_t cap);

/* The same for an argument of the program, counted from 0. */
int virt__option_argument(size_t index, char *text, size_t cap);

/* Ask QEMU by semihosting: its answer, -1 when it does not listen. */
int virt__ask_host(int operation, void *block);

/* Whether a person may be at that end of the line: true unless the option
 * `input`, or `output`, says "pipe". */
bool virt__input_is_tty(void);
bool virt__output_is_tty(void);

#endif
