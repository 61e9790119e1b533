/* SPDX-License-Identifier: Apache-2.0 */
/* http_secure.c - one configuration of TLS for all clients of a runtime, so that
 * sessions are resumed.
 *
 * The roots of the system are some hundred certificates in a file: an actor of its own
 * has a worker thread read them when https is first wanted and nobody said whom to
 * trust. Who needs them meanwhile waits on a list; a reading that fails is told to all
 * of them, and the next request tries again. */
#include "net/http_secure.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "kernel/part.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/http.h"
#include "microkernel/log.h"
#include "net/tls_stream.h"

enum { READ_BEGIN = 1 /* message of the reader to itself */ };

typedef struct {
    part_t part;
    port_tls_config_t *config; /* NULL: none yet */
    list_node_t waits;         /* http_secure_wait_t.in_waits */
    actor_id_t reader;         /* of the roots of the system; 0: none is under way */
} http_secure_t;

static void end_part(part_t *part, runtime_t *rt) {
    http_secure_t *secure = (http_secure_t *)part;
    (void)rt;
    while (!list_is_empty(&secure->waits))
        list_remove(secure->waits.next);
    port_tls_config_release(secure->config);
    mk_free(secure);
}

static void tell(runtime_t *rt, http_secure_t *secure, int result);

static void end_actor(part_t *part, runtime_t *rt, actor_id_t id) {
    http_secure_t *secure = (http_secure_t *)part;
    if (id != secure->reader) return;
    secure->reader = 0; /* stopped from outside, or done */
    tell(rt, secure, secure->config != NULL ? MK_OK : MK_EDEAD);
}

static const part_ops_t secure_ops = {NULL, end_actor, end_part};

static http_secure_t *get_secure(runtime_t *rt) {
    http_secure_t *secure = (http_secure_t *)part_find(rt, &secure_ops);
    if (secure != NULL) return secure;
    secure = mk_calloc(1, sizeof *secure);
    if (secure == NULL) return NULL;
    list_init(&secure->waits);
    (void)part_attach(rt, &secure->part, &secure_ops);
    return secure;
}

bool http_secure_is_available(void) {
    return port_tls_is_available();
}

static int make_config(const http_trust_t *trust, port_tls_config_t **config,
                       mk_writer_t *why) {
    static const char *const protocols[] = {"http/1.1"};
    port_tls_options_t options = {
        .roots = text_make(trust->roots, trust->roots_size),
        .certificate = text_make(trust->certificate, trust->certificate_size),
        .key = text_make(trust->key, trust->key_size),
        .alpn = protocols,
        .alpn_len = 1};
    return port_tls_config_create(config, &options, why);
}

/* Takes `config`. */
static void set_config(http_secure_t *secure, port_tls_config_t *config) {
    port_tls_config_release(secure->config);
    secure->config = config;
}

/* Those who wait go on; who comes meanwhile waits for the next time. */
static void tell(runtime_t *rt, http_secure_t *secure, int result) {
    list_node_t now;
    list_move(&secure->waits, &now);
    while (!list_is_empty(&now)) {
        list_node_t *node = now.next;
        http_secure_wait_t *wait = MK_CONTAINER_OF(node, http_secure_wait_t, in_waits);
        list_remove(node);
        wait->on_ready(wait, rt, result);
    }
}

int http_client_trust(runtime_t *rt, const http_trust_t *trust, char *why, size_t cap) {
    port_tls_config_t *config;
    mk_writer_t w;
    writer_init(&w, why, cap);
    if (rt == NULL) return MK_EINVAL;
    int result = make_config(trust, &config, &w);
    if (result != MK_OK) return result;
    http_secure_t *secure = get_secure(rt);
    if (secure == NULL) {
        port_tls_config_release(config);
        return MK_ENOMEM;
    }
    set_config(secure, config); /* a reading under way comes too late */
    return MK_OK;
}

/* --- the roots of the system --- */

/* The reader's, and the worker's while it reads. */
typedef struct {
    unsigned holders;
    port_tls_config_t *config; /* owned; NULL: none */
    int result;
    char why[128];
} reading_t;

static void release_reading(void *arg) {
    reading_t *reading = arg;
    if (--reading->holders > 0) return;
    port_tls_config_release(reading->config);
    mk_free(reading);
}

/* On a worker thread, which has the reading for itself. */
static void *read_roots(void *arg) {
    static const http_trust_t nothing_said;
    reading_t *reading = arg;
    mk_writer_t w;
    writer_init(&w, reading->why, sizeof reading->why);
    reading->result = make_config(&nothing_said, &reading->config, &w);
    return reading;
}

static void use_roots(runtime_t *rt, reading_t *reading) {
    http_secure_t *secure = (http_secure_t *)part_find(rt, &secure_ops);
    if (reading->result == MK_OK && secure->config == NULL) {
        set_config(secure, reading->config);
        reading->config = NULL;
    } else if (reading->result != MK_OK) {
        log_field_t fields[] = {log_text("error", mk_error_text(reading->result)),
                                log_text("why", reading->why)};
        (void)log_event(rt, LOG_ERROR, "no TLS for clients", fields, 2);
    }
    secure->reader = 0;
    tell(rt, secure, secure->config != NULL ? MK_OK : reading->result);
}

static bool reader(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    reading_t *reading = state;
    (void)self;
    if (msg->type == READ_BEGIN) {
        reading->holders++;
        if (runtime_offload(rt, read_roots, reading, release_reading) != 0) return true;
        reading->holders--;
        reading->result = MK_ENOMEM;
    } else if (msg->type == MSG_OFFLOAD_DONE) {
        reading->holders--;
    } else {
        return msg->type != MSG_SHUTDOWN;
    }
    use_roots(rt, reading);
    return false;
}

static int start_reader(runtime_t *rt, http_secure_t *secure) {
    reading_t *reading = mk_calloc(1, sizeof *reading);
    if (reading == NULL) return MK_ENOMEM;
    reading->holders = 1;
    actor_id_t actor = actor_spawn(rt, reader, reading, release_reading, 2);
    if (actor == ACTOR_ID_INVALID) {
        mk_free(reading);
        return MK_EFULL;
    }
    part_claim(rt, actor);
    if (actor_send(rt, actor, READ_BEGIN, NULL, 0)) {
        secure->reader = actor;
        return MK_OK;
    }
    actor_stop(rt, actor);
    return MK_ENOMEM;
}

int http_secure_start(runtime_t *rt, stream_t *stream, const char *host,
                      http_secure_wait_t *wait) {
    http_secure_t *secure = get_secure(rt);
    if (secure == NULL) return MK_ENOMEM;
    if (secure->config != NULL)
        return tls_stream_start(rt, stream, secure->config, host);
    if (secure->reader == 0) {
        int result = start_reader(rt, secure);
        if (result != MK_OK) return result;
    }
    list_remove(&wait->in_waits);
    list_insert_before(&secure->waits, &wait->in_waits);
    return MK_EAGAIN;
}
