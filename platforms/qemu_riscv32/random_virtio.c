/* SPDX-License-Identifier: Apache-2.0 */
/* random_virtio.c - virtio-rng: QEMU hands over bytes of the host's getrandom(2).
 *
 * The machine has no entropy of its own: an emulated counter and an empty RAM are the
 * same in every run, so nothing is made up here. Without `-device virtio-rng-device`
 * the answer is MK_EIO.
 *
 * One buffer is lent to the device at a time. It answers within microseconds, so the
 * wait sleeps on the timer instead of on an interrupt of its own. A device that has not
 * answered after ANSWER_NS is reset and left alone, because it could write into the
 * buffer later.
 *
 * Source: Virtual I/O Device (VIRTIO) 1.1: 4.2.2 registers, 2.6 split queue, 5.4. */
#include "virt_impl.h"

#include "microkernel/error.h"
#include "port/clock.h"
#include "port/random.h"

#include <string.h>

/* Registers of a slot. */
enum {
    REG_MAGIC = 0x000,   /* "virt" */
    REG_VERSION = 0x004, /* 2; 1 is the legacy interface */
    REG_DEVICE = 0x008,
    REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SELECT = 0x024,
    REG_DEVICE_FEATURES = 0x010,
    REG_DEVICE_FEATURES_SELECT = 0x014,
    REG_QUEUE_SELECT = 0x030,
    REG_QUEUE_LEN_MAX = 0x034,
    REG_QUEUE_LEN = 0x038,
    REG_QUEUE_READY = 0x044,
    REG_QUEUE_NOTIFY = 0x050,
    REG_STATUS = 0x070,
    REG_QUEUE_DESCRIPTORS = 0x080, /* each address: low word, high word */
    REG_QUEUE_AVAILABLE = 0x090,
    REG_QUEUE_USED = 0x0a0
};

enum {
    MAGIC = 0x74726976,
    VERSION = 2,
    DEVICE_ENTROPY = 4,
    STATUS_ACKNOWLEDGE = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
    FEATURE_VERSION_1 = 1,     /* bit 32, the first of the second word */
    DESCRIPTOR_IS_WRITTEN = 2, /* by the device */
    QUEUE_LEN = 2              /* one would do; a power of two is asked for */
};

#define ANSWER_NS UINT64_C(2000000000) /* not even a busy host takes that long */
#define NAP_NS    UINT64_C(50000)      /* between two looks at the answer */

typedef struct {
    uint64_t address;
    uint32_t size;
    uint16_t flags;
    uint16_t next;
} descriptor_t;

typedef struct {
    volatile uint16_t flags;
    volatile uint16_t index; /* buffers ever lent */
    volatile uint16_t ring[QUEUE_LEN];
} available_t;

typedef struct {
    volatile uint16_t flags;
    volatile uint16_t index; /* buffers ever given back */
    struct {
        volatile uint32_t id;
        volatile uint32_t size; /* bytes written */
    } ring[QUEUE_LEN];
} used_t;

typedef enum { DEVICE_UNKNOWN = 0, DEVICE_READY, DEVICE_ABSENT } device_state_t;

static struct {
    device_state_t state;
    uintptr_t slot; /* of a device that is ready */
    volatile descriptor_t descriptors[QUEUE_LEN] __attribute__((aligned(16)));
    available_t available __attribute__((aligned(2)));
    used_t used __attribute__((aligned(4)));
    uint8_t buffer[64]; /* what the device writes to */
} rng;

/* What was written before is seen by the device before what is written after. */
static void order_memory(void) {
    __asm__ volatile("fence iorw, iorw" ::: "memory");
}

static uintptr_t find_slot(void) {
    for (uintptr_t i = 0; i < VIRT_VIRTIO_SLOTS; i++) {
        uintptr_t slot = VIRT_VIRTIO + i * VIRT_VIRTIO_STEP;
        if (virt__read32(slot + REG_MAGIC) == MAGIC &&
            virt__read32(slot + REG_VERSION) == VERSION &&
            virt__read32(slot + REG_DEVICE) == DEVICE_ENTROPY)
            return slot;
    }
    return 0;
}

static void write_address(uintptr_t reg, const volatile void *memory) {
    virt__write32(reg, (uint32_t)(uintptr_t)memory);
    virt__write32(reg + 4, 0);
}

/* Agree on VIRTIO 1 and nothing else. */
static bool settle_features(uintptr_t slot) {
    virt__write32(slot + REG_DEVICE_FEATURES_SELECT, 1);
    if (!(virt__read32(slot + REG_DEVICE_FEATURES) & FEATURE_VERSION_1)) return false;
    virt__write32(slot + REG_DRIVER_FEATURES_SELECT, 0);
    virt__write32(slot + REG_DRIVER_FEATURES, 0);
    virt__write32(slot + REG_DRIVER_FEATURES_SELECT, 1);
    virt__write32(slot + REG_DRIVER_FEATURES, FEATURE_VERSION_1);
    uint32_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK;
    virt__write32(slot + REG_STATUS, status);
    return (virt__read32(slot + REG_STATUS) & STATUS_FEATURES_OK) != 0;
}

static device_state_t open_device(void) {
    uintptr_t slot = find_slot();
    if (slot == 0) return DEVICE_ABSENT;
    virt__write32(slot + REG_STATUS, 0); /* reset */
    virt__write32(slot + REG_STATUS, STATUS_ACKNOWLEDGE);
    virt__write32(slot + REG_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    if (!settle_features(slot)) return DEVICE_ABSENT;
    virt__write32(slot + REG_QUEUE_SELECT, 0);
    if (virt__read32(slot + REG_QUEUE_LEN_MAX) < QUEUE_LEN) return DEVICE_ABSENT;
    virt__write32(slot + REG_QUEUE_LEN, QUEUE_LEN);
    write_address(slot + REG_QUEUE_DESCRIPTORS, rng.descriptors);
    write_address(slot + REG_QUEUE_AVAILABLE, &rng.available);
    write_address(slot + REG_QUEUE_USED, &rng.used);
    virt__write32(slot + REG_QUEUE_READY, 1);
    virt__write32(slot + REG_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER |
                                         STATUS_FEATURES_OK | STATUS_DRIVER_OK);
    rng.slot = slot;
    return DEVICE_READY;
}

/* Interrupts are off from setting the timer to the sleep, so it cannot be missed. */
static void nap(void) {
    uint32_t before = virt__interrupts_off();
    virt__timer_set(port_clock_monotonic_ns() + NAP_NS);
    virt__sleep();
    virt__interrupts_restore(before);
}

/* Let the device fill the buffer: how many bytes of it, 0 when it does not answer. */
static size_t fetch(size_t size) {
    rng.descriptors[0].address = (uintptr_t)rng.buffer;
    rng.descriptors[0].size = (uint32_t)size;
    rng.descriptors[0].flags = DESCRIPTOR_IS_WRITTEN;
    uint16_t lent = rng.available.index;
    rng.available.ring[lent % QUEUE_LEN] = 0;
    order_memory();
    rng.available.index = (uint16_t)(lent + 1);
    order_memory();
    virt__write32(rng.slot + REG_QUEUE_NOTIFY, 0);
    uint64_t give_up_ns = port_clock_monotonic_ns() + ANSWER_NS;
    while (rng.used.index == lent) {
        if (port_clock_monotonic_ns() >= give_up_ns) return 0;
        nap();
    }
    order_memory();
    uint32_t written = rng.used.ring[lent % QUEUE_LEN].size;
    return written < size ? written : size;
}

static void give_up_device(void) {
    virt__write32(rng.slot + REG_STATUS, 0); /* it forgets our memory */
    rng.state = DEVICE_ABSENT;
}

int port_random_fill(void *bytes, size_t size) {
    uint8_t *at = bytes;
    if (rng.state == DEVICE_UNKNOWN) rng.state = open_device();
    for (size_t done = 0; done < size;) {
        size_t piece = size - done;
        if (piece > sizeof rng.buffer) piece = sizeof rng.buffer;
        size_t got = rng.state == DEVICE_READY ? fetch(piece) : 0;
        if (got == 0) {
            if (rng.state == DEVICE_READY) give_up_device();
            memset(bytes, 0, size);
            return MK_EIO;
        }
        memcpy(at + done, rng.buffer, got);
        done += got;
    }
    memset(rng.buffer, 0, sizeof rng.buffer); /* they belong to the caller alone */
    return MK_OK;
}
