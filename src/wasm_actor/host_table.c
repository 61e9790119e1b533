/* SPDX-License-Identifier: Apache-2.0 */
/* host_table.c - which functions there are, who may import them, and guest memory. */
#include "wasm_actor/host.h"

#include "base/writer.h"
#include "microkernel/error.h"

typedef struct {
    const char *name;
    const char *signature;
    wasm_host_fn function;
    unsigned grant;
    uint32_t fuel;
} host_row_t;

static const host_row_t rows[] = {
#define HOST_FUNCTION(name, signature, grant, fuel, meaning)                           \
    {#name, signature, host__##name, WASM_GRANT_##grant, fuel},
#include "wasm_actor/host_table.def"
#undef HOST_FUNCTION
};

static const struct {
    const char *name;
    unsigned grants;
} grants[] = {
    {"messages", WASM_GRANT_MESSAGES}, {"time", WASM_GRANT_TIME},
    {"log", WASM_GRANT_LOG},           {"state", WASM_GRANT_STATE},
    {"spawn", WASM_GRANT_SPAWN},       {"files", WASM_GRANT_FILES},
    {"network", WASM_GRANT_NETWORK},   {"hardware", WASM_GRANT_HARDWARE},
    {"all", WASM_GRANT_ALL},           {"default", WASM_GRANT_DEFAULT},
};

unsigned wasm_grant_find(const char *name, size_t size) {
    for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++)
        if (text_is(text_make(name, size), grants[i].name)) return grants[i].grants;
    return 0;
}

static const char *name_of(unsigned grant) {
    for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++)
        if (grants[i].grants == grant) return grants[i].name;
    return "?";
}

static const host_row_t *find_row(text_t name) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text_is(name, rows[i].name)) return &rows[i];
    return NULL;
}

static int refuse(wasm_error_t *error, int code, const wasm_import_t *import,
                  const char *before, const char *after) {
    mk_writer_t w;
    writer_init(&w, error->text, sizeof error->text);
    writer_str(&w, "import '");
    writer_escaped(&w, import->module);
    writer_str(&w, ".");
    writer_escaped(&w, import->name);
    writer_str(&w, before);
    writer_str(&w, after);
    return code;
}

int host__resolve(void *arg, const wasm_import_t *import, wasm_extern_t *found,
                  wasm_error_t *error) {
    const bounds_t *bounds = arg;
    const host_row_t *row = NULL;
    if (import->kind == WASM_FUNCTION && text_is(import->module, "env"))
        row = find_row(import->name);
    if (row == NULL) return refuse(error, MK_ENOENT, import, "' does not exist", "");
    if ((bounds->grants & row->grant) == 0) {
        char after[32];
        mk_writer_t w;
        writer_init(&w, after, sizeof after);
        writer_format(&w, "%s'", name_of(row->grant));
        return refuse(error, MK_EPERM, import, "' needs the grant '", after);
    }
    *found = (wasm_extern_t){
        .host = row->function, .signature = row->signature, .fuel = row->fuel};
    return MK_OK;
}

/* --- guest memory --- */

enum { PAGE_BYTES = 65536 };

bool host__check(wasm_host_call_t *call, uint32_t address, uint64_t size) {
    if (size == 0) return true;
    wasm_instance_t *instance = call->instance;
    uint64_t all = (uint64_t)wasm_memory_pages(instance, 0) * PAGE_BYTES;
    if (size > all || address > all - size) {
        (void)wasm_host_trap(call, "pointer outside memory");
        return false;
    }
    /* The whole memory can be 2^32 bytes, which the engine's size cannot say. */
    if (size <= UINT32_MAX &&
        wasm_memory_at(instance, 0, address, (uint32_t)size) != NULL)
        return true;
    host__actor(call)->lacks_memory = true;
    (void)wasm_host_trap(call, "out of memory");
    return false;
}

void host__put_u32(wasm_instance_t *instance, uint32_t address, uint32_t value) {
    uint8_t *bytes = address != 0 ? host__at(instance, address, 4) : NULL;
    if (bytes == NULL) return;
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

void host__put_u64(wasm_instance_t *instance, uint32_t address, uint64_t value) {
    uint8_t *bytes = address != 0 ? host__at(instance, address, 8) : NULL;
    if (bytes == NULL) return;
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

bool host__text(wasm_instance_t *instance, uint32_t address, uint32_t size, char *text,
                size_t cap) {
    if (size >= cap) return false;
    memcpy(text, host__at(instance, address, size), size);
    text[size] = '\0';
    return memchr(text, '\0', size) == NULL;
}

bool host__may_suspend(wasm_host_call_t *call) {
    if (!host__actor(call)->is_trial) return true;
    (void)wasm_host_trap(call, "it must not wait while it is loaded");
    return false;
}
