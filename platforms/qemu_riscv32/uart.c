/* SPDX-License-Identifier: Apache-2.0 */
/* uart.c - the 16550A: receives by interrupt into a ring, sends byte by byte.
 *
 * Nothing that was received is dropped here: when the ring is full the receive
 * interrupt is switched off and bytes stay in the device, which makes QEMU hold back
 * the sender; reading switches it on again. There is no ring for sending: when the
 * device takes no more, who has more sleeps until its interrupt, as for any other
 * readiness. Only last words poll: the interrupts may be what has failed.
 *
 * The device's FIFOs stay off, as they are after a reset: switching them on would empty
 * the receiver, and with it lose the first byte of what was piped in before the boot.
 *
 * Invariants: 1. Only the interrupt handler moves `head`, and only virt__uart_read
 * moves `tail`; both count on and wrap by themselves. 2. `ier` is what the device's
 * interrupt enable register holds; it is changed with interrupts off. */
#include "virt_impl.h"

/* Registers of the 16550A, one byte each (National PC16550D data sheet, table II). */
#define UART_DATA (VIRT_UART + 0u) /* received, to send; divisor low with DLAB */
#define UART_IER  (VIRT_UART + 1u) /* interrupts wanted; divisor high with DLAB */
#define UART_IIR  (VIRT_UART + 2u) /* read: which interrupt */
#define UART_LCR  (VIRT_UART + 3u)
#define UART_MCR  (VIRT_UART + 4u)
#define UART_LSR  (VIRT_UART + 5u)

#define IER_RECEIVED 0x01u
#define IER_ROOM     0x02u
#define LCR_8N1      0x03u
#define LCR_DLAB     0x80u
#define MCR_LOOP     0x10u
#define MCR_OUT2     0x08u /* lets interrupts out of the chip on PC boards */
#define LSR_RECEIVED 0x01u
#define LSR_OVERRUN  0x02u
#define LSR_ROOM     0x20u /* takes a byte */

enum { RING_SIZE = 1024 }; /* a power of two; a pasted screenful waits here */

static struct {
    volatile uint32_t head;     /* bytes ever received */
    volatile uint32_t tail;     /* bytes ever read; head - tail <= RING_SIZE */
    volatile uint32_t overruns; /* times the device lost bytes */
    uint8_t ier;                /* interrupts wanted */
    bool has_sent_return;       /* the last byte sent was '\r' */
    volatile uint8_t ring[RING_SIZE];
} uart;

/* Interrupts are off. */
static void set_ier(uint8_t ier) {
    if (uart.ier == ier) return;
    uart.ier = ier;
    virt__write8(UART_IER, ier);
}

void virt__uart_init(void) {
    virt__write8(UART_IER, 0);
    virt__write8(UART_LCR, LCR_DLAB);
    virt__write8(UART_DATA, 1); /* as fast as it goes; QEMU does not care */
    virt__write8(UART_IER, 0);
    virt__write8(UART_LCR, LCR_8N1);
    virt__write8(UART_MCR, MCR_OUT2);
    uint32_t before = virt__interrupts_off();
    set_ier(IER_RECEIVED);
    virt__interrupts_restore(before);
}

/* Reads the line status. Reading clears the error bits, so they are counted here. */
static uint8_t read_status(void) {
    uint8_t status = virt__read8(UART_LSR);
    if (status & LSR_OVERRUN) uart.overruns = uart.overruns + 1;
    return status;
}

void virt__uart_handle(void) {
    (void)virt__read8(UART_IIR); /* acknowledges the interrupt for room */
    while (read_status() & LSR_RECEIVED) {
        uint32_t head = uart.head;
        if (head - uart.tail == RING_SIZE) {
            set_ier(uart.ier & (uint8_t)~IER_RECEIVED);
            break;
        }
        uart.ring[head % RING_SIZE] = virt__read8(UART_DATA);
        uart.head = head + 1;
    }
    /* Who waits for room has been woken by this; it asks again if it has to. */
    set_ier(uart.ier & (uint8_t)~IER_ROOM);
}

bool virt__uart_has_input(void) {
    return uart.head != uart.tail;
}

int virt__uart_peek(void) {
    uint32_t tail = uart.tail;
    return uart.head != tail ? uart.ring[tail % RING_SIZE] : -1;
}

size_t virt__uart_read(uint8_t *bytes, size_t cap) {
    uint32_t tail = uart.tail;
    size_t size = uart.head - tail;
    if (size > cap) size = cap;
    for (size_t i = 0; i < size; i++)
        bytes[i] = uart.ring[tail++ % RING_SIZE];
    uart.tail = tail;
    uint32_t before = virt__interrupts_off();
    set_ier(uart.ier | IER_RECEIVED);
    virt__interrupts_restore(before);
    return size;
}

bool virt__uart_has_room(void) {
    uint32_t before = virt__interrupts_off();
    bool has_room = (read_status() & LSR_ROOM) != 0;
    virt__interrupts_restore(before);
    return has_room;
}

size_t virt__uart_write(const uint8_t *bytes, size_t size, bool is_tty) {
    size_t done = 0;
    while (done < size && virt__uart_has_room()) {
        bool needs_return = is_tty && bytes[done] == '\n' && !uart.has_sent_return;
        uint8_t byte = needs_return ? '\r' : bytes[done++];
        virt__write8(UART_DATA, byte);
        uart.has_sent_return = byte == '\r';
    }
    return done;
}

void virt__uart_tell_room(bool is_wanted) {
    uint32_t before = virt__interrupts_off();
    uint8_t ier = uart.ier & (uint8_t)~IER_ROOM;
    if (is_wanted) ier |= IER_ROOM;
    set_ier(ier);
    virt__interrupts_restore(before);
}

void virt__uart_await_room(void) {
    uint32_t before = virt__interrupts_off();
    while ((read_status() & LSR_ROOM) == 0) {
        set_ier(uart.ier | IER_ROOM);
        virt__sleep();
        virt__interrupts_restore(before); /* here the handler runs */
        (void)virt__interrupts_off();
    }
    virt__interrupts_restore(before);
}

void virt__uart_print(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        while (!virt__uart_has_room()) {
        }
        virt__write8(UART_DATA, (uint8_t)bytes[i]);
    }
}

uint32_t virt__uart_overruns(void) {
    return uart.overruns;
}

void virt__uart_set_loopback(bool is_on) {
    virt__write8(UART_MCR, is_on ? MCR_OUT2 | MCR_LOOP : MCR_OUT2);
}
