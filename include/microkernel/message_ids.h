/* SPDX-License-Identifier: Apache-2.0 */
/* message_ids.h - the numbers of message_ids.def as constants.
 *
 * MSG_SYSTEM_FIRST and up are the system's. Programs may send the requests of the
 * device and service actors; what only the runtime itself may create
 * (mk_message_is_reserved) is refused by actor_send in debug builds. */
#ifndef MICROKERNEL_MESSAGE_IDS_H
#define MICROKERNEL_MESSAGE_IDS_H

#include "microkernel/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MSG_SHELL_INPUT         ((msg_type_t)100)
#define MSG_SHELL_INIT          ((msg_type_t)101)
#define MSG_SPAWN_REQUEST       ((msg_type_t)102)
#define MSG_SPAWN_RESPONSE      ((msg_type_t)103)
#define MSG_SPAWN_NAMED_REQUEST ((msg_type_t)104)
#define MSG_MOUNT_REQUEST       ((msg_type_t)105)
#define MSG_MOUNT_RESPONSE      ((msg_type_t)106)
#define MSG_RELOAD_REQUEST      ((msg_type_t)107)
#define MSG_RELOAD_RESPONSE     ((msg_type_t)108)
#define MSG_SHELL_PROMPT        ((msg_type_t)109)
#define MSG_CF_KV_PUT           ((msg_type_t)300)
#define MSG_CF_KV_GET           ((msg_type_t)301)
#define MSG_CF_KV_DELETE        ((msg_type_t)302)
#define MSG_CF_KV_LIST          ((msg_type_t)303)
#define MSG_CF_DB_QUERY         ((msg_type_t)304)
#define MSG_CF_DB_EXEC          ((msg_type_t)305)
#define MSG_CF_QUEUE_PUSH       ((msg_type_t)306)
#define MSG_CF_AI_INFER         ((msg_type_t)307)
#define MSG_CF_AI_EMBED         ((msg_type_t)308)
#define MSG_CF_OK               ((msg_type_t)310)
#define MSG_CF_VALUE            ((msg_type_t)311)
#define MSG_CF_ROWS             ((msg_type_t)312)
#define MSG_CF_KEYS             ((msg_type_t)313)
#define MSG_CF_EMBEDDING        ((msg_type_t)314)
#define MSG_CF_NOT_FOUND        ((msg_type_t)315)
#define MSG_CF_ERROR            ((msg_type_t)316)
#define MSG_SYSTEM_FIRST        ((msg_type_t)0xFF000000)
#define MSG_TIMER               ((msg_type_t)0xFF000001)
#define MSG_FD_EVENT            ((msg_type_t)0xFF000002)
#define MSG_LOG                 ((msg_type_t)0xFF000003)
#define MSG_HTTP_RESPONSE       ((msg_type_t)0xFF000004)
#define MSG_HTTP_ERROR          ((msg_type_t)0xFF000005)
#define MSG_SSE_OPEN            ((msg_type_t)0xFF000006)
#define MSG_SSE_EVENT           ((msg_type_t)0xFF000007)
#define MSG_SSE_CLOSED          ((msg_type_t)0xFF000008)
#define MSG_WS_OPEN             ((msg_type_t)0xFF000009)
#define MSG_WS_MESSAGE          ((msg_type_t)0xFF00000A)
#define MSG_WS_CLOSED           ((msg_type_t)0xFF00000B)
#define MSG_WS_ERROR            ((msg_type_t)0xFF00000C)
#define MSG_HTTP_REQUEST        ((msg_type_t)0xFF00000D)
#define MSG_HTTP_LISTEN_ERROR   ((msg_type_t)0xFF00000E)
#define MSG_HTTP_CONN_CLOSED    ((msg_type_t)0xFF00000F)
#define MSG_CHILD_EXIT          ((msg_type_t)0xFF000010)
#define MSG_SUPERVISOR_WAKE     ((msg_type_t)0xFF000011)
#define MSG_NAME_REGISTER       ((msg_type_t)0xFF000012)
#define MSG_NAME_UNREGISTER     ((msg_type_t)0xFF000013)
#define MSG_NS_REGISTER         ((msg_type_t)0xFF000014)
#define MSG_NS_LOOKUP           ((msg_type_t)0xFF000015)
#define MSG_NS_LIST             ((msg_type_t)0xFF000016)
#define MSG_NS_MOUNT            ((msg_type_t)0xFF000017)
#define MSG_NS_UMOUNT           ((msg_type_t)0xFF000018)
#define MSG_NS_REPLY            ((msg_type_t)0xFF000019)
#define MSG_NS_NOTIFY           ((msg_type_t)0xFF00001A)
#define MSG_PATH_REGISTER       ((msg_type_t)0xFF00001B)
#define MSG_PATH_UNREGISTER     ((msg_type_t)0xFF00001C)
#define MSG_CAPS_REQUEST        ((msg_type_t)0xFF00001D)
#define MSG_CAPS_REPLY          ((msg_type_t)0xFF00001E)
#define MSG_GPIO_CONFIGURE      ((msg_type_t)0xFF000020)
#define MSG_GPIO_WRITE          ((msg_type_t)0xFF000021)
#define MSG_GPIO_READ           ((msg_type_t)0xFF000022)
#define MSG_GPIO_SUBSCRIBE      ((msg_type_t)0xFF000023)
#define MSG_GPIO_UNSUBSCRIBE    ((msg_type_t)0xFF000024)
#define MSG_GPIO_OK             ((msg_type_t)0xFF000028)
#define MSG_GPIO_VALUE          ((msg_type_t)0xFF000029)
#define MSG_GPIO_ERROR          ((msg_type_t)0xFF00002A)
#define MSG_GPIO_EVENT          ((msg_type_t)0xFF00002B)
#define MSG_PWM_CONFIGURE       ((msg_type_t)0xFF00002C)
#define MSG_PWM_SET_DUTY        ((msg_type_t)0xFF00002D)
#define MSG_PWM_OK              ((msg_type_t)0xFF00002E)
#define MSG_PWM_ERROR           ((msg_type_t)0xFF00002F)
#define MSG_I2C_CONFIGURE       ((msg_type_t)0xFF000030)
#define MSG_I2C_WRITE           ((msg_type_t)0xFF000031)
#define MSG_I2C_READ            ((msg_type_t)0xFF000032)
#define MSG_I2C_WRITE_READ      ((msg_type_t)0xFF000033)
#define MSG_I2C_SCAN            ((msg_type_t)0xFF000034)
#define MSG_I2C_OK              ((msg_type_t)0xFF000038)
#define MSG_I2C_DATA            ((msg_type_t)0xFF000039)
#define MSG_I2C_ERROR           ((msg_type_t)0xFF00003A)
#define MSG_I2C_SCAN_RESULT     ((msg_type_t)0xFF00003B)
#define MSG_LED_CONFIGURE       ((msg_type_t)0xFF000040)
#define MSG_LED_SET_PIXEL       ((msg_type_t)0xFF000041)
#define MSG_LED_SET_ALL         ((msg_type_t)0xFF000042)
#define MSG_LED_SET_BRIGHTNESS  ((msg_type_t)0xFF000043)
#define MSG_LED_CLEAR           ((msg_type_t)0xFF000044)
#define MSG_LED_SHOW            ((msg_type_t)0xFF000045)
#define MSG_LED_OK              ((msg_type_t)0xFF00004C)
#define MSG_LED_ERROR           ((msg_type_t)0xFF00004D)
#define MSG_DISPLAY_DRAW        ((msg_type_t)0xFF000051)
#define MSG_DISPLAY_FILL        ((msg_type_t)0xFF000052)
#define MSG_DISPLAY_CLEAR       ((msg_type_t)0xFF000053)
#define MSG_DISPLAY_BRIGHTNESS  ((msg_type_t)0xFF000054)
#define MSG_DISPLAY_POWER       ((msg_type_t)0xFF000055)
#define MSG_DISPLAY_TEXT        ((msg_type_t)0xFF000056)
#define MSG_DISPLAY_TEXT_ATTR   ((msg_type_t)0xFF000057)
#define MSG_DISPLAY_OK          ((msg_type_t)0xFF00005C)
#define MSG_DISPLAY_ERROR       ((msg_type_t)0xFF00005D)
#define MSG_CONSOLE_WRITE       ((msg_type_t)0xFF000060)
#define MSG_CONSOLE_CLEAR       ((msg_type_t)0xFF000061)
#define MSG_MIDI_CONFIGURE      ((msg_type_t)0xFF000070)
#define MSG_MIDI_SEND           ((msg_type_t)0xFF000071)
#define MSG_MIDI_SEND_SYSEX     ((msg_type_t)0xFF000072)
#define MSG_MIDI_SUBSCRIBE      ((msg_type_t)0xFF000073)
#define MSG_MIDI_UNSUBSCRIBE    ((msg_type_t)0xFF000074)
#define MSG_ARP_SET_BPM         ((msg_type_t)0xFF000075)
#define MSG_ARP_SET_PATTERN     ((msg_type_t)0xFF000076)
#define MSG_ARP_SET_OCTAVES     ((msg_type_t)0xFF000077)
#define MSG_ARP_ENABLE          ((msg_type_t)0xFF000078)
#define MSG_MIDI_OK             ((msg_type_t)0xFF00007A)
#define MSG_MIDI_ERROR          ((msg_type_t)0xFF00007B)
#define MSG_MIDI_EVENT          ((msg_type_t)0xFF00007C)
#define MSG_MIDI_SYSEX_EVENT    ((msg_type_t)0xFF00007D)
#define MSG_SHUTDOWN            ((msg_type_t)0xFF000080)
#define MSG_EXIT                ((msg_type_t)0xFF000081)
#define MSG_DOWN                ((msg_type_t)0xFF000082)
#define MSG_NODE_UP             ((msg_type_t)0xFF000083)
#define MSG_NODE_DOWN           ((msg_type_t)0xFF000084)
#define MSG_OFFLOAD_DONE        ((msg_type_t)0xFF000085)
#define MSG_STATE_REPLY         ((msg_type_t)0xFF000090)
#define MSG_WASM_TURN           ((msg_type_t)0xFF000091)
#define MSG_HTTP_ROOM           ((msg_type_t)0xFF000098)
#define MSG_HTTP_HEAD           ((msg_type_t)0xFF000099)
#define MSG_HTTP_DATA           ((msg_type_t)0xFF00009A)
#define MSG_HTTP_END            ((msg_type_t)0xFF00009B)

/* Name of a message number ("MSG_TIMER"), or NULL when it has none. */
const char *mk_message_name(msg_type_t type);

/* Number of a name, with or without its "MSG_", in any case; false when unknown. */
bool mk_message_number(const char *name, size_t name_size, msg_type_t *out);

/* True for messages that only the runtime creates (timer, descriptor, exit notices). */
bool mk_message_is_reserved(msg_type_t type);

#ifdef __cplusplus
}
#endif

#endif
