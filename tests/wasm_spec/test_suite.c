/* SPDX-License-Identifier: Apache-2.0 */
/* The official test scripts of WebAssembly. convert.py makes lines of them; here they
 * are carried out, with the modules of one script in one store, so that they import
 * from each other. Every assertion must hold, and no fewer than are known to exist may
 * run.
 *
 * The suite is not part of the project: MK_WASM_SPEC names its folder, otherwise it is
 * looked for in ../shared/wasm-spec beside the source tree. Absent: skipped, with the
 * sentence that says how to get it. */
#include "base/hex.h"
#include "base/text.h"
#include "microkernel/error.h"
#include "support/test.h"
#include "wasm/wasm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_FIELDS = 512,  /* of a line */
    MAX_VALUES = 64,   /* arguments or results of a call */
    MAX_MODULES = 256, /* named or registered ones of a script */
    MAX_COMPLAINTS = 40,
};

/* What the scripts import as "spectest": globals of 666 (.6), a table of 10 to 20
 * functions, a memory of 1 to 2 pages. Made from
 *   (global (export "global_i32") i32 (i32.const 666)) ... _i64 ... _f32 ... _f64
 *   (table (export "table") 10 20 funcref) (memory (export "memory") 1 2) */
static const uint8_t spectest_module[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x04, 0x05, 0x01, 0x70, 0x01,
    0x0a, 0x14, 0x05, 0x04, 0x01, 0x01, 0x01, 0x02, 0x06, 0x21, 0x04, 0x7f, 0x00,
    0x41, 0x9a, 0x05, 0x0b, 0x7e, 0x00, 0x42, 0x9a, 0x05, 0x0b, 0x7d, 0x00, 0x43,
    0x66, 0xa6, 0x26, 0x44, 0x0b, 0x7c, 0x00, 0x44, 0xcd, 0xcc, 0xcc, 0xcc, 0xcc,
    0xd4, 0x84, 0x40, 0x0b, 0x07, 0x46, 0x06, 0x0a, 0x67, 0x6c, 0x6f, 0x62, 0x61,
    0x6c, 0x5f, 0x69, 0x33, 0x32, 0x03, 0x00, 0x0a, 0x67, 0x6c, 0x6f, 0x62, 0x61,
    0x6c, 0x5f, 0x69, 0x36, 0x34, 0x03, 0x01, 0x0a, 0x67, 0x6c, 0x6f, 0x62, 0x61,
    0x6c, 0x5f, 0x66, 0x33, 0x32, 0x03, 0x02, 0x0a, 0x67, 0x6c, 0x6f, 0x62, 0x61,
    0x6c, 0x5f, 0x66, 0x36, 0x34, 0x03, 0x03, 0x05, 0x74, 0x61, 0x62, 0x6c, 0x65,
    0x01, 0x00, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00};

static wasm_host_status_t print(wasm_host_call_t *call) {
    (void)call;
    return WASM_HOST_DONE;
}

static const wasm_host_row_t spectest_rows[] = {
    {"spectest", "print", ":", print, NULL},
    {"spectest", "print_i32", "i:", print, NULL},
    {"spectest", "print_i64", "I:", print, NULL},
    {"spectest", "print_f32", "f:", print, NULL},
    {"spectest", "print_f64", "F:", print, NULL},
    {"spectest", "print_i32_f32", "if:", print, NULL},
    {"spectest", "print_f64_f64", "FF:", print, NULL},
};
static wasm_host_table_t spectest_table = {spectest_rows, sizeof spectest_rows /
                                                              sizeof *spectest_rows};

typedef struct {
    char name[128]; /* "$M" of the script, or the registered name */
    bool is_registered;
    wasm_instance_t *instance;
} named_t;

typedef struct {
    const char *folder; /* of the part */
    const char *script;
    unsigned line;
    wasm_load_options_t options;
    int64_t slice; /* of fuel; calls go on until they end */
    wasm_store_t *store;
    wasm_instance_t *last; /* the newest module */
    named_t named[MAX_MODULES];
    size_t named_count;
    unsigned passed, failed, text;
} suite_t;

static void complain(suite_t *s, const char *what, const char *detail) {
    if (++s->failed <= MAX_COMPLAINTS)
        printf("%s.wast:%u: %s: %s\n", s->script, s->line, what, detail);
}

/* --- modules ---------------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    size_t cap = 65536;
    uint8_t *bytes = malloc(cap);
    *size = 0;
    for (size_t got; (got = fread(bytes + *size, 1, cap - *size, file)) > 0;) {
        *size += got;
        if (*size == cap) bytes = realloc(bytes, cap *= 2);
    }
    fclose(file);
    return bytes;
}

static wasm_instance_t *find_named(const suite_t *s, const char *name, size_t size,
                                   bool is_registered) {
    for (size_t i = s->named_count; i-- > 0;)
        if (s->named[i].is_registered == is_registered &&
            strlen(s->named[i].name) == size &&
            memcmp(s->named[i].name, name, size) == 0)
            return s->named[i].instance;
    return NULL;
}

static void add_named(suite_t *s, const char *name, bool is_registered,
                      wasm_instance_t *instance) {
    if (s->named_count == MAX_MODULES || strlen(name) >= sizeof s->named[0].name) {
        complain(s, "harness", "too many or too long names");
        return;
    }
    named_t *named = &s->named[s->named_count++];
    strcpy(named->name, name);
    named->is_registered = is_registered;
    named->instance = instance;
}

static int resolve(void *arg, const wasm_import_t *import, wasm_extern_t *found,
                   wasm_error_t *error) {
    const suite_t *s = arg;
    if (wasm_resolve_in_table(&spectest_table, import, found, error) == MK_OK)
        return MK_OK;
    wasm_instance_t *from =
        find_named(s, import->module.bytes, import->module.size, true);
    if (from == NULL) return MK_ENOENT;
    const wasm_module_t *module = wasm_instance_module(from);
    for (uint32_t i = 0; i < wasm_export_count(module); i++) {
        wasm_export_t export = wasm_export_at(module, i);
        if (!text_equals(export.name, import->name)) continue;
        if (export.kind != import->kind) return MK_EREFUSED;
        found->instance = from;
        found->index = export.index;
        return MK_OK;
    }
    return MK_ENOENT;
}

/* Until the call ends, whatever its fuel. */
static wasm_state_t run(wasm_instance_t *instance, int64_t slice) {
    wasm_state_t state;
    do {
        int64_t fuel = slice;
        state = wasm_run(instance, &fuel);
    } while (state == WASM_RUNNABLE);
    return state;
}

typedef enum { NOT_LOADED, NOT_LINKED, NOT_STARTED, LOADED } loaded_t;

/* Load, link and start a module; `error` says what went wrong, for a trap in words. */
static loaded_t instantiate(suite_t *s, const uint8_t *bytes, size_t size,
                            wasm_error_t *error) {
    wasm_module_t *module;
    if (wasm_module_load(bytes, size, &s->options, &module, error) != MK_OK)
        return NOT_LOADED;
    const wasm_instance_options_t options = {
        .store = s->store, .resolve = resolve, .resolve_arg = s};
    wasm_instance_t *instance;
    int code = wasm_instance_create(module, &options, &instance, error);
    wasm_module_release(module);
    if (code == MK_EOVERFLOW) return NOT_STARTED;
    if (code != MK_OK) return NOT_LINKED;
    code = wasm_begin_start(instance);
    if (code == MK_OK && run(instance, s->slice) != WASM_IDLE) {
        strcpy(error->text, wasm_trap_text(instance));
        return NOT_STARTED;
    }
    s->last = instance;
    return LOADED;
}

static loaded_t instantiate_file(suite_t *s, const char *file, wasm_error_t *error) {
    char path[1024];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", s->folder, file);
    uint8_t *bytes = read_file(path, &size);
    if (bytes == NULL) {
        complain(s, "cannot read", path);
        memset(error, 0, sizeof *error);
        return NOT_LOADED;
    }
    loaded_t loaded = instantiate(s, bytes, size, error);
    free(bytes);
    return loaded;
}

/* --- values ----------------------------------------------------------------------- */

static bool read_value(const char *text, wasm_value_t *value) {
    static const struct {
        const char *name;
        wasm_type_t type;
    } types[] = {{"i32:", WASM_I32},         {"i64:", WASM_I64},
                 {"f32:", WASM_F32},         {"f64:", WASM_F64},
                 {"funcref:", WASM_FUNCREF}, {"externref:", WASM_EXTERNREF}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t size = strlen(types[i].name);
        if (strncmp(text, types[i].name, size) != 0) continue;
        value->type = types[i].type;
        bool is_null = strcmp(text + size, "null") == 0;
        value->bits = is_null ? 0 : strtoull(text + size, NULL, 10);
        if (types[i].type == WASM_EXTERNREF && !is_null) value->bits++; /* 0 is null */
        return true;
    }
    return false;
}

static bool is_nan_kind(const wasm_value_t *value, bool is_canonical) {
    uint64_t quiet =
        value->type == WASM_F32 ? UINT64_C(0x7FC00000) : UINT64_C(0x7FF8) << 48;
    uint64_t sign = value->type == WASM_F32 ? UINT64_C(1) << 31 : UINT64_C(1) << 63;
    uint64_t bits = value->bits & ~sign;
    return is_canonical ? bits == quiet : (bits & quiet) == quiet;
}

static bool value_is(const wasm_value_t *got, const char *want) {
    wasm_value_t wanted;
    if (!read_value(want, &wanted) || wanted.type != got->type) return false;
    const char *text = strchr(want, ':') + 1;
    if (strcmp(text, "nan:canonical") == 0) return is_nan_kind(got, true);
    if (strcmp(text, "nan:arithmetic") == 0) return is_nan_kind(got, false);
    if (strcmp(text, "*") == 0) return got->bits != 0; /* any reference */
    return got->bits == wanted.bits;
}

/* --- actions ---------------------------------------------------------------------- */

typedef struct {
    wasm_instance_t *instance; /* NULL: could not even begin */
    wasm_state_t state;
    wasm_value_t results[MAX_VALUES];
    size_t result_count;
} outcome_t;

static text_t decode_hex(char *hex, char *to) {
    size_t size = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        to[i] = (char)strtoul(digits, NULL, 16);
    }
    to[size] = '\0';
    return text_make(to, size);
}

/* Fields: kind, module, field, count, values. Returns how many fields that were. */
static size_t act(suite_t *s, char **fields, outcome_t *outcome) {
    static char name[4096];
    size_t count = strtoul(fields[3], NULL, 10);
    memset(outcome, 0, sizeof *outcome);
    wasm_instance_t *instance = s->last;
    if (strcmp(fields[1], "-") != 0)
        instance = find_named(s, fields[1], strlen(fields[1]), false);
    if (instance == NULL) return 4 + count;
    text_t export = decode_hex(fields[2], name);
    const wasm_module_t *module = wasm_instance_module(instance);
    uint32_t index;
    if (strcmp(fields[0], "get") == 0) {
        if (!wasm_export_find(module, export, WASM_GLOBAL, &index)) return 4 + count;
        outcome->instance = instance;
        outcome->state = WASM_IDLE;
        outcome->result_count = 1;
        wasm_global_get(instance, index, &outcome->results[0]);
        return 4 + count;
    }
    wasm_value_t args[MAX_VALUES];
    for (size_t i = 0; i < count && i < MAX_VALUES; i++)
        read_value(fields[4 + i], &args[i]);
    if (!wasm_export_find(module, export, WASM_FUNCTION, &index)) return 4 + count;
    if (wasm_begin(instance, index, args, count) != MK_OK) return 4 + count;
    outcome->instance = instance;
    outcome->state = run(instance, s->slice);
    outcome->result_count = wasm_results(instance, outcome->results, MAX_VALUES);
    return 4 + count;
}

static void assert_return(suite_t *s, char **fields, size_t count) {
    outcome_t outcome;
    size_t used = act(s, fields, &outcome);
    if (outcome.instance == NULL) {
        complain(s, "no such action", fields[2]);
    } else if (outcome.state != WASM_IDLE) {
        complain(s, "trapped", wasm_trap_text(outcome.instance));
    } else if (outcome.result_count != count - used) {
        complain(s, "wrong number of results", fields[2]);
    } else {
        for (size_t i = 0; i < outcome.result_count; i++) {
            if (value_is(&outcome.results[i], fields[used + i])) continue;
            char detail[160];
            snprintf(detail, sizeof detail, "result %u is 0x%" PRIx64 ", wanted %s",
                     (unsigned)i, outcome.results[i].bits, fields[used + i]);
            complain(s, fields[2], detail);
            return;
        }
        s->passed++;
    }
}

/* The scripts give a beginning of the message. */
static bool message_is(const char *got, const char *wanted) {
    return strncmp(got, wanted, strlen(wanted)) == 0 ||
           strncmp(wanted, got, strlen(got)) == 0;
}

static void assert_trap(suite_t *s, char **fields) {
    static char wanted[4096];
    outcome_t outcome;
    size_t used = act(s, fields, &outcome);
    decode_hex(fields[used], wanted);
    if (outcome.instance == NULL)
        complain(s, "no such action", fields[2]);
    else if (outcome.state != WASM_TRAPPED)
        complain(s, "did not trap, wanted", wanted);
    else if (!message_is(wasm_trap_text(outcome.instance), wanted))
        complain(s, wanted, wasm_trap_text(outcome.instance));
    else
        s->passed++;
}

/* A module that must be refused, at the right step and for the right reason. */
static void assert_refused(suite_t *s, char **fields, loaded_t step, int code) {
    static char wanted[4096];
    wasm_error_t error = {0};
    wasm_instance_t *before = s->last;
    loaded_t loaded = instantiate_file(s, fields[2], &error);
    decode_hex(fields[3], wanted);
    s->last = before;
    if (loaded == LOADED)
        complain(s, "was accepted, wanted", wanted);
    else if (loaded != step || (code != MK_OK && error.code != code))
        complain(s, wanted, error.text);
    else
        s->passed++;
}

static void do_line(suite_t *s, char **fields, size_t count) {
    const char *kind = fields[0];
    wasm_error_t error;
    outcome_t outcome;
    s->line = (unsigned)strtoul(fields[1], NULL, 10);
    if (strcmp(kind, "module") == 0) {
        if (instantiate_file(s, fields[3], &error) != LOADED)
            complain(s, "module refused", error.text);
        else if (strcmp(fields[2], "-") != 0)
            add_named(s, fields[2], false, s->last);
    } else if (strcmp(kind, "register") == 0) {
        static char name[4096];
        wasm_instance_t *instance =
            strcmp(fields[2], "-") == 0
                ? s->last
                : find_named(s, fields[2], strlen(fields[2]), false);
        decode_hex(fields[3], name);
        add_named(s, name, true, instance);
    } else if (strcmp(kind, "action") == 0) {
        act(s, fields + 2, &outcome);
        if (outcome.instance == NULL || outcome.state != WASM_IDLE)
            complain(s, "action failed", fields[4]);
    } else if (strcmp(kind, "return") == 0) {
        assert_return(s, fields + 2, count - 2);
    } else if (strcmp(kind, "trap") == 0) {
        assert_trap(s, fields + 2);
    } else if (strcmp(kind, "text") == 0) {
        s->text++;
    } else if (strcmp(kind, "malformed") == 0) {
        assert_refused(s, fields, NOT_LOADED, MK_EBADMSG);
    } else if (strcmp(kind, "invalid") == 0) {
        assert_refused(s, fields, NOT_LOADED, MK_EINVAL);
    } else if (strcmp(kind, "unlinkable") == 0) {
        assert_refused(s, fields, NOT_LINKED, MK_OK);
    } else if (strcmp(kind, "uninstantiable") == 0) {
        assert_refused(s, fields, NOT_STARTED, MK_OK);
    } else {
        complain(s, "unknown line", kind);
    }
}

static void do_script(suite_t *s, const char *script) {
    char path[1024];
    size_t size;
    wasm_error_t error;
    s->script = script;
    s->store = wasm_store_create();
    s->named_count = 0;
    s->last = NULL;
    if (instantiate(s, spectest_module, sizeof spectest_module, &error) != LOADED)
        complain(s, "spectest", error.text);
    add_named(s, "spectest", true, s->last);
    s->last = NULL;
    snprintf(path, sizeof path, "%s/%s.list", s->folder, script);
    char *text = (char *)read_file(path, &size);
    CHECK(text != NULL);
    char *end = text + size;
    for (char *line = text; line < end;) {
        static char nothing[] = "";
        char *fields[MAX_FIELDS];
        size_t count = 0;
        for (size_t i = 0; i < MAX_FIELDS; i++)
            fields[i] = nothing; /* a short line has empty fields */
        char *next = memchr(line, '\n', (size_t)(end - line));
        CHECK(next != NULL);
        *next = '\0';
        for (char *field = line; field != NULL && count < MAX_FIELDS;) {
            char *tab = strchr(field, '\t');
            fields[count++] = field;
            if (tab != NULL) *tab++ = '\0';
            field = tab;
        }
        do_line(s, fields, count);
        line = next + 1;
    }
    free(text);
    wasm_store_destroy(s->store);
}

static const char *source_folder(void) {
    const char *source = getenv("MK_SOURCE_DIR");
    return source != NULL ? source : ".";
}

/* Convert the suite below the working folder; skips the test when that is not possible.
 */
static void convert(char *folder, size_t cap) {
    char command[2048], reason[512] = "";
    const char *suite = getenv("MK_WASM_SPEC");
    snprintf(folder, cap, "wasm_spec.converted");
    snprintf(command, sizeof command,
             "python3 '%s/tests/wasm_spec/convert.py' '%s%s' "
             "'%s' > '%s.log'",
             source_folder(), suite != NULL ? suite : source_folder(),
             suite != NULL ? "" : "/../shared/wasm-spec", folder, folder);
    int status = system(command);
    if (status == 0) return;
    snprintf(command, sizeof command, "%s.log", folder);
    FILE *log = fopen(command, "r");
    if (log != NULL) {
        if (fgets(reason, sizeof reason, log) == NULL) reason[0] = '\0';
        fclose(log);
    }
    reason[strcspn(reason, "\n")] = '\0';
    test_skip(reason[0] != '\0' ? reason : "the specification tests need python3");
}

/* Run one part; `wanted` assertions are known to be in it, `text` of them about the
 * text format, which this engine does not read. */
static void run_part(const char *part, wasm_load_options_t options, int64_t slice,
                     unsigned wanted, unsigned text) {
    static suite_t suite;
    char folder[256], path[512], script[256];
    convert(folder, sizeof folder);
    memset(&suite, 0, sizeof suite);
    suite.options = options;
    suite.slice = slice;
    snprintf(path, sizeof path, "%s/%s.index", folder, part);
    FILE *index = fopen(path, "r");
    CHECK(index != NULL);
    snprintf(path, sizeof path, "%s/%s", folder, part);
    suite.folder = path;
    while (fgets(script, sizeof script, index) != NULL) {
        script[strcspn(script, "\n")] = '\0';
        do_script(&suite, script);
    }
    fclose(index);
    printf(
        "wasm specification, %s: %u passed, %u skipped (modules in the text format), "
        "%u failed\n",
        part, suite.passed, suite.text, suite.failed);
    CHECK_EQ(suite.failed, 0);
    CHECK_EQ(suite.text, text);
    CHECK(suite.passed + suite.text >= wanted);
}

TEST(core_assertions_hold) {
    run_part("core", (wasm_load_options_t){0, false, false}, 1000000, 26625, 567);
}

/* Code is then made while validating, and calls stop wherever they can. */
TEST(core_assertions_hold_when_translated_at_load_and_run_in_pieces) {
    run_part("core", (wasm_load_options_t){0, false, true}, 5, 26625, 567);
}

TEST(tail_call_assertions_hold) {
    run_part("tail_calls", (wasm_load_options_t){WASM_TAIL_CALLS, false, false},
             1000000, 113, 11);
}

TEST(extended_constant_assertions_hold) {
    run_part("extended_const", (wasm_load_options_t){WASM_EXTENDED_CONST, false, false},
             1000000, 207, 3);
}

TEST_TABLE(suite, TEST_ROW(core_assertions_hold),
           TEST_ROW(core_assertions_hold_when_translated_at_load_and_run_in_pieces),
           TEST_ROW(tail_call_assertions_hold),
           TEST_ROW(extended_constant_assertions_hold))
