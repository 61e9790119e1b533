/* SPDX-License-Identifier: Apache-2.0 */
/* ws_deflate.h - what the two sides of a WebSocket agree upon about compression:
 * permessage-deflate (RFC 7692). Pure: reads and writes Sec-WebSocket-Extensions. */
#ifndef MK_NET_WS_DEFLATE_H
#define MK_NET_WS_DEFLATE_H

#include "base/text.h"
#include "base/writer.h"
#include "microkernel/http.h"

#include <stdbool.h>
#include <stdint.h>

enum { WS_DEFLATE_LINE_MAX = 192 }; /* bytes of what is offered or answered, with NUL */

/* What a side would like. */
typedef struct {
    bool is_wanted;
    bool keeps_windows;  /* a message may refer to those before it */
    uint8_t window_bits; /* 9..15, of both directions */
} ws_deflate_wish_t;

/* What is agreed upon; all zero: nothing. */
typedef struct {
    uint8_t is_on : 1;     /* compressed messages may come */
    uint8_t keeps_out : 1; /* those that we send refer to earlier ones */
    uint8_t keeps_in : 1;  /* those of the peer may */
    uint8_t out_bits : 4;  /* the window of what we send, 9..15; 0: nothing is sent
                              compressed */
    uint8_t in_bits;       /* the window of the peer, 9..15 or more than it has */
} ws_deflate_t;

/* From the options of users: the bits 0 mean MK_WS_WINDOW_BITS, others are moved into
 * 9..15. */
ws_deflate_wish_t ws_deflate_wish(http_ws_deflate_t deflate, uint8_t window_bits);

/* Server: take the first of the client's offers, in the fields of its request, that we
 * can fulfil. True: `*agreed`, and the value of the answer's field is written. */
bool ws_deflate_accept(text_t fields, const ws_deflate_wish_t *wish,
                       ws_deflate_t *agreed, mk_writer_t *answer);

/* Client: write the value of the field that offers it. */
void ws_deflate_offer(const ws_deflate_wish_t *wish, mk_writer_t *offer);

/* Client: judge the value of the answer's field ("": none came) to that offer. False:
 * it is not what was offered. */
bool ws_deflate_judge(text_t value, const ws_deflate_wish_t *wish,
                      ws_deflate_t *agreed);

#endif
