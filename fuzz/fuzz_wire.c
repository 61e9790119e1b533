/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_wire.c - any bytes as a message: what is read is written again as the same
 * bytes, in both forms; and whether it is read does not depend on what lies behind. */
#include "microkernel/wire.h"

#include "microkernel/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

static void check(const uint8_t *bytes, size_t size,
                  message_t *(*read)(const void *, size_t),
                  void *(*write)(const message_t *, size_t *)) {
    message_t *msg = read(bytes, size);
    if (msg == NULL) return;
    size_t again_size = 0;
    REQUIRE(msg->payload_size <= MK_WIRE_PAYLOAD_MAX);
    REQUIRE((msg->payload == NULL) == (msg->payload_size == 0));
    uint8_t *again = write(msg, &again_size);
    REQUIRE(again != NULL);
    REQUIRE(again_size == WIRE_HEADER_SIZE + msg->payload_size && again_size <= size);
    REQUIRE(memcmp(again, bytes, again_size) == 0);
    for (size_t cut = 0; cut < again_size; cut += again_size / 16 + 1)
        REQUIRE(read(bytes, cut) == NULL);
    message_t *twin = read(again, again_size);
    REQUIRE(twin != NULL);
    REQUIRE(twin->source == msg->source && twin->dest == msg->dest &&
            twin->type == msg->type && twin->payload_size == msg->payload_size);
    message_destroy(twin);
    message_destroy(msg);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    check(bytes, size, wire_deserialize, wire_serialize);
    check(bytes, size, wire_deserialize_net, wire_serialize_net);
    return 0;
}
