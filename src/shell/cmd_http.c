/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_http.c - http get: the answer of a server, shown as it comes.
 *
 * The body comes in pieces and each is asked for when the one before was written, so a
 * slow terminal slows the server down and nothing is held as a whole. To a person, and
 * in JSON, no byte goes through that could be more than text; a file or pipe gets what
 * the server sent. */
#include "shell/shell_impl.h"

#include "base/utf8.h"
#include "microkernel/error.h"
#include "microkernel/http.h"
#include "microkernel/message.h"
#include "net/http_build.h"

#include <string.h>

enum { REDIRECTS_MAX = 10 };

static int finish(shell_t *shell, int status) {
    shell->http = (shell_http_t){.id = HTTP_CONN_ID_INVALID};
    return status;
}

/* --- the body --- */

static void put_char(shell_t *shell, const char *bytes, size_t size, bool is_plain) {
    printer_t *p = &shell->printer;
    if (is_plain || shell->is_json)
        printer_bytes(p, bytes, size);
    else
        printer_shown(p, bytes, size);
}

/* One character at a time; what may be the beginning of one waits for the rest. A
 * carriage return, which would let a row overwrite itself, is left out. */
static void put_text(shell_t *shell, const char *bytes, size_t size, bool is_last) {
    while (size > 0) {
        utf8_char_t c = utf8_decode(bytes, size);
        if (c.status == UTF8_INCOMPLETE && !is_last) break;
        bool is_blank = c.status == UTF8_OK && (c.scalar == '\n' || c.scalar == '\t');
        bool is_left_out = *bytes == '\r' && !shell->is_json;
        if (!is_left_out) put_char(shell, bytes, c.size, is_blank);
        if (!is_left_out) shell->http.ends_row = is_blank && c.scalar == '\n';
        bytes += c.size;
        size -= c.size;
    }
    shell->http.cut_size = (uint8_t)size;
    if (size > 0) memcpy(shell->http.cut, bytes, size);
}

static void put_body(shell_t *shell, const char *bytes, size_t size) {
    shell_http_t *http = &shell->http;
    if (shell->options.writes_raw && !shell->is_json) {
        printer_bytes(&shell->printer, bytes, size);
        return;
    }
    /* Finish the character that was cut: it and some more, once again. */
    while (http->cut_size > 0 && size > 0) {
        char joined[UTF8_MAX_SIZE + 1];
        size_t cut_size = http->cut_size;
        memcpy(joined, http->cut, cut_size);
        joined[cut_size] = *bytes++;
        size--;
        put_text(shell, joined, cut_size + 1, false);
    }
    if (size > 0) put_text(shell, bytes, size, false);
}

/* --- the head --- */

static void json_head(shell_t *shell, int status, text_t fields) {
    printer_t *p = &shell->printer;
    printer_open(p, NULL, '{');
    printer_json_unsigned(p, "status", (uint64_t)status);
    printer_json_str(p, "reason", http_reason(status));
    printer_open(p, "headers", '[');
    while (fields.size > 0) {
        size_t size = text_find(fields, '\0');
        printer_json_text(p, NULL, fields.bytes, size);
        fields = text_part(fields, size + 1, SIZE_MAX);
    }
    printer_close(p, ']');
    printer_string_begin(p, "body");
}

static void show_head(shell_t *shell, int status, text_t fields) {
    printer_t *p = &shell->printer;
    printer_unsigned(p, (uint64_t)status);
    printer_char(p, ' ');
    printer_text(p, http_reason(status));
    printer_char(p, '\n');
    if (!shell->http.shows_headers) return;
    while (fields.size > 0) {
        size_t size = text_find(fields, '\0');
        printer_shown(p, fields.bytes, size);
        printer_char(p, '\n');
        fields = text_part(fields, size + 1, SIZE_MAX);
    }
    printer_char(p, '\n');
}

static void take_head(shell_t *shell, const message_t *msg) {
    http_response_payload_t head;
    if (msg->payload_size < sizeof head) return;
    memcpy(&head, msg->payload, sizeof head);
    text_t fields =
        text_make((const char *)msg->payload + sizeof head, head.headers_size);
    shell->http.status = head.status_code;
    shell->http.ends_row = true;
    shell->http.has_begun = true;
    if (shell->is_json)
        json_head(shell, head.status_code, fields);
    else
        show_head(shell, head.status_code, fields);
}

/* --- the end --- */

static int say_end(shell_t *shell) {
    printer_t *p = &shell->printer;
    put_text(shell, shell->http.cut, shell->http.cut_size, true);
    if (shell->is_json) {
        printer_string_end(p);
        printer_close(p, '}');
        printer_json_end(p);
    } else if (!shell->options.writes_raw && !shell->http.ends_row) {
        printer_char(p, '\n');
    }
    return shell->http.status < 400 ? SHELL_OK : SHELL_FAILED;
}

static int say_failure(shell_t *shell, const message_t *msg) {
    http_failure_payload_t failure;
    printer_t *p = &shell->printer;
    if (msg->payload_size < sizeof failure)
        return shell__fail_error(shell, "http", MK_EBADMSG);
    memcpy(&failure, msg->payload, sizeof failure);
    if (shell->http.has_begun && !shell->is_json && !shell->http.ends_row)
        printer_char(p, '\n');
    if (printer_is_inside(p)) printer_abandon(p);
    shell__problem(shell);
    printer_text(p, "http: ");
    printer_shown(p, failure.detail, strlen(failure.detail));
    int status = failure.reason == MK_ETIMEOUT ? SHELL_TIMEOUT
                 : failure.has_no_connection   ? SHELL_UNREACHABLE
                                               : SHELL_FAILED;
    return shell__problem_end(shell, status);
}

/* --- messages --- */

void shell__http_go_on(shell_t *shell) {
    if (!shell->http.owes_more || shell->printer.is_paused) return;
    shell->http.owes_more = false;
    http_fetch_more(shell->rt, shell->http.id);
}

bool shell__take_http(shell_t *shell, const message_t *msg) {
    http_conn_id_t id;
    bool is_ours = msg->type == MSG_HTTP_HEAD || msg->type == MSG_HTTP_DATA ||
                   msg->type == MSG_HTTP_END || msg->type == MSG_HTTP_ERROR;
    if (!is_ours || msg->source != ACTOR_ID_INVALID || msg->payload_size < sizeof id)
        return false;
    memcpy(&id, msg->payload, sizeof id);
    if (id == HTTP_CONN_ID_INVALID || id != shell->http.id)
        return true; /* of one that was interrupted */
    switch (msg->type) {
    case MSG_HTTP_HEAD: take_head(shell, msg); break;
    case MSG_HTTP_DATA:
        put_body(shell, (const char *)msg->payload + sizeof(http_data_payload_t),
                 msg->payload_size - sizeof(http_data_payload_t));
        shell->http.owes_more = true;
        break;
    case MSG_HTTP_END:
        shell__finish_command(shell, finish(shell, say_end(shell)));
        break;
    default:
        shell__finish_command(shell, finish(shell, say_failure(shell, msg)));
        break;
    }
    return true;
}

void shell__http_drop(shell_t *shell) {
    if (shell->http.id == HTTP_CONN_ID_INVALID) return;
    actor_http_close(shell->rt, shell->http.id);
    (void)finish(shell, SHELL_OK);
}

/* --- the command --- */

static int get(shell_t *shell, const command_args_t *args) {
    char why[256];
    char url[MK_SHELL_LINE_MAX];
    text_t word = args_text(args, 1);
    if (memchr(word.bytes, '\0', word.size) != NULL)
        return shell__fail(shell, SHELL_USAGE, "http: a NUL in ", word, "");
    memcpy(url, word.bytes, word.size); /* it was part of the line */
    url[word.size] = '\0';
    uint32_t ms = (uint32_t)args->timeout_ms;
    http_fetch_options_t options = {.url = url,
                                    .redirects_max = REDIRECTS_MAX,
                                    .takes_pieces = true,
                                    .connect_ms = ms,
                                    .header_ms = ms,
                                    .idle_ms = ms};
    shell->http = (shell_http_t){.shows_headers = args->shows_headers};
    int result = http_fetch(shell->rt, &options, &shell->http.id, why, sizeof why);
    if (result == MK_OK) return SHELL__PENDING;
    shell__problem(shell);
    printer_text(&shell->printer, "http: ");
    printer_shown(&shell->printer, why, strlen(why));
    return shell__problem_end(shell, result == MK_EINVAL ? SHELL_USAGE : SHELL_FAILED);
}

int command_http(shell_t *shell, const command_args_t *args) {
    text_t verb = args_text(args, 0);
    if (text_is(verb, "listen")) return shell__listen(shell, args);
    if (text_is(verb, "reread")) return shell__reread(shell, args);
    if (!text_is(verb, "get"))
        return shell__fail(shell, SHELL_USAGE, "http: ", verb,
                           " is not get, listen or reread");
    if (args->count < 2)
        return shell__fail(shell, SHELL_USAGE, "http: ", verb, " needs a URL");
    return get(shell, args);
}
