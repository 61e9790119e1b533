/* SPDX-License-Identifier: Apache-2.0 */
/* none.c - port/tls.h where no library for it is linked: everything is refused at the
 * config, so there is never a connection to ask about. */
#include "base/check.h"
#include "microkernel/error.h"
#include "port/tls.h"

#include <string.h>

bool port_tls_is_available(void) {
    return false;
}

void port_tls_write_library(mk_writer_t *out) {
    writer_str(out, "none");
}

int port_tls_config_create(port_tls_config_t **out, const port_tls_options_t *options,
                           mk_writer_t *why) {
    (void)options;
    *out = NULL;
    if (why) writer_str(why, "TLS is not part of this build");
    return MK_ENOTSUP;
}

void port_tls_config_release(port_tls_config_t *config) {
    (void)config;
}

int port_tls_config_reload(port_tls_config_t *config, text_t certificate, text_t key,
                           mk_writer_t *why) {
    (void)config, (void)certificate, (void)key, (void)why;
    return MK_ENOTSUP;
}

int port_tls_make_certificate(const char *host, unsigned days, char *pem, size_t cap) {
    (void)host, (void)days, (void)pem, (void)cap;
    return MK_ENOTSUP;
}

int port_tls_open(port_tls_t **out, port_tls_config_t *config, const char *host,
                  const port_tls_carrier_t *carrier, void *ctx) {
    (void)config, (void)host, (void)carrier, (void)ctx;
    *out = NULL;
    return MK_ENOTSUP;
}

void port_tls_close(port_tls_t *tls) {
    (void)tls;
}

int port_tls_handshake(port_tls_t *tls) {
    (void)tls;
    return MK_ENOTSUP;
}

int port_tls_read(port_tls_t *tls, void *bytes, size_t cap) {
    (void)tls, (void)bytes, (void)cap;
    return MK_ENOTSUP;
}

bool port_tls_has_input(const port_tls_t *tls) {
    (void)tls;
    return false;
}

int port_tls_write(port_tls_t *tls, const void *bytes, size_t size) {
    (void)tls, (void)bytes, (void)size;
    return MK_ENOTSUP;
}

int port_tls_finish(port_tls_t *tls) {
    (void)tls;
    return MK_ENOTSUP;
}

bool port_tls_has_output(const port_tls_t *tls) {
    (void)tls;
    return false;
}

int port_tls_flush(port_tls_t *tls) {
    (void)tls;
    return MK_ENOTSUP;
}

const char *port_tls_why(const port_tls_t *tls) {
    (void)tls;
    return "";
}

bool port_tls_met_text(const port_tls_t *tls) {
    (void)tls;
    return false;
}

void port_tls_facts(const port_tls_t *tls, port_tls_facts_t *out) {
    (void)tls;
    memset(out, 0, sizeof *out);
    out->version = "";
    out->suite = "";
}

void port_tls_peer_name(const port_tls_t *tls, mk_writer_t *out) {
    (void)tls, (void)out;
}
