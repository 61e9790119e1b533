/* SPDX-License-Identifier: Apache-2.0 */
/* frame_reader.c - the front of a cut frame waits in one buffer until the frame is
 * whole.
 *
 * The buffer doubles at most with what has come, so a header that announces much costs
 * its receiver nothing. Once a large frame is done its memory goes back; small ones
 * keep theirs, since the next read will cut a frame again. */
#include "ipc/frame_reader.h"

#include "base/check.h"
#include "base/writer.h"

enum { KEPT_CAP = 4096 }; /* bytes of the buffer that stay between two frames */

void frame_reader_init(frame_reader_t *reader, size_t payload_max) {
    *reader = (frame_reader_t){.payload_max = payload_max};
    buffer_init(&reader->held, SIZE_MAX);
}

void frame_reader_deinit(frame_reader_t *reader) {
    buffer_deinit(&reader->held);
    reader->is_given = false;
}

size_t frame_reader_held(const frame_reader_t *reader) {
    return reader->is_given ? 0 : buffer_size(&reader->held);
}

const char *frame_reader_why(const frame_reader_t *reader) {
    return reader->why;
}

static int fail(frame_reader_t *reader, int fault, const wire_message_t *message) {
    mk_writer_t w;
    writer_init(&w, reader->why, sizeof reader->why);
    if (fault == MK_ETOOBIG)
        writer_format(&w, "a message of %zu bytes is announced, %zu are the most",
                      message->payload_size, reader->payload_max);
    else if (fault == MK_ENOMEM)
        writer_str(&w, "no memory for a message");
    else
        writer_str(&w, "the reserved word of a header is not 0");
    reader->fault = (int16_t)fault;
    return fault;
}

/* Hold bytes until `want` are held. MK_OK: they are; MK_EAGAIN, MK_ENOMEM. */
static int hold(frame_reader_t *reader, size_t want, const uint8_t **bytes,
                size_t *size) {
    size_t missing = want - buffer_size(&reader->held);
    size_t part = missing < *size ? missing : *size;
    if (part > 0 && buffer_append(&reader->held, *bytes, part) != MK_OK)
        return MK_ENOMEM;
    *bytes += part;
    *size -= part;
    return part == missing ? MK_OK : MK_EAGAIN;
}

/* Go on with the frame whose front is held. */
static int gather(frame_reader_t *reader, const uint8_t **bytes, size_t *size,
                  wire_message_t *message) {
    int result = MK_OK;
    if (buffer_size(&reader->held) < WIRE_HEADER_SIZE)
        result = hold(reader, WIRE_HEADER_SIZE, bytes, size);
    if (result == MK_OK)
        result =
            frame_get_header(buffer_bytes(&reader->held), reader->payload_max, message);
    if (result == MK_OK)
        result = hold(reader, WIRE_HEADER_SIZE + message->payload_size, bytes, size);
    if (result == MK_EAGAIN) return result;
    if (result != MK_OK) return fail(reader, result, message);
    if (message->payload_size > 0) /* it may have moved */
        message->payload = buffer_bytes(&reader->held) + WIRE_HEADER_SIZE;
    reader->is_given = true;
    return MK_OK;
}

static void forget_given(frame_reader_t *reader) {
    reader->is_given = false;
    if (reader->held.cap > KEPT_CAP)
        buffer_deinit(&reader->held);
    else
        buffer_consume(&reader->held, buffer_size(&reader->held));
}

int frame_reader_next(frame_reader_t *reader, const uint8_t **bytes, size_t *size,
                      wire_message_t *message) {
    if (MK_UNLIKELY(reader->fault != MK_OK)) return reader->fault;
    if (MK_UNLIKELY(reader->is_given)) forget_given(reader);
    if (MK_UNLIKELY(buffer_size(&reader->held) != 0) ||
        MK_UNLIKELY(*size < WIRE_HEADER_SIZE)) {
        if (*size == 0) return MK_EAGAIN;
        return gather(reader, bytes, size, message);
    }
    int result = frame_get_header(*bytes, reader->payload_max, message);
    if (MK_UNLIKELY(result != MK_OK)) return fail(reader, result, message);
    size_t whole = WIRE_HEADER_SIZE + message->payload_size;
    if (MK_UNLIKELY(whole > *size)) return gather(reader, bytes, size, message);
    *bytes += whole;
    *size -= whole;
    return MK_OK;
}
