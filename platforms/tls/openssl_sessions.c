/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_sessions.c - the sessions that a client may resume, a ring of the newest.
 *
 * They belong to a config and to a host: a session goes on with the trust under which
 * it began, since a resumed handshake shows no certificate again. */
#include "openssl_impl.h"

#include "base/alloc.h"
#include "microkernel/limits.h"

#include <string.h>

enum { TICKET_BYTES_MAX = 4096 }; /* larger ones are not worth keeping */

static void clear(kept_session_t *slot) {
    mk_free(slot->host);
    SSL_SESSION_free(slot->session);
    *slot = (kept_session_t){NULL, NULL};
}

bool tls__keep_session(kept_sessions_t *kept, const char *host, SSL_SESSION *session) {
    const unsigned char *ticket;
    size_t ticket_size, host_size = strlen(host) + 1;
    SSL_SESSION_get0_ticket(session, &ticket, &ticket_size);
    if (ticket_size > TICKET_BYTES_MAX) return false;
    if (!kept->slots) {
        kept->slots = mk_calloc(MK_TLS_SESSIONS, sizeof *kept->slots);
        if (!kept->slots) return false;
    }
    char *copy = mk_alloc(host_size);
    if (!copy) return false;
    memcpy(copy, host, host_size);
    kept_session_t *slot = &kept->slots[kept->next];
    kept->next = (kept->next + 1) % MK_TLS_SESSIONS;
    clear(slot);
    *slot = (kept_session_t){copy, session};
    return true;
}

SSL_SESSION *tls__find_session(kept_sessions_t *kept, const char *host) {
    if (!kept->slots) return NULL;
    for (size_t age = 1; age <= MK_TLS_SESSIONS; age++) {
        size_t at = (kept->next + MK_TLS_SESSIONS - age) % MK_TLS_SESSIONS;
        kept_session_t *slot = &kept->slots[at];
        if (!slot->host || strcmp(slot->host, host) != 0) continue;
        SSL_SESSION *session = slot->session;
        SSL_SESSION_up_ref(session);
        if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION ||
            !SSL_SESSION_is_resumable(session))
            clear(slot);
        return session;
    }
    return NULL;
}

void tls__drop_sessions(kept_sessions_t *kept) {
    for (size_t i = 0; kept->slots && i < MK_TLS_SESSIONS; i++)
        clear(&kept->slots[i]);
    mk_free(kept->slots);
    *kept = (kept_sessions_t){NULL, 0};
}
