/* SPDX-License-Identifier: Apache-2.0 */
/* trap.c - interrupts, faults, and the protection of the stack's end.
 *
 * Two interrupts exist: the timer, and through the PLIC the UART. Both handlers only
 * note that something happened; the work is done by who waits in poller_wfi.c.
 *
 * A fault ends the program. Its registers are written straight to the UART, without
 * the C library, which may be what has failed.
 *
 * The lowest STACK_GUARD bytes of the stack are closed by a locked entry of the
 * physical memory protection, which binds machine mode too: growing into the heap
 * becomes a fault with a name instead of damage found much later. */
#include "virt_impl.h"

#include <stdlib.h>
#include <string.h>

#define INTERRUPT_TIMER    0x80000007u
#define INTERRUPT_EXTERNAL 0x8000000bu

#define PLIC_PRIORITY(irq) (VIRT_PLIC + 4u * (irq))
#define PLIC_ENABLE        (VIRT_PLIC + 0x2000u)   /* hart 0, machine mode */
#define PLIC_THRESHOLD     (VIRT_PLIC + 0x200000u) /* the same */
#define PLIC_CLAIM         (VIRT_PLIC + 0x200004u) /* the same */

#define MIE_TIMER    0x80u
#define MIE_EXTERNAL 0x800u

/* A frame of up to this size cannot step over the guard unseen; a larger one does not
 * compile (-Wframe-larger-than in CMakeLists.txt). */
enum { STACK_GUARD = 8192 };

/* From the address of the entry before to this one's; no rights; locked. */
#define PMP_LOCKED_TOR 0x88u

extern char __heap_end[]; /* the linker's: the stack begins here and grows to here */
extern void virt__trap_again(void);
int main(void);

static void guard_stack_end(void) {
    uint32_t begin = (uint32_t)(uintptr_t)__heap_end;
    __asm__ volatile("csrw pmpaddr0, %0" ::"r"(begin >> 2));
    __asm__ volatile("csrw pmpaddr1, %0" ::"r"((begin + STACK_GUARD) >> 2));
    __asm__ volatile("csrw pmpcfg0, %0" ::"r"(PMP_LOCKED_TOR << 8));
}

static void enable_interrupts(void) {
    virt__timer_set(UINT64_MAX);
    virt__write32(PLIC_PRIORITY(VIRT_UART_IRQ), 1);
    virt__write32(PLIC_ENABLE, 1u << VIRT_UART_IRQ);
    virt__write32(PLIC_THRESHOLD, 0);
    __asm__ volatile("csrw mie, %0" ::"r"(MIE_TIMER | MIE_EXTERNAL));
    virt__interrupts_restore(VIRT_MSTATUS_MIE);
}

void virt__start(void) {
    guard_stack_end();
    virt__uart_init();
    enable_interrupts();
    exit(main());
}

/* --- faults --- */

static const char *const fault_names[] = {
    "instruction address misaligned",
    "instruction access fault",
    "illegal instruction",
    "breakpoint",
    "load address misaligned",
    "load access fault",
    "store address misaligned",
    "store access fault",
    "environment call (user)",
    "environment call (supervisor)",
    "reserved",
    "environment call",
};

static void print_text(const char *text) {
    virt__uart_print(text, strlen(text));
}

static void print_hex(const char *label, uint32_t value) {
    char digits[8];
    for (size_t i = 0; i < sizeof digits; i++)
        digits[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15u];
    print_text(label);
    virt__uart_print(digits, sizeof digits);
}

static bool is_in_guard(uint32_t address) {
    return address - (uint32_t)(uintptr_t)__heap_end < STACK_GUARD;
}

static _Noreturn void end_in_fault(uint32_t cause, uint32_t pc, uint32_t value,
                                   uint32_t sp, uint32_t ra) {
    __asm__ volatile("csrw mtvec, %0" ::"r"(virt__trap_again));
    size_t known = sizeof fault_names / sizeof fault_names[0];
    print_text("\ntrap: ");
    print_text(cause < known ? fault_names[cause] : "unknown cause");
    if (is_in_guard(value) || is_in_guard(sp)) print_text(" (the stack is used up)");
    print_hex("\n  cause ", cause);
    print_hex("  pc ", pc);
    print_hex("  address ", value);
    print_hex("\n  ra    ", ra);
    print_hex("  sp ", sp);
    print_text("\n");
    virt__exit(VIRT_EXIT_TRAP);
}

static void handle_external(void) {
    uint32_t irq;
    while ((irq = virt__read32(PLIC_CLAIM)) != 0) {
        if (irq == VIRT_UART_IRQ) virt__uart_handle();
        virt__write32(PLIC_CLAIM, irq); /* done: it may come again */
    }
}

void virt__trap(uint32_t cause, uint32_t pc, uint32_t value, uint32_t sp, uint32_t ra) {
    switch (cause) {
    case INTERRUPT_TIMER: virt__timer_handle(); break;
    case INTERRUPT_EXTERNAL: handle_external(); break;
    default: end_in_fault(cause, pc, value, sp, ra);
    }
}
