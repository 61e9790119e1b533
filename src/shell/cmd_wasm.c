/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_wasm.c - load, reload: modules from files; what `info` says about such an actor.
 *
 * The file is read by a worker thread; meanwhile the command is pending, as a call is,
 * and Ctrl-C gives it up. A name without '/' that is not in the working folder is
 * looked for in the folder of the shell's options. A module gets the default rights and
 * those that the person grants, nothing more. */
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/names.h"
#include "microkernel/wasm_actor.h"
#include "port/files.h"
#include "shell/modules.h"

#include <string.h>

enum {
    BASE_NAME_MAX = 60, /* bytes of a name; the rest is for a number behind it */
};

struct shell_load {
    shell_reading_t reading;      /* first */
    wasm_actor_options_t options; /* of load */
    actor_id_t target;            /* of reload; 0: load */
    char name[MK_NAME_MAX];       /* of reload: as it was typed, cut */
    int result;                   /* of port_file_read */
    void *bytes;                  /* owned */
    size_t size;
    size_t other; /* where in `path` a second one begins, to be tried then; 0: none */
    char path[];  /* with its NUL */
};
typedef struct shell_load load_t;

static void *read_file(void *arg) {
    load_t *load = arg;
    load->result =
        port_file_read(load->path, MK_WASM_FILE_BYTES, &load->bytes, &load->size);
    if (load->result != MK_ENOENT || load->other == 0) return load;
    int result = port_file_read(load->path + load->other, MK_WASM_FILE_BYTES,
                                &load->bytes, &load->size);
    if (result != MK_ENOENT) load->result = result;
    return load;
}

static void end_load(void *arg) {
    load_t *load = arg;
    mk_free(load->bytes);
    mk_free(load);
}

static int finish_load(shell_t *shell, shell_reading_t *reading);

/* NULL after having said why. */
static load_t *create_load(shell_t *shell, const command_args_t *args, size_t index) {
    const char *path = shell__name_arg(shell, args, index);
    if (path == NULL) return NULL;
    const char *folder = shell->options.modules;
    if (strchr(path, '/') != NULL) folder = NULL;
    size_t size = strlen(path) + 1;
    size_t folder_size = folder != NULL ? strlen(folder) + 1 : 0;
    size_t other_size = folder != NULL ? folder_size + size : 0;
    load_t *load = mk_calloc(1, sizeof *load + size + other_size);
    if (load == NULL) {
        (void)shell__fail_error(shell, path, MK_ENOMEM);
        return NULL;
    }
    load->reading = (shell_reading_t){finish_load, end_load};
    memcpy(load->path, path, size);
    if (folder == NULL) return load;
    load->other = size;
    memcpy(load->path + size, folder, folder_size - 1);
    load->path[size + folder_size - 1] = '/';
    memcpy(load->path + size + folder_size, path, size);
    return load;
}

/* Takes `load`. */
static int start_reading(shell_t *shell, load_t *load) {
    shell->reading = runtime_offload(shell->rt, read_file, load, end_load);
    if (shell->reading != 0) return SHELL__PENDING;
    end_load(load);
    return shell__fail_error(shell, "load", MK_ENOMEM);
}

/* --- info --- */

static const char *const grant_names[] = {"messages", "time",  "log",     "state",
                                          "spawn",    "files", "network", "hardware"};

static bool has_grant(unsigned grants, const char *name) {
    return (grants & wasm_grant_find(name, strlen(name))) != 0;
}

void shell__print_module(shell_t *shell, actor_id_t id) {
    wasm_actor_facts_t facts;
    printer_t *p = &shell->printer;
    if (!wasm_actor_facts(shell->rt, id, &facts)) return;
    printer_text(p, "WASM         ");
    printer_unsigned(p, facts.memory_pages);
    printer_text(p, facts.memory_pages == 1 ? " page, " : " pages, ");
    printer_unsigned(p, facts.memory_bytes);
    printer_text(p, " bytes held, ");
    printer_unsigned(p, facts.fuel_used);
    printer_text(p, " fuel used, ");
    printer_unsigned(p, facts.reloads);
    printer_text(p, " reloads\nGrants       ");
    const char *between = "";
    for (size_t i = 0; i < sizeof grant_names / sizeof grant_names[0]; i++) {
        if (!has_grant(facts.grants, grant_names[i])) continue;
        printer_text(p, between);
        printer_text(p, grant_names[i]);
        between = ", ";
    }
    printer_char(p, '\n');
}

void shell__json_module(shell_t *shell, actor_id_t id) {
    wasm_actor_facts_t facts;
    printer_t *p = &shell->printer;
    if (!wasm_actor_facts(shell->rt, id, &facts)) return;
    printer_open(p, "wasm", '{');
    printer_json_unsigned(p, "memory_pages", facts.memory_pages);
    printer_json_unsigned(p, "memory_bytes", facts.memory_bytes);
    printer_json_unsigned(p, "fuel_used", facts.fuel_used);
    printer_json_unsigned(p, "reloads", facts.reloads);
    printer_open(p, "grants", '[');
    for (size_t i = 0; i < sizeof grant_names / sizeof grant_names[0]; i++)
        if (has_grant(facts.grants, grant_names[i]))
            printer_json_str(p, NULL, grant_names[i]);
    printer_close(p, ']');
    printer_close(p, '}');
}

/* --- what may be loaded --- */

static bool take_grants(wasm_actor_options_t *options, text_t names, text_t *wrong) {
    text_t name;
    while (text_next_word(&names, ",", &name)) {
        unsigned grants = wasm_grant_find(name.bytes, name.size);
        *wrong = name;
        if (grants == 0) return false;
        options->grants |= grants;
    }
    return true;
}

/* The options that are numbers, in the order in which take_options has them. */
static const struct {
    command_value_t option;
    uint64_t least;
    uint64_t most;
    const char *problem;
} bound_rows[] = {
    {COMMAND_MEMORY, 1, 65536, " is no number of pages (1 to 65536)"},
    {COMMAND_FUEL, 1000, UINT64_MAX / 4, " is no amount of fuel (1000 or more)"},
    {COMMAND_CHILDREN, 1, 65536, " is no number of children (1 to 65536)"},
    {COMMAND_SENDS, 1, 1u << 31, " is no number of messages a second (1 or more)"},
};
enum { BOUNDS = sizeof bound_rows / sizeof bound_rows[0] };

/* SHELL_OK, or a status after having said what is wrong. */
static int take_options(shell_t *shell, const command_args_t *args,
                        wasm_actor_options_t *options) {
    text_t grants = args_option(args, COMMAND_GRANT);
    text_t wrong = grants;
    *options = wasm_actor_options_default();
    if (!take_grants(options, grants, &wrong))
        return shell__fail(
            shell, SHELL_USAGE, "load: ", wrong,
            " is none of messages, time, log, state, spawn, files, network, hardware, "
            "all");
    uint64_t bounds[BOUNDS] = {0, options->fuel, 0, options->sends};
    for (size_t i = 0; i < BOUNDS; i++) {
        text_t typed = args_option(args, bound_rows[i].option);
        if (typed.size > 0 && text_parse_unsigned(typed, 10, bound_rows[i].least,
                                                  bound_rows[i].most, &bounds[i]) < 0)
            return shell__fail(shell, SHELL_USAGE, "load: ", typed,
                               bound_rows[i].problem);
    }
    options->memory_pages = (uint32_t)bounds[0];
    options->fuel = bounds[1];
    options->children = (uint32_t)bounds[2];
    options->sends = (uint32_t)bounds[3];
    return SHELL_OK;
}

int command_load(shell_t *shell, const command_args_t *args) {
    wasm_actor_options_t options;
    int status = take_options(shell, args, &options);
    if (status != SHELL_OK) return status;
    load_t *load = create_load(shell, args, 0);
    if (load == NULL) return SHELL_FAILED;
    load->options = options;
    return start_reading(shell, load);
}

int command_reload(shell_t *shell, const command_args_t *args) {
    text_t name = args_text(args, 0);
    actor_id_t id;
    int status = shell__find_target(shell, name, &id);
    if (status != SHELL_OK) return status;
    load_t *load = create_load(shell, args, 1);
    if (load == NULL) return SHELL_FAILED;
    load->target = id;
    if (name.size >= sizeof load->name) name.size = sizeof load->name - 1;
    memcpy(load->name, name.bytes, name.size);
    return start_reading(shell, load);
}

/* --- the file is there --- */

/* The last part of a path without ".wasm"; "wasm" when nothing is left of it. */
static text_t base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    text_t name = text_of(slash != NULL ? slash + 1 : path);
    text_t suffix = text_of(".wasm");
    if (text_ends_with(name, suffix)) name.size -= suffix.size;
    if (name.size > BASE_NAME_MAX) {
        name.size = BASE_NAME_MAX;
        while (name.size > 0 && ((unsigned char)name.bytes[name.size] & 0xC0u) == 0x80u)
            name.size--;
    }
    return text_check_name(name, BASE_NAME_MAX, NULL) == MK_OK ? name : text_of("wasm");
}

static int say_spawned(shell_t *shell, actor_id_t id, const char *name) {
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_str(p, "name", name);
        printer_json_id(p, "id", id);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, "Spawned actor ");
    printer_unsigned(p, actor_id_seq(id));
    printer_text(p, " as '");
    printer_shown(p, name, strlen(name));
    printer_text(p, "'\n");
    return SHELL_OK;
}

static int say_problem(shell_t *shell, const char *what, const char *problem) {
    printer_t *p = &shell->printer;
    shell__problem(shell);
    printer_text(p, what);
    printer_shown(p, problem, strlen(problem));
    return shell__problem_end(shell, SHELL_FAILED);
}

static int spawn_loaded(shell_t *shell, load_t *load) {
    char problem[WASM_PROBLEM_MAX];
    char name[MK_NAME_MAX];
    actor_id_t id = actor_spawn_wasm_with(shell->rt, load->bytes, load->size,
                                          &load->options, NULL, problem);
    if (id == ACTOR_ID_INVALID)
        return say_problem(shell, "Failed to spawn WASM actor: ", problem);
    int result = modules_take_name(shell->rt, base_name(load->path), id, name);
    if (result == MK_OK) return say_spawned(shell, id, name);
    actor_stop(shell->rt, id);
    return say_problem(
        shell, "Failed to spawn WASM actor: no name for it: ", mk_error_text(result));
}

static int reload_loaded(shell_t *shell, const load_t *load) {
    printer_t *p = &shell->printer;
    char problem[WASM_PROBLEM_MAX];
    reload_result_t result =
        wasm_actor_reload(shell->rt, load->target, load->bytes, load->size, problem);
    if (result != RELOAD_OK) {
        shell__problem(shell);
        printer_text(p, "Reload failed (code ");
        printer_unsigned(p, (uint64_t)result);
        printer_text(p, "): ");
        printer_shown(p, problem, strlen(problem));
        return shell__problem_end(shell, SHELL_FAILED);
    }
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_str(p, "reloaded", load->name);
        printer_json_id(p, "id", load->target);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, "Reloaded '");
    printer_shown(p, load->name, strlen(load->name));
    printer_text(p, "' \xE2\x86\x92 actor ");
    printer_unsigned(p, actor_id_seq(load->target));
    printer_char(p, '\n');
    return SHELL_OK;
}

static int fail_file(shell_t *shell, const load_t *load) {
    printer_t *p = &shell->printer;
    shell__problem(shell);
    if (load->result == MK_ETOOBIG || load->result >= 0) {
        printer_text(p, "Invalid file size: ");
        if (load->result < 0) printer_text(p, "more than ");
        printer_unsigned(p, load->result < 0 ? MK_WASM_FILE_BYTES : 0);
        return shell__problem_end(shell, SHELL_FAILED);
    }
    printer_text(p, "Cannot open: ");
    printer_shown(p, load->path, strlen(load->path));
    printer_text(p, " (");
    printer_text(p, mk_error_text(load->result));
    printer_char(p, ')');
    return shell__problem_end(shell, SHELL_FAILED);
}

static int finish_load(shell_t *shell, shell_reading_t *reading) {
    load_t *load = (load_t *)(void *)reading;
    if (load->result < 0 || load->size == 0) return fail_file(shell, load);
    if (load->target != ACTOR_ID_INVALID) return reload_loaded(shell, load);
    return spawn_loaded(shell, load);
}
