/* SPDX-License-Identifier: Apache-2.0 */
/* wasm_echo.c - an actor whose behaviour is a WASM module, and a native one that talks
 * to it. The module is that of sdk/c/echo.c, or any other that answers n with n + 1.
 *
 *     wasm_echo [MODULE]     echo.wasm unless told */
#include "microkernel/actor.h"
#include "microkernel/runtime.h"
#include "microkernel/wasm_actor.h"

#include <stdio.h>
#include <string.h>

enum { SAY = 200, SAID = 201, END = 0 };

static const char *const words[] = {"hello", "grüß dich", ""};
enum { WORD_COUNT = sizeof words / sizeof words[0] };

typedef struct {
    actor_id_t guest;
    int at; /* the next word to say */
} client_t;

static bool client(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    client_t *c = state;
    if (msg->type == MSG_DOWN) {
        const down_payload_t *down = msg->payload;
        printf("the guest ended: %s\n", exit_reason_name(down->exit_reason));
        return false;
    }
    if (msg->type == SAID)
        printf("\"%.*s\", %u bytes\n", (int)msg->payload_size,
               msg->payload != NULL ? (const char *)msg->payload : "",
               (unsigned)msg->payload_size);
    else
        actor_monitor(rt, c->guest);
    if (c->at < WORD_COUNT) {
        const char *word = words[c->at++];
        return actor_send(rt, c->guest, SAY, word, strlen(word));
    }
    wasm_actor_facts_t facts;
    if (wasm_actor_facts(rt, c->guest, &facts))
        printf("pages of memory: %u\n", (unsigned)facts.memory_pages);
    return actor_send(rt, c->guest, END, NULL, 0);
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "echo.wasm";
    runtime_t *rt = runtime_init(1, 16);
    /* It gets all rights. actor_spawn_wasm_with takes a module from anywhere, and says
     * what it may do and why it was refused. */
    client_t state = {
        .guest = actor_spawn_wasm_file(rt, path, 16, WASM_DEFAULT_STACK_SIZE,
                                       WASM_DEFAULT_HEAP_SIZE, FIBER_STACK_SMALL)};
    if (state.guest == ACTOR_ID_INVALID) {
        fprintf(stderr, "%s cannot be started\n", path);
        runtime_destroy(rt);
        return 1;
    }
    actor_id_t id = actor_spawn(rt, client, &state, NULL, 16);
    actor_send(rt, id, SAY, NULL, 0);
    runtime_run(rt);
    runtime_destroy(rt);
    return 0;
}
