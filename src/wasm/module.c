/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a module, what can be asked of it, and its block of code. */
#include "wasm/translate_impl.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"

#include <string.h>

const char *wasm_type_name(wasm_type_t type) {
    switch (type) {
    case WASM_I32: return "i32";
    case WASM_I64: return "i64";
    case WASM_F32: return "f32";
    case WASM_F64: return "f64";
    case WASM_FUNCREF: return "funcref";
    case WASM_EXTERNREF: return "externref";
    }
    return "?";
}

const char *wasm_kind_name(wasm_kind_t kind) {
    static const char *const names[] = {"function", "table", "memory", "global"};
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}

void wasm_error_sentence(const wasm_error_t *error, char *text, size_t cap) {
    mk_writer_t w;
    writer_init(&w, text, cap);
    writer_escaped(&w, text_of(error->text));
    const char *before = " (";
    if (error->offset != WASM_NOWHERE) {
        writer_format(&w, "%sbyte %u", before, (unsigned)error->offset);
        before = ", ";
    }
    if (error->section != NULL && error->section[0] != '\0') {
        writer_format(&w, "%s%s section", before, error->section);
        before = ", ";
    }
    if (error->function != WASM_NOWHERE) {
        writer_format(&w, "%sfunction %u", before, (unsigned)error->function);
        before = ", ";
    }
    if (before[0] == ',') writer_char(&w, ')');
}

/* --- loading ---------------------------------------------------------------------- */

static void free_module(wasm_module_t *module) {
    mk_free(module->types);
    mk_free(module->imports);
    mk_free(module->function_types);
    mk_free(module->tables);
    mk_free(module->memories);
    mk_free(module->globals);
    mk_free(module->exports);
    mk_free(module->elements);
    mk_free(module->data);
    mk_free(module->bodies);
    mk_free(module->entries);
    mk_free(module->code);
    if (module->owns_bytes) {
        void *bytes;
        memcpy(&bytes, &module->bytes, sizeof bytes); /* ours, so not really const */
        mk_free(bytes);
    }
    mk_free(module);
}

static void validate_bodies(wasm_loader_t *loader, bool makes_code) {
    const wasm_module_t *module = loader->module;
    wasm_error_t *error = loader->reader.error;
    translator_t translator;
    wasm__translator_init(&translator, loader->module, error);
    translator.declared =
        loader->declared != NULL ? loader->declared : (const uint8_t *)"";
    uint8_t *none = NULL;
    if (loader->declared == NULL && module->function_count >= 8) {
        none = mk_calloc(module->function_count / 8 + 1, 1);
        if (none == NULL)
            wasm__fail(&translator.r, MK_ENOMEM, WASM_NOWHERE, "out of memory");
        translator.declared = none;
    }
    translator.has_data_count = loader->declared_data != WASM_NOWHERE;
    error->section = "code";
    for (uint32_t i = 0; i < module->body_count && !translator.r.has_failed; i++) {
        if (wasm__translate_body(&translator, i, makes_code)) {
            if (makes_code && wasm__keep_code(&translator, i) != MK_OK)
                wasm__fail(&translator.r, MK_ENOMEM, WASM_NOWHERE, "out of memory");
            continue;
        }
        wasm_error_t malformed = {.function = error->function, .section = "code"};
        if (error->code == MK_EINVAL && !wasm__skim_body(module, i, &malformed))
            *error = malformed;
    }
    if (!translator.r.has_failed) error->section = "";
    loader->reader.has_failed = translator.r.has_failed;
    wasm__translator_deinit(&translator);
    mk_free(none);
}

static void begin_code(wasm_loader_t *loader) {
    wasm_module_t *module = loader->module;
    module->entries =
        mk_calloc(module->body_count > 0 ? module->body_count : 1, sizeof(uint32_t));
    module->code = mk_alloc(CODE_START * sizeof *module->code);
    if (module->entries == NULL || module->code == NULL) {
        wasm__fail(&loader->reader, MK_ENOMEM, WASM_NOWHERE, "out of memory");
        return;
    }
    module->code[0] = OP_exit;
    module->code_size = module->code_cap = CODE_START;
}

static wasm_module_t *create_module(const void *bytes, size_t size,
                                    const wasm_load_options_t *options) {
    wasm_module_t *module = mk_calloc(1, sizeof *module);
    if (module == NULL) return NULL;
    module->references = 1;
    module->features = options->features;
    module->size = (uint32_t)size;
    module->start = WASM_NOWHERE;
    module->bytes = bytes;
    if (options->borrows_bytes) return module;
    uint8_t *copy = mk_alloc(size);
    if (copy == NULL) {
        mk_free(module);
        return NULL;
    }
    if (size > 0) memcpy(copy, bytes, size);
    module->bytes = copy;
    module->owns_bytes = true;
    return module;
}

static int fail_load(wasm_error_t *error, int code, const char *text) {
    error->code = code;
    error->offset = error->function = WASM_NOWHERE;
    error->section = "";
    mk_writer_t w;
    writer_init(&w, error->text, sizeof error->text);
    writer_str(&w, text);
    return code;
}

int wasm_module_load(const void *bytes, size_t size, const wasm_load_options_t *options,
                     wasm_module_t **result, wasm_error_t *error) {
    static const wasm_load_options_t defaults = {WASM_ALL_FEATURES, false, false};
    if (options == NULL) options = &defaults;
    *error =
        (wasm_error_t){.offset = WASM_NOWHERE, .function = WASM_NOWHERE, .section = ""};
    *result = NULL;
    if (size > MK_WASM_MODULE_BYTES)
        return fail_load(error, MK_ELIMIT, "more bytes than MK_WASM_MODULE_BYTES");
    wasm_module_t *module = create_module(bytes, size, options);
    if (module == NULL) return fail_load(error, MK_ENOMEM, "out of memory");
    wasm_loader_t loader = {.module = module, .declared_data = WASM_NOWHERE};
    loader.reader = (wasm_reader_t){module->bytes, 0, module->size, false, error};
    wasm__decode(&loader);
    if (!loader.reader.has_failed) begin_code(&loader);
    if (!loader.reader.has_failed) validate_bodies(&loader, options->translates_now);
    mk_free(loader.declared);
    if (loader.reader.has_failed)
        free_module(module);
    else
        *result = module;
    return error->code;
}

wasm_module_t *wasm_module_retain(wasm_module_t *module) {
    module->references++;
    return module;
}

void wasm_module_release(wasm_module_t *module) {
    if (module != NULL && --module->references == 0) free_module(module);
}

/* --- code ------------------------------------------------------------------------- */

/* Room for `units` more; blocks grow by an eighth, so that little of it is idle. */
static int reserve_code(wasm_module_t *module, uint32_t units) {
    if (units <= module->code_cap - module->code_size) return MK_OK;
    if (units > UINT32_MAX / 4 - module->code_size) return MK_ENOMEM;
    uint32_t cap = module->code_size + units;
    cap += cap / 8;
    uint16_t *code = mk_realloc(module->code, cap * sizeof *code);
    if (code == NULL) return MK_ENOMEM;
    module->code = code;
    module->code_cap = cap;
    return MK_OK;
}

int wasm__keep_code(translator_t *t, uint32_t body) {
    wasm_module_t *module = t->module;
    if (reserve_code(module, t->code_size) != MK_OK) return MK_ENOMEM;
    memcpy(module->code + module->code_size, t->code, t->code_size * sizeof *t->code);
    module->entries[body] = module->code_size;
    module->code_size += t->code_size;
    return MK_OK;
}

uint32_t wasm__code_size(const wasm_module_t *module, uint32_t body) {
    uint32_t begin = module->entries[body];
    uint32_t end = module->code_size;
    for (uint32_t i = 0; i < module->body_count; i++)
        if (module->entries[i] > begin && module->entries[i] < end)
            end = module->entries[i];
    return end - begin;
}

static int translate_with(translator_t *t, uint32_t body) {
    if (t->module->entries[body] != 0) return MK_OK;
    if (wasm__translate_body(t, body, true)) return wasm__keep_code(t, body);
    MK_ASSERT(t->r.error->code == MK_ENOMEM); /* it was valid at load */
    return MK_ENOMEM;
}

int wasm__translate(wasm_module_t *module, uint32_t body) {
    wasm_error_t error = {0};
    translator_t translator;
    wasm__translator_init(&translator, module, &error);
    int code = translate_with(&translator, body);
    wasm__translator_deinit(&translator);
    return code;
}

int wasm_module_translate(wasm_module_t *module) {
    wasm_error_t error = {0};
    translator_t translator;
    int code = MK_OK;
    wasm__translator_init(&translator, module, &error);
    for (uint32_t i = 0; i < module->body_count && code == MK_OK; i++)
        code = translate_with(&translator, i);
    wasm__translator_deinit(&translator);
    return code;
}

/* --- questions -------------------------------------------------------------------- */

uint32_t wasm_import_count(const wasm_module_t *module) {
    return module->import_count;
}

wasm_import_t wasm_import_at(const wasm_module_t *module, uint32_t number) {
    const wasm_import_row_t *row = &module->imports[number];
    return (wasm_import_t){row->module, row->name, (wasm_kind_t)row->kind, row->index};
}

uint32_t wasm_export_count(const wasm_module_t *module) {
    return module->export_count;
}

wasm_export_t wasm_export_at(const wasm_module_t *module, uint32_t number) {
    const wasm_export_row_t *row = &module->exports[number];
    return (wasm_export_t){row->name, (wasm_kind_t)row->kind, row->index};
}

bool wasm_export_find(const wasm_module_t *module, text_t name, wasm_kind_t kind,
                      uint32_t *index) {
    for (uint32_t i = 0; i < module->export_count; i++) {
        const wasm_export_row_t *row = &module->exports[i];
        if (row->kind != kind || !text_equals(row->name, name)) continue;
        *index = row->index;
        return true;
    }
    return false;
}

uint32_t wasm_function_count(const wasm_module_t *module) {
    return module->function_count;
}

wasm_signature_t wasm_function_signature(const wasm_module_t *module, uint32_t index) {
    const wasm_functype_t *type = wasm__type_of(module, index);
    return (wasm_signature_t){module->bytes + type->params_at,
                              module->bytes + type->results_at, type->param_count,
                              type->result_count};
}

static const char *skip_types(const uint8_t *types, uint32_t count, const char *text) {
    static const char letters[] = "iIfFcr";
    static const uint8_t meanings[] = {WASM_I32, WASM_I64,     WASM_F32,
                                       WASM_F64, WASM_FUNCREF, WASM_EXTERNREF};
    for (uint32_t i = 0; i < count; i++, text++) {
        const char *letter = *text != '\0' ? strchr(letters, *text) : NULL;
        if (letter == NULL || meanings[letter - letters] != types[i]) return NULL;
    }
    return text;
}

bool wasm_signature_is(const wasm_signature_t *signature, const char *text) {
    text = skip_types(signature->params, signature->param_count, text);
    if (text == NULL || *text++ != ':') return false;
    text = skip_types(signature->results, signature->result_count, text);
    return text != NULL && *text == '\0';
}

static text_t name_from_section(const wasm_module_t *module, uint32_t index) {
    wasm_error_t ignored = {0};
    wasm_reader_t r = {module->bytes, module->names_at,
                       module->names_at + module->names_size, false, &ignored};
    if (module->names_at == 0) return text_make(NULL, 0);
    uint32_t count = wasm__read_u32(&r);
    for (uint32_t i = 0; i < count && !r.has_failed; i++) {
        uint32_t number = wasm__read_u32(&r);
        text_t name = wasm__read_name(&r);
        if (number == index && !r.has_failed) return name;
    }
    return text_make(NULL, 0);
}

text_t wasm_function_name(const wasm_module_t *module, uint32_t index) {
    text_t name = name_from_section(module, index);
    if (name.size > 0) return name;
    for (uint32_t i = 0; i < module->export_count; i++)
        if (module->exports[i].kind == WASM_FUNCTION &&
            module->exports[i].index == index)
            return module->exports[i].name;
    return text_make(NULL, 0);
}

wasm_module_sizes_t wasm_module_sizes(const wasm_module_t *module) {
    return (wasm_module_sizes_t){
        .bytes = module->size,
        .code_bytes = module->code_size * sizeof *module->code,
        .table_bytes =
            sizeof *module + module->type_count * sizeof *module->types +
            module->import_count * sizeof *module->imports +
            module->function_count * sizeof *module->function_types +
            module->table_count * sizeof *module->tables +
            module->memory_count * sizeof *module->memories +
            module->global_count * sizeof *module->globals +
            module->export_count * sizeof *module->exports +
            module->element_count * sizeof *module->elements +
            module->data_count * sizeof *module->data +
            module->body_count * (sizeof *module->bodies + sizeof *module->entries)};
}
