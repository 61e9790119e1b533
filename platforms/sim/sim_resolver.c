/* SPDX-License-Identifier: Apache-2.0 */
/* sim_resolver.c - port/resolver.h: names as the test says, in virtual time. Answers
 * come from port_resolver_tick only, so that no caller relies on one at once. */
#include "sim_net.h"

#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/resolver.h"

#include <string.h>

enum { NS_PER_MS = 1000000, NAME_MAX_BYTES = 256, TIMEOUT_MS = 2000, TRIES = 3 };

typedef struct record {
    struct record *next;
    char name[NAME_MAX_BYTES];
    uint8_t family;
    int code;
    uint32_t ttl_s;
    uint64_t delay_ns;
    size_t count;
    port_address_t addresses[];
} record_t;

static struct {
    record_t *records;
    size_t questions;
} names;

typedef struct pending {
    struct pending *next;
    uint64_t at_ns;
    void *question;
    char name[NAME_MAX_BYTES];
    uint8_t family;
    bool is_silent;
} pending_t;

struct port_resolver {
    port_resolver_hooks_t hooks;
    uint64_t patience_ns; /* before silence is an answer */
    pending_t *pending;
};

/* The record, and where it hangs; NULL when there is none. */
static record_t **find_record(const char *name, uint8_t family) {
    record_t **link = &names.records;
    while (*link != NULL &&
           ((*link)->family != family || strcmp((*link)->name, name) != 0))
        link = &(*link)->next;
    return *link != NULL ? link : NULL;
}

int sim_dns_set(const char *name, uint8_t family, int code,
                const port_address_t *addresses, size_t count, uint32_t ttl_s,
                uint64_t delay_ns) {
    record_t *record = mk_calloc(1, sizeof *record + count * sizeof *addresses);
    if (record == NULL) return MK_ENOMEM;
    record_t **old = find_record(name, family);
    if (old != NULL) {
        record_t *dropped = *old;
        *old = dropped->next;
        mk_free(dropped);
    }
    strncpy(record->name, name, NAME_MAX_BYTES - 1);
    record->family = family;
    record->code = code;
    record->ttl_s = ttl_s;
    record->delay_ns = delay_ns;
    record->count = count;
    if (count > 0) memcpy(record->addresses, addresses, count * sizeof *addresses);
    record->next = names.records;
    names.records = record;
    return MK_OK;
}

size_t sim_dns_questions(void) {
    return names.questions;
}

port_resolver_t *port_resolver_open(const port_resolver_hooks_t *hooks,
                                    const port_resolver_options_t *options) {
    if (sim__port_fails()) return NULL;
    port_resolver_t *resolver = mk_calloc(1, sizeof *resolver);
    if (resolver == NULL) return NULL;
    uint64_t timeout_ms = options != NULL ? options->timeout_ms : 0;
    uint64_t tries = options != NULL ? options->tries : 0;
    resolver->hooks = *hooks;
    resolver->patience_ns = (timeout_ms != 0 ? timeout_ms : TIMEOUT_MS) *
                            (tries != 0 ? tries : TRIES) * NS_PER_MS;
    return resolver;
}

void port_resolver_close(port_resolver_t *resolver) {
    if (resolver == NULL) return;
    while (resolver->pending != NULL) {
        pending_t *pending = resolver->pending;
        resolver->pending = pending->next;
        mk_free(pending);
    }
    mk_free(resolver);
}

void port_resolver_ask(port_resolver_t *resolver, const char *name, uint8_t family,
                       void *question) {
    names.questions++;
    pending_t *pending = mk_calloc(1, sizeof *pending);
    if (pending == NULL) {
        port_answer_t answer = {.code = MK_ENOMEM, .text = mk_error_text(MK_ENOMEM)};
        resolver->hooks.answer(resolver->hooks.ctx, question, &answer);
        return;
    }
    record_t **record = find_record(name, family);
    pending->is_silent = record != NULL && (*record)->code == MK_EAGAIN;
    pending->at_ns = sim_now_ns();
    if (pending->is_silent)
        pending->at_ns += resolver->patience_ns;
    else if (record != NULL)
        pending->at_ns += (*record)->delay_ns;
    pending->question = question;
    pending->family = family;
    strncpy(pending->name, name, NAME_MAX_BYTES - 1);
    pending_t **last = &resolver->pending;
    while (*last != NULL)
        last = &(*last)->next;
    *last = pending;
}

void port_resolver_ready(port_resolver_t *resolver, int handle, uint32_t events) {
    (void)resolver;
    (void)handle;
    (void)events;
}

uint32_t port_resolver_wait_ms(port_resolver_t *resolver) {
    uint64_t next_ns = UINT64_MAX;
    for (const pending_t *at = resolver->pending; at != NULL; at = at->next)
        if (at->at_ns < next_ns) next_ns = at->at_ns;
    if (next_ns == UINT64_MAX) return UINT32_MAX;
    uint64_t now_ns = sim_now_ns();
    return next_ns > now_ns ? (uint32_t)((next_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS)
                            : 0;
}

static void answer(port_resolver_t *resolver, const pending_t *pending) {
    record_t **record = find_record(pending->name, pending->family);
    port_answer_t said = {.code = MK_ENOENT};
    if (pending->is_silent)
        said.code = MK_ETIMEOUT;
    else if (record != NULL)
        said = (port_answer_t){.code = (*record)->code,
                               .addresses = (*record)->addresses,
                               .count = (*record)->count,
                               .ttl_s = (*record)->ttl_s};
    said.text = said.code == MK_ENOENT     ? "no such host"
                : said.code == MK_ETIMEOUT ? "no answer from the name servers"
                                           : mk_error_text(said.code);
    resolver->hooks.answer(resolver->hooks.ctx, pending->question, &said);
}

void port_resolver_tick(port_resolver_t *resolver) {
    uint64_t now_ns = sim_now_ns();
    pending_t **link = &resolver->pending;
    while (*link != NULL) {
        pending_t *pending = *link;
        if (pending->at_ns > now_ns) {
            link = &pending->next;
            continue;
        }
        *link = pending->next;
        answer(resolver, pending);
        mk_free(pending);
        link = &resolver->pending; /* the answer may have asked again */
    }
}

void sim__dns_reset(void) {
    while (names.records != NULL) {
        record_t *record = names.records;
        names.records = record->next;
        mk_free(record);
    }
    names.questions = 0;
}
