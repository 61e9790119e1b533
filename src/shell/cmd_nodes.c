/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_nodes.c - mount, unmount, nodes: the other nodes that this one is connected to.
 *
 * A mount is begun and then waited for like a reply: until it is known what became of
 * it, or Ctrl-C, which takes it back. Why it failed is the sentence of whoever refused
 * it; the exit code follows from the kind of the failure. */
#include "shell/shell_impl.h"

#include "ipc/mount_target.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "microkernel/mount.h"
#include "microkernel/nodes.h"

#include <string.h>

/* --- mount --- */

/* What a shell ends with when a mount fails; what is not here is SHELL_FAILED. */
static int status_of(int error) {
    static const struct {
        int error;
        int status;
    } rows[] = {{MK_ENOENT, SHELL_NO_NAME},        /* no such host */
                {MK_ETIMEOUT, SHELL_TIMEOUT},      /* */
                {MK_EPERM, SHELL_REFUSED},         /* no key, another key */
                {MK_ENOTSUP, SHELL_REFUSED},       /* another version */
                {MK_EEXIST, SHELL_REFUSED},        /* mounted, name or number taken */
                {MK_EINVAL, SHELL_REFUSED},        /* this node itself */
                {MK_ELIMIT, SHELL_REFUSED},        /* too busy */
                {MK_EBADMSG, SHELL_REFUSED},       /* no node of ours */
                {MK_EREFUSED, SHELL_UNREACHABLE},  /* nobody listens there */
                {MK_EUNREACH, SHELL_UNREACHABLE},  /* */
                {MK_ECLOSED, SHELL_UNREACHABLE},   /* */
                {MK_EIO, SHELL_UNREACHABLE},       /* */
                {MK_ECANCELED, SHELL_INTERRUPTED}, /* unmounted meanwhile */
                {MK_OK, SHELL_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error == error) return rows[i].status;
    return SHELL_FAILED;
}

static int fail_mount(shell_t *shell, int error, const char *text) {
    printer_t *p = &shell->printer;
    if (text[0] == '\0') text = mk_error_text(error);
    shell__problem(shell);
    printer_text(p, "Mount failed: ");
    printer_shown(p, text, strlen(text));
    return shell__problem_end(shell, status_of(error));
}

static int show_mounted(shell_t *shell, const mount_done_payload_t *done) {
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_open(p, "mounted", '{');
        printer_json_str(p, "node", done->identity);
        printer_json_unsigned(p, "node_id", done->node);
        printer_json_str(p, "target", done->target);
        printer_close(p, '}');
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, "Mounted: ");
    printer_shown(p, done->identity, strlen(done->identity));
    printer_char(p, '\n');
    return SHELL_OK;
}

int command_mount(shell_t *shell, const command_args_t *args) {
    const char *target = shell__name_arg(shell, args, 0);
    if (target == NULL) return SHELL_USAGE;
    mount_target_t to;
    if (mount_target_parse(text_of(target), MK_MOUNT_PORT, &to) < 0)
        return shell__fail(shell, SHELL_USAGE, "mount: ", text_of(target),
                           " is no host, host:port, [v6]:port or unix:/path");
    nodes_mount_options_t options = {.hello_ms = (uint32_t)args->timeout_ms};
    int result = nodes_mount(shell->rt, target, &options);
    if (result == MK_EINVAL)
        return fail_mount(shell, MK_ESTATE, "this node has no number (MK_NODE_ID)");
    if (result == MK_EEXIST)
        return fail_mount(shell, result, "that is mounted already, or being mounted");
    if (result < 0) return fail_mount(shell, result, "");
    memcpy(shell->mounting, to.text, strlen(to.text) + 1); /* as it will be told */
    return SHELL__PENDING;
}

bool shell__take_mount(shell_t *shell, const message_t *msg) {
    if (msg->type != MSG_MOUNT_DONE || msg->payload_size < sizeof(mount_done_payload_t))
        return false;
    const mount_done_payload_t *done = msg->payload;
    if (strcmp(done->target, shell->mounting) != 0) return true; /* given up */
    shell->mounting[0] = '\0';
    int error = done->status;
    bool is_file = strncmp(done->target, "unix:", 5) == 0;
    if (error == MK_ENOENT && is_file) error = MK_EUNREACH; /* no name is unknown */
    int status = error == MK_OK ? show_mounted(shell, done)
                                : fail_mount(shell, error, done->text);
    shell__finish_command(shell, status);
    return true;
}

void shell__mount_drop(shell_t *shell) {
    if (shell->mounting[0] == '\0') return;
    char target[MK_TARGET_MAX];
    memcpy(target, shell->mounting, sizeof target);
    shell->mounting[0] = '\0';
    (void)nodes_unmount(shell->rt, target);
}

/* --- unmount --- */

int command_unmount(shell_t *shell, const command_args_t *args) {
    printer_t *p = &shell->printer;
    const char *name = shell__name_arg(shell, args, 0);
    if (name == NULL) return SHELL_USAGE;
    if (nodes_unmount(shell->rt, name) < 0) {
        shell__problem(shell);
        printer_text(p, "Not mounted: ");
        printer_shown(p, name, strlen(name));
        return shell__problem_end(shell, SHELL_NO_NAME);
    }
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_str(p, "unmounted", name);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, "Unmounted ");
    printer_shown(p, name, strlen(name));
    printer_char(p, '\n');
    return SHELL_OK;
}

/* --- nodes --- */

enum { NODE_COLUMNS = 10, STATE_COLUMNS = 10, NUMBER_COLUMNS = 8, NAME_COLUMNS = 16 };

static void json_node(printer_t *p, const node_info_t *info) {
    printer_open(p, NULL, '{');
    printer_json_unsigned(p, "node_id", info->node);
    printer_json_str(p, "node", info->identity);
    printer_json_str(p, "state", node_state_name(info->state));
    printer_json_str(p, "address", info->address);
    printer_json_bool(p, "is_ours", info->is_ours);
    printer_json_bool(p, "is_trusted", info->is_trusted);
    printer_json_unsigned(p, "round_trip_us", info->round_trip_us);
    printer_json_unsigned(p, "tries", info->tries);
    printer_json_unsigned(p, "sent", info->counters.sent);
    printer_json_unsigned(p, "received", info->counters.received);
    printer_json_unsigned(p, "undelivered", info->counters.undelivered);
    printer_json_unsigned(p, "refused", info->counters.refused);
    printer_json_unsigned(p, "held", info->counters.held);
    printer_close(p, '}');
}

static void print_header(printer_t *p) {
    printer_text(p, "  ");
    printer_cell(p, "ID", NODE_COLUMNS);
    printer_cell(p, "NODE", NAME_COLUMNS);
    printer_cell(p, "STATE", STATE_COLUMNS);
    printer_cell(p, "RTT", NUMBER_COLUMNS);
    printer_cell(p, "SENT", NUMBER_COLUMNS);
    printer_cell(p, "RECEIVED", NUMBER_COLUMNS);
    printer_text(p, "LINK\n");
}

/* 0.42 ms */
static void print_round_trip(printer_t *p, uint32_t us) {
    if (us == 0) {
        printer_char(p, '-');
        return;
    }
    printer_unsigned(p, us / 1000);
    printer_char(p, '.');
    printer_char(p, (char)('0' + us % 1000 / 100));
    printer_char(p, (char)('0' + us % 100 / 10));
    printer_text(p, " ms");
}

static void print_row(printer_t *p, const node_info_t *info) {
    size_t column = 2;
    printer_text(p, "  ");
    if (info->node != 0)
        printer_unsigned(p, info->node);
    else
        printer_char(p, '-');
    printer_to(p, column += NODE_COLUMNS + 1);
    const char *name = info->identity[0] != '\0' ? info->identity : "-";
    printer_shown(p, name, strlen(name));
    printer_to(p, column += NAME_COLUMNS + 1);
    printer_text(p, node_state_name(info->state));
    printer_to(p, column += STATE_COLUMNS + 1);
    print_round_trip(p, info->round_trip_us);
    printer_to(p, column += NUMBER_COLUMNS + 1);
    printer_unsigned(p, info->counters.sent);
    printer_to(p, column += NUMBER_COLUMNS + 1);
    printer_unsigned(p, info->counters.received);
    printer_to(p, column + NUMBER_COLUMNS + 1);
    printer_shown(p, info->address, strlen(info->address));
    if (info->state == NODE_UP && !info->is_trusted) printer_text(p, " (not keyed)");
    if (info->tries > 0) {
        printer_text(p, " (");
        printer_unsigned(p, info->tries);
        printer_text(p, info->tries == 1 ? " try)" : " tries)");
    }
    printer_char(p, '\n');
}

int command_nodes(shell_t *shell, const command_args_t *args) {
    (void)args;
    printer_t *p = &shell->printer;
    node_info_t info;
    bool is_first = true;
    memset(&info, 0, sizeof info);
    if (shell->is_json) printer_open(p, NULL, '[');
    while (nodes_next(shell->rt, &info)) {
        if (shell->is_json) {
            json_node(p, &info);
            continue;
        }
        if (is_first) print_header(p);
        is_first = false;
        print_row(p, &info);
    }
    if (shell->is_json) {
        printer_close(p, ']');
        printer_json_end(p);
    } else if (is_first) {
        printer_text(p, "(no other node; 'mount HOST' connects one)\n");
    }
    return SHELL_OK;
}
