/* SPDX-License-Identifier: Apache-2.0 */
/* dialog.c - an actor that waits in the middle of its work, while others run on.
 *
 *   300         asks the sender (301), waits a second for its answer, greets with 302;
 *               303 when none came
 *   310         sleeps 50 ms, then answers 311 with the payload
 *   320         waits for the next message, whatever it is, and answers 321 with that
 *   330 (a, b)  two i32: answers 331 with their sum, an i64 */
#include "microkernel.h"

enum { SECOND_MS = 1000, NAP_MS = 50, NAME_MAX = 32 };

static const char greeting[] = "hello, ";
enum { GREETING_SIZE = sizeof greeting - 1 };

static void greet(int64_t source) {
    static const char question[] = "your name?";
    char text[GREETING_SIZE + NAME_MAX];
    mk_message_t reply;
    __builtin_memcpy(text, greeting, GREETING_SIZE);
    if (mk_call(source, 301, question, sizeof question - 1, text + GREETING_SIZE,
                NAME_MAX, SECOND_MS, NULL, &reply) != MK_OK) {
        mk_send(source, 303, NULL, 0);
        return;
    }
    int32_t size = reply.size < NAME_MAX ? reply.size : NAME_MAX;
    mk_send(source, 302, text, GREETING_SIZE + size);
}

static void add(int64_t source, const void *payload, int32_t size) {
    uint8_t sum[8];
    if (size != 8) return;
    int64_t a = (int32_t)mk_get(payload, 0, 4);
    int64_t b = (int32_t)mk_get(payload, 4, 4);
    mk_put(sum, 0, 8, (uint64_t)(a + b));
    mk_send(source, 331, sum, sizeof sum);
}

static void pass_on_next(int64_t source) {
    uint8_t next[64];
    mk_message_t msg;
    if (mk_wait(next, sizeof next, -1, &msg) != MK_OK) return;
    int32_t size = msg.size < (int32_t)sizeof next ? msg.size : (int32_t)sizeof next;
    mk_send(source, 321, next, size);
}

MK_EXPORT(handle_message)
int32_t handle_message(int32_t type, int64_t source, const void *payload,
                       int32_t size) {
    switch (type) {
    case 0: return 0;
    case 300: greet(source); break;
    case 310:
        mk_sleep_ms(NAP_MS);
        mk_send(source, 311, payload, size);
        break;
    case 320: pass_on_next(source); break;
    case 330: add(source, payload, size); break;
    default: break;
    }
    return 1;
}
