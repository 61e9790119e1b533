/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - the host's functions and the numbers of messages; written by
 * tools/make_tables. What they do: docs/reference/guest.md. */
#ifndef MICROKERNEL_SDK_HOST_H
#define MICROKERNEL_SDK_HOST_H

#include <stdint.h>

/* clang-format off */
#define MK_IMPORT(name) __attribute__((import_module("env"), import_name(#name)))

MK_IMPORT(mk_send)
int32_t mk_send(int64_t dest, int32_t type, const void *payload, int32_t size);
MK_IMPORT(mk_send_u32)
int32_t mk_send_u32(int64_t dest, int32_t type, int32_t value);
MK_IMPORT(mk_self)
int64_t mk_self(void);
MK_IMPORT(mk_recv)
int32_t mk_recv(int32_t *type_out, void *buf, int32_t cap, int32_t *size_out);
MK_IMPORT(mk_recv_full)
int32_t mk_recv_full(int32_t *type_out, void *buf, int32_t cap, int32_t *size_out, int64_t *source_out);
MK_IMPORT(mk_recv_timeout)
int32_t mk_recv_timeout(int32_t *type_out, void *buf, int32_t cap, int32_t *size_out, int64_t *source_out, int32_t timeout_ms);
MK_IMPORT(mk_register)
int32_t mk_register(const char *name, int32_t len);
MK_IMPORT(mk_lookup)
int64_t mk_lookup(const char *name, int32_t len);
MK_IMPORT(mk_reverse_lookup)
int32_t mk_reverse_lookup(int64_t id, void *buf, int32_t cap);
MK_IMPORT(mk_ns_list)
int32_t mk_ns_list(const char *prefix, int32_t len, void *buf, int32_t cap, int32_t *size_out);
MK_IMPORT(mk_list_actors)
int32_t mk_list_actors(int64_t *ids, int32_t max, int32_t *count_out);
MK_IMPORT(mk_node_name)
int32_t mk_node_name(void *buf, int32_t cap);
MK_IMPORT(mk_log)
void mk_log(int32_t level, const char *text, int32_t len);
MK_IMPORT(mk_print)
void mk_print(const char *text, int32_t len);
MK_IMPORT(mk_sleep_ms)
int32_t mk_sleep_ms(int32_t ms);
MK_IMPORT(mk_time_ms)
int64_t mk_time_ms(void);
MK_IMPORT(mk_save_state)
int32_t mk_save_state(const char *key, int32_t len, const void *data, int32_t size);
MK_IMPORT(mk_load_state)
int32_t mk_load_state(const char *key, int32_t len, void *buf, int32_t cap);
MK_IMPORT(mk_spawn_wasm)
int64_t mk_spawn_wasm(const void *bytes, int32_t size, int32_t mailbox);
MK_IMPORT(mk_stop)
int32_t mk_stop(int64_t id);
MK_IMPORT(mk_read_file)
int32_t mk_read_file(const char *path, int32_t len, void *buf, int32_t cap, int32_t *size_out);
MK_IMPORT(mk_http_get)
int32_t mk_http_get(const char *url, int32_t len, void *buf, int32_t cap, int32_t *status_out, int32_t *size_out);

#define MSG_SHELL_INPUT 100
#define MSG_SHELL_INIT 101
#define MSG_SPAWN_REQUEST 102
#define MSG_SPAWN_RESPONSE 103
#define MSG_SPAWN_NAMED_REQUEST 104
#define MSG_MOUNT_REQUEST 105
#define MSG_MOUNT_RESPONSE 106
#define MSG_RELOAD_REQUEST 107
#define MSG_RELOAD_RESPONSE 108
#define MSG_SHELL_PROMPT 109
#define MSG_CF_KV_PUT 300
#define MSG_CF_KV_GET 301
#define MSG_CF_KV_DELETE 302
#define MSG_CF_KV_LIST 303
#define MSG_CF_DB_QUERY 304
#define MSG_CF_DB_EXEC 305
#define MSG_CF_QUEUE_PUSH 306
#define MSG_CF_AI_INFER 307
#define MSG_CF_AI_EMBED 308
#define MSG_CF_OK 310
#define MSG_CF_VALUE 311
#define MSG_CF_ROWS 312
#define MSG_CF_KEYS 313
#define MSG_CF_EMBEDDING 314
#define MSG_CF_NOT_FOUND 315
#define MSG_CF_ERROR 316
#define MSG_TIMER ((int32_t)-16777215) /* 0xFF000001 */
#define MSG_FD_EVENT ((int32_t)-16777214) /* 0xFF000002 */
#define MSG_LOG ((int32_t)-16777213) /* 0xFF000003 */
#define MSG_HTTP_RESPONSE ((int32_t)-16777212) /* 0xFF000004 */
#define MSG_HTTP_ERROR ((int32_t)-16777211) /* 0xFF000005 */
#define MSG_SSE_OPEN ((int32_t)-16777210) /* 0xFF000006 */
#define MSG_SSE_EVENT ((int32_t)-16777209) /* 0xFF000007 */
#define MSG_SSE_CLOSED ((int32_t)-16777208) /* 0xFF000008 */
#define MSG_WS_OPEN ((int32_t)-16777207) /* 0xFF000009 */
#define MSG_WS_MESSAGE ((int32_t)-16777206) /* 0xFF00000A */
#define MSG_WS_CLOSED ((int32_t)-16777205) /* 0xFF00000B */
#define MSG_WS_ERROR ((int32_t)-16777204) /* 0xFF00000C */
#define MSG_HTTP_REQUEST ((int32_t)-16777203) /* 0xFF00000D */
#define MSG_HTTP_LISTEN_ERROR ((int32_t)-16777202) /* 0xFF00000E */
#define MSG_HTTP_CONN_CLOSED ((int32_t)-16777201) /* 0xFF00000F */
#define MSG_CHILD_EXIT ((int32_t)-16777200) /* 0xFF000010 */
#define MSG_SUPERVISOR_WAKE ((int32_t)-16777199) /* 0xFF000011 */
#define MSG_NAME_REGISTER ((int32_t)-16777198) /* 0xFF000012 */
#define MSG_NAME_UNREGISTER ((int32_t)-16777197) /* 0xFF000013 */
#define MSG_NS_REGISTER ((int32_t)-16777196) /* 0xFF000014 */
#define MSG_NS_LOOKUP ((int32_t)-16777195) /* 0xFF000015 */
#define MSG_NS_LIST ((int32_t)-16777194) /* 0xFF000016 */
#define MSG_NS_MOUNT ((int32_t)-16777193) /* 0xFF000017 */
#define MSG_NS_UMOUNT ((int32_t)-16777192) /* 0xFF000018 */
#define MSG_NS_REPLY ((int32_t)-16777191) /* 0xFF000019 */
#define MSG_NS_NOTIFY ((int32_t)-16777190) /* 0xFF00001A */
#define MSG_PATH_REGISTER ((int32_t)-16777189) /* 0xFF00001B */
#define MSG_PATH_UNREGISTER ((int32_t)-16777188) /* 0xFF00001C */
#define MSG_CAPS_REQUEST ((int32_t)-16777187) /* 0xFF00001D */
#define MSG_CAPS_REPLY ((int32_t)-16777186) /* 0xFF00001E */
#define MSG_GPIO_CONFIGURE ((int32_t)-16777184) /* 0xFF000020 */
#define MSG_GPIO_WRITE ((int32_t)-16777183) /* 0xFF000021 */
#define MSG_GPIO_READ ((int32_t)-16777182) /* 0xFF000022 */
#define MSG_GPIO_SUBSCRIBE ((int32_t)-16777181) /* 0xFF000023 */
#define MSG_GPIO_UNSUBSCRIBE ((int32_t)-16777180) /* 0xFF000024 */
#define MSG_GPIO_OK ((int32_t)-16777176) /* 0xFF000028 */
#define MSG_GPIO_VALUE ((int32_t)-16777175) /* 0xFF000029 */
#define MSG_GPIO_ERROR ((int32_t)-16777174) /* 0xFF00002A */
#define MSG_GPIO_EVENT ((int32_t)-16777173) /* 0xFF00002B */
#define MSG_PWM_CONFIGURE ((int32_t)-16777172) /* 0xFF00002C */
#define MSG_PWM_SET_DUTY ((int32_t)-16777171) /* 0xFF00002D */
#define MSG_PWM_OK ((int32_t)-16777170) /* 0xFF00002E */
#define MSG_PWM_ERROR ((int32_t)-16777169) /* 0xFF00002F */
#define MSG_I2C_CONFIGURE ((int32_t)-16777168) /* 0xFF000030 */
#define MSG_I2C_WRITE ((int32_t)-16777167) /* 0xFF000031 */
#define MSG_I2C_READ ((int32_t)-16777166) /* 0xFF000032 */
#define MSG_I2C_WRITE_READ ((int32_t)-16777165) /* 0xFF000033 */
#define MSG_I2C_SCAN ((int32_t)-16777164) /* 0xFF000034 */
#define MSG_I2C_OK ((int32_t)-16777160) /* 0xFF000038 */
#define MSG_I2C_DATA ((int32_t)-16777159) /* 0xFF000039 */
#define MSG_I2C_ERROR ((int32_t)-16777158) /* 0xFF00003A */
#define MSG_I2C_SCAN_RESULT ((int32_t)-16777157) /* 0xFF00003B */
#define MSG_LED_CONFIGURE ((int32_t)-16777152) /* 0xFF000040 */
#define MSG_LED_SET_PIXEL ((int32_t)-16777151) /* 0xFF000041 */
#define MSG_LED_SET_ALL ((int32_t)-16777150) /* 0xFF000042 */
#define MSG_LED_SET_BRIGHTNESS ((int32_t)-16777149) /* 0xFF000043 */
#define MSG_LED_CLEAR ((int32_t)-16777148) /* 0xFF000044 */
#define MSG_LED_SHOW ((int32_t)-16777147) /* 0xFF000045 */
#define MSG_LED_OK ((int32_t)-16777140) /* 0xFF00004C */
#define MSG_LED_ERROR ((int32_t)-16777139) /* 0xFF00004D */
#define MSG_DISPLAY_DRAW ((int32_t)-16777135) /* 0xFF000051 */
#define MSG_DISPLAY_FILL ((int32_t)-16777134) /* 0xFF000052 */
#define MSG_DISPLAY_CLEAR ((int32_t)-16777133) /* 0xFF000053 */
#define MSG_DISPLAY_BRIGHTNESS ((int32_t)-16777132) /* 0xFF000054 */
#define MSG_DISPLAY_POWER ((int32_t)-16777131) /* 0xFF000055 */
#define MSG_DISPLAY_TEXT ((int32_t)-16777130) /* 0xFF000056 */
#define MSG_DISPLAY_TEXT_ATTR ((int32_t)-16777129) /* 0xFF000057 */
#define MSG_DISPLAY_OK ((int32_t)-16777124) /* 0xFF00005C */
#define MSG_DISPLAY_ERROR ((int32_t)-16777123) /* 0xFF00005D */
#define MSG_CONSOLE_WRITE ((int32_t)-16777120) /* 0xFF000060 */
#define MSG_CONSOLE_CLEAR ((int32_t)-16777119) /* 0xFF000061 */
#define MSG_MIDI_CONFIGURE ((int32_t)-16777104) /* 0xFF000070 */
#define MSG_MIDI_SEND ((int32_t)-16777103) /* 0xFF000071 */
#define MSG_MIDI_SEND_SYSEX ((int32_t)-16777102) /* 0xFF000072 */
#define MSG_MIDI_SUBSCRIBE ((int32_t)-16777101) /* 0xFF000073 */
#define MSG_MIDI_UNSUBSCRIBE ((int32_t)-16777100) /* 0xFF000074 */
#define MSG_ARP_SET_BPM ((int32_t)-16777099) /* 0xFF000075 */
#define MSG_ARP_SET_PATTERN ((int32_t)-16777098) /* 0xFF000076 */
#define MSG_ARP_SET_OCTAVES ((int32_t)-16777097) /* 0xFF000077 */
#define MSG_ARP_ENABLE ((int32_t)-16777096) /* 0xFF000078 */
#define MSG_MIDI_OK ((int32_t)-16777094) /* 0xFF00007A */
#define MSG_MIDI_ERROR ((int32_t)-16777093) /* 0xFF00007B */
#define MSG_MIDI_EVENT ((int32_t)-16777092) /* 0xFF00007C */
#define MSG_MIDI_SYSEX_EVENT ((int32_t)-16777091) /* 0xFF00007D */
#define MSG_SHUTDOWN ((int32_t)-16777088) /* 0xFF000080 */
#define MSG_EXIT ((int32_t)-16777087) /* 0xFF000081 */
#define MSG_DOWN ((int32_t)-16777086) /* 0xFF000082 */
#define MSG_NODE_UP ((int32_t)-16777085) /* 0xFF000083 */
#define MSG_NODE_DOWN ((int32_t)-16777084) /* 0xFF000084 */
#define MSG_OFFLOAD_DONE ((int32_t)-16777083) /* 0xFF000085 */
#define MSG_STATE_REPLY ((int32_t)-16777072) /* 0xFF000090 */
#define MSG_WASM_TURN ((int32_t)-16777071) /* 0xFF000091 */
#define MSG_HTTP_ROOM ((int32_t)-16777064) /* 0xFF000098 */
#define MSG_HTTP_HEAD ((int32_t)-16777063) /* 0xFF000099 */
#define MSG_HTTP_DATA ((int32_t)-16777062) /* 0xFF00009A */
#define MSG_HTTP_END ((int32_t)-16777061) /* 0xFF00009B */
#define MSG_NODE_HELLO ((int32_t)-16777056) /* 0xFF0000A0 */
#define MSG_NODE_GOODBYE ((int32_t)-16777055) /* 0xFF0000A1 */
#define MSG_NODE_PING ((int32_t)-16777054) /* 0xFF0000A2 */
#define MSG_NODE_PONG ((int32_t)-16777053) /* 0xFF0000A3 */
#define MSG_NODE_CREDIT ((int32_t)-16777052) /* 0xFF0000A4 */
#define MSG_NODE_MONITOR ((int32_t)-16777051) /* 0xFF0000A5 */
#define MSG_NODE_DEMONITOR ((int32_t)-16777050) /* 0xFF0000A6 */
#define MSG_NODE_EXITED ((int32_t)-16777049) /* 0xFF0000A7 */
#define MSG_NODE_LINK ((int32_t)-16777048) /* 0xFF0000A8 */
#define MSG_NODE_UNLINK ((int32_t)-16777047) /* 0xFF0000A9 */
#define MSG_MOUNT_DONE ((int32_t)-16777046) /* 0xFF0000AA */
#define MSG_NAME_CONFLICT ((int32_t)-16777045) /* 0xFF0000AB */
#define MSG_NAMES_TOLD ((int32_t)-16777044) /* 0xFF0000AC */
/* clang-format on */

#endif
