/* SPDX-License-Identifier: Apache-2.0 */
/* mount_target.h - "host[:port]" and "unix:/path" as people write them. Pure. */
#ifndef MK_IPC_MOUNT_TARGET_H
#define MK_IPC_MOUNT_TARGET_H

#include "base/text.h"
#include "microkernel/mount.h"

enum { TARGET_HOST_MAX = 256 };

typedef struct {
    char host[TARGET_HOST_MAX]; /* a name or an address; or the path */
    bool is_unix;
    uint16_t port; /* 0 for a path */
    /* The one spelling of it: "host:port", "[v6]:port", "unix:/path". */
    char text[MK_TARGET_MAX];
} mount_target_t;

/* Take a target apart; without a port it gets `default_port`. MK_OK or MK_EINVAL. */
int mount_target_parse(text_t text, uint16_t default_port, mount_target_t *out);

#endif
