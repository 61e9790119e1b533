/* SPDX-License-Identifier: Apache-2.0 */
/* mk.h - the functions of the host, for the modules of this folder. */
#ifndef MK_H
#define MK_H

typedef unsigned char u8;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;

#define ENV(name) __attribute__((import_module("env"), import_name(#name)))
#define EXPORT    __attribute__((visibility("default")))

ENV(mk_send) i32 mk_send(i64 dest, i32 type, const void *payload, i32 size);
ENV(mk_send_u32) i32 mk_send_u32(i64 dest, i32 type, i32 value);
ENV(mk_self) i64 mk_self(void);
ENV(mk_log) void mk_log(i32 level, const char *text, i32 len);
ENV(mk_print) void mk_print(const char *text, i32 len);
ENV(mk_sleep_ms) i32 mk_sleep_ms(i32 ms);
ENV(mk_recv) i32 mk_recv(i32 *type, void *buf, i32 cap, i32 *size);
ENV(mk_recv_full)
i32 mk_recv_full(i32 *type, void *buf, i32 cap, i32 *size, i64 *source);
ENV(mk_recv_timeout)
i32 mk_recv_timeout(i32 *type, void *buf, i32 cap, i32 *size, i64 *source, i32 ms);
ENV(mk_spawn_wasm) i64 mk_spawn_wasm(const void *bytes, i32 size, i32 mailbox);
ENV(mk_stop) i32 mk_stop(i64 id);
ENV(mk_list_actors) i32 mk_list_actors(i64 *ids, i32 max, i32 *count);
ENV(mk_register) i32 mk_register(const char *name, i32 len);
ENV(mk_lookup) i64 mk_lookup(const char *name, i32 len);
ENV(mk_reverse_lookup) i32 mk_reverse_lookup(i64 id, char *buf, i32 cap);
ENV(mk_ns_list)
i32 mk_ns_list(const char *prefix, i32 len, char *buf, i32 cap, i32 *size);
ENV(mk_node_name) i32 mk_node_name(char *buf, i32 cap);
ENV(mk_read_file)
i32 mk_read_file(const char *path, i32 len, void *buf, i32 cap, i32 *size);
ENV(mk_http_get)
i32 mk_http_get(const char *url, i32 len, void *buf, i32 cap, i32 *status, i32 *size);
ENV(mk_time_ms) i64 mk_time_ms(void);
ENV(mk_save_state)
i32 mk_save_state(const char *key, i32 len, const void *data, i32 size);
ENV(mk_load_state) i32 mk_load_state(const char *key, i32 len, void *buf, i32 cap);

#endif
