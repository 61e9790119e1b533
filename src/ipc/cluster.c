/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.c - see cluster.h, and the keys of mount.h.
 *
 * The configs ask for the key when a handshake needs it, at the place where it is kept
 * as long as the runtime lives: so a connection that outlives a change of the key asks
 * for the new one and is refused, and nothing of an old key stays in memory. */
#include "ipc/cluster.h"

#include "base/alloc.h"
#include "base/base64.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/writer.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/mount.h"
#include "port/files.h"

#include <string.h>

/* The name of the key in the handshake; it travels in clear. */
static const char key_name[] = "microkernel";

enum { KEY_FILE_MAX = 256, WHY_MAX = 200 };

typedef struct {
    part_t part;
    cluster_kind_t kind;
    uint8_t key[MK_KEY_SIZE]; /* of CLUSTER_KEY */
    port_tls_config_t *server;
    port_tls_config_t *client;
} cluster_t;

/* --- reading keys --- */

int nodes_key_parse(const char *text, size_t text_size, uint8_t key[MK_KEY_SIZE]) {
    uint8_t bytes[MK_KEY_SIZE];
    text_t trimmed = text_trim(text_make(text, text != NULL ? text_size : 0));
    int got = trimmed.size == 2 * MK_KEY_SIZE
                  ? hex_decode(trimmed, bytes, sizeof bytes, NULL)
                  : base64_decode(trimmed, bytes, sizeof bytes, NULL);
    if (got != MK_KEY_SIZE) return MK_EINVAL;
    memcpy(key, bytes, sizeof bytes);
    return MK_OK;
}

int nodes_key_read(const char *path, uint8_t key[MK_KEY_SIZE], char *why, size_t cap) {
    char bytes[KEY_FILE_MAX];
    port_file_facts_t facts;
    mk_writer_t writer;
    writer_init(&writer, why, cap);
    int got = port_file_read_part(path, 0, bytes, sizeof bytes, &facts);
    if (got < 0) {
        writer_format(&writer, "cannot read the key file %s: %s", path,
                      mk_error_text(got));
        return got;
    }
    if (!facts.is_private) {
        writer_format(&writer,
                      "the key file %s can be read by others: chmod 600 makes it yours",
                      path);
        return MK_EPERM;
    }
    if (nodes_key_parse(bytes, (size_t)got, key) != MK_OK) {
        writer_format(
            &writer, "%s has no key: 64 hexadecimal digits, or 44 characters of base64",
            path);
        return MK_EINVAL;
    }
    return MK_OK;
}

/* --- the part --- */

static void forget(cluster_t *cluster) {
    port_tls_config_release(cluster->server);
    port_tls_config_release(cluster->client);
    cluster->server = cluster->client = NULL;
    cluster->kind = CLUSTER_OPEN;
    memset(cluster->key, 0, sizeof cluster->key);
}

static void destroy(part_t *part, runtime_t *rt) {
    cluster_t *cluster = MK_CONTAINER_OF(part, cluster_t, part);
    (void)rt;
    forget(cluster);
    mk_free(cluster);
}

static const part_ops_t cluster_ops = {NULL, NULL, destroy};

static cluster_t *find_cluster(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &cluster_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, cluster_t, part) : NULL;
}

static cluster_t *get_cluster(runtime_t *rt) {
    cluster_t *cluster = find_cluster(rt);
    if (cluster != NULL) return cluster;
    cluster = mk_calloc(1, sizeof *cluster);
    if (cluster != NULL) part_attach(rt, &cluster->part, &cluster_ops);
    return cluster;
}

cluster_kind_t cluster_kind(runtime_t *rt) {
    const cluster_t *cluster = find_cluster(rt);
    return cluster != NULL ? cluster->kind : CLUSTER_OPEN;
}

port_tls_config_t *cluster_tls(runtime_t *rt, bool is_server) {
    const cluster_t *cluster = find_cluster(rt);
    if (cluster == NULL) return NULL;
    return is_server ? cluster->server : cluster->client;
}

bool nodes_are_keyed(runtime_t *rt) {
    return cluster_kind(rt) != CLUSTER_OPEN;
}

/* --- choosing --- */

static size_t find_key(void *ctx, text_t identity, uint8_t key[PORT_TLS_PSK_MAX]) {
    const cluster_t *cluster = ctx;
    if (cluster->kind != CLUSTER_KEY || !text_is(identity, key_name)) return 0;
    memcpy(key, cluster->key, sizeof cluster->key);
    return sizeof cluster->key;
}

/* Make both configs, or none. */
static int make_configs(runtime_t *rt, cluster_t *cluster, port_tls_options_t options) {
    char text[WHY_MAX];
    mk_writer_t why;
    writer_init(&why, text, sizeof text);
    options.is_server = true;
    int result = port_tls_config_create(&cluster->server, &options, &why);
    if (result == MK_OK) {
        options.is_server = false;
        options.ask = PORT_TLS_ASK_NOT;
        result = port_tls_config_create(&cluster->client, &options, &why);
        if (result != MK_OK) {
            port_tls_config_release(cluster->server);
            cluster->server = NULL;
        }
    }
    if (result != MK_OK) actor_log(rt, LOG_ERROR, "nodes cannot use TLS: %s", text);
    return result;
}

int nodes_use_key(runtime_t *rt, const uint8_t *key) {
    cluster_t *cluster = get_cluster(rt);
    if (cluster == NULL) return MK_ENOMEM;
    forget(cluster);
    if (key == NULL) return MK_OK;
    int result = make_configs(rt, cluster,
                              (port_tls_options_t){.find_psk = find_key,
                                                   .psk_ctx = cluster,
                                                   .psk_identity = text_of(key_name)});
    if (result != MK_OK) return result;
    memcpy(cluster->key, key, sizeof cluster->key);
    cluster->kind = CLUSTER_KEY;
    return MK_OK;
}

int nodes_use_certificates(runtime_t *rt, const char *roots, const char *certificate,
                           const char *key) {
    if (roots == NULL || certificate == NULL || key == NULL) return MK_EINVAL;
    cluster_t *cluster = get_cluster(rt);
    if (cluster == NULL) return MK_ENOMEM;
    forget(cluster);
    int result = make_configs(rt, cluster,
                              (port_tls_options_t){.roots = text_of(roots),
                                                   .certificate = text_of(certificate),
                                                   .key = text_of(key),
                                                   .ask = PORT_TLS_ASK_REQUIRED});
    if (result == MK_OK) cluster->kind = CLUSTER_CERTIFICATES;
    return result;
}
