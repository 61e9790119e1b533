/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that know each other by certificates instead of a key: both must show one of an
 * authority that the other one knows, and the host must be whom it is for. */
#include "tls/setup.h"

#include "ipc/mount_stage.h"

static asker_t asker;
static identity_t authority, other_authority;

/* Node `at` has a certificate for `name`. */
static void use_certificate(size_t at, const char *name, const char *alternatives,
                            const identity_t *issuer, const identity_t *trusted) {
    identity_t own;
    cert_make(&own, &(cert_spec_t){.name = name, .alternatives = alternatives}, issuer);
    CHECK_EQ(nodes_use_certificates(nodes.rt[at], trusted->certificate, own.certificate,
                                    own.key),
             MK_OK);
}

static void set_up(const identity_t *issuer_of_client,
                   const identity_t *client_trusts) {
    port_address_t far;
    open_nodes(2);
    cert_make(&authority, &(cert_spec_t){.name = "root", .is_authority = true}, NULL);
    cert_make(&other_authority, &(cert_spec_t){.name = "else", .is_authority = true},
              NULL);
    use_certificate(0, "n1.test", "DNS:n1.test", issuer_of_client, client_trusts);
    use_certificate(1, "n2.test", "DNS:n2.test", &authority, &authority);
    CHECK_EQ(nodes_listen(nodes.rt[1], NULL), 4200);
    CHECK_EQ(address_parse(text_of("10.1.2.3"), 0, &far), MK_OK);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(sim_dns_set(i ? "n2.test" : "n3.test", PORT_FAMILY_INET, MK_OK, &far,
                             1, 60, 0),
                 MK_OK);
}

TEST(mount_by_certificates_of_one_authority) {
    set_up(&authority, &authority);
    CHECK_EQ(ask_for(&asker, 0, "n2.test"), MK_OK);
    CHECK(come_up(0, 1, 100));
    CHECK(peer_link(peers_find(nodes.rt[0], 2))->is_trusted);
    CHECK(peer_link(peers_find(nodes.rt[1], 1))->is_trusted);
    check_talk(0, 1);
    close_nodes();
}

TEST(mount_of_a_host_with_another_name_is_refused) {
    set_up(&authority, &authority);
    CHECK_EQ(ask_for(&asker, 0, "n3.test"), MK_EPERM);
    check_text(asker.done.text, "n3.test");
    CHECK(!is_up(1, 0));
    close_nodes();
}

TEST(mount_by_a_certificate_of_a_stranger_is_refused) {
    set_up(&other_authority, &authority);
    CHECK(ask_for(&asker, 0, "n2.test") < 0);
    CHECK(!is_up(0, 1) && !is_up(1, 0));
    check_logged(1, "mount refused");
    close_nodes();
}

TEST(mount_of_a_stranger_is_refused) {
    set_up(&authority, &other_authority);
    CHECK_EQ(ask_for(&asker, 0, "n2.test"), MK_EPERM);
    CHECK(!is_up(0, 1) && !is_up(1, 0));
    close_nodes();
}

TEST(mount_certificates_must_be_some) {
    open_nodes(1);
    CHECK_EQ(nodes_use_certificates(nodes.rt[0], "no", "such", "thing"), MK_EINVAL);
    CHECK_EQ(nodes_use_certificates(nodes.rt[0], NULL, NULL, NULL), MK_EINVAL);
    check_logged(0, "nodes cannot use TLS");
    CHECK(!nodes_are_keyed(nodes.rt[0]));
    close_nodes();
}

TEST_TABLE(mount_certificates, TEST_ROW(mount_by_certificates_of_one_authority),
           TEST_ROW(mount_of_a_host_with_another_name_is_refused),
           TEST_ROW(mount_by_a_certificate_of_a_stranger_is_refused),
           TEST_ROW(mount_of_a_stranger_is_refused),
           TEST_ROW(mount_certificates_must_be_some))
