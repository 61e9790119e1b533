/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as bytes: the layout to the byte, and what is refused. */
#include "support/test.h"

#include "base/alloc.h"
#include "ipc/frame.h"
#include "microkernel/wire.h"

static const char text[] = "ping, and more";

static message_t *sample(const void *payload, size_t size) {
    message_t *msg = message_create(0x0102030405060708u, 0x1112131415161718u,
                                    0x21222324u, payload, size);
    CHECK(msg != NULL);
    return msg;
}

static void check_same(const message_t *a, const message_t *b) {
    CHECK(b != NULL);
    CHECK_EQ(a->source, b->source);
    CHECK_EQ(a->dest, b->dest);
    CHECK_EQ(a->type, b->type);
    CHECK_EQ(a->payload_size, b->payload_size);
    if (a->payload_size > 0) CHECK_MEM(b->payload, a->payload, a->payload_size);
    CHECK((b->payload == NULL) == (b->payload_size == 0));
}

TEST(the_network_form_is_big_endian_to_the_byte) {
    static const uint8_t want[] = {1,    2,    3,    4,    5,    6,    7,    8,
                                   0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                                   0x21, 0x22, 0x23, 0x24, 0,    0,    0,    4,
                                   0,    0,    0,    0,    'p',  'i',  'n',  'g'};
    message_t *msg = sample("ping", 4);
    size_t size = 0;
    uint8_t *bytes = wire_serialize_net(msg, &size);
    CHECK_EQ(size, sizeof want);
    CHECK_MEM(bytes, want, sizeof want);
    mk_free(bytes);
    message_destroy(msg);
}

TEST(the_local_form_is_the_struct) {
    message_t *msg = sample(text, sizeof text);
    size_t size = 0;
    uint8_t *bytes = wire_serialize(msg, &size);
    CHECK_EQ(size, WIRE_HEADER_SIZE + sizeof text);
    wire_header_t header;
    memcpy(&header, bytes, sizeof header);
    CHECK_EQ(header.source, msg->source);
    CHECK_EQ(header.dest, msg->dest);
    CHECK_EQ(header.type, msg->type);
    CHECK_EQ(header.payload_size, sizeof text);
    CHECK_EQ(header.reserved, 0);
    CHECK_MEM(bytes + WIRE_HEADER_SIZE, text, sizeof text);
    mk_free(bytes);
    message_destroy(msg);
}

typedef void *(*serialize_fn)(const message_t *, size_t *);
typedef message_t *(*deserialize_fn)(const void *, size_t);
static const struct {
    serialize_fn serialize;
    deserialize_fn deserialize;
} forms[] = {{wire_serialize, wire_deserialize},
             {wire_serialize_net, wire_deserialize_net}};

TEST(what_was_written_is_read_again) {
    for (size_t f = 0; f < 2; f++) {
        for (size_t n = 0; n <= sizeof text; n++) {
            message_t *msg = sample(text, n);
            size_t size = 0;
            uint8_t *bytes = forms[f].serialize(msg, &size);
            CHECK(bytes != NULL);
            message_t *again = forms[f].deserialize(bytes, size);
            check_same(msg, again);
            message_destroy(again);
            mk_free(bytes);
            message_destroy(msg);
        }
    }
}

TEST(a_truncated_message_is_refused_at_every_byte) {
    for (size_t f = 0; f < 2; f++) {
        message_t *msg = sample(text, sizeof text);
        size_t size = 0;
        uint8_t *bytes = forms[f].serialize(msg, &size);
        for (size_t n = 0; n < size; n++)
            CHECK(forms[f].deserialize(bytes, n) == NULL);
        mk_free(bytes);
        message_destroy(msg);
    }
}

TEST(a_flipped_bit_gives_another_message_or_none) {
    for (size_t f = 0; f < 2; f++) {
        message_t *msg = sample(text, sizeof text);
        size_t size = 0;
        uint8_t *bytes = forms[f].serialize(msg, &size);
        for (size_t bit = 0; bit < size * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            message_t *other = forms[f].deserialize(bytes, size);
            size_t byte = bit / 8;
            if (byte >= 24 && byte < 28) {
                CHECK(other == NULL);
            } else if (other != NULL) {
                CHECK(other->payload_size <= sizeof text);
                CHECK(other->source != msg->source || other->dest != msg->dest ||
                      other->type != msg->type ||
                      other->payload_size != msg->payload_size ||
                      memcmp(other->payload, msg->payload, sizeof text) != 0);
                message_destroy(other);
            } else {
                CHECK(byte >= 20 && byte < 24);
            }
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        mk_free(bytes);
        message_destroy(msg);
    }
}

TEST(giant_sizes_take_no_memory) {
    message_t msg = {.payload_size = (size_t)MK_WIRE_PAYLOAD_MAX + 1, .payload = &msg};
    size_t size = 7;
    CHECK(wire_serialize(&msg, &size) == NULL);
    CHECK(wire_serialize_net(&msg, &size) == NULL);
    CHECK_EQ(size, 7);
    uint8_t bytes[64] = {0};
    memset(bytes + 20, 0xff, 4);
    CHECK(wire_deserialize(bytes, sizeof bytes) == NULL);
    CHECK(wire_deserialize_net(bytes, sizeof bytes) == NULL);
    CHECK(wire_deserialize_net(bytes, SIZE_MAX) == NULL);
}

TEST(null_is_refused) {
    message_t msg = {.type = 1};
    size_t size = 0;
    CHECK(wire_serialize(NULL, &size) == NULL);
    CHECK(wire_serialize_net(NULL, &size) == NULL);
    CHECK(wire_serialize(&msg, NULL) == NULL);
    CHECK(wire_deserialize(NULL, 100) == NULL);
    CHECK(wire_deserialize_net(NULL, 100) == NULL);
}

static void there_and_back(void *unused) {
    (void)unused;
    message_t msg = {.type = 1, .payload = "abc", .payload_size = 3};
    size_t size = 0;
    uint8_t *bytes = wire_serialize_net(&msg, &size);
    if (bytes == NULL) return;
    message_destroy(wire_deserialize_net(bytes, size));
    mk_free(bytes);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(there_and_back, NULL);
}

TEST_TABLE(wire, TEST_ROW(the_network_form_is_big_endian_to_the_byte),
           TEST_ROW(the_local_form_is_the_struct),
           TEST_ROW(what_was_written_is_read_again),
           TEST_ROW(a_truncated_message_is_refused_at_every_byte),
           TEST_ROW(a_flipped_bit_gives_another_message_or_none),
           TEST_ROW(giant_sizes_take_no_memory), TEST_ROW(null_is_refused),
           TEST_ROW(every_allocation_may_fail))
