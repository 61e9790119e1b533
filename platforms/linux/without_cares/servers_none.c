/* SPDX-License-Identifier: Apache-2.0 */
/* servers_none.c - built without c-ares: no name servers are asked. A blocking lookup
 * would stop the loop, so there is none. */
#include "../servers.h"

#include "base/alloc.h"
#include "microkernel/error.h"

struct servers {
    port_resolver_hooks_t hooks;
};

servers_t *servers_open(const port_resolver_hooks_t *hooks,
                        const port_resolver_options_t *options) {
    (void)options;
    servers_t *servers = mk_alloc(sizeof *servers);
    if (servers != NULL) servers->hooks = *hooks;
    return servers;
}

void servers_close(servers_t *servers) {
    mk_free(servers);
}

void servers_ask(servers_t *servers, const char *name, uint8_t family, void *question) {
    (void)name;
    (void)family;
    port_answer_t answer = {
        .code = MK_ENOTSUP,
        .text = "built without c-ares: only addresses and names of the hosts file"};
    servers->hooks.answer(servers->hooks.ctx, question, &answer);
}

void servers_ready(servers_t *servers, int handle, uint32_t events) {
    (void)servers;
    (void)handle;
    (void)events;
}

uint32_t servers_wait_ms(servers_t *servers) {
    (void)servers;
    return UINT32_MAX;
}

void servers_tick(servers_t *servers) {
    (void)servers;
}
