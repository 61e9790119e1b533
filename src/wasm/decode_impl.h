/* SPDX-License-Identifier: Apache-2.0 */
/* decode_impl.h - what the decoders of the sections share. After a fault they go on
 * with zeros, or return; who loops looks at `has_failed`. */
#ifndef MK_WASM_DECODE_IMPL_H
#define MK_WASM_DECODE_IMPL_H

#include "wasm/module_impl.h"

#include "microkernel/limits.h"

#define LIMIT(name) (name), #name

/* --- describe.c --- */

void wasm__fail_memory(wasm_reader_t *r);

/* Make `*array` of `have` items one of have + add, the new ones zero. False: failed. */
bool wasm__extend(wasm_reader_t *r, void *array, uint32_t have, uint32_t add,
                  size_t item_size);

uint8_t wasm__read_reference_type(wasm_reader_t *r);
void wasm__read_tabletype(wasm_reader_t *r, wasm_tabletype_t *table);
void wasm__read_memtype(wasm_reader_t *r, wasm_limits_t *limits);
void wasm__read_globaltype(wasm_reader_t *r, wasm_globaltype_t *global);

/* The type section. */
void wasm__decode_types(wasm_loader_t *loader);

/* --- segments.c --- */

/* Code may name this function by ref.func. */
void wasm__declare(wasm_loader_t *loader, uint32_t function);

/* Validate a constant expression that gives one value of `type`. */
void wasm__check_constant(wasm_loader_t *loader, uint8_t type);

/* The sections of that name. */
void wasm__decode_elements(wasm_loader_t *loader);
void wasm__decode_data_count(wasm_loader_t *loader);
void wasm__decode_data(wasm_loader_t *loader);

#endif
