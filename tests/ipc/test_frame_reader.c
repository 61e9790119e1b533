/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in any pieces become the same messages; what is no frame is refused for ever.
 */
#include "support/test.h"

#include "base/alloc.h"
#include "ipc/frame_reader.h"

#include <string.h>

enum { PAYLOAD_MAX = 1000, ROOM = 4096 };

/* Some frames, of sizes around the ends of reads and of buffers. */
static size_t write_frames(uint8_t *to, const size_t *sizes, size_t count) {
    static uint8_t payload[PAYLOAD_MAX];
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            payload[k] = (uint8_t)(i * 31 + k);
        wire_message_t message = {.source = i + 1,
                                  .dest = (actor_id_t)i << 32,
                                  .type = (msg_type_t)(0xFF000000u + i),
                                  .payload = sizes[i] > 0 ? payload : NULL,
                                  .payload_size = sizes[i]};
        frame_put(to + at, &message);
        at += WIRE_HEADER_SIZE + sizes[i];
    }
    return at;
}

static const size_t sizes[] = {0, 1, 27, 28, 29, 0, 0, 300, 5, PAYLOAD_MAX, 2};
enum { FRAMES = sizeof sizes / sizeof sizes[0] };

static void check_message(const wire_message_t *message, size_t i) {
    CHECK(i < FRAMES);
    CHECK_EQ(message->source, i + 1);
    CHECK_EQ(message->dest, (actor_id_t)i << 32);
    CHECK_EQ(message->type, 0xFF000000u + i);
    CHECK_EQ(message->payload_size, sizes[i]);
    CHECK((message->payload == NULL) == (sizes[i] == 0));
    for (size_t k = 0; k < sizes[i]; k++)
        CHECK_EQ(((const uint8_t *)message->payload)[k], (uint8_t)(i * 31 + k));
}

/* Give the bytes in copies of `piece` bytes, the first of `first`. */
static size_t read_all(const uint8_t *bytes, size_t size, size_t first, size_t piece) {
    frame_reader_t reader;
    frame_reader_init(&reader, PAYLOAD_MAX);
    size_t count = 0;
    uint8_t copy[ROOM];
    for (size_t at = 0; at < size;) {
        size_t part = at == 0 && first > 0 ? first : piece;
        if (part > size - at) part = size - at;
        memcpy(copy, bytes + at, part);
        const uint8_t *from = copy;
        size_t left = part;
        wire_message_t message;
        int result;
        while ((result = frame_reader_next(&reader, &from, &left, &message)) == MK_OK)
            check_message(&message, count++);
        CHECK_EQ(result, MK_EAGAIN);
        CHECK_EQ(left, 0);
        memset(copy, 0xEE, sizeof copy); /* nothing of it is used any more */
        at += part;
    }
    CHECK_EQ(frame_reader_held(&reader), 0);
    CHECK_STR(frame_reader_why(&reader), "");
    frame_reader_deinit(&reader);
    return count;
}

TEST(any_cutting_gives_the_same_messages) {
    uint8_t bytes[ROOM];
    size_t size = write_frames(bytes, sizes, FRAMES);
    for (size_t piece = 1; piece <= size; piece++)
        CHECK_EQ(read_all(bytes, size, 0, piece), FRAMES);
    for (size_t first = 1; first < size; first++)
        CHECK_EQ(read_all(bytes, size, first, size), FRAMES);
}

TEST(whole_frames_are_handed_out_where_they_stand) {
    uint8_t bytes[ROOM];
    size_t size = write_frames(bytes, sizes, FRAMES);
    size_t before = mk_alloc_live();
    frame_reader_t reader;
    frame_reader_init(&reader, PAYLOAD_MAX);
    const uint8_t *from = bytes;
    size_t left = size;
    wire_message_t message;
    for (size_t i = 0; i < FRAMES; i++) {
        CHECK_EQ(frame_reader_next(&reader, &from, &left, &message), MK_OK);
        if (sizes[i] > 0) {
            const uint8_t *payload = message.payload;
            CHECK(payload > bytes && payload + sizes[i] <= bytes + size);
        }
    }
    CHECK_EQ(frame_reader_next(&reader, &from, &left, &message), MK_EAGAIN);
    CHECK_EQ(mk_alloc_live(), before);
    frame_reader_deinit(&reader);
}

/* Byte by byte until the reader has an opinion. */
static int read_until_fault(const uint8_t *bytes, size_t size, char *why, size_t cap) {
    frame_reader_t reader;
    frame_reader_init(&reader, PAYLOAD_MAX);
    wire_message_t message;
    int result = MK_EAGAIN;
    for (size_t i = 0; i < size && (result == MK_EAGAIN || result == MK_OK); i++) {
        const uint8_t *from = bytes + i;
        size_t left = 1;
        result = frame_reader_next(&reader, &from, &left, &message);
    }
    if (result != MK_EAGAIN && result != MK_OK) { /* for ever, whatever follows */
        const uint8_t *from = bytes;
        size_t left = size;
        CHECK_EQ(frame_reader_next(&reader, &from, &left, &message), result);
        CHECK_EQ(left, size);
    }
    strncpy(why, frame_reader_why(&reader), cap - 1);
    frame_reader_deinit(&reader);
    return result;
}

TEST(a_giant_length_is_refused_before_memory_is_taken) {
    uint8_t bytes[WIRE_HEADER_SIZE] = {0};
    char why[FRAME_WHY_MAX] = "";
    memset(bytes + 20, 0xff, 4);
    size_t before = mk_alloc_live();
    frame_reader_t reader;
    frame_reader_init(&reader, PAYLOAD_MAX);
    const uint8_t *from = bytes;
    size_t left = sizeof bytes;
    wire_message_t message;
    CHECK_EQ(frame_reader_next(&reader, &from, &left, &message), MK_ETOOBIG);
    CHECK_EQ(mk_alloc_live(), before);
    frame_reader_deinit(&reader);
    CHECK_EQ(read_until_fault(bytes, sizeof bytes, why, sizeof why), MK_ETOOBIG);
    CHECK_STR(why, "a message of 4294967295 bytes is announced, 1000 are the most");
    bytes_put_u32_be(bytes + 20, PAYLOAD_MAX + 1);
    CHECK_EQ(read_until_fault(bytes, sizeof bytes, why, sizeof why), MK_ETOOBIG);
    bytes_put_u32_be(bytes + 20, PAYLOAD_MAX);
    CHECK_EQ(read_until_fault(bytes, sizeof bytes, why, sizeof why), MK_EAGAIN);
}

TEST(a_reserved_word_that_is_not_0_is_refused) {
    for (unsigned bit = 0; bit < 32; bit++) {
        uint8_t bytes[WIRE_HEADER_SIZE] = {0};
        char why[FRAME_WHY_MAX] = "";
        bytes_put_u32_be(bytes + 24, 1u << bit);
        CHECK_EQ(read_until_fault(bytes, sizeof bytes, why, sizeof why), MK_EBADMSG);
        CHECK_STR(why, "the reserved word of a header is not 0");
    }
}

TEST(announcing_much_costs_nothing_until_it_comes) {
    uint8_t bytes[WIRE_HEADER_SIZE + 10] = {0};
    bytes_put_u32_be(bytes + 20, MK_WIRE_PAYLOAD_MAX);
    frame_reader_t reader;
    frame_reader_init(&reader, MK_WIRE_PAYLOAD_MAX);
    const uint8_t *from = bytes;
    size_t left = sizeof bytes;
    wire_message_t message;
    CHECK_EQ(frame_reader_next(&reader, &from, &left, &message), MK_EAGAIN);
    CHECK(reader.held.cap <= 128);
    CHECK_EQ(frame_reader_held(&reader), sizeof bytes);
    frame_reader_deinit(&reader);
}

TEST(the_memory_of_a_large_message_goes_back) {
    enum { BIG = MK_WIRE_PAYLOAD_MAX < 200000 ? MK_WIRE_PAYLOAD_MAX : 200000 };
    uint8_t *bytes = mk_calloc(1, WIRE_HEADER_SIZE + BIG);
    bytes_put_u32_be(bytes + 20, BIG);
    frame_reader_t reader;
    frame_reader_init(&reader, BIG);
    const uint8_t *from = bytes;
    size_t left = 1000;
    wire_message_t message;
    CHECK_EQ(frame_reader_next(&reader, &from, &left, &message), MK_EAGAIN);
    left = WIRE_HEADER_SIZE + BIG - 1000;
    CHECK_EQ(frame_reader_next(&reader, &from, &left, &message), MK_OK);
    CHECK_EQ(message.payload_size, BIG);
    CHECK_EQ(frame_reader_held(&reader), 0);
    CHECK_EQ(frame_reader_next(&reader, &from, &left, &message), MK_EAGAIN);
    CHECK_EQ(reader.held.cap, 0);
    frame_reader_deinit(&reader);
    mk_free(bytes);
}

static void read_in_pieces(void *unused) {
    (void)unused;
    uint8_t bytes[ROOM];
    size_t size = write_frames(bytes, sizes, FRAMES);
    frame_reader_t reader;
    frame_reader_init(&reader, PAYLOAD_MAX);
    wire_message_t message;
    int result = MK_OK;
    for (size_t at = 0; at < size && result != MK_ENOMEM; at += 7) {
        const uint8_t *from = bytes + at;
        size_t left = size - at < 7 ? size - at : 7;
        while ((result = frame_reader_next(&reader, &from, &left, &message)) == MK_OK)
            ;
        CHECK(result == MK_EAGAIN || result == MK_ENOMEM);
    }
    if (result == MK_ENOMEM)
        CHECK_STR(frame_reader_why(&reader), "no memory for a message");
    frame_reader_deinit(&reader);
}

TEST(every_allocation_may_fail) {
    test_each_alloc_failure(read_in_pieces, NULL);
}

TEST_TABLE(frame_reader, TEST_ROW(any_cutting_gives_the_same_messages),
           TEST_ROW(whole_frames_are_handed_out_where_they_stand),
           TEST_ROW(a_giant_length_is_refused_before_memory_is_taken),
           TEST_ROW(a_reserved_word_that_is_not_0_is_refused),
           TEST_ROW(announcing_much_costs_nothing_until_it_comes),
           TEST_ROW(the_memory_of_a_large_message_goes_back),
           TEST_ROW(every_allocation_may_fail))
