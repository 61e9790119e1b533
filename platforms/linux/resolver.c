/* SPDX-License-Identifier: Apache-2.0 */
/* resolver.c - port/resolver.h: the hosts file first, then name servers.
 *
 * The file is read at the first question and again when it has changed, which one
 * stat(2) a question tells; it is small and local, so this is no wait. A name that
 * stands there is not asked for elsewhere, in no family, so that what is local stays
 * local. */
#include "linux_impl.h"

#include "servers.h"

#include "base/alloc.h"
#include "base/text.h"
#include "microkernel/error.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HOSTS_SIZE_MAX = 1024 * 1024,
    FOUND_MAX = 16,  /* addresses taken of the file for one name */
    HOSTS_TTL_S = 1, /* then it is looked at again */
    ADDRESS_MAX = 64 /* bytes of an address in the file with a NUL */
};

struct port_resolver {
    port_resolver_hooks_t hooks;
    servers_t *servers;
    char *hosts_path; /* "": none */
    char *hosts;      /* what stands in it; NULL: nothing */
    size_t hosts_size;
    struct stat seen; /* of the file when it was read */
};

port_resolver_t *port_resolver_open(const port_resolver_hooks_t *hooks,
                                    const port_resolver_options_t *options) {
    const char *path =
        options != NULL && options->hosts != NULL ? options->hosts : "/etc/hosts";
    port_resolver_t *resolver = mk_calloc(1, sizeof *resolver);
    if (resolver == NULL) return NULL;
    resolver->hooks = *hooks;
    resolver->hosts_path = mk_alloc(strlen(path) + 1);
    resolver->servers = servers_open(hooks, options);
    if (resolver->hosts_path == NULL || resolver->servers == NULL) {
        port_resolver_close(resolver);
        return NULL;
    }
    memcpy(resolver->hosts_path, path, strlen(path) + 1);
    return resolver;
}

void port_resolver_close(port_resolver_t *resolver) {
    if (resolver == NULL) return;
    servers_close(resolver->servers);
    mk_free(resolver->hosts_path);
    mk_free(resolver->hosts);
    mk_free(resolver);
}

/* --- the hosts file --- */

static void forget_hosts(port_resolver_t *resolver) {
    mk_free(resolver->hosts);
    resolver->hosts = NULL;
    resolver->hosts_size = 0;
}

static void read_hosts(port_resolver_t *resolver, size_t size) {
    int fd = open(resolver->hosts_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *hosts = fd >= 0 && size > 0 ? mk_alloc(size) : NULL;
    size_t at = 0;
    while (hosts != NULL && at < size) {
        ssize_t got = read(fd, hosts + at, size - at);
        if (got <= 0) break;
        at += (size_t)got;
    }
    if (fd >= 0) close(fd);
    resolver->hosts = hosts;
    resolver->hosts_size = at;
}

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void refresh_hosts(port_resolver_t *resolver) {
    struct stat now;
    memset(&now, 0, sizeof now);
    if (resolver->hosts_path[0] == '\0' || stat(resolver->hosts_path, &now) != 0 ||
        !S_ISREG(now.st_mode) || now.st_size > HOSTS_SIZE_MAX) {
        forget_hosts(resolver);
        memset(&resolver->seen, 0, sizeof resolver->seen);
        return;
    }
    if (is_same(&now, &resolver->seen)) return;
    forget_hosts(resolver);
    read_hosts(resolver, (size_t)now.st_size);
    resolver->seen = now;
}

/* "127.0.0.1" or "::1" with a scope or without, which is not kept. */
static bool read_address(text_t text, port_address_t *address) {
    char copy[ADDRESS_MAX];
    text = text_part(text, 0, text_find(text, '%'));
    memset(address, 0, sizeof *address);
    if (text.size >= sizeof copy) return false;
    memcpy(copy, text.bytes, text.size);
    copy[text.size] = '\0';
    address->family = PORT_FAMILY_INET;
    if (inet_pton(AF_INET, copy, address->bytes) == 1) return true;
    address->family = PORT_FAMILY_INET6;
    return inet_pton(AF_INET6, copy, address->bytes) == 1;
}

static bool line_names(text_t names, text_t name) {
    text_t word;
    while (text_next_word(&names, TEXT_WHITE_SPACE, &word))
        if (text_equals_nocase(word, name)) return true;
    return false;
}

/* Addresses of `name` in this family; `*is_known`: it stands there in some family. */
static size_t find_in_hosts(const port_resolver_t *resolver, text_t name,
                            uint8_t family, port_address_t *found, bool *is_known) {
    size_t count = 0;
    text_t rest = text_make(resolver->hosts, resolver->hosts_size);
    *is_known = false;
    while (rest.size > 0) {
        size_t size = text_find(rest, '\n');
        text_t line = text_part(rest, 0, size);
        rest = text_part(rest, size + 1, rest.size);
        line = text_part(line, 0, text_find(line, '#'));
        text_t first;
        port_address_t address;
        if (!text_next_word(&line, TEXT_WHITE_SPACE, &first)) continue;
        if (!line_names(line, name) || !read_address(first, &address)) continue;
        *is_known = true;
        if (address.family == family && count < FOUND_MAX) found[count++] = address;
    }
    return count;
}

void port_resolver_ask(port_resolver_t *resolver, const char *name, uint8_t family,
                       void *question) {
    port_address_t found[FOUND_MAX];
    bool is_known = false;
    refresh_hosts(resolver);
    size_t count = find_in_hosts(resolver, text_of(name), family, found, &is_known);
    if (!is_known) {
        servers_ask(resolver->servers, name, family, question);
        return;
    }
    port_answer_t answer = {.code = MK_ENOENT,
                            .text = "the host has no such address",
                            .ttl_s = HOSTS_TTL_S};
    if (count > 0)
        answer = (port_answer_t){
            .code = MK_OK, .addresses = found, .count = count, .ttl_s = HOSTS_TTL_S};
    resolver->hooks.answer(resolver->hooks.ctx, question, &answer);
}

void port_resolver_ready(port_resolver_t *resolver, int handle, uint32_t events) {
    servers_ready(resolver->servers, handle, events);
}

uint32_t port_resolver_wait_ms(port_resolver_t *resolver) {
    return servers_wait_ms(resolver->servers);
}

void port_resolver_tick(port_resolver_t *resolver) {
    servers_tick(resolver->servers);
}
