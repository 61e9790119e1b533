/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/wire.h"

#include "microkernel/error.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static int read_wire(void *ctx, void *bytes, size_t cap) {
    side_t *side = ctx;
    wire_t *wire = side->in;
    size_t end = least(wire->end, wire->cut_at);
    if (wire->at >= wire->cut_at) return wire->cut_error;
    if (wire->at == wire->stop_at) {
        wire->stop_at = SIZE_MAX;
        return MK_EAGAIN;
    }
    if (wire->stop_at > wire->at) end = least(end, wire->stop_at);
    size_t size = least(least(end - wire->at, cap), wire->read_max);
    if (size == 0) return MK_EAGAIN;
    memcpy(bytes, wire->bytes + wire->at, size);
    if (wire->flip_at >= wire->at && wire->flip_at < wire->at + size)
        ((uint8_t *)bytes)[wire->flip_at - wire->at] ^= 1;
    wire->at += size;
    wire->reads++;
    return (int)size;
}

static int write_wire(void *ctx, const void *bytes, size_t size) {
    side_t *side = ctx;
    wire_t *wire = side->out;
    if (wire->write_error) return wire->write_error;
    if (wire->at == wire->end && wire->stop_at == SIZE_MAX &&
        wire->cut_at == SIZE_MAX && wire->flip_at == SIZE_MAX)
        wire->at = wire->end = 0; /* all read: begin again at the front */
    size = least(size, wire->write_max);
    if (size == 0) return MK_EAGAIN;
    CHECK(wire->end + size <= WIRE_CAP);
    memcpy(wire->bytes + wire->end, bytes, size);
    wire->end += size;
    wire->writes++;
    return (int)size;
}

const port_tls_carrier_t wire_carrier = {read_wire, write_wire};

static wire_t make_wire(uint8_t *bytes) {
    return (wire_t){.bytes = bytes,
                    .read_max = SIZE_MAX,
                    .write_max = SIZE_MAX,
                    .stop_at = SIZE_MAX,
                    .cut_at = SIZE_MAX,
                    .flip_at = SIZE_MAX,
                    .cut_error = MK_EEND};
}

void pair_init(pair_t *pair) {
    memset(pair, 0, sizeof *pair);
    pair->up = make_wire(malloc(WIRE_CAP));
    pair->down = make_wire(malloc(WIRE_CAP));
    CHECK(pair->up.bytes != NULL && pair->down.bytes != NULL);
    pair->client = (side_t){NULL, &pair->down, &pair->up, MK_EAGAIN};
    pair->server = (side_t){NULL, &pair->up, &pair->down, MK_EAGAIN};
}

void pair_open(pair_t *pair, port_tls_config_t *client, const char *host,
               port_tls_config_t *server) {
    pair_init(pair);
    CHECK_EQ(
        port_tls_open(&pair->client.tls, client, host, &wire_carrier, &pair->client),
        MK_OK);
    CHECK_EQ(
        port_tls_open(&pair->server.tls, server, NULL, &wire_carrier, &pair->server),
        MK_OK);
}

static void shake(side_t *side) {
    if (side->result == MK_EAGAIN) side->result = port_tls_handshake(side->tls);
    if (port_tls_has_output(side->tls)) port_tls_flush(side->tls);
}

/* Changes whenever a byte or a stop is passed. */
static size_t progress(const pair_t *pair) {
    size_t stops_left = 0;
    if (pair->up.stop_at != SIZE_MAX) stops_left++;
    if (pair->down.stop_at != SIZE_MAX) stops_left++;
    return pair->up.reads + pair->up.writes + pair->down.reads + pair->down.writes -
           stops_left;
}

void pair_shake(pair_t *pair) {
    size_t idle = 0;
    while (idle < 2 &&
           (pair->client.result == MK_EAGAIN || pair->server.result == MK_EAGAIN)) {
        size_t before = progress(pair);
        shake(&pair->client);
        shake(&pair->server);
        idle = progress(pair) != before ? 0 : idle + 1;
    }
}

void pair_join(pair_t *pair, port_tls_config_t *client, const char *host,
               port_tls_config_t *server) {
    pair_open(pair, client, host, server);
    pair_shake(pair);
    CHECK_STR(port_tls_why(pair->client.tls), "");
    CHECK_STR(port_tls_why(pair->server.tls), "");
    CHECK_EQ(pair->client.result, MK_OK);
    CHECK_EQ(pair->server.result, MK_OK);
}

void pair_say(side_t *from, side_t *to, const char *text) {
    char got[256];
    size_t size = strlen(text), at = 0;
    CHECK_EQ(port_tls_write(from->tls, text, size), size);
    for (unsigned tries = 0; at < size && tries < 4096; tries++) {
        int n = port_tls_read(to->tls, got + at, sizeof got - at);
        if (n == MK_EAGAIN) port_tls_flush(from->tls);
        CHECK(n > 0 || n == MK_EAGAIN);
        if (n > 0) at += (size_t)n;
    }
    CHECK_EQ(at, size);
    CHECK_MEM(got, text, size);
}

void pair_part(pair_t *pair) {
    char byte;
    CHECK_EQ(port_tls_finish(pair->client.tls), MK_OK);
    CHECK_EQ(port_tls_read(pair->server.tls, &byte, 1), MK_EEND);
    CHECK_EQ(port_tls_finish(pair->server.tls), MK_OK);
    CHECK_EQ(port_tls_read(pair->client.tls, &byte, 1), MK_EEND);
}

void pair_close(pair_t *pair) {
    port_tls_close(pair->client.tls);
    port_tls_close(pair->server.tls);
    free(pair->up.bytes);
    free(pair->down.bytes);
}
