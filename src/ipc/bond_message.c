/* SPDX-License-Identifier: Apache-2.0 */
/* bond_message.c - each type is a list of its fields, read and written by the same
 * walk. */
#include "ipc/bond_message.h"

#include "base/bytes.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"

#include <string.h>

/* Fields in their order; one letter each: k kind, r reason, n near, f far, # ref, s
 * seen, t text. */
typedef struct {
    msg_type_t type;
    const char *fields;
} layout_t;

static const layout_t layouts[] = {{MSG_NODE_MONITOR, "#f"},
                                   {MSG_NODE_DEMONITOR, "#"},
                                   {MSG_NODE_LINK, "nf#"},
                                   {MSG_NODE_UNLINK, "nf#s"}};

/* Of MSG_NODE_EXITED, by exited_kind_t. */
static const char *const exited_fields[] = {"krn#t", "krnft"};

static const char *fields_of(msg_type_t type, unsigned kind) {
    if (type == MSG_NODE_EXITED)
        return kind <= EXITED_LINK ? exited_fields[kind] : NULL;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (layouts[i].type == type) return layouts[i].fields;
    return NULL;
}

static uint32_t *number_of(bond_message_t *message, char field) {
    switch (field) {
    case 'n': return &message->near;
    case 'f': return &message->far;
    case '#': return &message->ref;
    default: return &message->seen;
    }
}

/* Actors have numbers, as has what is watched; only a link may be without. */
static bool may_be_zero(msg_type_t type, char field) {
    return (type == MSG_NODE_LINK || type == MSG_NODE_UNLINK) &&
           (field == '#' || field == 's');
}

static bool read_text(bytes_reader_t *reader, char text[MK_EXIT_TEXT_MAX]) {
    size_t size = bytes_left(reader);
    if (size == 0) return true;
    const char *bytes = (const char *)bytes_read(reader, size);
    if (bytes == NULL || size > BOND_TEXT_MAX || memchr(bytes, '\0', size) != NULL)
        return false;
    if (size >= MK_EXIT_TEXT_MAX) {
        /* Cut between characters, if it has any. */
        size = MK_EXIT_TEXT_MAX - 1;
        size_t least = size - 3;
        while (size > least && ((unsigned char)bytes[size] & 0xC0u) == 0x80u)
            size--;
    }
    memcpy(text, bytes, size);
    return true;
}

int bond_message_decode(msg_type_t type, const void *payload, size_t payload_size,
                        bond_message_t *out) {
    unsigned kind = payload_size > 0 ? *(const uint8_t *)payload : 0;
    const char *fields = fields_of(type, kind);
    if (fields == NULL) return type == MSG_NODE_EXITED ? MK_EBADMSG : MK_ENOENT;
    memset(out, 0, sizeof *out);
    out->type = type;
    bytes_reader_t reader;
    bytes_reader_init(&reader, payload, payload_size);
    for (const char *at = fields; *at != '\0'; at++) {
        if (*at == 'k') {
            out->kind = bytes_read_u8(&reader);
        } else if (*at == 'r') {
            out->reason = bytes_read_u8(&reader);
        } else if (*at == 't') {
            if (!read_text(&reader, out->text)) return MK_EBADMSG;
        } else {
            uint32_t *number = number_of(out, *at);
            *number = bytes_read_u32_be(&reader);
            if (*number == 0 && !may_be_zero(type, *at)) return MK_EBADMSG;
        }
    }
    return bytes_is_complete(&reader) ? MK_OK : MK_EBADMSG;
}

size_t bond_message_encode(const bond_message_t *message,
                           uint8_t bytes[BOND_MESSAGE_MAX]) {
    bond_message_t copy = *message;
    bytes_writer_t writer;
    bytes_writer_init(&writer, bytes, BOND_MESSAGE_MAX);
    for (const char *at = fields_of(copy.type, copy.kind); *at != '\0'; at++) {
        if (*at == 'k')
            bytes_write_u8(&writer, copy.kind);
        else if (*at == 'r')
            bytes_write_u8(&writer, copy.reason);
        else if (*at == 't')
            bytes_write(&writer, copy.text, strlen(copy.text));
        else
            bytes_write_u32_be(&writer, *number_of(&copy, *at));
    }
    return writer.size;
}
