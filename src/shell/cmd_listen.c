/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_listen.c - http listen: this node as a server, over TLS when it is given a
 * certificate; http reread: that certificate again, from its files.
 *
 * The files are read by a worker thread; meanwhile the command is pending. The server
 * looks at them again by itself, so that a renewed certificate needs no command. */
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/shell.h"
#include "port/files.h"

#include <string.h>

enum {
    FILES = 3,        /* certificate, key, authorities of clients */
    REREAD_MS = 60000 /* between looks at the first two */
};

static const command_value_t file_options[FILES] = {COMMAND_CERT, COMMAND_KEY,
                                                    COMMAND_CLIENT_CA};

typedef struct {
    shell_reading_t reading; /* first */
    uint16_t port;
    int result;      /* of reading; of `paths[failed]` when it is an error */
    unsigned failed; /* which file */
    struct {
        char *path; /* in this block; NULL: not given */
        void *bytes;
        size_t size;
    } files[FILES];
} secure_t;

static int say_listening(shell_t *shell, int port, bool is_secure) {
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_json_unsigned(p, "port", (uint64_t)port);
        printer_json_bool(p, "tls", is_secure);
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, is_secure ? "listening on https://127.0.0.1:"
                              : "listening on http://127.0.0.1:");
    printer_unsigned(p, (uint64_t)port);
    printer_text(p, "/\n");
    return SHELL_OK;
}

static int say_problem(shell_t *shell, const char *what, const char *why) {
    printer_t *p = &shell->printer;
    shell__problem(shell);
    printer_text(p, "http: ");
    printer_text(p, what);
    printer_shown(p, why, strlen(why));
    return shell__problem_end(shell, SHELL_FAILED);
}

static int say_not_listening(shell_t *shell, int error, const char *why) {
    if (error == MK_EEXIST) why = "somebody listens there already";
    return say_problem(shell, "cannot listen: ", why);
}

/* --- over TLS --- */

static void *read_files(void *arg) {
    secure_t *secure = arg;
    for (unsigned i = 0; i < FILES && secure->result == MK_OK; i++) {
        secure->failed = i;
        if (secure->files[i].path != NULL)
            secure->result =
                port_file_read(secure->files[i].path, MK_TLS_PEM_MAX,
                               &secure->files[i].bytes, &secure->files[i].size);
    }
    return secure;
}

static void end_secure(void *arg) {
    secure_t *secure = arg;
    for (unsigned i = 0; i < FILES; i++)
        mk_free(secure->files[i].bytes);
    mk_free(secure);
}

static int finish_secure(shell_t *shell, shell_reading_t *reading) {
    const secure_t *secure = (const secure_t *)(void *)reading;
    char why[256];
    if (secure->result != MK_OK) {
        mk_writer_t w;
        writer_init(&w, why, sizeof why);
        writer_format(&w, "%s: %s", secure->files[secure->failed].path,
                      mk_error_text(secure->result));
        return say_problem(shell, "cannot read ", why);
    }
    http_listen_tls_t tls = {
        .certificate = secure->files[0].bytes,
        .certificate_size = secure->files[0].size,
        .key = secure->files[1].bytes,
        .key_size = secure->files[1].size,
        .client_roots = secure->files[2].bytes,
        .client_roots_size = secure->files[2].size,
        .certificate_file = secure->files[0].path,
        .key_file = secure->files[1].path,
        .ask = secure->files[2].path != NULL ? HTTP_TLS_ASK_REQUIRED : HTTP_TLS_ASK_NOT,
        .reread_ms = REREAD_MS};
    int port = shell_web_listen_tls(shell->rt, secure->port, &tls, why, sizeof why);
    return port < 0 ? say_not_listening(shell, port, why)
                    : say_listening(shell, port, true);
}

static int listen_secure(shell_t *shell, const command_args_t *args, uint16_t port) {
    text_t paths[FILES];
    size_t size = sizeof(secure_t);
    for (unsigned i = 0; i < FILES; i++) {
        paths[i] = args_option(args, file_options[i]);
        if (memchr(paths[i].bytes, '\0', paths[i].size) != NULL)
            return shell__fail(shell, SHELL_USAGE, "http: a NUL in ", paths[i], "");
        size += paths[i].size + 1;
    }
    if (paths[0].size == 0)
        return shell__fail(shell, SHELL_USAGE, "http: TLS needs --cert", text_of(""),
                           "");
    if (paths[1].size == 0) paths[1] = paths[0]; /* both in one file */
    size += paths[1].size;
    secure_t *secure = mk_calloc(1, size);
    if (secure == NULL) return shell__fail_error(shell, "http", MK_ENOMEM);
    secure->reading = (shell_reading_t){finish_secure, end_secure};
    secure->port = port;
    char *at = (char *)(secure + 1);
    for (unsigned i = 0; i < FILES; i++) {
        if (paths[i].size == 0) continue;
        secure->files[i].path = at;
        memcpy(at, paths[i].bytes, paths[i].size);
        at += paths[i].size + 1;
    }
    shell->reading = runtime_offload(shell->rt, read_files, secure, end_secure);
    if (shell->reading != 0) return SHELL__PENDING;
    end_secure(secure);
    return shell__fail_error(shell, "http", MK_ENOMEM);
}

/* --- the commands --- */

/* SHELL_OK, or a status after having said what is wrong. */
static int take_port(shell_t *shell, const command_args_t *args, uint64_t *port) {
    text_t word = args->count > 1 ? args_text(args, 1) : text_make("", 0);
    *port = MK_WEB_PORT;
    if (args->count > 1 && text_parse_unsigned(word, 10, 0, 65535, port) < 0)
        return shell__fail(shell, SHELL_USAGE, "http: ", word, " is no port");
    return SHELL_OK;
}

int shell__reread(shell_t *shell, const command_args_t *args) {
    uint64_t port;
    int result = take_port(shell, args, &port);
    if (result != SHELL_OK) return result;
    result = http_listen_reread(shell->rt, (uint16_t)port);
    if (result == MK_ENOENT)
        return say_problem(shell, "no port with the files of a certificate", "");
    return result < 0 ? shell__fail_error(shell, "http", result) : SHELL_OK;
}

int shell__listen(shell_t *shell, const command_args_t *args) {
    uint64_t port;
    int status = take_port(shell, args, &port);
    if (status != SHELL_OK) return status;
    for (unsigned i = 0; i < FILES; i++)
        if (args->value_at[file_options[i]] != 0)
            return listen_secure(shell, args, (uint16_t)port);
    int result = shell_web_listen(shell->rt, (uint16_t)port);
    return result < 0 ? say_not_listening(shell, result, mk_error_text(result))
                      : say_listening(shell, result, false);
}
