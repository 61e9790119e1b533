/* SPDX-License-Identifier: Apache-2.0 */
/* echo.c - answers a message of type n with one of type n + 1 and the same payload; 0
 * ends it, and what the system sends (a negative type) is not answered. */
#include "microkernel.h"

MK_EXPORT(handle_message)
int32_t handle_message(int32_t type, int64_t source, const void *payload,
                       int32_t size) {
    if (type > 0 && type < INT32_MAX) mk_send(source, type + 1, payload, size);
    return type != 0;
}
