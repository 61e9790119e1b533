/* SPDX-License-Identifier: Apache-2.0 */
// A small bytecode interpreter (switch -> br_table) running a counting loop. n in
// thousands.
#include "common.h"
enum { LDI, ADD, SUB, MUL, XOR, SHR, MOV, INC, JNZ, JLT, HALT, DEC, AND, OR };
static const uint8_t prog[] = {LDI,           1, 3, LDI, 2, 5,  LDI, 3, 0,
                               /* 9: */ ADD,  1, 2, XOR, 2, 1,  MUL, 1, 2, SHR,  2, 1,
                               INC,           3, 0, OR,  1, 3,  AND, 2, 4, MOV,  5, 1,
                               SUB,           5, 2, JLT, 5, 39,
                               /* 39: */ ADD, 6, 5, DEC, 0, 0,  JNZ, 0, 9, HALT, 0, 0};
EXPORT(run) int64_t run(int32_t n) {
    uint32_t r[8] = {0};
    r[0] = (uint32_t)n * 1000;
    r[4] = 0xffffff;
    const uint8_t *p = prog;
    for (;;) {
        uint8_t a = p[1], b = p[2];
        switch (p[0]) {
        case LDI: r[a & 7] = b; break;
        case ADD: r[a & 7] += r[b & 7]; break;
        case SUB: r[a & 7] -= r[b & 7]; break;
        case MUL: r[a & 7] = r[a & 7] * r[b & 7] + 1; break;
        case XOR: r[a & 7] ^= r[b & 7]; break;
        case SHR: r[a & 7] >>= b & 31; break;
        case MOV: r[a & 7] = r[b & 7]; break;
        case INC: r[a & 7]++; break;
        case DEC: r[a & 7]--; break;
        case AND: r[a & 7] &= r[b & 7]; break;
        case OR: r[a & 7] |= r[b & 7]; break;
        case JNZ:
            if (r[a & 7]) {
                p = prog + b;
                continue;
            }
            break;
        case JLT:
            if ((int32_t)r[a & 7] < 0) {
                p = prog + b;
                continue;
            }
            break;
        case HALT: return (int64_t)r[6] << 32 | r[1];
        }
        p += 3;
    }
}
