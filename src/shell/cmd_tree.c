/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_tree.c - tree: supervisors with their children, and who has no supervisor.
 *
 *   NAME                            ID                TYPE       RESTARTS LAST EXIT
 *   app (one_for_all)               0x000010000000002 -          -        -
 *   |- cache                        0x000010000000003 permanent  2        crashed
 *   `- workers (one_for_one)        0x000010000000004 permanent  0        -
 *      `- w1                        (restarting)      transient  7        killed
 *
 *   Without a supervisor:
 *   shell                           0x000010000000001
 *
 * A walk that goes on over turns while the tree lives: each level keeps the facts of
 * its children as they were when it was entered, and a supervisor that ended meanwhile
 * has no children any more. Rejected: facts of the whole tree at one moment, which a
 * supervisor with a hundred thousand children would make the others wait for twice. */
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/supervision.h"

#include <string.h>

enum {
    ROWS_PER_STEP = 32, /* rows between two looks at other actors */
    TREE_DEPTH = 24,    /* levels shown; JSON takes two levels for each */
    ID_COLUMN = 34,     /* where the ids begin; what follows depends on their width */
    TYPE_COLUMNS = 10,
    RESTARTS_COLUMNS = 8
};

/* A supervisor whose children are being shown. */
typedef struct {
    child_info_t *children; /* owned; NULL when there are none */
    size_t count;
    size_t at; /* next one to show */
} level_t;

typedef struct {
    actor_id_t *ids; /* owned: the actors alive when it began */
    size_t count;
    size_t at;      /* next one to look at */
    bool is_rest;   /* the trees were shown, the rest is due */
    bool has_begun; /* the header was printed */
    bool has_rest;  /* and that of the rest */
    bool has_root;  /* there is a supervisor */
    size_t depth;   /* levels in use */
    level_t levels[TREE_DEPTH];
} tree_t;

static void end_tree(void *state) {
    tree_t *tree = state;
    while (tree->depth > 0)
        mk_free(tree->levels[--tree->depth].children);
    mk_free(tree->ids);
    mk_free(tree);
}

/* --- columns --- */

static void to_type(printer_t *p, const shell_t *shell) {
    printer_to(p, ID_COLUMN + printer_id_columns(shell->self) + 1);
}

static void to_restarts(printer_t *p, const shell_t *shell) {
    printer_to(p, ID_COLUMN + printer_id_columns(shell->self) + TYPE_COLUMNS + 2);
}

static void to_exit(printer_t *p, const shell_t *shell) {
    printer_to(p, ID_COLUMN + printer_id_columns(shell->self) + TYPE_COLUMNS +
                      RESTARTS_COLUMNS + 3);
}

static const char *strategy_name(restart_strategy_t strategy) {
    switch (strategy) {
    case STRATEGY_ONE_FOR_ONE: return "one_for_one";
    case STRATEGY_ONE_FOR_ALL: return "one_for_all";
    case STRATEGY_REST_FOR_ONE: return "rest_for_one";
    }
    return "unknown";
}

static const char *type_name(restart_type_t type) {
    switch (type) {
    case RESTART_PERMANENT: return "permanent";
    case RESTART_TRANSIENT: return "transient";
    case RESTART_TEMPORARY: return "temporary";
    }
    return "unknown";
}

/* True when its place is below a supervisor. */
static bool is_supervised(runtime_t *rt, actor_id_t id) {
    actor_info_t info;
    return runtime_actor_find(rt, id, &info) && supervisor_is(rt, info.parent);
}

/* A level for the children of `id`. MK_OK, MK_ENOMEM, or MK_ELIMIT: too deep. */
static int enter(tree_t *tree, runtime_t *rt, actor_id_t id) {
    if (tree->depth == TREE_DEPTH) return MK_ELIMIT;
    size_t count = supervisor_which_children(rt, id, NULL, 0);
    level_t level = {NULL, count, 0};
    if (count > 0) {
        level.children = mk_alloc(count * sizeof *level.children);
        if (level.children == NULL) return MK_ENOMEM;
        (void)supervisor_which_children(rt, id, level.children, count);
    }
    tree->levels[tree->depth++] = level;
    return MK_OK;
}

/* --- rows --- */

/* The lines that lead from the levels above to the next row. */
static void print_branches(printer_t *p, const tree_t *tree) {
    printer_text(p, "  ");
    for (size_t i = 0; i < tree->depth; i++) {
        const level_t *level = &tree->levels[i];
        bool is_last = level->at >= level->count; /* `at` is behind the one shown */
        if (i + 1 < tree->depth)
            printer_text(p, is_last ? "   " : "|  ");
        else
            printer_text(p, is_last ? "`- " : "|- ");
    }
}

/* The name for listings, else the registered ones. */
static void print_name(shell_t *shell, const char *name, actor_id_t id) {
    printer_t *p = &shell->printer;
    char buf[256];
    if (name[0] != '\0') {
        printer_shown(p, name, strlen(name));
        return;
    }
    char *names = shell__names_of(shell->rt, id, buf, sizeof buf);
    if (names == NULL || names[0] == '\0')
        printer_char(p, '-');
    else
        printer_shown(p, names, strlen(names));
    if (names != NULL) shell__names_free(names, buf);
}

static void print_strategy(printer_t *p, const restart_strategy_t *strategy) {
    if (strategy == NULL) return;
    printer_text(p, " (");
    printer_text(p, strategy_name(*strategy));
    printer_char(p, ')');
}

static void print_child(shell_t *shell, const tree_t *tree, const child_info_t *child,
                        const restart_strategy_t *strategy) {
    printer_t *p = &shell->printer;
    bool has_ended = child->restarts > 0 || child->id == ACTOR_ID_INVALID;
    print_branches(p, tree);
    print_name(shell, child->name, child->id);
    print_strategy(p, strategy);
    printer_to(p, ID_COLUMN);
    if (child->id != ACTOR_ID_INVALID)
        printer_id(p, child->id);
    else
        printer_text(p, child->is_restarting ? "(restarting)" : "(stopped)");
    to_type(p, shell);
    printer_text(p, type_name(child->restart_type));
    to_restarts(p, shell);
    printer_unsigned(p, child->restarts);
    to_exit(p, shell);
    printer_text(p, has_ended ? exit_reason_name(child->last_exit_reason) : "-");
    printer_char(p, '\n');
}

/* A row that has no more than name and id; with the other columns empty if `is_root`.
 */
static void print_plain(shell_t *shell, actor_id_t id, const char *name,
                        const restart_strategy_t *strategy) {
    printer_t *p = &shell->printer;
    printer_text(p, "  ");
    print_name(shell, name, id);
    print_strategy(p, strategy);
    printer_to(p, ID_COLUMN);
    printer_id(p, id);
    if (strategy != NULL) {
        to_type(p, shell);
        printer_char(p, '-');
        to_restarts(p, shell);
        printer_char(p, '-');
        to_exit(p, shell);
        printer_char(p, '-');
    }
    printer_char(p, '\n');
}

static void json_actor(shell_t *shell, actor_id_t id, const char *name) {
    printer_t *p = &shell->printer;
    char buf[256];
    char *names = shell__names_of(shell->rt, id, buf, sizeof buf);
    printer_json_str(p, "name", name);
    if (id != ACTOR_ID_INVALID)
        printer_json_id(p, "id", id);
    else
        printer_json_null(p, "id");
    shell__json_names(p, "names", names != NULL ? names : "");
    if (names != NULL) shell__names_free(names, buf);
}

static void json_child(shell_t *shell, const child_info_t *child) {
    printer_t *p = &shell->printer;
    printer_open(p, NULL, '{');
    json_actor(shell, child->id, child->name);
    printer_json_str(p, "type", type_name(child->restart_type));
    printer_json_bool(p, "is_restarting", child->is_restarting);
    printer_json_bool(p, "is_significant", child->is_significant);
    printer_json_unsigned(p, "restarts", child->restarts);
    if (child->restarts > 0 || child->id == ACTOR_ID_INVALID)
        printer_json_str(p, "last_exit", exit_reason_name(child->last_exit_reason));
    else
        printer_json_null(p, "last_exit");
}

/* --- the walk --- */

/* Children of a supervisor follow, or why not. */
static void open_children(shell_t *shell, tree_t *tree, actor_id_t id,
                          restart_strategy_t strategy) {
    printer_t *p = &shell->printer;
    int result = enter(tree, shell->rt, id);
    if (shell->is_json) {
        printer_json_str(p, "strategy", strategy_name(strategy));
        if (result == MK_OK) {
            printer_open(p, "children", '[');
        } else {
            printer_json_null(p, "children");
            printer_close(p, '}');
        }
    } else if (result != MK_OK) {
        print_branches(p, tree);
        printer_text(p, "   ... (");
        printer_text(p, mk_error_text(result));
        printer_text(p, ")\n");
    }
}

static void show_child(shell_t *shell, tree_t *tree, const child_info_t *child) {
    restart_strategy_t strategy = STRATEGY_ONE_FOR_ONE;
    bool is_supervisor = child->id != ACTOR_ID_INVALID &&
                         supervisor_describe(shell->rt, child->id, &strategy, NULL, 0);
    if (shell->is_json)
        json_child(shell, child);
    else
        print_child(shell, tree, child, is_supervisor ? &strategy : NULL);
    if (is_supervisor)
        open_children(shell, tree, child->id, strategy);
    else if (shell->is_json)
        printer_close(&shell->printer, '}');
}

static void show_root(shell_t *shell, tree_t *tree, actor_id_t id) {
    restart_strategy_t strategy;
    char name[MK_NAME_MAX];
    if (!supervisor_describe(shell->rt, id, &strategy, name, sizeof name)) return;
    tree->has_root = true;
    if (shell->is_json) {
        printer_open(&shell->printer, NULL, '{');
        json_actor(shell, id, name);
    } else {
        print_plain(shell, id, name, &strategy);
    }
    open_children(shell, tree, id, strategy);
}

/* The deepest level: its next child, or the way back. */
static void step_level(shell_t *shell, tree_t *tree) {
    level_t *level = &tree->levels[tree->depth - 1];
    if (level->at < level->count) {
        show_child(shell, tree, &level->children[level->at++]);
        return;
    }
    mk_free(level->children);
    tree->depth--;
    if (!shell->is_json) return;
    printer_close(&shell->printer, ']');
    printer_close(&shell->printer, '}');
}

static void show_alone(shell_t *shell, tree_t *tree, actor_id_t id) {
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        json_actor(shell, id, "");
        printer_close(p, '}');
        return;
    }
    if (!tree->has_rest) printer_text(p, "\nWithout a supervisor:\n");
    tree->has_rest = true;
    print_plain(shell, id, "", NULL);
}

/* An actor that no level shows: the root of a tree, or one of the rest. */
static void step_actor(shell_t *shell, tree_t *tree) {
    actor_id_t id = tree->ids[tree->at++];
    if (!actor_is_alive(shell->rt, id) || is_supervised(shell->rt, id)) return;
    bool is_root = supervisor_is(shell->rt, id);
    if (is_root && !tree->is_rest) show_root(shell, tree, id);
    if (!is_root && tree->is_rest) show_alone(shell, tree, id);
}

static void begin_tree(shell_t *shell, tree_t *tree) {
    printer_t *p = &shell->printer;
    if (tree->has_begun) return;
    tree->has_begun = true;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_open(p, "supervisors", '[');
        return;
    }
    printer_text(p, "  NAME");
    printer_to(p, ID_COLUMN);
    printer_text(p, "ID");
    to_type(p, shell);
    printer_text(p, "TYPE");
    to_restarts(p, shell);
    printer_text(p, "RESTARTS");
    to_exit(p, shell);
    printer_text(p, "LAST EXIT\n");
}

/* The trees are through: once more for the actors without one. True at the very end. */
static bool turn_over(shell_t *shell, tree_t *tree) {
    printer_t *p = &shell->printer;
    if (shell->is_json) printer_close(p, ']');
    if (!tree->is_rest) {
        if (!shell->is_json && !tree->has_root) printer_text(p, "  (no supervisors)\n");
        if (shell->is_json) printer_open(p, "unsupervised", '[');
        tree->is_rest = true;
        tree->at = 0;
        return false;
    }
    if (shell->is_json) printer_close(p, '}');
    if (shell->is_json) printer_json_end(p);
    return true;
}

static int step_tree(shell_t *shell, void *state) {
    tree_t *tree = state;
    begin_tree(shell, tree);
    for (size_t i = 0; i < ROWS_PER_STEP; i++) {
        if (tree->depth > 0)
            step_level(shell, tree);
        else if (tree->at < tree->count)
            step_actor(shell, tree);
        else if (turn_over(shell, tree))
            return SHELL_OK;
    }
    return SHELL__PENDING;
}

int command_tree(shell_t *shell, const command_args_t *args) {
    (void)args;
    tree_t *tree = mk_calloc(1, sizeof *tree);
    if (tree == NULL) return shell__fail_error(shell, "tree", MK_ENOMEM);
    size_t count = runtime_list_actors(shell->rt, NULL, 0);
    tree->ids = mk_alloc((count > 0 ? count : 1) * sizeof *tree->ids);
    if (tree->ids == NULL) {
        mk_free(tree);
        return shell__fail_error(shell, "tree", MK_ENOMEM);
    }
    tree->count = runtime_list_actors(shell->rt, tree->ids, count);
    return shell__start_job(shell, step_tree, end_tree, tree);
}
