/* SPDX-License-Identifier: Apache-2.0 */
#include "features.h"

#include "microkernel/caps.h"
#include "microkernel/error.h"
#include "microkernel/shell.h"
#include "microkernel/wasm_actor.h"
#include "port/tls.h"

#include <stdio.h>

int features_announce(runtime_t *rt) {
    int result = wasm_actors_announce(rt);
    if (result >= 0) result = caps_announce(rt, "http", "true");
    if (result < 0 || !port_tls_is_available()) return result;
    return caps_announce(rt, "tls", "true");
}

void features_print_version(void) {
    char library[128];
    mk_writer_t writer;
    writer_init(&writer, library, sizeof library);
    port_tls_write_library(&writer);
    printf("mk-shell v" MK_SHELL_VERSION "\nTLS: %s\n", library);
}
