/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.h - what protects the links of this runtime: the cluster key, certificates,
 * or nothing. */
#ifndef MK_IPC_CLUSTER_H
#define MK_IPC_CLUSTER_H

#include "microkernel/runtime.h"
#include "port/tls.h"

typedef enum { CLUSTER_OPEN, CLUSTER_KEY, CLUSTER_CERTIFICATES } cluster_kind_t;

cluster_kind_t cluster_kind(runtime_t *rt);

/* The config of one side; NULL: no TLS. Held by the runtime until another key is used;
 * who opens a connection holds it by that. */
port_tls_config_t *cluster_tls(runtime_t *rt, bool is_server);

#endif
