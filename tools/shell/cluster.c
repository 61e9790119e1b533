/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.c - see cluster.h. A key that is named and cannot be used ends the program: a
 * node that should be protected must not run without. */
#include "cluster.h"

#include "base/text.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/mount.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_MAX = 512, ADDRESS_MAX = 64 };

static bool fail(const char *what, const char *why) {
    fprintf(stderr, "mk-shell: %s: %s\n", what, why);
    return false;
}

/* NULL for a variable that is absent or empty. */
static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The key, and whether there is one; false: there should be, and it is none. */
static bool find_key(const options_t *options, uint8_t key[MK_KEY_SIZE],
                     bool *has_key) {
    char why[WHY_MAX];
    const char *file = options->key_file;
    const char *text = file == NULL ? environment("MK_CLUSTER_KEY") : NULL;
    if (file == NULL && text == NULL) file = environment("MK_CLUSTER_KEY_FILE");
    *has_key = file != NULL || text != NULL;
    if (text != NULL && nodes_key_parse(text, strlen(text), key) != MK_OK)
        return fail("MK_CLUSTER_KEY",
                    "no key: 64 hexadecimal digits, or 44 characters of base64");
    if (file != NULL && nodes_key_read(file, key, why, sizeof why) != MK_OK)
        return fail("the cluster key", why);
    return true;
}

static bool use_key(runtime_t *rt, const options_t *options) {
    uint8_t key[MK_KEY_SIZE];
    bool has_key;
    if (!find_key(options, key, &has_key)) return false;
    if (!has_key) return true;
    int result = nodes_use_key(rt, key);
    memset(key, 0, sizeof key);
    if (result == MK_OK) return true;
    return fail("the cluster key", result == MK_ENOTSUP
                                       ? "this build has no TLS, which it is for"
                                       : mk_error_text(result));
}

/* PORT, ADDRESS:PORT, [ADDRESS]:PORT or unix:/PATH; `address` is the caller's. */
static bool read_where(const char *where, char address[ADDRESS_MAX],
                       nodes_listen_options_t *options) {
    uint64_t port;
    if (strncmp(where, "unix:", 5) == 0) {
        options->unix_path = where + 5;
        return where[5] != '\0';
    }
    const char *colon = strrchr(where, ':');
    text_t digits = text_of(colon != NULL ? colon + 1 : where);
    if (text_parse_unsigned(digits, 10, 0, UINT16_MAX, &port) != MK_OK) return false;
    options->port = (uint16_t)port;
    options->any_port = port == 0;
    if (colon == NULL) return true;
    size_t size = (size_t)(colon - where);
    if (size == 0 || size >= ADDRESS_MAX) return false;
    memcpy(address, where, size);
    address[size] = '\0';
    options->address = address;
    return true;
}

static bool listen_at(runtime_t *rt, const char *what, const char *where) {
    char address[ADDRESS_MAX];
    nodes_listen_options_t options = {.address = NULL};
    if (!read_where(where, address, &options))
        return fail(what, "is none of PORT, ADDRESS:PORT and unix:/PATH");
    int result = nodes_listen(rt, &options);
    if (result == MK_EPERM && !nodes_are_keyed(rt) && options.unix_path == NULL)
        return fail(where, "others can reach it, and there is no cluster key: "
                           "mk-shell keygen FILE makes one, --key FILE uses it");
    if (result == MK_EEXIST) return fail(where, "somebody listens there already");
    return result >= 0 || fail(where, mk_error_text(result));
}

/* The port may be another demo's. */
static void listen_for_demo(runtime_t *rt) {
    nodes_listen_options_t options = {.address = "127.0.0.1"};
    int result = nodes_listen(rt, &options);
    if (result < 0)
        actor_log(rt, LOG_INFO, "no nodes on port %d: %s", MK_MOUNT_PORT,
                  mk_error_text(result));
}

static bool mount_one(runtime_t *rt, const char *where, size_t size) {
    static const nodes_mount_options_t stubborn = {.is_stubborn = true};
    char target[MK_TARGET_MAX];
    if (size >= sizeof target) return fail("--mount", mk_error_text(MK_ETOOBIG));
    memcpy(target, where, size);
    target[size] = '\0';
    int result = nodes_mount(rt, target, &stubborn);
    if (result == MK_EINVAL)
        return fail(target, "is neither HOST[:PORT] nor unix:/PATH");
    return result == MK_OK || fail(target, mk_error_text(result));
}

static bool mount_all(runtime_t *rt, const char *mounts) {
    size_t size = strcspn(mounts, ",");
    while (mount_one(rt, mounts, size)) {
        if (mounts[size] == '\0') return true;
        mounts += size + 1;
        size = strcspn(mounts, ",");
    }
    return false;
}

bool cluster_join(runtime_t *rt, const options_t *options) {
    const char *port = environment("MK_MOUNT_PORT");
    if (!use_key(rt, options)) return false;
    if (options->mounts != NULL && !mount_all(rt, options->mounts)) return false;
    if (options->listen != NULL) return listen_at(rt, "--listen", options->listen);
    if (port != NULL) return listen_at(rt, "MK_MOUNT_PORT", port);
    if (options->has_demo) listen_for_demo(rt);
    return true;
}
