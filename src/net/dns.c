/* SPDX-License-Identifier: Apache-2.0 */
/* dns.c - see the header.
 *
 * One entry per name and family, newest use first; a few hundred of them are searched
 * by walking. Who asks waits in the entry: while it is pending, more askers join, which
 * is how a name is asked for once at a time. Answers are always told from a deadline of
 * 0 ms and never from where they were found, so neither dns_ask nor the resolver is
 * ever re-entered by what an asker does.
 *
 * Invariants: (1) an entry that is pending, is waited for, or is being told is not
 * forgotten. (2) `pending_count` is the number of pending entries, each of which the
 * resolver knows as its question. */
#include "net/dns.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "kernel/deadline.h"
#include "kernel/part.h"
#include "kernel/source.h"
#include "microkernel/error.h"
#include "net/address.h"
#include "port/clock.h"

#include <stddef.h>
#include <string.h>

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63, WHY_MAX = 64 };

typedef struct {
    part_t part;
    runtime_t *rt;
    port_resolver_t *resolver; /* NULL until the first question */
    deadline_t tick;           /* of the resolver */
    deadline_t soon;           /* some entries have an answer to be told */
    list_node_t entries;       /* entry_t.node, newest use first */
    list_node_t sockets;       /* resolver_socket_t.node */
    size_t entry_count;
    size_t pending_count;
    port_resolver_options_t options; /* texts owned; of the next resolver */
} dns_t;

typedef struct {
    list_node_t node;
    list_node_t waiting; /* dns_query_t.waiting */
    uint64_t holds_till_ms;
    uint32_t ttl_s;
    int16_t code;
    uint8_t family;
    bool is_pending;
    bool is_told; /* at this moment */
    size_t count;
    port_address_t addresses[MK_DNS_ADDRESSES_MAX];
    char why[WHY_MAX]; /* the answer's text */
    char name[];       /* lower case, no final dot */
} entry_t;

/* A socket of the resolver on our loop. */
typedef struct {
    list_node_t node;
    source_t source;
    dns_t *dns;
} resolver_socket_t;

/* --- names --- */

static bool is_host_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* The name as it is kept, in `name` of NAME_MAX_BYTES + 1 bytes; MK_EINVAL. */
static int normalize(text_t text, char *name) {
    if (text.size > 0 && text.bytes[text.size - 1] == '.') text.size--;
    if (text.size == 0 || text.size > NAME_MAX_BYTES) return MK_EINVAL;
    size_t label = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        name[i] = c;
        if (c == '.' && label == 0) return MK_EINVAL;
        if (c != '.' && !is_host_byte(c)) return MK_EINVAL;
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_MAX_BYTES) return MK_EINVAL;
    }
    name[text.size] = '\0';
    return label > 0 ? MK_OK : MK_EINVAL;
}

static bool is_localhost(const char *name) {
    return text_is(text_of(name), "localhost") ||
           text_ends_with(text_of(name), text_of(".localhost"));
}

/* --- entries --- */

static uint64_t now_ms(void) {
    return port_clock_monotonic_ns() / 1000000u;
}

static entry_t *find_entry(dns_t *dns, const char *name, uint8_t family) {
    for (list_node_t *at = dns->entries.next; at != &dns->entries; at = at->next) {
        entry_t *entry = MK_CONTAINER_OF(at, entry_t, node);
        if (entry->family == family && strcmp(entry->name, name) == 0) return entry;
    }
    return NULL;
}

static bool is_idle(const entry_t *entry) {
    return !entry->is_pending && !entry->is_told && list_is_empty(&entry->waiting);
}

static void forget_entry(dns_t *dns, entry_t *entry) {
    list_remove(&entry->node);
    dns->entry_count--;
    mk_free(entry);
}

/* Forget idle entries, oldest use first, until at most `max` are left. */
static void shrink(dns_t *dns, size_t max) {
    list_node_t *at = dns->entries.prev;
    while (at != &dns->entries && dns->entry_count > max) {
        entry_t *entry = MK_CONTAINER_OF(at, entry_t, node);
        at = at->prev;
        if (is_idle(entry)) forget_entry(dns, entry);
    }
}

static entry_t *make_entry(dns_t *dns, const char *name, uint8_t family) {
    size_t size = strlen(name) + 1;
    shrink(dns, MK_DNS_CACHE_MAX - 1);
    entry_t *entry = mk_calloc(1, sizeof *entry + size);
    if (entry == NULL) return NULL;
    list_init(&entry->waiting);
    entry->family = family;
    memcpy(entry->name, name, size);
    list_insert_before(dns->entries.next, &entry->node);
    dns->entry_count++;
    return entry;
}

static void keep_answer(entry_t *entry, const port_answer_t *answer) {
    entry->code = (int16_t)answer->code;
    entry->count =
        answer->count < MK_DNS_ADDRESSES_MAX ? answer->count : MK_DNS_ADDRESSES_MAX;
    if (entry->count > 0)
        memcpy(entry->addresses, answer->addresses,
               entry->count * sizeof entry->addresses[0]);
    if (entry->code == MK_OK && entry->count == 0) entry->code = MK_ENOENT;
    entry->ttl_s = answer->ttl_s < MK_DNS_TTL_MAX_S ? answer->ttl_s : MK_DNS_TTL_MAX_S;
    uint32_t holds_s = entry->code == MK_OK       ? entry->ttl_s
                       : entry->code == MK_ENOENT ? MK_DNS_NEGATIVE_S
                                                  : 0;
    entry->holds_till_ms = now_ms() + (uint64_t)holds_s * 1000u;
    mk_writer_t why;
    writer_init(&why, entry->why, sizeof entry->why);
    writer_str(&why, answer->text != NULL ? answer->text : mk_error_text(entry->code));
}

/* An answer that needs no server. */
static void fail_entry(entry_t *entry, int code) {
    port_answer_t answer = {.code = code};
    keep_answer(entry, &answer);
}

/* --- telling --- */

static void tell_waiting(dns_t *dns, entry_t *entry) {
    list_node_t moved;
    list_init(&moved);
    while (!list_is_empty(&entry->waiting)) {
        list_node_t *node = entry->waiting.next;
        list_remove(node);
        list_insert_before(&moved, node);
    }
    const port_answer_t answer = {.code = entry->code,
                                  .text = entry->why,
                                  .addresses = entry->addresses,
                                  .count = entry->count,
                                  .ttl_s = entry->ttl_s};
    entry->is_told = true;
    while (!list_is_empty(&moved)) {
        dns_query_t *query = MK_CONTAINER_OF(moved.next, dns_query_t, waiting);
        list_remove(&query->waiting);
        query->on_answer(query, dns->rt, &answer);
    }
    entry->is_told = false;
}

static entry_t *find_untold(dns_t *dns) {
    for (list_node_t *at = dns->entries.next; at != &dns->entries; at = at->next) {
        entry_t *entry = MK_CONTAINER_OF(at, entry_t, node);
        if (!entry->is_pending && !list_is_empty(&entry->waiting)) return entry;
    }
    return NULL;
}

/* One entry a look: an asker that asks again gets its turn after the others. */
static void on_soon(deadline_t *deadline, runtime_t *rt) {
    dns_t *dns = MK_CONTAINER_OF(deadline, dns_t, soon);
    entry_t *entry = find_untold(dns);
    if (entry == NULL) return;
    deadline_set(rt, &dns->soon, 0);
    tell_waiting(dns, entry);
}

/* --- the resolver's wishes --- */

static void set_tick(dns_t *dns) {
    uint32_t wait_ms = port_resolver_wait_ms(dns->resolver);
    if (wait_ms == UINT32_MAX)
        deadline_clear(dns->rt, &dns->tick);
    else
        deadline_set(dns->rt, &dns->tick, wait_ms);
}

static void on_tick(deadline_t *deadline, runtime_t *rt) {
    dns_t *dns = MK_CONTAINER_OF(deadline, dns_t, tick);
    (void)rt;
    port_resolver_tick(dns->resolver);
    set_tick(dns);
}

static void on_socket_ready(source_t *source, runtime_t *rt, uint32_t events) {
    dns_t *dns = MK_CONTAINER_OF(source, resolver_socket_t, source)->dns;
    (void)rt;
    port_resolver_ready(dns->resolver, source->handle, events);
    set_tick(dns);
}

static void forget_socket(dns_t *dns, resolver_socket_t *socket) {
    source_close(dns->rt, &socket->source);
    list_remove(&socket->node);
    mk_free(socket);
}

static resolver_socket_t *find_socket(dns_t *dns, int handle) {
    for (list_node_t *at = dns->sockets.next; at != &dns->sockets; at = at->next) {
        resolver_socket_t *socket = MK_CONTAINER_OF(at, resolver_socket_t, node);
        if (socket->source.handle == handle) return socket;
    }
    return NULL;
}

/* A socket that cannot be waited for leaves the question to its time-out. */
static void watch_socket(void *ctx, int handle, uint32_t interest) {
    dns_t *dns = ctx;
    resolver_socket_t *socket = find_socket(dns, handle);
    if (socket != NULL && interest == 0) {
        forget_socket(dns, socket);
    } else if (socket != NULL) {
        (void)source_change(dns->rt, &socket->source, interest);
    } else if (interest != 0 && (socket = mk_calloc(1, sizeof *socket)) != NULL) {
        socket->dns = dns;
        socket->source = (source_t){.handle = handle,
                                    .interest = (uint16_t)interest,
                                    .on_ready = on_socket_ready};
        list_insert_before(&dns->sockets, &socket->node);
        if (source_open(dns->rt, &socket->source) == MK_OK) return;
        list_remove(&socket->node);
        mk_free(socket);
    }
}

static void take_answer(void *ctx, void *question, const port_answer_t *answer) {
    dns_t *dns = ctx;
    entry_t *entry = question;
    entry->is_pending = false;
    dns->pending_count--;
    keep_answer(entry, answer);
    deadline_set(dns->rt, &dns->soon, 0);
}

static void close_resolver(dns_t *dns) {
    port_resolver_close(dns->resolver);
    dns->resolver = NULL;
    while (!list_is_empty(&dns->sockets))
        forget_socket(dns, MK_CONTAINER_OF(dns->sockets.next, resolver_socket_t, node));
    deadline_clear(dns->rt, &dns->tick);
}

/* --- the part --- */

static void free_options(port_resolver_options_t *options) {
    /* They were allocated here; the options only lend them out as const. */
    union {
        const char *lent;
        void *owned;
    } servers = {options->servers}, hosts = {options->hosts};
    mk_free(servers.owned);
    mk_free(hosts.owned);
    *options = (port_resolver_options_t){.servers = NULL};
}

static void destroy(part_t *part, runtime_t *rt) {
    dns_t *dns = MK_CONTAINER_OF(part, dns_t, part);
    close_resolver(dns);
    deadline_clear(rt, &dns->soon);
    while (!list_is_empty(&dns->entries)) {
        entry_t *entry = MK_CONTAINER_OF(dns->entries.next, entry_t, node);
        while (!list_is_empty(&entry->waiting))
            list_remove(entry->waiting.next);
        forget_entry(dns, entry);
    }
    free_options(&dns->options);
    mk_free(dns);
}

static const part_ops_t ops = {.destroy = destroy};

static dns_t *get_dns(runtime_t *rt) {
    part_t *part = part_find(rt, &ops);
    if (part != NULL) return MK_CONTAINER_OF(part, dns_t, part);
    dns_t *dns = mk_calloc(1, sizeof *dns);
    if (dns == NULL) return NULL;
    dns->rt = rt;
    list_init(&dns->entries);
    list_init(&dns->sockets);
    deadline_init(&dns->tick, on_tick);
    deadline_init(&dns->soon, on_soon);
    (void)part_attach(rt, &dns->part, &ops);
    return dns;
}

static bool make_resolver(dns_t *dns) {
    const port_resolver_hooks_t hooks = {
        .watch = watch_socket, .answer = take_answer, .ctx = dns};
    if (dns->resolver == NULL)
        dns->resolver = port_resolver_open(&hooks, &dns->options);
    return dns->resolver != NULL;
}

/* --- asking --- */

static void answer_localhost(entry_t *entry) {
    port_address_t address =
        entry->family == PORT_FAMILY_INET ? address_loopback(0) : address_loopback6(0);
    port_answer_t answer = {.code = MK_OK, .addresses = &address, .count = 1};
    keep_answer(entry, &answer);
}

/* Make the entry's answer come. MK_OK or why it will not. */
static int ask(dns_t *dns, entry_t *entry) {
    if (is_localhost(entry->name)) {
        answer_localhost(entry);
        return MK_OK;
    }
    if (dns->pending_count >= MK_DNS_PENDING_MAX) return MK_EFULL;
    if (!make_resolver(dns)) return MK_ENOMEM;
    entry->is_pending = true;
    dns->pending_count++;
    port_resolver_ask(dns->resolver, entry->name, entry->family, entry);
    set_tick(dns);
    return MK_OK;
}

int dns_ask(runtime_t *rt, dns_query_t *query, text_t name, uint8_t family) {
    char kept[NAME_MAX_BYTES + 1];
    list_init(&query->waiting);
    int result = normalize(name, kept);
    if (result != MK_OK) return result;
    dns_t *dns = get_dns(rt);
    entry_t *entry = dns != NULL ? find_entry(dns, kept, family) : NULL;
    bool is_new = entry == NULL;
    if (is_new && dns != NULL) entry = make_entry(dns, kept, family);
    if (entry == NULL) return MK_ENOMEM;
    if (is_new || (is_idle(entry) && entry->holds_till_ms <= now_ms())) {
        result = ask(dns, entry);
        if (result != MK_OK) {
            if (is_new) forget_entry(dns, entry);
            return result;
        }
    }
    list_remove(&entry->node); /* to the front: used last */
    list_insert_before(dns->entries.next, &entry->node);
    list_insert_before(&entry->waiting, &query->waiting);
    if (!entry->is_pending) deadline_set(rt, &dns->soon, 0);
    return MK_OK;
}

void dns_cancel(runtime_t *rt, dns_query_t *query) {
    (void)rt;
    if (query->waiting.next != NULL) list_remove(&query->waiting);
}

static const char *copy_text(const char *text, bool *is_short) {
    if (text == NULL) return NULL;
    size_t size = strlen(text) + 1;
    char *copy = mk_alloc(size);
    if (copy == NULL) {
        *is_short = true;
        return NULL;
    }
    memcpy(copy, text, size);
    return copy;
}

int dns_configure(runtime_t *rt, const port_resolver_options_t *options) {
    dns_t *dns = get_dns(rt);
    if (dns == NULL) return MK_ENOMEM;
    bool is_short = false;
    port_resolver_options_t copy = *options;
    copy.servers = copy_text(options->servers, &is_short);
    copy.hosts = copy_text(options->hosts, &is_short);
    if (is_short) {
        free_options(&copy);
        return MK_ENOMEM;
    }
    free_options(&dns->options);
    dns->options = copy;
    close_resolver(dns);
    for (list_node_t *at = dns->entries.next; at != &dns->entries; at = at->next) {
        entry_t *entry = MK_CONTAINER_OF(at, entry_t, node);
        if (entry->is_pending) fail_entry(entry, MK_ECANCELED);
        entry->is_pending = false;
        entry->holds_till_ms = 0;
    }
    dns->pending_count = 0;
    shrink(dns, 0);
    deadline_set(rt, &dns->soon, 0);
    return MK_OK;
}
