// SPDX-License-Identifier: Apache-2.0
// The host's functions and the numbers of messages; written by
// tools/make_tables. What they do: docs/reference/guest.md.

package microkernel

// mk_send: 1 sent, 0 not
//
//go:wasmimport env mk_send
func mk_send(dest int64, kind int32, payload *byte, size int32) int32

// mk_send_u32: the payload is 4 bytes, little-endian
//
//go:wasmimport env mk_send_u32
func mk_send_u32(dest int64, kind int32, value int32) int32

// mk_self: own id
//
//go:wasmimport env mk_self
func mk_self() int64

// mk_recv: waits for the next message; 0 or -1
//
//go:wasmimport env mk_recv
func mk_recv(type_out *int32, buf *byte, cap int32, size_out *int32) int32

// mk_recv_full: the same with the sender
//
//go:wasmimport env mk_recv_full
func mk_recv_full(type_out *int32, buf *byte, cap int32, size_out *int32, source_out *int64) int32

// mk_recv_timeout: -2 when none came
//
//go:wasmimport env mk_recv_timeout
func mk_recv_timeout(type_out *int32, buf *byte, cap int32, size_out *int32, source_out *int64, timeout_ms int32) int32

// mk_register: a name of its own; 0 or -1
//
//go:wasmimport env mk_register
func mk_register(name *byte, len int32) int32

// mk_lookup: id, or 0
//
//go:wasmimport env mk_lookup
func mk_lookup(name *byte, len int32) int64

// mk_reverse_lookup: bytes of its name, 0 none
//
//go:wasmimport env mk_reverse_lookup
func mk_reverse_lookup(id int64, buf *byte, cap int32) int32

// mk_ns_list: lines path=id; 0
//
//go:wasmimport env mk_ns_list
func mk_ns_list(prefix *byte, len int32, buf *byte, cap int32, size_out *int32) int32

// mk_list_actors: 0 or -1
//
//go:wasmimport env mk_list_actors
func mk_list_actors(ids *int64, max int32, count_out *int32) int32

// mk_node_name: its full length
//
//go:wasmimport env mk_node_name
func mk_node_name(buf *byte, cap int32) int32

// mk_log
//
//go:wasmimport env mk_log
func mk_log(level int32, text *byte, len int32)

// mk_print: to standard output
//
//go:wasmimport env mk_print
func mk_print(text *byte, len int32)

// mk_sleep_ms: 0 or -1
//
//go:wasmimport env mk_sleep_ms
func mk_sleep_ms(ms int32) int32

// mk_time_ms: milliseconds since 1970
//
//go:wasmimport env mk_time_ms
func mk_time_ms() int64

// mk_save_state: 0 or -1
//
//go:wasmimport env mk_save_state
func mk_save_state(key *byte, len int32, data *byte, size int32) int32

// mk_load_state: bytes, or -1
//
//go:wasmimport env mk_load_state
func mk_load_state(key *byte, len int32, buf *byte, cap int32) int32

// mk_spawn_wasm: id, or 0; needs the grant 'spawn'
//
//go:wasmimport env mk_spawn_wasm
func mk_spawn_wasm(bytes *byte, size int32, mailbox int32) int64

// mk_stop: 0; needs the grant 'spawn'
//
//go:wasmimport env mk_stop
func mk_stop(id int64) int32

// mk_read_file: the whole file; 0 or -1; needs the grant 'files'
//
//go:wasmimport env mk_read_file
func mk_read_file(path *byte, len int32, buf *byte, cap int32, size_out *int32) int32

// mk_http_get: a page whole; 0 or -1; needs the grant 'network'
//
//go:wasmimport env mk_http_get
func mk_http_get(url *byte, len int32, buf *byte, cap int32, status_out *int32, size_out *int32) int32

const (
	MSG_SHELL_INPUT         int32 = 100
	MSG_SHELL_INIT          int32 = 101
	MSG_SPAWN_REQUEST       int32 = 102
	MSG_SPAWN_RESPONSE      int32 = 103
	MSG_SPAWN_NAMED_REQUEST int32 = 104
	MSG_MOUNT_REQUEST       int32 = 105
	MSG_MOUNT_RESPONSE      int32 = 106
	MSG_RELOAD_REQUEST      int32 = 107
	MSG_RELOAD_RESPONSE     int32 = 108
	MSG_SHELL_PROMPT        int32 = 109
	MSG_CF_KV_PUT           int32 = 300
	MSG_CF_KV_GET           int32 = 301
	MSG_CF_KV_DELETE        int32 = 302
	MSG_CF_KV_LIST          int32 = 303
	MSG_CF_DB_QUERY         int32 = 304
	MSG_CF_DB_EXEC          int32 = 305
	MSG_CF_QUEUE_PUSH       int32 = 306
	MSG_CF_AI_INFER         int32 = 307
	MSG_CF_AI_EMBED         int32 = 308
	MSG_CF_OK               int32 = 310
	MSG_CF_VALUE            int32 = 311
	MSG_CF_ROWS             int32 = 312
	MSG_CF_KEYS             int32 = 313
	MSG_CF_EMBEDDING        int32 = 314
	MSG_CF_NOT_FOUND        int32 = 315
	MSG_CF_ERROR            int32 = 316
	MSG_TIMER               int32 = -16777215 // 0xFF000001
	MSG_FD_EVENT            int32 = -16777214 // 0xFF000002
	MSG_LOG                 int32 = -16777213 // 0xFF000003
	MSG_HTTP_RESPONSE       int32 = -16777212 // 0xFF000004
	MSG_HTTP_ERROR          int32 = -16777211 // 0xFF000005
	MSG_SSE_OPEN            int32 = -16777210 // 0xFF000006
	MSG_SSE_EVENT           int32 = -16777209 // 0xFF000007
	MSG_SSE_CLOSED          int32 = -16777208 // 0xFF000008
	MSG_WS_OPEN             int32 = -16777207 // 0xFF000009
	MSG_WS_MESSAGE          int32 = -16777206 // 0xFF00000A
	MSG_WS_CLOSED           int32 = -16777205 // 0xFF00000B
	MSG_WS_ERROR            int32 = -16777204 // 0xFF00000C
	MSG_HTTP_REQUEST        int32 = -16777203 // 0xFF00000D
	MSG_HTTP_LISTEN_ERROR   int32 = -16777202 // 0xFF00000E
	MSG_HTTP_CONN_CLOSED    int32 = -16777201 // 0xFF00000F
	MSG_CHILD_EXIT          int32 = -16777200 // 0xFF000010
	MSG_SUPERVISOR_WAKE     int32 = -16777199 // 0xFF000011
	MSG_NAME_REGISTER       int32 = -16777198 // 0xFF000012
	MSG_NAME_UNREGISTER     int32 = -16777197 // 0xFF000013
	MSG_NS_REGISTER         int32 = -16777196 // 0xFF000014
	MSG_NS_LOOKUP           int32 = -16777195 // 0xFF000015
	MSG_NS_LIST             int32 = -16777194 // 0xFF000016
	MSG_NS_MOUNT            int32 = -16777193 // 0xFF000017
	MSG_NS_UMOUNT           int32 = -16777192 // 0xFF000018
	MSG_NS_REPLY            int32 = -16777191 // 0xFF000019
	MSG_NS_NOTIFY           int32 = -16777190 // 0xFF00001A
	MSG_PATH_REGISTER       int32 = -16777189 // 0xFF00001B
	MSG_PATH_UNREGISTER     int32 = -16777188 // 0xFF00001C
	MSG_CAPS_REQUEST        int32 = -16777187 // 0xFF00001D
	MSG_CAPS_REPLY          int32 = -16777186 // 0xFF00001E
	MSG_GPIO_CONFIGURE      int32 = -16777184 // 0xFF000020
	MSG_GPIO_WRITE          int32 = -16777183 // 0xFF000021
	MSG_GPIO_READ           int32 = -16777182 // 0xFF000022
	MSG_GPIO_SUBSCRIBE      int32 = -16777181 // 0xFF000023
	MSG_GPIO_UNSUBSCRIBE    int32 = -16777180 // 0xFF000024
	MSG_GPIO_OK             int32 = -16777176 // 0xFF000028
	MSG_GPIO_VALUE          int32 = -16777175 // 0xFF000029
	MSG_GPIO_ERROR          int32 = -16777174 // 0xFF00002A
	MSG_GPIO_EVENT          int32 = -16777173 // 0xFF00002B
	MSG_PWM_CONFIGURE       int32 = -16777172 // 0xFF00002C
	MSG_PWM_SET_DUTY        int32 = -16777171 // 0xFF00002D
	MSG_PWM_OK              int32 = -16777170 // 0xFF00002E
	MSG_PWM_ERROR           int32 = -16777169 // 0xFF00002F
	MSG_I2C_CONFIGURE       int32 = -16777168 // 0xFF000030
	MSG_I2C_WRITE           int32 = -16777167 // 0xFF000031
	MSG_I2C_READ            int32 = -16777166 // 0xFF000032
	MSG_I2C_WRITE_READ      int32 = -16777165 // 0xFF000033
	MSG_I2C_SCAN            int32 = -16777164 // 0xFF000034
	MSG_I2C_OK              int32 = -16777160 // 0xFF000038
	MSG_I2C_DATA            int32 = -16777159 // 0xFF000039
	MSG_I2C_ERROR           int32 = -16777158 // 0xFF00003A
	MSG_I2C_SCAN_RESULT     int32 = -16777157 // 0xFF00003B
	MSG_LED_CONFIGURE       int32 = -16777152 // 0xFF000040
	MSG_LED_SET_PIXEL       int32 = -16777151 // 0xFF000041
	MSG_LED_SET_ALL         int32 = -16777150 // 0xFF000042
	MSG_LED_SET_BRIGHTNESS  int32 = -16777149 // 0xFF000043
	MSG_LED_CLEAR           int32 = -16777148 // 0xFF000044
	MSG_LED_SHOW            int32 = -16777147 // 0xFF000045
	MSG_LED_OK              int32 = -16777140 // 0xFF00004C
	MSG_LED_ERROR           int32 = -16777139 // 0xFF00004D
	MSG_DISPLAY_DRAW        int32 = -16777135 // 0xFF000051
	MSG_DISPLAY_FILL        int32 = -16777134 // 0xFF000052
	MSG_DISPLAY_CLEAR       int32 = -16777133 // 0xFF000053
	MSG_DISPLAY_BRIGHTNESS  int32 = -16777132 // 0xFF000054
	MSG_DISPLAY_POWER       int32 = -16777131 // 0xFF000055
	MSG_DISPLAY_TEXT        int32 = -16777130 // 0xFF000056
	MSG_DISPLAY_TEXT_ATTR   int32 = -16777129 // 0xFF000057
	MSG_DISPLAY_OK          int32 = -16777124 // 0xFF00005C
	MSG_DISPLAY_ERROR       int32 = -16777123 // 0xFF00005D
	MSG_CONSOLE_WRITE       int32 = -16777120 // 0xFF000060
	MSG_CONSOLE_CLEAR       int32 = -16777119 // 0xFF000061
	MSG_MIDI_CONFIGURE      int32 = -16777104 // 0xFF000070
	MSG_MIDI_SEND           int32 = -16777103 // 0xFF000071
	MSG_MIDI_SEND_SYSEX     int32 = -16777102 // 0xFF000072
	MSG_MIDI_SUBSCRIBE      int32 = -16777101 // 0xFF000073
	MSG_MIDI_UNSUBSCRIBE    int32 = -16777100 // 0xFF000074
	MSG_ARP_SET_BPM         int32 = -16777099 // 0xFF000075
	MSG_ARP_SET_PATTERN     int32 = -16777098 // 0xFF000076
	MSG_ARP_SET_OCTAVES     int32 = -16777097 // 0xFF000077
	MSG_ARP_ENABLE          int32 = -16777096 // 0xFF000078
	MSG_MIDI_OK             int32 = -16777094 // 0xFF00007A
	MSG_MIDI_ERROR          int32 = -16777093 // 0xFF00007B
	MSG_MIDI_EVENT          int32 = -16777092 // 0xFF00007C
	MSG_MIDI_SYSEX_EVENT    int32 = -16777091 // 0xFF00007D
	MSG_SHUTDOWN            int32 = -16777088 // 0xFF000080
	MSG_EXIT                int32 = -16777087 // 0xFF000081
	MSG_DOWN                int32 = -16777086 // 0xFF000082
	MSG_NODE_UP             int32 = -16777085 // 0xFF000083
	MSG_NODE_DOWN           int32 = -16777084 // 0xFF000084
	MSG_OFFLOAD_DONE        int32 = -16777083 // 0xFF000085
	MSG_STATE_REPLY         int32 = -16777072 // 0xFF000090
	MSG_WASM_TURN           int32 = -16777071 // 0xFF000091
	MSG_HTTP_ROOM           int32 = -16777064 // 0xFF000098
	MSG_HTTP_HEAD           int32 = -16777063 // 0xFF000099
	MSG_HTTP_DATA           int32 = -16777062 // 0xFF00009A
	MSG_HTTP_END            int32 = -16777061 // 0xFF00009B
	MSG_NODE_HELLO          int32 = -16777056 // 0xFF0000A0
	MSG_NODE_GOODBYE        int32 = -16777055 // 0xFF0000A1
	MSG_NODE_PING           int32 = -16777054 // 0xFF0000A2
	MSG_NODE_PONG           int32 = -16777053 // 0xFF0000A3
	MSG_NODE_CREDIT         int32 = -16777052 // 0xFF0000A4
	MSG_NODE_MONITOR        int32 = -16777051 // 0xFF0000A5
	MSG_NODE_DEMONITOR      int32 = -16777050 // 0xFF0000A6
	MSG_NODE_EXITED         int32 = -16777049 // 0xFF0000A7
	MSG_NODE_LINK           int32 = -16777048 // 0xFF0000A8
	MSG_NODE_UNLINK         int32 = -16777047 // 0xFF0000A9
	MSG_MOUNT_DONE          int32 = -16777046 // 0xFF0000AA
	MSG_NAME_CONFLICT       int32 = -16777045 // 0xFF0000AB
	MSG_NAMES_TOLD          int32 = -16777044 // 0xFF0000AC
)
