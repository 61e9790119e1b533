/* SPDX-License-Identifier: Apache-2.0 */
/* start.S - from reset to virt__start, and from a trap to virt__trap and back.
 *
 * The machine begins here with nothing set up. Traps are caught from the third
 * instruction on, on a stack of their own: a program that has run out of stack can
 * still be told so. mscratch holds the top of that stack, and during a trap the stack
 * pointer of what was interrupted. Traps do not nest.
 *
 * Symbols with two underscores come from the linker script of picolibc. */

    .equ TRAP_STACK_SIZE, 1024
    .equ FRAME_SIZE, 64             /* 16 registers; keeps the stack 16-aligned */

    .section .text.init.enter, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax                 /* gp is not set: nothing may be found through it */
    la      t0, virt__trap_entry
    csrw    mtvec, t0
    csrw    mie, zero
    csrci   mstatus, 8              /* interrupts stay off until virt__start */
    la      t0, virt__trap_stack_top
    csrw    mscratch, t0
    la      gp, __global_pointer$
    .option pop
    la      sp, __stack
    la      tp, __tls_base          /* errno of the C library lives there */

    la      a0, __data_start
    la      a1, __data_source
    la      a2, __data_size
    call    memcpy
    la      a0, __bss_start
    li      a1, 0
    la      a2, __bss_size
    call    memset
    tail    virt__start
    .size _start, . - _start

    .text
    .balign 4                       /* mtvec has no room for the lowest two bits */
    .globl virt__trap_entry
    .type virt__trap_entry, @function
virt__trap_entry:
    csrrw   sp, mscratch, sp
    addi    sp, sp, -FRAME_SIZE
    sw      ra, 0(sp)
    sw      t0, 4(sp)
    sw      t1, 8(sp)
    sw      t2, 12(sp)
    sw      t3, 16(sp)
    sw      t4, 20(sp)
    sw      t5, 24(sp)
    sw      t6, 28(sp)
    sw      a0, 32(sp)
    sw      a1, 36(sp)
    sw      a2, 40(sp)
    sw      a3, 44(sp)
    sw      a4, 48(sp)
    sw      a5, 52(sp)
    sw      a6, 56(sp)
    sw      a7, 60(sp)
    csrr    a0, mcause
    csrr    a1, mepc
    csrr    a2, mtval
    csrr    a3, mscratch
    mv      a4, ra
    call    virt__trap
    lw      ra, 0(sp)
    lw      t0, 4(sp)
    lw      t1, 8(sp)
    lw      t2, 12(sp)
    lw      t3, 16(sp)
    lw      t4, 20(sp)
    lw      t5, 24(sp)
    lw      t6, 28(sp)
    lw      a0, 32(sp)
    lw      a1, 36(sp)
    lw      a2, 40(sp)
    lw      a3, 44(sp)
    lw      a4, 48(sp)
    lw      a5, 52(sp)
    lw      a6, 56(sp)
    lw      a7, 60(sp)
    addi    sp, sp, FRAME_SIZE
    csrrw   sp, mscratch, sp
    mret
    .size virt__trap_entry, . - virt__trap_entry

    /* A fault while a fault is being told: say nothing more, end with code 125. */
    .balign 4
    .globl virt__trap_again
    .type virt__trap_again, @function
virt__trap_again:
    li      t0, 0x100000            /* VIRT_TEST_DEVICE */
    li      t1, (125 << 16) | 0x3333
    sw      t1, 0(t0)
    j       virt__trap_again
    .size virt__trap_again, . - virt__trap_again

    /* int virt__semihost(int operation, void *block): three instructions that mean a
     * question to the debugger. Without one the middle is a trap, caught here: the
     * answer is then -1. Interrupts are off, so nothing else can come this way. */
    .section .text.virt__semihost, "ax", @progbits
    .option push
    .option norvc
    .option norelax
    .balign 32                      /* the three must not straddle a page */
    .globl virt__semihost
    .type virt__semihost, @function
virt__semihost:
    la      t0, no_debugger
    csrrw   t1, mtvec, t0
    slli    x0, x0, 0x1f
    ebreak
    srai    x0, x0, 7
    csrw    mtvec, t1
    ret
no_debugger:
    csrw    mtvec, t1
    li      a0, -1
    ret
    .option pop
    .size virt__semihost, . - virt__semihost

    .bss
    .balign 16
    .space TRAP_STACK_SIZE
virt__trap_stack_top:
