/* SPDX-License-Identifier: Apache-2.0 */
/* Answers 200 with 201 and the same payload; 0 ends it. */
#include "mk.h"

EXPORT i32 handle_message(i32 type, i64 source, const u8 *payload, i32 size) {
    if (type == 200) mk_send(source, 201, payload, size);
    return type != 0;
}
