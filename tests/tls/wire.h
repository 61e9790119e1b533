/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - two connections and the bytes between them, in memory and under control. */
#ifndef MK_TESTS_TLS_WIRE_H
#define MK_TESTS_TLS_WIRE_H

#include "port/tls.h"

#include <stddef.h>
#include <stdint.h>

enum { WIRE_CAP = 1024 * 1024 };

/* One direction. All zero but the limits is an empty wire. */
typedef struct {
    uint8_t *bytes;   /* owned, WIRE_CAP */
    size_t at;        /* read so far */
    size_t end;       /* written so far */
    size_t read_max;  /* bytes a read gives at most */
    size_t write_max; /* bytes a write takes at most; 0: MK_EAGAIN */
    size_t stop_at;   /* a read stops once at this offset; SIZE_MAX: nowhere */
    size_t cut_at;    /* there is nothing behind this offset; SIZE_MAX: nowhere */
    int cut_error;    /* what a read answers there */
    int write_error;  /* what a write answers; 0: it works */
    size_t flip_at;   /* the lowest bit of this byte is changed; SIZE_MAX: of none */
    size_t reads;     /* calls that gave something */
    size_t writes;    /* calls that took something */
} wire_t;

/* One side of a pair. */
typedef struct {
    port_tls_t *tls;
    wire_t *in;
    wire_t *out;
    int result; /* of the last call of port_tls_handshake */
} side_t;

typedef struct {
    wire_t up; /* client to server */
    wire_t down;
    side_t client;
    side_t server;
} pair_t;

/* A side's carrier; its context is the side. */
extern const port_tls_carrier_t wire_carrier;

/* Wires without limits and no connections. */
void pair_init(pair_t *pair);

/* The same, and both connections; the test ends when they cannot be opened. */
void pair_open(pair_t *pair, port_tls_config_t *client, const char *host,
               port_tls_config_t *server);

/* Shake hands, in turns, until both sides have a result or nothing moves. */
void pair_shake(pair_t *pair);

/* Open, shake hands, and both sides must be content. */
void pair_join(pair_t *pair, port_tls_config_t *client, const char *host,
               port_tls_config_t *server);

/* Write a text on one side and read it on the other. */
void pair_say(side_t *from, side_t *to, const char *text);

/* Goodbye from both sides, read by both. */
void pair_part(pair_t *pair);

void pair_close(pair_t *pair);

#endif
