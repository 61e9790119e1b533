/* SPDX-License-Identifier: Apache-2.0 */
/* A build without TLS refuses in plain words, before it connects to anybody. */
#include "microkernel/error.h"
#include "microkernel/http.h"
#include "microkernel/mk_socket.h"
#include "microkernel/runtime.h"
#include "port/tls.h"
#include "sim/sim.h"
#include "support/test.h"

TEST(tls_none_says_so) {
    char text[64];
    mk_writer_t why;
    port_tls_config_t *config = (port_tls_config_t *)(void *)text;
    port_tls_options_t options = {.is_server = false};
    writer_init(&why, text, sizeof text);
    CHECK(!port_tls_is_available());
    port_tls_write_library(&why);
    CHECK_STR(text, "none");
    writer_init(&why, text, sizeof text);
    CHECK_EQ(port_tls_config_create(&config, &options, &why), MK_ENOTSUP);
    CHECK(config == NULL);
    CHECK_STR(text, "TLS is not part of this build");
    CHECK_EQ(port_tls_config_create(&config, &options, NULL), MK_ENOTSUP);
    port_tls_config_release(NULL);
    port_tls_close(NULL);
}

TEST(tls_none_connects_to_nobody) {
    char why[64];
    sim_reset(1);
    CHECK(mk_socket_tls_connect_why("localhost", 443, why, sizeof why) == NULL);
    CHECK_STR(why, "TLS is not part of this build");
    CHECK(mk_socket_tls_connect("localhost", 443) == NULL);
    CHECK_EQ(sim_net_connects(), 0);
    sim_reset(1);
}

TEST(tls_none_listens_to_nobody) {
    char why[64], pem[64];
    sim_reset(1);
    runtime_t *rt = runtime_init(1, 8);
    http_listen_tls_t tls = {.certificate_file = "/none.pem"};
    http_listen_options_t options = {.tls = &tls};
    CHECK_EQ(http_listen_why(rt, &options, why, sizeof why), MK_ENOTSUP);
    CHECK_STR(why, "TLS is not part of this build");
    CHECK_EQ(http_make_certificate("localhost", 1, pem, sizeof pem), MK_ENOTSUP);
    CHECK_EQ(runtime_counters(rt).actors, 0);
    runtime_destroy(rt);
    CHECK_EQ(sim_handle_count(), 0);
    sim_reset(1);
}

TEST_TABLE(tls_none, TEST_ROW(tls_none_says_so), TEST_ROW(tls_none_connects_to_nobody),
           TEST_ROW(tls_none_listens_to_nobody))
