/* SPDX-License-Identifier: Apache-2.0 */
/* ws_frame.h - the frames of a WebSocket, both ways (RFC 6455, sections 5 to 8).
 *
 * Pure and incremental; the payload is unmasked where it lies. Checks all that the RFC
 * asks of a receiver: masks, reserved bits and codes, fragmentation, control frames
 * between fragments, lengths, close codes, and UTF-8 of text at the first bad byte. A
 * length that would fit a shorter form is accepted. */
#ifndef MK_NET_WS_FRAME_H
#define MK_NET_WS_FRAME_H

#include "base/text.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WS_HEAD_MAX = 14,     /* bytes of the longest frame head */
    WS_CONTROL_MAX = 125, /* bytes of a control frame's payload */
    WS_REASON_MAX = 123,  /* bytes of a close reason */
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_GOING = 1001,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_NONE = 1005, /* "no code came"; never sent */
    WS_CLOSE_LOST = 1006, /* "no close came"; never sent */
    WS_CLOSE_TEXT = 1007, /* text that is no UTF-8 */
    WS_CLOSE_TOO_BIG = 1009,
};

typedef enum {
    WS_OP_CONTINUE = 0,
    WS_OP_TEXT = 1,
    WS_OP_BINARY = 2,
    WS_OP_CLOSE = 8,
    WS_OP_PING = 9,
    WS_OP_PONG = 10,
} ws_op_t;

/* What a step came to. */
typedef enum {
    WS_MORE, /* all input is taken */
    WS_DATA, /* a piece of a message */
    WS_PING, /* answer with a pong of the same payload */
    WS_PONG,
    WS_CLOSE, /* answer with a close unless one was sent; what follows is ignored */
    WS_BAD,   /* close with `code`, then drop; for ever */
} ws_step_t;

typedef struct {
    bool is_binary; /* of WS_DATA */
    bool
        is_compressed; /* the message's first frame has RSV1; its text is not checked */
    bool is_first;     /* the piece begins a message */
    bool is_last;      /* it ends the message; the piece may then be empty */
    uint8_t *bytes;    /* payload: a part of the input, or of the decoder for control
                          frames; valid until the next call */
    size_t size;       /* of it; of WS_CLOSE: the reason */
    uint16_t code;     /* of WS_CLOSE: the peer's, or WS_CLOSE_NONE; of WS_BAD: ours */
    const char *why;   /* of WS_BAD: a few words; static storage */
} ws_event_t;

typedef struct {
    uint64_t message_max;   /* most bytes of a message; compressed ones: 1/64 more */
    uint64_t message_size;  /* bytes of the current one, announced by heads so far */
    uint64_t left;          /* bytes of the current frame to come */
    const char *why;        /* of a refusal */
    utf8_check_t text;      /* of the current text message */
    uint16_t code;          /* of a refusal */
    bool is_server;         /* frames have to be masked; else must not be */
    bool allows_compressed; /* RSV1 was negotiated */
    uint8_t state;          /* see ws_frame.c */
    uint8_t op;             /* of the message being read; WS_OP_CONTINUE: none */
    bool is_compressed;     /* that message is */
    bool is_begun;          /* a piece of it was given out */
    uint8_t mask_at;        /* bytes of the frame's payload so far, modulo 4 */
    uint8_t head_size;      /* bytes of the head so far */
    uint8_t head_need;      /* all of them, as far as is known */
    uint8_t control_size;   /* bytes of the control frame's payload so far */
    uint8_t head[WS_HEAD_MAX];
    uint8_t control[WS_CONTROL_MAX];
} ws_decoder_t;

/* Begin. `is_server`: the peer is a client. */
void ws_decoder_init(ws_decoder_t *decoder, bool is_server, bool allows_compressed,
                     uint64_t message_max);

/* Take bytes off the front of `*size` bytes at `*bytes`, which are changed: unmasking
 * is done in place. `*event` is written unless WS_MORE. */
ws_step_t ws_decode(ws_decoder_t *decoder, uint8_t **bytes, size_t *size,
                    ws_event_t *event);

/* Nothing of a frame or message has begun: a decoder begun anew would do as well. */
bool ws_decoder_is_idle(const ws_decoder_t *decoder);

/* Write a frame's head. `mask`: four unpredictable bytes, fresh for each frame, when a
 * client sends (the payload then goes through ws_mask); NULL when a server does. The
 * bytes of the head. */
size_t ws_write_head(uint8_t head[WS_HEAD_MAX], ws_op_t op, bool is_last,
                     bool is_compressed, uint64_t size, const uint8_t *mask);

/* Mask or unmask a part of a payload that begins `at` bytes into it. */
void ws_mask(uint8_t *bytes, size_t size, const uint8_t mask[4], uint64_t at);

/* A code that may be sent in a close frame (RFC 6455, section 7.4, and the registry).
 */
bool ws_code_is_valid(unsigned code);

/* Write the payload of a close frame; WS_CLOSE_NONE gives an empty one. Its bytes, or
 * MK_EINVAL: a code that may not be sent, a reason that is no UTF-8 or has no code;
 * MK_ETOOBIG: the reason is longer than WS_REASON_MAX. */
int ws_write_close(uint8_t payload[WS_CONTROL_MAX], unsigned code, text_t reason);

#endif
