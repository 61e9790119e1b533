// SPDX-License-Identifier: Apache-2.0
//! WASM actors in Zig. `host` has the functions of the host, this file what makes them
//! handy. An actor is a function that gets one message after the other:
//!
//!     const mk = @import("microkernel");
//!     comptime {
//!         mk.actor(handle);
//!     }
//!     fn handle(msg: mk.Message) bool {
//!         if (msg.kind == 200) _ = mk.send(msg.source, 201, msg.payload);
//!         return msg.kind != 0; // false ends the actor
//!     }
//!
//! Functions that wait (sleep, receive, call) let all other actors run on.

pub const host = @import("host.zig");

/// The number of an actor; 0 is nobody.
pub const ActorId = i64;

pub const Message = struct {
    kind: i32,
    source: ActorId,
    /// The first bytes, as many as fit where it was waited for; else all.
    payload: []const u8,
    /// Bytes of the whole payload.
    size: usize,

    /// A number in it, little-endian; null when it is not all there.
    pub fn read(msg: Message, comptime T: type, at: usize) ?T {
        const bytes = @sizeOf(T);
        if (msg.payload.len < bytes or at > msg.payload.len - bytes) return null;
        return @bitCast(msg.payload[at..][0..bytes].*);
    }
};

pub const Error = error{
    /// Nothing came in time.
    Timeout,
    /// Not sent, not found, or this actor may not do that.
    Failed,
};

pub const Level = enum(i32) { debug, info, warn, err };

/// Export `handle` as this module's behaviour.
pub fn actor(comptime handle: fn (Message) bool) void {
    const exported = struct {
        fn handleMessage(kind: i32, source: i64, payload: ?[*]const u8, size: i32) callconv(.c) i32 {
            const len: usize = @intCast(size);
            const bytes = if (payload) |at| at[0..len] else "";
            return @intFromBool(handle(.{ .kind = kind, .source = source, .payload = bytes, .size = len }));
        }
    };
    @export(&exported.handleMessage, .{ .name = "handle_message" });
}

fn done(result: i32) Error!void {
    return switch (result) {
        0 => {},
        -2 => error.Timeout,
        else => error.Failed,
    };
}

fn someId(id: i64) ?ActorId {
    return if (id == 0) null else id;
}

fn length(bytes: anytype) i32 {
    return @intCast(bytes.len);
}

/// What was written of `size` bytes.
fn written(buf: []u8, size: i32) []u8 {
    const len: usize = @intCast(@max(size, 0));
    return buf[0..@min(len, buf.len)];
}

// --- messages -------------------------------------------------------------------------

/// True when it was sent: the mailbox had room, and somebody is there.
pub fn send(to: ActorId, kind: i32, payload: []const u8) bool {
    return host.mk_send(to, kind, payload.ptr, length(payload)) == 1;
}

/// A number as the whole payload, little-endian.
pub fn sendNumber(to: ActorId, kind: i32, value: anytype) bool {
    const bytes: [@sizeOf(@TypeOf(value))]u8 = @bitCast(value);
    return send(to, kind, &bytes);
}

pub fn self() ActorId {
    return host.mk_self();
}

/// Wait for the next message, at most so long (null: for ever).
pub fn receive(buf: []u8, timeout_ms: ?u31) Error!Message {
    var kind: i32 = 0;
    var size: i32 = 0;
    var source: i64 = 0;
    const cap = length(buf);
    try done(if (timeout_ms) |ms|
        host.mk_recv_timeout(&kind, buf.ptr, cap, &size, &source, ms)
    else
        host.mk_recv_full(&kind, buf.ptr, cap, &size, &source));
    return .{ .kind = kind, .source = source, .payload = written(buf, size), .size = @intCast(size) };
}

/// Send, then wait for the first message from `to`. What others send meanwhile goes to
/// `meanwhile`, which may send but must not wait.
pub fn call(to: ActorId, kind: i32, payload: []const u8, buf: []u8, timeout_ms: u31, meanwhile: ?*const fn (Message) void) Error!Message {
    const end_ms = now() + timeout_ms;
    if (!send(to, kind, payload)) return error.Failed;
    while (true) {
        // Never more than was asked for, should the clock be set back.
        const left_ms: u31 = @intCast(@max(0, @min(timeout_ms, end_ms - now())));
        const msg = try receive(buf, left_ms);
        if (msg.source == to) return msg;
        if (meanwhile) |take| take(msg);
    }
}

// --- names ----------------------------------------------------------------------------

/// Take a name or a path.
pub fn register(name: []const u8) Error!void {
    try done(host.mk_register(name.ptr, length(name)));
}

pub fn lookup(name: []const u8) ?ActorId {
    return someId(host.mk_lookup(name.ptr, length(name)));
}

/// A name of that actor; empty when it has none.
pub fn nameOf(id: ActorId, buf: []u8) []u8 {
    return written(buf, host.mk_reverse_lookup(id, buf.ptr, length(buf)));
}

/// Lines `path=id` of what lies under the prefix, as many bytes as fit.
pub fn listPaths(prefix: []const u8, buf: []u8) Error![]u8 {
    var size: i32 = 0;
    try done(host.mk_ns_list(prefix.ptr, length(prefix), buf.ptr, length(buf), &size));
    return written(buf, size);
}

pub fn listActors(ids: []ActorId) Error![]ActorId {
    var count: i32 = 0;
    try done(host.mk_list_actors(ids.ptr, length(ids), &count));
    return ids[0..@min(@as(usize, @intCast(count)), ids.len)];
}

pub fn nodeName(buf: []u8) []u8 {
    return written(buf, host.mk_node_name(buf.ptr, length(buf)));
}

// --- time, log ------------------------------------------------------------------------

/// Let the others run for so long.
pub fn sleep(ms: u31) Error!void {
    try done(host.mk_sleep_ms(ms));
}

/// Milliseconds since 1970.
pub fn now() i64 {
    return host.mk_time_ms();
}

pub fn log(level: Level, text: []const u8) void {
    host.mk_log(@intFromEnum(level), text.ptr, length(text));
}

/// To standard output.
pub fn print(text: []const u8) void {
    host.mk_print(text.ptr, length(text));
}

// --- state, actors, files, network ----------------------------------------------------

pub fn save(key: []const u8, data: []const u8) Error!void {
    try done(host.mk_save_state(key.ptr, length(key), data.ptr, length(data)));
}

/// What was saved.
pub fn load(key: []const u8, buf: []u8) Error![]u8 {
    const size = host.mk_load_state(key.ptr, length(key), buf.ptr, length(buf));
    return if (size < 0) error.Failed else written(buf, size);
}

/// Start an actor from the bytes of a module.
pub fn spawn(module: []const u8, mailbox: u31) ?ActorId {
    return someId(host.mk_spawn_wasm(module.ptr, length(module), mailbox));
}

pub fn stop(id: ActorId) void {
    _ = host.mk_stop(id);
}

/// As much of the file as fits.
pub fn readFile(path: []const u8, buf: []u8) Error![]u8 {
    var size: i32 = 0;
    try done(host.mk_read_file(path.ptr, length(path), buf.ptr, length(buf), &size));
    return written(buf, size);
}

pub const Response = struct { status: i32, body: []u8 };

/// As much of the body as fits.
pub fn httpGet(url: []const u8, buf: []u8) Error!Response {
    var status: i32 = 0;
    var size: i32 = 0;
    try done(host.mk_http_get(url.ptr, length(url), buf.ptr, length(buf), &status, &size));
    return .{ .status = status, .body = written(buf, size) };
}
