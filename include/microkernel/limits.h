/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - every bound of the library, with its unit, range and reason. Each may be
 * set on the compiler's command line (on a chip: by Kconfig); the library and the
 * programs that use it must agree. */
#ifndef MICROKERNEL_LIMITS_H
#define MICROKERNEL_LIMITS_H

/* Bytes of an exit text with its NUL; 16..256. Fits the preallocated notice block. */
#ifndef MK_EXIT_TEXT_MAX
#define MK_EXIT_TEXT_MAX 96
#endif

/* Bytes of message blocks one mailbox may hold unless the actor asks otherwise; 4096 to
 * 2^31. Bounds what a flood can take: 16 MiB is 0.4 % of a 4 GiB machine. */
#ifndef MK_MAILBOX_BYTES
#define MK_MAILBOX_BYTES (16u * 1024u * 1024u)
#endif

/* Messages an actor may handle in one turn before the clock is asked; 1..65536. Long
 * enough to keep the code and the state warm and to make the clock's price vanish. */
#ifndef MK_TURN_MESSAGES
#define MK_TURN_MESSAGES 128
#endif

/* Microseconds a turn with more messages than that may go on; 0..1000000. Lets the
 * receiver of 1 000 senders keep up; bounds what it costs the others. */
#ifndef MK_TURN_US
#define MK_TURN_US 1000
#endif

/* Messages that wait in a mailbox from which on its owner is crowded: when new memory
 * would be needed to send it one more, it takes a turn right after the sender, out of
 * order; 1..2^28. As many blocks as stay in the nearest caches. */
#ifndef MK_CROWD_MESSAGES
#define MK_CROWD_MESSAGES 1024
#endif

/* Microseconds such a turn may go on; 0..1000000. Who cannot empty its mailbox in it is
 * given no other until its own turn, so it costs the others little. */
#ifndef MK_CROWD_US
#define MK_CROWD_US 50
#endif

/* System-priority turns in a row before one normal turn; 1..65536. Supervisors go
 * first, but a supervisor that is flooded does not starve its children. */
#ifndef MK_SYSTEM_TURNS
#define MK_SYSTEM_TURNS 32
#endif

/* Normal turns in a row while actors wait that used up their share, WASM actors in a
 * long computation; 1..65536. Whoever answers quickly is answered quickly: more than 99
 * of 100 exchanges of two messages meet no such turn. Those turns are long, so a lively
 * node still gives them most of its time. */
#ifndef MK_NORMAL_TURNS
#define MK_NORMAL_TURNS 256
#endif

/* Microseconds of actor work between two looks at the clock and the descriptors;
 * 10..100000. Bounds how late a timer is noticed while actors are busy. */
#ifndef MK_POLL_INTERVAL_US
#define MK_POLL_INTERVAL_US 200
#endif

/* Milliseconds of sleep for which unused memory is kept, and for which it is kept at
 * most while shorter sleeps follow each other; 0..60000. Keeps bursts, one for each
 * tick, from taking memory from the platform anew each time. */
#ifndef MK_NAP_MS
#define MK_NAP_MS 100
#endif

/* Timers that fire before the actors run again; 1..65536. More would pile up messages
 * that nobody has read yet. */
#ifndef MK_TIMER_BATCH
#define MK_TIMER_BATCH 512
#endif

/* Slots of the timing wheel's bottom, a millisecond each, as a power of two; 4..11. Its
 * levels above have as many, but 256 at most. A slot costs four pointers once there is
 * a timer: 104 KiB in all with 11 on a 64-bit machine, 3 KiB with 4 on a 32-bit one.
 * With 11 three of four timers of up to a second never move; the others do once for
 * each level they are above, together with those beside them. */
#ifndef MK_WHEEL_BITS
#define MK_WHEEL_BITS 11
#endif

/* Bytes of the first slab of a block pool; a power of two, 1024 to 2^21. One slab
 * serves one block size; a program that sends two kinds of message touches two slabs.
 */
#ifndef MK_SLAB_BYTES
#define MK_SLAB_BYTES 65536
#endif

/* Bytes of the largest slab; a power of two, MK_SLAB_BYTES to 2^30. Pools double
 * up to this, untouched pages costing nothing: 2 MiB is a large page of x86-64 and
 * aarch64. */
#ifndef MK_SLAB_BYTES_MAX
#define MK_SLAB_BYTES_MAX (2u * 1024u * 1024u)
#endif

/* Largest message block that comes from a pool, in bytes; a multiple of 64, 64 to
 * MK_SLAB_BYTES / 4. Larger ones come from the heap, which is slower but keeps rare
 * sizes from each holding a slab. */
#ifndef MK_POOL_BLOCK_MAX
#define MK_POOL_BLOCK_MAX 2048
#endif

/* Messages posted by other threads that may wait; 16 to 2^31. They are in no mailbox
 * yet, so nothing else bounds them: 4 MiB with small payloads. */
#ifndef MK_POST_MAX
#define MK_POST_MAX 65536
#endif

/* Threads that run offloaded work; 1..64. Two keep one slow disk call from blocking all
 * others; the work is blocking, not computing. */
#ifndef MK_OFFLOAD_THREADS
#define MK_OFFLOAD_THREADS 2
#endif

/* Events taken from the platform in one look; 1..4096. One system call per 256 ready
 * descriptors; 4 KiB per runtime. */
#ifndef MK_POLL_BATCH
#define MK_POLL_BATCH 256
#endif

/* Bytes of a flat name with its NUL. The layout of name_register_payload_t: names are
 * at most 63 bytes on every node. */
#define MK_NAME_MAX 64

/* Bytes of a path with its NUL. The layout of ns_register_t and its kin: paths are at
 * most 127 bytes on every node. */
#define MK_PATH_MAX 128

/* Bytes of a log text with its NUL. The layout of log_payload_t. */
#define MK_LOG_TEXT_MAX 256

/* Bytes of the name of a saved state, and of a key, with the NUL. Both are at most 127
 * bytes. As long as paths, since a path may be the name of an actor. */
#define MK_STATE_NAME_MAX 128

/* Bytes of one saved value; 64 to 2^30. It is written and read whole, in one block of
 * memory, by whoever saves or loads. */
#ifndef MK_STATE_VALUE_MAX
#define MK_STATE_VALUE_MAX (1024u * 1024u)
#endif

/* Keys of one name; 1..65536. Bounds, with the size of a value, what an actor that
 * makes up keys can take of the disk; a list of them fits a message. */
#ifndef MK_STATE_KEYS_MAX
#define MK_STATE_KEYS_MAX 1024
#endif

/* Requests about saved state that may wait or be under way in a runtime; 1..65536. More
 * than a second's work of a disk that makes a write durable in a millisecond. */
#ifndef MK_STATE_QUEUE_MAX
#define MK_STATE_QUEUE_MAX 1024
#endif

/* Bytes of values that may wait to be saved in a runtime; MK_STATE_VALUE_MAX to 2^31.
 * The memory that a slow disk can take. */
#ifndef MK_STATE_QUEUE_BYTES
#define MK_STATE_QUEUE_BYTES (16u * 1024u * 1024u)
#endif

/* Requests of one actor among them; 1..65536. Leaves room for the others. */
#ifndef MK_STATE_ACTOR_QUEUE
#define MK_STATE_ACTOR_QUEUE 64
#endif

/* --- network --- */

/* Connections accepted at one listener in one look; 1..4096. A storm of them leaves
 * the loop to the others in between. */
#ifndef MK_ACCEPT_BATCH
#define MK_ACCEPT_BATCH 64
#endif

/* Connections that may wait to be accepted; 1..65535. What Linux allows by default. */
#ifndef MK_LISTEN_BACKLOG
#define MK_LISTEN_BACKLOG 4096
#endif

/* Milliseconds without accepting when descriptors or memory are short, at first and at
 * most; 1..60000. Ten tries a second cost nothing. */
#ifndef MK_ACCEPT_REST_MS
#define MK_ACCEPT_REST_MS 100
#endif
#ifndef MK_ACCEPT_REST_MAX_MS
#define MK_ACCEPT_REST_MAX_MS 500
#endif

/* Milliseconds that a closed stream may still deliver its last bytes; 0..60000. Longer
 * than a round trip of any network; what a peer that never stops can hold us. */
#ifndef MK_STREAM_LINGER_MS
#define MK_STREAM_LINGER_MS 2000
#endif

/* Milliseconds for a lookup and connecting together unless said otherwise; 1..2^31.
 * Some time-outs of a lookup, and three lost SYNs. */
#ifndef MK_CONNECT_TIMEOUT_MS
#define MK_CONNECT_TIMEOUT_MS 30000
#endif

/* Milliseconds that IPv4 waits for the addresses of IPv6, and between the starts of two
 * attempts; 1..60000. RFC 8305, section 8. */
#ifndef MK_CONNECT_RESOLUTION_MS
#define MK_CONNECT_RESOLUTION_MS 50
#endif
#ifndef MK_CONNECT_ATTEMPT_MS
#define MK_CONNECT_ATTEMPT_MS 250
#endif

/* Addresses of one family that are taken of an answer; 1..255. More would not be tried
 * before the time is over. */
#ifndef MK_DNS_ADDRESSES_MAX
#define MK_DNS_ADDRESSES_MAX 8
#endif

/* Names, each of one family, that are remembered; 1..65536. About 400 bytes each, and
 * found by a walk. */
#ifndef MK_DNS_CACHE_MAX
#define MK_DNS_CACHE_MAX 256
#endif

/* Names, each of one family, that may be asked for at a time; 1..65536. Bounds the
 * memory that silent name servers hold. */
#ifndef MK_DNS_PENDING_MAX
#define MK_DNS_PENDING_MAX 256
#endif

/* Seconds that an answer holds at most, and that a missing name is believed missing;
 * 0..2^31. A day is the usual cut; a name that is about to exist soon does. */
#ifndef MK_DNS_TTL_MAX_S
#define MK_DNS_TTL_MAX_S 86400
#endif
#ifndef MK_DNS_NEGATIVE_S
#define MK_DNS_NEGATIVE_S 5
#endif

/* Milliseconds for a handshake of TLS; 1..2^31. What common servers allow. */
#ifndef MK_TLS_HANDSHAKE_MS
#define MK_TLS_HANDSHAKE_MS 10000
#endif

/* Connections of one port that shake hands at a time; 1 to 2^20. Further peers wait in
 * the system's queue: a handshake holds some 50 KiB. */
#ifndef MK_TLS_HANDSHAKES_MAX
#define MK_TLS_HANDSHAKES_MAX 512
#endif

/* Bytes of a file with certificates or a key; 1024 to 2^31. The roots of a system have
 * some 220 KiB. */
#ifndef MK_TLS_PEM_MAX
#define MK_TLS_PEM_MAX (1024u * 1024u)
#endif

/* Steps of handshakes in one look of the loop; 1..1024. Each may take half a
 * millisecond of a PC: a storm of them leaves the loop to timers and actors between. */
#ifndef MK_TLS_TURN_STEPS
#define MK_TLS_TURN_STEPS 4
#endif

/* Bytes that a peer may send before the handshake is done; 16384 to 2^31. The longest
 * chain that is accepted, twice. */
#ifndef MK_TLS_HANDSHAKE_BYTES
#define MK_TLS_HANDSHAKE_BYTES (128u * 1024u)
#endif

/* Bytes of the certificates that a peer may show; 4096 to 2^30. Real chains have less
 * than a tenth. */
#ifndef MK_TLS_CHAIN_BYTES
#define MK_TLS_CHAIN_BYTES (64u * 1024u)
#endif

/* Key updates, tickets and the like that may come one after another without data;
 * 1..65535. Each costs us more than it costs the peer; honest ones come once in 2^24
 * records. */
#ifndef MK_TLS_IDLE_MESSAGES
#define MK_TLS_IDLE_MESSAGES 32
#endif

/* Bytes of records that may wait for a peer that does not read; 32768 to 2^30. A write
 * of data and a flight of the handshake; more are answers to what such a peer sends.
 * With less than 131072 large writes go out record by record. */
#ifndef MK_TLS_WAITING_BYTES
#define MK_TLS_WAITING_BYTES (128u * 1024u)
#endif

/* Seconds that a session may be resumed, and that a key seals its tickets; 1 to 604800
 * (RFC 8446, section 4.6.1). Bounds what a stolen key opens to some hours. */
#ifndef MK_TLS_TICKET_S
#define MK_TLS_TICKET_S 7200
#endif

/* Sessions that a client config keeps; 1..65536. About 6 KiB each. */
#ifndef MK_TLS_SESSIONS
#define MK_TLS_SESSIONS 32
#endif

/* Connections of the client to one server (scheme, host and port); 1 to 65535. More
 * requests than that wait for one that is done: a burst does not become a storm. */
#ifndef MK_HTTP_CLIENT_CONNECTIONS
#define MK_HTTP_CLIENT_CONNECTIONS 64
#endif

/* Connections of the client that rest, of all servers together, and milliseconds that
 * one rests at most; 0..65535 and 100 to 2^31. Servers commonly close theirs after 5 to
 * 75 s; whoever closes first is not surprised. */
#ifndef MK_HTTP_CLIENT_REST_MAX
#define MK_HTTP_CLIENT_REST_MAX 64
#endif
#ifndef MK_HTTP_CLIENT_REST_MS
#define MK_HTTP_CLIENT_REST_MS 4000
#endif

/* Milliseconds of the client for the head of an answer, from the request sent on; for
 * the next byte of a body, either way; and for all of a fetch whose answer comes whole;
 * 100 to 2^31 each. What browsers and common clients wait. */
#ifndef MK_HTTP_CLIENT_HEAD_MS
#define MK_HTTP_CLIENT_HEAD_MS 60000
#endif
#ifndef MK_HTTP_CLIENT_IDLE_MS
#define MK_HTTP_CLIENT_IDLE_MS 30000
#endif
#ifndef MK_HTTP_CLIENT_TOTAL_MS
#define MK_HTTP_CLIENT_TOTAL_MS 300000
#endif

/* Bytes of an answer's body that an actor gets whole; 0 to 2^31. More are an error, or
 * asked for in pieces. */
#ifndef MK_HTTP_CLIENT_BODY_MAX
#define MK_HTTP_CLIENT_BODY_MAX (16u * 1024u * 1024u)
#endif

/* Bytes of data of an event of an event stream in, and of each of its lines; 64 to
 * 2^31. An event is a piece of news; it is held whole before it is told. */
#ifndef MK_SSE_EVENT_MAX
#define MK_SSE_EVENT_MAX 65536
#endif

/* Milliseconds before an event stream or WebSocket that broke is tried again, at first
 * unless the server says otherwise and at most unless it asks for more; and how long it
 * has to hold to count as good; 1 to 2^31. What browsers do. */
#ifndef MK_RECONNECT_MS
#define MK_RECONNECT_MS 3000
#endif
#ifndef MK_RECONNECT_MAX_MS
#define MK_RECONNECT_MAX_MS 60000
#endif
#ifndef MK_RECONNECT_STABLE_MS
#define MK_RECONNECT_STABLE_MS 60000
#endif

/* Bytes of what a request asks for (path and query), or of a reason phrase; 64..65536.
 * Longer ones get 414. RFC 9112 recommends at least 8000 octets for the line. */
#ifndef MK_HTTP_TARGET_MAX
#define MK_HTTP_TARGET_MAX 8192
#endif

/* Bytes of all header fields of a message as they came, line ends included; 256 to
 * 2^20. More get 431. What common servers allow; a chip sets 2048. */
#ifndef MK_HTTP_FIELDS_SIZE_MAX
#define MK_HTTP_FIELDS_SIZE_MAX 16384
#endif

/* Header fields of a message; 8..65535. More get 431: each is looked at by a search. */
#ifndef MK_HTTP_FIELDS_MAX
#define MK_HTTP_FIELDS_MAX 100
#endif

/* Bytes of chunk extensions that a body may have more than bytes of data; 0..65536.
 * They mean nothing to us and cost the sender little: bounds what can be wasted. */
#ifndef MK_HTTP_CHUNK_EXT_MAX
#define MK_HTTP_CHUNK_EXT_MAX 4096
#endif

/* Milliseconds for a whole request head, from the connection or the first byte on;
 * 100 to 2^31. Then 408: progress does not extend it. */
#ifndef MK_HTTP_HEADER_MS
#define MK_HTTP_HEADER_MS 10000
#endif

/* Milliseconds without a byte of a body that is under way; 100 to 2^31. Then 408. */
#ifndef MK_HTTP_BODY_MS
#define MK_HTTP_BODY_MS 30000
#endif

/* Bytes per second that a body has to bring in the long run, beyond MK_HTTP_BODY_MS;
 * 0 to 2^31. A byte now and then does not hold a connection for hours. */
#ifndef MK_HTTP_BODY_RATE
#define MK_HTTP_BODY_RATE 128
#endif

/* Milliseconds that a connection may idle between requests; 100 to 2^31. Browsers
 * keep theirs as long; the longest idle one goes first when there are too many. */
#ifndef MK_HTTP_IDLE_MS
#define MK_HTTP_IDLE_MS 60000
#endif

/* Milliseconds for the answer to a request; 100 to 2^31. Then 503: whoever should
 * answer has forgotten it. */
#ifndef MK_HTTP_HANDLER_MS
#define MK_HTTP_HANDLER_MS 600000
#endif

/* Milliseconds without a byte of output taken while some waits; 100 to 2^31. A
 * peer that never reads must not hold memory for ever. */
#ifndef MK_HTTP_WRITE_MS
#define MK_HTTP_WRITE_MS 30000
#endif

/* Milliseconds that a connection which is being closed waits for the peer to have read
 * its last answer; 10 to 60000. A close with input unread would destroy it. */
#ifndef MK_HTTP_LINGER_MS
#define MK_HTTP_LINGER_MS 2000
#endif

/* Milliseconds that requests under way have to finish when a server is asked to end;
 * 0 to 600000. What a service manager waits before it kills. */
#ifndef MK_HTTP_STOP_MS
#define MK_HTTP_STOP_MS 10000
#endif

/* Bytes of output waiting on a connection above which its producer is told to wait and
 * its input is not read; 1024 to 2^30. A peer that never reads costs twice that. */
#ifndef MK_HTTP_OUTPUT_MARK
#define MK_HTTP_OUTPUT_MARK 65536
#endif

/* Connections of a listener; 1 to 2^20. At the bound the longest idle one goes. */
#ifndef MK_HTTP_CONNECTIONS_MAX
#define MK_HTTP_CONNECTIONS_MAX 65536
#endif

/* Bytes of a request body that a handler or an actor gets whole; 0 to 2^31. More get
 * 413. */
#ifndef MK_HTTP_BODY_MAX
#define MK_HTTP_BODY_MAX (1024u * 1024u)
#endif

/* Bytes taken from one connection in one turn of the loop; 4096 to 2^24. What comes
 * faster waits for the others. */
#ifndef MK_HTTP_TURN_BYTES
#define MK_HTTP_TURN_BYTES (256u * 1024u)
#endif

/* Bytes of a file that may be served; 4096 to 2^31. It is read piece by piece. */
#ifndef MK_HTTP_FILE_MAX
#define MK_HTTP_FILE_MAX (1024u * 1024u * 1024u)
#endif

/* Port on which a node shows itself unless told otherwise; 1..65535. The usual one of
 * servers that no root starts. */
#ifndef MK_WEB_PORT
#define MK_WEB_PORT 8080
#endif

/* Milliseconds between comments that keep an idle event stream alive; 1000 to 2^31.
 * Intermediaries give up after 30 s or 60 s. */
#ifndef MK_SSE_HEARTBEAT_MS
#define MK_SSE_HEARTBEAT_MS 15000
#endif

/* Bytes of a WebSocket message in; 125 to 2^31. More are refused with 1009. */
#ifndef MK_WS_MESSAGE_MAX
#define MK_WS_MESSAGE_MAX (1024u * 1024u)
#endif

/* Bytes of a WebSocket message out from which on it is compressed, where that is agreed
 * upon; 1 to 2^31. What is smaller hardly shrinks. */
#ifndef MK_WS_DEFLATE_MIN
#define MK_WS_DEFLATE_MIN 128
#endif

/* Level of zlib at which messages are compressed; 1..9. The loop waits for it: the
 * first brings most of what the last one does, in a quarter of its time. */
#ifndef MK_WS_DEFLATE_LEVEL
#define MK_WS_DEFLATE_LEVEL 1
#endif

/* Window of compressed messages, as a power of two of bytes; 9..15. Less takes less
 * memory where windows are kept: four times that, and 128 KiB, for what is sent. */
#ifndef MK_WS_WINDOW_BITS
#define MK_WS_WINDOW_BITS 15
#endif

/* Milliseconds of silence after which a WebSocket is pinged, and after the ping until
 * it counts as lost; 100 to 2^31 each. Intermediaries drop what is silent for 60 s. */
#ifndef MK_WS_PING_MS
#define MK_WS_PING_MS 30000
#endif
#ifndef MK_WS_PONG_MS
#define MK_WS_PONG_MS 10000
#endif

/* Milliseconds for the closing handshake of a WebSocket; 100 to 60000. Then the
 * connection is dropped: the peer may be gone. */
#ifndef MK_WS_CLOSE_MS
#define MK_WS_CLOSE_MS 3000
#endif

/* --- nodes: names, monitors, links --- */

/* Names of one other node that are remembered, and changes that may wait for it; 16 to
 * 2^24. About 150 bytes each: what a peer that makes up names can take. More are
 * refused, and it is told. */
#ifndef MK_PEER_NAMES
#define MK_PEER_NAMES 65536
#endif

/* Names told to a peer in one look of the loop while it learns them all, and dropped of
 * nodes that have gone; 1..65536. Each takes a microsecond or two of a PC. */
#ifndef MK_NAME_BATCH
#define MK_NAME_BATCH 256
#endif

/* Milliseconds after which a name whose owner ended goes to who else claims it; 1 to
 * 60000. Longer than a supervisor takes to start the owner again. */
#ifndef MK_NAME_GRACE_MS
#define MK_NAME_GRACE_MS 1000
#endif

/* Actors of this node that one other node may watch or be linked to, counted once for
 * each watcher; 16 to 2^24. About 150 bytes each. */
#ifndef MK_PEER_BONDS
#define MK_PEER_BONDS 65536
#endif

/* Crash records kept in memory; 1..65536. A screenful and a bit. */
#ifndef MK_CRASH_RECORDS
#define MK_CRASH_RECORDS 64
#endif

/* --- Nodes --- */

/* Bytes of mail that another node may have under way to this one unless a hello says
 * otherwise; 1024 to 2^31. Each message counts 32 bytes more than its payload. What
 * 1 Gbit/s keeps busy over 30 ms; a chip sets 8192. */
#ifndef MK_PEER_CREDIT
#define MK_PEER_CREDIT (4u * 1024u * 1024u)
#endif

/* Milliseconds until another node is told what of its mail has arrived, when it is
 * little; 1..10000. What is not told counts as lost when the link goes. */
#ifndef MK_PEER_ACK_MS
#define MK_PEER_ACK_MS 20
#endif

/* Milliseconds without a word after which another node is asked, and how many such
 * beats in a row are the end of it; 10 to 2^31, and 1..1000. Half a minute is too long
 * for those who wait, two seconds too short for a busy chip. */
#ifndef MK_PEER_HEARTBEAT_MS
#define MK_PEER_HEARTBEAT_MS 5000
#endif
#ifndef MK_PEER_SILENCE
#define MK_PEER_SILENCE 3
#endif

/* Port on which other nodes mount this one unless told otherwise; 1..65535. That of all
 * versions. */
#ifndef MK_MOUNT_PORT
#define MK_MOUNT_PORT 4200
#endif

/* Nodes that may be shaking hands with a listener at a time; 1..65536. More than a
 * fleet that lost its power brings in a second; bounds what strangers can hold. */
#ifndef MK_MOUNT_PENDING
#define MK_MOUNT_PENDING 64
#endif

/* Milliseconds for TLS and the hellos, when this node mounts also for connecting; 100
 * to 2^31. Some round trips of a bad line and a slow chip's arithmetic. */
#ifndef MK_MOUNT_HELLO_MS
#define MK_MOUNT_HELLO_MS 10000
#endif

/* Milliseconds before a mount that was lost is tried again, at first and at most, and
 * how long it has to hold to count as good; 1 to 2^31. A node that starts anew is back
 * in a second; one that is away for long is not asked more often than twice a minute.
 */
#ifndef MK_MOUNT_RETRY_MS
#define MK_MOUNT_RETRY_MS 500
#endif
#ifndef MK_MOUNT_RETRY_MAX_MS
#define MK_MOUNT_RETRY_MAX_MS 20000
#endif
#ifndef MK_MOUNT_STABLE_MS
#define MK_MOUNT_STABLE_MS 30000
#endif

/* --- WebAssembly: what a module may ask for, refused with the limit's name --- */

/* Bytes of a module; 8 to 2^30. Offsets are 32 bits and have room to be added. */
#ifndef MK_WASM_MODULE_BYTES
#define MK_WASM_MODULE_BYTES (1u << 30)
#endif

/* Types, functions, globals, exports, imports or segments of a module, each; 1 to 2^24.
 * Their tables are allocated at load: the bound of browsers, far above real modules. */
#ifndef MK_WASM_ITEMS
#define MK_WASM_ITEMS 1000000u
#endif

/* Parameters or results of a function, each; 1..8192. The bound of browsers. */
#ifndef MK_WASM_PARAMETERS
#define MK_WASM_PARAMETERS 1000u
#endif

/* Locals of a function, parameters included; 1..60000. The bound of browsers; they must
 * fit a frame of MK_WASM_FRAME_SLOTS. */
#ifndef MK_WASM_LOCALS
#define MK_WASM_LOCALS 50000u
#endif

/* Slots of 32 bits in a frame: locals, operands and links; 64..65535. An operand of our
 * code is 16 bits. */
#ifndef MK_WASM_FRAME_SLOTS
#define MK_WASM_FRAME_SLOTS 65535u
#endif

/* Blocks inside blocks in a function; 16 to 2^20. Compilers nest a block per case of a
 * switch. */
#ifndef MK_WASM_NESTING
#define MK_WASM_NESTING 65536u
#endif

/* Operands that a constant expression may hold at once; 1..255. They live on C's stack.
 */
#ifndef MK_WASM_CONSTANT_DEPTH
#define MK_WASM_CONSTANT_DEPTH 16u
#endif

/* Bytes of a name in a module; 1 to 2^30. The bound of browsers; mangled names of
 * compilers reach thousands. */
#ifndef MK_WASM_NAME_BYTES
#define MK_WASM_NAME_BYTES 100000u
#endif

/* Tables, and memories, of a module, each; 1..65535. Their numbers take a unit of our
 * code; compilers make one of each. */
#ifndef MK_WASM_TABLES
#define MK_WASM_TABLES 100u
#endif

/* Entries of a table of an instance; 0 to 2^30. The bound of browsers: 40 MB. */
#ifndef MK_WASM_TABLE_ENTRIES
#define MK_WASM_TABLE_ENTRIES 10000000u
#endif

/* Pages of 64 KiB that a memory of an instance may have unless its options say less;
 * 0..65536. What is never touched costs nothing. */
#ifndef MK_WASM_MEMORY_PAGES
#define MK_WASM_MEMORY_PAGES 65536u
#endif

/* Bytes of an instance's call stack unless its options say otherwise; 256 to 2^31. As
 * deep as a thread's stack commonly is; allocated as calls go deeper. */
#ifndef MK_WASM_STACK_BYTES
#define MK_WASM_STACK_BYTES (1024u * 1024u)
#endif

/* --- WASM actors --- */

/* Fuel (about instructions) of one turn of a WASM actor; 1000 to 2^30. About 50 us on a
 * PC, 1 ms on a chip: what a busy guest costs its neighbours. */
#ifndef MK_WASM_SLICE_FUEL
#define MK_WASM_SLICE_FUEL 20000
#endif

/* Fuel of a module that nobody vouches for, between two waits; 1000 to 2^62. Half a
 * minute of a PC: a mistake ends, honest work does not. */
#ifndef MK_WASM_ACTOR_FUEL
#define MK_WASM_ACTOR_FUEL UINT64_C(10000000000)
#endif

/* Fuel of the first calls of a reloaded module, which the loop waits for; 1000 to 2^30.
 * About 25 ms on a PC. */
#ifndef MK_WASM_RELOAD_FUEL
#define MK_WASM_RELOAD_FUEL 10000000
#endif

/* Pages of memory of a WASM actor unless its options say otherwise; 0 to 65536. 16 MiB.
 */
#ifndef MK_WASM_ACTOR_PAGES
#define MK_WASM_ACTOR_PAGES 256
#endif

/* Bytes of frames of a WASM actor unless its options say otherwise; 256 to 2^31. A
 * thousand calls deep. */
#ifndef MK_WASM_ACTOR_STACK
#define MK_WASM_ACTOR_STACK 65536
#endif

/* Live actors that a WASM actor may have spawned unless its options say otherwise;
 * 1..65536. A loop that spawns stays small. */
#ifndef MK_WASM_CHILDREN
#define MK_WASM_CHILDREN 64
#endif

/* Messages a second that a module nobody vouches for may send, over time; 1..2^31.
 * Lively for one actor, a twentieth of what a node delivers. */
#ifndef MK_WASM_ACTOR_SENDS
#define MK_WASM_ACTOR_SENDS 100000
#endif

/* Bytes of a module that comes from a file; 8 to 2^30. It is read whole, and then
 * copied. */
#ifndef MK_WASM_FILE_BYTES
#define MK_WASM_FILE_BYTES (16u * 1024u * 1024u)
#endif

/* --- nodes --- */

/* Bytes of the payload of one message between nodes; 1024 to 2^30. No mailbox takes
 * more by default; a node that announces more is lying or lost. */
#ifndef MK_WIRE_PAYLOAD_MAX
#define MK_WIRE_PAYLOAD_MAX (16u * 1024u * 1024u)
#endif

/* Bytes of messages that are written at once instead of when the loop next looks;
 * 1024 to 2^30. Larger writes cost less per byte only by a little, and would leave the
 * cache. */
#ifndef MK_LINK_BATCH
#define MK_LINK_BATCH 65536
#endif

/* Bytes, last sent and last read, up to which a link is in a dialogue: its answer is
 * waited for with MK_BUSY_WAIT_US of patience; 0 to 2^20. */
#ifndef MK_LINK_DIALOGUE
#define MK_LINK_DIALOGUE 1024
#endif

/* Microseconds for which a loop that expects an answer looks for it before it sleeps,
 * if the last one came as fast; 0 to 1000; 0: it sleeps at once. To sleep and be woken
 * takes about 5 us, a round trip on one machine 10 to 30. */
#ifndef MK_BUSY_WAIT_US
#define MK_BUSY_WAIT_US 50
#endif

/* Bytes of messages that may wait on a link before sends are refused, and that a single
 * larger message may exceed; MK_LINK_BATCH to 2^31. A tenth of a second of a gigabit
 * network is thrice that. */
#ifndef MK_LINK_OUTPUT_MAX
#define MK_LINK_OUTPUT_MAX (4u * 1024u * 1024u)
#endif

/* Bytes taken from one link in one look of the loop, and of the memory for it that the
 * links of a runtime share; 4096 to 2^24. What comes faster waits for the others. */
#ifndef MK_LINK_TURN_BYTES
#define MK_LINK_TURN_BYTES 65536
#endif

/* Most runtimes of a group; 1..1024. Each pair shares two rings of MK_RING_BYTES, and a
 * look of the loop goes over all of its own. */
#ifndef MK_GROUP_MAX
#define MK_GROUP_MAX 64
#endif

/* Bytes of a ring between two runtimes of one process, of which each pair has two; a
 * power of two, 1024 to 2^30. Two thousand small messages under way: more than a loop
 * handles between two looks, less than the cache next to a core holds. */
#ifndef MK_RING_BYTES
#define MK_RING_BYTES 65536u
#endif

/* Bytes of messages beside a ring, those larger than an eighth of it, that may be under
 * way; 1024 to 2^30. A single one may be larger. */
#ifndef MK_RING_SIDE_BYTES
#define MK_RING_SIDE_BYTES (16u * 1024u * 1024u)
#endif

#endif
