/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_messages.c - send, call, and messages that come to the shell.
 *
 * A call sends as the shell itself, so that what the target sends later (a
 * subscription) comes here too and is shown. The reply is the first message from the
 * target; a monitor tells when the target ends instead. Rejected: a new actor per call,
 * whose id would make late replies of earlier calls impossible to mistake, because
 * subscriptions would end with it.
 *
 * A send is checked before it is tried, and when the runtime refuses it the reason is
 * looked for, because "false" helps nobody at a prompt. */
#include "shell/shell_impl.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "ipc/peer.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/message_ids.h"
#include "microkernel/names.h"
#include "microkernel/timer.h"

#include <string.h>

enum { HEX_SHOWN = 32 }; /* bytes of a binary payload that people are shown */

/* --- showing messages --- */

/* Text is what people may have written: UTF-8 without other control characters than
 * ends of rows and tabs. */
static bool is_text(const char *bytes, size_t size) {
    for (size_t at = 0; at < size;) {
        utf8_char_t c = utf8_decode(bytes + at, size - at);
        if (c.status != UTF8_OK) return false;
        bool is_blank = c.scalar == '\n' || c.scalar == '\r' || c.scalar == '\t';
        if (utf8_is_control(c.scalar) && !is_blank) return false;
        at += c.size;
    }
    return true;
}

/* The most bytes up to SHELL_SHOWN_MAX that do not cut a character. */
static size_t shown_size(const char *bytes, size_t size) {
    if (size <= SHELL_SHOWN_MAX) return size;
    size_t end = SHELL_SHOWN_MAX;
    while (end > SHELL_SHOWN_MAX - UTF8_MAX_SIZE &&
           ((unsigned char)bytes[end] & 0xC0u) == 0x80u)
        end--;
    return end;
}

static void put_hex(printer_t *p, const char *bytes, size_t size, const char *between) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (i > 0) printer_text(p, between);
        printer_char(p, digits[byte >> 4]);
        printer_char(p, digits[byte & 15u]);
    }
}

static void print_payload(printer_t *p, const char *bytes, size_t size) {
    size_t shown = shown_size(bytes, size);
    printer_char(p, ' ');
    if (is_text(bytes, shown)) {
        printer_quoted(p, bytes, shown);
        if (shown < size) printer_text(p, " ...");
        return;
    }
    printer_char(p, '[');
    put_hex(p, bytes, size < HEX_SHOWN ? size : HEX_SHOWN, " ");
    if (size > HEX_SHOWN) printer_text(p, " ...");
    printer_char(p, ']');
}

static void json_payload(printer_t *p, const char *bytes, size_t size) {
    size_t shown = shown_size(bytes, size);
    if (is_text(bytes, shown)) {
        printer_json_text(p, "text", bytes, shown);
    } else {
        printer_string_begin(p, "hex");
        put_hex(p, bytes, shown, "");
        printer_string_end(p);
    }
    if (shown < size) printer_json_bool(p, "is_cut", true);
}

/* Never NULL, also of a message without payload. */
static const char *bytes_of(const message_t *msg) {
    return msg->payload != NULL ? msg->payload : "";
}

/* `kind` is "reply" or "msg". */
static void show_message(shell_t *shell, const char *kind, const message_t *msg,
                         bool is_json) {
    printer_t *p = &shell->printer;
    const char *bytes = bytes_of(msg);
    if (is_json) {
        printer_open(p, NULL, '{');
        printer_open(p, kind, '{');
        printer_json_unsigned(p, "type", msg->type);
        const char *name = mk_message_name(msg->type);
        if (name != NULL) printer_json_str(p, "type_name", name);
        printer_json_id(p, "from", msg->source);
        printer_json_unsigned(p, "size", msg->payload_size);
        json_payload(p, bytes, msg->payload_size);
        printer_close(p, '}');
        printer_close(p, '}');
        printer_json_end(p);
        return;
    }
    printer_char(p, '[');
    printer_text(p, kind);
    printer_text(p, "] type=");
    printer_unsigned(p, msg->type);
    printer_text(p, " from=");
    printer_id(p, msg->source);
    printer_text(p, " size=");
    printer_unsigned(p, msg->payload_size);
    print_payload(p, bytes, msg->payload_size);
    printer_char(p, '\n');
}

/* False while a row would be lost, or damage what is being said. */
static bool can_show(const shell_t *shell) {
    return !shell->printer.is_paused && !printer_is_inside(&shell->printer);
}

/* A flood must not fill the memory of whoever shows it. */
static void show_unasked(shell_t *shell, const message_t *msg) {
    if (can_show(shell))
        show_message(shell, "msg", msg, shell->options.is_json);
    else
        shell->not_shown++;
}

void shell__tell_not_shown(shell_t *shell) {
    printer_t *p = &shell->printer;
    uint64_t count = shell->not_shown;
    if (count == 0 || !can_show(shell)) return;
    shell->not_shown = 0;
    if (shell->options.is_json) {
        printer_open(p, NULL, '{');
        printer_json_unsigned(p, "not_shown", count);
        printer_close(p, '}');
        printer_json_end(p);
        return;
    }
    printer_char(p, '(');
    printer_unsigned(p, count);
    printer_text(p, count == 1 ? " message was" : " messages were");
    printer_text(p, " not shown: the output was busy)\n");
}

/* --- sending --- */

/* The type that word `index` means. SHELL_OK, or SHELL_USAGE after having said why. */
static int read_type(shell_t *shell, text_t word, msg_type_t *type) {
    uint64_t number;
    int result = text_parse_unsigned(word, 0, 0, UINT32_MAX, &number);
    *type = (msg_type_t)(result == MK_OK ? number : 0);
    if (result == MK_OK) return SHELL_OK;
    if (result == MK_EINVAL && mk_message_number(word.bytes, word.size, type))
        return SHELL_OK;
    printer_t *p = &shell->printer;
    shell__problem(shell);
    printer_text(p, "Invalid type: ");
    printer_shown(p, word.bytes, word.size);
    printer_text(p, result == MK_EOVERFLOW
                        ? " (the largest is 4294967295)"
                        : " (a type is a number, decimal or 0x and hex digits, or a "
                          "name such as CAPS_REQUEST)");
    return shell__problem_end(shell, SHELL_USAGE);
}

static int fail_payload(shell_t *shell, const words_error_t *error) {
    printer_t *p = &shell->printer;
    shell__problem(shell);
    if (error->fault == WORDS_TOO_LONG) {
        printer_text(p, "Bad payload: more than ");
        printer_unsigned(p, WORDS_PAYLOAD_HEX_MAX);
        printer_text(p, " bytes behind x:");
        return shell__problem_end(shell, SHELL_USAGE);
    }
    printer_text(p, "Bad hex payload: ");
    printer_quoted(p, shell->words.line + error->at, 1);
    printer_text(p, " at column ");
    printer_unsigned(p, error->at + 1);
    printer_text(p, ": ");
    printer_text(p, words_fault_text(error->fault));
    return shell__problem_end(shell, SHELL_USAGE);
}

/* What `send` and `call` were told. */
typedef struct {
    actor_id_t target;
    msg_type_t type;
    size_t size; /* of shell->payload */
} letter_t;

static int read_letter(shell_t *shell, const command_args_t *args, letter_t *letter) {
    int status = shell__find_target(shell, args_text(args, 0), &letter->target);
    if (status == SHELL_OK)
        status = read_type(shell, args_text(args, 1), &letter->type);
    if (status != SHELL_OK) return status;
    letter->size = 0;
    if (args->count > 2) {
        words_error_t error;
        int size = words_payload(args->words, args->at[2], shell->payload,
                                 sizeof shell->payload, &error);
        if (size < 0) return fail_payload(shell, &error);
        letter->size = (size_t)size;
    }
    if (!mk_message_is_reserved(letter->type)) return SHELL_OK;
    shell__problem(shell);
    printer_text(&shell->printer, "Refused: only the runtime sends ");
    const char *name = mk_message_name(letter->type);
    printer_text(&shell->printer, name != NULL ? name : "messages of type");
    printer_text(&shell->printer, " (");
    printer_unsigned(&shell->printer, letter->type);
    printer_char(&shell->printer, ')');
    return shell__problem_end(shell, SHELL_REFUSED);
}

/* actor_send() said false for an actor of another node: why? */
static int fail_far_send(shell_t *shell, node_id_t node, text_t word) {
    printer_t *p = &shell->printer;
    bool is_connected = peers_find(shell->rt, node) != NULL;
    shell__problem(shell);
    if (is_connected) {
        printer_text(p, "Refused: too much is under way to node ");
        shell__print_node(shell, node);
        return shell__problem_end(shell, SHELL_REFUSED);
    }
    printer_text(p, "Cannot reach ");
    printer_shown(p, word.bytes, word.size);
    printer_text(p, ": node ");
    printer_unsigned(p, node);
    printer_text(p, " is not connected");
    return shell__problem_end(shell, SHELL_UNREACHABLE);
}

/* The same for any actor. */
static int fail_send(shell_t *shell, const letter_t *letter, text_t word) {
    runtime_t *rt = shell->rt;
    printer_t *p = &shell->printer;
    actor_info_t info;
    actor_stats_t stats;
    if (actor_id_node(letter->target) != runtime_get_node_id(rt))
        return fail_far_send(shell, actor_id_node(letter->target), word);
    if (!runtime_actor_find(rt, letter->target, &info) ||
        !runtime_actor_stats(rt, letter->target, &stats))
        return shell__fail(shell, SHELL_NO_NAME, "No such actor: ", word, "");
    shell__problem(shell);
    printer_text(p, "Refused: ");
    if (info.mailbox_used >= info.mailbox_cap ||
        stats.mailbox_bytes_used + letter->size >= stats.mailbox_bytes_cap) {
        printer_text(p, "the mailbox of ");
        printer_shown(p, word.bytes, word.size);
        printer_text(p, " is full (");
        printer_unsigned(p, info.mailbox_used);
        printer_char(p, '/');
        printer_unsigned(p, info.mailbox_cap);
        printer_text(p, " messages)");
        return shell__problem_end(shell, SHELL_REFUSED);
    }
    printer_text(p, mk_error_text(MK_ENOMEM));
    return shell__problem_end(shell, SHELL_FAILED);
}

static bool send_letter(shell_t *shell, const letter_t *letter) {
    return actor_send(shell->rt, letter->target, letter->type,
                      letter->size > 0 ? shell->payload : NULL, letter->size);
}

int command_send(shell_t *shell, const command_args_t *args) {
    letter_t letter;
    int status = read_letter(shell, args, &letter);
    if (status != SHELL_OK) return status;
    if (!send_letter(shell, &letter))
        return fail_send(shell, &letter, args_text(args, 0));
    printer_t *p = &shell->printer;
    if (shell->is_json) {
        printer_open(p, NULL, '{');
        printer_open(p, "sent", '{');
        printer_json_unsigned(p, "type", letter.type);
        printer_json_id(p, "to", letter.target);
        printer_json_unsigned(p, "size", letter.size);
        printer_close(p, '}');
        printer_close(p, '}');
        printer_json_end(p);
        return SHELL_OK;
    }
    printer_text(p, "Sent type=");
    printer_unsigned(p, letter.type);
    printer_text(p, " to ");
    printer_id(p, letter.target);
    printer_text(p, " (");
    printer_unsigned(p, letter.size);
    printer_text(p, letter.size == 1 ? " byte)\n" : " bytes)\n");
    return SHELL_OK;
}

/* --- calling --- */

/* The call is over, however that came. */
static void close_call(shell_t *shell) {
    shell_call_t *call = &shell->call;
    if (call->monitor != 0) (void)actor_demonitor(shell->rt, call->monitor);
    if (call->timer != TIMER_ID_INVALID)
        (void)actor_cancel_timer(shell->rt, call->timer);
    *call = (shell_call_t){.is_pending = false};
}

static int start_call(shell_t *shell, const command_args_t *args,
                      const letter_t *letter, bool is_caps) {
    runtime_t *rt = shell->rt;
    timer_id_t timer = actor_set_timer(rt, args->timeout_ms, false);
    if (timer == TIMER_ID_INVALID) return shell__fail_error(shell, "call", MK_ENOMEM);
    if (!send_letter(shell, letter)) {
        (void)actor_cancel_timer(rt, timer);
        return fail_send(shell, letter, args_text(args, 0));
    }
    shell->call = (shell_call_t){.is_pending = true,
                                 .is_caps = is_caps,
                                 .target = letter->target,
                                 .timer = timer,
                                 .monitor = actor_monitor(rt, letter->target)};
    memcpy(shell->call.timeout, args->timeout, sizeof shell->call.timeout);
    return SHELL__PENDING;
}

int command_call(shell_t *shell, const command_args_t *args) {
    letter_t letter;
    int status = read_letter(shell, args, &letter);
    return status == SHELL_OK ? start_call(shell, args, &letter, false) : status;
}

int shell__ask_caps(shell_t *shell, const command_args_t *args, actor_id_t target) {
    letter_t letter = {.target = target, .type = MSG_CAPS_REQUEST, .size = 0};
    return start_call(shell, args, &letter, true);
}

void shell__call_timed_out(shell_t *shell, timer_id_t timer) {
    if (!shell->call.is_pending || shell->call.timer != timer) return;
    shell->call.timer = TIMER_ID_INVALID;
    shell__problem(shell);
    printer_text(&shell->printer, "Timeout (");
    printer_text(&shell->printer, shell->call.timeout);
    printer_char(&shell->printer, ')');
    int status = shell__problem_end(shell, SHELL_TIMEOUT);
    close_call(shell);
    shell__finish_command(shell, status);
}

void shell__call_target_ended(shell_t *shell, const down_payload_t *down) {
    if (!shell->call.is_pending || shell->call.monitor != down->monitor ||
        shell->call.target != down->actor_id)
        return;
    printer_t *p = &shell->printer;
    bool is_lost = down->exit_reason == EXIT_NODE_LOST;
    bool was_nobody = down->exit_reason == EXIT_NO_ACTOR;
    const char *nul = memchr(down->text, '\0', sizeof down->text);
    size_t text_size = nul != NULL ? (size_t)(nul - down->text) : sizeof down->text;
    shell->call.monitor = 0;
    shell__problem(shell);
    printer_text(p, was_nobody ? "No such actor: " : "No reply: ");
    printer_id(p, down->actor_id);
    if (is_lost) printer_text(p, " cannot be reached");
    if (!was_nobody && (!is_lost || text_size > 0)) {
        printer_text(p, is_lost ? " (" : " ended (");
        if (!is_lost) printer_text(p, exit_reason_name(down->exit_reason));
        if (!is_lost && text_size > 0) printer_text(p, ": ");
        printer_shown(p, down->text, text_size);
        printer_char(p, ')');
    }
    int status = shell__problem_end(shell, is_lost      ? SHELL_UNREACHABLE
                                           : was_nobody ? SHELL_NO_NAME
                                                        : SHELL_FAILED);
    close_call(shell);
    shell__finish_command(shell, status);
}

void shell__call_drop(shell_t *shell) {
    if (shell->call.is_pending) close_call(shell);
}

/* --- what comes --- */

void shell__take_message(shell_t *shell, message_t *msg) {
    if (!shell->call.is_pending || msg->source != shell->call.target) {
        show_unasked(shell, msg);
        return;
    }
    bool is_caps = shell->call.is_caps && msg->type == MSG_CAPS_REPLY;
    close_call(shell);
    if (is_caps)
        shell__show_caps(shell, text_make(bytes_of(msg), msg->payload_size));
    else
        show_message(shell, "reply", msg, shell->is_json);
    shell__finish_command(shell, SHELL_OK);
}
