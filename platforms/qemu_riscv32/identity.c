/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - everything is told by who starts the machine: QEMU makes all of them
 * alike, so without the option `seed` nothing tells one from another. */
#include "virt_impl.h"

#include "port/identity.h"

#include <string.h>

enum { TEXT_MAX = 64 }; /* with a NUL; longer names are cut and refused above */

/* A text that is fetched once. */
typedef struct {
    bool is_read;
    char text[TEXT_MAX + 1];
} fact_t;

static const char *fetch(fact_t *fact, const char *name) {
    if (!fact->is_read) {
        virt__option_text(name, fact->text, sizeof fact->text);
        fact->is_read = true;
    }
    return fact->text;
}

const char *port_identity_given_name(void) {
    static fact_t fact;
    return fetch(&fact, "node_name");
}

const char *port_identity_given_id(void) {
    static fact_t fact;
    return fetch(&fact, "node_id");
}

size_t port_identity_seed(void *bytes, size_t cap) {
    static fact_t fact;
    const char *text = fetch(&fact, "seed");
    size_t size = strlen(text);
    if (size > cap) size = cap;
    if (size > 0) memcpy(bytes, text, size);
    return size;
}

const char *port_identity_platform(void) {
    return "qemu-riscv32";
}
