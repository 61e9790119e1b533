/* SPDX-License-Identifier: Apache-2.0 */
/* goodbye.h - the payload of MSG_NODE_GOODBYE: why a link ends, in a number and in
 * words. Pure.
 *
 *     0  u32  code: of hello.h (1 and up), or MK_E... as 32 bits of two's complement
 *     4  u32  the node that says it; 0: it does not say
 *     8       text, UTF-8, at most GOODBYE_TEXT_MAX - 1 bytes are looked at */
#ifndef MK_IPC_GOODBYE_H
#define MK_IPC_GOODBYE_H

#include "ipc/link.h"
#include "microkernel/nodes.h"

enum {
    GOODBYE_HEAD = 8,
    GOODBYE_TEXT_MAX = MK_NODE_TEXT_MAX,
    GOODBYE_MAX = GOODBYE_HEAD + GOODBYE_TEXT_MAX
};

typedef struct {
    uint32_t code;
    node_id_t node;
    char text[GOODBYE_TEXT_MAX]; /* safe to show: control characters are escaped */
} goodbye_t;

/* Send one, beyond the bound of the link; that it arrives is not known. */
void goodbye_say(runtime_t *rt, link_t *link, uint32_t code, const char *text);

/* False: too short. */
bool goodbye_read(const wire_message_t *message, goodbye_t *out);

#endif
