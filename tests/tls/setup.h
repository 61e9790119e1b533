/* SPDX-License-Identifier: Apache-2.0 */
/* setup.h - an authority, a server that it vouches for, and a client that trusts it. */
#ifndef MK_TESTS_TLS_SETUP_H
#define MK_TESTS_TLS_SETUP_H

#include "microkernel/error.h"
#include "sim/sim.h"
#include "support/test.h"
#include "tls/certs.h"
#include "tls/wire.h"

#include <string.h>

#define HOST "server.test"

typedef struct {
    identity_t root;
    identity_t own; /* of the server */
    port_tls_config_t *client;
    port_tls_config_t *server;
} setup_t;

static inline port_tls_config_t *make_config(const port_tls_options_t *options) {
    char text[256];
    mk_writer_t why;
    port_tls_config_t *config;
    writer_init(&why, text, sizeof text);
    int result = port_tls_config_create(&config, options, &why);
    CHECK_STR(text, "");
    CHECK_EQ(result, MK_OK);
    return config;
}

static inline port_tls_config_t *make_server(const identity_t *own) {
    return make_config(&(port_tls_options_t){
        .is_server = true, .certificate = cert_text(own), .key = cert_key(own)});
}

static inline port_tls_config_t *make_client(const identity_t *root) {
    return make_config(&(port_tls_options_t){.roots = cert_text(root)});
}

/* The names of the server's certificate: "DNS:server.test", ... */
static inline void setup_named(setup_t *setup, const char *alternatives) {
    sim_reset(1);
    cert_make(&setup->root, &(cert_spec_t){.name = "root", .is_authority = true}, NULL);
    cert_make(&setup->own, &(cert_spec_t){.name = HOST, .alternatives = alternatives},
              &setup->root);
    setup->client = make_client(&setup->root);
    setup->server = make_server(&setup->own);
}

static inline void setup_make(setup_t *setup) {
    setup_named(setup, "DNS:" HOST ",IP:127.0.0.1,IP:::1");
}

static inline void setup_end(setup_t *setup) {
    port_tls_config_release(setup->client);
    port_tls_config_release(setup->server);
}

/* `text` says `words`. */
static inline void check_says(const char *text, const char *words) {
    if (!strstr(text, words)) CHECK_STR(text, words);
}

#endif
