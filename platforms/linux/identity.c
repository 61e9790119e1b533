/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - names from the environment, the seed from the host name.
 *
 * /etc/machine-id was left out of the seed: images are copied with it, and containers
 * mostly have none, while the host name is what people see and change on purpose. */
#include "linux_impl.h"

#include "port/identity.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static const char *environment_text(const char *name) {
    const char *text = getenv(name);
    return text != NULL ? text : "";
}

const char *port_identity_given_name(void) {
    return environment_text("MK_NODE_NAME");
}

const char *port_identity_given_id(void) {
    return environment_text("MK_NODE_ID");
}

size_t port_identity_seed(void *bytes, size_t cap) {
    struct utsname host;
    if (uname(&host) != 0) return 0;
    size_t size = strlen(host.nodename);
    if (size > cap) size = cap;
    if (size > 0) memcpy(bytes, host.nodename, size);
    return size;
}

const char *port_identity_platform(void) {
    return "linux";
}
