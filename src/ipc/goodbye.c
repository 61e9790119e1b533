/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/goodbye.h"

#include "base/bytes.h"
#include "base/writer.h"
#include "microkernel/message_ids.h"

#include <string.h>

void goodbye_say(runtime_t *rt, link_t *link, uint32_t code, const char *text) {
    uint8_t bytes[GOODBYE_MAX];
    bytes_writer_t writer;
    text_t said = text_part(text_of(text), 0, GOODBYE_TEXT_MAX);
    bytes_writer_init(&writer, bytes, sizeof bytes);
    bytes_write_u32_be(&writer, code);
    bytes_write_u32_be(&writer, runtime_get_node_id(rt));
    bytes_write(&writer, said.bytes, said.size);
    wire_message_t message = {ACTOR_ID_INVALID, ACTOR_ID_INVALID, MSG_NODE_GOODBYE,
                              bytes, writer.size};
    (void)link_send(link, rt, &message, true);
}

bool goodbye_read(const wire_message_t *message, goodbye_t *out) {
    bytes_reader_t reader;
    mk_writer_t writer;
    bytes_reader_init(&reader, message->payload, message->payload_size);
    out->code = bytes_read_u32_be(&reader);
    out->node = bytes_read_u32_be(&reader);
    writer_init(&writer, out->text, sizeof out->text);
    if (reader.has_failed) return false;
    size_t size = bytes_left(&reader);
    text_t text = text_make((const char *)bytes_read(&reader, size), size);
    writer_escaped(&writer, text_part(text, 0, GOODBYE_TEXT_MAX));
    return true;
}
