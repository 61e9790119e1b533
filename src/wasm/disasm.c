/* SPDX-License-Identifier: Apache-2.0 */
/* Our code as text, for tools and tests. */
#include "wasm/code.h"
#include "wasm/translate_impl.h"

#include "base/writer.h"
#include "microkernel/error.h"

/* Here, so that programs that print no code do not hold the names. */
static const char *const op_names[OP_COUNT] = {
#define OP(name, layout) #name,
#include "wasm/code.def"
#undef OP
};

static void write_field(mk_writer_t *w, char kind, const uint16_t *unit,
                        uint32_t position) {
    switch (kind) {
    case 'd':
    case 's': writer_format(w, " s%u", (unsigned)unit[0]); return;
    case 'D':
    case 'S': writer_format(w, " S%u", (unsigned)unit[0]); return;
    case 'w': writer_format(w, " %d", (int)(int32_t)wasm__get32(unit)); return;
    case 'j':
        writer_format(w, " ->%u", (unsigned)(position + wasm__get32(unit)));
        return;
    case 'q':
        writer_str(w, " 0x");
        writer_hex(w, wasm__get32(unit) | (uint64_t)wasm__get32(unit + 2) << 32, 1);
        return;
    default: writer_format(w, " %u", (unsigned)unit[0]);
    }
}

static uint32_t field_size(char kind) {
    return kind == 'q' ? 4 : kind == 'w' || kind == 'j' ? 2 : 1;
}

static void write_instruction(mk_writer_t *w, const uint16_t *code, uint32_t position) {
    uint32_t at = position + 1;
    writer_format(w, "%u: %s", (unsigned)position, op_names[code[position]]);
    for (const char *c = wasm__op_layouts[code[position]]; *c != '\0'; c++) {
        if (*c == 'T') {
            uint32_t count = wasm__get32(code + at - 2) + 1;
            for (uint32_t i = 0; i < count; i++, at += 2)
                write_field(w, 'j', code + at, at);
        } else {
            write_field(w, *c, code + at, at);
            at += field_size(*c);
        }
    }
}

int wasm_disassemble(wasm_module_t *module, uint32_t function, wasm_line_fn print,
                     void *arg) {
    if (function < module->imported_functions || function >= module->function_count)
        return MK_ENOENT;
    uint32_t body = function - module->imported_functions;
    int result = wasm__translate(module, body);
    if (result != MK_OK) return result;
    const uint16_t *code = module->code + module->entries[body];
    uint32_t size = wasm__code_size(module, body);
    char line[160];
    mk_writer_t w;
    for (uint32_t at = CODE_HEADER; at < size; at += wasm__op_size(code + at)) {
        writer_init(&w, line, sizeof line);
        write_instruction(&w, code, at);
        print(arg, line);
    }
    return MK_OK;
}
