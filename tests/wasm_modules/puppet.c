/* SPDX-License-Identifier: Apache-2.0 */
/* Does what the type of a message says with its payload, and answers with 1000 + type:
 * the result as 8 bytes, then what came out. */
#include "mk.h"

static u8 reply[4096];

static i64 id_of(const u8 *payload) {
    i64 id = 0;
    for (int i = 7; i >= 0; i--)
        id = id << 8 | payload[i];
    return id;
}

static void answer(i64 dest, i32 type, i64 result, i32 size) {
    for (int i = 0; i < 8; i++)
        reply[i] = (u8)(result >> 8 * i);
    mk_send(dest, 1000 + type, reply, 8 + (size > 0 ? size : 0));
}

/* "key=value" in two. */
static i32 find_equals(const u8 *payload, i32 size) {
    i32 at = 0;
    while (at < size && payload[at] != '=')
        at++;
    return at;
}

static void receive(i64 dest, i32 type) {
    i32 got_type = -1;
    i32 got_size = -1;
    i64 from = -1;
    i32 result;
    if (type == 20)
        result = mk_recv(&got_type, reply + 24, 8, &got_size);
    else if (type == 21)
        result = mk_recv_full(&got_type, reply + 24, 8, &got_size, &from);
    else
        result = mk_recv_timeout(&got_type, reply + 24, 8, &got_size, &from, 50);
    for (int i = 0; i < 4; i++) {
        reply[8 + i] = (u8)(got_type >> 8 * i);
        reply[12 + i] = (u8)(got_size >> 8 * i);
    }
    for (int i = 0; i < 8; i++)
        reply[16 + i] = (u8)(from >> 8 * i);
    answer(dest, type, result, 24);
}

EXPORT i32 handle_message(i32 type, i64 source, const u8 *payload, i32 size) {
    const char *text = (const char *)payload;
    char *out = (char *)reply + 8;
    i32 count = 0;
    i32 at;
    i64 result;
    switch (type) {
    case 0: return 0;
    case 1: answer(source, type, mk_self(), 0); return 1;
    case 2: mk_log(2, text, size); return 1;
    case 3: mk_print(text, size); return 1;
    case 4: answer(source, type, mk_time_ms(), 0); return 1;
    case 5: answer(source, type, mk_register(text, size), 0); return 1;
    case 6: answer(source, type, mk_lookup(text, size), 0); return 1;
    case 7:
        result = mk_reverse_lookup(id_of(payload), out, 64);
        answer(source, type, result, (i32)result);
        return 1;
    case 8:
        result = mk_ns_list(text, size, out, 1024, &count);
        answer(source, type, result, count);
        return 1;
    case 9:
        result = mk_list_actors((i64 *)(reply + 8), 16, &count);
        answer(source, type, result, count * 8);
        return 1;
    case 10:
        result = mk_node_name(out, 4);
        answer(source, type, result, 4);
        return 1;
    case 11: answer(source, type, mk_stop(id_of(payload)), 0); return 1;
    case 12: answer(source, type, mk_spawn_wasm(payload, size, 8), 0); return 1;
    case 13:
        at = find_equals(payload, size);
        result = mk_save_state(text, at, text + at + 1, size - at - 1);
        answer(source, type, result, 0);
        return 1;
    case 14:
        result = mk_load_state(text, size, out, 16);
        answer(source, type, result, (i32)result);
        return 1;
    case 15:
        result = mk_read_file(text, size, out, 16, &count);
        answer(source, type, result, count);
        return 1;
    case 16:
        result = mk_http_get(text, size, out, 16, &at, &count);
        answer(source, type, result, count);
        return 1;
    case 17:
        answer(source, type, mk_send_u32(id_of(payload), 77, 0x04030201), 0);
        return 1;
    case 18: /* types that only the runtime may send */
        answer(source, type, mk_send(id_of(payload), (i32)0xFF000001u, 0, 0), 0);
        return 1;
    case 19: /* a request to a device */
        answer(source, type, mk_send(id_of(payload), (i32)0xFF000021u, 0, 0), 0);
        return 1;
    case 20:
    case 21:
    case 22: receive(source, type); return 1;
    case 23: answer(source, type, mk_sleep_ms(10), 0); return 1;
    case 24:
        mk_stop(mk_self());
        mk_send(source, 1024, 0, 0);
        return 1;
    default: return 1;
    }
}
