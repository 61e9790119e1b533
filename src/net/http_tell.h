/* SPDX-License-Identifier: Apache-2.0 */
/* http_tell.h - the last message of an exchange of the client, for which the memory is
 * set aside when it begins: an owner is told in any case. */
#ifndef MK_NET_HTTP_TELL_H
#define MK_NET_HTTP_TELL_H

#include "microkernel/http.h"
#include "microkernel/message.h"
#include "microkernel/runtime.h"
#include "net/http_client.h"

/* A message to `owner` with room for any outcome below; NULL when memory is short. */
message_t *http_tell_reserve(actor_id_t owner);

/* Each takes the message. A failure: MSG_HTTP_ERROR or MSG_WS_ERROR (`type`), and what
 * its message says; NULL: what programs know for its kind, else its text. */
void http_tell_failure(runtime_t *rt, message_t *msg, msg_type_t type,
                       http_conn_id_t id, const http_failure_t *failure,
                       const char *words);

/* A failure as a response of status 0 with the words as body. */
void http_tell_no_response(runtime_t *rt, message_t *msg, http_conn_id_t id,
                           const http_failure_t *failure);

/* MSG_SSE_CLOSED, MSG_HTTP_END. */
void http_tell_status(runtime_t *rt, message_t *msg, msg_type_t type, http_conn_id_t id,
                      int status);

/* MSG_HTTP_RESPONSE: `payload` is an mk_alloc block, which is taken. */
void http_tell_response(runtime_t *rt, message_t *msg, void *payload, size_t size);

#endif
