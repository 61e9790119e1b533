/* SPDX-License-Identifier: Apache-2.0 */
/* Ends badly, in several ways. */
#include "mk.h"

__attribute__((noinline)) i32 divide(i32 a, i32 b) {
    return a / b;
}

__attribute__((noinline)) i32 descend(volatile i32 *depth) {
    *depth += 1;
    i32 below = descend(depth);
    return below + *depth;
}

__attribute__((noinline)) i32 work(i32 type, i32 size) {
    volatile i32 depth = 0;
    switch (type) {
    case 1: return divide(size, size - size) + 1;
    case 2: return descend(&depth);
    case 3: return *(volatile i32 *)0x7FFFFFFF;
    case 4: mk_send(1, 1, (const void *)0xFFFFFFF0u, 32); return 1;
    case 5: __builtin_trap();
    case 6:
        for (;;)
            depth++;
    case 7:
        while ((i32)__builtin_wasm_memory_grow(0, 1) >= 0)
            depth++;
        return 1;
    default: return 1;
    }
}

EXPORT i32 handle_message(i32 type, i64 source, const u8 *payload, i32 size) {
    (void)payload;
    i32 result = work(type, size);
    mk_send_u32(source, 300, result);
    return result;
}
