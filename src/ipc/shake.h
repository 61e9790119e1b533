/* SPDX-License-Identifier: Apache-2.0 */
/* shake.h - a link on its way to be a peer: the hellos over it, their deadline, and the
 * choice between links that two nodes began at once. */
#ifndef MK_IPC_SHAKE_H
#define MK_IPC_SHAKE_H

#include "ipc/hello.h"
#include "ipc/link.h"

typedef struct shake shake_t;

/* How it went; texts are borrowed until the callback returns. */
typedef struct {
    int status;           /* MK_OK: the node is a peer; else MK_E... */
    uint32_t code;        /* of hello.h, when hellos are why, ours or theirs; else 0 */
    node_id_t node;       /* as far as it is known; 0: not */
    const char *identity; /* as far as it is known, or "" */
    const char *place;    /* where the link went to */
    const char *text;     /* a sentence; "" when MK_OK */
} shake_result_t;

typedef struct {
    bool is_ours;        /* this node began the link and speaks first */
    uint32_t timeout_ms; /* for everything, TLS included */
    /* How it went, exactly once unless it is cancelled; never from within shake_start.
     * The shake is gone when this is called. When the runtime ends before: MK_ESTOPPED,
     * and no new one may be begun. */
    void (*on_done)(void *owner, runtime_t *rt, const shake_result_t *result);
    void *owner;
} shake_spec_t;

/* Begin. Takes the link in any case. MK_OK and the shake in `*out`; MK_ESTATE: this
 * node's number is 0; MK_EIO: no source of chance; MK_ENOMEM. */
int shake_start(runtime_t *rt, link_t *link, const shake_spec_t *spec, shake_t **out);

/* Give up without a callback, telling the other side `code`. Takes it. NULL is allowed.
 */
void shake_cancel(runtime_t *rt, shake_t *shake, hello_code_t code);

#endif
