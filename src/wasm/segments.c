/* SPDX-License-Identifier: Apache-2.0 */
/* What tables and memories begin with: constant expressions, element and data segments.
 */
#include "wasm/decode_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"

/* --- constant expressions --------------------------------------------------------- */

void wasm__declare(wasm_loader_t *loader, uint32_t function) {
    if (loader->reader.has_failed) return;
    if (loader->declared == NULL) {
        loader->declared = mk_calloc(loader->module->function_count / 8 + 1, 1);
        if (loader->declared == NULL) {
            wasm__fail_memory(&loader->reader);
            return;
        }
    }
    loader->declared[function / 8] |= (uint8_t)(1u << function % 8);
}

/* The type that one instruction of a constant expression pushes; 0 for arithmetic on
 * `*operand`, which pops two of that type and pushes one. */
static uint8_t read_constant(wasm_loader_t *loader, uint8_t opcode, uint32_t begin,
                             uint8_t *operand) {
    wasm_reader_t *r = &loader->reader;
    const wasm_module_t *module = loader->module;
    switch (opcode) {
    case 0x41: wasm__read_s32(r); return WASM_I32;
    case 0x42: wasm__read_s64(r); return WASM_I64;
    case 0x43: wasm__read_f32(r); return WASM_F32;
    case 0x44: wasm__read_f64(r); return WASM_F64;
    case 0x23: {
        uint32_t index = wasm__read_index(r, module->imported_globals, "global");
        if (r->has_failed) return WASM_I32;
        if (module->globals[index].is_mutable)
            wasm__fail(r, MK_EINVAL, begin,
                       "constant expression required: global %u is mutable",
                       (unsigned)index);
        return module->globals[index].type;
    }
    case 0xD0: return wasm__read_reference_type(r);
    case 0xD2:
        wasm__declare(loader, wasm__read_index(r, module->function_count, "function"));
        return WASM_FUNCREF;
    case 0x6A:
    case 0x6B:
    case 0x6C: *operand = WASM_I32; break;
    case 0x7C:
    case 0x7D:
    case 0x7E: *operand = WASM_I64; break;
    default: *operand = 0;
    }
    if (*operand == 0 || (module->features & WASM_EXTENDED_CONST) == 0) {
        *operand = 0;
        if (wasm__is_opcode(opcode))
            wasm__fail(r, MK_EINVAL, begin,
                       "constant expression required, opcode 0x%02x found",
                       (unsigned)opcode);
        else
            wasm__fail(r, MK_EBADMSG, begin, "illegal opcode 0x%02x", (unsigned)opcode);
    }
    return 0;
}

void wasm__check_constant(wasm_loader_t *loader, uint8_t type) {
    wasm_reader_t *r = &loader->reader;
    uint8_t stack[MK_WASM_CONSTANT_DEPTH];
    unsigned depth = 0;
    while (!r->has_failed) {
        uint32_t begin = r->at;
        uint8_t opcode = wasm__read_u8(r);
        if (opcode == 0x0B) {
            if (depth != 1 || stack[0] != type)
                wasm__fail(r, MK_EINVAL, begin,
                           "type mismatch: constant expression must give one %s",
                           wasm_type_name((wasm_type_t)type));
            return;
        }
        uint8_t operand = 0;
        uint8_t pushed = read_constant(loader, opcode, begin, &operand);
        if (r->has_failed) return;
        if (operand != 0) {
            if (depth < 2 || stack[depth - 1] != operand || stack[depth - 2] != operand)
                wasm__fail(r, MK_EINVAL, begin, "type mismatch: two %s wanted",
                           wasm_type_name((wasm_type_t)operand));
            else
                depth--;
        } else if (depth == MK_WASM_CONSTANT_DEPTH) {
            wasm__fail(r, MK_ELIMIT, begin,
                       "constant expression deeper than MK_WASM_CONSTANT_DEPTH (%u)",
                       (unsigned)MK_WASM_CONSTANT_DEPTH);
        } else {
            stack[depth++] = pushed;
        }
    }
}

/* --- segments --------------------------------------------------------------------- */

static void decode_element(wasm_loader_t *loader, wasm_segment_t *segment) {
    wasm_reader_t *r = &loader->reader;
    const wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t flags = wasm__read_u32(r);
    if (flags > 7) {
        wasm__fail(r, MK_EBADMSG, begin, "malformed elements segment kind %u",
                   (unsigned)flags);
        return;
    }
    bool is_active = (flags & 1) == 0;
    segment->mode = is_active          ? SEGMENT_ACTIVE
                    : (flags & 2) != 0 ? SEGMENT_DECLARED
                                       : SEGMENT_PASSIVE;
    segment->has_exprs = (flags & 4) != 0;
    segment->type = WASM_FUNCREF;
    if (is_active) {
        uint32_t at = r->at;
        segment->target = (flags & 2) != 0 ? wasm__read_u32(r) : 0;
        if (segment->target >= module->table_count)
            wasm__fail(r, MK_EINVAL, at, "unknown table %u", (unsigned)segment->target);
        segment->offset_at = r->at;
        wasm__check_constant(loader, WASM_I32);
    }
    if ((flags & 3) != 0) {
        uint32_t at = r->at;
        if (segment->has_exprs)
            segment->type = wasm__read_reference_type(r);
        else if (wasm__read_u8(r) != 0)
            wasm__fail(r, MK_EBADMSG, at, "malformed element kind");
    }
    if (r->has_failed) return;
    if (is_active && module->tables[segment->target].type != segment->type)
        wasm__fail(
            r, MK_EINVAL, begin, "type mismatch: segment of %s for table %u of %s",
            wasm_type_name((wasm_type_t)segment->type), (unsigned)segment->target,
            wasm_type_name((wasm_type_t)module->tables[segment->target].type));
    segment->count = wasm__read_count(r, UINT32_MAX, "");
    segment->items_at = r->at;
    for (uint32_t i = 0; i < segment->count && !r->has_failed; i++) {
        if (segment->has_exprs)
            wasm__check_constant(loader, segment->type);
        else
            wasm__declare(loader,
                          wasm__read_index(r, module->function_count, "function"));
    }
}

void wasm__decode_elements(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (!wasm__extend(r, &module->elements, 0, count, sizeof *module->elements)) return;
    module->element_count = count;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        decode_element(loader, &module->elements[i]);
}

void wasm__decode_data_count(wasm_loader_t *loader) {
    loader->declared_data = wasm__read_u32(&loader->reader);
}

static void decode_data_segment(wasm_loader_t *loader, wasm_segment_t *segment) {
    wasm_reader_t *r = &loader->reader;
    const wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t flags = wasm__read_u32(r);
    if (flags > 2) {
        wasm__fail(r, MK_EBADMSG, begin, "malformed data segment kind %u",
                   (unsigned)flags);
        return;
    }
    segment->mode = flags == 1 ? SEGMENT_PASSIVE : SEGMENT_ACTIVE;
    if (flags != 1) {
        uint32_t at = r->at;
        segment->target = flags == 2 ? wasm__read_u32(r) : 0;
        if (segment->target >= module->memory_count)
            wasm__fail(r, MK_EINVAL, at, "unknown memory %u",
                       (unsigned)segment->target);
        segment->offset_at = r->at;
        wasm__check_constant(loader, WASM_I32);
    }
    segment->count = wasm__read_u32(r);
    segment->items_at = r->at;
    wasm__skip(r, segment->count);
}

void wasm__decode_data(wasm_loader_t *loader) {
    wasm_reader_t *r = &loader->reader;
    wasm_module_t *module = loader->module;
    uint32_t begin = r->at;
    uint32_t count = wasm__read_count(r, LIMIT(MK_WASM_ITEMS));
    if (loader->declared_data != WASM_NOWHERE && loader->declared_data != count)
        wasm__fail(r, MK_EBADMSG, begin,
                   "data count and data section have inconsistent lengths (%u and %u)",
                   (unsigned)loader->declared_data, (unsigned)count);
    if (!wasm__extend(r, &module->data, 0, count, sizeof *module->data)) return;
    module->data_count = count;
    for (uint32_t i = 0; i < count && !r->has_failed; i++)
        decode_data_segment(loader, &module->data[i]);
}
