/* SPDX-License-Identifier: Apache-2.0 */
/* module_cache.c - a part of the runtime holds the lists; codes and bounds hold
 * themselves, by their users. Equal bytes are compared whole: the checksum only finds
 * the candidate.
 */
#include "wasm_actor/module_cache.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/crc32.h"
#include "kernel/part.h"
#include "microkernel/caps.h"
#include "microkernel/error.h"
#include "microkernel/wasm_actor.h"

#include <string.h>

typedef struct {
    part_t part;
    list_node_t codes;  /* code_t.node */
    list_node_t bounds; /* bounds_t.node */
} cache_t;

/* Codes that factories still use live on, alone. */
static void destroy(part_t *part, runtime_t *rt) {
    (void)rt;
    cache_t *cache = MK_CONTAINER_OF(part, cache_t, part);
    while (!list_is_empty(&cache->codes))
        list_remove(cache->codes.next);
    while (!list_is_empty(&cache->bounds))
        list_remove(cache->bounds.next);
    mk_free(cache);
}

static const part_ops_t cache_ops = {NULL, NULL, destroy};

static cache_t *find_cache(runtime_t *rt) {
    part_t *part = part_find(rt, &cache_ops);
    return part != NULL ? MK_CONTAINER_OF(part, cache_t, part) : NULL;
}

static cache_t *get_cache(runtime_t *rt) {
    cache_t *cache = find_cache(rt);
    if (cache != NULL) return cache;
    cache = mk_calloc(1, sizeof *cache);
    if (cache == NULL) return NULL;
    if (caps_announce(rt, "wasm", "true") < 0) {
        mk_free(cache);
        return NULL;
    }
    list_init(&cache->codes);
    list_init(&cache->bounds);
    part_attach(rt, &cache->part, &cache_ops);
    return cache;
}

int wasm_actors_announce(runtime_t *rt) {
    if (rt == NULL) return MK_EINVAL;
    return get_cache(rt) != NULL ? MK_OK : MK_ENOMEM;
}

size_t code_count(runtime_t *rt) {
    cache_t *cache = find_cache(rt);
    size_t count = 0;
    if (cache == NULL) return 0;
    for (list_node_t *at = cache->codes.next; at != &cache->codes; at = at->next)
        count++;
    return count;
}

static int fail(wasm_error_t *error, int code, const char *text) {
    *error = (wasm_error_t){
        .code = code, .offset = WASM_NOWHERE, .function = WASM_NOWHERE, .section = ""};
    size_t size = strlen(text);
    memcpy(error->text, text,
           size < sizeof error->text ? size + 1 : sizeof error->text);
    error->text[sizeof error->text - 1] = '\0';
    return code;
}

/* An exported function of this signature, or WASM_NOWHERE. */
static uint32_t find_function(const wasm_module_t *module, const char *name,
                              const char *signature) {
    uint32_t index;
    if (!wasm_export_find(module, text_of(name), WASM_FUNCTION, &index))
        return WASM_NOWHERE;
    wasm_signature_t actual = wasm_function_signature(module, index);
    return wasm_signature_is(&actual, signature) ? index : WASM_NOWHERE;
}

static uint32_t find_global(const wasm_module_t *module, const char *name) {
    uint32_t index;
    return wasm_export_find(module, text_of(name), WASM_GLOBAL, &index) ? index
                                                                        : WASM_NOWHERE;
}

static int find_exports(code_t *code, wasm_error_t *error) {
    const wasm_module_t *module = code->module;
    uint32_t index;
    if (!wasm_export_find(module, text_of("handle_message"), WASM_FUNCTION, &index))
        return fail(error, MK_EINVAL, "no function 'handle_message' is exported");
    code->handle_message = find_function(module, "handle_message", "iIii:i");
    if (code->handle_message == WASM_NOWHERE)
        return fail(error, MK_EINVAL,
                    "the exported 'handle_message' is not (i32, i64, i32, i32) -> i32");
    code->initialize = find_function(module, "_initialize", ":");
    code->upgrade = find_function(module, "mk_upgrade", "i:");
    if (code->upgrade == WASM_NOWHERE)
        code->upgrade = find_function(module, "mk_upgrade", "i:i");
    code->malloc = find_function(module, "malloc", "i:i");
    code->free = find_function(module, "free", "i:");
    if (code->malloc == WASM_NOWHERE || code->free == WASM_NOWHERE)
        code->malloc = code->free = WASM_NOWHERE;
    code->heap_base = find_global(module, "__heap_base");
    code->version = find_global(module, "mk_version");
    return MK_OK;
}

static void end(code_t *code) {
    wasm_module_release(code->module);
    mk_free(code->bytes);
    mk_free(code);
}

static code_t *load(const void *bytes, size_t size, wasm_error_t *error) {
    static const wasm_load_options_t options = {.features = WASM_ALL_FEATURES,
                                                .borrows_bytes = true};
    code_t *code = mk_calloc(1, sizeof *code);
    uint8_t *copy = code != NULL ? mk_alloc(size) : NULL;
    if (copy == NULL) {
        mk_free(code);
        fail(error, MK_ENOMEM, "out of memory");
        return NULL;
    }
    if (size > 0) memcpy(copy, bytes, size);
    list_init(&code->node);
    code->bytes = copy;
    code->size = size;
    code->users = 1;
    if (wasm_module_load(copy, size, &options, &code->module, error) < 0 ||
        find_exports(code, error) < 0) {
        end(code);
        return NULL;
    }
    return code;
}

code_t *code_load(runtime_t *rt, const void *bytes, size_t size, wasm_error_t *error) {
    if (rt == NULL) return load(bytes, size, error);
    cache_t *cache = get_cache(rt);
    if (cache == NULL) {
        fail(error, MK_ENOMEM, "out of memory");
        return NULL;
    }
    uint32_t crc = crc32_add(0, bytes, size);
    for (list_node_t *at = cache->codes.next; at != &cache->codes; at = at->next) {
        code_t *code = MK_CONTAINER_OF(at, code_t, node);
        if (code->crc == crc && code->size == size &&
            memcmp(code->bytes, bytes, size) == 0)
            return code_retain(code);
    }
    code_t *code = load(bytes, size, error);
    if (code == NULL) return NULL;
    code->crc = crc;
    list_insert_before(&cache->codes, &code->node);
    return code;
}

code_t *code_retain(code_t *code) {
    code->users++;
    return code;
}

void code_release(code_t *code) {
    if (code == NULL || --code->users > 0) return;
    list_remove(&code->node);
    end(code);
}

/* --- bounds --- */

static bool are_equal(const bounds_t *a, const bounds_t *b) {
    return a->grants == b->grants && a->memory_pages == b->memory_pages &&
           a->stack_bytes == b->stack_bytes && a->children == b->children &&
           a->sends == b->sends && a->fuel == b->fuel && a->may_wait == b->may_wait;
}

bounds_t *bounds_share(runtime_t *rt, const bounds_t *wanted) {
    cache_t *cache = rt != NULL ? get_cache(rt) : NULL;
    if (rt != NULL && cache == NULL) return NULL;
    if (cache != NULL)
        for (list_node_t *at = cache->bounds.next; at != &cache->bounds;
             at = at->next) {
            bounds_t *bounds = MK_CONTAINER_OF(at, bounds_t, node);
            if (are_equal(bounds, wanted)) return bounds_retain(bounds);
        }
    bounds_t *bounds = mk_alloc(sizeof *bounds);
    if (bounds == NULL) return NULL;
    *bounds = *wanted;
    bounds->users = 1;
    list_init(&bounds->node);
    if (cache != NULL) list_insert_before(&cache->bounds, &bounds->node);
    return bounds;
}

bounds_t *bounds_retain(bounds_t *bounds) {
    bounds->users++;
    return bounds;
}

void bounds_release(bounds_t *bounds) {
    if (bounds == NULL || --bounds->users > 0) return;
    list_remove(&bounds->node);
    mk_free(bounds);
}
