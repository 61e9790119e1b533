/* SPDX-License-Identifier: Apache-2.0 */
/* mount_requests.h - mounts that other actors ask a shell or a console for.
 *
 * Any actor of this node may send
 *
 *     MSG_MOUNT_REQUEST   u8 length, host, u16 port (little-endian; 0: MK_MOUNT_PORT)
 *
 * and is answered, when it is known, with
 *
 *     MSG_MOUNT_RESPONSE  u8 0, the name of the node; or u8 1, why not, in words
 *
 * What became of a mount passes the limits of the mailbox; a refusal that comes at once
 * and finds no room there, or no memory, is a dead letter and a line in the log.
 *
 * A WASM actor needs the right to use the network. */
#ifndef MK_SHELL_MOUNT_REQUESTS_H
#define MK_SHELL_MOUNT_REQUESTS_H

#include "microkernel/message.h"
#include "microkernel/runtime.h"

#include <stdbool.h>

/* True when it was such a request, or what became of one; it was answered, or will be.
 * In the turn of the actor that got it. */
bool mount_requests_serve(runtime_t *rt, const message_t *msg);

#endif
