/* SPDX-License-Identifier: Apache-2.0 */
/* shell.c - a program with a shell in it: at a terminal it can be looked at while it
 * runs; here the lines come from shell.stdin. */
#include "microkernel/shell.h"
#include "microkernel/names.h"
#include "microkernel/runtime.h"

#include <stdio.h>

/* Counts the messages it gets and tells the sender. */
static bool count(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    char text[16];
    int size = snprintf(text, sizeof text, "%d", ++*(int *)state);
    actor_send(rt, msg->source, msg->type + 1, text, (size_t)size);
    return true;
}

static void note_status(runtime_t *rt, int status, void *ctx) {
    *(int *)ctx = status;
    runtime_stop(rt);
}

int main(void) {
    runtime_t *rt = runtime_init(1, 64);
    int messages = 0, status = 1;
    actor_register_name(rt, "counter", actor_spawn(rt, count, &messages, NULL, 16));

    shell_console_options_t options = {.on_end = note_status, .end_ctx = &status};
    actor_id_t console;
    if (shell_console_start(rt, &options, &console) == 0) runtime_run(rt);
    runtime_destroy(rt);
    return status;
}
