/* SPDX-License-Identifier: Apache-2.0 */
/* dns.h - names to addresses for the loop: cached, and asked once at a time.
 *
 * Stands over port/resolver.h. "localhost" (RFC 6761) is answered here. Answers hold
 * for their time to live, at most MK_DNS_TTL_MAX_S; a name that does not exist for
 * MK_DNS_NEGATIVE_S; other failures are not kept. */
#ifndef MK_NET_DNS_H
#define MK_NET_DNS_H

#include "base/list.h"
#include "base/text.h"
#include "microkernel/runtime.h"
#include "port/resolver.h"

typedef struct dns_query dns_query_t;

/* Embedded in its owner. */
struct dns_query {
    list_node_t waiting; /* the cache's own */
    /* Exactly once unless cancelled; on the loop, never from within dns_ask. `answer`
     * as port/resolver.h, at most MK_DNS_ADDRESSES_MAX addresses; borrowed. */
    void (*on_answer)(dns_query_t *query, runtime_t *rt, const port_answer_t *answer);
};

/* Ask for the addresses of one family (PORT_FAMILY_...). `name` is borrowed; ASCII case
 * and a final dot do not matter. MK_OK; MK_EINVAL: no host name (1..253 bytes, labels
 * of 1..63); MK_ENOMEM; MK_EFULL: MK_DNS_PENDING_MAX names are being asked for. */
int dns_ask(runtime_t *rt, dns_query_t *query, text_t name, uint8_t family);

/* The answer is not wanted any more. Also after it came. */
void dns_cancel(runtime_t *rt, dns_query_t *query);

/* Other servers, time-outs or hosts file than the system's, from the next question on;
 * forgets what is cached. Questions under way fail with MK_ECANCELED. MK_OK or
 * MK_ENOMEM. */
int dns_configure(runtime_t *rt, const port_resolver_options_t *options);

#endif
