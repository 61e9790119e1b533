// SPDX-License-Identifier: Apache-2.0
//! Answers a message of type n with one of type n + 1 and the same payload; 0 ends it, and
//! what the system sends (a negative type) is not answered.
const mk = @import("microkernel");

comptime {
    mk.actor(handle);
}

fn handle(msg: mk.Message) bool {
    if (msg.kind > 0 and msg.kind < 0x7FFFFFFF) _ = mk.send(msg.source, msg.kind + 1, msg.payload);
    return msg.kind != 0;
}
