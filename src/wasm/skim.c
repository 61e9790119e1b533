/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a body without understanding it. A body that is not valid may be malformed
 * further on, and the specification wants that said instead: "malformed" comes before
 * "invalid". Validation stops at its first fault, so this looks at the rest. */
#include "wasm/translate_impl.h"

#include "microkernel/error.h"

/* What follows an opcode: b block type, u index, i l f d constants, m memory access,
 * t branch table, v types of select, r reference type, z memory index; NULL: no opcode.
 */
static const char *immediates_of(uint8_t opcode) {
    switch (opcode) {
    case 0x02:
    case 0x03:
    case 0x04: return "b";
    case 0x0C:
    case 0x0D:
    case 0x10:
    case 0x12: return "u";
    case 0x0E: return "t";
    case 0x11:
    case 0x13: return "uu";
    case 0x1C: return "v";
    case 0x3F:
    case 0x40: return "z";
    case 0x41: return "i";
    case 0x42: return "l";
    case 0x43: return "f";
    case 0x44: return "d";
    case 0xD0: return "r";
    case 0xD2: return "u";
    default: break;
    }
    if (opcode <= 0x05 || opcode == 0x0B || opcode == 0x0F) return "";
    if (opcode == 0x1A || opcode == 0x1B || opcode == 0xD1) return "";
    if (opcode >= 0x20 && opcode <= 0x26) return "u";
    if (opcode >= 0x28 && opcode <= 0x3E) return "m";
    return opcode >= 0x45 && opcode <= 0xC4 ? "" : NULL;
}

bool wasm__is_opcode(uint8_t opcode) {
    return immediates_of(opcode) != NULL || opcode == 0xFC || opcode == 0xFD;
}

static const char *prefixed_immediates_of(uint32_t number) {
    static const char *const rows[] = {"",  "",   "",  "",   "",  "",   "",  "",  "uz",
                                       "u", "zz", "z", "uu", "u", "uu", "u", "u", "u"};
    return number < sizeof rows / sizeof rows[0] ? rows[number] : NULL;
}

static void skim_immediate(wasm_reader_t *r, char kind, bool has_memories) {
    switch (kind) {
    case 'b': (void)wasm__read_s33(r); return;
    case 'i': (void)wasm__read_s32(r); return;
    case 'l': (void)wasm__read_s64(r); return;
    case 'f': wasm__skip(r, 4); return;
    case 'd': wasm__skip(r, 8); return;
    case 'r': (void)wasm__read_u8(r); return;
    case 'm': {
        uint32_t flags = wasm__read_u32(r);
        if (has_memories && (flags & 0x40) != 0) (void)wasm__read_u32(r);
        (void)wasm__read_u32(r);
        return;
    }
    case 'z':
        if (!has_memories && !r->has_failed && r->at < r->end && r->bytes[r->at] != 0)
            wasm__fail(r, MK_EBADMSG, r->at, "zero byte expected");
        (void)wasm__read_u32(r);
        return;
    case 't': {
        uint32_t count = wasm__read_count(r, UINT32_MAX - 1, "");
        for (uint32_t i = 0; i <= count && !r->has_failed; i++)
            (void)wasm__read_u32(r);
        return;
    }
    case 'v': wasm__skip(r, wasm__read_u32(r)); return;
    default: (void)wasm__read_u32(r);
    }
}

bool wasm__skim_body(const wasm_module_t *module, uint32_t number,
                     wasm_error_t *error) {
    const wasm_body_t *body = &module->bodies[number];
    bool has_memories = (module->features & WASM_MULTI_MEMORY) != 0;
    wasm_reader_t r = {module->bytes, body->body_at, body->body_at + body->body_size,
                       false, error};
    uint32_t groups = wasm__read_u32(&r);
    for (uint32_t i = 0; i < groups && !r.has_failed; i++) {
        (void)wasm__read_u32(&r);
        (void)wasm__read_u8(&r);
    }
    uint32_t depth = 1;
    while (depth > 0 && !r.has_failed) {
        uint32_t begin = r.at;
        uint8_t opcode = wasm__read_u8(&r);
        const char *immediates = opcode == 0xFC
                                     ? prefixed_immediates_of(wasm__read_u32(&r))
                                     : immediates_of(opcode);
        if (r.has_failed) break;
        if (immediates == NULL) {
            wasm__fail(&r, MK_EBADMSG, begin, "illegal opcode 0x%02x",
                       (unsigned)opcode);
            break;
        }
        for (; *immediates != '\0'; immediates++)
            skim_immediate(&r, *immediates, has_memories);
        if (opcode >= 0x02 && opcode <= 0x04) depth++;
        if (opcode == 0x0B) depth--;
    }
    if (!r.has_failed && r.at != r.end)
        wasm__fail(&r, MK_EBADMSG, r.at, "section size mismatch: END opcode expected");
    return !r.has_failed;
}
