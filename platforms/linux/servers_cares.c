/* SPDX-License-Identifier: Apache-2.0 */
/* servers_cares.c - name servers through c-ares, on our loop.
 *
 * c-ares knows what a resolver has to: random ids and ports, answers of the wrong
 * server or question dropped, truncation followed by tcp, several servers, search
 * domains. It reads the system's settings once, when it is opened. Its memory passes
 * through our gate; its sockets are ours to wait for, its time-outs ours to keep. */
#include "linux_impl.h"

#include "servers.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "port/poller.h"

#include <ares.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
    TIMEOUT_MS = 2000,
    TRIES = 3,
    ADDRESSES_MAX = 64 /* looked at in one answer; its user takes fewer */
};

struct servers {
    ares_channel channel;
    port_resolver_hooks_t hooks;
    bool is_closing; /* answers are dropped */
};

typedef struct {
    servers_t *servers;
    void *question;
} asked_t;

static void on_socket_state(void *ctx, ares_socket_t handle, int wants_read,
                            int wants_write) {
    servers_t *servers = ctx;
    uint32_t interest =
        (wants_read ? PORT_POLL_IN : 0u) | (wants_write ? PORT_POLL_OUT : 0u);
    servers->hooks.watch(servers->hooks.ctx, handle, interest);
}

static int open_channel(servers_t *servers, const port_resolver_options_t *options) {
    static char from_servers_only[] = "b";
    struct ares_options set;
    memset(&set, 0, sizeof set);
    set.timeout = TIMEOUT_MS;
    set.tries = TRIES;
    if (options != NULL && options->timeout_ms != 0 && options->timeout_ms < INT_MAX)
        set.timeout = (int)options->timeout_ms;
    if (options != NULL && options->tries != 0 && options->tries < INT_MAX)
        set.tries = (int)options->tries;
    set.lookups = from_servers_only;
    set.sock_state_cb = on_socket_state;
    set.sock_state_cb_data = servers;
    int status = ares_init_options(&servers->channel, &set,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                       ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS || options == NULL || options->servers == NULL)
        return status;
    status = ares_set_servers_ports_csv(servers->channel, options->servers);
    if (status != ARES_SUCCESS) ares_destroy(servers->channel);
    return status;
}

servers_t *servers_open(const port_resolver_hooks_t *hooks,
                        const port_resolver_options_t *options) {
    servers_t *servers = mk_calloc(1, sizeof *servers);
    if (servers == NULL) return NULL;
    servers->hooks = *hooks;
    if (ares_library_init_mem(ARES_LIB_INIT_ALL, mk_alloc, mk_free, mk_realloc) != 0)
        goto no_library;
    if (open_channel(servers, options) != ARES_SUCCESS) goto no_channel;
    return servers;
no_channel:
    ares_library_cleanup();
no_library:
    mk_free(servers);
    return NULL;
}

void servers_close(servers_t *servers) {
    if (servers == NULL) return;
    servers->is_closing = true;
    ares_destroy(servers->channel); /* ends every question */
    ares_library_cleanup();
    mk_free(servers);
}

static const struct {
    int status;
    int code;
    const char *text;
} meanings[] = {
    {ARES_ENOTFOUND, MK_ENOENT, "no such host"},
    {ARES_ENODATA, MK_ENOENT, "the host has no such address"},
    {ARES_ETIMEOUT, MK_ETIMEOUT, "no answer from the name servers"},
    /* also when each of them has answered with a failure of its own */
    {ARES_ECONNREFUSED, MK_EREFUSED, "the name servers fail or cannot be reached"},
    {ARES_ESERVFAIL, MK_EREFUSED, "the name servers fail"},
    {ARES_EREFUSED, MK_EREFUSED, "the name servers refuse"},
    {ARES_ENOTIMP, MK_EREFUSED, "the name servers know no such question"},
    {ARES_EFORMERR, MK_EREFUSED, "the name servers do not understand the question"},
    {ARES_EBADRESP, MK_EBADMSG, "malformed answer from the name servers"},
    {ARES_EBADNAME, MK_EINVAL, "not a host name"},
    {ARES_ENOMEM, MK_ENOMEM, "out of memory"},
};

static void set_meaning(int status, port_answer_t *answer) {
    answer->code = MK_EIO;
    answer->text = ares_strerror(status);
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].status != status) continue;
        answer->code = meanings[i].code;
        answer->text = meanings[i].text;
    }
}

static bool read_node(const struct ares_addrinfo_node *node, port_address_t *address) {
    memset(address, 0, sizeof *address);
    if (node->ai_family == AF_INET && node->ai_addrlen >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in name;
        memcpy(&name, node->ai_addr, sizeof name);
        address->family = PORT_FAMILY_INET;
        memcpy(address->bytes, &name.sin_addr, 4);
        return true;
    }
    if (node->ai_family == AF_INET6 &&
        node->ai_addrlen >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 name;
        memcpy(&name, node->ai_addr, sizeof name);
        address->family = PORT_FAMILY_INET6;
        memcpy(address->bytes, &name.sin6_addr, 16);
        return true;
    }
    return false;
}

static void on_result(void *arg, int status, int timeouts, struct ares_addrinfo *info) {
    asked_t *asked = arg;
    servers_t *servers = asked->servers;
    port_address_t addresses[ADDRESSES_MAX];
    port_answer_t answer = {.code = MK_OK, .addresses = addresses, .ttl_s = UINT32_MAX};
    (void)timeouts;
    if (status != ARES_SUCCESS) set_meaning(status, &answer);
    const struct ares_addrinfo_node *node = info != NULL ? info->nodes : NULL;
    for (; node != NULL && answer.count < ADDRESSES_MAX; node = node->ai_next) {
        if (!read_node(node, &addresses[answer.count])) continue;
        uint32_t ttl_s = node->ai_ttl > 0 ? (uint32_t)node->ai_ttl : 0;
        if (ttl_s < answer.ttl_s) answer.ttl_s = ttl_s;
        answer.count++;
    }
    if (info != NULL) ares_freeaddrinfo(info);
    if (answer.code == MK_OK && answer.count == 0) set_meaning(ARES_ENODATA, &answer);
    if (answer.count == 0) answer.ttl_s = 0;
    if (!servers->is_closing)
        servers->hooks.answer(servers->hooks.ctx, asked->question, &answer);
    mk_free(asked);
}

void servers_ask(servers_t *servers, const char *name, uint8_t family, void *question) {
    asked_t *asked = mk_alloc(sizeof *asked);
    if (asked == NULL) {
        port_answer_t answer = {.code = MK_ENOMEM, .text = mk_error_text(MK_ENOMEM)};
        servers->hooks.answer(servers->hooks.ctx, question, &answer);
        return;
    }
    *asked = (asked_t){servers, question};
    struct ares_addrinfo_hints hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = family == PORT_FAMILY_INET ? AF_INET : AF_INET6;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT; /* sorting would open sockets */
    ares_getaddrinfo(servers->channel, name, NULL, &hints, on_result, asked);
}

void servers_ready(servers_t *servers, int handle, uint32_t events) {
    const uint32_t broken = PORT_POLL_ERR | PORT_POLL_HUP;
    bool can_read = (events & (PORT_POLL_IN | broken)) != 0;
    bool can_write = (events & (PORT_POLL_OUT | broken)) != 0;
    ares_process_fd(servers->channel, can_read ? handle : ARES_SOCKET_BAD,
                    can_write ? handle : ARES_SOCKET_BAD);
}

uint32_t servers_wait_ms(servers_t *servers) {
    struct timeval room;
    const struct timeval *left = ares_timeout(servers->channel, NULL, &room);
    if (left == NULL) return UINT32_MAX;
    if (left->tv_sec >= (time_t)(UINT32_MAX / 1000u - 1)) return UINT32_MAX - 1;
    return (uint32_t)left->tv_sec * 1000u + (uint32_t)(left->tv_usec + 999) / 1000u;
}

void servers_tick(servers_t *servers) {
    ares_process_fd(servers->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
