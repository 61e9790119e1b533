/* SPDX-License-Identifier: Apache-2.0 */
/* connector.c - see the header. RFC 8305, sections 3 to 5, without the sorting of
 * RFC 6724 between families: each is sorted by itself, and the two take turns, IPv6
 * first unless there is no way to any of its addresses.
 *
 * What drives it: the two answers, the end of an attempt, and `step`, the one deadline
 * after which the next address is tried: the resolution delay before the first attempt,
 * the attempt delay after each. Everything ends in finish(), which frees the connector
 * before it tells its owner; after a call that may reach it, nothing is touched.
 *
 * Invariant: while nothing is under way and an answer is due, or an address is left,
 * something is armed (a query, or step) that goes on. */
#include "net/connector.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/text.h"
#include "base/writer.h"
#include "kernel/deadline.h"
#include "kernel/source.h"
#include "microkernel/error.h"
#include "net/address.h"
#include "net/address_order.h"
#include "net/dns.h"

#include <stddef.h>
#include <string.h>

enum {
    HOST_MAX_BYTES = 253,
    PATH_MAX_BYTES = 107,
    WHY_MAX = 96,
    TEXT_MAX = HOST_MAX_BYTES + WHY_MAX + 64
};

typedef struct {
    source_t source;
    connector_t *connector;
    bool is_open;
} attempt_t;

/* What is known of one family. */
typedef struct {
    dns_query_t query;
    connector_t *connector;
    bool is_answered;
    bool is_reached; /* there is a way to the first of its addresses */
    int code;        /* why it has no address */
    uint8_t count;   /* of addresses */
    uint8_t next;    /* the first not tried */
    port_address_t addresses[MK_DNS_ADDRESSES_MAX];
} family_t;

enum { INET6, INET, FAMILIES }; /* in the order of preference */

struct connector {
    runtime_t *rt;
    connector_spec_t spec; /* host and unix_path point to `name` */
    family_t families[FAMILIES];
    unsigned turn; /* the family to try next */
    attempt_t attempts[FAMILIES * MK_DNS_ADDRESSES_MAX];
    unsigned tried;  /* attempts begun */
    unsigned active; /* of these, under way */
    int error;       /* of the last attempt that failed; MK_OK: none did */
    deadline_t step;
    deadline_t total;
    char why[WHY_MAX]; /* the lookup failed */
    char name[HOST_MAX_BYTES + 1];
};

/* --- the end --- */

static void release(connector_t *connector) {
    runtime_t *rt = connector->rt;
    for (unsigned i = 0; i < FAMILIES; i++)
        dns_cancel(rt, &connector->families[i].query);
    for (unsigned i = 0; i < connector->tried; i++) {
        attempt_t *attempt = &connector->attempts[i];
        if (!attempt->is_open) continue;
        source_close(rt, &attempt->source);
        port_socket_close(attempt->source.handle);
    }
    deadline_clear(rt, &connector->step);
    deadline_clear(rt, &connector->total);
    mk_free(connector);
}

static bool is_answered(const connector_t *connector) {
    for (unsigned i = 0; i < FAMILIES; i++)
        if (!connector->families[i].is_answered) return false;
    return true;
}

static const char *reason_of(int code) {
    if (code == MK_ENOMEM) return "out of memory or descriptors";
    return mk_error_text(code);
}

static void describe(const connector_t *connector, int code, mk_writer_t *w) {
    bool has_names = connector->tried > 0 || connector->error != MK_OK ||
                     connector->why[0] == '\0' || !is_answered(connector);
    writer_str(w, has_names ? "cannot connect to " : "cannot look up ");
    bool has_colon = strchr(connector->name, ':') != NULL;
    bool is_bare = connector->spec.unix_path == NULL && has_names && has_colon &&
                   connector->name[0] != '[';
    if (is_bare) writer_char(w, '[');
    writer_str(w, connector->name);
    if (is_bare) writer_char(w, ']');
    if (connector->spec.unix_path == NULL && has_names) {
        writer_char(w, ':');
        writer_unsigned(w, connector->spec.port);
    }
    writer_str(w, ": ");
    writer_str(w, has_names ? reason_of(code) : connector->why);
}

/* `result`: a handle or an error. Frees the connector and tells its owner. */
static void finish(connector_t *connector, int result) {
    char text[TEXT_MAX];
    mk_writer_t w;
    writer_init(&w, text, sizeof text);
    if (result < 0) describe(connector, result, &w);
    connector_spec_t spec = connector->spec;
    runtime_t *rt = connector->rt;
    release(connector);
    spec.on_done(spec.owner, rt, result, text);
}

/* --- attempts --- */

static bool has_address(const connector_t *connector) {
    for (unsigned i = 0; i < FAMILIES; i++)
        if (connector->families[i].next < connector->families[i].count) return true;
    return false;
}

static const port_address_t *take_address(connector_t *connector) {
    for (unsigned i = 0; i < FAMILIES; i++) {
        family_t *family = &connector->families[(connector->turn + i) % FAMILIES];
        if (family->next == family->count) continue;
        connector->turn = (connector->turn + i + 1) % FAMILIES;
        return &family->addresses[family->next++];
    }
    return NULL;
}

static void start_next(connector_t *connector);

/* An attempt knows how it went, or it is nothing yet. */
static void on_ready(source_t *source, runtime_t *rt, uint32_t events) {
    attempt_t *attempt = MK_CONTAINER_OF(source, attempt_t, source);
    connector_t *connector = attempt->connector;
    (void)events;
    int result = port_socket_connected(source->handle);
    if (result == MK_EAGAIN) return;
    source_close(rt, source);
    attempt->is_open = false;
    connector->active--;
    if (result == MK_OK) {
        finish(connector, source->handle);
        return;
    }
    port_socket_close(source->handle);
    connector->error = result;
    start_next(connector);
}

/* False: it failed at once. */
static bool start_attempt(connector_t *connector, int handle) {
    attempt_t *attempt = &connector->attempts[connector->tried];
    if (handle < 0) {
        connector->error = handle;
        return false;
    }
    attempt->connector = connector;
    attempt->source =
        (source_t){.handle = handle, .interest = MK_POLL_OUT, .on_ready = on_ready};
    if (source_open(connector->rt, &attempt->source) != MK_OK) {
        port_socket_close(handle);
        connector->error = MK_ENOMEM;
        return false;
    }
    attempt->is_open = true;
    connector->tried++;
    connector->active++;
    return true;
}

/* The lookups said nothing: the code that says most. */
static int lookup_error(const connector_t *connector) {
    int code = MK_ENOENT;
    for (unsigned i = 0; i < FAMILIES; i++)
        if (connector->families[i].code != MK_ENOENT &&
            connector->families[i].code != MK_OK)
            code = connector->families[i].code;
    return code;
}

/* Try the next address now; when there is none and will be none, this was it. */
static void start_next(connector_t *connector) {
    deadline_clear(connector->rt, &connector->step);
    const port_address_t *address;
    while ((address = take_address(connector)) != NULL) {
        if (!start_attempt(connector, port_socket_connect(address))) continue;
        if (has_address(connector) || !is_answered(connector))
            deadline_set(connector->rt, &connector->step, MK_CONNECT_ATTEMPT_MS);
        return;
    }
    if (connector->active > 0 || !is_answered(connector)) return;
    finish(connector,
           connector->error != MK_OK ? connector->error : lookup_error(connector));
}

static void start_unix(connector_t *connector) {
    int handle = port_socket_connect_unix(connector->spec.unix_path);
    if (handle == MK_EAGAIN) /* its queue is full; no readiness tells of room */
        deadline_set(connector->rt, &connector->step, MK_CONNECT_RESOLUTION_MS);
    else if (!start_attempt(connector, handle))
        finish(connector, connector->error);
}

static void on_step(deadline_t *deadline, runtime_t *rt) {
    connector_t *connector = MK_CONTAINER_OF(deadline, connector_t, step);
    (void)rt;
    if (connector->spec.unix_path != NULL)
        start_unix(connector);
    else
        start_next(connector);
}

static void on_total(deadline_t *deadline, runtime_t *rt) {
    (void)rt;
    finish(MK_CONTAINER_OF(deadline, connector_t, total), MK_ETIMEOUT);
}

/* --- lookups --- */

/* An answer is there: go on, or wait a little for the better family. */
static void consider(connector_t *connector) {
    const family_t *best = &connector->families[INET6];
    if (connector->tried > 0 || connector->error != MK_OK) {
        /* Not armed: the delay is over, and only an address was missing. */
        if (connector->active == 0 || !deadline_is_set(&connector->step))
            start_next(connector);
    } else if (best->is_answered &&
               (has_address(connector) || is_answered(connector))) {
        start_next(connector);
    } else if (has_address(connector) && !deadline_is_set(&connector->step)) {
        deadline_set(connector->rt, &connector->step, MK_CONNECT_RESOLUTION_MS);
    }
}

static void set_answer(family_t *family, int code, const char *text) {
    connector_t *connector = family->connector;
    family->is_answered = true;
    family->code = code;
    if (code == MK_OK) return;
    bool is_better = connector->why[0] == '\0' || code != MK_ENOENT;
    mk_writer_t why;
    if (!is_better) return;
    writer_init(&why, connector->why, sizeof connector->why);
    writer_str(&why, text);
}

/* The best first, and whether there is a way to it. */
static void sort(family_t *family) {
    port_address_t from[MK_DNS_ADDRESSES_MAX];
    memset(from, 0, sizeof from);
    for (size_t i = 0; i < family->count; i++)
        if (port_socket_source(&family->addresses[i], &from[i]) != MK_OK)
            from[i].family = PORT_FAMILY_NONE;
    address_sort(family->addresses, from, family->count);
    family->is_reached = family->count > 0 && from[0].family != PORT_FAMILY_NONE;
}

static void on_answer(dns_query_t *query, runtime_t *rt, const port_answer_t *answer) {
    family_t *family = MK_CONTAINER_OF(query, family_t, query);
    connector_t *connector = family->connector;
    (void)rt;
    set_answer(family, answer->code, answer->text);
    for (size_t i = 0; i < answer->count && answer->code == MK_OK; i++) {
        port_address_t *address = &family->addresses[family->count++];
        *address = answer->addresses[i];
        address->port = connector->spec.port;
    }
    sort(family);
    const family_t *best = &connector->families[INET6];
    if (connector->tried == 0 && best->is_answered && !best->is_reached)
        connector->turn = INET;
    consider(connector);
}

static void ask(connector_t *connector, text_t host) {
    static const uint8_t families[FAMILIES] = {PORT_FAMILY_INET6, PORT_FAMILY_INET};
    bool is_asked = false;
    for (unsigned i = 0; i < FAMILIES; i++) {
        family_t *family = &connector->families[i];
        family->query.on_answer = on_answer;
        int result = dns_ask(connector->rt, &family->query, host, families[i]);
        if (result == MK_OK) {
            is_asked = true;
            continue;
        }
        set_answer(family, result,
                   result == MK_EINVAL ? "not a host name" : mk_error_text(result));
    }
    if (!is_asked) deadline_set(connector->rt, &connector->step, 0);
}

/* --- the calls --- */

static bool keep_name(connector_t *connector, const char *name, size_t max_size) {
    size_t size = strlen(name);
    if (size == 0 || size > max_size) return false;
    memcpy(connector->name, name, size + 1);
    return true;
}

static bool keep_spec(connector_t *connector, const connector_spec_t *spec) {
    connector->spec = *spec;
    if (spec->timeout_ms == 0) connector->spec.timeout_ms = MK_CONNECT_TIMEOUT_MS;
    if (spec->unix_path != NULL) {
        connector->spec.unix_path = connector->name;
        return keep_name(connector, spec->unix_path, PATH_MAX_BYTES);
    }
    connector->spec.host = connector->name;
    return spec->host != NULL && spec->port != 0 &&
           keep_name(connector, spec->host, HOST_MAX_BYTES);
}

int connector_start(runtime_t *rt, const connector_spec_t *spec, connector_t **out) {
    connector_t *connector = mk_calloc(1, sizeof *connector);
    if (connector == NULL) return MK_ENOMEM;
    connector->rt = rt;
    if (!keep_spec(connector, spec)) {
        mk_free(connector);
        return MK_EINVAL;
    }
    deadline_init(&connector->step, on_step);
    deadline_init(&connector->total, on_total);
    deadline_set(rt, &connector->total, connector->spec.timeout_ms);
    for (unsigned i = 0; i < FAMILIES; i++)
        connector->families[i].connector = connector;
    port_address_t address;
    text_t host = text_of(connector->name);
    bool is_unix = spec->unix_path != NULL;
    if (!is_unix && address_parse(host, spec->port, &address) != MK_OK) {
        ask(connector, host);
    } else {
        family_t *family = &connector->families[INET];
        connector->families[INET6].is_answered = family->is_answered = true;
        if (!is_unix) family->addresses[family->count++] = address;
        deadline_set(rt, &connector->step, 0);
    }
    *out = connector;
    return MK_OK;
}

void connector_cancel(runtime_t *rt, connector_t *connector) {
    (void)rt;
    if (connector != NULL) release(connector);
}
