/* SPDX-License-Identifier: Apache-2.0 */
/* Answers 200 with 201 and the same payload. Asked 1 it stays in that call and answers
 * what mk_recv_full brings, until type 0 comes. */
typedef unsigned char u8;
typedef int i32;
typedef long long i64;

#define ENV(name) __attribute__((import_module("env"), import_name(#name)))

ENV(mk_send) i32 mk_send(i64 dest, i32 type, const void *payload, i32 size);
ENV(mk_recv_full)
i32 mk_recv_full(i32 *type, void *buf, i32 cap, i32 *size, i64 *source);

static u8 buffer[64];

static void stay(void) {
    i32 type = 1;
    while (type != 0) {
        i32 size = 0;
        i64 source = 0;
        if (mk_recv_full(&type, buffer, sizeof buffer, &size, &source) != 0) return;
        if (type == 200) mk_send(source, 201, buffer, size);
    }
}

__attribute__((export_name("handle_message"))) i32
handle_message(i32 type, i64 source, const u8 *payload, i32 size) {
    if (type == 200) mk_send(source, 201, payload, size);
    if (type == 1) stay();
    return type != 0;
}
