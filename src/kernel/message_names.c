/* SPDX-License-Identifier: Apache-2.0 */
/* The register of message numbers, by number and by name. */
#include "microkernel/message_ids.h"

#include <string.h>

static const struct {
    const char *name;
    msg_type_t number;
} messages[] = {
#define MK_MESSAGE(name, number, payload, direction, meaning) {#name, number},
#include "microkernel/message_ids.def"
#undef MK_MESSAGE
};

enum { MESSAGE_COUNT = sizeof messages / sizeof messages[0], PREFIX_SIZE = 4 };

/* The header and the register agree. */
#define MK_MESSAGE(name, number, payload, direction, meaning)                          \
    _Static_assert((name) == (number), "number of " #name);
#include "microkernel/message_ids.def"
#undef MK_MESSAGE

const char *mk_message_name(msg_type_t type) {
    for (size_t i = 0; i < MESSAGE_COUNT; i++)
        if (messages[i].number == type) return messages[i].name;
    return NULL;
}

static char to_upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool matches(const char *name, const char *given, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (name[i] == '\0' || name[i] != to_upper(given[i])) return false;
    return name[size] == '\0';
}

bool mk_message_number(const char *name, size_t name_size, msg_type_t *out) {
    if (name == NULL || out == NULL) return false;
    for (size_t i = 0; i < MESSAGE_COUNT; i++) {
        const char *full = messages[i].name;
        if (!matches(full, name, name_size) &&
            !matches(full + PREFIX_SIZE, name, name_size))
            continue;
        *out = messages[i].number;
        return true;
    }
    return false;
}

bool mk_message_is_reserved(msg_type_t type) {
    switch (type) {
    case MSG_TIMER:
    case MSG_FD_EVENT:
    case MSG_CHILD_EXIT:
    case MSG_SUPERVISOR_WAKE:
    case MSG_SHUTDOWN:
    case MSG_EXIT:
    case MSG_DOWN:
    case MSG_NODE_UP:
    case MSG_NODE_DOWN:
    case MSG_OFFLOAD_DONE:
    case MSG_STATE_REPLY:
    case MSG_WASM_TURN:
    case MSG_MOUNT_DONE:
    case MSG_HTTP_ROOM: return true;
    default: return false;
    }
}
