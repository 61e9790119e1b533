/* SPDX-License-Identifier: Apache-2.0 */
/* As echo.c, after a tenth of a second. */
#include "mk.h"

EXPORT i32 handle_message(i32 type, i64 source, const u8 *payload, i32 size) {
    if (type != 200) return type != 0;
    i32 slept = mk_sleep_ms(100);
    mk_send(source, slept == 0 ? 201 : 202, payload, size);
    return 1;
}
