/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_names.c - register, lookup, ls: names and paths.
 *
 * ls walks the live tree a few entries per turn and remembers only where it is: names
 * that come or go meanwhile are seen or not, and no memory depends on their number. */
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/names.h"
#include "microkernel/paths.h"

#include <string.h>

enum { ENTRIES_PER_STEP = 64 }; /* entries between two looks at other actors */

int command_register(shell_t *shell, const command_args_t *args) {
    printer_t *p = &shell->printer;
    const char *name = shell__name_arg(shell, args, 0);
    if (name == NULL) return SHELL_USAGE;
    int result = names_register(shell->rt, name, shell->self);
    if (result < 0) {
        shell__problem(shell);
        printer_text(p, "Failed to register '");
        printer_shown(p, name, strlen(name));
        printer_text(p, "': ");
        actor_id_t id = result == MK_EEXIST ? actor_lookup(shell->rt, name) : 0;
        bool is_far = id != 0 && actor_id_node(id) != runtime_get_node_id(shell->rt);
        printer_text(p, is_far ? "taken by an actor of node " : mk_error_text(result));
        if (is_far) shell__print_node(shell, actor_id_node(id));
        return shell__problem_end(shell, SHELL_FAILED);
    }
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_str(p, "registered", name);
        printer_json_id(p, "id", shell->self);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, "Registered as '");
    printer_shown(p, name, strlen(name));
    printer_text(p, "'\n");
    return SHELL_OK;
}

int command_lookup(shell_t *shell, const command_args_t *args) {
    printer_t *p = &shell->printer;
    const char *name = shell__name_arg(shell, args, 0);
    if (name == NULL) return SHELL_USAGE;
    actor_id_t id = actor_lookup(shell->rt, name);
    if (id == ACTOR_ID_INVALID) {
        shell__problem(shell);
        printer_text(p, "Not found: ");
        printer_shown(p, name, strlen(name));
        return shell__problem_end(shell, SHELL_NO_NAME);
    }
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_str(p, "name", name);
        shell__json_whose(shell, id);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_unsigned(p, id);
    printer_char(p, '\n');
    return SHELL_OK;
}

/* --- ls --- */

typedef struct {
    bool is_flat;             /* names, not paths */
    bool has_begun;           /* something was printed */
    char prefix[NS_PATH_MAX]; /* what all entries begin with */
    char at[NS_PATH_MAX];     /* the last one shown */
} names_listing_t;

static bool next_entry(runtime_t *rt, names_listing_t *listing, actor_id_t *id,
                       path_origin_t *origin) {
    *origin = PATH_LOCAL;
    if (!listing->is_flat)
        return paths_next(rt, listing->prefix, listing->at, id, origin);
    return names_next(rt, listing->prefix, listing->at, id);
}

static const char *origin_name(path_origin_t origin) {
    switch (origin) {
    case PATH_LOCAL: return "local";
    case PATH_MOUNTED: return "mounted";
    case PATH_CLOUD: return "cloud";
    }
    return "unknown";
}

static void show_entry(shell_t *shell, const char *name, actor_id_t id,
                       path_origin_t origin) {
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_str(p, "name", name);
        shell__json_whose(shell, id);
        printer_json_str(p, "origin", origin_name(origin));
        printer_close(p, '}');
        return;
    }
    printer_shown(p, name, strlen(name));
    printer_char(p, '=');
    printer_unsigned(p, id);
    if (actor_id_node(id) != runtime_get_node_id(shell->rt)) {
        printer_text(p, " @");
        shell__print_node(shell, actor_id_node(id));
    }
    printer_char(p, '\n');
}

static int end_names(shell_t *shell, const names_listing_t *listing) {
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_close(p, ']');
        printer_json_end(p);
    } else if (!listing->has_begun) {
        printer_text(p, "(no entries under '");
        printer_shown(p, listing->prefix, strlen(listing->prefix));
        printer_text(p, "')\n");
    }
    return SHELL_OK;
}

static int step_names(shell_t *shell, void *state) {
    names_listing_t *listing = state;
    actor_id_t id;
    path_origin_t origin;
    if (shell->is_json && !listing->has_begun) printer_open(&shell->printer, NULL, '[');
    if (shell->is_json) listing->has_begun = true;
    for (size_t i = 0; i < ENTRIES_PER_STEP; i++) {
        if (!next_entry(shell->rt, listing, &id, &origin))
            return end_names(shell, listing);
        show_entry(shell, listing->at, id, origin);
        listing->has_begun = true;
    }
    return SHELL__PENDING;
}

int command_ls(shell_t *shell, const command_args_t *args) {
    const char *prefix = "/";
    if (args->count > 0) prefix = shell__name_arg(shell, args, 0);
    if (prefix == NULL) return SHELL_USAGE;
    bool is_flat = prefix[0] != '/';
    if (strlen(prefix) >= (is_flat ? (size_t)MK_NAME_MAX : (size_t)NS_PATH_MAX))
        return shell__fail(shell, SHELL_USAGE, "ls: ", text_of(prefix),
                           " is longer than any name");
    names_listing_t *listing = mk_calloc(1, sizeof *listing);
    if (listing == NULL) return shell__fail_error(shell, "ls", MK_ENOMEM);
    memcpy(listing->prefix, prefix, strlen(prefix) + 1);
    listing->is_flat = is_flat;
    return shell__start_job(shell, step_names, mk_free, listing);
}
