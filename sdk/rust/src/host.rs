//! SPDX-License-Identifier: Apache-2.0
//! The host's functions and the numbers of messages; written by
//! tools/make_tables. What they do: docs/reference/guest.md.

#[link(wasm_import_module = "env")]
extern "C" {
    /// 1 sent, 0 not
    pub fn mk_send(dest: i64, kind: i32, payload: *const u8, size: i32) -> i32;
    /// the payload is 4 bytes, little-endian
    pub fn mk_send_u32(dest: i64, kind: i32, value: i32) -> i32;
    /// own id
    pub fn mk_self() -> i64;
    /// waits for the next message; 0 or -1
    pub fn mk_recv(type_out: *mut i32, buf: *mut u8, cap: i32, size_out: *mut i32) -> i32;
    /// the same with the sender
    pub fn mk_recv_full(type_out: *mut i32, buf: *mut u8, cap: i32, size_out: *mut i32, source_out: *mut i64) -> i32;
    /// -2 when none came
    pub fn mk_recv_timeout(type_out: *mut i32, buf: *mut u8, cap: i32, size_out: *mut i32, source_out: *mut i64, timeout_ms: i32) -> i32;
    /// a name of its own; 0 or -1
    pub fn mk_register(name: *const u8, len: i32) -> i32;
    /// id, or 0
    pub fn mk_lookup(name: *const u8, len: i32) -> i64;
    /// bytes of its name, 0 none
    pub fn mk_reverse_lookup(id: i64, buf: *mut u8, cap: i32) -> i32;
    /// lines path=id; 0
    pub fn mk_ns_list(prefix: *const u8, len: i32, buf: *mut u8, cap: i32, size_out: *mut i32) -> i32;
    /// 0 or -1
    pub fn mk_list_actors(ids: *mut i64, max: i32, count_out: *mut i32) -> i32;
    /// its full length
    pub fn mk_node_name(buf: *mut u8, cap: i32) -> i32;
    pub fn mk_log(level: i32, text: *const u8, len: i32);
    /// to standard output
    pub fn mk_print(text: *const u8, len: i32);
    /// 0 or -1
    pub fn mk_sleep_ms(ms: i32) -> i32;
    /// milliseconds since 1970
    pub fn mk_time_ms() -> i64;
    /// 0 or -1
    pub fn mk_save_state(key: *const u8, len: i32, data: *const u8, size: i32) -> i32;
    /// bytes, or -1
    pub fn mk_load_state(key: *const u8, len: i32, buf: *mut u8, cap: i32) -> i32;
    /// id, or 0; needs the grant 'spawn'
    pub fn mk_spawn_wasm(bytes: *const u8, size: i32, mailbox: i32) -> i64;
    /// 0; needs the grant 'spawn'
    pub fn mk_stop(id: i64) -> i32;
    /// the whole file; 0 or -1; needs the grant 'files'
    pub fn mk_read_file(path: *const u8, len: i32, buf: *mut u8, cap: i32, size_out: *mut i32) -> i32;
    /// a page whole; 0 or -1; needs the grant 'network'
    pub fn mk_http_get(url: *const u8, len: i32, buf: *mut u8, cap: i32, status_out: *mut i32, size_out: *mut i32) -> i32;
}

pub const MSG_SHELL_INPUT: i32 = 100;
pub const MSG_SHELL_INIT: i32 = 101;
pub const MSG_SPAWN_REQUEST: i32 = 102;
pub const MSG_SPAWN_RESPONSE: i32 = 103;
pub const MSG_SPAWN_NAMED_REQUEST: i32 = 104;
pub const MSG_MOUNT_REQUEST: i32 = 105;
pub const MSG_MOUNT_RESPONSE: i32 = 106;
pub const MSG_RELOAD_REQUEST: i32 = 107;
pub const MSG_RELOAD_RESPONSE: i32 = 108;
pub const MSG_SHELL_PROMPT: i32 = 109;
pub const MSG_CF_KV_PUT: i32 = 300;
pub const MSG_CF_KV_GET: i32 = 301;
pub const MSG_CF_KV_DELETE: i32 = 302;
pub const MSG_CF_KV_LIST: i32 = 303;
pub const MSG_CF_DB_QUERY: i32 = 304;
pub const MSG_CF_DB_EXEC: i32 = 305;
pub const MSG_CF_QUEUE_PUSH: i32 = 306;
pub const MSG_CF_AI_INFER: i32 = 307;
pub const MSG_CF_AI_EMBED: i32 = 308;
pub const MSG_CF_OK: i32 = 310;
pub const MSG_CF_VALUE: i32 = 311;
pub const MSG_CF_ROWS: i32 = 312;
pub const MSG_CF_KEYS: i32 = 313;
pub const MSG_CF_EMBEDDING: i32 = 314;
pub const MSG_CF_NOT_FOUND: i32 = 315;
pub const MSG_CF_ERROR: i32 = 316;
pub const MSG_TIMER: i32 = -16777215; // 0xFF000001
pub const MSG_FD_EVENT: i32 = -16777214; // 0xFF000002
pub const MSG_LOG: i32 = -16777213; // 0xFF000003
pub const MSG_HTTP_RESPONSE: i32 = -16777212; // 0xFF000004
pub const MSG_HTTP_ERROR: i32 = -16777211; // 0xFF000005
pub const MSG_SSE_OPEN: i32 = -16777210; // 0xFF000006
pub const MSG_SSE_EVENT: i32 = -16777209; // 0xFF000007
pub const MSG_SSE_CLOSED: i32 = -16777208; // 0xFF000008
pub const MSG_WS_OPEN: i32 = -16777207; // 0xFF000009
pub const MSG_WS_MESSAGE: i32 = -16777206; // 0xFF00000A
pub const MSG_WS_CLOSED: i32 = -16777205; // 0xFF00000B
pub const MSG_WS_ERROR: i32 = -16777204; // 0xFF00000C
pub const MSG_HTTP_REQUEST: i32 = -16777203; // 0xFF00000D
pub const MSG_HTTP_LISTEN_ERROR: i32 = -16777202; // 0xFF00000E
pub const MSG_HTTP_CONN_CLOSED: i32 = -16777201; // 0xFF00000F
pub const MSG_CHILD_EXIT: i32 = -16777200; // 0xFF000010
pub const MSG_SUPERVISOR_WAKE: i32 = -16777199; // 0xFF000011
pub const MSG_NAME_REGISTER: i32 = -16777198; // 0xFF000012
pub const MSG_NAME_UNREGISTER: i32 = -16777197; // 0xFF000013
pub const MSG_NS_REGISTER: i32 = -16777196; // 0xFF000014
pub const MSG_NS_LOOKUP: i32 = -16777195; // 0xFF000015
pub const MSG_NS_LIST: i32 = -16777194; // 0xFF000016
pub const MSG_NS_MOUNT: i32 = -16777193; // 0xFF000017
pub const MSG_NS_UMOUNT: i32 = -16777192; // 0xFF000018
pub const MSG_NS_REPLY: i32 = -16777191; // 0xFF000019
pub const MSG_NS_NOTIFY: i32 = -16777190; // 0xFF00001A
pub const MSG_PATH_REGISTER: i32 = -16777189; // 0xFF00001B
pub const MSG_PATH_UNREGISTER: i32 = -16777188; // 0xFF00001C
pub const MSG_CAPS_REQUEST: i32 = -16777187; // 0xFF00001D
pub const MSG_CAPS_REPLY: i32 = -16777186; // 0xFF00001E
pub const MSG_GPIO_CONFIGURE: i32 = -16777184; // 0xFF000020
pub const MSG_GPIO_WRITE: i32 = -16777183; // 0xFF000021
pub const MSG_GPIO_READ: i32 = -16777182; // 0xFF000022
pub const MSG_GPIO_SUBSCRIBE: i32 = -16777181; // 0xFF000023
pub const MSG_GPIO_UNSUBSCRIBE: i32 = -16777180; // 0xFF000024
pub const MSG_GPIO_OK: i32 = -16777176; // 0xFF000028
pub const MSG_GPIO_VALUE: i32 = -16777175; // 0xFF000029
pub const MSG_GPIO_ERROR: i32 = -16777174; // 0xFF00002A
pub const MSG_GPIO_EVENT: i32 = -16777173; // 0xFF00002B
pub const MSG_PWM_CONFIGURE: i32 = -16777172; // 0xFF00002C
pub const MSG_PWM_SET_DUTY: i32 = -16777171; // 0xFF00002D
pub const MSG_PWM_OK: i32 = -16777170; // 0xFF00002E
pub const MSG_PWM_ERROR: i32 = -16777169; // 0xFF00002F
pub const MSG_I2C_CONFIGURE: i32 = -16777168; // 0xFF000030
pub const MSG_I2C_WRITE: i32 = -16777167; // 0xFF000031
pub const MSG_I2C_READ: i32 = -16777166; // 0xFF000032
pub const MSG_I2C_WRITE_READ: i32 = -16777165; // 0xFF000033
pub const MSG_I2C_SCAN: i32 = -16777164; // 0xFF000034
pub const MSG_I2C_OK: i32 = -16777160; // 0xFF000038
pub const MSG_I2C_DATA: i32 = -16777159; // 0xFF000039
pub const MSG_I2C_ERROR: i32 = -16777158; // 0xFF00003A
pub const MSG_I2C_SCAN_RESULT: i32 = -16777157; // 0xFF00003B
pub const MSG_LED_CONFIGURE: i32 = -16777152; // 0xFF000040
pub const MSG_LED_SET_PIXEL: i32 = -16777151; // 0xFF000041
pub const MSG_LED_SET_ALL: i32 = -16777150; // 0xFF000042
pub const MSG_LED_SET_BRIGHTNESS: i32 = -16777149; // 0xFF000043
pub const MSG_LED_CLEAR: i32 = -16777148; // 0xFF000044
pub const MSG_LED_SHOW: i32 = -16777147; // 0xFF000045
pub const MSG_LED_OK: i32 = -16777140; // 0xFF00004C
pub const MSG_LED_ERROR: i32 = -16777139; // 0xFF00004D
pub const MSG_DISPLAY_DRAW: i32 = -16777135; // 0xFF000051
pub const MSG_DISPLAY_FILL: i32 = -16777134; // 0xFF000052
pub const MSG_DISPLAY_CLEAR: i32 = -16777133; // 0xFF000053
pub const MSG_DISPLAY_BRIGHTNESS: i32 = -16777132; // 0xFF000054
pub const MSG_DISPLAY_POWER: i32 = -16777131; // 0xFF000055
pub const MSG_DISPLAY_TEXT: i32 = -16777130; // 0xFF000056
pub const MSG_DISPLAY_TEXT_ATTR: i32 = -16777129; // 0xFF000057
pub const MSG_DISPLAY_OK: i32 = -16777124; // 0xFF00005C
pub const MSG_DISPLAY_ERROR: i32 = -16777123; // 0xFF00005D
pub const MSG_CONSOLE_WRITE: i32 = -16777120; // 0xFF000060
pub const MSG_CONSOLE_CLEAR: i32 = -16777119; // 0xFF000061
pub const MSG_MIDI_CONFIGURE: i32 = -16777104; // 0xFF000070
pub const MSG_MIDI_SEND: i32 = -16777103; // 0xFF000071
pub const MSG_MIDI_SEND_SYSEX: i32 = -16777102; // 0xFF000072
pub const MSG_MIDI_SUBSCRIBE: i32 = -16777101; // 0xFF000073
pub const MSG_MIDI_UNSUBSCRIBE: i32 = -16777100; // 0xFF000074
pub const MSG_ARP_SET_BPM: i32 = -16777099; // 0xFF000075
pub const MSG_ARP_SET_PATTERN: i32 = -16777098; // 0xFF000076
pub const MSG_ARP_SET_OCTAVES: i32 = -16777097; // 0xFF000077
pub const MSG_ARP_ENABLE: i32 = -16777096; // 0xFF000078
pub const MSG_MIDI_OK: i32 = -16777094; // 0xFF00007A
pub const MSG_MIDI_ERROR: i32 = -16777093; // 0xFF00007B
pub const MSG_MIDI_EVENT: i32 = -16777092; // 0xFF00007C
pub const MSG_MIDI_SYSEX_EVENT: i32 = -16777091; // 0xFF00007D
pub const MSG_SHUTDOWN: i32 = -16777088; // 0xFF000080
pub const MSG_EXIT: i32 = -16777087; // 0xFF000081
pub const MSG_DOWN: i32 = -16777086; // 0xFF000082
pub const MSG_NODE_UP: i32 = -16777085; // 0xFF000083
pub const MSG_NODE_DOWN: i32 = -16777084; // 0xFF000084
pub const MSG_OFFLOAD_DONE: i32 = -16777083; // 0xFF000085
pub const MSG_STATE_REPLY: i32 = -16777072; // 0xFF000090
pub const MSG_WASM_TURN: i32 = -16777071; // 0xFF000091
pub const MSG_HTTP_ROOM: i32 = -16777064; // 0xFF000098
pub const MSG_HTTP_HEAD: i32 = -16777063; // 0xFF000099
pub const MSG_HTTP_DATA: i32 = -16777062; // 0xFF00009A
pub const MSG_HTTP_END: i32 = -16777061; // 0xFF00009B
pub const MSG_NODE_HELLO: i32 = -16777056; // 0xFF0000A0
pub const MSG_NODE_GOODBYE: i32 = -16777055; // 0xFF0000A1
pub const MSG_NODE_PING: i32 = -16777054; // 0xFF0000A2
pub const MSG_NODE_PONG: i32 = -16777053; // 0xFF0000A3
pub const MSG_NODE_CREDIT: i32 = -16777052; // 0xFF0000A4
pub const MSG_NODE_MONITOR: i32 = -16777051; // 0xFF0000A5
pub const MSG_NODE_DEMONITOR: i32 = -16777050; // 0xFF0000A6
pub const MSG_NODE_EXITED: i32 = -16777049; // 0xFF0000A7
pub const MSG_NODE_LINK: i32 = -16777048; // 0xFF0000A8
pub const MSG_NODE_UNLINK: i32 = -16777047; // 0xFF0000A9
pub const MSG_MOUNT_DONE: i32 = -16777046; // 0xFF0000AA
pub const MSG_NAME_CONFLICT: i32 = -16777045; // 0xFF0000AB
pub const MSG_NAMES_TOLD: i32 = -16777044; // 0xFF0000AC
