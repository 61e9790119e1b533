/* SPDX-License-Identifier: Apache-2.0 */
/* http_secure.c - one configuration of TLS for all clients of a runtime, so that
 * sessions are resumed. */
#include "net/http_secure.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/http.h"
#include "microkernel/log.h"
#include "net/tls_stream.h"

typedef struct {
    part_t part;
    port_tls_config_t *config;
} http_secure_t;

static void end_part(part_t *part, runtime_t *rt) {
    http_secure_t *secure = (http_secure_t *)part;
    (void)rt;
    port_tls_config_release(secure->config);
    mk_free(secure);
}

static const part_ops_t secure_ops = {NULL, NULL, end_part};

bool http_secure_is_available(void) {
    return port_tls_is_available();
}

static int set_config(runtime_t *rt, const port_tls_options_t *options,
                      mk_writer_t *why) {
    http_secure_t *secure = (http_secure_t *)part_find(rt, &secure_ops);
    port_tls_config_t *config;
    int result = port_tls_config_create(&config, options, why);
    if (result != MK_OK) return result;
    if (secure == NULL) {
        secure = mk_calloc(1, sizeof *secure);
        if (secure == NULL) {
            port_tls_config_release(config);
            return MK_ENOMEM;
        }
        (void)part_attach(rt, &secure->part, &secure_ops);
    }
    port_tls_config_release(secure->config);
    secure->config = config;
    return MK_OK;
}

int http_client_trust(runtime_t *rt, const http_trust_t *trust, char *why, size_t cap) {
    static const char *const protocols[] = {"http/1.1"};
    port_tls_options_t options = {
        .roots = text_make(trust->roots, trust->roots_size),
        .certificate = text_make(trust->certificate, trust->certificate_size),
        .key = text_make(trust->key, trust->key_size),
        .alpn = protocols,
        .alpn_len = 1};
    mk_writer_t w;
    writer_init(&w, why, cap);
    return rt != NULL ? set_config(rt, &options, &w) : MK_EINVAL;
}

int http_secure_start(runtime_t *rt, stream_t *stream, const char *host) {
    if (part_find(rt, &secure_ops) == NULL) {
        char why[128];
        http_trust_t trust = {.roots = NULL};
        int result = http_client_trust(rt, &trust, why, sizeof why);
        if (result != MK_OK) {
            log_field_t fields[] = {log_text("error", mk_error_text(result)),
                                    log_text("why", why)};
            (void)log_event(rt, LOG_ERROR, "no TLS for clients", fields, 2);
            return result;
        }
    }
    const http_secure_t *secure = (const http_secure_t *)part_find(rt, &secure_ops);
    return tls_stream_start(rt, stream, secure->config, host);
}
