/* SPDX-License-Identifier: Apache-2.0 */
/* bound_link_tls.c - the stream of bound_link.c through OpenSSL and nothing else: what
 * a link over TLS could reach with this library and our cipher (decision 0026).
 *
 *     bound_link_tls SECONDS
 *
 * TLS 1.3 with a shared key, blocking sockets, records of 16 KiB. */
#include "bound_frames.h"

#include "tls/openssl_impl.h"

enum { RECORD = 16384 };

static const unsigned char key[32] = {7};

static unsigned tell_key(SSL *ssl, const char *hint, char *identity,
                         unsigned identity_cap, unsigned char *psk, unsigned cap) {
    (void)ssl, (void)hint;
    if (identity_cap < 6 || cap < sizeof key) return 0;
    memcpy(identity, "bench", 6);
    memcpy(psk, key, sizeof key);
    return sizeof key;
}

static unsigned find_key(SSL *ssl, const char *identity, unsigned char *psk,
                         unsigned cap) {
    (void)ssl, (void)identity;
    if (cap < sizeof key) return 0;
    memcpy(psk, key, sizeof key);
    return sizeof key;
}

static SSL *shake(int fd, bool is_server) {
    const tls_methods_t methods = tls__methods();
    SSL_CTX *ctx =
        SSL_CTX_new_ex(methods.context, methods.choice,
                       is_server ? TLS_server_method() : TLS_client_method());
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1)
        die("the context");
    SSL_CTX_set_psk_client_callback(ctx, tell_key);
    SSL_CTX_set_psk_server_callback(ctx, find_key);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, BATCH);
    SSL *ssl = SSL_new(ctx);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
        (is_server ? SSL_accept(ssl) : SSL_connect(ssl)) != 1)
        die("the handshake");
    return ssl;
}

static void send_stream(side_t side, SSL *ssl, double seconds) {
    static uint8_t batch[BATCH];
    uint64_t number = 0;
    double ends = now_s() + seconds, began = used_s();
    while (now_s() < ends) {
        size_t size = frames_fill(batch, &number);
        for (size_t at = 0; at < size; at += RECORD) {
            int left = (int)(size - at < RECORD ? size - at : RECORD);
            if (SSL_write(ssl, batch + at, left) != left) die("send");
        }
    }
    side.result->used_s[1] = used_s() - began;
    SSL_shutdown(ssl);
    close(side.fd);
}

static ssize_t read_some(void *ctx, uint8_t *bytes, size_t cap) {
    return SSL_read(ctx, bytes, (int)cap);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    side_t side = split(false);
    SSL *ssl = shake(side.fd, side.child == 0);
    if (side.child == 0)
        frames_receive(side, read_some, ssl);
    else
        send_stream(side, ssl, real_of(argv[1]));
    join(side, true);
}
