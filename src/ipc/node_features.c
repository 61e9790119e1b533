/* SPDX-License-Identifier: Apache-2.0 */
/* node_features.c - starts the observers of peers, and is a small one itself:
 * "transports" in the capabilities is the number of nodes connected now. */
#include "ipc/node_features.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/writer.h"
#include "ipc/bonds.h"
#include "ipc/peer.h"
#include "ipc/registry_sync.h"
#include "kernel/part.h"
#include "microkernel/caps.h"
#include "microkernel/error.h"

typedef struct {
    part_t part;
    size_t peers; /* connected now */
} features_t;

/* Short of memory the old number stays until the next change. */
static void announce(runtime_t *rt, const features_t *features) {
    char text[24];
    mk_writer_t writer;
    writer_init(&writer, text, sizeof text);
    writer_unsigned(&writer, features->peers);
    (void)caps_announce(rt, "transports", text);
}

static void on_up(void *ctx, runtime_t *rt, peer_t *peer) {
    features_t *features = ctx;
    (void)peer;
    features->peers++;
    announce(rt, features);
}

static void on_down(void *ctx, runtime_t *rt, peer_t *peer, int reason,
                    const char *text) {
    features_t *features = ctx;
    (void)peer;
    (void)reason;
    (void)text;
    features->peers--;
    announce(rt, features);
}

static const peer_observer_t observer = {on_up, on_down, NULL, NULL};

static void destroy(part_t *part, runtime_t *rt) {
    features_t *features = MK_CONTAINER_OF(part, features_t, part);
    peers_unobserve(rt, &observer, features);
    mk_free(features);
}

static const part_ops_t part_ops = {NULL, NULL, destroy};

int node_features_start(runtime_t *rt) {
    int result = registry_sync_start(rt);
    if (result == MK_OK) result = bonds_start(rt);
    if (result < 0 || part_find(rt, &part_ops) != NULL) return result;
    features_t *features = mk_calloc(1, sizeof *features);
    if (features == NULL) return MK_ENOMEM;
    result = peers_observe(rt, &observer, features);
    if (result < 0) {
        mk_free(features);
        return result;
    }
    part_attach(rt, &features->part, &part_ops);
    return MK_OK;
}
