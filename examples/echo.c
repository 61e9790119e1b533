/* SPDX-License-Identifier: Apache-2.0 */
/* echo.c - a server that sends back what it gets, and a client that asks it. The reply
 * needs no connection: each message carries the id of its sender. */
#include "microkernel/actor.h"
#include "microkernel/runtime.h"

#include <stdio.h>
#include <string.h>

enum { SAY = 1, SAID = 2 };

static bool echo(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_SHUTDOWN) {
        printf("echo: asked to end\n");
        return false;
    }
    actor_send(rt, msg->source, SAID, msg->payload, msg->payload_size);
    return true;
}

typedef struct {
    actor_id_t server;
    int at; /* the next word to say */
} client_t;

static const char *const words[] = {"hello", "grüß dich", "", "goodbye"};
enum { WORD_COUNT = sizeof words / sizeof words[0] };

static bool client(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    client_t *c = state;
    if (msg->type == SAID) /* a payload is bytes: it has a size and no NUL */
        printf("echo: \"%.*s\", %u bytes\n", (int)msg->payload_size,
               msg->payload != NULL ? (const char *)msg->payload : "",
               (unsigned)msg->payload_size);
    if (c->at == WORD_COUNT) {
        actor_shutdown(rt, c->server); /* behind all mail that waits there already */
        return false;
    }
    const char *word = words[c->at++];
    return actor_send(rt, c->server, SAY, word, strlen(word));
}

int main(void) {
    runtime_t *rt = runtime_init(1, 16);
    client_t state = {.server = actor_spawn(rt, echo, NULL, NULL, 16)};
    actor_id_t id = actor_spawn(rt, client, &state, NULL, 16);
    actor_send(rt, id, SAY, NULL, 0);
    runtime_run(rt);

    /* Nobody is there any more: the send says so, and it is counted. */
    bool sent = actor_send(rt, state.server, SAY, "anybody?", 8);
    printf("sent after the end: %s, dead letters: %u\n", sent ? "yes" : "no",
           (unsigned)runtime_counters(rt).dead_letters);
    runtime_destroy(rt);
    return 0;
}
