// SPDX-License-Identifier: Apache-2.0
//! An actor that waits in the middle of its work, while others run on.
//!
//!   300         asks the sender (301), waits a second for its answer, greets with 302;
//!               303 when none came
//!   310         sleeps 50 ms, then answers 311 with the payload
//!   320         waits for the next message, whatever it is, and answers 321 with that
//!   330 (a, b)  two i32: answers 331 with their sum, an i64
const mk = @import("microkernel");

const second_ms = 1000;
const nap_ms = 50;

comptime {
    mk.actor(handle);
}

fn greet(source: mk.ActorId) void {
    const greeting = "hello, ";
    var text: [greeting.len + 32]u8 = undefined;
    @memcpy(text[0..greeting.len], greeting);
    const name = text[greeting.len..];
    const reply = mk.call(source, 301, "your name?", name, second_ms, null) catch {
        _ = mk.send(source, 303, "");
        return;
    };
    _ = mk.send(source, 302, text[0 .. greeting.len + reply.payload.len]);
}

fn passOnNext(source: mk.ActorId) void {
    var next: [64]u8 = undefined;
    const msg = mk.receive(&next, null) catch return;
    _ = mk.send(source, 321, msg.payload);
}

fn add(msg: mk.Message) void {
    if (msg.size != 8) return;
    const a: i64 = msg.read(i32, 0) orelse return;
    const b: i64 = msg.read(i32, 4) orelse return;
    _ = mk.sendNumber(msg.source, 331, a + b);
}

fn handle(msg: mk.Message) bool {
    switch (msg.kind) {
        0 => return false,
        300 => greet(msg.source),
        310 => {
            mk.sleep(nap_ms) catch return true;
            _ = mk.send(msg.source, 311, msg.payload);
        },
        320 => passOnNext(msg.source),
        330 => add(msg),
        else => {},
    }
    return true;
}
