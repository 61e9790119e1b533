/* SPDX-License-Identifier: Apache-2.0 */
/* mount.h - connecting nodes: who listens, who mounts whom, and the key that both have.
 *
 * A mount connects this node with another one and keeps it connected: when the link
 * goes it is tried again, later and later with some chance in it, until nodes_unmount.
 * Nothing waits: what became of a mount comes as MSG_MOUNT_DONE, later changes as
 * MSG_NODE_UP and MSG_NODE_DOWN (nodes.h).
 *
 * With a cluster key (nodes_use_key) tcp is TLS 1.3 with that key, both ways. Without
 * one only loopback addresses and unix sockets are allowed, in both directions. Unix
 * sockets are protected by their mode. All functions belong to the runtime's thread. */
#ifndef MICROKERNEL_MOUNT_H
#define MICROKERNEL_MOUNT_H

#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/message_ids.h"
#include "microkernel/node.h"
#include "microkernel/nodes.h"
#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first word of a hello: "MK01". */
#define MOUNT_HELLO_MAGIC 0x4D4B3031u

/* The first 40 bytes of a hello, as they travel: numbers in network byte order. */
typedef struct {
    uint32_t magic;
    uint32_t node_id;
    char identity[MK_NODE_NAME_MAX]; /* NUL-terminated */
} mount_hello_t;

/* Bytes of a cluster key. */
#define MK_KEY_SIZE 32

/* Bytes of a target ("host:port", "unix:/path") with its NUL. */
#define MK_TARGET_MAX MK_NODE_ADDRESS_MAX

/* --- keys --- */

/* Read a key as people write it: 64 hexadecimal digits or 44 characters of base64, with
 * white space at its ends. MK_OK or MK_EINVAL. Any thread. */
int nodes_key_parse(const char *text, size_t text_size, uint8_t key[MK_KEY_SIZE]);

/* Read a key from a file that nobody but its owner may read. Blocks on the disk: for
 * the start of a program. MK_OK; MK_EPERM: others may read it; MK_EINVAL: no key is in
 * it; or an error of the file. `why` (cap > 0) gets a sentence, empty when MK_OK. */
int nodes_key_read(const char *path, uint8_t key[MK_KEY_SIZE], char *why, size_t cap);

/* From now on every connection that a listener takes or a mount makes uses this key;
 * NULL: none. Nodes that are connected stay so. After an error there is none. MK_OK;
 * MK_ENOTSUP: this build has no TLS; MK_EIO: the platform has no source of chance;
 * MK_ENOMEM. */
int nodes_use_key(runtime_t *rt, const uint8_t *key);

/* Instead of a key: PEM texts of the authorities that vouch for nodes, of our
 * certificate, and of its key. A host that is mounted must have the name that its
 * certificate is for. Results as above; MK_EINVAL: the texts are no such things. */
int nodes_use_certificates(runtime_t *rt, const char *roots, const char *certificate,
                           const char *key);

/* True when one of both is in use. */
bool nodes_are_keyed(runtime_t *rt);

/* --- listening --- */

/* Zeros are the defaults. Texts are borrowed until the call returns. */
typedef struct {
    const char *address;   /* numeric; NULL: everywhere with a key, else loopback */
    const char *unix_path; /* instead of an address, unless NULL */
    uint16_t port;         /* 0: MK_MOUNT_PORT */
    bool any_port;         /* a free one, whatever `port` says */
    unsigned mode;         /* of the socket file; 0: 0600, this user only */
    uint32_t pending_max;  /* hellos under way at a time; 0: MK_MOUNT_PENDING */
    uint32_t hello_ms;     /* for TLS and the hellos of one; 0: MK_MOUNT_HELLO_MS */
} nodes_listen_options_t;

/* Let other nodes mount this one; may be called again for another address. Returns the
 * port (0 for a path), or MK_EPERM: without a key at an address that others can reach,
 * which is logged, too; MK_EINVAL: address, or this node's number is 0; MK_EEXIST:
 * somebody listens there; or another error of port_socket_listen. */
int nodes_listen(runtime_t *rt, const nodes_listen_options_t *options);

/* Stop listening everywhere; nodes that are connected stay. */
void nodes_stop_listening(runtime_t *rt);

/* --- mounting --- */

/* Zeros are the defaults. */
typedef struct {
    bool is_stubborn;  /* also go on trying when it never worked */
    bool is_once;      /* do not mount again when the link goes */
    uint32_t hello_ms; /* for connecting, TLS and the hellos; 0: MK_MOUNT_HELLO_MS */
} nodes_mount_options_t;

/* Payload of MSG_MOUNT_DONE, to the actor that asked: once for each mount. */
typedef struct {
    int32_t status;                  /* MK_OK or MK_E... */
    node_id_t node;                  /* that was mounted, or 0 */
    char identity[MK_NODE_NAME_MAX]; /* its name, or "" */
    char target[MK_TARGET_MAX];      /* as it was given */
    char text[MK_NODE_TEXT_MAX];     /* what is wrong, as a sentence; "" when MK_OK */
} mount_done_payload_t;

/* Begin to mount "host", "host:port", "[v6]:port" or "unix:/path"; without a port
 * MK_MOUNT_PORT. `options` may be NULL. The running actor, if any, is told how it went,
 * never before this returns. MK_OK: it has begun; MK_EINVAL: no such target, or this
 * node's number is 0; MK_EEXIST: that target is mounted or being mounted; MK_ENOMEM. */
int nodes_mount(runtime_t *rt, const char *target,
                const nodes_mount_options_t *options);

/* End a mount, named by its target or by the name or number of the node: the link is
 * closed and not tried again. Also a link that the other node began, when it is named
 * by its node. An asker that waits is told MK_ECANCELED. MK_OK or MK_ENOENT. */
int nodes_unmount(runtime_t *rt, const char *target);

/* --- the names of old --- */

/* What ns_mount_connect found. */
typedef struct {
    char identity[MK_NODE_NAME_MAX];
    node_id_t node_id;
} mount_result_t;

/* As nodes_listen at `port` (0: any free one) of the default address. Returns the actor
 * that stands for the listener, "/sys/mount-listen", whose end is the end of the
 * listening; ACTOR_ID_INVALID when it cannot listen. */
actor_id_t ns_mount_listen(runtime_t *rt, uint16_t port);

/* Mount a node and wait, running this runtime meanwhile: outside behaviours only, for
 * programs and tests. `result` may be NULL. MK_OK (0), or -1, and the log says why. */
int ns_mount_connect(runtime_t *rt, const char *host, uint16_t port,
                     mount_result_t *result);

/* Tell the node behind a transport that was given to the runtime
 * (runtime_add_transport) all names and paths of this one; their changes it is told by
 * itself. Nothing happens when it is not connected. */
void ns_sync_to_transport(runtime_t *rt, struct transport *tp);

#ifdef __cplusplus
}
#endif

#endif
