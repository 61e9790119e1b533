/* SPDX-License-Identifier: Apache-2.0 */
/* servers.h - asking name servers, for resolver.c. Implemented over c-ares, or, where
 * the build has no c-ares, by a file that says so (without_cares/). */
#ifndef MK_PLATFORM_LINUX_SERVERS_H
#define MK_PLATFORM_LINUX_SERVERS_H

#include "port/resolver.h"

typedef struct servers servers_t;

/* As the functions of port/resolver.h; `options->hosts` is not looked at. */
servers_t *servers_open(const port_resolver_hooks_t *hooks,
                        const port_resolver_options_t *options);
void servers_close(servers_t *servers);
void servers_ask(servers_t *servers, const char *name, uint8_t family, void *question);
void servers_ready(servers_t *servers, int handle, uint32_t events);
uint32_t servers_wait_ms(servers_t *servers);
void servers_tick(servers_t *servers);

#endif
