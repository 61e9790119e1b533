/* SPDX-License-Identifier: Apache-2.0 */
/* resolver.h - addresses of a name, answered later.
 *
 * A resolver never blocks: it says which handles it waits for and until when, and is
 * told when one is ready or time has passed. Called on the thread of the loop. Numeric
 * addresses and caching are the business of its user. */
#ifndef MK_PORT_RESOLVER_H
#define MK_PORT_RESOLVER_H

#include "port/sockets.h"

typedef struct port_resolver port_resolver_t;

/* What was found: `code` MK_OK with at least one address (their ports are 0), or
 * MK_ENOENT (no such name, or it has no address of this family), MK_ETIMEOUT (nobody
 * answered), MK_EBADMSG (malformed answers only), MK_EREFUSED (the servers decline or
 * fail), MK_ENOTSUP (this build asks no servers), MK_ENOMEM, MK_EIO. `text` says what,
 * in a few words. All borrowed. */
typedef struct {
    int code;
    const char *text;
    const port_address_t *addresses;
    size_t count;   /* of them */
    uint32_t ttl_s; /* how long they hold */
} port_answer_t;

typedef struct {
    /* Wait for `handle` from now on; interest 0: no more (it is still open). */
    void (*watch)(void *ctx, int handle, uint32_t interest);
    /* The answer to a question, exactly once, unless it is dropped before. */
    void (*answer)(void *ctx, void *question, const port_answer_t *answer);
    void *ctx;
} port_resolver_hooks_t;

typedef struct {
    const char *servers; /* "127.0.0.1:5353,[::1]:53"; NULL: as the system is set */
    uint32_t timeout_ms; /* of the first try at a server; 0: 2000 */
    uint32_t tries;      /* at each server; 0: 3 */
    const char *hosts;   /* file of names known here; NULL: the system's; "": none */
} port_resolver_options_t;

/* Returns owned, or NULL when memory is short. `hooks` is copied; `options` is borrowed
 * and may be NULL. Hooks are not called from here. */
port_resolver_t *port_resolver_open(const port_resolver_hooks_t *hooks,
                                    const port_resolver_options_t *options);

/* Takes `resolver`; NULL is allowed. Questions are dropped without an answer; `watch`
 * is called for what is still waited for. */
void port_resolver_close(port_resolver_t *resolver);

/* Ask for the addresses of one family. `name` is borrowed: 1..253 bytes. The answer may
 * come from within this call. */
void port_resolver_ask(port_resolver_t *resolver, const char *name, uint8_t family,
                       void *question);

/* A watched handle is ready: PORT_POLL_... bits. */
void port_resolver_ready(port_resolver_t *resolver, int handle, uint32_t events);

/* Milliseconds until port_resolver_tick wants to be called; UINT32_MAX: not at all. To
 * be asked after each of the other calls. */
uint32_t port_resolver_wait_ms(port_resolver_t *resolver);

/* Time has passed. */
void port_resolver_tick(port_resolver_t *resolver);

#endif
