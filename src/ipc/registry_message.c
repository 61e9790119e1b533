/* SPDX-License-Identifier: Apache-2.0 */
/* registry_message.c - a table of which type has which fields, in their order.
 *
 * The name comes last and takes what is left, so no length can contradict another. */
#include "ipc/registry_message.h"

#include "base/bytes.h"
#include "base/text.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"

#include <string.h>

enum {
    FLAG_IS_OWN = 1u << 0 /* the other bits are 0 and are not looked at */
};

typedef enum { ANY, FLAT, PATH } form_t;

typedef struct {
    msg_type_t type;
    bool has_flags;
    bool has_conflict;
    bool has_id;
    form_t form; /* of the name */
} layout_t;

static const layout_t layouts[] = {
    {MSG_NAME_REGISTER, true, false, true, FLAT},
    {MSG_NAME_UNREGISTER, false, false, false, FLAT},
    {MSG_PATH_REGISTER, true, false, true, PATH},
    {MSG_PATH_UNREGISTER, false, false, false, PATH},
    {MSG_NAME_CONFLICT, false, true, true, ANY},
};

static const layout_t *find_layout(msg_type_t type) {
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (layouts[i].type == type) return &layouts[i];
    return NULL;
}

static bool is_name(text_t name, form_t form) {
    bool is_path = name.size > 0 && name.bytes[0] == '/';
    if ((form == FLAT && is_path) || (form == PATH && !is_path)) return false;
    size_t size_max = is_path ? MK_PATH_MAX - 1 : MK_NAME_MAX - 1;
    return text_check_name(name, size_max, NULL) == MK_OK;
}

int registry_message_decode(msg_type_t type, const void *payload, size_t payload_size,
                            registry_message_t *out) {
    const layout_t *layout = find_layout(type);
    if (layout == NULL) return MK_ENOENT;
    if (payload_size > REGISTRY_MESSAGE_MAX) return MK_EBADMSG;
    memset(out, 0, sizeof *out);
    out->type = type;
    bytes_reader_t reader;
    bytes_reader_init(&reader, payload, payload_size);
    if (layout->has_flags) out->is_own = (bytes_read_u8(&reader) & FLAG_IS_OWN) != 0;
    if (layout->has_conflict) out->conflict = bytes_read_u8(&reader);
    if (layout->has_id) out->id = bytes_read_u64_be(&reader);
    out->size = bytes_left(&reader);
    const char *name = (const char *)bytes_read(&reader, out->size);
    if (!bytes_is_complete(&reader) || name == NULL ||
        !is_name(text_make(name, out->size), layout->form))
        return MK_EBADMSG;
    memcpy(out->name, name, out->size);
    return MK_OK;
}

size_t registry_message_encode(const registry_message_t *message,
                               uint8_t bytes[REGISTRY_MESSAGE_MAX]) {
    const layout_t *layout = find_layout(message->type);
    bytes_writer_t writer;
    bytes_writer_init(&writer, bytes, REGISTRY_MESSAGE_MAX);
    if (layout->has_flags) bytes_write_u8(&writer, message->is_own ? FLAG_IS_OWN : 0);
    if (layout->has_conflict) bytes_write_u8(&writer, message->conflict);
    if (layout->has_id) bytes_write_u64_be(&writer, message->id);
    bytes_write(&writer, message->name, message->size);
    return writer.size;
}
